// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "component/instance.h"
#include "runtime/program_view.h"

#include <deque>
#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace vitrine::core::component {

class Call;

/// A resource type that the host defines. Its address is its identity: definitions under several
/// names may share it.
struct HostResource {
    std::string name;
    /// Identifies the C++ type of its objects. Null if there is none.
    const void* tag = nullptr;
    /// Keeps the tag alive, if anything must.
    std::shared_ptr<const void> owner {};
};

/// Objects of the host that guests refer to by number.
class HostObjects {
public:
    uint32_t add(std::shared_ptr<void> object);
    /// Null if there is none.
    std::shared_ptr<void> find(uint32_t rep) const;
    /// Removes it.
    std::shared_ptr<void> take(uint32_t rep);

private:
    std::vector<std::shared_ptr<void>> objects_ = std::vector<std::shared_ptr<void>>(1);
    std::vector<uint32_t> free_;
};

/// The components of a store. The store owns it, and destroys it before the rest of its objects.
class Components final : public ProgramView {
public:
    Components(Store& store, core::TypeRegistry::FunctionType entry_type);
    Components(const Components&) = delete;
    Components& operator=(const Components&) = delete;
    ~Components() override;
    /// Those of a store, which are made if there are none. Fails if the engine has no room for
    /// their types.
    static Result<Components*> create(Store& store);
    /// Those of a store with components.
    static Components& of(const Store& store);

    Store& store;
    HostObjects objects;
    /// In the order of their creation.
    std::deque<Instance> instances;

    std::string describe() const override;
    Result<std::string> describe_handles(std::string_view instance) const override;
    Result<ProgramView::PreparedCall> prepare_call(std::string_view text) override;
    std::unique_ptr<State> save() const override;
    void restore(const State& state) override;

    /// The resource type of this store for one of the host.
    const ResourceKind& kind_of(const std::shared_ptr<const HostResource>& resource);
    ResourceKind& new_kind(ResourceKind kind) { return kinds_.emplace_back(std::move(kind)); }

    /// Makes the function that runs a call of the host.
    void make_entry(Function& function, const Call& call);
    /// A call that is not in use.
    Call& take_call();
    void give_back(Call& call) { free_calls_.push_back(&call); }

private:
    core::TypeRegistry::FunctionType entry_type_;
    HostFunction entry_;
    std::deque<ResourceKind> kinds_;
    std::map<std::shared_ptr<const HostResource>, const ResourceKind*> host_kinds_;
    std::vector<std::unique_ptr<Call>> calls_;
    std::vector<Call*> free_calls_;
};

} // namespace vitrine::core::component
