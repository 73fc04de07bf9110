// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/bytes.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine::core::source {

/// A place in a source file.
struct Line {
    /// As the compiler was given it, or with a folder before it that it was.
    std::string file;
    uint32_t line;
    /// From 1; 0 when it is unknown.
    uint32_t column;

    friend bool operator==(const Line&, const Line&) = default;
};

/// A function that an instruction belongs to: the compiled one, or one that was inlined there.
struct SourceFrame {
    /// As the linker knows it; empty if that is unknown.
    std::string function;
    /// The instruction's line, or the line of the call that was inlined.
    std::optional<Line> line;
    bool is_inlined = false;
};

/// What a module's DWARF says of its code. Malformed DWARF says less, and never fails.
class Symbols {
public:
    /// Reads a module's bytes, which must stay. Without line tables nothing is found.
    static std::unique_ptr<const Symbols> read(Bytes module);
    virtual ~Symbols() = default;

    /// The line of the instruction at this offset in the module's file.
    virtual std::optional<Line> find_line(uint32_t offset) const = 0;
    /// The functions that the instruction at this offset belongs to, innermost first: those that were
    /// inlined (at most 128), then the compiled one. Each has its own line. Without information on
    /// functions, one frame with the line; empty if nothing is known.
    virtual std::vector<SourceFrame> find_frames(uint32_t offset) const = 0;
};

/// A name as it is written in C++ or Rust; one that is not mangled stays as it is.
std::string demangled(std::string_view name);

} // namespace vitrine::core::source
