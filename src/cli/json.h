// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <vitrine/vitrine.hpp>

#include <boost/json/value.hpp>

#include <string>
#include <string_view>

namespace vitrine::cli {

using Json = boost::json::value;
using JsonObject = boost::json::object;
using JsonArray = boost::json::array;

/// A document as text: indented, numbers shortest.
std::string to_text(const Json& document);

/// A value: i32 and floats as numbers, everything that a number of JavaScript would not hold (i64, NaN, infinities, vectors) as text; functions by name and index.
Json to_json(const Val& value);

/// Text that may be any bytes; what is not UTF-8 in it becomes U+FFFD.
Json to_json(std::string_view bytes);

/// A string of a document as it is, anything else as JSON.
std::string plain_text(const Json& value);

} // namespace vitrine::cli
