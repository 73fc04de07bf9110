// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>
#include <string>

namespace vitrine::core::test {

/// A module with functions `f0`, `f1`, ... without parameters. In a loop of `turns` iterations they
/// do random things to a memory, a global, a table and their locals, and call other functions. Some
/// of them trap. Each returns an i64.
std::string random_module(uint32_t seed, int functions, uint32_t turns = 5);

} // namespace vitrine::core::test
