// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/bytes.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine::core::dwarf {

/// A place in a source file.
struct Line {
    /// The path as given to the compiler, preceded by a directory if the compiler was given one.
    std::string file;
    uint32_t line;
    /// Counts from 1; 0 if unknown.
    uint32_t column;

    friend bool operator==(const Line&, const Line&) = default;
};

/// A function that contains an instruction: the compiled function, or one that was inlined into it.
struct SourceFrame {
    /// The linkage name; empty if unknown.
    std::string function;
    /// The line of the instruction; for the caller of an inlined function, the line of that call.
    std::optional<Line> line;
    bool is_inlined = false;
};

/// What a module's DWARF says about its code. Malformed DWARF yields less information, never an
/// error.
class Symbols {
public:
    /// Reads a module's bytes, which must outlive the result. Finds nothing in a module without
    /// line tables.
    static std::unique_ptr<const Symbols> read(Bytes module);
    virtual ~Symbols() = default;

    /// The line of the instruction at this offset in the module.
    virtual std::optional<Line> find_line(uint32_t offset) const = 0;
    /// The functions that contain the instruction at this offset, innermost first: the inlined ones
    /// (at most 128), then the compiled one. Each has its own line. If only the line is known, one
    /// frame with that line; empty if nothing is known.
    virtual std::vector<SourceFrame> find_frames(uint32_t offset) const = 0;
};

/// A name as it is written in C++ or Rust. A name that is not mangled is returned unchanged.
std::string demangled(std::string_view name);

} // namespace vitrine::core::dwarf
