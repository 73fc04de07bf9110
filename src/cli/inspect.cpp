// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/message.h"
#include "cli/options.h"

#include <boost/json.hpp>

#include <algorithm>
#include <cstdio>
#include <fmt/format.h>
#include <variant>

namespace vitrine::cli {

namespace json = boost::json;

namespace {

/// A stretch of a memory to show: `INDEX:ADDRESS+LENGTH`.
struct MemoryRange {
    uint32_t index = 0;
    uint64_t address = 0;
    uint64_t length = 0;
};

struct Options : GuestOptions {
    std::string at;
    std::vector<std::string> memory;
    bool as_json = false;
};

std::optional<uint64_t> parse_unsigned(std::string_view text)
{
    const auto value = parse_number(std::string(text), ValKind::I64);
    return value && !text.starts_with('-') && !text.empty()
        ? std::optional(static_cast<uint64_t>(value->i64()))
        : std::nullopt;
}

Result<MemoryRange> parse_range(const std::string& text)
{
    const size_t colon = text.find(':'), plus = text.find('+', colon == std::string::npos ? 0 : colon);
    if (colon != std::string::npos && plus != std::string::npos) {
        const auto index = parse_unsigned(text.substr(0, colon));
        const auto address = parse_unsigned(text.substr(colon + 1, plus - colon - 1));
        const auto length = parse_unsigned(text.substr(plus + 1));
        if (index && *index <= UINT32_MAX && address && length && *length <= uint64_t { 1 } << 32)
            return MemoryRange { static_cast<uint32_t>(*index), *address, *length };
    }
    return Error("--memory " + text + ": expected INDEX:ADDRESS+LENGTH, for example 0:1024+64");
}

/// The offset that a place means: an offset itself, or the beginning of a function.
Result<uint32_t> find_place(const Module& module, const std::string& place)
{
    const std::vector<FuncInfo> functions = module.functions();
    const FuncInfo* found = nullptr;
    if (place.starts_with("0x")) {
        const auto offset = parse_unsigned(place);
        if (offset && std::ranges::any_of(functions, [&](const FuncInfo& row) {
                return *offset >= row.offset && *offset < row.end;
            }))
            return static_cast<uint32_t>(*offset);
        return Error("--at " + place + ": no function has code at this offset");
    }
    if (place.starts_with("func[") && place.ends_with(']')) {
        const auto index = parse_unsigned(place.substr(5, place.size() - 6));
        if (!index || *index >= functions.size())
            return Error(fmt::format("--at {}: the module has {} functions", place, functions.size()));
        found = &functions[*index];
    } else {
        const std::string name = place.starts_with('$') ? place.substr(1) : place;
        const auto is_named = [&](const FuncInfo& row) { return row.name == name; };
        const auto is_exported = [&](const FuncInfo& row) {
            return std::ranges::find(row.exports, name) != row.exports.end();
        };
        auto row = std::ranges::find_if(functions, is_named);
        row = row == functions.end() ? std::ranges::find_if(functions, is_exported) : row;
        if (row == functions.end())
            return Error("--at " + place + ": no function has this name");
        found = &*row;
    }
    if (found->import)
        return Error("--at " + place + ": an imported function has no code here");
    return found->offset;
}

json::object value_of(const Val& value)
{
    return { { "type", to_text(value.kind()) }, { "value", to_json(value) } };
}

json::array describe_frames(const debug::Stopped& stopped)
{
    json::array frames;
    for (const debug::Frame& frame : stopped.frames()) {
        json::object object { { "function", frame.function().name() } };
        if (frame.is_host()) {
            object["host"] = true;
            frames.push_back(std::move(object));
            continue;
        }
        object["index"] = *frame.function().index();
        object["offset"] = frame.offset();
        json::array locals, operands;
        for (const debug::Local& local : frame.locals()) {
            json::object row { { "index", locals.size() } };
            if (!local.name.empty())
                row["name"] = local.name;
            row["type"] = to_text(local.value.kind());
            row["value"] = to_json(local.value);
            locals.push_back(std::move(row));
        }
        for (const Val& operand : frame.operands())
            operands.push_back(value_of(operand));
        object["locals"] = std::move(locals);
        object["operands"] = std::move(operands);
        frames.push_back(std::move(object));
    }
    return frames;
}

json::array describe_globals(const Instance& instance)
{
    json::array globals;
    for (const GlobalInfo& row : instance.module().globals()) {
        json::object object { { "index", row.index } };
        if (!row.name.empty())
            object["name"] = row.name;
        const Val value = instance.debug_global(row.index)->get();
        object["type"] = to_text(value.kind());
        object["value"] = to_json(value);
        object["exported"] = !row.exports.empty();
        globals.push_back(std::move(object));
    }
    return globals;
}

json::array describe_tables(const Instance& instance)
{
    json::array tables;
    for (const TableInfo& row : instance.module().tables()) {
        const Table table = *instance.debug_table(row.index);
        json::object object { { "index", row.index }, { "type", to_text(row.type.element) },
            { "size", table.size() } };
        if (!row.name.empty())
            object["name"] = row.name;
        json::array elements;
        for (uint64_t i = 0; i < table.size(); ++i) {
            const Val element = *table.get(i);
            if (element.is_null())
                elements.emplace_back(nullptr);
            else if (const auto function =
                         element.kind() == ValKind::FuncRef ? element.funcref() : std::nullopt)
                elements.push_back(function->index()
                        ? json::object { { "function", function->name() }, { "index", *function->index() } }
                        : json::object { { "function", function->name() } });
            else
                elements.push_back(to_json(element));
        }
        object["elements"] = std::move(elements);
        object["exported"] = !row.exports.empty();
        tables.push_back(std::move(object));
    }
    return tables;
}

/// The readable part of a range.
Result<json::object> describe_memory(const Instance& instance, const MemoryRange& range)
{
    std::vector<std::byte> bytes;
    const auto memory = instance.debug_memory(range.index);
    const auto shared = instance.debug_shared_memory(range.index);
    if (!memory && !shared)
        return Error(fmt::format("--memory: the module has no memory {}", range.index));
    const uint64_t size = memory ? memory->size() : shared->size();
    bytes.resize(range.address < size ? std::min(range.length, size - range.address) : 0);
    const auto done = memory ? memory->read(std::min(range.address, size), bytes)
                             : shared->read(std::min(range.address, size), bytes);
    if (!done)
        return done.error();
    std::string text;
    for (const std::byte byte : bytes)
        text += fmt::format("{:02x}", static_cast<unsigned>(byte));
    return json::object { { "index", range.index }, { "address", range.address }, { "size", size },
        { "bytes", text } };
}

Result<json::object> describe_stop(const debug::Stopped& stopped, std::span<const MemoryRange> ranges)
{
    json::object state { { "stopped", stopped.reason().to_text() }, { "frames", describe_frames(stopped) } };
    for (const debug::Frame& frame : stopped.frames()) {
        const auto instance = frame.instance();
        if (!instance)
            continue;
        state["globals"] = describe_globals(*instance);
        state["tables"] = describe_tables(*instance);
        json::array memory;
        for (const MemoryRange& range : ranges) {
            auto described = describe_memory(*instance, range);
            if (!described)
                return described.error();
            memory.push_back(std::move(*described));
        }
        state["memory"] = std::move(memory);
        break;
    }
    return state;
}

std::string text_of(const json::value& value)
{
    return value.is_string() ? std::string(value.get_string()) : to_text(value);
}

std::string label_of(const json::object& row, std::string_view kind)
{
    const auto* name = row.if_contains("name");
    return fmt::format("{}[{}]{}", kind, text_of(row.at("index")), name ? " $" + text_of(*name) : "");
}

void print_bytes(const json::object& range)
{
    const std::string hex = text_of(range.at("bytes"));
    const auto address = range.at("address").to_number<uint64_t>();
    fmt::print("memory[{}] at {:#x}, {} bytes\n", text_of(range.at("index")), address, hex.size() / 2);
    for (size_t line = 0; line < hex.size(); line += 32) {
        std::string digits, letters;
        for (size_t at = line; at < std::min(line + 32, hex.size()); at += 2) {
            const auto byte = static_cast<unsigned char>(std::stoul(hex.substr(at, 2), nullptr, 16));
            digits += hex.substr(at, 2) + " ";
            letters += byte >= 0x20 && byte < 0x7f ? static_cast<char>(byte) : '.';
        }
        fmt::print("  {:#010x}  {:<48} {}\n", address + line / 2, digits, letters);
    }
}

void print_state(const json::object& state)
{
    fmt::print("stopped: {}\n", text_of(state.at("stopped")));
    size_t number = 0;
    for (const json::value& item : state.at("frames").get_array()) {
        const json::object& frame = item.get_object();
        if (frame.contains("host")) {
            fmt::print("#{} {} (host)\n", number++, text_of(frame.at("function")));
            continue;
        }
        fmt::print("#{} {} func[{}] at {:#x}\n", number++, text_of(frame.at("function")),
            text_of(frame.at("index")), frame.at("offset").to_number<uint64_t>());
        for (const json::value& local : frame.at("locals").get_array())
            fmt::print("    {} = {} ({})\n", label_of(local.get_object(), "local"),
                text_of(local.at("value")), text_of(local.at("type")));
        size_t depth = 0;
        for (const json::value& operand : frame.at("operands").get_array())
            fmt::print("    operand[{}] = {} ({})\n", depth++, text_of(operand.at("value")),
                text_of(operand.at("type")));
    }
    if (!state.contains("globals"))
        return;
    for (const json::value& item : state.at("globals").get_array())
        fmt::print("{} = {} ({}){}\n", label_of(item.get_object(), "global"), text_of(item.at("value")),
            text_of(item.at("type")), item.at("exported").get_bool() ? "" : " private");
    for (const json::value& item : state.at("tables").get_array()) {
        fmt::print("{}: {} {}{}\n", label_of(item.get_object(), "table"), text_of(item.at("size")),
            text_of(item.at("type")), item.at("exported").get_bool() ? "" : ", private");
        size_t index = 0;
        for (const json::value& element : item.at("elements").get_array()) {
            if (const auto* object = element.if_object())
                fmt::print("    [{}] {}{}\n", index, text_of(object->at("function")),
                    object->contains("index") ? " func[" + text_of(object->at("index")) + "]" : "");
            else if (!element.is_null())
                fmt::print("    [{}] {}\n", index, text_of(element));
            ++index;
        }
    }
    for (const json::value& range : state.at("memory").get_array())
        print_bytes(range.get_object());
}

/// Runs the guest to the place and describes what is there; its own status when it does not come by.
Result<json::object> run_to_place(const Engine& engine, const Module& module, const Options& options,
    uint32_t offset, std::span<const MemoryRange> ranges)
{
    auto wasi = options.wasi();
    if (!wasi)
        return wasi.error();
    if (options.as_json)
        wasi->stdout_to(
            [](std::span<const std::byte> bytes) { std::fwrite(bytes.data(), 1, bytes.size(), stderr); });
    Store store(engine);
    Linker linker(engine);
    if (auto added = add_wasi(linker, store, *wasi); !added)
        return added.error();
    debug::Session session(store);
    if (auto added = session.add_breakpoint({ .module = module, .offset = offset }); !added)
        return added.error();
    debug::Event event = session.run([&] { return run_guest(linker, store, module, options); });
    auto* stopped = std::get_if<debug::Stopped>(&event);
    if (!stopped) {
        const auto& results = std::get<debug::Exited>(event).results;
        if (!results && !results.error().exit_status())
            return results.error();
        return Error("--at " + options.at + ": the guest ended without coming by");
    }
    auto state = describe_stop(*stopped, ranges);
    event = session.kill(std::move(*stopped));
    return state;
}

int inspect(Options& options, const CLI::App& command, const Behind& behind)
{
    if (auto taken = options.take_rest(command, behind); !taken) {
        print_error(taken.error().message() + " (vitrine inspect --help)");
        return status::usage;
    }
    std::vector<MemoryRange> ranges;
    for (const std::string& text : options.memory) {
        const auto range = parse_range(text);
        if (!range || options.at.empty()) {
            print_error(range ? "--memory needs --at, which says when" : range.error().message());
            return status::usage;
        }
        ranges.push_back(*range);
    }
    const Engine engine(Config().guest_debug(true));
    const auto module = Module::from_file(engine, options.module);
    if (!module)
        return report(module.error());
    json::object document = describe(*module, options.module);
    if (!options.at.empty()) {
        const auto offset = find_place(*module, options.at);
        if (!offset)
            return report(offset.error());
        auto state = run_to_place(engine, *module, options, *offset, ranges);
        if (!state)
            return report(state.error());
        if (!options.as_json)
            print_state(*state);
        document["state"] = std::move(*state);
    } else if (!options.as_json) {
        print_description(document);
    }
    if (options.as_json)
        fmt::print("{}\n", to_text(document));
    return 0;
}

} // namespace

Command add_inspect(CLI::App& app, const Behind& behind)
{
    CLI::App& command =
        *app.add_subcommand("inspect", "Show the structure of a module, or its state at a place");
    const auto options = std::make_shared<Options>();
    options->add_to(command);
    command.add_option("--at", options->at,
        "Run to a function (name, $name, func[3]) or an offset (0x51), and show everything there");
    command.add_option("--memory", options->memory, "With --at: show memory, INDEX:ADDRESS+LENGTH")
        ->allow_extra_args(false);
    command.add_flag("--json", options->as_json, "As JSON; what the guest prints goes to stderr then");
    command.footer("Example: vitrine inspect --at main --memory 0:1024+64 app.wasm");
    return [options, &command, &behind] { return inspect(*options, command, behind); };
}

} // namespace vitrine::cli
