// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/doors.h"

#include "base/text.h"
#include "cli/lldb.h"
#include "door/inner.h"
#include "gdb/lldb.h"
#include "net/address.h"

#include <algorithm>
#include <filesystem>
#include <span>

#include <unistd.h>

namespace vitrine::cli {

namespace {

/// Whether the current write of this thread goes to the client only, not to the process's stream.
/// Computed once per write: if a client attached between the stream and the copy, it would get the
/// output twice.
thread_local bool goes_to_client_alone = false;

Result<void> check_address(std::string_view option, const std::string& address)
{
    if (!core::net::parse_address(address) || address.starts_with(':'))
        return Error(std::string(option) + address
            + ": expected [ADDRESS:]PORT with a port of at most 65535, or the path of a Unix socket, which "
              "contains a / or ends in .sock");
    return {};
}

std::string absolute(const std::string& path)
{
    std::error_code unknown;
    const auto found = std::filesystem::canonical(path, unknown);
    return unknown ? path : found.string();
}

} // namespace

void DoorOptions::add_to(CLI::App& app)
{
    app.add_option("-g", lldb_address, "Wait for LLDB on a port (0 for any free one) or a Unix socket")
        ->type_name("[ADDRESS:]PORT|PATH");
    app.add_option(
           "--dap", editor_address, "Wait for editors, too; without a value, on a Unix socket that they find")
        ->type_name("[ADDRESS:]PORT|PATH")
        ->expected(0, 1)
        ->default_str("");
    app.add_flag("--wait", waits, "With -g or --dap, start the guest when a debugger has attached (default)");
    app.add_flag(
        "--no-wait", is_free, "With -g or --dap, start the guest at once; it stops when LLDB attaches");
    app.add_flag("--quiet", is_quiet, "With -g or --dap, do not print how to attach");
    app.add_flag("--lldb", starts_lldb, "Debug the guest with LLDB in this terminal");
}

std::string DoorOptions::address_for_lldb() const
{
    return lldb_address.empty() ? "127.0.0.1:0" : lldb_address.substr(lldb_address.starts_with('=') ? 1 : 0);
}

Result<void> DoorOptions::check() const
{
    if (waits && is_free)
        return Error("--wait and --no-wait cannot be used together");
    if ((waits || is_free) && lldb_address.empty() && !editor_address)
        return Error(std::string(waits ? "--wait" : "--no-wait") + " requires -g or --dap");
    if (starts_lldb && editor_address)
        return Error("--lldb and --dap cannot be used together: use -g and --dap");
    CHECK(check_address("-g ", address_for_lldb()));
    if (editor_address && !editor_address->empty())
        CHECK(check_address("--dap=", *editor_address));
    return {};
}

Doors::Doors(debug::Session& session, const DoorOptions& options)
    : session_(door::inner(session)), options_(options)
{
    listener_ = session_->add_listener({ .events = [this](const core::debug::Event& event) {
        if (!std::holds_alternative<core::debug::Outcome>(event))
            return;
        has_ended_.store(true);
        has_ended_.notify_all();
    } });
}

Doors::~Doors() { session_->remove_listener(listener_); }

void Doors::wait_for_end() { has_ended_.wait(false); }

Result<std::unique_ptr<Doors>> Doors::open(
    debug::Session& session, const DoorOptions& options, DoorGuest guest)
{
    std::unique_ptr<Doors> doors(new Doors(session, options));
    doors->guest_ = std::move(guest);
    doors->guest_.path = absolute(doors->guest_.path);
    if (options.has_lldb())
        CHECK(doors->open_for_lldb(session));
    if (options.editor_address)
        CHECK(doors->open_for_editors());
    return doors;
}

Result<void> Doors::open_for_lldb(debug::Session& session)
{
    using Serves = debug::GdbServer::Serves;
    const std::string address = options_.address_for_lldb();
    auto server = debug::GdbServer::create(session, address,
        options_.editor_address ? Serves::OneSharedCall
            : options_.is_free  ? Serves::OneFreeCall
                                : Serves::OneCall);
    if (!server)
        return Error("-g " + address + ": " + server.error().to_text());
    lldb_ = std::make_unique<debug::GdbServer>(*std::move(server));
    for (const LoadedModule& loaded :
        std::span(guest_.modules).first(guest_.modules.size() - guest_.preloads))
        lldb_->announce(loaded.module, loaded.name.empty() ? guest_.path : guest_.path + ":" + loaded.name);
    return {};
}

Result<void> Doors::open_for_editors()
{
    std::string address = *options_.editor_address;
    if (address.empty()) {
        const auto folder = core::net::folder_of_guests();
        if (!folder)
            return Error("--dap: there is no place for the socket: " + folder.error().message
                + "; give a port or a path");
        address = *folder + "/" + std::to_string(::getpid()) + ".sock";
    }
    guest_.hosted.serves = options_.is_free ? core::dap::Serves::FreeCall : core::dap::Serves::Call;
    guest_.hosted.name = guest_.path;
    auto server = core::dap::Server::open(*session_, address, guest_.hosted);
    if (!server)
        return Error("--dap=" + *options_.editor_address + ": " + server.error().message);
    editors_ = *std::move(server);
    for (core::debug::LoadedModule& loaded : guest_.inner_modules)
        editors_->announce(std::move(loaded));
    return {};
}

/// Returns why that failed. The guest can be debugged nevertheless.
std::string Doors::enter_register()
{
    auto registered = core::net::RegisteredGuest::create({ .process = 0,
        .start_time = 0,
        .module = guest_.path,
        .arguments = guest_.arguments,
        .editors = editors_ ? editors_->address() : "",
        .lldb = lldb_ ? lldb_->address() : "" });
    if (!registered)
        return registered.error().message;
    registered_ = *std::move(registered);
    return "";
}

/// Otherwise than with `--lldb`, the process's streams get the output first, so that a blocking
/// write can be interrupted and the guest gets the streams' errors.
///
/// An LLDB that launched this process shows its terminal too, but not output that it redirected.
/// Therefore only one of the two gets the output.
void Doors::take_output(WasiConfig& wasi)
{
    if (options_.starts_lldb) {
        const auto send = [this](std::span<const std::byte> bytes) { lldb_->send_output(bytes); };
        wasi.stdout_to(send).stderr_to(send).stdin_text("");
        return;
    }
    const auto is_client_terminal = [this](int stream) {
        return [this, stream] {
            return goes_to_client_alone = lldb_ && lldb_->is_launched_by_client() && isatty(stream) != 0;
        };
    };
    const auto send_copy = [this](core::dap::Launcher::Stream stream) {
        return [this, stream](std::span<const std::byte> bytes) {
            if (lldb_ && (goes_to_client_alone || !lldb_->is_launched_by_client()))
                lldb_->send_output(bytes);
            if (editors_)
                editors_->send_output(stream, { reinterpret_cast<const char*>(bytes.data()), bytes.size() });
        };
    };
    using enum core::dap::Launcher::Stream;
    wasi.stdout_copy(send_copy(Out), is_client_terminal(STDOUT_FILENO))
        .stderr_copy(send_copy(Error), is_client_terminal(STDERR_FILENO));
}

std::vector<std::string> Doors::lldb_commands() const
{
    std::vector<Module> modules;
    for (const LoadedModule& loaded : guest_.modules)
        modules.push_back(loaded.module);
    return lldb_->lldb_commands(modules.front(), std::span(modules).subspan(1));
}

bool Doors::has_rust() const
{
    return std::ranges::any_of(guest_.modules,
        [](const LoadedModule& loaded) { return core::gdb::has_rust(*door::inner(loaded.module)); });
}

void Doors::announce()
{
    const std::string problem = enter_register();
    const auto warn = [](const std::string& address) {
        print_warning("anyone who can connect to " + address + " can read and change the guest");
    };
    if (lldb_ && !lldb_->is_loopback())
        warn(lldb_->address());
    if (editors_ && !editors_->is_local())
        warn(editors_->address());
    print_where();
    if (!problem.empty() && !options_.starts_lldb)
        print_warning("`vitrine ps` will not list this guest: " + problem);
}

void Doors::print_where() const
{
    if (options_.is_quiet || options_.starts_lldb)
        return;
    const std::string state = options_.is_free ? "listening" : "waiting";
    if (lldb_)
        print_note(state + " for a debugger on " + lldb_->address() + ": " + lldb_command(lldb_commands()));
    if (editors_)
        print_note(state + " for editors on " + editors_->address()
            + ": vitrine debug --attach=" + std::to_string(::getpid()));
}

void Doors::close()
{
    registered_ = {};
    size_t unread = 0;
    if (lldb_)
        unread += lldb_->close();
    if (editors_)
        unread += editors_->close();
    if (unread != 0)
        print_note(std::to_string(unread)
            + " bytes of the guest's output were not sent: the debugger did not read them");
}

} // namespace vitrine::cli
