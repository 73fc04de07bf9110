// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "wasm/module.h"

namespace vitrine::core {

/// Checks the custom section `metadata.code.branch_hint` of a valid module, which says of branches how likely they are:
/// its form, and that each hint is at an `if` or `br_if`. Execution ignores it, and so does validation.
/// [spec: appendix/custom, branch hints]
Result<void> check_branch_hints(const Module& module);

} // namespace vitrine::core
