// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "api/session_body.h"
#include "api/use.h"

#include "base/text.h"
#include "debug/expression.h"
#include "wasm/validator.h"

#include <algorithm>

namespace vitrine {

using detail::Access;

namespace detail {

void Access::end(debug::detail::SessionBody& body, const char* call)
{
    const auto session = body.session;
    if (!session)
        return;
    if (session->is_inside())
        misused(
            call, "on a thread that runs the session's own guest: by a host function, sink or debug handler");
    // The guest's thread may look at the session until it has ended.
    session->close();
    body.error = error_or_out_of_memory("the session is gone");
    body.session.reset();
}

debug::Frame Access::frame(std::shared_ptr<debug::detail::SessionBody> session, const core::Frame& frame)
{
    debug::Frame result;
    result.generation_ = frame.thread->generation() + session->session->resumes();
    result.session_ = std::move(session);
    result.link_ = Access::link_of(frame.thread->store);
    result.frame_ = std::make_shared<const core::Frame>(frame);
    return result;
}

debug::GuestThread Access::thread(
    std::shared_ptr<debug::detail::SessionBody> session, const core::debug::ThreadInfo& thread)
{
    debug::GuestThread result;
    result.session_ = std::move(session);
    result.id_ = thread.id;
    result.is_running_ = thread.is_running;
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
    /// Holds for a frame: not when its guest went on since it was looked at.
    Hold(const std::shared_ptr<detail::SessionBody>& body, const core::Thread* thread, uint64_t generation)
        : Hold(body)
    {
        is_stale_ = *this && !is_current(*body->session, thread, generation);
    }
    explicit operator bool() const { return look_ && *look_ && !is_stale_; }

private:
    /// A thread's own generation does not change when it stays in a host function. The thread may be gone.
    static bool is_current(
        const core::debug::Session& session, const core::Thread* thread, uint64_t generation)
    {
        generation -= session.resumes();
        const auto threads = session.threads();
        return std::ranges::any_of(threads, [&](const core::debug::ThreadInfo& info) {
            return info.thread == thread && thread->generation() == generation;
        });
    }

    std::optional<core::debug::Session::Look> look_;
    bool is_stale_ = false;
};

/// What the API knows a store of the session by.
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

WatchHit hit_of(const detail::SessionBody& body, uint32_t thread, const core::debug::WatchHit& hit)
{
    WatchHit result { hit.is_write, bytes_of(hit.old_bytes), bytes_of(hit.new_bytes) };
    for (const core::debug::ThreadInfo& info : body.session->threads())
        if (info.id == thread && hit.old_value) {
            result.old_value = Access::val(link_of(info.thread->store), *hit.old_value);
            result.new_value = Access::val(link_of(info.thread->store), *hit.new_value);
        }
    return result;
}

StopReason reason_of(const detail::SessionBody& body, const core::debug::StopReason& reason)
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
    return result;
}

Event exited(Error error) { return Exited { std::move(error) }; }

/// As `guarded`, for what answers with an event.
template<class F> Event guarded_event(const F& code)
{
    return core::guarded(code, [](core::Thrown thrown) { return exited(Error(std::move(thrown.text))); });
}

/// Waits for the guest to stop or end.
Event next_event(const std::shared_ptr<detail::SessionBody>& body)
{
    // A function that the guest calls may move the session meanwhile.
    const auto session = body->session;
    auto event = session->wait();
    if (!event)
        return exited(Access::error(event.error()));
    if (const auto* reason = std::get_if<core::debug::StopReason>(&*event))
        return Access::stopped(body, reason_of(*body, *reason));
    if (auto results = std::exchange(body->results, std::nullopt))
        return Exited { *std::move(results) };
    // The guest's thread had no memory for them.
    const auto& outcome = std::get<core::debug::Outcome>(*event);
    return exited(outcome ? Error("out of memory") : Access::error(outcome.error()));
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

/// Refuses to wait for the guest where it would wait for the calling thread.
Result<void> check_can_wait(const detail::SessionBody& body)
{
    if (body.session->is_used_here())
        return Error("the guest cannot go on: this thread is using its store");
    return {};
}

/// Runs code on the guest's thread, and waits.
Event start(std::shared_ptr<detail::SessionBody> body, std::function<Result<std::vector<Val>>()> code,
    bool stop_at_entry)
{
    return guarded_event([&] {
        if (body->error)
            return exited(*body->error);
        if (auto can_wait = check_can_wait(*body); !can_wait)
            return exited(std::move(can_wait).error());
        // The session outlives its guest's thread.
        auto guest = [&body = *body, code = std::move(code)] {
            body.results = vitrine::detail::guarded<std::vector<Val>>(code);
            return outcome_of(*body.results);
        };
        if (auto started = body->session->start(std::move(guest), stop_at_entry); !started)
            return exited(Access::error(started.error()));
        return next_event(body);
    });
}

} // namespace

std::string StopReason::to_text() const
{
    return core::debug::StopReason { .kind = kind, .id = id, .text = text }.to_text();
}

// Frames.

bool Frame::is_valid() const
{
    return static_cast<bool>(Hold(session_, core_frame(frame_).thread, generation_));
}

bool Frame::is_host() const
{
    const Hold hold(session_, core_frame(frame_).thread, generation_);
    return hold && core_frame(frame_).is_host();
}

Func Frame::function() const
{
    // Identity only: whoever holds a stale frame may still ask which function it was.
    return Access::handle<Func>(link_, const_cast<core::Function*>(core_frame(frame_).function));
}

std::optional<Instance> Frame::instance() const
{
    const Hold hold(session_, core_frame(frame_).thread, generation_);
    core::Instance* instance = hold ? core_frame(frame_).function->instance : nullptr;
    return instance ? std::optional(Access::handle<Instance>(link_, instance)) : std::nullopt;
}

std::optional<Module> Frame::module() const
{
    const auto of = instance();
    return of ? std::optional(of->module()) : std::nullopt;
}

uint32_t Frame::offset() const { return core_frame(frame_).offset; }

uint32_t Frame::activation() const { return core_frame(frame_).activation; }

std::vector<Local> Frame::locals() const { return try_locals().value_or(std::vector<Local>()); }

Result<std::vector<Local>> Frame::try_locals() const
{
    const Hold hold(session_, core_frame(frame_).thread, generation_);
    if (!hold)
        return stale_frame();
    std::vector<Local> locals;
    for (const core::debug::Local& local : core::debug::locals_of(core_frame(frame_)))
        locals.push_back({ local.name, Access::val(link_, local.value),
            Access::exact(local.value.type, core_frame(frame_).function->module(), true) });
    return locals;
}

std::vector<Val> Frame::operands() const { return try_operands().value_or(std::vector<Val>()); }

Result<std::vector<Val>> Frame::try_operands() const
{
    const Hold hold(session_, core_frame(frame_).thread, generation_);
    if (!hold)
        return stale_frame();
    return Access::vals(link_, core::debug::operands_of(core_frame(frame_)));
}

std::vector<ValType> Frame::operand_types() const
{
    std::vector<ValType> types;
    if (const Hold hold(session_, core_frame(frame_).thread, generation_); hold)
        for (const core::Value& value : core::debug::operands_of(core_frame(frame_)))
            types.push_back(Access::exact(value.type, core_frame(frame_).function->module(), true));
    return types;
}

namespace {

using Setter = core::Result<void> (*)(const core::Frame&, uint32_t, const core::Value&);

/// Writes to a local or operand; `home` is empty when there is none of the index, which the setter refuses.
Result<void> set(Setter setter, const core::Frame& frame, const std::optional<core::debug::Home>& home,
    const std::shared_ptr<vitrine::detail::StoreLink>& link, uint32_t index, const Val& value)
{
    // A value of another kind is the setter's to refuse, too.
    const bool is_of_kind = home && Access::kind(home->type) == value.kind();
    const auto converted =
        TRY(Access::value(link, value, is_of_kind ? home->type : Access::type(value.kind())));
    CHECK(setter(frame, index, converted));
    return {};
}

} // namespace

Result<void> Frame::set_local(uint32_t index, const Val& value) const
{
    return vitrine::detail::guarded<void>([&]() -> Result<void> {
        const Hold hold(session_, core_frame(frame_).thread, generation_);
        if (!hold)
            return stale_frame();
        const core::Frame& frame = core_frame(frame_);
        return set(
            core::debug::set_local, frame, core::debug::find_local_home(frame, index), link_, index, value);
    });
}

Result<void> Frame::set_operand(uint32_t index, const Val& value) const
{
    return vitrine::detail::guarded<void>([&]() -> Result<void> {
        const Hold hold(session_, core_frame(frame_).thread, generation_);
        if (!hold)
            return stale_frame();
        const core::Frame& frame = core_frame(frame_);
        return set(core::debug::set_operand, frame, core::debug::find_operand_home(frame, index), link_,
            index, value);
    });
}

Result<Val> Frame::evaluate(std::string_view text) const
{
    return vitrine::detail::guarded<Val>([&]() -> Result<Val> {
        const Hold hold(session_, core_frame(frame_).thread, generation_);
        if (!hold)
            return stale_frame();
        const auto value = TRY(core::debug::evaluate(core_frame(frame_), text));
        return Access::val(link_, value);
    });
}

Result<std::string> Frame::text_of(std::string_view expression) const
{
    return vitrine::detail::guarded<std::string>([&]() -> Result<std::string> {
        const Hold hold(session_, core_frame(frame_).thread, generation_);
        if (!hold)
            return stale_frame();
        auto text = TRY(core::debug::evaluate_text(core_frame(frame_), expression));
        return text;
    });
}

Result<void> Frame::assign(std::string_view assignment) const
{
    return vitrine::detail::guarded<void>([&]() -> Result<void> {
        const Hold hold(session_, core_frame(frame_).thread, generation_);
        if (!hold)
            return stale_frame();
        CHECK(core::debug::assign(core_frame(frame_), assignment));
        return {};
    });
}

Result<WatchPlace> Frame::place(std::string_view expression) const
{
    return vitrine::detail::guarded<WatchPlace>([&]() -> Result<WatchPlace> {
        const Hold hold(session_, core_frame(frame_).thread, generation_);
        if (!hold)
            return stale_frame();
        const auto place = TRY(core::debug::find_place(core_frame(frame_), expression));
        if (const auto* local = std::get_if<core::debug::FrameLocal>(&place))
            return WatchPlace(FrameLocal { *this, local->index });
        return vitrine::detail::place_of(link_, place);
    });
}

namespace {

std::vector<Frame> frames_of(const std::shared_ptr<detail::SessionBody>& session, uint32_t thread)
{
    std::vector<Frame> frames;
    if (const Hold hold(session); hold)
        for (const core::Frame& frame : session->session->frames(thread))
            frames.push_back(Access::frame(session, frame));
    return frames;
}

} // namespace

std::vector<Frame> GuestThread::frames() const { return frames_of(session_, id_); }

std::vector<Frame> Stopped::frames() const { return frames_of(session_, 0); }

std::vector<GuestThread> Stopped::threads() const
{
    std::vector<GuestThread> threads;
    if (const Hold hold(session_); hold)
        for (const core::debug::ThreadInfo& thread : session_->session->threads())
            threads.push_back(Access::thread(session_, thread));
    return threads;
}

namespace {

/// What the API knows the store of a thread by that can run calls.
Result<std::shared_ptr<vitrine::detail::StoreLink>> link_of_thread(
    const core::debug::Session& session, uint32_t thread)
{
    return link_of(TRY(session.find_callable(thread))->store);
}

/// Changes where the guest goes on.
template<class Change> Result<void> steer(const std::shared_ptr<detail::SessionBody>& session, Change change)
{
    const Hold hold(session);
    if (!hold)
        return Error("the guest has gone on from this stop already");
    if (core::Result<void> done = change(*session->session); !done)
        return Access::error(done.error());
    return {};
}

} // namespace

Result<void> Stopped::jump(uint32_t offset, uint32_t thread)
{
    return vitrine::detail::guarded<void>([&]() -> Result<void> {
        return steer(session_, [&](core::debug::Session& session) { return session.jump(offset, thread); });
    });
}

Result<void> Stopped::skip(uint32_t thread)
{
    return vitrine::detail::guarded<void>([&]() -> Result<void> {
        return steer(session_, [&](core::debug::Session& session) { return session.skip(thread); });
    });
}

Result<void> Stopped::clear_exception(uint32_t thread)
{
    return vitrine::detail::guarded<void>([&]() -> Result<void> {
        return steer(
            session_, [&](core::debug::Session& session) { return session.clear_exception(thread); });
    });
}

Result<void> Stopped::return_from(const Frame& frame, std::span<const Val> results)
{
    return vitrine::detail::guarded<void>([&]() -> Result<void> {
        const core::Frame* from = Access::core_frame(frame);
        if (Access::session(frame) != session_)
            return Error("the frame is one of another session");
        if (!frame.is_valid() || from->is_host())
            return Error(
                frame.is_valid() ? "a host function's frame cannot return" : stale_frame().message());
        const auto link = link_of(*from);
        const auto values =
            TRY(Access::values(link, results, link->engine->types[from->function->type].func()->results));
        return steer(
            session_, [&](core::debug::Session& session) { return session.return_from(*from, values); });
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
            return Error("the guest has gone on from this stop already");
        const auto link = TRY(link_of_thread(*session_->session, thread));
        if (Access::link(tag) != link)
            return Error("the tag belongs to another store than the thread");
        const auto& core_tag = *static_cast<const core::Tag*>(Access::object(tag));
        const auto converted = TRY(Access::values(link, values, core_tag.type->type.func()->params));
        return steer(session_, [&](core::debug::Session& session) {
            return session.throw_exception(core_tag, converted, thread);
        });
    });
}

Result<void> Stopped::throw_exception(const Tag& tag, std::initializer_list<Val> values, uint32_t thread)
{
    return throw_exception(tag, std::span(values.begin(), values.size()), thread);
}

// Sessions.

namespace {

/// Opens the core session of a body whose link is set; without a handler one that runs guests itself.
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

/// What a session that was moved from has.
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
            Stopped stopped = Access::stopped(body, reason_of(*body, reason));
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
            return Error("the store belongs to another engine than the session");
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

namespace {

/// The same specification inside, when all that it names belongs to the session.
Result<core::debug::BreakpointSpec> core_spec(
    const std::shared_ptr<detail::SessionBody>& body, const BreakpointSpec& spec)
{
    if (body->error)
        return *body->error;
    const auto& module = Access::body(spec.module);
    if (module->engine != body->link->engine)
        return Error("the module belongs to another engine than the session");
    core::debug::BreakpointSpec wanted { .module = module->module,
        .offset = spec.offset,
        .condition = spec.condition,
        .ignore_count = spec.ignore_count,
        .message = spec.message,
        .is_temporary = spec.is_temporary,
        .is_enabled = spec.is_enabled };
    if (spec.instance) {
        const auto& link = Access::link(*spec.instance);
        if (!link || !link->guest || link->session.lock() != body)
            return Error("the instance belongs to another store than the session");
        wanted.instance = static_cast<const core::Instance*>(Access::object(*spec.instance));
        if (wanted.instance->module != module->module)
            return Error("the instance is not one of the module");
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
                std::move(spec.condition), spec.ignore_count, std::move(spec.message), spec.is_temporary,
                spec.is_enabled },
            breakpoint.offset, breakpoint.hits });
    }
    return rows;
}

namespace {

template<class... F> struct Overloaded : F... {
    using F::operator()...;
};

/// The same specification inside, when what it names belongs to the session.
Result<core::debug::WatchpointSpec> core_spec(
    const std::shared_ptr<detail::SessionBody>& body, const WatchpointSpec& spec)
{
    if (body->error)
        return *body->error;
    core::debug::WatchpointSpec wanted { .what = static_cast<core::Global*>(nullptr), .access = spec.access };
    /// A handle's object, if the handle is one of the session's stores.
    const auto object = [&]<class T>(const auto& handle, T*) -> T* {
        const auto& link = Access::link(handle);
        if (!link || !link->guest || link->session.lock() != body)
            return nullptr;
        wanted.store = &link->guest->store;
        return static_cast<T*>(Access::object(handle));
    };
    const bool is_ours = std::visit(
        Overloaded {
            [&](const MemoryRange& range) {
                core::debug::MemoryRange inner { nullptr, range.address, range.size };
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
                wanted.what = core::debug::TableSlot { inner, slot.index };
                return inner != nullptr;
            },
            [&](const FrameLocal& local) {
                if (Access::session(local.frame) != body || !local.frame.is_valid() || local.frame.is_host())
                    return false;
                const core::Frame& frame = *Access::core_frame(local.frame);
                wanted.store = &frame.thread->store;
                wanted.what = core::debug::FrameLocal { frame, local.index };
                return true;
            },
        },
        spec.what);
    if (!is_ours)
        return Error("what shall be watched is not there, or belongs to another store than the session");
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
        for (const core::debug::Watchpoint& watchpoint : body_->session->watchpoints())
            rows.push_back({ watchpoint.id, watchpoint.spec.access, watchpoint.hits });
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
            return exited(Error("the function belongs to another store than the session"));
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
        return start(
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
    return start(body_, std::move(code), stop_at_entry);
}

namespace {

using Resume = core::debug::Resume;
using Kind = Resume::Kind;

/// Whether the thread's innermost guest function has an instruction at or behind the offset.
bool can_run_to(const core::debug::Session& session, uint32_t thread, uint32_t offset)
{
    const std::vector<core::Frame> frames = session.frames(thread);
    const auto innermost = std::ranges::find_if(frames, [](const auto& frame) { return !frame.is_host(); });
    return innermost != frames.end()
        && core::find_instruction_boundary(innermost->function->module(), innermost->function->index, offset);
}

/// Lets the guest go on from this stop.
Result<void> let_go(const std::shared_ptr<detail::SessionBody>& body, const Stopped& stopped, Resume how)
{
    if (body->error)
        return *body->error;
    if (Access::session(stopped) != body)
        return Error(Access::session(stopped) ? "the guest stopped in another session"
                                              : "the guest has gone on from this stop already");
    if (body->session->has_handler())
        return Error("the session's handler says how the guest goes on");
    CHECK(check_can_wait(*body));
    if (const Hold hold(body); hold) {
        if (how.thread != 0 && std::ranges::none_of(body->session->threads(), [&](const auto& thread) {
                return thread.id == how.thread;
            }))
            return Error("there is no thread " + std::to_string(how.thread));
        if (how.kind == Kind::RunTo && !can_run_to(*body->session, how.thread, how.offset))
            return Error("offset " + core::hex(how.offset) + " is not in the innermost function");
    }
    // It refuses when somebody else has ended the guest meanwhile: what came of that is told by the next event.
    (void)body->session->resume(how);
    return {};
}

Event go_on(std::shared_ptr<detail::SessionBody> body, const Stopped& stopped, Resume how)
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

Event Session::call(Stopped stopped, const Func& function, std::span<const Val> arguments, uint32_t thread)
{
    return guarded_event([&, body_ = body_]() -> Event {
        if (body_->error)
            return exited(*body_->error);
        if (Access::session(stopped) != body_)
            return exited(Error("the guest stopped in another session"));
        if (auto can_wait = check_can_wait(*body_); !can_wait)
            return exited(std::move(can_wait).error());
        if (const Hold hold(body_); hold) {
            const auto link = link_of_thread(*body_->session, thread);
            if (!link)
                return exited(link.error());
            if (Access::link(function) != *link)
                return exited(Error("the function belongs to another store than the thread"));
        }
        auto code = [&body = *body_, function, arguments = std::vector(arguments.begin(), arguments.end())] {
            body.call_results =
                vitrine::detail::guarded<std::vector<Val>>([&] { return function.call(arguments); });
        };
        if (auto started = body_->session->call(std::move(code), thread); !started)
            return exited(Access::error(started.error()));
        return next_event(body_);
    });
}

Event Session::call(
    Stopped stopped, const Func& function, std::initializer_list<Val> arguments, uint32_t thread)
{
    return call(std::move(stopped), function, std::span(arguments.begin(), arguments.size()), thread);
}

Result<void> Session::go(Stopped stopped)
{
    return vitrine::detail::guarded<void>([&] { return let_go(body_, stopped, { Kind::Go }); });
}

Event Session::resume(Stopped stopped) { return go_on(body_, stopped, { Kind::Go }); }

Event Session::step(Stopped stopped, uint32_t thread)
{
    return go_on(
        body_, stopped, { .kind = Kind::Step, .thread = thread, .is_alone = true, .unless_it_waits = true });
}

Event Session::step_over(Stopped stopped, uint32_t thread)
{
    return go_on(body_, stopped, { .kind = Kind::StepOver, .thread = thread });
}

Event Session::step_out(Stopped stopped, uint32_t thread)
{
    return go_on(body_, stopped, { .kind = Kind::StepOut, .thread = thread });
}

Event Session::run_to(Stopped stopped, uint32_t offset, uint32_t thread)
{
    return go_on(body_, stopped, { .kind = Kind::RunTo, .offset = offset, .thread = thread });
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
    return reason ? std::optional(reason_of(*body_, *reason)) : std::nullopt;
}

} // namespace debug
} // namespace vitrine
