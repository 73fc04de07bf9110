// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "debug/session.h"
#include "gdb/address.h"

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace vitrine::core::gdb {

/// A module as LLDB lists it: a "library".
struct Library {
    uint32_t id;
    std::shared_ptr<const Module> module;
    /// Null while the module is only announced.
    const Instance* instance;
    std::string name;
};

/// [doc] The modules of the guest as LLDB knows them
///
/// LLDB knows modules by number. Each instance gets an id when the server meets it, and keeps it;
/// no id is used twice. The code of the instance is in the `Object` space under this id, its memory
/// 0 in the `Memory` space under the same id, its memory 1 under the next one, and so on. Instances
/// of one module in several stores that share their memory 0 are the threads of one program, and
/// have one id.
///
/// A module that will be instantiated can be announced. Its first instance then has its id, and
/// LLDB knows its name, beforehand.
class Modules {
public:
    /// There will be an instance of this module, whose file is `path` (absolute; empty if there is
    /// none).
    void announce(std::shared_ptr<const Module> module, std::string path);
    /// Meets new instances in the stores of these threads, which are all there are, and forgets
    /// those of stores that are gone. Returns the ids of libraries that are gone. Only while the
    /// guest is stopped.
    std::vector<uint32_t> update(const std::vector<debug::ThreadInfo>& threads);

    /// By ascending id.
    const std::vector<Library>& all() const { return libraries_; }
    /// The library one of whose ids, that of the instance or of one of its memories, is `id`.
    const Library* find(uint32_t id) const;
    /// Those of all stores, in the order in which they were met. Valid while the guest is stopped.
    const std::vector<Instance*>& instances() const { return instances_; }
    /// Whether not all instances share their memory 0.
    bool have_several_memories() const { return has_several_memories_; }

    /// Empty for an instance that was not met.
    std::string name_of(const Instance& instance) const;
    // Where LLDB has the code and the memories of an instance; id 0 for one that was not met.
    Address place_of(const Instance& instance, CodeOffset offset) const;
    Address memory_place(const Instance& instance, uint32_t memory) const;

    /// The list of all modules as `qXfer:libraries` answers with it.
    const std::string& list();
    /// Whether the list has changed since a client last asked for it.
    bool have_news() const { return was_told_ && has_news_; }

private:
    /// A store whose instances were met, by the first of its threads.
    struct KnownStore {
        uint32_t thread;
        Store* store;
        std::vector<const Instance*> instances {};
    };

    void add(std::shared_ptr<const Module> module, const Instance* instance);
    void meet(Instance& instance);
    void forget(const KnownStore& known, std::vector<uint32_t>& gone);
    std::string unique_name(const Module& module);

    std::vector<Library> libraries_;
    uint32_t next_id_ = 1;
    std::vector<KnownStore> stores_;
    std::vector<Instance*> instances_;
    std::unordered_map<const Instance*, uint32_t> ids_;
    /// The memory 0 of the first instance that has one, and whether another has a different one.
    const Memory* first_memory_ = nullptr;
    bool has_several_memories_ = false;
    std::unordered_map<const Module*, std::string> paths_;
    std::unordered_map<std::string, uint32_t> names_;
    std::string list_;
    bool was_told_ = false;
    bool has_news_ = true;
};

} // namespace vitrine::core::gdb
