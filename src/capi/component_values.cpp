// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Types and values of components.
#include "capi/component.h"

namespace vitrine::capi {

namespace {

#define SAME(name, kind) static_assert(VITRINE_COMPONENT_##name == static_cast<int>(kind))
SAME(BOOL, ComponentKind::Bool);
SAME(S8, ComponentKind::S8);
SAME(U8, ComponentKind::U8);
SAME(S16, ComponentKind::S16);
SAME(U16, ComponentKind::U16);
SAME(S32, ComponentKind::S32);
SAME(U32, ComponentKind::U32);
SAME(S64, ComponentKind::S64);
SAME(U64, ComponentKind::U64);
SAME(F32, ComponentKind::F32);
SAME(F64, ComponentKind::F64);
SAME(CHAR, ComponentKind::Char);
SAME(STRING, ComponentKind::String);
SAME(ERROR_CONTEXT, ComponentKind::ErrorContext);
SAME(LIST, ComponentKind::List);
SAME(MAP, ComponentKind::Map);
SAME(RECORD, ComponentKind::Record);
SAME(TUPLE, ComponentKind::Tuple);
SAME(VARIANT, ComponentKind::Variant);
SAME(ENUM, ComponentKind::Enum);
SAME(OPTION, ComponentKind::Option);
SAME(RESULT, ComponentKind::Result);
SAME(FLAGS, ComponentKind::Flags);
SAME(OWN, ComponentKind::Own);
SAME(BORROW, ComponentKind::Borrow);
SAME(STREAM, ComponentKind::Stream);
SAME(FUTURE, ComponentKind::Future);
#undef SAME

Error of_other_kind(const ComponentType& type, std::string_view what)
{
    return Error("a value of the type " + type.to_text() + " is no " + std::string(what));
}

template<class T> Result<ComponentVal> make_int(const ComponentType& type, std::int64_t value)
{
    if (!std::in_range<T>(value))
        return Error(std::to_string(value) + " is no " + type.to_text());
    return ComponentVal::make(type, static_cast<T>(value));
}

Result<ComponentVal> from_int(const ComponentType& type, std::int64_t value)
{
    switch (type.kind()) {
    case ComponentKind::Bool:
        if (value != 0 && value != 1)
            return Error(std::to_string(value) + " is no bool");
        return ComponentVal::make(type, value == 1);
    case ComponentKind::S8: return make_int<std::int8_t>(type, value);
    case ComponentKind::U8: return make_int<std::uint8_t>(type, value);
    case ComponentKind::S16: return make_int<std::int16_t>(type, value);
    case ComponentKind::U16: return make_int<std::uint16_t>(type, value);
    case ComponentKind::S32: return make_int<std::int32_t>(type, value);
    case ComponentKind::U32: return make_int<std::uint32_t>(type, value);
    case ComponentKind::S64: return ComponentVal::make(type, value);
    case ComponentKind::U64: return ComponentVal::make(type, static_cast<std::uint64_t>(value));
    case ComponentKind::Char:
        if (value < 0 || value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
            return Error(std::to_string(value) + " is no char");
        return ComponentVal::make(type, static_cast<char32_t>(value));
    default: return of_other_kind(type, "integer");
    }
}

template<class T> Result<std::int64_t> get_int(const ComponentVal& val)
{
    return val.get<T>().transform([](T value) { return static_cast<std::int64_t>(value); });
}

Result<std::int64_t> to_int(const ComponentVal& val)
{
    switch (val.kind()) {
    case ComponentKind::Bool: return get_int<bool>(val);
    case ComponentKind::S8: return get_int<std::int8_t>(val);
    case ComponentKind::U8: return get_int<std::uint8_t>(val);
    case ComponentKind::S16: return get_int<std::int16_t>(val);
    case ComponentKind::U16: return get_int<std::uint16_t>(val);
    case ComponentKind::S32: return get_int<std::int32_t>(val);
    case ComponentKind::U32: return get_int<std::uint32_t>(val);
    case ComponentKind::S64: return get_int<std::int64_t>(val);
    case ComponentKind::U64: return get_int<std::uint64_t>(val);
    case ComponentKind::Char: return get_int<char32_t>(val);
    default: return of_other_kind(val.type(), "integer");
    }
}

Result<double> to_float(const ComponentVal& val)
{
    switch (val.kind()) {
    case ComponentKind::F32: return val.get<float>().transform([](float value) { return double { value }; });
    case ComponentKind::F64: return val.get<double>();
    default: return of_other_kind(val.type(), "float");
    }
}

/// Whether it is a list of u8.
bool is_bytes(const ComponentType& type)
{
    if (type.kind() != ComponentKind::List)
        return false;
    const auto parts = type.parts();
    return !parts.empty() && parts[0].type && parts[0].type->kind() == ComponentKind::U8;
}

/// Sets `out` to a handle of the value.
Result<void> give(Result<ComponentVal> val, vitrine_component_val_t*& out)
{
    if (!val)
        return std::move(val).error();
    out = new vitrine_component_val_t { std::move(*val) };
    return {};
}

/// Null for none.
vitrine_component_val_t* make_val(std::optional<ComponentVal> val)
{
    return val ? new vitrine_component_val_t { std::move(*val) } : nullptr;
}

using ResourceBody = std::shared_ptr<const vitrine_component_resource_type_t::Body>;

/// A resource of the host. Runs the destructor of its type.
struct HostObject {
    HostObject(ResourceBody type, void* rep) : type(std::move(type)), rep(rep) {}
    HostObject(const HostObject&) = delete;
    HostObject& operator=(const HostObject&) = delete;
    ~HostObject()
    {
        if (is_made && type->destructor)
            type->destructor(type->env.get(), rep);
    }

    const ResourceBody type;
    void* const rep;
    /// Whether the program has got the resource.
    bool is_made = false;
};

Result<void> make_resource(
    const ComponentType& wanted, const ResourceBody& type, void* rep, vitrine_component_val_t*& out)
{
    const auto object = std::make_shared<HostObject>(type, rep);
    if (auto given = give(ComponentVal::make_resource(wanted, type->type, object), out); !given)
        return given;
    object->is_made = true;
    return {};
}

} // namespace

std::vector<ComponentVal> component_vals_of(
    const vitrine_component_val_t* const vals[], size_t count, const char* function)
{
    if (count != 0)
        required(vals, function, "args");
    std::vector<ComponentVal> result;
    for (size_t i = 0; i < count; ++i)
        result.push_back(required(vals[i], function, "an argument").val);
    return result;
}

} // namespace vitrine::capi

using vitrine::ComponentKind;
using vitrine::ComponentResource;
using vitrine::ComponentType;
using vitrine::ComponentVal;
using vitrine::Result;
using vitrine::capi::assign;
using vitrine::capi::attempt;
using vitrine::capi::component_vals_of;
using vitrine::capi::fill;
using vitrine::capi::fill_text;
using vitrine::capi::from_int;
using vitrine::capi::give;
using vitrine::capi::guarded;
using vitrine::capi::HostInfo;
using vitrine::capi::HostObject;
using vitrine::capi::is_bytes;
using vitrine::capi::make_component_type;
using vitrine::capi::make_resource;
using vitrine::capi::make_val;
using vitrine::capi::of_other_kind;
using vitrine::capi::required;
using vitrine::capi::to_float;
using vitrine::capi::to_int;

// Types.

void vitrine_component_type_delete(vitrine_component_type_t* type) { delete type; }

vitrine_component_kind_t vitrine_component_type_kind(const vitrine_component_type_t* type)
{
    return static_cast<vitrine_component_kind_t>(required(type, __func__, "type").type.kind());
}

void vitrine_component_type_to_text(const vitrine_component_type_t* type, wasm_byte_vec_t* out)
{
    const ComponentType& described = required(type, __func__, "type").type;
    fill_text(required(out, __func__, "out"), [&] { return described.to_text(); });
}

size_t vitrine_component_type_part_count(const vitrine_component_type_t* type)
{
    const ComponentType& described = required(type, __func__, "type").type;
    return guarded<size_t>(0, [&] { return described.parts().size(); });
}

bool vitrine_component_type_part(const vitrine_component_type_t* type, size_t index, wasm_name_t* name,
    vitrine_component_type_t** part_type)
{
    const ComponentType& described = required(type, __func__, "type").type;
    return guarded(false, [&] {
        const auto parts = described.parts();
        if (index >= parts.size())
            return false;
        if (part_type)
            *part_type = make_component_type(parts[index].type);
        if (name)
            fill(*name, parts[index].name);
        return true;
    });
}

// Values.

void vitrine_component_val_delete(vitrine_component_val_t* val) { delete val; }

vitrine_error_t* vitrine_component_val_parse(
    const vitrine_component_type_t* type, const char* text, vitrine_component_val_t** out)
{
    const ComponentType& wanted = required(type, __func__, "type").type;
    const char* const parsed = &required(text, __func__, "text");
    auto& made = required(out, __func__, "out");
    return attempt(nullptr, [&] { return give(ComponentVal::parse(wanted, parsed), made); });
}

vitrine_error_t* vitrine_component_val_from_int(
    const vitrine_component_type_t* type, int64_t value, vitrine_component_val_t** out)
{
    const ComponentType& wanted = required(type, __func__, "type").type;
    auto& made = required(out, __func__, "out");
    return attempt(nullptr, [&] { return give(from_int(wanted, value), made); });
}

vitrine_error_t* vitrine_component_val_from_float(
    const vitrine_component_type_t* type, double value, vitrine_component_val_t** out)
{
    const ComponentType& wanted = required(type, __func__, "type").type;
    auto& made = required(out, __func__, "out");
    return attempt(nullptr, [&]() -> Result<void> {
        switch (wanted.kind()) {
        case ComponentKind::F32: return give(ComponentVal::make(wanted, static_cast<float>(value)), made);
        case ComponentKind::F64: return give(ComponentVal::make(wanted, value), made);
        default: return of_other_kind(wanted, "float");
        }
    });
}

vitrine_error_t* vitrine_component_val_from_bytes(
    const vitrine_component_type_t* type, const void* bytes, size_t size, vitrine_component_val_t** out)
{
    const ComponentType& wanted = required(type, __func__, "type").type;
    if (size != 0)
        required(static_cast<const char*>(bytes), __func__, "bytes");
    auto& made = required(out, __func__, "out");
    return attempt(nullptr, [&]() -> Result<void> {
        if (wanted.kind() == ComponentKind::String)
            return give(ComponentVal::make(wanted, std::string(static_cast<const char*>(bytes), size)), made);
        const auto* const from = static_cast<const std::byte*>(bytes);
        if (is_bytes(wanted))
            return give(ComponentVal::make(wanted, std::vector<std::byte>(from, from + size)), made);
        return of_other_kind(wanted, "string or list of u8");
    });
}

vitrine_error_t* vitrine_component_val_from_parts(const vitrine_component_type_t* type,
    const vitrine_component_val_t* const parts[], size_t part_count, vitrine_component_val_t** out)
{
    const ComponentType& wanted = required(type, __func__, "type").type;
    if (part_count != 0)
        required(parts, __func__, "parts");
    auto& made = required(out, __func__, "out");
    return attempt(nullptr, [&] {
        const auto vals = component_vals_of(parts, part_count, "vitrine_component_val_from_parts");
        return give(ComponentVal::make_of_parts(wanted, vals), made);
    });
}

vitrine_error_t* vitrine_component_val_from_case(const vitrine_component_type_t* type, const char* name,
    const vitrine_component_val_t* payload, vitrine_component_val_t** out)
{
    const ComponentType& wanted = required(type, __func__, "type").type;
    const char* const text = &required(name, __func__, "name");
    auto& made = required(out, __func__, "out");
    return attempt(nullptr, [&] {
        return give(
            ComponentVal::make_case(wanted, text, payload ? std::optional(payload->val) : std::nullopt),
            made);
    });
}

vitrine_component_val_t* vitrine_component_val_copy(const vitrine_component_val_t* val)
{
    const auto& original = required(val, __func__, "val");
    return guarded<vitrine_component_val_t*>(nullptr, [&] { return make_val(original.val); });
}

vitrine_component_type_t* vitrine_component_val_type(const vitrine_component_val_t* val)
{
    const auto& described = required(val, __func__, "val").val;
    return guarded<vitrine_component_type_t*>(nullptr, [&] { return make_component_type(described.type()); });
}

void vitrine_component_val_to_text(const vitrine_component_val_t* val, wasm_byte_vec_t* out)
{
    const auto& described = required(val, __func__, "val").val;
    fill_text(required(out, __func__, "out"), [&] { return described.to_text(); });
}

vitrine_error_t* vitrine_component_val_to_int(const vitrine_component_val_t* val, int64_t* out)
{
    const auto& read = required(val, __func__, "val").val;
    int64_t& result = required(out, __func__, "out");
    return attempt(nullptr, [&] { return to_int(read).transform([&](int64_t value) { result = value; }); });
}

vitrine_error_t* vitrine_component_val_to_float(const vitrine_component_val_t* val, double* out)
{
    const auto& read = required(val, __func__, "val").val;
    double& result = required(out, __func__, "out");
    return attempt(nullptr, [&] { return to_float(read).transform([&](double value) { result = value; }); });
}

vitrine_error_t* vitrine_component_val_to_bytes(const vitrine_component_val_t* val, wasm_byte_vec_t* out)
{
    const auto& read = required(val, __func__, "val").val;
    wasm_byte_vec_t& result = required(out, __func__, "out");
    return attempt(nullptr, [&]() -> Result<void> {
        if (read.kind() == ComponentKind::String)
            return read.get<std::string>().transform([&](const std::string& text) { assign(result, text); });
        if (!is_bytes(read.type()))
            return of_other_kind(read.type(), "string or list of u8");
        return read.get<std::vector<std::byte>>().transform([&](const std::vector<std::byte>& bytes) {
            assign(result, { reinterpret_cast<const char*>(bytes.data()), bytes.size() });
        });
    });
}

size_t vitrine_component_val_size(const vitrine_component_val_t* val)
{
    return required(val, __func__, "val").val.size();
}

vitrine_component_val_t* vitrine_component_val_at(const vitrine_component_val_t* val, size_t index)
{
    const auto& read = required(val, __func__, "val").val;
    return guarded<vitrine_component_val_t*>(nullptr, [&] { return make_val(read.at(index)); });
}

vitrine_component_val_t* vitrine_component_val_field(const vitrine_component_val_t* val, const char* name)
{
    const auto& read = required(val, __func__, "val").val;
    const char* const text = &required(name, __func__, "name");
    return guarded<vitrine_component_val_t*>(nullptr, [&] { return make_val(read.field(text)); });
}

void vitrine_component_val_case_name(const vitrine_component_val_t* val, wasm_name_t* out)
{
    const auto& read = required(val, __func__, "val").val;
    fill_text(required(out, __func__, "out"), [&] { return read.case_name(); });
}

vitrine_error_t* vitrine_component_val_drop(wasm_store_t* store, const vitrine_component_val_t* val)
{
    const auto& body = required(store, __func__, "store").body;
    const auto& dropped = required(val, __func__, "val").val;
    return attempt(body, [&]() -> Result<void> {
        auto resource = dropped.get<ComponentResource>();
        return resource ? vitrine::drop(*body->store, *resource) : std::move(resource).error();
    });
}

bool vitrine_component_val_is_own(const vitrine_component_val_t* val)
{
    const auto& read = required(val, __func__, "val").val;
    return guarded(false, [&] {
        const auto resource = read.get<ComponentResource>();
        return resource && *resource && resource->is_own();
    });
}

// Resources of the host.

void vitrine_component_resource_type_delete(vitrine_component_resource_type_t* type) { delete type; }

vitrine_error_t* vitrine_component_resource_type_new(void (*destructor)(void*, void*), void* env,
    void (*finalizer)(void*), vitrine_component_resource_type_t** out)
{
    HostInfo owned(env, finalizer);
    auto& made = required(out, __func__, "out");
    return attempt(nullptr, [&]() -> Result<void> {
        using Body = vitrine_component_resource_type_t::Body;
        auto body = std::make_shared<const Body>(Body { destructor, std::move(owned), {} });
        made = new vitrine_component_resource_type_t { std::move(body) };
        return {};
    });
}

vitrine_error_t* vitrine_component_val_from_rep(const vitrine_component_type_t* type,
    const vitrine_component_resource_type_t* resource, void* rep, vitrine_component_val_t** out)
{
    const ComponentType& wanted = required(type, __func__, "type").type;
    const auto& body = required(resource, __func__, "resource").body;
    auto& made = required(out, __func__, "out");
    return attempt(nullptr, [&] { return make_resource(wanted, body, rep, made); });
}

vitrine_error_t* vitrine_component_val_to_rep(
    const vitrine_component_val_t* val, const vitrine_component_resource_type_t* resource, void** out)
{
    const auto& read = required(val, __func__, "val").val;
    const auto& body = required(resource, __func__, "resource").body;
    void*& rep = required(out, __func__, "out");
    return attempt(nullptr, [&]() -> Result<void> {
        const auto object = read.resource(body->type);
        if (!object)
            return object.error();
        rep = static_cast<const HostObject*>(object->get())->rep;
        return {};
    });
}
