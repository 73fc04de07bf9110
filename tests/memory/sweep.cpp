// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "memory/sweep.h"

#include <cstdlib>

namespace vitrine {

std::atomic<std::uint64_t> first_to_fail = 0;
std::atomic<bool> fails_on = false;
std::atomic<std::uint64_t> allocations = 0;
std::atomic<std::int64_t> blocks = 0;

namespace {

bool must_fail()
{
    const std::uint64_t first = first_to_fail.load(std::memory_order_relaxed);
    if (first == 0)
        return false;
    const std::uint64_t number = allocations.fetch_add(1) + 1;
    return fails_on ? number >= first : number == first;
}

void* try_to_allocate(std::size_t bytes)
{
    void* const place = must_fail() ? nullptr : std::malloc(bytes == 0 ? 1 : bytes);
    if (place)
        blocks.fetch_add(1, std::memory_order_relaxed);
    return place;
}

void* allocate(std::size_t bytes)
{
    void* const place = try_to_allocate(bytes);
    if (!place)
        throw std::bad_alloc();
    return place;
}

void release(void* place)
{
    if (place)
        blocks.fetch_sub(1, std::memory_order_relaxed);
    std::free(place);
}

} // namespace

} // namespace vitrine

void* operator new(std::size_t bytes) { return vitrine::allocate(bytes); }
void* operator new[](std::size_t bytes) { return vitrine::allocate(bytes); }
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept
{
    return vitrine::try_to_allocate(bytes);
}
void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept
{
    return vitrine::try_to_allocate(bytes);
}
void operator delete(void* place) noexcept { vitrine::release(place); }
void operator delete[](void* place) noexcept { vitrine::release(place); }
void operator delete(void* place, std::size_t) noexcept { vitrine::release(place); }
void operator delete[](void* place, std::size_t) noexcept { vitrine::release(place); }
