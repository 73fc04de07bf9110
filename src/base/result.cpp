// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "base/result.h"

#include "base/text.h"

#include <cstdio>
#include <cstdlib>

namespace vitrine::core {

std::string Error::to_text() const
{
    if (!offset)
        return message;
    return message + (is_in_text ? " (at position " + std::to_string(*offset) : " (at offset " + hex(*offset))
        + ")";
}

void assertion_failed(const char* expression, const char* file, int line)
{
    std::fprintf(stderr, "vitrine: internal error: assertion failed: %s (%s:%d)\n", expression, file, line);
    std::abort();
}

} // namespace vitrine::core
