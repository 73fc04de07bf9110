// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "eval/program.h"
#include "eval/scope.h"
#include "eval/source_names.h"
#include "eval/syntax.h"
#include "source/elements.h"
#include "wasm/validator.h"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace vitrine::core::eval {

/// A place that a value is read from and written to: the steps that do it once the address of the
/// place is on the stack.
struct Target {
    Type type;
    Step::Run read;
    /// Null if the place cannot be written; `refusal` says why.
    Step::Run write;
    uint64_t operand = 0;
    uint32_t extra = 0;
    /// The number of slots that the address takes on the stack.
    uint32_t inputs = 0;
    std::string refusal {};
    /// 8 or 16 for an integer of 1 or 2 bytes, else 0.
    uint32_t bits = 0;
};

/// A place of the source: a variable, a part of it, or what a pointer points to.
struct SourcePlace {
    source::TypeId type {};
    /// In bytes: from the address that the steps have left, or from the beginning of a variable
    /// that is not in memory as a whole.
    uint64_t offset = 0;
    /// For a bit field: its bits, from the lowest of the byte at `offset`. Else 0.
    uint32_t bit_offset = 0, bit_size = 0;
    /// The memory that the address is in.
    uint32_t memory = 0;
    /// Where the variable is. Null if the steps have left an address.
    std::shared_ptr<const std::vector<LocationPart>> parts {};
    /// The variable's name.
    std::string name {};
    /// An array whose number of elements the steps have left above the address.
    bool is_counted = false;

    bool is_in_memory() const { return parts == nullptr; }
};

struct Container;

/// Turns nodes into steps. It knows the type of each value that the steps leave on the stack.
/// places.cpp has the part for places, which can be written, source_places.cpp that for places of
/// the source, source_elements.cpp that for elements of containers, source_parts.cpp that for
/// variables which are not in memory, and source_operators.cpp that for operators on pointers and
/// other values of the source.
class Compiler {
public:
    /// Both must outlive it.
    Compiler(const Scope& scope, SourceNames& names) : scope_(scope), module_(*scope.module), names_(names)
    {
        program_.module = scope.module;
    }

    Result<Type> emit(const Node& node);
    Result<void> emit_assignment(const ParsedAssignment& assignment);
    /// A place that can be watched. The steps leave its address or index, if it has one.
    struct Place {
        Syntax kind;
        /// The index of the local, global, memory or table.
        uint32_t index;
        /// The number of bytes in the memory.
        uint64_t size = 0;
    };
    Result<Place> emit_place(const Node& node);
    /// The place of the source that the node means, with its address on the stack if it is in
    /// memory. None for everything else; then nothing was emitted, or what `emit` goes on with.
    Result<std::optional<SourcePlace>> source_place(const Node& node);
    /// Adds the offset of a place in memory to its address.
    Result<void> emit_offset(const Node& node, SourcePlace& place);
    /// The node that is compiled, which alone can be an array with a computed number of elements.
    void set_whole(const Node& node) { whole_ = &node; }
    Program take() { return std::move(program_); }

private:
    // -- Steps

    Result<void> step(Step::Run run, const Node& node, uint32_t popped, uint32_t pushed, uint64_t operand = 0,
        uint32_t extra = 0)
    {
        program_.steps.push_back({ run, operand, extra, node.position });
        slots_ += pushed - popped;
        if (slots_ > Program::max_slots)
            return failure("too deeply nested", node.position);
        return {};
    }
    size_t here() const { return program_.steps.size(); }
    /// Whether the steps in that range only push a number.
    bool is_constant(size_t begin, size_t end) const;
    void convert_at(size_t at, const Node& node, NumberKind from, NumberKind to);
    Result<void> fold(size_t begin);

    // -- Kinds of nodes

    Result<Type> emit_integer(const Node& node);
    Result<Type> emit_text(const Node& node);
    Result<Type> emit_function(const Node& node);
    Result<Type> emit_cast(const Node& node);
    Result<Type> emit_as_type(const Node& node);
    Result<Type> emit_as_tag(const Node& node);
    Result<Type> emit_is_null(const Node& node);
    Result<Type> emit_length(const Node& node);
    Result<Type> emit_size(const Node& node);
    Result<Type> emit_unary(const Node& node);
    Result<Type> emit_binary(const Node& node);
    Result<Type> emit_numbers(const Node& node, Type left, Type right, size_t begin, size_t middle);
    Result<Type> emit_shift(const Node& node, Type left, Type right);
    Result<Type> emit_logical(const Node& node);
    Result<Type> emit_choice(const Node& node);
    Result<Type> common_type(
        const Node& node, Type one, Type other, bool one_is_constant, bool other_is_constant) const;
    Result<void> emit_condition(const Node& node);
    Result<void> emit_index(const Node& node, bool is_address_32);

    // -- Places: these emit the address

    Result<Target> target(const Node& node);
    Result<Target> local_target(const Node& node, uint32_t index);
    Result<Target> global_target(const Node& node, uint32_t index);
    Result<Target> operand_target(const Node& node);
    Result<Target> memory_target(const Node& node);
    Result<Target> slot_target(const Node& node);
    Result<Target> part_target(const Node& node);
    Result<Target> member_target(const Node& node);
    Result<Target> field_target(const Node& node, uint64_t index, const TypeInfo& info);
    Result<Target> payload_target(const Node& node, const TypeInfo& info);
    Result<Target> element_target(const Node& node, const FieldType& element);
    Result<uint64_t> constant_index(const Node& node);
    Result<void> emit_converted(const Node& node, const Target& target);
    Result<void> check_fits(const Node& node, const Target& target, NumberKind kind, Slot value) const;
    Result<void> check_reference(const Node& node, ValueType value, ValueType wanted);

    // -- The source: places

    Result<SourcePlace> variable_place(const Node& node, const source::Variable& variable);
    Result<std::optional<SourcePlace>> name_place(const Node& node);
    Result<std::optional<SourcePlace>> scoped_place(const Node& node);
    Result<std::optional<SourcePlace>> member_place(const Node& node);
    Result<SourcePlace> member_of(const Node& node, SourcePlace place);
    Result<std::optional<SourcePlace>> element_place(const Node& node);
    Result<SourcePlace> element_of(const Node& node, SourcePlace place);
    Result<SourcePlace> indexed_object(const Node& node, SourcePlace place);
    Result<SourcePlace> slice_element(const Node& node, SourcePlace place);
    Result<SourcePlace> contained_element(const Node& node, SourcePlace place, source::Indexing indexing);
    Result<void> emit_key(const Node& node, const source::Indexing& indexing, Step::Run& run);
    Result<Container> emit_container(const Node& node, SourcePlace place);
    Result<void> contained(const Node& node, Container container, Step::Run run, uint32_t key_slots);
    Result<std::optional<SourcePlace>> smart_target(const Node& node, const SourcePlace& place);
    Result<SourcePlace> dereferenced_place(const Node& node);
    Result<SourcePlace> range_place(const Node& node);
    Result<std::optional<SourcePlace>> object_place(const Node& node);
    Result<SourcePlace> pointee(const Node& node, SourcePlace pointer);
    Result<SourcePlace> pointee_of(const Node& node, source::TypeId pointer);
    Result<SourcePlace> followed(const Node& node, SourcePlace place);
    Result<Type> emit_source_value(const Node& node, SourcePlace place);
    Result<Type> emit_bit_field(const Node& node, const SourcePlace& place, const Scalar& scalar);
    Result<void> extract(const Node& node, NumberKind from, uint64_t shift, uint64_t bits, const Scalar& to);
    Result<Target> source_target(const Node& node, SourcePlace place);

    // -- The source: variables outside of memory

    Result<Type> emit_parts(const Node& node, const SourcePlace& place, const Scalar& scalar);
    Result<void> emit_part(const Node& node, const SourcePlace& place, const LocationPart& part,
        uint64_t shift, uint64_t bits, const Scalar& scalar);
    Result<void> assign_parts(const Node& node, const SourcePlace& place, const Node& value);
    Result<void> assign_part(const Node& node, const LocationPart& part, uint64_t part_shift, uint64_t bits,
        const Node& value, uint64_t value_shift, const Target& shape);
    Result<Place> watched_part(const Node& node, const SourcePlace& place) const;
    std::unexpected<Error> missing(
        const Node& node, const SourcePlace& place, const LocationPart& part) const;

    // -- The source: operators

    Result<Type> emit_unresolved(const Node& node);
    Result<Type> emit_address_of(const Node& node);
    Result<Type> emit_to_type(const Node& node);
    Result<Type> emit_size_of(const Node& node);
    Result<std::optional<Type>> emit_source_binary(
        const Node& node, Type& left, Type& right, size_t begin, size_t& middle);
    Result<std::optional<Type>> emit_pointers(
        const Node& node, const Type& left, const Type& right, size_t middle);
    Result<void> scale(const Node& node, size_t at, NumberKind from, uint64_t size);
    Result<bool> become_text(const Node& node, Type& type, size_t at);
    Type decayed(const Type& type);
    /// The type that a pointer points to; nothing for everything else.
    std::optional<source::TypeId> target_of_pointer(const Type& type) const;
    std::optional<int64_t> enumerator(const Node& node, const Type& type) const;
    bool is_unresolved_name(const Node& node);
    NumberKind address_kind() const
    {
        return names_.types().address_bytes() == 8 ? NumberKind::U64 : NumberKind::U32;
    }

    Result<Type> type_of(const Node& node, ValueType type) const;
    const TypeInfo* info_of(ValueType type) const
    {
        return type.is_ref() && type.heap() == HeapKind::Defined ? &scope_.types->info({ type.index() })
                                                                 : nullptr;
    }
    std::string text_of(const Type& type) const;

    const Scope& scope_;
    const Module& module_;
    SourceNames& names_;
    Program program_;
    /// The number of slots that the steps so far leave on the stack.
    uint32_t slots_ = 0;
    // Computed at the first use.
    std::vector<ValueType> locals_;
    std::optional<InstructionState> state_;
    /// The object of a `Part` or `Member` that `source_place` has emitted, and that is none of the
    /// source.
    std::optional<Type> object_;
    const Node* whole_ = nullptr;
    /// Names that have no other meaning are enumerators of this type.
    source::TypeId expected_enum_ {};
};

Result<Compiled> compile_expression(const Node& node, const Scope& scope, SourceNames& names);

/// A place, and a program that leaves its address or index on the stack, if it has one.
struct CompiledPlace {
    Program program;
    Compiler::Place place;
};
Result<CompiledPlace> compile_place(const Node& node, const Scope& scope, SourceNames& names);

/// How many elements a range can have.
inline constexpr uint64_t max_range = 1 << 20;
inline bool is_range(uint64_t count) { return count != 0 && count <= max_range; }
inline std::string range_refusal()
{
    return "`@` takes a number of elements from 1 to " + std::to_string(max_range);
}

/// A place of the source, and a program that leaves its address on the stack, if it has one.
struct CompiledSourcePlace {
    Program program;
    SourcePlace place;
};
/// Nothing if the node means anything else.
Result<std::optional<CompiledSourcePlace>> compile_source_place(
    const Node& node, const Scope& scope, SourceNames& names);

/// A program that writes a value to a place and leaves nothing on the stack.
Result<Program> compile_assignment(
    const ParsedAssignment& assignment, const Scope& scope, SourceNames& names);

} // namespace vitrine::core::eval
