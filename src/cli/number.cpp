// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/number.h"

#include "base/number.h"

namespace vitrine::cli {

namespace {

std::optional<Val> parse(std::string_view text, ValKind kind)
{
    const auto make = [](const auto& number, auto convert) {
        return number ? std::optional<Val>(convert(*number)) : std::nullopt;
    };
    switch (kind) {
    case ValKind::I32:
        return make(
            core::parse_i32(text), [](uint32_t bits) { return Val::i32(static_cast<int32_t>(bits)); });
    case ValKind::I64:
        return make(
            core::parse_i64(text), [](uint64_t bits) { return Val::i64(static_cast<int64_t>(bits)); });
    case ValKind::F32: return make(core::parse_f32(text), [](float value) { return Val::f32(value); });
    case ValKind::F64: return make(core::parse_f64(text), [](double value) { return Val::f64(value); });
    case ValKind::None:
    case ValKind::V128: return std::nullopt;
    default: return text == "null" ? std::optional(Val::null(kind)) : std::nullopt;
    }
}

} // namespace

Result<Val> parse_number(std::string_view text, ValKind kind)
{
    if (auto value = parse(text, kind))
        return *std::move(value);
    return Error(std::string(text) + " is not a value of type " + std::string(to_text(kind)));
}

std::optional<uint64_t> parse_size(std::string_view text)
{
    constexpr std::string_view units = "KMG";
    unsigned shift = 0;
    if (const size_t unit = text.empty() ? units.npos : units.find(text.back()); unit != units.npos) {
        shift = static_cast<unsigned>(unit + 1) * 10;
        text.remove_suffix(1);
    }
    const auto number = core::parse_unsigned(text);
    if (!number || *number > UINT64_MAX >> shift)
        return std::nullopt;
    return *number << shift;
}

} // namespace vitrine::cli
