// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/describe_component.h"

#include "base/text.h"
#include "cli/describe.h"
#include "cli/message.h"

#include "component/contents.h"
#include "component/printer.h"
#include "door/inner.h"

namespace vitrine::cli {

namespace component = core::component;

namespace {

// -- The structure as JSON

json::Object row_of(uint32_t index, std::string_view name)
{
    json::Object row { { "index", index } };
    if (!name.empty())
        row["name"] = json::to_string(name);
    return row;
}

/// Adds what the component contains, with all that is nested in it.
void add_contents(json::Object& document, const component::Component& component)
{
    const component::Contents contents = component::contents_of(component);
    json::Array modules, instances, components;
    for (const auto& item : contents.core_modules) {
        json::Object row = row_of(item.index, item.name);
        row["size"] = item.module->bytes().size();
        row["offset"] = item.module->file_offset();
        modules.push_back(std::move(row));
    }
    for (const auto& item : contents.core_instances) {
        json::Object row = row_of(item.index, item.name);
        if (item.module)
            row["module"] = *item.module;
        instances.push_back(std::move(row));
    }
    for (const auto& item : contents.components) {
        json::Object row = row_of(item.index, item.name);
        row["size"] = item.component->bytes().size();
        row["offset"] = item.component->file_offset();
        add_contents(row, *item.component);
        components.push_back(std::move(row));
    }
    document["core_modules"] = std::move(modules);
    document["core_instances"] = std::move(instances);
    document["components"] = std::move(components);
}

json::Array custom_rows(const component::Component& component)
{
    json::Array rows;
    for (const core::CustomSection& section : component.customs)
        rows.push_back({ { "name", section.name }, { "size", section.bytes.size() },
            { "offset", component.file_offset() + section.offset } });
    return rows;
}

} // namespace

json::Object describe(const LoadedComponent& loaded)
{
    const auto inner = door::inner(loaded.component);
    const component::Component& component = *inner;
    json::Object document { { "file", json::to_string(loaded.path) }, { "size", component.bytes().size() } };
    if (component.file_offset() > 0)
        document["file_offset"] = component.file_offset();
    if (const std::string_view name = component::decode_component_names(component).component; !name.empty())
        document["name"] = json::to_string(name);
    document["wit"] = component::wit_of(component);
    add_contents(document, component);
    document["customs"] = custom_rows(component);
    return document;
}

// -- The structure as text

namespace {

/// `, 123 bytes at 0x52`
std::string extent_text(const json::Object& row)
{
    return fmt::format(", {} at {:#x}", core::count_text(row.at("size").to_number<uint64_t>(), "byte"),
        row.at("offset").to_number<uint64_t>());
}

void print_contents(const json::Object& component, const std::string& indent)
{
    const json::Array& modules = component.at("core_modules").get_array();
    const json::Array& instances = component.at("core_instances").get_array();
    const json::Array& components = component.at("components").get_array();
    if (!modules.empty())
        print("{}core modules: {}\n", indent, modules.size());
    for (const json::Value& row : modules)
        print("{}  {}{}\n", indent, label_of(row.get_object(), "core module"), extent_text(row.get_object()));
    if (!instances.empty())
        print("{}core instances: {}\n", indent, instances.size());
    for (const json::Value& row : instances) {
        const json::Value* module = row.get_object().if_contains("module");
        print("{}  {}{}\n", indent, label_of(row.get_object(), "core instance"),
            module ? ", of core module[" + json::plain_text(*module) + "]" : ", of exports");
    }
    if (!components.empty())
        print("{}components: {}\n", indent, components.size());
    for (const json::Value& row : components) {
        print("{}  {}{}\n", indent, label_of(row.get_object(), "component"), extent_text(row.get_object()));
        print_contents(row.get_object(), indent + "    ");
    }
}

} // namespace

void print_component(const json::Object& document)
{
    const json::Value* name = document.if_contains("name");
    const json::Value* part = document.if_contains("file_offset");
    print("{}: component{}, {}{}\n", core::printable(json::plain_text(document.at("file"))),
        name ? " " + core::escaped(json::plain_text(*name)) : "",
        core::count_text(document.at("size").to_number<uint64_t>(), "byte"),
        part ? fmt::format(" at {:#x}", part->to_number<uint64_t>()) : "");
    print("\n{}\n", json::plain_text(document.at("wit")));
    print_contents(document, "");
    const json::Array& customs = document.at("customs").get_array();
    if (!customs.empty())
        print("custom sections: {}\n", customs.size());
    for (const json::Value& row : customs)
        print("  \"{}\"{}\n", core::escaped(json::plain_text(row.at("name"))), extent_text(row.get_object()));
}

// -- Core modules

namespace {

void add_places(
    const component::Component& component, const std::string& outer, std::vector<std::string>& places)
{
    const component::Contents contents = component::contents_of(component);
    const auto label = [&](const char* kind, uint32_t index, std::string_view name) {
        return outer + label_of(row_of(index, name), kind);
    };
    auto module = contents.core_modules.begin();
    auto nested = contents.components.begin();
    for (const component::Definition& definition : component.definitions) {
        if (std::holds_alternative<component::CoreModuleDef>(definition.def)) {
            places.push_back(fmt::format("{} at {:#x}", label("core module", module->index, module->name),
                module->module->file_offset()));
            ++module;
        } else if (std::holds_alternative<component::NestedComponentDef>(definition.def)) {
            add_places(*nested->component, label("component", nested->index, nested->name) + ", ", places);
            ++nested;
        }
    }
}

} // namespace

std::vector<std::string> places_of_core_modules(const Component& component)
{
    std::vector<std::string> places;
    add_places(*door::inner(component), "", places);
    return places;
}

} // namespace vitrine::cli
