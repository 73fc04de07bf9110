// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>
#include <istream>
#include <string>
#include <vector>

namespace vitrine::core::component {

/// Runs a component: each line of `scripts` is a sequence of calls in a new instance. The results
/// as a line of JSON.
std::string run_component(std::vector<uint8_t> bytes, std::istream& scripts);

} // namespace vitrine::core::component
