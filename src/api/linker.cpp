// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "api/use.h"

#include "base/text.h"

#include <algorithm>

namespace vitrine {

using detail::Access;
using detail::Use;

namespace {

core::HostCallback on_slots(detail::SlotFunction function)
{
    return [function = std::move(function)](core::HostCall& call) -> core::HostOutcome {
        Caller caller = Access::caller(Access::link_of(call.store), call.caller);
        const auto done = function(caller, call.slots.data());
        if (!done)
            return Access::trap(done.error());
        return core::Returned {};
    };
}

core::HostCallback on_values(core::FuncType type, UntypedFunction function)
{
    return
        [type = std::move(type), function = std::move(function)](core::HostCall& call) -> core::HostOutcome {
            const auto link = Access::link_of(call.store);
            Caller caller = Access::caller(link, call.caller);
            std::vector<core::Value> arguments;
            const core::Slot* from = call.slots.data();
            for (const core::ValueType param : type.params) {
                arguments.push_back(core::load_value(param, from));
                from += param.slots();
            }
            const auto results = function(caller, Access::vals(link, arguments));
            if (!results)
                return Access::trap(results.error());
            const auto values = Access::values(link, *results, type.results);
            if (!values)
                return Access::trap(Error("results of a host function: " + values.error().message()));
            core::Slot* to = call.slots.data();
            for (const core::Value& value : *values) {
                core::store_value(value, to);
                to += value.type.slots();
            }
            return core::Returned {};
        };
}

/// Adds a host function to a store. It has no name of its own; its number identifies it.
Result<Func> add(Store& store, core::FuncType type, core::HostCallback callback)
{
    const auto& link = Access::link(store);
    const Use body(link);
    CHECK(body);
    const auto added = TRY(body->store.add_host_function(std::make_shared<const core::HostFunction>(
        core::HostFunction { "host", "", std::move(type), std::move(callback) })));
    return Access::handle<Func>(link, added);
}

/// Records the first error in the definitions.
void note(detail::LinkerBody& body, Error error)
{
    if (!body.error)
        body.error = std::move(error);
}

void note(detail::LinkerBody& body, const core::Result<void>& defined)
{
    if (!defined)
        note(body, Access::error(defined.error()));
}

/// The error of one definition.
Error wrong(std::string_view module, std::string_view name, std::string_view why)
{
    return Error("import \"" + core::escaped(module) + "\" \"" + core::escaped(name)
        + "\" cannot be defined: " + std::string(why));
}

} // namespace

Caller::Caller(std::shared_ptr<detail::StoreLink> link, void* instance)
    : store_(std::move(link), false), instance_(instance)
{}

std::optional<Instance> Caller::instance() const
{
    return instance_ ? std::optional(Access::handle<Instance>(Access::link(store_), instance_))
                     : std::nullopt;
}

std::optional<Memory> Caller::memory(std::string_view name) const
{
    const auto caller = instance();
    return caller ? caller->memory(name) : std::nullopt;
}

namespace detail {

Result<Func> wrap(Store& store, const FuncType& type, SlotFunction function)
{
    return detail::guarded<Func>(
        [&] { return add(store, Access::func_type(type), on_slots(std::move(function))); });
}

} // namespace detail

Result<Func> Func::create(Store& store, const FuncType& type, UntypedFunction function)
{
    return detail::guarded<Func>([&]() -> Result<Func> {
        CHECK(Access::check(type));
        const core::FuncType wanted = Access::func_type(type);
        return add(store, wanted, on_values(wanted, std::move(function)));
    });
}

namespace {

/// The body of a linker that was moved from.
const std::shared_ptr<detail::LinkerBody>& moved_from()
{
    static const std::shared_ptr<detail::LinkerBody> body = [] {
        auto made = std::make_shared<detail::LinkerBody>();
        made->error = Error("the linker was moved from");
        return made;
    }();
    return body;
}

/// Runs `define`. If it runs out of memory, records that as the error of the definition.
template<class F> void attempt(detail::LinkerBody& body, const F& define)
{
    core::guarded(define, [&](core::Thrown thrown) { note(body, Error(std::move(thrown.text))); });
}

} // namespace

Linker::Linker(const Engine& engine) : body_(std::make_shared<detail::LinkerBody>())
{
    (void)moved_from();
    body_->engine = Access::body(engine);
    if (engine.error())
        body_->error = *engine.error();
}

Linker::Linker(Linker&& other) noexcept : body_(std::move(other.body_)) { other.body_ = moved_from(); }

Linker& Linker::operator=(Linker&& other) noexcept
{
    std::swap(body_, other.body_);
    return *this;
}

Linker::~Linker() = default;

Linker& Linker::allow_shadowing(bool allow)
{
    body_->linker.allow_shadowing(allow);
    return *this;
}

Linker& Linker::trap_unknown_functions(bool trap)
{
    body_->linker.trap_unknown_functions(trap);
    return *this;
}

Linker& Linker::define_slots(
    std::string module, std::string name, const FuncType& type, detail::SlotFunction function)
{
    attempt(*body_, [&] {
        auto host = std::make_shared<const core::HostFunction>(
            core::HostFunction { module, name, Access::func_type(type), on_slots(std::move(function)) });
        note(*body_, body_->linker.define(std::move(module), std::move(name), std::move(host)));
    });
    return *this;
}

Linker& Linker::define(std::string module, std::string name, const FuncType& type, UntypedFunction function)
{
    attempt(*body_, [&] {
        if (const auto checked = Access::check(type); !checked)
            return note(*body_, wrong(module, name, checked.error().message()));
        const core::FuncType wanted = Access::func_type(type);
        auto host = std::make_shared<const core::HostFunction>(
            core::HostFunction { module, name, wanted, on_values(wanted, std::move(function)) });
        note(*body_, body_->linker.define(std::move(module), std::move(name), std::move(host)));
    });
    return *this;
}

namespace {

/// Defines an object of a store. `H` is the type of its handle.
template<class T, class H>
void define_object(detail::LinkerBody& body, std::string module, std::string name, const H& handle)
{
    attempt(body, [&] {
        const Use used(Access::link(handle));
        if (!used)
            return note(body, wrong(module, name, used.error().message()));
        const core::StoreExtern object(used->store, static_cast<T*>(Access::object(handle)));
        note(body, body.linker.define(std::move(module), std::move(name), object));
    });
}

} // namespace

Linker& Linker::define(std::string module, std::string name, const Func& function)
{
    define_object<core::Function>(*body_, std::move(module), std::move(name), function);
    return *this;
}

Linker& Linker::define(std::string module, std::string name, const Global& global)
{
    define_object<core::Global>(*body_, std::move(module), std::move(name), global);
    return *this;
}

Linker& Linker::define(std::string module, std::string name, const Memory& memory)
{
    define_object<core::Memory>(*body_, std::move(module), std::move(name), memory);
    return *this;
}

Linker& Linker::define(std::string module, std::string name, const SharedMemory& memory)
{
    attempt(*body_, [&] {
        if (Access::engine(memory) != body_->engine)
            note(*body_, wrong(module, name, "the memory and the linker belong to different engines"));
        else
            note(*body_, body_->linker.define(std::move(module), std::move(name), Access::owner(memory)));
    });
    return *this;
}

Linker& Linker::define(std::string module, std::string name, const Table& table)
{
    define_object<core::Table>(*body_, std::move(module), std::move(name), table);
    return *this;
}

Linker& Linker::define(std::string module, std::string name, const Tag& tag)
{
    define_object<core::Tag>(*body_, std::move(module), std::move(name), tag);
    return *this;
}

Linker& Linker::define_instance(std::string_view module, const Instance& instance)
{
    attempt(*body_, [&] {
        if (const Use used(Access::link(instance)); !used)
            note(*body_,
                Error(
                    "instance \"" + std::string(module) + "\" cannot be defined: " + used.error().message()));
        else if (Access::link(instance)->engine != body_->engine)
            note(*body_,
                Error("instance \"" + std::string(module)
                    + "\" cannot be defined: it and the linker belong to different engines"));
        else
            note(*body_,
                body_->linker.define_instance(
                    module, *static_cast<core::Instance*>(Access::object(instance))));
    });
    return *this;
}

namespace {

/// The result of an instantiation.
Result<Instance> finished(const std::shared_ptr<detail::StoreLink>& link,
    const std::expected<core::Instance*, core::Failure>& instance)
{
    if (instance)
        return Access::handle<Instance>(link, *instance);
    if (const auto* trap = std::get_if<core::Trap>(&instance.error()))
        Access::note_end(*link, *trap);
    return Access::error(instance.error());
}

/// The class of the entity that a public handle refers to.
template<class H> struct Core;
template<> struct Core<Func> {
    using type = core::Function;
};
template<> struct Core<Global> {
    using type = core::Global;
};
template<> struct Core<Memory> {
    using type = core::Memory;
};
template<> struct Core<Table> {
    using type = core::Table;
};
template<> struct Core<Tag> {
    using type = core::Tag;
};
template<class H> using CoreOf = typename Core<H>::type;

/// Fails if the parts belong to different engines.
Result<void> check_parts(const detail::LinkerBody& linker, const Use& used,
    const std::shared_ptr<detail::StoreLink>& store, const Module& module)
{
    if (linker.error)
        return *linker.error;
    CHECK(used);
    if (store->engine != linker.engine)
        return Error("the store and the linker belong to different engines");
    if (Access::body(module)->engine != linker.engine)
        return Error("the module and the linker belong to different engines");
    return {};
}

} // namespace

Result<void> Linker::check(Store& store, const Module& module) const
{
    return detail::guarded<void>([&]() -> Result<void> {
        const Use body(Access::link(store));
        CHECK(check_parts(*body_, body, Access::link(store), module));
        CHECK(body_->linker.resolve(body->store, *Access::body(module)->module));
        return {};
    });
}

Result<Instance> Linker::instantiate(Store& store, const Module& module) const
{
    return detail::guarded<Instance>([&]() -> Result<Instance> {
        // The guest or a limiter may destroy the linker and the handles during the call.
        const auto link = Access::link(store);
        const auto parts = body_;
        const Use body(link, Use::Purpose::Call);
        CHECK(check_parts(*parts, body, link, module));
        return finished(
            link, core::instantiate(body->current_thread(), parts->linker, Access::body(module)->module));
    });
}

namespace {

/// The entity of a public handle. `used` is a use of the store.
Result<core::Extern> entity_of(
    const std::shared_ptr<detail::StoreLink>& link, const Use& used, const Extern& item)
{
    if (const auto* const memory = std::get_if<SharedMemory>(&item)) {
        if (Access::engine(*memory) != link->engine)
            return Error("the memory belongs to another engine");
        return core::Extern(TRY(used->store.add_memory(Access::owner(*memory))));
    }
    return std::visit(
        [&]<class H>(const H& handle) -> Result<core::Extern> {
            if constexpr (!std::is_same_v<H, SharedMemory>) {
                if (Access::link(handle) != link)
                    return Error("it belongs to another store");
                return core::Extern(static_cast<CoreOf<H>*>(Access::object(handle)));
            }
            std::unreachable();
        },
        item);
}

} // namespace

Result<Instance> Instance::create(Store& store, const Module& module, std::span<const Extern> imports)
{
    return detail::guarded<Instance>([&]() -> Result<Instance> {
        const auto link = Access::link(store);
        const auto loaded = Access::body(module);
        const Use used(link, Use::Purpose::Call);
        CHECK(used);
        if (loaded->engine != link->engine)
            return Error("the module and the store belong to different engines");
        const auto& wanted = loaded->module->imports;
        if (imports.size() != wanted.size())
            return Error("expected " + std::to_string(wanted.size()) + " imports, got "
                + std::to_string(imports.size()));
        std::vector<core::Extern> items;
        for (size_t i = 0; i < imports.size(); ++i) {
            const auto item = entity_of(link, used, imports[i]);
            if (!item)
                return Error("import " + std::to_string(i) + ": " + item.error().message());
            CHECK(core::check_import(used->store, *loaded->module, wanted[i], *item));
            items.push_back(*item);
        }
        return finished(link, core::instantiate(used->current_thread(), loaded->module, items));
    });
}

} // namespace vitrine
