// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Machine code of tail calls, references, objects and exceptions: what it does by itself, and what
// the runtime sees while it calls C++ functions. tests/exits compares its results with the
// interpreter's.
#include "jit/bytecode.h"
#include "jit/module_code.h"
#include "support/guest.h"

#include <gmock/gmock.h>

#include <cstdlib>

namespace vitrine::core::jit {
namespace {

using test::Guest;
using testing::Each;
using testing::IsEmpty;

const EngineConfig compiled { .guest_debug = true, .tier = TierPolicy::Compiled };

/// `FUNCTION OPCODE` of each place where machine code was left.
std::vector<std::string> exits_of(const Guest& guest)
{
    std::vector<std::string> exits;
    for (const CompilerStatistics::Exit& exit : guest.engine->statistics().exits) {
        const uint8_t* at = exit.module->bytes().data() + exit.offset;
        exits.push_back(exit.module->name_of(ExternKind::Func, exit.function.value) + " "
            + std::string(info(bytecode::read_op(at)).text));
    }
    return exits;
}

class References : public testing::Test {
protected:
    void SetUp() override
    {
        if (std::getenv("VITRINE_TIER"))
            GTEST_SKIP() << "the environment decides";
    }
};

TEST_F(References, TailCallsStayInMachineCode)
{
    Guest guest(compiled);
    Instance& instance = guest.instantiate(R"((module
      (type $t (func (param i32 i64) (result i64)))
      (table funcref (elem $a $b))
      (elem declare func $c)
      (func $a (type $t)
        (if (i32.eqz (local.get 0)) (then (return (local.get 1))))
        (return_call_indirect (type $t)
          (i32.sub (local.get 0) (i32.const 1)) (i64.add (local.get 1) (i64.const 1)) (i32.const 1)))
      (func $b (type $t) (return_call_ref $t (local.get 0) (i64.add (local.get 1) (i64.const 2)) (ref.func $c)))
      (func $c (type $t) (return_call $a (local.get 0) (i64.add (local.get 1) (i64.const 4))))
      (func (export "run") (param i32) (result i64) (call $a (local.get 0) (i64.const 0)))))");
    EXPECT_EQ(guest.call(instance, "run", { Value::i32(1'000'000) })->front(), Value::i64(7'000'000));
    EXPECT_THAT(exits_of(guest), IsEmpty());
}

TEST_F(References, CalleesMayHaveSubtypes)
{
    Guest guest(compiled);
    Instance& instance = guest.instantiate(R"((module
      (type $t (sub (func (param i32 i64) (result i64))))
      (type $sub (sub $t (func (param i32 i64) (result i64))))
      (table funcref (elem $a $b))
      (func $a (type $sub) (local $kept i64)
        (if (i32.eqz (local.get 0)) (then (return (local.get 1))))
        (local.set $kept (i64.add (local.get 1) (i64.const 1)))
        (return_call_indirect (type $t)
          (i32.sub (local.get 0) (i32.const 1)) (local.get $kept) (i32.and (local.get 0) (i32.const 1))))
      (func $b (type $t) (local $kept i64)
        (local.set $kept (i64.mul (local.get 1) (i64.const 2)))
        (if (i32.le_u (local.get 0) (i32.const 1)) (then (return (local.get $kept))))
        (i64.sub
          (call_indirect (type $t)
            (i32.const 0) (i64.add (local.get $kept) (local.get 1)) (i32.const 0))
          (local.get $kept)))
      (func (export "run") (param i32) (result i64) (local $sum i64)
        (loop $again
          (local.set $sum (i64.add (local.get $sum)
            (call_indirect (type $t) (local.get 0) (i64.extend_i32_u (local.get 0)) (i32.const 0))))
          (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (local.get $sum))))");
    // The odd numbers go to $b at once, the even ones with 1 less after another turn.
    int64_t sum = 0;
    for (int64_t n = 1; n <= 1000; ++n)
        sum += n % 2 ? n == 1 ? 2 * (n + 1) : n + 1 : n == 2 ? 2 * (n + 2) : n + 2;
    EXPECT_EQ(
        guest.call(instance, "run", { Value::i32(1000) })->front(), Value::i64(static_cast<uint64_t>(sum)));
    EXPECT_THAT(exits_of(guest), IsEmpty());
}

TEST_F(References, ObjectsAndCastsStayInMachineCode)
{
    Guest guest(compiled);
    Instance& instance = guest.instantiate(R"((module
      (type $base (sub (struct (field (mut i32)))))
      (type $left (sub $base (struct (field (mut i32)) (field (mut i8)))))
      (type $right (sub final $base (struct (field (mut i32)) (field (ref null $base)))))
      (type $array (array (mut (ref null $base))))
      (func $make (param i32) (result (ref $base))
        (if (i32.and (local.get 0) (i32.const 1))
          (then (return (struct.new $left (local.get 0) (local.get 0)))))
        (struct.new $right (local.get 0) (struct.new_default $base)))
      (func $value (param (ref null $base)) (result i32)
        (block $other (result (ref null $base))
          (br_on_cast_fail $other (ref null $base) (ref $left) (local.get 0))
          (return (struct.get_s $left 1)))
        (if (ref.test (ref $right) (local.get 0))
          (then (return (struct.get $base 0 (ref.cast (ref $right) (local.get 0))))))
        (unreachable))
      (func (export "run") (param $n i32) (result i32) (local $sum i32) (local $array (ref null $array))
        (local.set $array (array.new_default $array (i32.const 7)))
        (loop $again
          (array.set $array (local.get $array) (i32.rem_u (local.get $n) (array.len (local.get $array)))
            (call $make (local.get $n)))
          (local.set $sum (i32.add (local.get $sum)
            (call $value (array.get $array (local.get $array) (i32.rem_u (local.get $n) (i32.const 7))))))
          (local.set $sum (i32.add (local.get $sum) (i31.get_s (ref.i31 (local.get $n)))))
          (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (array.fill $array (local.get $array) (i32.const 0) (ref.null $base) (i32.const 7))
        (local.get $sum))))");
    // The odd numbers as signed bytes, the even ones, and all.
    int32_t sum = 0;
    for (int32_t i = 1; i <= 10'000; ++i)
        sum += i + (i % 2 ? static_cast<int8_t>(i) : i);
    EXPECT_EQ(
        guest.call(instance, "run", { Value::i32(10'000) })->front(), Value::i32(static_cast<uint32_t>(sum)));
    EXPECT_THAT(exits_of(guest), IsEmpty());
}

/// Where an exception is caught, the frame continues in machine code, if only `throw` has left it.
TEST_F(References, FramesContinueInMachineCodeWhereTheyCatch)
{
    Guest guest(compiled);
    std::vector<bool> is_caller_compiled;
    guest.define("host", "look", {}, [&](HostCall& call) {
        is_caller_compiled.push_back(innermost_record(call.thread).return_to().is_site());
        return Returned {};
    });
    Instance& instance = guest.instantiate(R"((module
      (import "host" "look" (func $host))
      (tag $tag (param i32))
      (func $look (call $host))
      (func $throw (param i32) (throw $tag (local.get 0)))
      (func (export "values") (param i32) (result i32) (local i32)
        (local.set 1 (i32.mul (local.get 0) (i32.const 2)))
        (local.get 1)
        (block $caught (result i32)
          (try_table (catch $tag $caught) (call $throw (local.get 0)))
          (unreachable))
        (call $look)
        (i32.add))
      (func (export "loop") (param i32) (result i32)
        (i32.const 5)
        (loop $caught (param i32) (result i32)
          (call $look)
          (if (result i32) (i32.eq (i32.const 4)) (then (i32.const 9)) (else
            (try_table (catch $tag $caught) (call $throw (i32.const 4)))
            (unreachable)))))
      (func $body (param i32) (result i32)
        (try_table (catch $tag 0) (call $throw (local.get 0)))
        (unreachable))
      (func (export "body") (param i32) (result i32)
        (call $body (local.get 0))
        (call $look))
      (func (export "older") (param i32) (result i32)
        try (result i32)
          (call $throw (local.get 0))
          (unreachable)
        catch $tag
          (call $look)
        end)))");
    const auto expect = [&](const char* name, uint32_t argument, uint32_t result) {
        is_caller_compiled.clear();
        EXPECT_EQ(guest.call(instance, name, { Value::i32(argument) })->front(), Value::i32(result)) << name;
        EXPECT_THAT(is_caller_compiled, Each(true)) << name;
        EXPECT_FALSE(is_caller_compiled.empty()) << name;
    };
    expect("values", 7, 21);
    expect("loop", 0, 9);
    expect("body", 3, 3);
    expect("older", 4, 4);
    EXPECT_THAT(exits_of(guest), testing::ElementsAre("throw throw"));
}

/// While machine code makes an object, the frames are complete: for the embedder's limiter, and for
/// the collector. A refusal traps at the instruction, and is not repeated.
TEST_F(References, FramesAreCompleteWhileObjectsAreMade)
{
    constexpr std::string_view wat = R"((module
      (type $bytes (array i8))
      (type $list (struct (field (ref null $list)) (field (ref null $bytes))))
      (func $grow (param $n i32) (param $list (ref null $list)) (result (ref null $list))
        (if (i32.eqz (local.get $n)) (then (return (local.get $list))))
        (struct.new $list
          (call $grow (i32.sub (local.get $n) (i32.const 1)) (struct.new $list (local.get $list) (ref.null $bytes)))
          (array.new_default $bytes (i32.const 4000))))
      (func (export "run") (param i32) (result i32)
        (ref.is_null (call $grow (local.get 0) (ref.null $list))))))";
    const auto run = [&](EngineConfig config) {
        config.max_heap_bytes = 2 << 20;
        Guest guest(config);
        Instance& instance = guest.instantiate(wat);
        std::string text;
        guest.store.limiter = [&](Resource resource, uint64_t current, uint64_t desired) {
            if (resource != Resource::Heap)
                return true;
            text += std::to_string(current) + " to " + std::to_string(desired) + " at";
            for (const Frame& frame : frames_of(guest.thread, 3))
                text += " " + std::to_string(frame.offset) + "+" + std::to_string(frame.operand_slots());
            text += "\n";
            return desired < (1 << 20);
        };
        for (const uint32_t n : { 10, 100, 1000 }) {
            const auto outcome = guest.call(instance, "run", { Value::i32(n) });
            text += outcome ? outcome->front().to_text() : outcome.error().to_text();
            for (const TraceEntry& entry : outcome ? std::vector<TraceEntry>() : outcome.error().trace)
                text += " " + std::to_string(entry.offset);
            text += "\n";
        }
        return text + std::to_string(guest.store.heap.count());
    };
    const std::string expected = run({ .guest_debug = true, .tier = TierPolicy::Interpreter });
    EXPECT_THAT(expected, testing::HasSubstr("out of memory"));
    EXPECT_EQ(run(compiled), expected);
    EXPECT_EQ(run({ .guest_debug = true, .stress_collector = true, .tier = TierPolicy::Compiled }),
        run({ .guest_debug = true, .stress_collector = true, .tier = TierPolicy::Interpreter }));
    EXPECT_EQ(run({ .guest_debug = true, .tier = TierPolicy::Mixed, .tier_seed = 3, .exit_percent = 30 }),
        expected);
}

} // namespace
} // namespace vitrine::core::jit
