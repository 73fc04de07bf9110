// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Modules and descriptions of their contents.
#pragma once

#include <vitrine/engine.hpp>
#include <vitrine/types.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine {

// Descriptions of a module's index spaces. In each of them imports come first.

struct ImportName {
    std::string module;
    std::string name;
};

/// Common to all entities of an index space.
struct EntityInfo {
    std::uint32_t index = 0;
    /// From the name section. Empty if it has no name.
    std::string name;
    /// The names it is imported by. Empty if it is not imported.
    std::optional<ImportName> import = std::nullopt;
    /// The names it is exported under.
    std::vector<std::string> exports;
};

struct FuncInfo : EntityInfo {
    FuncType type;
    /// Byte offset of the function's body in the module: the start of its list of locals, which is
    /// followed by the first instruction. 0 for imports.
    std::uint32_t offset = 0;
    /// Byte offset just after the body. 0 for imports.
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

/// A custom section. [spec: binary/modules, custom section]
struct CustomSection {
    std::string name;
    /// Its contents, without the name. Part of the bytes of the module: valid as long as a handle
    /// of the module exists.
    std::span<const std::byte> bytes;
    /// Byte offset of `bytes` in the module.
    std::uint32_t offset = 0;
};

/// A module that is part of a larger file in memory.
struct ModulePart {
    /// Keeps the bytes valid and unchanged. The module and everything created from it share
    /// ownership.
    std::shared_ptr<const void> owner {};
    /// The bytes of the module alone.
    std::span<const std::byte> bytes {};
    /// The offset of the module in the file.
    std::uint64_t file_offset = 0;
};

/// A validated module. A reference-counted handle, usable from any thread.
class VITRINE_API Module {
public:
    Module(const Module&) = default;
    Module& operator=(const Module&) = default;
    /// Decodes and validates a binary. The bytes are copied.
    static Result<Module> from_bytes(const Engine& engine, std::span<const std::byte> bytes);
    static Result<Module> from_file(const Engine& engine, const std::string& path);
    /// Loads a module from part of a file: `size` bytes from `offset`, or everything up to the end
    /// of the file. Reads only those bytes.
    static Result<Module> from_file(const Engine& engine, const std::string& path, std::uint64_t offset,
        std::optional<std::uint64_t> size = std::nullopt);
    /// Loads a module from part of a file in memory. The bytes are not copied.
    static Result<Module> from_part(const Engine& engine, ModulePart part);

    /// The module as bytes that `deserialize` takes: the binary, behind a header that names the
    /// version of Vitrine and the enabled features.
    std::vector<std::byte> serialize() const;
    /// Loads what `serialize` has returned. The binary is validated again. Fails if the bytes come
    /// from another version of Vitrine, or from an engine with a feature that this one has not.
    static Result<Module> deserialize(const Engine& engine, std::span<const std::byte> bytes);

    /// The offset of the module in its file; 0 unless it is part of a larger file. All other
    /// offsets (of functions, breakpoints, frames and traps) are relative to the first byte of the
    /// module. Only the offsets of loading errors are relative to the file.
    std::uint64_t file_offset() const;
    /// From the name section. Empty if it has none.
    std::string name() const;
    /// The number of entities of a kind, imports included.
    std::uint32_t count(ExternKind kind) const;
    /// The index of the entity of a kind that has this name in the name section or, if there is
    /// none, that is exported under it or, if there is none either, imported under it. Empty if
    /// there is none or if there are several. The first call sorts the names; later ones take
    /// logarithmic time.
    std::optional<std::uint32_t> find(ExternKind kind, std::string_view name) const;

    // All entities of a kind, in the order of their indices.
    std::vector<FuncInfo> functions() const;
    std::vector<TableInfo> tables() const;
    std::vector<MemoryInfo> memories() const;
    std::vector<GlobalInfo> globals() const;
    std::vector<TagInfo> tags() const;
    // One of them by its index, without creating the others. Empty if the index is out of bounds.
    std::optional<FuncInfo> function(std::uint32_t index) const;
    std::optional<TableInfo> table(std::uint32_t index) const;
    std::optional<MemoryInfo> memory(std::uint32_t index) const;
    std::optional<GlobalInfo> global(std::uint32_t index) const;
    std::optional<TagInfo> tag(std::uint32_t index) const;
    /// The function whose body contains this byte offset of the module, if any.
    std::optional<FuncInfo> function_at(std::uint32_t offset) const;
    std::vector<ImportInfo> imports() const;
    std::vector<ExportInfo> exports() const;
    /// All custom sections, in the order of the file, also several of the same name.
    std::vector<CustomSection> custom_sections() const;
    /// The bytes of the module, valid as long as a handle of the module exists. Empty if
    /// `guest_debug` is off.
    std::optional<std::span<const std::byte>> bytecode() const;

    /// Whether a frame of a backtrace belongs to this module.
    bool owns(const TraceFrame& frame) const;

    friend VITRINE_API bool operator==(const Module& a, const Module& b);

private:
    friend detail::Access;
    Module() = default;
    std::shared_ptr<const detail::ModuleBody> body_;
};

} // namespace vitrine
