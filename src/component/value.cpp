// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "component/value.h"

#include "base/bytes.h"

namespace vitrine::core::component {

uint64_t packed_number(const uint8_t* at, ComponentKind kind)
{
    switch (kind) {
    case ComponentKind::S8: return static_cast<uint64_t>(load<int8_t>(at));
    case ComponentKind::U8: return load<uint8_t>(at);
    case ComponentKind::S16: return static_cast<uint64_t>(load<int16_t>(at));
    case ComponentKind::U16: return load<uint16_t>(at);
    case ComponentKind::S32: return static_cast<uint64_t>(load<int32_t>(at));
    case ComponentKind::U32:
    case ComponentKind::F32: return load<uint32_t>(at);
    default: return load<uint64_t>(at);
    }
}

} // namespace vitrine::core::component
