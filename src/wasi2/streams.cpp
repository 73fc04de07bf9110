// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi2/streams.h"

#include "base/text.h"
#include "host/io.h"

#include <algorithm>
#include <climits>

namespace vitrine::core::wasi2 {

namespace {

bool is_temporary(Errno why) { return why == Errno(EAGAIN) || why == Errno(EINTR); }

} // namespace

// -- Input

Answer<size_t> InputStream::read_into(ByteList& bytes)
{
    if (file_->source())
        return host::read_from_source(*file_, bytes);
    CHECK(host::check_direction(*file_, POLLIN));
    const iovec buffer { bytes.data(), bytes.size() };
    return offset_ ? host::read_at(*file_, { &buffer, 1 }, *offset_) : host::read(*file_, { &buffer, 1 });
}

StreamResult<ByteList> InputStream::fail(Errno why)
{
    is_closed_ = why != Errno::Ended;
    return std::unexpected(StreamError(why));
}

StreamResult<ByteList> InputStream::read(uint64_t most)
{
    if (is_closed_)
        return std::unexpected(StreamError::closed());
    ByteList bytes(std::min<uint64_t>(most, host::copied_at_once));
    if (bytes.empty())
        return bytes;
    Answer<size_t> size = read_into(bytes);
    while (!size && size.error() == Errno(EINTR))
        size = read_into(bytes);
    if (!size && size.error() == Errno(EAGAIN))
        return ByteList();
    if (!size)
        return fail(size.error());
    if (*size == 0) {
        is_closed_ = true;
        return std::unexpected(StreamError::closed());
    }
    bytes.resize(*size);
    if (offset_)
        *offset_ += *size;
    return bytes;
}

StreamResult<ByteList> InputStream::read_waiting(Call& call, uint64_t most)
{
    for (;;) {
        auto bytes = read(most);
        if (!bytes || !bytes->empty() || most == 0)
            return bytes;
        if (const auto waited = host::wait_for(call, *file_, POLLIN); !waited)
            return fail(waited.error());
    }
}

Pollable InputStream::pollable() const
{
    if (is_closed_ || !file_->may_wait() || file_->source())
        return {};
    return Pollable(file_, POLLIN);
}

// -- Output

StreamError OutputStream::fail(Errno why)
{
    is_closed_ = why != Errno::Ended;
    // The other end of the pipe is closed.
    if (why == Errno(EPIPE))
        return StreamError::closed();
    return why;
}

StreamResult<uint64_t> OutputStream::check_write()
{
    if (is_closed_)
        return std::unexpected(StreamError::closed());
    if (const auto checked = host::check_direction(*file_, POLLOUT); !checked)
        return std::unexpected(fail(checked.error()));
    // A pipe that is ready has room for `PIPE_BUF` bytes.
    if (!file_->may_wait() || file_->is_sink_alone())
        permit_ = host::copied_at_once;
    else
        permit_ = host::is_ready(*file_, POLLOUT) ? PIPE_BUF : 0;
    return permit_;
}

StreamResult<void> OutputStream::write(Call& call, Bytes bytes)
{
    if (is_closed_)
        return std::unexpected(StreamError::closed());
    if (bytes.size() > permit_)
        return call.fail("the guest wrote " + core::count_text(bytes.size(), "byte")
            + " to a stream that accepts " + std::to_string(permit_));
    permit_ -= bytes.size();
    return write_all(call, bytes);
}

StreamResult<void> OutputStream::write_waiting(Call& call, Bytes bytes)
{
    if (bytes.size() > most_flushed)
        return call.fail("a blocking write takes at most " + std::to_string(most_flushed) + " bytes, not "
            + std::to_string(bytes.size()));
    if (is_closed_)
        return std::unexpected(StreamError::closed());
    return write_all(call, bytes);
}

StreamResult<void> OutputStream::flush() const
{
    if (is_closed_)
        return std::unexpected(StreamError::closed());
    return {};
}

StreamResult<uint64_t> OutputStream::wait(Call& call)
{
    for (;;) {
        auto permit = check_write();
        if (!permit || *permit > 0)
            return permit;
        if (const auto waited = host::wait_for(call, *file_, POLLOUT); !waited)
            return std::unexpected(fail(waited.error()));
    }
}

Pollable OutputStream::pollable() const
{
    if (is_closed_ || !file_->may_wait() || file_->is_sink_alone())
        return {};
    return Pollable(file_, POLLOUT);
}

Answer<size_t> OutputStream::write_some(Bytes bytes)
{
    if (file_->is_sink_alone()) {
        host::write_to_sink(*file_, bytes);
        return bytes.size();
    }
    CHECK(host::check_direction(*file_, POLLOUT));
    const iovec buffer { const_cast<std::byte*>(bytes.data()), bytes.size() };
    if (std::holds_alternative<AtEnd>(place_))
        return host::append(*file_, { &buffer, 1 });
    auto* const offset = std::get_if<uint64_t>(&place_);
    if (!offset)
        return host::write(*file_, { &buffer, 1 });
    const size_t size = TRY(host::write_at(*file_, { &buffer, 1 }, *offset));
    *offset += size;
    return size;
}

StreamResult<void> OutputStream::write_all(Call& call, Bytes bytes)
{
    while (!bytes.empty()) {
        const Answer<size_t> size = write_some(bytes);
        if (size && *size > 0) {
            bytes = bytes.subspan(*size);
            continue;
        }
        if (size)
            return std::unexpected(fail(Errno(EIO)));
        if (!is_temporary(size.error()))
            return std::unexpected(fail(size.error()));
        if (const auto waited = host::wait_for(call, *file_, POLLOUT); !waited)
            return std::unexpected(fail(waited.error()));
    }
    return {};
}

} // namespace vitrine::core::wasi2
