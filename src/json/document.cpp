// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "json/document.h"

#include "base/text.h"

#include <boost/json/src.hpp>

#include <algorithm>

namespace vitrine::core::json {

namespace {

std::string json_escape(uint32_t code_point)
{
    if (code_point < 0x10000)
        return "\\u" + hex_digits(code_point, 4);
    // A pair of surrogates.
    return "\\u" + hex_digits(0xd7c0 + (code_point >> 10), 4) + "\\u"
        + hex_digits(0xdc00 | (code_point & 0x3ff), 4);
}

/// A string in quotes, with control characters escaped: a terminal would act on them.
std::string quoted(std::string_view text)
{
    return replace_controls(boost::json::serialize(boost::json::string_view(text)), json_escape);
}

bool is_container(const Value& value) { return value.is_object() || value.is_array(); }

void append(std::string& out, const Value& value, int depth);

/// The items between brackets, all on one line or each on its own.
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

void append(std::string& out, const Value& value, int depth)
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
            out, *array, is_flat, depth, "[]", [&](const Value& item) { append(out, item, depth + 1); });
    } else if (const auto* number = value.if_double()) {
        out += float_text(*number);
    } else if (const auto* text = value.if_string()) {
        out += quoted(*text);
    } else {
        out += boost::json::serialize(value);
    }
}

} // namespace

std::string to_text(const Value& document)
{
    std::string out;
    append(out, document, 0);
    return out;
}

std::string to_line(const Value& document) { return boost::json::serialize(document); }

Value to_string(std::string_view bytes)
{
    if (is_utf8(bytes_of(bytes)))
        return boost::json::string(bytes);
    std::string text;
    while (!bytes.empty()) {
        // The size of the character at the beginning, or 0.
        size_t size = std::min<size_t>(bytes.size(), 4);
        while (size > 0 && !is_utf8(bytes_of(bytes.substr(0, size))))
            --size;
        text += size == 0 ? "\xef\xbf\xbd" : bytes.substr(0, size);
        bytes.remove_prefix(std::max<size_t>(size, 1));
    }
    return boost::json::string(text);
}

std::string plain_text(const Value& value)
{
    return value.is_string() ? std::string(value.get_string()) : to_text(value);
}

} // namespace vitrine::core::json
