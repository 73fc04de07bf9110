// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/result.h"
#include "eval/type.h"
#include "source/symbols.h"

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine::core::eval {

/// How a number of a source type is read from memory, and what it is afterwards.
struct Scalar {
    /// `i8` .. `f64`
    std::string_view word;
    NumberKind kind;
};

/// A member that was found by its name, possibly in an anonymous member or a base class.
struct FoundMember {
    source::TypeId type {};
    /// In bytes, from the beginning of the outermost type.
    uint64_t offset = 0;
    uint32_t bit_offset = 0, bit_size = 0;
};

/// The types of expressions: those of debug information, and others made of them, such as the
/// pointer that `&x` gives. It answers `Symbols` for both, so values can be rendered that have such
/// a type. Without debug information only the made ones exist. Any thread may use it.
class SourceTypes final : public source::Symbols {
public:
    /// `symbols` can be null.
    SourceTypes(std::shared_ptr<source::Symbols> symbols, uint8_t address_bytes);

    bool has_symbols() const { return symbols_ != nullptr; }
    uint8_t address_bytes() const { return address_bytes_; }

    // -- Types of expressions

    /// The type without typedefs and qualifiers, and its definition if it is only declared.
    source::Type resolved(source::TypeId id);
    /// The element type of an array, or of what remains of one with several dimensions.
    source::TypeId element_of(const source::Type& array);
    /// The size of values in bytes. Fails for types without one.
    std::optional<uint64_t> size_of(source::TypeId id);
    /// Nothing for types whose values are no numbers.
    std::optional<Scalar> scalar_of(const source::Type& resolved) const;
    std::optional<FoundMember> find_member(const source::Type& structure, std::string_view name);
    /// Adds "; near: `a`, `b`" to a message.
    std::string near_members(const source::Type& structure, std::string_view name);
    std::optional<int64_t> find_enumerator(const source::Type& resolved, std::string_view name) const;
    bool is_character(source::TypeId id);
    /// `struct account *`
    std::string name_of(source::TypeId id);

    // -- Made types. 0 if there are too many.

    source::TypeId pointer_to(source::TypeId target);
    source::TypeId array_of(source::TypeId element, uint64_t count);
    source::TypeId basic(std::string_view name, source::Type::Kind kind, uint64_t size);
    /// The type that `i8` .. `f64` name.
    source::TypeId of_word(std::string_view word);
    /// The type that the text means, in the notation of C, C++, Rust or Zig: `unsigned`,
    /// `struct s *`, `const char *[3]`, `*const T`.
    std::optional<source::TypeId> find_text(std::string_view text);

    // -- Answers of the debug information, and for made types

    source::Summary summary() override;
    std::optional<std::string> text_of(source::FileId file) override;
    std::optional<source::Row> row_at(CodeOffset offset) override;
    std::vector<source::Row> rows_of(source::FileId file, uint32_t first, uint32_t last) override;
    std::vector<source::Row> rows_in(source::Range range) override;
    std::optional<source::Function> function_at(CodeOffset offset) override;
    std::optional<source::Function> function(source::FunctionId id) override;
    std::vector<source::Function> functions_named(const source::Pattern& pattern) override;
    std::vector<source::Scope> scopes_at(CodeOffset offset) override;
    std::vector<source::Variable> variables(std::span<const source::VariableId> ids) override;
    std::vector<source::Variable> globals(const source::Pattern& pattern) override;
    source::Type type(source::TypeId id) override;
    std::optional<source::TypeId> find_type(std::string_view name) override;
    std::vector<source::TypeId> types_named(const source::Pattern& pattern) override;
    std::optional<source::Variable> variable_at(uint64_t address) override;

private:
    source::TypeId make(source::Type type);
    std::optional<source::TypeId> find_named(std::string_view name);
    bool find_member_in(const source::Type& structure, std::string_view name, uint64_t offset, uint32_t depth,
        uint32_t& budget, FoundMember& found);

    std::shared_ptr<source::Symbols> symbols_;
    uint8_t address_bytes_;
    std::mutex made_mutex_;
    std::vector<source::Type> made_;
};

} // namespace vitrine::core::eval
