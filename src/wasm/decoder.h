// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "wasm/module.h"

#include <memory>

namespace vitrine::core {

/// Decodes a binary: every section, with the offset of each item. What it answers is well formed, not yet valid; bodies are delimited (`FuncMeta::body_offset`, `end_offset`), their
/// instructions are decoded by validation. Error texts are those of the official test suite. [spec: binary/modules]
Result<std::unique_ptr<Module>> decode_module(std::vector<uint8_t> bytes);

} // namespace vitrine::core
