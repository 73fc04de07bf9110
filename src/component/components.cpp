// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "component/components.h"

#include "base/text.h"
#include "component/call.h"
#include "component/exports.h"
#include "component/printer.h"
#include "component/subtyping.h"
#include "component/wave.h"

#include <algorithm>

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
{
    store.program_view = this;
}

Components::~Components() { store.program_view = nullptr; }

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
        kind = &new_kind({ .name = resource->name, .tag = resource->tag });
    return *kind;
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

// -- For debuggers

namespace {

/// What users call an instance.
std::string shown_name(const Instance& instance)
{
    return instance.path.empty() ? "the component" : instance.path;
}

std::string handle_text(uint32_t index, const HandleTable::Entry& entry)
{
    std::string text = "  " + std::to_string(index) + ": " + (entry.is_own() ? "own " : "borrow ")
        + entry.kind->name + ", rep " + std::to_string(entry.rep);
    if (entry.lends != 0)
        text += ", lent to " + count_text(entry.lends, "call");
    return text;
}

size_t count_of(const HandleTable& handles)
{
    return static_cast<size_t>(
        std::ranges::count_if(handles.entries(), [](const auto& entry) { return entry.kind != nullptr; }));
}

/// What a trap changes in instances.
struct SavedInstances final : ProgramView::State {
    struct One {
        bool is_entered, may_leave;
        TaskContext context;
    };
    std::vector<One> instances;
};

} // namespace

std::string Components::describe() const
{
    std::string text;
    for (const Instance& instance : instances) {
        text += shown_name(instance) + (instance.is_entered ? ", entered" : "") + ":\n";
        const auto list = [&](std::string_view what, const Externs& externs) {
            for (size_t i = 0; i < externs.size(); ++i)
                text += "  " + std::string(what) + " " + std::string(to_text(externs.entities[i].kind)) + " "
                    + printable(externs.name(i)) + "\n";
        };
        const ComponentType& type = instance.component->types->component(instance.component->type);
        list("import", type.imports);
        list("export", type.exports);
        for (const core::Instance* const item : instance.core_instances)
            text += "  core instance #" + std::to_string(item->number) + " " + printable(item->name) + "\n";
        if (const size_t count = count_of(instance.handles); count != 0)
            text += "  handles " + std::to_string(count) + "\n";
    }
    return text;
}

Result<std::string> Components::describe_handles(std::string_view name) const
{
    std::string text;
    bool is_found = name.empty();
    for (const Instance& instance : instances) {
        if (!name.empty() && name != instance.path)
            continue;
        is_found = true;
        const auto& entries = instance.handles.entries();
        if (count_of(instance.handles) == 0)
            continue;
        text += shown_name(instance) + ":\n";
        for (uint32_t index = 0; index < entries.size(); ++index)
            if (entries[index].kind)
                text += handle_text(index, entries[index]) + "\n";
    }
    if (!is_found)
        return failure("there is no component instance " + quoted(name));
    return text.empty() ? "no handles\n" : text;
}

Result<ProgramView::PreparedCall> Components::prepare_call(std::string_view text)
{
    const WaveCall parsed = TRY(parse_call(text));
    Result<ExportedFunc> found = failure("there is no component");
    for (const Instance& instance : instances) {
        if (instance.parent)
            continue;
        found = find_exported_func(*instance.component, parsed.name);
        if (!found)
            continue;
        const Func* const func = found->interface.empty() ? instance.find_func(found->name)
                                                          : instance.find_func(found->interface, found->name);
        if (!func)
            return failure("the component is not instantiated yet");
        auto arguments = TRY(parse_arguments(parsed, *func->shape));
        return [func, arguments = std::move(arguments)](Thread& thread) -> OrTrapped<std::string> {
            const auto result = call(thread, *func, arguments);
            if (!result)
                return std::unexpected(result.error());
            const TypeNames names(*func->instance->component);
            return *result ? to_wave(**result, *func->shape->result, { .names = &names }) : std::string();
        };
    }
    return std::unexpected(found.error());
}

std::unique_ptr<ProgramView::State> Components::save() const
{
    auto saved = std::make_unique<SavedInstances>();
    for (const Instance& instance : instances)
        saved->instances.push_back({ instance.is_entered, instance.may_leave, instance.context });
    return saved;
}

void Components::restore(const State& state)
{
    const auto& saved = static_cast<const SavedInstances&>(state).instances;
    for (size_t i = 0; i < saved.size(); ++i) {
        instances[i].is_entered = saved[i].is_entered;
        instances[i].may_leave = saved[i].may_leave;
        instances[i].context = saved[i].context;
    }
}

} // namespace vitrine::core::component
