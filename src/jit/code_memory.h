// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/result.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <sys/types.h>
#include <utility>

namespace vitrine::core::jit {

/// Executable memory: one reservation, of which parts are handed out. No page is ever writable and
/// executable at the same address. Not thread-safe.
class CodeMemory {
public:
    /// All code begins at a multiple of this and takes whole granules.
    static constexpr size_t granule = 64;

    /// How code gets into memory.
    enum class Way : uint8_t {
        /// The same pages are mapped twice, at one place writable and at another executable.
        TwoViews,
        /// Pages are writable until the code is in them, then executable. Each piece of code has
        /// pages of its own.
        Protect,
    };

    /// Reserves address space for `max_bytes`. Memory is only used for code that is added. Fails if
    /// the system does not allow executable memory.
    static Result<std::unique_ptr<CodeMemory>> create(uint64_t max_bytes);
    static Result<std::unique_ptr<CodeMemory>> create(uint64_t max_bytes, Way way);
    ~CodeMemory();
    CodeMemory(const CodeMemory&) = delete;
    CodeMemory& operator=(const CodeMemory&) = delete;

    const uint8_t* begin() const { return code_; }
    const uint8_t* end() const { return code_ + bytes_; }
    /// Bytes that are taken, rounded up to granules or pages.
    size_t used() const { return used_; }

    /// Copies code into executable memory. Returns null when there is no room, or when this process
    /// is a fork of the one that created the memory, with which it shares the pages.
    const uint8_t* add(std::span<const uint8_t> code);
    /// Gives back code of `size` bytes. No thread may be executing it.
    void remove(const uint8_t* code, size_t size);

private:
    CodeMemory(Way way, size_t bytes);
    Result<void> map();
    size_t rounded(size_t size) const;
    std::optional<size_t> take(size_t size);
    void give_back(size_t begin, size_t size);
    bool write(size_t at, std::span<const uint8_t> code);

    const Way way_;
    const size_t bytes_;
    const pid_t owner_;
    uint8_t* code_ = nullptr;
    uint8_t* writable_ = nullptr;
    size_t used_ = 0;
    /// Free ranges by their offsets, and the same by size.
    std::map<size_t, size_t> free_;
    std::set<std::pair<size_t, size_t>> by_size_;
};

} // namespace vitrine::core::jit
