// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "host/file_calls.h"

#include "wasi/fields.h"
#include "wasi/preview1.h"
#include "wasi/transfer.h"

#include <algorithm>
#include <fcntl.h>
#include <utility>

// The functions fd_*: decode the guest's arguments, call the host, and store the results.

namespace vitrine::core::wasi {

namespace {

/// Writes piece by piece, with one call of the sink for each. The sink may run the guest and change
/// its memory.
Answer<size_t> write_to_sink(Call& call, File& file, Buffers& buffers)
{
    std::vector<std::byte> bytes(std::min(buffers.rest(), host::copied_at_once));
    for (;;) {
        const size_t size = TRY(buffers.gather(bytes));
        host::write_to_sink(file, std::span(bytes).first(size));
        if (buffers.rest() == 0 || size == 0)
            return buffers.done();
        CHECK(call.check_requests());
    }
}

/// Calls the source once and copies what it supplies into the guest's buffers. The source may run
/// the guest, so the buffers are checked again after it.
Answer<size_t> read_from_source(File& file, Buffers& buffers)
{
    std::vector<std::byte> bytes(std::min(buffers.rest(), host::copied_at_once));
    if (bytes.empty())
        return 0;
    const size_t size = host::read_from_source(file, bytes);
    return buffers.scatter(std::span(bytes).first(size));
}

} // namespace

Answer<size_t> write_all(Call& call, File& file, Buffers& buffers)
{
    if (file.is_sink_alone())
        return write_to_sink(call, file, buffers);
    return transfer(call, file, buffers, Extent::Whole,
        [&](std::span<const iovec> piece) { return host::write(file, piece); });
}

Answer<void> fd_advise(Call& call, Fd fd, Long offset, Long length, Number advice)
{
    constexpr int advices[] = { POSIX_FADV_NORMAL, POSIX_FADV_SEQUENTIAL, POSIX_FADV_RANDOM,
        POSIX_FADV_WILLNEED, POSIX_FADV_DONTNEED, POSIX_FADV_NOREUSE };
    const auto file = TRY(call.file(fd));
    if (advice >= std::size(advices))
        return refuse(Errno::Inval);
    CHECK(host::advise(*file, offset, length, advices[advice]));
    return {};
}

Answer<void> fd_allocate(Call& call, Fd fd, Long offset, Long length)
{
    CHECK(host::allocate(call, *TRY(call.file(fd)), offset, length));
    return {};
}

Answer<void> fd_close(Call& call, Fd fd) { return call.process.files().close(fd); }

Answer<void> fd_datasync(Call& call, Fd fd)
{
    CHECK(host::sync_data(*TRY(call.file(fd))));
    return {};
}

Answer<void> fd_sync(Call& call, Fd fd)
{
    CHECK(host::sync_all(*TRY(call.file(fd))));
    return {};
}

Answer<void> fd_fdstat_get(Call& call, Fd fd, Pointer result)
{
    const auto file = TRY(call.file(fd));
    const auto room = TRY(call.room(result, 24));
    Fields<24> fields;
    fields.put(0, number_of(file->type()));
    fields.put(2, number_of(TRY(file->flags())));
    fields.put(8, rights_of(*file));
    fields.put(16, inherited_rights_of(*file));
    room.put(0, fields.bytes());
    return {};
}

Answer<void> fd_fdstat_set_flags(Call& call, Fd fd, Number flags)
{
    const auto file = TRY(call.file(fd));
    if (flags & ~fd_flags::all)
        return refuse(Errno::Inval);
    // `rsync` cannot be set on a file that is already open.
    if (flags & fd_flags::rsync)
        return refuse(Errno::Notsup);
    CHECK(file->set_flags(file_flags_of(flags)));
    return {};
}

Answer<void> fd_fdstat_set_rights(Call& call, Fd fd, Long, Long)
{
    (void)TRY(call.file(fd));
    return refuse(Errno::Notsup);
}

Answer<void> fd_filestat_get(Call& call, Fd fd, Pointer result)
{
    const auto file = TRY(call.file(fd));
    const auto room = TRY(call.room(result, call.snapshot.filestat_bytes));
    auto status = TRY(host::stat_of(file->descriptor()));
    // The file's own type says more: an output with a copy looks like a terminal, and datagram
    // sockets are told from stream sockets.
    status.type = file->type();
    put_filestat(call.snapshot, room, status);
    return {};
}

Answer<void> fd_filestat_set_size(Call& call, Fd fd, Long size)
{
    CHECK(host::set_size(*TRY(call.file(fd)), size));
    return {};
}

Answer<void> fd_filestat_set_times(Call& call, Fd fd, Long atim, Long mtim, Number flags)
{
    const auto file = TRY(call.file(fd));
    CHECK(host::set_times(*file, TRY(times_of(atim, mtim, flags))));
    return {};
}

Answer<void> fd_pread(Call& call, Fd fd, Pointer iovs, Number count, Long offset, Pointer result)
{
    const auto file = TRY(call.file(fd));
    const auto out = TRY(call.out<Number>(result));
    auto buffers = TRY(Buffers::of(call, Direction::ToGuest, iovs, count));
    CHECK(host::check_positioned(*file));
    const auto read = [&](std::span<const iovec> piece) {
        return host::read_at(*file, piece, offset + buffers.done());
    };
    out.put(static_cast<Number>(TRY(transfer(call, *file, buffers, Extent::Whole, read))));
    return {};
}

Answer<void> fd_prestat_get(Call& call, Fd fd, Pointer result)
{
    const auto file = TRY(call.file(fd));
    const auto room = TRY(call.room(result, 8));
    if (!file->preopened_as)
        return refuse(Errno::Badf);
    // Tag 0 means a preopened directory.
    Fields<8> fields;
    fields.put(4, static_cast<Number>(file->preopened_as->size()));
    room.put(0, fields.bytes());
    return {};
}

Answer<void> fd_prestat_dir_name(Call& call, Fd fd, Pointer name, Number length)
{
    const auto file = TRY(call.file(fd));
    const auto room = TRY(call.room(name, length));
    if (!file->preopened_as)
        return refuse(Errno::Badf);
    if (length < file->preopened_as->size())
        return refuse(Errno::Nametoolong);
    room.put(0, bytes_of(*file->preopened_as));
    return {};
}

Answer<void> fd_pwrite(Call& call, Fd fd, Pointer iovs, Number count, Long offset, Pointer result)
{
    const auto file = TRY(call.file(fd));
    const auto out = TRY(call.out<Number>(result));
    auto buffers = TRY(Buffers::of(call, Direction::FromGuest, iovs, count));
    CHECK(host::check_positioned(*file));
    const auto write = [&](std::span<const iovec> piece) {
        return host::write_at(*file, piece, offset + buffers.done());
    };
    out.put(static_cast<Number>(TRY(transfer(call, *file, buffers, Extent::Whole, write))));
    return {};
}

Answer<void> fd_read(Call& call, Fd fd, Pointer iovs, Number count, Pointer result)
{
    const auto file = TRY(call.file(fd));
    const auto out = TRY(call.out<Number>(result));
    auto buffers = TRY(Buffers::of(call, Direction::ToGuest, iovs, count));
    if (file->source()) {
        out.put(static_cast<Number>(TRY(read_from_source(*file, buffers))));
        return {};
    }
    const auto read = [&](std::span<const iovec> piece) { return host::read(*file, piece); };
    const Extent extent = file->may_wait() ? Extent::Once : Extent::Whole;
    out.put(static_cast<Number>(TRY(transfer(call, *file, buffers, extent, read))));
    return {};
}

Answer<void> fd_readdir(Call& call, Fd fd, Pointer buffer, Number length, Long cookie, Pointer result)
{
    const auto file = TRY(call.file(fd));
    const auto out = TRY(call.out<Number>(result));
    const auto room = TRY(call.room(buffer, length));
    if (!file->is_directory())
        return refuse(Errno::Notdir);
    size_t used = 0;
    const auto put = [&](Bytes part) {
        const Bytes fitting = part.first(std::min<size_t>(part.size(), room.size() - used));
        room.put(used, fitting);
        used += fitting.size();
    };
    // A buffer that is completely full tells the guest that there may be more entries.
    for (auto batch = TRY(file->listing.find(file->descriptor(), cookie)); !batch->entries.empty();
        batch = TRY(file->listing.after(file->descriptor(), *batch))) {
        Long number = batch->first;
        for (const host::Listing::Entry& entry : batch->entries) {
            if (std::exchange(number, entry.next) < cookie)
                continue;
            Fields<24> header;
            header.put(0, entry.next);
            header.put(8, entry.inode);
            header.put(16, static_cast<Number>(entry.name.size()));
            header.put(20, number_of(entry.type));
            put(header.bytes());
            put(bytes_of(entry.name));
        }
        if (used == room.size())
            break;
        CHECK(call.check_requests());
    }
    out.put(static_cast<Number>(used));
    return {};
}

Answer<void> fd_renumber(Call& call, Fd from, Fd to) { return call.process.files().renumber(from, to); }

Answer<void> fd_seek(Call& call, Fd fd, Long offset, Number whence, Pointer result)
{
    const auto file = TRY(call.file(fd));
    const auto out = TRY(call.out<Long>(result));
    if (whence >= call.snapshot.whence.size())
        return refuse(Errno::Inval);
    out.put(TRY(host::seek(*file, static_cast<int64_t>(offset), call.snapshot.whence[whence])));
    return {};
}

Answer<void> fd_tell(Call& call, Fd fd, Pointer result)
{
    const auto file = TRY(call.file(fd));
    const auto out = TRY(call.out<Long>(result));
    out.put(TRY(host::seek(*file, 0, SEEK_CUR)));
    return {};
}

Answer<void> fd_write(Call& call, Fd fd, Pointer iovs, Number count, Pointer result)
{
    const auto file = TRY(call.file(fd));
    const auto out = TRY(call.out<Number>(result));
    auto buffers = TRY(Buffers::of(call, Direction::FromGuest, iovs, count));
    out.put(static_cast<Number>(TRY(write_all(call, *file, buffers))));
    return {};
}

} // namespace vitrine::core::wasi
