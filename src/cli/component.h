// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <vitrine/component.hpp>
#include <vitrine/vitrine.hpp>

#include <optional>
#include <string>
#include <variant>

namespace vitrine::cli {

/// A part of a file. Without a size, it ends where the file ends.
struct Part {
    std::uint64_t offset = 0;
    std::optional<std::uint64_t> size {};
};

/// A component and the file that it was loaded from.
struct LoadedComponent {
    Component component;
    std::string path;
};

/// What a file contains.
using Binary = std::variant<Module, LoadedComponent>;

/// Decodes and validates the module or component in a file, or in a part of it. The file can be a
/// pipe. The offset of an error is that in the file.
Result<Binary> load_binary(const Engine& engine, const std::string& path, const std::optional<Part>& part);

} // namespace vitrine::cli
