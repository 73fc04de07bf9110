// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "eval/syntax.h"

#include <string>

namespace vitrine::core::eval {

/// `a.b.c` if that is what the node says; else empty. Zig writes scopes so.
std::string dotted_name(const Node& node);

} // namespace vitrine::core::eval
