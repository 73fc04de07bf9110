// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Every entity of a guest can be reached by its index, exported or not, and has the same handle
// that an export gives.
#include "support/wat.h"

#include <vitrine/vitrine.hpp>

#include <gmock/gmock.h>

#include <stdexcept>
#include <unordered_set>

namespace vitrine {
namespace {

constexpr auto guest_text = R"((module
    (import "host" "limit" (global $limit (mut i64)))
    (import "host" "log" (func $log (param i32)))
    (import "host" "lanes" (memory $lanes 1 4 shared))
    (global $calls (mut i32) (i32.const 0))
    (memory $own 1)
    (table $slots 2 externref)
    (table $code 2 funcref)
    (elem (table $code) (i32.const 0) func $step)
    (tag $mishap (param i32 f64))
    (func $step (param $by i32) (result i32)
      (global.set $calls (i32.add (global.get $calls) (local.get $by)))
      (call $log (global.get $calls))
      (i32.store8 $own (i32.const 9) (i32.const 77))
      (global.get $calls))
    (export "lanes" (memory $lanes))
    (export "main" (func $step))))";

std::span<const std::byte> bytes_of(const std::vector<std::uint8_t>& bytes)
{
    return std::as_bytes(std::span(bytes));
}

/// The module above in a store of its own.
struct Guest {
    explicit Guest(bool guest_debug = true)
        : engine(Config().guest_debug(guest_debug)),
          store(engine),
          linker(engine),
          limit(*Global::create(store, { ValKind::I64, true }, Val::i64(500))),
          lanes(*SharedMemory::create(engine, { .min = 1, .max = 4, .is_shared = true }))
    {
        linker.define("host", "limit", limit).define("host", "lanes", lanes);
        linker.define("host", "log", [this](std::int32_t value) { logged = value; });
        module = *Module::from_bytes(engine, bytes_of(core::test::wasm_of(guest_text)));
        instance = *linker.instantiate(store, *module);
    }

    Engine engine;
    Store store;
    Linker linker;
    Global limit;
    SharedMemory lanes;
    std::optional<Module> module;
    std::optional<Instance> instance;
    std::int32_t logged = 0;
};

TEST(PrivateEntities, AreReadWrittenAndCalledByIndex)
{
    Guest guest;
    Instance& instance = *guest.instance;
    EXPECT_EQ(instance.debug_global(0)->get(), Val::i64(500)) << "an import of the host";
    ASSERT_TRUE(instance.debug_global(0)->set(Val::i64(501)));
    EXPECT_EQ(guest.limit.get(), Val::i64(501));
    ASSERT_TRUE(instance.debug_global(1)->set(Val::i32(40)));
    const auto results = instance.debug_function(1)->call({ Val::i32(2) });
    ASSERT_TRUE(results);
    EXPECT_EQ(results->front(), Val::i32(42)) << "a private function sees the change at once";
    EXPECT_EQ(guest.logged, 42);
    ASSERT_TRUE(instance.debug_function(0)->call({ Val::i32(7) })) << "a function of the host";
    EXPECT_EQ(guest.logged, 7);
    EXPECT_EQ(instance.debug_memory(1)->data()[9], std::byte(77));
    EXPECT_EQ(instance.debug_table(1)->get(0)->funcref(), instance.debug_function(1));
    EXPECT_EQ(instance.debug_tag(0)->type(), (FuncType { { ValKind::I32, ValKind::F64 }, {} }));
    const auto data = std::make_shared<int>(5);
    ASSERT_TRUE(instance.debug_table(0)->set(1, Val::externref(data)));
    EXPECT_EQ(instance.debug_table(0)->get(1)->externref(), data);
}

TEST(PrivateEntities, AMemoryOfTheOtherKindIsNone)
{
    Guest guest;
    EXPECT_FALSE(guest.instance->debug_memory(0)) << "shared";
    EXPECT_FALSE(guest.instance->debug_shared_memory(1)) << "unshared";
    EXPECT_EQ(*guest.instance->debug_shared_memory(0), guest.lanes);
    EXPECT_EQ(*guest.instance->debug_shared_memory(0), *guest.instance->shared_memory("lanes"));
    EXPECT_FALSE(guest.instance->memory("lanes"));
}

TEST(PrivateEntities, AnIndexOutOfBoundsIsNone)
{
    Guest guest;
    for (const std::uint32_t index : { 2u, 3u, 1000u, 0x7fffffffu, 0x80000000u, 0xfffffffeu, 0xffffffffu }) {
        EXPECT_FALSE(guest.instance->debug_global(index));
        EXPECT_FALSE(guest.instance->debug_memory(index));
        EXPECT_FALSE(guest.instance->debug_shared_memory(index));
        EXPECT_FALSE(guest.instance->debug_table(index));
        EXPECT_FALSE(guest.instance->debug_function(index));
        EXPECT_FALSE(guest.instance->debug_tag(index));
    }
    EXPECT_FALSE(guest.instance->debug_tag(1));
}

TEST(PrivateEntities, AreNoneWithoutGuestDebug)
{
    Guest guest(false);
    for (std::uint32_t index = 0; index < 3; ++index) {
        EXPECT_FALSE(guest.instance->debug_global(index));
        EXPECT_FALSE(guest.instance->debug_memory(index));
        EXPECT_FALSE(guest.instance->debug_shared_memory(index));
        EXPECT_FALSE(guest.instance->debug_table(index));
        EXPECT_FALSE(guest.instance->debug_function(index));
        EXPECT_FALSE(guest.instance->debug_tag(index));
    }
    EXPECT_FALSE(guest.module->bytecode());
    EXPECT_TRUE(guest.store.instances().empty());
    EXPECT_EQ(guest.module->globals().size(), 2u) << "what the module says of itself is open";
    EXPECT_TRUE(debug::Session(guest.store).error());
}

TEST(PrivateEntities, HaveOneIdentityHoweverReached)
{
    Guest guest;
    Instance& instance = *guest.instance;
    const Instance twin = *guest.linker.instantiate(guest.store, *guest.module);
    EXPECT_EQ(*instance.debug_function(1), *instance.func("main"));
    EXPECT_EQ(*instance.debug_function(0), *twin.debug_function(0)) << "one function of the host";
    EXPECT_EQ(*instance.debug_global(0), guest.limit);
    EXPECT_NE(*instance.debug_function(1), *twin.debug_function(1));
    EXPECT_NE(*instance.debug_global(1), *twin.debug_global(1));
    EXPECT_NE(*instance.debug_memory(1), *twin.debug_memory(1));
    EXPECT_NE(*instance.debug_table(0), *instance.debug_table(1));
    EXPECT_NE(*instance.debug_tag(0), *twin.debug_tag(0));
    const std::unordered_set<Global> globals { *instance.debug_global(0), *instance.debug_global(1),
        *twin.debug_global(0), *twin.debug_global(1) };
    EXPECT_EQ(globals.size(), 3u);
    EXPECT_THAT(guest.store.instances(), testing::ElementsAre(instance, twin));
}

TEST(PrivateEntities, ChangesAreCheckedLikeThoseOfExports)
{
    Guest guest;
    EXPECT_EQ(guest.instance->debug_global(1)->set(Val::i64(1)).error().message(),
        "expected a value of type i32, got i64");
    EXPECT_FALSE(guest.instance->debug_table(1)->set(2, Val::funcref({})));
    EXPECT_FALSE(guest.instance->debug_table(1)->set(0, Val::externref(nullptr)));
    EXPECT_THAT(guest.instance->debug_function(1)->call({}).error().message(),
        testing::HasSubstr("expected 1 value"));
    std::array<std::byte, 4> bytes {};
    EXPECT_FALSE(guest.instance->debug_memory(1)->read(65533, bytes));
    EXPECT_FALSE(guest.instance->debug_memory(1)->write(~std::uint64_t { 0 }, bytes));
    EXPECT_TRUE(guest.instance->debug_memory(1)->write(65532, bytes));
}

TEST(Handles, OfAnotherStoreOrEngineAreErrors)
{
    Guest guest, other;
    EXPECT_EQ(
        guest.instance->debug_table(1)->set(0, Val::funcref(other.instance->func("main"))).error().message(),
        "the function belongs to another store");
    EXPECT_EQ(guest.linker.instantiate(other.store, *guest.module).error().message(),
        "the store and the linker belong to different engines");
    EXPECT_EQ(guest.linker.instantiate(guest.store, *other.module).error().message(),
        "the module and the linker belong to different engines");
    debug::Session session(guest.store);
    EXPECT_FALSE(session.add_breakpoint({ .module = *other.module, .offset = 100 }));
    EXPECT_FALSE(
        session.add_breakpoint({ .module = *guest.module, .offset = 100, .instance = *other.instance }));
    const debug::Event event = session.call(*other.instance->func("main"), { Val::i32(1) });
    EXPECT_FALSE(std::get<debug::Exited>(event).results);
    Linker linker(guest.engine);
    linker.define("host", "limit", other.limit);
    EXPECT_FALSE(linker.instantiate(guest.store, *guest.module));
}

TEST(Handles, OutliveTheirStoreAsErrors)
{
    std::optional<Global> global;
    std::optional<Func> function;
    std::optional<Memory> memory;
    std::optional<SharedMemory> shared;
    std::optional<Interrupter> interrupter;
    {
        Guest guest;
        Store moved = std::move(guest.store);
        global = guest.instance->debug_global(1);
        function = guest.instance->func("main");
        memory = guest.instance->debug_memory(1);
        shared = guest.instance->debug_shared_memory(0);
        interrupter = moved.interrupter();
        EXPECT_EQ(function->call({ Val::i32(3) })->front(), Val::i32(3))
            << "moving a store keeps its handles";
    }
    EXPECT_EQ(global->get(), Val());
    EXPECT_EQ(global->set(Val::i32(1)).error().message(), "the store is gone");
    EXPECT_EQ(function->call({ Val::i32(1) }).error().message(), "the store is gone");
    EXPECT_EQ(memory->size(), 0u);
    EXPECT_TRUE(memory->data().empty());
    interrupter->interrupt();
    EXPECT_EQ(shared->size(), 65536u) << "a shared memory lives on";
    std::array<std::byte, 1> byte { std::byte(4) };
    EXPECT_TRUE(shared->write(8, byte));
}

TEST(Handles, ASecondSessionAndAStaleFrameAreErrors)
{
    Guest guest;
    debug::Session session(guest.store);
    ASSERT_FALSE(session.error());
    EXPECT_EQ(debug::Session(guest.store).error()->message(), "the store has a session already");
    const std::uint32_t offset = guest.module->functions()[1].offset;
    ASSERT_TRUE(session.add_breakpoint({ .module = *guest.module, .offset = offset }));
    debug::Event event = session.call(*guest.instance->func("main"), { Val::i32(1) });
    auto frames = std::get<debug::Stopped>(event).frames();
    ASSERT_EQ(frames.size(), 1u);
    EXPECT_EQ(frames[0].locals()[0].name, "by");
    event = session.step(std::move(std::get<debug::Stopped>(event)));
    EXPECT_FALSE(frames[0].is_valid());
    EXPECT_TRUE(frames[0].locals().empty());
    EXPECT_FALSE(frames[0].set_local(0, Val::i32(9)));
    event = session.resume(std::move(std::get<debug::Stopped>(event)));
    EXPECT_EQ(std::get<debug::Exited>(event).results->front(), Val::i32(1));
}

TEST(HostFunctions, FailAsTrapsWithTheirText)
{
    Engine engine;
    Store store(engine);
    Linker linker(engine);
    linker.define(
        "host", "refuse", [](std::int32_t) -> Result<std::int32_t> { return Error("no paper left"); });
    linker.define("host", "throw", [] { throw std::runtime_error("out of ink"); });
    linker.define("host", "both",
        [](Caller& caller, double x) { return std::tuple(caller.instance() ? 1 : 0, x / 2); });
    const auto module = *Module::from_bytes(engine, bytes_of(core::test::wasm_of(R"((module
        (import "host" "refuse" (func $refuse (param i32) (result i32)))
        (import "host" "throw" (func $throw))
        (import "host" "both" (func $both (param f64) (result i32 f64)))
        (func (export "refuse") (drop (call $refuse (i32.const 1))))
        (func (export "throw") (call $throw))
        (func (export "both") (param f64) (result i32 f64) (call $both (local.get 0)))))")));
    const auto instance = *linker.instantiate(store, module);
    const auto refused = instance.func("refuse")->call({});
    EXPECT_EQ(refused.error().message(), "no paper left");
    EXPECT_EQ(refused.error().trap()->kind, TrapKind::HostError);
    EXPECT_EQ(refused.error().trap()->backtrace.size(), 1u);
    EXPECT_EQ(instance.func("throw")->call({}).error().message(), "out of ink");
    EXPECT_EQ(
        (*instance.typed<std::tuple<std::int32_t, double>(double)>("both"))(5.0).value(), std::tuple(1, 2.5));
    EXPECT_EQ(
        instance.typed<void()>("nowhere").error().message(), "there is no exported function \"nowhere\"");
    EXPECT_THAT(instance.typed<void()>("both").error().message(), testing::HasSubstr("is of type"));
}

TEST(Engines, WithAConfigThatDoesNotHoldCarryTheirError)
{
    const Engine engine(Config().max_stack_bytes(1));
    ASSERT_TRUE(engine.error());
    EXPECT_EQ(engine.error()->message(), "max_stack_bytes must be between 64 KiB and 1 GiB");
    EXPECT_FALSE(Engine::create(Config().feature("no-such", true)));
    EXPECT_FALSE(Module::from_bytes(engine, {}));
    Store store(engine);
    EXPECT_TRUE(store.error());
    EXPECT_FALSE(Global::create(store, {}, Val::i32(1)));
}

TEST(Engines, RejectValuesOutOfRange)
{
    const auto message_of = [](const Config& config) {
        const Engine engine(config);
        return engine.error() ? engine.error()->message() : "";
    };
    EXPECT_EQ(
        message_of(Config().tier_threshold(0)), "tier_threshold must be between 1 and 1,000,000 percent");
    EXPECT_EQ(message_of(Config().tier_threshold(1'000'001)),
        "tier_threshold must be between 1 and 1,000,000 percent");
    EXPECT_EQ(message_of(Config().max_code_bytes((std::uint64_t { 64 } << 30) + 1)),
        "max_code_bytes must be at most 64 GiB");
    EXPECT_EQ(message_of(Config().tier_threshold(1).max_code_bytes(0).signal_handlers(false)), "");
    EXPECT_EQ(message_of(Config().tier_threshold(1'000'000).max_code_bytes(std::uint64_t { 64 } << 30)), "");
    for (const TierPolicy tier :
        { TierPolicy::Auto, TierPolicy::Interpreter, TierPolicy::Compiled, TierPolicy::Mixed })
        EXPECT_EQ(message_of(Config().tier(tier)), "");
}

} // namespace
} // namespace vitrine
