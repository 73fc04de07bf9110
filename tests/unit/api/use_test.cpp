// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A debugger resumes the guest while the embedder uses handles of its store: either that use fails,
// or the debugger waits.
#include "api/session_body.h"
#include "api/use.h"
#include "unit/api/world.h"

#include <condition_variable>
#include <cstring>
#include <functional>
#include <mutex>
#include <thread>

namespace vitrine::test {
namespace {

using core::debug::Resume;
using detail::Access;
using detail::Use;

constexpr std::string_view running = "the store is running under a debug session";

/// A guest that writes all kinds of state between two calls of `tick`, where it stops. Both halves
/// of the memory's first 16 bytes are then equal.
constexpr std::string_view ticking = R"((module
    (type $pair (struct (field (mut i64)) (field (mut i64))))
    (memory (export "memory") 1 2)
    (table (export "table") 2 4 funcref)
    (global $n (export "n") (mut i64) (i64.const 0))
    (global $spare (export "spare") (mut i64) (i64.const 0))
    (global $pair (export "pair") (mut (ref $pair)) (struct.new $pair (i64.const 0) (i64.const 0)))
    (elem declare func $tick)
    (func $tick (export "tick"))
    (func (export "run") (param i32)
        (loop
            (global.set $n (i64.add (global.get $n) (i64.const 1)))
            (global.set $spare (global.get $n))
            (i64.store (i32.const 0) (global.get $n))
            (table.set (i32.const 0) (ref.func $tick))
            (struct.set $pair 0 (global.get $pair) (global.get $n))
            (i64.store (i32.const 8) (global.get $n))
            (call $tick)
            (br_if 0 (i64.lt_u (global.get $n) (i64.extend_i32_u (local.get 0))))))
    (func (export "get") (result i64) (global.get $n))))";

/// The guest, its session, and a debugger's door, which gets all stops.
struct Ticking : World {
    Ticking() : World(true)
    {
        const Module module = instance.module();
        EXPECT_TRUE(session.add_breakpoint({ .module = module, .offset = module.functions()[0].offset }));
        const auto take = [this](const core::debug::Event& event) {
            const std::lock_guard lock(mutex);
            stops += std::holds_alternative<core::debug::StopReason>(event);
            is_over = is_over || std::holds_alternative<core::debug::Outcome>(event);
            changed.notify_all();
        };
        door = *core::debug::Client::attach(*Access::body(session)->session, "door",
            core::debug::Client::Kind::Exclusive, { .events = take });
    }
    ~Ticking()
    {
        session.kill();
        if (runner.joinable())
            runner.join();
    }

    void run(std::int32_t times)
    {
        runner = std::thread(
            [this, times] { results = exited(session.call(*instance.func("run"), { Val::i32(times) })); });
    }
    /// Waits for the stop with this number. Returns false if the guest ends instead.
    bool wait_for_stop(int number)
    {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return stops >= number || is_over; });
        return stops >= number;
    }

    Instance instance = instantiate(ticking);
    Global n = *instance.global("n"), spare = *instance.global("spare"), pair = *instance.global("pair");
    Memory memory = *instance.memory("memory");
    Table table = *instance.table("table");
    Func get = *instance.func("get");
    debug::Session session { store };
    std::unique_ptr<core::debug::Client> door;
    std::mutex mutex;
    std::condition_variable changed;
    int stops = 0;
    bool is_over = false;
    std::optional<Result<std::vector<Val>>> results;
    std::thread runner;
};

template<class T> std::string said(const Result<T>& result) { return error_of(result); }
/// The error of a use without a `Result`: it is refused if nothing is there.
std::string said(bool is_there) { return is_there ? "" : std::string(running); }

/// A use of each kind of handle, and its error.
struct Row {
    const char* name;
    std::function<std::string(Ticking&)> use;
};

const Row rows[] = {
    { "Global::try_get", [](Ticking& t) { return said(t.n.try_get()); } },
    { "Global::set", [](Ticking& t) { return said(t.spare.set(Val::i64(1))); } },
    { "Global::type", [](Ticking& t) { return said(t.pair.type().is_mutable); } },
    { "Memory::write",
        [](Ticking& t) {
            const std::byte bytes[8] {};
            return said(t.memory.write(64, bytes));
        } },
    { "Memory::fill", [](Ticking& t) { return said(t.memory.fill(64, 8, std::byte { 1 })); } },
    { "Memory::find",
        [](Ticking& t) {
            const std::byte bytes[16] {};
            return said(t.memory.try_find(bytes));
        } },
    { "Memory::grow", [](Ticking& t) { return said(t.memory.grow(0)); } },
    { "Table::get", [](Ticking& t) { return said(t.table.get(0)); } },
    { "Table::set", [](Ticking& t) { return said(t.table.set(0, Val::funcref({}))); } },
    { "Table::grow", [](Ticking& t) { return said(t.table.grow(0, Val::funcref({}))); } },
    { "Object",
        [](Ticking& t) {
            const auto pair = t.pair.try_get();
            if (!pair)
                return said(pair);
            // Each of these may be refused separately.
            (void)pair->to_text();
            (void)pair->type();
            (void)(*pair->as_object()).part_type(0);
            if (auto set = (*pair->as_object()).set(1, Val::i64(7)); !set)
                return said(set);
            return said((*pair->as_object()).get(0));
        } },
    { "Func::call", [](Ticking& t) { return said(t.get.call({})); } },
    { "TypedFunc",
        [](Ticking& t) {
            const auto get = t.get.typed<std::int64_t()>();
            return get ? said((*get)()) : said(get);
        } },
    { "Instance::debug_evaluate", [](Ticking& t) { return said(t.instance.debug_evaluate("$n + i64[0]")); } },
    { "Instance::debug_assign", [](Ticking& t) { return said(t.instance.debug_assign("$spare = 3")); } },
    { "Instance::memory", [](Ticking& t) { return said(t.instance.memory("memory").has_value()); } },
    { "Store::instances", [](Ticking& t) { return said(!t.store.instances().empty()); } },
    { "Global::create",
        [](Ticking& t) { return said(Global::create(t.store, { ValKind::I64 }, Val::i64(1))); } },
    { "Linker::check", [](Ticking& t) { return said(t.linker.check(t.store, t.instance.module())); } },
};

TEST(Use, IsAnErrorOrHoldsTheGuest)
{
    Ticking guest;
    guest.run(300);
    std::thread door([&] {
        for (int stop = 1; guest.wait_for_stop(stop); ++stop) {
            std::this_thread::yield();
            EXPECT_TRUE(guest.door->resume({ Resume::Kind::Go }));
        }
    });
    // A call of this thread, which an idle guest allows, must not meet the session's first one.
    EXPECT_TRUE(guest.wait_for_stop(1));
    size_t row = 0, uses = 0;
    for (bool is_over = false; !is_over;) {
        std::byte bytes[16] {};
        const auto read = guest.memory.read(0, bytes);
        EXPECT_THAT(error_of(read), testing::AnyOf("", running));
        if (read) {
            ++uses;
            EXPECT_EQ(std::memcmp(bytes, bytes + 8, 8), 0) << "the guest ran meanwhile";
        }
        row = (row + 1) % std::size(rows);
        EXPECT_THAT(rows[row].use(guest), testing::AnyOf("", running)) << rows[row].name;
        const std::lock_guard lock(guest.mutex);
        is_over = guest.is_over;
    }
    door.join();
    guest.runner.join();
    ASSERT_TRUE(guest.results.has_value());
    EXPECT_EQ(error_of(*guest.results), "");
    EXPECT_EQ(guest.n.get(), Val::i64(300));
    EXPECT_GT(uses, 0u);
}

TEST(Use, EachIsRefusedWhileTheGuestRuns)
{
    Ticking guest;
    const Val pair = guest.pair.get();
    ASSERT_TRUE(std::holds_alternative<debug::Exited>(guest.session.run([&] {
        std::thread other([&] {
            std::byte bytes[1];
            EXPECT_EQ(error_of(guest.n.try_get()), running);
            EXPECT_EQ(error_of(guest.memory.read(0, bytes)), running);
            EXPECT_EQ(error_of(guest.memory.try_data()), running);
            EXPECT_EQ(error_of(guest.table.get(0)), running);
            EXPECT_EQ(error_of(guest.get.call({})), running);
            EXPECT_EQ(error_of(guest.get.typed<std::int64_t()>()), running);
            EXPECT_EQ(error_of((*pair.as_object()).get(0)), running);
            EXPECT_EQ(pair.to_text(), "an object of a store that is running");
            EXPECT_EQ(error_of(guest.instance.debug_evaluate("$n")), running);
            EXPECT_FALSE(guest.instance.func("get"));
            EXPECT_TRUE(guest.store.instances().empty());
        });
        other.join();
        EXPECT_EQ(error_of(guest.n.try_get()), "") << "the guest's own thread";
        return Result<std::vector<Val>>(std::vector<Val>());
    })));
    EXPECT_EQ(error_of(guest.n.try_get()), "");
}

TEST(Use, TheDebuggerWaitsForIt)
{
    Ticking guest;
    guest.run(3);
    ASSERT_TRUE(guest.wait_for_stop(1));
    {
        const Use held(Access::link(guest.store));
        ASSERT_TRUE(held);
        ASSERT_TRUE(guest.door->resume({ Resume::Kind::Go }));
        EXPECT_EQ(error_of(guest.n.try_get()), "") << "this thread holds the guest already";
        std::thread other([&] { EXPECT_EQ(error_of(guest.n.try_get()), running); });
        other.join();
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        EXPECT_EQ(guest.n.get(), Val::i64(1)) << "the guest has not gone on";
    }
    ASSERT_TRUE(guest.wait_for_stop(2));
    EXPECT_EQ(guest.n.get(), Val::i64(2));
}

TEST(Use, AnEmbeddersOwnCallHoldsAStoppedGuest)
{
    Ticking guest;
    guest.door.reset();
    // In a function that this thread has called.
    std::function<debug::Event()> inside;
    std::string answer;
    const auto host = Func::wrap(guest.store, [&] { answer = error_of(exited(inside())); });
    ASSERT_TRUE(host);
    inside = [&] { return guest.session.call(guest.get, {}); };
    EXPECT_EQ(error_of(host->call({})), "");
    EXPECT_EQ(answer, "") << "an idle guest may be run";

    auto stop = stopped(guest.session.call(*guest.instance.func("run"), { Val::i32(2) }));
    inside = [&] { return guest.session.resume(std::move(stop)); };
    EXPECT_EQ(error_of(host->call({})), "");
    EXPECT_EQ(answer, "the guest cannot resume while this thread uses its store");
    EXPECT_EQ(guest.n.get(), Val::i64(1));
    inside = [&] { return guest.session.wait(); };
    EXPECT_EQ(error_of(host->call({})), "");
    EXPECT_EQ(answer, "the guest cannot resume while this thread uses its store");
}

TEST(Use, ALimiterCannotWaitForTheGuest)
{
    Ticking guest;
    std::string answer;
    ASSERT_TRUE(guest.store.limit_resources([&](Resource, std::uint64_t, std::uint64_t) {
        answer = error_of(exited(guest.session.call(guest.get, {})));
        return true;
    }));
    EXPECT_TRUE(guest.memory.grow(1));
    EXPECT_EQ(answer, "the guest cannot resume while this thread uses its store");
}

} // namespace
} // namespace vitrine::test
