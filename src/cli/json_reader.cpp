// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/json_reader.h"

#include <boost/json/stream_parser.hpp>

namespace vitrine::cli {

core::Result<Json> parse_json(std::string_view text)
{
    boost::json::stream_parser parser;
    boost::system::error_code error;
    const size_t end = parser.write_some(text.data(), text.size(), error);
    if (!error && end < text.size())
        return core::failure("no valid JSON: something follows the document", end);
    if (!error)
        parser.finish(error);
    if (error)
        return core::failure("no valid JSON: " + error.message(), end);
    return parser.release();
}

core::Result<JsonNode> JsonNode::field(std::string_view name) const
{
    const auto found = TRY(optional_field(name));
    if (!found)
        return wrong("has no field " + std::string(name));
    return *found;
}

core::Result<std::optional<JsonNode>> JsonNode::optional_field(std::string_view name) const
{
    const auto* object = value_->if_object();
    if (!object)
        return wrong("expected an object");
    const Json* found = object->if_contains(name);
    return found ? std::optional(JsonNode(*found, this, name)) : std::nullopt;
}

core::Result<std::vector<JsonNode>> JsonNode::items() const
{
    const auto* array = value_->if_array();
    if (!array)
        return wrong("expected an array");
    std::vector<JsonNode> items;
    items.reserve(array->size());
    for (const Json& item : *array)
        items.push_back(JsonNode(item, this, items.size()));
    return items;
}

core::Result<std::string> JsonNode::text() const
{
    const auto* text = value_->if_string();
    if (!text)
        return wrong("expected a string");
    return std::string(*text);
}

core::Result<uint32_t> JsonNode::number() const
{
    boost::system::error_code error;
    const auto number = value_->is_number() ? value_->to_number<uint32_t>(error) : 0;
    if (!value_->is_number() || error)
        return wrong("expected a number");
    return number;
}

core::Result<std::string> JsonNode::text(std::string_view name) const
{
    const JsonNode found = TRY(field(name));
    return found.text();
}

core::Result<std::optional<std::string>> JsonNode::optional_text(std::string_view name) const
{
    const auto found = TRY(optional_field(name));
    if (!found || found->value().is_null())
        return std::nullopt;
    return TRY(found->text());
}

std::string JsonNode::path() const
{
    if (!above_)
        return "";
    std::string path = above_->path();
    if (const auto* index = std::get_if<size_t>(&step_))
        return path + "[" + std::to_string(*index) + "]";
    return path + (path.empty() ? "" : ".") + std::string(std::get<std::string_view>(step_));
}

std::unexpected<core::Error> JsonNode::wrong(std::string_view problem) const
{
    const std::string place = path();
    return core::failure((place.empty() ? "the document" : place) + ": " + std::string(problem));
}

} // namespace vitrine::cli
