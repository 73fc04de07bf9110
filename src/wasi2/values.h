// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// Values that several packages use.

namespace vitrine::core::wasi2 {

/// `datetime` of wasi:clocks/wall-clock: the time since 1970.
struct Datetime {
    uint64_t seconds;
    uint32_t nanoseconds;
};
Datetime datetime_of(uint64_t nanoseconds);

/// Strings of components are UTF-8; those of the host are bytes. Replaces each ill-formed byte by
/// U+FFFD.
std::string utf8_of(std::string_view bytes);

} // namespace vitrine::core::wasi2
