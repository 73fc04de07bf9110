// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "wasm/module.h"

#include <memory>

namespace vitrine::core {

/// Implementation limits. A module that exceeds one is rejected with an error that names the limit.
namespace limits {
inline constexpr uint64_t module_bytes = (1u << 30) - 1;
inline constexpr uint32_t items = 1'000'000; ///< per index space, section, imports, exports
inline constexpr uint32_t segment_items = 10'000'000;
inline constexpr uint32_t params = 1000; ///< also results
inline constexpr uint32_t fields = 10'000;
inline constexpr uint32_t body_bytes = 7'654'321;
inline constexpr uint32_t locals = 50'000;
inline constexpr uint32_t nesting = 1'000'000;     ///< nested blocks
inline constexpr uint32_t subtype_depth = 64;      ///< a type and its chain of supertypes
inline constexpr uint32_t fixed_elements = 10'000; ///< operands of array.new_fixed
} // namespace limits

/// The kind of a binary according to the layer field of its header.
enum class Layer : uint8_t { Module, Component };

/// Decodes the header of a binary. Fails if it is neither a module nor a component.
/// [spec: binary/modules; component model: binary]
Result<Layer> decode_header(ByteReader& in);

/// Decodes a module that is `part` of a file: every section, and the offset of each item. All
/// offsets, including those of errors, are relative to the part. A caller that decodes part of a
/// larger file adds the offset of the part.
///
/// The result is well-formed but not yet valid. Function bodies are only delimited
/// (`FuncMeta::body_offset`, `code_offset`, `end_offset`); validation decodes their instructions.
/// Error messages are those of the official test suite. [spec: binary/modules]
Result<std::unique_ptr<Module>> decode_module(
    std::shared_ptr<const FileBytes> file, Bytes part, FeatureSet features = {});
/// Decodes a module that is a whole file.
Result<std::unique_ptr<Module>> decode_module(std::vector<uint8_t> bytes, FeatureSet features = {});

} // namespace vitrine::core
