// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/state.h"

#include "base/text.h"
#include "cli/describe.h"
#include "cli/message.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace vitrine::cli {

Error no_memory(const MemoryRange& range, size_t count)
{
    return Error(fmt::format(
        "--memory {}: the module has no such memory (number of memories: {})", range.index, count));
}

namespace {

// -- Values as JSON

/// A finite float as a number. Infinities and NaNs, which JSON has no numbers for, as text.
json::Value float_json(const std::string& text, bool is_finite)
{
    double number = 0;
    if (!is_finite)
        return json::to_string(text);
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

json::Value function_json(const Func& function)
{
    json::Object object;
    if (const std::string name = function.name(); !name.empty())
        object["name"] = json::to_string(name);
    if (const auto index = function.index())
        object["index"] = *index;
    return object;
}

/// A value as JSON. An i64 or a vector, which a JavaScript number cannot hold, becomes text; a
/// function becomes its name and index.
json::Value to_json(const Val& value)
{
    if (value.is_null())
        return nullptr;
    switch (value.kind()) {
    case ValKind::I32: return value.i32();
    case ValKind::F32: return float_json(value.to_text(), std::isfinite(value.f32()));
    case ValKind::F64: return float_json(value.to_text(), std::isfinite(value.f64()));
    case ValKind::FuncRef: return function_json(*value.funcref());
    default: return json::to_string(value.to_text());
    }
}

// -- The state as JSON

json::Object named_row(uint64_t index, std::string_view name)
{
    json::Object row { { "index", index } };
    if (!name.empty())
        row["name"] = json::to_string(name);
    return row;
}

void add_value(json::Object& row, const Val& value, const ValType& type)
{
    row["type"] = type.to_text();
    row["value"] = to_json(value);
}

/// The name of the core module that a frame is in, if the program is a component.
std::string module_name(const debug::Frame& frame, std::span<const LoadedModule> modules)
{
    const auto instance = frame.instance();
    const auto module = std::ranges::find_if(
        modules, [&](const LoadedModule& loaded) { return instance && instance->module() == loaded.module; });
    return module == modules.end() ? "" : module->name;
}

json::Object frame_row(const debug::Frame& frame, std::span<const LoadedModule> modules)
{
    const Func function = frame.function();
    if (frame.is_host())
        return { { "name", json::to_string(function.name()) }, { "host", true } };
    json::Object row = named_row(function.index().value_or(0), function.name());
    if (const std::string name = module_name(frame, modules); !name.empty())
        row["module"] = json::to_string(name);
    row["offset"] = frame.offset();
    json::Array locals, operands;
    for (const debug::Local& local : frame.locals()) {
        json::Object item = named_row(locals.size(), local.name);
        add_value(item, local.value, local.type);
        locals.push_back(std::move(item));
    }
    const std::vector<ValType> types = frame.operand_types();
    for (const Val& operand : frame.operands()) {
        json::Object item { { "index", operands.size() } };
        add_value(item, operand, types[operands.size()]);
        operands.push_back(std::move(item));
    }
    row["locals"] = std::move(locals);
    row["operands"] = std::move(operands);
    return row;
}

json::Array global_rows(const Instance& instance)
{
    json::Array rows;
    for (const GlobalInfo& info : instance.module().globals()) {
        json::Object row = named_row(info.index, info.name);
        add_value(row, instance.debug_global(info.index)->get(), info.type.type);
        row["exported"] = !info.exports.empty();
        rows.push_back(std::move(row));
    }
    return rows;
}

json::Array table_rows(const Instance& instance)
{
    json::Array rows;
    for (const TableInfo& info : instance.module().tables()) {
        const Table table = *instance.debug_table(info.index);
        json::Object row = named_row(info.index, info.name);
        row["type"] = info.type.element_type.to_text();
        row["size"] = table.size();
        row["exported"] = !info.exports.empty();
        json::Array elements;
        for (uint64_t i = 0; i < table.size(); ++i)
            elements.push_back(to_json(*table.get(i)));
        row["elements"] = std::move(elements);
        rows.push_back(std::move(row));
    }
    return rows;
}

uint64_t size_of(const Instance& instance, uint32_t memory)
{
    if (const auto plain = instance.debug_memory(memory))
        return plain->size();
    return instance.debug_shared_memory(memory)->size();
}

json::Array memory_rows(const Instance& instance)
{
    json::Array rows;
    for (const MemoryInfo& info : instance.module().memories()) {
        json::Object row = named_row(info.index, info.name);
        row["size"] = size_of(instance, info.index);
        row["exported"] = !info.exports.empty();
        rows.push_back(std::move(row));
    }
    return rows;
}

/// The readable part of a range.
json::Object range_row(const Instance& instance, const MemoryRange& range)
{
    const uint64_t size = size_of(instance, range.index);
    const uint64_t begin = std::min(range.address, size);
    std::vector<std::byte> bytes(std::min(range.length, size - begin));
    const auto done = [&] {
        if (const auto plain = instance.debug_memory(range.index))
            return plain->read(begin, bytes);
        return instance.debug_shared_memory(range.index)->read(begin, bytes);
    }();
    std::string text;
    for (const std::byte byte : done ? bytes : std::vector<std::byte> {})
        fmt::format_to(std::back_inserter(text), "{:02x}", std::to_integer<unsigned>(byte));
    return { { "index", range.index }, { "address", range.address }, { "length", range.length },
        { "bytes", text } };
}

} // namespace

Result<json::Object> describe_state(
    const debug::Stopped& stopped, std::span<const MemoryRange> ranges, std::span<const LoadedModule> modules)
{
    json::Object state { { "stopped", stopped.reason().to_text() } };
    const std::vector<debug::Frame> frames = stopped.frames();
    json::Array rows, memory;
    for (const debug::Frame& frame : frames)
        rows.push_back(frame_row(frame, modules));
    state["frames"] = std::move(rows);
    const auto guest =
        std::ranges::find_if(frames, [](const debug::Frame& frame) { return frame.instance().has_value(); });
    if (guest == frames.end())
        return state;
    const Instance instance = *guest->instance();
    state["globals"] = global_rows(instance);
    state["tables"] = table_rows(instance);
    state["memories"] = memory_rows(instance);
    const size_t count = instance.module().memories().size();
    for (const MemoryRange& range : ranges) {
        if (range.index >= count)
            return no_memory(range, count);
        memory.push_back(range_row(instance, range));
    }
    state["memory"] = std::move(memory);
    return state;
}

// -- The state as text

namespace {

/// A function by index and name; any other value unchanged.
std::string value_text(const json::Value& value)
{
    const auto* object = value.if_object();
    if (!object)
        return json::plain_text(value);
    if (object->contains("index"))
        return label_of(*object, "func");
    return core::escaped(json::plain_text(object->at("name")));
}

void print_value(
    std::string_view indent, std::string_view kind, const json::Object& row, std::string_view more = "")
{
    print("{}{} = {} ({}){}\n", indent, label_of(row, kind), value_text(row.at("value")),
        json::plain_text(row.at("type")), more);
}

std::string_view privacy_of(const json::Object& row)
{
    return row.at("exported").get_bool() ? "" : ", private";
}

void print_frame(size_t number, const json::Object& frame)
{
    if (frame.contains("host")) {
        print("#{} {} (host)\n", number, core::escaped(json::plain_text(frame.at("name"))));
        return;
    }
    const json::Value* module = frame.if_contains("module");
    print("#{} {}{} at {:#x}\n", number, module ? core::escaped(json::plain_text(*module)) + "!" : "",
        label_of(frame, "func"), frame.at("offset").to_number<uint64_t>());
    for (const json::Value& local : frame.at("locals").get_array())
        print_value("    ", "local", local.get_object());
    for (const json::Value& operand : frame.at("operands").get_array())
        print_value("    ", "operand", operand.get_object());
}

void print_table(const json::Object& table)
{
    print("{}: {} ({}){}\n", label_of(table, "table"),
        core::count_text(table.at("size").to_number<uint64_t>(), "element"),
        json::plain_text(table.at("type")), privacy_of(table));
    size_t index = 0;
    for (const json::Value& element : table.at("elements").get_array()) {
        if (!element.is_null())
            print("    [{}] {}\n", index, value_text(element));
        ++index;
    }
}

void print_range(const json::Object& range)
{
    constexpr size_t digits_per_line = 2 * 16;
    const std::string digits = json::plain_text(range.at("bytes"));
    const auto address = range.at("address").to_number<uint64_t>();
    const auto length = range.at("length").to_number<uint64_t>();
    const bool is_part = digits.size() / 2 < length;
    print("{} at {:#x}, {}{}\n", label_of(range, "memory"), address, core::count_text(length, "byte"),
        is_part ? fmt::format(", of which {} are there", digits.size() / 2) : "");
    for (size_t line = 0; line < digits.size(); line += digits_per_line) {
        std::string hex, letters;
        for (size_t at = line; at < std::min(line + digits_per_line, digits.size()); at += 2) {
            const auto byte = static_cast<unsigned char>(std::stoul(digits.substr(at, 2), nullptr, 16));
            hex += digits.substr(at, 2) + " ";
            letters += byte >= 0x20 && byte < 0x7f ? static_cast<char>(byte) : '.';
        }
        print("    {:#010x}  {:<48} {}\n", address + line / 2, hex, letters);
    }
}

} // namespace

void print_state(const json::Object& state)
{
    const auto each = [&](const char* key, auto&& print_one) {
        if (const json::Value* rows = state.if_contains(key))
            for (const json::Value& row : rows->get_array())
                print_one(row.get_object());
    };
    size_t number = 0;
    print("stopped: {}\n", core::printable(json::plain_text(state.at("stopped"))));
    each("frames", [&](const json::Object& row) { print_frame(number++, row); });
    each("globals", [](const json::Object& row) { print_value("", "global", row, privacy_of(row)); });
    each("tables", print_table);
    each("memories", [](const json::Object& row) {
        print("{}: {}{}\n", label_of(row, "memory"),
            core::count_text(row.at("size").to_number<uint64_t>(), "byte"), privacy_of(row));
    });
    each("memory", print_range);
}

} // namespace vitrine::cli
