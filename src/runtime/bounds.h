// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "runtime/instance.h"

#include <cstdint>
#include <optional>
#include <string>

namespace vitrine::core {

// Describe an out-of-bounds access for a trap message: the range accessed and the size. The result
// is empty if the range is in bounds, so that an instruction with several ranges can report the
// first bad one.

/// `4 bytes at 0xfffe of memory[0], which has 0x10000 bytes`. `address` is empty if it exceeds 64
/// bits.
std::string memory_excess(
    const Instance& instance, uint32_t memory, std::optional<uint64_t> address, uint64_t count);
/// `3 elements at 9 of table[0], which has 10`
std::string table_excess(const Instance& instance, uint32_t table, uint64_t index, uint64_t count);
/// The same for segments. A dropped segment is empty.
std::string data_excess(const Instance& instance, uint32_t data, uint64_t from, uint64_t count);
std::string elem_excess(const Instance& instance, uint32_t elem, uint64_t from, uint64_t count);
/// `element 7 of an array of 3`
std::string array_excess(const Object& array, uint64_t index, uint64_t count);

/// A trap whose text is that of the specification followed by the detail, such as
/// `out of bounds memory access: 4 bytes at ...`.
Trap trap_with_detail(TrapKind kind, const std::string& detail);

} // namespace vitrine::core
