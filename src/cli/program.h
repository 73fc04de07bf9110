// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "cli/component.h"
#include "cli/guest.h"

#include <memory>
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

/// What `run` runs: a module or a component in a store of its own, and the function to call.
class Program {
public:
    /// Finds the function to call and checks its arguments. Prints the error, if there is one, and
    /// sets `status`.
    static std::unique_ptr<Program> create(
        const Engine& engine, const Binary& binary, const GuestOptions& options, int& status);
    virtual ~Program() = default;
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    Store& store() { return store_; }
    /// Opens listening sockets, and defines WASI. Must be called once before `run`.
    virtual Result<void> add_wasi(WasiConfig config) = 0;
    /// Checks that all imports are defined, as far as this is known before the guest runs.
    virtual Result<void> check_imports() = 0;
    /// Runs the guest on the calling thread.
    virtual Result<Ending> run() = 0;
    /// Its core modules. Those at the front belong to the file itself.
    virtual std::vector<LoadedModule> modules() const = 0;
    /// How many of them belong to the file.
    virtual size_t own_modules() const = 0;

protected:
    explicit Program(const Engine& engine) : store_(engine) {}
    Store store_;
};

} // namespace vitrine::cli
