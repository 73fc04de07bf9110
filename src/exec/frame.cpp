// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/frame.h"

#include <algorithm>
#include <ranges>

namespace vitrine::core {

/// Walks the frames of a thread, innermost first.
class FrameWalk {
public:
    /// Calls `visit` with each frame until it returns false.
    template<class Visit> static void run(const Thread& thread, Visit visit)
    {
        GuestState state = thread.state;
        const Function* host = thread.host;
        Record* control = thread.control;
        size_t continuations = thread.continuations.size();
        auto activation = static_cast<uint32_t>(thread.activations.size());
        const auto visit_guest = [&](Record* record, bool is_innermost) {
            const FuncMeta& meta = *state.function->meta;
            return visit(Frame { state.function, meta.body_offset + state.offset,
                static_cast<uint32_t>(meta.first_branch + state.entry), state.fp, state.sp, FrameId(record),
                is_innermost, activation, &thread });
        };
        const auto visit_host = [&](const Function* function, const HostActivity* activity = nullptr) {
            return visit(Frame {
                .function = function, .activation = activation, .thread = &thread, .activity = activity });
        };
        for (const Activation& entered : thread.activations | std::views::reverse) {
            --activation;
            // A host function that the embedder called directly is not a frame while it runs.
            if (host && (state.function || control != entered.base) && !visit_host(host))
                return;
            if (state.function && !visit_guest(control, host == nullptr))
                return;
            for (; control != entered.base; ++control) {
                if (control->return_to().is_host_function()) {
                    const WaitingHost& waiting = thread.continuations[--continuations];
                    if (!visit_host(waiting.function, waiting.activity))
                        return;
                    state = control->caller(waiting.slots);
                } else {
                    Instance* const instance = state.function ? state.function->instance : nullptr;
                    state = caller_in(thread, *control, state.fp, instance);
                }
                if (state.function && !visit_guest(control + 1, false))
                    return;
            }
            state = entered.outer;
            host = entered.host;
        }
    }

    /// See `caller_of`. `instance` may be null when the record has no site.
    static GuestState caller_in(
        const Thread& thread, const Record& record, Slot* callee_fp, Instance* instance)
    {
        if (!record.return_to().is_site())
            return record.caller(callee_fp);
        ASSERT(thread.sites);
        const Record::CallerSite at = record.site(instance);
        const Site* const site = thread.sites->find(at.address);
        ASSERT(site && at.instance);
        return { at.instance->functions[site->function.value], site->offset, site->entry,
            callee_fp - site->fp_slots, callee_fp };
    }
};

Record* record_of(const FrameId& id) { return id.record_; }

void walk_frames(const Thread& thread, const std::function<bool(const Frame&)>& visit)
{
    FrameWalk::run(thread, visit);
}

std::vector<Frame> frames_of(const Thread& thread, size_t limit)
{
    std::vector<Frame> frames;
    if (limit != 0)
        FrameWalk::run(thread, [&](const Frame& frame) {
            frames.push_back(frame);
            return frames.size() < limit;
        });
    return frames;
}

std::optional<Frame> innermost_frame(const Thread& thread)
{
    std::optional<Frame> innermost;
    FrameWalk::run(thread, [&](const Frame& frame) {
        innermost = frame;
        return false;
    });
    return innermost;
}

size_t depth_of(const Thread& thread)
{
    size_t depth = 0;
    FrameWalk::run(thread, [&](const Frame&) { return ++depth; });
    return depth;
}

std::vector<TraceEntry> trace_of(const Thread& thread)
{
    std::vector<TraceEntry> trace;
    FrameWalk::run(thread, [&](const Frame& frame) {
        if (!frame.is_host())
            trace.push_back({ frame.function, frame.offset });
        return trace.size() < Trap::max_trace;
    });
    return trace;
}

bool is_alive(const Frame& frame)
{
    bool is_found = false;
    FrameWalk::run(*frame.thread, [&](const Frame& other) {
        is_found = other.id == frame.id && other.function == frame.function;
        return !is_found && (other.is_host() || !frame.id.is_above(other.id));
    });
    return is_found;
}

GuestState caller_of(const Thread& thread, const Record& record, Slot* callee_fp, Instance& instance)
{
    return FrameWalk::caller_in(thread, record, callee_fp, &instance);
}

void fill_in(const Thread& thread, Record& record, Slot* callee_fp, Instance& instance)
{
    if (!record.return_to().is_site())
        return;
    const GuestState caller = caller_of(thread, record, callee_fp, instance);
    record = Record(ReturnTo::interpreter(), caller.fp, caller.function, caller.offset, caller.entry);
}

void fill_in_frames(Thread& thread, const Function* function)
{
    GuestState state = thread.state;
    Record* control = thread.control;
    for (const Activation& entered : thread.activations | std::views::reverse) {
        for (; control != entered.base; ++control) {
            const bool is_site = control->return_to().is_site();
            Instance* const instance = state.function ? state.function->instance : nullptr;
            state = FrameWalk::caller_in(thread, *control, state.fp, instance);
            if (is_site && (!function || function == state.function))
                *control =
                    Record(ReturnTo::interpreter(), state.fp, state.function, state.offset, state.entry);
        }
        state = entered.outer;
    }
}

std::optional<ReturnPlace> return_place_of(const Frame& frame)
{
    const Record& record = *record_of(frame.id);
    if (record.return_to().is_host() || record.return_to().is_host_function())
        return std::nullopt;
    const GuestState caller = caller_of(*frame.thread, record, frame.fp, *frame.function->instance);
    return ReturnPlace { caller.function, caller.function->meta->body_offset + caller.offset };
}

bool waits_host_function_for(const Frame& frame)
{
    return record_of(frame.id)->return_to().is_host_function();
}

WaitingHost cut_to_waiting_host(Thread& thread)
{
    const WaitingHost waiting = thread.continuations.back();
    thread.continuations.pop_back();
    thread.control = waiting.record;
    thread.state = pop_record(thread).caller(waiting.slots);
    thread.forget_frames();
    return waiting;
}

void cut_to(Thread& thread, const Frame& frame, Slot* sp)
{
    Record* const record = record_of(frame.id);
    while (!thread.continuations.empty() && thread.continuations.back().record < record)
        thread.continuations.pop_back();
    thread.control = record;
    const FuncMeta& meta = *frame.function->meta;
    thread.state = { const_cast<Function*>(frame.function), frame.offset - meta.body_offset,
        frame.entry - meta.first_branch, frame.fp, sp };
    thread.free = sp;
    thread.forget_frames();
}

void cut_to_caller(Thread& thread, const Frame& frame, Slot* sp)
{
    cut_to(thread, frame, sp);
    const Record& record = *thread.control++;
    ASSERT(!record.return_to().is_host_function());
    thread.state = caller_of(thread, record, frame.fp, *frame.function->instance);
    thread.state.sp = sp;
}

void move_to(Thread& thread, CodeOffset offset, uint32_t entry, Slot* sp)
{
    const FuncMeta& meta = *thread.state.function->meta;
    thread.state.offset = offset - meta.body_offset;
    thread.state.entry = entry - meta.first_branch;
    thread.state.sp = thread.free = sp;
    thread.forget_frames();
}

} // namespace vitrine::core
