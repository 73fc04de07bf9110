// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dap/arguments.h"

#include <cmath>

namespace vitrine::core::dap {

namespace {

/// None for what is no integer of 64 bits.
std::optional<int64_t> integer(const json::Value& value)
{
    if (const auto* number = value.if_int64())
        return *number;
    constexpr double limit = 9007199254740992; // 2^53
    if (const auto* number = value.if_double())
        if (std::trunc(*number) == *number && std::abs(*number) <= limit)
            return static_cast<int64_t>(*number);
    return std::nullopt;
}

} // namespace

std::string Arguments::path_of(std::string_view name) const
{
    return path_ + (path_.empty() ? "" : ".") + std::string(name);
}

std::unexpected<Error> Arguments::wrong(std::string_view name, std::string_view problem) const
{
    return failure(path_of(name) + ": " + std::string(problem));
}

Result<const json::Value*> Arguments::find(std::string_view name) const
{
    if (value_->is_null())
        return nullptr;
    const auto* const object = value_->if_object();
    if (!object)
        return failure((path_.empty() ? "the arguments" : path_) + ": expected an object");
    const json::Value* const found = object->if_contains(name);
    return found && !found->is_null() ? found : nullptr;
}

Result<const json::Value*> Arguments::get(std::string_view name) const
{
    const json::Value* const found = TRY(find(name));
    if (!found)
        return failure("the argument " + path_of(name) + " is missing");
    return found;
}

Result<std::string> Arguments::text_in(std::string_view name, const json::Value& value) const
{
    if (!value.is_string())
        return wrong(name, "expected a string");
    return std::string(value.get_string());
}

Result<std::string> Arguments::text(std::string_view name) const { return text_in(name, *TRY(get(name))); }

Result<std::string> Arguments::text_or(std::string_view name, std::string_view otherwise) const
{
    return TRY(optional_text(name)).value_or(std::string(otherwise));
}

Result<std::optional<std::string>> Arguments::optional_text(std::string_view name) const
{
    const json::Value* const found = TRY(find(name));
    if (!found)
        return std::nullopt;
    return text_in(name, *found);
}

Result<int64_t> Arguments::number(std::string_view name) const
{
    const auto number = integer(*TRY(get(name)));
    return number ? Result<int64_t>(*number) : wrong(name, "expected an integer");
}

Result<int64_t> Arguments::number_or(std::string_view name, int64_t otherwise) const
{
    return TRY(optional_number(name)).value_or(otherwise);
}

Result<std::optional<int64_t>> Arguments::optional_number(std::string_view name) const
{
    const json::Value* const found = TRY(find(name));
    if (!found)
        return std::nullopt;
    const auto number = integer(*found);
    if (!number)
        return wrong(name, "expected an integer");
    return number;
}

Result<bool> Arguments::flag_or(std::string_view name, bool otherwise) const
{
    const json::Value* const found = TRY(find(name));
    if (!found)
        return otherwise;
    if (!found->is_bool())
        return wrong(name, "expected true or false");
    return found->get_bool();
}

Result<std::vector<Arguments>> Arguments::items(std::string_view name) const
{
    std::vector<Arguments> items;
    const json::Value* const found = TRY(find(name));
    if (!found)
        return items;
    if (!found->is_array())
        return wrong(name, "expected an array");
    for (const json::Value& item : found->get_array())
        items.emplace_back(item, path_of(name) + "[" + std::to_string(items.size()) + "]");
    return items;
}

Result<std::vector<std::string>> Arguments::texts(std::string_view name) const
{
    std::vector<std::string> texts;
    for (const Arguments& item : TRY(items(name))) {
        if (!item.value_->is_string())
            return failure(item.path_ + ": expected a string");
        texts.emplace_back(item.value_->get_string());
    }
    return texts;
}

Result<std::vector<int64_t>> Arguments::numbers(std::string_view name) const
{
    std::vector<int64_t> numbers;
    for (const Arguments& item : TRY(items(name))) {
        const auto number = integer(*item.value_);
        if (!number)
            return failure(item.path_ + ": expected an integer");
        numbers.push_back(*number);
    }
    return numbers;
}

Result<std::vector<std::pair<std::string, std::optional<std::string>>>> Arguments::text_members(
    std::string_view name) const
{
    std::vector<std::pair<std::string, std::optional<std::string>>> members;
    const auto object = TRY(optional_object(name));
    if (!object)
        return members;
    for (const auto& member : object->value_->get_object()) {
        const std::string key(member.key());
        members.emplace_back(key, TRY(object->optional_text(key)));
    }
    return members;
}

Result<Arguments> Arguments::object(std::string_view name) const
{
    const json::Value& found = *TRY(get(name));
    if (!found.is_object())
        return wrong(name, "expected an object");
    return Arguments(found, path_of(name));
}

Result<std::optional<Arguments>> Arguments::optional_object(std::string_view name) const
{
    const json::Value* const found = TRY(find(name));
    if (!found)
        return std::nullopt;
    if (!found->is_object())
        return wrong(name, "expected an object");
    return Arguments(*found, path_of(name));
}

} // namespace vitrine::core::dap
