// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "wasm/module.h"
#include "wasm/type_registry.h"

namespace vitrine::core {

/// The type of an entity of a validated module, whether imported or defined.
ExternType extern_type(const Module& module, ExternKind kind, uint32_t index);

/// Whether an entity of type `actual` satisfies an import of type `wanted`. Used by linking, and by
/// everything that compares types before objects exist. For an existing object, the minimum of its
/// limits is its current size. [spec: valid/matching, external types]
bool matches(const ExternType& actual, const ExternType& wanted, const TypeRegistry& types);

} // namespace vitrine::core
