// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi2/error.h"

#include <cstring>

namespace vitrine::core::wasi2 {

ErrorCode error_code_of(Errno number)
{
    switch (static_cast<int>(number)) {
#define ERROR(name, number) \
    case number: return ErrorCode::name;
#include "wasi2/errors.inc"
    case ENOSYS: return ErrorCode::Unsupported;
    case EMFILE:
    case ENFILE:
    case ENOBUFS: return ErrorCode::InsufficientMemory;
    default: return ErrorCode::Io;
    }
}

std::string IoError::text() const { return std::strerror(static_cast<int>(number)); }

} // namespace vitrine::core::wasi2
