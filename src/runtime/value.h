// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "wasm/types.h"

#include <bit>
#include <cstdint>
#include <memory>
#include <string>

namespace vitrine::core {

struct Function;

/// Eight bytes of the guest's stack, a global or a table. i32 and f32 are zero-extended; a v128 takes two.
using Slot = uint64_t;

/// What an externref refers to: data of the host.
struct ExternObject {
    std::shared_ptr<void> data;
};

/// A reference as it lies in a slot: an address, null is 0. What it points to is said by its static type.
struct Ref {
    Slot bits = 0;

    static Ref of(const Function* function) { return { std::bit_cast<Slot>(function) }; }
    static Ref of(const ExternObject* object) { return { std::bit_cast<Slot>(object) }; }
    bool is_null() const { return bits == 0; }
    Function* function() const { return std::bit_cast<Function*>(bits); }
    ExternObject* external() const { return std::bit_cast<ExternObject*>(bits); }

    friend bool operator==(Ref, Ref) = default;
};

/// A typed value, for everything outside the tiers. The type's indices are `TypeId`s.
struct Value {
    ValueType type;
    /// The bits; of a v128 the lower half first.
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

    /// `i32` and `i64` signed, floats shortest, v128 as `i32x4 0x.. ..`, references as `null`, `func $name`, `extern 0x..`.
    std::string to_text() const;

    friend bool operator==(const Value&, const Value&) = default;
};

/// Reads a value of `type` from its slots, and writes one.
Value load_value(ValueType type, const Slot* from);
void store_value(const Value& value, Slot* to);

} // namespace vitrine::core
