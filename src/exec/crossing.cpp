// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/crossing.h"

#include "exec/frame.h"
#include "exec/thread.h"

namespace vitrine::core {

static_assert(offsetof(RequestWords, machine) == 16);
static_assert(sizeof(Record) == 32 && RecordLayout::return_to == 24);
static_assert(RecordLayout::fp == 0 && RecordLayout::function == 8 && RecordLayout::offset == 16);
// The stubs expect the pointer to the first memory, and then their number.
static_assert(std::is_standard_layout_v<IndexSpace<Memory>> && sizeof(IndexSpace<Memory>) == 16);

// `Instance` is no standard layout type, for which `offsetof` works with our compilers but is not
// portable.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Winvalid-offsetof"
extern "C" [[gnu::visibility("hidden")]] const size_t vitrine_memories_at;
extern "C" const size_t vitrine_memories_at = offsetof(Instance, memories);
#pragma GCC diagnostic pop

#if defined(__x86_64__)

// In all stubs, rbx points at the thread's `RequestWords`, and r11 at its `MachineContext` once it
// is loaded. r11 belongs to a local of the guest only where a stub saves all registers; at calls
// and returns its value is not needed any more.
//
// While the host's stack pointer is in the context, the frame of `vitrine_enter_code` is found
// through rbx: the canonical frame address is *(*(rbx + 16)) + 64. So debuggers and the unwinder
// can walk from a function that `vitrine_call_out` calls to the caller of `vitrine_enter_code`.
asm(R"(
        .set MACHINE, 16
        .set HOST_STACK, 0
        .set ADDRESS, 8
        .set RAX, 16
        .set RCX, 24
        .set RDX, 32
        .set RBX, 40
        .set RSP, 48
        .set RBP, 56
        .set RSI, 64
        .set RDI, 72
        .set R8, 80
        .set R9, 88
        .set R10, 96
        .set R11, 104
        .set R12, 112
        .set R13, 120
        .set R14, 128
        .set R15, 136
        .set XMM, 144
        .set CALL_HOST, 400
        # Fields of FunctionHead and Record.
        .set ENTRY, 0
        .set INSTANCE, 8
        .set FP, 0
        .set FUNCTION, 8
        .set OFFSET, 16
        .set RETURN_TO, 24
        .set RECORD, 32

        .text
        .p2align 6
        .globl vitrine_enter_code
        .hidden vitrine_enter_code
        .type vitrine_enter_code, @function
vitrine_enter_code:
        .cfi_startproc
        push %rbp
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %rbp, 0
        push %rbx
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %rbx, 0
        push %r12
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %r12, 0
        push %r13
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %r13, 0
        push %r14
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %r14, 0
        push %r15
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %r15, 0
        mov %rdi, %rbx
        mov MACHINE(%rbx), %r11
        pushq HOST_STACK(%r11)
        .cfi_adjust_cfa_offset 8
        mov %rsp, HOST_STACK(%r11)
        .cfi_remember_state
        # DW_CFA_def_cfa_expression: breg3 (rbx) 16, deref, deref, plus_uconst 64
        .cfi_escape 0x0f, 0x06, 0x73, 0x10, 0x06, 0x06, 0x23, 0x40
        mov RAX(%r11), %rax
        mov RBP(%r11), %rbp
        mov R14(%r11), %r14
        mov R15(%r11), %r15
        movups XMM(%r11), %xmm0
        mov RSP(%r11), %rsp
        cmp $1, %edx
        je 1f
        cmp $2, %edx
        je 2f
        cmp $3, %edx
        je 3f
        jmp *%rsi

        # The three returns. rcx says where the results are.
        .globl vitrine_return_to_interpreter
        .hidden vitrine_return_to_interpreter
1:      call *%rsi
vitrine_return_to_interpreter:
        mov $0, %edx
        jmp 4f
        .globl vitrine_return_to_host
        .hidden vitrine_return_to_host
2:      call *%rsi
vitrine_return_to_host:
        mov $1, %edx
        jmp 4f
        .globl vitrine_return_to_host_function
        .hidden vitrine_return_to_host_function
3:      call *%rsi
vitrine_return_to_host_function:
        mov $2, %edx
4:      mov MACHINE(%rbx), %r11
        mov %rax, RAX(%r11)
        mov %rcx, RCX(%r11)
        mov %rsp, RSP(%r11)
        mov %rbp, RBP(%r11)
        mov %r15, R15(%r11)
        movups %xmm0, XMM(%r11)

        # Leaves with the reason in edx.
5:      mov %edx, %eax
        mov HOST_STACK(%r11), %rsp
        .cfi_restore_state
        popq HOST_STACK(%r11)
        .cfi_adjust_cfa_offset -8
        pop %r15
        .cfi_adjust_cfa_offset -8
        .cfi_restore %r15
        pop %r14
        .cfi_adjust_cfa_offset -8
        .cfi_restore %r14
        pop %r13
        .cfi_adjust_cfa_offset -8
        .cfi_restore %r13
        pop %r12
        .cfi_adjust_cfa_offset -8
        .cfi_restore %r12
        pop %rbx
        .cfi_adjust_cfa_offset -8
        .cfi_restore %rbx
        pop %rbp
        .cfi_adjust_cfa_offset -8
        .cfi_restore %rbp
        ret
        .cfi_endproc
        .size vitrine_enter_code, . - vitrine_enter_code

        .p2align 4
        .globl vitrine_call_other
        .hidden vitrine_call_other
        .type vitrine_call_other, @function
vitrine_call_other:
        .cfi_startproc
        .cfi_escape 0x0f, 0x06, 0x73, 0x10, 0x06, 0x06, 0x23, 0x40
        .cfi_offset %rbp, -16
        .cfi_offset %rbx, -24
        .cfi_offset %r12, -32
        .cfi_offset %r13, -40
        .cfi_offset %r14, -48
        .cfi_offset %r15, -56
        mov INSTANCE(%rax), %r11
        test %r11, %r11
        je 9f
        mov ENTRY(%rax), %rcx
        lea vitrine_call_other(%rip), %rdx
        cmp %rdx, %rcx
        je 10f
        cmp %r11, %r15
        je 8f

        # The callee has machine code and belongs to another instance. The record keeps what its
        # caller needs. The return address is stored again by a call, and the caller is returned to
        # by a return, as the processor expects.
        mov (%rsp), %rdx
        mov %r15, FP-RETURN_TO(%rsp)
        mov %rdx, FUNCTION-RETURN_TO(%rsp)
        mov %r14, OFFSET-RETURN_TO(%rsp)
        mov %r11, %r15
        mov vitrine_memories_at(%rip), %rdx
        add %r15, %rdx
        cmpl $0, 8(%rdx)
        je 7f
        mov (%rdx), %rdx
        mov (%rdx), %rdx
        mov (%rdx), %r14
7:      add $8, %rsp
        call *%rcx
        .globl vitrine_return_to_other_instance
        .hidden vitrine_return_to_other_instance
vitrine_return_to_other_instance:
        mov FP-RECORD(%rsp), %r15
        mov OFFSET-RECORD(%rsp), %r14
        pushq FUNCTION-RECORD(%rsp)
        ret
8:      jmp *%rcx

        # A host function.
9:      mov MACHINE(%rbx), %r11
        sub $RETURN_TO, %rsp
        mov %rax, RAX(%r11)
        mov %rsp, RSP(%r11)
        mov %rbp, RBP(%r11)
        mov %r15, R15(%r11)
        mov HOST_STACK(%r11), %rsp
        mov %r11, %rdi
        call *CALL_HOST(%r11)
        mov MACHINE(%rbx), %r11
        mov $6, %edx
        test %al, %al
        je 5b
        mov RAX(%r11), %rax
        movups XMM(%r11), %xmm0
        mov RSP(%r11), %rsp
        ret

        # A function without machine code.
10:     mov MACHINE(%rbx), %r11
        sub $RETURN_TO, %rsp
        mov %rax, RAX(%r11)
        mov %rsp, RSP(%r11)
        mov %rbp, RBP(%r11)
        mov %r15, R15(%r11)
        mov $3, %edx
        jmp 5b
        .cfi_endproc
        .size vitrine_call_other, . - vitrine_call_other

        # Entered by a call whose return address says where machine code was left.
        .p2align 4
        .globl vitrine_exit
        .hidden vitrine_exit
        .type vitrine_exit, @function
vitrine_exit:
        push %r11
        mov MACHINE(%rbx), %r11
        popq R11(%r11)
        popq ADDRESS(%r11)
        mov %rdx, RDX(%r11)
        mov $4, %edx
        jmp 6f
        .size vitrine_exit, . - vitrine_exit

        # The handler of the fault has stored the address.
        .p2align 4
        .globl vitrine_fault
        .hidden vitrine_fault
        .type vitrine_fault, @function
vitrine_fault:
        push %r11
        mov MACHINE(%rbx), %r11
        popq R11(%r11)
        mov %rdx, RDX(%r11)
        mov $5, %edx
6:      mov %rax, RAX(%r11)
        mov %rcx, RCX(%r11)
        mov %rbx, RBX(%r11)
        mov %rsp, RSP(%r11)
        mov %rbp, RBP(%r11)
        mov %rsi, RSI(%r11)
        mov %rdi, RDI(%r11)
        mov %r8, R8(%r11)
        mov %r9, R9(%r11)
        mov %r10, R10(%r11)
        mov %r12, R12(%r11)
        mov %r13, R13(%r11)
        mov %r14, R14(%r11)
        mov %r15, R15(%r11)
        movups %xmm0, XMM(%r11)
        movups %xmm1, XMM+16(%r11)
        movups %xmm2, XMM+32(%r11)
        movups %xmm3, XMM+48(%r11)
        movups %xmm4, XMM+64(%r11)
        movups %xmm5, XMM+80(%r11)
        movups %xmm6, XMM+96(%r11)
        movups %xmm7, XMM+112(%r11)
        movups %xmm8, XMM+128(%r11)
        movups %xmm9, XMM+144(%r11)
        movups %xmm10, XMM+160(%r11)
        movups %xmm11, XMM+176(%r11)
        movups %xmm12, XMM+192(%r11)
        movups %xmm13, XMM+208(%r11)
        movups %xmm14, XMM+224(%r11)
        movups %xmm15, XMM+240(%r11)
        jmp 5b
        .size vitrine_fault, . - vitrine_fault

        # Calls the C++ function in rax on the host's stack. rsp, rbp and r15 are stored for
        # functions that look at the guest's frames.
        .p2align 4
        .globl vitrine_call_out
        .hidden vitrine_call_out
        .type vitrine_call_out, @function
vitrine_call_out:
        .cfi_startproc
        .cfi_escape 0x0f, 0x06, 0x73, 0x10, 0x06, 0x06, 0x23, 0x40
        .cfi_offset %rbp, -16
        .cfi_offset %rbx, -24
        .cfi_offset %r12, -32
        .cfi_offset %r13, -40
        .cfi_offset %r14, -48
        .cfi_offset %r15, -56
        mov MACHINE(%rbx), %r11
        mov %rsp, RSP(%r11)
        mov %rbp, RBP(%r11)
        mov %r15, R15(%r11)
        mov HOST_STACK(%r11), %rsp
        call *%rax
        mov MACHINE(%rbx), %r11
        mov RSP(%r11), %rsp
        ret
        .cfi_endproc
        .size vitrine_call_out, . - vitrine_call_out
)");

#else

// Without machine code, the constants of `ReturnTo` only have to differ from each other.
extern "C" {
const char vitrine_return_to_interpreter[1] {};
const char vitrine_return_to_host[1] {};
const char vitrine_return_to_host_function[1] {};
const char vitrine_return_to_other_instance[1] {};
const char vitrine_call_other[1] {};
const char vitrine_call_out[1] {};
const char vitrine_exit[1] {};
const char vitrine_fault[1] {};
uint32_t vitrine_enter_code(RequestWords*, const void*, uint32_t) { __builtin_trap(); }
}

#endif

} // namespace vitrine::core
