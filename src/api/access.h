// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/guard.h"
#include "engine/store_ref.h"
#include "exec/invoke.h"
#include "runtime/linker.h"
#include <vitrine/vitrine.hpp>

#include <memory>
#include <optional>

// What stands behind the public classes, and how the files of this folder get at it.

namespace vitrine::core {
struct Frame;
namespace debug {
struct ThreadInfo;
}
} // namespace vitrine::core

namespace vitrine::detail {

/// Runs code that may throw: the embedder's, or what allocates on behalf of a public function. What it throws becomes an
/// error.
template<class R, class F> Result<R> guarded(const F& code)
{
    return core::guarded([&]() -> Result<R> { return code(); },
        [](core::Thrown thrown) -> Result<R> { return Error(std::move(thrown.text)); });
}

/// An error with this message; where there is no memory for the message, it says that. Never throws.
inline Error error_or_out_of_memory(const char* message)
{
    return core::guarded([message] { return Error(message); },
        [](core::Thrown thrown) { return Error(std::move(thrown.text)); });
}

/// The embedder's mistake, found where no error can be returned: prints it and aborts.
[[noreturn]] void misused(const std::string& text);
/// The same for a call that comes from where it must not. Needs no memory.
[[noreturn]] void misused(const char* call, const char* why);

struct EngineBody : core::Engine {
    using core::Engine::Engine;

    /// Why the engine cannot be used.
    std::optional<Error> error;
};

struct ModuleBody {
    std::shared_ptr<EngineBody> engine;
    std::shared_ptr<const core::Module> module;
};

/// What a store's handles hold on to.
struct StoreLink final : core::StoreRef {
    std::shared_ptr<core::StoreRef> make_sibling() override;

    std::shared_ptr<EngineBody> engine;
    /// Why there is no store.
    std::optional<Error> error;
    /// The session on the store, if there is one.
    std::weak_ptr<debug::detail::SessionBody> session;
    /// The one that the store keeps itself.
    std::unique_ptr<debug::Session> own_session;
};

/// What an object's handle holds on to.
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
    /// The first thing that was wrong with a definition.
    std::optional<Error> error;
};

/// The one friend of all public classes.
struct Access {
    // Parts.
    template<class T> static auto& body(T& object) { return object.body_; }
    template<class T> static auto& link(T& object) { return object.link_; }
    template<class T> static void* object(const T& handle) { return handle.object_; }

    /// A handle of an object of the store.
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
    static core::EngineConfig config(const Config& config);
    static Result<core::FeatureSet> features(const Config& config);
    static Caller caller(std::shared_ptr<StoreLink> link, core::Instance* instance)
    {
        return Caller(std::move(link), instance);
    }
    static Interrupter interrupter(std::shared_ptr<core::Requests> requests);
    static debug::Frame frame(std::shared_ptr<debug::detail::SessionBody> session, const core::Frame& frame);
    static debug::Stopped stopped(
        std::shared_ptr<debug::detail::SessionBody> session, debug::StopReason reason);
    static debug::GuestThread thread(
        std::shared_ptr<debug::detail::SessionBody> session, const core::debug::ThreadInfo& thread);
    static debug::ResumeKind kind(debug::Resume how) { return how.kind_; }
    static std::uint32_t offset(debug::Resume how) { return how.offset_; }
    static const auto& session(const debug::Frame& frame) { return frame.session_; }
    static const core::Frame* core_frame(const debug::Frame& frame)
    {
        return static_cast<const core::Frame*>(frame.frame_.get());
    }

    /// A call from outside of the guest has ended: with a trap, its process has.
    static void note_end(StoreLink& link, const core::Trap& trap);
    /// Ends a store, and the guest of its session and its other threads first. Ends the program when `call` comes from
    /// code that the store's own guest, limiter or debugger is calling.
    static void end(StoreLink& link, const char* call);
    /// Ends a session in the same way.
    static void end(debug::detail::SessionBody& session, const char* call);
    /// What a store that was moved from refers to.
    static const std::shared_ptr<StoreLink>& moved_from();
    /// The session that a stop belongs to; null once it has gone on.
    static const auto& session(const debug::Stopped& stopped) { return stopped.session_; }
    /// The link of a store that the API has made.
    static std::shared_ptr<StoreLink> link_of(const core::Store& store)
    {
        return std::static_pointer_cast<StoreLink>(store.ref.lock());
    }
    /// Refuses a store that is gone or may not be used now; api/use.h has what also holds it.
    static Result<void> check_use(const std::shared_ptr<StoreLink>& link);

    static Val val(const std::shared_ptr<StoreLink>& link, const core::Value& value);
    /// A value for the store, refused when it is of another type or refers to something of another store.
    static Result<core::Value> value(
        const std::shared_ptr<StoreLink>& link, const Val& val, core::ValueType type);
    static Result<std::vector<core::Value>> values(const std::shared_ptr<StoreLink>& link,
        std::span<const Val> vals, const std::vector<core::ValueType>& types);
    static std::vector<Val> vals(const std::shared_ptr<StoreLink>& link, std::span<const core::Value> values);

    /// The root of an object; null when its store is gone, and for a handle of no object.
    static core::Root* root(const Object& object);
    /// The store of an object; null for a handle of no object.
    static std::shared_ptr<StoreLink> store(const Object& object);
    static Object object(const std::shared_ptr<StoreLink>& link, core::Object* object);

    static ValKind kind(core::ValueType type);
    /// The exact type of what a module declares; indices in it are the module's own, or `TypeId`s when `is_canonical`.
    static ValType exact(core::ValueType type, const core::Module& module, bool is_canonical = false);
    /// That of something in a store, whose indices are `TypeId`s.
    static ValType exact(core::ValueType type, const StoreLink& link);
    static core::ValueType type(ValKind kind);
    /// Refuses kinds that no value has.
    static Result<void> check(const FuncType& type);
    /// The kinds, and with a module or a store that the type's indices belong to, the exact types.
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

    static Error error(const core::Error& error) { return Error(error.message, error.offset); }
    static Error error(const core::Trap& trap);
    static Error error(const core::Failure& failure);
    /// The trap that a host function's error becomes.
    static core::Trap trap(const Error& error);
};

} // namespace vitrine::detail

namespace vitrine::core {

/// An inner error becomes a public one where `TRY` and `CHECK` return it.
template<class T, class E> struct FromError<vitrine::Result<T>, E> {
    static vitrine::Result<T> make(const E& error) { return vitrine::detail::Access::error(error); }
};

} // namespace vitrine::core
