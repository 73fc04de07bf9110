// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "console/console.h"

#include "base/text.h"
#include "debug/inspect.h"
#include "debug/listing.h"
#include "debug/stepping.h"
#include "exec/invoke.h"
#include "runtime/host_activity.h"
#include "runtime/program_view.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

namespace vitrine::core::console {

namespace {

constexpr Verb verbs_in_order[] = {
#define VERB(function, name, forms, arguments, completion, needs, is_repeated, group, summary, example)   \
    { name, forms, arguments, Completion::completion, Needs::needs, is_repeated, group, summary, example, \
        verbs::function },
#include "console/verbs.inc"
};

/// How deep files that read files may be nested.
constexpr uint32_t max_depth = 8;

bool has_form(const Verb& verb, std::string_view word)
{
    for (Words forms(verb.forms); !forms.at_end();)
        if (forms.next() == word)
            return true;
    return verb.name == word;
}

/// Where the verb ends in a line: `p/x` is the verb `p` with a format.
size_t verb_end(std::string_view line) { return std::min(line.find_first_of(" \t/"), line.size()); }

/// What a trap is called when a call ends with it.
std::string trap_text(const Trap& trap)
{
    if (trap.kind == TrapKind::Exit)
        return "exited with status " + std::to_string(trap.exit_status);
    return trap.kind == TrapKind::Killed ? "killed" : "trap: " + trap.to_text();
}

} // namespace

std::span<const Verb> verb_table() { return verbs_in_order; }

Result<const Verb*> find_verb(std::string_view word)
{
    std::vector<const Verb*> found;
    std::string names;
    for (const Verb& verb : verb_table()) {
        if (has_form(verb, word))
            return &verb;
        if (!verb.name.starts_with(word))
            continue;
        names += (found.empty() ? "" : ", ") + std::string(verb.name);
        found.push_back(&verb);
    }
    if (found.empty())
        return failure("there is no verb " + std::string(word) + "; `help` lists them");
    if (found.size() > 1)
        return failure(std::string(word) + " can be " + names);
    return found.front();
}

// -- A line

void Console::perform(std::string_view line)
{
    line = trimmed(line);
    if (line.starts_with('#'))
        return;
    const std::string repeated = std::exchange(last_line_, "");
    if (line.empty())
        line = repeated;
    if (line.empty())
        return;
    const size_t end = verb_end(line);
    const auto verb = find_verb(line.substr(0, end));
    Words words(line.substr(end), verb && (*verb)->arguments.empty());
    const auto done = verb ? perform(**verb, words) : std::unexpected(verb.error());
    scope_ = {};
    if (done) {
        if ((*verb)->is_repeated)
            last_line_ = line;
        return;
    }
    // The first line is the error; the others are the text with a mark.
    const std::string& text = done.error().message;
    const size_t first = std::min(text.find('\n'), text.size());
    write("error: " + text.substr(0, first), Style::Error);
    write_lines(std::string_view(text).substr(std::min(first + 1, text.size())));
}

Result<void> Console::perform(const Verb& verb, Words& words)
{
    CHECK(target_.check(verb.needs, verb.name));
    // A stopped program stays as it is while a line looks at it.
    std::optional<debug::Session::Look> look;
    if (verb.needs != Needs::Nothing && verb.needs != Needs::Owner) {
        refresh_selection();
        if (verb.needs != Needs::Resume)
            look.emplace(session());
        Words unscoped("");
        scope_ = TRY(find_scope(target_, selection_, verb.needs == Needs::Resume ? unscoped : words));
    }
    return verb.perform(*this, words);
}

/// Drops the selection if the program has resumed or the client has turned to another thread.
void Console::refresh_selection()
{
    const uint32_t guessed = target_.guessed_thread();
    const bool has_gone_on = selection_.session != &session() || selection_.resumes != session().resumes();
    if (has_gone_on || guessed != guessed_thread_)
        selection_ = { .session = &session(), .resumes = session().resumes() };
    guessed_thread_ = guessed;
}

void Console::select(const Selection& selection)
{
    selection_ = selection;
    guessed_thread_ = target_.guessed_thread();
    scope_ = scope_of(target_, selection_);
}

void Console::write_lines(std::string_view text) const
{
    while (!text.empty()) {
        const size_t end = std::min(text.find('\n'), text.size());
        write(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

Result<void> Console::read(const std::string& path)
{
    if (depth_ == max_depth)
        return failure(path + ": files are nested too deep");
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    if (!file)
        return failure("cannot read " + path + ": " + std::strerror(errno));
    const std::string all { std::istreambuf_iterator<char>(file), {} };
    if (file.bad())
        return failure("cannot read " + path);
    ++depth_;
    std::string_view text = all;
    while (!text.empty() && !is_over_) {
        const size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = trimmed(text.substr(0, end));
        write(std::string(depth_, '>') + " " + std::string(line));
        perform(line);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    --depth_;
    return {};
}

// -- Resuming

Result<void> Console::resume(const debug::Resume& how)
{
    CHECK(target_.resume(how));
    tell();
    return {};
}

Result<void> Console::call(Function& function, std::vector<Value> arguments)
{
    return call([&function, arguments = std::move(arguments)](Thread& thread) -> OrTrapped<std::string> {
        const auto results = invoke(thread, function, arguments);
        if (!results)
            return std::unexpected(results.error());
        return join(*results, function.is_host() ? nullptr : &function.module());
    });
}

Result<void> Console::call(ProgramView::PreparedCall make_call)
{
    const auto runs = [&](const debug::ThreadInfo& info) { return info.id == scope_.thread; };
    const auto threads = session().threads();
    const auto info = std::ranges::find_if(threads, runs);
    if (info == threads.end() || &info->thread->store != scope_.instance->store)
        return failure("the function belongs to another store than the thread");
    auto body = [call = call_, thread = info->thread, make_call = std::move(make_call)] {
        const auto result = make_call(*thread);
        call->is_return = result.has_value();
        call->text = result ? *result : trap_text(result.error());
    };
    CHECK(target_.call(body, scope_.thread));
    tell();
    return {};
}

Result<uint32_t> Console::steered_thread()
{
    const auto reason = session().stopped();
    if (scope_.is_thread_named || !reason || scope_.thread == reason->thread)
        return scope_.thread;
    const std::string stopped = std::to_string(reason->thread), looked_at = std::to_string(scope_.thread);
    return failure("thread " + stopped + " stopped, and thread " + looked_at
        + " was looked at last: end the command with `on " + stopped + "` or `on " + looked_at + "`");
}

// -- Stops and ends

std::string Console::reason_text(const debug::StopReason& reason) const
{
    debug::StopReason ours = reason;
    ours.id = stops_.number_of(reason.id);
    const bool is_numbered =
        reason.kind == debug::StopKind::Breakpoint || reason.kind == debug::StopKind::Watchpoint;
    if (!is_numbered || ours.id != 0)
        return ours.to_text();
    return reason.kind == debug::StopKind::Breakpoint ? "another client's breakpoint"
                                                      : "another client's watchpoint: " + reason.text;
}

void Console::tell()
{
    if (const auto reason = session().stopped())
        tell_stop(*reason);
    else if (const std::string end = target_.end_text(); !end.empty())
        write(end, Style::Event);
    for (const uint32_t id : stops_.take_ended())
        write("watchpoint " + std::to_string(id) + " deleted: its frame has ended");
}

void Console::tell_stop(const debug::StopReason& reason)
{
    if (reason.kind == debug::StopKind::CallEnd) {
        const std::string values = call_->text.empty() ? "" : ": " + call_->text;
        write(call_->is_return ? "returned" + values : "call ended" + values, Style::Event);
        return;
    }
    if (reason.results && !reason.results->values.empty())
        write("returned: " + join(reason.results->values, scope().module.get()), Style::Event);
    std::string text = "stopped: " + reason_text(reason);
    if (session().threads().size() > 1)
        text += " in thread " + std::to_string(reason.thread);
    const std::vector<Frame> frames = target_.frames(reason.thread);
    if (!frames.empty())
        text += " in " + position_text(frames.front());
    write(text, Style::Event);
}

// -- Text

std::string Console::place_text(const Module& module, CodeOffset offset, const Instance* like)
{
    return target_.place_text(module, offset, like) + target_.module_suffix(module);
}

std::string Console::place_text(const Frame& frame)
{
    if (frame.activity)
        return "host " + frame.activity->title();
    if (frame.is_host())
        return "host " + debug::text_of(*frame.function);
    return debug::text_of(*frame.function) + " at "
        + target_.place_text(frame.function->module(), frame.offset, frame.function->instance);
}

std::string Console::position_text(const Frame& frame)
{
    std::string text = place_text(frame);
    if (frame.is_host())
        return text;
    if (frame.offset != frame.function->meta->code_offset) {
        const std::vector<Value> operands = debug::operands_of(frame);
        return operands.empty() ? text
                                : text + ", operands [" + join(operands, &frame.function->module()) + "]";
    }
    const std::vector<debug::Local> locals = debug::locals_of(frame);
    const Module& module = frame.function->module();
    const size_t count = module.func_type(frame.function->index).params.size();
    for (size_t i = 0; i < std::min(count, locals.size()); ++i)
        text += ", " + (locals[i].name.empty() ? "$" + std::to_string(i) : escaped(locals[i].name)) + "="
            + locals[i].value.to_text(&module);
    return text;
}

std::string join(std::span<const Value> values, const Module* module)
{
    std::string text;
    for (const Value& value : values)
        text += (text.empty() ? "" : ", ") + value.to_text(module);
    return text;
}

// -- The console's own verbs

namespace verbs {

Result<void> help(Console& console, Words& words)
{
    if (!words.at_end()) {
        const Verb& verb = *TRY(find_verb(words.next()));
        CHECK(words.end());
        console.write(
            std::string(verb.name) + (verb.arguments.empty() ? "" : " ") + std::string(verb.arguments));
        console.write("    " + std::string(verb.summary));
        if (!verb.forms.empty())
            console.write("    short: " + std::string(verb.forms));
        console.write("    example: " + std::string(verb.example));
        return {};
    }
    constexpr size_t width = 22;
    std::string_view group;
    for (const Verb& verb : verb_table()) {
        if (verb.group != group)
            console.write(std::string(verb.group) + ":");
        group = verb.group;
        std::string head(verb.name);
        if (!verb.forms.empty())
            head += " (" + std::string(verb.forms) + ")";
        head.resize(std::max(head.size(), width), ' ');
        console.write("  " + head + " " + std::string(verb.summary));
    }
    console.write(
        "`help VERB` has an example. The beginning of a verb is enough. An empty line repeats a step.");
    console.write("A line can end with `in FRAME`, `of INSTANCE` or `on THREAD`.");
    return {};
}

Result<void> read_script(Console& console, Words& words)
{
    if (words.at_end())
        return failure("expected a file");
    return console.read(std::string(words.rest()));
}

Result<void> quit(Console& console, Words& words)
{
    CHECK(words.end());
    console.quit();
    return {};
}

} // namespace verbs

} // namespace vitrine::core::console
