// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Stops: their reasons, changes to a stopped guest, and the breakpoints and watchpoints that stop
// it.
#include "api/session_body.h"
#include "api/use.h"
#include "base/overloaded.h"

#include <algorithm>

namespace vitrine {

using detail::Access;

debug::Stopped detail::Access::stopped(
    std::shared_ptr<debug::detail::SessionBody> session, debug::StopReason reason, uint64_t number)
{
    debug::Stopped stopped;
    stopped.session_ = std::move(session);
    stopped.reason_ = std::move(reason);
    stopped.number_ = number;
    return stopped;
}

namespace debug {

Result<void> detail::check_in_control(const SessionBody& body)
{
    if (const auto name = body.session->controller())
        return Error("the guest is controlled by " + *name);
    return {};
}

using detail::check_in_control;
using detail::Hold;
using detail::link_of_thread;
using detail::stale_frame;

namespace {

/// The link of a store of the session.
std::shared_ptr<vitrine::detail::StoreLink> link_of(const core::Store& store)
{
    return Access::link_of(store);
}

std::shared_ptr<vitrine::detail::StoreLink> link_of(const core::Frame& frame)
{
    return link_of(frame.thread->store);
}

std::vector<std::byte> bytes_of(const std::vector<uint8_t>& bytes)
{
    const auto view = std::as_bytes(std::span(bytes));
    return { view.begin(), view.end() };
}

/// What the API knows the store of a guest thread by. Null if the thread is gone.
std::shared_ptr<vitrine::detail::StoreLink> link_of(const detail::SessionBody& body, uint32_t thread)
{
    for (const core::debug::ThreadInfo& info : body.session->threads())
        if (info.id == thread)
            return link_of(info.thread->store);
    return nullptr;
}

WatchHit hit_of(const detail::SessionBody& body, uint32_t thread, const core::debug::WatchHit& hit)
{
    WatchHit result { hit.is_write, bytes_of(hit.old_bytes), bytes_of(hit.new_bytes) };
    if (const auto link = hit.old_value ? link_of(body, thread) : nullptr) {
        result.old_value = Access::val(link, *hit.old_value);
        result.new_value = Access::val(link, *hit.new_value);
    }
    return result;
}

std::optional<Result<std::vector<Val>>> results_of(
    const detail::SessionBody& body, uint32_t thread, const core::debug::FunctionResults& results)
{
    const auto link = link_of(body, thread);
    return link ? std::optional(Access::vals(link, results.values)) : std::nullopt;
}

} // namespace

StopReason detail::reason_of(const SessionBody& body, const core::debug::StopReason& reason)
{
    StopReason result { reason.kind, reason.thread, reason.id,
        reason.trap == core::no_trap ? TrapKind::Unreachable : reason.trap, reason.text };
    if (reason.exception && reason.exception->object())
        result.exception = Access::val(link_of(reason.exception->heap()->store()),
            core::Value::ref(core::ValueType::exnref, core::Ref::of(reason.exception->object())));
    if (reason.instance)
        result.instance = Access::handle<Instance>(link_of(*reason.instance->store), reason.instance);
    if (reason.kind == core::debug::StopKind::CallEnd)
        result.results = body.call_results;
    if (reason.watch)
        result.watch = hit_of(body, reason.thread, *reason.watch);
    if (reason.results)
        result.results = results_of(body, reason.thread, *reason.results);
    result.exit_status = reason.exit_status;
    return result;
}

std::string StopReason::to_text() const
{
    return core::debug::StopReason { .kind = kind, .id = id, .text = text }.to_text();
}

Result<std::shared_ptr<vitrine::detail::StoreLink>> detail::link_of_thread(
    const core::debug::Session& session, uint32_t thread)
{
    return link_of(TRY(session.find_callable(thread))->store);
}

namespace {

/// Changes how the guest will resume from this stop.
template<class Change>
Result<void> steer(const std::shared_ptr<detail::SessionBody>& session, uint64_t stop, Change change)
{
    const Hold hold(session);
    if (!hold || session->session->stopped()->number != stop)
        return detail::stale_stop();
    CHECK(check_in_control(*session));
    if (core::Result<void> done = change(*session->session); !done)
        return Access::error(done.error());
    return {};
}

} // namespace

Result<void> Stopped::jump(uint32_t offset, uint32_t thread)
{
    return vitrine::detail::guarded<void>([&]() -> Result<void> {
        return steer(
            session_, number_, [&](core::debug::Session& session) { return session.jump(offset, thread); });
    });
}

Result<void> Stopped::skip(uint32_t thread)
{
    return vitrine::detail::guarded<void>([&]() -> Result<void> {
        return steer(session_, number_, [&](core::debug::Session& session) { return session.skip(thread); });
    });
}

Result<void> Stopped::clear_exception(uint32_t thread)
{
    return vitrine::detail::guarded<void>([&]() -> Result<void> {
        return steer(session_, number_,
            [&](core::debug::Session& session) { return session.clear_exception(thread); });
    });
}

Result<void> Stopped::return_from(const Frame& frame, std::span<const Val> results)
{
    return vitrine::detail::guarded<void>([&]() -> Result<void> {
        const core::Frame* from = Access::core_frame(frame);
        if (Access::session(frame) != session_)
            return Error("the frame belongs to another session");
        if (!frame.is_valid() || from->is_host())
            return Error(
                frame.is_valid() ? "a host function's frame cannot return" : stale_frame().message());
        const auto link = link_of(*from);
        const auto values =
            TRY(Access::values(link, results, link->engine->types[from->function->type].func()->results));
        return steer(session_, number_,
            [&](core::debug::Session& session) { return session.return_from(*from, values); });
    });
}

Result<void> Stopped::return_from(const Frame& frame, std::initializer_list<Val> results)
{
    return return_from(frame, std::span(results.begin(), results.size()));
}

Result<void> Stopped::throw_exception(const Tag& tag, std::span<const Val> values, uint32_t thread)
{
    return vitrine::detail::guarded<void>([&]() -> Result<void> {
        const Hold hold(session_);
        if (!hold)
            return detail::stale_stop();
        const auto link = TRY(link_of_thread(*session_->session, thread));
        if (Access::link(tag) != link)
            return Error("the tag does not belong to the thread's store");
        const auto& core_tag = *static_cast<const core::Tag*>(Access::object(tag));
        const auto converted = TRY(Access::values(link, values, core_tag.type->type.func()->params));
        return steer(session_, number_, [&](core::debug::Session& session) {
            return session.throw_exception(core_tag, converted, thread);
        });
    });
}

Result<void> Stopped::throw_exception(const Tag& tag, std::initializer_list<Val> values, uint32_t thread)
{
    return throw_exception(tag, std::span(values.begin(), values.size()), thread);
}

namespace {

/// Converts a breakpoint's specification. Fails if it names anything outside the session.
Result<core::debug::BreakpointSpec> core_spec(
    const std::shared_ptr<detail::SessionBody>& body, const BreakpointSpec& spec)
{
    if (body->error)
        return *body->error;
    const auto& module = Access::body(spec.module);
    if (module->engine != body->link->engine)
        return Error("the module and the session belong to different engines");
    core::debug::BreakpointSpec wanted { .module = module->module,
        .offset = spec.offset,
        .condition = spec.condition,
        .ignore_count = spec.ignore_count,
        .every = spec.every,
        .message = spec.message,
        .is_temporary = spec.is_temporary,
        .is_enabled = spec.is_enabled };
    if (spec.instance) {
        const auto& link = Access::link(*spec.instance);
        if (!link || !link->guest || link->session.lock() != body)
            return Error("the instance does not belong to a store of the session");
        wanted.instance = static_cast<const core::Instance*>(Access::object(*spec.instance));
        if (wanted.instance->module != module->module)
            return Error("the instance is not an instance of the module");
    }
    return wanted;
}

std::optional<Instance> instance_of(const core::Instance* instance)
{
    if (!instance)
        return std::nullopt;
    return Access::handle<Instance>(link_of(*instance->store), const_cast<core::Instance*>(instance));
}

} // namespace

Result<uint32_t> Session::add_breakpoint(const BreakpointSpec& spec)
{
    return vitrine::detail::guarded<uint32_t>([&]() -> Result<uint32_t> {
        auto wanted = TRY(core_spec(body_, spec));
        auto added = TRY(body_->session->add_breakpoint(std::move(wanted)));
        return added;
    });
}

Result<void> Session::change_breakpoint(uint32_t id, const BreakpointSpec& spec)
{
    return vitrine::detail::guarded<void>([&]() -> Result<void> {
        auto wanted = TRY(core_spec(body_, spec));
        CHECK(body_->session->change_breakpoint(id, std::move(wanted)));
        return {};
    });
}

Result<void> Session::remove_breakpoint(uint32_t id)
{
    return vitrine::detail::guarded<void>([&]() -> Result<void> {
        if (body_->error)
            return *body_->error;
        CHECK(body_->session->remove_breakpoint(id));
        return {};
    });
}

std::vector<Breakpoint> Session::breakpoints() const
{
    std::vector<Breakpoint> rows;
    if (body_->error)
        return rows;
    for (core::debug::Breakpoint& breakpoint : body_->session->breakpoints()) {
        core::debug::BreakpointSpec& spec = breakpoint.spec;
        rows.push_back({ breakpoint.id,
            { Access::module(body_->link->engine, spec.module), spec.offset, instance_of(spec.instance),
                std::move(spec.condition), spec.ignore_count, spec.every, std::move(spec.message),
                spec.is_temporary, spec.is_enabled },
            breakpoint.offset, breakpoint.hits });
    }
    return rows;
}

namespace {

/// Converts a watchpoint's specification. Fails if it names anything outside the session.
Result<core::debug::WatchpointSpec> core_spec(
    const std::shared_ptr<detail::SessionBody>& body, const WatchpointSpec& spec)
{
    if (body->error)
        return *body->error;
    core::debug::WatchpointSpec wanted { .what = static_cast<core::Global*>(nullptr),
        .access = spec.access,
        .condition = spec.condition,
        .ignore_count = spec.ignore_count,
        .every = spec.every,
        .is_enabled = spec.is_enabled };
    /// The object of a handle. Null if the handle's store is not part of the session.
    const auto object = [&]<class T>(const auto& handle, T*) -> T* {
        const auto& link = Access::link(handle);
        if (!link || !link->guest || link->session.lock() != body)
            return nullptr;
        wanted.store = &link->guest->store;
        return static_cast<T*>(Access::object(handle));
    };
    const bool is_ours = std::visit(
        core::Overloaded {
            [&](const MemoryRange& range) {
                core::eval::MemoryRange inner { nullptr, range.address, range.size };
                if (const auto* memory = std::get_if<Memory>(&range.memory)) {
                    inner.memory = object(*memory, inner.memory);
                } else {
                    const auto& shared = std::get<SharedMemory>(range.memory);
                    if (Access::engine(shared) != body->link->engine)
                        return false;
                    inner.shared = Access::owner(shared);
                    inner.memory = inner.shared.get();
                }
                wanted.what = inner;
                return inner.memory != nullptr;
            },
            [&](const Global& global) {
                auto* inner = object(global, static_cast<core::Global*>(nullptr));
                wanted.what = inner;
                return inner != nullptr;
            },
            [&](const TableSlot& slot) {
                auto* inner = object(slot.table, static_cast<core::Table*>(nullptr));
                wanted.what = core::eval::TableSlot { inner, slot.index };
                return inner != nullptr;
            },
            [&](const FrameLocal& local) {
                if (Access::session(local.frame) != body || !local.frame.is_valid() || local.frame.is_host())
                    return false;
                const core::Frame& frame = *Access::core_frame(local.frame);
                wanted.store = &frame.thread->store;
                wanted.what = core::eval::FrameLocal { frame, local.index };
                return true;
            },
        },
        spec.what);
    if (!is_ours)
        return Error("the watched place does not exist or does not belong to a store of the session");
    return wanted;
}

} // namespace

Result<uint32_t> Session::add_watchpoint(const WatchpointSpec& spec)
{
    return vitrine::detail::guarded<uint32_t>([&]() -> Result<uint32_t> {
        auto wanted = TRY(core_spec(body_, spec));
        auto added = TRY(body_->session->add_watchpoint(std::move(wanted)));
        return added;
    });
}

Result<void> Session::change_watchpoint(uint32_t id, const WatchpointOptions& options)
{
    return vitrine::detail::guarded<void>([&]() -> Result<void> {
        if (body_->error)
            return *body_->error;
        // The place does not change, so any will do.
        CHECK(body_->session->change_watchpoint(id,
            { .what = static_cast<core::Global*>(nullptr),
                .condition = options.condition,
                .ignore_count = options.ignore_count,
                .every = options.every,
                .is_enabled = options.is_enabled }));
        return {};
    });
}

Result<void> Session::remove_watchpoint(uint32_t id)
{
    return vitrine::detail::guarded<void>([&]() -> Result<void> {
        if (body_->error)
            return *body_->error;
        CHECK(body_->session->remove_watchpoint(id));
        return {};
    });
}

std::vector<Watchpoint> Session::watchpoints() const
{
    std::vector<Watchpoint> rows;
    if (!body_->error)
        for (core::debug::Watchpoint& watchpoint : body_->session->watchpoints()) {
            core::debug::WatchpointSpec& spec = watchpoint.spec;
            rows.push_back({ watchpoint.id, spec.access, watchpoint.hits,
                { std::move(spec.condition), spec.ignore_count, spec.every, spec.is_enabled } });
        }
    return rows;
}

Result<void> Session::stop_on(StopsOn what)
{
    return vitrine::detail::guarded<void>([&]() -> Result<void> {
        if (body_->error)
            return *body_->error;
        body_->session->stop_on(what);
        return {};
    });
}

} // namespace debug
} // namespace vitrine
