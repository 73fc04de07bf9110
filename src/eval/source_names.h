// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "eval/location.h"
#include "eval/scope.h"
#include "eval/source_types.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine::core::eval {

/// The variables, types and functions of the source that an expression can name. Used only while it
/// is compiled.
class SourceNames {
public:
    /// The scope must outlive it.
    explicit SourceNames(const Scope& scope);

    SourceTypes& types() const { return *types_; }
    const std::shared_ptr<SourceTypes>& shared_types() const { return types_; }
    bool has_symbols() const { return types_->has_symbols(); }

    /// The variable that a name without `::` means: of the blocks of the logical frame, the
    /// innermost first, then static ones of the file, then a global one. Fails if several match
    /// equally well.
    Result<std::optional<source::Variable>> find(std::string_view name, uint32_t position);
    /// Whether it is one of the logical frame.
    bool is_local(std::string_view name) { return find_local_variable(name).has_value(); }
    /// The variable that `a::b` or `::x` means, or `x` of a file.
    Result<source::Variable> find_scoped(std::string_view name, std::string_view file, uint32_t position);
    /// Whether `this` has that member.
    bool has_own_member(std::string_view name);
    /// The enumerator that `Color::red` means, with its type.
    std::optional<std::pair<source::TypeId, int64_t>> find_enumerator(std::string_view scoped_name);
    /// The enumerator of any type that a name without `::` means. Fails if several differ.
    Result<std::optional<std::pair<source::TypeId, int64_t>>> find_enumerator_of_any(
        std::string_view name, uint32_t position);
    /// The function of the module that the name means.
    Result<std::optional<source::Function>> find_function(std::string_view name, uint32_t position);
    /// All functions that it can mean. Those with exactly this name, if there are some.
    std::vector<source::Function> find_functions(std::string_view name);

    /// Where a variable is, for a node at that position. There is at least one part.
    std::vector<LocationPart> locate(const source::Variable& variable, uint32_t position);
    /// Whether the text names a type rather than a variable.
    bool is_type(std::string_view text);
    /// For the parser.
    IsType type_test();

    /// "no variable is called `x`; near: ..."
    std::unexpected<Error> unknown(std::string_view name, uint32_t position);

private:
    const std::vector<std::vector<source::Variable>>& local_variables();
    std::optional<source::Variable> find_local_variable(std::string_view name);
    std::optional<source::Function> function();
    source::Place place();
    std::string file_of(const source::Variable& variable);
    const std::string& why_no_frame_base(const source::Function& function);
    Result<std::optional<source::Variable>> look_up(std::string_view name, uint32_t position);
    std::vector<source::Variable> statics_of_functions(
        std::string_view function, std::string_view name, std::string_view file);
    bool is_of_file(const source::Place& place, std::string_view file);
    const std::vector<source::File>& files();

    const Scope& scope_;
    std::shared_ptr<SourceTypes> types_;
    /// The instruction at which variables are looked up.
    std::optional<CodeOffset> offset_;
    // Computed at the first use.
    std::optional<std::vector<std::vector<source::Variable>>> locals_;
    std::optional<std::vector<source::File>> files_;
    std::optional<std::string> no_frame_base_;
    std::map<std::string, std::optional<source::Variable>, std::less<>> found_;
};

} // namespace vitrine::core::eval
