// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/result.h"
#include "source/symbols.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace vitrine::core::source {

/// A value of a source type: bytes in a memory of the guest, or bytes of our own.
struct Value {
    TypeId type {};
    /// None if the value has no address, because it is in a local or was computed.
    std::optional<uint64_t> address {};
    /// The value, if it has no address. Where a byte of `missing` is not 0, the byte was optimized
    /// out; `missing` may be shorter than `bytes` or empty.
    std::vector<uint8_t> bytes {};
    std::vector<uint8_t> missing {};
    /// For a bit field: its bits, counted from the lowest bit of the first byte. Else 0.
    uint32_t bit_offset = 0, bit_size = 0;
    /// For a part of an array of several dimensions, such as a row: how many of the type's
    /// dimensions have been indexed.
    uint32_t indexed = 0;
};

/// What is needed to render a value. All of it is read at a stop; nothing is changed.
class Reader {
public:
    virtual ~Reader() = default;

    virtual Symbols& symbols() = 0;
    /// The size of an address: 4, or 8 with a 64-bit memory.
    virtual uint8_t address_bytes() const = 0;
    /// Reads all of `to`, or fails: the address is out of bounds.
    virtual Result<void> read(uint64_t address, std::span<uint8_t> to) = 0;
    /// The function that a function pointer means: `deposit (func[8])`; empty if it means none.
    virtual std::string function_text(uint64_t pointer) = 0;
};

} // namespace vitrine::core::source
