// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "runtime/value.h"

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace vitrine::core {

class Record;

/// [doc] Guest stacks
///
/// A guest thread has its own two stacks, apart from the host's, so that guest calls never recurse in C++ and a
/// frame is data that can be read, changed and moved.
///
/// Value stack, growing up, in 8-byte slots; a frame is `[parameters | locals | operands]` from `fp` on. The
/// caller's topmost operands are the callee's parameters, and results replace parameters: nothing is copied for a call.
///
/// Control stack, growing down, one `Record` per call (exec/frame.h). It is four times as large as the value stack:
/// every frame takes at least one slot and a record takes four, so the check of the value stack bounds both.
///
///     guard page | value stack --> | guard page | <-- control stack | guard page
class GuestStack {
public:
    /// Slots above the limit, for the arguments and results of host functions (at most 1000 values of two slots each).
    static constexpr size_t headroom_slots = 4096;

    static Result<std::unique_ptr<GuestStack>> create(uint64_t value_bytes);
    ~GuestStack();
    GuestStack(const GuestStack&) = delete;
    GuestStack& operator=(const GuestStack&) = delete;

    Slot* values() const { return values_; }
    /// Frames end here.
    Slot* limit() const { return limit_; }
    /// Behind the last record: where the first one is pushed down from.
    Record* control_top() const { return control_top_; }

private:
    GuestStack() = default;

    void* space_ = nullptr;
    size_t space_bytes_ = 0;
    Slot* values_ = nullptr;
    Slot* limit_ = nullptr;
    Record* control_top_ = nullptr;
};

/// Stacks of an engine, handed out while a guest runs, so that a store without running code has none.
class StackPool {
public:
    explicit StackPool(uint64_t value_bytes) : value_bytes_(value_bytes) { idle_.reserve(max_idle); }
    Result<std::unique_ptr<GuestStack>> take();
    void give_back(std::unique_ptr<GuestStack> stack);

private:
    static constexpr size_t max_idle = 4;

    uint64_t value_bytes_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<GuestStack>> idle_;
};

} // namespace vitrine::core
