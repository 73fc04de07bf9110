// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "wasm/module.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine::core::dap {

/// A place in code as clients see it: a number, so that they can add to it. The module's number in
/// the program, plus 1, is in the bits from 32 on; the offset in the module is in the others.
struct CodeReference {
    uint32_t module = 0;
    CodeOffset offset = 0;

    std::string to_text() const;
    /// Fails for anything else, and for results outside of the module's 32 bits.
    static Result<CodeReference> parse(std::string_view text, int64_t bytes);
};

/// A place in a memory: `0.1:0x10a00` is in memory 1 of instance 0. A number alone is an address in
/// memory 0 of the instance in view.
struct MemoryReference {
    std::optional<uint32_t> instance {};
    uint32_t memory = 0;
    uint64_t address = 0;

    std::string to_text() const;
    static Result<MemoryReference> parse(std::string_view text);
};

std::string base64_of(Bytes bytes);
/// None for malformed text.
std::optional<std::vector<uint8_t>> bytes_of_base64(std::string_view text);

} // namespace vitrine::core::dap
