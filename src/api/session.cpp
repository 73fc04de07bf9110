// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "api/access.h"

#include "base/text.h"
#include "wasm/validator.h"

#include <algorithm>

namespace vitrine {

using detail::Access;

namespace detail {

debug::Frame Access::frame(std::shared_ptr<debug::detail::SessionBody> session, const core::Frame& frame)
{
    debug::Frame result;
    result.generation_ = session->session->thread().generation;
    result.session_ = std::move(session);
    result.frame_ = std::make_shared<const core::Frame>(frame);
    return result;
}

debug::Stopped Access::stopped(std::shared_ptr<debug::detail::SessionBody> session, debug::StopReason reason)
{
    debug::Stopped stopped;
    stopped.session_ = std::move(session);
    stopped.reason_ = std::move(reason);
    return stopped;
}

} // namespace detail

namespace debug {

namespace {

const core::Frame& core_frame(const std::shared_ptr<const void>& frame)
{
    return *static_cast<const core::Frame*>(frame.get());
}

Error stale_frame() { return Error("the frame is gone: the guest went on"); }

/// Keeps a stopped guest as it is while this lives, whoever ends it meanwhile.
class Hold {
public:
    explicit Hold(const std::shared_ptr<detail::SessionBody>& body)
    {
        if (body && body->session)
            look_.emplace(*body->session);
    }
    /// Holds for a frame: not when the guest went on since it was looked at.
    Hold(const std::shared_ptr<detail::SessionBody>& body, uint64_t generation) : Hold(body)
    {
        is_stale_ = *this && body->session->thread().generation != generation;
    }
    explicit operator bool() const { return look_ && *look_ && !is_stale_; }

private:
    std::optional<core::debug::Session::Look> look_;
    bool is_stale_ = false;
};

#define SAME(kind) static_cast<int>(StopKind::kind) == static_cast<int>(core::debug::StopKind::kind)
static_assert(SAME(Entry) && SAME(Breakpoint) && SAME(Step) && SAME(Interrupt) && SAME(Trap) && SAME(Throw));
#undef SAME

StopReason reason_of(
    const std::shared_ptr<vitrine::detail::StoreLink>& link, const core::debug::StopReason& reason)
{
    StopReason result { static_cast<StopKind>(reason.kind), reason.breakpoint, reason.trap_text };
    if (reason.exception && reason.exception->object())
        result.exception = Access::val(
            link, core::Value::ref(core::ValueType::exnref, core::Ref::of(reason.exception->object())));
    return result;
}

Event exited(Error error) { return Exited { std::move(error) }; }

/// Waits for the guest to stop or end.
Event next_event(const std::shared_ptr<detail::SessionBody>& body)
{
    auto event = body->session->wait();
    if (!event)
        return exited(Access::error(event.error()));
    if (const auto* reason = std::get_if<core::debug::StopReason>(&*event))
        return Access::stopped(body, reason_of(body->link, *reason));
    return Exited { *std::exchange(body->results, std::nullopt) };
}

/// What a listener is told of an end: enough to tell how it was.
core::debug::Outcome outcome_of(const Result<std::vector<Val>>& results)
{
    if (results)
        return std::vector<core::Value> {};
    if (results.error().trap())
        return std::unexpected(Access::trap(results.error()));
    return std::unexpected(core::Error { results.error().message(), results.error().offset() });
}

/// Runs code on the guest's thread, and waits.
Event start(const std::shared_ptr<detail::SessionBody>& body, std::function<Result<std::vector<Val>>()> code,
    bool stop_at_entry)
{
    if (body->error)
        return exited(*body->error);
    // The session outlives its guest's thread.
    const auto guest = [&body = *body, code = std::move(code)] {
        body.results = vitrine::detail::guarded<std::vector<Val>>(code);
        return outcome_of(*body.results);
    };
    if (auto started = body->session->start(guest, stop_at_entry); !started)
        return exited(Access::error(started.error()));
    return next_event(body);
}

} // namespace

std::string StopReason::to_text() const
{
    return core::debug::StopReason {
        .kind = static_cast<core::debug::StopKind>(kind), .breakpoint = breakpoint, .trap_text = trap
    }
        .to_text();
}

// Frames.

bool Frame::is_valid() const { return static_cast<bool>(Hold(session_, generation_)); }

bool Frame::is_host() const
{
    const Hold hold(session_, generation_);
    return hold && core_frame(frame_).is_host();
}

Func Frame::function() const
{
    // Identity only: whoever holds a stale frame may still ask which function it was.
    return Access::handle<Func>(session_->link, const_cast<core::Function*>(core_frame(frame_).function));
}

std::optional<Instance> Frame::instance() const
{
    const Hold hold(session_, generation_);
    core::Instance* instance = hold ? core_frame(frame_).function->instance : nullptr;
    return instance ? std::optional(Access::handle<Instance>(session_->link, instance)) : std::nullopt;
}

std::optional<Module> Frame::module() const
{
    const auto of = instance();
    return of ? std::optional(of->module()) : std::nullopt;
}

uint32_t Frame::offset() const { return core_frame(frame_).offset; }

uint32_t Frame::activation() const { return core_frame(frame_).activation; }

std::vector<Local> Frame::locals() const
{
    std::vector<Local> locals;
    if (const Hold hold(session_, generation_); hold)
        for (const core::debug::Local& local : core::debug::locals_of(core_frame(frame_)))
            locals.push_back({ local.name, Access::val(session_->link, local.value) });
    return locals;
}

std::vector<Val> Frame::operands() const
{
    const Hold hold(session_, generation_);
    if (!hold)
        return {};
    return Access::vals(session_->link, core::debug::operands_of(core_frame(frame_)));
}

namespace {

using Setter = core::Result<void> (*)(const core::Frame&, uint32_t, const core::Value&);

Result<void> set(Setter setter, const core::Frame& frame,
    const std::shared_ptr<vitrine::detail::StoreLink>& link, uint32_t index, const Val& value)
{
    const auto converted = Access::value(link, value, Access::type(value.kind()));
    if (!converted)
        return converted.error();
    if (auto done = setter(frame, index, *converted); !done)
        return Access::error(done.error());
    return {};
}

} // namespace

Result<void> Frame::set_local(uint32_t index, const Val& value) const
{
    const Hold hold(session_, generation_);
    if (!hold)
        return stale_frame();
    return set(core::debug::set_local, core_frame(frame_), session_->link, index, value);
}

Result<void> Frame::set_operand(uint32_t index, const Val& value) const
{
    const Hold hold(session_, generation_);
    if (!hold)
        return stale_frame();
    return set(core::debug::set_operand, core_frame(frame_), session_->link, index, value);
}

std::vector<Frame> Stopped::frames() const
{
    std::vector<Frame> frames;
    if (const Hold hold(session_); hold)
        for (const core::Frame& frame : session_->session->frames())
            frames.push_back(Access::frame(session_, frame));
    return frames;
}

// Sessions.

Session::Session(Store& store) : body_(std::make_shared<detail::SessionBody>())
{
    body_->link = Access::link(store);
    const auto used = Access::use(body_->link);
    if (!used) {
        body_->error = used.error();
        return;
    }
    auto session = core::debug::Session::create((*used)->store, (*used)->thread);
    if (!session) {
        body_->error = Access::error(session.error());
        return;
    }
    body_->session = std::move(*session);
    (*used)->session = body_;
}

Result<Session> Session::create(Store& store)
{
    Session session(store);
    if (session.error())
        return *session.error();
    return session;
}

Session::Session(Session&& other) noexcept : body_(std::move(other.body_))
{
    other.body_ = std::make_shared<detail::SessionBody>();
    other.body_->error = Error("the session was moved from");
}

Session& Session::operator=(Session&& other) noexcept
{
    if (this == &other)
        return *this;
    const Session former(std::move(*this));
    std::swap(body_, other.body_);
    return *this;
}

Session::~Session()
{
    if (!body_->session)
        return;
    // The guest's thread may look at the session until it has ended.
    body_->session->close();
    body_->error = Error("the session is gone");
    body_->session.reset();
}

const Error* Session::error() const { return body_->error ? &*body_->error : nullptr; }

Result<uint32_t> Session::add_breakpoint(const BreakpointSpec& spec)
{
    if (body_->error)
        return *body_->error;
    const auto& module = Access::body(spec.module);
    if (module->engine != body_->link->engine)
        return Error("the module belongs to another engine than the session");
    core::debug::BreakpointSpec wanted { .module = module->module, .offset = spec.offset };
    if (spec.instance) {
        if (Access::link(*spec.instance) != body_->link)
            return Error("the instance belongs to another store than the session");
        wanted.instance = static_cast<const core::Instance*>(Access::object(*spec.instance));
        if (wanted.instance->module != module->module)
            return Error("the instance is not one of the module");
    }
    auto added = body_->session->add_breakpoint(std::move(wanted));
    if (!added)
        return Access::error(added.error());
    return *added;
}

Result<void> Session::stop_on_throw(bool on)
{
    if (body_->error)
        return *body_->error;
    body_->session->stop_on_throw(on);
    return {};
}

Result<void> Session::remove_breakpoint(uint32_t id)
{
    if (body_->error)
        return *body_->error;
    if (auto removed = body_->session->remove_breakpoint(id); !removed)
        return Access::error(removed.error());
    return {};
}

namespace {

std::optional<Instance> instance_of(
    const std::shared_ptr<vitrine::detail::StoreLink>& link, const core::Instance* instance)
{
    if (!instance)
        return std::nullopt;
    return Access::handle<Instance>(link, const_cast<core::Instance*>(instance));
}

} // namespace

std::vector<Breakpoint> Session::breakpoints() const
{
    std::vector<Breakpoint> rows;
    if (!body_->error)
        for (const core::debug::Breakpoint& breakpoint : body_->session->breakpoints())
            rows.push_back({ breakpoint.id, Access::module(body_->link->engine, breakpoint.spec.module),
                instance_of(body_->link, breakpoint.spec.instance), breakpoint.spec.offset, breakpoint.offset,
                breakpoint.hits });
    return rows;
}

Event Session::call(const Func& function, std::span<const Val> arguments, bool stop_at_entry)
{
    if (body_->error)
        return exited(*body_->error);
    if (Access::link(function) != body_->link)
        return exited(Error("the function belongs to another store than the session"));
    return run(
        [function, arguments = std::vector(arguments.begin(), arguments.end())] {
            return function.call(arguments);
        },
        stop_at_entry);
}

Event Session::call(const Func& function, std::initializer_list<Val> arguments, bool stop_at_entry)
{
    return call(function, std::span(arguments.begin(), arguments.size()), stop_at_entry);
}

Event Session::instantiate(const Linker& linker, const Module& module, bool stop_at_entry)
{
    if (body_->error)
        return exited(*body_->error);
    const auto& parts = Access::body(linker);
    if (parts->error)
        return exited(*parts->error);
    if (parts->engine != body_->link->engine || Access::body(module)->engine != parts->engine)
        return exited(Error("linker, module and store belong to different engines"));
    body_->instance.reset();
    return start(
        body_,
        [&body = *body_, parts, module = Access::body(module)->module]() -> Result<std::vector<Val>> {
            auto instance = core::instantiate(body.session->thread(), parts->linker, module);
            if (!instance)
                return Access::error(instance.error());
            body.instance = Access::handle<Instance>(body.link, *instance);
            return std::vector<Val> {};
        },
        stop_at_entry);
}

std::optional<Instance> Session::instance() const { return body_->instance; }

Event Session::run(std::function<Result<std::vector<Val>>()> code, bool stop_at_entry)
{
    return start(body_, std::move(code), stop_at_entry);
}

namespace {

using Resume = core::debug::Resume;
using Kind = Resume::Kind;

/// Whether the innermost guest function has an instruction at or behind the offset.
bool can_run_to(const core::debug::Session& session, uint32_t offset)
{
    const std::vector<core::Frame> frames = session.frames();
    const auto innermost = std::ranges::find_if(frames, [](const auto& frame) { return !frame.is_host(); });
    return innermost != frames.end()
        && core::find_instruction_boundary(innermost->function->module(), innermost->function->index, offset);
}

Event go_on(const std::shared_ptr<detail::SessionBody>& body, const Stopped& stopped, Resume how)
{
    if (body->error)
        return exited(*body->error);
    if (Access::session(stopped) != body)
        return exited(Error(Access::session(stopped) ? "the guest stopped in another session"
                                                     : "the guest has gone on from this stop already"));
    if (const Hold hold(body); hold && how.kind == Kind::RunTo && !can_run_to(*body->session, how.offset))
        return exited(Error("offset " + core::hex(how.offset) + " is not in the innermost function"));
    // It refuses when somebody else has ended the guest meanwhile: what came of that is told here.
    (void)body->session->resume(how);
    return next_event(body);
}

} // namespace

Event Session::resume(Stopped stopped) { return go_on(body_, stopped, { Kind::Go }); }

Event Session::step(Stopped stopped) { return go_on(body_, stopped, { Kind::Step }); }

Event Session::step_over(Stopped stopped) { return go_on(body_, stopped, { Kind::StepOver }); }

Event Session::step_out(Stopped stopped) { return go_on(body_, stopped, { Kind::StepOut }); }

Event Session::run_to(Stopped stopped, uint32_t offset)
{
    return go_on(body_, stopped, { Kind::RunTo, offset });
}

Event Session::kill(Stopped stopped) { return go_on(body_, stopped, { Kind::Kill }); }

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
    return reason ? std::optional(reason_of(body_->link, *reason)) : std::nullopt;
}

} // namespace debug
} // namespace vitrine
