// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "exec/frame.h"
#include "source/symbols.h"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace vitrine::core::debug {

/// Finds the debug information of modules. Any thread may ask.
class SymbolFinder {
public:
    virtual ~SymbolFinder() = default;
    /// Null if the module has none. The first call for a module may start a reader; later ones give
    /// the same object.
    virtual std::shared_ptr<source::Symbols> symbols_of(const std::shared_ptr<const Module>& module) = 0;
    /// The index of the memory in which the variables of the module's source are. Debug information
    /// does not say it.
    virtual uint32_t memory_of(const Module&) const { return 0; }
};

/// What the source says about the results of a function.
struct SourceResult {
    std::shared_ptr<source::Symbols> symbols;
    source::FunctionId function {};
    /// Its name in the source.
    std::string name {};
    source::TypeId type {};
    /// Where the result is in the memory of the function's source, if it was returned by address.
    /// Else it is the first of the values.
    std::optional<uint64_t> address {};
    /// The index of that memory.
    uint32_t memory = 0;
};

/// A frame as the source sees it: a compiled function, or one that was inlined into it. A physical
/// frame is shown as one or more logical ones.
///
/// At the first instruction of an inlined body, the thread is still at the call: the logical frame
/// of the body is not shown. A `step` enters the body without executing anything
/// (`StopReason::entered`), and a breakpoint in the body has entered it.
struct LogicalFrame {
    /// The index of the physical frame in the thread's frames, innermost first.
    size_t frame = 0;
    /// How many logical frames of the same physical frame are inside this one.
    uint32_t level = 0;
    /// How many inlined calls at the instruction are inside of it, with those that are not shown:
    /// what expressions need to know (`eval::SourceContext`).
    uint32_t inlined_inside = 0;
    bool is_inlined = false;
    source::FunctionId function {};
    /// Its name in the source; empty if there is no debug information.
    std::string name {};
    /// The line of the frame's instruction; for the caller of an inlined function, the line of that
    /// call.
    std::optional<source::Place> place {};
    /// The scopes of this logical frame, innermost first; the last one is the function.
    std::vector<source::Scope> scopes {};
};

/// The logical frames of a thread's frames, innermost first. Frames without debug information and
/// host frames give one each. `entered` is how many of the inlined bodies that begin at the
/// innermost frame's instruction have been entered: `StopReason::entered` for the thread that
/// stopped, else 0.
std::vector<LogicalFrame> logical_frames(
    SymbolFinder& finder, std::span<const Frame> frames, uint32_t entered = 0);

/// Where to look a frame's instruction up: the instruction itself if it is about to be executed,
/// else the last byte of the call that the frame waits for.
inline CodeOffset lookup_offset(const Frame& frame)
{
    return frame.is_innermost || frame.offset == 0 ? frame.offset : frame.offset - 1;
}

/// The path of a file as the compiler recorded it, with its directory in front if it is relative.
std::string path_of(const source::File& file);
/// The last part of a path, without folders. Both kinds of slashes separate.
std::string_view file_name(std::string_view path);
/// `bank.c:25`, as one printable line. Without a file `?:25`.
std::string place_text(const source::File* file, const source::Place& place);

} // namespace vitrine::core::debug
