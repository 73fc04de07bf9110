// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "api/access.h"
#include "api/file.h"

#include "wasm/features.h"
#include "wasm/validator.h"

namespace vitrine {

using detail::Access;

namespace detail {

Result<core::FeatureSet> Access::features(const Config& config)
{
    core::FeatureSet features;
    for (const auto& [text, on] : config.features_) {
        if (!on) {
            const auto choices = TRY(core::parse_features(text));
            for (const core::FeatureChoice& choice : choices)
                features.set(choice.feature, choice.is_on);
        } else if (const auto feature = core::find_feature(text)) {
            features.set(*feature, *on);
        } else {
            return Error("there is no feature '" + text + "'");
        }
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

std::span<const FeatureInfo> features()
{
    static constexpr FeatureInfo rows[] {
#define FEATURE(name, flag, by_default) { flag, by_default },
#include "wasm/features.inc"
    };
    return rows;
}

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

bool Engine::has_feature(std::string_view name) const
{
    const auto feature = core::find_feature(name);
    return feature && body_->config.features.has(*feature);
}

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

std::uint32_t Module::count(ExternKind kind) const { return body_->module->count(kind); }

std::optional<std::uint32_t> Module::find(ExternKind kind, std::string_view name) const
{
    const auto indices = body_->module->entities_named(kind, name);
    return indices.size() == 1 ? std::optional(indices[0]) : std::nullopt;
}

namespace {

// The types of the rows.

void describe_type(const core::Module& module, FuncInfo& row)
{
    const core::FuncIndex index { row.index };
    row.type =
        Access::func_type(*module.type_infos[module.functions[index].type.value]->type.func(), module, true);
    if (!module.is_imported(index)) {
        row.offset = module.meta(index).body_offset;
        row.end = module.meta(index).end_offset;
    }
}

void describe_type(const core::Module& module, TableInfo& row)
{
    const core::TableType& type = module.tables[core::TableIndex { row.index }].type;
    row.type = { Access::kind(module.canonical(type.element)), type.limits.min, type.limits.max,
        type.limits.is_64, Access::exact(type.element, module) };
}

void describe_type(const core::Module& module, MemoryInfo& row)
{
    const core::Limits& limits = module.memories[core::MemoryIndex { row.index }].type.limits;
    row.type = { limits.min, limits.max, limits.is_shared, limits.is_64 };
}

void describe_type(const core::Module& module, GlobalInfo& row)
{
    const core::GlobalType& type = module.globals[core::GlobalIndex { row.index }].type;
    row.type = { Access::kind(module.canonical(type.type)), type.is_mutable,
        Access::exact(type.type, module) };
}

void describe_type(const core::Module& module, TagInfo& row)
{
    row.type = Access::func_type(
        *module.type_infos[module.tags[core::TagIndex { row.index }].type.value]->type.func(), module, true);
}

/// Describes an entity. Empty if there is none of this index.
template<class Row>
std::optional<Row> row_of(const core::Module& module, core::ExternKind kind, uint32_t index)
{
    if (index >= module.count(kind))
        return std::nullopt;
    Row row;
    row.index = index;
    row.name = module.names().of(kind).find(index);
    if (const core::Import* import = module.find_import(kind, index))
        row.import = ImportName { std::string(import->module), std::string(import->name) };
    for (const core::Export* item : module.exports_of(kind, index))
        row.exports.emplace_back(item->name);
    describe_type(module, row);
    return row;
}

template<class Row> std::vector<Row> rows_of(const core::Module& module, core::ExternKind kind)
{
    std::vector<Row> rows;
    rows.reserve(module.count(kind));
    for (uint32_t i = 0; i < module.count(kind); ++i)
        rows.push_back(*row_of<Row>(module, kind, i));
    return rows;
}

} // namespace

std::vector<FuncInfo> Module::functions() const
{
    return rows_of<FuncInfo>(*body_->module, ExternKind::Func);
}
std::vector<TableInfo> Module::tables() const
{
    return rows_of<TableInfo>(*body_->module, ExternKind::Table);
}
std::vector<MemoryInfo> Module::memories() const
{
    return rows_of<MemoryInfo>(*body_->module, ExternKind::Memory);
}
std::vector<GlobalInfo> Module::globals() const
{
    return rows_of<GlobalInfo>(*body_->module, ExternKind::Global);
}
std::vector<TagInfo> Module::tags() const { return rows_of<TagInfo>(*body_->module, ExternKind::Tag); }

std::optional<FuncInfo> Module::function(std::uint32_t index) const
{
    return row_of<FuncInfo>(*body_->module, ExternKind::Func, index);
}
std::optional<TableInfo> Module::table(std::uint32_t index) const
{
    return row_of<TableInfo>(*body_->module, ExternKind::Table, index);
}
std::optional<MemoryInfo> Module::memory(std::uint32_t index) const
{
    return row_of<MemoryInfo>(*body_->module, ExternKind::Memory, index);
}
std::optional<GlobalInfo> Module::global(std::uint32_t index) const
{
    return row_of<GlobalInfo>(*body_->module, ExternKind::Global, index);
}
std::optional<TagInfo> Module::tag(std::uint32_t index) const
{
    return row_of<TagInfo>(*body_->module, ExternKind::Tag, index);
}

std::optional<FuncInfo> Module::function_at(std::uint32_t offset) const
{
    const auto index = body_->module->find_function(offset);
    return index ? function(index->value) : std::nullopt;
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

std::vector<CustomSection> Module::custom_sections() const
{
    std::vector<CustomSection> rows;
    for (const core::CustomSection& section : body_->module->customs)
        rows.push_back({ std::string(section.name), std::as_bytes(section.bytes), section.offset });
    return rows;
}

std::optional<std::span<const std::byte>> Module::bytecode() const
{
    if (!body_->engine->config.guest_debug)
        return std::nullopt;
    return std::as_bytes(body_->module->bytes());
}

} // namespace vitrine
