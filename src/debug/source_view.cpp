// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "debug/source_view.h"

#include "base/text.h"

#include <algorithm>
#include <map>

namespace vitrine::core::debug {

namespace {

using source::Scope;

/// What the debug information says of one instruction.
struct Found {
    std::vector<Scope> scopes {};
    std::optional<source::Place> place {};
    std::string function {};
};

/// The line of an instruction: of its row, or if that has none, of the row before in the function.
std::optional<source::Place> find_place(source::Symbols& symbols, const FuncMeta& meta, CodeOffset offset)
{
    const auto row = symbols.row_at(offset);
    if (!row || row->place.line != 0)
        return row ? std::optional(row->place) : std::nullopt;
    std::optional<source::Place> place;
    for (const source::Row& before : symbols.rows_in({ meta.body_offset, offset + 1 }))
        if (before.place.line != 0 && before.range.begin <= offset)
            place = before.place;
    return place;
}

Found find(source::Symbols& symbols, const FuncMeta& meta, CodeOffset offset)
{
    Found found { symbols.scopes_at(offset), find_place(symbols, meta, offset), {} };
    if (found.scopes.empty())
        if (const auto function = symbols.function_at(offset)) {
            found.scopes.push_back({ .function = function->id, .name = function->name });
            found.scopes.back().ranges = function->ranges;
        }
    return found;
}

/// Whether the inlined body begins with the instruction that is about to be executed.
bool begins_at(const Scope& scope, const FuncMeta& meta, CodeOffset offset)
{
    if (scope.kind != Scope::Kind::Inlined || scope.ranges.empty())
        return false;
    const CodeOffset begin = std::ranges::min(scope.ranges, {}, &source::Range::begin).begin;
    return begin == offset || (offset == meta.code_offset && meta.contains(begin) && begin < offset);
}

/// The number of inlined bodies that begin at the instruction.
uint32_t beginning_at(const Found& found, const FuncMeta& meta, CodeOffset offset)
{
    uint32_t count = 0;
    for (const Scope& scope : found.scopes) {
        if (scope.kind == Scope::Kind::Block)
            continue;
        if (!begins_at(scope, meta, offset))
            break;
        ++count;
    }
    return count;
}

/// Adds the logical frames of one physical frame, without the `hidden` innermost ones.
void add_frames(std::vector<LogicalFrame>& to, size_t index, const Found& found, uint32_t hidden)
{
    LogicalFrame frame { .frame = index, .place = found.place };
    uint32_t level = 0, inside = 0;
    for (const Scope& scope : found.scopes) {
        frame.scopes.push_back(scope);
        if (scope.kind == Scope::Kind::Block)
            continue;
        LogicalFrame outer { .frame = index };
        if (scope.kind == Scope::Kind::Inlined && scope.call.line != 0)
            outer.place = scope.call;
        frame.inlined_inside = inside++;
        if (hidden != 0) {
            --hidden;
        } else {
            frame.is_inlined = scope.kind == Scope::Kind::Inlined;
            frame.function = scope.function;
            frame.name = scope.name;
            frame.level = level++;
            to.push_back(std::move(frame));
        }
        if (scope.kind == Scope::Kind::Function)
            return;
        frame = std::move(outer);
    }
    // The compiled function is not known.
    if (level == 0 || !frame.scopes.empty() || frame.place) {
        frame.level = level;
        frame.inlined_inside = inside;
        to.push_back(std::move(frame));
    }
}

} // namespace

std::vector<LogicalFrame> logical_frames(
    SymbolFinder& finder, std::span<const Frame> frames, uint32_t entered)
{
    std::vector<LogicalFrame> logical;
    logical.reserve(frames.size());
    // A recursion has the same places again and again.
    std::map<std::pair<const Module*, CodeOffset>, Found> known;
    for (size_t i = 0; i < frames.size(); ++i) {
        const Frame& frame = frames[i];
        const auto symbols = frame.is_host() ? nullptr : finder.symbols_of(frame.function->instance->module);
        if (!symbols) {
            logical.push_back({ .frame = i });
            continue;
        }
        const FuncMeta& meta = *frame.function->meta;
        const CodeOffset offset = lookup_offset(frame);
        const auto [place, is_new] = known.try_emplace({ &frame.function->module(), offset });
        if (is_new)
            place->second = find(*symbols, meta, offset);
        const Found& found = place->second;
        const uint32_t beginning = i == 0 && frame.is_innermost ? beginning_at(found, meta, offset) : 0;
        add_frames(logical, i, found, beginning - std::min(beginning, entered));
    }
    return logical;
}

std::string path_of(const source::File& file)
{
    const std::string_view path = file.path;
    const bool is_absolute =
        path.starts_with('/') || path.starts_with('\\') || (path.size() > 1 && path[1] == ':');
    return is_absolute || file.directory.empty() ? file.path : file.directory + "/" + file.path;
}

std::string_view file_name(std::string_view path) { return path.substr(path.find_last_of("/\\") + 1); }

std::string place_text(const source::File* file, const source::Place& place)
{
    return (file ? printable(file_name(file->path)) : "?") + ":" + std::to_string(place.line);
}

} // namespace vitrine::core::debug
