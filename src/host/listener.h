// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "host/file.h"

#include <string>

namespace vitrine::core::host {

/// A TCP socket that listens on `PORT` (of 127.0.0.1), `ADDRESS:PORT` or `[ADDRESS]:PORT`; port 0 takes a free one.
Result<HostFd> listen_on(const std::string& address);
/// Where a socket listens, in the same form.
std::string address_of(const HostFd& socket);

} // namespace vitrine::core::host
