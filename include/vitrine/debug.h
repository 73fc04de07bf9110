/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * What a debugger sees of modules and instances: everything, whether it is exported or not.
 * Sessions, which stop a guest, are in vitrine/session.h.
 *
 * The functions with `debug` in their names work if the engine was made with `guest_debug`
 * (vitrine/config.h). Without it they return null, or an error.
 *
 * Pointers to names and types that a function returns without `own` are valid as long as the object
 * that was asked. Such a name is followed by a zero that its size does not count.
 */
#ifndef VITRINE_DEBUG_H
#define VITRINE_DEBUG_H

#include <vitrine/module.h>
#include <vitrine/value.h>

#ifdef __cplusplus
extern "C" {
#endif

#define own

/* ---------------------------------------------------------------------------------------------- *
 * Exact types of values
 * ---------------------------------------------------------------------------------------------- */

/* A value type exactly as a module declares it. A `wasm_valkind_t` only says in which hierarchy a
 * reference is. */
typedef struct vitrine_valtype_t vitrine_valtype_t;

/* The heap type of a reference: an abstract one of the specification, or a type of the module. */
typedef uint8_t vitrine_heap_kind_t;
enum vitrine_heap_kind_enum {
    VITRINE_HEAP_FUNC,
    VITRINE_HEAP_EXTERN,
    VITRINE_HEAP_ANY,
    VITRINE_HEAP_EQ,
    VITRINE_HEAP_I31,
    VITRINE_HEAP_STRUCT,
    VITRINE_HEAP_ARRAY,
    VITRINE_HEAP_EXN,
    VITRINE_HEAP_NONE,
    VITRINE_HEAP_NOFUNC,
    VITRINE_HEAP_NOEXTERN,
    VITRINE_HEAP_NOEXN,
    VITRINE_HEAP_DEFINED, /* `vitrine_valtype_index` and `_name` say which */
};

WASM_API_EXTERN wasm_valkind_t vitrine_valtype_kind(const vitrine_valtype_t*);
/* These two are only meaningful for references. */
WASM_API_EXTERN bool vitrine_valtype_is_nullable(const vitrine_valtype_t*);
WASM_API_EXTERN vitrine_heap_kind_t vitrine_valtype_heap(const vitrine_valtype_t*);
/* The index in the type index space of the module. False if it is not a defined type. */
WASM_API_EXTERN bool vitrine_valtype_index(const vitrine_valtype_t*, uint32_t* out);
/* The name of the defined type, from the name section. Empty if it has none. */
WASM_API_EXTERN const wasm_name_t* vitrine_valtype_name(const vitrine_valtype_t*);
/* In the text format: `i32`, `externref`, `(ref null $point)`, `(ref 3)`. */
WASM_API_EXTERN const wasm_name_t* vitrine_valtype_text(const vitrine_valtype_t*);

/* ---------------------------------------------------------------------------------------------- *
 * Private entities of instances
 * ---------------------------------------------------------------------------------------------- */

typedef struct vitrine_instance_vec_t {
    size_t size;
    wasm_instance_t** data;
} vitrine_instance_vec_t;
WASM_API_EXTERN void vitrine_instance_vec_delete(vitrine_instance_vec_t*);
/* All instances, in the order of their creation. */
WASM_API_EXTERN own vitrine_error_t* vitrine_store_debug_instances(
    const wasm_store_t*, own vitrine_instance_vec_t* out);

/* Every entity by its index in the index spaces of the instance, which include imports, or by its
 * name as `vitrine_module_find` takes it. The reference is the same (`wasm_func_same`) as
 * one that an export gives. Null if there is no such entity.
 *
 * `memory` returns memories that are not shared, `shared_memory` shared ones: the guest may write
 * to these at any time. A tag is a `wasm_extern_t` of kind VITRINE_EXTERN_TAG. */
#define VITRINE_PRIVATE(name, type)                                             \
    WASM_API_EXTERN own wasm_##type##_t* vitrine_instance_debug_##name(         \
        const wasm_instance_t*, uint32_t index);                                \
    WASM_API_EXTERN own wasm_##type##_t* vitrine_instance_debug_##name##_named( \
        const wasm_instance_t*, const char* name);
VITRINE_PRIVATE(func, func)
VITRINE_PRIVATE(global, global)
VITRINE_PRIVATE(memory, memory)
VITRINE_PRIVATE(shared_memory, memory)
VITRINE_PRIVATE(table, table)
VITRINE_PRIVATE(tag, extern)
#undef VITRINE_PRIVATE
/* An entity of any kind, also a shared memory. */
WASM_API_EXTERN own wasm_extern_t* vitrine_instance_debug_extern(
    const wasm_instance_t*, wasm_externkind_t, uint32_t index);

/* Sets a global even if it is immutable. Fails if the value is of another type. */
WASM_API_EXTERN own vitrine_error_t* vitrine_global_debug_set(wasm_global_t*, const vitrine_val_t*);

/* ---------------------------------------------------------------------------------------------- *
 * Places and expressions
 * ---------------------------------------------------------------------------------------------- */

/* State of a guest that can be watched. */
VITRINE_OPAQUE(place)

typedef uint8_t vitrine_place_kind_t;
enum vitrine_place_kind_enum {
    VITRINE_PLACE_MEMORY, /* bytes of a memory */
    VITRINE_PLACE_GLOBAL,
    VITRINE_PLACE_TABLE, /* an element of a table */
    VITRINE_PLACE_LOCAL, /* a local of a frame */
};

/* Null only if there is no memory. Whether the place exists is checked when it is watched. */
WASM_API_EXTERN own vitrine_place_t* vitrine_place_new_memory(
    const wasm_memory_t*, uint64_t address, uint64_t size);
WASM_API_EXTERN own vitrine_place_t* vitrine_place_new_global(const wasm_global_t*);
WASM_API_EXTERN own vitrine_place_t* vitrine_place_new_table(const wasm_table_t*, uint64_t index);

WASM_API_EXTERN vitrine_place_kind_t vitrine_place_kind(const vitrine_place_t*);
/* The memory, global or table. Null for a local. */
WASM_API_EXTERN own wasm_extern_t* vitrine_place_extern(const vitrine_place_t*);
/* The address in the memory, the index in the table, or the index of the local. 0 for a global. */
WASM_API_EXTERN uint64_t vitrine_place_index(const vitrine_place_t*);
/* The number of bytes in the memory. 0 for other kinds. */
WASM_API_EXTERN uint64_t vitrine_place_size(const vitrine_place_t*);

/* Expressions (docs/expressions.md) over the globals, memories and tables of an instance, for when
 * there is no frame. `vitrine_error_offset` of an error is a position in the text of the
 * expression. */

WASM_API_EXTERN own vitrine_error_t* vitrine_instance_debug_evaluate(
    const wasm_instance_t*, const char* expression, own vitrine_val_t* out);
/* The value as text. The expression may also be a string, such as `cstr[1024]`. */
WASM_API_EXTERN own vitrine_error_t* vitrine_instance_debug_text_of(
    const wasm_instance_t*, const char* expression, own wasm_byte_vec_t* out);
/* Runs `place = expression`, or a compound assignment such as `+=`. */
WASM_API_EXTERN own vitrine_error_t* vitrine_instance_debug_assign(
    const wasm_instance_t*, const char* assignment);
/* The place that an expression names: a global, `i32[1024]`, `table[2]`. */
WASM_API_EXTERN own vitrine_error_t* vitrine_instance_debug_place(
    const wasm_instance_t*, const char* expression, own vitrine_place_t** out);

#undef own

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* VITRINE_DEBUG_H */
