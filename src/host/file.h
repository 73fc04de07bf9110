// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/result.h"
#include "host/error.h"
#include "host/listing.h"
#include "host/stat.h"

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

#include <vitrine/kinds.hpp>

namespace vitrine::core::host {

/// Owns a file descriptor of the host.
class HostFd {
public:
    HostFd() = default;
    explicit HostFd(int fd) : fd_(fd) {}
    HostFd(HostFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    HostFd& operator=(HostFd&& other) noexcept
    {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~HostFd()
    {
        if (fd_ >= 0)
            ::close(fd_);
    }

    int get() const { return fd_; }
    int release() { return std::exchange(fd_, -1); }
    explicit operator bool() const { return fd_ >= 0; }

private:
    int fd_ = -1;
};

/// Takes what a guest writes to a stream.
using Sink = std::function<void(std::span<const std::byte>)>;
/// Where the output of a stream goes: to a descriptor of the host, to a sink, or to both.
struct Output {
    Output(int descriptor) : descriptor(descriptor) {}
    Output(Sink sink) : sink(std::move(sink)) {}
    /// The sink gets a copy of what the descriptor has taken.
    Output(int descriptor, Sink sink, std::function<bool()> is_sink_alone = {})
        : descriptor(descriptor), sink(std::move(sink)), is_sink_alone(std::move(is_sink_alone))
    {}

    /// The host keeps it.
    std::optional<int> descriptor {};
    Sink sink {};
    /// Called before each write when there are both: whether only the sink gets it. May be empty, for never.
    std::function<bool()> is_sink_alone {};
};
/// Gives a guest what it reads from a stream: the number of bytes put there, 0 at the end.
using Source = std::function<size_t(std::span<std::byte>)>;

/// Whether a guest may change what it reaches through a folder.
using Access = vitrine::HostAccess;

/// How an open file is written to, and whether the guest wants to wait for it.
struct FileFlags {
    bool append = false;
    bool nonblocking = false;
    /// Each write waits for the medium: data alone, or what is known about the file too.
    bool sync_data = false;
    bool sync_all = false;

    friend bool operator==(const FileFlags&, const FileFlags&) = default;
};

/// An open file of the guest.
class File {
public:
    /// Takes over a descriptor of the host; `is_inherited` says that others use the same open file.
    static Answer<std::shared_ptr<File>> open(
        HostFd host, bool is_inherited, Access access = Access::ReadWrite);
    /// A file that only takes bytes, and looks to the guest like a terminal.
    static Answer<std::shared_ptr<File>> open(Sink sink);
    /// Takes over a descriptor of the host that others use too; the sink gets a copy of what is written to it, in the same
    /// order. It looks to the guest like a terminal: a write at a position would miss the copy.
    static Answer<std::shared_ptr<File>> open(HostFd host, Sink copy, std::function<bool()> is_sink_alone);
    /// A file that only gives bytes, and looks the same.
    static Answer<std::shared_ptr<File>> open(Source source);

    int descriptor() const { return host_.get(); }
    FileType type() const { return type_; }
    bool is_directory() const { return type_ == FileType::Directory; }
    bool is_socket() const { return is_socket_; }
    bool is_listening() const { return is_listening_; }
    bool is_seekable() const { return is_seekable_; }
    /// Whether it was opened for that.
    bool can_read() const { return can_read_; }
    bool can_write() const { return can_write_; }
    /// Whether reading and writing may have to wait.
    bool may_wait() const { return may_wait_; }
    /// Whether each transfer is a message of its own, which is sent and received whole.
    bool keeps_messages() const { return keeps_messages_; }
    /// Whether the system limits the size of what this process writes (RLIMIT_FSIZE), as far as was known when it was opened.
    bool is_size_limited() const { return is_size_limited_; }
    /// What gets the file's output: all of it, or a copy of what the host has taken.
    const Sink& sink() const { return sink_; }
    /// Whether the sink takes the next output instead of the host.
    bool is_sink_alone() const { return is_sink_alone_ && is_sink_alone_(); }
    const Source& source() const { return source_; }
    Access access() const { return access_; }
    /// EROFS when nothing may be changed through it.
    Answer<void> check_changeable() const
    {
        if (access_ == Access::ReadOnly)
            return refuse(EROFS);
        return {};
    }

    Answer<FileFlags> flags() const;
    /// ENOTSUP for a change that the host cannot make.
    Answer<void> set_flags(FileFlags flags);
    bool is_nonblocking() const { return is_nonblocking_; }
    void set_nonblocking(bool on) { is_nonblocking_ = on; }

    /// The folder's entries.
    Listing listing;

    /// Held while something is taken from, or given to, what others use at the same time: between the look whether it is ready and the
    /// system call nobody else comes. The callables of the embedder are called with it, and may come back.
    std::recursive_mutex exchange;

    /// Whether the kernel may be asked to write to what may have to wait without waiting, as far as is known.
    std::atomic<bool> writes_at_once = true;

    /// Only for a preopened folder: its path in the guest.
    std::optional<std::string> preopened_as;

private:
    HostFd host_;
    FileType type_ = FileType::Unknown;
    bool is_inherited_ = false;
    bool is_socket_ = false;
    bool is_listening_ = false;
    bool is_seekable_ = false;
    bool can_read_ = false;
    bool can_write_ = false;
    bool may_wait_ = false;
    bool keeps_messages_ = false;
    bool is_size_limited_ = false;
    Access access_ = Access::ReadWrite;
    Sink sink_;
    std::function<bool()> is_sink_alone_;
    Source source_;
    /// Ours alone: the host's flag would be that of all who share the open file.
    std::atomic<bool> is_nonblocking_ = false;
};

} // namespace vitrine::core::host
