// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/wast_component.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>

namespace vitrine::cli {

namespace {

using core::component::ComponentKind;
using core::component::Shape;
using core::component::Value;
using Made = core::Result<Value>;

core::Result<uint64_t> number(const json::Node& node)
{
    const std::string text = TRY(node.text());
    const bool is_negative = text.starts_with('-');
    uint64_t bits = 0;
    const char* const first = text.data() + (is_negative ? 1 : 0);
    const char* const last = text.data() + text.size();
    const auto [end, error] = std::from_chars(first, last, bits);
    if (error != std::errc() || end != last)
        return node.wrong("expected a number");
    return is_negative ? -bits : bits;
}

/// The code point of a text with one character.
core::Result<uint64_t> character(const json::Node& node)
{
    const std::string text = TRY(node.text());
    const auto first = static_cast<unsigned char>(text.empty() ? 0 : text[0]);
    const int more = first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    if (text.size() != static_cast<size_t>(more) + 1)
        return node.wrong("expected one character");
    uint64_t c = more == 0 ? first : first & (0x3f >> more);
    for (int i = 1; i <= more; ++i)
        c = c << 6 | (static_cast<unsigned char>(text[static_cast<size_t>(i)]) & 0x3f);
    return c;
}

/// The position of a label among the fields, cases or labels of a type.
core::Result<size_t> position(const json::Node& node, const Shape& shape, std::string_view label)
{
    const auto found = std::ranges::find(shape.parts, label, &core::component::ShapePart::name);
    if (found == shape.parts.end())
        return node.wrong("unknown label");
    return static_cast<size_t>(found - shape.parts.begin());
}

Made list(const json::Node& node, const Shape& shape)
{
    const auto items = TRY(node.items());
    const Shape& element = shape.element();
    if (is_number(element.kind)) {
        std::vector<std::byte> packed;
        for (const json::Node& item : items) {
            const Value value = TRY(component_value(item, element));
            packed.resize(packed.size() + element.size);
            std::memcpy(&*packed.end() - element.size, &value.bits, element.size);
        }
        return Value { 0, std::move(packed) };
    }
    Value::Nodes nodes;
    for (const json::Node& item : items)
        nodes.push_back(TRY(component_value(item, element)));
    return Value { 0, std::move(nodes) };
}

Made fields(const json::Node& node, const Shape& shape)
{
    const auto items = TRY(node.items());
    if (items.size() != shape.parts.size())
        return node.wrong("wrong number of fields");
    Value::Nodes nodes(items.size());
    for (size_t i = 0; i < items.size(); ++i) {
        if (shape.kind == ComponentKind::Tuple) {
            nodes[i] = TRY(component_value(items[i], *shape.parts[i].shape));
            continue;
        }
        const auto pair = TRY(items[i].items());
        if (pair.size() != 2)
            return items[i].wrong("expected a label and a value");
        const size_t at = TRY(position(pair[0], shape, TRY(pair[0].text())));
        nodes[at] = TRY(component_value(pair[1], *shape.parts[at].shape));
    }
    return Value { 0, std::move(nodes) };
}

Made choice(
    const json::Node& node, const Shape& shape, size_t index, const std::optional<json::Node>& payload)
{
    Value made { index };
    const Shape* const inner = shape.parts[index].shape;
    const bool has_payload = payload && !payload->value().is_null();
    if ((inner != nullptr) != has_payload)
        return node.wrong("payload expected, or not expected");
    if (inner)
        made.content = Value::Nodes { TRY(component_value(*payload, *inner)) };
    return made;
}

Made result(const json::Node& node, const Shape& shape)
{
    for (const auto& [name, index] : { std::pair("Ok", size_t { 0 }), { "Err", size_t { 1 } } })
        if (const auto payload = TRY(node.optional_field(name)))
            return choice(node, shape, index, payload);
    return node.wrong("expected Ok or Err");
}

} // namespace

Made component_value(const json::Node& node, const Shape& shape)
{
    const json::Node value = TRY(node.field("value"));
    switch (shape.kind) {
    case ComponentKind::Bool:
        if (!value.value().is_bool())
            return value.wrong("expected true or false");
        return Value { value.value().get_bool() ? 1u : 0u };
    case ComponentKind::Char: return Value { TRY(character(value)) };
    case ComponentKind::String: return Value { 0, TRY(value.text()) };
    case ComponentKind::List:
    case ComponentKind::Map: return list(value, shape);
    case ComponentKind::Record:
    case ComponentKind::Tuple: return fields(value, shape);
    case ComponentKind::Variant: {
        const size_t index = TRY(position(value, shape, TRY(value.text("case"))));
        return choice(value, shape, index, TRY(value.optional_field("payload")));
    }
    case ComponentKind::Enum: return Value { TRY(position(value, shape, TRY(value.text()))) };
    case ComponentKind::Option: return choice(value, shape, value.value().is_null() ? 0 : 1, value);
    case ComponentKind::Result: return result(value, shape);
    case ComponentKind::Flags: {
        uint64_t bits = 0;
        for (const json::Node& label : TRY(value.items()))
            bits |= uint64_t { 1 } << TRY(position(label, shape, TRY(label.text())));
        return Value { bits };
    }
    case ComponentKind::Own:
    case ComponentKind::Borrow:
    case ComponentKind::ErrorContext:
    case ComponentKind::Stream:
    case ComponentKind::Future: return node.wrong("a value of this type cannot be written");
    default: return Value { TRY(number(value)) };
    }
}

Made component_value(const WastValue& value, const Shape& shape)
{
    if (const auto* const item = std::get_if<WastComponentValue>(&value.form))
        return component_value(json::Node(item->json), shape);
    const auto* const number = std::get_if<WastNumber>(&value.form);
    if (!number || (shape.kind != ComponentKind::F32 && shape.kind != ComponentKind::F64))
        return core::failure("a value of another type: " + value.to_text());
    const WastLane& lane = number->lanes[0];
    const uint64_t nan = shape.kind == ComponentKind::F32 ? 0x7fc00000 : 0x7ff8000000000000;
    return Value { lane.nan == Nan::No ? lane.bits : nan };
}

bool are_same(const Value& a, const Value& b, const Shape& shape)
{
    if (shape.kind == ComponentKind::F32) {
        const auto x = std::bit_cast<float>(static_cast<uint32_t>(a.bits));
        const auto y = std::bit_cast<float>(static_cast<uint32_t>(b.bits));
        return static_cast<uint32_t>(a.bits) == static_cast<uint32_t>(b.bits)
            || (std::isnan(x) && std::isnan(y));
    }
    if (shape.kind == ComponentKind::F64) {
        const auto x = std::bit_cast<double>(a.bits), y = std::bit_cast<double>(b.bits);
        return a.bits == b.bits || (std::isnan(x) && std::isnan(y));
    }
    if (a.bits != b.bits || a.content.index() != b.content.index())
        return false;
    if (std::holds_alternative<std::string>(a.content))
        return a.text() == b.text();
    if (std::holds_alternative<std::vector<std::byte>>(a.content)) {
        const uint32_t size = shape.element().size;
        if (a.packed().size() != b.packed().size())
            return false;
        for (size_t i = 0; i < a.packed().size(); i += size) {
            Value x, y;
            std::memcpy(&x.bits, &a.packed()[i], size);
            std::memcpy(&y.bits, &b.packed()[i], size);
            if (!are_same(x, y, shape.element()))
                return false;
        }
        return true;
    }
    const auto* const x = std::get_if<Value::Nodes>(&a.content);
    const auto* const y = std::get_if<Value::Nodes>(&b.content);
    if (!x || x->size() != y->size())
        return !x;
    for (size_t i = 0; i < x->size(); ++i) {
        const bool is_list = shape.kind == ComponentKind::List || shape.kind == ComponentKind::Map;
        const size_t part = is_list ? 0 : shape.has_cases() ? a.bits : i;
        if (!are_same((*x)[i], (*y)[i], *shape.parts[part].shape))
            return false;
    }
    return true;
}

} // namespace vitrine::cli
