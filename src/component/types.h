// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/index.h"
#include "wasm/types.h"

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

// [doc] Types of components
//
// The structs here are used twice. In a decoded definition, an index in them is an index of the
// type index space where the definition is. Validation resolves these indices: in `Types`, they are
// ids of types. `core::SubType` is used in the same way.
//
// Each definition, import or export of a type makes a new id, because a component may only export
// what refers to types that it imports or exports. Whether two types are equal is another question:
// each id has a canonical id, and two value or function types are equal if and only if their
// canonical ids are. So a comparison takes constant time, however often a type repeats its parts.

namespace vitrine::core::component {

using CoreTypeId = core::TypeId;
/// A type of a component: an index of its type index space or, in `Types`, an id.
using TypeId = Index<struct ComponentTypeKind>;
/// The type of a core module.
using ModuleTypeId = Index<struct ModuleTypeKind>;
/// The identity of a resource type.
using ResourceId = Index<struct ResourceKind>;

namespace limits {
inline constexpr uint32_t items = 1'000'000;     ///< of each index space, and definitions of a file
inline constexpr uint32_t type_depth = 100;      ///< nesting of value types
inline constexpr uint32_t nesting = 100;         ///< nesting of components, or of their types
inline constexpr uint32_t type_size = 1'000'000; ///< of a type whose parts are all written out
inline constexpr uint32_t value_bytes = (1u << 28) - 1;
inline constexpr uint32_t lifted_bytes = 1u << 29; ///< what a value may take in the host
inline constexpr uint32_t fields = 10'000;         ///< also cases and labels
inline constexpr uint32_t flags = 32;
inline constexpr uint32_t params = 1000;
inline constexpr uint32_t arguments = 100'000; ///< of an instantiation; also inline exports
inline constexpr uint32_t canon_options = 10;
/// What an instantiation may take: definitions, `instance_effort` for each instance, and parts of
/// core instances.
inline constexpr uint32_t instantiation_effort = 5'000'000;
inline constexpr uint32_t instance_effort = 100;
/// What comparing and substituting types may take, in parts of types.
inline constexpr uint32_t effort = 10'000'000;
} // namespace limits

enum class Primitive : uint8_t {
    Bool,
    S8,
    U8,
    S16,
    U16,
    S32,
    U32,
    S64,
    U64,
    F32,
    F64,
    Char,
    String,
    ErrorContext,
};
inline constexpr uint32_t primitive_count = 14;

std::string_view to_text(Primitive type);

/// A value type in four bytes: a primitive type or a defined type.
class ValType {
public:
    constexpr ValType() = default;
    constexpr ValType(Primitive primitive) : bits_(static_cast<uint32_t>(primitive)) {}
    constexpr ValType(TypeId type) : bits_(primitive_count + type.value) {}

    constexpr bool is_primitive() const { return bits_ < primitive_count; }
    constexpr Primitive primitive() const { return static_cast<Primitive>(bits_); }
    constexpr TypeId type() const { return { bits_ - primitive_count }; }
    constexpr uint32_t bits() const { return bits_; }

    friend constexpr bool operator==(ValType, ValType) = default;

private:
    uint32_t bits_ = 0;
};

// -- Value types

/// A label and a type: a record field or a parameter.
struct Field {
    std::string_view name;
    ValType type;
};
struct Case {
    std::string_view name;
    std::optional<ValType> type;
};

struct RecordType {
    std::vector<Field> fields;
};
struct VariantType {
    std::vector<Case> cases;
};
struct ListType {
    ValType element;
    /// Only for a list of fixed length.
    std::optional<uint32_t> length {};
};
struct MapType {
    ValType key;
    ValType value;
};
struct TupleType {
    std::vector<ValType> types;
};
struct FlagsType {
    std::vector<std::string_view> names;
};
struct EnumType {
    std::vector<std::string_view> names;
};
struct OptionType {
    ValType type;
};
struct ResultType {
    std::optional<ValType> ok;
    std::optional<ValType> error;
};
struct OwnType {
    TypeId resource;
};
struct BorrowType {
    TypeId resource;
};
struct StreamType {
    std::optional<ValType> element;
};
struct FutureType {
    std::optional<ValType> element;
};

using ValueDef = std::variant<Primitive, RecordType, VariantType, ListType, MapType, TupleType, FlagsType,
    EnumType, OptionType, ResultType, OwnType, BorrowType, StreamType, FutureType>;

/// Calls `visit` with a reference to each value type directly inside `def`. A const `def` gives
/// const references. Does not visit the resources of handles.
template<class Def, class Visit> void for_each_part(Def& def, const Visit& visit);

/// `record`, `own`, `u32`.
std::string_view kind_text(const ValueDef& def);

// -- Other types

struct FuncType {
    std::vector<Field> params;
    std::optional<ValType> result;
    bool is_async = false;
};

struct ResourceType {
    ResourceId resource;
};

enum class EntityKind : uint8_t { Module, Func, Type, Instance, Component };
std::string_view to_text(EntityKind kind);

/// The type of something that can be imported or exported.
struct Entity {
    EntityKind kind;
    /// A `ModuleTypeId` if the kind is `Module`, else a `TypeId`. For a type, the id of its import
    /// or export.
    uint32_t id;

    TypeId type() const { return { id }; }
    ModuleTypeId module() const { return { id }; }
};

/// The name of an import or export with its attributes.
struct ExternName {
    std::string_view name;
    std::optional<std::string_view> implements {};
    std::optional<std::string_view> version_suffix {};
    std::optional<std::string_view> external_id {};
};

/// The names of imports or exports in order, and their positions.
struct ExternNames {
    std::vector<ExternName> list;
    std::map<std::string_view, uint32_t> positions;
};

/// Imports or exports. The names are shared by all types that a substitution makes of one, and null
/// if there are none.
struct Externs {
    std::shared_ptr<const ExternNames> names {};
    std::vector<Entity> entities;

    size_t size() const { return entities.size(); }
    std::string_view name(size_t position) const { return names->list[position].name; }
    /// Null if there is no such name.
    const Entity* find(std::string_view name) const
    {
        if (!names)
            return nullptr;
        const auto found = names->positions.find(name);
        return found == names->positions.end() ? nullptr : &entities[found->second];
    }
};

/// Where a resource type is imported or exported: a position in the imports or exports, followed by
/// positions in the exports of nested instances.
using Path = std::vector<uint32_t>;
struct ResourcePath {
    ResourceId resource;
    Path path;
};

struct InstanceType {
    Externs exports;
    /// The abstract resource types that an instance of this type will have. Each use of the type
    /// gives them new identities. Empty for the type of an actual instance.
    std::vector<ResourceId> defined;
    /// The resource types that are exported, here or in nested instances.
    std::map<ResourceId, Path> exported;
};

struct ComponentType {
    Externs imports;
    Externs exports;
    /// The resource types that instantiation replaces by those of its arguments.
    std::vector<ResourcePath> imported;
    /// The resource types that each instantiation makes anew.
    std::vector<ResourcePath> defined;
    std::map<ResourceId, Path> exported;
};

using TypeDef = std::variant<ValueDef, FuncType, ResourceType, InstanceType, ComponentType>;
/// `defined type`, `instance`.
std::string_view kind_text(const TypeDef& def);

// -- Core modules

struct ModuleImport {
    std::string_view module;
    std::string_view name;
    core::ExternType type;
};
using CoreExports = std::map<std::string_view, core::ExternType>;

struct ModuleType {
    std::vector<ModuleImport> imports;
    std::shared_ptr<const CoreExports> exports;
    uint32_t size = 1;
};

// -- Facts about types

/// Size and alignment of a value in memory, in bytes.
struct Layout {
    uint64_t size = 0;
    uint32_t alignment = 1;
};

/// The core types of a value that is passed without memory. [component model: Canonical ABI,
/// flattening]
struct FlatTypes {
    static constexpr uint32_t max = 16;

    /// More than `max` means that there are too many.
    uint32_t count = 0;
    std::array<core::ValueKind, max> types {};

    bool fits() const { return count <= max; }
    void add(core::ValueKind type)
    {
        if (count < max)
            types[count] = type;
        count = std::min(count + 1, max + 1);
    }
    void add(const FlatTypes& more);
    std::span<const core::ValueKind> span() const { return std::span(types).first(std::min(count, max)); }
};

struct TypeInfo {
    /// The number of parts if all are written out.
    uint32_t size = 1;
    /// How deep value types are nested; for instance and component types, how deep these are.
    uint32_t depth = 1;
    bool has_borrow = false;
    /// Whether a resource occurs in it, also one of its own.
    bool has_resource = false;
    /// Whether a value refers to memory outside of it: it contains a string, a list or a map.
    bool has_pointer = false;
    /// Only for value types. `layout64` is with 64-bit addresses; the limit of sizes is for these.
    Layout layout, layout64;
    FlatTypes flat;
};

/// All types of a component file, including nested components. Ids stay valid as long as it exists.
class Types {
public:
    /// Adds a type whose parts are resolved. Fails if it exceeds a limit.
    Result<TypeId> add(TypeDef def);
    /// A new id for the same type.
    TypeId add_name(TypeId type);
    ResourceId new_resource() { return { resources_++ }; }
    ModuleTypeId add_module(ModuleType type);

    const TypeDef& operator[](TypeId id) const { return *types_[id.value].def; }
    const ModuleType& operator[](ModuleTypeId id) const { return modules_[id.value]; }
    /// The definition if it is of this kind, else null.
    template<class Def> const Def* find(TypeId id) const { return std::get_if<Def>(&(*this)[id]); }
    const ValueDef& value(TypeId id) const { return std::get<ValueDef>((*this)[id]); }
    const FuncType& func(TypeId id) const { return std::get<FuncType>((*this)[id]); }
    const InstanceType& instance(TypeId id) const { return std::get<InstanceType>((*this)[id]); }
    const ComponentType& component(TypeId id) const { return std::get<ComponentType>((*this)[id]); }
    ResourceId resource(TypeId id) const { return std::get<ResourceType>((*this)[id]).resource; }
    /// The definition of a value type, also of a primitive one.
    ValueDef value(ValType type) const;

    const TypeInfo& info(TypeId id) const { return types_[id.value].info; }
    const TypeInfo& info(ValType type) const;
    uint32_t size_of(const Entity& entity) const;

    /// The same for all ids of equal value and function types. For other types, the same for all
    /// ids that `add_name` made of one.
    TypeId canonical(TypeId id) const { return types_[id.value].canonical; }
    bool are_equal(ValType a, ValType b) const { return canonical_form(a) == canonical_form(b); }

    /// Adds to `resources` the resources in an entity that it does not define itself.
    Result<void> find_resources(const Entity& entity, std::set<ResourceId>& resources);

    /// Accounts for work that an input can ask for again and again. Fails if it was too much.
    Result<void> spend(size_t parts);

    size_t size() const { return types_.size(); }

private:
    struct Type {
        std::shared_ptr<const TypeDef> def;
        TypeId canonical;
        TypeInfo info;
    };

    ValType canonical_form(ValType type) const;
    std::string key_of(const TypeDef& def) const;
    Result<TypeInfo> describe(const TypeDef& def) const;
    Result<TypeInfo> describe(const ValueDef& def) const;
    Result<void> describe_externs(TypeInfo& info, const Externs& externs) const;
    Result<void> include(TypeInfo& info, ValType part) const;
    Result<void> find_resources(
        const Entity& entity, std::set<ResourceId>& resources, std::set<TypeId>& visited);

    std::deque<Type> types_;
    std::deque<ModuleType> modules_;
    std::map<std::string, TypeId> canonical_;
    uint32_t resources_ = 0;
    uint64_t effort_ = 0;
};

// -- Inline definitions

template<class Def, class Visit> void for_each_part(Def& def, const Visit& visit)
{
    const auto visit_optional = [&](auto& part) {
        if (part)
            visit(*part);
    };
    if (auto* record = std::get_if<RecordType>(&def)) {
        for (auto& field : record->fields)
            visit(field.type);
    } else if (auto* variant = std::get_if<VariantType>(&def)) {
        for (auto& item : variant->cases)
            visit_optional(item.type);
    } else if (auto* list = std::get_if<ListType>(&def)) {
        visit(list->element);
    } else if (auto* map = std::get_if<MapType>(&def)) {
        visit(map->key);
        visit(map->value);
    } else if (auto* tuple = std::get_if<TupleType>(&def)) {
        for (auto& type : tuple->types)
            visit(type);
    } else if (auto* option = std::get_if<OptionType>(&def)) {
        visit(option->type);
    } else if (auto* result = std::get_if<ResultType>(&def)) {
        visit_optional(result->ok);
        visit_optional(result->error);
    } else if (auto* stream = std::get_if<StreamType>(&def)) {
        visit_optional(stream->element);
    } else if (auto* future = std::get_if<FutureType>(&def)) {
        visit_optional(future->element);
    }
}

/// The same for the parameters and the result of a function.
template<class Func, class Visit>
    requires std::same_as<std::remove_const_t<Func>, FuncType>
void for_each_part(Func& func, const Visit& visit)
{
    for (auto& param : func.params)
        visit(param.type);
    if (func.result)
        visit(*func.result);
}

} // namespace vitrine::core::component
