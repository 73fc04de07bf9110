/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Globals, memories, tables and tags: values of all kinds, 64-bit addresses and indices, errors.
 */
#ifndef VITRINE_ENTITY_H
#define VITRINE_ENTITY_H

#include <vitrine/module.h>
#include <vitrine/value.h>

#ifdef __cplusplus
extern "C" {
#endif

#define own

/* ---------------------------------------------------------------------------------------------- *
 * Globals
 * ---------------------------------------------------------------------------------------------- */

WASM_API_EXTERN own vitrine_error_t* vitrine_global_new(
    wasm_store_t*, const wasm_globaltype_t*, const vitrine_val_t* value, own wasm_global_t** out);
WASM_API_EXTERN own vitrine_error_t* vitrine_global_get(const wasm_global_t*, own vitrine_val_t* out);
/* Fails if the global is immutable or the value has another type. */
WASM_API_EXTERN own vitrine_error_t* vitrine_global_set(const wasm_global_t*, const vitrine_val_t*);

/* ---------------------------------------------------------------------------------------------- *
 * Memories
 * ---------------------------------------------------------------------------------------------- */

/* Addresses and sizes are in bytes unless noted otherwise. A read or write that is partly out of bounds
 * fails and transfers nothing. These functions work on shared memories, too. There they may be called
 * from any thread while guests run; each byte that is read is either the old or the new one. */

/* Creates a zeroed memory of `limits->min` pages. One that is shared needs a maximum, and can be imported
 * in all stores of the engine. */
WASM_API_EXTERN own vitrine_error_t* vitrine_memory_new(
    wasm_store_t*, const vitrine_limits_t* limits, own wasm_memory_t** out);
/* The same memory for another store of the same engine. Fails if it is not shared. */
WASM_API_EXTERN own vitrine_error_t* vitrine_memory_obtain(
    wasm_store_t*, const wasm_memory_t*, own wasm_memory_t** out);
WASM_API_EXTERN void vitrine_memory_limits(const wasm_memory_t*, vitrine_limits_t* out);
WASM_API_EXTERN own vitrine_error_t* vitrine_memory_size(const wasm_memory_t*, uint64_t* out);
WASM_API_EXTERN own vitrine_error_t* vitrine_memory_read(
    const wasm_memory_t*, uint64_t address, void* to, size_t size);
WASM_API_EXTERN own vitrine_error_t* vitrine_memory_write(
    const wasm_memory_t*, uint64_t address, const void* from, size_t size);
/* Sets `count` bytes to a value. */
WASM_API_EXTERN own vitrine_error_t* vitrine_memory_fill(
    const wasm_memory_t*, uint64_t address, uint64_t count, uint8_t value);
/* Grows the memory by `pages` pages. `old`, which may be null, gets the former size in pages. */
WASM_API_EXTERN own vitrine_error_t* vitrine_memory_grow(const wasm_memory_t*, uint64_t pages, uint64_t* old);
/* Whether the contents can move when the memory grows. If not, the address that `wasm_memory_data` returns
 * stays the same as long as the store exists, and only the size changes. That holds for shared memories, and
 * for memories with 32-bit addresses unless the engine has too many of them (8,192) or the system lacks
 * address space for them. It does not change during the life of a memory. True if the store is gone or
 * cannot be used at the moment. */
WASM_API_EXTERN bool vitrine_memory_can_move(const wasm_memory_t*);
/* Finds the first address at or after `from` where these bytes are. `found` is set to false if there is
 * none. Fails for a shared memory. */
WASM_API_EXTERN own vitrine_error_t* vitrine_memory_find(
    const wasm_memory_t*, const void* bytes, size_t size, uint64_t from, bool* found, uint64_t* address);

/* ---------------------------------------------------------------------------------------------- *
 * Tables
 * ---------------------------------------------------------------------------------------------- */

/* Creates a table with this value in all elements, which must be funcrefs or externrefs. */
WASM_API_EXTERN own vitrine_error_t* vitrine_table_new(
    wasm_store_t*, const wasm_tabletype_t*, const vitrine_val_t* init, own wasm_table_t** out);
WASM_API_EXTERN void vitrine_table_limits(const wasm_table_t*, vitrine_limits_t* out);
/* The number of elements. */
WASM_API_EXTERN own vitrine_error_t* vitrine_table_size(const wasm_table_t*, uint64_t* out);
/* Fails if the index is out of bounds. */
WASM_API_EXTERN own vitrine_error_t* vitrine_table_get(
    const wasm_table_t*, uint64_t index, own vitrine_val_t* out);
/* Fails if the index is out of bounds or the value has another type. */
WASM_API_EXTERN own vitrine_error_t* vitrine_table_set(
    const wasm_table_t*, uint64_t index, const vitrine_val_t*);
/* Appends `count` elements. `old`, which may be null, gets the former size. */
WASM_API_EXTERN own vitrine_error_t* vitrine_table_grow(
    const wasm_table_t*, uint64_t count, const vitrine_val_t* init, uint64_t* old);

/* ---------------------------------------------------------------------------------------------- *
 * Tags
 * ---------------------------------------------------------------------------------------------- */

/* Creates a tag, the type of an exception. The parameters of the type are those of the exception's
 * values. It is a `wasm_extern_t` of the kind `VITRINE_EXTERN_TAG`. */
WASM_API_EXTERN own vitrine_error_t* vitrine_tag_new(
    wasm_store_t*, const wasm_functype_t*, own wasm_extern_t** out);
/* Null if it is no tag, or there is no memory. */
WASM_API_EXTERN own wasm_functype_t* vitrine_tag_type(const wasm_extern_t*);

#undef own

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* VITRINE_ENTITY_H */
