// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dap/terminal.h"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <optional>
#include <string>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace vitrine::core::dap {

namespace {

constexpr std::array streams { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO };
/// What is sent with the streams, and at each Ctrl-C.
constexpr char hello = 'v', interrupt = 'i';

/// A message of one byte, with room for the streams.
struct Message {
    char byte = hello;
    iovec part { &byte, 1 };
    alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof streams)> control {};
    msghdr header { .msg_name = nullptr,
        .msg_namelen = 0,
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control.data(),
        .msg_controllen = control.size(),
        .msg_flags = 0 };

    Message() = default;
    Message(const Message&) = delete;
    Message& operator=(const Message&) = delete;
};

/// The next byte from the other side; none when that has closed the connection.
std::optional<char> receive_byte(const net::Descriptor& socket)
{
    char byte = 0;
    ssize_t count = 0;
    do
        count = ::recv(socket.number(), &byte, 1, 0);
    while (count < 0 && errno == EINTR);
    return count == 1 ? std::optional(byte) : std::nullopt;
}

} // namespace

Terminal::~Terminal()
{
    ::shutdown(socket_.number(), SHUT_RDWR);
    if (thread_.joinable())
        thread_.join();
}

void Terminal::watch(std::function<void()> on_interrupt, std::function<void()> on_close)
{
    thread_ = std::thread([this, on_interrupt = std::move(on_interrupt), on_close = std::move(on_close)] {
        while (const auto byte = receive_byte(socket_))
            if (*byte == interrupt)
                on_interrupt();
        on_close();
    });
}

Result<Terminal::Streams> receive_streams(const net::Descriptor& socket)
{
    constexpr int patience = 5000;
    pollfd polled { socket.number(), POLLIN, 0 };
    Message message;
    if (::poll(&polled, 1, patience) <= 0
        || ::recvmsg(socket.number(), &message.header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) != 1)
        return failure("the process in the terminal does not answer");
    std::array<int, streams.size()> numbers { -1, -1, -1 };
    const cmsghdr* const first = CMSG_FIRSTHDR(&message.header);
    if (first && first->cmsg_level == SOL_SOCKET && first->cmsg_type == SCM_RIGHTS
        && first->cmsg_len == CMSG_LEN(sizeof numbers))
        std::memcpy(numbers.data(), CMSG_DATA(first), sizeof numbers);
    Terminal::Streams received { net::Descriptor(numbers[0]), net::Descriptor(numbers[1]),
        net::Descriptor(numbers[2]) };
    if (message.byte != hello || !received.in || !received.out || !received.err)
        return failure("the process in the terminal has not passed on its streams");
    return received;
}

Result<void> send_streams(const net::Descriptor& socket)
{
    Message message;
    cmsghdr* const first = CMSG_FIRSTHDR(&message.header);
    first->cmsg_level = SOL_SOCKET;
    first->cmsg_type = SCM_RIGHTS;
    first->cmsg_len = CMSG_LEN(sizeof streams);
    std::memcpy(CMSG_DATA(first), streams.data(), sizeof streams);
    if (::sendmsg(socket.number(), &message.header, MSG_NOSIGNAL) != 1)
        return failure(std::string("cannot pass on the standard streams: ") + std::strerror(errno));
    return {};
}

void send_interrupt(const net::Descriptor& socket)
{
    (void)::send(socket.number(), &interrupt, 1, MSG_NOSIGNAL);
}

void wait_for_end(const net::Descriptor& socket)
{
    while (receive_byte(socket)) {}
}

} // namespace vitrine::core::dap
