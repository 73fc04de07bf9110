// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Requests: attaching to a guest that runs already, here or in another process, and leaving it.
#include "dap/adapter.h"

namespace vitrine::core::dap {

Result<json::Object> Adapter::attach(const Arguments& arguments)
{
    if (program_)
        return failure(program_->is_attached() ? "the client is attached to a program already"
                                               : "a program was launched before");
    const AttachSpec spec = TRY(AttachSpec::from(arguments));
    Launcher::Attached attached = TRY(launcher_.attach(spec, output()));
    if (auto* const socket = std::get_if<net::Descriptor>(&attached)) {
        relay_ = std::make_unique<Relay>(
            std::move(*socket), outbox_, [this] { inbox_.add([this] { on_relay_end(); }); });
        relay_->send(initialize_, true);
        return Body {};
    }
    program_ = std::move(std::get<std::unique_ptr<Program>>(attached));
    spec_.program = program_->name();
    spec_.stops_at_entry = spec.stops_at_entry;
    spec_.enters_libraries = spec.enters_libraries;
    CHECK(begin_program("attach"));
    return Body {};
}

Result<json::Object> Adapter::disconnect(const Arguments& arguments)
{
    if (run_ && program_->is_attached()) {
        if (TRY(arguments.flag_or("terminateDebuggee", false)))
            run_->session().kill();
        suspends_ = TRY(arguments.flag_or("suspendDebuggee", false));
    }
    is_over_ = true;
    return Body {};
}

// -- Another process serves the client

void Adapter::pass_on(const Request& request) { relay_->send(request); }

/// The other process has closed the connection.
void Adapter::on_relay_end()
{
    const std::unique_ptr<Relay> ended = std::move(relay_);
    if (!ended)
        return;
    is_over_ = is_over_ || ended->has_disconnected();
    for (const Request& request : ended->unanswered()) {
        if (request.command == "disconnect") {
            is_over_ = true;
            respond(request, Body {});
            continue;
        }
        respond(request,
            failure(ended->has_spoken()
                    ? "the guest's process has ended"
                    : "the other side closed the connection: is that a door for editors?"));
    }
    if (!ended->has_spoken() || is_over_)
        return;
    if (!ended->has_told_end()) {
        print("important", "the guest's process has ended, or the guest has closed its door\n");
        outbox_.send_event("terminated");
    }
}

} // namespace vitrine::core::dap
