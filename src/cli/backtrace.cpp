// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/backtrace.h"

#include "base/text.h"
#include "cli/symbol_finder.h"
#include "door/inner.h"
#include "dwarf/demangle.h"

#include <algorithm>
#include <map>

namespace vitrine::cli {

namespace {

/// A function that contains an instruction: the compiled one, or one that was inlined into it.
struct SourceFrame {
    std::string function;
    /// `a.c:7`; empty if it is not known.
    std::string line;
    bool is_inlined = false;
};

/// What debug information says about frames.
class SourceFrames {
public:
    explicit SourceFrames(std::span<const LoadedModule> modules)
        : modules_(modules),
          finder_(files_of({ modules.begin(), modules.end() }),
              { .files = modules.empty() ? std::vector<std::string>() : modules.front().debug_files,
                  .source_maps = {} })
    {}

    /// The source functions of a frame, innermost first.
    std::vector<SourceFrame> find(const TraceFrame& frame, bool is_innermost)
    {
        const auto module = std::ranges::find_if(
            modules_, [&](const LoadedModule& loaded) { return loaded.module.owns(frame); });
        if (module == modules_.end())
            return {};
        const auto [entry, is_new] = read_.try_emplace(&*module);
        if (is_new)
            entry->second.symbols = finder_.symbols_of(door::inner(module->module));
        if (!entry->second.symbols)
            return {};
        if (is_new)
            entry->second.summary = entry->second.symbols->summary();
        // The offset of a caller is that of the instruction after its call.
        return find(entry->second, static_cast<uint32_t>(frame.offset) - (is_innermost ? 0 : 1));
    }

private:
    struct Read {
        std::shared_ptr<core::source::Symbols> symbols;
        core::source::Summary summary;
    };

    static std::vector<SourceFrame> find(Read& from, uint32_t offset)
    {
        using Kind = core::source::Scope::Kind;
        std::vector<SourceFrame> frames;
        const auto row = from.symbols->row_at(offset);
        std::string line = row ? text_of(from, row->place) : "";
        for (const core::source::Scope& scope : from.symbols->scopes_at(offset)) {
            if (scope.kind == Kind::Block)
                continue;
            frames.push_back({ scope.name, std::move(line), scope.kind == Kind::Inlined });
            line = text_of(from, scope.call);
        }
        // Assemblers do not describe functions, and they inline none: report the line alone. But if
        // a unit could not be read, we do not know which function the line belongs to.
        if (frames.empty() && from.summary.problems.empty())
            frames.push_back({ "", std::move(line) });
        return frames;
    }

    static std::string text_of(const Read& from, const core::source::Place& place)
    {
        const auto file = static_cast<size_t>(place.file);
        // Line 0 marks code that belongs to no line.
        if (place.line == 0 || file >= from.summary.files.size())
            return "";
        return fmt::format("{}:{}", core::printable(from.summary.files[file].path), place.line);
    }

    std::span<const LoadedModule> modules_;
    SymbolFinder finder_;
    std::map<const LoadedModule*, Read> read_;
};

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
    SourceFrames frames(modules);
    std::string text;
    const auto after_comma = [](const std::string& line) { return line.empty() ? "" : ", " + line; };
    for (size_t i = 0; i < trap.backtrace.size(); ++i) {
        const TraceFrame& frame = trap.backtrace[i];
        std::string own;
        for (const SourceFrame& source : frames.find(frame, i == 0)) {
            if (source.is_inlined)
                text += fmt::format("  #{} {}{} (inlined)\n", i,
                    source.function.empty() ? "a function" : shown(source.function),
                    after_comma(source.line));
            else
                own = source.line;
        }
        text += fmt::format("  #{} {}func[{}]{}{} at {:#x}{}\n", i, prefix_of(frame, modules), frame.function,
            frame.name.empty() ? "" : " ", shown(frame.name), frame.offset, after_comma(own));
    }
    return text;
}

} // namespace vitrine::cli
