// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>
#include <functional>

namespace vitrine::core {

/// What can be refused for reasons other than the guest itself: limits of the embedder, or lack of
/// system resources.
enum class Refusable : uint8_t {
    MemoryGrowth,
    TableGrowth,
    /// An object of the collected heap.
    Object,
    /// A memory, table or instance.
    Entity,
    /// A nested host-to-guest call.
    Entry,
};

/// Intercepts everything that can be refused in a store (`Store::attempt`). A recording notes what
/// was refused, and a replay refuses the same.
class Refusals {
public:
    virtual ~Refusals() = default;
    /// Calls `attempt` unless it refuses, and returns whether it succeeded.
    virtual bool attempt(Refusable what, const std::function<bool()>& attempt) = 0;
};

} // namespace vitrine::core
