// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "wasi2/error.h"
#include "wasi2/pollable.h"

#include <memory>
#include <optional>
#include <span>
#include <vector>

// The streams of wasi:io/streams. A stream is closed at the end of its file and after a failure;
// from then on, every operation says so.

namespace vitrine::core::wasi2 {

using ByteList = std::vector<std::byte>;
using Bytes = std::span<const std::byte>;

/// The resource `input-stream`.
class InputStream {
public:
    /// Reads a file from an offset on, or where the file position is.
    explicit InputStream(std::shared_ptr<File> file, std::optional<uint64_t> offset = {})
        : file_(std::move(file)), offset_(offset)
    {}

    /// At most `most` bytes that are available now, or none.
    StreamResult<ByteList> read(uint64_t most);
    /// Waits until there are some.
    StreamResult<ByteList> read_waiting(Call& call, uint64_t most);
    Pollable pollable() const;

private:
    StreamResult<ByteList> fail(Errno why);
    Answer<size_t> read_into(ByteList& bytes);

    std::shared_ptr<File> file_;
    std::optional<uint64_t> offset_;
    bool is_closed_ = false;
};

/// The resource `output-stream`. It keeps no bytes: what it accepts is written at once. A guest may
/// write as much as surely fits; if someone else has filled the pipe meanwhile, the write waits.
class OutputStream {
public:
    /// The most bytes of the functions that write and flush.
    static constexpr size_t most_flushed = 4096;

    /// Where bytes go: an offset, the end of the file, or wherever the file position is.
    struct AtEnd {};
    struct AtPosition {};
    using Place = std::variant<AtPosition, AtEnd, uint64_t>;

    explicit OutputStream(std::shared_ptr<File> file, Place place = AtPosition {})
        : file_(std::move(file)), place_(place)
    {}

    /// How many bytes may be written now.
    StreamResult<uint64_t> check_write();
    /// Writes as many bytes as the last `check_write` has allowed, or fewer; the guest ends if it
    /// writes more.
    StreamResult<void> write(Call& call, Bytes bytes);
    /// Writes up to `most_flushed` bytes, even if it has to wait.
    StreamResult<void> write_waiting(Call& call, Bytes bytes);
    StreamResult<void> flush() const;
    /// Waits until something may be written.
    StreamResult<uint64_t> wait(Call& call);
    Pollable pollable() const;

private:
    StreamError fail(Errno why);
    StreamResult<void> write_all(Call& call, Bytes bytes);
    Answer<size_t> write_some(Bytes bytes);

    std::shared_ptr<File> file_;
    Place place_;
    uint64_t permit_ = 0;
    bool is_closed_ = false;
};

} // namespace vitrine::core::wasi2
