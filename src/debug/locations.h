// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/result.h"
#include "debug/places.h"
#include "debug/sources.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine::core::debug {

/// A place in code that a request means, with what the source calls it.
struct CodeLocation : CodePlace {
    /// The function's name in the source, else in the module; empty if it has none.
    std::string function {};
    bool is_inlined = false;
    /// Its line, and the path of the file as the compiler recorded it.
    std::optional<source::Place> place {};
    std::string file {};
    /// For `StopReason::entered`.
    uint32_t entered = UINT32_MAX;
    /// For `BreakpointSpec::level`.
    uint32_t level = 0;

    friend bool operator==(const CodeLocation& a, const CodeLocation& b)
    {
        return a.module == b.module && a.offset == b.offset && a.instance == b.instance;
    }
};

/// What a user asks for, as text or as a line of a file:
///
/// - `deposit`, `Account::deposit`, `f(int)`: all functions of that name in the source, with their
///   inlined copies; else in the module, by the names that it has
/// - `bank.c:25`, `src/bank.c:25:3`: a line of each file whose path ends with these components
/// - `25`: a line of the file in view, if there is one; else an offset
/// - `/^app::/`: the functions whose names match a regular expression
/// - `$f`, `func[3]`, `0x3cf`: a function or an instruction of the module in view
/// - `bank.wat/func[12]:5`, `bank.wat/func[12] $add:5`: a line of a function's generated source
///   (debug/wat_source.h)
/// - `lib:deposit`, `lib:bank.c:25`, `lib:$f`, `lib:0x3cf`: the same in the module `lib`
struct AskedPlace {
    std::string text {};
    /// Instead of a text, for clients that know them apart. Lines and columns count from 1; column
    /// 0 is the whole line.
    std::string file {};
    uint32_t line = 0;
    uint32_t column = 0;
    /// Where the user is: for offsets and names of the module, and for lines without a file.
    std::shared_ptr<const Module> module_in_view {};
    std::string file_in_view {};
    /// Only in this instance of its module.
    const Instance* instance = nullptr;
};

/// Where places are looked for.
struct SearchedCode {
    Sources& sources;
    std::span<const LoadedModule> modules;
    /// Functions of modules without debug information. Can be null.
    Demangle demangle = nullptr;
    /// Whether a user who asks for a path means a file, if neither path is an end of the other: a
    /// client that knows where sources are can say so. Can be null.
    std::function<bool(std::string_view asked, const source::File& file)> is_same_file {};
};

/// The places that are meant, in the order of modules and offsets:
///
/// - for a function, behind its prologue (`CodeLines::behind_prologue`), and the beginning of each
///   inlined copy;
/// - for a line, the first statement in each function, inlined copy and lexical block that has one.
///   The first line of a function means the place behind its prologue. If all code of the line is
///   inlined, its inlined calls, which have not been entered. If the line has no code, the next
///   line of the same function that has some: `place` says which.
///
/// Fails if there are none, and for a malformed text.
Result<std::vector<CodeLocation>> find_locations(const SearchedCode& code, const AskedPlace& asked);

/// Fails for a text that can mean nothing in any module.
Result<void> check_form(const AskedPlace& asked);

/// Whether the components of one path are the last ones of the other. `.` and `..` are resolved;
/// both kinds of slashes separate.
bool is_end_of_path(std::string_view end, std::string_view path);

} // namespace vitrine::core::debug
