// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/validator.h"

#include "base/text.h"
#include "wasm/body_validator.h"
#include "wasm/decoder.h"

#include <algorithm>
#include <future>
#include <thread>

namespace vitrine::core {

namespace {

/// The rules of the types of functions, tables, memories, globals and tags. [spec: valid/types]
class DeclarationRules {
public:
    /// The types of the module must be registered.
    DeclarationRules(const Module& module, FeatureSet features) : module_(module), features_(features) {}

    Result<void> check(ExternFunc<TypeIndex> type, uint64_t offset) const
    {
        return check_func_type(type.type, offset);
    }

    Result<void> check(const TableType& type, uint64_t offset) const
    {
        // The first version of WebAssembly had only one table, of functions.
        if (type.element != ValueType::funcref)
            CHECK(check_value_type(module_, features_, type.element, offset));
        return type.limits.is_64 ? check_limits(type.limits, "table", UINT64_MAX, "2^64-1", offset)
                                 : check_limits(type.limits, "table", UINT32_MAX, "2^32-1", offset);
    }

    Result<void> check(const MemoryType& type, uint64_t offset) const
    {
        const Limits& limits = type.limits;
        if (type.page_size_log2 != 16) {
            CHECK(check_feature(features_, Feature::CustomPageSizes, "a custom page size", offset));
            if (type.page_size_log2 != 0)
                return failure("invalid custom page size", offset);
        }
        // The number of pages in the address space.
        const uint32_t bits = (limits.is_64 ? 64u : 32u) - type.page_size_log2;
        const uint64_t bound = bits == 64 ? UINT64_MAX
            : type.page_size_log2 == 0    ? (uint64_t { 1 } << bits) - 1
                                          : uint64_t { 1 } << bits;
        const std::string text = bound == max_memory_pages ? "65536 pages (4GiB)" : count_text(bound, "page");
        CHECK(check_limits(limits, "memory", bound, text, offset));
        if (limits.is_shared) {
            CHECK(check_feature(features_, Feature::Threads, "shared memory", offset));
            if (!limits.max)
                return failure("shared memory must have maximum", offset);
        }
        return {};
    }

    Result<void> check(const GlobalType& type, uint64_t offset) const
    {
        return check_value_type(module_, features_, type.type, offset);
    }

    Result<void> check(ExternTag<TypeIndex> tag, uint64_t offset) const
    {
        if (!features_.has(Feature::LegacyExceptions))
            CHECK(check_feature(features_, Feature::Exceptions, "tag", offset));
        CHECK(check_func_type(tag.type, offset));
        if (!find_func_type(tag.type)->results.empty())
            return failure("non-empty tag result type", offset);
        return {};
    }

private:
    const FuncType* find_func_type(TypeIndex index) const
    {
        const TypeInfo* type =
            index.value < module_.type_infos.size() ? module_.type_infos[index.value] : nullptr;
        return type ? type->type.func() : nullptr;
    }

    Result<void> check_func_type(TypeIndex index, uint64_t offset) const
    {
        if (!find_func_type(index))
            return unknown("type", index.value, offset);
        return {};
    }

    Result<void> check_limits(const Limits& limits, const std::string& what, uint64_t bound,
        const std::string& bound_text, uint64_t offset) const
    {
        if (limits.is_64)
            CHECK(check_feature(features_, Feature::Memory64, "64-bit " + what, offset));
        if (limits.min > bound || (limits.max && *limits.max > bound))
            return failure(what + " size must be at most " + bound_text, offset);
        if (limits.max && *limits.max < limits.min)
            return failure("size minimum must not be greater than maximum", offset);
        return {};
    }

    const Module& module_;
    const FeatureSet features_;
};

/// The rules of everything except function bodies. [spec: valid/modules]
class ModuleValidator {
public:
    ModuleValidator(Module& module, FeatureSet features, BodyOptions options)
        : module_(module),
          features_(features),
          options_(options),
          rules_(module, features),
          body_(module, features)
    {}

    Result<void> validate()
    {
        CHECK(check_functions());
        CHECK(check_tables());
        CHECK(check_memories());
        CHECK(check_tags());
        declare_functions();
        CHECK(check_globals());
        CHECK(check_table_contents());
        CHECK(check_exports());
        CHECK(check_start());
        CHECK(check_elems());
        CHECK(check_datas());
        return check_bodies();
    }

private:
    Result<void> check_functions()
    {
        for (const FuncDecl& function : module_.functions)
            CHECK(rules_.check(ExternFunc<TypeIndex> { function.type }, function.offset));
        return {};
    }

    Result<void> check_tables()
    {
        for (const TableDecl& table : module_.tables) {
            CHECK(rules_.check(table.type, table.offset));
            if (&table == &module_.tables[TableIndex { 0 }] || features_.has(Feature::ReferenceTypes))
                continue;
            return failure("multiple tables", table.offset);
        }
        return {};
    }

    Result<void> check_table_contents()
    {
        for (uint32_t i = module_.imported(ExternKind::Table); i < module_.tables.size(); ++i) {
            const TableDecl& table = module_.tables[TableIndex { i }];
            if (table.init) {
                CHECK(check_feature(
                    features_, Feature::FunctionReferences, "table with an initial value", table.offset));
                CHECK(body_.validate_constant(
                    *table.init, table.type.element, module_.imported(ExternKind::Global)));
            } else if (!table.type.element.is_defaultable()) {
                return failure(
                    "type mismatch: a table of " + table.type.element.to_text() + " needs an initial value",
                    table.offset);
            }
        }
        return {};
    }

    Result<void> check_memories()
    {
        for (const MemoryDecl& memory : module_.memories) {
            CHECK(rules_.check(memory.type, memory.offset));
            if (&memory != &module_.memories[MemoryIndex { 0 }] && !features_.has(Feature::MultiMemory))
                return failure("multiple memories", memory.offset);
        }
        return {};
    }

    Result<void> check_tags()
    {
        for (const TagDecl& tag : module_.tags)
            CHECK(rules_.check(ExternTag<TypeIndex> { tag.type }, tag.offset));
        return {};
    }

    Result<void> check_globals()
    {
        uint32_t index = 0;
        for (const GlobalDecl& global : module_.globals) {
            CHECK(rules_.check(global.type, global.offset));
            if (index >= module_.imported(ExternKind::Global))
                CHECK(body_.validate_constant(global.init, global.type.type, index));
            ++index;
        }
        return {};
    }

    uint32_t size_of(ExternKind kind) const
    {
        switch (kind) {
        case ExternKind::Func: return module_.functions.size();
        case ExternKind::Table: return module_.tables.size();
        case ExternKind::Memory: return module_.memories.size();
        case ExternKind::Global: return module_.globals.size();
        case ExternKind::Tag: return module_.tags.size();
        }
        std::unreachable();
    }

    Result<void> check_exports()
    {
        const Export* const duplicate = module_.find_duplicate_export();
        for (const Export& item : module_.exports) {
            if (item.index >= size_of(item.kind))
                return unknown(
                    item.kind == ExternKind::Func ? "function" : to_text(item.kind), item.index, item.offset);
            if (&item == duplicate)
                return failure("duplicate export name \"" + escaped(item.name) + "\"", item.offset);
        }
        return {};
    }

    Result<void> check_start()
    {
        if (!module_.start)
            return {};
        if (!module_.functions.contains(*module_.start))
            return unknown("function", module_.start->value, module_.start_offset);
        const FuncType& type = module_.func_type(*module_.start);
        if (!type.params.empty() || !type.results.empty())
            return failure("start function must have no parameters and no results", module_.start_offset);
        return {};
    }

    /// `ref.func` in a body may refer to functions that are exported or referred to outside of
    /// bodies.
    void declare_functions()
    {
        body_.declared_functions.resize(module_.functions.size());
        const auto declare = [&](uint32_t function) {
            if (function < body_.declared_functions.size())
                body_.declared_functions[function] = true;
        };
        const auto declare_in = [&](ConstExpr expression) {
            ByteReader in(module_.bytes().subspan(expression.offset, expression.size), expression.offset);
            while (!in.at_end()) {
                const auto instruction = decode_instruction(in);
                if (!instruction)
                    return;
                if (instruction->op == Op::RefFunc)
                    declare(instruction->index);
            }
        };
        for (const Export& item : module_.exports)
            if (item.kind == ExternKind::Func)
                declare(item.index);
        for (const GlobalDecl& global : module_.globals)
            declare_in(global.init);
        for (const TableDecl& table : module_.tables)
            if (table.init)
                declare_in(*table.init);
        for (const ElemSegment& segment : module_.elems) {
            if (const auto* functions = std::get_if<std::vector<FuncIndex>>(&segment.items))
                for (const FuncIndex function : *functions)
                    declare(function.value);
            else
                for (const ConstExpr& expression : std::get<std::vector<ConstExpr>>(segment.items))
                    declare_in(expression);
        }
    }

    Result<void> check_elems()
    {
        for (const ElemSegment& segment : module_.elems) {
            if (const auto* functions = std::get_if<std::vector<FuncIndex>>(&segment.items)) {
                for (const FuncIndex function : *functions)
                    if (!module_.functions.contains(function))
                        return unknown("function", function.value, segment.offset);
            } else {
                if (segment.type != ValueType::funcref)
                    CHECK(check_value_type(module_, features_, segment.type, segment.offset));
                for (const ConstExpr& expression : std::get<std::vector<ConstExpr>>(segment.items))
                    CHECK(body_.validate_constant(expression, segment.type, module_.globals.size()));
            }
            if (segment.mode != SegmentMode::Active)
                continue;
            const TableDecl* table = module_.tables.find(segment.table);
            if (!table)
                return unknown("table", segment.table.value, segment.offset);
            if (!matches(module_, segment.type, table->type.element))
                return failure("type mismatch: " + segment.type.to_text() + " elements for a table of "
                        + table->type.element.to_text(),
                    segment.offset);
            CHECK(body_.validate_constant(
                segment.start, address_type(table->type.limits), module_.globals.size()));
        }
        return {};
    }

    Result<void> check_datas()
    {
        for (const DataSegment& segment : module_.datas) {
            if (segment.mode != SegmentMode::Active)
                continue;
            const MemoryDecl* memory = module_.memories.find(segment.memory);
            if (!memory)
                return unknown("memory", segment.memory.value, segment.offset);
            CHECK(body_.validate_constant(
                segment.start, address_type(memory->type.limits), module_.globals.size()));
        }
        return {};
    }

    Result<void> check_local_counts() const
    {
        uint64_t total = 0;
        for (uint32_t i = 0; i < module_.bodies.size(); ++i) {
            const FuncType& type = module_.func_type({ module_.imported(ExternKind::Func) + i });
            total += type.params.size() + module_.bodies[i].local_count;
            if (total > max_module_locals)
                return failure(
                    "too many locals in the module: the limit is " + std::to_string(max_module_locals),
                    module_.bodies[i].body_offset);
        }
        return {};
    }

    /// A sequence of bodies, from `first` up to but not including `last`.
    struct Part {
        size_t first, last;
        BodyOutput output {};
        Result<void> outcome {};
    };

    CodeOffset code_bytes(size_t first, size_t last) const
    {
        return first == last ? 0 : module_.bodies[last - 1].end_offset - module_.bodies[first].body_offset;
    }

    /// Splits the bodies into parts of about the same number of bytes.
    std::vector<Part> parts() const
    {
        const size_t count = module_.bodies.size();
        const CodeOffset bytes = code_bytes(0, count);
        // `hardware_concurrency` can return 0.
        const size_t useful =
            std::min<size_t>({ bytes / min_part_bytes, std::thread::hardware_concurrency(), max_parts });
        const size_t wanted = std::max<size_t>(options_.parts == 0 ? useful : options_.parts, 1);
        std::vector<Part> parts;
        for (size_t first = 0, last = 0; parts.size() < wanted; first = last) {
            const uint64_t end = uint64_t { bytes } * (parts.size() + 1) / wanted;
            while (last < count && code_bytes(0, last + 1) <= end)
                ++last;
            parts.push_back({ first, last });
        }
        return parts;
    }

    void check_part(Part& part, BodyValidator& body)
    {
        for (size_t i = part.first; i < part.last && part.outcome; ++i)
            part.outcome =
                body.validate_body({ module_.imported(ExternKind::Func) + static_cast<uint32_t>(i) },
                    module_.bodies[i], part.output);
    }

    Result<void> check_bodies()
    {
        CHECK(check_local_counts());
        body_.uses_fast_path = options_.uses_fast_path;
        std::vector<Part> parts = this->parts();
        // Reserve more than real code needs. Unused pages cost nothing, but growing would copy. The
        // first part also receives the output of the others.
        for (Part& part : parts)
            part.output.branches.reserve(
                code_bytes(part.first, &part == &parts.front() ? module_.bodies.size() : part.last) / 24);
        std::vector<std::future<void>> others;
        for (Part& part : std::span(parts).subspan(1)) {
            const auto check = [&] {
                BodyValidator body(module_, features_);
                body.declared_functions = body_.declared_functions;
                body.uses_fast_path = body_.uses_fast_path;
                check_part(part, body);
            };
            // If no more threads can be created, the task runs when its result is requested.
            others.push_back(std::async(check));
        }
        check_part(parts.front(), body_);
        for (std::future<void>& other : others)
            other.get();
        BodyOutput& output = parts.front().output;
        for (const Part& part : parts) {
            CHECK(part.outcome);
            if (&part != &parts.front())
                output.append(
                    part.output, std::span(module_.bodies).subspan(part.first, part.last - part.first));
        }
        output.loops.shrink_to_fit();
        module_.branches = std::move(output.branches);
        module_.loops = std::move(output.loops);
        module_.handlers = std::move(output.handlers);
        module_.catches = std::move(output.catches);
        module_.wide_locals = std::move(output.wide_locals);
        return {};
    }

    /// The maximum total number of locals of all functions in a module.
    static constexpr uint32_t max_module_locals = 50'000'000;
    /// The minimum size of a part for which a thread pays off, and the maximum number of threads;
    /// more would be limited by memory bandwidth.
    static constexpr size_t min_part_bytes = 512 * 1024, max_parts = 8;

    Module& module_;
    const FeatureSet features_;
    const BodyOptions options_;
    const DeclarationRules rules_;
    BodyValidator body_;
};

/// The rules of type definitions. [spec: valid/types]
class TypeValidator {
public:
    /// Types before `first` are known to be valid.
    TypeValidator(const Module& module, FeatureSet features, uint32_t first = 0)
        : module_(module), features_(features), first_(first)
    {}

    /// Checks that types refer only to earlier types or to their own group, and that chains of
    /// supertypes are short.
    Result<void> check_names() const
    {
        std::vector<uint8_t> depths(module_.types.size() - first_, 1);
        for (uint32_t i = first_; i < module_.types.size(); ++i) {
            const SubType& type = module_.types[TypeIndex { i }];
            if (type.group_size != 1 || type.supertype || !type.is_final || !type.func())
                CHECK(check_feature(features_, Feature::Gc, "type " + std::to_string(i), type.offset));
            if (type.supertype && *type.supertype >= i)
                return unknown("type", *type.supertype, type.offset);
            uint8_t& depth = depths[i - first_];
            if (type.supertype)
                depth = static_cast<uint8_t>(1
                    + (*type.supertype < first_ ? module_.type_infos[*type.supertype]->depth
                                                : depths[*type.supertype - first_]));
            if (depth > limits::subtype_depth)
                return failure(
                    "subtype hierarchy too deep: the limit is " + std::to_string(limits::subtype_depth),
                    type.offset);
            CHECK(check_parts(type));
        }
        return {};
    }

    /// Checks that each type with a declared supertype matches it. The types must be registered in
    /// `types`.
    Result<void> check_subtypes(const TypeRegistry& types) const
    {
        for (uint32_t i = first_; i < module_.types.size(); ++i) {
            const SubType& type = module_.types[TypeIndex { i }];
            if (!type.supertype)
                continue;
            const SubType& super = module_.type_infos[*type.supertype]->type;
            if (super.is_final || !fits(module_.type_infos[i]->type.composite, super.composite, types))
                return failure("sub type " + std::to_string(i) + " does not match super type "
                        + std::to_string(*type.supertype),
                    type.offset);
        }
        return {};
    }

private:
    Result<void> check_part(const SubType& type, ValueType part) const
    {
        if (part.is_ref() && part.heap() == HeapKind::Defined
            && part.index() >= type.group_start + type.group_size)
            return unknown("type", part.index(), type.offset);
        return check_value_type(module_, features_, part, type.offset);
    }

    Result<void> check_parts(const SubType& type) const
    {
        if (const FuncType* function = type.func()) {
            for (const auto* list : { &function->params, &function->results })
                for (const ValueType part : *list)
                    CHECK(check_part(type, part));
            if (function->results.size() > 1)
                return check_feature(
                    features_, Feature::MultiValue, "a function with multiple results", type.offset);
        } else if (const StructType* structure = type.structure()) {
            for (const FieldType& field : structure->fields)
                CHECK(check_part(type, field.type));
        } else {
            return check_part(type, type.array()->element.type);
        }
        return {};
    }

    /// All `fits` compare types of the registry.
    static bool fits(const FieldType& sub, const FieldType& super, const TypeRegistry& types)
    {
        if (sub.packed_bytes != super.packed_bytes || sub.is_mutable != super.is_mutable)
            return false;
        return types.is_subtype(sub.type, super.type)
            && (!sub.is_mutable || types.is_subtype(super.type, sub.type));
    }

    static bool fits(const CompositeType& sub, const CompositeType& super, const TypeRegistry& types)
    {
        if (sub.index() != super.index())
            return false;
        if (const auto* function = std::get_if<FuncType>(&sub)) {
            const auto& other = std::get<FuncType>(super);
            const auto match = [&](ValueType a, ValueType b) { return types.is_subtype(a, b); };
            return std::ranges::equal(other.params, function->params, match)
                && std::ranges::equal(function->results, other.results, match);
        }
        if (const auto* structure = std::get_if<StructType>(&sub)) {
            const auto& other = std::get<StructType>(super).fields;
            return structure->fields.size() >= other.size()
                && std::ranges::equal(std::span(structure->fields).first(other.size()), other,
                    [&](const FieldType& a, const FieldType& b) { return fits(a, b, types); });
        }
        return fits(std::get<ArrayType>(sub).element, std::get<ArrayType>(super).element, types);
    }

    const Module& module_;
    const FeatureSet features_;
    const uint32_t first_;
};

/// Registers the module's types in `types` and stores their ids in the module.
Result<void> register_types(Module& module, TypeRegistry& types)
{
    auto added = TRY(types.add(module.types));
    module.type_ids = std::move(added.ids);
    module.type_claim = std::move(added.claim);
    module.type_infos.clear();
    module.type_infos.reserve(module.type_ids.size());
    for (const TypeId id : module.type_ids)
        module.type_infos.push_back(&types.info(id));
    return {};
}

} // namespace

Result<void> validate_module(Module& module, TypeRegistry& types, FeatureSet features, BodyOptions options)
{
    const TypeValidator type_validator(module, features);
    CHECK(type_validator.check_names());
    // The engine's registry only gets types of valid modules. Until then they are in a registry of
    // their own.
    TypeRegistry own_types;
    CHECK(register_types(module, own_types));
    CHECK(type_validator.check_subtypes(own_types));
    CHECK(ModuleValidator(module, features, options).validate());
    module.type_claim = {};
    return register_types(module, types);
}

Result<void> check_extern_type(
    const Module& module, FeatureSet features, const ExternDesc& type, uint64_t offset)
{
    const DeclarationRules rules(module, features);
    return std::visit([&](const auto& item) { return rules.check(item, offset); }, type);
}

Result<TypeRegistry::Claim> extend_types(Module& module, TypeRegistry& types, FeatureSet features)
{
    const TypeValidator validator(module, features, module.type_ids.size());
    CHECK(validator.check_names());
    auto claim = TRY(types.extend(module.types, module.type_ids));
    for (size_t i = module.type_infos.size(); i < module.type_ids.size(); ++i)
        module.type_infos.push_back(&types.info(module.type_ids[TypeIndex { static_cast<uint32_t>(i) }]));
    CHECK(validator.check_subtypes(types));
    return claim;
}

Result<std::shared_ptr<const Module>> load_module(
    std::shared_ptr<const FileBytes> file, Bytes part, TypeRegistry& types, FeatureSet features)
{
    std::shared_ptr<Module> module = TRY(decode_module(std::move(file), part, features));
    CHECK(validate_module(*module, types, features));
    return module;
}

Result<std::shared_ptr<const Module>> load_module(
    std::vector<uint8_t> bytes, TypeRegistry& types, FeatureSet features)
{
    auto file = std::make_shared<const FileBytes>(std::move(bytes));
    const Bytes all = file->bytes();
    return load_module(std::move(file), all, types, features);
}

std::vector<ValueType> local_types(const Module& module, FuncIndex function)
{
    std::vector<ValueType> types;
    ASSERT(read_local_types(module, FeatureSet::all(), function, types));
    return types;
}

std::optional<InstructionState> find_instruction_state(
    const Module& module, FuncIndex function, CodeOffset offset)
{
    if (!module.functions.contains(function) || module.is_imported(function)
        || !module.meta(function).contains(offset))
        return std::nullopt;
    BodyValidator body(module, FeatureSet::all());
    body.declared_functions.assign(module.functions.size(), true);
    return body.find_state(function, offset);
}

std::optional<CodeOffset> find_instruction_boundary(
    const Module& module, FuncIndex function, CodeOffset offset)
{
    if (!module.functions.contains(function) || module.is_imported(function)
        || !module.meta(function).contains(offset))
        return std::nullopt;
    const FuncMeta& meta = module.meta(function);
    CodeOffset at = meta.code_offset;
    while (at < offset && at < meta.end_offset)
        at = next_instruction(module.bytes(), at);
    return at < meta.end_offset ? std::optional(at) : std::nullopt;
}

} // namespace vitrine::core
