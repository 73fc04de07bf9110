// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/result.h"

#include <string>
#include <string_view>

// Errors here have no offset: the caller knows where the name is.

namespace vitrine::core::component {

/// Whether `text` is a label: words of one case, separated by hyphens (`foo`, `HTTP-get`, `v-2`).
/// [component model: Explainer, import and export definitions]
bool is_label(std::string_view text);

/// `text` with ASCII letters in lower case. Labels that differ only in case are equal.
std::string lower_case(std::string_view text);
bool are_labels_equal(std::string_view a, std::string_view b);

/// Fails unless `text` is a label. The message calls it `what`: `record field name cannot be
/// empty`.
Result<void> check_label(std::string_view text, std::string_view what);

enum class NameKind : uint8_t {
    Label,       ///< `foo`
    Constructor, ///< `[constructor]foo`
    Method,      ///< `[method]foo.bar`
    Static,      ///< `[static]foo.bar`
    Interface,   ///< `wasi:http/types@0.2.1`
    Dependency,  ///< `unlocked-dep=<..>`, `locked-dep=<..>`
    Url,         ///< `url=<..>`
    Hash,        ///< `integrity=<..>`
};

/// The name of an import or export. The views point into the text that was parsed.
struct ParsedName {
    NameKind kind = NameKind::Label;
    /// The label of a constructor, method or static function's resource.
    std::string_view resource {};
    /// The label of a method or static function.
    std::string_view function {};
    /// The text after the `@` of an interface name. Not checked yet, because an attribute can add
    /// a suffix. Null if the name has no version.
    std::string_view version {};
};

/// Parses the name of an import or export. The message does not quote the whole name.
Result<ParsedName> parse_name(std::string_view text);

/// A form of the name that is equal for two names if and only if the names are not strongly unique.
/// [component model: Explainer, name uniqueness]
std::string unique_form(std::string_view text, const ParsedName& name);

/// Fails unless `text` is a version: `1.2.3-rc.1+build`. [Semantic Versioning 2.0]
Result<void> check_version(std::string_view text);

/// Whether `text` is the part of a version that decides what it is compatible with: `1`, `0.2`,
/// `0.0.3`. [component model: Explainer, canonical interface name]
bool is_canonical_version(std::string_view text);

/// The name of an interface with only the part of its version that decides what it is compatible
/// with. [component model: Explainer, canonical interface name]
std::string compatible_name(std::string_view name);
/// Whether a user's name of an interface means this one: the same, without the version, or with a
/// compatible version.
bool names_interface(std::string_view given, std::string_view interface);

} // namespace vitrine::core::component
