// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "eval/compiler.h"

#include "base/text.h"
#include "eval/containers.h"
#include "eval/dotted_name.h"
#include "eval/steps.h"

#include <utility>

namespace vitrine::core::eval {

namespace {

using Kind = source::Type::Kind;

/// How many pointers a `.` follows.
constexpr int max_followed = 8;
bool is_pointer(const source::Type& type)
{
    return type.kind == Kind::Pointer || type.kind == Kind::Reference;
}

std::string quoted(std::string_view name) { return "`" + escaped(name) + "`"; }

/// An element of a `std::tuple`, whose base class has a base class for each of them.
std::optional<FoundMember> tuple_element(SourceTypes& types, source::TypeId tuple, uint64_t index)
{
    for (const source::Member& leaf : types.resolved(tuple).members) {
        if (!leaf.is_base_class || index-- != 0)
            continue;
        // A leaf derives from an element that has no size.
        auto value = types.find_member(types.resolved(leaf.type), "__value_");
        if (!value)
            value = FoundMember { .type = leaf.type };
        value->offset += leaf.offset;
        return value;
    }
    return std::nullopt;
}

/// A static member of a class, or of one that it derives from.
// NOLINTNEXTLINE(misc-no-recursion): at most max_bases deep.
std::optional<source::Variable> static_member(
    SourceNames& names, const source::Type& type, const std::string& name, uint32_t depth = 0)
{
    constexpr uint32_t max_bases = 8;
    if (type.name.empty() || depth == max_bases)
        return std::nullopt;
    if (auto found = names.find_scoped(type.name + "::" + name, {}, 0))
        return *std::move(found);
    for (const source::Member& base : type.members)
        if (base.is_base_class)
            if (auto found = static_member(names, names.types().resolved(base.type), name, depth + 1))
                return found;
    return std::nullopt;
}

/// `this->name`
Node own_member_node(const std::string& name, uint32_t position)
{
    Node self { .syntax = Syntax::Name, .position = position };
    self.selector.is_given = true;
    self.selector.name = "this";
    Node member { .syntax = Syntax::Member, .position = position };
    member.text = name;
    member.children.push_back(std::move(self));
    return member;
}

} // namespace

// -- Names

// NOLINTNEXTLINE(misc-no-recursion): nodes are not nested deep.
std::string dotted_name(const Node& node)
{
    if (node.syntax == Syntax::Name && !node.selector.is_wasm)
        return node.selector.name;
    const std::string first = node.syntax == Syntax::Member ? dotted_name(node.children[0]) : "";
    return first.empty() ? "" : first + "." + node.text;
}

Result<SourcePlace> Compiler::variable_place(const Node& node, const source::Variable& variable)
{
    using VariableKind = source::Variable::Kind;
    const bool is_local = variable.kind == VariableKind::Parameter || variable.kind == VariableKind::Local;
    if (is_local && scope_.function) {
        program_.function = &module_.meta(*scope_.function);
        program_.offset = scope_.offset;
    }
    SourcePlace place { .type = variable.type, .memory = scope_.source.memory, .name = variable.name };
    auto parts = names_.locate(variable, node.position);
    if (parts.size() == 1 && parts[0].kind == LocationPart::Kind::Address && parts[0].bit_offset == 0)
        CHECK(emit(parts[0].node));
    else
        place.parts = std::make_shared<const std::vector<LocationPart>>(std::move(parts));
    return followed(node, std::move(place));
}

Result<std::optional<SourcePlace>> Compiler::name_place(const Node& node)
{
    const std::string& name = node.selector.name;
    if (node.selector.is_wasm || !names_.has_symbols() || node.word == ".")
        return std::nullopt;
    if (name != "this" && !names_.is_local(name) && names_.has_own_member(name)) {
        const Node member = own_member_node(name, node.position);
        return member_place(member);
    }
    const auto variable = TRY(names_.find(name, node.position));
    if (!variable)
        return std::nullopt;
    return TRY(variable_place(node, *variable));
}

Result<std::optional<SourcePlace>> Compiler::scoped_place(const Node& node)
{
    if (!names_.has_symbols())
        return failure("there is no debug information: only names of WebAssembly are known", node.position);
    auto variable = names_.find_scoped(node.selector.name, node.text, node.position);
    if (variable)
        return TRY(variable_place(node, *variable));
    const bool is_other = node.text.empty()
        && (names_.find_enumerator(node.selector.name)
            || TRY(names_.find_function(node.selector.name, node.position)));
    if (is_other)
        return std::nullopt;
    return std::unexpected(std::move(variable).error());
}

/// The place that a reference refers to.
Result<SourcePlace> Compiler::followed(const Node& node, SourcePlace place)
{
    if (names_.types().resolved(place.type).kind != Kind::Reference)
        return place;
    return pointee(node, std::move(place));
}

// -- Pointers

/// What a pointer points to, once its value is on the stack.
Result<SourcePlace> Compiler::pointee_of(const Node& node, source::TypeId pointer)
{
    const source::Type type = names_.types().resolved(pointer);
    if (type.target == source::TypeId {})
        return failure("a `void *` has no target: say what it points to, as in `(int *)p`", node.position);
    return SourcePlace { .type = type.target, .memory = scope_.source.memory };
}

Result<SourcePlace> Compiler::pointee(const Node& node, SourcePlace pointer)
{
    const source::TypeId type = pointer.type;
    CHECK(emit_source_value(node, std::move(pointer)));
    return pointee_of(node, type);
}

/// The place of an object, or the target of a pointer that is not in a place. None if the object
/// is a reference of WebAssembly, which is on the stack then.
Result<std::optional<SourcePlace>> Compiler::object_place(const Node& node)
{
    if (auto place = TRY(source_place(node.children[0])))
        return place;
    const Type type = TRY(emit(node.children[0]));
    if (target_of_pointer(type))
        return TRY(pointee_of(node, type.source));
    if (type.kind == Type::Kind::Aggregate)
        return SourcePlace { .type = type.source, .memory = scope_.source.memory };
    object_ = type;
    return std::nullopt;
}

Result<SourcePlace> Compiler::dereferenced_place(const Node& node)
{
    const Node& object = node.children[0];
    auto place = TRY(source_place(object));
    if (!place) {
        const Type type = TRY(emit(object));
        if (!target_of_pointer(type))
            return failure(
                "`*` takes a pointer of the source, not " + text_of(type) + ": memory is read with `i32[..]`",
                node.position);
        return followed(node, TRY(pointee_of(node, type.source)));
    }
    const source::Type type = names_.types().resolved(place->type);
    if (is_pointer(type))
        return followed(node, TRY(pointee(node, std::move(*place))));
    if (auto target = TRY(smart_target(node, *place)))
        return *std::move(target);
    if (type.kind != Kind::Array)
        return failure("`*` takes a pointer, not " + names_.types().name_of(place->type), node.position);
    place->type = names_.types().element_of(type);
    return std::move(*place);
}

// -- Members

Result<std::optional<SourcePlace>> Compiler::member_place(const Node& node)
{
    if (const std::string dotted = dotted_name(node); !dotted.empty()) {
        const Node* first = &node;
        while (first->syntax == Syntax::Member)
            first = &first->children[0];
        // Zig puts dots between scopes.
        if (is_unresolved_name(*first)) {
            if (const auto variable = names_.find_scoped(dotted, {}, node.position))
                return TRY(variable_place(node, *variable));
            if (names_.find_enumerator(dotted))
                return std::nullopt;
        }
    }
    const size_t begin = here();
    const uint32_t slots = slots_;
    auto object = TRY(object_place(node));
    if (!object)
        return std::nullopt;
    SourcePlace place = std::move(*object);
    SourceTypes& types = names_.types();
    for (int i = 0; i < max_followed; ++i) {
        const source::Type type = types.resolved(place.type);
        if (is_pointer(type)) {
            place = TRY(pointee(node, std::move(place)));
            continue;
        }
        if (types.find_member(type, node.text))
            break;
        // The fields of a tagged union of Zig.
        if (const auto payload = types.find_member(type, "payload"); payload
            && type.language == source::Language::Zig && types.resolved(payload->type).kind == Kind::Union
            && types.find_member(types.resolved(payload->type), node.text)) {
            place.type = payload->type;
            place.offset += payload->offset;
            break;
        }
        auto target = TRY(smart_target(node, place));
        if (!target)
            break;
        place = *std::move(target);
    }
    const source::Type type = types.resolved(place.type);
    if (type.language == source::Language::Cpp && !types.find_member(type, node.text))
        if (const auto variable = static_member(names_, type, node.text)) {
            // The object does not matter.
            program_.steps.resize(begin);
            slots_ = slots;
            return TRY(variable_place(node, *variable));
        }
    return TRY(member_of(node, std::move(place)));
}

Result<SourcePlace> Compiler::member_of(const Node& node, SourcePlace place)
{
    SourceTypes& types = names_.types();
    const source::Type type = types.resolved(place.type);
    if (type.kind != Kind::Struct && type.kind != Kind::Union)
        return failure(types.name_of(place.type) + " has no members", node.position);
    const auto member = types.find_member(type, node.text);
    if (!member)
        return failure(types.name_of(place.type) + " has no member " + quoted(node.text)
                + types.near_members(type, node.text),
            node.position);
    place.type = member->type;
    place.offset += member->offset + member->bit_offset / 8;
    place.bit_offset = member->bit_offset % 8;
    place.bit_size = member->bit_size;
    if (place.bit_size > 64)
        return failure("the bit field " + quoted(node.text) + " is too wide", node.position);
    return followed(node, std::move(place));
}

// -- Elements

Result<std::optional<SourcePlace>> Compiler::element_place(const Node& node)
{
    if (auto place = TRY(source_place(node.children[0])))
        return TRY(element_of(node, std::move(*place)));
    const Type type = TRY(emit(node.children[0]));
    if (type.kind == Type::Kind::Aggregate)
        return TRY(element_of(node, { .type = type.source, .memory = scope_.source.memory }));
    if (!target_of_pointer(type)) {
        object_ = type;
        return std::nullopt;
    }
    SourcePlace place = TRY(pointee_of(node, type.source));
    // As if the target were an array of them.
    place.type = names_.types().array_of(place.type, 0);
    return TRY(element_of(node, std::move(place)));
}

Result<SourcePlace> Compiler::element_of(const Node& node, SourcePlace place)
{
    SourceTypes& types = names_.types();
    place = TRY(indexed_object(node, std::move(place)));
    source::Type type = types.resolved(place.type);
    // The elements of an `std::array` in locals have no address.
    if (const auto elements = place.is_in_memory() ? std::nullopt : types.find_member(type, "__elems_")) {
        place.type = elements->type;
        place.offset += elements->offset;
        type = types.resolved(place.type);
    }
    if (type.kind == Kind::Struct) {
        const auto indexing = source::indexing_of(types, place.type);
        if (const auto tuple = indexing ? std::nullopt : types.find_member(type, "__base_")) {
            const uint64_t index = TRY(constant_index(node.children[1]));
            const auto element = tuple_element(types, tuple->type, index);
            if (!element)
                return failure("there is no element " + std::to_string(static_cast<int64_t>(index)) + " in "
                        + types.name_of(place.type),
                    node.position);
            place.type = element->type;
            place.offset += tuple->offset + element->offset;
            return followed(node, std::move(place));
        }
        if (!indexing)
            return failure(types.name_of(place.type) + " has no elements", node.position);
        const bool is_slice = types.find_member(type, "data_ptr") || types.find_member(type, "ptr");
        return is_slice && !place.is_in_memory() ? slice_element(node, std::move(place))
                                                 : contained_element(node, std::move(place), *indexing);
    }
    if (is_pointer(type))
        place = TRY(pointee(node, std::move(place)));
    else if (type.kind == Kind::Array)
        place.type = types.element_of(type);
    else
        return failure(types.name_of(place.type) + " has no elements", node.position);
    const auto size = types.size_of(place.type);
    if (!size)
        return failure("the size of " + types.name_of(place.type) + " is not known", node.position);

    const size_t begin = here();
    const Type index = TRY(emit(node.children[1]));
    if (!index.is_integer())
        return failure("an index is an integer, not " + text_of(index), node.children[1].position);
    if (is_constant(begin, here())) {
        convert_at(here(), node, index.number, NumberKind::I64);
        CHECK(fold(begin));
        place.offset += program_.steps.back().operand * *size;
        program_.steps.pop_back();
        --slots_;
        return followed(node, std::move(place));
    }
    if (!place.is_in_memory())
        return failure(quoted(place.name) + " is not in memory: its index must be a constant", node.position);
    CHECK(scale(node, here(), index.number, *size));
    CHECK(step(steps::binary("+", address_kind()), node, 2, 1));
    return followed(node, std::move(place));
}

Result<SourcePlace> Compiler::range_place(const Node& node)
{
    SourceTypes& types = names_.types();
    const Node& first = node.children[0];
    SourcePlace place;
    if (first.syntax == Syntax::Memory) {
        const Target target = TRY(memory_target(first));
        place.type = types.of_word(first.word);
        place.memory = static_cast<uint32_t>(target.operand);
        if (place.type == source::TypeId {})
            return failure("there are no ranges of `" + std::string(first.word) + "`", node.position);
        if (!module_.memories[MemoryIndex { place.memory }].type.limits.is_64)
            convert_at(here(), node, NumberKind::U32, address_kind());
    } else if (auto found = TRY(source_place(first)))
        place = std::move(*found);
    else
        return failure("`@` takes the first element, such as `p[0]` or `i32[16]`", node.position);
    if (!place.is_in_memory() || place.bit_size != 0 || !types.size_of(place.type))
        return failure("`@` takes an element that is in memory", node.position);
    CHECK(emit_offset(node, place));
    const size_t begin = here();
    CHECK(emit_index(node.children[1], false));
    if (!is_constant(begin, here())) {
        if (&node != whole_)
            return failure("the number behind `@` must be a constant, unless the range is all that is shown",
                node.children[1].position);
        place.type = types.array_of(place.type, 0);
        place.is_counted = true;
        return place;
    }
    const uint64_t count = program_.steps.back().operand;
    program_.steps.pop_back();
    --slots_;
    if (!is_range(count))
        return failure(range_refusal(), node.position);
    place.type = types.array_of(place.type, count);
    return place;
}

Result<std::optional<SourcePlace>> Compiler::source_place(const Node& node)
{
    if (object_)
        return std::nullopt;
    switch (node.syntax) {
    case Syntax::Name: return name_place(node);
    case Syntax::Scoped: return scoped_place(node);
    case Syntax::Member: return member_place(node);
    case Syntax::Deref: return TRY(dereferenced_place(node));
    case Syntax::Part: return element_place(node);
    case Syntax::Range: return TRY(range_place(node));
    default: return std::nullopt;
    }
}

// -- Values and targets

Result<void> Compiler::emit_offset(const Node& node, SourcePlace& place)
{
    const NumberKind kind = address_kind();
    const uint64_t offset = kind == NumberKind::U32 ? static_cast<uint32_t>(place.offset) : place.offset;
    place.offset = 0;
    if (offset == 0)
        return {};
    CHECK(step(steps::constant, node, 0, 1, offset));
    return step(steps::binary("+", kind), node, 2, 1);
}

Result<Type> Compiler::emit_source_value(const Node& node, SourcePlace place)
{
    const source::Type type = names_.types().resolved(place.type);
    const auto scalar = names_.types().scalar_of(type);
    if (!place.is_in_memory()) {
        if (scalar)
            return emit_parts(node, place, *scalar);
        if (!is_text_container(names_.types(), place.type))
            return failure(quoted(place.name) + " is not in memory, and no number", node.position);
        Container container = TRY(emit_container(node, std::move(place)));
        CHECK(contained(node, std::move(container), steps::contained_text, 0));
        ++slots_;
        return Type { .kind = Type::Kind::Text };
    }
    CHECK(emit_offset(node, place));
    if (!scalar)
        return Type { .kind = Type::Kind::Aggregate, .source = place.type };
    if (place.bit_size != 0)
        return emit_bit_field(node, place, *scalar);
    CHECK(step(steps::load(scalar->word), node, 1, 1, place.memory));
    return Type::of(scalar->kind, place.type);
}

/// The address of the byte with its first bit is on the stack.
Result<Type> Compiler::emit_bit_field(const Node& node, const SourcePlace& place, const Scalar& scalar)
{
    const uint32_t bits = place.bit_offset + place.bit_size;
    if (bits > 64)
        return failure("a bit field over 9 bytes cannot be read", node.position);
    const std::string_view word = bits <= 8 ? "u8" : bits <= 16 ? "u16" : bits <= 32 ? "u32" : "u64";
    CHECK(step(steps::load(word), node, 1, 1, place.memory));
    CHECK(extract(
        node, bits <= 32 ? NumberKind::U32 : NumberKind::U64, place.bit_offset, place.bit_size, scalar));
    return Type::of(scalar.kind, place.type);
}

/// Turns the bits from `shift` on of a number into one of that type.
Result<void> Compiler::extract(
    const Node& node, NumberKind from, uint64_t shift, uint64_t bits, const Scalar& to)
{
    // The bits of a float are those of an integer as they are.
    bool is_wide = eval::is_wide(from);
    const bool is_signed = to.word.starts_with('i');
    const uint64_t width = is_wide ? 64 : 32;
    bits = shift < width ? std::min(bits, width - shift) : 0;
    const auto shift_by = [&](std::string_view sign, bool is_arithmetic, uint64_t count) -> Result<void> {
        if (count == 0)
            return {};
        const NumberKind kind = is_arithmetic ? (is_wide ? NumberKind::I64 : NumberKind::I32)
                                              : (is_wide ? NumberKind::U64 : NumberKind::U32);
        CHECK(step(steps::constant, node, 0, 1, count));
        return step(steps::binary(sign, kind), node, 2, 1);
    };
    if (bits == 0) {
        CHECK(step(steps::constant, node, 0, 1, 0));
        CHECK(step(steps::binary("&", NumberKind::U64), node, 2, 1));
    } else if (shift == 0 && is_wide && bits <= 32) {
        convert_at(here(), node, NumberKind::U64, NumberKind::U32);
        is_wide = false;
        if (bits < 32)
            return extract(node, NumberKind::U32, 0, bits, to);
    } else if (shift == 0 && !is_wide && (bits == 8 || bits == 16))
        CHECK(step(
            steps::narrow(bits == 8 ? (is_signed ? "i8" : "u8") : (is_signed ? "i16" : "u16")), node, 1, 1));
    else {
        CHECK(shift_by("<<", false, width - shift - bits));
        CHECK(shift_by(">>", is_signed, width - bits));
    }
    const NumberKind has = is_wide ? (is_signed ? NumberKind::I64 : NumberKind::U64)
                                   : (is_signed ? NumberKind::I32 : NumberKind::U32);
    const NumberKind wants = to.kind == NumberKind::F32 ? NumberKind::U32
        : to.kind == NumberKind::F64                    ? NumberKind::U64
                                                        : to.kind;
    convert_at(here(), node, has, wants);
    return {};
}

/// A place in memory as one that can be written.
Result<Target> Compiler::source_target(const Node& node, SourcePlace place)
{
    const auto scalar = names_.types().scalar_of(names_.types().resolved(place.type));
    if (!scalar)
        return failure(
            names_.types().name_of(place.type) + " is not a number: assign its members or elements",
            node.position);
    CHECK(emit_offset(node, place));
    Target target { Type::of(scalar->kind, place.type), steps::load(scalar->word), steps::store(scalar->word),
        place.memory, 0, 1, {}, narrow_bits(scalar->word) };
    if (place.bit_size == 0)
        return target;
    if (place.bit_offset + place.bit_size > 64)
        return failure("a bit field over 9 bytes cannot be written", node.position);
    target.read = nullptr;
    target.write = steps::store_bits;
    target.extra = place.bit_offset | place.bit_size << 8;
    target.bits = place.bit_size;
    return target;
}

} // namespace vitrine::core::eval
