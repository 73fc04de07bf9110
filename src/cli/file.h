// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/result.h"

#include <cstdint>
#include <string>
#include <vector>

namespace vitrine::cli {

/// Reads a whole file, of at most 4 GiB.
core::Result<std::vector<uint8_t>> read_file(const std::string& path);

} // namespace vitrine::cli
