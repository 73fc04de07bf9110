// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "exec/watch.h"
#include "jit/notes.h"
#include "runtime/store.h"

#include <expected>
#include <string_view>

namespace vitrine::core::jit {

/// Optional instructions that the processor has.
struct Processor {
    bool avx = false, avx2 = false, bmi1 = false, bmi2 = false, lzcnt = false;

    /// The one that this process runs on.
    static Processor current();
};

/// Where the machine code of an instruction begins. An instruction without code of its own begins
/// where the next one does.
struct CodePosition {
    uint32_t code;
    /// From the body's first byte; `UINT32_MAX` for the code after the last instruction.
    uint32_t offset;
};

/// What the compiler needs to make one version of a function.
struct CompileRequest {
    const Module& module;
    const TypeRegistry& types;
    FuncIndex function;
    const VersionKey& key;
    Processor processor;
    /// If not null, receives a position for each instruction, and one for the code after the last.
    std::vector<CodePosition>* positions = nullptr;
};

/// Why a function is not compiled.
enum class CompileRefusal : uint8_t {
    /// The body, its locals or its operands exceed the compiler's limits.
    TooLarge,
    NoMemory,
};
std::string_view to_text(CompileRefusal refusal);

/// The accesses that `VersionKey::watched` may contain: all but those to locals. A frame with a
/// watched local is interpreted.
inline constexpr uint16_t watched_accesses =
    static_cast<uint16_t>(~(access_bit(StateKind::Local, false) | access_bit(StateKind::Local, true)));

/// Makes machine code. The same request makes the same bytes. Thread-safe.
std::expected<CompiledCode, CompileRefusal> compile(const CompileRequest& request);

/// Compiles again to find out where all values are at each exit of the code that this request
/// makes, and at each access to memory. Fails if the notes take more than `max_bytes`.
std::expected<Notes, CompileRefusal> describe(const CompileRequest& request, uint64_t max_bytes);

/// The same for one of these places.
Note describe_place(const CompileRequest& request, StopPoint point);

} // namespace vitrine::core::jit
