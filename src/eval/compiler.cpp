// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "eval/compiler.h"

#include "base/text.h"
#include "eval/steps.h"
#include "wasm/validator.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

namespace vitrine::core::eval {

namespace {

using Kind = Type::Kind;

constexpr Type boolean = Type::of(NumberKind::I32);

} // namespace

// -- Types

std::string Compiler::text_of(const Type& type) const
{
    switch (type.kind) {
    case Kind::Number:
        return type.source == source::TypeId {} ? std::string(to_text(type.number))
                                                : names_.types().name_of(type.source);
    case Kind::Vector: return "v128";
    case Kind::Text: return "a text";
    case Kind::Aggregate: return names_.types().name_of(type.source);
    case Kind::Reference: break;
    }
    if (type.reference.heap() == HeapKind::Defined)
        for (uint32_t i = 0; i < module_.type_ids.size(); ++i)
            if (module_.type_ids[TypeIndex { i }].value == type.reference.index())
                return ValueType::ref(HeapKind::Defined, type.reference.is_nullable(), i).to_text();
    return type.reference.to_text();
}

Result<Type> Compiler::type_of(const Node& node, ValueType type) const
{
    switch (type.kind()) {
    case ValueKind::I32: return Type::of(NumberKind::I32);
    case ValueKind::I64: return Type::of(NumberKind::I64);
    case ValueKind::F32: return Type::of(NumberKind::F32);
    case ValueKind::F64: return Type::of(NumberKind::F64);
    case ValueKind::V128: return Type { .kind = Kind::Vector };
    case ValueKind::Ref: return Type { .kind = Kind::Reference, .reference = type };
    case ValueKind::Bottom: break;
    }
    return failure("the type is not known, as this code is never reached", node.position);
}

// -- Constants and conversions

bool Compiler::is_constant(size_t begin, size_t end) const
{
    return end == begin + 1 && program_.steps[begin].run == steps::constant;
}

/// Inserts a conversion at `at` of the value that the steps before it leave. Converts a constant at
/// once. No skip may lead across `at` yet.
void Compiler::convert_at(size_t at, const Node& node, NumberKind from, NumberKind to)
{
    const Step::Run run = steps::convert(from, to);
    if (run)
        program_.steps.insert(
            program_.steps.begin() + static_cast<ptrdiff_t>(at), { run, 0, 0, node.position });
}

/// Evaluates the steps from `begin` on, which must use constants only, to one constant.
Result<void> Compiler::fold(size_t begin)
{
    Program constants;
    constants.steps.assign(program_.steps.begin() + static_cast<ptrdiff_t>(begin), program_.steps.end());
    std::array<Slot, Program::max_slots> slots;
    Machine machine { constants, nullptr, nullptr, slots.data() };
    if (!run(machine))
        return std::unexpected(*machine.error);
    const uint32_t position = constants.steps.back().position;
    program_.steps.resize(begin);
    program_.steps.push_back({ steps::constant, slots[0], 0, position });
    return {};
}

Result<Type> Compiler::emit_integer(const Node& node)
{
    const uint64_t value = node.number;
    const bool may_be_unsigned = node.is_unsigned || node.is_hex;
    NumberKind kind = NumberKind::U64;
    if (!node.is_long && !node.is_unsigned && value <= INT32_MAX)
        kind = NumberKind::I32;
    else if (!node.is_long && may_be_unsigned && value <= UINT32_MAX)
        kind = NumberKind::U32;
    else if (!node.is_unsigned && value <= INT64_MAX)
        kind = NumberKind::I64;
    CHECK(step(steps::constant, node, 0, 1, value));
    return Type::of(kind);
}

Result<Type> Compiler::emit_text(const Node& node)
{
    const size_t at = program_.texts.size();
    program_.texts += node.text;
    CHECK(step(steps::text, node, 0, 2, at, static_cast<uint32_t>(node.text.size())));
    return Type { .kind = Kind::Text };
}

Result<Type> Compiler::emit_function(const Node& node)
{
    const FuncIndex index { TRY(find_entity(scope_, ExternKind::Func, node.selector, node.position)) };
    CHECK(step(steps::function, node, 0, 1, index.value));
    return Type { .kind = Kind::Reference,
        .reference = ValueType::ref(module_.func_type_id(index), false, true) };
}

Result<Type> Compiler::emit_cast(const Node& node)
{
    const size_t begin = here();
    const Type from = decayed(TRY(emit(node.children[0])));
    const bool is_constant = this->is_constant(begin, here());
    const Type to = type_of_word(node.word);
    if (from.is_reference() && !from.reference.is_function_ref() && node.word == "i32") {
        CHECK(step(steps::number_of_i31, node, 1, 1));
        return to;
    }
    if (!from.is_number())
        return failure(
            "a cast to " + std::string(node.word) + " takes a number, not " + text_of(from), node.position);
    const bool is_unsigned = node.is_unsigned && from.is(NumberKind::I32);
    convert_at(here(), node, is_unsigned ? NumberKind::U32 : from.number, to.number);
    if (narrow_bits(node.word) != 0)
        CHECK(step(steps::narrow(node.word), node, 1, 1));
    if (is_constant)
        CHECK(fold(begin));
    return to;
}

// -- References

Result<Type> Compiler::emit_as_type(const Node& node)
{
    const TypeIndex type = TRY(find_type(scope_, node.selector, node.position));
    const Type from = TRY(emit(node.children[0]));
    const bool is_function = module_.types[type].func() != nullptr;
    if (!from.is_reference())
        return failure("`type[..]` takes a reference, not " + text_of(from), node.position);
    if (from.reference.is_function_ref() != is_function && from.reference.heap() != HeapKind::None)
        return failure(text_of(from) + " is never of type " + std::to_string(type.value), node.position);
    CHECK(step(steps::check_type, node, 1, 1, type.value));
    return Type { .kind = Kind::Reference,
        .reference = ValueType::ref(module_.type_ids[type], true, is_function) };
}

Result<Type> Compiler::emit_as_tag(const Node& node)
{
    const TagIndex tag { TRY(find_entity(scope_, ExternKind::Tag, node.selector, node.position)) };
    const Type from = TRY(emit(node.children[0]));
    if (!from.is_reference()
        || (from.reference.heap() != HeapKind::Exn && from.reference.heap() != HeapKind::NoExn))
        return failure("`tag[..]` takes an exnref, not " + text_of(from), node.position);
    CHECK(step(steps::check_tag, node, 1, 1, tag.value));
    return Type { .kind = Kind::Reference,
        .reference = ValueType::exnref,
        .payload = module_.type_infos[module_.tags[tag].type.value] };
}

Result<Type> Compiler::emit_is_null(const Node& node)
{
    const Type type = TRY(emit(node.children[0]));
    if (!type.is_reference())
        return failure("`is_null` takes a reference, not " + text_of(type), node.position);
    CHECK(step(steps::is_zero, node, 1, 1));
    return boolean;
}

Result<Type> Compiler::emit_length(const Node& node)
{
    const Type type = TRY(emit(node.children[0]));
    const TypeInfo* const info = type.is_reference() ? info_of(type.reference) : nullptr;
    const bool is_array = info ? info->type.array() != nullptr
                               : type.is_reference() && type.reference.heap() == HeapKind::Array;
    if (!is_array)
        return failure("`length` takes an array, not " + text_of(type), node.position);
    CHECK(step(steps::length, node, 1, 1));
    return Type::of(NumberKind::I32);
}

Result<Type> Compiler::emit_size(const Node& node)
{
    const bool is_memory = node.word == "memory";
    const uint32_t index = TRY(find_entity(
        scope_, is_memory ? ExternKind::Memory : ExternKind::Table, node.selector, node.position));
    CHECK(step(is_memory ? steps::memory_size : steps::table_size, node, 0, 1, index));
    return Type::of(is_memory ? NumberKind::I64 : NumberKind::I32);
}

// -- Operators

Result<void> Compiler::emit_condition(const Node& node)
{
    const Type type = TRY(emit(node));
    if (!type.is_integer() && !type.is_reference())
        return failure("a condition is an integer or a reference, not " + text_of(type), node.position);
    return {};
}

Result<Type> Compiler::emit_unary(const Node& node)
{
    const size_t begin = here();
    if (node.word == "!") {
        CHECK(emit_condition(node.children[0]));
        CHECK(step(steps::is_zero, node, 1, 1));
        if (is_constant(begin, here() - 1))
            CHECK(fold(begin));
        return boolean;
    }
    const Type type = TRY(emit(node.children[0]));
    const Step::Run run = !type.is_number() ? nullptr
        : node.word == "~"                  ? steps::complement(type.number)
                                            : steps::negate(type.number);
    if (!run)
        return failure("`" + std::string(node.word) + "` does not apply to " + text_of(type), node.position);
    CHECK(step(run, node, 1, 1));
    if (is_constant(begin, here() - 1))
        CHECK(fold(begin));
    return Type::of(type.number);
}

Result<Type> Compiler::emit_binary(const Node& node)
{
    const size_t begin = here();
    Type left, right;
    size_t middle = begin;
    std::optional<int64_t> value;
    if (is_unresolved_name(node.children[0])) {
        // Perhaps an enumerator of the other operand's type.
        const uint32_t slots = slots_;
        right = TRY(emit(node.children[1]));
        value = enumerator(node.children[0], right);
        if (!value) {
            program_.steps.resize(begin);
            slots_ = slots;
        }
    }
    if (value) {
        CHECK(step(steps::constant, node.children[0], 0, 1, static_cast<uint64_t>(*value)));
        std::rotate(program_.steps.begin() + static_cast<ptrdiff_t>(begin), program_.steps.end() - 1,
            program_.steps.end());
        left = Type::of(right.number);
        middle = begin + 1;
    } else {
        left = TRY(emit(node.children[0]));
        middle = here();
        const source::TypeId expected = std::exchange(expected_enum_, left.source);
        auto emitted = emit(node.children[1]);
        expected_enum_ = expected;
        right = TRY(std::move(emitted));
    }
    if (auto type = TRY(emit_source_binary(node, left, right, begin, middle)))
        return *type;
    const bool is_equality = node.word == "==" || node.word == "!=";
    if (left.is_number() && right.is_number()) {
        const bool folds = is_constant(begin, middle) && is_constant(middle, here());
        const Type type = TRY(emit_numbers(node, left, right, begin, middle));
        if (folds)
            CHECK(fold(begin));
        return type;
    }
    const bool is_comparable = left.kind == right.kind && left.kind != Kind::Aggregate
        && (!left.is_reference() || left.reference.is_function_ref() == right.reference.is_function_ref()
            || left.reference.heap() == HeapKind::None || right.reference.heap() == HeapKind::None);
    if (!is_equality || !is_comparable)
        return failure(
            "`" + std::string(node.word) + "` does not apply to " + text_of(left) + " and " + text_of(right),
            node.position);
    const Step::Run equal = left.is_reference() ? steps::binary("==", NumberKind::U64)
        : left.kind == Kind::Text               ? steps::equal_texts
                                                : steps::equal_vectors;
    CHECK(step(equal, node, left.slots() + right.slots(), 1));
    if (node.word == "!=")
        CHECK(step(steps::is_zero, node, 1, 1));
    return boolean;
}

/// Converts both operands, whose steps are before and after `middle`, and emits the operator.
Result<Type> Compiler::emit_numbers(const Node& node, Type left, Type right, size_t begin, size_t middle)
{
    if (node.word == "<<" || node.word == ">>")
        return emit_shift(node, left, right);
    const Type common =
        TRY(common_type(node, left, right, is_constant(begin, middle), is_constant(middle, here())));
    const Step::Run run = steps::binary(node.word, common.number);
    if (!run)
        return failure(
            "`" + std::string(node.word) + "` takes integers, not " + text_of(common), node.position);
    convert_at(here(), node, right.number, common.number);
    convert_at(middle, node, left.number, common.number);
    CHECK(step(run, node, 2, 1));
    const bool compares = node.word.find_first_of("=!<>") != std::string_view::npos;
    return compares ? boolean : Type::of(common.number);
}

Result<Type> Compiler::emit_shift(const Node& node, Type left, Type right)
{
    const Step::Run run = right.is_integer() ? steps::binary(node.word, left.number) : nullptr;
    if (!run)
        return failure("`" + std::string(node.word) + "` takes integers, not "
                + text_of(left.is_integer() ? right : left),
            node.position);
    convert_at(here(), node, right.number, NumberKind::U32);
    CHECK(step(run, node, 2, 1));
    return Type::of(left.number);
}

/// The type of `c ? one : other`, and the common type of the operands of an operator. A constant
/// becomes an f32 if the other side is one.
Result<Type> Compiler::common_type(
    const Node& node, Type one, Type other, bool one_is_constant, bool other_is_constant) const
{
    if (one.is_number() && other.is_number()) {
        if ((one.is(NumberKind::F32) && other_is_constant) || (other.is(NumberKind::F32) && one_is_constant))
            return Type::of(NumberKind::F32);
        return Type::of(common_kind(one.number, other.number),
            one.source == other.source ? one.source : source::TypeId {});
    }
    if (one.is_reference() && other.is_reference()) {
        const ValueType a = with_null(one.reference), b = with_null(other.reference);
        const bool is_none_of_both = one.payload != other.payload;
        for (const auto& [sub, super] : { std::pair(a, b), std::pair(b, a) })
            if (scope_.types->is_subtype(sub, super) || sub.heap() == HeapKind::None)
                return Type { .kind = Kind::Reference,
                    .reference = super,
                    .payload = is_none_of_both ? nullptr : one.payload };
    } else if (one.kind == other.kind && one.source == other.source)
        return one;
    return failure("no type is common to " + text_of(one) + " and " + text_of(other), node.position);
}

/// Compiles `a && b` as `a ? b != 0 : 0` and `a || b` as `a ? 1 : b != 0`.
Result<Type> Compiler::emit_logical(const Node& node)
{
    const bool is_and = node.syntax == Syntax::And;
    CHECK(emit_condition(node.children[0]));
    CHECK(step(is_and ? steps::skip_if_zero : steps::skip_if_not_zero, node, 1, 0));
    const size_t begin = here();
    CHECK(emit_condition(node.children[1]));
    CHECK(step(steps::is_not_zero, node, 1, 1));
    CHECK(step(steps::skip, node, 0, 0, 1));
    program_.steps[begin - 1].operand = here() - begin;
    // The other branch does not have the value that this one left.
    --slots_;
    CHECK(step(steps::constant, node, 0, 1, is_and ? 0 : 1));
    return boolean;
}

Result<Type> Compiler::emit_choice(const Node& node)
{
    CHECK(emit_condition(node.children[0]));
    CHECK(step(steps::skip_if_zero, node, 1, 0));
    const size_t begin = here();
    const Type one = TRY(emit(node.children[1]));
    size_t middle = here();
    CHECK(step(steps::skip, node, 0, 0));
    slots_ -= one.slots();
    const Type other = TRY(emit(node.children[2]));
    const Type common =
        TRY(common_type(node, one, other, is_constant(begin, middle), is_constant(middle + 1, here())));
    if (common.is_number()) {
        convert_at(here(), node, other.number, common.number);
        convert_at(middle, node, one.number, common.number);
        middle += steps::convert(one.number, common.number) ? 1 : 0;
    }
    program_.steps[begin - 1].operand = middle + 1 - begin;
    program_.steps[middle].operand = here() - middle - 1;
    return common;
}

Result<Type> Compiler::emit(const Node& node)
{
    switch (node.syntax) {
    case Syntax::Integer: return emit_integer(node);
    case Syntax::Float:
        CHECK(step(steps::constant, node, 0, 1,
            node.is_single ? std::bit_cast<uint32_t>(static_cast<float>(node.real))
                           : std::bit_cast<uint64_t>(node.real)));
        return Type::of(node.is_single ? NumberKind::F32 : NumberKind::F64);
    case Syntax::Text: return emit_text(node);
    case Syntax::Null:
        CHECK(step(steps::constant, node, 0, 1));
        return Type { .kind = Kind::Reference, .reference = ValueType::ref(HeapKind::None) };
    case Syntax::Function: return emit_function(node);
    case Syntax::Cast: return emit_cast(node);
    case Syntax::AsType: return emit_as_type(node);
    case Syntax::AsTag: return emit_as_tag(node);
    case Syntax::IsNull: return emit_is_null(node);
    case Syntax::Length: return emit_length(node);
    case Syntax::Size: return emit_size(node);
    case Syntax::Unary: return emit_unary(node);
    case Syntax::Binary: return emit_binary(node);
    case Syntax::And:
    case Syntax::Or: return emit_logical(node);
    case Syntax::Choice: return emit_choice(node);
    case Syntax::AddressOf: return emit_address_of(node);
    case Syntax::ToType: return emit_to_type(node);
    case Syntax::SizeOf: return emit_size_of(node);
    case Syntax::Call:
    case Syntax::Name:
    case Syntax::Scoped:
    case Syntax::Member:
    case Syntax::Deref:
    case Syntax::Range:
    case Syntax::Part:
        if (auto place = TRY(source_place(node)))
            return emit_source_value(node, std::move(*place));
        if (!object_ && (node.syntax != Syntax::Name || is_unresolved_name(node)))
            return emit_unresolved(node);
        [[fallthrough]];
    case Syntax::Local:
    case Syntax::Global:
    case Syntax::Operand:
    case Syntax::Slot:
    case Syntax::Memory: {
        const Target place = TRY(target(node));
        CHECK(step(place.read, node, place.inputs, place.type.slots(), place.operand, place.extra));
        return place.type;
    }
    }
    std::unreachable();
}

namespace {

Result<void> check_scope(const Scope& scope)
{
    ASSERT(scope.module && scope.types);
    if (scope.function
        && (!scope.module->functions.contains(*scope.function) || scope.module->is_imported(*scope.function)))
        return failure("function " + std::to_string(scope.function->value) + " has no body in the module");
    return {};
}

} // namespace

Result<Compiled> compile_expression(const Node& node, const Scope& scope, SourceNames& names)
{
    CHECK(check_scope(scope));
    Compiler compiler(scope, names);
    const Type type = TRY(compiler.emit(node));
    return Compiled { compiler.take(), type };
}

Result<CompiledPlace> compile_place(const Node& node, const Scope& scope, SourceNames& names)
{
    CHECK(check_scope(scope));
    Compiler compiler(scope, names);
    const Compiler::Place place = TRY(compiler.emit_place(node));
    return CompiledPlace { compiler.take(), place };
}

Result<std::optional<CompiledSourcePlace>> compile_source_place(
    const Node& node, const Scope& scope, SourceNames& names)
{
    CHECK(check_scope(scope));
    Compiler compiler(scope, names);
    compiler.set_whole(node);
    auto place = TRY(compiler.source_place(node));
    if (!place)
        return std::nullopt;
    if (place->is_in_memory() && !place->is_counted)
        CHECK(compiler.emit_offset(node, *place));
    return CompiledSourcePlace { compiler.take(), std::move(*place) };
}

Result<Program> compile_assignment(const ParsedAssignment& assignment, const Scope& scope, SourceNames& names)
{
    CHECK(check_scope(scope));
    Compiler compiler(scope, names);
    CHECK(compiler.emit_assignment(assignment));
    return compiler.take();
}

} // namespace vitrine::core::eval
