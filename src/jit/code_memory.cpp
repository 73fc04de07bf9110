// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "jit/code_memory.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>

namespace vitrine::core::jit {

namespace {

constexpr size_t page = 4096;
/// More is never needed, and the reservation must fit into the address space.
constexpr uint64_t most_bytes = uint64_t { 4 } << 30;

Error refused(const char* what)
{
    return { std::string("the system refuses ") + what + ": " + std::strerror(errno) };
}

/// Reserves pages. Returns null if the system refuses.
uint8_t* reserve(size_t bytes, int protection, int sharing)
{
    void* const pages = mmap(nullptr, bytes, protection, sharing | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return pages == MAP_FAILED ? nullptr : static_cast<uint8_t*>(pages);
}

/// Maps shared pages a second time, writable. Returns null if the system refuses.
uint8_t* map_again(uint8_t* pages, size_t bytes)
{
    // An old size of 0 keeps the first view. [Linux manual: mremap]
    void* const view = mremap(pages, 0, bytes, MREMAP_MAYMOVE);
    if (view == MAP_FAILED)
        return nullptr;
    if (mprotect(view, bytes, PROT_READ | PROT_WRITE) == 0)
        return static_cast<uint8_t*>(view);
    munmap(view, bytes);
    return nullptr;
}

} // namespace

Result<std::unique_ptr<CodeMemory>> CodeMemory::create(uint64_t max_bytes)
{
    if (auto memory = create(max_bytes, Way::TwoViews))
        return memory;
    return create(max_bytes, Way::Protect);
}

Result<std::unique_ptr<CodeMemory>> CodeMemory::create(uint64_t max_bytes, Way way)
{
    const auto bytes = static_cast<size_t>(std::min(max_bytes, most_bytes)) & ~(page - 1);
    if (bytes == 0)
        return failure("the limit for machine code is less than a page");
    std::unique_ptr<CodeMemory> memory(new CodeMemory(way, bytes));
    CHECK(memory->map());
    return memory;
}

CodeMemory::CodeMemory(Way way, size_t bytes) : way_(way), bytes_(bytes), owner_(getpid())
{
    give_back(0, bytes);
    used_ = 0;
}

CodeMemory::~CodeMemory()
{
    if (code_)
        munmap(code_, bytes_);
    if (writable_)
        munmap(writable_, bytes_);
}

Result<void> CodeMemory::map()
{
    if (way_ == Way::TwoViews) {
        // Anonymous pages, rather than those of a memfd, because perf only looks for the names of
        // functions in a process's map if code is in none of its files.
        code_ = reserve(bytes_, PROT_READ | PROT_EXEC, MAP_SHARED);
        writable_ = code_ ? map_again(code_, bytes_) : nullptr;
        if (!writable_ || !code_)
            return std::unexpected(refused("to map machine code"));
        return {};
    }
    code_ = reserve(bytes_, PROT_NONE, MAP_PRIVATE);
    if (!code_)
        return std::unexpected(refused("address space for machine code"));
    // Whether written pages may become executable.
    if (mprotect(code_, page, PROT_READ | PROT_WRITE) != 0
        || mprotect(code_, page, PROT_READ | PROT_EXEC) != 0)
        return std::unexpected(refused("executable memory"));
    return {};
}

size_t CodeMemory::rounded(size_t size) const
{
    const size_t unit = way_ == Way::TwoViews ? granule : page;
    return (size + unit - 1) & ~(unit - 1);
}

/// Takes the smallest free range with room for `size` bytes.
std::optional<size_t> CodeMemory::take(size_t size)
{
    const auto found = by_size_.lower_bound({ size, 0 });
    if (found == by_size_.end())
        return std::nullopt;
    const auto [free_size, begin] = *found;
    by_size_.erase(found);
    free_.erase(begin);
    if (free_size > size) {
        free_.emplace(begin + size, free_size - size);
        by_size_.emplace(free_size - size, begin + size);
    }
    used_ += size;
    return begin;
}

/// Makes a range free and joins it with free ranges before and after it.
void CodeMemory::give_back(size_t begin, size_t size)
{
    used_ -= size;
    const auto after = free_.lower_bound(begin);
    if (after != free_.end() && after->first == begin + size) {
        size += after->second;
        by_size_.erase({ after->second, after->first });
        free_.erase(after);
    }
    if (const auto next = free_.lower_bound(begin); next != free_.begin()) {
        const auto before = std::prev(next);
        if (before->first + before->second == begin) {
            begin = before->first;
            size += before->second;
            by_size_.erase({ before->second, before->first });
            free_.erase(before);
        }
    }
    free_.emplace(begin, size);
    by_size_.emplace(size, begin);
}

bool CodeMemory::write(size_t at, std::span<const uint8_t> code)
{
    if (way_ == Way::TwoViews) {
        std::memcpy(writable_ + at, code.data(), code.size());
        return true;
    }
    const size_t size = rounded(code.size());
    if (mprotect(code_ + at, size, PROT_READ | PROT_WRITE) != 0)
        return false;
    std::memcpy(code_ + at, code.data(), code.size());
    return mprotect(code_ + at, size, PROT_READ | PROT_EXEC) == 0;
}

const uint8_t* CodeMemory::add(std::span<const uint8_t> code)
{
    if (code.empty() || getpid() != owner_)
        return nullptr;
    const auto at = take(rounded(code.size()));
    if (!at)
        return nullptr;
    if (write(*at, code))
        return code_ + *at;
    give_back(*at, rounded(code.size()));
    return nullptr;
}

void CodeMemory::remove(const uint8_t* code, size_t size)
{
    // Another process may still execute what it shares with this one.
    if (getpid() == owner_)
        give_back(static_cast<size_t>(code - code_), rounded(size));
}

} // namespace vitrine::core::jit
