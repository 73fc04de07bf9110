// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "world.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <fcntl.h>
#include <set>
#include <sys/resource.h>
#include <sys/socket.h>
#include <thread>

namespace vitrine::core::wasi::test {
namespace {

/// Both ends of a pipe. The kernel does not support RWF_NOWAIT on a named pipe, so its readiness
/// must be checked first.
struct Pipes : testing::TestWithParam<Pipe::Kind> {};
INSTANTIATE_TEST_SUITE_P(EveryKind, Pipes, testing::Values(Pipe::Kind::Anonymous, Pipe::Kind::Named),
    [](const auto& kind) { return kind.param == Pipe::Kind::Anonymous ? "Anonymous" : "Named"; });

std::set<int> open_host_files()
{
    std::set<int> files;
    for (int fd = 0; fd < 1024; ++fd) {
        if (::fcntl(fd, F_GETFD) >= 0)
            files.insert(fd);
    }
    return files;
}

TEST(Files, AreReadAndWrittenAtTheirPosition)
{
    TemporaryFolder folder;
    World world(World::with(folder));
    ASSERT_EQ(world.open("file", open_flags::create), Errno::Success);
    ASSERT_EQ(world.result(), 4u) << "behind the streams and the folder";
    EXPECT_EQ(world.write(4, "hello"), Errno::Success);
    EXPECT_EQ(world.result(), 5u);
    EXPECT_EQ(folder.read("file"), "hello");
    EXPECT_EQ(world.read(4), Errno::Success);
    EXPECT_EQ(world.result(), 0u) << "the end";
    ASSERT_EQ(world("fd_seek", 4, 1, 0, 2000), Errno::Success);
    EXPECT_EQ(world.read(4, 3), Errno::Success);
    EXPECT_EQ(world.read_text(), "ell");
    ASSERT_EQ(world("fd_tell", 4, 2000), Errno::Success);
    EXPECT_EQ(world.get<uint64_t>(2000), 4u);
    ASSERT_EQ(world("fd_seek", 4, -2, 2, 2000), Errno::Success);
    EXPECT_EQ(world.get<uint64_t>(2000), 3u);
    EXPECT_EQ(world("fd_seek", 4, -1, 0, 2000), Errno::Inval);
    EXPECT_EQ(world("fd_seek", 4, 0, 3, 2000), Errno::Inval);

    world.put_text(4000, "J");
    world.put_buffer(4000, 1);
    ASSERT_EQ(world("fd_pwrite", 4, 3000, 1, 0, 2000), Errno::Success);
    world.put_buffer(4100, 5);
    ASSERT_EQ(world("fd_pread", 4, 3000, 1, 0, 2000), Errno::Success);
    EXPECT_EQ(world.text(4100, 5), "Jello");
    ASSERT_EQ(world("fd_tell", 4, 2000), Errno::Success);
    EXPECT_EQ(world.get<uint64_t>(2000), 3u) << "reading elsewhere does not move";
}

TEST(Files, SeveralBuffersAreOneText)
{
    TemporaryFolder folder;
    World world(World::with(folder));
    ASSERT_EQ(world.open("file", open_flags::create), Errno::Success);
    world.put_text(4000, "onetwo");
    world.put(3000, std::array<uint32_t, 6> { 4000, 3, 5000, 0, 4003, 3 });
    ASSERT_EQ(world("fd_write", 4, 3000, 3, 2000), Errno::Success);
    EXPECT_EQ(world.result(), 6u);
    EXPECT_EQ(folder.read("file"), "onetwo");
    ASSERT_EQ(world("fd_seek", 4, 0, 0, 2000), Errno::Success);
    world.put(3000, std::array<uint32_t, 4> { 5000, 4, 6000, 4 });
    ASSERT_EQ(world("fd_read", 4, 3000, 2, 2000), Errno::Success);
    EXPECT_EQ(world.text(5000, 4) + world.text(6000, 2), "onetwo");
    EXPECT_EQ(world("fd_write", 4, 3000, 0, 2000), Errno::Success) << "nothing at all";
}

TEST(Files, RightsSayHowAFileIsOpenedAndFoldersAreOnlyRead)
{
    TemporaryFolder folder;
    folder.write("file", "content");
    folder.make_folder("folder");
    World world(World::with(folder));
    ASSERT_EQ(world.open("file", 0, rights::fd_read), Errno::Success);
    EXPECT_EQ(world.write(4, "x"), Errno::Badf);
    ASSERT_EQ(world("fd_fdstat_get", 4, 2000), Errno::Success);
    EXPECT_EQ(world.get<FileType>(2000), FileType::RegularFile);
    EXPECT_EQ(world.get<uint64_t>(2008) & World::read_write, rights::fd_read);
    ASSERT_EQ(world.open("file", 0, rights::fd_write), Errno::Success);
    EXPECT_EQ(world.read(5), Errno::Badf);
    ASSERT_EQ(world("fd_fdstat_get", 5, 2000), Errno::Success);
    EXPECT_EQ(world.get<uint64_t>(2008) & World::read_write, rights::fd_write);
    ASSERT_EQ(world("fd_fdstat_get", 3, 2000), Errno::Success);
    EXPECT_EQ(world.get<FileType>(2000), FileType::Directory);
    EXPECT_TRUE(world.get<uint64_t>(2008) & rights::fd_readdir);
    EXPECT_EQ(world.get<uint64_t>(2016) & World::read_write, World::read_write)
        << "files in it may be read and written";

    EXPECT_EQ(world.read(3), Errno::Isdir);
    EXPECT_EQ(world.write(3, "x"), Errno::Badf);
    EXPECT_EQ(world("fd_tell", 3, 2000), Errno::Badf);
    EXPECT_EQ(world("fd_allocate", 3, 0, 1), Errno::Badf);
    EXPECT_EQ(world("fd_filestat_set_size", 3, 0), Errno::Inval);
    EXPECT_EQ(world.open("folder", open_flags::directory | open_flags::create), Errno::Inval);
    EXPECT_EQ(world.open("folder", open_flags::directory, World::read_write), Errno::Isdir);
}

TEST(Files, OnlyTheRightToWriteAsksForWriting)
{
    TemporaryFolder folder;
    folder.write("file", "content");
    Config config = World::with(folder);
    config.preopens.push_back({ folder.path().string(), "/ro", Access::ReadOnly });
    World world(std::move(config));
    for (uint64_t right = 1; right <= rights::sock_accept; right <<= 1)
        for (const uint64_t others : { uint64_t { 0 }, rights::fd_read, ~rights::fd_write }) {
            const uint64_t asked = right | others;
            const bool is_writing = asked & rights::fd_write;
            for (const uint32_t fd : { 3u, 4u }) {
                const bool is_refused = fd == 4 && is_writing;
                ASSERT_EQ(world.open("file", 0, asked, 0, 1, fd), is_refused ? Errno::Rofs : Errno::Success)
                    << asked;
                if (is_refused)
                    continue;
                const uint32_t opened = world.result();
                EXPECT_EQ(world.write(opened, "C"), is_writing ? Errno::Success : Errno::Badf) << asked;
                EXPECT_EQ(world("fd_filestat_set_size", opened, 7) == Errno::Success, is_writing) << asked;
                EXPECT_EQ(world("fd_close", opened), Errno::Success);
            }
        }
    EXPECT_EQ(folder.read("file").substr(1), "ontent");
}

TEST(Files, FlagsAreThoseOfTheOpenFile)
{
    TemporaryFolder folder;
    folder.write("file", "one");
    World world(World::with(folder));
    const auto flags = [&](uint32_t fd) {
        EXPECT_EQ(world("fd_fdstat_get", fd, 2000), Errno::Success);
        return world.get<uint16_t>(2002);
    };
    ASSERT_EQ(world.open("file", 0, World::read_write, fd_flags::append), Errno::Success);
    EXPECT_EQ(flags(4), fd_flags::append);
    EXPECT_EQ(world.write(4, "two"), Errno::Success);
    EXPECT_EQ(folder.read("file"), "onetwo");
    EXPECT_EQ(world("fd_fdstat_set_flags", 4, fd_flags::nonblock), Errno::Success);
    EXPECT_EQ(flags(4), fd_flags::nonblock);
    ASSERT_EQ(world("fd_seek", 4, 0, 0, 2000), Errno::Success);
    EXPECT_EQ(world.write(4, "ONE"), Errno::Success);
    EXPECT_EQ(folder.read("file"), "ONEtwo");
    EXPECT_EQ(world("fd_fdstat_set_flags", 4, fd_flags::sync), Errno::Notsup);
    EXPECT_EQ(world("fd_fdstat_set_flags", 4, 64), Errno::Inval);
    ASSERT_EQ(world.open("file", 0, World::read_write, fd_flags::sync | fd_flags::nonblock), Errno::Success);
    EXPECT_EQ(flags(5), fd_flags::sync | fd_flags::nonblock);
    EXPECT_EQ(world("fd_fdstat_set_flags", 5, fd_flags::sync), Errno::Success);
    ASSERT_EQ(world.open("file", 0, World::read_write, fd_flags::dsync), Errno::Success);
    EXPECT_EQ(flags(6), fd_flags::dsync);
}

TEST(Files, HaveASizeAndTimes)
{
    TemporaryFolder folder;
    folder.write("file", "content");
    folder.link("file", "link");
    World world(World::with(folder));
    ASSERT_EQ(world.open("file"), Errno::Success);
    EXPECT_EQ(world("fd_filestat_set_size", 4, 3), Errno::Success);
    EXPECT_EQ(folder.read("file"), "con");
    EXPECT_EQ(world("fd_allocate", 4, 2, 8), Errno::Success);
    EXPECT_EQ(folder.read("file").size(), 10u);
    EXPECT_EQ(world("fd_allocate", 4, 0, 0), Errno::Inval);
    EXPECT_EQ(world("fd_filestat_set_size", 4, ~Slot { 0 }), Errno::Inval);
    EXPECT_EQ(world("fd_advise", 4, 0, 0, 6), Errno::Inval);

    const auto times = [&](std::string_view path) {
        EXPECT_EQ(world.stat(path), Errno::Success);
        return std::pair(world.get<uint64_t>(2040), world.get<uint64_t>(2048));
    };
    constexpr uint64_t some = 1'234'567'890'123'456'789, other = 987'654'321'000'000'001;
    EXPECT_EQ(
        world("fd_filestat_set_times", 4, some, other, time_flags::atim | time_flags::mtim), Errno::Success);
    EXPECT_EQ(times("file"), std::pair(some, other));
    EXPECT_EQ(world("fd_filestat_set_times", 4, 0, some, time_flags::mtim), Errno::Success);
    EXPECT_EQ(times("file"), std::pair(some, some)) << "only what is asked for";
    for (const uint32_t both :
        { time_flags::atim | time_flags::atim_now, time_flags::mtim | time_flags::mtim_now, 16u })
        EXPECT_EQ(world("fd_filestat_set_times", 4, 0, 0, both), Errno::Inval);
    world.put_text(1000, "link");
    EXPECT_EQ(
        world("path_filestat_set_times", 3, 0, 1000, 4, other, other, time_flags::atim | time_flags::mtim),
        Errno::Success);
    EXPECT_EQ(times("link").second, other) << "of the link itself";
    EXPECT_EQ(times("file").second, some);
    EXPECT_EQ(
        world("path_filestat_set_times", 3, 1, 1000, 4, other, other, time_flags::mtim), Errno::Success);
    EXPECT_EQ(times("file").second, other) << "of what it leads to";
    EXPECT_EQ(world("fd_filestat_set_times", 4, 0, 0, time_flags::mtim_now), Errno::Success);
    EXPECT_GT(times("file").second, some);
}

TEST(Files, FoldersAreMadeRenamedAndRemoved)
{
    TemporaryFolder folder;
    World world(World::with(folder));
    EXPECT_EQ(world.at_path("path_create_directory", "a"), Errno::Success);
    EXPECT_EQ(world.at_path("path_create_directory", "a"), Errno::Exist);
    EXPECT_EQ(world.at_path("path_create_directory", "b/c"), Errno::Noent);
    EXPECT_EQ(world.open("a/file", open_flags::create | open_flags::exclusive), Errno::Success);
    EXPECT_EQ(world.open("a/file", open_flags::create | open_flags::exclusive), Errno::Exist);
    EXPECT_EQ(world.at_path("path_remove_directory", "a"), Errno::Notempty);
    EXPECT_EQ(world.at_path("path_unlink_file", "a"), Errno::Isdir);
    EXPECT_EQ(world.on_paths("path_rename", "a/file", "file"), Errno::Success);
    EXPECT_EQ(world.on_paths("path_rename", "a", "file"), Errno::Notdir);
    EXPECT_EQ(world.at_path("path_remove_directory", "file"), Errno::Notdir);
    EXPECT_EQ(world.at_path("path_remove_directory", "a"), Errno::Success);
    EXPECT_EQ(world.on_paths("path_link", "file", "second"), Errno::Success);
    EXPECT_EQ(world.stat("second"), Errno::Success);
    EXPECT_EQ(world.get<uint64_t>(2024), 2u) << "names of one file";
    EXPECT_EQ(world.at_path("path_unlink_file", "file"), Errno::Success);
    EXPECT_EQ(world.at_path("path_unlink_file", "file"), Errno::Noent);
    EXPECT_TRUE(exists(folder / "second"));
}

/// All names that fd_readdir returns, called repeatedly with a buffer of `room` bytes.
std::vector<std::string> names_by_readdir(World& world, uint32_t room)
{
    std::vector<std::string> names;
    for (uint64_t cookie = 0;;) {
        EXPECT_EQ(world("fd_readdir", 3, 10'000, room, cookie, 2000), Errno::Success);
        const uint32_t used = world.result();
        EXPECT_LE(used, room);
        for (uint32_t at = 0; at + 24 <= used;) {
            const auto length = world.get<uint32_t>(10'000 + at + 16);
            if (at + 24 + length > used)
                break;
            names.push_back(world.text(10'000 + at + 24, length));
            EXPECT_EQ(world.get<uint64_t>(10'000 + at), cookie + 1);
            cookie = world.get<uint64_t>(10'000 + at);
            at += 24 + length;
        }
        if (used < room)
            return names;
    }
}

TEST(Folders, AreListedWholeWithBuffersOfAnySize)
{
    TemporaryFolder folder;
    std::vector<std::string> wanted { ".", ".." };
    for (int i = 0; i < 40; ++i) {
        wanted.push_back(std::string(static_cast<size_t>(i % 7 + 1), 'x') + std::to_string(i));
        folder.write(wanted.back(), "");
    }
    World world(World::with(folder));
    const std::vector<std::string> whole = names_by_readdir(world, 8000);
    EXPECT_EQ(whole[0], ".");
    EXPECT_EQ(whole[1], "..");
    EXPECT_THAT(whole, testing::UnorderedElementsAreArray(wanted));
    // 33 is just enough for the longest entry.
    for (const uint32_t room : { 33, 34, 47, 64, 100, 999 })
        EXPECT_EQ(names_by_readdir(world, room), whole) << room;
    for (const uint32_t room : { 0, 1, 7, 23, 24 }) {
        EXPECT_EQ(world("fd_readdir", 3, 10'000, room, 0, 2000), Errno::Success);
        EXPECT_EQ(world.result(), room) << "a full buffer";
    }
    EXPECT_EQ(world("fd_readdir", 3, 10'000, 100, 42, 2000), Errno::Success);
    EXPECT_EQ(world.result(), 0u);
    EXPECT_EQ(world("fd_readdir", 3, 10'000, 100, ~Slot { 0 }, 2000), Errno::Success);
    EXPECT_EQ(world.result(), 0u);
    EXPECT_EQ(world("fd_readdir", 1, 10'000, 100, 0, 2000), Errno::Notdir);
}

TEST(Folders, AListingGoesOnWhereItWasWhileFilesComeAndGo)
{
    TemporaryFolder folder;
    for (int i = 0; i < 20; ++i)
        folder.write("file" + std::to_string(i), "");
    World world(World::with(folder));
    const std::vector<std::string> before = names_by_readdir(world, 8000);
    for (int i = 0; i < 20; i += 2)
        std::filesystem::remove(folder / ("file" + std::to_string(i)));
    folder.write("new", "");
    for (uint32_t from = 2; from < before.size(); ++from) {
        const auto left = std::find_if(before.begin() + from, before.end(),
            [&](const std::string& name) { return std::filesystem::exists(folder / name); });
        ASSERT_EQ(world("fd_readdir", 3, 10'000, 200, from, 2000), Errno::Success);
        // The host decides where a new file appears.
        const bool is_new = world.text(10'024, world.get<uint32_t>(10'016)) == "new";
        const uint32_t at = is_new ? 10'027 : 10'000;
        if (left != before.end()) {
            EXPECT_EQ(world.text(at + 24, world.get<uint32_t>(at + 16)), *left) << from;
        }
    }
    EXPECT_EQ(names_by_readdir(world, 8000).size(), 2u + 11u) << "from the start, it is read anew";
}

TEST(Folders, EntriesHaveTypeAndInode)
{
    TemporaryFolder folder;
    folder.link("nowhere", "link");
    World world(World::with(folder));
    ASSERT_EQ(world("fd_readdir", 3, 10'000, 500, 0, 2000), Errno::Success);
    EXPECT_EQ(world.get<FileType>(10'020), FileType::Directory);
    const auto own = world.get<uint64_t>(10'008);
    EXPECT_EQ(world.get<uint64_t>(10'025 + 8), 0u) << "what is above is not told";
    const uint32_t link = 10'025 + 26;
    EXPECT_EQ(world.get<FileType>(link + 20), FileType::SymbolicLink);
    ASSERT_EQ(world("fd_filestat_get", 3, 2000), Errno::Success);
    EXPECT_EQ(world.get<uint64_t>(2008), own);
}

TEST(Descriptors, AreTheLowestFreeAndNotMoreThanAllowed)
{
    TemporaryFolder folder;
    folder.write("file", "");
    Config config = World::with(folder);
    config.max_files = 6;
    World world(std::move(config));
    const size_t before = open_host_files().size();
    ASSERT_EQ(world.open("file"), Errno::Success);
    ASSERT_EQ(world.open("file"), Errno::Success);
    EXPECT_EQ(world.result(), 5u);
    EXPECT_EQ(world.open("new", open_flags::create), Errno::Mfile);
    EXPECT_FALSE(exists(folder / "new")) << "nothing is made that cannot be opened";
    EXPECT_EQ(open_host_files().size(), before + 2);
    EXPECT_EQ(world("fd_close", 0), Errno::Success);
    EXPECT_EQ(world("fd_close", 4), Errno::Success);
    EXPECT_EQ(world("fd_close", 4), Errno::Badf);
    EXPECT_EQ(world.open("file"), Errno::Success);
    EXPECT_EQ(world.result(), 0u);
    EXPECT_EQ(world.open("file"), Errno::Success);
    EXPECT_EQ(world.result(), 4u);
    EXPECT_EQ(world.open("file"), Errno::Mfile);
}

TEST(Descriptors, AreClosedWithTheWorldAndInheritedByNobody)
{
    TemporaryFolder folder;
    folder.write("file", "");
    const std::set<int> before = open_host_files();
    {
        World world(World::with(folder));
        EXPECT_EQ(world.open("file"), Errno::Success);
        EXPECT_EQ(world.open(".", open_flags::directory, 0), Errno::Success);
        EXPECT_EQ(open_host_files().size(), before.size() + 7) << "streams, folder, eventfd, and two";
        for (const int fd : open_host_files()) {
            EXPECT_TRUE(before.contains(fd) || ::fcntl(fd, F_GETFD) & FD_CLOEXEC) << fd;
        }
    }
    EXPECT_EQ(open_host_files(), before);
}

TEST(Descriptors, WhenTheHostHasNoneLeftTheGuestIsToldSo)
{
    TemporaryFolder folder;
    folder.make_folder("folder");
    folder.write("file", "");
    World world(World::with(folder));
    rlimit before {};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    const rlimit few { static_cast<rlim_t>(*open_host_files().rbegin() + 1), before.rlim_max };
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
    while (world.open("file") == Errno::Success) {}
    EXPECT_EQ(world.open("file"), Errno::Mfile);
    EXPECT_EQ(world.stat("file"), Errno::Mfile);
    EXPECT_EQ(world.at_path("path_unlink_file", "folder/../file"), Errno::Mfile);
    EXPECT_EQ(world.at_path("path_unlink_file", "file"), Errno::Success) << "this needs none";
    EXPECT_EQ(world("fd_readdir", 3, 10'000, 100, 0, 2000), Errno::Success) << "nor does this";
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_EQ(world.stat("folder"), Errno::Success);
}

TEST(Descriptors, RenumberClosesTheTarget)
{
    TemporaryFolder folder;
    folder.write("one", "one");
    folder.write("two", "two");
    World world(World::with(folder));
    ASSERT_EQ(world.open("one"), Errno::Success);
    ASSERT_EQ(world.open("two"), Errno::Success);
    const size_t before = open_host_files().size();
    EXPECT_EQ(world("fd_renumber", 5, 4), Errno::Success);
    EXPECT_EQ(open_host_files().size(), before - 1);
    EXPECT_EQ(world.read(5), Errno::Badf);
    EXPECT_EQ(world.read(4), Errno::Success);
    EXPECT_EQ(world.read_text(), "two");
    EXPECT_EQ(world("fd_renumber", 4, 5), Errno::Badf);
    EXPECT_EQ(world("fd_renumber", 4, 4), Errno::Success);
    EXPECT_EQ(world("fd_tell", 4, 2000), Errno::Success);
    EXPECT_EQ(world("fd_renumber", 3, 4), Errno::Success);
    ASSERT_EQ(world("fd_prestat_get", 4, 2000), Errno::Success) << "a folder stays what it is";
    EXPECT_EQ(world("fd_prestat_get", 3, 2000), Errno::Badf);
}

TEST(Preopens, StandFrom3OnUnderTheirNames)
{
    TemporaryFolder first, second;
    Config config = World::with(first);
    config.preopens.push_back({ second.path().string(), "data/more" });
    World world(std::move(config));
    ASSERT_EQ(world("fd_prestat_get", 4, 2000), Errno::Success);
    EXPECT_EQ(world.get<uint8_t>(2000), 0u);
    EXPECT_EQ(world.get<uint32_t>(2004), 9u);
    EXPECT_EQ(world("fd_prestat_dir_name", 4, 2100, 8), Errno::Nametoolong);
    ASSERT_EQ(world("fd_prestat_dir_name", 4, 2100, 20), Errno::Success);
    EXPECT_EQ(world.text(2100, 9), "data/more");
    EXPECT_EQ(world("fd_prestat_get", 5, 2000), Errno::Badf);
    EXPECT_EQ(world("fd_prestat_get", 1, 2000), Errno::Badf);
    EXPECT_EQ(world("fd_prestat_dir_name", 1, 2100, 20), Errno::Badf);
}

TEST(Preopens, AFolderThatCannotBeOpenedIsNamed)
{
    TemporaryFolder folder;
    folder.write("file", "");
    const auto message = [](Config config) {
        const auto host = Preview1::create(std::move(config));
        return host ? "none" : host.error().message;
    };
    const auto with = [&](std::string host_path) {
        Config config;
        config.preopens.push_back({ std::move(host_path), "/" });
        return config;
    };
    EXPECT_EQ(message(with("/no/such\n")), "preopened directory \"/no/such\\n\": No such file or directory");
    EXPECT_EQ(message(with((folder / "file").string())),
        "preopened directory \"" + (folder / "file").string() + "\": Not a directory");
    EXPECT_EQ(message(with(std::string("a\0b", 3))), "preopened directory \"a\\00b\" has a NUL in its path");
    Config many = with("/");
    many.max_files = 3;
    EXPECT_EQ(message(std::move(many)), "preopened directory \"/\": the guest may have at most 3 open files");
    EXPECT_EQ(message({ { .args = { std::string("x\0", 2) } } }), "argument \"x\\00\" contains a NUL");
    EXPECT_EQ(
        message({ { .env = { { "A=B", "" } } } }), "environment variable \"A=B\" has a \"=\" in its name");
    EXPECT_EQ(message({ { .env = { { "A", std::string("x\0", 2) } } } }),
        "environment variable \"A\" contains a NUL");
    EXPECT_EQ(message({ { .env = { { "", "x" } } } }), "environment variable \"\" has an empty name");
}

TEST(Streams, OutputGoesWhereTheEmbedderWants)
{
    std::string out;
    Config config;
    config.out = Sink([&](std::span<const std::byte> bytes) { out += "<" + text_of_bytes(bytes) + ">"; });
    World world(std::move(config));
    EXPECT_EQ(world.write(1, "hello\n"), Errno::Success);
    EXPECT_EQ(world.result(), 6u);
    world.put_text(4000, "onetwo");
    world.put(3000, std::array<uint32_t, 4> { 4000, 3, 4003, 3 });
    EXPECT_EQ(world("fd_write", 1, 3000, 2, 2000), Errno::Success);
    EXPECT_EQ(out, "<hello\n><onetwo>");
    EXPECT_EQ(world.read(1), Errno::Badf);
    EXPECT_EQ(world("fd_seek", 1, 0, 0, 2000), Errno::Spipe);
    EXPECT_EQ(world("fd_pwrite", 1, 3000, 1, 0, 2000), Errno::Spipe);
    // The guest sees a terminal, so that its library writes line by line.
    ASSERT_EQ(world("fd_fdstat_get", 1, 2000), Errno::Success);
    EXPECT_EQ(world.get<FileType>(2000), FileType::CharacterDevice);
    EXPECT_EQ(world.get<uint64_t>(2008) & (rights::fd_seek | rights::fd_tell | rights::fd_read), 0u);
    ASSERT_EQ(world("fd_filestat_get", 1, 2000), Errno::Success);
    EXPECT_EQ(world.get<FileType>(2016), FileType::CharacterDevice);
    EXPECT_EQ(world("fd_close", 1), Errno::Success);
    EXPECT_EQ(world.write(1, "more"), Errno::Badf);
}

TEST(Streams, InputMayBeAText)
{
    World world(Config { { .in = "line\nrest" } });
    EXPECT_EQ(world.read(0, 5), Errno::Success);
    EXPECT_EQ(world.read_text(), "line\n");
    EXPECT_EQ(world.read(0), Errno::Success);
    EXPECT_EQ(world.read_text(), "rest");
    EXPECT_EQ(world.read(0), Errno::Success);
    EXPECT_EQ(world.result(), 0u);
    EXPECT_EQ(world.write(0, "x"), Errno::Perm) << "it stays as it is";
    EXPECT_NE(world("fd_allocate", 0, 0, 1 << 20), Errno::Success);
}

TEST_P(Pipes, AreReadAsFarAsTheyAreFilledAndHaveNoPosition)
{
    Pipe pipe(GetParam());
    Config config;
    config.in = pipe.read.get();
    World world(std::move(config));
    ASSERT_EQ(::write(pipe.write.get(), "hello", 5), 5);
    EXPECT_EQ(world.read(0), Errno::Success);
    EXPECT_EQ(world.read_text(), "hello");
    EXPECT_EQ(world("fd_seek", 0, 0, 1, 2000), Errno::Spipe);
    EXPECT_EQ(world("fd_tell", 0, 2000), Errno::Spipe);
    EXPECT_EQ(world("fd_pread", 0, 3000, 1, 0, 2000), Errno::Spipe);
    EXPECT_EQ(world.write(0, "x"), Errno::Badf) << "the wrong end, for which nobody waits";
    EXPECT_EQ(world("fd_fdstat_set_flags", 0, fd_flags::nonblock), Errno::Success);
    EXPECT_EQ(world.read(0), Errno::Again);
    EXPECT_FALSE(::fcntl(pipe.read.get(), F_GETFL) & O_NONBLOCK) << "the embedder's file is not changed";
    EXPECT_EQ(world("fd_fdstat_set_flags", 0, fd_flags::append), Errno::Notsup);
    pipe.write = HostFd();
    EXPECT_EQ(world.read(0), Errno::Success);
    EXPECT_EQ(world.result(), 0u) << "the end";
}

TEST_P(Pipes, TakeWhatDoesNotFitOnceThereIsRoom)
{
    Pipe pipe(GetParam());
    Config config;
    config.out = pipe.write.get();
    World world(std::move(config));
    const std::string text = [] {
        std::string made;
        for (int i = 0; made.size() < 120'000; ++i)
            made += std::to_string(i) + " ";
        return made.substr(0, 120'000);
    }();
    std::string got;
    std::thread reader([&] {
        char part[1000];
        while (got.size() < text.size())
            if (const ssize_t size = ::read(pipe.read.get(), part, sizeof part); size > 0)
                got.append(part, static_cast<size_t>(size));
            else
                break;
    });
    world.put_text(5000, text);
    world.put_buffer(5000, static_cast<uint32_t>(text.size()));
    EXPECT_EQ(world("fd_write", 1, 3000, 1, 2000), Errno::Success);
    EXPECT_EQ(world.result(), text.size());
    reader.join();
    EXPECT_EQ(got, text);
    EXPECT_EQ(world("fd_fdstat_set_flags", 1, fd_flags::nonblock), Errno::Success);
    EXPECT_EQ(world("fd_write", 1, 3000, 1, 2000), Errno::Success) << "as much as fits";
    EXPECT_GT(world.result(), 0u);
    EXPECT_LT(world.result(), text.size());
    EXPECT_EQ(world("fd_write", 1, 3000, 1, 2000), Errno::Again);
}

TEST_P(Pipes, ThatAreClosedAreAnErrnoAndNoSignal)
{
    static volatile std::sig_atomic_t signals;
    signals = 0;
    struct sigaction counting {}, before {};
    counting.sa_handler = [](int) { signals = signals + 1; };
    ASSERT_EQ(::sigaction(SIGPIPE, &counting, &before), 0);
    {
        Pipe pipe(GetParam());
        Config config;
        config.out = pipe.write.get();
        World world(std::move(config));
        pipe.read = HostFd();
        EXPECT_EQ(world.write(1, "x"), Errno::Pipe);
        EXPECT_EQ(signals, 0);
        ASSERT_EQ(::raise(SIGPIPE), 0);
        EXPECT_EQ(signals, 1) << "the embedder's handler is what it was";
    }
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    const HostFd mine(ends[0]);
    HostFd other(ends[1]);
    Config config;
    config.out = mine.get();
    World world(std::move(config));
    EXPECT_EQ(world.write(1, "x"), Errno::Success);
    other = HostFd();
    EXPECT_EQ(world.write(1, "x"), Errno::Pipe);
    EXPECT_EQ(signals, 1);
    ::sigaction(SIGPIPE, &before, nullptr);
}

TEST(Folders, ThatAreOnlyReadCannotBeChanged)
{
    TemporaryFolder folder;
    folder.write("file", "content");
    folder.make_folder("inner/empty");
    folder.write("inner/file", "inner");
    TemporaryFolder other;
    other.write("theirs", "theirs");
    Config config;
    config.preopens = { { folder.path().string(), "/", Access::ReadOnly },
        { other.path().string(), "/other" } };
    World world(std::move(config));
    ASSERT_EQ(world.open("inner", open_flags::directory, 0), Errno::Success);
    // The folder itself, and a file opened through it.
    for (const uint32_t fd : { 3u, 5u }) {
        EXPECT_EQ(world.open("file", 0, World::read_write, 0, 1, fd), Errno::Rofs);
        EXPECT_EQ(world.open("file", open_flags::truncate, rights::fd_read, 0, 1, fd), Errno::Rofs);
        EXPECT_EQ(world.open("new", open_flags::create, rights::fd_read, 0, 1, fd), Errno::Rofs);
        EXPECT_EQ(world.at_path("path_create_directory", "new", fd), Errno::Rofs);
        EXPECT_EQ(world.at_path("path_remove_directory", "empty", fd), Errno::Rofs);
        EXPECT_EQ(world.at_path("path_unlink_file", "file", fd), Errno::Rofs);
        world.put_text(1000, "file");
        world.put_text(1500, "new");
        world.put_text(1600, "theirs");
        EXPECT_EQ(world("path_filestat_set_times", fd, 0, 1000, 4, 0, 0, time_flags::mtim), Errno::Rofs);
        EXPECT_EQ(world("path_symlink", 1000, 4, fd, 1500, 3), Errno::Rofs);
        EXPECT_EQ(world("path_link", fd, 0, 1000, 4, fd, 1500, 3), Errno::Rofs);
        EXPECT_EQ(world("path_link", fd, 0, 1000, 4, 4, 1500, 3), Errno::Rofs) << "it could be written there";
        EXPECT_EQ(world("path_link", 4, 0, 1600, 6, fd, 1500, 3), Errno::Rofs);
        EXPECT_EQ(world("path_rename", fd, 1000, 4, 4, 1500, 3), Errno::Rofs);
        EXPECT_EQ(world("path_rename", 4, 1600, 6, fd, 1500, 3), Errno::Rofs);
        EXPECT_EQ(world("fd_filestat_set_times", fd, 0, 0, time_flags::mtim), Errno::Rofs);
        ASSERT_EQ(world("fd_fdstat_get", fd, 2000), Errno::Success);
        EXPECT_EQ(world.get<uint64_t>(2008) & rights::of_changes, 0u);
        ASSERT_EQ(world.open("file", 0, rights::fd_read, 0, 1, fd), Errno::Success);
        const uint32_t opened = world.result();
        EXPECT_EQ(world.read(opened), Errno::Success);
        EXPECT_EQ(world.read_text(), fd == 3 ? "content" : "inner");
        EXPECT_EQ(world("fd_filestat_set_times", opened, 0, 0, time_flags::mtim), Errno::Rofs);
        EXPECT_EQ(world("fd_filestat_set_size", opened, 0), Errno::Inval);
        EXPECT_EQ(world("fd_allocate", opened, 0, 1), Errno::Badf);
        EXPECT_EQ(world.write(opened, "x"), Errno::Badf);
        EXPECT_EQ(world("fd_close", opened), Errno::Success);
    }
    EXPECT_EQ(world.open("new", open_flags::create, World::read_write, 0, 1, 4), Errno::Success);
    EXPECT_EQ(folder.read("file"), "content");
    EXPECT_EQ(other.read("theirs"), "theirs");
    EXPECT_FALSE(std::filesystem::exists(folder / "new"));
}

TEST(Streams, StandardInputIsAFileOrWhatAFunctionGives)
{
    TemporaryFolder folder;
    folder.write("input", "from a file");
    Config config;
    config.in = InputFile { (folder / "input").string() };
    World file(std::move(config));
    EXPECT_EQ(file.read(0), Errno::Success);
    EXPECT_EQ(file.read_text(), "from a file");
    EXPECT_EQ(file.write(0, "x"), Errno::Badf);

    Config given;
    std::vector<std::string> rest { "", "two", "one" };
    given.in = Source([&rest](std::span<std::byte> to) {
        const std::string text = rest.back();
        rest.pop_back();
        std::memcpy(to.data(), text.data(), text.size());
        return text.size();
    });
    World world(std::move(given));
    for (const std::string_view expected : { "one", "two", "" }) {
        EXPECT_EQ(world.read(0), Errno::Success);
        EXPECT_EQ(world.read_text(), expected);
    }
    EXPECT_EQ(world.read(0, 0), Errno::Success) << "nothing is asked for";
    EXPECT_EQ(world("fd_seek", 0, 0, 0, 2000), Errno::Spipe);
    Config missing;
    missing.in = InputFile { "/no/such/file" };
    const auto refused = Preview1::create(std::move(missing));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message, "standard input \"/no/such/file\": No such file or directory");
}

TEST(Streams, OneThatIsClosedIsEmpty)
{
    World world(Config { { .in = 987, .out = 987 } });
    EXPECT_EQ(world.read(0), Errno::Success);
    EXPECT_EQ(world.result(), 0u);
    EXPECT_EQ(world.write(1, "x"), Errno::Success);
}

TEST(Streams, ANamedPipeDoesNotHoldUpTheOneWhoOpensIt)
{
    TemporaryFolder folder;
    ASSERT_EQ(::mkfifo((folder / "fifo").c_str(), 0600), 0);
    World world(World::with(folder));
    EXPECT_EQ(world.open("fifo", 0, rights::fd_write), Errno::Nxio) << "nobody reads";
    ASSERT_EQ(world.open("fifo", 0, rights::fd_read), Errno::Success);
    ASSERT_EQ(world.open("fifo", 0, rights::fd_write), Errno::Success);
    EXPECT_EQ(world.write(5, "through"), Errno::Success);
    EXPECT_EQ(world.read(4), Errno::Success);
    EXPECT_EQ(world.read_text(), "through");
}

} // namespace
} // namespace vitrine::core::wasi::test
