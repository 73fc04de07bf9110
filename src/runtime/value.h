// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "wasm/types.h"

#include <bit>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace vitrine::core {

struct Function;
class Module;
struct Object;

/// Eight bytes of the guest's stack, a global or a table. i32 and f32 are zero-extended; a v128
/// takes two slots.
using Slot = uint64_t;

/// A reference as stored in a slot. Null is 0. A function reference is the address of a `Function`.
/// All others are the address of an `Object`, or for an i31 twice the number plus 1, so that
/// converting between externref and anyref changes nothing.
struct Ref {
    Slot bits = 0;

    static Ref of(const Function* function) { return { std::bit_cast<Slot>(function) }; }
    static Ref of(const Object* object) { return { std::bit_cast<Slot>(object) }; }
    static Ref i31(uint32_t number) { return { Slot { number & 0x7fffffff } << 1 | 1 }; }
    bool is_null() const { return bits == 0; }
    bool is_i31() const { return bits & 1; }
    Function* function() const { return std::bit_cast<Function*>(bits); }
    Object* object() const { return std::bit_cast<Object*>(bits); }
    /// Only for an i31: its 31 bits, zero-extended or sign-extended.
    uint32_t i31_unsigned() const { return static_cast<uint32_t>(bits >> 1); }
    int32_t i31_signed() const { return static_cast<int32_t>(static_cast<uint32_t>(bits)) >> 1; }

    friend bool operator==(Ref, Ref) = default;
};

/// A typed value, for everything outside of the tiers. The type contains `TypeId`s.
struct Value {
    ValueType type;
    /// The bits. For a v128, `low` is the low half.
    Slot low = 0;
    Slot high = 0;

    static Value i32(uint32_t value) { return { ValueType::i32, value }; }
    static Value i64(uint64_t value) { return { ValueType::i64, value }; }
    static Value f32(float value) { return { ValueType::f32, std::bit_cast<uint32_t>(value) }; }
    static Value f64(double value) { return { ValueType::f64, std::bit_cast<uint64_t>(value) }; }
    static Value ref(ValueType type, Ref ref) { return { type, ref.bits }; }

    Ref ref() const { return { low }; }
    float f32() const { return std::bit_cast<float>(static_cast<uint32_t>(low)); }
    double f64() const { return std::bit_cast<double>(low); }

    /// i32 and i64 as signed numbers, floats with the fewest digits that identify them, v128 as
    /// `i32x4 0x.. ..`, references as `null`, `func $name`, `extern 0x..`, `i31 5`,
    /// `struct {1, null}`, `array[3] {1, 2, 3}`, `exception {7}`. With the names that the module
    /// has for types and fields: `struct $node {value = 1, next = null}`.
    std::string to_text(const Module* module = nullptr) const;

    friend bool operator==(const Value&, const Value&) = default;
};

/// Read a value of type `type` from its slots, and write one.
Value load_value(ValueType type, const Slot* from);
void store_value(const Value& value, Slot* to);
/// Writes consecutive values. Returns the address of the slot after them.
inline Slot* store_values(std::span<const Value> values, Slot* to)
{
    for (const Value& value : values) {
        store_value(value, to);
        to += value.type.slots();
    }
    return to;
}

} // namespace vitrine::core
