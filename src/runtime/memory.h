// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/bytes.h"
#include "wasm/types.h"

#include <atomic>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <type_traits>

namespace vitrine::core {

/// A number of bytes. Like `Pages` a type of its own, so that the two units cannot be confused.
struct ByteCount {
    uint64_t value = 0;

    friend auto operator<=>(ByteCount, ByteCount) = default;
};

/// The size of `pages` pages in bytes, or the maximum value if it does not fit.
constexpr ByteCount bytes_of(uint64_t pages, uint8_t page_size_log2)
{
    return { pages > UINT64_MAX >> page_size_log2 ? UINT64_MAX : pages << page_size_log2 };
}

/// A number of 64 KiB pages.
struct Pages {
    uint64_t value = 0;

    constexpr ByteCount bytes() const { return bytes_of(value, 16); }
    friend auto operator<=>(Pages, Pages) = default;
};

/// Counts the address space reservations of an engine, to keep them well below the limits of a
/// process: 47 bits of address space hold 16,379 of them, and Linux allows 65,530 mappings by
/// default.
class ReservationBudget {
public:
    static constexpr uint32_t max_reservations = 8192;
    bool take();
    void give_back() { used_.fetch_sub(1, std::memory_order_relaxed); }

private:
    std::atomic<uint32_t> used_ = 0;
};

/// A thread that sleeps in `memory.atomic.wait` (exec/wait).
struct Waiter {
    const void* address;
    /// The eventfd that wakes it.
    int fd;
    bool is_notified = false;
};

/// The threads that sleep on a shared memory, in the order in which they started to wait.
struct Waiters {
    std::mutex mutex;
    std::list<Waiter*> list;
};

/// The part of a memory that machine code accesses.
struct MemoryHead {
    uint8_t* base_ = nullptr;
    /// In bytes.
    std::atomic<uint64_t> size_ = 0;
};
static_assert(std::is_standard_layout_v<MemoryHead> && offsetof(MemoryHead, base_) == 0
    && offsetof(MemoryHead, size_) == 8);

/// A linear memory. If possible, a 32-bit memory is placed in 8 GiB of reserved address space with
/// guard pages, so that every address the guest can form is within the reservation, and growing
/// never moves the memory. Otherwise it is in plain memory, which can move when it grows.
///
/// Another thread can grow a shared memory at any time. Its size never decreases.
class Memory : MemoryHead {
public:
    static constexpr uint64_t page_size = Pages { 1 }.bytes().value;
    /// The maximum size of a 64-bit memory, whatever its type says: what a process can address.
    static constexpr uint64_t max_bytes_64 = uint64_t { 1 } << 46;
    static constexpr uint8_t system_page_size_log2 = 12;
    /// Everything that a 32-bit base and a 32-bit offset can address, plus room for the widest
    /// access.
    static constexpr uint64_t reserved_bytes = (uint64_t { 1 } << 33) + page_size;

    /// Creates a zeroed memory of the type's minimum size. Fails if that exceeds `max`, the
    /// embedder's limit, or if the system refuses the memory.
    static Result<std::unique_ptr<Memory>> create(const MemoryType& type,
        const std::shared_ptr<ReservationBudget>& budget, ByteCount max = { max_bytes_64 });
    ~Memory();
    Memory(const Memory&) = delete;
    Memory& operator=(const Memory&) = delete;

    const MemoryType& type() const { return type_; }
    bool is_shared() const { return type_.limits.is_shared; }
    /// Whether it is in reserved address space with guard pages. Such a memory never moves.
    bool is_reserved() const { return is_reserved_; }
    /// Whether every access beyond its size faults, so that compiled code needs no bounds checks. A
    /// memory with pages smaller than the system's can end in the middle of a system page.
    bool has_exact_guard() const { return is_reserved_ && type_.page_size_log2 >= system_page_size_log2; }
    const uint8_t* base() const { return base_; }
    /// For the runtime and the tiers. All others write through runtime/mutation.
    uint8_t* writable_base() { return base_; }
    /// Size in bytes.
    uint64_t size() const { return size_.load(std::memory_order_acquire); }
    /// Size in pages of the memory's own page size.
    uint64_t pages() const { return size() >> type_.page_size_log2; }
    bool is_64() const { return type_.limits.is_64; }
    Bytes bytes() const { return { base_, size() }; }
    /// Returns the contents for writes that bypass runtime/mutation. Listeners are not told of such
    /// writes.
    std::span<uint8_t> expose()
    {
        is_exposed_.store(true, std::memory_order_relaxed);
        return { base_, size() };
    }
    bool is_exposed() const { return is_exposed_.load(std::memory_order_relaxed); }

    /// Adds zeroed pages. Returns the old size in pages, or nothing if the type's or the embedder's
    /// maximum is exceeded or the system refuses the memory.
    std::optional<uint64_t> grow(uint64_t delta_pages);
    /// The threads that wait at addresses of this memory. Null if it is not shared.
    Waiters* waiters() const { return waiters_.get(); }
    /// Whether `count` bytes starting at `address` are in bounds.
    bool contains(uint64_t address, uint64_t count) const
    {
        const uint64_t size = this->size();
        return address <= size && count <= size - address;
    }

private:
    Memory(const MemoryType& type, std::shared_ptr<ReservationBudget> budget, ByteCount max);
    bool resize_plain(uint64_t bytes);
    bool open_reserved(uint64_t old_bytes, uint64_t new_bytes);
    /// The maximum number of pages according to the type, the address space and the embedder.
    uint64_t most_pages() const;

    MemoryType type_;
    std::shared_ptr<ReservationBudget> budget_;
    ByteCount max_;
    bool is_reserved_ = false;
    std::atomic<bool> is_exposed_ = false;
    /// The number of bytes mapped at `base_` if it is not reserved.
    uint64_t plain_bytes_ = 0;
    std::mutex growing_;
    std::unique_ptr<Waiters> waiters_;
};

/// Accesses to guest memory that other threads may access at the same time. In C++ terms they are
/// relaxed atomics on bytes. On this processor they are plain moves; only ThreadSanitizer needs to
/// be told.
#if defined(__SANITIZE_THREAD__)
#  define VITRINE_THREAD_SANITIZER
#elif defined(__has_feature)
#  if __has_feature(thread_sanitizer)
#    define VITRINE_THREAD_SANITIZER
#  endif
#endif
#if defined(VITRINE_THREAD_SANITIZER)
template<class T> T guest_load(const uint8_t* at)
{
    uint8_t bytes[sizeof(T)];
    for (size_t i = 0; i < sizeof(T); ++i)
        bytes[i] = __atomic_load_n(at + i, __ATOMIC_RELAXED);
    T value;
    std::memcpy(&value, bytes, sizeof value);
    return value;
}
template<class T> void guest_store(uint8_t* at, const T& value)
{
    uint8_t bytes[sizeof(T)];
    std::memcpy(bytes, &value, sizeof value);
    for (size_t i = 0; i < sizeof(T); ++i)
        __atomic_store_n(at + i, bytes[i], __ATOMIC_RELAXED);
}
#else
template<class T> T guest_load(const uint8_t* at)
{
    T value;
    std::memcpy(&value, at, sizeof value);
    return value;
}
template<class T> void guest_store(uint8_t* at, const T& value) { std::memcpy(at, &value, sizeof value); }
#endif
/// The same for many bytes. The ranges of a move may overlap.
void guest_fill(uint8_t* at, uint8_t value, uint64_t count);
void guest_move(uint8_t* to, const uint8_t* from, uint64_t count);

} // namespace vitrine::core
