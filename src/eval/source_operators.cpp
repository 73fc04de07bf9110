// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "eval/compiler.h"

#include "base/text.h"
#include "eval/containers.h"
#include "eval/dotted_name.h"
#include "eval/steps.h"

#include <array>
#include <bit>

namespace vitrine::core::eval {

namespace {

using Kind = source::Type::Kind;

} // namespace

// -- Names without a place

bool Compiler::is_unresolved_name(const Node& node)
{
    if (node.syntax != Syntax::Name || node.selector.is_wasm || !names_.has_symbols())
        return false;
    const std::string& name = node.selector.name;
    if (node.word == ".")
        return true;
    if (has_variable(scope_, name))
        return false;
    const auto found = names_.find(name, node.position);
    return found && !*found && !names_.has_own_member(name);
}

std::optional<int64_t> Compiler::enumerator(const Node& node, const Type& type) const
{
    if (type.source == source::TypeId {})
        return {};
    return names_.types().find_enumerator(names_.types().resolved(type.source), node.selector.name);
}

/// A name that is no variable, and what is not known without debug information.
Result<Type> Compiler::emit_unresolved(const Node& node)
{
    const auto constant = [&](int64_t value, NumberKind kind, source::TypeId type = {}) -> Result<Type> {
        CHECK(step(steps::constant, node, 0, 1,
            is_wide(kind) ? static_cast<uint64_t>(value) : static_cast<uint32_t>(value)));
        return Type::of(kind, type);
    };
    const auto of_enum = [&](source::TypeId type, int64_t value) {
        const auto scalar = names_.types().scalar_of(names_.types().resolved(type));
        return constant(value, scalar ? scalar->kind : NumberKind::I64, type);
    };
    const std::string& name = node.selector.name;
    if (node.syntax == Syntax::Call) {
        const Node& callee = node.children[0];
        const std::string& called = callee.syntax == Syntax::Member ? callee.text : callee.selector.name;
        if (!names_.has_symbols())
            return failure("no function is called `" + escaped(called)
                    + "`: there are casts to `i8` .. `f64`, `is_null`, `length` and `size`",
                node.position);
        return failure("`" + escaped(called)
                + "` cannot be called here: only `print` and `call` call functions, "
                + "and the call must be the whole expression",
            node.position);
    }
    if (node.syntax == Syntax::Member) {
        if (const auto found = names_.find_enumerator(dotted_name(node)))
            return of_enum(found->first, found->second);
    } else if (node.syntax == Syntax::Name) {
        if (const auto value = enumerator(node, { .source = expected_enum_ }))
            return of_enum(expected_enum_, *value);
        if (name == "true" || name == "false")
            return constant(name == "true", NumberKind::I32);
        if (name == "nullptr" || name == "NULL")
            return constant(0, NumberKind::I32);
        if (names_.has_symbols())
            if (const auto found = TRY(names_.find_enumerator_of_any(name, node.position)))
                return of_enum(found->first, found->second);
    } else if (const auto found = names_.find_enumerator(name))
        return of_enum(found->first, found->second);
    if (const auto function = TRY(names_.find_function(name, node.position)))
        if (const auto index = module_.find_function(function->ranges.front().begin)) {
            CHECK(step(steps::function, node, 0, 1, index->value));
            return Type { .kind = Type::Kind::Reference,
                .reference = ValueType::ref(module_.func_type_id(*index), false, true) };
        }
    return names_.unknown(name, node.position);
}

// -- Types

std::optional<source::TypeId> Compiler::target_of_pointer(const Type& type) const
{
    if (!type.is_number() || type.source == source::TypeId {})
        return {};
    const source::Type pointer = names_.types().resolved(type.source);
    const bool is_pointer = pointer.kind == Kind::Pointer || pointer.kind == Kind::Reference;
    return is_pointer ? std::optional(pointer.target) : std::nullopt;
}

/// An array becomes a pointer to its first element, as in C.
Type Compiler::decayed(const Type& type)
{
    if (type.kind != Type::Kind::Aggregate)
        return type;
    const source::Type array = names_.types().resolved(type.source);
    if (array.kind != Kind::Array)
        return type;
    return Type::of(address_kind(), names_.types().pointer_to(names_.types().element_of(array)));
}

Result<Type> Compiler::emit_to_type(const Node& node)
{
    SourceTypes& types = names_.types();
    const auto id = types.find_text(node.text);
    if (!id)
        return failure("no type is called `" + escaped(node.text) + "`", node.position);
    const auto scalar = types.scalar_of(types.resolved(*id));
    if (!scalar)
        return failure(
            "there are no casts to `" + escaped(node.text) + "`: cast a pointer to it", node.position);
    const size_t begin = here();
    const Type from = decayed(TRY(emit(node.children[0])));
    if (!from.is_number())
        return failure(
            "a cast to `" + escaped(node.text) + "` takes a number, not " + text_of(from), node.position);
    const bool is_constant = this->is_constant(begin, here());
    if (types.resolved(*id).kind == Kind::Bool) {
        if (is_float(from.number)) {
            CHECK(step(steps::constant, node, 0, 1, 0));
            CHECK(step(steps::binary("!=", from.number), node, 2, 1));
        } else
            CHECK(step(steps::is_not_zero, node, 1, 1));
    } else {
        convert_at(here(), node, from.number, scalar->kind);
        if (narrow_bits(scalar->word) != 0)
            CHECK(step(steps::narrow(scalar->word), node, 1, 1));
    }
    if (is_constant)
        CHECK(fold(begin));
    return Type::of(scalar->kind, *id);
}

Result<Type> Compiler::emit_size_of(const Node& node)
{
    source::TypeId type {};
    if (!node.children.empty()) {
        // Only the type counts: drop the steps.
        const size_t begin = here();
        const uint32_t slots = slots_;
        if (const auto place = TRY(source_place(node.children[0])))
            type = place->type;
        else
            type = TRY(emit(node.children[0])).source;
        program_.steps.resize(begin);
        slots_ = slots;
    } else if (const auto found = names_.types().find_text(node.text))
        type = *found;
    const auto size = names_.types().size_of(type);
    if (!size)
        return failure("the size is not known", node.position);
    CHECK(step(steps::constant, node, 0, 1, *size));
    return Type::of(address_kind());
}

// -- Operators

/// Turns a pointer to characters or a string of a library, which was left at `at`, into its text.
Result<bool> Compiler::become_text(const Node& node, Type& type, size_t at)
{
    if (type.kind == Type::Kind::Aggregate && is_text_container(names_.types(), type.source)) {
        program_.containers.push_back(std::make_shared<const Container>(Container {
            .symbols = names_.shared_types(), .type = type.source, .memory = scope_.source.memory }));
        program_.steps.insert(program_.steps.begin() + static_cast<ptrdiff_t>(at),
            { steps::contained_text, program_.containers.size() - 1, 0, node.position });
        if (++slots_ > Program::max_slots)
            return failure("too deeply nested", node.position);
        type = { .kind = Type::Kind::Text };
        return true;
    }
    const Type pointer = decayed(type);
    const auto target = target_of_pointer(pointer);
    if (!target || !names_.types().is_character(*target))
        return false;
    program_.steps.insert(program_.steps.begin() + static_cast<ptrdiff_t>(at),
        { steps::load("cstr"), scope_.source.memory, 0, node.position });
    if (++slots_ > Program::max_slots)
        return failure("too deeply nested", node.position);
    type = { .kind = Type::Kind::Text };
    return true;
}

/// Operators on pointers and texts of the source. Gives nothing, and types without those of the
/// source, if the operands are numbers like all others.
Result<std::optional<Type>> Compiler::emit_source_binary(
    const Node& node, Type& left, Type& right, size_t, size_t& middle)
{
    const bool is_equality = node.word == "==" || node.word == "!=";
    const auto is_string = [this](const Type& type) {
        return type.kind == Type::Kind::Aggregate && is_text_container(names_.types(), type.source);
    };
    if (is_equality && is_string(left) && is_string(right)) {
        CHECK(become_text(node, right, here()));
        CHECK(become_text(node, left, middle));
        return std::nullopt;
    }
    if (is_equality && left.kind == Type::Kind::Text && TRY(become_text(node, right, here())))
        return std::nullopt;
    if (is_equality && right.kind == Type::Kind::Text && TRY(become_text(node, left, middle)))
        return std::nullopt;
    left = decayed(left);
    right = decayed(right);
    // `null` is 0 beside a pointer.
    const auto is_null = [](const Type& type) {
        return type.is_reference() && type.reference.heap() == HeapKind::None;
    };
    if (target_of_pointer(left) && is_null(right))
        right = Type::of(left.number);
    else if (target_of_pointer(right) && is_null(left))
        left = Type::of(right.number);
    if (!left.is_number() || !right.is_number())
        return std::nullopt;
    if (node.word == "+" || node.word == "-")
        if (auto type = TRY(emit_pointers(node, left, right, middle)))
            return type;
    left.source = right.source = {};
    return std::nullopt;
}

Result<std::optional<Type>> Compiler::emit_pointers(
    const Node& node, const Type& left, const Type& right, size_t middle)
{
    const auto target = target_of_pointer(left), other = target_of_pointer(right);
    if (!target && !other)
        return std::nullopt;
    const bool is_wide = address_kind() == NumberKind::U64;
    // As in GNU C, the elements of a `void *` have one byte.
    const auto size_of = [this](source::TypeId type) {
        return type == source::TypeId {} ? 1 : names_.types().size_of(type).value_or(0);
    };
    const uint64_t size = size_of(target ? *target : *other);
    if (size == 0)
        return failure("the size of what the pointer points to is not known", node.position);
    if (target && other) {
        if (node.word != "-" || size_of(*other) != size)
            return failure("`" + std::string(node.word) + "` does not apply to " + text_of(left) + " and "
                    + text_of(right),
                node.position);
        const NumberKind kind = is_wide ? NumberKind::I64 : NumberKind::I32;
        CHECK(step(steps::binary("-", kind), node, 2, 1));
        if (size != 1) {
            CHECK(step(steps::constant, node, 0, 1, size));
            CHECK(step(steps::binary("/", kind), node, 2, 1));
        }
        return Type::of(kind);
    }
    const Type& number = target ? right : left;
    if (!number.is_integer() || (other && node.word == "-"))
        return failure(
            "`" + std::string(node.word) + "` does not apply to " + text_of(left) + " and " + text_of(right),
            node.position);
    CHECK(scale(node, target ? here() : middle, number.number, size));
    CHECK(step(steps::binary(node.word, address_kind()), node, 2, 1));
    return Type::of(address_kind(), (target ? left : right).source);
}

/// Converts the index that was left at `at` to an offset from an address.
Result<void> Compiler::scale(const Node& node, size_t at, NumberKind from, uint64_t size)
{
    // A negative index must stay one in a 64-bit memory.
    const NumberKind kind = address_kind();
    std::vector<Step> added;
    if (const Step::Run run = steps::convert(from, kind))
        added.push_back({ run, 0, 0, node.position });
    if (size != 1) {
        added.push_back({ steps::constant, size, 0, node.position });
        added.push_back({ steps::binary("*", kind), 0, 0, node.position });
    }
    if (slots_ + 1 > Program::max_slots)
        return failure("too deeply nested", node.position);
    program_.steps.insert(program_.steps.begin() + static_cast<ptrdiff_t>(at), added.begin(), added.end());
    return {};
}

} // namespace vitrine::core::eval
