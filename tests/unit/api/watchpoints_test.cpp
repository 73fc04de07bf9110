// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Watchpoints as embedders use them.
#include "world.h"

#include <thread>

namespace vitrine {
namespace {

using debug::MemoryRange;
using debug::Session;
using debug::StopKind;
using debug::Stopped;
using debug::WatchAccess;
using test::error_of;
using test::exited;
using test::stopped;
using test::World;

constexpr auto guest_text = R"((module
    (import "host" "scribble" (func $scribble))
    (memory $memory (export "memory") 1 4)
    (global $total (mut i64) (i64.const 5))
    (table $table 4 funcref)
    (elem declare func $store)
    (func $store (export "store") (param $at i32) (param $value i32)
      (i32.store (local.get $at) (local.get $value))
      nop)
    (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
    (func (export "fill") (param i32 i32 i32) (memory.fill (local.get 0) (local.get 1) (local.get 2)))
    (func (export "add") (param i64)
      (global.set $total (i64.add (global.get $total) (local.get 0))))
    (func (export "put") (param i32) (table.set (local.get 0) (ref.func $store)))
    (func $count (export "count") (param $n i32) (result i32) (local $sum i32)
      (loop $again
        (local.set $sum (i32.add (local.get $sum) (local.get $n)))
        (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
      (local.get $sum))
    (func (export "counts") (result i32)
      (i32.add (call $count (i32.const 2)) (call $count (i32.const 2))))
    (func (export "ask") (call $scribble))
    (func (export "grow") (drop (memory.grow (i32.const 1))))))";

constexpr std::uint32_t count = 6;

struct Watched : World {
    Watched()
    {
        linker.define("host", "scribble", [this] { scribble(); });
        instance = instantiate(guest_text);
        session.emplace(store);
    }
    Memory memory() const { return *instance->debug_memory(0); }
    debug::Event call(std::string_view name, std::vector<Val> arguments)
    {
        return session->call(*instance->func(name), arguments);
    }
    std::uint32_t watch(const debug::WatchpointSpec& spec) { return session->add_watchpoint(spec).value(); }

    std::function<void()> scribble = [] {};
    std::optional<Instance> instance;
    std::optional<Session> session;
};

TEST(Watchpoints, StopBehindTheInstructionThatChangesAMemory)
{
    Watched guest;
    const auto id = guest.watch({ .what = MemoryRange { guest.memory(), 16, 4 } });
    EXPECT_TRUE(exited(guest.call("store", { Val::i32(12), Val::i32(1) }))) << "beside it";
    EXPECT_TRUE(exited(guest.call("store", { Val::i32(20), Val::i32(1) })));
    EXPECT_TRUE(exited(guest.call("store", { Val::i32(16), Val::i32(0) }))) << "no change";
    Stopped stop = stopped(guest.call("store", { Val::i32(16), Val::i32(7) }));
    EXPECT_EQ(stop.reason().kind, StopKind::Watchpoint);
    EXPECT_EQ(stop.reason().id, id);
    EXPECT_EQ(stop.reason().to_text(), "watchpoint 1: 0 -> 7");
    EXPECT_EQ(stop.reason().watch->new_bytes,
        (std::vector { std::byte(7), std::byte(0), std::byte(0), std::byte(0) }));
    EXPECT_TRUE(stop.reason().watch->is_write);
    EXPECT_TRUE(stop.frames()[0].operands().empty()) << "executed";
    EXPECT_TRUE(exited(guest.session->resume(std::move(stop))));
    stop = stopped(guest.call("fill", { Val::i32(0), Val::i32(1), Val::i32(100) }));
    EXPECT_EQ(stop.reason().text, "7 -> 16843009") << "bulk operations too";
    EXPECT_TRUE(exited(guest.session->resume(std::move(stop))));
    EXPECT_EQ(guest.session->watchpoints()[0].hits, 2u);
    EXPECT_TRUE(guest.session->remove_watchpoint(id));
    EXPECT_EQ(error_of(guest.session->remove_watchpoint(id)), "there is no watchpoint 1");
    EXPECT_TRUE(exited(guest.call("store", { Val::i32(16), Val::i32(9) })));
}

TEST(Watchpoints, OnALocalEndWithTheCall)
{
    Watched guest;
    debug::Event event =
        guest.session->call(*guest.instance->func("store"), { Val::i32(16), Val::i32(1) }, true);
    guest.watch({ .what = stopped(std::move(event)).frames()[0].place("$value").value(),
        .access = WatchAccess::Read });
    event = guest.session->wait();
    while (auto* const stop = std::get_if<Stopped>(&event)) {
        EXPECT_EQ(guest.session->watchpoints().size(), 1u);
        event = guest.session->resume(std::move(*stop));
    }
    EXPECT_TRUE(guest.session->watchpoints().empty());
    EXPECT_TRUE(exited(guest.call("store", { Val::i32(16), Val::i32(2) })));
}

TEST(Watchpoints, HaveConditionsAndCounts)
{
    Watched guest;
    const debug::WatchPlace place = MemoryRange { guest.memory(), 16, 4 };
    const auto id = guest.watch({ .what = place, .condition = "$value > 2", .ignore_count = 1, .every = 2 });
    // What is left of the values behind the condition: 3 is skipped, then every second stops.
    std::vector<std::int32_t> stops;
    for (std::int32_t value = 1; value <= 7; ++value) {
        debug::Event event = guest.call("store", { Val::i32(16), Val::i32(value) });
        if (auto* const stop = std::get_if<Stopped>(&event)) {
            stops.push_back(value);
            EXPECT_TRUE(exited(guest.session->resume(std::move(*stop))));
        }
    }
    EXPECT_EQ(stops, (std::vector { 5, 7 }));
    EXPECT_EQ(guest.session->watchpoints()[0].hits, 5u);
    EXPECT_TRUE(guest.session->remove_watchpoint(id));
    guest.watch({ .what = place, .is_enabled = false });
    EXPECT_TRUE(exited(guest.call("store", { Val::i32(16), Val::i32(1) })));
    EXPECT_FALSE(guest.session->add_watchpoint({ .what = place, .condition = "1 +" }));
}

TEST(Watchpoints, AreForPlacesThatExpressionsName)
{
    Watched guest;
    const auto range = guest.instance->debug_place("i16[8 * 2]");
    ASSERT_TRUE(range);
    EXPECT_EQ(std::get<MemoryRange>(*range).address, 16u);
    EXPECT_EQ(std::get<MemoryRange>(*range).size, 2u);
    guest.watch({ .what = *range });
    Stopped stop = stopped(guest.call("store", { Val::i32(15), Val::i32(0x100) }));
    EXPECT_EQ(stop.reason().text, "0 -> 1");
    const debug::Frame frame = stop.frames()[0];
    guest.watch({ .what = frame.place("$value").value() });
    guest.watch({ .what = frame.place("i32[$at + 17]").value(), .access = WatchAccess::Write });
    EXPECT_EQ(std::get<debug::FrameLocal>(*frame.place("local[1]")).index, 1u);
    EXPECT_EQ(std::get<debug::TableSlot>(*frame.place("table[1 + 2]")).index, 3u);
    EXPECT_EQ(std::get<Global>(*frame.place("$total")).get(), Val::i64(5));
    EXPECT_TRUE(exited(guest.session->resume(std::move(stop))));
    EXPECT_EQ(stopped(guest.call("store", { Val::i32(32), Val::i32(7) })).reason().text, "0 -> 7");
    EXPECT_EQ(error_of(frame.place("$value")), error_of(frame.evaluate("$value"))) << "the frame is gone";
    for (const auto& [size, word] : { std::pair(1u, "u8"), { 4u, "f32" }, { 8u, "u64" }, { 16u, "v128" } })
        EXPECT_EQ(std::get<MemoryRange>(*guest.instance->debug_place(std::string(word) + "[0]")).size, size);
    for (const auto* text :
        { "", "7", "$value", "size[0]", "cstr[0]", "i32[1: 0]", "table[1: 0]", "i32[$total", "operand[0]" })
        EXPECT_FALSE(guest.instance->debug_place(text)) << text;
    EXPECT_EQ(guest.instance->debug_place("i32[0] + $nobody").error().offset(), 7u)
        << "an operation is no place";
}

TEST(Watchpoints, AreChangedLater)
{
    Watched guest;
    const std::uint32_t id = guest.watch({ .what = MemoryRange { guest.memory(), 16, 4 } });
    const auto store = [&](std::int32_t value) {
        return guest.call("store", { Val::i32(16), Val::i32(value) });
    };
    EXPECT_TRUE(exited(guest.session->resume(stopped(store(1)))));

    ASSERT_TRUE(guest.session->change_watchpoint(id, { .condition = "$value > 5", .ignore_count = 2 }));
    debug::Watchpoint row = guest.session->watchpoints().at(0);
    EXPECT_EQ(row.options.condition, "$value > 5");
    EXPECT_EQ(row.options.ignore_count, 2u);
    EXPECT_EQ(row.options.every, 1u);
    EXPECT_EQ(row.access, WatchAccess::Change);
    EXPECT_EQ(row.hits, 1u) << "kept";
    EXPECT_TRUE(exited(store(3))) << "the condition does not hold";
    EXPECT_TRUE(exited(store(7))) << "the second hit is ignored";
    EXPECT_EQ(guest.session->watchpoints().at(0).hits, 2u);
    EXPECT_TRUE(exited(guest.session->resume(stopped(store(8)))));

    ASSERT_TRUE(guest.session->change_watchpoint(id, { .is_enabled = false }));
    EXPECT_FALSE(guest.session->watchpoints().at(0).options.is_enabled);
    EXPECT_TRUE(exited(store(9)));
    ASSERT_TRUE(guest.session->change_watchpoint(id, {}));
    Stopped stop = stopped(store(10));
    EXPECT_EQ(stop.reason().to_text(), "watchpoint 1: 9 -> 10") << "not from 8, when it was disabled";
    EXPECT_TRUE(exited(guest.session->resume(std::move(stop))));

    const auto refused = guest.session->change_watchpoint(id, { .condition = "$value >" });
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().is_in_text());
    EXPECT_EQ(guest.session->watchpoints().at(0).options.condition, "") << "unchanged";
    EXPECT_EQ(error_of(guest.session->change_watchpoint(77, {})), "there is no watchpoint 77");
    EXPECT_EQ(error_of(guest.session->change_watchpoint(0, {})), "there is no watchpoint 0");
}

TEST(Watchpoints, AreChangedWhileTheGuestRuns)
{
    Watched guest;
    const std::uint32_t id = guest.watch({ .what = MemoryRange { guest.memory(), 16, 4 } });
    bool is_enabled = false;
    guest.scribble = [&] {
        EXPECT_TRUE(guest.session->change_watchpoint(id, { .is_enabled = is_enabled }));
        EXPECT_EQ(error_of(guest.session->change_watchpoint(id + 1, {})), "there is no watchpoint 2");
    };
    const auto store = [&](std::int32_t value) {
        return guest.call("store", { Val::i32(16), Val::i32(value) });
    };
    EXPECT_TRUE(exited(guest.call("ask", {})));
    EXPECT_TRUE(exited(store(1)));
    is_enabled = true;
    EXPECT_TRUE(exited(guest.call("ask", {})));
    EXPECT_TRUE(exited(guest.session->resume(stopped(store(2)))));
    EXPECT_EQ(guest.session->watchpoints().at(0).hits, 1u);
}

/// In a session with a handler, the watchpoint of a local of the outermost frame stays.
TEST(Watchpoints, OnALocalThatHasEndedAreNotChanged)
{
    World world;
    world.linker.define("host", "scribble", [] {});
    const Instance instance = world.instantiate(guest_text);
    std::uint32_t id = 0;
    ASSERT_TRUE(world.store.on_debug_event([&](Stopped& stop) {
        Session& session = *world.store.debug_session();
        if (id == 0) {
            id = session.add_watchpoint({ .what = debug::FrameLocal { stop.frames()[0], 1 } }).value();
            EXPECT_TRUE(session.change_watchpoint(id, { .is_enabled = false }));
        }
        return debug::Resume::go();
    }));
    Session& session = *world.store.debug_session();
    ASSERT_TRUE(session.add_breakpoint(
        { .module = instance.module(), .offset = instance.module().function(count)->offset }));
    EXPECT_TRUE(instance.func("count")->call({ Val::i32(2) }));
    ASSERT_EQ(session.watchpoints().size(), 1u);
    EXPECT_EQ(error_of(session.change_watchpoint(id, {})), "the frame of the watched local has ended");
    EXPECT_FALSE(session.watchpoints()[0].options.is_enabled);
    EXPECT_TRUE(session.remove_watchpoint(id));
}

TEST(Watchpoints, TellReadsFromWrites)
{
    Watched guest;
    guest.watch({ .what = MemoryRange { guest.memory(), 16, 2 }, .access = WatchAccess::Read });
    EXPECT_TRUE(exited(guest.call("store", { Val::i32(16), Val::i32(7) })));
    EXPECT_TRUE(exited(guest.call("load", { Val::i32(18) })));
    Stopped stop = stopped(guest.call("load", { Val::i32(17) }));
    EXPECT_EQ(stop.reason().to_text(), "watchpoint 1: 7");
    EXPECT_FALSE(stop.reason().watch->is_write);
    EXPECT_EQ(exited(guest.session->resume(std::move(stop)))->front(), Val::i32(0));
    guest.watch({ .what = MemoryRange { guest.memory(), 40, 1 }, .access = WatchAccess::Write });
    stop = stopped(guest.call("store", { Val::i32(38), Val::i32(0) }));
    EXPECT_EQ(stop.reason().to_text(), "watchpoint 2: 0 -> 0") << "a write that changes nothing";
    EXPECT_TRUE(exited(guest.session->resume(std::move(stop))));
    EXPECT_TRUE(exited(guest.call("load", { Val::i32(40) })));
    guest.watch({ .what = MemoryRange { guest.memory(), 80, 1 }, .access = WatchAccess::ReadWrite });
    stop = stopped(guest.call("load", { Val::i32(80) }));
    EXPECT_EQ(stop.reason().id, 3u);
    EXPECT_TRUE(exited(guest.session->resume(std::move(stop))));
}

TEST(Watchpoints, OnGlobalsTablesAndLocals)
{
    Watched guest;
    guest.watch({ .what = *guest.instance->debug_global(0) });
    guest.watch({ .what = debug::TableSlot { *guest.instance->debug_table(0), 2 } });
    EXPECT_TRUE(exited(guest.call("add", { Val::i64(0) })));
    Stopped stop = stopped(guest.call("add", { Val::i64(-6) }));
    EXPECT_EQ(stop.reason().to_text(), "watchpoint 1: 5 -> -1");
    EXPECT_EQ(stop.reason().watch->new_value, Val::i64(-1));
    EXPECT_TRUE(exited(guest.session->resume(std::move(stop))));
    EXPECT_TRUE(exited(guest.call("put", { Val::i32(1) })));
    stop = stopped(guest.call("put", { Val::i32(2) }));
    EXPECT_EQ(stop.reason().to_text(), "watchpoint 2: null -> func store");
    EXPECT_EQ(stop.reason().watch->new_value.funcref()->name(), "store");
    EXPECT_TRUE(exited(guest.session->resume(std::move(stop))));
}

TEST(Watchpoints, OnALocalEndWithItsFrame)
{
    Watched guest;
    const auto breakpoint = guest.session->add_breakpoint(
        { .module = guest.instance->module(), .offset = guest.instance->module().functions()[count].offset });
    Stopped stop = stopped(guest.call("counts", {}));
    guest.watch({ .what = debug::FrameLocal { stop.frames()[0], 1 } });
    EXPECT_FALSE(guest.session->add_watchpoint({ .what = debug::FrameLocal { stop.frames()[0], 2 } }));
    ASSERT_TRUE(guest.session->remove_breakpoint(*breakpoint));
    stop = stopped(guest.session->resume(std::move(stop)));
    EXPECT_EQ(stop.reason().to_text(), "watchpoint 2: 0 -> 2");
    stop = stopped(guest.session->resume(std::move(stop)));
    EXPECT_EQ(stop.reason().to_text(), "watchpoint 2: 2 -> 3");
    EXPECT_EQ(guest.session->watchpoints().size(), 1u);
    EXPECT_EQ(exited(guest.session->resume(std::move(stop)))->front(), Val::i32(6))
        << "the second call's local is another one";
    EXPECT_TRUE(guest.session->watchpoints().empty());
}

TEST(Watchpoints, SeeWhatTheHostWrites)
{
    Watched guest;
    guest.scribble = [&] { ASSERT_TRUE(guest.memory().fill(100, 2, std::byte(0xab))); };
    guest.watch({ .what = MemoryRange { guest.memory(), 100, 2 } });
    Stopped stop = stopped(guest.call("ask", {}));
    EXPECT_EQ(stop.reason().to_text(), "watchpoint 1: 0 -> 43947");
    // Writes while the guest is stopped are not the guest's.
    ASSERT_TRUE(guest.memory().fill(100, 2, std::byte(1)));
    EXPECT_TRUE(exited(guest.session->resume(std::move(stop))));
    guest.scribble = [] {};
    EXPECT_TRUE(exited(guest.call("ask", {})));
}

TEST(Watchpoints, SeeWhatTheHostWritesEvenWithoutAChange)
{
    Watched guest;
    const std::array same { std::byte(0), std::byte(0) };
    Global total = *guest.instance->debug_global(0);
    Table table = *guest.instance->debug_table(0);
    const std::pair<debug::WatchPlace, std::function<void()>> writes[] = {
        { MemoryRange { guest.memory(), 16, 4 }, [&] { ASSERT_TRUE(guest.memory().write(15, same)); } },
        { MemoryRange { guest.memory(), 16, 4 },
            [&] { ASSERT_TRUE(guest.memory().fill(10, 7, std::byte(0))); } },
        { total, [&] { ASSERT_TRUE(total.set(total.get())); } },
        { debug::TableSlot { table, 2 }, [&] { ASSERT_TRUE(table.set(2, Val::null(ValKind::FuncRef))); } },
    };
    for (const auto& [place, write] : writes) {
        guest.scribble = write;
        const auto on_change = guest.watch({ .what = place });
        EXPECT_TRUE(exited(guest.call("ask", {}))) << "no change";
        const auto on_write = guest.watch({ .what = place, .access = WatchAccess::Write });
        Stopped stop = stopped(guest.call("ask", {}));
        EXPECT_EQ(stop.reason().id, on_write);
        EXPECT_TRUE(stop.reason().watch->is_write);
        EXPECT_TRUE(exited(guest.session->resume(std::move(stop))));
        guest.scribble = [&] { ASSERT_TRUE(guest.memory().write(20, same)); };
        EXPECT_TRUE(exited(guest.call("ask", {}))) << "beside it";
        EXPECT_TRUE(guest.session->remove_watchpoint(on_change));
        EXPECT_TRUE(guest.session->remove_watchpoint(on_write));
    }
}

TEST(Watchpoints, DoNotStopForWhatIsWrittenWhileNoGuestRuns)
{
    Watched guest;
    guest.watch({ .what = MemoryRange { guest.memory(), 16, 4 } });
    guest.watch({ .what = MemoryRange { guest.memory(), 16, 4 }, .access = WatchAccess::Write });
    const std::array one { std::byte(1) };
    const std::array two { std::byte(2) };
    ASSERT_TRUE(guest.memory().write(16, one));
    EXPECT_TRUE(exited(guest.call("ask", {})));
    Stopped stop = stopped(guest.call("store", { Val::i32(16), Val::i32(3) }));
    EXPECT_EQ(stop.reason().text, "1 -> 3") << "the old value is the embedder's";
    // Writes of a debugger while the guest is stopped are not the guest's either.
    ASSERT_TRUE(guest.memory().write(16, two));
    EXPECT_TRUE(stop.frames()[0].assign("u8[16] = 9"));
    EXPECT_TRUE(exited(guest.session->resume(std::move(stop))));
    EXPECT_TRUE(exited(guest.call("ask", {})));
    EXPECT_EQ(stopped(guest.call("store", { Val::i32(16), Val::i32(4) })).reason().text, "9 -> 4");
}

TEST(Watchpoints, FollowAMemoryThatGrows)
{
    Watched guest;
    guest.watch({ .what = MemoryRange { guest.memory(), 16, 4 } });
    EXPECT_TRUE(exited(guest.call("grow", {})));
    Stopped stop = stopped(guest.call("store", { Val::i32(16), Val::i32(7) }));
    EXPECT_EQ(stop.reason().text, "0 -> 7");
    EXPECT_TRUE(exited(guest.session->resume(std::move(stop))));
}

TEST(Watchpoints, StopWhileStepping)
{
    Watched guest;
    guest.watch({ .what = MemoryRange { guest.memory(), 16, 4 } });
    Stopped stop =
        stopped(guest.session->call(*guest.instance->func("store"), { Val::i32(16), Val::i32(7) }, true));
    std::vector<std::string> reasons;
    for (int i = 0; i < 5; ++i) {
        reasons.push_back(stop.reason().to_text());
        if (i < 4)
            stop = stopped(guest.session->step(std::move(stop)));
    }
    EXPECT_THAT(reasons, testing::ElementsAre("entry", "step", "step", "watchpoint 1: 0 -> 7", "step"));
    EXPECT_TRUE(exited(guest.session->resume(std::move(stop))));
}

TEST(Watchpoints, RefuseWhatIsNotThere)
{
    Watched guest;
    World other;
    const Memory foreign = Memory::create(other.store, { .min = 1 }).value();
    EXPECT_FALSE(guest.session->add_watchpoint({ .what = MemoryRange { foreign, 0, 4 } }));
    EXPECT_FALSE(guest.session->add_watchpoint({ .what = MemoryRange { guest.memory(), 65534, 4 } }));
    EXPECT_FALSE(guest.session->add_watchpoint({ .what = MemoryRange { guest.memory(), 0, 0 } }));
    EXPECT_FALSE(guest.session->add_watchpoint({ .what = MemoryRange { guest.memory(), UINT64_MAX, 4 } }));
    EXPECT_FALSE(
        guest.session->add_watchpoint({ .what = debug::TableSlot { *guest.instance->debug_table(0), 4 } }));
    EXPECT_TRUE(guest.session->watchpoints().empty());
}

TEST(Watchpoints, OnASharedMemoryStopForEveryThread)
{
    World world;
    const SharedMemory memory =
        SharedMemory::create(world.engine, { .min = 1, .max = 1, .is_shared = true }).value();
    world.linker.define("host", "memory", memory);
    const Module module = world.module(R"((module (import "host" "memory" (memory 1 1 shared))
        (func (export "set") (param i32) (i32.atomic.store (i32.const 8) (local.get 0)))))");
    Session session(world.store);
    Store second(world.engine);
    ASSERT_TRUE(session.add_store(second));
    const Instance other = world.linker.instantiate(second, module).value();
    ASSERT_TRUE(session.add_watchpoint({ .what = MemoryRange { memory, 8, 4 } }));
    std::thread runner([&] { EXPECT_TRUE(other.func("set")->call({ Val::i32(3) })); });
    Stopped stop = stopped(session.wait());
    EXPECT_EQ(stop.reason().to_text(), "watchpoint 1: 0 -> 3");
    EXPECT_EQ(stop.reason().thread, 2u);
    EXPECT_EQ(stop.frames()[0].instance(), other);
    ASSERT_TRUE(session.go(std::move(stop)));
    runner.join();
}

} // namespace
} // namespace vitrine
