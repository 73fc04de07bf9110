// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "cli/message.h"
#include "json/document.h"

#include <vitrine/vitrine.hpp>

#include <span>

namespace vitrine::cli {

namespace json = core::json;

/// A range of a memory.
struct MemoryRange {
    uint32_t index = 0;
    uint64_t address = 0;
    uint64_t length = 0;
};

/// The error for a range of a memory that a module with `count` memories does not have.
Error no_memory(const MemoryRange& range, size_t count);

/// The state of a stopped guest as JSON (docs/inspect-json.md): its frames; the globals, tables and
/// memories of the innermost guest frame's instance, exported or not; and the readable part of the
/// ranges. Fails if that instance does not have the memory of a range.
Result<json::Object> describe_state(const debug::Stopped& stopped, std::span<const MemoryRange> ranges,
    std::span<const LoadedModule> modules);

/// Prints the state as text.
void print_state(const json::Object& state);

} // namespace vitrine::cli
