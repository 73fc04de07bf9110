// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Formatters for Zig: values look as its source writes them.

#include "base/text.h"
#include "source/renderer.h"

#include <algorithm>

namespace vitrine::core::source {
namespace {

using Shape = Shown::Shape;

bool is_byte(Types& types, TypeId id)
{
    const Type& type = types.stripped(id);
    return type.size == 1 && type.name == "u8";
}

} // namespace

namespace formatters {

std::optional<Shown> zig_slice(Renderer& renderer, const Value& value)
{
    Access& access = renderer.access();
    const auto pointer = access.member(value, "ptr");
    const auto address = access.word(pointer);
    const auto length = access.word(value, "len");
    if (!address || !length)
        return {};
    // An optional slice is a typedef of the slice.
    if (*address == 0 && access.types().at(value.type).name.starts_with('?'))
        return plain("null");
    const TypeId type = access.type_of(*pointer).target;
    auto result = elements_at(renderer, *address, *length, type, "");
    if (result && is_byte(access.types(), type) && renderer.style().base == Style::Base::Natural) {
        const auto text = text_at(renderer, *address, *length, {});
        if (!text)
            return {};
        result->shape = Shape::Text;
        result->before = text->before;
    }
    return result;
}

std::optional<Shown> zig_text_pointer(Renderer& renderer, const Value& value)
{
    Access& access = renderer.access();
    const Type& type = access.type_of(value);
    const auto address = access.word(value);
    if (type.kind != Type::Kind::Pointer || !is_byte(access.types(), type.target) || !address
        || *address == 0)
        return {};
    const auto text = terminated_text(renderer, *address, {});
    Shown result = renderer.show_raw(value);
    if (text)
        result.before += " " + *text;
    return result;
}

std::optional<Shown> zig_text_array(Renderer& renderer, const Value& value)
{
    Access& access = renderer.access();
    const auto size = access.size_of(value);
    if (!size || value.indexed != 0 || renderer.style().base != Style::Base::Natural)
        return {};
    if (value.address)
        return text_at(renderer, *value.address, *size, {});
    if (*size > value.bytes.size())
        return {};
    return plain(quoted_text(std::span(value.bytes).first(*size), {}, renderer.style().max_text));
}

std::optional<Shown> zig_optional(Renderer& renderer, const Value& value)
{
    Access& access = renderer.access();
    const auto some = access.word(value, "some");
    const auto payload = access.member(value, "payload");
    if (!some || !payload || *some > 1)
        return {};
    return *some == 1 ? alias(*payload, ".payload") : plain("null");
}

std::optional<Shown> zig_error_union(Renderer& renderer, const Value& value)
{
    Access& access = renderer.access();
    const auto error = access.member(value, "error"), payload = access.member(value, "payload");
    const auto number = access.word(error);
    if (!number)
        return {};
    if (*number != 0)
        return alias(*error, ".error");
    return payload ? alias(*payload, ".payload") : plain("{}");
}

std::optional<Shown> zig_tagged_union(Renderer& renderer, const Value& value)
{
    Access& access = renderer.access();
    const auto payload = access.member(value, "payload"), tag = access.member(value, "tag");
    const auto number = access.word(tag);
    const Type& tags = tag ? access.type_of(*tag) : access.types().at({});
    if (!payload || !number || tags.kind != Type::Kind::Enum)
        return {};
    const auto active =
        std::ranges::find(tags.enumerators, static_cast<int64_t>(*number), &Enumerator::value);
    if (active == tags.enumerators.end())
        return {};
    const auto inside = access.member(*payload, active->name);
    if (!inside || access.size_of(*inside).value_or(0) == 0)
        return plain("." + active->name);
    return fields(Shape::Fields, { { active->name, *inside, ".payload." + active->name } });
}

std::optional<Shown> zig_array_list(Renderer& renderer, const Value& value)
{
    Access& access = renderer.access();
    const auto items = access.member(value, "items");
    const auto capacity = access.word(value, "capacity"), length = access.word(value, "items.len");
    if (!items || !capacity || !length || *length > *capacity)
        return {};
    return alias(*items, ".items");
}

} // namespace formatters
} // namespace vitrine::core::source
