/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Errors, what more there is to know about traps, and what all parts of vitrine.h share.
 *
 * What wasm.h says about ownership, threads and callbacks holds here, too. In addition:
 *
 * Errors. A function that can fail returns a `vitrine_error_t`, which is null after success. What it
 * was to return is in parameters named `out`. They are not changed after a failure. Null where it is
 * not allowed ends the process with a message that names the function and the parameter. Other
 * mistakes, such as values of a wrong kind, are errors. If there is no memory, the error says so.
 *
 * Texts. A `const char*` is a text that ends with a zero. Texts that the library returns as
 * `wasm_byte_vec_t` are followed by a zero that their size does not count, so that `data` can be
 * printed. All are in UTF-8.
 *
 * Structs that begin with `size_t size` may get more members in later versions. The caller sets
 * `size` to the size of the struct. The library only uses the members that fit into it. Members that
 * do not fit have their default.
 */
#ifndef VITRINE_ERROR_H
#define VITRINE_ERROR_H

#include <wasm.h>

#ifdef __cplusplus
extern "C" {
#endif

#define own

/* An opaque type and the function that deletes an object of it. */
#define VITRINE_OPAQUE(name)                              \
    typedef struct vitrine_##name##_t vitrine_##name##_t; \
    WASM_API_EXTERN void vitrine_##name##_delete(vitrine_##name##_t*);

/* A vector that the library fills. `star` is `*` if its elements are pointers. `delete` deletes the
 * elements, too. The vector is empty afterwards. */
#define VITRINE_VECTOR(name, star)          \
    typedef struct vitrine_##name##_vec_t { \
        size_t size;                        \
        vitrine_##name##_t star* data;      \
    } vitrine_##name##_vec_t;               \
    WASM_API_EXTERN void vitrine_##name##_vec_delete(vitrine_##name##_vec_t*);

/* ---------------------------------------------------------------------------------------------- *
 * Errors
 * ---------------------------------------------------------------------------------------------- */

/* Why an operation failed: it was refused, or the guest trapped. Usable from any thread. */
VITRINE_OPAQUE(error)

/* An error for a callback to return. The guest gets a trap with this message. Never null. */
WASM_API_EXTERN own vitrine_error_t* vitrine_error_new(const char* message);
/* The same for a callback that ends the guest. The call of the guest ends with an error that has this
 * exit status. */
WASM_API_EXTERN own vitrine_error_t* vitrine_error_new_exit(int status);
/* The same for a callback that passes a trap on. If the trap is an uncaught exception, the exception is
 * thrown again. */
WASM_API_EXTERN own vitrine_error_t* vitrine_error_new_trap(const wasm_trap_t*);

/* What is wrong, in one line. For a trap, it begins with the wording of the specification. */
WASM_API_EXTERN void vitrine_error_message(const vitrine_error_t*, own wasm_byte_vec_t* out);
/* The message and, if it is known, the offset, for users to read: `(at offset 0x1f)` in a file,
 * `(at position 3)` in a text. */
WASM_API_EXTERN void vitrine_error_to_text(const vitrine_error_t*, own wasm_byte_vec_t* out);
/* The byte offset in the file, or in the text, that was refused. False if it is not known. */
WASM_API_EXTERN bool vitrine_error_offset(const vitrine_error_t*, uint64_t* out);
/* Whether that is a position in a text that was passed in: an expression, a condition, the message of a
 * breakpoint, or a value of a component. */
WASM_API_EXTERN bool vitrine_error_is_in_text(const vitrine_error_t*);
/* The trap if the guest trapped, otherwise null. It belongs to the store of the guest. */
WASM_API_EXTERN own wasm_trap_t* vitrine_error_trap(const vitrine_error_t*);
/* The exit status if the guest asked to exit, as with `proc_exit` of WASI; otherwise false. */
WASM_API_EXTERN bool vitrine_error_exit_status(const vitrine_error_t*, int* out);

/* ---------------------------------------------------------------------------------------------- *
 * Traps
 * ---------------------------------------------------------------------------------------------- */

typedef uint8_t vitrine_trap_kind_t;
enum vitrine_trap_kind_enum {
    VITRINE_TRAP_NONE, /* the guest has not trapped: a call was refused */
    VITRINE_TRAP_UNREACHABLE,
    VITRINE_TRAP_MEMORY_OUT_OF_BOUNDS,
    VITRINE_TRAP_TABLE_OUT_OF_BOUNDS,
    VITRINE_TRAP_UNDEFINED_ELEMENT,
    VITRINE_TRAP_UNINITIALIZED_ELEMENT,
    VITRINE_TRAP_INDIRECT_CALL_TYPE_MISMATCH,
    VITRINE_TRAP_INTEGER_DIVIDE_BY_ZERO,
    VITRINE_TRAP_INTEGER_OVERFLOW,
    VITRINE_TRAP_INVALID_CONVERSION_TO_INTEGER,
    VITRINE_TRAP_STACK_OVERFLOW,
    VITRINE_TRAP_NULL_REFERENCE,
    VITRINE_TRAP_NULL_FUNCTION,
    VITRINE_TRAP_NULL_STRUCT,
    VITRINE_TRAP_NULL_ARRAY,
    VITRINE_TRAP_NULL_I31,
    VITRINE_TRAP_NULL_EXCEPTION,
    VITRINE_TRAP_ARRAY_OUT_OF_BOUNDS,
    VITRINE_TRAP_CAST_FAILURE,
    VITRINE_TRAP_UNALIGNED_ATOMIC,
    VITRINE_TRAP_NOT_SHARED,
    VITRINE_TRAP_OUT_OF_MEMORY,      /* the heap is full, or the host has no memory left */
    VITRINE_TRAP_UNCAUGHT_EXCEPTION, /* the guest threw an exception and no handler caught it */
    VITRINE_TRAP_INTERRUPTED,        /* an interrupter ended the guest */
    VITRINE_TRAP_HOST_ERROR,         /* a function of the host failed */
    VITRINE_TRAP_EXIT,               /* the guest asked to exit */
    VITRINE_TRAP_KILLED,             /* a debugger killed the guest */
};

WASM_API_EXTERN vitrine_trap_kind_t vitrine_trap_kind(const wasm_trap_t*);

/* The name of a frame's function, from the name section, the exports or the imports. Empty if it has
 * none. */
WASM_API_EXTERN void vitrine_frame_func_name(const wasm_frame_t*, own wasm_name_t* out);
/* The name of its module, from the name section. Empty if it has none. */
WASM_API_EXTERN void vitrine_frame_module_name(const wasm_frame_t*, own wasm_name_t* out);

#undef own

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* VITRINE_ERROR_H */
