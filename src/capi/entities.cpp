// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Globals, tables, memories and tags.
#include "capi/capi.h"

namespace vitrine::capi {

namespace {

/// The kind of a reference type's values, or none for another type.
std::optional<ValKind> ref_kind_of(const wasm_valtype_t& type)
{
    const auto kind = kind_of(type.kind);
    return kind && *kind >= ValKind::FuncRef ? kind : std::nullopt;
}

std::optional<uint64_t> max_of(const wasm_limits_t& limits)
{
    return limits.max == wasm_limits_max_default ? std::nullopt : std::optional<uint64_t>(limits.max);
}

/// The result of `use` on a memory, shared or not.
template<class F> auto with_memory(const wasm_memory_t& memory, const F& use)
{
    const auto* const own = memory.as<Memory>();
    return own ? use(*own) : use(*memory.as<vitrine::SharedMemory>());
}

/// Sets `out`, which may be null, to the value of a result.
template<class T> Result<void> give(const Result<T>& result, T* out)
{
    if (!result)
        return result.error();
    if (out)
        *out = *result;
    return {};
}

std::optional<uint64_t> max_of(const vitrine_limits_t& limits)
{
    return limits.has_max ? std::optional(limits.max) : std::nullopt;
}

/// Fills a range of a shared memory byte by byte, which a guest may use at the same time.
Result<void> fill_shared(
    const vitrine::SharedMemory& memory, uint64_t address, uint64_t count, std::byte value)
{
    const uint64_t size = memory.size();
    if (address > size || count > size - address)
        return Error("a fill of " + std::to_string(count) + (count == 1 ? " byte" : " bytes") + " at "
            + std::to_string(address) + " leaves the memory of " + std::to_string(size) + " bytes");
    const std::vector<std::byte> block(std::min<uint64_t>(count, 4096), value);
    for (uint64_t done = 0; done < count;) {
        const auto part = std::span(block).first(std::min<uint64_t>(count - done, block.size()));
        if (auto written = memory.write(address + done, part); !written)
            return written;
        done += part.size();
    }
    return {};
}

/// A value for an element of a table.
Result<Val> to_element(const wasm_table_t& table, const vitrine_val_t& value)
{
    if (const auto size = table.table().try_size(); !size)
        return size.error();
    return to_val(table.store, value, table.table().type().element);
}

Result<Entity> create_memory(StoreBody& body, const vitrine_limits_t& limits)
{
    const MemoryType type { limits.min, max_of(limits), limits.is_shared, limits.is_64 };
    if (limits.is_shared)
        return vitrine::SharedMemory::create(body.engine, type).transform([](const auto& memory) {
            return Entity(memory);
        });
    return Memory::create(*body.store, type).transform([](const auto& memory) { return Entity(memory); });
}

} // namespace

} // namespace vitrine::capi

using vitrine::Error;
using vitrine::Extern;
using vitrine::Func;
using vitrine::Global;
using vitrine::Memory;
using vitrine::Result;
using vitrine::Table;
using vitrine::Tag;
using vitrine::ValKind;
using vitrine::capi::attempt;
using vitrine::capi::create_memory;
using vitrine::capi::fill_shared;
using vitrine::capi::from_val;
using vitrine::capi::give;
using vitrine::capi::guarded;
using vitrine::capi::kind_of;
using vitrine::capi::limits_of;
using vitrine::capi::make;
using vitrine::capi::make_type;
using vitrine::capi::max_of;
using vitrine::capi::misuse;
using vitrine::capi::ref_kind_of;
using vitrine::capi::reference_of;
using vitrine::capi::required;
using vitrine::capi::tag_kind;
using vitrine::capi::to_element;
using vitrine::capi::to_val;
using vitrine::capi::type_of;
using vitrine::capi::val_of;
using vitrine::capi::with_memory;

// Globals.

wasm_global_t* wasm_global_new(wasm_store_t* store, const wasm_globaltype_t* type, const wasm_val_t* value)
{
    const auto& body = required(store, __func__, "store").body;
    const auto& wanted = required(type, __func__, "type");
    const auto& initial = required(value, __func__, "value");
    return guarded<wasm_global_t*>(nullptr, [&]() -> wasm_global_t* {
        const ValKind kind = kind_of(wanted.content.kind).value_or(ValKind::None);
        const auto val = to_val(body, initial, kind);
        if (!val)
            return nullptr;
        const auto global =
            Global::create(*body->store, { .kind = kind, .is_mutable = wanted.mutability == WASM_VAR }, *val);
        return global ? make<wasm_global_t>(body, *global) : nullptr;
    });
}

wasm_globaltype_t* wasm_global_type(const wasm_global_t* global)
{
    const auto& described = required(global, __func__, "global");
    return guarded<wasm_globaltype_t*>(
        nullptr, [&] { return static_cast<wasm_globaltype_t*>(make_type(described.global().type())); });
}

void wasm_global_get(const wasm_global_t* global, wasm_val_t* out)
{
    const auto& read = required(global, __func__, "global");
    wasm_val_t& result = required(out, __func__, "out");
    result = WASM_INIT_VAL;
    guarded(false, [&] {
        if (const auto val = from_val(read.store, read.global().get()))
            result = *val;
        return true;
    });
}

void wasm_global_set(wasm_global_t* global, const wasm_val_t* value)
{
    const auto& changed = required(global, __func__, "global");
    const auto& wanted = required(value, __func__, "value");
    const std::string problem = guarded(std::string("out of memory"), [&]() -> std::string {
        const auto val = to_val(changed.store, wanted, changed.global().type().kind);
        if (!val)
            return val.error().to_text();
        const auto done = changed.global().set(*val);
        return done ? "" : done.error().to_text();
    });
    if (!problem.empty())
        misuse(__func__, problem.c_str());
}

// Tables.

wasm_table_t* wasm_table_new(wasm_store_t* store, const wasm_tabletype_t* type, wasm_ref_t* init)
{
    const auto& body = required(store, __func__, "store").body;
    const auto& wanted = required(type, __func__, "type");
    return guarded<wasm_table_t*>(nullptr, [&]() -> wasm_table_t* {
        const auto kind = ref_kind_of(wanted.element);
        if (!kind)
            return nullptr;
        const auto val = to_val(body, init, *kind);
        if (!val)
            return nullptr;
        const auto table = Table::create(
            *body->store, { .element = *kind, .min = wanted.limits.min, .max = max_of(wanted.limits) }, *val);
        return table ? make<wasm_table_t>(body, *table) : nullptr;
    });
}

wasm_tabletype_t* wasm_table_type(const wasm_table_t* table)
{
    const auto& described = required(table, __func__, "table");
    return guarded<wasm_tabletype_t*>(
        nullptr, [&] { return static_cast<wasm_tabletype_t*>(make_type(described.table().type())); });
}

wasm_ref_t* wasm_table_get(const wasm_table_t* table, wasm_table_size_t index)
{
    const auto& read = required(table, __func__, "table");
    return guarded<wasm_ref_t*>(nullptr, [&]() -> wasm_ref_t* {
        const auto val = read.table().get(index);
        return val ? reference_of(read.store, *val) : nullptr;
    });
}

bool wasm_table_set(wasm_table_t* table, wasm_table_size_t index, wasm_ref_t* value)
{
    const auto& changed = required(table, __func__, "table");
    return guarded(false, [&] {
        const auto val = to_val(changed.store, value, changed.table().type().element);
        return val && changed.table().set(index, *val);
    });
}

wasm_table_size_t wasm_table_size(const wasm_table_t* table)
{
    return limits_of(required(table, __func__, "table").table().size(), {}).min;
}

bool wasm_table_grow(wasm_table_t* table, wasm_table_size_t delta, wasm_ref_t* init)
{
    const auto& grown = required(table, __func__, "table");
    return guarded(false, [&] {
        const auto val = to_val(grown.store, init, grown.table().type().element);
        return val && grown.table().grow(delta, *val);
    });
}

// Memories.

wasm_memory_t* wasm_memory_new(wasm_store_t* store, const wasm_memorytype_t* type)
{
    const auto& body = required(store, __func__, "store").body;
    const wasm_limits_t& limits = required(type, __func__, "type").limits;
    return guarded<wasm_memory_t*>(nullptr, [&]() -> wasm_memory_t* {
        const auto memory = Memory::create(*body->store, { .min = limits.min, .max = max_of(limits) });
        return memory ? make<wasm_memory_t>(body, *memory) : nullptr;
    });
}

wasm_memorytype_t* wasm_memory_type(const wasm_memory_t* memory)
{
    const auto& described = required(memory, __func__, "memory");
    return guarded<wasm_memorytype_t*>(nullptr, [&] {
        return static_cast<wasm_memorytype_t*>(
            make_type(with_memory(described, [](const auto& of) { return of.type(); })));
    });
}

byte_t* wasm_memory_data(wasm_memory_t* memory)
{
    const auto& read = required(memory, __func__, "memory");
    if (const auto* const shared = read.as<vitrine::SharedMemory>())
        return reinterpret_cast<byte_t*>(shared->data());
    return reinterpret_cast<byte_t*>(std::get<Memory>(read.entity).data().data());
}

size_t wasm_memory_data_size(const wasm_memory_t* memory)
{
    const auto& read = required(memory, __func__, "memory");
    return with_memory(read, [](const auto& of) { return of.size(); });
}

wasm_memory_pages_t wasm_memory_size(const wasm_memory_t* memory)
{
    return limits_of(wasm_memory_data_size(memory) / MEMORY_PAGE_SIZE, {}).min;
}

bool wasm_memory_grow(wasm_memory_t* memory, wasm_memory_pages_t delta)
{
    const auto& grown = required(memory, __func__, "memory");
    return guarded(false,
        [&] { return with_memory(grown, [&](const auto& of) { return of.grow(delta).has_value(); }); });
}

// Imports and exports.

wasm_externkind_t wasm_extern_kind(const wasm_extern_t* item)
{
    const auto& described = required(item, __func__, "item");
    return std::visit(
        []<class T>(const T&) -> wasm_externkind_t {
            if constexpr (std::is_same_v<T, Func>)
                return WASM_EXTERN_FUNC;
            else if constexpr (std::is_same_v<T, Global>)
                return WASM_EXTERN_GLOBAL;
            else if constexpr (std::is_same_v<T, Table>)
                return WASM_EXTERN_TABLE;
            else if constexpr (std::is_same_v<T, Memory> || std::is_same_v<T, vitrine::SharedMemory>)
                return WASM_EXTERN_MEMORY;
            else
                return tag_kind;
        },
        described.entity);
}

wasm_externtype_t* wasm_extern_type(const wasm_extern_t* item)
{
    const auto& described = required(item, __func__, "item");
    return guarded<wasm_externtype_t*>(nullptr, [&]() -> wasm_externtype_t* {
        return std::visit(
            []<class T>(const T& entity) -> wasm_externtype_t* {
                if constexpr (std::is_constructible_v<Extern, T> && !std::is_same_v<T, Tag>)
                    return make_type(entity.type());
                else
                    return new wasm_externtype_t(tag_kind);
            },
            described.entity);
    });
}

// What vitrine.h adds: globals.

vitrine_error_t* vitrine_global_new(
    wasm_store_t* store, const wasm_globaltype_t* type, const vitrine_val_t* value, wasm_global_t** out)
{
    const auto& body = required(store, __func__, "store").body;
    const auto& wanted = required(type, __func__, "type");
    const auto& initial = required(value, __func__, "value");
    wasm_global_t*& made = required(out, __func__, "out");
    return attempt(body, [&]() -> Result<void> {
        const ValKind kind = kind_of(wanted.content.kind).value_or(ValKind::None);
        const auto val = to_val(body, initial, kind);
        if (!val)
            return val.error();
        const auto global =
            Global::create(*body->store, { .kind = kind, .is_mutable = wanted.mutability == WASM_VAR }, *val);
        if (!global)
            return global.error();
        made = make<wasm_global_t>(body, *global);
        return {};
    });
}

vitrine_error_t* vitrine_global_get(const wasm_global_t* global, vitrine_val_t* out)
{
    const auto& read = required(global, __func__, "global");
    vitrine_val_t& result = required(out, __func__, "out");
    return attempt(read.store, [&]() -> Result<void> {
        const auto val = read.global().try_get();
        if (!val)
            return val.error();
        result = val_of(read.store, *val);
        return {};
    });
}

vitrine_error_t* vitrine_global_set(const wasm_global_t* global, const vitrine_val_t* value)
{
    const auto& changed = required(global, __func__, "global");
    const auto& wanted = required(value, __func__, "value");
    return attempt(changed.store, [&]() -> Result<void> {
        if (const auto current = changed.global().try_get(); !current)
            return current.error();
        const auto val = to_val(changed.store, wanted, changed.global().type().kind);
        if (!val)
            return val.error();
        return changed.global().set(*val);
    });
}

// Memories.

vitrine_error_t* vitrine_memory_new(wasm_store_t* store, const vitrine_limits_t* limits, wasm_memory_t** out)
{
    const auto& body = required(store, __func__, "store").body;
    const auto& wanted = required(limits, __func__, "limits");
    wasm_memory_t*& made = required(out, __func__, "out");
    return attempt(body, [&]() -> Result<void> {
        auto memory = create_memory(*body, wanted);
        if (!memory)
            return std::move(memory).error();
        made = make<wasm_memory_t>(body, std::move(*memory));
        return {};
    });
}

vitrine_error_t* vitrine_memory_obtain(wasm_store_t* store, const wasm_memory_t* memory, wasm_memory_t** out)
{
    const auto& body = required(store, __func__, "store").body;
    const auto& original = required(memory, __func__, "memory");
    wasm_memory_t*& made = required(out, __func__, "out");
    return attempt(body, [&]() -> Result<void> {
        const auto* const shared = original.as<vitrine::SharedMemory>();
        if (!shared)
            return Error("the memory is not shared");
        if (original.store->engine != body->engine)
            return Error("the memory and the store belong to different engines");
        made = make<wasm_memory_t>(body, *shared);
        return {};
    });
}

void vitrine_memory_limits(const wasm_memory_t* memory, vitrine_limits_t* out)
{
    const auto& described = required(memory, __func__, "memory");
    required(out, __func__, "out") =
        with_memory(described, [](const auto& of) { return limits_of(of.type()); });
}

vitrine_error_t* vitrine_memory_size(const wasm_memory_t* memory, uint64_t* out)
{
    const auto& read = required(memory, __func__, "memory");
    uint64_t& size = required(out, __func__, "out");
    return attempt(read.store, [&]() -> Result<void> {
        if (const auto* const shared = read.as<vitrine::SharedMemory>()) {
            size = shared->size();
            return {};
        }
        return give(std::get<Memory>(read.entity).try_size(), &size);
    });
}

vitrine_error_t* vitrine_memory_read(const wasm_memory_t* memory, uint64_t address, void* to, size_t size)
{
    const auto& read = required(memory, __func__, "memory");
    if (size != 0)
        required(static_cast<char*>(to), __func__, "to");
    const std::span bytes(static_cast<std::byte*>(to), size);
    return attempt(read.store,
        [&] { return with_memory(read, [&](const auto& of) { return of.read(address, bytes); }); });
}

vitrine_error_t* vitrine_memory_write(
    const wasm_memory_t* memory, uint64_t address, const void* from, size_t size)
{
    const auto& written = required(memory, __func__, "memory");
    if (size != 0)
        required(static_cast<const char*>(from), __func__, "from");
    const std::span bytes(static_cast<const std::byte*>(from), size);
    return attempt(written.store,
        [&] { return with_memory(written, [&](const auto& of) { return of.write(address, bytes); }); });
}

vitrine_error_t* vitrine_memory_fill(
    const wasm_memory_t* memory, uint64_t address, uint64_t count, uint8_t value)
{
    const auto& written = required(memory, __func__, "memory");
    return attempt(written.store, [&]() -> Result<void> {
        const auto* const own = written.as<Memory>();
        if (!own)
            return fill_shared(*written.as<vitrine::SharedMemory>(), address, count, std::byte(value));
        return own->fill(address, count, std::byte(value));
    });
}

vitrine_error_t* vitrine_memory_grow(const wasm_memory_t* memory, uint64_t pages, uint64_t* old)
{
    const auto& grown = required(memory, __func__, "memory");
    return attempt(grown.store,
        [&] { return give(with_memory(grown, [&](const auto& of) { return of.grow(pages); }), old); });
}

bool vitrine_memory_can_move(const wasm_memory_t* memory)
{
    const auto* const unshared = required(memory, __func__, "memory").as<Memory>();
    return unshared && guarded(true, [&] { return unshared->can_move(); });
}

vitrine_error_t* vitrine_memory_find(const wasm_memory_t* memory, const void* bytes, size_t size,
    uint64_t from, bool* found, uint64_t* address)
{
    const auto& searched = required(memory, __func__, "memory");
    if (size != 0)
        required(static_cast<const char*>(bytes), __func__, "bytes");
    bool& is_found = required(found, __func__, "found");
    uint64_t& position = required(address, __func__, "address");
    return attempt(searched.store, [&]() -> Result<void> {
        const auto* const own = searched.as<Memory>();
        if (!own)
            return Error("a shared memory cannot be searched");
        const auto result = own->try_find({ static_cast<const std::byte*>(bytes), size }, from);
        if (!result)
            return result.error();
        is_found = result->has_value();
        position = result->value_or(position);
        return {};
    });
}

// Tables.

vitrine_error_t* vitrine_table_new(
    wasm_store_t* store, const wasm_tabletype_t* type, const vitrine_val_t* init, wasm_table_t** out)
{
    const auto& body = required(store, __func__, "store").body;
    const auto& wanted = required(type, __func__, "type");
    const auto& initial = required(init, __func__, "init");
    wasm_table_t*& made = required(out, __func__, "out");
    return attempt(body, [&]() -> Result<void> {
        const ValKind kind = kind_of(wanted.element.kind).value_or(ValKind::None);
        const auto val = to_val(body, initial, kind);
        if (!val)
            return val.error();
        const auto table = Table::create(
            *body->store, { .element = kind, .min = wanted.limits.min, .max = max_of(wanted.limits) }, *val);
        if (!table)
            return table.error();
        made = make<wasm_table_t>(body, *table);
        return {};
    });
}

void vitrine_table_limits(const wasm_table_t* table, vitrine_limits_t* out)
{
    const auto& described = required(table, __func__, "table");
    required(out, __func__, "out") = limits_of(described.table().type());
}

vitrine_error_t* vitrine_table_size(const wasm_table_t* table, uint64_t* out)
{
    const auto& read = required(table, __func__, "table");
    uint64_t& size = required(out, __func__, "out");
    return attempt(read.store, [&] { return give(read.table().try_size(), &size); });
}

vitrine_error_t* vitrine_table_get(const wasm_table_t* table, uint64_t index, vitrine_val_t* out)
{
    const auto& read = required(table, __func__, "table");
    vitrine_val_t& result = required(out, __func__, "out");
    return attempt(read.store, [&]() -> Result<void> {
        const auto val = read.table().get(index);
        if (!val)
            return val.error();
        result = val_of(read.store, *val);
        return {};
    });
}

vitrine_error_t* vitrine_table_set(const wasm_table_t* table, uint64_t index, const vitrine_val_t* value)
{
    const auto& changed = required(table, __func__, "table");
    const auto& wanted = required(value, __func__, "value");
    return attempt(changed.store, [&]() -> Result<void> {
        const auto val = to_element(changed, wanted);
        return val ? changed.table().set(index, *val) : val.error();
    });
}

vitrine_error_t* vitrine_table_grow(
    const wasm_table_t* table, uint64_t count, const vitrine_val_t* init, uint64_t* old)
{
    const auto& grown = required(table, __func__, "table");
    const auto& initial = required(init, __func__, "init");
    return attempt(grown.store, [&]() -> Result<void> {
        const auto val = to_element(grown, initial);
        return val ? give(grown.table().grow(count, *val), old) : val.error();
    });
}

// Tags.

vitrine_error_t* vitrine_tag_new(wasm_store_t* store, const wasm_functype_t* type, wasm_extern_t** out)
{
    const auto& body = required(store, __func__, "store").body;
    const auto& wanted = required(type, __func__, "type");
    wasm_extern_t*& made = required(out, __func__, "out");
    return attempt(body, [&]() -> Result<void> {
        const auto tag = Tag::create(*body->store, type_of(wanted));
        if (!tag)
            return tag.error();
        made = make<wasm_extern_t>(body, *tag);
        return {};
    });
}

wasm_functype_t* vitrine_tag_type(const wasm_extern_t* item)
{
    const auto* const tag = required(item, __func__, "item").as<Tag>();
    if (!tag)
        return nullptr;
    return guarded<wasm_functype_t*>(
        nullptr, [&] { return static_cast<wasm_functype_t*>(make_type(tag->type())); });
}
