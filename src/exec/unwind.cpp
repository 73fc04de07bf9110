// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/unwind.h"

#include "exec/frame.h"
#include "exec/invoke.h"
#include "runtime/objects.h"

#include <algorithm>

namespace vitrine::core {

namespace {

/// The frame and the clause that catch an exception.
struct Landing {
    Frame frame;
    const Handler* handler;
    const Catch* clause;
};

/// Finds the innermost handler at the frame's offset with a clause that catches the exception.
std::optional<Landing> find_landing(const Frame& frame, const ExceptionObject& exception)
{
    const Function& function = *frame.function;
    const Module& module = function.module();
    // The offset of a caller is the instruction after its call.
    const CodeOffset offset = frame.is_innermost ? frame.offset : frame.offset - 1;
    CodeOffset latest_begin = UINT32_MAX;
    for (uint32_t i = 0; i < function.meta->handler_count; ++i) {
        const Handler& handler = module.handlers[function.meta->first_handler + i];
        if (offset < handler.begin || offset >= handler.end || handler.begin > latest_begin)
            continue;
        latest_begin = std::min(latest_begin, handler.delegates_to);
        for (uint32_t at = handler.first_catch; at != Catch::none; at = module.catches[at].next) {
            const Catch& clause = module.catches[at];
            if (clause.tag == Catch::any_tag || function.instance->tags[clause.tag] == exception.tag)
                return Landing { frame, &handler, &clause };
        }
    }
    return std::nullopt;
}

/// Searches for the frame that catches an exception, from the innermost one outwards.
class Search {
public:
    Search(const Thread& thread, const ExceptionObject& exception)
        : thread_(thread), exception_(exception), activation_(thread.activations.size() - 1)
    {
        walk_frames(thread, [this](const Frame& frame) { return look_at(frame); });
    }

    /// The frame that catches it, if no host function is in between: the frames above can be
    /// unwound at once.
    std::optional<Landing> landing;
    /// A frame further out catches it, provided that the host functions in between rethrow it.
    bool is_caught_outside = false;

private:
    bool look_at(const Frame& frame)
    {
        for (; frame.activation < activation_; --activation_)
            if (const Function* const host = thread_.activations[activation_].host; !pass(host))
                return false;
        if (frame.is_host())
            return pass(frame.function);
        const auto found = find_landing(frame, exception_);
        if (found && is_outside_)
            is_caught_outside = true;
        else
            landing = found;
        return !found;
    }

    /// Passes a host function. An exception that its callee does not catch reaches it as a trap.
    /// Returns false if the host function cannot rethrow it.
    bool pass(const Function* host)
    {
        is_outside_ = true;
        return !host || !host->host->is_boundary;
    }

    const Thread& thread_;
    const ExceptionObject& exception_;
    size_t activation_;
    bool is_outside_ = false;
};

/// Makes the catching frame the innermost one, with the exception's values on its stack.
void land(Thread& thread, const Landing& landing, const ExceptionObject& exception)
{
    const Frame& frame = landing.frame;
    const Catch& clause = *landing.clause;
    Slot* sp = frame.operands() + clause.height;
    if (clause.tag != Catch::any_tag)
        sp = std::copy_n(exception.values(), exception.type->slots, sp);
    if (clause.pushes_exception)
        *sp++ = Ref::of(&exception).bits;
    if (landing.handler->hidden_slot != Catch::none)
        frame.fp[landing.handler->hidden_slot] = Ref::of(&exception).bits;
    cut_to(thread, frame, sp);
    move_to(thread, clause.target, clause.entry, sp);
}

/// Fires the probe and keeps the exception alive meanwhile. Returns false when the guest must end.
bool tell(Thread& thread, Cause cause, ExceptionObject& exception)
{
    if (thread.probes.is_empty())
        return true;
    const Root root(thread.store.heap, &exception);
    thread.thrown = &exception;
    const bool goes_on = fire(thread, cause);
    thread.thrown = nullptr;
    return goes_on;
}

} // namespace

bool throw_exception(Thread& thread, ExceptionObject& exception, Trap seen)
{
    const Search found(thread, exception);
    if ((found.landing || found.is_caught_outside) && !seen.is_told) {
        const bool goes_on = tell(thread, Cause::Throw, exception);
        if (!goes_on || thread.was_moved)
            return goes_on;
    }
    if (found.landing) {
        land(thread, *found.landing, exception);
        return tell(thread, Cause::Catch, exception);
    }
    Trap trap = std::move(seen);
    trap.kind = TrapKind::UncaughtException;
    trap.exception = std::make_shared<Root>(thread.store.heap, &exception);
    trap.message = "uncaught " + Value::ref(ValueType::exnref, Ref::of(&exception)).to_text();
    if (found.is_caught_outside && !std::exchange(trap.is_told, true))
        trap.trace = trace_of(thread);
    return raise(thread, std::move(trap));
}

bool throw_new_exception(Thread& thread, const Tag& tag)
{
    ExceptionObject* exception = exception_new(thread.store.heap, tag, thread.state.sp - tag.type->slots);
    if (!exception)
        return raise(thread, { .kind = TrapKind::OutOfMemory });
    return throw_exception(thread, *exception);
}

} // namespace vitrine::core
