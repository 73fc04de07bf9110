// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Callbacks of the embedder: they may throw, and they may try to destroy the objects that call
// them.
#include "world.h"

#include <vitrine/wasi.hpp>

#include <chrono>
#include <functional>
#include <new>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>

namespace vitrine {
namespace {

using debug::Resume;
using debug::Session;
using debug::Stopped;
using test::error_of;
using test::exited;
using test::World;

constexpr auto guest_text = R"((module
    (import "host" "typed" (func $typed))
    (import "host" "untyped" (func $untyped (param i32) (result i32)))
    (import "host" "wrapped" (func $wrapped))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
    (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
    (type $box (array (mut i64)))
    (memory (export "memory") 1 10)
    (table $t 1 10 funcref)
    (data (i32.const 0) "\20\00\00\00\04\00\00\00")
    (func (export "typed") (result i32) (call $typed) (i32.const 0))
    (func (export "untyped") (result i32) (call $untyped (i32.const 1)))
    (func (export "wrapped") (result i32) (call $wrapped) (i32.const 0))
    (func (export "stdout") (result i32) (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))
    (func (export "stderr") (result i32) (call $write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 16)))
    (func (export "stdin") (result i32) (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 16)))
    (func (export "clock") (result i32) (call $time (i32.const 0) (i64.const 1) (i32.const 16)))
    (func (export "random") (result i32) (call $random (i32.const 64) (i32.const 8)))
    (func (export "grow_memory") (result i32) (memory.grow (i32.const 1)))
    (func (export "grow_table") (result i32) (table.grow $t (ref.null func) (i32.const 1)))
    (func (export "grow_heap") (result i32)
      (array.len (array.new_default $box (i32.const 100000))))
    (func (export "plain") (result i32) nop (i32.const 0))))";

/// What the callback under test does. The others behave normally.
using Action = std::function<void()>;

/// A guest with every callback that the public headers have. `act` is called in the one with this
/// name.
struct Callbacks : World {
    explicit Callbacks(std::string which, bool with_handler = false) : which(std::move(which))
    {
        linker.define("host", "typed", [this] { in("typed"); })
            .define("host", "untyped", FuncType { { ValKind::I32 }, { ValKind::I32 } },
                [this](Caller&, std::span<const Val>) -> Result<std::vector<Val>> {
                    in("untyped");
                    return std::vector { Val::i32(0) };
                });
        linker.define("host", "wrapped", Func::wrap(store, [this] { in("wrapped"); }).value());
        const auto wasi = add_wasi(linker, store,
            WasiConfig()
                .stdout_to([this](auto) { in("stdout"); })
                .stderr_to([this](auto) { in("stderr"); })
                .stdin_from([this](std::span<std::byte>) -> std::size_t {
                    in("stdin");
                    return 0;
                })
                .clock([this](WasiClock) -> std::uint64_t {
                    in("clock");
                    return 1;
                })
                .random([this](std::span<std::byte>) { in("random"); }));
        EXPECT_TRUE(wasi);
        EXPECT_TRUE(store.limit_resources([this](Resource, std::uint64_t, std::uint64_t) {
            in("grow_memory");
            in("grow_table");
            in("grow_heap");
            return true;
        }));
        instance.emplace(instantiate(guest_text));
        if (with_handler)
            session.emplace(store, [this](Stopped&) {
                in("handler");
                return Resume::go();
            });
        else
            session.emplace(store);
        EXPECT_TRUE(session->on_message([this](std::string_view) { in("on_message"); }));
    }
    void in(std::string_view callback)
    {
        if (callback == which && act)
            act();
    }
    /// Sets a breakpoint in `plain`, which leads to the session's callbacks.
    void prepare()
    {
        if (which == "on_message")
            add_breakpoint("here");
        if (which == "handler")
            add_breakpoint("");
    }
    /// A breakpoint with a message does not stop.
    void add_breakpoint(std::string message)
    {
        const Module module = instance->module();
        for (const FuncInfo& row : module.functions()) {
            if (row.exports != std::vector<std::string> { "plain" })
                continue;
            EXPECT_TRUE(session->add_breakpoint(
                { .module = module, .offset = row.offset, .message = std::move(message) }));
        }
    }
    Result<std::vector<Val>> call(const std::string& name) { return instance->func(name)->call({}); }

    std::string which;
    Action act;
    std::optional<Instance> instance;
    std::optional<Session> session;
};

struct Row {
    const char* callback;
    /// The function that leads to the callback.
    const char* function;
    /// The guest's result when the callback throws. None if it traps with `prefix` and the
    /// exception's text.
    std::optional<std::int32_t> answer;
    const char* prefix = "";
};

constexpr Row rows[] {
    { "typed", "typed", std::nullopt },
    { "untyped", "untyped", std::nullopt },
    { "wrapped", "wrapped", std::nullopt },
    { "stdout", "stdout", std::nullopt },
    { "stderr", "stderr", std::nullopt },
    { "stdin", "stdin", std::nullopt },
    { "clock", "clock", std::nullopt },
    { "random", "random", std::nullopt },
    { "grow_memory", "grow_memory", -1 },
    { "grow_table", "grow_table", -1 },
    { "on_message", "plain", std::nullopt, "the debugger's on_message failed: " },
    { "handler", "plain", std::nullopt, "the debugger's handler failed: " },
};

/// Whether the callback is only reached in a session with a handler.
bool needs_handler(const Row& row)
{
    return row.callback == std::string_view("handler") || row.callback == std::string_view("on_message");
}

TEST(Callbacks, WhatTheyThrowEndsTheCallAndNothingElse)
{
    const std::pair<Action, std::string> throws[] {
        { [] { throw std::runtime_error("out of ink"); }, "out of ink" },
        { [] { throw std::bad_alloc(); }, "out of memory" },
        { [] { throw 5; }, "the host threw something that is not a std::exception" },
    };
    for (const Row& row : rows)
        for (const auto& [act, text] : throws) {
            SCOPED_TRACE(std::string(row.callback) + ": " + text);
            Callbacks guest(row.callback, needs_handler(row));
            guest.prepare();
            guest.act = act;
            const auto failed = guest.call(row.function);
            if (row.answer) {
                ASSERT_TRUE(failed) << error_of(failed);
                EXPECT_EQ(failed->front(), Val::i32(*row.answer));
            } else {
                EXPECT_EQ(error_of(failed), row.prefix + text);
                ASSERT_TRUE(failed.error().trap());
                EXPECT_EQ(failed.error().trap()->kind,
                    text == "out of memory" ? TrapKind::OutOfMemory : TrapKind::HostError);
            }
            // The store and its session still work.
            guest.act = nullptr;
            for (int i = 0; i < 3; ++i)
                EXPECT_TRUE(guest.call(row.function));
            guest.session.reset();
            EXPECT_TRUE(guest.call("plain"));
        }
}

TEST(Callbacks, ThrowInASessionThatRunsTheGuestItself)
{
    for (const Row& row : rows) {
        if (row.callback == std::string_view("handler"))
            continue;
        SCOPED_TRACE(row.callback);
        Callbacks guest(row.callback);
        guest.prepare();
        ASSERT_TRUE(guest.session->stop_on({ .trap = false, .host_error = false }));
        guest.act = [] { throw std::runtime_error("out of ink"); };
        const auto failed = exited(guest.session->call(*guest.instance->func(row.function), {}));
        EXPECT_EQ(error_of(failed), row.answer ? "" : row.prefix + std::string("out of ink"));
        guest.act = nullptr;
        EXPECT_TRUE(exited(guest.session->call(*guest.instance->func(row.function), {})));
        EXPECT_EQ(error_of(exited(guest.session->run(
                      []() -> Result<std::vector<Val>> { throw std::runtime_error("out of paper"); }))),
            "out of paper");
        EXPECT_TRUE(exited(guest.session->call(*guest.instance->func("plain"), {})));
    }
}

TEST(Callbacks, AThrowingLimiterRefusesObjectsMemoriesAndInstances)
{
    World world;
    const Module module = world.module(R"((module (memory 1)))");
    const Module boxes = world.module(R"((module (type $box (array i64))
        (func (export "make") (result i32) (array.len (array.new_default $box (i32.const 9))))))");
    const auto instance = world.linker.instantiate(world.store, boxes);
    ASSERT_TRUE(world.store.limit_resources(
        [](Resource, std::uint64_t, std::uint64_t) -> bool { throw std::runtime_error("no"); }));
    EXPECT_EQ(error_of(instance->func("make")->call({})), "out of memory");
    EXPECT_FALSE(world.linker.instantiate(world.store, module));
    EXPECT_FALSE(Memory::create(world.store, { .min = 1 }));
    EXPECT_FALSE(Table::create(world.store, { .min = 1 }, Val::null(ValKind::FuncRef)));
    ASSERT_TRUE(world.store.limit_resources({}));
    EXPECT_TRUE(instance->func("make")->call({}));
    EXPECT_TRUE(world.linker.instantiate(world.store, module));
}

// -- What they may do to the store, the session and the limiter

TEST(Callbacks, ALimiterReplacesItself)
{
    World world;
    const auto instance = world.instantiate(R"((module (memory 1 10)
        (func (export "grow") (result i32) (memory.grow (i32.const 1)))))");
    // Replacing the limiter while it runs must not destroy what it captures.
    int asked = 0;
    ASSERT_TRUE(world.store.limit_resources(
        [&, text = std::string(100, 'x')](Resource, std::uint64_t, std::uint64_t) {
            EXPECT_TRUE(
                world.store.limit_resources([](Resource, std::uint64_t, std::uint64_t) { return false; }));
            ++asked;
            return text == std::string(100, 'x');
        }));
    EXPECT_EQ(instance.func("grow")->call({})->front(), Val::i32(1));
    EXPECT_EQ(instance.func("grow")->call({})->front(), Val::i32(-1));
    EXPECT_EQ(asked, 1);
    ASSERT_TRUE(world.store.limit_resources([&](Resource, std::uint64_t, std::uint64_t) {
        EXPECT_TRUE(world.store.limit_resources({}));
        return true;
    }));
    EXPECT_EQ(instance.func("grow")->call({})->front(), Val::i32(2));
    EXPECT_EQ(instance.func("grow")->call({})->front(), Val::i32(3));
}

TEST(Callbacks, ALimiterCannotUseWhatItIsAskedForOrCallTheGuest)
{
    World world;
    const auto instance = world.instantiate(R"((module (memory (export "memory") 1 10) (type $box (array i64))
        (func (export "grow") (result i32) (local i64) (local.set 0 (i64.const 7))
          (drop (memory.grow (i32.const 1))) (i32.wrap_i64 (local.get 0)))
        (func (export "make") (result i32) (local i64) (local.set 0 (i64.const 7))
          (drop (array.new_default $box (i32.const 100000))) (i32.wrap_i64 (local.get 0)))
        (func (export "clobber") (local i64 i64 i64 i64))))");
    int asked = 0;
    ASSERT_TRUE(world.store.limit_resources([&](Resource, std::uint64_t, std::uint64_t) {
        ++asked;
        EXPECT_FALSE(instance.memory("memory")->grow(1)) << "it would be asked for ever";
        EXPECT_THAT(error_of(instance.func("clobber")->call({})), testing::HasSubstr("cannot be called"));
        EXPECT_EQ(instance.memory("memory")->size() % 65536, 0u) << "it may look";
        return true;
    }));
    EXPECT_EQ(instance.func("grow")->call({})->front(), Val::i32(7));
    EXPECT_EQ(instance.func("make")->call({})->front(), Val::i32(7));
    EXPECT_EQ(asked, 2);
    EXPECT_EQ(*instance.memory("memory")->grow(1), 2u);
    EXPECT_EQ(asked, 3);
}

TEST(Callbacks, HandlesAndLinkersMayGoWhileTheGuestRuns)
{
    World world;
    std::optional<Func> function;
    std::optional<TypedFunc<std::int32_t()>> typed;
    std::optional<Linker> linker(world.engine);
    linker->define("host", "f", [&] {
        function.reset();
        typed.reset();
        linker.reset();
    });
    const Module module = world.module(R"((module (import "host" "f" (func $f))
        (func (export "g") (result i32) (call $f) (i32.const 3))))");
    const Instance instance = linker->instantiate(world.store, module).value();
    function = instance.func("g");
    typed = instance.typed<std::int32_t()>("g").value();
    EXPECT_EQ(function->call({})->front(), Val::i32(3));
    typed = instance.typed<std::int32_t()>("g").value();
    EXPECT_EQ(*(*typed)(), 3);
    linker.emplace(world.engine);
    linker->define("host", "f", [&] { linker.reset(); });
    EXPECT_TRUE(linker->instantiate(world.store, world.module(R"((module (import "host" "f" (func $f))
        (memory 1) (start $f)))")));
}

TEST(Callbacks, AStoreMayMoveWhileItsGuestRuns)
{
    World world;
    std::optional<Store> moved;
    world.linker.define("host", "f", [&] { moved.emplace(std::move(world.store)); });
    const Instance instance = world.instantiate(R"((module (import "host" "f" (func $f))
        (func (export "g") (result i32) (call $f) (i32.const 3))))");
    EXPECT_EQ(instance.func("g")->call({})->front(), Val::i32(3));
    EXPECT_EQ(instance.number(), 0u) << "its handles are valid";
    EXPECT_EQ(world.store.error()->message(), "the store was moved from");
}

TEST(Callbacks, ASessionMovesWhileItsGuestRuns)
{
    World world;
    std::optional<Session> session(world.store), moved;
    world.linker.define("host", "f", [&] { moved.emplace(std::move(*session)); });
    const Instance instance = world.instantiate(R"((module (import "host" "f" (func $f))
        (func (export "g") (result i32) (call $f) (i32.const 3))))");
    EXPECT_EQ(exited(session->call(*instance.func("g"), {}))->front(), Val::i32(3));
    EXPECT_EQ(session->error()->message(), "the session was moved from");
}

TEST(Callbacks, AGuestCannotWaitForItself)
{
    World world;
    Session session(world.store);
    std::string answer;
    world.linker.define("host", "f", [&] { answer = error_of(exited(session.wait())); });
    const Instance instance = world.instantiate(R"((module (import "host" "f" (func $f))
        (func (export "g") (call $f))))");
    EXPECT_TRUE(exited(session.call(*instance.func("g"), {})));
    EXPECT_EQ(answer, "the session's guest cannot wait for itself");
}

TEST(Callbacks, AHandlerCannotBeReplacedWhileItIsCalled)
{
    World world;
    std::string answer;
    ASSERT_TRUE(world.store.on_debug_event([&](Stopped&) {
        answer = error_of(world.store.on_debug_event({}));
        return Resume::go();
    }));
    ASSERT_TRUE(world.store.debug_session()->stop_on({ .load = true }));
    EXPECT_TRUE(world.linker.instantiate(world.store, world.module("(module)")));
    EXPECT_EQ(answer, "the store's guest is running");
}

/// Ends or replaces the store, or the session, in each callback: the program ends with a message
/// that names the call.
TEST(CallbacksDeathTest, WhoEndsTheStoreThatCallsThemIsTold)
{
    testing::FLAGS_gtest_death_test_style = "threadsafe";
    for (const Row& row : rows) {
        SCOPED_TRACE(row.callback);
        const auto run = [&](bool replaces) {
            Callbacks guest(row.callback, needs_handler(row));
            guest.prepare();
            guest.act = [&] {
                if (replaces)
                    guest.store = Store(guest.engine);
                else
                    std::optional<Store>(std::move(guest.store)).reset();
            };
            (void)guest.call(row.function);
        };
        EXPECT_DEATH(run(false), "Store::~Store was called (on a thread|by the store's own limiter)");
        EXPECT_DEATH(run(true), "Store::operator= was called (on a thread|by the store's own limiter)");
    }
}

TEST(CallbacksDeathTest, WhoEndsTheSessionThatCallsThemIsTold)
{
    testing::FLAGS_gtest_death_test_style = "threadsafe";
    for (const Row& row : rows) {
        if (row.answer)
            continue;
        SCOPED_TRACE(row.callback);
        const auto run = [&](bool by_session) {
            Callbacks guest(row.callback, needs_handler(row) && !by_session);
            guest.prepare();
            guest.act = [&] { guest.session.reset(); };
            if (by_session)
                (void)guest.session->call(*guest.instance->func(row.function), {});
            else
                (void)guest.call(row.function);
        };
        EXPECT_DEATH(run(false), "debug::Session::~Session was called on a thread");
        if (row.callback != std::string_view("handler")) {
            EXPECT_DEATH(run(true), "debug::Session::~Session was called on a thread");
        }
    }
}

TEST(CallbacksDeathTest, AStoreThatAnotherThreadRunsCannotEnd)
{
    testing::FLAGS_gtest_death_test_style = "threadsafe";
    const auto run = [] {
        World world;
        std::optional<Store> store(world.engine);
        const Instance instance =
            world.linker
                .instantiate(*store, world.module(R"((module (func (export "turn") (loop $l (br $l)))))"))
                .value();
        std::thread runner([&] { (void)instance.func("turn")->call({}); });
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        store.reset();
        runner.join();
    };
    EXPECT_DEATH(run(), "Store::~Store was called while another thread runs the store's guest");
}

} // namespace
} // namespace vitrine
