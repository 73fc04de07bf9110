// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Values of all kinds of types; formatters are tested in tests/source, with real programs.
#include "source/render.h"
#include "support/literal_reader.h"
#include "support/literal_symbols.h"

#include <bit>
#include <cmath>

#include <gtest/gtest.h>

namespace vitrine::core::source {
namespace {

using Kind = Type::Kind;
using Base = Style::Base;

struct RenderTest : testing::Test {
    test::LiteralSymbols symbols;
    test::LiteralReader reader { symbols };
    TypeId integer = symbols.add_basic("int", Kind::Signed, 4);
    TypeId natural = symbols.add_basic("unsigned int", Kind::Unsigned, 4);
    TypeId character = symbols.add_basic("char", Kind::Character, 1);
    TypeId byte = symbols.add_type(
        { .kind = Kind::Character, .language = Language::C, .name = "unsigned char", .size = 1 });
    TypeId real = symbols.add_basic("double", Kind::Float, 8);
    TypeId point = symbols.add_struct(
        "point", 8, { { .name = "x", .type = integer }, { .name = "y", .type = integer, .offset = 4 } });

    static Value at(TypeId type, uint64_t address = 0x1000) { return { .type = type, .address = address }; }
    static Value of(TypeId type, std::vector<uint8_t> bytes)
    {
        return { .type = type, .bytes = std::move(bytes) };
    }
    std::string text(const Value& value, Style style = {}) { return render(reader, value, style); }
    std::string text(const Value& value, Base base) { return render(reader, value, { .base = base }); }
    TypeId pointer(TypeId target)
    {
        return symbols.add_type(
            { .kind = Kind::Pointer, .language = Language::C, .size = 4, .target = target });
    }
    TypeId array(TypeId target, std::vector<std::optional<uint64_t>> dimensions)
    {
        return symbols.add_array(target, std::move(dimensions));
    }
    std::vector<std::string> names(const Value& value, uint64_t from = 0, uint64_t count = 100)
    {
        std::vector<std::string> result;
        for (const Child& each : children(reader, value, from, count))
            result.push_back(each.name + "|" + each.suffix + "|" + text(each.value));
        return result;
    }
};

using Strings = std::vector<std::string>;

TEST_F(RenderTest, Integers)
{
    const Value minus = of(integer, { 0xfb, 0xff, 0xff, 0xff });
    EXPECT_EQ(text(minus), "-5");
    EXPECT_EQ(text(minus, Base::Unsigned), "4294967291");
    EXPECT_EQ(text(minus, Base::Hex), "0xfffffffb");
    EXPECT_EQ(text(minus, Base::Octal), "037777777773");
    EXPECT_EQ(text(minus, Base::Binary), "0b11111111111111111111111111111011");
    EXPECT_EQ(text(of(natural, { 0xfb, 0xff, 0xff, 0xff })), "4294967291");
    EXPECT_EQ(text(of(natural, { 0xfb, 0xff, 0xff, 0xff }), Base::Decimal), "-5");
    EXPECT_EQ(text(of(natural, { 'v', 0, 0, 0 }), Base::Character), "'v'");
    EXPECT_EQ(text(of(natural, { 0, 0, 0x80, 0x3f }), Base::Float), "1");
    EXPECT_EQ(text(of(natural, { 0, 0, 0, 0 }), Base::Octal), "0");
    const TypeId wide = symbols.add_basic("__int128", Kind::Signed, 16);
    EXPECT_EQ(text(of(wide, { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80 })),
        "-170141183460469231731687303715884105728");
    const TypeId odd = symbols.add_basic("_BitInt(24)", Kind::Signed, 3);
    EXPECT_EQ(text(of(odd, { 0xff, 0xff, 0xff })), "-1");
    const TypeId huge = symbols.add_basic("_BitInt(512)", Kind::Signed, 64);
    EXPECT_EQ(text(of(huge, std::vector<uint8_t>(64))), "<64 bytes>");
}

TEST_F(RenderTest, Floats)
{
    const auto bytes = [](auto value) {
        const auto array = std::bit_cast<std::array<uint8_t, sizeof value>>(value);
        return std::vector<uint8_t>(array.begin(), array.end());
    };
    const TypeId single = symbols.add_basic("float", Kind::Float, 4);
    EXPECT_EQ(text(of(single, bytes(0.1F))), "0.1");
    EXPECT_EQ(text(of(real, bytes(1.0 / 3))), "0.3333333333333333");
    EXPECT_EQ(text(of(real, bytes(-HUGE_VAL))), "-inf");
    EXPECT_EQ(text(of(real, bytes(2.0)), Base::Hex), "0x4000000000000000");
    const TypeId rust = symbols.add_basic("f64", Kind::Float, 8, Language::Rust);
    EXPECT_EQ(text(of(rust, bytes(2.0))), "2.0");
    EXPECT_EQ(text(of(symbols.add_basic("_Float16", Kind::Float, 2), { 0x00, 0x3e })), "1.5");
    // 2.5 and 0.1 with 113 bits.
    const TypeId quad = symbols.add_basic("long double", Kind::Float, 16);
    EXPECT_EQ(text(of(quad, { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x40, 0, 0x40 })), "2.5");
    EXPECT_TRUE(text(of(quad,
                         { 0x9a, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99,
                             0xfb, 0x3f }))
            .starts_with("0.1"));
    const TypeId complex = symbols.add_type({ .kind = Kind::Complex, .size = 8 });
    EXPECT_EQ(text(of(complex, { 0, 0, 0xc0, 0x3f, 0, 0, 0, 0xc0 })), "1.5 - 2i");
}

TEST_F(RenderTest, Characters)
{
    EXPECT_EQ(text(of(character, { 'v' })), "'v'");
    EXPECT_EQ(text(of(character, { '\'' })), "'\\''");
    EXPECT_EQ(text(of(character, { '\n' })), "'\\n'");
    EXPECT_EQ(text(of(character, { 0 })), "'\\0'");
    EXPECT_EQ(text(of(character, { 0x1b })), "'\\x1b'");
    EXPECT_EQ(text(of(character, { 0xe9 })), "'\\xe9'");
    EXPECT_EQ(text(of(character, { 'v' }), Base::Decimal), "118");
    EXPECT_EQ(text(of(byte, { 200 })), "200");
    const TypeId utf32 =
        symbols.add_type({ .kind = Kind::Character, .name = "char32_t", .size = 4, .is_utf = true });
    EXPECT_EQ(text(of(utf32, { 0xac, 0x20, 0, 0 })), "U'€'");
    EXPECT_EQ(text(of(utf32, { 0x2e, 0x20, 0, 0 })), "U'\\u{202e}'");
    EXPECT_EQ(text(of(utf32, { 0xff, 0xff, 0xff, 0xff })), "U'\\u{ffffffff}'");
    // In C, wchar_t is a typedef.
    const TypeId wide = symbols.add_type({ .kind = Kind::Typedef, .name = "wchar_t", .target = integer });
    EXPECT_EQ(text(of(wide, { 0xac, 0x20, 0, 0 })), "L'€'");
}

TEST_F(RenderTest, Booleans)
{
    const TypeId boolean = symbols.add_basic("bool", Kind::Bool, 1);
    EXPECT_EQ(text(of(boolean, { 0 })), "false");
    EXPECT_EQ(text(of(boolean, { 1 })), "true");
    EXPECT_EQ(text(of(boolean, { 7 })), "7");
    EXPECT_EQ(text(of(boolean, { 1 }), Base::Hex), "0x1");
}

TEST_F(RenderTest, Enumerations)
{
    const TypeId color = symbols.add_type({ .kind = Kind::Enum,
        .language = Language::C,
        .name = "color",
        .size = 4,
        .target = integer,
        .enumerators = { { "RED", 1 }, { "GREEN", 2 }, { "DARK", -7 } } });
    EXPECT_EQ(text(of(color, { 2, 0, 0, 0 })), "GREEN");
    EXPECT_EQ(text(of(color, { 0xf9, 0xff, 0xff, 0xff })), "DARK");
    EXPECT_EQ(text(of(color, { 3, 0, 0, 0 })), "3");
    EXPECT_EQ(text(of(color, { 0xfe, 0xff, 0xff, 0xff })), "-2");
    EXPECT_EQ(text(of(color, { 2, 0, 0, 0 }), Base::Decimal), "2");
    const TypeId flags = symbols.add_type({ .kind = Kind::Enum,
        .language = Language::C,
        .size = 4,
        .target = natural,
        .enumerators = { { "READ", 1 }, { "WRITE", 2 }, { "BOTH", 3 }, { "RUN", 0x80000000 } } });
    EXPECT_EQ(text(of(flags, { 3, 0, 0, 0 })), "BOTH");
    EXPECT_EQ(text(of(flags, { 1, 0, 0, 0x80 })), "READ | RUN");
    EXPECT_EQ(text(of(flags, { 9, 0, 0, 0 })), "READ | 0x8");
    EXPECT_EQ(text(of(flags, { 0, 0, 0, 0 })), "0");
    EXPECT_EQ(text(of(flags, { 8, 0, 0, 0 })), "8");
}

TEST_F(RenderTest, StructsAndBitFields)
{
    reader.put(0x1000, 7);
    reader.put(0x1004, static_cast<uint32_t>(-8));
    EXPECT_EQ(text(at(point)), "{x = 7, y = -8}");
    EXPECT_EQ(names(at(point)), (Strings { "x|.x|7", "y|.y|-8" }));
    const TypeId bits = symbols.add_struct("bits", 4,
        { { .name = "low", .type = natural, .bit_offset = 0, .bit_size = 3 },
            { .name = "middle", .type = integer, .bit_offset = 3, .bit_size = 5 },
            { .name = "high", .type = natural, .offset = 1, .bit_offset = 0, .bit_size = 24 } });
    EXPECT_EQ(text(of(bits, { 0xed, 0xff, 0xff, 0xff })), "{low = 5, middle = -3, high = 16777215}");
    EXPECT_EQ(text(of(symbols.add_struct("empty", 0, {}), {})), "{}");
    EXPECT_EQ(
        text(of(symbols.add_type({ .kind = Kind::Struct, .name = "opaque", .is_declaration = true }), {})),
        "<incomplete type>");
    const TypeId derived = symbols.add_struct("derived", 16,
        { { .type = symbols.add_struct("none", 1, {}), .is_base_class = true },
            { .type = point, .offset = 4, .is_base_class = true },
            { .name = "_vptr$d", .type = integer, .is_artificial = true },
            { .type = symbols.add_type({ .kind = Kind::Union,
                  .size = 4,
                  .members = { { .name = "a", .type = integer }, { .name = "b", .type = natural } } }),
                .offset = 12 } },
        Language::Cpp);
    EXPECT_EQ(text(at(derived)), "{point = {x = -8, y = 0}, {a = 0, b = 0}}");
    EXPECT_EQ(text(at(derived), Style { .is_raw = true }),
        "{none = {}, point = {x = -8, y = 0}, _vptr$d = 7, {a = 0, b = 0}}");
}

TEST_F(RenderTest, Arrays)
{
    for (uint32_t i = 0; i < 100; ++i)
        reader.put(0x1000 + 4 * i, i < 12 ? 5 : i);
    EXPECT_EQ(text(at(array(integer, { 3 }), 0x1030)), "{12, 13, 14}");
    EXPECT_EQ(text(at(array(integer, { 14 }))), "{5 <repeats 12 times>, 12, 13}");
    EXPECT_EQ(text(at(array(integer, { 9 }))), "{5, 5, 5, 5, 5, 5, 5, 5, 5}");
    EXPECT_EQ(text(at(array(integer, { 100 })), Style { .max_elements = 3 }),
        "{5 <repeats 12 times>, 12, 13, ... 86 more}");
    EXPECT_EQ(text(at(array(integer, { 5 })), Style { .max_elements = 3 }), "{5, 5, 5, ... 2 more}");
    EXPECT_EQ(text(at(array(integer, { 2, 2 }), 0x1030)), "{{12, 13}, {14, 15}}");
    EXPECT_EQ(text(at(array(integer, { 0 }))), "{}");
    EXPECT_EQ(text(at(array(integer, { std::nullopt }))), "<unknown length>");
    EXPECT_EQ(
        names(at(array(integer, { 2, 2 }), 0x1030)), (Strings { "[0]|[0]|{12, 13}", "[1]|[1]|{14, 15}" }));
    const auto row = children(reader, at(array(integer, { 2, 2 }), 0x1030), 1, 1);
    EXPECT_EQ(names(row.at(0).value), (Strings { "[0]|[0]|14", "[1]|[1]|15" }));
    EXPECT_EQ(names(at(array(integer, { 100 })), 98), (Strings { "[98]|[98]|98", "[99]|[99]|99" }));
}

TEST_F(RenderTest, Text)
{
    reader.put(0x1000, "jade\0\0\0\0");
    reader.put(0x1010, "a\"\\\n\xff\xc3\xa4");
    const TypeId buffer = array(character, { 8 });
    EXPECT_EQ(text(at(buffer)), "\"jade\"");
    EXPECT_EQ(text(at(buffer), Base::Hex), "{0x6a, 0x61, 0x64, 0x65, 0x0, 0x0, 0x0, 0x0}");
    EXPECT_EQ(text(at(buffer, 0x1010)), "\"a\\\"\\\\\\n\\xffä\"");
    EXPECT_EQ(text(at(buffer), Style { .max_text = 2 }), "\"ja\"...");
    EXPECT_EQ(text(at(array(byte, { 4 }))), "{106, 97, 100, 101}");
    EXPECT_EQ(child_count(reader, at(buffer)), 8u);
    reader.put(0x1020, pointer(character) == TypeId {} ? 0 : 0x1000);
    EXPECT_EQ(text(at(pointer(character), 0x1020)), "0x1000 \"jade\"");
    EXPECT_EQ(text(at(pointer(character), 0x1020), Style { .max_text = 3 }), "0x1000 \"jad\"...");
    reader.put(0x1020, 0x1fff);
    reader.put(0x1fff, "x");
    EXPECT_EQ(text(at(pointer(character), 0x1020)), "0x1fff \"x\"...");
    reader.put(0x1020, 0x5000);
    EXPECT_EQ(text(at(pointer(character), 0x1020)), "0x5000");
    // A buffer of one megabyte is not read whole.
    reader.memory.assign(1 << 20, 'x');
    EXPECT_LT(text(at(array(character, { 1 << 20 }), 0x1000)).size(), 300u);
}

TEST_F(RenderTest, Pointers)
{
    reader.put(0x1000, 7);
    reader.put(0x1004, 8);
    const Value to_point = of(pointer(point), { 0, 0x10, 0, 0 });
    EXPECT_EQ(text(to_point), "0x1000");
    EXPECT_EQ(text(to_point, Base::Decimal), "4096");
    EXPECT_EQ(names(to_point), (Strings { "x|->x|7", "y|->y|8" }));
    EXPECT_EQ(names(of(pointer(integer), { 0, 0x10, 0, 0 })), (Strings { "*|[0]|7" }));
    EXPECT_EQ(text(of(pointer(point), { 0, 0, 0, 0 })), "NULL");
    EXPECT_EQ(child_count(reader, of(pointer(point), { 0, 0, 0, 0 })), 0u);
    EXPECT_EQ(text(of(pointer({}), { 1, 0, 0, 0 })), "0x1");
    EXPECT_EQ(child_count(reader, of(pointer({}), { 1, 0, 0, 0 })), 0u);
    const TypeId function =
        symbols.add_type({ .kind = Kind::Function, .language = Language::C, .target = integer });
    reader.functions[8] = "deposit (func[8])";
    EXPECT_EQ(text(of(pointer(function), { 8, 0, 0, 0 })), "deposit (func[8])");
    EXPECT_EQ(text(of(pointer(function), { 9, 0, 0, 0 })), "0x9");
    EXPECT_EQ(text(of(pointer(function), { 0, 0, 0, 0 })), "NULL");
    const TypeId reference =
        symbols.add_type({ .kind = Kind::Reference, .language = Language::Cpp, .size = 4, .target = point });
    EXPECT_EQ(text(of(reference, { 0, 0x10, 0, 0 })), "{x = 7, y = 8}");
    EXPECT_EQ(text(of(reference, { 0, 0x10, 0, 0 }), Style { .is_raw = true }), "0x1000");
    EXPECT_EQ(names(of(reference, { 0, 0x10, 0, 0 })), (Strings { "x|.x|7", "y|.y|8" }));
}

TEST_F(RenderTest, WhatCannotBeRead)
{
    EXPECT_EQ(text(at(integer, 0x10)), "<out of bounds: 0x10>");
    EXPECT_EQ(text(at(point, 0x10)), "<out of bounds: 0x10>");
    EXPECT_EQ(text(at(point, 0x1ffc)), "{x = 0, y = <out of bounds: 0x2000>}");
    EXPECT_EQ(text(at(array(character, { 4 }), 0x10)), "<out of bounds: 0x10>");
    Value partly = of(point, { 1, 0, 0, 0, 2, 0, 0, 0 });
    partly.missing = { 0, 0, 0, 0, 0, 1 };
    EXPECT_EQ(text(partly), "{x = 1, y = <optimized out>}");
    partly.missing = std::vector<uint8_t>(8, 1);
    EXPECT_EQ(text(partly), "<optimized out>");
    EXPECT_EQ(text(of(integer, { 1, 2 })), "<optimized out>");
    EXPECT_EQ(text(of(integer, {})), "<optimized out>");
    EXPECT_EQ(text(of({}, {})), "<void>");
    EXPECT_EQ(text(of(static_cast<TypeId>(999), {})), "<unknown type>");
    EXPECT_EQ(text(at(integer, UINT64_MAX)), "<out of bounds: 0xffffffffffffffff>");
}

TEST_F(RenderTest, DepthIsLimited)
{
    TypeId at_depth = point;
    for (int i = 0; i < 8; ++i)
        at_depth = symbols.add_struct("s", 8, { { .name = "s", .type = at_depth } });
    EXPECT_EQ(text(at(at_depth)), "{s = {s = {s = {s = {...}}}}}");
    EXPECT_EQ(text(at(at_depth), Style { .max_depth = 0 }), "{...}");
    EXPECT_EQ(text(at(at_depth), Style { .max_depth = 100 }),
        "{s = {s = {s = {s = {s = {s = {s = {s = {x = 0, y = 0}}}}}}}}}");
}

TEST_F(RenderTest, VariantsOfRust)
{
    const TypeId word = symbols.add_basic("u32", Kind::Unsigned, 4, Language::Rust);
    const auto variant = [&](std::string name, std::vector<Member> members) {
        return Member { .name = name,
            .type = symbols.add_struct("Shape::" + name, 12, std::move(members), Language::Rust) };
    };
    Type type { .kind = Kind::Struct, .language = Language::Rust, .name = "app::Shape", .size = 12 };
    type.discriminant = Member { .type = word };
    type.variants = { { { { 0, 0 } }, variant("Nothing", {}) },
        { { { 1, 2 } }, variant("Circle", { { .name = "radius", .type = word, .offset = 4 } }) },
        { {},
            variant("Pair",
                { { .name = "__0", .type = word, .offset = 4 },
                    { .name = "__1", .type = word, .offset = 8 } }) } };
    const TypeId shape = symbols.add_type(type);
    EXPECT_EQ(text(of(shape, { 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0 })), "Nothing");
    EXPECT_EQ(text(of(shape, { 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0 })), "Circle { radius: 1 }");
    EXPECT_EQ(text(of(shape, { 9, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0 })), "Pair(1, 2)");
    EXPECT_EQ(names(of(shape, { 9, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0 })), (Strings { "0|.__0|1", "1|.__1|2" }));
    type.variants.pop_back();
    EXPECT_EQ(
        text(of(symbols.add_type(type), { 9, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0 })), "<unknown variant 9>");
}

TEST_F(RenderTest, HostileTypesTakeNoLongTime)
{
    const uint64_t most = uint64_t(1) << 63;
    EXPECT_EQ(text(at(array(integer, { most }))), "<9223372036854775808 elements>");
    EXPECT_EQ(child_count(reader, at(array(integer, { most }))), 0u);
    EXPECT_EQ(
        text(at(array(symbols.add_struct("empty", 0, {}), { most }))), "<9223372036854775808 elements>");
    // Each level has 30 times the values of the next one.
    TypeId wide = integer;
    for (int i = 0; i < 12; ++i)
        wide = symbols.add_struct("wide", 4, std::vector<Member>(30, { .name = "m", .type = wide }));
    EXPECT_LT(text(at(wide), Style { .max_elements = 1000, .max_depth = 1000 }).size(), size_t(1) << 20);
    // Structs, unions, aliases and pointers that contain themselves.
    for (const Language language : { Language::C, Language::Cpp, Language::Rust, Language::Zig })
        for (const std::string name : { "s", "std::__2::atomic<int>", "std::__2::tuple<int>",
                 "alloc::boxed::Box<s>", "?s", "core::cell::UnsafeCell<s>" }) {
            const auto own = static_cast<TypeId>(symbols.types.size() + 1);
            symbols.add_struct(name, 4,
                { { .name = "__a_", .type = own }, { .name = "__a_value", .type = own },
                    { .name = "payload", .type = own } },
                language);
            (void)text(at(own), Style { .max_depth = 1000 });
            (void)child_count(reader, at(own));
            const auto pointer = static_cast<TypeId>(symbols.types.size() + 1);
            symbols.add_type(
                { .kind = Kind::Pointer, .language = language, .name = name, .size = 4, .target = pointer });
            reader.put(0x1000, 0x1000);
            (void)text(at(pointer), Style { .max_depth = 1000 });
            (void)names(at(pointer));
        }
}

TEST_F(RenderTest, NamesAreEscaped)
{
    const TypeId odd = symbols.add_struct("odd", 4, { { .name = "a\x1b[2J", .type = integer } });
    EXPECT_EQ(text(at(odd)), "{a\\1b[2J = 0}");
    EXPECT_EQ(names(at(odd)).at(0).substr(0, 7), "a\\1b[2J");
}

} // namespace
} // namespace vitrine::core::source
