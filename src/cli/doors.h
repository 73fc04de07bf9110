// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "cli/message.h"
#include "dap/server.h"
#include "net/guests.h"

#include <vitrine/debugger.hpp>
#include <vitrine/wasi.hpp>

#include <CLI/App.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace vitrine::cli {

/// The options for doors, through which debuggers attach to a guest.
struct DoorOptions {
    std::string lldb_address;
    std::optional<std::string> editor_address;
    bool starts_lldb = false;
    bool is_quiet = false;
    bool waits = false;
    bool is_free = false;

    void add_to(CLI::App& app);
    bool has_lldb() const { return starts_lldb || !lldb_address.empty(); }
    bool has_any() const { return has_lldb() || editor_address.has_value(); }
    /// Fails for addresses and combinations that make no sense.
    Result<void> check() const;
    /// From `-g 4711`, `-g4711` or `-g=4711`, as `net::parse_address` takes it.
    std::string address_for_lldb() const;
};

/// What is debugged through the doors.
struct DoorGuest {
    /// The guest's core modules; the preloaded ones last.
    std::vector<LoadedModule> modules;
    size_t preloads = 0;
    /// The path that was given.
    std::string path;
    std::vector<std::string> arguments {};
    core::dap::HostedGuest hosted {};
    std::vector<core::debug::LoadedModule> inner_modules {};
};

/// The open doors of a guest, and its entry in the register of running guests.
class Doors {
public:
    static Result<std::unique_ptr<Doors>> open(
        debug::Session& session, const DoorOptions& options, DoorGuest guest);
    Doors(const Doors&) = delete;
    Doors& operator=(const Doors&) = delete;

    /// Sends the guest's output to the debuggers, too. With `--lldb`, to LLDB only.
    void take_output(WasiConfig& wasi);
    /// What LLDB is to do to attach; only with its door.
    std::vector<std::string> lldb_commands() const;
    /// Whether a module was compiled from Rust, as far as debug information tells.
    bool has_rust() const;
    /// Enters the guest in the register, and prints how to attach.
    void announce();
    /// Waits until the session's call has ended: stops on the way are for the debuggers.
    void wait_for_end();
    /// Tells the debuggers that the guest has ended.
    void close();

    ~Doors();

private:
    Doors(debug::Session& session, const DoorOptions& options);
    Result<void> open_for_lldb(debug::Session& session);
    Result<void> open_for_editors();
    std::string enter_register();
    void print_where() const;

    const std::shared_ptr<core::debug::Session> session_;
    const DoorOptions options_;
    DoorGuest guest_;
    core::debug::Listeners::Id listener_ = 0;
    /// Set on the guest's thread.
    std::atomic<bool> has_ended_ = false;
    std::unique_ptr<debug::GdbServer> lldb_;
    std::unique_ptr<core::dap::Server> editors_;
    core::net::RegisteredGuest registered_;
};

} // namespace vitrine::cli
