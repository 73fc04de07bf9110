/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * What a debugger sees of components: their core modules and core instances, each of which is an
 * ordinary module or instance (vitrine/debug.h), and sessions that run them.
 */
#ifndef VITRINE_COMPONENT_DEBUG_H
#define VITRINE_COMPONENT_DEBUG_H

#include <vitrine/component.h>
#include <vitrine/session.h>

#ifdef __cplusplus
extern "C" {
#endif

#define own

/* ---------------------------------------------------------------------------------------------- *
 * Contents
 * ---------------------------------------------------------------------------------------------- */

/* A core module in a component. Its name is from the name sections of the component and the module,
 * and empty if it has none. */
typedef struct vitrine_core_module_t {
    wasm_name_t name;
    wasm_module_t* module;
} vitrine_core_module_t;
VITRINE_VECTOR(core_module, )
/* All core modules in the component and in those nested in it, in the order of the file, for use
 * with a store of the same engine. Breakpoints can be set in them before anything is
 * instantiated. */
WASM_API_EXTERN own vitrine_error_t* vitrine_component_core_modules(
    const vitrine_component_t*, wasm_store_t*, own vitrine_core_module_vec_t* out);

/* A core instance of a component. Its name is made of the names of component instances and its own,
 * separated by slashes: `main`, `calc/main`. Numbers stand where there are no names. */
typedef struct vitrine_core_instance_t {
    wasm_name_t name;
    wasm_instance_t* instance;
} vitrine_core_instance_t;
VITRINE_VECTOR(core_instance, )
/* The core instances of the component and of those nested in it, in the order of their creation.
 * Empty without `guest_debug`. `vitrine_component_instance_core` finds one by its name. */
WASM_API_EXTERN own vitrine_error_t* vitrine_component_instance_debug_cores(
    const vitrine_component_instance_t*, own vitrine_core_instance_vec_t* out);

VITRINE_VECTOR(component_instance, *)
/* The instances of nested components, in the order of their creation. Empty without
 * `guest_debug`. */
WASM_API_EXTERN own vitrine_error_t* vitrine_component_instance_debug_nested(
    const vitrine_component_instance_t*, own vitrine_component_instance_vec_t* out);

/* A resource that a component instance owns or has borrowed. */
typedef struct vitrine_component_handle_t {
    uint32_t index; /* how the guest refers to it */
    uint32_t rep;   /* how the implementation of the resource type identifies the resource */
    uint32_t lends; /* how many calls that have not returned have borrowed it from this handle */
    bool is_own;
    wasm_name_t type; /* the name of the resource type */
} vitrine_component_handle_t;
VITRINE_VECTOR(component_handle, )
/* The resources that the instance itself holds. Empty without `guest_debug`. */
WASM_API_EXTERN own vitrine_error_t* vitrine_component_instance_debug_handles(
    const vitrine_component_instance_t*, own vitrine_component_handle_vec_t* out);

/* ---------------------------------------------------------------------------------------------- *
 * Sessions
 * ---------------------------------------------------------------------------------------------- */

/* These are like `vitrine_session_instantiate_linked`. Stops in the start functions of the core
 * modules are like any others. */
WASM_API_EXTERN own vitrine_error_t* vitrine_session_instantiate_component(vitrine_session_t*,
    const vitrine_component_linker_t*, const vitrine_component_t*, bool stop_at_entry,
    own vitrine_event_t* out);
WASM_API_EXTERN own vitrine_error_t* vitrine_session_instantiate_prepared(
    vitrine_session_t*, const vitrine_prepared_component_t*, bool stop_at_entry, own vitrine_event_t* out);
/* The instance that the last of these calls has created. Null if there is none. */
WASM_API_EXTERN own vitrine_component_instance_t* vitrine_session_component_instance(
    const vitrine_session_t*);

/* Calls a function of a component. The last event has no results:
 * `vitrine_session_component_result` returns the result. */
WASM_API_EXTERN own vitrine_error_t* vitrine_session_call_component(vitrine_session_t*,
    const vitrine_component_func_t*, const vitrine_component_val_t* const args[], size_t arg_count,
    bool stop_at_entry, own vitrine_event_t* out);
/* Like `vitrine_session_call_stopped`. A call that traps leaves the component instances as they
 * were: they can still be entered. */
WASM_API_EXTERN own vitrine_error_t* vitrine_session_call_component_stopped(vitrine_session_t*,
    vitrine_stopped_t*, const vitrine_component_func_t*, const vitrine_component_val_t* const args[],
    size_t arg_count, uint32_t thread, own vitrine_event_t* out);
/* The result of the last of these calls; the empty tuple if the function returns nothing. Null if
 * the call has failed or not ended. */
WASM_API_EXTERN own vitrine_component_val_t* vitrine_session_component_result(const vitrine_session_t*);

#undef own

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* VITRINE_COMPONENT_DEBUG_H */
