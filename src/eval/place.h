// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "exec/frame.h"
#include "runtime/memory.h"
#include "runtime/store.h"
#include "runtime/table.h"

#include <cstdint>
#include <memory>
#include <variant>

namespace vitrine::core::eval {

/// Bytes of a memory.
struct MemoryRange {
    Memory* memory;
    uint64_t address;
    uint64_t size;
    /// Keeps a shared memory alive; null for any other.
    std::shared_ptr<Memory> shared {};
};

struct TableSlot {
    Table* table;
    uint64_t index;
};

/// A local of a frame. It can be used while the frame lives.
struct FrameLocal {
    Frame frame;
    uint32_t index;
};

/// What an expression can name and a watchpoint can watch.
using WatchPlace = std::variant<MemoryRange, Global*, TableSlot, FrameLocal>;

} // namespace vitrine::core::eval
