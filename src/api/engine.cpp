// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "api/access.h"
#include "api/file.h"

#include "wasm/validator.h"

#include <algorithm>

namespace vitrine {

using detail::Access;

namespace detail {

Result<core::FeatureSet> Access::features(const Config& config)
{
    core::FeatureSet features;
    for (const auto& [name, on] : config.features_) {
        const auto* row = std::ranges::find(core::feature_table, name, &core::FeatureInfo::flag);
        if (row == std::end(core::feature_table))
            return Error("there is no feature '" + name + "'");
        features.set(static_cast<core::Feature>(row - core::feature_table), on);
    }
    return features;
}

core::EngineConfig Access::config(const Config& config)
{
    return { .guest_debug = config.guest_debug_,
        .max_stack_bytes = config.max_stack_bytes_,
        .max_memory = { config.max_memory_pages_ },
        .max_heap_bytes = config.max_heap_bytes_,
        .stress_collector = config.stress_collector_,
        .features = features(config).value_or(core::FeatureSet()),
        .tier = config.tier_,
        .tier_threshold = config.tier_threshold_,
        .max_code_bytes = config.max_code_bytes_,
        .signal_handlers = config.signal_handlers_ };
}

Result<core::EngineConfig> Access::checked(const Config& config)
{
    const core::EngineConfig wanted = Access::config(config);
    if (wanted.max_stack_bytes < uint64_t { 64 } << 10 || wanted.max_stack_bytes > uint64_t { 1 } << 30)
        return Error("max_stack_bytes must be between 64 KiB and 1 GiB");
    if (wanted.tier_threshold < 1 || wanted.tier_threshold > 1'000'000)
        return Error("tier_threshold must be between 1 and 1,000,000 percent");
    if (wanted.max_code_bytes > uint64_t { 64 } << 30)
        return Error("max_code_bytes must be at most 64 GiB");
    CHECK(features(config));
    return wanted;
}

Module Access::module(
    const std::shared_ptr<EngineBody>& engine, const std::shared_ptr<const core::Module>& module)
{
    Module result;
    result.body_ = std::make_shared<const ModuleBody>(ModuleBody { engine, module });
    return result;
}

} // namespace detail

// Engines.

Engine::Engine() : Engine(Config()) {}

Engine::Engine(const Config& config)
{
    const auto checked = Access::checked(config);
    // An engine that cannot be used reserves nothing.
    const core::EngineConfig none { .guest_debug = Access::config(config).guest_debug,
        .tier = TierPolicy::Interpreter };
    body_ = std::make_shared<detail::EngineBody>(checked.value_or(none));
    if (!checked)
        body_->error = checked.error();
    else if (body_->environment_error)
        body_->error = Access::error(*body_->environment_error);
}

Result<Engine> Engine::create(const Config& config)
{
    return detail::guarded<Engine>([&]() -> Result<Engine> {
        Engine engine(config);
        if (engine.error())
            return *engine.error();
        return engine;
    });
}

const Error* Engine::error() const { return body_->error ? &*body_->error : nullptr; }

bool Engine::guest_debug() const { return body_->config.guest_debug; }

// Modules.

namespace {

/// Loads a module. Error offsets are relative to the file.
Result<Module> load(const Engine& engine, std::shared_ptr<const core::FileBytes> file)
{
    const auto& body = Access::body(engine);
    const core::Bytes part = file->bytes();
    const uint64_t offset = file->offset();
    auto module = core::load_module(std::move(file), part, body->types, body->config.features);
    if (!module && module.error().offset)
        *module.error().offset += offset;
    return Access::module(body, TRY(std::move(module)));
}

Error too_large() { return Error("the module is larger than 4 GiB"); }

/// Adds the path to an error.
Result<Module> with_path(const std::string& path, Result<Module> module)
{
    if (!module)
        return Error(path + ": " + module.error().message(), module.error().offset());
    return module;
}

/// Sets the fields that all rows have.
void describe(
    const core::Module& module, core::ExternKind kind, uint32_t index, std::string_view name, EntityInfo& row)
{
    row.index = index;
    row.name = name;
    if (const core::Import* import = module.find_import(kind, index))
        row.import = ImportName { std::string(import->module), std::string(import->name) };
}

/// Adds the export names to all rows of a kind.
template<class Row>
void add_exports(const core::Module& module, core::ExternKind kind, std::vector<Row>& rows)
{
    for (const core::Export& item : module.exports)
        if (item.kind == kind)
            rows[item.index].exports.emplace_back(item.name);
}

} // namespace

Result<Module> Module::from_bytes(const Engine& engine, std::span<const std::byte> bytes)
{
    return detail::guarded<Module>([&]() -> Result<Module> {
        if (engine.error())
            return *engine.error();
        if (bytes.size() > detail::max_file_bytes)
            return too_large();
        const auto* begin = reinterpret_cast<const uint8_t*>(bytes.data());
        return load(engine,
            std::make_shared<const core::FileBytes>(std::vector<uint8_t>(begin, begin + bytes.size())));
    });
}

Result<Module> Module::from_file(const Engine& engine, const std::string& path)
{
    return detail::guarded<Module>([&]() -> Result<Module> {
        if (engine.error())
            return *engine.error();
        auto bytes = TRY(detail::read_file(path, 0, std::nullopt));
        return with_path(path, load(engine, std::make_shared<const core::FileBytes>(std::move(bytes))));
    });
}

Result<Module> Module::from_file(
    const Engine& engine, const std::string& path, std::uint64_t offset, std::optional<std::uint64_t> size)
{
    return detail::guarded<Module>([&]() -> Result<Module> {
        if (engine.error())
            return *engine.error();
        const auto bytes =
            std::make_shared<const std::vector<uint8_t>>(TRY(detail::read_file(path, offset, size)));
        return with_path(
            path, load(engine, std::make_shared<const core::FileBytes>(bytes, core::Bytes(*bytes), offset)));
    });
}

Result<Module> Module::from_part(const Engine& engine, ModulePart part)
{
    return detail::guarded<Module>([&]() -> Result<Module> {
        if (engine.error())
            return *engine.error();
        if (part.bytes.size() > detail::max_file_bytes)
            return too_large();
        const core::Bytes bytes(reinterpret_cast<const uint8_t*>(part.bytes.data()), part.bytes.size());
        return load(
            engine, std::make_shared<const core::FileBytes>(std::move(part.owner), bytes, part.file_offset));
    });
}

bool operator==(const Module& a, const Module& b) { return a.body_->module == b.body_->module; }

bool Module::owns(const TraceFrame& frame) const { return frame.owner == body_->module; }

std::uint64_t Module::file_offset() const { return body_->module->file_offset(); }

std::string Module::name() const { return std::string(body_->module->names().module); }

namespace {

/// The row of a function, without its exports.
FuncInfo function_row(const core::Module& module, core::FuncIndex index)
{
    FuncInfo row;
    describe(module, core::ExternKind::Func, index.value, module.names().functions.find(index.value), row);
    row.type =
        Access::func_type(*module.type_infos[module.functions[index].type.value]->type.func(), module, true);
    if (!module.is_imported(index)) {
        row.offset = module.meta(index).body_offset;
        row.end = module.meta(index).end_offset;
    }
    return row;
}

} // namespace

std::vector<FuncInfo> Module::functions() const
{
    const core::Module& module = *body_->module;
    std::vector<FuncInfo> rows;
    rows.reserve(module.functions.size());
    for (uint32_t i = 0; i < module.functions.size(); ++i)
        rows.push_back(function_row(module, { i }));
    add_exports(module, core::ExternKind::Func, rows);
    return rows;
}

std::optional<FuncInfo> Module::function(uint32_t index) const
{
    const core::Module& module = *body_->module;
    if (index >= module.functions.size())
        return std::nullopt;
    FuncInfo row = function_row(module, { index });
    for (const core::Export* item : module.exports_of(core::ExternKind::Func, index))
        row.exports.emplace_back(item->name);
    return row;
}

std::optional<FuncInfo> Module::function_at(uint32_t offset) const
{
    const auto index = body_->module->find_function(offset);
    return index ? function(index->value) : std::nullopt;
}

std::vector<TableInfo> Module::tables() const
{
    const core::Module& module = *body_->module;
    std::vector<TableInfo> rows(module.tables.size());
    for (uint32_t i = 0; i < rows.size(); ++i) {
        const core::TableType& type = module.tables[core::TableIndex { i }].type;
        describe(module, core::ExternKind::Table, i, module.names().tables.find(i), rows[i]);
        rows[i].type = { Access::kind(module.canonical(type.element)), type.limits.min, type.limits.max,
            type.limits.is_64, Access::exact(type.element, module) };
    }
    add_exports(module, core::ExternKind::Table, rows);
    return rows;
}

std::vector<MemoryInfo> Module::memories() const
{
    const core::Module& module = *body_->module;
    std::vector<MemoryInfo> rows(module.memories.size());
    for (uint32_t i = 0; i < rows.size(); ++i) {
        const core::Limits& limits = module.memories[core::MemoryIndex { i }].type.limits;
        describe(module, core::ExternKind::Memory, i, module.names().memories.find(i), rows[i]);
        rows[i].type = { limits.min, limits.max, limits.is_shared, limits.is_64 };
    }
    add_exports(module, core::ExternKind::Memory, rows);
    return rows;
}

std::vector<GlobalInfo> Module::globals() const
{
    const core::Module& module = *body_->module;
    std::vector<GlobalInfo> rows(module.globals.size());
    for (uint32_t i = 0; i < rows.size(); ++i) {
        const core::GlobalType& type = module.globals[core::GlobalIndex { i }].type;
        describe(module, core::ExternKind::Global, i, module.names().globals.find(i), rows[i]);
        rows[i].type = { Access::kind(module.canonical(type.type)), type.is_mutable,
            Access::exact(type.type, module) };
    }
    add_exports(module, core::ExternKind::Global, rows);
    return rows;
}

std::vector<TagInfo> Module::tags() const
{
    const core::Module& module = *body_->module;
    std::vector<TagInfo> rows(module.tags.size());
    for (uint32_t i = 0; i < rows.size(); ++i) {
        describe(module, core::ExternKind::Tag, i, module.names().tags.find(i), rows[i]);
        rows[i].type = Access::func_type(
            *module.type_infos[module.tags[core::TagIndex { i }].type.value]->type.func(), module, true);
    }
    add_exports(module, core::ExternKind::Tag, rows);
    return rows;
}

std::vector<ImportInfo> Module::imports() const
{
    std::vector<ImportInfo> rows;
    for (const core::Import& import : body_->module->imports)
        rows.push_back({ std::string(import.module), std::string(import.name), import.kind, import.index });
    return rows;
}

std::vector<ExportInfo> Module::exports() const
{
    std::vector<ExportInfo> rows;
    for (const core::Export& item : body_->module->exports)
        rows.push_back({ std::string(item.name), item.kind, item.index });
    return rows;
}

std::optional<std::span<const std::byte>> Module::bytecode() const
{
    if (!body_->engine->config.guest_debug)
        return std::nullopt;
    return std::as_bytes(body_->module->bytes());
}

} // namespace vitrine
