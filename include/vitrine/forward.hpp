// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The names of the public classes, for headers that need no more of them.
#pragma once

#include <variant>

namespace vitrine {

class Caller;
class Engine;
class Func;
class Global;
class Instance;
class Linker;
class Memory;
class Module;
class SharedMemory;
class Store;
class Table;
class Tag;
class Val;

namespace debug {
class Resume;
class Session;
class Stopped;
struct FrameLocal;
struct MemoryRange;
struct TableSlot;
/// What can be watched.
using WatchPlace = std::variant<MemoryRange, Global, TableSlot, FrameLocal>;
} // namespace debug

/// What the library keeps to itself.
namespace detail {
struct Access;
struct EngineBody;
struct LinkerBody;
struct ModuleBody;
struct ObjectBody;
struct StoreLink;
} // namespace detail

} // namespace vitrine
