// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "cli/features.h"

#include <vitrine/vitrine.hpp>

#include <optional>
#include <string>
#include <vector>

namespace vitrine::cli {

/// A part of a file. Without a size, it ends where the file ends.
struct Part {
    std::uint64_t offset = 0;
    std::optional<std::uint64_t> size {};
};

/// Whether this part of a file begins like a component. False for a file that can only be read
/// once, such as a pipe.
bool is_component(const std::string& path, const Part& part);

/// Decodes and validates the component in this part of a file. The offset of an error is that in
/// the file.
Result<void> validate_component(
    const std::string& path, const Part& part, const std::vector<FeatureChoice>& features);

} // namespace vitrine::cli
