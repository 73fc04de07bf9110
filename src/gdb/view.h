// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "debug/session.h"
#include "gdb/address.h"

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace vitrine::core::gdb {

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
/// LLDB knows modules by number, and one address space for everything. Each instance gets an id when the door hears of it, and
/// keeps it; no id is given twice. Its code lies in `Object` space under that id, its memory 0 in `Memory` space under the
/// same id, its memory 1 under the next one, and so on. LLDB 22 always asks for the memory with the id 0: that is memory 0 of
/// the innermost frame's instance.
///
/// A module that will be instantiated may be announced: then its first instance has its id beforehand.
///
/// Only while the guest stands still (between `on_stop` and `on_resume`) is the store looked at; a module's bytes and
/// its breakpoints are there at any time.
class View {
public:
    explicit View(debug::Session& session) : session_(session) {}

    /// There will be an instance of this module, whose file is `path` (absolute; empty when there is none).
    void announce(std::shared_ptr<const Module> module, std::string path);

    /// The guest stands still from here on.
    void on_stop(const debug::StopReason& reason);
    void on_resume();

    bool is_stopped() const { return is_stopped_; }
    /// The guest frames of this stop, innermost first; as many as fit into a packet.
    const std::vector<Frame>& frames();
    /// While the guest stands still.
    std::deque<Instance>& instances() { return session_.store().instances(); }
    /// What the client calls the instance's module, and where it has the module's bytes and a memory; id 0 when it has not been met.
    std::string name_of(const Instance& instance) const;
    Address place_of(const Instance& instance, uint32_t offset) const;
    Address memory_place(const Instance& instance, uint32_t memory) const;

    /// Where the innermost frame is; 0 when there is none. At a breakpoint it is what the client called its place.
    uint64_t pc();
    /// The places of the frames.
    std::vector<uint64_t> call_stack();
    Result<Value> local(uint64_t frame, uint64_t index);
    Result<Value> operand(uint64_t frame, uint64_t index);
    Result<Value> global(uint64_t frame, uint64_t index);
    Result<Value> global_of(uint64_t instance_id, uint64_t index);

    /// The bytes from `address` on that are there, at most `length`; valid until the guest goes on.
    Bytes read(uint64_t address, uint64_t length);
    /// All or nothing; code is never written.
    Result<void> write(uint64_t address, Bytes bytes);
    Region region(uint64_t address);

    /// Does nothing when there is one at the address already.
    Result<void> add_breakpoint(uint64_t address);
    void remove_breakpoint(uint64_t address);
    void remove_all_breakpoints();
    /// Whether the guest stands at a breakpoint that was set from here.
    bool is_at_breakpoint() const { return is_at_breakpoint_; }

    /// The list of all modules, as `qXfer` answers with it.
    const std::string& libraries();
    /// Whether there are modules that were not there when a client last asked for the list.
    bool has_news() const { return told_ != 0 && told_ != libraries_.size(); }

private:
    struct Library {
        uint32_t id;
        std::shared_ptr<const Module> module;
        /// Null while it is only announced.
        const Instance* instance;
        std::string name;
    };
    /// A breakpoint of the session.
    struct Breakpoint {
        uint32_t id;
        const Instance* instance;
    };

    void add_library(std::shared_ptr<const Module> module, const Instance* instance);
    void meet(const Instance& instance);
    void find_breakpoint(uint32_t id);
    void narrow_breakpoints();
    std::string unique_name(const Module& module);
    /// The library whose ids, that of the instance and those of its memories, contain `id`.
    const Library* find_library(uint32_t id) const;
    const Memory* find_memory(uint32_t id);
    Result<const Frame*> frame(uint64_t number);
    template<class Visit> void for_each_region(Visit visit);

    debug::Session& session_;
    bool is_stopped_ = false;
    /// By ascending id.
    std::vector<Library> libraries_;
    uint32_t next_id_ = 1;
    size_t instances_met_ = 0;
    std::unordered_map<const Instance*, uint32_t> ids_;
    std::unordered_map<const Module*, std::string> paths_;
    std::unordered_map<std::string, uint32_t> names_;
    std::string libraries_text_;
    size_t told_ = 0;

    /// By the client's address. Those in a module that is only announced are for all its instances.
    std::map<uint64_t, Breakpoint> breakpoints_;
    /// Of this stop.
    std::optional<std::vector<Frame>> frames_;
    std::optional<uint64_t> reported_pc_;
    bool is_at_breakpoint_ = false;
};

} // namespace vitrine::core::gdb
