// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/debugger.h"
#include "cli/number.h"
#include "cli/place.h"
#include "cli/watch_place.h"

#include "base/text.h"
#include "debug/listing.h"

#include <algorithm>

namespace vitrine::cli {

using core::debug::function_line, core::debug::global_line, core::debug::instance_line,
    core::debug::row_label, core::debug::table_line;

namespace {

constexpr uint64_t bytes_per_line = 16;
constexpr uint64_t default_length = 64;
constexpr uint64_t max_length = 1 << 20;
constexpr size_t max_found = 32;
constexpr uint64_t max_elements = 100;

uint64_t size_of(const debug::MemoryRange& place)
{
    return std::visit([](const auto& memory) { return memory.size(); }, place.memory);
}

/// The part of a stretch that is there.
std::vector<std::byte> read(const debug::MemoryRange& place, uint64_t address, uint64_t length)
{
    const uint64_t size = size_of(place);
    std::vector<std::byte> bytes(address < size ? std::min(length, size - address) : 0);
    const auto done =
        std::visit([&](const auto& memory) { return memory.read(address, bytes); }, place.memory);
    return done ? bytes : std::vector<std::byte>();
}

void print_bytes(const Debugger& debugger, uint64_t address, std::span<const std::byte> bytes)
{
    for (size_t line = 0; line < bytes.size(); line += bytes_per_line) {
        std::string hex, letters;
        for (const std::byte byte :
            bytes.subspan(line, std::min<size_t>(bytes_per_line, bytes.size() - line))) {
            const auto code = std::to_integer<unsigned char>(byte);
            hex += fmt::format("{:02x} ", code);
            letters += code >= 0x20 && code < 0x7f ? static_cast<char>(code) : '.';
        }
        debugger.print("{:#010x}  {:<48} {}", address + line, hex, letters);
    }
}

/// `0x10`, `1:0x10`, `1: 0x10`; empty at the end.
std::string take_place(Words& words)
{
    std::string text(words.next());
    if (text.ends_with(':'))
        text += words.next();
    return text;
}

Result<void> list_memories(Debugger& debugger, const Scope& scope)
{
    const std::vector<MemoryInfo> rows = scope.instance.module().memories();
    for (const MemoryInfo& row : rows) {
        const auto place = TRY(find_memory_place(scope, fmt::format("{}: 0", row.index)));
        debugger.write(
            core::debug::memory_line(inner(scope.instance.module()), { row.index }, size_of(place), ""));
    }
    if (rows.empty())
        debugger.write("no memories");
    return {};
}

/// `"text"`, or the digits of bytes.
Result<std::vector<std::byte>> take_pattern(Words& words)
{
    std::vector<std::byte> bytes;
    if (words.rest().starts_with('"')) {
        const auto text = TRY(words.quoted("a text"));
        for (const char letter : text)
            bytes.push_back(static_cast<std::byte>(letter));
    } else {
        const std::string_view digits = words.next();
        for (size_t i = 0; i + 1 < digits.size(); i += 2) {
            const auto byte = parse_unsigned(fmt::format("0x{}", digits.substr(i, 2)));
            if (!byte)
                break;
            bytes.push_back(static_cast<std::byte>(*byte));
        }
        if (bytes.size() * 2 != digits.size())
            return Error(
                fmt::format("{}: expected a text in quotes, or pairs of hexadecimal digits", digits));
    }
    if (bytes.empty())
        return Error("expected a text in quotes, or pairs of hexadecimal digits");
    return bytes;
}

Result<void> list_elements(Debugger& debugger, const Table& table, Words& words)
{
    const auto from = TRY(words.at_end() ? 0 : words.number("an element"));
    const auto count = TRY(words.at_end() ? max_elements : words.number("a count"));
    CHECK(words.end());
    const uint64_t size = table.size();
    const uint64_t end = from < size ? from + std::min(count, size - from) : from;
    for (uint64_t i = from; i < end; ++i) {
        const auto value = TRY(table.get(i));
        debugger.print("[{}] {}", i, value.to_text());
    }
    if (end < size)
        debugger.print("{} more", size - end);
    return {};
}

} // namespace

namespace verbs {

Result<void> show_globals(Debugger& debugger, Words& words)
{
    const std::string_view pattern = words.next();
    const auto instance = TRY(debugger.instance());
    const core::Module& module = inner(instance.module());
    bool is_none = true;
    for (const GlobalInfo& row : instance.module().globals()) {
        if (!row_label(module, core::ExternKind::Global, row.index).contains(pattern))
            continue;
        is_none = false;
        debugger.write(global_line(module, { row.index }, instance.debug_global(row.index)->get().to_text()));
    }
    if (is_none)
        debugger.write("no globals");
    return words.end();
}

Result<void> show_tables(Debugger& debugger, Words& words)
{
    const auto instance = TRY(debugger.instance());
    const std::vector<TableInfo> rows = instance.module().tables();
    if (!words.at_end()) {
        const std::string_view name = words.next();
        const TableInfo* row = find_row(rows, name);
        if (!row)
            return Error(fmt::format("the instance has no table {}", name));
        return list_elements(debugger, *instance.debug_table(row->index), words);
    }
    for (const TableInfo& row : rows)
        debugger.write(
            table_line(inner(instance.module()), { row.index }, instance.debug_table(row.index)->size()));
    if (rows.empty())
        debugger.write("no tables");
    return {};
}

Result<void> show_memory(Debugger& debugger, Words& words)
{
    const auto scope = TRY(debugger.scope());
    if (words.at_end())
        return list_memories(debugger, scope);
    const auto place = TRY(find_memory_place(scope, take_place(words)));
    const auto length = TRY(words.at_end() ? default_length : words.number("a length"));
    CHECK(words.end());
    const uint64_t size = size_of(place);
    if (place.address >= size)
        return Error(fmt::format("address {:#x} is behind the memory's end, {:#x}", place.address, size));
    const std::vector<std::byte> bytes = read(place, place.address, std::min(length, max_length));
    print_bytes(debugger, place.address, bytes);
    if (bytes.size() < length && length > max_length)
        debugger.print("{} more", length - bytes.size());
    else if (bytes.size() < length)
        debugger.write("the memory ends here");
    return {};
}

Result<void> find(Debugger& debugger, Words& words)
{
    const auto scope = TRY(debugger.scope());
    const auto pattern = TRY(take_pattern(words));
    const std::string text = take_place(words);
    CHECK(words.end());
    const auto place = TRY(find_memory_place(scope, text.empty() ? "0" : text));
    size_t found = 0;
    constexpr uint64_t chunk = 1 << 20;
    // Pieces overlap, so that nothing is missed where they meet.
    for (uint64_t at = place.address; found < max_found; at += chunk) {
        const std::vector<std::byte> bytes = read(place, at, chunk + pattern.size() - 1);
        auto from = bytes.begin();
        while (found < max_found) {
            const auto hit = std::search(from, bytes.end(), pattern.begin(), pattern.end());
            if (hit == bytes.end())
                break;
            debugger.print("{:#x}", at + static_cast<uint64_t>(hit - bytes.begin()));
            ++found;
            from = hit + 1;
        }
        if (bytes.size() < chunk + pattern.size() - 1)
            break;
    }
    if (found == 0)
        debugger.write("not found");
    else if (found == max_found)
        debugger.print("these are the first {}", found);
    return {};
}

Result<void> show_instances(Debugger& debugger, Words& words)
{
    CHECK(words.end());
    const auto selected = debugger.guest().instance();
    const std::vector<Instance> all = debugger.guest().instances();
    for (const Instance& instance : all)
        debugger.print("{} {}", selected == instance ? "*" : " ",
            instance_line(inner(instance.module()), instance.number()));
    if (all.empty())
        debugger.write("no instances");
    return {};
}

Result<void> show_modules(Debugger& debugger, Words& words)
{
    CHECK(words.end());
    for (const LoadedModule& loaded : debugger.guest().modules()) {
        const core::Module& module = inner(loaded.module);
        const std::string_view name = module.names().module;
        debugger.print("{}{}{}: functions {}, globals {}, memories {}, tables {}, tags {}, bytes {}",
            loaded.path, name.empty() ? "" : " $", core::escaped(name), module.functions.size(),
            module.globals.size(), module.memories.size(), module.tables.size(), module.tags.size(),
            module.bytes().size());
    }
    return {};
}

Result<void> show_functions(Debugger& debugger, Words& words)
{
    const std::string_view pattern = words.next();
    CHECK(words.end());
    const Module module = debugger.guest().module_in_view();
    bool is_none = true;
    for (uint32_t i = 0; i < inner(module).functions.size(); ++i) {
        if (!row_label(inner(module), core::ExternKind::Func, i).contains(pattern))
            continue;
        is_none = false;
        const std::string at =
            inner(module).is_imported(core::FuncIndex { i }) ? "" : core::hex(first_instruction(module, i));
        debugger.write(function_line(inner(module), { i }, at));
    }
    if (is_none)
        debugger.write("no functions");
    return {};
}

Result<void> show_tags(Debugger& debugger, Words& words)
{
    CHECK(words.end());
    const Module in_view = debugger.guest().module_in_view();
    const core::Module& module = inner(in_view);
    for (uint32_t i = 0; i < module.tags.size(); ++i)
        debugger.write(core::debug::tag_line(module, { i }));
    if (module.tags.empty())
        debugger.write("no tags");
    return {};
}

Result<void> show_info(Debugger& debugger, Words& words)
{
    CHECK(show_modules(debugger, words));
    if (!debugger.guest().stopped() && !debugger.guest().end())
        debugger.write("not run yet");
    debugger.tell();
    debugger.print("breakpoints {}, watchpoints {}", debugger.guest().breakpoints().size(),
        debugger.guest().watchpoints().size());
    return {};
}

} // namespace verbs

} // namespace vitrine::cli
