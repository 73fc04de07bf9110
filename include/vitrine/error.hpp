// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Why something failed: errors, and traps of the guest.
#pragma once

#include <vitrine/export.hpp>
#include <vitrine/forward.hpp>
#include <vitrine/kinds.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace vitrine {

/// A guest function that was active when a trap happened.
struct TraceFrame {
    /// Index in its module's function index space.
    std::uint32_t function = 0;
    /// From the name section, the exports or the imports; empty if there is none.
    std::string name {};
    /// Byte offset in the module: of the instruction itself for the innermost frame, behind the
    /// call for the others.
    std::uint32_t offset = 0;
    /// From the module's name section; empty if there is none.
    std::string module {};
    /// What `Module::owns` knows its module by.
    std::shared_ptr<const void> owner {};
};

/// Why the guest could not go on. Its text is the specification's, or what the host function said.
struct Trap {
    TrapKind kind = TrapKind::Unreachable;
    std::string text {};
    /// Innermost frame first; the outermost of a deep recursion are left out.
    std::vector<TraceFrame> backtrace {};
    /// Only for `TrapKind::Exit`.
    int exit_status = 0;
    /// Only for `UncaughtException`: keeps what was thrown alive. A host function that returns the
    /// error throws it again.
    /// `Val::thrown` shows it.
    std::shared_ptr<void> exception {};
};

/// Why something failed: a refusal, or the guest's trap.
class VITRINE_API Error {
public:
    explicit Error(std::string message, std::optional<std::uint64_t> offset = std::nullopt)
        : message_(std::move(message)), offset_(offset)
    {}
    explicit Error(Trap trap) : message_(trap.text), trap_(std::make_shared<const Trap>(std::move(trap))) {}

    const std::string& message() const { return message_; }
    /// Byte offset in the file that was refused.
    std::optional<std::uint64_t> offset() const { return offset_; }
    /// The trap, when the guest is at fault; null otherwise. Lives as long as the error.
    const Trap* trap() const { return trap_.get(); }
    /// The status of a guest that asked to end.
    std::optional<int> exit_status() const
    {
        return trap_ && trap_->kind == TrapKind::Exit ? std::optional(trap_->exit_status) : std::nullopt;
    }
    /// One line, fit to be shown.
    std::string to_text() const;

private:
    std::string message_;
    std::optional<std::uint64_t> offset_;
    std::shared_ptr<const Trap> trap_;
};

} // namespace vitrine
