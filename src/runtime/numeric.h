// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "runtime/trap.h"
#include "wasm/opcode.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

// [doc] What each numeric instruction computes
//
// One name per NUMERIC row of the instruction table, in the same order. All tiers use these
// functions, so they cannot disagree.
//
// Floating-point arithmetic is written as explicit processor instructions. Given `a + b` or an
// intrinsic, a compiler could swap the operands, which decides which of two NaNs is returned, or
// fold the operation to a constant with a different NaN.

namespace vitrine::core::numeric {

/// A number, or the trap that the operands cause.
template<class T> struct OrTrap {
    T value {};
    TrapKind trap = no_trap;

    constexpr OrTrap(T number) : value(number) {}
    constexpr OrTrap(TrapKind kind) : trap(kind) {}
};

// Implementations, generic in the type. [spec: exec/numerics]

template<class T> inline constexpr T width = sizeof(T) * 8;

// Integers. If the sign matters, T is the type to interpret the operands as; otherwise it is
// unsigned.
template<class T> constexpr T add(T a, T b) { return a + b; }
template<class T> constexpr T sub(T a, T b) { return a - b; }
template<class T> constexpr T mul(T a, T b) { return a * b; }
template<class T> constexpr T bit_and(T a, T b) { return a & b; }
template<class T> constexpr T bit_or(T a, T b) { return a | b; }
template<class T> constexpr T bit_xor(T a, T b) { return a ^ b; }
template<class T> constexpr T shl(T a, T b) { return a << (b & (width<T> - 1)); }
template<class T> constexpr T shr(T a, T b) { return a >> (b & (width<T> - 1)); }
template<class T> constexpr T rotl(T a, T b) { return std::rotl(a, static_cast<int>(b & (width<T> - 1))); }
template<class T> constexpr T rotr(T a, T b) { return std::rotr(a, static_cast<int>(b & (width<T> - 1))); }
template<class T> constexpr T clz(T a) { return static_cast<T>(std::countl_zero(a)); }
template<class T> constexpr T ctz(T a) { return static_cast<T>(std::countr_zero(a)); }
template<class T> constexpr T popcnt(T a) { return static_cast<T>(std::popcount(a)); }
template<class Narrow, class T> constexpr T extend(T a) { return static_cast<Narrow>(a); }

template<class T> constexpr OrTrap<T> div(T a, T b)
{
    if (b == 0) [[unlikely]]
        return TrapKind::IntegerDivideByZero;
    if (std::is_signed_v<T> && a == std::numeric_limits<T>::min() && b == static_cast<T>(-1)) [[unlikely]]
        return TrapKind::IntegerOverflow;
    return a / b;
}

template<class T> constexpr OrTrap<T> rem(T a, T b)
{
    if (b == 0) [[unlikely]]
        return TrapKind::IntegerDivideByZero;
    // The smallest number divided by -1 overflows in the processor.
    if (std::is_signed_v<T> && b == static_cast<T>(-1)) [[unlikely]]
        return T { 0 };
    return a % b;
}

// Comparisons. T is the type to compare as.
template<class T> constexpr uint32_t eqz(T a) { return a == 0; }
template<class T> constexpr uint32_t eq(T a, T b) { return a == b; }
template<class T> constexpr uint32_t ne(T a, T b) { return a != b; }
template<class T> constexpr uint32_t lt(T a, T b) { return a < b; }
template<class T> constexpr uint32_t gt(T a, T b) { return a > b; }
template<class T> constexpr uint32_t le(T a, T b) { return a <= b; }
template<class T> constexpr uint32_t ge(T a, T b) { return a >= b; }

// Floats as bits, which leaves NaNs unchanged.
template<class T> using Bits = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;
template<class T> inline constexpr Bits<T> sign_bit = Bits<T> { 1 } << (sizeof(T) * 8 - 1);
template<class T> constexpr Bits<T> bits(T a) { return std::bit_cast<Bits<T>>(a); }

template<class T> constexpr T abs(T a) { return std::bit_cast<T>(bits(a) & ~sign_bit<T>); }
template<class T> constexpr T neg(T a) { return std::bit_cast<T>(bits(a) ^ sign_bit<T>); }
template<class T> constexpr T copysign(T a, T b)
{
    return std::bit_cast<T>((bits(a) & ~sign_bit<T>) | (bits(b) & sign_bit<T>));
}

// Floats as the processor computes them: a NaN operand becomes quiet; of two NaNs the first is
// returned.
#define SSE_UNARY(name, instruction)                \
    template<class T> T name(T a)                   \
    {                                               \
        if constexpr (sizeof(T) == 4)               \
            asm(instruction "ss %0, %0" : "+x"(a)); \
        else                                        \
            asm(instruction "sd %0, %0" : "+x"(a)); \
        return a;                                   \
    }
#define SSE_BINARY(name, instruction)                        \
    template<class T> T name(T a, T b)                       \
    {                                                        \
        if constexpr (sizeof(T) == 4)                        \
            asm(instruction "ss %1, %0" : "+x"(a) : "x"(b)); \
        else                                                 \
            asm(instruction "sd %1, %0" : "+x"(a) : "x"(b)); \
        return a;                                            \
    }
SSE_UNARY(sse_sqrt, "sqrt")
SSE_BINARY(sse_add, "add")
SSE_BINARY(sse_sub, "sub")
SSE_BINARY(sse_mul, "mul")
SSE_BINARY(sse_div, "div")
SSE_BINARY(sse_min, "min")
SSE_BINARY(sse_max, "max")
#undef SSE_UNARY
#undef SSE_BINARY

/// For NaNs, the result is that of an addition. For two zeros the processor returns the second
/// operand, so both orders are computed and their bits combined: the result is -0 if either is -0.
template<class T> T min(T a, T b)
{
    if (std::isunordered(a, b)) [[unlikely]]
        return sse_add(a, b);
    return std::bit_cast<T>(bits(sse_min(a, b)) | bits(sse_min(b, a)));
}

/// Like `min`, but for two zeros the result is +0 if either is +0.
template<class T> T max(T a, T b)
{
    if (std::isunordered(a, b)) [[unlikely]]
        return sse_add(a, b);
    return std::bit_cast<T>(bits(sse_max(a, b)) & bits(sse_max(b, a)));
}

/// Rounding modes of the SSE4.1 instructions. Bit 3 (8) suppresses the inexact exception.
enum class Rounding : uint8_t { ToEven = 8, Down = 9, Up = 10, ToZero = 11 };

template<Rounding how, class T> T round(T a)
{
    if constexpr (sizeof(T) == 4)
        asm("roundss %1, %0, %0" : "+x"(a) : "i"(static_cast<int>(how)));
    else
        asm("roundsd %1, %0, %0" : "+x"(a) : "i"(static_cast<int>(how)));
    return a;
}

// Conversions.
template<class From, class To> constexpr To convert(From a) { return static_cast<To>(a); }
template<class From, class To> constexpr To reinterpret(From a) { return std::bit_cast<To>(a); }

inline double promote(float a)
{
    double result = 0;
    asm("cvtss2sd %1, %0" : "+x"(result) : "x"(a));
    return result;
}

inline float demote(double a)
{
    float result = 0;
    asm("cvtsd2ss %1, %0" : "+x"(result) : "x"(a));
    return result;
}

/// Whether a float, truncated, is in the range of To. False for a NaN.
template<class To, class From> constexpr bool fits(From a)
{
    // Powers of two, which are exact in both types. `lowest - 1` may not be representable.
    constexpr From above = static_cast<From>((std::numeric_limits<To>::max() >> 1) + 1) * 2;
    constexpr From lowest = static_cast<From>(std::numeric_limits<To>::min());
    constexpr From below = lowest - 1;
    return (below < lowest ? a > below : a >= lowest) && a < above;
}

template<class From, class To> constexpr OrTrap<To> trunc(From a)
{
    if (!fits<To>(a)) [[unlikely]]
        return a != a ? TrapKind::InvalidConversionToInteger : TrapKind::IntegerOverflow;
    return static_cast<To>(a);
}

template<class From, class To> constexpr To trunc_sat(From a)
{
    if (fits<To>(a)) [[likely]]
        return static_cast<To>(a);
    return a != a ? 0 : a < 0 ? std::numeric_limits<To>::min() : std::numeric_limits<To>::max();
}

// Wide arithmetic.

/// A 128-bit integer in two halves.
struct Int128 {
    uint64_t low;
    uint64_t high;
};

constexpr Int128 add128(Int128 a, Int128 b)
{
    Int128 sum {};
    const bool carries = __builtin_add_overflow(a.low, b.low, &sum.low);
    sum.high = a.high + b.high + carries;
    return sum;
}

constexpr Int128 sub128(Int128 a, Int128 b)
{
    Int128 difference {};
    const bool borrows = __builtin_sub_overflow(a.low, b.low, &difference.low);
    difference.high = a.high - b.high - borrows;
    return difference;
}

constexpr Int128 mul_wide_u(uint64_t a, uint64_t b)
{
    const auto product = static_cast<unsigned __int128>(a) * b;
    return { static_cast<uint64_t>(product), static_cast<uint64_t>(product >> 64) };
}

/// The unsigned product. For each negative factor, the other factor is subtracted from the high
/// half.
constexpr Int128 mul_wide_s(uint64_t a, uint64_t b)
{
    Int128 product = mul_wide_u(a, b);
    product.high -= (static_cast<int64_t>(a) < 0 ? b : 0) + (static_cast<int64_t>(b) < 0 ? a : 0);
    return product;
}

// The instructions.

inline constexpr auto I32Eqz = eqz<uint32_t>;
inline constexpr auto I32Eq = eq<uint32_t>;
inline constexpr auto I32Ne = ne<uint32_t>;
inline constexpr auto I32LtS = lt<int32_t>;
inline constexpr auto I32LtU = lt<uint32_t>;
inline constexpr auto I32GtS = gt<int32_t>;
inline constexpr auto I32GtU = gt<uint32_t>;
inline constexpr auto I32LeS = le<int32_t>;
inline constexpr auto I32LeU = le<uint32_t>;
inline constexpr auto I32GeS = ge<int32_t>;
inline constexpr auto I32GeU = ge<uint32_t>;

inline constexpr auto I64Eqz = eqz<uint64_t>;
inline constexpr auto I64Eq = eq<uint64_t>;
inline constexpr auto I64Ne = ne<uint64_t>;
inline constexpr auto I64LtS = lt<int64_t>;
inline constexpr auto I64LtU = lt<uint64_t>;
inline constexpr auto I64GtS = gt<int64_t>;
inline constexpr auto I64GtU = gt<uint64_t>;
inline constexpr auto I64LeS = le<int64_t>;
inline constexpr auto I64LeU = le<uint64_t>;
inline constexpr auto I64GeS = ge<int64_t>;
inline constexpr auto I64GeU = ge<uint64_t>;

inline constexpr auto F32Eq = eq<float>;
inline constexpr auto F32Ne = ne<float>;
inline constexpr auto F32Lt = lt<float>;
inline constexpr auto F32Gt = gt<float>;
inline constexpr auto F32Le = le<float>;
inline constexpr auto F32Ge = ge<float>;

inline constexpr auto F64Eq = eq<double>;
inline constexpr auto F64Ne = ne<double>;
inline constexpr auto F64Lt = lt<double>;
inline constexpr auto F64Gt = gt<double>;
inline constexpr auto F64Le = le<double>;
inline constexpr auto F64Ge = ge<double>;

inline constexpr auto I32Clz = clz<uint32_t>;
inline constexpr auto I32Ctz = ctz<uint32_t>;
inline constexpr auto I32Popcnt = popcnt<uint32_t>;
inline constexpr auto I32Add = add<uint32_t>;
inline constexpr auto I32Sub = sub<uint32_t>;
inline constexpr auto I32Mul = mul<uint32_t>;
inline constexpr auto I32DivS = div<int32_t>;
inline constexpr auto I32DivU = div<uint32_t>;
inline constexpr auto I32RemS = rem<int32_t>;
inline constexpr auto I32RemU = rem<uint32_t>;
inline constexpr auto I32And = bit_and<uint32_t>;
inline constexpr auto I32Or = bit_or<uint32_t>;
inline constexpr auto I32Xor = bit_xor<uint32_t>;
inline constexpr auto I32Shl = shl<uint32_t>;
inline constexpr auto I32ShrS = shr<int32_t>;
inline constexpr auto I32ShrU = shr<uint32_t>;
inline constexpr auto I32Rotl = rotl<uint32_t>;
inline constexpr auto I32Rotr = rotr<uint32_t>;

inline constexpr auto I64Clz = clz<uint64_t>;
inline constexpr auto I64Ctz = ctz<uint64_t>;
inline constexpr auto I64Popcnt = popcnt<uint64_t>;
inline constexpr auto I64Add = add<uint64_t>;
inline constexpr auto I64Sub = sub<uint64_t>;
inline constexpr auto I64Mul = mul<uint64_t>;
inline constexpr auto I64DivS = div<int64_t>;
inline constexpr auto I64DivU = div<uint64_t>;
inline constexpr auto I64RemS = rem<int64_t>;
inline constexpr auto I64RemU = rem<uint64_t>;
inline constexpr auto I64And = bit_and<uint64_t>;
inline constexpr auto I64Or = bit_or<uint64_t>;
inline constexpr auto I64Xor = bit_xor<uint64_t>;
inline constexpr auto I64Shl = shl<uint64_t>;
inline constexpr auto I64ShrS = shr<int64_t>;
inline constexpr auto I64ShrU = shr<uint64_t>;
inline constexpr auto I64Rotl = rotl<uint64_t>;
inline constexpr auto I64Rotr = rotr<uint64_t>;

inline constexpr auto F32Abs = abs<float>;
inline constexpr auto F32Neg = neg<float>;
inline constexpr auto F32Ceil = round<Rounding::Up, float>;
inline constexpr auto F32Floor = round<Rounding::Down, float>;
inline constexpr auto F32Trunc = round<Rounding::ToZero, float>;
inline constexpr auto F32Nearest = round<Rounding::ToEven, float>;
inline constexpr auto F32Sqrt = sse_sqrt<float>;
inline constexpr auto F32Add = sse_add<float>;
inline constexpr auto F32Sub = sse_sub<float>;
inline constexpr auto F32Mul = sse_mul<float>;
inline constexpr auto F32Div = sse_div<float>;
inline constexpr auto F32Min = min<float>;
inline constexpr auto F32Max = max<float>;
inline constexpr auto F32Copysign = copysign<float>;

inline constexpr auto F64Abs = abs<double>;
inline constexpr auto F64Neg = neg<double>;
inline constexpr auto F64Ceil = round<Rounding::Up, double>;
inline constexpr auto F64Floor = round<Rounding::Down, double>;
inline constexpr auto F64Trunc = round<Rounding::ToZero, double>;
inline constexpr auto F64Nearest = round<Rounding::ToEven, double>;
inline constexpr auto F64Sqrt = sse_sqrt<double>;
inline constexpr auto F64Add = sse_add<double>;
inline constexpr auto F64Sub = sse_sub<double>;
inline constexpr auto F64Mul = sse_mul<double>;
inline constexpr auto F64Div = sse_div<double>;
inline constexpr auto F64Min = min<double>;
inline constexpr auto F64Max = max<double>;
inline constexpr auto F64Copysign = copysign<double>;

inline constexpr auto I32WrapI64 = convert<uint64_t, uint32_t>;
inline constexpr auto I32TruncF32S = trunc<float, int32_t>;
inline constexpr auto I32TruncF32U = trunc<float, uint32_t>;
inline constexpr auto I32TruncF64S = trunc<double, int32_t>;
inline constexpr auto I32TruncF64U = trunc<double, uint32_t>;
inline constexpr auto I64ExtendI32S = convert<int32_t, int64_t>;
inline constexpr auto I64ExtendI32U = convert<uint32_t, uint64_t>;
inline constexpr auto I64TruncF32S = trunc<float, int64_t>;
inline constexpr auto I64TruncF32U = trunc<float, uint64_t>;
inline constexpr auto I64TruncF64S = trunc<double, int64_t>;
inline constexpr auto I64TruncF64U = trunc<double, uint64_t>;
inline constexpr auto F32ConvertI32S = convert<int32_t, float>;
inline constexpr auto F32ConvertI32U = convert<uint32_t, float>;
inline constexpr auto F32ConvertI64S = convert<int64_t, float>;
inline constexpr auto F32ConvertI64U = convert<uint64_t, float>;
inline constexpr auto F32DemoteF64 = demote;
inline constexpr auto F64ConvertI32S = convert<int32_t, double>;
inline constexpr auto F64ConvertI32U = convert<uint32_t, double>;
inline constexpr auto F64ConvertI64S = convert<int64_t, double>;
inline constexpr auto F64ConvertI64U = convert<uint64_t, double>;
inline constexpr auto F64PromoteF32 = promote;
inline constexpr auto I32ReinterpretF32 = reinterpret<float, uint32_t>;
inline constexpr auto I64ReinterpretF64 = reinterpret<double, uint64_t>;
inline constexpr auto F32ReinterpretI32 = reinterpret<uint32_t, float>;
inline constexpr auto F64ReinterpretI64 = reinterpret<uint64_t, double>;

inline constexpr auto I32Extend8S = extend<int8_t, int32_t>;
inline constexpr auto I32Extend16S = extend<int16_t, int32_t>;
inline constexpr auto I64Extend8S = extend<int8_t, int64_t>;
inline constexpr auto I64Extend16S = extend<int16_t, int64_t>;
inline constexpr auto I64Extend32S = extend<int32_t, int64_t>;

inline constexpr auto I32TruncSatF32S = trunc_sat<float, int32_t>;
inline constexpr auto I32TruncSatF32U = trunc_sat<float, uint32_t>;
inline constexpr auto I32TruncSatF64S = trunc_sat<double, int32_t>;
inline constexpr auto I32TruncSatF64U = trunc_sat<double, uint32_t>;
inline constexpr auto I64TruncSatF32S = trunc_sat<float, int64_t>;
inline constexpr auto I64TruncSatF32U = trunc_sat<float, uint64_t>;
inline constexpr auto I64TruncSatF64S = trunc_sat<double, int64_t>;
inline constexpr auto I64TruncSatF64U = trunc_sat<double, uint64_t>;

/// The value kind of a C++ number. For `OrTrap<T>`, that of T.
template<class T>
inline constexpr ValueKind kind_of =
    std::is_floating_point_v<T> ? (sizeof(T) == 4 ? ValueKind::F32 : ValueKind::F64)
                                : (sizeof(T) == 4 ? ValueKind::I32 : ValueKind::I64);
template<class T> inline constexpr ValueKind kind_of<OrTrap<T>> = kind_of<T>;

/// The signature of the instruction that a function implements.
template<class R, class... A> constexpr Signature signature_of(R (*)(A...))
{
    return {
        .params = { kind_of<A>... }, .param_count = sizeof...(A), .result = kind_of<R>, .has_result = true
    };
}

#define OP(...)
#define NUMERIC(name, text, ...) static_assert(signature_of(numeric::name) == info(Op::name).signature, text);
#include "wasm/opcodes.inc"

} // namespace vitrine::core::numeric
