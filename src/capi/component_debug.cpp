// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a debugger sees of components, and sessions that run them.
#include "capi/component.h"
#include "capi/debug.h"

namespace vitrine::capi {

namespace {

void destroy(vitrine_core_module_t* element)
{
    wasm_byte_vec_delete(&element->name);
    wasm_module_delete(element->module);
}
void destroy(vitrine_core_instance_t* element)
{
    wasm_byte_vec_delete(&element->name);
    wasm_instance_delete(element->instance);
}
void destroy(vitrine_component_handle_t* element) { wasm_byte_vec_delete(&element->type); }

template<class V> void destroy_all(V* vector)
{
    destroy_elements(vector, +[](decltype(V::data) element) { destroy(element); });
}

/// Makes a vector with what `set` sets for each row.
template<class V, class Row, class F> void set_rows(V& out, const std::vector<Row>& rows, const F& set)
{
    struct Owned : V {
        ~Owned() { destroy_all<V>(this); }
    };
    Owned made {};
    allocate(static_cast<V&>(made), rows.size());
    if (made.size != rows.size())
        throw std::bad_alloc();
    for (size_t i = 0; i < rows.size(); ++i)
        set(made.data[i], rows[i]);
    out = std::exchange(static_cast<V&>(made), {});
}

} // namespace

} // namespace vitrine::capi

using vitrine::ComponentHandle;
using vitrine::ComponentInstance;
using vitrine::CoreInstance;
using vitrine::CoreModule;
using vitrine::Result;
using vitrine::capi::attempt;
using vitrine::capi::check_stop;
using vitrine::capi::component_vals_of;
using vitrine::capi::destroy_all;
using vitrine::capi::destroy_handles;
using vitrine::capi::fill;
using vitrine::capi::give_event;
using vitrine::capi::guarded;
using vitrine::capi::hand_over;
using vitrine::capi::make;
using vitrine::capi::make_module;
using vitrine::capi::required;
using vitrine::capi::set_rows;
using vitrine::debug::Event;

// Contents.

void vitrine_core_module_vec_delete(vitrine_core_module_vec_t* vector) { destroy_all(vector); }
void vitrine_core_instance_vec_delete(vitrine_core_instance_vec_t* vector) { destroy_all(vector); }
void vitrine_component_handle_vec_delete(vitrine_component_handle_vec_t* vector) { destroy_all(vector); }
void vitrine_component_instance_vec_delete(vitrine_component_instance_vec_t* vector)
{
    destroy_handles(vector);
}

vitrine_error_t* vitrine_component_core_modules(
    const vitrine_component_t* component, wasm_store_t* store, vitrine_core_module_vec_t* out)
{
    const auto& described = required(component, __func__, "component").component;
    const auto& body = required(store, __func__, "store").body;
    vitrine_core_module_vec_t& filled = required(out, __func__, "out");
    return attempt(body, [&]() -> Result<void> {
        set_rows(
            filled, described.core_modules(), [&](vitrine_core_module_t& element, const CoreModule& row) {
                fill(element.name, row.name);
                element.module = make_module(body, row.module);
            });
        return {};
    });
}

vitrine_error_t* vitrine_component_instance_debug_cores(
    const vitrine_component_instance_t* instance, vitrine_core_instance_vec_t* out)
{
    const auto& described = required(instance, __func__, "instance");
    vitrine_core_instance_vec_t& filled = required(out, __func__, "out");
    return attempt(described.store, [&]() -> Result<void> {
        set_rows(filled, described.instance.debug_core_instances(),
            [&](vitrine_core_instance_t& element, const CoreInstance& row) {
                fill(element.name, row.name);
                element.instance = make<wasm_instance_t>(described.store, row.instance);
            });
        return {};
    });
}

vitrine_error_t* vitrine_component_instance_debug_nested(
    const vitrine_component_instance_t* instance, vitrine_component_instance_vec_t* out)
{
    const auto& described = required(instance, __func__, "instance");
    vitrine_component_instance_vec_t& filled = required(out, __func__, "out");
    return attempt(described.store, [&]() -> Result<void> {
        std::vector<std::unique_ptr<vitrine_component_instance_t>> handles;
        for (const ComponentInstance& nested : described.instance.debug_instances())
            handles.push_back(std::unique_ptr<vitrine_component_instance_t>(
                new vitrine_component_instance_t { described.store, nested }));
        hand_over(filled, std::move(handles));
        return {};
    });
}

vitrine_error_t* vitrine_component_instance_debug_handles(
    const vitrine_component_instance_t* instance, vitrine_component_handle_vec_t* out)
{
    const auto& described = required(instance, __func__, "instance");
    vitrine_component_handle_vec_t& filled = required(out, __func__, "out");
    return attempt(described.store, [&]() -> Result<void> {
        set_rows(filled, described.instance.debug_handles(),
            [](vitrine_component_handle_t& element, const ComponentHandle& row) {
                element = { row.index, row.rep, row.lends, row.is_own, {} };
                fill(element.type, row.type);
            });
        return {};
    });
}

// Sessions.

vitrine_error_t* vitrine_session_instantiate_component(vitrine_session_t* session,
    const vitrine_component_linker_t* linker, const vitrine_component_t* component, bool stop_at_entry,
    vitrine_event_t* out)
{
    auto& used = required(session, __func__, "session");
    const auto& resolving = required(linker, __func__, "linker").linker;
    const auto& code = required(component, __func__, "component").component;
    return give_event(used.state, required(out, __func__, "out"),
        [&]() -> Result<Event> { return used.session.instantiate(resolving, code, stop_at_entry); });
}

vitrine_error_t* vitrine_session_instantiate_prepared(vitrine_session_t* session,
    const vitrine_prepared_component_t* component, bool stop_at_entry, vitrine_event_t* out)
{
    auto& used = required(session, __func__, "session");
    const auto& code = required(component, __func__, "component").component;
    return give_event(used.state, required(out, __func__, "out"),
        [&]() -> Result<Event> { return used.session.instantiate(code, stop_at_entry); });
}

vitrine_component_instance_t* vitrine_session_component_instance(const vitrine_session_t* session)
{
    const auto& described = required(session, __func__, "session");
    return guarded<vitrine_component_instance_t*>(nullptr, [&]() -> vitrine_component_instance_t* {
        const auto instance = described.session.component_instance();
        return instance ? new vitrine_component_instance_t { described.state->stores.own(), *instance }
                        : nullptr;
    });
}

vitrine_error_t* vitrine_session_call_component(vitrine_session_t* session,
    const vitrine_component_func_t* func, const vitrine_component_val_t* const args[], size_t arg_count,
    bool stop_at_entry, vitrine_event_t* out)
{
    auto& used = required(session, __func__, "session");
    const auto& callee = required(func, __func__, "func").func;
    return give_event(used.state, required(out, __func__, "out"), [&]() -> Result<Event> {
        const auto vals = component_vals_of(args, arg_count, "vitrine_session_call_component");
        return used.session.call(callee, vals, stop_at_entry);
    });
}

vitrine_error_t* vitrine_session_call_component_stopped(vitrine_session_t* session,
    vitrine_stopped_t* stopped, const vitrine_component_func_t* func,
    const vitrine_component_val_t* const args[], size_t arg_count, uint32_t thread, vitrine_event_t* out)
{
    auto& used = required(session, __func__, "session");
    auto& handle = required(stopped, __func__, "stopped");
    const auto& callee = required(func, __func__, "func").func;
    return give_event(used.state, required(out, __func__, "out"), [&]() -> Result<Event> {
        const auto vals = component_vals_of(args, arg_count, "vitrine_session_call_component_stopped");
        if (auto checked = check_stop(used, handle); !checked)
            return std::move(checked).error();
        return used.session.call(std::move(handle.stopped), callee, vals, thread);
    });
}

vitrine_component_val_t* vitrine_session_component_result(const vitrine_session_t* session)
{
    const auto& described = required(session, __func__, "session").session;
    return guarded<vitrine_component_val_t*>(nullptr, [&]() -> vitrine_component_val_t* {
        auto result = described.component_result();
        return result ? new vitrine_component_val_t { std::move(*result) } : nullptr;
    });
}
