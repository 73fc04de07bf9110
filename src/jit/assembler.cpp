// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "jit/assembler.h"

#include "base/result.h"

#include <algorithm>
#include <new>

namespace vitrine::core::jit {

namespace {

constexpr bool fits_in_byte(int32_t value) { return value == static_cast<int8_t>(value); }

/// The prefix of a general instruction on operands of this width.
constexpr uint8_t size_prefix(Width width) { return width == Width::w16 ? 0x66 : 0; }

/// Without a REX prefix, the byte registers 4 to 7 are not the low bytes of rsp to rdi.
constexpr bool needs_rex(Width width, Reg reg) { return width == Width::w8 && reg >= Reg::rsp; }

constexpr uint32_t trailing_of(const std::optional<uint8_t>& immediate) { return immediate ? 1 : 0; }

} // namespace

void Assembler::reserve(size_t bytes)
{
    const size_t used = static_cast<size_t>(next_ - begin_);
    const size_t size = std::max<size_t>(used + bytes, 2 * static_cast<size_t>(end_ - begin_));
    std::unique_ptr<uint8_t[]> memory(new (std::nothrow) uint8_t[size]);
    if (!memory) {
        is_out_of_memory_ = true;
        ASSERT(begin_);
        next_ = begin_;
        return;
    }
    if (used != 0)
        std::memcpy(memory.get(), begin_, used);
    memory_ = std::move(memory);
    begin_ = memory_.get();
    next_ = begin_ + used;
    end_ = begin_ + size;
}

void Assembler::reset(Processor processor)
{
    processor_ = processor;
    next_ = begin_;
    is_out_of_memory_ = false;
    labels_.clear();
}

// -- Labels

Label Assembler::new_label()
{
    labels_.emplace_back();
    return { static_cast<uint32_t>(labels_.size() - 1) };
}

// A reference to a label that is not bound yet keeps the one before it in its four bytes: the
// offset in the low 28 bits, and in the others the number of bytes of the instruction that follow.

void Assembler::refer(Label label, uint32_t trailing)
{
    LabelState& state = labels_[label.id];
    if (state.offset != unbound) {
        append(static_cast<int32_t>(state.offset - (offset() + 4 + trailing)));
        return;
    }
    const uint32_t here = offset();
    append(state.fixups | trailing << 28);
    state.fixups = here;
}

void Assembler::bind(Label label)
{
    LabelState& state = labels_[label.id];
    ASSERT(state.offset == unbound);
    state.offset = offset();
    if (is_out_of_memory_)
        return;
    for (uint32_t fixup = state.fixups; fixup != none;) {
        uint32_t word = 0;
        std::memcpy(&word, begin_ + fixup, sizeof word);
        const auto distance = static_cast<int32_t>(state.offset - (fixup + 4 + (word >> 28)));
        std::memcpy(begin_ + fixup, &distance, sizeof distance);
        fixup = word & none;
    }
}

// -- Encoding

void Assembler::operand(uint8_t reg, uint8_t rm)
{
    byte(static_cast<uint8_t>(0xc0 | (reg & 7) << 3 | (rm & 7)));
}

void Assembler::operand(uint8_t reg, const Address& address, uint32_t trailing)
{
    const auto middle = static_cast<uint8_t>((reg & 7) << 3);
    if (address.is_label) {
        byte(middle | 5);
        refer(address.label, trailing);
        return;
    }
    const uint8_t base = number(address.base) & 7;
    // A base of rbp or r13 without displacement has another meaning.
    const bool is_short = fits_in_byte(address.displacement);
    const uint8_t mode = address.displacement == 0 && base != 5 ? 0x00 : is_short ? 0x40 : 0x80;
    if (address.has_index || base == 4) {
        byte(mode | middle | 4);
        const uint8_t index = address.has_index ? number(address.index) & 7 : 4;
        byte(static_cast<uint8_t>(address.shift << 6 | index << 3 | base));
    } else {
        byte(mode | middle | base);
    }
    if (mode == 0x40)
        byte(static_cast<uint8_t>(address.displacement));
    else if (mode == 0x80)
        append(address.displacement);
}

void Assembler::rex(bool w, uint8_t reg, uint8_t index, uint8_t base, bool is_needed)
{
    const auto bits = static_cast<uint8_t>(w << 3 | (reg >> 3) << 2 | (index >> 3) << 1 | base >> 3);
    if (bits != 0 || is_needed)
        byte(0x40 | bits);
}

void Assembler::escape(uint8_t map)
{
    if (map == 0)
        return;
    byte(0x0f);
    if (map != 1)
        byte(map == 2 ? 0x38 : 0x3a);
}

void Assembler::legacy(
    uint8_t prefix, uint8_t map, bool w, uint8_t opcode, uint8_t reg, uint8_t rm, bool needs_rex)
{
    begin();
    if (prefix != 0)
        byte(prefix);
    rex(w, reg, 0, rm, needs_rex);
    escape(map);
    byte(opcode);
    operand(reg, rm);
}

void Assembler::legacy(uint8_t prefix, uint8_t map, bool w, uint8_t opcode, uint8_t reg,
    const Address& address, uint32_t trailing, bool needs_rex)
{
    begin();
    if (prefix != 0)
        byte(prefix);
    if (address.is_label)
        rex(w, reg, 0, 0, needs_rex);
    else
        rex(w, reg, address.has_index ? number(address.index) : 0, number(address.base), needs_rex);
    escape(map);
    byte(opcode);
    operand(reg, address, trailing);
}

void Assembler::vex_prefix(
    uint8_t prefix, uint8_t map, bool w, uint8_t reg, uint8_t second, uint8_t index, uint8_t base)
{
    const uint8_t simd = prefix == 0x66 ? 1 : prefix == 0xf3 ? 2 : prefix == 0xf2 ? 3 : 0;
    const auto last = static_cast<uint8_t>((~second & 15) << 3 | simd);
    const bool r = reg >= 8, x = index >= 8, b = base >= 8;
    if (map == 1 && !w && !x && !b) {
        byte(0xc5);
        byte(static_cast<uint8_t>(!r << 7 | last));
        return;
    }
    byte(0xc4);
    byte(static_cast<uint8_t>(!r << 7 | !x << 6 | !b << 5 | map));
    byte(static_cast<uint8_t>(w << 7 | last));
}

void Assembler::vex(
    uint8_t prefix, uint8_t map, bool w, uint8_t opcode, uint8_t reg, uint8_t second, uint8_t rm)
{
    begin();
    vex_prefix(prefix, map, w, reg, second, 0, rm);
    byte(opcode);
    operand(reg, rm);
}

void Assembler::vex(uint8_t prefix, uint8_t map, bool w, uint8_t opcode, uint8_t reg, uint8_t second,
    const Address& address, uint32_t trailing)
{
    begin();
    if (address.is_label)
        vex_prefix(prefix, map, w, reg, second, 0, 0);
    else
        vex_prefix(
            prefix, map, w, reg, second, address.has_index ? number(address.index) : 0, number(address.base));
    byte(opcode);
    operand(reg, address, trailing);
}

// -- General instructions

template<class From>
void Assembler::arithmetic_rm(uint8_t digit, Width width, Reg reg, const From& rm, bool to_rm)
{
    const auto opcode = static_cast<uint8_t>(digit << 3 | (to_rm ? 0 : 2) | (width != Width::w8));
    const bool w = width == Width::w64;
    if constexpr (std::is_same_v<From, Reg>)
        legacy(size_prefix(width), 0, w, opcode, number(reg), number(rm),
            needs_rex(width, reg) || needs_rex(width, rm));
    else
        legacy(size_prefix(width), 0, w, opcode, number(reg), rm, 0, needs_rex(width, reg));
}

void Assembler::arithmetic(uint8_t digit, Width width, Reg to, Reg from)
{
    arithmetic_rm(digit, width, to, from, false);
}

void Assembler::arithmetic(uint8_t digit, Width width, Reg to, const Address& from)
{
    arithmetic_rm(digit, width, to, from, false);
}

void Assembler::arithmetic(uint8_t digit, Width width, const Address& to, Reg from)
{
    arithmetic_rm(digit, width, from, to, true);
}

void Assembler::arithmetic(uint8_t digit, Width width, Reg to, int32_t value)
{
    ASSERT(width >= Width::w32);
    const bool is_short = fits_in_byte(value);
    legacy(0, 0, width == Width::w64, is_short ? 0x83 : 0x81, digit, number(to));
    if (is_short)
        byte(static_cast<uint8_t>(value));
    else
        append(value);
}

void Assembler::arithmetic(uint8_t digit, Width width, const Address& to, int32_t value)
{
    ASSERT(width >= Width::w32);
    const bool is_short = fits_in_byte(value);
    legacy(0, 0, width == Width::w64, is_short ? 0x83 : 0x81, digit, to, is_short ? 1 : 4);
    if (is_short)
        byte(static_cast<uint8_t>(value));
    else
        append(value);
}

void Assembler::shift(uint8_t digit, Width width, Reg to, uint8_t count)
{
    legacy(size_prefix(width), 0, width == Width::w64, width == Width::w8 ? 0xc0 : 0xc1, digit, number(to),
        needs_rex(width, to));
    byte(count);
}

void Assembler::shift_cl(uint8_t digit, Width width, Reg to)
{
    legacy(size_prefix(width), 0, width == Width::w64, width == Width::w8 ? 0xd2 : 0xd3, digit, number(to),
        needs_rex(width, to));
}

void Assembler::unary(uint8_t digit, Width width, Reg to)
{
    legacy(0, 0, width == Width::w64, 0xf7, digit, number(to));
}

namespace {

/// Extending 8 or 16 bits to 32 or 64: the source's register may need a REX prefix.
constexpr bool reads_byte(uint8_t map, uint8_t opcode)
{
    return map == 1 && (opcode == 0xb6 || opcode == 0xbe);
}

} // namespace

void Assembler::general(uint8_t prefix, uint8_t map, uint8_t opcode, Width width, Reg to, Reg from)
{
    legacy(prefix, map, width == Width::w64, opcode, number(to), number(from),
        reads_byte(map, opcode) && from >= Reg::rsp);
}

void Assembler::general(uint8_t prefix, uint8_t map, uint8_t opcode, Width width, Reg to, const Address& from)
{
    legacy(prefix, map, width == Width::w64, opcode, number(to), from, 0);
}

void Assembler::mov(Width width, Reg to, Reg from)
{
    legacy(size_prefix(width), 0, width == Width::w64, width == Width::w8 ? 0x88 : 0x89, number(from),
        number(to), needs_rex(width, to) || needs_rex(width, from));
}

void Assembler::mov(Width width, Reg to, const Address& from)
{
    legacy(size_prefix(width), 0, width == Width::w64, width == Width::w8 ? 0x8a : 0x8b, number(to), from, 0,
        needs_rex(width, to));
}

void Assembler::mov(Width width, const Address& to, Reg from)
{
    legacy(size_prefix(width), 0, width == Width::w64, width == Width::w8 ? 0x88 : 0x89, number(from), to, 0,
        needs_rex(width, from));
}

void Assembler::mov(Width width, const Address& to, int32_t value)
{
    const uint32_t size = width == Width::w8 ? 1 : width == Width::w16 ? 2 : 4;
    legacy(size_prefix(width), 0, width == Width::w64, width == Width::w8 ? 0xc6 : 0xc7, 0, to, size);
    std::memcpy(next_, &value, size);
    next_ += size;
}

void Assembler::mov(Reg to, uint64_t value)
{
    begin();
    if (value == static_cast<uint32_t>(value)) {
        rex(false, 0, 0, number(to), false);
        byte(0xb8 | (number(to) & 7));
        append(static_cast<uint32_t>(value));
    } else if (static_cast<int64_t>(value) == static_cast<int32_t>(value)) {
        legacy(0, 0, true, 0xc7, 0, number(to));
        append(static_cast<uint32_t>(value));
    } else {
        rex(true, 0, 0, number(to), false);
        byte(0xb8 | (number(to) & 7));
        append(value);
    }
}

void Assembler::lea(Width width, Reg to, const Address& from)
{
    legacy(0, 0, width == Width::w64, 0x8d, number(to), from, 0);
}

void Assembler::test(Width width, Reg a, Reg b)
{
    legacy(size_prefix(width), 0, width == Width::w64, width == Width::w8 ? 0x84 : 0x85, number(b), number(a),
        needs_rex(width, a) || needs_rex(width, b));
}

void Assembler::test(Width width, Reg a, int32_t value)
{
    ASSERT(width >= Width::w32);
    legacy(0, 0, width == Width::w64, 0xf7, 0, number(a));
    append(value);
}

void Assembler::imul(Width width, Reg to, Reg from, int32_t value)
{
    const bool is_short = fits_in_byte(value);
    legacy(0, 0, width == Width::w64, is_short ? 0x6b : 0x69, number(to), number(from));
    if (is_short)
        byte(static_cast<uint8_t>(value));
    else
        append(value);
}

void Assembler::sign_extend_rax(Width width)
{
    begin();
    rex(width == Width::w64, 0, 0, 0, false);
    byte(0x99);
}

void Assembler::set(Condition condition, Reg to)
{
    legacy(0, 1, false, static_cast<uint8_t>(0x90 | static_cast<uint8_t>(condition)), 0, number(to),
        to >= Reg::rsp);
}

void Assembler::cmov(Condition condition, Width width, Reg to, Reg from)
{
    legacy(0, 1, width == Width::w64, static_cast<uint8_t>(0x40 | static_cast<uint8_t>(condition)),
        number(to), number(from));
}

void Assembler::cmov(Condition condition, Width width, Reg to, const Address& from)
{
    legacy(0, 1, width == Width::w64, static_cast<uint8_t>(0x40 | static_cast<uint8_t>(condition)),
        number(to), from, 0);
}

void Assembler::xchg(Width width, const Address& to, Reg with)
{
    legacy(size_prefix(width), 0, width == Width::w64, width == Width::w8 ? 0x86 : 0x87, number(with), to, 0,
        needs_rex(width, with));
}

void Assembler::lock_xadd(Width width, const Address& to, Reg with)
{
    lock();
    legacy(size_prefix(width), 1, width == Width::w64, width == Width::w8 ? 0xc0 : 0xc1, number(with), to, 0,
        needs_rex(width, with));
}

void Assembler::lock_cmpxchg(Width width, const Address& to, Reg with)
{
    lock();
    legacy(size_prefix(width), 1, width == Width::w64, width == Width::w8 ? 0xb0 : 0xb1, number(with), to, 0,
        needs_rex(width, with));
}

void Assembler::mfence()
{
    begin();
    byte(0x0f);
    byte(0xae);
    byte(0xf0);
}

void Assembler::rorx(Width width, Reg to, Reg from, uint8_t count)
{
    vex(0xf2, 3, width == Width::w64, 0xf0, number(to), 0, number(from));
    byte(count);
}

// -- Control

void Assembler::jmp(Label to)
{
    begin();
    if (is_bound(to)) {
        const auto distance = static_cast<int32_t>(offset_of(to) - (offset() + 2));
        if (fits_in_byte(distance)) {
            byte(0xeb);
            byte(static_cast<uint8_t>(distance));
            return;
        }
    }
    byte(0xe9);
    refer(to, 0);
}

void Assembler::jmp(Reg to) { legacy(0, 0, false, 0xff, 4, number(to)); }

void Assembler::jcc(Condition condition, Label to)
{
    begin();
    const auto number = static_cast<uint8_t>(condition);
    if (is_bound(to)) {
        const auto distance = static_cast<int32_t>(offset_of(to) - (offset() + 2));
        if (fits_in_byte(distance)) {
            byte(0x70 | number);
            byte(static_cast<uint8_t>(distance));
            return;
        }
    }
    byte(0x0f);
    byte(0x80 | number);
    refer(to, 0);
}

void Assembler::call(const Address& to) { legacy(0, 0, false, 0xff, 2, to, 0); }

void Assembler::ret()
{
    begin();
    byte(0xc3);
}

void Assembler::ud2()
{
    begin();
    byte(0x0f);
    byte(0x0b);
}

// -- Vector instructions

void Assembler::vector(uint8_t prefix, uint8_t map, uint8_t opcode, Xmm reg, Xmm second, Xmm rm, bool w)
{
    mixed(prefix, map, w, opcode, number(reg), number(second), number(rm));
}

void Assembler::vector(uint8_t prefix, uint8_t map, uint8_t opcode, Xmm reg, Xmm second,
    const Address& address, uint32_t trailing)
{
    mixed(prefix, map, false, opcode, number(reg), number(second), address, trailing);
}

void Assembler::mixed(
    uint8_t prefix, uint8_t map, bool w, uint8_t opcode, uint8_t reg, uint8_t second, uint8_t rm)
{
    if (processor_.avx)
        vex(prefix, map, w, opcode, reg, second, rm);
    else
        legacy(prefix, map, w, opcode, reg, rm);
}

void Assembler::mixed(uint8_t prefix, uint8_t map, bool w, uint8_t opcode, uint8_t reg, uint8_t second,
    const Address& address, uint32_t trailing)
{
    if (processor_.avx)
        vex(prefix, map, w, opcode, reg, second, address, trailing);
    else
        legacy(prefix, map, w, opcode, reg, address, trailing);
}

void Assembler::vector3(
    uint8_t prefix, uint8_t map, uint8_t opcode, Xmm to, Xmm a, Xmm b, std::optional<uint8_t> immediate)
{
    if (processor_.avx) {
        vector(prefix, map, opcode, to, a, b);
    } else {
        // The compiler chooses another register for the result.
        ASSERT(to == a || to != b);
        if (to != a)
            movaps(to, a);
        vector(prefix, map, opcode, to, a, b);
    }
    if (immediate)
        byte(*immediate);
}

void Assembler::vector3(uint8_t prefix, uint8_t map, uint8_t opcode, Xmm to, Xmm a, const Address& b,
    std::optional<uint8_t> immediate)
{
    if (!processor_.avx && to != a)
        movaps(to, a);
    vector(prefix, map, opcode, to, a, b, trailing_of(immediate));
    if (immediate)
        byte(*immediate);
}

void Assembler::vector_shift(uint8_t opcode, uint8_t digit, Xmm to, Xmm a, uint8_t count)
{
    if (processor_.avx) {
        vex(0x66, 1, false, opcode, digit, number(to), number(a));
    } else {
        if (to != a)
            movaps(to, a);
        legacy(0x66, 1, false, opcode, digit, number(to));
    }
    byte(count);
}

void Assembler::movaps(Xmm to, Xmm from) { vector(0, 1, 0x28, to, Xmm {}, from); }
void Assembler::movups(Xmm to, const Address& from) { vector(0, 1, 0x10, to, Xmm {}, from, 0); }
void Assembler::movups(const Address& to, Xmm from) { vector(0, 1, 0x11, from, Xmm {}, to, 0); }
void Assembler::movss(Xmm to, const Address& from) { vector(0xf3, 1, 0x10, to, Xmm {}, from, 0); }
void Assembler::movss(const Address& to, Xmm from) { vector(0xf3, 1, 0x11, from, Xmm {}, to, 0); }
void Assembler::movsd(Xmm to, const Address& from) { vector(0xf2, 1, 0x10, to, Xmm {}, from, 0); }
void Assembler::movsd(const Address& to, Xmm from) { vector(0xf2, 1, 0x11, from, Xmm {}, to, 0); }

void Assembler::movd(Width width, Xmm to, Reg from)
{
    mixed(0x66, 1, width == Width::w64, 0x6e, number(to), 0, number(from));
}

void Assembler::movd(Width width, Reg to, Xmm from)
{
    mixed(0x66, 1, width == Width::w64, 0x7e, number(from), 0, number(to));
}

void Assembler::cvtsi2ss(Width width, Xmm to, Xmm upper, Reg from)
{
    ASSERT(processor_.avx || to == upper);
    mixed(0xf3, 1, width == Width::w64, 0x2a, number(to), number(upper), number(from));
}

void Assembler::cvtsi2sd(Width width, Xmm to, Xmm upper, Reg from)
{
    ASSERT(processor_.avx || to == upper);
    mixed(0xf2, 1, width == Width::w64, 0x2a, number(to), number(upper), number(from));
}

void Assembler::cvttss2si(Width width, Reg to, Xmm from)
{
    mixed(0xf3, 1, width == Width::w64, 0x2c, number(to), 0, number(from));
}

void Assembler::cvttsd2si(Width width, Reg to, Xmm from)
{
    mixed(0xf2, 1, width == Width::w64, 0x2c, number(to), 0, number(from));
}

namespace {

constexpr uint8_t pextr_opcode(Width lane)
{
    return lane == Width::w8 ? 0x14 : lane == Width::w16 ? 0x15 : 0x16;
}

} // namespace

void Assembler::pextr(Width lane, Reg to, Xmm from, uint8_t index)
{
    mixed(0x66, 3, lane == Width::w64, pextr_opcode(lane), number(from), 0, number(to));
    byte(index);
}

void Assembler::pextr(Width lane, const Address& to, Xmm from, uint8_t index)
{
    mixed(0x66, 3, lane == Width::w64, pextr_opcode(lane), number(from), 0, to, 1);
    byte(index);
}

void Assembler::pinsr(Width lane, Xmm to, Xmm a, Reg from, uint8_t index)
{
    if (!processor_.avx && to != a)
        movaps(to, a);
    if (lane == Width::w16)
        mixed(0x66, 1, false, 0xc4, number(to), number(a), number(from));
    else
        mixed(0x66, 3, lane == Width::w64, lane == Width::w8 ? 0x20 : 0x22, number(to), number(a),
            number(from));
    byte(index);
}

void Assembler::pinsr(Width lane, Xmm to, Xmm a, const Address& from, uint8_t index)
{
    if (!processor_.avx && to != a)
        movaps(to, a);
    if (lane == Width::w16)
        mixed(0x66, 1, false, 0xc4, number(to), number(a), from, 1);
    else
        mixed(0x66, 3, lane == Width::w64, lane == Width::w8 ? 0x20 : 0x22, number(to), number(a), from, 1);
    byte(index);
}

void Assembler::pmovmskb(Reg to, Xmm from) { mixed(0x66, 1, false, 0xd7, number(to), 0, number(from)); }
void Assembler::movmskps(Reg to, Xmm from) { mixed(0, 1, false, 0x50, number(to), 0, number(from)); }
void Assembler::movmskpd(Reg to, Xmm from) { mixed(0x66, 1, false, 0x50, number(to), 0, number(from)); }

// -- Data

void Assembler::align(uint32_t bytes)
{
    begin();
    while (offset() % bytes != 0)
        byte(0xcc);
}

void Assembler::embed(uint64_t value)
{
    begin();
    append(value);
}

void Assembler::embed_distance(Label label, Label from)
{
    begin();
    append(static_cast<int32_t>(offset_of(label) - offset_of(from)));
}

} // namespace vitrine::core::jit
