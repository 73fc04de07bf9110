// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "cli/debuggee.h"

#include <fmt/format.h>

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine::cli {

class Debugger;

/// What expressions are evaluated in: the selected frame, or its caller's instance when that is a host function; without a frame the
/// instance, as before the guest's first instruction and behind its last.
struct Scope {
    Instance instance;
    std::optional<debug::Frame> frame;

    Result<Val> evaluate(std::string_view expression) const;
    Result<std::string> text_of(std::string_view expression) const;
    Result<void> assign(std::string_view assignment) const;
    Result<debug::WatchPlace> place(std::string_view expression) const;
};

/// What stands behind a verb, taken from the front.
class Words {
public:
    explicit Words(std::string_view text);

    bool at_end() const { return text_.empty(); }
    /// All that is left.
    std::string_view rest() const { return text_; }
    /// Up to the next space that is in no quotes and no brackets; empty at the end.
    std::string_view next();
    /// The same, if it is that word.
    bool take(std::string_view word);
    Result<uint64_t> number(std::string_view what);
    /// Text between quotes, without its escapes.
    Result<std::string> quoted(std::string_view what);
    /// Refuses what is left.
    Result<void> end() const;

private:
    std::string_view text_;
};

/// What the arguments of a verb are completed with.
enum class Completion : uint8_t { Nothing, Verb, Function, Expression, Tag, Event };

/// A verb: how it is said, and what does it.
struct VerbRow {
    std::string_view name;
    /// Other forms, with spaces between them.
    std::string_view forms;
    std::string_view arguments;
    Completion completion;
    bool is_repeated;
    std::string_view group;
    std::string_view summary;
    std::string_view example;
    Result<void> (*perform)(Debugger&, Words&);
};

std::span<const VerbRow> verb_table();

/// The verb of that name or form, or the only one whose name begins so; otherwise an error.
Result<const VerbRow*> find_verb(std::string_view word);

/// The verbs, one function each; in the files `debugger_*.cpp`.
namespace verbs {
#define VERB(function, ...) Result<void> function(Debugger& debugger, Words& words);
#include "cli/debugger_verbs.inc"
} // namespace verbs

/// The debugger without a terminal: does a line of text to the guest, and answers in lines of text. No line ends it but `quit`.
class Debugger {
public:
    /// What a line is, so that a terminal may colour it.
    enum class Style : uint8_t { Plain, Event, Error, Mark };
    using Sink = std::function<void(std::string_view line, Style style)>;

    Debugger(Debuggee& guest, Sink sink) : guest_(guest), sink_(std::move(sink)) {}

    /// A comment begins with `#`; an empty line repeats the last one if that was a step or its like.
    void perform(std::string_view line);
    bool is_over() const { return is_over_; }
    /// What the last word of an unfinished line may become.
    std::vector<std::string> completions(std::string_view line) const;

    // For verbs.
    Debuggee& guest() { return guest_; }
    void write(std::string_view line, Style style = Style::Plain) const { sink_(line, style); }
    template<class... Values> void print(fmt::format_string<Values...> format, Values&&... values) const
    {
        write(fmt::format(format, std::forward<Values>(values)...));
    }
    /// Why the guest stopped and where, or how it ended.
    void tell();
    void end() { is_over_ = true; }
    /// The innermost guest frame's instance, or that of the run.
    Result<Instance> instance() const;
    Result<Scope> scope() const;
    /// Does the lines of a file, and shows them behind `> `, those of a file in it behind `>> `.
    Result<void> read(const std::string& path);
    /// Lets the guest go on, and tells what came of it.
    template<class How> Result<void> go_on(How how)
    {
        if (auto gone = guest_.go_on(how); !gone)
            return gone;
        tell();
        return {};
    }

private:
    void tell_stop(debug::Stopped& stopped);

    Debuggee& guest_;
    Sink sink_;
    std::string last_line_;
    uint32_t depth_ = 0;
    bool is_over_ = false;
};

// -- Text that several verbs need

/// `$name`, `func[3]`, `host wasi_snapshot_preview1.fd_write`
std::string label_of(const Func& function);
/// `$name at 0x51`
std::string place_text(const debug::Frame& frame);
/// The same, with the values of parameters where the function begins, or else with the operands.
std::string position_text(const debug::Frame& frame);
/// `7, null`
std::string join(std::span<const Val> values);
/// The error of an expression, with a mark below the place in it.
Error with_mark(const Error& error, std::string_view text);
/// What a place in code means.
struct CodePlace {
    Module module;
    uint32_t offset;
};
/// The places that a text means: an offset is one of the module in view; a function is looked for
/// there first, then in all modules. At least one, or an error.
Result<std::vector<CodePlace>> find_code(Debuggee& guest, std::string_view text);
/// Values of these kinds, of all the words that are left: numbers as WAT writes them, or expressions.
Result<std::vector<Val>> take_values(Debugger& debugger, Words& words, const std::vector<ValKind>& kinds);

} // namespace vitrine::cli
