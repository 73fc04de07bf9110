// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "world.h"

#include <algorithm>
#include <fcntl.h>
#include <sys/socket.h>

// The changes to the guest's memory that functions report to those who watch or record it: exactly
// the bytes written, however many ranges a call names. `World` checks that every change is
// reported.

namespace vitrine::core::wasi::test {
namespace {

struct Change {
    uint64_t address, count;

    friend bool operator==(const Change&, const Change&) = default;
};

void PrintTo(const Change& change, std::ostream* out) { *out << change.address << '+' << change.count; }

using Changes = std::vector<Change>;

/// Calls functions, and merges the changes that they report.
struct Witness {
    /// By address, with adjacent changes merged.
    template<class... Arguments> Changes of(std::string_view name, Arguments... arguments)
    {
        answer = world(name, arguments...);
        std::ranges::sort(world.changes, {}, &MemoryBytes::address);
        Changes merged;
        for (const MemoryBytes& change : world.changes) {
            if (!merged.empty() && merged.back().address + merged.back().count == change.address)
                merged.back().count += change.count;
            else
                merged.push_back({ change.address, change.count });
        }
        return merged;
    }

    World& world;
    Errno answer = Errno::Success;
};

TEST(ChangesOfMemory, AReadChangesWhatItHasRead)
{
    TemporaryFolder folder;
    folder.write("file", "five!");
    World world(World::with(folder));
    ASSERT_EQ(world.open("file"), Errno::Success);
    Witness witness { world };
    // Four buffers of 2, 0, 1 and 1000 bytes, not in the order of their addresses.
    const uint32_t vector[] { 9000, 2, 8000, 0, 8500, 1, 4000, 1000 };
    for (uint32_t i = 0; i < 8; ++i)
        world.put(3000 + 4 * i, vector[i]);
    EXPECT_EQ(witness.of("fd_pread", 4, 3000, 4, 1, 2000),
        (Changes { { 2000, 4 }, { 4000, 1 }, { 8500, 1 }, { 9000, 2 } }));
    EXPECT_EQ(witness.of("fd_read", 4, 3000, 4, 2000),
        (Changes { { 2000, 4 }, { 4000, 2 }, { 8500, 1 }, { 9000, 2 } }));
    EXPECT_EQ(witness.of("fd_read", 4, 3000, 4, 2000), (Changes { { 2000, 4 } })) << "the end";
    EXPECT_EQ(witness.of("fd_read", 4, 3000, 4, 200'000), (Changes {}));
    EXPECT_EQ(witness.answer, Errno::Fault);
    EXPECT_EQ(witness.of("fd_read", 3, 3000, 4, 2000), (Changes {}));
    EXPECT_EQ(witness.answer, Errno::Isdir);
    EXPECT_EQ(witness.of("fd_write", 4, 3000, 4, 2000), (Changes { { 2000, 4 } })) << "it only reads memory";
}

TEST(ChangesOfMemory, ASourceAndASocketToo)
{
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends), 0);
    const HostFd mine(ends[0]), theirs(ends[1]);
    Config config;
    config.sockets = { theirs.get() };
    config.in = Source([](std::span<std::byte> to) {
        to[0] = to[1] = to[2] = std::byte('s');
        return size_t { 3 };
    });
    World world(std::move(config));
    Witness witness { world };
    world.put_buffer(4000, 1000);
    EXPECT_EQ(witness.of("fd_read", 0, 3000, 1, 2000), (Changes { { 2000, 4 }, { 4000, 3 } }));
    ASSERT_EQ(::send(mine.get(), "message", 7, 0), 7);
    EXPECT_EQ(witness.of("sock_recv", 3, 3000, 1, 0, 2000, 2010),
        (Changes { { 2000, 4 }, { 2010, 2 }, { 4000, 7 } }));
    // With more buffers than the host accepts at once.
    for (uint32_t i = 0; i < 2000; ++i) {
        world.put(10'000 + 8 * i, uint32_t { 50'000 + 2 * i });
        world.put(10'004 + 8 * i, uint32_t { 1 });
    }
    ASSERT_EQ(::send(mine.get(), "two", 2, 0), 2);
    EXPECT_EQ(witness.of("sock_recv", 3, 10'000, 2000, 0, 2000, 2010),
        (Changes { { 2000, 4 }, { 2010, 2 }, { 50'000, 1 }, { 50'002, 1 } }));
}

TEST(ChangesOfMemory, WhatOtherFunctionsAnswer)
{
    TemporaryFolder folder;
    folder.write("file", "content");
    folder.link("file", "link");
    Config config = World::with(folder);
    config.args = { "program", "x" };
    config.random = [](std::span<std::byte> bytes) { std::ranges::fill(bytes, std::byte('r')); };
    World world(std::move(config));
    Witness witness { world };
    world.put_text(1000, "file");
    world.put_text(1500, "link");
    EXPECT_EQ(witness.of("args_get", 4000, 5000), (Changes { { 4000, 8 }, { 5000, 10 } }));
    EXPECT_EQ(witness.of("args_sizes_get", 4000, 4100), (Changes { { 4000, 4 }, { 4100, 4 } }));
    EXPECT_EQ(witness.of("random_get", 4000, 77), (Changes { { 4000, 77 } }));
    EXPECT_EQ(witness.of("clock_time_get", 0, 0, 4000), (Changes { { 4000, 8 } }));
    EXPECT_EQ(witness.of("clock_time_get", 9, 0, 4000), (Changes {}));
    EXPECT_EQ(witness.of("fd_prestat_get", 3, 4000), (Changes { { 4000, 8 } }));
    EXPECT_EQ(witness.of("fd_prestat_dir_name", 3, 4000, 100), (Changes { { 4000, 1 } })) << "its name is /";
    EXPECT_EQ(witness.of("fd_fdstat_get", 3, 4000), (Changes { { 4000, 24 } }));
    EXPECT_EQ(witness.of("path_filestat_get", 3, 0, 1000, 4, 4000), (Changes { { 4000, 64 } }));
    EXPECT_EQ(
        witness.of("path_readlink", 3, 1500, 4, 4000, 1000, 2000), (Changes { { 2000, 4 }, { 4000, 4 } }));
    EXPECT_EQ(witness.of("path_readlink", 3, 1000, 4, 4000, 1000, 2000), (Changes {})) << "no link";
    EXPECT_EQ(
        witness.of("path_open", 3, 0, 1000, 4, 0, World::read_write, 0, 0, 2000), (Changes { { 2000, 4 } }));
    EXPECT_EQ(witness.of("path_create_directory", 3, 1000, 4), (Changes {}));
    // The names ., .., file and link, each after a header.
    EXPECT_EQ(witness.of("fd_readdir", 3, 4000, 1000, 0, 2000),
        (Changes { { 2000, 4 }, { 4000, 4 * 24 + 1 + 2 + 4 + 4 } }));
    EXPECT_EQ(witness.of("fd_readdir", 3, 4000, 30, 0, 2000), (Changes { { 2000, 4 }, { 4000, 30 } }));
    // A clock that is due, and one that is not.
    for (uint32_t i = 0; i < 96; ++i)
        world.put(6000 + i, uint8_t { 0 });
    world.put(6048 + 24, uint64_t { 1'000'000'000'000 });
    EXPECT_EQ(witness.of("poll_oneoff", 6000, 7000, 2, 2000), (Changes { { 2000, 4 }, { 7000, 32 } }));
}

} // namespace
} // namespace vitrine::core::wasi::test
