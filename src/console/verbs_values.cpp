// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Values in formats, expressions that are shown at each stop, and types.
#include "console/places.h"
#include "console/values.h"
#include "console/verbs.h"

#include "base/number.h"
#include "base/text.h"
#include "debug/listing.h"
#include "eval/format.h"
#include "eval/names.h"
#include "wasm/printer.h"

#include <algorithm>

namespace vitrine::core::console {

namespace {

/// How a value of the source is shown in a format of `print`; none for `s`.
std::optional<source::Style> source_style(char letter)
{
    using enum source::Style::Base;
    switch (letter) {
    case 'r': return source::Style { .is_raw = true };
    case 'd': return source::Style { .base = Decimal };
    case 'u': return source::Style { .base = Unsigned };
    case 'x': return source::Style { .base = Hex };
    case 'o': return source::Style { .base = Octal };
    case 't': return source::Style { .base = Binary };
    case 'c': return source::Style { .base = Character };
    case 'f': return source::Style { .base = Float };
    case 'a': return source::Style { .base = Address };
    default: return std::nullopt;
    }
}

uint64_t max_text(Console& console) { return Settings::limit(console.settings().print_elements); }

std::string_view first_line(std::string_view text) { return text.substr(0, text.find('\n')); }

/// `(struct ..)` and its like: the definition of a type.
std::string definition_of(const Module& module, TypeIndex index)
{
    const std::string_view name = module.names().types.find(index.value);
    return debug::label_of("type", index.value, "") + (name.empty() ? "" : " " + identifier(name, "", 0))
        + ": " + to_text(module.types[index], module.names().find_fields(index.value));
}

/// A type without typedefs and qualifiers.
source::Type bare_type(source::Symbols& symbols, source::TypeId id)
{
    constexpr uint32_t max_names = 16;
    using enum source::Type::Kind;
    source::Type type = symbols.type(id);
    for (uint32_t i = 0; i < max_names
        && (type.kind == Typedef || type.kind == Const || type.kind == Volatile || type.kind == Other);
        ++i)
        type = symbols.type(type.target);
    if (type.is_declaration)
        if (const auto definition = symbols.find_type(type.name))
            type = symbols.type(*definition);
    return type;
}

/// Members or enumerators, a line each; types without a name are written where they are used.
// NOLINTNEXTLINE(misc-no-recursion): at most max_nested deep.
void add_parts(
    source::Symbols& symbols, const source::Type& type, uint64_t offset, size_t depth, std::string& text)
{
    constexpr size_t max_nested = 4, max_text = 256 << 10;
    const std::string indent(4 * depth, ' ');
    const auto add = [&](const source::Member& member, std::string_view note) {
        if (text.size() > max_text)
            return;
        const source::Type of = bare_type(symbols, member.type);
        const uint64_t at = offset + member.offset;
        const std::string name = printable(member.name);
        const std::string end = (member.bit_size != 0 ? " : " + std::to_string(member.bit_size) : "")
            + ";  // " + std::string(note) + std::to_string(at);
        text += "\n" + indent;
        if (!of.name.empty() || of.members.empty() || depth == max_nested) {
            text += source::declaration_text(symbols, member.type, name) + end;
            return;
        }
        text += of.kind == source::Type::Kind::Union ? "union {" : "struct {";
        add_parts(symbols, of, at, depth + 1, text);
        text += "\n" + indent + "}" + (name.empty() ? "" : " " + name) + end;
    };
    for (const source::Member& member : type.members)
        if (!member.is_artificial)
            add(member, member.is_base_class ? "base class at " : "at ");
    for (const source::Variant& variant : type.variants)
        add(variant.member, "variant at ");
    for (const source::Enumerator& each : type.enumerators)
        text += "\n" + indent + printable(each.name) + " = "
            + (type.is_signed ? std::to_string(each.value)
                              : std::to_string(static_cast<uint64_t>(each.value)))
            + ",";
}

/// The definition of a type of the source: its members or enumerators, a line each. For a pointer,
/// that of what it points to follows.
std::string source_definition(source::Symbols& symbols, source::TypeId id)
{
    const source::Type type = bare_type(symbols, id);
    source::Type whole = type;
    constexpr uint32_t max_pointers = 8;
    using enum source::Type::Kind;
    for (uint32_t i = 0;
        i < max_pointers && (whole.kind == Pointer || whole.kind == Reference || whole.kind == Array); ++i)
        whole = bare_type(symbols, whole.target);
    const std::string name = source::type_text(symbols, type.id);
    if (whole.members.empty() && whole.enumerators.empty() && whole.variants.empty())
        return name;
    std::string text = whole.id == type.id ? "" : name + "\n";
    text += source::type_text(symbols, whole.id) + " {";
    add_parts(symbols, whole, 0, 1, text);
    return text + "\n}";
}

/// The types of the functions of the source with this name, a line each; none if there is none.
std::optional<std::string> function_types(source::Symbols& symbols, std::string_view name)
{
    constexpr uint32_t max_functions = 100;
    std::vector<std::string> lines;
    const auto found = symbols.functions_named({ .text = std::string(name), .limit = max_functions });
    for (const source::Function& each : found) {
        std::string line = source::function_type_text(symbols, each);
        if (found.size() > 1)
            line = printable(each.name) + ": " + line;
        if (std::ranges::find(lines, line) == lines.end())
            lines.push_back(std::move(line));
    }
    std::string text;
    for (const std::string& line : lines)
        text += (text.empty() ? "" : "\n") + line;
    return text.empty() ? std::nullopt : std::optional(std::move(text));
}

/// The type of the source that an expression has, or that the text names; none if it has no such
/// type.
std::optional<std::string> source_type_of(const Scope& scope, std::string_view text, bool is_whole)
{
    if (!scope.symbols)
        return std::nullopt;
    const auto shown = [&](source::Symbols& symbols, source::TypeId id) {
        return is_whole ? source_definition(symbols, id) : source::type_text(symbols, id);
    };
    if (const auto computed = scope.compute(text); computed && computed->source)
        return shown(*computed->source->symbols, computed->source->value->type);
    eval::SourceTypes types(scope.symbols, scope.address_bytes());
    if (const auto id = types.find_text(text))
        return shown(types, *id);
    return function_types(*scope.symbols, text);
}

/// The type of an expression as text. With `is_whole`, the definition follows.
Result<std::string> type_of(const Scope& scope, std::string_view text, bool is_whole)
{
    if (const auto name = source_type_of(scope, text, is_whole))
        return *name;
    const eval::Type type = TRY(scope.type_of(text));
    // It has no value here, such as an element that is not there. Made types are gone.
    if (scope.symbols && type.source != source::TypeId {}
        && scope.symbols->type(type.source).kind != source::Type::Kind::Unknown)
        return is_whole ? source_definition(*scope.symbols, type.source)
                        : source::type_text(*scope.symbols, type.source);
    if (type.kind == eval::Type::Kind::Text)
        return "text";
    if (type.kind == eval::Type::Kind::Aggregate)
        return "a value of the source";
    if (type.is_number())
        return std::string(eval::to_text(type.number));
    const std::string name = debug::type_text(*scope.module, type.value_type());
    if (!is_whole || !type.is_reference() || type.reference.heap() != HeapKind::Defined)
        return name;
    const auto index = scope.module->find_type(TypeId { type.reference.index() });
    return index ? name + "\n" + definition_of(*scope.module, *index) : name;
}

/// `type[3]`, `$node`: a type of the module; none if the text is no such thing.
std::optional<TypeIndex> find_type(const Module& module, std::string_view text)
{
    constexpr std::string_view begin = "type[";
    std::string_view name = text;
    if (text.starts_with(begin) && text.ends_with(']'))
        name = text.substr(begin.size(), text.size() - begin.size() - 1);
    if (const auto index = parse_unsigned(name); index && name != text && *index < module.types.size())
        return TypeIndex { static_cast<uint32_t>(*index) };
    for (const std::string& bare : eval::names_in(name))
        if (const auto found = eval::ModuleNames(module).types_named(bare); !found.empty())
            return TypeIndex { found.front() };
    return std::nullopt;
}

Result<void> show_type(Console& console, Words& words, bool is_whole)
{
    const Scope& scope = console.scope();
    const std::string text = as_expression(words.rest());
    if (text.empty())
        return failure("expected an expression, a function or a type");
    if (!scope.module)
        return failure("there is no module yet");
    const Module& module = *scope.module;
    auto type = scope.instance ? type_of(scope, text, is_whole) : failure("there is no instance yet");
    if (type) {
        console.write_lines(*type);
        return {};
    }
    if (const auto index = find_type(module, text)) {
        console.write(definition_of(module, *index));
        return {};
    }
    if (text.starts_with("type[") && text.ends_with(']'))
        return failure("the module has no " + text);
    if (const auto function = find_function(module, text)) {
        const std::string signature = module.func_type(*function).to_text();
        console.write(debug::row_label(module, ExternKind::Func, function->value) + ": "
            + (signature.empty() ? "()" : signature));
        return {};
    }
    return std::unexpected(type.error());
}

} // namespace

Result<std::string> text_in(const Scope& scope, const Computed& computed, const Format& format)
{
    if (const auto style = computed.source ? source_style(format.letter) : std::nullopt) {
        auto reader = computed.source->reader(*scope.instance);
        return source::render(reader, *computed.source->value, *style);
    }
    if (format.letter == 'r' || !computed.value)
        return computed.text;
    const bool is_integer = computed.value->type == ValueType::i32 || computed.value->type == ValueType::i64;
    if (format.letter != 's')
        return eval::formatted(*computed.value, format.letter);
    if (!is_integer)
        return failure("/s shows the text at an address, which is an integer");
    const uint64_t address = computed.value->type == ValueType::i32
        ? static_cast<uint32_t>(computed.value->low)
        : computed.value->low;
    return "\"" + TRY(scope.compute("cstr[" + std::to_string(address) + "uL]")).text + "\"";
}

void Console::show_display(uint32_t number, const Display& display)
{
    const std::string head =
        std::to_string(number) + ": " + (display.format ? display.format->text + " " : "") + display.text;
    Words words(display.text);
    Scope outer = std::exchange(scope_, {});
    const auto show = [&]() -> Result<void> {
        scope_ = TRY(find_scope(target_, selection_, words));
        scope_.variables = &variables_;
        if (display.format && (display.format->is_of_memory || display.format->letter == 's')) {
            std::vector<std::string> lines;
            Examiner examiner;
            CHECK(examiner.show(scope_, words.rest(), *display.format, max_text(*this),
                [&](const std::string& line) { lines.push_back(line); }));
            write(head);
            for (const std::string& line : lines)
                write(line);
            return {};
        }
        const Computed computed = TRY(scope_.compute(as_expression(words.rest())));
        write(head + " = "
            + (display.format ? TRY(text_in(scope_, computed, *display.format)) : computed.text));
        return {};
    };
    if (const auto shown = show(); !shown)
        write(head + " = <error: " + std::string(first_line(shown.error().message)) + ">");
    scope_ = std::move(outer);
}

void Console::show_displays()
{
    if (displays_.empty() || !session().stopped())
        return;
    refresh_selection();
    const debug::Session::Look look(session());
    for (const auto& [number, display] : displays_)
        show_display(number, display);
}

namespace verbs {

Result<void> print(Console& console, Words& words)
{
    std::optional<Format> format;
    if (words.rest().starts_with('/')) {
        format = TRY(take_format(words, {}));
        if (format->is_of_memory)
            return failure(format->text + ": a value has neither a count nor a size; `x` shows a memory");
    }
    const std::string text = as_expression(words.rest());
    if (text.empty())
        return failure("expected an expression");
    if (is_source_call(console.scope(), text)) {
        console.do_after(
            [text, format](Console& after) { return call_source(after, text, { true, format }); });
        return {};
    }
    Computed computed = TRY(console.scope().compute(text));
    console.write(format ? TRY(text_in(console.scope(), computed, *format)) : computed.text);
    console.variables().remember(std::move(computed));
    return {};
}

Result<void> examine(Console& console, Words& words)
{
    Examiner& examiner = console.examiner();
    const Scope& scope = console.scope();
    const auto write = [&](const std::string& line) { console.write(line); };
    if (!words.rest().starts_with('/') && !words.at_end())
        return show_memory(console, words);
    Format format = examiner.last();
    if (words.at_end() && !examiner.has_place())
        return show_memory(console, words);
    if (!words.at_end())
        format = TRY(take_format(words, examiner.last()));
    if (words.at_end() && !examiner.has_place())
        return failure("expected an address");
    const uint64_t limit = max_text(console);
    CHECK(words.at_end() ? examiner.go_on(scope, format, limit, write)
                         : examiner.show(scope, words.rest(), format, limit, write));
    console.repeat_with("x " + examiner.last().text);
    return {};
}

Result<void> display(Console& console, Words& words)
{
    if (words.at_end()) {
        for (const auto& [number, display] : console.displays())
            console.show_display(number, display);
        if (console.displays().empty())
            console.write("nothing is displayed at stops");
        return {};
    }
    Words said(console.said());
    Display made;
    if (said.rest().starts_with('/'))
        made.format = TRY(take_format(said, {}));
    made.text = said.rest();
    if (made.text.empty())
        return failure("expected an expression");
    constexpr size_t max_displays = 100;
    Displays& all = console.displays();
    if (all.size() == max_displays)
        return failure("there are " + std::to_string(max_displays) + " already");
    const uint32_t number = all.empty() ? 1 : all.rbegin()->first + 1;
    all[number] = made;
    if (console.session().stopped())
        console.show_display(number, made);
    else
        console.write(std::to_string(number) + ": " + std::string(console.said()));
    return {};
}

Result<void> undisplay(Console& console, Words& words)
{
    if (words.at_end())
        console.displays().clear();
    while (!words.at_end()) {
        const uint64_t number = TRY(words.number("the number of a display"));
        if (number > UINT32_MAX || console.displays().erase(static_cast<uint32_t>(number)) == 0)
            return failure("there is no display " + std::to_string(number));
    }
    return {};
}

Result<void> show_type(Console& console, Words& words) { return console::show_type(console, words, false); }

Result<void> define_type(Console& console, Words& words) { return console::show_type(console, words, true); }

} // namespace verbs

Result<void> show_types(Console& console, Words& words)
{
    if (!console.scope().module)
        return failure("there is no module yet");
    if (TRY(show_types_of_source(console, words)))
        return {};
    const Module& module = *console.scope().module;
    const std::string_view pattern = words.next();
    CHECK(words.end());
    bool is_none = true;
    for (uint32_t i = 0; i < module.types.size(); ++i)
        if (const std::string line = definition_of(module, TypeIndex { i }); line.contains(pattern)) {
            console.write(line);
            is_none = false;
        }
    if (is_none)
        console.write("no types");
    return {};
}

} // namespace vitrine::core::console
