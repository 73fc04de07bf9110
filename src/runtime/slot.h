// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "runtime/value.h"
#include "runtime/vector.h"

#include <bit>
#include <cstddef>
#include <cstring>
#include <type_traits>
#include <utility>

namespace vitrine::core {

/// Converts between a slot and a number.
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

/// The number of slots that a number or vector takes.
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

/// Applies a function of `numeric` to the topmost operands, of which the last ends at `sp`, and
/// replaces them with the result. If it traps, the operands are unchanged.
template<auto function> struct Apply;

template<class R, class... A, R (*function)(A...)> struct Apply<function> {
    /// The number of operand slots, and the change of `sp`.
    static constexpr int operands = (width_of<A> + ...);
    static constexpr int moved = width_of<R> - operands;

    /// Where an argument begins, relative to `sp`.
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
                if (result.trap != no_trap) [[unlikely]]
                    return result.trap;
                to_slots(result.value, sp - operands);
            } else {
                to_slots(result, sp - operands);
            }
            return no_trap;
        }(std::index_sequence_for<A...> {});
    }
};

} // namespace vitrine::core
