// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/bytes.h"
#include "wasm/types.h"

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace vitrine::core {

/// Maps indices to names. Sorted by index.
class NameMap {
public:
    /// Returns an empty string if there is no name.
    std::string_view find(uint32_t index) const;
    void add(uint32_t index, std::string_view name) { names_.emplace_back(index, name); }
    void sort();
    /// All names with their indices.
    std::span<const std::pair<uint32_t, std::string_view>> entries() const { return names_; }

private:
    std::vector<std::pair<uint32_t, std::string_view>> names_;
};

/// Decodes pairs of an index and a name.
Result<NameMap> decode_name_map(ByteReader& in);

/// The contents of a name section. Views point into the module's bytes.
/// [spec: appendix/custom, name section; proposal: extended-name-section]
struct Names {
    std::string_view module;
    NameMap functions, types, tables, memories, globals, elems, datas, tags;
    /// Names of parameters and locals, by function.
    std::vector<std::pair<uint32_t, NameMap>> locals;
    /// Names of fields, by struct type.
    std::vector<std::pair<uint32_t, NameMap>> fields;

    /// The names of a function's parameters and locals, or null.
    const NameMap* find_locals(uint32_t function) const;
    /// The names of the entities of a kind.
    const NameMap& of(ExternKind kind) const;
    std::string_view local(uint32_t function, uint32_t local) const;
    /// The names of a type's fields, or null.
    const NameMap* find_fields(uint32_t type) const;
    std::string_view field(uint32_t type, uint32_t field) const;
};

/// Decodes a name section. Ignores malformed subsections: they never make a module invalid.
Names decode_names(Bytes section);

} // namespace vitrine::core
