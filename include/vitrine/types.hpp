// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Types of values, functions and entities.
#pragma once

#include <vitrine/kinds.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine {

enum class ValKind : std::uint8_t { None, I32, I64, F32, F64, V128, FuncRef, ExternRef, AnyRef, ExnRef };

/// The name of the kind: `i32`, `funcref` and so on.
VITRINE_API std::string_view to_text(ValKind kind);

/// A value type exactly as a module declares it. `ValKind` only gives the hierarchy of a reference.
struct VITRINE_API ValType {
    ValKind kind = ValKind::None;
    /// Only for references.
    bool is_nullable = false;
    HeapKind heap = HeapKind::Any;
    /// Only for a defined type: its index in the module's type index space, and its name from the
    /// name section. The module is the one being described; for an object of a store, it is that of
    /// the store's first instance whose module has the type.
    std::optional<std::uint32_t> index {};
    std::string name {};

    /// The type in the text format: `i32`, `externref`, `(ref null $pt)`, `(ref 3)`.
    std::string to_text() const;
    friend bool operator==(const ValType&, const ValType&) = default;
};

/// A function type. Comparison considers only the kinds.
struct VITRINE_API FuncType {
    std::vector<ValKind> params {};
    std::vector<ValKind> results {};
    /// The exact types. Set in descriptions of existing functions and tags; ignored when one is
    /// created.
    std::vector<ValType> param_types {};
    std::vector<ValType> result_types {};

    /// For example `(param i32) (result i64)`, with the exact types if they are known.
    std::string to_text() const;
    friend bool operator==(const FuncType& a, const FuncType& b)
    {
        return a.params == b.params && a.results == b.results;
    }
};

/// A global type. Comparison considers only kind and mutability.
struct GlobalType {
    ValKind kind = ValKind::I32;
    bool is_mutable = false;
    /// The exact type. Set in descriptions of existing globals; ignored when one is created.
    ValType type {};
    friend bool operator==(const GlobalType& a, const GlobalType& b)
    {
        return a.kind == b.kind && a.is_mutable == b.is_mutable;
    }
};

/// A memory type. Sizes are in pages of 64 KiB, or in the memory's own page size if its module uses
/// `custom-page-sizes`.
struct MemoryType {
    std::uint64_t min = 0;
    std::optional<std::uint64_t> max = std::nullopt;
    bool is_shared = false;
    bool is_64 = false;
    friend bool operator==(const MemoryType&, const MemoryType&) = default;
};

/// A table type. Sizes are in elements. Comparison ignores `element_type`.
struct TableType {
    ValKind element = ValKind::FuncRef;
    std::uint64_t min = 0;
    std::optional<std::uint64_t> max = std::nullopt;
    bool is_64 = false;
    /// The exact type of the elements. Set in descriptions of existing tables; ignored when one is
    /// created.
    ValType element_type {};
    friend bool operator==(const TableType& a, const TableType& b)
    {
        return a.element == b.element && a.min == b.min && a.max == b.max && a.is_64 == b.is_64;
    }
};

} // namespace vitrine
