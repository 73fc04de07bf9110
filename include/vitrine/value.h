/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Values of all kinds. A `wasm_val_t` has no room for a v128.
 */
#ifndef VITRINE_VALUE_H
#define VITRINE_VALUE_H

#include <vitrine/error.h>

#ifdef __cplusplus
extern "C" {
#endif

#define own

/* The kinds of values that wasm.h has no names for. */
enum vitrine_valkind_enum {
    VITRINE_V128 = 4,
    VITRINE_ANYREF = 130,
    VITRINE_EXNREF = 131,
};

/* A value. One with a reference owns it. */
typedef struct vitrine_val_t {
    wasm_valkind_t kind;
    union {
        int32_t i32;
        int64_t i64;
        float32_t f32;
        float64_t f64;
        uint8_t v128[16];       /* lowest byte first */
        struct wasm_ref_t* ref; /* null for a null reference */
    } of;
} vitrine_val_t;

/* Deletes the reference in it, if there is one. Null is allowed. */
WASM_API_EXTERN void vitrine_val_delete(own vitrine_val_t*);
/* The copy has a reference of its own to the same entity. */
WASM_API_EXTERN void vitrine_val_copy(own vitrine_val_t* out, const vitrine_val_t*);
VITRINE_VECTOR(val, )

/* The value as text. Integers are signed; floats have the fewest digits that identify them. References
 * are `null`, `func NAME`, `extern 0x..`, `i31 5`, `struct {1, null}`, `array[2] {1, 2}` or
 * `exception {7}`. Fails if there is no such kind, or the reference is of another. */
WASM_API_EXTERN own vitrine_error_t* vitrine_val_to_text(const vitrine_val_t*, own wasm_byte_vec_t* out);

/* The exact type of the value itself in the text format, such as `i32` or `(ref $point)`. For null, the
 * bottom type of its hierarchy, such as `nullref`. */
WASM_API_EXTERN own vitrine_error_t* vitrine_val_type(const vitrine_val_t*, own wasm_byte_vec_t* out);

/* ---------------------------------------------------------------------------------------------- *
 * What references refer to
 * ---------------------------------------------------------------------------------------------- */

/* The kinds of objects on the garbage-collected heap. */
typedef uint8_t vitrine_object_kind_t;
enum vitrine_object_kind_enum {
    VITRINE_OBJECT_STRUCT,
    VITRINE_OBJECT_ARRAY,
    VITRINE_OBJECT_EXCEPTION,
    VITRINE_OBJECT_EXTERN, /* data of the host that the guest converted to an anyref */
};

/* What kind of object a reference refers to. False if it is no object, such as a function. */
WASM_API_EXTERN bool vitrine_object_kind(const wasm_ref_t*, vitrine_object_kind_t* out);
/* The number of fields, elements or values of the exception. 0 if it is no object. */
WASM_API_EXTERN uint64_t vitrine_object_size(const wasm_ref_t*);
/* The exact type of a field, element or value in the text format. Packed types are reported as i32. */
WASM_API_EXTERN own vitrine_error_t* vitrine_object_part_type(
    const wasm_ref_t*, uint64_t index, own wasm_byte_vec_t* out);
/* A field, element or value. Packed values are zero-extended to i32. */
WASM_API_EXTERN own vitrine_error_t* vitrine_object_get(
    const wasm_ref_t*, uint64_t index, own vitrine_val_t* out);
/* Fails if the field or element is immutable or has another type. */
WASM_API_EXTERN own vitrine_error_t* vitrine_object_set(
    const wasm_ref_t*, uint64_t index, const vitrine_val_t*);

/* A reference of the type i31, for use as an anyref. The highest bit of `value` is dropped. Null if there
 * is no memory. */
WASM_API_EXTERN own wasm_ref_t* vitrine_i31_new(wasm_store_t*, int32_t value);
/* The number in a reference. False if it is no i31. */
WASM_API_EXTERN bool vitrine_i31_value(const wasm_ref_t*, int32_t* out);

/* The exception of a trap of the kind `VITRINE_TRAP_UNCAUGHT_EXCEPTION`, for use as an exnref. Otherwise
 * null. */
WASM_API_EXTERN own wasm_ref_t* vitrine_trap_exception(const wasm_trap_t*);

/* ---------------------------------------------------------------------------------------------- *
 * Short forms
 * ---------------------------------------------------------------------------------------------- */

/* Zero, or the null reference, of this kind. */
static inline vitrine_val_t vitrine_val_zero(wasm_valkind_t kind)
{
    vitrine_val_t val;
    memset(&val, 0, sizeof val);
    val.kind = kind;
    return val;
}
static inline vitrine_val_t vitrine_val_i32(int32_t value)
{
    vitrine_val_t val = vitrine_val_zero(WASM_I32);
    val.of.i32 = value;
    return val;
}
static inline vitrine_val_t vitrine_val_i64(int64_t value)
{
    vitrine_val_t val = vitrine_val_zero(WASM_I64);
    val.of.i64 = value;
    return val;
}
static inline vitrine_val_t vitrine_val_f32(float32_t value)
{
    vitrine_val_t val = vitrine_val_zero(WASM_F32);
    val.of.f32 = value;
    return val;
}
static inline vitrine_val_t vitrine_val_f64(float64_t value)
{
    vitrine_val_t val = vitrine_val_zero(WASM_F64);
    val.of.f64 = value;
    return val;
}
static inline vitrine_val_t vitrine_val_v128(const uint8_t bytes[16])
{
    vitrine_val_t val = vitrine_val_zero(VITRINE_V128);
    memcpy(val.of.v128, bytes, sizeof val.of.v128);
    return val;
}
/* A reference of this kind, or a null reference. The value owns `ref`. */
static inline vitrine_val_t vitrine_val_ref(wasm_valkind_t kind, own struct wasm_ref_t* ref)
{
    vitrine_val_t val = vitrine_val_zero(kind);
    val.of.ref = ref;
    return val;
}

#undef own

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* VITRINE_VALUE_H */
