// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Values, and what references refer to: functions, objects on the heap, host data.
#pragma once

#include <vitrine/result.hpp>
#include <vitrine/types.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace vitrine {

namespace detail {

/// Refers to an object of a store. Cheap to copy. Handles of the same object are equal.
class Handle {
public:
    Handle(const Handle&) = default;
    Handle& operator=(const Handle&) = default;

    friend bool operator==(const Handle&, const Handle&) = default;
    std::size_t hash() const { return std::hash<void*>()(object_); }

protected:
    friend Access;
    Handle() = default;
    ~Handle() = default;
    std::shared_ptr<StoreLink> link_;
    void* object_ = nullptr;
};

} // namespace detail

/// 128 bits, lowest byte first.
struct V128 {
    std::array<std::uint8_t, 16> bytes {};
    friend bool operator==(const V128&, const V128&) = default;
};

/// A guest function that is called with C++ types. See func.hpp.
template<class Signature> class TypedFunc;

/// A host function that receives its arguments and returns its results as `Val`s.
using UntypedFunction = std::function<Result<std::vector<Val>>(Caller&, std::span<const Val>)>;

/// A function of a store, defined by the guest or the host.
class VITRINE_API Func : public detail::Handle {
public:
    FuncType type() const;
    /// From the name section, the exports or the imports. A host function is named `module.name`.
    std::string name() const;
    /// Index in the function index space of its module. Empty for host functions.
    std::optional<std::uint32_t> index() const;
    /// Calls the function on the calling thread. Number and kinds of the arguments must match its
    /// type.
    Result<std::vector<Val>> call(std::span<const Val> arguments) const;
    Result<std::vector<Val>> call(std::initializer_list<Val> arguments) const;
    /// The same function with its types checked once, for example
    /// `typed<std::int32_t(std::int32_t)>()`. Several results are returned as a `std::tuple`.
    template<class Signature> Result<TypedFunc<Signature>> typed() const;

    /// Creates a host function in a store. Accepts the same callables as `Linker::define`.
    template<class F> static Result<Func> wrap(Store& store, F&& function);
    /// Creates a host function of any type in a store.
    static Result<Func> create(Store& store, const FuncType& type, UntypedFunction function);

private:
    friend detail::Access;
};

/// A struct, array or exception of the guest, or host data that the guest converted to an anyref.
/// It lives as long as something refers to it, in the host or in the guest. Two objects are equal
/// if they are the same object. Use it only on the store's thread.
class VITRINE_API Object {
public:
    using Kind = ObjectKind;
    Kind kind() const;
    /// For a struct or array its defined type, non-nullable. For an exception `(ref exn)`, for host
    /// data `(ref extern)`.
    ValType type() const;
    /// The number of fields, elements or exception values.
    std::uint64_t size() const;
    /// The exact type of a field, element or value. Packed types are reported as i32.
    Result<ValType> part_type(std::uint64_t index) const;
    /// A field, element or value. Packed values are zero-extended to i32.
    Result<Val> get(std::uint64_t index) const;
    /// Fails if the field or element is immutable or has another type.
    Result<void> set(std::uint64_t index, const Val& value) const;

    friend VITRINE_API bool operator==(const Object& a, const Object& b);

private:
    friend detail::Access;
    /// Keeps the object alive: it is a root of the garbage collector.
    std::shared_ptr<detail::ObjectBody> body_;
};

/// A WebAssembly value, or none.
class VITRINE_API Val {
public:
    Val() = default;
    static Val i32(std::int32_t value) { return Val(ValKind::I32, static_cast<std::uint32_t>(value)); }
    static Val i64(std::int64_t value) { return Val(ValKind::I64, static_cast<std::uint64_t>(value)); }
    static Val f32(float value);
    static Val f64(double value);
    static Val v128(V128 value);
    /// A reference to a function, or null.
    static Val funcref(std::optional<Func> function);
    /// A reference to host data, or null for a null pointer. Once the value enters a store, the
    /// store keeps the data alive.
    static Val externref(std::shared_ptr<void> data);
    /// An i31 reference, as an anyref. The highest bit of `value` is dropped.
    static Val i31(std::int32_t value);
    /// A reference to an object: an exnref for an exception, an externref for host data, otherwise
    /// an anyref.
    static Val ref(Object object);
    /// The uncaught exception of a trap, as an exnref. None if the trap has no exception.
    static Val thrown(const Trap& trap);
    /// The null reference of a kind, which must be a kind of reference.
    static Val null(ValKind kind);

    ValKind kind() const { return kind_; }
    /// The exact type of the value itself, not of the location it was read from. For a reference,
    /// the type of what it refers to; for null, the bottom type of its hierarchy (such as
    /// `nullref`).
    ValType type() const;
    bool is_ref() const { return kind_ >= ValKind::FuncRef; }
    /// Whether this is a null reference.
    bool is_null() const;

    // These abort the program if the value is of another kind. The message names both kinds.
    std::int32_t i32() const { return static_cast<std::int32_t>(expect(ValKind::I32)); }
    std::int64_t i64() const { return static_cast<std::int64_t>(expect(ValKind::I64)); }
    float f32() const;
    double f64() const;
    V128 v128() const;
    std::optional<Func> funcref() const;
    std::shared_ptr<void> externref() const;

    /// The number, if this is an anyref or externref that holds an i31.
    std::optional<std::int32_t> as_i31() const;
    /// The object that an anyref, exnref or externref refers to, if it is one. The returned
    /// reference is valid until this value changes.
    const std::optional<Object>& as_object() const;

    // These return none if the value is of another kind.
    std::optional<std::int32_t> as_i32() const
    {
        return kind_ == ValKind::I32 ? std::optional(i32()) : std::nullopt;
    }
    std::optional<std::int64_t> as_i64() const
    {
        return kind_ == ValKind::I64 ? std::optional(i64()) : std::nullopt;
    }
    std::optional<float> as_f32() const
    {
        return kind_ == ValKind::F32 ? std::optional(f32()) : std::nullopt;
    }
    std::optional<double> as_f64() const
    {
        return kind_ == ValKind::F64 ? std::optional(f64()) : std::nullopt;
    }
    std::optional<V128> as_v128() const
    {
        return kind_ == ValKind::V128 ? std::optional(v128()) : std::nullopt;
    }
    /// Also none for a null reference.
    std::optional<Func> as_funcref() const
    {
        const Func* func = std::get_if<Func>(&rest_);
        return func ? std::optional(*func) : std::nullopt;
    }
    std::shared_ptr<void> as_externref() const
    {
        const auto* data = std::get_if<std::shared_ptr<void>>(&rest_);
        return data ? *data : nullptr;
    }

    /// The value as text. Integers are signed; floats have the fewest digits that identify them.
    /// References are `null`, `func NAME`, `extern 0x..`, `i31 5`, `struct {1, null}`,
    /// `array[2] {1, 2}` or `exception {7}`.
    std::string to_text() const;

    /// Floats are compared bitwise, references by identity.
    friend VITRINE_API bool operator==(const Val& a, const Val& b);

private:
    friend detail::Access;
    Val(ValKind kind, std::uint64_t low, std::uint64_t high = 0) : kind_(kind), low_(low), rest_(high) {}
    std::uint64_t expect(ValKind kind) const;
    std::uint64_t high() const
    {
        const std::uint64_t* high = std::get_if<std::uint64_t>(&rest_);
        return high ? *high : 0;
    }
    /// The host data of an externref. Null for every other value.
    void* data() const
    {
        const auto* data = std::get_if<std::shared_ptr<void>>(&rest_);
        return data ? data->get() : nullptr;
    }

    ValKind kind_ = ValKind::None;
    /// A number, the low half of a v128, or the bits of a reference. 0 for host data that the host
    /// passed in.
    std::uint64_t low_ = 0;
    /// The high half of a v128, or what the reference refers to: a function, host data or an
    /// object. The object is wrapped in an `optional` that always has a value, because `as_object`
    /// returns a reference to one.
    std::variant<std::uint64_t, Func, std::shared_ptr<void>, std::optional<Object>> rest_ {};
};

} // namespace vitrine

template<class T>
    requires std::is_base_of_v<vitrine::detail::Handle, T>
struct std::hash<T> {
    std::size_t operator()(const T& handle) const noexcept { return handle.hash(); }
};
