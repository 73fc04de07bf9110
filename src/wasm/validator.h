// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "wasm/module.h"

#include <vector>

namespace vitrine::core {

/// How to validate function bodies. Does not affect the result.
struct BodyOptions {
    /// Whether to use the fast path for common instructions.
    bool uses_fast_path = true;
    /// The number of parts to split the bodies into. Each part except the first is validated on a
    /// thread of its own. 0: choose by the size of the code and the number of processors.
    size_t parts = 0;
};

/// Validates a decoded module, registers its types and fills in the metadata of its bodies. If the
/// module uses a disabled feature, the error has the feature's name and the offset. Error messages
/// are those of the official test suite. [spec: valid/modules]
Result<void> validate_module(
    Module& module, TypeRegistry& types, FeatureSet features = {}, BodyOptions options = {});

/// Validates and registers the types of a module that have no id yet, and returns the claim on
/// them. For a list of types that grows, such as the core types of a component.
Result<TypeRegistry::Claim> extend_types(Module& module, TypeRegistry& types, FeatureSet features = {});

/// Validates a table, memory, global, function or tag type of an import or export.
Result<void> check_extern_type(
    const Module& module, FeatureSet features, const ExternDesc& type, uint64_t offset);

/// Decodes and validates a module that is `part` of the file. Offsets of errors are relative to the
/// part.
Result<std::shared_ptr<const Module>> load_module(
    std::shared_ptr<const FileBytes> file, Bytes part, TypeRegistry& types, FeatureSet features = {});
/// Decodes and validates a module that is a whole file.
Result<std::shared_ptr<const Module>> load_module(
    std::vector<uint8_t> bytes, TypeRegistry& types, FeatureSet features = {});

/// The types of a function's parameters and locals, in order.
std::vector<ValueType> local_types(const Module& module, FuncIndex function);

/// What validation knows about the state before an instruction. Found by validating the body again.
struct InstructionState {
    CodeOffset offset;
    /// The side table cursor: an index in `Module::branches`.
    uint32_t entry;
    /// Types of the frame's operands, bottom first. In unreachable code, those that are known.
    std::vector<ValueType> operands;
    bool is_reachable;
};

/// The state before the instruction at `offset`. Empty if no instruction starts there.
std::optional<InstructionState> find_instruction_state(
    const Module& module, FuncIndex function, CodeOffset offset);

/// The offset of the first instruction of the function at or after `offset`. Empty if there is
/// none.
std::optional<CodeOffset> find_instruction_boundary(
    const Module& module, FuncIndex function, CodeOffset offset);

} // namespace vitrine::core
