// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <boost/json/value.hpp>

#include <string>
#include <string_view>

namespace vitrine::core::json {

using Value = boost::json::value;
using Object = boost::json::object;
using Array = boost::json::array;

/// A document as text: indented, with the shortest form of each number and no control characters.
std::string to_text(const Value& document);
/// The same in one line without blanks, for programs.
std::string to_line(const Value& document);

/// A string of any bytes. What is not UTF-8 in it becomes U+FFFD.
Value to_string(std::string_view bytes);

/// A string without its quotes; anything else as `to_text`.
std::string plain_text(const Value& value);

} // namespace vitrine::core::json
