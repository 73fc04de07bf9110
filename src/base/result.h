// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

// Everything under src/ is in namespace `vitrine::core`, or in a nested namespace where names would
// clash (`core::debug`, `core::wasi` and so on). The names in `vitrine` and `vitrine::debug` are
// those of the public headers, which are different classes.
namespace vitrine::core {

/// Why an input or request was refused: one sentence for users, and the byte offset in the file if
/// there is one.
struct Error {
    std::string message;
    std::optional<uint64_t> offset {};
    /// Whether the offset is a position in a text, such as an expression, and not in a file.
    bool is_in_text = false;

    /// The message, followed by ` (at offset 0x..)` or, in a text, ` (at position ..)` if there is
    /// an offset.
    std::string to_text() const;
};

/// A value or an error.
template<class T> using Result = std::expected<T, Error>;

/// An `Error` to return from a function whose result is a `Result`.
inline std::unexpected<Error> failure(std::string message, std::optional<uint64_t> offset = {})
{
    return std::unexpected(Error { std::move(message), offset });
}

/// Marks the offset of an error as a position in a text.
template<class T> Result<T> in_text(Result<T> result)
{
    if (!result)
        result.error().is_in_text = true;
    return result;
}

/// Converts the error of a callee into the return type of its caller, if that is not a
/// `std::expected`. Specialized next to the types that need it.
template<class Returned, class E> struct FromError;

/// An error being returned from a function. Converts to the function's return type.
template<class E> struct Propagated : std::unexpected<E> {
    using std::unexpected<E>::unexpected;

    template<class Returned>
        requires requires(E error) { FromError<Returned, E>::make(std::move(error)); }
    operator Returned() &&
    {
        return FromError<Returned, E>::make(std::move(*this).error());
    }
};

/// Extracts the error of a result without a value, for `TRY` and `CHECK`.
template<class T, class E> Propagated<E> propagated(std::expected<T, E>& result)
{
    return Propagated<E>(std::move(result).error());
}
template<class T, class E> Propagated<E> propagated(const std::expected<T, E>& result)
{
    return Propagated<E>(result.error());
}
/// The public `Result` can be constructed from its error.
template<class R> auto propagated(R& result) { return std::move(result).error(); }

/// Reports a failed `ASSERT` and aborts.
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line);

} // namespace vitrine::core

/// Evaluates to the value of a `Result` (internal or public), or returns its error from the
/// enclosing function.
#define TRY(...)                                             \
    ({                                                       \
        auto&& try_result_ = (__VA_ARGS__);                  \
        if (!try_result_) [[unlikely]]                       \
            return ::vitrine::core::propagated(try_result_); \
        *std::move(try_result_);                             \
    })

/// Returns the error of a `Result` from the enclosing function, if it has one.
#define CHECK(...)                                                             \
    do {                                                                       \
        if (auto&& check_result_ = (__VA_ARGS__); !check_result_) [[unlikely]] \
            return ::vitrine::core::propagated(check_result_);                 \
    } while (false)

/// Checks an invariant of our own, never the input. Enabled in release builds too.
#define ASSERT(...)                          \
    (static_cast<bool>(__VA_ARGS__) ? void() \
                                    : ::vitrine::core::assertion_failed(#__VA_ARGS__, __FILE__, __LINE__))
