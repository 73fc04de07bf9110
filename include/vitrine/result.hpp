// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// `Result<T>`: a value or an error.
#pragma once

#include <vitrine/error.hpp>

#include <optional>
#include <type_traits>
#include <utility>
#include <variant>
#if __has_include(<expected>)
#  include <expected>
#endif

namespace vitrine {

template<class T> class Result;

namespace detail {
/// Aborts: the value of a result was accessed, but the result is the given error.
[[noreturn]] VITRINE_API void no_value(const Error& error);
/// Aborts: the error of a result was accessed, but the result is a value.
[[noreturn]] VITRINE_API void no_error();

/// The result of `transform`.
template<class R, class F> Result<std::invoke_result_t<F, R>> transformed(F&& change, R&& value)
{
    if constexpr (std::is_void_v<std::invoke_result_t<F, R>>) {
        std::forward<F>(change)(std::forward<R>(value));
        return {};
    } else {
        return std::forward<F>(change)(std::forward<R>(value));
    }
}
} // namespace detail

/// A value, or the error that prevented it. It has the interface of `std::expected<T, Error>`, and
/// is the same class in every language standard. Accessing the value of an error, or the error of a
/// value, aborts the program with a message.
template<class T> class [[nodiscard]] Result {
public:
    using value_type = T;
    using error_type = Error;

    Result(T value) : content_(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : content_(std::in_place_index<1>, std::move(error)) {}

    bool has_value() const { return content_.index() == 0; }
    explicit operator bool() const { return has_value(); }

    const T& value() const&
    {
        if (const T* value = std::get_if<0>(&content_))
            return *value;
        detail::no_value(error());
    }
    T& value() & { return const_cast<T&>(std::as_const(*this).value()); }
    T&& value() && { return std::move(value()); }
    const T& operator*() const& { return value(); }
    T& operator*() & { return value(); }
    T&& operator*() && { return std::move(value()); }
    const T* operator->() const { return &value(); }
    T* operator->() { return &value(); }
    template<class U> T value_or(U&& other) const&
    {
        return has_value() ? value() : static_cast<T>(std::forward<U>(other));
    }
    template<class U> T value_or(U&& other) &&
    {
        return has_value() ? std::move(value()) : static_cast<T>(std::forward<U>(other));
    }

    const Error& error() const&
    {
        if (const Error* error = std::get_if<1>(&content_))
            return *error;
        detail::no_error();
    }
    Error& error() & { return const_cast<Error&>(std::as_const(*this).error()); }
    Error&& error() && { return std::move(error()); }

    /// Calls `next` with the value and returns its result. An error is returned unchanged.
    template<class F> auto and_then(F&& next) const& -> std::remove_cvref_t<std::invoke_result_t<F, const T&>>
    {
        if (has_value())
            return std::forward<F>(next)(value());
        return error();
    }
    template<class F> auto and_then(F&& next) && -> std::remove_cvref_t<std::invoke_result_t<F, T>>
    {
        if (has_value())
            return std::forward<F>(next)(std::move(value()));
        return std::move(error());
    }
    /// Calls `change` with the value and returns a result with what it returned (a value, or
    /// nothing). An error is returned unchanged.
    template<class F> auto transform(F&& change) const& -> Result<std::invoke_result_t<F, const T&>>
    {
        if (has_value())
            return detail::transformed<const T&>(std::forward<F>(change), value());
        return error();
    }
    template<class F> auto transform(F&& change) && -> Result<std::invoke_result_t<F, T>>
    {
        if (has_value())
            return detail::transformed<T>(std::forward<F>(change), std::move(value()));
        return std::move(error());
    }
    /// Calls `next` with the error and returns its result. A value is returned unchanged.
    template<class F> Result or_else(F&& next) const&
    {
        if (has_value())
            return *this;
        return std::forward<F>(next)(error());
    }
    template<class F> Result or_else(F&& next) &&
    {
        if (has_value())
            return std::move(*this);
        return std::forward<F>(next)(std::move(error()));
    }

#if defined(__cpp_lib_expected)
    operator std::expected<T, Error>() const&
    {
        if (has_value())
            return value();
        return std::unexpected(error());
    }
    operator std::expected<T, Error>() &&
    {
        if (has_value())
            return std::move(value());
        return std::unexpected(std::move(error()));
    }
#endif

private:
    std::variant<T, Error> content_;
};

template<> class [[nodiscard]] Result<void> {
public:
    using value_type = void;
    using error_type = Error;

    Result() = default;
    Result(Error error) : error_(std::move(error)) {}

    bool has_value() const { return !error_; }
    explicit operator bool() const { return has_value(); }
    void value() const
    {
        if (error_)
            detail::no_value(*error_);
    }
    void operator*() const { value(); }

    const Error& error() const&
    {
        if (!error_)
            detail::no_error();
        return *error_;
    }
    Error& error() & { return const_cast<Error&>(std::as_const(*this).error()); }
    Error&& error() && { return std::move(error()); }

    template<class F> auto and_then(F&& next) const -> std::remove_cvref_t<std::invoke_result_t<F>>
    {
        if (has_value())
            return std::forward<F>(next)();
        return error();
    }
    template<class F> auto transform(F&& change) const -> Result<std::invoke_result_t<F>>
    {
        if (!has_value())
            return error();
        if constexpr (std::is_void_v<std::invoke_result_t<F>>) {
            std::forward<F>(change)();
            return {};
        } else {
            return std::forward<F>(change)();
        }
    }
    template<class F> Result or_else(F&& next) const
    {
        if (has_value())
            return *this;
        return std::forward<F>(next)(error());
    }

#if defined(__cpp_lib_expected)
    operator std::expected<void, Error>() const
    {
        if (has_value())
            return {};
        return std::unexpected(error());
    }
#endif

private:
    std::optional<Error> error_;
};

} // namespace vitrine
