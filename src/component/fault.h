// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "runtime/trap.h"

#include <cstdint>
#include <expected>

namespace vitrine::core::component {

enum class FaultKind : uint8_t {
#define FAULT(name, text) name,
#include "component/faults.inc"
};

/// Why the canonical ABI traps. Small, because every access to a value can fail.
struct Fault {
    FaultKind kind;
    /// What `#` in the text stands for.
    uint64_t number = 0;
};

/// A value, or the fault that prevented it.
template<class T> using Faulty = std::expected<T, Fault>;

inline std::unexpected<Fault> fault(FaultKind kind, uint64_t number = 0)
{
    return std::unexpected(Fault { kind, number });
}

std::string to_text(const Fault& fault);
/// The trap of the guest whose call failed.
Trap trap_of(const Fault& fault);

} // namespace vitrine::core::component
