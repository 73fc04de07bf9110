// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "api/guest_threads.h"

namespace vitrine {

namespace detail {

namespace {

constexpr int32_t max_number = 0x1fff'ffff;
constexpr size_t max_threads = 1024;
constexpr std::string_view entry_name = "wasi_thread_start";

/// What stands in another store of the engine for an import of an instance; nothing when stores cannot share it.
std::optional<core::Extern> share(const core::Store& from, core::Store& to, const core::Extern& item)
{
    if (auto* const* function = std::get_if<core::Function*>(&item)) {
        const auto host = from.find_host_function(**function);
        if (!host)
            return std::nullopt;
        return to.add_host_function(host, (*function)->type);
    }
    if (auto* const* memory = std::get_if<core::Memory*>(&item)) {
        const auto shared = from.find_shared(*memory);
        const auto added = shared ? to.add_memory(shared) : core::failure("");
        return added ? std::optional<core::Extern>(*added) : std::nullopt;
    }
    if (auto* const* tag = std::get_if<core::Tag*>(&item))
        return to.add_tag(*(*tag)->type);
    auto* const* global = std::get_if<core::Global*>(&item);
    if (!global || (*global)->type.is_mutable || (*global)->type.type.is_ref())
        return std::nullopt;
    return to.add_global((*global)->type, (*global)->get());
}

std::optional<std::vector<core::Extern>> share_imports(const core::Instance& like, core::Store& to)
{
    std::vector<core::Extern> imports;
    for (const core::Import& import : like.module->imports) {
        const auto shared = share(*like.store, to, like.find(import.kind, import.index));
        if (!shared)
            return std::nullopt;
        imports.push_back(*shared);
    }
    return imports;
}

/// `wasi_thread_start`, if the module has it with the type that it must have.
core::Function* find_entry(const core::Instance& instance)
{
    const auto found = instance.find_export(entry_name);
    core::Function* const* function = found ? std::get_if<core::Function*>(&*found) : nullptr;
    if (!function)
        return nullptr;
    const core::FuncType& type = *instance.store->engine().types[(*function)->type].func();
    const std::vector<core::ValueType> wanted { core::ValueType::i32, core::ValueType::i32 };
    return type.params == wanted && type.results.empty() ? *function : nullptr;
}

} // namespace

std::optional<int32_t> GuestThreads::free_number()
{
    if (is_over_ || running_.size() >= max_threads)
        return std::nullopt;
    do
        last_number_ = last_number_ == max_number ? 1 : last_number_ + 1;
    while (running_.contains(last_number_));
    return last_number_;
}

GuestThreads::Spawned GuestThreads::spawn(core::Thread& parent, const core::Instance& like, uint32_t argument)
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
    return core::guarded([&] { return make_child(parent, like, argument); },
        [](const core::Thrown&) -> Spawned { return std::unexpected(SpawnRefusal::NoMemory); });
}

GuestThreads::Spawned GuestThreads::make_child(
    core::Thread& parent, const core::Instance& like, uint32_t argument)
{
    const auto link = std::make_shared<StoreLink>();
    link->engine = engine_;
    link->body = std::make_unique<StoreBody>(*engine_);
    link->requests = link->body->thread.requests;
    link->threads = shared_from_this();
    core::Store& store = link->body->store;
    store.embedder = link;
    store.limiter = like.store->limiter;
    const auto imports = share_imports(like, store);
    if (!imports)
        return std::unexpected(SpawnRefusal::NotShareable);

    const auto instance = core::instantiate(store, like.module, *imports);
    if (!instance)
        return std::unexpected(SpawnRefusal::NoMemory);
    // Nobody else knows the store before.
    core::Thread& child = link->body->thread;
    // A thread that could not run at all would end the process.
    if (!child.take_stack())
        return std::unexpected(SpawnRefusal::NoMemory);
    if (core::Probe* const probe = parent.probe.load())
        probe->on_spawn(child);
    if (const auto first = std::static_pointer_cast<StoreLink>(parent.store.embedder.lock()))
        link->body->session = first->body->session;
    core::Probe* const probe = child.probe.load();
    if (probe)
        probe->on_instance(**instance);
    const auto number = start(parent, link, **instance, argument);
    if (!number && probe)
        probe->on_thread_end(child);
    return number;
}

GuestThreads::Spawned GuestThreads::start(
    core::Thread&, const std::shared_ptr<StoreLink>& link, core::Instance& instance, uint32_t argument)
{
    core::Function& entry = *find_entry(instance);
    const std::lock_guard lock(mutex_);
    const auto number = free_number();
    if (!number)
        return std::unexpected(SpawnRefusal::NoThread);
    // The host may have no more threads to give.
    return core::guarded(
        [&]() -> Spawned {
            ended_.reserve(ended_.size() + running_.size() + 1);
            Child& child = running_.emplace(*number, Child { link }).first->second;
            child.thread = std::thread([self = shared_from_this(), number = *number, link, &instance, &entry,
                                           argument] { self->run(number, link, instance, entry, argument); });
            return *number;
        },
        [&](const core::Thrown&) -> Spawned {
            running_.erase(*number);
            return std::unexpected(SpawnRefusal::NoThread);
        });
}

void GuestThreads::run(int32_t number, const std::shared_ptr<StoreLink>& link, core::Instance& instance,
    core::Function& entry, uint32_t argument)
{
    core::Thread& thread = link->body->thread;
    core::OrTrapped<std::vector<core::Value>> ended;
    if (const auto start = instance.module->start)
        ended = core::invoke(thread, *instance.functions[start->value], {});
    if (ended) {
        const core::Value arguments[] { core::Value::i32(static_cast<uint32_t>(number)),
            core::Value::i32(argument) };
        ended = core::invoke(thread, entry, arguments);
    }
    if (core::Probe* const probe = thread.probe.load())
        probe->on_thread_end(thread);
    if (!ended)
        end(ended.error(), link);

    const std::lock_guard lock(mutex_);
    if (cause_ != link)
        link->body.reset();
    // It spawns no more; if it is the cause, it would keep what keeps it.
    link->threads.reset();
    const auto own = running_.find(number);
    ended_.push_back(std::move(own->second.thread));
    running_.erase(own);
    changed_.notify_all();
}

void GuestThreads::end(const core::Trap& trap) { end(trap, nullptr); }

void GuestThreads::end(const core::Trap& trap, std::shared_ptr<StoreLink> cause)
{
    const std::lock_guard lock(mutex_);
    if (is_over_)
        return;
    is_over_ = true;
    core::Trap ending = trap;
    // What was thrown belongs to one store.
    ending.exception = nullptr;
    if (cause)
        first_->end(ending);
    for (const auto& [number, child] : running_)
        if (child.link != cause)
            child.link->requests->end({ .kind = core::TrapKind::Killed });
    cause_ = std::move(cause);
}

bool GuestThreads::is_inside()
{
    const std::lock_guard lock(mutex_);
    return std::ranges::any_of(running_,
        [](const auto& child) { return child.second.thread.get_id() == std::this_thread::get_id(); });
}

void GuestThreads::close()
{
    end({ .kind = core::TrapKind::Exit }, nullptr);
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return running_.empty(); });
    std::vector<std::thread> ended = std::move(ended_);
    ended_.clear();
    lock.unlock();
    for (std::thread& thread : ended)
        thread.join();
}

} // namespace detail

} // namespace vitrine
