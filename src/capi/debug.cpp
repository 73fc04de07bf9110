// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a debugger sees of modules and instances.
#include "capi/debug.h"

namespace vitrine::capi {

namespace {

#define SAME(name, kind) static_assert(VITRINE_HEAP_##name == static_cast<int>(HeapKind::kind))
SAME(FUNC, Func);
SAME(EXTERN, Extern);
SAME(ANY, Any);
SAME(EQ, Eq);
SAME(I31, I31);
SAME(STRUCT, Struct);
SAME(ARRAY, Array);
SAME(EXN, Exn);
SAME(NONE, None);
SAME(NOFUNC, NoFunc);
SAME(NOEXTERN, NoExtern);
SAME(NOEXN, NoExn);
SAME(DEFINED, Defined);
#undef SAME

static_assert(VITRINE_PLACE_MEMORY == 0 && VITRINE_PLACE_GLOBAL == 1 && VITRINE_PLACE_TABLE == 2
    && VITRINE_PLACE_LOCAL == 3 && std::variant_size_v<debug::WatchPlace> == 4);

// Entities of instances.

/// A reference to the entity that one of `Instance`'s functions returns.
template<class T, class Entity>
T* private_entity(const wasm_instance_t& instance, std::optional<Entity> (Instance::*get)(uint32_t) const,
    std::optional<uint32_t> index)
{
    const auto entity = index ? (instance.instance().*get)(*index) : std::nullopt;
    return entity ? make<T>(instance.store, *entity) : nullptr;
}

wasm_extern_t* private_extern(const wasm_instance_t& instance, wasm_externkind_t kind, uint32_t index)
{
    const auto get = [&](const auto& member) {
        return private_entity<wasm_extern_t>(instance, member, index);
    };
    switch (kind) {
    case WASM_EXTERN_FUNC: return get(&Instance::debug_function);
    case WASM_EXTERN_GLOBAL: return get(&Instance::debug_global);
    case WASM_EXTERN_TABLE: return get(&Instance::debug_table);
    case WASM_EXTERN_MEMORY: {
        auto* const memory = get(&Instance::debug_memory);
        return memory ? memory : get(&Instance::debug_shared_memory);
    }
    case tag_kind: return get(&Instance::debug_tag);
    default: return nullptr;
    }
}

vitrine_place_t* make_place(const std::shared_ptr<StoreBody>& store, debug::WatchPlace place)
{
    return guarded<vitrine_place_t*>(
        nullptr, [&] { return new vitrine_place_t { store, std::move(place) }; });
}

} // namespace

} // namespace vitrine::capi

using vitrine::ExternKind;
using vitrine::Global;
using vitrine::Instance;
using vitrine::Memory;
using vitrine::Result;
using vitrine::Val;
using vitrine::capi::attempt;
using vitrine::capi::destroy_handles;
using vitrine::capi::fill;
using vitrine::capi::guarded;
using vitrine::capi::hand_over;
using vitrine::capi::make;
using vitrine::capi::make_place;
using vitrine::capi::private_entity;
using vitrine::capi::private_extern;
using vitrine::capi::required;
using vitrine::capi::take;
using vitrine::capi::to_val;
using vitrine::capi::val_of;
using vitrine::debug::FrameLocal;
using vitrine::debug::MemoryRange;
using vitrine::debug::TableSlot;
using vitrine::debug::WatchPlace;

// Exact types.

wasm_valkind_t vitrine_valtype_kind(const vitrine_valtype_t* type)
{
    return vitrine::capi::kind_of(required(type, __func__, "type").type.kind);
}
bool vitrine_valtype_is_nullable(const vitrine_valtype_t* type)
{
    return required(type, __func__, "type").type.is_nullable;
}
vitrine_heap_kind_t vitrine_valtype_heap(const vitrine_valtype_t* type)
{
    return static_cast<vitrine_heap_kind_t>(required(type, __func__, "type").type.heap);
}
bool vitrine_valtype_index(const vitrine_valtype_t* type, uint32_t* out)
{
    const auto& index = required(type, __func__, "type").type.index;
    if (index)
        required(out, __func__, "out") = *index;
    return index.has_value();
}
const wasm_name_t* vitrine_valtype_name(const vitrine_valtype_t* type)
{
    return required(type, __func__, "type").name.get();
}
const wasm_name_t* vitrine_valtype_text(const vitrine_valtype_t* type)
{
    return required(type, __func__, "type").text.get();
}

// Entities of instances.

void vitrine_instance_vec_delete(vitrine_instance_vec_t* vector) { destroy_handles(vector); }

vitrine_error_t* vitrine_store_debug_instances(const wasm_store_t* store, vitrine_instance_vec_t* out)
{
    const auto& body = required(store, __func__, "store").body;
    vitrine_instance_vec_t& filled = required(out, __func__, "out");
    return attempt(body, [&]() -> Result<void> {
        std::vector<std::unique_ptr<wasm_instance_t>> instances;
        for (const Instance& instance : body->store->instances())
            instances.push_back(std::unique_ptr<wasm_instance_t>(make<wasm_instance_t>(body, instance)));
        hand_over(filled, std::move(instances));
        return {};
    });
}

#define PRIVATE(name, type, kind, get)                                                               \
    wasm_##type##_t* vitrine_instance_debug_##name(const wasm_instance_t* instance, uint32_t index)  \
    {                                                                                                \
        const auto& owner = required(instance, __func__, "instance");                                \
        return guarded<wasm_##type##_t*>(                                                            \
            nullptr, [&] { return private_entity<wasm_##type##_t>(owner, &Instance::get, index); }); \
    }                                                                                                \
    wasm_##type##_t* vitrine_instance_debug_##name##_named(                                          \
        const wasm_instance_t* instance, const char* name)                                           \
    {                                                                                                \
        const auto& owner = required(instance, __func__, "instance");                                \
        const char* const wanted = &required(name, __func__, "name");                                \
        return guarded<wasm_##type##_t*>(nullptr, [&] {                                              \
            const auto index = owner.instance().module().find(ExternKind::kind, wanted);             \
            return private_entity<wasm_##type##_t>(owner, &Instance::get, index);                    \
        });                                                                                          \
    }

PRIVATE(func, func, Func, debug_function)
PRIVATE(global, global, Global, debug_global)
PRIVATE(memory, memory, Memory, debug_memory)
PRIVATE(shared_memory, memory, Memory, debug_shared_memory)
PRIVATE(table, table, Table, debug_table)
PRIVATE(tag, extern, Tag, debug_tag)

wasm_extern_t* vitrine_instance_debug_extern(
    const wasm_instance_t* instance, wasm_externkind_t kind, uint32_t index)
{
    const auto& owner = required(instance, __func__, "instance");
    return guarded<wasm_extern_t*>(nullptr, [&] { return private_extern(owner, kind, index); });
}

vitrine_error_t* vitrine_global_debug_set(wasm_global_t* global, const vitrine_val_t* val)
{
    const auto& changed = required(global, __func__, "global");
    const vitrine_val_t& wanted = required(val, __func__, "val");
    return attempt(changed.store, [&]() -> Result<void> {
        const auto value = to_val(changed.store, wanted);
        return value ? changed.global().debug_set(*value) : value.error();
    });
}

// Places.

void vitrine_place_delete(vitrine_place_t* place) { delete place; }

vitrine_place_t* vitrine_place_new_memory(const wasm_memory_t* memory, uint64_t address, uint64_t size)
{
    const auto& watched = required(memory, __func__, "memory");
    if (const auto* const shared = watched.as<vitrine::SharedMemory>())
        return make_place(watched.store, MemoryRange { *shared, address, size });
    return make_place(watched.store, MemoryRange { std::get<Memory>(watched.entity), address, size });
}
vitrine_place_t* vitrine_place_new_global(const wasm_global_t* global)
{
    const auto& watched = required(global, __func__, "global");
    return make_place(watched.store, watched.global());
}
vitrine_place_t* vitrine_place_new_table(const wasm_table_t* table, uint64_t index)
{
    const auto& watched = required(table, __func__, "table");
    return make_place(watched.store, TableSlot { watched.table(), index });
}

vitrine_place_kind_t vitrine_place_kind(const vitrine_place_t* place)
{
    return static_cast<vitrine_place_kind_t>(required(place, __func__, "place").place.index());
}

wasm_extern_t* vitrine_place_extern(const vitrine_place_t* place)
{
    const auto& described = required(place, __func__, "place");
    const auto make_extern = [&](const auto& entity) { return make<wasm_extern_t>(described.store, entity); };
    return guarded<wasm_extern_t*>(nullptr, [&]() -> wasm_extern_t* {
        if (const auto* const range = std::get_if<MemoryRange>(&described.place))
            return std::visit(make_extern, range->memory);
        if (const auto* const global = std::get_if<Global>(&described.place))
            return make_extern(*global);
        if (const auto* const slot = std::get_if<TableSlot>(&described.place))
            return make_extern(slot->table);
        return nullptr;
    });
}

uint64_t vitrine_place_index(const vitrine_place_t* place)
{
    const WatchPlace& described = required(place, __func__, "place").place;
    if (const auto* const range = std::get_if<MemoryRange>(&described))
        return range->address;
    if (const auto* const slot = std::get_if<TableSlot>(&described))
        return slot->index;
    const auto* const local = std::get_if<FrameLocal>(&described);
    return local ? local->index : 0;
}

uint64_t vitrine_place_size(const vitrine_place_t* place)
{
    const auto* const range = std::get_if<MemoryRange>(&required(place, __func__, "place").place);
    return range ? range->size : 0;
}

// Expressions.

vitrine_error_t* vitrine_instance_debug_evaluate(
    const wasm_instance_t* instance, const char* expression, vitrine_val_t* out)
{
    const auto& scope = required(instance, __func__, "instance");
    const char* const text = &required(expression, __func__, "expression");
    vitrine_val_t& filled = required(out, __func__, "out");
    return attempt(scope.store, [&] {
        return take(scope.instance().debug_evaluate(text),
            [&](const Val& value) { filled = val_of(scope.store, value); });
    });
}

vitrine_error_t* vitrine_instance_debug_text_of(
    const wasm_instance_t* instance, const char* expression, wasm_byte_vec_t* out)
{
    const auto& scope = required(instance, __func__, "instance");
    const char* const text = &required(expression, __func__, "expression");
    wasm_byte_vec_t& filled = required(out, __func__, "out");
    return attempt(scope.store, [&] {
        return take(
            scope.instance().debug_text_of(text), [&](const std::string& value) { fill(filled, value); });
    });
}

vitrine_error_t* vitrine_instance_debug_assign(const wasm_instance_t* instance, const char* assignment)
{
    const auto& scope = required(instance, __func__, "instance");
    const char* const text = &required(assignment, __func__, "assignment");
    return attempt(scope.store, [&] { return scope.instance().debug_assign(text); });
}

vitrine_error_t* vitrine_instance_debug_place(
    const wasm_instance_t* instance, const char* expression, vitrine_place_t** out)
{
    const auto& scope = required(instance, __func__, "instance");
    const char* const text = &required(expression, __func__, "expression");
    vitrine_place_t*& filled = required(out, __func__, "out");
    return attempt(scope.store, [&] {
        return take(scope.instance().debug_place(text),
            [&](const WatchPlace& place) { filled = new vitrine_place_t { scope.store, place }; });
    });
}
