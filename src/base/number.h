// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

// Numbers as WAT writes them: decimal or hexadecimal, with `_` between digits. [spec: text/values]

namespace vitrine::core {

/// An integer without a sign.
std::optional<uint64_t> parse_unsigned(std::string_view text);

/// The bits of an integer, signed or unsigned.
std::optional<uint32_t> parse_i32(std::string_view text);
std::optional<uint64_t> parse_i64(std::string_view text);

/// Also `inf`, `nan` and `nan:0x1`. The bits of a NaN are kept.
std::optional<float> parse_f32(std::string_view text);
std::optional<double> parse_f64(std::string_view text);

} // namespace vitrine::core
