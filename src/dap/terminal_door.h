// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/result.h"
#include "net/connect.h"
#include "net/listener.h"

#include <optional>
#include <string>

namespace vitrine::core::dap {

/// Where the process in a terminal connects; see dap/terminal.h.
class TerminalDoor {
public:
    TerminalDoor() : listener_(io_) {}

    Result<void> open();
    /// The path of the socket.
    const std::string& address() const { return listener_.address(); }
    /// Waits for a connection, for at most a tenth of a second.
    std::optional<net::Descriptor> accept();

private:
    boost::asio::io_context io_;
    net::Listener listener_;
    std::optional<net::Descriptor> accepted_;
};

} // namespace vitrine::core::dap
