// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "debug/expression_syntax.h"
#include "exec/frame.h"
#include "wasm/module.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace vitrine::core::debug::expression {

/// Where the names of an expression are looked up. What is compiled in it may be evaluated in every frame of the function, or with every
/// instance of the module.
struct Scope {
    std::shared_ptr<const Module> module;
    /// Those of the engine that loaded the module; as long as the expression is compiled.
    const TypeRegistry* types;
    /// Without it there are no locals.
    std::optional<FuncIndex> function {};
    /// The instruction before which it is evaluated; without it there are no operands.
    std::optional<CodeOffset> offset {};
    /// How many slots of the operands at `offset` are there: a caller's end where its callee's arguments began.
    uint32_t operand_slots = UINT32_MAX;

    /// That of a frame, with its operands; of a host function none.
    static Result<Scope> of(const Frame& frame);
    /// That of an instance's module.
    static Scope of(const Instance& instance);
};

/// The index of an entity: by the name section, an export or an import, the first of these that knows the name. Refuses what is not there,
/// with the position, and lists names that are like it.
Result<uint32_t> find_entity(
    const Module& module, ExternKind kind, const Selector& selector, uint32_t position);
/// The same for the module's types, and for the locals of the scope's function.
Result<TypeIndex> find_type(const Module& module, const Selector& selector, uint32_t position);
Result<uint32_t> find_local(const Scope& scope, const Selector& selector, uint32_t position);

/// A name without its index space: a local before a global.
struct Variable {
    bool is_local;
    uint32_t index;
};
Result<Variable> find_variable(const Scope& scope, const Selector& selector, uint32_t position);

} // namespace vitrine::core::debug::expression
