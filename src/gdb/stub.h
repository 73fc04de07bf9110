// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "debug/client.h"
#include "gdb/request.h"
#include "gdb/view.h"

namespace vitrine::core::gdb {

/// What a client takes for the process that it debugs.
enum class Process : uint8_t {
    /// The one call that the session runs: its end is the end of the process, and without a client it waits for one.
    Call,
    /// As `Call`, but it does not wait for the first client.
    FreeCall,
    /// Whatever the session's owner does: calls come and go, and nobody need watch them.
    Owner,
};

/// [doc] The side of the protocol that answers
///
/// Knows what the client believes of the guest, and what is true. A client believes that the guest stands still until it says
/// how to go on, and that it runs until it is told of a stop.
///
///     Nobody --attach--> Still --resume--> Runs --stop, end--> Still --detach, kill, lose--> Nobody
///
/// Where the two differ, a stop is kept until the client lets the guest go on, which is then answered at once.
/// No socket and no thread: whoever calls sees to it that one call comes at a time.
class Stub {
public:
    Stub(debug::Session& session, Process process)
        : session_(session), process_(process), view_(session), was_let_go_(process == Process::FreeCall)
    {}

    /// Begins. `listener` passes the session's events on to `on_event`. Unless the process is its
    /// `Owner`, takes control of the guest, which is refused while another client has it.
    Result<void> open(debug::Listener listener);

    struct Answer {
        /// Nothing when the answer comes later: the guest runs.
        std::optional<std::string> payload;
        enum class After : uint8_t { GoOn, StopAcks, Close } after = After::GoOn;
        /// What to print on the client's console before.
        std::string output {};
    };

    View& view() { return view_; }

    /// A client has come, and takes control of the guest. With `ends_with_client` the client has
    /// launched the guest, which ends when the client leaves, however that is; for an `Owner` it
    /// makes no difference. Refused while another client of the session has control.
    Result<void> attach(bool ends_with_client = false);
    /// The client has gone without a word: a running guest is stopped, and waits for the next one.
    void lose();
    Answer answer(const Request& request);
    /// The client wants the guest to stop; what to tell it at once, if anything.
    std::optional<std::string> interrupt();
    /// The guest has stopped or ended; what to tell the client, if anything.
    std::optional<std::string> on_event(const debug::Event& event);
    /// The door closes; what to tell the client, if anything.
    std::optional<std::string> close();

    bool is_attached() const { return client_ != Client::Nobody; }
    /// Whether the client can be told what the guest prints.
    bool wants_output() const { return client_ == Client::Runs && !is_greeting_; }
    /// Whether a client has let the guest go on, or nobody need do so, and since when no client has been lost.
    bool was_let_go() const { return was_let_go_; }

private:
    enum class Client : uint8_t { Nobody, Still, Runs };

    // One for each thing that can be asked.
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
    /// Whether the guest runs unless it is stopped; otherwise it will stop by itself, at its start.
    bool is_free() const { return was_let_go_ || process_ == Process::Owner; }
    /// Whether any guest thread executes something, or is stopped.
    bool is_anything_running() const;
    /// Nothing when the session cannot do it.
    std::optional<debug::Resume> plan(const ask::Resume& asked) const;
    void let_go(debug::Resume how);
    void forget_stop();
    bool wants_control() const;
    Result<void> update_control();
    void leave(bool holds_guest);
    void kill();
    std::optional<std::string> on_stop(const debug::StopReason& reason);
    std::optional<std::string> on_end(const debug::Outcome& outcome);
    /// What a client is told of a stop.
    struct Cause {
        int signal;
        /// Empty for a thread that merely stands still.
        std::string_view reason {};
        std::string description {};
        std::optional<ask::Watch> watch {};
    };
    Cause cause_of(const debug::StopReason& reason) const;
    bool is_ours(const debug::StopReason& reason) const;
    std::string place_text(uint32_t thread) const;
    std::string thread_text(uint32_t thread, const Cause& cause);
    std::string stop_text(const debug::StopReason& reason, bool is_first_telling = false);
    /// Of a guest that stands still as it executes nothing.
    std::string idle_text();

    debug::Session& session_;
    Process process_;
    View view_;
    debug::Listener listener_;
    /// While the guest stops and goes on as this door says: an exclusive client of the session.
    std::unique_ptr<debug::Client> control_;
    Client client_ = Client::Nobody;
    bool is_closed_ = false;
    /// The client does not know of any state yet, and waits for the first one.
    bool is_greeting_ = false;
    bool wants_error_texts_ = false;
    bool wants_interrupt_ = false;
    /// Without a client: whether a stopped guest waits for one.
    bool holds_guest_ = false;
    bool was_let_go_;
    bool was_killed_ = false;
    bool ends_with_client_ = false;
    /// Why the guest stands still, and whether the client knows.
    std::optional<debug::StopReason> stop_;
    /// How the guest was last let go: it goes on like that from a stop that the client does not see.
    debug::Resume last_resume_ {};
    bool is_told_ = false;
    /// How the process ended.
    std::optional<std::string> end_;
    /// The list of modules as the client reads it, in pieces.
    std::string libraries_;
};

} // namespace vitrine::core::gdb
