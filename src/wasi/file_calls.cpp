// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/preview1.h"
#include "wasi/stat.h"
#include "wasi/wait.h"

#include <algorithm>
#include <climits>
#include <csignal>
#include <fcntl.h>
#include <limits>
#include <optional>
#include <sys/socket.h>
#include <utility>

// What is done to open files: the functions fd_*.

namespace vitrine::core::wasi {

namespace {

/// Keeps SIGPIPE and SIGXFSZ from this thread while it writes: the guest gets EPIPE or EFBIG, and the embedder's handlers do not
/// notice.
class QuietSignals {
public:
    QuietSignals()
    {
        ::sigemptyset(&quiet_);
        ::sigaddset(&quiet_, SIGPIPE);
        ::sigaddset(&quiet_, SIGXFSZ);
        ::pthread_sigmask(SIG_BLOCK, &quiet_, &before_);
        // Only what is blocked can be pending.
        if (::sigismember(&before_, SIGPIPE) != 1 && ::sigismember(&before_, SIGXFSZ) != 1)
            ::sigemptyset(&pending_);
        else
            ::sigpending(&pending_);
    }
    QuietSignals(const QuietSignals&) = delete;
    QuietSignals& operator=(const QuietSignals&) = delete;
    ~QuietSignals()
    {
        const int saved = errno;
        const int sent = saved == EPIPE ? SIGPIPE : saved == EFBIG ? SIGXFSZ : 0;
        if (sent && ::sigismember(&pending_, sent) != 1) {
            constexpr timespec at_once {};
            sigset_t taken;
            ::sigemptyset(&taken);
            ::sigaddset(&taken, sent);
            ::sigtimedwait(&taken, nullptr, &at_once);
        }
        ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
        errno = saved;
    }

private:
    sigset_t quiet_;
    sigset_t before_;
    sigset_t pending_;
};

/// What is copied at once to a function of the embedder, or from one.
constexpr size_t copied_at_once = size_t { 1 } << 16;

/// In pieces, each in one call: the sink may do with the guest what it likes.
Answer<size_t> write_to_sink(Call& call, File& file, Buffers& buffers)
{
    std::vector<std::byte> bytes(std::min(buffers.rest(), copied_at_once));
    for (;;) {
        const size_t size = TRY(buffers.gather(bytes));
        {
            const std::lock_guard turn(file.exchange);
            file.sink()(std::span(bytes).first(size));
        }
        if (buffers.rest() == 0 || size == 0)
            return buffers.done();
        CHECK(call.check_requests());
    }
}

/// What the source gives at once, put into the guest's buffers. They are looked at again behind it, as it may do with the guest
/// what it likes.
Answer<size_t> read_from_source(File& file, Buffers& buffers)
{
    std::vector<std::byte> bytes(std::min(buffers.rest(), copied_at_once));
    if (bytes.empty())
        return 0;
    const std::lock_guard turn(file.exchange);
    const size_t got = std::min(file.source()(bytes), bytes.size());
    return buffers.scatter(std::span(bytes).first(got));
}

/// Of `pwritev2`, since Linux 6.18: no SIGPIPE.
constexpr int no_signal = 0x100;

/// The first buffers, `most` bytes together.
std::vector<iovec> first_of(std::span<const iovec> buffers, size_t most)
{
    std::vector<iovec> first;
    for (const iovec& buffer : buffers) {
        if (most == 0)
            break;
        first.push_back({ buffer.iov_base, std::min(buffer.iov_len, most) });
        most -= first.back().iov_len;
    }
    return first;
}

/// Writes what there is room for; fails with EAGAIN rather than wait.
ssize_t write_some(File& file, std::span<const iovec> piece)
{
    const auto count = static_cast<int>(piece.size());
    if (file.is_socket()) {
        msghdr message {};
        message.msg_iov = const_cast<iovec*>(piece.data());
        message.msg_iovlen = piece.size();
        return ::sendmsg(file.host(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    if (!file.may_wait()) {
        // Signals are kept away only where there may be one, as that doubles the cost of a short write.
        std::optional<QuietSignals> quiet;
        if (file.is_size_limited())
            quiet.emplace();
        return ::writev(file.host(), piece.data(), count);
    }
    // New kernels do for pipes, in one call, what takes four otherwise.
    if (file.writes_at_once) {
        const ssize_t size = ::pwritev2(file.host(), piece.data(), count, -1, RWF_NOWAIT | no_signal);
        if (size >= 0 || (errno != EOPNOTSUPP && errno != EINVAL && errno != ENOSYS))
            return size;
        file.writes_at_once = false;
    }
    if (!is_ready(file, POLLOUT))
        return -1;
    // For so much there is room in a pipe that has some.
    const auto part = first_of(piece, PIPE_BUF);
    const QuietSignals quiet;
    return ::writev(file.host(), part.data(), static_cast<int>(part.size()));
}

/// Writes what there is room for, and gives the sink what was written. Both happen in one turn, so that the copies of all
/// threads' output come in the order of the output.
ssize_t write_and_copy(File& file, std::span<const iovec> piece)
{
    // Copied first: another thread may change the guest's memory while the host writes.
    std::vector<std::byte> bytes;
    for (const iovec& part : first_of(piece, file.keeps_messages() ? SIZE_MAX : copied_at_once)) {
        const auto* const begin = static_cast<const std::byte*>(part.iov_base);
        bytes.insert(bytes.end(), begin, begin + part.iov_len);
    }
    const iovec whole { bytes.data(), bytes.size() };
    const std::lock_guard turn(file.exchange);
    const ssize_t size = write_some(file, { &whole, 1 });
    if (size > 0)
        file.sink()(std::span<const std::byte>(bytes).first(static_cast<size_t>(size)));
    return size;
}

/// The files that have positions, for what names one.
Answer<void> check_positioned(const File& file)
{
    if (!file.is_seekable() && !file.is_directory())
        return refuse(Errno::Spipe);
    return {};
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

Answer<size_t> write_all(Call& call, File& file, Buffers& buffers)
{
    if (file.is_sink_alone())
        return write_to_sink(call, file, buffers);
    return transfer(call, file, POLLOUT, buffers, Extent::Whole, [&](std::span<const iovec> piece) {
        return file.sink() ? write_and_copy(file, piece) : write_some(file, piece);
    });
}

Answer<void> fd_advise(Call& call, Fd fd, Long offset, Long length, Number advice)
{
    constexpr int advices[] = { POSIX_FADV_NORMAL, POSIX_FADV_SEQUENTIAL, POSIX_FADV_RANDOM,
        POSIX_FADV_WILLNEED, POSIX_FADV_DONTNEED, POSIX_FADV_NOREUSE };
    const auto file = TRY(call.file(fd));
    if (advice >= std::size(advices))
        return refuse(Errno::Inval);
    // The host reads ahead before it answers: as much of that as another function does at once will do.
    if (advices[advice] == POSIX_FADV_WILLNEED && (length == 0 || length > bytes_at_once))
        length = bytes_at_once;
    if (const int error =
            ::posix_fadvise(file->host(), offset_of(offset), offset_of(length), advices[advice]))
        return refuse(errno_of(error));
    return {};
}

Answer<void> fd_allocate(Call& call, Fd fd, Long offset, Long length)
{
    constexpr off_t allocated_at_once = off_t { 64 } << 20;
    const auto file = TRY(call.file(fd));
    off_t at = offset_of(offset), rest = offset_of(length);
    if (at >= 0 && rest > std::numeric_limits<off_t>::max() - at)
        return refuse(Errno::Fbig);
    for (;;) {
        const off_t size = std::min(rest, allocated_at_once);
        {
            const QuietSignals quiet;
            if (::fallocate(file->host(), 0, at, size) != 0 && errno != EINTR)
                return host_error();
        }
        at += size, rest -= size;
        if (rest <= 0)
            return {};
        CHECK(call.check_requests());
    }
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
    const auto file = TRY(call.file(fd));
    const QuietSignals quiet;
    return answer_of(::ftruncate(file->host(), offset_of(size)));
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
    auto buffers = TRY(Buffers::of(call, iovs, count));
    CHECK(check_positioned(*file));
    const auto read = [&](std::span<const iovec> piece) {
        return ::preadv(
            file->host(), piece.data(), static_cast<int>(piece.size()), offset_of(offset + buffers.done()));
    };
    out.put(static_cast<Number>(TRY(transfer(call, *file, POLLIN, buffers, Extent::Whole, read))));
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
    auto buffers = TRY(Buffers::of(call, iovs, count));
    CHECK(check_positioned(*file));
    const auto write = [&](std::span<const iovec> piece) {
        std::optional<QuietSignals> quiet;
        if (file->is_size_limited())
            quiet.emplace();
        return ::pwritev(
            file->host(), piece.data(), static_cast<int>(piece.size()), offset_of(offset + buffers.done()));
    };
    out.put(static_cast<Number>(TRY(transfer(call, *file, POLLOUT, buffers, Extent::Whole, write))));
    return {};
}

Answer<void> fd_read(Call& call, Fd fd, Pointer iovs, Number count, Pointer result)
{
    const auto file = TRY(call.file(fd));
    const auto out = TRY(call.out<Number>(result));
    auto buffers = TRY(Buffers::of(call, iovs, count));
    if (file->source()) {
        out.put(static_cast<Number>(TRY(read_from_source(*file, buffers))));
        return {};
    }
    const auto read = [&](std::span<const iovec> piece) -> ssize_t {
        if (file->may_wait() && !is_ready(*file, POLLIN))
            return -1;
        return ::readv(file->host(), piece.data(), static_cast<int>(piece.size()));
    };
    const Extent extent = file->may_wait() ? Extent::Once : Extent::Whole;
    out.put(static_cast<Number>(TRY(transfer(call, *file, POLLIN, buffers, extent, read))));
    return {};
}

Answer<void> fd_readdir(Call& call, Fd fd, Pointer buffer, Number length, Long cookie, Pointer result)
{
    constexpr size_t header_bytes = 24;
    const auto file = TRY(call.file(fd));
    const auto out = TRY(call.out<Number>(result));
    auto room = TRY(call.bytes(buffer, length));
    if (!file->is_directory())
        return refuse(Errno::Notdir);
    size_t used = 0;
    const auto put = [&](Bytes part) {
        const Bytes fitting = part.first(std::min(part.size(), room.size() - used));
        std::ranges::copy(fitting, room.subspan(used).begin());
        used += fitting.size();
    };
    // A buffer that is full to the last byte tells the guest that there may be more.
    for (auto batch = TRY(file->listing.find(file->host(), cookie)); !batch->entries.empty();
        batch = TRY(file->listing.after(file->host(), *batch))) {
        Long number = batch->first;
        for (const Listing::Entry& entry : batch->entries) {
            if (std::exchange(number, entry.next) < cookie)
                continue;
            uint8_t header[header_bytes] {};
            const auto name_length = static_cast<Number>(entry.name.size());
            std::memcpy(header, &entry.next, 8);
            std::memcpy(header + 8, &entry.inode, 8);
            std::memcpy(header + 16, &name_length, 4);
            header[20] = static_cast<uint8_t>(entry.type);
            put(header);
            put(bytes_of(entry.name));
        }
        if (used == room.size())
            break;
        CHECK(call.check_requests());
        room = TRY(call.bytes(buffer, length));
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
    auto buffers = TRY(Buffers::of(call, iovs, count));
    out.put(static_cast<Number>(TRY(write_all(call, *file, buffers))));
    return {};
}

} // namespace vitrine::core::wasi
