// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/bytes.h"
#include "runtime/memory.h"

#include <span>

// Every write of WASI to the memory of a guest goes through here, and says which bytes changed: those alone that were
// written, not all that a call names.

namespace vitrine::core::wasi {

/// Bytes of a memory to be filled in, by a system call for instance. Valid until the guest runs or its memory grows.
class Edit {
public:
    Edit(Memory& memory, uint64_t address, uint64_t count) : bytes_(memory.base() + address, count) {}

    std::span<uint8_t> bytes() const { return bytes_; }
    /// The first `count` bytes have been written.
    void commit(uint64_t count) const { ASSERT(count <= bytes_.size()); }

private:
    std::span<uint8_t> bytes_;
};

inline void write(Memory& memory, uint64_t address, Bytes bytes)
{
    const Edit edit(memory, address, bytes.size());
    std::memcpy(edit.bytes().data(), bytes.data(), bytes.size());
    edit.commit(bytes.size());
}

} // namespace vitrine::core::wasi
