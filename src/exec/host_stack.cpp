// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/host_stack.h"

#include <algorithm>
#include <cstdint>
#include <pthread.h>

namespace vitrine::core {

namespace {

/// The space that must remain free for the code below an entry. For a small stack, a quarter of it
/// is enough.
constexpr uintptr_t reserve = uintptr_t { 256 } << 10;

/// A thread's stack, from its lowest usable byte. Empty when the system cannot tell.
struct HostStack {
    uintptr_t begin = 0;
    uintptr_t end = 0;
};

HostStack find_host_stack()
{
    pthread_attr_t attributes;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0)
        return {};
    void* begin = nullptr;
    size_t size = 0, guard = 0;
    pthread_attr_getstack(&attributes, &begin, &size);
    pthread_attr_getguardsize(&attributes, &guard);
    pthread_attr_destroy(&attributes);
    const auto address = reinterpret_cast<uintptr_t>(begin);
    // Some versions of the C library count the guard pages as part of the stack.
    return { address + std::min(guard, size), address + size };
}

} // namespace

bool has_host_stack()
{
    thread_local HostStack stack;
    if (stack.end == 0)
        stack = find_host_stack();
    const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
    if (here < stack.begin || here >= stack.end)
        return true;
    return here - stack.begin >= std::min(reserve, (stack.end - stack.begin) / 4);
}

} // namespace vitrine::core
