// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "wasm/types.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace vitrine::core {

/// What execution needs to know of a type.
struct TypeInfo {
    TypeId id;
    /// Indices in it are `TypeId`s.
    SubType type;
    /// Its direct supertype, or null; how many types it is below the outermost one, counting both.
    const TypeInfo* super = nullptr;
    uint32_t depth = 1;
    /// The outermost of its supertypes and those below it, down to the type itself: by depth, as far as they fit.
    /// Most chains are short, so that a cast is one comparison.
    static constexpr uint32_t display_size = 8;
    const TypeInfo* display[display_size] {};
    /// Of a struct (of a function): the slot of each field (parameter), how many slots there are, and which of them
    /// hold references that the collector must follow.
    std::vector<uint32_t> field_slots;
    uint32_t slots = 0;
    std::vector<uint32_t> managed_slots;
    /// Of an array: the bytes of an element, and whether the collector must follow them.
    uint8_t element_bytes = 0;
    bool has_managed_elements = false;

    /// Slots that a field takes.
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

/// Whether a value of type `sub` may stand where `super` is wanted. The infos are those of the defined types that the references
/// name, and null for all other types. [spec: valid/matching]
bool is_subtype(ValueType sub, const TypeInfo* sub_info, ValueType super, const TypeInfo* super_info);

/// [doc] How long a type is registered
///
/// Types are compared by recursion group: two are equal when their groups have the same shape and they have the same
/// position in them. [spec: valid/conventions, rolling and unrolling] The registry keeps one copy of each group and counts
/// its references: one for each claim on it, and one for each time a type of another group names a type of this one. With the
/// last reference the group goes, and its ids are given to other types later.
///
/// So an id means one type for as long as somebody has a claim on it. A module claims its own types, a store those of its host
/// functions and of the tags that the embedder makes, and instances keep their modules. Hence every type that the
/// objects and the code of a store name stays registered as long as the store does, and machine code may compare ids
/// as constants.
class TypeRegistry {
    struct Group;
    struct State;

public:
    /// How many different types an engine can hold at a time.
    static constexpr uint32_t max_types = 1u << 21;

    /// Keeps types registered until it is destroyed; by any thread, also after the registry itself.
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
        /// Null where registering failed.
        std::vector<Group*> groups_;
    };

    /// The types of a module: their ids, in order, and the claim on them.
    struct ModuleTypes {
        IndexVector<TypeIndex, TypeId> ids;
        Claim claim;
    };
    struct FunctionType {
        TypeId id;
        Claim claim;
    };

    TypeRegistry();

    /// Registers the types of a module, which must be valid. Fails when the engine is full: nothing is registered then.
    Result<ModuleTypes> add(const IndexVector<TypeIndex, SubType>& types);
    /// Registers a function type outside a module, as a host function has. Its types name only `TypeId`s, which somebody
    /// must have a claim on. Fails when the engine is full.
    Result<FunctionType> add(const FuncType& type);
    /// Another claim on a registered type.
    Claim claim(TypeId id);
    /// How many types are registered.
    uint32_t size() const;

    // All of these need ids that somebody has a claim on.

    /// A type by its id; the indices in it are `TypeId`s. The reference stays valid as long as the claim.
    const SubType& operator[](TypeId id) const { return info(id).type; }
    const TypeInfo& info(TypeId id) const;
    /// Whether values of the type refer to what the collector owns: all references but those to functions.
    static bool is_managed(ValueType type) { return type.is_ref() && !type.is_function_ref(); }
    /// Whether a value of `sub` may stand where `super` is wanted. Types hold `TypeId`s.
    bool is_subtype(ValueType sub, ValueType super) const;
    bool is_subtype(TypeId sub, TypeId super) const;

private:
    /// The group's references include one for the caller. Null when the engine is full.
    Group* add_group(const std::vector<SubType>& group);
    Group make_group(const std::vector<SubType>& group) const;

    std::shared_ptr<State> state_;
};

} // namespace vitrine::core
