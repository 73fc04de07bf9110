// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "cli/message.h"

#include "jit/compiler.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace vitrine::cli {

/// How the listed code is made.
struct CodeOptions {
    core::jit::Processor processor = core::jit::Processor::current();
    /// Whether accesses beyond the end of a memory may fault.
    bool signal_handlers = true;
};

/// The processor of a name such as `avx2`; none if there is no such name.
std::optional<core::jit::Processor> find_processor(std::string_view name);

/// Disassembles the machine code of a function: each instruction of the body, followed by its
/// machine code. Also says where loops can be entered, which calls are sites, and where the values
/// are at each exit. If the function is not compiled, says why.
std::string code_listing(
    const Engine& engine, const core::Module& module, core::FuncIndex function, const CodeOptions& options);

/// The listing of the function that has this name or index, in the first of the modules that has
/// one.
Result<std::string> code_listing(const Engine& engine, std::span<const LoadedModule> modules,
    const std::string& function, const CodeOptions& options);

} // namespace vitrine::cli
