// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "console/scope.h"
#include "console/stops.h"
#include "console/target.h"
#include "console/text.h"
#include "console/words.h"
#include "runtime/program_view.h"

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine::core::console {

class Console;

/// What the arguments of a verb are completed with.
enum class Completion : uint8_t { Nothing, Verb, Function, Expression, Tag, Event, Module, File };

/// A verb: how it is written, what it needs, and what does it. See console/verbs.inc.
struct Verb {
    std::string_view name;
    /// Its other names, with blanks between them.
    std::string_view forms;
    std::string_view arguments;
    Completion completion;
    Needs needs;
    /// Whether an empty line repeats it.
    bool is_repeated;
    std::string_view group;
    std::string_view summary;
    std::string_view example;
    Result<void> (*perform)(Console&, Words&);
};

std::span<const Verb> verb_table();

/// The verb of that name or form, or the only one whose name begins like that.
Result<const Verb*> find_verb(std::string_view word);

/// The functions behind the verbs, in the files of their groups.
namespace verbs {
#define VERB(function, ...) Result<void> function(Console& console, Words& words);
#include "console/verbs.inc"
} // namespace verbs

/// [doc] The console
///
/// The debugger's command language. It takes a line of text, does it to the program of its target,
/// and writes lines of text. The terminal and the `monitor` command of LLDB are two targets of it.
///
///     line -> verb (verbs.inc) -> what it needs (Target::check) -> scope -> function of the verb
///
/// It is used by one thread at a time. While a line looks at a stopped program, nobody else can
/// resume it.
class Console {
public:
    using Sink = std::function<void(const Line& line)>;

    /// Both must outlive it.
    Console(Target& target, Sink sink) : target_(target), stops_(target), sink_(std::move(sink)) {}

    /// Does a line. An empty one repeats the last one if that was a step or the like; one that
    /// begins with `#` is a comment.
    void perform(std::string_view line);
    /// What the last word of an unfinished line can become.
    std::vector<std::string> completions(std::string_view line);
    /// What stopped the program, with the console's own numbers.
    std::string reason_text(const debug::StopReason& reason) const;

    // -- For verbs

    Target& target() { return target_; }
    Stops& stops() { return stops_; }
    debug::Session& session() { return target_.session(); }
    /// The scope of the current line.
    const Scope& scope() const { return scope_; }
    Selection& selection() { return selection_; }
    /// The scope of what is selected now.
    void select(const Selection& selection);

    void write(std::string_view line, Style style = Style::Plain) const { sink_(styled(line, style)); }
    /// Writes each line of a text.
    void write_lines(std::string_view text) const;
    /// Why the program has stopped and where, or how it ended.
    void tell();
    /// Resumes the program, and tells what came of it.
    Result<void> resume(const debug::Resume& how);
    /// Calls a function of the program on the thread of the scope, and tells what came of it.
    Result<void> call(Function& function, std::vector<Value> arguments);
    /// The same for a function of a component.
    Result<void> call(ProgramView::PreparedCall make_call);
    /// The thread that `skip`, `return` and their like send elsewhere.
    Result<uint32_t> steered_thread();
    /// Does the lines of a file.
    Result<void> read(const std::string& path);
    /// The user wants to leave: no line of a file is done any more.
    void quit() { is_over_ = true; }
    bool is_over() const { return is_over_; }

    // -- Text that several verbs need

    /// `$name at 0x51`
    std::string place_text(const Frame& frame);
    /// The same, with the values of the parameters if the function begins there, or else with the
    /// operands.
    std::string position_text(const Frame& frame);
    /// `0x51 in lib`
    std::string place_text(const Module& module, CodeOffset offset, const Instance* like);

private:
    /// What a call from here ended with. The thread that runs it writes it.
    struct CallResult {
        std::string text;
        bool is_return = false;
    };

    Result<void> perform(const Verb& verb, Words& words);
    void tell_stop(const debug::StopReason& reason);
    void refresh_selection();

    Target& target_;
    Stops stops_;
    Sink sink_;
    Selection selection_;
    Scope scope_;
    uint32_t guessed_thread_ = 0;
    std::shared_ptr<CallResult> call_ = std::make_shared<CallResult>();
    std::string last_line_;
    uint32_t depth_ = 0;
    bool is_over_ = false;
};

/// `7, null`
std::string join(std::span<const Value> values, const Module* module = nullptr);

} // namespace vitrine::core::console
