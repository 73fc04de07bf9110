// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "exec/frame.h"

namespace vitrine::core {

/// For tiers, with the thread's state complete: throws. True when the innermost activation catches it: the thread's
/// state is the beginning of the handler then. Otherwise the activation ends with `Thread::trap`, and the probe has been told
/// before anything was unwound, unless a guest further out catches it. `seen` is the trap with which the exception has come
/// out of another activation. [spec: exec/instructions, throw_ref]
bool throw_exception(Thread& thread, ExceptionObject& exception, Trap seen = {});

/// `throw`: makes the exception of the values below `sp`, and throws it.
bool throw_new_exception(Thread& thread, const Tag& tag);

/// Where the frame may go on when what it calls throws.
std::vector<CodeOffset> landings_of(const Frame& frame);

} // namespace vitrine::core
