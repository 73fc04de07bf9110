// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "exec/numeric.h"
#include "runtime/instance.h"

#include <bit>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace vitrine::core::interp {

/// What a slot holds as a number, and a number as it lies in a slot.
template<class T> T from_slot(Slot slot)
{
    if constexpr (std::is_same_v<T, float>)
        return std::bit_cast<float>(static_cast<uint32_t>(slot));
    else if constexpr (std::is_same_v<T, double>)
        return std::bit_cast<double>(slot);
    else
        return static_cast<T>(slot);
}

template<class T> Slot to_slot(T value)
{
    if constexpr (std::is_same_v<T, float>)
        return std::bit_cast<uint32_t>(value);
    else if constexpr (std::is_same_v<T, double>)
        return std::bit_cast<uint64_t>(value);
    else if constexpr (sizeof(T) <= 4)
        return static_cast<uint32_t>(value);
    else
        return static_cast<uint64_t>(value);
}

/// Runs a function of `numeric` on the topmost operands, the last argument at `sp[-1]`, and leaves the result in
/// place of the first. The operands stay untouched when it traps.
template<auto function> struct Apply;

template<class R, class... A, R (*function)(A...)> struct Apply<function> {
    static constexpr int operands = sizeof...(A);

    [[gnu::always_inline]] static TrapKind run(Slot* sp)
    {
        return [sp]<size_t... I>(std::index_sequence<I...>) {
            const R result = function(from_slot<A>(sp[static_cast<int>(I) - operands])...);
            if constexpr (requires { result.trap; }) {
                if (result.trap != TrapKind::None) [[unlikely]]
                    return result.trap;
                sp[-operands] = to_slot(result.value);
            } else {
                sp[-operands] = to_slot(result);
            }
            return TrapKind::None;
        }(std::index_sequence_for<A...> {});
    }
};

/// A number read from the code, and where the code goes on.
template<class T> struct Immediate {
    T value;
    const uint8_t* next;
};

template<class T> [[gnu::noinline]] Immediate<T> read_long(const uint8_t* at)
{
    const T value = read_valid_leb<T>(at);
    return { value, at };
}

/// Reads a valid LEB128 number; nearly all are one byte long.
template<class T> [[gnu::always_inline]] inline T read(const uint8_t*& at)
{
    const uint8_t byte = *at;
    if (byte & 0x80) [[unlikely]] {
        const Immediate<T> immediate = read_long<T>(at);
        at = immediate.next;
        return immediate.value;
    }
    ++at;
    if constexpr (std::is_signed_v<T>)
        return static_cast<int8_t>(byte << 1) >> 1;
    else
        return byte;
}

/// The bytes that a load or store accesses, null when they are out of bounds, and where the code goes on.
struct Access {
    uint8_t* bytes;
    const uint8_t* next;
};

/// Decodes a memory argument and finds its bytes: for memories other than the first, and for accesses that lie beyond
/// the size last seen.
[[gnu::noinline]] Access find_access(
    const Instance& instance, const uint8_t* argument, Slot address, uint32_t size);

/// memory.fill, memory.copy, table.copy, table.fill: all or nothing. [spec: exec/instructions]
TrapKind fill(Memory& memory, uint32_t at, uint32_t value, uint32_t count);
TrapKind copy(Memory& to_memory, Memory& from_memory, uint32_t to, uint32_t from, uint32_t count);
TrapKind fill(Table& table, uint32_t at, Ref value, uint32_t count);
TrapKind copy(Table& to_table, Table& from_table, uint32_t to, uint32_t from, uint32_t count);

} // namespace vitrine::core::interp
