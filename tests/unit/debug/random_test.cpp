// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Random guests behave the same however they are debugged. VITRINE_RANDOM_PROGRAMS and
// VITRINE_RANDOM_STEPS set the number of guests and the approximate number of steps of each.
#include "debug/session.h"
#include "support/guest.h"
#include "support/random_guest.h"

#include <array>
#include <cstdlib>
#include <iostream>
#include <random>

namespace vitrine::core::debug {
namespace {

using test::Guest;

uint64_t from_environment(const char* name, uint64_t otherwise)
{
    const char* text = std::getenv(name);
    return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

/// How a guest ended, and what it left.
struct End {
    std::string result;
    TrapKind trap = no_trap;
    std::vector<uint8_t> memory;
    std::string global;
    std::vector<bool> table;

    friend bool operator==(const End&, const End&) = default;
};

End end_of(Guest& guest, Instance& instance, const std::string& name)
{
    End end;
    const auto results = guest.call(instance, name);
    end.result = results ? results->front().to_text() : results.error().to_text();
    end.trap = results ? no_trap : results.error().kind;
    const auto bytes = instance.memories[0]->bytes();
    end.memory.assign(bytes.begin(), bytes.end());
    end.global = instance.globals[0]->get().to_text();
    for (const Ref ref : instance.tables[0]->elements())
        end.table.push_back(ref.bits != 0);
    return end;
}

enum class Way : uint8_t { Alone, Stepped, Watched, SteppedAndWatched, Driven };

struct Counts {
    uint64_t steps = 0;
    uint64_t hits = 0;
    uint64_t stops = 0;
};

/// A guest that a handler debugs in one way.
struct RandomRun : Guest {
    RandomRun(const std::shared_ptr<Engine>& shared, const std::shared_ptr<const Module>& module, Way chosen,
        uint32_t seed)
        : Guest(shared), instance(**core::instantiate(thread, linker, module)), way(chosen), random(seed)
    {}

    End run(const std::string& name)
    {
        if (way == Way::Alone)
            return end_of(*this, instance, name);
        const auto session =
            *Session::create(store, thread, [this](const StopReason& reason) { return decide(reason); });
        const FuncMeta& meta = *function(instance, name).meta;
        if (way == Way::Watched || way == Way::SteppedAndWatched)
            watch(*session);
        if (way != Way::Watched) {
            EXPECT_TRUE(session->add_breakpoint({ .module = instance.module, .offset = meta.code_offset }));
        }
        for (int i = 0; way == Way::Driven && i < 6; ++i)
            EXPECT_TRUE(session->add_breakpoint({ .module = instance.module,
                .offset = meta.code_offset
                    + static_cast<CodeOffset>(random() % (meta.end_offset - meta.code_offset)),
                .condition = i % 2 == 0 ? "" : "$n == " + std::to_string(random() % 5),
                .ignore_count = random() % 3 }));
        if (way == Way::Driven && random() % 2 == 0)
            watch(*session);
        return end_of(*this, instance, name);
    }

    Resume decide(const StopReason& reason)
    {
        ++counts.stops;
        counts.steps += reason.kind == StopKind::Step;
        counts.hits += reason.kind == StopKind::Watchpoint;
        using enum Resume::Kind;
        if (way == Way::Watched)
            return { Go };
        if (way != Way::Driven || reason.kind == StopKind::Trap)
            return { Step };
        look();
        return { std::array { Go, Step, Step, StepOver, StepOut }[random() % 5] };
    }

    /// Does what must change nothing: reads frames and values, and sometimes calls a function
    /// without effects.
    void look()
    {
        for (const Frame& frame : frames_of(thread)) {
            (void)locals_of(frame);
            (void)operands_of(frame);
        }
        if (random() % 4 == 0) {
            Function& mix = *instance.functions[0];
            EXPECT_TRUE(invoke(thread, mix, std::vector { Value::i64(5), Value::i32(3) }));
        }
    }

    void watch(Session& session)
    {
        using enum WatchpointSpec::Access;
        Memory* const memory = instance.memories[0];
        EXPECT_TRUE(session.add_watchpoint(
            { eval::MemoryRange { memory, random() % 60, 1 + random() % 30 }, Change, &store }));
        EXPECT_TRUE(
            session.add_watchpoint({ eval::MemoryRange { memory, random() % 96, 4 }, ReadWrite, &store }));
        EXPECT_TRUE(session.add_watchpoint({ instance.globals[0], Write, &store }));
        EXPECT_TRUE(
            session.add_watchpoint({ eval::TableSlot { instance.tables[0], random() % 8 }, Change, &store }));
    }

    Instance& instance;
    Way way;
    std::mt19937 random;
    Counts counts;
};

TEST(Random, GuestsDoTheSameHoweverTheyAreDebugged)
{
    constexpr int in_module = 50;
    const auto programs = static_cast<int>(from_environment("VITRINE_RANDOM_PROGRAMS", 1000));
    const uint64_t steps = from_environment("VITRINE_RANDOM_STEPS", 300);
    // An iteration is about seventy instructions.
    const auto turns = static_cast<uint32_t>(std::max<uint64_t>(1, steps / 70));
    const auto engine =
        std::make_shared<Engine>(EngineConfig { .guest_debug = true, .features = FeatureSet::all() });
    Counts all;
    int trapped = 0;
    std::shared_ptr<const Module> module;
    for (int i = 0; i < programs; ++i) {
        const auto seed = static_cast<uint32_t>(i);
        if (i % in_module == 0)
            module = test::module_of(*engine, test::random_module(seed, in_module, turns));
        const std::string name = "f" + std::to_string(i % in_module);
        const End alone = RandomRun(engine, module, Way::Alone, seed).run(name);
        trapped += alone.trap != no_trap;
        for (const Way way : { Way::Stepped, Way::Watched, Way::SteppedAndWatched, Way::Driven }) {
            RandomRun debugged(engine, module, way, seed);
            const End end = debugged.run(name);
            ASSERT_EQ(end, alone) << "program " << i << ", way " << static_cast<int>(way) << ": "
                                  << end.result << " instead of " << alone.result;
            all.steps += debugged.counts.steps;
            all.hits += debugged.counts.hits;
            all.stops += debugged.counts.stops;
        }
    }
    RecordProperty("steps", std::to_string(all.steps));
    RecordProperty("hits", std::to_string(all.hits));
    RecordProperty("trapped", trapped);
    std::cout << programs << " programs, " << trapped << " trapped; " << all.steps << " steps, " << all.hits
              << " hits of watchpoints, " << all.stops << " stops\n";
    EXPECT_GT(all.steps, static_cast<uint64_t>(programs) * 100);
    EXPECT_GT(all.hits, static_cast<uint64_t>(programs));
    EXPECT_GT(trapped, 0);
    EXPECT_LT(trapped, programs / 2 + 1);
}

} // namespace
} // namespace vitrine::core::debug
