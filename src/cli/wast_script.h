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
    /// What the runner does not know; it fails.
    Unknown,
};

/// Calls an exported function, or reads an exported global.
struct WastAction {
    bool is_get = false;
    /// An instance's name; the current one if it is missing.
    std::optional<std::string> module;
    std::string field;
    std::vector<WastValue> arguments;
};

/// A command of a script. What its kind does not have is empty.
struct WastCommand {
    WastKind kind;
    /// As the script calls it.
    std::string type;
    uint32_t line;
    /// Of `Module`, `ModuleDefinition`, `Register`: what is named or meant. Of `ModuleInstance`: the new instance.
    std::optional<std::string> name;
    /// Of `ModuleInstance`: the definition.
    std::optional<std::string> definition;
    /// Of `Register`.
    std::string as;
    /// The binary, beside the script. Missing when the module exists as text only.
    std::optional<std::string> file;
    /// What the message must say.
    std::string text;
    std::optional<WastAction> action;
    std::vector<WastValue> expected;
};

/// A script of the official test suite, made by `wasm-tools json-from-wast` or `wast2json`.
struct WastScript {
    /// The file it was made of.
    std::string source;
    std::vector<WastCommand> commands;
};

/// An error names the offset or the field.
core::Result<WastScript> read_wast_script(std::string_view json);

} // namespace vitrine::cli
