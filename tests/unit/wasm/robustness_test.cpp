// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Damaged binaries: each is refused with an error that names an offset, or is another valid module.
// Memory errors only show under a sanitizer, where this suite is most useful.

#include "support/both_ways.h"
#include "support/module_builder.h"
#include "support/random_guest.h"
#include "support/row_guests.h"
#include "support/wat.h"
#include "wasm/decoder.h"
#include "wasm/printer.h"
#include "wasm/validator.h"

#include <gtest/gtest.h>

#include <random>

namespace vitrine::core::test {
namespace {

/// A module with some of everything that is executed, including names.
const ByteVector& whole_module()
{
    static const ByteVector bytes = wasm_of(R"((module $whole
        (type $binary (func (param i32 i32) (result i32)))
        (import "env" "log" (func $log (param i32)))
        (import "env" "base" (global $base i32))
        (table $table 2 8 funcref)
        (memory $memory 1 2)
        (memory $other 1)
        (tag $tag (param i32))
        (global $total (mut i64) (i64.const -1))
        (global $sum i32 (i32.add (global.get $base) (i32.const 4)))
        (export "run" (func $run))
        (export "memory" (memory $memory))
        (start $init)
        (elem $functions (table $table) (i32.const 0) func $run $init)
        (elem $passive func $run)
        (elem declare func $log)
        (elem $exprs funcref (ref.func $run) (ref.null func))
        (func $init)
        (func $run (param $a i32) (param $b i32) (result i32) (local $x i64) (local $y f64)
            (block $out (result i32)
                (loop $again
                    (br_if $again (i32.eqz (local.get $a)))
                    (block $done (br_table $again $done (local.get $b))))
                (if (result i32) (local.get $b) (then (i32.const 70000)) (else (call $run (local.get 0) (local.get 1)))))
            (drop (call_indirect (type $binary) (i32.const 1) (i32.const 2) (i32.const 0)))
            (i64.store offset=8 align=4 (i32.const 0) (global.get $total))
            (memory.copy $other $memory (i32.const 0) (i32.const 0) (i32.const 4))
            (memory.init $text (i32.const 0) (i32.const 0) (i32.const 1))
            (table.init $table $passive (i32.const 0) (i32.const 0) (i32.const 1))
            (drop (select (result funcref) (ref.func $run) (ref.null func) (i32.const 1)))
            (local.set $y (f64.const 0x1.8p1))
            (drop (i32.trunc_sat_f64_s (local.get $y))))
        (data $text "hello")
        (data (memory $other) (i32.const 16) "\00\ff")))");
    return bytes;
}

/// Everything that is done with a file before it runs.
Result<void> look_at(const ByteVector& bytes)
{
    auto module = TRY(decode_module(bytes));
    EXPECT_FALSE(disassemble(*module).empty());
    TypeRegistry types;
    CHECK(validate_both_ways(bytes, types));
    return {};
}

void expect_outcome(const ByteVector& bytes, const std::string& damage)
{
    const auto outcome = look_at(bytes);
    if (outcome)
        return;
    EXPECT_FALSE(outcome.error().message.empty()) << damage;
    ASSERT_TRUE(outcome.error().offset.has_value()) << damage << ": " << outcome.error().message;
    EXPECT_LE(*outcome.error().offset, bytes.size()) << damage << ": " << outcome.error().message;
}

TEST(DamagedModule, IsWholeBefore)
{
    const auto outcome = look_at(whole_module());
    EXPECT_TRUE(outcome.has_value()) << outcome.error().to_text();
}

TEST(DamagedModule, CutAtEveryByte)
{
    const ByteVector& whole = whole_module();
    for (size_t size = 0; size < whole.size(); ++size)
        expect_outcome(
            { whole.begin(), whole.begin() + static_cast<long>(size) }, "cut at " + std::to_string(size));
}

TEST(DamagedModule, EveryByteFlipped)
{
    for (const uint8_t flip : { 0x01, 0x40, 0x80, 0xff }) {
        ByteVector bytes = whole_module();
        for (size_t at = 0; at < bytes.size(); ++at) {
            bytes[at] ^= flip;
            expect_outcome(bytes, "byte " + std::to_string(at) + " xor " + std::to_string(flip));
            bytes[at] ^= flip;
        }
    }
}

TEST(DamagedModule, EveryByteMissingOrTwice)
{
    const ByteVector& whole = whole_module();
    for (size_t at = 0; at < whole.size(); ++at) {
        ByteVector bytes = whole;
        bytes.erase(bytes.begin() + static_cast<long>(at));
        expect_outcome(bytes, "without byte " + std::to_string(at));
        bytes = whole;
        bytes.insert(bytes.begin() + static_cast<long>(at), bytes[at]);
        expect_outcome(bytes, "byte twice " + std::to_string(at));
    }
}

/// Code with one error, after much that is correct.
TEST(DamagedModule, BytesOfRandomCodeReplaced)
{
    TypeRegistry types;
    std::mt19937 random(1);
    for (uint32_t seed = 0; seed < 10; ++seed) {
        const ByteVector whole = seed == 0 ? wasm_of(row_module()) : wasm_of(random_module(seed, 12));
        const auto module = validate_both_ways(whole, types, FeatureSet::all());
        ASSERT_TRUE(module) << module.error().to_text();
        const auto first = (*module)->bodies.front().code_offset, last = (*module)->bodies.back().end_offset;
        for (int i = 0; i < 250; ++i) {
            ByteVector bytes = whole;
            const size_t at = first + random() % (last - first);
            // Half of them become an instruction that occurs elsewhere in the code.
            bytes[at] =
                random() % 2 == 0 ? static_cast<uint8_t>(random()) : whole[first + random() % (last - first)];
            (void)validate_both_ways(bytes, types, FeatureSet::all());
        }
    }
}

/// A count is only trusted as far as there are bytes for it.
TEST(DamagedModule, HugeCountsAllocateNothing)
{
    const ByteVector huge = hex_bytes("ff ff ff ff 0f");
    for (const uint8_t id : { 1, 2, 3, 4, 5, 13, 6, 7, 9, 10, 11 })
        expect_outcome(module_with({ section(id, huge) }), "section " + std::to_string(id));
    for (const char* start : { "01 60", "01 60 00", "01 5f", "01 4e" })
        expect_outcome(module_with({ section(1, joined({ hex_bytes(start), huge })) }), start);
    for (const char* start : { "01 01 00", "01 05 70" })
        expect_outcome(module_with({ section(9, joined({ hex_bytes(start), huge })) }), start);
    for (const char* start : { "0e", "1c", "1f 40" })
        expect_outcome(module_with_code(joined({ hex_bytes(start), huge })), start);
}

} // namespace
} // namespace vitrine::core::test
