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
};

/// A frame as the source sees it: a compiled function, or one that was inlined into it. A physical
/// frame is shown as one or more logical ones.
struct LogicalFrame {
    /// The index of the physical frame in the thread's frames, innermost first.
    size_t frame = 0;
    /// How many logical frames of the same physical frame are inside this one.
    uint32_t level = 0;
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

/// The logical frames of physical ones, innermost first. Frames without debug information and host
/// frames give one each.
std::vector<LogicalFrame> logical_frames(SymbolFinder& finder, std::span<const Frame> frames);

} // namespace vitrine::core::debug
