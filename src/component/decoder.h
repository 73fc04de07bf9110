// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "component/component.h"

namespace vitrine::core::component {

/// Whether these bytes begin with the header of a component, of any version.
bool is_component(Bytes bytes);

/// Decodes a component that is `part` of a file, with all its nested components and core modules.
/// Offsets of errors are relative to the part, also of errors in nested components and modules.
///
/// The result is well-formed but not yet valid: no index is looked up and no name checked. Error
/// messages are those of the official test suite. [component model: Binary]
Result<std::unique_ptr<Component>> decode_component(
    std::shared_ptr<const FileBytes> file, Bytes part, FeatureSet features = {});

} // namespace vitrine::core::component
