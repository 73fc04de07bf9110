// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "world.h"

#include <array>
#include <atomic>
#include <chrono>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <thread>

// Streams of the host whose output is copied to a sink.

namespace vitrine::core::wasi::test {

namespace {

struct Copies : testing::TestWithParam<Pipe::Kind> {};
INSTANTIATE_TEST_SUITE_P(EveryKind, Copies, testing::Values(Pipe::Kind::Anonymous, Pipe::Kind::Named),
    [](const auto& kind) { return kind.param == Pipe::Kind::Anonymous ? "Anonymous" : "Named"; });

TEST_P(Copies, HaveWhatAPipeHasTaken)
{
    Pipe pipe(GetParam());
    std::string copied;
    Config config;
    config.out = Output { pipe.write.get(),
        [&](std::span<const std::byte> bytes) { copied += text_of_bytes(bytes); } };
    World world(std::move(config));
    std::string text;
    for (int i = 0; text.size() < 120'000; ++i)
        text += std::to_string(i) + " ";
    world.put_text(5000, text);
    world.put_buffer(5000, static_cast<uint32_t>(text.size()));
    ASSERT_EQ(world("fd_fdstat_set_flags", 1, fd_flags::nonblock), Errno::Success);
    std::string got, expected;
    for (int round = 0; round < 3; ++round) {
        ASSERT_EQ(world("fd_write", 1, 3000, 1, 2000), Errno::Success) << "as much as fits";
        ASSERT_LT(world.result(), text.size());
        expected += text.substr(0, world.result());
        EXPECT_EQ(copied, expected);
        EXPECT_EQ(world("fd_write", 1, 3000, 1, 2000), Errno::Again);
        EXPECT_EQ(copied, expected) << "nothing was written";
        while (got.size() < expected.size()) {
            char part[1000];
            const ssize_t size = ::read(pipe.read.get(), part, sizeof part);
            ASSERT_GT(size, 0);
            got.append(part, static_cast<size_t>(size));
        }
        EXPECT_EQ(got, expected);
    }
    world.put_text(4000, "onetwo");
    world.put(3000, std::array<uint32_t, 6> { 4000, 3, 4000, 0, 4003, 3 });
    EXPECT_EQ(world("fd_write", 1, 3000, 3, 2000), Errno::Success);
    EXPECT_EQ(copied, expected + "onetwo");
    pipe.read = HostFd();
    EXPECT_EQ(world.write(1, "x"), Errno::Pipe);
    EXPECT_EQ(copied, expected + "onetwo");
}

TEST_P(Copies, EndWithTheWaitOfAGuestThatIsInterrupted)
{
    Pipe pipe(GetParam());
    size_t copied = 0;
    Config config;
    config.out =
        Output { pipe.write.get(), [&](std::span<const std::byte> bytes) { copied += bytes.size(); } };
    World world(std::move(config));
    world.put_buffer(5000, 120'000);
    const auto capacity = static_cast<size_t>(::fcntl(pipe.write.get(), F_GETPIPE_SZ));
    std::atomic<bool> has_ended = false;
    std::thread interrupter([&] {
        for (int taken = 0; static_cast<size_t>(taken) < capacity;)
            ASSERT_EQ(::ioctl(pipe.read.get(), FIONREAD, &taken), 0);
        // A request made before the wait is forgotten.
        for (; !has_ended; std::this_thread::sleep_for(std::chrono::milliseconds(1)))
            world.host().interrupt();
    });
    (void)world("fd_write", 1, 3000, 1, 2000);
    has_ended = true;
    interrupter.join();
    ASSERT_TRUE(world.trap);
    EXPECT_EQ(world.trap->kind, TrapKind::Interrupted);
    EXPECT_EQ(copied, capacity);
}

TEST(CopiedStreams, HaveNothingThatTheHostHasNotTaken)
{
    TemporaryFolder folder;
    folder.write("file", "");
    const HostFd file(::open((folder / "file").c_str(), O_RDWR | O_CLOEXEC));
    const HostFd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
    std::string copied;
    bool is_sink_alone = false;
    const Sink sink = [&](std::span<const std::byte> bytes) { copied += text_of_bytes(bytes); };
    Config config;
    config.out = Output { file.get(), sink, [&] { return is_sink_alone; } };
    config.err = Output { full.get(), sink };
    World world(std::move(config));
    EXPECT_EQ(world.write(1, "both"), Errno::Success);
    EXPECT_EQ(world.result(), 4u);
    EXPECT_EQ(world.write(2, "x"), Errno::Nospc);
    EXPECT_EQ(copied, "both");
    EXPECT_EQ(folder.read("file"), "both");
    is_sink_alone = true;
    EXPECT_EQ(world.write(1, "sink"), Errno::Success);
    EXPECT_EQ(world.result(), 4u);
    is_sink_alone = false;
    EXPECT_EQ(world.write(1, "both"), Errno::Success);
    EXPECT_EQ(copied, "bothsinkboth");
    EXPECT_EQ(folder.read("file"), "bothboth");
    // The guest sees a terminal, and nothing is written without being copied.
    EXPECT_EQ(world("fd_seek", 1, 0, 0, 2000), Errno::Spipe);
    EXPECT_EQ(world("fd_pwrite", 1, 3000, 1, 0, 2000), Errno::Spipe);
    ASSERT_EQ(world("fd_fdstat_get", 1, 2000), Errno::Success);
    EXPECT_EQ(world.get<FileType>(2000), FileType::CharacterDevice);
    EXPECT_EQ(world.get<uint64_t>(2008) & (rights::fd_seek | rights::fd_tell), 0u);
    EXPECT_NE(world.get<uint64_t>(2008) & rights::fd_write, 0u);
}

TEST(CopiedStreams, HaveMessagesWhole)
{
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    const HostFd here(ends[0]), there(ends[1]);
    std::vector<size_t> copied;
    Config config;
    config.out =
        Output { here.get(), [&](std::span<const std::byte> bytes) { copied.push_back(bytes.size()); } };
    World world(std::move(config));
    world.put_buffer(5000, 100'000);
    EXPECT_EQ(world("fd_write", 1, 3000, 1, 2000), Errno::Success);
    std::vector<char> message(200'000);
    EXPECT_EQ(::recv(there.get(), message.data(), message.size(), 0), 100'000);
    EXPECT_EQ(copied, std::vector<size_t> { 100'000 });
}

} // namespace

} // namespace vitrine::core::wasi::test
