// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/bytes.h"
#include "runtime/instance.h"

#include <cstdint>
#include <type_traits>

/// Reads the immediates and memory arguments that follow an opcode in a validated body.
namespace vitrine::core::operand {

/// A number read from the code, and the position after it.
template<class T> struct Number {
    T value;
    const uint8_t* next;
};

template<class T> [[gnu::noinline]] Number<T> read_long(const uint8_t* at)
{
    const T value = read_valid_leb<T>(at);
    return { value, at };
}

/// Reads a valid LEB128 number. Nearly all are one byte long.
template<class T> [[gnu::always_inline]] inline T read(const uint8_t*& at)
{
    const uint8_t byte = *at;
    if (byte & 0x80) [[unlikely]] {
        const Number<T> number = read_long<T>(at);
        at = number.next;
        return number.value;
    }
    ++at;
    if constexpr (std::is_signed_v<T>)
        return static_cast<int8_t>(byte << 1) >> 1;
    else
        return byte;
}

/// The first byte of a reference type that is followed by a heap type. [spec: binary/types]
inline constexpr uint8_t nullable_ref_byte = 0x63, ref_byte = 0x64;

[[gnu::noinline]] const uint8_t* skip_long_type(const uint8_t* at);

/// Skips a block type or value type. Nearly all are one byte long.
[[gnu::always_inline]] inline const uint8_t* skip_type(const uint8_t* at)
{
    const uint8_t byte = *at;
    if ((byte & 0x80) != 0 || byte == nullable_ref_byte || byte == ref_byte) [[unlikely]]
        return skip_long_type(at);
    return at + 1;
}

/// The bytes that a load or store accesses (null when out of bounds), and the position after its
/// memory argument.
struct Access {
    uint8_t* bytes;
    const uint8_t* next;
};

/// Decodes a memory argument and finds the bytes that it addresses. The slow path: for memories
/// other than the first, and for accesses beyond the memory size that the tier has cached.
[[gnu::noinline]] Access find_access(
    const Instance& instance, const uint8_t* argument, Slot address, uint32_t size);

/// The memory that a memory argument names.
const Memory& accessed_memory(const Instance& instance, const uint8_t* argument);

} // namespace vitrine::core::operand
