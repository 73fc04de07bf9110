// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/thread.h"

#include "exec/frame.h"
#include "wasm/validator.h"

#include <algorithm>
#include <cerrno>
#include <sys/eventfd.h>
#include <unistd.h>

namespace vitrine::core {

Requests::~Requests()
{
    if (const int fd = wake_fd_.load(); fd >= 0)
        close(fd);
}

void Requests::add(uint32_t bit) noexcept
{
    bits.fetch_or(bit);
    lower_words();
    if (const int fd = wake_fd_.load(); fd >= 0) {
        // This may run in a signal handler, which must preserve errno.
        const int errno_before = errno;
        eventfd_write(fd, 1);
        errno = errno_before;
    }
}

void Requests::end(Trap with)
{
    ASSERT(!is_over());
    ending_ = std::move(with);
    add(over);
}

int Requests::wake_fd()
{
    if (wake_fd_.load() < 0)
        wake_fd_.store(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    return wake_fd_.load();
}

Thread::Thread(Store& store, Tier& tier, StackPool& stacks) : store(store), tier(tier), stacks(stacks)
{
    store.heap.add_source(this, [this](Marker& marker) { mark_roots(marker); });
}

Thread::~Thread()
{
    machine.reset();
    store.heap.remove_source(this);
    if (wait_fd_ >= 0)
        close(wait_fd_);
}

Result<void> Thread::take_pooled_stack()
{
    stack = TRY(stacks.take());
    return {};
}

int Thread::wait_fd()
{
    if (wait_fd_ < 0)
        wait_fd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return wait_fd_;
}

/// Validation knows the type of every slot at each instruction; the answer for a place is cached.
const std::vector<uint32_t>& Thread::managed_slots(const Function& function, CodeOffset offset)
{
    const std::pair place { function.meta, offset };
    if (const auto found = managed_slots_.find(place); found != managed_slots_.end())
        return found->second;
    std::vector<uint32_t> slots;
    const Module& module = function.module();
    const TypeRegistry& types = store.engine().types;
    const auto add = [&](std::span<const ValueType> values, uint32_t slot) {
        for (const ValueType value : values) {
            if (types.is_managed(module.canonical(value)))
                slots.push_back(slot);
            slot += value.slots();
        }
    };
    add(local_types(module, function.index), 0);
    const FuncMeta& meta = *function.meta;
    for (uint32_t i = 0; i < meta.hidden_slots; ++i)
        slots.push_back(meta.local_slots - meta.hidden_slots + i);
    if (const auto state = find_instruction_state(module, function.index, offset))
        add(state->operands, meta.local_slots);
    return managed_slots_.emplace(place, std::move(slots)).first->second;
}

void Thread::mark_roots(Marker& marker)
{
    walk_frames(*this, [&](const Frame& frame) {
        if (frame.is_host())
            return true;
        for (const uint32_t slot : managed_slots(*frame.function, frame.offset))
            // A caller's operands end where its callee's arguments begin.
            if (frame.fp + slot < std::max(frame.sp, frame.operands()))
                marker.mark(Ref { frame.fp[slot] });
        return true;
    });
}

} // namespace vitrine::core
