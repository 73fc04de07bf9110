// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/result.h"

#include <string_view>

namespace vitrine::core {

struct Engine;

/// Tells perf or GDB of the machine code that the engine makes from now on: see jit/profile.h for
/// the kinds. To be called before the engine has stores. Fails if the kind is unknown, if a file
/// cannot be written, or if the engine does not compile.
Result<void> profile_code(Engine& engine, std::string_view kind);

} // namespace vitrine::core
