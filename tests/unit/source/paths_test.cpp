// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Finding source files: the order of the places, learned mappings, digests, times.
#include "source/paths.h"

#include "base/text.h"
#include "source/md5.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include <unistd.h>

namespace vitrine::core::source {
namespace {

namespace fs = std::filesystem;

/// A folder that is removed at the end.
class PathsTest : public testing::Test {
protected:
    PathsTest()
    {
        std::string name = (fs::temp_directory_path() / "vitrine-paths-XXXXXX").string();
        root = ::mkdtemp(name.data());
    }
    ~PathsTest() override { fs::remove_all(root); }
    PathsTest(const PathsTest&) = delete;
    PathsTest& operator=(const PathsTest&) = delete;

    /// Writes a file, and returns its path.
    std::string file(const std::string& path, const std::string& text = "x\n") const
    {
        const fs::path whole = fs::path(root) / path;
        fs::create_directories(whole.parent_path());
        std::ofstream(whole) << text;
        return whole.string();
    }
    std::string at(const std::string& path) const { return (fs::path(root) / path).string(); }

    /// The path that is found, or the error.
    static std::string found(Paths& paths, const File& file)
    {
        const auto result = paths.find(file);
        return result ? result->path : result.error().message;
    }

    std::string root;
};

std::string digest(std::string_view text) { return hex_of(md5_of(bytes_of(text))); }

TEST(Md5, IsThatOfTheRfc)
{
    EXPECT_EQ(digest(""), "d41d8cd98f00b204e9800998ecf8427e");
    EXPECT_EQ(digest("abc"), "900150983cd24fb0d6963f7d28e17f72");
    EXPECT_EQ(digest("12345678901234567890123456789012345678901234567890123456789012345678901234567890"),
        "57edf4a22be3c955ac49da2e2107b67a");
    // Around the sizes at which another block is needed.
    EXPECT_EQ(digest(std::string(55, 'a')), "ef1772b6dff9a122358552954ad0df65");
    EXPECT_EQ(digest(std::string(56, 'a')), "3b0c8ac703f828b04c6c197006d17218");
    EXPECT_EQ(digest(std::string(64, 'a')), "014842d480b571495a4a0363793f7367");
}

TEST(PathMapping, HasTwoSides)
{
    EXPECT_EQ(*parse_mapping("/build/app=/home/me/app"), (PathMapping { "/build/app", "/home/me/app" }));
    EXPECT_EQ(*parse_mapping("C:\\app=/home/a=b"), (PathMapping { "C:/app", "/home/a=b" }));
    for (const char* text : { "", "/build", "=/home", "/build=" })
        EXPECT_FALSE(parse_mapping(text)) << text;
}

TEST_F(PathsTest, RecordedPathIsTaken)
{
    const std::string bank = file("src/bank.c");
    Paths paths({});
    EXPECT_EQ(found(paths, { .path = bank }), bank);
    EXPECT_EQ(found(paths, { .path = "src/bank.c", .directory = root }), bank);
    EXPECT_EQ(found(paths, { .path = "../src/./bank.c", .directory = at("out") }), bank);
}

TEST_F(PathsTest, FoldersAndDevicesAreNoSources)
{
    fs::create_directories(at("src/bank.c"));
    Paths paths({});
    EXPECT_THAT(found(paths, { .path = at("src/bank.c") }), testing::StartsWith("no file "));
    EXPECT_THAT(found(paths, { .path = "/dev/zero" }), testing::StartsWith("no file /dev/zero"));
    EXPECT_FALSE(paths.find({ .path = "" }));
    EXPECT_FALSE(paths.find({ .path = std::string("/etc/\0x", 7) }));
}

TEST_F(PathsTest, LongestMappingCounts)
{
    file("one/lib/a.c"), file("two/a.c");
    Paths paths({ .mappings = { { "/build", at("one") }, { "/build/lib", at("two") } } });
    EXPECT_EQ(found(paths, { .path = "/build/lib/a.c" }), at("two/a.c"));
    // Prefixes are whole components.
    EXPECT_THAT(found(paths, { .path = "/buildings/lib/a.c" }), testing::StartsWith("no file"));
}

TEST_F(PathsTest, MappingsWinOverTheRecordedPath)
{
    const std::string recorded = file("old/a.c");
    file("new/a.c");
    Paths paths({ .mappings = { { at("old"), at("new") } } });
    EXPECT_EQ(found(paths, { .path = recorded }), at("new/a.c"));
    // One that leads nowhere is passed over.
    Paths others({ .mappings = { { at("old"), at("nowhere") } } });
    EXPECT_EQ(found(others, { .path = recorded }), recorded);
}

TEST_F(PathsTest, RelativePathsAreRelativeToModuleThenWorkingFolder)
{
    file("module/a.c"), file("work/a.c"), file("work/b.c");
    Paths paths({ .module_folder = at("module"), .working_folder = at("work") });
    EXPECT_EQ(found(paths, { .path = "a.c", .directory = "/gone" }), at("module/a.c"));
    EXPECT_EQ(found(paths, { .path = "b.c", .directory = "/gone" }), at("work/b.c"));
}

TEST_F(PathsTest, EndsOfThePathAreFoundUpToTheRootOfTheProject)
{
    file("app/.git/HEAD"), file("app/src/deep/a.c"), file("app/src/b.c"), file("src/outside.c");
    Paths paths({ .module_folder = at("app/out/debug") });
    EXPECT_EQ(found(paths, { .path = "/ci/job/7/src/deep/a.c" }), at("app/src/deep/a.c"));
    EXPECT_THAT(found(paths, { .path = "/ci/job/7/src/outside.c" }), testing::StartsWith("no file"));
    EXPECT_THAT(paths.learned(), testing::ElementsAre(PathMapping { "/ci/job/7", at("app") }));
    EXPECT_EQ(found(paths, { .path = "/ci/job/7/src/b.c" }), at("app/src/b.c"));
}

TEST_F(PathsTest, NameAloneIsEnoughOnlyBesideTheModule)
{
    file("app/.git/HEAD"), file("app/main.c"), file("app/out/beside.c");
    Paths paths({ .module_folder = at("app/out") });
    EXPECT_EQ(found(paths, { .path = "/ci/x/beside.c" }), at("app/out/beside.c"));
    EXPECT_THAT(found(paths, { .path = "/ci/x/main.c" }), testing::StartsWith("no file"));
    const auto md5 = md5_of(bytes_of("x\n"));
    EXPECT_EQ(found(paths, { .path = "/ci/y/main.c", .md5 = md5 }), at("app/main.c"));
}

TEST_F(PathsTest, LibrariesAreNotLookedForInTheProject)
{
    file("app/Cargo.toml"), file("app/src/lib.rs");
    Paths paths({ .module_folder = at("app/target/debug") });
    EXPECT_THAT(found(paths, { .path = "/ci/.cargo/registry/src/index/foo-1.0/src/lib.rs" }),
        testing::StartsWith("no file"));
    EXPECT_EQ(found(paths, { .path = "/ci/app/src/lib.rs" }), at("app/src/lib.rs"));
    for (const char* path : { "/rustc/0/library/core/src/option.rs", "./app/~lib/array.ts", "~lib/array.ts",
             "/usr/local/go/src/fmt/print.go", "/root/go/pkg/mod/example.com/a@v1.0.0/a.go",
             "/usr/lib/llvm-22/include/c++/v1/vector", "././libc-top-half/musl/src/stdio/printf.c" })
        EXPECT_TRUE(is_library_path(path)) << path;
    for (const char* path : { "/home/me/app/src/main.rs", "src/bank.c", "/home/me/go/src/app/main.go" })
        EXPECT_FALSE(is_library_path(path)) << path;
}

TEST_F(PathsTest, RustsLibraryIsInItsSysroot)
{
    const std::string option = file("lib/rustlib/src/rust/library/core/src/option.rs");
    int asked = 0;
    Paths paths({ .rust_sysroot = [&] {
        ++asked;
        return root;
    } });
    EXPECT_EQ(found(paths, { .path = "/rustc/0123abcd/library/core/src/option.rs" }), option);
    EXPECT_THAT(
        found(paths, { .path = "/rustc/0123abcd/library/core/src/gone.rs" }), testing::StartsWith("no file"));
    EXPECT_EQ(asked, 1);
}

TEST_F(PathsTest, DigestTellsFilesApart)
{
    const std::string recorded = file("old/a.c", "changed\n");
    file("app/.git/HEAD"), file("app/old/a.c", "int a;\n");
    const auto md5 = md5_of(bytes_of("int a;\n"));
    Paths paths({ .module_folder = at("app") });
    const auto changed = paths.find({ .path = recorded, .md5 = md5 });
    ASSERT_TRUE(changed);
    EXPECT_EQ(changed->path, recorded);
    EXPECT_EQ(changed->warning, recorded + " has changed since the module was compiled");
    // The warning is given once.
    EXPECT_EQ(paths.find({ .path = recorded, .md5 = md5 })->warning, "");
    EXPECT_EQ(found(paths, { .path = "/gone/old/a.c", .md5 = md5 }), at("app/old/a.c"));
    EXPECT_FALSE(paths.find({ .path = "/gone/old/a.c", .md5 = md5_of(bytes_of("other")) }));
}

TEST_F(PathsTest, NewerFileWarnsOnce)
{
    const std::string bank = file("bank.c");
    Paths paths({ .module_time = std::time(nullptr) - 100 });
    EXPECT_EQ(paths.find({ .path = bank })->warning, bank + " is newer than the module");
    EXPECT_EQ(paths.find({ .path = bank })->warning, "");
    Paths others({ .module_time = std::time(nullptr) });
    EXPECT_EQ(others.find({ .path = bank })->warning, "");
}

TEST_F(PathsTest, NewMappingForgetsWhatWasNotFound)
{
    const std::string bank = file("here/bank.c");
    Paths paths({});
    EXPECT_FALSE(paths.find({ .path = "/build/bank.c" }));
    paths.add({ "/build", at("here") });
    EXPECT_EQ(found(paths, { .path = "/build/bank.c" }), bank);
}

TEST_F(PathsTest, PathsOfWindowsHaveTheirEnds)
{
    file("app/.git/HEAD"), file("app/src/a.c");
    Paths paths({ .module_folder = at("app/out") });
    EXPECT_EQ(found(paths, { .path = "C:\\ci\\src\\a.c" }), at("app/src/a.c"));
}

TEST_F(PathsTest, HostilePathsEnd)
{
    std::string path;
    for (int i = 0; i < 10'000; ++i)
        path += "/d";
    Paths paths({ .module_folder = at("a/b/c/d/e/f/g"), .working_folder = root });
    EXPECT_FALSE(paths.find({ .path = path + "/x.c" }));
    EXPECT_FALSE(paths.find({ .path = "/\xff\x1b[31m/x.c" }));
}

} // namespace
} // namespace vitrine::core::source
