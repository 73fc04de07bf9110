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

} // namespace vitrine::core::test
