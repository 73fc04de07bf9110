// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Functions, globals, tables, memories.
#include "capi/capi.h"

#include <algorithm>
#include <array>

namespace vitrine::capi {

namespace {

/// Room for the values of most functions, and for those of all others on the heap.
template<class T> class Values {
public:
    explicit Values(size_t size) : size_(size)
    {
        if (size > few_.size())
            many_.resize(size);
    }
    T* data() { return many_.empty() ? few_.data() : many_.data(); }
    std::span<T> all() { return { data(), size_ }; }

private:
    const size_t size_;
    std::array<T, 16> few_ {};
    std::vector<T> many_;
};

wasm_val_t number_of(ValKind kind, uint64_t slot)
{
    wasm_val_t val { kind_of(kind), {} };
    val.of.i64 = static_cast<int64_t>(slot);
    return val;
}

uint64_t slot_of(const wasm_val_t& val)
{
    const bool is_narrow = val.kind == WASM_I32 || val.kind == WASM_F32;
    return is_narrow ? static_cast<uint32_t>(val.of.i32) : static_cast<uint64_t>(val.of.i64);
}

Error wrong_kind(std::string_view what, size_t number, ValKind wanted, wasm_valkind_t got)
{
    const auto kind = kind_of(got);
    return Error(std::string(what) + " " + std::to_string(number) + ": expected a value of kind "
        + std::string(to_text(wanted)) + ", got " + (kind ? std::string(to_text(*kind)) : "one of no kind"));
}

/// A function of the host, as the C program has defined it.
class Callback {
public:
    Callback(const std::shared_ptr<StoreBody>& store, FuncType type, wasm_func_callback_t plain,
        wasm_func_callback_with_env_t with_env, void* env, void (*finalizer)(void*))
        : store_(store), type_(std::move(type)), plain_(plain), with_env_(with_env), env_(env, finalizer)
    {}

    /// For a function of numbers. The arguments are in the slots, where the results go.
    Result<void> call_slots(uint64_t* slots) const
    {
        Values<wasm_val_t> args(type_.params.size());
        Values<wasm_val_t> results(type_.results.size());
        for (size_t i = 0; i < type_.params.size(); ++i)
            args.data()[i] = number_of(type_.params[i], slots[i]);
        if (auto done = call(args.all(), results.all()); !done)
            return done;
        for (size_t i = 0; i < type_.results.size(); ++i) {
            const wasm_val_t& result = results.data()[i];
            if (result.kind != kind_of(type_.results[i]))
                return wrong_kind("result", i, type_.results[i], result.kind);
            slots[i] = slot_of(result);
        }
        return {};
    }

    Result<std::vector<Val>> call_values(std::span<const Val> arguments) const
    {
        const auto store = store_.lock();
        Owned args(arguments.size()), results(type_.results.size());
        for (size_t i = 0; i < arguments.size(); ++i) {
            auto val = from_val(store, arguments[i]);
            if (!val)
                return std::move(val).error();
            args.all()[i] = *val;
        }
        if (auto done = call(args.all(), results.all()); !done)
            return std::move(done).error();
        std::vector<Val> vals;
        for (size_t i = 0; i < type_.results.size(); ++i) {
            auto val = to_val(store, results.all()[i], type_.results[i]);
            if (!val)
                return Error("result " + std::to_string(i) + ": " + val.error().message());
            vals.push_back(std::move(*val));
        }
        return vals;
    }

private:
    /// Values with the references in them.
    class Owned : public Values<wasm_val_t> {
    public:
        using Values::Values;
        ~Owned()
        {
            for (wasm_val_t& val : all())
                wasm_val_delete(&val);
        }
    };

    Result<void> call(std::span<wasm_val_t> args, std::span<wasm_val_t> results) const
    {
        const wasm_val_vec_t arg_vec { args.size(), args.data() };
        wasm_val_vec_t result_vec { results.size(), results.data() };
        const std::unique_ptr<wasm_trap_t> trap(
            with_env_ ? with_env_(env_.get(), &arg_vec, &result_vec) : plain_(&arg_vec, &result_vec));
        if (trap)
            return trap->error();
        return {};
    }

    const std::weak_ptr<StoreBody> store_;
    const FuncType type_;
    const wasm_func_callback_t plain_;
    const wasm_func_callback_with_env_t with_env_;
    const HostInfo env_;
};

bool is_number(ValKind kind) { return kind >= ValKind::I32 && kind <= ValKind::F64; }

Result<Func> define(
    const std::shared_ptr<StoreBody>& body, const FuncType& type, const std::shared_ptr<Callback>& callback)
{
    if (std::ranges::all_of(type.params, is_number) && std::ranges::all_of(type.results, is_number))
        return vitrine::detail::wrap(
            *body->store, type, [callback](Caller&, uint64_t* slots) { return callback->call_slots(slots); });
    return Func::create(*body->store, type,
        [callback](Caller&, std::span<const Val> arguments) { return callback->call_values(arguments); });
}

wasm_func_t* make_func(wasm_store_t& store, const wasm_functype_t& type, wasm_func_callback_t plain,
    wasm_func_callback_with_env_t with_env, void* env, void (*finalizer)(void*))
{
    const auto& body = store.body;
    return guarded<wasm_func_t*>(nullptr, [&] {
        const FuncType wanted = type_of(type);
        const auto callback = std::make_shared<Callback>(body, wanted, plain, with_env, env, finalizer);
        const auto func = define(body, wanted, callback);
        return func ? make<wasm_func_t>(body, *func) : nullptr;
    });
}

// Calls.

Result<void> call_numbers(const wasm_func_t& func, const wasm_val_t* args, wasm_val_t* results)
{
    const Signature& signature = func.signature();
    Values<uint64_t> slots(std::max(signature.params.size(), signature.results.size()));
    for (size_t i = 0; i < signature.params.size(); ++i) {
        if (args[i].kind != kind_of(signature.params[i]))
            return wrong_kind("argument", i, signature.params[i], args[i].kind);
        slots.data()[i] = slot_of(args[i]);
    }
    if (auto done = vitrine::detail::call_slots(func.func(), slots.data()); !done)
        return done;
    for (size_t i = 0; i < signature.results.size(); ++i)
        results[i] = number_of(signature.results[i], slots.data()[i]);
    return {};
}

Result<void> call_values(const wasm_func_t& func, const wasm_val_t* args, wasm_val_t* results)
{
    const Signature& signature = func.signature();
    std::vector<Val> arguments;
    for (size_t i = 0; i < signature.params.size(); ++i) {
        auto val = to_val(func.store, args[i], signature.params[i]);
        if (!val)
            return Error("argument " + std::to_string(i) + ": " + val.error().message());
        arguments.push_back(std::move(*val));
    }
    const auto vals = func.func().call(arguments);
    if (!vals)
        return vals.error();
    for (size_t i = 0; i < vals->size(); ++i) {
        auto val = from_val(func.store, (*vals)[i]);
        if (!val) {
            while (i-- > 0)
                wasm_val_delete(&results[i]);
            return Error("result " + std::to_string(i) + ": " + val.error().message());
        }
        results[i] = *val;
    }
    return {};
}

Result<void> call(const wasm_func_t& func, const wasm_val_vec_t* args, wasm_val_vec_t* results)
{
    const Signature& signature = func.signature();
    const auto check = [](std::string_view what, size_t wanted, size_t got) -> Result<void> {
        if (wanted == got)
            return {};
        return Error(
            "expected " + std::to_string(wanted) + " " + std::string(what) + ", got " + std::to_string(got));
    };
    if (auto done = check("arguments", signature.params.size(), args ? args->size : 0); !done)
        return done;
    const size_t room = results ? results->size : 0;
    if (room < signature.results.size())
        return check("results", signature.results.size(), room);
    const wasm_val_t* const from = args ? args->data : nullptr;
    wasm_val_t* const to = results ? results->data : nullptr;
    return signature.is_numeric ? call_numbers(func, from, to) : call_values(func, from, to);
}

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

MemoryType memory_type_of(const wasm_memory_t& memory)
{
    const auto* const own = memory.as<Memory>();
    return own ? own->type() : memory.as<vitrine::SharedMemory>()->type();
}

} // namespace

} // namespace vitrine::capi

using vitrine::Error;
using vitrine::Extern;
using vitrine::Func;
using vitrine::FuncType;
using vitrine::Global;
using vitrine::Memory;
using vitrine::Result;
using vitrine::Table;
using vitrine::Tag;
using vitrine::ValKind;
using vitrine::capi::call;
using vitrine::capi::from_val;
using vitrine::capi::guarded;
using vitrine::capi::is_number;
using vitrine::capi::kind_of;
using vitrine::capi::limits_of;
using vitrine::capi::make;
using vitrine::capi::make_func;
using vitrine::capi::make_trap;
using vitrine::capi::make_type;
using vitrine::capi::max_of;
using vitrine::capi::memory_type_of;
using vitrine::capi::misuse;
using vitrine::capi::ref_kind_of;
using vitrine::capi::reference_of;
using vitrine::capi::required;
using vitrine::capi::Signature;
using vitrine::capi::tag_kind;
using vitrine::capi::to_val;

// Functions.

const Signature& wasm_func_t::signature() const
{
    if (!signature_) {
        FuncType type = func().type();
        const bool is_numeric =
            std::ranges::all_of(type.params, is_number) && std::ranges::all_of(type.results, is_number);
        signature_ = { std::move(type.params), std::move(type.results), is_numeric };
    }
    return *signature_;
}

wasm_func_t* wasm_func_new(wasm_store_t* store, const wasm_functype_t* type, wasm_func_callback_t callback)
{
    if (!callback)
        misuse(__func__, "callback is null");
    return make_func(required(store, __func__, "store"), required(type, __func__, "type"), callback, nullptr,
        nullptr, nullptr);
}

wasm_func_t* wasm_func_new_with_env(wasm_store_t* store, const wasm_functype_t* type,
    wasm_func_callback_with_env_t callback, void* env, void (*finalizer)(void*))
{
    if (!callback)
        misuse(__func__, "callback is null");
    return make_func(required(store, __func__, "store"), required(type, __func__, "type"), nullptr, callback,
        env, finalizer);
}

wasm_functype_t* wasm_func_type(const wasm_func_t* func)
{
    const auto& described = required(func, __func__, "func");
    return guarded<wasm_functype_t*>(nullptr, [&] {
        const Signature& signature = described.signature();
        return static_cast<wasm_functype_t*>(make_type(FuncType { signature.params, signature.results }));
    });
}

size_t wasm_func_param_arity(const wasm_func_t* func)
{
    const auto& described = required(func, __func__, "func");
    return guarded<size_t>(0, [&] { return described.signature().params.size(); });
}

size_t wasm_func_result_arity(const wasm_func_t* func)
{
    const auto& described = required(func, __func__, "func");
    return guarded<size_t>(0, [&] { return described.signature().results.size(); });
}

wasm_trap_t* wasm_func_call(const wasm_func_t* func, const wasm_val_vec_t* args, wasm_val_vec_t* results)
{
    const auto& callee = required(func, __func__, "func");
    auto done =
        guarded(std::optional<Result<void>>(), [&] { return std::optional(call(callee, args, results)); });
    if (done && *done)
        return nullptr;
    wasm_trap_t* const trap = make_trap(callee.store, done ? done->error() : Error("out of memory"));
    if (!trap)
        misuse(__func__, "there is no memory for the trap");
    return trap;
}

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
    return guarded<wasm_memorytype_t*>(
        nullptr, [&] { return static_cast<wasm_memorytype_t*>(make_type(memory_type_of(described))); });
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
    if (const auto* const shared = read.as<vitrine::SharedMemory>())
        return shared->size();
    return std::get<Memory>(read.entity).size();
}

wasm_memory_pages_t wasm_memory_size(const wasm_memory_t* memory)
{
    return limits_of(wasm_memory_data_size(memory) / MEMORY_PAGE_SIZE, {}).min;
}

bool wasm_memory_grow(wasm_memory_t* memory, wasm_memory_pages_t delta)
{
    const auto& grown = required(memory, __func__, "memory");
    return guarded(false, [&] {
        if (const auto* const shared = grown.as<vitrine::SharedMemory>())
            return shared->grow(delta).has_value();
        return std::get<Memory>(grown.entity).grow(delta).has_value();
    });
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
