// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Symbol visibility of the shared library.
#pragma once

/// Marks a symbol that the shared library exports. All other symbols are hidden.
#define VITRINE_API __attribute__((visibility("default")))
