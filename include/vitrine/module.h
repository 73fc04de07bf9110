/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Modules: how they are loaded, with errors that say why one was refused and where, and what is in them.
 * All functions here may be used with the default configuration.
 */
#ifndef VITRINE_MODULE_H
#define VITRINE_MODULE_H

#include <vitrine/error.h>

#ifdef __cplusplus
extern "C" {
#endif

#define own

/* ---------------------------------------------------------------------------------------------- *
 * Loading
 * ---------------------------------------------------------------------------------------------- */

/* Decodes and validates a binary. The bytes are copied. An error has the offset in them. */
WASM_API_EXTERN own vitrine_error_t* vitrine_module_new(
    wasm_store_t*, const void* bytes, size_t size, own wasm_module_t** out);
WASM_API_EXTERN own vitrine_error_t* vitrine_module_from_file(
    wasm_store_t*, const char* path, own wasm_module_t** out);
/* Loads a module from part of a file: `size` bytes from `offset`, or everything up to the end of the
 * file for `UINT64_MAX`. Reads only those bytes. */
WASM_API_EXTERN own vitrine_error_t* vitrine_module_from_part_of_file(
    wasm_store_t*, const char* path, uint64_t offset, uint64_t size, own wasm_module_t** out);
/* Loads a module from memory without a copy. The bytes must not change until the finalizer is called
 * with `env`, which happens when nothing needs them any more, on any thread. It is called in any case,
 * also after a failure. `file_offset` is where the module begins in its file. */
WASM_API_EXTERN own vitrine_error_t* vitrine_module_from_memory(wasm_store_t*, const void* bytes, size_t size,
    uint64_t file_offset, void* env, void (*finalizer)(void*), own wasm_module_t** out);
/* Like `wasm_module_deserialize`, but says what is wrong. */
WASM_API_EXTERN own vitrine_error_t* vitrine_module_deserialize(
    wasm_store_t*, const void* bytes, size_t size, own wasm_module_t** out);

/* ---------------------------------------------------------------------------------------------- *
 * Description
 * ---------------------------------------------------------------------------------------------- */

/* From the name section. Empty if the module has none. */
WASM_API_EXTERN void vitrine_module_name(const wasm_module_t*, own wasm_name_t* out);
/* The offset of the module in its file; 0 unless it is part of a larger one. All other offsets (of
 * functions, frames and traps) are from the first byte of the module. Only those of loading errors are
 * from the start of the file. */
WASM_API_EXTERN uint64_t vitrine_module_file_offset(const wasm_module_t*);
/* The bytes of the module. Valid as long as a reference to it exists. Null if the engine is not
 * configured with `guest_debug`. */
WASM_API_EXTERN const void* vitrine_module_bytecode(const wasm_module_t*, size_t* size);
/* Whether a frame of a backtrace belongs to this module. */
WASM_API_EXTERN bool vitrine_module_owns(const wasm_module_t*, const wasm_frame_t*);

/* The kind of a tag. wasm.h has those of all other entities. */
enum vitrine_externkind_enum {
    VITRINE_EXTERN_TAG = 4,
};

/* Sizes of a memory in pages, or of a table in elements. A page has 64 KiB unless the module uses
 * `custom-page-sizes`. */
typedef struct vitrine_limits_t {
    uint64_t min;
    uint64_t max; /* only if `has_max` */
    bool has_max;
    bool is_64;     /* whether addresses or indices have 64 bits */
    bool is_shared; /* only for memories */
} vitrine_limits_t;

typedef struct vitrine_name_vec_t {
    size_t size;
    wasm_name_t* data;
} vitrine_name_vec_t;
WASM_API_EXTERN void vitrine_name_vec_delete(own vitrine_name_vec_t*);

/* An entity of a module. */
typedef struct vitrine_entity_t {
    size_t size;
    uint32_t index;
    wasm_name_t name; /* from the name section; empty if it has none */
    bool is_imported;
    wasm_name_t import_module; /* the names that it is imported by */
    wasm_name_t import_name;
    vitrine_name_vec_t exports; /* the names that it is exported under */
    /* The exact type in the text format: of a function or tag, such as `(param i32) (result i64)`; of
     * the value of a global or the elements of a table, such as `(ref null $point)`. Empty for memories. */
    wasm_byte_vec_t type;
    bool is_mutable;         /* only for globals */
    vitrine_limits_t limits; /* only for memories and tables */
    /* Where the body of a function is in the module, in bytes: from the declarations of its locals to
     * just after its end. 0 for imports. */
    uint32_t offset;
    uint32_t end;
} vitrine_entity_t;
/* Deletes what is in it, but not the struct. */
WASM_API_EXTERN void vitrine_entity_delete(own vitrine_entity_t*);

/* The number of entities of a kind. In each index space imports come first. */
WASM_API_EXTERN uint32_t vitrine_module_count(const wasm_module_t*, wasm_externkind_t kind);
/* The index of the entity of a kind that has this name in the name section or, if there is none, that is
 * exported under it or, if there is none either, imported under it. False if there is none, or if there are
 * several. The first call for a module sorts its names; later ones take logarithmic time. */
WASM_API_EXTERN bool vitrine_module_find(
    const wasm_module_t*, wasm_externkind_t kind, const char* name, uint32_t* index);
/* Describes the entity of a kind that has this index. The caller sets `out->size`. Fails if there is
 * none. */
WASM_API_EXTERN own vitrine_error_t* vitrine_module_entity(
    const wasm_module_t*, wasm_externkind_t kind, uint32_t index, own vitrine_entity_t* out);
/* The function whose body contains this byte offset of the module. Fails if there is none. */
WASM_API_EXTERN own vitrine_error_t* vitrine_module_func_at(
    const wasm_module_t*, uint32_t offset, own vitrine_entity_t* out);

/* A custom section. */
typedef struct vitrine_custom_section_t {
    wasm_name_t name;
    /* Its contents without the name, `size` bytes. Part of the bytes of the module: valid as long as a
     * reference to it exists. */
    const void* bytes;
    size_t size;
    uint32_t offset; /* where `bytes` are in the module */
} vitrine_custom_section_t;
VITRINE_VECTOR(custom_section, )
/* All custom sections, in the order of the file, also several of the same name. */
WASM_API_EXTERN own vitrine_error_t* vitrine_module_custom_sections(
    const wasm_module_t*, own vitrine_custom_section_vec_t* out);

#undef own

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* VITRINE_MODULE_H */
