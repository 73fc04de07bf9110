// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Forward declarations of the public classes.
#pragma once

#include <variant>

namespace vitrine {

class Caller;
class Component;
class ComponentFunc;
class ComponentInstance;
class ComponentLinker;
class ComponentVal;
class Engine;
class Func;
class Global;
class HostResourceType;
class Instance;
class Linker;
class Memory;
class Module;
class PreparedComponent;
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
/// State that a watchpoint can watch.
using WatchPlace = std::variant<MemoryRange, Global, TableSlot, FrameLocal>;
} // namespace debug

/// Internals of the library. Not part of the API.
namespace detail {
struct Access;
struct ComponentBody;
struct ComponentLinkerBody;
struct EngineBody;
struct LinkerBody;
struct ModuleBody;
struct ObjectBody;
struct PreparedComponentBody;
struct StoreLink;
} // namespace detail

} // namespace vitrine
