// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "component/handles.h"

#include "runtime/store.h"

#include <algorithm>

namespace vitrine::core::component {

Faulty<uint32_t> HandleTable::add(
    const Store& store, const ResourceKind& kind, uint32_t rep, HandleScope* scope)
{
    const Entry entry { &kind, rep, 0, scope };
    if (!free_.empty()) {
        const uint32_t index = free_.back();
        free_.pop_back();
        entries_[index] = entry;
        return index;
    }
    if (entries_.size() > max_size || (entries_.size() == entries_.capacity() && !grow(store)))
        return fault(FaultKind::TableFull);
    entries_.push_back(entry);
    return static_cast<uint32_t>(entries_.size() - 1);
}

/// Makes room for more entries. Like a table of the guest, it counts against the embedder's limit.
bool HandleTable::grow(const Store& store)
{
    const size_t size = entries_.size(), desired = std::max(size_t { 8 }, 2 * size);
    return store.attempt(Refusable::TableGrowth, [&] {
        if (desired > Store::max_table_elements || !store.allows(Resource::Table, size, desired))
            return false;
        return guarded(
            [&] {
                // Also so that `remove` never allocates.
                free_.reserve(desired);
                entries_.reserve(desired);
                return true;
            },
            [](const Thrown&) { return false; });
    });
}

Faulty<HandleTable::Entry*> HandleTable::find(uint32_t index, const ResourceKind& kind)
{
    if (index >= entries_.size() || !entries_[index].kind)
        return fault(FaultKind::UnknownHandle, index);
    if (entries_[index].kind != &kind)
        return fault(FaultKind::WrongResource, index);
    return &entries_[index];
}

Faulty<HandleTable::Entry> HandleTable::remove(uint32_t index, const ResourceKind& kind)
{
    Entry& entry = *TRY(find(index, kind));
    if (entry.lends != 0)
        return fault(FaultKind::LentResource, index);
    const Entry removed = entry;
    entry = {};
    free_.push_back(index);
    return removed;
}

void HandleTable::remove_borrows(HandleScope& scope)
{
    for (uint32_t index = 0; index < entries_.size() && scope.borrows != 0; ++index)
        if (entries_[index].scope == &scope) {
            entries_[index] = {};
            free_.push_back(index);
            --scope.borrows;
        }
}

} // namespace vitrine::core::component
