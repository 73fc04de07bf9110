// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine::core::test {

/// The binary of a module written as text, made by wasm-tools; aborts with its message when the text is wrong.
std::vector<uint8_t> wasm_of(std::string_view wat);

/// The text of a binary that is well formed, made by wasm-tools.
std::string wat_of(const std::vector<uint8_t>& wasm);

/// Whether wasm-tools holds the binary for valid, with features as its option `--features` takes them.
bool is_valid_for_wasm_tools(const std::vector<uint8_t>& wasm, std::string_view features);

/// What wasm-tools says against a script of modules and assertions on them; messages of errors do not count. Empty when it
/// agrees (without its custom descriptors, which relax casts); else what fails, each with the line behind the directive, which may be a comment on it.
std::string wast_outcome_of_wasm_tools(std::string_view script);

} // namespace vitrine::core::test
