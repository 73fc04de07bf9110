// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "net/backlog.h"
#include "net/listener.h"

#include <boost/asio.hpp>

#include <array>
#include <deque>
#include <memory>
#include <string>

namespace vitrine::core::net {

/// [doc] A connection with back-pressure
///
/// Reads on demand, and writes queued messages in order. A peer that does not read delays nobody
/// and uses up no memory. While too many answers are queued there is no room (`has_room`), and the
/// owner leaves further requests unread. Output from another thread is counted in a `Backlog`,
/// whose producer waits. A peer that takes nothing for 30 seconds is lost.
///
/// Runs on the thread of the socket's `io_context`, and lives as long as it reads or writes.
class Connection : public std::enable_shared_from_this<Connection> {
public:
    /// Who uses the connection. Not called any more once the connection is finished or dropped.
    class Owner {
    public:
        virtual ~Owner() = default;
        /// More of `input` has arrived.
        virtual void on_input(Connection& connection) = 0;
        /// A message was written: there may be room again.
        virtual void on_written(Connection& connection) = 0;
        /// The peer is gone. The connection has been dropped.
        virtual void on_lost(Connection& connection) = 0;
    };

    /// The owner and the backlog must outlive the thread's `io_context`.
    Connection(Socket socket, Owner& owner, Backlog& backlog);

    /// What has arrived and was not used yet. The owner takes off what it uses.
    std::string& input() { return input_; }
    /// Reads more, unless it does so already.
    void read();
    /// Whether more has arrived than was read.
    bool has_unread_input() const;
    /// Whether the peer has closed its side, though there may be something left to read.
    bool is_closed_by_peer();

    /// Whether few enough bytes are queued to answer another request. Output does not count, so
    /// that requests of a peer that does not read it are still served.
    bool has_room() const { return unsent_bytes_ < max_unsent; }
    /// Queues a message. `output` says how many bytes of the backlog it carries.
    void send(std::string bytes, size_t output = 0);

    /// Reads nothing more, and closes when everything is written. With `counts_output` the backlog
    /// counts what is left as unwritten until then.
    void finish(bool counts_output = false);
    /// Closes at once. What is queued is lost.
    void drop();
    bool is_finished() const { return is_finished_; }

    int descriptor() { return socket_.native_handle(); }

private:
    /// Answers that are queued; with more there is no room.
    static constexpr size_t max_unsent = size_t { 1 } << 20;

    struct Message {
        std::string bytes;
        /// Bytes of the backlog that it carries and that somebody may have to wait for.
        size_t output = 0;
        /// What counts towards `max_unsent`.
        size_t answer_bytes = output == 0 ? bytes.size() : 0;
    };

    void write();
    void on_written(boost::system::error_code error);
    void say_farewell();
    void drain();
    void lose();

    Socket socket_;
    Owner& owner_;
    Backlog& backlog_;
    /// While a message is written, or the peer's end is awaited.
    boost::asio::steady_timer timer_;
    std::array<char, 16384> chunk_;
    std::string input_;
    std::deque<Message> unsent_;
    size_t unsent_bytes_ = 0;
    bool is_reading_ = false;
    bool is_finished_ = false;
};

} // namespace vitrine::core::net
