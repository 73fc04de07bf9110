// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "json/document.h"

#include <vitrine/vitrine.hpp>

#include <string>

namespace vitrine::cli {

namespace json = core::json;

/// The structure of a module as JSON (docs/inspect-json.md).
json::Object describe(const Module& module, const std::string& file);

/// Prints the structure as text.
void print_description(const json::Object& description);

/// Prints where the contents of each section begin, and their size.
void print_sections(const Module& module);

/// `func[3] name`, for a row with an index and optionally a name.
std::string label_of(const json::Object& row, std::string_view kind);

} // namespace vitrine::cli
