// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dap/references.h"

#include "base/number.h"
#include "base/text.h"

#include <array>

namespace vitrine::core::dap {

std::string CodeReference::to_text() const { return hex((uint64_t { module } + 1) << 32 | offset); }

Result<CodeReference> CodeReference::parse(std::string_view text, int64_t bytes)
{
    const auto number = parse_unsigned(text);
    if (!number || *number >> 32 == 0)
        return failure("`" + printable(text) + "` is no place in code");
    const int64_t offset = static_cast<int64_t>(*number & UINT32_MAX);
    int64_t sum = 0;
    if (__builtin_add_overflow(offset, bytes, &sum) || sum < 0 || sum > int64_t { UINT32_MAX })
        return failure("there is no code at such an offset");
    return CodeReference { static_cast<uint32_t>((*number >> 32) - 1), static_cast<CodeOffset>(sum) };
}

std::string MemoryReference::to_text() const
{
    return (instance ? std::to_string(*instance) + "." + std::to_string(memory) + ":" : "") + hex(address);
}

Result<MemoryReference> MemoryReference::parse(std::string_view text)
{
    MemoryReference reference;
    const auto bad = [&] { return failure("`" + printable(text) + "` is no place in a memory"); };
    std::string_view rest = text;
    if (const size_t colon = rest.find(':'); colon != rest.npos) {
        const std::string_view front = rest.substr(0, colon);
        const size_t dot = front.find('.');
        const auto instance = parse_unsigned(front.substr(0, dot));
        const auto memory = dot == front.npos ? std::nullopt : parse_unsigned(front.substr(dot + 1));
        if (!instance || !memory || *instance > UINT32_MAX || *memory > UINT32_MAX)
            return bad();
        reference.instance = static_cast<uint32_t>(*instance);
        reference.memory = static_cast<uint32_t>(*memory);
        rest.remove_prefix(colon + 1);
    }
    const auto address = parse_unsigned(rest);
    if (!address)
        return bad();
    reference.address = *address;
    return reference;
}

namespace {

constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

} // namespace

std::string base64_of(Bytes bytes)
{
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (size_t i = 0; i < bytes.size(); i += 3) {
        const size_t count = std::min<size_t>(3, bytes.size() - i);
        uint32_t group = 0;
        for (size_t k = 0; k < 3; ++k)
            group = group << 8 | (k < count ? bytes[i + k] : 0);
        for (size_t k = 0; k < 4; ++k)
            text += k <= count ? digits[group >> (18 - 6 * k) & 63] : '=';
    }
    return text;
}

std::optional<std::vector<uint8_t>> bytes_of_base64(std::string_view text)
{
    if (text.size() % 4 != 0)
        return std::nullopt;
    size_t padding = 0;
    while (padding < 2 && text.ends_with('=')) {
        text.remove_suffix(1);
        ++padding;
    }
    std::vector<uint8_t> bytes;
    uint32_t group = 0;
    unsigned bits = 0;
    for (const char letter : text) {
        const size_t digit = digits.find(letter);
        if (digit == digits.npos)
            return std::nullopt;
        group = group << 6 | static_cast<uint32_t>(digit);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            bytes.push_back(static_cast<uint8_t>(group >> bits));
        }
    }
    return bytes;
}

} // namespace vitrine::core::dap
