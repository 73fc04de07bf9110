// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "console/scope.h"
#include "console/source.h"
#include "eval/source_value.h"
#include "source/render.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine::core::dap {

/// The scopes of a frame: what it and its instance have, exported or not.
enum class ScopeKind : uint8_t {
#define SCOPE(kind, name, hint, is_expensive) kind,
#include "dap/scopes.inc"
};

/// Something that has parts: a scope, or a value.
struct Container {
    enum class Kind : uint8_t {
        Scope,
        /// The elements of a table.
        Elements,
        /// The parts of an object of the collected heap.
        Object,
        /// The parts of a value of the source.
        Source,
        /// The scopes of an instance.
        Instance,
    };

    Kind kind = Kind::Scope;
    /// Where names mean what they mean. Never null.
    std::shared_ptr<const console::Scope> scope;
    /// The expression that means it; empty if there is none.
    std::string expression {};
    /// Only for a scope.
    ScopeKind which {};
    /// Only for elements: the table.
    uint32_t index = 0;
    /// Only for an object.
    Ref object {};
    // Only for a value of the source.
    std::shared_ptr<const eval::SourceResult> source {};
    source::Value value {};
};

/// Bytes of a memory, or a place in it.
struct MemoryPlace {
    const Instance* instance;
    uint32_t memory;
    uint64_t address;
};

/// A line of the client's view.
struct Variable {
    std::string name;
    std::string value;
    std::string type {};
    /// What means it where the view is; empty if nothing does.
    std::string expression {};
    std::optional<Container> parts {};
    /// The number of parts, and whether they are numbered.
    uint64_t count = 0;
    bool is_indexed = false;
    std::optional<MemoryPlace> memory {};
    /// Why it has no value.
    bool is_error = false;
    /// It cannot be changed.
    bool is_read_only = false;
    /// Where the source of the container's instance declares it.
    std::optional<source::Place> declared {};
    /// The function that the value refers to, or null.
    const Function* function = nullptr;
};

/// For clients that want numbers in hexadecimal.
inline constexpr source::Style hexadecimal { .base = source::Style::Base::Hex };

/// How many rows are listed at most at once.
inline constexpr uint64_t max_rows = 10'000;

/// The number of parts of a container. `instances` are those of the program.
uint64_t count_of(
    const Container& container, console::SourceView& view, std::span<Instance* const> instances);
/// Whether its parts are numbered, so that a client may ask for some of them.
bool is_indexed(const Container& container);
/// Some parts, in order; at most `max_rows`. `instances` are those of the program.
std::vector<Variable> list(const Container& container, uint64_t from, uint64_t count,
    console::SourceView& view, std::span<Instance* const> instances, const source::Style& style = {});

/// The value of an expression as a variable. `computed` must be of that scope.
Variable variable_of(std::string name, std::string expression, const console::Computed& computed,
    const std::shared_ptr<const console::Scope>& scope, const source::Style& style = {});

} // namespace vitrine::core::dap
