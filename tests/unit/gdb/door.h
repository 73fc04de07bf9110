// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "gdb/packet.h"
#include "gdb/stub.h"

#include "base/text.h"
#include "support/guest.h"

#include <condition_variable>
#include <deque>
#include <mutex>

namespace vitrine::core::gdb::test {

/// A guest with everything that a debugger asks for: calls, a trap, an endless loop, values of each
/// kind, two memories, output.
constexpr auto zoo = R"((module $zoo
    (import "host" "tick" (func $tick (param i32)))
    (memory $first (export "first") 1 2)
    (memory $second 1)
    (global $total (mut i32) (i32.const 7))
    (global $wide i64 (i64.const 0x1122334455667788))
    (data (i32.const 16) "hello")
    (data (memory $second) (i32.const 16) "world")
    (func $double (param $n i32) (result i32) (local $unused f64) (local $far i64)
      local.get $n
      i32.const 2
      i32.mul)
    (func $run (export "run") (param $n i32) (result i32)
      i64.const 5
      local.get $n
      call $double
      global.set $total
      drop
      global.get $total)
    (func (export "spin") (loop $again (br $again)))
    (func (export "trap") (param i32) (result i32) i32.const 1 local.get 0 i32.div_u)
    (func (export "tick") (param i32) local.get 0 call $tick)
    (func $dive (export "dive") call $dive)
    (func (export "tick-and-double") i32.const 0 call $tick i32.const 3 call $double drop)))";

/// The guest under a session, and calls of it.
struct Debugged : core::test::Guest {
    explicit Debugged(std::string_view wat = zoo)
    {
        define("host", "tick", { { ValueType::i32 }, {} }, [this](HostCall& call) { return on_tick(call); });
        instance = &instantiate(wat);
        session = *debug::Session::create(store, thread);
    }

    void start(std::string_view name, std::vector<Value> arguments, bool stop_at_entry = true)
    {
        Function& callee = function(*instance, name);
        const auto body = [this, &callee, arguments]() -> debug::Outcome {
            auto results = invoke(thread, callee, arguments);
            if (!results)
                return std::unexpected(std::move(results).error());
            return *results;
        };
        EXPECT_TRUE(session->start(body, stop_at_entry));
    }

    /// The client's address for an offset in the first instance's code.
    static uint64_t code(CodeOffset offset) { return Address { Address::Space::Object, 1, offset }.bits(); }
    const FuncMeta& meta(uint32_t function) const { return instance->module->meta(FuncIndex { function }); }

    std::function<HostOutcome(HostCall&)> on_tick = [](HostCall&) -> HostOutcome { return Returned {}; };
    Instance* instance;
    std::unique_ptr<debug::Session> session;
};

/// A stub and its client on one thread, without a socket.
class Conversation {
public:
    explicit Conversation(debug::Session& session, Process process = Process::Call) : stub(session, process)
    {
        EXPECT_TRUE(stub.open({ .events = [this](const debug::Event& event) { take(event); } }));
        EXPECT_TRUE(stub.attach());
    }

    /// Reports loaded modules, as the server does.
    void listen_to_loads(debug::Session& session) { session.add_listener({ .stops_at_loads = true }); }

    /// The reply to a packet. If there is none at once, the reply when the guest stops.
    std::string ask(std::string_view payload)
    {
        const auto answer = stub.answer(parse_request(payload));
        if (!answer.payload)
            return wait();
        const std::string packet = encode_packet(*answer.payload);
        std::string_view wire = packet;
        return PacketReader().next(wire)->payload;
    }

    /// The text that one of our commands prints.
    std::string monitor(std::string_view command)
    {
        const auto answer = stub.answer(parse_request("qRcmd," + hex_of(bytes_of(command))));
        EXPECT_EQ(answer.payload, "OK");
        return answer.output;
    }

    /// The reply to the next event that has one.
    std::string wait()
    {
        for (;;)
            if (const auto payload = stub.on_event(next_event()))
                return *payload;
    }

    debug::Event next_event()
    {
        std::unique_lock lock(mutex_);
        if (!changed_.wait_for(lock, std::chrono::seconds(20), [&] { return !events_.empty(); }))
            throw std::runtime_error("no event");
        debug::Event event = std::move(events_.front());
        events_.pop_front();
        return event;
    }

    Stub stub;

private:
    void take(const debug::Event& event)
    {
        const std::lock_guard lock(mutex_);
        events_.push_back(event);
        changed_.notify_all();
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<debug::Event> events_;
};

} // namespace vitrine::core::gdb::test
