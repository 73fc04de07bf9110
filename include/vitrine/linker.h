/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Linkers, which resolve the imports of modules by name.
 */
#ifndef VITRINE_LINKER_H
#define VITRINE_LINKER_H

#include <vitrine/func.h>

#ifdef __cplusplus
extern "C" {
#endif

#define own

/* Resolves the imports of modules in one store. Names cannot contain a zero. An error of a definition is
 * returned at once, and again by each later use of the linker. After the end of the store, all uses
 * fail. */
VITRINE_OPAQUE(linker)
WASM_API_EXTERN own vitrine_error_t* vitrine_linker_new(wasm_store_t*, own vitrine_linker_t** out);

/* Whether a later definition of the same name replaces the earlier one. By default, defining a name twice
 * is an error. */
WASM_API_EXTERN void vitrine_linker_allow_shadowing(vitrine_linker_t*, bool allow);
/* Whether undefined functions may be imported. Calling one traps with a message that names it. By
 * default, an undefined import is an error. */
WASM_API_EXTERN void vitrine_linker_trap_unknown_functions(vitrine_linker_t*, bool trap);

/* Defines an entity of the store. */
WASM_API_EXTERN own vitrine_error_t* vitrine_linker_define(
    vitrine_linker_t*, const char* module, const char* name, const wasm_extern_t*);
/* Defines a function of the host, like `vitrine_func_new`. In backtraces it is `module.name`. A guest
 * with threads (`vitrine_linker_add_wasi_threads`) may call it on any of them. There, the callback must
 * not use references or the store of its caller. */
WASM_API_EXTERN own vitrine_error_t* vitrine_linker_define_func(vitrine_linker_t*, const char* module,
    const char* name, const wasm_functype_t*, vitrine_func_callback_t callback, void* env,
    void (*finalizer)(void*));
/* Defines every export of the instance under this module name. */
WASM_API_EXTERN own vitrine_error_t* vitrine_linker_define_instance(
    vitrine_linker_t*, const char* module, const wasm_instance_t*);

/* Creates an instance and runs its start function. */
WASM_API_EXTERN own vitrine_error_t* vitrine_linker_instantiate(
    const vitrine_linker_t*, const wasm_module_t*, own wasm_instance_t** out);
/* Checks the imports of a module as `vitrine_linker_instantiate` does, but creates nothing. */
WASM_API_EXTERN own vitrine_error_t* vitrine_linker_check(const vitrine_linker_t*, const wasm_module_t*);

#undef own

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* VITRINE_LINKER_H */
