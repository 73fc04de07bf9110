// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/frame.h"

#include <ranges>

namespace vitrine::core {

namespace {

/// Calls `visit` with each frame, innermost first, until it answers false.
template<class Visit> void walk(const Thread& thread, Visit visit)
{
    GuestState state = thread.state;
    const Function* host = thread.host;
    const Record* control = thread.control;
    size_t continuations = thread.continuations.size();
    auto activation = static_cast<uint32_t>(thread.activations.size());
    const auto visit_guest = [&](bool is_innermost) {
        const FuncMeta& meta = *state.function->meta;
        return visit(Frame { state.function, meta.body_offset + state.offset,
            static_cast<uint32_t>(meta.first_branch + state.entry), state.fp, state.sp, control, is_innermost,
            activation, &thread });
    };
    const auto visit_host = [&](const Function* function) {
        return visit(Frame { .function = function, .activation = activation, .thread = &thread });
    };
    for (const Activation& entered : thread.activations | std::views::reverse) {
        --activation;
        // A host function with a guest below it; one that the embedder called has none.
        if (host && state.function && !visit_host(host))
            return;
        if (state.function && !visit_guest(host == nullptr))
            return;
        for (; control != entered.base; ++control) {
            if (control->return_to == ReturnTo::HostContinuation
                && !visit_host(thread.continuations[--continuations].first))
                return;
            state = { control->function, control->offset, control->entry, control->fp, state.fp };
            if (!state.function)
                continue;
            ++control;
            const bool go_on = visit_guest(false);
            --control;
            if (!go_on)
                return;
        }
        state = entered.outer;
        host = entered.host;
    }
}

} // namespace

void walk_frames(const Thread& thread, const std::function<bool(const Frame&)>& visit)
{
    walk(thread, visit);
}

std::vector<Frame> frames_of(const Thread& thread, size_t limit)
{
    std::vector<Frame> frames;
    if (limit != 0)
        walk(thread, [&](const Frame& frame) {
            frames.push_back(frame);
            return frames.size() < limit;
        });
    return frames;
}

size_t depth_of(const Thread& thread)
{
    size_t depth = 0;
    walk(thread, [&](const Frame&) { return ++depth; });
    return depth;
}

std::vector<TraceEntry> trace_of(const Thread& thread)
{
    std::vector<TraceEntry> trace;
    walk(thread, [&](const Frame& frame) {
        if (!frame.is_host())
            trace.push_back({ frame.function, frame.offset });
        return trace.size() < Trap::max_trace;
    });
    return trace;
}

} // namespace vitrine::core
