// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "dap/launcher.h"

namespace vitrine::core::dap {

/// Serves one client, which writes to one descriptor and reads from the other, until it disconnects
/// in whatever way. Then the program ends. The descriptors can be equal; they stay open.
///
/// The first bytes must be those of the protocol, and an error in the framing ends the connection:
/// a web page cannot drive it.
void serve(Launcher& launcher, int input, int output);

} // namespace vitrine::core::dap
