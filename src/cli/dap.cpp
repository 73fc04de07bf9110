// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/commands.h"
#include "cli/ctrl_c.h"
#include "cli/dap_program.h"
#include "cli/message.h"
#include "dap/serve.h"
#include "dap/terminal.h"
#include "net/connect.h"
#include "net/listener.h"

#include <csignal>
#include <thread>

#include <fcntl.h>
#include <unistd.h>

namespace vitrine::cli {

namespace {

/// Serves the client at the standard streams. Whatever else is written to them must not get into
/// its messages, so they are moved away.
int serve_streams()
{
    const int input = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    const int output = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (input < 0 || output < 0 || nothing < 0 || dup2(nothing, STDIN_FILENO) < 0
        || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
        return report(Error("the standard streams cannot be used"));
    DapLauncher launcher;
    core::dap::serve(launcher, input, output);
    return 0;
}

/// Serves every client that connects to the address, each with a program of its own, until the
/// process is ended.
int serve_address(const std::string& address)
{
    boost::asio::io_context io;
    core::net::Listener listener(io);
    if (const auto opened = listener.open(address); !opened)
        return report(Error("--listen " + address + ": " + opened.error().message));
    if (!listener.is_local())
        print_warning("anyone who can connect to " + listener.address() + " can run programs");
    print_note("listening for editors on " + listener.address());
    listener.accept([](core::net::Socket socket) {
        const int descriptor = socket.release();
        std::thread([descriptor] {
            DapLauncher launcher;
            core::dap::serve(launcher, descriptor, descriptor);
            close(descriptor);
        }).detach();
    });
    io.run();
    return 0;
}

/// In a terminal of the client's: lends it to the adapter at the address.
int lend_terminal(const std::string& address)
{
    const auto socket = core::net::connect_to(address);
    if (!socket)
        return report(Error("--terminal: " + socket.error().message));
    // From before the adapter has the streams, a Ctrl-C is for the program.
    const CtrlC ctrl_c([&] { core::dap::send_interrupt(*socket); });
    if (const auto sent = core::dap::send_streams(*socket); !sent)
        return report(Error("--terminal: " + sent.error().message));
    core::dap::wait_for_end(*socket);
    return 0;
}

} // namespace

Action add_dap(CLI::App& app)
{
    const auto address = std::make_shared<std::string>();
    app.add_option("--listen", *address, "Serve editors that connect to a port or a Unix socket")
        ->type_name("[ADDRESS:]PORT|PATH");
    const auto terminal = std::make_shared<std::string>();
    app.add_option("--terminal", *terminal, "Lend this terminal to a debug adapter; editors use this")
        ->type_name("PATH");
    return [address, terminal](const std::vector<std::string>& words) {
        if (!words.empty())
            return usage_error(Error("unexpected argument " + words.front()), "dap");
        if (!address->empty() && !terminal->empty())
            return usage_error(Error("--listen and --terminal exclude each other"), "dap");
        std::signal(SIGPIPE, SIG_IGN);
        if (!terminal->empty())
            return lend_terminal(*terminal);
        return address->empty() ? serve_streams() : serve_address(*address);
    };
}

} // namespace vitrine::cli
