// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What stops say: the results of a function that was stepped out of, the end of the guest. And
// steps that the session does not know.
#include "debug/session.h"

#include "support/guest.h"
#include "wasm/instruction.h"

#include <gmock/gmock.h>

#include <atomic>
#include <functional>
#include <thread>

namespace vitrine::core::debug {
namespace {

using test::Guest;
using testing::ElementsAre;

/// A guest under a session, with WASI's way to end it: `exit`.
struct Debugged : Guest {
    explicit Debugged(std::string_view wat, const std::function<void(Guest&)>& define_more = {})
    {
        if (define_more)
            define_more(*this);
        define("host", "exit", { { ValueType::i32 }, {} }, [](HostCall& call) -> HostOutcome {
            return Trap { .kind = TrapKind::Exit, .exit_status = static_cast<int32_t>(call.slots[0]) };
        });
        define("host", "run_exits", {}, [this](HostCall& call) -> HostOutcome {
            auto results = invoke(call.thread, function(*instance, "exits"), {});
            if (!results)
                return std::move(results).error();
            return core::Returned {};
        });
        instance = &instantiate(wat);
        module = instance->module;
        session = *Session::create(store, thread);
    }

    CodeOffset code_of(std::string_view name) { return function(*instance, name).meta->code_offset; }
    uint32_t break_at(CodeOffset offset)
    {
        return *session->add_breakpoint({ .module = module, .offset = offset });
    }
    std::string start(std::string_view name)
    {
        Function& callee = function(*instance, name);
        EXPECT_TRUE(session->start([this, &callee]() -> Outcome {
            auto results = invoke(thread, callee, {});
            if (!results)
                return std::unexpected(std::move(results).error());
            return *results;
        }));
        return wait();
    }
    std::string resume(Resume how)
    {
        EXPECT_TRUE(session->resume(std::move(how)));
        return wait();
    }
    /// `step, returned 7`
    std::string wait()
    {
        event = *session->wait();
        if (const auto* reason = std::get_if<StopReason>(&event)) {
            std::string text = reason->to_text();
            if (reason->results) {
                text += ", returned";
                for (const Value& value : reason->results->values)
                    text += " " + value.to_text();
            }
            return text;
        }
        const auto& outcome = std::get<Outcome>(event);
        if (!outcome)
            return std::visit([](const auto& failure) { return failure.to_text(); }, outcome.error());
        std::string text = "ended";
        for (const Value& value : *outcome)
            text += " " + value.to_text();
        return text;
    }
    /// `main+3`: where the innermost guest function is.
    std::string place(size_t frame = 0)
    {
        const Frame at = session->frames().at(frame);
        if (at.is_host())
            return at.function->name();
        return at.function->name() + "+" + std::to_string(at.offset - at.function->meta->code_offset);
    }

    Instance* instance = nullptr;
    std::shared_ptr<const Module> module;
    std::unique_ptr<Session> session;
    Event event;
};

const Resume go { Resume::Kind::Go };
const Resume out { Resume::Kind::StepOut };

constexpr auto returning = R"((module
    (tag $error)
    (func $pair (export "pair") (result i32 i64) i32.const 1 i64.const 2)
    (func $traps (export "traps") (result i32) unreachable)
    (func $throws (export "throws") (result i32) throw $error)
    (func $inner (export "inner") (result i32) call $pair drop)
    (func (export "pairs") (result i32) call $pair drop)
    (func (export "inners") (result i32) call $inner)
    (func (export "trap") (result i32) call $traps)
    (func (export "catch") (result i32)
      (block $caught (try_table (catch $error $caught) (return (call $throws))))
      i32.const 9)))";

TEST(Stops, AStepOutSaysWhatTheFunctionReturned)
{
    Debugged guest(returning);
    guest.break_at(guest.code_of("pair"));
    EXPECT_EQ(guest.start("pairs"), "breakpoint 1");
    EXPECT_EQ(guest.resume(out), "step, returned 1 2");
    EXPECT_EQ(guest.session->stopped()->results->values.size(), 2u);
    EXPECT_EQ(guest.resume({ Resume::Kind::Step }), "step") << "only where the step out ends";
    EXPECT_EQ(guest.resume(out), "ended 1") << "the host gets the results";
}

TEST(Stops, AStepOutThatEndsOtherwiseSaysNothing)
{
    Debugged guest(returning);
    const auto inner = guest.break_at(guest.code_of("inner"));
    const auto pair = guest.break_at(guest.code_of("pair"));
    EXPECT_EQ(guest.start("inners"), "breakpoint 1");
    EXPECT_EQ(guest.resume(out), "breakpoint 2") << "in between";
    EXPECT_EQ(guest.resume(go), "ended 1") << "the step out ended there";
    ASSERT_TRUE(guest.session->remove_breakpoint(pair));
    ASSERT_TRUE(guest.session->remove_breakpoint(inner));
    guest.break_at(guest.code_of("traps"));
    guest.break_at(guest.code_of("throws"));
    EXPECT_EQ(guest.start("trap"), "breakpoint 3");
    EXPECT_EQ(guest.resume(out), "trap: unreachable");
    EXPECT_EQ(guest.resume(go), "unreachable");
    EXPECT_EQ(guest.start("catch"), "breakpoint 4");
    EXPECT_EQ(guest.resume(out), "step");
    EXPECT_EQ(guest.resume(go), "ended 9");
}

TEST(Stops, ABreakpointWhereTheStepOutEndsSaysWhatWasReturned)
{
    Debugged guest(returning);
    guest.break_at(guest.code_of("pair"));
    guest.break_at(guest.code_of("pairs") + 2);
    EXPECT_EQ(guest.start("pairs"), "breakpoint 1");
    EXPECT_EQ(guest.resume(out), "breakpoint 2, returned 1 2");
    EXPECT_EQ(guest.resume(go), "ended 1");
}

TEST(Stops, ReferencesThatWereReturnedLiveAsLongAsTheReason)
{
    Debugged guest(R"((module
        (type $box (struct (field i32)))
        (func $make (export "make") (result (ref $box)) (struct.new $box (i32.const 5)))
        (func (export "run") call $make drop)))");
    guest.break_at(guest.code_of("make"));
    EXPECT_EQ(guest.start("run"), "breakpoint 1");
    EXPECT_EQ(guest.resume(out), "step, returned struct {5}");
    const StopReason reason = std::get<StopReason>(guest.event);
    EXPECT_EQ(guest.resume(go), "ended");
    guest.store.heap.collect();
    EXPECT_EQ(reason.results->values.front().to_text(), "struct {5}");
}

// The end of the guest.

constexpr auto exiting = R"((module
    (import "host" "exit" (func $exit (param i32)))
    (import "host" "run_exits" (func $run_exits))
    (func $one (export "one") (result i32) i32.const 1)
    (func $bad (export "bad") unreachable)
    (func $exits (export "exits") i32.const 3 call $exit)
    (func (export "run") call $exits)
    (func (export "nested") call $run_exits)
    (func (export "tail") i32.const 4 return_call $exit)))";

TEST(Stops, AnExitStopsBeforeTheStackIsGone)
{
    Debugged guest(exiting);
    EXPECT_EQ(guest.start("run"), "exit status 3") << "not unless it is wanted";
    guest.session->stop_on(StopsOn { .exit = true });
    EXPECT_EQ(guest.start("run"), "exit (status 3)");
    const auto& reason = std::get<StopReason>(guest.event);
    EXPECT_EQ(reason.kind, StopKind::Exit);
    EXPECT_EQ(reason.trap, TrapKind::Exit);
    EXPECT_EQ(reason.exit_status, 3);
    ASSERT_EQ(guest.session->frames().size(), 2u);
    EXPECT_EQ(guest.place(0), "exits+2") << "at the call";
    EXPECT_EQ(guest.place(1), "run+2");
    EXPECT_EQ(guest.resume(go), "exit status 3");
    EXPECT_EQ(guest.start("tail"), "exit (status 4)");
    EXPECT_EQ(guest.resume(out), "exit status 4") << "a step does not keep it alive";
}

/// It is told once, where it happens.
TEST(Stops, AnExitThatPassesHostFunctionsStopsOnce)
{
    Debugged guest(exiting);
    guest.session->stop_on(StopsOn { .exit = true });
    EXPECT_EQ(guest.start("nested"), "exit (status 3)");
    ASSERT_EQ(guest.session->frames().size(), 3u);
    EXPECT_EQ(guest.place(0), "exits+2");
    EXPECT_EQ(guest.place(1), "host.run_exits");
    EXPECT_EQ(guest.place(2), "nested+2");
    EXPECT_EQ(guest.resume(go), "exit status 3");
}

TEST(Stops, AGuestThatExitsCanBeSentElsewhere)
{
    Debugged guest(exiting);
    guest.session->stop_on(StopsOn { .exit = true });
    EXPECT_EQ(guest.start("run"), "exit (status 3)");
    ASSERT_TRUE(guest.session->skip());
    EXPECT_EQ(guest.resume(go), "ended");
}

/// Whatever the debugger calls meanwhile, and however that ends.
TEST(Stops, CallsOfTheDebuggerDoNotChangeWhatTheGuestEndsWith)
{
    Debugged guest(exiting);
    for (const auto& [ending, stop, end] : { std::tuple { "run", "exit (status 3)", "exit status 3" },
             std::tuple { "bad", "trap: unreachable", "unreachable" } }) {
        guest.session->stop_on(StopsOn { .exit = true });
        EXPECT_EQ(guest.start(ending), stop);
        // Calls of the debugger do not stop here.
        guest.session->stop_on(StopsOn { .trap = false });
        for (const char* const called : { "one", "tail", "bad" }) {
            ASSERT_TRUE(guest.session->call(
                [&] { (void)invoke(guest.thread, Guest::function(*guest.instance, called), {}); }));
            EXPECT_EQ(guest.wait(), "call has ended");
        }
        EXPECT_EQ(guest.resume(go), end);
    }
}

// A step of one's own.

/// To the first instruction outside of a range, in the frame in which it began or one further out,
/// as a step by lines does: what the range calls runs at full speed.
class OutOfRange final : public Step {
public:
    OutOfRange(CodeOffset begin, CodeOffset end) : begin_(begin), end_(end) {}

    StepPlan begin(std::span<const Frame> frames, bool) override
    {
        frame_ = frames.front().id;
        return { .is_single = true };
    }
    StepAnswer at(Cause, const Frame& frame) override
    {
        if (frame.id.is_above(frame_)) {
            ++skipped;
            // Back to single steps where the callee returns to.
            const auto back = return_place_of(frame);
            return StepPlan { .marks = { MarkedPlace { back->function, back->offset } } };
        }
        if (frame.offset >= begin_ && frame.offset < end_)
            return StepPlan { .is_single = true };
        return StepEnd {};
    }

    int skipped = 0;

private:
    const CodeOffset begin_;
    const CodeOffset end_;
    FrameId frame_;
};

constexpr auto lines = R"((module
    (func $loop (export "loop") (result i32) (local $n i32)
      (loop $again
        (local.set $n (i32.add (local.get $n) (i32.const 1)))
        (br_if $again (i32.lt_u (local.get $n) (i32.const 1000))))
      local.get $n)
    (func $run (export "run") (result i32)
      call $loop
      call $loop
      i32.add
      i32.const 5
      i32.mul)))";

// Conditions, which tiers may evaluate without the session.

constexpr auto counting = R"((module
    (memory 1)
    (func $work (export "work") (param $y i32) (nop))
    (func $run (export "run") (result i32) (local $x i32)
      (loop $next
        (local.set $x (i32.add (local.get $x) (i32.const 1)))
        (call $work (local.get $x))
        (br_if $next (i32.lt_u (local.get $x) (i32.const 2000))))
      (local.get $x))))";

/// Offsets from the beginning of `run`.
constexpr CodeOffset before_call = 9, at_call = 11, after_call = 13;

struct Counting : Debugged {
    Counting() : Debugged(counting) {}

    BreakpointSpec spec(CodeOffset offset, std::string condition)
    {
        return { .module = module, .offset = code_of("run") + offset, .condition = std::move(condition) };
    }
    void change(uint32_t id, CodeOffset offset, std::string condition)
    {
        EXPECT_TRUE(session->change_breakpoint(id, spec(offset, std::move(condition))));
    }
    /// Where it has stopped: `breakpoint 1 500`
    std::string with_x(const std::string& stop)
    {
        const auto frames = session->frames();
        return stop + " " + std::to_string(frames.at(frame_ ? 1 : 0).locals()[0]);
    }
    bool frame_ = false;
};

TEST(Stops, AConditionThatIsChangedCountsAtOnce)
{
    Counting guest;
    const uint32_t id = *guest.session->add_breakpoint(guest.spec(before_call, "$x == 500"));
    EXPECT_EQ(guest.with_x(guest.start("run")), "breakpoint 1 500");
    guest.change(id, before_call, "$x == 700 || $x == 701");
    EXPECT_EQ(guest.with_x(guest.resume(go)), "breakpoint 1 700");
    EXPECT_EQ(guest.with_x(guest.resume(go)), "breakpoint 1 701");
    guest.change(id, before_call, "$x % 100 == 0");
    EXPECT_EQ(guest.with_x(guest.resume(go)), "breakpoint 1 800");
    guest.change(id, before_call, "u8[$x * 64] == 1 && $x > 1000");
    EXPECT_EQ(guest.with_x(guest.resume(go)),
        "breakpoint 1: condition: address 0x10000 is out of bounds: the memory has 0x10000 bytes 1024");
    guest.change(id, before_call, "$x > 1500 && u8[$x * 32] == 0");
    EXPECT_EQ(guest.with_x(guest.resume(go)), "breakpoint 1 1501");
    guest.change(id, before_call, "");
    EXPECT_EQ(guest.with_x(guest.resume(go)), "breakpoint 1 1502");
    guest.change(id, before_call, "$x == 3000");
    EXPECT_EQ(guest.resume(go), "ended 2000");
    EXPECT_EQ(guest.session->breakpoints().at(0).hits, 7u);
}

TEST(Stops, AConditionIsSetWhileItsFrameWaits)
{
    Counting guest;
    guest.frame_ = true;
    const uint32_t inner = *guest.session->add_breakpoint({ .module = guest.module,
        .offset = guest.code_of("work"),
        .condition = "$y == 100 || $y == 300 || $y == 400" });
    EXPECT_EQ(guest.with_x(guest.start("run")), "breakpoint 1 100");
    guest.frame_ = false;
    const uint32_t outer = *guest.session->add_breakpoint(guest.spec(after_call, "$x == 100 || $x == 200"));
    EXPECT_EQ(guest.with_x(guest.resume(go)), "breakpoint 2 100");
    EXPECT_EQ(guest.with_x(guest.resume(go)), "breakpoint 2 200");
    guest.frame_ = true;
    EXPECT_EQ(guest.with_x(guest.resume(go)), "breakpoint 1 300");
    guest.change(outer, after_call, "$x == 300");
    guest.frame_ = false;
    EXPECT_EQ(guest.with_x(guest.resume(go)), "breakpoint 2 300");
    EXPECT_TRUE(guest.session->remove_breakpoint(inner));
    EXPECT_EQ(guest.resume(go), "ended 2000");
}

TEST(Stops, ConditionsComeBeforeCountsAndMessages)
{
    Counting guest;
    auto counts = guest.spec(before_call, "$x & 1");
    counts.ignore_count = 10;
    counts.is_temporary = true;
    auto says = guest.spec(before_call, "$x == 7 || $x == 33");
    says.message = "x is {$x}";
    std::vector<std::string> messages;
    guest.session->set_log([&](std::string message) { messages.push_back(std::move(message)); });
    EXPECT_TRUE(guest.session->add_breakpoint(counts));
    EXPECT_TRUE(guest.session->add_breakpoint(says));
    EXPECT_TRUE(guest.session->add_breakpoint(guest.spec(before_call, "$x == 30")));
    EXPECT_EQ(guest.with_x(guest.start("run")), "breakpoint 1 21");
    EXPECT_EQ(guest.with_x(guest.resume(go)), "breakpoint 3 30");
    EXPECT_EQ(guest.resume(go), "ended 2000");
    EXPECT_THAT(messages, ElementsAre("x is 7", "x is 33"));
}

TEST(Stops, AStepEndsWhereABreakpointHasAFalseCondition)
{
    Counting guest;
    EXPECT_TRUE(guest.session->add_breakpoint(guest.spec(at_call, "$x == 3")));
    EXPECT_TRUE(guest.session->add_breakpoint(guest.spec(after_call, "$x == 5")));
    EXPECT_EQ(guest.with_x(guest.start("run")), "breakpoint 1 3");
    for (int i = 0; i < 2; ++i)
        EXPECT_EQ(guest.with_x(guest.resume({ Resume::Kind::StepOver })), "step 3");
    EXPECT_EQ(guest.with_x(guest.resume(go)), "breakpoint 2 5");
    EXPECT_EQ(guest.resume({ Resume::Kind::RunTo, guest.code_of("run") + at_call }), "step");
    EXPECT_EQ(guest.with_x("step"), "step 6");
    EXPECT_EQ(guest.resume(go), "ended 2000");
}

TEST(Stops, ASessionTakesStepsThatItDoesNotKnow)
{
    Debugged guest(lines);
    const CodeOffset begin = guest.code_of("run");
    guest.break_at(begin);
    EXPECT_EQ(guest.start("run"), "breakpoint 1");
    const auto step = std::make_shared<OutOfRange>(begin, begin + 5);
    EXPECT_EQ(guest.resume({ .step = step }), "step");
    EXPECT_EQ(guest.place(), "run+5");
    EXPECT_EQ(step->skipped, 2) << "one look at each callee";
    EXPECT_EQ(operands_of(guest.session->frames().front()).front(), Value::i32(2000));
    EXPECT_EQ(guest.resume(go), "ended 10000");
}

/// A plan that changes while other threads run the same code.
TEST(Stops, AStepChangesItsMarksWhileOtherThreadsRun)
{
    Debugged guest(lines);
    Guest other(guest.engine);
    Instance& instance = **instantiate(other.thread, other.linker, guest.module);
    ASSERT_TRUE(guest.session->add_store(other.store, other.thread));
    std::atomic<bool> is_over = false;
    std::atomic<uint32_t> calls = 0;
    std::thread caller([&] {
        while (!is_over) {
            EXPECT_EQ(other.call(instance, "run")->front(), Value::i32(10000));
            ++calls;
        }
    });
    const CodeOffset begin = guest.code_of("run");
    ASSERT_TRUE(guest.session->add_breakpoint(
        { .module = guest.module, .offset = begin, .instance = guest.instance }));
    for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(guest.start("run"), "breakpoint 1");
        EXPECT_EQ(guest.resume({ .step = std::make_shared<OutOfRange>(begin, begin + 5) }), "step");
        EXPECT_EQ(guest.place(), "run+5");
        EXPECT_EQ(guest.resume(go), "ended 10000");
    }
    while (calls == 0)
        std::this_thread::yield();
    is_over = true;
    caller.join();
    // It uses both stores.
    guest.session.reset();
}

/// The marks of the step and those of breakpoints are brought in line apart from each other.
TEST(Stops, ABreakpointThatIsAddedDuringAStepDoesNotEndIt)
{
    std::atomic<bool> is_waiting = true;
    Debugged guest(R"((module
        (import "host" "is_waiting" (func $is_waiting (result i32)))
        (func $wait (loop $again (br_if $again (call $is_waiting))))
        (func (export "never") nop)
        (func (export "run") call $wait nop)))",
        [&](Guest& made) {
            made.define("host", "is_waiting", { {}, { ValueType::i32 } }, [&](HostCall& call) -> HostOutcome {
                call.slots[0] = is_waiting;
                return core::Returned {};
            });
        });
    guest.break_at(guest.code_of("run"));
    EXPECT_EQ(guest.start("run"), "breakpoint 1");
    ASSERT_TRUE(guest.session->resume({ Resume::Kind::StepOver }));
    guest.break_at(guest.code_of("never"));
    // Only a pause makes the thread take notice, and so the end of the wait comes after that.
    while (guest.thread.requests->bits.load() != 0)
        std::this_thread::yield();
    is_waiting = false;
    EXPECT_EQ(guest.wait(), "step");
    EXPECT_EQ(guest.place(), "run+2");
    EXPECT_EQ(guest.resume(go), "ended");
}

/// A host function in which the guest waits until a test lets it go on.
struct Gate {
    void define_in(Guest& guest)
    {
        guest.define("host", "pass", { {}, {} }, [this](HostCall&) -> HostOutcome {
            while (is_closed)
                std::this_thread::yield();
            return core::Returned {};
        });
    }
    std::atomic<bool> is_closed = true;
};

constexpr auto with_gate = R"((module
    (import "host" "pass" (func $pass))
    (func (export "run") call $pass nop)
    (func (export "other") nop)))";

TEST(Stops, AStopInAHostFunctionEndsTheStep)
{
    Gate gate;
    Debugged guest(with_gate, [&](Guest& made) { gate.define_in(made); });
    guest.break_at(guest.code_of("run"));
    EXPECT_EQ(guest.start("run"), "breakpoint 1");
    ASSERT_TRUE(guest.session->resume({ Resume::Kind::StepOver }));
    guest.session->interrupt();
    EXPECT_EQ(guest.wait(), "interrupt");
    gate.is_closed = false;
    EXPECT_EQ(guest.resume(go), "ended");
}

TEST(Stops, AStopOfAnotherThreadEndsTheStep)
{
    Gate gate;
    Debugged guest(with_gate, [&](Guest& made) { gate.define_in(made); });
    Guest other(guest.engine);
    gate.define_in(other);
    Instance& instance = **instantiate(other.thread, other.linker, guest.module);
    ASSERT_TRUE(guest.session->add_store(other.store, other.thread));
    guest.break_at(guest.code_of("run"));
    guest.break_at(guest.code_of("other"));
    EXPECT_EQ(guest.start("run"), "breakpoint 1");
    ASSERT_TRUE(guest.session->resume({ Resume::Kind::StepOver }));
    std::thread caller([&] { EXPECT_TRUE(other.call(instance, "other")); });
    EXPECT_EQ(guest.wait(), "breakpoint 2");
    gate.is_closed = false;
    EXPECT_EQ(guest.resume(go), "ended");
    caller.join();
    // It uses both stores.
    guest.session.reset();
}

/// A breakpoint whose condition does not hold, where a pause stopped the guest.
TEST(Stops, AStepFromAPauseExecutesAnInstruction)
{
    Debugged guest(R"((module
        (func $spin (export "spin") (loop $again (call $next) (br $again)))
        (func $next (export "next") nop nop)))");
    for (const bool has_breakpoint : { false, true }) {
        std::thread interrupter([&] {
            while (!guest.session->is_running())
                std::this_thread::yield();
            guest.session->interrupt();
        });
        EXPECT_EQ(guest.start("spin"), "interrupt");
        interrupter.join();
        if (has_breakpoint) {
            for (const char* const name : { "spin", "next" })
                for (CodeOffset offset = 0; offset < 3; ++offset)
                    ASSERT_TRUE(guest.session->add_breakpoint({ .module = guest.module,
                        .offset = guest.code_of(name) + offset,
                        .condition = "0 == 1" }));
        }
        const std::string paused = guest.place();
        EXPECT_EQ(guest.resume({ Resume::Kind::Step }), "step");
        EXPECT_NE(guest.place(), paused);
        EXPECT_EQ(guest.resume({ Resume::Kind::Kill }), "stopped by the debugger");
    }
}

} // namespace
} // namespace vitrine::core::debug
