// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Debug sessions.
#include "capi/debug.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace vitrine::capi {

namespace {

#define SAME(name, kind) static_assert(VITRINE_WATCH_##name == static_cast<int>(debug::WatchAccess::kind))
SAME(READ, Read);
SAME(WRITE, Write);
SAME(READ_WRITE, ReadWrite);
SAME(CHANGE, Change);
#undef SAME

/// Resumes a guest as `code` does, and waits for the next event.
template<class F>
vitrine_error_t* resume(
    vitrine_session_t& session, vitrine_stopped_t& handle, vitrine_event_t& out, const F& code)
{
    return give_event(session.state, out, [&]() -> Result<debug::Event> {
        if (auto checked = check_stop(session, handle); !checked)
            return std::move(checked).error();
        return code(session.session, std::move(handle.stopped));
    });
}

debug::Resume resume_of(vitrine_resume_t how)
{
    switch (how.kind) {
    case VITRINE_RESUME_GO: return debug::Resume::go();
    case VITRINE_RESUME_STEP: return debug::Resume::step();
    case VITRINE_RESUME_STEP_OVER: return debug::Resume::step_over();
    case VITRINE_RESUME_STEP_OUT: return debug::Resume::step_out();
    case VITRINE_RESUME_RUN_TO: return debug::Resume::run_to(how.offset);
    case VITRINE_RESUME_KILL: return debug::Resume::stop_guest();
    // The guest ends with this text.
    default: throw std::runtime_error("the stop handler returned no kind of resume");
    }
}

/// A callback of a C program, and what is passed to it.
template<class F> struct Callback {
    Callback(F function, HostInfo env) : function(function), env(std::move(env)) {}
    const F function;
    const HostInfo env;
};

// Breakpoints.

Result<debug::BreakpointSpec> spec_of(
    const Module& module, uint32_t offset, const vitrine_breakpoint_options_t* given)
{
    const auto options = options_of(given);
    if (!options)
        return options.error();
    debug::BreakpointSpec spec { .module = module, .offset = offset };
    if (options->instance)
        spec.instance = options->instance->instance();
    if (options->condition)
        spec.condition = options->condition;
    if (options->message)
        spec.message = options->message;
    spec.ignore_count = options->ignore_count;
    spec.every = options->every;
    spec.is_temporary = options->is_temporary;
    spec.is_enabled = !options->is_disabled;
    return spec;
}

Result<debug::WatchpointOptions> watchpoint_options(const vitrine_watchpoint_options_t* given)
{
    const auto options = options_of(given);
    if (!options)
        return options.error();
    return debug::WatchpointOptions { .condition = options->condition ? options->condition : "",
        .ignore_count = options->ignore_count,
        .every = options->every,
        .is_enabled = !options->is_disabled };
}

constexpr uint32_t all_events = VITRINE_STOP_ON_DEFAULT | VITRINE_STOP_ON_CAUGHT_THROW | VITRINE_STOP_ON_LOAD
    | VITRINE_STOP_ON_EXIT | VITRINE_STOP_ON_COMPONENT_CALL;

debug::StopsOn stops_on(uint32_t events)
{
    return { .caught_throw = (events & VITRINE_STOP_ON_CAUGHT_THROW) != 0,
        .uncaught_throw = (events & VITRINE_STOP_ON_UNCAUGHT_THROW) != 0,
        .trap = (events & VITRINE_STOP_ON_TRAP) != 0,
        .host_error = (events & VITRINE_STOP_ON_HOST_ERROR) != 0,
        .load = (events & VITRINE_STOP_ON_LOAD) != 0,
        .exit = (events & VITRINE_STOP_ON_EXIT) != 0,
        .component = (events & VITRINE_STOP_ON_COMPONENT_CALL) != 0 };
}

/// Forgets the last instance before another one is created.
void forget_instance(SessionState& state, bool is_linked)
{
    const std::lock_guard lock(state.mutex);
    state.is_linked = is_linked;
    state.instance.reset();
}

/// Makes the handle of a session.
Result<void> give_session(
    std::shared_ptr<SessionState> state, Result<debug::Session> session, vitrine_session_t*& out)
{
    return take(std::move(session),
        [&](debug::Session& made) { out = new vitrine_session_t { std::move(state), std::move(made) }; });
}

} // namespace

Result<void> check_stop(const vitrine_session_t& session, const vitrine_stopped_t& handle)
{
    if (session.state != handle.state)
        return Error("the guest stopped in another session");
    if (session.state->has_handler)
        return Error("the session has a handler, which decides how the guest resumes");
    return {};
}

} // namespace vitrine::capi

using vitrine::Error;
using vitrine::Instance;
using vitrine::Linker;
using vitrine::Module;
using vitrine::Result;
using vitrine::Val;
using vitrine::capi::all_events;
using vitrine::capi::attempt;
using vitrine::capi::Callback;
using vitrine::capi::check_stop;
using vitrine::capi::destroy_handles;
using vitrine::capi::externs_of;
using vitrine::capi::forget_instance;
using vitrine::capi::give_event;
using vitrine::capi::give_session;
using vitrine::capi::guarded;
using vitrine::capi::hand_over;
using vitrine::capi::HostInfo;
using vitrine::capi::make;
using vitrine::capi::make_module;
using vitrine::capi::make_stopped;
using vitrine::capi::required;
using vitrine::capi::required_if;
using vitrine::capi::resume;
using vitrine::capi::resume_of;
using vitrine::capi::SessionState;
using vitrine::capi::spec_of;
using vitrine::capi::stops_on;
using vitrine::capi::take;
using vitrine::capi::Text;
using vitrine::capi::to_vals;
using vitrine::capi::watchpoint_options;
using vitrine::debug::Breakpoint;
using vitrine::debug::Event;
using vitrine::debug::Session;
using vitrine::debug::Stopped;
using vitrine::debug::WatchAccess;
using vitrine::debug::WatchPlace;
using vitrine::debug::Watchpoint;

// Sessions.

vitrine_error_t* vitrine_session_new(wasm_store_t* store, vitrine_session_t** out)
{
    const auto& body = required(store, __func__, "store").body;
    vitrine_session_t*& made = required(out, __func__, "out");
    return attempt(body, [&] {
        return give_session(std::make_shared<SessionState>(body, false), Session::create(*body->store), made);
    });
}

vitrine_error_t* vitrine_session_new_with_handler(wasm_store_t* store, vitrine_stop_handler_t handler,
    void* env, void (*finalizer)(void*), vitrine_session_t** out)
{
    HostInfo owned(env, finalizer);
    const auto& body = required(store, __func__, "store").body;
    if (!handler)
        vitrine::capi::is_null(__func__, "handler");
    vitrine_session_t*& made = required(out, __func__, "out");
    return attempt(body, [&] {
        const auto callback = std::make_shared<Callback<vitrine_stop_handler_t>>(handler, std::move(owned));
        const auto state = std::make_shared<SessionState>(body, true);
        auto session = Session::create(*body->store, [callback, state](Stopped& stopped) {
            const auto handle = make_stopped(state, std::move(stopped));
            return resume_of(callback->function(callback->env.get(), handle.get()));
        });
        return give_session(state, std::move(session), made);
    });
}

void vitrine_session_delete(vitrine_session_t* session) { delete session; }

vitrine_error_t* vitrine_session_add_store(vitrine_session_t* session, wasm_store_t* store)
{
    auto& changed = required(session, __func__, "session");
    const auto& body = required(store, __func__, "store").body;
    return attempt(body, [&]() -> Result<void> {
        if (auto added = changed.session.add_store(*body->store); !added)
            return added;
        changed.state->stores.add(body);
        return {};
    });
}
vitrine_error_t* vitrine_session_remove_store(vitrine_session_t* session, wasm_store_t* store)
{
    auto& changed = required(session, __func__, "session");
    const auto& body = required(store, __func__, "store").body;
    return attempt(body, [&]() -> Result<void> {
        if (auto removed = changed.session.remove_store(*body->store); !removed)
            return removed;
        changed.state->stores.remove(body);
        return {};
    });
}

// Breakpoints.

void vitrine_breakpoint_delete(vitrine_breakpoint_t* breakpoint) { delete breakpoint; }
void vitrine_breakpoint_vec_delete(vitrine_breakpoint_vec_t* vector) { destroy_handles(vector); }

vitrine_error_t* vitrine_session_add_breakpoint(vitrine_session_t* session, const wasm_module_t* module,
    uint32_t offset, const vitrine_breakpoint_options_t* options, uint32_t* id)
{
    auto& changed = required(session, __func__, "session");
    const Module& code = required(module, __func__, "module").module();
    return attempt(changed.state->stores.own(), [&]() -> Result<void> {
        const auto spec = spec_of(code, offset, options);
        if (!spec)
            return spec.error();
        return take(changed.session.add_breakpoint(*spec), [&](uint32_t added) {
            if (id)
                *id = added;
        });
    });
}

vitrine_error_t* vitrine_session_change_breakpoint(
    vitrine_session_t* session, uint32_t id, const vitrine_breakpoint_options_t* options)
{
    auto& changed = required(session, __func__, "session");
    return attempt(changed.state->stores.own(), [&]() -> Result<void> {
        const auto rows = changed.session.breakpoints();
        const auto row = std::ranges::find(rows, id, &Breakpoint::id);
        if (row == rows.end())
            // The session says what is wrong.
            return changed.session.remove_breakpoint(id);
        const auto spec = spec_of(row->spec.module, row->spec.offset, options);
        return spec ? changed.session.change_breakpoint(id, *spec) : spec.error();
    });
}

vitrine_error_t* vitrine_session_remove_breakpoint(vitrine_session_t* session, uint32_t id)
{
    auto& changed = required(session, __func__, "session");
    return attempt(changed.state->stores.own(), [&] { return changed.session.remove_breakpoint(id); });
}

vitrine_error_t* vitrine_session_breakpoints(const vitrine_session_t* session, vitrine_breakpoint_vec_t* out)
{
    const auto& described = required(session, __func__, "session");
    vitrine_breakpoint_vec_t& filled = required(out, __func__, "out");
    const auto& store = described.state->stores.own();
    return attempt(store, [&]() -> Result<void> {
        std::vector<std::unique_ptr<vitrine_breakpoint_t>> handles;
        for (Breakpoint& row : described.session.breakpoints()) {
            std::unique_ptr<wasm_instance_t> instance;
            if (row.spec.instance)
                instance.reset(make<wasm_instance_t>(store, *row.spec.instance));
            handles.push_back(std::unique_ptr<vitrine_breakpoint_t>(
                new vitrine_breakpoint_t { store, std::move(row), std::move(instance) }));
        }
        hand_over(filled, std::move(handles));
        return {};
    });
}

uint32_t vitrine_breakpoint_id(const vitrine_breakpoint_t* breakpoint)
{
    return required(breakpoint, __func__, "breakpoint").row.id;
}
wasm_module_t* vitrine_breakpoint_module(const vitrine_breakpoint_t* breakpoint)
{
    const auto& described = required(breakpoint, __func__, "breakpoint");
    return guarded<wasm_module_t*>(
        nullptr, [&] { return make_module(described.store, described.row.spec.module); });
}
uint32_t vitrine_breakpoint_requested_offset(const vitrine_breakpoint_t* breakpoint)
{
    return required(breakpoint, __func__, "breakpoint").row.spec.offset;
}
uint32_t vitrine_breakpoint_offset(const vitrine_breakpoint_t* breakpoint)
{
    return required(breakpoint, __func__, "breakpoint").row.offset;
}
uint64_t vitrine_breakpoint_hits(const vitrine_breakpoint_t* breakpoint)
{
    return required(breakpoint, __func__, "breakpoint").row.hits;
}
void vitrine_breakpoint_options(const vitrine_breakpoint_t* breakpoint, vitrine_breakpoint_options_t* out)
{
    const auto& described = required(breakpoint, __func__, "breakpoint");
    vitrine_breakpoint_options_t& filled = required(out, __func__, "out");
    const auto& spec = described.row.spec;
    const vitrine_breakpoint_options_t options { filled.size, described.instance.get(),
        spec.condition.c_str(), spec.ignore_count, spec.every, spec.message.c_str(), spec.is_temporary,
        !spec.is_enabled };
    std::memcpy(&filled, &options, std::min(filled.size, sizeof options));
}

// Watchpoints and other stops.

void vitrine_watchpoint_delete(vitrine_watchpoint_t* watchpoint) { delete watchpoint; }
void vitrine_watchpoint_vec_delete(vitrine_watchpoint_vec_t* vector) { destroy_handles(vector); }

vitrine_error_t* vitrine_session_add_watchpoint(vitrine_session_t* session, const vitrine_place_t* place,
    vitrine_watch_access_t access, const vitrine_watchpoint_options_t* options, uint32_t* id)
{
    auto& changed = required(session, __func__, "session");
    const WatchPlace& what = required(place, __func__, "place").place;
    return attempt(changed.state->stores.own(), [&]() -> Result<void> {
        if (access > VITRINE_WATCH_CHANGE)
            return Error("there is no kind of access " + std::to_string(access));
        const auto more = watchpoint_options(options);
        if (!more)
            return more.error();
        const vitrine::debug::WatchpointSpec spec { .what = what,
            .access = static_cast<WatchAccess>(access),
            .condition = more->condition,
            .ignore_count = more->ignore_count,
            .every = more->every,
            .is_enabled = more->is_enabled };
        return take(changed.session.add_watchpoint(spec), [&](uint32_t added) {
            if (id)
                *id = added;
        });
    });
}
vitrine_error_t* vitrine_session_change_watchpoint(
    vitrine_session_t* session, uint32_t id, const vitrine_watchpoint_options_t* options)
{
    auto& changed = required(session, __func__, "session");
    return attempt(changed.state->stores.own(), [&]() -> Result<void> {
        const auto more = watchpoint_options(options);
        return more ? changed.session.change_watchpoint(id, *more) : more.error();
    });
}
vitrine_error_t* vitrine_session_remove_watchpoint(vitrine_session_t* session, uint32_t id)
{
    auto& changed = required(session, __func__, "session");
    return attempt(changed.state->stores.own(), [&] { return changed.session.remove_watchpoint(id); });
}
vitrine_error_t* vitrine_session_watchpoints(const vitrine_session_t* session, vitrine_watchpoint_vec_t* out)
{
    const auto& described = required(session, __func__, "session");
    vitrine_watchpoint_vec_t& filled = required(out, __func__, "out");
    return attempt(described.state->stores.own(), [&]() -> Result<void> {
        std::vector<std::unique_ptr<vitrine_watchpoint_t>> handles;
        for (const Watchpoint& row : described.session.watchpoints())
            handles.push_back(std::unique_ptr<vitrine_watchpoint_t>(new vitrine_watchpoint_t { row }));
        hand_over(filled, std::move(handles));
        return {};
    });
}

uint32_t vitrine_watchpoint_id(const vitrine_watchpoint_t* watchpoint)
{
    return required(watchpoint, __func__, "watchpoint").row.id;
}
vitrine_watch_access_t vitrine_watchpoint_access(const vitrine_watchpoint_t* watchpoint)
{
    return static_cast<vitrine_watch_access_t>(required(watchpoint, __func__, "watchpoint").row.access);
}
uint64_t vitrine_watchpoint_hits(const vitrine_watchpoint_t* watchpoint)
{
    return required(watchpoint, __func__, "watchpoint").row.hits;
}

void vitrine_watchpoint_options(const vitrine_watchpoint_t* watchpoint, vitrine_watchpoint_options_t* out)
{
    const auto& options = required(watchpoint, __func__, "watchpoint").row.options;
    vitrine_watchpoint_options_t& filled = required(out, __func__, "out");
    const vitrine_watchpoint_options_t all { filled.size, options.condition.c_str(), options.ignore_count,
        options.every, !options.is_enabled };
    std::memcpy(&filled, &all, std::min(filled.size, sizeof all));
}

vitrine_error_t* vitrine_session_stop_on(vitrine_session_t* session, uint32_t events)
{
    auto& changed = required(session, __func__, "session");
    return attempt(changed.state->stores.own(), [&]() -> Result<void> {
        if ((events & ~all_events) != 0)
            return Error("unknown events " + std::to_string(events & ~all_events));
        return changed.session.stop_on(stops_on(events));
    });
}

vitrine_error_t* vitrine_session_on_message(
    vitrine_session_t* session, vitrine_message_callback_t callback, void* env, void (*finalizer)(void*))
{
    HostInfo owned(env, finalizer);
    auto& changed = required(session, __func__, "session");
    return attempt(changed.state->stores.own(), [&] {
        if (!callback)
            return changed.session.on_message(nullptr);
        const auto shared =
            std::make_shared<Callback<vitrine_message_callback_t>>(callback, std::move(owned));
        return changed.session.on_message([shared](std::string_view message) {
            const Text text { std::string(message) };
            shared->function(shared->env.get(), text.get());
        });
    });
}

// Running the guest.

vitrine_error_t* vitrine_session_call(vitrine_session_t* session, const wasm_func_t* func,
    const vitrine_val_t args[], size_t arg_count, bool stop_at_entry, vitrine_event_t* out)
{
    auto& used = required(session, __func__, "session");
    const auto& callee = required(func, __func__, "func");
    const auto* const given = required_if(args, arg_count, __func__, "args");
    vitrine_event_t& filled = required(out, __func__, "out");
    return give_event(used.state, filled, [&]() -> Result<Event> {
        const auto vals = to_vals(callee.store, given, arg_count);
        if (!vals)
            return vals.error();
        return used.session.call(callee.func(), *vals, stop_at_entry);
    });
}

vitrine_error_t* vitrine_session_instantiate(vitrine_session_t* session, const wasm_module_t* module,
    wasm_extern_t* const imports[], size_t import_count, bool stop_at_entry, vitrine_event_t* out)
{
    auto& used = required(session, __func__, "session");
    const Module& code = required(module, __func__, "module").module();
    if (import_count != 0)
        required(imports, __func__, "imports");
    const std::span given(imports, import_count);
    vitrine_event_t& filled = required(out, __func__, "out");
    return give_event(used.state, filled, [&]() -> Result<Event> {
        auto create =
            [state = used.state, code,
                externs = externs_of(given, "vitrine_session_instantiate")]() -> Result<std::vector<Val>> {
            const auto instance = Instance::create(*state->stores.own()->store, code, externs);
            if (!instance)
                return instance.error();
            const std::lock_guard lock(state->mutex);
            state->instance = *instance;
            return std::vector<Val>();
        };
        forget_instance(*used.state, false);
        return used.session.run(std::move(create), stop_at_entry);
    });
}

vitrine_error_t* vitrine_session_instantiate_linked(vitrine_session_t* session,
    const vitrine_linker_t* linker, const wasm_module_t* module, bool stop_at_entry, vitrine_event_t* out)
{
    auto& used = required(session, __func__, "session");
    const Linker& resolving = required(linker, __func__, "linker").linker;
    const Module& code = required(module, __func__, "module").module();
    vitrine_event_t& filled = required(out, __func__, "out");
    return give_event(used.state, filled, [&]() -> Result<Event> {
        forget_instance(*used.state, true);
        return used.session.instantiate(resolving, code, stop_at_entry);
    });
}

wasm_instance_t* vitrine_session_instance(const vitrine_session_t* session)
{
    const auto& described = required(session, __func__, "session");
    SessionState& state = *described.state;
    return guarded<wasm_instance_t*>(nullptr, [&] {
        const std::lock_guard lock(state.mutex);
        const auto instance = state.is_linked ? described.session.instance() : state.instance;
        return instance ? make<wasm_instance_t>(state.stores.own(), *instance) : nullptr;
    });
}

vitrine_error_t* vitrine_session_run(vitrine_session_t* session, vitrine_session_body_t body, void* env,
    bool stop_at_entry, vitrine_event_t* out)
{
    auto& used = required(session, __func__, "session");
    if (!body)
        vitrine::capi::is_null(__func__, "body");
    vitrine_event_t& filled = required(out, __func__, "out");
    return give_event(used.state, filled, [&]() -> Result<Event> {
        auto code = [body, env]() -> Result<std::vector<Val>> {
            const std::unique_ptr<vitrine_error_t, decltype(&vitrine_error_delete)> error(
                body(env), vitrine_error_delete);
            return error ? Result<std::vector<Val>>(error->error) : std::vector<Val>();
        };
        return used.session.run(std::move(code), stop_at_entry);
    });
}

vitrine_error_t* vitrine_session_wait(vitrine_session_t* session, vitrine_event_t* out)
{
    auto& used = required(session, __func__, "session");
    vitrine_event_t& filled = required(out, __func__, "out");
    return give_event(used.state, filled, [&]() -> Result<Event> { return used.session.wait(); });
}

vitrine_error_t* vitrine_session_resume(
    vitrine_session_t* session, vitrine_stopped_t* stopped, vitrine_event_t* out)
{
    return resume(required(session, __func__, "session"), required(stopped, __func__, "stopped"),
        required(out, __func__, "out"),
        [](Session& used, Stopped&& stop) { return used.resume(std::move(stop)); });
}

vitrine_error_t* vitrine_session_go(vitrine_session_t* session, vitrine_stopped_t* stopped)
{
    auto& used = required(session, __func__, "session");
    auto& handle = required(stopped, __func__, "stopped");
    return attempt(used.state->stores.own(), [&]() -> Result<void> {
        if (auto checked = check_stop(used, handle); !checked)
            return checked;
        return used.session.go(std::move(handle.stopped));
    });
}

vitrine_error_t* vitrine_session_step(
    vitrine_session_t* session, vitrine_stopped_t* stopped, uint32_t thread, vitrine_event_t* out)
{
    return resume(required(session, __func__, "session"), required(stopped, __func__, "stopped"),
        required(out, __func__, "out"),
        [&](Session& used, Stopped&& stop) { return used.step(std::move(stop), thread); });
}

vitrine_error_t* vitrine_session_step_over(
    vitrine_session_t* session, vitrine_stopped_t* stopped, uint32_t thread, vitrine_event_t* out)
{
    return resume(required(session, __func__, "session"), required(stopped, __func__, "stopped"),
        required(out, __func__, "out"),
        [&](Session& used, Stopped&& stop) { return used.step_over(std::move(stop), thread); });
}

vitrine_error_t* vitrine_session_step_out(
    vitrine_session_t* session, vitrine_stopped_t* stopped, uint32_t thread, vitrine_event_t* out)
{
    return resume(required(session, __func__, "session"), required(stopped, __func__, "stopped"),
        required(out, __func__, "out"),
        [&](Session& used, Stopped&& stop) { return used.step_out(std::move(stop), thread); });
}

vitrine_error_t* vitrine_session_run_to(vitrine_session_t* session, vitrine_stopped_t* stopped,
    uint32_t offset, uint32_t thread, vitrine_event_t* out)
{
    return resume(required(session, __func__, "session"), required(stopped, __func__, "stopped"),
        required(out, __func__, "out"),
        [&](Session& used, Stopped&& stop) { return used.run_to(std::move(stop), offset, thread); });
}

vitrine_error_t* vitrine_session_kill_stopped(
    vitrine_session_t* session, vitrine_stopped_t* stopped, vitrine_event_t* out)
{
    return resume(required(session, __func__, "session"), required(stopped, __func__, "stopped"),
        required(out, __func__, "out"),
        [](Session& used, Stopped&& stop) { return used.kill(std::move(stop)); });
}

vitrine_error_t* vitrine_session_call_stopped(vitrine_session_t* session, vitrine_stopped_t* stopped,
    const wasm_func_t* func, const vitrine_val_t args[], size_t arg_count, uint32_t thread,
    vitrine_event_t* out)
{
    auto& used = required(session, __func__, "session");
    auto& handle = required(stopped, __func__, "stopped");
    const auto& callee = required(func, __func__, "func");
    const auto* const given = required_if(args, arg_count, __func__, "args");
    vitrine_event_t& filled = required(out, __func__, "out");
    return give_event(used.state, filled, [&]() -> Result<Event> {
        const auto vals = to_vals(callee.store, given, arg_count);
        if (!vals)
            return vals.error();
        if (auto checked = check_stop(used, handle); !checked)
            return std::move(checked).error();
        return used.session.call(std::move(handle.stopped), callee.func(), *vals, thread);
    });
}

void vitrine_session_interrupt(vitrine_session_t* session)
{
    Session& used = required(session, __func__, "session").session;
    guarded(false, [&] {
        used.interrupt();
        return true;
    });
}
void vitrine_session_kill(vitrine_session_t* session)
{
    Session& used = required(session, __func__, "session").session;
    guarded(false, [&] {
        used.kill();
        return true;
    });
}

vitrine_stop_reason_t* vitrine_session_stopped(const vitrine_session_t* session)
{
    const auto& described = required(session, __func__, "session");
    return guarded<vitrine_stop_reason_t*>(nullptr, [&]() -> vitrine_stop_reason_t* {
        auto reason = described.session.stopped();
        return reason ? new vitrine_stop_reason_t(described.state->stores.own(), std::move(*reason))
                      : nullptr;
    });
}
