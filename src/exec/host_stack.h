// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstddef>

namespace vitrine::core {

/// Whether the calling thread's own stack has room for another entry into the guest and the host functions that it calls.
/// True also when this is not the stack that the system gave the thread (a fiber, a signal handler's stack): nothing is
/// known of the room there.
bool has_host_stack();

} // namespace vitrine::core
