// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "host/clock.h"
#include "host/file_calls.h"
#include "host/io.h"
#include "host/path_calls.h"
#include "host/socket_calls.h"
#include "machine.h"

#include <climits>
#include <csignal>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <thread>

namespace vitrine::core::host::test {
namespace {

/// Continues until told otherwise.
class PatientGuest final : public Guest {
public:
    int wake_fd() override { return waker.get(); }
    bool may_go_on(bool is_woken) override
    {
        ++asked;
        return goes_on && !is_woken;
    }

    HostFd waker { ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
    int asked = 0;
    bool goes_on = true;
};

std::shared_ptr<File> opened(HostFd fd) { return *File::open(std::move(fd), false); }

iovec buffer_of(std::string& text) { return { text.data(), text.size() }; }

template<class T> int error_of(const Answer<T>& answer)
{
    return answer ? 0 : static_cast<int>(answer.error());
}

/// A folder, and what is needed to name paths in it.
struct Folder {
    explicit Folder(Access access = Access::ReadWrite)
        : root(*File::open(
              HostFd(::open(folder.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)), false, access))
    {}
    /// The name must live as long as the path.
    Path at(const std::string& name) const { return { sandbox, *root, name }; }

    TemporaryFolder folder;
    Sandbox sandbox { detect_resolution() };
    std::shared_ptr<File> root;
};

TEST(Io, ReadsAndWritesSeveralBuffers)
{
    const Folder folder;
    const std::string name = "file";
    const auto file = *open(folder.at(name), true, { .read = true, .write = true, .create = true });
    std::string hello = "hello, ", world = "world";
    const iovec from[] { buffer_of(hello), buffer_of(world) };
    EXPECT_EQ(write(*file, from), 12u);
    EXPECT_EQ(folder.folder.read("file"), "hello, world");
    EXPECT_EQ(write_at(*file, std::span(from).last(1), 2), 5u);
    EXPECT_EQ(seek(*file, 0, SEEK_CUR), 12u) << "the position stays";
    EXPECT_EQ(seek(*file, 1, SEEK_SET), 1u);
    EXPECT_EQ(readable_bytes(*file), 11u);
    std::string first(3, ' '), second(100, ' ');
    const iovec to[] { buffer_of(first), buffer_of(second) };
    EXPECT_EQ(read(*file, to), 11u);
    EXPECT_EQ(first + second.substr(0, 8), "eworldworld");
    EXPECT_EQ(read(*file, to), 0u) << "the end";
    EXPECT_EQ(read_at(*file, to, 7), 5u);
    EXPECT_EQ(first + second.substr(0, 2), "world");
    EXPECT_EQ(error_of(seek(*file, -1, SEEK_SET)), EINVAL);
    EXPECT_EQ(error_of(write(*opened(HostFd(::open("/dev/full", O_RDWR | O_CLOEXEC))), from)), ENOSPC);
}

TEST(Io, WhatWouldHaveToWaitSaysSo)
{
    Pipe pipe;
    const auto in = opened(std::move(pipe.read)), out = opened(std::move(pipe.write));
    std::string text(PIPE_BUF, 'x');
    const iovec buffer = buffer_of(text);
    EXPECT_EQ(error_of(read(*in, { &buffer, 1 })), EAGAIN);
    size_t written = 0;
    for (auto size = write(*out, { &buffer, 1 });; size = write(*out, { &buffer, 1 })) {
        if (!size) {
            EXPECT_EQ(error_of(size), EAGAIN);
            break;
        }
        written += *size;
    }
    EXPECT_GT(written, 0u);
    EXPECT_EQ(readable_bytes(*in), written);
    EXPECT_EQ(read(*in, { &buffer, 1 }), text.size());
    EXPECT_EQ(error_of(check_direction(*in, POLLOUT)), EBADF);
    EXPECT_TRUE(check_direction(*in, POLLIN));
    EXPECT_EQ(error_of(check_positioned(*in)), ESPIPE);
    EXPECT_EQ(error_of(seek(*in, 0, SEEK_SET)), ESPIPE);
}

TEST(Io, NoSignalComesOfAWrite)
{
    Pipe pipe;
    const auto out = opened(std::move(pipe.write));
    pipe.read = HostFd();
    std::string text = "nobody reads it";
    const iovec buffer = buffer_of(text);
    // A SIGPIPE would end the test.
    EXPECT_EQ(error_of(write(*out, { &buffer, 1 })), EPIPE);
    sigset_t pending;
    ::sigpending(&pending);
    EXPECT_EQ(::sigismember(&pending, SIGPIPE), 0);
}

TEST(Io, SinksAndSources)
{
    std::string taken;
    const auto sink =
        *File::open(Sink([&](std::span<const std::byte> bytes) { taken += text_of_bytes(bytes); }));
    EXPECT_TRUE(sink->is_sink_alone());
    EXPECT_FALSE(sink->can_read());
    std::string text = "text";
    write_to_sink(*sink, std::as_bytes(std::span(text)));
    EXPECT_EQ(taken, "text");
    const auto source = *File::open(Source([](std::span<std::byte> to) {
        to[0] = std::byte('s');
        return size_t { 1000 };
    }));
    EXPECT_FALSE(source->can_write());
    std::array<std::byte, 4> room {};
    EXPECT_EQ(read_from_source(*source, room), 4u) << "no more than there is room for";

    // The copy has the bytes that the descriptor accepted.
    const TemporaryFolder folder;
    HostFd fd(::open((folder / "out").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    const auto copied = *File::open(
        std::move(fd), Sink([&](std::span<const std::byte> bytes) { taken += text_of_bytes(bytes); }), {});
    const iovec buffer = buffer_of(text);
    EXPECT_EQ(write(*copied, { &buffer, 1 }), 4u);
    EXPECT_EQ(taken, "texttext");
    EXPECT_EQ(folder.read("out"), "text");
}

TEST(Waits, EndWithTheEventTheDeadlineOrTheGuest)
{
    Pipe pipe;
    const auto in = opened(std::move(pipe.read));
    PatientGuest guest;
    EXPECT_FALSE(is_ready(*in, POLLIN));
    // A deadline that has passed, and one in the future.
    std::vector<pollfd> polled { { in->descriptor(), POLLIN, 0 } };
    EXPECT_TRUE(wait(guest, polled, 0));
    EXPECT_EQ(guest.asked, 0) << "nothing to wait for";
    EXPECT_TRUE(wait(guest, polled, time_of(Clock::Monotonic) + 1'000'000));
    EXPECT_GE(guest.asked, 1);
    // The file becomes ready.
    std::thread writer([&] { EXPECT_EQ(::write(pipe.write.get(), "x", 1), 1); });
    EXPECT_TRUE(wait_for(guest, *in, POLLIN));
    writer.join();
    EXPECT_TRUE(is_ready(*in, POLLIN));
    // The guest ends, before the wait and during it.
    std::string text(1, ' ');
    const iovec buffer = buffer_of(text);
    EXPECT_EQ(read(*in, { &buffer, 1 }), 1u);
    guest.goes_on = false;
    EXPECT_EQ(error_of(wait_for(guest, *in, POLLIN)), static_cast<int>(Errno::Ended));
    EXPECT_EQ(error_of(check_requests(guest)), static_cast<int>(Errno::Ended));
    guest.goes_on = true;
    EXPECT_TRUE(check_requests(guest));
    std::atomic<bool> is_over = false;
    std::thread waker([&] {
        while (!is_over) {
            ::eventfd_write(guest.waker.get(), 1);
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    });
    EXPECT_EQ(error_of(wait_for(guest, *in, POLLIN)), static_cast<int>(Errno::Ended));
    is_over = true;
    waker.join();
    in->set_nonblocking(true);
    EXPECT_EQ(error_of(wait_for(guest, *in, POLLIN)), EAGAIN);
}

TEST(FileCalls, SizesTimesAndFlags)
{
    const Folder folder;
    const std::string name = "file";
    const auto file = *open(folder.at(name), true, { .read = true, .write = true, .create = true });
    PatientGuest guest;
    EXPECT_TRUE(set_size(*file, 100));
    EXPECT_EQ(stat_of(file->descriptor())->size, 100u);
    EXPECT_EQ(error_of(set_size(*file, UINT64_MAX)), EINVAL);
    EXPECT_TRUE(allocate(guest, *file, 0, 4096));
    EXPECT_EQ(stat_of(file->descriptor())->size, 4096u);
    EXPECT_EQ(error_of(allocate(guest, *file, INT64_MAX, INT64_MAX)), EFBIG);
    EXPECT_TRUE(set_times(*file, { .accessed = new_time::of(1'500'000'000), .modified = new_time::of(7) }));
    EXPECT_EQ(stat_of(file->descriptor())->accessed, 1'500'000'000u);
    EXPECT_TRUE(set_times(*file, { .modified = new_time::now }));
    EXPECT_EQ(stat_of(file->descriptor())->accessed, 1'500'000'000u) << "unchanged";
    EXPECT_GT(stat_of(file->descriptor())->modified, 1'500'000'000u);
    EXPECT_TRUE(sync_all(*file));
    EXPECT_TRUE(sync_data(*file));
    EXPECT_TRUE(advise(*file, 0, 0, POSIX_FADV_WILLNEED));
    EXPECT_EQ(*file->flags(), FileFlags());
    EXPECT_TRUE(file->set_flags({ .append = true, .nonblocking = true }));
    EXPECT_EQ(*file->flags(), (FileFlags { .append = true, .nonblocking = true }));
    EXPECT_EQ(error_of(file->set_flags({ .sync_all = true })), ENOTSUP);
}

TEST(PathCalls, MakeFindMoveAndRemove)
{
    const Folder folder;
    const std::string file = "file", other = "folder/other", inner = "folder", link_name = "link",
                      out = "../out";
    EXPECT_TRUE(create_directory(folder.at(inner)));
    EXPECT_EQ(error_of(create_directory(folder.at(inner))), EEXIST);
    EXPECT_EQ(error_of(open(folder.at(file), true, { .read = true })), ENOENT);
    EXPECT_TRUE(open(folder.at(file), true, { .write = true, .create = true }));
    EXPECT_EQ(
        error_of(open(folder.at(file), true, { .write = true, .create = true, .exclusive = true })), EEXIST);
    EXPECT_EQ(error_of(open(folder.at(file), true, { .read = true, .directory = true })), ENOTDIR);
    EXPECT_EQ(stat_of(folder.at(file), true)->type, FileType::RegularFile);
    EXPECT_TRUE(rename(folder.at(file), folder.at(other)));
    EXPECT_TRUE(link(folder.at(other), folder.at(file)));
    EXPECT_EQ(stat_of(folder.at(file), true)->links, 2u);
    EXPECT_TRUE(symlink("folder/other", folder.at(link_name)));
    EXPECT_EQ(stat_of(folder.at(link_name), true)->type, FileType::RegularFile);
    EXPECT_EQ(stat_of(folder.at(link_name), false)->type, FileType::SymbolicLink);
    char target[6];
    EXPECT_EQ(read_link(folder.at(link_name), target), 6u) << "what there is room for";
    EXPECT_EQ(std::string_view(target, 6), "folder");
    EXPECT_EQ(read_link(folder.at(link_name), {}), 0u);
    EXPECT_EQ(error_of(read_link(folder.at(file), target)), EINVAL);
    EXPECT_TRUE(set_times(folder.at(file), true, { .modified = new_time::of(5) }));
    EXPECT_EQ(stat_of(folder.at(file), true)->modified, 5u);
    EXPECT_EQ(error_of(remove_directory(folder.at(inner))), ENOTEMPTY);
    EXPECT_TRUE(unlink_file(folder.at(other)));
    EXPECT_TRUE(remove_directory(folder.at(inner)));
    // No path leads out of the folder.
    EXPECT_EQ(error_of(open(folder.at(out), true, { .write = true, .create = true })), EPERM);
    EXPECT_EQ(error_of(create_directory(folder.at(out))), EPERM);
    EXPECT_EQ(error_of(rename(folder.at(file), folder.at(out))), EPERM);
    EXPECT_EQ(error_of(symlink("/etc", folder.at(other))), EPERM);
}

TEST(PathCalls, AReadOnlyFolderStaysAsItIs)
{
    const Folder folder(Access::ReadOnly);
    folder.folder.write("file", "text");
    const std::string file = "file", other = "other";
    EXPECT_TRUE(open(folder.at(file), true, { .read = true }));
    EXPECT_TRUE(stat_of(folder.at(file), true));
    for (const OpenMode& mode : { OpenMode { .write = true }, { .create = true }, { .truncate = true } })
        EXPECT_EQ(error_of(open(folder.at(file), true, mode)), EROFS);
    EXPECT_EQ(error_of(create_directory(folder.at(other))), EROFS);
    EXPECT_EQ(error_of(unlink_file(folder.at(file))), EROFS);
    EXPECT_EQ(error_of(rename(folder.at(file), folder.at(other))), EROFS);
    EXPECT_EQ(error_of(link(folder.at(file), folder.at(other))), EROFS);
    EXPECT_EQ(error_of(symlink("file", folder.at(other))), EROFS);
    EXPECT_EQ(error_of(set_times(folder.at(file), true, {})), EROFS);
    EXPECT_EQ(folder.folder.read("file"), "text");
}

TEST(SocketCalls, MessagesComeWholeOrAreCut)
{
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends), 0);
    const auto here = opened(HostFd(ends[0])), there = opened(HostFd(ends[1]));
    EXPECT_TRUE(here->keeps_messages());
    EXPECT_EQ(here->type(), FileType::SocketDgram);
    std::string text = "a message", room(4, ' ');
    const iovec from = buffer_of(text), to = buffer_of(room);
    EXPECT_EQ(error_of(receive(*there, { &to, 1 }, false)), EAGAIN);
    EXPECT_EQ(write(*here, { &from, 1 }), text.size());
    const auto peeked = receive(*there, { &to, 1 }, true);
    EXPECT_EQ(peeked->size, 4u);
    EXPECT_TRUE(peeked->is_truncated);
    EXPECT_EQ(room, "a me");
    EXPECT_TRUE(receive(*there, { &to, 1 }, false));
    EXPECT_EQ(error_of(receive(*there, { &to, 1 }, false)), EAGAIN) << "the rest is lost";
    EXPECT_TRUE(shut_down(*here, SHUT_RDWR));
    EXPECT_EQ(error_of(write(*here, { &from, 1 })), EPIPE);
}

} // namespace
} // namespace vitrine::core::host::test
