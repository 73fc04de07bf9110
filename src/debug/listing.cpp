// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "debug/listing.h"

#include "base/text.h"
#include "debug/inspect.h"
#include "runtime/heap.h"
#include "wasm/printer.h"

namespace vitrine::core::debug {

namespace {

std::string import_name(const Import& import)
{
    return std::string(import.module) + "." + std::string(import.name);
}

/// `, import env.print`, `, private`
std::string origin(const Module& module, ExternKind kind, uint32_t index)
{
    const Import* import = module.find_import(kind, index);
    return (import ? ", import " + escaped(import_name(*import)) : "")
        + (module.find_export(kind, index) ? "" : ", private");
}

std::string signature(const FuncType& type)
{
    std::string text = type.to_text();
    return text.empty() ? "()" : text;
}

std::string name_of(const Module& module, ExternKind kind, uint32_t index, Demangle demangle)
{
    const std::string name = module.name_of(kind, index);
    return demangle && kind == ExternKind::Func ? demangle(name) : name;
}

std::string at(std::string_view place) { return place.empty() ? "" : " at " + std::string(place); }

} // namespace

std::string hits_text(uint64_t hits) { return hits == 0 ? "" : ", " + count_text(hits, "hit"); }

std::string label_of(std::string_view kind, uint64_t index, std::string_view name)
{
    std::string label = std::string(kind) + "[" + std::to_string(index) + "]";
    return name.empty() ? label : label + " " + escaped(name);
}

std::string type_text(const Module& module, ValueType type)
{
    if (!type.is_ref() || type.heap() != HeapKind::Defined)
        return type.to_text();
    const auto index = module.find_type(TypeId { type.index() });
    const std::string_view name = index ? module.names().types.find(index->value) : std::string_view();
    // A type without an index is one of another module.
    const std::string text = !index ? "?"
        : name.empty()              ? std::to_string(index->value)
                                    : identifier(name, "", 0);
    return (type.is_nullable() ? "(ref null " : "(ref ") + text + ")";
}

std::string part_line(const Module& module, const Object& object, uint32_t index)
{
    const auto type = object.kind == Object::Kind::Struct ? module.find_type(object.type->id) : std::nullopt;
    const std::string_view name = type ? module.names().field(type->value, index) : std::string_view();
    return label_of("", index, name) + (name.empty() ? " " : " = ")
        + typed_text(module, part_of(object, index));
}

std::string typed_text(const Module& module, const Value& value)
{
    return value.to_text(&module) + " (" + type_text(module, value.type) + ")";
}

std::vector<std::string> local_lines(const Frame& frame)
{
    std::vector<std::string> lines;
    for (const Local& local : locals_of(frame))
        lines.push_back(label_of("local", lines.size(), local.name) + " = "
            + typed_text(frame.function->module(), local.value));
    return lines;
}

std::vector<std::string> operand_lines(const Frame& frame)
{
    std::vector<std::string> lines;
    for (const Value& operand : operands_of(frame))
        lines.push_back(
            label_of("stack", lines.size(), "") + " = " + typed_text(frame.function->module(), operand));
    return lines;
}

std::string short_label(const Module& module, ExternKind kind, uint32_t index, Demangle demangle)
{
    return identifier(name_of(module, kind, index, demangle), to_text(kind), index);
}

std::string row_label(const Module& module, ExternKind kind, uint32_t index, Demangle demangle)
{
    const std::string name = name_of(module, kind, index, demangle);
    const std::string bare = identifier("", to_text(kind), index);
    const Import* import = module.find_import(kind, index);
    const bool is_named = !name.empty() && !(import && name == import_name(*import));
    return is_named ? bare + " " + identifier(name, "", 0) : bare;
}

std::string function_text(const Function& function, Demangle demangle)
{
    return function.is_host()
        ? text_of(function)
        : short_label(function.module(), ExternKind::Func, function.index.value, demangle);
}

std::string function_line(const Module& module, FuncIndex index, std::string_view place, Demangle demangle)
{
    return row_label(module, ExternKind::Func, index.value, demangle) + ": "
        + signature(module.func_type(index)) + at(place) + origin(module, ExternKind::Func, index.value);
}

std::string global_line(const Module& module, GlobalIndex index, std::string_view value)
{
    const GlobalType& type = module.globals[index].type;
    return row_label(module, ExternKind::Global, index.value) + " = " + std::string(value) + " ("
        + (type.is_mutable ? "mut " : "") + type_text(module, module.canonical(type.type)) + ")"
        + origin(module, ExternKind::Global, index.value);
}

Result<std::string> code_text(const Module& module, CodeOffset offset)
{
    const auto function = module.find_function(offset);
    if (!function)
        return failure("no function has code at this offset");
    return disassemble(module, *function);
}

std::string table_line(const Module& module, TableIndex index, uint64_t size)
{
    return row_label(module, ExternKind::Table, index.value) + ": " + count_text(size, "element") + " ("
        + type_text(module, module.canonical(module.tables[index].type.element)) + ")"
        + origin(module, ExternKind::Table, index.value);
}

std::string memory_line(const Module& module, MemoryIndex index, uint64_t size, std::string_view place)
{
    const core::Limits& limits = module.memories[index].type.limits;
    return row_label(module, ExternKind::Memory, index.value) + ": " + count_text(size, "byte") + at(place)
        + (limits.is_64 ? ", 64-bit" : "") + (limits.is_shared ? ", shared" : "")
        + origin(module, ExternKind::Memory, index.value);
}

std::string tag_line(const Module& module, TagIndex index)
{
    return row_label(module, ExternKind::Tag, index.value) + ": "
        + signature(*module.types[module.tags[index].type].func())
        + origin(module, ExternKind::Tag, index.value);
}

std::string instance_line(const Module& module, uint32_t number)
{
    const std::string_view name = module.names().module;
    return "instance " + std::to_string(number) + (name.empty() ? "" : " of $" + escaped(name));
}

bool has_slipped(const Breakpoint& breakpoint)
{
    const Module& module = *breakpoint.spec.module;
    const auto function = module.find_function(breakpoint.offset);
    return breakpoint.spec.offset != breakpoint.offset
        && !(function && breakpoint.spec.offset == module.meta(*function).body_offset);
}

std::string hit_count_text(uint64_t ignore_count, uint64_t every, std::string_view separator)
{
    std::string text;
    if (ignore_count > 0)
        text += std::string(separator) + "ignore " + std::to_string(ignore_count);
    if (every > 1)
        text += std::string(separator) + "every " + std::to_string(every);
    return text;
}

std::string watchpoint_line(const Watchpoint& watchpoint, std::string_view place)
{
    // The terminal's verbs. None of them stops at every write.
    constexpr std::string_view verbs[] { "rwatch", "watch writes", "awatch", "watch" };
    const WatchpointSpec& spec = watchpoint.spec;
    std::string text = "watchpoint " + std::to_string(watchpoint.id) + ": "
        + std::string(verbs[static_cast<size_t>(spec.access)]) + " " + std::string(place);
    if (!spec.is_enabled)
        text += ", disabled";
    text += hit_count_text(spec.ignore_count, spec.every, ", ");
    if (!spec.condition.empty())
        text += ", if " + spec.condition;
    return text + hits_text(watchpoint.hits);
}

std::string stop_event_line(std::string_view name, bool is_on)
{
    return std::string(name) + (is_on ? ": stops" : ": off");
}

std::string too_many_values(std::string_view word, size_t expected)
{
    return std::string(word) + " is one value too many: expected " + std::to_string(expected);
}

std::string too_few_values(size_t actual, size_t expected)
{
    return "expected " + count_text(expected, "value") + ", got " + std::to_string(actual);
}

std::string other_type(std::string_view word, std::string_view actual, std::string_view expected)
{
    return std::string(word) + " is " + std::string(actual) + ", expected " + std::string(expected);
}

std::string marked_text(std::string_view message, std::optional<uint64_t> offset, std::string_view text)
{
    std::string marked(message);
    if (offset && *offset <= text.size())
        marked += "\n  " + std::string(text) + "\n  " + std::string(*offset, ' ') + "^";
    return marked;
}

} // namespace vitrine::core::debug
