// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Finds the formatter for a type, and has what formatters share.

#include "source/renderer.h"

#include <algorithm>

namespace vitrine::core::source {
namespace {

/// What a formatter looks through before it believes a length.
constexpr uint64_t max_verified = 1000;
constexpr uint64_t max_count = uint64_t(1) << 32;

bool is_identifier(char c)
{
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// See formatters.inc.
bool matches(std::string_view pattern, std::string_view name)
{
    // The last `%`, and the end of the shortest text for it.
    std::optional<size_t> any;
    size_t any_end = 0, at = 0, i = 0;
    while (i < name.size()) {
        const char expected = at < pattern.size() ? pattern[at] : '\0';
        if (expected == '%') {
            any = at++;
            any_end = i;
            continue;
        }
        if (expected == '#' && is_identifier(name[i])) {
            while (i < name.size() && is_identifier(name[i]))
                ++i;
            ++at;
            continue;
        }
        if (expected == name[i] && at < pattern.size()) {
            ++i;
            ++at;
            continue;
        }
        if (!any)
            return false;
        at = *any + 1;
        i = ++any_end;
    }
    return pattern.substr(at).find_first_not_of('%') == std::string_view::npos;
}

struct Formatting {
    Language language;
    std::string_view pattern;
    Formatter formatter;
};

constexpr Formatting formattings[] = {
#define FORMATTER(language, pattern, function) { Language::language, pattern, formatters::function },
#include "source/formatters.inc"
};

} // namespace

Formatter formatter_for(const Type& type)
{
    using Kind = Type::Kind;
    const Kind kind = type.kind;
    const bool is_named =
        kind == Kind::Struct || kind == Kind::Union || kind == Kind::Pointer || kind == Kind::Array;
    if (!is_named || type.name.empty())
        return nullptr;
    const auto found = std::ranges::find_if(formattings, [&](const Formatting& row) {
        return row.language == type.language && matches(row.pattern, type.name);
    });
    return found != std::end(formattings) ? found->formatter : nullptr;
}

std::optional<Shown> sequence(Shown::Shape shape, uint64_t count, Walk walk)
{
    const uint64_t verified = std::min(count, max_verified);
    if (count > max_count || walk(0, verified).size() != verified)
        return {};
    Shown result { .shape = shape, .count = count };
    result.children = [walk = std::move(walk)](uint64_t from, uint64_t wanted) {
        std::vector<Child> children;
        for (Value& each : walk(from, wanted)) {
            const auto list = each.address ? std::optional<std::string_view>("") : std::nullopt;
            children.push_back(element(from + children.size(), std::move(each), list));
        }
        return children;
    };
    return result;
}

std::string entry_name(Renderer& renderer, const Value& key)
{
    const uint32_t depth = renderer.style().max_depth;
    return entry_name(renderer.line(key, depth > 0 ? depth - 1 : 0));
}

std::string entry_name(std::string key)
{
    constexpr size_t max_name = 100;
    if (key.size() > max_name)
        key = key.substr(0, max_name) + "...";
    return "[" + key + "]";
}

Child entry(Renderer& renderer, const Value& key, Value mapped)
{
    using enum Type::Kind;
    std::string name = entry_name(renderer, key);
    const Type::Kind kind = renderer.access().type_of(key).kind;
    const bool is_number =
        kind == Bool || kind == Signed || kind == Unsigned || kind == Character || kind == Enum;
    const bool can_be_written = is_number || (name.starts_with("[\"") && name.ends_with("\"]"));
    return { name, std::move(mapped), can_be_written ? name : "" };
}

std::optional<Shown> entries(
    Renderer& renderer, uint64_t count, Walk walk, std::string_view key, std::string_view mapped)
{
    auto result = sequence(Shown::Shape::Entries, count, walk);
    if (!result)
        return {};
    result->children = [&renderer, walk = std::move(walk), key, mapped](uint64_t from, uint64_t wanted) {
        std::vector<Child> children;
        for (const Value& each : walk(from, wanted)) {
            const auto first = renderer.access().member(each, key);
            auto second = renderer.access().member(each, mapped);
            if (!first || !second)
                break;
            children.push_back(entry(renderer, *first, *std::move(second)));
        }
        return children;
    };
    return result;
}

std::optional<Shown> elements_at(
    Renderer& renderer, uint64_t address, uint64_t count, TypeId type, std::optional<std::string_view> list)
{
    const auto size = renderer.access().size_of(type);
    if (!size || count > max_count || *size > max_count
        || (count != 0 && *size != 0 && !renderer.access().is_readable(address, count * *size)))
        return {};
    Shown result { .shape = Shown::Shape::Elements, .count = count };
    result.children = [address, type, size = *size, list](uint64_t from, uint64_t wanted) {
        std::vector<Child> children;
        for (uint64_t i = from; i < from + wanted; ++i)
            children.push_back(element(i, Access::at(address + i * size, type), list));
        return children;
    };
    return result;
}

std::optional<Shown> text_at(Renderer& renderer, uint64_t address, uint64_t length, TextUnit unit)
{
    if (length > max_count || !renderer.access().is_readable(address, length * unit.size))
        return {};
    // A character has at most four units.
    const uint64_t wanted = std::min<uint64_t>(length, (uint64_t(renderer.style().max_text) + 1) * 4);
    std::vector<uint8_t> bytes(wanted * unit.size);
    if (!bytes.empty() && renderer.access().read_memory(address, bytes) != Access::State::Readable)
        return {};
    return plain(quoted_text(bytes, unit, renderer.style().max_text, wanted < length));
}

std::optional<Shown> text_or_units(
    Renderer& renderer, uint64_t address, uint64_t length, TextUnit unit, TypeId type)
{
    return renderer.style().has_units ? elements_at(renderer, address, length, type)
                                      : text_at(renderer, address, length, unit);
}

std::optional<std::string> terminated_text(Renderer& renderer, uint64_t address, TextUnit unit)
{
    constexpr uint64_t block = 64;
    const uint64_t max_bytes = (uint64_t(renderer.style().max_text) + 1) * 4;
    std::vector<uint8_t> bytes;
    bool is_ended = false, is_readable = true;
    while (!is_ended && is_readable && bytes.size() < max_bytes) {
        // Not further than to the next multiple of a block: memory ends at one.
        const uint64_t next = address + bytes.size();
        std::vector<uint8_t> part(block - next % block);
        part.resize(std::max<size_t>(part.size() / unit.size, 1) * unit.size);
        is_readable = renderer.access().read_memory(next, part) == Access::State::Readable;
        for (size_t i = 0; is_readable && !is_ended && i + unit.size <= part.size(); i += unit.size) {
            const auto units = std::span(part).subspan(i, unit.size);
            is_ended = word_of(units) == 0;
            if (!is_ended)
                bytes.insert(bytes.end(), units.begin(), units.end());
        }
    }
    if (!is_readable && bytes.empty())
        return {};
    return quoted_text(bytes, unit, renderer.style().max_text, !is_ended);
}

} // namespace vitrine::core::source
