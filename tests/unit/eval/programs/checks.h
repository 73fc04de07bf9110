// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A guest that compares expressions with its own values: each CHECK passes an expression as text,
// and its value, to the host, which evaluates the text in the caller's frame.
#pragma once

#define IMPORT(name) __attribute__((import_module("test"), import_name(#name)))
#ifdef __cplusplus
extern "C" {
#endif
IMPORT(integer) void check_integer(const char* text, long long value);
IMPORT(real) void check_real(const char* text, double value);
/// What `print` shows.
IMPORT(shown) void check_shown(const char* text, const char* value);
/// Calls a function: its result.
IMPORT(call) void check_call(const char* text, long long value);
/// Performs an assignment.
IMPORT(assign) void assign(const char* text);
#ifdef __cplusplus
}
#endif

#define CHECK(...) check_integer(#__VA_ARGS__, (long long)(__VA_ARGS__))
#define CHECK_REAL(...) check_real(#__VA_ARGS__, (double)(__VA_ARGS__))
