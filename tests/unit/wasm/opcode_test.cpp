// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/opcode.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <string_view>

namespace vitrine::core::test {
namespace {

/// The number of instructions of each feature, as the specification and its proposals list them.
TEST(OpTable, HasEveryInstructionOfEachFeature)
{
    std::map<Feature, int> counts;
    for (const OpInfo& row : op_table)
        ++counts[row.feature];
    const std::map<Feature, int> expected {
        { Feature::Mvp, 172 },
        { Feature::SignExtension, 5 },
        { Feature::SaturatingFloat, 8 },
        { Feature::BulkMemory, 7 },
        { Feature::ReferenceTypes, 9 },
        { Feature::TailCall, 2 },
        { Feature::FunctionReferences, 5 },
        { Feature::Gc, 32 },
        { Feature::Exceptions, 3 },
        { Feature::LegacyExceptions, 5 },
        { Feature::Threads, 67 },
        { Feature::Simd, 236 },
        { Feature::RelaxedSimd, 20 },
        { Feature::WideArithmetic, 4 },
    };
    EXPECT_EQ(counts, expected);
}

TEST(OpTable, IsFoundByCodeAndText)
{
    for (size_t number = 0; number < op_table.size(); ++number) {
        const Op op = static_cast<Op>(number);
        const OpInfo& row = info(op);
        if (row.is_prefixed())
            EXPECT_EQ(find_op(row.prefix(), row.subcode()), op) << row.text;
        else
            EXPECT_EQ(find_op(static_cast<uint8_t>(row.code)), op) << row.text;
        const auto by_text = find_op(row.text);
        ASSERT_TRUE(by_text) << row.text;
        EXPECT_EQ(info(*by_text).text, row.text);
    }
    EXPECT_FALSE(find_op(uint8_t { 0xff }));
    EXPECT_FALSE(find_op(uint8_t { 0xfc }));
    EXPECT_FALSE(find_op(0xfc, 18));
    EXPECT_FALSE(find_op(0xfd, 0xffffffff));
    EXPECT_FALSE(find_op(0x6a, 0));
    EXPECT_FALSE(find_op("i32.nonsense"));
}

TEST(OpTable, OnlyFormsWithAndWithoutNullShareAText)
{
    std::map<std::string_view, int> uses;
    for (const OpInfo& row : op_table)
        ++uses[row.text];
    std::set<std::string_view> shared;
    for (const auto& [text, count] : uses)
        if (count > 1)
            shared.insert(text);
    EXPECT_EQ(shared, (std::set<std::string_view> { "select", "ref.test", "ref.cast" }));
}

TEST(OpTable, RowsAgreeWithThemselves)
{
    for (const OpInfo& row : op_table) {
        const Signature& signature = row.signature;
        const bool has_memory_argument =
            row.immediate == Immediate::MemArg || row.immediate == Immediate::MemArgLane;
        EXPECT_EQ(row.access_bytes != 0, has_memory_argument) << row.text;
        EXPECT_EQ(row.lanes != 0, row.shape == Shape::Lane) << row.text;
        if (has_memory_argument) {
            EXPECT_FALSE(signature.is_poly) << row.text;
            EXPECT_EQ(signature.params[0], ValueKind::I32) << row.text;
        }
        switch (row.shape) {
        case Shape::Load: EXPECT_TRUE(signature.param_count == 1 && signature.has_result) << row.text; break;
        case Shape::Store:
            EXPECT_TRUE(signature.param_count == 2 && !signature.has_result) << row.text;
            break;
        case Shape::Const: EXPECT_TRUE(signature.param_count == 0 && signature.has_result) << row.text; break;
        case Shape::Numeric:
        case Shape::Vector:
            EXPECT_TRUE(!signature.is_poly && signature.has_result && row.immediate == Immediate::None)
                << row.text;
            break;
        case Shape::Call: EXPECT_TRUE(signature.is_poly) << row.text; break;
        default: break;
        }
    }
}

/// The text of a scalar instruction begins with the type of its result or operand.
TEST(OpTable, TextsBeginWithTheirType)
{
    const std::map<std::string_view, ValueKind> kinds { { "i32", ValueKind::I32 }, { "i64", ValueKind::I64 },
        { "f32", ValueKind::F32 }, { "f64", ValueKind::F64 } };
    for (const OpInfo& row : op_table) {
        const auto kind = kinds.find(row.text.substr(0, row.text.find('.')));
        if (kind == kinds.end() || row.signature.is_poly)
            continue;
        const Signature& signature = row.signature;
        const bool is_result = signature.has_result && signature.result == kind->second;
        const bool is_operand =
            signature.param_count > 0 && signature.params[signature.param_count - 1] == kind->second;
        EXPECT_TRUE(is_result || is_operand) << row.text;
    }
}

/// The mnemonic says it: the noun is the state, the verb the access.
StateUse use_by_name(const OpInfo& row)
{
    const std::string_view text = row.text;
    if (text.starts_with("call_indirect") || text.starts_with("return_call_indirect"))
        return state::reads(StateKind::Table);
    if (text.contains("notify"))
        return state::none();
    const bool is_memory = row.access_bytes != 0;
    if (is_memory && (text.contains(".load") || text.contains(".wait")))
        return state::reads(StateKind::Memory);
    if (is_memory && text.contains(".store"))
        return state::writes(StateKind::Memory);
    if (is_memory)
        return { StateKind::Memory, true, true };
    const std::map<std::string_view, StateKind> nouns { { "memory", StateKind::Memory },
        { "global", StateKind::Global }, { "table", StateKind::Table }, { "local", StateKind::Local },
        { "struct", StateKind::Object }, { "array", StateKind::Object } };
    const size_t dot = text.find('.');
    const auto noun = nouns.find(text.substr(0, dot));
    if (noun == nouns.end() || dot == text.npos)
        return state::none();
    const std::string_view verb = text.substr(dot + 1);
    if (verb == "copy")
        return state::copies(noun->second);
    if (verb == "grow")
        return state::grows(noun->second);
    if (verb.starts_with("get"))
        return state::reads(noun->second);
    if (verb == "set" || verb == "tee" || verb == "fill" || verb.starts_with("init"))
        return state::writes(noun->second);
    return state::none();
}

TEST(OpTable, StateIsWhatTheNameSays)
{
    for (const OpInfo& row : op_table)
        EXPECT_EQ(row.state, use_by_name(row)) << row.text;
}

TEST(OpTable, AtomicsAndLaneFillsAreWhatTheNamesSay)
{
    const std::map<AtomicKind, std::string_view> words { { AtomicKind::Load, ".load" },
        { AtomicKind::Store, ".store" }, { AtomicKind::Add, ".add" }, { AtomicKind::Sub, ".sub" },
        { AtomicKind::And, ".and" }, { AtomicKind::Or, ".or" }, { AtomicKind::Xor, ".xor" },
        { AtomicKind::Exchange, ".xchg" }, { AtomicKind::CompareExchange, ".cmpxchg" },
        { AtomicKind::Wait, ".wait" }, { AtomicKind::Notify, ".notify" } };
#define OP(...)
#define ATOMIC(name, text, code, signature, type, atomic) \
    EXPECT_TRUE(std::string_view(text).contains(words.at(AtomicKind::atomic))) << text;
#include "wasm/opcodes.inc"
    const auto fill_by_name = [](std::string_view text) {
        return text.ends_with("splat")                    ? LaneFill::Splat
            : text.ends_with("zero")                      ? LaneFill::Zero
            : text == "v128.load" || text == "v128.store" ? LaneFill::Whole
                                                          : LaneFill::Extend;
    };
#define OP(...)
#define VECTOR_MEMORY(name, text, code, signature, type, fill) \
    EXPECT_EQ(LaneFill::fill, fill_by_name(text)) << text;
#include "wasm/opcodes.inc"
}

TEST(OpTable, SignaturesAreParsed)
{
    const Signature signature = parse_signature("iil_d");
    EXPECT_EQ(signature.param_count, 3);
    EXPECT_EQ(signature.params[2], ValueKind::I64);
    EXPECT_TRUE(signature.has_result);
    EXPECT_EQ(signature.result, ValueKind::F64);
    EXPECT_EQ(parse_signature("_"), Signature {});
    EXPECT_TRUE(parse_signature("poly").is_poly);
}

} // namespace
} // namespace vitrine::core::test
