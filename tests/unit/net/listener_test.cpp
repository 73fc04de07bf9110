// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "net/listener.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace vitrine::core::net {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::StartsWith;

TEST(Addresses, AreParsed)
{
    const auto text_of = [](std::string_view text) -> std::string {
        const auto address = parse_address(text);
        if (!address)
            return address.error().message;
        if (const auto* path = std::get_if<SocketPath>(&*address))
            return "path " + path->path;
        const auto& tcp = std::get<TcpAddress>(*address);
        return tcp.host + " port " + std::to_string(tcp.port);
    };
    EXPECT_EQ(text_of("0"), "127.0.0.1 port 0");
    EXPECT_EQ(text_of(":65535"), "127.0.0.1 port 65535");
    EXPECT_EQ(text_of("localhost:1"), "localhost port 1");
    EXPECT_EQ(text_of("[::1]:1"), "::1 port 1");
    for (const auto* path : { "/tmp/door", "./door", "door.sock", ".sock", "127.0.0.1/1", "a:1/b", "d/" })
        EXPECT_EQ(text_of(path), std::string("path ") + path);
    for (const auto* bad : { "", "door", "door.sock2", "127.0.0.1", "1:", "h:65536", "h:-1", "h:+1", "h: 1",
             "h:1 ", "h:http", "m.wasm" })
        EXPECT_EQ(text_of(bad), std::string("no port between 0 and 65535 in '") + bad + "'");
    EXPECT_EQ(text_of("::1:0"), "an IPv6 address is written as [ADDRESS]:PORT: ::1:0");
    EXPECT_EQ(text_of(std::string_view("/tmp/a\0b", 8)), "the address contains a null character");
}

/// A folder of its own, which goes with the test.
struct ListenerTest : testing::Test {
    ListenerTest()
    {
        std::string name = testing::TempDir() + "vitrine-net-XXXXXX";
        EXPECT_TRUE(::mkdtemp(name.data()));
        folder = fs::canonical(name);
    }
    ~ListenerTest() override { fs::remove_all(folder); }

    std::string error_of(const std::string& address)
    {
        Listener listener(io);
        const auto opened = listener.open(address);
        return opened ? "" : opened.error().message;
    }
    /// A file of a socket on which nobody listens.
    static void leave_behind(const std::string& path)
    {
        sockaddr_un address { .sun_family = AF_UNIX, .sun_path = {} };
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        EXPECT_EQ(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
        ::close(socket);
    }
    static mode_t mode_of(const std::string& path)
    {
        struct stat status {};
        return ::lstat(path.c_str(), &status) == 0 ? status.st_mode : 0;
    }

    fs::path folder;
    boost::asio::io_context io;
};

TEST_F(ListenerTest, APortIsToldBackAndTakenOnce)
{
    Listener first(io), everywhere(io);
    ASSERT_TRUE(first.open("0"));
    EXPECT_THAT(first.address(), testing::MatchesRegex("127\\.0\\.0\\.1:[0-9]+"));
    EXPECT_TRUE(first.is_local());
    EXPECT_THAT(error_of(first.address()), StartsWith("cannot listen on " + first.address() + ": "));
    ASSERT_TRUE(everywhere.open("0.0.0.0:0"));
    EXPECT_FALSE(everywhere.is_local());
    EXPECT_THAT(error_of("203.0.113.1:0"), StartsWith("cannot listen on 203.0.113.1:0: "));
}

TEST_F(ListenerTest, ASocketsFileIsOfThisUserAloneAndGoesWithIt)
{
    const std::string path = folder / "door";
    {
        Listener listener(io);
        ASSERT_TRUE(listener.open(path));
        EXPECT_EQ(listener.address(), path);
        EXPECT_TRUE(listener.is_local());
        EXPECT_EQ(mode_of(path), mode_t { S_IFSOCK | S_IRUSR | S_IWUSR });
    }
    EXPECT_EQ(mode_of(path), 0u);
    Listener closed(io);
    ASSERT_TRUE(closed.open(path));
    closed.close();
    EXPECT_EQ(mode_of(path), 0u);
}

TEST_F(ListenerTest, APathMayBeRelativeOrEndInSock)
{
    const fs::path here = fs::current_path();
    fs::current_path(folder);
    for (const char* path : { "./door", "door.sock", ".sock", "sub/../door" }) {
        Listener listener(io);
        ASSERT_TRUE(listener.open(path)) << path;
        EXPECT_EQ(listener.address(), (folder / path).lexically_normal());
        EXPECT_TRUE(S_ISSOCK(mode_of(listener.address())));
    }
    fs::current_path(here);
}

TEST_F(ListenerTest, AStaleSocketIsReplacedAndALiveOneIsNot)
{
    const std::string path = folder / "door.sock";
    leave_behind(path);
    Listener listener(io);
    ASSERT_TRUE(listener.open(path));
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(error_of(path), "cannot listen on " + path + ": another program listens there");
    EXPECT_TRUE(S_ISSOCK(mode_of(path))) << "it still listens";
    // Not even when it accepts nothing, so that its queue is full.
    std::vector<int> clients;
    sockaddr_un address { .sun_family = AF_UNIX, .sun_path = {} };
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    do
        clients.push_back(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    while (clients.size() < 10'000
        && ::connect(clients.back(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    EXPECT_EQ(error_of(path), "cannot listen on " + path + ": another program listens there");
    for (const int client : clients)
        ::close(client);
}

TEST_F(ListenerTest, WhatIsNoSocketStays)
{
    const std::string file = folder / "file.sock";
    std::ofstream(file) << "mine";
    fs::create_directory(folder / "dir");
    fs::create_symlink("nowhere", folder / "link");
    for (const char* name : { "file.sock", "dir", "link" }) {
        const std::string path = folder / name;
        EXPECT_EQ(error_of(path), "cannot listen on " + path + ": the file exists and is not a socket");
    }
    std::string text;
    std::ifstream(file) >> text;
    EXPECT_EQ(text, "mine");
    EXPECT_THAT(error_of(folder / "no" / "door"), HasSubstr("No such file or directory"));
    EXPECT_THAT(error_of("/" + std::string(200, 'x')), HasSubstr("at most 107 bytes"));
}

TEST_F(ListenerTest, TheFileOfAnotherListenerStays)
{
    const std::string path = folder / "door";
    Listener first(io), second(io);
    ASSERT_TRUE(first.open(path));
    ASSERT_EQ(::unlink(path.c_str()), 0);
    ASSERT_TRUE(second.open(path));
    first.close();
    EXPECT_TRUE(S_ISSOCK(mode_of(path)));
}

TEST_F(ListenerTest, ConnectionsAreTakenUntilItCloses)
{
    const std::string path = folder / "door";
    Listener listener(io);
    ASSERT_TRUE(listener.open(path));
    int count = 0;
    listener.accept([&](const Socket&) { ++count; });
    listener.accept([&](Socket socket) {
        EXPECT_EQ(::fcntl(socket.native_handle(), F_GETFD), FD_CLOEXEC);
        count += 10;
        if (count == 30)
            listener.close();
    });
    const boost::asio::local::stream_protocol::endpoint to(path);
    boost::asio::local::stream_protocol::socket first(io), second(io), third(io), late(io);
    first.connect(to);
    second.connect(to);
    third.connect(to);
    io.run();
    EXPECT_EQ(count, 30);
    boost::system::error_code error;
    late.connect(to, error);
    EXPECT_TRUE(error);
}

} // namespace
} // namespace vitrine::core::net
