/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Functions with values of all kinds: calls of the guest, and functions of the host that know their
 * caller.
 */
#ifndef VITRINE_FUNC_H
#define VITRINE_FUNC_H

#include <vitrine/value.h>

#ifdef __cplusplus
extern "C" {
#endif

#define own

/* Calls a function. Number and kinds of the arguments must match its type. `results` must have room for
 * all results and is only set after success; the caller owns them. Either array may be null if it is
 * empty. */
WASM_API_EXTERN own vitrine_error_t* vitrine_func_call(const wasm_func_t*, const vitrine_val_t args[],
    size_t arg_count, own vitrine_val_t results[], size_t result_count);

/* What a function of the host can see of its caller. Valid during the call. */
typedef struct vitrine_caller_t vitrine_caller_t;
/* The instance whose code made the call. Null if the host made it. */
WASM_API_EXTERN own wasm_instance_t* vitrine_caller_instance(const vitrine_caller_t*);
/* The memory that the calling instance exports under that name. Null if there is none. */
WASM_API_EXTERN own wasm_memory_t* vitrine_caller_memory(const vitrine_caller_t*, const char* name);
/* The store of the calling guest, for example to create objects and instances in it. Valid during the
 * call. Not to be deleted. */
WASM_API_EXTERN wasm_store_t* vitrine_caller_store(vitrine_caller_t*);

/* Implements a function of the host. The arguments stay with the engine. Each element of `results` has
 * the kind of the type's result and is zero or null, for the callback to set. Returns null, or an error
 * that becomes a trap of the guest; see `vitrine_error_new` and the functions beside it. */
typedef own vitrine_error_t* (*vitrine_func_callback_t)(void* env, vitrine_caller_t* caller,
    const vitrine_val_t args[], size_t arg_count, own vitrine_val_t results[], size_t result_count);

/* Creates a function of the host. `env` is passed to the callback. The finalizer, if not null, is called
 * with it when the function ends, which is with the store, or after a failure. */
WASM_API_EXTERN own vitrine_error_t* vitrine_func_new(wasm_store_t*, const wasm_functype_t*,
    vitrine_func_callback_t callback, void* env, void (*finalizer)(void*), own wasm_func_t** out);

/* From the name section, the exports or the imports. A function of the host is named `module.name`. */
WASM_API_EXTERN void vitrine_func_name(const wasm_func_t*, own wasm_name_t* out);
/* Index in the function index space of its module. False for functions of the host. */
WASM_API_EXTERN bool vitrine_func_index(const wasm_func_t*, uint32_t* out);
/* The exact type in the text format, for example `(param (ref null $point)) (result i64)`. */
WASM_API_EXTERN void vitrine_func_type_to_text(const wasm_func_t*, own wasm_byte_vec_t* out);

#undef own

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* VITRINE_FUNC_H */
