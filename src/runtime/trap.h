// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/guard.h"
#include "base/result.h"
#include "wasm/func_meta.h"

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <vitrine/kinds.hpp>

namespace vitrine::core {

struct Function;
class Root;

/// Why the guest could not go on. `Exit` is the guest's own wish to end.
using vitrine::TrapKind;

/// Nothing prevents the guest from going on.
inline constexpr TrapKind no_trap {};

/// The spec's words for it.
std::string_view to_text(TrapKind kind);

/// A frame of a backtrace: the function, and the offset of the instruction it was at.
struct TraceEntry {
    const Function* function;
    CodeOffset offset;
};

/// The guest's fault (or end), an ordinary value that travels in results.
struct Trap {
    TrapKind kind = no_trap;
    /// What a host function said went wrong; empty for the guest's own faults.
    std::string message {};
    /// Of `Exit`.
    int32_t exit_status = 0;
    /// Of `UncaughtException`: what was thrown. A host function that returns the trap throws it on.
    std::shared_ptr<Root> exception {};
    /// Innermost first, at most `max_trace` entries.
    std::vector<TraceEntry> trace {};
    /// The thread's probe was told of it where it happened.
    bool is_told = false;

    static constexpr size_t max_trace = 64;
    std::string to_text() const;
};

/// What an exception that came out of the embedder's code, or of the standard library, means for the guest.
Trap trap_of(Thrown thrown);

/// A value, or the trap that prevented it.
template<class T> using OrTrapped = std::expected<T, Trap>;

/// Why an operation on the guest failed: it was refused, or the guest trapped.
using Failure = std::variant<Error, Trap>;

inline std::unexpected<Trap> trapped(TrapKind kind) { return std::unexpected(Trap { kind }); }

} // namespace vitrine::core
