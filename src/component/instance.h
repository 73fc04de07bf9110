// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "component/component.h"
#include "component/handles.h"
#include "runtime/store.h"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

// [doc] What a component is at run time
//
// The definitions of a component are executed in order (instantiate.cpp). Each adds an item to one
// of the instance's index spaces: modules, core instances, functions, resource types, components
// and instances. A component as an item is a closure: it knows the instance that defined it, whose
// index spaces its outer aliases refer to.

namespace vitrine::core::component {

class Instance;
class Components;

struct Func;
/// What a host function gets besides its arguments.
struct HostContext {
    Thread& thread;
    Store& store;
    /// The instance that called.
    Instance& caller;
    /// The function that was called.
    const Func& func;
};
/// A function of the host. It may change its arguments. Its result has no content if the function
/// has none. A trap ends the guest.
using HostBody = std::function<OrTrapped<Value>(HostContext&, std::span<Value> arguments)>;

struct ComponentClosure {
    std::shared_ptr<const Component> component;
    /// The instance that its outer aliases refer to. Null for a component that is not nested.
    const Instance* outer = nullptr;
};
struct ItemMap;
/// A resource type, or null for any other type: those do not exist at run time.
using TypeItem = const ResourceKind*;
/// Anything that a component can import or export.
using Item = std::variant<std::shared_ptr<const core::Module>, const Func*, TypeItem, ComponentClosure,
    std::shared_ptr<const ItemMap>>;
/// The exports of an instance, by name.
struct ItemMap {
    std::map<std::string, Item, std::less<>> items;
};

/// The options of a canonical definition, resolved.
struct Options {
    StringEncoding encoding = StringEncoding::Utf8;
    Memory* memory = nullptr;
    Function* realloc = nullptr;
    Function* post_return = nullptr;
};

/// A function of a component or of the host, at the level of components.
struct Func {
    /// For messages and backtraces: `interface#name`, or the name of a lifted core function.
    std::string name {};
    const FuncShape* shape = nullptr;
    /// The instance whose resource types the types of the function refer to. It implements the
    /// function, unless the host does.
    Instance* instance = nullptr;
    /// The core function that is lifted. Null if the host implements the function.
    Function* core = nullptr;
    Options options {};
    std::shared_ptr<const HostBody> host {};
    /// Asynchronous functions cannot be called yet.
    bool is_async = false;
};

/// A core function that `canon lower` or another canonical definition makes.
struct Trampoline {
    Instance* instance = nullptr;
    const CanonDef* def = nullptr;
    /// Only for `canon lower`.
    const Func* callee = nullptr;
    Options options {};
    /// Only for definitions about a resource type.
    const ResourceKind* resource = nullptr;
    Function function {};
};

/// What `context.get` and `context.set` access. Each call of an instance has its own.
using TaskContext = std::array<Slot, 2>;

/// The index spaces of an instance. Of types, only resource types exist at run time: all others are
/// null.
struct IndexSpaces {
    std::vector<std::shared_ptr<const core::Module>> modules;
    std::vector<ComponentClosure> components;
    std::vector<const Func*> funcs;
    std::vector<TypeItem> types;
    std::vector<std::shared_ptr<const ItemMap>> instances;
    /// By `core::ExternKind`.
    std::array<std::vector<Extern>, 5> core_items;
    std::vector<std::map<std::string_view, Extern>> core_instances;
};

/// An instance of a component in a store. The store owns it.
class Instance {
public:
    Instance(Components& components, std::shared_ptr<const Component> component, const Instance* outer,
        Instance* parent, std::string path)
        : components(components),
          component(std::move(component)),
          outer(outer),
          parent(parent),
          path(std::move(path))
    {}
    /// The path of something in this instance.
    std::string path_of(std::string_view item) const
    {
        return path.empty() ? std::string(item) : path + "/" + std::string(item);
    }
    Instance(const Instance&) = delete;
    Instance& operator=(const Instance&) = delete;

    Components& components;
    const std::shared_ptr<const Component> component;
    /// The instance that its component was defined in. Null if the component is not nested.
    const Instance* const outer;
    /// The instance that instantiated it. Null if the host did.
    Instance* const parent;
    /// The names of instances that lead to it, separated by slashes. Empty for an instance without
    /// parent.
    const std::string path;

    /// Code of the instance is being executed, or it called another instance and waits for it. Also
    /// set for ever once it trapped.
    bool is_entered = false;
    /// The instance may call imported functions. Not while the canonical ABI allocates or cleans
    /// up.
    bool may_leave = true;
    /// That of the call that is being executed.
    TaskContext context {};
    /// Changed by `backpressure.inc` and `backpressure.dec`.
    uint32_t backpressure = 0;
    HandleTable handles;
    /// Complete once it has been instantiated.
    const std::shared_ptr<ItemMap> exports = std::make_shared<ItemMap>();

    IndexSpaces spaces;
    /// The core instances that it made of modules, in order.
    std::vector<core::Instance*> core_instances;
    /// The resource types that types of the component refer to.
    std::map<ResourceId, const ResourceKind*> resources;

    /// Owned by the instance.
    std::deque<Func> own_funcs;
    std::deque<Trampoline> trampolines;

    const ResourceKind& resource(TypeId type) const
    {
        return *resources.at(component->types->resource(type));
    }
    const Func* find_func(std::string_view name) const;
    /// The interface may be named without its version, or with a compatible one.
    const Func* find_func(std::string_view interface, std::string_view name) const;
    /// An exported instance. Null if there is none.
    const Item* find_instance(std::string_view interface) const;
};

} // namespace vitrine::core::component
