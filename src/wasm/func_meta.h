// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

namespace vitrine::core {

/// The coordinate for code everywhere: a byte offset from the first byte of the core module.
using CodeOffset = uint32_t;

/// [doc] The side table
///
/// The interpreter executes the bytes of a function body directly. They say how many blocks a
/// branch exits, but not where its target is. Validation computes the targets and writes one entry
/// for each possible branch, in code order. At run time a cursor into the table moves along with
/// the offset: each of the instructions below owns the entry or entries at the cursor.
///
///     instruction   entries   taken                          not taken
///     if            1         condition is false             cursor + 1
///     else          1         reached from the `then` part   -
///     br            1         always                         -
///     br_if         1         condition is true              cursor + 1
///     br_table      n + 1     the entry of the operand       -
///     br_on_...     1         the condition holds            cursor + 1
///     try_table     n         by its catch clauses           cursor + n
///     catch         1         reached from the part before   -
///     catch_all     1         reached from the part before   -
///     rethrow       1         `dropped` is the hidden slot   -
///     drop, select  1         `carried` is the width         cursor + 1
///
/// `drop` and `select` have an entry only in functions that use v128, because their opcodes do not
/// say how many slots the operand takes.
///
/// Unreachable instructions have no entry. A branch to a loop goes to the `loop` opcode, a branch
/// to a block to the instruction after its `end`, and a branch to the function's label to the
/// function's final `end`.
struct [[gnu::packed]] Branch {
    /// Slots carried to the target, and slots below them that are dropped.
    uint32_t carried : 12 = 0;
    uint32_t dropped : 20 = 0;
    /// The two distances, each with 24 bits: within a body, none needs more.
    uint8_t deltas[6] = {};

    static constexpr uint32_t max_carried = (1u << 12) - 1;
    static constexpr uint32_t max_dropped = (1u << 20) - 1;

    /// Distance from the first byte of the branching instruction to the target.
    int32_t offset_delta() const { return signed_behind(3); }
    /// Distance from this entry to the cursor's entry at the target.
    int32_t entry_delta() const { return signed_behind(6); }
    /// These store the lowest 24 bits.
    void set_offset_delta(int32_t delta) { std::memcpy(deltas, &delta, 3); }
    void set_entry_delta(int32_t delta) { std::memcpy(deltas + 3, &delta, 3); }

    /// The signed number in the three bytes behind `place`: one load, and a shift.
    int32_t signed_behind(size_t place) const
    {
        int32_t word;
        std::memcpy(&word, reinterpret_cast<const uint8_t*>(this) + place, 4);
        return word >> 8;
    }

    friend bool operator==(const Branch&, const Branch&) = default;
};
static_assert(sizeof(Branch) == 10 && std::endian::native == std::endian::little);

/// A loop header: compiled code can be entered there, and execution can be interrupted there.
struct LoopHeader {
    /// Offset of the `loop` opcode.
    CodeOffset offset;
    /// The side table cursor at the loop: an index in `Module::branches`.
    uint32_t entry;
    /// Operand slots of the frame at the loop, without the loop's parameters.
    uint32_t height;

    friend bool operator==(const LoopHeader&, const LoopHeader&) = default;
};

/// A clause that catches exceptions. Execution continues at `target`, with the tag's values on the
/// stack and, if the clause asks for it, the exception itself on top.
struct Catch {
    static constexpr uint32_t any_tag = UINT32_MAX;
    static constexpr uint32_t none = UINT32_MAX;

    /// Index of the tag, or `any_tag`.
    uint32_t tag = any_tag;
    bool pushes_exception = false;
    /// Offset of the instruction at which execution continues.
    CodeOffset target = 0;
    /// The side table cursor at the target: an index in `Module::branches`.
    uint32_t entry = 0;
    /// Operand slots of the frame at the target, without the pushed values.
    uint32_t height = 0;
    /// The next clause of the same handler, or `none`.
    uint32_t next = none;

    friend bool operator==(const Catch&, const Catch&) = default;
};

/// A range of code whose exceptions are caught, from `begin` (the opcode of the block) to `end`. Of
/// two handlers that cover the same instruction, the inner one comes first.
struct Handler {
    CodeOffset begin = 0;
    CodeOffset end = 0;
    /// The first clause in `Module::catches`, or `Catch::none`.
    uint32_t first_catch = Catch::none;
    /// Only for `delegate`: the search continues with handlers that begin at or before this offset.
    CodeOffset delegates_to = UINT32_MAX;
    /// Only for the legacy `try`: the frame slot that keeps the exception for `rethrow`, or
    /// `Catch::none`.
    uint32_t hidden_slot = Catch::none;

    friend bool operator==(const Handler&, const Handler&) = default;
};

/// What execution needs to know about a function body. Slots are 8 bytes; the layout of a frame is
/// `[parameters | locals | operands]`.
struct FuncMeta {
    /// The first byte of the body, where the vector of locals begins. DWARF's low_pc.
    CodeOffset body_offset = 0;
    /// The first instruction.
    CodeOffset code_offset = 0;
    /// The byte after the final `end`.
    CodeOffset end_offset = 0;
    uint32_t param_slots = 0;
    uint32_t result_slots = 0;
    /// Slots of the parameters, the locals and the hidden slots after them; the operands follow.
    /// There is one hidden slot for each level of nested legacy `catch` blocks, which holds the
    /// caught exception. At least 1, so that every frame takes a slot and one limit bounds the call
    /// depth.
    uint32_t local_slots = 1;
    uint32_t hidden_slots = 0;
    /// The maximum size of the frame. At least 1.
    uint32_t frame_slots = 1;
    /// Number of parameters and locals (not slots). Before validation, only the locals that the
    /// body declares.
    uint32_t local_count = 0;
    /// Index of the body's first entry in `Module::branches`, and the number of entries.
    uint32_t first_branch = 0;
    uint32_t branch_count = 0;
    /// Index of its first loop in `Module::loops`, and the number of loops.
    uint32_t first_loop = 0;
    uint32_t loop_count = 0;
    /// Index of its first handler in `Module::handlers`, and the number of handlers.
    uint32_t first_handler = 0;
    uint32_t handler_count = 0;
    /// Whether it uses v128. Then a local's index is not its slot, and `Module::wide_locals` has
    /// one element for each local, starting at `first_wide_local`: twice its slot, plus 1 if it
    /// takes two slots.
    bool is_wide = false;
    uint32_t first_wide_local = 0;

    bool contains(CodeOffset offset) const { return offset >= body_offset && offset < end_offset; }

    friend bool operator==(const FuncMeta&, const FuncMeta&) = default;
};

} // namespace vitrine::core
