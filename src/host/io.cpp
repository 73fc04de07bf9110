// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "host/io.h"

#include "host/quiet_signals.h"
#include "host/wait.h"

#include <algorithm>
#include <climits>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace vitrine::core::host {

namespace {

Answer<size_t> answer_of_size(ssize_t size)
{
    if (size < 0)
        return system_error();
    return static_cast<size_t>(size);
}

/// Locks a file on which other threads may wait at the same time.
std::unique_lock<std::recursive_mutex> turn_with(File& file)
{
    std::unique_lock turn(file.exchange, std::defer_lock);
    if (file.may_wait())
        turn.lock();
    return turn;
}

/// The flag RWF_NOSIGNAL of `pwritev2`, since Linux 6.18: the write raises no SIGPIPE.
constexpr int no_signal = 0x100;

/// The first `most` bytes of the buffers.
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

/// Writes as much as there is room for. Fails with EAGAIN if the write would block.
ssize_t write_some(File& file, std::span<const iovec> piece)
{
    const auto count = static_cast<int>(piece.size());
    if (file.is_socket()) {
        msghdr message {};
        message.msg_iov = const_cast<iovec*>(piece.data());
        message.msg_iovlen = piece.size();
        return ::sendmsg(file.descriptor(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    if (!file.may_wait()) {
        // Only block signals when one may be raised, because it doubles the cost of a short write.
        std::optional<QuietSignals> quiet;
        if (file.is_size_limited())
            quiet.emplace();
        return ::writev(file.descriptor(), piece.data(), count);
    }
    // On recent kernels, one call does for pipes what otherwise takes four.
    if (file.writes_at_once) {
        const ssize_t size = ::pwritev2(file.descriptor(), piece.data(), count, -1, RWF_NOWAIT | no_signal);
        if (size >= 0 || (errno != EOPNOTSUPP && errno != EINVAL && errno != ENOSYS))
            return size;
        file.writes_at_once = false;
    }
    if (!is_ready(file, POLLOUT))
        return -1;
    // A pipe that is ready for writing has room for this much.
    const auto part = first_of(piece, PIPE_BUF);
    const QuietSignals quiet;
    return ::writev(file.descriptor(), part.data(), static_cast<int>(part.size()));
}

/// Writes as much as there is room for, and passes a copy of that to the sink. The lock covers
/// both, so that the sink receives the output of all threads in the order in which it was written.
ssize_t write_and_copy(File& file, std::span<const iovec> piece)
{
    // Copy the bytes first, because another thread may change the guest's memory during the write.
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

/// Reads what is available. Fails with EAGAIN if the read would block.
ssize_t read_some(File& file, std::span<const iovec> piece)
{
    if (file.may_wait() && !is_ready(file, POLLIN))
        return -1;
    return ::readv(file.descriptor(), piece.data(), static_cast<int>(piece.size()));
}

off_t offset_of(uint64_t offset) { return static_cast<off_t>(offset); }

} // namespace

Answer<size_t> read(File& file, std::span<const iovec> to)
{
    const auto turn = turn_with(file);
    return answer_of_size(read_some(file, to));
}

Answer<size_t> write(File& file, std::span<const iovec> from)
{
    const auto turn = turn_with(file);
    return answer_of_size(file.sink() ? write_and_copy(file, from) : write_some(file, from));
}

Answer<size_t> read_at(File& file, std::span<const iovec> to, uint64_t offset)
{
    const auto turn = turn_with(file);
    return answer_of_size(
        ::preadv(file.descriptor(), to.data(), static_cast<int>(to.size()), offset_of(offset)));
}

Answer<size_t> write_at(File& file, std::span<const iovec> from, uint64_t offset)
{
    const auto turn = turn_with(file);
    std::optional<QuietSignals> quiet;
    if (file.is_size_limited())
        quiet.emplace();
    return answer_of_size(
        ::pwritev(file.descriptor(), from.data(), static_cast<int>(from.size()), offset_of(offset)));
}

Answer<size_t> append(File& file, std::span<const iovec> from)
{
    std::optional<QuietSignals> quiet;
    if (file.is_size_limited())
        quiet.emplace();
    const auto count = static_cast<int>(from.size());
    const ssize_t size = ::pwritev2(file.descriptor(), from.data(), count, -1, RWF_APPEND);
    if (size >= 0 || (errno != EOPNOTSUPP && errno != EINVAL && errno != ENOSYS))
        return answer_of_size(size);
    // Some systems cannot do this in one step.
    if (::lseek(file.descriptor(), 0, SEEK_END) < 0)
        return system_error();
    return answer_of_size(::writev(file.descriptor(), from.data(), count));
}

Answer<void> check_positioned(const File& file)
{
    if (!file.is_seekable() && !file.is_directory())
        return refuse(ESPIPE);
    return {};
}

Answer<void> check_direction(const File& file, short events)
{
    if (file.may_wait() && !(events == POLLIN ? file.can_read() : file.can_write()))
        return refuse(EBADF);
    return {};
}

void write_to_sink(File& file, std::span<const std::byte> from)
{
    const std::lock_guard turn(file.exchange);
    file.sink()(from);
}

size_t read_from_source(File& file, std::span<std::byte> to)
{
    const std::lock_guard turn(file.exchange);
    return std::min(file.source()(to), to.size());
}

uint64_t readable_bytes(const File& file)
{
    struct stat status;
    if (file.type() == FileType::RegularFile) {
        const off_t at = ::lseek(file.descriptor(), 0, SEEK_CUR);
        return ::fstat(file.descriptor(), &status) == 0 && at >= 0 && at < status.st_size
            ? static_cast<uint64_t>(status.st_size - at)
            : 0;
    }
    int count = 0;
    return ::ioctl(file.descriptor(), FIONREAD, &count) == 0 && count > 0 ? static_cast<uint64_t>(count) : 0;
}

} // namespace vitrine::core::host
