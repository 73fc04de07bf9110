// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/json.h"

#include "base/text.h"

#include <boost/json/src.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace vitrine::cli {

namespace {

std::string json_escape(uint32_t code_point)
{
    if (code_point < 0x10000)
        return "\\u" + core::hex_digits(code_point, 4);
    // A pair of surrogates.
    return "\\u" + core::hex_digits(0xd7c0 + (code_point >> 10), 4) + "\\u"
        + core::hex_digits(0xdc00 | (code_point & 0x3ff), 4);
}

/// A string with its quotes, and nothing in it that a terminal would take for a command.
std::string quoted(std::string_view text)
{
    return core::replace_controls(boost::json::serialize(boost::json::string_view(text)), json_escape);
}

bool is_container(const Json& value) { return value.is_object() || value.is_array(); }

void append(std::string& out, const Json& value, int depth);

/// The items between brackets: each on its own line, or all on this one.
template<class Items, class Append>
void append_items(std::string& out, const Items& items, bool is_flat, int depth, std::string_view brackets,
    Append append_item)
{
    const auto new_line = [&](int level) { out += "\n" + std::string(static_cast<size_t>(2 * level), ' '); };
    out += brackets[0];
    bool is_first = true;
    for (const auto& item : items) {
        out += is_first ? "" : is_flat ? ", " : ",";
        is_first = false;
        if (!is_flat)
            new_line(depth + 1);
        append_item(item);
    }
    if (!is_flat)
        new_line(depth);
    out += brackets[1];
}

void append(std::string& out, const Json& value, int depth)
{
    if (const auto* object = value.if_object()) {
        const bool is_flat =
            std::ranges::none_of(*object, [](const auto& item) { return is_container(item.value()); });
        append_items(out, *object, is_flat, depth, "{}", [&](const auto& item) {
            out += quoted(item.key()) + ": ";
            append(out, item.value(), depth + 1);
        });
    } else if (const auto* array = value.if_array()) {
        const bool is_flat = std::ranges::none_of(*array, is_container);
        append_items(
            out, *array, is_flat, depth, "[]", [&](const Json& item) { append(out, item, depth + 1); });
    } else if (const auto* number = value.if_double()) {
        out += core::float_text(*number);
    } else if (const auto* text = value.if_string()) {
        out += quoted(*text);
    } else {
        out += boost::json::serialize(value);
    }
}

/// The shortest text of a float, read as a number again; infinities and NaNs stay text.
Json float_json(const std::string& text, bool is_finite)
{
    double number = 0;
    if (!is_finite)
        return to_json(text);
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

Json function_json(const Func& function)
{
    JsonObject object;
    if (const std::string name = function.name(); !name.empty())
        object["name"] = to_json(name);
    if (const auto index = function.index())
        object["index"] = *index;
    return object;
}

} // namespace

std::string to_text(const Json& document)
{
    std::string out;
    append(out, document, 0);
    return out;
}

Json to_json(const Val& value)
{
    if (value.is_null())
        return nullptr;
    switch (value.kind()) {
    case ValKind::I32: return value.i32();
    case ValKind::F32: return float_json(value.to_text(), std::isfinite(value.f32()));
    case ValKind::F64: return float_json(value.to_text(), std::isfinite(value.f64()));
    case ValKind::FuncRef: return function_json(*value.funcref());
    default: return to_json(value.to_text());
    }
}

Json to_json(std::string_view bytes)
{
    if (core::is_utf8(core::bytes_of(bytes)))
        return boost::json::string(bytes);
    std::string text;
    while (!bytes.empty()) {
        // The longest sequence that is a character, if there is one.
        size_t size = std::min<size_t>(bytes.size(), 4);
        while (size > 0 && !core::is_utf8(core::bytes_of(bytes.substr(0, size))))
            --size;
        text += size == 0 ? "\xef\xbf\xbd" : bytes.substr(0, size);
        bytes.remove_prefix(std::max<size_t>(size, 1));
    }
    return boost::json::string(text);
}

std::string plain_text(const Json& value)
{
    return value.is_string() ? std::string(value.get_string()) : to_text(value);
}

} // namespace vitrine::cli
