// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/code_listing.h"
#include "cli/commands.h"
#include "cli/doors.h"
#include "cli/limits.h"
#include "cli/lldb.h"
#include "cli/message.h"
#include "cli/program.h"
#include "cli/statistics.h"
#include "cli/symbol_finder.h"
#include "door/inner.h"
#include "dwarf/demangle.h"
#include "engine/engine.h"
#include "engine/profile.h"

#include <algorithm>
#include <csignal>
#include <cstdio>

namespace vitrine::cli {

namespace {

struct Options : GuestOptions {
    DoorOptions doors;
    bool typed = false;

    bool stats = false;
    std::optional<std::string> dump_code;
    std::string perf;
    bool guest_debug = false;
};

/// What every way to run a guest needs.
struct Guest {
    Program& program;
    /// Its core modules: those of its file, and then the preloaded ones.
    std::vector<LoadedModule> modules;
    size_t preloads;
};

/// Prints the results of a guest that has ended, or reports why it ended. Returns the exit status.
int finish(const Result<Ending>& ending, const Guest& guest, const Options& options, const Limits& limits)
{
    if (ending) {
        for (const auto& [type, value] : ending->results)
            print("{}{}{}\n", options.typed ? type : "", options.typed ? ":" : "", value);
        return ending->status;
    }
    const Trap* trap = ending.error().trap();
    const bool was_ended = trap && (trap->kind == TrapKind::Interrupted || trap->kind == TrapKind::Killed);
    if (const auto status = limits.status(); status && was_ended) {
        const bool is_late = *status == status::timeout;
        return report(*trap,
            is_late ? "the guest timed out (--timeout " + *options.timeout + ")" : "interrupted", *status,
            guest.modules);
    }
    return report(ending.error(), guest.modules);
}

int run_plainly(const Guest& guest, const WasiConfig& wasi, const Options& options, Limits& limits)
{
    Program& program = guest.program;
    if (auto added = program.add_wasi(wasi); !added)
        return report(added.error());
    limits.watch([interrupter = program.store().interrupter()] { interrupter.interrupt(); });
    const auto ending = program.run();
    limits.stop();
    return finish(ending, guest, options, limits);
}

/// What editors are told of the end.
core::dap::Run::Ending shown_ending(const Result<Ending>& ending, const Limits& limits)
{
    const Trap* const trap = ending ? nullptr : ending.error().trap();
    return { .status = status_of(ending, limits.status()),
        .text = text_of(ending),
        .is_trap = !ending && !(trap && trap->kind == TrapKind::Exit) };
}

/// Runs the guest in a session with doors for debuggers.
int run_debugged(
    const Guest& guest, const DoorGuest& shown, WasiConfig wasi, const Options& options, Limits& limits)
{
    Program& program = guest.program;
    // The guest must survive a closed terminal or connection.
    std::signal(SIGPIPE, SIG_IGN);
    // The session waits for the guest, which writes this when it ends.
    Result<Ending> ending = Ending {};
    debug::Session session(program.store());
    door::inner(session)->set_symbols(
        std::make_shared<SymbolFinder>(files_of(guest.modules), options.debug_info));
    if (guest.modules.empty())
        return report(Error(options.module + ": there is no core module in it to debug"));
    DoorGuest described = shown;
    described.hosted.ending = [&] { return shown_ending(ending, limits); };
    const auto doors = Doors::open(session, options.doors, std::move(described));
    if (!doors)
        return report(doors.error());
    (*doors)->take_output(wasi);
    if (auto added = program.add_wasi(wasi); !added)
        return report(added.error());
    if (auto fits = program.check_imports(); !fits)
        return report(fits.error());
    (*doors)->announce();
    std::unique_ptr<Lldb> lldb;
    if (options.doors.starts_lldb) {
        auto started = Lldb::start((*doors)->lldb_commands(), session, (*doors)->has_rust());
        if (!started)
            return report(started.error());
        lldb = *std::move(started);
    }

    limits.watch([&session] { session.kill(); });
    debug::Event end = program.run_in(session, ending, true);
    if (!std::holds_alternative<debug::Exited>(end)) {
        (*doors)->wait_for_end();
        end = session.wait();
    }
    limits.stop();
    lldb.reset();
    (*doors)->close();
    // The guest can also have ended before its body ran.
    if (const auto& results = std::get<debug::Exited>(end).results; !results)
        ending = results.error();
    return finish(ending, guest, options, limits);
}

/// The guest, as its doors show it.
DoorGuest door_guest(
    const Guest& guest, const Binary& binary, const Options& options, const Preloads& preloads)
{
    DoorGuest shown { .modules = guest.modules,
        .preloads = guest.preloads,
        .path = options.module,
        .arguments = options.arguments };
    shown.inner_modules = inner_modules(binary, options, preloads);
    shown.hosted.demangle = core::dwarf::demangled;
    shown.hosted.path_options = [modules = shown.inner_modules, debug_info = options.debug_info](
                                    const core::Module& module) {
        const auto loaded = std::ranges::find_if(
            modules, [&](const core::debug::LoadedModule& each) { return each.module.get() == &module; });
        return debug_info.paths(loaded == modules.end() ? "" : loaded->path)
            .value_or(core::source::PathOptions());
    };
    return shown;
}

int run(Options& options, const std::vector<std::string>& words)
{
    // Checked first, because -g may have taken the module's path as its value.
    if (auto fits = options.doors.check(); !fits)
        return usage_error(fits.error(), "run");
    if (auto taken = options.take(words); !taken)
        return usage_error(taken.error(), "run");
    const auto seconds = options.seconds();
    if (!seconds)
        return usage_error(seconds.error(), "run");
    auto wasi = options.wasi();
    if (!wasi)
        return usage_error(wasi.error(), "run");

    auto config = options.config();
    if (!config)
        return usage_error(config.error(), "run");
    const Engine engine(config->guest_debug(options.doors.has_any() || options.guest_debug));
    if (!options.perf.empty())
        if (auto profiled = core::profile_code(*door::inner(engine), options.perf); !profiled)
            return usage_error(Error("--perf " + options.perf + ": " + profiled.error().message), "run");
    const auto binary = options.part.load(engine, options.module);
    if (!binary)
        return report(binary.error());
    if (auto fits = check_options(*binary, options); !fits)
        return usage_error(fits.error(), "run");
    const auto preloads = options.load_preloads(engine);
    if (!preloads)
        return report(preloads.error());
    // Blocks Ctrl-C in the threads that are created from here on.
    Limits limits(*seconds, !options.doors.starts_lldb);
    const auto program = Program::create(engine, *binary, options, *preloads);
    if (auto found = program->find_entry(options); !found)
        return options.invoke ? usage_error(found.error(), "run") : report(found.error());
    if (auto listening = options.listen(*wasi); !listening)
        return report(listening.error());
    if (options.dump_code) {
        const auto listing = code_listing(engine, modules_of(*binary, options, *preloads), *options.dump_code,
            { .signal_handlers = !options.tiers.no_signals });
        if (!listing)
            return usage_error(listing.error(), "run");
        print_text(*listing);
    }
    Guest guest { *program, modules_of(*binary, options, *preloads), preloads->size() };
    for (LoadedModule& loaded : guest.modules)
        loaded.debug_files = options.debug_info.files;
    const int status = options.doors.has_any()
        ? run_debugged(
              guest, door_guest(guest, *binary, options, *preloads), *std::move(wasi), options, limits)
        : run_plainly(guest, *wasi, options, limits);
    if (options.stats)
        print_statistics(door::inner(engine)->statistics(), guest.modules);
    return status;
}

} // namespace

Action add_run(CLI::App& app)
{
    const auto options = std::make_shared<Options>();
    options->add_to(app);
    // For measuring the cost of guest_debug.
    app.add_flag("--guest-debug", options->guest_debug, "Enable guest_debug without a debugger")->group("");
    app.add_flag("--typed", options->typed, "Print results of --invoke as type:value");
    options->doors.add_to(app);
    app.add_flag("--stats", options->stats, "Print on stderr what was compiled, what not, and why");
    app.add_option("--perf", options->perf, "Tell perf or GDB which functions machine code belongs to")
        ->type_name("map|jitdump|gdb")
        ->expected(0, 1)
        ->default_str("map");
    app.add_option("--dump-code", options->dump_code,
           "Print on stderr the machine code of a function, given by name or index")
        ->type_name("FUNCTION");
    return [options](const std::vector<std::string>& words) { return run(*options, words); };
}

} // namespace vitrine::cli
