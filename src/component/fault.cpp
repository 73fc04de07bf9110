// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "component/fault.h"

namespace vitrine::core::component {

std::string to_text(const Fault& fault)
{
    constexpr std::string_view texts[] = {
#define FAULT(name, text) text,
#include "component/faults.inc"
    };
    std::string text(texts[static_cast<size_t>(fault.kind)]);
    if (const size_t at = text.find('#'); at != text.npos)
        text.replace(at, 1, std::to_string(fault.number));
    return text;
}

Trap trap_of(const Fault& fault) { return { .kind = TrapKind::HostError, .message = to_text(fault) }; }

} // namespace vitrine::core::component
