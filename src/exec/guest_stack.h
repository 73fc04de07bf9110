// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "runtime/instance.h"

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace vitrine::core {

/// Who goes on when a guest function returns.
enum class ReturnTo : uintptr_t {
    /// The guest function in the record, in the interpreter.
    Interpreter,
    /// The C++ code that entered the guest: the base of an activation. The record names no function.
    Host,
    /// The host function that asked for the call, and behind it the guest function in the record.
    HostContinuation,
};

/// What a call leaves behind: where its caller goes on. All tiers write the same 32 bytes.
struct Record {
    ReturnTo return_to;
    /// The caller's frame; its function (null at the base of an activation).
    Slot* fp;
    Function* function;
    /// The instruction after the call, from the body's first byte, and the side table's cursor there.
    uint32_t offset;
    uint32_t entry;
};
static_assert(sizeof(Record) == 32);

/// [doc] Guest stacks
///
/// A guest thread has its own two stacks, apart from the host's, so that guest calls never recurse in C++ and a
/// frame is data that can be read, changed and moved.
///
/// Value stack, growing up, in 8-byte slots; a frame is `[parameters | locals | operands]` from `fp` on. The
/// caller's topmost operands are the callee's parameters, and results replace parameters: nothing is copied for a call.
///
/// Control stack, growing down, one `Record` per call. It is four times as large as the value stack: as every frame
/// takes at least one slot and a record four, the check of the value stack bounds both.
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
    explicit StackPool(uint64_t value_bytes) : value_bytes_(value_bytes) {}
    Result<std::unique_ptr<GuestStack>> take();
    void give_back(std::unique_ptr<GuestStack> stack);

private:
    static constexpr size_t max_idle = 4;

    uint64_t value_bytes_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<GuestStack>> idle_;
};

} // namespace vitrine::core
