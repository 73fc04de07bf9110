// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Components: loading, linking and calling them, and looking into them.
//
// The C++ types that correspond to types of components are listed in component_types.hpp.
#pragma once

#include <vitrine/component_mapping.hpp>
#include <vitrine/store.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vitrine {

class ComponentCaller;

// -- Types and values

/// A resource type of the host that has no C++ class, for bindings of other languages. `Own` is for
/// types that have one. The resources are objects of any kind. Each `HostResourceType` that is made
/// is another type; copies are the same. Usable from any thread.
class VITRINE_API HostResourceType {
public:
    HostResourceType();

    friend bool operator==(const HostResourceType& a, const HostResourceType& b) { return a.tag_ == b.tag_; }

private:
    friend detail::Access;
    /// Its address is the type's identity.
    std::shared_ptr<const char> tag_;
};

/// A type of values of components. Keeps the component alive that it comes from.
class VITRINE_API ComponentType {
public:
    /// The type of the empty tuple.
    ComponentType() = default;
    ComponentKind kind() const;
    /// As in WIT: `result<list<u8>, error-code>`.
    std::string to_text() const;

    struct Part;
    /// The fields of a record or tuple, the cases of a variant, enum, option or result, the labels
    /// of flags, or the element of a list.
    std::vector<Part> parts() const;

private:
    friend detail::Access;
    std::shared_ptr<const detail::ComponentBody> body_;
    const void* shape_ = nullptr;
};

struct ComponentType::Part {
    /// Empty for fields of tuples and elements of lists.
    std::string name;
    /// Empty for labels, and for cases without a payload.
    std::optional<ComponentType> type;
};

/// A parameter of a function.
struct ComponentParameter {
    std::string name;
    ComponentType type;
};

struct ComponentFuncType {
    std::vector<ComponentParameter> params;
    /// Empty if the function returns nothing.
    std::optional<ComponentType> result;
    bool is_async = false;
    /// As in WIT: `func(name: string) -> u32`.
    std::string text;
};

/// A value of a component together with its type.
class VITRINE_API ComponentVal {
public:
    /// The empty tuple. It is also the result of functions that return nothing.
    ComponentVal() = default;
    /// Parses a value in the WebAssembly value encoding (WAVE): `{name: "x", tags: [1, 2]}`. The
    /// offset of an error is a position in the text.
    static Result<ComponentVal> parse(const ComponentType& type, std::string_view text);
    /// Makes a value of a C++ value, whose type must correspond to the component's type.
    template<class T> static Result<ComponentVal> make(const ComponentType& type, T value)
    {
        return from_node(type, detail::ComponentMapping<T>::type(),
            detail::ComponentMapping<T>::to_node(std::move(value)));
    }

    /// Makes a list of its elements, or a record or tuple of its fields in their order. Each must
    /// be a value of the type of that part.
    static Result<ComponentVal> make_of_parts(const ComponentType& type, std::span<const ComponentVal> parts);
    /// Makes the case of this name of a variant, enum, option (`none`, `some`) or result (`ok`,
    /// `err`), with its payload if the case has one.
    static Result<ComponentVal> make_case(const ComponentType& type, std::string_view name,
        const std::optional<ComponentVal>& payload = std::nullopt);
    /// Makes a resource of the host. If `type` is an `own`, the host owns it until it is passed to
    /// a guest; `object` is released when the last owner drops the resource. If `type` is a
    /// `borrow`, the resource is lent to the guest for the time of a call. A null `object` is
    /// refused.
    static Result<ComponentVal> make_resource(
        const ComponentType& type, const HostResourceType& resource, std::shared_ptr<void> object);

    const ComponentType& type() const { return type_; }
    ComponentKind kind() const { return type_.kind(); }
    /// The value as a C++ value, whose type must correspond to the component's type.
    template<class T> Result<T> get() const
    {
        static_assert(!std::is_same_v<T, std::string_view>, "the text would be gone: get a `std::string`");
        auto node = to_node(detail::ComponentMapping<T>::type());
        if (!node)
            return std::move(node).error();
        return detail::ComponentMapping<T>::from_node(*node);
    }
    /// The object of an `own` or `borrow` of this resource type of the host. Fails if the value is
    /// anything else, if it was passed to a guest as an `own`, and after the call that lent it.
    Result<std::shared_ptr<void>> resource(const HostResourceType& type) const;
    /// In the WebAssembly value encoding. A resource is written in angle brackets, which cannot be
    /// parsed.
    std::string to_text() const;

    /// How many elements a list has, or fields a record or tuple; 1 for a case with a payload. 0
    /// otherwise.
    std::size_t size() const;
    /// The element or field with this number, or the payload of a case. Empty if there is none.
    std::optional<ComponentVal> at(std::size_t index) const;
    /// The field of a record with this name. Empty if there is none.
    std::optional<ComponentVal> field(std::string_view name) const;
    /// The name of the case of a variant, enum, option (`none`, `some`) or result (`ok`, `err`).
    /// Empty for other kinds.
    std::string case_name() const;

private:
    friend detail::Access;
    static Result<ComponentVal> from_node(
        const ComponentType& type, const detail::ComponentTypeNode& wanted, detail::ComponentNode node);
    Result<detail::ComponentNode> to_node(const detail::ComponentTypeNode& wanted) const;

    ComponentType type_;
    detail::ComponentNode node_;
};

/// Drops a resource of a component that the host owns: its destructor runs. A resource that is not
/// dropped is not destroyed before its store.
VITRINE_API Result<void> drop(Store& store, ComponentResource& resource);

// -- Components

/// An import or export of a component.
struct ComponentExtern {
    /// `test:calc/ops@0.1.0`, `run`.
    std::string name;
    /// `func`, `instance`, `type`, `module` or `component`.
    std::string kind;
};

/// A core module in a component.
struct CoreModule {
    /// From the name sections of the component and the module. Empty if it has no name.
    std::string name;
    /// An ordinary module: its offsets are relative to its own first byte.
    Module module;
};

/// A validated component. A reference-counted handle, usable from any thread.
class VITRINE_API Component {
public:
    Component(const Component&) = default;
    Component& operator=(const Component&) = default;
    /// Whether the bytes begin like a component, and not like a module.
    static bool is_component(std::span<const std::byte> bytes);
    /// Decodes and validates a binary. The bytes are copied.
    static Result<Component> from_bytes(const Engine& engine, std::span<const std::byte> bytes);
    static Result<Component> from_file(const Engine& engine, const std::string& path);
    /// Loads a component from part of a file: `size` bytes from `offset`, or everything up to the
    /// end of the file.
    static Result<Component> from_file(const Engine& engine, const std::string& path, std::uint64_t offset,
        std::optional<std::uint64_t> size = std::nullopt);

    std::vector<ComponentExtern> imports() const;
    std::vector<ComponentExtern> exports() const;
    /// All core modules in it and in components nested in it, in the order of the file. A debugger
    /// can set breakpoints in them before anything is instantiated.
    std::vector<CoreModule> core_modules() const;
    /// Imports and exports in WIT.
    std::string to_text() const;

    friend VITRINE_API bool operator==(const Component& a, const Component& b);

private:
    friend detail::Access;
    Component() = default;
    std::shared_ptr<const detail::ComponentBody> body_;
};

// -- Functions and instances

/// A function of a component instance.
class VITRINE_API ComponentFunc : public detail::Handle {
public:
    ComponentFunc(const ComponentFunc&) = default;
    ComponentFunc& operator=(const ComponentFunc&) = default;

    std::string name() const;
    ComponentFuncType type() const;
    /// Calls the function. If it returns nothing, the result is the empty tuple. After a trap, the
    /// instance cannot be entered again.
    Result<ComponentVal> call(std::span<const ComponentVal> arguments = {}) const;
    Result<ComponentVal> call(std::initializer_list<ComponentVal> arguments) const;

private:
    friend detail::Access;
    ComponentFunc() = default;
};

namespace detail {
VITRINE_API Result<void> check_signature(const ComponentFunc& func, const ComponentSignature& signature);
VITRINE_API Result<ComponentNode> call_nodes(const ComponentFunc& func, std::vector<ComponentNode> arguments);
} // namespace detail

/// A function of a component instance whose type has been checked against a C++ signature.
template<class Signature> class TypedComponentFunc;
template<class R, class... A> class TypedComponentFunc<R(A...)> {
public:
    Result<R> operator()(A... arguments) const
    {
        using Call = detail::ComponentGuestCall<R(A...)>;
        auto result = detail::call_nodes(func_, Call::arguments(std::forward<A>(arguments)...));
        if (!result)
            return std::move(result).error();
        if constexpr (std::is_void_v<R>)
            return {};
        else
            return Call::result(*result);
    }
    const ComponentFunc& func() const { return func_; }

private:
    friend ComponentInstance;
    explicit TypedComponentFunc(const ComponentFunc& func) : func_(func) {}
    ComponentFunc func_;
};

/// A core instance of a component, for debuggers.
struct CoreInstance {
    /// Names of instances and of the core instance from the component's name sections, separated by
    /// slashes: `main`, `calc/main`. Numbers where there are no names.
    std::string name;
    Instance instance;
};

/// A resource that a component instance owns or has borrowed, for debuggers.
struct ComponentHandle {
    /// How the guest refers to it.
    std::uint32_t index = 0;
    /// The name of the resource type.
    std::string type;
    /// How the implementation of the resource type identifies the resource.
    std::uint32_t rep = 0;
    bool is_own = false;
    /// How many calls that have not returned have borrowed the resource from this handle.
    std::uint32_t lends = 0;
};

/// An instance of a component in a store.
class VITRINE_API ComponentInstance : public detail::Handle {
public:
    ComponentInstance(const ComponentInstance&) = default;
    ComponentInstance& operator=(const ComponentInstance&) = default;

    /// A function that the component exports itself. Empty if there is none of this name.
    std::optional<ComponentFunc> func(std::string_view name) const;
    /// A function of an exported interface, such as `test:calc/ops@0.1.0`. The version may be left
    /// out or be a compatible one.
    std::optional<ComponentFunc> func(std::string_view interface, std::string_view name) const;
    /// A function whose type has been checked against `Signature`. The error says what is missing
    /// or does not match.
    template<class Signature> Result<TypedComponentFunc<Signature>> typed(std::string_view name) const
    {
        return typed<Signature>(std::string_view(), name);
    }
    template<class Signature>
    Result<TypedComponentFunc<Signature>> typed(std::string_view interface, std::string_view name) const
    {
        auto func = find(interface, name);
        if (!func)
            return std::move(func).error();
        if (auto checked = detail::check_signature(*func, detail::ComponentGuestCall<Signature>::signature());
            !checked)
            return std::move(checked).error();
        return TypedComponentFunc<Signature>(*func);
    }

    /// The core instances of this component and of those nested in it, in the order of their
    /// creation, whether anything of them is exported or not. Empty if `guest_debug` is off.
    std::vector<CoreInstance> debug_core_instances() const;
    /// The core instance of this name. Empty if there is none or `guest_debug` is off.
    std::optional<Instance> debug_core_instance(std::string_view name) const;
    /// The instances of nested components, in the order of their creation. Empty if `guest_debug`
    /// is off.
    std::vector<ComponentInstance> debug_instances() const;
    /// The resources that the instance itself holds. Empty if `guest_debug` is off.
    std::vector<ComponentHandle> debug_handles() const;

private:
    friend detail::Access;
    ComponentInstance() = default;
    Result<ComponentFunc> find(std::string_view interface, std::string_view name) const;
};

// -- Linking

/// What a host function can see of the component that called it. Valid during the call.
class VITRINE_API ComponentCaller {
public:
    ComponentCaller(const ComponentCaller&) = delete;
    ComponentCaller& operator=(const ComponentCaller&) = delete;

    /// The instance that called. It cannot be entered before the call returns.
    ComponentInstance instance() const;
    /// The type under which the function is imported.
    ComponentFuncType type() const;
    Store& store() { return store_; }

private:
    friend detail::Access;
    ComponentCaller(Store store, void* instance, const void* func)
        : store_(std::move(store)), instance_(instance), func_(func)
    {}
    Store store_;
    void* instance_;
    const void* func_;
};

/// A host function for any type: the type is that of the import. The result must be a value of the
/// type of the import's result, see `ComponentCaller::type`; the empty tuple if there is none.
using UntypedComponentFunction =
    std::function<Result<ComponentVal>(ComponentCaller& caller, std::span<const ComponentVal> arguments)>;

/// A component whose imports a linker has resolved and checked. A reference-counted handle, usable
/// from any thread; it does not need the linker any more.
class VITRINE_API PreparedComponent {
public:
    PreparedComponent(const PreparedComponent&) = default;
    PreparedComponent& operator=(const PreparedComponent&) = default;

    Component component() const;
    /// Makes an instance with all that is nested in it, and runs the start functions. Fails if the
    /// linker defined an import with `define_instance`, and this is another store.
    Result<ComponentInstance> instantiate(Store& store) const;

private:
    friend detail::Access;
    PreparedComponent() = default;
    std::shared_ptr<const detail::PreparedComponentBody> body_;
};

/// Resolves the imports of components. Works with all stores of its engine. Calls to `define` can
/// be chained; `instantiate` reports the first definition that failed. If stores on several threads
/// use the linker, the callables must be thread-safe.
///
/// The interface of a definition is named with its version, such as `wasi:io/poll@0.2.0`. It serves
/// imports of all compatible versions. Without an interface (""), a definition serves an import of
/// the component itself.
class VITRINE_API ComponentLinker {
public:
    explicit ComponentLinker(const Engine& engine);
    ComponentLinker(ComponentLinker&&) noexcept;
    ComponentLinker& operator=(ComponentLinker&&) noexcept;
    ~ComponentLinker();

    /// Defines a host function from a callable. Its parameters and its result are the C++ types
    /// that correspond to the component's; they are checked when a component is instantiated. The
    /// first parameter can be a `ComponentCaller&`. If the callable returns the error of a
    /// `Result`, or throws, the guest traps with the error's text.
    template<class F>
        requires requires { &std::decay_t<F>::operator(); }
    || std::is_function_v<std::remove_pointer_t<std::decay_t<F>>>
    ComponentLinker& define(std::string_view interface, std::string_view name, F&& function)
    {
        return define_adapted(
            interface, name, detail::adapt<ComponentCaller, Error>(std::forward<F>(function)));
    }
    /// Defines a host function that works with any type. If it returns a value of another type than
    /// the import's, the guest traps with a message that names the function.
    ComponentLinker& define_untyped(
        std::string_view interface, std::string_view name, UntypedComponentFunction function);
    /// Defines a resource type. Its resources are objects of class `T`, which are destroyed when
    /// the guest drops them. See `Own`.
    template<class T> ComponentLinker& resource(std::string_view interface, std::string_view name)
    {
        return define_resource(interface, name, &detail::component_tag<T>);
    }
    /// Defines a resource type without a C++ class.
    ComponentLinker& resource(
        std::string_view interface, std::string_view name, const HostResourceType& type);
    /// Defines a core module.
    ComponentLinker& define_module(std::string_view interface, std::string_view name, const Module& module);
    /// Defines the exports of an instance, which belongs to one store: the interface `exported` of
    /// the instance satisfies the import of this name.
    ComponentLinker& define_instance(
        std::string_view interface, const ComponentInstance& instance, std::string_view exported);
    /// Whether undefined functions and resource types may be imported. Calling such a function
    /// traps with a message that names it. By default, an undefined import is an error.
    ComponentLinker& trap_unknown_functions(bool trap);

    /// Makes an instance with all that is nested in it, and runs the start functions.
    Result<ComponentInstance> instantiate(Store& store, const Component& component) const;
    /// Resolves and checks the component's imports, once for many instances. What is defined later
    /// does not change the result.
    Result<PreparedComponent> prepare(const Component& component) const;
    /// Checks the component's imports as `instantiate` does, but creates nothing that can be used.
    Result<void> check(Store& store, const Component& component) const;

private:
    friend detail::Access;
    ComponentLinker& define_adapted(std::string_view interface, std::string_view name,
        detail::AdaptedFunction<ComponentCaller, Error> function);
    ComponentLinker& define_resource(std::string_view interface, std::string_view name, const void* tag,
        std::shared_ptr<const void> owner = nullptr);
    std::shared_ptr<detail::ComponentLinkerBody> body_;
};

} // namespace vitrine
