// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "wasm/module.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine::core::debug {

/// The name that `name`, `$name` or `$"a \22name\22"` means.
std::string bare_name(std::string_view text);

/// The names that a text may mean, best first: `bare_name`, and that without escapes, as labels
/// outside of quotes show it.
std::vector<std::string> names_in(std::string_view text);

/// Collects names that are spelled like one that does not exist. The names must outlive it.
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

/// The name section's names of that kind.
const NameMap& names_of(const Names& names, ExternKind kind);

/// Adds the names, exports and imports of that kind.
void add_entities(NearNames& near, const Module& module, ExternKind kind);

/// "; near: `a`, `b`": names of that kind in the module that are spelled like the text's; empty if
/// there are none.
std::string near_names(const Module& module, ExternKind kind, std::string_view text);

} // namespace vitrine::core::debug
