// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Debug sessions as embedders use them: stops, frames, changes, misuse, threads.
#include "world.h"

#include <array>
#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>

namespace vitrine {
namespace {

using debug::Session;
using debug::StopKind;
using debug::Stopped;
using test::error_of;
using test::exited;
using test::stopped;
using test::World;

constexpr auto guest_text = R"((module $guest
    (import "host" "tell" (func $tell (param i32) (result i32)))
    (global $go (mut i32) (i32.const 1))
    (memory $own 1)
    (func $square (param $x i32) (result i32)
      (i32.mul (local.get $x) (local.get $x)))
    (func $sum (export "sum") (param $a i32) (param $b i32) (result i32) (local $both i64)
      (call $square (local.get $a))
      (call $square (local.get $b))
      i32.add)
    (func $divide (export "divide") (param $by i32) (result i32)
      (i32.div_s (i32.const 12) (local.get $by)))
    (func $spin (export "spin") (result i32)
      (loop $again (br_if $again (global.get $go)))
      (i32.const 5))
    (func $ask (export "ask") (param i32) (result i32)
      (call $tell (local.get 0)))))";

constexpr std::uint32_t square = 1, sum = 2;

/// An instance of the module above under a session. The result of the host function can be set.
struct Debuggee : World {
    Debuggee()
    {
        linker.define("host", "tell",
            [this](Caller& caller, std::int32_t x) -> Result<std::int32_t> { return tell(caller, x); });
        instance = instantiate(guest_text);
        session.emplace(store);
    }

    std::uint32_t offset_of(std::uint32_t function) const
    {
        return instance->module().functions()[function].offset;
    }
    std::uint32_t break_at(std::uint32_t function)
    {
        return session->add_breakpoint({ .module = instance->module(), .offset = offset_of(function) })
            .value();
    }
    Func func(std::string_view name) const { return *instance->func(name); }
    debug::Event call_sum() { return session->call(func("sum"), { Val::i32(3), Val::i32(4) }); }

    std::function<Result<std::int32_t>(Caller&, std::int32_t)> tell = [](Caller&, std::int32_t x) {
        return x;
    };
    std::optional<Instance> instance;
    std::optional<Session> session;
};

TEST(Sessions, StopAtBreakpointsAndListThem)
{
    Debuggee guest;
    const std::uint32_t id = guest.break_at(square);
    auto stop = stopped(guest.call_sum());
    EXPECT_EQ(stop.reason().kind, StopKind::Breakpoint);
    EXPECT_EQ(stop.reason().id, id);
    EXPECT_EQ(stop.reason().to_text(), "breakpoint 1");
    EXPECT_EQ(guest.session->stopped()->to_text(), "breakpoint 1");
    stop = stopped(guest.session->resume(std::move(stop)));
    EXPECT_EQ(stop.frames()[0].locals()[0].value, Val::i32(4));

    const auto rows = guest.session->breakpoints();
    ASSERT_EQ(rows.size(), 1u);
    EXPECT_EQ(rows[0].id, id);
    EXPECT_EQ(rows[0].spec.module, guest.instance->module());
    EXPECT_FALSE(rows[0].spec.instance);
    EXPECT_EQ(rows[0].spec.offset, guest.offset_of(square));
    EXPECT_EQ(rows[0].offset, guest.offset_of(square) + 1) << "behind the locals' header";
    EXPECT_EQ(rows[0].hits, 2u);

    EXPECT_TRUE(guest.session->remove_breakpoint(id));
    EXPECT_EQ(error_of(guest.session->remove_breakpoint(id)), "there is no breakpoint 1");
    EXPECT_EQ(exited(guest.session->resume(std::move(stop)))->front(), Val::i32(25));
    EXPECT_EQ(exited(guest.call_sum())->front(), Val::i32(25)) << "no stop any more";
    EXPECT_FALSE(guest.session->stopped());
}

TEST(Sessions, RefuseBreakpointsThatLieInNoFunction)
{
    Debuggee guest;
    const Module module = guest.instance->module();
    for (const std::uint32_t offset : { 0u, 8u, 0xffffffffu })
        EXPECT_FALSE(guest.session->add_breakpoint({ .module = module, .offset = offset }));
    EXPECT_TRUE(guest.session->breakpoints().empty());
}

TEST(Sessions, ShowFramesInnermostFirst)
{
    Debuggee guest;
    guest.break_at(square);
    auto stop = stopped(guest.call_sum());
    stop = stopped(guest.session->resume(std::move(stop)));
    const auto frames = stop.frames();
    ASSERT_EQ(frames.size(), 2u);
    EXPECT_EQ(frames[0].function(), *guest.instance->debug_function(square));
    EXPECT_EQ(frames[0].function().name(), "square");
    EXPECT_EQ(frames[1].function(), guest.func("sum"));
    EXPECT_EQ(frames[1].instance(), guest.instance);
    EXPECT_EQ(frames[1].module(), guest.instance->module());
    EXPECT_FALSE(frames[1].is_host());
    EXPECT_EQ(frames[1].activation(), 0u);

    const auto locals = frames[1].locals();
    ASSERT_EQ(locals.size(), 3u);
    EXPECT_EQ(locals[0].name, "a");
    EXPECT_EQ(locals[1].value, Val::i32(4));
    EXPECT_EQ(locals[2].name, "both");
    EXPECT_EQ(locals[2].value, Val::i64(0));
    EXPECT_THAT(frames[1].operands(), testing::ElementsAre(Val::i32(9))) << "the first square";
    EXPECT_THAT(frames[0].operands(), testing::IsEmpty());
}

TEST(Sessions, ChangeLocalsAndOperands)
{
    Debuggee guest;
    guest.break_at(square);
    auto stop = stopped(guest.call_sum());
    stop = stopped(guest.session->resume(std::move(stop)));
    const auto frames = stop.frames();
    EXPECT_TRUE(frames[0].set_local(0, Val::i32(10)));
    EXPECT_TRUE(frames[1].set_operand(0, Val::i32(1000)));
    EXPECT_EQ(error_of(frames[0].set_local(1, Val::i32(1))), "no local 1: the frame has 1");
    EXPECT_EQ(error_of(frames[0].set_local(0xffffffff, Val::i32(1))), "no local 4294967295: the frame has 1");
    EXPECT_EQ(error_of(frames[0].set_local(0, Val::i64(1))), "local 0 is of type i32, not i64");
    EXPECT_FALSE(frames[0].set_local(0, Val()));
    EXPECT_EQ(error_of(frames[1].set_operand(1, Val::i32(1))), "no operand 1: the frame has 1");
    EXPECT_EQ(exited(guest.session->resume(std::move(stop)))->front(), Val::i32(1100));
}

TEST(Sessions, Step)
{
    Debuggee guest;
    std::vector<std::uint32_t> offsets;
    const std::uint32_t first = guest.offset_of(sum) + 3; // after the header of one group of locals
    auto event = guest.session->call(guest.func("sum"), { Val::i32(3), Val::i32(4) }, true);
    EXPECT_EQ(std::get<Stopped>(event).reason().to_text(), "entry");
    while (auto* stop = std::get_if<Stopped>(&event)) {
        offsets.push_back(stop->frames()[0].offset());
        event = guest.session->step_over(std::move(*stop));
    }
    EXPECT_THAT(offsets, testing::ElementsAre(first, first + 2, first + 4, first + 6, first + 8, first + 9))
        << "two local.get, two calls, the sum, the end";
    EXPECT_EQ(exited(std::move(event))->front(), Val::i32(25));
}

TEST(Sessions, StepOutAndRunToAnOffset)
{
    Debuggee guest;
    const std::uint32_t id = guest.break_at(square);
    auto stop = stopped(guest.call_sum());
    ASSERT_TRUE(guest.session->remove_breakpoint(id));
    stop = stopped(guest.session->step(std::move(stop)));
    EXPECT_EQ(stop.reason().to_text(), "step");
    EXPECT_EQ(stop.frames()[0].function().name(), "square");
    stop = stopped(guest.session->step_out(std::move(stop)));
    EXPECT_EQ(stop.frames()[0].function().name(), "sum");
    EXPECT_THAT(stop.frames()[0].operands(), testing::ElementsAre(Val::i32(9)));
    const std::uint32_t add = guest.offset_of(sum) + 3 + 8;
    stop = stopped(guest.session->run_to(std::move(stop), add));
    EXPECT_EQ(stop.frames()[0].offset(), add);
    EXPECT_THAT(stop.frames()[0].operands(), testing::ElementsAre(Val::i32(9), Val::i32(16)));
    EXPECT_EQ(exited(guest.session->step_out(std::move(stop)))->front(), Val::i32(25)) << "to the end";
}

TEST(Sessions, RunToAnOffsetElsewhereIsRefused)
{
    Debuggee guest;
    guest.break_at(square);
    auto stop = stopped(guest.call_sum());
    EXPECT_THAT(error_of(exited(guest.session->run_to(std::move(stop), guest.offset_of(sum) + 3))),
        testing::MatchesRegex("offset 0x[0-9a-f]+ is not in the innermost function"));
    EXPECT_TRUE(guest.session->stopped()) << "the guest stands where it was";
}

TEST(Sessions, StopOnTrapsBeforeTheyUnwind)
{
    Debuggee guest;
    auto stop = stopped(guest.session->call(guest.func("divide"), { Val::i32(0) }));
    EXPECT_EQ(stop.reason().kind, StopKind::Trap);
    EXPECT_EQ(stop.reason().to_text(), "trap: integer divide by zero");
    ASSERT_EQ(stop.frames().size(), 1u);
    EXPECT_EQ(stop.frames()[0].locals()[0].value, Val::i32(0));
    EXPECT_THAT(stop.frames()[0].operands(), testing::ElementsAre(Val::i32(12), Val::i32(0)));
    const auto failed = exited(guest.session->resume(std::move(stop)));
    ASSERT_TRUE(failed.error().trap());
    EXPECT_EQ(failed.error().trap()->kind, TrapKind::IntegerDivideByZero);
    EXPECT_EQ(exited(guest.session->call(guest.func("divide"), { Val::i32(4) }))->front(), Val::i32(3));
}

TEST(Sessions, TellHowTheGuestExited)
{
    Debuggee guest;
    guest.tell = [](Caller&, std::int32_t x) -> Result<std::int32_t> {
        return Error(Trap { .kind = TrapKind::Exit, .exit_status = x });
    };
    EXPECT_EQ(exited(guest.session->call(guest.func("ask"), { Val::i32(7) })).error().exit_status(), 7);
}

TEST(Sessions, StopWhereTheGuestExits)
{
    Debuggee guest;
    guest.tell = [](Caller&, std::int32_t x) -> Result<std::int32_t> {
        return Error(Trap { .kind = TrapKind::Exit, .exit_status = x });
    };
    ASSERT_TRUE(guest.session->stop_on({ .exit = true }));
    auto stop = stopped(guest.session->call(guest.func("ask"), { Val::i32(-7) }));
    EXPECT_EQ(stop.reason().kind, StopKind::Exit);
    EXPECT_EQ(stop.reason().trap, TrapKind::Exit);
    EXPECT_EQ(stop.reason().exit_status, -7);
    EXPECT_EQ(stop.reason().to_text(), "exit (status -7)");
    ASSERT_EQ(stop.frames().size(), 1u);
    EXPECT_EQ(stop.frames()[0].function(), guest.func("ask"));
    EXPECT_EQ(stop.frames()[0].locals()[0].value, Val::i32(-7));
    EXPECT_EQ(exited(guest.session->resume(std::move(stop))).error().exit_status(), -7);
}

TEST(Sessions, AStepOutCarriesWhatTheFunctionReturned)
{
    Debuggee guest;
    const std::uint32_t id = guest.break_at(square);
    auto stop = stopped(guest.call_sum());
    EXPECT_TRUE(guest.session->remove_breakpoint(id));
    EXPECT_FALSE(stop.reason().results);
    stop = stopped(guest.session->step_out(std::move(stop)));
    EXPECT_EQ(stop.reason().to_text(), "step");
    ASSERT_TRUE(stop.reason().results && *stop.reason().results);
    EXPECT_THAT(**stop.reason().results, testing::ElementsAre(Val::i32(9)));
    stop = stopped(guest.session->step(std::move(stop)));
    EXPECT_FALSE(stop.reason().results) << "of that stop alone";
    EXPECT_EQ(exited(guest.session->step_out(std::move(stop)))->front(), Val::i32(25))
        << "the end of the call has the results";
}

TEST(Sessions, AStepOutCarriesReferencesThatStayAlive)
{
    World world;
    const Instance instance = world.instantiate(R"((module
        (type $box (struct (field i32)))
        (elem declare func $make)
        (func $make (result (ref $box) funcref externref v128)
          (struct.new $box (i32.const 5)) (ref.func $make) (ref.null extern) (v128.const i64x2 1 2))
        (func (export "run") call $make drop drop drop drop)))");
    Session session(world.store);
    ASSERT_TRUE(session.add_breakpoint(
        { .module = instance.module(), .offset = instance.module().functions()[0].offset }));
    auto stop = stopped(session.call(*instance.func("run"), {}));
    stop = stopped(session.step_out(std::move(stop)));
    ASSERT_TRUE(stop.reason().results && *stop.reason().results);
    const std::vector<Val> results = **stop.reason().results;
    EXPECT_TRUE(exited(session.resume(std::move(stop))));
    ASSERT_EQ(results.size(), 4u);
    EXPECT_EQ(results[0].to_text(), "struct {5}");
    EXPECT_EQ(results[1].to_text(), "func make");
    EXPECT_EQ(results[2].to_text(), "null");
    EXPECT_EQ(results[3].to_text(), "i32x4 0x00000001 0x00000000 0x00000002 0x00000000");
}

TEST(Sessions, StopInStartFunctionsOfModulesThatHadNoInstance)
{
    World world;
    const Module module = world.module(R"((module
        (global $ran (export "ran") (mut i32) (i32.const 0))
        (func $start (global.set $ran (i32.const 1)))
        (start $start)))");
    Session session(world.store);
    ASSERT_TRUE(session.add_breakpoint({ .module = module, .offset = module.functions()[0].offset }));
    auto stop = stopped(session.instantiate(world.linker, module));
    EXPECT_EQ(stop.frames()[0].instance()->global("ran")->get(), Val::i32(0));
    EXPECT_FALSE(session.instance()) << "not before it has ended well";
    EXPECT_TRUE(exited(session.resume(std::move(stop)))->empty());
    ASSERT_TRUE(session.instance());
    EXPECT_EQ(session.instance()->global("ran")->get(), Val::i32(1));
}

TEST(Sessions, BreakpointsMayBeForOneInstance)
{
    Debuggee guest;
    const Instance twin = *guest.linker.instantiate(guest.store, guest.instance->module());
    const auto id = guest.session->add_breakpoint(
        { .module = twin.module(), .offset = guest.offset_of(square), .instance = twin });
    ASSERT_TRUE(id);
    EXPECT_EQ(guest.session->breakpoints()[0].spec.instance, twin);
    EXPECT_EQ(exited(guest.call_sum())->front(), Val::i32(25));
    const auto stop = stopped(guest.session->call(*twin.func("sum"), { Val::i32(1), Val::i32(1) }));
    EXPECT_EQ(stop.frames()[0].instance(), twin);
}

TEST(Sessions, OfTwoStoresDoNotStopEachOther)
{
    Debuggee one;
    Store other_store(one.engine);
    const Instance other = *one.linker.instantiate(other_store, one.instance->module());
    Session other_session(other_store);
    Debuggee third;
    one.break_at(square);
    EXPECT_EQ(
        exited(other_session.call(*other.func("sum"), { Val::i32(1), Val::i32(2) }))->front(), Val::i32(5));
    EXPECT_EQ(exited(third.call_sum())->front(), Val::i32(25)) << "in an engine of its own";
    EXPECT_EQ(stopped(one.call_sum()).reason().to_text(), "breakpoint 1");
    EXPECT_EQ(
        exited(other_session.call(*other.func("sum"), { Val::i32(1), Val::i32(2) }))->front(), Val::i32(5))
        << "while the other one stands still";
}

TEST(Sessions, InterruptAGuestThatRuns)
{
    Debuggee guest;
    std::jthread other([&](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
            guest.session->interrupt();
        }
    });
    auto stop = stopped(guest.session->call(guest.func("spin"), {}));
    other.request_stop();
    other.join();
    EXPECT_EQ(stop.reason().to_text(), "interrupt");
    EXPECT_EQ(stop.frames()[0].function().name(), "spin");
    ASSERT_TRUE(guest.instance->debug_global(0)->set(Val::i32(0))) << "which ends the loop";
    EXPECT_EQ(exited(guest.session->resume(std::move(stop)))->front(), Val::i32(5));
}

TEST(Sessions, AnInterruptersTrapIsAStop)
{
    Debuggee guest;
    guest.tell = [&](Caller&, std::int32_t x) {
        guest.store.interrupter().interrupt();
        return x;
    };
    const auto instance = guest.instantiate(R"((module
        (import "host" "tell" (func $tell (param i32) (result i32)))
        (func (export "run") (drop (call $tell (i32.const 1))) (loop br 0))))");
    auto stop = stopped(guest.session->call(*instance.func("run"), {}));
    EXPECT_EQ(stop.reason().to_text(), "trap: interrupted");
    EXPECT_EQ(exited(guest.session->resume(std::move(stop))).error().trap()->kind, TrapKind::Interrupted);
}

TEST(Sessions, FramesCrossTheHost)
{
    Debuggee guest;
    guest.tell = [&](Caller& caller, std::int32_t x) {
        return caller.instance()->typed<std::int32_t(std::int32_t, std::int32_t)>("sum").value()(x, 1);
    };
    guest.break_at(square);
    auto stop = stopped(guest.session->call(guest.func("ask"), { Val::i32(6) }));
    const auto frames = stop.frames();
    ASSERT_EQ(frames.size(), 4u);
    std::vector<std::string> names;
    for (const auto& frame : frames)
        names.push_back(frame.function().name());
    EXPECT_THAT(names, testing::ElementsAre("square", "sum", "host.tell", "ask"));
    EXPECT_TRUE(frames[2].is_host());
    EXPECT_FALSE(frames[2].instance());
    EXPECT_FALSE(frames[2].module());
    EXPECT_TRUE(frames[2].locals().empty());
    EXPECT_FALSE(frames[2].set_local(0, Val::i32(1)));
    EXPECT_EQ(frames[0].activation(), 1u);
    EXPECT_EQ(frames[3].activation(), 0u);
    EXPECT_EQ(frames[3].locals()[0].value, Val::i32(6));
    stop = stopped(guest.session->resume(std::move(stop)));
    EXPECT_EQ(exited(guest.session->resume(std::move(stop)))->front(), Val::i32(37));
}

TEST(Sessions, FramesDieWhenTheGuestGoesOn)
{
    Debuggee guest;
    guest.break_at(square);
    auto stop = stopped(guest.call_sum());
    const auto first = stop.frames();
    ASSERT_TRUE(first[0].is_valid());
    // A call made while the guest is stopped runs the guest, too.
    EXPECT_EQ(guest.instance->debug_function(square)->call({ Val::i32(9) })->front(), Val::i32(81));
    EXPECT_FALSE(first[0].is_valid());
    const auto second = stop.frames();
    EXPECT_EQ(second[0].locals()[0].value, Val::i32(3)) << "and stands where it stood";
    EXPECT_EQ(second[0].try_locals()->size(), second[0].locals().size());
    stop = stopped(guest.session->resume(std::move(stop)));
    for (const auto& frames : { first, second }) {
        EXPECT_FALSE(frames[0].is_valid());
        EXPECT_TRUE(frames[0].locals().empty());
        EXPECT_TRUE(frames[0].operands().empty());
        EXPECT_EQ(error_of(frames[0].try_locals()), "the frame is no longer valid: the guest has resumed");
        EXPECT_EQ(error_of(frames[0].try_operands()), "the frame is no longer valid: the guest has resumed");
        EXPECT_FALSE(frames[0].instance());
        EXPECT_FALSE(frames[0].module());
        EXPECT_EQ(error_of(frames[0].set_local(0, Val::i32(1))),
            "the frame is no longer valid: the guest has resumed");
        EXPECT_EQ(error_of(frames[0].set_operand(0, Val::i32(1))),
            "the frame is no longer valid: the guest has resumed");
    }
    EXPECT_EQ(exited(guest.session->resume(std::move(stop)))->front(), Val::i32(25));
}

TEST(Sessions, EntitiesAreReadAndChangedAtAStop)
{
    Debuggee guest;
    guest.break_at(square);
    auto stop = stopped(guest.call_sum());
    const Instance instance = *stop.frames()[0].instance();
    std::array<std::byte, 1> byte { std::byte(8) };
    EXPECT_TRUE(instance.debug_memory(0)->write(3, byte));
    EXPECT_EQ(instance.debug_memory(0)->data()[3], std::byte(8));
    EXPECT_EQ(instance.debug_global(0)->get(), Val::i32(1));
    EXPECT_EQ(guest.store.instances().size(), 1u);
}

TEST(Sessions, NeedGuestDebugAndAStoreOfTheirOwn)
{
    World closed(false), open(true);
    const std::string needs = "the engine is not configured with guest_debug";
    Session refused(closed.store);
    EXPECT_EQ(refused.error()->message(), needs);
    EXPECT_EQ(error_of(Session::create(closed.store)), needs);
    const Instance instance = closed.instantiate(R"((module (func (export "f"))))");
    EXPECT_EQ(error_of(exited(refused.call(*instance.func("f"), {}))), needs);
    EXPECT_EQ(error_of(exited(refused.instantiate(closed.linker, instance.module()))), needs);
    EXPECT_EQ(
        error_of(exited(refused.run([]() -> Result<std::vector<Val>> { return Error("ran"); }))), needs);
    EXPECT_EQ(error_of(refused.add_breakpoint({ .module = instance.module(), .offset = 30 })), needs);
    EXPECT_EQ(error_of(refused.remove_breakpoint(1)), needs);
    EXPECT_TRUE(refused.breakpoints().empty());
    EXPECT_FALSE(refused.stopped());
    EXPECT_FALSE(refused.instance());
    refused.interrupt();
    refused.kill();
    EXPECT_TRUE(instance.func("f")->call({})) << "which goes on without one";

    {
        Session first(open.store);
        EXPECT_EQ(error_of(Session::create(open.store)), "the store has a session already");
    }
    EXPECT_TRUE(Session::create(open.store)) << "the first one has ended";
    Store broken { Engine(Config().guest_debug(true).max_stack_bytes(1)) };
    EXPECT_EQ(Session(broken).error()->message(), "max_stack_bytes must be between 64 KiB and 1 GiB");
}

TEST(Sessions, CannotBeginInsideTheGuest)
{
    World world;
    std::string refusal;
    world.linker.define(
        "host", "f", [&](Caller& caller) { refusal = Session(caller.store()).error()->message(); });
    const auto instance =
        world.instantiate(R"((module (import "host" "f" (func $f)) (func (export "run") call $f)))");
    ASSERT_TRUE(instance.func("run")->call({}));
    EXPECT_EQ(refusal, "the store's guest is running");
}

TEST(Sessions, RefuseWhatIsForeign)
{
    Debuggee guest, other;
    EXPECT_EQ(error_of(exited(guest.session->call(other.func("sum"), {}))),
        "the function does not belong to the session's store");
    EXPECT_EQ(error_of(exited(guest.session->instantiate(other.linker, guest.instance->module()))),
        "linker, module and store belong to different engines");
    EXPECT_EQ(error_of(exited(guest.session->instantiate(guest.linker, other.instance->module()))),
        "linker, module and store belong to different engines");
    EXPECT_EQ(error_of(guest.session->add_breakpoint({ .module = other.instance->module(), .offset = 100 })),
        "the module and the session belong to different engines");
    EXPECT_EQ(error_of(guest.session->add_breakpoint(
                  { .module = guest.instance->module(), .offset = 100, .instance = other.instance })),
        "the instance does not belong to a store of the session");
    const Instance empty = guest.instantiate("(module)");
    EXPECT_EQ(error_of(guest.session->add_breakpoint(
                  { .module = guest.instance->module(), .offset = 100, .instance = empty })),
        "the instance is not an instance of the module");
}

TEST(Sessions, AStopLetsOnlyItsOwnGuestGoOnAndOnlyOnce)
{
    Debuggee guest, other;
    guest.break_at(square);
    other.break_at(square);
    auto stop = stopped(guest.call_sum()), other_stop = stopped(other.call_sum());
    EXPECT_EQ(error_of(exited(guest.session->resume(std::move(other_stop)))),
        "the guest stopped in another session");
    EXPECT_TRUE(guest.session->stopped()) << "neither went on";
    EXPECT_TRUE(other.session->stopped());
    auto next = stopped(guest.session->resume(std::move(stop)));
    // NOLINTNEXTLINE(bugprone-use-after-move)
    EXPECT_EQ(error_of(exited(guest.session->step(std::move(stop)))),
        "the guest has already resumed from this stop");
    EXPECT_TRUE(stop.frames().empty());
    EXPECT_EQ(exited(guest.session->resume(std::move(next)))->front(), Val::i32(25));
}

/// A request that cannot be carried out leaves the guest stopped, and the stop usable.
TEST(Sessions, AFailedResumeKeepsTheStop)
{
    Debuggee guest;
    guest.break_at(square);
    Stopped stop = stopped(guest.call_sum());
    EXPECT_TRUE(stop.is_valid());
    EXPECT_EQ(error_of(exited(guest.session->step(std::move(stop), 77))), "there is no thread 77");
    EXPECT_EQ(error_of(exited(guest.session->step_out(std::move(stop), 77))), "there is no thread 77");
    EXPECT_THAT(error_of(exited(guest.session->run_to(std::move(stop), 1))),
        testing::HasSubstr("is not in the innermost function"));
    World other;
    const Func foreign = *other.instantiate(R"((module (func (export "f"))))").func("f");
    EXPECT_EQ(error_of(exited(guest.session->call(std::move(stop), foreign, {}))),
        "the function does not belong to the thread's store");
    ASSERT_TRUE(stop.is_valid());
    EXPECT_EQ(stop.try_frames()->size(), 2u);
    EXPECT_EQ(stop.try_threads()->size(), 1u);
    Stopped next = stopped(guest.session->resume(std::move(stop)));
    EXPECT_FALSE(stop.is_valid()) << "consumed"; // NOLINT(bugprone-use-after-move)
    EXPECT_EQ(stop.reason().to_text(), "breakpoint 1") << "still readable";
    EXPECT_TRUE(next.is_valid());
    EXPECT_EQ(exited(guest.session->resume(std::move(next)))->front(), Val::i32(25));
}

TEST(Sessions, AStaleStopHasNoFrames)
{
    Debuggee guest;
    guest.break_at(square);
    Stopped stop = stopped(guest.call_sum());
    const debug::GuestThread thread = stop.threads()[0];
    EXPECT_EQ(thread.try_frames()->size(), 2u);
    guest.session->kill();
    EXPECT_TRUE(exited(guest.session->wait()).error().trap());
    EXPECT_FALSE(stop.is_valid());
    EXPECT_TRUE(stop.frames().empty());
    EXPECT_TRUE(stop.threads().empty());
    EXPECT_TRUE(thread.frames().empty());
    EXPECT_EQ(error_of(stop.try_frames()), "the guest has already resumed from this stop");
    EXPECT_EQ(error_of(stop.try_threads()), "the guest has already resumed from this stop");
    EXPECT_EQ(error_of(thread.try_frames()), "the guest is not stopped");
}

TEST(Sessions, TakeOneCallAtATime)
{
    Debuggee guest;
    guest.break_at(square);
    auto stop = stopped(guest.call_sum());
    EXPECT_EQ(error_of(exited(guest.call_sum())), "the session's guest is already running");
    stop = stopped(guest.session->resume(std::move(stop)));
    EXPECT_EQ(exited(guest.session->resume(std::move(stop)))->front(), Val::i32(25))
        << "the stop was good still";
}

TEST(Sessions, CheckArguments)
{
    Debuggee guest;
    EXPECT_EQ(error_of(exited(guest.session->call(guest.func("sum"), { Val::i32(1) }))),
        "cannot call sum: expected 2 values [i32 i32], got 1");
}

TEST(Sessions, RunAnyCodeOnTheGuestsThread)
{
    Debuggee guest;
    guest.break_at(square);
    const std::thread::id here = std::this_thread::get_id();
    auto event = guest.session->run([&]() -> Result<std::vector<Val>> {
        EXPECT_NE(std::this_thread::get_id(), here);
        const auto sum = guest.instance->typed<std::int32_t(std::int32_t, std::int32_t)>("sum");
        const auto result = (*sum)(1, 2);
        if (!result)
            return result.error();
        return std::vector { Val::i32(*result), Val::i32(7) };
    });
    auto stop = stopped(std::move(event));
    stop = stopped(guest.session->resume(std::move(stop)));
    EXPECT_THAT(
        *exited(guest.session->resume(std::move(stop))), testing::ElementsAre(Val::i32(5), Val::i32(7)));
    EXPECT_EQ(error_of(exited(guest.session->run(
                  []() -> Result<std::vector<Val>> { throw std::runtime_error("no more"); }))),
        "no more");
}

TEST(Sessions, KillAGuestThatStandsStillOrRuns)
{
    Debuggee guest;
    const std::uint32_t id = guest.break_at(square);
    auto stop = stopped(guest.call_sum());
    auto killed = exited(guest.session->kill(std::move(stop)));
    ASSERT_TRUE(killed.error().trap());
    EXPECT_EQ(killed.error().trap()->kind, TrapKind::Killed);
    EXPECT_EQ(killed.error().to_text(), "stopped by the debugger");
    ASSERT_TRUE(guest.session->remove_breakpoint(id));

    std::jthread other([&](const std::stop_token& token) {
        while (!token.stop_requested()) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
            guest.session->kill();
        }
    });
    killed = exited(guest.session->call(guest.func("spin"), {}));
    other.request_stop();
    other.join();
    EXPECT_EQ(killed.error().trap()->kind, TrapKind::Killed);
    EXPECT_EQ(exited(guest.call_sum())->front(), Val::i32(25)) << "the store is good for more";
}

TEST(Sessions, AGuestThatIsKilledElsewhereEndsWhereItIsResumed)
{
    Debuggee guest;
    guest.break_at(square);
    auto stop = stopped(guest.call_sum());
    const auto frames = stop.frames();
    std::thread other([&] { guest.session->kill(); });
    // What is read meanwhile is either complete or nothing.
    while (frames[0].is_valid()) {
        const auto locals = frames[0].locals();
        EXPECT_TRUE(locals.empty() || locals[0].value == Val::i32(3));
        const auto set = frames[1].set_local(2, Val::i64(5));
        EXPECT_TRUE(set || error_of(set) == "the frame is no longer valid: the guest has resumed");
    }
    other.join();
    const auto killed = exited(guest.session->resume(std::move(stop)));
    ASSERT_TRUE(killed.error().trap()) << killed.error().to_text();
    EXPECT_EQ(killed.error().trap()->kind, TrapKind::Killed);
}

TEST(Sessions, HandlesAreErrorsOnOtherThreadsWhileTheGuestRuns)
{
    Debuggee guest;
    const Global global = *guest.instance->debug_global(0);
    const Memory memory = *guest.instance->debug_memory(0);
    const Func function = guest.func("sum");
    std::atomic<bool> is_in = false, may_leave = false;
    guest.tell = [&](Caller&, std::int32_t x) {
        EXPECT_EQ(global.get(), Val::i32(1)) << "the guest's own thread may";
        EXPECT_EQ(memory.size(), 65536u);
        is_in = true;
        is_in.notify_one();
        may_leave.wait(false);
        return x;
    };
    debug::Event event = debug::Exited { Error("not yet") };
    std::thread debugger([&] { event = guest.session->call(guest.func("ask"), { Val::i32(8) }); });
    is_in.wait(false);
    const std::string refusal = "the store is running under a debug session";
    std::array<std::byte, 1> byte {};
    EXPECT_EQ(global.get(), Val());
    EXPECT_EQ(error_of(global.set(Val::i32(0))), refusal);
    EXPECT_EQ(memory.size(), 0u);
    EXPECT_TRUE(memory.data().empty());
    EXPECT_EQ(error_of(memory.read(0, byte)), refusal);
    EXPECT_EQ(error_of(function.call({ Val::i32(1), Val::i32(1) })), refusal);
    EXPECT_FALSE(guest.instance->func("sum"));
    EXPECT_FALSE(guest.instance->debug_global(0));
    EXPECT_EQ(guest.instance->module().name(), "guest") << "a module may be used from any thread";
    EXPECT_TRUE(guest.store.instances().empty());
    EXPECT_EQ(error_of(guest.linker.instantiate(guest.store, guest.instance->module())), refusal);
    EXPECT_EQ(error_of(Global::create(guest.store, { .kind = ValKind::I32 }, Val::i32(1))), refusal);
    EXPECT_EQ(error_of(Session::create(guest.store)), refusal);
    EXPECT_EQ(error_of(exited(guest.session->call(function, { Val::i32(1), Val::i32(1) }))),
        "the session's guest is already running");
    EXPECT_FALSE(guest.session->stopped());
    may_leave = true;
    may_leave.notify_one();
    debugger.join();
    EXPECT_EQ(exited(std::move(event))->front(), Val::i32(8));
    EXPECT_EQ(global.get(), Val::i32(1)) << "any thread may again";
}

TEST(Sessions, BreakpointsComeAndGoWhileTheGuestRuns)
{
    Debuggee guest;
    std::jthread other([&](const std::stop_token& token) {
        while (!token.stop_requested()) {
            const auto id = guest.session->add_breakpoint(
                { .module = guest.instance->module(), .offset = guest.offset_of(square) });
            EXPECT_TRUE(id && guest.session->remove_breakpoint(*id));
            EXPECT_LE(guest.session->breakpoints().size(), 1u);
        }
    });
    for (int round = 0; round < 300; ++round) {
        auto event = guest.call_sum();
        while (auto* stop = std::get_if<Stopped>(&event))
            event = guest.session->resume(std::move(*stop));
        EXPECT_EQ(exited(std::move(event))->front(), Val::i32(25));
    }
}

TEST(Sessions, EndWithTheirGuestStopped)
{
    Debuggee guest;
    guest.break_at(square);
    std::optional<Stopped> stop = stopped(guest.call_sum());
    const auto frames = stop->frames();
    guest.session.reset();
    EXPECT_FALSE(frames[0].is_valid());
    EXPECT_FALSE(frames[0].instance());
    EXPECT_TRUE(stop->frames().empty());
    EXPECT_EQ(guest.func("sum").call({ Val::i32(3), Val::i32(4) })->front(), Val::i32(25))
        << "no mark is left in the code";
    guest.store = Store(guest.engine);
    EXPECT_FALSE(frames[0].is_valid()) << "the store ends after the session, whose frames are held";
    EXPECT_EQ(error_of(frames[0].function().call({ Val::i32(1) })), "the store is gone");
}

TEST(Sessions, WhoseStoreIsGoneAnswerWithErrors)
{
    Debuggee guest;
    guest.break_at(square);
    auto stop = stopped(guest.call_sum());
    const auto frames = stop.frames();
    guest.store = Store(guest.engine);
    EXPECT_EQ(guest.session->error()->message(), "the store is gone");
    EXPECT_FALSE(frames[0].is_valid());
    EXPECT_FALSE(frames[0].instance());
    EXPECT_EQ(error_of(exited(guest.session->resume(std::move(stop)))), "the store is gone");
    EXPECT_EQ(
        error_of(exited(guest.session->call(frames[0].function(), { Val::i32(1) }))), "the store is gone");
    EXPECT_TRUE(guest.session->breakpoints().empty());
    EXPECT_FALSE(guest.session->stopped());
}

constexpr auto thrower = R"((module
    (tag $e (param i32))
    (func $throw (param i32) (throw $e (local.get 0)))
    (func $relay (param i32) (call $throw (local.get 0)) (drop (i32.const 9)))
    (func $catch (export "catch") (result i32)
      (block $caught (result i32)
        (try_table (catch $e $caught) (call $relay (i32.const 5)))
        (i32.const 0))
      (i32.add (i32.const 1)))
    (func (export "leave") (call $relay (i32.const 6)))
    (func $tail (param i32) (result i32) (local.get 0))
    (func $jump (result i32) (return_call $tail (i32.const 4)))
    (func (export "jumps") (result i32) (i32.add (call $jump) (i32.const 1)))))";

/// A guest that throws at the beginning of a function.
struct Thrower : World {
    explicit Thrower(std::string_view function) : instance(instantiate(thrower)), session(store)
    {
        stop.emplace(stopped(session.call(*instance.func(function), {}, true)));
    }

    std::uint32_t function() const { return *stop->frames().front().function().index(); }

    Instance instance;
    Session session;
    std::optional<Stopped> stop;
};

TEST(Sessions, StopWhereAnExceptionIsThrown)
{
    Thrower guest("catch");
    ASSERT_TRUE(guest.session.stop_on({ .caught_throw = true }));
    Stopped stop = stopped(guest.session.resume(*std::move(guest.stop)));
    EXPECT_EQ(stop.reason().kind, StopKind::Throw);
    EXPECT_EQ(stop.reason().to_text(), "throw: exception {5}");
    EXPECT_EQ(*stop.reason().exception.as_object()->get(0), Val::i32(5));
    ASSERT_EQ(stop.frames().size(), 3u) << "nothing is unwound";
    EXPECT_EQ(stop.frames()[0].operands(), std::vector { Val::i32(5) });
    stop = stopped(guest.session.step(std::move(stop)));
    EXPECT_EQ(stop.frames().size(), 1u) << "in the handler";
    EXPECT_EQ(stop.frames()[0].operands(), std::vector { Val::i32(5) });
    EXPECT_EQ(exited(guest.session.resume(std::move(stop)))->front(), Val::i32(6));
}

TEST(Sessions, StepOverACallThatThrowsToTheHandler)
{
    Thrower guest("catch");
    // To the call, then over it: the exception is caught after the block.
    Stopped stop = *std::move(guest.stop);
    while (stop.frames().front().operands().empty())
        stop = stopped(guest.session.step(std::move(stop)));
    stop = stopped(guest.session.step_over(std::move(stop)));
    EXPECT_EQ(stop.reason().kind, StopKind::Step);
    ASSERT_EQ(stop.frames().size(), 1u);
    EXPECT_EQ(stop.frames()[0].operands(), std::vector { Val::i32(5) });
    // From here every step executes an instruction.
    const std::uint32_t before = stop.frames()[0].offset();
    stop = stopped(guest.session.step(std::move(stop)));
    EXPECT_NE(stop.frames()[0].offset(), before);
    EXPECT_EQ(exited(guest.session.resume(std::move(stop)))->front(), Val::i32(6));
}

TEST(Sessions, StepOutOfAFrameThatAnExceptionLeaves)
{
    Thrower guest("catch");
    ASSERT_TRUE(guest.session.stop_on({ .caught_throw = true }));
    Stopped stop = stopped(guest.session.resume(*std::move(guest.stop)));
    stop = stopped(guest.session.step_out(std::move(stop)));
    EXPECT_EQ(stop.reason().kind, StopKind::Step);
    EXPECT_EQ(stop.frames().size(), 1u);
}

TEST(Sessions, StopOnExceptionsThatNobodyCatchesBeforeTheyUnwind)
{
    Thrower guest("leave");
    Stopped stop = stopped(guest.session.resume(*std::move(guest.stop)));
    EXPECT_EQ(stop.reason().kind, StopKind::Trap);
    EXPECT_EQ(stop.reason().text, "uncaught exception {6}");
    EXPECT_EQ(*stop.reason().exception.as_object()->get(0), Val::i32(6));
    EXPECT_EQ(stop.frames().size(), 3u);
    EXPECT_EQ(
        exited(guest.session.resume(std::move(stop))).error().trap()->kind, TrapKind::UncaughtException);
}

TEST(Sessions, StepOverATailCallToItsCaller)
{
    Thrower guest("jumps");
    Stopped stop = stopped(guest.session.step(*std::move(guest.stop)));
    // In `jump`, before the constant and then before the tail call.
    stop = stopped(guest.session.step(std::move(stop)));
    const std::size_t depth = stop.frames().size();
    stop = stopped(guest.session.step_over(std::move(stop)));
    EXPECT_EQ(stop.frames().size(), depth - 1);
    EXPECT_EQ(stop.frames().front().operands(), std::vector { Val::i32(4) });
    EXPECT_EQ(exited(guest.session.resume(std::move(stop)))->front(), Val::i32(5));
}

TEST(Sessions, Move)
{
    Debuggee guest;
    guest.break_at(square);
    auto stop = stopped(guest.call_sum());
    Session moved = std::move(*guest.session);
    // NOLINTBEGIN(bugprone-use-after-move)
    EXPECT_EQ(guest.session->error()->message(), "the session was moved from");
    EXPECT_EQ(error_of(exited(guest.call_sum())), "the session was moved from");
    EXPECT_FALSE(guest.session->stopped());
    // NOLINTEND(bugprone-use-after-move)
    stop = stopped(moved.resume(std::move(stop)));
    Store other_store(guest.engine);
    Session other(other_store);
    other = std::move(moved);
    EXPECT_TRUE(Session::create(other_store)) << "the one that was there has ended";
    EXPECT_EQ(exited(other.resume(std::move(stop)))->front(), Val::i32(25));
    Session& self = other;
    other = std::move(self);
    EXPECT_FALSE(other.error());
}

} // namespace
} // namespace vitrine
