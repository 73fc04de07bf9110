// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/unwind.h"

#include "exec/frame.h"
#include "exec/invoke.h"
#include "runtime/objects.h"

#include <algorithm>

namespace vitrine::core {

namespace {

/// Who catches an exception.
struct Landing {
    Frame frame;
    const Handler* handler;
    const Catch* clause;
};

/// The handler and its clause that catch the exception where the frame is.
std::optional<Landing> find_landing(const Frame& frame, const ExceptionObject& exception)
{
    const Function& function = *frame.function;
    const Module& module = function.module();
    // A caller is behind its call.
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

/// Makes the frame the innermost, with what was thrown on its stack.
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

/// Fires the probe; what is thrown stays alive meanwhile. False when the guest must end.
bool tell(Thread& thread, Cause cause, ExceptionObject& exception)
{
    if (!thread.probe.load())
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
    std::optional<Landing> landing;
    bool is_caught_outside = false;
    walk_frames(thread, [&](const Frame& frame) {
        const bool is_outside = frame.activation + 1 != thread.activations.size();
        if (frame.is_host())
            return true;
        const auto found = find_landing(frame, exception);
        if (!found)
            return true;
        if (is_outside)
            is_caught_outside = true;
        else
            landing = found;
        return false;
    });
    if ((landing || is_caught_outside) && seen.trace.empty()) {
        const bool goes_on = tell(thread, Cause::Throw, exception);
        if (!goes_on || thread.was_moved)
            return goes_on;
    }
    if (landing) {
        land(thread, *landing, exception);
        return tell(thread, Cause::Catch, exception);
    }
    Trap trap = std::move(seen);
    trap.kind = TrapKind::UncaughtException;
    trap.exception = std::make_shared<Root>(thread.store.heap, &exception);
    trap.message = "uncaught " + Value::ref(ValueType::exnref, Ref::of(&exception)).to_text();
    if (is_caught_outside)
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
