// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <string>

namespace vitrine::cli {

/// The terminal's debugger on a guest that runs already: a client of its door for editors. `which`
/// is a process id, a name, a port or a socket; empty for the only guest that there is. Returns the
/// exit status.
int debug_attached(const std::string& which);

} // namespace vitrine::cli
