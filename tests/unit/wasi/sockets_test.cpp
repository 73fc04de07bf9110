// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "host/listener.h"
#include "world.h"

#include <gmock/gmock.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <thread>

namespace vitrine::core::wasi::test {
namespace {

/// A guest with a listening socket at descriptor 3, and a client.
struct Served {
    explicit Served(const char* address = "127.0.0.1:0")
    {
        auto socket = host::listen_on(address);
        EXPECT_TRUE(socket) << socket.error().to_text();
        listener = *std::move(socket);
        Config config;
        config.sockets = { listener.get() };
        world.emplace(std::move(config));
    }

    HostFd connect() const
    {
        sockaddr_in to {};
        socklen_t length = sizeof to;
        EXPECT_EQ(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&to), &length), 0);
        HostFd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        EXPECT_EQ(::connect(client.get(), reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
        return client;
    }

    HostFd listener;
    std::optional<World> world;
};

TEST(Sockets, AreAcceptedReadWrittenAndShutDown)
{
    Served served;
    World& guest = *served.world;
    const HostFd client = served.connect();
    ASSERT_EQ(guest("sock_accept", 3, 0, 2000), Errno::Success);
    ASSERT_EQ(guest.result(), 4u);
    EXPECT_NE(::fcntl(guest.host().files().find(Fd { 4 }).value()->descriptor(), F_GETFD) & FD_CLOEXEC, 0);

    ASSERT_EQ(::send(client.get(), "hello world", 11, 0), 11);
    guest.put_buffer(4000, 5);
    EXPECT_EQ(guest("sock_recv", 4, 3000, 1, receive_flags::peek, 2000, 2004), Errno::Success);
    EXPECT_EQ(guest.read_text(), "hello");
    EXPECT_EQ(guest("sock_recv", 4, 3000, 1, 0, 2000, 2004), Errno::Success);
    EXPECT_EQ(guest.read_text(), "hello") << "peeking leaves it there";
    EXPECT_EQ(guest.get<uint16_t>(2004), 0);
    EXPECT_EQ(guest.read(4), Errno::Success);
    EXPECT_EQ(guest.read_text(), " world");

    guest.put_text(4000, "answer");
    guest.put_buffer(4000, 6);
    EXPECT_EQ(guest("sock_send", 4, 3000, 1, 0, 2000), Errno::Success);
    EXPECT_EQ(guest.result(), 6u);
    EXPECT_EQ(guest.write(4, "!"), Errno::Success);
    EXPECT_EQ(guest("sock_shutdown", 4, shutdown_flags::writing), Errno::Success);
    char text[10];
    EXPECT_EQ(::recv(client.get(), text, sizeof text, MSG_WAITALL), 7);
    EXPECT_EQ(std::string_view(text, 7), "answer!");
    EXPECT_EQ(guest.write(4, "x"), Errno::Pipe);
    EXPECT_EQ(::shutdown(client.get(), SHUT_WR), 0);
    EXPECT_EQ(guest("sock_recv", 4, 3000, 1, 0, 2000, 2004), Errno::Success);
    EXPECT_EQ(guest.result(), 0u) << "the end";
}

TEST(Sockets, ThatWaitAreWoken)
{
    Served served;
    World& guest = *served.world;
    ASSERT_EQ(guest("fd_fdstat_set_flags", 3, 0), Errno::Success) << "it wants to wait in sock_accept";
    std::optional<HostFd> client;
    std::thread connecting([&] { client = served.connect(); });
    EXPECT_EQ(guest("sock_accept", 3, 0, 2000), Errno::Success);
    connecting.join();
    std::thread sending([&] {
        EXPECT_EQ(::send(client->get(), "abc", 3, 0), 3);
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        EXPECT_EQ(::send(client->get(), "def", 3, 0), 3);
    });
    guest.put_buffer(4000, 6);
    EXPECT_EQ(guest("sock_recv", 4, 3000, 1, receive_flags::wait_all, 2000, 2004), Errno::Success);
    EXPECT_EQ(guest.read_text(), "abcdef");
    sending.join();
    guest.host().files().find(Fd { 3 }).value()->set_nonblocking(true);
    EXPECT_EQ(guest("sock_accept", 3, 0, 2000), Errno::Again);
}

TEST(Sockets, ThatDoNotWaitAcceptWhoIsThere)
{
    for (const bool is_listener_blocking : { false, true }) {
        Served served;
        if (is_listener_blocking) {
            ASSERT_EQ(::fcntl(served.listener.get(), F_SETFL, 0), 0);
            Config config;
            config.sockets = { served.listener.get() };
            served.world.emplace(std::move(config));
        }
        World& guest = *served.world;
        ASSERT_EQ(guest("fd_fdstat_get", 3, 2000), Errno::Success);
        EXPECT_EQ(guest.get<uint16_t>(2002), is_listener_blocking ? 0 : fd_flags::nonblock)
            << "the guest sees how the host has it";
        ASSERT_EQ(guest("fd_fdstat_set_flags", 3, fd_flags::nonblock), Errno::Success);
        for (const uint32_t flags : { 0u, fd_flags::nonblock }) {
            EXPECT_EQ(guest("sock_accept", 3, flags, 2000), Errno::Again) << "nobody is there";
            const HostFd first = served.connect(), second = served.connect();
            for (int i = 0; i < 2; ++i) {
                ASSERT_EQ(guest("sock_accept", 3, flags, 2000), Errno::Success);
                const uint32_t connection = guest.result();
                ASSERT_EQ(guest("fd_fdstat_get", connection, 2000), Errno::Success);
                EXPECT_EQ(guest.get<uint16_t>(2002), flags);
            }
            EXPECT_EQ(guest("sock_accept", 3, flags, 2000), Errno::Again);
        }
    }
}

TEST(Sockets, ArePolled)
{
    Served served;
    World& guest = *served.world;
    // A subscription to read from 3, and a clock of one millisecond.
    const auto subscribe = [&](uint32_t fd) {
        std::memset(guest.memory().writable_base() + 5000, 0, 96);
        guest.put(5000, uint64_t { 11 });
        guest.put(5008, uint8_t { 1 });
        guest.put(5016, fd);
        guest.put(5048, uint64_t { 12 });
        guest.put(5064, uint32_t { 1 });
        guest.put(5072, uint64_t { 1'000'000 });
        return guest("poll_oneoff", 5000, 6000, 2, 2000);
    };
    EXPECT_EQ(subscribe(3), Errno::Success);
    EXPECT_EQ(guest.result(), 1u);
    EXPECT_EQ(guest.get<uint64_t>(6000), 12u);
    const HostFd client = served.connect();
    EXPECT_EQ(subscribe(3), Errno::Success);
    EXPECT_EQ(guest.get<uint64_t>(6000), 11u);
    ASSERT_EQ(guest("sock_accept", 3, fd_flags::nonblock, 2000), Errno::Success);
    EXPECT_EQ(guest.read(4), Errno::Again);
    ASSERT_EQ(::send(client.get(), "four", 4, 0), 4);
    EXPECT_EQ(subscribe(4), Errno::Success);
    EXPECT_EQ(guest.get<uint64_t>(6000), 11u);
    EXPECT_EQ(guest.get<uint64_t>(6016), 4u) << "bytes to read";
}

TEST(Sockets, RefuseWhatIsWrong)
{
    Served served;
    World& guest = *served.world;
    const HostFd client = served.connect();
    ASSERT_EQ(guest("sock_accept", 3, 0, 2000), Errno::Success);
    guest.put_buffer(4000, 5);
    EXPECT_EQ(guest("sock_accept", 4, 0, 2000), Errno::Inval) << "it does not listen";
    EXPECT_EQ(guest("sock_accept", 3, 1, 2000), Errno::Inval) << "no such flag";
    EXPECT_EQ(guest("sock_accept", 9, 0, 2000), Errno::Badf);
    EXPECT_EQ(guest("sock_accept", 0, 0, 2000), Errno::Notsock);
    EXPECT_EQ(guest("sock_recv", 4, 3000, 1, 4, 2000, 2004), Errno::Inval);
    EXPECT_EQ(guest("sock_recv", 9, 3000, 1, 0, 2000, 2004), Errno::Badf);
    EXPECT_EQ(guest("sock_send", 4, 3000, 1, 1, 2000), Errno::Inval);
    EXPECT_EQ(guest("sock_shutdown", 4, 0), Errno::Inval);
    EXPECT_EQ(guest("sock_shutdown", 4, 4), Errno::Inval);
    for (const Slot bad : { Slot { 0xfffffff0 }, Slot { 2 * 65536 - 1 } }) {
        EXPECT_EQ(guest.call("sock_accept", { 3, 0, bad }), Errno::Fault);
        EXPECT_EQ(guest.call("sock_recv", { 4, bad, 1, 0, 2000, 2004 }), Errno::Fault);
        EXPECT_EQ(guest.call("sock_recv", { 4, 3000, 1, 0, bad, 2004 }), Errno::Fault);
        EXPECT_EQ(guest.call("sock_recv", { 4, 3000, 1, 0, 2000, bad }), Errno::Fault);
        EXPECT_EQ(guest.call("sock_send", { 4, bad, 1, 0, 2000 }), Errno::Fault);
        EXPECT_EQ(guest.call("sock_send", { 4, 3000, 1, 0, bad }), Errno::Fault);
    }
    Config config;
    const HostFd file(::open("/dev/null", O_RDWR | O_CLOEXEC));
    config.sockets = { file.get() };
    const auto refused = Preview1::create(std::move(config));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message, "socket " + std::to_string(file.get()) + " is not a socket");
}

} // namespace
} // namespace vitrine::core::wasi::test
