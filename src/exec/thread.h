// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "exec/guest_stack.h"
#include "exec/probe.h"
#include "exec/tier.h"
#include "exec/watch.h"
#include "runtime/store.h"

#include <atomic>
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

/// What was asked of a running guest, from any thread or a signal handler. Noticed at function entries and loop
/// headers: a request sets its bit and then lowers the stack's limit, so that an entry checks both at once. Host
/// functions that block wait for `wake_fd` too.
class Requests {
public:
    static constexpr uint32_t interrupt = 1;
    static constexpr uint32_t pause = 2;
    /// The process of the guest has ended, in another thread: for good.
    static constexpr uint32_t over = 4;

    Requests() = default;
    ~Requests();
    Requests(const Requests&) = delete;
    Requests& operator=(const Requests&) = delete;

    std::atomic<uint32_t> bits = 0;
    std::atomic<Slot*> limit = nullptr;

    void add(uint32_t bit) noexcept;
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
    /// The frame of the activation below, which waits for the host function.
    GuestState outer;
    Slot* outer_free;
    /// The host function of the activation below that made this entry; null when there is none.
    const Function* host;
    size_t continuations;
};

/// A guest thread: its stacks and state, and what the tiers need at hand. Belongs to one store; used by one host
/// thread at a time, `requests` excepted.
class Thread {
public:
    Thread(Store& store, Tier& tier, StackPool& stacks);
    ~Thread();
    Thread(const Thread&) = delete;
    Thread& operator=(const Thread&) = delete;

    Store& store;
    Tier& tier;
    StackPool& stacks;

    /// The innermost frame, whenever no instruction is being executed.
    GuestState state;
    /// Top of the control stack.
    Record* control = nullptr;
    /// First slot that is not in use, whenever no instruction is being executed: arguments of a nested entry start here.
    Slot* free = nullptr;
    std::unique_ptr<GuestStack> stack;
    std::vector<Activation> activations;
    /// Host functions that wait for a guest function they asked for, innermost last.
    std::vector<std::pair<Function*, HostCallback>> continuations;
    /// The host function being called; null while guest code runs.
    const Function* host = nullptr;
    /// The call instruction that called it, from the body's first byte; `state` is already behind it.
    uint32_t host_call_offset = 0;

    std::shared_ptr<Requests> requests = std::make_shared<Requests>();
    /// Why the last run ended or is about to end.
    Trap trap;
    /// What is being thrown, while a probe looks at it.
    ExceptionObject* thrown = nullptr;
    /// Whoever takes it away must see afterwards that no call has begun meanwhile (`runner`), or give it back: one that has begun may be
    /// using it.
    std::atomic<Probe*> probe = nullptr;
    /// Kept up to date only while there is a probe. Whoever wants the thread to stand still requests a pause first and looks
    /// at this then; the thread says `Inside` first, and looks at the requests then.
    std::atomic<Execution> execution = Execution::Outside;
    /// The host thread that made the outermost activation.
    std::atomic<std::thread::id> runner {};
    /// The probe moved the guest, for whoever would go on in the middle of an instruction.
    bool was_moved = false;
    /// The probe wished the guest's end: every activation ends with `Killed`, whatever host functions make of it.
    bool is_killed = false;
    /// Fire the probe before every instruction.
    bool stepping = false;
    /// What is watched; null when nothing is. Changed only while the thread's guest executes no instruction.
    const Watches* watches = nullptr;
    /// What the last instruction touched of it, while a probe looks at that.
    std::span<const TouchedRange> touched;
    /// Grows whenever guest code runs; what was learnt of frames at another generation is stale.
    uint64_t generation = 0;

    bool is_running() const { return !activations.empty(); }
    /// Guest code is about to be executed, or the host's again.
    void go_inside()
    {
        Probe* const watching = probe.load();
        if (!watching)
            return;
        execution.store(Execution::Inside);
        if (requests->bits.load() & Requests::pause)
            watching->wait_outside(*this);
    }
    void go_outside()
    {
        if (execution.load() != Execution::Outside)
            execution.store(Execution::Outside);
    }
    /// What `memory.atomic.wait` sleeps on: an eventfd, made at the first call.
    int wait_fd();

    /// The limit that requests have lowered, restored. Call before looking at the request bits.
    void restore_limit() { requests->limit.store(stack ? stack->limit() : nullptr); }

private:
    void mark_roots(Marker& marker);
    const std::vector<uint32_t>& managed_slots(const Function& function, CodeOffset offset);

    int wait_fd_ = -1;
    /// By body and offset: the slots of a frame, from `fp`, that hold references which the collector follows.
    std::map<std::pair<const FuncMeta*, CodeOffset>, std::vector<uint32_t>> managed_slots_;
};

} // namespace vitrine::core
