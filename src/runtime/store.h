// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "runtime/instance.h"
#include "runtime/mutation.h"
#include "runtime/refusals.h"

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <ranges>
#include <unordered_map>
#include <vector>

#include <vitrine/kinds.hpp>

namespace vitrine::core {

/// What an engine is configured with.
struct EngineConfig {
    /// Opens what the language hides: entities that are not exported, frames, stops.
    bool guest_debug = false;
    /// Bytes of the value stack of a guest thread.
    uint64_t max_stack_bytes = uint64_t { 4 } << 20;
    /// The embedder's bound on each memory.
    Pages max_memory { uint64_t { 1 } << 32 };
    /// Bytes of all objects of a store's collected heap.
    uint64_t max_heap_bytes = uint64_t { 4 } << 30;
    /// Collects at every allocation: finds references that nobody roots.
    bool stress_collector = false;
    FeatureSet features {};
};

using vitrine::Resource;

/// Asked before a store uses more of something; what is refused does not happen.
using Limiter = std::function<bool(Resource resource, uint64_t current, uint64_t desired)>;

/// While one lives, code of the embedder runs for a store in the middle of an operation (its limiter, a destructor of
/// host data that the collector runs): the store must stay as it is, and its guest cannot be called.
class CallOut {
public:
    explicit CallOut(const Store& store);
    ~CallOut();
    CallOut(const CallOut&) = delete;
    CallOut& operator=(const CallOut&) = delete;

private:
    const Store& store_;
};

/// What all stores and modules of an engine share. Safe to use from several threads.
struct EngineState {
    explicit EngineState(const EngineConfig& configuration = {}) : config(configuration) {}

    const EngineConfig config;
    TypeRegistry types;
    std::shared_ptr<ReservationBudget> reservations = std::make_shared<ReservationBudget>();

    /// As `Memory::create`, within the bound of the configuration: every memory is made here.
    Result<std::unique_ptr<Memory>> make_memory(const MemoryType& type) const
    {
        return Memory::create(type, reservations, config.max_memory.bytes());
    }
};

struct StoreRef;

/// Owns all objects that a guest can reach; they live as long as it does and never move. One thread at a time.
class Store {
public:
    /// Elements of all tables of a store.
    static constexpr uint64_t max_table_elements = 50'000'000;

    explicit Store(std::shared_ptr<EngineState> engine);
    ~Store();
    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;

    EngineState& engine() const { return *engine_; }
    Heap heap;
    /// Changes guest state for everybody but the guest.
    Mutator mutator { *this };
    /// Empty when the embedder has no opinion.
    Limiter limiter;
    /// False also for what the limiter itself would use while it is asked.
    bool allows(Resource resource, uint64_t current, uint64_t desired) const;
    /// Does what may be refused, and tells whether it was done: everything of the kind goes through here. `act` is the attempt.
    template<class Act> bool attempt(Refusable what, const Act& act) const
    {
        return refusals ? refusals->attempt(what, std::cref(act)) : act();
    }
    /// Who decides instead; null when nobody does.
    Refusals* refusals = nullptr;
    /// Whether a `CallOut` lives.
    bool is_calling_out() const { return calls_out_ != 0; }
    // As `Memory::grow` and `Table::grow`, if the limiter agrees.
    std::optional<uint64_t> grow(Memory& memory, uint64_t delta_pages) const;
    std::optional<uint32_t> grow(Table& table, uint64_t delta, Ref initial);
    /// Lives as long as the store: what outlives it can tell.
    std::weak_ptr<const void> life() const { return life_; }
    /// What others know the store by, who may outlive it; see engine/store_ref.h. Not used here.
    std::weak_ptr<StoreRef> ref;
    /// The guest thread that executes the store's code, or for which a host function runs; null when none does. Kept by exec.
    std::atomic<Thread*> current_thread = nullptr;

    /// Makes an object of a layer above that the store owns. Attached objects end with the store, the newest first, while
    /// everything else of the store is still there.
    template<class T, class... Arguments> T& attach(Arguments&&... arguments)
    {
        auto owner = std::make_unique<AttachedObject<T>>(std::forward<Arguments>(arguments)...);
        T& object = owner->object;
        attached_.push_back(std::move(owner));
        return object;
    }
    /// The newest attached object of this type; null when there is none.
    template<class T> T* find_attached() const
    {
        for (const auto& owner : attached_ | std::views::reverse)
            if (auto* const found = dynamic_cast<AttachedObject<T>*>(owner.get()))
                return &found->object;
        return nullptr;
    }

    /// The function of this store that stands for a host function: the same one at every call. Fails when the engine
    /// has no room for its type.
    Result<Function*> add_host_function(const std::shared_ptr<const HostFunction>& host);
    /// The same for a function with a type that is registered already; it may have supertypes or be recursive, unlike the
    /// one that `host` states.
    Function* add_host_function(const std::shared_ptr<const HostFunction>& host, TypeId type);
    /// Makes a new function, which the caller owns, one of the host: for many functions that one host function serves, and tells
    /// apart by their contexts. The caller keeps `host` and a claim on the type for as long as the store lives.
    void make_host_function(
        Function& function, const HostFunction& host, TypeId type, const void* context = nullptr);
    /// What such a function stands for; null for a function of the guest.
    std::shared_ptr<const HostFunction> find_host_function(const Function& function) const;
    Global* add_global(GlobalType type, const Value& value);
    Result<Table*> add_table(const TableType& type, Ref initial);
    /// A memory of its own, or a shared one that it keeps alive.
    Result<Memory*> add_memory(const MemoryType& type);
    Result<Memory*> add_memory(const std::shared_ptr<Memory>& shared);
    /// A tag of the type of a module that has an instance here, and one of a type of the embedder's. The latter fails when the
    /// engine has no room for the type.
    Tag* add_tag(const TypeInfo& type);
    Result<Tag*> add_tag(const FuncType& type);
    Result<Instance*> add_instance(std::shared_ptr<const Module> module);
    /// Forgets an instance that could not be made, and to whose functions nothing refers, if it is the newest.
    void drop_instance(const Instance& instance);

    /// In the order of their creation.
    auto instances() const
    {
        return instances_ | std::views::transform([](const auto& owner) -> Instance& { return *owner; });
    }
    /// The shared owner of a shared memory of this store, or null.
    std::shared_ptr<Memory> find_shared(const Memory* memory) const;

private:
    struct Attached {
        virtual ~Attached() = default;
    };
    template<class T> struct AttachedObject final : Attached {
        template<class... Arguments>
        explicit AttachedObject(Arguments&&... arguments) : object(std::forward<Arguments>(arguments)...)
        {}
        T object;
    };

    friend CallOut;
    void mark_roots(Marker& marker) const;
    /// Refuses what the limiter does not want.
    Result<void> check(Resource resource, uint64_t current, uint64_t desired, const char* what) const;

    std::shared_ptr<EngineState> engine_;
    std::shared_ptr<const void> life_ = std::make_shared<char>();
    mutable uint32_t calls_out_ = 0;
    mutable bool is_asking_ = false;
    /// A function of the host with the one that stands for it here, and the claim on its type.
    struct HostEntry {
        std::shared_ptr<const HostFunction> host;
        Function* function = nullptr;
        TypeRegistry::Claim type;
    };
    std::unordered_map<const HostFunction*, HostEntry> host_functions_;
    uint32_t next_host_number_ = 0;
    std::vector<TypeRegistry::Claim> tag_types_;
    std::deque<Function> functions_;
    std::deque<Global> globals_;
    std::deque<Table> tables_;
    uint64_t table_elements_ = 0;
    std::vector<std::unique_ptr<Memory>> memories_;
    std::vector<std::shared_ptr<Memory>> shared_memories_;
    std::deque<Tag> tags_;
    std::vector<Instance::Owner> instances_;
    std::vector<std::unique_ptr<Attached>> attached_;
};

} // namespace vitrine::core
