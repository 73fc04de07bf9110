/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * WASI preview 1 and 0.2: arguments, environment, standard streams, directories, sockets, clocks, random
 * bytes and threads for a guest. vitrine.h does not include this header. A program that links static libraries
 * also needs `vitrine_wasi`.
 */
#ifndef VITRINE_WASI_H
#define VITRINE_WASI_H

#include <vitrine/component.h>
#include <vitrine/linker.h>

#ifdef __cplusplus
extern "C" {
#endif

#define own

/* ---------------------------------------------------------------------------------------------- *
 * What a guest can access
 * ---------------------------------------------------------------------------------------------- */

/* A guest has access to the streams, clocks and random bytes of this process; anything else must be
 * granted here. Strings are bytes, not necessarily UTF-8. A finalizer, if not null, is called with `env`
 * when nothing uses the callback any more. If there was no memory for a setting,
 * the functions that take the configuration say so. */
VITRINE_OPAQUE(wasi_config)
/* Null if there is no memory. */
WASM_API_EXTERN own vitrine_wasi_config_t* vitrine_wasi_config_new(void);

/* The arguments of the program, which begin with its name. */
WASM_API_EXTERN void vitrine_wasi_config_args(vitrine_wasi_config_t*, const char* const args[], size_t count);
/* Sets an environment variable. A later value of the same name replaces the earlier one. */
WASM_API_EXTERN void vitrine_wasi_config_env(vitrine_wasi_config_t*, const char* name, const char* value);
/* Adds all environment variables of this process. */
WASM_API_EXTERN void vitrine_wasi_config_inherit_env(vitrine_wasi_config_t*);

/* Whether a guest may modify files below a preopened directory. */
typedef uint8_t vitrine_wasi_access_t;
enum vitrine_wasi_access_enum {
    VITRINE_WASI_READ_WRITE,
    VITRINE_WASI_READ_ONLY, /* attempts to modify anything fail with EROFS */
};
/* Gives the guest access to a directory of the host under the name `guest_path`. Paths cannot lead out of
 * the directory. */
WASM_API_EXTERN void vitrine_wasi_config_preopen(
    vitrine_wasi_config_t*, const char* host_path, const char* guest_path, vitrine_wasi_access_t);

/* A listening TCP socket of this process, for guests that are servers. */
VITRINE_OPAQUE(wasi_listener)
/* Listens on `PORT` (of 127.0.0.1), `ADDRESS:PORT` or `[ADDRESS]:PORT`. Port 0 stands for any free
 * port. */
WASM_API_EXTERN own vitrine_error_t* vitrine_wasi_listener_bind(
    const char* address, own vitrine_wasi_listener_t** out);
/* The address that it listens on, with the actual port. */
WASM_API_EXTERN void vitrine_wasi_listener_address(const vitrine_wasi_listener_t*, own wasm_byte_vec_t* out);
/* Gives the guest an open socket. Its descriptor follows those of the preopened directories, in the order
 * of these calls. The listener may be deleted afterwards. */
WASM_API_EXTERN void vitrine_wasi_config_listener(vitrine_wasi_config_t*, const vitrine_wasi_listener_t*);
/* The same for a descriptor of this process. The caller keeps it, and must keep it open until
 * `vitrine_linker_add_wasi` returns. */
WASM_API_EXTERN void vitrine_wasi_config_socket(vitrine_wasi_config_t*, int descriptor);

/* ---------------------------------------------------------------------------------------------- *
 * Standard streams
 * ---------------------------------------------------------------------------------------------- */

/* The last setting for a stream takes effect. Callbacks are called on the thread of the guest. It
 * continues, or notices an interrupt, only when they return. */

/* Standard input is these bytes, which are copied. */
WASM_API_EXTERN void vitrine_wasi_config_stdin_bytes(vitrine_wasi_config_t*, const void* bytes, size_t size);
/* Standard input is a file. */
WASM_API_EXTERN void vitrine_wasi_config_stdin_file(vitrine_wasi_config_t*, const char* path);
/* Provides input: returns the number of bytes written to `to`, 0 at the end of input. */
typedef size_t (*vitrine_wasi_source_t)(void* env, void* to, size_t size);
WASM_API_EXTERN void vitrine_wasi_config_stdin_from(
    vitrine_wasi_config_t*, vitrine_wasi_source_t source, void* env, void (*finalizer)(void*));

/* Standard input is another descriptor of this process. The caller keeps it, and must keep it open until
 * `vitrine_linker_add_wasi` returns. */
WASM_API_EXTERN void vitrine_wasi_config_stdin_descriptor(vitrine_wasi_config_t*, int descriptor);

/* Receives output. Called by one thread at a time for each stream. */
typedef void (*vitrine_wasi_sink_t)(void* env, const void* bytes, size_t size);
/* Output goes to `sink` instead of the stream of this process. The guest sees a terminal. */
WASM_API_EXTERN void vitrine_wasi_config_stdout_to(
    vitrine_wasi_config_t*, vitrine_wasi_sink_t sink, void* env, void (*finalizer)(void*));
WASM_API_EXTERN void vitrine_wasi_config_stderr_to(
    vitrine_wasi_config_t*, vitrine_wasi_sink_t sink, void* env, void (*finalizer)(void*));
/* Output goes to the stream of this process, and `sink` gets a copy: each byte that the stream has
 * accepted, once and in order. A blocking write can be interrupted, and the guest gets the errors of the
 * stream. `is_sink_alone`, if not null, is called with `env` before each write, possibly on several
 * threads at once. While it returns true, output goes to the sink only. */
WASM_API_EXTERN void vitrine_wasi_config_stdout_copy(vitrine_wasi_config_t*, vitrine_wasi_sink_t sink,
    bool (*is_sink_alone)(void* env), void* env, void (*finalizer)(void*));
WASM_API_EXTERN void vitrine_wasi_config_stderr_copy(vitrine_wasi_config_t*, vitrine_wasi_sink_t sink,
    bool (*is_sink_alone)(void* env), void* env, void (*finalizer)(void*));
/* Output goes to another descriptor of this process. The caller keeps it, and must keep it open until
 * `vitrine_linker_add_wasi` returns. */
WASM_API_EXTERN void vitrine_wasi_config_stdout_descriptor(vitrine_wasi_config_t*, int descriptor);
WASM_API_EXTERN void vitrine_wasi_config_stderr_descriptor(vitrine_wasi_config_t*, int descriptor);

/* ---------------------------------------------------------------------------------------------- *
 * Clocks and random bytes
 * ---------------------------------------------------------------------------------------------- */

typedef uint8_t vitrine_wasi_clock_t;
enum vitrine_wasi_clock_enum {
    VITRINE_WASI_REALTIME,
    VITRINE_WASI_MONOTONIC,
    VITRINE_WASI_PROCESS_CPU,
    VITRINE_WASI_THREAD_CPU,
};
/* The time of each clock in nanoseconds, instead of the host's. Makes runs repeatable. */
WASM_API_EXTERN void vitrine_wasi_config_clock(vitrine_wasi_config_t*,
    uint64_t (*clock)(void* env, vitrine_wasi_clock_t), void* env, void (*finalizer)(void*));
/* Fills memory with random bytes, instead of the random number generator of the host. */
WASM_API_EXTERN void vitrine_wasi_config_random(vitrine_wasi_config_t*,
    void (*random)(void* env, void* to, size_t size), void* env, void (*finalizer)(void*));

/* For tests: resolves paths one component at a time even where the kernel can resolve them at once. */
WASM_API_EXTERN void vitrine_wasi_config_paths_by_component(vitrine_wasi_config_t*, bool on);

/* ---------------------------------------------------------------------------------------------- *
 * Linking
 * ---------------------------------------------------------------------------------------------- */

/* Defines the functions of `wasi_snapshot_preview1`, and of its predecessor `wasi_unstable`. The
 * configuration stays with the caller. If a directory or a string cannot be passed to the guest, the
 * error names it. When the guest calls `proc_exit`, its call ends with an error that has an exit status.
 * Blocking calls (for input, for time) end when the guest is interrupted. */
WASM_API_EXTERN own vitrine_error_t* vitrine_linker_add_wasi(vitrine_linker_t*, const vitrine_wasi_config_t*);

/* Allows the guest to create threads: defines `wasi.thread-spawn`, and every shared memory that the
 * module imports and that is not defined yet. Each runs on a thread of this process, so callbacks of the
 * configuration and functions of the host must be thread-safe. When a thread traps or calls `proc_exit`,
 * all threads end, and the guest returns the same error, now and at every later call. */
WASM_API_EXTERN own vitrine_error_t* vitrine_linker_add_wasi_threads(vitrine_linker_t*, const wasm_module_t*);
/* Ends all threads of the store's guest except the first and waits for them, as a process does when its
 * main function has returned. */
WASM_API_EXTERN void vitrine_store_end_wasi_threads(wasm_store_t*);

/* Defines WASI 0.2 (all versions from 0.2.0 to 0.2.12) for components of any store. Sockets and HTTP are
 * defined, but refuse access. */
WASM_API_EXTERN own vitrine_error_t* vitrine_component_linker_add_wasi(vitrine_component_linker_t*);
/* Sets what the components of a store may access through WASI. The configuration stays with the caller; its
 * listening sockets are not used. When a component calls `exit`, its call ends with an error that has an
 * exit status. */
WASM_API_EXTERN own vitrine_error_t* vitrine_store_set_wasi(wasm_store_t*, const vitrine_wasi_config_t*);

#undef own

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* VITRINE_WASI_H */
