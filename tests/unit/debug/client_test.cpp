// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Several clients on one session: what each hears, who may resume, and whose stops are whose.
#include "debug/client.h"

#include "debug/session.h"
#include "support/guest.h"

#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace vitrine::core::debug {
namespace {

using test::Guest;
using testing::ElementsAre;
using testing::IsEmpty;
using Kind = Client::Kind;

constexpr auto module_text = R"((module
    (memory 1)
    (func $double (param $n i32) (result i32)
      local.get $n
      i32.const 2
      i32.mul)
    (func $run (export "run") (param $n i32) (result i32)
      local.get $n
      call $double
      call $double)
    (func (export "spin") (loop $again (br $again)))
    (func (export "trap") unreachable)))";

std::string text_of(const Event& event)
{
    if (const auto* reason = std::get_if<StopReason>(&event))
        return reason->to_text();
    const auto& outcome = std::get<Outcome>(event);
    if (!outcome)
        return std::visit(
            [](const auto& failure) { return "failed: " + failure.to_text(); }, outcome.error());
    return outcome->empty() ? "ended" : "ended: " + outcome->front().to_text();
}

/// What a client has heard, and the number of the last stop.
class Log {
public:
    void write(std::string text, const StopReason* reason = nullptr)
    {
        const std::lock_guard lock(mutex_);
        lines_.push_back(std::move(text));
        if (reason)
            stop_ = reason->number;
        changed_.notify_all();
    }
    /// All lines, once they are this many.
    std::vector<std::string> lines(size_t count)
    {
        std::unique_lock lock(mutex_);
        EXPECT_TRUE(
            changed_.wait_for(lock, std::chrono::seconds(20), [&] { return lines_.size() >= count; }));
        return lines_;
    }
    uint64_t stop()
    {
        const std::lock_guard lock(mutex_);
        return stop_;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> lines_;
    uint64_t stop_ = 0;
};

/// A client that writes down what it hears.
struct Witness {
    Witness(Session& session, const std::string& name, Kind kind = Kind::Shared)
    {
        const auto on_event = [log = log](const Event& event) {
            log->write(text_of(event), std::get_if<StopReason>(&event));
        };
        const auto on_resume = [log = log](const Resumed& resumed) {
            log->write((resumed.is_call ? "call by " : "resumed by ") + resumed.by);
        };
        const auto on_message = [log = log](
                                    uint32_t, const std::string& message) { log->write("log: " + message); };
        auto attached = Client::attach(session, name, kind, { on_event, on_resume, on_message });
        if (attached)
            client = std::move(*attached);
        else
            refusal = attached.error().message;
    }

    std::vector<std::string> heard(size_t count) const { return log->lines(count); }
    uint64_t stop() const { return log->stop(); }

    /// A listener may be called once more when its client has left.
    std::shared_ptr<Log> log = std::make_shared<Log>();
    std::unique_ptr<Client> client;
    std::string refusal;
};

struct ClientTest : testing::Test {
    void start(std::string_view name, std::vector<Value> arguments, bool stop_at_entry = false)
    {
        Function& callee = guest.function(instance, name);
        EXPECT_TRUE(session->start(
            [this, &callee, arguments]() -> Outcome {
                auto results = invoke(guest.thread, callee, arguments);
                if (!results)
                    return std::unexpected(std::move(results).error());
                return *results;
            },
            stop_at_entry));
    }
    BreakpointSpec in_double() const
    {
        return { .module = instance.module, .offset = instance.module->meta(FuncIndex { 0 }).body_offset };
    }
    std::string error_of(const Result<void>& result) const { return result ? "" : result.error().message; }

    Guest guest;
    Instance& instance = guest.instantiate(module_text);
    std::unique_ptr<Session> session = *Session::create(guest.store, guest.thread);
};

TEST_F(ClientTest, EverySharedClientHearsEverythingAndMayResume)
{
    Witness editor(*session, "the editor"), page(*session, "the page");
    ASSERT_TRUE(editor.client->add_breakpoint(in_double()));
    start("run", { Value::i32(5) });
    EXPECT_EQ(text_of(*session->wait()), "breakpoint 1") << "the owner too";
    EXPECT_THAT(page.heard(1), ElementsAre("breakpoint 1"));
    ASSERT_TRUE(page.client->resume({}));
    EXPECT_THAT(editor.heard(3), ElementsAre("breakpoint 1", "resumed by the page", "breakpoint 1"));
    ASSERT_TRUE(editor.client->resume({ Resume::Kind::Step }));
    editor.heard(5);
    ASSERT_TRUE(session->resume({}));
    const auto all = ElementsAre("breakpoint 1", "resumed by the page", "breakpoint 1",
        "resumed by the editor", "step", "resumed by the embedder", "ended: 20");
    EXPECT_THAT(editor.heard(7), all);
    EXPECT_THAT(page.heard(7), all);
    EXPECT_EQ(text_of(*session->wait()), "ended: 20");
}

TEST_F(ClientTest, TwoThatResumeOneStopResumeItOnce)
{
    Witness editor(*session, "the editor"), page(*session, "the page");
    ASSERT_TRUE(editor.client->add_breakpoint(in_double()));
    start("run", { Value::i32(5) });
    page.heard(1);
    const uint64_t first = page.stop();
    ASSERT_TRUE(editor.client->resume({}, editor.stop()));
    page.heard(3);
    EXPECT_EQ(error_of(page.client->resume({}, first)), "the guest has already resumed from this stop");
    EXPECT_TRUE(page.client->resume({}, page.stop()));
    EXPECT_EQ(text_of(*session->wait()), "ended: 20");
}

TEST_F(ClientTest, AnExclusiveClientAloneResumes)
{
    Witness page(*session, "the page"), lldb(*session, "LLDB", Kind::Exclusive);
    const std::string refused = "the guest is controlled by LLDB";
    EXPECT_EQ(session->controller(), "LLDB");
    EXPECT_EQ(Witness(*session, "another LLDB", Kind::Exclusive).refusal, refused);
    ASSERT_TRUE(page.client->add_breakpoint(in_double())) << "it may set stops";
    start("run", { Value::i32(5) });
    page.heard(1);
    EXPECT_EQ(session->frames().size(), 2u) << "and look";
    EXPECT_EQ(error_of(page.client->resume({})), refused);
    EXPECT_EQ(error_of(page.client->resume({ Resume::Kind::Step }, page.stop())), refused);
    EXPECT_EQ(error_of(session->resume({})), refused);
    EXPECT_EQ(error_of(session->call([] {})), refused);
    ASSERT_TRUE(lldb.client->resume({}));
    EXPECT_THAT(page.heard(3), ElementsAre("breakpoint 1", "resumed by LLDB", "breakpoint 1"));
    // When it has gone, the stop is everybody's.
    lldb.client.reset();
    EXPECT_EQ(session->controller(), std::nullopt);
    EXPECT_EQ(text_of(*session->wait()), "breakpoint 1");
    EXPECT_TRUE(page.client->resume({}));
    EXPECT_EQ(text_of(*session->wait()), "ended: 20");
}

TEST_F(ClientTest, OthersMayInterruptAndEndTheGuestOfAnExclusiveClient)
{
    Witness page(*session, "the page"), lldb(*session, "LLDB", Kind::Exclusive);
    start("spin", {});
    session->interrupt();
    EXPECT_THAT(lldb.heard(1), ElementsAre("interrupt"));
    ASSERT_TRUE(page.client->resume({ Resume::Kind::Kill }));
    EXPECT_EQ(text_of(*session->wait()), "failed: stopped by the debugger") << "no stop is the owner's";
    EXPECT_THAT(lldb.heard(2), ElementsAre("interrupt", "failed: stopped by the debugger"));
    EXPECT_THAT(page.heard(2), ElementsAre("interrupt", "failed: stopped by the debugger"));
}

TEST_F(ClientTest, OneThatLeavesTakesOnlyItsOwnStops)
{
    Witness editor(*session, "the editor");
    auto page = std::make_unique<Witness>(*session, "the page");
    const uint32_t owners = *session->add_breakpoint(in_double());
    const uint32_t kept = *editor.client->add_breakpoint(in_double());
    const uint32_t gone = *page->client->add_breakpoint(in_double());
    const eval::MemoryRange word { instance.memories[0], 0, 4 };
    const uint32_t kept_watch = *editor.client->add_watchpoint({ .what = word, .store = &guest.store });
    const uint32_t gone_watch = *page->client->add_watchpoint({ .what = word, .store = &guest.store });
    EXPECT_TRUE(editor.client->owns_stop(kept) && editor.client->owns_stop(kept_watch));
    EXPECT_FALSE(editor.client->owns_stop(owners) || editor.client->owns_stop(gone));
    // Nobody removes or changes what another client has set.
    EXPECT_THAT(error_of(editor.client->remove_stop(gone)), testing::HasSubstr("another client"));
    EXPECT_THAT(error_of(editor.client->remove_stop(gone_watch)), testing::HasSubstr("another client"));
    EXPECT_THAT(error_of(editor.client->change_breakpoint(owners, in_double())),
        testing::HasSubstr("another client"));
    EXPECT_THAT(error_of(editor.client->change_watchpoint(gone_watch, { .what = word })),
        testing::HasSubstr("another client"));
    page->client->stop_on({ .caught_throw = true });
    EXPECT_TRUE(session->stops_on().caught_throw);
    page.reset();
    std::vector<uint32_t> left;
    for (const Breakpoint& breakpoint : session->breakpoints())
        left.push_back(breakpoint.id);
    for (const Watchpoint& watchpoint : session->watchpoints())
        left.push_back(watchpoint.id);
    EXPECT_THAT(left, ElementsAre(owners, kept, kept_watch));
    EXPECT_FALSE(session->stops_on().caught_throw);
    // One whose stop is gone already may still leave.
    ASSERT_TRUE(session->remove_breakpoint(kept));
    editor.client.reset();
    EXPECT_THAT(session->watchpoints(), IsEmpty());
    EXPECT_EQ(session->breakpoints().size(), 1u);
}

TEST_F(ClientTest, WhatAnyClientAsksForStops)
{
    Witness editor(*session, "the editor"), page(*session, "the page");
    constexpr StopsOn nothing { .uncaught_throw = false, .trap = false, .host_error = false };
    EXPECT_TRUE(session->stops_on().trap) << "the defaults";
    page.client->stop_on(nothing);
    EXPECT_FALSE(session->stops_on().trap) << "who has asked for nothing leaves it to the others";
    editor.client->stop_on({ .uncaught_throw = false, .trap = false, .host_error = false, .load = true });
    EXPECT_TRUE(session->stops_on().load);
    session->stop_on(StopsOn { .uncaught_throw = false, .host_error = false });
    const StopsOn all = session->stops_on();
    EXPECT_TRUE(all.load && all.trap);
    EXPECT_FALSE(all.caught_throw || all.uncaught_throw || all.host_error);
    editor.client->stop_on(nothing);
    EXPECT_FALSE(session->stops_on().load) << "nobody else had asked for it";
    start("trap", {});
    EXPECT_EQ(text_of(*session->wait()), "trap: unreachable");
    session->stop_on(std::nullopt);
    EXPECT_FALSE(session->stops_on().trap);
    page.client.reset();
    editor.client.reset();
    EXPECT_TRUE(session->stops_on().trap) << "the defaults again";
    ASSERT_TRUE(session->resume({}));
    EXPECT_EQ(text_of(*session->wait()), "failed: unreachable");
}

TEST_F(ClientTest, MessagesAndCallsAreHeardByAll)
{
    Witness editor(*session, "the editor"), page(*session, "the page");
    BreakpointSpec logs = in_double();
    logs.message = "n is {$n}";
    ASSERT_TRUE(editor.client->add_breakpoint(logs));
    start("run", { Value::i32(5) }, true);
    EXPECT_EQ(text_of(*session->wait()), "entry");
    ASSERT_TRUE(session->call([this] {
        const Value two = Value::i32(2);
        EXPECT_TRUE(invoke(guest.thread, guest.function(instance, "run"), { &two, 1 }));
    }));
    EXPECT_EQ(text_of(*session->wait()), "call has ended");
    ASSERT_TRUE(session->resume({}));
    const auto all = ElementsAre("entry", "call by the embedder", "log: n is 2", "log: n is 4",
        "call has ended", "resumed by the embedder", "log: n is 5", "log: n is 10", "ended: 20");
    EXPECT_THAT(editor.heard(9), all);
    EXPECT_THAT(page.heard(9), all);
}

TEST_F(ClientTest, MayOutliveTheEndOfTheSession)
{
    Witness page(*session, "the page"), lldb(*session, "LLDB", Kind::Exclusive);
    ASSERT_TRUE(page.client->add_breakpoint(in_double()));
    session->close();
    EXPECT_NE(error_of(page.client->resume({})), "");
    EXPECT_EQ(Witness(*session, "late").refusal, "the session is closed");
    EXPECT_EQ(session->controller(), std::nullopt);
}

TEST_F(ClientTest, ComeAndGoWhileTheGuestRuns)
{
    constexpr int times = 200;
    std::atomic<bool> is_over = false;
    start("spin", {});
    std::thread resumer([&] {
        // It lets the guest go on whenever nobody else has control.
        while (!is_over) {
            session->interrupt();
            (void)session->resume({});
            std::this_thread::yield();
        }
    });
    const auto visit = [&](Kind kind) {
        for (int i = 0; i < times; ++i) {
            Witness client(*session, "a visitor", kind);
            if (!client.client)
                continue;
            EXPECT_TRUE(client.client->add_breakpoint(in_double()));
            client.client->stop_on({ .load = true });
            (void)client.client->resume({});
        }
    };
    std::thread shared([&] { visit(Kind::Shared); }), first([&] { visit(Kind::Exclusive); }),
        second([&] { visit(Kind::Exclusive); });
    shared.join();
    first.join();
    second.join();
    is_over = true;
    resumer.join();
    EXPECT_THAT(session->breakpoints(), IsEmpty());
    EXPECT_FALSE(session->stops_on().load);
    session->kill();
    while (text_of(*session->wait()) == "interrupt") {}
}

} // namespace
} // namespace vitrine::core::debug
