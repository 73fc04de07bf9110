// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "capi/capi.h"

#include <algorithm>

namespace vitrine::capi {

namespace {

/// What the guest has of a reference that it takes as an externref. Data of this kind is listed in
/// `StoreBody::boxes`, which tells it from the data of a program that uses the C++ API, too.
Result<Val> boxed(const std::shared_ptr<StoreBody>& store, const wasm_ref_t& reference)
{
    if (reference.store != store)
        return Error("the reference belongs to another store");
    struct Unlist {
        std::weak_ptr<StoreBody> store;
        void operator()(wasm_ref_t* box) const
        {
            if (const auto body = store.lock())
                body->boxes.erase(box);
            delete box;
        }
    };
    const std::shared_ptr<wasm_ref_t> box(
        make_reference(store, reference.entity), Unlist { std::weak_ptr(store) });
    store->boxes[box.get()] = box;
    return Val::externref(box);
}

} // namespace

Result<Val> to_val(const std::shared_ptr<StoreBody>& store, const wasm_ref_t* reference, ValKind wanted)
{
    if (wanted < ValKind::FuncRef)
        return Error("a reference is no value of kind " + std::string(to_text(wanted)));
    if (!reference)
        return Val::null(wanted);
    if (const auto* const other = reference->as<Other>())
        return (*other)->value;
    if (wanted == ValKind::ExternRef)
        return boxed(store, *reference);
    if (const auto* const func = reference->as<Func>(); func && wanted == ValKind::FuncRef)
        return Val::funcref(*func);
    return Error("the reference is no " + std::string(to_text(wanted)));
}

namespace {

/// Converts all but a v128.
template<class V>
Result<Val> to_common(const std::shared_ptr<StoreBody>& store, const V& value, ValKind wanted)
{
    const auto kind = kind_of(value.kind);
    if (kind != wanted)
        return Error("expected a value of kind " + std::string(to_text(wanted)) + ", got "
            + (kind ? std::string(to_text(*kind)) : "one of no kind"));
    switch (wanted) {
    case ValKind::I32: return Val::i32(value.of.i32);
    case ValKind::I64: return Val::i64(value.of.i64);
    case ValKind::F32: return Val::f32(value.of.f32);
    case ValKind::F64: return Val::f64(value.of.f64);
    case ValKind::None:
    case ValKind::V128: return Error("a value of kind v128 does not fit into a wasm_val_t");
    default: return to_val(store, value.of.ref, wanted);
    }
}

/// Sets all but a v128. Whether it has.
template<class V> bool from_common(const std::shared_ptr<StoreBody>& store, const Val& value, V& result)
{
    switch (value.kind()) {
    case ValKind::I32: result.of.i32 = value.i32(); break;
    case ValKind::I64: result.of.i64 = value.i64(); break;
    case ValKind::F32: result.of.f32 = value.f32(); break;
    case ValKind::F64: result.of.f64 = value.f64(); break;
    case ValKind::None:
    case ValKind::V128: return false;
    default: result.of.ref = reference_of(store, value);
    }
    result.kind = kind_of(value.kind());
    return true;
}

} // namespace

Result<Val> to_val(const std::shared_ptr<StoreBody>& store, const wasm_val_t& value, ValKind wanted)
{
    return to_common(store, value, wanted);
}

Result<Val> to_val(const std::shared_ptr<StoreBody>& store, const vitrine_val_t& value, ValKind wanted)
{
    if (value.kind != VITRINE_V128 || wanted != ValKind::V128)
        return to_common(store, value, wanted);
    V128 bits;
    std::ranges::copy(value.of.v128, bits.bytes.begin());
    return Val::v128(bits);
}

Result<Val> to_val(const std::shared_ptr<StoreBody>& store, const vitrine_val_t& value)
{
    const auto kind = kind_of(value.kind);
    return kind ? to_val(store, value, *kind) : Error("there is no kind " + std::to_string(value.kind));
}

wasm_ref_t* reference_of(const std::shared_ptr<StoreBody>& store, const Val& value)
{
    if (value.is_null())
        return nullptr;
    if (const auto func = value.as_funcref())
        return make_reference(store, *func);
    if (const auto data = value.as_externref()) {
        const auto found = store->boxes.find(data.get());
        if (const auto box = found != store->boxes.end() ? found->second.lock() : nullptr)
            return make_reference(store, box->entity);
    }
    return make_reference(store, std::make_shared<Shared<Val>>(value));
}

Result<wasm_val_t> from_val(const std::shared_ptr<StoreBody>& store, const Val& value)
{
    wasm_val_t result {};
    if (!from_common(store, value, result))
        return Error("a value of kind v128 does not fit into a wasm_val_t");
    return result;
}

vitrine_val_t val_of(const std::shared_ptr<StoreBody>& store, const Val& value)
{
    vitrine_val_t result {};
    if (from_common(store, value, result))
        return result;
    const auto bits = value.as_v128();
    if (!bits) {
        result.kind = WASM_EXTERNREF;
        return result;
    }
    result.kind = VITRINE_V128;
    std::ranges::copy(bits->bytes, result.of.v128);
    return result;
}

namespace {

/// The deletion of a value of either type.
template<class V> void delete_reference(V* val)
{
    if (!val || !wasm_valkind_is_ref(val->kind))
        return;
    wasm_ref_delete(val->of.ref);
    val->of.ref = nullptr;
}

/// Gives a copied value a reference of its own.
template<class V> void copy_reference(V& val)
{
    if (wasm_valkind_is_ref(val.kind) && val.of.ref)
        val.of.ref = wasm_ref_copy(val.of.ref);
}

/// Calls `use` with the value.
template<class F> vitrine_error_t* with_val(const vitrine_val_t& val, const F& use)
{
    const bool has_ref = wasm_valkind_is_ref(val.kind) && val.of.ref;
    const std::shared_ptr<StoreBody> store = has_ref ? val.of.ref->store : nullptr;
    return attempt(store, [&]() -> Result<void> {
        const auto value = to_val(store, val);
        if (!value)
            return value.error();
        use(*value);
        return {};
    });
}

/// The object that a reference refers to. Null if it is none.
const Object* object_of(const wasm_ref_t& ref)
{
    const auto* const other = ref.as<Other>();
    return other && (*other)->value.as_object() ? &*(*other)->value.as_object() : nullptr;
}

/// Calls `use`, which may fail, with the object.
template<class F> vitrine_error_t* with_object(const wasm_ref_t& ref, const F& use)
{
    return attempt(ref.store, [&]() -> Result<void> {
        const Object* const object = object_of(ref);
        return object ? use(*object) : Error("the reference refers to no object");
    });
}

#define SAME(name, kind) static_assert(VITRINE_OBJECT_##name == static_cast<int>(ObjectKind::kind))
SAME(STRUCT, Struct);
SAME(ARRAY, Array);
SAME(EXCEPTION, Exception);
SAME(EXTERN, Extern);
#undef SAME

} // namespace

} // namespace vitrine::capi

using vitrine::Object;
using vitrine::Result;
using vitrine::Val;
using vitrine::capi::assign;
using vitrine::capi::copy_reference;
using vitrine::capi::delete_reference;
using vitrine::capi::destroy_elements;
using vitrine::capi::guarded;
using vitrine::capi::object_of;
using vitrine::capi::Other;
using vitrine::capi::reference_of;
using vitrine::capi::required;
using vitrine::capi::to_val;
using vitrine::capi::val_of;
using vitrine::capi::with_object;
using vitrine::capi::with_val;

void wasm_val_delete(wasm_val_t* val) { delete_reference(val); }
void vitrine_val_delete(vitrine_val_t* val) { delete_reference(val); }
void vitrine_val_vec_delete(vitrine_val_vec_t* vector) { destroy_elements(vector, vitrine_val_delete); }

void wasm_val_copy(wasm_val_t* out, const wasm_val_t* val)
{
    required(out, __func__, "out") = required(val, __func__, "val");
    copy_reference(*out);
}

void vitrine_val_copy(vitrine_val_t* out, const vitrine_val_t* val)
{
    required(out, __func__, "out") = required(val, __func__, "val");
    copy_reference(*out);
}

vitrine_error_t* vitrine_val_to_text(const vitrine_val_t* val, wasm_byte_vec_t* out)
{
    const vitrine_val_t& described = required(val, __func__, "val");
    wasm_byte_vec_t& filled = required(out, __func__, "out");
    return with_val(described, [&](const Val& value) { assign(filled, value.to_text()); });
}

vitrine_error_t* vitrine_val_type(const vitrine_val_t* val, wasm_byte_vec_t* out)
{
    const vitrine_val_t& described = required(val, __func__, "val");
    wasm_byte_vec_t& filled = required(out, __func__, "out");
    return with_val(described, [&](const Val& value) { assign(filled, value.type().to_text()); });
}

// What references refer to.

bool vitrine_object_kind(const wasm_ref_t* ref, vitrine_object_kind_t* out)
{
    const auto* const object = object_of(required(ref, __func__, "ref"));
    if (object && out)
        *out = static_cast<vitrine_object_kind_t>(object->kind());
    return object != nullptr;
}

uint64_t vitrine_object_size(const wasm_ref_t* ref)
{
    const auto* const object = object_of(required(ref, __func__, "ref"));
    return object ? object->size() : 0;
}

vitrine_error_t* vitrine_object_part_type(const wasm_ref_t* ref, uint64_t index, wasm_byte_vec_t* out)
{
    const auto& read = required(ref, __func__, "ref");
    wasm_byte_vec_t& filled = required(out, __func__, "out");
    return with_object(read, [&](const Object& object) -> Result<void> {
        const auto type = object.part_type(index);
        if (!type)
            return type.error();
        assign(filled, type->to_text());
        return {};
    });
}

vitrine_error_t* vitrine_object_get(const wasm_ref_t* ref, uint64_t index, vitrine_val_t* out)
{
    const auto& read = required(ref, __func__, "ref");
    vitrine_val_t& result = required(out, __func__, "out");
    return with_object(read, [&](const Object& object) -> Result<void> {
        const auto part = object.get(index);
        if (!part)
            return part.error();
        result = val_of(read.store, *part);
        return {};
    });
}

vitrine_error_t* vitrine_object_set(const wasm_ref_t* ref, uint64_t index, const vitrine_val_t* value)
{
    const auto& changed = required(ref, __func__, "ref");
    const vitrine_val_t& wanted = required(value, __func__, "value");
    return with_object(changed, [&](const Object& object) -> Result<void> {
        const auto type = object.part_type(index);
        if (!type)
            return type.error();
        const auto val = to_val(changed.store, wanted, type->kind);
        return val ? object.set(index, *val) : val.error();
    });
}

wasm_ref_t* vitrine_i31_new(wasm_store_t* store, int32_t value)
{
    const auto& body = required(store, __func__, "store").body;
    return guarded<wasm_ref_t*>(nullptr, [&] { return reference_of(body, Val::i31(value)); });
}

bool vitrine_i31_value(const wasm_ref_t* ref, int32_t* out)
{
    const auto* const other = required(ref, __func__, "ref").as<Other>();
    const auto number = other ? (*other)->value.as_i31() : std::nullopt;
    if (number && out)
        *out = *number;
    return number.has_value();
}

wasm_ref_t* vitrine_trap_exception(const wasm_trap_t* trap)
{
    const auto& ended = required(trap, __func__, "trap");
    if (!ended.error().trap())
        return nullptr;
    return guarded<wasm_ref_t*>(nullptr, [&]() -> wasm_ref_t* {
        const Val exception = Val::thrown(*ended.error().trap());
        return exception.is_ref() ? reference_of(ended.store, exception) : nullptr;
    });
}
