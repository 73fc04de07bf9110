// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Formatters for Rust: values look as `{:?}` prints them.

#include "base/text.h"
#include "source/renderer.h"

#include <algorithm>
#include <array>

namespace vitrine::core::source {
namespace {

using Shape = Shown::Shape;

/// What `{pointer, length}` refers to: `&str`, `&[T]`.
struct Slice {
    uint64_t address = 0, length = 0;
    TypeId element {};
};

std::optional<Slice> slice_of(Access& access, const Value& value)
{
    const auto pointer = access.member(value, "data_ptr");
    const auto address = access.word(pointer);
    const auto length = access.word(value, "length");
    if (!address || !length)
        return {};
    return Slice { *address, *length, access.type_of(*pointer).target };
}

/// The content of a vector: `{buf: RawVec, len}`.
std::optional<Slice> vector_of(Access& access, const Value& value)
{
    const auto element = access.argument(value, "T");
    const auto buffer = access.member(value, "buf");
    const auto pointer = access.pointer_in(buffer);
    const auto address = access.word(pointer);
    const auto length = access.word(value, "len");
    const auto capacity = access.word(value, "buf.inner.cap");
    const auto size = access.size_of(element);
    // Values without a size need no room.
    if (!address || !length || !size || (capacity && *size != 0 && *length > *capacity))
        return {};
    return Slice { *address, *length, *element };
}

/// The first of some members that there is.
std::optional<Value> member_of(
    Access& access, const Value& value, std::initializer_list<std::string_view> paths)
{
    for (const std::string_view path : paths)
        if (auto found = access.member(value, path))
            return found;
    return {};
}

/// Elements of a hash table of the crate hashbrown. A byte per bucket says whether it is in use;
/// the buckets are in front of those bytes, in reverse.
struct HashTable {
    uint64_t control = 0, buckets = 0, items = 0, element_bytes = 0;
    TypeId element {};
};

std::optional<HashTable> table_of(Access& access, const Value& map)
{
    constexpr uint64_t max_buckets = uint64_t(1) << 31;
    const auto table = member_of(access, map, { "base.map.table", "base.table", "map.table", "table" });
    const auto control = access.member(table, "table.ctrl");
    const auto pointer = access.pointer_in(control);
    const auto address = access.word(pointer);
    const auto mask = access.word(table, "table.bucket_mask");
    const auto items = access.word(table, "table.items");
    const auto element = access.argument(table, "T");
    const auto size = access.size_of(element);
    if (!address || !mask || !items || !size || *mask >= max_buckets || (*mask & (*mask + 1)) != 0
        || *items > *mask + 1)
        return {};
    const uint64_t buckets = *mask + 1;
    if (*size > *address / buckets
        || !access.is_readable(*address - buckets * *size, buckets * *size + buckets))
        return {};
    return HashTable { *address, buckets, *items, *size, *element };
}

Walk walk_table(Access& access, const HashTable& table)
{
    return [&access, table](uint64_t from, uint64_t count) {
        std::vector<Value> found;
        std::array<uint8_t, 256> block {};
        uint64_t seen = 0;
        for (uint64_t at = 0; at < table.buckets && found.size() < count; at += block.size()) {
            const auto part = std::span(block).first(std::min<uint64_t>(block.size(), table.buckets - at));
            if (access.read_memory(table.control + at, part) != Access::State::Readable)
                break;
            for (uint64_t i = 0; i < part.size() && found.size() < count; ++i)
                if (part[i] < 0x80 && seen++ >= from)
                    found.push_back(
                        Access::at(table.control - (at + i + 1) * table.element_bytes, table.element));
        }
        return found;
    };
}

/// A B-tree: each node has up to 11 keys and values, and one more child than keys if it is not a
/// leaf.
struct BTree {
    uint64_t root = 0, height = 0, length = 0;
    TypeId key {}, mapped {};
    uint64_t key_bytes = 0, mapped_bytes = 0;
    /// Offsets in a node.
    uint64_t keys = 0, values = 0, count = 0, edges = 0;
};

std::optional<BTree> tree_of(Access& access, const Value& map)
{
    constexpr uint64_t max_height = 16;
    Types& types = access.types();
    const auto length = access.word(map, "length");
    const auto root = access.member(map, "root");
    if (!length || !root)
        return {};
    BTree result { .length = *length };
    if (*length == 0)
        return result;
    // An `Option` whose `Some` has the node.
    const Type& option = access.type_of(*root);
    const auto some =
        std::ranges::find(option.variants, "Some", [](const Variant& each) { return each.member.name; });
    if (some == option.variants.end())
        return {};
    const auto reference = access.member(access.part(*root, some->member), "__0");
    const auto height = access.word(reference, "height");
    const auto node = access.member(reference, "node");
    const auto pointer = access.pointer_in(node);
    const auto leaf = access.target(pointer);
    if (!height || !leaf || *height > max_height)
        return {};
    const auto keys = types.member(leaf->type, "keys"), values = types.member(leaf->type, "vals");
    const auto count = types.member(leaf->type, "len");
    const auto key = types.argument(leaf->type, "K"), mapped = types.argument(leaf->type, "V");
    const auto key_bytes = access.size_of(key);
    const auto mapped_bytes = access.size_of(mapped);
    const auto leaf_bytes = access.size_of(leaf->type);
    if (!keys || !values || !count || !key_bytes || !mapped_bytes || !leaf_bytes)
        return {};
    const uint64_t word = access.reader().address_bytes();
    result.root = *leaf->address;
    result.height = *height;
    result.key = *key;
    result.mapped = *mapped;
    result.key_bytes = *key_bytes;
    result.mapped_bytes = *mapped_bytes;
    result.keys = keys->offset;
    result.values = values->offset;
    result.count = count->offset;
    // An inner node is a leaf followed by its children.
    result.edges = (*leaf_bytes + word - 1) / word * word;
    return result;
}

std::optional<uint64_t> number_at(Access& access, uint64_t address, size_t bytes)
{
    std::array<uint8_t, 8> buffer {};
    const auto part = std::span(buffer).first(std::min(bytes, buffer.size()));
    return access.read_memory(address, part) == Access::State::Readable ? std::optional(word_of(part))
                                                                        : std::nullopt;
}

/// Addresses of keys and values, in order. Stops when it has enough.
// NOLINTNEXTLINE(misc-no-recursion): as deep as the tree is high.
bool walk_node(Access& access, const BTree& tree, uint64_t node, uint64_t height, uint64_t end,
    std::vector<std::array<uint64_t, 2>>& found)
{
    constexpr uint64_t max_keys = 11;
    const size_t word = access.reader().address_bytes();
    const auto count = number_at(access, node + tree.count, 2);
    if (!count || *count > max_keys)
        return false;
    for (uint64_t i = 0; i <= *count && found.size() < end; ++i) {
        if (height > 0) {
            const auto child = number_at(access, node + tree.edges + i * word, word);
            if (!child || !walk_node(access, tree, *child, height - 1, end, found))
                return false;
        }
        if (i < *count && found.size() < end)
            found.push_back(
                { node + tree.keys + i * tree.key_bytes, node + tree.values + i * tree.mapped_bytes });
    }
    return true;
}

std::vector<std::array<uint64_t, 2>> walk_tree(
    Access& access, const BTree& tree, uint64_t from, uint64_t count)
{
    std::vector<std::array<uint64_t, 2>> found;
    if (tree.length != 0)
        (void)walk_node(access, tree, tree.root, tree.height, std::min(from + count, tree.length), found);
    found.erase(
        found.begin(), found.begin() + static_cast<ptrdiff_t>(std::min<uint64_t>(from, found.size())));
    return found;
}

/// An `Rc` or `Arc`: `{strong, weak, value}` behind a pointer. All strong ones together are a weak
/// one.
struct Counted {
    Value value {};
    uint64_t strong = 0, weak = 0;
};

std::optional<Counted> counted_of(Access& access, const Value& value)
{
    const auto pointer = access.member(value, "ptr");
    const auto thin = access.pointer_in(pointer);
    const auto block = access.target(thin);
    if (!block)
        return {};
    const auto strong = access.word(*block, "strong"), weak = access.word(*block, "weak");
    const auto inside = member_of(access, *block, { "value", "data" });
    if (!strong || !weak || !inside)
        return {};
    return Counted { *inside, *strong, *weak };
}

std::string counts_text(uint64_t strong, uint64_t weak)
{
    return " (strong " + std::to_string(strong) + ", weak " + std::to_string(weak) + ")";
}

} // namespace

namespace formatters {

std::optional<Shown> rust_str(Renderer& renderer, const Value& value)
{
    const auto slice = slice_of(renderer.access(), value);
    return slice ? text_or_units(renderer, slice->address, slice->length, {}, slice->element) : std::nullopt;
}

std::optional<Shown> rust_slice(Renderer& renderer, const Value& value)
{
    const auto slice = slice_of(renderer.access(), value);
    return slice ? elements_at(renderer, slice->address, slice->length, slice->element, "") : std::nullopt;
}

std::optional<Shown> rust_dyn(Renderer& renderer, const Value& value)
{
    Access& access = renderer.access();
    const auto address = access.word(value, "pointer"), table = access.word(value, "vtable");
    if (!address || !table)
        return {};
    const auto variable = access.types().symbols().variable_at(*table);
    const TypeId type = variable ? access.types().stripped(variable->type).containing : TypeId {};
    if (type == TypeId {} || !access.is_readable(*address, access.size_of(type).value_or(0)))
        return {};
    Shown result = alias(Access::at(*address, type));
    result.address = hex(*address);
    return result;
}

std::optional<Shown> rust_reference(Renderer& renderer, const Value& value)
{
    Access& access = renderer.access();
    const Type& type = access.type_of(value);
    if (type.kind != Type::Kind::Pointer)
        return {};
    return alias_behind(renderer, value, "");
}

std::optional<Shown> rust_string(Renderer& renderer, const Value& value)
{
    Access& access = renderer.access();
    // `String` has `vec`; `PathBuf`, `OsString` and what they contain have `inner`.
    const auto vector = member_of(access, value, { "vec", "inner.inner.inner", "inner.inner" });
    const auto content = vector ? vector_of(access, *vector) : std::nullopt;
    return content ? text_or_units(renderer, content->address, content->length, {}, content->element)
                   : std::nullopt;
}

std::optional<Shown> rust_vec(Renderer& renderer, const Value& value)
{
    const auto content = vector_of(renderer.access(), value);
    return content ? elements_at(renderer, content->address, content->length, content->element, "")
                   : std::nullopt;
}

std::optional<Shown> rust_vec_deque(Renderer& renderer, const Value& value)
{
    Access& access = renderer.access();
    const auto content = vector_of(access, value);
    const auto head = access.word(value, "head"), capacity = access.word(value, "buf.inner.cap");
    const auto size = content ? access.size_of(content->element) : std::nullopt;
    if (!size || !head || !capacity || (*size != 0 && *capacity != 0 && *head >= *capacity))
        return {};
    // The buffer is a ring.
    const uint64_t room = std::max<uint64_t>(*size == 0 ? UINT64_MAX : *capacity, 1);
    if (*size != 0 && !access.is_readable(content->address, *capacity * *size))
        return {};
    return sequence(Shape::Elements, content->length,
        [content = *content, size = *size, head = *head, room](uint64_t from, uint64_t count) {
            std::vector<Value> found;
            for (uint64_t i = from; i < std::min(from + count, content.length); ++i)
                found.push_back(Access::at(content.address + (head + i) % room * size, content.element));
            return found;
        });
}

std::optional<Shown> rust_hash_map(Renderer& renderer, const Value& value)
{
    const auto table = table_of(renderer.access(), value);
    return table ? entries(renderer, table->items, walk_table(renderer.access(), *table), "__0", "__1")
                 : std::nullopt;
}

std::optional<Shown> rust_hash_set(Renderer& renderer, const Value& value)
{
    Access& access = renderer.access();
    const auto table = table_of(access, value);
    if (!table)
        return {};
    return sequence(Shape::Set, table->items,
        [&access, walk = walk_table(access, *table)](uint64_t from, uint64_t count) {
            std::vector<Value> found = walk(from, count);
            for (Value& each : found)
                each = access.member(each, "__0").value_or(each);
            return found;
        });
}

std::optional<Shown> rust_btree_map(Renderer& renderer, const Value& value)
{
    Access& access = renderer.access();
    const auto tree = tree_of(access, value);
    if (!tree)
        return {};
    // The pairs are not next to each other, so the walk gives keys.
    auto result =
        sequence(Shape::Entries, tree->length, [&access, tree = *tree](uint64_t from, uint64_t count) {
            std::vector<Value> keys;
            for (const auto& [key, mapped] : walk_tree(access, tree, from, count))
                keys.push_back(Access::at(key, tree.key));
            return keys;
        });
    if (!result)
        return {};
    result->children = [&renderer, tree = *tree](uint64_t from, uint64_t count) {
        std::vector<Child> children;
        for (const auto& [key, mapped] : walk_tree(renderer.access(), tree, from, count))
            children.push_back(entry(renderer, Access::at(key, tree.key), Access::at(mapped, tree.mapped)));
        return children;
    };
    return result;
}

std::optional<Shown> rust_btree_set(Renderer& renderer, const Value& value)
{
    Access& access = renderer.access();
    const auto map = access.member(value, "map");
    const auto tree = map ? tree_of(access, *map) : std::nullopt;
    if (!tree)
        return {};
    return sequence(Shape::Set, tree->length, [&access, tree = *tree](uint64_t from, uint64_t count) {
        std::vector<Value> keys;
        for (const auto& [key, mapped] : walk_tree(access, tree, from, count))
            keys.push_back(Access::at(key, tree.key));
        return keys;
    });
}

std::optional<Shown> rust_rc(Renderer& renderer, const Value& value)
{
    Access& access = renderer.access();
    const auto counted = counted_of(access, value);
    const auto pointer = access.member(value, "ptr.pointer");
    if (!counted || !pointer || counted->strong == 0 || counted->weak == 0)
        return {};
    Shown result = alias(counted->value);
    // What has no size of its own: a fat pointer.
    if (const auto length = access.word(*pointer, "length")) {
        const bool is_text = access.type_of(value).name.find("<str") != std::string::npos;
        const auto content = is_text
            ? text_at(renderer, *counted->value.address, *length, {})
            : elements_at(renderer, *counted->value.address, *length, counted->value.type);
        if (!content)
            return {};
        result = *content;
    } else if (access.word(*pointer, "vtable"))
        return {};
    else
        result.address = hex(*counted->value.address);
    result.after = counts_text(counted->strong, counted->weak - 1);
    return result;
}

std::optional<Shown> rust_weak(Renderer& renderer, const Value& value)
{
    Access& access = renderer.access();
    const auto pointer = access.member(value, "ptr");
    const auto thin = access.pointer_in(pointer);
    const auto address = access.word(thin);
    const uint64_t dangling = access.reader().address_bytes() == 4 ? UINT32_MAX : UINT64_MAX;
    if (address == dangling)
        return plain("(Weak)");
    const auto counted = counted_of(access, value);
    if (!counted || counted->weak == 0)
        return {};
    if (counted->strong == 0)
        return plain("(Weak)" + counts_text(0, counted->weak));
    if (access.type_of(*thin).kind != Type::Kind::Pointer || access.word(*pointer, "pointer.length"))
        return {};
    Shown result = alias(counted->value);
    result.address = hex(*counted->value.address);
    result.after = counts_text(counted->strong, counted->weak - 1);
    return result;
}

std::optional<Shown> rust_cell(Renderer& renderer, const Value& value)
{
    const auto inside = renderer.access().member(value, "value.value");
    if (!inside)
        return {};
    Shown result = fields(Shape::Fields, { { "value", *inside, ".value.value" } });
    result.before = "Cell";
    return result;
}

std::optional<Shown> rust_ref_cell(Renderer& renderer, const Value& value)
{
    Access& access = renderer.access();
    const auto inside = access.member(value, "value.value");
    const auto borrow = access.member(value, "borrow");
    const auto flag = access.word(borrow);
    const auto bytes = access.size_of(borrow);
    if (!inside || !flag || !bytes)
        return {};
    Shown result = fields(Shape::Fields, { { "value", *inside, ".value.value" } });
    result.before = "RefCell";
    const unsigned unused = 64 - 8 * static_cast<unsigned>(std::clamp<uint64_t>(*bytes, 1, 8));
    if (const int64_t count = static_cast<int64_t>(*flag << unused) >> unused; count < 0)
        result.after = " (mutably borrowed)";
    else if (count > 0)
        result.after = " (borrowed " + count_text(count, "time") + ")";
    return result;
}

std::optional<Shown> rust_mutex(Renderer& renderer, const Value& value)
{
    Access& access = renderer.access();
    const auto inside = access.member(value, "data.value");
    if (!inside)
        return {};
    Shown result = fields(Shape::Fields, { { "data", *inside, ".data.value" } });
    result.before = std::string(base_name(access.type_of(value).name));
    return result;
}

std::optional<Shown> rust_wrapper(Renderer& renderer, const Value& value)
{
    // The only member that takes space, such as `__0`, `v` or `value`.
    Access& access = renderer.access();
    const Type& type = access.type_of(value);
    const Member* only = nullptr;
    for (const Member& each : type.members) {
        if (access.size_of(each.type).value_or(0) == 0)
            continue;
        if (only)
            return {};
        only = &each;
    }
    return only ? std::optional(alias(access.part(value, *only), "." + only->name)) : std::nullopt;
}

} // namespace formatters
} // namespace vitrine::core::source
