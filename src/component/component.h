// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "component/shape.h"
#include "runtime/instance.h"
#include "wasm/module.h"

#include <memory>
#include <string_view>
#include <variant>
#include <vector>

namespace vitrine::core::component {

/// The index spaces of a component.
enum class Sort : uint8_t {
    CoreFunc,
    CoreTable,
    CoreMemory,
    CoreGlobal,
    CoreTag,
    CoreType,
    CoreModule,
    CoreInstance,
    Func,
    Value,
    Type,
    Component,
    Instance,
};

struct SortIndex {
    Sort sort;
    uint32_t index;
};

// -- Definitions. Indices in them are those of the file; what validation adds is marked.

struct Definition;

/// A nested core module. Its offsets are relative to its own first byte.
struct CoreModuleDef {
    std::shared_ptr<core::Module> module;
};

/// `index` is the core instance.
struct CoreArgument {
    std::string_view name;
    uint32_t index;
};
struct CoreExport {
    std::string_view name;
    core::ExternKind kind;
    uint32_t index;
};
/// Made from a module if there is one, else of exports.
struct CoreInstanceDef {
    std::optional<uint32_t> module {};
    std::vector<CoreArgument> arguments {};
    std::vector<CoreExport> exports {};
};

/// A recursion group of core types. Indices are those of the core type index space, but
/// `group_start` is 0.
struct CoreTypeGroup {
    IndexVector<core::TypeIndex, core::SubType> types;
};
struct ModuleTypeImport {
    std::string_view module;
    std::string_view name;
    core::ExternDesc type;
};
struct ModuleTypeAlias {
    uint32_t outer;
    uint32_t index;
};
struct ModuleTypeExport {
    std::string_view name;
    core::ExternDesc type;
};
struct ModuleTypeItem {
    std::variant<CoreTypeGroup, ModuleTypeImport, ModuleTypeAlias, ModuleTypeExport> item;
    CodeOffset offset;
};
struct ModuleTypeDef {
    std::vector<ModuleTypeItem> items;
};
struct CoreTypeDef {
    std::variant<CoreTypeGroup, ModuleTypeDef> type;
};

class Component;
struct ComponentNames;
struct NestedComponentDef {
    std::shared_ptr<Component> component;
};

struct Argument {
    std::string_view name;
    SortIndex item;
};
struct InlineExport {
    ExternName name;
    SortIndex item;
};
/// Made from a component if there is one, else of exports.
struct InstanceDef {
    std::optional<uint32_t> component {};
    std::vector<Argument> arguments {};
    std::vector<InlineExport> exports {};
    /// Set by validation.
    TypeId type {};
};

struct ExportAlias {
    uint32_t instance;
    std::string_view name;
};
struct CoreExportAlias {
    uint32_t instance;
    std::string_view name;
};
struct OuterAlias {
    uint32_t outer;
    uint32_t index;
};
struct AliasDef {
    Sort sort;
    std::variant<ExportAlias, CoreExportAlias, OuterAlias> target;
};

struct ResourceDef {
    core::ValueType rep;
    std::optional<uint32_t> destructor;
    /// Set by validation.
    ResourceId resource {};
};
struct InstanceTypeDef {
    std::vector<Definition> items;
};
struct ComponentTypeDef {
    std::vector<Definition> items;
};
struct TypeSectionDef {
    std::variant<ValueDef, FuncType, ResourceDef, InstanceTypeDef, ComponentTypeDef> type;
};

enum class CanonOp : uint8_t {
#define CANON(name, code, text, immediates, rule, signature) name,
#include "component/canon.inc"
};
std::string_view to_text(CanonOp op);

enum class CanonOptionKind : uint8_t {
    Utf8,
    Utf16,
    Latin1Utf16,
    Memory,
    Realloc,
    PostReturn,
    Async,
    Callback
};
std::string_view to_text(CanonOptionKind kind);
struct CanonOption {
    CanonOptionKind kind;
    uint32_t index = 0;
};

enum class StringEncoding : uint8_t { Utf8, Utf16, Latin1Utf16 };
struct CanonOptions {
    StringEncoding encoding = StringEncoding::Utf8;
    std::optional<uint32_t> memory {}, realloc {}, post_return {}, callback {};
    bool is_async = false;
};

struct CanonDef {
    CanonOp op;
    /// The function that is lifted or lowered, or the type that a built-in is about.
    uint32_t index = 0;
    /// The type of a lifted function; the memory, table or slot of a built-in.
    uint32_t second = 0;
    /// `async` or `cancellable`.
    bool flag = false;
    std::optional<ValType> result {};
    core::ValueType context {};
    std::vector<CanonOption> option_list {};

    // Set by validation: the options; the function type if it lifts or lowers one, else the type
    // that it is about; and the core function's type.
    CanonOptions options {};
    TypeId type {};
    core::TypeId core_type {};
    /// Set by `prepare`, except for `lift`: what implements the core function. The
    /// second is for a `lower` of a function of the host.
    const core::HostFunction* implementation = nullptr;
    const core::HostFunction* host_implementation = nullptr;
};

/// The type of an import or export as written: an index of the type index space (for `CoreModule`,
/// of the core type index space). Without an index, a new resource type.
struct ExternTypeDef {
    Sort sort;
    std::optional<uint32_t> index;
};

struct ImportDef {
    ExternName name;
    ExternTypeDef type;
    /// Set by validation.
    Entity entity {};
};
/// In a component, `item` is what is exported. In a type there is only `type`.
struct ExportDef {
    ExternName name;
    std::optional<SortIndex> item;
    std::optional<ExternTypeDef> type;
    /// Set by validation.
    Entity entity {};
};

struct Definition {
    std::variant<CoreModuleDef, CoreInstanceDef, CoreTypeDef, NestedComponentDef, InstanceDef, AliasDef,
        TypeSectionDef, CanonDef, ImportDef, ExportDef>
        def;
    /// In the bytes of the component that it belongs to.
    CodeOffset offset;
};

/// A component: its definitions in the order of the file, which is the order in which they are
/// validated and instantiated. Immutable once validated. Views in it point into the file, which it
/// keeps alive. All offsets are relative to the first byte of the component, also if it is nested
/// in another one.
class Component {
public:
    /// `part` must lie within the file. The decoder fills in the rest.
    Component(std::shared_ptr<const FileBytes> file, Bytes part) : file_(std::move(file)), bytes_(part) {}
    Component(const Component&) = delete;
    Component& operator=(const Component&) = delete;

    Bytes bytes() const { return bytes_; }
    /// The offset of the component in its file.
    uint64_t file_offset() const
    {
        return file_->offset() + static_cast<uint64_t>(bytes_.data() - file_->bytes().data());
    }
    const std::shared_ptr<const FileBytes>& file() const { return file_; }

    std::vector<Definition> definitions;
    std::vector<CustomSection> customs;

    // Set by validation. The types are shared with the components nested in it.
    std::shared_ptr<Types> types;
    /// The same types laid out. Refers to `types`.
    std::shared_ptr<Shapes> shapes;
    /// Keeps the core types registered that `types` refers to.
    std::shared_ptr<std::vector<core::TypeRegistry::Claim>> core_claims;
    TypeId type {};
    /// From the `component-name` section.
    std::shared_ptr<const ComponentNames> names;
    /// Those that `CanonDef` refers to.
    std::deque<core::HostFunction> host_functions;

private:
    std::shared_ptr<const FileBytes> file_;
    Bytes bytes_;
};

} // namespace vitrine::core::component
