// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <vitrine/result.hpp>

namespace vitrine::detail {

/// The size of the largest file that can be loaded: offsets in a module have 32 bits.
inline constexpr std::size_t max_file_bytes = UINT32_MAX;

/// Reads `wanted` bytes of a file, or all, starting at `offset`. The file may be a pipe.
Result<std::vector<std::uint8_t>> read_file(
    const std::string& path, std::uint64_t offset, std::optional<std::uint64_t> wanted);

} // namespace vitrine::detail
