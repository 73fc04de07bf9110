// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "exec/guard.h"
#include "exec/sites.h"
#include "wasm/module.h"

#include <compare>
#include <cstdint>
#include <vector>

namespace vitrine::core::jit {

/// A marked instruction: its offset from the body's first byte, and the guard of the mark.
struct VersionMark {
    VersionMark(uint32_t at, GuardView condition = {}) : offset(at), guard(condition.begin(), condition.end())
    {}

    uint32_t offset;
    Guard guard;

    friend auto operator<=>(const VersionMark&, const VersionMark&) = default;
};

/// What distinguishes versions of a function's machine code.
struct VersionKey {
    /// Whether each access compares its address with the memory's size. Otherwise the memory must
    /// have an exact guard (`Memory::has_exact_guard`), and accesses beyond the end fault.
    bool checks_bounds = false;
    /// Whether function entries and loop headers count ticks (exec/position.h).
    bool counts_ticks = false;
    /// Accesses that leave the code if they touch what the thread watches: a set of `access_bit`.
    uint16_t watched = 0;
    /// The percentage of instructions before which the code may leave at random, chosen by `seed`.
    uint8_t exit_percent = 0;
    uint64_t seed = 0;
    /// Marked instructions, in ascending order of their offsets, which differ. The code leaves
    /// before each of them, unless it has a guard that does not hold.
    std::vector<VersionMark> marks;

    friend auto operator<=>(const VersionKey&, const VersionKey&) = default;
};

/// A return address in a version, as an offset from its first byte, and the call before it.
struct CallSite {
    uint32_t code = 0;
    Site site {};
};

/// Where a frame of the interpreter can be continued, with all values in their homes: inside a loop
/// whose header has polled, or where an exception has been caught.
struct CodeEntry {
    /// The next instruction, from the body's first byte.
    uint32_t offset = 0;
    uint32_t code = 0;
};

/// The machine code of a function, as the compiler makes it. It does not depend on its address.
struct CompiledCode {
    /// The first byte is where calls enter.
    std::vector<uint8_t> bytes;
    /// In ascending order of `code`.
    std::vector<CallSite> sites;
    /// In ascending order of `offset`, which differ.
    std::vector<CodeEntry> entries;
    /// The exits: calls of `RequestWords::exit` of `exit_bytes` each, one after the other, from
    /// this offset on.
    uint32_t first_exit = 0;
    uint32_t exit_count = 0;

    static constexpr uint32_t exit_bytes = 3;
};

/// The number of the exit with this return address, in code whose exits begin at `first_exit`.
constexpr uint32_t exit_number(uint32_t return_address, uint32_t first_exit)
{
    return (return_address - first_exit) / CompiledCode::exit_bytes - 1;
}

/// Where machine code can stop and the interpreter continue.
struct StopPoint {
    enum class Kind : uint8_t { Exit, Fault } kind;
    /// The number of the exit, or the offset of the instruction that faulted from the first byte of
    /// the code.
    uint32_t code;

    friend auto operator<=>(const StopPoint&, const StopPoint&) = default;
};

/// Where the value of one slot is when machine code stops.
struct ValuePlace {
    enum class Kind : uint8_t {
        General,  ///< in a general register
        Vector,   ///< the low 8 bytes of a vector register
        Vector16, ///< all of a vector register; the value takes this slot and the next
        Constant, ///< `constant`
        Slot,     ///< in the slot `reg_or_slot`
    } kind;
    uint32_t reg_or_slot = 0;
    /// The slot of the frame that the value belongs in.
    uint32_t slot = 0;
    uint64_t constant = 0;
};

/// How to make an interpreted frame when machine code stops. Places must be handled in order.
struct Note {
    /// The callee's frame has not been set up: the thread is as described for `Handed::Call`.
    bool is_entry = false;
    /// The next instruction, from the body's first byte, and the side table's cursor there.
    uint32_t offset = 0;
    uint32_t entry = 0;
    /// The end of the operands, in slots from `fp`.
    uint32_t end_slot = 0;
    std::vector<ValuePlace> places;
};

} // namespace vitrine::core::jit
