// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "host/world.h"

#include "host/io.h"
#include "machine.h"

#include <algorithm>
#include <array>
#include <sys/eventfd.h>

namespace vitrine::core::host::test {
namespace {

TEST(Worlds, OpenWhatTheGuestHasFromTheStart)
{
    const TemporaryFolder folder;
    folder.write("file", "in the folder");
    std::string out;
    Config config { .args = { "program" }, .env = { { "NAME", "value" } }, .in = "typed" };
    config.out = Sink([&](std::span<const std::byte> bytes) { out += text_of_bytes(bytes); });
    config.preopens = { { folder.path().string(), "/data", Access::ReadOnly } };
    const auto world = *World::create(std::move(config));
    ASSERT_EQ(world->files().size(), 4u);
    EXPECT_EQ(world->files()[1].what, "standard output");
    std::string typed(10, ' ');
    const iovec buffer { typed.data(), typed.size() };
    EXPECT_EQ(read(*world->files()[0].file, { &buffer, 1 }), 5u);
    EXPECT_EQ(typed.substr(0, 5), "typed");
    EXPECT_TRUE(world->files()[1].file->is_sink_alone());
    const File& data = *world->files()[3].file;
    EXPECT_EQ(data.preopened_as, "/data");
    EXPECT_EQ(data.access(), Access::ReadOnly);
    EXPECT_TRUE(world->sandbox().open(data.descriptor(), "file", O_RDONLY, true));
    EXPECT_EQ(world->environment(), std::vector<std::string> { "NAME=value" });
}

TEST(Worlds, SayWhatTheyCannotGive)
{
    const auto message = [](Config config) {
        const auto world = World::create(std::move(config));
        return world ? "none" : world.error().to_text();
    };
    EXPECT_EQ(message({ .preopens = { { "/no/such", "/" } } }),
        "preopened directory \"/no/such\": No such file or directory");
    EXPECT_EQ(message({ .in = InputFile { "/no/such" } }),
        "standard input \"/no/such\": No such file or directory");
    const HostFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    EXPECT_EQ(
        message({ .sockets = { null.get() } }), "socket " + std::to_string(null.get()) + " is not a socket");
    EXPECT_EQ(message({ .sockets = { 987 } }), "socket 987: Bad file descriptor");
    EXPECT_EQ(message({ .args = { std::string("a\0", 2) } }), "argument \"a\\00\" contains a NUL");
}

TEST(Worlds, ClocksAndRandomBytesCanBeReplaced)
{
    const auto own = *World::create({});
    const uint64_t before = own->time(Clock::Monotonic);
    EXPECT_GE(own->time(Clock::Monotonic), before);
    EXPECT_GT(own->time(Clock::Realtime), 1'500'000'000'000'000'000u);
    EXPECT_GT(*own->resolution(Clock::ProcessCpu), 0u);
    std::array<std::byte, 64> bytes {};
    EXPECT_EQ(own->random(bytes), bytes.size());
    EXPECT_TRUE(std::ranges::any_of(bytes, [](std::byte byte) { return byte != std::byte(); }));

    Config config;
    config.clock = [](Clock clock) { return clock == Clock::ThreadCpu ? 3u : 4u; };
    config.random = [](std::span<std::byte> to) { std::ranges::fill(to, std::byte('r')); };
    const auto replaced = *World::create(std::move(config));
    EXPECT_EQ(replaced->time(Clock::ThreadCpu), 3u);
    EXPECT_EQ(*replaced->resolution(Clock::Realtime), 1u);
    EXPECT_EQ(replaced->random(bytes), bytes.size());
    EXPECT_EQ(text_of_bytes(bytes), std::string(bytes.size(), 'r'));
}

TEST(Worlds, AnInterruptIsSeenByWhoWaits)
{
    const auto world = *World::create({});
    eventfd_t count;
    EXPECT_NE(::eventfd_read(world->wake_fd(), &count), 0);
    errno = 5;
    world->interrupt();
    EXPECT_EQ(errno, 5) << "it may come from a handler of signals";
    EXPECT_EQ(::eventfd_read(world->wake_fd(), &count), 0);
}

} // namespace
} // namespace vitrine::core::host::test
