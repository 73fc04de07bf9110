// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "net/connection.h"

#include <chrono>
#include <utility>

#include <poll.h>

namespace vitrine::core::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

/// How long a peer may take none of what is written to it.
constexpr std::chrono::seconds patience { 30 };
/// How long a peer may take to close its side.
constexpr std::chrono::milliseconds farewell { 250 };

} // namespace

Connection::Connection(Socket socket, Owner& owner, Backlog& backlog)
    : socket_(std::move(socket)), owner_(owner), backlog_(backlog), timer_(socket_.get_executor())
{
    error_code ignored;
    socket_.set_option(tcp::no_delay(true), ignored);
    socket_.set_option(asio::socket_base::keep_alive(true), ignored);
}

// Reading.

bool Connection::has_unread_input() const
{
    error_code ignored;
    return socket_.available(ignored) != 0;
}

bool Connection::is_closed_by_peer()
{
    pollfd poll { socket_.native_handle(), POLLRDHUP, 0 };
    return ::poll(&poll, 1, 0) == 1;
}

void Connection::read()
{
    if (std::exchange(is_reading_, true))
        return;
    socket_.async_read_some(
        asio::buffer(chunk_), [this, self = shared_from_this()](error_code error, size_t size) {
            is_reading_ = false;
            if (is_finished_)
                return;
            if (error)
                return lose();
            input_.append(chunk_.data(), size);
            owner_.on_input(*this);
        });
}

// Writing.

void Connection::send(std::string bytes, size_t output)
{
    unsent_.push_back({ .bytes = std::move(bytes), .output = output });
    unsent_bytes_ += unsent_.back().answer_bytes;
    if (unsent_.size() == 1)
        write();
}

void Connection::write()
{
    timer_.expires_after(patience);
    timer_.async_wait([this, self = shared_from_this()](error_code stopped) {
        if (!stopped)
            lose();
    });
    asio::async_write(socket_, asio::buffer(unsent_.front().bytes),
        [this, self = shared_from_this()](error_code error, size_t) { on_written(error); });
}

void Connection::on_written(error_code error)
{
    if (error)
        return lose();
    // Dropped after it was written.
    if (unsent_.empty())
        return;
    timer_.cancel();
    backlog_.note_message();
    unsent_bytes_ -= unsent_.front().answer_bytes;
    backlog_.remove(unsent_.front().output);
    unsent_.pop_front();
    if (!unsent_.empty())
        write();
    else if (is_finished_)
        say_farewell();
    if (!is_finished_)
        owner_.on_written(*this);
}

// The end.

void Connection::finish(bool counts_output)
{
    is_finished_ = true;
    for (Message& message : unsent_)
        if (!counts_output)
            backlog_.remove(std::exchange(message.output, 0));
    if (unsent_.empty())
        say_farewell();
}

/// Waits for the peer's end: to close with something unread would lose what was sent.
void Connection::say_farewell()
{
    error_code ignored;
    socket_.cancel(ignored);
    socket_.shutdown(Socket::shutdown_send, ignored);
    timer_.expires_after(farewell);
    timer_.async_wait([this, self = shared_from_this()](error_code stopped) {
        error_code ignored;
        if (!stopped)
            socket_.close(ignored);
    });
    drain();
}

/// Reads what nobody wants any more, up to the peer's end.
void Connection::drain()
{
    socket_.async_read_some(
        asio::buffer(chunk_), [this, self = shared_from_this()](error_code error, size_t) {
            if (error)
                timer_.cancel();
            else
                drain();
        });
}

void Connection::drop()
{
    error_code ignored;
    socket_.close(ignored);
    timer_.cancel();
    is_finished_ = true;
    for (const Message& message : unsent_)
        backlog_.remove(message.output);
    unsent_.clear();
    unsent_bytes_ = 0;
}

void Connection::lose()
{
    const bool was_finished = is_finished_;
    drop();
    if (!was_finished)
        owner_.on_lost(*this);
}

} // namespace vitrine::core::net
