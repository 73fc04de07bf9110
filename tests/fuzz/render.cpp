// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Takes any bytes as types and as a memory: showing values of those types must end, and give text
// that a terminal can print. Names are those that formatters look for.

#include "source/render.h"
#include "base/text.h"
#include "source/types.h"
#include "support/literal_reader.h"
#include "support/literal_symbols.h"

#include <algorithm>
#include <iterator>

using namespace vitrine::core;
using source::Type;

namespace {

constexpr const char* type_names[] = { "", "int", "char", "wchar_t", "u8", "std::__2::basic_string<char>",
    "std::__2::basic_string_view<char>", "std::__2::vector<bool, a>", "std::__2::vector<int>",
    "std::__2::array<int, 3>", "std::__2::span<int>", "std::__2::deque<int>", "std::__2::list<int>",
    "std::__2::forward_list<int>", "std::__2::bitset<9>", "std::__2::map<int, int>", "std::__2::set<int>",
    "std::__2::unordered_map<int, int>", "std::__2::unordered_set<int>", "std::__2::tuple<int>",
    "std::__2::optional<int>", "std::__2::variant<int>", "std::__2::unique_ptr<int>",
    "std::__2::shared_ptr<int>", "std::__2::function<void ()>", "std::__2::atomic<int>",
    "std::__2::reference_wrapper<int>", "std::__2::chrono::duration<int>", "&str", "&[u8]", "&dyn A", "&A",
    "alloc::boxed::Box<A>", "alloc::string::String", "alloc::vec::Vec<u8>",
    "alloc::collections::vec_deque::VecDeque<u8>", "std::collections::hash::map::HashMap<K, V>",
    "std::collections::hash::set::HashSet<K>", "alloc::collections::btree::map::BTreeMap<K, V>",
    "alloc::collections::btree::set::BTreeSet<K>", "alloc::rc::Rc<A>", "alloc::rc::Weak<A>",
    "core::cell::Cell<A>", "core::cell::RefCell<A>", "core::num::nonzero::NonZero<A>", "[]u8", "[*:0]u8",
    "[4:0]u8", "?A", "E!A", "array_list.Aligned(A)", "A" };

constexpr const char* member_names[] = { "", "__rep_", "__s", "__l", "__data_", "__size_", "__is_long_",
    "__begin_", "__end_", "__cap_", "__elems_", "__map_", "__start_", "__node_alloc_", "__next_", "__value_",
    "__left_", "__right_", "__parent_", "__tree_", "__begin_node_", "__end_node_", "__table_",
    "__first_node_", "first", "second", "__base_", "__engaged_", "__val_", "__impl_", "__index", "__data",
    "__head", "__tail", "__value", "__ptr_", "__cntrl_", "__shared_owners_", "__shared_weak_owners_", "__f_",
    "__func_", "__policy_", "__is_null", "__a_", "__a_value", "data_ptr", "length", "pointer", "vtable",
    "vec", "inner", "buf", "ptr", "cap", "len", "head", "base", "map", "table", "ctrl", "bucket_mask",
    "items", "__0", "__1", "root", "height", "node", "keys", "vals", "strong", "weak", "value", "data",
    "borrow", "payload", "some", "error", "tag", "capacity", "_vptr$A" };

constexpr const char* argument_names[] = { "", "T", "K", "V", "_Tp", "_Size", "_Extent", "_Period", "_Num",
    "_Den" };

/// Numbers from the input; zeros behind its end.
struct Input {
    Bytes left;

    uint8_t byte()
    {
        if (left.empty())
            return 0;
        const uint8_t result = left[0];
        left = left.subspan(1);
        return result;
    }
    uint64_t below(uint64_t end) { return byte() % end; }
    /// Mostly small, at times anything.
    uint64_t number()
    {
        const uint8_t first = byte();
        if (first < 0xf0)
            return first;
        uint64_t result = 0;
        for (int i = 0; i < (first & 7) + 1; ++i)
            result = result << 8 | byte();
        return result;
    }
    template<class T, size_t N> const T& choose(const T (&from)[N]) { return from[byte() % N]; }
};

source::Member read_member(Input& input, uint64_t types)
{
    source::Member member { .name = input.choose(member_names),
        .type = source::TypeId(input.below(types + 2)),
        .offset = input.number() };
    const uint8_t flags = input.byte();
    member.is_base_class = (flags & 7) == 1;
    member.is_artificial = (flags & 7) == 2;
    if ((flags & 7) == 3) {
        member.bit_offset = static_cast<uint32_t>(input.number());
        member.bit_size = static_cast<uint32_t>(input.number());
    }
    return member;
}

Type read_type(Input& input, uint64_t types)
{
    constexpr uint64_t kinds = static_cast<uint64_t>(Type::Kind::Complex) + 1, languages = 8;
    const auto any_type = [&] { return source::TypeId(input.below(types + 2)); };
    Type type { .kind = static_cast<Type::Kind>(input.below(kinds)),
        .language = static_cast<source::Language>(input.below(languages)) };
    type.name = input.choose(type_names);
    type.size = input.number();
    type.target = any_type();
    const uint8_t flags = input.byte();
    type.is_signed = flags & 1;
    type.is_utf = flags & 2;
    type.is_declaration = (flags & 0x1c) == 4;
    type.containing = any_type();
    for (uint64_t count = input.below(6); count > 0; --count)
        type.members.push_back(read_member(input, types));
    for (uint64_t count = input.below(3); count > 0; --count)
        type.enumerators.push_back({ input.choose(member_names), static_cast<int64_t>(input.number()) });
    for (uint64_t count = input.below(3); count > 0; --count)
        type.dimensions.push_back(input.byte() & 1 ? std::optional(input.number()) : std::nullopt);
    for (uint64_t count = input.below(3); count > 0; --count) {
        const bool is_value = input.byte() & 1;
        type.arguments.push_back({ input.choose(argument_names), any_type(),
            is_value ? std::optional<int64_t>(input.number()) : std::nullopt });
    }
    if (flags & 0x20)
        type.discriminant = read_member(input, types);
    if (flags & 0x40)
        for (uint64_t count = input.below(4); count > 0; --count)
            type.variants.push_back(
                { { { static_cast<int64_t>(input.number()), static_cast<int64_t>(input.number()) } },
                    read_member(input, types) });
    return type;
}

void check(const std::string& text)
{
    constexpr size_t most = size_t(16) << 20;
    ASSERT(is_utf8(bytes_of(text)));
    ASSERT(text == printable(text));
    ASSERT(text.size() < most);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    Input input { { data, size } };
    test::LiteralSymbols symbols;
    const uint64_t types = 1 + input.below(24);
    for (uint64_t i = 0; i < types; ++i)
        symbols.add_type(read_type(input, types));
    const source::VariableId table = symbols.add_global({ .name = "A::_vtable$", .type = source::TypeId(1) });
    symbols.by_address[input.number()] = table;
    test::LiteralReader reader(symbols);
    reader.base = 0;
    reader.word = input.byte() & 1 ? 8 : 4;
    reader.memory.assign(1024, 0);
    std::copy_n(
        input.left.begin(), std::min<size_t>(input.left.size(), reader.memory.size()), reader.memory.begin());
    source::Style style;
    style.base = static_cast<source::Style::Base>(input.below(9));
    style.is_raw = input.below(8) == 1;
    for (uint64_t i = 1; i <= types; ++i) {
        const auto id = static_cast<source::TypeId>(i);
        check(source::type_text(symbols, id));
        source::Value value { .type = id, .address = 8 };
        check(source::render(reader, value, style));
        const uint64_t count = source::child_count(reader, value, style);
        for (const source::Child& child : source::children(reader, value, 0, 5, style))
            check(child.name);
        (void)source::children(reader, value, count - 1, 5, style);
        (void)source::child_named(reader, value, "[0]", style);
        value.address.reset();
        value.bytes.assign(reader.memory.begin(), reader.memory.begin() + 16);
        value.missing = { 0, 0, 1 };
        check(source::render(reader, value, style));
    }
    return 0;
}
