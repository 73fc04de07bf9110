// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "runtime/trap.h"
#include "wasm/opcode.h"

#include <bit>
#include <concepts>
#include <cstdint>
#include <limits>
#include <smmintrin.h>
#include <type_traits>

// [doc] What each numeric instruction computes
//
// One name per NUMERIC row of the instruction table. All tiers take the meaning from here, so they cannot disagree.
// Floating-point arithmetic is written as the processor's own instructions: a compiler may swap the operands of `a + b`, and
// which of two NaNs survives depends on their order.

namespace vitrine::core::numeric {

/// A number, or the trap that the operands cause.
template<class T> struct OrTrap {
    T value {};
    TrapKind trap = TrapKind::None;

    constexpr OrTrap(T number) : value(number) {}
    constexpr OrTrap(TrapKind kind) : trap(kind) {}
};

/// The meanings, by type. [spec: exec/numerics]
namespace meaning {

template<class T> using Signed = std::make_signed_t<T>;
template<class T> inline constexpr int width = std::numeric_limits<T>::digits;

// Integers: T is unsigned.
template<class T> constexpr T add(T a, T b) { return a + b; }
template<class T> constexpr T sub(T a, T b) { return a - b; }
template<class T> constexpr T mul(T a, T b) { return a * b; }
template<class T> constexpr T bit_and(T a, T b) { return a & b; }
template<class T> constexpr T bit_or(T a, T b) { return a | b; }
template<class T> constexpr T bit_xor(T a, T b) { return a ^ b; }
template<class T> constexpr T shl(T a, T b) { return a << (b % width<T>); }
template<class T> constexpr T shr_s(T a, T b)
{
    return static_cast<T>(static_cast<Signed<T>>(a) >> (b % width<T>));
}
template<class T> constexpr T shr_u(T a, T b) { return a >> (b % width<T>); }
template<class T> constexpr T rotl(T a, T b) { return std::rotl(a, static_cast<int>(b % width<T>)); }
template<class T> constexpr T rotr(T a, T b) { return std::rotr(a, static_cast<int>(b % width<T>)); }
template<class T> constexpr T clz(T a) { return static_cast<T>(std::countl_zero(a)); }
template<class T> constexpr T ctz(T a) { return static_cast<T>(std::countr_zero(a)); }
template<class T> constexpr T popcnt(T a) { return static_cast<T>(std::popcount(a)); }
template<class T> constexpr uint32_t eqz(T a) { return a == 0; }

template<class T> constexpr OrTrap<T> div_s(T a, T b)
{
    if (b == 0)
        return TrapKind::IntegerDivideByZero;
    if (a == T { 1 } << (width<T> - 1) && b == static_cast<T>(-1))
        return TrapKind::IntegerOverflow;
    return static_cast<T>(static_cast<Signed<T>>(a) / static_cast<Signed<T>>(b));
}
template<class T> constexpr OrTrap<T> div_u(T a, T b)
{
    if (b == 0)
        return TrapKind::IntegerDivideByZero;
    return a / b;
}
template<class T> constexpr OrTrap<T> rem_s(T a, T b)
{
    if (b == 0)
        return TrapKind::IntegerDivideByZero;
    // The smallest number by -1 overflows in the processor.
    if (b == static_cast<T>(-1))
        return T { 0 };
    return static_cast<T>(static_cast<Signed<T>>(a) % static_cast<Signed<T>>(b));
}
template<class T> constexpr OrTrap<T> rem_u(T a, T b)
{
    if (b == 0)
        return TrapKind::IntegerDivideByZero;
    return a % b;
}

// Comparisons: T is the type compared as, signed or not, integer or float.
template<class T> constexpr uint32_t eq(T a, T b) { return a == b; }
template<class T> constexpr uint32_t ne(T a, T b) { return a != b; }
template<class T> constexpr uint32_t lt(T a, T b) { return a < b; }
template<class T> constexpr uint32_t gt(T a, T b) { return a > b; }
template<class T> constexpr uint32_t le(T a, T b) { return a <= b; }
template<class T> constexpr uint32_t ge(T a, T b) { return a >= b; }

// Conversions between integers.
template<class From, class To> constexpr To convert(From a) { return static_cast<To>(a); }
template<class Narrow, class T> constexpr T extend(T a)
{
    return static_cast<T>(static_cast<Signed<T>>(static_cast<Narrow>(a)));
}
template<class To, class From> constexpr To reinterpret(From a) { return std::bit_cast<To>(a); }

// Floats.
template<class T> using Bits = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;
template<class T> inline constexpr Bits<T> sign_bit = Bits<T> { 1 } << (sizeof(T) * 8 - 1);

template<class T> constexpr T abs(T a) { return std::bit_cast<T>(std::bit_cast<Bits<T>>(a) & ~sign_bit<T>); }
template<class T> constexpr T neg(T a) { return std::bit_cast<T>(std::bit_cast<Bits<T>>(a) ^ sign_bit<T>); }
template<class T> constexpr T copysign(T a, T b)
{
    return std::bit_cast<T>(
        (std::bit_cast<Bits<T>>(a) & ~sign_bit<T>) | (std::bit_cast<Bits<T>>(b) & sign_bit<T>));
}

inline float float_add(float a, float b) { return _mm_cvtss_f32(_mm_add_ss(_mm_set_ss(a), _mm_set_ss(b))); }
inline float float_sub(float a, float b) { return _mm_cvtss_f32(_mm_sub_ss(_mm_set_ss(a), _mm_set_ss(b))); }
inline float float_mul(float a, float b) { return _mm_cvtss_f32(_mm_mul_ss(_mm_set_ss(a), _mm_set_ss(b))); }
inline float float_div(float a, float b) { return _mm_cvtss_f32(_mm_div_ss(_mm_set_ss(a), _mm_set_ss(b))); }
inline float float_sqrt(float a) { return _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(a))); }
inline double double_add(double a, double b)
{
    return _mm_cvtsd_f64(_mm_add_sd(_mm_set_sd(a), _mm_set_sd(b)));
}
inline double double_sub(double a, double b)
{
    return _mm_cvtsd_f64(_mm_sub_sd(_mm_set_sd(a), _mm_set_sd(b)));
}
inline double double_mul(double a, double b)
{
    return _mm_cvtsd_f64(_mm_mul_sd(_mm_set_sd(a), _mm_set_sd(b)));
}
inline double double_div(double a, double b)
{
    return _mm_cvtsd_f64(_mm_div_sd(_mm_set_sd(a), _mm_set_sd(b)));
}
inline double double_sqrt(double a) { return _mm_cvtsd_f64(_mm_sqrt_sd(_mm_set_sd(a), _mm_set_sd(a))); }

template<int mode> float round(float a)
{
    return _mm_cvtss_f32(_mm_round_ss(_mm_set_ss(a), _mm_set_ss(a), mode));
}
template<int mode> double round(double a)
{
    return _mm_cvtsd_f64(_mm_round_sd(_mm_set_sd(a), _mm_set_sd(a), mode));
}
inline constexpr int up = _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC;
inline constexpr int down = _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC;
inline constexpr int to_zero = _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC;
inline constexpr int to_even = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;

inline float quiet_sum(float a, float b) { return float_add(a, b); }
inline double quiet_sum(double a, double b) { return double_add(a, b); }

/// The sum of two operands of which one is a NaN is that NaN, quiet; that of equal ones tells the zeros apart by their bits.
template<class T> T min(T a, T b)
{
    if (a != a || b != b) [[unlikely]]
        return quiet_sum(a, b);
    if (a == b)
        return std::bit_cast<T>(std::bit_cast<Bits<T>>(a) | std::bit_cast<Bits<T>>(b));
    return a < b ? a : b;
}
template<class T> T max(T a, T b)
{
    if (a != a || b != b) [[unlikely]]
        return quiet_sum(a, b);
    if (a == b)
        return std::bit_cast<T>(std::bit_cast<Bits<T>>(a) & std::bit_cast<Bits<T>>(b));
    return a > b ? a : b;
}

/// The first power of two that is too large for the integer, and for the smallest integer the last float above what is too small.
template<class From, class To> constexpr bool is_too_large(From a)
{
    // 2^31, 2^32, 2^63 and 2^64 are exact in both float types.
    constexpr From bound = static_cast<From>(To { 1 } << (width<To> - 1)) * 2;
    return a >= bound;
}
template<class From, class To> constexpr bool is_too_small(From a)
{
    if constexpr (std::is_unsigned_v<To>)
        return a <= From { -1 };
    else if constexpr (sizeof(From) == 8 && sizeof(To) == 4)
        return a <= From { -2147483649.0 };
    else
        return a < static_cast<From>(std::numeric_limits<To>::min());
}
template<class From, class To> constexpr OrTrap<std::make_unsigned_t<To>> trunc(From a)
{
    if (a != a)
        return TrapKind::InvalidConversionToInteger;
    if (is_too_large<From, To>(a) || is_too_small<From, To>(a))
        return TrapKind::IntegerOverflow;
    return static_cast<std::make_unsigned_t<To>>(static_cast<To>(a));
}
template<class From, class To> constexpr std::make_unsigned_t<To> trunc_sat(From a)
{
    using Result = std::make_unsigned_t<To>;
    if (a != a)
        return 0;
    if (is_too_large<From, To>(a))
        return static_cast<Result>(std::numeric_limits<To>::max());
    if (is_too_small<From, To>(a))
        return static_cast<Result>(std::numeric_limits<To>::min());
    return static_cast<Result>(static_cast<To>(a));
}

} // namespace meaning

// clang-format off
#define INTEGER(prefix, Type)                                                                              \
    inline constexpr auto prefix##Eqz = meaning::eqz<Type>;                                                \
    inline constexpr auto prefix##Eq = meaning::eq<Type>;                                                  \
    inline constexpr auto prefix##Ne = meaning::ne<Type>;                                                  \
    inline constexpr auto prefix##LtS = meaning::lt<meaning::Signed<Type>>;                                \
    inline constexpr auto prefix##LtU = meaning::lt<Type>;                                                 \
    inline constexpr auto prefix##GtS = meaning::gt<meaning::Signed<Type>>;                                \
    inline constexpr auto prefix##GtU = meaning::gt<Type>;                                                 \
    inline constexpr auto prefix##LeS = meaning::le<meaning::Signed<Type>>;                                \
    inline constexpr auto prefix##LeU = meaning::le<Type>;                                                 \
    inline constexpr auto prefix##GeS = meaning::ge<meaning::Signed<Type>>;                                \
    inline constexpr auto prefix##GeU = meaning::ge<Type>;                                                 \
    inline constexpr auto prefix##Clz = meaning::clz<Type>;                                                \
    inline constexpr auto prefix##Ctz = meaning::ctz<Type>;                                                \
    inline constexpr auto prefix##Popcnt = meaning::popcnt<Type>;                                          \
    inline constexpr auto prefix##Add = meaning::add<Type>;                                                \
    inline constexpr auto prefix##Sub = meaning::sub<Type>;                                                \
    inline constexpr auto prefix##Mul = meaning::mul<Type>;                                                \
    inline constexpr auto prefix##DivS = meaning::div_s<Type>;                                             \
    inline constexpr auto prefix##DivU = meaning::div_u<Type>;                                             \
    inline constexpr auto prefix##RemS = meaning::rem_s<Type>;                                             \
    inline constexpr auto prefix##RemU = meaning::rem_u<Type>;                                             \
    inline constexpr auto prefix##And = meaning::bit_and<Type>;                                            \
    inline constexpr auto prefix##Or = meaning::bit_or<Type>;                                              \
    inline constexpr auto prefix##Xor = meaning::bit_xor<Type>;                                            \
    inline constexpr auto prefix##Shl = meaning::shl<Type>;                                                \
    inline constexpr auto prefix##ShrS = meaning::shr_s<Type>;                                             \
    inline constexpr auto prefix##ShrU = meaning::shr_u<Type>;                                             \
    inline constexpr auto prefix##Rotl = meaning::rotl<Type>;                                              \
    inline constexpr auto prefix##Rotr = meaning::rotr<Type>;                                              \
    inline constexpr auto prefix##Extend8S = meaning::extend<int8_t, Type>;                                \
    inline constexpr auto prefix##Extend16S = meaning::extend<int16_t, Type>;                              \
    inline constexpr auto prefix##TruncF32S = meaning::trunc<float, meaning::Signed<Type>>;                \
    inline constexpr auto prefix##TruncF32U = meaning::trunc<float, Type>;                                 \
    inline constexpr auto prefix##TruncF64S = meaning::trunc<double, meaning::Signed<Type>>;               \
    inline constexpr auto prefix##TruncF64U = meaning::trunc<double, Type>;                                \
    inline constexpr auto prefix##TruncSatF32S = meaning::trunc_sat<float, meaning::Signed<Type>>;         \
    inline constexpr auto prefix##TruncSatF32U = meaning::trunc_sat<float, Type>;                          \
    inline constexpr auto prefix##TruncSatF64S = meaning::trunc_sat<double, meaning::Signed<Type>>;        \
    inline constexpr auto prefix##TruncSatF64U = meaning::trunc_sat<double, Type>;

#define FLOAT(prefix, Type)                                                                                \
    inline constexpr auto prefix##Eq = meaning::eq<Type>;                                                  \
    inline constexpr auto prefix##Ne = meaning::ne<Type>;                                                  \
    inline constexpr auto prefix##Lt = meaning::lt<Type>;                                                  \
    inline constexpr auto prefix##Gt = meaning::gt<Type>;                                                  \
    inline constexpr auto prefix##Le = meaning::le<Type>;                                                  \
    inline constexpr auto prefix##Ge = meaning::ge<Type>;                                                  \
    inline constexpr auto prefix##Abs = meaning::abs<Type>;                                                \
    inline constexpr auto prefix##Neg = meaning::neg<Type>;                                                \
    inline constexpr Type (*prefix##Ceil)(Type) = meaning::round<meaning::up>;                             \
    inline constexpr Type (*prefix##Floor)(Type) = meaning::round<meaning::down>;                          \
    inline constexpr Type (*prefix##Trunc)(Type) = meaning::round<meaning::to_zero>;                       \
    inline constexpr Type (*prefix##Nearest)(Type) = meaning::round<meaning::to_even>;                     \
    inline constexpr auto prefix##Sqrt = meaning::Type##_sqrt;                                             \
    inline constexpr auto prefix##Add = meaning::Type##_add;                                               \
    inline constexpr auto prefix##Sub = meaning::Type##_sub;                                               \
    inline constexpr auto prefix##Mul = meaning::Type##_mul;                                               \
    inline constexpr auto prefix##Div = meaning::Type##_div;                                               \
    inline constexpr auto prefix##Min = meaning::min<Type>;                                                \
    inline constexpr auto prefix##Max = meaning::max<Type>;                                                \
    inline constexpr auto prefix##Copysign = meaning::copysign<Type>;                                      \
    inline constexpr auto prefix##ConvertI32S = meaning::convert<int32_t, Type>;                           \
    inline constexpr auto prefix##ConvertI32U = meaning::convert<uint32_t, Type>;                          \
    inline constexpr auto prefix##ConvertI64S = meaning::convert<int64_t, Type>;                           \
    inline constexpr auto prefix##ConvertI64U = meaning::convert<uint64_t, Type>;
// clang-format on

INTEGER(I32, uint32_t)
INTEGER(I64, uint64_t)
FLOAT(F32, float)
FLOAT(F64, double)
#undef INTEGER
#undef FLOAT

inline constexpr auto I32WrapI64 = meaning::convert<uint64_t, uint32_t>;
inline constexpr auto I64ExtendI32S = meaning::convert<int32_t, int64_t>;
inline constexpr auto I64ExtendI32U = meaning::convert<uint32_t, uint64_t>;
inline constexpr auto I64Extend32S = meaning::extend<int32_t, uint64_t>;
inline constexpr auto F32DemoteF64 = meaning::convert<double, float>;
inline constexpr auto F64PromoteF32 = meaning::convert<float, double>;
inline constexpr auto I32ReinterpretF32 = meaning::reinterpret<uint32_t, float>;
inline constexpr auto I64ReinterpretF64 = meaning::reinterpret<uint64_t, double>;
inline constexpr auto F32ReinterpretI32 = meaning::reinterpret<float, uint32_t>;
inline constexpr auto F64ReinterpretI64 = meaning::reinterpret<double, uint64_t>;

/// The value kind of a C++ number; of `OrTrap<T>` that of T.
template<class T> struct KindOf {
    static constexpr ValueKind kind = std::is_same_v<T, float> ? ValueKind::F32
        : std::is_same_v<T, double>                            ? ValueKind::F64
        : sizeof(T) == 4                                       ? ValueKind::I32
                                                               : ValueKind::I64;
};
template<class T> struct KindOf<OrTrap<T>> : KindOf<T> {};

/// The signature of the instruction that a function computes.
template<class R, class... A> constexpr Signature signature_of(R (*)(A...))
{
    Signature signature { .param_count = sizeof...(A), .result = KindOf<R>::kind, .has_result = true };
    uint8_t at = 0;
    ((signature.params[at++] = KindOf<A>::kind), ...);
    return signature;
}

#define OP(...)
#define NUMERIC(name, text, ...) static_assert(signature_of(numeric::name) == info(Op::name).signature, text);
#include "wasm/opcodes.inc"

} // namespace vitrine::core::numeric
