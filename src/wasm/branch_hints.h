// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "wasm/module.h"

namespace vitrine::core {

/// Checks the custom section `metadata.code.branch_hint` of a valid module: its format, and that
/// each hint refers to an `if` or `br_if`. Validation and execution ignore the section.
/// [spec: appendix/custom, branch hints]
Result<void> check_branch_hints(const Module& module);

} // namespace vitrine::core
