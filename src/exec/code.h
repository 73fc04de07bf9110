// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "runtime/instance.h"

namespace vitrine::core {

/// The byte that stands for a marked instruction's opcode in a function's own copy of its code; no opcode.
inline constexpr uint8_t mark_opcode = 0xff;

/// Marks the instruction that starts at `offset`: the probe fires when it is reached. The function gets a copy of its
/// code; the module's bytes never change. Only while the store's guest is not executing an instruction.
void mark(Function& function, CodeOffset offset);
/// Removes the mark, and the copy with the last one.
void unmark(Function& function, CodeOffset offset);
bool is_marked(const Function& function, CodeOffset offset);

/// The function's bytes as they are in the module, from the body's first byte on.
inline const uint8_t* original_code(const Function& function)
{
    return function.instance->module->bytes().data() + function.meta->body_offset;
}

} // namespace vitrine::core
