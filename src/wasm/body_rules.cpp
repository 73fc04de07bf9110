// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/body_validator.h"
#include "wasm/type_decoder.h"

#include <algorithm>
#include <array>
#include <bit>

// The typing rules of instructions, except those on references (body_references.cpp) and exceptions
// (body_exceptions.cpp). [spec: valid/instructions]

namespace vitrine::core {

namespace {

constexpr ValueType i32 = ValueType::i32;
constexpr ValueType i64 = ValueType::i64;

/// The type of the size operand of a copy: the narrower of the two address types.
ValueType size_type(ValueType to, ValueType from) { return to == from ? to : i32; }

} // namespace

// -- Branches and calls

Result<BodyValidator::Control*> BodyValidator::find_label(const Instruction& at, uint32_t depth)
{
    if (depth >= controls_.size())
        return unknown("label", depth, at.offset);
    return &controls_[controls_.size() - 1 - depth];
}

Result<void> BodyValidator::step_branch(const Instruction& at)
{
    Control& target = *TRY(find_label(at, at.index));
    if (at.op == Op::BrIf)
        CHECK(pop(at, i32));
    const auto types = label_types(target);
    CHECK(retype(at, types));
    add_branch(at.offset, target);
    if (at.op == Op::Br)
        set_unreachable();
    return {};
}

Result<void> BodyValidator::step_br_table(const Instruction& at)
{
    CHECK(pop(at, i32));
    const auto default_types = label_types(*TRY(find_label(at, at.index2)));
    const uint8_t* next = at.vector.data();
    const auto count = read_valid_leb<uint32_t>(next);
    for (uint32_t i = 0; i <= count; ++i) {
        const auto depth = read_valid_leb<uint32_t>(next);
        Control& target = *TRY(find_label(at, depth));
        if (target.checked_by != at.offset) {
            const auto types = label_types(target);
            if (types.size() != default_types.size())
                return failure(
                    text_of_mismatch("br_table", to_text(default_types) + " as for the default label",
                        to_text(types) + " for label " + std::to_string(depth)),
                    at.offset);
            if (!has_on_top(types))
                CHECK(check_top(at, types));
            target.checked_by = at.offset;
        }
        add_branch(at.offset, target);
    }
    set_unreachable();
    return {};
}

Result<void> BodyValidator::step_call(const Instruction& at, const FuncType& callee)
{
    CHECK(pop(at, callee.params));
    push(callee.results);
    return {};
}

Result<void> BodyValidator::step_return_call(const Instruction& at, const FuncType& callee)
{
    const auto results = results_of(controls_.front());
    if (!match(callee.results, results))
        return failure(
            text_of_mismatch(info(at.op).text, to_text(results), to_text(callee.results)), at.offset);
    CHECK(pop(at, callee.params));
    set_unreachable();
    return {};
}

Result<const FuncType*> BodyValidator::find_func_type(const Instruction& at, uint32_t index) const
{
    const SubType* type = module_.types.find(TypeIndex { index });
    if (!type || !type->func())
        return unknown("type", index, at.offset);
    return type->func();
}

Result<void> BodyValidator::step_call_indirect(const Instruction& at)
{
    CHECK(check_zero_byte(at, Feature::ReferenceTypes));
    const TableDecl& table = *TRY(find_table(at, at.index2));
    if (!matches(module_, table.type.element, ValueType::funcref))
        return failure(text_of_mismatch(info(at.op).text, "a table of funcref", table.type.element.to_text()),
            at.offset);
    const FuncType& type = *TRY(find_func_type(at, at.index));
    CHECK(pop(at, address_type(table.type.limits)));
    return at.op == Op::CallIndirect ? step_call(at, type) : step_return_call(at, type);
}

// -- Variables, drop, select

Result<void> BodyValidator::step_local(const Instruction& at)
{
    if (at.index >= locals_.size())
        return unknown("local", at.index, at.offset);
    const ValueType type = locals_[at.index];
    if (at.op == Op::LocalGet) {
        if (!is_set_[at.index])
            return failure("uninitialized local " + std::to_string(at.index), at.offset);
    } else {
        CHECK(pop(at, type));
        set_initialized(at.index);
    }
    if (at.op != Op::LocalSet)
        push(type);
    return {};
}

Result<void> BodyValidator::step_global(const Instruction& at)
{
    const GlobalDecl* global = module_.globals.find(GlobalIndex { at.index });
    if (!global)
        return unknown("global", at.index, at.offset);
    if (at.op == Op::GlobalGet) {
        push(global->type.type);
        return {};
    }
    if (!global->type.is_mutable)
        return failure("immutable global " + std::to_string(at.index), at.offset);
    return pop(at, global->type.type);
}

/// Adds the side table entry of a `drop` or `select` in a function that uses v128.
void BodyValidator::add_width(const Instruction& at, ValueType type)
{
    if (is_wide_ && is_reachable())
        add_entry(at.offset, type.slots(), 0);
}

Result<void> BodyValidator::step_drop(const Instruction& at)
{
    add_width(at, TRY(pop_any(at)));
    return {};
}

Result<void> BodyValidator::step_select(const Instruction& at)
{
    if (at.op == Op::SelectTyped) {
        if (at.index != 1)
            return failure("invalid result arity", at.offset);
        ByteReader in(at.vector, at.offset);
        CHECK(in.leb<uint32_t>());
        const ValueType type = TRY(decode_value_type(in));
        CHECK(check_value_type(module_, features_, type, at.offset));
        return apply(at, { type, type, i32 }, { type });
    }
    CHECK(pop(at, i32));
    const ValueType second = TRY(pop_any(at));
    const ValueType first = TRY(pop_any(at));
    const bool are_equal = first == second || first == ValueType::bottom || second == ValueType::bottom;
    if (first.is_ref() || second.is_ref() || !are_equal)
        return failure(text_of_stack_mismatch("select", "two numbers of the same type",
                           "[" + first.to_text() + " " + second.to_text() + "]"),
            at.offset);
    const ValueType type = first == ValueType::bottom ? second : first;
    add_width(at, type);
    push(type);
    return {};
}

// -- Tables and memories

Result<const TableDecl*> BodyValidator::find_table(const Instruction& at, uint32_t index) const
{
    const TableDecl* table = module_.tables.find(TableIndex { index });
    if (!table)
        return unknown("table", index, at.offset);
    return table;
}

Result<ValueType> BodyValidator::find_elem(const Instruction& at, uint32_t index) const
{
    if (index >= module_.elems.size())
        return unknown("elem segment", index, at.offset);
    return module_.elems[index].type;
}

Result<void> BodyValidator::step_table(const Instruction& at)
{
    if (at.op == Op::ElemDrop) {
        CHECK(find_elem(at, at.index));
        return {};
    }
    const bool is_init = at.op == Op::TableInit;
    const TableType& to = (*TRY(find_table(at, is_init ? at.index2 : at.index))).type;
    const ValueType address = address_type(to.limits);
    switch (at.op) {
    case Op::TableGet: return apply(at, { address }, { to.element });
    case Op::TableSet: return apply(at, { address, to.element }, {});
    case Op::TableSize: return apply(at, {}, { address });
    case Op::TableGrow: return apply(at, { to.element, address }, { address });
    case Op::TableFill: return apply(at, { address, to.element, address }, {});
    default: break;
    }
    // The source is another table or a segment.
    ValueType from_element, from_address = i32;
    if (is_init) {
        from_element = TRY(find_elem(at, at.index));
    } else {
        const TableType& from = (*TRY(find_table(at, at.index2))).type;
        from_element = from.element;
        from_address = address_type(from.limits);
    }
    if (!matches(module_, from_element, to.element))
        return failure(
            text_of_mismatch(info(at.op).text, "elements of " + to.element.to_text(), from_element.to_text()),
            at.offset);
    return apply(at, { address, from_address, size_type(address, from_address) }, {});
}

Result<const MemoryDecl*> BodyValidator::find_memory(const Instruction& at, uint32_t index) const
{
    const MemoryDecl* memory = module_.memories.find(MemoryIndex { index });
    if (!memory)
        return unknown("memory", index, at.offset);
    return memory;
}

Result<void> BodyValidator::check_data(const Instruction& at, uint32_t index) const
{
    if (!module_.data_count)
        return failure("data count section required", at.offset);
    if (index >= *module_.data_count)
        return unknown("data segment", index, at.offset);
    return {};
}

Result<void> BodyValidator::step_memory(const Instruction& at)
{
    if (at.op == Op::DataDrop)
        return check_data(at, at.index);
    const bool is_init = at.op == Op::MemoryInit;
    const MemoryDecl& memory = *TRY(find_memory(at, is_init ? at.index2 : at.index));
    const ValueType address = address_type(memory.type.limits);
    switch (at.op) {
    case Op::MemorySize: CHECK(check_zero_byte(at, Feature::MultiMemory)); return apply(at, {}, { address });
    case Op::MemoryGrow:
        CHECK(check_zero_byte(at, Feature::MultiMemory));
        return apply(at, { address }, { address });
    case Op::MemoryFill: return apply(at, { address, i32, address }, {});
    case Op::MemoryInit: CHECK(check_data(at, at.index)); return apply(at, { address, i32, i32 }, {});
    default: {
        const ValueType from = address_type((*TRY(find_memory(at, at.index2))).type.limits);
        return apply(at, { address, from, size_type(address, from) }, {});
    }
    }
}

/// Before the feature, a zero byte took the place of the memory or table index at the end of the
/// instruction.
Result<void> BodyValidator::check_zero_byte(const Instruction& at, Feature feature) const
{
    const Bytes bytes = module_.bytes();
    const bool is_one_byte = !(bytes[at.end - 2] & 0x80);
    if (features_.has(feature) || (is_one_byte && bytes[at.end - 1] == 0))
        return {};
    return failure("zero byte expected: " + std::string(info(feature).flag) + " is disabled", at.offset);
}

Result<void> BodyValidator::check_memory_access(const Instruction& at, const OpInfo& row) const
{
    if (at.memory.names_memory)
        CHECK(check_feature(
            features_, Feature::MultiMemory, "a memory argument with a memory index", at.offset));
    constexpr uint8_t max_bytes_32 = 5;
    if (at.memory.offset_bytes > max_bytes_32)
        CHECK(check_feature(features_, Feature::Memory64, "an offset of more than 5 bytes", at.offset));
    const MemoryDecl& memory = *TRY(find_memory(at, at.memory.memory.value));
    const bool is_atomic = row.shape == Shape::Atomic;
    if (is_atomic && at.memory.align != static_cast<uint32_t>(std::countr_zero(row.access_bytes)))
        return failure("atomic alignment must be natural", at.offset);
    if (uint64_t { 1 } << at.memory.align > row.access_bytes)
        return failure("alignment must not be larger than natural", at.offset);
    if (!memory.type.limits.is_64 && at.memory.offset > UINT32_MAX)
        return failure("offset out of range", at.offset);
    return {};
}

// -- One instruction

Result<void> BodyValidator::step_poly(const Instruction& at)
{
    switch (at.op) {
    case Op::Unreachable: set_unreachable(); return {};
    case Op::If:
        CHECK(check_block(at));
        CHECK(pop(at, i32));
        return push_control(at);
    case Op::Block:
    case Op::Loop:
    case Op::Try: CHECK(check_block(at)); return push_control(at);
    case Op::TryTable: return step_try_table(at);
    case Op::Else: return else_block(at);
    case Op::Catch:
    case Op::CatchAll: return step_catch(at);
    case Op::Delegate: return step_delegate(at);
    case Op::End: return end_block(at);
    case Op::Throw:
    case Op::ThrowRef: return step_throw(at);
    case Op::Rethrow: return step_rethrow(at);
    case Op::Br:
    case Op::BrIf: return step_branch(at);
    case Op::BrTable: return step_br_table(at);
    case Op::BrOnNull:
    case Op::BrOnNonNull: return step_null_branch(at);
    case Op::BrOnCast:
    case Op::BrOnCastFail: return step_cast_branch(at);
    case Op::Return:
        CHECK(pop(at, results_of(controls_.front())));
        set_unreachable();
        return {};
    case Op::Call:
    case Op::ReturnCall: {
        if (!module_.functions.contains(FuncIndex { at.index }))
            return unknown("function", at.index, at.offset);
        const FuncType& callee = module_.func_type(FuncIndex { at.index });
        return at.op == Op::Call ? step_call(at, callee) : step_return_call(at, callee);
    }
    case Op::CallIndirect:
    case Op::ReturnCallIndirect: return step_call_indirect(at);
    case Op::CallRef:
    case Op::ReturnCallRef: {
        const FuncType& callee = *TRY(find_func_type(at, at.index));
        CHECK(pop(at, ValueType::ref(HeapKind::Defined, true, at.index)));
        return at.op == Op::CallRef ? step_call(at, callee) : step_return_call(at, callee);
    }
    case Op::Drop: return step_drop(at);
    case Op::Select:
    case Op::SelectTyped: return step_select(at);
    case Op::LocalGet:
    case Op::LocalSet:
    case Op::LocalTee: return step_local(at);
    case Op::GlobalGet:
    case Op::GlobalSet: return step_global(at);
    case Op::TableGet:
    case Op::TableSet:
    case Op::TableSize:
    case Op::TableGrow:
    case Op::TableFill:
    case Op::TableCopy:
    case Op::TableInit: return step_table(at);
    case Op::MemorySize:
    case Op::MemoryGrow:
    case Op::MemoryInit:
    case Op::MemoryCopy:
    case Op::MemoryFill: return step_memory(at);
    case Op::I64Add128:
    case Op::I64Sub128: return apply(at, { i64, i64, i64, i64 }, { i64, i64 });
    case Op::I64MulWideS:
    case Op::I64MulWideU: return apply(at, { i64, i64 }, { i64, i64 });
    default: return step_reference(at);
    }
}

Result<void> BodyValidator::check_lanes(const Instruction& at, const OpInfo& row) const
{
    const bool is_shuffle = row.immediate == Immediate::Lanes16;
    const bool is_inside = is_shuffle ? std::ranges::all_of(at.vector, [](uint8_t lane) { return lane < 32; })
                                      : at.index < row.lanes;
    if (!is_inside)
        return failure("invalid lane index", at.offset);
    return {};
}

Result<void> BodyValidator::step(const Instruction& at)
{
    const OpInfo& row = info(at.op);
    if (!features_.has(row.feature)) [[unlikely]]
        return check_feature(features_, row.feature, row.text, at.offset);
    const Signature& signature = row.signature;
    if (signature.is_poly)
        return step_poly(at);
    std::array<ValueType, 3> params { signature.params[0], signature.params[1], signature.params[2] };
    switch (row.immediate) {
    case Immediate::MemArgLane: CHECK(check_lanes(at, row)); [[fallthrough]];
    case Immediate::MemArg:
        CHECK(check_memory_access(at, row));
        params[0] = address_type(module_.memories[at.memory.memory].type.limits);
        break;
    case Immediate::Lane:
    case Immediate::Lanes16: CHECK(check_lanes(at, row)); break;
    case Immediate::Elem: CHECK(find_elem(at, at.index)); break;
    case Immediate::Data: CHECK(check_data(at, at.index)); break;
    default: break;
    }
    CHECK(pop(at, std::span<const ValueType>(params).first(signature.param_count)));
    if (signature.has_result)
        push(signature.result);
    return {};
}

} // namespace vitrine::core
