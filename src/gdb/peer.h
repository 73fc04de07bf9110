// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

namespace vitrine::core::gdb {

/// Whether the program at the other end of a connected socket has launched this process, as LLDB's
/// `process launch` does. It has if it is an ancestor of this process and has put it into a process
/// group of its own in the same session. The two then end together, and this process's terminal
/// belongs to the other program. False if this cannot be determined.
bool is_launched_by_peer(int socket);

} // namespace vitrine::core::gdb
