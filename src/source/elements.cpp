// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "source/elements.h"

#include "base/text.h"
#include "source/renderer.h"

#include <algorithm>

namespace vitrine::core::source {
namespace {

/// The type that a template argument or, for lists made of a pointer and a length, that pointer
/// says. Wrappers such as `String` have the list in a member.
// NOLINTNEXTLINE(misc-no-recursion): at most max_wrappers deep.
std::optional<TypeId> element_type(Types& types, TypeId container, uint32_t depth = 0)
{
    constexpr uint32_t max_wrappers = 4;
    // As libc++, Rust and Zig call them. A map has both a key and a value: the value counts.
    for (const std::string_view name : { "_Tp", "_CharT", "_Ep", "_Key", "V", "T" })
        if (const auto found = types.argument(container, name))
            return found;
    for (const std::string_view name : { "data_ptr", "ptr" })
        if (const auto member = types.member(container, name))
            if (const Type& pointer = types.stripped(member->type); pointer.kind == Type::Kind::Pointer)
                return pointer.target;
    for (const std::string_view name : { "vec", "inner", "items", "map" })
        if (const auto member = types.member(container, name); member && depth < max_wrappers)
            return element_type(types, member->type, depth + 1);
    return {};
}

/// What has the elements of a value: itself, or what it is shown as.
Shown list_of(Renderer& renderer, const Value& value)
{
    constexpr uint32_t max_aliases = 8;
    Shown shown = renderer.show(value);
    for (uint32_t i = 0; i < max_aliases && shown.shape == Shown::Shape::Alias; ++i)
        shown = renderer.show(Value(shown.value));
    return shown;
}

std::unexpected<Error> corrupt()
{
    return failure("the value is corrupt, not set up yet, or partly optimized out");
}

Result<Value> entry_named(Renderer& renderer, const Value& map, const std::string& name)
{
    constexpr uint64_t page = 100, max_searched = 10'000;
    const Shown shown = list_of(renderer, map);
    if (shown.shape != Shown::Shape::Entries)
        return corrupt();
    const uint64_t end = std::min(shown.count, max_searched);
    for (uint64_t from = 0; from < end; from += page)
        for (Child& child : shown.children(from, std::min(page, end - from)))
            if (child.name == name)
                return std::move(child.value);
    return failure("there is no key " + printable(name.substr(1, name.size() - 2)) + ": "
        + (end < shown.count ? "only the first " + std::to_string(end) + " entries were searched"
                             : "the size is " + std::to_string(shown.count)));
}

} // namespace

std::optional<Indexing> indexing_of(Symbols& symbols, TypeId container)
{
    Types types(symbols);
    const Type& type = types.stripped(container);
    if (!formatter_for(type) || type.kind == Type::Kind::Pointer)
        return {};
    // These have no elements, although they have an argument with the type of what they contain.
    constexpr std::string_view others[] = { "tuple", "pair", "optional", "variant", "unique_ptr",
        "shared_ptr", "weak_ptr", "function", "atomic", "reference_wrapper", "duration", "bitset", "Rc",
        "Arc", "Weak", "Cell", "RefCell", "Mutex", "RwLock", "NonZero", "Wrapping", "Atomic", "UnsafeCell",
        "ManuallyDrop", "MaybeDangling" };
    const std::string_view name = base_name(type.name);
    const bool is_zig_list =
        type.language != Language::Zig || type.name.starts_with('[') || type.name.starts_with("array_list");
    if (std::ranges::find(others, name) != std::end(others) || !is_zig_list)
        return {};
    const auto element = element_type(types, container);
    if (!element)
        return {};
    Indexing result { .element = *element };
    const bool is_map = name.find("map") != name.npos || name.find("Map") != name.npos;
    if (is_map)
        for (const std::string_view key : { "_Key", "K" })
            if (const auto found = types.argument(container, key))
                result.key = *found;
    result.is_copied = name == "vector" && types.stripped(*element).kind == Type::Kind::Bool;
    return result;
}

std::optional<std::string_view> pointee_path(Symbols& symbols, TypeId pointer)
{
    struct Path {
        Language language;
        std::string_view name, path;
    };
    static constexpr Path paths[] = { { Language::Cpp, "unique_ptr", "__ptr_.*" },
        { Language::Cpp, "shared_ptr", "__ptr_.*" }, { Language::Cpp, "weak_ptr", "__ptr_.*" },
        { Language::Cpp, "reference_wrapper", "__f_.*" }, { Language::Cpp, "optional", "" },
        { Language::Rust, "Rc", "ptr.pointer.*.value" }, { Language::Rust, "Arc", "ptr.pointer.*.data" } };
    Types types(symbols);
    const Type& type = types.stripped(pointer);
    if (!formatter_for(type))
        return {};
    if (type.language == Language::Zig && type.name.starts_with('?'))
        return "";
    const auto found = std::ranges::find_if(paths, [&](const Path& each) {
        return each.language == type.language && each.name == base_name(type.name);
    });
    return found == std::end(paths) ? std::nullopt : std::optional(found->path);
}

Result<Value> value_in(Reader& reader, const Value& value)
{
    Renderer renderer(reader, Style {});
    const Shown shown = renderer.show(value);
    if (shown.shape != Shown::Shape::Alias)
        return failure("there is no value: it is " + shown.before);
    return shown.value;
}

Result<Value> element_at(Reader& reader, const Value& container, int64_t index)
{
    Renderer renderer(reader, { .has_units = true });
    const Shown shown = list_of(renderer, container);
    const bool is_list = shown.children && shown.shape != Shown::Shape::Fields;
    if (!is_list && shown.shape != Shown::Shape::Elements)
        return corrupt();
    if (index < 0 || static_cast<uint64_t>(index) >= shown.count)
        return failure("index " + std::to_string(index) + " is out of range: the size is "
            + std::to_string(shown.count));
    std::vector<Child> found = shown.children(static_cast<uint64_t>(index), 1);
    if (found.empty())
        return corrupt();
    return std::move(found.front().value);
}

Result<Value> entry_at(Reader& reader, const Value& map, const Value& key)
{
    Renderer renderer(reader, Style {});
    return entry_named(renderer, map, entry_name(renderer, key));
}

Result<Value> entry_at(Reader& reader, const Value& map, std::string_view key)
{
    Renderer renderer(reader, Style {});
    const auto bytes = std::span(reinterpret_cast<const uint8_t*>(key.data()), key.size());
    return entry_named(renderer, map, entry_name(quoted_text(bytes, {}, renderer.style().max_text)));
}

} // namespace vitrine::core::source
