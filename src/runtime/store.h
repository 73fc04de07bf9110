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

using vitrine::TierPolicy;

/// The configuration of an engine.
struct EngineConfig {
    /// Whether a debugger may access everything in the guest: entities that are not exported,
    /// frames, stops.
    bool guest_debug = false;
    /// Size of a guest thread's value stack in bytes.
    uint64_t max_stack_bytes = uint64_t { 4 } << 20;
    /// The embedder's limit for each memory.
    Pages max_memory { uint64_t { 1 } << 32 };
    /// Maximum total size in bytes of the objects in a store's collected heap.
    uint64_t max_heap_bytes = uint64_t { 4 } << 30;
    /// Collects at every allocation, to find references that are not rooted.
    bool stress_collector = false;
    FeatureSet features {};
    TierPolicy tier = TierPolicy::Auto;
    /// How often a function runs before it is compiled, in percent of the default. Only for
    /// `TierPolicy::Auto`.
    uint32_t tier_threshold = 100;
    /// Maximum total size of machine code in bytes.
    uint64_t max_code_bytes = uint64_t { 256 } << 20;
    /// Whether compiled code may find accesses out of bounds by a handler of SIGSEGV. Otherwise it
    /// compares addresses.
    bool signal_handlers = true;
    /// For tests: the seed of the choices that `TierPolicy::Mixed` makes, and the percentage of
    /// instructions before which compiled code can return to the interpreter.
    uint64_t tier_seed = 1;
    uint32_t exit_percent = 0;
};

using vitrine::Resource;

/// Called before a store uses more of a resource. If it returns false, the request fails.
using Limiter = std::function<bool(Resource resource, uint64_t current, uint64_t desired)>;

/// Exists while code of the embedder runs in the middle of an operation on a store: its limiter, or
/// a destructor of host data that the collector runs. During that time the store must not change
/// and its guest cannot be called.
class CallOut {
public:
    explicit CallOut(const Store& store);
    ~CallOut();
    CallOut(const CallOut&) = delete;
    CallOut& operator=(const CallOut&) = delete;

private:
    const Store& store_;
};

/// Shared by all stores and modules of an engine. Thread-safe.
struct EngineState {
    explicit EngineState(const EngineConfig& configuration = {}) : config(configuration) {}

    const EngineConfig config;
    TypeRegistry types;
    /// Initial values of each function: what machine code calls while there is no code for it, and
    /// its heat. Set by a compiling tier before there are stores.
    const void* cold_entry = nullptr;
    uint32_t initial_heat = FunctionHead::coldest;
    std::shared_ptr<ReservationBudget> reservations = std::make_shared<ReservationBudget>();

    /// Like `Memory::create`, with the configured limit. All memories are created here.
    Result<std::unique_ptr<Memory>> make_memory(const MemoryType& type) const
    {
        return Memory::create(type, reservations, config.max_memory.bytes());
    }
};

struct StoreRef;
class ProgramView;

/// Owns all objects that a guest can reach. They live as long as the store and never move. Used by
/// one thread at a time.
class Store {
public:
    /// Maximum total number of elements in all tables of a store.
    static constexpr uint64_t max_table_elements = 50'000'000;

    explicit Store(std::shared_ptr<EngineState> engine);
    ~Store();
    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;

    EngineState& engine() const { return *engine_; }
    Heap heap;
    /// Changes guest state on behalf of anyone except the guest.
    Mutator mutator { *this };
    /// Empty if there is no limiter.
    Limiter limiter;
    /// Asks the limiter. Returns false for requests made while the limiter itself runs.
    bool allows(Resource resource, uint64_t current, uint64_t desired) const;
    /// Performs an operation that can be refused. Returns whether it was done. All operations of
    /// these kinds go through this function.
    template<class Act> bool attempt(Refusable what, const Act& act) const
    {
        return refusals ? refusals->attempt(what, std::cref(act)) : act();
    }
    /// If not null, decides what `attempt` refuses.
    Refusals* refusals = nullptr;
    /// Whether a `CallOut` exists.
    bool is_calling_out() const { return calls_out_ != 0; }
    // Like `Memory::grow` and `Table::grow`, if the limiter agrees.
    std::optional<uint64_t> grow(Memory& memory, uint64_t delta_pages) const;
    std::optional<uint32_t> grow(Table& table, uint64_t delta, Ref initial);
    /// Expires with the store. For objects that can outlive it.
    std::weak_ptr<const void> life() const { return life_; }
    /// How objects that can outlive the store refer to it (engine/store_ref.h). Not used here.
    std::weak_ptr<StoreRef> ref;
    /// What the store contains besides core instances. Null if it contains nothing else.
    ProgramView* program_view = nullptr;
    /// The guest thread that executes the store's code or is in a host function, or null. Set by
    /// exec.
    std::atomic<Thread*> current_thread = nullptr;

    /// Creates an object of a higher layer that the store owns. Attached objects are destroyed
    /// before everything else in the store, newest first.
    template<class T, class... Arguments> T& attach(Arguments&&... arguments)
    {
        auto owner = std::make_unique<AttachedObject<T>>(std::forward<Arguments>(arguments)...);
        T& object = owner->object;
        attached_.push_back(std::move(owner));
        return object;
    }
    /// The newest attached object of this type, or null.
    template<class T> T* find_attached() const
    {
        for (const auto& owner : attached_ | std::views::reverse)
            if (auto* const found = dynamic_cast<AttachedObject<T>*>(owner.get()))
                return &found->object;
        return nullptr;
    }

    /// The function of this store for a host function. Repeated calls return the same one. Fails if
    /// the engine has no room for its type.
    Result<Function*> add_host_function(const std::shared_ptr<const HostFunction>& host);
    /// The same with an already registered type. Unlike the type in `host`, it may have supertypes
    /// or be recursive.
    Function* add_host_function(const std::shared_ptr<const HostFunction>& host, TypeId type);
    /// Initializes a host function that the caller owns. For when one `HostFunction` implements
    /// many functions, which it distinguishes by `context`. The caller must keep `host` and a claim
    /// on the type while the store exists.
    void make_host_function(
        Function& function, const HostFunction& host, TypeId type, const void* context = nullptr);
    /// The host function that a function of this store was created from. Null for guest functions.
    std::shared_ptr<const HostFunction> find_host_function(const Function& function) const;
    Global* add_global(GlobalType type, const Value& value);
    Result<Table*> add_table(const TableType& type, Ref initial);
    /// Adds a new memory, or a shared one, which the store keeps alive.
    Result<Memory*> add_memory(const MemoryType& type);
    Result<Memory*> add_memory(const std::shared_ptr<Memory>& shared);
    /// Adds a tag with the type of a module that has an instance in this store, or with a type of
    /// the embedder. The latter fails if the engine has no room for the type.
    Tag* add_tag(const TypeInfo& type);
    Result<Tag*> add_tag(const FuncType& type);
    Result<Instance*> add_instance(std::shared_ptr<const Module> module);
    /// Removes the newest instance if it is this one: instantiation failed and nothing refers to
    /// its functions.
    void drop_instance(const Instance& instance);

    /// In the order of their creation.
    auto instances() const
    {
        return instances_ | std::views::transform([](const auto& owner) -> Instance& { return *owner; });
    }
    /// The owner of a shared memory of this store, or null.
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
    /// Fails if the limiter refuses.
    Result<void> check(Resource resource, uint64_t current, uint64_t desired, const char* what) const;

    std::shared_ptr<EngineState> engine_;
    std::shared_ptr<const void> life_ = std::make_shared<char>();
    mutable uint32_t calls_out_ = 0;
    mutable bool is_asking_ = false;
    /// A host function, the function that represents it in this store, and the claim on its type.
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
