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

/// `i32`, `funcref`, ...
VITRINE_API std::string_view to_text(ValKind kind);

/// A value type exactly as a module declares it, where `ValKind` only tells the hierarchy of a reference.
struct VITRINE_API ValType {
    ValKind kind = ValKind::None;
    /// Only of references.
    bool is_nullable = false;
    HeapKind heap = HeapKind::Any;
    /// Only for a defined type: its index in the module's type index space, and its name in the name section. The module is the one
    /// that is described; of an object of a store, the first of the store's instances whose module has the type.
    std::optional<std::uint32_t> index {};
    std::string name {};

    /// As WAT writes it: `i32`, `externref`, `(ref null $pt)`, `(ref 3)`.
    std::string to_text() const;
    friend bool operator==(const ValType&, const ValType&) = default;
};

/// Compared by the kinds.
struct VITRINE_API FuncType {
    std::vector<ValKind> params {};
    std::vector<ValKind> results {};
    /// The exact types, in a description of something that exists. Not looked at where something is made.
    std::vector<ValType> param_types {};
    std::vector<ValType> result_types {};

    /// `(param i32) (result i64)`, with the exact types where they are known.
    std::string to_text() const;
    friend bool operator==(const FuncType& a, const FuncType& b)
    {
        return a.params == b.params && a.results == b.results;
    }
};

/// Compared by the kind.
struct GlobalType {
    ValKind kind = ValKind::I32;
    bool is_mutable = false;
    /// The exact type, in a description. Not looked at where a global is made.
    ValType type {};
    friend bool operator==(const GlobalType& a, const GlobalType& b)
    {
        return a.kind == b.kind && a.is_mutable == b.is_mutable;
    }
};

/// Sizes in pages of 64 KiB.
struct MemoryType {
    std::uint64_t min = 0;
    std::optional<std::uint64_t> max = std::nullopt;
    bool is_shared = false;
    bool is_64 = false;
    friend bool operator==(const MemoryType&, const MemoryType&) = default;
};

/// Sizes in elements. Compared by the element's kind and the sizes.
struct TableType {
    ValKind element = ValKind::FuncRef;
    std::uint64_t min = 0;
    std::optional<std::uint64_t> max = std::nullopt;
    bool is_64 = false;
    /// The exact type of the elements, in a description. Not looked at where a table is made.
    ValType element_type {};
    friend bool operator==(const TableType& a, const TableType& b)
    {
        return a.element == b.element && a.min == b.min && a.max == b.max && a.is_64 == b.is_64;
    }
};

} // namespace vitrine
