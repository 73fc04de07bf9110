// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine::core::test {

/// A module that clang compiles of a C or C++ source without a library. `name` (`a.c`) is how debug
/// information calls it, `options` are more arguments of the compiler (`-gdwarf-5 -O1`). None if
/// the machine has no clang for WebAssembly; the reason is printed. Aborts if the source is wrong,
/// and if VITRINE_REQUIRE_SHARED is set.
std::optional<std::vector<uint8_t>> compiled(
    std::string_view name, std::string_view source, const std::string& options);

/// A module with split debug information: its file `.dwo`, and a package with it.
struct CompiledSplit {
    std::vector<uint8_t> module, split, package;
};
std::optional<CompiledSplit> compiled_split(
    std::string_view name, std::string_view source, const std::string& options);

} // namespace vitrine::core::test
