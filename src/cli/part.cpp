// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/part.h"

#include "base/number.h"

namespace vitrine::cli {

namespace {

std::optional<Part> parse_part(std::string_view text)
{
    const size_t plus = text.find('+');
    const auto offset = core::parse_unsigned(text.substr(0, plus));
    if (!offset)
        return std::nullopt;
    if (plus == text.npos)
        return Part { *offset };
    const auto size = core::parse_unsigned(text.substr(plus + 1));
    return size ? std::optional(Part { *offset, size }) : std::nullopt;
}

} // namespace

void PartOption::add_to(CLI::App& app)
{
    app.add_option("--part", text, "Use this part of the file")
        ->type_name("OFFSET[+SIZE]")
        ->allow_extra_args(false);
}

Result<void> PartOption::check() const
{
    if (text && !parse_part(*text))
        return Error("--part " + *text + ": expected OFFSET or OFFSET+SIZE, for example 0x1c0+4096");
    return {};
}

Result<Binary> PartOption::load(const Engine& engine, const std::string& path) const
{
    return load_binary(engine, path, text ? parse_part(*text) : std::nullopt);
}

} // namespace vitrine::cli
