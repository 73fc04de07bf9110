// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <exception>
#include <new>
#include <string>
#include <type_traits>

namespace vitrine::core {

/// An exception thrown by the embedder's code, or by the standard library when memory runs out.
struct Thrown {
    /// The exception's `what()`. The text for `bad_alloc` is short enough not to need an
    /// allocation.
    std::string text;
    bool is_out_of_memory = false;
};

#if defined(__cpp_exceptions)
/// Describes the exception currently being handled.
Thrown describe_exception() noexcept;
#endif

/// Runs `code`. If it throws, returns what `otherwise` makes of the exception. Every call of the
/// embedder's code, and every boundary where a failed allocation becomes an error or a trap, goes
/// through this function. Without exception support it just runs the code.
template<class F, class G> std::invoke_result_t<const F&> guarded(const F& code, const G& otherwise)
{
#if defined(__cpp_exceptions)
    try {
        return code();
    } catch (...) {
        return otherwise(describe_exception());
    }
#else
    (void)otherwise;
    return code();
#endif
}

} // namespace vitrine::core
