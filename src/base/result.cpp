// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "base/result.h"

#include "base/text.h"

#include <cstdio>
#include <cstdlib>

namespace vitrine::core {

std::string Error::to_text() const
{
    return offset ? message + " (at offset " + hex(*offset) + ")" : message;
}

void assertion_failed(const char* expression, const char* file, int line)
{
    std::fprintf(stderr, "vitrine: internal error: assertion failed: %s (%s:%d)\n", expression, file, line);
    std::abort();
}

} // namespace vitrine::core
