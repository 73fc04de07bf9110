// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/describe_component.h"
#include "cli/limits.h"
#include "cli/message.h"
#include "cli/program.h"
#include "cli/state.h"

#include "base/number.h"
#include "console/places.h"
#include "door/inner.h"
#include "dwarf/demangle.h"

#include <unistd.h>

namespace vitrine::cli {

namespace {

struct Options : GuestOptions {
    std::string at;
    std::vector<std::string> memory;
    bool as_json = false;
};

/// `INDEX:ADDRESS+LENGTH`
Result<MemoryRange> parse_range(const std::string& text)
{
    const size_t colon = text.find(':'), plus = text.find('+');
    if (colon != std::string::npos && plus != std::string::npos && colon < plus) {
        const auto index = core::parse_unsigned(text.substr(0, colon));
        const auto address = core::parse_unsigned(text.substr(colon + 1, plus - colon - 1));
        const auto length = core::parse_unsigned(text.substr(plus + 1));
        if (index && *index <= UINT32_MAX && address && length)
            return MemoryRange { static_cast<uint32_t>(*index), *address, *length };
    }
    return Error("--memory " + text + ": expected INDEX:ADDRESS+LENGTH, for example 0:1024+64");
}

Result<std::vector<MemoryRange>> parse_ranges(const std::vector<std::string>& texts)
{
    std::vector<MemoryRange> ranges;
    for (const std::string& text : texts) {
        const auto range = TRY(parse_range(text));
        ranges.push_back(range);
    }
    return ranges;
}

void print_document(const json::Object& document, bool as_json, void (*print_text)(const json::Object&))
{
    if (as_json)
        print("{}\n", json::to_text(document));
    else
        print_text(document);
}

/// Shows where the guest has stopped.
int show_stop(const Options& options, std::span<const MemoryRange> ranges, const debug::Stopped& stopped,
    const std::vector<LoadedModule>& modules)
{
    const auto parts = describe_state(stopped, ranges, modules);
    if (!parts)
        return report(parts.error());
    json::Object state { { "file", json::to_string(options.module) } };
    for (const auto& part : *parts)
        state[part.key()] = part.value();
    print_document(state, options.as_json, print_state);
    return 0;
}

/// Runs the guest to the place and shows the state there.
int show_state(
    const Options& options, std::span<const MemoryRange> ranges, const Engine& engine, const Binary& binary)
{
    if (auto fits = check_options(binary, options); !fits)
        return usage_error(fits.error(), "inspect");
    const auto preloads = options.load_preloads(engine);
    if (!preloads)
        return report(preloads.error());
    const auto created = Program::create(engine, binary, options, *preloads);
    Program& program = *created;
    const auto loaded = modules_of(binary, options, *preloads);
    const auto modules = inner_modules(binary, options, *preloads);
    if (modules.empty())
        return report(Error(options.module + ": there is no core module in it"));
    const auto places =
        core::console::find_places(modules, modules.front().module, options.at, core::dwarf::demangled);
    if (!places)
        return usage_error(Error("--at " + places.error().message), "inspect");
    // Which core module of a component the place is in is known when the guest has stopped.
    if (const auto* module = std::get_if<Module>(&binary))
        for (const MemoryRange& range : ranges)
            if (const size_t count = module->memories().size(); range.index >= count)
                return usage_error(no_memory(range, count), "inspect");
    const auto seconds = options.seconds();
    if (!seconds)
        return usage_error(seconds.error(), "inspect");
    auto wasi = options.wasi();
    if (!wasi)
        return usage_error(wasi.error(), "inspect");
    if (auto found = program.find_entry(options); !found)
        return !options.invoke ? report(found.error()) : usage_error(found.error(), "inspect");
    if (auto listening = options.listen(*wasi); !listening)
        return report(listening.error());

    Limits limits(*seconds, true);
    if (options.as_json)
        wasi->stdout_to(STDERR_FILENO);
    if (auto added = program.add_wasi(*wasi); !added)
        return report(added.error());
    // The session waits for the guest, which writes this when it ends.
    Result<Ending> ending = Ending {};
    debug::Session session(program.store());
    if (session.error())
        return report(*session.error());
    for (const core::console::CodePlace& place : *places)
        if (auto added = door::inner(session)->add_breakpoint({ place.module, place.offset }); !added)
            return report(door::error_of(added.error()));
    limits.watch([&session] { session.kill(); });
    debug::Event event = program.run_in(session, ending);
    limits.stop();

    if (auto* stopped = std::get_if<debug::Stopped>(&event)) {
        if (const int status = show_stop(options, ranges, *stopped, loaded); status != 0)
            return status;
        if (stopped->reason().kind != debug::StopKind::Trap)
            return 0;
        event = session.resume(std::move(*stopped));
    }
    const auto& results = std::get<debug::Exited>(event).results;
    const Trap* trap = results ? nullptr : results.error().trap();
    if (const auto limit = limits.status(); limit && trap)
        return report(*trap, "the guest was ended before it reached " + options.at, *limit, loaded);
    if (!results && !results.error().exit_status())
        return report(results.error(), loaded);
    return report(Error("--at " + options.at + ": the guest ended without reaching it"));
}

int inspect(Options& options, const std::vector<std::string>& words)
{
    if (auto taken = options.take(words); !taken)
        return usage_error(taken.error(), "inspect");
    const auto ranges = parse_ranges(options.memory);
    if (!ranges)
        return usage_error(ranges.error(), "inspect");
    if (options.at.empty() && !ranges->empty())
        return usage_error(Error("--memory requires --at"), "inspect");
    auto config = options.config();
    if (!config)
        return usage_error(config.error(), "inspect");
    const Engine engine(config->guest_debug(true));
    const auto binary = options.part.load(engine, options.module);
    if (!binary)
        return report(binary.error());
    if (!options.at.empty())
        return show_state(options, *ranges, engine, *binary);
    if (const auto* component = std::get_if<LoadedComponent>(&*binary))
        print_document(describe(*component), options.as_json, print_component);
    else
        print_document(
            describe(std::get<Module>(*binary), options.module), options.as_json, print_description);
    return 0;
}

} // namespace

Action add_inspect(CLI::App& app)
{
    const auto options = std::make_shared<Options>();
    options->add_to(app);
    app.add_option("--at", options->at,
           "Run to a function (name, $name, func[3], lib:$name) or offset (0x51), and show the state")
        ->type_name("PLACE");
    app.add_option("--memory", options->memory, "With --at, show these bytes too")
        ->type_name("INDEX:ADDRESS+LENGTH")
        ->allow_extra_args(false);
    app.add_flag("--json", options->as_json, "Print JSON; the guest's output goes to stderr");
    return [options](const std::vector<std::string>& words) { return inspect(*options, words); };
}

} // namespace vitrine::cli
