// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/type_registry.h"

#include <algorithm>
#include <map>
#include <mutex>

namespace vitrine::core {

namespace {

/// Calls `visit` with each value type in `composite`.
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

/// Returns `type` with each type index `x` replaced by `rename(x)`. The value types do not get the
/// flag for functions.
template<class Rename> SubType renamed(SubType type, Rename rename)
{
    for_each_type(type.composite, [&](ValueType& part) {
        if (part.is_ref() && part.heap() == HeapKind::Defined)
            part = ValueType::ref(HeapKind::Defined, part.is_nullable(), rename(part.index()));
    });
    if (type.supertype)
        type.supertype = rename(*type.supertype);
    return type;
}

/// In the key of a group, indices from here on are positions in the group itself. Lower indices are
/// ids.
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

/// Appends an encoding of the type. It is unique, and no key is a prefix of another.
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

/// The direct abstract supertype of a defined type.
HeapKind heap_kind_of(const CompositeType& composite)
{
    if (std::holds_alternative<FuncType>(composite))
        return HeapKind::Func;
    return std::holds_alternative<StructType>(composite) ? HeapKind::Struct : HeapKind::Array;
}

/// Subtyping of two abstract heap types. [spec: valid/matching, heap types]
bool is_subtype(HeapKind sub, HeapKind super)
{
    using enum HeapKind;
    if (sub == bottom_heap)
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

/// Calls `visit` with each type index that occurs in `type`.
template<class Visit> void for_each_index(const SubType& type, Visit visit)
{
    for_each_type(type.composite, [&](ValueType part) {
        if (part.is_ref() && part.heap() == HeapKind::Defined)
            visit(part.index());
    });
    if (type.supertype)
        visit(*type.supertype);
}

/// Computes the layout. Fields take whole slots, whatever their size; array elements take their
/// declared size.
void lay_out(TypeInfo& info)
{
    const auto add = [&](ValueType type) {
        info.field_slots.push_back(info.slots);
        if (TypeRegistry::is_managed(type))
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
        info.has_managed_elements = TypeRegistry::is_managed(element.type);
    }
}

} // namespace

struct TypeRegistry::Group {
    /// Never reallocated: other objects keep pointers to the types.
    std::vector<TypeInfo> types;
    uint64_t references = 0;
    std::map<std::string, std::unique_ptr<Group>>::iterator place {};
    Group* next_dead = nullptr;
};

/// Shared by claims and their registry.
struct TypeRegistry::State {
    struct Entry {
        const TypeInfo* info = nullptr;
        Group* group = nullptr;
    };

    std::mutex mutex;
    /// A map rather than a hash table, because an attacker could choose keys that make a hash table
    /// slow.
    std::map<std::string, std::unique_ptr<Group>> groups;
    /// Indexed by id. Those in `free_ids` are empty. `free_ids` has capacity for all ids, so that
    /// releasing never allocates.
    std::vector<Entry> by_id;
    std::vector<uint32_t> free_ids;

    uint32_t live() const { return static_cast<uint32_t>(by_id.size() - free_ids.size()); }
    /// The id that the type at `position` of the next new group will get.
    uint32_t next_id(uint32_t position) const
    {
        const size_t reused = free_ids.size();
        return position < reused ? free_ids[reused - 1 - position]
                                 : static_cast<uint32_t>(by_id.size() + (position - reused));
    }
    /// Calls `visit` for each occurrence of a type of another group in `group`.
    template<class Visit> void for_each_named(const Group& group, Visit visit)
    {
        for (const TypeInfo& info : group.types)
            for_each_index(info.type, [&](uint32_t id) {
                if (Group* named = by_id[id].group; named != &group)
                    visit(*named);
            });
    }
    void release(Group& first);
};

/// Drops one reference. Not recursive, because groups can refer to each other in a chain of any
/// length.
void TypeRegistry::State::release(Group& first)
{
    Group* dead = nullptr;
    const auto drop = [&](Group& group) {
        if (--group.references == 0)
            group.next_dead = std::exchange(dead, &group);
    };
    drop(first);
    while (dead) {
        Group& group = *std::exchange(dead, dead->next_dead);
        for_each_named(group, drop);
        for (const TypeInfo& info : group.types) {
            by_id[info.id.value] = {};
            free_ids.push_back(info.id.value);
        }
        groups.erase(group.place);
    }
}

TypeRegistry::Claim::~Claim()
{
    if (!state_)
        return;
    const std::lock_guard lock(state_->mutex);
    for (Group* group : groups_)
        if (group)
            state_->release(*group);
}

TypeRegistry::Claim TypeRegistry::claim(TypeId id)
{
    Claim claim(state_);
    claim.groups_.push_back(nullptr);
    const std::lock_guard lock(state_->mutex);
    ASSERT(id.value < state_->by_id.size() && state_->by_id[id.value].group);
    claim.groups_.back() = state_->by_id[id.value].group;
    ++claim.groups_.back()->references;
    return claim;
}

TypeRegistry::TypeRegistry() : state_(std::make_shared<State>()) {}

uint32_t TypeRegistry::size() const
{
    const std::lock_guard lock(state_->mutex);
    return state_->live();
}

/// Creates the group with the ids that it will get. Does not register it.
TypeRegistry::Group TypeRegistry::make_group(const std::vector<SubType>& group) const
{
    Group made;
    made.types.resize(group.size());
    const auto id_of = [&](uint32_t x) {
        return x < first_in_group ? x : state_->next_id(x - first_in_group);
    };
    for (uint32_t i = 0; i < group.size(); ++i) {
        TypeInfo& info = made.types[i];
        info.id = { state_->next_id(i) };
        info.type = group[i];
        for_each_type(info.type.composite, [&](ValueType& part) {
            if (!part.is_ref() || part.heap() != HeapKind::Defined)
                return;
            const uint32_t x = part.index();
            const SubType& target =
                x < first_in_group ? state_->by_id[x].info->type : group[x - first_in_group];
            part = ValueType::ref(TypeId { id_of(x) }, part.is_nullable(), target.func() != nullptr);
        });
        info.type.group_start = state_->next_id(0);
        info.type.group_size = static_cast<uint32_t>(group.size());
        info.type.offset = 0;
        if (const auto super = info.type.supertype) {
            const TypeInfo& above =
                *super < first_in_group ? *state_->by_id[*super].info : made.types[*super - first_in_group];
            info.super = &above;
            info.depth = above.depth + 1;
            std::ranges::copy(above.display, info.display);
            info.type.supertype = id_of(*super);
        }
        if (info.depth <= TypeInfo::display_size)
            info.display[info.depth - 1] = &info;
        lay_out(info);
    }
    return made;
}

TypeRegistry::Group* TypeRegistry::add_group(const std::vector<SubType>& group)
{
    std::string key;
    for (const SubType& type : group)
        append(key, type);
    const std::lock_guard lock(state_->mutex);
    const auto next = state_->groups.lower_bound(key);
    if (next != state_->groups.end() && next->first == key) {
        ++next->second->references;
        return next->second.get();
    }
    if (group.size() > max_types - state_->live())
        return nullptr;
    // Allocate first: if that fails, the group must not be in any table.
    const size_t reused = std::min(group.size(), state_->free_ids.size());
    const size_t ids = state_->by_id.size() + (group.size() - reused);
    const auto make_room = [ids](auto& list) {
        if (list.capacity() < ids)
            list.reserve(std::max(ids, 2 * list.capacity()));
    };
    make_room(state_->by_id);
    make_room(state_->free_ids);
    const auto place =
        state_->groups.emplace_hint(next, std::move(key), std::make_unique<Group>(make_group(group)));
    Group& made = *place->second;
    made.place = place;
    made.references = 1;
    state_->free_ids.resize(state_->free_ids.size() - reused);
    state_->by_id.resize(ids);
    for (const TypeInfo& info : made.types)
        state_->by_id[info.id.value] = { &info, &made };
    state_->for_each_named(made, [](Group& named) { ++named.references; });
    return &made;
}

Result<TypeRegistry::Claim> TypeRegistry::extend(
    const IndexVector<TypeIndex, SubType>& types, IndexVector<TypeIndex, TypeId>& ids)
{
    Claim claim(state_);
    while (ids.size() < types.size()) {
        const uint32_t start = ids.size();
        const uint32_t size = types[TypeIndex { start }].group_size;
        std::vector<SubType> group;
        group.reserve(size);
        for (uint32_t i = start; i < start + size; ++i)
            group.push_back(renamed(types[TypeIndex { i }], [&](uint32_t x) {
                return x < start ? ids[TypeIndex { x }].value : first_in_group + (x - start);
            }));
        claim.groups_.push_back(nullptr);
        Group* const registered = add_group(group);
        if (!registered)
            return failure("too many different types in one engine", types[TypeIndex { start }].offset);
        claim.groups_.back() = registered;
        for (const TypeInfo& info : registered->types)
            ids.push_back(info.id);
    }
    claim.groups_.shrink_to_fit();
    return claim;
}

Result<TypeRegistry::ModuleTypes> TypeRegistry::add(const IndexVector<TypeIndex, SubType>& types)
{
    ModuleTypes added;
    added.ids.reserve(types.size());
    added.claim = TRY(extend(types, added.ids));
    return added;
}

Result<TypeRegistry::FunctionType> TypeRegistry::add(const FuncType& type)
{
    FunctionType added { {}, Claim(state_) };
    added.claim.groups_.push_back(nullptr);
    Group* const registered = add_group({ SubType { .composite = type } });
    if (!registered)
        return failure("too many different types in one engine");
    added.claim.groups_.back() = registered;
    added.id = registered->types.front().id;
    return added;
}

const TypeInfo& TypeRegistry::info(TypeId id) const
{
    const std::lock_guard lock(state_->mutex);
    ASSERT(id.value < state_->by_id.size() && state_->by_id[id.value].info);
    return *state_->by_id[id.value].info;
}

bool is_subtype(ValueType sub, const TypeInfo* sub_info, ValueType super, const TypeInfo* super_info)
{
    if (sub == ValueType::bottom)
        return true;
    if (!sub.is_ref() || !super.is_ref())
        return sub == super;
    if (sub.is_nullable() && !super.is_nullable())
        return false;
    if (sub.heap() == bottom_heap)
        return true;
    if (sub_info)
        return super_info ? sub_info->is_subtype_of(*super_info)
                          : is_subtype(heap_kind_of(sub_info->type.composite), super.heap());
    if (super_info) {
        const bool is_null = sub.heap() == HeapKind::None || sub.heap() == HeapKind::NoFunc;
        return is_null && is_subtype(sub.heap(), heap_kind_of(super_info->type.composite));
    }
    return is_subtype(sub.heap(), super.heap());
}

bool TypeRegistry::is_subtype(TypeId sub, TypeId super) const
{
    return sub == super || info(sub).is_subtype_of(info(super));
}

bool TypeRegistry::is_subtype(ValueType sub, ValueType super) const
{
    const auto info_of = [&](ValueType type) {
        return type.is_ref() && type.heap() == HeapKind::Defined ? &info(TypeId { type.index() }) : nullptr;
    };
    return sub == super || core::is_subtype(sub, info_of(sub), super, info_of(super));
}

} // namespace vitrine::core
