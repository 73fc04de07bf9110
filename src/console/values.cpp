// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "console/values.h"

#include "base/number.h"
#include "debug/listing.h"

#include <algorithm>

namespace vitrine::core::console {

namespace {

std::string type_of(const Scope& scope, ValueType type) { return debug::type_text(*scope.module, type); }

/// A number, or `null`.
std::optional<Value> parse_number(std::string_view text, ValueType type)
{
    const auto make = [](const auto& number, auto convert) {
        return number ? std::optional<Value>(convert(*number)) : std::nullopt;
    };
    switch (type.kind()) {
    case ValueKind::I32: return make(parse_i32(text), Value::i32);
    case ValueKind::I64: return make(parse_i64(text), Value::i64);
    case ValueKind::F32: return make(parse_f32(text), [](float number) { return Value::f32(number); });
    case ValueKind::F64: return make(parse_f64(text), [](double number) { return Value::f64(number); });
    case ValueKind::Ref:
        return text == "null" && type.is_nullable() ? std::optional(Value::ref(type, {})) : std::nullopt;
    case ValueKind::V128:
    case ValueKind::Bottom: return std::nullopt;
    }
    std::unreachable();
}

/// The value as one of the type.
Result<Value> fit(const Scope& scope, std::string_view text, const Value& value, ValueType type)
{
    const bool fits = type.is_ref()
        ? value.type.is_ref() && scope.instance->store->engine().types.is_subtype(value.type, type)
        : value.type == type;
    if (!fits)
        return failure(debug::other_type(text, type_of(scope, value.type), type_of(scope, type)));
    return Value { type, value.low, value.high };
}

Result<Value> take_v128(Words& words)
{
    Value value { ValueType::v128 };
    for (int lane = 0; lane < 4; ++lane) {
        const std::string_view word = words.next();
        const auto bits = parse_i32(word);
        if (!bits)
            return failure("expected four numbers of 32 bits"
                + (word.empty() ? "" : " instead of " + std::string(word)));
        (lane < 2 ? value.low : value.high) |= Slot { *bits } << 32 * (lane % 2);
    }
    return value;
}

/// The text of the next value.
std::string_view take_piece(Words& words, bool has_commas)
{
    if (!has_commas)
        return words.next();
    const std::string_view text = words.rest();
    const size_t end = std::min(text.find(','), text.size());
    words = Words(text.substr(std::min(end + 1, text.size())));
    return trimmed(text.substr(0, end));
}

/// Whether a conversion of a number can lose a part of it.
bool can_lose(const Value& value, ValueType type)
{
    const bool is_float = value.type == ValueType::f32 || value.type == ValueType::f64;
    const auto number = static_cast<int64_t>(value.low);
    switch (type.kind()) {
    case ValueKind::I32: return is_float || number > int64_t { UINT32_MAX } || number < int64_t { INT32_MIN };
    case ValueKind::I64: return is_float;
    case ValueKind::F32: return value.type == ValueType::f64;
    default: return false;
    }
}

} // namespace

std::optional<Result<Value>> literal(const Scope& scope, std::string_view text, ValueType type)
{
    Words words(text);
    if (words.take("i31")) {
        const std::string_view word = words.next();
        const auto bits = parse_i32(word);
        if (!bits || !words.at_end())
            return failure("expected a number of 31 bits behind i31");
        return fit(scope, text, Value::ref(ValueType::ref(HeapKind::I31, false), Ref::i31(*bits)), type);
    }
    const bool is_named = words.take("i32x4");
    if (!is_named && (type != ValueType::v128 || !parse_i32(words.peek())))
        return std::nullopt;
    auto value = take_v128(words);
    if (!value)
        return value;
    if (auto ends = words.end(); !ends)
        return std::unexpected(ends.error());
    return fit(scope, text, *value, type);
}

Result<std::vector<Value>> take_values(const Scope& scope, Words& words, std::span<const ValueType> types)
{
    const bool has_commas = words.rest().contains(',');
    std::vector<Value> values;
    if (types.size() == 1 && !has_commas)
        if (auto value = literal(scope, words.rest(), types.front())) {
            values.push_back(TRY(*std::move(value)));
            words = Words("");
            return values;
        }
    while (!words.at_end()) {
        const std::string_view piece = take_piece(words, has_commas);
        if (values.size() == types.size())
            return failure(debug::too_many_values(piece, types.size()));
        const ValueType type = types[values.size()];
        if (const auto number = parse_number(piece, type))
            values.push_back(*number);
        else if (auto value = literal(scope, piece, type))
            values.push_back(TRY(*std::move(value)));
        else
            values.push_back(TRY(fit(scope, piece, TRY(scope.evaluate(piece)), type)));
    }
    if (values.size() < types.size())
        return failure(debug::too_few_values(values.size(), types.size()));
    return values;
}

Result<Value> value_for(const Scope& scope, std::string_view text, ValueType type)
{
    if (const auto number = parse_number(text, type))
        return *number;
    if (auto value = literal(scope, text, type))
        return *std::move(value);
    const Value value = TRY(scope.evaluate(text));
    const auto is_number = [](ValueType of) { return !of.is_ref() && of != ValueType::v128; };
    if (value.type == type || !is_number(value.type) || !is_number(type))
        return fit(scope, text, value, type);
    const std::string name = type.to_text();
    if (can_lose(value, type))
        return failure(
            value.type.to_text() + " does not fit into a place of " + name + ": write " + name + "(..)");
    return scope.evaluate(name + "(" + std::string(text) + ")");
}

std::string as_expression(std::string_view text)
{
    Words words(text);
    const std::string_view kind = words.next();
    const bool is_element = kind == "element";
    if (!is_element && kind != "local" && kind != "operand" && kind != "global")
        return std::string(text);
    const auto is_number = [&] { return parse_unsigned(words.peek()).has_value(); };
    if (!is_number())
        return std::string(text);
    std::string expression = is_element ? "table" : kind == "operand" ? "stack" : std::string(kind);
    expression += "[" + std::string(words.next());
    if (is_element)
        expression += ": " + std::string(words.next());
    expression += "]";
    while (is_number())
        expression += "[" + std::string(words.next()) + "]";
    return words.at_end() ? expression : expression + " " + std::string(words.rest());
}

Result<eval::MemoryRange> find_memory_place(const Scope& scope, std::string_view text)
{
    if (!scope.instance)
        return failure("there is no instance yet: `run` or `start` makes it");
    std::string before = "u8[";
    // A pointer of the source points into the memory of its variables.
    if (scope.source_memory != 0)
        if (const auto type = scope.type_of(text); type && type->source != source::TypeId {})
            before += std::to_string(scope.source_memory) + ":";
    const Variables::Text replaced = TRY(scope.replaced(text));
    const std::string expression = before + replaced.text + "]";
    const Frame* frame = scope.guest_frame();
    auto place = frame ? eval::find_place(*frame, expression, scope.source())
                       : eval::find_place(*scope.instance, expression, scope.source());
    if (place)
        return std::get<eval::MemoryRange>(*std::move(place));
    const uint64_t offset = place.error().offset.value_or(0);
    const uint64_t inside = offset - std::min<uint64_t>(offset, before.size());
    return with_mark({ place.error().message, replaced.original(inside) }, text);
}

} // namespace vitrine::core::console
