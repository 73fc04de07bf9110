// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

namespace vitrine::core::test {

// Code takes many times as long with AddressSanitizer or ThreadSanitizer, and much more stack with
// AddressSanitizer.
#if defined(__SANITIZE_ADDRESS__)
#  define VITRINE_TEST_ADDRESS_SANITIZER true
#elif defined(__has_feature)
#  if __has_feature(address_sanitizer)
#    define VITRINE_TEST_ADDRESS_SANITIZER true
#  endif
#endif
#if defined(__SANITIZE_THREAD__)
#  define VITRINE_TEST_THREAD_SANITIZER true
#elif defined(__has_feature)
#  if __has_feature(thread_sanitizer)
#    define VITRINE_TEST_THREAD_SANITIZER true
#  endif
#endif
#if !defined(VITRINE_TEST_ADDRESS_SANITIZER)
#  define VITRINE_TEST_ADDRESS_SANITIZER false
#endif
#if !defined(VITRINE_TEST_THREAD_SANITIZER)
#  define VITRINE_TEST_THREAD_SANITIZER false
#endif
inline constexpr bool has_large_frames = VITRINE_TEST_ADDRESS_SANITIZER;
inline constexpr bool is_sanitized = VITRINE_TEST_ADDRESS_SANITIZER || VITRINE_TEST_THREAD_SANITIZER;

} // namespace vitrine::core::test
