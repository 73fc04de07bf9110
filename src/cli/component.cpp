// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/component.h"

#include "cli/file.h"

#include "base/bytes.h"

#include <array>
#include <filesystem>
#include <fstream>

namespace vitrine::cli {

namespace {

/// Whether this part of a file begins like a component.
bool is_component(const std::string& path, uint64_t offset)
{
    std::array<char, 8> header {};
    std::ifstream file(path, std::ios::binary);
    file.seekg(static_cast<std::streamoff>(offset));
    return file.read(header.data(), header.size())
        && Component::is_component(std::as_bytes(std::span(header)));
}

/// What was loaded, or the error with the file's path.
template<class Loaded> Result<Binary> binary_of(Result<Loaded> loaded, const std::string& path)
{
    if (!loaded)
        return Error(path + ": " + loaded.error().message(), loaded.error().offset());
    if constexpr (std::is_same_v<Loaded, Component>)
        return Binary(LoadedComponent { *std::move(loaded), path });
    else
        return Binary(*std::move(loaded));
}

/// Reads the file once, because what was read from a pipe is gone.
Result<Binary> load_from_pipe(const Engine& engine, const std::string& path)
{
    const auto file = read_file(path);
    if (!file)
        return Error(file.error().to_text());
    const auto bytes = std::as_bytes(std::span(*file));
    return Component::is_component(bytes) ? binary_of(Component::from_bytes(engine, bytes), path)
                                          : binary_of(Module::from_bytes(engine, bytes), path);
}

} // namespace

Result<Binary> load_binary(const Engine& engine, const std::string& path, const std::optional<Part>& part)
{
    std::error_code error;
    const auto status = std::filesystem::status(path, error);
    const bool is_regular = std::filesystem::is_regular_file(status);
    if (!is_regular && !part && std::filesystem::exists(status) && !std::filesystem::is_directory(status))
        return load_from_pipe(engine, path);
    if (is_regular && is_component(path, part ? part->offset : 0)) {
        const auto component = TRY(part ? Component::from_file(engine, path, part->offset, part->size)
                                        : Component::from_file(engine, path));
        return Binary(LoadedComponent { component, path });
    }
    const auto module = TRY(
        part ? Module::from_file(engine, path, part->offset, part->size) : Module::from_file(engine, path));
    return Binary(module);
}

} // namespace vitrine::cli
