// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "debug/flow.h"
#include "source/symbols.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace vitrine::core::debug {

/// The source of a function's code: for each instruction its line, and the inlined calls that it
/// belongs to.
///
/// An inlined body begins at its first offset. There, the thread has not entered it yet: it is at
/// the call. So what a thread is *in* at an instruction depends on how many of the bodies that
/// begin there it has entered (`StopReason::entered`).
class CodeLines {
public:
    /// An inlined call, as an index; or the function itself.
    using Body = uint32_t;
    static constexpr Body function_body = UINT32_MAX;

    CodeLines(const Module& module, FuncIndex function, source::Symbols& symbols);
    /// For a function without lines: each instruction is a line of its own, as in the function's
    /// generated source (debug/wat_source.h).
    static std::shared_ptr<const CodeLines> of_instructions(const Module& module, FuncIndex function);

    FuncIndex function() const { return function_; }
    const Flow& flow() const { return flow_; }
    /// Whether any instruction has a line.
    bool has_lines() const { return has_lines_; }
    /// As the compiler describes the function; none if it does not.
    const std::optional<source::Function>& description() const { return description_; }
    const source::Scope& inlined(Body body) const { return bodies_[body].scope; }

    struct Position {
        /// The innermost body that the thread is in.
        Body body = function_body;
        /// The line in that body; none if it is not known.
        std::optional<source::Place> place {};
    };
    /// Where a thread is that is about to execute the instruction.
    Position position(uint32_t instruction, uint32_t entered = 0) const;
    /// Where a frame is that has called from the instruction.
    Position inside(uint32_t instruction) const { return position(instruction, UINT32_MAX); }
    /// How many inlined bodies begin at the instruction.
    uint32_t beginning_at(uint32_t instruction) const;
    /// Whether a row begins at the instruction, or an inlined body: a step can end there.
    bool is_statement(uint32_t instruction) const;
    /// Whether any row begins there, also one that is no statement.
    bool is_row(uint32_t instruction) const { return begins_row_[instruction] != none; }
    /// Whether the instruction belongs to the body.
    bool is_in(uint32_t instruction, Body body) const { return contains(body, innermost_[instruction]); }
    /// Whether one body is the other or is inside of it.
    bool contains(Body outer, Body inner) const;
    /// The inlined call through which code of a body `inner` was reached from `outer`, which
    /// contains it; none if the two are the same.
    std::optional<Body> first_call(Body outer, Body inner) const;
    Body caller_of(Body body) const { return bodies_[body].caller; }
    /// The bodies are numbered from 0.
    uint32_t body_count() const { return static_cast<uint32_t>(bodies_.size()); }
    /// Where the body is at its call: its first instruction, and how many of the bodies that begin
    /// there have been entered then.
    struct Call {
        uint32_t instruction;
        uint32_t entered;
    };
    Call call_of(Body body) const;
    /// How many bodies are around it.
    uint32_t depth(Body body) const { return body == function_body ? 0 : bodies_[body].depth; }

    /// The instruction behind the function's prologue, where parameters have their values: the row
    /// that says so, or the second statement, or the first instruction.
    uint32_t behind_prologue() const;

private:
    static constexpr uint32_t none = UINT32_MAX;

    struct Inlined {
        source::Scope scope;
        Body caller;
        /// How many bodies it is inside of, and itself.
        uint32_t depth;
        /// Its first instruction.
        uint32_t begin;
    };

    CodeLines(const Module& module, FuncIndex function);
    void add_rows(source::Symbols& symbols, source::Range range);
    void add_bodies(source::Symbols& symbols, source::Range range);

    const FuncIndex function_;
    const Flow flow_;
    std::optional<source::Function> description_;
    bool has_lines_ = false;
    bool has_prologue_ = true;
    /// By offset.
    std::vector<source::Row> rows_;
    std::vector<Inlined> bodies_;
    // For each instruction:
    /// The row that it belongs to: one with a line.
    std::vector<uint32_t> row_;
    /// The row that begins there.
    std::vector<uint32_t> begins_row_;
    std::vector<Body> innermost_;
};

} // namespace vitrine::core::debug
