// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "host/clock.h"
#include "wasi2/streams.h"

#include <algorithm>
#include <cstring>

// The package wasi:io.

namespace vitrine::core::wasi2 {

namespace {

// -- wasi:io/error

std::string to_debug_string(const IoError& self) { return self.text(); }

// -- wasi:io/poll

using Pollables = std::vector<Borrow<Pollable>>;

/// Waits until one of them is ready, or until `deadline`. Returns the indices of those that are.
std::vector<uint32_t> wait_for_any(
    Call& call, std::span<const Borrow<Pollable>> pollables, std::optional<uint64_t> deadline)
{
    host::WaitSet set;
    for (const auto& pollable : pollables)
        pollable->add_to(set);
    if (deadline)
        set.add(*deadline);
    std::vector<uint32_t> ready;
    if (const auto waited = set.wait(call); !waited) {
        if (!call.trap)
            (void)call.fail(std::string("poll: ") + std::strerror(static_cast<int>(waited.error())));
        return ready;
    }
    const uint64_t now = host::time_of(host::Clock::Monotonic);
    for (uint32_t i = 0; i < pollables.size(); ++i)
        if (pollables[i]->is_ready(set, now))
            ready.push_back(i);
    return ready;
}

std::vector<uint32_t> poll(Call& call, const Pollables& pollables)
{
    if (pollables.empty()) {
        (void)call.fail("poll: the list is empty");
        return {};
    }
    return wait_for_any(call, pollables, std::nullopt);
}

bool ready(Call& call, Borrow<Pollable> self) { return !wait_for_any(call, { &self, 1 }, 0).empty(); }

void block(Call& call, Borrow<Pollable> self) { (void)wait_for_any(call, { &self, 1 }, std::nullopt); }

// -- wasi:io/streams, input

StreamResult<ByteList> read(InputStream& self, uint64_t length) { return self.read(length); }

StreamResult<ByteList> blocking_read(Call& call, InputStream& self, uint64_t length)
{
    return self.read_waiting(call, length);
}

StreamResult<uint64_t> size_of(StreamResult<ByteList> bytes) { return TRY(std::move(bytes)).size(); }

StreamResult<uint64_t> skip(InputStream& self, uint64_t length) { return size_of(self.read(length)); }

StreamResult<uint64_t> blocking_skip(Call& call, InputStream& self, uint64_t length)
{
    return size_of(self.read_waiting(call, length));
}

template<class Stream> Own<Pollable> subscribe(const Stream& self)
{
    return Own<Pollable>::make(self.pollable());
}

// -- wasi:io/streams, output

StreamResult<uint64_t> check_write(OutputStream& self) { return self.check_write(); }

StreamResult<void> write(Call& call, OutputStream& self, Bytes contents)
{
    return self.write(call, contents);
}

StreamResult<void> blocking_write_and_flush(Call& call, OutputStream& self, Bytes contents)
{
    return self.write_waiting(call, contents);
}

StreamResult<void> flush(OutputStream& self) { return self.flush(); }

StreamResult<void> blocking_flush(OutputStream& self) { return self.flush(); }

/// No stream accepts more than this at once, so more zeroes need not be made.
ByteList zeroes(uint64_t length) { return ByteList(std::min<uint64_t>(length, host::bytes_at_once)); }

StreamResult<void> write_zeroes(Call& call, OutputStream& self, uint64_t length)
{
    return self.write(call, zeroes(length));
}

StreamResult<void> blocking_write_zeroes_and_flush(Call& call, OutputStream& self, uint64_t length)
{
    return self.write_waiting(call, zeroes(length));
}

StreamResult<uint64_t> splice(Call& call, OutputStream& self, InputStream& source, uint64_t length)
{
    const uint64_t permit = TRY(self.check_write());
    const ByteList bytes = TRY(source.read(std::min(length, permit)));
    CHECK(self.write(call, bytes));
    return bytes.size();
}

StreamResult<uint64_t> blocking_splice(Call& call, OutputStream& self, InputStream& source, uint64_t length)
{
    const uint64_t permit = TRY(self.wait(call));
    const ByteList bytes = TRY(source.read_waiting(call, std::min(length, permit)));
    CHECK(self.write(call, bytes));
    return bytes.size();
}

} // namespace

void define_io(Definitions& to)
{
    to.interface("wasi:io/error")
        .resource<IoError>("error")
        .func("[method]error.to-debug-string", to_debug_string);

    to.interface("wasi:io/poll")
        .resource<Pollable>("pollable")
        .func("[method]pollable.ready", ready)
        .func("[method]pollable.block", block)
        .func("poll", poll);

    to.interface("wasi:io/streams")
        .resource<IoError>("error")
        .resource<Pollable>("pollable")
        .resource<InputStream>("input-stream")
        .resource<OutputStream>("output-stream")
        .func("[method]input-stream.read", read)
        .func("[method]input-stream.blocking-read", blocking_read)
        .func("[method]input-stream.skip", skip)
        .func("[method]input-stream.blocking-skip", blocking_skip)
        .func("[method]input-stream.subscribe", subscribe<InputStream>)
        .func("[method]output-stream.check-write", check_write)
        .func("[method]output-stream.write", write)
        .func("[method]output-stream.blocking-write-and-flush", blocking_write_and_flush)
        .func("[method]output-stream.flush", flush)
        .func("[method]output-stream.blocking-flush", blocking_flush)
        .func("[method]output-stream.subscribe", subscribe<OutputStream>)
        .func("[method]output-stream.write-zeroes", write_zeroes)
        .func("[method]output-stream.blocking-write-zeroes-and-flush", blocking_write_zeroes_and_flush)
        .func("[method]output-stream.splice", splice)
        .func("[method]output-stream.blocking-splice", blocking_splice);
}

} // namespace vitrine::core::wasi2
