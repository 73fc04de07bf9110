// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine::core::eval {

/// The name that `name`, `$name` or `$"a \22name\22"` means.
std::string bare_name(std::string_view text);

/// The names that a text may mean, best first: `bare_name`, then the same with its escapes decoded,
/// since lists show names escaped even without quotes.
std::vector<std::string> names_in(std::string_view text);

/// Collects names that are spelled like one that was not found. It refers to the names.
class NearNames {
public:
    explicit NearNames(std::string_view name);

    void add(std::string_view candidate);

    /// "; near: `a`, `b`": the nearest names, escaped; empty if there are none.
    std::string to_text() const;

private:
    std::string_view name_;
    size_t limit_;
    std::multimap<size_t, std::string_view> names_;
};

} // namespace vitrine::core::eval
