// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "exec/host_thread.h"
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
    /// Null when no guest function has been entered.
    Function* function = nullptr;
    /// The next instruction, relative to the body's first byte, and the side table's cursor there.
    uint32_t offset = 0;
    uint32_t entry = 0;
    Slot* fp = nullptr;
    /// One past the last operand.
    Slot* sp = nullptr;
};

/// The words of `Requests` that running code polls. Machine code relies on their offsets.
struct RequestWords {
    std::atomic<uint32_t> bits = 0;
    /// Frames must end below this slot. A request lowers it to null.
    std::atomic<Slot*> limit = nullptr;
    /// Belongs to a compiling tier.
    void* machine = nullptr;
    /// For compiled code that counts ticks: how many are left until it must poll.
    int64_t ticks = 0;
    /// The guest polls at each tick from this one on. A request lowers it to 0.
    std::atomic<uint64_t> stop_tick = UINT64_MAX;
    /// The ticks counted so far (exec/position.h). Only the guest's own thread uses it.
    uint64_t tick = 0;
    // What machine code calls to leave itself, and to call C++ functions. They belong to a
    // compiling tier.
    const void* exit = nullptr;
    const void* call_other = nullptr;
    const void* call_out = nullptr;
};
static_assert(offsetof(RequestWords, bits) == 0 && offsetof(RequestWords, limit) == 8
    && offsetof(RequestWords, machine) == 16 && offsetof(RequestWords, ticks) == 24
    && offsetof(RequestWords, stop_tick) == 32 && offsetof(RequestWords, tick) == 40
    && offsetof(RequestWords, exit) == 48 && offsetof(RequestWords, call_other) == 56
    && offsetof(RequestWords, call_out) == 64);

/// Requests to a running guest, from any thread or a signal handler. The guest polls at function
/// entries and loop headers: a request sets its bit and then lowers the stack limit and the stop
/// tick, which are compared there anyway. Host functions that block also wait for `wake_fd`.
class Requests : public RequestWords {
public:
    static constexpr uint32_t interrupt = 1;
    static constexpr uint32_t pause = 2;
    /// The guest's process has been ended by another thread. Stays set.
    static constexpr uint32_t over = 4;

    Requests() = default;
    ~Requests();
    Requests(const Requests&) = delete;
    Requests& operator=(const Requests&) = delete;

    void add(uint32_t bit) noexcept;
    /// Makes the guest poll at the next function entry or loop header. Call it again if a bit is
    /// still set after a poll.
    void lower_words() noexcept
    {
        limit.store(nullptr);
        stop_tick.store(0);
    }
    /// Ends the guest with this trap, and every later call of it too. Call it once, before other
    /// threads can see the bit.
    void end(Trap with);
    bool is_over() const { return (bits.load() & over) != 0; }
    /// The trap that was passed to `end`.
    const Trap& ending() const { return ending_; }
    /// An eventfd that becomes readable when a request arrives. Created by the first call, which
    /// must come from the store's thread.
    int wake_fd();

private:
    std::atomic<int> wake_fd_ = -1;
    Trap ending_;
};

/// Whether a thread with a probe is executing guest code. A thread is `Outside` in a host function,
/// while it sleeps in the probe, and before it is entered. Its state is then complete and does not
/// change until it is `Inside` again.
enum class Execution : uint8_t { Outside, Inside };

/// One entry from the host into the guest, with the frames above `base`. Entries nest when a host
/// function calls the guest.
struct Activation {
    /// The top of the control stack before the entry.
    Record* base;
    /// The function that was entered.
    Function* function;
    /// The frame of the outer activation that waits for the host function.
    GuestState outer;
    Slot* outer_free;
    /// The host function of the outer activation that made this entry; null if there is none.
    const Function* host;
    /// The offset of the instruction that called `host`.
    uint32_t host_call_offset;
    size_t continuations;
};

/// A host function that waits for a call that it asked for.
struct WaitingHost {
    const Function* function;
    /// What it does after the call.
    HostContinuation then;
    void* context;
    /// The instruction that called it, relative to the body's first byte.
    uint32_t call_offset;
    /// Where its arguments and results are.
    Slot* slots;
    /// The record of the call that it waits for.
    Record* record;
    /// What it says of itself; can be null.
    const HostActivity* activity;
};

/// A guest thread: its stacks and state, and what tiers need to run it. Belongs to one store. A
/// store may have several threads, of which one executes at a time. Only one host thread at a time
/// may use it, except for `requests`.
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
    /// The innermost frame. Up to date whenever no instruction is being executed.
    GuestState state;
    /// The top of the control stack.
    Record* control = nullptr;
    /// The first unused slot, up to date whenever no instruction is being executed. The arguments
    /// of a nested entry start here.
    Slot* free = nullptr;
    std::unique_ptr<GuestStack> stack;
    std::vector<Activation> activations;
    /// The host functions that wait for a call, innermost last.
    std::vector<WaitingHost> continuations;
    /// The instruction that called `host`, relative to the body's first byte; `state` is already
    /// after it.
    uint32_t host_call_offset = 0;
    /// A host function has run since the last instruction, so watched state may have changed.
    bool is_after_host = false;
    /// The thread that was the store's current one before the outermost activation.
    Thread* outer_thread = nullptr;
    /// With `RunEnd::Handed`: where in the code the guest is.
    Handed handed = Handed::Call;
    /// The return addresses of the compiling tier; null when there is none.
    const Sites* sites = nullptr;
    /// What the compiling tier keeps for this thread. Goes before everything else in the thread.
    std::shared_ptr<void> machine;

    // For probes and debuggers.
    /// The host function being called; null while guest code runs.
    const Function* host = nullptr;
    std::shared_ptr<Requests> requests = std::make_shared<Requests>();
    /// Why the last run ended, or is about to end.
    Trap trap;
    /// The exception that is being thrown or was just caught, while a probe runs.
    ExceptionObject* thrown = nullptr;
    Probes probes;
    /// Only kept up to date while there is a probe. To stop the thread, request a pause first and
    /// then read this. The thread does the reverse: it sets `Inside` first and then checks its
    /// requests.
    std::atomic<Execution> execution = Execution::Outside;
    /// The host thread that made the outermost activation.
    std::atomic<std::thread::id> runner {};
    /// The probe has moved the guest. Tells code in the middle of an instruction not to finish it.
    bool was_moved = false;
    /// The probe wants the guest to end: every activation ends with `Killed`, even if a host
    /// function handles the trap.
    bool is_killed = false;
    /// The watched ranges that the last instruction touched, while a probe runs for `Cause::Watch`.
    std::span<const TouchedRange> touched;

    bool is_running() const { return !activations.empty(); }
    /// How deeply entries from the host into the guest are nested.
    size_t depth() const { return activations.size(); }
    /// Whether the guest is between two of its own instructions: not in a host function, and inside
    /// some guest function.
    bool is_at_instruction() const { return !host && state.function; }
    /// Whether any probe fires before every instruction, and whether the one of a given role does.
    /// Set through exec/instrument.h, as are the watches.
    bool is_any_stepping() const { return stepping_ != 0; }
    bool is_stepping(ProbeRole role = ProbeRole::Session) const
    {
        return (stepping_ >> static_cast<uint32_t>(role) & 1) != 0;
    }
    /// What is watched; null for nothing.
    const Watches* watches() const { return watches_; }
    /// Grows whenever guest code runs or frames change. Information about frames from another
    /// generation is stale.
    uint64_t generation() const { return generation_; }
    /// The function entries and loop headers counted so far: see exec/position.h.
    uint64_t tick() const { return requests->tick; }
    /// Where the probe fires with `Cause::Tick`; `UINT64_MAX` for never. Set through
    /// exec/instrument.h.
    uint64_t stop_tick() const { return stop_tick_; }
    void forget_frames() { ++generation_; }
    /// Makes sure that the thread has a stack for the next call. Fails when none can be allocated.
    Result<void> take_stack(HostThread& host)
    {
        if (stack) [[unlikely]]
            return {};
        if (!host.idle_stack || host.idle_stack->value_bytes() != stacks.value_bytes()) [[unlikely]]
            return take_pooled_stack();
        stack.swap(host.idle_stack);
        return {};
    }
    /// Gives the stack back after the outermost call.
    void give_back_stack(HostThread& host)
    {
        if (host.idle_stack) [[unlikely]]
            stacks.give_back(std::move(stack));
        else
            stack.swap(host.idle_stack);
    }
    /// To be called before the thread executes guest code (`go_inside`), and before it executes
    /// host code again (`go_outside`).
    void go_inside()
    {
        if (probes.is_empty()) [[likely]]
            return;
        execution.store(Execution::Inside);
        if (requests->bits.load() & Requests::pause)
            probes.wait_outside(*this);
    }
    void go_outside()
    {
        if (execution.load() != Execution::Outside) [[unlikely]]
            execution.store(Execution::Outside);
    }
    /// The eventfd on which `memory.atomic.wait` sleeps; created by the first call.
    int wait_fd();

    /// Whether no request has come and no word is lowered, so that there is nothing to restore.
    bool has_no_requests() const
    {
        return requests->bits.load() == 0 && requests->limit.load() == stack->limit()
            && requests->stop_tick.load() == stop_tick_;
    }
    /// Restores the words that requests have lowered. Call this before reading the request bits. A
    /// word that is not lowered needs no store, which would be a barrier: if a request comes at the
    /// same time, it lowers the word later.
    void restore_words()
    {
        restore(requests->limit, stack ? stack->limit() : nullptr);
        restore(requests->stop_tick, stop_tick_);
    }

private:
    friend void set_stepping(Thread& thread, bool is_stepping, ProbeRole role);
    friend void set_watches(Thread& thread, const Watches* watches);
    friend void set_stop_tick(Thread& thread, uint64_t tick);

    template<class T> static void restore(std::atomic<T>& word, T value)
    {
        if (word.load() != value)
            word.store(value);
    }
    Result<void> take_pooled_stack();
    void mark_roots(Marker& marker);
    const std::vector<uint32_t>& managed_slots(const Function& function, CodeOffset offset);

    /// One bit per role.
    uint8_t stepping_ = 0;
    const Watches* watches_ = nullptr;
    uint64_t stop_tick_ = UINT64_MAX;
    uint64_t generation_ = 0;
    int wait_fd_ = -1;
    /// Cache by body and offset: the slots of a frame, relative to `fp`, that hold references to
    /// heap objects.
    std::map<std::pair<const FuncMeta*, CodeOffset>, std::vector<uint32_t>> managed_slots_;
};

} // namespace vitrine::core
