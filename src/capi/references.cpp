// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "capi/capi.h"

#include <cstdio>
#include <cstdlib>

namespace vitrine::capi {

void misuse(const char* function, const char* what)
{
    (void)std::fprintf(stderr, "vitrine: %s: %s\n", function, what);
    std::abort();
}

void is_null(const char* function, const char* parameter)
{
    (void)std::fprintf(stderr, "vitrine: %s: %s is null\n", function, parameter);
    std::abort();
}

namespace {

template<class T> constexpr bool is_shared = false;
template<class T> constexpr bool is_shared<std::shared_ptr<Shared<T>>> = true;

/// The host information of the entity of a reference. Null if there is none yet, unless it is made.
HostInfo* info_of(const wasm_ref_t& reference, bool is_made)
{
    return std::visit(
        [&]<class T>(const T& entity) -> HostInfo* {
            if constexpr (is_shared<T>)
                return &entity->info;
            auto& infos = reference.store->infos;
            if (is_made && reference.store->store)
                return &infos[reference.entity];
            const auto found = infos.find(reference.entity);
            return found != infos.end() ? &found->second : nullptr;
        },
        reference.entity);
}

void set_info(const wasm_ref_t& reference, void* info, void (*finalizer)(void*))
{
    HostInfo value(info, finalizer);
    // All programs of the process have this one.
    if (&reference == out_of_memory_trap())
        return;
    HostInfo* const place = guarded<HostInfo*>(nullptr, [&] { return info_of(reference, true); });
    if (place)
        *place = std::move(value);
}

/// The exact C type of a reference to an entity.
template<class T> struct Reference {
    using type = wasm_ref_t;
};
#define REFERENCE(entity, name)           \
    template<> struct Reference<entity> { \
        using type = wasm_##name##_t;     \
    };
REFERENCE(Func, func)
REFERENCE(Global, global)
REFERENCE(Table, table)
REFERENCE(Memory, memory)
REFERENCE(vitrine::SharedMemory, memory)
REFERENCE(Tag, extern)
REFERENCE(Instance, instance)
REFERENCE(SharedModule, module)
REFERENCE(SharedTrap, trap)
REFERENCE(Foreign, foreign)

bool are_same(const wasm_ref_t& a, const wasm_ref_t& b)
{
    const auto* const value = a.as<Other>();
    const auto* const other = b.as<Other>();
    return value && other ? (*value)->value == (*other)->value : a.entity == b.entity;
}

void destroy(wasm_ref_t* reference)
{
    if (reference != out_of_memory_trap())
        delete reference;
}

template<class T> wasm_ref_t* copy_of(const T& reference)
{
    return guarded<wasm_ref_t*>(nullptr, [&] { return make_reference(reference.store, reference.entity); });
}

} // namespace

wasm_ref_t* make_reference(const std::shared_ptr<StoreBody>& store, Entity entity)
{
    return std::visit(
        [&]<class T>(
            const T&) -> wasm_ref_t* { return new typename Reference<T>::type(store, std::move(entity)); },
        entity);
}

wasm_extern_t* make_extern(const std::shared_ptr<StoreBody>& store, const std::optional<Extern>& item)
{
    if (!item)
        return nullptr;
    return std::visit([&](const auto& entity) { return make<wasm_extern_t>(store, entity); }, *item);
}

wasm_memory_t* make_memory(
    const std::shared_ptr<StoreBody>& store, const Instance& instance, std::string_view name)
{
    if (const auto memory = instance.memory(name))
        return make<wasm_memory_t>(store, *memory);
    const auto shared = instance.shared_memory(name);
    return shared ? make<wasm_memory_t>(store, *shared) : nullptr;
}

std::optional<Extern> extern_of(const wasm_ref_t& reference)
{
    return std::visit(
        []<class T>(const T& entity) -> std::optional<Extern> {
            if constexpr (std::is_constructible_v<Extern, T>)
                return entity;
            else
                return std::nullopt;
        },
        reference.entity);
}

} // namespace vitrine::capi

using vitrine::capi::are_same;
using vitrine::capi::copy_of;
using vitrine::capi::destroy;
using vitrine::capi::guarded;
using vitrine::capi::HostInfo;
using vitrine::capi::info_of;
using vitrine::capi::make;
using vitrine::capi::Nothing;
using vitrine::capi::required;
using vitrine::capi::set_info;
using vitrine::capi::Shared;

#define REFERENCE_BASE(name)                                                                       \
    void wasm_##name##_delete(wasm_##name##_t* reference) { destroy(reference); }                  \
    wasm_##name##_t* wasm_##name##_copy(const wasm_##name##_t* reference)                          \
    {                                                                                              \
        return static_cast<wasm_##name##_t*>(copy_of(required(reference, __func__, "reference"))); \
    }                                                                                              \
    bool wasm_##name##_same(const wasm_##name##_t* a, const wasm_##name##_t* b)                    \
    {                                                                                              \
        return are_same(required(a, __func__, "a"), required(b, __func__, "b"));                   \
    }                                                                                              \
    void* wasm_##name##_get_host_info(const wasm_##name##_t* reference)                            \
    {                                                                                              \
        const HostInfo* const info = info_of(required(reference, __func__, "reference"), false);   \
        return info ? info->get() : nullptr;                                                       \
    }                                                                                              \
    void wasm_##name##_set_host_info(wasm_##name##_t* reference, void* info)                       \
    {                                                                                              \
        set_info(required(reference, __func__, "reference"), info, nullptr);                       \
    }                                                                                              \
    void wasm_##name##_set_host_info_with_finalizer(                                               \
        wasm_##name##_t* reference, void* info, void (*finalizer)(void*))                          \
    {                                                                                              \
        set_info(required(reference, __func__, "reference"), info, finalizer);                     \
    }

#define REFERENCE_KIND(name)                                                                             \
    REFERENCE_BASE(name)                                                                                 \
    wasm_ref_t* wasm_##name##_as_ref(wasm_##name##_t* reference) { return reference; }                   \
    const wasm_ref_t* wasm_##name##_as_ref_const(const wasm_##name##_t* reference) { return reference; } \
    wasm_##name##_t* wasm_ref_as_##name(wasm_ref_t* reference)                                           \
    {                                                                                                    \
        return dynamic_cast<wasm_##name##_t*>(reference);                                                \
    }                                                                                                    \
    const wasm_##name##_t* wasm_ref_as_##name##_const(const wasm_ref_t* reference)                       \
    {                                                                                                    \
        return dynamic_cast<const wasm_##name##_t*>(reference);                                          \
    }

#define EXTERN_KIND(name)                                                                    \
    REFERENCE_KIND(name)                                                                     \
    wasm_extern_t* wasm_##name##_as_extern(wasm_##name##_t* reference) { return reference; } \
    const wasm_extern_t* wasm_##name##_as_extern_const(const wasm_##name##_t* reference)     \
    {                                                                                        \
        return reference;                                                                    \
    }                                                                                        \
    wasm_##name##_t* wasm_extern_as_##name(wasm_extern_t* reference)                         \
    {                                                                                        \
        return dynamic_cast<wasm_##name##_t*>(reference);                                    \
    }                                                                                        \
    const wasm_##name##_t* wasm_extern_as_##name##_const(const wasm_extern_t* reference)     \
    {                                                                                        \
        return dynamic_cast<const wasm_##name##_t*>(reference);                              \
    }

REFERENCE_BASE(ref)
REFERENCE_KIND(trap)
REFERENCE_KIND(foreign)
REFERENCE_KIND(module)
REFERENCE_KIND(instance)
REFERENCE_KIND(extern)
EXTERN_KIND(func)
EXTERN_KIND(global)
EXTERN_KIND(table)
EXTERN_KIND(memory)

wasm_foreign_t* wasm_foreign_new(wasm_store_t* store)
{
    const auto& body = required(store, __func__, "store").body;
    return guarded<wasm_foreign_t*>(
        nullptr, [&] { return make<wasm_foreign_t>(body, std::make_shared<Shared<Nothing>>(Nothing {})); });
}
