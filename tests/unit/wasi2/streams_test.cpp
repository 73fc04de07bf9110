// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "host/clock.h"
#include "unit/wasi2/guest.h"

#include <chrono>
#include <thread>

namespace vitrine::core::wasi2::test {
namespace {

using Bytes = ByteList;
using BytesOr = StreamAnswer<Bytes>;
using VoidOr = StreamAnswer<void>;
using SizeOr = StreamAnswer<uint64_t>;

class StreamsTest : public testing::Test {
protected:
    /// A guest whose standard input, output and error are pipes.
    Guest& guest()
    {
        if (!guest_) {
            host::Config config;
            config.in = in_.read.get();
            config.out = out_.write.get();
            guest_.emplace(std::move(config));
        }
        return *guest_;
    }
    Own<InputStream> input() { return guest().call<Own<InputStream>>("get-stdin"); }
    Own<OutputStream> output() { return guest().call<Own<OutputStream>>("get-stdout"); }
    BytesOr read(const Own<InputStream>& stream, uint64_t length)
    {
        return guest().call<BytesOr>("[method]input-stream.read", Borrow(stream), length);
    }
    SizeOr check_write(const Own<OutputStream>& stream)
    {
        return guest().call<SizeOr>("[method]output-stream.check-write", Borrow(stream));
    }
    VoidOr write(const Own<OutputStream>& stream, size_t count)
    {
        return guest().call<VoidOr>("[method]output-stream.write", Borrow(stream), Bytes(count));
    }
    void feed(std::string_view text)
    {
        ASSERT_EQ(::write(in_.write.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
    }
    /// What the guest has written.
    std::string written(size_t most = 100)
    {
        std::string text(most, '\0');
        text.resize(static_cast<size_t>(std::max<ssize_t>(::read(out_.read.get(), text.data(), most), 0)));
        return text;
    }
    void fill_output()
    {
        ::fcntl(out_.write.get(), F_SETFL, O_NONBLOCK);
        const std::string block(4096, 'x');
        while (::write(out_.write.get(), block.data(), block.size()) > 0)
            ;
        ::fcntl(out_.write.get(), F_SETFL, 0);
    }

    Pipe in_, out_;
    std::optional<Guest> guest_;
};

TEST_F(StreamsTest, ReadGivesWhatIsThere)
{
    const auto in = input();
    EXPECT_TRUE(read(in, 10)->empty()) << "there is nothing yet";
    feed("hello");
    EXPECT_EQ("hel", text_of_bytes(*read(in, 3)));
    EXPECT_TRUE(read(in, 0)->empty());
    EXPECT_EQ("lo", text_of_bytes(*read(in, UINT64_MAX))) << "a length that no list can have";
    in_.write = {};
    EXPECT_EQ(closed, read(in, 10).error().index());
    EXPECT_EQ(closed, read(in, 10).error().index());
}

TEST_F(StreamsTest, BlockingReadWaits)
{
    const auto in = input();
    std::thread feeder([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        feed("late");
    });
    const auto got = guest().call<BytesOr>("[method]input-stream.blocking-read", Borrow(in), uint64_t { 10 });
    feeder.join();
    EXPECT_EQ("late", text_of_bytes(*got));
    feed("skipped");
    EXPECT_EQ(4u, *guest().call<SizeOr>("[method]input-stream.skip", Borrow(in), uint64_t { 4 }));
    EXPECT_EQ(3u, *guest().call<SizeOr>("[method]input-stream.blocking-skip", Borrow(in), uint64_t { 4 }));
}

TEST_F(StreamsTest, AWaitEndsWhenTheGuestIsInterrupted)
{
    const auto in = input();
    std::thread interrupter([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        guest().thread().requests->add(Requests::interrupt);
    });
    (void)guest().call<BytesOr>("[method]input-stream.blocking-read", Borrow(in), uint64_t { 10 });
    interrupter.join();
    ASSERT_TRUE(guest().trap);
    EXPECT_EQ(TrapKind::Interrupted, guest().trap->kind);
}

TEST_F(StreamsTest, WritesNeedAPermit)
{
    const auto out = output();
    EXPECT_EQ(4096u, *check_write(out));
    EXPECT_TRUE(write(out, 4000).has_value());
    EXPECT_TRUE(write(out, 96).has_value());
    EXPECT_FALSE(guest().trap);
    (void)write(out, 1);
    EXPECT_EQ("the guest wrote 1 byte to a stream that accepts 0", guest().message());
    EXPECT_EQ(4096u, written(10000).size());
}

TEST_F(StreamsTest, NoPermitWhileThePipeIsFull)
{
    const auto out = output();
    fill_output();
    EXPECT_EQ(0u, *check_write(out));
    const auto pollable = guest().call<Own<Pollable>>("[method]output-stream.subscribe", Borrow(out));
    EXPECT_FALSE(guest().call<bool>("[method]pollable.ready", Borrow(pollable)));
    (void)written(1 << 20);
    EXPECT_TRUE(guest().call<bool>("[method]pollable.ready", Borrow(pollable)));
    EXPECT_EQ(4096u, *check_write(out));
}

TEST_F(StreamsTest, BlockingWritesAreLimited)
{
    const auto out = output();
    const char* const name = "[method]output-stream.blocking-write-and-flush";
    EXPECT_TRUE(guest().call<VoidOr>(name, Borrow(out), Bytes(4096)).has_value());
    EXPECT_FALSE(guest().trap);
    (void)guest().call<VoidOr>(name, Borrow(out), Bytes(4097));
    EXPECT_EQ("a blocking write takes at most 4096 bytes, not 4097", guest().message());
    const char* const zeroes = "[method]output-stream.blocking-write-zeroes-and-flush";
    (void)guest().call<VoidOr>(zeroes, Borrow(out), UINT64_MAX);
    EXPECT_TRUE(guest().trap);
    EXPECT_EQ(4096u, written(10000).size());
    EXPECT_TRUE(guest().call<VoidOr>(zeroes, Borrow(out), uint64_t { 3 }).has_value());
    EXPECT_EQ(std::string(3, '\0'), written());
}

TEST_F(StreamsTest, ABlockingWriteWaitsForTheReader)
{
    const auto out = output();
    fill_output();
    std::thread reader([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        (void)written(1 << 20);
    });
    EXPECT_TRUE(guest()
            .call<VoidOr>(
                "[method]output-stream.blocking-write-and-flush", Borrow(out), bytes_of_text("after"))
            .has_value());
    reader.join();
    EXPECT_EQ("after", written());
}

TEST_F(StreamsTest, AClosedReaderClosesTheStream)
{
    const auto out = output();
    EXPECT_EQ(4096u, *check_write(out));
    out_.read = {};
    EXPECT_EQ(closed, write(out, 1).error().index());
    EXPECT_EQ(closed, check_write(out).error().index());
    EXPECT_EQ(closed, guest().call<VoidOr>("[method]output-stream.flush", Borrow(out)).error().index());
    const auto pollable = guest().call<Own<Pollable>>("[method]output-stream.subscribe", Borrow(out));
    EXPECT_TRUE(guest().call<bool>("[method]pollable.ready", Borrow(pollable)));
}

TEST_F(StreamsTest, FailuresAreErrorsWithTextAndCode)
{
    host::Config config;
    config.out = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
    Guest full(std::move(config));
    const auto out = full.call<Own<OutputStream>>("get-stdout");
    auto failure = full.call<VoidOr>(
        "[method]output-stream.blocking-write-and-flush", Borrow(out), bytes_of_text("text"));
    ASSERT_EQ(failed, failure.error().index());
    const auto& error = std::get<failed>(failure.error());
    EXPECT_EQ(
        "No space left on device", full.call<std::string>("[method]error.to-debug-string", Borrow(error)));
    EXPECT_EQ(ErrorCode::InsufficientSpace,
        full.call<std::optional<ErrorCode>>("filesystem-error-code", Borrow(error)));
    EXPECT_EQ(closed, full.call<SizeOr>("[method]output-stream.check-write", Borrow(out)).error().index());
}

TEST_F(StreamsTest, SpliceMovesBytes)
{
    const auto in = input();
    const auto out = output();
    const char* const name = "[method]output-stream.splice";
    EXPECT_EQ(0u, *guest().call<SizeOr>(name, Borrow(out), Borrow(in), uint64_t { 10 }));
    feed("hello");
    EXPECT_EQ(3u, *guest().call<SizeOr>(name, Borrow(out), Borrow(in), uint64_t { 3 }));
    EXPECT_EQ("hel", written());
    EXPECT_EQ(2u,
        *guest().call<SizeOr>("[method]output-stream.blocking-splice", Borrow(out), Borrow(in), UINT64_MAX));
    EXPECT_EQ("lo", written());
    in_.write = {};
    EXPECT_EQ(closed, guest().call<SizeOr>(name, Borrow(out), Borrow(in), uint64_t { 3 }).error().index());
}

TEST_F(StreamsTest, SinksAndSourcesOfTheEmbedder)
{
    std::string got;
    int calls = 0;
    host::Config config;
    config.in = host::Source([&](std::span<std::byte> to) -> size_t {
        if (calls++ > 0)
            return 0;
        to[0] = std::byte { 'a' };
        return 1;
    });
    config.out = host::Sink([&](std::span<const std::byte> bytes) { got += text_of_bytes(bytes); });
    Guest own(std::move(config));
    const auto in = own.call<Own<InputStream>>("get-stdin");
    const auto out = own.call<Own<OutputStream>>("get-stdout");
    EXPECT_EQ(
        "a", text_of_bytes(*own.call<BytesOr>("[method]input-stream.read", Borrow(in), uint64_t { 9 })));
    EXPECT_EQ(
        closed, own.call<BytesOr>("[method]input-stream.read", Borrow(in), uint64_t { 9 }).error().index());
    EXPECT_EQ(65536u, *own.call<SizeOr>("[method]output-stream.check-write", Borrow(out)));
    EXPECT_TRUE(
        own.call<VoidOr>("[method]output-stream.write", Borrow(out), bytes_of_text("sunk")).has_value());
    EXPECT_EQ("sunk", got);
}

TEST_F(StreamsTest, PollReturnsWhatIsReady)
{
    const auto in = input();
    const auto waits = guest().call<Own<Pollable>>("[method]input-stream.subscribe", Borrow(in));
    const auto soon = guest().call<Own<Pollable>>("subscribe-duration", uint64_t { 20'000'000 });
    const auto never = guest().call<Own<Pollable>>("subscribe-duration", UINT64_MAX);
    const auto poll = [&] {
        return guest().call<std::vector<uint32_t>>(
            "poll", std::vector<Borrow<Pollable>> { waits, never, soon, waits });
    };
    const uint64_t before = host::time_of(host::Clock::Monotonic);
    EXPECT_EQ(std::vector<uint32_t> { 2 }, poll());
    EXPECT_GE(host::time_of(host::Clock::Monotonic) - before, 20'000'000u);
    feed("x");
    EXPECT_EQ((std::vector<uint32_t> { 0, 2, 3 }), poll());
    guest().call<void>("[method]pollable.block", Borrow(waits));
    EXPECT_FALSE(guest().trap);
    (void)guest().call<std::vector<uint32_t>>("wasi:io/poll#poll", std::vector<Borrow<Pollable>>());
    EXPECT_EQ("poll: the list is empty", guest().message());
}

TEST_F(StreamsTest, PollIsInterrupted)
{
    const auto never = guest().call<Own<Pollable>>("subscribe-duration", UINT64_MAX);
    guest().thread().requests->add(Requests::interrupt);
    guest().call<void>("[method]pollable.block", Borrow(never));
    ASSERT_TRUE(guest().trap);
    EXPECT_EQ(TrapKind::Interrupted, guest().trap->kind);
}

} // namespace
} // namespace vitrine::core::wasi2::test
