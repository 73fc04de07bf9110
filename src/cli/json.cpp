// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/describe.h"

#include <boost/json/src.hpp>

#include <cmath>
#include <fmt/format.h>

namespace vitrine::cli {

namespace {

void write(const boost::json::value& value, int depth, std::string& out)
{
    const auto new_line = [&](int level) { out += "\n" + std::string(static_cast<size_t>(2 * level), ' '); };
    if (const auto* object = value.if_object(); object && !object->empty()) {
        out += "{";
        bool first = true;
        for (const auto& [key, item] : *object) {
            out += first ? "" : ",";
            first = false;
            new_line(depth + 1);
            out += boost::json::serialize(key) + ": ";
            write(item, depth + 1, out);
        }
        new_line(depth);
        out += "}";
    } else if (const auto* array = value.if_array(); array && !array->empty()) {
        const bool is_flat = !array->front().is_object() && !array->front().is_array();
        out += "[";
        for (size_t i = 0; i < array->size(); ++i) {
            out += i == 0 ? "" : is_flat ? ", " : ",";
            if (!is_flat)
                new_line(depth + 1);
            write((*array)[i], depth + 1, out);
        }
        if (!is_flat)
            new_line(depth);
        out += "]";
    } else if (const auto* number = value.if_double()) {
        out += fmt::format("{}", *number);
    } else {
        out += boost::json::serialize(value);
    }
}

} // namespace

std::string to_text(const boost::json::value& document)
{
    std::string out;
    write(document, 0, out);
    return out;
}

boost::json::value to_json(const Val& value)
{
    switch (value.kind()) {
    case ValKind::I32: return value.i32();
    case ValKind::F32:
        // Shortest as f32, not as the double it becomes.
        if (std::isfinite(value.f32()))
            return std::stod(value.to_text());
        return value.to_text().c_str();
    case ValKind::F64:
        if (std::isfinite(value.f64()))
            return value.f64();
        return value.to_text().c_str();
    default: return value.to_text().c_str();
    }
}

} // namespace vitrine::cli
