// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/value_text.h"

#include <bit>

#include <fmt/format.h>

namespace vitrine::cli {

namespace {

/// The bits of a number, and how many they are.
struct Bits {
    uint64_t value;
    unsigned width;
};

std::optional<Bits> bits_of(const Val& value)
{
    switch (value.kind()) {
    case ValKind::I32: return Bits { static_cast<uint32_t>(value.i32()), 32 };
    case ValKind::I64: return Bits { static_cast<uint64_t>(value.i64()), 64 };
    case ValKind::F32: return Bits { std::bit_cast<uint32_t>(value.f32()), 32 };
    case ValKind::F64: return Bits { std::bit_cast<uint64_t>(value.f64()), 64 };
    default: return std::nullopt;
    }
}

std::string character_text(uint64_t code)
{
    if (code >= 0x20 && code < 0x7f && code != '\'' && code != '\\')
        return fmt::format("'{}'", static_cast<char>(code));
    return fmt::format("'\\x{:02x}'", code & 0xff);
}

} // namespace

bool is_value_format(char format) { return std::string_view("xdutcf").contains(format); }

Result<std::string> format_value(const Val& value, char format)
{
    if (value.kind() == ValKind::V128 && format == 'x') {
        std::string text = "i8x16";
        for (const uint8_t byte : value.v128().bytes)
            text += fmt::format(" {:02x}", byte);
        return text;
    }
    const auto bits = bits_of(value);
    if (!bits)
        return Error(fmt::format("{} has no format /{}", to_text(value.kind()), format));
    switch (format) {
    case 'x': return fmt::format("{:#x}", bits->value);
    case 'u': return fmt::format("{}", bits->value);
    case 't': return fmt::format("{:#b}", bits->value);
    case 'c': return character_text(bits->value);
    case 'f':
        return bits->width == 32
            ? Val::f32(std::bit_cast<float>(static_cast<uint32_t>(bits->value))).to_text()
            : Val::f64(std::bit_cast<double>(bits->value)).to_text();
    default:
        return bits->width == 32 ? fmt::format("{}", static_cast<int32_t>(bits->value))
                                 : fmt::format("{}", static_cast<int64_t>(bits->value));
    }
}

} // namespace vitrine::cli
