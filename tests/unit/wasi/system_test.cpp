// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "world.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <thread>

namespace vitrine::core::wasi::test {
namespace {

using namespace std::chrono_literals;

TEST(Arguments, AreWrittenBehindEachOther)
{
    Config config;
    config.args = { "program", "", "caf\xc3\xa9", "\xff" };
    config.env = { { "HOME", "/" }, { "EMPTY", "" } };
    World world(std::move(config));
    ASSERT_EQ(world("args_sizes_get", 2000, 2004), Errno::Success);
    EXPECT_EQ(world.get<uint32_t>(2000), 4u);
    EXPECT_EQ(world.get<uint32_t>(2004), 8u + 1 + 6 + 2);
    ASSERT_EQ(world("args_get", 2000, 3000), Errno::Success);
    EXPECT_EQ(world.text(3000, 17), std::string("program\0\0caf\xc3\xa9\0\xff\0", 17));
    EXPECT_EQ(world.get<uint32_t>(2000), 3000u);
    EXPECT_EQ(world.get<uint32_t>(2004), 3008u);
    EXPECT_EQ(world.get<uint32_t>(2008), 3009u);
    EXPECT_EQ(world.get<uint32_t>(2012), 3015u);
    ASSERT_EQ(world("environ_sizes_get", 2000, 2004), Errno::Success);
    EXPECT_EQ(world.get<uint32_t>(2000), 2u);
    ASSERT_EQ(world("environ_get", 2000, 3000), Errno::Success);
    EXPECT_EQ(world.text(3000, world.get<uint32_t>(2004) - 3000 + 7), std::string("HOME=/\0EMPTY=\0", 14));
}

TEST(Clocks, AreTheHostsOrTheEmbedders)
{
    World world;
    for (const uint32_t clock : { 0, 1, 2, 3 }) {
        ASSERT_EQ(world("clock_time_get", clock, 0, 2000), Errno::Success);
        const auto before = world.get<uint64_t>(2000);
        EXPECT_GT(before, 0u);
        ASSERT_EQ(world("clock_time_get", clock, 0, 2000), Errno::Success);
        EXPECT_GE(world.get<uint64_t>(2000), before);
        ASSERT_EQ(world("clock_res_get", clock, 2000), Errno::Success);
        EXPECT_GT(world.get<uint64_t>(2000), 0u);
    }
    EXPECT_EQ(world("clock_time_get", 4, 0, 2000), Errno::Inval);
    EXPECT_EQ(world("clock_res_get", 4, 2000), Errno::Inval);

    Config config;
    config.clock = [](Clock clock) { return clock == Clock::Realtime ? 1000u : 2000u; };
    World replaced(std::move(config));
    ASSERT_EQ(replaced("clock_time_get", 0, 0, 2000), Errno::Success);
    EXPECT_EQ(replaced.get<uint64_t>(2000), 1000u);
    ASSERT_EQ(replaced("clock_time_get", 1, 0, 2000), Errno::Success);
    EXPECT_EQ(replaced.get<uint64_t>(2000), 2000u);
}

TEST(RandomBytes, FillAllAndNoMore)
{
    World world;
    ASSERT_EQ(world("random_get", 4000, 1000), Errno::Success);
    const std::string first = world.text(4000, 1000);
    EXPECT_EQ(world.text(5000, 16), std::string(16, '\0'));
    EXPECT_NE(first.substr(984), std::string(16, '\0'));
    ASSERT_EQ(world("random_get", 4000, 1000), Errno::Success);
    EXPECT_NE(world.text(4000, 1000), first);
    EXPECT_EQ(world("random_get", 4000, 0), Errno::Success);

    Config config;
    config.random = [](std::span<std::byte> bytes) { std::ranges::fill(bytes, std::byte { 'r' }); };
    World replaced(std::move(config));
    ASSERT_EQ(replaced("random_get", 4000, 5), Errno::Success);
    EXPECT_EQ(replaced.text(4000, 6), std::string("rrrrr\0", 6));
}

TEST(Exit, IsATrapWithTheStatus)
{
    World world;
    for (const uint32_t status : { 0u, 33u, 255u, 0xffffffffu }) {
        world("proc_exit", status);
        ASSERT_TRUE(world.trap);
        EXPECT_EQ(world.trap->kind, TrapKind::Exit);
        EXPECT_EQ(world.trap->exit_status, static_cast<int32_t>(status));
    }
}

/// Writes subscription number `index` of those at 5000, for a clock.
void subscribe_clock(
    World& world, uint32_t index, uint64_t user_data, uint32_t clock, uint64_t timeout, uint16_t flags = 0)
{
    const uint32_t at = 5000 + index * 48;
    world.put(at, user_data);
    world.put<uint8_t>(at + 8, 0);
    world.put(at + 16, clock);
    world.put(at + 24, timeout);
    world.put<uint64_t>(at + 32, 0);
    world.put(at + 40, flags);
}

/// The same for reading (1) or writing (2) a descriptor.
void subscribe_file(World& world, uint32_t index, uint64_t user_data, uint8_t kind, uint32_t fd)
{
    const uint32_t at = 5000 + index * 48;
    world.put(at, user_data);
    world.put(at + 8, kind);
    world.put(at + 16, fd);
}

struct Happened {
    uint64_t user_data;
    Errno error;
    uint8_t kind;
    uint64_t bytes;
    uint16_t flags;
    friend bool operator==(const Happened&, const Happened&) = default;
};

std::vector<Happened> poll(World& world, uint32_t count)
{
    EXPECT_EQ(world("poll_oneoff", 5000, 8000, count, 2000), Errno::Success);
    std::vector<Happened> events;
    for (uint32_t at = 8000; at < 8000 + world.result() * 32; at += 32)
        events.push_back({ world.get<uint64_t>(at), world.get<Errno>(at + 8), world.get<uint8_t>(at + 10),
            world.get<uint64_t>(at + 16), world.get<uint16_t>(at + 24) });
    return events;
}

uint64_t now(clockid_t clock)
{
    timespec time {};
    ::clock_gettime(clock, &time);
    return static_cast<uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(time.tv_nsec);
}

TEST(Poll, WaitsForTheFirstClock)
{
    World world;
    subscribe_clock(world, 0, 1, 1, 60'000'000'000);
    subscribe_clock(world, 1, 2, 1, 20'000'000);
    const uint64_t start = now(CLOCK_MONOTONIC);
    EXPECT_EQ(poll(world, 2), (std::vector<Happened> { { 2, Errno::Success, 0, 0, 0 } }));
    EXPECT_GE(now(CLOCK_MONOTONIC) - start, 20'000'000u);
}

TEST(Poll, AClockMayBeAbsolute)
{
    World world;
    for (const auto& [clock, host] : { std::pair(0u, CLOCK_REALTIME), std::pair(1u, CLOCK_MONOTONIC) }) {
        const uint64_t start = now(host);
        subscribe_clock(world, 0, 1, clock, start + 20'000'000, 1);
        EXPECT_EQ(poll(world, 1).size(), 1u);
        EXPECT_GE(now(host) - start, 20'000'000u);
        subscribe_clock(world, 0, 1, clock, start - 1, 1);
        EXPECT_EQ(poll(world, 1).size(), 1u) << "what is past is due";
    }
    Config config;
    config.clock = [](Clock) { return uint64_t { 1000 }; };
    World replaced(std::move(config));
    subscribe_clock(replaced, 0, 1, 1, 5'000'000 + 1000, 1);
    const uint64_t start = now(CLOCK_MONOTONIC);
    EXPECT_EQ(poll(replaced, 1).size(), 1u) << "the embedder's clock says how long, the host's passes";
    EXPECT_GE(now(CLOCK_MONOTONIC) - start, 5'000'000u);
}

TEST(Poll, FilesAreReadyAndInputIsWhenThereIsSome)
{
    TemporaryFolder folder;
    folder.write("file", "content");
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const HostFd in(ends[0]);
    HostFd out(ends[1]);
    Config config = World::with(folder);
    config.in = in.get();
    config.out = Sink([](std::span<const std::byte>) {});
    World world(std::move(config));
    ASSERT_EQ(world.open("file"), Errno::Success);
    subscribe_file(world, 0, 1, 1, 4);
    subscribe_file(world, 1, 2, 2, 4);
    subscribe_file(world, 2, 3, 1, 0);
    subscribe_file(world, 3, 4, 2, 1);
    EXPECT_EQ(poll(world, 4),
        (std::vector<Happened> { { 1, Errno::Success, 1, 7, 0 }, { 2, Errno::Success, 2, 0, 0 },
            { 4, Errno::Success, 2, 0, 0 } }));

    subscribe_file(world, 0, 1, 1, 0);
    subscribe_clock(world, 1, 2, 1, 10'000'000);
    EXPECT_EQ(poll(world, 2), (std::vector<Happened> { { 2, Errno::Success, 0, 0, 0 } }));
    std::thread writer([&] {
        std::this_thread::sleep_for(10ms);
        EXPECT_EQ(::write(out.get(), "abc", 3), 3);
    });
    subscribe_clock(world, 1, 2, 1, 60'000'000'000);
    EXPECT_EQ(poll(world, 2), (std::vector<Happened> { { 1, Errno::Success, 1, 3, 0 } }));
    writer.join();
    EXPECT_EQ(world.read(0), Errno::Success);
    out = HostFd();
    EXPECT_EQ(poll(world, 2), (std::vector<Happened> { { 1, Errno::Success, 1, 0, 1 } })) << "hung up";
}

TEST(Poll, WhatIsWrongWithASubscriptionIsItsEvent)
{
    World world;
    subscribe_file(world, 0, 1, 1, 99);
    subscribe_clock(world, 1, 2, 1, 60'000'000'000);
    subscribe_clock(world, 2, 3, 7, 0);
    subscribe_clock(world, 3, 4, 2, 0);
    subscribe_file(world, 4, 5, 3, 0);
    EXPECT_EQ(poll(world, 5),
        (std::vector<Happened> {
            { 1, Errno::Badf, 1, 0, 0 },
            { 3, Errno::Inval, 0, 0, 0 },
            { 4, Errno::Notsup, 0, 0, 0 },
            { 5, Errno::Inval, 3, 0, 0 },
        }));
    EXPECT_EQ(world("poll_oneoff", 5000, 8000, 0, 2000), Errno::Inval);
    EXPECT_EQ(world("poll_oneoff", 0, 0, 0xffffffff, 2000), Errno::Inval);
}

/// Runs a call that waits on a thread of its own, and interrupts it once it waits.
Errno interrupted(World& world, std::string_view name, std::vector<Slot> arguments)
{
    Errno answer {};
    std::atomic<bool> is_over = false;
    std::thread guest([&] {
        answer = world.call(name, std::move(arguments));
        is_over = true;
    });
    while (!is_over) {
        std::this_thread::sleep_for(1ms);
        world.host().interrupt();
    }
    guest.join();
    return answer;
}

TEST(Interrupts, EndWhatWaitsAndNothingElse)
{
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const HostFd in(ends[0]), out(ends[1]);
    Config config;
    config.in = in.get();
    config.out = out.get();
    World world(std::move(config));
    world.put_buffer(4000, 10);
    interrupted(world, "fd_read", { 0, 3000, 1, 2000 });
    ASSERT_TRUE(world.trap);
    EXPECT_EQ(world.trap->kind, TrapKind::Interrupted);

    subscribe_clock(world, 0, 1, 1, 60'000'000'000);
    interrupted(world, "poll_oneoff", { 5000, 8000, 1, 2000 });
    ASSERT_TRUE(world.trap);
    EXPECT_EQ(world.trap->kind, TrapKind::Interrupted);

    world.put_buffer(0, 2 * 65536);
    interrupted(world, "fd_write", { 1, 3000, 1, 2000 });
    ASSERT_TRUE(world.trap);
    EXPECT_EQ(world.trap->kind, TrapKind::Interrupted);

    // An interrupt while nothing waits is forgotten.
    world.host().interrupt();
    subscribe_clock(world, 0, 1, 1, 10'000'000);
    EXPECT_EQ(poll(world, 1).size(), 1u);
    EXPECT_FALSE(world.trap);
}

TEST(Interrupts, AreTheEmbeddersToJudge)
{
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const HostFd in(ends[0]), out(ends[1]), wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    Config config;
    config.in = in.get();
    config.wake_fd = [&](Thread&) { return wake.get(); };
    int asked = 0;
    World* the_world = nullptr;
    config.may_go_on = [&](Thread& thread) {
        EXPECT_EQ(&thread.store, &the_world->store());
        // A debugger may let the guest's memory move, and change where the call reads to.
        if (++asked == 3) {
            the_world->put_buffer(4500, 3);
            EXPECT_EQ(::write(out.get(), "abcdef", 6), 6);
        } else {
            ::eventfd_write(wake.get(), 1);
        }
        return true;
    };
    World world(std::move(config));
    the_world = &world;
    EXPECT_EQ(world.read(0), Errno::Success);
    EXPECT_EQ(asked, 3) << "before the wait, and at each wake-up";
    EXPECT_EQ(world.result(), 3u);
    EXPECT_EQ(world.text(4500, 3), "abc");

    Config refusing;
    refusing.wake_fd = [&](Thread&) { return wake.get(); };
    refusing.may_go_on = [](Thread&) { return false; };
    refusing.in = ends[0];
    World ended(std::move(refusing));
    subscribe_clock(ended, 0, 1, 1, 60'000'000'000);
    ended("poll_oneoff", 5000, 8000, 1, 2000);
    ASSERT_TRUE(ended.trap) << "asked for before the wait";
    EXPECT_EQ(ended.trap->kind, TrapKind::Interrupted);
    EXPECT_EQ(ended.read(0), Errno::Success) << "what need not wait is not ended";
}

} // namespace
} // namespace vitrine::core::wasi::test
