// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Steps through a script of the official test suite, or through a WASI program, and checks that
// each instruction's position is greater than the one before. run_order.py runs it.
//
//     order wast SCRIPT.json [FEATURES]
//     order wasi PROGRAM.wasm LIMIT FOLDER [ARGUMENTS...]
//
// Prints the number of instructions, how many were out of order, and how many would be without the
// rule for `loop`.
#include "cli/file.h"
#include "cli/wast_runner.h"
#include "wasm/features.h"

#include "support/guest.h"
#include "support/order.h"
#include "wasi/preview1.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <cstdlib>

namespace {

using namespace vitrine;
using core::test::OrderCheck;

int refuse(const std::string& why)
{
    fmt::print(stderr, "order: {}\n", why);
    return 2;
}

int tell(const OrderCheck& check)
{
    fmt::print("{} {} {}\n", check.instructions, check.wrong, check.wrong_without_rule);
    return 0;
}

/// Another test checks the results of its commands.
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
    OrderCheck check(runner.thread());
    for (const cli::WastCommand& command : script->commands)
        (void)runner.run(command);
    return tell(check);
}

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
    const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    config.in = nothing;
    config.out = config.err = nothing;
    const auto host = core::wasi::Preview1::create(std::move(config));
    if (!host || !core::wasi::define(guest.linker, *host))
        return refuse("no WASI");
    OrderCheck check(guest.thread);
    check.limit = limit;
    const auto instance = core::instantiate(guest.thread, guest.linker, *module);
    if (!instance)
        return refuse("no instance");
    (void)guest.call(**instance, "_start");
    return tell(check);
}

} // namespace

int main(int count, char** words)
{
    const std::vector<std::string> given(words + 1, words + count);
    if ((given.size() == 2 || given.size() == 3) && given[0] == "wast")
        return run_script(given[1], given.size() == 3 ? given[2] : "");
    if (given.size() >= 4 && given[0] == "wasi")
        return run_program(given[1], std::strtoull(given[2].c_str(), nullptr, 10), given[3],
            { given.begin() + 4, given.end() });
    return refuse("wast SCRIPT.json [FEATURES] | wasi PROGRAM.wasm LIMIT FOLDER [ARGUMENTS...]");
}
