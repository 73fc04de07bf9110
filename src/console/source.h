// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "console/scope.h"
#include "console/text.h"
#include "debug/sources.h"
#include "debug/wat_source.h"
#include "source/render.h"
#include "source/text.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace vitrine::core::console {

/// The sources of a session's program: what its debug information says, and the text of its files.
class SourceView {
public:
    explicit SourceView(Target& target) : target_(target) {}

    /// Those of the current session, for line steps and requests. Never null.
    const std::shared_ptr<debug::Sources>& sources();
    /// Null if the module has no debug information.
    std::shared_ptr<debug::ModuleSource> of(const std::shared_ptr<const Module>& module)
    {
        return module ? sources()->of(module) : nullptr;
    }
    /// The text of a file. Fails with a sentence that says where the file was expected.
    Result<source::Source> text_of(debug::ModuleSource& source, source::FileId file);
    /// Whether this file's text was asked for here before.
    bool is_missing_news(const debug::ModuleSource& source, source::FileId file);

    /// Whether a module of the program has debug information. Functions without lines are then
    /// shown as generated sources, and stepped by their lines.
    bool is_source_level();
    /// A line of a function's generated source.
    struct Generated {
        std::shared_ptr<const debug::WatSource> source;
        std::string path;
        uint32_t line = 1;
    };
    /// The line of an instruction.
    Result<Generated> generated_at(const std::shared_ptr<const Module>& module, CodeOffset offset);
    /// A line by the path of the source, or the module in which to look if no module has that name.
    Result<Generated> generated(
        std::string_view path, uint32_t line, const std::shared_ptr<const Module>& in_view);

private:
    /// Where the sources of a module are.
    struct Files {
        explicit Files(source::PathOptions options) : paths(std::move(options)) {}
        source::Paths paths;
        source::Texts texts { paths };
    };

    Target& target_;
    std::weak_ptr<debug::SymbolFinder> finder_;
    std::shared_ptr<debug::Sources> sources_;
    std::map<std::shared_ptr<const Module>, std::unique_ptr<Files>> files_;
    debug::WatSources generated_;
    std::set<std::pair<const Module*, source::FileId>> missing_;
};

/// A logical frame together with the physical one that it belongs to.
struct Row {
    const Frame* frame;
    const debug::LogicalFrame* logical;
};

/// `deposit(account=0x109d8, amount=20) at bank.c:25`; empty if the source says nothing of the
/// frame.
std::string source_text(SourceView& view, const Row& row);

/// `account = 0x109d8`: variables of a logical frame that are visible at its instruction, the
/// innermost block first. Those that an inner one hides are left out.
struct VariableLine {
    std::string name;
    std::string value;
    bool is_parameter;
};
std::vector<VariableLine> variable_lines(
    SourceView& view, const Row& row, const source::Style& style, bool only_parameters = false);

/// Lines of a source file, with their numbers in front; the one at `here` is marked.
struct SourceLines {
    uint32_t first = 1, last = 1;
    uint32_t here = 0;
};
void write_source(const source::Source& source, source::Language language, const SourceLines& lines,
    const std::function<void(const Line&)>& write);

} // namespace vitrine::core::console
