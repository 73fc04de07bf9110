// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi2/values.h"

#include "base/text.h"

#include <algorithm>

namespace vitrine::core::wasi2 {

Datetime datetime_of(uint64_t nanoseconds)
{
    constexpr uint64_t second = 1'000'000'000;
    return { nanoseconds / second, static_cast<uint32_t>(nanoseconds % second) };
}

std::string utf8_of(std::string_view bytes)
{
    constexpr size_t longest_character = 4;
    std::string text;
    while (!bytes.empty()) {
        size_t length = 1;
        while (length <= longest_character && !is_utf8(bytes_of(bytes.substr(0, length))))
            ++length;
        if (length <= longest_character && length <= bytes.size()) {
            text += bytes.substr(0, length);
        } else {
            text += "\xef\xbf\xbd";
            length = 1;
        }
        bytes.remove_prefix(length);
    }
    return text;
}

} // namespace vitrine::core::wasi2
