// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "net/connection.h"

#include <gmock/gmock.h>

#include <chrono>
#include <future>
#include <thread>

#include <sys/socket.h>
#include <unistd.h>

namespace vitrine::core::net {
namespace {

using namespace std::chrono_literals;

/// An owner that writes down what it is told, and a peer on the other end of a pair of sockets.
struct ConnectionTest : testing::Test, Connection::Owner {
    ConnectionTest()
    {
        int ends[2];
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
        peer = ends[1];
        connection = std::make_shared<Connection>(
            Socket(io, Protocol(AF_UNIX, 0), ends[0]), static_cast<Connection::Owner&>(*this), backlog);
    }
    ~ConnectionTest() override { ::close(peer); }

    void on_input(Connection& told) override
    {
        EXPECT_EQ(&told, connection.get());
        told_of += "input ";
        if (reads_on)
            told.read();
    }
    void on_written(Connection&) override { told_of += "written "; }
    void on_lost(Connection&) override { told_of += "lost "; }

    void run() { io.restart(), io.run_for(5s); }
    void poll() { io.restart(), io.poll(); }
    void put(std::string_view text) const
    {
        EXPECT_EQ(::send(peer, text.data(), text.size(), MSG_NOSIGNAL), ssize_t(text.size()));
    }
    /// What the peer can read now.
    std::string take(size_t most = size_t { 1 } << 20) const
    {
        std::string text(most, '\0');
        const ssize_t size = ::recv(peer, text.data(), text.size(), MSG_DONTWAIT);
        text.resize(static_cast<size_t>(std::max<ssize_t>(size, 0)));
        return text;
    }
    /// Everything up to the end of the stream.
    std::string take_all()
    {
        std::string all;
        for (;;) {
            poll();
            const std::string more = take();
            all += more;
            char byte;
            if (more.empty() && ::recv(peer, &byte, 1, MSG_DONTWAIT) == 0)
                return all;
        }
    }

    boost::asio::io_context io;
    Backlog backlog;
    std::shared_ptr<Connection> connection;
    std::string told_of;
    int peer = -1;
    bool reads_on = false;
};

TEST_F(ConnectionTest, ReadsOnlyWhenAsked)
{
    put("abc");
    poll();
    EXPECT_EQ(told_of, "");
    connection->read();
    connection->read();
    poll();
    EXPECT_EQ(told_of, "input ");
    EXPECT_EQ(connection->input(), "abc");
    put("de");
    EXPECT_TRUE(connection->has_unread_input());
    poll();
    EXPECT_EQ(connection->input(), "abc");
    connection->read();
    poll();
    EXPECT_EQ(connection->input(), "abcde");
    EXPECT_FALSE(connection->is_closed_by_peer());
    ::shutdown(peer, SHUT_RDWR);
    EXPECT_TRUE(connection->is_closed_by_peer());
    connection->read();
    poll();
    EXPECT_EQ(told_of, "input input lost ");
    EXPECT_TRUE(connection->is_finished());
}

TEST_F(ConnectionTest, WritesInOrderAndHasNoRoomForEverMore)
{
    std::string all;
    int messages = 0;
    while (connection->has_room()) {
        all += std::string(10'000, static_cast<char>('a' + messages++ % 26));
        connection->send(all.substr(all.size() - 10'000));
        poll();
        ASSERT_LT(messages, 1000) << "a peer that reads nothing is not served for ever";
    }
    std::string taken;
    while (taken.size() < all.size()) {
        taken += take(7'000);
        poll();
    }
    EXPECT_EQ(taken, all);
    EXPECT_TRUE(connection->has_room());
    EXPECT_EQ(backlog.messages(), size_t(messages));
}

TEST_F(ConnectionTest, OutputTakesUpNoRoomButCounts)
{
    const std::string much(Backlog::limit, 'x');
    ASSERT_TRUE(backlog.add(much.size(), [] { return true; }));
    connection->send(much, much.size());
    EXPECT_TRUE(connection->has_room());
    EXPECT_EQ(backlog.unwritten(), much.size());
    // What is finished holds up nobody, though the peer still gets it.
    connection->finish();
    EXPECT_EQ(backlog.unwritten(), 0u);
    EXPECT_EQ(take_all(), much);
    EXPECT_EQ(told_of, "") << "nothing is told after the finish";
}

TEST_F(ConnectionTest, WhatCountsUntilTheEndIsToldIfItIsNotRead)
{
    const std::string much(Backlog::full, 'x');
    ASSERT_TRUE(backlog.add(much.size(), [] { return false; }));
    connection->send(much, much.size());
    connection->finish(true);
    EXPECT_EQ(backlog.unwritten(), much.size());
    EXPECT_EQ(take_all(), much);
    EXPECT_EQ(backlog.unwritten(), 0u);
}

TEST_F(ConnectionTest, FinishesWithoutLosingWhatWasSent)
{
    connection->read();
    put("unread by the owner");
    connection->send("farewell");
    connection->finish();
    EXPECT_TRUE(connection->is_finished());
    EXPECT_EQ(take_all(), "farewell");
    // It waits for the peer's end, for a moment only.
    const auto start = std::chrono::steady_clock::now();
    run();
    EXPECT_LT(std::chrono::steady_clock::now() - start, 2s);
    EXPECT_EQ(told_of, "");
}

TEST_F(ConnectionTest, IsLostOnceIfThePeerIsGone)
{
    connection->read();
    ASSERT_TRUE(backlog.add(5, [] { return false; }));
    connection->send(std::string(size_t { 1 } << 22, 'x'));
    connection->send("12345", 5);
    ::shutdown(peer, SHUT_RDWR);
    run();
    EXPECT_EQ(told_of, "lost ");
    EXPECT_EQ(backlog.unwritten(), 0u) << "nobody waits for what cannot be written";
}

TEST_F(ConnectionTest, TellsNothingOnceItIsDropped)
{
    connection->read();
    put("abc");
    connection->send("x");
    connection->drop();
    run();
    EXPECT_EQ(told_of, "");
    EXPECT_TRUE(connection->is_finished());
}

TEST(Backlog, MakesAProducerWait)
{
    Backlog backlog;
    ASSERT_TRUE(backlog.add(Backlog::full + 1, [] { return false; }));
    auto waiting = std::async(std::launch::async, [&] { return backlog.add(1, [] { return false; }); });
    EXPECT_EQ(waiting.wait_for(30ms), std::future_status::timeout);
    backlog.remove(1);
    EXPECT_TRUE(waiting.get());
    EXPECT_EQ(backlog.unwritten(), Backlog::full + 1);
}

TEST(Backlog, LetsAProducerGoThatIsAskedForSomething)
{
    Backlog backlog;
    std::atomic<bool> is_asked = false;
    ASSERT_TRUE(backlog.add(Backlog::full + 1, [] { return false; }));
    auto waiting =
        std::async(std::launch::async, [&] { return backlog.add(1, [&] { return is_asked.load(); }); });
    EXPECT_EQ(waiting.wait_for(30ms), std::future_status::timeout);
    is_asked = true;
    EXPECT_TRUE(waiting.get()) << "its bytes are kept";
    // Up to a limit.
    EXPECT_TRUE(backlog.add(Backlog::limit, [] { return true; }));
    EXPECT_FALSE(backlog.add(7, [] { return true; }));
    EXPECT_EQ(backlog.unwritten(), Backlog::full + 2 + Backlog::limit + 7) << "lost bytes count";
}

TEST(Backlog, HoldsUpNobodyOnceItIsClosed)
{
    Backlog backlog;
    ASSERT_TRUE(backlog.add(Backlog::full + 1, [] { return false; }));
    auto waiting = std::async(std::launch::async, [&] { return backlog.add(3, [] { return false; }); });
    EXPECT_EQ(waiting.wait_for(30ms), std::future_status::timeout);
    backlog.close();
    EXPECT_FALSE(waiting.get());
    EXPECT_EQ(backlog.unwritten(), Backlog::full + 4);
}

} // namespace
} // namespace vitrine::core::net
