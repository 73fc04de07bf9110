// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/wast_value.h"

#include "base/text.h"

#include <algorithm>
#include <bit>
#include <charconv>

namespace vitrine::cli {

using core::ValueType;

namespace {

// -- Reading

/// Parses a decimal number, with or without a minus, that fits in this many bits.
std::optional<uint64_t> parse_bits(std::string_view text, uint32_t bits)
{
    const bool is_negative = text.starts_with('-');
    text.remove_prefix(is_negative ? 1 : 0);
    uint64_t value = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    const uint64_t mask = ~uint64_t { 0 } >> (64 - bits);
    const uint64_t limit = is_negative ? mask / 2 + 1 : mask;
    if (text.empty() || error != std::errc() || stop != end || value > limit)
        return std::nullopt;
    return (is_negative ? 0 - value : value) & mask;
}

core::Result<WastLane> read_lane(const json::Node& node, bool is_float, uint32_t bits)
{
    const std::string text = TRY(node.text());
    if (is_float && text == "nan:canonical")
        return WastLane { .nan = Nan::Canonical };
    if (is_float && text == "nan:arithmetic")
        return WastLane { .nan = Nan::Arithmetic };
    const auto value = parse_bits(text, bits);
    if (!value)
        return node.wrong("\"" + text + "\" is no number of " + std::to_string(bits) + " bits");
    return WastLane { .bits = *value };
}

/// A kind of lane. It is also a type of value unless it is too narrow.
struct LaneInfo {
    std::string_view text;
    ValueType type;
    bool is_float;
    uint32_t bits;
};

constexpr LaneInfo lane_table[] {
    { "i32", ValueType::i32, false, 32 },
    { "i64", ValueType::i64, false, 64 },
    { "f32", ValueType::f32, true, 32 },
    { "f64", ValueType::f64, true, 64 },
    { "i8", ValueType::bottom, false, 8 },
    { "i16", ValueType::bottom, false, 16 },
};

const LaneInfo* find_lane(std::string_view text)
{
    const auto* found = std::ranges::find(lane_table, text, &LaneInfo::text);
    return found == std::end(lane_table) ? nullptr : found;
}

core::Result<WastValue> read_vector(const json::Node& node)
{
    const json::Node type = TRY(node.field("lane_type"));
    const LaneInfo* lane = find_lane(TRY(type.text()));
    if (!lane)
        return type.wrong("unknown type of lanes");
    WastNumber number { ValueType::v128, lane->is_float, lane->bits, {} };
    const json::Node value = TRY(node.field("value"));
    const std::vector<json::Node> items = TRY(value.items());
    for (const json::Node& item : items)
        number.lanes.push_back(TRY(read_lane(item, lane->is_float, lane->bits)));
    if (number.lanes.size() * number.lane_bits != 128)
        return value.wrong("expected " + std::to_string(128 / number.lane_bits) + " lanes");
    return WastValue { std::move(number) };
}

/// A reference type of a script and the kind that it implies.
struct RefInfo {
    std::string_view text;
    WastRefKind kind;
};

constexpr RefInfo ref_table[] {
    { "refnull", WastRefKind::Null },
    { "nullref", WastRefKind::Null },
    { "nullfuncref", WastRefKind::Null },
    { "nullexternref", WastRefKind::Null },
    { "nullexnref", WastRefKind::Null },
    { "funcref", WastRefKind::Func },
    { "externref", WastRefKind::Extern },
    { "anyref", WastRefKind::Any },
    { "eqref", WastRefKind::Eq },
    { "i31ref", WastRefKind::I31 },
    { "structref", WastRefKind::Struct },
    { "arrayref", WastRefKind::Array },
    { "exnref", WastRefKind::Exn },
    { "hostref", WastRefKind::Host },
};

std::string_view kind_text(WastRefKind kind)
{
    switch (kind) {
    case WastRefKind::Null: return "null";
    case WastRefKind::Func: return "func";
    case WastRefKind::Extern: return "extern";
    case WastRefKind::Any: return "any";
    case WastRefKind::Eq: return "eq";
    case WastRefKind::I31: return "i31";
    case WastRefKind::Struct: return "struct";
    case WastRefKind::Array: return "array";
    case WastRefKind::Exn: return "exn";
    case WastRefKind::Host: return "host";
    }
    std::unreachable();
}

/// Reads a reference: its value is `null`, the number of a host object, or missing, which matches
/// any reference that is not null.
core::Result<WastValue> read_ref(const json::Node& node, WastRefKind kind)
{
    const auto value = TRY(node.optional_text("value"));
    if (!value)
        return WastValue { WastRef { kind } };
    if (*value == "null")
        return WastValue { WastRef { WastRefKind::Null } };
    const auto number = parse_bits(*value, 32);
    if (!number)
        return node.wrong("\"" + *value + "\" is no reference");
    switch (kind) {
    case WastRefKind::Extern:
    case WastRefKind::Host: return WastValue { WastRef { kind, static_cast<uint32_t>(*number) } };
    // A numbered anyref is a host object.
    case WastRefKind::Any: return WastValue { WastRef { WastRefKind::Host, static_cast<uint32_t>(*number) } };
    // This number is an index of the text format, which cannot be compared here.
    case WastRefKind::Func: return WastValue { WastRef { kind } };
    default: return node.wrong("a reference of this type has no number");
    }
}

// -- Matching

uint64_t lane_of(const core::Value& value, const WastNumber& number, size_t index)
{
    const size_t bit = index * number.lane_bits;
    const uint64_t half = bit < 64 ? value.low : value.high;
    return half >> (bit % 64) & ~uint64_t { 0 } >> (64 - number.lane_bits);
}

/// Whether the bits of a float are a NaN of this class.
bool is_nan(uint64_t bits, uint32_t width, Nan nan)
{
    const uint32_t mantissa_bits = width == 32 ? 23 : 52;
    const uint64_t magnitude = bits & ~(uint64_t { 1 } << (width - 1));
    const uint64_t infinity = ((uint64_t { 1 } << (width - 1 - mantissa_bits)) - 1) << mantissa_bits;
    const uint64_t canonical = infinity | uint64_t { 1 } << (mantissa_bits - 1);
    return nan == Nan::Canonical ? magnitude == canonical : (magnitude & canonical) == canonical;
}

bool matches_number(const WastNumber& wanted, const core::Value& value)
{
    if (value.type != wanted.type)
        return false;
    for (size_t i = 0; i < wanted.lanes.size(); ++i) {
        const WastLane& lane = wanted.lanes[i];
        const uint64_t bits = lane_of(value, wanted, i);
        if (lane.nan == Nan::No ? bits != lane.bits : !is_nan(bits, wanted.lane_bits, lane.nan))
            return false;
    }
    return true;
}

/// Whether a reference refers to this kind of object. Its static type does not matter, since
/// conversions between any and extern do not change the object.
bool is_of_kind(core::Ref ref, WastRefKind kind)
{
    const auto is = [&](std::initializer_list<core::Object::Kind> kinds) {
        return !ref.is_i31() && std::ranges::find(kinds, ref.object()->kind) != kinds.end();
    };
    using enum core::Object::Kind;
    switch (kind) {
    case WastRefKind::I31: return ref.is_i31();
    case WastRefKind::Struct: return is({ Struct });
    case WastRefKind::Array: return is({ Array });
    case WastRefKind::Eq: return ref.is_i31() || is({ Struct, Array });
    case WastRefKind::Exn: return is({ Exception });
    case WastRefKind::Host: return is({ Extern });
    default: return !is({ Exception });
    }
}

/// A null reference matches a null of any type.
bool matches_ref(
    const WastRef& wanted, const core::Value& value, const core::TypeRegistry& types, HostRefs& host)
{
    if (!value.type.is_ref())
        return false;
    const core::Ref ref = value.ref();
    if (wanted.kind == WastRefKind::Null || ref.is_null())
        return wanted.kind == WastRefKind::Null && ref.is_null();
    const bool is_func = types.is_subtype(value.type, ValueType::funcref);
    if (wanted.kind == WastRefKind::Func || is_func)
        return wanted.kind == WastRefKind::Func && is_func;
    if (wanted.kind == WastRefKind::Extern && !types.is_subtype(value.type, ValueType::externref))
        return false;
    return is_of_kind(ref, wanted.kind) && (!wanted.number || ref == host.get(*wanted.number));
}

// -- Text

core::Value value_of(const WastNumber& number)
{
    core::Value value { number.type };
    for (size_t i = 0; i < number.lanes.size(); ++i) {
        const size_t bit = i * number.lane_bits;
        (bit < 64 ? value.low : value.high) |= number.lanes[i].bits << (bit % 64);
    }
    return value;
}

bool is_exact(const WastNumber& number)
{
    return std::ranges::all_of(number.lanes, [](const WastLane& lane) { return lane.nan == Nan::No; });
}

std::string lane_text(const WastNumber& number, const WastLane& lane)
{
    if (lane.nan != Nan::No)
        return lane.nan == Nan::Canonical ? "nan:canonical" : "nan:arithmetic";
    return number.lane_bits == 32 ? core::float_text(std::bit_cast<float>(static_cast<uint32_t>(lane.bits)))
                                  : core::float_text(std::bit_cast<double>(lane.bits));
}

std::string number_text(const WastNumber& number)
{
    std::string text = number.type.to_text();
    if (is_exact(number))
        return text + " " + value_of(number).to_text();
    for (const WastLane& lane : number.lanes)
        text += " " + lane_text(number, lane);
    return text;
}

template<class Values, class ToText> std::string list_text(const Values& values, ToText text_of)
{
    if (values.empty())
        return "nothing";
    std::string text;
    for (const auto& value : values)
        text += (text.empty() ? "" : ", ") + text_of(value);
    return text;
}

} // namespace

namespace {

/// The types of values that only components have.
constexpr std::string_view component_types[] { "bool", "u8", "s8", "u16", "s16", "u32", "s32", "u64", "s64",
    "char", "string", "list", "record", "tuple", "variant", "enum", "option", "result", "flags", "map" };

} // namespace

core::Result<WastValue> read_wast_value(const json::Node& node)
{
    const json::Node type_node = TRY(node.field("type"));
    const std::string type = TRY(type_node.text());
    if (type == "either") {
        const json::Node values = TRY(node.field("values"));
        return WastValue { TRY(read_wast_values(values)) };
    }
    if (type == "v128")
        return read_vector(node);
    if (const LaneInfo* lane = find_lane(type); lane && lane->type != ValueType::bottom) {
        const json::Node value = TRY(node.field("value"));
        return WastValue { WastNumber {
            lane->type, lane->is_float, lane->bits, { TRY(read_lane(value, lane->is_float, lane->bits)) } } };
    }
    if (std::ranges::find(component_types, type) != std::end(component_types))
        return WastValue { WastComponentValue { type, node.value() } };
    const auto* ref = std::ranges::find(ref_table, type, &RefInfo::text);
    if (ref == std::end(ref_table))
        return type_node.wrong("unknown type of value \"" + type + "\"");
    return read_ref(node, ref->kind);
}

core::Result<std::vector<WastValue>> read_wast_values(const json::Node& node)
{
    std::vector<WastValue> values;
    const std::vector<json::Node> items = TRY(node.items());
    for (const json::Node& item : items)
        values.push_back(TRY(read_wast_value(item)));
    return values;
}

std::string WastValue::to_text() const
{
    if (const auto* number = std::get_if<WastNumber>(&form))
        return number_text(*number);
    if (const auto* ref = std::get_if<WastRef>(&form))
        return "ref." + std::string(kind_text(ref->kind))
            + (ref->number ? " " + std::to_string(*ref->number) : "");
    if (const auto* value = std::get_if<WastComponentValue>(&form))
        return value->type;
    std::string text;
    for (const WastValue& choice : std::get<std::vector<WastValue>>(form))
        text += (text.empty() ? "either " : " or ") + choice.to_text();
    return text;
}

std::string to_text(const std::vector<WastValue>& values)
{
    return list_text(values, [](const WastValue& value) { return value.to_text(); });
}

std::string to_text(const std::vector<core::Value>& values, const HostRefs& host)
{
    return list_text(values, [&](const core::Value& value) {
        const auto number = value.type.is_ref() ? host.find(value.ref()) : std::nullopt;
        return value.type.to_text() + " " + (number ? "host " + std::to_string(*number) : value.to_text());
    });
}

core::Ref HostRefs::root(core::Object* object)
{
    roots_.push_back(std::make_unique<core::Root>(store_.heap, object));
    return core::Ref::of(object);
}

core::Ref HostRefs::get(uint32_t number)
{
    const auto [place, is_new] = refs_.try_emplace(number);
    if (is_new)
        place->second = root(store_.heap.make_extern(std::make_shared<uint32_t>(number)));
    return place->second;
}

std::optional<uint32_t> HostRefs::find(core::Ref ref) const
{
    const auto found = std::ranges::find(refs_, ref, [](const auto& item) { return item.second; });
    return found == refs_.end() ? std::nullopt : std::optional(found->first);
}

core::Result<core::Value> argument_of(const WastValue& argument, ValueType type, HostRefs& host)
{
    if (const auto* number = std::get_if<WastNumber>(&argument.form))
        if (number->type == type && is_exact(*number))
            return value_of(*number);
    if (const auto* ref = std::get_if<WastRef>(&argument.form)) {
        if (ref->kind == WastRefKind::Null && type.is_ref() && type.is_nullable())
            return core::Value { type };
        const bool is_host =
            (ref->kind == WastRefKind::Extern && type.is_ref() && type.heap() == core::HeapKind::Extern)
            || (ref->kind == WastRefKind::Host && type.is_ref() && type.heap() == core::HeapKind::Any);
        if (is_host && ref->number)
            return core::Value::ref(type, host.get(*ref->number));
    }
    return core::failure("argument " + argument.to_text() + " for a parameter of type " + type.to_text());
}

bool matches(
    const WastValue& wanted, const core::Value& value, const core::TypeRegistry& types, HostRefs& host)
{
    if (const auto* number = std::get_if<WastNumber>(&wanted.form))
        return matches_number(*number, value);
    if (const auto* ref = std::get_if<WastRef>(&wanted.form))
        return matches_ref(*ref, value, types, host);
    if (std::holds_alternative<WastComponentValue>(wanted.form))
        return false;
    return std::ranges::any_of(std::get<std::vector<WastValue>>(wanted.form),
        [&](const WastValue& choice) { return matches(choice, value, types, host); });
}

} // namespace vitrine::cli
