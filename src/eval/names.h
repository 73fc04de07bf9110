// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "eval/user_names.h"
#include "wasm/module.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine::core::eval {

/// Says what the names in an expression mean. A module's own names are one source; the debug
/// information of a source language can be another.
class NameSource {
public:
    virtual ~NameSource() = default;

    /// The indices of the entities, types or locals that have the name: none if the source does not
    /// know it, several if it is ambiguous.
    virtual std::vector<uint32_t> entities_named(ExternKind kind, std::string_view name) const = 0;
    virtual std::vector<uint32_t> types_named(std::string_view name) const = 0;
    virtual std::vector<uint32_t> locals_named(FuncIndex function, std::string_view name) const = 0;

    /// Adds all names of that kind. They live as long as the source.
    virtual void add_entities(NearNames& near, ExternKind kind) const = 0;
    virtual void add_types(NearNames& near) const = 0;
    virtual void add_locals(NearNames& near, FuncIndex function) const = 0;
};

/// The names in a module, which must outlive it: those of the name section; for entities without
/// one there, the names of exports, then of imports.
class ModuleNames final : public NameSource {
public:
    explicit ModuleNames(const Module& module) : module_(module) {}

    std::vector<uint32_t> entities_named(ExternKind kind, std::string_view name) const override;
    std::vector<uint32_t> types_named(std::string_view name) const override;
    std::vector<uint32_t> locals_named(FuncIndex function, std::string_view name) const override;
    void add_entities(NearNames& near, ExternKind kind) const override;
    void add_types(NearNames& near) const override;
    void add_locals(NearNames& near, FuncIndex function) const override;

private:
    const Module& module_;
};

/// "; near: `a`, `b`": names of entities of that kind that are spelled like the text's name. Empty
/// if there are none.
std::string near_names(const Module& module, ExternKind kind, std::string_view text);

} // namespace vitrine::core::eval
