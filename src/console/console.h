// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "console/displays.h"
#include "console/examine.h"
#include "console/macros.h"
#include "console/scope.h"
#include "console/settings.h"
#include "console/source.h"
#include "console/stops.h"
#include "console/target.h"
#include "console/text.h"
#include "console/words.h"
#include "debug/skips.h"
#include "runtime/program_view.h"

#include <atomic>
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
enum class Completion : uint8_t {
    Nothing,
    Verb,
    Function,
    Expression,
    Tag,
    Event,
    Module,
    File,
    Info,
    Set,
    Show
};

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

/// What is remembered of a call's result: the code that calls fills it in.
struct CallValue {
    std::shared_ptr<std::optional<Computed>> kept {};
    /// Whether it is told as `print` tells values.
    bool is_print = false;
};

/// [doc] The console
///
/// The debugger's command language. It takes a line of text, does it to the program of its target,
/// and writes lines of text. The terminal and the `monitor` command of LLDB are two targets of it.
///
///     line -> verb (verbs.inc) -> what it needs (Target::check) -> scope -> function of the verb
///
/// Some lines begin a block, whose lines are kept instead of done until one says `end`: the
/// commands of a breakpoint, or a definition.
///
/// It is used by one thread at a time, but `interrupt` may be called from any. While a line looks
/// at a stopped program, nobody else can resume it.
class Console {
public:
    using Sink = std::function<void(const Line& line)>;

    /// Both must outlive it.
    Console(Target& target, Sink sink)
        : target_(target), view_(target), stops_(target, view_), sink_(std::move(sink))
    {}

    /// Does a line. An empty one repeats the last one if that was a step or the like; one that
    /// begins with `#` is a comment.
    void perform(std::string_view line);
    /// Whether the line that comes next is one of a block.
    bool is_in_block() const { return block_.has_value(); }
    /// Ends what the line would do besides: commands of breakpoints, definitions, steps.
    void interrupt() { is_interrupted_ = true; }
    /// What the last word of an unfinished line can become.
    std::vector<std::string> completions(std::string_view line);
    /// What stopped the program, with the console's own numbers.
    std::string reason_text(const debug::StopReason& reason) const;

    // -- For verbs

    Target& target() { return target_; }
    Stops& stops() { return stops_; }
    SourceView& sources() { return view_; }
    /// The lines of source that `list` has shown last. Forgotten at the next stop.
    struct Listed {
        std::shared_ptr<debug::ModuleSource> source {};
        source::FileId file {};
        /// Instead: a generated source.
        std::optional<SourceView::Generated> generated {};
        uint32_t next = 1;
    };
    Listed& listed() { return listed_; }
    /// What `step` does not enter.
    debug::Skips& skips() { return skips_; }
    debug::Session& session() { return target_.session(); }
    /// The scope of the current line.
    const Scope& scope() const { return scope_; }
    Selection& selection() { return selection_; }
    Settings& settings() { return settings_; }
    Variables& variables() { return variables_; }
    Macros& macros() { return macros_; }
    Displays& displays() { return displays_; }
    Examiner& examiner() { return examiner_; }
    /// The arguments of the verb as they were said, with a scope behind them.
    std::string_view said() const { return said_; }
    bool is_interrupted() const { return is_interrupted_; }
    /// The scope of what is selected now.
    void select(const Selection& selection);
    /// What is selected after a stop: the innermost frame of the thread that stopped.
    Selection selection_at_stop();

    void write(std::string_view line, Style style = Style::Plain) const { sink_(styled(line, style)); }
    void write(const Line& line) const { sink_(line); }
    /// Writes each line of a text.
    void write_lines(std::string_view text) const;
    /// Why the program has stopped and where, or how it ended.
    void tell();
    /// The same after the program was resumed, with what else belongs to a stop.
    void arrive();
    /// Runs the program from its start; the words are those of `run`.
    Result<void> run(Words& words, bool stop_at_entry);
    /// Resumes the program, and tells what came of it.
    Result<void> resume(const debug::Resume& how);
    /// Calls a function of the program on the thread of the scope, and tells what came of it.
    Result<void> call(Function& function, std::vector<Value> arguments);
    /// The same for a function of a component.
    Result<void> call(ProgramView::PreparedCall make_call, CallValue value = CallValue());
    /// Does this when the verb that looks at the program has ended: it may resume the program.
    using After = std::function<Result<void>(Console&)>;
    void do_after(After after) { after_ = std::move(after); }
    /// The thread that `skip`, `return` and their like send elsewhere.
    Result<uint32_t> steered_thread();
    /// Does the lines of a file. With `echoes` each is shown, too.
    Result<void> read(const std::string& path, bool echoes = true);
    /// Does a line that is a part of another one. It may not resume the program if the verb of the
    /// other one looks at it. Whether it succeeded; if not, the error is told.
    bool perform_part(std::string_view line);
    /// Does another verb in place of this one.
    Result<void> perform_as(std::string_view verb, Words& words);
    /// The line that an empty line repeats, if not this one.
    void repeat_with(std::string line) { repeats_ = std::move(line); }
    /// Takes the lines that follow, up to `end`, and passes them on.
    using Finish = std::function<Result<void>(Console&, std::vector<std::string> lines)>;
    void begin_block(Finish finish) { block_ = { std::move(finish) }; }
    void show_displays();
    void show_display(uint32_t number, const Display& display);
    /// The user wants to leave: no line of a file is done any more.
    void quit() { is_over_ = true; }
    bool is_over() const { return is_over_; }

    // -- Text that several verbs need

    /// `$name at 0x51`
    std::string place_text(const Frame& frame);
    /// The same, with the values of the parameters if the function begins there, or else with the
    /// operands.
    std::string position_text(const Frame& frame);
    /// As the source says it: `deposit(amount=20) at bank.c:25`. Without debug information the same
    /// as above.
    std::string position_text(const Row& row);
    /// The line of source that a frame is at, with lines around it; none if it is not known.
    /// In a function without lines, the same of its generated source.
    std::vector<Line> line_of(const Row& row, uint32_t before, uint32_t after);
    /// `0x51 in lib`
    std::string place_text(const Module& module, CodeOffset offset, const Instance* like);

private:
    /// What a call from here ended with. The thread that runs it writes it.
    struct CallResult {
        std::string text;
        bool is_return = false;
        CallValue value {};
    };

    /// Lines that are kept until `end`.
    struct Block {
        Finish finish;
        std::vector<std::string> lines {};
        size_t bytes = 0;
        /// How many blocks are begun in it.
        uint32_t depth = 0;
    };

    bool perform_line(std::string_view line);
    Result<void> find_and_perform(std::string_view line, bool& is_repeated);
    Result<void> perform(const Verb& verb, Words& words);
    Result<void> perform_macro(
        std::string_view name, const Macros::Macro& macro, std::string_view arguments, bool& is_repeated);
    Result<void> add_to_block(std::string_view line);
    Result<void> spend_line();
    void perform_due();
    Result<void> pass_loads(bool is_going);
    void tell_stop(const debug::StopReason& reason);
    void tell_results(const debug::FunctionResults& results);
    void tell_place(const std::string& text, const Row& row, bool is_step);
    std::optional<source::Source> text_at(const Row& row, std::vector<Line>& notes);
    void refresh_selection();

    Target& target_;
    SourceView view_;
    Stops stops_;
    Sink sink_;
    Listed listed_;
    debug::Skips skips_;
    /// The function of the last stop that was told: a step in it shows the line alone.
    source::FunctionId told_function_ {};
    std::shared_ptr<const Module> told_module_;
    FrameId told_frame_ {};
    /// Tells the copies of an inlined function apart.
    std::vector<source::Range> told_ranges_;
    Selection selection_;
    Scope scope_;
    uint32_t guessed_thread_ = 0;
    std::shared_ptr<CallResult> call_ = std::make_shared<CallResult>();
    Settings settings_;
    Variables variables_;
    Macros macros_;
    Displays displays_;
    Examiner examiner_;
    std::optional<Block> block_;
    After after_ {};
    /// The lines that are to be done because of the last stop.
    std::vector<std::string> due_;
    bool is_performing_due_ = false;
    /// How often the program has stopped or ended.
    uint64_t arrivals_ = 0;
    std::string_view said_;
    std::string last_line_, repeats_;
    /// How deep files, and definitions, are nested.
    uint32_t depth_ = 0, nesting_ = 0;
    /// How many of the verbs that are being done look at the program.
    uint32_t looks_ = 0;
    /// How many lines the line that the user has said may still do.
    uint32_t lines_left_ = 0;
    std::atomic<bool> is_interrupted_ = false;
    bool is_over_ = false;
};

/// `7, null`
std::string join(std::span<const Value> values, const Module* module = nullptr);

} // namespace vitrine::core::console
