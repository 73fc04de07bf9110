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

/// How many watchpoints a client may have, set by packets and commands together, and how many bytes
/// one may watch. Each access to a memory is compared with all of them, and the bytes are copied.
constexpr size_t max_watchpoints = 64;
constexpr uint64_t max_watched_bytes = 65536;

/// A range of addresses with the same contents and permissions. Unmapped if it has no name.
struct Region {
    uint64_t start;
    /// The size in bytes. The last region of all ends with the address space.
    uint64_t size;
    std::string name {};
    /// In the form of `qMemoryRegionInfo`: `rw` or `rx`.
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
/// The stores are read only while the guest is stopped (between `on_stop` and `on_resume`). The
/// bytes of modules can be read, and breakpoints in them be set, at any time.
class View {
public:
    explicit View(debug::Session& session) : session_(session) {}

    /// The client of the session that owns the stops set here. Null while no debugger is attached.
    void use(debug::Client* client) { client_ = client; }
    debug::Client* client() const { return client_; }

    /// The guest has stopped.
    void on_stop(const debug::StopReason& reason);
    void on_resume();

    bool is_stopped() const { return is_stopped_; }
    /// All guest threads; those that execute nothing have no frames.
    std::vector<uint32_t> threads() const;
    /// The thread whose frames are read.
    uint32_t thread() const { return thread_; }
    uint32_t stopped_thread() const { return stopped_thread_; }
    /// Selects another thread. False if there is none with this id.
    bool select(uint64_t thread);
    /// The guest frames of a thread at this stop, innermost first, as many as fit into a packet.
    const std::vector<Frame>& frames(uint32_t thread);
    const std::vector<Frame>& frames() { return frames(thread_); }
    /// The instances of all stores, in the order in which the server met them. Valid while the
    /// guest is stopped.
    const std::vector<Instance*>& instances() const { return modules_.instances(); }
    Modules& modules() { return modules_; }
    // The same as those of `modules`.
    Address place_of(const Instance& instance, CodeOffset offset) const
    {
        return modules_.place_of(instance, offset);
    }
    Address memory_place(const Instance& instance, uint32_t memory) const
    {
        return modules_.memory_place(instance, memory);
    }

    /// The address of a thread's innermost frame; 0 if there is none. At a breakpoint, the address
    /// that the client gave it.
    uint64_t pc(uint32_t thread) const;
    uint64_t pc() const { return pc(thread_); }
    /// Moves the selected thread to another address.
    Result<void> jump(uint64_t address);
    /// The selected thread was moved: its known frames are out of date.
    void on_move();
    /// Whether a thread was moved by a command that the client does not know about. Clears that:
    /// the client is now told that this thread has stopped.
    bool take_hidden_move(uint32_t thread);
    /// Like `on_move`, by such a command.
    void move_secretly();
    /// The addresses of the frames.
    std::vector<uint64_t> call_stack();
    Result<Value> local(uint64_t frame, uint64_t index);
    /// The id to send in the upper half of a 32-bit local of the frame; 0 if all instances share
    /// their memory 0.
    uint32_t memory_id_of(uint64_t frame);
    Result<Value> operand(uint64_t frame, uint64_t index);
    Result<Value> global(uint64_t frame, uint64_t index);
    Result<Value> global_of(uint64_t instance_id, uint64_t index);

    /// The bytes at `address`, at most `length` and as many as there are. Valid until the guest is
    /// resumed.
    Bytes read(uint64_t address, uint64_t length);
    /// Writes all bytes or none. Code cannot be written.
    Result<void> write(uint64_t address, Bytes bytes);
    Region region(uint64_t address);

    /// Does nothing if there is one at this address already. The address may also be before the
    /// first byte of a function, at its size in the code section, or after its last byte, where
    /// LLDB sets one to step over the last line.
    Result<void> add_breakpoint(uint64_t address);
    void remove_breakpoint(uint64_t address);
    /// Whether, at this stop, a breakpoint was set after the current function, which the client
    /// thus wants to leave.
    bool waits_for_return() const;
    /// As for breakpoints. Only on memories, and only while the guest is stopped.
    Result<void> add_watchpoint(const ask::Watch& watch);
    /// Fails beyond `max_watchpoints` and `max_watched_bytes`.
    Result<uint32_t> add_watchpoint(debug::WatchpointSpec spec);
    void remove_watchpoint(const ask::Watch& watch);
    /// The watchpoint with this id, if it was set by a packet.
    std::optional<ask::Watch> find_watchpoint(uint32_t id) const;
    /// Removes everything that was set by packets and commands.
    void remove_all_stops();
    debug::Session& session() { return session_; }
    /// Whether the guest is stopped at a breakpoint that was set by a packet.
    bool is_at_breakpoint() const { return is_at_breakpoint_; }

private:
    struct GuestThread {
        uint32_t id;
        const Thread* thread;
        std::optional<std::vector<Frame>> frames {};
    };
    /// A breakpoint of the session. One after the last function is none, and has the id 0.
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
    /// The instance that a memory's id denotes, and the memory's index in it.
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
    /// The threads at this stop, by ascending id.
    std::vector<GuestThread> threads_;
    /// The instance whose memory 0 has the id 0. Null stands for that of the innermost frame.
    Instance* looked_at_ = nullptr;

    /// By the client's address. Breakpoints in a module that is only announced apply to all its
    /// instances.
    std::map<uint64_t, Breakpoint> breakpoints_;
    /// The addresses of those set at this stop.
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
    /// By what the client asked for.
    std::map<ask::Watch, uint32_t> watchpoints_;
    /// What the client called the stopped thread's place, at a breakpoint.
    std::optional<uint64_t> reported_pc_;
    std::set<uint32_t> moved_secretly_;
    bool is_at_breakpoint_ = false;
};

} // namespace vitrine::core::gdb
