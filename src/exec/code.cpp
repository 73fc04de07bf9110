// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/code.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace vitrine::core {

// The private copy of a function's code is one block of memory, which also has the guards of its
// marks: a `CodeCopy`, the code, a `GuardTable` behind it, and the steps of all guards.

namespace {

size_t size_of(const Function& function) { return function.meta->end_offset - function.meta->body_offset; }

/// The guard of one mark. Entries are in ascending order. `at` is its offset from the body's first
/// byte; the steps begin `first` steps behind the table.
struct GuardEntry {
    uint32_t at;
    uint32_t first;
    uint32_t count;
};

struct GuardTable {
    /// The number of entries, and how many there is room for.
    uint32_t count = 0;
    uint32_t capacity = 0;

    std::span<GuardEntry> entries() { return { reinterpret_cast<GuardEntry*>(this + 1), count }; }
    GuardStep* steps()
    {
        return reinterpret_cast<GuardStep*>(reinterpret_cast<uint8_t*>(this) + size_for(capacity));
    }
    /// The size of a table with this many entries, rounded up so that steps can follow.
    static size_t size_for(size_t entries)
    {
        return aligned(sizeof(GuardTable) + entries * sizeof(GuardEntry));
    }
    static size_t aligned(size_t size) { return (size + alignof(GuardStep) - 1) & ~(alignof(GuardStep) - 1); }
};
static_assert(
    alignof(GuardStep) >= alignof(GuardTable) && alignof(GuardStep) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);

/// Where the table is in the block.
size_t table_offset(const Function& function)
{
    return GuardTable::aligned(sizeof(CodeCopy) + size_of(function));
}

GuardTable& guards_in(const Function& function)
{
    return *reinterpret_cast<GuardTable*>(function.private_code.get() + table_offset(function));
}

CodeCopy& copy_of(Function& function) { return *reinterpret_cast<CodeCopy*>(function.private_code.get()); }

/// The code in the copy.
uint8_t* code_in(Function& function) { return function.private_code.get() + sizeof(CodeCopy); }

GuardEntry* find_guard(const Function& function, uint32_t at)
{
    const auto entries = guards_in(function).entries();
    const auto found = std::ranges::lower_bound(entries, at, {}, &GuardEntry::at);
    return found != entries.end() && found->at == at ? &*found : nullptr;
}

/// Copies the function's code, with the guards that it has and one more, if that is not empty.
void copy_code(Function& function, uint32_t at, GuardView guard)
{
    const auto old = function.private_code ? guards_in(function).entries() : std::span<GuardEntry>();
    size_t steps = guard.size();
    for (const GuardEntry& entry : old)
        steps += entry.count;
    const size_t table_at = table_offset(function);
    const size_t capacity = old.size() + (guard.empty() ? 0 : 1);
    auto copy = std::make_unique_for_overwrite<uint8_t[]>(
        table_at + GuardTable::size_for(capacity) + steps * sizeof(GuardStep));
    new (copy.get()) CodeCopy(function.private_code ? copy_of(function) : CodeCopy());
    std::memcpy(copy.get() + sizeof(CodeCopy), function.code, size_of(function));
    auto& table = *new (copy.get() + table_at) GuardTable { .capacity = static_cast<uint32_t>(capacity) };
    uint32_t next = 0;
    const auto add = [&](uint32_t place, GuardView added) {
        const auto count = static_cast<uint32_t>(added.size());
        ++table.count;
        new (&table.entries().back()) GuardEntry { place, next, count };
        std::ranges::uninitialized_copy(added, std::span(table.steps() + next, count));
        next += count;
    };
    for (const GuardEntry& entry : old)
        add(entry.at, { guards_in(function).steps() + entry.first, entry.count });
    if (!guard.empty())
        add(at, guard);
    std::ranges::sort(table.entries(), {}, &GuardEntry::at);
    function.private_code = std::move(copy);
    function.code = code_in(function);
}

/// One of the marks has this guard.
void include(CodeCopy& copy, GuardView guard)
{
    copy.last_frame = std::max(copy.last_frame, frame_of(guard).value_or(CodeCopy::any_frame()));
}

void remove_guard(Function& function, uint32_t at)
{
    GuardEntry* const entry = find_guard(function, at);
    if (!entry)
        return;
    GuardTable& table = guards_in(function);
    std::copy(entry + 1, table.entries().data() + table.count, entry);
    --table.count;
}

} // namespace

void mark(Function& function, CodeOffset offset, GuardView guard)
{
    ASSERT(!function.is_host() && offset >= function.meta->code_offset && offset < function.meta->end_offset);
    const uint32_t at = offset - function.meta->body_offset;
    const bool has_copy = function.private_code != nullptr;
    if (!has_copy || !std::ranges::equal(guard_of(function, offset), guard)) {
        // The steps may be those that are removed.
        const Guard kept(guard.begin(), guard.end());
        if (has_copy)
            remove_guard(function, at);
        if (!has_copy || !kept.empty())
            copy_code(function, at, kept);
        include(copy_of(function), kept);
    } else {
        include(copy_of(function), guard);
    }
    code_in(function)[at] = mark_opcode;
}

void unmark(Function& function, CodeOffset offset)
{
    if (!is_marked(function, offset))
        return;
    const uint32_t at = offset - function.meta->body_offset;
    remove_guard(function, at);
    code_in(function)[at] = original_code(function)[at];
    if (std::memcmp(function.code, original_code(function), size_of(function)) == 0) {
        function.code = original_code(function);
        function.private_code.reset();
    }
}

bool is_marked(const Function& function, CodeOffset offset)
{
    return function.private_code && function.meta->contains(offset)
        && function.code[offset - function.meta->body_offset] == mark_opcode
        && original_code(function)[offset - function.meta->body_offset] != mark_opcode;
}

GuardView guard_of(const Function& function, CodeOffset offset)
{
    if (!function.private_code || !function.meta->contains(offset))
        return {};
    const GuardEntry* const entry = find_guard(function, offset - function.meta->body_offset);
    return entry ? GuardView(guards_in(function).steps() + entry->first, entry->count) : GuardView();
}

} // namespace vitrine::core
