// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Engines, their stores, and the threads that a guest spawns.
#include "engine/process.h"

#include "support/guest.h"

#include <gmock/gmock.h>

namespace vitrine::core {
namespace {

using test::module_of;

/// What the API of an embedder would make.
struct Ref final : StoreRef {
    explicit Ref(std::shared_ptr<Engine> of) : engine(std::move(of)) {}

    std::shared_ptr<StoreRef> make_sibling() override { return make(engine); }

    static std::shared_ptr<StoreRef> make(const std::shared_ptr<Engine>& engine)
    {
        const auto ref = std::make_shared<Ref>(engine);
        make_store(ref, engine);
        return ref;
    }

    std::shared_ptr<Engine> engine;
};

Instance& instance_of(StoreRef& ref, std::string_view wat, const Linker& linker = {})
{
    const auto instance = instantiate(ref.guest->thread, linker, module_of(ref.guest->store.engine(), wat));
    EXPECT_TRUE(instance.has_value());
    return **instance;
}

TEST(Engine, ItsStoresKeepItAlive)
{
    auto engine = std::make_shared<Engine>(EngineConfig { .max_stack_bytes = 1 << 16 });
    const std::weak_ptr<Engine> watched = engine;
    auto guest = std::make_unique<GuestStore>(engine);
    engine.reset();
    ASSERT_FALSE(watched.expired());
    const auto module =
        module_of(guest->store.engine(), "(module (func (export \"f\") (result i32) i32.const 7))");
    const auto instance = instantiate(guest->thread, Linker(), module);
    ASSERT_TRUE(instance.has_value());
    const auto results = invoke(guest->thread, *(*instance)->functions[0], {});
    ASSERT_TRUE(results.has_value());
    EXPECT_EQ(results->front(), Value::i32(7));
    guest.reset();
    EXPECT_TRUE(watched.expired());
}

TEST(StoreRef, IsFoundByItsStoreAndOutlivesIt)
{
    const auto ref = Ref::make(std::make_shared<Engine>());
    EXPECT_EQ(ref->guest->store.ref.lock(), ref);
    EXPECT_EQ(ref->requests, ref->guest->thread.requests);
    const auto sibling = ref->make_sibling();
    EXPECT_NE(sibling, ref);
    EXPECT_EQ(&sibling->guest->store.engine(), &ref->guest->store.engine());
    ref->guest.reset();
    ref->requests->add(Requests::interrupt);
    EXPECT_TRUE(sibling->guest);
}

/// The guest's threads add their argument to a word of a shared memory.
constexpr std::string_view adds = R"((module
    (import "host" "memory" (memory 1 1 shared))
    (func (export "wasi_thread_start") (param i32 i32)
        (drop (i32.atomic.rmw.add (i32.const 0) (local.get 1))))))";

TEST(Process, RunsThreadsInStoresOfTheirOwn)
{
    const auto ref = Ref::make(std::make_shared<Engine>());
    const auto process = std::make_shared<Process>(*ref);
    std::shared_ptr<Memory> memory =
        *ref->guest->store.engine().make_memory({ .limits = { .min = 1, .max = 1, .is_shared = true } });
    Linker linker;
    ASSERT_TRUE(linker.define("host", "memory", memory));
    Instance& instance = instance_of(*ref, adds, linker);
    const auto first = process->spawn(*ref, instance, 3);
    const auto second = process->spawn(*ref, instance, 4);
    ASSERT_TRUE(first && second);
    EXPECT_NE(*first, *second);
    process->close();
    EXPECT_THAT(memory->bytes()[0], testing::AnyOf(0, 3, 4, 7)) << "those that ran before the end";
    const auto late = process->spawn(*ref, instance, 5);
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error(), SpawnRefusal::NoThread);
}

TEST(Process, RefusesAModuleThatCannotHaveThreads)
{
    const auto ref = Ref::make(std::make_shared<Engine>());
    const auto process = std::make_shared<Process>(*ref);
    const auto refusal = [&](std::string_view wat, const Linker& linker) {
        const auto spawned = process->spawn(*ref, instance_of(*ref, wat, linker), 0);
        return spawned ? std::nullopt : std::optional(spawned.error());
    };
    EXPECT_EQ(refusal("(module)", {}), SpawnRefusal::NoEntry);
    EXPECT_EQ(
        refusal("(module (func (export \"wasi_thread_start\") (param i32)))", {}), SpawnRefusal::NoEntry);
    Linker linker;
    Store& store = ref->guest->store;
    Global* const global = store.add_global({ ValueType::i32, true }, Value::i32(1));
    ASSERT_TRUE(linker.define("host", "g", StoreExtern(store, global)));
    EXPECT_EQ(refusal(R"((module (import "host" "g" (global (mut i32)))
        (func (export "wasi_thread_start") (param i32 i32))))",
                  linker),
        SpawnRefusal::NotShareable);
    process->close();
}

} // namespace
} // namespace vitrine::core
