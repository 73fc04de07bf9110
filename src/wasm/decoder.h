// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "wasm/module.h"

#include <memory>

namespace vitrine::core {

/// What a module may have of each; more is refused with an error that names the limit.
namespace limits {
inline constexpr uint64_t module_bytes = (1u << 30) - 1;
inline constexpr uint32_t items = 1'000'000; ///< of an index space or a section; also imports and exports
inline constexpr uint32_t segment_items = 10'000'000;
inline constexpr uint32_t params = 1000; ///< also results
inline constexpr uint32_t fields = 10'000;
inline constexpr uint32_t body_bytes = 7'654'321;
inline constexpr uint32_t locals = 50'000;
inline constexpr uint32_t nesting = 1'000'000;     ///< blocks inside each other
inline constexpr uint32_t subtype_depth = 64;      ///< a type and the super types above it
inline constexpr uint32_t fixed_elements = 10'000; ///< of array.new_fixed
} // namespace limits

/// What a binary is, as the layer in its header says.
enum class Layer : uint8_t { Module, Component };

/// Reads the header of a binary; refuses what is neither. [spec: binary/modules; component model: binary]
Result<Layer> decode_header(ByteReader& in);

/// Decodes a module that is `part` of the file: every section, with the offset of each item. All offsets, also those of errors, are
/// relative to the part; a caller who decodes a larger file adds the part's own. What it answers is well formed, not yet valid;
/// bodies are delimited (`FuncMeta::body_offset`, `code_offset`, `end_offset`), their instructions are decoded by
/// validation. Error texts are those of the official test suite. [spec: binary/modules]
Result<std::unique_ptr<Module>> decode_module(
    std::shared_ptr<const FileBytes> file, Bytes part, FeatureSet features = {});
/// Decodes a module that is a whole file.
Result<std::unique_ptr<Module>> decode_module(std::vector<uint8_t> bytes, FeatureSet features = {});

} // namespace vitrine::core
