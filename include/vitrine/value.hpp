// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Values, and what references refer to: functions, objects of the heap, data of the host.
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

/// An object of a store: small, copyable, equal when it means the same object.
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

/// Signature of a C++ function as a type of the guest.
template<class Signature> class TypedFunc;

/// A function of a store, the guest's or the host's.
class VITRINE_API Func : public detail::Handle {
public:
    FuncType type() const;
    /// From the name section, the exports or the imports; a host function's is `module.name`.
    std::string name() const;
    /// Index in its module's function index space; none for host functions.
    std::optional<std::uint32_t> index() const;
    /// Calls it on this thread. The number and kinds of the arguments must be those of the type.
    Result<std::vector<Val>> call(std::span<const Val> arguments) const;
    Result<std::vector<Val>> call(std::initializer_list<Val> arguments) const;
    /// The same function with its types checked once: `typed<std::int32_t(std::int32_t)>()`. Several results are a `std::tuple`.
    template<class Signature> Result<TypedFunc<Signature>> typed() const;

    /// A host function of a store from any callable that `Linker::define` takes.
    template<class F> static Result<Func> wrap(Store& store, F&& function);

private:
    friend detail::Access;
};

/// A struct, an array or an exception of the guest, or data of the host that the guest took as anyref. It lives as long as
/// something refers to it, here or in the guest. Equal when it means the same object. Used by the store's thread.
class VITRINE_API Object {
public:
    using Kind = ObjectKind;
    Kind kind() const;
    /// A struct or an array has its own defined type, never nullable; any other object is `(ref exn)` or `(ref extern)`.
    ValType type() const;
    /// The number of fields, elements or thrown values.
    std::uint64_t size() const;
    /// The exact type of a field, element or value; a packed one is an i32 here.
    Result<ValType> part_type(std::uint64_t index) const;
    /// A field, element or value; a packed one is zero-extended to i32.
    Result<Val> get(std::uint64_t index) const;
    /// Refused for what is immutable or of another type.
    Result<void> set(std::uint64_t index, const Val& value) const;

    friend VITRINE_API bool operator==(const Object& a, const Object& b);

private:
    friend detail::Access;
    /// Roots the object.
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
    /// A reference to data of the host, kept alive as long as the store it enters; null for a null pointer.
    static Val externref(std::shared_ptr<void> data);
    /// An i31, as an anyref; the highest bit is dropped.
    static Val i31(std::int32_t value);
    /// A reference to an object: anyref, exnref for an exception, externref for data of the host.
    static Val ref(Object object);
    /// What was thrown when nobody caught it, as an exnref; none for another trap.
    static Val thrown(const Trap& trap);
    /// The null reference of a kind, which must be one of references.
    static Val null(ValKind kind);

    ValKind kind() const { return kind_; }
    /// The exact type of the value itself, not of the place that it was read from: of a reference what it refers to, of null the
    /// lowest type of the hierarchy (`nullref`).
    ValType type() const;
    bool is_ref() const { return kind_ >= ValKind::FuncRef; }
    /// Whether it is a null reference.
    bool is_null() const;

    // These assert the kind, naming both.
    std::int32_t i32() const { return static_cast<std::int32_t>(expect(ValKind::I32)); }
    std::int64_t i64() const { return static_cast<std::int64_t>(expect(ValKind::I64)); }
    float f32() const;
    double f64() const;
    V128 v128() const;
    std::optional<Func> funcref() const;
    std::shared_ptr<void> externref() const;

    /// The number of an anyref or externref that is an i31.
    std::optional<std::int32_t> as_i31() const;
    /// What an anyref, exnref or externref refers to, if it is an object. The reference is valid until the value changes.
    const std::optional<Object>& as_object() const;

    // These answer none for another kind.
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
    /// Neither for another kind nor for null.
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

    /// Integers signed, floats shortest, references as `null`, `func NAME`, `extern 0x..`, `i31 5`,
    /// `struct {1, null}`, `array[2] {1, 2}`, `exception {7}`.
    std::string to_text() const;

    /// Floats are compared by their bits, references by what they mean.
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
    /// The host data of an externref; null for every other value.
    void* data() const
    {
        const auto* data = std::get_if<std::shared_ptr<void>>(&rest_);
        return data ? data->get() : nullptr;
    }

    ValKind kind_ = ValKind::None;
    /// A number, the low half of a v128, or the bits of a reference; 0 for host data that comes from the host.
    std::uint64_t low_ = 0;
    /// The high half of a v128, or what the reference refers to: a function, host data, or an object. The object is in an
    /// `optional`, always engaged, because `as_object` returns a reference to one.
    std::variant<std::uint64_t, Func, std::shared_ptr<void>, std::optional<Object>> rest_ {};
};

} // namespace vitrine

template<class T>
    requires std::is_base_of_v<vitrine::detail::Handle, T>
struct std::hash<T> {
    std::size_t operator()(const T& handle) const noexcept { return handle.hash(); }
};
