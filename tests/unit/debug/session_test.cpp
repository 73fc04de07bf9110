// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "debug/session.h"

#include "support/guest.h"
#include "wasm/instruction.h"
#include "wasm/printer.h"

#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <future>

namespace vitrine::core::debug {
namespace {

using test::Guest;
using testing::ElementsAre;

constexpr auto counter = R"((module
    (global $calls (mut i32) (i32.const 0))
    (func $double (param $n i32) (result i32)
      local.get $n
      i32.const 2
      i32.mul)
    (func $run (export "run") (param $n i32) (result i32)
      global.get $calls i32.const 1 i32.add global.set $calls
      local.get $n call $double
      call $double
      i32.const 1
      i32.add)
    (func (export "spin") (loop $again (br $again)))
    (func (export "trap") (param i32) i32.const 1 local.get 0 i32.div_u drop)))";

/// A guest under a session.
struct Debugged : Guest {
    explicit Debugged(std::string_view wat = counter)
        : instance(&instantiate(wat)), module(instance->module), session(*Session::create(store, thread))
    {}

    const FuncMeta& meta(uint32_t function) const { return module->meta(FuncIndex { function }); }

    Event start(std::string_view name, std::vector<Value> arguments, bool stop_at_entry = false)
    {
        Function& callee = function(*instance, name);
        EXPECT_TRUE(session->start(
            [this, &callee, arguments]() -> Outcome {
                auto results = invoke(thread, callee, arguments);
                if (!results)
                    return std::unexpected(std::move(results).error());
                return *results;
            },
            stop_at_entry));
        return *session->wait();
    }
    Event resume(Resume::Kind kind, CodeOffset offset = 0)
    {
        EXPECT_TRUE(session->resume({ kind, offset }));
        return *session->wait();
    }

    Instance* instance;
    std::shared_ptr<const Module> module;
    std::unique_ptr<Session> session;
};

std::string text_of(const Event& event)
{
    if (const auto* reason = std::get_if<StopReason>(&event))
        return reason->to_text();
    const auto& outcome = std::get<Outcome>(event);
    if (!outcome)
        return std::visit(
            [](const auto& failure) { return "failed: " + failure.to_text(); }, outcome.error());
    std::string text = "ended:";
    for (const Value& value : *outcome)
        text += " " + value.to_text();
    return text;
}

TEST(Session, BreakpointsStopInEveryCallAndCountTheirHits)
{
    Debugged guest;
    const auto id =
        guest.session->add_breakpoint({ .module = guest.module, .offset = guest.meta(0).body_offset });
    ASSERT_TRUE(id);
    EXPECT_EQ(text_of(guest.start("run", { Value::i32(5) })), "breakpoint 1");
    auto frames = guest.session->frames();
    ASSERT_EQ(frames.size(), 2u);
    EXPECT_EQ(frames[0].offset, guest.meta(0).code_offset)
        << "slips from the header to the first instruction";
    EXPECT_EQ(locals_of(frames[0]).at(0).name, "n");
    EXPECT_EQ(locals_of(frames[0]).at(0).value, Value::i32(5));
    EXPECT_EQ(locals_of(frames[1]).at(0).value, Value::i32(5));
    EXPECT_EQ(text_of(guest.resume(Resume::Kind::Go)), "breakpoint 1");
    EXPECT_EQ(locals_of(guest.session->frames()[0]).at(0).value, Value::i32(10));
    EXPECT_EQ(text_of(guest.resume(Resume::Kind::Go)), "ended: 21");
    EXPECT_EQ(guest.session->breakpoints().front().hits, 2u);
    EXPECT_EQ(guest.session->breakpoints().front().spec.offset, guest.meta(0).body_offset);
    EXPECT_EQ(guest.session->breakpoints().front().offset, guest.meta(0).code_offset);
    ASSERT_TRUE(guest.session->remove_breakpoint(*id));
    EXPECT_EQ(text_of(guest.start("run", { Value::i32(5) })), "ended: 21");
    EXPECT_EQ(Guest::function(*guest.instance, "run").code,
        guest.module->bytes().data() + guest.meta(1).body_offset);
}

/// Such breakpoints used to be passed silently, without counting a hit or printing a message.
TEST(Session, ABreakpointAtTheEntryStopsAGuestThatGoesOnFromThere)
{
    Debugged guest;
    const BreakpointSpec spec { .module = guest.module, .offset = guest.meta(1).code_offset };
    EXPECT_EQ(text_of(guest.start("run", { Value::i32(5) }, true)), "entry");
    ASSERT_TRUE(guest.session->add_breakpoint(spec));
    EXPECT_EQ(text_of(guest.resume(Resume::Kind::Go)), "breakpoint 1");
    EXPECT_EQ(text_of(guest.resume(Resume::Kind::Go)), "ended: 21");
    EXPECT_EQ(guest.session->breakpoints().front().hits, 1u);
    EXPECT_EQ(text_of(guest.start("run", { Value::i32(5) }, true)), "entry");
    EXPECT_EQ(text_of(guest.resume(Resume::Kind::Step)), "step") << "a step executes the instruction";
    EXPECT_EQ(text_of(guest.resume(Resume::Kind::Go)), "ended: 21");
}

TEST(Session, StepsGoInstructionByInstructionIntoCalls)
{
    Debugged guest;
    EXPECT_EQ(text_of(guest.start("run", { Value::i32(3) }, true)), "entry");
    std::vector<std::pair<uint32_t, size_t>> places;
    Event event = guest.resume(Resume::Kind::Step);
    while (std::holds_alternative<StopReason>(event)) {
        EXPECT_EQ(text_of(event), "step");
        const Frame frame = guest.session->frames().front();
        places.emplace_back(frame.function->index.value, operands_of(frame).size());
        event = guest.resume(Resume::Kind::Step);
    }
    EXPECT_EQ(text_of(event), "ended: 13");
    const std::vector<std::pair<uint32_t, size_t>> expected {
        { 1, 1 },
        { 1, 2 },
        { 1, 1 },
        { 1, 0 },
        { 1, 1 }, // ... call $double
        { 0, 0 },
        { 0, 1 },
        { 0, 2 },
        { 0, 1 }, // local.get i32.const i32.mul end
        { 1, 1 }, // call $double
        { 0, 0 },
        { 0, 1 },
        { 0, 2 },
        { 0, 1 }, //
        { 1, 1 },
        { 1, 2 },
        { 1, 1 }, // i32.const i32.add end
    };
    EXPECT_EQ(places, expected);
}

TEST(Session, StepsOverAndOutOfCalls)
{
    Debugged guest;
    ASSERT_TRUE(
        guest.session->add_breakpoint({ .module = guest.module, .offset = guest.meta(1).code_offset + 9 }));
    EXPECT_EQ(text_of(guest.start("run", { Value::i32(3) })), "breakpoint 1");
    EXPECT_EQ(text_of(guest.resume(Resume::Kind::StepOver)), "step");
    Frame frame = guest.session->frames().front();
    EXPECT_EQ(frame.offset, guest.meta(1).code_offset + 11);
    EXPECT_THAT(operands_of(frame), ElementsAre(Value::i32(6)));
    EXPECT_EQ(text_of(guest.resume(Resume::Kind::Step)), "step");
    EXPECT_EQ(guest.session->frames().front().function->index.value, 0u);
    EXPECT_EQ(text_of(guest.resume(Resume::Kind::StepOut)), "step");
    frame = guest.session->frames().front();
    EXPECT_EQ(frame.offset, guest.meta(1).code_offset + 13);
    EXPECT_THAT(operands_of(frame), ElementsAre(Value::i32(12)));
    EXPECT_EQ(text_of(guest.resume(Resume::Kind::RunTo, guest.meta(1).code_offset + 15)), "step");
    EXPECT_THAT(operands_of(guest.session->frames().front()), ElementsAre(Value::i32(12), Value::i32(1)));
    EXPECT_EQ(text_of(guest.resume(Resume::Kind::StepOut)), "ended: 13");
}

TEST(Session, StepOverARecursiveCallEndsInTheSameFrame)
{
    Debugged guest(R"((module (func $f (export "run") (param $n i32) (result i32)
        (if (result i32) (local.get $n)
          (then (i32.add (local.get $n) (call $f (i32.sub (local.get $n) (i32.const 1)))))
          (else (i32.const 0))))))");
    EXPECT_EQ(text_of(guest.start("run", { Value::i32(5) }, true)), "entry");
    for (int i = 0; i < 6; ++i)
        EXPECT_EQ(text_of(guest.resume(Resume::Kind::StepOver)), "step");
    EXPECT_EQ(text_of(guest.resume(Resume::Kind::StepOver)), "step");
    const auto frames = guest.session->frames();
    ASSERT_EQ(frames.size(), 1u);
    EXPECT_EQ(locals_of(frames[0])[0].value, Value::i32(5));
    EXPECT_THAT(operands_of(frames[0]), ElementsAre(Value::i32(5), Value::i32(10)));
}

/// Steps in `run` over its first call.
constexpr auto leaves = R"((module
    (tag $e)
    (func $throws (param i32) local.get 0 (if (then throw $e)))
    (func $passes (param i32) local.get 0 call $throws)
    (func $tail (result i32) i32.const 1 drop i32.const 2)
    (func $to_tail (result i32) return_call $tail)
    (func $inner (param $n i32)
      block try_table (catch_all 0) local.get $n call $passes end end
      nop)
    (func (export "run") (param $n i32) (result i32)
      block try_table (catch_all 0) local.get $n call $passes i32.const 3 return end end
      i32.const 4)
    (func (export "legacy") (param $n i32) (result i32)
      try local.get $n call $passes catch_all i32.const 5 return end
      i32.const 6)
    (func $again (export "again") (param $n i32) (result i32)
      try
        local.get $n i32.const 1 i32.sub
        local.get $n i32.const 3 i32.lt_u
        if (param i32) call $throws else call $again drop end
      catch_all i32.const 7 return end
      i32.const 8)
    (func (export "tail") (result i32) call $to_tail i32.const 10 i32.add)
    (func (export "inner") (result i32) i32.const 1 call $inner i32.const 11)))";

std::string next_of(Debugged& guest)
{
    const Frame frame = guest.session->frames().front();
    ByteReader in(guest.module->bytes().subspan(frame.offset), frame.offset);
    return to_text(*decode_instruction(in), *guest.module, frame.function->index);
}

/// Starts a function and continues to the first call in it.
void start_at_call(Debugged& guest, std::string_view name, std::vector<Value> arguments)
{
    EXPECT_EQ(text_of(guest.start(name, std::move(arguments), true)), "entry");
    while (!next_of(guest).starts_with("call"))
        EXPECT_EQ(text_of(guest.resume(Resume::Kind::Step)), "step");
}

TEST(Session, StepsOverACallEndWhereItsExceptionIsCaught)
{
    Debugged guest(leaves);
    for (const auto& [name, thrown, returned] : { std::tuple { "run", "i32.const 4", "i32.const 3" },
             std::tuple { "legacy", "i32.const 5", "catch_all" } }) {
        start_at_call(guest, name, { Value::i32(1) });
        EXPECT_EQ(text_of(guest.resume(Resume::Kind::StepOver)), "step");
        EXPECT_EQ(next_of(guest), thrown);
        EXPECT_EQ(guest.session->frames().size(), 1u);
        EXPECT_TRUE(text_of(guest.resume(Resume::Kind::Go)).starts_with("ended"));
        start_at_call(guest, name, { Value::i32(0) });
        EXPECT_EQ(text_of(guest.resume(Resume::Kind::StepOver)), "step");
        EXPECT_EQ(next_of(guest), returned);
        EXPECT_TRUE(text_of(guest.resume(Resume::Kind::Go)).starts_with("ended"));
    }
}

TEST(Session, StepsOutEndWhereAnExceptionIsCaught)
{
    Debugged guest(leaves);
    for (const auto& [how, steps] :
        { std::pair { Resume::Kind::StepOut, 1 }, std::pair { Resume::Kind::StepOver, 2 } }) {
        start_at_call(guest, "run", { Value::i32(1) });
        // Into $passes, which catches nothing.
        for (int i = 0; i < steps; ++i)
            EXPECT_EQ(text_of(guest.resume(Resume::Kind::Step)), "step");
        EXPECT_EQ(guest.session->frames().size(), 2u);
        EXPECT_EQ(text_of(guest.resume(how)), "step");
        EXPECT_EQ(next_of(guest), "i32.const 4");
        EXPECT_EQ(text_of(guest.resume(Resume::Kind::Go)), "ended: 4");
    }
}

/// An exception caught in a deeper frame than the step began in does not end the step, even in the
/// same code.
TEST(Session, StepsOverARecursiveCallPassHandlersOfDeeperFrames)
{
    Debugged guest(leaves);
    start_at_call(guest, "again", { Value::i32(3) });
    EXPECT_EQ(text_of(guest.resume(Resume::Kind::StepOver)), "step");
    EXPECT_EQ(guest.session->frames().size(), 1u);
    EXPECT_EQ(next_of(guest), "drop");
    EXPECT_THAT(operands_of(guest.session->frames()[0]), ElementsAre(Value::i32(7)));
    EXPECT_EQ(text_of(guest.resume(Resume::Kind::Go)), "ended: 8");
}

TEST(Session, StepsOverATailCallEndInTheCaller)
{
    Debugged guest(leaves);
    start_at_call(guest, "tail", {});
    EXPECT_EQ(text_of(guest.resume(Resume::Kind::Step)), "step");
    EXPECT_EQ(next_of(guest), "return_call $tail");
    EXPECT_EQ(text_of(guest.resume(Resume::Kind::StepOver)), "step");
    EXPECT_EQ(next_of(guest), "i32.const 10");
    EXPECT_THAT(operands_of(guest.session->frames()[0]), ElementsAre(Value::i32(2)));
    EXPECT_EQ(text_of(guest.resume(Resume::Kind::Go)), "ended: 12");
}

TEST(Session, StepsOverACallPassWhatIsCaughtWithinIt)
{
    Debugged guest(leaves);
    start_at_call(guest, "inner", {});
    EXPECT_EQ(text_of(guest.resume(Resume::Kind::StepOver)), "step");
    EXPECT_EQ(next_of(guest), "i32.const 11");
    EXPECT_EQ(text_of(guest.resume(Resume::Kind::Go)), "ended: 11");
}

TEST(Session, LocalsAndOperandsCanBeChanged)
{
    Debugged guest;
    ASSERT_TRUE(
        guest.session->add_breakpoint({ .module = guest.module, .offset = guest.meta(0).code_offset + 2 }));
    EXPECT_EQ(text_of(guest.start("run", { Value::i32(5) })), "breakpoint 1");
    const auto frames = guest.session->frames();
    EXPECT_THAT(operands_of(frames[0]), ElementsAre(Value::i32(5)));
    ASSERT_TRUE(set_operand(frames[0], 0, Value::i32(100)));
    EXPECT_EQ(set_local(frames[0], 1, Value::i32(0)).error().message, "no local 1: the frame has 1");
    EXPECT_EQ(set_local(frames[0], 0, Value::i64(0)).error().message, "local 0 is of type i32, not i64");
    EXPECT_EQ(set_operand(frames[1], 0, Value::i32(1)).error().message, "no operand 0: the frame has 0");
    EXPECT_EQ(text_of(guest.resume(Resume::Kind::Go)), "breakpoint 1");
    EXPECT_EQ(locals_of(guest.session->frames()[0])[0].value, Value::i32(200));
    EXPECT_EQ(text_of(guest.resume(Resume::Kind::Go)), "ended: 401");
}

TEST(Session, ATrapStopsBeforeUnwindingWithItsText)
{
    Debugged guest;
    const Event event = guest.start("trap", { Value::i32(0) });
    EXPECT_EQ(text_of(event), "trap: integer divide by zero");
    EXPECT_EQ(std::get<StopReason>(event).trap, TrapKind::IntegerDivideByZero);
    EXPECT_EQ(guest.session->frames().front().offset, guest.meta(3).code_offset + 4);
    EXPECT_THAT(operands_of(guest.session->frames().front()), ElementsAre(Value::i32(1), Value::i32(0)));
    EXPECT_EQ(text_of(guest.resume(Resume::Kind::Go)), "failed: integer divide by zero");
    EXPECT_TRUE(guest.session->is_idle());
}

TEST(Session, AnInterruptBetweenCallsStopsTheNextOneIfThatIsWanted)
{
    Debugged guest;
    guest.session->interrupt();
    EXPECT_EQ(text_of(guest.start("run", { Value::i32(1) })), "ended: 5");
    guest.session->interrupt(true);
    EXPECT_EQ(text_of(guest.start("run", { Value::i32(1) })), "entry");
    EXPECT_EQ(text_of(guest.resume(Resume::Kind::Go)), "ended: 5");
    EXPECT_EQ(text_of(guest.start("run", { Value::i32(1) })), "ended: 5");
}

TEST(Session, AnEndlessLoopIsInterruptedFromAnotherThread)
{
    Debugged guest;
    auto event = std::async(std::launch::async, [&] { return guest.start("spin", {}); });
    while (!guest.session->is_running())
        std::this_thread::yield();
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    guest.session->interrupt();
    EXPECT_EQ(text_of(event.get()), "interrupt");
    EXPECT_EQ(guest.session->frames().front().function->index.value, 2u);
    EXPECT_EQ(text_of(guest.resume(Resume::Kind::Step)), "step");
    EXPECT_EQ(text_of(guest.resume(Resume::Kind::Kill)), "failed: stopped by the debugger");
    EXPECT_EQ(text_of(guest.start("run", { Value::i32(1) })), "ended: 5");
}

TEST(Session, ABreakpointAddedWhileTheGuestRunsTakesEffect)
{
    Debugged guest;
    auto event = std::async(std::launch::async, [&] { return guest.start("spin", {}); });
    while (!guest.session->is_running())
        std::this_thread::yield();
    ASSERT_TRUE(
        guest.session->add_breakpoint({ .module = guest.module, .offset = guest.meta(2).code_offset + 2 }));
    EXPECT_EQ(text_of(event.get()), "breakpoint 1");
}

TEST(Session, BreakpointsSetBeforeInstantiationStopInStartFunctions)
{
    Guest guest;
    const auto module = test::module_of(*guest.engine, R"((module (global $g (mut i32) (i32.const 0))
        (func $start (global.set $g (i32.const 9))) (start $start)))");
    const auto session = *Session::create(guest.store, guest.thread);
    ASSERT_TRUE(
        session->add_breakpoint({ .module = module, .offset = module->meta(FuncIndex { 0 }).body_offset }));
    ASSERT_TRUE(session->start([&]() -> Outcome {
        auto instance = instantiate(guest.thread, guest.linker, module);
        if (!instance)
            return std::unexpected(instance.error());
        return std::vector<Value> {};
    }));
    EXPECT_EQ(text_of(*session->wait()), "breakpoint 1");
    EXPECT_EQ(guest.store.instances().front().globals[0]->get(), Value::i32(0));
    ASSERT_TRUE(session->resume({}));
    EXPECT_EQ(text_of(*session->wait()), "ended:");
    EXPECT_EQ(guest.store.instances().front().globals[0]->get(), Value::i32(9));
}

TEST(Session, OneInstanceOrOneStoreDoesNotStopAnother)
{
    Debugged first;
    Instance& second = first.instantiate(counter);
    Guest other;
    Instance& elsewhere = other.instantiate(counter);
    // The same module in two instances of a store. Only the instance that was named stops.
    Instance& twin = **core::instantiate(first.thread, first.linker, first.module);
    ASSERT_TRUE(first.session->add_breakpoint(
        { .module = first.module, .offset = first.meta(0).body_offset, .instance = &twin }));
    EXPECT_EQ(text_of(first.start("run", { Value::i32(5) })), "ended: 21");
    first.instance = &second;
    EXPECT_EQ(text_of(first.start("run", { Value::i32(5) })), "ended: 21");
    EXPECT_EQ(other.call(elsewhere, "run", { Value::i32(5) })->front(), Value::i32(21));
    first.instance = &twin;
    EXPECT_EQ(text_of(first.start("run", { Value::i32(5) })), "breakpoint 1");
    EXPECT_EQ(other.call(elsewhere, "run", { Value::i32(5) })->front(), Value::i32(21));
}

TEST(Session, MisuseIsAnError)
{
    Debugged guest;
    EXPECT_EQ(Session::create(guest.store, guest.thread).error().message, "the store has a session already");
    EXPECT_EQ(guest.session->resume({}).error().message, "the session's guest is not stopped");
    EXPECT_EQ(guest.session->wait().error().message, "the session's guest is not running");
    EXPECT_EQ(guest.session->remove_breakpoint(7).error().message, "there is no breakpoint 7");
    EXPECT_FALSE(guest.session->add_breakpoint({ .module = guest.module, .offset = 3 }));
    EXPECT_FALSE(guest.session->add_breakpoint({ .module = guest.module, .offset = UINT32_MAX }));
    Guest closed({ .guest_debug = false });
    EXPECT_EQ(Session::create(closed.store, closed.thread).error().message,
        "the engine is not configured with guest_debug");
}

TEST(Session, EndingASessionEndsItsGuestAndLeavesTheStoreUsable)
{
    Debugged guest;
    ASSERT_TRUE(
        guest.session->add_breakpoint({ .module = guest.module, .offset = guest.meta(0).body_offset }));
    EXPECT_EQ(text_of(guest.start("run", { Value::i32(5) })), "breakpoint 1");
    guest.session.reset();
    EXPECT_FALSE(guest.thread.is_running());
    EXPECT_EQ(guest.call(*guest.instance, "run", { Value::i32(5) })->front(), Value::i32(21));
    guest.session = *Session::create(guest.store, guest.thread);
    EXPECT_EQ(text_of(guest.start("run", { Value::i32(5) })), "ended: 21");
}

/// Wherever a call is when the session ends, it returns its result or ends as killed.
TEST(Session, EndsWhileAnotherThreadMakesCallAfterCall)
{
    Debugged guest;
    Guest other(guest.engine);
    Instance& instance = other.instantiate(counter);
    for (int i = 0; i < 60; ++i) {
        ASSERT_TRUE(guest.session->add_store(other.store, other.thread));
        ASSERT_TRUE(guest.session->add_breakpoint(
            { .module = instance.module, .offset = guest.meta(0).body_offset, .condition = "0 == 1" }));
        std::atomic<bool> is_over = false;
        std::thread caller([&] {
            while (!is_over) {
                const auto results = other.call(instance, "run", { Value::i32(5) });
                if (results)
                    EXPECT_EQ(results->front(), Value::i32(21));
                else
                    EXPECT_EQ(results.error().kind, TrapKind::Killed);
            }
        });
        for (int turns = 0; turns < 10 * (i % 10); ++turns)
            std::this_thread::yield();
        guest.session->close();
        EXPECT_TRUE(guest.thread.probes.is_empty() && other.thread.probes.is_empty());
        is_over = true;
        caller.join();
        guest.session = *Session::create(guest.store, guest.thread);
    }
}

/// An instance is reported while no function of the store is being called.
TEST(Session, EndsWhileAnotherThreadMakesInstances)
{
    Debugged guest;
    const auto empty = core::test::module_of(*guest.engine, "(module)");
    for (int i = 0; i < 100; ++i) {
        Guest other(guest.engine);
        ASSERT_TRUE(guest.session->add_store(other.store, other.thread));
        guest.session->stop_on(StopsOn { .load = i % 2 == 0 });
        std::atomic<bool> is_over = false;
        std::thread maker([&] {
            for (int count = 0; count < 50 && !is_over; ++count) {
                const auto made = instantiate(other.thread, other.linker, empty);
                const Trap* trap = made ? nullptr : std::get_if<Trap>(&made.error());
                EXPECT_TRUE(made || (trap && trap->kind == TrapKind::Killed));
            }
        });
        for (int turns = 0; turns < 10 * (i % 10); ++turns)
            std::this_thread::yield();
        guest.session->close();
        EXPECT_TRUE(guest.thread.probes.is_empty() && other.thread.probes.is_empty());
        is_over = true;
        maker.join();
        guest.session = *Session::create(guest.store, guest.thread);
    }
}

/// Reasons are copied for the controller, the client of a door and the embedder.
TEST(Session, ReasonsStaySmall) { EXPECT_LE(sizeof(StopReason), 240u); }

} // namespace
} // namespace vitrine::core::debug
