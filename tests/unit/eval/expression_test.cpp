// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Expressions over a guest that is stopped at a `nop`: their values, what they write, and the
// errors with their positions.
#include "eval/expression.h"
#include "eval/message.h"

#include "exec/instrument.h"
#include "support/guest.h"

#include <gmock/gmock.h>

#include <fmt/format.h>

#include <functional>

namespace vitrine::core::eval {
namespace {

/// Runs a callback at each `nop` while the guest is stepped.
struct NopProbe : Probe {
    std::function<void(const std::vector<Frame>&)> at_nop;

    Wish fire(Thread& thread, Cause) override
    {
        const std::vector<Frame> frames = frames_of(thread);
        const Frame& frame = frames.at(0);
        if (!frame.is_host() && frame.function->module().bytes()[frame.offset] == 0x01)
            at_nop(frames);
        return Wish::Continue;
    }
};

/// A guest whose function `run` has a `nop`.
struct Stopped : test::Guest {
    explicit Stopped(std::string_view wat)
        : Guest(EngineConfig { .guest_debug = true, .stress_collector = true, .features = FeatureSet::all() })
    {
        define("host", "give", FuncType { {}, { ValueType::externref } }, [](HostCall& call) -> HostOutcome {
            call.slots[0] = Ref::of(call.store.heap.make_extern(std::make_shared<int>(5))).bits;
            return Returned {};
        });
        instance = &instantiate(wat);
    }

    /// Calls `run` and `look` once with the frames at its first `nop`.
    std::string run(
        const std::vector<Value>& arguments, const std::function<void(const std::vector<Frame>&)>& look)
    {
        int stops = 0;
        NopProbe probe;
        probe.at_nop = [&](const std::vector<Frame>& frames) {
            if (stops++ == 0)
                look(frames);
        };
        thread.probes.set(ProbeRole::Session, &probe);
        set_stepping(thread, true);
        auto outcome = invoke(thread, function(*instance, "run"), arguments);
        thread.probes.set(ProbeRole::Session, nullptr);
        set_stepping(thread, false);
        EXPECT_GT(stops, 0);
        if (!outcome)
            return outcome.error().to_text();
        std::string text;
        for (const Value& value : *outcome)
            text += (text.empty() ? "" : " ") + value.to_text();
        return text;
    }

    Instance* instance;
};

std::string error_text(const Error& error)
{
    return error.offset ? fmt::format("{}: {}", *error.offset, error.message) : error.message;
}

std::string type_text(const Type& type)
{
    using Kind = Type::Kind;
    return type.kind == Kind::Number ? std::string(to_text(type.number))
        : type.kind == Kind::Text    ? "text"
                                     : type.value_type().to_text();
}

/// `i32 7`, or `compile 3: why not`, or `run 3: why not`.
std::string value_of(std::string_view text, const Frame& frame)
{
    const auto expression = Expression::compile(text, *Scope::of(frame));
    if (!expression)
        return "compile " + error_text(expression.error());
    const auto value = expression->text(frame);
    if (!value)
        return "run " + error_text(value.error());
    const auto typed = expression->evaluate(frame);
    if (expression->type().kind == Type::Kind::Text)
        EXPECT_EQ(typed.error().message, "a text is not a value");
    else
        EXPECT_EQ(typed->type, expression->type().value_type());
    return type_text(expression->type()) + " " + *value;
}

std::string assign(std::string_view text, const Frame& frame)
{
    const auto assignment = Assignment::compile(text, *Scope::of(frame));
    if (!assignment)
        return "compile " + error_text(assignment.error());
    const auto done = assignment->perform(frame);
    return done ? "done" : "run " + error_text(done.error());
}

struct Row {
    std::string text;
    std::string value;
};

void check(const Frame& frame, const std::vector<Row>& rows)
{
    for (const auto& [text, value] : rows)
        EXPECT_EQ(value_of(text, frame), value) << text;
}

// -- Numbers

constexpr auto numbers = R"((module
    (memory 1)
    (data (i32.const 16) "\01\02\03\04\ff\fe\fd\fc\00\00\c0\3f\00\00\00\00\00\00\04\40abc\00\22\1b[0m\ff\00")
    (data (i32.const 65532) "end!")
    (global $counter (mut i32) (i32.const 41))
    (global (export "limit") i64 (i64.const 1000))
    (global $n f32 (f32.const 9))
    (func $run (export "run") (param $n i32) (param i64 f32 f64) (result i32) (local $"a name" i32) (local $zero i32)
      i32.const 5  local.set $"a name"
      i32.const 30  i64.const -2  f32.const 0.1
      nop
      drop drop drop  local.get $n)))";

const std::vector<Value> arguments { Value::i32(7), Value::i64(-1ull << 40), Value::f32(0.1f),
    Value::f64(2.5) };

void check_numbers(const std::vector<Row>& rows)
{
    Stopped guest(numbers);
    guest.run(arguments, [&](const std::vector<Frame>& frames) { check(frames[0], rows); });
}

TEST(Expression, Literals)
{
    check_numbers({ { "7", "i32 7" }, { "2147483647", "i32 2147483647" }, { "2147483648", "i64 2147483648" },
        { "0x7fffffff", "i32 2147483647" }, { "0xffff_ffff", "u32 4294967295" },
        { "0x1_0000_0000", "i64 4294967296" }, { "0xffffffffffffffff", "u64 18446744073709551615" },
        { "18446744073709551615", "u64 18446744073709551615" }, { "1_000", "i32 1000" }, { "0b101", "i32 5" },
        { "7L", "i64 7" }, { "7u", "u32 7" }, { "7UL", "u64 7" }, { "1.5", "f64 1.5" }, { ".5", "f64 0.5" },
        { "1e3", "f64 1000" }, { "1.5e-3", "f64 0.0015" }, { "1_0.5f", "f32 10.5" }, { "1f", "f32 1" },
        { "'a'", "i32 97" }, { "'\\n'", "i32 10" }, { "'\\0'", "i32 0" }, { "'\\''", "i32 39" },
        { "'\\x41'", "i32 65" }, { "'\\7f'", "i32 127" }, { "\"a\\tb\"", "text a\\tb" },
        { "null", "nullref null" } });
}

TEST(Expression, Names)
{
    check_numbers({ { "$0", "i32 7" }, { "$n", "i32 7" }, { "n", "i32 7" }, { "local[n]", "i32 7" },
        { "local[0]", "i32 7" }, { "local[$n]", "i32 7" }, { "global[n]", "f32 9" },
        { "global[$\"n\"]", "f32 9" }, { "global[\"n\"]", "f32 9" }, { "global[0]", "i32 41" },
        { "counter", "i32 41" }, { "$counter", "i32 41" }, { "limit", "i64 1000" },
        { "$\"a name\"", "i32 5" }, { "$\"\\61 name\"", "i32 5" }, { "$1", "i64 -1099511627776" },
        { "$2", "f32 0.1" }, { "$3", "f64 2.5" }, { "stack[0]", "i32 30" }, { "stack[1]", "i64 -2" },
        { "stack[-1]", "f32 0.1" }, { "stack[1 - 2]", "f32 0.1" }, { "stack[-3]", "i32 30" },
        { " $0\t+\n1 ", "i32 8" } });
}

TEST(Expression, Memory)
{
    check_numbers({ { "i8[16]", "i32 1" }, { "i8[20]", "i32 -1" }, { "u8[20]", "i32 255" },
        { "i16[20]", "i32 -257" }, { "u16[20]", "i32 65279" }, { "i32[16]", "i32 67305985" },
        { "i32[20]", "i32 -50462977" }, { "u32[20]", "u32 4244504319" },
        { "i64[16]", "i64 -216736835806494207" }, { "u64[16]", "u64 18230007237903057409" },
        { "f32[24]", "f32 1.5" }, { "f64[28]", "f64 2.5" },
        { "v128[16]", "v128 i32x4 0x04030201 0xfcfdfeff 0x3fc00000 0x00000000" },
        { "i32[$n + 9]", "i32 67305985" }, { "i32[0: 16]", "i32 67305985" }, { "cstr[36]", "text abc" },
        { "cstr[37]", "text bc" }, { "cstr[39]", "text " }, { "cstr[40]", "text \\\"\\1b[0m\\ff" },
        { "cstr[65532]", "text end!" }, { "cstr[36] == \"abc\"", "i32 1" }, { "cstr[36] == \"ab\"", "i32 0" },
        { "cstr[36] != \"abd\"", "i32 1" }, { "\"bc\" == cstr[37]", "i32 1" },
        { "cstr[36] == cstr[36]", "i32 1" }, { "size(memory)", "i64 65536" },
        { "size(memory 0)", "i64 65536" }, { "u8[size(memory) - 1]", "i32 33" } });
    check_numbers({ { "i32[65533]", "run 0: address 0xfffd is out of bounds: the memory has 0x10000 bytes" },
        { "1 + u8[65536]", "run 4: address 0x10000 is out of bounds: the memory has 0x10000 bytes" },
        { "i32[-1]", "run 0: address 0xffffffff is out of bounds: the memory has 0x10000 bytes" },
        { "i32[-1L]", "run 0: address 0xffffffffffffffff is out of bounds: the memory has 0x10000 bytes" },
        { "v128[65521]", "run 0: address 0xfff1 is out of bounds: the memory has 0x10000 bytes" },
        { "cstr[65536]", "run 0: address 0x10000 is out of bounds: the memory has 0x10000 bytes" } });
}

TEST(Expression, ALongTextIsCut)
{
    Stopped guest(R"((module (memory 1) (func (export "run")
        i32.const 0 i32.const 120 i32.const 65536 memory.fill nop)))");
    guest.run({}, [](const std::vector<Frame>& frames) {
        const auto text = Expression::compile("cstr[0]", *Scope::of(frames[0]));
        EXPECT_EQ(text->text(frames[0]), std::string(max_cstr_bytes, 'x'));
        EXPECT_EQ(value_of("cstr[65530]", frames[0]), "text xxxxxx");
    });
}

TEST(Expression, OperatorsBindAsInC)
{
    check_numbers({ { "1 + 2 * 3", "i32 7" }, { "(1 + 2) * 3", "i32 9" }, { "10 - 4 - 3", "i32 3" },
        { "100 / 10 / 5", "i32 2" }, { "1 << 2 + 1", "i32 8" }, { "1 < 2 == 1", "i32 1" },
        { "1 | 2 ^ 3 & 1", "i32 3" }, { "6 & 3 == 3", "i32 0" }, { "1 || 0 && 0", "i32 1" },
        { "!0 + 1", "i32 2" }, { "-2 * -3", "i32 6" }, { "~0 & 0xf", "i32 15" }, { "- - 2", "i32 2" },
        { "!!5", "i32 1" }, { "0 ? 1 : 0 ? 2 : 3", "i32 3" }, { "1 ? 0 ? 1 : 2 : 3", "i32 2" },
        { "$0 == 7 && i32[$0 + 9] > 3", "i32 1" }, { "7 % 4 * 2", "i32 6" }, { "1 == 1 != 0", "i32 1" },
        { "5 >= 5 > 0", "i32 1" }, { "1 | 1 && 2", "i32 1" } });
}

TEST(Expression, LogicStopsEarly)
{
    check_numbers({ { "$0 == 8 && i32[-1] > 3", "i32 0" }, { "$0 == 7 || i32[-1] > 3", "i32 1" },
        { "$0 && $1", "i32 1" }, { "zero || 0", "i32 0" }, { "zero || $1", "i32 1" }, { "0L && 1", "i32 0" },
        { "zero ? i32[-1] : 5", "i32 5" }, { "$0 ? 5 : i32[-1]", "i32 5" },
        { "$0 == 7 && ($1 < 0 || u8[-1]) && 3", "i32 1" }, { "($0 && $0) + ($0 || zero)", "i32 2" },
        { "zero && 1 ? 2 : 3", "i32 3" },
        { "$0 == 7 && i32[-1]",
            "run 11: address 0xffffffff is out of bounds: the memory has 0x10000 bytes" } });
}

/// The value of `a op b` for each pair of types, and the type of the computation.
TEST(Expression, EveryOperatorOnEveryPairOfTypes)
{
    const std::vector<std::string> types { "i32", "u32", "i64", "u64", "f32", "f64" };
    const auto is_float = [](size_t type) { return type >= 4; };
    // Rows and columns in the order of the types.
    const std::vector<std::vector<std::string>> common { { "i32", "u32", "i64", "u64", "f64", "f64" },
        { "u32", "u32", "i64", "u64", "f64", "f64" }, { "i64", "i64", "i64", "u64", "f64", "f64" },
        { "u64", "u64", "u64", "u64", "f64", "f64" }, { "f64", "f64", "f64", "f64", "f32", "f64" },
        { "f64", "f64", "f64", "f64", "f64", "f64" } };
    // 13 and 5, as numbers of any type.
    const std::vector<Row> values { { "+", "18" }, { "-", "8" }, { "*", "65" }, { "/", "2" }, { "%", "3" },
        { "&", "5" }, { "|", "13" }, { "^", "8" }, { "==", "0" }, { "!=", "1" }, { "<", "0" }, { "<=", "0" },
        { ">", "1" }, { ">=", "1" }, { "<<", "416" }, { ">>", "0" } };
    std::vector<Row> rows;
    for (size_t a = 0; a < types.size(); ++a)
        for (size_t b = 0; b < types.size(); ++b)
            for (const auto& [sign, value] : values) {
                // Not constants, so that neither side is converted.
                const std::string left = types[a] + "($0 + 6)", right = types[b] + "($0 - 2)";
                const std::string text = left + " " + sign + " " + right;
                const bool is_shift = sign == "<<" || sign == ">>",
                           needs_integers = is_shift || std::string_view("%&|^").contains(sign);
                const bool compares = sign.find_first_of("=!<>") != std::string::npos && !is_shift;
                const std::string place = fmt::format("compile {}: ", left.size() + 1);
                if (needs_integers && (is_float(a) || is_float(b)))
                    rows.push_back({ text,
                        place
                            + fmt::format("`{}` takes integers, not {}", sign,
                                is_shift ? types[is_float(a) ? a : b] : common[a][b]) });
                else if (compares)
                    rows.push_back({ text, "i32 " + value });
                else if (is_shift)
                    rows.push_back({ text, types[a] + " " + value });
                else
                    rows.push_back({ text,
                        common[a][b] + " " + (sign == "/" && common[a][b][0] == 'f' ? "2.6" : value) });
            }
    EXPECT_EQ(rows.size(), 36u * 16);
    check_numbers(rows);
    // The same with constants.
    for (auto& [text, value] : rows) {
        for (size_t at; (at = text.find("($0 + 6)")) != std::string::npos;)
            text.replace(at, 8, "(10 + 3)");
        for (size_t at; (at = text.find("($0 - 2)")) != std::string::npos;)
            text.replace(at, 8, "(10 / 2)");
    }
    std::erase_if(
        rows, [](const Row& row) { return row.text.contains("f32") || row.value.starts_with("compile"); });
    check_numbers(rows);
}

TEST(Expression, SignsMatter)
{
    check_numbers({ { "-1 < 0", "i32 1" }, { "u32(-1) > 0", "i32 1" }, { "-1 < 1u", "i32 0" },
        { "-1 == 0xffffffff", "i32 1" }, { "i32(-$0) / 2", "i32 -3" }, { "u32(-$0) / 2", "u32 2147483644" },
        { "-$0 % 4", "i32 -3" }, { "u64(-1L) / 2", "u64 9223372036854775807" }, { "-$0 >> 1", "i32 -4" },
        { "u32(-$0) >> 1", "u32 2147483644" }, { "-$0 < $1", "i32 0" }, { "u64(-$0) > u64($0)", "i32 1" },
        { "u32(-$0) == -$0", "i32 1" }, { "i64(u32(-$0))", "i64 4294967289" }, { "i64(-$0)", "i64 -7" },
        { "-1L < u32(-1)", "i32 1" } });
}

TEST(Expression, IntegersWrap)
{
    check_numbers({ { "2147483647 + $0", "i32 -2147483642" }, { "0xffffffff + 1", "u32 0" },
        { "0xffffffff * 0xffffffff", "u32 1" }, { "-(2147483647 + 1)", "i32 -2147483648" },
        { "9223372036854775807 + $0", "i64 -9223372036854775802" }, { "1 << 33", "i32 2" },
        { "1L << 33", "i64 8589934592" }, { "1 << 33L", "i32 2" },
        { "(0 - 2147483647 - 1) % -1", "i32 0" } });
}

TEST(Expression, FloatsMeetConstants)
{
    check_numbers({ { "$2 == 0.1", "i32 1" }, { "0.1 == $2", "i32 1" }, { "$2 == f64(0.1f)", "i32 1" },
        { "$2 * 2", "f32 0.2" }, { "$2 == $3", "i32 0" }, { "$2 + $0 > 7.1", "i32 1" },
        { "$3 + $0", "f64 9.5" }, { "-$3", "f64 -2.5" }, { "-$2", "f32 -0.1" }, { "$3 / 0", "f64 inf" },
        { "$3 != 0.0 / 0", "i32 1" }, { "1 / 2.0", "f64 0.5" } });
}

TEST(Expression, Casts)
{
    check_numbers({ { "i32($3)", "i32 2" }, { "i32(-$3)", "i32 -2" }, { "u32(-$3)", "u32 0" },
        { "u8(300)", "i32 44" }, { "i8(200)", "i32 -56" }, { "u16(-1)", "i32 65535" },
        { "i16(0x18000)", "i32 -32768" }, { "u8($1 - 1)", "i32 255" }, { "i32(1e10)", "i32 2147483647" },
        { "i32(-1e10)", "i32 -2147483648" }, { "u32(1e10)", "u32 4294967295" },
        { "i64(1e20)", "i64 9223372036854775807" }, { "u64(1e20)", "u64 18446744073709551615" },
        { "i64(0.0 / 0)", "i64 0" }, { "i32(2147483647.5)", "i32 2147483647" },
        { "u64(9223372036854775808.0)", "u64 9223372036854775808" }, { "f32($3)", "f32 2.5" },
        { "f64($0)", "f64 7" }, { "f32(u64(-1L))", "f32 1.8446744e+19" }, { "u8(2.9)", "i32 2" },
        { "i32($1 + 5)", "i32 5" } });
}

TEST(Expression, FailuresSayWhere)
{
    check_numbers(
        { { "1 + $0 / zero", "run 7: division by zero" }, { "$0 % zero", "run 3: division by zero" },
            { "u64($0) / 0", "run 8: division by zero" }, { "1 / 0", "compile 2: division by zero" },
            { "(0 - 2147483647 - 1) / -1", "compile 21: the quotient does not fit" },
            { "(-$0 - 2147483641) / -1", "run 19: the quotient does not fit" } });
}

TEST(Expression, RefusesWhatIsMalformed)
{
    const std::string nested = std::string(100, '(') + "1" + std::string(100, ')');
    std::string sum = "1", right = "1";
    for (int i = 0; i < 100; ++i) {
        sum += "+1";
        right = "1+(" + right + ")";
    }
    check_numbers({ { "", "compile 0: a value expected, but the text ends" },
        { "  ", "compile 2: a value expected, but the text ends" },
        { "1 +", "compile 3: a value expected, but the text ends" },
        { "(1", "compile 2: `)` expected, but the text ends" },
        { "1)", "compile 1: an operator or the end expected, but found `)`" },
        { "i32[1", "compile 5: `]` expected, but the text ends" },
        { "1 2", "compile 2: an operator or the end expected, but found `2`" },
        { "* 1", "compile 0: `*` takes a pointer of the source, not i32: memory is read with `i32[..]`" },
        { "$0 = 7", "compile 3: `=` assigns; to compare write `==`" },
        { "1 ? 2", "compile 5: `:` expected, but the text ends" },
        { "0x", "compile 0: number without digits" }, { "12ab", "compile 0: malformed number" },
        { "1.2.3", "compile 0: malformed number" }, { "0b12", "compile 0: malformed number" },
        { "18446744073709551616", "compile 0: number does not fit into 64 bits" },
        { "1e999", "compile 0: number is too large or too small for f64" },
        { "1e39f", "compile 0: number is too large for f32" },
        { "'ab'", "compile 0: one character is in single quotes" },
        { "''", "compile 0: one character is in single quotes" },
        { "'a", "compile 0: the closing quote is missing" },
        { "\"a", "compile 0: the closing quote is missing" }, { "\"a\\", "compile 2: unknown escape" },
        { "\"\\q\"", "compile 1: unknown escape" },
        { "$", "compile 0: `$` needs a name, an index, or a name in quotes" },
        { "$ 0", "compile 0: `$` needs a name, an index, or a name in quotes" },
        { "$4294967296", "compile 0: index is too large" },
        { "$99999999999999999999999", "compile 0: index is too large" },
        { "local[4294967296]", "compile 6: index is too large" },
        { "1 @ 2", "compile 2: `@` takes the first element, such as `p[0]` or `i32[16]`" },
        { "#", "compile 0: `#` has no meaning here" }, { "\x01", "compile 0: `\\01` has no meaning here" },
        { "global[1 + 1]", "compile 9: `]` expected, but found `+`" },
        { "global[-1]", "compile 7: an index or a name expected, but found `-`" },
        { "size(stack)", "compile 5: `memory` or `table` expected, but found `stack`" },
        { "size(memory", "compile 11: an index or a name expected, but the text ends" },
        { "sqrt(2)",
            "compile 0: no function is called `sqrt`: there are casts to `i8` .. `f64`, `is_null`, `length` "
            "and `size`" },
        { "type[0]", "compile 7: `(` expected, but the text ends" },
        { nested, "compile 100: too deeply nested" }, { nested.substr(1, 199), "i32 1" },
        { sum, "compile 199: too deeply nested" }, { sum.substr(2), "i32 100" },
        { right, "compile 300: too deeply nested" },
        { std::string(4000, '-'), "compile 199: too deeply nested" },
        { std::string(4096, ' ') + "1", "compile 4096: an expression has at most 4096 bytes" },
        { std::string(4095, ' ') + "1", "i32 1" } });
}

TEST(Expression, RefusesNamesThatAreNotThere)
{
    check_numbers({ { "cuonter", "compile 0: no local or global is called `cuonter`; near: `counter`" },
        { "1 + $lmit", "compile 4: no local or global is called `lmit`; near: `limit`" },
        { "zebra", "compile 0: no local or global is called `zebra`; near: `zero`" },
        { "m", "compile 0: no local or global is called `m`; near: `n`" },
        { "quite_different", "compile 0: no local or global is called `quite_different`" },
        { "$\"\"", "compile 0: no local or global is called ``; near: `n`" },
        { "local[counter]", "compile 0: no local is called `counter`" },
        { "global[zero]", "compile 0: no global is called `zero`" },
        { "$6", "compile 0: no local 6: the function has 6" },
        { "global[3]", "compile 0: no global 3: the module has 3" },
        { "i32[1: 0]", "compile 0: no memory 1: the module has 1" },
        { "i32[heap: 0]", "compile 0: no memory is called `heap`" },
        { "table[0]", "compile 0: no table 0: the module has 0" },
        { "func[1]", "compile 0: no function 1: the module has 1" },
        { "func[rn]", "compile 0: no function is called `rn`; near: `run`" },
        { "type[7](null)", "compile 0: no type 7: the module has 1" },
        { "tag[0](null)", "compile 0: no tag 0: the module has 0" },
        { "stack[3]", "compile 0: no operand 3: there are 3" },
        { "stack[-4]", "compile 0: no operand -4: there are 3" },
        { "stack[$0]", "compile 6: this index must be a constant" } });
}

TEST(Expression, RefusesWrongTypes)
{
    check_numbers({ { "~1.5", "compile 0: `~` does not apply to f64" },
        { "-null", "compile 0: `-` does not apply to nullref" },
        { "!1.5", "compile 1: a condition is an integer or a reference, not f64" },
        { "1 && $3", "compile 5: a condition is an integer or a reference, not f64" },
        { "\"a\" ? 1 : 2", "compile 0: a condition is an integer or a reference, not a text" },
        { "\"a\" + 1", "compile 4: `+` does not apply to a text and i32" },
        { "\"a\" < \"b\"", "compile 4: `<` does not apply to a text and a text" },
        { "v128[0] + v128[0]", "compile 8: `+` does not apply to v128 and v128" },
        { "null == 0", "compile 5: `==` does not apply to nullref and i32" },
        { "i32[1.5]", "compile 4: an address or index is an integer, not f64" },
        { "i32[null]", "compile 4: an address or index is an integer, not nullref" },
        { "i32(\"a\")", "compile 0: a cast to i32 takes a number, not a text" },
        { "i64(null)", "compile 0: a cast to i64 takes a number, not nullref" },
        { "$0[1]", "compile 2: i32 has no parts" },
        { "null[1]", "compile 0: no local or global is called `null`" },
        { "is_null(0)", "compile 0: `is_null` takes a reference, not i32" },
        { "length(0)", "compile 0: `length` takes an array, not i32" },
        { "1 ? 1 : null", "compile 2: no type is common to i32 and nullref" },
        { "1 << 1.5", "compile 2: `<<` takes integers, not f64" },
        { "type[0](1)", "compile 0: `type[..]` takes a reference, not i32" } });
}

// -- Other places of values

TEST(Expression, LocalsOfWideFunctions)
{
    Stopped guest(
        R"((module (func $run (export "run") (param $a i32) (param $v v128) (param $b i64) (result i64)
        (local $f f32) (local $w v128) (local $c i32)
        i32.const 40  local.set $c  f32.const 1.5  local.set $f
        local.get $v  i32.const 9  v128.const i32x4 5 6 7 8
        nop
        local.set $w  drop drop  local.get $b)))");
    const Value vector { ValueType::v128, uint64_t { 2 } << 32 | 1, uint64_t { 4 } << 32 | 3 };
    const auto result =
        guest.run({ Value::i32(7), vector, Value::i64(10) }, [](const std::vector<Frame>& frames) {
            check(frames[0],
                { { "$a", "i32 7" }, { "$v", "v128 i32x4 0x00000001 0x00000002 0x00000003 0x00000004" },
                    { "$b", "i64 10" }, { "$f", "f32 1.5" }, { "$w == $v", "i32 0" }, { "$5", "i32 40" },
                    { "$c", "i32 40" }, { "stack[0] == $v", "i32 1" }, { "stack[0] != $v", "i32 0" },
                    { "stack[1]", "i32 9" },
                    { "$a ? $w : $v", "v128 i32x4 0x00000000 0x00000000 0x00000000 0x00000000" },
                    { "stack[-1]", "v128 i32x4 0x00000005 0x00000006 0x00000007 0x00000008" },
                    { "stack[3]", "compile 0: no operand 3: there are 3" } });
            EXPECT_EQ(assign("$w = $v", frames[0]), "done");
            EXPECT_EQ(assign("$b = i64($c) + 2", frames[0]), "done");
            EXPECT_EQ(assign("stack[-1] = $w", frames[0]), "done");
            EXPECT_EQ(assign("stack[1] = 8", frames[0]), "done");
            EXPECT_EQ(assign("$w = 1", frames[0]), "compile 5: i32 does not fit into a place of v128");
            check(frames[0],
                { { "$w == $v", "i32 1" }, { "$b", "i64 42" }, { "stack[2] == $v", "i32 1" },
                    { "stack[1]", "i32 8" }, { "$c", "i32 40" } });
        });
    EXPECT_EQ(result, "42");
}

TEST(Expression, SeveralMemories)
{
    Stopped guest(R"((module
        (memory $first 1) (memory $large i64 1) (memory (export "third") 0) (memory $pages i64 3 (pagesize 1))
        (data (memory $first) (i32.const 0) "\01") (data (memory $large) (i64.const 0xfff8) "\02\00\00\00\00\00\00\00")
        (func (export "run") (param $p i64) (result i32) i32.const 0 drop nop  i64.const 65535  i32.load8_u $large)))");
    const auto result = guest.run({ Value::i64(0xfff8) }, [](const std::vector<Frame>& frames) {
        check(frames[0],
            { { "u8[0]", "i32 1" }, { "u8[$first: 0]", "i32 1" }, { "i64[$large: $p]", "i64 2" },
                { "i64[large: 65528]", "i64 2" }, { "i64[1: 0xfff8u]", "i64 2" },
                { "i64[1: $p + 1]", "run 0: address 0xfff9 is out of bounds: the memory has 0x10000 bytes" },
                { "u8[1: -1]",
                    "run 0: address 0xffffffffffffffff is out of bounds: the memory has 0x10000 bytes" },
                { "u8[1: 0x100000000]",
                    "run 0: address 0x100000000 is out of bounds: the memory has 0x10000 bytes" },
                { "u8[$p]", "i32 0" },
                { "u8[0x100000000 + $p]",
                    "run 0: address 0x10000fff8 is out of bounds: the memory has 0x10000 bytes" },
                { "u8[third: 0]", "run 0: address 0x0 is out of bounds: the memory has 0x0 bytes" },
                { "u8[2: 1 ? 2 : 3]", "run 0: address 0x2 is out of bounds: the memory has 0x0 bytes" },
                { "u8[1 ? 2 : 3]", "i32 0" }, { "size(memory $large)", "i64 65536" },
                { "size(memory third)", "i64 0" }, { "size(memory 3)", "i64 3" },
                { "size(memory larg)", "compile 0: no memory is called `larg`; near: `large`" },
                { "u8[first: 0] + u8[$\"first\": 0]", "i32 2" } });
        EXPECT_EQ(assign("u8[$large: 65535] = 'x'", frames[0]), "done");
        EXPECT_EQ(assign("u8[$large: 65536] = 'x'", frames[0]),
            "run 0: address 0x10000 is out of bounds: the memory has 0x10000 bytes");
    });
    EXPECT_EQ(result, "120");
}

constexpr auto references = R"((module
    (type $f (func (result i32)))
    (type $s (struct (field (mut i32)) (field (mut i8)) (field i16) (field (mut v128)) (field (mut (ref null $s))) (field f32)))
    (type $sub (sub (struct (field i32))))
    (type $bytes (array (mut i8))) (type $longs (array i64)) (type $refs (array (mut anyref)))
    (import "host" "give" (func $give (result externref)))
    (tag $e (param i32 v128 f64)) (tag $other (param i32))
    (table $t 3 funcref) (table $objects 2 anyref)
    (elem (i32.const 1) $one)
    (global $frozen (ref $bytes) (i32.const 7) (i32.const 2) (array.new $bytes))
    (global $open (mut externref) (ref.null extern))
    (func $one (type $f) i32.const 1)
    (func $two (type $f) i32.const 2)
    (func $none)
    (elem declare func $two)
    (func $run (export "run") (result i32)
      (local $s (ref null $s)) (local $any anyref) (local $bytes (ref $bytes)) (local $longs (ref null $longs))
      (local $refs (ref null $refs)) (local $f (ref null $f)) (local $x exnref) (local $i i31ref) (local $extern externref)
      (local $array arrayref) (local $func funcref)
      i32.const -5 i32.const 0x1ff i32.const -1 v128.const i32x4 1 2 3 4 ref.null $s f32.const 1.5 struct.new $s local.set $s
      i32.const 300 i32.const 3 array.new $bytes local.tee $bytes local.set $any
      i64.const -9 i64.const 8 array.new_fixed $longs 2 local.tee $longs local.set $array
      local.get $s i32.const 6 ref.i31 ref.null any array.new_fixed $refs 3 local.set $refs
      ref.func $two local.tee $f local.set $func
      i32.const -12 ref.i31 local.set $i
      call $give local.set $extern
      block $caught (result i32 v128 f64 exnref)
        try_table (catch_ref $e $caught) i32.const 8 v128.const i32x4 5 6 7 8 f64.const 0.5 throw $e end
        unreachable
      end
      local.set $x drop drop drop
      nop
      local.get $s struct.get $s 0  local.get $f call_ref $f i32.add
      local.get $bytes i32.const 1 array.get_u $bytes i32.add)))";

TEST(Expression, PartsOfObjects)
{
    Stopped guest(references);
    guest.run({}, [](const std::vector<Frame>& frames) {
        check(frames[0],
            { { "$s[0]", "i32 -5" }, { "$s[1]", "i32 255" }, { "$s[2]", "i32 65535" },
                { "$s[3]", "v128 i32x4 0x00000001 0x00000002 0x00000003 0x00000004" },
                { "is_null($s[4])", "i32 1" }, { "$s[5]", "f32 1.5" }, { "$s[1 + 4]", "f32 1.5" },
                { "$bytes[0]", "i32 44" }, { "$bytes[$bytes[0] - 42]", "i32 44" },
                { "length($bytes)", "i32 3" }, { "length($array)", "i32 2" }, { "$longs[0]", "i64 -9" },
                { "$longs[1L]", "i64 8" }, { "frozen[1]", "i32 7" }, { "i32($i)", "i32 -12" },
                { "i32($refs[1])", "i32 6" }, { "type[s]($refs[0])[0]", "i32 -5" },
                { "type[$bytes]($any)[2]", "i32 44" }, { "type[bytes]($any) == $bytes", "i32 1" },
                { "$refs[0] == $s", "i32 1" }, { "$refs[2] == null", "i32 1" }, { "$s == null", "i32 0" },
                { "null != $s", "i32 1" }, { "$s && !$s[4]", "i32 1" }, { "tag[e]($x)[0]", "i32 8" },
                { "tag[0]($x)[1]", "v128 i32x4 0x00000005 0x00000006 0x00000007 0x00000008" },
                { "tag[$e]($x)[2]", "f64 0.5" }, { "$any == $bytes ? length($bytes) : 0", "i32 3" } });
        check(frames[0],
            { { "$s[6]", "compile 2: no field 6: the struct has 6" },
                { "$s[-1]", "compile 2: no field -1: the struct has 6" },
                { "$s[$s[0]]", "compile 5: this index must be a constant" },
                { "$s[4][0]", "run 5: null reference" },
                { "$bytes[3]", "run 6: no element 3: the array has 3" },
                { "$bytes[-1]", "run 6: no element -1: the array has 3" },
                { "$longs[9999999999]", "run 6: no element 9999999999: the array has 2" },
                { "$longs[1.0]", "compile 7: an address or index is an integer, not f64" },
                { "i32($any)", "run 0: the reference is not an i31" },
                { "i32($refs[2])", "run 0: null reference" },
                { "type[s]($any)", "run 0: the reference is not of that type" },
                { "type[s]($refs[1])", "run 0: the reference is not of that type" },
                { "type[s]($extern)", "run 0: the reference is not of that type" },
                { "type[s](null)[0]", "run 13: null reference" },
                { "type[s]($f)", "compile 0: (ref null 0) is never of type 1" },
                { "type[f]($any)", "compile 0: anyref is never of type 0" },
                { "tag[other]($x)", "run 0: the exception has another tag" },
                { "tag[e](null)", "compile 0: `tag[..]` takes an exnref, not nullref" },
                { "tag[e]($any)", "compile 0: `tag[..]` takes an exnref, not anyref" },
                { "tag[e]($x)[3]", "compile 10: no value 3: the tag has 3" },
                { "$any[0]",
                    "compile 4: the parts of anyref are not known: say what it is, as in `type[0](..)[0]`" },
                { "$x[0]",
                    "compile 2: the parts of exnref are not known: say what it is, as in `tag[0](..)[0]`" },
                { "$f[0]", "compile 2: (ref null 0) has no parts" },
                { "$i[0]", "compile 2: i31ref has no parts" },
                { "length($s)", "compile 0: `length` takes an array, not (ref null 1)" },
                { "$s == $f", "compile 3: `==` does not apply to (ref null 1) and (ref null 0)" },
                { "1 ? $s : $f", "compile 2: no type is common to (ref null 1) and (ref null 0)" } });
    });
}

TEST(Expression, FunctionsAndTables)
{
    Stopped guest(references);
    guest.run({}, [](const std::vector<Frame>& frames) {
        EXPECT_EQ(Expression::compile("func[two]", *Scope::of(frames[0]))->text(frames[0]), "func two");
        EXPECT_EQ(Expression::compile("$f", *Scope::of(frames[0]))->text(frames[0]), "func two");
        check(frames[0],
            { { "$func", "funcref func two" }, { "table[0]", "funcref null" },
                { "table[1]", "funcref func one" }, { "table[1] == func[one]", "i32 1" },
                { "func[1] == table[1]", "i32 1" }, { "$f == func[two] && $func == $f", "i32 1" },
                { "$func == table[t: 1]", "i32 0" }, { "table[$t: 2] == null", "i32 1" },
                { "is_null(table[objects: 0])", "i32 1" }, { "table[1: 1]", "anyref null" },
                { "size(table)", "i32 3" }, { "size(table objects)", "i32 2" },
                { "type[f](table[1]) == func[one]", "i32 1" }, { "1 ? $f : $func", "funcref func two" },
                { "open", "externref null" }, { "is_null($extern)", "i32 0" },
                { "table[3]", "run 0: no element 3: the table has 3" },
                { "table[-1]", "run 0: no element -1: the table has 3" },
                { "table[0x100000000]", "run 0: no element 4294967296: the table has 3" },
                { "type[2](table[1])", "compile 0: funcref is never of type 2" },
                { "table[tt: 0]", "compile 0: no table is called `tt`; near: `t`" } });
    });
}

TEST(Expression, WritesNumbers)
{
    Stopped guest(numbers);
    const auto result = guest.run(arguments, [](const std::vector<Frame>& frames) {
        for (const auto& [text, outcome] : std::vector<Row> { { "$0 = 9", "done" }, { "n += 1", "done" },
                 { "n *= 4 - 1", "done" }, { "$1 = $0", "done" }, { "$2 = 0.25", "done" },
                 { "$3 = $2 + 1", "done" }, { "counter = 0xffffffff", "done" }, { "u8[100] = 255", "done" },
                 { "i8[101] = 255", "done" }, { "i16[102] = -2", "done" }, { "u32[104] = u32(-1)", "done" },
                 { "i64[108] = -1", "done" }, { "u64[116] = 5", "done" }, { "f32[124] = 1.5", "done" },
                 { "f64[128] = 1", "done" }, { "v128[136] = v128[16]", "done" }, { "u8[152] = $0", "done" },
                 { "stack[0] -= 10", "done" }, { "stack[1] <<= 3", "done" }, { "$\"a name\" |= 2", "done" },
                 { "zero = 12 / 4 == 3", "done" }, { "u8[0x100 ] = u8[16] ? 3 : 4", "done" },
                 { "i32[160] = 1", "done" }, { "i32[160] ^= 3", "done" } })
            EXPECT_EQ(assign(text, frames[0]), outcome) << text;
        check(frames[0],
            { { "$0", "i32 30" }, { "$1", "i64 30" }, { "$2", "f32 0.25" }, { "$3", "f64 1.25" },
                { "counter", "i32 -1" }, { "u8[100]", "i32 255" }, { "i8[101]", "i32 -1" },
                { "u16[102]", "i32 65534" }, { "u32[104]", "u32 4294967295" }, { "i64[108]", "i64 -1" },
                { "u64[116]", "u64 5" }, { "f32[124]", "f32 1.5" }, { "f64[128]", "f64 1" },
                { "v128[136] == v128[16]", "i32 1" }, { "u8[152]", "i32 30" }, { "stack[0]", "i32 20" },
                { "stack[1]", "i64 -16" }, { "$4", "i32 7" }, { "zero", "i32 1" }, { "u8[256]", "i32 3" },
                { "i32[160]", "i32 2" }, { "stack[2]", "f32 0.1" } });
        for (const auto& [text, outcome] :
            std::vector<Row> { { "$0", "compile 2: `=` expected, but the text ends" },
                { "$0 == 1", "compile 7: `=` expected, but the text ends" },
                { "$0 = ", "compile 5: a value expected, but the text ends" },
                { "$0 = 1 2", "compile 7: an operator or the end expected, but found `2`" },
                { "$0 = 1 = 2", "compile 7: an operator or the end expected, but found `=`" },
                { "1 = 2", "compile 0: only places can be written: variables, memory, elements, fields" },
                { "$0 + 1 = 2",
                    "compile 3: only places can be written: variables, memory, elements, fields" },
                { "limit = 5", "compile 0: the global is immutable" },
                { "$0 = 1.0", "compile 5: f64 does not fit into a place of i32: write i32(..)" },
                { "$0 = $1", "compile 5: i64 does not fit into a place of i32: write i32(..)" },
                { "$0 += 1L", "compile 3: i64 does not fit into a place of i32: write i32(..)" },
                { "$2 = $3", "compile 5: f64 does not fit into a place of f32: write f32(..)" },
                { "$0 = 4294967296", "compile 5: 4294967296 does not fit into 32 bits" },
                { "$0 = -2147483649", "compile 5: -2147483649 does not fit into 32 bits" },
                { "$0 = u64(-1L)", "compile 5: -1 does not fit into 32 bits" },
                { "u8[0] = 256", "compile 8: 256 does not fit into 8 bits" },
                { "i16[0] = -32769", "compile 9: -32769 does not fit into 16 bits" },
                { "cstr[0] = \"a\"", "compile 0: a `cstr` cannot be written" },
                { "$0 = \"a\"", "compile 5: a text does not fit into a place of i32" },
                { "$0 = null", "compile 5: nullref does not fit into a place of i32" },
                { "v128[0] = 1", "compile 10: i32 does not fit into a place of v128" },
                { "i32[65533] = 1", "run 0: address 0xfffd is out of bounds: the memory has 0x10000 bytes" },
                { "$0 = 1 / (zero - 1)", "run 7: division by zero" },
                { "$0 &&= 1", "compile 5: a value expected, but found `=`" } })
            EXPECT_EQ(assign(text, frames[0]), outcome) << text;
        check(frames[0], { { "$0", "i32 30" }, { "u8[0]", "i32 0" } });
        EXPECT_EQ(assign("$0 = 5u", frames[0]), "done");
    });
    EXPECT_EQ(result, "5");
}

TEST(Expression, WritesReferences)
{
    Stopped guest(references);
    const auto result = guest.run({}, [](const std::vector<Frame>& frames) {
        for (const auto& [text, outcome] :
            std::vector<Row> { { "$s[0] = 100", "done" }, { "$s[1] += 1", "done" },
                { "$s[3] = v128[0]", "compile 8: no memory 0: the module has 0" }, { "$s[4] = $s", "done" },
                { "$bytes[1] = 20", "done" }, { "$refs[0] = $bytes", "done" }, { "$f = func[one]", "done" },
                { "table[0] = $f", "done" }, { "table[objects: 1] = $s", "done" }, { "$any = null", "done" },
                { "open = $extern", "done" }, { "$f = type[f](table[1])", "done" },
                { "$bytes = type[bytes]($refs[0])", "done" },
                { "$s[2] = 1", "compile 2: the field is immutable" },
                { "$s[5] = 1", "compile 2: the field is immutable" },
                { "$longs[0] = 1", "compile 6: the array is immutable" },
                { "$bytes[0] = 256", "compile 12: 256 does not fit into 8 bits" },
                { "$bytes[3] = 1", "run 6: no element 3: the array has 3" },
                { "$bytes = null", "compile 9: the place cannot be null" },
                { "$bytes = type[bytes](null)", "run 9: the place cannot be null" },
                { "$f = $func", "compile 5: funcref does not fit into a place of (ref null 0)" },
                { "$f = func[none]", "compile 5: (ref 9) does not fit into a place of (ref null 0)" },
                { "$any = $extern", "compile 7: externref does not fit into a place of anyref" },
                { "table[5] = null", "run 0: no element 5: the table has 3" },
                { "frozen = $bytes", "compile 0: the global is immutable" },
                { "tag[e]($x)[0] = 1", "compile 10: what was thrown cannot be changed" },
                { "$longs = null", "done" }, { "$array = $longs", "done" },
                { "func[one] = null",
                    "compile 0: only places can be written: variables, memory, elements, fields" },
                { "$any = 1", "compile 7: i32 does not fit into a place of anyref" } })
            EXPECT_EQ(assign(text, frames[0]), outcome) << text;
        check(frames[0],
            { { "$s[0]", "i32 100" }, { "$s[1]", "i32 0" }, { "$s[4] == $s", "i32 1" },
                { "$s[4][4][0]", "i32 100" }, { "$bytes[1]", "i32 20" }, { "$refs[0] == $bytes", "i32 1" },
                { "table[0]", "funcref func one" }, { "table[objects: 1] == $s", "i32 1" },
                { "$any", "anyref null" }, { "open == $extern", "i32 1" }, { "$array", "arrayref null" },
                { "$longs[0]", "run 6: null reference" }, { "length($array)", "run 0: null reference" } });
    });
    EXPECT_EQ(result, "121");
}

// -- Where expressions may be evaluated

TEST(Expression, OneExpressionServesAllFramesOfAFunction)
{
    Stopped guest(R"((module (func $run (export "run") (param $n i32) (result i32)
        local.get $n if local.get $n i32.const 1 i32.sub call $run drop end nop local.get $n)))");
    guest.run({ Value::i32(3) }, [](const std::vector<Frame>& frames) {
        ASSERT_EQ(frames.size(), 4u);
        auto scope = *Scope::of(frames[0]);
        scope.offset.reset();
        const auto n = *Expression::compile("n * 10", scope);
        for (uint32_t i = 0; i < 4; ++i)
            EXPECT_EQ(n.evaluate(frames[i])->to_text(), std::to_string(i * 10));
        EXPECT_EQ(Expression::compile("stack[0]", scope).error().message,
            "there are no operands without a place in the code");
    });
}

TEST(Expression, ACallersOperandsEndAtItsCall)
{
    Stopped guest(R"((module
        (func $run (export "run") (result i32) i32.const 10 i64.const 20 i32.const 1 i32.const 2 call $inner drop drop)
        (func $inner (param i32 i32) (result i32) i32.const 70 nop)))");
    guest.run({}, [](const std::vector<Frame>& frames) {
        check(
            frames[0], { { "stack[-1]", "i32 70" }, { "stack[1]", "compile 0: no operand 1: there are 1" } });
        check(frames[1],
            { { "stack[-1]", "i64 20" }, { "stack[0]", "i32 10" },
                { "stack[2]", "compile 0: no operand 2: there are 2" } });
        // As a breakpoint after the call would see it: the result is there.
        auto scope = *Scope::of(frames[1]);
        scope.operand_slots = UINT32_MAX;
        const auto result = *Expression::compile("stack[2]", scope);
        EXPECT_EQ(error_text(result.evaluate(frames[1]).error()),
            "0: the frame has no such operand: 2 slots are taken");
    });
}

TEST(Expression, RefusesOtherFrames)
{
    Stopped guest(
        R"((module (import "host" "give" (func $give (result externref))) (global $g i32 (i32.const 3))
        (func $run (export "run") (param $x i32) (result i32) i32.const 4 i32.const 5 call $inner i32.add)
        (func $inner (param $y i32) (result i32) i32.const 7 nop drop i32.const 70)))");
    const auto error_in = [](const Expression& expression, const Frame& frame) {
        return error_text(expression.evaluate(frame).error());
    };
    Instance& other = guest.instantiate("(module (global $g i32 (i32.const 4)) (func (export \"run\") (param "
                                        "i32) (result i32) i32.const 7 nop))");
    guest.run({ Value::i32(1) }, [&](const std::vector<Frame>& frames) {
        const auto x = *Expression::compile("x", *Scope::of(frames[1]));
        const auto global = *Expression::compile("g", *Scope::of(frames[1]));
        const auto operand = *Expression::compile("stack[0]", *Scope::of(frames[0]));
        EXPECT_EQ(error_in(x, frames[0]), "the expression is for another function");
        EXPECT_EQ(global.evaluate(frames[0])->to_text(), "3");
        EXPECT_EQ(global.evaluate(*guest.instance)->to_text(), "3");
        EXPECT_EQ(error_text(x.evaluate(*guest.instance).error()), "the expression needs a frame");
        EXPECT_EQ(error_text(global.evaluate(other).error()), "the expression is for another module");
        Frame moved = frames[0];
        ++moved.offset;
        EXPECT_THAT(
            error_in(operand, moved), testing::StartsWith("the expression is for the instruction at 0x"));
        EXPECT_EQ(error_in(x, Frame {}), "an expression needs a frame of the guest");
        Frame host;
        host.function = guest.instance->functions[0];
        EXPECT_EQ(error_in(global, host), "an expression needs a frame of the guest");
        EXPECT_EQ(error_text(Scope::of(host).error()), "a frame of the host has no variables");
        EXPECT_EQ(error_text(Scope::of(Frame {}).error()), "a frame of the host has no variables");
        Scope imported = Scope::of(*guest.instance);
        imported.function = FuncIndex { 0 };
        EXPECT_EQ(
            error_text(Expression::compile("1", imported).error()), "function 0 has no body in the module");
        imported.function = FuncIndex { 3 };
        EXPECT_EQ(
            error_text(Expression::compile("1", imported).error()), "function 3 has no body in the module");
        Scope between = *Scope::of(frames[0]);
        --*between.offset;
        EXPECT_THAT(Expression::compile("stack[0]", between).error().message,
            testing::StartsWith("no instruction starts at 0x"));
    });
}

TEST(Expression, WithoutAFrame)
{
    Stopped guest(
        R"((module (memory 1) (data (i32.const 4) "\07") (global $g (mut i32) (i32.const 3)) (table 1 funcref)
        (func (export "run") (local $l i32))))");
    const Scope scope = Scope::of(*guest.instance);
    const auto expression = *Expression::compile("g + u8[4]", scope);
    EXPECT_EQ(expression.evaluate(*guest.instance)->to_text(), "10");
    EXPECT_EQ(expression.text(*guest.instance, Expression::Format::Hex), "0xa");
    EXPECT_EQ(expression.is_true(*guest.instance), true);
    EXPECT_TRUE(Assignment::compile("g = 20", scope)->perform(*guest.instance));
    EXPECT_EQ(expression.evaluate(*guest.instance)->to_text(), "27");
    EXPECT_EQ(error_text(Expression::compile("1 + $0", scope).error()),
        "4: there are no locals outside a function");
    EXPECT_EQ(error_text(Expression::compile("1 + l", scope).error()),
        "4: no local or global is called `l`; near: `g`");
    EXPECT_EQ(error_text(Expression::compile("stack[0]", scope).error()),
        "0: there are no operands without a place in the code");
}

TEST(Expression, Conditions)
{
    Stopped guest(numbers);
    guest.run(arguments, [](const std::vector<Frame>& frames) {
        const Scope scope = *Scope::of(frames[0]);
        const auto holds = [&](std::string_view text) {
            return *Expression::compile_condition(text, scope)->is_true(frames[0]);
        };
        EXPECT_TRUE(holds("$0"));
        EXPECT_TRUE(holds("$1"));
        EXPECT_TRUE(holds("0x100000000"));
        EXPECT_FALSE(holds("zero"));
        EXPECT_FALSE(holds("null"));
        EXPECT_TRUE(holds("$0 == 7 && i32[$0 + 9] > 3"));
        EXPECT_EQ(error_text(Expression::compile_condition("$3", scope).error()),
            "0: a condition is an integer or a reference");
        EXPECT_EQ(error_text(Expression::compile("\"a\"", scope)->is_true(frames[0]).error()),
            "0: a condition is an integer or a reference");
        EXPECT_EQ(error_text(Expression::compile("i32[-1]", scope)->is_true(frames[0]).error()),
            "0: address 0xffffffff is out of bounds: the memory has 0x10000 bytes");
    });
}

TEST(Expression, RefusesNamesOfSeveral)
{
    const auto engine = std::make_shared<Engine>();
    const Scope scope { .module = test::module_of(
                            *engine, R"((module (global (import "a" "g") i32) (global (import "b" "g") i32)
        (func (export "run"))))"),
        .types = &engine->types };
    EXPECT_EQ(error_text(Expression::compile("1 + g", scope).error()),
        "4: `g` is the name of several: use an index, such as 0 or 1");
    EXPECT_EQ(error_text(Expression::compile("global[g]", scope).error()),
        "0: `g` is the name of several: use an index, such as 0 or 1");
    EXPECT_TRUE(Expression::compile("global[1]", scope));
}

// -- Messages

TEST(LogMessage, Parts)
{
    Stopped guest(numbers);
    guest.run(arguments, [](const std::vector<Frame>& frames) {
        const auto text_of = [&](std::string_view text) {
            const auto message = LogMessage::compile(text, *Scope::of(frames[0]));
            return message ? message->text(frames[0]) : "compile " + error_text(message.error());
        };
        for (const auto& [text, shown] :
            std::vector<Row> { { "", "" }, { "plain", "plain" },
                { "n is {n}, {$1}", "n is 7, -1099511627776" }, { "{{}} {{{n}}}", "{} {7}" },
                { "{n:x} {-n:x} {-n} {-n:u} {u32(-n)} {u32(-n):d}",
                    "0x7 0xfffffff9 -7 4294967289 4294967289 -7" },
                { "{n ? 1 : 2:x}", "0x1" }, { "{ $3 }", "2.5" },
                { "\"{cstr[36]}\" {cstr[40]}", "\"abc\" \\\"\\1b[0m\\ff" }, { "{\"}\"}{'}'}", "}125" },
                { "{i32[-1]} and {n}",
                    "<address 0xffffffff is out of bounds: the memory has 0x10000 bytes> and 7" },
                { "{i32[0: 16]:x}", "0x4030201" }, { "{$1:x}", "0xffffff0000000000" },
                { "a } b", "compile 2: `}` without `{`: for a brace write `}}`" },
                { "a {", "compile 3: a value expected, but the text ends" },
                { "a {}", "compile 3: a value expected, but found `}`" },
                { "a {n", "compile 4: `}` expected" }, { "a {n b}", "compile 5: `}` expected" },
                { "a {nn}", "compile 3: no local or global is called `nn`; near: `n`" },
                { "{n:z}", "compile 3: a format is `d`, `u` or `x`" },
                { "{n:}", "compile 3: a format is `d`, `u` or `x`" }, { "{n:xx}", "compile 4: `}` expected" },
                { "{$3:x}", "compile 3: only integers have a format" },
                { "{n = 1}", "compile 3: `}` expected" } })
            EXPECT_EQ(text_of(text), shown) << text;
    });
}

} // namespace
} // namespace vitrine::core::eval
