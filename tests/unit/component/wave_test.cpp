// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "component/wave.h"

#include "base/text.h"

#include <gtest/gtest.h>

namespace vitrine::core::component::test {
namespace {

using enum Primitive;

class WaveTest : public testing::Test {
protected:
    ValType add(ValueDef def) { return *types_.add(std::move(def)); }
    ValType list(ValType element) { return add(ListType { element }); }
    ValType option(ValType type) { return add(OptionType { type }); }
    ValType handle(bool is_own)
    {
        const TypeId resource = *types_.add(ResourceType { types_.new_resource() });
        return is_own ? add(OwnType { resource }) : add(BorrowType { resource });
    }

    /// The value that the text stands for, as text again; or the error.
    std::string again(ValType type, std::string_view text)
    {
        const Shape& shape = shapes_.of(type);
        const auto value = parse_wave(text, shape);
        if (!value) {
            EXPECT_TRUE(value.error().offset) << text;
            EXPECT_LE(value.error().offset.value_or(0), text.size()) << text;
            return std::to_string(value.error().offset.value_or(0)) + ": " + value.error().message;
        }
        const std::string written = to_wave(*value, shape);
        const auto reread = parse_wave(written, shape);
        EXPECT_TRUE(reread) << written << ": " << (reread ? "" : reread.error().to_text());
        EXPECT_EQ(reread ? to_wave(*reread, shape) : "", written);
        return written;
    }
    void expect_same(ValType type, std::string_view text) { EXPECT_EQ(again(type, text), text); }

    const FuncShape& func(std::vector<Field> params)
    {
        return shapes_.of_func(*types_.add(FuncType { std::move(params), {} }));
    }
    /// The arguments, or the error.
    std::string arguments(const FuncShape& func, std::string_view text)
    {
        const auto call = parse_call(text);
        if (!call)
            return std::to_string(*call.error().offset) + ": " + call.error().message;
        const auto values = parse_arguments(*call, func);
        if (!values)
            return std::to_string(*values.error().offset) + ": " + values.error().message;
        std::string all(call->name);
        for (size_t i = 0; i < values->size(); ++i)
            all += " " + to_wave((*values)[i], *func.params.parts[i].shape);
        return all;
    }

    Types types_;
    Shapes shapes_ { types_ };
};

// -- Every kind of value

TEST_F(WaveTest, BoolsAndIntegers)
{
    for (const char* text : { "true", "false" })
        expect_same(Bool, text);
    const struct {
        Primitive type;
        const char* least;
        const char* most;
        const char* below;
        const char* above;
    } table[] = {
        { S8, "-128", "127", "-129", "128" },
        { U8, "0", "255", "-1", "256" },
        { S16, "-32768", "32767", "-32769", "32768" },
        { U16, "0", "65535", "-1", "65536" },
        { S32, "-2147483648", "2147483647", "-2147483649", "2147483648" },
        { U32, "0", "4294967295", "-1", "4294967296" },
        { S64, "-9223372036854775808", "9223372036854775807", "-9223372036854775809", "9223372036854775808" },
        { U64, "0", "18446744073709551615", "-1", "18446744073709551616" },
    };
    for (const auto& row : table) {
        for (const char* text : { row.least, row.most }) {
            expect_same(row.type, text);
            // The elements of lists of numbers are packed.
            expect_same(list(row.type), "[" + std::string(text) + ", 1]");
        }
        for (const std::string text : { row.below, row.above })
            EXPECT_EQ(again(row.type, text),
                "0: \"" + text + "\" is out of range for " + std::string(to_text(row.type)) + ": " + row.least
                    + " to " + row.most);
    }
    EXPECT_EQ(again(S8, "-0"), "0");
    EXPECT_EQ(again(U64, std::string(100, '9')).substr(0, 10), "0: \"999999");
}

TEST_F(WaveTest, Floats)
{
    for (const Primitive type : { F32, F64 }) {
        for (const char* text : { "0", "-0", "1", "-3.5", "0.1", "nan", "inf", "-inf", "1e+30", "1e-30" })
            expect_same(type, text);
        expect_same(list(type), "[0.25, nan, -inf, -0]");
        EXPECT_EQ(again(type, "0.000e100"), "0");
        EXPECT_EQ(again(type, "12.50E2"), "1250");
        EXPECT_EQ(again(type, "1e999"), "inf") << "too large";
        EXPECT_EQ(again(type, "-1e999"), "-inf");
        EXPECT_EQ(again(type, "1e-999"), "0") << "too small";
        EXPECT_EQ(again(type, "-inF"), "0: expected a number, found \"-inF\"");
        for (const char* text : { "-nan", "NaN", "Inf", "infinity", "", "x", "-", ".5", "+1" })
            EXPECT_EQ(again(type, text).substr(0, 20), "0: expected a number") << text;
        for (const char* text : { "1.", "1.e5", "1e", "00", "01", "0x1", "1_000", "-infinity" })
            EXPECT_EQ(again(type, text).substr(0, 27), "0: expected a decimal numbe") << text;
    }
    expect_same(F32, "3.4028235e+38");
    expect_same(F32, "1e-45");
    expect_same(F64, "1.7976931348623157e+308");
    expect_same(F64, "5e-324");
    // The payload of a NaN has no text.
    EXPECT_EQ(to_wave(Value { .bits = 0xffc0'0001 }, shapes_.of(F32)), "nan");
}

TEST_F(WaveTest, Characters)
{
    for (const char* text : { "'x'", "'\"'", R"('\'')", R"('\\')", R"('\n')", R"('\t')", R"('\r')", "'é'",
             "'☃'", "'🌊'", R"('\u{0}')", R"('\u{7f}')", R"('\u{202e}')" })
        expect_same(Char, text);
    EXPECT_EQ(again(Char, R"('\"')"), "'\"'");
    EXPECT_EQ(again(Char, R"('\u{2603}')"), "'☃'");
    EXPECT_EQ(again(Char, R"('\u{000078}')"), "'x'");
    for (const char* text : { "''", "'ab'", "'", "'a", "'''", "'\n'", "'\xff'", "'e\u0301'" })
        EXPECT_EQ(again(Char, text), "0: expected one character between single quotes") << text;
    for (const char* text : { R"('\z')", R"('\x1f')", R"('\0')", R"('\7f')", "'\\" })
        EXPECT_EQ(again(Char, text).substr(0, 27), "1: invalid escape sequence:") << text;
    for (const char* text :
        { R"('\u1f')", R"('\u{1f')", R"('\u{}')", R"('\u{x}')", R"('\u{110000}')", R"('\u{d800}')" })
        EXPECT_EQ(again(Char, text).substr(0, 36), "1: invalid escape sequence: expected") << text;
    EXPECT_EQ(again(Char, "\"x\""), "0: expected a character in single quotes, found a string");
}

TEST_F(WaveTest, Strings)
{
    for (const char* text :
        { R"("")", R"("WAVE 🌊")", R"("it's \"so\" \\")", R"("\t\n\r\u{0}\u{1b}")", R"("\u{202e}")" })
        expect_same(String, text);
    EXPECT_EQ(again(String, R"("\'\u{27}☃\u{2603}")"), R"("''☃☃")");
    EXPECT_EQ(again(String, "\"\r\t\""), R"("\r\t")");
    EXPECT_EQ(again(String, R"("abc)"), "0: the string has no closing quote");
    EXPECT_EQ(again(String, R"("abc\")"), "0: the string has no closing quote");
    EXPECT_EQ(
        again(String, "\"a\nb\""), "2: a string in double quotes cannot contain a line break: expected \\n");
    EXPECT_EQ(again(String, "\"a\xc3\""), "0: the string is not valid UTF-8");
    EXPECT_EQ(again(String, R"("ab\u{d800}")").substr(0, 27), "3: invalid escape sequence:");
    EXPECT_EQ(again(String, R"("x" "y")"), "4: unexpected text after the value: a string");
}

TEST_F(WaveTest, StringsOfSeveralLines)
{
    EXPECT_EQ(again(String, "\"\"\"\n\"\"\""), R"("")");
    EXPECT_EQ(again(String, "\"\"\"\r\nA line\r\n\"\"\""), R"("A line")");
    EXPECT_EQ(again(String, "\"\"\"\n\nOne\n\n\"\"\""), R"("\nOne\n")");
    EXPECT_EQ(again(String, "\"\"\"\n    a\n  b\n      c\n  \"\"\""), R"("  a\nb\n    c")");
    EXPECT_EQ(again(String, "\"\"\"\n\"\"\\\"\" \\t\\u{2603}\\r\n\"\"\""), R"("\"\"\"\" \t☃\r")");
    EXPECT_EQ(again(list(String), "[\"\"\"\na\n\"\"\", \"b\"]"), R"(["a", "b"])");
    EXPECT_EQ(again(String, "\"\"\"\"\"\""), "3: a string in triple quotes begins on a line of its own");
    EXPECT_EQ(again(String, "\"\"\"x\n\"\"\""), "3: a string in triple quotes begins on a line of its own");
    EXPECT_EQ(again(String, "\"\"\"\nx\"\"\""), "5: the closing quotes stand on a line of their own");
    EXPECT_EQ(again(String, "\"\"\"\n"), "0: the string has no closing quotes");
    EXPECT_EQ(again(String, "\"\"\"\n a\n  \"\"\""), "4: the line is indented less than the closing quotes");
    EXPECT_EQ(again(String, "\"\"\"\n\\z\n\"\"\"").substr(0, 27), "4: invalid escape sequence:");
}

TEST_F(WaveTest, Lists)
{
    for (const char* text : { "[]", R"(["a"])", R"(["a", "b"])" })
        expect_same(list(String), text);
    expect_same(list(list(U8)), "[[1, 2], [], [3]]");
    EXPECT_EQ(again(list(U16), " [ 1 , 2 , ] "), "[1, 2]");
    for (const char* text : { "[,]", "[1,,2]", "[,1]", "[1 2]", "[1", "[", "[1,", "[1)", "]" })
        EXPECT_NE(again(list(U16), text).find("expected "), std::string::npos) << text;
    EXPECT_EQ(again(list(U16), "[1 2]"), "3: expected \",\" or \"]\", found \"2\"");
    EXPECT_EQ(again(list(U16), "[1, true]"), "4: expected an integer (u16), found \"true\"");

    const ValType three = add(ListType { U8, 3 }), two = add(ListType { String, 2 });
    expect_same(three, "[1, 2, 3]");
    expect_same(two, R"(["a", "b"])");
    EXPECT_EQ(again(three, "[1, 2]"), "0: the list has 2 elements; expected 3");
    EXPECT_EQ(again(two, R"(["a", "b", "c"])"), "0: the list has 3 elements; expected 2");

    const ValType map = add(MapType { String, U32 });
    expect_same(map, R"([("a", 1), ("b", 2)])");
    expect_same(map, "[]");
    EXPECT_EQ(again(map, "[1]"), "1: expected a tuple, such as (x, y), found \"1\"");
}

TEST_F(WaveTest, Records)
{
    const ValType record = add(RecordType { { { "must-have", U8 }, { "maybe", option(String) } } });
    expect_same(record, "{must-have: 1}");
    expect_same(record, R"({must-have: 1, maybe: some("x")})");
    EXPECT_EQ(again(record, "{ maybe : none, %must-have:1, }"), "{must-have: 1}");
    EXPECT_EQ(again(record, R"({maybe: "x", must-have: 2})"), R"({must-have: 2, maybe: some("x")})");
    EXPECT_EQ(again(record, "{maybe: none}"), "0: field \"must-have\" is missing");
    EXPECT_EQ(again(record, "{:}"), "0: field \"must-have\" is missing");
    EXPECT_EQ(again(record, "{must-have: 1, must-have: 1}"), "15: field \"must-have\" is given twice");
    EXPECT_EQ(again(record, "{other: 1}"),
        "1: the record has no field \"other\", expected \"must-have\" or \"maybe\"");
    EXPECT_EQ(again(record, "{must-have 1}"), "11: expected \":\", found \"1\"");
    EXPECT_EQ(again(record, "{1: 1}"), "1: expected a field: \"must-have\" or \"maybe\", found \"1\"");
    EXPECT_EQ(again(record, "(1)"), "0: expected a record, such as {label: x}, found \"(\"");

    const ValType optional = add(RecordType { { { "a", option(U8) }, { "b", option(U8) } } });
    expect_same(optional, "{:}");
    EXPECT_EQ(again(optional, "{ : }"), "{:}");
    EXPECT_EQ(again(optional, "{b: 2, a: none}"), "{b: some(2)}");
    EXPECT_EQ(again(optional, "{}"), "1: expected a field: \"a\" or \"b\", found \"}\"");
    EXPECT_EQ(again(optional, "{:"), "2: expected \"}\", found the end");

    const ValType keywords = add(RecordType { { { "true", Bool }, { "none", U8 }, { "inf", F32 } } });
    expect_same(keywords, "{true: true, none: 1, inf: inf}");
}

TEST_F(WaveTest, Tuples)
{
    const ValType tuple = add(TupleType { { U8, String } });
    expect_same(tuple, R"((1, "a"))");
    EXPECT_EQ(again(tuple, R"((1,"a",))"), R"((1, "a"))");
    EXPECT_EQ(again(tuple, "(1)"), "0: the tuple has fewer values than the 2 of its type");
    EXPECT_EQ(again(tuple, "()"), "0: the tuple has fewer values than the 2 of its type");
    EXPECT_EQ(again(tuple, R"((1, "a", 2))"), "0: the tuple has more values than the 2 of its type");
    EXPECT_EQ(again(tuple, R"(("a", 1))"), "1: expected an integer (u8), found a string");
    EXPECT_EQ(again(tuple, "(1]"), "2: expected \",\" or \")\", found \"]\"");
}

TEST_F(WaveTest, VariantsAndEnums)
{
    const ValType variant =
        add(VariantType { { { "forever", {} }, { "days", U8 }, { "err", String }, { "HTTP-get2", {} } } });
    for (const char* text : { "forever", "days(30)", R"(%err("oops"))", "HTTP-get2" })
        expect_same(variant, text);
    EXPECT_EQ(again(variant, "%days ( 1 ) "), "days(1)");
    const std::string cases = "\"forever\", \"days\", \"%err\" or \"HTTP-get2\"";
    EXPECT_EQ(again(variant, "weeks(1)"), "0: there is no case \"weeks\", expected " + cases);
    EXPECT_EQ(again(variant, "1"), "0: expected " + cases + ", found \"1\"");
    EXPECT_EQ(again(variant, "err(\"x\")"), "0: \"err\" is a keyword: write %err for the case of this name");
    EXPECT_EQ(again(variant, "days"), "4: expected \"(\" and the payload of \"days\", found the end");
    EXPECT_EQ(again(variant, "days()"), "5: expected an integer (u8), found \")\"");
    EXPECT_EQ(again(variant, "forever()"), "7: case \"forever\" has no payload");
    EXPECT_EQ(again(variant, "-x"), "0: expected " + cases + ", found \"-x\"");

    const ValType enumeration = add(EnumType { { "ok", "not-found" } });
    expect_same(enumeration, "%ok");
    expect_same(enumeration, "not-found");
    EXPECT_EQ(again(enumeration, "%not-found"), "not-found");
    EXPECT_EQ(again(enumeration, "ok"), "0: \"ok\" is a keyword: write %ok for the case of this name");
    EXPECT_EQ(
        again(enumeration, "missing"), "0: there is no case \"missing\", expected \"%ok\" or \"not-found\"");
}

TEST_F(WaveTest, OptionsAndResults)
{
    const ValType number = option(U8), nested = option(number);
    expect_same(number, "none");
    expect_same(number, "some(1)");
    EXPECT_EQ(again(number, "1"), "some(1)");
    for (const char* text : { "none", "some(none)", "some(some(1))" })
        expect_same(nested, text);
    EXPECT_EQ(again(nested, "some(1)"), "some(some(1))");
    EXPECT_EQ(again(nested, "1"), "0: expected none or some(...), found \"1\"");
    EXPECT_EQ(again(number, "some"), "4: expected \"(\" and the payload of \"some\", found the end");
    EXPECT_EQ(again(number, "none(1)"), "4: case \"none\" has no payload");
    expect_same(option(add(EnumType { { "none" } })), "some(%none)");
    EXPECT_EQ(again(option(add(EnumType { { "none" } })), "%none"), "some(%none)");

    const ValType both = add(ResultType { U8, String }), neither = add(ResultType {});
    for (const char* text : { "ok(1)", R"(err("oops"))" })
        expect_same(both, text);
    EXPECT_EQ(again(both, "7"), "ok(7)");
    for (const char* text : { "ok", "err" })
        expect_same(neither, text);
    EXPECT_EQ(again(neither, "ok(1)"), "2: case \"ok\" has no payload");
    EXPECT_EQ(again(neither, "1"), "0: expected ok or err, found \"1\"");
    EXPECT_EQ(again(both, "ok"), "2: expected \"(\" and the payload of \"ok\", found the end");
    EXPECT_EQ(again(add(ResultType { number, {} }), "1"), "0: expected ok or err, found \"1\"");
}

TEST_F(WaveTest, Flags)
{
    const ValType flags = add(FlagsType { { "read", "write", "true" } });
    for (const char* text : { "{}", "{read}", "{read, write, true}" })
        expect_same(flags, text);
    EXPECT_EQ(again(flags, "{ %true , read, }"), "{read, true}");
    EXPECT_EQ(again(flags, "{read, read}"), "7: flag \"read\" is given twice");
    EXPECT_EQ(
        again(flags, "{exec}"), "1: there is no flag \"exec\", expected \"read\", \"write\" or \"true\"");
    EXPECT_EQ(again(flags, "{,}"), "1: expected a flag: \"read\", \"write\" or \"true\", found \",\"");
    std::vector<std::string> names;
    for (int i = 0; i < 32; ++i)
        names.push_back("f" + std::to_string(i));
    const ValType all = add(FlagsType { { names.begin(), names.end() } });
    expect_same(all, "{f0, f31}");
}

TEST_F(WaveTest, ResourcesHaveATextThatCannotBeParsed)
{
    const auto held = std::make_shared<HeldResource>(HeldResource { .rep = 7 });
    for (const bool is_own : { true, false }) {
        const Shape& shape = shapes_.of(handle(is_own));
        EXPECT_EQ(to_wave(Value { .bits = 0, .content = held }, shape),
            is_own ? "<own resource 7>" : "<borrow resource 7>");
        EXPECT_EQ(again(shape.type, "7"), "0: a resource cannot be written as text");
    }
    EXPECT_EQ(again(add(StreamType {}), "1"), "0: a stream cannot be written as text");
    EXPECT_EQ(again(add(FutureType {}), "1"), "0: a future cannot be written as text");
    EXPECT_EQ(again(ErrorContext, "1"), "0: an error context cannot be written as text");
}

TEST_F(WaveTest, BlanksAndComments)
{
    EXPECT_EQ(again(list(U8), "// a list\n[ // begins\n 1, // one\r\n\t2 // two\n] // ends"), "[1, 2]");
    EXPECT_EQ(again(U8, "1 2"), "2: unexpected text after the value: \"2\"");
    EXPECT_EQ(again(U8, "// 1"), "4: expected an integer (u8), found the end");
    EXPECT_EQ(again(U8, ""), "0: expected an integer (u8), found the end");
    EXPECT_EQ(again(U8, "\xff"), "0: expected an integer (u8), found \"\\ff\"");
    EXPECT_EQ(again(U8, "/"), "0: expected an integer (u8), found \"/\"");
}

// -- Limits

TEST_F(WaveTest, LongValuesAreCut)
{
    const auto text = [&](ValType type, std::string_view value, const WaveOptions& options) {
        return to_wave(*parse_wave(value, shapes_.of(type)), shapes_.of(type), options);
    };
    EXPECT_EQ(text(list(U8), "[1, 2, 3]", { .elements = 3 }), "[1, 2, 3]");
    EXPECT_EQ(text(list(U8), "[1, 2, 3]", { .elements = 2 }), "[1, 2, ...]");
    EXPECT_EQ(text(list(U8), "[1, 2, 3]", { .elements = 0 }), "[...]");
    EXPECT_EQ(text(list(String), R"(["a", "b"])", { .elements = 1 }), R"(["a", ...])");
    EXPECT_EQ(text(String, R"("é☃x")", { .elements = 2 }), R"("é☃"...)");
    EXPECT_EQ(text(String, R"("é☃x")", { .elements = 3 }), R"("é☃x")");
    EXPECT_EQ(text(String, R"("é☃x")", { .bytes = 4 }), "\"é...") << "between characters";
    EXPECT_EQ(text(list(U8), "[1, 2, 3]", { .bytes = 9 }), "[1, 2, 3]");
    EXPECT_EQ(text(list(U8), "[1, 2, 3]", { .bytes = 5 }), "[1, 2...");
    EXPECT_EQ(text(add(TupleType { { U8, U8 } }), "(1, 2)", { .bytes = 0 }), "...");

    // The time depends on the limit, not on the value.
    Value large { .bits = 0, .content = std::vector<std::byte>(100'000'000) };
    EXPECT_EQ(to_wave(large, shapes_.of(list(U8)), { .bytes = 4 }), "[0, ...");
}

TEST_F(WaveTest, NestingIsThatOfTheType)
{
    ValType type = U8;
    std::string text = "1";
    for (uint32_t depth = 1; depth < limits::type_depth; ++depth) {
        type = list(type);
        text = "[" + text + "]";
    }
    expect_same(type, text);
    EXPECT_EQ(again(type, std::string(1'000'000, '[')).substr(0, 4), "99: ");
    EXPECT_EQ(again(String, std::string(1'000'000, '[')).substr(0, 3), "0: ");
}

TEST_F(WaveTest, ManyFieldsAndCasesTakeLinearTime)
{
    std::vector<std::string> names;
    for (uint32_t i = 0; i < limits::fields; ++i)
        names.push_back("f" + std::to_string(i));
    std::vector<Field> fields, optional;
    for (const std::string& name : names) {
        fields.push_back({ name, U8 });
        optional.push_back({ name, option(U8) });
    }
    std::string text = "{";
    for (size_t i = names.size(); i-- > 0;)
        text += names[i] + ": 1, ";
    const ValType record = add(RecordType { fields });
    EXPECT_EQ(again(record, text + "}").size(), text.size() - 1);

    // The last of many cases, many times.
    const ValType cases = list(add(EnumType { { names.begin(), names.end() } }));
    text = "[";
    for (int i = 0; i < 100'000; ++i)
        text += "f9999, ";
    EXPECT_EQ(again(cases, text + "]").size(), text.size() - 1);

    // Short texts cannot ask for very large values.
    const ValType many = list(add(RecordType { optional }));
    text = "[";
    for (int i = 0; i < 1000; ++i)
        text += "{:}, ";
    EXPECT_EQ(again(many, text + "]"), "501: more than 1000000 fields are omitted");
}

// -- Calls

TEST_F(WaveTest, Calls)
{
    const FuncShape& greet = func({ { "name", String }, { "times", option(U8) }, { "loud", option(Bool) } });
    EXPECT_EQ(arguments(greet, R"(greet("x"))"), R"(greet "x" none none)");
    EXPECT_EQ(arguments(greet, R"( ops.greet ( "x", 2, ) // call)"), R"(ops.greet "x" some(2) none)");
    EXPECT_EQ(arguments(greet, R"(test:calc/ops@0.1.0#greet("(", none, some(true)))"),
        R"(test:calc/ops@0.1.0#greet "(" none some(true))");
    EXPECT_EQ(arguments(greet, "greet()"), "6: argument \"name\" is missing");
    EXPECT_EQ(arguments(greet, "greet(1)"), "6: expected a string in double quotes, found \"1\"");
    EXPECT_EQ(arguments(greet, R"(greet("x", 1, true, 4))"), "20: too many arguments: the function takes 3");
    EXPECT_EQ(arguments(greet, R"(greet("x" 1))"), "10: expected \",\" or \")\", found \"1\"");
    EXPECT_EQ(arguments(greet, R"(greet("x")"), "9: expected \")\", found the end");
    EXPECT_EQ(arguments(greet, R"(greet("x"), 1)"), "10: unexpected text after the call: \",\"");
    EXPECT_EQ(arguments(greet, "greet"), "5: expected \"(\" and arguments after the name of the function");
    EXPECT_EQ(arguments(greet, " (1)"), "1: expected the name of a function");
    EXPECT_EQ(arguments(greet, ""), "0: expected the name of a function");

    const FuncShape& nullary = func({});
    EXPECT_EQ(arguments(nullary, "f()"), "f");
    EXPECT_EQ(arguments(nullary, "f(1)"), "2: too many arguments: the function takes none");
    EXPECT_EQ(arguments(nullary, "f(,)"), "2: too many arguments: the function takes none");
}

} // namespace
} // namespace vitrine::core::component::test
