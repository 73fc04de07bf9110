// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/component.h"

#include "cli/file.h"

#include "component/decoder.h"
#include "component/validator.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>

namespace vitrine::cli {

bool is_component(const std::string& path, const Part& part)
{
    std::error_code error;
    if (!std::filesystem::is_regular_file(path, error))
        return false;
    std::array<char, 8> header {};
    std::ifstream file(path, std::ios::binary);
    file.seekg(static_cast<std::streamoff>(part.offset));
    return file.read(header.data(), header.size())
        && core::component::is_component(core::bytes_of({ header.data(), header.size() }));
}

Result<void> validate_component(
    const std::string& path, const Part& part, const std::vector<FeatureChoice>& features)
{
    auto bytes = read_file(path);
    if (!bytes)
        return Error(bytes.error().to_text());
    core::FeatureSet set;
    for (const FeatureChoice& choice : features)
        set.set(choice.feature, choice.is_on);
    const auto file = std::make_shared<const core::FileBytes>(*std::move(bytes));
    const core::Bytes rest =
        file->bytes().subspan(std::min<std::uint64_t>(part.offset, file->bytes().size()));
    core::TypeRegistry types;
    const auto component = core::component::load_component(
        file, rest.first(std::min<std::uint64_t>(part.size.value_or(rest.size()), rest.size())), types, set);
    if (component)
        return {};
    const core::Error& error = component.error();
    return Error(path + ": " + error.message,
        error.offset ? std::optional(*error.offset + part.offset) : std::nullopt);
}

} // namespace vitrine::cli
