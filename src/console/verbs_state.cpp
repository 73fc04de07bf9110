// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the program consists of, and the values in it.
#include "console/places.h"
#include "console/values.h"
#include "console/verbs.h"

#include "base/number.h"
#include "base/text.h"
#include "debug/listing.h"
#include "runtime/objects.h"

#include <algorithm>

namespace vitrine::core::console {

namespace {

constexpr uint64_t bytes_per_line = 16;
constexpr uint64_t default_length = 64;
constexpr uint64_t max_length = 1 << 20;
constexpr size_t max_found = 32;
/// How many rows are shown at most.
constexpr uint64_t max_rows = 1000;

/// Writes a row for each index whose label contains the pattern.
template<class Row>
Result<void> write_rows(
    Console& console, Words& words, const Module& module, ExternKind kind, std::string_view none, Row row)
{
    const std::string_view pattern = words.next();
    CHECK(words.end());
    bool is_none = true;
    for (uint32_t i = 0; i < module.count(kind); ++i)
        if (debug::row_label(module, kind, i).contains(pattern)
            || debug::row_label(module, kind, i, console.target().demangle()).contains(pattern)) {
            console.write(row(i));
            is_none = false;
        }
    if (is_none)
        console.write(none);
    return {};
}

/// The bytes of a memory that are there, from an address on.
Bytes bytes_at(const eval::MemoryRange& place, uint64_t address, uint64_t length)
{
    const Bytes bytes = place.memory->bytes();
    return address < bytes.size() ? bytes.subspan(address, std::min(length, bytes.size() - address))
                                  : Bytes();
}

void write_bytes(Console& console, uint64_t address, Bytes bytes)
{
    for (size_t line = 0; line < bytes.size(); line += bytes_per_line) {
        std::string digits, letters;
        for (const uint8_t byte :
            bytes.subspan(line, std::min<size_t>(bytes_per_line, bytes.size() - line))) {
            digits += hex_digits(byte, 2) + " ";
            letters += byte >= 0x20 && byte < 0x7f ? static_cast<char>(byte) : '.';
        }
        digits.resize(3 * bytes_per_line, ' ');
        const uint64_t at = address + line;
        const int width = at > UINT32_MAX ? 16 : 8;
        console.write("0x" + hex_digits(at, width) + "  " + digits + " " + letters);
    }
}

/// `0x10`, `1:0x10`, `1: 0x10`; empty at the end.
std::string take_memory_place(Words& words)
{
    std::string text(words.next());
    if (text.ends_with(':'))
        text += words.next();
    return text;
}

Result<void> show_memory_at(Console& console, const std::string& text, Words& words)
{
    const eval::MemoryRange place = TRY(find_memory_place(console.scope(), text));
    const uint64_t length = words.at_end() ? default_length : TRY(words.number("a length"));
    CHECK(words.end());
    if (place.address >= place.memory->size())
        return failure("address " + hex(place.address) + " is beyond the end of the memory, "
            + hex(place.memory->size()));
    const Bytes bytes = bytes_at(place, place.address, std::min(length, max_length));
    write_bytes(console, place.address, bytes);
    if (bytes.size() < length)
        console.write(
            length > max_length ? std::to_string(length - bytes.size()) + " more" : "the memory ends here");
    return {};
}

/// `"text"`, or the digits of bytes.
Result<std::string> take_pattern(Words& words)
{
    constexpr std::string_view expected = "expected a text in quotes, or pairs of hexadecimal digits";
    std::string bytes;
    if (words.rest().starts_with('"')) {
        bytes = TRY(words.quoted("a text"));
    } else {
        const std::string_view digits = words.next();
        for (size_t i = 0; i + 1 < digits.size(); i += 2) {
            const auto byte = parse_unsigned("0x" + std::string(digits.substr(i, 2)));
            if (!byte)
                break;
            bytes += static_cast<char>(*byte);
        }
        if (bytes.size() * 2 != digits.size())
            return failure(std::string(digits) + ": " + std::string(expected));
    }
    if (bytes.empty())
        return failure(std::string(expected));
    return bytes;
}

std::string module_line(const LoadedModule& loaded)
{
    const Module& module = *loaded.module;
    const std::string_view name = module.names().module;
    return loaded.path + (name.empty() ? "" : " $" + escaped(name)) + ": functions "
        + std::to_string(module.functions.size()) + ", globals " + std::to_string(module.globals.size())
        + ", memories " + std::to_string(module.memories.size()) + ", tables "
        + std::to_string(module.tables.size()) + ", tags " + std::to_string(module.tags.size()) + ", bytes "
        + std::to_string(module.bytes().size());
}

std::string instance_line(Console& console, const Instance& instance, size_t number)
{
    return (&instance == console.scope().instance ? "* " : "  ")
        + debug::instance_line(*instance.module, static_cast<uint32_t>(number))
        + console.target().instance_text(instance);
}

Result<const Module*> module_of(const Scope& scope)
{
    if (!scope.module)
        return failure("there is no module yet");
    return scope.module.get();
}

} // namespace

namespace verbs {

Result<void> show(Console& console, Words& words)
{
    if (is_of_console(console, words.rest()))
        return show_of_console(console, words);
    CHECK(console.target().check(Needs::Instance, "show"));
    const Scope& scope = console.scope();
    const std::string text = as_expression(words.rest());
    if (text.empty())
        return failure("expected an expression");
    const Value value = TRY(scope.evaluate(text));
    console.write(text + " = " + debug::typed_text(*scope.module, value));
    const Ref ref = value.ref();
    if (!value.type.is_ref() || value.type.is_function_ref() || ref.is_null() || ref.is_i31())
        return {};
    const uint64_t count = part_count(*ref.object());
    for (uint32_t i = 0; i < std::min(count, max_rows); ++i)
        console.write("    " + debug::part_line(*scope.module, *ref.object(), i));
    if (count > max_rows)
        console.write(std::to_string(count - max_rows) + " more");
    return {};
}

Result<void> show_globals(Console& console, Words& words)
{
    const Instance& instance = *console.scope().instance;
    return write_rows(console, words, *instance.module, ExternKind::Global, "no globals", [&](uint32_t i) {
        return debug::global_line(
            *instance.module, { i }, instance.globals[i]->get().to_text(instance.module.get()));
    });
}

Result<void> show_tables(Console& console, Words& words)
{
    const Instance& instance = *console.scope().instance;
    const Module& module = *instance.module;
    if (words.at_end()) {
        for (uint32_t i = 0; i < instance.tables.size(); ++i)
            console.write(debug::table_line(module, { i }, instance.tables[i]->size()));
        if (instance.tables.empty())
            console.write("no tables");
        return {};
    }
    const std::string_view name = words.next();
    const auto index = find_entity(module, ExternKind::Table, name);
    if (!index)
        return failure("the instance has no table " + std::string(name));
    const uint64_t from = words.at_end() ? 0 : TRY(words.number("an element"));
    const uint64_t count =
        words.at_end() ? Settings::limit(console.settings().print_elements) : TRY(words.number("a count"));
    CHECK(words.end());
    const Table& table = *instance.tables[*index];
    const uint64_t size = table.size();
    const uint64_t end = from < size ? from + std::min({ count, max_rows, size - from }) : from;
    for (uint64_t i = from; i < end; ++i)
        console.write("[" + std::to_string(i) + "] "
            + Value::ref(table.type().element, table.elements()[i]).to_text(&module));
    if (from >= size)
        console.write("no elements");
    else if (end < size)
        console.write(std::to_string(size - end) + " more");
    return {};
}

Result<void> show_memory(Console& console, Words& words)
{
    const Instance& instance = *console.scope().instance;
    if (words.rest().starts_with('/'))
        return examine(console, words);
    if (!words.at_end()) {
        const std::string place = take_memory_place(words);
        return show_memory_at(console, place, words);
    }
    for (uint32_t i = 0; i < instance.memories.size(); ++i)
        console.write(debug::memory_line(*instance.module, { i }, instance.memories[i]->size(),
            console.target().memory_text(instance, i)));
    if (instance.memories.empty())
        console.write("no memories");
    return {};
}

Result<void> show_bytes(Console& console, Words& words)
{
    const std::string_view memory = words.next(), address = words.next();
    if (address.empty())
        return failure("expected a memory and an address");
    return show_memory_at(console, std::string(memory) + ":" + std::string(address), words);
}

Result<void> find(Console& console, Words& words)
{
    const std::string pattern = TRY(take_pattern(words));
    const std::string text = take_memory_place(words);
    CHECK(words.end());
    const eval::MemoryRange place = TRY(find_memory_place(console.scope(), text.empty() ? "0" : text));
    const Bytes bytes = bytes_at(place, place.address, UINT64_MAX);
    size_t found = 0;
    for (auto from = bytes.begin(); found < max_found; ++from, ++found) {
        from = std::search(from, bytes.end(), pattern.begin(), pattern.end(),
            [](uint8_t byte, char letter) { return byte == static_cast<uint8_t>(letter); });
        if (from == bytes.end())
            break;
        console.write(hex(place.address + static_cast<uint64_t>(from - bytes.begin())));
    }
    if (found == 0)
        console.write("not found");
    else if (found == max_found)
        console.write("these are the first " + std::to_string(found));
    return {};
}

Result<void> show_instances(Console& console, Words& words)
{
    CHECK(words.end());
    const std::vector<Instance*> all = instances_of(console.session());
    for (size_t i = 0; i < all.size(); ++i)
        console.write(instance_line(console, *all[i], i));
    if (all.empty())
        console.write("no instances");
    return {};
}

Result<void> select_instance(Console& console, Words& words)
{
    const uint64_t number = TRY(words.number("an instance's number"));
    CHECK(words.end());
    const std::vector<Instance*> all = instances_of(console.session());
    if (number >= all.size())
        return failure("there is no instance " + std::to_string(number));
    Selection selection = console.selection();
    selection.instance = all[number];
    selection.module = nullptr;
    console.select(selection);
    console.write(instance_line(console, *all[number], number));
    return {};
}

Result<void> show_modules(Console& console, Words& words)
{
    CHECK(words.end());
    for (const LoadedModule& loaded : console.target().modules())
        console.write(module_line(loaded));
    return {};
}

Result<void> select_module(Console& console, Words& words)
{
    const std::string_view name = words.next();
    if (name.empty())
        return failure("expected the name of a module");
    CHECK(words.end());
    const LoadedModule loaded = TRY(find_module(console.target().modules(), name));
    Selection selection = console.selection();
    selection.module = loaded.module;
    const std::vector<Instance*> all = instances_of(console.session());
    const auto first = std::ranges::find_if(
        all, [&](const Instance* instance) { return instance->module == loaded.module; });
    selection.instance = first == all.end() ? nullptr : *first;
    console.select(selection);
    console.write(module_line(loaded));
    return {};
}

Result<void> show_functions(Console& console, Words& words)
{
    const Module& module = *TRY(module_of(console.scope()));
    return write_rows(console, words, module, ExternKind::Func, "no functions", [&](uint32_t i) {
        const FuncIndex index { i };
        const bool is_imported = module.is_imported(index);
        return debug::function_line(module, index,
            is_imported ? ""
                        : console.target().place_text(
                              module, module.meta(index).code_offset, console.scope().instance),
            console.target().demangle());
    });
}

Result<void> show_tags(Console& console, Words& words)
{
    const Module& module = *TRY(module_of(console.scope()));
    return write_rows(console, words, module, ExternKind::Tag, "no tags",
        [&](uint32_t i) { return debug::tag_line(module, { i }); });
}

// -- Changes

namespace {

/// "; did you mean `total`?": the variables of the program that the user may have meant by `$name`.
std::string likely_meant(const Scope& scope, std::string_view name)
{
    constexpr std::string_view near = "; near: ";
    // Any name of one letter is like all others.
    constexpr size_t min_size = 3;
    const std::string bare(name), quoted = "`" + bare + "`";
    if (!scope.instance)
        return "";
    const auto of_source = scope.type_of(bare);
    if (of_source)
        return "; the program's is " + quoted;
    if (name.size() < min_size)
        return "";
    for (const std::string_view sign : { "$", "" }) {
        const auto type = scope.type_of(std::string(sign) + bare);
        const std::string message =
            type ? "" : type.error().message.substr(0, type.error().message.find('\n'));
        const size_t at = message.find(near);
        if (at == message.npos)
            continue;
        // The names of WebAssembly have a `$`.
        std::string names;
        bool is_open = false;
        for (const char c : message.substr(at + near.size())) {
            names += c;
            if (c == '`' && (is_open = !is_open))
                names += sign;
        }
        return "; did you mean " + names + "?";
    }
    return "";
}

/// `$i = 5` for a variable of the console. The number is a constant where there is no instance.
Result<void> set_variable(Console& console, const VariableAssignment& said)
{
    const Scope& scope = console.scope();
    std::string value(said.value);
    if (!said.operation.empty())
        value = "$" + std::string(said.name) + " " + std::string(said.operation) + " (" + value + ")";
    const bool is_new = !console.variables().all().contains(said.name);
    Computed computed;
    const auto constant = scope.instance ? std::nullopt : parse_i32(value);
    if (constant)
        computed = { value, Value::i32(*constant) };
    else
        computed = TRY(scope.compute(value));
    if (is_new)
        console.write("$" + std::string(said.name) + " = " + computed.text
            + ", a new variable of the debugger" + likely_meant(scope, said.name));
    console.variables().set(said.name, std::move(computed));
    return {};
}

} // namespace

Result<void> set(Console& console, Words& words)
{
    const Scope& scope = console.scope();
    if (is_setting(words.rest()))
        return change_setting(console, words);
    if (!words.take("variable"))
        words.take("var");
    const std::string text = as_expression(words.rest());
    if (text.empty())
        return failure("expected a place, = and an expression");
    if (const auto said = variable_assignment(text); said && !scope.knows(said->name))
        return set_variable(console, *said);
    CHECK(console.target().check(Needs::Instance, "set"));
    // What expressions have no constants for.
    const size_t sign = text.find(" = ");
    if (sign == std::string::npos)
        return scope.assign(text);
    const std::string_view value(std::string_view(text).substr(sign + 3));
    const auto place = scope.place(std::string_view(text).substr(0, sign));
    if (!place)
        return scope.assign(text);
    Store& store = *scope.instance->store;
    if (const auto* global = std::get_if<Global*>(&*place); global && (*global)->type.is_mutable) {
        if (auto constant = literal(scope, value, (*global)->type.type)) {
            store.mutator.set(Origin::Debugger, **global, TRY(*std::move(constant)));
            return {};
        }
    } else if (const auto* local = std::get_if<eval::FrameLocal>(&*place)) {
        const ValueType type = debug::locals_of(local->frame)[local->index].value.type;
        if (auto constant = literal(scope, value, type))
            return debug::set_local(local->frame, local->index, TRY(*std::move(constant)));
    }
    return scope.assign(text);
}

Result<void> set_immutable(Console& console, Words& words)
{
    const Scope& scope = console.scope();
    const std::string text = as_expression(words.rest());
    const size_t sign = text.find('=');
    if (sign == std::string::npos)
        return failure("expected a global, = and an expression");
    const std::string_view name = trimmed(std::string_view(text).substr(0, sign));
    const auto place = TRY(scope.place(name));
    const auto* global = std::get_if<Global*>(&place);
    if (!global)
        return failure(std::string(name) + " is not a global");
    const Value value =
        TRY(value_for(scope, trimmed(std::string_view(text).substr(sign + 1)), (*global)->type.type));
    scope.instance->store->mutator.set(Origin::Debugger, **global, value);
    return {};
}

} // namespace verbs

} // namespace vitrine::core::console
