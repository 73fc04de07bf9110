// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

namespace vitrine::core::test {

using ByteVector = std::vector<uint8_t>;

/// The bytes of hexadecimal digits, with any spaces between the bytes: `"00 61 73 6d"`.
ByteVector hex_bytes(std::string_view digits);

/// The concatenation of all parts.
ByteVector joined(std::initializer_list<ByteVector> parts);

/// A section: id, size, contents. [spec: binary/modules]
ByteVector section(uint8_t id, const ByteVector& contents);
/// A section that contains a vector.
ByteVector section(uint8_t id, const std::vector<ByteVector>& items);
ByteVector custom_section(std::string_view name, const ByteVector& contents);

/// A module: the header and the sections. The first section begins at offset 8.
ByteVector module_with(std::initializer_list<ByteVector> sections);

/// A function body: its size, no locals, and the code unchanged.
ByteVector body_of(const ByteVector& code);

/// A module with one function without parameters, results and locals; `code` includes the final
/// `end`. The code begins at offset 23 if it is shorter than 100 bytes.
ByteVector module_with_code(const ByteVector& code);

} // namespace vitrine::core::test
