// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Requests: the beginning and end of a program, and how it runs.
#include "dap/adapter.h"

#include "base/text.h"
#include "debug/line_step.h"
#include "debug/listing.h"
#include "debug/locations.h"

#include <algorithm>

namespace vitrine::core::dap {

Result<json::Object> Adapter::initialize(const Arguments& arguments)
{
    if (is_initialized_)
        return failure("`initialize` was said before");
    lines_from_1_ = TRY(arguments.flag_or("linesStartAt1", true));
    columns_from_1_ = TRY(arguments.flag_or("columnsStartAt1", true));
    takes_invalidated_ = TRY(arguments.flag_or("supportsInvalidatedEvent", false));
    takes_memory_ = TRY(arguments.flag_or("supportsMemoryEvent", false));
    takes_types_ = TRY(arguments.flag_or("supportsVariableType", false));
    takes_memory_references_ = TRY(arguments.flag_or("supportsMemoryReferences", false));
    runs_in_terminal_ = TRY(arguments.flag_or("supportsRunInTerminalRequest", false));
    takes_colours_ = TRY(arguments.flag_or("supportsANSIStyling", false));
    const bool takes_progress = TRY(arguments.flag_or("supportsProgressReporting", false));
    const std::string format = TRY(arguments.text_or("pathFormat", "path"));
    if (format != "path")
        return failure("pathFormat: only `path` is supported");
    is_initialized_ = true;
    if (takes_progress)
        progress_.open();
    Body body;
    for (const std::string_view name : capability_names())
        body[name] = true;
    json::Array filters, modes, columns;
    const auto words = [](std::string_view text) {
        json::Array array;
        for (console::Words left(text); !left.at_end();)
            array.push_back(json::Value(left.next()));
        return array;
    };
#define FILTER(flag, name, label, is_on, condition)                                                \
    filters.push_back(json::Object { { "filter", name }, { "label", label }, { "default", is_on }, \
        { "supportsCondition", true }, { "conditionDescription", condition } });
#define MODE(name, label, summary, applies)                                                          \
    modes.push_back(json::Object { { "mode", name }, { "label", label }, { "description", summary }, \
        { "appliesTo", words(applies) } });
#define COLUMN(name, label, type) \
    columns.push_back(json::Object { { "attributeName", name }, { "label", label }, { "type", type } });
#include "dap/requests.inc"
    body["exceptionBreakpointFilters"] = std::move(filters);
    body["breakpointModes"] = std::move(modes);
    body["additionalModuleColumns"] = std::move(columns);
    body["completionTriggerCharacters"] = json::Array { ".", ">", ":", "$", " " };
    body["supportedChecksumAlgorithms"] = json::Array { "MD5" };
    return body;
}

// -- Beginning

Result<json::Object> Adapter::launch(const Arguments& arguments)
{
    if (program_)
        return failure(program_->is_attached() ? "the client is attached to a program already"
                                               : "a program was launched before; `restart` runs it again");
    spec_ = TRY(LaunchSpec::from(arguments));
    progress_.say("loading the module");
    program_ = TRY(launcher_.load(spec_, output()));
    if (progress_.is_cancelled()) {
        program_.reset();
        return failure("cancelled");
    }
    if (const auto kind = spec_.terminal_kind()) {
        if (const auto opened = open_terminal(*kind); !opened) {
            program_.reset();
            return std::unexpected(opened.error());
        }
        program_->use_terminal(terminal_->streams());
    }
    CHECK(begin_program("launch"));
    return Body {};
}

Result<json::Object> Adapter::configuration_done(const Arguments&)
{
    if (has_started_ || ending_)
        return failure("the program has been started already");
    CHECK(run_->start(spec_.stops_at_entry));
    has_started_ = true;
    then_ = [this] {
        tell_threads();
        // An attached program may have stopped before.
        if (const auto reason = run_->session().stopped(); reason && program_->is_attached())
            on_stop(*reason);
    };
    return Body {};
}

Result<json::Object> Adapter::restart(const Arguments& arguments)
{
    if (program_->is_attached())
        return failure(
            "the program was not started by this editor, which is attached to it: end it and run it "
            "again where it was started");
    if (commanding_seq_)
        return failure("a command of the debug console is being done");
    // A client may send the configuration anew.
    const auto again = TRY(arguments.optional_object("arguments"));
    const LaunchSpec spec = again ? TRY(LaunchSpec::from(*again)) : spec_;
    end_run();
    spec_.stops_at_entry = spec.stops_at_entry;
    data_places_.clear();
    CHECK(begin_run());
    CHECK(console_->stops().restore());
    message_places_.clear();
    for (const debug::Request& request : console_->stops().breakpoints())
        note_message_places(request);
    CHECK(run_->start(spec_.stops_at_entry));
    has_started_ = true;
    then_ = [this] { tell_threads(); };
    return Body {};
}

// -- The end

Result<json::Object> Adapter::terminate(const Arguments&)
{
    if (!has_started_ && !program_->is_attached()) {
        ending_ = Run::Ending { .text = "terminated before it began" };
        then_ = [this] { outbox_.send_event("terminated"); };
    } else {
        run_->session().kill();
    }
    return Body {};
}

/// A thread that was created by the program ends alone; the others go on if it had stopped them.
Result<json::Object> Adapter::terminate_threads(const Arguments& arguments)
{
    std::vector<uint32_t> ids;
    const auto threads = run_->session().threads();
    for (const int64_t id : TRY(arguments.numbers("threadIds"))) {
        if (!has_started_ || ending_ || ended_threads_.contains(static_cast<uint32_t>(id))
            || std::ranges::find(threads, id, &debug::ThreadInfo::id) == threads.end())
            return failure("there is no thread " + std::to_string(id));
        ids.push_back(static_cast<uint32_t>(id));
    }
    if (ids.empty())
        return failure("threadIds: expected the threads to end");
    const auto stopped = run_->session().stopped();
    for (const uint32_t id : ids) {
        CHECK(run_->session().kill_thread(id, client_->id()));
        ended_threads_.insert(id);
    }
    const bool goes_on = stopped && !run_->session().stopped();
    if (goes_on) {
        told_stop_.reset();
        forget();
    }
    then_ = [this, goes_on, thread = ids.front()] {
        if (goes_on)
            outbox_.send_event("continued", { { "threadId", thread }, { "allThreadsContinued", true } });
        tell_threads();
    };
    return Body {};
}

Result<json::Object> Adapter::cancel(const Arguments&)
{
    // It was done when it was read.
    return Body {};
}

// -- Running

Result<json::Object> Adapter::go_on(const Arguments& arguments)
{
    const auto thread = TRY(arguments.number_or("threadId", 0));
    const bool is_alone = TRY(arguments.flag_or("singleThread", false));
    CHECK(resume_guest({ .kind = debug::Resume::Kind::Go,
        .thread = is_alone ? static_cast<uint32_t>(std::clamp<int64_t>(thread, 0, UINT32_MAX)) : 0,
        .is_alone = is_alone }));
    return Body { { "allThreadsContinued", !is_alone } };
}

Result<json::Object> Adapter::pause(const Arguments&)
{
    if (ending_)
        return failure("the program has ended");
    if (!has_started_ && !program_->is_attached())
        return failure("the program has not been started yet");
    const debug::Session& session = run_->session();
    if (program_->ends_with_call() && session.is_idle() && !session.is_running())
        return failure("the program executes nothing at the moment");
    stop_guest();
    return Body {};
}

Result<json::Object> Adapter::step(
    const Arguments& arguments, debug::LineStepKind kind, const debug::Resume& by_instruction)
{
    const int64_t thread = TRY(arguments.number("threadId"));
    const auto threads = run_->session().threads();
    if (std::ranges::find(threads, thread, &debug::ThreadInfo::id) == threads.end())
        return failure("there is no thread " + std::to_string(thread));
    const std::string granularity = TRY(arguments.text_or("granularity", "statement"));
    debug::Resume how = by_instruction;
    how.thread = static_cast<uint32_t>(thread);
    const bool is_alone = TRY(arguments.flag_or("singleThread", false));
    how.is_alone = how.is_alone || is_alone;
    const std::vector<Frame> frames = run_->session().frames(how.thread, 100);
    const auto guest = std::ranges::find_if(frames, [](const Frame& each) { return !each.is_host(); });
    const auto& sources = console_->sources().sources();
    // The lines of a generated source are instructions.
    const auto lines = guest != frames.end() ? sources->lines_of(*guest->function) : nullptr;
    std::optional<CodeOffset> only_call;
    if (const auto target =
            kind == debug::LineStepKind::Step ? TRY(arguments.optional_number("targetId")) : std::nullopt) {
        const auto known = step_in_targets_.find(*target);
        if (known == step_in_targets_.end())
            return failure("there is no such target any more");
        only_call = known->second;
    }
    if (only_call || (granularity != "instruction" && lines && lines->has_lines())) {
        auto step = debug::make_line_step(kind, run_->session(), sources,
            { .thread = how.thread,
                .skips = std::make_shared<const debug::Skips>(console_->skips()),
                .only_call = only_call });
        if (step)
            how = { .thread = how.thread, .is_alone = is_alone, .step = std::move(step) };
    }
    CHECK(resume_guest(how));
    return Body {};
}

Result<json::Object> Adapter::next(const Arguments& arguments)
{
    return step(arguments, debug::LineStepKind::Next, { .kind = debug::Resume::Kind::StepOver });
}

Result<json::Object> Adapter::step_in(const Arguments& arguments)
{
    return step(arguments, debug::LineStepKind::Step,
        { .kind = debug::Resume::Kind::Step, .is_alone = true, .unless_it_waits = true });
}

Result<json::Object> Adapter::step_in_targets(const Arguments& arguments)
{
    const auto frame = frames_.find(TRY(arguments.number("frameId")));
    if (frame == frames_.end())
        return failure("there is no such frame any more");
    const std::vector<Frame> frames = run_->session().frames(frame->second.thread, 1);
    const auto rows = console::rows_of(run_->session(), frame->second.thread, frames);
    json::Array targets;
    // Callers are in the middle of a call.
    if (frame->second.row >= rows.size())
        return Body { { "targets", std::move(targets) } };
    const auto calls = debug::calls_of_line(
        run_->session(), console_->sources().sources(), { .thread = frame->second.thread });
    for (const debug::LineCall& call : calls) {
        const int64_t id = next_number_++;
        step_in_targets_[id] = call.offset;
        const auto source = call.callee && !call.callee->is_host()
            ? console_->sources().of(call.callee->instance->module)
            : nullptr;
        const auto described =
            source ? source->symbols().function_at(call.callee->meta->code_offset) : std::nullopt;
        json::Object target { { "id", id } };
        target["label"] = json::to_string(described ? printable(described->name)
                : call.callee                       ? debug::function_text(*call.callee, program_->demangle())
                                                    : "indirect call at " + hex(call.offset));
        if (call.place && call.place->line != 0) {
            target["line"] = shown_line(call.place->line);
            if (call.place->column != 0)
                target["column"] = shown_column(call.place->column);
        }
        targets.push_back(std::move(target));
    }
    return Body { { "targets", std::move(targets) } };
}

Result<json::Object> Adapter::step_out(const Arguments& arguments)
{
    return step(arguments, debug::LineStepKind::Finish, { .kind = debug::Resume::Kind::StepOut });
}

Result<json::Object> Adapter::goto_targets(const Arguments& arguments)
{
    const Arguments source = TRY(arguments.object("source"));
    const uint32_t line = TRY(asked_line(TRY(arguments.number("line"))));
    const std::vector<Frame> frames = run_->session().frames(0, 1);
    Body body { { "targets", json::Array() } };
    if (frames.empty() || frames.front().is_host())
        return body;
    const Frame& frame = frames.front();
    const std::shared_ptr<const Module> module = frame.function->instance->module;
    std::vector<debug::CodeLocation> found;
    const std::vector<debug::LoadedModule> modules = program_->modules();
    const debug::SearchedCode code { *console_->sources().sources(), modules, program_->demangle() };
    if (auto all = debug::find_locations(code, line_place(source, line, 0)))
        found = *std::move(all);
    json::Array targets;
    for (const debug::CodeLocation& at : found) {
        const auto function = at.module->find_function(at.offset);
        if (at.module != module || function != frame.function->index)
            continue;
        const int64_t id = next_number_++;
        goto_targets_[id] = at.offset;
        targets.push_back(json::Object { { "id", id },
            { "label",
                json::to_string(at.place ? "line " + std::to_string(at.place->line)
                                         : place_text(*module, at.offset, nullptr)) },
            { "line", shown_line(at.place ? at.place->line : line) },
            { "instructionPointerReference", code_reference(*module, at.offset) } });
    }
    body["targets"] = std::move(targets);
    return body;
}

Result<json::Object> Adapter::go_to(const Arguments& arguments)
{
    const int64_t thread = TRY(arguments.number("threadId"));
    const auto target = goto_targets_.find(TRY(arguments.number("targetId")));
    if (target == goto_targets_.end())
        return failure("there is no such target any more");
    const CodeOffset offset = target->second;
    CHECK(run_->session().jump(offset, static_cast<uint32_t>(std::clamp<int64_t>(thread, 0, UINT32_MAX))));
    forget();
    then_ = [this, thread] {
        outbox_.send_event(
            "stopped", { { "reason", "goto" }, { "threadId", thread }, { "allThreadsStopped", true } });
    };
    return Body {};
}

} // namespace vitrine::core::dap
