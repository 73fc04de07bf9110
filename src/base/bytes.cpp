// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "base/bytes.h"

#include "base/text.h"

namespace vitrine::core {

Result<uint32_t> ByteReader::count(std::string_view what, uint64_t limit)
{
    const uint64_t start = offset();
    const auto count = TRY(leb<uint32_t>());
    if (count > limit)
        return failure("too many " + std::string(what) + ": the limit is " + std::to_string(limit), start);
    if (count > remaining())
        return failure("unexpected end of section or function", start);
    return count;
}

Result<std::string_view> ByteReader::name()
{
    const uint32_t size = TRY(length());
    const uint64_t start = offset();
    const Bytes text = TRY(bytes(size));
    if (!is_utf8(text))
        return failure("malformed UTF-8 encoding", start);
    return text_of(text);
}

} // namespace vitrine::core
