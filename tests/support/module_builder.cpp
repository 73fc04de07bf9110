// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "support/module_builder.h"

#include "base/bytes.h"

#include <charconv>

namespace vitrine::core::test {

ByteVector hex_bytes(std::string_view digits)
{
    ByteVector bytes;
    for (size_t at = 0; at < digits.size();) {
        if (digits[at] == ' ') {
            ++at;
            continue;
        }
        uint8_t byte = 0;
        std::from_chars(digits.data() + at, digits.data() + at + 2, byte, 16);
        bytes.push_back(byte);
        at += 2;
    }
    return bytes;
}

ByteVector joined(std::initializer_list<ByteVector> parts)
{
    ByteVector bytes;
    for (const ByteVector& part : parts)
        bytes.insert(bytes.end(), part.begin(), part.end());
    return bytes;
}

ByteVector section(uint8_t id, const ByteVector& contents)
{
    ByteWriter out;
    out.byte(id);
    out.leb(static_cast<uint32_t>(contents.size()));
    out.append(contents);
    return out.bytes();
}

ByteVector section(uint8_t id, const std::vector<ByteVector>& items)
{
    ByteWriter out;
    out.leb(static_cast<uint32_t>(items.size()));
    for (const ByteVector& item : items)
        out.append(item);
    return section(id, out.bytes());
}

ByteVector custom_section(std::string_view name, const ByteVector& contents)
{
    ByteWriter out;
    out.name(name);
    out.append(contents);
    return section(0, out.bytes());
}

ByteVector module_with(std::initializer_list<ByteVector> sections)
{
    return joined({ hex_bytes("00 61 73 6d 01 00 00 00"), joined(sections) });
}

ByteVector body_of(const ByteVector& code)
{
    ByteWriter out;
    out.leb(static_cast<uint32_t>(code.size() + 1));
    out.byte(0);
    out.append(code);
    return out.bytes();
}

ByteVector module_with_code(const ByteVector& code)
{
    return module_with({
        section(1, hex_bytes("01 60 00 00")),
        section(3, hex_bytes("01 00")),
        section(10, std::vector<ByteVector> { body_of(code) }),
    });
}

} // namespace vitrine::core::test
