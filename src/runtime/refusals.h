// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>
#include <functional>

namespace vitrine::core {

/// What may be refused for reasons that do not lie in the guest: limits of the embedder and what the system has to give.
enum class Refusable : uint8_t {
    MemoryGrowth,
    TableGrowth,
    /// An object of the collected heap.
    Object,
    /// A memory, table or instance.
    Entity,
    /// Another nested entry into the guest.
    Entry,
};

/// Stands in front of everything that may be refused in a store (`Store::attempt`): a recording notes what was refused, and
/// a replay refuses the same.
class Refusals {
public:
    virtual ~Refusals() = default;
    /// Whether it was done. `attempt` does it, if nothing stands against that, and tells.
    virtual bool attempt(Refusable what, const std::function<bool()>& attempt) = 0;
};

} // namespace vitrine::core
