// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "source/text.h"
#include "wasm/module.h"

#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine::core::debug {

/// The generated source of a function: its disassembly, one instruction a line.
///
///     0x000051  func $add (;1;) (param $a i32) (param $b i32) (result i32)
///     0x000053    local.get $a
class WatSource {
public:
    /// Fails for an imported function, and if the text would be too large to show.
    static Result<std::shared_ptr<const WatSource>> of(const Module& module, FuncIndex function);

    const std::shared_ptr<const source::Text>& text() const { return text_; }
    FuncIndex function() const { return function_; }

    /// The line of the instruction that has the byte, from 1; 0 if the function does not have it.
    uint32_t line_of(CodeOffset offset) const;
    /// The instruction at the line. For the function's header and its locals, the first
    /// instruction; none for a line that is not there.
    std::optional<CodeOffset> offset_of(uint32_t line) const;

private:
    WatSource() = default;

    std::shared_ptr<const source::Text> text_;
    FuncIndex function_;
    CodeOffset code_begin_ = 0, code_end_ = 0;
    std::vector<CodeOffset> offsets_;
};

/// Where such a source is, for people and editors: `bank.wat/func[12] $add`. `module_path` is that
/// of the module; only the name of the file is used.
std::string wat_path(std::string_view module_path, const Module& module, FuncIndex function);
/// The function of such a path, whatever the module and the name of the function. None for another
/// path.
std::optional<FuncIndex> function_of_wat_path(std::string_view path);
/// The module's name in such a path.
std::string_view module_of_wat_path(std::string_view path);

/// Keeps the generated sources asked for last. Any thread may ask.
class WatSources {
public:
    Result<std::shared_ptr<const WatSource>> find(
        const std::shared_ptr<const Module>& module, FuncIndex function);

private:
    struct Kept {
        std::shared_ptr<const Module> module;
        std::shared_ptr<const WatSource> source;
    };
    std::mutex mutex_;
    std::list<Kept> kept_;
};

} // namespace vitrine::core::debug
