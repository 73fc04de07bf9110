// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A debugger in calls that host functions ask for, of the guest and of each other.
#include "debug/session.h"

#include "support/guest.h"
#include "wasm/instruction.h"

#include <gmock/gmock.h>

namespace vitrine::core::debug {
namespace {

using test::Guest;
using testing::ElementsAre;

/// `run` calls `lifted`, which asks for `leaf` and then for `f`, which calls `leaf` again. `leaf`
/// may make a nested call of `g`.
struct Lifted : Guest {
    Lifted()
    {
        const FuncType unary { { ValueType::i32 }, { ValueType::i32 } };
        define("host", "lifted", unary, [this](HostCall& call) -> HostOutcome {
            call.callee_slots[0] = call.slots[0];
            const auto then = [](void* self, HostCall&, OrTrapped<void>&& called) -> HostOutcome {
                EXPECT_TRUE(called);
                return CallGuest { &function(*static_cast<Lifted*>(self)->instance, "f"), finish };
            };
            return CallGuest { instance->functions[1], then, this };
        });
        define("host", "leaf", unary, [this](HostCall& call) -> HostOutcome {
            if (nests) {
                EXPECT_TRUE(core::invoke(call.thread, function(*instance, "g"), {}));
            }
            ++call.slots[0];
            return Returned {};
        });
        instance = &instantiate(R"((module
          (import "host" "lifted" (func $lifted (param i32) (result i32)))
          (import "host" "leaf" (func $leaf (param i32) (result i32)))
          (global (mut i32) (i32.const 0))
          (func $f (export "f") (param i32) (result i32) (i32.mul (call $leaf (local.get 0)) (i32.const 2)))
          (func $g (export "g") (global.set 0 (i32.const 1)))
          (func $run (export "run") (param i32) (result i32)
            (i32.add (i32.const 1000) (call $lifted (local.get 0))))))");
        session = *Session::create(store, thread);
    }
    static HostOutcome finish(void*, HostCall& call, OrTrapped<void>&& called)
    {
        if (!called)
            return std::move(called).error();
        call.slots[0] = call.callee_slots[0];
        return Returned {};
    }

    std::string start(std::string_view name)
    {
        EXPECT_TRUE(session->start([this, name]() -> Outcome {
            auto results = invoke(thread, function(*instance, name), std::vector { Value::i32(5) });
            if (!results)
                return std::unexpected(std::move(results).error());
            return *results;
        }));
        return next();
    }
    std::string resume(Resume::Kind kind)
    {
        EXPECT_TRUE(session->resume({ kind }));
        return next();
    }
    /// The next event, and the names of the frames.
    std::string next()
    {
        const Event event = *session->wait();
        if (const auto* outcome = std::get_if<Outcome>(&event))
            return *outcome ? "ended: " + (*outcome)->front().to_text() : "failed";
        std::string text = std::get<StopReason>(event).to_text() + ":";
        for (const Frame& frame : session->frames())
            text += " " + frame.function->name();
        return text;
    }
    uint32_t break_at(std::string_view name)
    {
        const FuncMeta& meta = *function(*instance, name).meta;
        return *session->add_breakpoint({ .module = instance->module, .offset = meta.code_offset });
    }

    Instance* instance = nullptr;
    std::unique_ptr<Session> session;
    bool nests = false;
};

TEST(HostCalls, ABreakpointBelowWaitingHostFunctionsShowsThem)
{
    Lifted guest;
    guest.break_at("f");
    EXPECT_EQ(guest.start("run"), "breakpoint 1: f host.lifted run");
    EXPECT_EQ(guest.resume(Resume::Kind::Go), "ended: 1014");
}

TEST(HostCalls, StepsLeadThroughThem)
{
    Lifted guest;
    guest.break_at("run");
    EXPECT_EQ(guest.start("run"), "breakpoint 1: run");
    std::vector<std::string> stops;
    std::string stop;
    do {
        stop = guest.resume(Resume::Kind::Step);
        if (stops.empty() || stops.back() != stop)
            stops.push_back(stop);
    } while (!stop.starts_with("ended"));
    EXPECT_THAT(stops, ElementsAre("step: run", "step: f host.lifted run", "step: run", "ended: 1014"));
}

TEST(HostCalls, AStepOverTheCallPassesAllOfIt)
{
    Lifted guest;
    guest.break_at("run");
    EXPECT_EQ(guest.start("run"), "breakpoint 1: run");
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(guest.resume(Resume::Kind::StepOver), "step: run");
    EXPECT_EQ(guest.session->frames().front().operand_slots(), 2u) << "behind the call";
    EXPECT_EQ(guest.resume(Resume::Kind::Go), "ended: 1014");
}

TEST(HostCalls, AStepOutOfTheCalleeEndsInTheGuestThatCalledTheHostFunction)
{
    Lifted guest;
    guest.nests = true;
    guest.break_at("g");
    EXPECT_EQ(guest.start("run"), "breakpoint 1: g host.leaf host.lifted run");
    EXPECT_EQ(guest.resume(Resume::Kind::StepOut), "breakpoint 1: g host.leaf f host.lifted run")
        << "before the frame that it would end in goes on";
    EXPECT_EQ(guest.resume(Resume::Kind::StepOut), "step: f host.lifted run");
    EXPECT_EQ(guest.resume(Resume::Kind::StepOut), "step: run");
    EXPECT_EQ(guest.resume(Resume::Kind::Go), "ended: 1014");
}

TEST(HostCalls, WithoutAGuestBelowTheBottomIsAHostFunction)
{
    Lifted guest;
    guest.nests = true;
    guest.break_at("g");
    EXPECT_TRUE(guest.session->start([&]() -> Outcome {
        auto results = invoke(guest.thread, *guest.instance->functions[0], std::vector { Value::i32(5) });
        EXPECT_TRUE(results);
        return *results;
    }));
    EXPECT_EQ(guest.next(), "breakpoint 1: g host.leaf host.lifted");
    EXPECT_EQ(guest.resume(Resume::Kind::Go), "breakpoint 1: g host.leaf f host.lifted");
    EXPECT_EQ(guest.resume(Resume::Kind::Go), "ended: 14");
}

TEST(HostCalls, AFrameThatAHostFunctionWaitsForCannotReturnEarly)
{
    Lifted guest;
    guest.break_at("f");
    EXPECT_EQ(guest.start("run"), "breakpoint 1: f host.lifted run");
    const std::vector<Frame> frames = guest.session->frames();
    const Value results[] { Value::i32(3) };
    const auto refused = guest.session->return_from(frames[0], results);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message, "the frame's caller is a host function that waits for its end");
    // Its caller's caller can return: the host function ends with the frames above it.
    EXPECT_TRUE(guest.session->return_from(frames[2], results));
    EXPECT_EQ(guest.resume(Resume::Kind::Go), "ended: 3");
    EXPECT_TRUE(guest.thread.continuations.empty());
}

TEST(HostCalls, TwoThreadsOfOneStoreShareItsBreakpoints)
{
    Lifted guest;
    guest.break_at("f");
    Thread second(guest.store, guest.engine->interpreter, guest.engine->stacks);
    ASSERT_TRUE(guest.session->add_store(guest.store, second));
    EXPECT_EQ(guest.session->threads().size(), 2u);
    // Each call stops, and a step in one does not remove a mark of the other.
    EXPECT_EQ(guest.start("run"), "breakpoint 1: f host.lifted run");
    EXPECT_EQ(guest.resume(Resume::Kind::StepOut), "step: run");
    EXPECT_EQ(guest.resume(Resume::Kind::Go), "ended: 1014");
    EXPECT_TRUE(guest.session->start([&]() -> Outcome {
        auto results = invoke(second, Guest::function(*guest.instance, "run"), std::vector { Value::i32(5) });
        EXPECT_TRUE(results);
        return *results;
    }));
    EXPECT_EQ(guest.next(), "breakpoint 1: f host.lifted run");
    EXPECT_EQ(guest.session->stopped()->thread, 2u);
    EXPECT_EQ(guest.resume(Resume::Kind::Go), "ended: 1014");
    guest.session.reset();
    EXPECT_EQ(guest.instance->functions[2]->private_code, nullptr) << "no mark is left";
}

} // namespace
} // namespace vitrine::core::debug
