// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/guest_stack.h"

#include <sys/mman.h>

namespace vitrine::core {

namespace {

constexpr size_t page = 4096;

size_t round_up(size_t bytes) { return (bytes + page - 1) & ~(page - 1); }

} // namespace

Result<std::unique_ptr<GuestStack>> GuestStack::create(uint64_t value_bytes)
{
    const size_t frames = round_up(value_bytes);
    const size_t values = frames + headroom_slots * sizeof(Slot);
    const size_t control = 4 * values + 16 * page;
    std::unique_ptr<GuestStack> stack(new GuestStack(value_bytes));
    const size_t space_bytes = values + control + 3 * page;
    void* space = mmap(nullptr, space_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (space == MAP_FAILED)
        return failure("cannot reserve a guest stack of " + std::to_string(value_bytes) + " bytes");
    stack->space_ = space;
    stack->space_bytes_ = space_bytes;
    auto* const values_at = static_cast<uint8_t*>(space) + page;
    auto* const control_at = values_at + values + page;
    if (mprotect(values_at, values, PROT_READ | PROT_WRITE) != 0
        || mprotect(control_at, control, PROT_READ | PROT_WRITE) != 0)
        return failure("cannot allocate a guest stack of " + std::to_string(value_bytes) + " bytes");
    stack->values_ = reinterpret_cast<Slot*>(values_at);
    stack->limit_ = reinterpret_cast<Slot*>(values_at + frames);
    stack->control_top_ = reinterpret_cast<Record*>(control_at + control);
    return stack;
}

GuestStack::~GuestStack()
{
    if (space_)
        munmap(space_, space_bytes_);
}

Result<std::unique_ptr<GuestStack>> StackPool::take()
{
    {
        const std::lock_guard lock(mutex_);
        if (!idle_.empty()) {
            auto stack = std::move(idle_.back());
            idle_.pop_back();
            return stack;
        }
    }
    return GuestStack::create(value_bytes_);
}

void StackPool::give_back(std::unique_ptr<GuestStack> stack)
{
    const std::lock_guard lock(mutex_);
    if (idle_.size() < max_idle)
        idle_.push_back(std::move(stack));
}

} // namespace vitrine::core
