// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "wasm/module.h"

#include <vector>

namespace vitrine::core {

/// How the bodies of functions are validated; what comes of it is the same.
struct BodyWay {
    /// Whether frequent instructions are taken the short way.
    bool is_short = true;
    /// In how many parts, each but the first on a thread of its own; 0: as many as the machine runs at once and are worth it.
    size_t parts = 0;
};

/// Validates a decoded module, registers its types and fills in the metadata of its bodies. What belongs to a feature that is off
/// is refused with the feature's name and the offset. Error texts are those of the official test suite. [spec: valid/modules]
Result<void> validate_module(Module& module, TypeRegistry& types, FeatureSet features = {}, BodyWay way = {});

/// Decodes and validates a module that is `part` of the file; offsets of errors are relative to the part.
Result<std::shared_ptr<const Module>> load_module(
    std::shared_ptr<const FileBytes> file, Bytes part, TypeRegistry& types, FeatureSet features = {});
/// The same for a module that is a whole file.
Result<std::shared_ptr<const Module>> load_module(
    std::vector<uint8_t> bytes, TypeRegistry& types, FeatureSet features = {});

/// The types of a function's parameters and locals, in order.
std::vector<ValueType> local_types(const Module& module, FuncIndex function);

/// What is known of the state before one instruction: found by validating the body again.
struct InstructionState {
    CodeOffset offset;
    /// Index in `Module::branches` of the side table's cursor.
    uint32_t entry;
    /// Types of the frame's operands, bottom first. Where code cannot be reached, what is known.
    std::vector<ValueType> operands;
    bool is_reachable;
};

/// The state before the instruction that starts at `offset`, or nothing when none starts there.
std::optional<InstructionState> find_instruction_state(
    const Module& module, FuncIndex function, CodeOffset offset);

/// The offset of the first instruction of the function that starts at or behind `offset`; nothing when the function has ended.
std::optional<CodeOffset> find_instruction_boundary(
    const Module& module, FuncIndex function, CodeOffset offset);

} // namespace vitrine::core
