// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <array>
#include <cstdint>

namespace vitrine::core::jit {

/// General and vector registers, with the numbers of the processor's encoding.
enum class Reg : uint8_t { rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15 };
enum class Xmm : uint8_t {
    xmm0,
    xmm1,
    xmm2,
    xmm3,
    xmm4,
    xmm5,
    xmm6,
    xmm7,
    xmm8,
    xmm9,
    xmm10,
    xmm11,
    xmm12,
    xmm13,
    xmm14,
    xmm15
};

/// [doc] Registers in machine code
///
///     rbx       `RequestWords` of the thread
///     rbp       the frame: `fp`
///     rsp       the control stack. The top is the frame's record
///     r14       the base of memory 0
///     r15       the instance
///     rax rcx rdx rsi, xmm0-xmm4      temporaries; rax or xmm0 has the result of a call
///     rdi r8-r13, xmm5-xmm15          pins: each belongs to one local in a whole function
///
/// The callee saves nothing: after a call, only the first five have their values.
inline constexpr Reg requests_reg = Reg::rbx, frame_reg = Reg::rbp, control_reg = Reg::rsp,
                     memory_reg = Reg::r14, instance_reg = Reg::r15;
inline constexpr std::array temp_regs { Reg::rax, Reg::rdx, Reg::rsi, Reg::rcx };
inline constexpr std::array pin_regs { Reg::rdi, Reg::r8, Reg::r9, Reg::r10, Reg::r11, Reg::r12, Reg::r13 };
inline constexpr uint32_t temp_xmms = 5, pin_xmms = 11;
/// Pins by number: first the general registers, then the vector registers.
inline constexpr uint32_t pin_count = pin_regs.size() + pin_xmms;

} // namespace vitrine::core::jit
