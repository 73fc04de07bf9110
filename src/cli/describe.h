// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "json/document.h"

#include <vitrine/vitrine.hpp>

#include <string>

namespace vitrine::cli {

namespace json = core::json;

/// What a module is made of; docs/inspect-json.md has the schema.
json::Object describe(const Module& module, const std::string& file);

/// The same for people.
void print_description(const json::Object& description);

/// The sections: where their contents begin and how long they are.
void print_sections(const Module& module);

/// `func[3] name`, for a row with an index and perhaps a name.
std::string label_of(const json::Object& row, std::string_view kind);

} // namespace vitrine::cli
