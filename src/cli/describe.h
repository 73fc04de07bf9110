// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <vitrine/vitrine.hpp>

#include <boost/json/value.hpp>

#include <string>

namespace vitrine::cli {

/// A JSON document as text: indented, floats shortest. Integers of 64 bits are strings already, as JavaScript would round them.
std::string to_text(const boost::json::value& document);

/// A value: numbers as numbers, i64 as text, NaN and infinities as text, references as text.
boost::json::value to_json(const Val& value);

/// A module's structure; the schema is in docs/inspect-json.md.
boost::json::object describe(const Module& module, const std::string& file);
/// The same for people.
void print_description(const boost::json::object& description);

} // namespace vitrine::cli
