// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/probes.h"

#include "exec/code.h"
#include "exec/instrument.h"
#include "support/guest.h"

#include <gmock/gmock.h>

#include <functional>

namespace vitrine::core {
namespace {

using test::Guest;
using testing::ElementsAre;
using testing::IsEmpty;

/// Records its notifications in a shared list.
struct Noting final : Probe {
    Noting(std::vector<std::string>& notes, std::string name) : notes(notes), name(std::move(name)) {}
    Wish fire(Thread&, Cause cause) override
    {
        note("fire " + std::to_string(static_cast<int>(cause)));
        return wish;
    }
    void on_instance(Instance&) override { note("instance"); }
    void wait_outside(Thread&) override { note("wait"); }
    bool wants_end(Thread&) override
    {
        note("end?");
        return ends;
    }
    void on_spawn(Thread&) override { note("spawn"); }
    void on_thread_end(Thread&) override { note("thread end"); }
    void note(const std::string& what) { notes.push_back(name + " " + what); }

    std::vector<std::string>& notes;
    std::string name;
    Wish wish = Wish::Continue;
    bool ends = false;
};

class ProbesTest : public testing::Test {
protected:
    void SetUp() override
    {
        guest.define("host", "look", {}, [this](HostCall& call) -> HostOutcome {
            call.thread.requests->add(request);
            return Returned {};
        });
        thread.probes.set(ProbeRole::Profiler, &profiler);
        thread.probes.set(ProbeRole::Session, &session);
        thread.probes.set(ProbeRole::Recorder, &recorder);
    }
    static std::string fired(const char* who, Cause cause)
    {
        return std::string(who) + " fire " + std::to_string(static_cast<int>(cause));
    }

    Guest guest;
    Thread& thread = guest.thread;
    std::vector<std::string> notes;
    Noting recorder { notes, "recorder" }, session { notes, "session" }, profiler { notes, "profiler" };
    uint32_t request = 0;
};

constexpr std::string_view text = R"((module (import "host" "look" (func $look))
  (func (export "trap") unreachable) (func (export "look") (call $look)) (func (export "two") nop nop)))";

TEST_F(ProbesTest, AreAskedInTheirOrderUntilOneWishesSomething)
{
    Instance& instance = guest.instantiate(text);
    EXPECT_THAT(notes,
        ElementsAre("recorder instance", "session instance", "profiler instance",
            fired("recorder", Cause::Load), fired("session", Cause::Load), fired("profiler", Cause::Load)));
    notes.clear();
    EXPECT_FALSE(guest.call(instance, "trap"));
    EXPECT_THAT(notes,
        ElementsAre(
            fired("recorder", Cause::Trap), fired("session", Cause::Trap), fired("profiler", Cause::Trap)));
    notes.clear();
    session.wish = Wish::Kill;
    EXPECT_EQ(guest.call(instance, "trap").error().kind, TrapKind::Killed);
    EXPECT_THAT(notes, ElementsAre(fired("recorder", Cause::Trap), fired("session", Cause::Trap)));
}

TEST_F(ProbesTest, AreToldOfStepsOnlyWhereTheyWantThem)
{
    Instance& instance = guest.instantiate(text);
    Function& two = Guest::function(instance, "two");
    notes.clear();
    set_stepping(thread, true, ProbeRole::Profiler);
    EXPECT_TRUE(thread.is_any_stepping());
    EXPECT_FALSE(thread.is_stepping());
    EXPECT_TRUE(guest.call(instance, "two"));
    EXPECT_THAT(notes, testing::Each(fired("profiler", Cause::Step)));
    EXPECT_EQ(notes.size(), 3u);

    // A probe's stepping does not affect the others. A mark is reported to all, and replaces the
    // profiler's step.
    mark(thread, two, two.meta->code_offset + 1);
    set_stepping(thread, true);
    set_stepping(thread, false);
    notes.clear();
    EXPECT_TRUE(guest.call(instance, "two"));
    EXPECT_THAT(notes,
        ElementsAre(fired("profiler", Cause::Step), fired("recorder", Cause::Mark),
            fired("session", Cause::Mark), fired("profiler", Cause::Mark), fired("profiler", Cause::Step)));
    unmark(thread, two, two.meta->code_offset + 1);
    set_stepping(thread, false, ProbeRole::Profiler);
    EXPECT_FALSE(thread.is_any_stepping());
}

TEST_F(ProbesTest, AreAllAskedWhetherTheGuestMustEnd)
{
    Instance& instance = guest.instantiate(text);
    request = Requests::pause;
    notes.clear();
    recorder.ends = true;
    EXPECT_EQ(guest.call(instance, "look").error().kind, TrapKind::Killed);
    EXPECT_THAT(notes,
        ElementsAre("recorder wait", "session wait", "profiler wait", "recorder end?", "session end?",
            "profiler end?"));
}

TEST_F(ProbesTest, ComeAndGo)
{
    EXPECT_FALSE(thread.probes.is_empty());
    EXPECT_EQ(thread.probes.find(ProbeRole::Session), &session);
    thread.probes.set(ProbeRole::Session, nullptr);
    thread.probes.on_spawn(thread);
    thread.probes.on_thread_end(thread);
    EXPECT_THAT(
        notes, ElementsAre("recorder spawn", "profiler spawn", "recorder thread end", "profiler thread end"));
    thread.probes.set(ProbeRole::Recorder, nullptr);
    thread.probes.set(ProbeRole::Profiler, nullptr);
    EXPECT_TRUE(thread.probes.is_empty());
    notes.clear();
    EXPECT_FALSE(guest.call(guest.instantiate(text), "trap"));
    EXPECT_THAT(notes, IsEmpty());
}

// Refusals.

/// Records what was refused, and refuses what it is told to without an attempt.
struct Recorded final : Refusals {
    bool attempt(Refusable what, const std::function<bool()>& attempt) override
    {
        ++asked;
        const bool is_done = !refuses.contains(asked) && attempt();
        if (!is_done)
            refused.emplace_back(what, asked);
        return is_done;
    }
    int asked = 0;
    std::set<int> refuses;
    std::vector<std::pair<Refusable, int>> refused;
};

TEST(Refusals, AreRepeatedWhereTheyWereRecorded)
{
    constexpr std::string_view wat = R"((module
      (import "host" "nest" (func $nest (param i32) (result i32)))
      (type $array (array i8))
      (memory 1 3) (table $t 1 4 funcref)
      (func (export "run") (result i32) (local $got i32)
        (local.set $got (memory.grow (i32.const 1)))
        (local.set $got (i32.add (i32.mul (local.get $got) (i32.const 10)) (table.grow $t (ref.null func) (i32.const 1))))
        (local.set $got (i32.add (i32.mul (local.get $got) (i32.const 10)) (memory.grow (i32.const 9))))
        (local.set $got (i32.add (i32.mul (local.get $got) (i32.const 10)) (call $nest (i32.const 3))))
        (local.get $got))
      (func (export "inner") (param i32) (result i32) (call $nest (i32.sub (local.get 0) (i32.const 1))))
      (func (export "make") (result i32) (array.len (array.new_default $array (i32.const 1000))))))";
    const auto run = [&](Recorded& refusals, bool has_limiter) {
        Guest guest({ .features = FeatureSet::all() });
        guest.define(
            "host", "nest", { { ValueType::i32 }, { ValueType::i32 } }, [&](HostCall& call) -> HostOutcome {
                if (call.slots[0] == 0)
                    return Returned {};
                const auto ended = core::invoke(call.thread, Guest::function(*call.caller, "inner"),
                    std::vector { Value::i32(static_cast<uint32_t>(call.slots[0])) });
                call.slots[0] = ended ? ended->front().low : 5;
                return Returned {};
            });
        Instance& instance = guest.instantiate(wat);
        guest.store.refusals = &refusals;
        if (has_limiter)
            guest.store.limiter = [](Resource resource, uint64_t, uint64_t) {
                return resource != Resource::Table;
            };
        const auto result = guest.call(instance, "run");
        const auto made = guest.call(instance, "make");
        return std::pair(result ? result->front().low : 999, made ? made->front().low : 0);
    };
    Recorded recorded;
    const auto first = run(recorded, true);
    EXPECT_EQ(static_cast<int32_t>(first.first), ((1 * 10 - 1) * 10 - 1) * 10 + 0);
    EXPECT_EQ(first.second, 1000u);
    EXPECT_THAT(recorded.refused,
        ElementsAre(testing::Pair(Refusable::TableGrowth, testing::_),
            testing::Pair(Refusable::MemoryGrowth, testing::_)));

    // Without the limiter, and with the same refusals, the outcome is the same.
    Recorded replayed;
    for (const auto& [what, at] : recorded.refused)
        replayed.refuses.insert(at);
    EXPECT_EQ(run(replayed, false), first);
    EXPECT_EQ(replayed.refused, recorded.refused);

    // Entries and objects are refused in the same way.
    Recorded entry, object;
    entry.refuses = { recorded.asked - 4 };
    object.refuses = { recorded.asked };
    EXPECT_EQ(static_cast<int32_t>(run(entry, true).first), ((1 * 10 - 1) * 10 - 1) * 10 + 5);
    EXPECT_EQ(entry.refused.back().first, Refusable::Entry);
    EXPECT_EQ(run(object, true), (std::pair(first.first, uint64_t { 0 })));
    EXPECT_EQ(object.refused.back().first, Refusable::Object);
}

} // namespace
} // namespace vitrine::core
