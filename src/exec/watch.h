// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "wasm/opcode.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace vitrine::core {

/// A set of ways to access state; this is one of them.
constexpr uint16_t access_bit(StateKind kind, bool is_write)
{
    return static_cast<uint16_t>(1u << (2 * static_cast<uint32_t>(kind) + is_write));
}

/// What an instruction does, as a set of `access_bit`.
constexpr uint16_t access_bits(const StateUse& use)
{
    return static_cast<uint16_t>(
        (use.reads ? access_bit(use.kind, false) : 0) | (use.writes ? access_bit(use.kind, true) : 0));
}

/// Host addresses, not empty, and which accesses to them count.
struct WatchedRange {
    uintptr_t begin;
    uintptr_t end;
    bool reads;
    bool writes;
    StateKind kind;
};

/// What one instruction accessed of what is watched: all that it read or wrote, not only the watched part.
struct TouchedRange {
    uintptr_t begin;
    uintptr_t end;
    bool is_write;

    friend bool operator==(const TouchedRange&, const TouchedRange&) = default;
};

/// All ranges that a guest thread watches. Memories and tables may move when they grow: `Cause::Watch` comes then, and whoever
/// made the ranges makes them anew.
class Watches {
public:
    /// What an address is compared with first: from the first range to the last, and the widest gap in there.
    struct Bounds {
        uintptr_t begin = 0;
        uintptr_t bytes = 0;
        uintptr_t gap_begin = 0;
        uintptr_t gap_bytes = 0;

        /// False only if none of `size` bytes from `address` on is in a range.
        bool may_contain_any(uintptr_t address, uintptr_t size) const
        {
            return address - begin + (size - 1) < bytes + (size - 1)
                && (address - gap_begin >= gap_bytes || address + (size - 1) - gap_begin >= gap_bytes);
        }
    };

    explicit Watches(std::vector<WatchedRange> ranges);

    /// The accesses that may touch anything: a set of `access_bit`.
    uint16_t accesses() const { return accesses_; }
    /// Of all ranges of a kind for which reads or writes count.
    const Bounds& bounds(StateKind kind, bool is_write) const
    {
        return bounds_[static_cast<size_t>(kind)][is_write];
    }
    bool touches(const TouchedRange& range) const;

private:
    std::vector<WatchedRange> ranges_;
    uint16_t accesses_ = 0;
    std::array<std::array<Bounds, 2>, state_kinds> bounds_;
};

} // namespace vitrine::core
