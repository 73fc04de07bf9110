// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <string>
#include <string_view>

namespace vitrine::core::dwarf {

/// A name as it is written in C++ or Rust. A name that is not mangled is returned unchanged.
std::string demangled(std::string_view name);

} // namespace vitrine::core::dwarf
