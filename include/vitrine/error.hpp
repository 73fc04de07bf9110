// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Errors, and traps of the guest.
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
    /// Index in the function index space of its module.
    std::uint32_t function = 0;
    /// From the name section, the exports or the imports. Empty if the function has no name.
    std::string name {};
    /// Byte offset in the module. In the innermost frame, the offset of the instruction that
    /// trapped; in the other frames, the offset just after the call.
    std::uint32_t offset = 0;
    /// The module's name from its name section. Empty if it has none.
    std::string module {};
    /// Identifies the module. See `Module::owns`.
    std::shared_ptr<const void> owner {};
    /// The number of the instance in its store. See `Store::instance_of`.
    std::uint32_t instance = 0;
};

/// Why the guest trapped. `text` is the wording of the specification, or the message of the host
/// function that failed.
struct Trap {
    TrapKind kind = TrapKind::Unreachable;
    std::string text {};
    /// Innermost frame first. If the stack is very deep, the outermost frames are left out.
    std::vector<TraceFrame> backtrace {};
    /// The status passed to `proc_exit`. Only for `TrapKind::Exit`.
    int exit_status = 0;
    /// The exception, kept alive. Only for `TrapKind::UncaughtException`. `Val::thrown` returns it
    /// as a value. If a host function returns an error with this trap, the exception is thrown
    /// again.
    std::shared_ptr<void> exception {};
};

/// Why an operation failed: it was refused, or the guest trapped.
class VITRINE_API Error {
public:
    explicit Error(std::string message, std::optional<std::uint64_t> offset = std::nullopt)
        : message_(std::move(message)),
          offset_(offset.value_or(0)),
          place_(offset ? Place::File : Place::None)
    {}
    explicit Error(Trap trap) : message_(trap.text), trap_(std::make_shared<const Trap>(std::move(trap))) {}
    /// An error in a text, such as an expression: `position` is the byte where it is.
    static Error in_text(std::string message, std::optional<std::uint64_t> position)
    {
        Error error(std::move(message), position);
        error.place_ = position ? Place::Text : Place::None;
        return error;
    }

    const std::string& message() const { return message_; }
    /// Byte offset in the file, or in the text, that was refused.
    std::optional<std::uint64_t> offset() const
    {
        return place_ == Place::None ? std::nullopt : std::optional(offset_);
    }
    /// Whether `offset` is a position in a text that was passed in: an expression, a condition, a
    /// message of a breakpoint, or a value of a component.
    bool is_in_text() const { return place_ == Place::Text; }
    /// The trap if the guest trapped; null otherwise. Valid as long as the error.
    const Trap* trap() const { return trap_.get(); }
    /// The exit status if the guest asked to exit (`TrapKind::Exit`).
    std::optional<int> exit_status() const
    {
        return trap_ && trap_->kind == TrapKind::Exit ? std::optional(trap_->exit_status) : std::nullopt;
    }
    /// The error as one line of text for users: the message and, if it is known, the offset, as in
    /// `(at offset 0x1f)` for a file and `(at position 3)` for a text.
    std::string to_text() const;

private:
    std::string message_;
    /// What `offset_` is a position in.
    enum class Place : std::uint8_t { None, File, Text };
    std::uint64_t offset_ = 0;
    Place place_ = Place::None;
    std::shared_ptr<const Trap> trap_;
};

} // namespace vitrine
