// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Every form of every machine instruction: a disassembler reads what was meant.
#include "jit/assembler.h"

#include "support/disassembly.h"

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine::core::jit {
namespace {

using test::disassemble;

constexpr Processor sse {};
constexpr Processor avx { .avx = true, .avx2 = true, .bmi1 = true, .bmi2 = true, .lzcnt = true };

// Registers whose encodings have exceptions: those that are byte registers with a REX prefix only,
// those that need a SIB byte or a displacement as a base, and those with the fourth bit.
constexpr std::array some_regs { Reg::rax, Reg::rbx, Reg::rsp, Reg::rbp, Reg::rdi, Reg::r8, Reg::r12,
    Reg::r13, Reg::r15 };
constexpr std::array some_xmms { Xmm::xmm0, Xmm::xmm5, Xmm::xmm8, Xmm::xmm15 };
constexpr std::array widths { Width::w8, Width::w16, Width::w32, Width::w64 };
constexpr std::array wide { Width::w32, Width::w64 };
constexpr std::array<int32_t, 6> values { 0, 1, -1, 127, 128, INT32_MIN };

std::string text_of(Reg reg, Width width)
{
    constexpr std::string_view names[4][16] {
        { "al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil", "r8b", "r9b", "r10b", "r11b", "r12b", "r13b",
            "r14b", "r15b" },
        { "ax", "cx", "dx", "bx", "sp", "bp", "si", "di", "r8w", "r9w", "r10w", "r11w", "r12w", "r13w",
            "r14w", "r15w" },
        { "eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "r8d", "r9d", "r10d", "r11d", "r12d",
            "r13d", "r14d", "r15d" },
        { "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13",
            "r14", "r15" },
    };
    return std::string(names[static_cast<size_t>(width)][static_cast<size_t>(reg)]);
}

std::string text_of(Xmm reg) { return "xmm" + std::to_string(static_cast<int>(reg)); }

std::string hex_of(uint64_t value)
{
    char text[32];
    std::snprintf(text, sizeof text, "0x%llX", static_cast<unsigned long long>(value));
    return text;
}

std::string signed_hex(int64_t value)
{
    return value < 0 ? "-" + hex_of(-static_cast<uint64_t>(value)) : hex_of(static_cast<uint64_t>(value));
}

/// A constant operand, which the disassembler shows without a sign.
std::string constant(int64_t value, Width width)
{
    return hex_of(static_cast<uint64_t>(value) & (width == Width::w64 ? UINT64_MAX : UINT32_MAX));
}

/// `dword ptr [rbx+rcx*4-0x8]`. `bits` is the size of what is accessed; 0 for none.
std::string text_of(const Address& address, uint32_t bits)
{
    std::string text = bits == 8 ? "byte ptr "
        : bits == 16             ? "word ptr "
        : bits == 32             ? "dword ptr "
        : bits == 64             ? "qword ptr "
        : bits == 128            ? "xmmword ptr "
                                 : "";
    text += "[" + text_of(address.base, Width::w64);
    if (address.has_index)
        text += "+" + text_of(address.index, Width::w64) + "*" + std::to_string(1 << address.shift);
    if (address.displacement != 0)
        text += (address.displacement > 0 ? "+" : "") + signed_hex(address.displacement);
    return text + "]";
}

uint32_t bits_of(Width width) { return 8u << static_cast<uint32_t>(width); }

std::vector<Address> addresses()
{
    std::vector<Address> all;
    for (const Reg base : some_regs)
        for (const int32_t displacement : { 0, 8, -128, 128, INT32_MAX })
            all.push_back(at(base, displacement));
    for (const Reg base : some_regs)
        for (const Reg index : { Reg::rcx, Reg::rbp, Reg::r8, Reg::r12, Reg::r13 }) {
            all.push_back(at(base, index, 0));
            all.push_back(at(base, index, 3, -8));
            all.push_back(at(base, index, 1, 0x12345678));
        }
    return all;
}

/// What `emit` emits must be these instructions.
class Forms {
public:
    void expect(Processor processor, const std::vector<std::string>& expected,
        const std::function<void(Assembler&)>& emit)
    {
        ++count_;
        Assembler assembler(processor);
        emit(assembler);
        std::vector<std::string> found;
        for (const test::Disassembled& each : disassemble(assembler.bytes()))
            found.push_back(each.text);
        // One line is enough to see what is wrong.
        if (found != expected && ++failures_ <= 20)
            ADD_FAILURE() << "meant " << testing::PrintToString(expected) << ", emitted "
                          << testing::PrintToString(found);
    }
    void expect(Processor processor, std::string expected, const std::function<void(Assembler&)>& emit)
    {
        expect(processor, std::vector { std::move(expected) }, emit);
    }
    ~Forms()
    {
        EXPECT_GT(count_, 0);
        EXPECT_EQ(failures_, 0) << "of " << count_;
    }

private:
    int count_ = 0, failures_ = 0;
};

/// `or_` is `or`: some names are keywords. Others say the width of the source, or that the count is
/// an immediate.
std::string mnemonic_of(std::string_view name)
{
    if (name.ends_with("_imm"))
        name.remove_suffix(4);
    else if (name.ends_with('_'))
        name.remove_suffix(1);
    else if (name == "imul_wide")
        name = "imul";
    else if (name.starts_with("movzx"))
        name = "movzx";
    else if (name.starts_with("movsx"))
        name = name == "movsx32" ? "movsxd" : "movsx";
    return std::string(name);
}

TEST(Assembler, Arithmetic)
{
    Forms forms;
    const auto all = addresses();
#define ARITHMETIC(name, digit)                                                               \
    for (const Width width : widths) {                                                        \
        const std::string op = mnemonic_of(#name) + " ";                                      \
        for (const Reg a : some_regs) {                                                       \
            for (const Reg b : some_regs)                                                     \
                forms.expect(sse, op + text_of(a, width) + ", " + text_of(b, width),          \
                    [&](Assembler& to) { to.name(width, a, b); });                            \
            for (const int32_t value : values)                                                \
                if (width >= Width::w32)                                                      \
                    forms.expect(sse, op + text_of(a, width) + ", " + constant(value, width), \
                        [&](Assembler& to) { to.name(width, a, value); });                    \
        }                                                                                     \
        for (const Address& address : all) {                                                  \
            const std::string memory = text_of(address, bits_of(width));                      \
            forms.expect(sse, op + text_of(Reg::rsi, width) + ", " + memory,                  \
                [&](Assembler& to) { to.name(width, Reg::rsi, address); });                   \
            forms.expect(sse, op + memory + ", " + text_of(Reg::r9, width),                   \
                [&](Assembler& to) { to.name(width, address, Reg::r9); });                    \
            if (std::string_view(#name) != "cmp")                                             \
                forms.expect(sse, "lock " + op + memory + ", " + text_of(Reg::rdi, width),    \
                    [&](Assembler& to) { to.lock_##name(width, address, Reg::rdi); });        \
            for (const int32_t value : values)                                                \
                if (width >= Width::w32)                                                      \
                    forms.expect(sse, op + memory + ", " + constant(value, width),            \
                        [&](Assembler& to) { to.name(width, address, value); });              \
        }                                                                                     \
    }
#include "jit/instructions.inc"
}

TEST(Assembler, ShiftsAndUnary)
{
    Forms forms;
#define SHIFT(name, digit)                                                                                 \
    for (const Width width : widths)                                                                       \
        for (const Reg reg : some_regs) {                                                                  \
            const std::string op = mnemonic_of(#name) + " " + text_of(reg, width) + ", ";                  \
            for (const uint8_t count : { 1, 7, 31 })                                                       \
                forms.expect(sse, op + hex_of(count), [&](Assembler& to) { to.name(width, reg, count); }); \
            forms.expect(sse, op + "cl", [&](Assembler& to) { to.name##_cl(width, reg); });                \
        }
#define UNARY(name, digit)                                                    \
    for (const Width width : wide)                                            \
        for (const Reg reg : some_regs)                                       \
            forms.expect(sse, mnemonic_of(#name) + " " + text_of(reg, width), \
                [&](Assembler& to) { to.name(width, reg); });
#include "jit/instructions.inc"
}

TEST(Assembler, General)
{
    Forms forms;
    const auto all = addresses();
    const auto source = [](std::string_view name, Width width) {
        return name.ends_with("x8") ? Width::w8
            : name.ends_with("x16") ? Width::w16
            : name.ends_with("x32") ? Width::w32
                                    : width;
    };
#define GENERAL(name, prefix, map, opcode)                                                            \
    for (const Width width : wide) {                                                                  \
        const std::string op = mnemonic_of(#name) + " ";                                              \
        const Width from = source(#name, width);                                                      \
        if (from == width && std::string_view(#name) == "movsx32")                                    \
            continue;                                                                                 \
        for (const Reg a : some_regs)                                                                 \
            for (const Reg b : some_regs)                                                             \
                forms.expect(sse, op + text_of(a, width) + ", " + text_of(b, from),                   \
                    [&](Assembler& to) { to.name(width, a, b); });                                    \
        for (const Address& address : all)                                                            \
            forms.expect(sse, op + text_of(Reg::r11, width) + ", " + text_of(address, bits_of(from)), \
                [&](Assembler& to) { to.name(width, Reg::r11, address); });                           \
    }
#define GENERAL3(name, prefix, map, opcode)                                                                  \
    for (const Width width : wide)                                                                           \
        for (const Reg a : some_regs)                                                                        \
            for (const Reg b : some_regs)                                                                    \
                for (const Reg c : some_regs)                                                                \
                    forms.expect(avx,                                                                        \
                        #name " " + text_of(a, width) + ", " + text_of(b, width) + ", " + text_of(c, width), \
                        [&](Assembler& to) { to.name(width, a, b, c); });
#include "jit/instructions.inc"
}

TEST(Assembler, MovesAndOthersOfGeneralRegisters)
{
    Forms forms;
    const auto all = addresses();
    constexpr std::string_view conditions[] { "o", "no", "b", "nb", "z", "nz", "be", "nbe", "s", "ns", "p",
        "np", "l", "nl", "le", "nle" };
    for (const Width width : widths) {
        const uint32_t bits = bits_of(width);
        for (const Reg a : some_regs)
            for (const Reg b : some_regs) {
                const std::string both = text_of(a, width) + ", " + text_of(b, width);
                forms.expect(sse, "mov " + both, [&](Assembler& to) { to.mov(width, a, b); });
                forms.expect(sse, "test " + both, [&](Assembler& to) { to.test(width, a, b); });
            }
        for (const Address& address : all) {
            const std::string memory = text_of(address, bits);
            for (const Reg reg : { Reg::rsi, Reg::r14 }) {
                const std::string name = text_of(reg, width);
                forms.expect(
                    sse, "mov " + name + ", " + memory, [&](Assembler& to) { to.mov(width, reg, address); });
                forms.expect(
                    sse, "mov " + memory + ", " + name, [&](Assembler& to) { to.mov(width, address, reg); });
                forms.expect(sse, "xchg " + memory + ", " + name,
                    [&](Assembler& to) { to.xchg(width, address, reg); });
                forms.expect(sse, "lock xadd " + memory + ", " + name,
                    [&](Assembler& to) { to.lock_xadd(width, address, reg); });
                forms.expect(sse, "lock cmpxchg " + memory + ", " + name,
                    [&](Assembler& to) { to.lock_cmpxchg(width, address, reg); });
            }
            for (const int32_t value : { 0, 1, 0x7f })
                forms.expect(sse, "mov " + memory + ", " + hex_of(static_cast<uint32_t>(value)),
                    [&](Assembler& to) { to.mov(width, address, value); });
        }
    }
    for (const Width width : wide) {
        for (const Reg a : some_regs) {
            for (const Reg b : some_regs) {
                const std::string both = text_of(a, width) + ", " + text_of(b, width);
                for (const int32_t value : values)
                    forms.expect(sse, "imul " + both + ", " + constant(value, width),
                        [&](Assembler& to) { to.imul(width, a, b, value); });
                for (uint8_t i = 0; i < 16; ++i)
                    forms.expect(sse, "cmov" + std::string(conditions[i]) + " " + both,
                        [&](Assembler& to) { to.cmov(static_cast<Condition>(i), width, a, b); });
                forms.expect(avx, "rorx " + both + ", 0x7", [&](Assembler& to) { to.rorx(width, a, b, 7); });
            }
            forms.expect(
                sse, "test " + text_of(a, width) + ", 0x80", [&](Assembler& to) { to.test(width, a, 128); });
        }
        for (const Address& address : all) {
            forms.expect(sse, "lea " + text_of(Reg::r9, width) + ", " + text_of(address, 0),
                [&](Assembler& to) { to.lea(width, Reg::r9, address); });
            forms.expect(sse, "cmovnle " + text_of(Reg::rbx, width) + ", " + text_of(address, bits_of(width)),
                [&](Assembler& to) { to.cmov(Condition::Greater, width, Reg::rbx, address); });
        }
    }
    for (const Reg reg : some_regs) {
        for (uint8_t i = 0; i < 16; ++i)
            forms.expect(sse, "set" + std::string(conditions[i]) + " " + text_of(reg, Width::w8),
                [&](Assembler& to) { to.set(static_cast<Condition>(i), reg); });
        for (const uint64_t value : { uint64_t { 0 }, uint64_t { 1 }, uint64_t { 0x7fffffff },
                 uint64_t { 0x80000000 }, uint64_t { UINT32_MAX } })
            forms.expect(sse, "mov " + text_of(reg, Width::w32) + ", " + hex_of(value),
                [&](Assembler& to) { to.mov(reg, value); });
        for (const int64_t value : { int64_t { -1 }, int64_t { INT32_MIN } })
            forms.expect(sse, "mov " + text_of(reg, Width::w64) + ", " + constant(value, Width::w64),
                [&](Assembler& to) { to.mov(reg, static_cast<uint64_t>(value)); });
        for (const uint64_t value : { uint64_t { 1 } << 32, uint64_t { INT64_MAX } })
            forms.expect(sse, "mov " + text_of(reg, Width::w64) + ", " + hex_of(value),
                [&](Assembler& to) { to.mov(reg, value); });
        forms.expect(sse, "jmp " + text_of(reg, Width::w64), [&](Assembler& to) { to.jmp(reg); });
    }
    for (const Address& address : all)
        forms.expect(sse, "call " + text_of(address, 64), [&](Assembler& to) { to.call(address); });
    forms.expect(sse, "cdq", [](Assembler& to) { to.sign_extend_rax(Width::w32); });
    forms.expect(sse, "cqo", [](Assembler& to) { to.sign_extend_rax(Width::w64); });
    forms.expect(sse, "mfence", [](Assembler& to) { to.mfence(); });
    forms.expect(sse, "ret", [](Assembler& to) { to.ret(); });
    forms.expect(sse, "ud2", [](Assembler& to) { to.ud2(); });
}

/// The bits that a vector instruction reads of memory.
uint32_t vector_bits(std::string_view name)
{
    if (name == "cvtsd2ss" || name == "cvtdq2pd" || name == "cvtps2pd" || name == "movddup"
        || name.starts_with("pmov"))
        return 64;
    if (name.starts_with("pbroadcast"))
        return name.ends_with('b') ? 8 : 16;
    if (name == "cvtss2sd")
        return 32;
    if (!name.starts_with('p'))
        return name.ends_with("ss") ? 32 : name.ends_with("sd") ? 64 : 128;
    return 128;
}

/// What an instruction with three operands is: with SSE, the destination is the first source.
std::vector<std::string> three(
    Processor processor, const std::string& name, Xmm to, Xmm a, const std::string& rest)
{
    if (processor.avx)
        return { "v" + name + " " + text_of(to) + ", " + text_of(a) + ", " + rest };
    std::vector<std::string> lines;
    if (to != a)
        lines.push_back("movaps " + text_of(to) + ", " + text_of(a));
    lines.push_back(name + " " + text_of(to) + ", " + rest);
    return lines;
}

TEST(Assembler, Vectors)
{
    Forms forms;
    const auto all = addresses();
    for (const Processor processor : { sse, avx }) {
        const std::string v = processor.avx ? "v" : "";
#define VECTOR2(name, prefix, map, opcode)                                                  \
    for (const Xmm a : some_xmms) {                                                         \
        for (const Xmm b : some_xmms)                                                       \
            forms.expect(processor, v + #name " " + text_of(a) + ", " + text_of(b),         \
                [&](Assembler& to) { to.name(a, b); });                                     \
    }                                                                                       \
    for (const Address& address : all)                                                      \
        forms.expect(processor, v + #name " xmm9, " + text_of(address, vector_bits(#name)), \
            [&](Assembler& to) { to.name(Xmm::xmm9, address); });
#define VECTOR2_AVX(name, prefix, map, opcode)                                                  \
    if (processor.avx) {                                                                        \
        for (const Xmm a : some_xmms)                                                           \
            for (const Xmm b : some_xmms)                                                       \
                forms.expect(processor, "v" #name " " + text_of(a) + ", " + text_of(b),         \
                    [&](Assembler& to) { to.name(a, b); });                                     \
        for (const Address& address : all)                                                      \
            forms.expect(processor, "v" #name " xmm9, " + text_of(address, vector_bits(#name)), \
                [&](Assembler& to) { to.name(Xmm::xmm9, address); });                           \
    }
#define VECTOR2_IMM(name, prefix, map, opcode)                                                \
    for (const Xmm a : some_xmms)                                                             \
        for (const Xmm b : some_xmms)                                                         \
            forms.expect(processor, v + #name " " + text_of(a) + ", " + text_of(b) + ", 0x5", \
                [&](Assembler& to) { to.name(a, b, 5); });
#define VECTOR3(name, prefix, map, opcode)                                                        \
    for (const Xmm a : some_xmms)                                                                 \
        for (const Xmm b : some_xmms) {                                                           \
            for (const Xmm c : some_xmms)                                                         \
                if (processor.avx || a == b || a != c)                                            \
                    forms.expect(processor, three(processor, #name, a, b, text_of(c)),            \
                        [&](Assembler& to) { to.name(a, b, c); });                                \
        }                                                                                         \
    for (const Address& address : all)                                                            \
        forms.expect(processor,                                                                   \
            three(processor, #name, Xmm::xmm2, Xmm::xmm10, text_of(address, vector_bits(#name))), \
            [&](Assembler& to) { to.name(Xmm::xmm2, Xmm::xmm10, address); });
#define VECTOR3_IMM(name, prefix, map, opcode)                                                   \
    for (const Xmm a : some_xmms)                                                                \
        for (const Xmm b : some_xmms)                                                            \
            for (const Xmm c : some_xmms)                                                        \
                if (processor.avx || a == b || a != c)                                           \
                    forms.expect(processor, three(processor, #name, a, b, text_of(c) + ", 0x3"), \
                        [&](Assembler& to) { to.name(a, b, c, 3); });
#define VECTOR_SHIFT(name, opcode, digit)                                              \
    for (const Xmm a : some_xmms)                                                      \
        for (const Xmm b : some_xmms)                                                  \
            forms.expect(processor, three(processor, mnemonic_of(#name), a, b, "0x7"), \
                [&](Assembler& to) { to.name(a, b, 7); });
#include "jit/instructions.inc"
    }
    for (const Xmm a : some_xmms)
        for (const Xmm b : some_xmms)
            for (const Xmm c : some_xmms)
                forms.expect(avx,
                    "vblendvps " + text_of(a) + ", " + text_of(b) + ", " + text_of(c) + ", " + text_of(a),
                    [&](Assembler& to) { to.blendv(a, b, c, a); });
}

TEST(Assembler, VectorsAndGeneralRegistersOrMemory)
{
    Forms forms;
    const auto all = addresses();
    for (const Processor processor : { sse, avx }) {
        const std::string v = processor.avx ? "v" : "";
        for (const Xmm x : some_xmms) {
            const std::string xmm = text_of(x);
            for (const Xmm y : some_xmms)
                forms.expect(processor, v + "movaps " + xmm + ", " + text_of(y),
                    [&](Assembler& to) { to.movaps(x, y); });
            for (const Reg reg : some_regs) {
                for (const Width width : wide) {
                    const std::string general = text_of(reg, width);
                    const std::string move = v + (width == Width::w64 ? "movq " : "movd ");
                    forms.expect(processor, move + xmm + ", " + general,
                        [&](Assembler& to) { to.movd(width, x, reg); });
                    forms.expect(processor, move + general + ", " + xmm,
                        [&](Assembler& to) { to.movd(width, reg, x); });
                    const Xmm upper = processor.avx ? Xmm::xmm11 : x;
                    const std::string second = processor.avx ? "xmm11, " : "";
                    forms.expect(processor, v + "cvtsi2ss " + xmm + ", " + second + general,
                        [&](Assembler& to) { to.cvtsi2ss(width, x, upper, reg); });
                    forms.expect(processor, v + "cvtsi2sd " + xmm + ", " + second + general,
                        [&](Assembler& to) { to.cvtsi2sd(width, x, upper, reg); });
                    forms.expect(processor, v + "cvttss2si " + general + ", " + xmm,
                        [&](Assembler& to) { to.cvttss2si(width, reg, x); });
                    forms.expect(processor, v + "cvttsd2si " + general + ", " + xmm,
                        [&](Assembler& to) { to.cvttsd2si(width, reg, x); });
                }
                const std::string general = text_of(reg, Width::w32);
                forms.expect(processor, v + "pmovmskb " + general + ", " + xmm,
                    [&](Assembler& to) { to.pmovmskb(reg, x); });
                forms.expect(processor, v + "movmskps " + general + ", " + xmm,
                    [&](Assembler& to) { to.movmskps(reg, x); });
                forms.expect(processor, v + "movmskpd " + general + ", " + xmm,
                    [&](Assembler& to) { to.movmskpd(reg, x); });
                for (const Width lane : widths) {
                    const std::string suffix(1, "bwdq"[static_cast<size_t>(lane)]);
                    const std::string part = text_of(reg, lane == Width::w64 ? Width::w64 : Width::w32);
                    forms.expect(processor, v + "pextr" + suffix + " " + part + ", " + xmm + ", 0x1",
                        [&](Assembler& to) { to.pextr(lane, reg, x, 1); });
                    for (const Xmm from : some_xmms)
                        forms.expect(processor, three(processor, "pinsr" + suffix, x, from, part + ", 0x1"),
                            [&](Assembler& to) { to.pinsr(lane, x, from, reg, 1); });
                }
            }
        }
        for (const Address& address : all)
            for (const Xmm x : { Xmm::xmm3, Xmm::xmm13 }) {
                const std::string xmm = text_of(x);
                const std::string m32 = text_of(address, 32), m64 = text_of(address, 64),
                                  m128 = text_of(address, 128);
                forms.expect(processor, v + "movups " + xmm + ", " + m128,
                    [&](Assembler& to) { to.movups(x, address); });
                forms.expect(processor, v + "movups " + m128 + ", " + xmm,
                    [&](Assembler& to) { to.movups(address, x); });
                forms.expect(
                    processor, v + "movss " + xmm + ", " + m32, [&](Assembler& to) { to.movss(x, address); });
                forms.expect(
                    processor, v + "movss " + m32 + ", " + xmm, [&](Assembler& to) { to.movss(address, x); });
                forms.expect(
                    processor, v + "movsd " + xmm + ", " + m64, [&](Assembler& to) { to.movsd(x, address); });
                forms.expect(
                    processor, v + "movsd " + m64 + ", " + xmm, [&](Assembler& to) { to.movsd(address, x); });
                for (const Width lane : widths) {
                    const std::string suffix(1, "bwdq"[static_cast<size_t>(lane)]);
                    const std::string memory = text_of(address, bits_of(lane));
                    forms.expect(processor, v + "pextr" + suffix + " " + memory + ", " + xmm + ", 0x1",
                        [&](Assembler& to) { to.pextr(lane, address, x, 1); });
                    forms.expect(processor,
                        three(processor, "pinsr" + suffix, x, Xmm::xmm6, memory + ", 0x1"),
                        [&](Assembler& to) { to.pinsr(lane, x, Xmm::xmm6, address, 1); });
                }
            }
    }
}

/// Bytes between a jump and its label.
void fill(Assembler& assembler, int bytes)
{
    for (int i = 0; i < bytes; ++i)
        assembler.ret();
}

TEST(Assembler, LabelsAreWhereTheyWereBound)
{
    for (const int distance : { 0, 1, 100, 123, 124, 125, 126, 127, 128, 300 }) {
        Assembler to(sse);
        const Label before = to.new_label(), after = to.new_label();
        fill(to, 3);
        to.bind(before);
        EXPECT_EQ(to.offset_of(before), 3);
        fill(to, distance);
        to.jmp(before);
        to.jcc(Condition::Less, before);
        to.jmp(after);
        to.jcc(Condition::Equal, after);
        to.lea(Width::w64, Reg::r9, at(after));
        to.lea(Width::w64, Reg::rcx, at(before));
        to.mov(Width::w32, at(after), 0x1234);
        to.mov(Width::w16, at(after), 0x12);
        to.add(Width::w64, at(before), 1000);
        to.cmp(Width::w64, at(after), 10);
        to.pextr(Width::w32, at(after), Xmm::xmm9, 1);
        fill(to, distance);
        EXPECT_FALSE(to.is_bound(after));
        to.bind(after);
        to.ud2();
        const uint32_t end = to.offset() - 2;
        EXPECT_EQ(to.offset_of(after), end);
        std::vector<uint64_t> targets;
        for (const test::Disassembled& each : disassemble(to.bytes()))
            if (each.target)
                targets.push_back(*each.target);
        EXPECT_EQ(targets, (std::vector<uint64_t> { 3, 3, end, end, end, 3, end, end, 3, end, end }))
            << distance;
    }
}

TEST(Assembler, DataBetweenTheCode)
{
    Assembler to(sse);
    const Label first = to.new_label(), second = to.new_label();
    to.ret();
    to.bind(first);
    fill(to, 9);
    to.bind(second);
    to.align(16);
    EXPECT_EQ(to.offset(), 16);
    to.embed_distance(second, first);
    to.embed_distance(first, second);
    to.embed(0x1122334455667788);
    const std::span<const uint8_t> data = to.bytes().subspan(10);
    EXPECT_EQ(std::vector<uint8_t>(data.begin(), data.end()),
        (std::vector<uint8_t> { 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 9, 0, 0, 0, 0xf7, 0xff, 0xff, 0xff, 0x88,
            0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11 }));
    to.reset(sse);
    EXPECT_EQ(to.offset(), 0);
}

TEST(Assembler, CodeCanBeLong)
{
    Assembler to(sse);
    const Label end = to.new_label();
    for (int i = 0; i < 100'000; ++i)
        to.jcc(Condition::Below, end);
    to.bind(end);
    to.ret();
    ASSERT_FALSE(to.is_out_of_memory());
    const auto lines = disassemble(to.bytes());
    ASSERT_EQ(lines.size(), 100'001);
    for (size_t i = 0; i < 100'000; ++i)
        ASSERT_EQ(lines[i].target, to.offset_of(end));
}

} // namespace
} // namespace vitrine::core::jit
