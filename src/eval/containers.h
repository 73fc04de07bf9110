// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "eval/program.h"
#include "eval/source_types.h"
#include "source/elements.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace vitrine::core::eval {

/// A value of the source in which steps find an element with its formatter. They pop it as its
/// address or, if it is not in memory, as its words of 4 bytes, and push the element's address.
struct Container {
    std::shared_ptr<source::Symbols> symbols;
    source::TypeId type {};
    source::Indexing indexing {};
    /// The memory that the address is in.
    uint32_t memory = 0;
    /// The number of words; 0 for an address.
    uint32_t words = 0;
    /// Where a byte of the words is not known: see `source::Value`.
    std::vector<uint8_t> missing {};
    /// The size of the keys of a map.
    uint32_t key_bytes = 0;
};

/// Whether values of the type are strings of bytes that a formatter knows.
bool is_text_container(SourceTypes& types, source::TypeId type);

namespace steps {

// `operand` is the container's number in the program.

/// (container, index): the index is an i64.
bool contained_element(Machine& machine, const Step& step);
/// (container, key), where the key is a number or a text.
bool contained_entry(Machine& machine, const Step& step);
bool contained_entry_of_text(Machine& machine, const Step& step);
/// (container): the text that a string has, as its bytes in the guest's memory.
bool contained_text(Machine& machine, const Step& step);
/// (container): what an `std::optional` or `?T` has.
bool contained_value(Machine& machine, const Step& step);
/// (index, length): the index, which must be less than the length. Both are u64.
bool check_index(Machine& machine, const Step& step);

} // namespace steps
} // namespace vitrine::core::eval
