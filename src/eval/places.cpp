// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "eval/compiler.h"

#include "base/text.h"
#include "eval/steps.h"

#include <utility>

namespace vitrine::core::eval {

/// Emits an index of a table or array as a signed 64-bit integer, or an address in a 32-bit memory
/// as an unsigned one.
Result<void> Compiler::emit_index(const Node& node, bool is_address_32)
{
    const size_t begin = here();
    const Type type = decayed(TRY(emit(node)));
    if (!type.is_integer())
        return failure("an address or index is an integer, not " + text_of(type), node.position);
    const bool is_constant = this->is_constant(begin, here());
    if (!is_address_32)
        convert_at(here(), node, type.number, NumberKind::I64);
    if (is_constant)
        CHECK(fold(begin));
    return {};
}

/// The value of a constant index as a signed 64-bit integer. Emits no steps.
Result<uint64_t> Compiler::constant_index(const Node& node)
{
    const size_t begin = here();
    CHECK(emit_index(node, false));
    if (!is_constant(begin, here()))
        return failure("this index must be a constant", node.position);
    const uint64_t value = program_.steps.back().operand;
    program_.steps.pop_back();
    --slots_;
    return value;
}

Result<Target> Compiler::target(const Node& node)
{
    switch (node.syntax) {
    case Syntax::Name: {
        const WasmVariable variable = TRY(find_variable(scope_, node.selector, node.position));
        return variable.is_local ? local_target(node, variable.index) : global_target(node, variable.index);
    }
    case Syntax::Local: return local_target(node, TRY(find_local(scope_, node.selector, node.position)));
    case Syntax::Global:
        return global_target(
            node, TRY(find_entity(scope_, ExternKind::Global, node.selector, node.position)));
    case Syntax::Operand: return operand_target(node);
    case Syntax::Memory: return memory_target(node);
    case Syntax::Slot: return slot_target(node);
    case Syntax::Part: return part_target(node);
    case Syntax::Member: return member_target(node);
    default: return failure("only places can be written: variables, memory, elements, fields", node.position);
    }
}

Result<Target> Compiler::local_target(const Node& node, uint32_t index)
{
    const FuncMeta& meta = module_.meta(*scope_.function);
    program_.function = &meta;
    const uint64_t slot = meta.is_wide ? module_.wide_locals[meta.first_wide_local + index] >> 1 : index;
    if (locals_.empty())
        locals_ = local_types(module_, *scope_.function);
    const Type type = TRY(type_of(node, module_.canonical(locals_[index])));
    return Target { type, steps::local.reads(type.slots()), steps::local.writes(type.slots()), slot };
}

Result<Target> Compiler::global_target(const Node& node, uint32_t index)
{
    const GlobalType& global = module_.globals[GlobalIndex { index }].type;
    const Type type = TRY(type_of(node, module_.canonical(global.type)));
    return Target { type, steps::global.reads(type.slots()),
        global.is_mutable ? steps::global.writes(type.slots()) : nullptr, index, 0, 0,
        "the global is immutable" };
}

Result<Target> Compiler::operand_target(const Node& node)
{
    if (!scope_.function || !scope_.offset)
        return failure("there are no operands without a place in the code", node.position);
    if (!state_)
        state_ = find_instruction_state(module_, *scope_.function, *scope_.offset);
    if (!state_)
        return failure("no instruction starts at " + hex(*scope_.offset), node.position);
    std::vector<uint64_t> places;
    uint64_t slot = 0;
    for (const ValueType type : state_->operands) {
        if (slot + type.slots() > scope_.operand_slots)
            break;
        places.push_back(slot);
        slot += type.slots();
    }
    const auto given = static_cast<int64_t>(TRY(constant_index(node.children[0])));
    const auto count = static_cast<int64_t>(places.size());
    const int64_t index = given < 0 ? given + count : given;
    if (index < 0 || index >= count)
        return failure(
            "no operand " + std::to_string(given) + ": there are " + std::to_string(count), node.position);
    program_.function = &module_.meta(*scope_.function);
    program_.offset = *scope_.offset;
    const Type type = TRY(type_of(node, module_.canonical(state_->operands[static_cast<size_t>(index)])));
    return Target { type, steps::operand.reads(type.slots()), steps::operand.writes(type.slots()),
        places[static_cast<size_t>(index)] };
}

Result<Target> Compiler::memory_target(const Node& node)
{
    const MemoryIndex memory { TRY(find_entity(scope_, ExternKind::Memory, node.selector, node.position)) };
    CHECK(emit_index(node.children[0], !module_.memories[memory].type.limits.is_64));

    return Target { type_of_word(node.word), steps::load(node.word), steps::store(node.word), memory.value, 0,
        1, "a `cstr` cannot be written", narrow_bits(node.word) };
}

Result<Target> Compiler::slot_target(const Node& node)
{
    const TableIndex table { TRY(find_entity(scope_, ExternKind::Table, node.selector, node.position)) };
    CHECK(emit_index(node.children[0], false));
    const Type type = TRY(type_of(node, module_.canonical(module_.tables[table].type.element)));
    return Target { type, steps::table_slot.reads(1), steps::table_slot.writes(1), table.value, 0, 1 };
}

Result<Target> Compiler::part_target(const Node& node)
{
    const Type object = object_ ? *std::exchange(object_, std::nullopt) : TRY(emit(node.children[0]));
    if (!object.is_reference())
        return failure(text_of(object) + " has no parts", node.position);
    if (object.payload)
        return payload_target(node, *object.payload);
    const TypeInfo* const info = info_of(object.reference);
    if (info && info->type.structure())
        return field_target(node, TRY(constant_index(node.children[1])), *info);
    if (info && info->type.array())
        return element_target(node, info->type.array()->element);
    const HeapKind heap = object.reference.heap();
    if (object.reference.is_function_ref() || heap == HeapKind::I31 || heap == HeapKind::None
        || heap == HeapKind::NoExtern)
        return failure(text_of(object) + " has no parts", node.position);
    return failure("the parts of " + text_of(object) + " are not known: say what it is, as in `"
            + (heap == HeapKind::Exn ? "tag" : "type") + "[0](..)[0]`",
        node.position);
}

/// A field by its name.
Result<Target> Compiler::member_target(const Node& node)
{
    const Type object = object_ ? *std::exchange(object_, std::nullopt) : TRY(emit(node.children[0]));
    const TypeInfo* const info = object.is_reference() ? info_of(object.reference) : nullptr;
    if (!info || !info->type.structure())
        return failure(text_of(object) + " has no members", node.position);
    return field_target(node, TRY(find_field(scope_, info->id, node.text, node.position)), *info);
}

Result<Target> Compiler::field_target(const Node& node, uint64_t index, const TypeInfo& info)
{
    const auto& fields = info.type.structure()->fields;
    if (index >= fields.size())
        return failure("no field " + std::to_string(static_cast<int64_t>(index)) + ": the struct has "
                + std::to_string(fields.size()),
            node.position);
    const FieldType& field = fields[index];
    const Type type = TRY(type_of(node, field.is_packed() ? ValueType(ValueType::i32) : field.type));
    const uint32_t bits = field.packed_bytes * 8u;
    const uint64_t mask = bits == 0 ? ~uint64_t { 0 } : (uint64_t { 1 } << bits) - 1;
    return Target { type, steps::field.reads(type.slots()),
        field.is_mutable ? steps::field.writes(type.slots()) : nullptr, mask, info.field_slots[index], 1,
        "the field is immutable", bits };
}

Result<Target> Compiler::payload_target(const Node& node, const TypeInfo& info)
{
    const uint64_t index = TRY(constant_index(node.children[1]));
    const auto& values = info.type.func()->params;
    if (index >= values.size())
        return failure("no value " + std::to_string(static_cast<int64_t>(index)) + ": the tag has "
                + std::to_string(values.size()),
            node.position);
    const Type type = TRY(type_of(node, values[index]));
    return Target { type, steps::payload.reads(type.slots()), nullptr, 0, info.field_slots[index], 1,
        "what was thrown cannot be changed" };
}

Result<Target> Compiler::element_target(const Node& node, const FieldType& element)
{
    CHECK(emit_index(node.children[1], false));
    const Type type = TRY(type_of(node, element.is_packed() ? ValueType(ValueType::i32) : element.type));
    return Target { type, steps::element.reads(type.slots()),
        element.is_mutable ? steps::element.writes(type.slots()) : nullptr, 0, 0, 2, "the array is immutable",
        element.packed_bytes * 8u };
}

// -- Places to watch

namespace {

/// The size of the value in memory, in bytes.
uint32_t bytes_of(const Target& place)
{
    if (place.bits != 0)
        return place.bits / 8;
    return place.type.slots() == 2 ? 16 : is_wide(place.type.number) ? 8 : 4;
}

} // namespace

Result<Compiler::Place> Compiler::emit_place(const Node& node)
{
    if (auto place = TRY(source_place(node))) {
        if (!place->is_in_memory())
            return watched_part(node, *place);
        CHECK(emit_offset(node, *place));
        const uint64_t bytes = place->bit_size != 0 ? (place->bit_offset + place->bit_size + 7) / 8
                                                    : names_.types().size_of(place->type).value_or(0);
        if (bytes == 0)
            return failure("a place without a size cannot be watched", node.position);
        return Place { Syntax::Memory, place->memory, bytes };
    }
    switch (node.syntax) {
    case Syntax::Name: {
        const WasmVariable variable = TRY(find_variable(scope_, node.selector, node.position));
        return Place { variable.is_local ? Syntax::Local : Syntax::Global, variable.index };
    }
    case Syntax::Local: return Place { Syntax::Local, TRY(find_local(scope_, node.selector, node.position)) };
    case Syntax::Global:
        return Place { Syntax::Global,
            TRY(find_entity(scope_, ExternKind::Global, node.selector, node.position)) };
    case Syntax::Memory:
    case Syntax::Slot: {
        const Target place = TRY(target(node));
        if (!place.write)
            return failure("a `cstr` cannot be watched", node.position);
        return Place { node.syntax, static_cast<uint32_t>(place.operand), bytes_of(place) };
    }
    default:
        return failure("only places can be watched: variables, memory, elements of tables", node.position);
    }
}

// -- Assignments

Result<void> Compiler::emit_assignment(const ParsedAssignment& assignment)
{
    Target place;
    if (auto found = TRY(source_place(assignment.place))) {
        if (!found->is_in_memory())
            return assign_parts(assignment.place, *found, assignment.value);
        place = TRY(source_target(assignment.place, std::move(*found)));
    } else if (is_unresolved_name(assignment.place))
        return names_.unknown(assignment.place.selector.name, assignment.place.position);
    else
        place = TRY(target(assignment.place));
    if (!place.write)
        return failure(place.refusal, assignment.place.position);
    CHECK(emit_converted(assignment.value, place));
    return step(
        place.write, assignment.place, place.inputs + place.type.slots(), 0, place.operand, place.extra);
}

/// Emits the value, converted to the type of the place. A conversion that may lose part of a number
/// needs a cast, unless the value is a constant that fits.
Result<void> Compiler::emit_converted(const Node& node, const Target& place)
{
    const size_t begin = here();
    expected_enum_ = place.type.source;
    Type type = decayed(TRY(emit(node)));
    expected_enum_ = {};
    const bool is_null = type.is_reference() && type.reference.heap() == HeapKind::None;
    if (is_null && target_of_pointer(place.type))
        type = Type::of(place.type.number);
    const bool is_constant = this->is_constant(begin, here());
    const auto refuse = [&](const std::string& hint) {
        return failure(
            text_of(type) + " does not fit into a place of " + text_of(place.type) + hint, node.position);
    };
    if (type.kind != place.type.kind || type.kind == Type::Kind::Text || type.kind == Type::Kind::Aggregate)
        return refuse("");
    if (type.is_reference())
        return check_reference(node, type.reference, place.type.reference);
    if (!type.is_number())
        return {};
    const NumberKind from = type.number, to = place.type.number;
    const bool loses = (is_float(from) && !is_float(to))
        || (is_wide(from) && !is_wide(to) && is_float(from) == is_float(to));
    if (loses && (!is_constant || (is_float(from) && !is_float(to))))
        return refuse(": write " + std::string(to_text(to)) + "(..)");
    if (is_constant && !is_float(from))
        CHECK(check_fits(node, place, from, program_.steps.back().operand));
    convert_at(here(), node, from, to);
    return {};
}

/// Fails if an integer constant is neither a signed nor an unsigned value of the place's width.
Result<void> Compiler::check_fits(const Node& node, const Target& place, NumberKind kind, Slot value) const
{
    const uint32_t bits = place.bits != 0 ? place.bits : is_wide(place.type.number) ? 64 : 32;
    if (is_float(place.type.number) || bits == 64)
        return {};
    const int64_t number =
        kind == NumberKind::I32 ? static_cast<int32_t>(value) : static_cast<int64_t>(value);
    const int64_t bound = int64_t { 1 } << bits;
    if ((kind == NumberKind::U64 && number < 0) || number >= bound || number < -bound / 2)
        return failure(
            std::to_string(number) + " does not fit into " + std::to_string(bits) + " bits", node.position);
    return {};
}

Result<void> Compiler::check_reference(const Node& node, ValueType value, ValueType wanted)
{
    const bool is_null = value.heap() == HeapKind::None && node.syntax == Syntax::Null;
    if (!is_null && !scope_.types->is_subtype(with_null(value), with_null(wanted)))
        return failure(text_of({ .kind = Type::Kind::Reference, .reference = value })
                + " does not fit into a place of "
                + text_of({ .kind = Type::Kind::Reference, .reference = wanted }),
            node.position);
    if (wanted.is_nullable())
        return {};
    if (is_null)
        return failure("the place cannot be null", node.position);
    return value.is_nullable() ? step(steps::check_not_null, node, 1, 1) : Result<void>();
}

} // namespace vitrine::core::eval
