// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/watch_place.h"

#include "cli/number.h"
#include "cli/place.h"

namespace vitrine::cli {

namespace {

using What = decltype(debug::WatchpointSpec::what);

/// The words that read memory in expressions, and how many bytes each takes.
struct MemoryWord {
    std::string_view name;
    uint64_t size;
};

constexpr MemoryWord memory_words[] { { "i8", 1 }, { "u8", 1 }, { "i16", 2 }, { "u16", 2 }, { "i32", 4 },
    { "u32", 4 }, { "i64", 8 }, { "u64", 8 }, { "f32", 4 }, { "f64", 8 }, { "v128", 16 } };

/// `word[inner]` as its two parts.
struct Indexed {
    std::string_view word;
    std::string_view inner;
};

std::optional<Indexed> split_brackets(std::string_view text)
{
    const size_t open = text.find('[');
    if (open == std::string_view::npos || !text.ends_with(']') || text.find_first_of("\"$") < open)
        return std::nullopt;
    return Indexed { text.substr(0, open), text.substr(open + 1, text.size() - open - 2) };
}

/// `selector: expression` as its two parts; the selector is empty when there is none.
std::pair<std::string_view, std::string_view> split_selector(std::string_view text)
{
    const size_t colon = text.find(':');
    if (colon == std::string_view::npos || text.find_first_of("?[(") < colon)
        return { "", text };
    return { Words(text.substr(0, colon)).rest(), Words(text.substr(colon + 1)).rest() };
}

/// An address or an index: an integer, without its sign unless it has 64 bits.
Result<uint64_t> evaluate_index(const Scope& scope, std::string_view text)
{
    if (const auto number = parse_unsigned(text))
        return *number;
    const auto value = scope.evaluate(text);
    if (!value)
        return with_mark(value.error(), text);
    if (const auto small = value->as_i32())
        return static_cast<uint32_t>(*small);
    if (const auto large = value->as_i64())
        return static_cast<uint64_t>(*large);
    return Error(fmt::format("{} is no integer", text));
}

template<class Info>
Result<const Info*> find_selected(
    const std::vector<Info>& rows, std::string_view selector, std::string_view kind)
{
    if (const Info* row = find_row(rows, selector.empty() ? "0" : selector))
        return row;
    if (rows.empty())
        return Error(fmt::format("the instance has no {}", kind));
    return Error(fmt::format("the instance has no {} {}", kind, selector));
}

Result<What> memory_range(const Scope& scope, std::string_view place, uint64_t size)
{
    auto found = find_memory_place(scope, place);
    if (!found)
        return found.error();
    return What(debug::MemoryRange { std::move(found->memory), found->address, size });
}

Result<What> table_slot(const Scope& scope, std::string_view inner)
{
    const auto [selector, text] = split_selector(inner);
    const std::vector<TableInfo> tables = scope.instance.module().tables();
    const auto row = find_selected(tables, selector, "table");
    if (!row)
        return row.error();
    const auto index = evaluate_index(scope, text);
    if (!index)
        return index.error();
    return What(debug::TableSlot { *scope.instance.debug_table((*row)->index), *index });
}

std::optional<uint32_t> find_local(const Scope& scope, std::string_view text)
{
    const std::vector<debug::Local> locals =
        scope.frame ? scope.frame->locals() : std::vector<debug::Local>();
    const std::string_view name = bare_name(text);
    if (const auto index = index_in(locals.size(), name))
        return index;
    const auto found = std::ranges::find(locals, name, &debug::Local::name);
    if (name.empty() || found == locals.end())
        return std::nullopt;
    return static_cast<uint32_t>(found - locals.begin());
}

Result<What> find_indexed(const Scope& scope, const Indexed& place)
{
    const auto* word = std::ranges::find(memory_words, place.word, &MemoryWord::name);
    if (word != std::end(memory_words))
        return memory_range(scope, place.inner, word->size);
    if (place.word == "table")
        return table_slot(scope, place.inner);
    if (place.word == "local") {
        if (const auto index = find_local(scope, place.inner))
            return What(debug::FrameLocal { *scope.frame, *index });
        return Error(fmt::format("the frame has no local {}", place.inner));
    }
    return Error(fmt::format("{}[..] cannot be watched", place.word));
}

} // namespace

Result<MemoryPlace> find_memory_place(const Scope& scope, std::string_view text)
{
    const auto [selector, address_text] = split_selector(text);
    const std::vector<MemoryInfo> memories = scope.instance.module().memories();
    const auto row = find_selected(memories, selector, "memory");
    if (!row)
        return row.error();
    const auto address = evaluate_index(scope, address_text);
    if (!address)
        return address.error();
    const uint32_t index = (*row)->index;
    if (const auto plain = scope.instance.debug_memory(index))
        return MemoryPlace { *plain, index, *address };
    return MemoryPlace { *scope.instance.debug_shared_memory(index), index, *address };
}

Result<Global> find_global(const Instance& instance, std::string_view text)
{
    const auto place = split_brackets(text);
    const std::vector<GlobalInfo> globals = instance.module().globals();
    const GlobalInfo* row = nullptr;
    if (place && place->word == "global")
        row = find_row(globals, place->inner);
    else if (!place && !parse_unsigned(bare_name(text)))
        row = find_row(globals, text);
    if (!row)
        return Error(fmt::format("{} is no global", text));
    return *instance.debug_global(row->index);
}

Result<What> find_watch_place(const Scope& scope, std::string_view text)
{
    if (text.empty())
        return Error("expected a place, for example i32[0x10], $name, global[0] or table[2]");
    Words words(text);
    if (words.take("memory")) {
        const std::string_view place = words.next();
        const auto length = words.number("a length in bytes");
        if (!length)
            return length.error();
        if (auto ends = words.end(); !ends)
            return ends.error();
        return memory_range(scope, place, *length);
    }
    const auto place = split_brackets(text);
    if (place && place->word != "global")
        return find_indexed(scope, *place);
    if (const auto local = place ? std::nullopt : find_local(scope, text))
        return What(debug::FrameLocal { *scope.frame, *local });
    const auto global = find_global(scope.instance, text);
    if (!global)
        return Error(fmt::format("{} is neither a local nor a global that can be watched", text));
    return What(*global);
}

} // namespace vitrine::cli
