// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/guard.h"
#include "engine/store_ref.h"
#include "exec/invoke.h"
#include "runtime/linker.h"

#include <vitrine/component.hpp>
#include <vitrine/vitrine.hpp>

#include <memory>
#include <optional>

// The bodies of the public classes, and `Access`, through which this folder reaches them.

namespace vitrine::core {
struct Frame;
namespace component {
struct Shape;
}
namespace debug {
struct ThreadInfo;
}
} // namespace vitrine::core

namespace vitrine::detail {

/// Runs code that may throw: the embedder's, or code that allocates on behalf of a public function.
/// An exception becomes an error.
template<class R, class F> Result<R> guarded(const F& code)
{
    return core::guarded([&]() -> Result<R> { return code(); },
        [](core::Thrown thrown) -> Result<R> { return Error(std::move(thrown.text)); });
}

/// An error with this message or, if there is no memory for it, `out of memory`. Never throws.
inline Error error_or_out_of_memory(const char* message)
{
    return core::guarded([message] { return Error(message); },
        [](core::Thrown thrown) { return Error(std::move(thrown.text)); });
}

/// Reports misuse by the embedder where no error can be returned: prints the text and aborts.
[[noreturn]] void misused(const std::string& text);
/// Like the above, for a call made from code that must not make it. Needs no memory.
[[noreturn]] void misused(const char* call, const char* why);

struct EngineBody : core::Engine {
    using core::Engine::Engine;

    /// Why the engine cannot be used. Empty if it can.
    std::optional<Error> error;
};

struct ModuleBody {
    std::shared_ptr<EngineBody> engine;
    std::shared_ptr<const core::Module> module;
};

/// What the handles of a store refer to.
struct StoreLink final : core::StoreRef {
    std::shared_ptr<core::StoreRef> make_sibling() override;

    std::shared_ptr<EngineBody> engine;
    /// Why there is no store. Empty if there is one.
    std::optional<Error> error;
    /// The session that debugs the store, if any.
    std::weak_ptr<debug::detail::SessionBody> session;
    /// What the embedder has attached.
    std::shared_ptr<void> data;
    /// The session that the store itself owns.
    std::unique_ptr<debug::Session> own_session;
};

/// What a handle to an object refers to.
struct ObjectBody {
    ObjectBody(const std::shared_ptr<StoreLink>& link, core::Object* object)
        : link(link), root(link->guest->store.heap, object)
    {}

    std::shared_ptr<StoreLink> link;
    core::Root root;
};

struct LinkerBody {
    std::shared_ptr<EngineBody> engine;
    core::Linker linker;
    /// The first error in a definition.
    std::optional<Error> error;
};

/// The friend of all public classes.
struct Access {
    // Members of public classes.
    template<class T> static auto& body(T& object) { return object.body_; }
    template<class T> static auto& link(T& object) { return object.link_; }
    template<class T> static void* object(const T& handle) { return handle.object_; }

    /// Makes a handle to an object of the store.
    template<class T> static T handle(std::shared_ptr<StoreLink> link, void* object)
    {
        T handle;
        handle.link_ = std::move(link);
        handle.object_ = object;
        if constexpr (std::is_same_v<T, Instance>)
            handle.module_ = static_cast<core::Instance*>(object)->module;
        return handle;
    }
    static Module module(
        const std::shared_ptr<EngineBody>& engine, const std::shared_ptr<const core::Module>& module);
    static Module module(const Instance& instance);
    static SharedMemory shared(std::shared_ptr<EngineBody> engine, std::shared_ptr<core::Memory> memory);
    static const std::shared_ptr<EngineBody>& engine(const SharedMemory& memory) { return memory.engine_; }
    static core::Memory& memory(const SharedMemory& memory)
    {
        return *static_cast<core::Memory*>(memory.object_.get());
    }
    static std::shared_ptr<core::Memory> owner(const SharedMemory& memory)
    {
        return std::static_pointer_cast<core::Memory>(memory.object_);
    }
    /// The configuration that the engine gets. Fails if a value is out of range.
    static Result<core::EngineConfig> checked(const Config& config);
    /// The same without the checks.
    static core::EngineConfig config(const Config& config);
    static Result<core::FeatureSet> features(const Config& config);
    static Caller caller(std::shared_ptr<StoreLink> link, core::Instance* instance)
    {
        return Caller(std::move(link), instance);
    }
    static Interrupter interrupter(std::shared_ptr<core::Requests> requests);
    static debug::Frame frame(std::shared_ptr<debug::detail::SessionBody> session, const core::Frame& frame);
    static debug::Stopped stopped(
        std::shared_ptr<debug::detail::SessionBody> session, debug::StopReason reason, std::uint64_t number);
    static debug::GuestThread thread(
        std::shared_ptr<debug::detail::SessionBody> session, const core::debug::ThreadInfo& thread);
    static debug::ResumeKind kind(debug::Resume how) { return how.kind_; }
    static std::uint32_t offset(debug::Resume how) { return how.offset_; }
    static const auto& session(const debug::Frame& frame) { return frame.session_; }
    static const core::Frame* core_frame(const debug::Frame& frame)
    {
        return static_cast<const core::Frame*>(frame.frame_.get());
    }

    /// Called when a call from outside the guest has ended with a trap: the guest process has then
    /// ended.
    static void note_end(StoreLink& link, const core::Trap& trap);
    /// Destroys a store, after ending its session's guest and its other threads. Aborts the program
    /// if `call` is made from code that the store's own guest, limiter or debugger called.
    static void end(StoreLink& link, const char* call);
    /// Ends a session in the same way.
    static void end(debug::detail::SessionBody& session, const char* call);
    /// The link of a store that was moved from.
    static const std::shared_ptr<StoreLink>& moved_from();
    /// The session that a stop belongs to. Null if the guest has resumed from the stop.
    static const auto& session(const debug::Stopped& stopped) { return stopped.session_; }
    static std::uint64_t number(const debug::Stopped& stopped) { return stopped.number_; }
    /// Marks a stop as one that the guest has resumed from.
    static void consume(debug::Stopped& stopped) { stopped.session_.reset(); }
    /// The link of a store that was created through the API.
    static std::shared_ptr<StoreLink> link_of(const core::Store& store)
    {
        return std::static_pointer_cast<StoreLink>(store.ref.lock());
    }
    /// Fails if the store is gone or must not be used now. `Use` in api/use.h also keeps it usable.
    static Result<void> check_use(const std::shared_ptr<StoreLink>& link);

    static Val val(const std::shared_ptr<StoreLink>& link, const core::Value& value);
    /// Converts a value for the store. Fails if it has another type or refers to something in
    /// another store.
    static Result<core::Value> value(
        const std::shared_ptr<StoreLink>& link, const Val& val, core::ValueType type);
    static Result<std::vector<core::Value>> values(const std::shared_ptr<StoreLink>& link,
        std::span<const Val> vals, const std::vector<core::ValueType>& types);
    static std::vector<Val> vals(const std::shared_ptr<StoreLink>& link, std::span<const core::Value> values);

    /// The root of an object. Null if its store is gone or the handle is empty.
    static core::Root* root(const Object& object);
    /// The store of an object. Null if the handle is empty.
    static std::shared_ptr<StoreLink> store(const Object& object);
    static Object object(const std::shared_ptr<StoreLink>& link, core::Object* object);

    // Components.
    static Component component(std::shared_ptr<const ComponentBody> body)
    {
        Component component;
        component.body_ = std::move(body);
        return component;
    }
    static PreparedComponent prepared(std::shared_ptr<const PreparedComponentBody> body)
    {
        PreparedComponent prepared;
        prepared.body_ = std::move(body);
        return prepared;
    }
    static const void* shape(const ComponentType& type) { return type.shape_; }
    static const std::shared_ptr<const char>& tag(const HostResourceType& type) { return type.tag_; }
    static ComponentType component_type(
        std::shared_ptr<const ComponentBody> body, const core::component::Shape& shape);
    static ComponentVal component_val(ComponentType type, ComponentNode node);
    static const ComponentNode& node(const ComponentVal& val) { return val.node_; }
    static const std::shared_ptr<HeldResource>& held(const ComponentResource& resource)
    {
        return resource.held_;
    }
    static ComponentCaller component_caller(std::shared_ptr<StoreLink> link, void* instance, const void* func)
    {
        return ComponentCaller(Store(std::move(link), false), instance, func);
    }

    static ValKind kind(core::ValueType type);
    /// The exact type of a declaration in a module. Type indices in it are the module's own, or
    /// `TypeId`s if `is_canonical`.
    static ValType exact(core::ValueType type, const core::Module& module, bool is_canonical = false);
    /// The exact type of something in a store. Type indices in it are `TypeId`s.
    static ValType exact(core::ValueType type, const StoreLink& link);
    static core::ValueType type(ValKind kind);
    /// Fails if the type contains kinds that no value has.
    static Result<void> check(const FuncType& type);
    /// Converts a function type: the kinds and, given a module or store that the type indices
    /// belong to, the exact types.
    static FuncType func_type(const core::FuncType& type);
    template<class... Context>
    static FuncType func_type(const core::FuncType& type, const Context&... context)
    {
        FuncType result = func_type(type);
        for (const core::ValueType param : type.params)
            result.param_types.push_back(exact(param, context...));
        for (const core::ValueType item : type.results)
            result.result_types.push_back(exact(item, context...));
        return result;
    }
    static core::FuncType func_type(const FuncType& type);

    static Error error(const core::Error& error)
    {
        return error.is_in_text ? Error::in_text(error.message, error.offset)
                                : Error(error.message, error.offset);
    }
    static core::Error core_error(const Error& error)
    {
        return { error.message(), error.offset(), error.is_in_text() };
    }
    static Error error(const core::Trap& trap);
    static Error error(const core::Failure& failure);
    /// Converts the error of a host function to a trap.
    static core::Trap trap(const Error& error);
};

} // namespace vitrine::detail

namespace vitrine::core {

/// Lets `TRY` and `CHECK` convert an internal error to a public one.
template<class T, class E> struct FromError<vitrine::Result<T>, E> {
    static vitrine::Result<T> make(const E& error) { return vitrine::detail::Access::error(error); }
};

} // namespace vitrine::core
