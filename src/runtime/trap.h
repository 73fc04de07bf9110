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

/// Why the guest cannot continue. `Exit` means that the guest asked to exit.
using vitrine::TrapKind;

/// No trap.
inline constexpr TrapKind no_trap {};

/// The text that the specification's test suite expects.
std::string_view to_text(TrapKind kind);

/// A frame of a backtrace: the function, and the offset of its current instruction.
struct TraceEntry {
    const Function* function;
    CodeOffset offset;
};

/// A trap or exit of the guest. An ordinary value, returned in results.
struct Trap {
    TrapKind kind = no_trap;
    /// The message of a failed host function. Empty for traps of the guest itself.
    std::string message {};
    /// Only for `Exit`.
    int32_t exit_status = 0;
    /// The exception, only for `UncaughtException`. If a host function returns the trap, the
    /// exception is thrown again.
    std::shared_ptr<Root> exception {};
    /// Innermost frame first, at most `max_trace` entries.
    std::vector<TraceEntry> trace {};
    /// Whether the thread's probe has already been told of it, at the point where it happened.
    bool is_told = false;

    static constexpr size_t max_trace = 64;
    std::string to_text() const;
};

/// Converts an exception thrown by the embedder's code or the standard library to a trap.
Trap trap_of(Thrown thrown);

/// A value, or the trap that prevented it.
template<class T> using OrTrapped = std::expected<T, Trap>;

/// Why an operation on the guest failed: it was refused, or the guest trapped.
using Failure = std::variant<Error, Trap>;

inline std::unexpected<Trap> trapped(TrapKind kind) { return std::unexpected(Trap { kind }); }

} // namespace vitrine::core
