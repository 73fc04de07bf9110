// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The version of Vitrine: of the headers, for the preprocessor, and of the library.
#pragma once

#include <vitrine/export.hpp>
#include <vitrine/version.h>

#include <string_view>

namespace vitrine {

/// The version of the library at run time, for example `0.1.0`. The text is followed by a zero
/// byte. With a shared library it can be newer than the version of the headers.
VITRINE_API std::string_view version();

} // namespace vitrine
