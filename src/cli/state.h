// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "json/document.h"

#include <vitrine/vitrine.hpp>

#include <span>

namespace vitrine::cli {

namespace json = core::json;

/// A stretch of a memory.
struct MemoryRange {
    uint32_t index = 0;
    uint64_t address = 0;
    uint64_t length = 0;
};

/// What is in a stopped guest: its frames, and of the innermost frame's instance the globals, tables and memories, exported or not, with the readable part
/// of the ranges; docs/inspect-json.md has the schema.
json::Object describe_state(const debug::Stopped& stopped, std::span<const MemoryRange> ranges);

/// The same for people.
void print_state(const json::Object& state);

} // namespace vitrine::cli
