// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "jit/notes.h"
#include "support/guest.h"

#include <gtest/gtest.h>

namespace vitrine::core::jit {
namespace {

using test::Guest;

TEST(Notes, AreReadAsTheyWereAdded)
{
    using Kind = ValuePlace::Kind;
    Notes notes;
    const Note entry { .is_entry = true, .offset = 300, .end_slot = 2, .places = {} };
    Note large { .offset = 1 << 21, .entry = 1000, .end_slot = 1 << 20, .places = {} };
    large.places = { { Kind::General, 13, 0 }, { Kind::Vector, 15, 128 }, { Kind::Vector16, 7, 1 << 20 },
        { Kind::Constant, 0, 5, UINT64_MAX }, { Kind::Slot, (1 << 20) + 1, 1 << 20 } };
    notes.add({ StopPoint::Kind::Exit, 0 }, entry);
    notes.add({ StopPoint::Kind::Exit, 1 }, large);
    notes.add({ StopPoint::Kind::Fault, 100 }, large);
    notes.add({ StopPoint::Kind::Fault, 200 }, entry);
    const auto expect_at = [&](StopPoint point, const Note& expected) {
        const Notes::Place* const place = notes.find(point);
        ASSERT_NE(place, nullptr);
        const Note note = notes.read(*place);
        EXPECT_EQ(note.is_entry, expected.is_entry);
        EXPECT_EQ(note.offset, expected.offset);
        EXPECT_EQ(note.entry, expected.entry);
        EXPECT_EQ(note.end_slot, expected.end_slot);
        ASSERT_EQ(note.places.size(), expected.places.size());
        for (size_t i = 0; i < note.places.size(); ++i) {
            EXPECT_EQ(note.places[i].kind, expected.places[i].kind);
            EXPECT_EQ(note.places[i].reg_or_slot, expected.places[i].reg_or_slot);
            EXPECT_EQ(note.places[i].slot, expected.places[i].slot);
            EXPECT_EQ(note.places[i].constant, expected.places[i].constant);
        }
    };
    expect_at({ StopPoint::Kind::Exit, 0 }, entry);
    expect_at({ StopPoint::Kind::Exit, 1 }, large);
    EXPECT_EQ(notes.find({ StopPoint::Kind::Fault, 99 }), nullptr);
    expect_at({ StopPoint::Kind::Fault, 100 }, large);
    expect_at({ StopPoint::Kind::Fault, 103 }, large);
    expect_at({ StopPoint::Kind::Fault, 200 }, entry);
    // The note of both places at the end of the first kind is kept once.
    EXPECT_EQ(notes.exits()[1].note, notes.faults()[0].note);
}

constexpr uint32_t many = 100'000;

/// A function with many places where code is left, each followed by a call, behind which code is
/// entered again.
std::string module_with_exits()
{
    std::string wat = "(module (memory 1) (func $nop) (func (export \"run\") (result i32) (local i32)";
    for (uint32_t i = 0; i < many; ++i)
        wat += "(local.set 0 (i32.add (local.get 0)"
               " (i32.add (i32.const 1) (memory.atomic.notify (i32.const 0) (i32.const 1)))))(call $nop)";
    return wat + "(local.get 0)))";
}

TEST(Notes, OfAHugeFunctionAreMadeOnce)
{
    Guest guest(EngineConfig { .tier = TierPolicy::Compiled });
    Instance& instance = guest.instantiate(module_with_exits());
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ((*guest.call(instance, "run"))[0], Value::i32(many));
    const CompilerStatistics statistics = guest.engine->statistics();
    EXPECT_TRUE(statistics.refused.empty());
    ASSERT_EQ(statistics.exits.size(), many);
    for (const auto& exit : { statistics.exits.front(), statistics.exits.back() })
        EXPECT_EQ(exit.count, 3u);
}

TEST(Notes, HaveALimitAtWhichTheFunctionIsInterpreted)
{
    Guest guest(EngineConfig { .tier = TierPolicy::Compiled, .max_code_bytes = 6 << 20 });
    Instance& instance = guest.instantiate(module_with_exits());
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ((*guest.call(instance, "run"))[0], Value::i32(many));
    const CompilerStatistics statistics = guest.engine->statistics();
    EXPECT_EQ(statistics.functions, 2u);
    ASSERT_EQ(statistics.refused.size(), 1u);
    EXPECT_EQ(statistics.refused[0].function, (FuncIndex { 1 }));
    EXPECT_EQ(statistics.refused[0].reason, "too many exits");
    EXPECT_TRUE(statistics.exits.empty());
}

TEST(Notes, OfManyFaults)
{
    std::string wat = "(module (memory 1) (func (export \"run\") (param i32)";
    for (uint32_t i = 0; i < many; ++i)
        wat += "(drop (i32.load (i32.mul (i32.eq (local.get 0) (i32.const " + std::to_string(i)
            + ")) (i32.const -8))))";
    wat += "))";
    std::vector<CodeOffset> expected;
    for (const TierPolicy tier : { TierPolicy::Interpreter, TierPolicy::Compiled }) {
        Guest guest(EngineConfig { .tier = tier });
        Instance& instance = guest.instantiate(wat);
        std::vector<CodeOffset> offsets;
        for (uint32_t i = 0; i < many; i += 499) {
            const auto outcome = guest.call(instance, "run", { Value::i32(i) });
            ASSERT_FALSE(outcome);
            offsets.push_back(outcome.error().trace.at(0).offset);
        }
        if (expected.empty())
            expected = offsets;
        EXPECT_EQ(offsets, expected);
    }
}

} // namespace
} // namespace vitrine::core::jit
