// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <vitrine/wasi.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <thread>
#include <unistd.h>

// Programs in C under the public API.

namespace vitrine::test {
namespace {

using namespace std::chrono_literals;

std::string text_of(std::span<const std::byte> bytes)
{
    return { reinterpret_cast<const char*>(bytes.data()), bytes.size() };
}

/// A program with everything that it prints.
struct Program {
    explicit Program(const std::string& name, WasiConfig config = {})
    {
        auto loaded = Module::from_file(engine, VITRINE_WASI_GUESTS "/" + name + ".wasm");
        EXPECT_TRUE(loaded) << loaded.error().to_text();
        module = *loaded;
        config.stdout_to([this](std::span<const std::byte> bytes) {
            out += text_of(bytes);
            has_printed = true;
        });
        config.stderr_to([this](std::span<const std::byte> bytes) { err += text_of(bytes); });
        auto added = add_wasi(linker, store, config);
        EXPECT_TRUE(added) << added.error().to_text();
    }

    /// Its exit status from `main` or `exit`.
    std::optional<int> run()
    {
        auto instance = linker.instantiate(store, *module);
        EXPECT_TRUE(instance) << instance.error().to_text();
        auto result = (*instance->func("_start")).call({});
        if (result)
            return 0;
        error = result.error();
        return error->exit_status();
    }

    Engine engine { Config().guest_debug(true) };
    Store store { engine };
    Linker linker { engine };
    std::optional<Module> module;
    std::string out, err;
    std::atomic<bool> has_printed = false;
    std::optional<Error> error;
};

/// A pipe as standard input of this process, for one test.
class InputPipe {
public:
    InputPipe()
    {
        int ends[2];
        EXPECT_EQ(::pipe(ends), 0);
        before_ = ::dup(0);
        ::dup2(ends[0], 0);
        ::close(ends[0]);
        write_ = ends[1];
    }
    ~InputPipe()
    {
        ::dup2(before_, 0);
        ::close(before_);
        ::close(write_);
    }
    void write(std::string_view text) const
    {
        EXPECT_EQ(::write(write_, text.data(), text.size()), ssize_t(text.size()));
    }

private:
    int before_, write_;
};

TEST(Guests, ReadAndPrint)
{
    Program program("cat", WasiConfig().stdin_text("one\ntwo\n"));
    EXPECT_EQ(program.run(), 0);
    EXPECT_EQ(program.out, "1: one\n2: two\n");
}

TEST(Guests, GetArgumentsAndEnvironmentAndExit)
{
    ::setenv("VITRINE_TEST_VARIABLE", "inherited", 1);
    Program program(
        "world", WasiConfig().args({ "program", "two words" }).env("NAME", "old").env("NAME", "value"));
    EXPECT_EQ(program.run(), 33);
    EXPECT_EQ(program.out, "0 program\n1 two words\nNAME=value\n");
    EXPECT_EQ(program.err, "to stderr\n");
    Program inheriting("world", WasiConfig().inherit_env());
    EXPECT_EQ(inheriting.run(), 33);
    EXPECT_THAT(inheriting.out, testing::HasSubstr("VITRINE_TEST_VARIABLE=inherited\n"));
}

TEST(Guests, PrintToDescriptorsThatAreTheEmbeddersOwn)
{
    int out[2], err[2];
    ASSERT_EQ(::pipe(out), 0);
    ASSERT_EQ(::pipe(err), 0);
    {
        const Engine engine;
        Store store(engine);
        Linker linker(engine);
        const auto module = Module::from_file(engine, VITRINE_WASI_GUESTS "/world.wasm");
        ASSERT_TRUE(add_wasi(linker, store,
            WasiConfig().args({ "program" }).env("NAME", "value").stdout_to(out[1]).stderr_to(err[1])));
        const auto ended = linker.instantiate(store, *module)->func("_start")->call({});
        EXPECT_EQ(ended.error().exit_status(), 33);
    }
    for (const auto& [ends, expected] :
        { std::pair(out, "0 program\nNAME=value\n!"), std::pair(err, "to stderr\n!") }) {
        EXPECT_EQ(::write(ends[1], "!", 1), 1) << "it is still open";
        char text[100];
        const ssize_t size = ::read(ends[0], text, sizeof text);
        EXPECT_EQ(std::string_view(text, size_t(size)), expected);
        ::close(ends[0]);
        ::close(ends[1]);
    }
}

TEST(Guests, UseTheFilesOfTheirFolder)
{
    std::string name = (std::filesystem::temp_directory_path() / "vitrine-guest-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    Program program("files", WasiConfig().preopen(name, "/data"));
    EXPECT_EQ(program.run(), 0) << program.err;
    EXPECT_EQ(program.out, "all well\n");
    EXPECT_TRUE(std::filesystem::is_empty(name));
    std::filesystem::remove_all(name);
}

/// The folder `inside` of a guest that tries to get out, and its surroundings.
struct Surroundings {
    Surroundings()
    {
        std::string name = (std::filesystem::temp_directory_path() / "vitrine-hostile-XXXXXX").string();
        EXPECT_NE(::mkdtemp(name.data()), nullptr);
        around = name;
        inside = around / "inside";
        std::filesystem::create_directories(around / "outside");
        std::filesystem::create_directories(inside / "folder");
        write(around / "secret", "SECRET\n");
        for (const auto& [target, link] : std::vector<std::pair<std::string, std::string>> { { "..", "up" },
                 { "../up", "folder/up" }, { name, "absolute" }, { "folder/up", "chain" },
                 { "/proc/self", "self" }, { "/", "root" }, { "/proc/self/cwd", "cwd" } })
            std::filesystem::create_symlink(target, inside / link);
        make_place();
    }
    ~Surroundings() { std::filesystem::remove_all(around); }

    static void write(const std::filesystem::path& path, std::string_view text)
    {
        std::ofstream(path) << text;
    }
    static std::string read(const std::filesystem::path& path)
    {
        std::ifstream in(path);
        return { std::istreambuf_iterator<char>(in), {} };
    }

    /// Creates a folder and a file that the guest may open.
    void make_place() const
    {
        std::filesystem::create_directories(inside / "swap");
        write(inside / "swap/secret", "inside");
        write(inside / "leaf", "inside");
        std::filesystem::create_symlink("..", inside / "swap_link");
        std::filesystem::create_symlink("../secret", inside / "leaf_link");
    }
    /// Keeps swapping these with links that lead out, until told to stop.
    void swap_until(const std::atomic<bool>& is_over) const
    {
        while (!is_over)
            for (const char* name : { "swap", "leaf" })
                ::renameat2(AT_FDCWD, (inside / name).c_str(), AT_FDCWD,
                    (inside / (std::string(name) + "_link")).c_str(), RENAME_EXCHANGE);
    }

    std::filesystem::path around, inside;
};

TEST(Guests, ThatAreHostileDoNotGetOut)
{
    for (const bool by_component : { false, true }) {
        const Surroundings world;
        Program program("hostile",
            WasiConfig()
                .args({ "hostile", "2000", world.around.string() })
                .stdin_text("")
                .preopen(world.inside.string(), "/")
                .paths_by_component(by_component));
        std::atomic<bool> is_over = false;
        std::thread swapping([&] { world.swap_until(is_over); });
        const auto status = program.run();
        is_over = true;
        swapping.join();
        EXPECT_EQ(status, 0) << program.err << (program.error ? program.error->to_text() : "");
        EXPECT_EQ(program.out, "contained\n");
        EXPECT_EQ(Surroundings::read(world.around / "secret"), "SECRET\n");
        EXPECT_TRUE(std::filesystem::is_empty(world.around / "outside"));
        std::vector<std::string> names;
        for (const auto& entry : std::filesystem::directory_iterator(world.around))
            names.push_back(entry.path().filename());
        EXPECT_THAT(names, testing::UnorderedElementsAre("inside", "outside", "secret"));
    }
}

TEST(Guests, ThatWaitEndWhenInterrupted)
{
    const InputPipe input;
    for (const char* how : { "sleep", "read" }) {
        Program program("wait", WasiConfig().args({ "wait", how }));
        std::thread interrupting([&, interrupter = program.store.interrupter()] {
            while (!program.has_printed)
                std::this_thread::sleep_for(1ms);
            std::this_thread::sleep_for(10ms);
            interrupter.interrupt();
        });
        EXPECT_EQ(program.run(), std::nullopt);
        interrupting.join();
        ASSERT_TRUE(program.error && program.error->trap());
        EXPECT_EQ(program.error->trap()->kind, TrapKind::Interrupted) << program.error->to_text();
    }
}

TEST(Guests, ThatWaitCanBeStoppedLookedAtAndGoOn)
{
    const InputPipe input;
    Program program("wait", WasiConfig().args({ "wait", "read" }));
    auto instance = program.linker.instantiate(program.store, *program.module);
    ASSERT_TRUE(instance);
    const Func start = *instance->func("_start");
    debug::Session session(program.store);
    ASSERT_FALSE(session.error());
    std::thread interrupting([&] {
        while (!program.has_printed)
            std::this_thread::sleep_for(1ms);
        std::this_thread::sleep_for(10ms);
        session.interrupt();
    });
    debug::Event event = session.call(start, {});
    interrupting.join();
    auto* stopped = std::get_if<debug::Stopped>(&event);
    ASSERT_TRUE(stopped);
    EXPECT_EQ(stopped->reason().kind, debug::StopKind::Interrupt);
    std::vector<std::string> names;
    for (const debug::Frame& frame : stopped->frames())
        names.push_back(frame.function().name());
    EXPECT_THAT(names, testing::Contains("read"));
    EXPECT_EQ(program.out, "waiting\n");
    input.write("x");
    event = session.resume(std::move(*stopped));
    ASSERT_TRUE(std::holds_alternative<debug::Exited>(event));
    EXPECT_EQ(program.out, "waiting\nread\n");
}

TEST(Guests, WhatTheyCannotBeGivenIsRefused)
{
    Engine engine;
    Store store(engine);
    Linker linker(engine);
    const auto refused = add_wasi(linker, store, WasiConfig().preopen("/no/such/folder", "/"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(
        refused.error().message(), "preopened directory \"/no/such/folder\": No such file or directory");
    EXPECT_TRUE(add_wasi(linker, store, WasiConfig()));
    const auto twice = add_wasi(linker, store, WasiConfig());
    ASSERT_FALSE(twice);
    EXPECT_THAT(twice.error().message(), testing::HasSubstr("is defined twice"));
    Engine another;
    Store foreign(another);
    Linker other(engine);
    EXPECT_FALSE(add_wasi(other, foreign, WasiConfig()));
}

TEST(Guests, ALinkerOutlivesItsStore)
{
    Engine engine;
    Linker linker(engine);
    const auto module = Module::from_file(engine, VITRINE_WASI_GUESTS "/cat.wasm");
    ASSERT_TRUE(module);
    std::string out;
    {
        Store store(engine);
        ASSERT_TRUE(add_wasi(linker, store,
            WasiConfig().stdin_text("a\n").stdout_to(
                [&](std::span<const std::byte> bytes) { out += text_of(bytes); })));
    }
    Store store(engine);
    auto instance = linker.instantiate(store, *module);
    ASSERT_TRUE(instance);
    EXPECT_TRUE(instance->func("_start")->call({}));
    EXPECT_EQ(out, "1: a\n");
}

TEST(Guests, SeeTheClocksAndRandomBytesOfTheirEmbedder)
{
    Engine engine;
    Store store(engine);
    Linker linker(engine);
    ASSERT_TRUE(add_wasi(linker, store,
        WasiConfig()
            .clock([](WasiClock clock) { return clock == WasiClock::Monotonic ? 7u : 5u; })
            .random([](std::span<std::byte> bytes) { std::ranges::fill(bytes, std::byte { 9 }); })));
    auto module = Module::from_file(engine, VITRINE_WASI_GUESTS "/clocks.wasm");
    ASSERT_TRUE(module) << module.error().to_text();
    auto instance = linker.instantiate(store, *module);
    ASSERT_TRUE(instance) << instance.error().to_text();
    EXPECT_EQ((*instance->typed<std::int64_t(std::int32_t)>("now"))(1).value(), 7);
    EXPECT_EQ((*instance->typed<std::int64_t(std::int32_t)>("now"))(0).value(), 5);
    EXPECT_EQ((*instance->typed<std::int32_t()>("random"))().value(), 0x09090909);
}

} // namespace
} // namespace vitrine::test
