// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/memory.h"

#include "base/text.h"

#include <algorithm>
#include <sys/mman.h>

namespace vitrine::core {

bool ReservationBudget::take()
{
    if (used_.fetch_add(1, std::memory_order_relaxed) < max_reservations)
        return true;
    give_back();
    return false;
}

Memory::Memory(const MemoryType& type, std::shared_ptr<ReservationBudget> budget, ByteCount max)
    : type_(type),
      budget_(std::move(budget)),
      max_(max),
      waiters_(type.limits.is_shared ? std::make_unique<Waiters>() : nullptr)
{}

Result<std::unique_ptr<Memory>> Memory::create(
    const MemoryType& type, const std::shared_ptr<ReservationBudget>& budget, ByteCount max)
{
    std::unique_ptr<Memory> memory(new Memory(type, budget, max));
    if (!memory->is_64() && budget->take()) {
        void* space =
            mmap(nullptr, reserved_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        memory->is_reserved_ = space != MAP_FAILED;
        if (memory->is_reserved_)
            memory->base_ = static_cast<uint8_t*>(space);
        else
            budget->give_back();
    }
    if (!memory->is_reserved_ && type.limits.is_shared)
        // A shared memory must not move, so it takes its maximum size at once.
        if (!memory->resize_plain(memory->most_pages() << type.page_size_log2))
            return failure("cannot reserve a shared memory of " + count_text(memory->most_pages(), "page"));
    if (!memory->grow(type.limits.min))
        return failure("cannot allocate a memory of " + count_text(type.limits.min, "page"));
    return memory;
}

uint64_t Memory::most_pages() const
{
    const uint64_t space = is_64() ? max_bytes_64 : uint64_t { 1 } << 32;
    const uint64_t pages = std::min(space, max_.value) >> type_.page_size_log2;
    return std::min(type_.limits.max.value_or(pages), pages);
}

Memory::~Memory()
{
    if (is_reserved_) {
        munmap(base_, reserved_bytes);
        budget_->give_back();
    } else if (plain_bytes_ != 0) {
        munmap(base_, plain_bytes_);
    }
}

bool Memory::resize_plain(uint64_t bytes)
{
    const uint64_t old_bytes = plain_bytes_;
    if (bytes == old_bytes)
        return true;
    // The kernel merges adjacent mappings of this kind, so that many small memories do not exceed
    // the limit.
    void* moved = old_bytes == 0
        ? mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        : mremap(base_, old_bytes, bytes, MREMAP_MAYMOVE);
    if (moved == MAP_FAILED)
        return false;
    base_ = static_cast<uint8_t*>(moved);
    plain_bytes_ = bytes;
    return true;
}

/// Opens whole system pages. If the memory has smaller pages, a few bytes after its end are
/// accessible too, but the tiers never access them.
bool Memory::open_reserved(uint64_t old_bytes, uint64_t new_bytes)
{
    constexpr uint64_t system_page = 4096;
    const auto rounded = [](uint64_t bytes) { return (bytes + system_page - 1) & ~(system_page - 1); };
    const uint64_t begin = rounded(old_bytes), end = rounded(new_bytes);
    if (begin == end)
        return true;
    if (mprotect(base_ + begin, end - begin, PROT_READ | PROT_WRITE) != 0)
        return false;
    // What a guest asks for while it runs is soon used, and large pages take fewer faults. The
    // pages that a memory begins with may stay untouched.
    constexpr uint64_t large = uint64_t { 4 } << 20;
    if (begin != 0 && end >= large)
        madvise(base_ + begin, end - begin, MADV_HUGEPAGE);
    return true;
}

std::optional<uint64_t> Memory::grow(uint64_t delta_pages)
{
    const std::lock_guard lock(growing_);
    const uint64_t old_bytes = size_.load(std::memory_order_relaxed);
    const uint64_t old_pages = old_bytes >> type_.page_size_log2;
    const uint64_t limit = most_pages();
    if (old_pages > limit || delta_pages > limit - old_pages)
        return std::nullopt;
    if (delta_pages == 0)
        return old_pages;
    const uint64_t new_bytes = old_bytes + (delta_pages << type_.page_size_log2);
    const bool done =
        is_reserved_ ? open_reserved(old_bytes, new_bytes) : is_shared() || resize_plain(new_bytes);
    if (!done)
        return std::nullopt;
    size_.store(new_bytes, std::memory_order_release);
    return old_pages;
}

void guest_fill(uint8_t* at, uint8_t value, uint64_t count)
{
#if defined(VITRINE_THREAD_SANITIZER)
    for (uint64_t i = 0; i < count; ++i)
        guest_store(at + i, value);
#else
    if (count != 0)
        std::memset(at, value, count);
#endif
}

void guest_move(uint8_t* to, const uint8_t* from, uint64_t count)
{
#if defined(VITRINE_THREAD_SANITIZER)
    for (uint64_t i = 0; i < count; ++i) {
        const uint64_t place = to < from ? i : count - 1 - i;
        guest_store(to + place, guest_load<uint8_t>(from + place));
    }
#else
    if (count != 0)
        std::memmove(to, from, count);
#endif
}

} // namespace vitrine::core
