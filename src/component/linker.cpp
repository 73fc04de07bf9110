// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "component/linker.h"

#include "base/text.h"
#include "component/instantiate.h"
#include "component/item_check.h"
#include "component/names.h"
#include "component/signature.h"
#include "component/subtyping.h"

#include <algorithm>

namespace vitrine::core::component {

namespace {

std::string name_of(std::string_view interface, std::string_view name)
{
    return interface.empty() ? std::string(name) : std::string(interface) + "#" + std::string(name);
}

} // namespace

Result<void> Linker::define(std::string_view interface, std::string_view name, HostItem item)
{
    Items& items = interfaces_[compatible_name(interface)];
    if (!items.emplace(name, std::move(item)).second)
        return failure("import " + quoted(name_of(interface, name)) + " is already defined");
    return {};
}

/// Resolves the imports of one component in one store.
class Imports {
public:
    Imports(const Linker& linker, Components& components, Instance& instance)
        : linker_(linker), components_(components), instance_(instance), types_(*instance.component->types)
    {}

    Result<Item> resolve(const ImportDef& import)
    {
        const std::string_view name = import.name.name;
        if (import.entity.kind == EntityKind::Instance)
            return resolve_interface(name, import.entity);
        const HostItem* const item = find("", name);
        return make("", name, import.entity, item);
    }

    /// Names of what is missing.
    const std::vector<std::string>& missing() const { return missing_; }

private:
    const HostItem* find(std::string_view interface, std::string_view name) const
    {
        const auto items = linker_.interfaces_.find(compatible_name(interface));
        if (items == linker_.interfaces_.end())
            return nullptr;
        const auto item = items->second.find(name);
        return item == items->second.end() ? nullptr : &item->second;
    }

    Result<Item> resolve_interface(std::string_view interface, const Entity& entity)
    {
        const Externs& exports = types_.instance(entity.type()).exports;
        auto items = std::make_shared<ItemMap>();
        if (const HostItem* const whole = find("", interface)) {
            if (const auto* const item = std::get_if<StoreItem>(whole))
                return item_of_store(interface, entity, *item);
            return failure("import " + quoted(interface) + " is not defined as an instance");
        }
        // Types first, because functions refer to them.
        for (const bool is_type : { true, false })
            for (size_t i = 0; i < exports.size(); ++i) {
                const Entity& inner = exports.entities[i];
                if ((inner.kind == EntityKind::Type) != is_type)
                    continue;
                const std::string_view name = exports.name(i);
                Item item = TRY(make(interface, name, inner, find(interface, name)));
                if (is_type)
                    bind_resources(instance_, inner, item);
                items->items.emplace(name, std::move(item));
            }
        return items;
    }

    Result<Item> make(
        std::string_view interface, std::string_view name, const Entity& entity, const HostItem* item)
    {
        const std::string whole = name_of(interface, name);
        if (const auto* const stored = item ? std::get_if<StoreItem>(item) : nullptr)
            return item_of_store(whole, entity, *stored);
        switch (entity.kind) {
        case EntityKind::Type: return make_type(whole, entity, item);
        case EntityKind::Func: return make_func(whole, entity, item);
        case EntityKind::Module:
            if (const auto* const module =
                    item ? std::get_if<std::shared_ptr<const core::Module>>(item) : nullptr)
                return checked(whole, entity, *module);
            break;
        default: break;
        }
        return is_missing(whole, entity);
    }

    Result<Item> make_type(const std::string& name, const Entity& entity, const HostItem* item)
    {
        if (!types_.find<ResourceType>(entity.type()))
            return TypeItem {};
        const auto* const resource = item ? std::get_if<std::shared_ptr<const HostResource>>(item) : nullptr;
        if (resource)
            return &components_.kind_of(*resource);
        if (item)
            return failure("import " + quoted(name) + " is not defined as a resource type");
        if (linker_.trap_unknown_)
            return &components_.new_kind({ .name = name });
        return is_missing(name, entity);
    }

    Result<Item> make_func(const std::string& name, const Entity& entity, const HostItem* item)
    {
        const FuncShape& shape = instance_.component->shapes->of_func(entity.type());
        Func func { .name = name, .shape = &shape, .instance = &instance_ };
        const auto* const host = item ? std::get_if<HostFunc>(item) : nullptr;
        if (host) {
            if (host->signature)
                CHECK(check(name, shape, *host->signature));
            func.host = host->body;
        } else if (item) {
            return failure("import " + quoted(name) + " is not defined as a function");
        } else if (linker_.trap_unknown_) {
            func.host = std::make_shared<const HostBody>([name](HostContext&, std::span<Value>) {
                return OrTrapped<Value>(std::unexpected(Trap { .kind = TrapKind::HostError,
                    .message = "unknown import: " + quoted(name) + " has been called" }));
            });
        } else {
            return is_missing(name, entity);
        }
        return &instance_.own_funcs.emplace_back(std::move(func));
    }

    Result<void> check(
        const std::string& name, const FuncShape& shape, const vitrine::detail::ComponentSignature& signature)
    {
        const auto tag_of = [&](TypeId type) -> const void* {
            const auto found = instance_.resources.find(types_.resource(type));
            if (found == instance_.resources.end() || !found->second)
                return nullptr;
            const auto resource = components_.find_host_resource(*found->second);
            return resource ? resource->tag : nullptr;
        };
        auto checked = check_signature(signature, shape, tag_of);
        if (!checked)
            return failure("incompatible import type: " + quoted(name) + ": " + checked.error().message);
        return {};
    }

    /// An item that has a type of its own.
    Result<Item> checked(std::string_view name, const Entity& entity, Item item)
    {
        if (auto checked = check_item(instance_, entity, item); !checked)
            return failure("incompatible import type: " + quoted(name) + ": " + checked.error().message);
        return item;
    }

    Result<Item> item_of_store(std::string_view name, const Entity& entity, const StoreItem& item)
    {
        if (item.life.expired() || item.store != &components_.store)
            return failure("import " + quoted(name) + " belongs to another store");
        return checked(name, entity, item.item);
    }

    /// What is missing is listed when all imports have been looked at. Until then, nothing stands
    /// for it.
    Result<Item> is_missing(const std::string& name, const Entity& entity)
    {
        missing_.push_back(std::string(to_text(entity.kind)) + " " + quoted(name));
        switch (entity.kind) {
        case EntityKind::Type: return &components_.new_kind({ .name = name });
        case EntityKind::Func: return static_cast<const Func*>(nullptr);
        case EntityKind::Module: return std::shared_ptr<const core::Module> {};
        case EntityKind::Component: return ComponentClosure {};
        case EntityKind::Instance: break;
        }
        return std::make_shared<const ItemMap>();
    }

    const Linker& linker_;
    Components& components_;
    Instance& instance_;
    const Types& types_;
    std::vector<std::string> missing_;
};

namespace {

/// Resolves all imports, in the order of the component's definitions.
Result<std::map<const ImportDef*, Item>> resolve_all(
    const Linker& linker, Components& components, Instance& instance)
{
    Imports imports(linker, components, instance);
    std::map<const ImportDef*, Item> items;
    for (const Definition& definition : instance.component->definitions) {
        const auto* const import = std::get_if<ImportDef>(&definition.def);
        if (!import)
            continue;
        Item item = TRY(imports.resolve(*import));
        bind_resources(instance, import->entity, item);
        items.emplace(import, std::move(item));
    }
    if (imports.missing().empty())
        return items;
    std::string text = "unknown import: ";
    for (const std::string& name : imports.missing())
        text += (&name == imports.missing().data() ? "" : ", ") + name;
    return failure(std::move(text));
}

} // namespace

Result<void> Linker::check(Store& store, const std::shared_ptr<const Component>& component) const
{
    Components& components = *TRY(Components::create(store));
    Instance& instance = components.instances.emplace_back(components, component, nullptr, nullptr, "");
    const auto items = resolve_all(*this, components, instance);
    components.instances.pop_back();
    CHECK(items);
    return {};
}

std::expected<Instance*, Failure> Linker::instantiate(
    Thread& thread, const std::shared_ptr<const Component>& component) const
{
    auto components = Components::create(thread.store);
    if (!components)
        return std::unexpected(std::move(components.error()));
    auto& instances = (*components)->instances;
    Instance& instance = instances.emplace_back(**components, component, nullptr, nullptr, "");
    auto items = resolve_all(*this, **components, instance);
    if (!items) {
        instances.pop_back();
        return std::unexpected(std::move(items.error()));
    }
    auto done =
        component::instantiate(thread, instance, [&](const ImportDef& import) { return items->at(&import); });
    if (!done)
        return std::unexpected(std::move(done.error()));
    return &instance;
}

} // namespace vitrine::core::component
