// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/trap.h"

namespace vitrine::core {

std::string_view to_text(TrapKind kind)
{
    switch (kind) {
    case TrapKind::None: return "none";
#define TRAP(name, text) \
    case TrapKind::name: return text;
#include "runtime/traps.inc"
    }
    std::unreachable();
}

Trap trap_of(Thrown thrown)
{
    return { .kind = thrown.is_out_of_memory ? TrapKind::OutOfMemory : TrapKind::HostError,
        .message = std::move(thrown.text) };
}

std::string Trap::to_text() const
{
    if (kind == TrapKind::Exit)
        return "exit status " + std::to_string(exit_status);
    return message.empty() ? std::string(core::to_text(kind)) : message;
}

} // namespace vitrine::core
