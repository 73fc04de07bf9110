// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/bytes.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace vitrine::core::dwarf {

/// The sizes of what a unit refers to with.
struct Sizes {
    uint8_t address_bytes = 4;
    /// 4, or 8 in the 64-bit format of DWARF.
    uint8_t offset_bytes = 4;
};

/// The length that a unit or a table begins with.
struct InitialLength {
    uint64_t length = 0;
    uint8_t offset_bytes = 4;
};
Result<InitialLength> read_initial_length(ByteReader& in);
/// An offset in a section.
Result<uint64_t> read_offset(ByteReader& in, uint8_t offset_bytes);

/// An attribute of an abbreviation: what it means, and how its values are encoded.
struct AttributeForm {
    uint16_t attribute, form;
    /// Only for `DW_FORM_implicit_const`.
    int64_t value = 0;
};

/// The shape of entries: a row of `.debug_abbrev`.
struct Abbreviation {
    uint16_t tag = 0;
    bool has_children = false;
    std::vector<AttributeForm> attributes {};
    /// The size of an entry if it is always the same: this many bytes, addresses and offsets.
    std::optional<uint32_t> fixed_bytes {};
    uint32_t addresses = 0, offsets = 0;
};

/// The abbreviations of a unit by code. 0 ends a list of children.
class Abbreviations {
public:
    /// Fails for a table that LLVM's reader refuses or reads differently.
    static Result<Abbreviations> read(ByteReader& in);
    /// Null if there is no such code.
    const Abbreviation* find(uint64_t code) const;

private:
    /// Compilers number their abbreviations from 1; others are sorted by code.
    std::vector<std::pair<uint64_t, Abbreviation>> rows_;
};

/// The value of an attribute as it is encoded.
struct Value {
    /// 0: there is no value.
    uint16_t form = 0;
    /// For a string or block in the entry, its offset in `.debug_info`.
    uint64_t number = 0;
    /// The size of a block.
    uint32_t size = 0;

    explicit operator bool() const { return form != 0; }
};

/// Reads the value of an attribute. Fails for forms that LLVM does not read, and at the end of
/// `in`.
Result<Value> read_value(ByteReader& in, const AttributeForm& attribute, Sizes sizes);

} // namespace vitrine::core::dwarf
