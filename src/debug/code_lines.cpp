// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "debug/code_lines.h"

#include <algorithm>
#include <utility>

namespace vitrine::core::debug {

namespace {

source::Range range_of(const Module& module, FuncIndex function)
{
    const FuncMeta& meta = module.meta(function);
    return { meta.body_offset, meta.end_offset };
}

/// How many bodies may be inside of each other: as many as `Symbols::scopes_at` answers with.
constexpr uint32_t max_depth = 128;

/// Whether functions of the language begin with code that sets up the frame.
bool has_prologues(source::Language language)
{
    using enum source::Language;
    return language != Wat && language != AssemblyScript && language != Go;
}

} // namespace

CodeLines::CodeLines(const Module& module, FuncIndex function)
    : function_(function),
      flow_(module, function),
      row_(flow_.size(), none),
      begins_row_(flow_.size(), none),
      innermost_(flow_.size(), function_body)
{}

CodeLines::CodeLines(const Module& module, FuncIndex function, source::Symbols& symbols)
    : CodeLines(module, function)
{
    const source::Range range = range_of(module, function);
    description_ = symbols.function_at(module.meta(function).code_offset);
    if (description_)
        has_prologue_ = has_prologues(description_->language);
    add_rows(symbols, range);
    if (has_lines_)
        add_bodies(symbols, range);
}

std::shared_ptr<const CodeLines> CodeLines::of_instructions(const Module& module, FuncIndex function)
{
    const std::shared_ptr<CodeLines> lines(new CodeLines(module, function));
    constexpr source::FileId generated { UINT32_MAX };
    const uint32_t size = lines->flow_.size();
    for (uint32_t i = 0; i < size; ++i) {
        const CodeOffset begin = lines->flow_.offset(i);
        const CodeOffset end = i + 1 < size ? lines->flow_.offset(i + 1) : module.meta(function).end_offset;
        lines->rows_.push_back(
            { .range = { begin, end }, .place = { generated, i + 1, 0 }, .is_statement = true });
        lines->row_[i] = lines->begins_row_[i] = i;
    }
    lines->has_prologue_ = false;
    lines->has_lines_ = true;
    return lines;
}

void CodeLines::add_rows(source::Symbols& symbols, source::Range range)
{
    rows_ = symbols.rows_in(range);
    std::ranges::sort(
        rows_, {}, [](const source::Row& row) { return std::pair(row.range.begin, row.range.end); });
    // An instruction belongs to the last row that begins at or before it and has a line. Only rows
    // with a line can be stopped at.
    uint32_t next = 0, current = none;
    for (uint32_t i = 0; i < flow_.size(); ++i) {
        for (; next < rows_.size() && rows_[next].range.begin <= flow_.offset(i); ++next) {
            if (rows_[next].range.end <= rows_[next].range.begin)
                continue;
            begins_row_[i] = next;
            if (rows_[next].place.line != 0)
                current = next;
        }
        row_[i] = current;
    }
    has_lines_ = current != none;
}

void CodeLines::add_bodies(source::Symbols& symbols, source::Range range)
{
    // More than any compiler makes; debug information may claim anything.
    uint64_t work = 256 * uint64_t { flow_.size() } + 100'000;
    for (source::Scope& scope : symbols.inlined_in(range)) {
        if (scope.kind != source::Scope::Kind::Inlined)
            continue;
        uint32_t begin = none;
        std::vector<std::pair<uint32_t, uint32_t>> parts;
        for (const source::Range& part : scope.ranges) {
            const auto first = flow_.find(std::max(part.begin, range.begin));
            const uint32_t end = flow_.find(part.end).value_or(flow_.size());
            if (part.end <= part.begin || !first || *first >= end)
                continue;
            parts.emplace_back(*first, end);
            begin = std::min(begin, *first);
            work -= std::min<uint64_t>(work, end - *first + 1);
        }
        if (work == 0)
            return;
        if (begin == none || depth(innermost_[begin]) == max_depth)
            continue;
        const auto body = static_cast<Body>(bodies_.size());
        const Body caller = innermost_[begin];
        bodies_.push_back({ std::move(scope), caller, depth(caller) + 1, begin });
        for (const auto& [first, end] : parts)
            std::fill(innermost_.begin() + first, innermost_.begin() + end, body);
    }
}

uint32_t CodeLines::beginning_at(uint32_t instruction) const
{
    uint32_t count = 0;
    for (Body body = innermost_[instruction]; body != function_body && bodies_[body].begin == instruction;
        body = bodies_[body].caller)
        ++count;
    return count;
}

CodeLines::Position CodeLines::position(uint32_t instruction, uint32_t entered) const
{
    Position position { .body = innermost_[instruction] };
    if (row_[instruction] != none)
        position.place = rows_[row_[instruction]].place;
    const uint32_t beginning = beginning_at(instruction);
    for (uint32_t i = entered; i < beginning; ++i) {
        const source::Place& call = bodies_[position.body].scope.call;
        position.place = call.line != 0 ? std::optional(call) : std::nullopt;
        position.body = bodies_[position.body].caller;
    }
    return position;
}

CodeLines::Call CodeLines::call_of(Body body) const
{
    const uint32_t begin = bodies_[body].begin;
    uint32_t entered = beginning_at(begin);
    for (Body each = innermost_[begin]; entered != 0 && contains(body, each); each = bodies_[each].caller) {
        --entered;
        if (each == body)
            break;
    }
    return { begin, entered };
}

bool CodeLines::is_statement(uint32_t instruction) const
{
    const uint32_t begun = begins_row_[instruction];
    return (begun != none && rows_[begun].is_statement && rows_[begun].place.line != 0)
        || (row_[instruction] != none && beginning_at(instruction) != 0);
}

bool CodeLines::contains(Body outer, Body inner) const
{
    for (; inner != outer; inner = bodies_[inner].caller)
        if (inner == function_body)
            return false;
    return true;
}

std::optional<CodeLines::Body> CodeLines::first_call(Body outer, Body inner) const
{
    std::optional<Body> call;
    for (; inner != outer; inner = bodies_[inner].caller)
        call = inner;
    return call;
}

uint32_t CodeLines::behind_prologue() const
{
    std::optional<uint32_t> first;
    uint32_t second = none;
    for (uint32_t i = 0; i < flow_.size(); ++i) {
        const uint32_t begun = begins_row_[i];
        if (begun == none || rows_[begun].place.line == 0)
            continue;
        if (rows_[begun].is_prologue_end)
            return i;
        if (!rows_[begun].is_statement)
            continue;
        if (first && second == none)
            second = i;
        if (!first)
            first = i;
    }
    if (!has_prologue_)
        return 0;
    return second != none ? second : 0;
}

} // namespace vitrine::core::debug
