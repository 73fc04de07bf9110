// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>

namespace vitrine::core::gdb {

/// The single 64-bit address space in which LLDB sees all memories and all code:
///
///     63 62 | 61 ........ 32 | 31 ...... 0
///     space | id             | offset
///
/// In `Memory`, the offset is an address in a linear memory. In `Object`, it is an offset in a
/// module.
struct Address {
    enum class Space : uint8_t { Memory, Object, Reserved2, Reserved3 };

    static constexpr uint32_t max_id = (1u << 30) - 1;

    Space space = Space::Memory;
    uint32_t id = 0;
    uint32_t offset = 0;

    static constexpr Address of(uint64_t bits)
    {
        return { static_cast<Space>(bits >> 62), static_cast<uint32_t>(bits >> 32) & max_id,
            static_cast<uint32_t>(bits) };
    }
    constexpr uint64_t bits() const
    {
        return uint64_t { static_cast<uint8_t>(space) } << 62 | uint64_t { id } << 32 | offset;
    }

    friend bool operator==(const Address&, const Address&) = default;
};

} // namespace vitrine::core::gdb
