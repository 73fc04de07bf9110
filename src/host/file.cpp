// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "host/file.h"

#include "host/stat.h"

#include <algorithm>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>

namespace vitrine::core::host {

namespace {

/// The devices null, zero, full and urandom are always ready.
bool is_memory_device(const struct stat& status)
{
    if (!S_ISCHR(status.st_mode) || major(status.st_rdev) != 1)
        return false;
    constexpr unsigned minors[] { 3, 5, 7, 9 };
    return std::ranges::find(minors, minor(status.st_rdev)) != std::end(minors);
}

bool is_listening_socket(int fd)
{
    int value = 0;
    socklen_t length = sizeof value;
    return ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &length) == 0 && value != 0;
}

/// SOCK_STREAM, SOCK_DGRAM, ...
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

} // namespace

Answer<std::shared_ptr<File>> File::open(HostFd host, bool is_inherited, Access access)
{
    struct stat status;
    const int host_flags = ::fcntl(host.get(), F_GETFL);
    if (host_flags < 0 || ::fstat(host.get(), &status) != 0)
        return system_error();
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
    file->can_read_ = (host_flags & O_ACCMODE) != O_WRONLY;
    file->can_write_ = (host_flags & O_ACCMODE) != O_RDONLY;
    file->is_listening_ = file->is_socket() && is_listening_socket(host.get());
    file->host_ = std::move(host);
    return file;
}

Answer<std::shared_ptr<File>> File::open(Sink sink)
{
    HostFd null(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    if (!null)
        return system_error();
    auto file = TRY(open(std::move(null), false));
    file->sink_ = std::move(sink);
    file->is_sink_alone_ = [] { return true; };
    file->is_seekable_ = false;
    return file;
}

Answer<std::shared_ptr<File>> File::open(HostFd host, Sink copy, std::function<bool()> is_sink_alone)
{
    auto file = TRY(open(std::move(host), true));
    file->sink_ = std::move(copy);
    file->is_sink_alone_ = std::move(is_sink_alone);
    file->is_seekable_ = false;
    file->type_ = FileType::CharacterDevice;
    return file;
}

Answer<std::shared_ptr<File>> File::open(Source source)
{
    HostFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!null)
        return system_error();
    auto file = TRY(open(std::move(null), false));
    file->source_ = std::move(source);
    file->is_seekable_ = false;
    return file;
}

Answer<FileFlags> File::flags() const
{
    const int host_flags = ::fcntl(host_.get(), F_GETFL);
    if (host_flags < 0)
        return system_error();
    const bool sync_all = (host_flags & O_SYNC) == O_SYNC;
    return FileFlags { .append = (host_flags & O_APPEND) != 0,
        .nonblocking = is_nonblocking_,
        .sync_data = !sync_all && (host_flags & O_DSYNC) != 0,
        .sync_all = sync_all };
}

Answer<void> File::set_flags(FileFlags flags)
{
    const FileFlags now = TRY(this->flags());
    const bool changes_append = flags.append != now.append;
    // The host cannot change how an open file is synchronised. O_APPEND would also change for
    // others if the file is inherited.
    if (flags.sync_data != now.sync_data || flags.sync_all != now.sync_all
        || (changes_append && is_inherited_))
        return refuse(ENOTSUP);
    if (changes_append) {
        const int others = ::fcntl(host_.get(), F_GETFL) & ~O_APPEND;
        if (::fcntl(host_.get(), F_SETFL, others | (flags.append ? O_APPEND : 0)) != 0)
            return system_error();
    }
    is_nonblocking_ = flags.nonblocking;
    return {};
}

} // namespace vitrine::core::host
