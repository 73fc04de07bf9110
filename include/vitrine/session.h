/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Debug sessions: breakpoints, watchpoints, stops, stepping, frames.
 *
 * A session debugs the guest of a store whose engine was made with `guest_debug`. There are two
 * ways to use it:
 *
 * Without a handler, the session runs the guest on a thread of its own. The functions that start or
 * resume the guest return at its next stop or its end:
 *
 *     vitrine_event_t event;
 *     vitrine_error_t* error = vitrine_session_call(session, func, args, 1, false, &event);
 *     while (!error && event.stopped) {
 *         vitrine_stopped_t* stopped = event.stopped;
 *         ... look at the guest, change it ...
 *         error = vitrine_session_step(session, stopped, 0, &event);
 *         vitrine_stopped_delete(stopped);
 *     }
 *
 * With a handler, the program calls the guest as usual, on its own thread, and the handler is
 * called at each stop.
 *
 * The functions with a `vitrine_session_t` may be called from any thread. While the guest runs,
 * other threads must not use the store and its references. Misuse, such as starting a call while
 * the guest is stopped, is an error and changes nothing.
 *
 * When the guest resumes, its stop and the frames of that stop become stale. What is asked of them
 * then is an error or empty, and they can still be deleted. The same holds after the end of the
 * session or the store.
 *
 * Pointers that a function returns without `own` are valid as long as the object that was asked.
 * Names and texts are followed by a zero that their size does not count.
 */
#ifndef VITRINE_SESSION_H
#define VITRINE_SESSION_H

#include <vitrine/debug.h>
#include <vitrine/linker.h>

#ifdef __cplusplus
extern "C" {
#endif

#define own

/* ---------------------------------------------------------------------------------------------- *
 * Frames
 * ---------------------------------------------------------------------------------------------- */

/* A local or an operand of a frame, as it was when it was read. */
VITRINE_OPAQUE(slot)
VITRINE_VECTOR(slot, *)

/* From the name section. Empty if the local has no name, and for an operand. */
WASM_API_EXTERN const wasm_name_t* vitrine_slot_name(const vitrine_slot_t*);
WASM_API_EXTERN const vitrine_val_t* vitrine_slot_value(const vitrine_slot_t*);
/* The declared type of a local; of an operand, its type according to validation. */
WASM_API_EXTERN const vitrine_valtype_t* vitrine_slot_type(const vitrine_slot_t*);
/* The value as text, as `vitrine_val_to_text` writes it. */
WASM_API_EXTERN const wasm_name_t* vitrine_slot_text(const vitrine_slot_t*);

/* A frame of the stack of a stopped guest. */
VITRINE_OPAQUE(debug_frame)
VITRINE_VECTOR(debug_frame, *)

/* False if the guest has resumed since. */
WASM_API_EXTERN bool vitrine_debug_frame_is_valid(const vitrine_debug_frame_t*);
/* Whether it is the frame of a host function that the guest called. */
WASM_API_EXTERN bool vitrine_debug_frame_is_host(const vitrine_debug_frame_t*);
WASM_API_EXTERN own wasm_func_t* vitrine_debug_frame_func(const vitrine_debug_frame_t*);
/* The name of the function, as `vitrine_func_name` returns it. */
WASM_API_EXTERN void vitrine_debug_frame_name(const vitrine_debug_frame_t*, own wasm_name_t* out);
/* Null for a host function and for a stale frame. */
WASM_API_EXTERN own wasm_instance_t* vitrine_debug_frame_instance(const vitrine_debug_frame_t*);
WASM_API_EXTERN own wasm_module_t* vitrine_debug_frame_module(const vitrine_debug_frame_t*);
/* Byte offset in the module: of the next instruction in the innermost frame of an activation, of
 * the one after the call in its callers. */
WASM_API_EXTERN uint32_t vitrine_debug_frame_offset(const vitrine_debug_frame_t*);
/* The activation that the frame belongs to: calls from the host to the guest, counted from 0 for
 * the outermost. */
WASM_API_EXTERN uint32_t vitrine_debug_frame_activation(const vitrine_debug_frame_t*);

/* Parameters and locals. Fails if the frame is stale. */
WASM_API_EXTERN own vitrine_error_t* vitrine_debug_frame_locals(
    const vitrine_debug_frame_t*, own vitrine_slot_vec_t* out);
/* The operand stack, its bottom first. Fails if the frame is stale. */
WASM_API_EXTERN own vitrine_error_t* vitrine_debug_frame_operands(
    const vitrine_debug_frame_t*, own vitrine_slot_vec_t* out);
/* These fail if there is no such local or operand, or the value is of another type. */
WASM_API_EXTERN own vitrine_error_t* vitrine_debug_frame_set_local(
    const vitrine_debug_frame_t*, uint32_t index, const vitrine_val_t*);
WASM_API_EXTERN own vitrine_error_t* vitrine_debug_frame_set_operand(
    const vitrine_debug_frame_t*, uint32_t index, const vitrine_val_t*);

/* Expressions as for an instance (vitrine/debug.h), which may also use locals and operands. */
WASM_API_EXTERN own vitrine_error_t* vitrine_debug_frame_evaluate(
    const vitrine_debug_frame_t*, const char* expression, own vitrine_val_t* out);
WASM_API_EXTERN own vitrine_error_t* vitrine_debug_frame_text_of(
    const vitrine_debug_frame_t*, const char* expression, own wasm_byte_vec_t* out);
WASM_API_EXTERN own vitrine_error_t* vitrine_debug_frame_assign(
    const vitrine_debug_frame_t*, const char* assignment);
WASM_API_EXTERN own vitrine_error_t* vitrine_debug_frame_place(
    const vitrine_debug_frame_t*, const char* expression, own vitrine_place_t** out);
/* A local to watch. It can be watched as long as the frame exists. */
WASM_API_EXTERN own vitrine_place_t* vitrine_place_new_local(const vitrine_debug_frame_t*, uint32_t index);

/* ---------------------------------------------------------------------------------------------- *
 * Reasons of stops
 * ---------------------------------------------------------------------------------------------- */

typedef uint8_t vitrine_stop_kind_t;
enum vitrine_stop_kind_enum {
    VITRINE_STOP_ENTRY, /* before the first instruction of a call */
    VITRINE_STOP_BREAKPOINT,
    VITRINE_STOP_STEP,
    VITRINE_STOP_INTERRUPT,
    VITRINE_STOP_TRAP,           /* the guest trapped; nothing has been unwound yet */
    VITRINE_STOP_THROW,          /* the guest threw an exception that it will catch; nothing is unwound yet */
    VITRINE_STOP_LOAD,           /* an instance was created; its start function has not run yet */
    VITRINE_STOP_CALL_END,       /* a call on a stopped thread has ended; the guest is where it was before */
    VITRINE_STOP_WATCHPOINT,     /* the last instruction, or a host function, accessed a watched place */
    VITRINE_STOP_EXIT,           /* a host function ends the guest, as `proc_exit` of WASI does */
    VITRINE_STOP_COMPONENT_CALL, /* a function of a component was called; it has not executed anything yet */
};

/* Why the guest stopped. A stop has exactly one reason. */
VITRINE_OPAQUE(stop_reason)

WASM_API_EXTERN vitrine_stop_kind_t vitrine_stop_reason_kind(const vitrine_stop_reason_t*);
/* The id of the guest thread that stopped. */
WASM_API_EXTERN uint32_t vitrine_stop_reason_thread(const vitrine_stop_reason_t*);
/* The id of the breakpoint or watchpoint, otherwise 0. */
WASM_API_EXTERN uint32_t vitrine_stop_reason_id(const vitrine_stop_reason_t*);
/* The whole reason as text: `entry`, `breakpoint 1`, `step`, `trap: integer divide by zero`,
 * `exit (status 3)`. */
WASM_API_EXTERN const wasm_name_t* vitrine_stop_reason_to_text(const vitrine_stop_reason_t*);
/* Details: for a trap its text, for a throw the exception, for a breakpoint why its condition could
 * not be evaluated, for a watchpoint `7 -> 9` after a write and `7` after a read. Otherwise
 * empty. */
WASM_API_EXTERN const wasm_name_t* vitrine_stop_reason_details(const vitrine_stop_reason_t*);
/* The kind of the trap; `VITRINE_TRAP_HOST_ERROR` if a host function failed. `VITRINE_TRAP_NONE` if
 * the reason is not a trap. */
WASM_API_EXTERN vitrine_trap_kind_t vitrine_stop_reason_trap(const vitrine_stop_reason_t*);
/* The exception of a throw, or of a trap if nothing catches the exception. Otherwise null. */
WASM_API_EXTERN own wasm_ref_t* vitrine_stop_reason_exception(const vitrine_stop_reason_t*);
/* The new instance of a load. Otherwise null. */
WASM_API_EXTERN own wasm_instance_t* vitrine_stop_reason_instance(const vitrine_stop_reason_t*);
/* The status with which the guest ends when it resumes. False if the reason is not an exit. */
WASM_API_EXTERN bool vitrine_stop_reason_exit_status(const vitrine_stop_reason_t*, int32_t* out);
/* Whether the access that triggered a watchpoint was a write. */
WASM_API_EXTERN bool vitrine_stop_reason_is_write(const vitrine_stop_reason_t*);
/* The watched bytes before and after the access. False unless bytes of a memory are watched. */
WASM_API_EXTERN bool vitrine_stop_reason_watched_bytes(
    const vitrine_stop_reason_t*, own wasm_byte_vec_t* old_bytes, own wasm_byte_vec_t* new_bytes);
/* The watched value before and after the access. False unless something else is watched. */
WASM_API_EXTERN bool vitrine_stop_reason_watched_values(
    const vitrine_stop_reason_t*, own vitrine_val_t* old_value, own vitrine_val_t* new_value);
/* What a call on a stopped thread returned (`VITRINE_STOP_CALL_END`), or a function that a step
 * left: false if it is neither. If the call failed, `error` says why, and `out` is empty. Otherwise
 * `error` is null. After a step out, there are no results if it ended otherwise, for example at a
 * breakpoint before the return, and if a host function received them. */
WASM_API_EXTERN bool vitrine_stop_reason_results(
    const vitrine_stop_reason_t*, own vitrine_val_vec_t* out, own vitrine_error_t** error);

/* ---------------------------------------------------------------------------------------------- *
 * Stops
 * ---------------------------------------------------------------------------------------------- */

/* A guest thread of a session: of its own store, of an added one, or one that the guest spawned. It is
 * the same one at later stops. */
VITRINE_OPAQUE(guest_thread)
VITRINE_VECTOR(guest_thread, *)

/* Starts at 1 and is never reused. */
WASM_API_EXTERN uint32_t vitrine_guest_thread_id(const vitrine_guest_thread_t*);
/* Whether the thread runs guest code, or a host function that guest code called. */
WASM_API_EXTERN bool vitrine_guest_thread_is_running(const vitrine_guest_thread_t*);
/* The frames of all activations, innermost first. A thread that runs no guest code has none. Fails if the
 * guest is not stopped. */
WASM_API_EXTERN own vitrine_error_t* vitrine_guest_thread_frames(
    const vitrine_guest_thread_t*, own vitrine_debug_frame_vec_t* out);

/* A stopped guest. Deleting it does not resume the guest, which stays stopped until its session
 * ends. */
VITRINE_OPAQUE(stopped)

/* Stays readable after the guest has resumed. */
WASM_API_EXTERN const vitrine_stop_reason_t* vitrine_stopped_reason(const vitrine_stopped_t*);
/* Whether the guest is still stopped here. False once it was resumed or ended. */
WASM_API_EXTERN bool vitrine_stopped_is_valid(const vitrine_stopped_t*);
/* The frames of the thread that stopped: of all activations, innermost first. Fails if the stop is
 * stale. */
WASM_API_EXTERN own vitrine_error_t* vitrine_stopped_frames(
    const vitrine_stopped_t*, own vitrine_debug_frame_vec_t* out);
/* All guest threads. All of them are stopped. Fails if the stop is stale. */
WASM_API_EXTERN own vitrine_error_t* vitrine_stopped_threads(
    const vitrine_stopped_t*, own vitrine_guest_thread_vec_t* out);

/* These change what a thread does when it resumes. `thread` is its id; 0 is the thread that
 * stopped. Each call replaces the effect of the one before. They fail and change nothing if the
 * thread is in a host function or has not started, or if the target is invalid. After success,
 * frames that were obtained before are stale. */

/* Continues at the instruction at `offset` in the function of the innermost frame. The types of
 * operands that validation expects there must be a prefix of the current ones. Operands above them
 * are dropped. */
WASM_API_EXTERN own vitrine_error_t* vitrine_stopped_jump(
    vitrine_stopped_t*, uint32_t offset, uint32_t thread);
/* Skips the next instruction and drops the operands it would have taken. A result that it would
 * have produced is zero or null, or one of those operands if there is no better value. */
WASM_API_EXTERN own vitrine_error_t* vitrine_stopped_skip(vitrine_stopped_t*, uint32_t thread);
/* Makes the frame, which may be of any thread, return these results to its caller, and drops all
 * frames that it called. Cannot return across a host function. */
WASM_API_EXTERN own vitrine_error_t* vitrine_stopped_return_from(
    vitrine_stopped_t*, const vitrine_debug_frame_t*, const vitrine_val_t results[], size_t result_count);
/* Throws an exception instead of executing the next instruction. The tag is one of the thread's
 * store. */
WASM_API_EXTERN own vitrine_error_t* vitrine_stopped_throw(vitrine_stopped_t*, const wasm_extern_t* tag,
    const vitrine_val_t values[], size_t value_count, uint32_t thread);
/* Discards the exception that is being thrown, so that nothing catches it: the call from the host
 * fails. */
WASM_API_EXTERN own vitrine_error_t* vitrine_stopped_clear_exception(vitrine_stopped_t*, uint32_t thread);

/* What a running guest did next. It stopped, or `stopped` is null and it ended with these results.
 * Functions that fail to set an event make it empty. */
typedef struct vitrine_event_t {
    vitrine_stopped_t* stopped;
    vitrine_val_vec_t results;
} vitrine_event_t;

/* Deletes what is in it. */
WASM_API_EXTERN void vitrine_event_delete(own vitrine_event_t*);

/* ---------------------------------------------------------------------------------------------- *
 * Sessions
 * ---------------------------------------------------------------------------------------------- */

/* The end of a session ends calls of the guest that are running. If a store is deleted first, all
 * uses of its session fail. A session must not be deleted by its handler, nor on a thread that runs
 * its guest: that ends the process. */
VITRINE_OPAQUE(session)

/* A store has at most one session. Fails without `guest_debug`. */
WASM_API_EXTERN own vitrine_error_t* vitrine_session_new(wasm_store_t*, own vitrine_session_t** out);

/* How a handler resumes the guest. */
typedef uint8_t vitrine_resume_kind_t;
enum vitrine_resume_kind_enum {
    VITRINE_RESUME_GO,
    VITRINE_RESUME_STEP,      /* executes one instruction */
    VITRINE_RESUME_STEP_OVER, /* executes one instruction; a call runs until it returns */
    VITRINE_RESUME_STEP_OUT,  /* runs until the innermost frame has returned to its caller */
    VITRINE_RESUME_RUN_TO,    /* see `vitrine_session_run_to` */
    VITRINE_RESUME_KILL,      /* ends the guest with the trap `VITRINE_TRAP_KILLED` */
};
typedef struct vitrine_resume_t {
    vitrine_resume_kind_t kind;
    uint32_t offset; /* for `VITRINE_RESUME_RUN_TO` */
} vitrine_resume_t;

/* Called at each stop, on the thread of the guest. It may look at the guest, change it, and call
 * into it (stops nest). `stopped` remains with the library, and is valid during the call. */
typedef vitrine_resume_t (*vitrine_stop_handler_t)(void* env, vitrine_stopped_t* stopped);

/* `env` is passed to the handler. The finalizer, if not null, is called with it when the session
 * ends, or when this fails. */
WASM_API_EXTERN own vitrine_error_t* vitrine_session_new_with_handler(
    wasm_store_t*, vitrine_stop_handler_t, void* env, void (*finalizer)(void*), own vitrine_session_t** out);

/* Adds the store of another guest thread, which the program runs. Breakpoints apply to it as well,
 * and when one thread stops, all stop. The guest of that store must not be running. */
WASM_API_EXTERN own vitrine_error_t* vitrine_session_add_store(vitrine_session_t*, wasm_store_t*);
WASM_API_EXTERN own vitrine_error_t* vitrine_session_remove_store(vitrine_session_t*, wasm_store_t*);

/* Breakpoints. */

/* More about a breakpoint. All zero but `size`, it is the default. */
typedef struct vitrine_breakpoint_options_t {
    size_t size;
    /* Only this instance of the module; null for all. */
    const wasm_instance_t* instance;
    /* An expression (docs/expressions.md) that must be true, such as
     * `$n == 7 && i32[$sp + 12] > 3`. Null for none. */
    const char* condition;
    /* Skip the first N hits. */
    uint64_t ignore_count;
    /* Stop only at every Nth of the hits after those. 0 is the same as 1. */
    uint64_t every;
    /* Log this message instead of stopping; see `vitrine_session_on_message`. Each `{expression}`
     * in it is replaced by its value. Null for none. */
    const char* message;
    /* Removed after its first stop. */
    bool is_temporary;
    bool is_disabled;
} vitrine_breakpoint_options_t;

/* A breakpoint of a session, as it was when it was listed. */
VITRINE_OPAQUE(breakpoint)
VITRINE_VECTOR(breakpoint, *)

/* Adds a breakpoint at the first instruction at or after a byte offset of the module, for all its
 * instances in the stores of the session. There need be none yet. `options` may be null. */
WASM_API_EXTERN own vitrine_error_t* vitrine_session_add_breakpoint(vitrine_session_t*, const wasm_module_t*,
    uint32_t offset, const vitrine_breakpoint_options_t* options, uint32_t* id);
/* Replaces all options. The count of hits is kept. */
WASM_API_EXTERN own vitrine_error_t* vitrine_session_change_breakpoint(
    vitrine_session_t*, uint32_t id, const vitrine_breakpoint_options_t* options);
WASM_API_EXTERN own vitrine_error_t* vitrine_session_remove_breakpoint(vitrine_session_t*, uint32_t id);
WASM_API_EXTERN own vitrine_error_t* vitrine_session_breakpoints(
    const vitrine_session_t*, own vitrine_breakpoint_vec_t* out);

WASM_API_EXTERN uint32_t vitrine_breakpoint_id(const vitrine_breakpoint_t*);
WASM_API_EXTERN own wasm_module_t* vitrine_breakpoint_module(const vitrine_breakpoint_t*);
/* The offset that was asked for. */
WASM_API_EXTERN uint32_t vitrine_breakpoint_requested_offset(const vitrine_breakpoint_t*);
/* The offset of the instruction that it was set on. */
WASM_API_EXTERN uint32_t vitrine_breakpoint_offset(const vitrine_breakpoint_t*);
/* How often the guest reached it while its condition was true. */
WASM_API_EXTERN uint64_t vitrine_breakpoint_hits(const vitrine_breakpoint_t*);
/* Its options, whose `size` the caller sets. The texts are empty rather than null, and valid as
 * long as the breakpoint, as is the instance. */
WASM_API_EXTERN void vitrine_breakpoint_options(
    const vitrine_breakpoint_t*, vitrine_breakpoint_options_t* out);

/* Watchpoints. */

/* Which accesses stop the guest. */
typedef uint8_t vitrine_watch_access_t;
enum vitrine_watch_access_enum {
    VITRINE_WATCH_READ,
    VITRINE_WATCH_WRITE,
    VITRINE_WATCH_READ_WRITE,
    VITRINE_WATCH_CHANGE, /* writes that change the value */
};

/* More about a watchpoint. All zero but `size`, it is the default. */
typedef struct vitrine_watchpoint_options_t {
    size_t size;
    /* An expression that must be true. It is evaluated in the innermost frame of the thread that
     * accessed the place, whatever its function is. Null for none. */
    const char* condition;
    /* As for a breakpoint. */
    uint64_t ignore_count;
    uint64_t every;
    bool is_disabled;
} vitrine_watchpoint_options_t;

/* A watchpoint of a session, as it was when it was listed. */
VITRINE_OPAQUE(watchpoint)
VITRINE_VECTOR(watchpoint, *)

/* Watches a place for accesses by any instruction, and for calls of host functions that change it.
 * The guest stops after the instruction. Breakpoints and watchpoints share one sequence of ids.
 * `options` may be null. Fails while the guest runs. */
WASM_API_EXTERN own vitrine_error_t* vitrine_session_add_watchpoint(vitrine_session_t*,
    const vitrine_place_t*, vitrine_watch_access_t, const vitrine_watchpoint_options_t* options,
    uint32_t* id);
/* Replaces all options. The count of hits is kept. Works while the guest runs, too. Fails for a local
 * whose frame has ended. */
WASM_API_EXTERN own vitrine_error_t* vitrine_session_change_watchpoint(
    vitrine_session_t*, uint32_t id, const vitrine_watchpoint_options_t* options);
WASM_API_EXTERN own vitrine_error_t* vitrine_session_remove_watchpoint(vitrine_session_t*, uint32_t id);
/* One on a local is removed when the frame of the local returns; in a session with a handler, not if that
 * is the outermost frame. */
WASM_API_EXTERN own vitrine_error_t* vitrine_session_watchpoints(
    const vitrine_session_t*, own vitrine_watchpoint_vec_t* out);

WASM_API_EXTERN uint32_t vitrine_watchpoint_id(const vitrine_watchpoint_t*);
WASM_API_EXTERN vitrine_watch_access_t vitrine_watchpoint_access(const vitrine_watchpoint_t*);
/* How often the place was accessed while the condition was true. */
WASM_API_EXTERN uint64_t vitrine_watchpoint_hits(const vitrine_watchpoint_t*);
/* Its options, whose `size` the caller sets. The text is empty rather than null, and valid as long as
 * the watchpoint. */
WASM_API_EXTERN void vitrine_watchpoint_options(
    const vitrine_watchpoint_t*, vitrine_watchpoint_options_t* out);

/* Other events that stop the guest. */
enum vitrine_stop_on_enum {
    VITRINE_STOP_ON_CAUGHT_THROW = 1,    /* the guest throws an exception that it will catch */
    VITRINE_STOP_ON_UNCAUGHT_THROW = 2,  /* the guest throws an exception that nothing catches */
    VITRINE_STOP_ON_TRAP = 4,            /* the guest traps */
    VITRINE_STOP_ON_HOST_ERROR = 8,      /* a host function fails */
    VITRINE_STOP_ON_LOAD = 16,           /* an instance is created */
    VITRINE_STOP_ON_EXIT = 32,           /* a host function ends the guest */
    VITRINE_STOP_ON_COMPONENT_CALL = 64, /* a function of a component is called */
    VITRINE_STOP_ON_DEFAULT =
        VITRINE_STOP_ON_UNCAUGHT_THROW | VITRINE_STOP_ON_TRAP | VITRINE_STOP_ON_HOST_ERROR,
};
/* `events` is a sum of these. Fails for other bits. */
WASM_API_EXTERN own vitrine_error_t* vitrine_session_stop_on(vitrine_session_t*, uint32_t events);

/* Receives the messages of breakpoints, on the thread of the guest. The text is valid during the
 * call. */
typedef void (*vitrine_message_callback_t)(void* env, const wasm_name_t* message);
/* Replaces the callback; null for none. The finalizer, if not null, is called with `env` when the
 * callback is replaced or the session ends, or when this fails. */
WASM_API_EXTERN own vitrine_error_t* vitrine_session_on_message(
    vitrine_session_t*, vitrine_message_callback_t, void* env, void (*finalizer)(void*));

/* Running the guest. These functions return at the next stop or the end of the guest, which `out`
 * tells. They fail if the guest traps or is killed, and if it could not be run. With
 * `stop_at_entry`, the guest stops before its first instruction. */

/* Calls a function of the session's store. The arguments remain the caller's. */
WASM_API_EXTERN own vitrine_error_t* vitrine_session_call(vitrine_session_t*, const wasm_func_t*,
    const vitrine_val_t args[], size_t arg_count, bool stop_at_entry, own vitrine_event_t* out);
/* Creates an instance with an entity for each import, in the order of `wasm_module_imports`. Its
 * start function stops like any other. When the guest has ended, `vitrine_session_instance` returns
 * the instance. */
WASM_API_EXTERN own vitrine_error_t* vitrine_session_instantiate(vitrine_session_t*, const wasm_module_t*,
    wasm_extern_t* const imports[], size_t import_count, bool stop_at_entry, own vitrine_event_t* out);
/* The same with a linker, which resolves the imports by name. */
WASM_API_EXTERN own vitrine_error_t* vitrine_session_instantiate_linked(vitrine_session_t*,
    const vitrine_linker_t*, const wasm_module_t*, bool stop_at_entry, own vitrine_event_t* out);
/* The instance that the last of these calls has created. Null if it has not. */
WASM_API_EXTERN own wasm_instance_t* vitrine_session_instance(const vitrine_session_t*);
/* Code of the host that calls guests. It returns null, or why it failed. */
typedef own vitrine_error_t* (*vitrine_session_body_t)(void* env);
/* Runs `body` on the thread of the guest, where it may use the store. `env` is passed to it and must be
 * valid until it has returned. The last event has no results. */
WASM_API_EXTERN own vitrine_error_t* vitrine_session_run(
    vitrine_session_t*, vitrine_session_body_t body, void* env, bool stop_at_entry, own vitrine_event_t* out);
/* Waits for the next stop or the end of a running guest: one that was resumed with
 * `vitrine_session_go`, or one that the program runs on another thread. If the guest is stopped,
 * returns its stop. */
WASM_API_EXTERN own vitrine_error_t* vitrine_session_wait(vitrine_session_t*, own vitrine_event_t* out);

/* Resuming the guest from a stop, which is stale afterwards. If the guest could not be resumed, for
 * example because there is no such thread, the stop is as it was and can be used again
 * (`vitrine_stopped_is_valid`). `thread` is the id of the thread to step; 0 is the one that
 * stopped. */

WASM_API_EXTERN own vitrine_error_t* vitrine_session_resume(
    vitrine_session_t*, vitrine_stopped_t*, own vitrine_event_t* out);
/* Does not wait for the next event. */
WASM_API_EXTERN own vitrine_error_t* vitrine_session_go(vitrine_session_t*, vitrine_stopped_t*);
/* Executes one instruction. The other threads stay stopped unless it may wait for them. */
WASM_API_EXTERN own vitrine_error_t* vitrine_session_step(
    vitrine_session_t*, vitrine_stopped_t*, uint32_t thread, own vitrine_event_t* out);
/* Executes one instruction. A call runs until it returns. If an exception leaves the call, stops
 * where it is caught. */
WASM_API_EXTERN own vitrine_error_t* vitrine_session_step_over(
    vitrine_session_t*, vitrine_stopped_t*, uint32_t thread, own vitrine_event_t* out);
/* Runs until the innermost frame has returned to its caller, or to the end of the guest if it has
 * none. `vitrine_stop_reason_results` says what it returned. */
WASM_API_EXTERN own vitrine_error_t* vitrine_session_step_out(
    vitrine_session_t*, vitrine_stopped_t*, uint32_t thread, own vitrine_event_t* out);
/* Runs to the first instruction at or after `offset` in the function of the innermost guest frame,
 * or to a stop before it. */
WASM_API_EXTERN own vitrine_error_t* vitrine_session_run_to(
    vitrine_session_t*, vitrine_stopped_t*, uint32_t offset, uint32_t thread, own vitrine_event_t* out);
/* Ends the guest with the trap `VITRINE_TRAP_KILLED`, which is the error that this returns. */
WASM_API_EXTERN own vitrine_error_t* vitrine_session_kill_stopped(
    vitrine_session_t*, vitrine_stopped_t*, own vitrine_event_t* out);
/* Calls a function on a stopped thread, on top of its frames. The function is one of the thread's
 * store. Breakpoints in the call stop, and a trap unwinds only the call. The call ends with a stop
 * of kind `VITRINE_STOP_CALL_END`, which has its results, and the guest is where it was before. */
WASM_API_EXTERN own vitrine_error_t* vitrine_session_call_stopped(vitrine_session_t*, vitrine_stopped_t*,
    const wasm_func_t*, const vitrine_val_t args[], size_t arg_count, uint32_t thread,
    own vitrine_event_t* out);

/* Stops the running guest at its next function entry or loop header, or in the host function in
 * which it waits. Does nothing if the guest is not running. */
WASM_API_EXTERN void vitrine_session_interrupt(vitrine_session_t*);
/* Ends the guest with the trap `VITRINE_TRAP_KILLED`, whether it is running or stopped; in a host
 * function, when that returns. Does nothing if the guest has ended. */
WASM_API_EXTERN void vitrine_session_kill(vitrine_session_t*);
/* The reason of the current stop, also while a debug server controls the guest. Null if it is not
 * stopped. */
WASM_API_EXTERN own vitrine_stop_reason_t* vitrine_session_stopped(const vitrine_session_t*);

#undef own

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* VITRINE_SESSION_H */
