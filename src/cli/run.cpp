// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/commands.h"
#include "cli/lldb.h"
#include "cli/message.h"
#include "cli/options.h"

#include <vitrine/debugger.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <fmt/format.h>
#include <mutex>
#include <thread>
#include <variant>

namespace vitrine::cli {

namespace {

struct Options : GuestOptions {
    std::string door;
    bool lldb = false;
    bool quiet = false;
    bool typed = false;
    bool guest_debug = false;

    bool is_debugged() const { return lldb || !door.empty(); }
};

/// Ends the guest at Ctrl-C or when its time is over, as long as it lives.
class Limits {
public:
    Limits(const Interrupter& interrupter, double seconds, bool takes_signal) : interrupter_(interrupter)
    {
        if (takes_signal) {
            active_ = this;
            std::signal(SIGINT, [](int) {
                if (const Limits* limits = active_) {
                    was_interrupted_ = true;
                    limits->interrupter_.interrupt();
                }
            });
        }
        if (seconds > 0)
            clock_ = std::thread([this, seconds] { wait(std::chrono::duration<double>(seconds)); });
    }
    ~Limits()
    {
        active_ = nullptr;
        {
            const std::lock_guard lock(mutex_);
            is_over_ = true;
        }
        changed_.notify_all();
        if (clock_.joinable())
            clock_.join();
    }

    /// The status of a guest that was ended here.
    std::optional<int> status() const
    {
        if (was_timeout_)
            return status::timeout;
        return was_interrupted_ ? std::optional(status::interrupted) : std::nullopt;
    }

private:
    void wait(std::chrono::duration<double> time)
    {
        std::unique_lock lock(mutex_);
        if (changed_.wait_for(lock, time, [&] { return is_over_; }))
            return;
        was_timeout_ = true;
        // The guest may be between two calls just now.
        do
            interrupter_.interrupt();
        while (!changed_.wait_for(lock, std::chrono::milliseconds(20), [&] { return is_over_; }));
    }

    // A signal handler finds its way by these.
    static inline std::atomic<const Limits*> active_ = nullptr;
    static inline std::atomic<bool> was_interrupted_ = false;

    Interrupter interrupter_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool is_over_ = false;
    std::atomic<bool> was_timeout_ = false;
    std::thread clock_;
};

void print_results(const std::vector<Val>& results, bool typed)
{
    for (const Val& result : results)
        fmt::print("{}{}\n", typed ? std::string(to_text(result.kind())) + ":" : "", result.to_text());
    std::fflush(stdout);
}

/// The guest's results, or its status.
int finish(const Result<std::vector<Val>>& results, const Options& options, const std::optional<int>& ended)
{
    if (results) {
        print_results(*results, options.typed);
        return 0;
    }
    const Trap* trap = results.error().trap();
    if (trap && trap->kind == TrapKind::Interrupted && ended) {
        if (!options.quiet)
            print_error(*ended == status::timeout
                    ? fmt::format("the guest ran longer than {} s", options.timeout)
                    : "interrupted");
        return *ended;
    }
    return report(results.error());
}

/// A door's address from the option's word: `-g4711`, `-g127.0.0.1:4711`, `-g=127.0.0.1:4711`.
std::string door_address(const Options& options)
{
    if (options.door.empty())
        return "127.0.0.1:0";
    return options.door.starts_with('=') ? options.door.substr(1) : options.door;
}

void announce_door(const debug::GdbServer& server, const Module& module, const Options& options)
{
    if (!server.is_loopback())
        print_warning("anyone who can reach " + server.address() + " can read and change the guest");
    if (!options.quiet && !options.lldb)
        fmt::print(stderr, "vitrine: waiting for a debugger on {}: {}\n", server.address(),
            lldb_command(server.lldb_commands(module)));
}

/// Runs the guest in a session with a door.
int run_debugged(Store& store, Linker& linker, const Module& module, const Options& options, WasiConfig wasi)
{
    debug::Session session(store);
    debug::GdbServer server(session, door_address(options), debug::GdbServer::Serves::OneCall);
    if (const Error* error = session.error() ? session.error() : server.error()) {
        print_error("-g " + door_address(options) + ": " + error->to_text());
        return status::refused;
    }
    const auto show = [&](std::FILE* stream) {
        return [&, stream](std::span<const std::byte> bytes) {
            server.send_output(bytes);
            if (!options.lldb) {
                std::fwrite(bytes.data(), 1, bytes.size(), stream);
                std::fflush(stream);
            }
        };
    };
    wasi.stdout_to(show(stdout)).stderr_to(show(stderr));
    if (options.lldb)
        wasi.stdin_text("");
    if (auto added = add_wasi(linker, store, wasi); !added)
        return report(added.error());
    if (auto fits = linker.check(store, module); !fits)
        return report(fits.error());
    server.announce(module, absolute_path(options.module));
    announce_door(server, module, options);
    std::optional<pid_t> lldb;
    if (options.lldb) {
        auto started = start_lldb(server.lldb_commands(module));
        if (!started)
            return report(started.error());
        lldb = *started;
    }
    std::optional<int> ended;
    debug::Event event = [&] {
        Limits limits(store.interrupter(), options.timeout, !options.lldb);
        auto end = session.run([&] { return run_guest(linker, store, module, options); }, true);
        ended = limits.status();
        return end;
    }();
    const int result = finish(std::get<debug::Exited>(event).results, options, ended);
    if (lldb)
        wait_for_lldb(*lldb);
    return result;
}

int run(Options& options, const CLI::App& command, const Behind& behind)
{
    if (auto taken = options.take_rest(command, behind); !taken) {
        print_error(taken.error().message() + " (vitrine run --help)");
        return status::usage;
    }
    auto wasi = options.wasi();
    if (!wasi) {
        print_error(wasi.error().message());
        return status::usage;
    }
    Engine engine(Config().guest_debug(options.is_debugged() || options.guest_debug));
    const auto module = Module::from_file(engine, options.module);
    if (!module)
        return report(module.error());
    Store store(engine);
    Linker linker(engine);
    if (options.is_debugged())
        return run_debugged(store, linker, *module, options, std::move(*wasi));
    if (auto added = add_wasi(linker, store, *wasi); !added)
        return report(added.error());
    Limits limits(store.interrupter(), options.timeout, true);
    const auto results = run_guest(linker, store, *module, options);
    return finish(results, options, limits.status());
}

} // namespace

Command add_run(CLI::App& app, const Behind& behind)
{
    CLI::App& command = *app.add_subcommand("run", "Run a WASI command, or a function of a module");
    const auto options = std::make_shared<Options>();
    options->add_to(command);
    command
        .add_option(
            "-g", options->door, "Wait for a debugger on -gPORT or -gADDRESS:PORT; port 0 takes a free one")
        ->allow_extra_args(false);
    command.add_flag("--lldb", options->lldb, "Start LLDB on the guest in this terminal");
    command.add_flag("--quiet", options->quiet, "Say nothing about the door");
    command.add_flag("--typed", options->typed, "Print results of --invoke as type:value");
    command.add_flag("--guest-debug", options->guest_debug, "Open the guest to debuggers, without a door");
    command.footer("Everything behind the module's path belongs to the guest.\nExample: vitrine run --dir . "
                   "app.wasm input.txt");
    return [options, &command, &behind] { return run(*options, command, behind); };
}

} // namespace vitrine::cli
