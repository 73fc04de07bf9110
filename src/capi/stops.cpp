// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Frames, and stops with their reasons.
#include "capi/debug.h"

#include <algorithm>

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

Result<void> give_frames(const SessionState& state, const Result<std::vector<debug::Frame>>& frames,
    vitrine_debug_frame_vec_t& out)
{
    return take(frames, [&](const std::vector<debug::Frame>& rows) {
        const auto store = state.stores.of(rows);
        std::vector<std::unique_ptr<vitrine_debug_frame_t>> handles;
        for (const debug::Frame& frame : rows)
            handles.push_back(
                std::unique_ptr<vitrine_debug_frame_t>(new vitrine_debug_frame_t { store, frame }));
        hand_over(out, std::move(handles));
    });
}

/// Changes how a stopped guest resumes.
template<class F> vitrine_error_t* steer(vitrine_stopped_t& handle, const F& change)
{
    return attempt(handle.reason.store, [&] { return change(handle.stopped); });
}

} // namespace

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

const vitrine_val_t* required_if(
    const vitrine_val_t* vals, size_t count, const char* function, const char* name)
{
    if (count != 0)
        required(vals, function, name);
    return vals;
}

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

std::unique_ptr<vitrine_stopped_t> make_stopped(
    const std::shared_ptr<SessionState>& state, debug::Stopped stopped)
{
    auto store = state->stores.of_stop(stopped);
    vitrine_stop_reason_t reason(std::move(store), stopped.reason());
    return std::unique_ptr<vitrine_stopped_t>(
        new vitrine_stopped_t { state, std::move(reason), std::move(stopped) });
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
using vitrine::Result;
using vitrine::Tag;
using vitrine::Val;
using vitrine::capi::attempt;
using vitrine::capi::destroy_handles;
using vitrine::capi::fill;
using vitrine::capi::give_frames;
using vitrine::capi::give_operands;
using vitrine::capi::give_slots;
using vitrine::capi::guarded;
using vitrine::capi::hand_over;
using vitrine::capi::make;
using vitrine::capi::make_module;
using vitrine::capi::reference_of;
using vitrine::capi::required;
using vitrine::capi::required_if;
using vitrine::capi::steer;
using vitrine::capi::take;
using vitrine::capi::to_val;
using vitrine::capi::to_vals;
using vitrine::capi::val_of;
using vitrine::capi::vals_of;
using vitrine::debug::Frame;
using vitrine::debug::FrameLocal;
using vitrine::debug::GuestThread;
using vitrine::debug::StopKind;
using vitrine::debug::Stopped;
using vitrine::debug::WatchPlace;

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
        [&] { return give_frames(*described.state, described.thread.try_frames(), filled); });
}

void vitrine_stopped_delete(vitrine_stopped_t* stopped) { delete stopped; }

const vitrine_stop_reason_t* vitrine_stopped_reason(const vitrine_stopped_t* stopped)
{
    return &required(stopped, __func__, "stopped").reason;
}
bool vitrine_stopped_is_valid(const vitrine_stopped_t* stopped)
{
    const Stopped& described = required(stopped, __func__, "stopped").stopped;
    return guarded(false, [&] { return described.is_valid(); });
}
vitrine_error_t* vitrine_stopped_frames(const vitrine_stopped_t* stopped, vitrine_debug_frame_vec_t* out)
{
    const auto& described = required(stopped, __func__, "stopped");
    vitrine_debug_frame_vec_t& filled = required(out, __func__, "out");
    return attempt(described.reason.store,
        [&] { return give_frames(*described.state, described.stopped.try_frames(), filled); });
}
vitrine_error_t* vitrine_stopped_threads(const vitrine_stopped_t* stopped, vitrine_guest_thread_vec_t* out)
{
    const auto& described = required(stopped, __func__, "stopped");
    vitrine_guest_thread_vec_t& filled = required(out, __func__, "out");
    return attempt(described.reason.store, [&]() -> Result<void> {
        return take(described.stopped.try_threads(), [&](const std::vector<GuestThread>& rows) {
            std::vector<std::unique_ptr<vitrine_guest_thread_t>> threads;
            for (const GuestThread& thread : rows)
                threads.push_back(std::unique_ptr<vitrine_guest_thread_t>(
                    new vitrine_guest_thread_t { described.state, thread }));
            hand_over(filled, std::move(threads));
        });
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
