// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <vitrine.h>
#include <vitrine/component.hpp>
#include <vitrine/vitrine.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

// What the handles of the C API are. The layer uses the public C++ API only.

namespace vitrine::capi {

/// Ends the process: the embedder has done what the C API calls undefined.
[[noreturn]] void misuse(const char* function, const char* what);

/// The same for a parameter that is null.
[[noreturn]] void is_null(const char* function, const char* parameter);

/// The object that a parameter points at.
template<class T> T& required(T* pointer, const char* function, const char* parameter)
{
    if (!pointer)
        is_null(function, parameter);
    return *pointer;
}

/// The result of `code`, or `otherwise` if it throws: no exception reaches a C program.
template<class R, class F> R guarded(R otherwise, const F& code) noexcept
{
    try {
        return code();
    } catch (...) {
        return otherwise;
    }
}

/// What an embedder attaches to an entity.
class HostInfo {
public:
    HostInfo() = default;
    HostInfo(void* info, void (*finalizer)(void*)) : info_(info), finalizer_(finalizer) {}
    HostInfo(HostInfo&& other) noexcept
        : info_(std::exchange(other.info_, nullptr)), finalizer_(std::exchange(other.finalizer_, nullptr))
    {}
    HostInfo& operator=(HostInfo&& other) noexcept
    {
        std::swap(info_, other.info_);
        std::swap(finalizer_, other.finalizer_);
        return *this;
    }
    ~HostInfo()
    {
        if (finalizer_)
            finalizer_(info_);
    }
    void* get() const { return info_; }

private:
    void* info_ = nullptr;
    void (*finalizer_)(void*) = nullptr;
};

/// An entity that does not end with its store, and is reached through references only.
template<class T> struct Shared {
    explicit Shared(const T& value) : value(value) {}
    T value;
    HostInfo info;
};
struct Nothing {};
using SharedModule = std::shared_ptr<Shared<Module>>;
using SharedTrap = std::shared_ptr<Shared<Error>>;
using Foreign = std::shared_ptr<Shared<Nothing>>;
/// A reference to an object of the garbage-collected heap, or to data of the C++ API.
using Other = std::shared_ptr<Shared<Val>>;

using Entity = std::variant<Func, Global, Table, Memory, vitrine::SharedMemory, Tag, Instance, SharedModule,
    SharedTrap, Foreign, Other>;

/// What all references to the entities of a store share.
struct StoreBody {
    explicit StoreBody(const Engine& engine) : engine(engine), store(std::in_place, engine) {}

    Engine engine;
    /// Empty once the embedder has deleted the store.
    std::optional<Store> store;
    /// The references that the guest has as externrefs, by the pointer that it has instead.
    std::unordered_map<const void*, std::weak_ptr<wasm_ref_t>> boxes;
    /// Those of entities that end with the store.
    std::unordered_map<Entity, HostInfo> infos;
    /// What the references to a module share, while there are any. Any thread may list the
    /// breakpoints of a session, and so make references to modules.
    std::vector<std::weak_ptr<Shared<Module>>> modules;
    std::mutex modules_mutex;
    /// What `vitrine_store_set_data` has attached.
    HostInfo data;
};
/// What a store of the C++ API has as its data, so that a function of the host finds it.
using StoreData = std::weak_ptr<StoreBody>;

/// The parameters and results of a function.
struct Signature {
    std::vector<ValKind> params;
    std::vector<ValKind> results;
    /// Whether all are numbers of at most 64 bits.
    bool is_numeric = false;
};

/// Makes a reference of the right C type. Never null.
wasm_ref_t* make_reference(const std::shared_ptr<StoreBody>& store, Entity entity);
/// The reference to a function, and so on; the caller knows what it is.
template<class T> T* make(const std::shared_ptr<StoreBody>& store, Entity entity)
{
    return static_cast<T*>(make_reference(store, std::move(entity)));
}
/// The same for an export; null for none.
wasm_extern_t* make_extern(const std::shared_ptr<StoreBody>& store, const std::optional<Extern>& item);
/// The memory that an instance exports under this name, shared or not; null for none.
wasm_memory_t* make_memory(
    const std::shared_ptr<StoreBody>& store, const Instance& instance, std::string_view name);
/// The entity of a reference. None if it can be neither imported nor exported.
std::optional<Extern> extern_of(const wasm_ref_t& reference);
/// Never null: null would mean that there was no trap.
wasm_trap_t* make_trap(const std::shared_ptr<StoreBody>& store, const Error& error) noexcept;
/// The trap for which there need be no memory, once there is an engine. Belongs to no store.
wasm_trap_t* out_of_memory_trap();
/// All references to one module of a store are the same.
wasm_module_t* make_module(const std::shared_ptr<StoreBody>& store, const Module& module);
/// What a C program passes for the imports of a module. A null one is misuse of the function.
std::vector<Extern> externs_of(std::span<wasm_extern_t* const> imports, const char* function);

// Errors.

/// Never null. `store` may be null if the error is no trap.
vitrine_error_t* make_error(const std::shared_ptr<StoreBody>& store, const Error& error) noexcept;
/// The error for which there need be no memory.
vitrine_error_t* out_of_memory() noexcept;
/// The error of `code`, which returns a `Result<void>`, or null. No exception reaches a C program.
template<class F> vitrine_error_t* attempt(const std::shared_ptr<StoreBody>& store, const F& code) noexcept
{
    return guarded(out_of_memory(), [&]() -> vitrine_error_t* {
        const Result<void> done = code();
        return done ? nullptr : make_error(store, done.error());
    });
}

// Kinds, types and values.

/// The kind of an exported or imported tag, which the standard does not have.
inline constexpr wasm_externkind_t tag_kind = VITRINE_EXTERN_TAG;

/// The numbers of the standard for each `ValKind`. A null reference stands for none.
inline constexpr wasm_valkind_t kind_numbers[] { WASM_EXTERNREF, WASM_I32, WASM_I64, WASM_F32, WASM_F64,
    VITRINE_V128, WASM_FUNCREF, WASM_EXTERNREF, VITRINE_ANYREF, VITRINE_EXNREF };
constexpr wasm_valkind_t kind_of(ValKind kind) { return kind_numbers[static_cast<std::size_t>(kind)]; }
/// None for what is no kind.
std::optional<ValKind> kind_of(wasm_valkind_t kind);
wasm_externtype_t* make_type(const FuncType& type);
wasm_externtype_t* make_type(const GlobalType& type);
wasm_externtype_t* make_type(const TableType& type);
wasm_externtype_t* make_type(const MemoryType& type);
/// Null if there is no memory, or no type, which the result owns.
wasm_importtype_t* make_importtype(std::string_view module, std::string_view name, wasm_externtype_t* type);
wasm_exporttype_t* make_exporttype(std::string_view name, wasm_externtype_t* type);
FuncType type_of(const wasm_functype_t& type);
vitrine_limits_t limits_of(const MemoryType& type);
vitrine_limits_t limits_of(const TableType& type);
/// Limits that do not fit become the largest number.
wasm_limits_t limits_of(std::uint64_t min, std::optional<std::uint64_t> max);

/// Converts a value. Fails if it is of another kind or refers to something that cannot be `wanted`,
/// and for a v128, for which `wasm_val_t` has no room.
Result<Val> to_val(const std::shared_ptr<StoreBody>& store, const wasm_val_t& value, ValKind wanted);
Result<Val> to_val(const std::shared_ptr<StoreBody>& store, const vitrine_val_t& value, ValKind wanted);
/// The same for a value of any kind.
Result<Val> to_val(const std::shared_ptr<StoreBody>& store, const vitrine_val_t& value);
/// Converts a reference; null is a null reference.
Result<Val> to_val(const std::shared_ptr<StoreBody>& store, const wasm_ref_t* reference, ValKind wanted);
/// Fails for a v128.
Result<wasm_val_t> from_val(const std::shared_ptr<StoreBody>& store, const Val& value);
/// The same for the value that has room for all. A null reference for none.
vitrine_val_t val_of(const std::shared_ptr<StoreBody>& store, const Val& value);
/// A function of the host as a linker takes it. It belongs to the store, but does not keep it.
UntypedFunction host_function(const std::shared_ptr<StoreBody>& store, const FuncType& type,
    vitrine_func_callback_t callback, HostInfo env);
/// Null for a null reference.
wasm_ref_t* reference_of(const std::shared_ptr<StoreBody>& store, const Val& value);

// Vectors.

/// Makes a vector of this size. Its elements are zero. Empty if there is no memory for it.
template<class V> void allocate(V& out, std::size_t size)
{
    using T = std::remove_pointer_t<decltype(out.data)>;
    out.data = size == 0 ? nullptr : new (std::nothrow) T[size] {};
    out.size = out.data ? size : 0;
}
/// With a zero behind the text, which the size does not count.
void fill(wasm_byte_vec_t& out, std::string_view text);
/// The same, but throws if there is no memory, and leaves `out` alone then.
inline void assign(wasm_byte_vec_t& out, std::string_view text)
{
    wasm_byte_vec_t made;
    fill(made, text);
    if (!made.data)
        throw std::bad_alloc();
    out = made;
}
/// Fills with what `text` returns. Empty if there is no memory.
template<class F> void fill_text(wasm_byte_vec_t& out, const F& text)
{
    out = {};
    guarded(false, [&] {
        fill(out, text());
        return true;
    });
}
inline std::string_view text_of(const wasm_byte_vec_t& bytes) { return { bytes.data, bytes.size }; }
/// Deletes the elements of a vector, and empties it.
template<class V> void destroy_elements(V* vector, void (*destroy)(decltype(V::data)))
{
    if (!vector)
        return;
    for (std::size_t i = 0; i < vector->size; ++i)
        destroy(vector->data + i);
    delete[] vector->data;
    *vector = {};
}

} // namespace vitrine::capi

struct wasm_config_t {
    vitrine::Config config;
    /// Whether there was memory for all settings.
    bool is_complete = true;
};

struct wasm_engine_t {
    vitrine::Engine engine;
};

struct wasm_store_t {
    std::shared_ptr<vitrine::capi::StoreBody> body;
};

struct vitrine_linker_t {
    std::shared_ptr<vitrine::capi::StoreBody> store;
    vitrine::Linker linker;
    /// A module without anything in it. Linking it fails if a definition has failed.
    vitrine::Module empty;
};

namespace vitrine::capi {

/// The error of `use`, which takes the store of the linker, or that it is gone.
template<class F> vitrine_error_t* with_linker(const vitrine_linker_t& linker, const F& use)
{
    return attempt(linker.store, [&]() -> Result<void> {
        if (!linker.store->store)
            return Error("the store is gone");
        return use(*linker.store->store);
    });
}

} // namespace vitrine::capi

struct vitrine_component_linker_t {
    vitrine::ComponentLinker linker;
};

struct vitrine_caller_t {
    const std::weak_ptr<vitrine::capi::StoreBody>& store;
    vitrine::Caller& caller;
    std::optional<wasm_store_t> handle;
};

struct wasm_ref_t {
    wasm_ref_t(std::shared_ptr<vitrine::capi::StoreBody> store, vitrine::capi::Entity entity)
        : store(std::move(store)), entity(std::move(entity))
    {}
    virtual ~wasm_ref_t() = default;
    wasm_ref_t(const wasm_ref_t&) = delete;
    wasm_ref_t& operator=(const wasm_ref_t&) = delete;

    template<class T> const T* as() const { return std::get_if<T>(&entity); }

    const std::shared_ptr<vitrine::capi::StoreBody> store;
    const vitrine::capi::Entity entity;
};

struct wasm_trap_t final : wasm_ref_t {
    using wasm_ref_t::wasm_ref_t;
    const vitrine::Error& error() const { return std::get<vitrine::capi::SharedTrap>(entity)->value; }
};
struct wasm_foreign_t final : wasm_ref_t {
    using wasm_ref_t::wasm_ref_t;
};
struct wasm_module_t final : wasm_ref_t {
    using wasm_ref_t::wasm_ref_t;
    const vitrine::Module& module() const { return std::get<vitrine::capi::SharedModule>(entity)->value; }
};
struct wasm_instance_t final : wasm_ref_t {
    using wasm_ref_t::wasm_ref_t;
    const vitrine::Instance& instance() const { return std::get<vitrine::Instance>(entity); }
};

struct wasm_extern_t : wasm_ref_t {
    using wasm_ref_t::wasm_ref_t;
};
struct wasm_func_t final : wasm_extern_t {
    using wasm_extern_t::wasm_extern_t;
    const vitrine::Func& func() const { return std::get<vitrine::Func>(entity); }
    const vitrine::capi::Signature& signature() const;

private:
    mutable std::optional<vitrine::capi::Signature> signature_;
};
struct wasm_global_t final : wasm_extern_t {
    using wasm_extern_t::wasm_extern_t;
    const vitrine::Global& global() const { return std::get<vitrine::Global>(entity); }
};
struct wasm_table_t final : wasm_extern_t {
    using wasm_extern_t::wasm_extern_t;
    const vitrine::Table& table() const { return std::get<vitrine::Table>(entity); }
};
/// A memory that is shared, or one that is not.
struct wasm_memory_t final : wasm_extern_t {
    using wasm_extern_t::wasm_extern_t;
};

struct vitrine_error_t {
    /// The store of the trap.
    std::shared_ptr<vitrine::capi::StoreBody> store;
    vitrine::Error error;
};

struct wasm_shared_module_t {
    vitrine::Engine engine;
    vitrine::Module module;
};

struct wasm_frame_t {
    vitrine::TraceFrame frame;
    std::size_t function_offset = 0;
    std::shared_ptr<wasm_instance_t> instance;
};

// Types.

/// There is one of each kind, so that none is allocated.
struct wasm_valtype_t {
    wasm_valkind_t kind;
};

struct wasm_externtype_t {
    explicit wasm_externtype_t(wasm_externkind_t kind) : kind(kind) {}
    virtual ~wasm_externtype_t() = default;
    wasm_externtype_t(const wasm_externtype_t&) = delete;
    wasm_externtype_t& operator=(const wasm_externtype_t&) = delete;

    const wasm_externkind_t kind;
};
struct wasm_functype_t final : wasm_externtype_t {
    wasm_functype_t() : wasm_externtype_t(WASM_EXTERN_FUNC) {}
    ~wasm_functype_t() override;
    wasm_valtype_vec_t params {};
    wasm_valtype_vec_t results {};
};
struct wasm_globaltype_t final : wasm_externtype_t {
    wasm_globaltype_t(wasm_valtype_t content, wasm_mutability_t mutability)
        : wasm_externtype_t(WASM_EXTERN_GLOBAL), content(content), mutability(mutability)
    {}
    wasm_valtype_t content;
    wasm_mutability_t mutability;
};
struct wasm_tabletype_t final : wasm_externtype_t {
    wasm_tabletype_t(wasm_valtype_t element, wasm_limits_t limits)
        : wasm_externtype_t(WASM_EXTERN_TABLE), element(element), limits(limits)
    {}
    wasm_valtype_t element;
    wasm_limits_t limits;
};
struct wasm_memorytype_t final : wasm_externtype_t {
    explicit wasm_memorytype_t(wasm_limits_t limits) : wasm_externtype_t(WASM_EXTERN_MEMORY), limits(limits)
    {}
    wasm_limits_t limits;
};
struct wasm_importtype_t {
    ~wasm_importtype_t();
    wasm_name_t module {};
    wasm_name_t name {};
    wasm_externtype_t* type = nullptr;
};
struct wasm_exporttype_t {
    ~wasm_exporttype_t();
    wasm_name_t name {};
    wasm_externtype_t* type = nullptr;
};
