// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "component/types.h"
#include "component/value.h"

#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

namespace vitrine::core::component {

struct Shape;

/// A field of a record, a case of a variant, an element, or a payload.
struct ShapePart {
    /// A label, or empty if parts of this kind have none.
    std::string_view name {};
    /// Null for a case without a payload.
    const Shape* shape = nullptr;
    /// Where it is in the memory of the whole value, in bytes.
    uint32_t offset = 0;
    /// Where it begins among the core values of the whole value.
    uint32_t flat_offset = 0;
};

/// A value type, laid out for the canonical ABI. Everything that works on values at run time uses
/// shapes. [component model: Canonical ABI]
struct Shape {
    /// A size that no memory has room for.
    static constexpr uint32_t too_large = UINT32_MAX;

    ComponentKind kind {};
    /// The size of a discriminant or of flags, in bytes.
    uint8_t tag_size = 0;
    /// Values may be copied as bytes: numbers, and records of numbers without padding.
    bool is_plain = false;
    bool has_handle = false;
    bool has_borrow = false;
    bool has_pointer = false;
    /// In bytes. Only the parameters of a function, as a tuple, can be `too_large`.
    uint32_t size = 0;
    uint32_t alignment = 1;
    /// The number of core values, if they are not too many.
    uint32_t flat_count = 0;
    /// Fields, cases (also of `option`: `none` and `some`; and of `result`: `ok` and `error`),
    /// labels of flags and enums without shapes, or a list's element. The element of a map is a
    /// tuple.
    std::vector<ShapePart> parts {};
    /// The length of a list of fixed length.
    std::optional<uint32_t> length {};
    /// The resource type of an `own` or `borrow`.
    TypeId resource {};
    ValType type {};

    /// Its size, in a form that is out of the bounds of any memory if it is too large.
    uint64_t bytes() const { return size == too_large ? UINT64_MAX : size; }
    const Shape& element() const { return *parts[0].shape; }
    /// Whether each value is one core value: a number, `bool`, `char` or flags.
    bool is_scalar() const { return kind <= ComponentKind::Char || kind == ComponentKind::Flags; }
    /// Whether it is a variant, enum, option or result.
    bool has_cases() const
    {
        return kind == ComponentKind::Variant || kind == ComponentKind::Enum || kind == ComponentKind::Option
            || kind == ComponentKind::Result;
    }
};

/// Whether two types have the same values, though they may come from different components: the same
/// kinds, labels and parts. Resource types are not compared.
bool is_same(const Shape& a, const Shape& b);

/// The parameters and the result of a function, laid out.
struct FuncShape {
    TypeId type {};
    /// A tuple of the parameters, with their names.
    Shape params;
    /// Null if there is no result.
    const Shape* result = nullptr;
    bool is_async = false;
    /// All parameters are scalars, and so is the result if there is one.
    bool is_scalar = false;

    /// Whether all parameters are passed as core values, and not through memory.
    bool are_params_flat() const { return params.flat_count <= FlatTypes::max; }
    bool is_result_flat() const { return !result || result->flat_count <= 1; }
};

/// Makes the shapes of a component's types, each once. Thread-safe: components are shared.
class Shapes {
public:
    explicit Shapes(const Types& types) : types_(types) {}
    Shapes(const Shapes&) = delete;
    Shapes& operator=(const Shapes&) = delete;

    const Shape& of(ValType type);
    const FuncShape& of_func(TypeId type);

private:
    const Shape& find(ValType type);
    Shape make(ValType type);

    const Types& types_;
    std::mutex mutex_;
    std::map<uint32_t, const Shape*> known_;
    std::map<TypeId, FuncShape> funcs_;
    std::deque<Shape> shapes_;
};

} // namespace vitrine::core::component
