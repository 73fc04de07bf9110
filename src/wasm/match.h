// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "wasm/module.h"
#include "wasm/type_registry.h"

namespace vitrine::core {

/// The type of an entity of a validated module, imported or defined there.
ExternType extern_type(const Module& module, ExternKind kind, uint32_t index);

/// Whether what has the type `actual` may be given where an import wants `wanted`: the rule of linking, and of everything
/// that compares types before there are objects. Of an object, the minimum of its limits is its size. [spec: valid/matching, external types]
bool matches(const ExternType& actual, const ExternType& wanted, const TypeRegistry& types);

} // namespace vitrine::core
