// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "cli/json.h"

#include "base/result.h"

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace vitrine::cli {

/// Parses a document; an error names the offset in the text.
core::Result<Json> parse_json(std::string_view text);

/// A value of a document that may be anything, with the way to it: an error names the place. Refers to the document and
/// to the node above.
class JsonNode {
public:
    explicit JsonNode(const Json& root) : value_(&root) {}

    core::Result<JsonNode> field(std::string_view name) const;
    core::Result<std::optional<JsonNode>> optional_field(std::string_view name) const;
    core::Result<std::vector<JsonNode>> items() const;
    core::Result<std::string> text() const;
    core::Result<uint32_t> number() const;

    core::Result<std::string> text(std::string_view name) const;
    /// Nothing when the field is missing or null.
    core::Result<std::optional<std::string>> optional_text(std::string_view name) const;

    const Json& value() const { return *value_; }
    /// `commands[3].line`
    std::string path() const;
    std::unexpected<core::Error> wrong(std::string_view problem) const;

private:
    using Step = std::variant<std::string_view, size_t>;
    JsonNode(const Json& value, const JsonNode* above, Step step) : value_(&value), above_(above), step_(step)
    {}

    const Json* value_;
    const JsonNode* above_ = nullptr;
    Step step_ {};
};

} // namespace vitrine::cli
