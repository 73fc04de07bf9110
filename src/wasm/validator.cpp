// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/validator.h"

#include "wasm/body_validator.h"
#include "wasm/decoder.h"

#include <algorithm>
#include <unordered_set>

namespace vitrine::core {

namespace {

constexpr uint8_t code_section = 10;

/// The rules of everything but bodies. [spec: valid/modules]
class ModuleValidator {
public:
    ModuleValidator(Module& module, const TypeRegistry& types)
        : module_(module), types_(types), body_(module, types)
    {}

    Result<void> validate()
    {
        CHECK(check_functions());
        CHECK(check_tables());
        CHECK(check_memories());
        CHECK(check_tags());
        declare_functions();
        CHECK(check_globals());
        CHECK(check_exports());
        CHECK(check_start());
        CHECK(check_elems());
        CHECK(check_datas());
        return check_bodies();
    }

private:
    Result<void> check_func_type(TypeIndex index, uint64_t offset)
    {
        const SubType* type = module_.types.find(index);
        if (!type || !type->func())
            return unknown("type", index.value, offset);
        return {};
    }

    Result<void> check_functions()
    {
        for (const FuncDecl& function : module_.functions)
            CHECK(check_func_type(function.type, function.offset));
        return {};
    }

    Result<void> check_limits(const Limits& limits, const std::string& what, uint64_t bound,
        const std::string& bound_text, uint64_t offset)
    {
        if (limits.is_64)
            return unsupported(Feature::Memory64, "64-bit " + what, offset);
        if (limits.min > bound || (limits.max && *limits.max > bound))
            return failure(what + " size must be at most " + bound_text, offset);
        if (limits.max && *limits.max < limits.min)
            return failure("size minimum must not be greater than maximum", offset);
        return {};
    }

    Result<void> check_tables()
    {
        for (const TableDecl& table : module_.tables) {
            CHECK(check_value_type(module_, table.type.element, table.offset));
            CHECK(check_limits(table.type.limits, "table", UINT32_MAX, "2^32-1", table.offset));
            if (table.init)
                return unsupported(Feature::FunctionReferences, "table with an initial value", table.offset);
        }
        return {};
    }

    Result<void> check_memories()
    {
        for (const MemoryDecl& memory : module_.memories) {
            CHECK(check_limits(
                memory.type.limits, "memory", max_memory_pages, "65536 pages (4GiB)", memory.offset));
            if (memory.type.limits.is_shared && !memory.type.limits.max)
                return failure("shared memory must have maximum", memory.offset);
        }
        return {};
    }

    Result<void> check_tags()
    {
        for (const TagDecl& tag : module_.tags) {
            CHECK(check_func_type(tag.type, tag.offset));
            if (!module_.types[tag.type].func()->results.empty())
                return failure("non-empty tag result type", tag.offset);
        }
        return {};
    }

    Result<void> check_globals()
    {
        uint32_t index = 0;
        for (const GlobalDecl& global : module_.globals) {
            CHECK(check_value_type(module_, global.type.type, global.offset));
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
        std::unordered_set<std::string_view> names;
        for (const Export& item : module_.exports) {
            if (item.index >= size_of(item.kind))
                return unknown(
                    item.kind == ExternKind::Func ? "function" : to_text(item.kind), item.index, item.offset);
            if (!names.insert(item.name).second)
                return failure("duplicate export name \"" + std::string(item.name) + "\"", item.offset);
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

    /// `ref.func` in a body may name what is exported or referred to outside the bodies.
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
                CHECK(check_value_type(module_, segment.type, segment.offset));
                for (const ConstExpr& expression : std::get<std::vector<ConstExpr>>(segment.items))
                    CHECK(body_.validate_constant(expression, segment.type, module_.globals.size()));
            }
            if (segment.mode != SegmentMode::Active)
                continue;
            const TableDecl* table = module_.tables.find(segment.table);
            if (!table)
                return unknown("table", segment.table.value, segment.offset);
            if (!matches(module_, types_, segment.type, table->type.element))
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

    Result<void> check_bodies()
    {
        BodyOutput output;
        // Room for more than real code needs: pages that are not written cost nothing, growing would copy.
        const Section* code = nullptr;
        for (const Section& section : module_.sections)
            code = section.id == code_section ? &section : code;
        output.branches.reserve(code ? code->size / 24 : 0);
        for (uint32_t i = 0; i < module_.bodies.size(); ++i)
            CHECK(body_.validate_body({ module_.imported(ExternKind::Func) + i }, module_.bodies[i], output));
        output.loops.shrink_to_fit();
        output.local_weights.shrink_to_fit();
        module_.branches = std::move(output.branches);
        module_.loops = std::move(output.loops);
        module_.local_weights = std::move(output.local_weights);
        return {};
    }

    Module& module_;
    const TypeRegistry& types_;
    BodyValidator body_;
};

/// Types that are not function types, or need more than this engine executes.
Result<void> check_types(const Module& module)
{
    for (const SubType& type : module.types) {
        const FuncType* function = type.func();
        if (!function)
            return unsupported(Feature::Gc,
                std::holds_alternative<StructType>(type.composite) ? "struct type" : "array type",
                type.offset);
        if (type.group_size != 1)
            return unsupported(Feature::Gc, "recursion group", type.offset);
        if (type.supertype || !type.is_final)
            return unsupported(Feature::Gc, "sub type", type.offset);
        for (const auto* list : { &function->params, &function->results })
            for (const ValueType item : *list)
                CHECK(check_value_type(module, item, type.offset));
    }
    return {};
}

} // namespace

Result<void> validate_module(Module& module, TypeRegistry& types)
{
    CHECK(check_types(module));
    module.type_ids = TRY(types.add(module.types));
    return ModuleValidator(module, types).validate();
}

Result<std::shared_ptr<const Module>> load_module(std::vector<uint8_t> bytes, TypeRegistry& types)
{
    std::shared_ptr<Module> module = TRY(decode_module(std::move(bytes)));
    CHECK(validate_module(*module, types));
    return module;
}

std::vector<ValueType> local_types(const Module& module, FuncIndex function)
{
    std::vector<ValueType> types;
    ASSERT(read_local_types(module, function, types));
    return types;
}

std::optional<InstructionState> find_instruction_state(
    const Module& module, const TypeRegistry& types, FuncIndex function, CodeOffset offset)
{
    if (!module.functions.contains(function) || module.is_imported(function)
        || !module.meta(function).contains(offset))
        return std::nullopt;
    BodyValidator body(module, types);
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
