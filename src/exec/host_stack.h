// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstddef>

namespace vitrine::core {

/// Whether the calling thread's own stack has room for another entry into the guest and the host
/// functions that it may call. Also true when the thread runs on a stack other than the one that
/// the system gave it (a fiber, a signal handler's stack), as the size of such a stack is unknown.
bool has_host_stack();

} // namespace vitrine::core
