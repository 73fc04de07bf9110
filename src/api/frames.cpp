// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "api/session_body.h"
#include "eval/expression.h"

#include <algorithm>

namespace vitrine {

using detail::Access;

namespace detail {

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

} // namespace detail

namespace debug {

using detail::Hold;
using detail::stale_frame;

Error detail::stale_stop() { return Error("the guest has already resumed from this stop"); }

Error detail::stale_frame() { return Error("the frame is no longer valid: the guest has resumed"); }

namespace {

const core::Frame& core_frame(const std::shared_ptr<const void>& frame)
{
    return *static_cast<const core::Frame*>(frame.get());
}

} // namespace

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
    // The function only identifies the frame, so this works even if the frame is stale.
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

/// Writes to a local or operand. `home` is empty if the index is out of bounds; the setter then
/// fails.
Result<void> set(Setter setter, const core::Frame& frame, const std::optional<core::debug::Home>& home,
    const std::shared_ptr<vitrine::detail::StoreLink>& link, uint32_t index, const Val& value)
{
    // If the value has another kind, the setter fails too.
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
        const auto value = TRY(core::eval::evaluate(core_frame(frame_), text));
        return Access::val(link_, value);
    });
}

Result<std::string> Frame::text_of(std::string_view expression) const
{
    return vitrine::detail::guarded<std::string>([&]() -> Result<std::string> {
        const Hold hold(session_, core_frame(frame_).thread, generation_);
        if (!hold)
            return stale_frame();
        auto text = TRY(core::eval::evaluate_text(core_frame(frame_), expression));
        return text;
    });
}

Result<void> Frame::assign(std::string_view assignment) const
{
    return vitrine::detail::guarded<void>([&]() -> Result<void> {
        const Hold hold(session_, core_frame(frame_).thread, generation_);
        if (!hold)
            return stale_frame();
        CHECK(core::eval::assign(core_frame(frame_), assignment));
        return {};
    });
}

Result<WatchPlace> Frame::place(std::string_view expression) const
{
    return vitrine::detail::guarded<WatchPlace>([&]() -> Result<WatchPlace> {
        const Hold hold(session_, core_frame(frame_).thread, generation_);
        if (!hold)
            return stale_frame();
        const auto place = TRY(core::eval::find_place(core_frame(frame_), expression));
        if (const auto* local = std::get_if<core::eval::FrameLocal>(&place))
            return WatchPlace(FrameLocal { *this, local->index });
        return vitrine::detail::place_of(link_, place);
    });
}

namespace {

std::vector<Frame> frames_of(const std::shared_ptr<detail::SessionBody>& session, uint32_t thread)
{
    std::vector<Frame> frames;
    for (const core::Frame& frame : session->session->frames(thread))
        frames.push_back(Access::frame(session, frame));
    return frames;
}

} // namespace

std::vector<Frame> GuestThread::frames() const { return try_frames().value_or(std::vector<Frame>()); }

Result<std::vector<Frame>> GuestThread::try_frames() const
{
    return vitrine::detail::guarded<std::vector<Frame>>([&]() -> Result<std::vector<Frame>> {
        const Hold hold(session_);
        if (!hold)
            return Error("the guest is not stopped");
        const auto threads = session_->session->threads();
        if (std::ranges::none_of(threads, [&](const auto& thread) { return thread.id == id_; }))
            return Error("there is no thread " + std::to_string(id_));
        return frames_of(session_, id_);
    });
}

bool Stopped::is_valid() const
{
    const Hold hold(session_);
    return hold && session_->session->stopped()->number == number_;
}

std::vector<Frame> Stopped::frames() const { return try_frames().value_or(std::vector<Frame>()); }

Result<std::vector<Frame>> Stopped::try_frames() const
{
    return vitrine::detail::guarded<std::vector<Frame>>([&]() -> Result<std::vector<Frame>> {
        const Hold hold(session_);
        if (!hold || session_->session->stopped()->number != number_)
            return detail::stale_stop();
        return frames_of(session_, 0);
    });
}

std::vector<GuestThread> Stopped::threads() const
{
    return try_threads().value_or(std::vector<GuestThread>());
}

Result<std::vector<GuestThread>> Stopped::try_threads() const
{
    return vitrine::detail::guarded<std::vector<GuestThread>>([&]() -> Result<std::vector<GuestThread>> {
        const Hold hold(session_);
        if (!hold || session_->session->stopped()->number != number_)
            return detail::stale_stop();
        std::vector<GuestThread> threads;
        for (const core::debug::ThreadInfo& thread : session_->session->threads())
            threads.push_back(Access::thread(session_, thread));
        return threads;
    });
}

} // namespace debug
} // namespace vitrine
