// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "runtime/trap.h"

#include <bit>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <type_traits>

// A second implementation of the numeric instructions by other means: integers as 128-bit numbers;
// floats computed with more precision in software and rounded once; NaNs and zeros by their bits.

namespace vitrine::core::test {

/// The result of an instruction: its bits, or a trap.
struct Outcome {
    uint64_t bits = 0;
    TrapKind trap = no_trap;

    Outcome(std::integral auto number) : bits(static_cast<uint64_t>(number)) {}
    Outcome(float number) : bits(std::bit_cast<uint32_t>(number)) {}
    Outcome(double number) : bits(std::bit_cast<uint64_t>(number)) {}
    Outcome(TrapKind kind) : trap(kind) {}
    friend bool operator==(const Outcome&, const Outcome&) = default;
};

/// Computes the expected outcome from the bits of the operands. The second is 0 if there is only
/// one.
using Reference = std::function<Outcome(uint64_t a, uint64_t b)>;
using References = std::map<std::string, Reference, std::less<>>;

namespace reference {

using Wide = __int128;
using WideBits = unsigned __int128;
using Quad = __float128;

// Integers of N bits.

template<int N> Wide unsigned_of(uint64_t bits)
{
    return static_cast<WideBits>(bits) % (WideBits { 1 } << N);
}
template<int N> Wide signed_of(uint64_t bits)
{
    const Wide number = unsigned_of<N>(bits);
    return number >= Wide { 1 } << (N - 1) ? number - (Wide { 1 } << N) : number;
}
template<int N> Outcome wrapped(WideBits number)
{
    return static_cast<uint64_t>(number % (WideBits { 1 } << N));
}

template<int N> constexpr Wide lowest(bool is_signed) { return is_signed ? -(Wide { 1 } << (N - 1)) : 0; }
template<int N> constexpr Wide highest(bool is_signed) { return (Wide { 1 } << (is_signed ? N - 1 : N)) - 1; }

template<int N> Outcome divided(Wide a, Wide b, bool is_signed)
{
    if (b == 0)
        return TrapKind::IntegerDivideByZero;
    return a / b > highest<N>(is_signed) ? Outcome(TrapKind::IntegerOverflow) : wrapped<N>(a / b);
}
template<int N> Outcome remainder(Wide a, Wide b)
{
    return b == 0 ? Outcome(TrapKind::IntegerDivideByZero) : wrapped<N>(a % b);
}

/// Computes each bit from the number of operands that have it set.
template<int N> Outcome bitwise(uint64_t a, uint64_t b, bool (*has)(uint64_t count))
{
    uint64_t result = 0;
    for (int at = 0; at < N; ++at)
        result += uint64_t { has((a >> at) % 2 + (b >> at) % 2) } << at;
    return result;
}

/// The number of zero bits before the first one that is set, starting at `at` in steps of `step`.
template<int N> int zeros(uint64_t bits, int at, int step)
{
    int count = 0;
    for (; at >= 0 && at < N && (bits >> at) % 2 == 0; at += step)
        ++count;
    return count;
}

template<int N> WideBits power(uint64_t exponent) { return WideBits { 1 } << (exponent % N); }

/// The word twice in a row: a rotation is a part of it.
template<int N> WideBits twice(uint64_t bits)
{
    return static_cast<WideBits>(unsigned_of<N>(bits)) * ((WideBits { 1 } << N) + 1);
}

template<int N> void add_integers(References& references)
{
    const auto add = [&](std::string name, Reference reference) {
        references["i" + std::to_string(N) + "." + name] = std::move(reference);
    };
    constexpr auto u = unsigned_of<N>;
    constexpr auto s = signed_of<N>;
    add("eqz", [](uint64_t a, uint64_t) { return u(a) == 0; });
    add("eq", [](uint64_t a, uint64_t b) { return u(a) == u(b); });
    add("ne", [](uint64_t a, uint64_t b) { return u(a) != u(b); });
    add("lt_s", [](uint64_t a, uint64_t b) { return s(a) < s(b); });
    add("lt_u", [](uint64_t a, uint64_t b) { return u(a) < u(b); });
    add("gt_s", [](uint64_t a, uint64_t b) { return s(a) > s(b); });
    add("gt_u", [](uint64_t a, uint64_t b) { return u(a) > u(b); });
    add("le_s", [](uint64_t a, uint64_t b) { return s(a) <= s(b); });
    add("le_u", [](uint64_t a, uint64_t b) { return u(a) <= u(b); });
    add("ge_s", [](uint64_t a, uint64_t b) { return s(a) >= s(b); });
    add("ge_u", [](uint64_t a, uint64_t b) { return u(a) >= u(b); });

    add("clz", [](uint64_t a, uint64_t) { return zeros<N>(a, N - 1, -1); });
    add("ctz", [](uint64_t a, uint64_t) { return zeros<N>(a, 0, 1); });
    add("popcnt", [](uint64_t a, uint64_t) {
        int count = 0;
        for (Wide rest = u(a); rest != 0; rest /= 2)
            count += static_cast<int>(rest % 2);
        return count;
    });
    add("add", [](uint64_t a, uint64_t b) { return wrapped<N>(s(a) + s(b)); });
    add("sub", [](uint64_t a, uint64_t b) { return wrapped<N>(s(a) - s(b)); });
    add("mul", [](uint64_t a, uint64_t b) { return wrapped<N>(s(a) * s(b)); });
    add("div_s", [](uint64_t a, uint64_t b) { return divided<N>(s(a), s(b), true); });
    add("div_u", [](uint64_t a, uint64_t b) { return divided<N>(u(a), u(b), false); });
    add("rem_s", [](uint64_t a, uint64_t b) { return remainder<N>(s(a), s(b)); });
    add("rem_u", [](uint64_t a, uint64_t b) { return remainder<N>(u(a), u(b)); });
    add("and",
        [](uint64_t a, uint64_t b) { return bitwise<N>(a, b, [](uint64_t count) { return count == 2; }); });
    add("or",
        [](uint64_t a, uint64_t b) { return bitwise<N>(a, b, [](uint64_t count) { return count > 0; }); });
    add("xor",
        [](uint64_t a, uint64_t b) { return bitwise<N>(a, b, [](uint64_t count) { return count == 1; }); });

    add("shl", [](uint64_t a, uint64_t b) { return wrapped<N>(static_cast<WideBits>(u(a)) * power<N>(b)); });
    add("shr_s", [](uint64_t a, uint64_t b) {
        const Wide divisor = power<N>(b);
        return wrapped<N>(s(a) >= 0 ? s(a) / divisor : (s(a) - (divisor - 1)) / divisor);
    });
    add("shr_u", [](uint64_t a, uint64_t b) { return wrapped<N>(u(a) / power<N>(b)); });
    add("rotl", [](uint64_t a, uint64_t b) { return wrapped<N>(twice<N>(a) >> (N - b % N)); });
    add("rotr", [](uint64_t a, uint64_t b) { return wrapped<N>(twice<N>(a) >> b % N); });

    add("extend8_s", [](uint64_t a, uint64_t) { return wrapped<N>(signed_of<8>(a)); });
    add("extend16_s", [](uint64_t a, uint64_t) { return wrapped<N>(signed_of<16>(a)); });
}

// Floats.

template<class T> using BitsOf = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;
template<class T> constexpr uint64_t sign_bit = uint64_t { 1 } << (sizeof(T) * 8 - 1);
template<class T> constexpr uint64_t infinity = sizeof(T) == 4 ? 0x7f800000 : 0x7ff0000000000000;
template<class T> constexpr uint64_t quiet_bit = sizeof(T) == 4 ? 0x00400000 : 0x0008000000000000;
/// The NaN that the processor returns when no operand is a NaN.
template<class T> constexpr uint64_t new_nan = sign_bit<T> | infinity<T> | quiet_bit<T>;

template<class T> T float_of(uint64_t bits) { return std::bit_cast<T>(static_cast<BitsOf<T>>(bits)); }
template<class T> uint64_t magnitude(uint64_t bits) { return bits & ~sign_bit<T>; }
template<class T> bool is_nan(uint64_t bits) { return magnitude<T>(bits) > infinity<T>; }

/// Rounds once. Not inlined, because the compiler may otherwise compute in T when only the result
/// is rounded to T.
template<class T> [[gnu::noinline]] T narrow(Quad number) { return static_cast<T>(number); }

/// The quiet NaN that results from the operands, or the result of `compute`.
template<class T> Outcome quiet_or(uint64_t a, uint64_t b, std::function<Outcome()> compute)
{
    if (is_nan<T>(a))
        return a | quiet_bit<T>;
    if (is_nan<T>(b))
        return b | quiet_bit<T>;
    return compute();
}

template<class T, class F> Reference arithmetic(F compute)
{
    return [compute](uint64_t a, uint64_t b) {
        return quiet_or<T>(a, b, [&]() -> Outcome {
            const Quad result = compute(float_of<T>(a), float_of<T>(b));
            return result != result ? Outcome(new_nan<T>) : narrow<T>(result);
        });
    };
}

/// The rank of a number in the order of all numbers, with -0 before 0.
template<class T> int64_t place(uint64_t bits)
{
    return bits & sign_bit<T> ? ~static_cast<int64_t>(magnitude<T>(bits)) : static_cast<int64_t>(bits);
}
/// The same with one rank for both zeros.
template<class T> int64_t number_place(uint64_t bits) { return magnitude<T>(bits) == 0 ? 0 : place<T>(bits); }

template<class T, class F> Reference comparison(F compare)
{
    return [compare](uint64_t a, uint64_t b) {
        return !is_nan<T>(a) && !is_nan<T>(b) && compare(number_place<T>(a), number_place<T>(b));
    };
}

template<class T> Reference rounding(long double (*round)(long double))
{
    return [round](uint64_t a, uint64_t) {
        return quiet_or<T>(a, 0, [&] { return static_cast<T>(round(float_of<T>(a))); });
    };
}

inline Quad square_root(Quad a)
{
    if (!(a > 0) || a == static_cast<Quad>(HUGE_VALL))
        return a < 0 ? static_cast<Quad>(NAN) : a;
    const Quad close = std::sqrt(static_cast<long double>(a));
    return (close + a / close) / 2;
}

template<class T> void add_floats(References& references)
{
    const auto add = [&](std::string name, Reference reference) {
        references[(sizeof(T) == 4 ? "f32." : "f64.") + name] = std::move(reference);
    };
    add("eq", comparison<T>(std::equal_to {}));
    add("ne", [](uint64_t a, uint64_t b) { return !comparison<T>(std::equal_to {})(a, b).bits; });
    add("lt", comparison<T>(std::less {}));
    add("gt", comparison<T>(std::greater {}));
    add("le", comparison<T>(std::less_equal {}));
    add("ge", comparison<T>(std::greater_equal {}));

    add("abs", [](uint64_t a, uint64_t) { return magnitude<T>(a); });
    add("neg", [](uint64_t a, uint64_t) { return a & sign_bit<T> ? a - sign_bit<T> : a + sign_bit<T>; });
    add("copysign", [](uint64_t a, uint64_t b) { return magnitude<T>(a) + (b - magnitude<T>(b)); });
    add("ceil", rounding<T>(std::ceil));
    add("floor", rounding<T>(std::floor));
    add("trunc", rounding<T>(std::trunc));
    add("nearest", rounding<T>(std::nearbyint));
    add("sqrt", arithmetic<T>([](Quad a, Quad) { return square_root(a); }));
    add("add", arithmetic<T>([](Quad a, Quad b) { return a + b; }));
    add("sub", arithmetic<T>([](Quad a, Quad b) { return a - b; }));
    add("mul", arithmetic<T>([](Quad a, Quad b) { return a * b; }));
    add("div", arithmetic<T>([](Quad a, Quad b) { return a / b; }));
    add("min", [](uint64_t a, uint64_t b) {
        return quiet_or<T>(a, b, [&] { return place<T>(a) < place<T>(b) ? a : b; });
    });
    add("max", [](uint64_t a, uint64_t b) {
        return quiet_or<T>(a, b, [&] { return place<T>(a) > place<T>(b) ? a : b; });
    });
    add("convert_i32_s", [](uint64_t a, uint64_t) { return narrow<T>(signed_of<32>(a)); });
    add("convert_i32_u", [](uint64_t a, uint64_t) { return narrow<T>(unsigned_of<32>(a)); });
    add("convert_i64_s", [](uint64_t a, uint64_t) { return narrow<T>(signed_of<64>(a)); });
    add("convert_i64_u", [](uint64_t a, uint64_t) { return narrow<T>(unsigned_of<64>(a)); });
}

// Conversions.

template<class T, int N> void add_truncation(References& references, bool is_signed)
{
    const std::string type = "i" + std::to_string(N);
    const std::string from = (sizeof(T) == 4 ? "_f32_" : "_f64_") + std::string(is_signed ? "s" : "u");
    references[type + ".trunc" + from] = [is_signed](uint64_t a, uint64_t) -> Outcome {
        if (is_nan<T>(a))
            return TrapKind::InvalidConversionToInteger;
        const long double number = std::trunc(static_cast<long double>(float_of<T>(a)));
        if (number < lowest<N>(is_signed) || number > highest<N>(is_signed))
            return TrapKind::IntegerOverflow;
        return wrapped<N>(static_cast<Wide>(number));
    };
    references[type + ".trunc_sat" + from] = [is_signed](uint64_t a, uint64_t) -> Outcome {
        if (is_nan<T>(a))
            return 0;
        const long double number = std::trunc(static_cast<long double>(float_of<T>(a)));
        if (number < lowest<N>(is_signed))
            return wrapped<N>(lowest<N>(is_signed));
        return wrapped<N>(number > highest<N>(is_signed) ? highest<N>(is_signed) : static_cast<Wide>(number));
    };
}

inline Outcome demoted(uint64_t a)
{
    if (is_nan<double>(a))
        return (a >> 32 & 0x80000000) | 0x7fc00000 | (a >> 29 & 0x003fffff);
    return narrow<float>(float_of<double>(a));
}

inline Outcome promoted(uint64_t a)
{
    if (is_nan<float>(a))
        return (a & 0x80000000) << 32 | 0x7ff8000000000000 | (a & 0x003fffff) << 29;
    return narrow<double>(float_of<float>(a));
}

} // namespace reference

/// All references by the instruction's name.
inline References make_references()
{
    using namespace reference;
    References all;
    add_integers<32>(all);
    add_integers<64>(all);
    add_floats<float>(all);
    add_floats<double>(all);
    for (const bool is_signed : { false, true }) {
        add_truncation<float, 32>(all, is_signed);
        add_truncation<float, 64>(all, is_signed);
        add_truncation<double, 32>(all, is_signed);
        add_truncation<double, 64>(all, is_signed);
    }
    const Reference same = [](uint64_t a, uint64_t) { return a; };
    for (const char* name :
        { "i32.reinterpret_f32", "f32.reinterpret_i32", "i64.reinterpret_f64", "f64.reinterpret_i64" })
        all[name] = same;
    all["i32.wrap_i64"] = [](uint64_t a, uint64_t) { return wrapped<32>(a); };
    all["i64.extend_i32_s"] = [](uint64_t a, uint64_t) { return wrapped<64>(signed_of<32>(a)); };
    all["i64.extend_i32_u"] = [](uint64_t a, uint64_t) { return wrapped<64>(unsigned_of<32>(a)); };
    all["i64.extend32_s"] = [](uint64_t a, uint64_t) { return wrapped<64>(signed_of<32>(a)); };
    all["f32.demote_f64"] = [](uint64_t a, uint64_t) { return demoted(a); };
    all["f64.promote_f32"] = [](uint64_t a, uint64_t) { return promoted(a); };
    return all;
}

} // namespace vitrine::core::test
