// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "debug/breakpoints.h"
#include "debug/listeners.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace vitrine::core::debug {

class Session;

using ClientId = uint32_t;

/// The session's owner: a shared client that always exists. It learns of stops by waiting.
constexpr ClientId owner = 0;

/// Who takes part in a session, and who may resume. Not synchronised: the session sees to that.
class Clients {
public:
    Clients() : rows_ { { owner, "the embedder", {} } } {}

    /// Refuses an exclusive client while there is another one.
    Result<ClientId> add(std::string name, bool is_exclusive);
    void remove(ClientId client);
    /// Only the owner is left.
    void clear();

    /// Refuses everybody but the exclusive client, if there is one.
    Result<void> check_may_resume(ClientId client) const;
    /// Its name; null when there is none.
    const std::string* exclusive() const;
    /// Empty for a client that has left.
    std::string name_of(ClientId client) const;
    /// Whether there are clients besides this one and the owner.
    bool are_there_others(ClientId client) const;

    /// An absent value withdraws what the client has asked for.
    void stop_on(ClientId client, std::optional<StopsOn> what);
    /// What any client has asked for; the defaults if none has asked for anything.
    StopsOn stops_on() const;

private:
    struct Row {
        ClientId id;
        std::string name;
        std::optional<StopsOn> stops_on;
    };
    const Row* find(ClientId client) const;

    /// The owner first.
    std::vector<Row> rows_;
    ClientId next_ = 1;
    std::optional<ClientId> exclusive_;
};

/// [doc] A client of a session: an attached debugger, whatever its protocol
///
/// Every client is told of every stop, every resume and the end, through its `Listener`. Each has
/// its own stops: breakpoints, watchpoints, and events to stop on. The guest stops for those of all
/// clients. When a client disconnects, in whatever way, exactly its own stops are removed.
///
/// A *shared* client accepts that others resume the guest. There may be any number of them, and
/// each may resume. An *exclusive* client does not: LLDB, for example, cannot be told that somebody
/// else has resumed its process. While one is attached, the others may inspect the guest, interrupt
/// it and end it, but they cannot resume it: the error names the exclusive client. `Session::wait`
/// then returns only the end.
///
/// All members may be called from any thread. The session must outlive the client.
class Client {
public:
    enum class Kind : uint8_t { Shared, Exclusive };

    /// `name` is what others are told, for example `LLDB`. Fails if there is an exclusive client
    /// and this is to be another one.
    static Result<std::unique_ptr<Client>> attach(
        Session& session, std::string name, Kind kind, Listener listener = {});
    /// Detaches, and removes the client's stops. The guest remains stopped or running. A function
    /// of the listener may be called once more if the guest's thread was about to.
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    Session& session() const { return session_; }
    ClientId id() const { return id_; }
    /// Whether there are other clients besides the session's owner.
    bool has_company() const;

    /// Resumes a stopped guest. With the number of a stop (`StopReason::number`) only from that
    /// stop, as another client may have resumed the guest meanwhile.
    Result<void> resume(Resume how, std::optional<uint64_t> stop = std::nullopt);

    Result<uint32_t> add_breakpoint(BreakpointSpec spec);
    /// Replaces everything except module and offset. A client can change and remove only its own
    /// stops.
    Result<void> change_breakpoint(uint32_t id, BreakpointSpec spec);
    Result<uint32_t> add_watchpoint(WatchpointSpec spec);
    Result<void> change_watchpoint(uint32_t id, WatchpointSpec spec);
    /// Removes a breakpoint or watchpoint. It may be gone already.
    Result<void> remove_stop(uint32_t id);
    /// Takes over a breakpoint or watchpoint that was added to the session directly.
    void adopt_stop(uint32_t id)
    {
        const std::lock_guard lock(mutex_);
        stops_.push_back(id);
    }
    /// Whether the client added this breakpoint or watchpoint.
    bool owns_stop(uint32_t id) const
    {
        const std::lock_guard lock(mutex_);
        return std::ranges::find(stops_, id) != stops_.end();
    }
    /// What else stops the guest while the client is attached, together with what others ask for.
    void stop_on(StopsOn what);
    void remove_all_stops();

private:
    explicit Client(Session& session) : session_(session) {}
    template<class Add> Result<uint32_t> own(Add add);

    Session& session_;
    /// The owner's until the session has accepted the client.
    ClientId id_ = owner;
    Listeners::Id listener_ = 0;
    mutable std::mutex mutex_;
    /// The ids of what it added; some may be gone.
    std::vector<uint32_t> stops_;
};

} // namespace vitrine::core::debug
