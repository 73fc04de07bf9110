// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>
#include <limits>

namespace vitrine::core {

/// The one coordinate for code: a byte's offset from the first byte of its core module.
using CodeOffset = uint32_t;

/// [doc] The side table
///
/// The interpreter runs a body's own bytes, which say how deep a branch goes but not where that is. Validation
/// finds out and writes one entry per possible branch, in the order of the code. A cursor into the table moves
/// along with the offset: each of these instructions owns the entry (or entries) at the cursor.
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
/// `drop` and `select` own an entry only in functions that use v128, where the opcode does not say how many slots a
/// value takes.
///
/// Instructions that cannot be reached own no entry. A branch to a loop goes to the `loop` opcode, one to a
/// block behind its `end`, one to the function's own label to the function's final `end`.
struct Branch {
    /// From the first byte of the branching instruction to the target.
    int32_t offset_delta;
    /// From this entry to the one the cursor has at the target.
    int32_t entry_delta;
    /// Slots carried to the target, and slots below them that are dropped.
    uint32_t carried : 12;
    uint32_t dropped : 20;

    static constexpr uint32_t max_carried = (1u << 12) - 1;
    static constexpr uint32_t max_dropped = (1u << 20) - 1;

    friend bool operator==(const Branch&, const Branch&) = default;
};
static_assert(sizeof(Branch) == 12);

/// A loop: where compiled code may be entered and where execution can be interrupted.
struct LoopHeader {
    /// Offset of the `loop` opcode.
    CodeOffset offset;
    /// Index in the module's branches that the cursor has there.
    uint32_t entry;
    /// Operand slots of the frame there, without the loop's parameters.
    uint32_t height;

    friend bool operator==(const LoopHeader&, const LoopHeader&) = default;
};

/// A clause that catches exceptions: where the guest goes on, with the tag's values on the stack, and behind them the
/// exception itself when the clause asks for it.
struct Catch {
    static constexpr uint32_t any_tag = UINT32_MAX;
    static constexpr uint32_t none = UINT32_MAX;

    /// Index of the tag, or `any_tag`.
    uint32_t tag = any_tag;
    bool pushes_exception = false;
    /// Offset of the instruction where the guest goes on.
    CodeOffset target = 0;
    /// Index in the module's branches that the cursor has there.
    uint32_t entry = 0;
    /// Operand slots of the frame there, without what is pushed.
    uint32_t height = 0;
    /// The next clause of the same handler, or `none`.
    uint32_t next = none;

    friend bool operator==(const Catch&, const Catch&) = default;
};

/// Code whose exceptions are caught, from `begin` (the opcode of the block) up to `end`. Of two handlers of a function
/// that hold the same instruction the inner one comes first.
struct Handler {
    CodeOffset begin = 0;
    CodeOffset end = 0;
    /// The first of its clauses in `Module::catches`, or `Catch::none`.
    uint32_t first_catch = Catch::none;
    /// Of `delegate`: only handlers that begin at this offset or before are asked next.
    CodeOffset delegates_to = UINT32_MAX;
    /// Of the legacy `try`: the slot of the frame that keeps the exception for `rethrow`; else `Catch::none`.
    uint32_t hidden_slot = Catch::none;

    friend bool operator==(const Handler&, const Handler&) = default;
};

/// What execution needs to know of one function body. Slots are 8 bytes; a frame is
/// `[parameters | locals | operands]`.
struct FuncMeta {
    /// The body's first byte: the vector of local declarations. What DWARF calls low_pc.
    CodeOffset body_offset = 0;
    /// The first instruction.
    CodeOffset code_offset = 0;
    /// Behind the final `end`.
    CodeOffset end_offset = 0;
    uint32_t param_slots = 0;
    uint32_t result_slots = 0;
    /// Parameters and locals, and behind them hidden slots: one for each legacy `catch` inside another, holding
    /// the exception caught. At least 1, so that every frame takes a slot and one limit bounds the depth. The operands
    /// begin behind them.
    uint32_t local_slots = 1;
    uint32_t hidden_slots = 0;
    /// The whole frame at its largest, at least 1.
    uint32_t frame_slots = 1;
    /// Number of parameters and locals (not slots); until it is validated, of what the body declares.
    uint32_t local_count = 0;
    /// First of this body's entries in `Module::branches`, and how many they are.
    uint32_t first_branch = 0;
    uint32_t branch_count = 0;
    /// First of its entries in `Module::loops`, and how many they are.
    uint32_t first_loop = 0;
    uint32_t loop_count = 0;
    /// First of its handlers in `Module::handlers`, and how many they are.
    uint32_t first_handler = 0;
    uint32_t handler_count = 0;
    /// Whether it uses v128. Then a local's index is not its slot: `Module::wide_locals` has, from `first_wide_local` on,
    /// for each local twice its slot, plus 1 when it takes two.
    bool is_wide = false;
    uint32_t first_wide_local = 0;

    bool contains(CodeOffset offset) const { return offset >= body_offset && offset < end_offset; }

    friend bool operator==(const FuncMeta&, const FuncMeta&) = default;
};

} // namespace vitrine::core
