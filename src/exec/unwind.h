// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "exec/thread.h"

namespace vitrine::core {

/// For tiers: throws `exception` at `Thread::state`, which must be complete. Returns true when the
/// guest continues at `Thread::state`: a frame catches the exception with no host function in
/// between, or the probe has moved the guest. Otherwise the frames up to the innermost host
/// function end with `Thread::trap`; the exception does not pass a boundary
/// (`HostFunction::is_boundary`). Before anything is unwound the probe fires: with `Cause::Throw`
/// if any guest frame catches the exception, otherwise with `Cause::Trap`. `seen` is the trap with
/// which the exception reached a host function that rethrows it. [spec: exec/instructions,
/// throw_ref]
bool throw_exception(Thread& thread, ExceptionObject& exception, Trap seen = {});

/// `throw`: makes an exception with the values below `sp`, and throws it.
bool throw_new_exception(Thread& thread, const Tag& tag);

} // namespace vitrine::core
