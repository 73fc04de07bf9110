// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/result.h"
#include "jit/compiler.h"

#include <memory>
#include <span>
#include <string>

namespace vitrine::core::jit {

/// Tells a profiler or debugger of the machine, such as perf or GDB, which functions machine code
/// belongs to. Its members are called one at a time.
class Profile {
public:
    virtual ~Profile() = default;
    /// Code was published at this address. `request` is what it was made from.
    virtual void add(const CompileRequest& request, std::span<const uint8_t> code) = 0;
    /// Code is about to be freed.
    virtual void remove(const uint8_t* /*begin*/) {}

    /// `map`: /tmp/perf-PID.map, which `perf report` reads. `jitdump`: ./jit-PID.dump, with the
    /// bytes of the code and a line for each instruction, for `perf inject --jit`. `gdb`: symbols
    /// for a GDB that debugs this process. Fails for other kinds, and if the file cannot be
    /// written.
    static Result<std::unique_ptr<Profile>> create(std::string_view kind);
};

/// The kinds, for messages: `map, jitdump or gdb`.
inline constexpr std::string_view profile_kinds = "map, jitdump or gdb";

} // namespace vitrine::core::jit
