// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "debug/line_step.h"

#include "debug/session.h"
#include "debug/source_view.h"
#include "runtime/host_activity.h"
#include "wasm/instruction.h"
#include "wasm/validator.h"

#include <algorithm>
#include <map>
#include <optional>

namespace vitrine::core::debug {

namespace {

using Body = CodeLines::Body;
using Frames = std::span<const Frame>;

/// The next guest frame outside of the first of the frames, or null.
const Frame* find_caller(Frames frames)
{
    const auto caller =
        std::find_if(frames.begin() + 1, frames.end(), [](const Frame& frame) { return !frame.is_host(); });
    return caller == frames.end() ? nullptr : &*caller;
}

/// Whether guest code called the first of the frames, so that it gets the results: what a host
/// function in between has received is not what its caller gets.
bool is_called_by_guest(Frames frames)
{
    return frames.size() > 1 && !frames[1].is_host() && frames[1].activation == frames[0].activation;
}

/// Where a guest frame goes on when what it has called returns.
struct Return {
    FrameId frame;
    MarkedPlace place;
    const Slot* locals;

    explicit Return(const Frame& caller)
        : frame(caller.id), place(place_in(caller, caller.offset)), locals(caller.fp)
    {}
    bool is_at(const Frame& at) const
    {
        return at.id == frame && at.function == place.first && at.offset == place.second;
    }
    StepMark mark() const { return { place, locals }; }
};

/// What the source says about the results of a frame's function.
std::shared_ptr<const SourceResult> source_result(Sources& sources, const Frame& frame)
{
    const auto source = sources.of(frame.function->instance->module);
    const auto description =
        source ? source->symbols().function_at(frame.function->meta->code_offset) : std::nullopt;
    if (!description || description->result == source::TypeId {})
        return nullptr;
    SourceResult result { source->shared_symbols(), description->id, description->name, description->result };
    const FuncType& type = source->module().func_type(frame.function->index);
    // A large result is returned by address: the caller passes it as the first parameter.
    if (type.results.empty()) {
        if (type.params.empty())
            return nullptr;
        const Slot first = frame.locals()[0];
        result.address = type.params[0].kind() == ValueKind::I64 ? first : static_cast<uint32_t>(first);
    }
    result.memory = source->memory();
    return std::make_shared<const SourceResult>(std::move(result));
}

/// A frame in which a step waits for another line.
struct Home {
    FrameId id {};
    const Function* function = nullptr;
    const Slot* locals = nullptr;
    /// Null if the function has none.
    std::shared_ptr<const CodeLines> lines {};
    /// Where the step is in it: it ends at another line. Without a place at any.
    Body body = CodeLines::function_body;
    std::optional<source::Place> place {};

    explicit Home(const Frame& frame, std::shared_ptr<const CodeLines> of)
        : id(frame.id), function(frame.function), locals(frame.fp), lines(std::move(of))
    {}
    bool is_in(const Frame& frame) const { return frame.id == id && frame.function == function; }
    bool is_line(const source::Place& other) const
    {
        return place && place->file == other.file && place->line == other.line;
    }
};

class LineStep final : public Step {
public:
    LineStep(LineStepKind kind, std::shared_ptr<Sources> sources, LineStepFrom from,
        std::vector<Frame> frames, uint32_t entered)
        : kind_(kind),
          sources_(std::move(sources)),
          skips_(std::move(from.skips)),
          only_call_(from.only_call),
          level_(from.level),
          entered_(entered),
          frames_(std::move(frames)),
          begins_in_skipped_(is_skipped(*frames_.front().function)),
          home_(frames_.front(), sources_->lines_of(*frames_.front().function)),
          begins_without_lines_(!home_.lines)
    {
        if (begins_without_lines_ && kind_ != LineStepKind::Finish)
            home_.lines = sources_->instructions_of(*home_.function);
        set_position();
        end_at_once_ = find_end_at_once();
        if (!end_at_once_)
            plan_ = first_plan();
    }

    /// Those that the step comes to in the line in which it begins.
    std::vector<LineCall> calls();

    std::optional<StepEnd> end_at_once() override { return end_at_once_; }
    StepPlan begin(Frames, bool reports_again) override
    {
        if (reports_again && frames_.front().is_innermost)
            reported_ = frames_.front();
        return std::move(plan_);
    }
    StepAnswer at(Cause cause, const Frame& frame) override;

private:
    enum class Phase : uint8_t {
        /// Waits for another line in the home.
        InLine,
        /// Executes a call in the home as a single step.
        Entering,
        /// Waits for the function that an adapter calls for the home.
        Awaiting,
        /// Runs to the end of the prologue of the home, which was entered.
        Prologue,
        /// Runs out of the home.
        Leaving,
    };

    void set_position();
    uint32_t start() const;
    std::optional<StepEnd> find_end_at_once() const;
    StepPlan first_plan();
    template<class EnteringAt>
    void search(uint32_t instruction, bool includes_it, const EnteringAt& entering_at);
    StepPlan plan_from(uint32_t instruction, bool includes_it);
    void set_return(Frames frames);
    StepPlan base_plan();
    StepPlan leave();
    StepPlan at_call(uint32_t call);
    bool is_target(uint32_t instruction, const CodeLines::Position& position) const;
    bool is_passed_body(Body outer, Body inner) const;
    std::optional<uint32_t> entering_at(uint32_t from, uint32_t to) const;

    StepAnswer at_home(const Frame& frame);
    StepAnswer after_call(const Frame& frame);
    StepAnswer called(const Frame& frame);
    StepAnswer enter(const Frame& frame);
    StepAnswer returned(const Frame& caller);
    StepAnswer at_prepared(const Frame& frame);
    StepAnswer caught(const Frame& frame);
    StepAnswer caught_at_home(const Frame& frame);
    StepPlan plan_to_call(const Frame& frame, uint32_t here);

    bool is_skipped(const Function& function) const;
    bool is_skipped(std::string_view name, const source::File* file) const;

    /// A finish that an exception has ended is like `Next` from there.
    LineStepKind kind_;
    const std::shared_ptr<Sources> sources_;
    const std::shared_ptr<const Skips> skips_;
    /// See `LineStepFrom`.
    const std::optional<CodeOffset> only_call_;
    const uint32_t level_;
    const uint32_t entered_;
    /// The frame where the step begins, and those around it.
    const std::vector<Frame> frames_;
    const bool begins_in_skipped_;

    // How the step begins. Made before the guest goes on, as it needs debug information.
    std::optional<StepEnd> end_at_once_ {};
    StepPlan plan_ {};

    Phase phase_ = Phase::InLine;
    Home home_;
    /// Then it is in instructions.
    const bool begins_without_lines_;
    /// Where the home returns to.
    std::optional<Return> return_;
    /// The function that an adapter calls next when the home returns to it; null if there is none.
    Function* prepared_ = nullptr;
    /// The instructions where the step ends, with how many of the inlined bodies that begin there
    /// have been entered then; and the calls that it follows.
    std::map<uint32_t, uint32_t> targets_;
    std::vector<uint32_t> calls_;
    /// The one that is being executed.
    uint32_t call_ = 0;
    /// Where the thread may report once more before it executes anything.
    std::optional<Frame> reported_;
    /// The function that returns, if its results are to be kept.
    const Function* finished_ = nullptr;
    std::shared_ptr<const SourceResult> source_result_;
};

/// The instruction at which the home is: the next one, or the call that it waits for.
uint32_t LineStep::start() const
{
    const Frame& frame = frames_.front();
    const uint32_t next = home_.lines->flow().find(frame.offset).value_or(home_.lines->flow().size());
    return frame.is_innermost || next == 0 ? next : next - 1;
}

void LineStep::set_position()
{
    if (!home_.lines)
        return;
    const bool is_inside = !frames_.front().is_innermost;
    const CodeLines::Position position =
        is_inside ? home_.lines->inside(start()) : home_.lines->position(start(), entered_);
    home_.body = position.body;
    home_.place = position.place;
    if (kind_ == LineStepKind::Finish)
        for (uint32_t i = 0; i < level_ && home_.body != CodeLines::function_body; ++i)
            home_.body = home_.lines->caller_of(home_.body);
}

/// At the call of an inlined body that begins here, a step only enters it.
std::optional<StepEnd> LineStep::find_end_at_once() const
{
    if (kind_ != LineStepKind::Step || only_call_ || !home_.lines || !frames_.front().is_innermost)
        return std::nullopt;
    const uint32_t here = start();
    const uint32_t beginning = home_.lines->beginning_at(here);
    if (entered_ >= beginning)
        return std::nullopt;
    const Body entered = home_.lines->position(here, entered_ + 1).body;
    if (is_passed_body(home_.body, entered))
        return std::nullopt;
    return StepEnd { .entered = entered_ + 1 };
}

StepPlan LineStep::first_plan()
{
    const Frame& frame = frames_.front();
    set_return(frames_);
    if (kind_ == LineStepKind::Finish && home_.body == CodeLines::function_body) {
        if (is_called_by_guest(frames_)) {
            finished_ = frame.function;
            source_result_ = source_result(*sources_, frame);
        }
        return leave();
    }
    if (!home_.lines)
        return leave();
    const uint32_t here = start();
    StepPlan plan = plan_from(here, frame.is_innermost);
    const bool is_at_call = frame.is_innermost && std::ranges::find(calls_, here) != calls_.end();
    return is_at_call ? at_call(here) : plan;
}

/// Runs out of the home.
StepPlan LineStep::leave()
{
    phase_ = Phase::Leaving;
    targets_.clear();
    calls_.clear();
    return base_plan();
}

/// The thread is at a call that the step must know of: executes it as a single step, or leaves the
/// home with it.
StepPlan LineStep::at_call(uint32_t call)
{
    if (kind_ != LineStepKind::Step || (only_call_ && home_.lines->flow().offset(call) != only_call_))
        return leave();
    phase_ = Phase::Entering;
    call_ = call;
    return { .is_single = true };
}

/// Finds the instructions that the home can come to from one of its own, up to those where the step
/// ends. The first one is executed too if it is included.
template<class EnteringAt>
void LineStep::search(uint32_t instruction, bool includes_it, const EnteringAt& entering_at)
{
    targets_.clear();
    calls_.clear();
    const Flow& flow = home_.lines->flow();
    if (instruction >= flow.size())
        return;
    std::vector<bool> seen(flow.size());
    std::vector<uint32_t> open { instruction };
    seen[instruction] = true;
    if (includes_it && flow.is_call(instruction))
        calls_.push_back(instruction);
    while (!open.empty()) {
        const uint32_t from = open.back();
        open.pop_back();
        flow.for_each_next(from, [&](uint32_t to) {
            if (const auto entered = entering_at(from, to)) {
                targets_.emplace(to, *entered);
                return;
            }
            if (seen[to])
                return;
            seen[to] = true;
            if (flow.is_call(to))
                calls_.push_back(to);
            open.push_back(to);
        });
    }
}

StepPlan LineStep::plan_from(uint32_t instruction, bool includes_it)
{
    phase_ = Phase::InLine;
    search(instruction, includes_it, [&](uint32_t from, uint32_t to) { return entering_at(from, to); });
    // A tail call ends the frame, also if it is one of the same function.
    const Flow& flow = home_.lines->flow();
    if (kind_ != LineStepKind::Step || only_call_)
        std::erase_if(calls_,
            [&](uint32_t call) { return flow.offset(call) != only_call_ && !flow.is_tail_call(call); });
    return base_plan();
}

/// If the step ends when the frame goes on from one instruction to another: how many of the inlined
/// bodies that begin there have then been entered.
std::optional<uint32_t> LineStep::entering_at(uint32_t from, uint32_t to) const
{
    const CodeLines& lines = *home_.lines;
    // A body that is already being executed is not entered by a loop to its beginning.
    const uint32_t beginning = lines.beginning_at(to);
    uint32_t entered = 0;
    while (entered < beginning && lines.is_in(from, lines.position(to, entered + 1).body))
        ++entered;
    if (kind_ == LineStepKind::Finish)
        return lines.contains(home_.body, lines.position(to, entered).body) ? std::nullopt
                                                                            : std::optional(entered);
    if (!lines.is_statement(to))
        return std::nullopt;
    const CodeLines::Position position = lines.position(to, entered);
    if (is_target(to, position))
        return entered;
    const bool enters = kind_ == LineStepKind::Step && entered < beginning && position.body == home_.body
        && !is_passed_body(home_.body, lines.position(to, entered + 1).body);
    return enters ? std::optional(entered + 1) : std::nullopt;
}

bool LineStep::is_target(uint32_t instruction, const CodeLines::Position& position) const
{
    const CodeLines& lines = *home_.lines;
    if (!position.place)
        return false;
    if (position.body == home_.body) {
        const bool is_back =
            kind_ == LineStepKind::Until && frames_.front().id == home_.id && instruction <= start();
        return !home_.is_line(*position.place) && !is_back;
    }
    if (!lines.contains(home_.body, position.body))
        return true;
    return kind_ == LineStepKind::Step && !is_passed_body(home_.body, position.body);
}

/// Whether a body that is inlined into another one, or one in between, is skipped.
bool LineStep::is_passed_body(Body outer, Body inner) const
{
    if (only_call_)
        return true;
    const auto source = sources_->of(home_.function->instance->module);
    for (; inner != outer && inner != CodeLines::function_body; inner = home_.lines->caller_of(inner)) {
        const source::Scope& scope = home_.lines->inlined(inner);
        if (is_skipped(scope.name, source->file_of(scope.function)))
            return true;
    }
    return false;
}

bool LineStep::is_skipped(std::string_view name, const source::File* file) const
{
    static const Skips only_libraries;
    return (skips_ ? *skips_ : only_libraries).skips(name, file);
}

bool LineStep::is_skipped(const Function& function) const
{
    const auto lines = sources_->lines_of(function);
    if (!lines)
        return false;
    const auto source = sources_->of(function.instance->module);
    const auto& description = lines->description();
    const source::File* file = description ? source->file_of(description->id) : nullptr;
    if (const auto place = lines->inside(lines->behind_prologue()).place; place && !file)
        file = source->file(place->file);
    return is_skipped(description ? std::string_view(description->name) : "", file);
}

/// Sets where the home, which is the first of the frames, returns to.
void LineStep::set_return(Frames frames)
{
    return_.reset();
    if (const Frame* const caller = find_caller(frames))
        return_.emplace(*caller);
    const HostActivity* const activity = frames.size() > 1 ? frames[1].activity : nullptr;
    prepared_ = activity && activity->is_preparing() ? activity->guest_callee() : nullptr;
}

StepPlan LineStep::base_plan()
{
    StepPlan plan;
    const auto add = [&](uint32_t instruction) {
        Function* const function = home_.function->instance->functions[home_.function->index.value];
        plan.marks.push_back({ { function, home_.lines->flow().offset(instruction) }, home_.locals });
    };
    for (const auto& [target, entered] : targets_)
        add(target);
    std::ranges::for_each(calls_, add);
    if (return_)
        plan.marks.push_back(return_->mark());
    if (prepared_)
        plan.marks.push_back({ { prepared_, prepared_->meta->code_offset } });
    return plan;
}

std::vector<LineCall> LineStep::calls()
{
    std::vector<LineCall> found;
    if (!home_.lines)
        return found;
    search(start(), true, [&](uint32_t from, uint32_t to) { return entering_at(from, to); });
    const Function& function = *home_.function;
    const Module& module = function.module();
    for (const uint32_t call : calls_) {
        const CodeOffset offset = home_.lines->flow().offset(call);
        ByteReader in(module.bytes().subspan(offset), offset);
        const auto instruction = decode_instruction(in);
        const bool is_direct =
            instruction && (instruction->op == Op::Call || instruction->op == Op::ReturnCall);
        const Function* const callee = is_direct ? function.instance->functions[instruction->index] : nullptr;
        const bool is_of_guest = !callee || !callee->is_host() || callee->host->kind == HostKind::Engine;
        if (is_of_guest)
            found.push_back({ offset, callee, home_.lines->inside(call).place });
    }
    std::ranges::sort(found, {}, &LineCall::offset);
    return found;
}

StepAnswer LineStep::at(Cause cause, const Frame& frame)
{
    if (frame.is_host())
        return StepGoesOn {};
    const auto reported = std::exchange(reported_, std::nullopt);
    if (reported && cause != Cause::Catch && reported->id == frame.id && reported->function == frame.function
        && reported->offset == frame.offset)
        return StepGoesOn {};
    if (cause == Cause::Catch)
        return frame.id.is_above(home_.id) ? StepGoesOn {} : caught(frame);
    if (return_ && return_->is_at(frame))
        return returned(frame);
    if (frame.function == prepared_ && frame.offset == prepared_->meta->code_offset)
        return at_prepared(frame);
    // A function that calls itself in a tail call looks as if it had come back.
    const bool is_back =
        home_.is_in(frame) && !(phase_ == Phase::Entering && home_.lines->flow().is_tail_call(call_));
    if (phase_ == Phase::Entering || phase_ == Phase::Awaiting)
        return is_back ? after_call(frame) : called(frame);
    if (home_.is_in(frame) && phase_ != Phase::Leaving)
        return at_home(frame);
    return StepGoesOn {};
}

/// The thread is at a mark in the home.
StepAnswer LineStep::at_home(const Frame& frame)
{
    const auto here = home_.lines->flow().find(frame.offset);
    if (!here)
        return StepGoesOn {};
    if (const auto target = targets_.find(*here); target != targets_.end())
        return StepEnd { .entered = target->second };
    if (std::ranges::find(calls_, *here) != calls_.end())
        return at_call(*here);
    return StepGoesOn {};
}

/// A call in the home has been executed as a single step, and led to nothing but a host function.
StepAnswer LineStep::after_call(const Frame& frame)
{
    const StepAnswer answer = at_home(frame);
    if (!std::holds_alternative<StepGoesOn>(answer))
        return answer;
    phase_ = Phase::InLine;
    return base_plan();
}

/// A call in the home has led to another function.
StepAnswer LineStep::called(const Frame& frame)
{
    const std::vector<Frame> frames = frames_for_step(*frame.thread);
    const bool replaces_home = frame.id == home_.id;
    const Frame* const caller = find_caller(frames);
    const bool is_callback = !replaces_home && frames.size() > 1 && frames[1].is_host();
    if (!replaces_home && (!caller || caller->id != home_.id)) {
        // A mark in somebody else's call; or the home is gone.
        if (phase_ == Phase::Awaiting)
            return StepGoesOn {};
        return leave();
    }
    if (!is_callback)
        return enter(frame);
    // The adapter of a component calls functions for itself before the one that the home has
    // called. What other host functions call is passed.
    phase_ = Phase::InLine;
    Function* const callee = frames[1].activity ? frames[1].activity->guest_callee() : nullptr;
    if (callee == frame.function)
        return enter(frame);
    StepPlan plan = base_plan();
    if (callee) {
        phase_ = Phase::Awaiting;
        plan.marks.push_back({ { callee, callee->meta->code_offset } });
    }
    return plan;
}

/// Decides whether to stop in a function that was called, at its first instruction.
StepAnswer LineStep::enter(const Frame& frame)
{
    const bool replaces_home = frame.id == home_.id;
    auto lines = sources_->lines_of(*frame.function);
    if (!lines && (begins_without_lines_ || only_call_))
        return StepEnd {};
    if (!lines || (!only_call_ && is_skipped(*frame.function))) {
        if (replaces_home)
            return leave();
        phase_ = Phase::InLine;
        return base_plan();
    }
    home_ = Home(frame, std::move(lines));
    set_return(frames_for_step(*frame.thread));
    const uint32_t behind = home_.lines->behind_prologue();
    const auto here = home_.lines->flow().find(frame.offset);
    if (!here || *here >= behind)
        return StepEnd {};
    // If the prologue branches, whichever statement behind it comes first.
    phase_ = Phase::Prologue;
    search(*here, true, [&](uint32_t, uint32_t to) {
        const bool ends = to == behind || (to > behind && home_.lines->is_statement(to));
        return ends ? std::optional(0u) : std::nullopt;
    });
    calls_.clear();
    return base_plan();
}

/// The home has returned.
StepAnswer LineStep::returned(const Frame& caller)
{
    if (kind_ == LineStepKind::Finish) {
        if (!finished_)
            return StepEnd {};
        auto results = results_in(caller, *finished_);
        results->source = source_result_;
        return StepEnd { .results = std::move(results) };
    }
    const bool is_passed = kind_ == LineStepKind::Step && !begins_in_skipped_ && is_skipped(*caller.function);
    if ((begins_without_lines_ || sources_->lines_of(*caller.function)) && !is_passed)
        return StepEnd {};
    home_ = Home(caller, nullptr);
    set_return(frames_for_step(*caller.thread));
    return leave();
}

/// The home has returned to an adapter for which it had made room for arguments. The adapter now
/// calls the function that they are for.
StepAnswer LineStep::at_prepared(const Frame& frame)
{
    prepared_ = nullptr;
    return sources_->lines_of(*frame.function) && !is_skipped(*frame.function) ? enter(frame) : StepGoesOn {};
}

/// An exception has been caught in the home or further out: the step ends at the next statement.
StepAnswer LineStep::caught(const Frame& frame)
{
    if (home_.is_in(frame))
        return caught_at_home(frame);
    kind_ = kind_ == LineStepKind::Finish ? LineStepKind::Next : kind_;
    home_ = Home(frame, sources_->lines_of(*frame.function));
    set_return(frames_for_step(*frame.thread));
    if (!home_.lines && begins_without_lines_)
        return StepEnd {};
    if (!home_.lines)
        return leave();
    const uint32_t here = home_.lines->flow().find(frame.offset).value_or(0);
    home_.body = home_.lines->position(here).body;
    if (home_.lines->is_statement(here))
        return StepEnd {};
    return plan_to_call(frame, here);
}

StepAnswer LineStep::caught_at_home(const Frame& frame)
{
    if (phase_ == Phase::Leaving)
        return StepGoesOn {};
    const uint32_t here = home_.lines->flow().find(frame.offset).value_or(0);
    if (kind_ == LineStepKind::Finish) {
        if (!home_.lines->is_in(here, home_.body))
            return StepEnd {};
        return plan_from(here, true);
    }
    const CodeLines::Position position = home_.lines->position(here);
    const bool is_same_line = position.body == home_.body && position.place && home_.is_line(*position.place);
    if (!is_same_line && home_.lines->is_statement(here))
        return StepEnd {};
    if (!is_same_line)
        home_.place.reset();
    return plan_to_call(frame, here);
}

/// The plan from an instruction that is executed next, and that may be reported once more.
StepPlan LineStep::plan_to_call(const Frame& frame, uint32_t here)
{
    reported_ = frame;
    StepPlan plan = plan_from(here, true);
    return std::ranges::find(calls_, here) != calls_.end() ? at_call(here) : plan;
}

/// To one of several places, or out of a frame.
class RunTo final : public Step {
public:
    /// `frames` begin with the frame.
    RunTo(Frames frames, Sources& sources, std::span<const CodePlace> places, bool in_any_frame)
        : frame_(frames.front().id), function_(frames.front().function)
    {
        const Frame& frame = frames.front();
        if (const Frame* const caller = find_caller(frames))
            return_.emplace(*caller);
        has_results_ = is_called_by_guest(frames);
        if (has_results_)
            source_result_ = source_result(sources, frame);
        for (const CodePlace& place : places)
            add(frame, place, in_any_frame);
        if (return_)
            plan_.marks.push_back(return_->mark());
    }

    StepPlan begin(Frames frames, bool reports_again) override
    {
        if (reports_again && !frames.empty() && frames.front().is_innermost)
            reported_ = frames.front();
        return plan_;
    }

    StepAnswer at(Cause cause, const Frame& frame) override
    {
        const auto reported = std::exchange(reported_, std::nullopt);
        if (cause == Cause::Catch)
            return frame_.is_above(frame.id) ? StepAnswer(StepEnd {}) : StepGoesOn {};
        if (return_ && return_->is_at(frame))
            return returned(frame);
        if (reported && reported->id == frame.id && reported->offset == frame.offset)
            return StepGoesOn {};
        const auto is_here = [&](const Place& place) {
            return place.place.first == frame.function && place.place.second == frame.offset
                && (!place.is_in_frame || frame.id == frame_);
        };
        return std::ranges::any_of(places_, is_here) ? StepAnswer(StepEnd { .entered = UINT32_MAX })
                                                     : StepGoesOn {};
    }

private:
    struct Place {
        MarkedPlace place;
        bool is_in_frame;
    };

    StepEnd returned(const Frame& caller) const
    {
        if (!has_results_)
            return {};
        auto results = results_in(caller, *function_);
        results->source = source_result_;
        return { .results = std::move(results) };
    }

    /// Adds the place in each instance of its module.
    void add(const Frame& frame, const CodePlace& place, bool in_any_frame)
    {
        const auto function = place.module->find_function(place.offset);
        const auto offset =
            function ? find_instruction_boundary(*place.module, *function, place.offset) : std::nullopt;
        if (!offset)
            return;
        for (Instance& instance : frame.thread->store.instances()) {
            if (instance.module != place.module || (place.instance && place.instance != &instance))
                continue;
            const MarkedPlace marked { instance.functions[function->value], *offset };
            const bool is_in_frame = !in_any_frame && marked.first == function_;
            places_.push_back({ marked, is_in_frame });
            plan_.marks.push_back({ marked, is_in_frame ? frame.fp : nullptr });
        }
    }

    const FrameId frame_;
    const Function* const function_;
    std::optional<Return> return_;
    bool has_results_ = false;
    std::shared_ptr<const SourceResult> source_result_;
    std::vector<Place> places_;
    StepPlan plan_;
    std::optional<Frame> reported_;
};

/// The frame from which a step begins, and those around it up to its caller; empty if there is no
/// such frame.
std::vector<Frame> frames_from(Session& session, uint32_t thread, size_t first)
{
    std::vector<Frame> frames = session.frames(thread, first == 0 ? 16 : SIZE_MAX);
    if (first < frames.size())
        frames.erase(frames.begin(), frames.begin() + static_cast<std::ptrdiff_t>(first));
    else
        frames.clear();
    const auto guest = std::ranges::find_if(frames, [](const Frame& frame) { return !frame.is_host(); });
    frames.erase(frames.begin(), guest);
    return frames;
}

} // namespace

std::shared_ptr<Step> make_line_step(
    LineStepKind kind, Session& session, const std::shared_ptr<Sources>& sources, LineStepFrom from)
{
    const auto reason = session.stopped();
    if (!reason)
        return nullptr;
    std::vector<Frame> frames =
        frames_from(session, from.thread, kind == LineStepKind::Finish ? from.frame : 0);
    if (frames.empty())
        return nullptr;
    const bool has_stopped = from.thread == 0 || from.thread == reason->thread;
    return make_line_step(
        kind, std::move(frames), has_stopped ? reason->entered : 0, sources, std::move(from));
}

std::vector<LineCall> calls_of_line(
    Session& session, const std::shared_ptr<Sources>& sources, const LineStepFrom& from)
{
    const auto reason = session.stopped();
    std::vector<Frame> frames = frames_from(session, from.thread, 0);
    if (!reason || frames.empty() || !frames.front().is_innermost)
        return {};
    const bool has_stopped = from.thread == 0 || from.thread == reason->thread;
    // Calls in inlined bodies belong to the line, too.
    LineStepFrom through = from;
    through.only_call = 0;
    LineStep step(LineStepKind::Step, sources, std::move(through), std::move(frames),
        has_stopped ? reason->entered : 0);
    return step.calls();
}

std::shared_ptr<Step> make_line_step(LineStepKind kind, std::vector<Frame> frames, uint32_t entered,
    const std::shared_ptr<Sources>& sources, LineStepFrom from)
{
    return std::make_shared<LineStep>(kind, sources, std::move(from), std::move(frames), entered);
}

std::shared_ptr<Step> make_run_to(
    Session& session, std::span<const CodePlace> places, const LineStepFrom& from, bool in_any_frame)
{
    const std::vector<Frame> frames = frames_from(session, from.thread, from.frame);
    if (frames.empty())
        return nullptr;
    Sources sources(session.symbols());
    return std::make_shared<RunTo>(frames, sources, places, in_any_frame);
}

} // namespace vitrine::core::debug
