// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "console/verbs.h"

#include "base/text.h"
#include "debug/inspect.h"
#include "debug/listing.h"
#include "debug/stepping.h"
#include "exec/invoke.h"
#include "runtime/host_activity.h"
#include "runtime/program_view.h"
#include "source/highlight.h"

#include <algorithm>
#include <array>
#include <bit>
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

/// How deep files that read files, and definitions that use definitions, may be nested.
constexpr uint32_t max_depth = 8;
constexpr uint32_t max_nesting = 32;
/// How many lines a line may do by means of definitions until the program stops again.
constexpr uint32_t max_lines = 10'000;
constexpr size_t max_block_bytes = 1 << 20;

bool has_form(const Verb& verb, std::string_view word)
{
    for (Words forms(verb.forms); !forms.at_end();)
        if (forms.next() == word)
            return true;
    return verb.name == word;
}

const Verb* find_exact_verb(std::string_view word)
{
    for (const Verb& verb : verb_table())
        if (has_form(verb, word))
            return &verb;
    return nullptr;
}

/// Whether lines up to `end` follow the verb.
bool begins_block(const Verb& verb)
{
    return verb.perform == verbs::set_commands || verb.perform == verbs::define
        || verb.perform == verbs::document;
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
    if (const Verb* exact = find_exact_verb(word))
        return exact;
    std::vector<const Verb*> found;
    std::string names;
    for (const Verb& verb : verb_table()) {
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
    is_interrupted_ = false;
    lines_left_ = max_lines;
    (void)perform_line(line);
    perform_due();
}

bool Console::perform_part(std::string_view line) { return perform_line(line); }

bool Console::perform_line(std::string_view line)
{
    line = trimmed(line);
    Result<void> done;
    bool is_repeated = false;
    std::string repeated;
    if (block_) {
        done = add_to_block(line);
    } else {
        if (line.starts_with('#'))
            return true;
        repeated = std::exchange(last_line_, "");
        if (line.empty())
            line = repeated;
        if (line.empty())
            return true;
        repeats_.clear();
        Scope outer = std::exchange(scope_, {});
        const std::string_view said = said_;
        done = find_and_perform(line, is_repeated);
        scope_ = std::move(outer);
        said_ = said;
    }
    last_line_ = done && is_repeated ? repeats_.empty() ? std::string(line) : repeats_ : "";
    if (done)
        return true;
    // The first line is the error; the others are the text with a mark. An empty one has been told.
    const std::string& text = done.error().message;
    if (text.empty())
        return false;
    const size_t first = std::min(text.find('\n'), text.size());
    write("error: " + text.substr(0, first), Style::Error);
    write_lines(std::string_view(text).substr(std::min(first + 1, text.size())));
    return false;
}

/// Does a line that begins with a verb, or a macro. The beginning of a verb's name comes last.
Result<void> Console::find_and_perform(std::string_view line, bool& is_repeated)
{
    const size_t end = verb_end(line);
    const std::string_view word = line.substr(0, end);
    const Macros::Macro* const macro = macros_.find(word);
    if (macro && !find_exact_verb(word))
        return perform_macro(word, *macro, line.substr(end), is_repeated);
    const Verb& verb = *TRY(find_verb(word));
    Words words(line.substr(end), verb.arguments.empty());
    is_repeated = verb.is_repeated;
    return perform(verb, words);
}

Result<void> Console::perform(const Verb& verb, Words& words)
{
    if (looks_ > 0 && (verb.needs == Needs::Resume || verb.needs == Needs::Owner))
        return failure("`" + std::string(verb.name) + "` cannot be a part of another command");
    CHECK(target_.check(verb.needs, verb.name));
    // A stopped program stays as it is while a line looks at it.
    std::optional<debug::Session::Look> look;
    said_ = words.rest();
    if (verb.needs != Needs::Nothing && verb.needs != Needs::Owner) {
        refresh_selection();
        if (verb.needs != Needs::Resume)
            look.emplace(session());
        Words unscoped("");
        scope_ = TRY(find_scope(target_, selection_, verb.needs == Needs::Resume ? unscoped : words));
        scope_.variables = &variables_;
    }
    looks_ += look ? 1 : 0;
    auto done = verb.perform(*this, words);
    looks_ -= look ? 1 : 0;
    look.reset();
    const After after = std::exchange(after_, {});
    if (!done || !after)
        return done;
    if (looks_ > 0)
        return failure("a call cannot be a part of another command");
    CHECK(target_.check(Needs::Resume, verb.name));
    return after(*this);
}

Result<void> Console::perform_as(std::string_view verb, Words& words)
{
    const Verb& other = *TRY(find_verb(verb));
    Words rest(words.rest(), other.arguments.empty());
    return perform(other, rest);
}

// -- Lines in lines

/// A definition that calls itself, or others many times, ends.
Result<void> Console::spend_line()
{
    if (is_interrupted_)
        return failure("interrupted");
    if (lines_left_ == 0)
        return failure("more than " + std::to_string(max_lines) + " lines for one command");
    --lines_left_;
    return {};
}

Result<void> Console::perform_macro(
    std::string_view name, const Macros::Macro& macro, std::string_view arguments, bool& is_repeated)
{
    if (nesting_ == max_nesting)
        return failure(std::string(name) + ": definitions are nested too deep");
    // The macro may be replaced by what it does.
    const std::vector<std::string> lines = Macros::expand(macro, trimmed(arguments));
    const bool is_alias = macro.is_alias;
    ++nesting_;
    Result<void> done;
    for (size_t i = 0; i < lines.size() && done && !is_over_; ++i) {
        done = spend_line();
        if (done && is_alias)
            done = find_and_perform(lines[i], is_repeated);
        else if (done && !perform_line(lines[i]))
            done = failure("");
    }
    --nesting_;
    if (done && block_ && !is_alias) {
        block_.reset();
        return failure(std::string(name) + ": `end` is missing");
    }
    return done;
}

Result<void> Console::add_to_block(std::string_view line)
{
    const std::string_view word = line.substr(0, verb_end(line));
    if (word == "end" && block_->depth == 0) {
        Block block = *std::exchange(block_, std::nullopt);
        return block.finish(*this, std::move(block.lines));
    }
    const auto verb = find_verb(word);
    block_->depth -= word == "end" ? 1 : 0;
    block_->depth += verb && begins_block(**verb) ? 1 : 0;
    block_->bytes += line.size() + 1;
    if (block_->bytes > max_block_bytes) {
        block_.reset();
        return failure("the block is longer than " + std::to_string(max_block_bytes) + " bytes");
    }
    if (!line.empty())
        block_->lines.emplace_back(line);
    return {};
}

/// Does the commands of the breakpoint at which the program has stopped. If they resume it, the
/// rest of them is not done, but those of the next stop are.
void Console::perform_due()
{
    if (std::exchange(is_performing_due_, true))
        return;
    // An empty line repeats what the user has said.
    const std::string said = last_line_;
    while (!due_.empty() && !is_over_) {
        const uint64_t arrivals = arrivals_;
        for (const std::string& line : std::exchange(due_, {})) {
            if (const auto may = spend_line(); !may) {
                write("error: " + may.error().message, Style::Error);
                due_.clear();
                break;
            }
            if (!perform_line(line) || arrivals_ != arrivals || is_over_)
                break;
        }
        if (block_) {
            block_.reset();
            write("error: `end` is missing", Style::Error);
        }
    }
    last_line_ = said;
    is_performing_due_ = false;
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

Selection Console::selection_at_stop() { return { .session = &session(), .resumes = session().resumes() }; }

void Console::select(const Selection& selection)
{
    selection_ = selection;
    listed_ = {};
    guessed_thread_ = target_.guessed_thread();
    scope_ = scope_of(target_, selection_);
    scope_.variables = &variables_;
}

void Console::write_lines(std::string_view text) const
{
    while (!text.empty()) {
        const size_t end = std::min(text.find('\n'), text.size());
        write(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

Result<void> Console::read(const std::string& path, bool echoes)
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
    lines_left_ = max_lines;
    ++depth_;
    size_t number = 0;
    std::string_view text = all;
    while (!text.empty() && !is_over_) {
        const size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = trimmed(text.substr(0, end));
        if (echoes)
            write(std::string(depth_, '>') + " " + std::string(line));
        is_interrupted_ = false;
        ++number;
        if (!perform_line(line) && !echoes)
            write("  in line " + std::to_string(number) + " of " + path + ": " + std::string(line));
        perform_due();
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    --depth_;
    if (!block_)
        return {};
    block_.reset();
    return failure(path + ": `end` is missing");
}

// -- Resuming

Result<void> Console::run(Words& words, bool stop_at_entry)
{
    std::vector<std::string> said;
    while (!words.at_end())
        said.emplace_back(words.next());
    stops_.keep();
    const auto ran = target_.run(said, stop_at_entry, [&] { return stops_.restore(); });
    stops_.attach();
    CHECK(ran);
    CHECK(pass_loads(true));
    arrive();
    return {};
}

/// Sets watchpoints that wait for their instances. If the program goes, passes stops at new
/// instances for which nobody else has asked.
Result<void> Console::pass_loads(bool is_going)
{
    while (stops_.is_waiting()) {
        const auto reason = session().stopped();
        if (!reason)
            break;
        const bool is_ours = reason->kind == debug::StopKind::Load && !stops_.wants_loads();
        for (const std::string& note : stops_.set_waiting())
            write(note);
        if (!is_ours || !is_going)
            break;
        CHECK(target_.resume({ .kind = debug::Resume::Kind::Go }));
    }
    return {};
}

Result<void> Console::resume(const debug::Resume& how)
{
    CHECK(target_.resume(how));
    CHECK(pass_loads(how.kind == debug::Resume::Kind::Go));
    arrive();
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

Result<void> Console::call(ProgramView::PreparedCall make_call, CallValue value)
{
    const auto runs = [&](const debug::ThreadInfo& info) { return info.id == scope_.thread; };
    const auto threads = session().threads();
    const auto info = std::ranges::find_if(threads, runs);
    if (info == threads.end() || &info->thread->store != scope_.instance->store)
        return failure("the function belongs to another store than the thread");
    auto body = [call = call_, thread = info->thread, make_call = std::move(make_call),
                    value = std::move(value)] {
        const auto result = make_call(*thread);
        call->value = value;
        call->is_return = result.has_value();
        call->text = result ? *result : trap_text(result.error());
    };
    CHECK(target_.call(body, scope_.thread));
    arrive();
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
        ours.kind == debug::StopKind::Breakpoint || ours.kind == debug::StopKind::Watchpoint;
    if (is_numbered && ours.id == 0)
        return reason.kind == debug::StopKind::Breakpoint ? "another client's breakpoint"
                                                          : "another client's watchpoint: " + reason.text;
    const std::vector<Frame> frames = target_.frames(reason.thread);
    const auto frame = std::ranges::find_if(frames, [](const Frame& each) { return !each.is_host(); });
    if (const auto watched = stops_.watched_value(reason.id);
        watched && reason.watch && frame != frames.end()) {
        const debug::WatchHit& hit = *reason.watch;
        const auto text_of = [&](const std::optional<Value>& value, const std::vector<uint8_t>& bytes) {
            const auto low = value ? std::bit_cast<std::array<uint8_t, sizeof(Slot)>>(value->low)
                                   : std::array<uint8_t, sizeof(Slot)> {};
            return watched->value_text(*frame->function->instance, value ? Bytes(low) : Bytes(bytes));
        };
        const std::string before = text_of(hit.old_value, hit.old_bytes);
        // What stands behind the values: why the condition could not be evaluated.
        ours.text = (hit.is_write ? before + " -> " + text_of(hit.new_value, hit.new_bytes) : before)
            + ours.text.substr(std::min(hit.to_text().size(), ours.text.size()));
    }
    return ours.to_text();
}

namespace {

/// What a function returned as the source's type says; none where the source says nothing.
std::optional<Computed> source_result(const debug::FunctionResults& results)
{
    const auto& source = results.source;
    if (!source)
        return std::nullopt;
    eval::SourceResult result { .symbols = source->symbols };
    result.memory = source->memory;
    source::Value value { .type = source->type, .address = source->address };
    if (!source->address && !results.values.empty()) {
        const Value& first = results.values.front();
        eval::SourceTypes types(source->symbols, result.reader(*results.function->instance).address_bytes());
        const uint64_t size = types.size_of(source->type).value_or(0);
        for (size_t i = 0; i < std::min<size_t>(sizeof first.low, size); ++i)
            value.bytes.push_back(static_cast<uint8_t>(first.low >> (8 * i)));
        if (types.scalar_of(types.resolved(source->type)))
            result.number = first;
    }
    result.value = std::move(value);
    return computed_from(std::move(result), *results.function->instance, source->memory);
}

} // namespace

/// What belongs to a stop: why and where, what `display` shows, and the commands that are due.
void Console::arrive()
{
    ++arrivals_;
    listed_ = {};
    lines_left_ = max_lines;
    due_.clear();
    const auto reason = session().stopped();
    const uint32_t id = reason ? stops_.number_of(reason->id) : 0;
    if (id != 0)
        due_ = stops_.commands(id);
    const bool is_silent = !due_.empty() && due_.front() == "silent";
    if (is_silent)
        due_.erase(due_.begin());
    if (reason && reason->results) {
        const auto& source = reason->results->source;
        if (!source)
            for (const Value& value : reason->results->values)
                variables_.remember({ value.to_text(scope().module.get()), value });
        else if (source->type != source::TypeId {})
            variables_.remember(*source_result(*reason->results));
    }
    if (!is_silent) {
        tell();
        show_displays();
    }
}

void Console::tell()
{
    for (const debug::Request& changed : stops_.take_changed())
        write(request_text(*this, changed));
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
        const CallValue value = std::exchange(call_->value, {});
        if (call_->is_return && value.is_print && !values.empty())
            write(call_->text);
        else
            write(call_->is_return ? "returned" + values : "call ended" + values, Style::Event);
        if (call_->is_return && value.kept && *value.kept)
            variables_.remember(**value.kept);
        return;
    }
    if (reason.results)
        tell_results(*reason.results);
    std::string text = "stopped: " + reason_text(reason);
    if (session().threads().size() > 1)
        text += " in thread " + std::to_string(reason.thread);
    const std::vector<Frame> frames = target_.frames(reason.thread);
    if (frames.empty()) {
        write(text, Style::Event);
        return;
    }
    const auto rows = rows_of(session(), reason.thread, frames, 1);
    tell_place(text, { &frames[rows.front().frame], &rows.front() }, reason.kind == debug::StopKind::Step);
}

void Console::tell_results(const debug::FunctionResults& results)
{
    const auto& source = results.source;
    if (!source) {
        if (!results.values.empty())
            write("returned: " + join(results.values, scope().module.get()), Style::Event);
        return;
    }
    write(printable(source->name) + " returned " + source_result(results)->text + " ("
            + source::type_text(*source->symbols, source->type) + ")",
        Style::Event);
}

void Console::tell_place(const std::string& text, const Row& row, bool is_step)
{
    const debug::LogicalFrame& logical = *row.logical;
    const auto module = row.frame->is_host() ? nullptr : row.frame->function->instance->module;
    const bool is_same = is_step && logical.function != source::FunctionId {}
        && told_function_ == logical.function && told_module_ == module && told_frame_ == row.frame->id
        && !logical.scopes.empty() && told_ranges_ == logical.scopes.back().ranges;
    told_ranges_ = logical.scopes.empty() ? std::vector<source::Range>() : logical.scopes.back().ranges;
    told_function_ = logical.function;
    told_module_ = module;
    told_frame_ = row.frame->id;
    const std::vector<Line> lines = is_step ? line_of(row, 0, 0) : line_of(row, 2, 1);
    if (!is_same || lines.empty())
        write(text + " in " + position_text(row), Style::Event);
    for (const Line& line : lines)
        write(line);
}

std::vector<Line> Console::line_of(const Row& row, uint32_t before, uint32_t after)
{
    std::vector<Line> lines;
    const auto add = [&](const source::Source& text, source::Language language, uint32_t line) {
        write_source(text, language, { line > before ? line - before : 1, line + after, line },
            [&](const Line& each) { lines.push_back(each); });
    };
    if (row.frame->is_host())
        return lines;
    const auto& module = row.frame->function->instance->module;
    if (const auto text = text_at(row, lines)) {
        const source::Place& place = *row.logical->place;
        add(*text, source::language_of(view_.of(module)->file(place.file)->path), place.line);
    } else if (view_.is_source_level()) {
        if (const auto generated = view_.generated_at(module, debug::lookup_offset(*row.frame)))
            add({ generated->source->text() }, source::Language::Wat, generated->line);
    }
    return lines;
}

/// The text of a frame's file. Says once that it is missing.
std::optional<source::Source> Console::text_at(const Row& row, std::vector<Line>& notes)
{
    const auto& place = row.logical->place;
    const auto source = view_.of(row.frame->function->instance->module);
    if (!source || !place || place->line == 0)
        return std::nullopt;
    auto found = view_.text_of(*source, place->file);
    if (found && !found->warning.empty())
        notes.push_back(styled("warning: " + found->warning, Style::Error));
    if (!found && view_.is_missing_news(*source, place->file))
        notes.push_back(styled("warning: " + found.error().message, Style::Error));
    return found ? std::optional(*std::move(found)) : std::nullopt;
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
    return debug::function_text(*frame.function, target_.demangle()) + " at "
        + target_.place_text(frame.function->module(), frame.offset, frame.function->instance);
}

std::string Console::position_text(const Row& row)
{
    std::string text = source_text(view_, row);
    return text.empty() ? position_text(*row.frame) : text;
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

} // namespace vitrine::core::console
