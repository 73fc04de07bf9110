// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "runtime/instance.h"

#include <cstdint>
#include <optional>
#include <string>

namespace vitrine::core {

// What is out of bounds, for the message of a trap: where the guest reached, how far, and how much there is. Each is empty
// when the range is in bounds, so that an instruction with several ranges names the first one that is not.

/// `4 bytes at 0xfffe of memory[0], which has 0x10000 bytes`. `address` is none when it does not fit into 64 bits.
std::string memory_excess(
    const Instance& instance, uint32_t memory, std::optional<uint64_t> address, uint64_t count);
/// `3 elements at 9 of table[0], which has 10`
std::string table_excess(const Instance& instance, uint32_t table, uint64_t index, uint64_t count);
/// The same of a segment; one that was dropped has nothing.
std::string data_excess(const Instance& instance, uint32_t data, uint64_t from, uint64_t count);
std::string elem_excess(const Instance& instance, uint32_t elem, uint64_t from, uint64_t count);
/// `element 7 of an array of 3`
std::string array_excess(const Object& array, uint64_t index, uint64_t count);

/// The trap with its words from the specification first: `out of bounds memory access: ...`.
Trap trap_with_detail(TrapKind kind, const std::string& detail);

} // namespace vitrine::core
