/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * What a store may use, and how to end its guest.
 */
#ifndef VITRINE_STORE_H
#define VITRINE_STORE_H

#include <vitrine/error.h>

#ifdef __cplusplus
extern "C" {
#endif

#define own

/* Interrupts the running guest of a store: it ends with the trap `VITRINE_TRAP_INTERRUPTED` at its next
 * function entry or loop header, or when a function of the host returns. Does nothing if no guest is
 * running. May be used from any thread and from a signal handler, even when the store is gone. */
VITRINE_OPAQUE(interrupter)
/* Null if there is no memory. */
WASM_API_EXTERN own vitrine_interrupter_t* vitrine_interrupter_new(const wasm_store_t*);
WASM_API_EXTERN void vitrine_interrupter_interrupt(const vitrine_interrupter_t*);

/* What a limiter can limit. */
typedef uint8_t vitrine_resource_t;
enum vitrine_resource_enum {
    VITRINE_RESOURCE_MEMORY,    /* bytes of one memory */
    VITRINE_RESOURCE_TABLE,     /* elements of one table */
    VITRINE_RESOURCE_HEAP,      /* total bytes of all structs, arrays and exceptions of the store */
    VITRINE_RESOURCE_MEMORIES,  /* number of memories of the store, including shared ones */
    VITRINE_RESOURCE_TABLES,    /* number of tables of the store */
    VITRINE_RESOURCE_INSTANCES, /* number of instances of the store */
};

/* Decides whether a store may use more of a resource: `current` is the amount in use, `desired` the
 * amount after the request. If it returns false, the request fails as if the system had run out of the
 * resource. It may inspect the store and replace itself, but must not call the guest. */
typedef bool (*vitrine_limiter_t)(void* env, vitrine_resource_t resource, uint64_t current, uint64_t desired);

/* Sets the function that is asked from now on before a memory, table or the heap of this store grows or
 * another memory, table or instance is created. A null `limiter` removes it. The finalizer, if not null,
 * is called with `env` when the limiter is replaced, or with the end of the store. It is called in any
 * case, also after a failure. */
WASM_API_EXTERN own vitrine_error_t* vitrine_store_limit_resources(
    wasm_store_t*, vitrine_limiter_t limiter, void* env, void (*finalizer)(void*));

/* Attaches data to a store, for functions of the host that are used by several stores: they reach it through
 * `vitrine_caller_store` or `vitrine_component_caller_store`. The finalizer, if not null, is called with
 * `data` when it is replaced, or after the end of the store. */
WASM_API_EXTERN void vitrine_store_set_data(wasm_store_t*, void* data, void (*finalizer)(void*));
/* Null if there is none. */
WASM_API_EXTERN void* vitrine_store_data(const wasm_store_t*);

#undef own

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* VITRINE_STORE_H */
