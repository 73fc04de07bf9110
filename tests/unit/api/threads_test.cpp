// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Guest threads: each in a store of its own, on one shared memory.
#include "unit/api/world.h"

#include <atomic>
#include <barrier>
#include <chrono>
#include <thread>

namespace vitrine {
namespace {

using test::error_of;
using namespace std::chrono_literals;

constexpr auto worker = R"((module
    (import "host" "memory" (memory 1 4 shared))
    ;; Adds 1 to the number at 0, so often; reads and writes a word of everybody's at 64 without care.
    (func (export "count") (param $times i32)
      (loop $again
        (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
        (i32.store (i32.const 64) (i32.add (i32.load (i32.const 64)) (i32.const 1)))
        (i64.store (i32.const 68) (i64.load (i32.const 61)))
        (memory.fill (i32.const 128) (i32.const 7) (i32.const 16))
        (memory.copy (i32.const 160) (i32.const 128) (i32.const 16))
        (v128.store (i32.const 192) (v128.load (i32.const 160)))
        (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1))))))
    ;; A lock at 4, the number it guards at 8.
    (func (export "guarded") (param $times i32)
      (loop $again
        (block $locked
          (loop $try
            (br_if $locked (i32.eqz (i32.atomic.rmw.cmpxchg (i32.const 4) (i32.const 0) (i32.const 1))))
            (drop (memory.atomic.wait32 (i32.const 4) (i32.const 1) (i64.const -1)))
            (br $try)))
        (i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (i32.const 1)))
        (i32.atomic.store (i32.const 4) (i32.const 0))
        (drop (memory.atomic.notify (i32.const 4) (i32.const 1)))
        (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1))))))
    (func (export "wait") (param i32 i64) (result i32)
      (memory.atomic.wait32 (i32.const 16) (local.get 0) (local.get 1)))
    (func (export "wait64") (param i64 i64) (result i32)
      (memory.atomic.wait64 (i32.const 24) (local.get 0) (local.get 1)))
    (func (export "notify") (param i32) (result i32) (memory.atomic.notify (i32.const 16) (local.get 0)))
    (func (export "grow") (result i32) (memory.grow (i32.const 1)))
    (func (export "far") (result i32) (i32.load (i32.const 65536)))
    (func (export "unaligned") (drop (i32.atomic.load (i32.const 2))))))";

/// A guest on a thread of its own.
struct Worker {
    Worker(const Engine& engine, const Module& module, const SharedMemory& memory) : store(engine)
    {
        Linker linker(engine);
        instance = *linker.define("host", "memory", memory).instantiate(store, module);
    }

    Result<std::vector<Val>> call(std::string_view name, std::vector<Val> arguments = {})
    {
        return instance->func(name)->call(arguments);
    }

    Store store;
    std::optional<Instance> instance;
};

struct Threads : testing::Test {
    std::unique_ptr<Worker> make() { return std::make_unique<Worker>(engine, module, memory); }

    /// Lets `count` workers call this function at once.
    void run(int count, const char* name, int times)
    {
        std::vector<std::unique_ptr<Worker>> workers;
        for (int i = 0; i < count; ++i)
            workers.push_back(make());
        std::barrier start(count);
        std::vector<std::thread> threads;
        for (const auto& each : workers)
            threads.emplace_back([&] {
                start.arrive_and_wait();
                EXPECT_TRUE(each->call(name, { Val::i32(times) }));
            });
        for (std::thread& thread : threads)
            thread.join();
    }

    uint32_t word(uint64_t address) const
    {
        std::array<std::byte, 4> bytes {};
        EXPECT_TRUE(memory.read(address, bytes));
        return std::bit_cast<uint32_t>(bytes);
    }

    Engine engine;
    Module module = *test::try_module(engine, worker);
    SharedMemory memory = *SharedMemory::create(engine, { .min = 1, .max = 4, .is_shared = true });
};

TEST_F(Threads, CountTogether)
{
    run(8, "count", 2000);
    EXPECT_EQ(word(0), 16000u);
}

TEST_F(Threads, GuardWithALock)
{
    run(8, "guarded", 500);
    EXPECT_EQ(word(8), 4000u);
}

TEST_F(Threads, WaitUntilTheyAreNotified)
{
    std::vector<std::unique_ptr<Worker>> workers;
    std::vector<std::thread> threads;
    std::atomic<int> woken = 0;
    for (int i = 0; i < 3; ++i) {
        workers.push_back(make());
        threads.emplace_back([&, worker = workers.back().get()] {
            EXPECT_EQ(worker->call("wait", { Val::i32(0), Val::i64(-1) })->front(), Val::i32(0));
            ++woken;
        });
    }
    const auto notifier = make();
    int notified = 0;
    while (notified < 3)
        notified += notifier->call("notify", { Val::i32(1) })->front().i32();
    for (std::thread& thread : threads)
        thread.join();
    EXPECT_EQ(notified, 3);
    EXPECT_EQ(woken, 3);
    EXPECT_EQ(notifier->call("notify", { Val::i32(1) })->front(), Val::i32(0));
}

TEST_F(Threads, DoNotWaitForAnotherNumberOrForEver)
{
    const auto worker = make();
    EXPECT_EQ(worker->call("wait", { Val::i32(1), Val::i64(-1) })->front(), Val::i32(1));
    EXPECT_EQ(worker->call("wait64", { Val::i64(1), Val::i64(-1) })->front(), Val::i32(1));
    const auto before = std::chrono::steady_clock::now();
    EXPECT_EQ(worker->call("wait64", { Val::i64(0), Val::i64(20'000'000) })->front(), Val::i32(2));
    EXPECT_GE(std::chrono::steady_clock::now() - before, 20ms);
}

TEST_F(Threads, ThatWaitAreInterrupted)
{
    const auto worker = make();
    std::atomic<bool> has_ended = false;
    std::thread thread([&] {
        const auto result = worker->call("wait", { Val::i32(0), Val::i64(-1) });
        has_ended = true;
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().trap()->kind, TrapKind::Interrupted);
    });
    const Interrupter interrupter = worker->store.interrupter();
    // An interrupt that comes before the call does not affect it.
    for (; !has_ended; std::this_thread::sleep_for(1ms))
        interrupter.interrupt();
    thread.join();
    EXPECT_EQ(make()->call("notify", { Val::i32(1) })->front(), Val::i32(0)) << "nobody is left";
}

TEST_F(Threads, SeeTheMemoryThatAnotherHasGrown)
{
    const auto one = make(), other = make();
    EXPECT_FALSE(other->call("far"));
    EXPECT_EQ(one->call("grow")->front(), Val::i32(1));
    EXPECT_EQ(other->call("far")->front(), Val::i32(0));
}

TEST_F(Threads, TrapWhereTheyMust)
{
    const auto unaligned = make()->call("unaligned");
    EXPECT_EQ(unaligned.error().trap()->kind, TrapKind::UnalignedAtomic);
    test::World world;
    const auto alone = world.instantiate(R"((module (memory 1)
        (func (export "wait") (result i32) (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const 0)))
        (func (export "notify") (result i32) (memory.atomic.notify (i32.const 0) (i32.const 1)))))");
    EXPECT_EQ(alone.func("wait")->call({}).error().trap()->kind, TrapKind::NotShared);
    EXPECT_EQ(alone.func("notify")->call({})->front(), Val::i32(0));
}

} // namespace
} // namespace vitrine
