// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "eval/names.h"
#include "eval/syntax.h"
#include "exec/frame.h"
#include "wasm/module.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace vitrine::core::eval {

/// Where an expression looks its names up. What is compiled in a scope with a function can be
/// evaluated in every frame of that function; without one, in every instance of the module.
struct Scope {
    std::shared_ptr<const Module> module;
    /// The types of the engine that loaded the module. Used only while compiling.
    const TypeRegistry* types;
    /// Without a function there are no locals.
    std::optional<FuncIndex> function {};
    /// The expression is evaluated before this instruction. Without it there are no operands.
    std::optional<CodeOffset> offset {};
    /// The number of slots of operands at `offset`. A caller has fewer than validation says: its
    /// callee has taken the arguments.
    uint32_t operand_slots = UINT32_MAX;
    /// Null for the module's own names. Used only while compiling.
    const NameSource* names = nullptr;

    /// The scope of a guest frame, with its operands. Fails for a host frame.
    static Result<Scope> of(const Frame& frame);
    /// The scope of an instance's module.
    static Scope of(const Instance& instance);
};

/// The index of what the selector selects. Fails with the position if there is no such thing, and
/// lists names that are spelled like the one given.
Result<uint32_t> find_entity(
    const Scope& scope, ExternKind kind, const Selector& selector, uint32_t position);
Result<TypeIndex> find_type(const Scope& scope, const Selector& selector, uint32_t position);
Result<uint32_t> find_local(const Scope& scope, const Selector& selector, uint32_t position);

/// The index of the field that has the name, in a struct type of the engine. The names are those of
/// the scope's module.
Result<uint32_t> find_field(const Scope& scope, TypeId type, std::string_view name, uint32_t position);

/// What a name without an index space means: a local, else a global.
struct Variable {
    bool is_local;
    uint32_t index;
};
Result<Variable> find_variable(const Scope& scope, const Selector& selector, uint32_t position);

} // namespace vitrine::core::eval
