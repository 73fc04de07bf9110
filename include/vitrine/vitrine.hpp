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

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>
#if __has_include(<expected>)
#  include <expected>
#endif

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

// ---------------------------------------------------------------------------------------------- errors

enum class TrapKind : std::uint8_t {
    Unreachable,
    MemoryOutOfBounds,
    TableOutOfBounds,
    UndefinedElement,
    UninitializedElement,
    IndirectCallTypeMismatch,
    IntegerDivideByZero,
    IntegerOverflow,
    InvalidConversionToInteger,
    StackOverflow,
    NullReference,
    NullFunction,
    NullStruct,
    NullArray,
    NullI31,
    NullException,
    ArrayOutOfBounds,
    CastFailure,
    UnalignedAtomic,
    NotShared,
    /// The heap of structs and arrays is full, or the host has no memory.
    OutOfMemory,
    /// Nobody caught what was thrown: `Trap::exception`.
    UncaughtException,
    /// An `Interrupter` ended the guest.
    Interrupted,
    /// A host function failed; the text is its own.
    HostError,
    /// The guest asked to end, as WASI's proc_exit does: `Trap::exit_status` says how.
    Exit,
    /// A debugger ended the guest.
    Killed,
};

/// A guest function that was active when a trap happened.
struct TraceFrame {
    /// Index in its module's function index space.
    std::uint32_t function = 0;
    /// From the name section, the exports or the imports; empty if there is none.
    std::string name {};
    /// Byte offset in the module's file: of the instruction itself for the innermost frame, behind the call for the others.
    std::uint32_t offset = 0;
    /// From the module's name section; empty if there is none.
    std::string module {};
    /// What `Module::owns` knows its module by.
    std::shared_ptr<const void> owner {};
};

/// Why the guest could not go on. Its text is the specification's, or what the host function said.
struct Trap {
    TrapKind kind = TrapKind::Unreachable;
    std::string text {};
    /// Innermost frame first; the outermost of a deep recursion are left out.
    std::vector<TraceFrame> backtrace {};
    /// Of `Exit`.
    int exit_status = 0;
    /// Of `UncaughtException`: keeps what was thrown, so that a host function that returns the error throws it on.
    /// `Val::thrown` shows it.
    std::shared_ptr<void> exception {};
};

/// Why something failed: a refusal, or the guest's trap.
class Error {
public:
    explicit Error(std::string message, std::optional<std::uint64_t> offset = std::nullopt)
        : message_(std::move(message)), offset_(offset)
    {}
    explicit Error(Trap trap) : message_(trap.text), trap_(std::make_shared<const Trap>(std::move(trap))) {}

    const std::string& message() const { return message_; }
    /// Byte offset in the file that was refused.
    std::optional<std::uint64_t> offset() const { return offset_; }
    /// The trap, when the guest is at fault; null otherwise. Lives as long as the error.
    const Trap* trap() const { return trap_.get(); }
    /// The status of a guest that asked to end.
    std::optional<int> exit_status() const
    {
        return trap_ && trap_->kind == TrapKind::Exit ? std::optional(trap_->exit_status) : std::nullopt;
    }
    /// One line, fit to be shown.
    std::string to_text() const;

private:
    std::string message_;
    std::optional<std::uint64_t> offset_;
    std::shared_ptr<const Trap> trap_;
};

template<class T> class Result;

namespace detail {
/// Ends the program: a result's error, named here, was not looked at.
[[noreturn]] void no_value(const Error& error);
/// Ends the program: a result was asked for its error, and has none.
[[noreturn]] void no_error();

/// What `transform` answers with.
template<class R, class F> Result<std::invoke_result_t<F, R>> transformed(F&& change, R&& value)
{
    if constexpr (std::is_void_v<std::invoke_result_t<F, R>>) {
        std::forward<F>(change)(std::forward<R>(value));
        return {};
    } else {
        return std::forward<F>(change)(std::forward<R>(value));
    }
}
} // namespace detail

/// A value, or the error that prevented it: the interface of `std::expected<T, Error>`, and one class in every
/// language standard. Asking for the one that is not there ends the program with a message.
template<class T> class [[nodiscard]] Result {
public:
    using value_type = T;
    using error_type = Error;

    Result(T value) : content_(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : content_(std::in_place_index<1>, std::move(error)) {}

    bool has_value() const { return content_.index() == 0; }
    explicit operator bool() const { return has_value(); }

    const T& value() const&
    {
        if (const T* value = std::get_if<0>(&content_))
            return *value;
        detail::no_value(error());
    }
    T& value() & { return const_cast<T&>(std::as_const(*this).value()); }
    T&& value() && { return std::move(value()); }
    const T& operator*() const& { return value(); }
    T& operator*() & { return value(); }
    T&& operator*() && { return std::move(value()); }
    const T* operator->() const { return &value(); }
    T* operator->() { return &value(); }
    template<class U> T value_or(U&& other) const&
    {
        return has_value() ? value() : static_cast<T>(std::forward<U>(other));
    }
    template<class U> T value_or(U&& other) &&
    {
        return has_value() ? std::move(value()) : static_cast<T>(std::forward<U>(other));
    }

    const Error& error() const&
    {
        if (const Error* error = std::get_if<1>(&content_))
            return *error;
        detail::no_error();
    }
    Error& error() & { return const_cast<Error&>(std::as_const(*this).error()); }
    Error&& error() && { return std::move(error()); }

    /// The value becomes another result.
    template<class F> auto and_then(F&& next) const& -> std::remove_cvref_t<std::invoke_result_t<F, const T&>>
    {
        if (has_value())
            return std::forward<F>(next)(value());
        return error();
    }
    template<class F> auto and_then(F&& next) && -> std::remove_cvref_t<std::invoke_result_t<F, T>>
    {
        if (has_value())
            return std::forward<F>(next)(std::move(value()));
        return std::move(error());
    }
    /// The value becomes another value, or nothing.
    template<class F> auto transform(F&& change) const& -> Result<std::invoke_result_t<F, const T&>>
    {
        if (has_value())
            return detail::transformed<const T&>(std::forward<F>(change), value());
        return error();
    }
    template<class F> auto transform(F&& change) && -> Result<std::invoke_result_t<F, T>>
    {
        if (has_value())
            return detail::transformed<T>(std::forward<F>(change), std::move(value()));
        return std::move(error());
    }
    /// The error becomes another result.
    template<class F> Result or_else(F&& next) const&
    {
        if (has_value())
            return *this;
        return std::forward<F>(next)(error());
    }
    template<class F> Result or_else(F&& next) &&
    {
        if (has_value())
            return std::move(*this);
        return std::forward<F>(next)(std::move(error()));
    }

#if defined(__cpp_lib_expected)
    operator std::expected<T, Error>() const&
    {
        if (has_value())
            return value();
        return std::unexpected(error());
    }
    operator std::expected<T, Error>() &&
    {
        if (has_value())
            return std::move(value());
        return std::unexpected(std::move(error()));
    }
#endif

private:
    std::variant<T, Error> content_;
};

template<> class [[nodiscard]] Result<void> {
public:
    using value_type = void;
    using error_type = Error;

    Result() = default;
    Result(Error error) : error_(std::move(error)) {}

    bool has_value() const { return !error_; }
    explicit operator bool() const { return has_value(); }
    void value() const
    {
        if (error_)
            detail::no_value(*error_);
    }
    void operator*() const { value(); }

    const Error& error() const&
    {
        if (!error_)
            detail::no_error();
        return *error_;
    }
    Error& error() & { return const_cast<Error&>(std::as_const(*this).error()); }
    Error&& error() && { return std::move(error()); }

    template<class F> auto and_then(F&& next) const -> std::remove_cvref_t<std::invoke_result_t<F>>
    {
        if (has_value())
            return std::forward<F>(next)();
        return error();
    }
    template<class F> auto transform(F&& change) const -> Result<std::invoke_result_t<F>>
    {
        if (!has_value())
            return error();
        if constexpr (std::is_void_v<std::invoke_result_t<F>>) {
            std::forward<F>(change)();
            return {};
        } else {
            return std::forward<F>(change)();
        }
    }
    template<class F> Result or_else(F&& next) const
    {
        if (has_value())
            return *this;
        return std::forward<F>(next)(error());
    }

#if defined(__cpp_lib_expected)
    operator std::expected<void, Error>() const
    {
        if (has_value())
            return {};
        return std::unexpected(error());
    }
#endif

private:
    std::optional<Error> error_;
};

// ---------------------------------------------------------------------------------------------- types

enum class ValKind : std::uint8_t { None, I32, I64, F32, F64, V128, FuncRef, ExternRef, AnyRef, ExnRef };

/// `i32`, `funcref`, ...
std::string_view to_text(ValKind kind);

/// What a reference refers to: an abstract heap type of the specification, or a type that a module defines.
enum class HeapKind : std::uint8_t {
    Func,
    Extern,
    Any,
    Eq,
    I31,
    Struct,
    Array,
    Exn,
    None,
    NoFunc,
    NoExtern,
    NoExn,
    /// `ValType::index` and `name` say which.
    Defined,
};

/// A value type exactly as a module declares it, where `ValKind` only tells the hierarchy of a reference.
struct ValType {
    ValKind kind = ValKind::None;
    /// Only of references.
    bool is_nullable = false;
    HeapKind heap = HeapKind::Any;
    /// Only for a defined type: its index in the module's type index space, and its name in the name section. The module is the one
    /// that is described; of an object of a store, the first of the store's instances whose module has the type.
    std::optional<std::uint32_t> index {};
    std::string name {};

    /// As WAT writes it: `i32`, `externref`, `(ref null $pt)`, `(ref 3)`.
    std::string to_text() const;
    friend bool operator==(const ValType&, const ValType&) = default;
};

/// Compared by the kinds.
struct FuncType {
    std::vector<ValKind> params {};
    std::vector<ValKind> results {};
    /// The exact types, in a description of something that exists. Not looked at where something is made.
    std::vector<ValType> param_types {};
    std::vector<ValType> result_types {};

    /// `(param i32) (result i64)`, with the exact types where they are known.
    std::string to_text() const;
    friend bool operator==(const FuncType& a, const FuncType& b)
    {
        return a.params == b.params && a.results == b.results;
    }
};

/// Compared by the kind.
struct GlobalType {
    ValKind kind = ValKind::I32;
    bool is_mutable = false;
    /// The exact type, in a description. Not looked at where a global is made.
    ValType type {};
    friend bool operator==(const GlobalType& a, const GlobalType& b)
    {
        return a.kind == b.kind && a.is_mutable == b.is_mutable;
    }
};

/// Sizes in pages of 64 KiB.
struct MemoryType {
    std::uint64_t min = 0;
    std::optional<std::uint64_t> max = std::nullopt;
    bool is_shared = false;
    bool is_64 = false;
    friend bool operator==(const MemoryType&, const MemoryType&) = default;
};

/// Sizes in elements. Compared by the element's kind and the sizes.
struct TableType {
    ValKind element = ValKind::FuncRef;
    std::uint64_t min = 0;
    std::optional<std::uint64_t> max = std::nullopt;
    bool is_64 = false;
    /// The exact type of the elements, in a description. Not looked at where a table is made.
    ValType element_type {};
    friend bool operator==(const TableType& a, const TableType& b)
    {
        return a.element == b.element && a.min == b.min && a.max == b.max && a.is_64 == b.is_64;
    }
};

enum class ExternKind : std::uint8_t { Func, Table, Memory, Global, Tag };

/// `func`, `table`, `memory`, `global`, `tag`
std::string_view to_text(ExternKind kind);

// Rows that describe a module's index spaces; imports come first in each.

struct ImportName {
    std::string module;
    std::string name;
};

/// What every row of an index space says.
struct EntityInfo {
    std::uint32_t index = 0;
    /// From the name section; else empty.
    std::string name;
    /// Where it comes from, when it is imported.
    std::optional<ImportName> import = std::nullopt;
    /// The names under which it is exported.
    std::vector<std::string> exports;
};

struct FuncInfo : EntityInfo {
    FuncType type;
    /// Where its body begins in the file, in bytes: the header of its locals, behind which the first instruction comes. 0 for imports.
    std::uint32_t offset = 0;
    /// Behind the body's last byte. 0 for imports.
    std::uint32_t end = 0;
};
struct GlobalInfo : EntityInfo {
    GlobalType type;
};
struct MemoryInfo : EntityInfo {
    MemoryType type;
};
struct TableInfo : EntityInfo {
    TableType type;
};
struct TagInfo : EntityInfo {
    FuncType type;
};

struct ImportInfo {
    std::string module;
    std::string name;
    ExternKind kind = ExternKind::Func;
    std::uint32_t index = 0;
};

struct ExportInfo {
    std::string name;
    ExternKind kind = ExternKind::Func;
    std::uint32_t index = 0;
};

// ---------------------------------------------------------------------------------------------- engine and module

/// How an engine is made. Each setter returns the config, so that they chain.
class Config {
public:
    /// Opens what the language hides: entities that are not exported, frames, stops. Off by default. The guest runs the same code either way.
    Config& guest_debug(bool on)
    {
        guest_debug_ = on;
        return *this;
    }
    /// Bytes of a guest thread's stack, 64 KiB to 1 GiB; 4 MiB by default. What does not fit is the trap `StackOverflow`.
    Config& max_stack_bytes(std::uint64_t bytes)
    {
        max_stack_bytes_ = bytes;
        return *this;
    }
    /// Upper bound of each memory in pages of 64 KiB; by default only the memory's own type bounds it.
    Config& max_memory_pages(std::uint64_t pages)
    {
        max_memory_pages_ = pages;
        return *this;
    }
    /// Upper bound of the bytes of all structs, arrays and exceptions of a store; 4 GiB by default. What does not fit
    /// is the trap `OutOfMemory`.
    Config& max_heap_bytes(std::uint64_t bytes)
    {
        max_heap_bytes_ = bytes;
        return *this;
    }
    /// Collects garbage at every allocation, to find mistakes. Slow; off by default.
    Config& stress_collector(bool on)
    {
        stress_collector_ = on;
        return *this;
    }
    /// Switches a feature of the language on or off, by the name that `vitrine opcodes` shows (`simd`, `gc`,
    /// `threads`, ...); the engine carries an error for another name. Modules that use what is off are refused. By
    /// default all of WebAssembly 3.0 and the legacy exceptions are on, `custom-page-sizes` and `wide-arithmetic` off.
    Config& feature(std::string name, bool on)
    {
        features_.emplace_back(std::move(name), on);
        return *this;
    }

private:
    friend detail::Access;
    bool guest_debug_ = false;
    std::uint64_t max_stack_bytes_ = std::uint64_t { 4 } << 20;
    std::uint64_t max_memory_pages_ = std::uint64_t { 1 } << 32;
    std::uint64_t max_heap_bytes_ = std::uint64_t { 4 } << 30;
    bool stress_collector_ = false;
    std::vector<std::pair<std::string, bool>> features_;
};

/// What modules and stores have in common. A shared handle, usable from any thread.
class Engine {
public:
    Engine();
    Engine(const Engine&) = default;
    Engine& operator=(const Engine&) = default;
    /// An engine of a config that does not hold carries the error, and everything made with it answers with it.
    explicit Engine(const Config& config);
    static Result<Engine> create(const Config& config);

    /// Why the engine cannot be used; null when it can.
    const Error* error() const;
    bool guest_debug() const;

private:
    friend detail::Access;
    std::shared_ptr<detail::EngineBody> body_;
};

/// The bytes of a module inside a larger file that is in memory.
struct ModulePart {
    /// Keeps the bytes in place and unchanged. The module holds it, and so does everything that is made of the module.
    std::shared_ptr<const void> owner {};
    /// Those of the module alone.
    std::span<const std::byte> bytes {};
    /// Where they begin in the file.
    std::uint64_t file_offset = 0;
};

/// A validated module. A shared handle, usable from any thread.
class Module {
public:
    Module(const Module&) = default;
    Module& operator=(const Module&) = default;
    /// Decodes and validates a binary; the bytes are copied.
    static Result<Module> from_bytes(const Engine& engine, std::span<const std::byte> bytes);
    static Result<Module> from_file(const Engine& engine, const std::string& path);
    /// A module inside a larger file: `size` bytes from `offset` on, or all up to the file's end. Only they are read.
    static Result<Module> from_file(const Engine& engine, const std::string& path, std::uint64_t offset,
        std::optional<std::uint64_t> size = std::nullopt);
    /// The same where the bytes are in memory; they are not copied.
    static Result<Module> from_part(const Engine& engine, ModulePart part);

    /// Where the module begins in its file; 0 unless it is a part of a larger one. All other offsets, of functions, breakpoints, frames
    /// and traps, count from the module's own first byte. Only errors of loading give the place in the file.
    std::uint64_t file_offset() const;
    /// From the name section; else empty.
    std::string name() const;
    std::vector<FuncInfo> functions() const;
    /// One row of `functions`, without making the others; none if the module has fewer.
    std::optional<FuncInfo> function(std::uint32_t index) const;
    /// The function whose body has this offset in the module's file; none if there is none.
    std::optional<FuncInfo> function_at(std::uint32_t offset) const;
    std::vector<TableInfo> tables() const;
    std::vector<MemoryInfo> memories() const;
    std::vector<GlobalInfo> globals() const;
    std::vector<TagInfo> tags() const;
    std::vector<ImportInfo> imports() const;
    std::vector<ExportInfo> exports() const;
    /// The module's own bytes, as they were given; valid as long as a handle of the module lives; none when guest_debug is off.
    std::optional<std::span<const std::byte>> bytecode() const;

    /// Whether a frame of a backtrace is of this module.
    bool owns(const TraceFrame& frame) const;

    friend bool operator==(const Module& a, const Module& b);

private:
    friend detail::Access;
    Module() = default;
    std::shared_ptr<const detail::ModuleBody> body_;
};

// ---------------------------------------------------------------------------------------------- values and handles

namespace detail {

/// An object of a store: small, copyable, equal when it means the same object.
class Handle {
public:
    Handle(const Handle&) = default;
    Handle& operator=(const Handle&) = default;

    friend bool operator==(const Handle&, const Handle&) = default;
    std::size_t hash() const { return std::hash<void*>()(object_); }

protected:
    friend Access;
    Handle() = default;
    ~Handle() = default;
    std::shared_ptr<StoreLink> link_;
    void* object_ = nullptr;
};

} // namespace detail

/// 128 bits, lowest byte first.
struct V128 {
    std::array<std::uint8_t, 16> bytes {};
    friend bool operator==(const V128&, const V128&) = default;
};

/// Signature of a C++ function as a type of the guest.
template<class Signature> class TypedFunc;

/// A function of a store, the guest's or the host's.
class Func : public detail::Handle {
public:
    FuncType type() const;
    /// From the name section, the exports or the imports; a host function's is `module.name`.
    std::string name() const;
    /// Index in its module's function index space; none for host functions.
    std::optional<std::uint32_t> index() const;
    /// Calls it on this thread. The number and kinds of the arguments must be those of the type.
    Result<std::vector<Val>> call(std::span<const Val> arguments) const;
    Result<std::vector<Val>> call(std::initializer_list<Val> arguments) const;
    /// The same function with its types checked once: `typed<std::int32_t(std::int32_t)>()`. Several results are a `std::tuple`.
    template<class Signature> Result<TypedFunc<Signature>> typed() const;

    /// A host function of a store from any callable that `Linker::define` takes.
    template<class F> static Result<Func> wrap(Store& store, F&& function);

private:
    friend detail::Access;
};

/// A struct, an array or an exception of the guest, or data of the host that the guest took as anyref. It lives as long as
/// something refers to it, here or in the guest. Equal when it means the same object. Used by the store's thread.
class Object {
public:
    enum class Kind : std::uint8_t { Struct, Array, Exception, Extern };
    Kind kind() const;
    /// A struct or an array has its own defined type, never nullable; any other object is `(ref exn)` or `(ref extern)`.
    ValType type() const;
    /// The number of fields, elements or thrown values.
    std::uint64_t size() const;
    /// The exact type of a field, element or value; a packed one is an i32 here.
    Result<ValType> part_type(std::uint64_t index) const;
    /// A field, element or value; a packed one is zero-extended to i32.
    Result<Val> get(std::uint64_t index) const;
    /// Refused for what is immutable or of another type.
    Result<void> set(std::uint64_t index, const Val& value) const;

    friend bool operator==(const Object& a, const Object& b);

private:
    friend detail::Access;
    /// Roots the object.
    std::shared_ptr<detail::ObjectBody> body_;
};

/// A WebAssembly value, or none.
class Val {
public:
    Val() = default;
    static Val i32(std::int32_t value) { return Val(ValKind::I32, static_cast<std::uint32_t>(value)); }
    static Val i64(std::int64_t value) { return Val(ValKind::I64, static_cast<std::uint64_t>(value)); }
    static Val f32(float value);
    static Val f64(double value);
    static Val v128(V128 value);
    /// A reference to a function, or null.
    static Val funcref(std::optional<Func> function);
    /// A reference to data of the host, kept alive as long as the store it enters; null for a null pointer.
    static Val externref(std::shared_ptr<void> data);
    /// An i31, as an anyref; the highest bit is dropped.
    static Val i31(std::int32_t value);
    /// A reference to an object: anyref, exnref for an exception, externref for data of the host.
    static Val ref(Object object);
    /// What was thrown when nobody caught it, as an exnref; none for another trap.
    static Val thrown(const Trap& trap);
    /// The null reference of a kind, which must be one of references.
    static Val null(ValKind kind);

    ValKind kind() const { return kind_; }
    /// The exact type of the value itself, not of the place that it was read from: of a reference what it refers to, of null the
    /// lowest type of the hierarchy (`nullref`).
    ValType type() const;
    bool is_ref() const { return kind_ >= ValKind::FuncRef; }
    /// Whether it is a null reference.
    bool is_null() const;

    // These assert the kind, naming both.
    std::int32_t i32() const { return static_cast<std::int32_t>(expect(ValKind::I32)); }
    std::int64_t i64() const { return static_cast<std::int64_t>(expect(ValKind::I64)); }
    float f32() const;
    double f64() const;
    V128 v128() const;
    std::optional<Func> funcref() const;
    std::shared_ptr<void> externref() const;

    /// The number of an anyref or externref that is an i31.
    std::optional<std::int32_t> as_i31() const;
    /// What an anyref, exnref or externref refers to, if it is an object. The reference is valid until the value changes.
    const std::optional<Object>& as_object() const;

    // These answer none for another kind.
    std::optional<std::int32_t> as_i32() const
    {
        return kind_ == ValKind::I32 ? std::optional(i32()) : std::nullopt;
    }
    std::optional<std::int64_t> as_i64() const
    {
        return kind_ == ValKind::I64 ? std::optional(i64()) : std::nullopt;
    }
    std::optional<float> as_f32() const
    {
        return kind_ == ValKind::F32 ? std::optional(f32()) : std::nullopt;
    }
    std::optional<double> as_f64() const
    {
        return kind_ == ValKind::F64 ? std::optional(f64()) : std::nullopt;
    }
    std::optional<V128> as_v128() const
    {
        return kind_ == ValKind::V128 ? std::optional(v128()) : std::nullopt;
    }
    /// Neither for another kind nor for null.
    std::optional<Func> as_funcref() const
    {
        const Func* func = std::get_if<Func>(&rest_);
        return func ? std::optional(*func) : std::nullopt;
    }
    std::shared_ptr<void> as_externref() const
    {
        const auto* data = std::get_if<std::shared_ptr<void>>(&rest_);
        return data ? *data : nullptr;
    }

    /// Integers signed, floats shortest, references as `null`, `func NAME`, `extern 0x..`, `i31 5`,
    /// `struct {1, null}`, `array[2] {1, 2}`, `exception {7}`.
    std::string to_text() const;

    /// Floats are compared by their bits, references by what they mean.
    friend bool operator==(const Val& a, const Val& b);

private:
    friend detail::Access;
    Val(ValKind kind, std::uint64_t low, std::uint64_t high = 0) : kind_(kind), low_(low), rest_(high) {}
    std::uint64_t expect(ValKind kind) const;
    std::uint64_t high() const
    {
        const std::uint64_t* high = std::get_if<std::uint64_t>(&rest_);
        return high ? *high : 0;
    }
    /// The host data of an externref; null for every other value.
    void* data() const
    {
        const auto* data = std::get_if<std::shared_ptr<void>>(&rest_);
        return data ? data->get() : nullptr;
    }

    ValKind kind_ = ValKind::None;
    /// A number, the low half of a v128, or the bits of a reference; 0 for host data that comes from the host.
    std::uint64_t low_ = 0;
    /// The high half of a v128, or what the reference refers to: a function, host data, or an object. The object is in an
    /// `optional`, always engaged, because `as_object` returns a reference to one.
    std::variant<std::uint64_t, Func, std::shared_ptr<void>, std::optional<Object>> rest_ {};
};

/// A global variable.
class Global : public detail::Handle {
public:
    static Result<Global> create(Store& store, GlobalType type, const Val& value);
    GlobalType type() const;
    /// The value. Says nothing of a failure: when the store is gone or must not be used now, the value
    /// is of kind none. `try_get` says why.
    Val get() const;
    Result<Val> try_get() const;
    /// Refused for an immutable global and for a value of another kind.
    Result<void> set(const Val& value) const;
    /// As `set`, also for an immutable global; refused when guest_debug is off.
    Result<void> debug_set(const Val& value) const;

private:
    friend detail::Access;
};

/// A linear memory that is not shared. Reads and writes are all or nothing.
class Memory : public detail::Handle {
public:
    static Result<Memory> create(Store& store, MemoryType type);
    MemoryType type() const;
    /// Bytes; 0 when the store is gone or must not be used now, which `try_size` reports.
    std::uint64_t size() const;
    Result<std::uint64_t> try_size() const;
    Result<void> read(std::uint64_t address, std::span<std::byte> to) const;
    Result<void> write(std::uint64_t address, std::span<const std::byte> from) const;
    Result<void> fill(std::uint64_t address, std::uint64_t count, std::byte value) const;
    /// Adds pages of 64 KiB and answers with the old size in pages.
    Result<std::uint64_t> grow(std::uint64_t pages) const;
    /// The first address at or after `from` where these bytes are; none if there is none, and also when
    /// the store is gone or must not be used now, which `try_find` reports.
    std::optional<std::uint64_t> find(std::span<const std::byte> bytes, std::uint64_t from = 0) const;
    Result<std::optional<std::uint64_t>> try_find(
        std::span<const std::byte> bytes, std::uint64_t from = 0) const;
    /// All bytes, valid until the next guest call or growth; empty when the store is gone or must not be
    /// used now, which `try_data` reports.
    std::span<std::byte> data() const;
    Result<std::span<std::byte>> try_data() const;

private:
    friend detail::Access;
};

/// A linear memory that several stores of an engine may have; outlives them. May be used from any thread, also while
/// guests run: bytes that they change meanwhile are read as they were before or after. Reads and writes are all or nothing.
class SharedMemory {
public:
    SharedMemory(const SharedMemory&) = default;
    SharedMemory& operator=(const SharedMemory&) = default;

    /// It is shared whatever the type says, and needs a maximum.
    static Result<SharedMemory> create(const Engine& engine, MemoryType type);
    MemoryType type() const;
    /// Bytes.
    std::uint64_t size() const;
    Result<void> read(std::uint64_t address, std::span<std::byte> to) const;
    Result<void> write(std::uint64_t address, std::span<const std::byte> from) const;
    /// Adds pages of 64 KiB and answers with the old size in pages.
    Result<std::uint64_t> grow(std::uint64_t pages) const;
    std::size_t hash() const { return std::hash<void*>()(object_.get()); }

    friend bool operator==(const SharedMemory& a, const SharedMemory& b) { return a.object_ == b.object_; }

private:
    friend detail::Access;
    SharedMemory() = default;
    std::shared_ptr<detail::EngineBody> engine_;
    std::shared_ptr<void> object_;
};

/// A table of references.
class Table : public detail::Handle {
public:
    static Result<Table> create(Store& store, TableType type, const Val& initial);
    TableType type() const;
    /// Elements; 0 when the store is gone or must not be used now, which `try_size` reports.
    std::uint64_t size() const;
    Result<std::uint64_t> try_size() const;
    Result<Val> get(std::uint64_t index) const;
    Result<void> set(std::uint64_t index, const Val& value) const;
    /// Adds elements and answers with the old size.
    Result<std::uint64_t> grow(std::uint64_t count, const Val& initial) const;

private:
    friend detail::Access;
};

/// The kind of an exception.
class Tag : public detail::Handle {
public:
    static Result<Tag> create(Store& store, const FuncType& type);
    FuncType type() const;

private:
    friend detail::Access;
};

/// Stops a running guest with the trap `Interrupted`, at its next function entry or loop header, or when a host function returns; does nothing when none runs. Usable from any
/// thread and from a signal handler, also when the store is gone.
class Interrupter {
public:
    void interrupt() const noexcept;

private:
    friend detail::Access;
    Interrupter() = default;
    std::shared_ptr<void> requests_;
};

/// A module brought to life in a store.
class Instance : public detail::Handle {
public:
    Instance(const Instance&) = default;
    Instance& operator=(const Instance&) = default;

    /// Also when the store is gone.
    Module module() const;
    /// Ordinal of its creation in the store, from 0.
    std::uint32_t number() const;

    // Exports by name.
    std::optional<Func> func(std::string_view name) const;
    std::optional<Global> global(std::string_view name) const;
    std::optional<Memory> memory(std::string_view name) const;
    std::optional<SharedMemory> shared_memory(std::string_view name) const;
    std::optional<Table> table(std::string_view name) const;
    std::optional<Tag> tag(std::string_view name) const;
    /// An exported function with its types checked; the error says which look-up failed.
    template<class Signature> Result<TypedFunc<Signature>> typed(std::string_view name) const;

    // Everything by index in the instance's own index spaces, imports included, exported or not: the same handles that exports give. None when guest_debug is off, when
    // the index is out of bounds, and for a memory of the other kind.
    std::optional<Func> debug_function(std::uint32_t index) const;
    std::optional<Global> debug_global(std::uint32_t index) const;
    std::optional<Memory> debug_memory(std::uint32_t index) const;
    std::optional<SharedMemory> debug_shared_memory(std::uint32_t index) const;
    std::optional<Table> debug_table(std::uint32_t index) const;
    std::optional<Tag> debug_tag(std::uint32_t index) const;

    // Expressions over its globals, memories and tables, where no frame is at hand: as those of a `debug::Frame`, without locals and operands.
    // Refused when guest_debug is off. The offset of an error is the position in the text.
    Result<Val> debug_evaluate(std::string_view expression) const;
    Result<std::string> debug_text_of(std::string_view expression) const;
    Result<void> debug_assign(std::string_view assignment) const;
    Result<debug::WatchPlace> debug_place(std::string_view expression) const;

private:
    friend detail::Access;
    Instance() = default;
    std::shared_ptr<const void> module_;
};

/// What a guest can use up.
enum class Resource : std::uint8_t {
    Memory,    ///< bytes of one memory
    Table,     ///< elements of one table
    Heap,      ///< bytes of all structs, arrays and exceptions
    Memories,  ///< how many memories a store has, shared ones included
    Tables,    ///< how many tables
    Instances, ///< how many instances
};

/// Says whether a store may use more of something. What is refused fails as if the system had no more of it.
using ResourceLimiter = std::function<bool(Resource resource, std::uint64_t current, std::uint64_t desired)>;

/// Owns everything that a guest can reach. Moving it keeps its handles valid; when it ends they answer with errors.
class Store {
public:
    explicit Store(const Engine& engine);
    Store(Store&&) noexcept;
    Store& operator=(Store&&) noexcept;
    ~Store();

    /// Why the store cannot be used; null when it can.
    const Error* error() const;
    /// May be asked for from any thread.
    Interrupter interrupter() const;
    /// Asked before a memory, a table or the heap of this store grows, and before it gets another one; from then on.
    /// An empty function takes the limiter away. A limiter that throws refuses. While it is asked, it may look at the store
    /// and replace itself, but the guest cannot be called and nothing else can grow.
    Result<void> limit_resources(ResourceLimiter limiter);
    /// All instances in the order of their creation; empty when guest_debug is off.
    std::vector<Instance> instances() const;
    /// Makes a debug session with a handler, which the store keeps; an empty handler ends it. Needs guest_debug. Not
    /// while the guest runs.
    Result<void> on_debug_event(std::function<debug::Resume(debug::Stopped&)> handler);
    /// That session, to set breakpoints with; null when there is none.
    debug::Session* debug_session() const;

private:
    friend detail::Access;
    friend Caller;
    Store(std::shared_ptr<detail::StoreLink> link, bool is_owner);
    std::shared_ptr<detail::StoreLink> link_;
    /// A host function has its caller's store without owning it.
    bool is_owner_ = true;
};

/// What a host function sees of its caller. Valid during the call.
class Caller {
public:
    Caller(const Caller&) = delete;
    Caller& operator=(const Caller&) = delete;

    /// The instance whose code made the call; none when the embedder did.
    std::optional<Instance> instance() const;
    /// The caller's exported memory of that name.
    std::optional<Memory> memory(std::string_view name = "memory") const;
    /// The store of the guest that calls: to make objects and instances in it.
    Store& store() { return store_; }

private:
    friend detail::Access;
    Caller(std::shared_ptr<detail::StoreLink> link, void* instance);
    Store store_;
    void* instance_;
};

// ---------------------------------------------------------------------------------------------- host functions and typed calls

namespace detail {

/// A host function on slots of 8 bytes: arguments in, results out.
using SlotFunction = std::function<Result<void>(Caller&, std::uint64_t*)>;

template<class T> constexpr ValKind kind_of()
{
    static_assert(std::is_arithmetic_v<T> && !std::is_same_v<T, bool> && (sizeof(T) == 4 || sizeof(T) == 8),
        "guest functions take and return integers and floats of 32 and 64 bits");
    if constexpr (std::is_floating_point_v<T>)
        return sizeof(T) == 4 ? ValKind::F32 : ValKind::F64;
    else
        return sizeof(T) == 4 ? ValKind::I32 : ValKind::I64;
}

template<class T> T from_slot(std::uint64_t slot)
{
    T value;
    __builtin_memcpy(&value, &slot, sizeof value);
    return value;
}
template<class T> std::uint64_t to_slot(T value)
{
    std::uint64_t slot = 0;
    __builtin_memcpy(&slot, &value, sizeof value);
    return slot;
}

/// What a result type of C++ means: how many values, and which.
template<class R> struct Results {
    static std::vector<ValKind> kinds() { return { kind_of<R>() }; }
    static void store(std::uint64_t* slots, const R& value) { slots[0] = to_slot(value); }
    static R load(const std::uint64_t* slots) { return from_slot<R>(slots[0]); }
    static constexpr std::size_t count = 1;
};
template<> struct Results<void> {
    static std::vector<ValKind> kinds() { return {}; }
    static constexpr std::size_t count = 0;
};
template<class... R> struct Results<std::tuple<R...>> {
    static std::vector<ValKind> kinds() { return { kind_of<R>()... }; }
    static void store(std::uint64_t* slots, const std::tuple<R...>& values)
    {
        std::apply([&](const R&... value) { ((*slots++ = to_slot(value)), ...); }, values);
    }
    static std::tuple<R...> load(const std::uint64_t* slots)
    {
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            return std::tuple<R...>(from_slot<R>(slots[I])...);
        }(std::index_sequence_for<R...>());
    }
    static constexpr std::size_t count = sizeof...(R);
};
template<class R> struct Results<Result<R>> : Results<R> {};

template<class R> struct IsResult : std::false_type {};
template<class R> struct IsResult<Result<R>> : std::true_type {};

/// Runs a callable and stores what it returns.
template<class R, class F> Result<void> store_result(std::uint64_t* slots, const F& run)
{
    if constexpr (std::is_void_v<R>) {
        run();
        return {};
    } else if constexpr (IsResult<R>::value) {
        R result = run();
        if (!result)
            return std::move(result).error();
        if constexpr (!std::is_void_v<typename R::value_type>)
            Results<R>::store(slots, *result);
        return {};
    } else {
        Results<R>::store(slots, run());
        return {};
    }
}

/// The parts of a callable's signature, without a leading `Caller&`.
template<class R, bool with_caller, class... A> struct HostSignature {
    static FuncType type() { return { { kind_of<std::remove_cvref_t<A>>()... }, Results<R>::kinds() }; }

    template<class F> static SlotFunction adapt(F&& function)
    {
        auto shared = std::make_shared<std::decay_t<F>>(std::forward<F>(function));
        return [shared](Caller& caller, std::uint64_t* slots) -> Result<void> {
            (void)caller;
            return store_result<R>(slots, [&] {
                return [&]<std::size_t... I>(std::index_sequence<I...>) -> R {
                    if constexpr (with_caller)
                        return (*shared)(caller, from_slot<std::remove_cvref_t<A>>(slots[I])...);
                    else
                        return (*shared)(from_slot<std::remove_cvref_t<A>>(slots[I])...);
                }(std::index_sequence_for<A...>());
            });
        };
    }
};

template<class F> struct HostTraits : HostTraits<decltype(&F::operator())> {};
template<class R, class... A> struct HostTraits<R(A...)> : HostSignature<R, false, A...> {};
template<class R, class... A> struct HostTraits<R(Caller&, A...)> : HostSignature<R, true, A...> {};
template<class R, class... A> struct HostTraits<R (*)(A...)> : HostTraits<R(A...)> {};
template<class R, class... A> struct HostTraits<R (*)(A...) noexcept> : HostTraits<R(A...)> {};
template<class C, class R, class... A> struct HostTraits<R (C::*)(A...)> : HostTraits<R(A...)> {};
template<class C, class R, class... A> struct HostTraits<R (C::*)(A...) const> : HostTraits<R(A...)> {};
template<class C, class R, class... A> struct HostTraits<R (C::*)(A...) noexcept> : HostTraits<R(A...)> {};
template<class C, class R, class... A>
struct HostTraits<R (C::*)(A...) const noexcept> : HostTraits<R(A...)> {};

Result<void> check_type(const Func& function, const FuncType& wanted);
Result<void> call_slots(const Func& function, std::uint64_t* slots);
Result<Func> wrap(Store& store, const FuncType& type, SlotFunction function);

} // namespace detail

/// A function whose types were checked: calling it converts no `Val`.
template<class R, class... A> class TypedFunc<R(A...)> {
public:
    Result<R> operator()(A... arguments) const
    {
        constexpr std::size_t count = std::max<std::size_t>({ sizeof...(A), detail::Results<R>::count, 1 });
        std::array<std::uint64_t, count> slots { detail::to_slot(arguments)... };
        if (auto called = detail::call_slots(function_, slots.data()); !called)
            return std::move(called).error();
        if constexpr (std::is_void_v<R>)
            return {};
        else
            return detail::Results<R>::load(slots.data());
    }
    const Func& func() const { return function_; }

private:
    friend Func;
    explicit TypedFunc(Func function) : function_(std::move(function)) {}
    Func function_;
};

template<class Signature> Result<TypedFunc<Signature>> Func::typed() const
{
    if (auto checked = detail::check_type(*this, detail::HostTraits<Signature>::type()); !checked)
        return std::move(checked).error();
    return TypedFunc<Signature>(*this);
}

template<class F> Result<Func> Func::wrap(Store& store, F&& function)
{
    using Traits = detail::HostTraits<std::decay_t<F>>;
    return detail::wrap(store, Traits::type(), Traits::adapt(std::forward<F>(function)));
}

namespace detail {
Result<Func> find_func(const Instance& instance, std::string_view name);
}

template<class Signature> Result<TypedFunc<Signature>> Instance::typed(std::string_view name) const
{
    auto function = detail::find_func(*this, name);
    if (!function)
        return std::move(function).error();
    return function->template typed<Signature>();
}

/// A host function that sees its arguments and gives its results as values.
using UntypedFunction = std::function<Result<std::vector<Val>>(Caller&, std::span<const Val>)>;

/// Resolves the imports of modules. Good for any store of its engine; objects of a store only for that one. Definitions chain; what is wrong with one of them is
/// reported by `instantiate`. A linker used for stores on several threads needs callables that are safe there.
class Linker {
public:
    explicit Linker(const Engine& engine);
    Linker(Linker&&) noexcept;
    Linker& operator=(Linker&&) noexcept;
    ~Linker();

    /// A function of the host: any callable on integers and floats, with an optional `Caller&` before them, that returns nothing, a value, a `std::tuple`, or a `Result`
    /// of these. An error, or an exception, becomes a trap with its text.
    template<class F>
        requires requires { &std::decay_t<F>::operator(); }
    || std::is_function_v<std::remove_pointer_t<std::decay_t<F>>>
    Linker& define(std::string module, std::string name, F&& function)
    {
        using Traits = detail::HostTraits<std::decay_t<F>>;
        return define_slots(
            std::move(module), std::move(name), Traits::type(), Traits::adapt(std::forward<F>(function)));
    }
    /// A function of the host of any type.
    Linker& define(std::string module, std::string name, const FuncType& type, UntypedFunction function);
    Linker& define(std::string module, std::string name, const Func& function);
    Linker& define(std::string module, std::string name, const Global& global);
    Linker& define(std::string module, std::string name, const Memory& memory);
    Linker& define(std::string module, std::string name, const SharedMemory& memory);
    Linker& define(std::string module, std::string name, const Table& table);
    Linker& define(std::string module, std::string name, const Tag& tag);
    /// Every export of an instance, under the module name.
    Linker& define_instance(std::string_view module, const Instance& instance);
    /// A name that is defined twice is an error, unless this is set: then the later definition counts.
    Linker& allow_shadowing(bool allow);
    /// A function that is imported and not defined is a trap with its name when it is called, instead of an error.
    Linker& trap_unknown_functions(bool trap);

    /// Makes an instance and runs its start function.
    Result<Instance> instantiate(Store& store, const Module& module) const;
    /// What would be wrong with the imports; nothing is made.
    Result<void> check(Store& store, const Module& module) const;

private:
    friend detail::Access;
    Linker& define_slots(
        std::string module, std::string name, const FuncType& type, detail::SlotFunction function);
    std::shared_ptr<detail::LinkerBody> body_;
};

// ---------------------------------------------------------------------------------------------- debugging

namespace debug {

namespace detail {
struct SessionBody;
}

/// Where to stop, and when: the first instruction at or behind a byte offset in the module's file, in all its instances of the
/// session's stores or in one.
struct BreakpointSpec {
    Module module;
    std::uint32_t offset = 0;
    std::optional<Instance> instance = std::nullopt;
    /// An expression that must hold (docs/expressions.md), as `$0 == 7 && i32[$sp+12] > 3`; without one it always does. Evaluated in the engine.
    std::string condition {};
    /// How often the guest passes before it stops.
    std::uint64_t ignore_count = 0;
    /// With a message the guest does not stop: the message is logged (`Session::on_message`), each `{expression}` in it
    /// replaced by its value.
    std::string message {};
    /// Gone after its first stop.
    bool is_temporary = false;
    bool is_enabled = true;
};

struct Breakpoint {
    std::uint32_t id = 0;
    /// As it was asked for.
    BreakpointSpec spec;
    /// Of the instruction where it stops.
    std::uint32_t offset = 0;
    /// How often the guest came there and the condition held.
    std::uint64_t hits = 0;
};

enum class StopKind : std::uint8_t {
    Entry,
    Breakpoint,
    Step,
    Interrupt,
    /// The guest cannot go on; nothing is unwound yet.
    Trap,
    /// An exception is thrown that a guest catches; nothing is unwound yet.
    Throw,
    /// An instance was made; its start function has not run.
    Load,
    /// A call that the debugger made has ended: the guest is where it was before.
    CallEnd,
    /// The last instruction, or a host function, accessed what is watched.
    Watchpoint,
};

/// What a watchpoint has seen.
struct WatchHit {
    bool is_write = false;
    /// Of a memory: the bytes before and after.
    std::vector<std::byte> old_bytes {};
    std::vector<std::byte> new_bytes {};
    /// Of everything else: the values.
    Val old_value {};
    Val new_value {};
};

struct StopReason {
    StopKind kind = StopKind::Entry;
    /// The guest thread that stopped.
    std::uint32_t thread = 1;
    /// Of `Breakpoint` and `Watchpoint`: its id.
    std::uint32_t id = 0;
    /// Of `Trap`: its kind; `HostError` for a host function that failed.
    TrapKind trap = TrapKind::Unreachable;
    /// Of `Trap`: its text. Of `Throw`: what was thrown, as text. Of `Breakpoint`: why its condition could not be evaluated, else empty.
    /// Of `Watchpoint`: `7 -> 9`, or `7` when it was read.
    std::string text {};
    /// Of `Throw`, and of the trap that nobody caught it: what was thrown, as an exnref; else none.
    Val exception {};
    /// Of `Load`.
    std::optional<Instance> instance = std::nullopt;
    /// Of `CallEnd`: what the call answered, or why it failed.
    std::optional<Result<std::vector<Val>>> results = std::nullopt;
    /// Of `Watchpoint`.
    std::optional<WatchHit> watch = std::nullopt;

    /// `entry`, `breakpoint 1`, `step`, `interrupt`, `trap: integer divide by zero`
    std::string to_text() const;
};

/// What stops the guest, besides breakpoints, steps and interrupts.
struct StopsOn {
    /// A throw that a guest catches.
    bool caught_throw = false;
    /// A throw that nobody catches.
    bool uncaught_throw = true;
    /// The guest's own faults.
    bool trap = true;
    /// A host function that failed.
    bool host_error = true;
    /// A new instance.
    bool load = false;
};

struct Local {
    /// From the name section; else empty.
    std::string name;
    Val value;
    /// As it is declared.
    ValType type {};
};

/// A frame of the stopped guest. Dies when the guest goes on: then it has no locals and no operands, and changes are errors.
class Frame {
public:
    bool is_valid() const;
    /// Whether it is a host function between guest frames.
    bool is_host() const;
    Func function() const;
    /// None for a host function, and when the frame is dead.
    std::optional<Instance> instance() const;
    std::optional<Module> module() const;
    /// Byte offset in the module's file: of the next instruction for the innermost frame of an activation, behind the call for its callers.
    std::uint32_t offset() const;
    /// Which entry from the host into the guest it belongs to, counted from the outermost.
    std::uint32_t activation() const;
    /// Parameters and locals; empty when the frame is dead, which `try_locals` reports.
    std::vector<Local> locals() const;
    Result<std::vector<Local>> try_locals() const;
    /// Bottom first; empty when the frame is dead, which `try_operands` reports.
    std::vector<Val> operands() const;
    Result<std::vector<Val>> try_operands() const;
    /// The exact types of the operands, bottom first, as validation knows them.
    std::vector<ValType> operand_types() const;
    /// The value may be of any subtype of the local's type.
    Result<void> set_local(std::uint32_t index, const Val& value) const;
    Result<void> set_operand(std::uint32_t index, const Val& value) const;
    /// The value of an expression over the frame's locals, operands, globals, memories and tables (docs/expressions.md). The offset
    /// of an error in it is the position in the text.
    Result<Val> evaluate(std::string_view expression) const;
    /// The value as text; also of an expression that is itself a text (`cstr[$0]`).
    Result<std::string> text_of(std::string_view expression) const;
    /// `place = expression`, or `+=` and its like: writes to a local, a global, an operand, bytes of a memory, ...
    Result<void> assign(std::string_view assignment) const;
    /// What an expression stands for rather than its value, to watch it: a local, a global, `i32[$p + 8]`, `table[2]`.
    Result<WatchPlace> place(std::string_view expression) const;

private:
    friend vitrine::detail::Access;
    Frame() = default;
    std::shared_ptr<detail::SessionBody> session_;
    std::shared_ptr<vitrine::detail::StoreLink> link_;
    std::shared_ptr<const void> frame_;
    std::uint64_t generation_ = 0;
};

/// A guest thread of a session: that of its own store, or of another one that was added or spawned.
class GuestThread {
public:
    /// From 1; none is given twice.
    std::uint32_t id() const { return id_; }
    /// Whether it runs code of the guest, or waits in a host function that the guest called.
    bool is_running() const { return is_running_; }
    /// Every activation, innermost frame first; empty when the guest is not stopped.
    std::vector<Frame> frames() const;

private:
    friend vitrine::detail::Access;
    GuestThread() = default;
    std::shared_ptr<detail::SessionBody> session_;
    std::uint32_t id_ = 0;
    bool is_running_ = false;
};

/// Bytes of a memory.
struct MemoryRange {
    std::variant<Memory, SharedMemory> memory;
    std::uint64_t address = 0;
    std::uint64_t size = 0;
};

struct TableSlot {
    Table table;
    std::uint64_t index = 0;
};

/// A local of a frame, as long as that lives.
struct FrameLocal {
    Frame frame;
    std::uint32_t index = 0;
};

enum class WatchAccess : std::uint8_t {
    Read,
    Write,
    /// Both.
    ReadWrite,
    /// Writes that leave another value.
    Change,
};

/// What to watch, and for what: by instructions of every kind, and by host functions as far as they change something. The guest stops behind
/// the instruction.
struct WatchpointSpec {
    WatchPlace what;
    WatchAccess access = WatchAccess::Change;
};

struct Watchpoint {
    std::uint32_t id = 0;
    WatchAccess access = WatchAccess::Change;
    std::uint64_t hits = 0;
};

/// A guest that stands still. Letting it go on consumes this; dropping it leaves the guest as it is, until its session ends.
class Stopped {
public:
    Stopped(Stopped&&) noexcept = default;
    Stopped& operator=(Stopped&&) noexcept = default;
    ~Stopped() = default;

    const StopReason& reason() const { return reason_; }
    /// Of the thread that stopped: every activation, innermost frame first.
    std::vector<Frame> frames() const;
    /// All guest threads; they all stand still.
    std::vector<GuestThread> threads() const;

    // What a thread does first when it goes on: the one that stopped (0), or another one by its
    // number. The last of these counts. What is refused (because the thread is in a host function
    // or has not begun, or the place does not fit) changes nothing; otherwise frames that were
    // looked at before are dead.

    /// The next instruction is the one at `offset` of the innermost function. It must expect the operands that are
    /// there, or fewer: the rest is dropped.
    Result<void> jump(std::uint32_t offset, std::uint32_t thread = 0);
    /// Leaves the next instruction out. What it would have made is zero or null, or an operand that it would have taken.
    Result<void> skip(std::uint32_t thread = 0);
    /// The frame, of any thread, and all that it has called, return to its caller with these
    /// results. Not beyond a host function.
    Result<void> return_from(const Frame& frame, std::span<const Val> results);
    Result<void> return_from(const Frame& frame, std::initializer_list<Val> results);
    /// Throws an exception when the thread goes on, instead of whatever was about to happen. The
    /// tag is one of the thread's store.
    Result<void> throw_exception(const Tag& tag, std::span<const Val> values, std::uint32_t thread = 0);
    Result<void> throw_exception(const Tag& tag, std::initializer_list<Val> values, std::uint32_t thread = 0);
    /// Takes the exception that is being thrown, so that nobody catches it: the call from the host fails cleanly. Use
    /// `return_from` to let the guest go on without it.
    Result<void> clear_exception(std::uint32_t thread = 0);

private:
    friend vitrine::detail::Access;
    Stopped() = default;
    std::shared_ptr<detail::SessionBody> session_;
    StopReason reason_;
};

/// The guest has ended, or could not be run: results, or the error. Misuse of the session arrives here too.
struct Exited {
    Result<std::vector<Val>> results;
};

using Event = std::variant<Stopped, Exited>;

/// How a handler lets the guest go on.
class Resume {
public:
    static Resume go() { return Resume(0); }
    /// One instruction.
    static Resume step() { return Resume(1); }
    /// One instruction; a call with all that happens in it.
    static Resume step_over() { return Resume(2); }
    /// To the instruction behind the call of the innermost frame.
    static Resume step_out() { return Resume(3); }
    /// To the first instruction at or behind an offset in the innermost guest frame's function.
    static Resume run_to(std::uint32_t offset) { return Resume(4, offset); }
    /// Ends the guest with the trap `Killed`.
    static Resume stop_guest() { return Resume(5); }

private:
    friend vitrine::detail::Access;
    explicit Resume(std::uint8_t kind, std::uint32_t offset = 0) : kind_(kind), offset_(offset) {}
    std::uint8_t kind_;
    std::uint32_t offset_;
};

/// Called at each stop on the guest's thread: it may look at the guest, change it and call it (its stops nest), and says how it goes on.
/// The guest ends with what it throws.
using StopHandler = std::function<Resume(Stopped&)>;

/// Watches the guest of a store, or of several, and stops it. The stores must outlive it. Two ways:
///
/// Without a handler it runs the guest on a thread of its own: `call`, `instantiate`, `run` and those that resume wait for the next stop or
/// end. With a handler the embedder runs the guest as ever, on his own thread, and the handler is called at each stop.
///
/// All members may be called from any thread. Misuse (a call while the guest stands still, the stop of another
/// session, ...) is an error, and changes nothing.
class Session {
public:
    /// A store has at most one session, and its engine must have guest_debug; otherwise the session carries the error.
    explicit Session(Store& store);
    Session(Store& store, StopHandler handler);
    static Result<Session> create(Store& store);
    static Result<Session> create(Store& store, StopHandler handler);
    /// Ends what runs, also in the stores that were added; a call that another thread begins meanwhile goes on without the session. On a
    /// thread that runs the guest, or in the handler, it ends the program.
    ~Session();
    Session(Session&&) noexcept;
    Session& operator=(Session&&) noexcept;

    /// Why the session cannot be used; null when it can.
    const Error* error() const;

    /// The guest of another store, which its embedder runs on another thread, is watched too: breakpoints hold for it, and all stop when one
    /// stops. Not while it runs.
    Result<void> add_store(Store& store);
    Result<void> remove_store(Store& store);

    /// Its id. The place may be in a module that has no instance yet.
    Result<std::uint32_t> add_breakpoint(const BreakpointSpec& spec);
    /// Everything but the place.
    Result<void> change_breakpoint(std::uint32_t id, const BreakpointSpec& spec);
    Result<void> remove_breakpoint(std::uint32_t id);
    std::vector<Breakpoint> breakpoints() const;
    /// Its id, of which breakpoints and watchpoints share the numbers. Not while the guest runs.
    Result<std::uint32_t> add_watchpoint(const WatchpointSpec& spec);
    Result<void> remove_watchpoint(std::uint32_t id);
    /// Those on locals end with their frames.
    std::vector<Watchpoint> watchpoints() const;
    /// What else stops; an exception that a guest catches does not at first.
    Result<void> stop_on(StopsOn what);
    /// Takes the messages of breakpoints, on the guest's thread.
    Result<void> on_message(std::function<void(std::string_view)> sink);

    /// Calls a function of the store. With `stop_at_entry` the guest stops before its first instruction.
    Event call(const Func& function, std::span<const Val> arguments, bool stop_at_entry = false);
    Event call(const Func& function, std::initializer_list<Val> arguments, bool stop_at_entry = false);
    /// Makes an instance: its start function stops as every other. `instance` is it, once that has ended well.
    Event instantiate(const Linker& linker, const Module& module, bool stop_at_entry = false);
    std::optional<Instance> instance() const;
    /// Runs any code on the guest's thread, which may use the store's handles there; its result is that of the event.
    Event run(std::function<Result<std::vector<Val>>()> body, bool stop_at_entry = false);
    /// Waits for the next stop or end of a guest that is running: of one that was let go, or that its embedder runs.
    Event wait();

    Event resume(Stopped stopped);
    /// As `resume`, and does not wait.
    Result<void> go(Stopped stopped);
    // The thread that stopped takes the step, or another guest thread of the stop, by its number.

    /// One instruction; the other threads stay stopped, unless it may wait for them.
    Event step(Stopped stopped, std::uint32_t thread = 0);
    /// One instruction; a call with all that happens in it. When an exception leaves the call, to where it is caught; over a
    /// tail call to behind the call of the frame that it ends.
    Event step_over(Stopped stopped, std::uint32_t thread = 0);
    /// To the instruction behind the call of the innermost frame; to the end when nobody called it.
    Event step_out(Stopped stopped, std::uint32_t thread = 0);
    /// To the first instruction at or behind an offset in the innermost guest frame's function, or to the next stop before it.
    Event run_to(Stopped stopped, std::uint32_t offset, std::uint32_t thread = 0);
    /// Ends the guest with the trap `Killed`.
    Event kill(Stopped stopped);
    /// Calls a function on a thread (0: the one that stopped), whose store it is of, as a call of
    /// its own on top of the thread's frames. Breakpoints in it stop; a trap unwinds only to it.
    /// The event of its end is the stop `CallEnd` of that thread, with the guest where it was.
    Event call(
        Stopped stopped, const Func& function, std::span<const Val> arguments, std::uint32_t thread = 0);
    Event call(Stopped stopped, const Func& function, std::initializer_list<Val> arguments,
        std::uint32_t thread = 0);

    /// Stops the running guest at its next function entry or loop header, or in the host function that it waits in. Does nothing when it does not run.
    void interrupt();
    /// Ends the guest with the trap `Killed`, whether it runs or is stopped: its next event is its end. A guest in a host function
    /// ends when that returns. Does nothing when it has ended.
    void kill();
    /// Why the guest stands still just now, if it does: also when a door has the say.
    std::optional<StopReason> stopped() const;

private:
    friend vitrine::detail::Access;
    Session() = default;
    std::shared_ptr<detail::SessionBody> body_;
};

} // namespace debug
} // namespace vitrine

template<class T>
    requires std::is_base_of_v<vitrine::detail::Handle, T>
struct std::hash<T> {
    std::size_t operator()(const T& handle) const noexcept { return handle.hash(); }
};
template<> struct std::hash<vitrine::SharedMemory> {
    std::size_t operator()(const vitrine::SharedMemory& memory) const noexcept { return memory.hash(); }
};
