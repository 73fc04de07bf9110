// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "json/node.h"

#include <boost/json/stream_parser.hpp>

namespace vitrine::core::json {

Result<Value> parse(std::string_view text)
{
    boost::json::stream_parser parser;
    boost::system::error_code error;
    const size_t end = parser.write_some(text.data(), text.size(), error);
    if (!error && end < text.size())
        return failure("invalid JSON: unexpected text after the document", end);
    if (!error)
        parser.finish(error);
    if (error)
        return failure("invalid JSON: " + error.message(), end);
    return parser.release();
}

Result<Node> Node::field(std::string_view name) const
{
    const auto found = TRY(optional_field(name));
    if (!found)
        return wrong("has no field " + std::string(name));
    return *found;
}

Result<std::optional<Node>> Node::optional_field(std::string_view name) const
{
    const auto* object = value_->if_object();
    if (!object)
        return wrong("expected an object");
    const Value* found = object->if_contains(name);
    return found ? std::optional(Node(*found, *this, name)) : std::nullopt;
}

Result<std::vector<Node>> Node::items() const
{
    const auto* array = value_->if_array();
    if (!array)
        return wrong("expected an array");
    std::vector<Node> items;
    items.reserve(array->size());
    for (const Value& item : *array)
        items.push_back(Node(item, *this, items.size()));
    return items;
}

Result<std::string> Node::text() const
{
    const auto* text = value_->if_string();
    if (!text)
        return wrong("expected a string");
    return std::string(*text);
}

Result<uint32_t> Node::number() const
{
    boost::system::error_code error;
    const auto number = value_->is_number() ? value_->to_number<uint32_t>(error) : 0;
    if (!value_->is_number() || error)
        return wrong("expected a number");
    return number;
}

Result<std::string> Node::text(std::string_view name) const
{
    const Node found = TRY(field(name));
    return found.text();
}

Result<std::optional<std::string>> Node::optional_text(std::string_view name) const
{
    const auto found = TRY(optional_field(name));
    if (!found || found->value().is_null())
        return std::nullopt;
    return TRY(found->text());
}

std::string Node::path() const
{
    std::string path;
    for (const Step& step : steps_) {
        if (const auto* index = std::get_if<size_t>(&step))
            path += "[" + std::to_string(*index) + "]";
        else
            path += (path.empty() ? "" : ".") + std::string(std::get<std::string_view>(step));
    }
    return path;
}

std::unexpected<Error> Node::wrong(std::string_view problem) const
{
    const std::string place = path();
    return failure((place.empty() ? "the document" : place) + ": " + std::string(problem));
}

} // namespace vitrine::core::json
