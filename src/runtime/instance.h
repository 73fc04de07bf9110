// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "runtime/heap.h"
#include "runtime/memory.h"
#include "runtime/table.h"
#include "runtime/trap.h"
#include "runtime/value.h"
#include "wasm/module.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace vitrine::core {

class Store;
class Thread;
struct Instance;
struct InstanceLayout;
struct HostFunction;

/// The part of a function that machine code looks at.
struct FunctionHead {
    /// `heat` falls by these with each call, and with each turn of a loop.
    static constexpr uint32_t call_heat = 16;
    static constexpr uint32_t loop_heat = 2;
    /// As cold as can be: what a function starts with when no tier compiles.
    static constexpr uint32_t coldest = UINT32_MAX;

    /// Machine code that a call jumps to; null when no tier compiles.
    const void* entry = nullptr;
    /// The instance it belongs to; null for host functions.
    Instance* instance = nullptr;
    TypeId type;
    /// Counts down as the function runs. When nothing is left, the driver is asked whether it should be compiled.
    uint32_t heat = coldest;
};
static_assert(std::is_standard_layout_v<FunctionHead> && sizeof(FunctionHead) == 24);
static_assert(offsetof(FunctionHead, entry) == 0 && offsetof(FunctionHead, instance) == 8
    && offsetof(FunctionHead, type) == 16 && offsetof(FunctionHead, heat) == 20);

/// A function of a store, the guest's or the host's. Its address is its identity.
struct Function : FunctionHead {
    /// The body as executed, from `meta->body_offset` on: the module's own bytes, or a copy with marks in it.
    /// Null for host functions.
    const uint8_t* code = nullptr;
    const FuncMeta* meta = nullptr;
    union {
        /// The body's part of the side table.
        const Branch* branches = nullptr;
        /// Of a host function: tells its callback which of several functions was called, where one callback serves them all.
        const void* context;
    };
    /// Index in the instance's function index space.
    FuncIndex index;
    /// Of a host function: its ordinal among the store's host functions, in order of creation, from 0.
    uint32_t host_number = 0;
    const HostFunction* host = nullptr;
    /// Owns `code` when that is a copy.
    std::unique_ptr<uint8_t[]> private_code;

    bool is_host() const { return host != nullptr; }
    /// Its name in the module's name section, exports or imports; of a host function as it was defined, or its number.
    std::string name() const;
    const Module& module() const;
};

/// What a host function sees of its call.
struct HostCall {
    /// The guest thread that makes the call (exec/thread.h).
    Thread& thread;
    /// The function that was called.
    const Function& function;
    Store& store;
    /// The instance whose code made the call; null when the host made it.
    Instance* caller;
    /// In: the arguments, one after the other. Out: the results. As long as the longer of the two.
    std::span<Slot> slots;
    /// The same for a call that the function asks for (`CallGuest`): its arguments go in here, and its results come out
    /// here. Write them last: they neither survive a nested call nor keep an object alive.
    std::span<Slot> callee_slots;
};

/// [doc] How a host call ends
///
/// In one of four ways:
///
/// - `Returned`: the results are in the slots.
/// - `Trap`: the guest cannot go on. A trap with an exception throws it in the caller.
/// - `CallGuest`: call this function, a guest's or a host's, with the arguments in `callee_slots`, and then go on with
///   `then`. A host function that needs the guest (for an allocation, a callback) is a frame that a debugger shows while
///   it waits, and no C++ frame waits with it. `then` gets the callee's results, in `callee_slots`, or its trap, which it
///   may return or swallow. An exception that the callee did not catch is a trap here, too.
/// - `Suspended`: the call has no results yet. Whoever ran the guest gets control, and resumes the call with its results.
struct Returned {};
struct Suspended {};
struct CallGuest;
using HostOutcome = std::variant<Returned, Trap, CallGuest, Suspended>;
using HostCallback = std::function<HostOutcome(HostCall&)>;
/// What a host function does after the call that it asked for.
using HostContinuation = std::function<HostOutcome(HostCall&, OrTrapped<void> called)>;
struct CallGuest {
    Function* callee;
    HostContinuation then;
};

/// Asks for a call with these arguments, which must be of the callee's parameter types.
CallGuest call_guest(
    HostCall& call, Function& callee, std::span<const Value> arguments, HostContinuation then);

/// What a host function is to a recording of the guest.
enum class HostKind : uint8_t {
    /// The outside world: its results are recorded, and a replay does not call it.
    Host,
    /// The same; it may also wait, and other guest threads run meanwhile.
    Waits,
    /// A part of the guest's semantics, which depends on nothing outside: a replay calls it.
    Engine,
};

/// A function of the host: what the guest may call. The callback may be called from every thread that runs a store
/// it was put into. What it throws becomes a trap.
struct HostFunction {
    std::string module;
    std::string name;
    FuncType type;
    HostCallback callback;
    HostKind kind = HostKind::Host;
    /// No exception of the guest passes through it: one that leaves it is a trap for its caller.
    bool is_boundary = false;
    /// It does the guest's own work in guest memory: a debugger that stops all threads waits for it, and never sees it half done.
    bool runs_inside = false;
};

/// A global variable of a store. Its address is its identity.
class Global {
public:
    explicit Global(GlobalType global_type, const Value& value) : type(global_type)
    {
        store_value(value, slots_);
    }

    const GlobalType type;

    Value get() const { return load_value(type.type, slots_); }
    const Slot* slots() const { return slots_; }
    /// For runtime and the tiers; everybody else writes through runtime/mutation.
    Slot* writable_slots() { return slots_; }

private:
    Slot slots_[2] {};
};

/// A tag of a store: the kind of an exception. Its address is its identity.
struct Tag {
    const TypeInfo* type;
};

/// Anything that can be imported and exported.
using Extern = std::variant<Function*, Table*, Memory*, Global*, Tag*>;

ExternKind kind_of(const Extern& item);
/// Its type, with the size that a table or memory has now as the minimum. [spec: valid/matching; exec/modules, external typing]
ExternType type_of(const Extern& item);

/// An index space of an instance: the entities by index, imports first. Filled in order while the instance is made.
template<class T> class IndexSpace {
public:
    explicit IndexSpace(T** first) : first_(first) {}
    IndexSpace(const IndexSpace&) = delete;
    IndexSpace& operator=(const IndexSpace&) = delete;

    uint32_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    T* operator[](size_t index) const { return first_[index]; }
    T* at(size_t index) const
    {
        ASSERT(index < size_);
        return first_[index];
    }
    T* front() const { return first_[0]; }
    T* const* begin() const { return first_; }
    T* const* end() const { return first_ + size_; }
    /// There must be room: the block has as many places as the module's index space.
    void push_back(T* entity) { first_[size_++] = entity; }

private:
    T** first_;
    uint32_t size_ = 0;
};

/// A module brought to life in a store. It lies at the start of one block with its index spaces and the functions
/// that it defines (runtime/instance_layout.h).
struct Instance {
    struct Deleter {
        void operator()(Instance* instance) const;
    };
    using Owner = std::unique_ptr<Instance, Deleter>;

    /// An instance without entities. Null when there is no memory for its block.
    static Owner create(Store& store, std::shared_ptr<const Module> module, uint32_t number);
    Instance(const Instance&) = delete;
    Instance& operator=(const Instance&) = delete;

    Store* store;
    std::shared_ptr<const Module> module;
    /// Ordinal of its creation in the store, from 0.
    uint32_t number;
    /// What the embedder calls it; empty if it does not.
    std::string name;

    const TypeId* type_ids;
    const TypeInfo* const* types;
    IndexSpace<Global> globals;
    IndexSpace<Table> tables;
    IndexSpace<Memory> memories;
    IndexSpace<Tag> tags;
    IndexSpace<Function> functions;
    /// The functions defined here.
    std::span<Function> own_functions;
    /// Element segments by index; those dropped are empty.
    std::vector<std::vector<Ref>> elems;
    /// Data segments that have been dropped.
    std::vector<bool> data_dropped;

    Extern find(ExternKind kind, uint32_t index) const;
    /// The export of that name, or nothing.
    std::optional<Extern> find_export(std::string_view export_name) const;

private:
    Instance(Store& owner, std::shared_ptr<const Module> of, uint32_t ordinal, const InstanceLayout& layout);
    ~Instance() = default;
};

} // namespace vitrine::core
