// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "wasm/module.h"

#include <cstddef>

namespace vitrine::core {

/// Where the parts of an instance lie in its one block of memory, in bytes from its start: the same for all instances
/// of a module, so that machine code can be shared by them.
///
///     Instance | Global*... | Table*... | Memory*... | Tag*... | Function*... | Function...
///
/// Each index space holds the imports first. The functions at the end are those that the module defines.
struct InstanceLayout {
    explicit InstanceLayout(const Module& module);

    size_t globals;
    size_t tables;
    size_t memories;
    size_t tags;
    size_t functions;
    size_t own_functions;
    /// The size of the whole block.
    size_t size;
};

} // namespace vitrine::core
