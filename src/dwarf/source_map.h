// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/bytes.h"
#include "source/symbols.h"

#include <memory>
#include <string>
#include <string_view>

namespace vitrine::core::dwarf {

/// Larger maps are refused.
inline constexpr size_t max_map_bytes = size_t { 64 } << 20;

/// [doc] Source maps
///
/// Compilers such as AssemblyScript's describe their code with a source map, the JSON that is used
/// for JavaScript. All code is on line 1 of the generated file, and the column is the offset of an
/// instruction in the module. [spec: ECMA-426; the tool conventions of WebAssembly, Debugging.md]
///
/// The module's functions and their names are known from the module. A mapping holds up to the next
/// one, or to the end of its function.

/// Reads a source map of a module, whose bytes must be those of the map's generated file. Fails if
/// the text is not a source map; mappings are read up to the first malformed one.
Result<std::unique_ptr<source::Symbols>> read_source_map(std::string_view map, Bytes module);

/// What the module's section `sourceMappingURL` says; empty if there is none.
std::string_view source_map_url(Bytes module);

/// The content of a `data:` URL, in base64 or with percent signs. Fails for another URL.
Result<std::string> content_of_data_url(std::string_view url);

} // namespace vitrine::core::dwarf
