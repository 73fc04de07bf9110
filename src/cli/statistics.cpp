// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/statistics.h"

#include "base/text.h"
#include "door/inner.h"
#include "dwarf/demangle.h"
#include "wasm/printer.h"

#include <algorithm>
#include <map>
#include <numeric>

namespace vitrine::cli {

namespace {

using core::CompilerStatistics;

/// More rows than this are only counted.
constexpr size_t max_rows = 20;

/// `func[3] name`, or `main!func[3] name` if the guest has several modules.
std::string text_of(
    const core::Module& module, core::FuncIndex function, std::span<const LoadedModule> modules)
{
    const auto loaded = std::ranges::find_if(
        modules, [&](const LoadedModule& each) { return door::inner(each.module).get() == &module; });
    std::string text;
    if (modules.size() > 1 && loaded != modules.end())
        text = core::printable(loaded->name.empty() ? loaded->path : loaded->name) + "!";
    const std::string_view name = module.names().functions.find(function.value);
    return fmt::format("{}func[{}]{}{}", text, function.value, name.empty() ? "" : " ",
        core::printable(core::dwarf::demangled(name)));
}

void print_refusals(const CompilerStatistics& statistics, std::span<const LoadedModule> modules)
{
    if (statistics.refused.empty())
        return;
    print_note("not compiled: " + core::count_text(statistics.refused.size(), "function"));
    std::map<std::string_view, size_t> reasons;
    for (const CompilerStatistics::Refused& each : statistics.refused)
        if (++reasons[each.reason] <= max_rows)
            print_row(fmt::format("{}: {}", text_of(*each.module, each.function, modules), each.reason));
    for (const auto& [reason, count] : reasons)
        if (count > max_rows)
            print_row(fmt::format("{} more: {}", count - max_rows, reason));
}

void print_exits(std::vector<CompilerStatistics::Exit> exits, std::span<const LoadedModule> modules)
{
    const uint64_t total = std::accumulate(exits.begin(), exits.end(), uint64_t { 0 },
        [](uint64_t sum, const CompilerStatistics::Exit& each) { return sum + each.count; });
    print_note(exits.empty() ? std::string("exits to the interpreter: none")
                             : fmt::format("exits to the interpreter: {} at {}", total,
                                   core::count_text(exits.size(), "place")));
    std::ranges::sort(exits, [](const CompilerStatistics::Exit& a, const CompilerStatistics::Exit& b) {
        return a.count != b.count ? a.count > b.count : a.offset < b.offset;
    });
    for (size_t i = 0; i < exits.size() && i < max_rows; ++i) {
        const CompilerStatistics::Exit& each = exits[i];
        core::ByteReader in(each.module->bytes().subspan(each.offset), each.offset);
        const auto instruction = core::decode_instruction(in);
        print_row(
            fmt::format("{:>12}  {} at {:#x}  {}", each.count, text_of(*each.module, each.function, modules),
                each.offset, instruction ? core::to_text(*instruction, *each.module, each.function) : ""));
    }
    if (exits.size() > max_rows)
        print_row(fmt::format("and {}", core::count_text(exits.size() - max_rows, "more place")));
}

} // namespace

void print_statistics(const core::CompilerStatistics& statistics, std::span<const LoadedModule> modules)
{
    if (!statistics.unavailable.empty())
        print_note("nothing is compiled: " + statistics.unavailable);
    if (!statistics.unavailable.empty() && statistics.functions == 0)
        return;
    print_note(fmt::format("compiled: {}, {} to {} of machine code, {:.3f} ms",
        core::count_text(statistics.functions, "function"), core::count_text(statistics.wasm_bytes, "byte"),
        core::count_text(statistics.code_bytes, "byte"), static_cast<double>(statistics.nanoseconds) / 1e6));
    print_refusals(statistics, modules);
    print_exits(statistics.exits, modules);
}

} // namespace vitrine::cli
