// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dap/arguments.h"

#include <cmath>

namespace vitrine::core::dap {

namespace {

Result<int64_t> integer(const json::Node& node)
{
    const json::Value& value = node.value();
    if (const auto* number = value.if_int64())
        return *number;
    if (const auto* number = value.if_uint64())
        return *number <= uint64_t { INT64_MAX } ? Result<int64_t>(static_cast<int64_t>(*number))
                                                 : node.wrong("the number is too large");
    constexpr double limit = 9007199254740992; // 2^53
    if (const auto* number = value.if_double())
        if (std::trunc(*number) == *number && std::abs(*number) <= limit)
            return static_cast<int64_t>(*number);
    return node.wrong("expected an integer");
}

} // namespace

Result<std::optional<json::Node>> Arguments::find(std::string_view name) const
{
    if (node_.value().is_null())
        return std::nullopt;
    const auto found = TRY(node_.optional_field(name));
    return found && !found->value().is_null() ? found : std::nullopt;
}

Result<json::Node> Arguments::get(std::string_view name) const
{
    const auto found = TRY(find(name));
    if (!found)
        return failure("the argument " + std::string(name) + " is missing");
    return *found;
}

Result<std::string> Arguments::text(std::string_view name) const { return TRY(get(name)).text(); }

Result<std::string> Arguments::text_or(std::string_view name, std::string_view otherwise) const
{
    return TRY(optional_text(name)).value_or(std::string(otherwise));
}

Result<std::optional<std::string>> Arguments::optional_text(std::string_view name) const
{
    const auto found = TRY(find(name));
    if (!found)
        return std::nullopt;
    return TRY(found->text());
}

Result<int64_t> Arguments::number(std::string_view name) const { return integer(TRY(get(name))); }

Result<int64_t> Arguments::number_or(std::string_view name, int64_t otherwise) const
{
    return TRY(optional_number(name)).value_or(otherwise);
}

Result<std::optional<int64_t>> Arguments::optional_number(std::string_view name) const
{
    const auto found = TRY(find(name));
    if (!found)
        return std::nullopt;
    return TRY(integer(*found));
}

Result<bool> Arguments::flag_or(std::string_view name, bool otherwise) const
{
    const auto found = TRY(find(name));
    if (!found)
        return otherwise;
    if (!found->value().is_bool())
        return found->wrong("expected true or false");
    return found->value().get_bool();
}

Result<std::vector<Arguments>> Arguments::items(std::string_view name) const
{
    std::vector<Arguments> items;
    if (const auto found = TRY(find(name)))
        for (const json::Node& item : TRY(found->items()))
            items.emplace_back(item);
    return items;
}

Result<std::vector<std::string>> Arguments::texts(std::string_view name) const
{
    std::vector<std::string> texts;
    if (const auto found = TRY(find(name)))
        for (const json::Node& item : TRY(found->items()))
            texts.push_back(TRY(item.text()));
    return texts;
}

Result<std::vector<std::pair<std::string, std::optional<std::string>>>> Arguments::text_members(
    std::string_view name) const
{
    std::vector<std::pair<std::string, std::optional<std::string>>> members;
    const auto found = TRY(find(name));
    if (!found)
        return members;
    if (!found->value().is_object())
        return found->wrong("expected an object");
    for (const auto& member : found->value().get_object()) {
        const std::string key(member.key());
        members.emplace_back(key, TRY(found->optional_text(key)));
    }
    return members;
}

Result<Arguments> Arguments::object(std::string_view name) const
{
    const auto found = TRY(optional_object(name));
    if (!found)
        return failure("the argument " + std::string(name) + " is missing");
    return *found;
}

Result<std::optional<Arguments>> Arguments::optional_object(std::string_view name) const
{
    const auto found = TRY(find(name));
    if (!found)
        return std::nullopt;
    if (!found->value().is_object())
        return found->wrong("expected an object");
    return Arguments(*found);
}

} // namespace vitrine::core::dap
