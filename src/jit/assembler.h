// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "jit/compiler.h"
#include "jit/registers.h"

#include <cstring>
#include <optional>
#include <vector>

namespace vitrine::core::jit {

/// A position in the code that may not be known yet. Made by `Assembler::new_label`.
struct Label {
    uint32_t id = UINT32_MAX;
};

/// A memory operand: `[base + index * 2^shift + displacement]`, or a label of the same code.
struct Address {
    Reg base {};
    bool has_index = false;
    Reg index {};
    uint8_t shift = 0;
    bool is_label = false;
    int32_t displacement = 0;
    Label label {};
};

constexpr Address at(Reg base, int64_t displacement = 0)
{
    return { .base = base, .displacement = static_cast<int32_t>(displacement) };
}
constexpr Address at(Reg base, Reg index, uint8_t shift = 0, int64_t displacement = 0)
{
    return { .base = base,
        .has_index = true,
        .index = index,
        .shift = shift,
        .displacement = static_cast<int32_t>(displacement) };
}
constexpr Address at(Label label) { return { .is_label = true, .label = label }; }

/// Conditions, with the numbers of the processor's encoding.
enum class Condition : uint8_t {
    Overflow,
    NoOverflow,
    Below,
    AboveEqual,
    Equal,
    NotEqual,
    BelowEqual,
    Above,
    Sign,
    NoSign,
    Parity,
    NoParity,
    Less,
    GreaterEqual,
    LessEqual,
    Greater,
};
constexpr Condition negate(Condition condition)
{
    return static_cast<Condition>(static_cast<uint8_t>(condition) ^ 1);
}

/// The width of a general operand in bits.
enum class Width : uint8_t { w8, w16, w32, w64 };

/// Writes x86-64 machine code. The code is independent of its address. Functions are named after
/// instructions; operands are in Intel's order, destination first. [Intel SDM, volume 2]
class Assembler {
public:
    explicit Assembler(Processor processor = Processor::current()) : processor_(processor) { reserve(1024); }

    Assembler(Assembler&&) = default;
    Assembler& operator=(Assembler&&) = default;

    const Processor& processor() const { return processor_; }
    uint32_t offset() const { return static_cast<uint32_t>(next_ - begin_); }
    /// Whether memory ran out. The code is then useless.
    bool is_out_of_memory() const { return is_out_of_memory_; }
    std::span<const uint8_t> bytes() const { return { begin_, next_ }; }
    /// Starts again, with the same memory.
    void reset(Processor processor);

    Label new_label();
    void bind(Label label);
    bool is_bound(Label label) const { return labels_[label.id].offset != unbound; }
    /// The offset of a bound label.
    uint32_t offset_of(Label label) const { return labels_[label.id].offset; }

    // General registers.
    void mov(Width width, Reg to, Reg from);
    void mov(Width width, Reg to, const Address& from);
    void mov(Width width, const Address& to, Reg from);
    /// A constant, sign-extended from 32 bits.
    void mov(Width width, const Address& to, int32_t value);
    /// Any constant, in the shortest form. Does not change the flags.
    void mov(Reg to, uint64_t value);
    void lea(Width width, Reg to, const Address& from);
    void test(Width width, Reg a, Reg b);
    void test(Width width, Reg a, int32_t value);
    void imul(Width width, Reg to, Reg from, int32_t value);
    /// Sign-extends rax into rdx.
    void sign_extend_rax(Width width);
    void set(Condition condition, Reg to);
    void cmov(Condition condition, Width width, Reg to, Reg from);
    void cmov(Condition condition, Width width, Reg to, const Address& from);
    void xchg(Width width, const Address& to, Reg with);
    void lock_xadd(Width width, const Address& to, Reg with);
    void lock_cmpxchg(Width width, const Address& to, Reg with);
    void mfence();
    void rorx(Width width, Reg to, Reg from, uint8_t count);

    // Control.
    void jmp(Label to);
    void jmp(Reg to);
    void jcc(Condition condition, Label to);
    void call(const Address& to);
    void ret();
    void ud2();

    // Vector registers and memory. 16-byte accesses need no alignment.
    void movaps(Xmm to, Xmm from);
    void movups(Xmm to, const Address& from);
    void movups(const Address& to, Xmm from);
    void movss(Xmm to, const Address& from);
    void movss(const Address& to, Xmm from);
    void movsd(Xmm to, const Address& from);
    void movsd(const Address& to, Xmm from);
    /// Between general and vector registers; the other bits of the vector become 0.
    void movd(Width width, Xmm to, Reg from);
    void movd(Width width, Reg to, Xmm from);
    void cvtsi2ss(Width width, Xmm to, Xmm upper, Reg from);
    void cvtsi2sd(Width width, Xmm to, Xmm upper, Reg from);
    void cvttss2si(Width width, Reg to, Xmm from);
    void cvttsd2si(Width width, Reg to, Xmm from);
    /// Lanes: 8, 16, 32 or 64 bits.
    void pextr(Width lane, Reg to, Xmm from, uint8_t index);
    void pextr(Width lane, const Address& to, Xmm from, uint8_t index);
    void pinsr(Width lane, Xmm to, Xmm a, Reg from, uint8_t index);
    void pinsr(Width lane, Xmm to, Xmm a, const Address& from, uint8_t index);
    /// Takes each lane of 32 bits from `b` if the sign of the mask's is set. Only with AVX.
    void blendv(Xmm to, Xmm a, Xmm b, Xmm mask)
    {
        vex(0x66, 3, false, 0x4a, number(to), number(a), number(b));
        byte(static_cast<uint8_t>(number(mask) << 4));
    }
    void pmovmskb(Reg to, Xmm from);
    void movmskps(Reg to, Xmm from);
    void movmskpd(Reg to, Xmm from);

#define ARITHMETIC(name, digit)                                                                       \
    void name(Width width, Reg to, Reg from) { arithmetic(digit, width, to, from); }                  \
    void name(Width width, Reg to, const Address& from) { arithmetic(digit, width, to, from); }       \
    void name(Width width, const Address& to, Reg from) { arithmetic(digit, width, to, from); }       \
    void name(Width width, Reg to, int32_t value) { arithmetic(digit, width, to, value); }            \
    void name(Width width, const Address& to, int32_t value) { arithmetic(digit, width, to, value); } \
    void lock_##name(Width width, const Address& to, Reg from)                                        \
    {                                                                                                 \
        lock();                                                                                       \
        arithmetic(digit, width, to, from);                                                           \
    }
#define SHIFT(name, digit)                                                            \
    void name(Width width, Reg to, uint8_t count) { shift(digit, width, to, count); } \
    void name##_cl(Width width, Reg to) { shift_cl(digit, width, to); }
#define UNARY(name, digit) \
    void name(Width width, Reg to) { unary(digit, width, to); }
#define GENERAL(name, prefix, map, opcode)                                                      \
    void name(Width width, Reg to, Reg from) { general(prefix, map, opcode, width, to, from); } \
    void name(Width width, Reg to, const Address& from) { general(prefix, map, opcode, width, to, from); }
#define GENERAL3(name, prefix, map, opcode)                                                     \
    void name(Width width, Reg to, Reg from, Reg count)                                         \
    {                                                                                           \
        vex(prefix, map, width == Width::w64, opcode, number(to), number(count), number(from)); \
    }
#define VECTOR2(name, prefix, map, opcode)                                         \
    void name(Xmm to, Xmm from) { vector(prefix, map, opcode, to, Xmm {}, from); } \
    void name(Xmm to, const Address& from) { vector(prefix, map, opcode, to, Xmm {}, from, 0); }
#define VECTOR3(name, prefix, map, opcode)                                                    \
    void name(Xmm to, Xmm a, Xmm b) { vector3(prefix, map, opcode, to, a, b, std::nullopt); } \
    void name(Xmm to, Xmm a, const Address& b) { vector3(prefix, map, opcode, to, a, b, std::nullopt); }
#define VECTOR2_IMM(name, prefix, map, opcode)         \
    void name(Xmm to, Xmm from, uint8_t value)         \
    {                                                  \
        vector(prefix, map, opcode, to, Xmm {}, from); \
        byte(value);                                   \
    }
#define VECTOR3_IMM(name, prefix, map, opcode) \
    void name(Xmm to, Xmm a, Xmm b, uint8_t value) { vector3(prefix, map, opcode, to, a, b, value); }
#define VECTOR2_AVX(name, prefix, map, opcode)                                                    \
    void name(Xmm to, Xmm from) { vex(prefix, map, false, opcode, number(to), 0, number(from)); } \
    void name(Xmm to, const Address& from) { vex(prefix, map, false, opcode, number(to), 0, from, 0); }
#define VECTOR_SHIFT(name, opcode, digit) \
    void name(Xmm to, Xmm a, uint8_t count) { vector_shift(opcode, digit, to, a, count); }
#include "jit/instructions.inc"

    // Data between the code.
    void align(uint32_t bytes);
    void embed(uint64_t value);
    /// The distance of a bound label from another one, in 4 bytes.
    void embed_distance(Label label, Label from);

private:
    static constexpr uint32_t unbound = UINT32_MAX, none = 0x0fff'ffff;
    struct LabelState {
        uint32_t offset = unbound;
        /// The last place that refers to it: the offset of 4 bytes, which hold the one before.
        uint32_t fixups = none;
    };

    static constexpr uint8_t number(Reg reg) { return static_cast<uint8_t>(reg); }
    static constexpr uint8_t number(Xmm reg) { return static_cast<uint8_t>(reg); }

    void reserve(size_t bytes);
    /// To be called before each instruction.
    void begin()
    {
        if (end_ - next_ < 32) [[unlikely]]
            reserve(32);
    }
    void byte(uint8_t value) { *next_++ = value; }
    template<class T> void append(T value)
    {
        std::memcpy(next_, &value, sizeof value);
        next_ += sizeof value;
    }
    void lock()
    {
        begin();
        byte(0xf0);
    }
    /// Refers to a label by 4 bytes that are followed by `trailing` bytes of the instruction.
    void refer(Label label, uint32_t trailing);
    /// The operand bytes after the opcode. `trailing` as in `refer`.
    void operand(uint8_t reg, uint8_t rm);
    void operand(uint8_t reg, const Address& address, uint32_t trailing);
    void rex(bool w, uint8_t reg, uint8_t index, uint8_t base, bool is_needed);
    void escape(uint8_t map);
    /// Prefixes and opcode; the operand is in a register, or in memory.
    void legacy(
        uint8_t prefix, uint8_t map, bool w, uint8_t opcode, uint8_t reg, uint8_t rm, bool needs_rex = false);
    void legacy(uint8_t prefix, uint8_t map, bool w, uint8_t opcode, uint8_t reg, const Address& address,
        uint32_t trailing, bool needs_rex = false);
    void vex_prefix(
        uint8_t prefix, uint8_t map, bool w, uint8_t reg, uint8_t second, uint8_t index, uint8_t base);
    void vex(uint8_t prefix, uint8_t map, bool w, uint8_t opcode, uint8_t reg, uint8_t second, uint8_t rm);
    void vex(uint8_t prefix, uint8_t map, bool w, uint8_t opcode, uint8_t reg, uint8_t second,
        const Address& address, uint32_t trailing);

    template<class From> void arithmetic_rm(uint8_t digit, Width width, Reg reg, const From& rm, bool to_rm);
    void arithmetic(uint8_t digit, Width width, Reg to, Reg from);
    void arithmetic(uint8_t digit, Width width, Reg to, const Address& from);
    void arithmetic(uint8_t digit, Width width, const Address& to, Reg from);
    void arithmetic(uint8_t digit, Width width, Reg to, int32_t value);
    void arithmetic(uint8_t digit, Width width, const Address& to, int32_t value);
    void shift(uint8_t digit, Width width, Reg to, uint8_t count);
    void shift_cl(uint8_t digit, Width width, Reg to);
    void unary(uint8_t digit, Width width, Reg to);
    void general(uint8_t prefix, uint8_t map, uint8_t opcode, Width width, Reg to, Reg from);
    void general(uint8_t prefix, uint8_t map, uint8_t opcode, Width width, Reg to, const Address& from);
    void vector(uint8_t prefix, uint8_t map, uint8_t opcode, Xmm reg, Xmm second, Xmm rm, bool w = false);
    void vector(uint8_t prefix, uint8_t map, uint8_t opcode, Xmm reg, Xmm second, const Address& address,
        uint32_t trailing);
    void vector3(
        uint8_t prefix, uint8_t map, uint8_t opcode, Xmm to, Xmm a, Xmm b, std::optional<uint8_t> immediate);
    void vector3(uint8_t prefix, uint8_t map, uint8_t opcode, Xmm to, Xmm a, const Address& b,
        std::optional<uint8_t> immediate);
    void vector_shift(uint8_t opcode, uint8_t digit, Xmm to, Xmm a, uint8_t count);
    /// Between a vector register `reg` and a general register or memory.
    void mixed(uint8_t prefix, uint8_t map, bool w, uint8_t opcode, uint8_t reg, uint8_t second, uint8_t rm);
    void mixed(uint8_t prefix, uint8_t map, bool w, uint8_t opcode, uint8_t reg, uint8_t second,
        const Address& address, uint32_t trailing);

    Processor processor_;
    std::unique_ptr<uint8_t[]> memory_;
    uint8_t* begin_ = nullptr;
    uint8_t* next_ = nullptr;
    uint8_t* end_ = nullptr;
    bool is_out_of_memory_ = false;
    std::vector<LabelState> labels_;
};

} // namespace vitrine::core::jit
