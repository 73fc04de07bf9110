// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/value.h"

#include "base/text.h"
#include "runtime/heap.h"
#include "runtime/instance.h"
#include "wasm/printer.h"

#include <algorithm>

namespace vitrine::core {

namespace {

constexpr uint32_t max_parts = 16;

/// Makes the text of references.
class RefPrinter {
public:
    explicit RefPrinter(const Module* module) : module_(module) {}

    std::string to_text(ValueType type, Ref ref, bool with_parts) const;

private:
    /// The type's index in the module, which has names for it.
    std::optional<TypeIndex> find_type(const Object& object) const;
    std::string type_text(const Object& object) const;
    std::string parts_text(const Object& object) const;

    const Module* module_;
};

std::optional<TypeIndex> RefPrinter::find_type(const Object& object) const
{
    const bool has_type = object.kind == Object::Kind::Struct || object.kind == Object::Kind::Array;
    return module_ && has_type ? module_->find_type(object.type->id) : std::nullopt;
}

/// ` $node`; empty if the type has no name.
std::string RefPrinter::type_text(const Object& object) const
{
    const auto type = find_type(object);
    const std::string_view name = type ? module_->names().types.find(type->value) : std::string_view();
    return name.empty() ? "" : " " + identifier(name, "", 0);
}

/// The parts of an object. References in them are not expanded.
std::string RefPrinter::parts_text(const Object& object) const
{
    std::string text = " {";
    const auto type = find_type(object);
    const NameMap* names = type ? module_->names().find_fields(type->value) : nullptr;
    const uint32_t count = part_count(object);
    for (uint32_t i = 0; i < std::min(count, max_parts); ++i) {
        const Value part = part_of(object, i);
        const std::string_view name = names ? names->find(i) : std::string_view();
        text += i == 0 ? "" : ", ";
        text += name.empty() ? "" : escaped(name) + " = ";
        text += part.type.is_ref() ? to_text(part.type, part.ref(), false) : part.to_text();
    }
    return text + (count > max_parts ? ", ...}" : "}");
}

std::string RefPrinter::to_text(ValueType type, Ref ref, bool with_parts) const
{
    if (ref.is_null())
        return "null";
    if (type.is_function_ref())
        return "func " + escaped(ref.function()->name());
    if (ref.is_i31())
        return "i31 " + std::to_string(ref.i31_signed());
    const Object& object = *ref.object();
    const std::string parts = type_text(object) + (with_parts ? parts_text(object) : "");
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

std::string Value::to_text(const Module* module) const
{
    switch (type.kind()) {
    case ValueKind::I32: return std::to_string(static_cast<int32_t>(low));
    case ValueKind::I64: return std::to_string(static_cast<int64_t>(low));
    case ValueKind::F32: return float_text(f32());
    case ValueKind::F64: return float_text(f64());
    case ValueKind::V128:
        return "i32x4 0x" + hex_digits(low & 0xffffffff, 8) + " 0x" + hex_digits(low >> 32, 8) + " 0x"
            + hex_digits(high & 0xffffffff, 8) + " 0x" + hex_digits(high >> 32, 8);
    case ValueKind::Ref: return RefPrinter(module).to_text(type, ref(), true);
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
