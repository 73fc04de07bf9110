// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "exec/guard.h"
#include "runtime/instance.h"

namespace vitrine::core {

/// Replaces the first opcode byte of a marked instruction in a function's private copy of its code.
/// Not a valid opcode.
inline constexpr uint8_t mark_opcode = 0xff;

/// Marks the instruction that starts at `offset`: the probe fires when execution reaches it and the
/// guard, if not empty, may hold. Replaces the guard of an earlier mark; doing so without a guard
/// needs no memory. The mark is set in a private copy of the function's code; the module's bytes
/// never change. Call only while the store's guest is not executing an instruction.
void mark(Function& function, CodeOffset offset, GuardView guard = {});
/// Removes the mark. Removing the last one also frees the private copy. Needs no memory.
void unmark(Function& function, CodeOffset offset);
bool is_marked(const Function& function, CodeOffset offset);
/// The guard of the mark, or nothing. Valid until a mark in the function changes.
GuardView guard_of(const Function& function, CodeOffset offset);

/// In front of the code in a function's private copy.
struct CodeCopy {
    /// Frames whose locals are behind these meet no mark whose guard holds: a step waits in a frame
    /// further out, and the function calls itself.
    const Slot* last_frame = nullptr;

    static const Slot* any_frame() { return reinterpret_cast<const Slot*>(UINTPTR_MAX & ~uintptr_t { 7 }); }
};
static_assert(sizeof(CodeCopy) % sizeof(uint64_t) == 0);

/// Whether a frame of a function that has marks needs none of them.
inline bool is_behind_marks(const Function& function, const Slot* locals)
{
    return locals > reinterpret_cast<const CodeCopy*>(function.code - sizeof(CodeCopy))->last_frame;
}

/// The function's code as it is in the module, starting at the body's first byte.
inline const uint8_t* original_code(const Function& function)
{
    return function.instance->module->bytes().data() + function.meta->body_offset;
}

} // namespace vitrine::core
