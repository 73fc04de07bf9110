// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "source/symbols.h"
#include "wasm/module.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace vitrine::core::dwarf {

/// Debug information that knows functions and lines, but no variables and types: a source map, or
/// the tables of Go.
struct LineTable {
    std::vector<source::File> files {};
    /// The texts of the files that have one.
    std::vector<std::optional<std::string>> texts {};
    /// By offset; they do not overlap.
    std::vector<source::Row> rows {};
    /// By offset, each with one range. Their ids are 1 more than their indices.
    std::vector<source::Function> functions {};
    source::Producer producer {};
    std::vector<std::string> problems {};
};

/// Answers from the table. A function's only scope is itself.
std::unique_ptr<source::Symbols> answers_from(LineTable table);

/// A module that is only decoded: enough to know where its functions are and what they are called.
/// Null if it is malformed. The bytes must outlive it.
std::unique_ptr<const Module> decoded(Bytes module);

/// The functions of a module by offset, with their names but without places.
std::vector<source::Function> functions_of(const Module& module, source::Language language);

} // namespace vitrine::core::dwarf
