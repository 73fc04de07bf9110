// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "source/symbols.h"

#include <memory>
#include <regex>
#include <string>
#include <string_view>

namespace vitrine::core::dwarf {

/// A name without template arguments: `std::vector<int>::push_back` is `std::vector::push_back`.
/// Operators such as `operator<` keep theirs.
std::string without_arguments(std::string_view name);

/// The last component of a name, with its template arguments.
std::string_view last_component(std::string_view name);

/// Decides which names a pattern means. An invalid regular expression means none.
class Matcher {
public:
    explicit Matcher(const source::Pattern& pattern);

    /// Whether a name without its scopes can match. False negatives are not possible.
    bool may_match(std::string_view last) const;
    bool matches(const std::string& name, std::string_view linkage_name) const;
    bool matches_linkage(std::string_view linkage_name) const
    {
        return pattern_.match == source::Pattern::Match::Name && !linkage_name.empty()
            && linkage_name == pattern_.text;
    }

private:
    const source::Pattern& pattern_;
    bool has_arguments_ = false, has_parameters_ = false;
    std::string_view last_;
    std::unique_ptr<std::regex> regex_;
};

} // namespace vitrine::core::dwarf
