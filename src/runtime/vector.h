// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "runtime/memory.h"
#include "runtime/numeric.h"

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <type_traits>

// [doc] What each vector instruction computes
//
// One name per VECTOR row of the instruction table, in the same order, as in runtime/numeric.h.
// Lanes are in memory order, lane 0 lowest. Where relaxed instructions leave a choice, this is the
// deterministic profile of the specification: the result is that of the instruction that is not
// relaxed; a product is rounded before it is added; the dot product treats both operands as signed
// and wraps around.

namespace vitrine::core::numeric {

template<class T> using Lanes [[gnu::vector_size(16)]] = T;

/// A v128.
struct V128 {
    Lanes<uint64_t> bits;
};

template<> inline constexpr ValueKind kind_of<V128> = ValueKind::V128;

namespace vector {

template<class T> inline constexpr int count = 16 / sizeof(T);
template<class T> Lanes<T> lanes(V128 a) { return std::bit_cast<Lanes<T>>(a.bits); }
template<class T> V128 v128(Lanes<T> a) { return { std::bit_cast<Lanes<uint64_t>>(a) }; }

/// Applies f to each lane of a, or to each pair of lanes.
template<class T, class F> V128 map(V128 a, F f)
{
    Lanes<T> x = lanes<T>(a);
    Lanes<decltype(f(T {}))> result {};
    for (int i = 0; i < count<T>; ++i)
        result[i] = f(x[i]);
    return v128<decltype(f(T {}))>(result);
}

template<class T, class F> V128 map(V128 a, V128 b, F f)
{
    Lanes<T> x = lanes<T>(a), y = lanes<T>(b), result {};
    for (int i = 0; i < count<T>; ++i)
        result[i] = f(x[i], y[i]);
    return v128<T>(result);
}

/// `number`, clamped to the range of To.
template<class To, class From> constexpr To saturate(From number)
{
    constexpr From lowest = std::numeric_limits<To>::min(), highest = std::numeric_limits<To>::max();
    return static_cast<To>(number < lowest ? lowest : number > highest ? highest : number);
}

template<class T, class X> V128 splat(X x) { return v128<T>(Lanes<T> {} + static_cast<T>(x)); }
template<> inline V128 splat<float>(float x) { return v128<float>(Lanes<float> { x, x, x, x }); }
template<> inline V128 splat<double>(double x) { return v128<double>(Lanes<double> { x, x }); }

inline V128 swizzle(V128 a, V128 b)
{
    const Lanes<uint8_t> from = lanes<uint8_t>(a), at = lanes<uint8_t>(b);
    Lanes<uint8_t> result {};
    for (int i = 0; i < 16; ++i)
        result[i] = at[i] < 16 ? from[at[i] & 15] : 0;
    return v128<uint8_t>(result);
}

// Comparisons. T is the type to compare as.
template<class T> V128 mask(T lanes) { return { std::bit_cast<Lanes<uint64_t>>(lanes) }; }
template<class T> V128 eq(V128 a, V128 b) { return mask(lanes<T>(a) == lanes<T>(b)); }
template<class T> V128 ne(V128 a, V128 b) { return mask(lanes<T>(a) != lanes<T>(b)); }
template<class T> V128 lt(V128 a, V128 b) { return mask(lanes<T>(a) < lanes<T>(b)); }
template<class T> V128 gt(V128 a, V128 b) { return mask(lanes<T>(a) > lanes<T>(b)); }
template<class T> V128 le(V128 a, V128 b) { return mask(lanes<T>(a) <= lanes<T>(b)); }
template<class T> V128 ge(V128 a, V128 b) { return mask(lanes<T>(a) >= lanes<T>(b)); }

// Bitwise operations.
inline V128 bit_not(V128 a) { return { ~a.bits }; }
inline V128 bit_and(V128 a, V128 b) { return { a.bits & b.bits }; }
inline V128 bit_andnot(V128 a, V128 b) { return { a.bits & ~b.bits }; }
inline V128 bit_or(V128 a, V128 b) { return { a.bits | b.bits }; }
inline V128 bit_xor(V128 a, V128 b) { return { a.bits ^ b.bits }; }
inline V128 bitselect(V128 a, V128 b, V128 c) { return { (a.bits & c.bits) | (b.bits & ~c.bits) }; }
inline uint32_t any_true(V128 a) { return (a.bits[0] | a.bits[1]) != 0; }

template<class T> uint32_t all_true(V128 a)
{
    const Lanes<T> x = lanes<T>(a);
    for (int i = 0; i < count<T>; ++i)
        if (x[i] == 0)
            return 0;
    return 1;
}

template<class T> uint32_t bitmask(V128 a)
{
    const Lanes<T> x = lanes<T>(a);
    uint32_t result = 0;
    for (int i = 0; i < count<T>; ++i)
        result |= static_cast<uint32_t>(x[i] < 0) << i;
    return result;
}

// Integers. T is unsigned where the sign does not matter.
template<class T> V128 add(V128 a, V128 b) { return v128<T>(lanes<T>(a) + lanes<T>(b)); }
template<class T> V128 sub(V128 a, V128 b) { return v128<T>(lanes<T>(a) - lanes<T>(b)); }
template<class T> V128 mul(V128 a, V128 b) { return v128<T>(lanes<T>(a) * lanes<T>(b)); }
template<class T> V128 neg(V128 a) { return v128<T>(-lanes<T>(a)); }
template<class T> V128 abs(V128 a)
{
    using Unsigned = std::make_unsigned_t<T>;
    return map<T>(a, [](T x) {
        return static_cast<Unsigned>(
            x < 0 ? Unsigned {} - static_cast<Unsigned>(x) : static_cast<Unsigned>(x));
    });
}
template<class T> V128 popcnt(V128 a)
{
    return map<T>(a, [](T x) { return static_cast<T>(std::popcount(x)); });
}
template<class T> V128 shl(V128 a, uint32_t n)
{
    return v128<T>(lanes<T>(a) << (Lanes<T> {} + static_cast<T>(n % (sizeof(T) * 8))));
}
template<class T> V128 shr(V128 a, uint32_t n)
{
    return v128<T>(lanes<T>(a) >> (Lanes<T> {} + static_cast<T>(n % (sizeof(T) * 8))));
}
template<class T> V128 min(V128 a, V128 b)
{
    return map<T>(a, b, [](T x, T y) { return x < y ? x : y; });
}
template<class T> V128 max(V128 a, V128 b)
{
    return map<T>(a, b, [](T x, T y) { return x > y ? x : y; });
}
template<class T> V128 add_sat(V128 a, V128 b)
{
    return map<T>(a, b, [](T x, T y) { return saturate<T>(int32_t { x } + y); });
}
template<class T> V128 sub_sat(V128 a, V128 b)
{
    return map<T>(a, b, [](T x, T y) { return saturate<T>(int32_t { x } - y); });
}
template<class T> V128 avgr(V128 a, V128 b)
{
    return map<T>(a, b, [](T x, T y) { return static_cast<T>((uint32_t { x } + y + 1) / 2); });
}
inline V128 q15mulr_sat(V128 a, V128 b)
{
    return map<int16_t>(a, b, [](int16_t x, int16_t y) { return saturate<int16_t>((x * y + 0x4000) >> 15); });
}

// Integers of other widths.
template<class From, class To> V128 narrow(V128 a, V128 b)
{
    const Lanes<From> x = lanes<From>(a), y = lanes<From>(b);
    Lanes<To> result {};
    for (int i = 0; i < count<From>; ++i) {
        result[i] = saturate<To>(x[i]);
        result[i + count<From>] = saturate<To>(y[i]);
    }
    return v128<To>(result);
}

enum class Half : uint8_t { Low, High };

template<class From, class To, Half half> V128 extend(V128 a)
{
    const Lanes<From> x = lanes<From>(a);
    Lanes<To> result {};
    for (int i = 0; i < count<To>; ++i)
        result[i] = x[half == Half::High ? i + count<To> : i];
    return v128<To>(result);
}

template<class From, class To, Half half> V128 extmul(V128 a, V128 b)
{
    using Wide = std::make_unsigned_t<To>;
    return mul<Wide>(extend<From, To, half>(a), extend<From, To, half>(b));
}

template<class From, class To> V128 extadd_pairwise(V128 a)
{
    const Lanes<From> x = lanes<From>(a);
    Lanes<To> result {};
    for (int i = 0; i < count<To>; ++i)
        result[i] = static_cast<To>(To { x[2 * i] } + x[2 * i + 1]);
    return v128<To>(result);
}

/// Sums of the products of adjacent lanes, wrapped around.
template<class From, class To> V128 dot(V128 a, V128 b)
{
    const Lanes<From> x = lanes<From>(a), y = lanes<From>(b);
    Lanes<To> result {};
    for (int i = 0; i < count<To>; ++i)
        result[i] = static_cast<To>(
            static_cast<uint32_t>(x[2 * i] * y[2 * i]) + static_cast<uint32_t>(x[2 * i + 1] * y[2 * i + 1]));
    return v128<To>(result);
}

inline V128 dot_add(V128 a, V128 b, V128 c)
{
    return add<uint32_t>(extadd_pairwise<int16_t, int32_t>(dot<int8_t, int16_t>(a, b)), c);
}

// Floats. Each lane is computed like the scalar instruction.
#define PACKED_BINARY(name, instruction)                               \
    template<class T> V128 name(V128 a, V128 b)                        \
    {                                                                  \
        if constexpr (sizeof(T) == 4)                                  \
            asm(instruction "ps %1, %0" : "+x"(a.bits) : "x"(b.bits)); \
        else                                                           \
            asm(instruction "pd %1, %0" : "+x"(a.bits) : "x"(b.bits)); \
        return a;                                                      \
    }
PACKED_BINARY(fadd, "add")
PACKED_BINARY(fsub, "sub")
PACKED_BINARY(fmul, "mul")
PACKED_BINARY(fdiv, "div")
#undef PACKED_BINARY

template<class T> V128 fsqrt(V128 a) { return map<T>(a, sse_sqrt<T>); }
template<class T> V128 fabs(V128 a) { return map<T>(a, numeric::abs<T>); }
template<class T> V128 fneg(V128 a) { return map<T>(a, numeric::neg<T>); }
template<class T> V128 fmin(V128 a, V128 b) { return map<T>(a, b, numeric::min<T>); }
template<class T> V128 fmax(V128 a, V128 b) { return map<T>(a, b, numeric::max<T>); }
template<class T> V128 pmin(V128 a, V128 b)
{
    return map<T>(a, b, [](T x, T y) { return y < x ? y : x; });
}
template<class T> V128 pmax(V128 a, V128 b)
{
    return map<T>(a, b, [](T x, T y) { return x < y ? y : x; });
}
template<Rounding how, class T> V128 round(V128 a) { return map<T>(a, numeric::round<how, T>); }
template<class T> V128 madd(V128 a, V128 b, V128 c) { return fadd<T>(fmul<T>(a, b), c); }
template<class T> V128 nmadd(V128 a, V128 b, V128 c) { return fadd<T>(fmul<T>(fneg<T>(a), b), c); }

/// Converts the lowest lanes. The others are zero.
template<class From, class To, To (*f)(From)> V128 convert(V128 a)
{
    const Lanes<From> x = lanes<From>(a);
    Lanes<To> result {};
    for (int i = 0; i < std::min(count<From>, count<To>); ++i)
        result[i] = f(x[i]);
    return v128<To>(result);
}
template<class From, class To> V128 trunc_sat(V128 a)
{
    return convert<From, To, numeric::trunc_sat<From, To>>(a);
}
template<class From, class To> V128 convert_int(V128 a)
{
    return convert<From, To, numeric::convert<From, To>>(a);
}

// Lanes of a vector in memory. `lane` must be less than `count<T>`.
template<class T> T lane_of(const uint8_t* vector, uint8_t lane)
{
    return core::load<T>(vector + lane * sizeof(T));
}
template<class T> void set_lane(uint8_t* vector, uint8_t lane, T value)
{
    std::memcpy(vector + lane * sizeof(T), &value, sizeof value);
}

/// Selects 16 of the 32 bytes of `from`. Each of `lanes` must be less than 32.
inline void shuffle(const uint8_t* from, const uint8_t* lanes, uint8_t* to)
{
    for (int i = 0; i < 16; ++i)
        to[i] = from[lanes[i]];
}

inline V128 zero_extended(uint64_t low) { return { Lanes<uint64_t> { low, 0 } }; }

/// Loads a vector according to `fill`. T is the type in memory.
template<class T, LaneFill fill> V128 load(const uint8_t* at)
{
    if constexpr (fill == LaneFill::Whole) {
        return guest_load<V128>(at);
    } else if constexpr (fill == LaneFill::Extend) {
        using Narrow = std::remove_extent_t<T>;
        using Wide = std::conditional_t<sizeof(Narrow) == 1, int16_t,
            std::conditional_t<sizeof(Narrow) == 2, int32_t, int64_t>>;
        return extend<Narrow, Wide, Half::Low>(zero_extended(guest_load<uint64_t>(at)));
    } else if constexpr (fill == LaneFill::Splat) {
        return splat<T>(guest_load<T>(at));
    } else {
        return zero_extended(guest_load<T>(at));
    }
}

} // namespace vector

// The instructions.

inline constexpr auto I8x16Swizzle = vector::swizzle;
inline constexpr auto I8x16Splat = vector::splat<uint8_t, uint32_t>;

inline constexpr auto I16x8Splat = vector::splat<uint16_t, uint32_t>;

inline constexpr auto I32x4Splat = vector::splat<uint32_t, uint32_t>;

inline constexpr auto I64x2Splat = vector::splat<uint64_t, uint64_t>;

inline constexpr auto F32x4Splat = vector::splat<float, float>;

inline constexpr auto F64x2Splat = vector::splat<double, double>;

inline constexpr auto I8x16Eq = vector::eq<uint8_t>;
inline constexpr auto I8x16Ne = vector::ne<uint8_t>;
inline constexpr auto I8x16LtS = vector::lt<int8_t>;
inline constexpr auto I8x16LtU = vector::lt<uint8_t>;
inline constexpr auto I8x16GtS = vector::gt<int8_t>;
inline constexpr auto I8x16GtU = vector::gt<uint8_t>;
inline constexpr auto I8x16LeS = vector::le<int8_t>;
inline constexpr auto I8x16LeU = vector::le<uint8_t>;
inline constexpr auto I8x16GeS = vector::ge<int8_t>;
inline constexpr auto I8x16GeU = vector::ge<uint8_t>;

inline constexpr auto I16x8Eq = vector::eq<uint16_t>;
inline constexpr auto I16x8Ne = vector::ne<uint16_t>;
inline constexpr auto I16x8LtS = vector::lt<int16_t>;
inline constexpr auto I16x8LtU = vector::lt<uint16_t>;
inline constexpr auto I16x8GtS = vector::gt<int16_t>;
inline constexpr auto I16x8GtU = vector::gt<uint16_t>;
inline constexpr auto I16x8LeS = vector::le<int16_t>;
inline constexpr auto I16x8LeU = vector::le<uint16_t>;
inline constexpr auto I16x8GeS = vector::ge<int16_t>;
inline constexpr auto I16x8GeU = vector::ge<uint16_t>;

inline constexpr auto I32x4Eq = vector::eq<uint32_t>;
inline constexpr auto I32x4Ne = vector::ne<uint32_t>;
inline constexpr auto I32x4LtS = vector::lt<int32_t>;
inline constexpr auto I32x4LtU = vector::lt<uint32_t>;
inline constexpr auto I32x4GtS = vector::gt<int32_t>;
inline constexpr auto I32x4GtU = vector::gt<uint32_t>;
inline constexpr auto I32x4LeS = vector::le<int32_t>;
inline constexpr auto I32x4LeU = vector::le<uint32_t>;
inline constexpr auto I32x4GeS = vector::ge<int32_t>;
inline constexpr auto I32x4GeU = vector::ge<uint32_t>;

inline constexpr auto F32x4Eq = vector::eq<float>;
inline constexpr auto F32x4Ne = vector::ne<float>;
inline constexpr auto F32x4Lt = vector::lt<float>;
inline constexpr auto F32x4Gt = vector::gt<float>;
inline constexpr auto F32x4Le = vector::le<float>;
inline constexpr auto F32x4Ge = vector::ge<float>;

inline constexpr auto F64x2Eq = vector::eq<double>;
inline constexpr auto F64x2Ne = vector::ne<double>;
inline constexpr auto F64x2Lt = vector::lt<double>;
inline constexpr auto F64x2Gt = vector::gt<double>;
inline constexpr auto F64x2Le = vector::le<double>;
inline constexpr auto F64x2Ge = vector::ge<double>;
inline constexpr auto V128Not = vector::bit_not;
inline constexpr auto V128And = vector::bit_and;
inline constexpr auto V128Andnot = vector::bit_andnot;
inline constexpr auto V128Or = vector::bit_or;
inline constexpr auto V128Xor = vector::bit_xor;
inline constexpr auto V128Bitselect = vector::bitselect;
inline constexpr auto V128AnyTrue = vector::any_true;
inline constexpr auto F32x4DemoteF64x2Zero = vector::convert<double, float, demote>;

inline constexpr auto F64x2PromoteLowF32x4 = vector::convert<float, double, promote>;

inline constexpr auto I8x16Abs = vector::abs<int8_t>;
inline constexpr auto I8x16Neg = vector::neg<uint8_t>;
inline constexpr auto I8x16Popcnt = vector::popcnt<uint8_t>;
inline constexpr auto I8x16AllTrue = vector::all_true<uint8_t>;
inline constexpr auto I8x16Bitmask = vector::bitmask<int8_t>;
inline constexpr auto I8x16NarrowI16x8S = vector::narrow<int16_t, int8_t>;
inline constexpr auto I8x16NarrowI16x8U = vector::narrow<int16_t, uint8_t>;

inline constexpr auto F32x4Ceil = vector::round<Rounding::Up, float>;
inline constexpr auto F32x4Floor = vector::round<Rounding::Down, float>;
inline constexpr auto F32x4Trunc = vector::round<Rounding::ToZero, float>;
inline constexpr auto F32x4Nearest = vector::round<Rounding::ToEven, float>;

inline constexpr auto I8x16Shl = vector::shl<uint8_t>;
inline constexpr auto I8x16ShrS = vector::shr<int8_t>;
inline constexpr auto I8x16ShrU = vector::shr<uint8_t>;
inline constexpr auto I8x16Add = vector::add<uint8_t>;
inline constexpr auto I8x16AddSatS = vector::add_sat<int8_t>;
inline constexpr auto I8x16AddSatU = vector::add_sat<uint8_t>;
inline constexpr auto I8x16Sub = vector::sub<uint8_t>;
inline constexpr auto I8x16SubSatS = vector::sub_sat<int8_t>;
inline constexpr auto I8x16SubSatU = vector::sub_sat<uint8_t>;

inline constexpr auto F64x2Ceil = vector::round<Rounding::Up, double>;
inline constexpr auto F64x2Floor = vector::round<Rounding::Down, double>;

inline constexpr auto I8x16MinS = vector::min<int8_t>;
inline constexpr auto I8x16MinU = vector::min<uint8_t>;
inline constexpr auto I8x16MaxS = vector::max<int8_t>;
inline constexpr auto I8x16MaxU = vector::max<uint8_t>;

inline constexpr auto F64x2Trunc = vector::round<Rounding::ToZero, double>;

inline constexpr auto I8x16AvgrU = vector::avgr<uint8_t>;

inline constexpr auto I16x8ExtaddPairwiseI8x16S = vector::extadd_pairwise<int8_t, int16_t>;
inline constexpr auto I16x8ExtaddPairwiseI8x16U = vector::extadd_pairwise<uint8_t, uint16_t>;

inline constexpr auto I32x4ExtaddPairwiseI16x8S = vector::extadd_pairwise<int16_t, int32_t>;
inline constexpr auto I32x4ExtaddPairwiseI16x8U = vector::extadd_pairwise<uint16_t, uint32_t>;

inline constexpr auto I16x8Abs = vector::abs<int16_t>;
inline constexpr auto I16x8Neg = vector::neg<uint16_t>;
inline constexpr auto I16x8Q15mulrSatS = vector::q15mulr_sat;
inline constexpr auto I16x8AllTrue = vector::all_true<uint16_t>;
inline constexpr auto I16x8Bitmask = vector::bitmask<int16_t>;
inline constexpr auto I16x8NarrowI32x4S = vector::narrow<int32_t, int16_t>;
inline constexpr auto I16x8NarrowI32x4U = vector::narrow<int32_t, uint16_t>;
inline constexpr auto I16x8ExtendLowI8x16S = vector::extend<int8_t, int16_t, vector::Half::Low>;
inline constexpr auto I16x8ExtendHighI8x16S = vector::extend<int8_t, int16_t, vector::Half::High>;
inline constexpr auto I16x8ExtendLowI8x16U = vector::extend<uint8_t, uint16_t, vector::Half::Low>;
inline constexpr auto I16x8ExtendHighI8x16U = vector::extend<uint8_t, uint16_t, vector::Half::High>;
inline constexpr auto I16x8Shl = vector::shl<uint16_t>;
inline constexpr auto I16x8ShrS = vector::shr<int16_t>;
inline constexpr auto I16x8ShrU = vector::shr<uint16_t>;
inline constexpr auto I16x8Add = vector::add<uint16_t>;
inline constexpr auto I16x8AddSatS = vector::add_sat<int16_t>;
inline constexpr auto I16x8AddSatU = vector::add_sat<uint16_t>;
inline constexpr auto I16x8Sub = vector::sub<uint16_t>;
inline constexpr auto I16x8SubSatS = vector::sub_sat<int16_t>;
inline constexpr auto I16x8SubSatU = vector::sub_sat<uint16_t>;

inline constexpr auto F64x2Nearest = vector::round<Rounding::ToEven, double>;

inline constexpr auto I16x8Mul = vector::mul<uint16_t>;
inline constexpr auto I16x8MinS = vector::min<int16_t>;
inline constexpr auto I16x8MinU = vector::min<uint16_t>;
inline constexpr auto I16x8MaxS = vector::max<int16_t>;
inline constexpr auto I16x8MaxU = vector::max<uint16_t>;
inline constexpr auto I16x8AvgrU = vector::avgr<uint16_t>;
inline constexpr auto I16x8ExtmulLowI8x16S = vector::extmul<int8_t, int16_t, vector::Half::Low>;
inline constexpr auto I16x8ExtmulHighI8x16S = vector::extmul<int8_t, int16_t, vector::Half::High>;
inline constexpr auto I16x8ExtmulLowI8x16U = vector::extmul<uint8_t, uint16_t, vector::Half::Low>;
inline constexpr auto I16x8ExtmulHighI8x16U = vector::extmul<uint8_t, uint16_t, vector::Half::High>;

inline constexpr auto I32x4Abs = vector::abs<int32_t>;
inline constexpr auto I32x4Neg = vector::neg<uint32_t>;
inline constexpr auto I32x4AllTrue = vector::all_true<uint32_t>;
inline constexpr auto I32x4Bitmask = vector::bitmask<int32_t>;
inline constexpr auto I32x4ExtendLowI16x8S = vector::extend<int16_t, int32_t, vector::Half::Low>;
inline constexpr auto I32x4ExtendHighI16x8S = vector::extend<int16_t, int32_t, vector::Half::High>;
inline constexpr auto I32x4ExtendLowI16x8U = vector::extend<uint16_t, uint32_t, vector::Half::Low>;
inline constexpr auto I32x4ExtendHighI16x8U = vector::extend<uint16_t, uint32_t, vector::Half::High>;
inline constexpr auto I32x4Shl = vector::shl<uint32_t>;
inline constexpr auto I32x4ShrS = vector::shr<int32_t>;
inline constexpr auto I32x4ShrU = vector::shr<uint32_t>;
inline constexpr auto I32x4Add = vector::add<uint32_t>;
inline constexpr auto I32x4Sub = vector::sub<uint32_t>;
inline constexpr auto I32x4Mul = vector::mul<uint32_t>;
inline constexpr auto I32x4MinS = vector::min<int32_t>;
inline constexpr auto I32x4MinU = vector::min<uint32_t>;
inline constexpr auto I32x4MaxS = vector::max<int32_t>;
inline constexpr auto I32x4MaxU = vector::max<uint32_t>;
inline constexpr auto I32x4DotI16x8S = vector::dot<int16_t, int32_t>;
inline constexpr auto I32x4ExtmulLowI16x8S = vector::extmul<int16_t, int32_t, vector::Half::Low>;
inline constexpr auto I32x4ExtmulHighI16x8S = vector::extmul<int16_t, int32_t, vector::Half::High>;
inline constexpr auto I32x4ExtmulLowI16x8U = vector::extmul<uint16_t, uint32_t, vector::Half::Low>;
inline constexpr auto I32x4ExtmulHighI16x8U = vector::extmul<uint16_t, uint32_t, vector::Half::High>;

inline constexpr auto I64x2Abs = vector::abs<int64_t>;
inline constexpr auto I64x2Neg = vector::neg<uint64_t>;
inline constexpr auto I64x2AllTrue = vector::all_true<uint64_t>;
inline constexpr auto I64x2Bitmask = vector::bitmask<int64_t>;
inline constexpr auto I64x2ExtendLowI32x4S = vector::extend<int32_t, int64_t, vector::Half::Low>;
inline constexpr auto I64x2ExtendHighI32x4S = vector::extend<int32_t, int64_t, vector::Half::High>;
inline constexpr auto I64x2ExtendLowI32x4U = vector::extend<uint32_t, uint64_t, vector::Half::Low>;
inline constexpr auto I64x2ExtendHighI32x4U = vector::extend<uint32_t, uint64_t, vector::Half::High>;
inline constexpr auto I64x2Shl = vector::shl<uint64_t>;
inline constexpr auto I64x2ShrS = vector::shr<int64_t>;
inline constexpr auto I64x2ShrU = vector::shr<uint64_t>;
inline constexpr auto I64x2Add = vector::add<uint64_t>;
inline constexpr auto I64x2Sub = vector::sub<uint64_t>;
inline constexpr auto I64x2Mul = vector::mul<uint64_t>;
inline constexpr auto I64x2Eq = vector::eq<uint64_t>;
inline constexpr auto I64x2Ne = vector::ne<uint64_t>;
inline constexpr auto I64x2LtS = vector::lt<int64_t>;
inline constexpr auto I64x2GtS = vector::gt<int64_t>;
inline constexpr auto I64x2LeS = vector::le<int64_t>;
inline constexpr auto I64x2GeS = vector::ge<int64_t>;
inline constexpr auto I64x2ExtmulLowI32x4S = vector::extmul<int32_t, int64_t, vector::Half::Low>;
inline constexpr auto I64x2ExtmulHighI32x4S = vector::extmul<int32_t, int64_t, vector::Half::High>;
inline constexpr auto I64x2ExtmulLowI32x4U = vector::extmul<uint32_t, uint64_t, vector::Half::Low>;
inline constexpr auto I64x2ExtmulHighI32x4U = vector::extmul<uint32_t, uint64_t, vector::Half::High>;

inline constexpr auto F32x4Abs = vector::fabs<float>;
inline constexpr auto F32x4Neg = vector::fneg<float>;
inline constexpr auto F32x4Sqrt = vector::fsqrt<float>;
inline constexpr auto F32x4Add = vector::fadd<float>;
inline constexpr auto F32x4Sub = vector::fsub<float>;
inline constexpr auto F32x4Mul = vector::fmul<float>;
inline constexpr auto F32x4Div = vector::fdiv<float>;
inline constexpr auto F32x4Min = vector::fmin<float>;
inline constexpr auto F32x4Max = vector::fmax<float>;
inline constexpr auto F32x4Pmin = vector::pmin<float>;
inline constexpr auto F32x4Pmax = vector::pmax<float>;

inline constexpr auto F64x2Abs = vector::fabs<double>;
inline constexpr auto F64x2Neg = vector::fneg<double>;
inline constexpr auto F64x2Sqrt = vector::fsqrt<double>;
inline constexpr auto F64x2Add = vector::fadd<double>;
inline constexpr auto F64x2Sub = vector::fsub<double>;
inline constexpr auto F64x2Mul = vector::fmul<double>;
inline constexpr auto F64x2Div = vector::fdiv<double>;
inline constexpr auto F64x2Min = vector::fmin<double>;
inline constexpr auto F64x2Max = vector::fmax<double>;
inline constexpr auto F64x2Pmin = vector::pmin<double>;
inline constexpr auto F64x2Pmax = vector::pmax<double>;

inline constexpr auto I32x4TruncSatF32x4S = vector::trunc_sat<float, int32_t>;
inline constexpr auto I32x4TruncSatF32x4U = vector::trunc_sat<float, uint32_t>;

inline constexpr auto F32x4ConvertI32x4S = vector::convert_int<int32_t, float>;
inline constexpr auto F32x4ConvertI32x4U = vector::convert_int<uint32_t, float>;

inline constexpr auto I32x4TruncSatF64x2SZero = vector::trunc_sat<double, int32_t>;
inline constexpr auto I32x4TruncSatF64x2UZero = vector::trunc_sat<double, uint32_t>;

inline constexpr auto F64x2ConvertLowI32x4S = vector::convert_int<int32_t, double>;
inline constexpr auto F64x2ConvertLowI32x4U = vector::convert_int<uint32_t, double>;

inline constexpr auto I8x16RelaxedSwizzle = vector::swizzle;

inline constexpr auto I32x4RelaxedTruncF32x4S = vector::trunc_sat<float, int32_t>;
inline constexpr auto I32x4RelaxedTruncF32x4U = vector::trunc_sat<float, uint32_t>;
inline constexpr auto I32x4RelaxedTruncF64x2SZero = vector::trunc_sat<double, int32_t>;
inline constexpr auto I32x4RelaxedTruncF64x2UZero = vector::trunc_sat<double, uint32_t>;

inline constexpr auto F32x4RelaxedMadd = vector::madd<float>;
inline constexpr auto F32x4RelaxedNmadd = vector::nmadd<float>;

inline constexpr auto F64x2RelaxedMadd = vector::madd<double>;
inline constexpr auto F64x2RelaxedNmadd = vector::nmadd<double>;

inline constexpr auto I8x16RelaxedLaneselect = vector::bitselect;

inline constexpr auto I16x8RelaxedLaneselect = vector::bitselect;

inline constexpr auto I32x4RelaxedLaneselect = vector::bitselect;

inline constexpr auto I64x2RelaxedLaneselect = vector::bitselect;

inline constexpr auto F32x4RelaxedMin = vector::fmin<float>;
inline constexpr auto F32x4RelaxedMax = vector::fmax<float>;

inline constexpr auto F64x2RelaxedMin = vector::fmin<double>;
inline constexpr auto F64x2RelaxedMax = vector::fmax<double>;

inline constexpr auto I16x8RelaxedQ15mulrS = vector::q15mulr_sat;
inline constexpr auto I16x8RelaxedDotI8x16I7x16S = vector::dot<int8_t, int16_t>;

inline constexpr auto I32x4RelaxedDotI8x16I7x16AddS = vector::dot_add;

#define OP(...)
#define VECTOR(name, text, ...) static_assert(signature_of(numeric::name) == info(Op::name).signature, text);
#include "wasm/opcodes.inc"

} // namespace vitrine::core::numeric
