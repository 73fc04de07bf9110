// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "host/file.h"

#include <string>

namespace vitrine::core::host {

/// A TCP socket that listens on `PORT` (of 127.0.0.1), `ADDRESS:PORT` or `[ADDRESS]:PORT`. Port 0
/// selects a free port.
Result<HostFd> listen_on(const std::string& address);
/// The address on which a socket listens, in the same form.
std::string address_of(const HostFd& socket);

} // namespace vitrine::core::host
