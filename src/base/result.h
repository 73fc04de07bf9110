// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

// Everything under src/ lives in `vitrine::core` (`core::debug`, `core::wasi`, ... where words would clash): the names in
// `vitrine` itself and `vitrine::debug` are those of the public headers, and mean other classes.
namespace vitrine::core {

/// Why an input or a request was refused: one sentence fit to be shown, and the byte offset in the file
/// where there is one.
struct Error {
    std::string message;
    std::optional<uint64_t> offset {};

    /// The message, followed by ` (at offset 0x..)` when the place is known.
    std::string to_text() const;
};

/// The value, or why there is none.
template<class T> using Result = std::expected<T, Error>;

/// An `Error` ready to be returned from a function that answers with a `Result`.
inline std::unexpected<Error> failure(std::string message, std::optional<uint64_t> offset = {})
{
    return std::unexpected(Error { std::move(message), offset });
}

/// Makes what a function returns from an error of something that it called, where that is not a `std::expected`.
/// Specialised by whoever has such functions.
template<class Returned, class E> struct FromError;

/// An error on its way out of a function, whatever kind of result that function has.
template<class E> struct Propagated : std::unexpected<E> {
    using std::unexpected<E>::unexpected;

    template<class Returned>
        requires requires(E error) { FromError<Returned, E>::make(std::move(error)); }
    operator Returned() &&
    {
        return FromError<Returned, E>::make(std::move(*this).error());
    }
};

/// The error of a result that has no value, as `TRY` and `CHECK` return it.
template<class T, class E> Propagated<E> propagated(std::expected<T, E>& result)
{
    return Propagated<E>(std::move(result).error());
}
template<class T, class E> Propagated<E> propagated(const std::expected<T, E>& result)
{
    return Propagated<E>(result.error());
}
/// The public `Result` is made of its error.
template<class R> auto propagated(R& result) { return std::move(result).error(); }

/// Prints what cannot be and aborts; `ASSERT` calls it.
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line);

} // namespace vitrine::core

/// Evaluates to the value of a `Result`, inner or public, or returns its error from the function around it.
#define TRY(...)                                             \
    ({                                                       \
        auto&& try_result_ = (__VA_ARGS__);                  \
        if (!try_result_) [[unlikely]]                       \
            return ::vitrine::core::propagated(try_result_); \
        *std::move(try_result_);                             \
    })

/// Returns the error of a `Result` from the function around it, if it has one.
#define CHECK(...)                                                             \
    do {                                                                       \
        if (auto&& check_result_ = (__VA_ARGS__); !check_result_) [[unlikely]] \
            return ::vitrine::core::propagated(check_result_);                 \
    } while (false)

/// Our own fault, never the input's: on in release builds too.
#define ASSERT(...)                          \
    (static_cast<bool>(__VA_ARGS__) ? void() \
                                    : ::vitrine::core::assertion_failed(#__VA_ARGS__, __FILE__, __LINE__))
