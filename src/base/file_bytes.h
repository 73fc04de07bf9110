// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/bytes.h"

#include <memory>
#include <vector>

namespace vitrine::core {

/// The bytes of a file, or of a part of one. Immutable; all modules in the file share ownership.
class FileBytes {
public:
    /// A whole file.
    explicit FileBytes(std::vector<uint8_t> bytes) : own_(std::move(bytes)), bytes_(own_) {}
    /// The part of a file that begins at `offset`. `owner` keeps the bytes alive.
    FileBytes(std::shared_ptr<const void> owner, Bytes piece, uint64_t offset)
        : owner_(std::move(owner)), bytes_(piece), offset_(offset), is_whole_(false)
    {}
    FileBytes(const FileBytes&) = delete;
    FileBytes& operator=(const FileBytes&) = delete;

    Bytes bytes() const { return bytes_; }
    /// The offset of the first byte in the file.
    uint64_t offset() const { return offset_; }
    /// Whether this is known to be the whole file.
    bool is_whole() const { return is_whole_; }

private:
    const std::vector<uint8_t> own_;
    const std::shared_ptr<const void> owner_;
    const Bytes bytes_;
    const uint64_t offset_ = 0;
    const bool is_whole_ = true;
};

} // namespace vitrine::core
