// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "wasm/types.h"

#include <cstdint>

namespace vitrine::core {

/// What is known about a return address in machine code: the call that it belongs to, and where the
/// caller continues.
struct Site {
    /// The caller.
    FuncIndex function;
    /// The instruction after the call, relative to the body's first byte, and the side table's
    /// cursor there.
    uint32_t offset;
    uint32_t entry;
    /// The call instruction, relative to the body's first byte.
    uint32_t call_offset;
    /// Slots from the caller's `fp` to the callee's.
    uint32_t fp_slots;
};

/// The return addresses of a compiling tier. Stack walks and the collector need nothing else from
/// such a tier.
class Sites {
public:
    virtual ~Sites() = default;
    /// Null when the address is not a known return address. May be called from any thread, also
    /// while code is being compiled.
    virtual const Site* find(uintptr_t return_address) const = 0;
};

} // namespace vitrine::core
