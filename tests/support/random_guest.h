// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>
#include <string>

namespace vitrine::core::test {

/// A module of functions `f0`, `f1`, ... without arguments that do random things to a memory, a global, a table and their
/// locals, in a loop of so many turns; they call another function, and some of them trap. Each has an i64 for its result.
std::string random_module(uint32_t seed, int functions, uint32_t turns = 5);

} // namespace vitrine::core::test
