// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "exec/thread.h"

namespace vitrine::core {

/// For tiers, with the thread's state complete: throws. True when a frame catches it that no host function separates from here: the
/// thread's state is the beginning of the handler then. Otherwise the frames up to the host function end with `Thread::trap`, and the
/// probe has been told before anything was unwound, unless a guest further out catches it. Nobody does behind a boundary
/// (`HostFunction::is_boundary`). `seen` is the trap with which the exception has come to a host function that throws it on.
/// [spec: exec/instructions, throw_ref]
bool throw_exception(Thread& thread, ExceptionObject& exception, Trap seen = {});

/// `throw`: makes the exception of the values below `sp`, and throws it.
bool throw_new_exception(Thread& thread, const Tag& tag);

} // namespace vitrine::core
