// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "world.h"

#include <gmock/gmock.h>

#include <fcntl.h>
#include <set>
#include <sys/stat.h>

namespace vitrine::core::wasi::test {
namespace {

/// A guest in the folder `inside`, surrounded by things that it must not reach. All ways to resolve
/// paths are tested.
class Sandboxed : public testing::TestWithParam<Resolution> {
protected:
    Sandboxed()
    {
        outside.write("secret", "secret");
        outside.make_folder("empty");
        outside.make_folder("inside/folder/deep");
        outside.write("inside/file", "file");
        outside.write("inside/folder/file", "in folder");
        outside.link("..", "inside/up");
        outside.link("../secret", "inside/to_secret");
        outside.link((outside / "secret").string(), "inside/absolute");
        outside.link(outside.path().string(), "inside/absolute_folder");
        outside.link("chain2", "inside/chain1");
        outside.link("folder/../../secret", "inside/chain2");
        outside.link("loop", "inside/loop");
        outside.link("../created", "inside/dangling_out");
        outside.link("created", "inside/dangling_in");
        outside.link("folder/file", "inside/to_file");
        outside.link("folder", "inside/to_folder");
        outside.link("../up", "inside/folder/up_up");
        outside.link("folder/", "inside/to_folder_slash");
        Config config;
        config.preopens.push_back({ (outside / "inside").string(), "/" });
        config.resolution = GetParam();
        world.emplace(std::move(config));
        before = names_outside();
    }

    /// The names around the sandbox, with contents.
    std::set<std::string> names_outside() const
    {
        std::set<std::string> names;
        for (const auto& entry : std::filesystem::directory_iterator(outside.path()))
            names.insert(entry.path().filename().string());
        for (const auto& entry : std::filesystem::directory_iterator(outside / "empty"))
            names.insert("empty/" + entry.path().filename().string());
        names.insert("secret is " + outside.read("secret"));
        return names;
    }

    ~Sandboxed() override { EXPECT_EQ(names_outside(), before); }

    uint64_t inode_of(std::string_view name) const
    {
        struct stat status {};
        EXPECT_EQ(::lstat((outside / name).c_str(), &status), 0);
        return status.st_ino;
    }

    TemporaryFolder outside;
    std::optional<World> world;
    std::set<std::string> before;
};

/// Ways out of the sandbox, each to the folder around it.
constexpr std::string_view ways_out[] { "..", "folder/../..", "./../", "up", "up/.", "folder/up_up",
    "folder/deep/../../up", "to_folder/../..", "to_folder/up_up/", "absolute_folder",
    "folder/../absolute_folder/", "../inside/..", "to_folder_slash/../.." };

TEST_P(Sandboxed, NoFunctionReachesWhatIsAroundIt)
{
    World& guest = *world;
    for (const std::string_view way : ways_out) {
        const std::string secret = std::string(way) + "/secret", nothing = std::string(way) + "/new",
                          empty = std::string(way) + "/empty";
        for (const uint32_t follow : { 0, 1 }) {
            EXPECT_EQ(guest.open(secret, 0, World::read_write, 0, follow), Errno::Perm) << secret;
            EXPECT_EQ(guest.open(nothing, open_flags::create, World::read_write, 0, follow), Errno::Perm)
                << nothing;
            EXPECT_EQ(guest.open(secret, open_flags::truncate, World::read_write, 0, follow), Errno::Perm)
                << secret;
            EXPECT_EQ(guest.open(empty, open_flags::directory, 0, 0, follow), Errno::Perm) << empty;
            EXPECT_EQ(guest.stat(secret, follow), Errno::Perm) << secret;
            guest.put_text(1000, secret);
            EXPECT_EQ(
                guest("path_filestat_set_times", 3, follow, 1000, secret.size(), 0, 0, time_flags::mtim),
                Errno::Perm)
                << secret;
        }
        EXPECT_EQ(guest.at_path("path_create_directory", nothing), Errno::Perm) << nothing;
        EXPECT_EQ(guest.at_path("path_remove_directory", empty), Errno::Perm) << empty;
        EXPECT_EQ(guest.at_path("path_unlink_file", secret), Errno::Perm) << secret;
        EXPECT_EQ(guest("path_readlink", 3, 1000, secret.size(), 5000, 100, 2000), Errno::Perm) << secret;
        for (const std::string_view function : { "path_rename", "path_link", "path_symlink" }) {
            EXPECT_EQ(guest.on_paths(function, "file", nothing), Errno::Perm) << function << ' ' << nothing;
            if (function != "path_symlink") {
                EXPECT_EQ(guest.on_paths(function, secret, "stolen"), Errno::Perm)
                    << function << ' ' << secret;
            }
        }
    }
}

TEST_P(Sandboxed, TheFolderAroundItIsNotReachedAsALastComponent)
{
    World& guest = *world;
    for (const std::string way : { "..", "folder/../..", "../", "to_folder/../.." }) {
        EXPECT_EQ(guest.open(way, open_flags::directory, 0), Errno::Perm) << way;
        EXPECT_EQ(guest.stat(way), Errno::Perm) << way;
        EXPECT_EQ(guest.at_path("path_create_directory", way), Errno::Perm) << way;
        EXPECT_EQ(guest.at_path("path_remove_directory", way), Errno::Perm) << way;
        EXPECT_EQ(guest.at_path("path_unlink_file", way), Errno::Perm) << way;
        EXPECT_EQ(guest.on_paths("path_rename", "folder", way), Errno::Perm) << way;
        EXPECT_EQ(guest.on_paths("path_rename", way, "stolen"), Errno::Perm) << way;
        EXPECT_EQ(guest.on_paths("path_link", way, "stolen"), Errno::Perm) << way;
        EXPECT_EQ(guest.on_paths("path_symlink", "file", way), Errno::Perm) << way;
    }
    EXPECT_EQ(guest.stat("folder/.."), Errno::Success);
    EXPECT_EQ(guest.get<uint64_t>(2008), inode_of("inside"));
}

TEST_P(Sandboxed, LinksThatLeadOutAreNotFollowed)
{
    World& guest = *world;
    for (const std::string_view link :
        { "to_secret", "absolute", "chain1", "chain2", "up/secret", "dangling_out" }) {
        EXPECT_EQ(guest.open(link), Errno::Perm) << link;
        EXPECT_EQ(guest.open(link, open_flags::create), Errno::Perm) << link;
        EXPECT_EQ(guest.stat(link, 1), Errno::Perm) << link;
    }
    // A slash after a link follows it, whatever the flags say.
    for (const std::string_view link : { "up/", "absolute_folder/", "absolute_folder//", "folder/up_up/" }) {
        EXPECT_EQ(guest.stat(link, 0), Errno::Perm) << link;
        EXPECT_EQ(guest.open(link, 0, 0, 0, 0), Errno::Perm) << link;
        EXPECT_EQ(guest.on_paths("path_link", link, "stolen"), Errno::Perm) << link;
        EXPECT_NE(guest.at_path("path_remove_directory", link), Errno::Success) << link;
        EXPECT_NE(guest.at_path("path_unlink_file", link), Errno::Success) << link;
        EXPECT_NE(guest.at_path("path_create_directory", link), Errno::Success) << link;
        EXPECT_NE(guest.on_paths("path_rename", "folder", link), Errno::Success) << link;
        EXPECT_NE(guest.on_paths("path_rename", link, "stolen"), Errno::Success) << link;
    }
    EXPECT_EQ(guest.on_paths("path_link", "to_secret/", "stolen"), Errno::Perm);
    EXPECT_EQ(guest.on_paths("path_link", "dangling_out/", "stolen"), Errno::Perm)
        << "whether there is something";
    EXPECT_EQ(guest.open("loop"), Errno::Loop);
    EXPECT_EQ(guest.stat("loop", 1), Errno::Loop);
    EXPECT_EQ(guest.open("loop/x"), Errno::Loop);
}

TEST_P(Sandboxed, LinksThemselvesAreTheGuests)
{
    World& guest = *world;
    EXPECT_EQ(guest.stat("absolute", 0), Errno::Success);
    EXPECT_EQ(guest.get<uint64_t>(2008), inode_of("inside/absolute"));
    EXPECT_EQ(guest.get<FileType>(2016), FileType::SymbolicLink);
    guest.put_text(1000, "to_secret");
    EXPECT_EQ(guest("path_readlink", 3, 1000, 9, 5000, 100, 2000), Errno::Success);
    EXPECT_EQ(guest.text(5000, guest.result()), "../secret");
    EXPECT_EQ(guest("path_readlink", 3, 1000, 9, 5000, 4, 2000), Errno::Success)
        << "what does not fit is left out";
    EXPECT_EQ(guest.result(), 4u);
    EXPECT_EQ(guest("path_readlink", 3, 1000, 9, 5000, 0, 2000), Errno::Success);
    EXPECT_EQ(guest.result(), 0u);
    guest.put_text(1000, "file");
    EXPECT_EQ(guest("path_readlink", 3, 1000, 4, 5000, 4, 2000), Errno::Inval);
    EXPECT_EQ(guest.on_paths("path_rename", "absolute", "folder/renamed"), Errno::Success);
    EXPECT_EQ(guest.on_paths("path_link", "to_secret", "linked"), Errno::Success);
    EXPECT_EQ(inode_of("inside/linked"), inode_of("inside/to_secret"));
    EXPECT_EQ(guest.at_path("path_unlink_file", "to_secret"), Errno::Success);
    EXPECT_EQ(guest.on_paths("path_link", "linked", "x", lookup_flags::symlink_follow), Errno::Inval);
}

TEST_P(Sandboxed, LinksWithinAreFollowed)
{
    World& guest = *world;
    ASSERT_EQ(guest.open("to_file"), Errno::Success);
    ASSERT_EQ(guest.read(guest.result()), Errno::Success);
    EXPECT_EQ(guest.read_text(), "in folder");
    EXPECT_EQ(guest.open("to_folder/../to_folder_slash/deep/../file"), Errno::Success);
    EXPECT_EQ(guest.open("to_folder", open_flags::directory, 0), Errno::Success);
    EXPECT_EQ(guest.open("to_folder", open_flags::directory, 0, 0, 0), Errno::Notdir);
    EXPECT_EQ(guest.open("to_file", 0, World::read_write, 0, 0), Errno::Loop);
    EXPECT_EQ(guest.open("dangling_in"), Errno::Noent);
    EXPECT_EQ(guest.open("dangling_in", open_flags::create | open_flags::exclusive), Errno::Exist);
    EXPECT_EQ(guest.open("dangling_in", open_flags::create), Errno::Success);
    EXPECT_TRUE(std::filesystem::exists(outside / "inside/created"));
}

TEST_P(Sandboxed, NamesThatNoFileCanHaveAreRefused)
{
    World& guest = *world;
    EXPECT_EQ(guest.open(""), Errno::Noent);
    EXPECT_EQ(guest.stat(""), Errno::Noent);
    EXPECT_EQ(guest.at_path("path_create_directory", ""), Errno::Noent);
    EXPECT_EQ(guest.on_paths("path_symlink", "", "x"), Errno::Noent);
    const std::string_view nul("file\0", 5);
    EXPECT_EQ(guest.open(nul), Errno::Inval);
    EXPECT_EQ(guest.at_path("path_unlink_file", nul), Errno::Inval);
    EXPECT_EQ(guest.on_paths("path_symlink", nul, "x"), Errno::Inval);
    EXPECT_EQ(guest.open(std::string(300, 'x')), Errno::Nametoolong);
    guest.put_text(20000, std::string(5000, 'x'));
    EXPECT_EQ(guest("path_open", 3, 0, 20000, 5000, 0, 0, 0, 0, 2000), Errno::Nametoolong);
    for (const std::string_view absolute : { "/", "/file", "//file", "/inside" }) {
        EXPECT_EQ(guest.open(absolute), Errno::Perm) << absolute;
        EXPECT_EQ(guest.stat(absolute), Errno::Perm) << absolute;
        EXPECT_EQ(guest.at_path("path_create_directory", absolute), Errno::Perm) << absolute;
        EXPECT_EQ(guest.on_paths("path_rename", "file", absolute), Errno::Perm) << absolute;
        EXPECT_EQ(guest.on_paths("path_rename", absolute, "x"), Errno::Perm) << absolute;
        EXPECT_EQ(guest.on_paths("path_symlink", absolute, "x"), Errno::Perm) << absolute;
    }
    EXPECT_EQ(guest.open("file", 0, 0, 0, 2), Errno::Inval) << "a flag that is not";
    EXPECT_EQ(guest.stat("file", 2), Errno::Inval);
    EXPECT_EQ(guest.open("file", 16), Errno::Inval);
    EXPECT_EQ(guest.open("file", 0, 0, 32), Errno::Inval);
}

TEST_P(Sandboxed, SlashesAtTheEndMeanAFolder)
{
    World& guest = *world;
    EXPECT_EQ(guest.open("folder/"), Errno::Isdir) << "only files are written to";
    EXPECT_EQ(guest.open("folder//", 0, rights::fd_read), Errno::Success);
    EXPECT_EQ(guest.open("file/", 0, rights::fd_read), Errno::Notdir);
    EXPECT_EQ(guest.stat("file/"), Errno::Notdir);
    EXPECT_EQ(guest.stat("to_folder/"), Errno::Success);
    EXPECT_EQ(guest.get<uint64_t>(2008), inode_of("inside/folder"));
    EXPECT_EQ(guest.at_path("path_create_directory", "made/"), Errno::Success);
    EXPECT_EQ(guest.at_path("path_unlink_file", "file/"), Errno::Notdir);
    EXPECT_EQ(guest.on_paths("path_rename", "made/", "moved/"), Errno::Success);
    EXPECT_EQ(guest.on_paths("path_rename", "file/", "moved_file"), Errno::Notdir);
    EXPECT_EQ(guest.on_paths("path_symlink", "file", "new/"), Errno::Noent);
    EXPECT_EQ(guest.on_paths("path_link", "file", "new/"), Errno::Noent);
    EXPECT_EQ(guest.on_paths("path_link", "file/", "new"), Errno::Notdir);
    EXPECT_EQ(guest.at_path("path_remove_directory", "moved///"), Errno::Success);
    EXPECT_EQ(guest.at_path("path_remove_directory", "folder/."), Errno::Inval);
    EXPECT_EQ(guest.at_path("path_remove_directory", "folder/deep/.."), Errno::Notempty);
}

TEST_P(Sandboxed, AFileIsNoFolder)
{
    World& guest = *world;
    ASSERT_EQ(guest.open("file"), Errno::Success);
    const uint32_t file = guest.result();
    EXPECT_EQ(guest.open("x", 0, 0, 0, 1, file), Errno::Notdir);
    EXPECT_EQ(guest.stat("x", 0, file), Errno::Notdir);
    EXPECT_EQ(guest.at_path("path_create_directory", "x", file), Errno::Notdir);
    EXPECT_EQ(guest.at_path("path_unlink_file", "a/x", file), Errno::Notdir);
    EXPECT_EQ(guest.stat("file/x"), Errno::Notdir);
}

TEST_P(Sandboxed, AnOpenFolderIsASandboxOfItsOwn)
{
    World& guest = *world;
    ASSERT_EQ(guest.open("folder", open_flags::directory, 0), Errno::Success);
    const uint32_t folder = guest.result();
    EXPECT_EQ(guest.open("file", 0, World::read_write, 0, 1, folder), Errno::Success);
    EXPECT_EQ(guest.open("../file", 0, World::read_write, 0, 1, folder), Errno::Perm);
    EXPECT_EQ(guest.stat("..", 0, folder), Errno::Perm);
}

INSTANTIATE_TEST_SUITE_P(EveryWay, Sandboxed, testing::Values(Resolution::Kernel, Resolution::Components),
    [](const auto& info) { return info.param == Resolution::Kernel ? "Kernel" : "Components"; });

} // namespace
} // namespace vitrine::core::wasi::test
