// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/process.h"

#include "exec/invoke.h"

#include <algorithm>

namespace vitrine::core {

namespace {

constexpr int32_t max_number = 0x1fff'ffff;
constexpr size_t max_threads = 1024;
constexpr std::string_view entry_name = "wasi_thread_start";

/// The entity in `to` that corresponds to an import of an instance in `from`, another store of the
/// same engine. None when stores cannot share it.
std::optional<Extern> share(const Store& from, Store& to, const Extern& item)
{
    if (auto* const* function = std::get_if<Function*>(&item)) {
        const auto host = from.find_host_function(**function);
        if (!host)
            return std::nullopt;
        return to.add_host_function(host, (*function)->type);
    }
    if (auto* const* memory = std::get_if<Memory*>(&item)) {
        const auto shared = from.find_shared(*memory);
        const auto added = shared ? to.add_memory(shared) : failure("");
        return added ? std::optional<Extern>(*added) : std::nullopt;
    }
    if (auto* const* tag = std::get_if<Tag*>(&item))
        return to.add_tag(*(*tag)->type);
    auto* const* global = std::get_if<Global*>(&item);
    if (!global || (*global)->type.is_mutable || (*global)->type.type.is_ref())
        return std::nullopt;
    return to.add_global((*global)->type, (*global)->get());
}

std::optional<std::vector<Extern>> share_imports(const Instance& like, Store& to)
{
    std::vector<Extern> imports;
    for (const Import& import : like.module->imports) {
        const auto shared = share(*like.store, to, like.find(import.kind, import.index));
        if (!shared)
            return std::nullopt;
        imports.push_back(*shared);
    }
    return imports;
}

/// `wasi_thread_start`, if the instance exports it with the required type.
Function* find_entry(const Instance& instance)
{
    const auto found = instance.find_export(entry_name);
    Function* const* function = found ? std::get_if<Function*>(&*found) : nullptr;
    if (!function)
        return nullptr;
    const FuncType& type = *instance.store->engine().types[(*function)->type].func();
    const std::vector<ValueType> wanted { ValueType::i32, ValueType::i32 };
    return type.params == wanted && type.results.empty() ? *function : nullptr;
}

} // namespace

std::optional<int32_t> Process::free_number()
{
    if (is_over_ || running_.size() >= max_threads)
        return std::nullopt;
    do
        last_number_ = last_number_ == max_number ? 1 : last_number_ + 1;
    while (running_.contains(last_number_));
    return last_number_;
}

Process::Spawned Process::spawn(StoreRef& parent, const Instance& like, uint32_t argument)
{
    std::vector<std::thread> ended;
    {
        const std::lock_guard lock(mutex_);
        ended.swap(ended_);
    }
    for (std::thread& thread : ended)
        thread.join();

    if (!find_entry(like))
        return std::unexpected(SpawnRefusal::NoEntry);
    return guarded([&] { return make_child(parent, like, argument); },
        [](const Thrown&) -> Spawned { return std::unexpected(SpawnRefusal::NoMemory); });
}

Process::Spawned Process::make_child(StoreRef& parent, const Instance& like, uint32_t argument)
{
    const std::shared_ptr<StoreRef> ref = parent.make_sibling();
    ref->process = shared_from_this();
    Store& store = ref->guest->store;
    store.limiter = like.store->limiter;
    const auto imports = share_imports(like, store);
    if (!imports)
        return std::unexpected(SpawnRefusal::NotShareable);

    const auto instance = instantiate(store, like.module, *imports);
    if (!instance)
        return std::unexpected(SpawnRefusal::NoMemory);
    // No other thread can see the store before `on_spawn`.
    Thread& child = ref->guest->thread;
    // Take a stack now: a spawned thread that failed to get one would trap, and a trap ends the
    // process.
    if (!child.take_stack(HostThread::current()))
        return std::unexpected(SpawnRefusal::NoMemory);
    parent.guest->current_thread().probes.on_spawn(child);
    child.probes.on_instance(**instance);
    const auto number = start(ref, **instance, argument);
    if (!number)
        child.probes.on_thread_end(child);
    return number;
}

Process::Spawned Process::start(const std::shared_ptr<StoreRef>& ref, Instance& instance, uint32_t argument)
{
    Function& entry = *find_entry(instance);
    const std::lock_guard lock(mutex_);
    const auto number = free_number();
    if (!number)
        return std::unexpected(SpawnRefusal::NoThread);
    // Creating a host thread may fail.
    return guarded(
        [&]() -> Spawned {
            ended_.reserve(ended_.size() + running_.size() + 1);
            Child& child = running_.emplace(*number, Child { ref }).first->second;
            child.thread = std::thread([self = shared_from_this(), number = *number, ref, &instance, &entry,
                                           argument] { self->run(number, ref, instance, entry, argument); });
            return *number;
        },
        [&](const Thrown&) -> Spawned {
            running_.erase(*number);
            return std::unexpected(SpawnRefusal::NoThread);
        });
}

void Process::run(int32_t number, const std::shared_ptr<StoreRef>& ref, Instance& instance, Function& entry,
    uint32_t argument)
{
    Thread& thread = ref->guest->thread;
    OrTrapped<std::vector<Value>> ended;
    if (const auto start = instance.module->start)
        ended = invoke(thread, *instance.functions[start->value], {});
    if (ended) {
        const Value arguments[] { Value::i32(static_cast<uint32_t>(number)), Value::i32(argument) };
        ended = invoke(thread, entry, arguments);
    }
    thread.probes.on_thread_end(thread);
    // A thread that a debugger has ended ends alone, unless the others were ended with it.
    if (!ended && ended.error().kind != TrapKind::Killed)
        end(ended.error(), ref);

    const std::lock_guard lock(mutex_);
    if (cause_ != ref)
        ref->guest.reset();
    // The thread spawns no more. If this store is the cause, the process keeps it: break the cycle.
    ref->process.reset();
    const auto own = running_.find(number);
    ended_.push_back(std::move(own->second.thread));
    running_.erase(own);
    changed_.notify_all();
}

void Process::end(const Trap& trap) { end(trap, nullptr); }

void Process::end(const Trap& trap, std::shared_ptr<StoreRef> cause)
{
    const std::lock_guard lock(mutex_);
    if (is_over_)
        return;
    is_over_ = true;
    Trap ending = trap;
    // The exception belongs to one store and cannot be passed to others.
    ending.exception = nullptr;
    // The other threads only end with it.
    ending.is_told = true;
    if (cause)
        first_->end(ending);
    for (const auto& [number, child] : running_)
        if (child.ref != cause)
            child.ref->requests->end({ .kind = TrapKind::Killed });
    cause_ = std::move(cause);
}

bool Process::is_inside()
{
    const std::lock_guard lock(mutex_);
    return std::ranges::any_of(running_,
        [](const auto& child) { return child.second.thread.get_id() == std::this_thread::get_id(); });
}

void Process::close()
{
    end({ .kind = TrapKind::Exit }, nullptr);
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return running_.empty(); });
    std::vector<std::thread> ended = std::move(ended_);
    ended_.clear();
    lock.unlock();
    for (std::thread& thread : ended)
        thread.join();
}

} // namespace vitrine::core
