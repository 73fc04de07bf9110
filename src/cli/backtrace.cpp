// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/backtrace.h"

#include "base/text.h"
#include "door/inner.h"
#include "dwarf/symbols.h"

#include <algorithm>
#include <map>

namespace vitrine::cli {

namespace {

/// The line tables of modules, which are read on first use.
class SourceLines {
public:
    explicit SourceLines(std::span<const LoadedModule> modules) : modules_(modules) {}

    /// The source functions of a frame, innermost first.
    std::vector<core::dwarf::SourceFrame> find(const TraceFrame& frame, bool is_innermost)
    {
        const auto module = std::ranges::find_if(
            modules_, [&](const LoadedModule& loaded) { return loaded.module.owns(frame); });
        if (module == modules_.end())
            return {};
        const auto [entry, is_new] = read_.try_emplace(&*module);
        auto& symbols = entry->second;
        if (is_new)
            symbols = core::dwarf::Symbols::read(door::inner(module->module)->bytes());
        // The offset of a caller is that of the instruction after its call.
        return symbols ? symbols->find_frames(frame.offset - (is_innermost ? 0 : 1))
                       : std::vector<core::dwarf::SourceFrame> {};
    }

private:
    std::span<const LoadedModule> modules_;
    std::map<const LoadedModule*, std::unique_ptr<const core::dwarf::Symbols>> read_;
};

/// `, a.c:7`
std::string text_of(const std::optional<core::dwarf::Line>& line)
{
    return line ? fmt::format(", {}:{}", core::printable(line->file), line->line) : "";
}

/// `main!` for a function of a component's core module.
std::string prefix_of(const TraceFrame& frame, std::span<const LoadedModule> modules)
{
    const auto module =
        std::ranges::find_if(modules, [&](const LoadedModule& loaded) { return loaded.module.owns(frame); });
    return module == modules.end() || module->name.empty() ? "" : core::printable(module->name) + "!";
}

std::string shown(std::string_view name) { return core::printable(core::dwarf::demangled(name)); }

} // namespace

std::string backtrace_text(const Trap& trap, std::span<const LoadedModule> modules)
{
    SourceLines lines(modules);
    std::string text;
    for (size_t i = 0; i < trap.backtrace.size(); ++i) {
        const TraceFrame& frame = trap.backtrace[i];
        std::optional<core::dwarf::Line> own;
        for (const core::dwarf::SourceFrame& source : lines.find(frame, i == 0)) {
            if (source.is_inlined)
                text += fmt::format("  #{} {}{} (inlined)\n", i,
                    source.function.empty() ? "a function" : shown(source.function), text_of(source.line));
            else
                own = source.line;
        }
        text += fmt::format("  #{} {}func[{}]{}{} at {:#x}{}\n", i, prefix_of(frame, modules), frame.function,
            frame.name.empty() ? "" : " ", shown(frame.name), frame.offset, text_of(own));
    }
    return text;
}

} // namespace vitrine::cli
