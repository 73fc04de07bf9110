// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A terminal of the client's for the program: the only request that the adapter makes.
#include "dap/adapter.h"

#include "base/text.h"
#include "dap/terminal_door.h"

#include <chrono>
#include <filesystem>

namespace vitrine::core::dap {

Result<void> Adapter::open_terminal(std::string_view kind)
{
    if (!runs_in_terminal_)
        return failure("console: this client cannot open a terminal (`supportsRunInTerminalRequest`)");
    std::error_code unknown;
    const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", unknown);
    if (unknown)
        return failure("the path of this program is not known: " + unknown.message());
    progress_.say("waiting for the terminal");
    TerminalDoor door;
    CHECK(door.open());
    json::Object arguments { { "kind", kind },
        { "title", json::to_string(std::filesystem::path(*spec_.program).filename().string()) },
        { "cwd", json::to_string(spec_.folder.value_or("")) },
        { "args",
            json::Array {
                json::to_string(self.string()), "dap", "--terminal", json::to_string(door.address()) } } };
    {
        // Held until the number is known: the answer may come at once.
        const std::lock_guard lock(mutex_);
        terminal_answer_.reset();
        terminal_asked_ = outbox_.send(
            { { "type", "request" }, { "command", "runInTerminal" }, { "arguments", std::move(arguments) } });
    }
    net::Descriptor socket = TRY(wait_for_terminal(door));
    Terminal::Streams streams = TRY(receive_streams(socket));
    terminal_ = std::make_unique<Terminal>(std::move(socket), std::move(streams));
    const auto post = [this](auto act) {
        inbox_.add([this, act] {
            if (run_ && has_started_ && !ending_)
                act(run_->session());
        });
    };
    terminal_->watch([post] { post([](debug::Session& session) { session.interrupt(); }); },
        [post] { post([](debug::Session& session) { session.kill(); }); });
    return {};
}

Result<net::Descriptor> Adapter::wait_for_terminal(TerminalDoor& door)
{
    // A client may ask its user first, or start a shell.
    constexpr std::chrono::seconds patience { 60 };
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (std::chrono::steady_clock::now() < deadline) {
        if (auto socket = door.accept())
            return *std::move(socket);
        if (progress_.is_cancelled())
            return failure("cancelled");
        if (inbox_.is_closed())
            return failure("the client has gone");
        const std::lock_guard lock(mutex_);
        if (terminal_answer_ && !terminal_answer_->is_success)
            return failure("console: the client has opened no terminal"
                + (terminal_answer_->problem.empty() ? "" : ": " + printable(terminal_answer_->problem)));
    }
    return failure("console: the command in the client's terminal has not connected within a minute");
}

} // namespace vitrine::core::dap
