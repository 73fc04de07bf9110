// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "api/session_body.h"
#include "api/use.h"
#include "base/text.h"
#include "debug/expression.h"
#include "engine/process.h"

#include <algorithm>
#include <atomic>
#include <cstring>

namespace vitrine {

using detail::Access;
using detail::Use;
using detail::Used;

namespace detail {

Use::Use(const std::shared_ptr<StoreLink>& link, Purpose purpose)
{
    if (!link)
        error_.emplace("the handle is empty");
    else if (link->error)
        error_ = link->error;
    else if (!link->guest)
        error_.emplace("the store is gone");
    if (error_)
        return;
    guest_ = link->guest.get();
    if (const auto body = link->session.lock())
        session_ = body->session;
    if (session_ && !held_.emplace(*session_, guest_->store, purpose))
        error_.emplace("the store is running under a debug session");
}

Result<void> Access::check_use(const std::shared_ptr<StoreLink>& link)
{
    const Use used(link);
    CHECK(used);
    return {};
}

void Access::end(StoreLink& link, const char* call)
{
    if (!link.guest)
        return;
    const auto session = link.session.lock();
    if (link.guest->store.is_calling_out())
        misused(call, "by the store's own limiter, or by the destructor of host data");
    if (link.guest->current_thread().runner.load() == std::this_thread::get_id()
        || (session && session->session && session->session->is_inside())
        || (link.process && link.process->is_inside()))
        misused(
            call, "on a thread that runs the store's own guest: by a host function, sink or debug handler");
    link.own_session.reset();
    if (session && session->session) {
        if (&session->session->store() != &link.guest->store) {
            (void)session->session->remove_store(link.guest->store);
        } else {
            // The guest's thread may look at the session until it has ended.
            session->session->close();
            session->error = error_or_out_of_memory("the store is gone");
            session->session.reset();
        }
    }
    if (link.process)
        link.process->close();
    link.process.reset();
    if (link.guest->current_thread().runner.load() != std::thread::id {})
        misused(call, "while another thread runs the store's guest");
    link.guest.reset();
}

const std::shared_ptr<StoreLink>& Access::moved_from()
{
    static const std::shared_ptr<StoreLink> link = [] {
        auto made = std::make_shared<StoreLink>();
        made->error = Error("the store was moved from");
        return made;
    }();
    return link;
}

void Access::note_end(StoreLink& link, const core::Trap& trap)
{
    if (link.process && link.guest && !link.guest->current_thread().is_running())
        link.process->end(trap);
}

std::shared_ptr<core::StoreRef> StoreLink::make_sibling()
{
    const auto sibling = std::make_shared<StoreLink>();
    core::make_store(sibling, engine);
    sibling->engine = engine;
    sibling->session = session;
    return sibling;
}

Interrupter Access::interrupter(std::shared_ptr<core::Requests> requests)
{
    Interrupter interrupter;
    interrupter.requests_ = std::move(requests);
    return interrupter;
}

Module Access::module(const Instance& instance)
{
    return module(instance.link_->engine, std::static_pointer_cast<const core::Module>(instance.module_));
}

SharedMemory Access::shared(std::shared_ptr<EngineBody> engine, std::shared_ptr<core::Memory> memory)
{
    SharedMemory shared;
    shared.engine_ = std::move(engine);
    shared.object_ = std::move(memory);
    return shared;
}

} // namespace detail

namespace {

Error out_of_bounds(const char* what, uint64_t address, uint64_t count, uint64_t size)
{
    return Error(std::string(what) + " of " + std::to_string(count) + " bytes at " + std::to_string(address)
        + " leaves the memory of " + std::to_string(size) + " bytes");
}

Result<uint64_t> grown(const core::Memory& memory, uint64_t pages, std::optional<uint64_t> old)
{
    if (old)
        return *old;
    return Error(
        "the memory of " + std::to_string(memory.pages()) + " pages cannot grow by " + std::to_string(pages));
}

MemoryType type_of(const core::Memory& memory)
{
    const core::Limits& limits = memory.type().limits;
    return { limits.min, limits.max, limits.is_shared, limits.is_64 };
}

Result<core::MemoryType> core_type(const MemoryType& type)
{
    const uint64_t most = type.is_64 ? uint64_t { 1 } << 48 : core::max_memory_pages;
    const uint64_t max = type.max.value_or(most);
    if (type.min > most || max > most)
        return Error(type.is_64 ? "memory size must be at most 2^48 pages"
                                : "memory size must be at most 65536 pages (4GiB)");
    if (type.min > max)
        return Error("size minimum must not be greater than maximum");
    if (type.is_shared && !type.max)
        return Error("shared memory must have maximum");
    return core::MemoryType {
        .limits = { .min = type.min, .max = type.max, .is_64 = type.is_64, .is_shared = type.is_shared }
    };
}

} // namespace

// Stores.

Store::Store(const Engine& engine) : link_(std::make_shared<detail::StoreLink>())
{
    // So that moving a store never allocates.
    (void)Access::moved_from();
    link_->engine = Access::body(engine);
    if (engine.error()) {
        link_->error = *engine.error();
        return;
    }
    const auto made = detail::guarded<void>([&]() -> Result<void> {
        core::make_store(link_, link_->engine);
        return {};
    });
    if (!made)
        link_->error = made.error();
}

Store::Store(std::shared_ptr<detail::StoreLink> link, bool is_owner)
    : link_(std::move(link)), is_owner_(is_owner)
{}

Store::Store(Store&& other) noexcept : link_(std::move(other.link_)), is_owner_(other.is_owner_)
{
    other.link_ = Access::moved_from();
}

Store& Store::operator=(Store&& other) noexcept
{
    if (this == &other)
        return *this;
    if (is_owner_)
        Access::end(*link_, "Store::operator=");
    link_ = std::exchange(other.link_, Access::moved_from());
    is_owner_ = other.is_owner_;
    return *this;
}

Store::~Store()
{
    if (is_owner_)
        Access::end(*link_, "Store::~Store");
}

const Error* Store::error() const { return link_->error ? &*link_->error : nullptr; }

Result<void> Store::limit_resources(ResourceLimiter limiter)
{
    const Use body(link_);
    CHECK(body);
    if (!limiter) {
        body->store.limiter = nullptr;
        return {};
    }
    return detail::guarded<void>([&]() -> Result<void> {
        // Shared, so that a limiter may take its own place while it is asked.
        body->store.limiter = [shared = std::make_shared<const ResourceLimiter>(std::move(limiter))](
                                  core::Resource resource, uint64_t current, uint64_t desired) {
            const auto kept = shared;
            return (*kept)(resource, current, desired);
        };
        return {};
    });
}

Result<void> Store::on_debug_event(debug::StopHandler handler)
{
    CHECK(Access::check_use(link_));
    const auto current = link_->session.lock();
    if (link_->guest->current_thread().is_running() || link_->guest->store.is_calling_out()
        || (current && current->session && current->session->is_inside()))
        return Error("the store's guest is running");
    link_->own_session.reset();
    if (!handler)
        return {};
    auto session = TRY(debug::Session::create(*this, std::move(handler)));
    link_->own_session = std::make_unique<debug::Session>(std::move(session));
    return {};
}

debug::Session* Store::debug_session() const { return link_->own_session.get(); }

Interrupter Store::interrupter() const { return Access::interrupter(link_->requests); }

std::vector<Instance> Store::instances() const
{
    std::vector<Instance> instances;
    const Use body(link_);
    if (!body || !link_->engine->config.guest_debug)
        return instances;
    for (core::Instance& instance : body->store.instances())
        instances.push_back(Access::handle<Instance>(link_, &instance));
    return instances;
}

void Interrupter::interrupt() const noexcept
{
    if (requests_)
        static_cast<core::Requests*>(requests_.get())->add(core::Requests::interrupt);
}

// Functions.

FuncType Func::type() const
{
    const Used<core::Function> function(*this);
    if (!function)
        return {};
    const core::FuncType& type = *link_->engine->types[function->type].func();
    // Looked up in its own module, if it has one.
    if (function->instance)
        return Access::func_type(type, *function->instance->module, true);
    return Access::func_type(type, *link_);
}

std::string Func::name() const
{
    const Used<core::Function> function(*this);
    return function ? function->name() : "";
}

std::optional<uint32_t> Func::index() const
{
    const Used<core::Function> function(*this);
    return function && !function->is_host() ? std::optional(function->index.value) : std::nullopt;
}

Result<std::vector<Val>> Func::call(std::span<const Val> arguments) const
{
    return detail::guarded<std::vector<Val>>([&]() -> Result<std::vector<Val>> {
        // The handle itself may be gone when the call has ended.
        const auto link = link_;
        const Use body(link, Use::Purpose::Call);
        CHECK(body);
        auto& function = *static_cast<core::Function*>(object_);
        const auto values =
            Access::values(link, arguments, link->engine->types[function.type].func()->params);
        if (!values)
            return Error("cannot call " + core::escaped(function.name()) + ": " + values.error().message());
        const auto results = core::invoke(body->current_thread(), function, *values);
        if (!results) {
            Access::note_end(*link, results.error());
            return Access::error(results.error());
        }
        return Access::vals(link, *results);
    });
}

Result<std::vector<Val>> Func::call(std::initializer_list<Val> arguments) const
{
    return call(std::span(arguments.begin(), arguments.size()));
}

namespace detail {

Result<void> check_type(const Func& function, const FuncType& wanted)
{
    return detail::guarded<void>([&]() -> Result<void> {
        const Use used(Access::link(function));
        CHECK(used);
        const FuncType actual = function.type();
        if (actual != wanted)
            return Error("function " + core::escaped(function.name()) + " is of type " + actual.to_text()
                + ", not " + wanted.to_text());
        return {};
    });
}

Result<void> call_slots(const Func& function, uint64_t* slots)
{
    return detail::guarded<void>([&]() -> Result<void> {
        // The handle itself may be gone when the call has ended.
        const auto link = Access::link(function);
        const Use body(link, Use::Purpose::Call);
        CHECK(body);
        auto& callee = *static_cast<core::Function*>(Access::object(function));
        const core::FuncType& type = *link->engine->types[callee.type].func();
        std::vector<core::Value> arguments;
        arguments.reserve(type.params.size());
        for (const core::ValueType param : type.params)
            arguments.push_back({ param, *slots++ });
        slots -= arguments.size();
        const auto results = core::invoke(body->current_thread(), callee, arguments);
        if (!results) {
            Access::note_end(*link, results.error());
            return Access::error(results.error());
        }
        for (const core::Value& result : *results)
            *slots++ = result.low;
        return {};
    });
}

Result<Func> find_func(const Instance& instance, std::string_view name)
{
    return detail::guarded<Func>([&]() -> Result<Func> {
        const Use used(Access::link(instance));
        CHECK(used);
        if (auto function = instance.func(name))
            return std::move(*function);
        return Error("there is no exported function \"" + core::escaped(name) + "\"");
    });
}

} // namespace detail

// Globals.

Result<Global> Global::create(Store& store, GlobalType type, const Val& value)
{
    return detail::guarded<Global>([&]() -> Result<Global> {
        const auto& link = Access::link(store);
        const Use body(link);
        CHECK(body);
        if (type.kind == ValKind::None)
            return Error("no value is of kind none");
        const core::ValueType wanted = Access::type(type.kind);
        const auto initial = TRY(Access::value(link, value, wanted));
        return Access::handle<Global>(link, body->store.add_global({ wanted, type.is_mutable }, initial));
    });
}

GlobalType Global::type() const
{
    const Used<core::Global> global(*this);
    return global ? GlobalType { Access::kind(global->type.type), global->type.is_mutable,
        Access::exact(global->type.type, *link_) }
                  : GlobalType { ValKind::None, false };
}

Val Global::get() const { return try_get().value_or(Val()); }

Result<Val> Global::try_get() const
{
    const Use used(link_);
    CHECK(used);
    return Access::val(link_, static_cast<core::Global*>(object_)->get());
}

namespace {

core::Bytes bytes_of(std::span<const std::byte> bytes)
{
    return { reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size() };
}

/// Refuses what only a debugger may, where nothing is to be debugged; and every use of a store at the wrong time.
Result<void> check_debug(const Use& used)
{
    CHECK(used);
    if (!used->store.engine().config.guest_debug)
        return Error("the engine is not configured with guest_debug");
    return {};
}

/// Gives a global a value of its type.
Result<void> set_global(const std::shared_ptr<detail::StoreLink>& link, core::Origin origin,
    core::Global& global, const Val& value)
{
    const auto converted = TRY(Access::value(link, value, global.type.type));
    link->guest->store.mutator.set(origin, global, converted);
    return {};
}

} // namespace

Result<void> Global::set(const Val& value) const
{
    return detail::guarded<void>([&]() -> Result<void> {
        const Use used(link_);
        CHECK(used);
        auto& global = *static_cast<core::Global*>(object_);
        if (!global.type.is_mutable)
            return Error("the global is immutable");
        return set_global(link_, core::Origin::Embedder, global, value);
    });
}

Result<void> Global::debug_set(const Val& value) const
{
    return detail::guarded<void>([&]() -> Result<void> {
        const Use used(link_);
        CHECK(check_debug(used));
        return set_global(link_, core::Origin::Debugger, *static_cast<core::Global*>(object_), value);
    });
}

// Memories.

Result<Memory> Memory::create(Store& store, MemoryType type)
{
    return detail::guarded<Memory>([&]() -> Result<Memory> {
        const auto& link = Access::link(store);
        const Use body(link);
        CHECK(body);
        if (type.is_shared)
            return Error("a shared memory is a SharedMemory");
        const auto wanted = TRY(core_type(type));
        const auto memory = TRY(body->store.add_memory(wanted));
        return Access::handle<Memory>(link, memory);
    });
}

MemoryType Memory::type() const
{
    const Used<core::Memory> memory(*this);
    return memory ? type_of(*memory) : MemoryType {};
}

uint64_t Memory::size() const { return try_size().value_or(0); }

Result<uint64_t> Memory::try_size() const
{
    const Use used(link_);
    CHECK(used);
    return static_cast<core::Memory*>(object_)->size();
}

Result<void> Memory::read(uint64_t address, std::span<std::byte> to) const
{
    return detail::guarded<void>([&]() -> Result<void> {
        const Use used(link_);
        CHECK(used);
        const auto& memory = *static_cast<core::Memory*>(object_);
        if (!memory.contains(address, to.size()))
            return out_of_bounds("a read", address, to.size(), memory.size());
        if (!to.empty())
            std::memcpy(to.data(), memory.base() + address, to.size());
        return {};
    });
}

Result<void> Memory::write(uint64_t address, std::span<const std::byte> from) const
{
    return detail::guarded<void>([&]() -> Result<void> {
        const Use used(link_);
        CHECK(used);
        auto& memory = *static_cast<core::Memory*>(object_);
        if (!memory.contains(address, from.size()))
            return out_of_bounds("a write", address, from.size(), memory.size());
        link_->guest->store.mutator.write(core::Origin::Embedder, memory, address, bytes_of(from));
        return {};
    });
}

Result<void> Memory::fill(uint64_t address, uint64_t count, std::byte value) const
{
    return detail::guarded<void>([&]() -> Result<void> {
        const Use used(link_);
        CHECK(used);
        auto& memory = *static_cast<core::Memory*>(object_);
        if (!memory.contains(address, count))
            return out_of_bounds("a fill", address, count, memory.size());
        link_->guest->store.mutator.fill(
            core::Origin::Embedder, memory, address, static_cast<uint8_t>(value), count);
        return {};
    });
}

Result<uint64_t> Memory::grow(uint64_t pages) const
{
    return detail::guarded<uint64_t>([&]() -> Result<uint64_t> {
        const Use used(link_);
        CHECK(used);
        auto& memory = *static_cast<core::Memory*>(object_);
        return grown(memory, pages, link_->guest->store.mutator.grow(core::Origin::Embedder, memory, pages));
    });
}

std::optional<uint64_t> Memory::find(std::span<const std::byte> bytes, uint64_t from) const
{
    return try_find(bytes, from).value_or(std::nullopt);
}

Result<std::optional<uint64_t>> Memory::try_find(std::span<const std::byte> bytes, uint64_t from) const
{
    using Found = std::optional<uint64_t>;
    const Use used(link_);
    CHECK(used);
    const auto all = std::as_bytes(static_cast<core::Memory*>(object_)->bytes());
    if (from > all.size())
        return Found();
    const auto found = std::ranges::search(all.subspan(from), bytes);
    if (found.begin() == all.end() && !bytes.empty())
        return Found();
    return Found(static_cast<uint64_t>(found.begin() - all.begin()));
}

std::span<std::byte> Memory::data() const { return try_data().value_or(std::span<std::byte> {}); }

Result<std::span<std::byte>> Memory::try_data() const
{
    const Use used(link_);
    CHECK(used);
    return std::as_writable_bytes(static_cast<core::Memory*>(object_)->expose());
}

Result<SharedMemory> SharedMemory::create(const Engine& engine, MemoryType type)
{
    return detail::guarded<SharedMemory>([&]() -> Result<SharedMemory> {
        if (engine.error())
            return *engine.error();
        type.is_shared = true;
        const auto wanted = TRY(core_type(type));
        auto memory = TRY(Access::body(engine)->make_memory(wanted));
        return Access::shared(Access::body(engine), std::move(memory));
    });
}

MemoryType SharedMemory::type() const { return type_of(Access::memory(*this)); }

uint64_t SharedMemory::size() const { return Access::memory(*this).size(); }

Result<void> SharedMemory::read(uint64_t address, std::span<std::byte> to) const
{
    return detail::guarded<void>([&]() -> Result<void> {
        const core::Memory& memory = Access::memory(*this);
        if (!memory.contains(address, to.size()))
            return out_of_bounds("a read", address, to.size(), memory.size());
        for (std::byte& byte : to)
            byte = std::byte(core::guest_load<uint8_t>(memory.base() + address++));
        return {};
    });
}

Result<void> SharedMemory::write(uint64_t address, std::span<const std::byte> from) const
{
    return detail::guarded<void>([&]() -> Result<void> {
        core::Memory& memory = Access::memory(*this);
        if (!memory.contains(address, from.size()))
            return out_of_bounds("a write", address, from.size(), memory.size());
        core::write_shared(memory, address, bytes_of(from));
        return {};
    });
}

Result<uint64_t> SharedMemory::grow(uint64_t pages) const
{
    return detail::guarded<uint64_t>([&]() -> Result<uint64_t> {
        return grown(Access::memory(*this), pages, Access::memory(*this).grow(pages));
    });
}

// Tables.

Result<Table> Table::create(Store& store, TableType type, const Val& initial)
{
    return detail::guarded<Table>([&]() -> Result<Table> {
        const auto& link = Access::link(store);
        const Use body(link);
        CHECK(body);
        if (type.is_64 || (type.element != ValKind::FuncRef && type.element != ValKind::ExternRef))
            return Error("only 32-bit tables of funcref and externref are supported");
        if (type.min > type.max.value_or(type.min))
            return Error("size minimum must not be greater than maximum");
        const core::ValueType element = Access::type(type.element);
        const auto value = TRY(Access::value(link, initial, element));
        const auto table =
            TRY(body->store.add_table({ element, { .min = type.min, .max = type.max } }, value.ref()));
        return Access::handle<Table>(link, table);
    });
}

TableType Table::type() const
{
    const Used<core::Table> table(*this);
    if (!table)
        return {};
    const core::TableType& type = table->type();
    return { Access::kind(type.element), type.limits.min, type.limits.max, type.limits.is_64,
        Access::exact(type.element, *link_) };
}

uint64_t Table::size() const { return try_size().value_or(0); }

Result<uint64_t> Table::try_size() const
{
    const Use used(link_);
    CHECK(used);
    return uint64_t { static_cast<core::Table*>(object_)->size() };
}

Result<Val> Table::get(uint64_t index) const
{
    return detail::guarded<Val>([&]() -> Result<Val> {
        const Use used(link_);
        CHECK(used);
        const auto& table = *static_cast<core::Table*>(object_);
        if (index >= table.size())
            return Error(
                "no element " + std::to_string(index) + ": the table has " + std::to_string(table.size()));
        return Access::val(link_, core::Value::ref(table.type().element, table.elements()[index]));
    });
}

Result<void> Table::set(uint64_t index, const Val& value) const
{
    return detail::guarded<void>([&]() -> Result<void> {
        const Use used(link_);
        CHECK(used);
        auto& table = *static_cast<core::Table*>(object_);
        if (index >= table.size())
            return Error(
                "no element " + std::to_string(index) + ": the table has " + std::to_string(table.size()));
        const auto converted = TRY(Access::value(link_, value, table.type().element));
        link_->guest->store.mutator.set(core::Origin::Embedder, table, index, converted.ref());
        return {};
    });
}

Result<uint64_t> Table::grow(uint64_t count, const Val& initial) const
{
    return detail::guarded<uint64_t>([&]() -> Result<uint64_t> {
        const Use used(link_);
        CHECK(used);
        auto& table = *static_cast<core::Table*>(object_);
        const auto converted = TRY(Access::value(link_, initial, table.type().element));
        if (const auto old =
                link_->guest->store.mutator.grow(core::Origin::Embedder, table, count, converted.ref()))
            return *old;
        return Error("the table of " + std::to_string(table.size()) + " elements cannot grow by "
            + std::to_string(count));
    });
}

// Tags.

Result<Tag> Tag::create(Store& store, const FuncType& type)
{
    return detail::guarded<Tag>([&]() -> Result<Tag> {
        const auto& link = Access::link(store);
        const Use body(link);
        CHECK(body);
        CHECK(Access::check(type));
        if (!type.results.empty())
            return Error("non-empty tag result type");
        const auto tag = TRY(body->store.add_tag(Access::func_type(type)));
        return Access::handle<Tag>(link, tag);
    });
}

FuncType Tag::type() const
{
    const Used<core::Tag> tag(*this);
    return tag ? Access::func_type(*tag->type->type.func(), *link_) : FuncType {};
}

// Instances.

namespace {

/// The object of an export of that name, or null.
template<class T> T* find_export(const Used<core::Instance>& instance, std::string_view name)
{
    const auto item = instance ? instance->find_export(name) : std::nullopt;
    const auto* object = item ? std::get_if<T*>(&*item) : nullptr;
    return object ? *object : nullptr;
}

/// The object at an index of one of the instance's index spaces, if the engine shows such things; null otherwise.
template<class T>
T* find_private(
    const Used<core::Instance>& instance, core::IndexSpace<T> core::Instance::* space, uint32_t index)
{
    if (!instance || !instance->store->engine().config.guest_debug || index >= ((*instance).*space).size())
        return nullptr;
    return ((*instance).*space)[index];
}

template<class H, class T> std::optional<H> handle_of(const Instance& instance, T* object)
{
    return object ? std::optional(Access::handle<H>(Access::link(instance), object)) : std::nullopt;
}

std::optional<Memory> memory_of(const Instance& instance, core::Memory* memory)
{
    return handle_of<Memory>(instance, memory && !memory->is_shared() ? memory : nullptr);
}

std::optional<SharedMemory> shared_memory_of(const Instance& instance, core::Memory* memory)
{
    if (!memory || !memory->is_shared())
        return std::nullopt;
    const auto& link = Access::link(instance);
    return Access::shared(link->engine, link->guest->store.find_shared(memory));
}

} // namespace

Module Instance::module() const { return Access::module(*this); }

uint32_t Instance::number() const
{
    const Used<core::Instance> instance(*this);
    return instance ? instance->number : 0;
}

std::optional<Func> Instance::func(std::string_view name) const
{
    const Used<core::Instance> instance(*this);
    return handle_of<Func>(*this, find_export<core::Function>(instance, name));
}

std::optional<Global> Instance::global(std::string_view name) const
{
    const Used<core::Instance> instance(*this);
    return handle_of<Global>(*this, find_export<core::Global>(instance, name));
}

std::optional<Memory> Instance::memory(std::string_view name) const
{
    const Used<core::Instance> instance(*this);
    return memory_of(*this, find_export<core::Memory>(instance, name));
}

std::optional<SharedMemory> Instance::shared_memory(std::string_view name) const
{
    const Used<core::Instance> instance(*this);
    return shared_memory_of(*this, find_export<core::Memory>(instance, name));
}

std::optional<Table> Instance::table(std::string_view name) const
{
    const Used<core::Instance> instance(*this);
    return handle_of<Table>(*this, find_export<core::Table>(instance, name));
}

std::optional<Tag> Instance::tag(std::string_view name) const
{
    const Used<core::Instance> instance(*this);
    return handle_of<Tag>(*this, find_export<core::Tag>(instance, name));
}

std::optional<Func> Instance::debug_function(uint32_t index) const
{
    const Used<core::Instance> instance(*this);
    return handle_of<Func>(*this, find_private(instance, &core::Instance::functions, index));
}

std::optional<Global> Instance::debug_global(uint32_t index) const
{
    const Used<core::Instance> instance(*this);
    return handle_of<Global>(*this, find_private(instance, &core::Instance::globals, index));
}

std::optional<Memory> Instance::debug_memory(uint32_t index) const
{
    const Used<core::Instance> instance(*this);
    return memory_of(*this, find_private(instance, &core::Instance::memories, index));
}

std::optional<SharedMemory> Instance::debug_shared_memory(uint32_t index) const
{
    const Used<core::Instance> instance(*this);
    return shared_memory_of(*this, find_private(instance, &core::Instance::memories, index));
}

std::optional<Table> Instance::debug_table(uint32_t index) const
{
    const Used<core::Instance> instance(*this);
    return handle_of<Table>(*this, find_private(instance, &core::Instance::tables, index));
}

std::optional<Tag> Instance::debug_tag(uint32_t index) const
{
    const Used<core::Instance> instance(*this);
    return handle_of<Tag>(*this, find_private(instance, &core::Instance::tags, index));
}

Result<Val> Instance::debug_evaluate(std::string_view expression) const
{
    return detail::guarded<Val>([&]() -> Result<Val> {
        const Use used(link_);
        CHECK(check_debug(used));
        const auto value = TRY(core::debug::evaluate(*static_cast<core::Instance*>(object_), expression));
        return Access::val(link_, value);
    });
}

Result<std::string> Instance::debug_text_of(std::string_view expression) const
{
    return detail::guarded<std::string>([&]() -> Result<std::string> {
        const Use used(link_);
        CHECK(check_debug(used));
        auto text = TRY(core::debug::evaluate_text(*static_cast<core::Instance*>(object_), expression));
        return text;
    });
}

Result<void> Instance::debug_assign(std::string_view assignment) const
{
    return detail::guarded<void>([&]() -> Result<void> {
        const Use used(link_);
        CHECK(check_debug(used));
        CHECK(core::debug::assign(*static_cast<core::Instance*>(object_), assignment));
        return {};
    });
}

Result<debug::WatchPlace> Instance::debug_place(std::string_view expression) const
{
    return detail::guarded<debug::WatchPlace>([&]() -> Result<debug::WatchPlace> {
        const Use used(link_);
        CHECK(check_debug(used));
        const auto place = TRY(core::debug::find_place(*static_cast<core::Instance*>(object_), expression));
        return detail::place_of(link_, place);
    });
}

debug::WatchPlace detail::place_of(
    const std::shared_ptr<StoreLink>& link, const core::debug::WatchPlace& place)
{
    if (auto* const* global = std::get_if<core::Global*>(&place))
        return Access::handle<Global>(link, *global);
    if (const auto* slot = std::get_if<core::debug::TableSlot>(&place))
        return debug::TableSlot { Access::handle<Table>(link, slot->table), slot->index };
    const auto& range = std::get<core::debug::MemoryRange>(place);
    if (range.shared)
        return debug::MemoryRange { Access::shared(link->engine, range.shared), range.address, range.size };
    return debug::MemoryRange { Access::handle<Memory>(link, range.memory), range.address, range.size };
}

} // namespace vitrine
