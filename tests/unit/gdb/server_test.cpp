// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "gdb/server.h"

#include "base/text.h"
#include "gdb/packet.h"
#include "unit/gdb/door.h"

#include <gmock/gmock.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <future>

namespace vitrine::core::gdb {
namespace {

using test::Debugged;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;
using namespace std::chrono_literals;

/// A client with a real socket, on the bytes themselves.
class Client {
public:
    explicit Client(const Server& server)
    {
        const std::string& address = server.address();
        const int port = std::stoi(address.substr(address.rfind(':') + 1));
        sockaddr_in to {};
        to.sin_family = AF_INET;
        to.sin_port = htons(static_cast<uint16_t>(port));
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        constexpr int on = 1;
        ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        EXPECT_EQ(::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
    }
    ~Client() { vanish(); }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    void send(std::string_view bytes) const
    {
        while (!bytes.empty()) {
            const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0)
                return;
            bytes.remove_prefix(static_cast<size_t>(sent));
        }
    }
    void send_packet(std::string_view payload) const { send(encode_packet(payload)); }

    /// The payload of the next packet; `closed` at the end of the stream, `nothing` when none comes
    /// in time.
    std::string receive(std::chrono::milliseconds patience = 20s)
    {
        for (;;) {
            std::string_view input = received_;
            const auto item = reader_.next(input);
            received_.erase(0, received_.size() - input.size());
            if (item && item->kind == Item::Kind::Packet)
                return item->payload;
            if (item)
                others_.push_back(item->kind);
            if (item || !received_.empty())
                continue;
            pollfd poll { socket_, POLLIN, 0 };
            if (::poll(&poll, 1, static_cast<int>(patience.count())) == 0)
                return "nothing";
            char buffer[4096];
            const ssize_t size = ::recv(socket_, buffer, sizeof buffer, 0);
            if (size <= 0)
                return "closed";
            received_.assign(buffer, static_cast<size_t>(size));
        }
    }

    std::string ask(std::string_view payload)
    {
        send_packet(payload);
        return receive();
    }

    /// As LLDB begins.
    void stop_acks()
    {
        send("+");
        EXPECT_EQ(ask("QStartNoAckMode"), "OK");
        send("+");
    }

    void vanish()
    {
        if (socket_ >= 0)
            ::close(socket_);
        socket_ = -1;
    }

    /// What else has come: acknowledgements.
    std::vector<Item::Kind> others_;

private:
    int socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    PacketReader reader_;
    std::string received_;
};

struct ServerTest : testing::Test {
    void open(Process process = Process::Call)
    {
        auto opened = Server::open(*guest.session, "127.0.0.1:0", process);
        ASSERT_TRUE(opened) << opened.error().to_text();
        server = std::move(*opened);
    }
    std::unique_ptr<Client> connect() const
    {
        auto client = std::make_unique<Client>(*server);
        client->stop_acks();
        return client;
    }
    /// On the function that `run` calls.
    std::string set_breakpoint() const
    {
        return "Z0," + hex_digits(Debugged::code(guest.meta(1).code_offset), 16) + ",1";
    }
    std::string trap_of(const debug::Event& event) const
    {
        const auto& outcome = std::get<debug::Outcome>(event);
        return outcome ? "none" : std::string(to_text(std::get<Trap>(outcome.error()).kind));
    }

    Debugged guest;
    std::unique_ptr<Server> server;
};

TEST_F(ServerTest, AddressesAreReadAndToldBack)
{
    const auto address_of = [&](std::string_view text) {
        const auto opened = Server::open(*guest.session, text, Process::Call);
        return opened ? (*opened)->address() : opened.error().message;
    };
    for (const auto text : { "0", ":0", "127.0.0.1:0" })
        EXPECT_THAT(address_of(text), testing::MatchesRegex("127\\.0\\.0\\.1:[0-9]+")) << text;
    for (const auto text :
        { "", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:http" })
        EXPECT_THAT(address_of(text), HasSubstr("'" + std::string(text) + "'")) << text;
    EXPECT_THAT(address_of("::1:0"), HasSubstr("[ADDRESS]:PORT"));
    EXPECT_THAT(address_of("203.0.113.1:0"), StartsWith("cannot listen on 203.0.113.1:0: "));
    open();
    EXPECT_THAT(address_of(server->address()), StartsWith("cannot listen on " + server->address() + ": "));
    EXPECT_TRUE(server->is_local());
    server.reset();
    const auto everywhere = Server::open(*guest.session, "0.0.0.0:0", Process::Call);
    ASSERT_TRUE(everywhere);
    EXPECT_FALSE((*everywhere)->is_local());
}

TEST_F(ServerTest, PacketsAreAcknowledgedUntilTheClientWantsItNoMore)
{
    open();
    guest.start("run", { Value::i32(21) });
    Client client(*server);
    EXPECT_THAT(client.ask("qSupported"), HasSubstr("PacketSize="));
    EXPECT_THAT(client.others_, testing::ElementsAre(Item::Kind::Ack));
    // A damaged packet is refused, and a damaged answer sent again.
    client.send("$qC#00");
    EXPECT_EQ(client.ask("qfThreadInfo"), "m1");
    EXPECT_THAT(client.others_, testing::ElementsAre(Item::Kind::Ack, Item::Kind::Nack, Item::Kind::Ack));
    client.send("-");
    EXPECT_EQ(client.receive(), "m1");
    client.others_.clear();
    EXPECT_EQ(client.ask("QStartNoAckMode"), "OK");
    client.send("+");
    EXPECT_THAT(client.others_, testing::ElementsAre(Item::Kind::Ack));
    client.others_.clear();
    client.send("$qC#00");
    EXPECT_EQ(client.receive(), "QC1");
    EXPECT_TRUE(client.others_.empty());
    // A stop is told without an acknowledgement before it, which came at once.
    EXPECT_THAT(client.ask("?"), StartsWith("T05"));
    EXPECT_EQ(client.ask("c"), "W00");
}

TEST_F(ServerTest, EachPacketHasOneAnswerHoweverTheyArrive)
{
    open();
    guest.start("run", { Value::i32(21) });
    auto client = connect();
    EXPECT_THAT(client->ask("?"), StartsWith("T05"));
    std::string all;
    for (int i = 0; i < 200; ++i)
        all += encode_packet("qC") + encode_packet("no-such-packet") + encode_packet("m10,5")
            + encode_packet("m");
    client->send(all);
    for (int i = 0; i < 200; ++i)
        for (const auto expected : { "QC1", "", "68656c6c6f", "E01" })
            ASSERT_EQ(client->receive(), expected);
    for (const char& byte : encode_packet("m10,5"))
        client->send({ &byte, 1 });
    EXPECT_EQ(client->receive(), "68656c6c6f");
    EXPECT_EQ(client->receive(50ms), "nothing");
}

TEST_F(ServerTest, AClientThatReadsNothingIsNotServedWithoutEnd)
{
    open();
    guest.start("run", { Value::i32(21) });
    auto client = connect();
    EXPECT_THAT(client->ask("?"), StartsWith("T05"));
    // 4000 answers of 128 KB each, if they were all made.
    std::string all;
    for (int i = 0; i < 4000; ++i)
        all += encode_packet("m0,10000");
    auto sender = std::async(std::launch::async, [&] { client->send(all); });
    EXPECT_EQ(client->receive().size(), 0x1fffa);
    for (int i = 0; i < 100; ++i)
        ASSERT_EQ(client->receive().size(), 0x1fffa);
    client->send(encode_packet("k"));
    sender.wait();
}

TEST_F(ServerTest, AnOversizePacketHasAnAnswerToo)
{
    open();
    guest.start("run", { Value::i32(21) });
    auto client = connect();
    client->send(encode_packet("M0,80000:" + std::string(0x100000, '0')));
    EXPECT_EQ(client->receive(), "E01");
    EXPECT_EQ(client->ask("qC"), "QC1");
}

TEST_F(ServerTest, ASecondClientIsRefusedAndTheFirstNotDisturbed)
{
    open();
    guest.start("run", { Value::i32(21) });
    auto first = connect();
    Client second(*server);
    second.send(encode_packet("qC"));
    EXPECT_EQ(second.receive(), "closed");
    EXPECT_EQ(first->ask("qC"), "QC1");
    EXPECT_EQ(first->ask("D"), "OK");
    EXPECT_EQ(first->receive(), "closed");
}

TEST_F(ServerTest, OnlyADebuggerIsAnswered)
{
    open();
    guest.start("spin", {});
    const std::string padding(16384 - encode_packet("qSupported:").size(), 'a');
    for (const std::string& bytes : {
             std::string("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
             std::string("$"
                         " / HTTP/1.1\r\n\r\n")
                 + encode_packet("QStartNoAckMode"),
             encode_packet("k"),
             encode_packet("qC"),
             "++" + encode_packet("QStartNoAckMode"),
             "-" + encode_packet("QStartNoAckMode"),
             "\3" + encode_packet("QStartNoAckMode"),
             std::string("$QStartNoAckMode#00"),
             encode_packet("QStartNoAckMode") + "+",
             encode_packet("QStartNoAckMode") + " / HTTP/1.1\r\n",
             encode_packet("QStartNoAckMode") + encode_packet("k"),
             encode_packet("qSupported:" + padding) + encode_packet("k"),
         }) {
        Client stranger(*server);
        stranger.send(bytes);
        EXPECT_EQ(stranger.receive(), "closed") << bytes.substr(0, 60);
        EXPECT_TRUE(stranger.others_.empty()) << bytes.substr(0, 60);
    }
    auto client = connect();
    EXPECT_THAT(client->ask("?"), StartsWith("T05"));
    EXPECT_EQ(client->ask("k"), "X09");
}

TEST_F(ServerTest, AByteOfNoPacketEndsTheConnection)
{
    open();
    guest.start("spin", {});
    for (const auto* noise : { " ", "\r", "G", "#", "\x7f" }) {
        Client stranger(*server);
        EXPECT_EQ(stranger.ask("QStartNoAckMode"), "OK");
        stranger.send(noise + encode_packet("k"));
        EXPECT_EQ(stranger.receive(), "closed") << noise;
    }
    auto client = connect();
    EXPECT_THAT(client->ask("?"), StartsWith("T05"));
    EXPECT_EQ(client->ask("k"), "X09");
}

TEST_F(ServerTest, AUnixSocketIsADoorOfItsOwn)
{
    const std::string path = testing::TempDir() + "vitrine-door-" + std::to_string(::getpid());
    for (int i = 0; i < 2; ++i) {
        auto opened = Server::open(*guest.session, path, Process::Call);
        ASSERT_TRUE(opened) << opened.error().to_text();
        EXPECT_EQ((*opened)->address(), path);
        EXPECT_TRUE((*opened)->is_local());
        struct stat status {};
        EXPECT_EQ(::stat(path.c_str(), &status), 0);
        EXPECT_EQ(status.st_mode, S_IFSOCK | S_IRUSR | S_IWUSR);
        const auto taken = Server::open(*guest.session, path, Process::Call);
        ASSERT_FALSE(taken);
        EXPECT_EQ(taken.error().message, "cannot listen on " + path + ": another program listens there");
        opened->reset();
        EXPECT_NE(::stat(path.c_str(), &status), 0);
        // A socket that was left behind is replaced.
        sockaddr_un address { .sun_family = AF_UNIX, .sun_path = {} };
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        const int left_behind = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        EXPECT_EQ(::bind(left_behind, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
        ::close(left_behind);
    }
    ::unlink(path.c_str());
    // Any other file stays.
    std::ofstream(path) << "mine";
    EXPECT_FALSE(Server::open(*guest.session, path, Process::Call));
    std::string text;
    std::ifstream(path) >> text;
    EXPECT_EQ(text, "mine");
    ::unlink(path.c_str());
    const auto long_one = Server::open(*guest.session, "/" + std::string(200, 'x'), Process::Call);
    ASSERT_FALSE(long_one);
    EXPECT_THAT(long_one.error().message, HasSubstr("at most 107 bytes"));
}

TEST_F(ServerTest, OneServerControlsTheGuestAtATime)
{
    open();
    const auto second = Server::open(*guest.session, "0", Process::Call);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().message, "the guest is controlled by LLDB");
    server.reset();
    open(Process::Owner);
    const auto other = Server::open(*guest.session, "0", Process::Owner);
    ASSERT_TRUE(other);
    auto first = connect();
    {
        Client late(**other);
        EXPECT_EQ(late.ask("QStartNoAckMode"), "closed");
    }
    EXPECT_EQ(first->ask("D"), "OK");
    EXPECT_EQ(first->receive(), "closed");
    Client next(**other);
    EXPECT_EQ(next.ask("QStartNoAckMode"), "OK");
}

TEST_F(ServerTest, ASilentConnectionMakesRoom)
{
    open();
    guest.start("run", { Value::i32(21) });
    Client silent(*server);
    auto client = connect();
    EXPECT_EQ(client->ask("qC"), "QC1");
    EXPECT_EQ(silent.receive(), "closed");
}

TEST_F(ServerTest, AClientMayVanishAtAnyByte)
{
    open();
    guest.start("spin", {});
    const std::string bytes = "+" + encode_packet("QStartNoAckMode") + "+" + encode_packet("?")
        + encode_packet("m10,5") + encode_packet(set_breakpoint()) + encode_packet("c");
    for (size_t size = 0; size <= bytes.size(); ++size) {
        Client client(*server);
        client.send(std::string_view(bytes).substr(0, size));
    }
    auto client = connect();
    EXPECT_THAT(client->ask("?"), StartsWith("T0"));
    EXPECT_EQ(client->ask("m10,5"), "68656c6c6f");
    EXPECT_TRUE(guest.session->breakpoints().empty());
    EXPECT_EQ(client->ask("k"), "X09");
    EXPECT_EQ(trap_of(*guest.session->wait()), "stopped by the debugger");
}

TEST_F(ServerTest, TheGuestOfAVanishedClientWaitsForTheNext)
{
    open();
    guest.start("spin", {});
    auto first = connect();
    EXPECT_THAT(first->ask("?"), StartsWith("T05"));
    first->send_packet("c");
    EXPECT_EQ(first->receive(20ms), "nothing");
    first->vanish();
    auto second = connect();
    EXPECT_THAT(second->ask("?"), AllOf(StartsWith("T02"), EndsWith("reason:signal;")));
    second->vanish();
    auto third = connect();
    EXPECT_THAT(third->ask("?"), StartsWith("T02"));
    EXPECT_EQ(third->ask("D"), "OK");
    EXPECT_EQ(third->receive(), "closed");
    EXPECT_TRUE(guest.session->is_running());
    // The guest runs on, and a connection that sends nothing does not stop it.
    {
        Client knocking(*server);
        knocking.send("+");
    }
    std::this_thread::sleep_for(20ms);
    EXPECT_TRUE(guest.session->is_running());
    auto fourth = connect();
    EXPECT_THAT(fourth->ask("?"), StartsWith("T02"));
    EXPECT_EQ(fourth->ask("k"), "X09");
}

TEST_F(ServerTest, InterruptsStopTheGuestOnce)
{
    open();
    guest.start("spin", {});
    auto client = connect();
    EXPECT_THAT(client->ask("?"), StartsWith("T05"));
    client->send("\3");
    EXPECT_EQ(client->receive(20ms), "nothing");
    for (int i = 0; i < 50; ++i) {
        client->send_packet("c");
        client->send("\3\3");
        ASSERT_THAT(client->receive(), StartsWith("T02"));
        client->send("\3");
        ASSERT_EQ(client->ask("qC"), "QC1");
    }
    EXPECT_EQ(client->ask("k"), "X09");
}

TEST_F(ServerTest, OutputComesInOrderBeforeTheStop)
{
    open();
    constexpr int lines = 300;
    guest.on_tick = [&, count = 0](HostCall&) mutable -> HostOutcome {
        server->send_output(bytes_of(std::to_string(count++) + "\n"));
        if (count == lines)
            server->send_output(bytes_of(std::string(max_packet_size * 2, 'x')));
        return Returned {};
    };
    std::string wat = "(module (import \"host\" \"tick\" (func $tick (param i32))) (func (export \"talk\")";
    for (int i = 0; i < lines; ++i)
        wat += " i32.const 0 call $tick";
    guest.instance = &guest.instantiate(wat + "))");
    guest.start("talk", {});
    auto client = connect();
    EXPECT_THAT(client->ask("?"), StartsWith("T05"));
    client->send_packet("c");
    std::string text;
    std::string payload;
    while ((payload = client->receive()).starts_with("O")) {
        EXPECT_LE(payload.size(), max_payload_size);
        for (size_t i = 1; i + 1 < payload.size(); i += 2)
            text += static_cast<char>(std::stoi(payload.substr(i, 2), nullptr, 16));
    }
    EXPECT_EQ(payload, "W00");
    std::string expected;
    for (int i = 0; i < lines; ++i)
        expected += std::to_string(i) + "\n";
    EXPECT_EQ(text, expected + std::string(max_packet_size * 2, 'x'));
}

TEST_F(ServerTest, OutputForAClientThatVanishesHoldsNobodyUp)
{
    open();
    const std::string much(size_t { 1 } << 20, 'x');
    guest.on_tick = [&](HostCall&) -> HostOutcome {
        server->send_output(bytes_of(much));
        return Returned {};
    };
    guest.instance = &guest.instantiate(R"((module (import "host" "tick" (func $tick (param i32)))
        (func (export "talk") (loop $again i32.const 0 call $tick br $again))))");
    guest.start("talk", {});
    auto first = connect();
    EXPECT_THAT(first->ask("?"), StartsWith("T05"));
    first->send_packet("c");
    // The guest waits for a client that reads nothing, until there is none.
    std::this_thread::sleep_for(50ms);
    first->vanish();
    auto second = connect();
    EXPECT_THAT(second->ask("?"), StartsWith("T02"));
    EXPECT_EQ(second->ask("k"), "X09");
}

TEST_F(ServerTest, TheClientHearsOfTheEndBeforeTheDoorCloses)
{
    for (int i = 0; i < 5; ++i) {
        open();
        guest.on_tick = [](HostCall&) -> HostOutcome {
            return Trap { .kind = TrapKind::Exit, .exit_status = 42 };
        };
        guest.start("tick", { Value::i32(0) });
        auto client = connect();
        EXPECT_THAT(client->ask("?"), StartsWith("T05"));
        client->send_packet("c");
        EXPECT_EQ(trap_of(*guest.session->wait()), "exit");
        server.reset();
        ASSERT_EQ(client->receive(), "W2a");
        EXPECT_EQ(client->receive(), "closed");
    }
}

TEST_F(ServerTest, AClosedDoorGivesTheStopsBack)
{
    open();
    guest.start("run", { Value::i32(21) });
    auto client = connect();
    EXPECT_THAT(client->ask("?"), StartsWith("T05"));
    EXPECT_EQ(client->ask(set_breakpoint()), "OK");
    server.reset();
    EXPECT_EQ(client->receive(), "closed");
    EXPECT_TRUE(guest.session->breakpoints().empty());
    EXPECT_TRUE(std::holds_alternative<debug::StopReason>(*guest.session->wait()));
}

TEST_F(ServerTest, AnOwnerWithoutClientHasHisStops)
{
    open(Process::Owner);
    guest.start("trap", { Value::i32(0) });
    EXPECT_TRUE(std::holds_alternative<debug::StopReason>(*guest.session->wait()));
    // A client that comes now finds the guest as it is, and takes the stops over.
    auto client = connect();
    EXPECT_THAT(client->ask("?"), StartsWith("T05"));
    EXPECT_THAT(client->ask("c"), HasSubstr(";reason:exception;"));
    client->send_packet("c");
    EXPECT_EQ(trap_of(*guest.session->wait()), "integer divide by zero");
}

TEST_F(ServerTest, AnOwnerWaitsUntilTheClientHasSaidWhatItWants)
{
    open(Process::Owner);
    auto waiting = std::async(std::launch::async, [&] { server->wait_for_client(); });
    {
        auto first = connect();
        EXPECT_THAT(first->ask("?"), StartsWith("T02"));
    }
    EXPECT_EQ(waiting.wait_for(20ms), std::future_status::timeout);
    auto client = connect();
    EXPECT_THAT(client->ask("?"), StartsWith("T02"));
    EXPECT_EQ(waiting.wait_for(20ms), std::future_status::timeout);
    client->send_packet("c");
    EXPECT_EQ(waiting.wait_for(20s), std::future_status::ready);
    guest.start("trap", { Value::i32(0) }, false);
    EXPECT_THAT(client->receive(), HasSubstr(";reason:exception;"));
    client->send_packet("c");
    EXPECT_EQ(trap_of(*guest.session->wait()), "integer divide by zero");
    EXPECT_EQ(client->receive(20ms), "nothing");
    client->send("\3");
    EXPECT_THAT(client->receive(), StartsWith("T02"));
}

TEST_F(ServerTest, ADoorThatClosesWaitsForNobody)
{
    open(Process::Owner);
    auto waiting = std::async(std::launch::async, [&waited = *server] { waited.wait_for_client(); });
    std::this_thread::sleep_for(10ms);
    Client silent(*server);
    const auto start = std::chrono::steady_clock::now();
    server.reset();
    EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
    waiting.wait();
}

} // namespace
} // namespace vitrine::core::gdb
