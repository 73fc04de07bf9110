// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/files.h"

#include "wasi/stat.h"

#include <algorithm>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>

namespace vitrine::core::wasi {

namespace {

/// The devices null, zero, full and urandom are always ready.
bool is_memory_device(const struct stat& status)
{
    if (!S_ISCHR(status.st_mode) || major(status.st_rdev) != 1)
        return false;
    constexpr unsigned minors[] { 3, 5, 7, 9 };
    return std::ranges::find(minors, minor(status.st_rdev)) != std::end(minors);
}

bool is_listening(int fd)
{
    int value = 0;
    socklen_t length = sizeof value;
    return ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &length) == 0 && value != 0;
}

/// SOCK_STREAM or another.
int socket_type(int fd)
{
    int type = 0;
    socklen_t length = sizeof type;
    ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length);
    return type;
}

bool has_size_limit()
{
    rlimit limit {};
    return ::getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
}

constexpr uint64_t rights_of_all = rights::fd_datasync | rights::fd_fdstat_set_flags | rights::fd_sync
    | rights::fd_filestat_get | rights::fd_filestat_set_times | rights::poll_fd_readwrite;
constexpr uint64_t rights_of_readers = rights::fd_read;
constexpr uint64_t rights_of_writers = rights::fd_write | rights::fd_allocate | rights::fd_filestat_set_size;
constexpr uint64_t rights_of_seekers = rights::fd_seek | rights::fd_tell | rights::fd_advise;
// Truncation while opening is not a right of its own here: nothing could take it away.
constexpr uint64_t rights_of_folders = rights_of_all | (rights::of_paths & ~rights::path_filestat_set_size);

/// Nobody is refused for want of a right: these tell the guest what the host would let it do.
uint64_t rights_of(FileType type, int host_flags, bool is_seekable)
{
    if (type == FileType::Directory)
        return rights_of_folders;
    const int mode = host_flags & O_ACCMODE;
    return rights_of_all | (mode != O_WRONLY ? rights_of_readers : 0)
        | (mode != O_RDONLY ? rights_of_writers : 0) | (is_seekable ? rights_of_seekers : 0)
        | (type == FileType::SocketStream || type == FileType::SocketDgram ? rights::sock_shutdown : 0);
}

} // namespace

Answer<std::shared_ptr<File>> File::open(HostFd host, bool is_inherited, Access access)
{
    struct stat status;
    const int host_flags = ::fcntl(host.get(), F_GETFL);
    if (host_flags < 0 || ::fstat(host.get(), &status) != 0)
        return host_error();
    auto file = std::make_shared<File>();
    file->type_ = file_type_of(status.st_mode);
    if (S_ISSOCK(status.st_mode)) {
        const int type = socket_type(host.get());
        file->is_socket_ = true;
        file->keeps_messages_ = type != SOCK_STREAM;
        if (type == SOCK_DGRAM)
            file->type_ = FileType::SocketDgram;
    }
    file->is_size_limited_ = S_ISREG(status.st_mode) && has_size_limit();
    file->is_inherited_ = is_inherited;
    file->is_seekable_ = !file->is_directory() && ::lseek(host.get(), 0, SEEK_CUR) >= 0;
    file->may_wait_ = !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode) && !S_ISBLK(status.st_mode)
        && !is_memory_device(status);
    file->access_ = access;
    file->rights_ = rights_of(file->type_, host_flags, file->is_seekable_)
        & ~(access == Access::ReadOnly ? rights::of_changes : 0);
    if (file->is_socket() && is_listening(host.get()))
        file->rights_ |= rights::sock_accept;
    file->host_ = std::move(host);
    return file;
}

Answer<std::shared_ptr<File>> File::open(Sink sink)
{
    HostFd null(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    if (!null)
        return host_error();
    auto file = TRY(open(std::move(null), false));
    file->sink_ = std::move(sink);
    file->is_sink_alone_ = [] { return true; };
    file->is_seekable_ = false;
    file->rights_ = rights_of(file->type_, O_WRONLY, false);
    return file;
}

Answer<std::shared_ptr<File>> File::open(HostFd host, Sink copy, std::function<bool()> is_sink_alone)
{
    const int host_flags = ::fcntl(host.get(), F_GETFL);
    auto file = TRY(open(std::move(host), true));
    file->sink_ = std::move(copy);
    file->is_sink_alone_ = std::move(is_sink_alone);
    file->is_seekable_ = false;
    file->type_ = FileType::CharacterDevice;
    file->rights_ = rights_of(file->type_, host_flags, false);
    return file;
}

Answer<std::shared_ptr<File>> File::open(Source source)
{
    HostFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!null)
        return host_error();
    auto file = TRY(open(std::move(null), false));
    file->source_ = std::move(source);
    file->is_seekable_ = false;
    file->rights_ = rights_of(file->type_, O_RDONLY, false);
    return file;
}

/// Those to change files stay also where nothing can be changed: libraries leave out of a request what is not handed on,
/// and the guest would learn of it at its first write, not when it opens the file.
uint64_t File::inherited_rights() const
{
    constexpr uint64_t of_files = rights_of_all | rights_of_readers | rights_of_writers | rights_of_seekers;
    return is_directory() ? rights_of_folders | of_files : 0;
}

Answer<uint32_t> File::flags() const
{
    const int host_flags = ::fcntl(host_.get(), F_GETFL);
    if (host_flags < 0)
        return host_error();
    uint32_t flags = is_nonblocking_ ? fd_flags::nonblock : 0;
    if (host_flags & O_APPEND)
        flags |= fd_flags::append;
    if ((host_flags & O_SYNC) == O_SYNC)
        flags |= fd_flags::sync;
    else if (host_flags & O_DSYNC)
        flags |= fd_flags::dsync;
    return flags;
}

Answer<void> File::set_flags(uint32_t flags)
{
    if (flags & ~fd_flags::all)
        return refuse(Errno::Inval);
    const uint32_t changed = flags ^ TRY(this->flags());
    // The host cannot change how an open file is synchronised, and a file of others is not the guest's to change.
    if (changed & ~(fd_flags::append | fd_flags::nonblock) || (changed & fd_flags::append && is_inherited_))
        return refuse(Errno::Notsup);
    if (changed & fd_flags::append) {
        const int others = ::fcntl(host_.get(), F_GETFL) & ~O_APPEND;
        if (::fcntl(host_.get(), F_SETFL, others | (flags & fd_flags::append ? O_APPEND : 0)) != 0)
            return host_error();
    }
    is_nonblocking_ = flags & fd_flags::nonblock;
    return {};
}

Answer<std::shared_ptr<File>> FileTable::find(Fd fd) const
{
    const std::lock_guard lock(mutex_);
    if (!is_open(fd))
        return refuse(Errno::Badf);
    return files_[static_cast<size_t>(fd)];
}

size_t FileTable::lowest_free() const
{
    return static_cast<size_t>(std::ranges::find(files_, nullptr) - files_.begin());
}

Answer<void> FileTable::check_room() const
{
    const std::lock_guard lock(mutex_);
    if (lowest_free() >= max_files_)
        return refuse(Errno::Mfile);
    return {};
}

Answer<Fd> FileTable::add(std::shared_ptr<File> file)
{
    const std::lock_guard lock(mutex_);
    const size_t number = lowest_free();
    if (number >= max_files_)
        return refuse(Errno::Mfile);
    if (number == files_.size())
        files_.emplace_back();
    files_[number] = std::move(file);
    return static_cast<Fd>(number);
}

Answer<void> FileTable::close(Fd fd)
{
    // Closed without the lock, as that may take the host its time.
    std::shared_ptr<File> closed;
    const std::lock_guard lock(mutex_);
    if (!is_open(fd))
        return refuse(Errno::Badf);
    closed = std::move(files_[static_cast<size_t>(fd)]);
    return {};
}

Answer<void> FileTable::renumber(Fd from, Fd to)
{
    std::shared_ptr<File> closed;
    const std::lock_guard lock(mutex_);
    if (!is_open(from) || !is_open(to))
        return refuse(Errno::Badf);
    if (from == to)
        return {};
    closed = std::exchange(files_[static_cast<size_t>(to)], std::move(files_[static_cast<size_t>(from)]));
    return {};
}

} // namespace vitrine::core::wasi
