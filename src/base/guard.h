// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <exception>
#include <new>
#include <string>
#include <type_traits>

namespace vitrine::core {

/// What code threw: code of the embedder, or the standard library when there is no memory.
struct Thrown {
    /// The exception's own words. Making the text of `bad_alloc` allocates nothing.
    std::string text;
    bool is_out_of_memory = false;
};

#if defined(__cpp_exceptions)
/// Describes the exception that is being handled.
Thrown describe_exception() noexcept;
#endif

/// Runs `code`, and answers with `otherwise` of what it throws. Everything that the library calls of the embedder's, and
/// every boundary at which allocation failure becomes an error or a trap, goes through here. In a build without exceptions
/// it only runs the code.
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
