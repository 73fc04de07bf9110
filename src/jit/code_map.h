// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace vitrine::core::jit {

struct Version;

/// Finds the version of a function that an address in machine code belongs to. Any thread may read
/// it at any time, also in a signal handler. Changes must not overlap each other.
class CodeMap {
public:
    /// For code in `[begin, begin + bytes)`.
    CodeMap(const uint8_t* begin, size_t bytes);
    ~CodeMap();
    CodeMap(const CodeMap&) = delete;
    CodeMap& operator=(const CodeMap&) = delete;

    /// Whether there is memory for the map.
    bool is_valid() const { return granules_ != nullptr && versions_ != nullptr; }
    void add(const Version& version);
    void remove(const Version& version);
    /// Null when there is no code at the address.
    const Version* find(uintptr_t address) const
    {
        const uintptr_t offset = address - begin_;
        if (offset >= bytes_)
            return nullptr;
        const uint32_t number = granules_[offset / granule].load(std::memory_order_acquire);
        return number == 0 ? nullptr : versions_[number].load(std::memory_order_relaxed);
    }

private:
    static constexpr size_t granule = 64;
    void fill(const Version& version, uint32_t number);

    const uintptr_t begin_;
    const size_t bytes_;
    /// For each granule the number of its version, 0 for none; and the versions by number. Both are
    /// reserved address space of which only the used part takes memory.
    std::atomic<uint32_t>* granules_ = nullptr;
    std::atomic<const Version*>* versions_ = nullptr;
    uint32_t next_number_ = 1;
    std::vector<uint32_t> free_numbers_;
};

} // namespace vitrine::core::jit
