// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/operand.h"

namespace vitrine::core::operand {

namespace {

constexpr uint32_t has_memory_index = 0x40;

} // namespace

const uint8_t* skip_long_type(const uint8_t* at)
{
    at += *at == nullable_ref_byte || *at == ref_byte;
    read<int64_t>(at);
    return at;
}

const Memory& accessed_memory(const Instance& instance, const uint8_t* argument)
{
    const auto flags = read_valid_leb<uint32_t>(argument);
    return *instance.memories[flags & has_memory_index ? read_valid_leb<uint32_t>(argument) : 0];
}

Access find_access(const Instance& instance, const uint8_t* argument, Slot address, uint32_t size)
{
    const auto flags = read_valid_leb<uint32_t>(argument);
    const uint32_t index = flags & has_memory_index ? read_valid_leb<uint32_t>(argument) : 0;
    const auto offset = read_valid_leb<uint64_t>(argument);
    Memory& memory = *instance.memories[index];
    uint64_t start = 0;
    const bool is_inside = !__builtin_add_overflow(address, offset, &start) && memory.contains(start, size);
    return { is_inside ? memory.writable_base() + start : nullptr, argument };
}

} // namespace vitrine::core::operand
