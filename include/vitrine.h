/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * What Vitrine has beyond the standard C API of WebAssembly, which wasm.h declares. Both can be used
 * together: engines, stores and references are those of wasm.h. See vitrine/error.h for what all
 * functions have in common.
 */
#ifndef VITRINE_H
#define VITRINE_H

#include <vitrine/component.h>
#include <vitrine/component_debug.h>
#include <vitrine/config.h>
#include <vitrine/debug.h>
#include <vitrine/entity.h>
#include <vitrine/error.h>
#include <vitrine/func.h>
#include <vitrine/instance.h>
#include <vitrine/linker.h>
#include <vitrine/module.h>
#include <vitrine/session.h>
#include <vitrine/store.h>
#include <vitrine/value.h>
#include <wasm.h>

#endif /* VITRINE_H */
