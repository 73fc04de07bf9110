// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

// Runs any valid module as a guest: with imports made to fit, arguments of any type, bounded time
// and memory.

#include "engine/engine.h"
#include "exec/invoke.h"
#include "runtime/linker.h"
#include "wasm/decoder.h"
#include "wasm/validator.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace vitrine::fuzz {

using namespace core;

inline constexpr uint64_t max_table = 1000;
inline constexpr size_t max_memories = 4, max_tables = 8, max_calls = 32;
inline constexpr std::chrono::milliseconds time_of_input { 20 };

/// Interrupts everything that runs longer than an input may. An entry into the guest forgets
/// earlier interrupts, so it keeps interrupting.
class Watchdog {
public:
    Watchdog() : thread_([this](const std::stop_token& stop) { run(stop); }) {}

    void watch(std::shared_ptr<Requests> requests)
    {
        {
            const std::scoped_lock lock(mutex_);
            requests_ = std::move(requests);
            end_ = Clock::now() + time_of_input;
        }
        changed_.notify_one();
    }
    void stop()
    {
        const std::scoped_lock lock(mutex_);
        requests_.reset();
    }
    bool is_over() const { return Clock::now() >= end_; }

private:
    using Clock = std::chrono::steady_clock;

    void run(const std::stop_token& stop)
    {
        std::unique_lock lock(mutex_);
        while (changed_.wait(lock, stop, [&] { return requests_ != nullptr; })) {
            if (is_over())
                requests_->add(Requests::interrupt);
            changed_.wait_for(lock, stop, std::chrono::milliseconds(5), [] { return false; });
        }
    }

    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::shared_ptr<Requests> requests_;
    Clock::time_point end_;
    std::jthread thread_;
};

inline Watchdog& watchdog()
{
    static Watchdog dog;
    return dog;
}

/// FNV-1a. Everything that an input decides besides its module.
inline uint64_t hash_of(std::span<const uint8_t> bytes)
{
    uint64_t hash = 0xcbf29ce484222325;
    for (const uint8_t byte : bytes)
        hash = (hash ^ byte) * 0x100000001b3;
    return hash;
}

/// How a guest is executed.
struct Tiering {
    TierPolicy tier = TierPolicy::Interpreter;
    uint64_t seed = 1;
    uint32_t exit_percent = 0;
};

/// The tier that an input chooses to be compared with the interpreter.
inline Tiering tiering_of(uint64_t hash)
{
    if (hash % 3 == 0)
        return { .tier = TierPolicy::Compiled };
    return { .tier = TierPolicy::Mixed,
        .seed = hash,
        .exit_percent = std::array<uint32_t, 4> { 0, 3, 20, 100 }[hash >> 8 & 3] };
}

/// An engine, a store and its guest thread, with the smallest limits possible.
struct Guest {
    explicit Guest(bool stress, const Tiering& tiering = {})
        : engine(std::make_shared<Engine>(EngineConfig { .guest_debug = true,
              .max_stack_bytes = 256 << 10,
              .max_memory = { 16 },
              .max_heap_bytes = 4 << 20,
              .stress_collector = stress,
              .features = FeatureSet::all(),
              .tier = tiering.tier,
              .max_code_bytes = 16 << 20,
              .tier_seed = tiering.seed,
              .exit_percent = tiering.exit_percent }))
    {
        ASSERT(!engine->environment_error);
        watchdog().watch(thread.requests);
    }
    ~Guest() { watchdog().stop(); }
    Guest(const Guest&) = delete;
    Guest& operator=(const Guest&) = delete;

    std::shared_ptr<Engine> engine;
    GuestStore guest { engine };
    Store& store = guest.store;
    Thread& thread = guest.thread;
};

/// Numbers at the edges of arithmetic and of addresses. f32 uses the lower half.
inline constexpr std::array<uint64_t, 12> edges { 0, ~uint64_t { 0 }, 1,
    uint64_t { 1 } << 63 | uint64_t { 1 } << 31, 0x7fffffff'7fffffff, 0x7ff00000'7f800000,
    0x7ff80000'7fc00000, 0xfff00000'ff800001, 65535, 0x43e00000'4f000000, 0x80000000'00000000,
    0x00000001'00000000 };

/// Makes values of any type, including references of the guest.
class Values {
public:
    Values(Store& store, const Instance* instance) : store_(store), instance_(instance) {}

    /// A value of the type, which holds `TypeId`s; all zeros for `seed` 0. None if the type has no
    /// value that can be made. The caller must pause the collector.
    std::optional<Value> make(ValueType type, size_t seed) const
    {
        if (!type.is_ref())
            return number(type, seed);
        if (type.is_nullable() && seed % 3 == 0)
            return Value { type };
        const auto ref = make_ref(type, seed);
        if (!ref)
            return type.is_nullable() ? std::optional(Value { type }) : std::nullopt;
        return Value::ref(type, *ref);
    }

private:
    static Value number(ValueType type, size_t seed)
    {
        const uint64_t bits = edges[seed % edges.size()];
        if (type == ValueType::i32 || type == ValueType::f32)
            return { type, static_cast<uint32_t>(bits) };
        return { type, bits, type == ValueType::v128 ? edges[(seed + 5) % edges.size()] : 0 };
    }

    std::optional<Ref> make_ref(ValueType type, size_t seed) const
    {
        switch (type.heap()) {
        case HeapKind::Any:
        case HeapKind::Eq:
        case HeapKind::I31: return Ref::i31(static_cast<uint32_t>(edges[seed % edges.size()]));
        case HeapKind::Extern: return Ref::of(store_.heap.make_extern(std::make_shared<int>(1)));
        case HeapKind::Func:
            if (instance_ && !instance_->functions.empty())
                return Ref::of(instance_->functions[seed % instance_->functions.size()]);
            return {};
        case HeapKind::Defined: return make_defined(store_.engine().types.info({ type.index() }));
        default: return {};
        }
    }

    std::optional<Ref> make_defined(const TypeInfo& type) const
    {
        const auto can_be_zero = [](const FieldType& field) { return field.type.is_defaultable(); };
        Object* object = nullptr;
        if (const StructType* structure = type.type.structure()) {
            if (std::ranges::all_of(structure->fields, can_be_zero))
                object = store_.heap.make_struct(type);
        } else if (const ArrayType* array = type.type.array()) {
            if (can_be_zero(array->element))
                object = store_.heap.make_array(type, 3);
        } else if (instance_) {
            for (const Function* function : instance_->functions)
                if (store_.engine().types.is_subtype(function->type, type.id))
                    return Ref::of(function);
        }
        return object ? std::optional(Ref::of(object)) : std::nullopt;
    }

    Store& store_;
    const Instance* instance_;
};

inline std::optional<std::vector<Value>> make_all(
    const Values& values, std::span<const ValueType> types, size_t seed)
{
    std::vector<Value> made;
    for (const ValueType type : types) {
        auto value = values.make(type, seed ? seed++ : 0);
        if (!value)
            return {};
        made.push_back(*value);
    }
    return made;
}

/// Returns default values, or traps if a result type has none.
inline HostOutcome answer(HostCall& call, const FuncType& type)
{
    const Heap::Pause pause(call.store.heap);
    const auto results = make_all(Values(call.store, call.caller), type.results, 0);
    if (!results)
        return Trap { .kind = TrapKind::HostError, .message = "no such value" };
    Slot* to = call.slots.data();
    for (const Value& value : *results) {
        store_value(value, to);
        to += value.type.slots();
    }
    return Returned {};
}

/// Calls the function that it is given if that takes no arguments, then returns default values
/// whatever happened.
inline HostOutcome call_back(HostCall& call, const FuncType& type)
{
    const bool has_function = !type.params.empty() && type.params[0].is_ref()
        && call.store.engine().types.is_subtype(type.params[0], ValueType::funcref) && call.slots[0] != 0;
    if (!has_function)
        return answer(call, type);
    Function* const callee = Ref { call.slots[0] }.function();
    if (!call.store.engine().types[callee->type].func()->params.empty())
        return answer(call, type);
    const auto then = [](void*, HostCall& then, OrTrapped<void>&& called) -> HostOutcome {
        const bool is_swallowed = called || called.error().kind == TrapKind::Unreachable;
        if (!is_swallowed)
            return std::move(called).error();
        return answer(then, then.function.host->type);
    };
    return CallGuest { callee, then };
}

inline Extern make_function(Store& store, const Module& module, const Import& import)
{
    FuncType type = module.func_type({ import.index });
    for (auto* types : { &type.params, &type.results })
        for (ValueType& each : *types)
            each = module.canonical(each);
    const auto host = std::make_shared<const HostFunction>(
        HostFunction { "", "", type, [type](HostCall& call) { return call_back(call, type); } });
    return store.add_host_function(host, module.func_type_id({ import.index }));
}

inline std::optional<Extern> make_import(Store& store, const Module& module, const Import& import)
{
    const Values values(store, nullptr);
    switch (import.kind) {
    case ExternKind::Func: return make_function(store, module, import);
    case ExternKind::Table: {
        TableType type = module.tables[TableIndex { import.index }].type;
        type.element = module.canonical(type.element);
        const auto initial = values.make(type.element, 0);
        if (!initial)
            return {};
        auto table = store.add_table(type, initial->ref());
        return table ? std::optional<Extern>(*table) : std::nullopt;
    }
    case ExternKind::Memory: {
        auto memory = store.add_memory(module.memories[MemoryIndex { import.index }].type);
        return memory ? std::optional<Extern>(*memory) : std::nullopt;
    }
    case ExternKind::Global: {
        GlobalType type = module.globals[GlobalIndex { import.index }].type;
        type.type = module.canonical(type.type);
        const auto value = values.make(type.type, 0);
        return value ? std::optional<Extern>(store.add_global(type, *value)) : std::nullopt;
    }
    case ExternKind::Tag:
        return store.add_tag(*module.type_infos[module.tags[TagIndex { import.index }].type.value]);
    }
    std::unreachable();
}

/// Adds the limits that the engine's configuration does not have. Returns false for a module that
/// asks for too much.
inline bool bound(Module& module)
{
    if (module.memories.size() > max_memories || module.tables.size() > max_tables)
        return false;
    for (TableDecl& table : module.tables) {
        Limits& limits = table.type.limits;
        if (limits.min > max_table)
            return false;
        limits.max = std::max(limits.min, std::min(limits.max.value_or(max_table), max_table));
    }
    return true;
}

/// The imports of a validated module; none if one of them cannot be made.
inline std::optional<std::vector<Extern>> make_imports(Store& store, const Module& module)
{
    const Heap::Pause pause(store.heap);
    std::vector<Extern> imports;
    for (const Import& import : module.imports) {
        const auto item = make_import(store, module, import);
        if (!item)
            return {};
        imports.push_back(*item);
    }
    return imports;
}

} // namespace vitrine::fuzz
