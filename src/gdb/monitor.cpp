// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "gdb/monitor.h"

#include "base/text.h"
#include "debug/listing.h"
#include "eval/format.h"
#include "gdb/monitor_control.h"

#include <algorithm>

namespace vitrine::core::gdb {

namespace {

/// How many rows a command prints of a list.
constexpr uint64_t max_rows = 1000;
constexpr uint64_t bytes_per_row = 16;

using Answer = Result<std::string>;

/// A row for each of a list's items from `from` on, up to a bound; `what` they are is said when there are none.
template<class Row>
std::string list(std::string_view what, uint64_t size, Row row, uint64_t from = 0, uint64_t count = max_rows)
{
    std::string text;
    const uint64_t begin = std::min(from, size);
    const uint64_t end = begin + std::min({ count, max_rows, size - begin });
    for (uint64_t i = begin; i < end; ++i)
        text += row(static_cast<uint32_t>(i)) + "\n";
    if (end < size)
        text += std::to_string(size - end) + " more\n";
    return text.empty() ? "no " + std::string(what) + "\n" : text;
}

Answer print_instances(const Scope& scope, Words& words)
{
    CHECK(words.end());
    const auto& instances = scope.view.instances();
    return list("instances", instances.size(), [&](uint32_t i) {
        const Instance& instance = *instances[i];
        return (&instance == &scope.instance ? "* " : "  ") + debug::instance_line(*instance.module, i)
            + " at " + hex(scope.view.place_of(instance, 0).bits()) + ": "
            + escaped(scope.view.name_of(instance));
    });
}

Answer print_functions(const Scope& scope, Words& words)
{
    const std::string_view part = words.next();
    CHECK(words.end());
    const Instance& instance = scope.instance;
    std::vector<uint32_t> found;
    for (uint32_t i = 0; i < instance.functions.size(); ++i)
        if (debug::row_label(*instance.module, ExternKind::Func, i).contains(part))
            found.push_back(i);
    return list("functions", found.size(), [&](uint32_t i) {
        const Function& function = *instance.functions[found[i]];
        return debug::function_line(*instance.module, { found[i] },
            function.is_host()
                ? ""
                : hex(scope.view.place_of(*function.instance, function.meta->code_offset).bits()));
    });
}

Answer print_globals(const Scope& scope, Words& words)
{
    CHECK(words.end());
    const Instance& instance = scope.instance;
    return list("globals", instance.globals.size(), [&](uint32_t i) {
        return debug::global_line(*instance.module, { i }, instance.globals[i]->get().to_text());
    });
}

Answer print_tables(const Scope& scope, Words& words)
{
    CHECK(words.end());
    const Instance& instance = scope.instance;
    return list("tables", instance.tables.size(),
        [&](uint32_t i) { return debug::table_line(*instance.module, { i }, instance.tables[i]->size()); });
}

Answer print_elements(const Scope& scope, Words& words)
{
    const Instance& instance = scope.instance;
    const uint64_t index = TRY(words.number("a table"));
    const uint64_t from = words.at_end() ? 0 : TRY(words.number("an element"));
    const uint64_t count = words.at_end() ? UINT64_MAX : TRY(words.number("elements"));
    CHECK(words.end());
    if (index >= instance.tables.size())
        return failure("the instance has no table " + std::to_string(index));
    const Table& table = *instance.tables[index];
    const auto row = [&](uint32_t i) {
        return "[" + std::to_string(i) + "] "
            + Value::ref(table.type().element, table.elements()[i]).to_text();
    };
    return list("elements", table.size(), row, from, count);
}

Answer print_memories(const Scope& scope, Words& words)
{
    CHECK(words.end());
    const Instance& instance = scope.instance;
    return list("memories", instance.memories.size(), [&](uint32_t i) {
        return debug::memory_line(*instance.module, { i }, instance.memories[i]->size(),
            hex(scope.view.memory_place(instance, i).bits()));
    });
}

Answer print_tags(const Scope& scope, Words& words)
{
    CHECK(words.end());
    const Module& module = *scope.instance.module;
    return list("tags", module.tags.size(), [&](uint32_t i) { return debug::tag_line(module, { i }); });
}

Answer print_locals(const Scope& scope, Words& words)
{
    CHECK(words.end());
    if (!scope.frame)
        return failure("the guest executes nothing");
    const std::vector<std::string> lines = debug::local_lines(*scope.frame);
    return list("locals", lines.size(), [&](uint32_t i) { return lines[i]; });
}

Answer print_operands(const Scope& scope, Words& words)
{
    CHECK(words.end());
    if (!scope.frame)
        return failure("the guest executes nothing");
    const std::vector<std::string> lines = debug::operand_lines(*scope.frame);
    return list("operands", lines.size(), [&](uint32_t i) { return lines[i]; });
}

/// Beyond the 32 bits that LLDB's addresses have for it, too.
Answer print_bytes(const Scope& scope, Words& words)
{
    const uint64_t index = TRY(words.number("a memory"));
    const uint64_t address = TRY(words.number("an address"));
    const uint64_t count = words.at_end() ? bytes_per_row : TRY(words.number("bytes"));
    CHECK(words.end());
    if (index >= scope.instance.memories.size())
        return failure("the instance has no memory " + std::to_string(index));
    const Memory& memory = *scope.instance.memories[index];
    if (address >= memory.size())
        return failure("the memory has " + std::to_string(memory.size()) + " bytes");
    const Bytes bytes = Bytes(memory.bytes()).subspan(address, std::min(count, memory.size() - address));
    return list("bytes", (bytes.size() + bytes_per_row - 1) / bytes_per_row, [&](uint32_t i) {
        const uint64_t at = i * bytes_per_row;
        std::string row = hex(address + at) + ":", letters;
        for (const uint8_t byte : bytes.subspan(at, std::min(bytes_per_row, bytes.size() - at))) {
            row += " " + hex_digits(byte, 2);
            letters += byte >= 0x20 && byte < 0x7f ? static_cast<char>(byte) : '.';
        }
        return row + std::string(3 * (bytes_per_row - letters.size()) + 2, ' ') + letters;
    });
}

/// A value, and in rows of their own the parts of what it refers to.
Answer show(const Scope& scope, Words& words)
{
    const Place place = TRY(find_place(scope, words));
    CHECK(words.end());
    const Module& module = *scope.instance.module;
    std::string text = place.label + " = " + debug::typed_text(module, place.value) + "\n";
    const Ref ref = place.value.ref();
    if (!place.value.type.is_ref() || place.value.type.is_function_ref() || ref.is_null() || ref.is_i31()
        || part_count(*ref.object()) == 0)
        return text;
    return text + list("parts", part_count(*ref.object()), [&](uint32_t i) {
        return "    [" + std::to_string(i) + "] " + debug::typed_text(module, part_of(*ref.object(), i));
    });
}

/// A function's instructions with their offsets in the file: LLDB shows no names, and does not know all of them.
Answer print_code(const Scope& scope, Words& words)
{
    const CodePlace place = words.at_end() ? TRY(innermost_place(scope)) : TRY(find_code(scope, words));
    CHECK(words.end());
    return debug::code_text(*place.instance->module, place.offset);
}

/// The value of an expression.
Answer print(const Scope& scope, Words& words)
{
    std::optional<char> format;
    if (words.peek().starts_with('/'))
        format = TRY(eval::parse_format(words.next()));
    const std::string_view text = words.rest();
    if (text.empty())
        return failure("expected an expression");
    if (format) {
        const auto value =
            scope.frame ? eval::evaluate(*scope.frame, text) : eval::evaluate(scope.instance, text);
        if (!value)
            return marked(value.error(), text);
        const std::string shown = TRY(eval::formatted(*value, *format));
        return shown + "\n";
    }
    const auto shown =
        scope.frame ? eval::evaluate_text(*scope.frame, text) : eval::evaluate_text(scope.instance, text);
    if (!shown)
        return marked(shown.error(), text);
    return *shown + "\n";
}

/// As an assignment of the expression language.
Answer assign(const Scope& scope, std::string_view text)
{
    const auto done = scope.frame ? eval::assign(*scope.frame, text) : eval::assign(scope.instance, text);
    if (!done)
        return marked(done.error(), text);
    return "";
}

Answer set(const Scope& scope, Words& words)
{
    if (words.at_end())
        return failure("expected a place, = and an expression");
    if (!names_place(words))
        return assign(scope, words.rest());
    const Place place = TRY(find_place(scope, words));
    if (words.next() != "=")
        return failure("expected = and a value");
    const Value value = TRY(parse_value(scope, place.value.type, words));
    CHECK(place.set(value));
    return place.label + " = " + debug::typed_text(*scope.instance.module, value) + "\n";
}

struct Command {
    std::string_view name;
    std::string_view arguments;
    std::string_view effect;
    Answer (*run)(const Scope&, Words&);
};

constexpr Command commands[] = {
    { "instances", "", "all instances, and where LLDB has them", print_instances },
    { "functions", "[TEXT]", "functions with TEXT in their name", print_functions },
    { "globals", "", "globals and their values", print_globals },
    { "tables", "", "tables and their sizes", print_tables },
    { "elements", "TABLE [FROM [COUNT]]", "a table's elements", print_elements },
    { "memories", "", "memories, and where LLDB has them", print_memories },
    { "bytes", "MEMORY ADDRESS [COUNT]", "what is in a memory, also above 4 GiB", print_bytes },
    { "tags", "", "tags and their types", print_tags },
    { "locals", "", "parameters and locals", print_locals },
    { "stack", "", "operands, the lowest first", print_operands },
    { "code", "[WHERE]", "a function's instructions, by default those of the frame", print_code },
    { "print", "[/FORMAT] EXPRESSION", "the value of an expression; formats: x d u t c f", print },
    { "show", "PLACE [PART...]", "a value, and the parts of what it refers to", show },
    { "set", "PLACE [PART...] = VALUE", "changes a value; or an assignment, as `$n += 2`", set },
    { "break", "WHERE [OPTION...]", "stops at a function or address, or prints a text", set_break },
    { "tbreak", "WHERE [OPTION...]", "the same, gone after its first stop", set_temporary },
    { "condition", "NUMBER [EXPRESSION]", "stops there only if it holds; without one always", set_condition },
    { "ignore", "NUMBER COUNT", "passes there so often first", set_ignore },
    { "disable", "NUMBER", "keeps it, and does not stop there", disable },
    { "enable", "NUMBER", "stops there again", enable },
    { "watch", "PLACE [read|write|access]", "stops when a value changes, or is accessed", set_watch },
    { "catch", "[EVENT [off]]", "stops on throw, uncaught, trap, host or load", catch_events },
    { "stops", "", "what break and watch have set", list_stops },
    { "delete", "NUMBER", "takes one of them away", delete_stop },
    { "skip", "", "does not execute the next instruction", skip },
    { "return", "[VALUE[, VALUE...]]", "ends the function of the frame", return_values },
    { "throw", "TAG [VALUE[, VALUE...]]", "throws when the guest goes on", throw_tag },
    { "clear", "", "takes the exception that is being thrown", clear_exception },
};

Answer help(Words& words)
{
    CHECK(words.end());
    std::string text;
    for (const Command& command : commands) {
        const std::string usage = std::string(command.name) + (command.arguments.empty() ? "" : " ")
            + std::string(command.arguments);
        text += usage + std::string(usage.size() < 32 ? 32 - usage.size() : 1, ' ')
            + std::string(command.effect) + "\n";
    }
    return text
        + "\nPLACE is local N, operand N, global N or element TABLE N; PART the number of a field or "
          "element.\n"
          "An OPTION is ignore N, log \"TEXT\" or if EXPRESSION, which is the last one.\n"
          "What is watched may be memory N ADDRESS SIZE or an expression, too, and is no operand and no "
          "part.\n"
          "VALUE is a number, four for a v128, null, func N or i31 N.\n"
          "A command ends with `in FRAME` or `of INSTANCE` unless it means the innermost frame, and behind "
          "that\n"
          "with `on THREAD` unless it means the thread that was looked at last.\n";
}

Result<Scope> find_scope(View& view, Words& words)
{
    const auto thread = TRY(words.trailing("on"));
    const auto frame_number = TRY(words.trailing("in"));
    const auto instance_number = TRY(words.trailing("of"));
    if (!view.is_stopped())
        return failure("the program is not stopped");
    if (thread && !view.select(*thread))
        return failure("there is no thread " + std::to_string(*thread));
    const auto& instances = view.instances();
    if (instances.empty())
        return failure("there is no instance");
    const auto& frames = view.frames();
    if (frame_number && *frame_number >= frames.size())
        return failure("there is no frame " + std::to_string(*frame_number));
    if (instance_number && *instance_number >= instances.size())
        return failure("there is no instance " + std::to_string(*instance_number));
    const Frame* frame = frames.empty() ? nullptr : &frames[frame_number.value_or(0)];
    if (instance_number)
        return Scope { view, frame, *instances[*instance_number], thread.has_value() };
    return Scope { view, frame, frame ? *frame->function->instance : *instances.front(), thread.has_value() };
}

Answer run(View& view, Words words)
{
    const std::string_view name = words.next();
    if (name.empty() || name == "help")
        return help(words);
    const auto* command = std::ranges::find(commands, name, &Command::name);
    if (command == std::end(commands))
        return failure("there is no command '" + escaped(name) + "'; help lists them");
    const Scope scope = TRY(find_scope(view, words));
    return command->run(scope, words);
}

} // namespace

std::string answer_monitor(View& view, std::string_view command)
{
    const Answer answer = run(view, Words(command));
    return answer ? *answer : "error: " + answer.error().to_text() + "\n";
}

} // namespace vitrine::core::gdb
