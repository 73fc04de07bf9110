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

/// Where a constant expression stands in the module, `end` included. It is validated, so its evaluation cannot
/// fail except by what it imports.
struct ConstExpr {
    CodeOffset offset = 0;
    uint32_t size = 0;
};

struct Import {
    std::string_view module;
    std::string_view name;
    ExternKind kind;
    /// Index in the index space of its kind.
    uint32_t index;
    CodeOffset offset;
};

struct Export {
    std::string_view name;
    ExternKind kind;
    uint32_t index;
    CodeOffset offset;
};

/// Declarations: each index space holds the imports first. `offset` is the place of the declaration (or of
/// its import) in the module.
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
    /// Place of `bytes` in the module.
    CodeOffset offset;
};

/// Place and size of a section's contents in the module. [spec: binary/modules]
struct Section {
    uint8_t id;
    CodeOffset offset;
    uint32_t size;
};

/// What a binary declares; immutable once validated, shared by all its instances. Views in it point into the
/// file that it keeps. A module may be a part of that file: every offset counts from the module's own first byte.
class Module {
public:
    /// The module's own bytes.
    Bytes bytes() const { return bytes_; }
    /// Where the module's first byte is in its file.
    uint64_t file_offset() const
    {
        return file_->offset() + static_cast<uint64_t>(bytes_.data() - file_->bytes().data());
    }
    /// Whether the module is known to be all of its file.
    bool is_whole_file() const { return file_->is_whole() && bytes_.size() == file_->bytes().size(); }

    /// Number of imports of a kind: the first indices of that space.
    uint32_t imported(ExternKind kind) const
    {
        return static_cast<uint32_t>(imports_of_[static_cast<size_t>(kind)].size());
    }
    bool is_imported(FuncIndex index) const { return index.value < imported(ExternKind::Func); }

    const FuncType& func_type(FuncIndex index) const { return *types[functions[index].type].func(); }
    TypeId func_type_id(FuncIndex index) const { return type_ids[functions[index].type]; }
    /// A type of this module as all modules know it: with a `TypeId` in place of the index.
    ValueType canonical(ValueType type) const
    {
        if (!type.is_ref() || type.heap() != HeapKind::Defined)
            return type;
        const TypeIndex index { type.index() };
        return ValueType::ref(type_ids[index], type.is_nullable(), types[index].func() != nullptr);
    }
    /// What execution needs to know of a function defined here.
    const FuncMeta& meta(FuncIndex index) const { return bodies[index.value - imported(ExternKind::Func)]; }
    /// The function whose body holds the byte at `offset`, or nothing.
    std::optional<FuncIndex> find_function(CodeOffset offset) const;
    const Export* find_export(std::string_view name) const;
    /// The first export of the entity.
    const Export* find_export(ExternKind kind, uint32_t index) const;
    /// All exports of the entity, in their order in the module.
    std::vector<const Export*> exports_of(ExternKind kind, uint32_t index) const;
    /// The first export whose name an earlier one has; null in valid modules.
    const Export* find_duplicate_export() const;
    const Import* find_import(ExternKind kind, uint32_t index) const;

    /// The name section, decoded at the first call; empty where it is malformed.
    const Names& names() const;
    /// What to call the entity: its name in the name section, else its export, else its import.
    std::string name_of(ExternKind kind, uint32_t index) const;

    std::vector<Section> sections;
    IndexVector<TypeIndex, SubType> types;
    /// The engine's id of each type, and the claim that keeps them registered; made by validation.
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
    /// One per function defined here, in order; the offsets come from the decoder, the rest from validation.
    std::vector<FuncMeta> bodies;
    /// What the bodies' metadata points into; made by validation.
    std::vector<Branch> branches;
    std::vector<LoopHeader> loops;
    std::vector<Handler> handlers;
    std::vector<Catch> catches;
    std::vector<uint32_t> wide_locals;

    /// `part` lies in the file; the decoder fills in the rest.
    Module(std::shared_ptr<const FileBytes> file, Bytes part) : file_(std::move(file)), bytes_(part) {}
    Module(const Module&) = delete;
    Module& operator=(const Module&) = delete;

    /// For the decoder: the next import, and what is looked up in the finished lists.
    void add_import(const Import& import);
    void index_exports();

private:
    std::shared_ptr<const FileBytes> file_;
    Bytes bytes_;
    /// Positions in `imports` by kind and index; positions in `exports`, sorted by name and by kind and index.
    std::array<std::vector<uint32_t>, 5> imports_of_;
    std::vector<uint32_t> exports_by_name_, exports_by_index_;
    mutable std::once_flag names_once_;
    mutable Names names_;
};

} // namespace vitrine::core
