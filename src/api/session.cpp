// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "api/session_body.h"
#include "api/use.h"

#include "base/text.h"
#include "wasm/validator.h"

#include <algorithm>

namespace vitrine {

using detail::Access;

void detail::Access::end(debug::detail::SessionBody& body, const char* call)
{
    const auto session = body.session;
    if (!session)
        return;
    if (session->is_inside())
        misused(
            call, "on a thread that runs the session's own guest: by a host function, sink or debug handler");
    // The guest's thread may use the session until that thread has ended.
    session->close();
    body.error = error_or_out_of_memory("the session is gone");
    body.session.reset();
}

namespace debug {

using detail::check_in_control;
using detail::Hold;
using detail::reason_of;

core::debug::Outcome detail::outcome_of(const Result<std::vector<Val>>& results)
{
    if (results)
        return std::vector<core::Value> {};
    if (results.error().trap())
        return std::unexpected(Access::trap(results.error()));
    return std::unexpected(Access::core_error(results.error()));
}

using detail::exited;
using detail::guarded_event;

namespace {

/// Waits until the guest stops or ends.
Event next_event(const std::shared_ptr<detail::SessionBody>& body)
{
    // A host function may move the session in the meantime.
    const auto session = body->session;
    auto event = session->wait();
    if (!event)
        return exited(Access::error(event.error()));
    if (const auto* reason = std::get_if<core::debug::StopReason>(&*event))
        return Access::stopped(body, reason_of(*body, *reason), reason->number);
    if (auto results = std::exchange(body->results, std::nullopt))
        return Exited { *std::move(results) };
    // The guest's thread had no memory for the results.
    const auto& outcome = std::get<core::debug::Outcome>(*event);
    return exited(outcome ? Error("out of memory") : Access::error(outcome.error()));
}

Result<void> check_session(const detail::SessionBody& body, const Stopped& stopped)
{
    const auto& session = Access::session(stopped);
    if (!session)
        return detail::stale_stop();
    if (session.get() != &body)
        return Error("the guest stopped in another session");
    return {};
}

/// Fails if waiting for the guest would mean waiting for the calling thread.
Result<void> check_can_wait(const detail::SessionBody& body)
{
    if (body.session->is_used_here())
        return Error("the guest cannot resume while this thread uses its store");
    return {};
}

} // namespace

Event detail::start(const std::shared_ptr<SessionBody>& session, GuestCode code, bool stop_at_entry)
{
    // A host function may move the session in the meantime.
    return guarded_event([&, body = session] {
        if (body->error)
            return exited(*body->error);
        if (auto can_wait = check_can_wait(*body); !can_wait)
            return exited(std::move(can_wait).error());
        // The session outlives its guest's thread.
        auto guest = [&body = *body, code = std::move(code)] {
            body.results = vitrine::detail::guarded<std::vector<Val>>(code);
            return detail::outcome_of(*body.results);
        };
        if (auto started = body->session->start(std::move(guest), stop_at_entry); !started)
            return exited(Access::error(started.error()));
        return next_event(body);
    });
}

Event detail::start_call(const std::shared_ptr<SessionBody>& session, Stopped& stopped,
    const std::shared_ptr<vitrine::detail::StoreLink>& link, GuestCode code, uint32_t thread)
{
    return guarded_event([&, body = session]() -> Event {
        if (body->error)
            return exited(*body->error);
        if (const auto ours = check_session(*body, stopped); !ours)
            return exited(ours.error());
        if (auto can_wait = check_can_wait(*body); !can_wait)
            return exited(std::move(can_wait).error());
        if (const Hold hold(body); hold) {
            const auto link_of_stopped = link_of_thread(*body->session, thread);
            if (!link_of_stopped)
                return exited(link_of_stopped.error());
            if (link != *link_of_stopped)
                return exited(Error("the function does not belong to the thread's store"));
        }
        auto call = [&body = *body, code = std::move(code)] {
            body.call_results = vitrine::detail::guarded<std::vector<Val>>(code);
        };
        if (auto started = body->session->call(std::move(call), thread); !started)
            return exited(Access::error(started.error()));
        Access::consume(stopped);
        return next_event(body);
    });
}

namespace {

/// Creates the core session of a body whose link is set. Without a handler, the session runs guests
/// on a thread of its own.
void open(const std::shared_ptr<detail::SessionBody>& body, core::debug::Session::Handler handler)
{
    const auto opened = vitrine::detail::guarded<void>([&]() -> Result<void> {
        const vitrine::detail::Use used(body->link);
        CHECK(used);
        auto session = TRY(core::debug::Session::create(used->store, used->thread, std::move(handler)));
        body->session = std::move(session);
        body->link->session = body;
        return {};
    });
    if (!opened)
        body->error = opened.error();
}

/// The body of a session that was moved from.
const std::shared_ptr<detail::SessionBody>& moved_from()
{
    static const std::shared_ptr<detail::SessionBody> body = [] {
        auto made = std::make_shared<detail::SessionBody>();
        made->error = Error("the session was moved from");
        return made;
    }();
    return body;
}

} // namespace

Session::Session(Store& store) : body_(std::make_shared<detail::SessionBody>())
{
    (void)moved_from();
    body_->link = Access::link(store);
    open(body_, nullptr);
}

Session::Session(Store& store, StopHandler handler) : body_(std::make_shared<detail::SessionBody>())
{
    (void)moved_from();
    body_->link = Access::link(store);
    if (!handler) {
        body_->error = Error("the handler is empty");
        return;
    }
    open(body_,
        [weak = std::weak_ptr(body_), handler = std::move(handler)](const core::debug::StopReason& reason) {
            const auto body = weak.lock();
            if (!body)
                return core::debug::Resume { core::debug::Resume::Kind::Kill };
            Stopped stopped = Access::stopped(body, reason_of(*body, reason), reason.number);
            const Resume how = handler(stopped);
            return core::debug::Resume { Access::kind(how), Access::offset(how) };
        });
}

Result<Session> Session::create(Store& store)
{
    return vitrine::detail::guarded<Session>([&]() -> Result<Session> {
        Session session(store);
        if (session.error())
            return *session.error();
        return session;
    });
}

Result<Session> Session::create(Store& store, StopHandler handler)
{
    return vitrine::detail::guarded<Session>([&]() -> Result<Session> {
        Session session(store, std::move(handler));
        if (session.error())
            return *session.error();
        return session;
    });
}

Session::Session(Session&& other) noexcept : body_(std::move(other.body_)) { other.body_ = moved_from(); }

Session& Session::operator=(Session&& other) noexcept
{
    if (this == &other)
        return *this;
    Access::end(*body_, "debug::Session::operator=");
    body_ = std::exchange(other.body_, moved_from());
    return *this;
}

Session::~Session() { Access::end(*body_, "debug::Session::~Session"); }

const Error* Session::error() const { return body_->error ? &*body_->error : nullptr; }

Result<void> Session::add_store(Store& store)
{
    return vitrine::detail::guarded<void>([&]() -> Result<void> {
        if (body_->error)
            return *body_->error;
        const vitrine::detail::Use used(Access::link(store));
        CHECK(used);
        if (Access::link(store)->engine != body_->link->engine)
            return Error("the store and the session belong to different engines");
        CHECK(body_->session->add_store(used->store, used->thread));
        Access::link(store)->session = body_;
        return {};
    });
}

Result<void> Session::remove_store(Store& store)
{
    return vitrine::detail::guarded<void>([&]() -> Result<void> {
        if (body_->error)
            return *body_->error;
        const vitrine::detail::Use used(Access::link(store));
        CHECK(used);
        CHECK(body_->session->remove_store(used->store));
        Access::link(store)->session.reset();
        return {};
    });
}

Result<void> Session::on_message(std::function<void(std::string_view)> sink)
{
    return vitrine::detail::guarded<void>([&]() -> Result<void> {
        if (body_->error)
            return *body_->error;
        if (!sink)
            body_->session->set_log(nullptr);
        else
            body_->session->set_log([sink = std::move(sink)](const std::string& message) { sink(message); });
        return {};
    });
}

Event Session::call(const Func& function, std::span<const Val> arguments, bool stop_at_entry)
{
    return guarded_event([&]() -> Event {
        if (body_->error)
            return exited(*body_->error);
        if (Access::link(function) != body_->link)
            return exited(Error("the function does not belong to the session's store"));
        return run(
            [function, arguments = std::vector(arguments.begin(), arguments.end())] {
                return function.call(arguments);
            },
            stop_at_entry);
    });
}

Event Session::call(const Func& function, std::initializer_list<Val> arguments, bool stop_at_entry)
{
    return call(function, std::span(arguments.begin(), arguments.size()), stop_at_entry);
}

Event Session::instantiate(const Linker& linker, const Module& module, bool stop_at_entry)
{
    return guarded_event([&]() -> Event {
        if (body_->error)
            return exited(*body_->error);
        const auto parts = Access::body(linker);
        if (parts->error)
            return exited(*parts->error);
        if (parts->engine != body_->link->engine || Access::body(module)->engine != parts->engine)
            return exited(Error("linker, module and store belong to different engines"));
        body_->instance.reset();
        return detail::start(
            body_,
            [&body = *body_, parts, module = Access::body(module)->module]() -> Result<std::vector<Val>> {
                auto instance = TRY(core::instantiate(body.session->thread(), parts->linker, module));
                body.instance = Access::handle<Instance>(body.link, instance);
                return std::vector<Val> {};
            },
            stop_at_entry);
    });
}

std::optional<Instance> Session::instance() const { return body_->instance; }

Event Session::run(std::function<Result<std::vector<Val>>()> code, bool stop_at_entry)
{
    return detail::start(body_, std::move(code), stop_at_entry);
}

namespace {

using Resume = core::debug::Resume;
using Kind = Resume::Kind;

/// Whether the thread's innermost guest function has an instruction at or after the offset.
bool can_run_to(const core::debug::Session& session, uint32_t thread, uint32_t offset)
{
    const std::vector<core::Frame> frames = session.frames(thread);
    const auto innermost = std::ranges::find_if(frames, [](const auto& frame) { return !frame.is_host(); });
    return innermost != frames.end()
        && core::find_instruction_boundary(innermost->function->module(), innermost->function->index, offset);
}

/// Resumes the guest from this stop, and consumes it.
Result<void> let_go(const std::shared_ptr<detail::SessionBody>& body, Stopped& stopped, Resume how)
{
    if (body->error)
        return *body->error;
    CHECK(check_session(*body, stopped));
    if (body->session->has_handler())
        return Error("the session has a handler, which decides how the guest resumes");
    CHECK(check_can_wait(*body));
    if (how.kind != Kind::Kill)
        CHECK(check_in_control(*body));
    // What needs no check takes no hold: its end would wake the guest, just before it is resumed.
    const bool has_place = how.thread != 0 || how.kind == Kind::RunTo;
    if (const Hold hold(has_place ? body : nullptr); hold) {
        if (how.thread != 0 && std::ranges::none_of(body->session->threads(), [&](const auto& thread) {
                return thread.id == how.thread;
            }))
            return Error("there is no thread " + std::to_string(how.thread));
        if (how.kind == Kind::RunTo && !can_run_to(*body->session, how.thread, how.offset))
            return Error("offset " + core::hex(how.offset) + " is not in the innermost function");
    }
    // Fails if another client has resumed or ended the guest in the meantime. The next event then
    // reports what came of that.
    (void)body->session->resume(how, Access::number(stopped));
    Access::consume(stopped);
    return {};
}

Event go_on(std::shared_ptr<detail::SessionBody> body, Stopped& stopped, Resume how)
{
    return guarded_event([&] {
        if (auto gone = let_go(body, stopped, how); !gone)
            return exited(gone.error());
        return next_event(body);
    });
}

} // namespace

Event Session::wait()
{
    return guarded_event([body = body_] {
        if (body->error)
            return exited(*body->error);
        if (auto can_wait = check_can_wait(*body); !can_wait)
            return exited(std::move(can_wait).error());
        return next_event(body);
    });
}

Event Session::call(Stopped&& stopped, const Func& function, std::span<const Val> arguments, uint32_t thread)
{
    return guarded_event([&] {
        return detail::start_call(
            body_, stopped, Access::link(function),
            [function, arguments = std::vector(arguments.begin(), arguments.end())] {
                return function.call(arguments);
            },
            thread);
    });
}

Event Session::call(
    Stopped&& stopped, const Func& function, std::initializer_list<Val> arguments, uint32_t thread)
{
    return call(std::move(stopped), function, std::span(arguments.begin(), arguments.size()), thread);
}

Result<void> Session::go(Stopped&& stopped)
{
    return vitrine::detail::guarded<void>([&] { return let_go(body_, stopped, { Kind::Go }); });
}

Event Session::resume(Stopped&& stopped) { return go_on(body_, stopped, { Kind::Go }); }

Event Session::step(Stopped&& stopped, uint32_t thread)
{
    return go_on(
        body_, stopped, { .kind = Kind::Step, .thread = thread, .is_alone = true, .unless_it_waits = true });
}

Event Session::step_over(Stopped&& stopped, uint32_t thread)
{
    return go_on(body_, stopped, { .kind = Kind::StepOver, .thread = thread });
}

Event Session::step_out(Stopped&& stopped, uint32_t thread)
{
    return go_on(body_, stopped, { .kind = Kind::StepOut, .thread = thread });
}

Event Session::run_to(Stopped&& stopped, uint32_t offset, uint32_t thread)
{
    return go_on(body_, stopped, { .kind = Kind::RunTo, .offset = offset, .thread = thread });
}

Event Session::kill(Stopped&& stopped) { return go_on(body_, stopped, { Kind::Kill }); }

void Session::interrupt()
{
    if (body_->session)
        body_->session->interrupt();
}

void Session::kill()
{
    if (body_->session)
        body_->session->kill();
}

std::optional<StopReason> Session::stopped() const
{
    const auto reason = body_->session ? body_->session->stopped() : std::nullopt;
    return reason ? std::optional(reason_of(*body_, *reason)) : std::nullopt;
}

} // namespace debug
} // namespace vitrine
