// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/result.h"
#include "json/document.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace vitrine::core::json {

/// Parses a document. Errors have the offset in the text.
Result<Value> parse(std::string_view text);

/// A value in a document of unknown shape, with its path: errors name it. A node refers to the
/// document and to the names of the fields on its path; these must outlive it.
class Node {
public:
    explicit Node(const Value& root) : value_(&root) {}

    Result<Node> field(std::string_view name) const;
    /// Nothing if the object has no such field.
    Result<std::optional<Node>> optional_field(std::string_view name) const;
    Result<std::vector<Node>> items() const;
    Result<std::string> text() const;
    Result<uint32_t> number() const;

    Result<std::string> text(std::string_view name) const;
    /// Nothing if the field is missing or null.
    Result<std::optional<std::string>> optional_text(std::string_view name) const;

    const Value& value() const { return *value_; }
    /// Such as `commands[3].line`; empty for the root.
    std::string path() const;
    /// An error about this value.
    std::unexpected<Error> wrong(std::string_view problem) const;

private:
    using Step = std::variant<std::string_view, size_t>;
    Node(const Value& value, const Node& parent, Step step) : value_(&value), steps_(parent.steps_)
    {
        steps_.push_back(step);
    }

    const Value* value_;
    std::vector<Step> steps_;
};

} // namespace vitrine::core::json
