// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

namespace vitrine::core::test {

/// Whether the tests run under AddressSanitizer or ThreadSanitizer: code takes many times the time and the stack.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool is_sanitized = true;
#elif defined(__has_feature)
#  if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool is_sanitized = true;
#  else
inline constexpr bool is_sanitized = false;
#  endif
#else
inline constexpr bool is_sanitized = false;
#endif

} // namespace vitrine::core::test
