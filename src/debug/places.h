// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "debug/listing.h"
#include "wasm/module.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine::core {
struct Instance;
}

namespace vitrine::core::debug {

/// A module that the program consists of.
struct LoadedModule {
    std::shared_ptr<const Module> module;
    /// Its file, or what a client calls it.
    std::string path;
    /// What it was preloaded as; empty for the program itself.
    std::string preload {};
};

/// A place in code, in all instances of the module or in one.
struct CodePlace {
    std::shared_ptr<const Module> module;
    CodeOffset offset = 0;
    const Instance* instance = nullptr;
};

/// The one function that a text means: by index (`func[3]`), by name (`name`, `$name`,
/// `$"a name"`), or by export. The error lists names that are spelled like it.
Result<FuncIndex> find_function(const Module& module, std::string_view text);

/// The same. With `demangle`, also by the name in the source, see `find_places`.
Result<FuncIndex> find_function(const LoadedModule& loaded, std::string_view text, Demangle demangle);

/// The place in a module that a text means: an offset (`0x51`), or the first instruction of a
/// function.
Result<CodeOffset> find_place(const Module& module, std::string_view text);

/// The places that a text means in the modules of a program: `lib:$f` in one of them; else in the
/// module in view, and if there is no such function there, in all of them. At least one, or an
/// error. With `demangle`, functions that are not found by the names in the module are looked up by
/// those in the source: whole (`hello::main`, `Stack<int>::push(int)`), or without parameters,
/// template arguments or the scopes on the left.
Result<std::vector<CodePlace>> find_places(std::span<const LoadedModule> modules,
    const std::shared_ptr<const Module>& in_view, std::string_view text, Demangle demangle = nullptr);

/// What a user may call the module.
std::string_view name_of(const LoadedModule& loaded);

/// The module that a text names: by the name in its name section, the name it was preloaded as, or
/// the stem of its file's name.
Result<LoadedModule> find_module(std::span<const LoadedModule> modules, std::string_view text);

/// The index of an entity of that kind that a text means: a number, a name or an export.
std::optional<uint32_t> find_entity(const Module& module, ExternKind kind, std::string_view text);

} // namespace vitrine::core::debug
