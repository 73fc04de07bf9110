// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/result.h"
#include "console/target.h"
#include "dap/arguments.h"
#include "debug/session.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
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

    /// Fails for a missing program, and for an attribute of another type.
    static Result<LaunchSpec> from(const Arguments& arguments);
};

/// One run of a program, in a session of its own.
class Run {
public:
    /// Ends the program.
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
};

/// A program that was loaded, and can be run again and again.
class Program {
public:
    virtual ~Program() = default;
    /// The program's first.
    virtual const std::vector<debug::LoadedModule>& modules() const = 0;
    virtual debug::Demangle demangle() const { return nullptr; }
    virtual source::PathOptions path_options(const Module&) const { return {}; }
    virtual Result<std::unique_ptr<Run>> prepare() = 0;
};

/// Loads programs: what the protocol cannot do itself.
class Launcher {
public:
    enum class Stream : uint8_t { Out, Error };
    /// Takes the program's output, on its thread.
    using Output = std::function<void(Stream stream, std::string_view bytes)>;

    virtual ~Launcher() = default;
    virtual Result<std::unique_ptr<Program>> load(const LaunchSpec& spec, Output output) = 0;
};

} // namespace vitrine::core::dap
