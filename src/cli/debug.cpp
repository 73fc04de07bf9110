// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/commands.h"
#include "cli/ctrl_c.h"
#include "cli/debuggee.h"
#include "cli/message.h"
#include "cli/terminal.h"
#include "console/console.h"

#include <cstdio>

namespace vitrine::cli {

namespace {

struct Options : GuestOptions {
    std::vector<std::string> scripts;
    bool is_batch = false;
};

namespace console = core::console;

/// Prints a line of the console. It is flushed at once, so that it keeps its order with the guest's
/// output.
void show(const console::Line& line)
{
    print("{}\n", is_output_coloured() ? ansi_text(line) : plain_text(line));
    std::fflush(stdout);
}

/// Performs the commands that the user types, until the end of the input or `quit`.
void converse(console::Console& console)
{
    Terminal terminal("(vitrine) ", [&](std::string_view line) { return console.completions(line); });
    if (terminal.is_interactive())
        print("vitrine {}: `help` lists the commands, `run` starts the guest\n", vitrine::version());
    while (!console.is_over()) {
        const auto line = terminal.read_line();
        if (!line)
            break;
        console.perform(*line);
    }
}

int debug(Options& options, const std::vector<std::string>& words)
{
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
    std::unique_ptr<CtrlC> ctrl_c;
    if (!options.is_batch)
        ctrl_c = std::make_unique<CtrlC>([&] {
            if (Debuggee* running = interruptible)
                running->interrupt();
        });
    auto created = Debuggee::create(*binary, engine, options,
        [](std::string_view message) { show(console::styled("log: " + std::string(message))); });
    if (!created)
        return report(created.error());
    guest = *std::move(created);
    interruptible = guest.get();

    console::Console console(*guest, show);
    for (const std::string& script : options.scripts)
        if (auto read = console.read(script); !read)
            return report(Error("-x " + script + ": " + read.error().message));
    if (!options.is_batch && !console.is_over())
        converse(console);
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
    app.add_flag("--batch", options->is_batch, "Exit after the scripts, with the guest's status");
    return [options](const std::vector<std::string>& words) { return debug(*options, words); };
}

} // namespace vitrine::cli
