// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/describe.h"

#include "base/text.h"
#include "cli/message.h"

#include "door/inner.h"
#include "wasm/printer.h"

namespace vitrine::cli {

namespace {

// -- The structure as JSON

void add_name(json::Object& row, std::string_view name)
{
    if (!name.empty())
        row["name"] = json::to_string(name);
}

/// The keys that all rows of index spaces have.
json::Object entity_row(const EntityInfo& info)
{
    json::Object row { { "index", info.index } };
    add_name(row, info.name);
    if (info.import)
        row["import"] = { { "module", info.import->module }, { "name", info.import->name } };
    json::Array exports(info.exports.begin(), info.exports.end());
    if (!exports.empty())
        row["exports"] = std::move(exports);
    return row;
}

template<class Type> void add_limits(json::Object& row, const Type& type)
{
    row["min"] = type.min;
    if (type.max)
        row["max"] = *type.max;
}

void add_type(json::Object& row, const FuncInfo& info)
{
    row["type"] = info.type.to_text();
    if (info.import)
        return;
    row["offset"] = info.offset;
    row["end"] = info.end;
}

void add_type(json::Object& row, const TableInfo& info)
{
    row["type"] = info.type.element_type.to_text();
    add_limits(row, info.type);
}

void add_type(json::Object& row, const MemoryInfo& info)
{
    add_limits(row, info.type);
    row["shared"] = info.type.is_shared;
}

void add_type(json::Object& row, const GlobalInfo& info)
{
    row["type"] = info.type.type.to_text();
    row["mutable"] = info.type.is_mutable;
}

void add_type(json::Object& row, const TagInfo& info) { row["type"] = info.type.to_text(); }

template<class Info> json::Array entity_rows(const std::vector<Info>& infos)
{
    json::Array rows;
    for (const Info& info : infos) {
        json::Object row = entity_row(info);
        add_type(row, info);
        rows.push_back(std::move(row));
    }
    return rows;
}

json::Array type_rows(const core::Module& module)
{
    json::Array rows;
    for (uint32_t i = 0; i < module.types.size(); ++i)
        rows.push_back({ { "index", i }, { "type", core::to_text(module.types[core::TypeIndex { i }]) } });
    return rows;
}

json::Array export_rows(const Module& module)
{
    json::Array rows;
    for (const ExportInfo& item : module.exports())
        rows.push_back({ { "name", item.name }, { "kind", to_text(item.kind) }, { "index", item.index } });
    return rows;
}

json::Object segment_row(
    uint32_t index, std::string_view name, core::SegmentMode mode, uint64_t size, uint64_t offset)
{
    constexpr std::string_view modes[] { "passive", "active", "declarative" };
    json::Object row { { "index", index } };
    add_name(row, name);
    row["mode"] = modes[static_cast<size_t>(mode)];
    row["size"] = size;
    row["offset"] = offset;
    return row;
}

json::Array elem_rows(const core::Module& module)
{
    json::Array rows;
    for (uint32_t i = 0; i < module.elems.size(); ++i) {
        const core::ElemSegment& segment = module.elems[i];
        json::Object row =
            segment_row(i, module.names().elems.find(i), segment.mode, segment.size(), segment.offset);
        row["type"] = segment.type.to_text();
        if (segment.mode == core::SegmentMode::Active)
            row["table"] = segment.table.value;
        rows.push_back(std::move(row));
    }
    return rows;
}

json::Array data_rows(const core::Module& module)
{
    json::Array rows;
    for (uint32_t i = 0; i < module.datas.size(); ++i) {
        const core::DataSegment& segment = module.datas[i];
        json::Object row =
            segment_row(i, module.names().datas.find(i), segment.mode, segment.bytes.size(), segment.offset);
        if (segment.mode == core::SegmentMode::Active)
            row["memory"] = segment.memory.value;
        rows.push_back(std::move(row));
    }
    return rows;
}

json::Array custom_rows(const core::Module& module)
{
    json::Array rows;
    for (const core::CustomSection& section : module.customs)
        rows.push_back(
            { { "name", section.name }, { "size", section.bytes.size() }, { "offset", section.offset } });
    return rows;
}

} // namespace

json::Object describe(const Module& module, const std::string& file)
{
    const core::Module& parts = *door::inner(module);
    json::Object document { { "file", json::to_string(file) }, { "size", parts.bytes().size() } };
    if (!parts.is_whole_file())
        document["file_offset"] = parts.file_offset();
    add_name(document, module.name());
    document["types"] = type_rows(parts);
    document["functions"] = entity_rows(module.functions());
    document["tables"] = entity_rows(module.tables());
    document["memories"] = entity_rows(module.memories());
    document["globals"] = entity_rows(module.globals());
    document["tags"] = entity_rows(module.tags());
    document["exports"] = export_rows(module);
    if (parts.start)
        document["start"] = parts.start->value;
    document["elements"] = elem_rows(parts);
    document["data"] = data_rows(parts);
    document["customs"] = custom_rows(parts);
    return document;
}

// -- The structure as text

std::string label_of(const json::Object& row, std::string_view kind)
{
    const json::Value* name = row.if_contains("name");
    return fmt::format("{}[{}]{}{}", kind, json::plain_text(row.at("index")), name ? " " : "",
        name ? core::escaped(json::plain_text(*name)) : "");
}

namespace {

/// Quotes a name as in WAT.
std::string quoted(const json::Value& name) { return "\"" + core::escaped(json::plain_text(name)) + "\""; }

std::string hex(const json::Value& offset) { return fmt::format("{:#x}", offset.to_number<uint64_t>()); }

/// Prints kind, index and name, then those of type, offset, import and exports that the row has.
void print_row(std::string_view kind, const json::Object& row)
{
    std::string text = "  " + label_of(row, kind);
    const auto add = [&](const char* key, auto form) {
        if (const json::Value* value = row.if_contains(key))
            text += form(*value);
    };
    add("mode", [](const json::Value& mode) { return " " + json::plain_text(mode); });
    add("mutable", [](const json::Value& is_mutable) { return is_mutable.get_bool() ? " mut" : ""; });
    add("type", [](const json::Value& type) {
        return (type.get_string().empty() ? "" : " ") + json::plain_text(type);
    });
    add("min", [](const json::Value& min) { return " " + json::plain_text(min) + ".."; });
    add("max", [](const json::Value& max) { return json::plain_text(max); });
    add("shared", [](const json::Value& is_shared) { return is_shared.get_bool() ? " shared" : ""; });
    add("table", [](const json::Value& table) { return " of table[" + json::plain_text(table) + "]"; });
    add("memory", [](const json::Value& memory) { return " of memory[" + json::plain_text(memory) + "]"; });
    add("size", [&](const json::Value& size) {
        return ", " + core::count_text(size.to_number<uint64_t>(), kind == "data" ? "byte" : "element");
    });
    add("offset", [](const json::Value& offset) { return " at " + hex(offset); });
    add("end", [](const json::Value& end) { return ".." + hex(end); });
    add("import", [](const json::Value& import) {
        return ", import " + quoted(import.at("module")) + " " + quoted(import.at("name"));
    });
    add("exports", [](const json::Value& names) {
        std::string all;
        for (const json::Value& name : names.get_array())
            all += ", export " + quoted(name);
        return all;
    });
    print("{}\n", text);
}

} // namespace

void print_description(const json::Object& document)
{
    constexpr std::pair<std::string_view, std::string_view> spaces[] { { "types", "type" },
        { "functions", "func" }, { "tables", "table" }, { "memories", "memory" }, { "globals", "global" },
        { "tags", "tag" }, { "elements", "elem" }, { "data", "data" } };
    const json::Value* name = document.if_contains("name");
    const json::Value* part = document.if_contains("file_offset");
    print("{}: {}{}{}\n", core::printable(json::plain_text(document.at("file"))),
        name ? "module " + core::escaped(json::plain_text(*name)) + ", " : "",
        core::count_text(document.at("size").to_number<uint64_t>(), "byte"),
        part ? " at " + hex(*part) + "; offsets are relative to the module" : "");
    for (const auto& [title, kind] : spaces) {
        const json::Array& rows = document.at(title).get_array();
        if (!rows.empty())
            print("{}: {}\n", title, rows.size());
        for (const json::Value& row : rows)
            print_row(kind, row.get_object());
    }
    if (const json::Value* start = document.if_contains("start"))
        print("start: func[{}]\n", json::plain_text(*start));
    const json::Array& customs = document.at("customs").get_array();
    if (!customs.empty())
        print("custom sections: {}\n", customs.size());
    for (const json::Value& row : customs)
        print("  {}, {} at {}\n", quoted(row.at("name")),
            core::count_text(row.at("size").to_number<uint64_t>(), "byte"), hex(row.at("offset")));
}

void print_sections(const Module& module)
{
    constexpr std::string_view names[] { "custom", "type", "import", "function", "table", "memory", "global",
        "export", "start", "element", "code", "data", "data count", "tag" };
    const core::Module& parts = *door::inner(module);
    auto custom = parts.customs.begin();
    print("{:<12} {:>10} {:>10}\n", "section", "offset", "size");
    for (const core::Section& section : parts.sections) {
        const std::string name =
            section.id == 0 ? fmt::format("  \"{}\"", core::escaped((custom++)->name)) : "";
        print("{:<12} {:#010x} {:>10}{}\n", names[section.id], section.offset, section.size, name);
    }
}

} // namespace vitrine::cli
