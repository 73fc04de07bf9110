// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "unit/wasi2/guest.h"

#include <algorithm>

namespace vitrine::core::wasi2::test {
namespace {

using Strings = std::vector<std::string>;
using Variables = std::vector<std::tuple<std::string, std::string>>;

TEST(Wasi2System, Environment)
{
    host::Config config;
    config.args = { "program", "\xc3\xa4\xff", "" };
    config.env = { { "A", "1" }, { "B", "\xe2\x82" } };
    Guest guest(std::move(config));
    EXPECT_EQ((Strings { "program", "\xc3\xa4\xef\xbf\xbd", "" }), guest.call<Strings>("get-arguments"));
    EXPECT_EQ((Variables { { "A", "1" }, { "B", "\xef\xbf\xbd\xef\xbf\xbd" } }),
        guest.call<Variables>("get-environment"));
    EXPECT_EQ(std::nullopt, guest.call<std::optional<std::string>>("initial-cwd"));
}

TEST(Wasi2System, Exit)
{
    Guest guest;
    using Status = ComponentResult<void, void>;
    guest.call<void>("exit", Status(ok()));
    ASSERT_TRUE(guest.trap);
    EXPECT_EQ(TrapKind::Exit, guest.trap->kind);
    EXPECT_EQ(0, guest.trap->exit_status);
    guest.call<void>("exit", Status(err()));
    EXPECT_EQ(1, guest.trap->exit_status);
    guest.call<void>("exit-with-code", uint8_t { 42 });
    EXPECT_EQ(42, guest.trap->exit_status);
}

TEST(Wasi2System, ClocksOfTheEmbedder)
{
    uint64_t monotonic = 1000;
    host::Config config;
    config.clock = [&](host::Clock clock) {
        return clock == host::Clock::Realtime ? 3'000'000'007u : monotonic;
    };
    Guest guest(std::move(config));
    EXPECT_EQ(1000u, guest.call<uint64_t>("wasi:clocks/monotonic-clock#now"));
    EXPECT_EQ(1u, guest.call<uint64_t>("wasi:clocks/monotonic-clock#resolution"));
    const auto now = guest.call<Datetime>("wasi:clocks/wall-clock#now");
    EXPECT_EQ(3u, now.seconds);
    EXPECT_EQ(7u, now.nanoseconds);
    // A time that has passed on this clock.
    const auto past = guest.call<Own<Pollable>>("subscribe-instant", uint64_t { 1000 });
    EXPECT_TRUE(guest.call<bool>("[method]pollable.ready", Borrow(past)));
    const auto future = guest.call<Own<Pollable>>("subscribe-instant", UINT64_MAX);
    EXPECT_FALSE(guest.call<bool>("[method]pollable.ready", Borrow(future)));
}

TEST(Wasi2System, ClocksOfTheHost)
{
    Guest guest;
    const auto before = guest.call<uint64_t>("wasi:clocks/monotonic-clock#now");
    EXPECT_LE(before, guest.call<uint64_t>("wasi:clocks/monotonic-clock#now"));
    EXPECT_GT(guest.call<Datetime>("wasi:clocks/wall-clock#now").seconds, 1'500'000'000u);
    const auto resolution = guest.call<Datetime>("wasi:clocks/wall-clock#resolution");
    EXPECT_GT(resolution.seconds + resolution.nanoseconds, 0u);
}

TEST(Wasi2System, RandomBytes)
{
    Guest guest;
    const auto a = guest.call<ByteList>("get-random-bytes", uint64_t { 5'000'000 });
    EXPECT_EQ(5'000'000u, a.size());
    EXPECT_TRUE(
        std::ranges::any_of(std::span(a).last(16), [](std::byte byte) { return byte != std::byte {}; }));
    EXPECT_TRUE(guest.call<ByteList>("get-insecure-random-bytes", uint64_t { 0 }).empty());
    EXPECT_NE(guest.call<uint64_t>("get-random-u64"), guest.call<uint64_t>("get-insecure-random-u64"));
    EXPECT_FALSE(guest.trap);
    (void)guest.call<ByteList>("get-random-bytes", UINT64_MAX);
    EXPECT_EQ("random bytes: no list can have 18446744073709551615 bytes", guest.message());

    host::Config config;
    config.random = [](std::span<std::byte> to) { std::ranges::fill(to, std::byte { 1 }); };
    Guest own(std::move(config));
    EXPECT_EQ(0x0101010101010101u, own.call<uint64_t>("get-random-u64"));
    EXPECT_EQ(0x0101010101010101u, std::get<0>(own.call<std::tuple<uint64_t, uint64_t>>("insecure-seed")));
}

TEST(Wasi2System, TerminalsAreToldFromPipes)
{
    struct Terminal {};
    const Pipe pipe;
    host::Config config;
    config.out = pipe.write.get();
    config.err = host::Sink([](std::span<const std::byte>) {});
    Guest guest(std::move(config));
    EXPECT_FALSE(guest.call<std::optional<Own<Terminal>>>("get-terminal-stdout").has_value());
    EXPECT_TRUE(guest.call<std::optional<Own<Terminal>>>("get-terminal-stderr").has_value());
}

TEST(Wasi2System, TheNetworkIsClosed)
{
    enum class Family { Ipv4 };
    enum class NetworkError { Unknown, AccessDenied };
    struct Socket {};
    Guest guest;
    using SocketOr = ComponentResult<Own<Socket>, NetworkError>;
    EXPECT_EQ(NetworkError::AccessDenied, guest.call<SocketOr>("create-tcp-socket", Family::Ipv4).error());
    EXPECT_EQ(NetworkError::AccessDenied, guest.call<SocketOr>("create-udp-socket", Family::Ipv4).error());
    const auto network = guest.call<Own<Socket>>("instance-network");
    EXPECT_EQ(NetworkError::AccessDenied,
        guest.call<SocketOr>("resolve-addresses", Borrow(network), std::string("localhost")).error());
}

/// Only what the test looks at.
struct Fields {};
struct Request {};
struct Body {};
using HeaderError = std::variant<std::monostate, std::monostate, std::monostate>;

TEST(Wasi2System, HeadersAreData)
{
    Guest guest;
    const auto fields = guest.call<Own<Fields>>("[constructor]fields");
    using VoidOr = ComponentResult<void, HeaderError>;
    using Values = std::vector<ByteList>;
    const auto append = [&](std::string name, std::string_view value) {
        return guest.call<VoidOr>(
            "[method]fields.append", Borrow(fields), std::move(name), bytes_of_text(value));
    };
    EXPECT_TRUE(append("Accept", "a").has_value());
    EXPECT_TRUE(append("accept", "b").has_value());
    EXPECT_EQ(2u, guest.call<Values>("[method]fields.get", Borrow(fields), std::string("ACCEPT")).size());
    EXPECT_EQ(0u, append("no name", "a").error().index());
    EXPECT_EQ(0u, append("x", "line\nbreak").error().index());
    EXPECT_EQ(1u, append("Transfer-Encoding", "chunked").error().index());
    EXPECT_TRUE(guest
            .call<VoidOr>(
                "[method]fields.set", Borrow(fields), std::string("accept"), Values { bytes_of_text("c") })
            .has_value());
    const auto copy = guest.call<Own<Fields>>("[method]fields.clone", Borrow(fields));
    EXPECT_TRUE(
        guest.call<VoidOr>("[method]fields.delete", Borrow(fields), std::string("accept")).has_value());
    EXPECT_FALSE(guest.call<bool>("[method]fields.has", Borrow(fields), std::string("accept")));
    EXPECT_TRUE(guest.call<bool>("[method]fields.has", Borrow(copy), std::string("accept")));

    // The headers of a request stay as they are.
    auto request = guest.call<Own<Request>>(
        "[constructor]outgoing-request", guest.call<Own<Fields>>("[method]fields.clone", Borrow(copy)));
    const auto headers = guest.call<Own<Fields>>("[method]outgoing-request.headers", Borrow(request));
    EXPECT_TRUE(guest.call<bool>("[method]fields.has", Borrow(headers), std::string("accept")));
    EXPECT_EQ(2u,
        guest.call<VoidOr>("[method]fields.delete", Borrow(headers), std::string("accept")).error().index());
}

TEST(Wasi2System, RequestsAreDenied)
{
    Guest guest;
    auto request = guest.call<Own<Request>>(
        "[constructor]outgoing-request", guest.call<Own<Fields>>("[constructor]fields"));
    using Text = std::optional<std::string>;
    using Done = ComponentResult<void, void>;
    EXPECT_TRUE(
        guest.call<Done>("[method]outgoing-request.set-path-with-query", Borrow(request), Text("/a?b"))
            .has_value());
    EXPECT_EQ("/a?b", guest.call<Text>("[method]outgoing-request.path-with-query", Borrow(request)));
    EXPECT_FALSE(
        guest.call<Done>("[method]outgoing-request.set-authority", Borrow(request), Text("a b")).has_value());

    using BodyOr = ComponentResult<Own<Body>, void>;
    auto body = guest.call<BodyOr>("[method]outgoing-request.body", Borrow(request));
    ASSERT_TRUE(body.has_value());
    EXPECT_FALSE(guest.call<BodyOr>("[method]outgoing-request.body", Borrow(request)).has_value());
    using StreamOr = ComponentResult<Own<OutputStream>, void>;
    auto stream = guest.call<StreamOr>("[method]outgoing-body.write", Borrow(*body));
    ASSERT_TRUE(stream.has_value());
    EXPECT_TRUE(guest
            .call<StreamAnswer<void>>(
                "[method]output-stream.blocking-write-and-flush", Borrow(*stream), bytes_of_text("body"))
            .has_value());

    const auto definition =
        std::ranges::find_if(definitions(), [](const Definition& item) { return item.name == "handle"; });
    const auto& handle = std::get<HostFunction>(definition->item);
    std::vector<ComponentNode> arguments(2);
    arguments[0] = ComponentMapping<Own<Request>>::to_node(std::move(request));
    Call call(guest.world(), guest.thread());
    ComponentNode result;
    EXPECT_FALSE(handle.call(call, arguments, result));
    EXPECT_EQ(1u, result.bits);
    EXPECT_EQ(15u, result.payload()->bits) << "HTTP-request-denied";
}

} // namespace
} // namespace vitrine::core::wasi2::test
