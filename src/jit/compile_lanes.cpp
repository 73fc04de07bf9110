// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Instructions on v128 that move lanes: constants, splats, single lanes, shuffles, loads, stores.
#include "jit/function_compiler.h"
#include "jit/packed.h"

#include <algorithm>

namespace vitrine::core::jit {

namespace {

constexpr Width width_of_bytes(uint32_t bytes)
{
    return bytes == 1 ? Width::w8 : bytes == 2 ? Width::w16 : bytes == 4 ? Width::w32 : Width::w64;
}

using Lanes = std::array<uint8_t, 16>;

uint64_t half_of(const Lanes& lanes, size_t begin)
{
    uint64_t half = 0;
    std::memcpy(&half, lanes.data() + begin, sizeof half);
    return half;
}

/// If all 32-bit lanes move as a whole: which one goes where.
std::optional<std::array<uint8_t, 4>> whole_ints(const Lanes& lanes)
{
    std::array<uint8_t, 4> ints {};
    for (size_t i = 0; i < 4; ++i) {
        for (size_t byte = 0; byte < 4; ++byte)
            if (lanes[4 * i + byte] != (lanes[4 * i] & ~3u) + byte)
                return std::nullopt;
        ints[i] = lanes[4 * i] / 4;
    }
    return ints;
}

/// The order of four lanes, as an immediate.
uint8_t order_of(const std::array<uint8_t, 4>& ints)
{
    unsigned order = 0;
    for (unsigned i = 0; i < 4; ++i)
        order |= (ints[i] & 3u) << 2 * i;
    return static_cast<uint8_t>(order);
}

/// Whether the lanes are those of the first and the second vector in turn, from `first` on, in
/// units of `size` bytes.
bool interleaves(const Lanes& lanes, uint32_t size, uint32_t first)
{
    for (uint32_t i = 0; i < 16; ++i) {
        const uint32_t unit = i / size;
        if (lanes[i] != (unit % 2) * 16 + first + unit / 2 * size + i % size)
            return false;
    }
    return true;
}

/// Whether the lanes are 16 adjacent ones of both vectors together.
bool is_window(const Lanes& lanes)
{
    for (size_t i = 1; i < 16; ++i)
        if (lanes[i] != lanes[0] + i)
            return false;
    return true;
}

/// If each 16-bit lane stays at its place: those that are from the second vector, as a mask.
std::optional<uint8_t> blended_words(const Lanes& lanes)
{
    unsigned mask = 0;
    for (unsigned i = 0; i < 8; ++i) {
        const unsigned low = lanes[2 * i];
        if (low % 16 != 2 * i || lanes[2 * i + 1] != low + 1)
            return std::nullopt;
        mask |= (low / 16) << i;
    }
    return static_cast<uint8_t>(mask);
}

} // namespace

// -- Splats and single lanes

/// Copies the lowest lane to all others.
void FunctionCompiler::splat_in(Xmm to, uint32_t lane_bytes)
{
    switch (lane_bytes) {
    case 1:
        if (a.processor().avx2) {
            a.pbroadcastb(to, to);
        } else {
            const Xmm lanes = allocate_xmm();
            zero(lanes);
            a.pshufb(to, to, lanes);
            release(lanes);
        }
        break;
    case 2:
        if (a.processor().avx2) {
            a.pbroadcastw(to, to);
        } else {
            a.pshuflw(to, to, 0);
            a.pshufd(to, to, 0);
        }
        break;
    case 4: a.pshufd(to, to, 0); break;
    default: a.punpcklqdq(to, to, to); break;
    }
}

void FunctionCompiler::splat(Op op)
{
    if (op == Op::F32x4Splat || op == Op::F64x2Splat) {
        const Xmm x = use_xmm(0);
        pop();
        const Xmm to = result_over(x);
        op == Op::F32x4Splat ? a.shufps(to, x, x, 0) : a.movddup(to, x);
        return push(Type::V128, to);
    }
    const uint32_t bytes = op == Op::I8x16Splat ? 1 : op == Op::I16x8Splat ? 2 : op == Op::I32x4Splat ? 4 : 8;
    const Reg x = use(0);
    const Xmm to = target_xmm(1);
    a.movd(bytes == 8 ? Width::w64 : Width::w32, to, x);
    splat_in(to, bytes);
    pop();
    push(Type::V128, to);
}

void FunctionCompiler::extract_lane(Op op)
{
    const uint8_t lane = *next_++;
    const Xmm x = use_xmm(0);
    if (op == Op::F32x4ExtractLane || op == Op::F64x2ExtractLane) {
        pop();
        const Xmm to = result_over(x);
        if (op == Op::F32x4ExtractLane) {
            // With zeros in the other lanes.
            a.insertps(to, x, x, static_cast<uint8_t>(lane << 6 | 0b1110));
            return push(Type::F32, to);
        }
        if (lane == 1)
            a.unpckhpd(to, x, x);
        else if (to != x)
            a.movaps(to, x);
        return push(Type::F64, to);
    }
    const auto pin = result_pin(1);
    const Reg to = pin ? *pin : allocate();
    switch (op) {
    case Op::I8x16ExtractLaneS:
        a.pextr(Width::w8, to, x, lane);
        a.movsx8(Width::w32, to, to);
        break;
    case Op::I8x16ExtractLaneU: a.pextr(Width::w8, to, x, lane); break;
    case Op::I16x8ExtractLaneS:
        a.pextr(Width::w16, to, x, lane);
        a.movsx16(Width::w32, to, to);
        break;
    case Op::I16x8ExtractLaneU: a.pextr(Width::w16, to, x, lane); break;
    default: {
        const Width width = op == Op::I32x4ExtractLane ? Width::w32 : Width::w64;
        lane == 0 ? a.movd(width, to, x) : a.pextr(width, to, x, lane);
        break;
    }
    }
    pop();
    push(type_of(info(op).signature.result), to);
}

void FunctionCompiler::replace_lane(Op op)
{
    const uint8_t lane = *next_++;
    const Xmm x = use_xmm(1);
    if (op == Op::F32x4ReplaceLane || op == Op::F64x2ReplaceLane) {
        const Xmm value = use_xmm(0);
        pop(2);
        const Xmm to = result_over(x, value);
        if (op == Op::F32x4ReplaceLane)
            a.insertps(to, x, value, static_cast<uint8_t>(lane << 4));
        else if (lane == 0)
            a.blendps(to, x, value, 0b0011);
        else
            a.unpcklpd(to, x, value);
        return push(Type::V128, to);
    }
    const Reg value = use(0);
    pop(2);
    const Xmm to = result_over(x);
    a.pinsr(width_of_bytes(16 / info(op).lanes), to, x, value, lane);
    push(Type::V128, to);
}

// -- Shuffles

void FunctionCompiler::swizzle()
{
    // The machine's instruction takes a lane from the low four bits of a number, and 0 for those
    // with the sign bit.
    if (is_constant(0)) {
        const Constant& constant = constants_[operand(0).value];
        Lanes lanes {};
        std::memcpy(lanes.data(), &constant.low, 8);
        std::memcpy(lanes.data() + 8, &constant.high, 8);
        for (uint8_t& lane : lanes)
            lane = lane < 16 ? lane : 0x80;
        pop();
        push_vector_constant(half_of(lanes, 0), half_of(lanes, 8));
        return packed_binary(PACKED(pshufb));
    }
    compute2([&](Xmm to, Xmm x, Xmm y) {
        const Xmm lanes = allocate_xmm();
        a.paddusb(lanes, y, constant_in_memory(repeat8(0x70), repeat8(0x70)));
        a.pshufb(to, x, lanes);
    });
}

/// Shuffles lanes of the first (`depth` 1) or second of the two operands.
void FunctionCompiler::shuffle_one(uint32_t depth, const Lanes& lanes)
{
    const Xmm x = use_xmm(depth);
    pop(2);
    const Xmm to = result_over(x);
    if (const auto ints = whole_ints(lanes))
        a.pshufd(to, x, order_of(*ints));
    else
        a.pshufb(to, x, constant_in_memory(half_of(lanes, 0), half_of(lanes, 8)));
    push(Type::V128, to);
}

/// Shuffles lanes of both operands by one instruction, if there is one.
bool FunctionCompiler::shuffle_two(const Lanes& given)
{
    for (const bool is_swapped : { false, true }) {
        Lanes lanes = given;
        if (is_swapped)
            for (uint8_t& lane : lanes)
                lane ^= 16;
        const auto by = [&](PackedBinary instruction) {
            packed_binary(instruction, is_swapped);
            return true;
        };
        if (interleaves(lanes, 1, 0))
            return by(PACKED(punpcklbw));
        if (interleaves(lanes, 1, 8))
            return by(PACKED(punpckhbw));
        if (interleaves(lanes, 2, 0))
            return by(PACKED(punpcklwd));
        if (interleaves(lanes, 2, 8))
            return by(PACKED(punpckhwd));
        if (interleaves(lanes, 4, 0))
            return by(PACKED(punpckldq));
        if (interleaves(lanes, 4, 8))
            return by(PACKED(punpckhdq));
        if (interleaves(lanes, 8, 0))
            return by(PACKED(punpcklqdq));
        if (interleaves(lanes, 8, 8))
            return by(PACKED(punpckhqdq));
        enum class Kind : uint8_t { Window, Blend, Ints } kind {};
        uint8_t immediate = 0;
        const auto ints = whole_ints(lanes);
        if (is_window(lanes)) {
            kind = Kind::Window;
            immediate = lanes[0];
        } else if (const auto words = blended_words(lanes)) {
            kind = Kind::Blend;
            immediate = *words;
        } else if (ints && (*ints)[0] < 4 && (*ints)[1] < 4 && (*ints)[2] >= 4 && (*ints)[3] >= 4) {
            kind = Kind::Ints;
            immediate = order_of(*ints);
        } else {
            continue;
        }
        // In a window the first vector is the lower one, which the machine has second.
        const bool is_second_first = is_swapped != (kind == Kind::Window);
        const Xmm x = use_xmm(is_second_first ? 0 : 1), y = use_xmm(is_second_first ? 1 : 0);
        pop(2);
        const Xmm to = result_over(x, y);
        switch (kind) {
        case Kind::Window: a.palignr(to, x, y, immediate); break;
        case Kind::Blend: a.pblendw(to, x, y, immediate); break;
        case Kind::Ints: a.shufps(to, x, y, immediate); break;
        }
        push(Type::V128, to);
        return true;
    }
    return false;
}

void FunctionCompiler::shuffle()
{
    Lanes lanes {};
    std::memcpy(lanes.data(), next_, lanes.size());
    next_ += lanes.size();
    const Operand &lower = operand(1), &upper = operand(0);
    if (lower.kind == Operand::Kind::Local && upper.kind == Operand::Kind::Local
        && lower.value == upper.value)
        for (uint8_t& lane : lanes)
            lane &= 15;
    if (std::ranges::all_of(lanes, [](uint8_t lane) { return lane < 16; }))
        return shuffle_one(1, lanes);
    if (std::ranges::all_of(lanes, [](uint8_t lane) { return lane >= 16; })) {
        for (uint8_t& lane : lanes)
            lane -= 16;
        return shuffle_one(0, lanes);
    }
    if (shuffle_two(lanes))
        return;
    // The lanes of each, with zeros between them.
    Lanes first {}, second {};
    for (size_t i = 0; i < 16; ++i) {
        first[i] = lanes[i] < 16 ? lanes[i] : 0x80;
        second[i] = lanes[i] < 16 ? 0x80 : lanes[i] - 16;
    }
    compute2([&](Xmm to, Xmm x, Xmm y) {
        const Xmm other = allocate_xmm();
        a.pshufb(to, x, constant_in_memory(half_of(first, 0), half_of(first, 8)));
        a.pshufb(other, y, constant_in_memory(half_of(second, 0), half_of(second, 8)));
        a.por(to, to, other);
    });
}

// -- Loads and stores

void FunctionCompiler::vector_load(Op op)
{
    const uint32_t size = info(op).access_bytes;
    const Address from = check_watch(address_of(read_memory_argument(next_), 0, size), size, false);
    const Xmm to = target_xmm(1);
    const auto load = [&](void (Assembler::*instruction)(Xmm, const Address&)) {
        access([&] { (a.*instruction)(to, from); });
    };
    switch (op) {
    case Op::V128Load: load(&Assembler::movups); break;
    case Op::V128Load8x8S: load(&Assembler::pmovsxbw); break;
    case Op::V128Load8x8U: load(&Assembler::pmovzxbw); break;
    case Op::V128Load16x4S: load(&Assembler::pmovsxwd); break;
    case Op::V128Load16x4U: load(&Assembler::pmovzxwd); break;
    case Op::V128Load32x2S: load(&Assembler::pmovsxdq); break;
    case Op::V128Load32x2U: load(&Assembler::pmovzxdq); break;
    case Op::V128Load32Zero: load(&Assembler::movss); break;
    case Op::V128Load64Zero: load(&Assembler::movsd); break;
    case Op::V128Load64Splat: load(&Assembler::movddup); break;
    case Op::V128Load32Splat:
        if (a.processor().avx) {
            load(&Assembler::broadcastss);
        } else {
            load(&Assembler::movss);
            splat_in(to, size);
        }
        break;
    default:
        if (a.processor().avx2) {
            access([&] { size == 1 ? a.pbroadcastb(to, from) : a.pbroadcastw(to, from); });
        } else {
            const Reg number = allocate();
            access([&] {
                size == 1 ? a.movzx8(Width::w32, number, from) : a.movzx16(Width::w32, number, from);
            });
            a.movd(Width::w32, to, number);
            splat_in(to, size);
        }
        break;
    }
    pop();
    push(Type::V128, to);
}

void FunctionCompiler::vector_store()
{
    const Xmm value = use_xmm(0);
    const Address to = check_watch(address_of(read_memory_argument(next_), 1, 16), 16, true);
    access([&] { a.movups(to, value); });
    pop(2);
}

void FunctionCompiler::load_lane(Op op)
{
    const uint32_t size = info(op).access_bytes;
    const Xmm x = use_xmm(0);
    const Address from = check_watch(address_of(read_memory_argument(next_), 1, size), size, false);
    const uint8_t lane = *next_++;
    // Without AVX, the vector is copied before the access.
    const Xmm to = a.processor().avx ? target_xmm(2) : take_xmm(0);
    access([&] { a.pinsr(width_of_bytes(size), to, a.processor().avx ? x : to, from, lane); });
    pop(2);
    push(Type::V128, to);
}

void FunctionCompiler::store_lane(Op op)
{
    const uint32_t size = info(op).access_bytes;
    const Xmm x = use_xmm(0);
    const Address to = check_watch(address_of(read_memory_argument(next_), 1, size), size, true);
    const uint8_t lane = *next_++;
    access([&] {
        if (lane == 0 && size == 4)
            a.movss(to, x);
        else if (lane == 0 && size == 8)
            a.movsd(to, x);
        else
            a.pextr(width_of_bytes(size), to, x, lane);
    });
    pop(2);
}

bool FunctionCompiler::compile_lane_op(Op op)
{
    switch (op) {
    case Op::V128Const: {
        const auto low = bytecode::read_bytes<uint64_t>(next_);
        push_vector_constant(low, bytecode::read_bytes<uint64_t>(next_));
        return true;
    }
    case Op::I8x16Shuffle: shuffle(); return true;
    case Op::I8x16Swizzle:
    case Op::I8x16RelaxedSwizzle: swizzle(); return true;
    case Op::I8x16Splat:
    case Op::I16x8Splat:
    case Op::I32x4Splat:
    case Op::I64x2Splat:
    case Op::F32x4Splat:
    case Op::F64x2Splat: splat(op); return true;
    default: break;
    }
    const OpInfo& row = info(op);
    switch (row.shape) {
    case Shape::VectorMemory: row.signature.has_result ? vector_load(op) : vector_store(); return true;
    case Shape::Lane:
        if (row.immediate == Immediate::MemArgLane)
            row.signature.has_result ? load_lane(op) : store_lane(op);
        else
            row.signature.param_count == 1 ? extract_lane(op) : replace_lane(op);
        return true;
    default: return false;
    }
}

} // namespace vitrine::core::jit
