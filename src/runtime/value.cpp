// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/value.h"

#include "base/text.h"
#include "runtime/heap.h"
#include "runtime/instance.h"

#include <algorithm>

namespace vitrine::core {

namespace {

constexpr uint32_t max_parts = 16;

std::string ref_text(ValueType type, Ref ref, bool with_parts);

/// The parts of an object. References in them are not expanded.
std::string parts_text(const Object& object)
{
    std::string text = " {";
    const uint32_t count = part_count(object);
    for (uint32_t i = 0; i < std::min(count, max_parts); ++i) {
        const Value part = part_of(object, i);
        text += i == 0 ? "" : ", ";
        text += part.type.is_ref() ? ref_text(part.type, part.ref(), false) : part.to_text();
    }
    return text + (count > max_parts ? ", ...}" : "}");
}

std::string ref_text(ValueType type, Ref ref, bool with_parts)
{
    if (ref.is_null())
        return "null";
    if (type.is_function_ref())
        return "func " + escaped(ref.function()->name());
    if (ref.is_i31())
        return "i31 " + std::to_string(ref.i31_signed());
    const Object& object = *ref.object();
    const std::string parts = with_parts ? parts_text(object) : "";
    switch (object.kind) {
    case Object::Kind::Struct: return "struct" + parts;
    case Object::Kind::Array: return "array[" + std::to_string(object.length) + "]" + parts;
    case Object::Kind::Exception: return "exception" + parts;
    case Object::Kind::Extern:
        return "extern " + hex(std::bit_cast<uint64_t>(static_cast<const ExternObject&>(object).data.get()));
    }
    std::unreachable();
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
    case ValueKind::Ref: return ref_text(type, ref(), true);
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
