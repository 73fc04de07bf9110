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

std::unexpected<Error> incompatible(std::string_view name, const Error& why)
{
    return failure("incompatible import type: " + quoted(name) + ": " + why.message);
}

} // namespace

Result<void> Linker::define(std::string_view interface, std::string_view name, HostItem item)
{
    Items& items = interfaces_[compatible_name(interface)];
    if (!items.emplace(name, std::move(item)).second)
        return failure("import " + quoted(name_of(interface, name)) + " is already defined");
    return {};
}

// -- Preparing

/// Resolves the imports of one component, and checks what needs no store.
class Preparation {
public:
    Preparation(const Linker& linker, const core::TypeRegistry& registry,
        const std::shared_ptr<const Component>& component)
        : linker_(linker), registry_(registry), component_(*component), types_(*component->types)
    {
        prepared_.component_ = component;
    }

    Result<PreparedComponent> run()
    {
        for (const Definition& definition : component_.definitions)
            if (const auto* const import = std::get_if<ImportDef>(&definition.def))
                prepared_.imports_.push_back({ import->entity, TRY(resolve(*import)) });
        if (missing_.empty())
            return std::move(prepared_);
        std::string text = "unknown import: ";
        for (const std::string& name : missing_)
            text += (&name == missing_.data() ? "" : ", ") + name;
        return failure(std::move(text));
    }

private:
    using PreparedFunc = PreparedComponent::PreparedFunc;
    using PreparedItem = PreparedComponent::PreparedItem;
    using PreparedExports = PreparedComponent::PreparedExports;

    const HostItem* find(std::string_view interface, std::string_view name) const
    {
        const auto items = linker_.interfaces_.find(compatible_name(interface));
        if (items == linker_.interfaces_.end())
            return nullptr;
        const auto item = items->second.find(name);
        return item == items->second.end() ? nullptr : &item->second;
    }

    Result<PreparedItem> resolve(const ImportDef& import)
    {
        const std::string_view name = import.name.name;
        if (import.entity.kind == EntityKind::Instance)
            return resolve_interface(name, import.entity);
        return make("", name, import.entity, find("", name));
    }

    Result<PreparedItem> resolve_interface(std::string_view interface, const Entity& entity)
    {
        const Externs& exports = types_.instance(entity.type()).exports;
        if (const HostItem* const whole = find("", interface)) {
            if (const auto* const item = std::get_if<StoreItem>(whole))
                return item_of_store(interface, entity, *item);
            return failure("import " + quoted(interface) + " is not defined as an instance");
        }
        PreparedExports items;
        // Types first, because functions refer to them.
        for (const bool is_type : { true, false })
            for (size_t i = 0; i < exports.size(); ++i) {
                const Entity& inner = exports.entities[i];
                if ((inner.kind == EntityKind::Type) != is_type)
                    continue;
                const std::string_view name = exports.name(i);
                auto item = TRY(make(interface, name, inner, find(interface, name)));
                items.push_back({ std::string(name), { inner, std::move(item) } });
            }
        return items;
    }

    Result<PreparedItem> make(
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
                    item ? std::get_if<std::shared_ptr<const core::Module>>(item) : nullptr) {
                if (auto checked = check_module(registry_, types_[entity.module()], **module); !checked)
                    return incompatible(whole, checked.error());
                return *module;
            }
            break;
        default: break;
        }
        return is_missing(whole, entity);
    }

    Result<PreparedItem> make_type(const std::string& name, const Entity& entity, const HostItem* item)
    {
        if (!types_.find<ResourceType>(entity.type()))
            return std::monostate {};
        const auto* found = item ? std::get_if<std::shared_ptr<const HostResource>>(item) : nullptr;
        if (item && !found)
            return failure("import " + quoted(name) + " is not defined as a resource type");
        auto& bound = resources_[types_.resource(entity.type())];
        // A type that equals another one needs no definition of its own.
        if (bound && found && bound != *found)
            return incompatible(name, Error { "resource types are not the same" });
        if (found)
            bound = *found;
        if (!bound && linker_.trap_unknown_)
            bound = std::make_shared<const HostResource>(HostResource { .name = name });
        return bound ? PreparedItem(bound) : is_missing(name, entity);
    }

    Result<PreparedItem> make_func(const std::string& name, const Entity& entity, const HostItem* item)
    {
        PreparedFunc func {
            .name = name, .shape = &component_.shapes->of_func(entity.type()), .body = {}, .signature = {}
        };
        const auto* const host = item ? std::get_if<HostFunc>(item) : nullptr;
        if (host) {
            func.body = host->body;
            bool is_open = false;
            if (host->signature)
                CHECK(check(func, *host->signature, is_open));
            if (is_open)
                func.signature = host->signature;
        } else if (item) {
            return failure("import " + quoted(name) + " is not defined as a function");
        } else if (linker_.trap_unknown_) {
            func.body = std::make_shared<const HostBody>([name](HostContext&, std::span<Value>) {
                return OrTrapped<Value>(std::unexpected(Trap { .kind = TrapKind::HostError,
                    .message = "unknown import: " + quoted(name) + " has been called" }));
            });
        } else {
            return is_missing(name, entity);
        }
        return func;
    }

    /// Checks a signature. It is open, and must be checked again in the store, if it refers to a
    /// resource type that is an item of the store.
    Result<void> check(const PreparedFunc& func, const Signature& signature, bool& is_open) const
    {
        const auto tag_of = [&](TypeId type) -> std::optional<const void*> {
            const auto found = resources_.find(types_.resource(type));
            is_open |= found == resources_.end();
            if (found == resources_.end() || !found->second)
                return std::nullopt;
            return found->second->tag;
        };
        if (auto checked = check_signature(signature, *func.shape, tag_of); !checked)
            return incompatible(func.name, checked.error());
        return {};
    }

    /// It is checked when the store is known.
    static Result<PreparedItem> item_of_store(
        std::string_view name, const Entity& entity, const StoreItem& item)
    {
        return PreparedComponent::PreparedStoreItem { std::string(name), entity, item };
    }

    /// What is missing is listed when all imports have been looked at. Until then, nothing stands
    /// for it.
    PreparedItem is_missing(const std::string& name, const Entity& entity)
    {
        missing_.push_back(std::string(to_text(entity.kind)) + " " + quoted(name));
        return {};
    }

    const Linker& linker_;
    const core::TypeRegistry& registry_;
    const Component& component_;
    const Types& types_;
    /// Null for those that are missing.
    std::map<ResourceId, std::shared_ptr<const HostResource>> resources_;
    std::vector<std::string> missing_;
    PreparedComponent prepared_;
};

Result<PreparedComponent> Linker::prepare(
    const core::TypeRegistry& registry, const std::shared_ptr<const Component>& component) const
{
    return Preparation(*this, registry, component).run();
}

// -- Instantiating

/// Makes the imports of an instance.
class Imports {
public:
    Imports(Components& components, Instance& instance) : components_(components), instance_(instance) {}

    Result<std::vector<Item>> make_all(const PreparedComponent& prepared)
    {
        std::vector<Item> items;
        items.reserve(prepared.imports_.size());
        for (const auto& import : prepared.imports_)
            items.push_back(TRY(make(import)));
        return items;
    }

private:
    using PreparedImport = PreparedComponent::PreparedImport;

    Result<Item> make(const PreparedImport& import)
    {
        Item item = TRY(std::visit([&](const auto& prepared) { return make(prepared); }, import.item));
        bind_resources(instance_, import.entity, item);
        return item;
    }

    static Result<Item> make(std::monostate) { return TypeItem {}; }
    static Result<Item> make(const std::shared_ptr<const core::Module>& module) { return module; }
    Result<Item> make(const std::shared_ptr<const HostResource>& resource)
    {
        return &components_.kind_of(resource);
    }

    Result<Item> make(const PreparedComponent::PreparedFunc& func)
    {
        if (func.signature) {
            const auto tag_of = [&](TypeId type) { return instance_.resource(type).tag; };
            if (auto checked = check_signature(*func.signature, *func.shape, tag_of); !checked)
                return incompatible(func.name, checked.error());
        }
        return &instance_.own_funcs.emplace_back(
            Func { .name = func.name, .shape = func.shape, .instance = &instance_, .host = func.body });
    }

    Result<Item> make(const PreparedComponent::PreparedStoreItem& stored)
    {
        const StoreItem& item = stored.item;
        if (item.life.expired() || item.store != &components_.store)
            return failure("import " + quoted(stored.name) + " belongs to another store");
        if (auto checked = check_item(instance_, stored.entity, item.item); !checked)
            return incompatible(stored.name, checked.error());
        return item.item;
    }

    Result<Item> make(const PreparedComponent::PreparedExports& exports)
    {
        auto items = std::make_shared<ItemMap>();
        for (const auto& [name, import] : exports)
            items->items.emplace(name, TRY(make(import)));
        return items;
    }

    Components& components_;
    Instance& instance_;
};

Result<void> PreparedComponent::check(Store& store) const
{
    Components& components = *TRY(Components::create(store));
    Instance& instance = components.instances.emplace_back(components, component_, nullptr, nullptr, "");
    const auto items = Imports(components, instance).make_all(*this);
    components.instances.pop_back();
    CHECK(items);
    return {};
}

std::expected<Instance*, Failure> PreparedComponent::instantiate(Thread& thread) const
{
    auto components = Components::create(thread.store);
    if (!components)
        return std::unexpected(std::move(components.error()));
    auto& instances = (*components)->instances;
    Instance& instance = instances.emplace_back(**components, component_, nullptr, nullptr, "");
    auto items = Imports(**components, instance).make_all(*this);
    if (!items) {
        instances.pop_back();
        return std::unexpected(std::move(items.error()));
    }
    auto next = items->begin();
    auto done =
        component::instantiate(thread, instance, [&](const ImportDef&) { return std::move(*next++); });
    if (!done)
        return std::unexpected(std::move(done.error()));
    return &instance;
}

std::expected<Instance*, Failure> Linker::instantiate(
    Thread& thread, const std::shared_ptr<const Component>& component) const
{
    const auto prepared = prepare(thread.store.engine().types, component);
    if (!prepared)
        return std::unexpected(prepared.error());
    return prepared->instantiate(thread);
}

} // namespace vitrine::core::component
