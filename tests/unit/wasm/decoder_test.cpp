// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/decoder.h"

#include "support/module_builder.h"
#include "support/wat.h"

#include <gtest/gtest.h>

namespace vitrine::core::test {
namespace {

std::unique_ptr<Module> decoded(const ByteVector& bytes)
{
    auto module = decode_module(bytes);
    EXPECT_TRUE(module.has_value()) << module.error().to_text();
    return std::move(*module);
}

// -- What is kept

TEST(Decoder, TheSmallestModuleIsAHeader)
{
    const auto module = decoded(module_with({}));
    EXPECT_EQ(module->bytes().size(), 8u);
    EXPECT_TRUE(module->sections.empty());
}

TEST(Decoder, EveryItemKnowsItsOffset)
{
    const ByteVector bytes = module_with({
        section(1, hex_bytes("02 60 00 00 60 01 7f 01 7e")), // at 0x08
        section(2, hex_bytes("01 01 61 01 62 00 01")),       // at 0x13
        section(3, hex_bytes("01 00")),                      // at 0x1c
        section(4, hex_bytes("01 70 01 02 03")),             // at 0x20
        section(5, hex_bytes("01 00 01")),                   // at 0x27
        section(13, hex_bytes("01 00 00")),                  // at 0x2c
        section(6, hex_bytes("01 7f 01 41 2a 0b")),          // at 0x31
        section(7, hex_bytes("01 01 65 00 01")),             // at 0x39
        section(8, hex_bytes("01")),                         // at 0x40
        section(9, hex_bytes("01 00 41 00 0b 01 01")),       // at 0x43
        section(12, hex_bytes("01")),                        // at 0x4c
        section(10, hex_bytes("01 05 01 02 7f 01 0b")),      // at 0x4f
        section(11, hex_bytes("01 00 41 01 0b 02 68 69")),   // at 0x58
        custom_section("x", hex_bytes("aa bb")),             // at 0x62
    });
    const auto module = decoded(bytes);
    ASSERT_EQ(module->types.size(), 2u);
    EXPECT_EQ(module->types[{ 0 }].offset, 0x0bu);
    EXPECT_EQ(module->types[{ 1 }].offset, 0x0eu);
    EXPECT_EQ(*module->types[{ 1 }].func(), (FuncType { { ValueType::i32 }, { ValueType::i64 } }));
    EXPECT_EQ(module->imports.at(0).offset, 0x16u);
    EXPECT_EQ(module->functions[{ 0 }].offset, 0x16u);
    EXPECT_EQ(module->functions[{ 0 }].type.value, 1u);
    EXPECT_EQ(module->functions[{ 1 }].offset, 0x1fu);
    EXPECT_EQ(module->tables[{ 0 }].offset, 0x23u);
    EXPECT_EQ(module->tables[{ 0 }].type, (TableType { ValueType::funcref, { .min = 2, .max = 3 } }));
    EXPECT_EQ(module->memories[{ 0 }].offset, 0x2au);
    EXPECT_EQ(module->memories[{ 0 }].type.limits, (Limits { .min = 1 }));
    EXPECT_EQ(module->tags[{ 0 }].offset, 0x2fu);
    EXPECT_EQ(module->globals[{ 0 }].offset, 0x34u);
    EXPECT_EQ(module->globals[{ 0 }].type, (GlobalType { ValueType::i32, true }));
    EXPECT_EQ(module->globals[{ 0 }].init.offset, 0x36u);
    EXPECT_EQ(module->globals[{ 0 }].init.size, 3u);
    EXPECT_EQ(module->exports.at(0).offset, 0x3cu);
    EXPECT_EQ(module->start, FuncIndex { 1 });
    EXPECT_EQ(module->start_offset, 0x42u);
    EXPECT_EQ(module->elems.at(0).offset, 0x46u);
    EXPECT_EQ(module->data_count, 1u);
    EXPECT_EQ(module->bodies.at(0).body_offset, 0x53u);
    EXPECT_EQ(module->bodies.at(0).code_offset, 0x56u);
    EXPECT_EQ(module->bodies.at(0).end_offset, 0x58u);
    EXPECT_EQ(module->datas.at(0).offset, 0x5bu);
    EXPECT_EQ(text_of(module->datas.at(0).bytes), "hi");
    EXPECT_EQ(module->customs.at(0).name, "x");
    EXPECT_EQ(module->customs.at(0).offset, 0x66u);
    EXPECT_EQ(module->customs.at(0).bytes.size(), 2u);
    ASSERT_EQ(module->sections.size(), 14u);
    EXPECT_EQ(module->sections[5].id, 13);
    EXPECT_EQ(module->sections[5].offset, 0x2eu);
    EXPECT_EQ(module->sections[5].size, 3u);
}

TEST(Decoder, CustomSectionsMayStandAnywhereAndAgain)
{
    const ByteVector custom = custom_section("same", {});
    const auto module =
        decoded(module_with({ custom, section(1, hex_bytes("00")), custom, section(3, hex_bytes("00")) }));
    EXPECT_EQ(module->customs.size(), 2u);
}

TEST(Decoder, RecursionGroupsSubtypesAndFields)
{
    const auto module = decoded(wasm_of(R"((module
        (type $f (func (param (ref null $f))))
        (rec (type $base (sub (struct (field i8) (field (mut (ref null $next))))))
             (type $next (sub final $base (struct (field i8) (field (mut (ref null $next))) (field i64)))))
        (type (array (mut i16)))))"));
    ASSERT_EQ(module->types.size(), 4u);
    const SubType &base = module->types[{ 1 }], &next = module->types[{ 2 }];
    EXPECT_EQ(base.group_start, 1u);
    EXPECT_EQ(base.group_size, 2u);
    EXPECT_FALSE(base.is_final);
    EXPECT_EQ(base.supertype, std::nullopt);
    EXPECT_TRUE(next.is_final);
    EXPECT_EQ(next.supertype, 1u);
    const auto& fields = std::get<StructType>(base.composite).fields;
    EXPECT_EQ(fields.at(0), (FieldType { ValueType::i32, 1, false }));
    EXPECT_EQ(fields.at(1), (FieldType { ValueType::ref(HeapKind::Defined, true, 2), 0, true }));
    EXPECT_EQ(
        std::get<ArrayType>(module->types[{ 3 }].composite).element, (FieldType { ValueType::i32, 2, true }));
    EXPECT_EQ(module->types[{ 3 }].group_start, 3u);
    EXPECT_TRUE(module->types[{ 0 }].is_final);
}

TEST(Decoder, LimitsInAllTheirForms)
{
    const auto module = decoded(wasm_of(R"((module
        (memory 1) (memory 1 2) (memory i64 3 4) (memory 1 2 shared) (memory i64 1 0x1000000000000 shared)
        (table i64 5 funcref) (table 0 0 externref)))"));
    EXPECT_EQ(module->memories[{ 1 }].type.limits, (Limits { 1, 2, false, false }));
    EXPECT_EQ(module->memories[{ 2 }].type.limits, (Limits { 3, 4, true, false }));
    EXPECT_EQ(module->memories[{ 3 }].type.limits, (Limits { 1, 2, false, true }));
    EXPECT_EQ(module->memories[{ 4 }].type.limits, (Limits { 1, 0x1000000000000, true, true }));
    EXPECT_EQ(module->tables[{ 0 }].type.limits, (Limits { 5, {}, true, false }));
    EXPECT_EQ(module->tables[{ 1 }].type.element, ValueType::externref);
}

TEST(Decoder, ATableMayHaveAnInitialiser)
{
    const auto module = decoded(module_with({ section(4, hex_bytes("01 40 00 64 70 00 01 d2 00 0b")) }));
    ASSERT_TRUE(module->tables[{ 0 }].init.has_value());
    EXPECT_EQ(module->tables[{ 0 }].type.element, ValueType::ref(HeapKind::Func, false));
    EXPECT_EQ(module->tables[{ 0 }].init->offset, 0x11u);
    EXPECT_EQ(module->tables[{ 0 }].init->size, 3u);
}

TEST(Decoder, ElementSegmentsInAllEightForms)
{
    const auto module = decoded(module_with({ section(9,
        {
            hex_bytes("00 41 00 0b 01 00"),
            hex_bytes("01 00 02 00 01"),
            hex_bytes("02 01 41 00 0b 00 00"),
            hex_bytes("03 00 01 02"),
            hex_bytes("04 41 00 0b 01 d2 00 0b"),
            hex_bytes("05 6f 02 d0 6f 0b d0 6f 0b"),
            hex_bytes("06 02 41 00 0b 64 70 01 d2 00 0b"),
            hex_bytes("07 70 00"),
        }) }));
    using enum SegmentMode;
    const ValueType func = ValueType::ref(HeapKind::Func, false);
    const struct {
        SegmentMode mode;
        uint32_t table;
        ValueType type;
        uint32_t size;
        bool has_exprs;
    } expected[] = {
        { Active, 0, func, 1, false },
        { Passive, 0, func, 2, false },
        { Active, 1, func, 0, false },
        { Declarative, 0, func, 1, false },
        { Active, 0, ValueType::funcref, 1, true },
        { Passive, 0, ValueType::externref, 2, true },
        { Active, 2, func, 1, true },
        { Declarative, 0, ValueType::funcref, 0, true },
    };
    ASSERT_EQ(module->elems.size(), std::size(expected));
    for (size_t i = 0; i < std::size(expected); ++i) {
        const ElemSegment& elem = module->elems[i];
        EXPECT_EQ(elem.mode, expected[i].mode) << i;
        EXPECT_EQ(elem.table.value, expected[i].table) << i;
        EXPECT_EQ(elem.type, expected[i].type) << i;
        EXPECT_EQ(elem.size(), expected[i].size) << i;
        EXPECT_EQ(elem.items.index() == 1, expected[i].has_exprs) << i;
        EXPECT_EQ(elem.start.size, elem.mode == Active ? 3u : 0u) << i;
    }
}

TEST(Decoder, DataSegmentsInAllForms)
{
    const auto module = decoded(module_with({ section(
        11, { hex_bytes("00 41 00 0b 01 61"), hex_bytes("01 02 62 63"), hex_bytes("02 03 41 00 0b 00") }) }));
    EXPECT_EQ(module->datas.at(0).mode, SegmentMode::Active);
    EXPECT_EQ(text_of(module->datas.at(1).bytes), "bc");
    EXPECT_EQ(module->datas.at(1).mode, SegmentMode::Passive);
    EXPECT_EQ(module->datas.at(2).memory.value, 3u);
    EXPECT_TRUE(module->datas.at(2).bytes.empty());
}

TEST(Decoder, ImportsOfEveryKind)
{
    const auto module = decoded(wasm_of(R"((module
        (import "m" "f" (func (param i32))) (import "m" "t" (table 1 funcref)) (import "m" "n" (memory 1))
        (import "m" "g" (global (mut i64))) (import "m" "e" (tag (param i32))) (import "m" "h" (func))))"));
    ASSERT_EQ(module->imports.size(), 6u);
    EXPECT_EQ(module->imports[3].kind, ExternKind::Global);
    EXPECT_EQ(module->imports[5].index, 1u);
    EXPECT_EQ(module->globals[{ 0 }].init.size, 0u);
    EXPECT_TRUE(module->globals[{ 0 }].type.is_mutable);
    EXPECT_EQ(module->tags[{ 0 }].type, module->functions[{ 0 }].type);
}

TEST(Decoder, AConstantExpressionEndsWhereItsBlocksAreClosed)
{
    // Invalid, but well formed: the ends of the blocks do not end the expression.
    const auto module =
        decoded(module_with({ section(6, hex_bytes("01 7f 00 02 40 0b 1f 40 00 0b 41 00 0b")) }));
    EXPECT_EQ(module->globals[{ 0 }].init.size, 10u);
}

// -- What is refused

struct BadModule {
    const char* hex; ///< after the header
    const char* message;
    uint64_t offset;
};

void expect_errors(std::initializer_list<BadModule> table)
{
    for (const auto& [hex, message, offset] : table) {
        const auto module = decode_module(module_with({ hex_bytes(hex) }));
        ASSERT_FALSE(module.has_value()) << hex << ": " << message;
        EXPECT_EQ(module.error().message, message) << hex;
        EXPECT_EQ(module.error().offset, offset) << hex << ": " << message;
    }
}

TEST(DecoderErrors, Header)
{
    const struct {
        const char* hex;
        const char* message;
        uint64_t offset;
    } table[] = {
        { "", "unexpected end of section or function", 0 },
        { "00 61 73", "unexpected end of section or function", 0 },
        { "00 61 73 6e", "magic header not detected", 0 },
        { "00 61 73 6d 01 00 00", "unexpected end of section or function", 4 },
        { "00 61 73 6d 02 00 00 00", "unknown binary version", 4 },
        { "00 61 73 6d 0d 00 00 00", "unknown binary version", 4 },
        { "00 61 73 6d 0a 00 01 00", "unknown binary version of a component", 4 },
        { "00 61 73 6d 0d 00 01 00", "unknown binary version: this is a component, not a core module", 4 },
    };
    for (const auto& [hex, message, offset] : table) {
        const auto module = decode_module(hex_bytes(hex));
        ASSERT_FALSE(module.has_value()) << hex;
        EXPECT_EQ(module.error().message, message) << hex;
        EXPECT_EQ(module.error().offset, offset) << hex;
    }
}

TEST(DecoderErrors, Sections)
{
    expect_errors({
        { "0e 01 00", "malformed section id", 8 },
        { "ff 01 00", "malformed section id", 8 },
        { "01", "unexpected end of section or function", 9 },
        { "01 05 00", "length out of bounds", 9 },
        { "01 80 80 80 80 80 00", "integer representation too long", 9 },
        { "01 ff ff ff ff 1f", "integer too large", 9 },
        { "01 02 00 00", "section size mismatch", 11 },
        { "01 03 01 60 00 00", "section size mismatch", 13 },
        { "01 01 00 01 01 00", "unexpected content after last section", 11 },
        { "03 01 00 01 01 00", "unexpected content after last section", 11 },
        { "06 01 00 0d 01 00", "unexpected content after last section", 11 },
        { "0d 01 00 05 01 00", "unexpected content after last section", 11 },
        { "0a 01 00 0c 01 00", "unexpected content after last section", 11 },
        { "0c 01 00 09 01 00", "unexpected content after last section", 11 },
        { "00 00", "unexpected end of section or function", 10 },
        { "00 02 05 61", "length out of bounds", 10 },
        { "00 02 01 ff", "malformed UTF-8 encoding", 11 },
        { "01 04 01 60 00 00 03 02 01 00", "function and code section have inconsistent lengths", 18 },
        { "0a 04 01 02 00 0b", "function and code section have inconsistent lengths", 14 },
        { "0c 01 01", "data count and data section have inconsistent lengths", 11 },
        { "0c 01 00 0b 03 01 01 00", "data count and data section have inconsistent lengths", 16 },
    });
}

TEST(DecoderErrors, Types)
{
    expect_errors({
        { "01 02 01 61", "malformed definition type", 11 },
        { "01 05 01 e0 7f 00 00", "integer representation too long", 11 },
        { "01 04 01 60 01 7a", "malformed value type", 13 },
        { "01 05 01 60 01 64 41", "malformed heap type", 14 },
        { "01 04 01 5e 78 02", "malformed mutability", 13 },
        { "01 07 01 50 02 00 00 60 00 00", "sub type with more than one super type", 12 },
        { "01 01 05", "unexpected end of section or function", 10 },
    });
}

TEST(DecoderErrors, ImportsAndExports)
{
    expect_errors({
        { "02 04 01 00 00 05", "malformed import kind", 13 },
        { "02 05 01 01 ff 00 00", "malformed UTF-8 encoding", 12 },
        { "02 06 01 00 00 04 01 00", "malformed tag attribute", 14 },
        { "02 06 01 00 00 03 7f 02", "malformed mutability", 15 },
        { "07 04 01 00 05 00", "malformed export kind", 12 },
        { "07 06 02 02 66 31 00 00", "unexpected end of section or function", 16 },
    });
}

TEST(DecoderErrors, Declarations)
{
    expect_errors({
        { "04 04 01 7f 00 00", "malformed reference type", 11 },
        { "04 04 01 70 08 00", "malformed limits flags", 12 },
        { "04 04 01 70 02 00", "malformed limits flags", 12 },
        { "04 03 01 40 01", "zero byte expected", 12 },
        { "05 03 01 10 00", "malformed limits flags", 11 },
        { "05 03 01 08 00", "malformed limits flags", 11 },
        { "05 07 01 00 82 80 80 80 80 80 80 80 80 70", "integer too large", 12 },
        { "05 01 01", "unexpected end of section or function", 10 },
        { "0d 03 01 01 00", "malformed tag attribute", 11 },
        { "06 06 01 7f 02 41 00 0b", "malformed mutability", 12 },
        { "06 05 01 7f 00 41 00", "unexpected end of section or function", 15 },
        { "06 05 01 7f 00 ff 0b", "illegal opcode ff", 13 },
    });
}

TEST(DecoderErrors, Segments)
{
    expect_errors({
        { "09 02 01 08", "malformed elements segment kind", 11 },
        { "09 04 01 01 01 00", "malformed element kind", 12 },
        { "09 04 01 05 7f 00", "malformed reference type", 12 },
        { "0b 02 01 03", "malformed data segment kind", 11 },
        { "0b 04 01 01 05 61", "unexpected end of section or function", 13 },
    });
}

TEST(DecoderErrors, Code)
{
    expect_errors({
        { "0a 03 01 05 00", "length out of bounds", 11 },
        { "0a 05 01 03 01 01 7a", "malformed value type", 14 },
        { "0a 08 01 06 01 ff ff ff ff 0f", "too many locals: the limit is 50000", 13 },
        { "0a 0a 01 08 02 a8 c3 01 7f a9 c3 01 7f", "too many locals: the limit is 50000", 17 },
        { "0a 07 01 01 02 01 7f 01 7f", "section size mismatch", 13 },
    });
}

// -- Limits: each is accepted, one more is refused

ByteVector repeated(uint32_t times, const ByteVector& item)
{
    ByteWriter out;
    out.leb(times);
    for (uint32_t i = 0; i < times; ++i)
        out.append(item);
    return out.bytes();
}

struct Limit {
    const char* message;
    uint32_t limit;
    ByteVector (*section_with)(uint32_t);
};

TEST(DecoderErrors, LimitsAreNamed)
{
    const Limit table[] = {
        { "too many types", limits::items,
            [](uint32_t count) { return section(1, repeated(count, hex_bytes("5f 00"))); } },
        { "too many types", limits::items,
            [](uint32_t count) {
                return section(1, joined({ hex_bytes("01 4e"), repeated(count, hex_bytes("5f 00")) }));
            } },
        { "too many parameters", limits::params,
            [](uint32_t count) {
                return section(
                    1, joined({ hex_bytes("01 60"), repeated(count, hex_bytes("7f")), hex_bytes("00") }));
            } },
        { "too many results", limits::params,
            [](uint32_t count) {
                return section(1, joined({ hex_bytes("01 60 00"), repeated(count, hex_bytes("7f")) }));
            } },
        { "too many fields", limits::fields,
            [](uint32_t count) {
                return section(1, joined({ hex_bytes("01 5f"), repeated(count, hex_bytes("7f 00")) }));
            } },
        { "too many imports", limits::items,
            [](uint32_t count) { return section(2, repeated(count, hex_bytes("00 00 00 00"))); } },
        { "too many exports", limits::items,
            [](uint32_t count) { return section(7, repeated(count, hex_bytes("00 00 00"))); } },
        { "too many memories", limits::items,
            [](uint32_t count) { return section(5, repeated(count, hex_bytes("00 00"))); } },
        { "too many data segments", limits::items,
            [](uint32_t count) { return section(11, repeated(count, hex_bytes("01 00"))); } },
        { "too many elements of a segment", limits::segment_items,
            [](uint32_t count) {
                return section(9, joined({ hex_bytes("01 01 00"), repeated(count, hex_bytes("00")) }));
            } },
    };
    for (const auto& [message, limit, section_with] : table) {
        const auto good = decode_module(module_with({ section_with(limit) }));
        EXPECT_TRUE(good.has_value()) << message << ": " << good.error().to_text();
        const auto bad = decode_module(module_with({ section_with(limit + 1) }));
        ASSERT_FALSE(bad.has_value()) << message;
        EXPECT_EQ(bad.error().message, std::string(message) + ": the limit is " + std::to_string(limit));
        EXPECT_TRUE(bad.error().offset.has_value());
    }
}

TEST(DecoderErrors, ImportsCountTowardsAnIndexSpace)
{
    const ByteVector types = section(1, hex_bytes("01 60 00 00"));
    const ByteVector imports = section(2, hex_bytes("01 00 00 00 00"));
    const auto module =
        decode_module(module_with({ types, imports, section(3, repeated(limits::items, hex_bytes("00"))) }));
    ASSERT_FALSE(module.has_value());
    EXPECT_EQ(module.error().message, "too many functions: the limit is 999999");
}

TEST(DecoderErrors, ABodyHasALimit)
{
    const auto module_of_body = [](size_t size) {
        return module_with_code(ByteVector(size - 1, 0x01)); // after the byte for no locals
    };
    EXPECT_TRUE(decode_module(module_of_body(limits::body_bytes)).has_value());
    const auto bad = decode_module(module_of_body(limits::body_bytes + 1));
    ASSERT_FALSE(bad.has_value());
    EXPECT_EQ(bad.error().message, "function body too large: the limit is 7654321");
}

} // namespace
} // namespace vitrine::core::test
