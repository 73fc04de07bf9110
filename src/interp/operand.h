// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "exec/vector.h"
#include "runtime/instance.h"

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>
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

/// Slots that a number or vector takes.
template<class T> inline constexpr int width_of = std::is_same_v<T, numeric::V128> ? 2 : 1;

template<class T> T from_slots(const Slot* slots)
{
    if constexpr (std::is_same_v<T, numeric::V128>) {
        numeric::V128 vector;
        std::memcpy(&vector, slots, sizeof vector);
        return vector;
    } else {
        return from_slot<T>(*slots);
    }
}

template<class T> void to_slots(T value, Slot* slots)
{
    if constexpr (std::is_same_v<T, numeric::V128>)
        std::memcpy(slots, &value, sizeof value);
    else
        *slots = to_slot(value);
}

/// Runs a function of `numeric` on the topmost operands, the last argument ending at `sp`, and leaves the result in
/// place of the first. The operands stay untouched when it traps.
template<auto function> struct Apply;

template<class R, class... A, R (*function)(A...)> struct Apply<function> {
    /// Slots of the operands, and by how many `sp` moves.
    static constexpr int operands = (width_of<A> + ...);
    static constexpr int moved = width_of<R> - operands;

    /// Where an argument begins, from `sp` on.
    static constexpr int place(size_t argument)
    {
        constexpr int widths[] { width_of<A>... };
        int slot = -operands;
        for (size_t i = 0; i < argument; ++i)
            slot += widths[i];
        return slot;
    }

    [[gnu::always_inline]] static TrapKind run(Slot* sp)
    {
        return [sp]<size_t... I>(std::index_sequence<I...>) {
            const R result = function(from_slots<A>(sp + place(I))...);
            if constexpr (requires { result.trap; }) {
                if (result.trap != TrapKind::None) [[unlikely]]
                    return result.trap;
                to_slots(result.value, sp - operands);
            } else {
                to_slots(result, sp - operands);
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

/// What a reference type begins with that is followed by a heap type. [spec: binary/types]
inline constexpr uint8_t nullable_ref_byte = 0x63, ref_byte = 0x64;

[[gnu::noinline]] const uint8_t* skip_long_type(const uint8_t* at);

/// Skips a block type or value type: nearly all are one byte long.
[[gnu::always_inline]] inline const uint8_t* skip_type(const uint8_t* at)
{
    const uint8_t byte = *at;
    if ((byte & 0x80) != 0 || byte == nullable_ref_byte || byte == ref_byte) [[unlikely]]
        return skip_long_type(at);
    return at + 1;
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

/// The memory that a memory argument names.
const Memory& accessed_memory(const Instance& instance, const uint8_t* argument);

/// What a vector load puts into the lanes: the bytes themselves, wider numbers, one number in each, one and zeros; the
/// instruction's name tells the last two apart.
template<class T> numeric::V128 load_vector(const uint8_t* at, std::string_view text)
{
    numeric::V128 result {};
    if constexpr (std::is_array_v<T>) {
        using Narrow = std::remove_extent_t<T>;
        if constexpr (sizeof(T) == 16)
            return guest_load<numeric::V128>(at);
        else {
            using Wide = std::conditional_t<sizeof(Narrow) == 1, int16_t,
                std::conditional_t<sizeof(Narrow) == 2, int32_t, int64_t>>;
            result.bits[0] = guest_load<uint64_t>(at);
            return numeric::vector::extend<Narrow, Wide, numeric::vector::Half::Low>(result);
        }
    } else {
        const T number = guest_load<T>(at);
        if (text.ends_with("splat"))
            return numeric::vector::splat<T>(number);
        result.bits[0] = number;
        return result;
    }
}

/// memory.fill, memory.copy, table.copy, table.fill: all or nothing. [spec: exec/instructions]
TrapKind fill(Memory& memory, uint64_t at, uint64_t value, uint64_t count);
TrapKind copy(Memory& to_memory, Memory& from_memory, uint64_t to, uint64_t from, uint64_t count);
TrapKind fill(Table& table, uint64_t at, Ref value, uint64_t count);
TrapKind copy(Table& to_table, Table& from_table, uint64_t to, uint64_t from, uint64_t count);

} // namespace vitrine::core::interp
