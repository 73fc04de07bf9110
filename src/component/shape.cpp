// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "component/shape.h"

#include "base/overloaded.h"

#include <algorithm>

namespace vitrine::core::component {

namespace {

constexpr uint64_t align_up(uint64_t size, uint32_t alignment)
{
    return (size + alignment - 1) / alignment * alignment;
}

constexpr uint8_t discriminant_size(size_t cases) { return cases <= 0x100 ? 1 : cases <= 0x10000 ? 2 : 4; }

constexpr uint8_t flags_size(size_t labels) { return labels <= 8 ? 1 : labels <= 16 ? 2 : 4; }

/// `Primitive` and `ComponentKind` list primitive types in the same order.
ComponentKind kind_of(Primitive type) { return static_cast<ComponentKind>(type); }
static_assert(static_cast<ComponentKind>(Primitive::F64) == ComponentKind::F64
    && static_cast<ComponentKind>(Primitive::ErrorContext) == ComponentKind::ErrorContext);

void take_facts(Shape& shape, const TypeInfo& info)
{
    shape.size = static_cast<uint32_t>(info.layout.size);
    shape.alignment = info.layout.alignment;
    shape.flat_count = info.flat.count;
    shape.has_pointer = info.has_pointer;
    shape.has_borrow = info.has_borrow;
    shape.has_handle = info.has_resource;
}

/// Adds a field at the end of a record or tuple whose size so far is `end`.
void add_field(Shape& record, uint64_t& end, std::string_view name, const Shape& field)
{
    ShapePart part { .name = name, .shape = &field };
    const uint64_t offset = align_up(end, field.alignment);
    part.offset = static_cast<uint32_t>(offset);
    if (const ShapePart* const last = record.parts.empty() ? nullptr : &record.parts.back())
        part.flat_offset = last->flat_offset + last->shape->flat_count;
    end = offset + field.size;
    record.parts.push_back(part);
}

/// Whether a record consists of plain fields without gaps.
bool is_plain_record(const Shape& record)
{
    uint32_t end = 0;
    for (const ShapePart& field : record.parts) {
        if (!field.shape->is_plain || field.offset != end)
            return false;
        end += field.shape->size;
    }
    return end == record.size;
}

/// Lays out cases after a discriminant.
void add_cases(Shape& shape, std::vector<ShapePart> cases)
{
    shape.parts = std::move(cases);
    shape.tag_size = discriminant_size(shape.parts.size());
    uint32_t alignment = 1;
    for (const ShapePart& item : shape.parts)
        alignment = std::max(alignment, item.shape ? item.shape->alignment : 1);
    for (ShapePart& item : shape.parts) {
        item.offset = static_cast<uint32_t>(align_up(shape.tag_size, alignment));
        item.flat_offset = 1;
    }
}

} // namespace

const Shape& Shapes::of(ValType type)
{
    const std::lock_guard lock(mutex_);
    return find(type);
}

const FuncShape& Shapes::of_func(TypeId type)
{
    const std::lock_guard lock(mutex_);
    if (const auto found = funcs_.find(type); found != funcs_.end())
        return found->second;
    const FuncType& func = types_.func(type);
    FuncShape shape { .type = type, .params = { .kind = ComponentKind::Tuple } };
    Shape& params = shape.params;
    uint64_t end = 0;
    for (const Field& param : func.params) {
        const Shape& field = find(param.type);
        add_field(params, end, param.name, field);
        params.alignment = std::max(params.alignment, field.alignment);
        params.flat_count = std::min(params.flat_count + field.flat_count, FlatTypes::max + 1);
        params.has_pointer |= field.has_pointer;
        params.has_handle |= field.has_handle;
        params.has_borrow |= field.has_borrow;
    }
    // Each value type has a limited size, but not all parameters together.
    params.size =
        static_cast<uint32_t>(std::min(align_up(end, params.alignment), uint64_t { Shape::too_large }));
    if (func.result)
        shape.result = &find(*func.result);
    shape.is_async = func.is_async;
    shape.is_scalar = params.flat_count <= FlatTypes::max && (!shape.result || shape.result->is_scalar())
        && std::ranges::all_of(params.parts, [](const ShapePart& part) { return part.shape->is_scalar(); });
    return funcs_.emplace(type, std::move(shape)).first->second;
}

const Shape& Shapes::find(ValType type)
{
    const auto found = known_.find(type.bits());
    if (found != known_.end())
        return *found->second;
    const Shape& made = shapes_.emplace_back(make(type));
    known_[type.bits()] = &made;
    return made;
}

/// The depth of the recursion is limited by `limits::type_depth`.
Shape Shapes::make(ValType type)
{
    Shape shape;
    shape.type = type;
    take_facts(shape, types_.info(type));
    const auto shape_of = [&](const std::optional<ValType>& part) { return part ? &find(*part) : nullptr; };
    const auto add_labels = [&](const std::vector<std::string_view>& names) {
        for (const std::string_view name : names)
            shape.parts.push_back({ .name = name });
    };
    uint64_t end = 0;
    std::visit(Overloaded {
                   [&](Primitive primitive) {
                       shape.kind = kind_of(primitive);
                       shape.is_plain = is_number(shape.kind);
                   },
                   [&](const RecordType& record) {
                       shape.kind = ComponentKind::Record;
                       for (const Field& field : record.fields)
                           add_field(shape, end, field.name, find(field.type));
                       shape.is_plain = is_plain_record(shape);
                   },
                   [&](const TupleType& tuple) {
                       shape.kind = ComponentKind::Tuple;
                       for (const ValType part : tuple.types)
                           add_field(shape, end, {}, find(part));
                       shape.is_plain = is_plain_record(shape);
                   },
                   [&](const VariantType& variant) {
                       shape.kind = ComponentKind::Variant;
                       std::vector<ShapePart> cases;
                       for (const Case& item : variant.cases)
                           cases.push_back({ .name = item.name, .shape = shape_of(item.type) });
                       add_cases(shape, std::move(cases));
                   },
                   [&](const EnumType& item) {
                       shape.kind = ComponentKind::Enum;
                       add_labels(item.names);
                       shape.tag_size = discriminant_size(item.names.size());
                   },
                   [&](const OptionType& option) {
                       shape.kind = ComponentKind::Option;
                       add_cases(
                           shape, { { .name = "none" }, { .name = "some", .shape = &find(option.type) } });
                   },
                   [&](const ResultType& result) {
                       shape.kind = ComponentKind::Result;
                       add_cases(shape,
                           { { .name = "ok", .shape = shape_of(result.ok) },
                               { .name = "err", .shape = shape_of(result.error) } });
                   },
                   [&](const FlagsType& flags) {
                       shape.kind = ComponentKind::Flags;
                       add_labels(flags.names);
                       shape.tag_size = flags_size(flags.names.size());
                   },
                   [&](const ListType& list) {
                       shape.kind = ComponentKind::List;
                       shape.length = list.length;
                       shape.parts.push_back({ .shape = &find(list.element) });
                       shape.is_plain = list.length && shape.element().is_plain;
                   },
                   [&](const MapType& map) {
                       shape.kind = ComponentKind::Map;
                       Shape pair { .kind = ComponentKind::Tuple };
                       add_field(pair, end, "key", find(map.key));
                       add_field(pair, end, "value", find(map.value));
                       for (const ShapePart& part : pair.parts) {
                           pair.alignment = std::max(pair.alignment, part.shape->alignment);
                           pair.has_pointer |= part.shape->has_pointer;
                           pair.has_handle |= part.shape->has_handle;
                           pair.has_borrow |= part.shape->has_borrow;
                       }
                       pair.size = static_cast<uint32_t>(align_up(end, pair.alignment));
                       pair.flat_count = FlatTypes::max + 1;
                       pair.is_plain = is_plain_record(pair);
                       shape.parts.push_back({ .shape = &shapes_.emplace_back(std::move(pair)) });
                   },
                   [&](const OwnType& own) {
                       shape.kind = ComponentKind::Own;
                       shape.resource = own.resource;
                   },
                   [&](const BorrowType& borrow) {
                       shape.kind = ComponentKind::Borrow;
                       shape.resource = borrow.resource;
                   },
                   [&](const StreamType&) { shape.kind = ComponentKind::Stream; },
                   [&](const FutureType&) { shape.kind = ComponentKind::Future; },
               },
        types_.value(type));
    return shape;
}

bool is_same(const Shape& a, const Shape& b)
{
    if (&a == &b)
        return true;
    if (a.kind != b.kind || a.length != b.length)
        return false;
    return std::ranges::equal(a.parts, b.parts, [](const ShapePart& one, const ShapePart& other) {
        return one.name == other.name && !one.shape == !other.shape
            && (!one.shape || is_same(*one.shape, *other.shape));
    });
}

} // namespace vitrine::core::component
