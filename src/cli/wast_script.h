// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "cli/wast_value.h"

namespace vitrine::cli {

enum class WastKind : uint8_t {
    Module,
    ModuleDefinition,
    ModuleInstance,
    Register,
    Action,
    AssertReturn,
    AssertTrap,
    AssertExhaustion,
    AssertException,
    AssertMalformed,
    AssertInvalid,
    AssertInvalidCustom,
    AssertUnlinkable,
    AssertUninstantiable,
    /// A command that the runner does not know. It fails.
    Unknown,
};

/// Calls an exported function or reads an exported global.
struct WastAction {
    bool is_get = false;
    /// The name of an instance. The current instance if missing.
    std::optional<std::string> module;
    std::string field;
    std::vector<WastValue> arguments;
};

/// A command of a script. Fields that its kind does not have are empty.
struct WastCommand {
    WastKind kind;
    /// The name of the command in the script.
    std::string type;
    uint32_t line;
    /// For `Module`, `ModuleDefinition` and `Register`, the name of the module. For
    /// `ModuleInstance`, that of the new instance.
    std::optional<std::string> name;
    /// Only for `ModuleInstance`: the name of the definition.
    std::optional<std::string> definition;
    /// Only for `Register`.
    std::string as;
    /// The path of the binary, in the script's directory. Missing if the module exists as text
    /// only.
    std::optional<std::string> file;
    /// What the error message must say.
    std::string text;
    std::optional<WastAction> action;
    std::vector<WastValue> expected;
};

/// A script of the official test suite, converted by `wasm-tools json-from-wast` or `wast2json`.
struct WastScript {
    /// The file that the script was converted from.
    std::string source;
    std::vector<WastCommand> commands;
};

/// Parses a script. An error names the offset or the field.
core::Result<WastScript> read_wast_script(std::string_view json);

} // namespace vitrine::cli
