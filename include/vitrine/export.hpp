// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which symbols the shared library shows.
#pragma once

/// Marks what a shared library of Vitrine exports; everything else in it is hidden. A macro, as C++ has no other way to say it.
#define VITRINE_API __attribute__((visibility("default")))
