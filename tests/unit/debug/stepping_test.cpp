// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Steps by themselves: a probe of the test's own does what they ask for.
#include "debug/stepping.h"

#include "debug/inspect.h"
#include "exec/instrument.h"
#include "support/guest.h"
#include "wasm/instruction.h"
#include "wasm/printer.h"

#include <gmock/gmock.h>

namespace vitrine::core::debug {
namespace {

using test::Guest;
using Kind = vitrine::debug::ResumeKind;

/// Takes a step from where the guest first comes to an instruction, and notes where it ends.
class Stepper final : public Probe {
public:
    Stepper(Thread& thread, MarkedPlace start, std::shared_ptr<Step> step)
        : thread_(thread), marks_(thread, std::make_shared<MarksOfStore>()), step_(std::move(step))
    {
        thread.probes.set(ProbeRole::Session, this);
        marks_.add_passing(start);
    }
    ~Stepper() override
    {
        set_stepping(thread_, false);
        thread_.probes.set(ProbeRole::Session, nullptr);
    }
    Stepper(const Stepper&) = delete;
    Stepper& operator=(const Stepper&) = delete;

    Wish fire(Thread& thread, Cause cause) override
    {
        const bool is_report = cause == Cause::Mark || cause == Cause::Step || cause == Cause::Catch;
        if (is_over_ || !is_report || (!has_begun_ && cause != Cause::Mark))
            return Wish::Continue;
        const Frame frame = *innermost_frame(thread);
        if (!has_begun_) {
            has_begun_ = true;
            follow(step_->begin(frames_for_step(thread), false));
            return Wish::Continue;
        }
        const StepAnswer answer = step_->at(cause, frame);
        if (const auto* plan = std::get_if<StepPlan>(&answer))
            follow(*plan);
        if (const auto* end = std::get_if<StepEnd>(&answer))
            note(*end, frame);
        return Wish::Continue;
    }

    /// `main: i32.const 1 [16], returned 16`, or what the plan was if the step has not ended.
    std::string text() const
    {
        if (is_over_)
            return text_;
        return has_begun_ ? (is_empty_ ? "goes on" : "never ended") : "never began";
    }

private:
    void follow(const StepPlan& plan)
    {
        marks_.clear_passing();
        for (const StepMark& mark : plan.marks)
            marks_.add_passing(mark.place, mark.frame);
        set_stepping(thread_, plan.is_single);
        is_empty_ = plan.is_empty();
    }

    void note(const StepEnd& end, const Frame& frame)
    {
        is_over_ = true;
        follow({});
        const Module& module = frame.function->module();
        ByteReader in(module.bytes().subspan(frame.offset), frame.offset);
        text_ = frame.function->name() + ": "
            + core::to_text(*decode_instruction(in), module, frame.function->index) + " [";
        for (const Value& operand : operands_of(frame))
            text_ += (text_.ends_with('[') ? "" : " ") + operand.to_text();
        text_ += "]";
        if (end.results) {
            text_ += ", returned";
            for (const Value& value : end.results->values)
                text_ += " " + value.to_text();
        }
    }

    Thread& thread_;
    Marks marks_;
    const std::shared_ptr<Step> step_;
    bool has_begun_ = false;
    bool is_over_ = false;
    bool is_empty_ = false;
    std::string text_;
};

/// A guest with host functions: `call` calls the function that it is given, `ask` asks for that
/// call.
struct Stepped : Guest {
    explicit Stepped(std::string_view wat)
    {
        const FuncType takes_function { { ValueType::funcref }, { ValueType::i32 } };
        define("host", "call", takes_function, [](HostCall& call) -> HostOutcome {
            auto results = invoke(call.thread, *Ref { call.slots[0] }.function(), {});
            if (!results)
                return std::move(results).error();
            call.slots[0] = results->front().low + 1;
            return core::Returned {};
        });
        define("host", "ask", takes_function, [](HostCall& call) -> HostOutcome {
            return CallGuest { Ref { call.slots[0] }.function(),
                [](void*, HostCall& waiting, OrTrapped<void>&& called) -> HostOutcome {
                    if (!called)
                        return std::move(called).error();
                    waiting.slots[0] = waiting.callee_slots[0] + 1;
                    return core::Returned {};
                } };
        });
        instance = &instantiate(wat);
    }

    /// The `nth` instruction of that text in the function, counted from 0.
    MarkedPlace place(std::string_view function_name, std::string_view text, int nth = 0)
    {
        const Module& module = *instance->module;
        for (Function* const function : instance->functions) {
            if (function->is_host() || function->name() != function_name)
                continue;
            const FuncMeta& meta = *function->meta;
            for (CodeOffset offset = meta.code_offset; offset < meta.end_offset;) {
                ByteReader in(module.bytes().subspan(offset), offset);
                const auto instruction = *decode_instruction(in);
                if (core::to_text(instruction, module, function->index) == text && nth-- == 0)
                    return { function, offset };
                offset = instruction.end;
            }
        }
        ADD_FAILURE() << "there is no such instruction: " << text;
        return { instance->functions[0], 0 };
    }

    /// Where a step ends that begins at a place in a call of `run`.
    std::string step(MarkedPlace from, std::shared_ptr<Step> step)
    {
        const Stepper stepper(thread, from, std::move(step));
        (void)call(*instance, "run");
        return stepper.text();
    }
    std::string step(MarkedPlace from, Kind kind) { return step(from, make_step(kind, 0)); }

    Instance* instance;
};

constexpr auto calls = R"((module
    (import "host" "call" (func $call (param funcref) (result i32)))
    (import "host" "ask" (func $ask (param funcref) (result i32)))
    (tag $error)
    (elem declare func $seven)
    (func $seven (result i32) i32.const 7)
    (func $tail (result i32) return_call $seven)
    (func $throw (result i32) throw $error)
    (func $catch (result i32)
      (block $caught (try_table (catch $error $caught) (return (call $throw))))
      i32.const 9)
    (func $deep (param $n i32) (result i32)
      local.get $n
      if
        local.get $n
        i32.const 1
        i32.sub
        call $deep
        drop
        nop
      end
      local.get $n)
    (func $run (export "run")
      i32.const 1
      call $seven
      drop
      call $tail
      drop
      call $catch
      drop
      ref.func $seven
      call $call
      drop
      ref.func $seven
      call $ask
      drop
      i32.const 2
      call $deep
      drop
      drop)))";

TEST(Stepping, AnInstructionLeadsIntoCallsAndBack)
{
    Stepped guest(calls);
    EXPECT_EQ(guest.step(guest.place("run", "i32.const 1"), Kind::Step), "run: call $seven [1]");
    EXPECT_EQ(guest.step(guest.place("run", "call $seven"), Kind::Step), "seven: i32.const 7 []");
    EXPECT_EQ(guest.step(guest.place("run", "call $call"), Kind::Step), "seven: i32.const 7 []");
    EXPECT_EQ(guest.step(guest.place("seven", "end"), Kind::Step), "run: drop [1 7]");
    EXPECT_EQ(guest.step(guest.place("tail", "return_call $seven"), Kind::Step), "seven: i32.const 7 []");
    EXPECT_EQ(guest.step(guest.place("throw", "throw $error"), Kind::Step), "catch: i32.const 9 []");
}

TEST(Stepping, AStepOverPassesTheCallInItsOwnFrame)
{
    Stepped guest(calls);
    EXPECT_EQ(guest.step(guest.place("run", "i32.const 1"), Kind::StepOver), "run: call $seven [1]");
    EXPECT_EQ(guest.step(guest.place("run", "call $seven"), Kind::StepOver), "run: drop [1 7]");
    EXPECT_EQ(guest.step(guest.place("run", "call $call"), Kind::StepOver), "run: drop [1 8]");
    EXPECT_EQ(guest.step(guest.place("run", "call $ask"), Kind::StepOver), "run: drop [1 8]");
    EXPECT_EQ(guest.step(guest.place("deep", "call $deep"), Kind::StepOver), "deep: drop [1]")
        << "not in the frames of the recursion";
    EXPECT_EQ(guest.step(guest.place("tail", "return_call $seven"), Kind::StepOver), "run: drop [1 7]");
    EXPECT_EQ(guest.step(guest.place("catch", "call $throw"), Kind::StepOver), "catch: i32.const 9 []");
}

TEST(Stepping, AStepOutEndsInTheCallerWithTheResults)
{
    Stepped guest(calls);
    EXPECT_EQ(guest.step(guest.place("seven", "i32.const 7"), Kind::StepOut), "run: drop [1 7], returned 7");
    EXPECT_EQ(
        guest.step(guest.place("tail", "return_call $seven"), Kind::StepOut), "run: drop [1 7], returned 7");
    EXPECT_EQ(guest.step(guest.place("deep", "i32.sub"), Kind::StepOut), "run: drop [1 2], returned 2");
    EXPECT_EQ(guest.step(guest.place("deep", "nop"), Kind::StepOut), "deep: drop [1], returned 1");
}

/// The results went elsewhere, or there are none.
TEST(Stepping, AStepOutCarriesNoResultsIfTheCallerGotNone)
{
    Stepped guest(calls);
    EXPECT_EQ(guest.step(guest.place("throw", "throw $error"), Kind::StepOut), "catch: i32.const 9 []");
    EXPECT_EQ(guest.step(guest.place("run", "call $seven"), Kind::StepOut), "goes on") << "no caller";
    // The host function gets 7 and answers 8.
    constexpr auto from_host = R"((module
        (import "host" "call" (func $call (param funcref) (result i32)))
        (import "host" "ask" (func $ask (param funcref) (result i32)))
        (elem declare func $seven $eight)
        (func $seven (result i32) i32.const 7)
        (func $eight (result i32) i32.const 8)
        (func (export "run") (drop (call $call (ref.func $seven))) (drop (call $ask (ref.func $eight))))))";
    Stepped hosted(from_host);
    EXPECT_EQ(hosted.step(hosted.place("seven", "i32.const 7"), Kind::StepOut), "run: drop [8]");
    EXPECT_EQ(hosted.step(hosted.place("eight", "i32.const 8"), Kind::StepOut), "run: drop [9]");
}

TEST(Stepping, AStepOutCarriesResultsOfEachType)
{
    Stepped guest(R"((module
        (type $pair (struct (field i32 i64)))
        (elem declare func $many)
        (func $none)
        (func $many (result i32 v128 f64 externref anyref funcref (ref $pair) i64)
          i32.const -1
          v128.const i64x2 5 6
          f64.const 1.5
          ref.null extern
          (ref.i31 (i32.const 3))
          ref.func $many
          (struct.new $pair (i32.const 1) (i64.const 2))
          i64.const 9)
        (func (export "run") call $none call $many unreachable)))");
    EXPECT_EQ(guest.step(guest.place("none", "end"), Kind::StepOut), "run: call $many [], returned");
    const std::string text = guest.step(guest.place("many", "i64.const 9"), Kind::StepOut);
    EXPECT_THAT(text,
        testing::EndsWith("], returned -1 i32x4 0x00000005 0x00000000 0x00000006 0x00000000 1.5 "
                          "null i31 3 func many struct {1, 2} 9"));
}

TEST(Stepping, AStepToAPlaceEndsInTheFirstFrameThatGetsThere)
{
    Stepped guest(calls);
    const auto start = guest.place("deep", "i32.sub");
    const CodeOffset nop = guest.place("deep", "nop").second;
    EXPECT_EQ(guest.step(start, make_step(Kind::RunTo, nop)), "deep: nop []");
    EXPECT_EQ(guest.step(start, make_step(Kind::RunTo, start.second)), "deep: i32.sub [1 1]")
        << "the frame that it calls";
    const CodeOffset before_call = guest.place("deep", "call $deep").second;
    EXPECT_EQ(guest.step(start, make_step(Kind::RunTo, before_call + 1)), "deep: drop [0]")
        << "the next instruction";
    EXPECT_EQ(guest.step(start, make_step(Kind::RunTo, 1)), "goes on") << "in another function";
}

TEST(Stepping, WhatJustGoesOnIsNoStep)
{
    EXPECT_EQ(make_step(Kind::Go, 0), nullptr);
    EXPECT_EQ(make_step(Kind::Kill, 0), nullptr);
}

/// An instruction that is reported again before it is executed, and one that really comes again.
TEST(Stepping, AStepPassesTheInstructionThatIsReportedAgain)
{
    Stepped guest(calls);
    struct Look final : Probe {
        Wish fire(Thread& thread, Cause) override
        {
            frames = frames_for_step(thread);
            for (const Cause cause : { Cause::Step, Cause::Mark })
                for (const bool is_again : { false, true }) {
                    const auto step = make_step(Kind::Step, 0);
                    EXPECT_TRUE(step->begin(frames, is_again).is_single);
                    if (is_again) {
                        EXPECT_TRUE(std::holds_alternative<StepGoesOn>(step->at(cause, frames.front())));
                    }
                    EXPECT_TRUE(std::holds_alternative<StepEnd>(step->at(cause, frames.front())));
                }
            return Wish::Continue;
        }
        std::vector<Frame> frames;
    } look;
    Marks marks(guest.thread, std::make_shared<MarksOfStore>());
    marks.add_passing(guest.place("deep", "nop"));
    guest.thread.probes.set(ProbeRole::Session, &look);
    EXPECT_TRUE(guest.call(*guest.instance, "run"));
    guest.thread.probes.set(ProbeRole::Session, nullptr);
    ASSERT_EQ(look.frames.size(), 2u) << "the innermost guest function's and its caller's";
    EXPECT_EQ(look.frames[1].function->name(), "run");
}

} // namespace
} // namespace vitrine::core::debug
