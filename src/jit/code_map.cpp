// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "jit/code_map.h"

#include "jit/code_memory.h"
#include "jit/module_code.h"

#include <sys/mman.h>

namespace vitrine::core::jit {

namespace {

/// Reserves zeroed memory for an array. Returns null if there is no address space.
template<class T> T* reserve(size_t count)
{
    void* const space = mmap(nullptr, count * sizeof(T), PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return space == MAP_FAILED ? nullptr : static_cast<T*>(space);
}

} // namespace

CodeMap::CodeMap(const uint8_t* begin, size_t bytes)
    : begin_(reinterpret_cast<uintptr_t>(begin)), bytes_(bytes)
{
    static_assert(granule == CodeMemory::granule);
    static_assert(std::atomic<uint32_t>::is_always_lock_free && sizeof(std::atomic<uint32_t>) == 4);
    granules_ = reserve<std::atomic<uint32_t>>(bytes / granule);
    versions_ = reserve<std::atomic<const Version*>>(bytes / granule + 1);
}

CodeMap::~CodeMap()
{
    if (granules_)
        munmap(granules_, bytes_ / granule * sizeof *granules_);
    if (versions_)
        munmap(versions_, (bytes_ / granule + 1) * sizeof *versions_);
}

/// Stores the number of a version in all of its granules.
void CodeMap::fill(const Version& version, uint32_t number)
{
    const uintptr_t begin = (reinterpret_cast<uintptr_t>(version.begin) - begin_) / granule;
    const uintptr_t end = (reinterpret_cast<uintptr_t>(version.end()) - begin_ + granule - 1) / granule;
    for (uintptr_t i = begin; i < end; ++i)
        granules_[i].store(number, std::memory_order_release);
}

void CodeMap::add(const Version& version)
{
    uint32_t number = next_number_;
    if (free_numbers_.empty()) {
        ++next_number_;
    } else {
        number = free_numbers_.back();
        free_numbers_.pop_back();
    }
    versions_[number].store(&version, std::memory_order_relaxed);
    fill(version, number);
}

void CodeMap::remove(const Version& version)
{
    const uintptr_t first = (reinterpret_cast<uintptr_t>(version.begin) - begin_) / granule;
    const uint32_t number = granules_[first].load(std::memory_order_relaxed);
    fill(version, 0);
    versions_[number].store(nullptr, std::memory_order_relaxed);
    free_numbers_.push_back(number);
}

} // namespace vitrine::core::jit
