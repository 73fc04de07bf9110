// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "component/fault.h"
#include "component/value.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace vitrine::core {
struct Function;
class Store;
} // namespace vitrine::core

namespace vitrine::core::component {

class Instance;

/// The handles that a call has lent and borrowed.
struct HandleScope {
    /// Handles of the caller that the callee has been lent.
    std::vector<uint32_t> lent {};
    /// How many handles the callee has borrowed and not dropped.
    uint32_t borrows = 0;
    /// What a host function has borrowed.
    std::vector<std::shared_ptr<HeldResource>> held {};
    /// Resources of components that the host has lent to the callee.
    std::vector<std::shared_ptr<HeldResource>> lent_resources {};
    /// Objects of the host that it has lent to the callee, see `HostObjects`.
    std::vector<uint32_t> lent_objects {};
};

/// A resource type of a store. Its address is its identity: each instance of a component that
/// defines a resource type makes a new one.
struct ResourceKind {
    std::string name;
    /// The instance that defines it. Null if the host does.
    Instance* owner = nullptr;
    /// Called with the representation when the last owner drops a resource. Can be null.
    Function* destructor = nullptr;
    /// Identifies the C++ type of the objects, for a resource type of the host. Null if there is
    /// none.
    const void* tag = nullptr;
};

/// The resources that an instance owns or borrows. The guest refers to them by index.
/// [component model: Canonical ABI, table state and resource state]
class HandleTable {
public:
    static constexpr uint32_t max_size = (1u << 28) - 1;

    struct Entry {
        /// Null if the entry is unused.
        const ResourceKind* kind = nullptr;
        uint32_t rep = 0;
        /// How many calls have been lent the resource and have not returned.
        uint32_t lends = 0;
        /// The call that it was lent to this instance for. Null if the instance owns it.
        HandleScope* scope = nullptr;

        bool is_own() const { return !scope; }
    };

    /// Fails if the table is full, or if the embedder does not let it grow.
    Faulty<uint32_t> add(
        const Store& store, const ResourceKind& kind, uint32_t rep, HandleScope* scope = nullptr);
    /// Removes what has been borrowed for a call that has failed.
    void remove_borrows(HandleScope& scope);
    /// The entry of a resource of this type.
    Faulty<Entry*> find(uint32_t index, const ResourceKind& kind);
    /// Removes an entry that no call has been lent, and returns it.
    Faulty<Entry> remove(uint32_t index, const ResourceKind& kind);
    /// The entry at an index that `find` has accepted.
    Entry& at(uint32_t index) { return entries_[index]; }

    /// All entries, including unused ones. Index 0 is never used.
    const std::vector<Entry>& entries() const { return entries_; }

private:
    bool grow(const Store& store);

    std::vector<Entry> entries_ = std::vector<Entry>(1);
    /// Indices of unused entries. The one that became unused last is used first.
    std::vector<uint32_t> free_;
};

} // namespace vitrine::core::component
