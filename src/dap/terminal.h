// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/result.h"
#include "net/connect.h"

#include <functional>
#include <thread>
#include <utility>

namespace vitrine::core::dap {

/// [doc] A program in the client's terminal
///
/// The client opens a terminal and runs a command of ours in it (`runInTerminal`). That process
/// runs nothing: it passes its standard streams to the adapter through a Unix socket, tells it of
/// every Ctrl-C, and ends with the connection. The program runs in the adapter's process as always,
/// and uses the streams, so that it can be restarted in the same terminal.
///
/// The socket is in the folder of the register (net/guests.h), which only the user can enter.

/// The streams of a process that holds a terminal.
class Terminal {
public:
    struct Streams {
        net::Descriptor in {}, out {}, err {};
    };

    Terminal(net::Descriptor socket, Streams streams)
        : socket_(std::move(socket)), streams_(std::move(streams))
    {}
    /// Lets the process in the terminal end.
    ~Terminal();
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;

    const Streams& streams() const { return streams_; }
    /// Starts a thread that calls these: at each Ctrl-C, and when the terminal is closed.
    void watch(std::function<void()> on_interrupt, std::function<void()> on_close);

private:
    const net::Descriptor socket_;
    const Streams streams_;
    std::thread thread_;
};

/// Receives the streams of the process at the other end.
Result<Terminal::Streams> receive_streams(const net::Descriptor& socket);

// In the terminal.

/// Passes the standard streams of this process to the adapter.
Result<void> send_streams(const net::Descriptor& socket);
void send_interrupt(const net::Descriptor& socket);
/// Returns when the adapter has closed the connection.
void wait_for_end(const net::Descriptor& socket);

} // namespace vitrine::core::dap
