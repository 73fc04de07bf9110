// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/bytes.h"
#include "source/symbols.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

namespace vitrine::core::dwarf {

/// The value of `Input::unit` while no unit is being read.
constexpr uint32_t no_unit = UINT32_MAX;

/// What to read. The bytes must outlive the result.
struct Input {
    /// The module. All offsets in answers are offsets in it.
    Bytes module;
    /// The file that has the debug information, if it is not the module itself: a module or a
    /// source map.
    Bytes debug_file {};
    /// A package of split debug information (`.dwp`), if there is one.
    Bytes package {};
    /// Finds a file of split debug information (`.dwo`) that is in no package, by its name and the
    /// directory in which the compiler ran. Empty if there is none. May be null.
    std::function<Bytes(std::string_view name, std::string_view directory)> find_split {};
    /// Units to skip, by their index in the section `.debug_info`.
    std::vector<uint32_t> without {};
    /// Gets the index of the unit that is being read, so that another process can tell which one
    /// made the reader crash. May be null.
    std::atomic<uint32_t>* unit = nullptr;
};

/// Reads what there is: DWARF, a source map, or the tables of Go. A source map that is malformed
/// gives no answers; its summary says why. Null if there is no debug information.
std::unique_ptr<source::Symbols> read(Input input);

/// Reads DWARF of the versions 3 to 5. Malformed units are skipped; the summary names them. Null if
/// there is no DWARF.
std::unique_ptr<source::Symbols> read_dwarf(Input input);

} // namespace vitrine::core::dwarf
