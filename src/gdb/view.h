// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "debug/client.h"
#include "debug/session.h"
#include "gdb/address.h"
#include "gdb/modules.h"
#include "gdb/request.h"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace vitrine::core::gdb {

/// How many watchpoints a client can have, with packets and with commands together, and how many bytes one may watch:
/// each access to a memory is compared with all, and a copy of the bytes is kept.
constexpr size_t max_watchpoints = 64;
constexpr uint64_t max_watched_bytes = 65536;

/// A stretch of the address space in which everything is alike. Without a name nothing is there.
struct Region {
    uint64_t start;
    /// What lies behind `start`; the last region of all ends with the address space.
    uint64_t size;
    std::string name {};
    /// As `qMemoryRegionInfo` writes them: `rw` or `rx`.
    std::string_view permissions {};
};

/// [doc] The guest as LLDB sees it
///
/// LLDB has one address space for all code and all memories (see `Modules`). LLDB 22 uses the id 0
/// in addresses that it makes itself. They mean memory 0 of the instance that the client looked at
/// last: by a local of a frame, by an address with an id, or else by a stop or a thread, whose
/// innermost frame counts. If the instances have different memories, the value of a 32-bit local is
/// sent with the id of its frame's memory in the upper half. LLDB keeps it in addresses relative to
/// the local, such as those of variables on the stack.
///
/// LLDB asks for values of frames without naming a thread. It means the one that was last named in
/// a request that names one.
///
/// The stores are read only while the guest is stopped (between `on_stop` and `on_resume`). The bytes
/// of modules, and breakpoints in them, are there at any time.
class View {
public:
    explicit View(debug::Session& session) : session_(session) {}

    /// Whose stops those are that are set from here; null while nobody is attached.
    void use(debug::Client* client) { client_ = client; }

    /// The guest stands still from here on.
    void on_stop(const debug::StopReason& reason);
    void on_resume();

    bool is_stopped() const { return is_stopped_; }
    /// All guest threads; those that execute nothing have no frames.
    std::vector<uint32_t> threads() const;
    /// The thread that frames are asked of.
    uint32_t thread() const { return thread_; }
    uint32_t stopped_thread() const { return stopped_thread_; }
    /// Looks at another thread. Whether there is such a one.
    bool select(uint64_t thread);
    /// The guest frames of the thread at this stop, innermost first; as many as fit into a packet.
    const std::vector<Frame>& frames();
    /// While the guest stands still: those of all stores, in the order in which the door heard of them.
    const std::vector<Instance*>& instances() const { return modules_.instances(); }
    Modules& modules() { return modules_; }
    // As of `modules`.
    std::string name_of(const Instance& instance) const { return modules_.name_of(instance); }
    Address place_of(const Instance& instance, CodeOffset offset) const
    {
        return modules_.place_of(instance, offset);
    }
    Address memory_place(const Instance& instance, uint32_t memory) const
    {
        return modules_.memory_place(instance, memory);
    }

    /// Where a thread's innermost frame is; 0 when there is none. At a breakpoint it is what the client called its place.
    uint64_t pc(uint32_t thread) const;
    uint64_t pc() const { return pc(thread_); }
    /// Sends the thread that is looked at elsewhere.
    Result<void> jump(uint64_t address);
    /// That thread was sent elsewhere: what was known of its frames is not so.
    void on_move();
    /// Whether a thread was sent elsewhere by a command that the client knows nothing of. Forgets
    /// it: the client is told now that this thread has stopped.
    bool take_hidden_move(uint32_t thread);
    /// As `on_move`, by such a command.
    void move_secretly();
    /// The places of the frames.
    std::vector<uint64_t> call_stack();
    Result<Value> local(uint64_t frame, uint64_t index);
    /// The id to put above a 32-bit local of the frame; 0 when all instances share their memory 0.
    uint32_t memory_id_of(uint64_t frame);
    Result<Value> operand(uint64_t frame, uint64_t index);
    Result<Value> global(uint64_t frame, uint64_t index);
    Result<Value> global_of(uint64_t instance_id, uint64_t index);

    /// The bytes from `address` on that are there, at most `length`; valid until the guest goes on.
    Bytes read(uint64_t address, uint64_t length);
    /// All or nothing; code is never written.
    Result<void> write(uint64_t address, Bytes bytes);
    Region region(uint64_t address);

    /// Does nothing when there is one at the address already. It may also be before a function's first byte, at its size in the
    /// code section, or behind its last byte: LLDB steps over a function's last line with one there.
    Result<void> add_breakpoint(uint64_t address);
    void remove_breakpoint(uint64_t address);
    /// Whether, at this stop, a breakpoint was set behind the function that is executed, which the client wants to leave.
    bool waits_for_return() const;
    /// As for breakpoints. Of memories only, and while the guest stands still.
    Result<void> add_watchpoint(const ask::Watch& watch);
    /// Refused beyond `max_watchpoints` and `max_watched_bytes`.
    Result<uint32_t> add_watchpoint(debug::WatchpointSpec spec);
    void remove_watchpoint(const ask::Watch& watch);
    /// The one with this id that was set from here.
    std::optional<ask::Watch> find_watchpoint(uint32_t id) const;
    /// A breakpoint or watchpoint of the session that the client has set with a command of ours.
    /// `place` is what a watchpoint's place was called.
    void own_stop(uint32_t id, std::string place)
    {
        client_->adopt_stop(id);
        own_stops_[id] = std::move(place);
    }
    /// The place of such a one; null when it is none.
    const std::string* find_own_stop(uint32_t id) const;
    void disown_stop(uint32_t id);
    /// What else stops the guest, as long as the client is there.
    void stop_on(const debug::StopsOn& what);
    /// All that was set from here, and with commands.
    void remove_all_stops();
    debug::Session& session() { return session_; }
    /// Whether the guest stands at a breakpoint that was set from here.
    bool is_at_breakpoint() const { return is_at_breakpoint_; }

private:
    struct GuestThread {
        uint32_t id;
        const Thread* thread;
        std::optional<std::vector<Frame>> frames {};
    };
    /// A breakpoint of the session; one behind the last function is none, and has the id 0.
    struct Breakpoint {
        uint32_t id;
        const Instance* instance;
    };

    const GuestThread* find_thread(uint32_t id) const;
    std::optional<Frame> innermost_guest_frame(uint32_t thread) const;
    static const Instance* meant_by(const Library& library);
    void remove_breakpoints_in(uint32_t library);
    void find_breakpoint(uint32_t id);
    void expect_return(uint64_t address);
    void drop_expected_return();
    bool is_return_expected() const;
    void narrow_breakpoints();
    /// The instance that is meant by a memory's id, and the memory's index in it.
    std::pair<Instance*, uint32_t> find_memory_owner(uint32_t id);
    Memory* find_memory(uint32_t id);
    Result<const Frame*> frame(uint64_t number);
    template<class Visit> void for_each_region(Visit visit);

    debug::Session& session_;
    debug::Client* client_ = nullptr;
    Modules modules_;
    bool is_stopped_ = false;
    uint32_t stopped_thread_ = 1;
    uint32_t thread_ = 1;
    /// Of this stop, by ascending id.
    std::vector<GuestThread> threads_;
    /// The instance whose memory 0 has the id 0; null for the innermost frame's instance.
    Instance* looked_at_ = nullptr;

    /// By the client's address. Those in a module that is only announced are for all its instances.
    std::map<uint64_t, Breakpoint> breakpoints_;
    /// Where some were set at this stop.
    std::set<uint64_t> new_breakpoints_;
    /// A breakpoint at a frame's return address, which LLDB sets to step over a call or out of a
    /// function. If an exception is caught in that frame or further out instead, the thread stops
    /// at the handler.
    struct ExpectedReturn {
        uint64_t address;
        uint32_t thread;
        FrameId frame;
    };
    std::optional<ExpectedReturn> expected_return_;
    /// By what the client said.
    std::map<ask::Watch, uint32_t> watchpoints_;
    std::map<uint32_t, std::string> own_stops_;
    /// Of this stop.
    std::optional<uint64_t> reported_pc_;
    std::set<uint32_t> moved_secretly_;
    bool is_at_breakpoint_ = false;
};

} // namespace vitrine::core::gdb
