// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "cli/component.h"
#include "cli/guest.h"

#include <vitrine/debug.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace vitrine::cli {

/// How a guest ended that returned.
struct Ending {
    struct ResultText {
        std::string type;
        std::string value;
    };
    std::vector<ResultText> results {};
    int status = 0;
};

/// The status of a process whose guest has ended like that; `limit` if a limit ended it.
int status_of(const Result<Ending>& ending, const std::optional<int>& limit);
/// `exited: 1, 2`, `exited with status 3`, `trap: unreachable`
std::string text_of(const Result<Ending>& ending);

/// What is run or debugged: a module or a component in a store of its own.
class Program {
public:
    /// The options, binary and preloaded modules must outlive the program.
    static std::unique_ptr<Program> create(
        const Engine& engine, const Binary& binary, const GuestOptions& options, const Preloads& preloads);
    virtual ~Program() = default;
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    Store& store() { return store_; }
    /// Defines WASI. Must be called once before `run`.
    virtual Result<void> add_wasi(const WasiConfig& config) = 0;
    /// Finds the function that these options say to call, and checks its arguments.
    virtual Result<void> find_entry(const GuestOptions& options) = 0;
    /// Checks that all imports are defined, as far as this is known before the guest runs.
    virtual Result<void> check_imports() = 0;
    /// Runs the guest on the calling thread: calls the function that was found.
    virtual Result<Ending> run() = 0;
    /// Runs the guest in a session of its store. The event of its end has no results: they are in
    /// `ending`.
    debug::Event run_in(debug::Session& session, Result<Ending>& ending, bool stop_at_entry = false);

protected:
    explicit Program(const Engine& engine) : store_(engine) {}
    Store store_;
};

/// Fails for options that this kind of program does not have.
Result<void> check_options(const Binary& binary, const GuestOptions& options);

/// The core modules of a program: those of its file, followed by the preloaded ones.
std::vector<LoadedModule> modules_of(
    const Binary& binary, const GuestOptions& options, const Preloads& preloads);
/// The same for the console.
std::vector<core::console::LoadedModule> inner_modules(
    const Binary& binary, const GuestOptions& options, const Preloads& preloads);

} // namespace vitrine::cli
