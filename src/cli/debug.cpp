// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/attached.h"
#include "cli/commands.h"
#include "cli/ctrl_c.h"
#include "cli/debuggee.h"
#include "cli/message.h"
#include "cli/pager.h"
#include "cli/terminal.h"
#include "console/console.h"

#include <cstdlib>

#include <sys/stat.h>
#include <unistd.h>

namespace vitrine::cli {

namespace {

struct Options : GuestOptions {
    std::vector<std::string> scripts;
    bool is_batch = false;
    bool has_no_init = false;
    std::optional<std::string> attach;
};

namespace console = core::console;

/// Prints a line of the console, in its order with the guest's output.
void show(Pager& pager, const console::Line& line)
{
    pager.write(is_output_coloured() ? ansi_text(line) : plain_text(line));
}

/// Performs the commands that the user types, until the end of the input or `quit`.
void converse(console::Console& console, Debuggee& guest, Pager& pager)
{
    Terminal terminal([&](std::string_view line) { return console.completions(line); });
    guest.set_front({ [&] { pager.end(); }, [&] { return terminal.typed(); } });
    if (terminal.is_interactive())
        print("vitrine {}: `help` lists the commands, `run` starts the guest\n", vitrine::version());
    while (!console.is_over()) {
        const auto line = terminal.read_line(console.is_in_block() ? ">" : "(vitrine) ");
        // The end of the input ends a block, too.
        if (!line && !console.is_in_block())
            break;
        const console::Settings& settings = console.settings();
        const uint64_t screen = terminal.is_interactive() ? Pager::screen_lines() : 0;
        const bool is_automatic = settings.height == console::Settings::automatic;
        const bool is_paged = settings.pager != 0 && screen > 1;
        pager.begin(!is_paged ? 0 : is_automatic ? screen : settings.height);
        console.perform(line.value_or("end"));
        pager.end();
    }
    guest.set_front({});
}

/// `$XDG_CONFIG_HOME/vitrine/init`; empty if there is no such place.
std::string user_init_path()
{
    if (const char* folder = std::getenv("XDG_CONFIG_HOME"); folder && *folder)
        return std::string(folder) + "/vitrine/init";
    const char* const home = std::getenv("HOME");
    return home && *home ? std::string(home) + "/.config/vitrine/init" : "";
}

/// Whether the file is the user's own, and nobody else can have written to it.
bool is_own(const struct stat& file)
{
    return file.st_uid == geteuid() && (file.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/// Does what the user wants done at each start. A file in the working folder may be the guest's: it
/// is read only if the user has said so in his own.
void read_init_files(console::Console& console)
{
    const auto read = [&](const std::string& path) {
        if (const auto done = console.read(path, false); !done)
            print_warning(done.error().message);
    };
    struct stat file {};
    const std::string path = user_init_path();
    if (!path.empty() && ::stat(path.c_str(), &file) == 0)
        read(path);
    constexpr const char* local = ".vitrine";
    if (console.is_over() || ::stat(local, &file) != 0 || !S_ISREG(file.st_mode))
        return;
    if (console.settings().auto_load == 0)
        print_note(".vitrine is not read: `set auto-load on` in " + path + " allows it");
    else if (!is_own(file))
        print_warning(".vitrine is not read: others can write to it");
    else
        read(local);
}

int debug(Options& options, const std::vector<std::string>& words)
{
    if (options.attach) {
        if (!words.empty() || options.is_batch || !options.scripts.empty())
            return usage_error(
                Error("--attach starts no guest and runs no scripts: it takes no arguments"), "debug");
        return debug_attached(*options.attach);
    }
    if (auto taken = options.take(words); !taken)
        return usage_error(taken.error(), "debug");
    if (const auto seconds = options.seconds(); !seconds)
        return usage_error(seconds.error(), "debug");
    if (const auto wasi = options.wasi(); !wasi)
        return usage_error(wasi.error(), "debug");
    auto config = options.config();
    if (!config)
        return usage_error(config.error(), "debug");
    const Engine engine(config->guest_debug(true));
    const auto binary = options.part.load(engine, options.module);
    if (!binary)
        return report(binary.error());

    // In a batch, Ctrl-C ends the process; otherwise it stops the guest. `CtrlC` must be created
    // before the guest's threads.
    std::unique_ptr<Debuggee> guest;
    std::atomic<Debuggee*> interruptible = nullptr;
    std::atomic<console::Console*> interruptible_console = nullptr;
    std::unique_ptr<CtrlC> ctrl_c;
    if (!options.is_batch)
        ctrl_c = std::make_unique<CtrlC>([&] {
            if (console::Console* speaking = interruptible_console)
                speaking->interrupt();
            if (Debuggee* running = interruptible)
                running->interrupt();
        });
    Pager pager;
    auto created = Debuggee::create(*binary, engine, options,
        [&pager](std::string_view message) { show(pager, console::styled("log: " + std::string(message))); });
    if (!created)
        return report(created.error());
    guest = *std::move(created);
    interruptible = guest.get();

    console::Console console(*guest, [&pager](const console::Line& line) { show(pager, line); });
    interruptible_console = &console;
    if (!options.has_no_init)
        read_init_files(console);
    for (const std::string& script : options.scripts)
        if (auto read = console.read(script); !read) {
            ctrl_c.reset();
            return report(Error("-x " + script + ": " + read.error().message));
        }
    if (!options.is_batch && !console.is_over())
        converse(console, *guest, pager);
    guest->kill();
    ctrl_c.reset();
    return options.is_batch ? guest->status() : 0;
}

} // namespace

Action add_debug(CLI::App& app)
{
    const auto options = std::make_shared<Options>();
    options->add_to(app);
    app.add_option("-x,--script", options->scripts, "Run the debugger commands in this file first")
        ->type_name("FILE")
        ->allow_extra_args(false);
    app.add_option(
           "--attach", options->attach, "Debug a guest that runs already; without a value, the only one")
        ->type_name("PID|NAME|PORT|PATH")
        ->expected(0, 1)
        ->default_str("");
    app.add_flag("-n,--no-init", options->has_no_init, "Read no init file");
    app.add_flag("--batch", options->is_batch, "Exit after the scripts, with the guest's status");
    return [options](const std::vector<std::string>& words) { return debug(*options, words); };
}

} // namespace vitrine::cli
