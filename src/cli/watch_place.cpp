// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/watch_place.h"

namespace vitrine::cli {

Result<debug::MemoryRange> find_memory_place(const Scope& scope, std::string_view text)
{
    constexpr std::string_view before = "u8[";
    const auto place = scope.place(fmt::format("{}{}]", before, text));
    if (place)
        return std::get<debug::MemoryRange>(*place);
    const uint64_t offset = place.error().offset().value_or(0);
    return with_mark(Error(place.error().message(), offset - std::min(offset, before.size())), text);
}

Result<Global> find_global(const Scope& scope, std::string_view text)
{
    const auto place = scope.place(text);
    if (!place)
        return with_mark(place.error(), text);
    if (const auto* global = std::get_if<Global>(&*place))
        return *global;
    return Error(fmt::format("{} is no global", text));
}

Result<debug::WatchPlace> find_watch_place(const Scope& scope, std::string_view text)
{
    if (text.empty())
        return Error("expected a place, for example i32[0x10], $name, global[0] or table[2]");
    Words words(text);
    if (words.take("memory")) {
        auto range = find_memory_place(scope, words.next());
        if (!range)
            return range.error();
        const auto length = words.number("a length in bytes");
        if (!length)
            return length.error();
        if (auto ends = words.end(); !ends)
            return ends.error();
        range->size = *length;
        return debug::WatchPlace(*std::move(range));
    }
    auto place = scope.place(text);
    if (!place)
        return with_mark(place.error(), text);
    return place;
}

} // namespace vitrine::cli
