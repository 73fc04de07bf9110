// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/bytes.h"

#include <array>
#include <cstdint>

namespace vitrine::core::source {

/// The MD5 digest, with which DWARF identifies source files. [spec: RFC 1321] It protects against
/// mistakes, not against attackers.
std::array<uint8_t, 16> md5_of(Bytes bytes);

} // namespace vitrine::core::source
