// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Debug sessions.
#include "capi/debug.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace vitrine::capi {

namespace {

#define SAME(name, kind) static_assert(VITRINE_STOP_##name == static_cast<int>(debug::StopKind::kind))
SAME(ENTRY, Entry);
SAME(BREAKPOINT, Breakpoint);
SAME(STEP, Step);
SAME(INTERRUPT, Interrupt);
SAME(TRAP, Trap);
SAME(THROW, Throw);
SAME(LOAD, Load);
SAME(CALL_END, CallEnd);
SAME(WATCHPOINT, Watchpoint);
SAME(EXIT, Exit);
SAME(COMPONENT_CALL, ComponentCall);
#undef SAME
#define SAME(name, kind) static_assert(VITRINE_WATCH_##name == static_cast<int>(debug::WatchAccess::kind))
SAME(READ, Read);
SAME(WRITE, Write);
SAME(READ_WRITE, ReadWrite);
SAME(CHANGE, Change);
#undef SAME

Error resumed_already() { return Error("the guest has already resumed from this stop"); }

// Values.

Result<std::vector<Val>> to_vals(
    const std::shared_ptr<StoreBody>& store, const vitrine_val_t* vals, size_t count)
{
    std::vector<Val> result;
    for (size_t i = 0; i < count; ++i) {
        auto val = to_val(store, vals[i]);
        if (!val)
            return Error("value " + std::to_string(i) + ": " + val.error().message());
        result.push_back(std::move(*val));
    }
    return result;
}

vitrine_val_vec_t vals_of(const std::shared_ptr<StoreBody>& store, const std::vector<Val>& vals)
{
    vitrine_val_vec_t made {};
    allocate(made, vals.size());
    if (made.size != vals.size())
        throw std::bad_alloc();
    const std::unique_ptr<vitrine_val_vec_t, decltype(&vitrine_val_vec_delete)> owned(
        &made, vitrine_val_vec_delete);
    for (size_t i = 0; i < vals.size(); ++i)
        made.data[i] = val_of(store, vals[i]);
    return std::exchange(made, {});
}

/// The values of an array that a C program passes.
const vitrine_val_t* required_if(
    const vitrine_val_t* vals, size_t count, const char* function, const char* name)
{
    if (count != 0)
        required(vals, function, name);
    return vals;
}

// Frames and stops.

Result<void> give_slots(
    const vitrine_debug_frame_t& frame, const std::vector<debug::Local>& rows, vitrine_slot_vec_t& out)
{
    std::vector<std::unique_ptr<vitrine_slot_t>> slots;
    for (const debug::Local& row : rows)
        slots.push_back(std::make_unique<vitrine_slot_t>(frame.store, row.name, row.value, row.type));
    hand_over(out, std::move(slots));
    return {};
}

Result<void> give_operands(const vitrine_debug_frame_t& frame, vitrine_slot_vec_t& out)
{
    auto vals = frame.frame.try_operands();
    if (!vals)
        return std::move(vals).error();
    const std::vector<ValType> types = frame.frame.operand_types();
    std::vector<debug::Local> rows;
    for (size_t i = 0; i < vals->size(); ++i)
        rows.push_back({ {}, (*vals)[i], i < types.size() ? types[i] : (*vals)[i].type() });
    return give_slots(frame, rows, out);
}

Result<void> give_frames(
    const SessionState& state, const std::vector<debug::Frame>& frames, vitrine_debug_frame_vec_t& out)
{
    const auto store = state.stores.of(frames);
    std::vector<std::unique_ptr<vitrine_debug_frame_t>> handles;
    for (const debug::Frame& frame : frames)
        handles.emplace_back(new vitrine_debug_frame_t { store, frame });
    hand_over(out, std::move(handles));
    return {};
}

std::unique_ptr<vitrine_stopped_t> make_stopped(
    const std::shared_ptr<SessionState>& state, debug::Stopped stopped)
{
    auto store = state->stores.of_stop(stopped);
    vitrine_stop_reason_t reason(std::move(store), stopped.reason());
    return std::unique_ptr<vitrine_stopped_t>(
        new vitrine_stopped_t { state, std::move(reason), std::move(stopped) });
}

/// Resumes a guest as `code` does, and waits for the next event.
template<class F>
vitrine_error_t* resume(
    vitrine_session_t& session, vitrine_stopped_t& handle, vitrine_event_t& out, const F& code)
{
    return give_event(session.state, out, [&]() -> Result<debug::Event> {
        auto stopped = take_stop(session, handle);
        if (!stopped)
            return std::move(stopped).error();
        return code(session.session, std::move(*stopped));
    });
}

/// Changes how a stopped guest resumes.
template<class F> vitrine_error_t* steer(vitrine_stopped_t& handle, const F& change)
{
    return attempt(handle.reason.store, [&]() -> Result<void> {
        if (!handle.stopped)
            return resumed_already();
        return change(*handle.stopped);
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
    Callback(F function, void* env, void (*finalizer)(void*)) : function(function), env(env, finalizer) {}
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

void Stores::add(const std::shared_ptr<StoreBody>& store)
{
    const std::lock_guard lock(mutex_);
    added_.push_back(store);
}

void Stores::remove(const std::shared_ptr<StoreBody>& store)
{
    const std::lock_guard lock(mutex_);
    std::erase(added_, store);
}

std::vector<std::shared_ptr<StoreBody>> Stores::added() const
{
    const std::lock_guard lock(mutex_);
    return added_;
}

std::shared_ptr<StoreBody> Stores::of(const std::vector<debug::Frame>& frames) const
{
    const auto stores = added();
    for (const debug::Frame& frame : frames) {
        const auto instance = stores.empty() ? std::nullopt : frame.instance();
        for (const auto& store : stores)
            if (instance && store->store && std::ranges::count(store->store->instances(), *instance) != 0)
                return store;
    }
    return own_;
}

std::shared_ptr<StoreBody> Stores::of_stop(const debug::Stopped& stopped) const
{
    return added().empty() ? own_ : of(stopped.frames());
}

Result<debug::Stopped> take_stop(const vitrine_session_t& session, vitrine_stopped_t& handle)
{
    if (session.state != handle.state)
        return Error("the guest stopped in another session");
    if (session.state->has_handler)
        return Error("the session has a handler, which decides how the guest resumes");
    if (!handle.stopped)
        return resumed_already();
    auto stopped = std::move(*handle.stopped);
    handle.stopped.reset();
    return stopped;
}

Result<vitrine_event_t> event_of(const std::shared_ptr<SessionState>& state, debug::Event event)
{
    if (auto* const stopped = std::get_if<debug::Stopped>(&event))
        return vitrine_event_t { make_stopped(state, std::move(*stopped)).release(), {} };
    const auto& results = std::get<debug::Exited>(event).results;
    if (!results)
        return results.error();
    return vitrine_event_t { nullptr, vals_of(state->stores.own(), *results) };
}

} // namespace vitrine::capi

using vitrine::Error;
using vitrine::Instance;
using vitrine::Linker;
using vitrine::Module;
using vitrine::Result;
using vitrine::Tag;
using vitrine::Val;
using vitrine::capi::all_events;
using vitrine::capi::attempt;
using vitrine::capi::Callback;
using vitrine::capi::destroy_handles;
using vitrine::capi::externs_of;
using vitrine::capi::fill;
using vitrine::capi::forget_instance;
using vitrine::capi::give_event;
using vitrine::capi::give_frames;
using vitrine::capi::give_operands;
using vitrine::capi::give_session;
using vitrine::capi::give_slots;
using vitrine::capi::guarded;
using vitrine::capi::hand_over;
using vitrine::capi::make;
using vitrine::capi::make_module;
using vitrine::capi::make_stopped;
using vitrine::capi::reference_of;
using vitrine::capi::required;
using vitrine::capi::required_if;
using vitrine::capi::resume;
using vitrine::capi::resume_of;
using vitrine::capi::SessionState;
using vitrine::capi::spec_of;
using vitrine::capi::steer;
using vitrine::capi::stops_on;
using vitrine::capi::take;
using vitrine::capi::take_stop;
using vitrine::capi::Text;
using vitrine::capi::options_of;
using vitrine::capi::to_val;
using vitrine::capi::to_vals;
using vitrine::capi::val_of;
using vitrine::capi::vals_of;
using vitrine::debug::Breakpoint;
using vitrine::debug::Event;
using vitrine::debug::Frame;
using vitrine::debug::FrameLocal;
using vitrine::debug::GuestThread;
using vitrine::debug::Session;
using vitrine::debug::StopKind;
using vitrine::debug::Stopped;
using vitrine::debug::WatchAccess;
using vitrine::debug::WatchPlace;
using vitrine::debug::Watchpoint;

// Locals and operands.

void vitrine_slot_delete(vitrine_slot_t* slot) { delete slot; }
void vitrine_slot_vec_delete(vitrine_slot_vec_t* vector) { destroy_handles(vector); }

const wasm_name_t* vitrine_slot_name(const vitrine_slot_t* slot)
{
    return required(slot, __func__, "slot").name.get();
}
const vitrine_val_t* vitrine_slot_value(const vitrine_slot_t* slot)
{
    return &required(slot, __func__, "slot").value;
}
const vitrine_valtype_t* vitrine_slot_type(const vitrine_slot_t* slot)
{
    return &required(slot, __func__, "slot").type;
}
const wasm_name_t* vitrine_slot_text(const vitrine_slot_t* slot)
{
    return required(slot, __func__, "slot").text.get();
}

// Frames.

void vitrine_debug_frame_delete(vitrine_debug_frame_t* frame) { delete frame; }
void vitrine_debug_frame_vec_delete(vitrine_debug_frame_vec_t* vector) { destroy_handles(vector); }

bool vitrine_debug_frame_is_valid(const vitrine_debug_frame_t* frame)
{
    const Frame& described = required(frame, __func__, "frame").frame;
    return guarded(false, [&] { return described.is_valid(); });
}
bool vitrine_debug_frame_is_host(const vitrine_debug_frame_t* frame)
{
    return required(frame, __func__, "frame").frame.is_host();
}
wasm_func_t* vitrine_debug_frame_func(const vitrine_debug_frame_t* frame)
{
    const auto& described = required(frame, __func__, "frame");
    return guarded<wasm_func_t*>(
        nullptr, [&] { return make<wasm_func_t>(described.store, described.frame.function()); });
}
void vitrine_debug_frame_name(const vitrine_debug_frame_t* frame, wasm_name_t* out)
{
    const Frame& described = required(frame, __func__, "frame").frame;
    wasm_name_t& filled = required(out, __func__, "out");
    filled = {};
    guarded(false, [&] {
        fill(filled, described.function().name());
        return true;
    });
}
wasm_instance_t* vitrine_debug_frame_instance(const vitrine_debug_frame_t* frame)
{
    const auto& described = required(frame, __func__, "frame");
    return guarded<wasm_instance_t*>(nullptr, [&] {
        const auto instance = described.frame.instance();
        return instance ? make<wasm_instance_t>(described.store, *instance) : nullptr;
    });
}
wasm_module_t* vitrine_debug_frame_module(const vitrine_debug_frame_t* frame)
{
    const auto& described = required(frame, __func__, "frame");
    return guarded<wasm_module_t*>(nullptr, [&] {
        const auto module = described.frame.module();
        return module ? make_module(described.store, *module) : nullptr;
    });
}
uint32_t vitrine_debug_frame_offset(const vitrine_debug_frame_t* frame)
{
    return required(frame, __func__, "frame").frame.offset();
}
uint32_t vitrine_debug_frame_activation(const vitrine_debug_frame_t* frame)
{
    return required(frame, __func__, "frame").frame.activation();
}

vitrine_error_t* vitrine_debug_frame_locals(const vitrine_debug_frame_t* frame, vitrine_slot_vec_t* out)
{
    const auto& described = required(frame, __func__, "frame");
    vitrine_slot_vec_t& filled = required(out, __func__, "out");
    return attempt(described.store, [&]() -> Result<void> {
        const auto locals = described.frame.try_locals();
        return locals ? give_slots(described, *locals, filled) : locals.error();
    });
}
vitrine_error_t* vitrine_debug_frame_operands(const vitrine_debug_frame_t* frame, vitrine_slot_vec_t* out)
{
    const auto& described = required(frame, __func__, "frame");
    vitrine_slot_vec_t& filled = required(out, __func__, "out");
    return attempt(described.store, [&] { return give_operands(described, filled); });
}

vitrine_error_t* vitrine_debug_frame_set_local(
    const vitrine_debug_frame_t* frame, uint32_t index, const vitrine_val_t* val)
{
    const auto& changed = required(frame, __func__, "frame");
    const vitrine_val_t& wanted = required(val, __func__, "val");
    return attempt(changed.store, [&]() -> Result<void> {
        const auto value = to_val(changed.store, wanted);
        return value ? changed.frame.set_local(index, *value) : value.error();
    });
}
vitrine_error_t* vitrine_debug_frame_set_operand(
    const vitrine_debug_frame_t* frame, uint32_t index, const vitrine_val_t* val)
{
    const auto& changed = required(frame, __func__, "frame");
    const vitrine_val_t& wanted = required(val, __func__, "val");
    return attempt(changed.store, [&]() -> Result<void> {
        const auto value = to_val(changed.store, wanted);
        return value ? changed.frame.set_operand(index, *value) : value.error();
    });
}

vitrine_error_t* vitrine_debug_frame_evaluate(
    const vitrine_debug_frame_t* frame, const char* expression, vitrine_val_t* out)
{
    const auto& scope = required(frame, __func__, "frame");
    const char* const text = &required(expression, __func__, "expression");
    vitrine_val_t& filled = required(out, __func__, "out");
    return attempt(scope.store, [&] {
        return take(
            scope.frame.evaluate(text), [&](const Val& value) { filled = val_of(scope.store, value); });
    });
}
vitrine_error_t* vitrine_debug_frame_text_of(
    const vitrine_debug_frame_t* frame, const char* expression, wasm_byte_vec_t* out)
{
    const auto& scope = required(frame, __func__, "frame");
    const char* const text = &required(expression, __func__, "expression");
    wasm_byte_vec_t& filled = required(out, __func__, "out");
    return attempt(scope.store, [&] {
        return take(scope.frame.text_of(text), [&](const std::string& value) { fill(filled, value); });
    });
}
vitrine_error_t* vitrine_debug_frame_assign(const vitrine_debug_frame_t* frame, const char* assignment)
{
    const auto& scope = required(frame, __func__, "frame");
    const char* const text = &required(assignment, __func__, "assignment");
    return attempt(scope.store, [&] { return scope.frame.assign(text); });
}
vitrine_error_t* vitrine_debug_frame_place(
    const vitrine_debug_frame_t* frame, const char* expression, vitrine_place_t** out)
{
    const auto& scope = required(frame, __func__, "frame");
    const char* const text = &required(expression, __func__, "expression");
    vitrine_place_t*& filled = required(out, __func__, "out");
    return attempt(scope.store, [&] {
        return take(scope.frame.place(text),
            [&](const WatchPlace& place) { filled = new vitrine_place_t { scope.store, place }; });
    });
}

vitrine_place_t* vitrine_place_new_local(const vitrine_debug_frame_t* frame, uint32_t index)
{
    const auto& scope = required(frame, __func__, "frame");
    return guarded<vitrine_place_t*>(
        nullptr, [&] { return new vitrine_place_t { scope.store, FrameLocal { scope.frame, index } }; });
}

// Reasons of stops.

void vitrine_stop_reason_delete(vitrine_stop_reason_t* reason) { delete reason; }

vitrine_stop_kind_t vitrine_stop_reason_kind(const vitrine_stop_reason_t* reason)
{
    return static_cast<vitrine_stop_kind_t>(required(reason, __func__, "reason").reason.kind);
}
uint32_t vitrine_stop_reason_thread(const vitrine_stop_reason_t* reason)
{
    return required(reason, __func__, "reason").reason.thread;
}
uint32_t vitrine_stop_reason_id(const vitrine_stop_reason_t* reason)
{
    return required(reason, __func__, "reason").reason.id;
}
const wasm_name_t* vitrine_stop_reason_to_text(const vitrine_stop_reason_t* reason)
{
    return required(reason, __func__, "reason").text.get();
}
const wasm_name_t* vitrine_stop_reason_details(const vitrine_stop_reason_t* reason)
{
    return required(reason, __func__, "reason").details.get();
}
vitrine_trap_kind_t vitrine_stop_reason_trap(const vitrine_stop_reason_t* reason)
{
    const auto& described = required(reason, __func__, "reason").reason;
    return described.kind == StopKind::Trap ? static_cast<vitrine_trap_kind_t>(described.trap)
                                            : vitrine_trap_kind_t { VITRINE_TRAP_NONE };
}
wasm_ref_t* vitrine_stop_reason_exception(const vitrine_stop_reason_t* reason)
{
    const auto& described = required(reason, __func__, "reason");
    return guarded<wasm_ref_t*>(nullptr, [&] {
        const Val& exception = described.reason.exception;
        return exception.is_ref() ? reference_of(described.store, exception) : nullptr;
    });
}
wasm_instance_t* vitrine_stop_reason_instance(const vitrine_stop_reason_t* reason)
{
    const auto& described = required(reason, __func__, "reason");
    return guarded<wasm_instance_t*>(nullptr, [&] {
        const auto& instance = described.reason.instance;
        return instance ? make<wasm_instance_t>(described.store, *instance) : nullptr;
    });
}
bool vitrine_stop_reason_exit_status(const vitrine_stop_reason_t* reason, int32_t* out)
{
    const auto& described = required(reason, __func__, "reason").reason;
    if (described.kind != StopKind::Exit)
        return false;
    required(out, __func__, "out") = described.exit_status;
    return true;
}
bool vitrine_stop_reason_is_write(const vitrine_stop_reason_t* reason)
{
    const auto& hit = required(reason, __func__, "reason").reason.watch;
    return hit && hit->is_write;
}
bool vitrine_stop_reason_watched_bytes(
    const vitrine_stop_reason_t* reason, wasm_byte_vec_t* old_bytes, wasm_byte_vec_t* new_bytes)
{
    const auto& hit = required(reason, __func__, "reason").reason.watch;
    wasm_byte_vec_t& before = required(old_bytes, __func__, "old_bytes");
    wasm_byte_vec_t& after = required(new_bytes, __func__, "new_bytes");
    if (!hit || hit->old_bytes.empty())
        return false;
    const auto text_of = [](const std::vector<std::byte>& bytes) {
        return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    };
    fill(before, text_of(hit->old_bytes));
    fill(after, text_of(hit->new_bytes));
    return true;
}
bool vitrine_stop_reason_watched_values(
    const vitrine_stop_reason_t* reason, vitrine_val_t* old_value, vitrine_val_t* new_value)
{
    const auto& described = required(reason, __func__, "reason");
    const auto& hit = described.reason.watch;
    vitrine_val_t& before = required(old_value, __func__, "old_value");
    vitrine_val_t& after = required(new_value, __func__, "new_value");
    if (!hit || !hit->old_bytes.empty() || hit->old_value.kind() == vitrine::ValKind::None)
        return false;
    return guarded(false, [&] {
        const vitrine_val_vec_t both = vals_of(described.store, { hit->old_value, hit->new_value });
        before = both.data[0];
        after = both.data[1];
        delete[] both.data;
        return true;
    });
}
bool vitrine_stop_reason_results(
    const vitrine_stop_reason_t* reason, vitrine_val_vec_t* out, vitrine_error_t** error)
{
    const auto& described = required(reason, __func__, "reason");
    vitrine_val_vec_t& filled = required(out, __func__, "out");
    vitrine_error_t*& failure = required(error, __func__, "error");
    const auto& results = described.reason.results;
    if (!results)
        return false;
    filled = {};
    failure = attempt(described.store, [&]() -> Result<void> {
        if (!*results)
            return results->error();
        filled = vals_of(described.store, **results);
        return {};
    });
    return true;
}

// Stops.

void vitrine_guest_thread_delete(vitrine_guest_thread_t* thread) { delete thread; }
void vitrine_guest_thread_vec_delete(vitrine_guest_thread_vec_t* vector) { destroy_handles(vector); }

uint32_t vitrine_guest_thread_id(const vitrine_guest_thread_t* thread)
{
    return required(thread, __func__, "thread").thread.id();
}
bool vitrine_guest_thread_is_running(const vitrine_guest_thread_t* thread)
{
    return required(thread, __func__, "thread").thread.is_running();
}
vitrine_error_t* vitrine_guest_thread_frames(
    const vitrine_guest_thread_t* thread, vitrine_debug_frame_vec_t* out)
{
    const auto& described = required(thread, __func__, "thread");
    vitrine_debug_frame_vec_t& filled = required(out, __func__, "out");
    return attempt(described.state->stores.own(),
        [&] { return give_frames(*described.state, described.thread.frames(), filled); });
}

void vitrine_stopped_delete(vitrine_stopped_t* stopped) { delete stopped; }

const vitrine_stop_reason_t* vitrine_stopped_reason(const vitrine_stopped_t* stopped)
{
    return &required(stopped, __func__, "stopped").reason;
}
vitrine_error_t* vitrine_stopped_frames(const vitrine_stopped_t* stopped, vitrine_debug_frame_vec_t* out)
{
    const auto& described = required(stopped, __func__, "stopped");
    vitrine_debug_frame_vec_t& filled = required(out, __func__, "out");
    return attempt(described.reason.store, [&] {
        const auto frames = described.stopped ? described.stopped->frames() : std::vector<Frame>();
        return give_frames(*described.state, frames, filled);
    });
}
vitrine_error_t* vitrine_stopped_threads(const vitrine_stopped_t* stopped, vitrine_guest_thread_vec_t* out)
{
    const auto& described = required(stopped, __func__, "stopped");
    vitrine_guest_thread_vec_t& filled = required(out, __func__, "out");
    return attempt(described.reason.store, [&]() -> Result<void> {
        std::vector<std::unique_ptr<vitrine_guest_thread_t>> threads;
        if (described.stopped)
            for (const GuestThread& thread : described.stopped->threads())
                threads.emplace_back(new vitrine_guest_thread_t { described.state, thread });
        hand_over(filled, std::move(threads));
        return {};
    });
}

vitrine_error_t* vitrine_stopped_jump(vitrine_stopped_t* stopped, uint32_t offset, uint32_t thread)
{
    return steer(required(stopped, __func__, "stopped"),
        [&](Stopped& changed) { return changed.jump(offset, thread); });
}
vitrine_error_t* vitrine_stopped_skip(vitrine_stopped_t* stopped, uint32_t thread)
{
    return steer(
        required(stopped, __func__, "stopped"), [&](Stopped& changed) { return changed.skip(thread); });
}
vitrine_error_t* vitrine_stopped_return_from(vitrine_stopped_t* stopped, const vitrine_debug_frame_t* frame,
    const vitrine_val_t results[], size_t result_count)
{
    auto& handle = required(stopped, __func__, "stopped");
    const auto& from = required(frame, __func__, "frame");
    const auto* const given = required_if(results, result_count, __func__, "results");
    return steer(handle, [&](Stopped& changed) -> Result<void> {
        const auto vals = to_vals(from.store, given, result_count);
        return vals ? changed.return_from(from.frame, *vals) : vals.error();
    });
}
vitrine_error_t* vitrine_stopped_throw(vitrine_stopped_t* stopped, const wasm_extern_t* tag,
    const vitrine_val_t values[], size_t value_count, uint32_t thread)
{
    auto& handle = required(stopped, __func__, "stopped");
    const auto& thrown = required(tag, __func__, "tag");
    const auto* const given = required_if(values, value_count, __func__, "values");
    return steer(handle, [&](Stopped& changed) -> Result<void> {
        const Tag* const wanted = thrown.as<Tag>();
        if (!wanted)
            return Error("the extern is no tag");
        const auto vals = to_vals(thrown.store, given, value_count);
        return vals ? changed.throw_exception(*wanted, *vals, thread) : vals.error();
    });
}
vitrine_error_t* vitrine_stopped_clear_exception(vitrine_stopped_t* stopped, uint32_t thread)
{
    return steer(required(stopped, __func__, "stopped"),
        [&](Stopped& changed) { return changed.clear_exception(thread); });
}

void vitrine_event_delete(vitrine_event_t* event)
{
    if (!event)
        return;
    vitrine_stopped_delete(event->stopped);
    event->stopped = nullptr;
    vitrine_val_vec_delete(&event->results);
}

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
    const auto& body = required(store, __func__, "store").body;
    if (!handler)
        vitrine::capi::is_null(__func__, "handler");
    vitrine_session_t*& made = required(out, __func__, "out");
    return attempt(body, [&] {
        const auto callback = std::make_shared<Callback<vitrine_stop_handler_t>>(handler, env, finalizer);
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
            handles.emplace_back(new vitrine_breakpoint_t { store, std::move(row), std::move(instance) });
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
        const auto more = options_of(options);
        if (!more)
            return more.error();
        const vitrine::debug::WatchpointSpec spec { .what = what,
            .access = static_cast<WatchAccess>(access),
            .condition = more->condition ? more->condition : "",
            .ignore_count = more->ignore_count,
            .every = more->every,
            .is_enabled = !more->is_disabled };
        return take(changed.session.add_watchpoint(spec), [&](uint32_t added) {
            if (id)
                *id = added;
        });
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
            handles.emplace_back(new vitrine_watchpoint_t { row });
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
    auto& changed = required(session, __func__, "session");
    return attempt(changed.state->stores.own(), [&] {
        const auto shared = std::make_shared<Callback<vitrine_message_callback_t>>(callback, env, finalizer);
        if (!callback)
            return changed.session.on_message(nullptr);
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
        [](Session& used, Stopped stop) { return used.resume(std::move(stop)); });
}

vitrine_error_t* vitrine_session_go(vitrine_session_t* session, vitrine_stopped_t* stopped)
{
    auto& used = required(session, __func__, "session");
    auto& handle = required(stopped, __func__, "stopped");
    return attempt(used.state->stores.own(), [&]() -> Result<void> {
        auto stop = take_stop(used, handle);
        return stop ? used.session.go(std::move(*stop)) : std::move(stop).error();
    });
}

vitrine_error_t* vitrine_session_step(
    vitrine_session_t* session, vitrine_stopped_t* stopped, uint32_t thread, vitrine_event_t* out)
{
    return resume(required(session, __func__, "session"), required(stopped, __func__, "stopped"),
        required(out, __func__, "out"),
        [&](Session& used, Stopped stop) { return used.step(std::move(stop), thread); });
}

vitrine_error_t* vitrine_session_step_over(
    vitrine_session_t* session, vitrine_stopped_t* stopped, uint32_t thread, vitrine_event_t* out)
{
    return resume(required(session, __func__, "session"), required(stopped, __func__, "stopped"),
        required(out, __func__, "out"),
        [&](Session& used, Stopped stop) { return used.step_over(std::move(stop), thread); });
}

vitrine_error_t* vitrine_session_step_out(
    vitrine_session_t* session, vitrine_stopped_t* stopped, uint32_t thread, vitrine_event_t* out)
{
    return resume(required(session, __func__, "session"), required(stopped, __func__, "stopped"),
        required(out, __func__, "out"),
        [&](Session& used, Stopped stop) { return used.step_out(std::move(stop), thread); });
}

vitrine_error_t* vitrine_session_run_to(vitrine_session_t* session, vitrine_stopped_t* stopped,
    uint32_t offset, uint32_t thread, vitrine_event_t* out)
{
    return resume(required(session, __func__, "session"), required(stopped, __func__, "stopped"),
        required(out, __func__, "out"),
        [&](Session& used, Stopped stop) { return used.run_to(std::move(stop), offset, thread); });
}

vitrine_error_t* vitrine_session_kill_stopped(
    vitrine_session_t* session, vitrine_stopped_t* stopped, vitrine_event_t* out)
{
    return resume(required(session, __func__, "session"), required(stopped, __func__, "stopped"),
        required(out, __func__, "out"),
        [](Session& used, Stopped stop) { return used.kill(std::move(stop)); });
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
        auto stop = take_stop(used, handle);
        if (!stop)
            return std::move(stop).error();
        return used.session.call(std::move(*stop), callee.func(), *vals, thread);
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
