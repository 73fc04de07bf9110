// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The C++ API of Vitrine, a WebAssembly runtime that a debugger can see into. C++20, no exceptions needed.
//
// The library calls functions of yours: host functions, sinks, limiters, handlers of stops. What they throw ends the guest's
// call with a trap that has the exception's text (`OutOfMemory` for `std::bad_alloc`); a limiter that throws refuses. None of
// them may end its own store or session: that ends the program, with a message that names the call.
//
// When there is no memory, functions that return a `Result` or an `Event` answer with the error `out of memory`, or the
// guest's trap `OutOfMemory`. Others throw `std::bad_alloc`. What exists stays usable.
//
// Threads: an `Engine` and its `Module`s may be used from any thread, a `Store` and its handles from one at a time. While a
// debug session runs the guest, using the store's handles from another thread is an `Error`.
#pragma once

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
