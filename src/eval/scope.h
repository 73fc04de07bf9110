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

namespace vitrine::core::source {
class Symbols;
}

namespace vitrine::core::eval {

/// What an expression knows of the source.
struct SourceContext {
    /// Null without debug information: all names are WebAssembly's then.
    std::shared_ptr<source::Symbols> symbols {};
    /// How many logical frames of the same physical frame are inside the one that is meant.
    uint32_t level = 0;
    /// The index of the memory in which the variables of the source are.
    uint32_t memory = 0;
};

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
    /// Its symbols are used only while compiling, except for results of source types.
    SourceContext source {};
    /// Whether the frame waits for a call: `offset` is behind the call.
    bool is_caller = false;

    /// The scope of a guest frame, with its operands. Fails for a host frame.
    static Result<Scope> of(const Frame& frame, SourceContext source = {});
    /// The scope of an instance's module.
    static Scope of(const Instance& instance, SourceContext source = {});
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
struct WasmVariable {
    bool is_local;
    uint32_t index;
};
Result<WasmVariable> find_variable(const Scope& scope, const Selector& selector, uint32_t position);
/// Whether there is such a local or global, or several.
bool has_variable(const Scope& scope, std::string_view name);

} // namespace vitrine::core::eval
