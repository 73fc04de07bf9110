// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Elements of containers, and what smart pointers point to.
#include "eval/compiler.h"

#include "base/text.h"
#include "eval/containers.h"
#include "eval/steps.h"

#include <utility>

namespace vitrine::core::eval {

namespace {

using Kind = source::Type::Kind;

/// Larger containers that are not in memory are refused.
constexpr uint64_t max_words = 32;

bool is_pointer(const source::Type& type)
{
    return type.kind == Kind::Pointer || type.kind == Kind::Reference;
}

} // namespace

/// The object that an index is for: behind references of Rust and Zig, and behind smart pointers.
Result<SourcePlace> Compiler::indexed_object(const Node& node, SourcePlace place)
{
    constexpr int max_followed = 8;
    SourceTypes& types = names_.types();
    for (int i = 0; i < max_followed; ++i) {
        const source::Type type = types.resolved(place.type);
        const bool has_references = type.language == source::Language::Rust
            ? !type.name.starts_with('*')
            : type.language == source::Language::Zig;
        if (type.kind == Kind::Pointer && has_references && !source::indexing_of(types, place.type)) {
            const source::Type target = types.resolved(type.target);
            if (target.kind != Kind::Array && !source::indexing_of(types, type.target)
                && !(is_pointer(target) && type.language == source::Language::Rust))
                return place;
            place = TRY(pointee(node, std::move(place)));
            continue;
        }
        if (auto target = TRY(smart_target(node, place)))
            place = *std::move(target);
        else
            return place;
        // `unique_ptr<T[]>`
        if (type.language == source::Language::Cpp && !source::indexing_of(types, place.type))
            place.type = types.array_of(place.type, 0);
    }
    return place;
}

/// What a smart pointer points to. Nothing if the place is none.
Result<std::optional<SourcePlace>> Compiler::smart_target(const Node& node, const SourcePlace& pointer)
{
    SourceTypes& types = names_.types();
    if (types.resolved(pointer.type).kind != Kind::Struct)
        return std::nullopt;
    const auto path = source::pointee_path(types, pointer.type);
    if (!path)
        return std::nullopt;
    SourcePlace place = pointer;
    if (path->empty()) {
        const source::Type type = types.resolved(place.type);
        auto value = types.find_member(type, "__val_");
        if (!value)
            value = types.find_member(type, "payload");
        if (!value)
            return std::nullopt;
        Container container = TRY(emit_container(node, std::move(place)));
        CHECK(contained(node, std::move(container), steps::contained_value, 0));
        return TRY(followed(node, { .type = value->type, .memory = scope_.source.memory }));
    }
    for (std::string_view rest = *path; !rest.empty();) {
        const std::string_view name = rest.substr(0, rest.find('.'));
        rest.remove_prefix(std::min(name.size() + 1, rest.size()));
        const source::Type type = types.resolved(place.type);
        if (name == "*") {
            if (!is_pointer(type))
                return failure(types.name_of(pointer.type) + " cannot be followed: what it points to has no"
                        + " fixed size",
                    node.position);
            place = TRY(pointee(node, std::move(place)));
            continue;
        }
        const auto member = types.find_member(type, name);
        if (!member)
            return std::nullopt;
        place.type = member->type;
        place.offset += member->offset;
    }
    return followed(node, std::move(place));
}

/// Emits the value that a formatter looks at: its address or, if it is not in memory, its words.
Result<Container> Compiler::emit_container(const Node& node, SourcePlace place)
{
    SourceTypes& types = names_.types();
    Container container { .symbols = names_.shared_types(), .type = place.type, .memory = place.memory };
    if (place.is_in_memory()) {
        CHECK(emit_offset(node, place));
        return container;
    }
    const uint64_t bytes = types.size_of(place.type).value_or(0);
    container.words = static_cast<uint32_t>((bytes + 3) / 4);
    if (bytes == 0 || container.words > max_words)
        return failure("`" + escaped(place.name) + "` is not in memory, and too large", node.position);
    container.missing.resize(bytes);
    SourcePlace word = place;
    word.type = types.of_word("u32");
    const Scalar scalar { "u32", NumberKind::U32 };
    for (uint32_t i = 0; i < container.words; ++i, word.offset += 4) {
        const size_t begin = here();
        const uint32_t slots = slots_;
        if (emit_parts(node, word, scalar))
            continue;
        // The formatter may do without this one.
        program_.steps.resize(begin);
        slots_ = slots;
        CHECK(step(steps::constant, node, 0, 1, 0));
        for (uint64_t at = uint64_t { i } * 4; at < std::min(bytes, uint64_t { i } * 4 + 4); ++at)
            container.missing[at] = 1;
    }
    return container;
}

/// Replaces a container and a key by the address of what the formatter finds.
Result<void> Compiler::contained(const Node& node, Container container, Step::Run run, uint32_t key_slots)
{
    const uint32_t popped = std::max<uint32_t>(container.words, 1) + key_slots;
    program_.containers.push_back(std::make_shared<const Container>(std::move(container)));
    return step(run, node, popped, 1, program_.containers.size() - 1);
}

/// `container[index]`, where the formatter of the container knows its elements.
Result<SourcePlace> Compiler::contained_element(
    const Node& node, SourcePlace place, source::Indexing indexing)
{
    SourceTypes& types = names_.types();
    if (indexing.is_copied)
        return failure("the elements of " + types.name_of(place.type)
                + " are bits, which have no address: " + "print all of it",
            node.position);
    Container container = TRY(emit_container(node, std::move(place)));
    container.indexing = indexing;
    if (indexing.key != source::TypeId {}) {
        container.key_bytes = static_cast<uint32_t>(types.size_of(indexing.key).value_or(0));
        const uint32_t before = slots_;
        Step::Run run = nullptr;
        CHECK(emit_key(node.children[1], indexing, run));
        CHECK(contained(node, std::move(container), run, slots_ - before));
    } else {
        const Type index = TRY(emit(node.children[1]));
        if (!index.is_integer())
            return failure("an index is an integer, not " + text_of(index), node.children[1].position);
        convert_at(here(), node, index.number, NumberKind::I64);
        CHECK(contained(node, std::move(container), steps::contained_element, 1));
    }
    return followed(node, { .type = indexing.element, .memory = scope_.source.memory });
}

/// The key of a map as a number of its type, or as a text.
Result<void> Compiler::emit_key(const Node& node, const source::Indexing& indexing, Step::Run& run)
{
    SourceTypes& types = names_.types();
    const auto scalar = types.scalar_of(types.resolved(indexing.key));
    const source::TypeId outer = std::exchange(expected_enum_, indexing.key);
    Type type = TRY(emit(node));
    expected_enum_ = outer;
    if (!scalar || is_pointer(types.resolved(indexing.key))) {
        run = steps::contained_entry_of_text;
        if (type.kind == Type::Kind::Text || TRY(become_text(node, type, here())))
            return {};
        return failure("a key of " + types.name_of(indexing.key) + " is written as a text, such as `\"a\"`",
            node.position);
    }
    if (!type.is_number())
        return failure(
            "a key of " + types.name_of(indexing.key) + " is a number, not " + text_of(type), node.position);
    run = steps::contained_entry;
    convert_at(here(), node, type.number, scalar->kind);
    return {};
}

/// An element of a slice of Rust or Zig that is not in memory itself: a pointer and a length.
Result<SourcePlace> Compiler::slice_element(const Node& node, SourcePlace place)
{
    SourceTypes& types = names_.types();
    const source::Type type = types.resolved(place.type);
    const bool is_rust = type.language == source::Language::Rust;
    const auto data = types.find_member(type, is_rust ? "data_ptr" : "ptr");
    const auto length = types.find_member(type, is_rust ? "length" : "len");
    if (!data || !length)
        return failure(types.name_of(place.type) + " has no elements", node.position);
    const auto part = [&](const FoundMember& member) {
        SourcePlace result = place;
        result.type = member.type;
        result.offset += member.offset;
        return result;
    };
    SourcePlace element = TRY(pointee(node, part(*data)));
    const auto size = types.size_of(element.type);
    if (!size)
        return failure("the size of " + types.name_of(element.type) + " is not known", node.position);
    const Type index = TRY(emit(node.children[1]));
    if (!index.is_integer())
        return failure("an index is an integer, not " + text_of(index), node.children[1].position);
    convert_at(here(), node, index.number, NumberKind::I64);
    const Type count = TRY(emit_source_value(node, part(*length)));
    convert_at(here(), node, count.number, NumberKind::U64);
    CHECK(step(steps::check_index, node, 2, 1));
    CHECK(scale(node, here(), NumberKind::I64, *size));
    CHECK(step(steps::binary("+", address_kind()), node, 2, 1));
    return followed(node, std::move(element));
}

} // namespace vitrine::core::eval
