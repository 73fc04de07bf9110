/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * The version of the library, engines, and what can be configured.
 */
#ifndef VITRINE_CONFIG_H
#define VITRINE_CONFIG_H

#include <vitrine/error.h>
#include <vitrine/version.h>

#ifdef __cplusplus
extern "C" {
#endif

#define own

/* The version of the library at run time, for example `0.1.0`. vitrine/version.h has the version of the
 * headers as `VITRINE_VERSION_MAJOR`, `_MINOR` and `_PATCH`. With a shared library, that can be older. */
WASM_API_EXTERN const char* vitrine_version(void);

/* ---------------------------------------------------------------------------------------------- *
 * Configuration
 * ---------------------------------------------------------------------------------------------- */

/* Whether a debugger may access everything in the guest: entities that are not exported, frames,
 * stops. Off by default. The guest runs the same code either way. */
WASM_API_EXTERN void vitrine_config_guest_debug(wasm_config_t*, bool on);
/* Stack size of a guest thread in bytes, 64 KiB to 1 GiB. The default is 4 MiB. A guest that exceeds
 * it traps with `VITRINE_TRAP_STACK_OVERFLOW`. */
WASM_API_EXTERN void vitrine_config_max_stack_bytes(wasm_config_t*, uint64_t bytes);
/* Maximum size of each memory in pages of 64 KiB. By default, only the type of the memory limits it. */
WASM_API_EXTERN void vitrine_config_max_memory_pages(wasm_config_t*, uint64_t pages);
/* Maximum total size in bytes of the structs, arrays and exceptions of a store. The default is 4 GiB. A
 * guest that exceeds it traps with `VITRINE_TRAP_OUT_OF_MEMORY`. */
WASM_API_EXTERN void vitrine_config_max_heap_bytes(wasm_config_t*, uint64_t bytes);
/* Collects garbage at every allocation, to find bugs. Slow. Off by default. */
WASM_API_EXTERN void vitrine_config_stress_collector(wasm_config_t*, bool on);
/* The name of a feature of WebAssembly or of the component model (`simd`, `gc`, `threads`, `cm-async` and so
 * on). They are numbered from 0; null after the last. `is_default`, which may be null, gets whether it is
 * enabled by default. */
WASM_API_EXTERN const char* vitrine_feature(size_t number, bool* is_default);
/* Enables or disables a feature by its name. Modules that use a disabled feature are refused. By default
 * everything in WebAssembly 3.0 and the legacy exceptions are enabled; `custom-page-sizes` and
 * `wide-arithmetic` are not. If there is no such feature, or no memory for the setting, `vitrine_engine_new`
 * says so. */
WASM_API_EXTERN void vitrine_config_feature(wasm_config_t*, const char* name, bool on);
/* Enables or disables several features, as `--features` of the command does: names separated by commas,
 * where a minus disables a feature and `all` stands for all of them, for example `all,-simd`. Later names
 * take precedence. Errors are reported as by `vitrine_config_feature`. */
WASM_API_EXTERN void vitrine_config_features(wasm_config_t*, const char* list);

/* How guest code is executed. The results are the same; only the speed differs. */
typedef uint8_t vitrine_tier_t;
enum vitrine_tier_enum {
    VITRINE_TIER_AUTO,        /* interprets functions at first, and compiles those that run often */
    VITRINE_TIER_INTERPRETER, /* only interprets */
    VITRINE_TIER_COMPILED,    /* compiles each function when it is first called; for tests */
    VITRINE_TIER_MIXED,       /* decides at random at each call and iteration; for tests */
};

/* The default is `VITRINE_TIER_AUTO`. If the process cannot have executable memory, everything is
 * interpreted. */
WASM_API_EXTERN void vitrine_config_tier(wasm_config_t*, vitrine_tier_t);
/* How often a function must run before it is compiled, in percent of the default: 1 to 1,000,000. Only
 * for `VITRINE_TIER_AUTO`. */
WASM_API_EXTERN void vitrine_config_tier_threshold(wasm_config_t*, uint32_t percent);
/* Maximum total size of the machine code of all modules in bytes, at most 64 GiB. The default is
 * 256 MiB. When it is reached, functions that are not compiled yet stay interpreted. With 0, nothing is
 * compiled. */
WASM_API_EXTERN void vitrine_config_max_code_bytes(wasm_config_t*, uint64_t bytes);
/* Whether compiled code may detect accesses beyond the end of a memory by a page fault. On by default.
 * Without it, compiled code compares addresses, which takes about a quarter more time.
 *
 * The first engine that compiles with this option installs a handler of SIGSEGV for the process, and the
 * last such engine restores the former one. The handler passes on all faults but those of machine code
 * that an engine made. A program that installs a handler later must pass on faults that are not its own,
 * too. Do not block SIGSEGV on a thread that calls a guest. */
WASM_API_EXTERN void vitrine_config_signal_handlers(wasm_config_t*, bool on);

/* ---------------------------------------------------------------------------------------------- *
 * Engines
 * ---------------------------------------------------------------------------------------------- */

/* Like `wasm_engine_new_with_config`, but says what is wrong with a configuration. It is deleted in any
 * case. Null for the default one. */
WASM_API_EXTERN own vitrine_error_t* vitrine_engine_new(own wasm_config_t*, own wasm_engine_t** out);
/* Whether the engine was configured with `vitrine_config_guest_debug`. */
WASM_API_EXTERN bool vitrine_engine_guest_debug(const wasm_engine_t*);
/* Whether the engine accepts modules that use this feature. False if there is none of this name. */
WASM_API_EXTERN bool vitrine_engine_has_feature(const wasm_engine_t*, const char* name);

#undef own

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* VITRINE_CONFIG_H */
