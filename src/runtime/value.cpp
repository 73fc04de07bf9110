// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/value.h"

#include "base/text.h"
#include "runtime/instance.h"

namespace vitrine::core {

namespace {

std::string ref_text(const Value& value)
{
    if (value.ref().is_null())
        return "null";
    switch (value.type.heap()) {
    case HeapKind::Func:
    case HeapKind::NoFunc: return "func " + value.ref().function()->name();
    case HeapKind::Extern:
    case HeapKind::NoExtern:
        return "extern " + hex(std::bit_cast<uint64_t>(value.ref().external()->data.get()));
    default: return value.type.to_text() + " " + hex(value.low);
    }
}

} // namespace

std::string Value::to_text() const
{
    switch (type.kind()) {
    case ValueKind::I32: return std::to_string(static_cast<int32_t>(low));
    case ValueKind::I64: return std::to_string(static_cast<int64_t>(low));
    case ValueKind::F32: return float_text(f32());
    case ValueKind::F64: return float_text(f64());
    case ValueKind::V128:
        return "i32x4 0x" + hex_digits(low & 0xffffffff, 8) + " 0x" + hex_digits(low >> 32, 8) + " 0x"
            + hex_digits(high & 0xffffffff, 8) + " 0x" + hex_digits(high >> 32, 8);
    case ValueKind::Ref: return ref_text(*this);
    case ValueKind::Bottom: return "unknown";
    }
    std::unreachable();
}

Value load_value(ValueType type, const Slot* from)
{
    return { type, from[0], type.slots() == 2 ? from[1] : 0 };
}

void store_value(const Value& value, Slot* to)
{
    const bool is_narrow = value.type == ValueType::i32 || value.type == ValueType::f32;
    to[0] = is_narrow ? static_cast<uint32_t>(value.low) : value.low;
    if (value.type.slots() == 2)
        to[1] = value.high;
}

} // namespace vitrine::core
