// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "wasm/module.h"

#include <cstddef>

namespace vitrine::core {

/// The layout of an instance's memory block, as byte offsets from its start. It is the same for all
/// instances of a module, so that they can share machine code.
///
///     Instance | Global*... | Table*... | Memory*... | Tag*... | Function*... | Function...
///
/// Each index space starts with the imports. The functions at the end are those that the module
/// defines.
struct InstanceLayout {
    explicit InstanceLayout(const Module& module);

    size_t globals;
    size_t tables;
    size_t memories;
    size_t tags;
    size_t functions;
    size_t own_functions;
    /// The size of the block.
    size_t size;
};

} // namespace vitrine::core
