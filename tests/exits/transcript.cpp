// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Runs a script of the official test suite or a WASI program in the tier that VITRINE_TIER says,
// and prints everything that the tier must not change: results, traps with their backtraces,
// output, and digests of memories and globals. run_exits.py compares what two tiers print. The
// statistics of the compiler go to stderr.
//
//     transcript wast SCRIPT.json [FEATURES]
//     transcript wasi PROGRAM.wasm LIMIT FOLDER [ARGUMENTS...]
#include "cli/file.h"
#include "cli/statistics.h"
#include "cli/wast_runner.h"
#include "wasm/features.h"

#include "support/guest.h"
#include "wasi/preview1.h"

#include <fmt/format.h>

#include <fcntl.h>

namespace {

using namespace vitrine;

int refuse(const std::string& why)
{
    fmt::print(stderr, "transcript: {}\n", why);
    return 2;
}

/// FNV-1a over words.
class Digest {
public:
    void add(uint64_t word) { sum_ = (sum_ ^ word) * 0x100000001b3; }
    void add(std::span<const uint8_t> bytes)
    {
        size_t at = 0;
        for (; at + sizeof(uint64_t) <= bytes.size(); at += sizeof(uint64_t)) {
            uint64_t word;
            std::memcpy(&word, &bytes[at], sizeof word);
            add(word);
        }
        for (; at < bytes.size(); ++at)
            add(bytes[at]);
    }
    uint64_t sum() const { return sum_; }

private:
    uint64_t sum_ = 0xcbf29ce484222325;
};

/// Large memories are mostly empty: only the parts at both ends count.
constexpr size_t max_part = size_t { 4 } << 20;

/// The memories, globals and sizes of tables of all instances. `part` bounds what is read of each
/// memory.
uint64_t digest_of(const core::Store& store, size_t part)
{
    Digest digest;
    for (const core::Instance& instance : store.instances()) {
        for (const core::Memory* memory : instance.memories) {
            const auto bytes = memory->bytes();
            digest.add(bytes.size());
            digest.add(bytes.first(std::min(part, bytes.size())));
            digest.add(bytes.last(std::min(part, bytes.size())));
        }
        for (const core::Global* global : instance.globals)
            if (global->type.type.is_ref())
                digest.add(global->get().ref().is_null());
            else
                for (uint32_t i = 0; i < global->type.type.slots(); ++i)
                    digest.add(global->slots()[i]);
        for (const core::Table* table : instance.tables)
            digest.add(table->size());
    }
    return digest.sum();
}

/// ` 3@0x4f 1@0x20`
std::string trace_of(const core::Trap& trap)
{
    std::string text;
    for (const core::TraceEntry& entry : trap.trace)
        text += fmt::format(" {}@{:#x}", entry.function->index.value, entry.offset);
    return text;
}

int run_script(const std::string& path, std::string_view features)
{
    core::EngineConfig config;
    const auto choices = core::parse_features(features);
    if (!choices)
        return refuse(choices.error().to_text());
    for (const core::FeatureChoice& choice : *choices)
        config.features.set(choice.feature, choice.is_on);
    const auto bytes = cli::read_file(path);
    if (!bytes)
        return refuse(bytes.error().to_text());
    const auto script =
        cli::read_wast_script({ reinterpret_cast<const char*>(bytes->data()), bytes->size() });
    if (!script)
        return refuse(script.error().to_text());
    cli::WastRunner runner(config, std::filesystem::path(path).parent_path());
    for (const cli::WastCommand& command : script->commands) {
        const bool has_failed = runner.run(command).has_value();
        fmt::print("{}: {} {}{} {:x}\n", command.line, has_failed ? "fails" : "passes", runner.outcome_text(),
            trace_of(runner.thread().trap), digest_of(runner.thread().store, size_t { 64 } << 10));
    }
    fmt::print("end {:x}\n", digest_of(runner.thread().store, max_part));
    cli::print_statistics(runner.engine().statistics(), {});
    return 0;
}

/// Runs a program, interrupted when it has written `limit` bytes if that is not 0.
int run_program(
    const std::string& path, uint64_t limit, const std::string& folder, std::vector<std::string> arguments)
{
    core::test::Guest guest(core::EngineConfig { .features = core::FeatureSet::all() });
    auto bytes = cli::read_file(path);
    if (!bytes)
        return refuse(bytes.error().to_text());
    auto module = core::load_module(*std::move(bytes), guest.engine->types, guest.engine->config.features);
    if (!module)
        return refuse(module.error().to_text());
    core::wasi::Config config;
    config.args = std::move(arguments);
    config.args.insert(config.args.begin(), "program");
    config.preopens.push_back({ folder, "." });
    config.in = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    // The same in each run: a clock that counts its calls, and bytes that look random.
    uint64_t calls = 0;
    config.clock = [&](core::host::Clock) { return ++calls * 1'000'000; };
    config.random = [&](std::span<std::byte> to) {
        for (std::byte& byte : to)
            byte = static_cast<std::byte>(++calls * 0x9e37'79b9'7f4a'7c15 >> 56);
    };
    Digest output;
    uint64_t written = 0;
    const auto take = [&](std::span<const std::byte> part) {
        for (const std::byte byte : part)
            output.add(static_cast<uint64_t>(byte));
        written += part.size();
        // The guest polls at its next function entry or loop header, whatever the tier.
        if (limit && written >= limit)
            guest.thread.requests->add(core::Requests::interrupt);
    };
    config.out = core::host::Output(take);
    config.err = core::host::Output(take);
    const auto host = core::wasi::Preview1::create(std::move(config));
    if (!host || !core::wasi::define(guest.linker, *host))
        return refuse("no WASI");
    const auto instance = core::instantiate(guest.thread, guest.linker, *module);
    if (!instance)
        return refuse("no instance");
    const auto results = guest.call(**instance, "_start");
    if (results)
        fmt::print("returned\n");
    else
        fmt::print(
            "{} {}{}\n", results.error().to_text(), results.error().exit_status, trace_of(results.error()));
    fmt::print("output: {} bytes {:x}\n", written, output.sum());
    fmt::print("end {:x}\n", digest_of(guest.store, SIZE_MAX));
    cli::print_statistics(guest.engine->statistics(), {});
    return 0;
}

} // namespace

int main(int count, char** words)
{
    const std::vector<std::string> given(words + 1, words + count);
    if (const auto wrong = core::choose_tier({}).error)
        return refuse(wrong->message);
    if ((given.size() == 2 || given.size() == 3) && given[0] == "wast")
        return run_script(given[1], given.size() == 3 ? given[2] : "");
    if (given.size() >= 4 && given[0] == "wasi")
        return run_program(given[1], std::strtoull(given[2].c_str(), nullptr, 10), given[3],
            { given.begin() + 4, given.end() });
    return refuse("wast SCRIPT.json [FEATURES] | wasi PROGRAM.wasm LIMIT FOLDER [ARGUMENTS...]");
}
