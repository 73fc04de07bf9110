// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "api/access.h"
#include "wasm/opcode.h"

#include <algorithm>
#include <string>
#include <string_view>

namespace vitrine {

using detail::Access;

namespace {

// A serialized module is a line of text and the binary:
//
//     vitrine-module 0.1.0 simd,gc,threads 8192
//
// The line has the version, the features of the engine, and the size of the binary.
//
// There is nothing else to keep: the binary is what an engine executes, and compiling a function
// when it is hot takes less time than reading its machine code from a file would save.

constexpr std::string_view magic = "vitrine-module ";
/// Longer than any header.
constexpr size_t max_header = 4096;

std::string names_of(const core::FeatureSet& features)
{
    std::string names;
    for (size_t i = 0; i < std::size(core::feature_table); ++i)
        if (features.has(static_cast<core::Feature>(i)))
            names.append(names.empty() ? "" : ",").append(core::feature_table[i].flag);
    return names;
}

/// Takes the first word and the space behind it off the text.
std::string_view next_word(std::string_view& text)
{
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    return word;
}

/// Fails if a feature in the list is not among those of the engine.
Result<void> check_features(std::string_view names, const core::FeatureSet& features)
{
    while (!names.empty()) {
        const std::string_view name = names.substr(0, names.find(','));
        names.remove_prefix(std::min(name.size() + 1, names.size()));
        const auto* const row = std::ranges::find(core::feature_table, name, &core::FeatureInfo::flag);
        if (row == std::end(core::feature_table)
            || !features.has(static_cast<core::Feature>(row - core::feature_table)))
            return Error("the module was serialized by an engine with the feature " + std::string(name)
                + ", which this engine does not have");
    }
    return {};
}

} // namespace

std::vector<std::byte> Module::serialize() const
{
    std::string header(magic);
    const auto binary = std::as_bytes(body_->module->bytes());
    header.append(version()).append(" ").append(names_of(body_->engine->config.features));
    header.append(" ").append(std::to_string(binary.size())).append("\n");
    const auto begin = std::as_bytes(std::span(header));
    std::vector<std::byte> bytes;
    bytes.reserve(begin.size() + binary.size());
    bytes.insert(bytes.end(), begin.begin(), begin.end());
    bytes.insert(bytes.end(), binary.begin(), binary.end());
    return bytes;
}

Result<Module> Module::deserialize(const Engine& engine, std::span<const std::byte> bytes)
{
    return detail::guarded<Module>([&]() -> Result<Module> {
        if (engine.error())
            return *engine.error();
        const std::string_view head(
            reinterpret_cast<const char*>(bytes.data()), std::min(bytes.size(), max_header));
        const size_t end = head.find('\n');
        if (!head.starts_with(magic) || end == std::string_view::npos)
            return Error("not a serialized module", 0);
        std::string_view line = head.substr(magic.size(), end - magic.size());
        if (next_word(line) != version())
            return Error(
                "the module was serialized by another version of Vitrine than " + std::string(version()),
                magic.size());
        CHECK(check_features(next_word(line), Access::body(engine)->config.features));
        const auto binary = bytes.subspan(end + 1);
        if (line != std::to_string(binary.size()))
            return Error("the serialized module is incomplete", bytes.size());
        return from_bytes(engine, binary);
    });
}

} // namespace vitrine
