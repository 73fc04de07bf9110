// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "jit/faults.h"

#include "exec/crossing.h"
#include "exec/thread.h"

#include <array>
#include <atomic>
#include <csignal>
#include <mutex>
#include <ucontext.h>

namespace vitrine::core::jit {

/// A range of code that the handler knows. Nodes are used again but never freed, since a handler
/// may be reading the list.
struct FaultRange::Node {
    std::atomic<uintptr_t> begin = 0;
    /// 0 while the node is not used.
    std::atomic<uintptr_t> end = 0;
    Node* next = nullptr;
};

/// The process's handlers. A signal handler gets no argument of ours, so this must be static.
///
/// Usually there is one. If another handler is on top of it when the last range ends, it must stay,
/// because the other one may call it. The next range then needs another one on top of all. They are
/// different functions, so that each knows whom it has replaced.
struct Faults {
    using Node = FaultRange::Node;
    using Handler = void (*)(int, siginfo_t*, void*);
    static constexpr size_t most = 4;

    static inline std::mutex mutex;
    static inline std::atomic<Node*> ranges = nullptr;
    static inline uint32_t count = 0;
    /// How many of the handlers are installed, and whom each has replaced.
    static inline size_t installed = 0;
    static inline std::array<struct sigaction, most> before {};

    template<size_t level> static void handle(int signal, siginfo_t* info, void* context)
    {
        if (!leave_code(*info, context))
            pass_on(before[level], signal, info, context);
    }
    static constexpr std::array<Handler, most> handlers { handle<0>, handle<1>, handle<2>, handle<3> };

    static bool is_code(uintptr_t address);
    static bool leave_code(const siginfo_t& info, void* context);
    static void pass_on(struct sigaction& to, int signal, siginfo_t* info, void* context);
    static bool is_current();
    static void install();
    static void remove();
};

bool Faults::is_code(uintptr_t address)
{
    for (const Node* node = ranges.load(std::memory_order_acquire); node; node = node->next)
        if (address < node->end.load(std::memory_order_acquire)
            && address >= node->begin.load(std::memory_order_relaxed))
            return true;
    return false;
}

/// If a fault happened in machine code, makes the handler return to the stub that leaves it.
bool Faults::leave_code(const siginfo_t& info, void* context)
{
#if defined(__x86_64__)
    auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
    const auto at = static_cast<uintptr_t>(registers[REG_RIP]);
    // A signal that a process has sent has a code of at most 0.
    if (info.si_code <= 0 || !is_code(at))
        return false;
    const auto* const words = reinterpret_cast<const RequestWords*>(registers[REG_RBX]);
    static_cast<MachineContext*>(words->machine)->address = reinterpret_cast<const uint8_t*>(at);
    registers[REG_RIP] = reinterpret_cast<greg_t>(vitrine_fault);
    return true;
#else
    return false;
#endif
}

/// Does what would have happened without our handler.
void Faults::pass_on(struct sigaction& to, int signal, siginfo_t* info, void* context)
{
    const struct sigaction action = to;
    const bool was_sent = info->si_code <= 0;
    const bool is_plain = !(action.sa_flags & SA_SIGINFO);
    if (is_plain && action.sa_handler == SIG_IGN && was_sent)
        return;
    if (is_plain && (action.sa_handler == SIG_DFL || action.sa_handler == SIG_IGN)) {
        // A fault happens again when the handler returns, and then ends the process. The system
        // does not let a process ignore it.
        struct sigaction by_default {};
        by_default.sa_handler = SIG_DFL;
        sigaction(signal, &by_default, nullptr);
        if (was_sent)
            raise(signal);
        return;
    }
    if (action.sa_flags & static_cast<int>(SA_RESETHAND)) {
        to.sa_flags &= ~SA_SIGINFO;
        to.sa_handler = SIG_DFL;
    }
    // Returning from our handler restores the mask.
    sigset_t mask = action.sa_mask;
    if (!(action.sa_flags & SA_NODEFER))
        sigaddset(&mask, signal);
    pthread_sigmask(SIG_BLOCK, &mask, nullptr);
    if (is_plain)
        action.sa_handler(signal);
    else
        action.sa_sigaction(signal, info, context);
}

/// Whether the last one of ours is the process's handler.
bool Faults::is_current()
{
    struct sigaction current {};
    return installed != 0 && sigaction(SIGSEGV, nullptr, &current) == 0 && (current.sa_flags & SA_SIGINFO)
        && current.sa_sigaction == handlers[installed - 1];
}

void Faults::install()
{
    if (is_current() || installed == most)
        return;
    // Must be known before the first fault.
    sigaction(SIGSEGV, nullptr, &before[installed]);
    struct sigaction action {};
    action.sa_sigaction = handlers[installed];
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    sigemptyset(&action.sa_mask);
    if (sigaction(SIGSEGV, &action, nullptr) == 0)
        ++installed;
}

void Faults::remove()
{
    while (is_current() && sigaction(SIGSEGV, &before[installed - 1], nullptr) == 0)
        --installed;
}

FaultRange::FaultRange(const uint8_t* begin, const uint8_t* end)
{
    const std::lock_guard lock(Faults::mutex);
    node_ = Faults::ranges.load();
    while (node_ && node_->end.load() != 0)
        node_ = node_->next;
    const bool is_new = !node_;
    if (is_new)
        node_ = new Node { .next = Faults::ranges.load() };
    node_->begin.store(reinterpret_cast<uintptr_t>(begin), std::memory_order_relaxed);
    node_->end.store(reinterpret_cast<uintptr_t>(end), std::memory_order_release);
    if (is_new)
        Faults::ranges.store(node_, std::memory_order_release);
    if (Faults::count++ == 0)
        Faults::install();
}

FaultRange::~FaultRange()
{
    const std::lock_guard lock(Faults::mutex);
    node_->end.store(0);
    if (--Faults::count == 0)
        Faults::remove();
}

} // namespace vitrine::core::jit
