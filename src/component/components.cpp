// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "component/components.h"

#include "component/call.h"

namespace vitrine::core::component {

uint32_t HostObjects::add(std::shared_ptr<void> object)
{
    if (!free_.empty()) {
        const uint32_t rep = free_.back();
        free_.pop_back();
        objects_[rep] = std::move(object);
        return rep;
    }
    objects_.push_back(std::move(object));
    free_.reserve(objects_.capacity());
    return static_cast<uint32_t>(objects_.size() - 1);
}

std::shared_ptr<void> HostObjects::find(uint32_t rep) const
{
    return rep < objects_.size() ? objects_[rep] : nullptr;
}

std::shared_ptr<void> HostObjects::take(uint32_t rep)
{
    if (rep >= objects_.size() || !objects_[rep])
        return nullptr;
    free_.push_back(rep);
    return std::exchange(objects_[rep], nullptr);
}

Components::Components(Store& store, core::TypeRegistry::FunctionType entry_type)
    : store(store),
      entry_type_(std::move(entry_type)),
      entry_ { .module = "component",
          .name = "call",
          .type = {},
          .callback = &Call::on_entry,
          .kind = HostKind::Engine,
          .is_boundary = true }
{}

Components::~Components() = default;

Result<Components*> Components::create(Store& store)
{
    if (auto* const found = store.find_attached<Components>())
        return found;
    return &store.attach<Components>(store, TRY(store.engine().types.add(core::FuncType {})));
}

Components& Components::of(const Store& store)
{
    auto* const found = store.find_attached<Components>();
    ASSERT(found);
    return *found;
}

void Components::make_entry(Function& function, const Call& call)
{
    store.make_host_function(function, entry_, entry_type_.id, &call);
}

const ResourceKind& Components::kind_of(const std::shared_ptr<const HostResource>& resource)
{
    const ResourceKind*& kind = host_kinds_[resource];
    if (!kind)
        kind = &new_kind({ .name = resource->name });
    return *kind;
}

std::shared_ptr<const HostResource> Components::find_host_resource(const ResourceKind& kind) const
{
    for (const auto& [resource, made] : host_kinds_)
        if (made == &kind)
            return resource;
    return nullptr;
}

Call& Components::take_call()
{
    if (free_calls_.empty()) {
        free_calls_.reserve(calls_.size() + 1);
        return *calls_.emplace_back(std::make_unique<Call>(*this));
    }
    Call& call = *free_calls_.back();
    free_calls_.pop_back();
    return call;
}

} // namespace vitrine::core::component
