// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Functions of wasm.h and of vitrine.h. The two differ in the type of a value, `V`, and in what a
// callback is given.
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
    std::array<T, 8> few_ {};
    std::vector<T> many_;
};

/// Values with the references in them.
template<class V> class OwnedValues : public Values<V> {
public:
    using Values<V>::Values;
    ~OwnedValues()
    {
        for (V& val : this->all())
            destroy(val);
    }

private:
    static void destroy(wasm_val_t& val) { wasm_val_delete(&val); }
    static void destroy(vitrine_val_t& val) { vitrine_val_delete(&val); }
};

template<class V> void set_number(V& val, ValKind kind, uint64_t slot)
{
    val.kind = kind_of(kind);
    val.of.i64 = static_cast<int64_t>(slot);
}

template<class V> uint64_t slot_of(const V& val)
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

Error in_value(std::string_view what, size_t number, const Error& error)
{
    return Error(std::string(what) + " " + std::to_string(number) + ": " + error.message());
}

Result<void> put(const std::shared_ptr<StoreBody>& store, const Val& value, wasm_val_t& out)
{
    const auto val = from_val(store, value);
    if (!val)
        return val.error();
    out = *val;
    return {};
}

Result<void> put(const std::shared_ptr<StoreBody>& store, const Val& value, vitrine_val_t& out)
{
    out = val_of(store, value);
    return {};
}

// Functions of the host.

/// A callback of wasm.h.
struct StandardCallback {
    using V = wasm_val_t;
    wasm_func_callback_t plain;
    wasm_func_callback_with_env_t with_env;
    HostInfo env;

    void prepare(wasm_val_t&, ValKind) const {}

    Result<void> operator()(const std::weak_ptr<StoreBody>&, Caller&, std::span<wasm_val_t> args,
        std::span<wasm_val_t> results) const
    {
        const wasm_val_vec_t arg_vec { args.size(), args.data() };
        wasm_val_vec_t result_vec { results.size(), results.data() };
        const std::unique_ptr<wasm_trap_t, decltype(&wasm_trap_delete)> trap(
            with_env ? with_env(env.get(), &arg_vec, &result_vec) : plain(&arg_vec, &result_vec),
            wasm_trap_delete);
        if (trap)
            return trap->error();
        return {};
    }
};

/// One of vitrine.h.
struct CallerCallback {
    using V = vitrine_val_t;
    vitrine_func_callback_t callback;
    HostInfo env;

    void prepare(vitrine_val_t& result, ValKind kind) const { result.kind = kind_of(kind); }

    Result<void> operator()(const std::weak_ptr<StoreBody>& store, Caller& caller,
        std::span<vitrine_val_t> args, std::span<vitrine_val_t> results) const
    {
        vitrine_caller_t seen { store, caller, {} };
        vitrine_error_t* const error =
            callback(env.get(), &seen, args.data(), args.size(), results.data(), results.size());
        if (!error)
            return {};
        Error failed = error->error;
        vitrine_error_delete(error);
        return failed;
    }
};

/// A function of the host, as the C program has defined it.
template<class Callback> class HostFunction {
public:
    using V = typename Callback::V;

    HostFunction(const std::shared_ptr<StoreBody>& store, FuncType type, Callback callback)
        : store_(store), type_(std::move(type)), callback_(std::move(callback))
    {}

    /// For a function of numbers. The arguments are in the slots, where the results go.
    Result<void> call_slots(Caller& caller, uint64_t* slots) const
    {
        Values<V> args(type_.params.size());
        Values<V> results(type_.results.size());
        for (size_t i = 0; i < type_.params.size(); ++i)
            set_number(args.data()[i], type_.params[i], slots[i]);
        for (size_t i = 0; i < type_.results.size(); ++i)
            callback_.prepare(results.data()[i], type_.results[i]);
        if (auto done = callback_(store_, caller, args.all(), results.all()); !done)
            return done;
        for (size_t i = 0; i < type_.results.size(); ++i) {
            const V& result = results.data()[i];
            if (result.kind != kind_of(type_.results[i]))
                return wrong_kind("result", i, type_.results[i], result.kind);
            slots[i] = slot_of(result);
        }
        return {};
    }

    Result<std::vector<Val>> call_values(Caller& caller, std::span<const Val> arguments) const
    {
        const auto store = store_.lock();
        OwnedValues<V> args(arguments.size()), results(type_.results.size());
        for (size_t i = 0; i < arguments.size(); ++i)
            if (auto done = put(store, arguments[i], args.data()[i]); !done)
                return std::move(done).error();
        for (size_t i = 0; i < type_.results.size(); ++i)
            callback_.prepare(results.data()[i], type_.results[i]);
        if (auto done = callback_(store_, caller, args.all(), results.all()); !done)
            return std::move(done).error();
        std::vector<Val> vals;
        for (size_t i = 0; i < type_.results.size(); ++i) {
            auto val = to_val(store, results.data()[i], type_.results[i]);
            if (!val)
                return in_value("result", i, val.error());
            vals.push_back(std::move(*val));
        }
        return vals;
    }

private:
    const std::weak_ptr<StoreBody> store_;
    const FuncType type_;
    const Callback callback_;
};

bool is_number(ValKind kind) { return kind >= ValKind::I32 && kind <= ValKind::F64; }

bool is_numeric(const FuncType& type)
{
    return std::ranges::all_of(type.params, is_number) && std::ranges::all_of(type.results, is_number);
}

template<class Callback>
Result<Func> define(const std::shared_ptr<StoreBody>& body, const FuncType& type, Callback callback)
{
    const auto function = std::make_shared<HostFunction<Callback>>(body, type, std::move(callback));
    if (is_numeric(type))
        return vitrine::detail::wrap(*body->store, type,
            [function](Caller& caller, uint64_t* slots) { return function->call_slots(caller, slots); });
    return Func::create(*body->store, type, [function](Caller& caller, std::span<const Val> arguments) {
        return function->call_values(caller, arguments);
    });
}

wasm_func_t* make_func(wasm_store_t& store, const wasm_functype_t& type, StandardCallback callback)
{
    const auto& body = store.body;
    return guarded<wasm_func_t*>(nullptr, [&] {
        const auto func = define(body, type_of(type), std::move(callback));
        return func ? make<wasm_func_t>(body, *func) : nullptr;
    });
}

// Calls.

/// `slots` has room for the arguments, and for the results.
template<class V>
Result<void> call_numbers(
    const wasm_func_t& func, const Signature& signature, const V* args, V* results, uint64_t* slots)
{
    const std::span<const ValKind> params = signature.params, result_kinds = signature.results;
    for (size_t i = 0; i < params.size(); ++i) {
        if (args[i].kind != kind_of(params[i])) [[unlikely]]
            return wrong_kind("argument", i, params[i], args[i].kind);
        slots[i] = slot_of(args[i]);
    }
    Result<void> done = vitrine::detail::call_slots(func.func(), slots);
    if (done) [[likely]]
        for (size_t i = 0; i < result_kinds.size(); ++i)
            set_number(results[i], result_kinds[i], slots[i]);
    return done;
}

template<class V>
Result<void> call_numbers(const wasm_func_t& func, const Signature& signature, const V* args, V* results)
{
    constexpr size_t few = 8;
    const size_t count = std::max(signature.params.size(), signature.results.size());
    if (count > few) [[unlikely]]
        return call_numbers(func, signature, args, results, std::vector<uint64_t>(count).data());
    uint64_t slots[few];
    return call_numbers(func, signature, args, results, slots);
}

template<class V>
Result<void> call_values(const wasm_func_t& func, const Signature& signature, const V* args, V* results)
{
    std::vector<Val> arguments;
    for (size_t i = 0; i < signature.params.size(); ++i) {
        auto val = to_val(func.store, args[i], signature.params[i]);
        if (!val)
            return in_value("argument", i, val.error());
        arguments.push_back(std::move(*val));
    }
    const auto vals = func.func().call(arguments);
    if (!vals)
        return vals.error();
    OwnedValues<V> made(vals->size());
    for (size_t i = 0; i < vals->size(); ++i)
        if (const auto done = put(func.store, (*vals)[i], made.data()[i]); !done)
            return in_value("result", i, done.error());
    for (size_t i = 0; i < vals->size(); ++i)
        results[i] = std::exchange(made.data()[i], {});
    return {};
}

Error wrong_count(std::string_view what, size_t wanted, size_t got)
{
    return Error(
        "expected " + std::to_string(wanted) + " " + std::string(what) + ", got " + std::to_string(got));
}

template<class V>
Result<void> call(const wasm_func_t& func, const V* args, size_t arg_count, V* results, size_t room)
{
    if (!func.store->store) [[unlikely]]
        return Error("the store is gone");
    const Signature& signature = func.signature();
    if (arg_count != signature.params.size()) [[unlikely]]
        return wrong_count("arguments", signature.params.size(), arg_count);
    if (room < signature.results.size()) [[unlikely]]
        return wrong_count("results", signature.results.size(), room);
    if (signature.is_numeric) [[likely]]
        return call_numbers(func, signature, args, results);
    return call_values(func, signature, args, results);
}

} // namespace

UntypedFunction host_function(const std::shared_ptr<StoreBody>& store, const FuncType& type,
    vitrine_func_callback_t callback, HostInfo env)
{
    const auto function = std::make_shared<HostFunction<CallerCallback>>(
        store, type, CallerCallback { callback, std::move(env) });
    return [function](Caller& caller, std::span<const Val> arguments) {
        return function->call_values(caller, arguments);
    };
}

} // namespace vitrine::capi

using vitrine::FuncType;
using vitrine::Result;
using vitrine::capi::attempt;
using vitrine::capi::call;
using vitrine::capi::CallerCallback;
using vitrine::capi::define;
using vitrine::capi::fill_text;
using vitrine::capi::guarded;
using vitrine::capi::HostInfo;
using vitrine::capi::is_numeric;
using vitrine::capi::make;
using vitrine::capi::make_func;
using vitrine::capi::make_memory;
using vitrine::capi::make_trap;
using vitrine::capi::make_type;
using vitrine::capi::misuse;
using vitrine::capi::out_of_memory_trap;
using vitrine::capi::required;
using vitrine::capi::Signature;
using vitrine::capi::type_of;

const Signature& wasm_func_t::signature() const
{
    if (!signature_) {
        FuncType type = func().type();
        const bool numeric = is_numeric(type);
        signature_ = { std::move(type.params), std::move(type.results), numeric };
    }
    return *signature_;
}

wasm_func_t* wasm_func_new(wasm_store_t* store, const wasm_functype_t* type, wasm_func_callback_t callback)
{
    if (!callback)
        misuse(__func__, "callback is null");
    return make_func(
        required(store, __func__, "store"), required(type, __func__, "type"), { callback, nullptr, {} });
}

wasm_func_t* wasm_func_new_with_env(wasm_store_t* store, const wasm_functype_t* type,
    wasm_func_callback_with_env_t callback, void* env, void (*finalizer)(void*))
{
    if (!callback)
        misuse(__func__, "callback is null");
    return make_func(required(store, __func__, "store"), required(type, __func__, "type"),
        { nullptr, callback, { env, finalizer } });
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

// Flattened like `core::invoke_slots`, as is `vitrine_func_call`.
[[gnu::flatten]] wasm_trap_t* wasm_func_call(
    const wasm_func_t* func, const wasm_val_vec_t* args, wasm_val_vec_t* results)
{
    const auto& callee = required(func, __func__, "func");
    const wasm_val_vec_t given = args ? *args : wasm_val_vec_t WASM_EMPTY_VEC;
    const wasm_val_vec_t room = results ? *results : wasm_val_vec_t WASM_EMPTY_VEC;
    wasm_trap_t* trap = nullptr;
    const bool is_done = guarded(false, [&] {
        const auto done = call(callee, given.data, given.size, room.data, room.size);
        if (!done) [[unlikely]]
            trap = make_trap(callee.store, done.error());
        return true;
    });
    return is_done ? trap : out_of_memory_trap();
}

// What vitrine.h adds.

[[gnu::flatten]] vitrine_error_t* vitrine_func_call(const wasm_func_t* func, const vitrine_val_t args[],
    size_t arg_count, vitrine_val_t results[], size_t result_count)
{
    const auto& callee = required(func, __func__, "func");
    if (arg_count != 0)
        required(args, __func__, "args");
    if (result_count != 0)
        required(results, __func__, "results");
    return attempt(callee.store, [&] { return call(callee, args, arg_count, results, result_count); });
}

vitrine_error_t* vitrine_func_new(wasm_store_t* store, const wasm_functype_t* type,
    vitrine_func_callback_t callback, void* env, void (*finalizer)(void*), wasm_func_t** out)
{
    HostInfo owned(env, finalizer);
    const auto& body = required(store, __func__, "store").body;
    const auto& wanted = required(type, __func__, "type");
    if (!callback)
        misuse(__func__, "callback is null");
    wasm_func_t*& made = required(out, __func__, "out");
    return attempt(body, [&]() -> Result<void> {
        const auto func = define(body, type_of(wanted), CallerCallback { callback, std::move(owned) });
        if (!func)
            return func.error();
        made = make<wasm_func_t>(body, *func);
        return {};
    });
}

void vitrine_func_name(const wasm_func_t* func, wasm_name_t* out)
{
    const auto& described = required(func, __func__, "func");
    fill_text(required(out, __func__, "out"), [&] { return described.func().name(); });
}

bool vitrine_func_index(const wasm_func_t* func, uint32_t* out)
{
    const auto index = required(func, __func__, "func").func().index();
    if (index && out)
        *out = *index;
    return index.has_value();
}

void vitrine_func_type_to_text(const wasm_func_t* func, wasm_byte_vec_t* out)
{
    const auto& described = required(func, __func__, "func");
    fill_text(required(out, __func__, "out"), [&] { return described.func().type().to_text(); });
}

wasm_instance_t* vitrine_caller_instance(const vitrine_caller_t* caller)
{
    const auto& seen = required(caller, __func__, "caller");
    return guarded<wasm_instance_t*>(nullptr, [&] {
        const auto instance = seen.caller.instance();
        return instance ? make<wasm_instance_t>(seen.store.lock(), *instance) : nullptr;
    });
}

wasm_memory_t* vitrine_caller_memory(const vitrine_caller_t* caller, const char* name)
{
    const auto& seen = required(caller, __func__, "caller");
    const char* const text = &required(name, __func__, "name");
    return guarded<wasm_memory_t*>(nullptr, [&]() -> wasm_memory_t* {
        const auto instance = seen.caller.instance();
        return instance ? make_memory(seen.store.lock(), *instance, text) : nullptr;
    });
}

wasm_store_t* vitrine_caller_store(vitrine_caller_t* caller)
{
    auto& seen = required(caller, __func__, "caller");
    if (!seen.handle)
        seen.handle = wasm_store_t { seen.store.lock() };
    return &*seen.handle;
}
