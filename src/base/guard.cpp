// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "base/guard.h"

namespace vitrine::core {

#if defined(__cpp_exceptions)

Thrown describe_exception() noexcept
{
    constexpr const char* out_of_memory = "out of memory";
    try {
        throw;
    } catch (const std::bad_alloc&) {
        return { out_of_memory, true };
    } catch (const std::exception& exception) {
        try {
            return { exception.what() };
        } catch (...) {
            // Not enough memory for the text.
            return { out_of_memory, true };
        }
    } catch (...) {
        try {
            return { "the host threw something that is not a std::exception" };
        } catch (...) {
            return { out_of_memory, true };
        }
    }
}

#endif

} // namespace vitrine::core
