// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/result.h"
#include "json/document.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vitrine::core::dap {

/// An object of a request: its arguments, or one in them. A member that is null counts as missing.
/// Errors name the member. The document must outlive it.
class Arguments {
public:
    /// `path` is what errors call it.
    explicit Arguments(const json::Value& value, std::string path = "")
        : value_(&value), path_(std::move(path))
    {}

    Result<std::string> text(std::string_view name) const;
    Result<std::string> text_or(std::string_view name, std::string_view otherwise) const;
    Result<std::optional<std::string>> optional_text(std::string_view name) const;
    /// Integers, also those that a client writes as `3.0`.
    Result<int64_t> number(std::string_view name) const;
    Result<int64_t> number_or(std::string_view name, int64_t otherwise) const;
    Result<std::optional<int64_t>> optional_number(std::string_view name) const;
    Result<bool> flag_or(std::string_view name, bool otherwise) const;
    /// Empty if there is no such member.
    Result<std::vector<Arguments>> items(std::string_view name) const;
    Result<std::vector<std::string>> texts(std::string_view name) const;
    Result<std::vector<int64_t>> numbers(std::string_view name) const;
    /// The members of an object whose values are texts; one that is null has none.
    Result<std::vector<std::pair<std::string, std::optional<std::string>>>> text_members(
        std::string_view name) const;
    Result<Arguments> object(std::string_view name) const;
    Result<std::optional<Arguments>> optional_object(std::string_view name) const;

private:
    /// Null if there is no such member.
    Result<const json::Value*> find(std::string_view name) const;
    Result<const json::Value*> get(std::string_view name) const;
    Result<std::string> text_in(std::string_view name, const json::Value& value) const;
    std::string path_of(std::string_view name) const;
    std::unexpected<Error> wrong(std::string_view name, std::string_view problem) const;

    const json::Value* value_;
    std::string path_;
};

} // namespace vitrine::core::dap
