// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/invoke.h"

#include "base/guard.h"
#include "exec/driver.h"
#include "exec/frame.h"
#include "exec/instrument.h"
#include "exec/position.h"
#include "exec/trap_detail.h"
#include "exec/unwind.h"
#include "runtime/bounds.h"
#include "runtime/program_view.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>

namespace vitrine::core {

namespace {

/// The maximum number of nested entries. Each uses the host's stack. This many fit in a stack of
/// the usual size, in case `HostThread::has_stack` cannot tell.
constexpr size_t max_activations = 400;

const FuncType& type_of(const Thread& thread, const Function& function)
{
    return *thread.store.engine().types[function.type].func();
}

// These do not lock the registry of types.
size_t param_slots(const Function& function)
{
    return function.is_host() ? slots_of(function.host->type.params) : function.meta->param_slots;
}

size_t result_slots(const Function& function)
{
    return function.is_host() ? slots_of(function.host->type.results) : function.meta->result_slots;
}

/// Makes the thread the current one of its store.
void take_store(Thread& thread)
{
    thread.outer_thread = thread.store.current_thread.load();
    thread.store.current_thread.store(&thread, std::memory_order_release);
}

void give_back_store(Thread& thread)
{
    thread.store.current_thread.store(thread.outer_thread, std::memory_order_release);
}

/// Takes a thread inside while an entry is prepared, and back outside if the entry fails. While the
/// thread is inside, a debugger that has stopped all threads never sees it half changed.
class Entering {
public:
    Entering(Thread& thread, const HostThread& host) : thread_(thread), is_first_(!thread.is_running())
    {
        if (is_first_) [[likely]]
            thread.runner.store(host.id());
        thread.go_inside();
    }
    ~Entering()
    {
        if (is_done_) [[likely]]
            return;
        thread_.go_outside();
        if (is_first_)
            thread_.runner.store({});
    }
    Entering(const Entering&) = delete;
    Entering& operator=(const Entering&) = delete;

    /// Whether this is the outermost activation.
    bool is_first() const { return is_first_; }
    void succeed() { is_done_ = true; }

private:
    Thread& thread_;
    const bool is_first_;
    bool is_done_ = false;
};

/// An interrupt that came before the call is not for it; all other requests are.
[[gnu::noinline]] void drop_interrupt(Thread& thread)
{
    Requests& requests = *thread.requests;
    if ((requests.bits.load() & Requests::interrupt) != 0)
        requests.bits.fetch_and(~Requests::interrupt);
    thread.restore_words();
    if (requests.bits.load() != 0)
        requests.lower_words();
}

/// Takes a stack for the first activation and stores the arguments on it: `put` writes them at an
/// address and returns the one behind them.
template<class Put> OrTrapped<void> enter(Thread& thread, Function& function, const Put& put)
{
    HostThread& host = HostThread::current();
    const auto has_room = [&] { return thread.activations.size() < max_activations && host.has_stack(); };
    if (!thread.store.attempt(Refusable::Entry, has_room)) [[unlikely]]
        return trapped(TrapKind::StackOverflow);
    if (thread.store.is_calling_out()) [[unlikely]]
        return std::unexpected(Trap { .kind = TrapKind::HostError,
            .message = "the guest cannot be called by its store's limiter or the destructor of host data" });
    Entering entering(thread, host);
    // Allocate first, so that nothing is half done when memory runs out.
    if (thread.activations.size() == thread.activations.capacity()) [[unlikely]]
        thread.activations.reserve(2 * thread.activations.size() + 1);
    if (entering.is_first()) [[likely]] {
        if (auto taken = thread.take_stack(host); !taken) [[unlikely]]
            return std::unexpected(Trap { .kind = TrapKind::HostError, .message = taken.error().message });
        take_store(thread);
        thread.control = thread.stack->control_top();
        thread.free = thread.stack->values();
        if (!thread.has_no_requests()) [[unlikely]]
            drop_interrupt(thread);
    } else if (thread.free >= thread.stack->limit()) {
        return trapped(TrapKind::StackOverflow);
    }
    thread.activations.emplace_back(thread.control, &function, thread.state, thread.free, thread.host,
        thread.host_call_offset, thread.continuations.size());
    thread.state = { nullptr, 0, 0, thread.free, put(thread.free) };
    thread.is_after_host = thread.host != nullptr;
    thread.host = nullptr;
    entering.succeed();
    return {};
}

/// Removes the innermost activation and everything that belongs to it.
void leave(Thread& thread)
{
    const Activation& activation = thread.activations.back();
    thread.control = activation.base;
    thread.free = activation.outer_free;
    thread.host = activation.host;
    thread.host_call_offset = activation.host_call_offset;
    thread.forget_frames();
    if (thread.activations.size() > 1) [[unlikely]] {
        thread.continuations.resize(activation.continuations);
        thread.state = activation.outer;
        thread.activations.pop_back();
        if (thread.host)
            thread.go_outside();
        return;
    }
    // Copying the outer state would stall the processor: it was written a moment ago in smaller
    // pieces.
    thread.state = {};
    thread.continuations.clear();
    thread.activations.pop_back();
    thread.give_back_stack(HostThread::current());
    thread.is_killed = false;
    give_back_store(thread);
    thread.go_outside();
    // From here on the probes may be detached and destroyed.
    thread.runner.store({}, std::memory_order_release);
}

/// How a call ended, without its results.
using Ended = std::variant<Returned, Trap, Suspended>;

/// Ends the activation, unless the call is suspended. `take` reads the results at an address.
template<class Take> Ended finish(Thread& thread, RunEnd end, const Take& take)
{
    if (end == RunEnd::Suspended) [[unlikely]] {
        give_back_store(thread);
        return Suspended {};
    }
    if (end == RunEnd::Trapped) [[unlikely]] {
        leave(thread);
        return std::move(thread.trap);
    }
    take(thread.activations.back().outer_free);
    leave(thread);
    return Returned {};
}

std::vector<Value> load_values(const FuncType& type, const Slot* from)
{
    std::vector<Value> values;
    values.reserve(type.results.size());
    for (const ValueType result : type.results) {
        values.push_back(load_value(result, from));
        from += result.slots();
    }
    return values;
}

CallEnd with_results(Ended end, std::vector<Value> results)
{
    if (auto* const trap = std::get_if<Trap>(&end))
        return std::move(*trap);
    if (std::holds_alternative<Suspended>(end))
        return Suspended {};
    return results;
}

/// Runs an entry into the guest. If a C++ exception comes out of it, ends the activation above
/// `depth`, if there still is one, and returns the exception as a trap.
template<class Run> Ended guarded_call(Thread& thread, size_t depth, const Run& run)
{
    return guarded(run, [&](Thrown thrown) -> Ended {
        if (thread.activations.size() > depth)
            leave(thread);
        return trap_of(std::move(thrown));
    });
}

/// Calls a function. `put` and `take` are those of `enter` and `finish`.
template<class Put, class Take>
Ended call_function(Thread& thread, Function& function, const Put& put, const Take& take)
{
    return guarded_call(thread, thread.activations.size(), [&]() -> Ended {
        if (auto entered = enter(thread, function, put); !entered) [[unlikely]]
            return std::move(entered).error();
        return finish(thread, run_call(thread, function), take);
    });
}

/// Makes a call for a probe. What the probe looks at is kept: the call may trap and throw itself.
/// A call that traps does not end the program that was only looked at.
template<class Call> Ended call_for_probe(Thread& thread, const Call& call)
{
    return guarded(
        [&] {
            std::unique_ptr<ProgramView::State> program;
            if (const ProgramView* const view = thread.store.program_view)
                program = view->save();
            auto kept = std::pair(std::move(thread.trap), thread.thrown);
            Ended end = call();
            std::tie(thread.trap, thread.thrown) = std::move(kept);
            if (program && std::holds_alternative<Trap>(end))
                thread.store.program_view->restore(*program);
            return end;
        },
        [](Thrown thrown) -> Ended { return trap_of(std::move(thrown)); });
}

/// Calls a function, for the embedder, a host function or a probe. `put` and `take` are those of
/// `enter` and `finish`.
template<class Put, class Take>
Ended call(Thread& thread, Function& function, const Put& put, const Take& take)
{
    const auto make_call = [&] { return call_function(thread, function, put, take); };
    // Only a probe calls while no host function runs.
    if (thread.is_running() && !thread.host) [[unlikely]]
        return call_for_probe(thread, make_call);
    return make_call();
}

/// Ends a call that has suspended where that is not possible.
Trap cancel(Thread& thread)
{
    cancel_call(thread);
    return { .kind = TrapKind::HostError, .message = "a host function cannot suspend in this call" };
}

} // namespace

CallEnd start_call(Thread& thread, Function& function, std::span<const Value> arguments)
{
    std::vector<Value> results;
    Ended end = call(
        thread, function, [&](Slot* to) { return store_values(arguments, to); },
        [&](const Slot* from) { results = load_values(type_of(thread, function), from); });
    return with_results(std::move(end), std::move(results));
}

CallEnd resume_call(Thread& thread, std::span<const Value> results)
{
    ASSERT(thread.activations.size() == 1 && thread.host);
    thread.runner.store(HostThread::current().id());
    take_store(thread);
    thread.go_inside();
    store_values(results, thread.state.sp);
    const Function& host = *std::exchange(thread.host, nullptr);
    const Function& entered = *thread.activations.front().function;
    std::vector<Value> loaded;
    Ended end = guarded_call(thread, 0, [&] {
        return finish(thread, run_resumed(thread, host),
            [&](const Slot* from) { loaded = load_values(type_of(thread, entered), from); });
    });
    return with_results(std::move(end), std::move(loaded));
}

void cancel_call(Thread& thread)
{
    ASSERT(thread.activations.size() == 1 && thread.host);
    take_store(thread);
    thread.go_inside();
    leave(thread);
}

OrTrapped<std::vector<Value>> invoke(Thread& thread, Function& function, std::span<const Value> arguments)
{
    CallEnd end = start_call(thread, function, arguments);
    if (auto* results = std::get_if<std::vector<Value>>(&end))
        return std::move(*results);
    if (auto* trap = std::get_if<Trap>(&end))
        return std::unexpected(std::move(*trap));
    return std::unexpected(cancel(thread));
}

namespace {

/// Like `std::copy_n`, without a call of the C library for the few slots that most calls have.
Slot* copy_slots(const Slot* from, size_t count, Slot* to)
{
    if (count > 3)
        return std::copy_n(from, count, to);
    if (count > 0)
        to[0] = from[0];
    if (count > 1)
        to[1] = from[1];
    if (count > 2)
        to[2] = from[2];
    return to + count;
}

} // namespace

// Flattened, because the steps of a call take less time than calling them.
[[gnu::flatten]] OrTrapped<void> invoke_slots(Thread& thread, Function& function, Slot* slots)
{
    Ended end = call(
        thread, function, [&](Slot* to) { return copy_slots(slots, param_slots(function), to); },
        [&](const Slot* from) { copy_slots(from, result_slots(function), slots); });
    if (auto* const trap = std::get_if<Trap>(&end))
        return std::unexpected(std::move(*trap));
    if (std::holds_alternative<Suspended>(end))
        return std::unexpected(cancel(thread));
    return {};
}

namespace {

/// Makes the thread count as running, so that its probes are not detached meanwhile.
class Running {
public:
    explicit Running(Thread& thread) : thread_(thread), was_running_(thread.is_running())
    {
        if (!was_running_)
            thread.runner.store(HostThread::current().id());
    }
    ~Running()
    {
        if (!was_running_)
            thread_.runner.store({});
    }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

private:
    Thread& thread_;
    const bool was_running_;
};

/// Makes an instance with `make` and reports it to the probes.
template<class Make> std::expected<Instance*, Failure> make_instance(Thread& thread, const Make& make)
{
    const Running running(thread);
    // Count as executing guest code, as a debugger that stops all threads must not see the store
    // half changed. The thread may already be inside.
    const bool was_outside = thread.execution.load() == Execution::Outside;
    if (was_outside)
        thread.go_inside();
    auto instance = guarded(make, [](Thrown thrown) -> std::expected<Instance*, Failure> {
        return std::unexpected(Error { std::move(thrown.text) });
    });
    if (was_outside)
        thread.go_outside();
    if (!instance || thread.probes.is_empty())
        return instance;
    thread.probes.on_instance(**instance);
    if (!fire(thread, Cause::Load)) {
        // `leave` normally clears this, but here there may be no activation to leave.
        thread.is_killed = thread.is_killed && thread.is_running();
        return std::unexpected(std::move(thread.trap));
    }
    return instance;
}

/// Makes an instance with `make`, reports it to the probes, and runs its start function.
template<class Make> std::expected<Instance*, Failure> instantiate_with(Thread& thread, const Make& make)
{
    auto instance = make_instance(thread, make);
    if (!instance)
        return instance;
    if (const auto start = (*instance)->module->start) {
        auto ran = invoke(thread, *(*instance)->functions[start->value], {});
        if (!ran)
            return std::unexpected(std::move(ran).error());
    }
    return instance;
}

} // namespace

std::expected<Instance*, Failure> instantiate(
    Thread& thread, const Linker& linker, std::shared_ptr<const Module> module)
{
    return instantiate_with(thread, [&] { return linker.instantiate(thread.store, std::move(module)); });
}

std::expected<Instance*, Failure> instantiate(
    Thread& thread, std::shared_ptr<const Module> module, std::span<const Extern> imports)
{
    return instantiate_with(
        thread, [&] { return core::instantiate(thread.store, std::move(module), imports); });
}

bool poll_in_host(Thread& thread)
{
    if (thread.requests->bits.load() & (Requests::interrupt | Requests::over))
        return false;
    return thread.requests->bits.load() == 0 || handle_requests(thread);
}

bool fire(Thread& thread, Cause cause)
{
    thread.was_moved = false;
    if (thread.probes.is_empty())
        return true;
    thread.forget_frames();
    if (!thread.host)
        thread.free = thread.state.sp;
    const Wish wish = thread.probes.fire(thread, cause);
    thread.forget_frames();
    thread.was_moved = wish == Wish::Move || wish == Wish::Throw;
    if (wish == Wish::Kill) {
        thread.is_killed = true;
        thread.trap = { .kind = TrapKind::Killed, .trace = trace_of(thread) };
    }
    if (thread.is_killed || wish == Wish::Fail)
        return false;
    if (wish != Wish::Throw)
        return true;
    return thread.was_moved = throw_exception(thread, *thread.thrown);
}

bool fire_watch(Thread& thread, std::span<const TouchedRange> touched)
{
    // A stop inside a call that the probe makes has its own list.
    const auto outer = std::exchange(thread.touched, touched);
    const bool goes_on = fire(thread, Cause::Watch);
    thread.touched = outer;
    return goes_on;
}

bool handle_requests(Thread& thread)
{
    thread.was_moved = false;
    thread.restore_words();
    const uint32_t bits = thread.requests->bits.fetch_and(Requests::over);
    if (bits & Requests::over)
        thread.requests->lower_words();
    if (bits & (Requests::interrupt | Requests::over))
        return raise(thread, { .kind = TrapKind::Interrupted });
    if (bits & Requests::pause) {
        if (!fire(thread, Cause::Pause))
            return false;
        if (thread.was_moved)
            return true;
    }
    if (position_of(thread).tick < thread.stop_tick())
        return true;
    set_stop_tick(thread, UINT64_MAX);
    return fire(thread, Cause::Tick);
}

bool handle_requests_at_loop(Thread& thread)
{
    --thread.requests->tick;
    const bool goes_on = handle_requests(thread);
    if (goes_on && !thread.was_moved)
        ++thread.requests->tick;
    return goes_on;
}

bool raise(Thread& thread, Trap trap)
{
    thread.trap = std::move(trap);
    if (thread.trap.kind == TrapKind::Interrupted && thread.requests->is_over())
        thread.trap = thread.requests->ending();
    // A trap that passes through a host function was already reported where it began.
    if (std::exchange(thread.trap.is_told, true))
        return false;
    if (thread.trap.message.empty())
        thread.trap.message = trap_with_detail(thread.trap.kind, detail_of(thread, thread.trap.kind)).message;
    thread.trap.trace = trace_of(thread);
    return thread.trap.kind != TrapKind::Killed && fire(thread, Cause::Trap) && thread.was_moved;
}

} // namespace vitrine::core
