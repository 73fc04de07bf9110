// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/component.h"

#include "cli/file.h"

#include "component/decoder.h"
#include "component/validator.h"

#include <array>
#include <filesystem>
#include <fstream>

namespace vitrine::cli {

namespace {

/// Whether this part of a file begins like a component.
bool is_component(const std::string& path, const Part& part)
{
    std::array<char, 8> header {};
    std::ifstream file(path, std::ios::binary);
    file.seekg(static_cast<std::streamoff>(part.offset));
    return file.read(header.data(), header.size())
        && core::component::is_component(core::bytes_of({ header.data(), header.size() }));
}

Result<Binary> load_component(const std::string& path, std::shared_ptr<const core::FileBytes> file,
    const Part& part, const core::FeatureSet& features)
{
    const core::Bytes all = file->bytes();
    const std::uint64_t size = part.size.value_or(all.size() - part.offset);
    if (size > all.size() - part.offset)
        return Error(path + ": the requested part extends beyond the end of the file", all.size());
    LoadedComponent loaded { std::make_shared<core::TypeRegistry>(), {}, path };
    auto component = core::component::load_component(
        std::move(file), all.subspan(part.offset, size), *loaded.types, features);
    if (!component) {
        const auto& [message, offset] = component.error();
        return Error(path + ": " + message, offset ? std::optional(*offset + part.offset) : std::nullopt);
    }
    loaded.component = *std::move(component);
    return Binary(std::move(loaded));
}

/// Reads the file once, as what was read from a pipe is gone.
Result<Binary> load_from_pipe(const Engine& engine, const std::string& path, const core::FeatureSet& features)
{
    auto bytes = read_file(path);
    if (!bytes)
        return Error(bytes.error().to_text());
    auto file = std::make_shared<const core::FileBytes>(*std::move(bytes));
    if (core::component::is_component(file->bytes()))
        return load_component(path, std::move(file), {}, features);
    auto module = Module::from_bytes(engine, std::as_bytes(file->bytes()));
    if (!module)
        return Error(path + ": " + module.error().message(), module.error().offset());
    return Binary(*std::move(module));
}

} // namespace

Result<Binary> load_binary(const Engine& engine, const std::string& path, const std::optional<Part>& part,
    const core::FeatureSet& features)
{
    std::error_code error;
    const auto status = std::filesystem::status(path, error);
    const bool is_regular = std::filesystem::is_regular_file(status);
    if (is_regular && is_component(path, part.value_or(Part {}))) {
        auto bytes = read_file(path);
        if (!bytes)
            return Error(bytes.error().to_text());
        return load_component(path, std::make_shared<const core::FileBytes>(*std::move(bytes)),
            part.value_or(Part {}), features);
    }
    if (!is_regular && !part && std::filesystem::exists(status) && !std::filesystem::is_directory(status))
        return load_from_pipe(engine, path, features);
    auto module =
        part ? Module::from_file(engine, path, part->offset, part->size) : Module::from_file(engine, path);
    if (!module)
        return module.error();
    return Binary(*std::move(module));
}

} // namespace vitrine::cli
