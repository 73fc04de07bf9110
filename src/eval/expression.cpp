// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "eval/expression.h"

#include "base/text.h"
#include "eval/guard.h"
#include "runtime/memory.h"

#include <array>
#include <type_traits>

namespace vitrine::core::eval {

namespace {

constexpr auto no_truth = "a condition is an integer or a reference";

/// Runs the program in a frame or an instance and applies `make` to the slots that it leaves.
template<class Made, class Place, class Make>
Result<Made> run_in(const Program& program, Place& place, const Make& make)
{
    if (!fits(program, place)) [[unlikely]]
        return std::unexpected(misfit(program, place));
    std::array<Slot, Program::max_slots> slots;
    Machine machine { program, nullptr, nullptr, slots.data() };
    if constexpr (std::is_same_v<Place, Instance>)
        machine.instance = &place;
    else {
        machine.instance = place.function->instance;
        machine.frame = &place;
    }
    if (!run(machine)) [[unlikely]]
        return std::unexpected(std::move(*machine.error));
    return make(slots.data());
}

} // namespace

Result<Expression> Expression::compile(std::string_view text, const Scope& scope)
{
    return compile(TRY(parse_whole_expression(text)), scope);
}

Result<Expression> Expression::compile_condition(std::string_view text, const Scope& scope)
{
    Expression result = TRY(compile(text, scope));
    if (!result.has_truth())
        return failure(no_truth, 0);
    return result;
}

Result<Expression> Expression::compile(const Node& node, const Scope& scope)
{
    return Expression(TRY(compile_expression(node, scope)));
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
    return load_value(type().value_type(), slots);
}

Result<bool> Expression::truth_of(const Slot* slots) const
{
    if (!has_truth()) [[unlikely]]
        return failure(no_truth, 0);
    return slots[0] != 0;
}

Result<std::string> Expression::text_of(const Slot* slots, Format format) const
{
    CHECK(check_format(format));
    if (type().kind == Type::Kind::Text) {
        std::string text(slots[1], '\0');
        guest_move(
            reinterpret_cast<uint8_t*>(text.data()), std::bit_cast<const uint8_t*>(slots[0]), slots[1]);
        return escaped(text);
    }
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

// -- Assignments

Result<Assignment> Assignment::compile(std::string_view text, const Scope& scope)
{
    return Assignment(TRY(compile_assignment(TRY(parse_assignment(text)), scope)));
}

Result<void> Assignment::perform(const Frame& frame) const
{
    return run_in<void>(program_, frame, [](const Slot*) { return Result<void>(); });
}

Result<void> Assignment::perform(Instance& instance) const
{
    return run_in<void>(program_, instance, [](const Slot*) { return Result<void>(); });
}

// -- Messages

namespace {

/// Parses `}` or `:format}` at `at` and moves past it.
Result<Expression::Format> read_format(std::string_view text, size_t& at)
{
    using Format = Expression::Format;
    Format format = Format::Plain;
    if (at < text.size() && text[at] == ':') {
        const char letter = at + 1 < text.size() ? text[at + 1] : '\0';
        if (letter != 'd' && letter != 'u' && letter != 'x')
            return failure("a format is `d`, `u` or `x`", at + 1);
        format = letter == 'd' ? Format::Signed : letter == 'u' ? Format::Unsigned : Format::Hex;
        at += 2;
    }
    if (at >= text.size() || text[at] != '}')
        return failure("`}` expected", at);
    ++at;
    return format;
}

} // namespace

Result<LogMessage> LogMessage::compile(std::string_view text, const Scope& scope)
{
    LogMessage message;
    std::string plain;
    for (size_t at = 0; at < text.size();) {
        const char c = text[at];
        const bool is_brace = c == '{' || c == '}';
        if (!is_brace || (at + 1 < text.size() && text[at + 1] == c)) {
            plain += c;
            at += is_brace ? 2 : 1;
            continue;
        }
        if (c == '}')
            return failure("`}` without `{`: for a brace write `}}`", at);
        auto [node, end] = TRY(parse_expression(text, at + 1));
        Expression expression = TRY(Expression::compile(node, scope));
        const size_t format_at = end;
        const Expression::Format format = TRY(read_format(text, end));
        if (auto fits = expression.check_format(format); !fits)
            return failure(fits.error().message, format_at);
        at = end;
        message.parts_.push_back({ std::move(plain), std::move(expression), format });
        plain.clear();
    }
    message.parts_.push_back({ std::move(plain), {} });
    return message;
}

std::string LogMessage::text(const Frame& frame) const
{
    std::string result;
    for (const Part& part : parts_) {
        result += part.text;
        if (!part.expression)
            continue;
        auto value = part.expression->text(frame, part.format);
        result += value ? *value : "<" + value.error().message + ">";
    }
    return result;
}

// -- One-time use

namespace {

Result<Expression> compile_in(const Frame& frame, std::string_view text)
{
    return Expression::compile(text, TRY(Scope::of(frame)));
}

Result<Expression> compile_in(const Instance& instance, std::string_view text)
{
    return Expression::compile(text, Scope::of(instance));
}

} // namespace

Result<Value> evaluate(const Frame& frame, std::string_view expression)
{
    return TRY(compile_in(frame, expression)).evaluate(frame);
}

Result<Value> evaluate(Instance& instance, std::string_view expression)
{
    return TRY(compile_in(instance, expression)).evaluate(instance);
}

Result<std::string> evaluate_text(const Frame& frame, std::string_view expression)
{
    return TRY(compile_in(frame, expression)).text(frame);
}

Result<std::string> evaluate_text(Instance& instance, std::string_view expression)
{
    return TRY(compile_in(instance, expression)).text(instance);
}

Result<void> assign(const Frame& frame, std::string_view assignment)
{
    return TRY(Assignment::compile(assignment, TRY(Scope::of(frame)))).perform(frame);
}

Result<void> assign(Instance& instance, std::string_view assignment)
{
    return TRY(Assignment::compile(assignment, Scope::of(instance))).perform(instance);
}

namespace {

/// A place that is not a local. `where` is the frame or the instance.
template<class Where>
Result<WatchPlace> find_in(Where& where, Instance& instance, const CompiledPlace& compiled)
{
    const auto& [kind, index, size] = compiled.place;
    if (kind == Syntax::Global)
        return instance.globals[index];
    const auto address = TRY(run_in<uint64_t>(
        compiled.program, where, [](const Slot* slots) -> Result<uint64_t> { return slots[0]; }));
    if (kind == Syntax::Slot)
        return TableSlot { instance.tables[index], address };
    Memory* const memory = instance.memories[index];
    return MemoryRange { memory, address, size, instance.store->find_shared(memory) };
}

Result<CompiledPlace> compile_place(std::string_view text, const Scope& scope)
{
    return compile_place(TRY(parse_whole_expression(text)), scope);
}

} // namespace

Result<WatchPlace> find_place(const Frame& frame, std::string_view expression)
{
    const auto compiled = TRY(compile_place(expression, TRY(Scope::of(frame))));
    if (compiled.place.kind == Syntax::Local)
        return FrameLocal { frame, compiled.place.index };
    return find_in(frame, *frame.function->instance, compiled);
}

Result<WatchPlace> find_place(Instance& instance, std::string_view expression)
{
    return find_in(instance, instance, TRY(compile_place(expression, Scope::of(instance))));
}

} // namespace vitrine::core::eval
