// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "jit/faults.h"

#include "unit/jit/machine.h"

#include <csetjmp>
#include <csignal>
#include <sys/mman.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

extern "C" {
[[gnu::visibility("hidden")]] extern const char code_loads[];
[[gnu::visibility("hidden")]] extern const char code_loads_here[];
[[gnu::visibility("hidden")]] extern const char code_loads_end[];
}

asm(R"(
        .text
# Loads from the address in the first slot.
code_loads:
        sub $24, %rsp
        mov $55, %r13d
        mov (%rbp), %rax
code_loads_here:
        mov (%rax), %rax
        add $24, %rsp
        mov $0x10001, %ecx
        ret
code_loads_end:
)");

namespace vitrine::core::jit {
namespace {

const uint8_t* address_of(const char* symbol) { return reinterpret_cast<const uint8_t*>(symbol); }

/// What an embedder's handler has seen, and where it continues.
volatile sig_atomic_t seen_signals = 0;
volatile sig_atomic_t was_blocked = 0;
void* volatile seen_address = nullptr;
sigjmp_buf recovery;

void handle_with_details(int, siginfo_t* info, void*)
{
    seen_signals = seen_signals + 1;
    seen_address = info->si_addr;
    sigset_t blocked;
    pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
    was_blocked = sigismember(&blocked, SIGUSR1) && sigismember(&blocked, SIGSEGV);
    siglongjmp(recovery, 1);
}

void handle_plainly(int)
{
    seen_signals = seen_signals + 1;
    siglongjmp(recovery, 1);
}

struct sigaction current_action()
{
    struct sigaction action {};
    sigaction(SIGSEGV, nullptr, &action);
    return action;
}

/// An embedder's handler, and the one before it at the end.
class Handler {
public:
    explicit Handler(void (*details)(int, siginfo_t*, void*), int flags = 0)
    {
        struct sigaction action {};
        action.sa_sigaction = details;
        action.sa_flags = SA_SIGINFO | flags;
        sigaddset(&action.sa_mask, SIGUSR1);
        sigaction(SIGSEGV, &action, &before_);
        seen_signals = 0;
        seen_address = nullptr;
    }
    explicit Handler(void (*plain)(int), int flags = 0)
    {
        struct sigaction action {};
        action.sa_handler = plain;
        action.sa_flags = flags;
        sigaction(SIGSEGV, &action, &before_);
        seen_signals = 0;
    }
    ~Handler() { sigaction(SIGSEGV, &before_, nullptr); }
    Handler(const Handler&) = delete;
    Handler& operator=(const Handler&) = delete;

    const struct sigaction& before() const { return before_; }

private:
    struct sigaction before_ {};
};

class FaultsTest : public MachineTest {
protected:
    ~FaultsTest() override { munmap(guard, 4096); }

    FaultRange range() const { return { address_of(code_loads), address_of(code_loads_end) }; }

    void expect_fault()
    {
        slots()[0] = reinterpret_cast<uintptr_t>(guard);
        ASSERT_EQ(enter(code_loads), Left::Fault);
        EXPECT_EQ(context.address, address_of(code_loads_here));
        EXPECT_EQ(context.general[13], 55u);
        EXPECT_EQ(context.rax(), slots()[0]);
        EXPECT_EQ(context.control(), top());
        EXPECT_EQ(context.fp(), slots());
    }
    /// A fault of the host's own code. Its handler must leave by `recovery`.
    void fault_in_host()
    {
        if (sigsetjmp(recovery, 1) == 0)
            *static_cast<volatile char*>(guard);
    }
    /// How a child process ends that runs `code`.
    static int status_of(auto code)
    {
        const pid_t child = fork();
        if (child == 0) {
            code();
            _exit(0);
        }
        int status = 0;
        waitpid(child, &status, 0);
        return status;
    }

    void* const guard = mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
};

TEST_F(FaultsTest, FaultInCodeLeavesIt)
{
    const FaultRange faults = range();
    for (int i = 0; i < 1000; ++i)
        expect_fault();
    const Slot value = 17;
    slots()[0] = reinterpret_cast<uintptr_t>(&value);
    EXPECT_EQ(enter(code_loads), Left::ToInterpreter);
    EXPECT_EQ(context.rax(), 17u);
}

TEST_F(FaultsTest, WorksOnAnAlternateStack)
{
    std::vector<char> memory(1 << 16);
    const stack_t alternate { .ss_sp = memory.data(), .ss_flags = 0, .ss_size = memory.size() };
    stack_t before {};
    sigaltstack(&alternate, &before);
    {
        const FaultRange faults = range();
        expect_fault();
    }
    sigaltstack(&before, nullptr);
}

TEST_F(FaultsTest, WorksInSeveralThreads)
{
    class Other : public FaultsTest {
    public:
        void TestBody() override
        {
            for (int turn = 0; turn < 500; ++turn)
                expect_fault();
        }
    };
    const FaultRange faults = range();
    Other others[3];
    std::vector<std::thread> threads;
    for (Other& other : others)
        threads.emplace_back([&] { other.TestBody(); });
    for (std::thread& thread : threads)
        thread.join();
}

TEST_F(FaultsTest, OtherFaultsGoToTheHandlerBefore)
{
    const Handler handler(handle_with_details);
    const FaultRange faults = range();
    expect_fault();
    EXPECT_EQ(seen_signals, 0);
    fault_in_host();
    EXPECT_EQ(seen_signals, 1);
    EXPECT_EQ(seen_address, guard);
    EXPECT_TRUE(was_blocked) << "its mask counts";
    expect_fault();
    fault_in_host();
    EXPECT_EQ(seen_signals, 2);
}

TEST_F(FaultsTest, OtherFaultsGoToAPlainHandlerBefore)
{
    const Handler handler(handle_plainly);
    const FaultRange faults = range();
    expect_fault();
    fault_in_host();
    EXPECT_EQ(seen_signals, 1);
}

/// Passes a fault on to the handler that it replaced, as an embedder's handler must.
const struct sigaction* passed_to = nullptr;
void pass_on(int signal, siginfo_t* info, void* context)
{
    seen_signals = seen_signals + 1;
    passed_to->sa_sigaction(signal, info, context);
}

TEST_F(FaultsTest, HandlerThatIsInstalledLaterPassesFaultsOn)
{
    {
        const FaultRange faults = range();
        const Handler later(pass_on, SA_ONSTACK | SA_NODEFER);
        passed_to = &later.before();
        expect_fault();
        EXPECT_EQ(seen_signals, 1);
    }
    const FaultRange again = range();
    expect_fault();
}

TEST_F(FaultsTest, StaysUsableBelowAHandlerThatWasInstalledLater)
{
    auto faults = std::make_unique<FaultRange>(address_of(code_loads), address_of(code_loads_end));
    const Handler later(pass_on, SA_ONSTACK | SA_NODEFER);
    passed_to = &later.before();
    faults.reset();
    EXPECT_EQ(current_action().sa_sigaction, pass_on);
    const FaultRange again = range();
    expect_fault();
}

TEST_F(FaultsTest, GoesOnTopOfHandlersThatWereInstalledLater)
{
    auto faults = std::make_unique<FaultRange>(address_of(code_loads), address_of(code_loads_end));
    const Handler later(handle_with_details);
    faults.reset();
    // The handler does not pass faults on, but it was there before this range.
    const FaultRange again = range();
    expect_fault();
    EXPECT_EQ(seen_signals, 0);
    fault_in_host();
    EXPECT_EQ(seen_signals, 1);
}

TEST_F(FaultsTest, HandlersInACircleEnd)
{
    const int status = status_of([&] {
        signal(SIGSEGV, SIG_DFL);
        auto faults = std::make_unique<FaultRange>(address_of(code_loads), address_of(code_loads_end));
        const Handler later(pass_on, SA_NODEFER);
        passed_to = &later.before();
        faults.reset();
        const FaultRange again = range();
        *static_cast<volatile char*>(guard);
    });
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

TEST_F(FaultsTest, LastRangeRestoresTheHandlerBefore)
{
    const Handler handler(handle_with_details);
    {
        const FaultRange first = range();
        EXPECT_NE(current_action().sa_sigaction, handle_with_details);
        const FaultRange second = range();
        EXPECT_NE(current_action().sa_sigaction, handle_with_details);
    }
    EXPECT_EQ(current_action().sa_sigaction, handle_with_details);
}

TEST_F(FaultsTest, DefaultActionEndsTheProcess)
{
    const auto with_default = [&](auto act) {
        return status_of([&] {
            signal(SIGSEGV, SIG_DFL);
            const FaultRange faults = range();
            act();
        });
    };
    int status = with_default([&] { *static_cast<volatile char*>(guard); });
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    status = with_default([] { kill(getpid(), SIGSEGV); });
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV) << "a signal that a process sends";
    status = with_default([&] {
        slots()[0] = reinterpret_cast<uintptr_t>(guard);
        enter(code_loads);
    });
    EXPECT_EQ(status, 0);
}

TEST_F(FaultsTest, IgnoredSignalStaysIgnored)
{
    const auto ignoring = [&](auto act) {
        return status_of([&] {
            signal(SIGSEGV, SIG_IGN);
            const FaultRange faults = range();
            act();
        });
    };
    EXPECT_EQ(ignoring([] { kill(getpid(), SIGSEGV); }), 0);
    const int status = ignoring([&] { *static_cast<volatile char*>(guard); });
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV) << "a fault cannot be ignored";
}

TEST_F(FaultsTest, HandlerForOneSignalIsCalledOnce)
{
    const int status = status_of([&] {
        const Handler handler(handle_plainly, static_cast<int>(SA_RESETHAND));
        const FaultRange faults = range();
        fault_in_host();
        if (seen_signals != 1)
            _exit(1);
        fault_in_host();
    });
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

} // namespace
} // namespace vitrine::core::jit
