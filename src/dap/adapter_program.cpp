// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The program that is debugged: its runs, stops and end.
#include "dap/adapter.h"

#include "base/overloaded.h"
#include "base/text.h"

#include <algorithm>
#include <utility>

#include <unistd.h>

namespace vitrine::core::dap {

// -- Runs

/// What takes the program's output, on its thread.
Launcher::Output Adapter::output()
{
    return [this](Launcher::Stream stream, std::string_view bytes) {
        outbox_.send_output(stream == Launcher::Stream::Out ? "stdout" : "stderr", bytes, [this] {
            // On the guest's thread: its session is there.
            const debug::Session* const session = session_of_output_.load();
            return session && session->is_caller_asked();
        });
    };
}

/// What `launch` and `attach` have in common, when there is a program.
Result<void> Adapter::begin_program(std::string_view start_method)
{
    if (const auto begun = begin_run(); !begun) {
        program_.reset();
        return std::unexpected(begun.error());
    }
    console_.emplace(static_cast<console::Target&>(*this), [this](const console::Line& line) {
        console_text_ += (takes_colours_ ? ansi_text(line) : plain_text(line)) + "\n";
    });
    console_->skips().skips_libraries = !spec_.enters_libraries;
    console_->stops().attach();
    then_ = [this, start_method] {
        const auto& loaded = program_->modules();
        const bool is_64 = !loaded.empty() && !loaded.front().module->memories.empty()
            && loaded.front().module->memories[MemoryIndex { 0 }].type.limits.is_64;
        json::Object process { { "name", json::to_string(*spec_.program) }, { "isLocalProcess", true },
            { "startMethod", start_method }, { "pointerSize", is_64 ? 64 : 32 } };
        if (program_->is_attached())
            process["systemProcessId"] = ::getpid();
        outbox_.send_event("process", std::move(process));
        progress_.say("reading debug information");
        for (size_t i = 0; i < program_->modules().size(); ++i)
            outbox_.send_event("module", { { "reason", "new" }, { "module", module_row(i) } });
        outbox_.send_event("initialized");
    };
    return {};
}

Result<void> Adapter::begin_run()
{
    std::unique_ptr<Run> run = TRY(program_->prepare());
    ++run_number_;
    session_of_output_ = &run->session();
    client_ = TRY(debug::Client::attach(
        run->session(), program_->client_name(), debug::Client::Kind::Shared, listener(run->session())));
    run_ = std::move(run);
    has_started_ = false;
    ending_.reset();
    forget();
    return {};
}

void Adapter::end_run()
{
    if (console_ && client_)
        console_->stops().keep();
    if (run_ && client_ && program_->is_attached())
        run_->leave(*client_, suspends_);
    client_.reset();
    if (gate_) {
        const std::lock_guard lock(gate_->mutex);
        gate_->is_open = false;
    }
    if (!run_)
        return;
    if (!program_->is_attached())
        run_->session().kill();
    run_.reset();
    told_threads_.clear();
    told_stop_.reset();
    ended_threads_.clear();
}

/// What the guest's threads do: pass on what happens.
debug::Listener Adapter::listener(const debug::Session& session)
{
    const uint64_t number = run_number_;
    gate_ = std::make_shared<Gate>();
    const auto post = [this, number, gate = gate_](auto task) {
        const std::lock_guard lock(gate->mutex);
        if (!gate->is_open)
            return;
        inbox_.add([this, number, task = std::move(task)] {
            if (number == run_number_)
                task();
        });
    };
    const auto log = [this, gate = gate_, &session](uint32_t breakpoint, const std::string& message) {
        const std::lock_guard lock(gate->mutex);
        if (!gate->is_open)
            return;
        outbox_.send_output(
            "console", message + "\n", [&session] { return session.is_caller_asked(); },
            place_of_message(breakpoint));
    };
    return {
        .events = [this, post](const debug::Event& event) { post([this, event] { on_event(event); }); },
        .resumes =
            [this, post, name = program_->client_name()](const debug::Resumed& resumed) {
                if (resumed.by != name)
                    post([this, resumed] { on_resume(resumed); });
            },
        .messages = log,
        .instances =
            [this, post](Instance&) {
                post([this] {
                    tell_new_modules();
                    tell_changed_breakpoints();
                });
            },
    };
}

// -- Events

void Adapter::on_event(const debug::Event& event)
{
    std::visit(Overloaded { [&](const debug::StopReason& reason) { on_stop(reason); },
                   [&](const debug::Outcome&) { on_end(); } },
        event);
}

void Adapter::on_stop(const debug::StopReason& reason)
{
    // Another client may have resumed it meanwhile.
    const auto now = run_->session().stopped();
    if (!now || now->number != reason.number)
        return;
    // One who attaches is told when breakpoints are set, and may have heard of this stop then.
    if (!has_started_ || told_stop_ == reason.number)
        return;
    const debug::Session::Look look(run_->session());
    console::Stops& stops = console_->stops();
    if (stops.is_waiting()) {
        const bool is_ours = reason.kind == debug::StopKind::Load && !stops.wants_loads();
        for (const std::string& note : stops.set_waiting())
            print("console", note + "\n");
        if (is_ours && resume_from(reason.number, {}))
            return;
    }
    // Another client wants to know what is loaded, and resumes the program.
    if (reason.kind == debug::StopKind::Load && !session().stops_on().load)
        return;
    refresh();
    std::string problem;
    // Other clients may want to see it.
    if (!is_wanted(reason, problem) && !client_->has_company() && resume_from(reason.number, {}))
        return;
    tell_stop(reason, problem);
}

void Adapter::tell_stop(const debug::StopReason& reason, const std::string& problem)
{
    told_stop_ = reason.number;
    ++arrivals_;
    tell_threads();
    tell_changed_breakpoints();
    tell_memory();
    json::Object body = stopped_body(reason);
    if (!problem.empty())
        body["text"] = json::to_string(console_->reason_text(reason) + problem);
    outbox_.send_event("stopped", std::move(body));
    tell_spent_breakpoint(reason);
}

json::Object Adapter::stopped_body(const debug::StopReason& reason)
{
    const auto name = [&]() -> std::string_view {
        switch (reason.kind) {
        case debug::StopKind::Entry: return "entry";
        case debug::StopKind::Breakpoint: return "breakpoint";
        case debug::StopKind::Step:
        case debug::StopKind::CallEnd: return "step";
        case debug::StopKind::Interrupt: return "pause";
        case debug::StopKind::Watchpoint: return "data breakpoint";
        case debug::StopKind::Trap:
        case debug::StopKind::Throw:
        case debug::StopKind::Exit: return "exception";
        case debug::StopKind::Load: return "load";
        case debug::StopKind::ComponentCall: return "function call";
        }
        std::unreachable();
    };
    json::Object body { { "reason", name() }, { "threadId", reason.thread }, { "allThreadsStopped", true } };
    const std::string text = console_->reason_text(reason);
    body["description"] = json::to_string(text);
    if (name() == "exception" || !reason.text.empty())
        body["text"] = json::to_string(text);
    const uint32_t id = console_->stops().number_of(reason.id);
    if (id != 0)
        body["hitBreakpointIds"] = json::Array { id };
    return body;
}

void Adapter::on_end()
{
    told_stop_.reset();
    forget();
    if (!program_->ends_with_call())
        return tell_threads();
    ++arrivals_;
    ending_ = run_->ending();
    outbox_.flush_output();
    if (ending_->is_trap)
        print("important", ending_->text + "\n");
    else
        print("console", ending_->text + "\n");
    tell_threads();
    outbox_.send_event("exited", { { "exitCode", ending_->status } });
    outbox_.send_event("terminated");
}

/// Another client has resumed the program.
void Adapter::on_resume(const debug::Resumed& resumed)
{
    forget();
    if (!std::exchange(told_stop_, std::nullopt))
        return;
    outbox_.send_event("continued",
        { { "threadId", std::max(resumed.how.thread, 1u) },
            { "allThreadsContinued", !resumed.how.is_alone } });
}

/// Tells which threads have begun and ended since this was last called.
void Adapter::tell_threads()
{
    std::set<uint32_t> now;
    if (has_started_ && !ending_)
        for (const debug::ThreadInfo& info : run_->session().threads())
            if (!ended_threads_.contains(info.id))
                now.insert(info.id);
    const auto tell = [&](uint32_t id, std::string_view reason) {
        outbox_.send_event("thread", { { "reason", reason }, { "threadId", id } });
    };
    for (const uint32_t id : told_threads_)
        if (!now.contains(id))
            tell(id, "exited");
    for (const uint32_t id : now)
        if (!told_threads_.contains(id))
            tell(id, "started");
    told_threads_ = std::move(now);
}

void Adapter::tell_new_modules()
{
    const size_t known = program_->modules().size();
    program_->update_modules();
    for (size_t i = known; i < program_->modules().size(); ++i)
        outbox_.send_event("module", { { "reason", "new" }, { "module", module_row(i) } });
}

/// Tells which breakpoints have found their places in modules that were loaded meanwhile.
void Adapter::tell_changed_breakpoints()
{
    for (const debug::Request& request : console_->stops().take_changed())
        outbox_.send_event(
            "breakpoint", { { "reason", "changed" }, { "breakpoint", breakpoint_row(request) } });
}

/// Tells that a breakpoint has ended with its first stop.
void Adapter::tell_spent_breakpoint(const debug::StopReason& reason)
{
    const uint32_t id = console_->stops().number_of(reason.id);
    for (auto& [group, asked] : stops_) {
        const auto spent = std::ranges::find_if(
            asked, [&](const AskedBreakpoint& each) { return each.id == id && each.spec.is_temporary; });
        if (spent == asked.end())
            continue;
        outbox_.send_event("breakpoint",
            { { "reason", "removed" },
                { "breakpoint", json::Object { { "id", id }, { "verified", false } } } });
        asked.erase(spent);
        return;
    }
}

void Adapter::print(std::string_view category, std::string_view text)
{
    outbox_.send_event("output", { { "category", category }, { "output", json::to_string(text) } });
}

// -- Resuming

Result<void> Adapter::resume_guest(const debug::Resume& how)
{
    if (!told_stop_ && program_->is_attached())
        return failure("the client has not been told yet that the program has stopped");
    return resume_from(told_stop_, how);
}

/// Not from any other stop: another client may have resumed the program meanwhile.
Result<void> Adapter::resume_from(std::optional<uint64_t> stop, const debug::Resume& how)
{
    CHECK(client_->resume(how, stop));
    told_stop_.reset();
    forget();
    return {};
}

void Adapter::stop_guest() { run_->session().interrupt(!program_->ends_with_call()); }

Result<void> Adapter::wait_for_arrival()
{
    const uint64_t arrivals = arrivals_;
    awaits_arrival_ = true;
    struct End {
        std::atomic<bool>& awaits_arrival;
        ~End() { awaits_arrival = false; }
    } const end { awaits_arrival_ };
    while (arrivals_ == arrivals && !is_over_)
        if (!handle_next())
            return failure("the client has gone");
    return is_over_ ? failure("the client has gone") : Result<void>();
}

// -- The console's target

Result<void> Adapter::check(console::Needs needs, std::string_view verb)
{
    using enum console::Needs;
    if (needs == Owner)
        return failure("`" + std::string(verb) + "` is not for the debug console of an editor");
    if (needs != Nothing && is_running())
        return failure("the program is running: pause it first");
    if (needs == Instance && console::instances_of(session()).empty())
        return failure("there is no instance yet: the program has not begun");
    if ((needs == Stopped || needs == Resume) && !session().stopped())
        return failure(ending_ ? "the program has ended" : "the program has not been started yet");
    return {};
}

bool Adapter::is_running() const
{
    const debug::Session& session = run_->session();
    return !session.stopped() && !session.is_idle();
}

std::string Adapter::place_text(const Module&, CodeOffset offset, const Instance*) { return hex(offset); }

std::string Adapter::module_suffix(const Module& module)
{
    const auto number = number_of(module);
    const std::string& preload = number ? program_->modules()[*number].preload : module_name(0);
    return !number || preload.empty() ? "" : " in " + escaped(preload);
}

Result<void> Adapter::resume(const debug::Resume& how)
{
    const auto reason = session().stopped();
    // It takes as long as the program runs.
    progress_.end();
    CHECK(resume_guest(how));
    outbox_.send_event("continued",
        { { "threadId",
              how.thread != 0 ? how.thread
                  : reason    ? reason->thread
                              : 1 },
            { "allThreadsContinued", !how.is_alone } });
    return wait_for_arrival();
}

Result<void> Adapter::call(const std::function<void()>& body, uint32_t thread)
{
    progress_.end();
    CHECK(session().call(body, thread));
    forget();
    return wait_for_arrival();
}

} // namespace vitrine::core::dap
