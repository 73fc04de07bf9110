// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/bytes.h"
#include "host/stat.h"
#include "wasi/call.h"

#include <array>
#include <cstring>

namespace vitrine::core::wasi {

/// A result with several fields, assembled before it is written to the guest. Fields that are not
/// set are 0.
template<size_t Size> class Fields {
public:
    template<class T> void put(size_t at, T value)
    {
        static_assert(std::is_arithmetic_v<T> || std::is_enum_v<T>);
        ASSERT(at + sizeof value <= Size);
        std::memcpy(&bytes_[at], &value, sizeof value);
    }
    /// The first `count` bytes.
    Bytes bytes(size_t count = Size) const { return Bytes(bytes_).first(count); }

private:
    std::array<uint8_t, Size> bytes_ {};
};

/// Writes the metadata of a file in the layout of the snapshot.
void put_filestat(const Snapshot& snapshot, const Room& room, const host::Stat& status);

/// New times for a file, from the arguments of the guest.
Answer<host::NewTimes> times_of(uint64_t atim, uint64_t mtim, uint32_t flags);

} // namespace vitrine::core::wasi
