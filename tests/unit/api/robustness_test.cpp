// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Sessions that are misused or used heavily: nothing is lost, and nobody waits forever.
#include "support/sanitizer.h"
#include "world.h"

#include <alloca.h>
#include <chrono>
#include <functional>
#include <pthread.h>
#include <semaphore>
#include <sys/mman.h>
#include <thread>
#include <ucontext.h>

namespace vitrine {
namespace {

using core::test::has_large_frames;

using debug::Resume;
using debug::Session;
using debug::StopKind;
using debug::Stopped;
using test::error_of;
using test::exited;
using test::stopped;
using test::World;

struct Counting : World {
    Counting()
        : instance(instantiate(R"((module
            (memory 1)
            (func $count (export "count") (param $n i32) (result i32) (local $sum i32)
              nop
              (loop $again
                (local.set $sum (i32.add (local.get $sum) (local.get $n)))
                (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
              (local.get $sum))))")),
          session(store)
    {}
    std::uint32_t begin() const { return instance.module().functions()[0].offset; }
    debug::Event count(std::int32_t n) { return session.call(*instance.func("count"), { Val::i32(n) }); }

    Instance instance;
    Session session;
};

TEST(Robustness, AStaleFrameAnswersWithNothingAndErrors)
{
    Counting guest;
    ASSERT_TRUE(guest.session.add_breakpoint({ .module = guest.instance.module(), .offset = guest.begin() }));
    Stopped stop = stopped(guest.count(3));
    const debug::Frame frame = stop.frames()[0];
    stop = stopped(guest.session.step(std::move(stop)));
    const std::string gone = "the frame is no longer valid: the guest has resumed";
    EXPECT_EQ(error_of(frame.evaluate("$n")), gone);
    EXPECT_EQ(error_of(frame.text_of("$n")), gone);
    EXPECT_EQ(error_of(frame.assign("$n = 1")), gone);
    EXPECT_FALSE(stop.return_from(frame, { Val::i32(1) }));
    EXPECT_FALSE(guest.session.add_watchpoint({ .what = debug::FrameLocal { frame, 0 } }));
    EXPECT_EQ(frame.function(), *guest.instance.func("count")) << "which function it was is still known";
    EXPECT_EQ(exited(guest.session.resume(std::move(stop)))->front(), Val::i32(6));
}

TEST(Robustness, AFrameOfAnotherSessionIsRefused)
{
    Counting guest, other;
    for (Counting* each : { &guest, &other })
        ASSERT_TRUE(
            each->session.add_breakpoint({ .module = each->instance.module(), .offset = each->begin() }));
    Stopped stop = stopped(guest.count(3)), foreign = stopped(other.count(3));
    EXPECT_FALSE(stop.return_from(foreign.frames()[0], { Val::i32(1) }));
    EXPECT_FALSE(guest.session.add_watchpoint({ .what = debug::FrameLocal { foreign.frames()[0], 0 } }));
    EXPECT_TRUE(foreign.frames()[0].is_valid());
    EXPECT_EQ(exited(guest.session.resume(std::move(stop)))->front(), Val::i32(6));
    EXPECT_EQ(exited(other.session.resume(std::move(foreign)))->front(), Val::i32(6));
}

TEST(Robustness, ExpressionsWithErrorsChangeNothing)
{
    Counting guest;
    const debug::BreakpointSpec good {
        .module = guest.instance.module(), .offset = guest.begin(), .condition = "$n == 3"
    };
    const auto id = guest.session.add_breakpoint(good);
    ASSERT_TRUE(id);
    for (const char* text : { "$n ==", "nothing", "$n == \"a\"", "((((", "$99", "i32[", "\xff\xfe" }) {
        debug::BreakpointSpec bad = good;
        bad.condition = text;
        const auto refused = guest.session.add_breakpoint(bad);
        ASSERT_FALSE(refused) << text;
        EXPECT_TRUE(refused.error().offset()) << "says where: " << text;
        EXPECT_FALSE(guest.session.change_breakpoint(*id, bad)) << text;
        bad.condition.clear();
        bad.message = std::string("{") + text + "}";
        EXPECT_FALSE(guest.session.add_breakpoint(bad)) << text;
    }
    EXPECT_EQ(guest.session.breakpoints().size(), 1u);
    EXPECT_EQ(guest.session.breakpoints()[0].spec.condition, "$n == 3");
    Stopped stop = stopped(guest.count(3));
    for (const char* text : { "$n = ", "$n = 1 / 0", "5 = 6", "$n", "i32[-1] = 4" })
        EXPECT_FALSE(stop.frames()[0].assign(text)) << text;
    EXPECT_EQ(*stop.frames()[0].evaluate("$n"), Val::i32(3));
    EXPECT_EQ(exited(guest.session.resume(std::move(stop)))->front(), Val::i32(6));
}

TEST(Robustness, TenThousandBreakpoints)
{
    World world;
    std::string text = "(module (func (export \"run\") (result i32) (local $x i32)";
    constexpr int additions = 2'500;
    for (int i = 0; i < additions; ++i)
        text += "(local.set $x (i32.add (local.get $x) (i32.const 1)))";
    const Instance instance = world.instantiate(text + "(local.get $x)))");
    Session session(world.store);
    const std::uint32_t first = instance.module().functions()[0].offset + 3;
    const auto began = std::chrono::steady_clock::now();
    std::vector<std::uint32_t> ids;
    for (int i = 0; i < additions; ++i)
        for (const std::uint32_t at : { 0, 2, 4, 5 })
            ids.push_back(
                session.add_breakpoint({ .module = instance.module(), .offset = first + 7 * i + at })
                    .value());
    EXPECT_EQ(session.breakpoints().size(), 10'000u);
    // Stop at each of the first hundred, then continue past the others, which are counted.
    auto event = session.call(*instance.func("run"), {});
    for (std::uint32_t hit = 0; hit < 100; ++hit) {
        Stopped stop = stopped(std::move(event));
        EXPECT_EQ(stop.reason().id, ids[hit]);
        event = session.resume(std::move(stop));
    }
    Stopped stop = stopped(std::move(event));
    for (std::size_t i = 101; i < ids.size(); i += 2)
        ASSERT_TRUE(session.remove_breakpoint(ids[i]));
    for (std::size_t i = 100; i < ids.size(); i += 2) {
        const auto row = instance.module();
        ASSERT_TRUE(session.change_breakpoint(ids[i],
            { .module = row,
                .offset = first + 7 * (static_cast<std::uint32_t>(i) / 4)
                    + std::array<std::uint32_t, 4> { 0, 2, 4, 5 }[i % 4],
                .ignore_count = 1000 }));
    }
    EXPECT_EQ(exited(session.resume(std::move(stop)))->front(), Val::i32(additions));
    std::size_t hits = 0;
    for (const auto& row : session.breakpoints())
        hits += row.hits;
    EXPECT_EQ(hits, 101u + (10'000 - 100) / 2 - 1);
    for (const auto& row : session.breakpoints())
        EXPECT_TRUE(session.remove_breakpoint(row.id));
    EXPECT_EQ(exited(session.call(*instance.func("run"), {}))->front(), Val::i32(additions));
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(30));
}

TEST(Robustness, AGuestEndsWhileACommandIsUnderWay)
{
    Counting guest;
    const auto last =
        guest.session.add_breakpoint({ .module = guest.instance.module(), .offset = guest.begin() });
    for (int way = 0; way < 5; ++way) {
        Stopped stop = stopped(guest.count(2));
        // To the end of the function; from there, try actions that cannot complete.
        const std::uint32_t end = guest.instance.module().functions()[0].end - 1;
        stop = stopped(guest.session.run_to(std::move(stop), end));
        EXPECT_EQ(stop.frames()[0].offset(), end);
        debug::Event event = way == 0 ? guest.session.step(std::move(stop))
            : way == 1                ? guest.session.step_over(std::move(stop))
            : way == 2                ? guest.session.step_out(std::move(stop))
            : way == 3                ? guest.session.run_to(std::move(stop), guest.begin() + 3)
                                      : guest.session.resume(std::move(stop));
        EXPECT_EQ(exited(std::move(event))->front(), Val::i32(3));
    }
    ASSERT_TRUE(guest.session.remove_breakpoint(*last));
    EXPECT_EQ(exited(guest.count(2))->front(), Val::i32(3)) << "no step is left over";
}

TEST(Robustness, HandlersAndSessionsKeepApart)
{
    World world;
    const Instance instance = world.instantiate(R"((module (func (export "f") (result i32) (i32.const 4))))");
    const Func function = *instance.func("f");
    const auto go = [](Stopped&) { return Resume::go(); };
    ASSERT_TRUE(world.store.on_debug_event(go));
    Session* session = world.store.debug_session();
    const std::string refusal = "the session's handler watches what the embedder runs";
    EXPECT_EQ(error_of(exited(session->call(function, {}))), refusal);
    EXPECT_EQ(error_of(exited(session->instantiate(world.linker, instance.module()))), refusal);
    EXPECT_EQ(
        error_of(exited(session->run([]() -> Result<std::vector<Val>> { return Error("ran"); }))), refusal);
    EXPECT_EQ(error_of(exited(session->wait())), "the session's handler is told of all stops");
    EXPECT_EQ(error_of(Session::create(world.store)), "the store has a session already");
    // In the handler the guest is stopped, but the session may not resume it.
    std::vector<std::string> errors;
    ASSERT_TRUE(world.store.on_debug_event(nullptr));
    ASSERT_TRUE(world.store.on_debug_event([&](Stopped& stop) {
        Session& own = *world.store.debug_session();
        errors.push_back(error_of(own.go(std::move(stop))));
        errors.push_back(error_of(world.store.on_debug_event(nullptr)));
        return Resume::go();
    }));
    ASSERT_TRUE(world.store.debug_session()->add_breakpoint(
        { .module = instance.module(), .offset = instance.module().functions()[0].offset }));
    EXPECT_EQ(function.call({})->front(), Val::i32(4));
    ASSERT_EQ(errors.size(), 2u);
    EXPECT_EQ(errors[0], "the session has a handler, which decides how the guest resumes");
    EXPECT_EQ(errors[1], "the store's guest is running");
    EXPECT_TRUE(world.store.on_debug_event(nullptr));
    Session after(world.store);
    EXPECT_EQ(exited(after.call(function, {}))->front(), Val::i32(4));
}

TEST(Robustness, StoresAreAddedAndRemovedOnce)
{
    World world, closed(false);
    Session session(world.store);
    Store second(world.engine), third(world.engine);
    EXPECT_EQ(error_of(session.add_store(world.store)), "the store has a session already");
    EXPECT_EQ(error_of(session.remove_store(second)), "the store is not one of the session");
    EXPECT_EQ(error_of(session.remove_store(world.store)), "the session's own store stays until it ends");
    EXPECT_FALSE(session.add_store(closed.store));
    World foreign;
    EXPECT_FALSE(session.add_store(foreign.store)) << "of another engine";
    ASSERT_TRUE(session.add_store(second));
    EXPECT_EQ(error_of(session.add_store(second)), "the store has a session already");
    EXPECT_EQ(error_of(Session::create(second)), "the store has a session already");
    ASSERT_TRUE(session.remove_store(second));
    EXPECT_FALSE(session.remove_store(second));
    EXPECT_TRUE(Session::create(second)) << "it is free again";
    ASSERT_TRUE(session.add_store(third));
    third = Store(world.engine);
    // The added store is gone; the session continues.
    const Instance instance = world.instantiate(R"((module (func (export "f") (result i32) (i32.const 4))))");
    EXPECT_EQ(exited(session.call(*instance.func("f"), {}))->front(), Val::i32(4));
}

TEST(Robustness, RemovedStoresAreNotStopped)
{
    World world;
    Store second(world.engine);
    const Module module = world.module(R"((module (func (export "f") (result i32) (i32.const 4))))");
    const Instance other = world.linker.instantiate(second, module).value();
    Session session(world.store);
    ASSERT_TRUE(session.add_store(second));
    ASSERT_TRUE(session.add_breakpoint({ .module = module, .offset = module.functions()[0].offset }));
    std::thread runner([&] { EXPECT_EQ(other.func("f")->call({})->front(), Val::i32(4)); });
    Stopped stop = stopped(session.wait());
    EXPECT_EQ(error_of(session.remove_store(second)), "the store's guest is running");
    ASSERT_TRUE(session.go(std::move(stop)));
    runner.join();
    ASSERT_TRUE(session.remove_store(second));
    EXPECT_EQ(other.func("f")->call({})->front(), Val::i32(4)) << "no mark is left in its code";
}

// -- Several guest threads

constexpr auto workers = R"((module
    (import "host" "memory" (memory 1 1 shared))
    (import "host" "wait" (func $wait))
    (func $turn (param $at i32)
      (drop (i32.atomic.rmw.add (local.get $at) (i32.const 1))))
    ;; Turns until the word at 0 is set, counting at an address.
    (func (export "turns") (param $at i32)
      (loop $again
        (call $turn (local.get $at))
        (br_if $again (i32.eqz (i32.atomic.load (i32.const 0))))))
    (func (export "waits") (call $wait))))";

constexpr std::uint32_t turn = 1, count_of_first = 8, count_of_second = 16;

/// Two stores on one shared memory. The first is the session's own; the second has a thread of its
/// own here.
struct Pair : World {
    Pair()
        : second(engine),
          memory(SharedMemory::create(engine, { .min = 1, .max = 1, .is_shared = true }).value())
    {
        linker.define("host", "memory", memory).define("host", "wait", [this] {
            is_waiting.release();
            may_return.acquire();
        });
        module.emplace(World::module(workers));
        one.emplace(linker.instantiate(store, *module).value());
        two.emplace(linker.instantiate(second, *module).value());
        session.emplace(store);
        EXPECT_TRUE(session->add_store(second));
    }
    ~Pair()
    {
        set(0, 1);
        may_return.release();
        if (runner.joinable())
            runner.join();
    }
    Pair(const Pair&) = delete;
    Pair& operator=(const Pair&) = delete;

    std::uint32_t word(std::uint64_t address) const
    {
        std::array<std::byte, 4> bytes {};
        EXPECT_TRUE(memory.read(address, bytes));
        return std::bit_cast<std::uint32_t>(bytes);
    }
    void set(std::uint64_t address, std::uint32_t value) const
    {
        EXPECT_TRUE(memory.write(address, std::bit_cast<std::array<std::byte, 4>>(value)));
    }
    void run_second(std::string name)
    {
        runner = std::thread([this, name = std::move(name)] {
            second_result = name == "turns" ? two->func(name)->call({ Val::i32(count_of_second) })
                                            : two->func(name)->call({});
        });
    }
    /// Lets both loop, starting from a stop at the entry of the first.
    void turn_both()
    {
        Stopped stop = stopped(session->call(*one->func("turns"), { Val::i32(count_of_first) }, true));
        run_second("turns");
        ASSERT_TRUE(session->go(std::move(stop)));
        wait_for_turns(count_of_first);
        wait_for_turns(count_of_second);
    }
    /// Waits until the number at `at` has grown.
    void wait_for_turns(std::uint64_t at) const
    {
        for (const std::uint32_t now = word(at); word(at) == now;)
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    Stopped interrupt()
    {
        session->interrupt();
        return stopped(session->wait());
    }
    void expect_both_end(debug::Event event)
    {
        EXPECT_TRUE(exited(std::move(event)));
        runner.join();
        EXPECT_TRUE(second_result);
    }

    Store second;
    SharedMemory memory;
    std::binary_semaphore is_waiting { 0 }, may_return { 0 };
    std::optional<Module> module;
    std::optional<Instance> one, two;
    std::optional<Session> session;
    std::thread runner;
    Result<std::vector<Val>> second_result = Error("has not ended");
};

TEST(Robustness, AllThreadsStopWhenOneStops)
{
    Pair guests;
    guests.turn_both();
    for (int round = 0; round < 3; ++round) {
        Stopped stop = guests.interrupt();
        EXPECT_EQ(stop.reason().kind, StopKind::Interrupt);
        const std::pair counts { guests.word(count_of_first), guests.word(count_of_second) };
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        EXPECT_EQ(counts, (std::pair { guests.word(count_of_first), guests.word(count_of_second) }));
        const auto threads = stop.threads();
        ASSERT_EQ(threads.size(), 2u);
        for (const auto& thread : threads) {
            EXPECT_TRUE(thread.is_running());
            ASSERT_FALSE(thread.frames().empty());
            EXPECT_TRUE(thread.frames()[0].is_valid());
            const auto outermost = thread.frames().back();
            EXPECT_EQ(
                *outermost.evaluate("$at"), Val::i32(thread.id() == 1 ? count_of_first : count_of_second));
        }
        ASSERT_TRUE(guests.session->go(std::move(stop)));
        guests.wait_for_turns(count_of_first);
        guests.wait_for_turns(count_of_second);
    }
    Stopped stop = guests.interrupt();
    guests.set(0, 1);
    guests.expect_both_end(guests.session->resume(std::move(stop)));
}

TEST(Robustness, NoStopOfTwoThreadsIsLost)
{
    Pair guests;
    Stopped stop =
        stopped(guests.session->call(*guests.one->func("turns"), { Val::i32(count_of_first) }, true));
    const auto id = guests.session->add_breakpoint(
        { .module = *guests.module, .offset = guests.module->functions()[turn].offset });
    ASSERT_TRUE(id);
    guests.run_second("turns");
    std::array<std::uint32_t, 3> stops {};
    std::uint32_t total = 0;
    for (; total < 20'000 && std::min(stops[1], stops[2]) < 50; ++total) {
        stop = stopped(guests.session->resume(std::move(stop)));
        EXPECT_EQ(stop.reason().id, *id);
        ++stops[stop.reason().thread];
        // No iteration happens without a stop before it. The one of the last stop happens when its
        // thread continues.
        const std::uint32_t turns = guests.word(count_of_first);
        EXPECT_LE(turns, stops[1]);
        EXPECT_GE(turns + 1, stops[1]);
        if (stop.reason().thread == 1) {
            EXPECT_EQ(turns, stops[1] - 1);
        }
        EXPECT_LE(guests.word(count_of_second), stops[2]);
    }
    EXPECT_GE(stops[1], 50u);
    EXPECT_GE(stops[2], 50u) << "both are told of";
    EXPECT_GE(guests.session->breakpoints()[0].hits, total);
    ASSERT_TRUE(guests.session->remove_breakpoint(*id));
    guests.set(0, 1);
    guests.expect_both_end(guests.session->resume(std::move(stop)));
}

TEST(Robustness, OneThreadStepsWhileTheOtherStands)
{
    Pair guests;
    guests.turn_both();
    Stopped stop = guests.interrupt();
    const std::uint32_t stepper = stop.reason().thread;
    const std::uint64_t others = stepper == 1 ? count_of_second : count_of_first;
    const std::uint64_t own = stepper == 1 ? count_of_first : count_of_second;
    const std::uint32_t of_others = guests.word(others), of_own = guests.word(own);
    for (int i = 0; i < 60; ++i) {
        stop = stopped(guests.session->step(std::move(stop)));
        EXPECT_EQ(stop.reason().kind, StopKind::Step);
        EXPECT_EQ(stop.reason().thread, stepper);
    }
    EXPECT_EQ(guests.word(others), of_others);
    EXPECT_GT(guests.word(own), of_own);
    guests.set(0, 1);
    guests.expect_both_end(guests.session->resume(std::move(stop)));
}

TEST(Robustness, AnInterruptWhileOneWaitsInTheHostAndTheOtherRuns)
{
    Pair guests;
    guests.run_second("waits");
    guests.is_waiting.acquire();
    Stopped stop =
        stopped(guests.session->call(*guests.one->func("turns"), { Val::i32(count_of_first) }, true));
    ASSERT_TRUE(guests.session->go(std::move(stop)));
    guests.wait_for_turns(count_of_first);
    stop = guests.interrupt();
    EXPECT_EQ(stop.reason().thread, 1u) << "the one that runs";
    const auto waiting = stop.threads()[1].frames();
    ASSERT_EQ(waiting.size(), 2u);
    EXPECT_TRUE(waiting[0].is_host());
    EXPECT_EQ(waiting[1].function(), *guests.two->func("waits"));
    // Its host function returns while all threads are stopped, and it stops too.
    guests.may_return.release();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_FALSE(guests.second_result);
    guests.set(0, 1);
    guests.expect_both_end(guests.session->resume(std::move(stop)));
}

TEST(Robustness, KillEndsAllThreads)
{
    Pair guests;
    guests.turn_both();
    guests.session->kill();
    EXPECT_EQ(exited(guests.session->wait()).error().trap()->kind, TrapKind::Killed);
    guests.runner.join();
    ASSERT_TRUE(guests.second_result.error().trap());
    EXPECT_EQ(guests.second_result.error().trap()->kind, TrapKind::Killed);
    // Both can be called again, and so can a guest that was killed at a stop.
    guests.turn_both();
    EXPECT_EQ(exited(guests.session->kill(guests.interrupt())).error().trap()->kind, TrapKind::Killed);
    guests.runner.join();
    EXPECT_EQ(guests.second_result.error().trap()->kind, TrapKind::Killed);
}

TEST(Robustness, ASessionEndsWhileItsThreadsRun)
{
    Pair guests;
    guests.turn_both();
    guests.session.reset();
    guests.runner.join();
    EXPECT_EQ(guests.second_result.error().trap()->kind, TrapKind::Killed);
    guests.set(0, 1);
    EXPECT_TRUE(guests.two->func("turns")->call({ Val::i32(count_of_second) })) << "unwatched";
}

// -- Kills after which the guest executes nothing

TEST(Robustness, AKilledGuestIsNotStoppedAnyMore)
{
    Counting guest;
    ASSERT_TRUE(guest.session.add_breakpoint({ .module = guest.instance.module(), .offset = guest.begin() }));
    for (int i = 0; i < 20; ++i) {
        const Stopped stop = stopped(guest.count(3));
        guest.session.kill();
        EXPECT_FALSE(guest.session.stopped());
        EXPECT_EQ(exited(guest.session.wait()).error().trap()->kind, TrapKind::Killed);
    }
}

TEST(Robustness, AKillAtTheLoadOfAnotherThreadsInstanceEndsIt)
{
    World world;
    Store second(world.engine);
    Session session(world.store);
    ASSERT_TRUE(session.add_store(second));
    ASSERT_TRUE(session.stop_on({ .load = true }));
    const Module module = world.module(R"((module (func (export "f") (result i32) (i32.const 4))))");
    Result<Instance> made = Error("nothing yet");
    std::thread maker([&] { made = world.linker.instantiate(second, module); });
    while (!session.stopped())
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    session.kill();
    maker.join();
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().trap()->kind, TrapKind::Killed);
    ASSERT_TRUE(session.stop_on({}));
    const Instance next = world.linker.instantiate(second, module).value();
    EXPECT_EQ(next.func("f")->call({})->front(), Val::i32(4)) << "the next call is a new one";
}

/// A guest whose host function blocks; no call and no loop follows it.
struct Napping : World {
    /// Its store is the session's own, or was added to the session and is run by the embedder.
    explicit Napping(bool is_added = false) : other(engine), session(is_added ? other : store)
    {
        if (is_added) {
            EXPECT_TRUE(session.add_store(store));
        }
        linker.define("host", "nap", [this]() -> Result<std::int32_t> {
            is_waiting.release();
            may_return.acquire();
            return this->wakes();
        });
        instance.emplace(instantiate(R"((module (import "host" "nap" (func $nap (result i32)))
            (func $inner (result i32) (i32.add (call $nap) (i32.const 1)))
            (func (export "nap") (result i32) (i32.add (call $inner) (i32.const 1)))
            (func (export "rest") (result i32) nop (i32.const 8))))"));
    }
    std::binary_semaphore is_waiting { 0 }, may_return { 0 };
    std::function<Result<std::int32_t>()> wakes = [] { return 3; };
    Store other;
    Session session;
    std::optional<Instance> instance;
};

TEST(Robustness, AKillDuringAHostFunctionIsNotLost)
{
    for (const bool by_session : { true, false }) {
        Napping guest(!by_session);
        Result<std::vector<Val>> ended = Error("nothing yet");
        std::thread runner([&] {
            const Func nap = *guest.instance->func("nap");
            ended = by_session ? exited(guest.session.call(nap, {})) : nap.call({});
        });
        guest.is_waiting.acquire();
        guest.session.kill();
        guest.may_return.release();
        runner.join();
        ASSERT_FALSE(ended) << by_session;
        EXPECT_EQ(ended.error().trap()->kind, TrapKind::Killed);
        EXPECT_EQ(ended.error().trap()->backtrace.size(), 2u) << "where it was";
        EXPECT_EQ(guest.instance->func("rest")->call({})->front(), Val::i32(8))
            << "the next call is a new one";
        if (by_session) {
            EXPECT_EQ(exited(guest.session.call(*guest.instance->func("rest"), {}))->front(), Val::i32(8));
        }
    }
}

TEST(Robustness, AKillOfAGuestThatStoppedInAHostFunctionIsNotLost)
{
    Napping guest;
    std::thread waker([&] {
        guest.is_waiting.acquire();
        guest.session.interrupt();
    });
    Stopped stop = stopped(guest.session.call(*guest.instance->func("nap"), {}));
    waker.join();
    EXPECT_EQ(stop.reason().kind, StopKind::Interrupt);
    guest.session.kill();
    EXPECT_FALSE(guest.session.stopped());
    guest.may_return.release();
    EXPECT_EQ(exited(guest.session.wait()).error().trap()->kind, TrapKind::Killed);
}

TEST(Robustness, AnInterruptDuringAHostFunctionIsNotLost)
{
    Napping guest;
    guest.wakes = [&]() -> Result<std::int32_t> {
        guest.store.interrupter().interrupt();
        return 3;
    };
    guest.may_return.release();
    const auto ended = guest.instance->func("nap")->call({});
    ASSERT_FALSE(ended);
    EXPECT_EQ(ended.error().trap()->kind, TrapKind::Interrupted);
    EXPECT_EQ(guest.instance->func("rest")->call({})->front(), Val::i32(8));
    // The host function's own result counts.
    guest.wakes = [&]() -> Result<std::int32_t> {
        guest.store.interrupter().interrupt();
        return Error("no sleep");
    };
    guest.may_return.release();
    EXPECT_EQ(error_of(guest.instance->func("nap")->call({})), "no sleep");
}

// -- The host's own stack

/// Calls `run` on a thread whose stack has this size. Made here, as the C library would take one of
/// up to four times the size that another thread has left.
void on_stack(std::size_t bytes, std::function<void()> run)
{
    void* const stack = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(stack, MAP_FAILED);
    pthread_attr_t attributes;
    ASSERT_EQ(pthread_attr_init(&attributes), 0);
    ASSERT_EQ(pthread_attr_setstack(&attributes, stack, bytes), 0);
    pthread_t thread;
    const auto enter = [](void* argument) -> void* {
        (*static_cast<std::function<void()>*>(argument))();
        return nullptr;
    };
    ASSERT_EQ(pthread_create(&thread, &attributes, enter, &run), 0);
    pthread_join(thread, nullptr);
    pthread_attr_destroy(&attributes);
    munmap(stack, bytes);
}

/// A guest that calls the host, which calls the guest, and so on. Each host function uses some
/// stack of its own.
struct Nesting : World {
    explicit Nesting(std::size_t host_bytes = 0)
    {
        linker.define("host", "again", [this, host_bytes](std::int32_t depth) -> Result<std::int32_t> {
            auto* const used = static_cast<volatile char*>(__builtin_alloca(host_bytes + 1));
            used[0] = 1;
            used[host_bytes] = 1;
            deepest = depth;
            return (*again)(depth + 1);
        });
        const Instance instance =
            instantiate(R"((module (import "host" "again" (func $again (param i32) (result i32)))
            (func (export "again") (param i32) (result i32) (call $again (local.get 0)))))");
        again = instance.typed<std::int32_t(std::int32_t)>("again").value();
    }
    std::optional<TypedFunc<std::int32_t(std::int32_t)>> again;
    std::int32_t deepest = 0;
};

TEST(Robustness, NestedCallsAreBoundByTheStackOfTheThread)
{
    const std::size_t scale = has_large_frames ? 4 : 1;
    std::vector<std::int32_t> depths;
    for (const std::size_t kilobytes : { 64, 128, 256, 512, 1024, 4096, 32768 })
        for (const std::size_t host_bytes : { 0, 4096 })
            on_stack(scale * kilobytes * 1024, [&] {
                Nesting guest(scale * host_bytes);
                for (int i = 0; i < 2; ++i) {
                    const auto ended = (*guest.again)(0);
                    ASSERT_FALSE(ended);
                    EXPECT_EQ(ended.error().trap()->kind, TrapKind::StackOverflow) << kilobytes;
                }
                depths.push_back(guest.deepest);
            });
    EXPECT_EQ(depths[12], 399) << "a large one is bound by the count";
    EXPECT_LT(depths[3], depths[7]) << "what host functions take counts";
    EXPECT_LT(depths[7], depths[11]);
}

TEST(Robustness, NestedCallsOnAStackOfUnknownSizeAreCounted)
{
    Nesting guest;
    // A stack that does not belong to the thread, as a fiber has.
    std::vector<char> stack(std::size_t { 16 } << 20);
    ucontext_t here {}, there {};
    ASSERT_EQ(getcontext(&there), 0);
    there.uc_stack.ss_sp = stack.data();
    there.uc_stack.ss_size = stack.size();
    there.uc_link = &here;
    static Nesting* running;
    running = &guest;
    makecontext(&there, [] { EXPECT_FALSE((*running->again)(0)); }, 0);
    ASSERT_EQ(swapcontext(&here, &there), 0);
    EXPECT_EQ(guest.deepest, 399);
    EXPECT_FALSE((*guest.again)(0)) << "and again on the thread's own";
}

} // namespace
} // namespace vitrine
