/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * The standard C API of WebAssembly, as Vitrine implements it. Programs written for another
 * engine's header of this name compile and run unchanged.
 *
 * Interface: https://github.com/WebAssembly/wasm-c-api
 *
 * Ownership. A parameter or result marked `own` changes hands: the receiver deletes it with the
 * `_delete` function of its type, and the giver must not use it again. Everything else stays with
 * its owner. An `own` vector is owned with its elements. A parameter `out` is memory of the caller
 * that the function fills with something owned, without reading what was there.
 *
 * References (`wasm_func_t`, `wasm_instance_t` and so on) are handles. Deleting one does not delete
 * what it refers to, and copies of one refer to the same entity. Entities live as long as their
 * store. When the store is gone, what a reference is used for fails as described below, and the
 * reference can still be deleted.
 *
 * Errors. A function that returns a pointer returns null when it fails, and a function that returns
 * `bool` returns false. Running out of memory is such a failure; an `out` vector is empty then.
 * Where the standard says that behaviour is undefined and nothing can be returned (null pointers
 * that it does not allow, values of a wrong kind, a write to an immutable global), the process ends
 * with a message that names the function and the argument. Null is allowed where the comments say
 * so, and for every `_delete`.
 *
 * Threads. An engine and shared modules may be used from any thread. A store, and everything that
 * was made from it, may be used by one thread at a time.
 *
 * Callbacks must return: leaving one by `longjmp` is undefined. A C++ exception that leaves one
 * becomes a trap.
 */
#ifndef WASM_H
#define WASM_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifndef WASM_API_EXTERN
#  define WASM_API_EXTERN __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Marks what changes hands. See above. */
#define own

typedef char byte_t;
typedef float float32_t;
typedef double float64_t;

/* ---------------------------------------------------------------------------------------------- *
 * What many types have in common
 * ---------------------------------------------------------------------------------------------- */

/* An opaque type and the function that deletes an object of it. */
#define WASM_OPAQUE(name)                           \
    typedef struct wasm_##name##_t wasm_##name##_t; \
    WASM_API_EXTERN void wasm_##name##_delete(own wasm_##name##_t*);

/* A vector of `size` elements. `star` is `*` if they are pointers. All of these functions fill
 * `out`. `new_empty`: no elements. `new_uninitialized`: elements for the caller to set; pointers
 * are null, so that the vector can be deleted at any time. `new`: takes the elements of an array,
 * which remains the caller's. `copy`: copies the elements, too. `delete`: deletes the elements,
 * too; the vector is empty afterwards. */
#define WASM_VECTOR(name, star)                                                                            \
    typedef struct wasm_##name##_vec_t {                                                                   \
        size_t size;                                                                                       \
        wasm_##name##_t star* data;                                                                        \
    } wasm_##name##_vec_t;                                                                                 \
    WASM_API_EXTERN void wasm_##name##_vec_new_empty(own wasm_##name##_vec_t* out);                        \
    WASM_API_EXTERN void wasm_##name##_vec_new_uninitialized(own wasm_##name##_vec_t* out, size_t size);   \
    WASM_API_EXTERN void wasm_##name##_vec_new(                                                            \
        own wasm_##name##_vec_t* out, size_t size, own wasm_##name##_t star const data[]);                 \
    WASM_API_EXTERN void wasm_##name##_vec_copy(own wasm_##name##_vec_t* out, const wasm_##name##_vec_t*); \
    WASM_API_EXTERN void wasm_##name##_vec_delete(own wasm_##name##_vec_t*);

/* A description of a type. */
#define WASM_TYPE(name)  \
    WASM_OPAQUE(name)    \
    WASM_VECTOR(name, *) \
    WASM_API_EXTERN own wasm_##name##_t* wasm_##name##_copy(const wasm_##name##_t*);

/* A reference. `copy`: another reference to the same entity. `same`: whether both refer to the same
 * entity. The host information is a pointer that belongs to the entity, not to the reference; null
 * at first. Its finalizer is called with it when it is replaced or the entity ends, at the latest
 * with the store. */
#define WASM_REFERENCE_BASE(name)                                                            \
    WASM_OPAQUE(name)                                                                        \
    WASM_API_EXTERN own wasm_##name##_t* wasm_##name##_copy(const wasm_##name##_t*);         \
    WASM_API_EXTERN bool wasm_##name##_same(const wasm_##name##_t*, const wasm_##name##_t*); \
    WASM_API_EXTERN void* wasm_##name##_get_host_info(const wasm_##name##_t*);               \
    WASM_API_EXTERN void wasm_##name##_set_host_info(wasm_##name##_t*, void* info);          \
    WASM_API_EXTERN void wasm_##name##_set_host_info_with_finalizer(                         \
        wasm_##name##_t*, void* info, void (*finalizer)(void*));

/* A kind of reference. `as_ref` is the same reference as a general one, and `ref_as` the reverse,
 * which is null if the reference is of another kind. Neither makes a copy. */
#define WASM_REFERENCE(name)                                                              \
    WASM_REFERENCE_BASE(name)                                                             \
    WASM_API_EXTERN wasm_ref_t* wasm_##name##_as_ref(wasm_##name##_t*);                   \
    WASM_API_EXTERN wasm_##name##_t* wasm_ref_as_##name(wasm_ref_t*);                     \
    WASM_API_EXTERN const wasm_ref_t* wasm_##name##_as_ref_const(const wasm_##name##_t*); \
    WASM_API_EXTERN const wasm_##name##_t* wasm_ref_as_##name##_const(const wasm_ref_t*);

/* ---------------------------------------------------------------------------------------------- *
 * Bytes and names
 * ---------------------------------------------------------------------------------------------- */

typedef byte_t wasm_byte_t;
WASM_VECTOR(byte, )

/* A name is a vector of bytes in UTF-8, without a zero at the end unless said otherwise. */
typedef wasm_byte_vec_t wasm_name_t;

#define wasm_name wasm_byte_vec
#define wasm_name_new wasm_byte_vec_new
#define wasm_name_new_empty wasm_byte_vec_new_empty
#define wasm_name_new_uninitialized wasm_byte_vec_new_uninitialized
#define wasm_name_new_new_uninitialized wasm_byte_vec_new_uninitialized
#define wasm_name_copy wasm_byte_vec_copy
#define wasm_name_delete wasm_byte_vec_delete

static inline void wasm_name_new_from_string(own wasm_name_t* out, const char* text)
{
    wasm_name_new(out, strlen(text), text);
}

/* With the zero at the end. */
static inline void wasm_name_new_from_string_nt(own wasm_name_t* out, const char* text)
{
    wasm_name_new(out, strlen(text) + 1, text);
}

/* ---------------------------------------------------------------------------------------------- *
 * Engines and stores
 * ---------------------------------------------------------------------------------------------- */

/* The default configuration. The standard has no functions that change it. */
WASM_OPAQUE(config)
WASM_API_EXTERN own wasm_config_t* wasm_config_new(void);

WASM_OPAQUE(engine)
WASM_API_EXTERN own wasm_engine_t* wasm_engine_new(void);
/* Null if the configuration is invalid; the configuration is deleted in any case. Null for the
 * default one. */
WASM_API_EXTERN own wasm_engine_t* wasm_engine_new_with_config(own wasm_config_t*);

/* The engine may be deleted before its stores. */
WASM_OPAQUE(store)
WASM_API_EXTERN own wasm_store_t* wasm_store_new(wasm_engine_t*);

/* ---------------------------------------------------------------------------------------------- *
 * Types
 * ---------------------------------------------------------------------------------------------- */

typedef uint8_t wasm_mutability_t;
enum wasm_mutability_enum {
    WASM_CONST,
    WASM_VAR,
};

/* Sizes of a memory in pages of 64 KiB, or of a table in elements. */
typedef struct wasm_limits_t {
    uint32_t min;
    uint32_t max;
} wasm_limits_t;

/* No maximum. */
static const uint32_t wasm_limits_max_default = 0xffffffff;

WASM_TYPE(valtype)

/* Values of further kinds: 4 is v128, 130 anyref, 131 exnref. */
typedef uint8_t wasm_valkind_t;
enum wasm_valkind_enum {
    WASM_I32,
    WASM_I64,
    WASM_F32,
    WASM_F64,
    WASM_EXTERNREF = 128,
    WASM_FUNCREF,
};

WASM_API_EXTERN own wasm_valtype_t* wasm_valtype_new(wasm_valkind_t);
WASM_API_EXTERN wasm_valkind_t wasm_valtype_kind(const wasm_valtype_t*);

static inline bool wasm_valkind_is_num(wasm_valkind_t kind) { return kind < WASM_EXTERNREF; }
static inline bool wasm_valkind_is_ref(wasm_valkind_t kind) { return kind >= WASM_EXTERNREF; }
static inline bool wasm_valtype_is_num(const wasm_valtype_t* type)
{
    return wasm_valkind_is_num(wasm_valtype_kind(type));
}
static inline bool wasm_valtype_is_ref(const wasm_valtype_t* type)
{
    return wasm_valkind_is_ref(wasm_valtype_kind(type));
}

WASM_TYPE(functype)
WASM_API_EXTERN own wasm_functype_t* wasm_functype_new(
    own wasm_valtype_vec_t* params, own wasm_valtype_vec_t* results);
WASM_API_EXTERN const wasm_valtype_vec_t* wasm_functype_params(const wasm_functype_t*);
WASM_API_EXTERN const wasm_valtype_vec_t* wasm_functype_results(const wasm_functype_t*);

WASM_TYPE(globaltype)
WASM_API_EXTERN own wasm_globaltype_t* wasm_globaltype_new(own wasm_valtype_t* content, wasm_mutability_t);
WASM_API_EXTERN const wasm_valtype_t* wasm_globaltype_content(const wasm_globaltype_t*);
WASM_API_EXTERN wasm_mutability_t wasm_globaltype_mutability(const wasm_globaltype_t*);

WASM_TYPE(tabletype)
WASM_API_EXTERN own wasm_tabletype_t* wasm_tabletype_new(own wasm_valtype_t* element, const wasm_limits_t*);
WASM_API_EXTERN const wasm_valtype_t* wasm_tabletype_element(const wasm_tabletype_t*);
WASM_API_EXTERN const wasm_limits_t* wasm_tabletype_limits(const wasm_tabletype_t*);

WASM_TYPE(memorytype)
WASM_API_EXTERN own wasm_memorytype_t* wasm_memorytype_new(const wasm_limits_t*);
WASM_API_EXTERN const wasm_limits_t* wasm_memorytype_limits(const wasm_memorytype_t*);

WASM_TYPE(externtype)

typedef uint8_t wasm_externkind_t;
enum wasm_externkind_enum {
    WASM_EXTERN_FUNC,
    WASM_EXTERN_GLOBAL,
    WASM_EXTERN_TABLE,
    WASM_EXTERN_MEMORY,
};

WASM_API_EXTERN wasm_externkind_t wasm_externtype_kind(const wasm_externtype_t*);

/* The same type as a more general or more special one, without a copy. The special one is null if
 * the type is of another kind. */
#define WASM_EXTERN_TYPE(name)                                                                          \
    WASM_API_EXTERN wasm_externtype_t* wasm_##name##_as_externtype(wasm_##name##_t*);                   \
    WASM_API_EXTERN wasm_##name##_t* wasm_externtype_as_##name(wasm_externtype_t*);                     \
    WASM_API_EXTERN const wasm_externtype_t* wasm_##name##_as_externtype_const(const wasm_##name##_t*); \
    WASM_API_EXTERN const wasm_##name##_t* wasm_externtype_as_##name##_const(const wasm_externtype_t*);

WASM_EXTERN_TYPE(functype)
WASM_EXTERN_TYPE(globaltype)
WASM_EXTERN_TYPE(tabletype)
WASM_EXTERN_TYPE(memorytype)

WASM_TYPE(importtype)
WASM_API_EXTERN own wasm_importtype_t* wasm_importtype_new(
    own wasm_name_t* module, own wasm_name_t* name, own wasm_externtype_t*);
WASM_API_EXTERN const wasm_name_t* wasm_importtype_module(const wasm_importtype_t*);
WASM_API_EXTERN const wasm_name_t* wasm_importtype_name(const wasm_importtype_t*);
WASM_API_EXTERN const wasm_externtype_t* wasm_importtype_type(const wasm_importtype_t*);

WASM_TYPE(exporttype)
WASM_API_EXTERN own wasm_exporttype_t* wasm_exporttype_new(own wasm_name_t*, own wasm_externtype_t*);
WASM_API_EXTERN const wasm_name_t* wasm_exporttype_name(const wasm_exporttype_t*);
WASM_API_EXTERN const wasm_externtype_t* wasm_exporttype_type(const wasm_exporttype_t*);

/* ---------------------------------------------------------------------------------------------- *
 * Values
 * ---------------------------------------------------------------------------------------------- */

/* A v128 does not fit into it. */
struct wasm_ref_t;
typedef struct wasm_val_t {
    wasm_valkind_t kind;
    union {
        int32_t i32;
        int64_t i64;
        float32_t f32;
        float64_t f64;
        struct wasm_ref_t* ref; /* null for a null reference */
    } of;
} wasm_val_t;

/* Deletes the reference in it, if there is one. */
WASM_API_EXTERN void wasm_val_delete(own wasm_val_t*);
/* If there is no memory for the reference, it becomes null. */
WASM_API_EXTERN void wasm_val_copy(own wasm_val_t* out, const wasm_val_t*);
WASM_VECTOR(val, )

/* ---------------------------------------------------------------------------------------------- *
 * References, traps, foreign objects
 * ---------------------------------------------------------------------------------------------- */

WASM_REFERENCE_BASE(ref)

/* A guest function that was active when the guest trapped. */
WASM_OPAQUE(frame)
WASM_VECTOR(frame, *)
WASM_API_EXTERN own wasm_frame_t* wasm_frame_copy(const wasm_frame_t*);
/* Valid as long as the frame. Null if the instance could not be created, or the store is gone. */
WASM_API_EXTERN struct wasm_instance_t* wasm_frame_instance(const wasm_frame_t*);
WASM_API_EXTERN uint32_t wasm_frame_func_index(const wasm_frame_t*);
/* In bytes: of the instruction that trapped; in the callers, of the one after the call. From the
 * start of the function's body, which begins with the declarations of its locals. */
WASM_API_EXTERN size_t wasm_frame_func_offset(const wasm_frame_t*);
/* The same from the start of the module. */
WASM_API_EXTERN size_t wasm_frame_module_offset(const wasm_frame_t*);

/* A text with a zero at the end, which `size` includes. */
typedef wasm_name_t wasm_message_t;

WASM_REFERENCE(trap)
/* A trap for a callback to return. The zero at the end of the message may be missing. Never null: if
 * there is no memory, the trap says so. */
WASM_API_EXTERN own wasm_trap_t* wasm_trap_new(wasm_store_t*, const wasm_message_t*);
WASM_API_EXTERN void wasm_trap_message(const wasm_trap_t*, own wasm_message_t* out);
/* The innermost frame. Null if the guest was not running. */
WASM_API_EXTERN own wasm_frame_t* wasm_trap_origin(const wasm_trap_t*);
/* Innermost first. If the stack was very deep, the outermost frames are left out. */
WASM_API_EXTERN void wasm_trap_trace(const wasm_trap_t*, own wasm_frame_vec_t* out);

/* An object of the host, for its host information and for use as an externref. It lives as long as
 * the host or the guest has a reference to it. */
WASM_REFERENCE(foreign)
WASM_API_EXTERN own wasm_foreign_t* wasm_foreign_new(wasm_store_t*);

/* ---------------------------------------------------------------------------------------------- *
 * Modules
 * ---------------------------------------------------------------------------------------------- */

WASM_REFERENCE(module)
/* Null if the binary is invalid. */
WASM_API_EXTERN own wasm_module_t* wasm_module_new(wasm_store_t*, const wasm_byte_vec_t* binary);
WASM_API_EXTERN bool wasm_module_validate(wasm_store_t*, const wasm_byte_vec_t* binary);
WASM_API_EXTERN void wasm_module_imports(const wasm_module_t*, own wasm_importtype_vec_t* out);
WASM_API_EXTERN void wasm_module_exports(const wasm_module_t*, own wasm_exporttype_vec_t* out);
/* The bytes of the module behind a header that names the version of Vitrine and the features of
 * WebAssembly that the engine has. They are validated again when they are read. */
WASM_API_EXTERN void wasm_module_serialize(const wasm_module_t*, own wasm_byte_vec_t* out);
/* Null if the bytes come from another version, need a feature that the engine does not have, or
 * were damaged. */
WASM_API_EXTERN own wasm_module_t* wasm_module_deserialize(wasm_store_t*, const wasm_byte_vec_t*);

/* A module that other threads may use in stores of the same engine. */
WASM_OPAQUE(shared_module)
WASM_API_EXTERN own wasm_shared_module_t* wasm_module_share(const wasm_module_t*);
/* Null if the store belongs to another engine. */
WASM_API_EXTERN own wasm_module_t* wasm_module_obtain(wasm_store_t*, const wasm_shared_module_t*);

/* ---------------------------------------------------------------------------------------------- *
 * Functions, globals, tables, memories
 * ---------------------------------------------------------------------------------------------- */

WASM_REFERENCE(func)
/* Implements a function of the host. The arguments are the engine's; `results` has as many elements
 * as the type has results, for the callback to set. Returns null, or a trap that the guest gets. */
typedef own wasm_trap_t* (*wasm_func_callback_t)(const wasm_val_vec_t* args, own wasm_val_vec_t* results);
typedef own wasm_trap_t* (*wasm_func_callback_with_env_t)(
    void* env, const wasm_val_vec_t* args, own wasm_val_vec_t* results);

WASM_API_EXTERN own wasm_func_t* wasm_func_new(wasm_store_t*, const wasm_functype_t*, wasm_func_callback_t);
/* `env` is passed to the callback. The finalizer, if not null, is called with it when the function
 * ends, which is with the store. */
WASM_API_EXTERN own wasm_func_t* wasm_func_new_with_env(wasm_store_t*, const wasm_functype_t*,
    wasm_func_callback_with_env_t, void* env, void (*finalizer)(void*));
WASM_API_EXTERN own wasm_functype_t* wasm_func_type(const wasm_func_t*);
WASM_API_EXTERN size_t wasm_func_param_arity(const wasm_func_t*);
WASM_API_EXTERN size_t wasm_func_result_arity(const wasm_func_t*);
/* Calls the function. Returns null, or the trap that ended the call, also for arguments of a wrong
 * number or kind, or where there is no memory. `results` must have room for all results and is only
 * set after success. Either vector may be null where it would be empty. */
WASM_API_EXTERN own wasm_trap_t* wasm_func_call(
    const wasm_func_t*, const wasm_val_vec_t* args, own wasm_val_vec_t* results);

WASM_REFERENCE(global)
/* Null if the value has another type. */
WASM_API_EXTERN own wasm_global_t* wasm_global_new(
    wasm_store_t*, const wasm_globaltype_t*, const wasm_val_t*);
WASM_API_EXTERN own wasm_globaltype_t* wasm_global_type(const wasm_global_t*);
WASM_API_EXTERN void wasm_global_get(const wasm_global_t*, own wasm_val_t* out);
WASM_API_EXTERN void wasm_global_set(wasm_global_t*, const wasm_val_t*);

WASM_REFERENCE(table)
typedef uint32_t wasm_table_size_t;
/* Elements are `init`, which may be null. */
WASM_API_EXTERN own wasm_table_t* wasm_table_new(wasm_store_t*, const wasm_tabletype_t*, wasm_ref_t* init);
WASM_API_EXTERN own wasm_tabletype_t* wasm_table_type(const wasm_table_t*);
/* Null for a null reference, and when the index is out of bounds. */
WASM_API_EXTERN own wasm_ref_t* wasm_table_get(const wasm_table_t*, wasm_table_size_t index);
WASM_API_EXTERN bool wasm_table_set(wasm_table_t*, wasm_table_size_t index, wasm_ref_t*);
WASM_API_EXTERN wasm_table_size_t wasm_table_size(const wasm_table_t*);
WASM_API_EXTERN bool wasm_table_grow(wasm_table_t*, wasm_table_size_t delta, wasm_ref_t* init);

WASM_REFERENCE(memory)
typedef uint32_t wasm_memory_pages_t;
static const size_t MEMORY_PAGE_SIZE = 0x10000;
WASM_API_EXTERN own wasm_memory_t* wasm_memory_new(wasm_store_t*, const wasm_memorytype_t*);
WASM_API_EXTERN own wasm_memorytype_t* wasm_memory_type(const wasm_memory_t*);
/* The contents. Valid until the guest is called or the memory grows. */
WASM_API_EXTERN byte_t* wasm_memory_data(wasm_memory_t*);
/* In bytes. */
WASM_API_EXTERN size_t wasm_memory_data_size(const wasm_memory_t*);
WASM_API_EXTERN wasm_memory_pages_t wasm_memory_size(const wasm_memory_t*);
WASM_API_EXTERN bool wasm_memory_grow(wasm_memory_t*, wasm_memory_pages_t delta);

/* What can be imported and exported. */
WASM_REFERENCE(extern)
WASM_VECTOR(extern, *)
WASM_API_EXTERN wasm_externkind_t wasm_extern_kind(const wasm_extern_t*);
WASM_API_EXTERN own wasm_externtype_t* wasm_extern_type(const wasm_extern_t*);

/* The same reference as a more general or more special one, without a copy. The special one is null
 * if the reference is of another kind. */
#define WASM_EXTERN(name)                                                                       \
    WASM_API_EXTERN wasm_extern_t* wasm_##name##_as_extern(wasm_##name##_t*);                   \
    WASM_API_EXTERN wasm_##name##_t* wasm_extern_as_##name(wasm_extern_t*);                     \
    WASM_API_EXTERN const wasm_extern_t* wasm_##name##_as_extern_const(const wasm_##name##_t*); \
    WASM_API_EXTERN const wasm_##name##_t* wasm_extern_as_##name##_const(const wasm_extern_t*);

WASM_EXTERN(func)
WASM_EXTERN(global)
WASM_EXTERN(table)
WASM_EXTERN(memory)

/* ---------------------------------------------------------------------------------------------- *
 * Instances
 * ---------------------------------------------------------------------------------------------- */

WASM_REFERENCE(instance)
/* Creates an instance with an entity for each import, in the order of `wasm_module_imports`, and
 * runs its start function. When it returns null, the trap says why; it may be null if the caller
 * does not want to know. */
WASM_API_EXTERN own wasm_instance_t* wasm_instance_new(
    wasm_store_t*, const wasm_module_t*, const wasm_extern_vec_t* imports, own wasm_trap_t** trap);
/* In the order of `wasm_module_exports`. */
WASM_API_EXTERN void wasm_instance_exports(const wasm_instance_t*, own wasm_extern_vec_t* out);

/* ---------------------------------------------------------------------------------------------- *
 * Short forms
 * ---------------------------------------------------------------------------------------------- */

#define WASM_EMPTY_VEC { 0, NULL }
#define WASM_ARRAY_VEC(array) { sizeof(array) / sizeof(*(array)), array }

static inline own wasm_valtype_t* wasm_valtype_new_i32(void) { return wasm_valtype_new(WASM_I32); }
static inline own wasm_valtype_t* wasm_valtype_new_i64(void) { return wasm_valtype_new(WASM_I64); }
static inline own wasm_valtype_t* wasm_valtype_new_f32(void) { return wasm_valtype_new(WASM_F32); }
static inline own wasm_valtype_t* wasm_valtype_new_f64(void) { return wasm_valtype_new(WASM_F64); }
static inline own wasm_valtype_t* wasm_valtype_new_externref(void)
{
    return wasm_valtype_new(WASM_EXTERNREF);
}
static inline own wasm_valtype_t* wasm_valtype_new_funcref(void) { return wasm_valtype_new(WASM_FUNCREF); }

/* The function type with the first `param_count` and `result_count` elements of two arrays. */
static inline own wasm_functype_t* wasm_functype_new_of(size_t param_count,
    own wasm_valtype_t* const params[], size_t result_count, own wasm_valtype_t* const results[])
{
    wasm_valtype_vec_t param_vec, result_vec;
    wasm_valtype_vec_new(&param_vec, param_count, params);
    wasm_valtype_vec_new(&result_vec, result_count, results);
    if (param_vec.size == param_count && result_vec.size == result_count)
        return wasm_functype_new(&param_vec, &result_vec);
    /* There is no memory. */
    wasm_valtype_vec_delete(&param_vec);
    wasm_valtype_vec_delete(&result_vec);
    return NULL;
}

static inline own wasm_functype_t* wasm_functype_new_0_0(void)
{
    return wasm_functype_new_of(0, NULL, 0, NULL);
}
static inline own wasm_functype_t* wasm_functype_new_1_0(own wasm_valtype_t* p)
{
    return wasm_functype_new_of(1, &p, 0, NULL);
}
static inline own wasm_functype_t* wasm_functype_new_2_0(own wasm_valtype_t* p1, own wasm_valtype_t* p2)
{
    wasm_valtype_t* params[2] = { p1, p2 };
    return wasm_functype_new_of(2, params, 0, NULL);
}
static inline own wasm_functype_t* wasm_functype_new_3_0(
    own wasm_valtype_t* p1, own wasm_valtype_t* p2, own wasm_valtype_t* p3)
{
    wasm_valtype_t* params[3] = { p1, p2, p3 };
    return wasm_functype_new_of(3, params, 0, NULL);
}
static inline own wasm_functype_t* wasm_functype_new_0_1(own wasm_valtype_t* r)
{
    return wasm_functype_new_of(0, NULL, 1, &r);
}
static inline own wasm_functype_t* wasm_functype_new_1_1(own wasm_valtype_t* p, own wasm_valtype_t* r)
{
    return wasm_functype_new_of(1, &p, 1, &r);
}
static inline own wasm_functype_t* wasm_functype_new_2_1(
    own wasm_valtype_t* p1, own wasm_valtype_t* p2, own wasm_valtype_t* r)
{
    wasm_valtype_t* params[2] = { p1, p2 };
    return wasm_functype_new_of(2, params, 1, &r);
}
static inline own wasm_functype_t* wasm_functype_new_3_1(
    own wasm_valtype_t* p1, own wasm_valtype_t* p2, own wasm_valtype_t* p3, own wasm_valtype_t* r)
{
    wasm_valtype_t* params[3] = { p1, p2, p3 };
    return wasm_functype_new_of(3, params, 1, &r);
}
static inline own wasm_functype_t* wasm_functype_new_0_2(own wasm_valtype_t* r1, own wasm_valtype_t* r2)
{
    wasm_valtype_t* results[2] = { r1, r2 };
    return wasm_functype_new_of(0, NULL, 2, results);
}
static inline own wasm_functype_t* wasm_functype_new_1_2(
    own wasm_valtype_t* p, own wasm_valtype_t* r1, own wasm_valtype_t* r2)
{
    wasm_valtype_t* results[2] = { r1, r2 };
    return wasm_functype_new_of(1, &p, 2, results);
}
static inline own wasm_functype_t* wasm_functype_new_2_2(
    own wasm_valtype_t* p1, own wasm_valtype_t* p2, own wasm_valtype_t* r1, own wasm_valtype_t* r2)
{
    wasm_valtype_t* params[2] = { p1, p2 };
    wasm_valtype_t* results[2] = { r1, r2 };
    return wasm_functype_new_of(2, params, 2, results);
}
static inline own wasm_functype_t* wasm_functype_new_3_2(own wasm_valtype_t* p1, own wasm_valtype_t* p2,
    own wasm_valtype_t* p3, own wasm_valtype_t* r1, own wasm_valtype_t* r2)
{
    wasm_valtype_t* params[3] = { p1, p2, p3 };
    wasm_valtype_t* results[2] = { r1, r2 };
    return wasm_functype_new_of(3, params, 2, results);
}

/* A pointer of the host as an integer of the guest. */
static inline void wasm_val_init_ptr(own wasm_val_t* out, void* pointer)
{
    out->kind = WASM_I64;
    out->of.i64 = (int64_t)(intptr_t)pointer;
}
static inline void* wasm_val_ptr(const wasm_val_t* val) { return (void*)(intptr_t)val->of.i64; }

/* Initialisers of a `wasm_val_t`. */
#define WASM_I32_VAL(value)                     \
    {                                           \
        .kind = WASM_I32, .of = {.i32 = value } \
    }
#define WASM_I64_VAL(value)                     \
    {                                           \
        .kind = WASM_I64, .of = {.i64 = value } \
    }
#define WASM_F32_VAL(value)                     \
    {                                           \
        .kind = WASM_F32, .of = {.f32 = value } \
    }
#define WASM_F64_VAL(value)                     \
    {                                           \
        .kind = WASM_F64, .of = {.f64 = value } \
    }
#define WASM_REF_VAL(value)                           \
    {                                                 \
        .kind = WASM_EXTERNREF, .of = {.ref = value } \
    }
#define WASM_INIT_VAL                                \
    {                                                \
        .kind = WASM_EXTERNREF, .of = {.ref = NULL } \
    }

#undef own
#undef WASM_OPAQUE
#undef WASM_VECTOR
#undef WASM_TYPE
#undef WASM_REFERENCE_BASE
#undef WASM_REFERENCE
#undef WASM_EXTERN_TYPE
#undef WASM_EXTERN

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* WASM_H */
