// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <vitrine/wasi.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <set>
#include <thread>
#include <unistd.h>

// A program with threads (tests/guests/wasi/threads.c) under the public API.

namespace vitrine::test {
namespace {

using namespace std::chrono_literals;

/// The input of a guest that waits forever.
class EmptyPipe {
public:
    EmptyPipe()
    {
        EXPECT_EQ(::pipe(ends_), 0);
        before_ = ::dup(0);
        ::dup2(ends_[0], 0);
    }
    ~EmptyPipe()
    {
        ::dup2(before_, 0);
        for (const int fd : { before_, ends_[0], ends_[1] })
            ::close(fd);
    }

private:
    int ends_[2] {}, before_;
};

struct Program {
    explicit Program(WasiConfig config = {})
    {
        config.stdout_to([this](std::span<const std::byte> bytes) {
            // One thread at a time: ThreadSanitizer would report a race.
            out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
            has_printed = true;
        });
        EXPECT_TRUE(add_wasi(linker, store, config));
        EXPECT_TRUE(add_wasi_threads(linker, store, module));
        auto made = linker.instantiate(store, module);
        EXPECT_TRUE(made) << made.error().to_text();
        instance = *made;
    }

    Result<std::vector<Val>> call(std::string_view name) { return instance->func(name)->call({}); }
    int number(std::string_view name)
    {
        const auto results = call(name);
        EXPECT_TRUE(results) << results.error().to_text();
        return results ? results->at(0).i32() : -1;
    }

    EmptyPipe input;
    std::string out;
    std::atomic<bool> has_printed = false;
    Engine engine { Config().guest_debug(true) };
    Module module = *Module::from_file(engine, VITRINE_WASI_GUESTS "/threads.wasm");
    Store store { engine };
    Linker linker { engine };
    std::optional<Instance> instance;
};

TEST(Threads, ShareTheirMemory)
{
    Program program;
    EXPECT_EQ(program.number("count"), 0);
    EXPECT_EQ(program.number("many"), 300 * 1000);
    EXPECT_TRUE(program.call("_start"));
    EXPECT_EQ(program.out, "threads done\n");
}

TEST(Threads, ShareStreamsAndDescriptors)
{
    std::string name = (std::filesystem::temp_directory_path() / "vitrine-threads-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    std::ofstream(name + "/file") << "text";
    {
        Program program(WasiConfig().preopen(name, "/"));
        EXPECT_TRUE(program.call("lines"));
        std::string expected;
        for (int i = 0; i < 800; ++i)
            expected += "a line of some length\n";
        EXPECT_EQ(program.out, expected);
        EXPECT_EQ(program.number("files"), 0);
    }
    std::filesystem::remove_all(name);
}

TEST(Threads, EndAllWhenOneTraps)
{
    Program program;
    const auto results = program.call("trap_there");
    ASSERT_FALSE(results);
    const Trap* trap = results.error().trap();
    ASSERT_TRUE(trap);
    EXPECT_EQ(trap->kind, TrapKind::Unreachable);
    std::vector<std::string> names;
    for (const TraceFrame& frame : trap->backtrace)
        names.push_back(frame.name);
    EXPECT_THAT(names, testing::ElementsAre("trap", "enter", "wasi_thread_start"));
    const auto again = program.call("count");
    ASSERT_FALSE(again) << "the process is no more";
    EXPECT_EQ(again.error().message(), results.error().message());
}

TEST(Threads, EndAllWhenOneExits)
{
    Program program;
    const auto results = program.call("exit_there");
    ASSERT_FALSE(results);
    EXPECT_EQ(results.error().exit_status(), 7);
}

TEST(Threads, EndWithTheFirst)
{
    {
        Program program;
        const auto results = program.call("trap_here");
        ASSERT_FALSE(results);
        EXPECT_EQ(results.error().trap()->kind, TrapKind::Unreachable);
    }
    {
        Program program;
        const auto results = program.call("exit_here");
        ASSERT_FALSE(results);
        EXPECT_EQ(results.error().exit_status(), 9);
    }
    {
        Program program;
        EXPECT_EQ(program.number("leave_them"), 5);
        end_wasi_threads(program.store);
        EXPECT_EQ(program.number("too_many"), -6) << "there can be no more";
    }
    Program program;
    EXPECT_EQ(program.number("leave_them"), 5);
}

TEST(Threads, EndWhenTheFirstIsInterrupted)
{
    Program program;
    std::thread interrupting([&, interrupter = program.store.interrupter()] {
        while (!program.has_printed)
            std::this_thread::sleep_for(1ms);
        interrupter.interrupt();
    });
    const auto results = program.call("wait_here");
    interrupting.join();
    ASSERT_FALSE(results);
    EXPECT_EQ(results.error().trap()->kind, TrapKind::Interrupted);
}

TEST(Threads, AreNotMoreThanTheHostBears)
{
    Program program;
    EXPECT_EQ(program.number("too_many"), -6);
}

TEST(Threads, NeedWhatStoresCanShare)
{
    Engine engine;
    Store store(engine);
    Linker linker(engine);
    const auto module = Module::from_file(engine, VITRINE_WASI_GUESTS "/threads.wasm");
    ASSERT_TRUE(module);
    EXPECT_TRUE(add_wasi(linker, store, WasiConfig()));
    EXPECT_TRUE(add_wasi_threads(linker, store, *module));
    EXPECT_FALSE(add_wasi_threads(linker, store, *module)) << "defined twice";
    Engine other;
    Store foreign(other);
    EXPECT_FALSE(add_wasi_threads(linker, foreign, *module));
    // A store without threads.
    Store another(engine);
    const auto instance = linker.instantiate(another, *module);
    ASSERT_TRUE(instance) << instance.error().to_text();
    EXPECT_EQ(instance->func("too_many")->call({})->at(0).i32(), -52);
}

} // namespace
} // namespace vitrine::test
