// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "host/file_calls.h"

#include "base/result.h"
#include "host/quiet_signals.h"

#include <algorithm>
#include <fcntl.h>
#include <limits>

namespace vitrine::core::host {

namespace {

off_t offset_of(uint64_t offset) { return static_cast<off_t>(offset); }

} // namespace

Answer<void> advise(File& file, uint64_t offset, uint64_t length, int advice)
{
    // The kernel reads ahead before it returns, so limit the range to what other calls transfer at
    // once.
    if (advice == POSIX_FADV_WILLNEED && (length == 0 || length > bytes_at_once))
        length = bytes_at_once;
    if (const int error = ::posix_fadvise(file.descriptor(), offset_of(offset), offset_of(length), advice))
        return refuse(error);
    return {};
}

Answer<void> allocate(Guest& guest, File& file, uint64_t offset, uint64_t length)
{
    constexpr off_t largest_piece = off_t { 64 } << 20, smallest_piece = off_t { 1 } << 20;
    off_t at = offset_of(offset), rest = offset_of(length), piece = largest_piece;
    if (at >= 0 && rest > std::numeric_limits<off_t>::max() - at)
        return refuse(EFBIG);
    for (;;) {
        const off_t size = std::min(rest, piece);
        const QuietSignals quiet;
        if (::fallocate(file.descriptor(), 0, at, size) == 0) {
            at += size, rest -= size;
            if (rest <= 0)
                return {};
        } else if (errno == EINTR) {
            // A smaller piece is more likely to be finished before the next signal.
            piece = std::max(piece / 2, smallest_piece);
        } else {
            return system_error();
        }
        CHECK(check_requests(guest));
    }
}

Answer<void> sync_data(File& file) { return answer_of(::fdatasync(file.descriptor())); }

Answer<void> sync_all(File& file) { return answer_of(::fsync(file.descriptor())); }

Answer<void> set_size(File& file, uint64_t size)
{
    const QuietSignals quiet;
    return answer_of(::ftruncate(file.descriptor(), offset_of(size)));
}

Answer<void> set_times(File& file, const NewTimes& times)
{
    CHECK(file.check_changeable());
    const timespec both[] { times.accessed, times.modified };
    return answer_of(::futimens(file.descriptor(), both));
}

bool is_terminal(const File& file)
{
    return file.sink() || file.source() || ::isatty(file.descriptor()) != 0;
}

Answer<uint64_t> seek(File& file, int64_t offset, int whence)
{
    if (file.is_directory())
        return refuse(EBADF);
    if (!file.is_seekable())
        return refuse(ESPIPE);
    const off_t position = ::lseek(file.descriptor(), offset, whence);
    if (position < 0)
        return system_error();
    return static_cast<uint64_t>(position);
}

} // namespace vitrine::core::host
