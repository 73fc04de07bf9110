// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <vitrine/version.hpp>

namespace vitrine {

#define TEXT_OF(number) #number
#define VERSION_TEXT(major, minor, patch) TEXT_OF(major) "." TEXT_OF(minor) "." TEXT_OF(patch)

std::string_view version()
{
    return VERSION_TEXT(VITRINE_VERSION_MAJOR, VITRINE_VERSION_MINOR, VITRINE_VERSION_PATCH);
}

} // namespace vitrine
