// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/validator.h"

#include "base/bytes.h"
#include "base/text.h"
#include "support/module_builder.h"
#include "support/wat.h"
#include "wasm/body_validator.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace vitrine::core::test {
namespace {

/// `valid`, or why the module is refused and where.
std::string verdict(ByteVector bytes, FeatureSet features = {})
{
    TypeRegistry types;
    const auto module = load_module(std::move(bytes), types, features);
    return module ? "valid" : module.error().to_text();
}

std::string verdict(const char* wat) { return verdict(wasm_of(wat)); }

/// Like `section`, but also for a single item, which could be mistaken for its bytes.
ByteVector vector_section(uint8_t id, const std::vector<ByteVector>& items) { return section(id, items); }

struct Case {
    const char* wat;
    const char* verdict;
};

void expect_verdicts(std::initializer_list<Case> cases)
{
    for (const Case& each : cases)
        EXPECT_EQ(verdict(each.wat), each.verdict) << each.wat;
}

// -- Operands and blocks

TEST(Validator, OperandsOfTheWrongType)
{
    expect_verdicts({
        { "(module (func f32.const 0 i32.const 0 i32.add drop))",
            "type mismatch: instruction requires [i32 i32] but stack has [f32 i32] in i32.add (at offset "
            "0x1e)" },
        { "(module (func i32.const 0 i32.add drop))",
            "type mismatch: instruction requires [i32 i32] but stack has [i32] in i32.add (at offset 0x19)" },
        { "(module (func i64.const 1 drop drop))",
            "type mismatch: instruction requires a value but stack has [] in drop (at offset 0x1a)" },
        { "(module (func (param i32) f64.const 1 local.set 0))",
            "type mismatch: instruction requires [i32] but stack has [f64] in local.set (at offset 0x21)" },
        { "(module (func (param i32) local.tee 0 drop))",
            "type mismatch: instruction requires [i32] but stack has [] in local.tee (at offset 0x18)" },
        { "(module (global (mut i64) (i64.const 0)) (func i32.const 1 global.set 0))",
            "type mismatch: instruction requires [i64] but stack has [i32] in global.set (at offset 0x21)" },
        { "(module (func (param i32 i64)) (func i64.const 1 i32.const 2 call 0))",
            "type mismatch: instruction requires [i32 i64] but stack has [i64 i32] in call (at offset "
            "0x24)" },
        { "(module (func i32.const 1 ref.is_null drop))",
            "type mismatch: instruction requires a reference but stack has [i32] in ref.is_null (at offset "
            "0x19)" },
        { "(module (memory 1) (func i64.const 0 i32.load drop))",
            "type mismatch: instruction requires [i32] but stack has [i64] in i32.load (at offset 0x1e)" },
        { "(module (memory 1) (func f32.const 0 memory.grow drop))",
            "type mismatch: instruction requires [i32] but stack has [f32] in memory.grow (at offset 0x21)" },
        { "(module (memory 1) (func i32.const 0 i64.const 0 i32.const 0 memory.fill))",
            "type mismatch: instruction requires [i32 i32 i32] but stack has [i32 i64 i32] in memory.fill "
            "(at offset 0x22)" },
        { "(module (table 1 funcref) (func i32.const 0 ref.null extern table.set 0))",
            "type mismatch: instruction requires [i32 funcref] but stack has [i32 externref] in table.set "
            "(at offset 0x21)" },
    });
}

TEST(Validator, Select)
{
    expect_verdicts({
        { "(module (func i32.const 0 i64.const 0 i32.const 1 select drop))",
            "type mismatch: instruction requires two numbers of the same type but stack has [i32 i64] in "
            "select "
            "(at offset 0x1d)" },
        { "(module (func ref.null func ref.null func i32.const 1 select drop))",
            "type mismatch: instruction requires two numbers of the same type but stack has [funcref "
            "funcref] in "
            "select (at offset "
            "0x1d)" },
        { "(module (func i32.const 0 i32.const 1 select drop))",
            "type mismatch: instruction requires a value but stack has [] in select (at offset 0x1b)" },
        { "(module (func i32.const 0 i32.const 0 i32.const 1 select (result i64) drop))",
            "type mismatch: instruction requires [i64 i64 i32] but stack has [i32 i32 i32] in select (at "
            "offset 0x1d)" },
        { "(module (func i32.const 0 i32.const 0 i32.const 1 select (result i32 i32) drop))",
            "invalid result arity (at offset 0x1d)" },
        { "(module (func ref.null func ref.null func i32.const 1 select (result funcref) drop))", "valid" },
        { "(module (func unreachable select drop))", "valid" },
        { "(module (func unreachable f32.const 1 i32.const 1 select f32.neg drop))", "valid" },
        { "(module (func unreachable f32.const 1 i32.const 1 select i32.clz drop))",
            "type mismatch: instruction requires [i32] but stack has [f32] in i32.clz (at offset 0x20)" },
    });
}

TEST(Validator, Blocks)
{
    expect_verdicts({
        { "(module (func (result i32)))",
            "type mismatch: instruction requires [i32] but stack has [] in end (at offset 0x18)" },
        { "(module (func i32.const 1 i64.const 2))",
            "type mismatch: block requires [] but stack has [i32 i64] in end (at offset 0x1b)" },
        { "(module (func block (result f32) i32.const 1 end drop))",
            "type mismatch: instruction requires [f32] but stack has [i32] in end (at offset 0x1b)" },
        { "(module (func block i32.const 1 end))",
            "type mismatch: block requires [] but stack has [i32] in end (at offset 0x1b)" },
        { "(module (func i32.const 1 block (param i64) drop end))",
            "type mismatch: instruction requires [i64] but stack has [i32] in block (at offset 0x1d)" },
        { "(module (func i64.const 1 if end))",
            "type mismatch: instruction requires [i32] but stack has [i64] in if (at offset 0x19)" },
        { "(module (func i32.const 1 if (result i32) i32.const 1 else i64.const 1 end drop))",
            "type mismatch: instruction requires [i32] but stack has [i64] in end (at offset 0x20)" },
        { "(module (func i32.const 1 if (result i32) i64.const 1 else i32.const 1 end drop))",
            "type mismatch: instruction requires [i32] but stack has [i64] in else (at offset 0x1d)" },
        { "(module (func i32.const 1 if (result i32) i32.const 1 end drop))",
            "type mismatch in if without else: expected [i32], got [] (at offset 0x1d)" },
        { "(module (func i32.const 1 i32.const 1 if (param i32) (result i32) end drop))", "valid" },
        { "(module (func unreachable i32.const 1 i64.const 2))",
            "type mismatch: block requires [] but stack has [i32 i64] in end (at offset 0x1c)" },
    });
}

TEST(Validator, Branches)
{
    expect_verdicts({
        { "(module (func br 1))", "unknown label 1 (at offset 0x17)" },
        { "(module (func i32.const 0 br_if 2))", "unknown label 2 (at offset 0x19)" },
        { "(module (func i32.const 0 br_table 0 0 7 0))", "unknown label 7 (at offset 0x19)" },
        { "(module (func i32.const 0 br_table 0 0 9))", "unknown label 9 (at offset 0x19)" },
        { "(module (func block (result i32) br 0 end drop))",
            "type mismatch: instruction requires [i32] but stack has [] in br (at offset 0x19)" },
        { "(module (func f32.const 1 br_if 0))",
            "type mismatch: instruction requires [i32] but stack has [f32] in br_if (at offset 0x1c)" },
        { "(module (func block (result i32) i64.const 0 i32.const 0 br_if 0 end drop))",
            "type mismatch: instruction requires [i32] but stack has [i64] in br_if (at offset 0x1d)" },
        { "(module (func block (result i32) i32.const 0 i32.const 0 br_table 0 1 end drop))",
            "type mismatch in br_table: expected [] as for the default label, got [i32] for label 0 (at "
            "offset 0x1d)" },
        { "(module (func block (result i32) i64.const 0 i32.const 0 br_table 0 0 end drop))",
            "type mismatch: instruction requires [i32] but stack has [i64] in br_table (at offset 0x1d)" },
        { "(module (func loop (param i32) br 0 end))",
            "type mismatch: instruction requires [i32] but stack has [] in loop (at offset 0x1b)" },
        { "(module (func (result i64) i32.const 1 return))",
            "type mismatch: instruction requires [i64] but stack has [i32] in return (at offset 0x1a)" },
        { "(module (func (result i64) i32.const 1 i64.const 1 return))", "valid" },
        { "(module (func (result i32) block (result i32) unreachable i32.const 0 br_table 0 1 end))",
            "valid" },
    });
}

TEST(Validator, Calls)
{
    expect_verdicts({
        { "(module (func call 3))", "unknown function 3 (at offset 0x17)" },
        { "(module (type (func)) (func i32.const 0 call_indirect (type 0)))",
            "unknown table 0 (at offset 0x19)" },
        { "(module (table 1 funcref) (func i32.const 0 call_indirect (type 5)))",
            "unknown type 5 (at offset 0x1f)" },
        { "(module (type (func)) (table 1 externref) (func i32.const 0 call_indirect (type 0)))",
            "type mismatch in call_indirect: expected a table of funcref, got externref (at offset 0x1f)" },
        { "(module (type (func)) (table 1 funcref) (func i64.const 0 call_indirect (type 0)))",
            "type mismatch: instruction requires [i32] but stack has [i64] in call_indirect (at offset "
            "0x1f)" },
        { "(module (type (func (param f32))) (table 1 funcref) (func i32.const 0 call_indirect (type 0)))",
            "type mismatch: instruction requires [f32] but stack has [] in call_indirect (at offset 0x23)" },
    });
}

TEST(Validator, UnknownNames)
{
    expect_verdicts({
        { "(module (func local.get 3 drop))", "unknown local 3 (at offset 0x17)" },
        { "(module (func (param i32) i32.const 0 local.set 1))", "unknown local 1 (at offset 0x1a)" },
        { "(module (func global.get 2 drop))", "unknown global 2 (at offset 0x17)" },
        { "(module (func i32.const 0 global.set 2))", "unknown global 2 (at offset 0x19)" },
        { "(module (global i32 (i32.const 0)) (func i32.const 0 global.set 0))",
            "immutable global 0 (at offset 0x21)" },
        { "(module (func ref.func 4 drop))", "unknown function 4 (at offset 0x17)" },
        { "(module (func ref.func 0 drop))", "undeclared function reference 0 (at offset 0x17)" },
        { "(module (func $f) (export \"f\" (func $f)) (func ref.func $f drop))", "valid" },
        { "(module (func $f) (elem declare func $f) (func ref.func $f drop))", "valid" },
        { "(module (func $f) (global funcref (ref.func $f)) (func ref.func $f drop))", "valid" },
        { "(module (func $f) (elem declare funcref (ref.func $f)) (func ref.func $f drop))", "valid" },
        { "(module (func i32.const 0 i32.load drop))", "unknown memory 0 (at offset 0x19)" },
        { "(module (memory 1) (func i32.const 0 i32.const 0 i32.store8 2))",
            "unknown memory 2 (at offset 0x20)" },
        { "(module (func memory.size drop))", "unknown memory 0 (at offset 0x17)" },
        { "(module (memory 1) (func i32.const 0 i32.const 0 i32.const 0 memory.copy 0 1))",
            "unknown memory 1 (at offset 0x22)" },
        { "(module (memory 1) (func data.drop 0))", "unknown data segment 0 (at offset 0x1f)" },
        { "(module (memory 1) (data \"a\") (func i32.const 0 i32.const 0 i32.const 0 memory.init 1))",
            "unknown data segment 1 (at offset 0x25)" },
        { "(module (func elem.drop 0))", "unknown elem segment 0 (at offset 0x17)" },
        { "(module (table 1 funcref) (func i32.const 0 i32.const 0 i32.const 0 table.init 0 1))",
            "unknown elem segment 1 (at offset 0x23)" },
        { "(module (func i32.const 0 table.get 1 drop))", "unknown table 1 (at offset 0x19)" },
        { "(module (table 1 funcref) (func i32.const 0 i32.const 0 i32.const 0 table.copy 0 1))",
            "unknown table 1 (at offset 0x23)" },
        { "(module (table 1 funcref) (table 1 externref)"
          " (func i32.const 0 i32.const 0 i32.const 0 table.copy 0 1))",
            "type mismatch in table.copy: expected elements of funcref, got externref (at offset 0x26)" },
        { "(module (table 1 externref) (elem func)"
          " (func i32.const 0 i32.const 0 i32.const 0 table.init 0 0))",
            "type mismatch in table.init: expected elements of externref, got (ref func) (at offset 0x29)" },
        { "(module (func block (type 7) end))", "unknown type 7 (at offset 0x17)" },
    });
}

TEST(Validator, MemoryAccess)
{
    expect_verdicts({
        { "(module (memory 1) (func i32.const 0 i32.load align=8 drop))",
            "alignment must not be larger than natural (at offset 0x1e)" },
        { "(module (memory 1) (func i32.const 0 i64.load8_u align=2 drop))",
            "alignment must not be larger than natural (at offset 0x1e)" },
        { "(module (memory 1) (func i32.const 0 f64.const 0 f64.store align=8))", "valid" },
        { "(module (memory 0) (memory 1) (func i32.const 0 i64.load32_u 1 offset=0xffffffff align=4 drop))",
            "valid" },
    });
    const auto load = [](std::string_view offset) {
        return verdict(module_with({ section(1, hex_bytes("01 60 00 00")), section(3, hex_bytes("01 00")),
            section(5, hex_bytes("01 00 01")),
            vector_section(10,
                { body_of(joined({ hex_bytes("41 00 28 02"), hex_bytes(offset), hex_bytes("1a 0b") })) }) }));
    };
    EXPECT_EQ(load("ff ff ff ff 0f"), "valid");
    EXPECT_EQ(load("80 80 80 80 10"), "offset out of range (at offset 0x1e)");
}

// -- Outside of bodies

TEST(Validator, Entities)
{
    expect_verdicts({
        { "(module (import \"a\" \"b\" (func (type 3))))", "unknown type 3 (at offset 0xb)" },
        { "(module (func (type 1)))", "unknown type 1 (at offset 0xb)" },
        { "(module (table 2 1 funcref))", "size minimum must not be greater than maximum (at offset 0xb)" },
        { "(module (memory 2 1))", "size minimum must not be greater than maximum (at offset 0xb)" },
        { "(module (memory 65537))", "memory size must be at most 65536 pages (4GiB) (at offset 0xb)" },
        { "(module (memory 1 65537))", "memory size must be at most 65536 pages (4GiB) (at offset 0xb)" },
        { "(module (memory 65536 65536))", "valid" },
        { "(module (import \"a\" \"m\" (memory 65537)))",
            "memory size must be at most 65536 pages (4GiB) (at offset 0xb)" },
        { "(module (memory 1 2 shared))", "valid" },
        { "(module (memory 1 shared))", "shared memory must have maximum (at offset 0xb)" },
        { "(module (tag (param i32)))", "valid" },
        { "(module (import \"a\" \"t\" (tag (param i32))))", "valid" },
        { "(module (tag (result i32)))", "non-empty tag result type (at offset 0x12)" },
        { "(module (tag (type 2)))", "unknown type 2 (at offset 0xb)" },
        { "(module (memory 0) (memory 1))", "valid" },
    });
    const auto table = [](std::string_view limits) {
        return verdict(
            module_with({ vector_section(4, { joined({ hex_bytes("70"), hex_bytes(limits) }) }) }));
    };
    EXPECT_EQ(table("00 ff ff ff ff 0f"), "valid");
    EXPECT_EQ(table("00 80 80 80 80 10"), "table size must be at most 2^32-1 (at offset 0xb)");
}

TEST(Validator, ExportsAndStart)
{
    expect_verdicts({
        { "(module (func) (export \"a\" (func 0)) (export \"b\" (func 0)))", "valid" },
        { "(module (func) (export \"a\" (func 0)) (export \"a\" (func 0)))",
            "duplicate export name \"a\" (at offset 0x19)" },
        { "(module (export \"a\" (func 1)))", "unknown function 1 (at offset 0xb)" },
        { "(module (export \"a\" (table 1)))", "unknown table 1 (at offset 0xb)" },
        { "(module (export \"a\" (memory 1)))", "unknown memory 1 (at offset 0xb)" },
        { "(module (export \"a\" (global 1)))", "unknown global 1 (at offset 0xb)" },
        { "(module (export \"a\" (tag 1)))", "unknown tag 1 (at offset 0xb)" },
        { "(module (start 0))", "unknown function 0 (at offset 0xa)" },
        { "(module (func (param i32)) (start 0))",
            "start function must have no parameters and no results (at offset 0x15)" },
        { "(module (func (result i32) i32.const 0) (start 0))",
            "start function must have no parameters and no results (at offset 0x15)" },
        { "(module (func) (start 0))", "valid" },
    });
}

TEST(Validator, ConstantExpressions)
{
    expect_verdicts({
        { "(module (global i32 (i32.add (i32.const 1) (i32.mul (i32.const 2) (i32.const 3)))))", "valid" },
        { "(module (global i32 (i64.const 1)))",
            "type mismatch: instruction requires [i32] but stack has [i64] in end (at offset 0xf)" },
        { "(module (global i32))",
            "type mismatch: instruction requires [i32] but stack has [] in end (at offset 0xd)" },
        { "(module (global i32 i32.const 1 i32.const 2))",
            "type mismatch: block requires [i32] but stack has [i32 i32] in end (at offset 0x11)" },
        { "(module (global i32 (i32.and (i32.const 1) (i32.const 2))))",
            "constant expression required, not i32.and (at offset 0x11)" },
        { "(module (global i32 i32.const 1 nop))", "constant expression required, not nop (at offset 0xf)" },
        { "(module (global i32 (global.get 0)))", "unknown global 0 (at offset 0xd)" },
        { "(module (global i32 (global.get 1)) (global i32 (i32.const 0)))",
            "unknown global 1 (at offset 0xd)" },
        { "(module (global i32 (i32.const 0)) (global i32 (global.get 0)))", "valid" },
        { "(module (global (mut i32) (i32.const 0)) (global i32 (global.get 0)))",
            "constant expression required: global 0 is mutable (at offset 0x12)" },
        { "(module (global funcref (ref.func 2)))", "unknown function 2 (at offset 0xd)" },
        { "(module (global externref (ref.null func)))",
            "type mismatch: instruction requires [externref] but stack has [funcref] in end (at offset "
            "0xf)" },
        { "(module (global i32 (i32x4.extract_lane 0 (v128.const i32x4 0 0 0 0))))",
            "constant expression required, not i32x4.extract_lane (at offset 0x1f)" },
    });
}

TEST(Validator, Segments)
{
    expect_verdicts({
        { "(module (elem (i32.const 0) func))", "unknown table 0 (at offset 0xb)" },
        { "(module (table 1 funcref) (elem (i64.const 0) func))",
            "type mismatch: instruction requires [i32] but stack has [i64] in end (at offset 0x14)" },
        { "(module (table 1 funcref) (elem (i32.const 0) func 1))", "unknown function 1 (at offset 0x11)" },
        { "(module (table 1 externref) (elem (i32.const 0) func))",
            "type mismatch: (ref func) elements for a table of externref (at offset 0x11)" },
        { "(module (elem funcref (ref.null extern)))",
            "type mismatch: instruction requires [funcref] but stack has [externref] in end (at offset "
            "0x10)" },
        { "(module (elem funcref (i32.const 1)))",
            "type mismatch: instruction requires [funcref] but stack has [i32] in end (at offset 0x10)" },
        { "(module (data (i32.const 0) \"a\"))", "unknown memory 0 (at offset 0xb)" },
        { "(module (memory 1) (data (f32.const 0) \"a\"))",
            "type mismatch: instruction requires [i32] but stack has [f32] in end (at offset 0x16)" },
        { "(module (memory 1) (data (memory 2) (i32.const 0) \"a\"))", "unknown memory 2 (at offset 0x10)" },
        { "(module (import \"a\" \"b\" (global i32)) (memory 1) (data (global.get 0) \"a\"))", "valid" },
    });
}

TEST(Validator, DataSegmentsInCodeNeedTheirCount)
{
    const auto with_count = [](ByteVector count) {
        return verdict(module_with({ section(1, hex_bytes("01 60 00 00")), section(3, hex_bytes("01 00")),
            std::move(count), vector_section(10, { body_of(hex_bytes("fc 09 00 0b")) }),
            section(11, hex_bytes("01 01 00")) }));
    };
    EXPECT_EQ(with_count(section(12, hex_bytes("01"))), "valid");
    EXPECT_EQ(with_count({}), "data count section required (at offset 0x17)");
}

// -- What text cannot express

TEST(Validator, BodiesThatEndWrongly)
{
    const auto bodies = [](const std::vector<ByteVector>& bodies, ByteVector behind = {}) {
        return verdict(module_with({ section(1, hex_bytes("01 60 00 00")),
            section(3, std::vector<ByteVector>(bodies.size(), hex_bytes("00"))), section(10, bodies),
            std::move(behind) }));
    };
    const ByteVector whole = body_of(hex_bytes("01 0b")), open = body_of(hex_bytes("01 01"));
    EXPECT_EQ(bodies({ whole, whole }), "valid");
    EXPECT_EQ(
        bodies({ open, whole }), "END opcode expected: the function body has no final end (at offset 0x1a)");
    EXPECT_EQ(bodies({ whole, open }),
        "unexpected end of section or function: the function body has no final end (at offset 0x1e)");
    EXPECT_EQ(bodies({ whole, open }, section(11, hex_bytes("00"))),
        "section size mismatch: the function body has no final end (at offset 0x1e)");
    EXPECT_EQ(bodies({ body_of(hex_bytes("0b 01")) }),
        "END opcode expected: the function body continues after its end (at offset 0x18)");
    EXPECT_EQ(verdict(module_with_code(joined({ hex_bytes("0b"), ByteVector(16, info(Op::Nop).code) }))),
        "END opcode expected: the function body continues after its end (at offset 0x18)");
    EXPECT_EQ(
        bodies({ body_of(hex_bytes("41 80")) }), "unexpected end of section or function (at offset 0x19)");
    EXPECT_EQ(bodies({ body_of(hex_bytes("05 0b")) }), "else without if (at offset 0x17)");
    EXPECT_EQ(bodies({ body_of(hex_bytes("02 40 05 0b 0b")) }), "else without if (at offset 0x19)");
    EXPECT_EQ(bodies({ body_of(hex_bytes("ff 0b")) }), "illegal opcode ff (at offset 0x17)");
}

TEST(Validator, TypesInCodeHaveALongForm)
{
    EXPECT_EQ(verdict(module_with_code(hex_bytes("02 70 d0 70 0b 1a 0b"))), "valid");
    EXPECT_EQ(verdict(module_with_code(hex_bytes("02 63 70 d0 70 0b 1a 0b"))), "valid");
    EXPECT_EQ(verdict(module_with_code(hex_bytes("d0 6f d0 6f 41 00 1c 01 6f 1a 0b"))), "valid");
    EXPECT_EQ(verdict(module_with_code(hex_bytes("d0 6f d0 6f 41 00 1c 01 63 6f 1a 0b"))), "valid");
}

// -- Every row of the table

ByteVector opcode_of(const OpInfo& row)
{
    ByteWriter out;
    if (row.is_prefixed()) {
        out.byte(row.prefix());
        out.leb(row.subcode());
    } else {
        out.byte(static_cast<uint8_t>(row.code));
    }
    return out.bytes();
}

/// Zeros are well-formed immediates of every kind.
FeatureSet all_but(Feature feature)
{
    FeatureSet features = FeatureSet::all();
    features.set(feature, false);
    return features;
}

TEST(Validator, EveryInstructionIsRefusedWhenItsFeatureIsOff)
{
    size_t refused = 0;
    for (const OpInfo& row : op_table) {
        const ByteVector code = joined({ opcode_of(row), ByteVector(16, 0), hex_bytes("0b") });
        EXPECT_EQ(verdict(module_with_code(code), all_but(row.feature)),
            std::string(info(row.feature).flag) + " is disabled: " + std::string(row.text)
                + " (at offset 0x17)");
        ++refused;
    }
    EXPECT_EQ(refused, op_table.size());
}

ByteVector constant_of(ValueKind kind)
{
    switch (kind) {
    case ValueKind::I32: return hex_bytes("41 00");
    case ValueKind::I64: return hex_bytes("42 00");
    case ValueKind::F32: return hex_bytes("43 00 00 00 00");
    case ValueKind::F64: return hex_bytes("44 00 00 00 00 00 00 00 00");
    case ValueKind::V128: return joined({ hex_bytes("fd 0c"), ByteVector(16, 0) });
    default: return {};
    }
}

/// A module with memory 0, element segment 0, data segment 0 and one function, which ends with
/// whatever is on the stack.
ByteVector module_of(const ByteVector& code)
{
    return module_with({ section(1, hex_bytes("01 60 00 00")), section(3, hex_bytes("01 00")),
        section(5, hex_bytes("01 00 01")), section(9, hex_bytes("01 01 00 00")), section(12, hex_bytes("01")),
        vector_section(10, { body_of(joined({ code, hex_bytes("0b") })) }),
        section(11, hex_bytes("01 01 00")) });
}

/// The result for a function: the same whether much code follows, which enables the validator's
/// fast path, or little.
std::string verdict_on_code(const ByteVector& code)
{
    const std::string alone = verdict(module_of(code));
    EXPECT_EQ(verdict(module_of(joined({ code, ByteVector(16, info(Op::Nop).code) }))), alone);
    return alone;
}

/// The result for `row` after constants of the given types, and before code that requires the
/// result of the row's type.
std::string verdict_on(const OpInfo& row, const std::vector<ValueKind>& operands)
{
    ByteVector code;
    for (const ValueKind kind : operands)
        code = joined({ code, constant_of(kind) });
    if (row.shape == Shape::Atomic) {
        // The alignment must be the natural one.
        const auto align = static_cast<uint8_t>(std::countr_zero(row.access_bytes));
        code = joined({ code, opcode_of(row), { align, 0 } });
        return verdict_on_code(joined({ code, row.signature.has_result ? hex_bytes("1a") : ByteVector {} }));
    }
    const size_t immediates = row.immediate == Immediate::MemArg ? 2
        : row.immediate == Immediate::MemArgLane                 ? 3
        : row.immediate == Immediate::V128                       ? 16
        : row.immediate == Immediate::Lanes16                    ? 16
        : row.immediate == Immediate::F32                        ? 4
        : row.immediate == Immediate::F64                        ? 8
        : row.immediate == Immediate::None                       ? 0
                                                                 : 1;
    code = joined({ code, opcode_of(row), ByteVector(immediates, 0) });
    if (!row.signature.has_result)
        return verdict_on_code(code);
    if (row.signature.result == ValueKind::V128)
        // Used by `v128.not`.
        return verdict_on_code(joined({ code, hex_bytes("fd 4d 1a") }));
    // Compared with a constant of its type, by `i32.eq`, `i64.eq`, `f32.eq` or `f64.eq`.
    const char* equal = row.signature.result == ValueKind::I32 ? "46 1a"
        : row.signature.result == ValueKind::I64               ? "51 1a"
        : row.signature.result == ValueKind::F32               ? "5b 1a"
                                                               : "61 1a";
    return verdict_on_code(joined({ code, constant_of(row.signature.result), hex_bytes(equal) }));
}

std::string mismatch_of(const OpInfo& row, const std::vector<ValueKind>& operands)
{
    const auto text_of = [](const std::vector<ValueKind>& kinds) {
        return to_text(std::vector<ValueType>(kinds.begin(), kinds.end()));
    };
    return "type mismatch: instruction requires "
        + text_of({ row.signature.params.begin(), row.signature.params.begin() + row.signature.param_count })
        + " but stack has " + text_of(operands) + " in " + std::string(row.text);
}

TEST(Validator, EveryMonomorphicInstructionTakesWhatItsSignatureSays)
{
    size_t tested = 0;
    for (const OpInfo& row : op_table) {
        const Signature& signature = row.signature;
        if (signature.is_poly)
            continue;
        const std::vector<ValueKind> operands(
            signature.params.begin(), signature.params.begin() + signature.param_count);
        EXPECT_EQ(verdict_on(row, operands), "valid") << row.text;
        for (size_t wrong = 0; wrong < operands.size(); ++wrong) {
            auto others = operands;
            others[wrong] = operands[wrong] == ValueKind::F32 ? ValueKind::I32 : ValueKind::F32;
            EXPECT_TRUE(verdict_on(row, others).starts_with(mismatch_of(row, others)))
                << verdict_on(row, others);
        }
        if (!operands.empty()) {
            const std::vector<ValueKind> fewer(operands.begin() + 1, operands.end());
            EXPECT_TRUE(verdict_on(row, fewer).starts_with(mismatch_of(row, fewer)))
                << verdict_on(row, fewer);
        }
        ++tested;
    }
    EXPECT_EQ(tested, 489u);
}

TEST(Validator, TypesAreRefusedWhenTheirFeatureIsOff)
{
    const std::pair<Feature, Case> cases[] {
        { Feature::Simd,
            { "(module (type (func (param v128))))", "simd is disabled: v128 (at offset 0xb)" } },
        { Feature::Simd, { "(module (func (local i32 v128)))", "simd is disabled: v128 (at offset 0x1a)" } },
        { Feature::Simd,
            { "(module (global (import \"a\" \"b\") v128))", "simd is disabled: v128 (at offset 0xb)" } },
        { Feature::Simd,
            { "(module (func block (result v128) unreachable end drop))",
                "simd is disabled: v128 (at offset 0x17)" } },
        { Feature::Simd,
            { "(module (func unreachable select (result v128) drop))",
                "simd is disabled: v128 (at offset 0x18)" } },
        { Feature::FunctionReferences,
            { "(module (global (import \"a\" \"b\") (ref func)))",
                "function-references is disabled: (ref func) (at offset 0xb)" } },
        { Feature::FunctionReferences,
            { "(module (type (func)) (global (import \"a\" \"b\") (ref null 0)))",
                "function-references is disabled: (ref null 0) (at offset 0x11)" } },
        { Feature::FunctionReferences,
            { "(module (table 1 funcref (ref.null func)))",
                "function-references is disabled: table with an initial value (at offset 0xb)" } },
        { Feature::ReferenceTypes,
            { "(module (func (param externref)))",
                "reference-types is disabled: externref (at offset 0xb)" } },
        { Feature::Exceptions,
            { "(module (func (param exnref)))", "exceptions is disabled: exnref (at offset 0xb)" } },
        { Feature::Gc, { "(module (func (param anyref)))", "gc is disabled: anyref (at offset 0xb)" } },
        { Feature::Gc, { "(module (func ref.null any drop))", "gc is disabled: anyref (at offset 0x17)" } },
        { Feature::Gc, { "(module (elem i31ref))", "gc is disabled: i31ref (at offset 0xb)" } },
        { Feature::Gc, { "(module (type (struct)))", "gc is disabled: type 0 (at offset 0xb)" } },
        { Feature::Gc, { "(module (type (array i8)))", "gc is disabled: type 0 (at offset 0xb)" } },
        { Feature::Gc,
            { "(module (rec (type (func)) (type (func))))",
                "gc is disabled: a recursion group (at offset 0xb)" } },
        { Feature::Gc, { "(module (type (sub (func))))", "gc is disabled: a sub type (at offset 0xb)" } },
        { Feature::Memory64,
            { "(module (memory i64 1))", "memory64 is disabled: 64-bit memory (at offset 0xb)" } },
        { Feature::Memory64,
            { "(module (table i64 1 funcref))", "memory64 is disabled: 64-bit table (at offset 0xb)" } },
        { Feature::Threads,
            { "(module (memory 1 1 shared))", "threads is disabled: shared memory (at offset 0xb)" } },
        { Feature::MultiMemory, { "(module (memory 1) (memory 1))", "multiple memories (at offset 0xd)" } },
        { Feature::MultiValue,
            { "(module (type (func (result i32 i32))))",
                "multi-value is disabled: a function with multiple results (at offset 0xb)" } },
    };
    for (const auto& [feature, text] : cases) {
        EXPECT_EQ(verdict(wasm_of(text.wat), all_but(feature)), text.verdict) << text.wat;
        EXPECT_EQ(verdict(wasm_of(text.wat), FeatureSet::all()), "valid") << text.wat;
    }
    // A type that does not exist.
    EXPECT_EQ(verdict(module_with({ section(6, hex_bytes("01 63 05 00 d0 05 0b")) })),
        "unknown type 5 (at offset 0xb)");
}

/// What a feature enables besides instructions and types.
struct Gate {
    Feature feature;
    const char* what;
    ByteVector bytes;
    const char* refusal;
};

std::vector<Gate> gates()
{
    const ByteVector memory = hex_bytes("05 03 01 00 01"), table = hex_bytes("04 04 01 70 00 01");
    const ByteVector global = hex_bytes("06 06 01 7f 00 41 00 0b");
    const auto code = [](const ByteVector& declared, const char* digits) {
        return module_with({ section(1, hex_bytes("01 60 00 00")), section(3, hex_bytes("01 00")), declared,
            vector_section(10, { body_of(hex_bytes(digits)) }) });
    };
    const auto parts = [](std::initializer_list<ByteVector> sections) { return module_with(sections); };
    using enum Feature;
    return {
        { BulkMemory, "a passive data segment", parts({ hex_bytes("0b 03 01 01 00") }),
            "bulk-memory is disabled: a passive data segment (at offset 0xb)" },
        { BulkMemory, "the data count section", parts({ hex_bytes("0c 01 00") }),
            "bulk-memory is disabled: the data count section (at offset 0xa)" },
        { BulkMemory, "a passive element segment", parts({ hex_bytes("09 04 01 01 00 00") }),
            "bulk-memory is disabled: an element segment that is not active (at offset 0xb)" },
        { BulkMemory, "a declarative element segment", parts({ hex_bytes("09 04 01 03 00 00") }),
            "bulk-memory is disabled: an element segment that is not active (at offset 0xb)" },
        { ReferenceTypes, "an active segment of expressions",
            parts({ table, hex_bytes("09 06 01 04 41 00 0b 00") }),
            "reference-types is disabled: an element segment of expressions (at offset 0x11)" },
        { ReferenceTypes, "a passive segment of expressions", parts({ hex_bytes("09 04 01 05 70 00") }),
            "reference-types is disabled: an element segment of expressions (at offset 0xb)" },
        { ReferenceTypes, "a second table", parts({ hex_bytes("04 07 02 70 00 01 70 00 01") }),
            "multiple tables (at offset 0xe)" },
        { ReferenceTypes, "a table index of two bytes", code(table, "41 00 11 00 80 00 0b"),
            "zero byte expected: reference-types is disabled (at offset 0x1f)" },
        { Gc, "a recursion group of one type", parts({ hex_bytes("01 06 01 4e 01 60 00 00") }),
            "gc is disabled: a recursion group (at offset 0xb)" },
        { Gc, "an empty recursion group", parts({ hex_bytes("01 03 01 4e 00") }),
            "gc is disabled: a recursion group (at offset 0xb)" },
        { Gc, "a final sub type", parts({ hex_bytes("01 06 01 4f 00 60 00 00") }),
            "gc is disabled: a sub type (at offset 0xb)" },
        { Gc, "an open sub type", parts({ hex_bytes("01 06 01 50 00 60 00 00") }),
            "gc is disabled: a sub type (at offset 0xb)" },
        { Gc, "a global that reads the one before",
            parts({ hex_bytes("06 0b 02 7f 00 41 00 0b 7f 00 23 00 0b") }),
            "gc is disabled: a constant expression that reads a global of its own module (at offset 0x12)" },
        { Gc, "a data segment at a global's address",
            parts({ memory, global, hex_bytes("0b 06 01 00 23 00 0b 00") }),
            "gc is disabled: a constant expression that reads a global of its own module (at offset 0x19)" },
        { Gc, "an element segment at a global's index",
            parts({ table, global, hex_bytes("09 06 01 00 23 00 0b 00") }),
            "gc is disabled: a constant expression that reads a global of its own module (at offset 0x1a)" },
        { MultiMemory, "a second memory", parts({ hex_bytes("05 05 02 00 01 00 01") }),
            "multiple memories (at offset 0xd)" },
        { MultiMemory, "a memory index of two bytes (memory.size)", code(memory, "3f 80 00 1a 0b"),
            "zero byte expected: multi-memory is disabled (at offset 0x1c)" },
        { MultiMemory, "a memory index of two bytes (memory.grow)", code(memory, "41 00 40 80 00 1a 0b"),
            "zero byte expected: multi-memory is disabled (at offset 0x1e)" },
        { MultiMemory, "an access that names memory 0", code(memory, "41 00 28 40 00 00 1a 0b"),
            "multi-memory is disabled: a memory argument with a memory index (at offset 0x1e)" },
        { Memory64, "an offset of six bytes", code(memory, "41 00 28 00 80 80 80 80 80 00 1a 0b"),
            "memory64 is disabled: an offset of more than 5 bytes (at offset 0x1e)" },
        { Memory64, "a memory's limit of six bytes", parts({ hex_bytes("05 08 01 00 81 80 80 80 80 00") }),
            "integer representation too long (at offset 0xc)" },
        { Memory64, "a table's limit of six bytes", parts({ hex_bytes("04 09 01 70 00 81 80 80 80 80 00") }),
            "integer representation too long (at offset 0xd)" },
        { FunctionReferences, "a table with an initial value",
            parts({ hex_bytes("04 09 01 40 00 70 00 01 d0 70 0b") }),
            "function-references is disabled: table with an initial value (at offset 0xb)" },
        { MultiValue, "a block with a function type", code({}, "02 00 0b 0b"),
            "multi-value is disabled: a block with a function type (at offset 0x17)" },
        { Threads, "a shared memory", parts({ hex_bytes("05 04 01 03 01 01") }),
            "threads is disabled: shared memory (at offset 0xb)" },
        { ExtendedConst, "a sum in a constant", parts({ hex_bytes("06 09 01 7f 00 41 00 41 00 6a 0b") }),
            "extended-const is disabled: i32.add (at offset 0x11)" },
        { CustomPageSizes, "a page size", parts({ hex_bytes("05 04 01 08 01 10") }),
            "malformed limits flags (at offset 0xb)" },
    };
}

TEST(Validator, WhatIsNeitherInstructionNorTypeIsRefusedWhenItsFeatureIsOff)
{
    for (const Gate& gate : gates()) {
        EXPECT_EQ(verdict(gate.bytes, all_but(gate.feature)), gate.refusal) << gate.what;
        EXPECT_EQ(verdict(gate.bytes, FeatureSet::all()), "valid") << gate.what;
        const std::string off = "all,-" + std::string(info(gate.feature).flag);
        EXPECT_FALSE(is_valid_for_wasm_tools(gate.bytes, off)) << gate.what;
        EXPECT_TRUE(is_valid_for_wasm_tools(gate.bytes, "all")) << gate.what;
    }
}

TEST(Validator, TagsNeedOneOfTheTwoFormsOfExceptions)
{
    const ByteVector empty = module_with({ hex_bytes("0d 01 00") });
    FeatureSet features = all_but(Feature::Exceptions);
    EXPECT_EQ(verdict(empty, features), "valid");
    features.set(Feature::LegacyExceptions, false);
    EXPECT_EQ(verdict(empty, features), "exceptions is disabled: the tag section (at offset 0xa)");
    EXPECT_FALSE(is_valid_for_wasm_tools(empty, "all,-exceptions,-legacy-exceptions"));
}

// -- Labels

/// A function with `before` and `branch` in a block. The block's label and results have the types
/// in `label`; type 0 is a function, 1 a struct. Tag 0 has an i32, tag 1 nothing; function 0 has
/// type 0.
ByteVector module_with_branch(const char* label, const char* before, const char* branch)
{
    const ByteVector results = joined({ hex_bytes("60 00"), hex_bytes(label) });
    const ByteVector code =
        joined({ hex_bytes("02 03"), hex_bytes(before), hex_bytes(branch), hex_bytes("00 0b 00 0b") });
    return module_with(
        { vector_section(1, { hex_bytes("60 00 00"), hex_bytes("5f 00"), hex_bytes("60 01 7f 00"), results }),
            hex_bytes("03 03 02 00 03"), hex_bytes("04 04 01 70 00 01"), hex_bytes("0d 05 02 00 02 00 00"),
            hex_bytes("09 05 01 03 00 01 00"),
            vector_section(10, { body_of(hex_bytes("0b")), body_of(code) }) });
}

TEST(Validator, EveryBranchMustFitItsLabel)
{
    // Vectors of the types of a label.
    const char* const labels[] = { "00", "01 7f", "01 64 00", "01 63 00", "01 70", "01 6e", "01 64 01",
        "02 7f 64 00", "02 7f 63 00", "02 7f 70", "02 64 00 7f", "02 7e 63 00", "02 7f 6e", "01 69",
        "01 64 69", "02 7f 64 69", "02 7f 7f", "03 7f 7f 70" };
    const char* const stacks[] = { "", "41 00", "41 00 d0 00", "41 00 d2 00", "42 00 d2 00", "00", "00 41 00",
        "00 d0 00", "00 41 00 d2 00" };
    const char* const branches[] = {
        "0c 00",                      // br
        "41 00 0d 00",                // br_if
        "41 00 0e 01 00 00",          // br_table
        "41 00 0e 01 00 01",          // br_table to this block and to the function
        "d5 00",                      // br_on_null
        "d0 00 d5 00",                //
        "d6 00",                      // br_on_non_null
        "d0 00 d6 00",                //
        "d0 01 d6 00",                //
        "fb 18 00 00 70 70",          // br_on_cast (ref func) (ref func)
        "fb 18 01 00 70 00",          // br_on_cast funcref (ref 0)
        "fb 18 03 00 70 00",          // br_on_cast funcref (ref null 0)
        "fb 18 01 00 00 70",          // br_on_cast (ref null 0) (ref func): no subtype
        "fb 18 02 00 70 00",          // br_on_cast (ref func) (ref null 0): no subtype
        "fb 19 00 00 70 70",          // br_on_cast_fail, the same
        "fb 19 01 00 70 00",          //
        "fb 19 03 00 70 00",          //
        "fb 19 01 00 6e 01",          // br_on_cast_fail anyref (ref 1)
        "1f 40 01 00 00 00 0b",       // try_table (catch 0 0)
        "1f 40 01 00 01 00 0b",       // try_table (catch 1 0)
        "1f 40 01 01 00 00 0b",       // try_table (catch_ref 0 0)
        "1f 40 01 02 00 0b",          // try_table (catch_all 0)
        "1f 40 01 03 00 0b",          // try_table (catch_all_ref 0)
        "1f 40 01 00 02 00 0b",       // a tag that is not there
        "1f 40 01 02 02 0b",          // a label that is not there
        "06 40 0b",                   // try end
        "06 40 18 00",                // try delegate 0
        "06 40 18 01",                // delegate 1, and one that is not there
        "06 40 18 02",                //
        "06 40 07 00 09 00 0b",       // catch 0 rethrow 0: only its operand is left
        "06 40 19 09 00 0b",          // catch_all rethrow 0
        "06 40 09 00 19 0b",          // rethrow where nothing was caught
        "06 40 19 02 40 09 00 0b 0b", // rethrow of a block that is no catch
        "06 40 19 02 40 09 01 0b 0b", // rethrow of the catch around
        "09 00",                      // rethrow outside
        "0f",                         // return
        "12 00",                      // return_call
        "d0 00 15 00",                // return_call_ref
        "41 00 13 00 00",             // return_call_indirect
        "d0 00 14 00",                // call_ref
        "d0 01 14 01",                // call_ref of no function type
        "d2 00 14 00",                //
        "08 00",                      // throw
        "0a",                         // throw_ref
        "d0 69 0a",                   //
        "d4 1a",                      // ref.as_non_null
    };
    std::string script;
    uint32_t valid = 0, invalid = 0;
    for (const char* label : labels)
        for (const char* stack : stacks)
            for (const char* branch : branches) {
                const ByteVector bytes = module_with_branch(label, stack, branch);
                const std::string text = verdict(bytes, FeatureSet::all());
                std::string binary = "(module binary \"";
                for (const uint8_t byte : bytes)
                    binary += "\\" + hex_digits(byte, 2);
                const bool is_valid = text == "valid";
                ++(is_valid ? valid : invalid);
                script += is_valid ? binary + "\")\n" : "(assert_invalid " + binary + "\") \"\")\n";
                script += ";; " + text + ": " + label + ", " + stack + ", " + branch + "\n";
            }
    EXPECT_GT(valid, 1000u);
    EXPECT_GT(invalid, 1000u);
    EXPECT_EQ(wast_outcome_of_wasm_tools(script), "");
}

TEST(Validator, ABranchOnNonNullBringsAReference)
{
    EXPECT_EQ(verdict(module_with_branch("00", "", "d0 00 d6 00")),
        "type mismatch in br_on_non_null: expected a label that takes a reference, got [] (at offset 0x3c)");
    EXPECT_EQ(verdict(module_with_branch("00", "00", "d6 00")),
        "type mismatch in br_on_non_null: expected a label that takes a reference, got [] (at offset 0x3b)");
    EXPECT_EQ(verdict(module_with_branch("01 64 00", "", "d0 00 d6 00")), "valid");
}

// -- Limits

TEST(Validator, OperandsHaveALimit)
{
    // 1000 results per call.
    const ByteVector results = joined({ hex_bytes("60 00 e8 07"), ByteVector(1000, 0x7f) });
    const auto calls = [&](size_t count) {
        ByteVector code = { 0x00 };
        for (size_t i = 0; i < count; ++i)
            code = joined({ code, hex_bytes("10 00") });
        code.insert(code.end(), { 0x0f, 0x0b });
        return verdict(module_with({ vector_section(1, { results, hex_bytes("60 00 00") }),
            vector_section(2, { hex_bytes("01 61 01 62 00 00") }), section(3, hex_bytes("01 01")),
            vector_section(10, { body_of(code) }) }));
    };
    EXPECT_EQ(calls(1048), "valid");
    EXPECT_EQ(calls(1049), "too many operands: the limit is 1048575 slots (at offset 0xc40)");
}

TEST(Validator, BlocksHaveALimit)
{
    const auto blocks = [](size_t count) {
        ByteVector code;
        for (size_t i = 0; i < count; ++i)
            code.insert(code.end(), { 0x02, 0x40 });
        code.insert(code.end(), count + 1, 0x0b);
        return verdict(module_with_code(code));
    };
    EXPECT_EQ(blocks(1'000'000), "valid");
    EXPECT_EQ(blocks(1'000'001), "blocks are nested too deeply: the limit is 1000000 (at offset 0x1e849d)");
}

TEST(Validator, LocalsOfAModuleHaveALimit)
{
    const auto functions = [](size_t count) {
        const ByteVector body = hex_bytes("06 01 d0 86 03 7f 0b");
        return verdict(module_with({ section(1, hex_bytes("01 60 00 00")),
            section(3, std::vector<ByteVector>(count, hex_bytes("00"))),
            section(10, std::vector<ByteVector>(count, body)) }));
    };
    EXPECT_EQ(functions(1000), "valid");
    EXPECT_EQ(functions(1001), "too many locals in the module: the limit is 50000000 (at offset 0x1f5a)");
}

} // namespace
} // namespace vitrine::core::test
