// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine::core::test {

/// The binary of a text module, made by wasm-tools. Aborts with its message if the text is wrong.
std::vector<uint8_t> wasm_of(std::string_view wat);

/// The text of a well-formed binary, made by wasm-tools.
std::string wat_of(const std::vector<uint8_t>& wasm);

/// Whether wasm-tools accepts the binary as valid. `features` is passed to its option `--features`.
bool is_valid_for_wasm_tools(const std::vector<uint8_t>& wasm, std::string_view features);

/// Runs a script of modules and assertions with wasm-tools, without comparing error messages. Empty
/// if it agrees (without its custom descriptors, which relax casts). Otherwise the failures, each
/// with the line after the directive, which may be a comment on it.
std::string wast_outcome_of_wasm_tools(std::string_view script);

} // namespace vitrine::core::test
