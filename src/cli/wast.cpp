// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/commands.h"
#include "cli/features.h"
#include "cli/file.h"
#include "cli/message.h"
#include "cli/statistics.h"
#include "cli/wast_runner.h"

#include "base/text.h"

#include <map>

namespace vitrine::cli {

namespace {

struct Options {
    FeatureOption features;
    bool stress_collector = false;
    bool stats = false;
};

/// The suite of the component model tests all its features.
core::EngineConfig config_of(const std::vector<core::FeatureChoice>& choices, bool stress_collector)
{
    core::EngineConfig config { .stress_collector = stress_collector };
    for (size_t i = 0; i < std::size(core::feature_table); ++i)
        if (core::feature_table[i].flag.starts_with("cm-"))
            config.features.set(static_cast<core::Feature>(i), true);
    for (const core::FeatureChoice& choice : choices)
        config.features.set(choice.feature, choice.is_on);
    return config;
}

/// Malformed text could only be checked by a parser of the text format.
bool is_skipped(const WastCommand& command)
{
    return command.kind == WastKind::AssertMalformed && !command.file;
}

/// `assert_return "add" (i32 1, i32 2)`
std::string describe(const WastCommand& command)
{
    std::string text = command.type;
    if (command.file)
        text += " " + *command.file;
    if (!command.action)
        return text;
    text += " \"" + core::escaped(command.action->field) + "\"";
    return command.action->arguments.empty() ? text : text + " (" + to_text(command.action->arguments) + ")";
}

int run_script(const WastScript& script, WastRunner& runner)
{
    size_t passed = 0, failed = 0, skipped = 0;
    std::map<std::string, size_t> skipped_kinds;
    for (const WastCommand& command : script.commands) {
        if (is_skipped(command)) {
            ++skipped;
            ++skipped_kinds["text"];
            continue;
        }
        const WastVerdict verdict = runner.run(command);
        if (verdict && runner.is_asynchronous()) {
            ++skipped;
            ++skipped_kinds["asynchronous"];
            continue;
        }
        ++(verdict ? failed : passed);
        if (verdict)
            print("{}\n",
                core::printable(fmt::format("{}:{}: {}: expected {}, got {}", script.source, command.line,
                    describe(command), verdict->expected, verdict->got)));
    }
    if (skipped > 0) {
        std::string kinds;
        for (const auto& [kind, count] : skipped_kinds)
            kinds += (kinds.empty() ? "" : ", ") + kind + " " + std::to_string(count);
        print("skipped: {}\n", kinds);
    }
    print("{} passed, {} failed, {} skipped\n", passed, failed, skipped);
    return failed == 0 ? 0 : status::refused;
}

int run(const Options& options, const std::vector<std::string>& words)
{
    if (words.size() != 1)
        return usage_error(
            Error(words.empty() ? "no file given" : "unexpected argument " + words[1]), "wast");
    const auto choices = options.features.choices();
    if (!choices)
        return usage_error(choices.error(), "wast");
    const std::string& path = words.front();
    const auto bytes = read_file(path);
    if (!bytes)
        return report(Error(bytes.error().to_text()));
    const auto script = read_wast_script({ reinterpret_cast<const char*>(bytes->data()), bytes->size() });
    if (!script)
        return report(Error(path + ": " + script.error().to_text()));
    const core::EngineConfig config = config_of(*choices, options.stress_collector);
    if (const auto wrong = core::choose_tier(config).error)
        return report(Error(wrong->message));
    WastRunner runner(config, std::filesystem::path(path).parent_path());
    const int status = run_script(*script, runner);
    if (options.stats)
        print_statistics(runner.engine().statistics(), {});
    return status;
}

} // namespace

Action add_wast(CLI::App& app)
{
    const auto options = std::make_shared<Options>();
    options->features.add_to(app);
    app.add_flag("--stress-collector", options->stress_collector, "Collect garbage at every allocation");
    app.add_flag("--stats", options->stats, "Print on stderr what was compiled, what not, and why");
    return [options](const std::vector<std::string>& words) { return run(*options, words); };
}

} // namespace vitrine::cli
