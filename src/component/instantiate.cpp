// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "component/instantiate.h"

#include "base/overloaded.h"
#include "component/call.h"
#include "component/component_names.h"

#include <utility>

namespace vitrine::core::component {

// -- Resource types

namespace {

/// The resource type that a path of positions in exports leads to.
const ResourceKind* follow(
    const Types& types, TypeId type, const ItemMap& items, std::span<const uint32_t> path)
{
    const Externs& exports = types.instance(type).exports;
    const auto found = items.items.find(exports.name(path[0]));
    ASSERT(found != items.items.end());
    if (path.size() == 1)
        return std::get<TypeItem>(found->second);
    return follow(types, exports.entities[path[0]].type(),
        *std::get<std::shared_ptr<const ItemMap>>(found->second), path.subspan(1));
}

} // namespace

void bind_resources(Instance& instance, const Entity& entity, const Item& item)
{
    const Types& types = *instance.component->types;
    if (entity.kind == EntityKind::Type) {
        if (types.find<ResourceType>(entity.type()))
            instance.resources[types.resource(entity.type())] = std::get<TypeItem>(item);
    } else if (entity.kind == EntityKind::Instance) {
        const auto& items = *std::get<std::shared_ptr<const ItemMap>>(item);
        for (const auto& [resource, path] : types.instance(entity.type()).exported)
            instance.resources[resource] = follow(types, entity.type(), items, path);
    }
}

// -- Executing definitions

namespace {

class Instantiation {
public:
    /// Counts in `effort` what the instantiation has executed, with all that is nested.
    Instantiation(Thread& thread, Instance& instance, const ImportSource& imports, uint64_t& effort)
        : thread_(thread),
          instance_(instance),
          spaces_(instance.spaces),
          types_(*instance.component->types),
          imports_(imports),
          effort_(effort)
    {}

    using Done = std::expected<void, Failure>;

    Done run()
    {
        // A small file can describe many instances: each level of nesting can double them.
        if (Done done = spend(limits::instance_effort + instance_.path.size()); !done)
            return done;
        for (const Definition& definition : instance_.component->definitions) {
            if (Done done = spend(1); !done)
                return done;
            if (Done done = std::visit([&](const auto& def) { return execute(def); }, definition.def); !done)
                return done;
        }
        // Components that are defined here, and instantiated later, only refer to the others.
        spaces_.funcs = {};
        spaces_.instances = {};
        spaces_.core_items = {};
        spaces_.core_instances = {};
        return {};
    }

private:
    Done spend(size_t parts)
    {
        effort_ += parts;
        if (effort_ > limits::instantiation_effort)
            return std::unexpected(Error { "the component has too many instances, or they are too large" });
        return {};
    }

    Done bind(const Entity& entity, const Item& item)
    {
        if (entity.kind == EntityKind::Instance)
            if (Done done = spend(types_.instance(entity.type()).exported.size()); !done)
                return done;
        bind_resources(instance_, entity, item);
        return {};
    }

    // -- Core

    Done execute(const CoreModuleDef& def)
    {
        spaces_.modules.push_back(def.module);
        return {};
    }

    Done execute(const CoreInstanceDef& def)
    {
        if (!def.module) {
            std::map<std::string_view, Extern> exports;
            for (const CoreExport& item : def.exports)
                exports.emplace(item.name, core_item(item.kind, item.index));
            spaces_.core_instances.push_back(std::move(exports));
            return {};
        }
        const auto& module = spaces_.modules[*def.module];
        const std::string name = instance_.path_of(core_name(*module));
        if (Done done = spend(limits::instance_effort + name.size() + module->imports.size()
                + module->exports.size() + module->functions.size() + module->globals.size());
            !done)
            return done;
        std::map<std::string_view, uint32_t> arguments;
        for (const CoreArgument& argument : def.arguments)
            arguments.emplace(argument.name, argument.index);
        std::vector<Extern> externs;
        for (const core::Import& import : module->imports)
            externs.push_back(spaces_.core_instances[arguments.at(import.module)].at(import.name));
        const auto made = core::instantiate(thread_, module, externs);
        if (!made)
            return std::unexpected(made.error());
        std::map<std::string_view, Extern> exports;
        for (const core::Export& item : module->exports)
            exports.emplace(item.name, (*made)->find(item.kind, item.index));
        (*made)->name = name;
        spaces_.core_instances.push_back(std::move(exports));
        instance_.core_instances.push_back(*made);
        return {};
    }

    /// The name of the next core instance: its own, that of its module, or its number.
    std::string core_name(const core::Module& module) const
    {
        const size_t number = spaces_.core_instances.size();
        const auto own = instance_.component->names->find(Sort::CoreInstance, static_cast<uint32_t>(number));
        if (!own.empty())
            return std::string(own);
        return module.names().module.empty() ? std::to_string(number) : std::string(module.names().module);
    }

    Done execute(const CoreTypeDef&) { return {}; }

    Extern core_item(core::ExternKind kind, uint32_t index) const
    {
        return spaces_.core_items[static_cast<size_t>(kind)][index];
    }

    // -- Components and instances

    Done execute(const NestedComponentDef& def)
    {
        spaces_.components.push_back({ def.component, &instance_ });
        return {};
    }

    Done execute(const InstanceDef& def)
    {
        auto items = def.component ? instantiate_component(def) : collect_exports(def);
        if (!items)
            return std::unexpected(std::move(items.error()));
        const Item item = *items;
        if (Done done = bind({ EntityKind::Instance, def.type.value }, item); !done)
            return done;
        spaces_.instances.push_back(*std::move(items));
        return {};
    }

    using Items = std::expected<std::shared_ptr<const ItemMap>, Failure>;

    Items collect_exports(const InstanceDef& def)
    {
        auto items = std::make_shared<ItemMap>();
        for (const InlineExport& item : def.exports)
            items->items.emplace(item.name.name, item_at(item.item));
        return items;
    }

    Items instantiate_component(const InstanceDef& def)
    {
        const ComponentClosure& closure = spaces_.components[*def.component];
        std::map<std::string_view, SortIndex> arguments;
        for (const Argument& argument : def.arguments)
            arguments.emplace(argument.name, argument.item);
        Instance& nested = instance_.components.instances.emplace_back(instance_.components,
            closure.component, closure.outer, &instance_, instance_.path_of(instance_name()));
        const ImportSource imports = [&](const ImportDef& import) {
            return item_at(arguments.at(import.name.name));
        };
        if (Done done = Instantiation(thread_, nested, imports, effort_).run(); !done)
            return std::unexpected(std::move(done.error()));
        return nested.exports;
    }

    /// The name of the next instance, or its number.
    std::string instance_name() const
    {
        const size_t number = spaces_.instances.size();
        const auto own = instance_.component->names->find(Sort::Instance, static_cast<uint32_t>(number));
        return own.empty() ? std::to_string(number) : std::string(own);
    }

    Item item_at(SortIndex at)
    {
        switch (at.sort) {
        case Sort::CoreModule: return spaces_.modules[at.index];
        case Sort::Func: return spaces_.funcs[at.index];
        case Sort::Component: return spaces_.components[at.index];
        case Sort::Instance: return spaces_.instances[at.index];
        default: ASSERT(at.sort == Sort::Type); return spaces_.types[at.index];
        }
    }

    void add_item(const Item& item)
    {
        std::visit(
            Overloaded {
                [&](const std::shared_ptr<const core::Module>& module) { spaces_.modules.push_back(module); },
                [&](const Func* func) { spaces_.funcs.push_back(func); },
                [&](TypeItem type) { spaces_.types.push_back(type); },
                [&](const ComponentClosure& closure) { spaces_.components.push_back(closure); },
                [&](const std::shared_ptr<const ItemMap>& items) { spaces_.instances.push_back(items); },
            },
            item);
    }

    // -- Aliases

    Done execute(const AliasDef& def)
    {
        if (const auto* const alias = std::get_if<ExportAlias>(&def.target)) {
            add_item(spaces_.instances[alias->instance]->items.find(alias->name)->second);
        } else if (const auto* const core = std::get_if<CoreExportAlias>(&def.target)) {
            const Extern item = spaces_.core_instances[core->instance].at(core->name);
            spaces_.core_items[static_cast<size_t>(kind_of(item))].push_back(item);
        } else {
            alias_outer(def.sort, std::get<OuterAlias>(def.target));
        }
        return {};
    }

    void alias_outer(Sort sort, const OuterAlias& alias)
    {
        const Instance* from = &instance_;
        for (uint32_t i = 0; i < alias.outer; ++i)
            from = from->outer;
        switch (sort) {
        case Sort::CoreModule: spaces_.modules.push_back(from->spaces.modules[alias.index]); break;
        case Sort::Component: spaces_.components.push_back(from->spaces.components[alias.index]); break;
        case Sort::Type: spaces_.types.push_back(from->spaces.types[alias.index]); break;
        default: break; // A core type.
        }
    }

    // -- Types

    Done execute(const TypeSectionDef& def)
    {
        const ResourceKind* kind = nullptr;
        if (const auto* const resource = std::get_if<ResourceDef>(&def.type)) {
            ResourceKind made { .name = "resource", .owner = &instance_ };
            if (resource->destructor)
                made.destructor =
                    std::get<Function*>(core_item(core::ExternKind::Func, *resource->destructor));
            kind = &instance_.components.new_kind(std::move(made));
            instance_.resources[resource->resource] = kind;
        }
        spaces_.types.push_back(kind);
        return {};
    }

    // -- Functions

    Options resolve(const CanonOptions& given) const
    {
        const auto func = [&](std::optional<uint32_t> index) {
            return index ? std::get<Function*>(core_item(core::ExternKind::Func, *index)) : nullptr;
        };
        Options options { .encoding = given.encoding };
        if (given.memory)
            options.memory = std::get<Memory*>(core_item(core::ExternKind::Memory, *given.memory));
        options.realloc = func(given.realloc);
        options.post_return = func(given.post_return);
        return options;
    }

    Done execute(const CanonDef& def)
    {
        if (def.op == CanonOp::Lift)
            lift(def);
        else
            add_trampoline(def);
        return {};
    }

    void lift(const CanonDef& def)
    {
        Func func { .shape = &instance_.component->shapes->of_func(def.type), .instance = &instance_ };
        func.core = std::get<Function*>(core_item(core::ExternKind::Func, def.index));
        func.name = func.core->name();
        func.options = resolve(def.options);
        func.is_async = func.shape->is_async || def.options.is_async;
        spaces_.funcs.push_back(&instance_.own_funcs.emplace_back(std::move(func)));
    }

    void add_trampoline(const CanonDef& def)
    {
        Trampoline& made = instance_.trampolines.emplace_back();
        made.instance = &instance_;
        made.def = &def;
        made.options = resolve(def.options);
        const HostFunction* implementation = def.implementation;
        if (def.op == CanonOp::Lower) {
            made.callee = spaces_.funcs[def.index];
            if (made.callee->host)
                implementation = def.host_implementation;
        } else if (def.op == CanonOp::ResourceNew || def.op == CanonOp::ResourceDrop
            || def.op == CanonOp::ResourceRep) {
            made.resource = &instance_.resource(def.type);
        }
        thread_.store.make_host_function(made.function, *implementation, def.core_type, &made);
        spaces_.core_items[static_cast<size_t>(core::ExternKind::Func)].push_back(&made.function);
    }

    // -- Imports and exports

    Done execute(const ImportDef& def)
    {
        const Item item = imports_(def);
        if (Done done = bind(def.entity, item); !done)
            return done;
        add_item(item);
        return {};
    }

    Done execute(const ExportDef& def)
    {
        const Item item = item_at(*def.item);
        if (Done done = bind(def.entity, item); !done)
            return done;
        add_item(item);
        if (const auto* const kind = std::get_if<TypeItem>(&item); kind && *kind)
            name_resource(**kind, def.name.name);
        exports_->items.emplace(def.name.name, item);
        return {};
    }

    /// The guest's own resource types get the name under which they are exported first.
    void name_resource(const ResourceKind& kind, std::string_view name)
    {
        if (kind.owner == &instance_ && kind.name == "resource")
            const_cast<ResourceKind&>(kind).name = name;
    }

    Thread& thread_;
    Instance& instance_;
    IndexSpaces& spaces_;
    const Types& types_;
    const ImportSource& imports_;
    uint64_t& effort_;
    std::shared_ptr<ItemMap> exports_ = instance_.exports;
};

} // namespace

std::expected<void, Failure> instantiate(Thread& thread, Instance& instance, const ImportSource& imports)
{
    uint64_t effort = 0;
    return Instantiation(thread, instance, imports, effort).run();
}

// -- Preparing

namespace {

/// Finds the names of imported functions, which are those of the host functions that lower them.
class Names {
public:
    void add(const Definition& definition)
    {
        if (const auto* const import = std::get_if<ImportDef>(&definition.def)) {
            if (import->entity.kind == EntityKind::Func)
                funcs_.push_back({ "", std::string(import->name.name) });
            else if (import->entity.kind == EntityKind::Instance)
                instances_.emplace_back(import->name.name);
        } else if (const auto* const alias = std::get_if<AliasDef>(&definition.def)) {
            const auto* const target = std::get_if<ExportAlias>(&alias->target);
            if (target && alias->sort == Sort::Func)
                funcs_.push_back({ instances_[target->instance], std::string(target->name) });
            else if (target && alias->sort == Sort::Instance)
                instances_.emplace_back(target->name);
        } else if (const auto* const item = std::get_if<ExportDef>(&definition.def)) {
            if (item->item->sort == Sort::Func)
                funcs_.push_back({ "", std::string(item->name.name) });
            else if (item->item->sort == Sort::Instance)
                instances_.emplace_back(item->name.name);
        } else if (std::holds_alternative<InstanceDef>(definition.def)) {
            instances_.emplace_back();
        } else if (const auto* const canon = std::get_if<CanonDef>(&definition.def)) {
            if (canon->op == CanonOp::Lift)
                funcs_.emplace_back();
        }
    }

    struct Name {
        std::string interface, name;
    };
    const Name& func(uint32_t index) const { return funcs_[index]; }

private:
    std::vector<Name> funcs_;
    std::vector<std::string> instances_;
};

} // namespace

void prepare(Component& component, const core::TypeRegistry& types)
{
    component.names = std::make_shared<const ComponentNames>(decode_component_names(component));
    Names names;
    for (Definition& definition : component.definitions) {
        names.add(definition);
        if (auto* const nested = std::get_if<NestedComponentDef>(&definition.def))
            prepare(*nested->component, types);
        auto* const canon = std::get_if<CanonDef>(&definition.def);
        if (!canon || canon->op == CanonOp::Lift)
            continue;
        HostFunction function { .module = "canon",
            .name = std::string(to_text(canon->op)),
            .type = *types[canon->core_type].func(),
            .callback = callback_of(*canon),
            .kind = HostKind::Engine,
            .is_boundary = true,
            .runs_inside = true };
        if (canon->op == CanonOp::Lower) {
            function.module = names.func(canon->index).interface;
            function.name = names.func(canon->index).name;
            canon->implementation = &component.host_functions.emplace_back(function);
            function.kind = HostKind::Host;
            function.runs_inside = false;
            canon->host_implementation = &component.host_functions.emplace_back(std::move(function));
        } else {
            canon->implementation = &component.host_functions.emplace_back(std::move(function));
        }
    }
}

} // namespace vitrine::core::component
