// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/body_validator.h"

#include "wasm/decoder.h"

#include <algorithm>

// The typing rules of references, structs and arrays. [spec: valid/instructions]

namespace vitrine::core {

namespace {

constexpr ValueType i32 = ValueType::i32;
constexpr ValueType eqref = ValueType::ref(HeapKind::Eq);
constexpr ValueType arrayref = ValueType::ref(HeapKind::Array);
constexpr ValueType i31ref = ValueType::ref(HeapKind::I31);

ValueType with_null(ValueType type, bool nullable)
{
    const uint32_t index = type.heap() == HeapKind::Defined ? type.index() : 0;
    return ValueType::ref(type.heap(), nullable, index);
}

ValueType ref_to(uint32_t type, bool nullable = false)
{
    return ValueType::ref(HeapKind::Defined, nullable, type);
}

/// The type of a field's value on the stack.
ValueType unpacked(const FieldType& field) { return field.is_packed() ? i32 : field.type; }

/// The top type of the hierarchy of a reference type.
ValueType top_of(const Module& module, ValueType type)
{
    switch (type.heap()) {
    case HeapKind::Func:
    case HeapKind::NoFunc: return ValueType::funcref;
    case HeapKind::Extern:
    case HeapKind::NoExtern: return ValueType::externref;
    case HeapKind::Exn:
    case HeapKind::NoExn: return ValueType::exnref;
    case HeapKind::Defined:
        return module.types[TypeIndex { type.index() }].func() ? ValueType::funcref : ValueType::anyref;
    default: return ValueType::anyref;
    }
}

} // namespace

Result<void> BodyValidator::step_null_branch(const Instruction& at)
{
    Control& target = *TRY(find_label(at, at.index));
    const ValueType ref = with_null(TRY(pop_ref(at)), false);
    const auto types = label_types(target);
    if (at.op == Op::BrOnNull) {
        CHECK(retype(at, types));
        add_branch(at.offset, target);
        push(ref);
        return {};
    }
    if (types.empty())
        return failure(text_of_mismatch(info(at.op).text, "a label that takes a reference", "[]"), at.offset);
    push(ref);
    CHECK(retype(at, types));
    add_branch(at.offset, target);
    CHECK(pop_any(at));
    return {};
}

Result<void> BodyValidator::step_cast(const Instruction& at)
{
    CHECK(check_value_type(module_, features_, at.type, at.offset));
    CHECK(pop(at, { top_of(module_, at.type) }));
    push(at.op == Op::RefTest || at.op == Op::RefTestNull ? i32 : at.type);
    return {};
}

Result<void> BodyValidator::step_cast_branch(const Instruction& at)
{
    const ValueType from = at.type, to = at.type2;
    CHECK(check_value_type(module_, features_, from, at.offset));
    CHECK(check_value_type(module_, features_, to, at.offset));
    if (!matches(module_, to, from))
        return failure(text_of_mismatch(info(at.op).text, from.to_text(), to.to_text()), at.offset);
    Control& target = *TRY(find_label(at, at.index));
    // If the cast accepts null, a failed cast means that the reference is not null.
    const ValueType rest = to.is_nullable() ? with_null(from, false) : from;
    const bool on_cast = at.op == Op::BrOnCast;
    CHECK(pop(at, from));
    push(on_cast ? to : rest);
    const auto types = label_types(target);
    if (types.empty())
        return failure(text_of_mismatch(info(at.op).text, "a label that takes a reference", "[]"), at.offset);
    CHECK(retype(at, types));
    add_branch(at.offset, target);
    CHECK(pop_any(at));
    push(on_cast ? rest : to);
    return {};
}

Result<const StructType*> BodyValidator::find_struct(const Instruction& at) const
{
    const SubType* type = module_.types.find(TypeIndex { at.index });
    if (!type)
        return unknown("type", at.index, at.offset);
    if (!type->structure())
        return failure("type mismatch in " + std::string(info(at.op).text) + ": type "
                + std::to_string(at.index) + " is not a struct type",
            at.offset);
    return type->structure();
}

Result<const FieldType*> BodyValidator::find_array(const Instruction& at, uint32_t index) const
{
    const SubType* type = module_.types.find(TypeIndex { index });
    if (!type)
        return unknown("type", index, at.offset);
    if (!type->array())
        return failure("type mismatch in " + std::string(info(at.op).text) + ": type " + std::to_string(index)
                + " is not an array type",
            at.offset);
    return &type->array()->element;
}

/// Pops the values of all fields. In unreachable code, takes time only for those that are on the
/// stack.
Result<void> BodyValidator::pop_fields(const Instruction& at, const StructType& type)
{
    const auto fits = [&](ValueType actual, const FieldType& field) {
        return matches(module_, actual, unpacked(field));
    };
    const size_t count = std::min(available(), type.fields.size());
    const auto operands = operands_.view().last(count);
    if ((count == type.fields.size() || controls_.back().is_unreachable)
        && std::ranges::equal(operands, std::span(type.fields).last(count), fits)) {
        drop_top(count);
        return {};
    }
    std::vector<ValueType> fields;
    for (const FieldType& field : type.fields)
        fields.push_back(unpacked(field));
    return mismatch(at, fields, fields.size());
}

Result<void> BodyValidator::step_struct(const Instruction& at)
{
    const StructType& type = *TRY(find_struct(at));
    if (at.op == Op::StructNew) {
        CHECK(pop_fields(at, type));
        push(ref_to(at.index));
        return {};
    }
    if (at.op == Op::StructNewDefault) {
        for (const FieldType& field : type.fields)
            if (!field.type.is_defaultable())
                return failure("field type is not defaultable: " + field.type.to_text(), at.offset);
        push(ref_to(at.index));
        return {};
    }
    if (at.index2 >= type.fields.size())
        return unknown("field", at.index2, at.offset);
    const FieldType& field = type.fields[at.index2];
    if (at.op == Op::StructSet) {
        if (!field.is_mutable)
            return failure("immutable field " + std::to_string(at.index2), at.offset);
        return apply(at, { ref_to(at.index, true), unpacked(field) }, {});
    }
    if (field.is_packed() == (at.op == Op::StructGet))
        return failure(field.is_packed() ? "field is packed" : "field is unpacked", at.offset);
    return apply(at, { ref_to(at.index, true) }, { unpacked(field) });
}

Result<void> BodyValidator::step_array(const Instruction& at)
{
    const FieldType& element = *TRY(find_array(at, at.index));
    const ValueType value = unpacked(element), array = ref_to(at.index, true), result = ref_to(at.index);
    const auto check_mutable = [&]() -> Result<void> {
        if (!element.is_mutable)
            return failure("immutable array", at.offset);
        return {};
    };
    switch (at.op) {
    case Op::ArrayNew: return apply(at, { value, i32 }, { result });
    case Op::ArrayNewDefault:
        if (!element.type.is_defaultable())
            return failure("array type is not defaultable: " + element.type.to_text(), at.offset);
        return apply(at, { i32 }, { result });
    case Op::ArrayNewFixed:
        if (at.index2 > limits::fixed_elements)
            return failure("array.new_fixed has too many elements: the limit is "
                    + std::to_string(limits::fixed_elements),
                at.offset);
        // In unreachable code operands may be missing. Only those on the stack take time.
        if (const size_t missing = at.index2 - std::min<size_t>(at.index2, available());
            missing != 0 && !controls_.back().is_unreachable)
            return mismatch(at, std::vector(at.index2, value), at.index2);
        for (size_t left = std::min<size_t>(at.index2, available()); left > 0; --left)
            CHECK(pop(at, value));
        push(result);
        return {};
    case Op::ArrayGet:
    case Op::ArrayGetS:
    case Op::ArrayGetU:
        if (element.is_packed() == (at.op == Op::ArrayGet))
            return failure(element.is_packed() ? "array is packed" : "array is unpacked", at.offset);
        return apply(at, { array, i32 }, { value });
    case Op::ArraySet: CHECK(check_mutable()); return apply(at, { array, i32, value }, {});
    case Op::ArrayFill: CHECK(check_mutable()); return apply(at, { array, i32, value, i32 }, {});
    default: break;
    }
    // array.copy
    CHECK(check_mutable());
    const FieldType& from = *TRY(find_array(at, at.index2));
    if (from.packed_bytes != element.packed_bytes || !matches(module_, from.type, element.type))
        return failure("array types do not match", at.offset);
    return apply(at, { array, i32, ref_to(at.index2, true), i32, i32 }, {});
}

/// array.new_data, array.new_elem, array.init_data and array.init_elem.
Result<void> BodyValidator::step_array_segment(const Instruction& at)
{
    const FieldType& element = *TRY(find_array(at, at.index));
    const bool is_init = at.op == Op::ArrayInitData || at.op == Op::ArrayInitElem;
    if (is_init && !element.is_mutable)
        return failure("immutable array", at.offset);
    if (at.op == Op::ArrayNewData || at.op == Op::ArrayInitData) {
        if (element.type.is_ref())
            return failure("array type is not numeric or vector", at.offset);
        CHECK(check_data(at, at.index2));
    } else {
        const ValueType from = TRY(find_elem(at, at.index2));
        if (element.is_packed() || !matches(module_, from, element.type))
            return failure(
                text_of_mismatch(info(at.op).text, "elements of " + element.type.to_text(), from.to_text()),
                at.offset);
    }
    if (is_init)
        return apply(at, { ref_to(at.index, true), i32, i32, i32 }, {});
    return apply(at, { i32, i32 }, { ref_to(at.index) });
}

Result<void> BodyValidator::step_reference(const Instruction& at)
{
    switch (at.op) {
    case Op::RefNull:
        CHECK(check_value_type(module_, features_, at.type, at.offset));
        return apply(at, {}, { at.type });
    case Op::RefFunc:
        if (!module_.functions.contains(FuncIndex { at.index }))
            return unknown("function", at.index, at.offset);
        if (!declared_functions[at.index])
            return failure("undeclared function reference " + std::to_string(at.index), at.offset);
        return apply(at, {}, { ref_to(module_.functions[FuncIndex { at.index }].type.value) });
    case Op::RefIsNull:
        CHECK(pop_ref(at));
        push(i32);
        return {};
    case Op::RefAsNonNull: push(with_null(TRY(pop_ref(at)), false)); return {};
    case Op::RefEq: return apply(at, { eqref, eqref }, { i32 });
    case Op::RefTest:
    case Op::RefTestNull:
    case Op::RefCast:
    case Op::RefCastNull: return step_cast(at);
    case Op::AnyConvertExtern:
    case Op::ExternConvertAny: {
        const bool to_any = at.op == Op::AnyConvertExtern;
        const ValueType from = TRY(pop_ref(at));
        push(from);
        CHECK(pop(at, to_any ? ValueType::externref : ValueType::anyref));
        push(ValueType::ref(to_any ? HeapKind::Any : HeapKind::Extern, from.is_nullable()));
        return {};
    }
    case Op::RefI31: return apply(at, { i32 }, { ValueType::ref(HeapKind::I31, false) });
    case Op::I31GetS:
    case Op::I31GetU: return apply(at, { i31ref }, { i32 });
    case Op::ArrayLen: return apply(at, { arrayref }, { i32 });
    case Op::StructNew:
    case Op::StructNewDefault:
    case Op::StructGet:
    case Op::StructGetS:
    case Op::StructGetU:
    case Op::StructSet: return step_struct(at);
    case Op::ArrayNewData:
    case Op::ArrayNewElem:
    case Op::ArrayInitData:
    case Op::ArrayInitElem: return step_array_segment(at);
    default: return step_array(at);
    }
}

} // namespace vitrine::core
