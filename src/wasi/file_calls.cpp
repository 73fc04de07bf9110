// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/preview1.h"
#include "wasi/stat.h"
#include "wasi/wait.h"

#include <algorithm>
#include <climits>
#include <csignal>
#include <fcntl.h>
#include <sys/socket.h>

// What is done to open files: the functions fd_*.

namespace vitrine::core::wasi {

namespace {

/// Keeps SIGPIPE from this thread while it writes: the guest gets an errno, and the embedder's handlers do not notice.
class QuietPipe {
public:
    QuietPipe()
    {
        ::sigemptyset(&pipe_);
        ::sigaddset(&pipe_, SIGPIPE);
        ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
        // Only what is blocked can be pending.
        sigset_t pending;
        if (::sigismember(&before_, SIGPIPE) == 1 && ::sigpending(&pending) == 0)
            was_pending_ = ::sigismember(&pending, SIGPIPE) == 1;
    }
    QuietPipe(const QuietPipe&) = delete;
    QuietPipe& operator=(const QuietPipe&) = delete;
    ~QuietPipe()
    {
        const int saved = errno;
        constexpr timespec at_once {};
        if (saved == EPIPE && !was_pending_)
            ::sigtimedwait(&pipe_, nullptr, &at_once);
        ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
        errno = saved;
    }

private:
    sigset_t pipe_;
    sigset_t before_;
    bool was_pending_ = false;
};

/// One piece, in one call: the sink may do with the guest what it likes.
void write_to_sink(File& file, std::span<const iovec> buffers)
{
    std::vector<std::byte> bytes;
    bytes.reserve(size_of(buffers));
    for (const iovec& buffer : buffers) {
        const auto* from = static_cast<const std::byte*>(buffer.iov_base);
        bytes.insert(bytes.end(), from, from + buffer.iov_len);
    }
    const std::lock_guard turn(file.exchange);
    file.sink()(bytes);
}

/// What the source gives at once, put into the guest's buffers: as many as there are bytes, so that nobody asks for
/// memory that the guest only names.
Answer<size_t> read_from_source(Call& call, File& file, Pointer at, Number count)
{
    constexpr size_t most = size_t { 1 } << 16;
    std::vector<std::byte> bytes(std::min(size_of(TRY(call.buffers(at, count))), most));
    if (bytes.empty())
        return 0;
    const std::lock_guard turn(file.exchange);
    const size_t got = std::min(file.source()(bytes), bytes.size());
    // The source may do with the guest what it likes.
    const auto buffers = TRY(call.buffers(at, count));
    size_t used = 0;
    for (const iovec& part : part_of(buffers, 0, got)) {
        std::memcpy(part.iov_base, bytes.data() + used, part.iov_len);
        used += part.iov_len;
    }
    return used;
}

/// Of `pwritev2`, since Linux 6.18: no SIGPIPE.
constexpr int no_signal = 0x100;

/// Writes what there is room for of what is left; fails with EAGAIN rather than wait.
ssize_t write_some(File& file, std::span<const iovec> buffers, size_t written)
{
    auto part = part_of(buffers, written, SIZE_MAX);
    if (file.is_socket()) {
        msghdr message {};
        message.msg_iov = part.data();
        message.msg_iovlen = part.size();
        return ::sendmsg(file.host(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    if (file.may_wait()) {
        // New kernels do for pipes, in one call, what takes four otherwise.
        if (file.writes_at_once) {
            const auto count = static_cast<int>(part.size());
            const ssize_t size = ::pwritev2(file.host(), part.data(), count, -1, RWF_NOWAIT | no_signal);
            if (size >= 0 || (errno != EOPNOTSUPP && errno != EINVAL && errno != ENOSYS))
                return size;
            file.writes_at_once = false;
        }
        if (!is_ready(file, POLLOUT))
            return -1;
        // For so much there is room in a pipe that has some.
        part = part_of(part, 0, PIPE_BUF);
    }
    const QuietPipe quiet;
    return ::writev(file.host(), part.data(), static_cast<int>(part.size()));
}

off_t offset_of(Long offset) { return static_cast<off_t>(offset); }

/// The answer to a system call on a file position.
Answer<void> moved(const File& file, off_t offset, int whence, Out<Long> result)
{
    if (file.is_directory())
        return refuse(Errno::Badf);
    if (!file.is_seekable())
        return refuse(Errno::Spipe);
    const off_t position = ::lseek(file.host(), offset, whence);
    if (position < 0)
        return host_error();
    result.put(static_cast<Long>(position));
    return {};
}

} // namespace

Answer<size_t> write_all(Call& call, File& file, Pointer at, Number count)
{
    size_t size = 0;
    for (size_t written = 0;;) {
        const auto more = exchange(call, file, POLLOUT, at, count, [&](std::span<const iovec> buffers) {
            size = size_of(buffers);
            return write_some(file, buffers, written);
        });
        if (!more && (written == 0 || call.trap))
            return refuse(more.error());
        written += more.value_or(0);
        if (!more || written >= size)
            return written;
    }
}

Answer<void> fd_advise(Call& call, Fd fd, Long offset, Long length, Number advice)
{
    constexpr int advices[] = { POSIX_FADV_NORMAL, POSIX_FADV_SEQUENTIAL, POSIX_FADV_RANDOM,
        POSIX_FADV_WILLNEED, POSIX_FADV_DONTNEED, POSIX_FADV_NOREUSE };
    const auto file = TRY(call.file(fd));
    if (advice >= std::size(advices))
        return refuse(Errno::Inval);
    if (const int error =
            ::posix_fadvise(file->host(), offset_of(offset), offset_of(length), advices[advice]))
        return refuse(errno_of(error));
    return {};
}

Answer<void> fd_allocate(Call& call, Fd fd, Long offset, Long length)
{
    return answer_of(::fallocate(TRY(call.file(fd))->host(), 0, offset_of(offset), offset_of(length)));
}

Answer<void> fd_close(Call& call, Fd fd) { return call.host.files().close(fd); }

Answer<void> fd_datasync(Call& call, Fd fd) { return answer_of(::fdatasync(TRY(call.file(fd))->host())); }

Answer<void> fd_sync(Call& call, Fd fd) { return answer_of(::fsync(TRY(call.file(fd))->host())); }

Answer<void> fd_fdstat_get(Call& call, Fd fd, Pointer result)
{
    const auto file = TRY(call.file(fd));
    const auto out = TRY(call.bytes(result, 24));
    const auto flags = static_cast<uint16_t>(TRY(file->flags()));
    const uint64_t rights = file->rights(), inherited = file->inherited_rights();
    std::ranges::fill(out, 0);
    out[0] = static_cast<uint8_t>(file->type());
    std::memcpy(&out[2], &flags, sizeof flags);
    std::memcpy(&out[8], &rights, sizeof rights);
    std::memcpy(&out[16], &inherited, sizeof inherited);
    return {};
}

Answer<void> fd_fdstat_set_flags(Call& call, Fd fd, Number flags)
{
    return TRY(call.file(fd))->set_flags(flags);
}

Answer<void> fd_fdstat_set_rights(Call& call, Fd fd, Long, Long)
{
    (void)TRY(call.file(fd));
    return refuse(Errno::Notsup);
}

Answer<void> fd_filestat_get(Call& call, Fd fd, Pointer result)
{
    const auto file = TRY(call.file(fd));
    const auto out = TRY(call.bytes(result, call.snapshot.filestat_bytes));
    return put_filestat(call.snapshot, out, file->host(), file->type());
}

Answer<void> fd_filestat_set_size(Call& call, Fd fd, Long size)
{
    return answer_of(::ftruncate(TRY(call.file(fd))->host(), offset_of(size)));
}

Answer<void> fd_filestat_set_times(Call& call, Fd fd, Long atim, Long mtim, Number flags)
{
    const auto file = TRY(call.file(fd));
    const auto times = TRY(times_of(atim, mtim, flags));
    CHECK(file->check_changeable());
    return answer_of(::futimens(file->host(), times.data()));
}

Answer<void> fd_pread(Call& call, Fd fd, Pointer iovs, Number count, Long offset, Pointer result)
{
    const auto file = TRY(call.file(fd));
    const auto out = TRY(call.out<Number>(result));
    const auto buffers = TRY(call.buffers(iovs, count));
    if (!file->is_seekable() && !file->is_directory())
        return refuse(Errno::Spipe);
    const ssize_t size = ::preadv(file->host(), buffers.data(), static_cast<int>(count), offset_of(offset));
    if (size < 0)
        return host_error();
    out.put(static_cast<Number>(size));
    return {};
}

Answer<void> fd_prestat_get(Call& call, Fd fd, Pointer result)
{
    const auto file = TRY(call.file(fd));
    const auto out = TRY(call.bytes(result, 8));
    if (!file->preopened_as)
        return refuse(Errno::Badf);
    const auto length = static_cast<Number>(file->preopened_as->size());
    std::ranges::fill(out, 0);
    std::memcpy(&out[4], &length, sizeof length);
    return {};
}

Answer<void> fd_prestat_dir_name(Call& call, Fd fd, Pointer name, Number length)
{
    const auto file = TRY(call.file(fd));
    const auto out = TRY(call.bytes(name, length));
    if (!file->preopened_as)
        return refuse(Errno::Badf);
    if (length < file->preopened_as->size())
        return refuse(Errno::Nametoolong);
    std::ranges::copy(*file->preopened_as, out.begin());
    return {};
}

Answer<void> fd_pwrite(Call& call, Fd fd, Pointer iovs, Number count, Long offset, Pointer result)
{
    const auto file = TRY(call.file(fd));
    const auto out = TRY(call.out<Number>(result));
    const auto buffers = TRY(call.buffers(iovs, count));
    if (!file->is_seekable() && !file->is_directory())
        return refuse(Errno::Spipe);
    const ssize_t size = ::pwritev(file->host(), buffers.data(), static_cast<int>(count), offset_of(offset));
    if (size < 0)
        return host_error();
    out.put(static_cast<Number>(size));
    return {};
}

Answer<void> fd_read(Call& call, Fd fd, Pointer iovs, Number count, Pointer result)
{
    const auto file = TRY(call.file(fd));
    const auto out = TRY(call.out<Number>(result));
    const size_t size = file->source()
        ? TRY(read_from_source(call, *file, iovs, count))
        : TRY(exchange(call, *file, POLLIN, iovs, count, [&](std::span<const iovec> buffers) -> ssize_t {
              if (file->may_wait() && !is_ready(*file, POLLIN))
                  return -1;
              return ::readv(file->host(), buffers.data(), static_cast<int>(buffers.size()));
          }));
    out.put(static_cast<Number>(size));
    return {};
}

Answer<void> fd_readdir(Call& call, Fd fd, Pointer buffer, Number length, Long cookie, Pointer result)
{
    constexpr size_t header_bytes = 24;
    const auto file = TRY(call.file(fd));
    const auto out = TRY(call.out<Number>(result));
    const auto room = TRY(call.bytes(buffer, length));
    const auto entries = TRY(file->entries(cookie == 0));
    size_t used = 0;
    // A buffer that is full to the last byte tells the guest that there may be more.
    for (Long at = cookie; at < entries->size() && used < room.size(); ++at) {
        const File::Entry& entry = (*entries)[at];
        uint8_t header[header_bytes] {};
        const Long next = at + 1;
        const auto name_length = static_cast<Number>(entry.name.size());
        std::memcpy(header, &next, 8);
        std::memcpy(header + 8, &entry.inode, 8);
        std::memcpy(header + 16, &name_length, 4);
        header[20] = static_cast<uint8_t>(entry.type);
        for (const Bytes part : { Bytes(header), bytes_of(entry.name) }) {
            const Bytes fitting = part.first(std::min(part.size(), room.size() - used));
            std::ranges::copy(fitting, room.subspan(used).begin());
            used += fitting.size();
        }
    }
    out.put(static_cast<Number>(used));
    return {};
}

Answer<void> fd_renumber(Call& call, Fd from, Fd to) { return call.host.files().renumber(from, to); }

Answer<void> fd_seek(Call& call, Fd fd, Long offset, Number whence, Pointer result)
{
    const auto file = TRY(call.file(fd));
    const auto out = TRY(call.out<Long>(result));
    if (whence >= call.snapshot.whence.size())
        return refuse(Errno::Inval);
    return moved(*file, offset_of(offset), call.snapshot.whence[whence], out);
}

Answer<void> fd_tell(Call& call, Fd fd, Pointer result)
{
    const auto file = TRY(call.file(fd));
    return moved(*file, 0, SEEK_CUR, TRY(call.out<Long>(result)));
}

Answer<void> fd_write(Call& call, Fd fd, Pointer iovs, Number count, Pointer result)
{
    const auto file = TRY(call.file(fd));
    const auto out = TRY(call.out<Number>(result));
    if (file->may_wait()) {
        out.put(static_cast<Number>(TRY(write_all(call, *file, iovs, count))));
        return {};
    }
    const auto buffers = TRY(call.buffers(iovs, count));
    auto size = static_cast<ssize_t>(size_of(buffers));
    if (file->sink())
        write_to_sink(*file, buffers);
    else
        size = ::writev(file->host(), buffers.data(), static_cast<int>(count));
    if (size < 0)
        return host_error();
    out.put(static_cast<Number>(size));
    return {};
}

} // namespace vitrine::core::wasi
