// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

namespace vitrine::core::gdb {

/// Whether the program at the other end of a connected socket has launched this one for itself, as LLDB's `process launch`
/// does: it is an ancestor of this process, which it has put into a process group of its own within its session. Then
/// the two end together, and this process's terminal is the other program's. False when that cannot be found out.
bool is_launched_by_peer(int socket);

} // namespace vitrine::core::gdb
