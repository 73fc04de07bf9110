// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/types.h"

#include <algorithm>
#include <numeric>

namespace vitrine::core {

// -- Text

std::string ValueType::to_text() const
{
    switch (kind()) {
    case ValueKind::Bottom: return "bot";
    case ValueKind::I32: return "i32";
    case ValueKind::I64: return "i64";
    case ValueKind::F32: return "f32";
    case ValueKind::F64: return "f64";
    case ValueKind::V128: return "v128";
    case ValueKind::Ref: break;
    }
    if (heap() == HeapKind::Bottom)
        return "(ref bot)";
    if (heap() != HeapKind::Type && is_nullable())
        return std::string(info(heap()).ref_text);
    const std::string target =
        heap() == HeapKind::Type ? std::to_string(index()) : std::string(info(heap()).text);
    return (is_nullable() ? "(ref null " : "(ref ") + target + ")";
}

std::string to_text(std::span<const ValueType> types)
{
    std::string text = "[";
    for (const ValueType type : types)
        text += (text.size() > 1 ? " " : "") + type.to_text();
    return text + "]";
}

uint32_t slots_of(std::span<const ValueType> types)
{
    return std::accumulate(
        types.begin(), types.end(), 0u, [](uint32_t sum, ValueType type) { return sum + type.slots(); });
}

std::string FuncType::to_text() const
{
    std::string text;
    const auto add = [&](std::string_view word, const std::vector<ValueType>& types) {
        if (types.empty())
            return;
        text += (text.empty() ? "(" : " (") + std::string(word);
        for (const ValueType type : types)
            text += " " + type.to_text();
        text += ")";
    };
    add("param", params);
    add("result", results);
    return text;
}

// -- Registry

namespace {

/// Calls `visit` with each value type that `composite` is made of.
template<class Composite, class Visit> void for_each_type(Composite& composite, Visit visit)
{
    if (auto* func = std::get_if<FuncType>(&composite)) {
        std::ranges::for_each(func->params, visit);
        std::ranges::for_each(func->results, visit);
    } else if (auto* structure = std::get_if<StructType>(&composite)) {
        for (auto& field : structure->fields)
            visit(field.type);
    } else {
        visit(std::get<ArrayType>(composite).element.type);
    }
}

/// `type` with each index of a type, `x`, replaced by `rename(x)`; the value types do not say whether it is a function's.
template<class Rename> SubType renamed(SubType type, Rename rename)
{
    for_each_type(type.composite, [&](ValueType& part) {
        if (part.is_ref() && part.heap() == HeapKind::Type)
            part = ValueType::ref(HeapKind::Type, part.is_nullable(), rename(part.index()));
    });
    if (type.supertype)
        type.supertype = rename(*type.supertype);
    return type;
}

/// In a group that is looked up, an index from here on is a place in the group itself; below, it is an id.
constexpr uint32_t first_in_group = TypeRegistry::max_types;
static_assert(2 * first_in_group <= ValueType::max_index);

template<class T> void append(std::string& key, T value)
{
    key.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void append(std::string& key, const FieldType& field)
{
    append(key, field.type);
    append(key, field.packed_bytes);
    append(key, field.is_mutable);
}

/// Equal for equal types only, and no key begins another.
void append(std::string& key, const SubType& type)
{
    append(key, type.is_final);
    append(key, type.supertype.value_or(ValueType::max_index));
    append(key, static_cast<uint8_t>(type.composite.index()));
    if (const auto* func = type.func()) {
        append(key, static_cast<uint32_t>(func->params.size()));
        append(key, static_cast<uint32_t>(func->results.size()));
        for_each_type(type.composite, [&](ValueType part) { append(key, part); });
    } else if (const auto* structure = std::get_if<StructType>(&type.composite)) {
        append(key, static_cast<uint32_t>(structure->fields.size()));
        for (const FieldType& field : structure->fields)
            append(key, field);
    } else {
        append(key, std::get<ArrayType>(type.composite).element);
    }
}

/// The abstract heap type right above a defined type.
HeapKind heap_kind_of(const CompositeType& composite)
{
    if (std::holds_alternative<FuncType>(composite))
        return HeapKind::Func;
    return std::holds_alternative<StructType>(composite) ? HeapKind::Struct : HeapKind::Array;
}

/// [spec: valid/matching, heap types] for two abstract ones.
bool is_subtype(HeapKind sub, HeapKind super)
{
    using enum HeapKind;
    if (sub == Bottom)
        return true;
    switch (super) {
    case Any: return sub == Any || is_subtype(sub, Eq);
    case Eq: return sub == Eq || sub == I31 || sub == Struct || sub == Array || sub == None;
    case I31:
    case Struct:
    case Array: return sub == super || sub == None;
    case Func: return sub == Func || sub == NoFunc;
    case Extern: return sub == Extern || sub == NoExtern;
    case Exn: return sub == Exn || sub == NoExn;
    default: return sub == super;
    }
}

} // namespace

std::optional<uint32_t> TypeRegistry::add_group(const std::vector<SubType>& group)
{
    std::string key;
    for (const SubType& type : group)
        append(key, type);
    const std::lock_guard lock(mutex_);
    if (const auto known = groups_.find(key); known != groups_.end())
        return known->second;
    if (group.size() > max_types - types_.size())
        return {};
    const auto first = static_cast<uint32_t>(types_.size());
    for (const SubType& type : group) {
        TypeInfo& info = types_.emplace_back();
        info.id = { static_cast<uint32_t>(types_.size() - 1) };
        info.type =
            renamed(type, [&](uint32_t x) { return x < first_in_group ? x : first + (x - first_in_group); });
        for_each_type(info.type.composite, [&](ValueType& part) {
            if (!part.is_ref() || part.heap() != HeapKind::Type)
                return;
            const uint32_t x = part.index();
            const SubType& target = x < first ? types_[x].type : group[x - first];
            part = ValueType::ref(TypeId { x }, part.is_nullable(), target.func() != nullptr);
        });
        info.type.group_start = first;
        info.type.group_size = static_cast<uint32_t>(group.size());
        info.type.offset = 0;
        if (info.type.supertype)
            info.chain = types_[*info.type.supertype].chain;
        info.chain.push_back(&info);
    }
    for (uint32_t i = first; i < types_.size(); ++i)
        lay_out(types_[i]);
    groups_.emplace(std::move(key), first);
    return first;
}

Result<IndexVector<TypeIndex, TypeId>> TypeRegistry::add(const IndexVector<TypeIndex, SubType>& types)
{
    IndexVector<TypeIndex, TypeId> ids;
    ids.reserve(types.size());
    while (ids.size() < types.size()) {
        const uint32_t start = ids.size();
        const uint32_t size = types[TypeIndex { start }].group_size;
        std::vector<SubType> group;
        for (uint32_t i = start; i < start + size; ++i)
            group.push_back(renamed(types[TypeIndex { i }], [&](uint32_t x) {
                return x < start ? ids[TypeIndex { x }].value : first_in_group + (x - start);
            }));
        const auto first = add_group(group);
        if (!first)
            return failure("too many different types in one engine", types[TypeIndex { start }].offset);
        for (uint32_t i = 0; i < size; ++i)
            ids.push_back(TypeId { *first + i });
    }
    return ids;
}

TypeId TypeRegistry::add(const FuncType& type)
{
    const auto id = add_group({ SubType { .composite = type } });
    ASSERT(id);
    return TypeId { *id };
}

/// Fields lie in slots, whatever their size; elements as densely as they are declared.
void TypeRegistry::lay_out(TypeInfo& info)
{
    const auto add = [&](ValueType type) {
        info.field_slots.push_back(info.slots);
        if (is_managed(type))
            info.managed_slots.push_back(info.slots);
        info.slots += type.slots();
    };
    if (const auto* structure = info.type.structure()) {
        for (const FieldType& field : structure->fields)
            add(field.type);
    } else if (const auto* func = info.type.func()) {
        std::ranges::for_each(func->params, add);
    } else if (const auto* array = info.type.array()) {
        const FieldType& element = array->element;
        const bool is_narrow = element.type == ValueType::i32 || element.type == ValueType::f32;
        info.element_bytes = element.is_packed() ? element.packed_bytes
            : is_narrow                          ? 4
                                                 : static_cast<uint8_t>(8 * element.type.slots());
        info.has_managed_elements = is_managed(element.type);
    }
}

const TypeInfo& TypeRegistry::info(TypeId id) const
{
    const std::lock_guard lock(mutex_);
    ASSERT(id.value < types_.size());
    return types_[id.value];
}

bool TypeRegistry::is_subtype(TypeId sub, TypeId super) const
{
    return sub == super || info(sub).is_subtype_of(info(super));
}

bool TypeRegistry::is_subtype(ValueType sub, ValueType super) const
{
    if (sub == super || sub == ValueType::bottom)
        return true;
    if (!sub.is_ref() || !super.is_ref() || (sub.is_nullable() && !super.is_nullable()))
        return false;
    const auto abstract = [&](ValueType type) {
        return heap_kind_of((*this)[TypeId { type.index() }].composite);
    };
    if (sub.heap() == HeapKind::Bottom)
        return true;
    if (sub.heap() == HeapKind::Type) {
        if (super.heap() == HeapKind::Type)
            return is_subtype(TypeId { sub.index() }, TypeId { super.index() });
        return core::is_subtype(abstract(sub), super.heap());
    }
    if (super.heap() == HeapKind::Type) {
        const bool is_null = sub.heap() == HeapKind::None || sub.heap() == HeapKind::NoFunc;
        return is_null && core::is_subtype(sub.heap(), abstract(super));
    }
    return core::is_subtype(sub.heap(), super.heap());
}

} // namespace vitrine::core
