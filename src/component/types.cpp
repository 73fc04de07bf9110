// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "component/types.h"

#include "base/bytes.h"
#include "base/overloaded.h"
#include "component/names.h"

#include <algorithm>

namespace vitrine::core::component {

// -- Text

std::string_view to_text(Primitive type)
{
    constexpr std::string_view texts[primitive_count] = { "bool", "s8", "u8", "s16", "u16", "s32", "u32",
        "s64", "u64", "f32", "f64", "char", "string", "error-context" };
    return texts[static_cast<size_t>(type)];
}

std::string_view kind_text(const ValueDef& def)
{
    if (const auto* primitive = std::get_if<Primitive>(&def))
        return to_text(*primitive);
    if (const auto* list = std::get_if<ListType>(&def); list && list->length)
        return "fixed-length list";
    constexpr std::string_view texts[] = { "", "record", "variant", "list", "map", "tuple", "flags", "enum",
        "option", "result", "own", "borrow", "stream", "future" };
    static_assert(std::size(texts) == std::variant_size_v<ValueDef>);
    return texts[def.index()];
}

std::string_view to_text(EntityKind kind)
{
    constexpr std::string_view texts[] = { "module", "func", "type", "instance", "component" };
    return texts[static_cast<size_t>(kind)];
}

std::string_view kind_text(const TypeDef& def)
{
    constexpr std::string_view texts[] = { "defined type", "func", "resource", "instance", "component" };
    static_assert(std::size(texts) == std::variant_size_v<TypeDef>);
    return texts[def.index()];
}

// -- Layout

void FlatTypes::add(const FlatTypes& more)
{
    for (const core::ValueKind type : more.span())
        add(type);
    if (!more.fits())
        count = max + 1;
}

namespace {

constexpr uint64_t align_up(uint64_t size, uint32_t alignment)
{
    return (size + alignment - 1) / alignment * alignment;
}

constexpr Layout scalar(uint32_t bytes) { return { bytes, bytes }; }

void append_field(Layout& record, const Layout& field)
{
    record.size = align_up(record.size, field.alignment) + field.size;
    record.alignment = std::max(record.alignment, field.alignment);
}

Layout finished(Layout record)
{
    record.size = align_up(record.size, record.alignment);
    return record;
}

uint32_t discriminant_bytes(size_t cases) { return cases <= 0x100 ? 1 : cases <= 0x10000 ? 2 : 4; }

/// The core type that can hold a value of either type.
core::ValueKind join(core::ValueKind a, core::ValueKind b)
{
    using enum core::ValueKind;
    if (a == b)
        return a;
    const bool are_32_bits = (a == I32 || a == F32) && (b == I32 || b == F32);
    return are_32_bits ? I32 : I64;
}

/// The memory and core types of a value that is one of several cases.
struct Sum {
    explicit Sum(size_t cases) : cases(cases) { flat.add(core::ValueKind::I32); }

    void add(const TypeInfo& payload)
    {
        for (const auto& [all, one] :
            { std::pair(&layout, &payload.layout), { &layout64, &payload.layout64 } }) {
            all->size = std::max(all->size, one->size);
            all->alignment = std::max(all->alignment, one->alignment);
        }
        for (uint32_t i = 0; i < payload.flat.span().size(); ++i) {
            const core::ValueKind type = payload.flat.types[i];
            if (i + 1 < flat.span().size())
                flat.types[i + 1] = join(flat.types[i + 1], type);
            else
                flat.add(type);
        }
        if (!payload.flat.fits())
            flat.count = FlatTypes::max + 1;
    }

    void finish(TypeInfo& info) const
    {
        info.flat = flat;
        for (const auto& [whole, payload] :
            { std::pair(&info.layout, &layout), { &info.layout64, &layout64 } }) {
            *whole = scalar(discriminant_bytes(cases));
            append_field(*whole, *payload);
            *whole = finished(*whole);
        }
    }

    size_t cases;
    Layout layout, layout64;
    FlatTypes flat;
};

TypeInfo scalar_info(core::ValueKind flat, uint32_t bytes)
{
    TypeInfo info;
    info.layout = info.layout64 = scalar(bytes);
    info.flat.add(flat);
    return info;
}

/// The address and the length of a string or list.
TypeInfo pointer_info()
{
    TypeInfo info;
    info.has_pointer = true;
    info.layout = { 8, 4 };
    info.layout64 = { 16, 8 };
    info.flat.add(core::ValueKind::I32);
    info.flat.add(core::ValueKind::I32);
    return info;
}

TypeInfo primitive_info(Primitive type)
{
    using enum core::ValueKind;
    switch (type) {
    case Primitive::Bool:
    case Primitive::S8:
    case Primitive::U8: return scalar_info(I32, 1);
    case Primitive::S16:
    case Primitive::U16: return scalar_info(I32, 2);
    case Primitive::S32:
    case Primitive::U32:
    case Primitive::Char:
    case Primitive::ErrorContext: return scalar_info(I32, 4);
    case Primitive::S64:
    case Primitive::U64: return scalar_info(I64, 8);
    case Primitive::F32: return scalar_info(F32, 4);
    case Primitive::F64: return scalar_info(F64, 8);
    case Primitive::String: return pointer_info();
    }
    std::unreachable();
}

const std::array<TypeInfo, primitive_count>& primitive_infos()
{
    static const auto infos = [] {
        std::array<TypeInfo, primitive_count> all;
        for (uint32_t i = 0; i < primitive_count; ++i)
            all[i] = primitive_info(static_cast<Primitive>(i));
        return all;
    }();
    return infos;
}

Result<void> add_size(TypeInfo& info, uint64_t size)
{
    if (info.size + size > limits::type_size)
        return failure("effective type size exceeds the limit of " + std::to_string(limits::type_size));
    info.size += static_cast<uint32_t>(size);
    return {};
}

} // namespace

// -- Facts about types

const TypeInfo& Types::info(ValType type) const
{
    return type.is_primitive() ? primitive_infos()[static_cast<size_t>(type.primitive())] : info(type.type());
}

uint32_t Types::size_of(const Entity& entity) const
{
    return entity.kind == EntityKind::Module ? (*this)[entity.module()].size : info(entity.type()).size;
}

/// Takes over from a part what holds for everything that contains it.
Result<void> Types::include(TypeInfo& info, ValType part) const
{
    const TypeInfo& of_part = this->info(part);
    CHECK(add_size(info, of_part.size));
    info.depth = std::max(info.depth, of_part.depth + 1);
    info.has_borrow |= of_part.has_borrow;
    info.has_resource |= of_part.has_resource;
    info.has_pointer |= of_part.has_pointer;
    return {};
}

Result<TypeInfo> Types::describe(const ValueDef& def) const
{
    TypeInfo info;
    std::optional<Error> error;
    for_each_part(def, [&](ValType part) {
        if (auto included = include(info, part); !included && !error)
            error = std::move(included).error();
    });
    if (error)
        return std::unexpected(*std::move(error));
    if (info.depth > limits::type_depth)
        return failure("type nesting is too deep: the limit is " + std::to_string(limits::type_depth));

    const auto set_values = [&](const TypeInfo& other) {
        info.layout = other.layout;
        info.layout64 = other.layout64;
        info.flat = other.flat;
        info.has_pointer |= other.has_pointer;
    };
    const auto set_sum = [&](size_t cases) {
        Sum sum(cases);
        for_each_part(def, [&](ValType part) { sum.add(this->info(part)); });
        sum.finish(info);
    };
    const auto set_product = [&] {
        for_each_part(def, [&](ValType part) {
            const TypeInfo& field = this->info(part);
            append_field(info.layout, field.layout);
            append_field(info.layout64, field.layout64);
            info.flat.add(field.flat);
        });
        info.layout = finished(info.layout);
        info.layout64 = finished(info.layout64);
    };
    // What a handle refers to is not part of the value.
    const auto set_handle = [&] {
        set_values(primitive_info(Primitive::U32));
        info.has_pointer = false;
    };
    std::visit(Overloaded {
                   [&](Primitive type) { info = primitive_info(type); },
                   [&](const RecordType&) { set_product(); },
                   [&](const TupleType&) { set_product(); },
                   [&](const VariantType& variant) { set_sum(variant.cases.size()); },
                   [&](const EnumType& type) { set_sum(type.names.size()); },
                   [&](const OptionType&) { set_sum(2); },
                   [&](const ResultType&) { set_sum(2); },
                   [&](const MapType&) { set_values(pointer_info()); },
                   [&](const ListType& list) {
                       if (!list.length)
                           return set_values(pointer_info());
                       const TypeInfo& element = this->info(list.element);
                       info.layout = { element.layout.size * *list.length, element.layout.alignment };
                       info.layout64 = { element.layout64.size * *list.length, element.layout64.alignment };
                       for (uint32_t i = 0; i < *list.length && info.flat.fits(); ++i)
                           info.flat.add(element.flat);
                   },
                   [&](const FlagsType& flags) {
                       const size_t count = flags.names.size();
                       set_values(scalar_info(core::ValueKind::I32, count <= 8 ? 1 : count <= 16 ? 2 : 4));
                   },
                   [&](const OwnType&) {
                       set_handle();
                       info.has_resource = true;
                   },
                   [&](const BorrowType&) {
                       set_handle();
                       info.has_resource = info.has_borrow = true;
                   },
                   [&](const StreamType&) { set_handle(); },
                   [&](const FutureType&) { set_handle(); },
               },
        def);
    if (info.layout64.size > limits::value_bytes)
        return failure("type exceeds maximum byte size of " + std::to_string(limits::value_bytes));
    return info;
}

Result<void> Types::describe_externs(TypeInfo& info, const Externs& externs) const
{
    for (const Entity& entity : externs.entities) {
        CHECK(add_size(info, size_of(entity)));
        if (entity.kind == EntityKind::Module)
            continue;
        const TypeInfo& of_entity = this->info(entity.type());
        info.has_resource |= of_entity.has_resource;
        const TypeDef& def = (*this)[entity.type()];
        if (std::holds_alternative<InstanceType>(def) || std::holds_alternative<ComponentType>(def))
            info.depth = std::max(info.depth, of_entity.depth + 1);
    }
    if (info.depth > limits::nesting)
        return failure("type nesting is too deep: the limit is " + std::to_string(limits::nesting));
    return {};
}

Result<TypeInfo> Types::describe(const TypeDef& def) const
{
    if (const auto* value = std::get_if<ValueDef>(&def))
        return describe(*value);
    TypeInfo info;
    if (const auto* func = std::get_if<FuncType>(&def)) {
        for (const Field& param : func->params)
            CHECK(include(info, param.type));
        if (func->result)
            CHECK(include(info, *func->result));
    } else if (const auto* instance = std::get_if<InstanceType>(&def)) {
        CHECK(describe_externs(info, instance->exports));
    } else if (const auto* component = std::get_if<ComponentType>(&def)) {
        CHECK(describe_externs(info, component->imports));
        CHECK(describe_externs(info, component->exports));
    } else {
        info.has_resource = true;
    }
    return info;
}

// -- Identity

/// Primitive types have no ids of their own: a name for one is equal to it.
ValType Types::canonical_form(ValType type) const
{
    if (type.is_primitive())
        return type;
    if (const auto* primitive = std::get_if<Primitive>(&value(type.type())))
        return *primitive;
    return canonical(type.type());
}

/// A text that is equal for two types if and only if they are. Only for value and function types.
std::string Types::key_of(const TypeDef& def) const
{
    ByteWriter key;
    const auto add_part = [&](ValType part) { key.leb(canonical_form(part).bits()); };
    const auto add_name = [&](std::string_view name) { key.name(lower_case(name)); };
    const auto add_optional = [&](const std::optional<ValType>& part) {
        key.byte(part.has_value());
        if (part)
            add_part(*part);
    };
    if (const auto* func = std::get_if<FuncType>(&def)) {
        key.byte(func->is_async ? 0xff : 0xfe);
        for (const Field& param : func->params) {
            key.byte(1);
            add_name(param.name);
            add_part(param.type);
        }
        key.byte(0);
        add_optional(func->result);
        return std::string(text_of(key.bytes()));
    }
    const auto& value = std::get<ValueDef>(def);
    key.byte(static_cast<uint8_t>(value.index()));
    std::visit(Overloaded {
        [&](Primitive type) { key.byte(static_cast<uint8_t>(type)); },
        [&](const RecordType& record) {
            for (const Field& field : record.fields) {
                add_name(field.name);
                add_part(field.type);
            }
        },
        [&](const VariantType& variant) {
            for (const Case& item : variant.cases) {
                add_name(item.name);
                add_optional(item.type);
            }
        },
        [&](const ListType& list) {
            add_part(list.element);
            key.leb(list.length.value_or(0));
        },
        [&](const ResultType& result) {
            add_optional(result.ok);
            add_optional(result.error);
        },
        [&](const OwnType& own) { key.leb(resource(own.resource).value); },
        [&](const BorrowType& borrow) { key.leb(resource(borrow.resource).value); },
        [&]<class Names>(const Names& type)
            requires requires { type.names; }
        { std::ranges::for_each(type.names, add_name); },
        // Nothing but parts.
        [&](const auto&) { for_each_part(value, add_part); },
        },
        value);
    return std::string(text_of(key.bytes()));
}

Result<TypeId> Types::add(TypeDef def)
{
    const TypeInfo info = TRY(describe(def));
    const TypeId id { static_cast<uint32_t>(types_.size()) };
    TypeId canonical = id;
    if (std::holds_alternative<ValueDef>(def) || std::holds_alternative<FuncType>(def)) {
        std::string key = key_of(def);
        CHECK(spend(key.size() / 16));
        canonical = canonical_.try_emplace(std::move(key), id).first->second;
    }
    // Not the definition of `canonical`: the parts of equal types can have different names.
    types_.push_back({ std::make_shared<const TypeDef>(std::move(def)), canonical, info });
    return id;
}

TypeId Types::add_name(TypeId type)
{
    const TypeId id { static_cast<uint32_t>(types_.size()) };
    types_.push_back(Type(types_[type.value]));
    return id;
}

ModuleTypeId Types::add_module(ModuleType type)
{
    const ModuleTypeId id { static_cast<uint32_t>(modules_.size()) };
    modules_.push_back(std::move(type));
    return id;
}

ValueDef Types::value(ValType type) const
{
    return type.is_primitive() ? ValueDef(type.primitive()) : value(type.type());
}

Result<void> Types::spend(size_t parts)
{
    effort_ += parts;
    if (effort_ > limits::effort)
        return failure("the types are too complex: they take more than " + std::to_string(limits::effort)
            + " steps to compare");
    return {};
}

// -- Resources

Result<void> Types::find_resources(const Entity& entity, std::set<ResourceId>& resources)
{
    std::set<TypeId> visited;
    return find_resources(entity, resources, visited);
}

Result<void> Types::find_resources(
    const Entity& entity, std::set<ResourceId>& resources, std::set<TypeId>& visited)
{
    if (entity.kind == EntityKind::Module)
        return {};
    const TypeId id = entity.type();
    if (!info(id).has_resource || !visited.insert(id).second)
        return {};
    CHECK(spend(1));
    std::optional<Error> error;
    const auto visit_part = [&](ValType part) {
        if (error || part.is_primitive())
            return;
        const Entity type { EntityKind::Type, part.type().value };
        if (auto found = find_resources(type, resources, visited); !found)
            error = std::move(found).error();
    };
    const auto visit_externs = [&](const Externs& externs) -> Result<void> {
        CHECK(spend(externs.size()));
        for (const Entity& part : externs.entities)
            CHECK(find_resources(part, resources, visited));
        return {};
    };
    const TypeDef& def = (*this)[id];
    if (const auto* resource = std::get_if<ResourceType>(&def)) {
        resources.insert(resource->resource);
    } else if (const auto* value = std::get_if<ValueDef>(&def)) {
        if (const auto* own = std::get_if<OwnType>(value))
            resources.insert(this->resource(own->resource));
        if (const auto* borrow = std::get_if<BorrowType>(value))
            resources.insert(this->resource(borrow->resource));
        for_each_part(*value, visit_part);
    } else if (const auto* func = std::get_if<FuncType>(&def)) {
        for_each_part(*func, visit_part);
    } else if (const auto* instance = std::get_if<InstanceType>(&def)) {
        CHECK(visit_externs(instance->exports));
        for (const ResourceId own : instance->defined)
            resources.erase(own);
    } else if (const auto* component = std::get_if<ComponentType>(&def)) {
        CHECK(visit_externs(component->imports));
        CHECK(visit_externs(component->exports));
        for (const auto* own : { &component->imported, &component->defined })
            for (const ResourcePath& path : *own)
                resources.erase(path.resource);
    }
    if (error)
        return std::unexpected(*std::move(error));
    return {};
}

} // namespace vitrine::core::component
