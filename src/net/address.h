// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/result.h"

#include <string>
#include <string_view>
#include <variant>

namespace vitrine::core::net {

struct TcpAddress {
    /// A host name or IP address, IPv6 without brackets; 127.0.0.1 if none was given.
    std::string host;
    /// 0 stands for any free port.
    uint16_t port = 0;
};

struct SocketPath {
    std::string path;
};

using Address = std::variant<TcpAddress, SocketPath>;

/// Parses `HOST:PORT`, `[HOST]:PORT`, `PORT`, or the path of a Unix socket. A path contains a `/`
/// or ends in `.sock`.
Result<Address> parse_address(std::string_view text);

} // namespace vitrine::core::net
