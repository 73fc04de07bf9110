// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "eval/compiler.h"
#include "eval/place.h"

#include <string>
#include <string_view>
#include <vector>

namespace vitrine::core::eval {

/// An expression over a stopped frame, compiled once: conditions, log messages, what a user wants to see. The language is described in
/// docs/expressions.md. It holds the module alive, changes nothing, and may be evaluated by any thread that may read the store.
///
/// Errors have the offset in the text at which something is wrong, while compiling and while evaluating.
class Expression {
public:
    /// How a value becomes text.
    enum class Format : uint8_t {
        /// Numbers by their sign, texts with escapes, everything else as `Value::to_text` has it.
        Plain,
        // Of integers only: with or without a sign, whatever the type says; `0x..`.
        Signed,
        Unsigned,
        Hex,
    };

    static Result<Expression> compile(std::string_view text, const Scope& scope);
    /// The same, and refuses what has no truth.
    static Result<Expression> compile_condition(std::string_view text, const Scope& scope);

    /// What its values are; decided when it is compiled.
    const Type& type() const { return compiled_.type; }
    /// Refuses a format that the type does not have.
    Result<void> check_format(Format format) const;

    /// The value in a frame of the scope's function. References are good until guest code runs. Refuses texts (`cstr`, literals), which
    /// are no values of WebAssembly: of these there is `text`.
    Result<Value> evaluate(const Frame& frame) const;
    /// Without a frame, where only globals, memories and tables are used.
    Result<Value> evaluate(Instance& instance) const;
    /// Whether it is an integer that is not 0, or a reference that is not null; refuses other types.
    Result<bool> is_true(const Frame& frame) const;
    Result<bool> is_true(Instance& instance) const;
    /// The value, fit to be shown.
    Result<std::string> text(const Frame& frame, Format format = Format::Plain) const;
    Result<std::string> text(Instance& instance, Format format = Format::Plain) const;

private:
    friend class LogMessage;
    explicit Expression(Compiled compiled) : compiled_(std::move(compiled)) {}
    static Result<Expression> compile(const Node& node, const Scope& scope);
    bool has_truth() const { return type().is_integer() || type().is_reference(); }
    Result<Value> value_at(const Slot* slots) const;
    Result<bool> truth_of(const Slot* slots) const;
    Result<std::string> text_of(const Slot* slots, Format format) const;

    Compiled compiled_;
};

/// `place = expression`, and `+=` and its like: writes to a local, global, operand, memory, table, field or element. The value has the place's
/// type; a number that may not fit needs a cast. What the guest cannot change, such as an immutable global, is refused.
class Assignment {
public:
    static Result<Assignment> compile(std::string_view text, const Scope& scope);

    /// Evaluates and writes; on failure nothing is written.
    Result<void> perform(const Frame& frame) const;
    Result<void> perform(Instance& instance) const;

private:
    explicit Assignment(Program program) : program_(std::move(program)) {}

    Program program_;
};

/// A text with `{expression}` and `{expression:format}` in it, where the format is `d`, `u` or `x`; `{{` and `}}` stand for braces.
class LogMessage {
public:
    static Result<LogMessage> compile(std::string_view text, const Scope& scope);

    /// The text in a frame. A part that cannot be evaluated is its error in angle brackets.
    std::string text(const Frame& frame) const;

private:
    struct Part {
        /// In front of the expression.
        std::string text;
        /// None at the end of the message.
        std::optional<Expression> expression;
        Expression::Format format = Expression::Format::Plain;
    };
    std::vector<Part> parts_;
};

// Compiled and used once, in a frame or without one.
Result<Value> evaluate(const Frame& frame, std::string_view expression);
Result<Value> evaluate(Instance& instance, std::string_view expression);
Result<std::string> evaluate_text(const Frame& frame, std::string_view expression);
Result<std::string> evaluate_text(Instance& instance, std::string_view expression);
Result<void> assign(const Frame& frame, std::string_view assignment);
Result<void> assign(Instance& instance, std::string_view assignment);

/// What an expression stands for rather than its value: a local, a global, bytes of a memory or a slot of a table.
Result<WatchPlace> find_place(const Frame& frame, std::string_view expression);
Result<WatchPlace> find_place(Instance& instance, std::string_view expression);

} // namespace vitrine::core::eval
