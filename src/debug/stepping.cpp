// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "debug/stepping.h"

#include "runtime/heap.h"
#include "runtime/host_activity.h"
#include "wasm/instruction.h"
#include "wasm/validator.h"

#include <algorithm>

namespace vitrine::core::debug {

namespace {

using Frames = std::span<const Frame>;

bool is_guest(const Frame& frame) { return !frame.is_host(); }

/// Whether the value refers to an object of the store's heap.
bool is_object(const Value& value)
{
    return value.type.is_ref() && !value.type.is_function_ref() && !value.ref().is_null()
        && !value.ref().is_i31();
}

} // namespace

MarkedPlace place_in(const Frame& frame, CodeOffset offset)
{
    return { frame.function->instance->functions[frame.function->index.value], offset };
}

std::shared_ptr<FunctionResults> results_in(const Frame& caller, const Function& function)
{
    Store& store = caller.thread->store;
    const FuncType& type = *store.engine().types[function.type].func();
    auto results = std::make_shared<FunctionResults>();
    results->function = &function;
    const Slot* from = caller.sp - slots_of(type.results);
    for (const ValueType result : type.results) {
        const Value value = load_value(result, from);
        from += result.slots();
        results->values.push_back(value);
        if (is_object(value))
            results->roots.push_back(std::make_unique<Root>(store.heap, value.ref().object()));
    }
    return results;
}

namespace {

/// A step that has one plan and ends at the first report that fits it.
class PlainStep : public Step {
public:
    StepPlan begin(Frames frames, bool reports_again) final
    {
        if (reports_again && !frames.empty() && is_guest(frames.front()))
            reported_ = frames.front();
        const auto innermost = std::ranges::find_if(frames, is_guest);
        // Before the first guest function is entered, every step leads to its first instruction.
        if (innermost == frames.end())
            return single();
        return plan({ innermost, frames.end() });
    }

    StepAnswer at(Cause cause, const Frame& frame) final
    {
        const auto reported = std::exchange(reported_, std::nullopt);
        const bool is_new = !reported || reported->id != frame.id || reported->function != frame.function
            || reported->offset != frame.offset;
        // An exception that is caught in the frame where the step would end, or further out, means
        // that the thread will not come to the mark.
        const bool is_over = cause == Cause::Catch
            ? catching_frame_ && !frame.id.is_above(*catching_frame_)
            : (is_single_ && is_new) || (cause == Cause::Mark && is_target(frame));
        if (!is_over)
            return StepGoesOn {};
        return cause == Cause::Mark && is_target(frame) ? end(frame) : StepEnd {};
    }

protected:
    /// `frames` begin with a guest function's.
    virtual StepPlan plan(Frames frames) = 0;
    /// The thread is at the mark.
    virtual StepEnd end(const Frame&) { return {}; }

    /// Ends before the next instruction.
    StepPlan single()
    {
        is_single_ = true;
        return { .is_single = true };
    }
    /// Ends before the instruction at the place, in the frame if one is given.
    StepPlan to(MarkedPlace place, std::optional<FrameId> frame)
    {
        target_ = place;
        frame_ = catching_frame_ = frame;
        return { .marks = { place } };
    }
    /// Ends before the first instruction of a function whose frame takes the place of `frame`, the
    /// frame of another function that the same host function called.
    StepPlan to_start(Function& function, FrameId frame)
    {
        StepPlan plan = to({ &function, function.meta->code_offset }, frame);
        catching_frame_.reset();
        return plan;
    }
    /// Ends where the caller of the innermost function goes on. If a host function called it to
    /// prepare another call, ends before that call's callee, which would be missed otherwise.
    StepPlan to_caller(Frames frames)
    {
        const HostActivity* const activity = frames.size() > 1 ? frames[1].activity : nullptr;
        if (Function* const callee =
                activity && activity->is_preparing() ? activity->guest_callee() : nullptr)
            return to_start(*callee, frames[0].id);
        const auto caller = std::find_if(frames.begin() + 1, frames.end(), is_guest);
        if (caller == frames.end())
            return {};
        return to(place_in(*caller, caller->offset), caller->id);
    }

private:
    bool is_target(const Frame& frame) const
    {
        return target_ && target_->first == frame.function && target_->second == frame.offset
            && (!frame_ || *frame_ == frame.id);
    }

    /// The frame and instruction that may be reported again.
    std::optional<Frame> reported_;
    bool is_single_ = false;
    std::optional<MarkedPlace> target_;
    std::optional<FrameId> frame_;
    /// The innermost frame in which a caught exception ends the step.
    std::optional<FrameId> catching_frame_;
};

/// One instruction, into calls.
class InstructionStep final : public PlainStep {
    StepPlan plan(Frames) override { return single(); }
};

/// One instruction, with everything that it calls.
class StepOver final : public PlainStep {
    StepPlan plan(Frames frames) override
    {
        const Frame& frame = frames.front();
        ByteReader in(frame.function->module().bytes().subspan(frame.offset), frame.offset);
        const auto instruction = decode_instruction(in);
        ASSERT(instruction);
        if (!frame.is_innermost || info(instruction->op).shape != Shape::Call)
            return single();
        // A tail call ends the frame.
        if (is_tail_call(instruction->op))
            return to_caller(frames);
        return to(place_in(frame, instruction->end), frame.id);
    }
};

/// To the caller of the innermost function.
class StepOut final : public PlainStep {
    StepPlan plan(Frames frames) override
    {
        // What a host function in between has received is not what the caller gets.
        const bool is_direct =
            frames.size() > 1 && is_guest(frames[1]) && frames[1].activation == frames[0].activation;
        function_ = is_direct ? frames[0].function : nullptr;
        return to_caller(frames);
    }

    StepEnd end(const Frame& caller) override
    {
        return { .results = function_ ? results_in(caller, *function_) : nullptr };
    }

    const Function* function_ = nullptr;
};

/// To an instruction of the innermost function, in whichever frame gets there first.
class StepTo final : public PlainStep {
public:
    explicit StepTo(CodeOffset offset) : offset_(offset) {}

private:
    StepPlan plan(Frames frames) override
    {
        const Function& function = *frames.front().function;
        const auto offset = find_instruction_boundary(function.module(), function.index, offset_);
        return offset ? to(place_in(frames.front(), *offset), std::nullopt) : StepPlan {};
    }

    const CodeOffset offset_;
};

} // namespace

std::shared_ptr<Step> make_step(vitrine::debug::ResumeKind kind, CodeOffset offset)
{
    using Kind = vitrine::debug::ResumeKind;
    switch (kind) {
    case Kind::Step: return std::make_shared<InstructionStep>();
    case Kind::StepOver: return std::make_shared<StepOver>();
    case Kind::StepOut: return std::make_shared<StepOut>();
    case Kind::RunTo: return std::make_shared<StepTo>(offset);
    case Kind::Go:
    case Kind::Kill: return nullptr;
    }
    std::unreachable();
}

std::vector<Frame> frames_for_step(const Thread& thread)
{
    std::vector<Frame> frames;
    frames.reserve(2);
    uint32_t guests = 0;
    walk_frames(thread, [&](const Frame& frame) {
        frames.push_back(frame);
        guests += is_guest(frame);
        return guests < 2;
    });
    return frames;
}

} // namespace vitrine::core::debug
