// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "host/sandbox.h"

#include "machine.h"

#include <fcntl.h>

namespace vitrine::core::host::test {
namespace {

TEST(Resolutions, BothSayTheSameOfEveryPath)
{
    TemporaryFolder outside;
    outside.make_folder("root/folder/deep");
    outside.write("root/file", "file");
    outside.write("root/folder/file", "in folder");
    outside.link("..", "root/up");
    outside.link("..", "root/folder/up");
    outside.link("folder", "root/link");
    outside.link("../file", "root/folder/deep/link");
    outside.link("/etc", "root/absolute");
    outside.link("loop", "root/loop");
    outside.link("folder/nothing", "root/dangling");
    outside.link("link/deep/../up/file", "root/winding");
    const HostFd root(::open((outside / "root").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    constexpr std::string_view names[] { "folder", "deep", "file", "..", ".", "link", "up", "absolute",
        "loop", "dangling", "winding", "nothing" };

    const auto said = [&](Resolution resolution, const std::string& path, int flags,
                          bool follow) -> std::string {
        const auto opened = Sandbox(resolution).open(root.get(), path, flags, follow);
        if (!opened)
            return "errno " + std::to_string(static_cast<int>(opened.error()));
        struct stat status {};
        EXPECT_EQ(::fstat(opened->get(), &status), 0);
        return "inode " + std::to_string(status.st_ino);
    };
    size_t successes = 0, failures = 0;
    const auto compare = [&](const std::string& path) {
        for (const int flags : { O_PATH, O_RDONLY, O_RDONLY | O_DIRECTORY, O_WRONLY }) {
            for (const bool follow : { false, true }) {
                const std::string kernel = said(Resolution::Kernel, path, flags, follow);
                EXPECT_EQ(said(Resolution::Components, path, flags, follow), kernel)
                    << path << " flags " << flags << " follow " << follow;
                ++(kernel.starts_with("inode") ? successes : failures);
            }
        }
    };
    for (const std::string_view first : names) {
        for (const std::string_view second : names) {
            for (const std::string_view third : names) {
                const std::string path =
                    std::string(first) + "/" + std::string(second) + "/" + std::string(third);
                compare(path);
                compare(path + "/");
            }
            compare(std::string(first) + "//" + std::string(second));
        }
        compare(std::string(first));
        compare(std::string(first) + "/");
    }
    EXPECT_GT(successes, 500u);
    EXPECT_GT(failures, 5000u);
}

TEST(Resolutions, TheKernelResolvesHere) { EXPECT_EQ(detect_resolution(), Resolution::Kernel); }

TEST(Resolutions, LinksOfProcThatJumpAreNotFollowed)
{
    const HostFd proc(::open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC));
    ASSERT_TRUE(proc);
    for (const Resolution resolution : { Resolution::Kernel, Resolution::Components }) {
        const Sandbox sandbox(resolution);
        EXPECT_TRUE(sandbox.open(proc.get(), "self/status", O_RDONLY, true));
        EXPECT_FALSE(sandbox.open(proc.get(), "self/cwd", O_RDONLY, true));
        EXPECT_FALSE(sandbox.open(proc.get(), "self/root/etc", O_RDONLY, true));
        EXPECT_FALSE(sandbox.open(proc.get(), "self/exe", O_RDONLY, true));
        EXPECT_FALSE(sandbox.open(proc.get(), "self/fd/0", O_RDONLY, true));
    }
}

} // namespace
} // namespace vitrine::core::host::test
