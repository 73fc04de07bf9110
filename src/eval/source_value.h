// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "eval/compiler.h"
#include "eval/expression.h"
#include "eval/source_names.h"
#include "source/value.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine::core::eval {

/// Reads values of the source from a memory of an instance, for as long as the program is stopped.
class MemoryReader final : public source::Reader {
public:
    /// The instance must outlive it.
    MemoryReader(Instance& instance, std::shared_ptr<source::Symbols> symbols, uint32_t memory = 0);

    source::Symbols& symbols() override { return *symbols_; }
    uint8_t address_bytes() const override { return address_bytes_; }
    Result<void> read(uint64_t address, std::span<uint8_t> to) override;
    std::string function_text(uint64_t pointer) override;

private:
    Instance& instance_;
    std::shared_ptr<source::Symbols> symbols_;
    /// Null if the instance has no such memory.
    const Memory* memory_;
    uint8_t address_bytes_;
};

/// What an expression is: a value of the source, or of WebAssembly, or both. References are valid
/// until guest code runs.
struct SourceResult {
    /// Answers for the type of `value`: the debug information and the types that the expression has
    /// made. Never null.
    std::shared_ptr<source::Symbols> symbols;
    /// With a type of the source. A place in memory has an address.
    std::optional<source::Value> value {};
    /// The memory that the address is in.
    uint32_t memory = 0;
    /// The value as WebAssembly has it, for numbers and references. Integers of less than 32 bits
    /// are extended.
    std::optional<Value> number {};
    /// Whether `number` is an unsigned integer.
    bool is_unsigned = false;
    /// For a `cstr` and a literal.
    std::optional<std::string> text {};
    /// What can be watched and assigned to, if it is a place.
    std::optional<WatchPlace> place {};

    /// Reads the value.
    MemoryReader reader(Instance& instance) const { return { instance, symbols, memory }; }
};

/// An expression whose values may have types of the source, compiled once. It keeps the debug
/// information alive. Like `Expression` in everything else.
class SourceExpression {
public:
    static Result<SourceExpression> compile(std::string_view text, const Scope& scope);
    static Result<SourceExpression> compile(const Node& node, const Scope& scope, SourceNames& names);

    /// Whether its values have a type of the source.
    bool is_of_source() const;
    Result<void> check_format(Expression::Format format) const;

    Result<SourceResult> evaluate(const Frame& frame) const;
    Result<SourceResult> evaluate(Instance& instance) const;
    /// The value as one line of text: as source/render.h shows it, or like `Expression::text`.
    Result<std::string> text(const Frame& frame, Expression::Format format = Expression::Format::Plain) const;
    Result<std::string> text(Instance& instance, Expression::Format format = Expression::Format::Plain) const;

private:
    /// A part of a variable that is not in memory, with the program for its node.
    struct Part {
        LocationPart part;
        std::optional<Compiled> compiled;
    };

    SourceExpression() = default;
    Result<void> compile_parts(const Scope& scope, SourceNames& names);
    Result<uint64_t> place_bytes() const;
    template<class Where> Result<SourceResult> evaluate_at(Where& where, Instance& instance) const;
    template<class Where> Result<source::Value> place_value(Where& where, Instance& instance) const;
    template<class Where>
    Result<void> copy_part(Where& where, Instance& instance, const Part& part, source::Value& to) const;
    template<class Where>
    Result<std::string> text_at(Where& where, Instance& instance, Expression::Format format) const;

    std::shared_ptr<SourceTypes> types_;
    /// The position of the expression in its text, for errors.
    uint32_t position_ = 0;
    /// The index of the memory that pointers point into.
    uint32_t memory_ = 0;
    /// The value, unless it is a place of the source that is no number.
    std::optional<Expression> value_ {};
    /// If it is a place of the source.
    std::optional<CompiledSourcePlace> place_ {};
    /// If that place is not in memory.
    std::vector<Part> parts_ {};
    std::optional<CompiledPlace> watched_ {};
};

// These compile and evaluate once, in a frame or without one.
Result<SourceResult> evaluate_source(
    const Frame& frame, std::string_view expression, const SourceContext& source = {});
Result<SourceResult> evaluate_source(
    Instance& instance, std::string_view expression, const SourceContext& source = {});

} // namespace vitrine::core::eval
