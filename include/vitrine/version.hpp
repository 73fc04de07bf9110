// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The version of Vitrine. CMakeLists.txt and the command-line tool read it from this header.
#pragma once

#include <vitrine/export.hpp>

#include <string_view>

// The version of these headers. Macros, so that the preprocessor can compare them.
#define VITRINE_VERSION_MAJOR 0
#define VITRINE_VERSION_MINOR 1
#define VITRINE_VERSION_PATCH 0

namespace vitrine {

/// The version of the library at run time, for example `0.1.0`. The text is followed by a zero
/// byte. With a shared library it can be newer than the version of the headers.
VITRINE_API std::string_view version();

} // namespace vitrine
