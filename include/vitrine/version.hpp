// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The version of Vitrine. CMakeLists.txt and the command take it from here.
#pragma once

#include <vitrine/export.hpp>

#include <string_view>

// The version of these headers. Macros, so that the preprocessor can compare them.
#define VITRINE_VERSION_MAJOR 0
#define VITRINE_VERSION_MINOR 1
#define VITRINE_VERSION_PATCH 0

namespace vitrine {

/// The version of the library that runs, as `0.1.0`; ends with a zero byte. With a shared library it may be later than that
/// of the headers.
VITRINE_API std::string_view version();

} // namespace vitrine
