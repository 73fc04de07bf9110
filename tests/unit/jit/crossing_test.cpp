// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "unit/jit/machine.h"

#include <unwind.h>

extern "C" {
[[gnu::visibility("hidden")]] extern const char code_adds_one[];
[[gnu::visibility("hidden")]] extern const char code_after_record[];
[[gnu::visibility("hidden")]] extern const char code_exits[];
[[gnu::visibility("hidden")]] extern const char code_exit_returns[];
[[gnu::visibility("hidden")]] extern const char code_calls_other[];
[[gnu::visibility("hidden")]] extern const char code_site[];
[[gnu::visibility("hidden")]] extern const char code_calls_out[];
}

asm(R"(
        .text
# (slot: i64) -> i64 in rax: the slot plus one
code_adds_one:
        sub $24, %rsp
        mov (%rbp), %rax
        add $1, %rax
        movq %rax, %xmm0
        add $24, %rsp
        mov $0x10001, %ecx
        ret

# Returns from a frame whose record rsp points at.
code_after_record:
        add $24, %rsp
        mov $2, %ecx
        ret

# Exits with a different value in each register.
code_exits:
        sub $24, %rsp
        mov $100, %eax
        mov $101, %ecx
        mov $102, %edx
        mov $106, %esi
        mov $107, %edi
        mov $108, %r8d
        mov $109, %r9d
        mov $110, %r10d
        mov $111, %r11d
        mov $112, %r12d
        mov $113, %r13d
        mov $114, %r14d
        .irp i, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
        movq %rax, %xmm\i
        punpcklqdq %xmm\i, %xmm\i
        add $1, %rax
        .endr
        mov $100, %eax
        call *48(%rbx)
code_exit_returns:
        ud2

# Calls the function in rax, which is not machine code, with the frame of the callee 2 slots up.
code_calls_other:
        sub $24, %rsp
        add $16, %rbp
        call *56(%rbx)
code_site:
        sub $16, %rbp
        add $1000, %rax
        mov %rax, (%rbp)
        add $24, %rsp
        mov $1, %ecx
        ret

# Calls the C++ function in the second slot with the first slot and numbers.
code_calls_out:
        sub $24, %rsp
        mov $77, %r12
        mov (%rbp), %rdi
        mov $2, %esi
        mov $3, %edx
        mov $4, %ecx
        mov 8(%rbp), %rax
        call *64(%rbx)
        add %r12, %rax
        add $24, %rsp
        mov $0x10001, %ecx
        ret
)");

namespace vitrine::core::jit {
namespace {

using CrossingTest = MachineTest;

TEST_F(CrossingTest, ReturnsToWhoeverCalled)
{
    const std::tuple<Entrance, Left, ReturnTo> ways[] {
        { Entrance::CallForInterpreter, Left::ToInterpreter, ReturnTo::interpreter() },
        { Entrance::CallForHost, Left::ToHost, ReturnTo::host() },
        { Entrance::CallForHostFunction, Left::ToHostFunction, ReturnTo::host_function() },
    };
    for (const auto& [entrance, left, return_to] : ways) {
        slots()[0] = 41;
        EXPECT_EQ(enter(code_adds_one, entrance), left);
        EXPECT_EQ(context.rax(), 42u);
        EXPECT_EQ(context.vectors[0].low, 42u);
        EXPECT_EQ(context.rcx(), 0x10001u);
        EXPECT_EQ(context.fp(), slots());
        EXPECT_EQ(context.control(), top() + 1);
        EXPECT_EQ(top()->return_to().word(), return_to.word());
        EXPECT_EQ(context.host_stack, nullptr) << "nothing is left on the host's stack";
    }
}

TEST_F(CrossingTest, ReturnsToARecordThatTheInterpreterHasWritten)
{
    for (const ReturnTo to : { ReturnTo::interpreter(), ReturnTo::host(), ReturnTo::host_function() }) {
        *top() = Record(to, nullptr, nullptr, 5, 6);
        const Left left = jump_to(code_after_record);
        EXPECT_EQ(left,
            to.is_interpreter() ? Left::ToInterpreter
                : to.is_host()  ? Left::ToHost
                                : Left::ToHostFunction);
        EXPECT_EQ(context.control(), top() + 1);
        EXPECT_EQ(context.rcx(), 2u);
        EXPECT_EQ(top()->caller(nullptr).offset, 5u) << "the record is as it was";
    }
}

TEST_F(CrossingTest, ExitKeepsAllRegisters)
{
    context.set_instance(reinterpret_cast<Instance*>(0x1234));
    EXPECT_EQ(enter(code_exits), Left::Exit);
    EXPECT_EQ(reinterpret_cast<const char*>(context.address), code_exit_returns);
    for (const uint32_t i : { 0, 1, 2, 6, 7, 8, 9, 10, 11, 12, 13, 14 })
        EXPECT_EQ(context.general[i], 100 + i) << i;
    for (uint32_t i = 0; i < 16; ++i) {
        EXPECT_EQ(context.vectors[i].low, 100 + i) << i;
        EXPECT_EQ(context.vectors[i].high, 100 + i) << i;
    }
    EXPECT_EQ(context.control(), top());
    EXPECT_EQ(context.fp(), slots());
    EXPECT_EQ(context.instance(), reinterpret_cast<Instance*>(0x1234));
    EXPECT_EQ(context.host_stack, nullptr);
}

TEST_F(CrossingTest, CallsFunctionsWithoutCode)
{
    auto* const instance = reinterpret_cast<Instance*>(0x1234);
    const FunctionHead callee { .entry = vitrine_call_other, .instance = instance, .type = {} };
    context.rax() = reinterpret_cast<uintptr_t>(&callee);
    context.set_instance(instance);
    EXPECT_EQ(enter(code_calls_other), Left::Call);
    EXPECT_EQ(context.rax(), reinterpret_cast<uintptr_t>(&callee)) << "the callee";
    EXPECT_EQ(context.fp(), slots() + 2);
    EXPECT_EQ(context.control(), top() - 1);
    EXPECT_EQ(context.instance(), instance);
    EXPECT_EQ(context.control()->return_to().word(), reinterpret_cast<uintptr_t>(code_site));
    // The callee is done: the caller continues at the site.
    context.rax() = 5;
    EXPECT_EQ(jump_to(code_site), Left::ToInterpreter);
    EXPECT_EQ(slots()[0], 1005u);
    EXPECT_EQ(context.fp(), slots());
    EXPECT_EQ(context.rcx(), 1u);
}

TEST_F(CrossingTest, CallsHostFunctions)
{
    const FunctionHead host { .type = {} };
    static MachineContext seen;
    context.rax() = reinterpret_cast<uintptr_t>(&host);
    context.set_instance(reinterpret_cast<Instance*>(0x1234));
    context.call_host = [](MachineContext& machine) {
        seen = machine;
        machine.rax() = 6;
        // The host function may have used the guest's stacks.
        auto* const return_address = reinterpret_cast<uintptr_t*>(machine.control() + 1) - 1;
        *return_address = reinterpret_cast<uintptr_t>(code_site);
        machine.set_control(return_address);
        return true;
    };
    EXPECT_EQ(enter(code_calls_other), Left::ToInterpreter);
    EXPECT_EQ(slots()[0], 1006u);
    EXPECT_EQ(seen.rax(), reinterpret_cast<uintptr_t>(&host));
    EXPECT_EQ(seen.fp(), slots() + 2);
    EXPECT_EQ(seen.control(), top() - 1);
    EXPECT_EQ(seen.instance(), context.instance());
    context.rax() = reinterpret_cast<uintptr_t>(&host);
    context.call_host = [](MachineContext&) { return false; };
    EXPECT_EQ(enter(code_calls_other), Left::HostCall);
    EXPECT_EQ(context.host_stack, nullptr);
}

/// As a host function's own C++ code, which has no frame of machine code to clean up.
struct ThrownByHost {};

TEST_F(CrossingTest, ExceptionsPassMachineCode)
{
    const FunctionHead host { .type = {} };
    context.rax() = reinterpret_cast<uintptr_t>(&host);
    context.call_host = [](MachineContext&) -> bool { throw ThrownByHost {}; };
    context.set_fp(slots());
    EXPECT_THROW(enter(code_calls_other), ThrownByHost);
}

uint64_t sum(uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    // The stack must be aligned as C++ expects it.
    alignas(16) volatile char aligned[16] {};
    EXPECT_EQ(reinterpret_cast<uintptr_t>(aligned) % 16, 0u);
    return a + 10 * b + 100 * c + 1000 * d;
}

TEST_F(CrossingTest, CallsOut)
{
    slots()[0] = 1;
    slots()[1] = reinterpret_cast<uintptr_t>(sum);
    EXPECT_EQ(enter(code_calls_out), Left::ToInterpreter);
    EXPECT_EQ(context.rax(), 4321u + 77) << "registers that C++ keeps are kept";
    EXPECT_EQ(context.control(), top() + 1);
}

class NestedCrossingTest : public CrossingTest {
public:
    void TestBody() override {}
    uint64_t run()
    {
        slots()[0] = 10;
        EXPECT_EQ(enter(code_adds_one, Entrance::CallForHost), Left::ToHost);
        return context.rax();
    }
};

uint64_t run_nested(NestedCrossingTest* other, uint64_t, uint64_t, uint64_t) { return other->run(); }

TEST_F(CrossingTest, Nests)
{
    NestedCrossingTest other;
    slots()[0] = reinterpret_cast<uintptr_t>(&other);
    slots()[1] = reinterpret_cast<uintptr_t>(run_nested);
    EXPECT_EQ(enter(code_calls_out), Left::ToInterpreter);
    EXPECT_EQ(context.rax(), 11u + 77);
}

/// Whether the unwinder finds the way from a called C++ function to the caller of `enter_code`.
uint64_t count_frames(uintptr_t outermost, uint64_t, uint64_t, uint64_t)
{
    struct Search {
        uintptr_t wanted;
        bool is_found = false;
    } search { outermost };
    _Unwind_Backtrace(
        [](_Unwind_Context* frame, void* data) {
            auto& search = *static_cast<Search*>(data);
            search.is_found |= _Unwind_GetCFA(frame) == search.wanted;
            return search.is_found ? _URC_END_OF_STACK : _URC_NO_REASON;
        },
        &search);
    return search.is_found;
}

TEST_F(CrossingTest, UnwinderCrosses)
{
    slots()[0] = reinterpret_cast<uintptr_t>(__builtin_dwarf_cfa());
    slots()[1] = reinterpret_cast<uintptr_t>(count_frames);
    EXPECT_EQ(enter(code_calls_out), Left::ToInterpreter);
    EXPECT_EQ(context.rax(), 1u + 77);
}

} // namespace
} // namespace vitrine::core::jit
