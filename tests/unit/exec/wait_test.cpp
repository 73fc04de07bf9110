// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/wait.h"

#include "support/guest.h"

#include <gmock/gmock.h>

#include <mutex>
#include <thread>

namespace vitrine::core {
namespace {

using test::Guest;
using testing::ElementsAre;

TEST(Wait, WhoHasWaitedLongestIsWokenFirst)
{
    const auto engine = std::make_shared<Engine>();
    const std::shared_ptr<Memory> memory =
        *engine->make_memory({ { .min = 1, .max = 1, .is_shared = true } });
    constexpr std::string_view text = R"((module (import "m" "m" (memory 1 1 shared))
      (func (export "wait") (result i32) (memory.atomic.wait32 (i32.const 8) (i32.const 0) (i64.const -1)))))";
    Waiters& waiters = *memory->waiters();
    const auto waiting = [&] {
        const std::lock_guard lock(waiters.mutex);
        return waiters.list.size();
    };
    std::mutex mutex;
    std::vector<int> woken;
    std::vector<std::jthread> threads;
    for (int number = 0; number < 4; ++number) {
        threads.emplace_back([&, number] {
            Guest guest(engine);
            ASSERT_TRUE(guest.linker.define("m", "m", memory));
            Instance& instance = guest.instantiate(text);
            EXPECT_THAT(*guest.call(instance, "wait"), ElementsAre(Value::i32(0)));
            const std::lock_guard lock(mutex);
            woken.push_back(number);
        });
        while (waiting() != static_cast<size_t>(number) + 1)
            std::this_thread::yield();
    }
    const void* const address = memory->base() + 8;
    EXPECT_EQ(notify(*memory, memory->base() + 12, 1), 0u) << "nobody waits there";
    for (size_t count = 1; count <= 4; ++count) {
        EXPECT_EQ(notify(*memory, address, 1), 1u);
        for (size_t is = 0; is != count;) {
            std::this_thread::yield();
            const std::lock_guard lock(mutex);
            is = woken.size();
        }
    }
    EXPECT_THAT(woken, ElementsAre(0, 1, 2, 3));
    EXPECT_EQ(notify(*memory, address, 1), 0u);
}

} // namespace
} // namespace vitrine::core
