// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "wasm/opcode.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace vitrine::core {

/// One way to access state, as a bit for a set of them.
constexpr uint16_t access_bit(StateKind kind, bool is_write)
{
    return static_cast<uint16_t>(1u << (2 * static_cast<uint32_t>(kind) + is_write));
}

/// The accesses that an instruction makes, as a set of `access_bit`.
constexpr uint16_t access_bits(const StateUse& use)
{
    return static_cast<uint16_t>(
        (use.reads ? access_bit(use.kind, false) : 0) | (use.writes ? access_bit(use.kind, true) : 0));
}

/// A range of host addresses, not empty, and which accesses to it count.
struct WatchedRange {
    uintptr_t begin;
    uintptr_t end;
    bool reads;
    bool writes;
    StateKind kind;
};

/// An access of one instruction that overlaps a watched range: the whole accessed range, not only
/// the watched part.
struct TouchedRange {
    uintptr_t begin;
    uintptr_t end;
    bool is_write;

    friend bool operator==(const TouchedRange&, const TouchedRange&) = default;
};

/// All ranges that a guest thread watches. Memories and tables may move when they grow. The probe
/// then fires with `Cause::Watch`, and the creator of the ranges must build them again.
class Watches {
public:
    /// For a quick first test of an address: the span from the first range to the last, and the
    /// widest gap in it.
    struct Bounds {
        uintptr_t begin = 0;
        uintptr_t bytes = 0;
        uintptr_t gap_begin = 0;
        uintptr_t gap_bytes = 0;

        /// False only if none of the `size` bytes from `address` on is in a range.
        bool may_contain_any(uintptr_t address, uintptr_t size) const
        {
            return address - begin + (size - 1) < bytes + (size - 1)
                && (address - gap_begin >= gap_bytes || address + (size - 1) - gap_begin >= gap_bytes);
        }
    };

    explicit Watches(std::vector<WatchedRange> ranges);

    /// The accesses that may touch a range, as a set of `access_bit`.
    uint16_t accesses() const { return accesses_; }
    /// The bounds of all ranges of this kind for which reads (or writes) count.
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
