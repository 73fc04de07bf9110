// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "wasm/types.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace vitrine::core {

/// What execution needs to know about a type.
struct TypeInfo {
    TypeId id;
    /// Indices in it are `TypeId`s.
    SubType type;
    /// Its direct supertype or null, and the length of the chain of supertypes including the type
    /// itself.
    const TypeInfo* super = nullptr;
    uint32_t depth = 1;
    /// The chain from the outermost supertype down to the type itself, as far as it fits. Most
    /// chains are short, so that a cast needs one comparison.
    static constexpr uint32_t display_size = 8;
    const TypeInfo* display[display_size] {};
    /// Only for a struct or function type: the slot of each field or parameter, the number of
    /// slots, and which slots hold references that the collector must follow.
    std::vector<uint32_t> field_slots;
    uint32_t slots = 0;
    std::vector<uint32_t> managed_slots;
    /// Only for an array type: the element size in bytes, and whether the collector must follow the
    /// elements.
    uint8_t element_bytes = 0;
    bool has_managed_elements = false;

    /// The number of slots that a field takes.
    uint32_t field_width(uint32_t field) const
    {
        return (field + 1 < field_slots.size() ? field_slots[field + 1] : slots) - field_slots[field];
    }
    bool is_subtype_of(const TypeInfo& other) const
    {
        if (other.depth <= display_size) [[likely]]
            return display[other.depth - 1] == &other;
        const TypeInfo* above = this;
        while (above->depth > other.depth)
            above = above->super;
        return above == &other;
    }
};

/// Whether `sub` is a subtype of `super`. The infos describe the defined types that the references
/// name, and are null for all other types. [spec: valid/matching]
bool is_subtype(ValueType sub, const TypeInfo* sub_info, ValueType super, const TypeInfo* super_info);

/// [doc] How long a type is registered
///
/// Types are compared by recursion group: two types are equal if their groups have the same
/// structure and the types have the same position in their groups. [spec: valid/conventions,
/// rolling and unrolling] The registry keeps one copy of each group and counts references to it:
/// one for each claim, and one for each occurrence of one of its types in another group. When the
/// last reference is dropped, the group is removed and its ids can be reused.
///
/// So an id denotes one type for as long as someone holds a claim on it. A module claims its own
/// types, and instances keep their modules alive. A store claims the types of its host functions
/// and of tags created by the embedder. Hence every type that the objects and the code of a store
/// refer to stays registered as long as the store exists, and machine code can compare ids as
/// constants.
class TypeRegistry {
    struct Group;
    struct State;

public:
    /// How many different types an engine can hold at a time.
    static constexpr uint32_t max_types = 1u << 21;

    /// Keeps types registered until it is destroyed. Can be destroyed on any thread, also after the
    /// registry.
    class Claim {
    public:
        Claim() = default;
        ~Claim();
        Claim(Claim&& other) noexcept = default;
        Claim& operator=(Claim&& other) noexcept
        {
            std::swap(state_, other.state_);
            std::swap(groups_, other.groups_);
            return *this;
        }

    private:
        friend TypeRegistry;
        explicit Claim(std::shared_ptr<State> state) : state_(std::move(state)) {}

        std::shared_ptr<State> state_;
        /// Contains null where registering failed.
        std::vector<Group*> groups_;
    };

    /// The types of a module: their ids in order, and the claim on them.
    struct ModuleTypes {
        IndexVector<TypeIndex, TypeId> ids;
        Claim claim;
    };
    struct FunctionType {
        TypeId id;
        Claim claim;
    };

    TypeRegistry();

    /// Registers the types of a valid module. If the engine is full, fails and registers nothing.
    Result<ModuleTypes> add(const IndexVector<TypeIndex, SubType>& types);
    /// Registers the types that have no id yet, and appends their ids to `ids`. The caller must
    /// hold claims on the types that have one.
    Result<Claim> extend(const IndexVector<TypeIndex, SubType>& types, IndexVector<TypeIndex, TypeId>& ids);
    /// Registers a function type that does not come from a module, such as that of a host function.
    /// The caller must hold claims on all `TypeId`s in it. Fails if the engine is full.
    Result<FunctionType> add(const FuncType& type);
    /// Creates another claim on a registered type.
    Claim claim(TypeId id);
    /// The number of registered types.
    uint32_t size() const;

    // The following functions require that someone holds a claim on the ids.

    /// The type with this id. Indices in it are `TypeId`s. The reference is valid as long as the
    /// claim.
    const SubType& operator[](TypeId id) const { return info(id).type; }
    const TypeInfo& info(TypeId id) const;
    /// Whether the collector owns what such a value refers to. True for all references except those
    /// to functions.
    static bool is_managed(ValueType type) { return type.is_ref() && !type.is_function_ref(); }
    /// Whether `sub` is a subtype of `super`. The types contain `TypeId`s.
    bool is_subtype(ValueType sub, ValueType super) const;
    bool is_subtype(TypeId sub, TypeId super) const;

private:
    /// The group's reference count includes one for the caller. Returns null if the engine is full.
    Group* add_group(const std::vector<SubType>& group);
    Group make_group(const std::vector<SubType>& group) const;

    std::shared_ptr<State> state_;
};

} // namespace vitrine::core
