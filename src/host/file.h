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

/// Receives what a guest writes to a stream.
using Sink = std::function<void(std::span<const std::byte>)>;
/// Where the output of a stream goes: to a descriptor of the host, to a sink, or to both.
struct Output {
    Output(int descriptor) : descriptor(descriptor) {}
    Output(Sink sink) : sink(std::move(sink)) {}
    /// The sink receives a copy of what the descriptor has accepted.
    Output(int descriptor, Sink sink, std::function<bool()> is_sink_alone = {})
        : descriptor(descriptor), sink(std::move(sink)), is_sink_alone(std::move(is_sink_alone))
    {}

    /// Stays open and owned by the host.
    std::optional<int> descriptor {};
    Sink sink {};
    /// Called before each write if there are both: whether only the sink receives it. May be empty,
    /// for never.
    std::function<bool()> is_sink_alone {};
};
/// Supplies what a guest reads from a stream. Returns the number of bytes stored, 0 at the end.
using Source = std::function<size_t(std::span<std::byte>)>;

/// Whether a guest may change what it reaches through a directory.
using Access = vitrine::HostAccess;

/// How an open file is written to, and whether its operations may block.
struct FileFlags {
    bool append = false;
    bool nonblocking = false;
    /// Each write waits until the medium has the data (`sync_data`), or the data and all metadata
    /// (`sync_all`).
    bool sync_data = false;
    bool sync_all = false;

    friend bool operator==(const FileFlags&, const FileFlags&) = default;
};

/// An open file of the guest.
class File {
public:
    /// Takes ownership of a descriptor of the host. `is_inherited` means that others use the same
    /// open file.
    static Answer<std::shared_ptr<File>> open(
        HostFd host, bool is_inherited, Access access = Access::ReadWrite);
    /// A file that can only be written, by calling the sink. It looks to the guest like a terminal.
    static Answer<std::shared_ptr<File>> open(Sink sink);
    /// Takes ownership of a descriptor of the host that others use too. The sink receives a copy of
    /// what is written, in the same order. The file looks to the guest like a terminal, because a
    /// write at a position would not be copied.
    static Answer<std::shared_ptr<File>> open(HostFd host, Sink copy, std::function<bool()> is_sink_alone);
    /// A file that can only be read, by calling the source. It too looks to the guest like a
    /// terminal.
    static Answer<std::shared_ptr<File>> open(Source source);

    int descriptor() const { return host_.get(); }
    FileType type() const { return type_; }
    bool is_directory() const { return type_ == FileType::Directory; }
    bool is_socket() const { return is_socket_; }
    bool is_listening() const { return is_listening_; }
    bool is_seekable() const { return is_seekable_; }
    /// Whether the file was opened for reading, and for writing.
    bool can_read() const { return can_read_; }
    bool can_write() const { return can_write_; }
    /// Whether reading and writing may block.
    bool may_wait() const { return may_wait_; }
    /// Whether each transfer is a message, which is sent and received as a whole.
    bool keeps_messages() const { return keeps_messages_; }
    /// Whether the system limits the size of files that this process writes (RLIMIT_FSIZE), as of
    /// when the file was opened.
    bool is_size_limited() const { return is_size_limited_; }
    /// Receives the file's output: all of it, or a copy of what the host's descriptor has accepted.
    const Sink& sink() const { return sink_; }
    /// Whether the next output only goes to the sink.
    bool is_sink_alone() const { return is_sink_alone_ && is_sink_alone_(); }
    const Source& source() const { return source_; }
    Access access() const { return access_; }
    /// EROFS if nothing may be changed through this file.
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

    /// The entries, if this is a directory.
    Listing listing;

    /// Locked during a transfer on a file that several threads may use, so that no other thread
    /// comes between the readiness check and the system call. Also locked while the embedder's
    /// sinks and sources run. They may use the file again, so it is recursive.
    std::recursive_mutex exchange;

    /// Whether writes that never block (RWF_NOWAIT) are worth trying. Cleared when the kernel
    /// refuses one.
    std::atomic<bool> writes_at_once = true;

    /// The path by which the guest knows a preopened directory. Empty for other files.
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
    /// Kept here and not in the host's flags, which everyone who uses the open file shares.
    std::atomic<bool> is_nonblocking_ = false;
};

} // namespace vitrine::core::host
