// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/file_bytes.h"
#include "wasm/func_meta.h"
#include "wasm/names.h"
#include "wasm/opcode.h"
#include "wasm/type_registry.h"
#include "wasm/types.h"

#include <array>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

namespace vitrine::core {

/// The location of a constant expression in the module, including its `end`. It has been validated,
/// so its evaluation fails only if the heap is full.
struct ConstExpr {
    CodeOffset offset = 0;
    uint32_t size = 0;
};

struct Import {
    std::string_view module;
    std::string_view name;
    ExternKind kind;
    /// Index in the index space of `kind`.
    uint32_t index;
    CodeOffset offset;
};

struct Export {
    std::string_view name;
    ExternKind kind;
    uint32_t index;
    CodeOffset offset;
};

/// Declarations. Each index space starts with the imports. `offset` is the offset of the
/// declaration (or of its import) in the module.
struct FuncDecl {
    TypeIndex type;
    CodeOffset offset;
};

struct TableDecl {
    TableType type;
    std::optional<ConstExpr> init {};
    CodeOffset offset;
};

struct MemoryDecl {
    MemoryType type;
    CodeOffset offset;
};

struct GlobalDecl {
    GlobalType type;
    /// Empty (size 0) for imports.
    ConstExpr init {};
    CodeOffset offset;
};

struct TagDecl {
    TypeIndex type;
    CodeOffset offset;
};

enum class SegmentMode : uint8_t { Passive, Active, Declarative };

struct ElemSegment {
    SegmentMode mode;
    TableIndex table {};
    ConstExpr start {};
    ValueType type;
    /// Function indices, or one expression per element.
    std::variant<std::vector<FuncIndex>, std::vector<ConstExpr>> items;
    CodeOffset offset;

    uint32_t size() const
    {
        return std::visit([](const auto& list) { return static_cast<uint32_t>(list.size()); }, items);
    }
};

struct DataSegment {
    SegmentMode mode;
    MemoryIndex memory {};
    ConstExpr start {};
    Bytes bytes;
    CodeOffset offset;
};

struct CustomSection {
    std::string_view name;
    Bytes bytes;
    /// Offset of `bytes` in the module.
    CodeOffset offset;
};

/// Offset and size of a section's contents in the module. [spec: binary/modules]
struct Section {
    uint8_t id;
    CodeOffset offset;
    uint32_t size;
};

/// The declarations of a binary. Immutable once validated, and shared by all instances. Views in it
/// point into the file, which it keeps alive. A module can be part of that file; all offsets are
/// relative to the first byte of the module.
class Module {
public:
    /// The bytes of the module, without the rest of the file.
    Bytes bytes() const { return bytes_; }
    /// The offset of the module in its file.
    uint64_t file_offset() const
    {
        return file_->offset() + static_cast<uint64_t>(bytes_.data() - file_->bytes().data());
    }
    /// Whether the module is known to be the whole file.
    bool is_whole_file() const { return file_->is_whole() && bytes_.size() == file_->bytes().size(); }

    /// The number of imports of a kind. They have the first indices of their index space.
    uint32_t imported(ExternKind kind) const
    {
        return static_cast<uint32_t>(imports_of_[static_cast<size_t>(kind)].size());
    }
    bool is_imported(FuncIndex index) const { return index.value < imported(ExternKind::Func); }

    const FuncType& func_type(FuncIndex index) const { return *types[functions[index].type].func(); }
    TypeId func_type_id(FuncIndex index) const { return type_ids[functions[index].type]; }
    /// Converts a type of this module to its engine-wide form, with a `TypeId` instead of the type
    /// index.
    ValueType canonical(ValueType type) const
    {
        if (!type.is_ref() || type.heap() != HeapKind::Defined)
            return type;
        const TypeIndex index { type.index() };
        return ValueType::ref(type_ids[index], type.is_nullable(), types[index].func() != nullptr);
    }
    /// The metadata of a function that is defined in this module.
    const FuncMeta& meta(FuncIndex index) const { return bodies[index.value - imported(ExternKind::Func)]; }
    /// The function whose body contains the byte at `offset`, if any.
    std::optional<FuncIndex> find_function(CodeOffset offset) const;
    /// The module's index of an engine-wide type. If it declares the type several times, the first
    /// that has a name, else the first. None for a type of other modules.
    std::optional<TypeIndex> find_type(TypeId id) const;
    const Export* find_export(std::string_view name) const;
    /// The first export of the entity, or null.
    const Export* find_export(ExternKind kind, uint32_t index) const;
    /// All exports of the entity, in module order.
    std::vector<const Export*> exports_of(ExternKind kind, uint32_t index) const;
    /// The first export whose name is already used by an earlier one. Null in valid modules.
    const Export* find_duplicate_export() const;
    const Import* find_import(ExternKind kind, uint32_t index) const;
    /// The number of entities of a kind, imports included.
    uint32_t count(ExternKind kind) const;
    /// The indices of the entities of a kind that have this name in the name section; if there are
    /// none, of the one that is exported under it; if there is none either, of those that are
    /// imported under it. In ascending order. The first call sorts the names.
    std::vector<uint32_t> entities_named(ExternKind kind, std::string_view name) const;

    /// The name section, decoded by the first call. Malformed subsections are ignored.
    const Names& names() const;
    /// The name to display for an entity: from the name section, or else of its export, or else of
    /// its import.
    std::string name_of(ExternKind kind, uint32_t index) const;

    std::vector<Section> sections;
    IndexVector<TypeIndex, SubType> types;
    /// The engine-wide id of each type, and the claim that keeps them registered. Set by
    /// validation.
    IndexVector<TypeIndex, TypeId> type_ids;
    TypeRegistry::Claim type_claim;
    std::vector<const TypeInfo*> type_infos;
    std::vector<Import> imports;
    std::vector<Export> exports;
    IndexVector<FuncIndex, FuncDecl> functions;
    IndexVector<TableIndex, TableDecl> tables;
    IndexVector<MemoryIndex, MemoryDecl> memories;
    IndexVector<GlobalIndex, GlobalDecl> globals;
    IndexVector<TagIndex, TagDecl> tags;
    std::optional<FuncIndex> start;
    CodeOffset start_offset = 0;
    std::vector<ElemSegment> elems;
    std::vector<DataSegment> datas;
    std::optional<uint32_t> data_count;
    std::vector<CustomSection> customs;
    /// One per function defined in this module, in order. The decoder sets the offsets, validation
    /// the rest.
    std::vector<FuncMeta> bodies;
    /// What the metadata of the bodies points into. Set by validation.
    std::vector<Branch> branches;
    std::vector<LoopHeader> loops;
    std::vector<Handler> handlers;
    std::vector<Catch> catches;
    std::vector<uint32_t> wide_locals;

    /// `part` must lie within the file. The decoder fills in the rest.
    Module(std::shared_ptr<const FileBytes> file, Bytes part) : file_(std::move(file)), bytes_(part) {}
    Module(const Module&) = delete;
    Module& operator=(const Module&) = delete;

    /// For the decoder: appends an import; builds the lookup tables once the lists are complete.
    void add_import(const Import& import);
    void index_exports();

private:
    std::shared_ptr<const FileBytes> file_;
    Bytes bytes_;
    /// Positions in `imports` by kind and index; positions in `exports`, sorted by name and by kind
    /// and index.
    std::array<std::vector<uint32_t>, 5> imports_of_;
    std::vector<uint32_t> exports_by_name_, exports_by_index_;
    mutable std::once_flag names_once_;
    mutable Names names_;
    /// By kind: the names in the name section, and those of imports, with indices. Sorted.
    using SortedNames = std::array<std::vector<std::pair<std::string_view, uint32_t>>, 5>;
    mutable std::once_flag sorted_once_;
    mutable SortedNames sorted_names_, sorted_imports_;
};

} // namespace vitrine::core
