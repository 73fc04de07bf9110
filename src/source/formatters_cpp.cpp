// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Formatters for C++ and libc++.

#include "base/text.h"
#include "source/renderer.h"

#include <algorithm>
#include <array>

namespace vitrine::core::source {
namespace {

using Shape = Shown::Shape;

/// Where the nodes of a container have their links and their value.
struct NodeLayout {
    TypeId type {};
    Member value {};
    /// Offsets of the links.
    std::vector<uint64_t> links {};
};

/// The layout of the nodes that an allocator makes: of its template argument.
std::optional<NodeLayout> node_layout(Access& access, const Value& container, std::string_view allocator,
    std::initializer_list<std::string_view> links)
{
    Types& types = access.types();
    const auto member = access.member(container, allocator);
    const auto node = access.argument(member);
    if (!node)
        return {};
    NodeLayout result { .type = *node };
    const auto value = types.member(*node, "__value_");
    if (!value)
        return {};
    result.value = *value;
    for (const std::string_view name : links) {
        const auto link = types.member(*node, name);
        if (!link)
            return {};
        result.links.push_back(link->offset);
    }
    return result;
}

std::optional<uint64_t> word_at(Access& access, uint64_t address)
{
    std::array<uint8_t, 8> bytes {};
    const std::span<uint8_t> word(
        bytes.data(), std::min<size_t>(access.reader().address_bytes(), bytes.size()));
    if (access.read_memory(address, word) != Access::State::Readable)
        return {};
    return word_of(word);
}

/// Follows links of nodes from `first`. `end` is not a node.
Walk walk_list(Access& access, uint64_t first, uint64_t end, const NodeLayout& layout)
{
    return [&access, first, end, layout](uint64_t from, uint64_t count) {
        std::vector<Value> found;
        uint64_t node = first;
        for (uint64_t i = 0; i < from + count && node != end && node != 0; ++i) {
            const auto next = word_at(access, node + layout.links[0]);
            if (!next)
                break;
            if (i >= from)
                found.push_back(access.part(Access::at(node, layout.type), layout.value));
            node = *next;
        }
        return found;
    };
}

/// Goes through a binary search tree in order, from its leftmost node. Links: left, right, parent.
Walk walk_tree(Access& access, uint64_t leftmost, uint64_t end, const NodeLayout& layout)
{
    constexpr uint32_t max_height = 128;
    const auto next_of = [&access, layout](uint64_t node) -> std::optional<uint64_t> {
        auto right = word_at(access, node + layout.links[1]);
        if (!right)
            return {};
        if (*right != 0) {
            uint64_t at = *right;
            for (uint32_t i = 0; i < max_height; ++i) {
                const auto left = word_at(access, at + layout.links[0]);
                if (!left || *left == 0)
                    return left ? std::optional(at) : std::nullopt;
                at = *left;
            }
            return {};
        }
        for (uint32_t i = 0; i < max_height; ++i) {
            const auto parent = word_at(access, node + layout.links[2]);
            const auto left =
                parent && *parent != 0 ? word_at(access, *parent + layout.links[0]) : std::nullopt;
            if (!left)
                return {};
            if (*left == node)
                return parent;
            node = *parent;
        }
        return {};
    };
    return [&access, leftmost, end, layout, next_of](uint64_t from, uint64_t count) {
        std::vector<Value> found;
        uint64_t node = leftmost;
        for (uint64_t i = 0; i < from + count && node != end && node != 0; ++i) {
            const auto next = next_of(node);
            if (!next)
                break;
            if (i >= from)
                found.push_back(access.part(Access::at(node, layout.type), layout.value));
            node = *next;
        }
        return found;
    };
}

std::optional<Walk> tree_of(Access& access, const Value& container, uint64_t& count)
{
    const auto tree = access.member(container, "__tree_");
    if (!tree)
        return {};
    const auto layout = node_layout(access, *tree, "__node_alloc_", { "__left_", "__right_", "__parent_" });
    const auto size = access.word(*tree, "__size_"), first = access.word(*tree, "__begin_node_");
    const auto end = access.member(*tree, "__end_node_");
    if (!layout || !size || !first || !end || !end->address)
        return {};
    count = *size;
    return walk_tree(access, *first, *end->address, *layout);
}

std::optional<Walk> table_of(Access& access, const Value& container, uint64_t& count)
{
    const auto table = access.member(container, "__table_");
    const auto layout = table ? node_layout(access, *table, "__node_alloc_", { "__next_" }) : std::nullopt;
    const auto size = access.word(table, "__size_");
    const auto first = access.word(table, "__first_node_.__next_");
    if (!layout || !size || !first)
        return {};
    count = *size;
    return walk_list(access, *first, 0, *layout);
}

/// The children of a map that has several values for a key: a key does not say which one is meant.
std::optional<Shown> with_equal_keys(std::optional<Shown> shown)
{
    if (shown)
        shown->children = [children = std::move(shown->children)](uint64_t from, uint64_t count) {
            std::vector<Child> found = children(from, count);
            for (Child& each : found)
                each.suffix.clear();
            return found;
        };
    return shown;
}

/// Pairs of a map; older versions wrap them once more.
std::optional<Shown> map_entries(Renderer& renderer, uint64_t count, const Walk& walk)
{
    return entries(
        renderer, count,
        [&renderer, walk](uint64_t from, uint64_t wanted) {
            std::vector<Value> pairs = walk(from, wanted);
            for (Value& each : pairs)
                for (const std::string_view inner : { "__cc_", "__cc" })
                    if (auto pair = renderer.access().member(each, inner)) {
                        each = *std::move(pair);
                        break;
                    }
            return pairs;
        },
        "first", "second");
}

std::optional<TextUnit> unit_of(Access& access, const Value& value)
{
    const auto type = access.argument(value);
    return type ? text_unit(access.types(), *type) : std::nullopt;
}

/// `0x5010 -> 9`
Shown smart_pointer(Renderer& renderer, const Value& pointer)
{
    auto result = alias_behind(renderer, pointer, ".__ptr_->");
    if (!result)
        return renderer.show_raw(pointer);
    result->before = *result->address + " -> ";
    return *std::move(result);
}

} // namespace

namespace formatters {

std::optional<Shown> cpp_string(Renderer& renderer, const Value& value)
{
    Access& access = renderer.access();
    auto parts = access.member(value, "__rep_");
    if (!parts)
        parts = access.member(value, "__r_.__value_");
    const auto unit = unit_of(access, value);
    const auto is_long = access.word(parts, "__s.__is_long_");
    if (!is_long || !unit)
        return {};
    if (*is_long != 0) {
        const auto address = access.word(*parts, "__l.__data_"), size = access.word(*parts, "__l.__size_");
        return address && size ? text_or_units(renderer, *address, *size, *unit, *access.argument(value))
                               : std::nullopt;
    }
    const auto data = access.member(*parts, "__s.__data_");
    const auto size = access.word(*parts, "__s.__size_");
    const auto room = access.size_of(data);
    if (!size || !room || *size > *room / unit->size)
        return {};
    if (data->address && renderer.style().has_units)
        return elements_at(renderer, *data->address, *size, *access.argument(value));
    std::vector<uint8_t> bytes(*size * unit->size);
    if (!bytes.empty() && access.read(*data, 0, bytes) != Access::State::Readable)
        return {};
    return plain(quoted_text(bytes, *unit, renderer.style().max_text));
}

std::optional<Shown> cpp_string_view(Renderer& renderer, const Value& value)
{
    Access& access = renderer.access();
    const auto unit = unit_of(access, value);
    auto address = access.word(value, "__data_"), size = access.word(value, "__size_");
    if (!address)
        address = access.word(value, "__data");
    if (!size)
        size = access.word(value, "__size");
    return unit && address && size ? text_or_units(renderer, *address, *size, *unit, *access.argument(value))
                                   : std::nullopt;
}

std::optional<Shown> cpp_vector(Renderer& renderer, const Value& value)
{
    Access& access = renderer.access();
    const auto type = access.argument(value);
    const auto begin = access.word(value, "__begin_"), end = access.word(value, "__end_");
    const auto size = access.size_of(type);
    const auto capacity = access.word(value, "__cap_");
    if (!begin || !end || !size || *size == 0 || *end < *begin || (*end - *begin) % *size != 0
        || (capacity && *capacity < *end))
        return {};
    return elements_at(renderer, *begin, (*end - *begin) / *size, *type, "");
}

std::optional<Shown> cpp_vector_bool(Renderer& renderer, const Value& value)
{
    Access& access = renderer.access();
    const auto type = access.argument(value);
    const auto begin = access.word(value, "__begin_"), size = access.word(value, "__size_");
    if (!type || !begin || !size || !access.is_readable(*begin, (*size + 7) / 8))
        return {};
    return sequence(Shape::Elements, *size,
        [&access, type = *type, begin = *begin, size = *size](uint64_t from, uint64_t count) {
            std::vector<Value> found;
            for (uint64_t i = from; i < std::min(from + count, size); ++i) {
                std::array<uint8_t, 1> byte {};
                if (access.read_memory(begin + i / 8, byte) != Access::State::Readable)
                    break;
                Value bit { .type = type };
                bit.bytes = { static_cast<uint8_t>(byte[0] >> (i % 8) & 1) };
                found.push_back(std::move(bit));
            }
            return found;
        });
}

std::optional<Shown> cpp_array(Renderer& renderer, const Value& value)
{
    const auto elements = renderer.access().member(value, "__elems_");
    if (!elements)
        return {};
    if (renderer.access().types().argument_value(value.type, "_Size") == 0)
        return fields(Shape::Elements, {});
    return alias(*elements, ".__elems_");
}

std::optional<Shown> cpp_span(Renderer& renderer, const Value& value)
{
    Access& access = renderer.access();
    const auto type = access.argument(value);
    auto address = access.word(value, "__data_"), size = access.word(value, "__size_");
    if (!size)
        size = access.types().argument_value(value.type, "_Extent");
    return type && address && size ? elements_at(renderer, *address, *size, *type, "") : std::nullopt;
}

std::optional<Shown> cpp_initializer_list(Renderer& renderer, const Value& value)
{
    Access& access = renderer.access();
    const auto type = access.argument(value);
    const auto address = access.word(value, "__begin_"), size = access.word(value, "__size_");
    return type && address && size ? elements_at(renderer, *address, *size, *type, "") : std::nullopt;
}

std::optional<Shown> cpp_deque(Renderer& renderer, const Value& value)
{
    // As libc++ chooses it.
    constexpr uint64_t block_bytes = 4096, min_elements = 16, large = 256;
    Access& access = renderer.access();
    const auto type = access.argument(value);
    const auto size = access.size_of(type);
    const auto begin = access.word(value, "__map_.__begin_"), end = access.word(value, "__map_.__end_");
    const auto start = access.word(value, "__start_"), count = access.word(value, "__size_");
    if (!size || *size == 0 || !begin || !end || !start || !count || *end < *begin)
        return {};
    const uint64_t per_block = *size < large ? block_bytes / *size : min_elements;
    const uint64_t pointer_bytes = access.reader().address_bytes();
    const uint64_t room = (*end - *begin) / pointer_bytes * per_block;
    if (*start > room || *count > room - *start)
        return {};
    return sequence(Shape::Elements, *count,
        [&access, type = *type, size = *size, begin = *begin, start = *start, total = *count, per_block,
            pointer_bytes](uint64_t from, uint64_t wanted) {
            std::vector<Value> found;
            uint64_t block = 0;
            for (uint64_t i = from; i < std::min(from + wanted, total); ++i) {
                const uint64_t index = start + i;
                if (i == from || index % per_block == 0) {
                    const auto address = word_at(access, begin + index / per_block * pointer_bytes);
                    if (!address || !access.is_readable(*address, per_block * size))
                        break;
                    block = *address;
                }
                found.push_back(Access::at(block + index % per_block * size, type));
            }
            return found;
        });
}

std::optional<Shown> cpp_list(Renderer& renderer, const Value& value)
{
    Access& access = renderer.access();
    const auto end = access.member(value, "__end_");
    const auto size = access.word(value, "__size_"), first = access.word(value, "__end_.__next_");
    const auto layout = node_layout(access, value, "__node_alloc_", { "__next_" });
    if (!end || !end->address || !size || !first || !layout)
        return {};
    return sequence(Shape::Elements, *size, walk_list(access, *first, *end->address, *layout));
}

std::optional<Shown> cpp_forward_list(Renderer& renderer, const Value& value)
{
    constexpr uint64_t max_counted = 10'000;
    Access& access = renderer.access();
    const auto first = access.word(value, "__before_begin_.__next_");
    const auto layout = node_layout(access, value, "__alloc_", { "__next_" });
    if (!first || !layout)
        return {};
    // It does not say how long it is. One that is too long is a cycle, or nearly.
    uint64_t count = 0;
    for (uint64_t node = *first; node != 0; ++count) {
        const auto next = word_at(access, node + layout->links[0]);
        if (!next || count == max_counted)
            return {};
        node = *next;
    }
    return sequence(Shape::Elements, count, walk_list(access, *first, 0, *layout));
}

std::optional<Shown> cpp_bitset(Renderer& renderer, const Value& value)
{
    constexpr int64_t max_bits = 1024;
    Access& access = renderer.access();
    const auto& arguments = access.type_of(value).arguments;
    const auto words = access.member(value, "__first_");
    const auto size = access.size_of(words);
    if (arguments.empty() || !arguments[0].value || !size)
        return {};
    const int64_t bits = *arguments[0].value;
    if (bits < 0 || bits > max_bits || static_cast<uint64_t>(bits) > *size * 8)
        return {};
    std::vector<uint8_t> bytes((static_cast<uint64_t>(bits) + 7) / 8);
    if (!bytes.empty() && access.read(*words, 0, bytes) != Access::State::Readable)
        return {};
    std::string text = "0b";
    for (auto i = static_cast<size_t>(bits); i-- > 0;)
        text += (bytes[i / 8] >> (i % 8) & 1) != 0 ? '1' : '0';
    return plain(text);
}

std::optional<Shown> cpp_map(Renderer& renderer, const Value& value)
{
    uint64_t count = 0;
    const auto walk = tree_of(renderer.access(), value, count);
    return walk ? map_entries(renderer, count, *walk) : std::nullopt;
}

std::optional<Shown> cpp_multimap(Renderer& renderer, const Value& value)
{
    return with_equal_keys(cpp_map(renderer, value));
}

std::optional<Shown> cpp_set(Renderer& renderer, const Value& value)
{
    uint64_t count = 0;
    const auto walk = tree_of(renderer.access(), value, count);
    return walk ? sequence(Shape::Set, count, *walk) : std::nullopt;
}

std::optional<Shown> cpp_unordered_map(Renderer& renderer, const Value& value)
{
    uint64_t count = 0;
    const auto walk = table_of(renderer.access(), value, count);
    return walk ? map_entries(renderer, count, *walk) : std::nullopt;
}

std::optional<Shown> cpp_unordered_multimap(Renderer& renderer, const Value& value)
{
    return with_equal_keys(cpp_unordered_map(renderer, value));
}

std::optional<Shown> cpp_unordered_set(Renderer& renderer, const Value& value)
{
    uint64_t count = 0;
    const auto walk = table_of(renderer.access(), value, count);
    return walk ? sequence(Shape::Set, count, *walk) : std::nullopt;
}

std::optional<Shown> cpp_tuple(Renderer& renderer, const Value& value)
{
    Access& access = renderer.access();
    const auto base = access.member(value, "__base_");
    if (!base)
        return fields(Shape::Tuple, {});
    std::vector<Child> children;
    for (const Member& each : access.type_of(*base).members) {
        if (!access.spend() || !each.is_base_class)
            return {};
        Value leaf = access.part(*base, each);
        // A leaf derives from an empty element.
        children.push_back(element(children.size(), access.member(leaf, "__value_").value_or(leaf)));
    }
    return fields(Shape::Tuple, std::move(children));
}

std::optional<Shown> cpp_optional(Renderer& renderer, const Value& value)
{
    Access& access = renderer.access();
    const auto engaged = access.word(value, "__engaged_");
    if (!engaged || *engaged > 1)
        return {};
    if (*engaged == 0)
        return plain("nullopt");
    const auto inside = access.member(value, "__val_");
    if (!inside)
        return {};
    Shown result = alias(*inside, ".__val_");
    result.before = "optional(";
    result.after = ")";
    return result;
}

std::optional<Shown> cpp_variant(Renderer& renderer, const Value& value)
{
    constexpr uint64_t max_alternatives = 256;
    Access& access = renderer.access();
    const auto index_at = access.member(value, "__impl_.__index");
    const auto index = access.word(index_at);
    const auto index_bytes = access.size_of(index_at);
    auto at = access.member(value, "__impl_.__data");
    if (!index || !index_bytes || !at)
        return {};
    const uint64_t none = *index_bytes >= 8 ? UINT64_MAX : (uint64_t(1) << (8 * *index_bytes)) - 1;
    if (*index == none)
        return plain("valueless");
    std::string suffix = ".__impl_.__data";
    for (uint64_t i = 0; i < *index && at; ++i) {
        at = i < max_alternatives ? access.member(*at, "__tail") : std::nullopt;
        suffix += ".__tail";
    }
    const auto inside = access.member(at, "__head.__value");
    if (!inside)
        return {};
    Shown result = alias(*inside, suffix + ".__head.__value");
    result.before = "variant<" + std::to_string(*index) + ">(";
    result.after = ")";
    return result;
}

std::optional<Shown> cpp_unique_ptr(Renderer& renderer, const Value& value)
{
    Access& access = renderer.access();
    const auto member = access.member(value, "__ptr_");
    const auto pointer = access.pointer_in(member);
    return pointer ? std::optional(smart_pointer(renderer, *pointer)) : std::nullopt;
}

std::optional<Shown> cpp_shared_ptr(Renderer& renderer, const Value& value)
{
    Access& access = renderer.access();
    const auto pointer = access.member(value, "__ptr_");
    const auto control = access.member(value, "__cntrl_");
    if (!pointer || !control || !access.word(*pointer))
        return {};
    const auto block = access.target(*control);
    if (!block)
        return smart_pointer(renderer, *pointer);
    auto strong = access.word(*block, "__shared_owners_"),
         weak = access.word(*block, "__shared_weak_owners_");
    if (!strong && access.type_of(*block).is_declaration) {
        // libc++ has been compiled without debug information. Both follow the pointer to the table
        // of virtual functions.
        const uint64_t word_bytes = access.reader().address_bytes();
        strong = word_at(access, *block->address + word_bytes);
        weak = word_at(access, *block->address + 2 * word_bytes);
    }
    // Counts start at -1, and all strong owners together are one weak owner.
    const bool is_expired = strong && static_cast<int32_t>(*strong) < 0;
    Shown result = is_expired ? plain("expired") : smart_pointer(renderer, *pointer);
    if (strong && weak)
        result.after += " (strong " + std::to_string(static_cast<int32_t>(*strong) + int64_t(1)) + ", weak "
            + std::to_string(static_cast<int32_t>(*weak) + int64_t(is_expired ? 1 : 0)) + ")";
    return result;
}

std::optional<Shown> cpp_function(Renderer& renderer, const Value& value)
{
    Access& access = renderer.access();
    const auto function = access.word(value, "__f_.__func_");
    const auto policy = access.member(value, "__f_.__policy_");
    const auto target = access.target(policy);
    if (!function)
        return {};
    if (target && access.word(*target, "__is_null").value_or(0) == 1)
        return plain("nullptr");
    const std::string name = access.reader().function_text(*function);
    if (name.empty())
        return {};
    // The function is a template of what it calls.
    const size_t call = name.find("__call_func"), begin = name.find('<', call);
    const size_t end = name.rfind(">(");
    const bool is_call = call != std::string::npos && begin < end && end != std::string::npos;
    return plain(is_call ? name.substr(begin + 1, end - begin - 1) : name);
}

std::optional<Shown> cpp_atomic(Renderer& renderer, const Value& value)
{
    const auto inside = renderer.access().member(value, "__a_.__a_value");
    return inside ? std::optional(alias(*inside, ".__a_.__a_value")) : std::nullopt;
}

std::optional<Shown> cpp_reference_wrapper(Renderer& renderer, const Value& value)
{
    const auto pointer = renderer.access().member(value, "__f_");
    return pointer ? alias_behind(renderer, *pointer, ".__f_->") : std::nullopt;
}

std::optional<Shown> cpp_duration(Renderer& renderer, const Value& value)
{
    struct Period {
        int64_t numerator, denominator;
        std::string_view unit;
    };
    static constexpr Period periods[] = { { 1, 1, "s" }, { 1, 1000, "ms" }, { 1, 1'000'000, "us" },
        { 1, 1'000'000'000, "ns" }, { 60, 1, "min" }, { 3600, 1, "h" }, { 86400, 1, "d" } };
    Access& access = renderer.access();
    const auto period = access.argument(value, "_Period");
    const auto inside = access.member(value, "__rep_");
    if (!period || !inside)
        return {};
    const auto numerator = access.types().argument_value(*period, "_Num");
    const auto denominator = access.types().argument_value(*period, "_Den").value_or(1);
    const auto found = std::ranges::find_if(periods,
        [&](const Period& each) { return each.numerator == numerator && each.denominator == denominator; });
    if (found == std::end(periods))
        return {};
    Shown result = alias(*inside, ".__rep_");
    result.after = std::string(found->unit);
    return result;
}

} // namespace formatters

std::optional<Value> dynamic_target(Access& access, const Value& target)
{
    const Type& type = access.type_of(target);
    if (type.kind != Type::Kind::Struct || type.language != Language::Cpp || !target.address)
        return {};
    // The pointer to the table is the first word of a class with virtual functions.
    Member table {};
    Value at = target;
    constexpr uint32_t max_bases = 16;
    bool is_found = false;
    for (uint32_t i = 0; i < max_bases && !is_found; ++i) {
        const Type& part = access.type_of(at);
        if (part.members.empty() || part.members[0].offset != 0)
            return {};
        table = part.members[0];
        is_found = table.name.starts_with("_vptr");
        if (!is_found && !table.is_base_class)
            return {};
        at = access.part(at, table);
    }
    const uint64_t word_bytes = access.reader().address_bytes();
    const auto address = is_found ? access.word(at) : std::nullopt;
    if (!address || *address < 2 * word_bytes)
        return {};
    // Before the functions: the offset to the whole object, and the type's information.
    const auto offset = word_at(access, *address - 2 * word_bytes);
    const auto variable =
        offset ? access.types().symbols().variable_at(*address - 2 * word_bytes) : std::nullopt;
    constexpr std::string_view suffix = "::_vtable$";
    if (!variable || !variable->name.ends_with(suffix))
        return {};
    const std::string name = variable->name.substr(0, variable->name.size() - suffix.size());
    if (name == type.name)
        return {};
    const auto dynamic = access.types().symbols().find_type(name);
    if (!dynamic)
        return {};
    const int64_t to_top = word_bytes == 4 ? static_cast<int32_t>(*offset) : static_cast<int64_t>(*offset);
    return Access::at(*target.address + static_cast<uint64_t>(to_top), *dynamic);
}

} // namespace vitrine::core::source
