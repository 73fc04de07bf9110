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

class HostActivity;
class Store;
class Thread;
struct Instance;
struct InstanceLayout;
struct HostFunction;

/// The part of a function that machine code accesses.
struct FunctionHead {
    /// A call and an iteration of a loop reduce `heat` by these amounts.
    static constexpr uint32_t call_heat = 16;
    static constexpr uint32_t loop_heat = 2;
    /// The initial value if no tier compiles.
    static constexpr uint32_t coldest = UINT32_MAX;

    /// Machine code that calls jump to. Null if no tier compiles.
    const void* entry = nullptr;
    /// The instance it belongs to. Null for host functions.
    Instance* instance = nullptr;
    TypeId type;
    /// Counts down as the function runs. At 0, the driver asks whether it should be compiled.
    uint32_t heat = coldest;
};
static_assert(std::is_standard_layout_v<FunctionHead> && sizeof(FunctionHead) == 24);
static_assert(offsetof(FunctionHead, entry) == 0 && offsetof(FunctionHead, instance) == 8
    && offsetof(FunctionHead, type) == 16 && offsetof(FunctionHead, heat) == 20);

/// A function of a store, defined by the guest or the host. Its address is its identity.
struct Function : FunctionHead {
    /// The body that is executed, starting at `meta->body_offset`: the module's bytes, or a copy
    /// with marks in it. Null for host functions.
    const uint8_t* code = nullptr;
    const FuncMeta* meta = nullptr;
    union {
        /// The body's entries in the side table.
        const Branch* branches = nullptr;
        /// Only for host functions: identifies the function if one callback serves several.
        const void* context;
    };
    /// Index in the instance's function index space.
    FuncIndex index;
    /// Only for host functions: the ordinal among the store's host functions, in creation order,
    /// from 0.
    uint32_t host_number = 0;
    const HostFunction* host = nullptr;
    /// Owns `code` if that is a copy.
    std::unique_ptr<uint8_t[]> private_code;

    bool is_host() const { return host != nullptr; }
    /// The name from the module's name section, exports or imports. For a host function, the name
    /// it was defined with, or its number.
    std::string name() const;
    const Module& module() const;
};

/// The arguments of a host function's callback.
struct HostCall {
    /// The guest thread that makes the call (exec/thread.h).
    Thread& thread;
    /// The called function.
    const Function& function;
    Store& store;
    /// The instance whose code made the call. Null if the host made it.
    Instance* caller;
    /// On entry the arguments, on return the results. Its size is the larger of the two.
    std::span<Slot> slots;
    /// The arguments, and later the results, of a call that the function requests (`CallGuest`).
    /// Write the arguments last: they do not survive a nested call, and references in them do not
    /// keep objects alive.
    std::span<Slot> callee_slots;
};

/// [doc] How a host call ends
///
/// In one of four ways:
///
/// - `Returned`: the results are in the slots.
/// - `Trap`: the guest traps. If the trap has an exception, it is thrown in the caller.
/// - `CallGuest`: call this guest or host function with the arguments in `callee_slots`, then
///   continue with `then`. So a host function can call the guest (for an allocation, a callback)
///   without a C++ frame that waits. While it waits, a debugger shows it as a frame. `then`
///   receives the callee's results in `callee_slots`, or its trap, which it may return or ignore.
///   An exception that the callee did not catch is a trap here, too.
/// - `Suspended`: the call has no results yet. Control returns to the caller that ran the guest,
///   which later resumes the call with the results.
struct Returned {};
struct Suspended {};
struct CallGuest;
using HostOutcome = std::variant<Returned, Trap, CallGuest, Suspended>;
using HostCallback = std::function<HostOutcome(HostCall&)>;
/// What a host function does after a call that it requested: a plain function, because every call
/// between components has two of these.
using HostContinuation = HostOutcome (*)(void* context, HostCall& call, OrTrapped<void>&& called);
struct CallGuest {
    Function* callee;
    HostContinuation then;
    /// What `then` is called with. Must live until then.
    void* context = nullptr;
    /// What a debugger is told of the host function while it waits. Must live until `then` is
    /// called. Can be null.
    const HostActivity* activity = nullptr;
};

/// Requests a call with these arguments, which must have the callee's parameter types.
CallGuest call_guest(HostCall& call, Function& callee, std::span<const Value> arguments,
    HostContinuation then, void* context = nullptr);

/// How recording and replaying treat a host function.
enum class HostKind : uint8_t {
    /// Part of the outside world: its results are recorded, and a replay does not call it.
    Host,
    /// The same. It may also wait, while other guest threads run.
    Waits,
    /// Part of the guest's semantics and independent of the outside world: a replay calls it.
    Engine,
};

/// A host function that a guest can call. The callback can be called on the thread of every store
/// that the function has been added to. Exceptions thrown by it become traps.
struct HostFunction {
    std::string module;
    std::string name;
    FuncType type;
    HostCallback callback;
    HostKind kind = HostKind::Host;
    /// Guest exceptions do not propagate through it: one that leaves it becomes a trap in its
    /// caller.
    bool is_boundary = false;
    /// It does the guest's own work in guest memory. A debugger that stops all threads waits until
    /// it has finished, so that it never sees the work half done.
    bool runs_inside = false;
};

/// The part of a global that machine code accesses.
struct GlobalHead {
    Slot slots_[2] {};
};

/// A global variable of a store. Its address is its identity.
class Global : GlobalHead {
public:
    explicit Global(GlobalType global_type, const Value& value) : type(global_type)
    {
        store_value(value, slots_);
    }

    const GlobalType type;

    Value get() const { return load_value(type.type, slots_); }
    const Slot* slots() const { return slots_; }
    /// For the runtime and the tiers. All others write through runtime/mutation.
    Slot* writable_slots() { return slots_; }
};

/// A tag of a store: the type of an exception. Its address is its identity.
struct Tag {
    const TypeInfo* type;
};

/// Anything that can be imported and exported.
using Extern = std::variant<Function*, Table*, Memory*, Global*, Tag*>;

ExternKind kind_of(const Extern& item);
/// The type of an entity. For a table or memory, its current size is the minimum.
/// [spec: valid/matching; exec/modules, external typing]
ExternType type_of(const Extern& item);

/// An index space of an instance: entities by index, imports first. Filled in order during
/// instantiation.
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
    /// There must be room: the instance's block has space for the whole index space.
    void push_back(T* entity) { first_[size_++] = entity; }

private:
    T** first_;
    uint32_t size_ = 0;
};

/// An instance of a module in a store. It is at the start of a memory block that also contains its
/// index spaces and the functions that it defines (runtime/instance_layout.h).
struct Instance {
    struct Deleter {
        void operator()(Instance* instance) const;
    };
    using Owner = std::unique_ptr<Instance, Deleter>;

    /// Creates an instance without entities. Returns null if the allocation fails.
    static Owner create(Store& store, std::shared_ptr<const Module> module, uint32_t number);
    Instance(const Instance&) = delete;
    Instance& operator=(const Instance&) = delete;

    Store* store;
    std::shared_ptr<const Module> module;
    /// The number of instances created in the store before it.
    uint32_t number;
    /// The name that the embedder gave it. Can be empty.
    std::string name;

    const TypeId* type_ids;
    const TypeInfo* const* types;
    IndexSpace<Global> globals;
    IndexSpace<Table> tables;
    IndexSpace<Memory> memories;
    IndexSpace<Tag> tags;
    IndexSpace<Function> functions;
    /// The functions that the module defines.
    std::span<Function> own_functions;
    /// Element segments by index. Dropped segments are empty.
    std::vector<std::vector<Ref>> elems;
    /// Which data segments have been dropped.
    std::vector<bool> data_dropped;

    Extern find(ExternKind kind, uint32_t index) const;
    /// The export with that name, if any.
    std::optional<Extern> find_export(std::string_view export_name) const;

private:
    Instance(Store& owner, std::shared_ptr<const Module> of, uint32_t ordinal, const InstanceLayout& layout);
    ~Instance() = default;
};

} // namespace vitrine::core
