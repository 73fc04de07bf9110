// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "base/bytes.h"

#include "base/text.h"

namespace vitrine::core {

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
