// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/describe.h"

#include "api/access.h"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace vitrine::cli {

namespace json = boost::json;

namespace {

json::array names_of(const std::vector<std::string>& names)
{
    json::array result;
    for (const std::string& name : names)
        result.emplace_back(name);
    return result;
}

json::object common(const EntityInfo& row)
{
    json::object object { { "index", row.index } };
    if (!row.name.empty())
        object["name"] = row.name;
    if (row.import)
        object["import"] = { { "module", row.import->module }, { "name", row.import->name } };
    if (!row.exports.empty())
        object["exports"] = names_of(row.exports);
    return object;
}

template<class Limits> void add_limits(json::object& object, const Limits& limits)
{
    object["min"] = limits.min;
    if (limits.max)
        object["max"] = *limits.max;
}

json::array describe_segments(const core::Module& module)
{
    constexpr std::string_view modes[] { "passive", "active", "declarative" };
    json::array rows;
    for (const core::ElemSegment& segment : module.elems)
        rows.push_back(
            json::object { { "kind", "elem" }, { "mode", modes[static_cast<size_t>(segment.mode)] },
                { "size", segment.size() }, { "offset", segment.offset } });
    for (const core::DataSegment& segment : module.datas)
        rows.push_back(
            json::object { { "kind", "data" }, { "mode", modes[static_cast<size_t>(segment.mode)] },
                { "size", segment.bytes.size() }, { "offset", segment.offset } });
    return rows;
}

} // namespace

json::object describe(const Module& module, const std::string& file)
{
    const core::Module& inner = *detail::Access::body(module)->module;
    json::object document { { "file", file }, { "size", inner.bytes().size() } };
    if (const std::string name = module.name(); !name.empty())
        document["name"] = name;
    json::array functions, tables, memories, globals, tags, exports, customs;
    for (const FuncInfo& row : module.functions()) {
        json::object object = common(row);
        object["type"] = row.type.to_text();
        if (!row.import) {
            object["offset"] = row.offset;
            object["end"] = row.end;
        }
        functions.push_back(std::move(object));
    }
    for (const TableInfo& row : module.tables()) {
        json::object object = common(row);
        object["type"] = to_text(row.type.element);
        add_limits(object, row.type);
        tables.push_back(std::move(object));
    }
    for (const MemoryInfo& row : module.memories()) {
        json::object object = common(row);
        add_limits(object, row.type);
        object["shared"] = row.type.is_shared;
        memories.push_back(std::move(object));
    }
    for (const GlobalInfo& row : module.globals()) {
        json::object object = common(row);
        object["type"] = to_text(row.type.kind);
        object["mutable"] = row.type.is_mutable;
        globals.push_back(std::move(object));
    }
    for (const TagInfo& row : module.tags()) {
        json::object object = common(row);
        object["type"] = row.type.to_text();
        tags.push_back(std::move(object));
    }
    for (const ExportInfo& row : module.exports())
        exports.push_back(
            json::object { { "name", row.name }, { "kind", to_text(row.kind) }, { "index", row.index } });
    for (const core::CustomSection& section : inner.customs)
        customs.push_back(json::object {
            { "name", section.name }, { "size", section.bytes.size() }, { "offset", section.offset } });
    document["functions"] = std::move(functions);
    document["tables"] = std::move(tables);
    document["memories"] = std::move(memories);
    document["globals"] = std::move(globals);
    document["tags"] = std::move(tags);
    document["exports"] = std::move(exports);
    document["segments"] = describe_segments(inner);
    document["customs"] = std::move(customs);
    if (inner.start)
        document["start"] = inner.start->value;
    return document;
}

namespace {

std::string text_of(const json::value& value)
{
    return value.is_string() ? std::string(value.get_string()) : to_text(value);
}

/// One row of an index space: `func[3] $name (param i32) 0x51 export "f"`.
void print_row(std::string_view kind, const json::object& row)
{
    fmt::print("  {}[{}]", kind, text_of(row.at("index")));
    if (const auto* name = row.if_contains("name"))
        fmt::print(" ${}", text_of(*name));
    if (const auto* is_mutable = row.if_contains("mutable"))
        fmt::print("{}", is_mutable->get_bool() ? " mut" : "");
    if (const auto* type = row.if_contains("type"); type && !type->get_string().empty())
        fmt::print(" {}", text_of(*type));
    if (const auto* min = row.if_contains("min"))
        fmt::print(" {}..{}", text_of(*min), row.contains("max") ? text_of(row.at("max")) : "");
    if (const auto* shared = row.if_contains("shared"); shared && shared->get_bool())
        fmt::print(" shared");
    if (const auto* offset = row.if_contains("offset"))
        fmt::print(" {:#x}..{:#x}", offset->to_number<uint64_t>(), row.at("end").to_number<uint64_t>());
    if (const auto* import = row.if_contains("import"))
        fmt::print(" import {}.{}", text_of(import->at("module")), text_of(import->at("name")));
    if (const auto* exports = row.if_contains("exports"))
        for (const json::value& name : exports->get_array())
            fmt::print(" export {}", to_text(name));
    fmt::print("\n");
}

} // namespace

void print_description(const json::object& document)
{
    fmt::print("module {}{} ({} bytes)\n", text_of(document.at("file")),
        document.contains("name") ? " \"" + text_of(document.at("name")) + "\"" : "",
        text_of(document.at("size")));
    constexpr std::pair<std::string_view, std::string_view> spaces[] { { "functions", "func" },
        { "tables", "table" }, { "memories", "memory" }, { "globals", "global" }, { "tags", "tag" } };
    for (const auto& [title, kind] : spaces) {
        const json::array& rows = document.at(title).get_array();
        if (rows.empty())
            continue;
        fmt::print("{}: {}\n", title, rows.size());
        for (const json::value& row : rows)
            print_row(kind, row.get_object());
    }
    for (const json::value& row : document.at("segments").get_array())
        fmt::print("{} segment, {}, {} {} at {:#x}\n", text_of(row.at("kind")), text_of(row.at("mode")),
            text_of(row.at("size")), text_of(row.at("kind")) == "data" ? "bytes" : "elements",
            row.at("offset").to_number<uint64_t>());
    for (const json::value& row : document.at("customs").get_array())
        fmt::print("custom section {}, {} bytes at {:#x}\n", to_text(row.at("name")), text_of(row.at("size")),
            row.at("offset").to_number<uint64_t>());
    if (const auto* start = document.if_contains("start"))
        fmt::print("start: func[{}]\n", text_of(*start));
}

} // namespace vitrine::cli
