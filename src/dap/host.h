// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "dap/launcher.h"

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace vitrine::core::dap {

/// What a session runs, as its clients see it.
enum class Serves : uint8_t {
    /// One call, whose end is the end of the program. It waits at its entry for its first client.
    Call,
    /// Like `Call`, but it does not wait.
    FreeCall,
    /// Any number of calls by the session's owner, who waits for the stops while there is no
    /// client.
    Owner,
};

/// What is known of a guest besides its session.
struct HostedGuest {
    Serves serves = Serves::Owner;
    /// What clients call the program.
    std::string name {};
    debug::Demangle demangle = nullptr;
    /// Where its sources are; null if nothing is known.
    std::function<source::PathOptions(const Module&)> path_options {};
    /// How it ended, called on any thread after its end; null if the session's outcome tells.
    std::function<Run::Ending()> ending {};
};

/// [doc] A guest that clients attach to
///
/// Makes of a session a program for adapters (`Program`), any number of which can be attached at a
/// time. Each is a shared client of the session.
///
/// A guest that is stopped when its last client leaves, in whatever way, is resumed, unless that
/// client has asked that it stay stopped. Then it waits for the next one. A `Call` that stops while
/// no client is attached is resumed at once, but for its entry.
///
/// All members may be called from any thread. The session must outlive the host.
class Host final : public std::enable_shared_from_this<Host> {
public:
    static std::shared_ptr<Host> create(debug::Session& session, HostedGuest guest);
    ~Host();
    Host(const Host&) = delete;
    Host& operator=(const Host&) = delete;

    debug::Session& session() const { return session_; }
    const HostedGuest& guest() const { return guest_; }

    /// There is, or will be, an instance of this module.
    void announce(debug::LoadedModule module);
    std::vector<debug::LoadedModule> modules();

    /// Shows the guest's output to all clients. Waits while one of them has too much to read.
    void send_output(Launcher::Stream stream, std::string_view bytes);

    /// What clients attach to.
    std::unique_ptr<Program> attach(const AttachSpec& spec, const Launcher::Output& output);

    Run::Ending ending() const;
    /// Waits until a client has said that the guest may run, or until `close`.
    void wait_for_client();
    /// Returns when the guest is not stopped any more: a client has resumed or ended it. Resumes it
    /// itself when there is no client.
    void wait_while_stopped();
    /// Nobody waits for clients any more.
    void close();

    // For the programs.

    using Sink = std::function<void(Launcher::Stream, std::string_view)>;
    /// A client's function for output, until it is cleared.
    struct Receiver {
        std::mutex mutex {};
        Sink sink;
    };
    /// Returns a number for the client.
    size_t add(std::shared_ptr<Receiver> receiver);
    /// The receiver gets nothing more. With `waits`, its function is not being called any more.
    void remove(const std::shared_ptr<Receiver>& receiver, bool waits);
    void enter();
    void leave(bool suspends);
    /// The client has set what it wants to stop at.
    void let_go(bool stop_at_entry);

private:
    Host(debug::Session& session, HostedGuest guest);
    bool has_nobody() const { return clients_ == 0 && !is_suspended_ && !is_waiting_; }
    void on_resume();
    void on_event(const debug::Event& event);
    void on_stop(const debug::StopReason& reason);
    void resume_from(const debug::StopReason& reason);

    debug::Session& session_;
    const HostedGuest guest_;
    debug::Listeners::Id listener_ = 0;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<debug::LoadedModule> modules_;
    std::vector<std::shared_ptr<Receiver>> receivers_;
    size_t clients_ = 0;
    size_t last_number_ = 0;
    /// At its entry, until somebody resumes it.
    bool is_waiting_;
    /// It need not stop at its entry.
    bool is_released_;
    /// A client has left it stopped.
    bool is_suspended_ = false;
    bool had_client_ = false;
    bool is_closed_ = false;
    /// Counts resumes and ends of calls.
    uint64_t resumes_ = 0;
    std::optional<Run::Ending> ending_;
};

/// Lets its client attach to one guest, and launches nothing.
class HostLauncher final : public Launcher {
public:
    explicit HostLauncher(std::shared_ptr<Host> host) : host_(std::move(host)) {}

    Result<std::unique_ptr<Program>> load(const LaunchSpec& spec, Output output) override;
    Result<Attached> attach(const AttachSpec& spec, const Output& output) override;

private:
    const std::shared_ptr<Host> host_;
};

} // namespace vitrine::core::dap
