// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "capi/capi.h"

#include <algorithm>

namespace vitrine::capi {

namespace {

/// Copies and deletes an element of each type of vector.
wasm_byte_t copy_of(wasm_byte_t byte) { return byte; }
void destroy(wasm_byte_t) {}

wasm_val_t copy_of(const wasm_val_t& val)
{
    wasm_val_t copy {};
    wasm_val_copy(&copy, &val);
    return copy;
}
void destroy(wasm_val_t& val) { wasm_val_delete(&val); }

#define ELEMENT(name)                                           \
    wasm_##name##_t* copy_of(const wasm_##name##_t* element)    \
    {                                                           \
        return element ? wasm_##name##_copy(element) : nullptr; \
    }                                                           \
    void destroy(wasm_##name##_t* element) { wasm_##name##_delete(element); }

ELEMENT(valtype)
ELEMENT(functype)
ELEMENT(globaltype)
ELEMENT(tabletype)
ELEMENT(memorytype)
ELEMENT(externtype)
ELEMENT(importtype)
ELEMENT(exporttype)
ELEMENT(frame)
ELEMENT(extern)

template<class V> void destroy_all(V& vector)
{
    for (size_t i = 0; i < vector.size; ++i)
        destroy(vector.data[i]);
    delete[] vector.data;
    vector = {};
}

bool is_lost(wasm_byte_t, wasm_byte_t) { return false; }
bool is_lost(const wasm_val_t& copy, const wasm_val_t& original)
{
    return wasm_valkind_is_ref(original.kind) && original.of.ref && !copy.of.ref;
}
template<class T> bool is_lost(const T* copy, const T* original) { return original && !copy; }

/// Empty if there is no memory for all of it.
template<class V> void copy(V& out, const V& from)
{
    allocate(out, from.size);
    for (size_t i = 0; i < out.size; ++i) {
        out.data[i] = copy_of(from.data[i]);
        if (is_lost(out.data[i], from.data[i]))
            return destroy_all(out);
    }
}

template<class V, class T> void take(V& out, size_t size, const T* elements)
{
    allocate(out, size);
    if (out.size == size) {
        std::copy_n(elements, size, out.data);
        return;
    }
    // They are ours, and there is no room for them.
    for (size_t i = 0; i < size; ++i) {
        auto element = elements[i];
        destroy(element);
    }
}

} // namespace

void fill(wasm_byte_vec_t& out, std::string_view text)
{
    out.data = new (std::nothrow) char[text.size() + 1] {};
    out.size = out.data ? text.size() : 0;
    std::copy_n(text.data(), out.size, out.data);
}

} // namespace vitrine::capi

using vitrine::capi::allocate;
using vitrine::capi::copy;
using vitrine::capi::destroy_all;
using vitrine::capi::required;
using vitrine::capi::take;

#define VECTOR(name, star)                                                                               \
    void wasm_##name##_vec_new_empty(wasm_##name##_vec_t* out) { required(out, __func__, "out") = {}; }  \
    void wasm_##name##_vec_new_uninitialized(wasm_##name##_vec_t* out, size_t size)                      \
    {                                                                                                    \
        allocate(required(out, __func__, "out"), size);                                                  \
    }                                                                                                    \
    void wasm_##name##_vec_new(wasm_##name##_vec_t* out, size_t size, wasm_##name##_t star const data[]) \
    {                                                                                                    \
        if (size != 0)                                                                                   \
            required(data, __func__, "data");                                                            \
        take(required(out, __func__, "out"), size, data);                                                \
    }                                                                                                    \
    void wasm_##name##_vec_copy(wasm_##name##_vec_t* out, const wasm_##name##_vec_t* vector)             \
    {                                                                                                    \
        copy(required(out, __func__, "out"), required(vector, __func__, "vector"));                      \
    }                                                                                                    \
    void wasm_##name##_vec_delete(wasm_##name##_vec_t* vector)                                           \
    {                                                                                                    \
        if (vector)                                                                                      \
            destroy_all(*vector);                                                                        \
    }

VECTOR(byte, )
VECTOR(val, )
VECTOR(valtype, *)
VECTOR(functype, *)
VECTOR(globaltype, *)
VECTOR(tabletype, *)
VECTOR(memorytype, *)
VECTOR(externtype, *)
VECTOR(importtype, *)
VECTOR(exporttype, *)
VECTOR(frame, *)
VECTOR(extern, *)
