// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/result.h"
#include "console/target.h"
#include "dap/arguments.h"
#include "dap/terminal.h"
#include "debug/session.h"
#include "net/connect.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace vitrine::core::dap {

/// What a client wants to run: the attributes of a launch configuration. See launch.inc.
struct LaunchSpec {
    using Text = std::optional<std::string>;
    using Texts = std::vector<std::string>;
    using TextMap = std::vector<std::pair<std::string, std::optional<std::string>>>;
    using Flag = bool;

#define ATTRIBUTE(member, name, type, summary) type member {};
#include "dap/launch.inc"

    /// In the protocol's words, which terminal of the client's the program uses, if any.
    std::optional<std::string_view> terminal_kind() const;

    /// Fails for a missing program, and for an attribute of another type.
    static Result<LaunchSpec> from(const Arguments& arguments);
};

/// Which guest that runs already a client wants to debug: the attributes of an attach
/// configuration. See attach.inc. With none of the first five, the only one that there is.
struct AttachSpec {
    using Text = std::optional<std::string>;
    using Number = std::optional<int64_t>;
    struct TextOrNumber {
        std::optional<std::string> text {};
    };
    using TextMap = LaunchSpec::TextMap;
    using Flag = bool;

#define ATTRIBUTE(member, name, type, summary) type member {};
#include "dap/attach.inc"

    /// Fails for an attribute of another type, and for two that both say which guest.
    static Result<AttachSpec> from(const Arguments& arguments);
};

/// One run of a program, in a session of its own.
class Run {
public:
    /// Ends the program, unless it is attached.
    virtual ~Run() = default;
    virtual debug::Session& session() = 0;
    /// Runs it. With `stop_at_entry` it stops before its first instruction.
    virtual Result<void> start(bool stop_at_entry) = 0;

    struct Ending {
        int status = 0;
        /// `exited`, `trap: unreachable`
        std::string text {};
        bool is_trap = false;
    };
    /// How it ended. Only after its end.
    virtual Ending ending() = 0;

    /// The client is about to leave an attached program, which it may want to leave stopped.
    virtual void leave(debug::Client& /*client*/, bool /*suspends*/) {}
};

/// A program that was loaded, and can be run again and again.
class Program {
public:
    virtual ~Program() = default;
    /// The program's first.
    virtual const std::vector<debug::LoadedModule>& modules() const = 0;
    virtual debug::Demangle demangle() const { return nullptr; }
    virtual source::PathOptions path_options(const Module&) const { return {}; }
    /// Its runs have these streams from now on. They must outlive it.
    virtual void use_terminal(const Terminal::Streams&) {}
    virtual Result<std::unique_ptr<Run>> prepare() = 0;

    /// What clients call an attached program.
    virtual std::string name() const { return ""; }
    /// What the session calls the client. No other client has this name.
    virtual std::string client_name() const { return "the editor"; }
    /// Whether it runs without its client: it has begun before, and goes on afterwards. It is
    /// prepared once, and `start` lets it run if it waits for its first client.
    virtual bool is_attached() const { return false; }
    /// Whether the end of what the session runs is its end.
    virtual bool ends_with_call() const { return true; }
    /// Adds modules that were loaded meanwhile to the others.
    virtual void update_modules() {}
};

/// Loads programs, and finds those that run already: what the protocol cannot do itself.
class Launcher {
public:
    enum class Stream : uint8_t { Out, Error };
    /// Takes the program's output, on its thread.
    using Output = std::function<void(Stream stream, std::string_view bytes)>;

    virtual ~Launcher() = default;
    virtual Result<std::unique_ptr<Program>> load(const LaunchSpec& spec, Output output) = 0;

    /// A guest of this process, or a connection to the process of the guest, which is then to
    /// serve the client.
    using Attached = std::variant<std::unique_ptr<Program>, net::Descriptor>;
    virtual Result<Attached> attach(const AttachSpec&, const Output&)
    {
        return failure("nothing can be attached to here");
    }
};

} // namespace vitrine::core::dap
