// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "api/session_body.h"
#include "api/use.h"
#include "engine/process.h"

namespace vitrine {

using detail::Access;
using detail::Use;

namespace detail {

void Use::begin(const std::shared_ptr<StoreLink>& link, Purpose purpose)
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

Result<void> check_debug(const Use& used)
{
    CHECK(used);
    if (!used->store.engine().config.guest_debug)
        return Error("the engine is not configured with guest_debug");
    return {};
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
            // The guest's thread may use the session until that thread has ended.
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
    link.data.reset();
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
    sibling->data = data;
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

Store::Store(const Engine& engine) : link_(std::make_shared<detail::StoreLink>())
{
    // Allocated here so that moving a store never allocates.
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

void Store::set_data(std::shared_ptr<void> data)
{
    // The link of a store that was moved from is shared.
    if (!link_->error)
        link_->data = std::move(data);
}

const std::shared_ptr<void>& Store::data() const { return link_->data; }

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
        // Shared, so that a limiter can replace itself during its call.
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

std::optional<Instance> Store::instance_of(const TraceFrame& frame) const
{
    const Use body(link_);
    if (!body)
        return std::nullopt;
    for (core::Instance& instance : body->store.instances())
        if (instance.number == frame.instance && instance.module == frame.owner)
            return Access::handle<Instance>(link_, &instance);
    return std::nullopt;
}

void Interrupter::interrupt() const noexcept
{
    if (requests_)
        static_cast<core::Requests*>(requests_.get())->add(core::Requests::interrupt);
}

} // namespace vitrine
