// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The C++ API of Vitrine, a WebAssembly runtime that a debugger can see into. It needs C++20 and
// works without exceptions.
//
// Callbacks: the library calls functions of the embedder, such as host functions, output sinks,
// resource limiters and stop handlers. If one throws, the guest's call ends with a trap that has
// the exception's text (`OutOfMemory` for `std::bad_alloc`); a limiter that throws refuses the
// request. A callback must not destroy the store or session that called it. If it does, the program
// aborts with a message that names the call.
//
// Out of memory: functions that return a `Result` or an `Event` return the error `out of memory` or
// the trap `OutOfMemory`. Other functions throw `std::bad_alloc`. Existing objects remain usable.
//
// Threads: an `Engine` and its `Module`s may be used from any thread. A `Store` and its handles may
// be used from one thread at a time. While a debug session runs the guest, using the store's
// handles from another thread returns an `Error`.
#pragma once

#include <vitrine/component.hpp>
#include <vitrine/debug.hpp>
#include <vitrine/engine.hpp>
#include <vitrine/entity.hpp>
#include <vitrine/error.hpp>
#include <vitrine/export.hpp>
#include <vitrine/forward.hpp>
#include <vitrine/func.hpp>
#include <vitrine/instance.hpp>
#include <vitrine/kinds.hpp>
#include <vitrine/linker.hpp>
#include <vitrine/module.hpp>
#include <vitrine/result.hpp>
#include <vitrine/store.hpp>
#include <vitrine/types.hpp>
#include <vitrine/value.hpp>
#include <vitrine/version.hpp>
