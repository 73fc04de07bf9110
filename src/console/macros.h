// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/result.h"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine::core::console {

/// What the user has given names to: aliases, and definitions of several lines.
class Macros {
public:
    struct Macro {
        /// The lines; of an alias, what stands for its name.
        std::vector<std::string> lines {};
        bool is_alias = false;
        /// What `document` says of it.
        std::vector<std::string> help {};
    };

    /// Fails for a name that no macro can have. Whether a verb has it is for the caller to check.
    static Result<void> check_name(std::string_view name);

    void set(std::string_view name, Macro macro);
    Result<void> document(std::string_view name, std::vector<std::string> help);
    const Macro* find(std::string_view name) const;
    const std::map<std::string, Macro, std::less<>>& all() const { return all_; }

    /// The lines that a macro stands for, with what stands behind its name on the line. In a
    /// definition, `$arg0` and so on are its words, `$argc` is their number, and `$arg*` are all of
    /// them.
    static std::vector<std::string> expand(const Macro& macro, std::string_view arguments);

private:
    std::map<std::string, Macro, std::less<>> all_;
};

} // namespace vitrine::core::console
