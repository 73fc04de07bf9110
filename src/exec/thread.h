// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "exec/guest_stack.h"
#include "exec/probes.h"
#include "exec/sites.h"
#include "exec/tier.h"
#include "exec/watch.h"
#include "runtime/store.h"

#include <atomic>
#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <thread>
#include <vector>

namespace vitrine::core {

/// A guest frame between two instructions.
struct GuestState {
    /// Null where no guest function has been entered.
    Function* function = nullptr;
    /// The next instruction, from the body's first byte, and the side table's cursor there.
    uint32_t offset = 0;
    uint32_t entry = 0;
    Slot* fp = nullptr;
    /// Behind the last operand.
    Slot* sp = nullptr;
};

/// The words of `Requests` that running code looks at. Machine code knows the offsets.
struct RequestWords {
    std::atomic<uint32_t> bits = 0;
    /// Frames must end below it. Lowered to null by a request.
    std::atomic<Slot*> limit = nullptr;
    /// Belongs to a tier that compiles.
    void* machine = nullptr;
    /// For machine code that counts: the ticks left until it must look up.
    int64_t ticks = 0;
    /// From this tick on the guest looks up at each tick. Lowered to 0 by a request.
    std::atomic<uint64_t> stop_tick = UINT64_MAX;
    /// What the guest has counted (exec/position.h). Only its own thread uses it.
    uint64_t tick = 0;
};
static_assert(offsetof(RequestWords, bits) == 0 && offsetof(RequestWords, limit) == 8
    && offsetof(RequestWords, machine) == 16 && offsetof(RequestWords, ticks) == 24
    && offsetof(RequestWords, stop_tick) == 32 && offsetof(RequestWords, tick) == 40);

/// What was asked of a running guest, from any thread or a signal handler. The guest notices it at function entries and
/// loop headers: a request sets its bit and then lowers the stack's limit and the stop tick, which these compare anyway.
/// Host functions that block wait for `wake_fd` too.
class Requests : public RequestWords {
public:
    static constexpr uint32_t interrupt = 1;
    static constexpr uint32_t pause = 2;
    /// The process of the guest has ended, in another thread: for good.
    static constexpr uint32_t over = 4;

    Requests() = default;
    ~Requests();
    Requests(const Requests&) = delete;
    Requests& operator=(const Requests&) = delete;

    void add(uint32_t bit) noexcept;
    /// Makes the guest look up at the next entry or loop header. Again, if a bit is still set.
    void lower_words() noexcept
    {
        limit.store(nullptr);
        stop_tick.store(0);
    }
    /// The guest ends with this trap, also whenever it is called again. Once; before other threads can see the bit.
    void end(Trap with);
    bool is_over() const { return (bits.load() & over) != 0; }
    /// What it ended with.
    const Trap& ending() const { return ending_; }
    /// An eventfd that becomes readable with a request; made at the first call, which is the store's thread's.
    int wake_fd();

private:
    std::atomic<int> wake_fd_ = -1;
    Trap ending_;
};

/// Whether a thread with a probe executes guest code just now. A host function, a thread that sleeps in the probe and one
/// that has not been entered are `Outside`: then the thread's state is complete, and stays as it is until the thread is `Inside` again.
enum class Execution : uint8_t { Outside, Inside };

/// One entry from the host into the guest: the frames above `base` belong to it. Entries nest through host functions.
struct Activation {
    /// The control stack before the entry.
    Record* base;
    /// The function that was entered.
    Function* function;
    /// The frame of the activation below, which waits for the host function.
    GuestState outer;
    Slot* outer_free;
    /// The host function of the activation below that made this entry; null when there is none.
    const Function* host;
    /// The call instruction that called that one.
    uint32_t host_call_offset;
    size_t continuations;
};

/// A host function that waits for a call it asked for.
struct WaitingHost {
    const Function* function;
    /// What it does with the results.
    HostContinuation then;
    /// The call instruction that called it, from the body's first byte.
    uint32_t call_offset;
    /// Its arguments and results.
    Slot* slots;
    /// The record of the call that it waits for.
    Record* record;
};

/// A guest thread: its stacks and state, and what the tiers need at hand. Belongs to one store, which may have several, of which one
/// at a time executes; used by one host thread at a time, `requests` excepted.
class Thread {
public:
    Thread(Store& store, Tier& tier, StackPool& stacks);
    ~Thread();
    Thread(const Thread&) = delete;
    Thread& operator=(const Thread&) = delete;

    Store& store;
    Tier& tier;

    // For exec and the tiers.
    StackPool& stacks;
    /// The innermost frame, whenever no instruction is being executed.
    GuestState state;
    /// Top of the control stack.
    Record* control = nullptr;
    /// First slot that is not in use, whenever no instruction is being executed: arguments of a nested entry start here.
    Slot* free = nullptr;
    std::unique_ptr<GuestStack> stack;
    std::vector<Activation> activations;
    /// Innermost last.
    std::vector<WaitingHost> continuations;
    /// The call instruction that called it, from the body's first byte; `state` is already behind it.
    uint32_t host_call_offset = 0;
    /// A host function has run since the last instruction: what is watched may have changed.
    bool is_after_host = false;
    /// The store's current thread before the outermost activation.
    Thread* outer_thread = nullptr;
    /// With `RunEnd::Handed`: where the guest is.
    Handed handed = Handed::Call;
    /// The return addresses of the tier that compiles; null when there is none.
    const Sites* sites = nullptr;

    // For probes, and for whoever controls the thread.
    /// The host function being called; null while guest code runs.
    const Function* host = nullptr;
    std::shared_ptr<Requests> requests = std::make_shared<Requests>();
    /// Why the last run ended or is about to end.
    Trap trap;
    /// What is being thrown, while a probe looks at it.
    ExceptionObject* thrown = nullptr;
    Probes probes;
    /// Kept up to date only while there is a probe. To stop the thread, request a pause first and then look at this;
    /// the thread sets `Inside` first and then looks at its requests.
    std::atomic<Execution> execution = Execution::Outside;
    /// The host thread that made the outermost activation.
    std::atomic<std::thread::id> runner {};
    /// The probe moved the guest, for whoever would go on in the middle of an instruction.
    bool was_moved = false;
    /// The probe wished the guest's end: every activation ends with `Killed`, whatever host functions make of it.
    bool is_killed = false;
    /// What the last instruction touched of it, while a probe looks at that.
    std::span<const TouchedRange> touched;

    bool is_running() const { return !activations.empty(); }
    /// Nested entries from the host into the guest.
    size_t depth() const { return activations.size(); }
    /// Whether the guest is between two of its own instructions: not in a host function, not outside of all functions.
    bool is_at_instruction() const { return !host && state.function; }
    /// Whether a probe fires before every instruction, and whether that of a role does. Set by exec/instrument.h, as are the
    /// watches.
    bool is_any_stepping() const { return stepping_ != 0; }
    bool is_stepping(ProbeRole role = ProbeRole::Session) const
    {
        return (stepping_ >> static_cast<uint32_t>(role) & 1) != 0;
    }
    /// What is watched; null when nothing is.
    const Watches* watches() const { return watches_; }
    /// Grows whenever guest code runs or frames change: what was learnt of frames at another generation is stale.
    uint64_t generation() const { return generation_; }
    /// Function entries and loop headers so far: see exec/position.h.
    uint64_t tick() const { return requests->tick; }
    /// Where the probe fires with `Cause::Tick`; `UINT64_MAX` for nowhere. Set by exec/instrument.h.
    uint64_t stop_tick() const { return stop_tick_; }
    void forget_frames() { ++generation_; }
    /// Has a stack for the next call: the error is that there is none to have.
    Result<void> take_stack();
    /// Guest code is about to be executed, or the host's again.
    void go_inside()
    {
        if (probes.is_empty())
            return;
        execution.store(Execution::Inside);
        if (requests->bits.load() & Requests::pause)
            probes.wait_outside(*this);
    }
    void go_outside()
    {
        if (execution.load() != Execution::Outside)
            execution.store(Execution::Outside);
    }
    /// What `memory.atomic.wait` sleeps on: an eventfd, made at the first call.
    int wait_fd();

    /// The words that requests have lowered, restored. Call before looking at the request bits.
    void restore_words()
    {
        requests->limit.store(stack ? stack->limit() : nullptr);
        requests->stop_tick.store(stop_tick_);
    }

private:
    friend void set_stepping(Thread& thread, bool is_stepping, ProbeRole role);
    friend void set_watches(Thread& thread, const Watches* watches);
    friend void set_stop_tick(Thread& thread, uint64_t tick);

    void mark_roots(Marker& marker);
    const std::vector<uint32_t>& managed_slots(const Function& function, CodeOffset offset);

    /// A bit for each role.
    uint8_t stepping_ = 0;
    const Watches* watches_ = nullptr;
    uint64_t stop_tick_ = UINT64_MAX;
    uint64_t generation_ = 0;
    int wait_fd_ = -1;
    /// By body and offset: the slots of a frame, from `fp`, that hold references which the collector follows.
    std::map<std::pair<const FuncMeta*, CodeOffset>, std::vector<uint32_t>> managed_slots_;
};

} // namespace vitrine::core
