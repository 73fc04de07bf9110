// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "debug/places.h"
#include "debug/session.h"
#include "source/paths.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine::core::console {

using debug::CodePlace;
using debug::Demangle;
using debug::LoadedModule;

/// What a verb needs. Verbs that need more than `Nothing` may end with a scope: `in FRAME`,
/// `of INSTANCE`, `on THREAD`; those that resume the program may not.
enum class Needs : uint8_t {
    Nothing,
    /// A program whose state can be read, if there is any.
    Scope,
    /// An instance.
    Instance,
    /// A stopped program.
    Stopped,
    /// A stopped program, and the right to resume it.
    Resume,
    /// The right to start and end the program, and to read files of its user.
    Owner,
};

/// The program that a console debugs, through one door. The doors differ in how they write places,
/// and in what their users may do.
class Target {
public:
    virtual ~Target() = default;

    /// The user as a client of the session, which owns the stops that are set in the console.
    virtual debug::Client& client() = 0;
    debug::Session& session() { return client().session(); }
    /// Fails with a sentence for the user if the verb's needs are not met.
    virtual Result<void> check(Needs needs, std::string_view verb) = 0;
    /// The program first.
    virtual std::vector<LoadedModule> modules() = 0;
    /// The frames of a thread (0: the one that stopped), innermost first, as the user numbers them.
    virtual std::vector<Frame> frames(uint32_t thread) { return session().frames(thread); }

    // -- How places are written

    /// `0x51`, or the client's address; `like` is preferred among the instances of the module.
    virtual std::string place_text(const Module& module, CodeOffset offset, const Instance* like) = 0;
    /// ` in lib` behind a place, if the place itself does not say which module it is in.
    virtual std::string module_suffix(const Module&) { return ""; }
    /// The client's address of a memory; empty if it has no addresses of its own.
    virtual std::string memory_text(const Instance&, uint32_t) { return ""; }
    /// How the client names an instance; empty if it does not.
    virtual std::string instance_text(const Instance&) { return ""; }
    /// Null if names of functions are only known as they are in the module.
    virtual Demangle demangle() { return nullptr; }
    /// Where the source files of a module may be.
    virtual source::PathOptions path_options(const Module&) { return {}; }
    /// What a number means as a place in code, if it is not an offset in the module in view.
    virtual std::optional<CodePlace> find_address(uint64_t) { return std::nullopt; }

    // -- Selection

    /// The thread that the client looked at last, if it can say only that; 0 if the console knows.
    virtual uint32_t guessed_thread() { return 0; }
    /// The user has selected a thread in the console.
    virtual void select_thread(uint32_t) {}
    /// The thread was sent elsewhere. Answers with what the user should know of it, if anything.
    virtual std::string on_move(uint32_t) { return ""; }

    virtual Result<uint32_t> add_watchpoint(debug::WatchpointSpec spec)
    {
        return client().add_watchpoint(std::move(spec));
    }

    // -- Running, for verbs that need `Resume` or `Owner`: they return when the program has stopped
    // or ended

    /// Called before the program runs, in a session that can be a new one.
    using Prepare = std::function<Result<void>()>;

    /// Ends the program, if it runs, and runs it again: as the command line says, or a function
    /// with its arguments.
    virtual Result<void> run(const std::vector<std::string>&, bool /*stop_at_entry*/, const Prepare&)
    {
        return failure("the program cannot be run from here");
    }
    virtual Result<void> resume(const debug::Resume& /*how*/)
    {
        return failure("the program cannot be resumed from here");
    }
    /// Runs code that calls the program, on one of its threads (0: the one that stopped).
    virtual Result<void> call(const std::function<void()>& /*body*/, uint32_t /*thread*/)
    {
        return failure("the program cannot be resumed from here");
    }
    /// How the program ended; empty while it has not.
    virtual std::string end_text() { return ""; }
    /// The lines that the user has typed, the oldest first.
    virtual std::vector<std::string> typed_lines() { return {}; }
};

} // namespace vitrine::core::console
