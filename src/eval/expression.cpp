// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "eval/expression.h"

#include "base/text.h"
#include "eval/compiler.h"
#include "eval/guard.h"
#include "eval/run.h"
#include "runtime/memory.h"

#include <array>
#include <type_traits>

namespace vitrine::core::eval {

namespace {

constexpr auto no_truth = "a condition is an integer or a reference";

} // namespace

Result<Expression> Expression::compile(std::string_view text, const Scope& scope)
{
    return in_text([&]() -> Result<Expression> {
        SourceNames names(scope);
        const Node node = TRY(parse_whole_expression(text, names.type_test()));
        return Expression(TRY(compile_expression(node, scope, names)));
    }());
}

Result<Expression> Expression::compile_condition(std::string_view text, const Scope& scope)
{
    Expression result = TRY(compile(text, scope));
    if (!result.has_truth())
        return in_text<Expression>(failure(no_truth, 0));
    return result;
}

Result<void> Expression::check_format(Format format) const
{
    if (format != Format::Plain && !type().is_integer())
        return failure("only integers have a format");
    return {};
}

// -- Results from the value on the stack

Result<Value> Expression::value_at(const Slot* slots) const
{
    if (type().kind == Type::Kind::Text)
        return failure("a text is not a value");
    if (type().kind == Type::Kind::Aggregate)
        return failure("a value of the source that is no number");
    return load_value(type().value_type(), slots);
}

Result<bool> Expression::truth_of(const Slot* slots) const
{
    if (!has_truth()) [[unlikely]]
        return failure(no_truth, 0);
    return slots[0] != 0;
}

namespace {

Result<std::string> text_at(const Slot* slots)
{
    std::string text(slots[1], '\0');
    guest_move(reinterpret_cast<uint8_t*>(text.data()), std::bit_cast<const uint8_t*>(slots[0]), slots[1]);
    return text;
}

} // namespace

Result<std::string> Expression::text_of(const Slot* slots, Format format) const
{
    CHECK(check_format(format));
    if (type().kind == Type::Kind::Text)
        return escaped(TRY(text_at(slots)));
    if (type().kind == Type::Kind::Aggregate)
        return failure("a value of the source that is no number");
    const bool is_unsigned = type().is(NumberKind::U32) || type().is(NumberKind::U64);
    if (format == Format::Hex)
        return hex(slots[0]);
    if (format == Format::Unsigned || (format == Format::Plain && is_unsigned))
        return std::to_string(slots[0]);
    return load_value(type().value_type(), slots).to_text(compiled_.program.module.get());
}

// -- In frames and instances

Result<Value> Expression::evaluate(const Frame& frame) const
{
    return run_in<Value>(compiled_.program, frame, [&](const Slot* slots) { return value_at(slots); });
}

Result<Value> Expression::evaluate(Instance& instance) const
{
    return run_in<Value>(compiled_.program, instance, [&](const Slot* slots) { return value_at(slots); });
}

Result<bool> Expression::is_true(const Frame& frame) const
{
    return run_in<bool>(compiled_.program, frame, [&](const Slot* slots) { return truth_of(slots); });
}

Result<bool> Expression::is_true(Instance& instance) const
{
    return run_in<bool>(compiled_.program, instance, [&](const Slot* slots) { return truth_of(slots); });
}

Guard Expression::guard() const { return has_truth() ? to_guard(compiled_.program) : Guard(); }

Result<std::string> Expression::text(const Frame& frame, Format format) const
{
    return run_in<std::string>(
        compiled_.program, frame, [&](const Slot* slots) { return text_of(slots, format); });
}

Result<std::string> Expression::text(Instance& instance, Format format) const
{
    return run_in<std::string>(
        compiled_.program, instance, [&](const Slot* slots) { return text_of(slots, format); });
}

Result<std::string> Expression::raw_text(const Frame& frame) const
{
    ASSERT(type().kind == Type::Kind::Text);
    return run_in<std::string>(compiled_.program, frame, text_at);
}

Result<std::string> Expression::raw_text(Instance& instance) const
{
    ASSERT(type().kind == Type::Kind::Text);
    return run_in<std::string>(compiled_.program, instance, text_at);
}

Result<Slot> Expression::slot(const Frame& frame) const
{
    return run_in<Slot>(compiled_.program, frame, [](const Slot* slots) -> Result<Slot> { return slots[0]; });
}

Result<Slot> Expression::slot(Instance& instance) const
{
    return run_in<Slot>(
        compiled_.program, instance, [](const Slot* slots) -> Result<Slot> { return slots[0]; });
}

// -- Assignments

Result<Assignment> Assignment::compile(std::string_view text, const Scope& scope)
{
    SourceNames names(scope);
    const ParsedAssignment assignment = TRY(parse_assignment(text, names.type_test()));
    return Assignment(TRY(compile_assignment(assignment, scope, names)));
}

Result<void> Assignment::perform(const Frame& frame) const
{
    return run_in<void>(program_, frame, [](const Slot*) { return Result<void>(); });
}

Result<void> Assignment::perform(Instance& instance) const
{
    return run_in<void>(program_, instance, [](const Slot*) { return Result<void>(); });
}

// -- One-time use

namespace {

Result<Expression> compile_in(const Frame& frame, std::string_view text, const SourceContext& source)
{
    return Expression::compile(text, TRY(Scope::of(frame, source)));
}

Result<Expression> compile_in(const Instance& instance, std::string_view text, const SourceContext& source)
{
    return Expression::compile(text, Scope::of(instance, source));
}

} // namespace

Result<Value> evaluate(const Frame& frame, std::string_view expression, const SourceContext& source)
{
    return in_text(
        [&]() -> Result<Value> { return TRY(compile_in(frame, expression, source)).evaluate(frame); }());
}

Result<Value> evaluate(Instance& instance, std::string_view expression, const SourceContext& source)
{
    return in_text([&]() -> Result<Value> {
        return TRY(compile_in(instance, expression, source)).evaluate(instance);
    }());
}

Result<std::string> evaluate_text(
    const Frame& frame, std::string_view expression, const SourceContext& source)
{
    return in_text(
        [&]() -> Result<std::string> { return TRY(compile_in(frame, expression, source)).text(frame); }());
}

Result<std::string> evaluate_text(
    Instance& instance, std::string_view expression, const SourceContext& source)
{
    return in_text([&]() -> Result<std::string> {
        return TRY(compile_in(instance, expression, source)).text(instance);
    }());
}

Result<void> assign(const Frame& frame, std::string_view assignment, const SourceContext& source)
{
    return in_text([&]() -> Result<void> {
        return TRY(Assignment::compile(assignment, TRY(Scope::of(frame, source)))).perform(frame);
    }());
}

Result<void> assign(Instance& instance, std::string_view assignment, const SourceContext& source)
{
    return in_text([&]() -> Result<void> {
        return TRY(Assignment::compile(assignment, Scope::of(instance, source))).perform(instance);
    }());
}

namespace {

template<class Where>
Result<WatchPlace> find_place_in(Where& where, const Scope& scope, std::string_view expression)
{
    return in_text([&]() -> Result<WatchPlace> {
        SourceNames names(scope);
        const Node node = TRY(parse_whole_expression(expression, names.type_test()));
        return place_in(where, TRY(compile_place(node, scope, names)));
    }());
}

} // namespace

Result<WatchPlace> find_place(const Frame& frame, std::string_view expression, const SourceContext& source)
{
    return find_place_in(frame, TRY(Scope::of(frame, source)), expression);
}

Result<WatchPlace> find_place(Instance& instance, std::string_view expression, const SourceContext& source)
{
    return find_place_in(instance, Scope::of(instance, source), expression);
}

} // namespace vitrine::core::eval
