// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "world.h"

#include <gmock/gmock.h>

#include <climits>
#include <csignal>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <set>
#include <sys/resource.h>
#include <sys/socket.h>
#include <thread>

// What a guest can cost its host: copies and caches are bounded, long calls can be ended, and the
// host's limits become errnos.

namespace vitrine::core::wasi::test {
namespace {

/// Sets a soft limit of this process temporarily.
class Limited {
public:
    Limited(__rlimit_resource what, rlim_t value) : what_(what)
    {
        EXPECT_EQ(::getrlimit(what, &before_), 0);
        const rlimit now { value, before_.rlim_max };
        EXPECT_EQ(::setrlimit(what, &now), 0);
    }
    Limited(const Limited&) = delete;
    Limited& operator=(const Limited&) = delete;
    ~Limited() { ::setrlimit(what_, &before_); }

private:
    __rlimit_resource what_;
    rlimit before_ {};
};

constexpr uint32_t mib = 1 << 20;
constexpr uint32_t list = 1 * mib, content = 16 * mib;

/// A list of `count` buffers of `length` bytes at `list`. The first begins at `content`, and each
/// begins `step` bytes after the one before.
void put_buffers(World& world, uint32_t count, uint32_t length, uint32_t step)
{
    for (uint32_t i = 0; i < count; ++i) {
        world.put(list + i * 8, content + i * step);
        world.put(list + i * 8 + 4, length);
    }
}

/// A world with 64 MiB of memory.
struct Large {
    explicit Large(Config config) : world(std::move(config)) { EXPECT_TRUE(world.memory().grow(1022)); }
    World world;
};

TEST(Bounds, BuffersThatOverlapAreCopiedToASinkInPieces)
{
    size_t largest = 0, total = 0;
    Config config;
    config.out = Sink([&](std::span<const std::byte> bytes) {
        largest = std::max(largest, bytes.size());
        total += bytes.size();
    });
    Large large(std::move(config));
    World& world = large.world;
    put_buffers(world, 2000, 256 << 10, 0);
    ASSERT_EQ(world("fd_write", 1, list, 2000, 2000), Errno::Success);
    EXPECT_EQ(world.result(), 2000u * (256u << 10));
    EXPECT_EQ(total, world.result());
    EXPECT_LE(largest, 64u << 10);
}

TEST(Bounds, ListsOfBuffersAreNotCopied)
{
    TemporaryFolder folder;
    folder.write("file", "content");
    Large large(World::with(folder));
    World& world = large.world;
    ASSERT_EQ(world.open("file"), Errno::Success);
    // 7 million buffers, nearly all of them empty.
    const uint32_t count = 7'000'000;
    put_buffers(world, count, 0, 0);
    world.put(list + (count - 1) * 8 + 4, 3u);
    struct mallinfo2 before = ::mallinfo2();
    ASSERT_EQ(world("fd_read", 4, list, count, 2000), Errno::Success);
    EXPECT_EQ(world.result(), 3u);
    EXPECT_EQ(world.text(content, 3), "con");
    ASSERT_EQ(world("fd_write", 4, list, count, 2000), Errno::Success);
    EXPECT_EQ(folder.read("file"), "concont");
    EXPECT_LT(::mallinfo2().uordblks, before.uordblks + mib);
}

TEST(Bounds, ListingsOfFoldersKeepLittle)
{
    TemporaryFolder folder;
    for (int i = 0; i < 8000; ++i)
        folder.write(std::to_string(i) + std::string(50, 'x'), "");
    World world(World::with(folder));
    const auto names = [&](uint32_t fd, uint64_t from, bool is_once) {
        std::vector<std::string> names;
        for (;;) {
            EXPECT_EQ(world("fd_readdir", fd, 10'000, 4096, from, 2000), Errno::Success);
            const uint32_t used = world.result();
            for (uint32_t at = 10'000; at + 24 <= 10'000 + used;) {
                const auto length = world.get<uint32_t>(at + 16);
                if (at + 24 + length > 10'000 + used)
                    break;
                names.push_back(world.text(at + 24, length));
                from = world.get<uint64_t>(at);
                at += 24 + length;
            }
            if (used < 4096 || is_once)
                return names;
        }
    };
    const std::vector<std::string> all = names(3, 0, false);
    EXPECT_EQ(all.size(), 8002u);
    EXPECT_EQ(std::set(all.begin(), all.end()).size(), 8002u);

    const size_t before = ::mallinfo2().uordblks;
    for (uint32_t i = 0; i < 300; ++i) {
        ASSERT_EQ(world.open(".", open_flags::directory, 0), Errno::Success);
        const uint32_t fd = world.result();
        // From the middle, and then from some other entry.
        EXPECT_EQ(names(fd, 4000, true).front(), all[4000]);
        const uint64_t somewhere = (i * 997) % 8002;
        EXPECT_EQ(names(fd, somewhere, true).front(), all[somewhere]) << somewhere;
    }
    EXPECT_LT(::mallinfo2().uordblks, before + 300 * (64u << 10));
}

/// Ends the guest at the third check.
struct Impatient {
    Config with(Config config)
    {
        config.may_go_on = [this](Thread&) { return ++asked < 3; };
        return config;
    }
    int asked = 0;
};

TEST(Interrupts, EndWhatTakesLong)
{
    TemporaryFolder folder;
    folder.write("big", "");
    std::filesystem::resize_file(folder / "big", 64 * mib);
    folder.make_folder("many");
    for (int i = 0; i < 3000; ++i)
        folder.write("many/" + std::to_string(i), "");
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    const HostFd mine(ends[0]), theirs(ends[1]);
    const HostFd zero(::open("/dev/zero", O_RDWR | O_CLOEXEC));
    // The other side sends and receives as fast as it can.
    const std::jthread other([fd = theirs.get()](const std::stop_token& stop) {
        std::vector<char> bytes(64 << 10);
        while (!stop.stop_requested()) {
            pollfd polled { fd, POLLIN | POLLOUT, 0 };
            ::poll(&polled, 1, 1);
            ::recv(fd, bytes.data(), bytes.size(), MSG_DONTWAIT);
            ::send(fd, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        }
    });
    // Descriptors: 0 /dev/zero, 1 a sink, 3 the folder, 4 a socket, 5 `big`, 6 `many`.
    const std::vector<std::pair<std::string_view, std::vector<Slot>>> calls {
        { "random_get", { content, 40 * mib } },
        { "fd_read", { 5, list, 1, 2000 } },
        { "fd_read", { 0, list, 1, 2000 } },
        { "fd_pread", { 5, list, 1, 1, 2000 } },
        { "fd_write", { 5, list, 1, 2000 } },
        { "fd_write", { 1, list, 1, 2000 } },
        { "fd_write", { 4, list, 1, 2000 } },
        { "sock_send", { 4, list, 1, 0, 2000 } },
        { "sock_recv", { 4, list, 1, receive_flags::wait_all, 2000, 2004 } },
        { "fd_pwrite", { 5, list, 1, 1, 2000 } },
        { "fd_allocate", { 5, 0, 256 * mib } },
        { "fd_readdir", { 6, content, 40 * mib, 0, 2000 } },
        { "fd_readdir", { 6, content, 10, ~Slot { 0 }, 2000 } },
        { "fd_write", { 5, list, 1'000'000, 2000 } },
    };
    for (const bool replaces_random : { false, true })
        for (const auto& [name, arguments] : calls) {
            if (replaces_random && name != "random_get")
                continue;
            Impatient impatient;
            Config config = impatient.with(World::with(folder));
            config.in = zero.get();
            config.out = Sink([](std::span<const std::byte>) {});
            config.sockets = { mine.get() };
            if (replaces_random)
                config.random = [](std::span<std::byte>) {};
            Large large(std::move(config));
            World& world = large.world;
            ASSERT_EQ(world.open("big"), Errno::Success);
            ASSERT_EQ(world.open("many", open_flags::directory, 0), Errno::Success);
            put_buffers(world, arguments.size() > 2 && arguments[2] > 1 ? 1'000'000 : 1,
                arguments.size() > 2 && arguments[2] == 1'000'000 ? 0 : 40 * mib, 0);
            world.call(name, arguments);
            ASSERT_TRUE(world.trap) << name;
            EXPECT_EQ(world.trap->kind, TrapKind::Interrupted) << name;
            EXPECT_EQ(impatient.asked, 3) << name;
        }
}

TEST(Buffers, MayBeMoreThanTheHostTakesAtOnce)
{
    constexpr uint32_t count = 2 * IOV_MAX + 500;
    TemporaryFolder folder;
    folder.write("file", "");
    std::string sunk, text;
    for (uint32_t i = 0; i < count; ++i)
        text += static_cast<char>('a' + i % 26);
    for (const int kind : { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET }) {
        int ends[2];
        ASSERT_EQ(::socketpair(AF_UNIX, kind | SOCK_CLOEXEC, 0, ends), 0);
        const HostFd mine(ends[0]), theirs(ends[1]);
        Config config = World::with(folder);
        config.sockets = { mine.get(), theirs.get() };
        config.out = Sink([&](std::span<const std::byte> bytes) {
            sunk.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        });
        config.in = Source([&](std::span<std::byte> to) {
            std::memcpy(to.data(), text.data(), text.size());
            return text.size();
        });
        Large large(std::move(config));
        World& world = large.world;
        ASSERT_EQ(world.open("file"), Errno::Success);
        // Every second buffer is empty.
        const auto lay_out = [&](std::string_view what) {
            world.put_text(content, what);
            for (uint32_t i = 0; i < 2 * count; ++i) {
                world.put(list + i * 8, content + i / 2);
                world.put(list + i * 8 + 4, i % 2);
            }
        };
        const auto writes = [&](std::string_view name, std::vector<Slot> arguments) {
            lay_out(text);
            EXPECT_EQ(world.call(name, std::move(arguments)), Errno::Success) << name;
            EXPECT_EQ(world.result(), count) << name;
        };
        const auto reads = [&](std::string_view name, std::vector<Slot> arguments) {
            lay_out(std::string(count, '.'));
            EXPECT_EQ(world.call(name, std::move(arguments)), Errno::Success) << name;
            EXPECT_EQ(world.text(content, world.result()), text.substr(0, world.result())) << name;
            EXPECT_GT(world.result(), 0u) << name;
        };
        writes("fd_write", { 1, list, 2 * count, 2000 });
        EXPECT_EQ(sunk, text);
        sunk.clear();
        reads("fd_read", { 0, list, 2 * count, 2000 });
        writes("fd_write", { 6, list, 2 * count, 2000 });
        ASSERT_EQ(world("fd_seek", 6, 0, 0, 2000), Errno::Success);
        reads("fd_read", { 6, list, 2 * count, 2000 });
        EXPECT_EQ(world.result(), count) << "all of a file";
        writes("fd_pwrite", { 6, list, 2 * count, 0, 2000 });
        reads("fd_pread", { 6, list, 2 * count, 0, 2000 });
        EXPECT_EQ(world.result(), count) << "all of a file";
        writes("fd_write", { 4, list, 2 * count, 2000 });
        reads("fd_read", { 5, list, 2 * count, 2000 });
        for (uint32_t left = count - world.result(); left > 0; left -= world.result())
            ASSERT_EQ(world("fd_read", 5, list, 2 * count, 2000), Errno::Success);
        writes("sock_send", { 4, list, 2 * count, 0, 2000 });
        reads("sock_recv",
            { 5, list, 2 * count, kind == SOCK_STREAM ? Slot { receive_flags::wait_all } : 0, 2000, 2004 });
        EXPECT_EQ(world.result(), count) << "a message is received whole";
    }
}

volatile std::sig_atomic_t signals_seen = 0;

TEST(Limits, OfTheSizeOfFilesAreAnErrnoAndNoSignal)
{
    TemporaryFolder folder;
    folder.write("file", "");
    signals_seen = 0;
    struct sigaction counting {}, before {};
    counting.sa_handler = [](int) { signals_seen = signals_seen + 1; };
    ASSERT_EQ(::sigaction(SIGXFSZ, &counting, &before), 0);
    {
        const Limited limited(RLIMIT_FSIZE, 100);
        World world(World::with(folder));
        ASSERT_EQ(world.open("file"), Errno::Success);
        world.put_buffer(4000, 150);
        EXPECT_EQ(world("fd_write", 4, 3000, 1, 2000), Errno::Success);
        EXPECT_EQ(world.result(), 100u) << "what there is room for";
        EXPECT_EQ(world("fd_write", 4, 3000, 1, 2000), Errno::Fbig);
        EXPECT_EQ(world("fd_pwrite", 4, 3000, 1, 100, 2000), Errno::Fbig);
        EXPECT_EQ(world("fd_filestat_set_size", 4, 101), Errno::Fbig);
        EXPECT_EQ(world("fd_allocate", 4, 0, 101), Errno::Fbig);
        EXPECT_EQ(signals_seen, 0);
    }
    ASSERT_EQ(::raise(SIGXFSZ), 0);
    EXPECT_EQ(signals_seen, 1) << "the embedder's handler is what it was, and nothing is left pending";
    ::sigaction(SIGXFSZ, &before, nullptr);
}

TEST(Limits, OfOpenFilesDoNotLimitSubscriptions)
{
    TemporaryFolder folder;
    folder.write("file", "content");
    Large large(World::with(folder));
    World& world = large.world;
    ASSERT_EQ(world.open("file"), Errno::Success);
    const Limited limited(RLIMIT_NOFILE, 200);
    for (const uint32_t count : { 201u, 1025u, 8192u }) {
        for (uint32_t i = 0; i < count; ++i) {
            const uint32_t at = content + i * 48;
            world.put(at, uint64_t { i });
            world.put(at + 8, static_cast<uint8_t>(1 + i % 2));
            world.put(at + 16, i % 3 == 0 ? 1u : 4u);
        }
        const uint32_t events = content + 8 * mib;
        ASSERT_EQ(world("poll_oneoff", content, events, count, 2000), Errno::Success) << count;
        // Standard output may be anything. The file is ready for all subscriptions.
        EXPECT_GE(world.result(), count * 2 / 3);
        for (uint32_t i = 0; i < world.result(); ++i) {
            const auto asked = world.get<uint64_t>(events + i * 32);
            EXPECT_EQ(world.get<uint8_t>(events + i * 32 + 10), 1 + asked % 2);
        }
    }
    EXPECT_EQ(world("poll_oneoff", content, content, 8193, 2000), Errno::Inval);
}

} // namespace
} // namespace vitrine::core::wasi::test
