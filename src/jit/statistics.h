// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "wasm/module.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine::core {

/// What an engine has compiled so far, for users who wonder about speed.
struct CompilerStatistics {
    /// A function of a module that is not compiled, and why.
    struct Refused {
        std::shared_ptr<const Module> module;
        FuncIndex function;
        std::string_view reason;
    };
    /// A place where machine code handed over to the interpreter.
    struct Exit {
        std::shared_ptr<const Module> module;
        FuncIndex function;
        /// Offset in the module.
        CodeOffset offset;
        uint64_t count;
    };

    /// Why the engine does not compile. Empty if it does.
    std::string unavailable;
    /// Versions of functions that were compiled, the bytes of their bodies and of their machine
    /// code, and the time that it took, in nanoseconds of the threads that compiled. They include
    /// what was freed.
    uint64_t functions = 0;
    uint64_t wasm_bytes = 0;
    uint64_t code_bytes = 0;
    uint64_t nanoseconds = 0;
    /// Only for modules that still exist.
    std::vector<Refused> refused;
    /// The most frequent first. Only for modules that still exist.
    std::vector<Exit> exits;
};

} // namespace vitrine::core
