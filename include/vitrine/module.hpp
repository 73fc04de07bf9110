// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Modules, and the rows that describe them.
#pragma once

#include <vitrine/engine.hpp>
#include <vitrine/types.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace vitrine {

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
    /// Byte offset of its body in the module: where its list of locals begins. The first
    /// instruction follows. 0 for imports.
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
class VITRINE_API Module {
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
    /// The function whose body contains this byte offset of the module, if there is one.
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

    friend VITRINE_API bool operator==(const Module& a, const Module& b);

private:
    friend detail::Access;
    Module() = default;
    std::shared_ptr<const detail::ModuleBody> body_;
};

} // namespace vitrine
