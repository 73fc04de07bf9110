/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Debug servers, through which LLDB and editors attach to a debug session. Only there if the
 * library was built with VITRINE_BUILD_DEBUGGER. Not a part of vitrine.h.
 *
 * A server listens on a TCP port or a Unix socket. Its address is `HOST:PORT`, `[HOST]:PORT`,
 * `PORT`, or the path of a Unix socket, which contains a `/` or ends in `.sock`. The host defaults
 * to 127.0.0.1. Port 0 stands for any free port. Only programs of the same user can connect to a
 * Unix socket. Its file is removed with the server; the file of a socket on which nobody listens is
 * replaced.
 *
 * If its session is deleted first, a server has nothing to serve, and can still be used and
 * deleted.
 */
#ifndef VITRINE_DEBUGGER_H
#define VITRINE_DEBUGGER_H

#include <vitrine/session.h>

#ifdef __cplusplus
extern "C" {
#endif

#define own

/* ---------------------------------------------------------------------------------------------- *
 * LLDB
 * ---------------------------------------------------------------------------------------------- */

/* Lets LLDB attach to a session. Serves one client at a time, on a thread of its own. While a
 * client is attached, it controls the guest: stops are reported to the client, the session's own
 * calls wait for the end of the guest, and resuming the guest from a stop of the session is an
 * error. */
VITRINE_OPAQUE(gdb_server)

typedef uint8_t vitrine_gdb_serves_t;
enum vitrine_gdb_serves_enum {
    /* The session makes any number of calls. Without a client, the guest runs as if there were no
     * server. */
    VITRINE_GDB_SERVES_EMBEDDER,
    /* The session makes one call. The end of the call is the end of the process for the client, and
     * a stopped guest waits for a client. */
    VITRINE_GDB_SERVES_ONE_CALL,
    /* The same, but the call does not wait for the first client. The session must still make it
     * stop at its entry. */
    VITRINE_GDB_SERVES_ONE_FREE_CALL,
    /* The same, beside other servers of the session: a client controls the guest only while it is
     * attached. When the last client of all servers disconnects, the guest is resumed. */
    VITRINE_GDB_SERVES_ONE_SHARED_CALL,
};

/* Starts listening. Fails if it cannot, or if another server controls the guest. */
WASM_API_EXTERN own vitrine_error_t* vitrine_gdb_server_new(
    vitrine_session_t*, const char* address, vitrine_gdb_serves_t, own vitrine_gdb_server_t** out);
/* As `HOST:PORT`, or as the absolute path of the socket. */
WASM_API_EXTERN void vitrine_gdb_server_address(const vitrine_gdb_server_t*, own wasm_byte_vec_t* out);
/* Whether only programs on this machine can connect. */
WASM_API_EXTERN bool vitrine_gdb_server_is_loopback(const vitrine_gdb_server_t*);
/* Tells clients about a module before an instance of it exists. `path` is the absolute path of its
 * file, which LLDB reads instead of fetching the bytes from the server; null if there is no such
 * file. */
WASM_API_EXTERN own vitrine_error_t* vitrine_gdb_server_announce(
    vitrine_gdb_server_t*, const wasm_module_t*, const char* path);
/* Waits until a client has connected and resumed the guest, so that its breakpoints are set. */
WASM_API_EXTERN own vitrine_error_t* vitrine_gdb_server_wait_for_client(vitrine_gdb_server_t*);
/* Whether a client has connected that launched this process, as `process launch` of LLDB does. The
 * terminal of this process then belongs to the client, and unless the server serves the embedder,
 * the guest is killed when the client disconnects. May be called from any thread. */
WASM_API_EXTERN bool vitrine_gdb_server_is_launched_by_client(const vitrine_gdb_server_t*);
/* Shows output of the guest in the client. Must be called on the thread of the guest. Blocks while
 * the client has too much unread data, unless the guest is interrupted or ended. */
WASM_API_EXTERN own vitrine_error_t* vitrine_gdb_server_send_output(
    vitrine_gdb_server_t*, const byte_t bytes[], size_t size);
/* The commands of LLDB 22 that set up debugging of this module through this server, in order.
 * `others` are modules that run beside it. */
WASM_API_EXTERN own vitrine_error_t* vitrine_gdb_server_lldb_commands(const vitrine_gdb_server_t*,
    const wasm_module_t*, const wasm_module_t* const others[], size_t other_count,
    own vitrine_name_vec_t* out);
/* Stops serving. Tells the client, and waits for up to ten seconds while it reads what is left.
 * Returns the number of bytes of output that it did not read. Deleting the server does the same. */
WASM_API_EXTERN size_t vitrine_gdb_server_close(vitrine_gdb_server_t*);

/* ---------------------------------------------------------------------------------------------- *
 * Editors
 * ---------------------------------------------------------------------------------------------- */

/* Lets editors attach to a session, with the Debug Adapter Protocol. Serves any number of clients,
 * each on threads of its own. They attach without stopping the guest, and have breakpoints of their
 * own. All are told of stops and resumes, and each may resume the guest, unless a
 * `vitrine_gdb_server_t` has a client. When a client disconnects, its breakpoints are removed; when
 * the last one does, a stopped guest is resumed.
 *
 * The calls of the session also return at stops. `vitrine_dap_server_finish` leaves these to the
 * clients. */
VITRINE_OPAQUE(dap_server)

typedef struct vitrine_dap_options_t {
    size_t size;
    /* What clients call the program, for example the path of its module. May be null. */
    const char* name;
    /* The path of a `vitrine` command, which is started to read debug information, in a process of
     * its own. If it is null, clients see no lines and variables of the source. */
    const char* reader;
} vitrine_dap_options_t;

/* Starts listening. `options` may be null. */
WASM_API_EXTERN own vitrine_error_t* vitrine_dap_server_new(vitrine_session_t*, const char* address,
    const vitrine_dap_options_t* options, own vitrine_dap_server_t** out);
/* These are as for `vitrine_gdb_server_t`. */
WASM_API_EXTERN void vitrine_dap_server_address(const vitrine_dap_server_t*, own wasm_byte_vec_t* out);
WASM_API_EXTERN bool vitrine_dap_server_is_loopback(const vitrine_dap_server_t*);
WASM_API_EXTERN own vitrine_error_t* vitrine_dap_server_send_output(
    vitrine_dap_server_t*, const byte_t bytes[], size_t size);
WASM_API_EXTERN size_t vitrine_dap_server_close(vitrine_dap_server_t*);
/* `path` is the absolute path of the module's file, near which sources are looked for; null if
 * there is no such file. */
WASM_API_EXTERN own vitrine_error_t* vitrine_dap_server_announce(
    vitrine_dap_server_t*, const wasm_module_t*, const char* path);
/* Waits until a client has set its breakpoints (`configurationDone`). */
WASM_API_EXTERN own vitrine_error_t* vitrine_dap_server_wait_for_client(vitrine_dap_server_t*);
/* Replaces the first event of a call by how the call ended: waits while clients have the guest
 * stopped, and resumes a guest that is stopped without a client. Does nothing if the call has
 * ended. If this fails, the event is empty. */
WASM_API_EXTERN own vitrine_error_t* vitrine_dap_server_finish(
    vitrine_dap_server_t*, vitrine_session_t*, vitrine_event_t* event);

#undef own

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* VITRINE_DEBUGGER_H */
