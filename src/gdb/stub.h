// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "debug/client.h"
#include "gdb/request.h"
#include "gdb/view.h"

namespace vitrine::core::gdb {

class Monitor;

/// What the client sees as the process that it debugs.
enum class Process : uint8_t {
    /// The one call that the session runs. Its end is the end of the process. It waits for a
    /// client, at first and whenever it stops without one.
    Call,
    /// Like `Call`, but it does not wait for the first client.
    FreeCall,
    /// The one call, beside other clients of the session: it controls the guest only while a client
    /// is attached, and does not wait for one.
    SharedCall,
    /// Any number of calls by the session's owner, with or without a client.
    Owner,
};

/// [doc] The side of the protocol that answers
///
/// Keeps track of what the client believes about the guest, and of the truth. A client believes
/// that the guest is stopped until it resumes it, and that it runs until a stop is reported.
///
///     Nobody --attach--> Still --resume--> Runs --stop, end--> Still
///     Still, Runs --detach, kill, lose--> Nobody
///
/// If the guest stops while the client believes that it is stopped already, the stop is kept and
/// reported as soon as the client resumes.
///
/// While a client is attached, the stub is an exclusive client of the session (`debug::Client`).
/// For `Call` and `FreeCall` it is one all the time.
///
/// Has no socket and no thread. Only one member may be called at a time.
class Stub {
public:
    Stub(debug::Session& session, Process process);
    ~Stub();

    /// Starts. `listener` passes the session's events on to `on_event`. Unless the process is its
    /// `Owner`, takes control of the guest, which fails if another client has it.
    Result<void> open(debug::Listener listener);

    struct Answer {
        /// Absent if the reply follows later, because the guest runs.
        std::optional<std::string> payload;
        enum class After : uint8_t { GoOn, StopAcks, Close } after = After::GoOn;
        /// Printed on the client's console before the reply.
        std::string output {};
    };

    View& view() { return view_; }

    /// A client attaches and takes control of the guest. With `ends_with_client` the client has
    /// launched the guest, which ends when the client disconnects, in whatever way. This makes no
    /// difference for an `Owner`. Fails if another client of the session has control.
    Result<void> attach(bool ends_with_client = false);
    /// The client has disconnected without a word. A running guest is stopped and waits for the
    /// next client, unless the session has other clients that can resume it. A `SharedCall` without
    /// other clients is resumed.
    void lose();
    Answer answer(const Request& request);
    /// The client wants the guest to stop. Returns what to send at once, if anything.
    std::optional<std::string> interrupt();
    /// The guest has stopped or ended. Returns what to send to the client, if anything.
    std::optional<std::string> on_event(const debug::Event& event);
    /// The server closes. Returns what to send to the client, if anything.
    std::optional<std::string> close();

    bool is_attached() const { return client_ != Client::Nobody; }
    /// Whether the client currently accepts the guest's output.
    bool wants_output() const { return client_ == Client::Runs && !is_greeting_; }
    /// Whether a client has resumed the guest, or none needs to, and none has been lost since then.
    bool was_let_go() const { return was_let_go_; }

private:
    enum class Client : uint8_t { Nobody, Still, Runs };

    // One for each request.
    Answer on(const ask::Unknown&);
    Answer on(const ask::Malformed&);
    Answer on(const ask::Agree&);
    Answer on(const ask::StopAcks&);
    Answer on(const ask::ErrorTexts&);
    Answer on(const ask::Features&);
    Answer on(const ask::HostInfo&);
    Answer on(const ask::ProcessInfo&);
    Answer on(const ask::ResumeActions&);
    Answer on(const ask::RegisterInfo&);
    Answer on(const ask::Libraries&);
    Answer on(const ask::ThreadList&);
    Answer on(const ask::CurrentThread&);
    Answer on(const ask::ThreadExists&);
    Answer on(const ask::SelectThread&);
    Answer on(const ask::ThreadsInfo&);
    Answer on(const ask::LastStop&);
    Answer on(const ask::ThreadStop&);
    Answer on(const ask::CallStack&);
    Answer on(const ask::ReadRegister&);
    Answer on(const ask::WriteRegister&);
    Answer on(const ask::ReadLocal&);
    Answer on(const ask::ReadOperand&);
    Answer on(const ask::ReadGlobal&);
    Answer on(const ask::ReadGlobalOf&);
    Answer on(const ask::ReadMemory&);
    Answer on(const ask::WriteMemory&);
    Answer on(const ask::MemoryRegion&);
    Answer on(const ask::SetBreakpoint&);
    Answer on(const ask::RemoveBreakpoint&);
    Answer on(const ask::SetWatchpoint&);
    Answer on(const ask::RemoveWatchpoint&);
    Answer on(const ask::WatchpointCount&);
    Answer on(const ask::Resume&);
    Answer on(const ask::Detach&);
    Answer on(const ask::Kill&);
    Answer on(const ask::Monitor&);

    Answer no_thread(uint64_t thread) const;
    Answer error(unsigned code, std::string_view text) const;
    Answer value(const Result<Value>& value) const;
    /// Whether the guest runs unless it is stopped. Otherwise it will stop by itself, at its entry.
    bool is_free() const { return was_let_go_ || process_ == Process::Owner; }
    /// Whether any guest thread executes something or is stopped.
    bool is_anything_running() const;
    /// Absent if the session cannot do it.
    std::optional<debug::Resume> plan(const ask::Resume& asked) const;
    void let_go(const debug::Resume& how);
    void forget_stop();
    bool wants_control() const;
    Result<void> update_control();
    void leave(bool holds_guest);
    void kill();
    std::optional<std::string> on_stop(const debug::StopReason& reason);
    std::optional<std::string> on_end(const debug::Outcome& outcome);
    /// How a stop is described to a client.
    struct Cause {
        int signal;
        /// Empty for a thread that did not cause the stop.
        std::string_view reason {};
        std::string description {};
        std::optional<ask::Watch> watch {};
    };
    Cause cause_of(const debug::StopReason& reason) const;
    bool is_ours(const debug::StopReason& reason) const;
    std::string place_text(uint32_t thread) const;
    std::string thread_text(uint32_t thread, const Cause& cause);
    std::string stop_text(const debug::StopReason& reason, bool is_first_telling = false);
    /// The description of a guest that is stopped because it executes nothing.
    std::string idle_text();

    debug::Session& session_;
    Process process_;
    View view_;
    /// The console of the client that is attached.
    std::unique_ptr<Monitor> monitor_;
    debug::Listener listener_;
    /// Present while this server controls the guest.
    std::unique_ptr<debug::Client> control_;
    Client client_ = Client::Nobody;
    bool is_closed_ = false;
    /// The client does not know any state yet, and waits for the first one.
    bool is_greeting_ = false;
    bool wants_error_texts_ = false;
    bool wants_interrupt_ = false;
    /// Whether a stopped guest waits for the next client.
    bool holds_guest_ = false;
    bool was_let_go_;
    bool was_killed_ = false;
    bool ends_with_client_ = false;
    /// Why the guest is stopped, and whether the client knows.
    std::optional<debug::StopReason> stop_;
    /// How the guest was last resumed. After a stop that is not reported to the client it resumes
    /// like that again.
    debug::Resume last_resume_ {};
    bool is_told_ = false;
    /// How the process ended.
    std::optional<std::string> end_;
    /// The list of modules while the client reads it in pieces.
    std::string libraries_;
};

} // namespace vitrine::core::gdb
