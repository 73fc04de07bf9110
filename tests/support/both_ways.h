// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "wasm/decoder.h"
#include "wasm/validator.h"

#include <string>

namespace vitrine::core::test {

/// Validates the module with the fast path and in three parts, and once more without it and in one
/// part. Both must give the same result.
inline Result<std::unique_ptr<Module>> validate_both_ways(
    const std::vector<uint8_t>& bytes, TypeRegistry& types, FeatureSet features = {})
{
    auto fast = TRY(decode_module(bytes, features));
    auto plain = TRY(decode_module(bytes, features));
    const auto outcome = validate_module(*fast, types, features, { .uses_fast_path = true, .parts = 3 });
    const auto expected = validate_module(*plain, types, features, { .uses_fast_path = false, .parts = 1 });
    ASSERT(outcome.has_value() == expected.has_value());
    if (!outcome) {
        ASSERT(outcome.error().to_text() == expected.error().to_text());
        return std::unexpected(outcome.error());
    }
    ASSERT(fast->bodies == plain->bodies);
    ASSERT(fast->branches == plain->branches);
    ASSERT(fast->loops == plain->loops);
    ASSERT(fast->handlers == plain->handlers);
    ASSERT(fast->catches == plain->catches);
    ASSERT(fast->wide_locals == plain->wide_locals);
    return fast;
}

} // namespace vitrine::core::test
