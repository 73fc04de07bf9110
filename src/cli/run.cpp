// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/code_listing.h"
#include "cli/commands.h"
#include "cli/limits.h"
#include "cli/lldb.h"
#include "cli/message.h"
#include "cli/program.h"
#include "cli/statistics.h"
#include "cli/symbol_finder.h"
#include "door/inner.h"
#include "engine/engine.h"
#include "engine/profile.h"
#include "net/address.h"

#include <vitrine/debugger.hpp>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>

#include <unistd.h>

namespace vitrine::cli {

namespace {

struct Options : GuestOptions {
    std::string door;
    bool lldb = false;
    bool quiet = false;
    bool wait = false;
    bool no_wait = false;
    bool typed = false;

    bool stats = false;
    std::optional<std::string> dump_code;
    std::string perf;
    bool guest_debug = false;

    bool is_debugged() const { return lldb || !door.empty(); }
    /// The address of the debug server, from `-g 4711`, `-g4711` or `-g=4711`, as
    /// `net::parse_address` takes it.
    std::string address() const
    {
        return door.empty() ? "127.0.0.1:0" : door.substr(door.starts_with('=') ? 1 : 0);
    }
};

Result<void> check_door(const Options& options)
{
    if (options.wait && options.no_wait)
        return Error("--wait and --no-wait cannot be used together");
    if ((options.wait || options.no_wait) && options.door.empty())
        return Error(std::string(options.wait ? "--wait" : "--no-wait") + " requires -g");
    const std::string address = options.address();
    if (!core::net::parse_address(address) || address.starts_with(':'))
        return Error("-g " + address
            + ": expected [ADDRESS:]PORT with a port of at most 65535, or the path of a Unix socket, which "
              "contains a / or ends in .sock");
    return {};
}

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

/// Whether the current write of this thread goes to the client only, not to the process's stream.
/// Computed once per write: if a client attached between the stream and the copy, it would get the
/// output twice.
thread_local bool goes_to_client_alone = false;

/// Sends the guest's output to the debug server's client. With `--lldb` the output goes nowhere
/// else. Otherwise the process's streams get it first, so that a blocking write can be interrupted
/// and the guest gets the streams' errors.
///
/// A client that launched this process shows its terminal too, but not output that it redirected.
/// Therefore only one of the two gets the output.
void send_output_to(debug::GdbServer& server, WasiConfig& wasi, bool is_client_alone)
{
    const auto is_client_terminal = [&server](int stream) {
        return [&server, stream] {
            return goes_to_client_alone = server.is_launched_by_client() && isatty(stream) != 0;
        };
    };
    const auto send_copy = [&server](std::span<const std::byte> bytes) {
        if (goes_to_client_alone || !server.is_launched_by_client())
            server.send_output(bytes);
    };
    const auto send = [&server](std::span<const std::byte> bytes) { server.send_output(bytes); };
    if (is_client_alone)
        wasi.stdout_to(send).stderr_to(send);
    else
        wasi.stdout_copy(send_copy, is_client_terminal(STDOUT_FILENO))
            .stderr_copy(send_copy, is_client_terminal(STDERR_FILENO));
}

/// Runs the guest in a session with a debug server.
int run_debugged(const Guest& guest, WasiConfig wasi, const Options& options, Limits& limits)
{
    Program& program = guest.program;
    // The guest must survive a closed terminal or connection.
    std::signal(SIGPIPE, SIG_IGN);
    debug::Session session(program.store());
    debug::GdbServer server(session, options.address(),
        options.no_wait ? debug::GdbServer::Serves::OneFreeCall : debug::GdbServer::Serves::OneCall);
    door::inner(session)->set_symbols(
        std::make_shared<SymbolFinder>(files_of(guest.modules), options.debug_info));
    if (server.error())
        return report(Error("-g " + options.address() + ": " + server.error()->to_text()));
    send_output_to(server, wasi, options.lldb);
    if (options.lldb)
        wasi.stdin_text("");
    if (auto added = program.add_wasi(wasi); !added)
        return report(added.error());
    if (auto fits = program.check_imports(); !fits)
        return report(fits.error());

    if (guest.modules.empty())
        return report(Error(options.module + ": there is no core module in it to debug"));
    std::error_code unknown;
    const std::string path = std::filesystem::canonical(options.module, unknown);
    std::vector<Module> modules;
    for (const LoadedModule& loaded : guest.modules) {
        modules.push_back(loaded.module);
        if (modules.size() + guest.preloads <= guest.modules.size())
            server.announce(loaded.module, loaded.name.empty() ? path : path + ":" + loaded.name);
    }
    const std::vector<std::string> commands =
        server.lldb_commands(modules.front(), std::span(modules).subspan(1));
    if (!server.is_loopback())
        print_warning("anyone who can connect to " + server.address() + " can read and change the guest");
    if (!options.quiet && !options.lldb)
        print_note(std::string(options.no_wait ? "listening" : "waiting") + " for a debugger on "
            + server.address() + ": " + lldb_command(commands));
    std::unique_ptr<Lldb> lldb;
    if (options.lldb) {
        auto started = Lldb::start(commands, session);
        if (!started)
            return report(started.error());
        lldb = *std::move(started);
    }

    limits.watch([&session] { session.kill(); });
    Result<Ending> ending = Ending {};
    const debug::Event end = program.run_in(session, ending, true);
    limits.stop();
    lldb.reset();
    if (const size_t unread = server.close())
        print_note(std::to_string(unread)
            + " bytes of the guest's output were not sent: the debugger did not read them");
    // The guest can also have ended before its body ran.
    if (const auto& results = std::get<debug::Exited>(end).results; !results)
        ending = results.error();
    return finish(ending, guest, options, limits);
}

int run(Options& options, const std::vector<std::string>& words)
{
    // Checked first, because -g may have taken the module's path as its value.
    if (auto fits = check_door(options); !fits)
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
    const Engine engine(config->guest_debug(options.is_debugged() || options.guest_debug));
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
    Limits limits(*seconds, !options.lldb);
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
    const int status = options.is_debugged() ? run_debugged(guest, *std::move(wasi), options, limits)
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
    app.add_option("-g", options->door, "Wait for a debugger on a port (0 for any free one) or a Unix socket")
        ->type_name("[ADDRESS:]PORT|PATH");
    app.add_flag("--wait", options->wait, "With -g, start the guest when a debugger has attached (default)");
    app.add_flag(
        "--no-wait", options->no_wait, "With -g, start the guest at once; it stops when a debugger attaches");
    app.add_flag("--quiet", options->quiet, "With -g, do not print how to attach");
    app.add_flag("--stats", options->stats, "Print on stderr what was compiled, what not, and why");
    app.add_option("--perf", options->perf, "Tell perf or GDB which functions machine code belongs to")
        ->type_name("map|jitdump|gdb")
        ->expected(0, 1)
        ->default_str("map");
    app.add_option("--dump-code", options->dump_code,
           "Print on stderr the machine code of a function, given by name or index")
        ->type_name("FUNCTION");
    app.add_flag("--lldb", options->lldb, "Debug the guest with LLDB in this terminal");
    return [options](const std::vector<std::string>& words) { return run(*options, words); };
}

} // namespace vitrine::cli
