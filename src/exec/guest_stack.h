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
/// A guest thread has two stacks of its own, separate from the host's. Guest calls therefore never
/// recurse in C++, and a frame is data that can be read, changed and moved.
///
/// The value stack grows up, in slots of 8 bytes. A frame is `[parameters | locals | operands]`,
/// starting at `fp`. The caller's topmost operands become the callee's parameters, and the results
/// replace the parameters: a call copies nothing.
///
/// The control stack grows down, with one `Record` per call (exec/frame.h). It is four times as
/// large as the value stack: each frame takes at least one slot and each record takes four, so
/// checking the value stack bounds both.
///
///     guard page | value stack --> | guard page | <-- control stack | guard page
class GuestStack {
public:
    /// Slots above `limit`, for the arguments and results of host functions (at most 1000 values of
    /// two slots each).
    static constexpr size_t headroom_slots = 4096;

    static Result<std::unique_ptr<GuestStack>> create(uint64_t value_bytes);
    ~GuestStack();
    GuestStack(const GuestStack&) = delete;
    GuestStack& operator=(const GuestStack&) = delete;

    /// What was passed to `create`.
    uint64_t value_bytes() const { return value_bytes_; }
    Slot* values() const { return values_; }
    /// The end of the space for frames.
    Slot* limit() const { return limit_; }
    /// One past the end of the control stack: the first record is pushed just below.
    Record* control_top() const { return control_top_; }

private:
    explicit GuestStack(uint64_t value_bytes) : value_bytes_(value_bytes) {}

    const uint64_t value_bytes_;
    void* space_ = nullptr;
    size_t space_bytes_ = 0;
    Slot* values_ = nullptr;
    Slot* limit_ = nullptr;
    Record* control_top_ = nullptr;
};

/// The idle stacks of an engine, beside those that its host threads keep (exec/host_thread.h). A
/// store only holds a stack while its guest runs.
class StackPool {
public:
    explicit StackPool(uint64_t value_bytes) : value_bytes_(value_bytes) { idle_.reserve(max_idle); }
    /// The size of the stacks.
    uint64_t value_bytes() const { return value_bytes_; }
    Result<std::unique_ptr<GuestStack>> take();
    void give_back(std::unique_ptr<GuestStack> stack);

private:
    static constexpr size_t max_idle = 4;

    const uint64_t value_bytes_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<GuestStack>> idle_;
};

} // namespace vitrine::core
