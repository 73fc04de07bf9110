// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "eval/compiler.h"

#include "base/text.h"
#include "eval/steps.h"

#include <algorithm>

namespace vitrine::core::eval {

namespace {

using PartKind = LocationPart::Kind;

/// Whether a part of a variable is a local, a global or an operand.
bool is_entity(const LocationPart& part)
{
    return part.kind == PartKind::Value
        && (part.node.syntax == Syntax::Local || part.node.syntax == Syntax::Global
            || part.node.syntax == Syntax::Operand);
}

/// `local 3`
std::string entity_text(const Node& node)
{
    const std::string index = std::to_string(
        node.syntax == Syntax::Operand ? node.children[0].number : node.selector.index.value_or(0));
    return node.syntax == Syntax::Local ? "local " + index + " (`$" + index + "`)"
        : node.syntax == Syntax::Global ? "global " + index + " (`global[" + index + "]`)"
                                        : "operand " + index + " (`stack[" + index + "]`)";
}

/// Where the variable is, for messages.
std::string where(const SourcePlace& place)
{
    const auto& parts = *place.parts;
    if (parts.size() > 1)
        return "is in several places";
    if (is_entity(parts[0]))
        return "is in " + entity_text(parts[0].node);
    return parts[0].kind == PartKind::Missing ? "is " + parts[0].why
        : parts[0].kind == PartKind::Value    ? "is computed from other values"
                                              : "is a constant";
}

/// Offsets beyond are outside of all variables.
constexpr uint64_t max_offset = uint64_t { 1 } << 48;

struct Bits {
    uint64_t begin, size;
    uint64_t end() const { return begin + size; }
};

/// The bits of the place in its variable.
Bits bits_of(const SourcePlace& place, uint64_t bytes)
{
    return { place.offset * 8 + place.bit_offset, place.bit_size != 0 ? place.bit_size : bytes * 8 };
}

std::vector<const LocationPart*> parts_of(const SourcePlace& place, const Bits& bits)
{
    std::vector<const LocationPart*> found;
    if (place.offset > max_offset)
        return found;
    for (const LocationPart& part : *place.parts)
        if (part.bit_begin < bits.end() && bits.begin < part.bit_end())
            found.push_back(&part);
    return found;
}

constexpr Scalar raw_64 { "u64", NumberKind::U64 };

} // namespace

std::unexpected<Error> Compiler::missing(
    const Node& node, const SourcePlace& place, const LocationPart& part) const
{
    return failure("`" + escaped(place.name) + "` is " + part.why, node.position);
}

Result<Type> Compiler::emit_parts(const Node& node, const SourcePlace& place, const Scalar& scalar)
{
    const Bits bits = bits_of(place, names_.types().size_of(place.type).value_or(0));
    const auto parts = parts_of(place, bits);
    if (parts.empty())
        return failure("that is outside of `" + escaped(place.name) + "`", node.position);
    if (parts.size() == 1) {
        const uint64_t shift = std::max(bits.begin, parts[0]->bit_begin) - parts[0]->bit_begin;
        CHECK(emit_part(node, place, *parts[0], shift, bits.size, scalar));
        return Type::of(scalar.kind, place.type);
    }
    // Join what the parts have.
    for (const LocationPart* part : parts) {
        const uint64_t begin = std::max(bits.begin, part->bit_begin);
        const uint64_t end = std::min(bits.end(), part->bit_end());
        CHECK(emit_part(node, place, *part, begin - part->bit_begin, end - begin, raw_64));
        CHECK(step(steps::constant, node, 0, 1, begin - bits.begin));
        CHECK(step(steps::binary("<<", NumberKind::U64), node, 2, 1));
        if (part != parts[0])
            CHECK(step(steps::binary("|", NumberKind::U64), node, 2, 1));
    }
    CHECK(extract(node, NumberKind::U64, 0, std::min<uint64_t>(bits.size, 64), scalar));
    return Type::of(scalar.kind, place.type);
}

/// Emits `bits` bits of a part, from `shift` on, as a number of the type.
Result<void> Compiler::emit_part(const Node& node, const SourcePlace& place, const LocationPart& part,
    uint64_t shift, uint64_t bits, const Scalar& scalar)
{
    shift += part.bit_offset;
    switch (part.kind) {
    case PartKind::Missing: return missing(node, place, part);
    case PartKind::Bytes: {
        uint64_t value = 0;
        for (uint64_t i = 0; i < 8 && shift / 8 + i < part.bytes.size(); ++i)
            value |= uint64_t { part.bytes[shift / 8 + i] } << 8 * i;
        CHECK(step(steps::constant, node, 0, 1, value));
        const size_t at = here() - 1;
        CHECK(extract(node, NumberKind::U64, shift % 8, bits, scalar));
        return fold(at);
    }
    case PartKind::Address: {
        SourcePlace memory { .offset = shift / 8,
            .bit_offset = static_cast<uint32_t>(shift % 8),
            .bit_size = static_cast<uint32_t>(std::min<uint64_t>(bits, 64)),
            .memory = scope_.source.memory };
        CHECK(emit(part.node));
        CHECK(emit_offset(node, memory));
        CHECK(emit_bit_field(node, memory, scalar));
        return {};
    }
    case PartKind::Value: {
        const size_t at = here();
        const Type type = TRY(emit(part.node));
        if (!type.is_number())
            return failure("`" + escaped(place.name) + "` is in a value of " + text_of(type), node.position);
        const bool is_constant = this->is_constant(at, here());
        CHECK(extract(node, is_wide(type.number) ? NumberKind::U64 : NumberKind::U32, shift, bits, scalar));
        return is_constant ? fold(at) : Result<void>();
    }
    }
    std::unreachable();
}

// -- Assignments

Result<void> Compiler::assign_parts(const Node& node, const SourcePlace& place, const Node& value)
{
    const auto scalar = names_.types().scalar_of(names_.types().resolved(place.type));
    if (!scalar)
        return failure(
            names_.types().name_of(place.type) + " is not a number: assign its members or elements",
            node.position);
    const Bits bits = bits_of(place, names_.types().size_of(place.type).value_or(0));
    const auto parts = parts_of(place, bits);
    if (parts.empty())
        return failure("that is outside of `" + escaped(place.name) + "`", node.position);
    for (const LocationPart* part : parts) {
        if (part->kind == PartKind::Missing)
            return missing(node, place, *part);
        if (part->kind != PartKind::Address && !is_entity(*part))
            return failure("`" + escaped(place.name) + "` cannot be set: it " + where(place), node.position);
    }
    Target shape { .type = Type::of(scalar->kind, place.type), .read = nullptr, .write = nullptr };
    shape.bits = place.bit_size != 0 ? place.bit_size : narrow_bits(scalar->word);
    for (const LocationPart* part : parts) {
        const uint64_t begin = std::max(bits.begin, part->bit_begin);
        const uint64_t end = std::min(bits.end(), part->bit_end());
        CHECK(
            assign_part(node, *part, begin - part->bit_begin, end - begin, value, begin - bits.begin, shape));
    }
    return {};
}

/// Writes `bits` bits of the value, from `value_shift` on, to a part.
Result<void> Compiler::assign_part(const Node& node, const LocationPart& part, uint64_t part_shift,
    uint64_t bits, const Node& value, uint64_t value_shift, const Target& shape)
{
    const NumberKind kind = shape.type.number;
    part_shift += part.bit_offset;
    const auto emit_value = [&]() -> Result<void> {
        CHECK(emit_converted(value, shape));
        // As 64 bits, whatever its type.
        if (!is_wide(kind))
            convert_at(here(), node, NumberKind::U32, NumberKind::U64);
        return extract(node, NumberKind::U64, value_shift, bits, raw_64);
    };
    if (part.kind == PartKind::Address) {
        SourcePlace memory { .offset = part_shift / 8, .memory = scope_.source.memory };
        CHECK(emit(part.node));
        CHECK(emit_offset(node, memory));
        CHECK(emit_value());
        if (part_shift % 8 + bits > 64)
            return failure("a bit field over 9 bytes cannot be written", node.position);
        return step(
            steps::store_bits, node, 2, 0, memory.memory, static_cast<uint32_t>(part_shift % 8 | bits << 8));
    }
    const Target entity = TRY(target(part.node));
    if (!entity.type.is_number())
        return failure("the value is part of " + text_of(entity.type), node.position);
    if (!entity.write)
        return failure(entity.refusal, node.position);
    const bool is_wide_entity = is_wide(entity.type.number);
    const uint64_t width = is_wide_entity ? 64 : 32;
    const bool is_whole = part_shift == 0 && bits == part.bit_size && value_shift == 0;
    if (is_whole || (part_shift == 0 && value_shift == 0 && bits >= width)) {
        // With the sign that the type has.
        CHECK(emit_converted(value, shape));
        const auto scalar = names_.types().scalar_of(names_.types().resolved(shape.type.source));
        if (scalar && narrow_bits(scalar->word) != 0)
            CHECK(step(steps::narrow(scalar->word), node, 1, 1));
        const NumberKind raw = kind == NumberKind::F32 ? NumberKind::U32
            : kind == NumberKind::F64                  ? NumberKind::U64
                                                       : kind;
        convert_at(here(), node, raw, is_wide_entity ? NumberKind::U64 : NumberKind::U32);
    } else {
        const uint64_t mask = (bits >= 64 ? ~uint64_t { 0 } : (uint64_t { 1 } << bits) - 1) << part_shift;
        CHECK(step(entity.read, node, 0, 1, entity.operand, entity.extra));
        CHECK(step(steps::constant, node, 0, 1, is_wide_entity ? ~mask : static_cast<uint32_t>(~mask)));
        CHECK(step(steps::binary("&", NumberKind::U64), node, 2, 1));
        CHECK(emit_value());
        CHECK(step(steps::constant, node, 0, 1, part_shift));
        CHECK(step(steps::binary("<<", NumberKind::U64), node, 2, 1));
        CHECK(step(steps::binary("|", NumberKind::U64), node, 2, 1));
        if (!is_wide_entity)
            convert_at(here(), node, NumberKind::U64, NumberKind::U32);
    }
    return step(entity.write, node, 1, 0, entity.operand, entity.extra);
}

// -- Places to watch

Result<Compiler::Place> Compiler::watched_part(const Node& node, const SourcePlace& place) const
{
    const Bits bits = bits_of(place, names_.types().size_of(place.type).value_or(0));
    const auto parts = parts_of(place, bits);
    if (parts.size() == 1 && parts[0]->kind == PartKind::Missing)
        return missing(node, place, *parts[0]);
    if (parts.size() != 1 || !is_entity(*parts[0]) || parts[0]->node.syntax == Syntax::Operand)
        return failure("`" + escaped(place.name) + "` cannot be watched: it " + where(place), node.position);
    const Node& entity = parts[0]->node;
    const auto index = entity.syntax == Syntax::Local
        ? TRY(find_local(scope_, entity.selector, node.position))
        : TRY(find_entity(scope_, ExternKind::Global, entity.selector, node.position));
    return Place { entity.syntax, index };
}

// -- Addresses

Result<Type> Compiler::emit_address_of(const Node& node)
{
    auto place = TRY(source_place(node.children[0]));
    if (!place)
        return failure("`&` takes a variable, a member or an element of the source", node.position);
    if (!place->is_in_memory())
        return failure("`" + escaped(place->name) + "` has no address: it " + where(*place), node.position);
    if (place->bit_size != 0)
        return failure("a bit field has no address", node.position);
    CHECK(emit_offset(node, *place));
    return Type::of(address_kind(), names_.types().pointer_to(place->type));
}

} // namespace vitrine::core::eval
