// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Expressions in programs that compilers have made: each program tells the host what an expression
// must be, and the host evaluates it in the frame that calls. In optimized programs a variable may
// be gone, but no value may be wrong.
#include "dwarf/reader.h"
#include "eval/source_call.h"
#include "source/render.h"

#include "support/guest.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace vitrine::core::eval {
namespace {

namespace fs = std::filesystem;

/// Whether a command is there.
bool has_command(const std::string& command)
{
    const std::string question = "command -v " + command + " >/dev/null 2>&1";
    return std::system(question.c_str()) == 0; // NOLINT(cert-env33-c)
}

bool is_in_ci()
{
    return std::getenv("VITRINE_REQUIRE_SHARED") != nullptr; // NOLINT(concurrency-mt-unsafe)
}

/// The module that a command makes at `OUT` of a file in tests/unit/eval/programs, which it calls
/// `IN`. Nothing if the command fails.
std::vector<uint8_t> built(std::string command, const std::string& file)
{
    const fs::path out = fs::temp_directory_path() / fmt::format("vitrine-{}-{}.wasm", getpid(), file);
    const std::string in = std::string(VITRINE_SOURCE_DIR) + "/tests/unit/eval/programs/" + file;
    for (const auto& [word, text] :
        { std::pair<std::string, std::string> { "IN", in }, { "OUT", out.string() } })
        command.replace(command.find(word), word.size(), text);
    if (std::system(command.c_str()) != 0) // NOLINT(cert-env33-c)
        return {};
    std::ifstream stream(out, std::ios::binary);
    std::vector<uint8_t> bytes { std::istreambuf_iterator<char>(stream), {} };
    fs::remove(out);
    return bytes;
}

/// A program that is being checked.
class Program : public test::Guest {
public:
    Program(const std::vector<uint8_t>& bytes, bool is_optimized) : is_optimized_(is_optimized)
    {
        auto loaded = load_module(bytes, engine->types, engine->config.features);
        EXPECT_TRUE(loaded) << loaded.error().to_text();
        module_ = *loaded;
        symbols_ = dwarf::read({ .module = module_->bytes() });
        EXPECT_NE(symbols_, nullptr);
        for (const Import& import : module_->imports)
            if (import.kind == ExternKind::Func)
                define_import(import);
        auto made = core::instantiate(thread, linker, module_);
        EXPECT_TRUE(made.has_value());
        instance_ = *made;
    }

    void run(uint32_t argument)
    {
        const auto outcome = call(*instance_, "run", { Value::i32(argument) });
        EXPECT_TRUE(outcome.has_value());
    }

    int checked = 0, missing = 0;

private:
    using Check = void (Program::*)(const Frame& frame, const std::string& text, std::span<Slot> slots);

    void define_import(const Import& import)
    {
        const std::pair<const char*, Check> checks[] = { { "integer", &Program::check_integer },
            { "real", &Program::check_real }, { "shown", &Program::check_shown },
            { "assign", &Program::perform }, { "call", &Program::check_call } };
        Check check = nullptr;
        for (const auto& [name, each] : checks)
            if (import.module == "test" && import.name == name)
                check = each;
        const FuncType type = module_->func_type(FuncIndex { import.index });
        define(std::string(import.module), std::string(import.name), type,
            [this, check](HostCall& host) -> HostOutcome {
                if (!check)
                    return Trap { .kind = TrapKind::Unreachable };
                for (const Frame& frame : frames_of(host.thread))
                    if (!frame.is_host()) {
                        (this->*check)(frame, text_at(static_cast<uint32_t>(host.slots[0])), host.slots);
                        break;
                    }
                return Returned {};
            });
    }

    std::string text_at(uint32_t address) const
    {
        return reinterpret_cast<const char*>(instance_->memories[0]->base() + address);
    }

    std::string where(const Frame& frame) const
    {
        const auto row = symbols_->row_at(frame.offset - 1);
        return row ? " in line " + std::to_string(row->place.line) : "";
    }

    /// The result; nothing if it may be missing.
    std::optional<SourceResult> evaluated(const Frame& frame, const std::string& text)
    {
        ++checked;
        auto result = evaluate_source(frame, text, { .symbols = symbols_ });
        if (result)
            return std::move(*result);
        const std::string& message = result.error().message;
        // Clang drops the entries of parameters of inlined functions that are not used as such.
        const bool may_be = is_optimized_
            && (message.contains("optimized out") || message.contains("no variable is called `inner`")
                || message.contains("is not here") || message.contains("has no address")
                || message.contains("is not set up yet"));
        EXPECT_TRUE(may_be) << text << where(frame) << ": " << message;
        ++missing;
        return {};
    }

    void check_integer(const Frame& frame, const std::string& text, std::span<Slot> slots)
    {
        const auto result = evaluated(frame, text);
        if (!result)
            return;
        ASSERT_TRUE(result->number) << text;
        const Value& number = *result->number;
        const auto narrow = static_cast<uint32_t>(number.low);
        const uint64_t wide = number.type.kind() == ValueKind::I64 ? number.low
            : result->is_unsigned                                  ? narrow
                                  : static_cast<uint64_t>(static_cast<int32_t>(narrow));
        EXPECT_EQ(static_cast<int64_t>(wide), static_cast<int64_t>(slots[1])) << text << where(frame);
    }

    void check_real(const Frame& frame, const std::string& text, std::span<Slot> slots)
    {
        const auto result = evaluated(frame, text);
        if (!result)
            return;
        ASSERT_TRUE(result->number) << text;
        const double value = result->number->type.kind() == ValueKind::F32
            ? std::bit_cast<float>(static_cast<uint32_t>(result->number->low))
            : std::bit_cast<double>(result->number->low);
        EXPECT_EQ(value, std::bit_cast<double>(slots[1])) << text << where(frame);
    }

    void check_shown(const Frame& frame, const std::string& text, std::span<Slot> slots)
    {
        const auto result = evaluated(frame, text);
        if (!result)
            return;
        MemoryReader reader = result->reader(*instance_);
        const std::string shown =
            result->value ? source::render(reader, *result->value) : result->number->to_text();
        const std::string wanted = text_at(static_cast<uint32_t>(slots[1]));
        // Parts of what optimization has left may be gone.
        if (!is_optimized_ || !shown.contains("<optimized out>")) {
            EXPECT_EQ(shown, wanted) << text << where(frame);
        }
    }

    void check_call(const Frame& frame, const std::string& text, std::span<Slot> slots)
    {
        ++checked;
        const auto wanted = static_cast<int64_t>(slots[1]);
        auto prepared = SourceCall::prepare(frame, text, { .symbols = symbols_ });
        if (wanted == -1) {
            EXPECT_FALSE(prepared) << text;
            return;
        }
        ASSERT_TRUE(prepared) << text << where(frame) << ": " << prepared.error().message;
        const auto arguments = prepared->arguments();
        const auto outcome =
            invoke(thread, prepared->function(), std::vector(arguments.begin(), arguments.end()));
        ASSERT_TRUE(outcome.has_value()) << text;
        const auto result = prepared->result(*outcome);
        prepared->put_back();
        ASSERT_TRUE(result) << text << ": " << result.error().message;
        int64_t value = 0;
        if (!result->number)
            std::memcpy(&value, result->value->bytes.data(), sizeof value);
        else if (result->number->type.kind() == ValueKind::F32)
            value = static_cast<int64_t>(std::bit_cast<float>(static_cast<uint32_t>(result->number->low)));
        else
            value = static_cast<int32_t>(result->number->low);
        EXPECT_EQ(value, wanted) << text;
    }

    void perform(const Frame& frame, const std::string& text, std::span<Slot>)
    {
        ++checked;
        const auto done = assign(frame, text, { .symbols = symbols_ });
        EXPECT_TRUE(done) << text << where(frame) << ": " << (done ? "" : done.error().message);
    }

    bool is_optimized_;
    std::shared_ptr<const Module> module_;
    std::shared_ptr<source::Symbols> symbols_;
    Instance* instance_ = nullptr;
};

/// Builds the program with a command, whose `LEVEL` is replaced, and checks it.
void check(const std::string& command, const std::string& file, int least,
    const std::vector<const char*>& levels = { "0", "2" })
{
    for (const char* level : levels) {
        std::string with_level = command;
        if (const size_t at = command.find("LEVEL"); at != std::string::npos)
            with_level.replace(at, 5, level);
        const std::vector<uint8_t> bytes = built(with_level, file);
        ASSERT_FALSE(bytes.empty()) << with_level;
        const bool is_optimized = *level != '0';
        Program program(bytes, is_optimized);
        program.run(3);
        EXPECT_GE(program.checked, least);
        EXPECT_LE(program.missing, is_optimized ? program.checked / 2 : 0) << file << " -O" << level;
    }
}

constexpr auto clang_options =
    " --target=wasm32 -nostdlib -Wl,--no-entry --no-wasm-opt -Wno-unused -g -OLEVEL IN -o OUT";

TEST(Programs, C) { check(std::string("clang-22 -std=c23") + clang_options, "checks.c", 80); }

TEST(Programs, CWithDwarf5)
{
    check(std::string("clang-22 -gdwarf-5 -std=c23") + clang_options, "checks.c", 80);
}

TEST(Programs, Cpp)
{
    check(std::string("clang++-22 -std=c++20 -fno-exceptions -fno-threadsafe-statics") + clang_options,
        "checks.cpp", 60);
}

TEST(Programs, CppWithDwarf5)
{
    check(std::string("clang++-22 -gdwarf-5 -std=c++20 -fno-exceptions") + clang_options, "checks.cpp", 60);
}

TEST(Programs, Rust)
{
    const std::string rustc = "rustc --target wasm32-wasip1 --edition 2021 -g -C opt-level=LEVEL IN -o OUT";
    const bool is_there = has_command("rustc")
        && std::system("test -d $(rustc --print target-libdir --target wasm32-wasip1)")
            == 0; // NOLINT(cert-env33-c)
    if (!is_there && !is_in_ci())
        GTEST_SKIP() << "no rustc for wasm32-wasip1";
    check(rustc, "checks.rs", 15);
}

TEST(Programs, Zig)
{
    const std::string zig = std::string(VITRINE_SOURCE_DIR) + "/build/zig/zig";
    if (!has_command(zig))
        GTEST_SKIP() << "no " << zig;
    const auto cache = (fs::temp_directory_path() / fmt::format("vitrine-{}-zig", getpid())).string();
    // Optimized, nothing but constants is left of the program.
    check(zig + " build-exe -target wasm32-freestanding -fno-entry -rdynamic --cache-dir " + cache
            + " --global-cache-dir " + cache + " -femit-bin=OUT IN",
        "checks.zig", 15, { "0" });
    fs::remove_all(cache);
}

} // namespace
} // namespace vitrine::core::eval
