// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/linker.h"

#include "base/guard.h"
#include "base/text.h"
#include "runtime/bounds.h"
#include "runtime/bulk.h"
#include "runtime/constants.h"
#include "wasm/match.h"

#include <algorithm>

namespace vitrine::core {

namespace {

std::string quoted(std::string_view module, std::string_view name)
{
    return "\"" + escaped(module) + "\" \"" + escaped(name) + "\"";
}

std::string_view kind_text(const Extern& item) { return to_text(kind_of(item)); }

void take_import(Instance& instance, const Extern& item)
{
    switch (kind_of(item)) {
    case ExternKind::Func: return instance.functions.push_back(std::get<Function*>(item));
    case ExternKind::Table: return instance.tables.push_back(std::get<Table*>(item));
    case ExternKind::Memory: return instance.memories.push_back(std::get<Memory*>(item));
    case ExternKind::Global: return instance.globals.push_back(std::get<Global*>(item));
    case ExternKind::Tag: return instance.tags.push_back(std::get<Tag*>(item));
    }
}

void make_functions(Instance& instance)
{
    const Module& module = *instance.module;
    for (uint32_t i = 0; i < module.bodies.size(); ++i) {
        const FuncIndex index { module.imported(ExternKind::Func) + i };
        Function& function = instance.own_functions[i];
        function.meta = &module.bodies[i];
        function.code = module.bytes().data() + function.meta->body_offset;
        function.branches = module.branches.data() + function.meta->first_branch;
        function.instance = &instance;
        function.type = module.func_type_id(index);
        function.entry = instance.store->engine().cold_entry;
        function.heat = instance.store->engine().initial_heat;
        function.index = index;
        instance.functions.push_back(&function);
    }
}

/// Creates the module's tables, memories, globals and tags, which follow the imports.
Result<void> make_entities(Store& store, Instance& instance)
{
    const Module& module = *instance.module;
    ConstantEvaluator constants(instance);
    for (uint32_t i = module.imported(ExternKind::Memory); i < module.memories.size(); ++i)
        instance.memories.push_back(TRY(store.add_memory(module.memories[MemoryIndex { i }].type)));
    for (uint32_t i = module.imported(ExternKind::Tag); i < module.tags.size(); ++i)
        instance.tags.push_back(store.add_tag(*module.type_infos[module.tags[TagIndex { i }].type.value]));
    for (uint32_t i = module.imported(ExternKind::Global); i < module.globals.size(); ++i) {
        const GlobalDecl& global = module.globals[GlobalIndex { i }];
        const GlobalType type { module.canonical(global.type.type), global.type.is_mutable };
        instance.globals.push_back(store.add_global(type, TRY(constants.evaluate(global.init, type.type))));
    }
    for (uint32_t i = module.imported(ExternKind::Table); i < module.tables.size(); ++i) {
        const TableDecl& table = module.tables[TableIndex { i }];
        Ref initial;
        if (table.init)
            initial = { TRY(constants.evaluate(*table.init)) };
        const TableType type { module.canonical(table.type.element), table.type.limits };
        instance.tables.push_back(TRY(store.add_table(type, initial)));
    }
    return {};
}

Result<std::vector<Ref>> evaluate_items(
    const Instance& instance, ConstantEvaluator& constants, const ElemSegment& segment)
{
    std::vector<Ref> items;
    items.reserve(segment.size());
    if (const auto* functions = std::get_if<std::vector<FuncIndex>>(&segment.items))
        for (const FuncIndex function : *functions)
            items.push_back(Ref::of(instance.functions[function.value]));
    else
        for (const ConstExpr& expression : std::get<std::vector<ConstExpr>>(segment.items))
            items.push_back({ TRY(constants.evaluate(expression)) });
    return items;
}

/// Creates the module's segments, before any of them is copied.
Result<void> make_segments(Instance& instance)
{
    ConstantEvaluator constants(instance);
    for (const ElemSegment& segment : instance.module->elems)
        instance.elems.push_back(TRY(evaluate_items(instance, constants, segment)));
    instance.data_dropped.resize(instance.module->datas.size());
    return {};
}

/// Copies the active segments, and drops them and the declarative ones. Returns a trap if one is
/// out of bounds, otherwise a trap of kind `no_trap`.
Result<Trap> run_segments(Instance& instance)
{
    const Module& module = *instance.module;
    ConstantEvaluator constants(instance);
    for (uint32_t i = 0; i < module.elems.size(); ++i) {
        const ElemSegment& segment = module.elems[i];
        if (segment.mode == SegmentMode::Active) {
            const uint64_t to = TRY(constants.evaluate(segment.start));
            if (const TrapKind trap = table_init(instance, segment.table, { i }, to, 0, segment.size());
                trap != no_trap)
                return trap_with_detail(
                    trap, table_excess(instance, segment.table.value, to, segment.size()));
        }
        if (segment.mode != SegmentMode::Passive)
            elem_drop(instance, { i });
    }
    for (uint32_t i = 0; i < module.datas.size(); ++i) {
        const DataSegment& segment = module.datas[i];
        if (segment.mode != SegmentMode::Active)
            continue;
        const uint64_t to = TRY(constants.evaluate(segment.start));
        if (const TrapKind trap = memory_init(instance, segment.memory, { i }, to, 0, segment.bytes.size());
            trap != no_trap)
            return trap_with_detail(
                trap, memory_excess(instance, segment.memory.value, to, segment.bytes.size()));
        data_drop(instance, { i });
    }
    return Trap {};
}

} // namespace

Definition definition_of(const Store& store, const Extern& item)
{
    if (const auto* memory = std::get_if<Memory*>(&item); memory && (*memory)->is_shared())
        return store.find_shared(*memory);
    return StoreExtern(store, item);
}

Result<void> Linker::define(std::string module, std::string name, Definition definition)
{
    auto key = std::pair(std::move(module), std::move(name));
    if (!allow_shadowing_ && definitions_.contains(key))
        return failure("import " + quoted(key.first, key.second) + " is defined twice");
    definitions_.insert_or_assign(std::move(key), std::move(definition));
    return {};
}

Result<void> Linker::define_instance(std::string_view module, const Instance& instance)
{
    for (const Export& item : instance.module->exports)
        CHECK(define(std::string(module), std::string(item.name),
            definition_of(*instance.store, instance.find(item.kind, item.index))));
    return {};
}

const Definition* Linker::find(std::string_view module, std::string_view name) const
{
    const auto found = definitions_.find(std::pair(std::string(module), std::string(name)));
    return found == definitions_.end() ? nullptr : &found->second;
}

namespace {

/// Creates a function that takes the place of an undefined one.
Function* make_unknown(Store& store, const Module& module, const Import& import)
{
    const std::string text =
        "unknown import: func " + quoted(import.module, import.name) + " was called but is not defined";
    const FuncIndex index { import.index };
    FuncType type = module.func_type(index);
    for (auto* values : { &type.params, &type.results })
        std::ranges::transform(
            *values, values->begin(), [&](ValueType value) { return module.canonical(value); });
    return store.add_host_function(std::make_shared<const HostFunction>(HostFunction {
                                       std::string(import.module), std::string(import.name), std::move(type),
                                       [text](HostCall&) -> HostOutcome {
                                           return Trap { .kind = TrapKind::HostError, .message = text };
                                       },
                                       HostKind::Engine }),
        module.func_type_id(index));
}

} // namespace

/// Fails if imports are undefined. The error lists them, or only the first ones if there are very
/// many.
Result<void> Linker::check_defined(const Module& module) const
{
    constexpr size_t max_named = 20;
    std::string named;
    size_t count = 0;
    CodeOffset first {};
    for (const Import& import : module.imports) {
        if ((trap_unknown_functions_ && import.kind == ExternKind::Func) || find(import.module, import.name))
            continue;
        if (count == 0)
            first = import.offset;
        if (count++ < max_named)
            named += (named.empty() ? "" : ", ") + std::string(to_text(import.kind)) + " "
                + quoted(import.module, import.name);
    }
    if (count == 0)
        return {};
    if (count == 1)
        return failure("unknown import: " + named + " is not defined", first);
    if (count > max_named)
        named += " and " + std::to_string(count - max_named) + " more";
    return failure("unknown imports: " + named + " are not defined", first);
}

Result<Extern> Linker::resolve(Store& store, const Module& module, const Import& import) const
{
    const std::string name = quoted(import.module, import.name);
    const Definition* definition = find(import.module, import.name);
    if (!definition)
        return make_unknown(store, module, import);
    if (const auto* host = std::get_if<std::shared_ptr<const HostFunction>>(definition))
        return TRY(store.add_host_function(*host));
    if (const auto* memory = std::get_if<std::shared_ptr<Memory>>(definition))
        return TRY(store.add_memory(*memory));
    const auto& object = std::get<StoreExtern>(*definition);
    if (object.life.expired())
        return failure("import " + name + " is defined by an entity of a store that is gone", import.offset);
    if (object.store != &store)
        return failure("import " + name + " is defined by an entity of another store", import.offset);
    return object.item;
}

Result<std::vector<Extern>> Linker::resolve(Store& store, const Module& module) const
{
    CHECK(check_defined(module));
    std::vector<Extern> items;
    items.reserve(module.imports.size());
    for (const Import& import : module.imports) {
        items.push_back(TRY(resolve(store, module, import)));
        CHECK(check_import(store, module, import, items.back()));
    }
    return items;
}

Result<void> check_import(const Store& store, const Module& module, const Import& import, const Extern& item)
{
    if (!matches(type_of(item), extern_type(module, import.kind, import.index), store.engine().types))
        return failure("incompatible import type: " + quoted(import.module, import.name) + " is a "
                + std::string(kind_text(item)) + " that does not match the imported "
                + std::string(to_text(import.kind)),
            import.offset);
    return {};
}

std::expected<Instance*, Failure> Linker::instantiate(
    Store& store, std::shared_ptr<const Module> module) const
{
    auto imports = resolve(store, *module);
    if (!imports)
        return std::unexpected(std::move(imports).error());
    return core::instantiate(store, std::move(module), *imports);
}

std::expected<Instance*, Failure> instantiate(
    Store& store, std::shared_ptr<const Module> module, std::span<const Extern> imports)
{
    ASSERT(imports.size() == module->imports.size());
    const auto added = store.add_instance(std::move(module));
    if (!added)
        return std::unexpected(added.error());
    Instance& instance = **added;
    const auto made = guarded(
        [&]() -> Result<void> {
            for (const Extern& item : imports)
                take_import(instance, item);
            make_functions(instance);
            CHECK(make_entities(store, instance));
            return make_segments(instance);
        },
        [](Thrown thrown) -> Result<void> { return failure(std::move(thrown.text)); });
    if (!made) {
        store.drop_instance(instance);
        return std::unexpected(made.error());
    }
    auto trap = run_segments(instance);
    if (!trap)
        return std::unexpected(trap.error());
    if (trap->kind != no_trap)
        return std::unexpected(*std::move(trap));
    return &instance;
}

} // namespace vitrine::core
