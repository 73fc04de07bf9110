/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Instances: how they are created, and their exports by name.
 */
#ifndef VITRINE_INSTANCE_H
#define VITRINE_INSTANCE_H

#include <vitrine/error.h>

#ifdef __cplusplus
extern "C" {
#endif

#define own

/* Creates an instance with an entity for each import, in the order of `wasm_module_imports`, and runs
 * its start function. A `vitrine_linker_t` resolves imports by name instead. */
WASM_API_EXTERN own vitrine_error_t* vitrine_instance_new(wasm_store_t*, const wasm_module_t*,
    wasm_extern_t* const imports[], size_t import_count, own wasm_instance_t** out);
/* The module of an instance, also after the end of its store. Null if there is no memory. */
WASM_API_EXTERN own wasm_module_t* vitrine_instance_module(const wasm_instance_t*);
/* Instances of a store are numbered from 0 in the order of their creation. */
WASM_API_EXTERN uint32_t vitrine_instance_number(const wasm_instance_t*);
/* The export of this name. Null if there is none. */
WASM_API_EXTERN own wasm_extern_t* vitrine_instance_export(const wasm_instance_t*, const wasm_name_t* name);
/* The exported function of this name. Null if there is none. */
WASM_API_EXTERN own wasm_func_t* vitrine_instance_func(const wasm_instance_t*, const char* name);
/* The exported memory of this name. Null if there is none. */
WASM_API_EXTERN own wasm_memory_t* vitrine_instance_memory(const wasm_instance_t*, const char* name);

#undef own

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* VITRINE_INSTANCE_H */
