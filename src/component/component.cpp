// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "component/component.h"

namespace vitrine::core::component {

std::string_view to_text(CanonOp op)
{
    constexpr std::string_view texts[] = {
#define CANON(name, code, text, immediates, rule, signature) text,
#include "component/canon.inc"
    };
    return texts[static_cast<size_t>(op)];
}

std::string_view to_text(CanonOptionKind kind)
{
    constexpr std::string_view texts[] = { "utf8", "utf16", "latin1-utf16", "memory", "realloc",
        "post-return", "async", "callback" };
    return texts[static_cast<size_t>(kind)];
}

} // namespace vitrine::core::component
