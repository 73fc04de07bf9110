// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "component/component.h"

namespace vitrine::core::component {

/// Validates a decoded component with all that is nested in it, registers the core types, and
/// fills in what `Component` says is set by validation. Error messages are those of the official
/// test suite. [component model: Binary, Explainer, Canonical ABI]
Result<void> validate_component(Component& component, core::TypeRegistry& types, FeatureSet features = {});

/// Decodes and validates a component that is `part` of the file. Offsets of errors are relative to
/// the part. A failed allocation is an error too.
Result<std::shared_ptr<const Component>> load_component(
    std::shared_ptr<const FileBytes> file, Bytes part, core::TypeRegistry& types, FeatureSet features = {});

} // namespace vitrine::core::component
