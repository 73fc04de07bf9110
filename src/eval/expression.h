// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "eval/place.h"
#include "eval/program.h"
#include "eval/scope.h"
#include "exec/guard.h"

#include <string>
#include <string_view>
#include <vector>

namespace vitrine::core::eval {

/// An expression, compiled once and evaluated in stopped frames: a condition, part of a log
/// message, or what a user wants printed. docs/expressions.md describes the language. An expression
/// keeps its module alive and changes nothing. Any thread that may read the store may evaluate it.
///
/// Errors, both of compiling and of evaluating, have an offset in the text.
class Expression {
public:
    /// How a value becomes text.
    enum class Format : uint8_t {
        /// Integers as their type says, texts with escapes, anything else as `Value::to_text`.
        Plain,
        // For integers only, whatever their type says. `Hex` is `0x..`.
        Signed,
        Unsigned,
        Hex,
    };

    static Result<Expression> compile(std::string_view text, const Scope& scope);
    /// Also fails unless the type is one that `is_true` accepts.
    static Result<Expression> compile_condition(std::string_view text, const Scope& scope);

    /// The type of its values.
    const Type& type() const { return compiled_.type; }
    /// Fails if values of the type cannot be shown in that format.
    Result<void> check_format(Format format) const;

    /// The value in a frame of the scope's function. A reference is valid until guest code runs.
    /// Fails for a text (`cstr` or a literal), which is not a WebAssembly value: use `text`.
    Result<Value> evaluate(const Frame& frame) const;
    /// The value without a frame, for an expression over globals, memories and tables only.
    Result<Value> evaluate(Instance& instance) const;
    /// Whether it is an integer other than 0 or a reference other than null. Fails for other types.
    Result<bool> is_true(const Frame& frame) const;
    Result<bool> is_true(Instance& instance) const;
    /// The guard that holds where `is_true` is true, and that cannot be evaluated where it fails.
    /// Empty if guards cannot express it.
    Guard guard() const;
    /// The value as text.
    Result<std::string> text(const Frame& frame, Format format = Format::Plain) const;
    Result<std::string> text(Instance& instance, Format format = Format::Plain) const;

    explicit Expression(Compiled compiled) : compiled_(std::move(compiled)) {}

    /// The bytes of a text.
    Result<std::string> raw_text(const Frame& frame) const;
    Result<std::string> raw_text(Instance& instance) const;
    /// What is on the stack for values of one slot: the address of an aggregate.
    Result<Slot> slot(const Frame& frame) const;
    Result<Slot> slot(Instance& instance) const;

private:
    bool has_truth() const { return type().is_integer() || type().is_reference(); }
    Result<Value> value_at(const Slot* slots) const;
    Result<bool> truth_of(const Slot* slots) const;
    Result<std::string> text_of(const Slot* slots, Format format) const;

    Compiled compiled_;
};

/// `place = expression`, `place += expression` and so on: writes to a local, global, operand,
/// memory, table slot, field or element. The value must have the place's type; a number that may
/// not fit needs a cast. What the guest itself could not change, such as an immutable global, is
/// refused.
class Assignment {
public:
    static Result<Assignment> compile(std::string_view text, const Scope& scope);

    /// Evaluates and writes. If it fails, nothing is written.
    Result<void> perform(const Frame& frame) const;
    Result<void> perform(Instance& instance) const;

private:
    explicit Assignment(Program program) : program_(std::move(program)) {}

    Program program_;
};

// These compile and evaluate once, in a frame or without one.
Result<Value> evaluate(const Frame& frame, std::string_view expression, const SourceContext& source = {});
Result<Value> evaluate(Instance& instance, std::string_view expression, const SourceContext& source = {});
Result<std::string> evaluate_text(
    const Frame& frame, std::string_view expression, const SourceContext& source = {});
Result<std::string> evaluate_text(
    Instance& instance, std::string_view expression, const SourceContext& source = {});
Result<void> assign(const Frame& frame, std::string_view assignment, const SourceContext& source = {});
Result<void> assign(Instance& instance, std::string_view assignment, const SourceContext& source = {});

/// The place that an expression names, rather than its value: a local, a global, bytes of a memory
/// or a slot of a table.
Result<WatchPlace> find_place(
    const Frame& frame, std::string_view expression, const SourceContext& source = {});
Result<WatchPlace> find_place(
    Instance& instance, std::string_view expression, const SourceContext& source = {});

} // namespace vitrine::core::eval
