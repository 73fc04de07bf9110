// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "cli/guest.h"
#include "cli/limits.h"
#include "cli/message.h"

#include <vitrine/vitrine.hpp>
#include <vitrine/wasi.hpp>

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace vitrine::cli {

/// A breakpoint of the debugger, which outlives the runs of the guest.
struct BreakpointRow {
    uint32_t id = 0;
    debug::BreakpointSpec spec;
    /// Of the instruction where it stops.
    uint32_t offset = 0;
    uint64_t hits = 0;
};

struct WatchpointRow {
    uint32_t id = 0;
    /// What is watched, as the user wrote it.
    std::string place;
    debug::WatchAccess access = debug::WatchAccess::Change;
    uint64_t hits = 0;
};

/// The guest of the debugger: runs it as often as wanted, each time in a store of its own. Breakpoints and what else stops it stay from run to
/// run; watchpoints end with the run. What lets the guest go on returns when it has stopped or ended, and
/// `stopped` and `end` tell.
class Debuggee {
public:
    /// Takes the messages of breakpoints, on the guest's thread.
    using MessageSink = std::function<void(std::string_view)>;

    /// The options live longer than this.
    static Result<std::unique_ptr<Debuggee>> create(
        const Module& module, const Engine& engine, const GuestOptions& options, MessageSink sink);
    ~Debuggee();

    const Module& module() const { return module_; }
    const GuestOptions& options() const { return options_; }

    /// Where it is stopped; null when it is not.
    debug::Stopped* stopped() { return stopped_ ? &*stopped_ : nullptr; }
    /// Why it is not stopped: it has not been started, or it has exited.
    Error not_stopped() const;
    /// What the last run, or a call in it, ended with; null before.
    const Result<std::vector<Val>>* end() const { return end_ ? &*end_ : nullptr; }
    /// The status that the last end means, as `run` would have it; 0 when there was none.
    int status() const { return status_; }
    /// Whether its time was over.
    bool is_late() const { return status_ == status::timeout; }
    /// The instance that was just loaded; that of the selected frame; or else the program's, and while
    /// that does not exist the first of the run. None before it.
    std::optional<Instance> instance();
    /// The module whose places are meant first: that of `instance` while the guest is stopped, or else
    /// the program's.
    Module module_in_view();
    /// The program, then what is preloaded.
    std::vector<LoadedModule> modules() const;
    /// What a module other than the program was preloaded as; empty for the program.
    std::string preload_name(const Module& module) const;
    std::vector<Instance> instances() const;

    /// Ends the former run, and runs the guest anew, behind what is preloaded.
    Result<void> run(Entry entry, bool stop_at_entry);
    /// Lets the guest go on: `how` takes the session, the stop and the selected thread, which is 0
    /// for the one that stopped.
    template<class How> Result<void> go_on(How how)
    {
        if (!stopped_)
            return not_stopped();
        return take(how(life_->session, *std::exchange(stopped_, std::nullopt), thread_));
    }
    /// Removes all breakpoints and watchpoints, and lets the guest run to its end. What `stop_on` set
    /// holds for later runs.
    Result<void> detach();
    /// Ends the guest, if it has not ended.
    void kill();
    /// Stops the guest if it runs. From any thread.
    void interrupt();

    // The selected thread and frame: those that stopped, after each stop.
    Result<std::vector<debug::Frame>> frames();
    /// The selected one.
    Result<debug::Frame> frame();
    size_t frame_number() const { return frame_; }
    Result<void> select_frame(size_t number);
    uint32_t thread() const { return thread_; }
    /// While it is stopped: never 0.
    uint32_t thread_number() const { return thread_ ? thread_ : stopped_->reason().thread; }
    Result<void> select_thread(uint32_t id);

    Result<uint32_t> add_breakpoint(const debug::BreakpointSpec& spec);
    Result<void> change_breakpoint(uint32_t id, const debug::BreakpointSpec& spec);
    std::vector<BreakpointRow> breakpoints() const;
    Result<uint32_t> add_watchpoint(const debug::WatchpointSpec& spec, std::string place);
    std::vector<WatchpointRow> watchpoints() const;
    /// Those on locals whose frames have ended since this was asked last.
    std::vector<uint32_t> take_ended_watchpoints() { return std::exchange(ended_, {}); }
    /// A breakpoint or a watchpoint.
    Result<void> remove(uint32_t id);
    /// The number that the debugger knows a breakpoint or watchpoint of the session by.
    uint32_t id_of(uint32_t session_id) const;

    const debug::StopsOn& stops_on() const { return stops_on_; }
    Result<void> stop_on(const debug::StopsOn& what);

private:
    void select_innermost();
    /// What a run consists of.
    struct Life {
        explicit Life(const Engine& engine) : store(engine), linker(engine), session(store) {}
        Store store;
        Linker linker;
        debug::Session session;
    };

    Debuggee(const Module& module, const Engine& engine, const GuestOptions& options, MessageSink sink)
        : module_(module), engine_(engine), options_(options), sink_(std::move(sink))
    {}
    Result<void> begin_life();
    Result<void> take(debug::Event event);
    void drop_ended_watchpoints();

    Module module_;
    Engine engine_;
    const GuestOptions& options_;
    /// What each run gets: the same listeners, too.
    WasiConfig wasi_;
    Preloads preloads_;
    MessageSink sink_;
    /// Guards `life_` against its end while `interrupt` uses it.
    std::mutex mutex_;
    std::unique_ptr<Life> life_;
    std::unique_ptr<Limits> limits_;
    std::optional<debug::Stopped> stopped_;
    std::optional<Result<std::vector<Val>>> end_;
    int status_ = 0;
    uint32_t thread_ = 0;
    size_t frame_ = 0;
    debug::StopsOn stops_on_;
    /// Our numbers of what the session has.
    std::map<uint32_t, uint32_t> ids_;
    struct Watched {
        std::string place;
        bool is_local;
    };
    std::map<uint32_t, Watched> watched_;
    std::vector<uint32_t> ended_;
    uint32_t next_id_ = 1;
};

} // namespace vitrine::cli
