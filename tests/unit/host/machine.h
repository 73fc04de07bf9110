// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "host/file.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <sys/stat.h>

// What tests of this and higher layers need of the machine.

namespace vitrine::core::host::test {

/// A folder of its own, removed at the end.
class TemporaryFolder {
public:
    TemporaryFolder()
    {
        std::string name = (std::filesystem::temp_directory_path() / "vitrine-host-XXXXXX").string();
        EXPECT_NE(::mkdtemp(name.data()), nullptr);
        path_ = name;
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder() { std::filesystem::remove_all(path_); }

    const std::filesystem::path& path() const { return path_; }
    std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

    void write(std::string_view name, std::string_view content) const
    {
        std::ofstream(path_ / name) << content;
    }
    std::string read(std::string_view name) const
    {
        std::ifstream in(path_ / name, std::ios::binary);
        return { std::istreambuf_iterator<char>(in), {} };
    }
    void make_folder(std::string_view name) const { std::filesystem::create_directories(path_ / name); }
    void link(std::string_view target, std::string_view name) const
    {
        std::filesystem::create_symlink(target, path_ / name);
    }

private:
    std::filesystem::path path_;
};

inline std::string text_of_bytes(std::span<const std::byte> bytes)
{
    return { reinterpret_cast<const char*>(bytes.data()), bytes.size() };
}

/// A pipe whose ends block.
struct Pipe {
    enum class Kind { Anonymous, Named };
    explicit Pipe(Kind kind = Kind::Anonymous)
    {
        int ends[2];
        if (kind == Kind::Anonymous) {
            EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
        } else {
            const TemporaryFolder folder;
            const std::string name = (folder.path() / "pipe").string();
            EXPECT_EQ(::mkfifo(name.c_str(), 0600), 0);
            ends[0] = ::open(name.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
            ends[1] = ::open(name.c_str(), O_WRONLY | O_CLOEXEC);
            EXPECT_EQ(::fcntl(ends[0], F_SETFL, 0), 0);
        }
        read = HostFd(ends[0]);
        write = HostFd(ends[1]);
    }
    HostFd read, write;
};

} // namespace vitrine::core::host::test
