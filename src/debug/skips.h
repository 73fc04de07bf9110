// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/result.h"
#include "source/symbols.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine::core::debug {

/// Which functions a `step` does not enter.
///
/// A client has one list. Steps take a copy with them, so a client may change its list at any time.
class Skips {
public:
    struct Rule {
        uint32_t id;
        /// A regular expression (ECMAScript) that matches a part of the function's name; or a
        /// pattern with `*` and `?` for the path of its file, or the end of it behind a slash.
        bool is_file;
        std::string text;
        bool is_enabled = true;
    };

    /// Fails for a malformed regular expression.
    Result<uint32_t> add_function(std::string regex);
    uint32_t add_file(std::string glob);
    Result<void> remove(uint32_t id);
    Result<void> set_enabled(uint32_t id, bool is_enabled);
    std::vector<Rule> rules() const;
    /// Whether the libraries of toolchains are skipped, by the paths that compilers record for
    /// them. They are unless this is changed.
    bool skips_libraries = true;

    /// `file` can be null.
    bool skips(std::string_view function, const source::File* file) const;

private:
    struct Compiled;
    struct Entry {
        Rule rule;
        /// Null for a file.
        std::shared_ptr<const Compiled> regex {};
    };

    std::vector<Entry> entries_;
    uint32_t next_ = 1;
};

/// Whether a pattern with `*` and `?` matches the whole text.
bool matches_glob(std::string_view pattern, std::string_view text);

} // namespace vitrine::core::debug
