/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Components: loading, linking and calling them.
 *
 * A value is made from text in the WebAssembly value encoding (WAVE), such as `{name: "x", tags: [1, 2]}`,
 * from a number, from bytes, or from its parts. It is read the same ways.
 */
#ifndef VITRINE_COMPONENT_H
#define VITRINE_COMPONENT_H

#include <vitrine/error.h>

#ifdef __cplusplus
extern "C" {
#endif

#define own

/* ---------------------------------------------------------------------------------------------- *
 * Components
 * ---------------------------------------------------------------------------------------------- */

/* A validated component. Usable from any thread. */
VITRINE_OPAQUE(component)
/* Whether the bytes begin like a component, and not like a module. */
WASM_API_EXTERN bool vitrine_is_component(const void* bytes, size_t size);
/* Decodes and validates a binary. The bytes are copied. An error has the offset in them. */
WASM_API_EXTERN own vitrine_error_t* vitrine_component_new(
    const wasm_engine_t*, const void* bytes, size_t size, own vitrine_component_t** out);
WASM_API_EXTERN own vitrine_error_t* vitrine_component_from_file(
    const wasm_engine_t*, const char* path, own vitrine_component_t** out);
/* Loads a component from part of a file: `size` bytes from `offset`, or everything up to the end of the
 * file for `UINT64_MAX`. */
WASM_API_EXTERN own vitrine_error_t* vitrine_component_from_part_of_file(
    const wasm_engine_t*, const char* path, uint64_t offset, uint64_t size, own vitrine_component_t** out);
/* Whether both are the same component, not only equal ones. */
WASM_API_EXTERN bool vitrine_component_same(const vitrine_component_t*, const vitrine_component_t*);
/* Imports and exports in WIT. */
WASM_API_EXTERN void vitrine_component_to_text(const vitrine_component_t*, own wasm_byte_vec_t* out);

/* An import or export. */
typedef struct vitrine_component_extern_t {
    wasm_name_t name; /* `test:calc/ops@0.1.0`, `run` */
    wasm_name_t kind; /* `func`, `instance`, `type`, `module` or `component` */
} vitrine_component_extern_t;
VITRINE_VECTOR(component_extern, )
WASM_API_EXTERN void vitrine_component_imports(
    const vitrine_component_t*, own vitrine_component_extern_vec_t* out);
WASM_API_EXTERN void vitrine_component_exports(
    const vitrine_component_t*, own vitrine_component_extern_vec_t* out);

/* ---------------------------------------------------------------------------------------------- *
 * Types
 * ---------------------------------------------------------------------------------------------- */

typedef uint8_t vitrine_component_kind_t;
enum vitrine_component_kind_enum {
    VITRINE_COMPONENT_BOOL,
    VITRINE_COMPONENT_S8,
    VITRINE_COMPONENT_U8,
    VITRINE_COMPONENT_S16,
    VITRINE_COMPONENT_U16,
    VITRINE_COMPONENT_S32,
    VITRINE_COMPONENT_U32,
    VITRINE_COMPONENT_S64,
    VITRINE_COMPONENT_U64,
    VITRINE_COMPONENT_F32,
    VITRINE_COMPONENT_F64,
    VITRINE_COMPONENT_CHAR,
    VITRINE_COMPONENT_STRING,
    VITRINE_COMPONENT_ERROR_CONTEXT,
    VITRINE_COMPONENT_LIST,
    VITRINE_COMPONENT_MAP, /* a list of pairs */
    VITRINE_COMPONENT_RECORD,
    VITRINE_COMPONENT_TUPLE,
    VITRINE_COMPONENT_VARIANT,
    VITRINE_COMPONENT_ENUM,
    VITRINE_COMPONENT_OPTION,
    VITRINE_COMPONENT_RESULT,
    VITRINE_COMPONENT_FLAGS,
    VITRINE_COMPONENT_OWN,
    VITRINE_COMPONENT_BORROW,
    VITRINE_COMPONENT_STREAM,
    VITRINE_COMPONENT_FUTURE,
};

/* A type of values. Keeps the component alive that it comes from. */
VITRINE_OPAQUE(component_type)
WASM_API_EXTERN vitrine_component_kind_t vitrine_component_type_kind(const vitrine_component_type_t*);
/* As in WIT: `result<list<u8>, error-code>`. */
WASM_API_EXTERN void vitrine_component_type_to_text(
    const vitrine_component_type_t*, own wasm_byte_vec_t* out);
/* The number of the fields of a record or tuple, of the cases of a variant, enum, option or result, or of
 * the labels of flags; 1 for the element of a list. Otherwise 0. */
WASM_API_EXTERN size_t vitrine_component_type_part_count(const vitrine_component_type_t*);
/* Such a part. `name` is empty for fields of tuples and elements of lists. `type` is null for labels, and
 * for cases without a payload. Either parameter may be null. False if there is no such part. */
WASM_API_EXTERN bool vitrine_component_type_part(const vitrine_component_type_t*, size_t index,
    own wasm_name_t* name, own vitrine_component_type_t** type);

/* ---------------------------------------------------------------------------------------------- *
 * Values
 * ---------------------------------------------------------------------------------------------- */

/* A value together with its type. */
VITRINE_OPAQUE(component_val)
/* Parses a value in WAVE. The offset of an error is a position in the text. */
WASM_API_EXTERN own vitrine_error_t* vitrine_component_val_parse(
    const vitrine_component_type_t*, const char* text, own vitrine_component_val_t** out);
/* A bool, an integer or a char of a type that has this value. For a u64, the same bits. */
WASM_API_EXTERN own vitrine_error_t* vitrine_component_val_from_int(
    const vitrine_component_type_t*, int64_t value, own vitrine_component_val_t** out);
/* An f32 or f64. */
WASM_API_EXTERN own vitrine_error_t* vitrine_component_val_from_float(
    const vitrine_component_type_t*, double value, own vitrine_component_val_t** out);
/* A string in UTF-8, or a list of u8. The bytes are copied. */
WASM_API_EXTERN own vitrine_error_t* vitrine_component_val_from_bytes(
    const vitrine_component_type_t*, const void* bytes, size_t size, own vitrine_component_val_t** out);
/* A list of its elements, or a record or tuple of its fields in their order. Each is a value of the type of
 * that part. The parts are copied. */
WASM_API_EXTERN own vitrine_error_t* vitrine_component_val_from_parts(const vitrine_component_type_t*,
    const vitrine_component_val_t* const parts[], size_t part_count, own vitrine_component_val_t** out);
/* The case of this name of a variant, enum, option (`none`, `some`) or result (`ok`, `err`). `payload` is null
 * if the case has none, and is copied. */
WASM_API_EXTERN own vitrine_error_t* vitrine_component_val_from_case(const vitrine_component_type_t*,
    const char* name, const vitrine_component_val_t* payload, own vitrine_component_val_t** out);
/* A copy of a resource refers to the same resource. A copy of one that was borrowed delays its destructor,
 * although it cannot be used after the call. Null if there is no memory. */
WASM_API_EXTERN own vitrine_component_val_t* vitrine_component_val_copy(const vitrine_component_val_t*);
/* Null if there is no memory. */
WASM_API_EXTERN own vitrine_component_type_t* vitrine_component_val_type(const vitrine_component_val_t*);

/* In WAVE. A resource is written in angle brackets, which cannot be parsed. */
WASM_API_EXTERN void vitrine_component_val_to_text(const vitrine_component_val_t*, own wasm_byte_vec_t* out);
/* These fail if the value is of a kind that the function above which makes one does not take. */
WASM_API_EXTERN own vitrine_error_t* vitrine_component_val_to_int(
    const vitrine_component_val_t*, int64_t* out);
WASM_API_EXTERN own vitrine_error_t* vitrine_component_val_to_float(
    const vitrine_component_val_t*, double* out);
WASM_API_EXTERN own vitrine_error_t* vitrine_component_val_to_bytes(
    const vitrine_component_val_t*, own wasm_byte_vec_t* out);
/* How many elements a list has, or fields a record or tuple; 1 for a case with a payload. Otherwise 0. */
WASM_API_EXTERN size_t vitrine_component_val_size(const vitrine_component_val_t*);
/* The element or field with this number, or the payload of a case. Null if there is none. */
WASM_API_EXTERN own vitrine_component_val_t* vitrine_component_val_at(
    const vitrine_component_val_t*, size_t index);
/* The field of a record with this name. Null if there is none. */
WASM_API_EXTERN own vitrine_component_val_t* vitrine_component_val_field(
    const vitrine_component_val_t*, const char* name);
/* The name of the case of a variant, enum, option (`none`, `some`) or result (`ok`, `err`). Empty for
 * other kinds. */
WASM_API_EXTERN void vitrine_component_val_case_name(const vitrine_component_val_t*, own wasm_name_t* out);
/* Whether it is a resource that the host owns, so that it can be passed on or dropped. False for one that was
 * borrowed or has been passed on, and for other kinds. */
WASM_API_EXTERN bool vitrine_component_val_is_own(const vitrine_component_val_t*);
/* Drops a resource of a component that the host owns: its destructor runs. A resource that is not dropped
 * is not destroyed before its store. */
WASM_API_EXTERN own vitrine_error_t* vitrine_component_val_drop(
    wasm_store_t*, const vitrine_component_val_t*);

/* ---------------------------------------------------------------------------------------------- *
 * Resources of the host
 * ---------------------------------------------------------------------------------------------- */

/* A resource type that the host implements. Usable from any thread. Its resources keep it alive. */
VITRINE_OPAQUE(component_resource_type)
/* `destructor`, if not null, is called with `env` and the representation of each resource when its last owner
 * drops it, or at the end of the store; on any thread that uses the resource. It must not call the guest. The
 * finalizer, if not null, is called with `env` when nothing uses the type any more, or when this fails. */
WASM_API_EXTERN own vitrine_error_t* vitrine_component_resource_type_new(
    void (*destructor)(void* env, void* rep), void* env, void (*finalizer)(void*),
    own vitrine_component_resource_type_t** out);
/* A new resource with this representation, which may be null. If the type of the value is an `own`, the host
 * owns the resource until it is passed to a guest; if it is deleted first, it is dropped. If it is a `borrow`,
 * the resource is lent for the time of a call. After a failure, the destructor is not called. */
WASM_API_EXTERN own vitrine_error_t* vitrine_component_val_from_rep(const vitrine_component_type_t*,
    const vitrine_component_resource_type_t*, void* rep, own vitrine_component_val_t** out);
/* The representation of an `own` or `borrow` of this resource type. Fails if the value is anything else, if it
 * was passed to a guest as an `own`, and after the call that lent it. */
WASM_API_EXTERN own vitrine_error_t* vitrine_component_val_to_rep(
    const vitrine_component_val_t*, const vitrine_component_resource_type_t*, void** out);

/* ---------------------------------------------------------------------------------------------- *
 * Instances and functions
 * ---------------------------------------------------------------------------------------------- */

VITRINE_OPAQUE(component_instance)
VITRINE_OPAQUE(component_func)
/* An exported function: of the interface, such as `test:calc/ops@0.1.0`, or of the component itself if
 * `interface` is null. The version may be left out or be a compatible one. Null if there is none. */
WASM_API_EXTERN own vitrine_component_func_t* vitrine_component_instance_func(
    const vitrine_component_instance_t*, const char* interface, const char* name);
/* The core instance of this name, of this component or one nested in it: names from the name sections,
 * separated by slashes, or numbers. Null if there is none or the engine is not configured with
 * `guest_debug`. */
WASM_API_EXTERN own wasm_instance_t* vitrine_component_instance_core(
    const vitrine_component_instance_t*, const char* name);

/* The name of the core function that implements it. */
WASM_API_EXTERN void vitrine_component_func_name(const vitrine_component_func_t*, own wasm_name_t* out);
/* As in WIT: `func(name: string) -> u32`. */
WASM_API_EXTERN void vitrine_component_func_to_text(
    const vitrine_component_func_t*, own wasm_byte_vec_t* out);
/* Whether it is declared as `async func`. */
WASM_API_EXTERN bool vitrine_component_func_is_async(const vitrine_component_func_t*);
WASM_API_EXTERN size_t vitrine_component_func_param_count(const vitrine_component_func_t*);
/* Name and type of a parameter. Either pointer may be null. False if there is no such parameter. */
WASM_API_EXTERN bool vitrine_component_func_param(const vitrine_component_func_t*, size_t index,
    own wasm_name_t* name, own vitrine_component_type_t** type);
/* Null if the function returns nothing. */
WASM_API_EXTERN own vitrine_component_type_t* vitrine_component_func_result(const vitrine_component_func_t*);
/* Calls the function. `result`, which may be null, gets the empty tuple if the function returns nothing.
 * After a trap, the instance cannot be entered again. */
WASM_API_EXTERN own vitrine_error_t* vitrine_component_func_call(const vitrine_component_func_t*,
    const vitrine_component_val_t* const args[], size_t arg_count, own vitrine_component_val_t** result);

/* ---------------------------------------------------------------------------------------------- *
 * Linking
 * ---------------------------------------------------------------------------------------------- */

/* Resolves the imports of components, for all stores of its engine. A definition that failed is reported
 * by `vitrine_component_linker_instantiate`. The interface of a definition is named with its version, such
 * as `wasi:io/poll@0.2.0`, and serves imports of all compatible versions. If it is null, the definition
 * serves an import of the component itself. If stores on several threads use the linker, the callbacks
 * must be thread-safe. */
VITRINE_OPAQUE(component_linker)
WASM_API_EXTERN own vitrine_error_t* vitrine_component_linker_new(
    const wasm_engine_t*, own vitrine_component_linker_t** out);
/* Whether undefined functions and resource types may be imported. Calling such a function traps with a
 * message that names it. By default, an undefined import is an error. */
WASM_API_EXTERN void vitrine_component_linker_trap_unknown_functions(vitrine_component_linker_t*, bool trap);

/* What a function of the host can see of its caller. Valid during the call. */
typedef struct vitrine_component_caller_t vitrine_component_caller_t;
/* The instance that called. It cannot be entered before the call returns. Null if there is no memory. */
WASM_API_EXTERN own vitrine_component_instance_t* vitrine_component_caller_instance(
    const vitrine_component_caller_t*);
/* The store of that instance. It stays with the engine. */
WASM_API_EXTERN wasm_store_t* vitrine_component_caller_store(const vitrine_component_caller_t*);
/* The type under which the function is imported, as in WIT: `func(name: string) -> u32`. */
WASM_API_EXTERN void vitrine_component_caller_to_text(
    const vitrine_component_caller_t*, own wasm_byte_vec_t* out);
/* The type of the result that is expected. Null if there is none. */
WASM_API_EXTERN own vitrine_component_type_t* vitrine_component_caller_result(
    const vitrine_component_caller_t*);

/* Implements a function of the host. Its type is that of the import. The arguments stay with the engine.
 * Sets `result` to a value of the type `vitrine_component_caller_result`, or leaves it null if there is
 * none; anything else traps with a message that names the function. Returns null, or an error that becomes a
 * trap of the guest. */
typedef own vitrine_error_t* (*vitrine_component_callback_t)(void* env,
    const vitrine_component_caller_t* caller, const vitrine_component_val_t* const args[], size_t arg_count,
    own vitrine_component_val_t** result);
/* Defines a function of the host. The finalizer, if not null, is called with `env` when nothing uses the
 * function any more. */
WASM_API_EXTERN own vitrine_error_t* vitrine_component_linker_define_func(vitrine_component_linker_t*,
    const char* interface, const char* name, vitrine_component_callback_t callback, void* env,
    void (*finalizer)(void*));
/* Defines a resource type of the host. Definitions under several names may share one. */
WASM_API_EXTERN own vitrine_error_t* vitrine_component_linker_define_resource(vitrine_component_linker_t*,
    const char* interface, const char* name, const vitrine_component_resource_type_t*);
/* Defines a core module. */
WASM_API_EXTERN own vitrine_error_t* vitrine_component_linker_define_module(
    vitrine_component_linker_t*, const char* interface, const char* name, const wasm_module_t*);
/* Defines the exports of an instance, which belongs to one store: its interface `exported` satisfies the
 * import of the name `interface`. */
WASM_API_EXTERN own vitrine_error_t* vitrine_component_linker_define_instance(vitrine_component_linker_t*,
    const char* interface, const vitrine_component_instance_t*, const char* exported);

/* Makes an instance with all that is nested in it, and runs the start functions. */
WASM_API_EXTERN own vitrine_error_t* vitrine_component_linker_instantiate(const vitrine_component_linker_t*,
    wasm_store_t*, const vitrine_component_t*, own vitrine_component_instance_t** out);
/* A component whose imports a linker has resolved and checked, for many instances. Does not need the linker
 * any more. Usable from any thread. */
VITRINE_OPAQUE(prepared_component)
WASM_API_EXTERN own vitrine_error_t* vitrine_component_linker_prepare(
    const vitrine_component_linker_t*, const vitrine_component_t*, own vitrine_prepared_component_t** out);
/* The component that it was made from. Null if there is no memory. */
WASM_API_EXTERN own vitrine_component_t* vitrine_prepared_component_component(
    const vitrine_prepared_component_t*);
WASM_API_EXTERN own vitrine_error_t* vitrine_prepared_component_instantiate(
    const vitrine_prepared_component_t*, wasm_store_t*, own vitrine_component_instance_t** out);

/* Checks the imports of a component as `vitrine_component_linker_instantiate` does, but creates nothing
 * that can be used. */
WASM_API_EXTERN own vitrine_error_t* vitrine_component_linker_check(
    const vitrine_component_linker_t*, wasm_store_t*, const vitrine_component_t*);

#undef own

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* VITRINE_COMPONENT_H */
