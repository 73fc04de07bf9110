// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dap/variables.h"

#include "base/text.h"
#include "debug/inspect.h"
#include "debug/listing.h"
#include "eval/format.h"
#include "runtime/heap.h"
#include "source/access.h"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <set>
#include <utility>

namespace vitrine::core::dap {

namespace {

std::string number_in_brackets(std::string_view before, uint64_t index)
{
    return std::string(before) + "[" + std::to_string(index) + "]";
}

/// Whether a suffix binds to the whole expression: it is made of names, members and indices.
bool takes_suffix(std::string_view expression)
{
    for (size_t i = 0; i < expression.size(); ++i) {
        const char c = expression[i];
        const bool is_arrow = expression.substr(i, 2) == "->";
        if (!is_arrow && std::isalnum(static_cast<unsigned char>(c)) == 0
            && !std::string_view("_$.:[]").contains(c))
            return false;
        i += is_arrow ? 1 : 0;
    }
    return true;
}

bool has_parts(const Value& value)
{
    const Ref ref = value.ref();
    return value.type.is_ref() && !value.type.is_function_ref() && !ref.is_null() && !ref.is_i31()
        && part_count(*ref.object()) != 0;
}

// -- Values of WebAssembly

Variable wasm_variable(std::string name, std::string expression, const Value& value, const Module& module,
    const std::shared_ptr<const console::Scope>& scope, const source::Style& style)
{
    Variable variable { .name = std::move(name), .value = value.to_text(&module) };
    if (style.base == source::Style::Base::Hex)
        if (auto formatted = eval::formatted(value, 'x'))
            variable.value = *std::move(formatted);
    if (value.type.is_function_ref() && !value.ref().is_null())
        variable.function = value.ref().function();
    variable.type = debug::type_text(module, value.type);
    if (has_parts(value)) {
        const Object& object = *value.ref().object();
        variable.count = part_count(object);
        variable.is_indexed = object.kind == Object::Kind::Array;
        variable.parts = Container {
            .kind = Container::Kind::Object, .scope = scope, .expression = expression, .object = value.ref()
        };
    }
    variable.expression = std::move(expression);
    return variable;
}

Variable object_part(const Container& container, uint32_t index, const source::Style& style)
{
    const Module& module = *container.scope->module;
    const Object& object = *container.object.object();
    const auto type = object.kind == Object::Kind::Struct ? module.find_type(object.type->id) : std::nullopt;
    const std::string_view name = type ? module.names().field(type->value, index) : std::string_view();
    const std::string bare = number_in_brackets("", index);
    return wasm_variable(name.empty() ? bare : bare + " " + escaped(name),
        container.expression.empty() ? "" : container.expression + bare, part_of(object, index), module,
        container.scope, style);
}

Variable table_element(const Container& container, uint64_t index)
{
    const Instance& instance = *container.scope->instance;
    const Table& table = *instance.tables[container.index];
    const std::string at = std::to_string(index);
    return wasm_variable("[" + at + "]", "table[" + std::to_string(container.index) + ": " + at + "]",
        Value::ref(table.type().element, table.elements()[index]), *instance.module, container.scope, {});
}

/// The text of a line that debug/listing.h makes, behind its label.
std::string behind_label(const std::string& line, const std::string& label)
{
    std::string_view rest(line);
    rest.remove_prefix(std::min(label.size(), rest.size()));
    for (const std::string_view separator : { ": ", " = " })
        if (rest.starts_with(separator))
            rest.remove_prefix(separator.size());
    return std::string(rest);
}

/// An entity of an instance; `kind` is not that of a global.
Variable entity(const Container& container, ExternKind kind, uint32_t index)
{
    const Instance& instance = *container.scope->instance;
    const Module& module = *instance.module;
    Variable variable { .name = debug::row_label(module, kind, index), .value = {} };
    variable.is_read_only = true;
    std::string line;
    if (kind == ExternKind::Table) {
        const uint64_t size = instance.tables[index]->size();
        line = debug::table_line(module, { index }, size);
        variable.count = size;
        variable.is_indexed = true;
        if (size != 0)
            variable.parts =
                Container { .kind = Container::Kind::Elements, .scope = container.scope, .index = index };
    } else if (kind == ExternKind::Memory) {
        line = debug::memory_line(module, { index }, instance.memories[index]->size(), "");
        variable.memory = MemoryPlace { &instance, index, 0 };
    } else if (kind == ExternKind::Func) {
        const FuncIndex function { index };
        const bool is_imported = module.is_imported(function);
        line =
            debug::function_line(module, function, is_imported ? "" : hex(module.meta(function).body_offset));
        variable.expression = number_in_brackets("func", index);
        variable.function = instance.functions[index];
    } else {
        line = debug::tag_line(module, { index });
    }
    variable.value = behind_label(line, variable.name);
    return variable;
}

// -- Values of the source

/// The function that a pointer of the source means, or null.
const Function* pointed_function(
    eval::MemoryReader& reader, const source::Value& value, const Instance& instance)
{
    source::Access access(reader);
    const source::Type& type = access.type_of(value);
    if (type.kind != source::Type::Kind::Pointer
        || access.types().stripped(type.target).kind != source::Type::Kind::Function
        || instance.tables.empty())
        return nullptr;
    const Table& table = *instance.tables[0];
    const auto index = access.word(value);
    if (!index || !table.type().element.is_function_ref() || !table.contains(*index, 1))
        return nullptr;
    const Ref ref = table.elements()[*index];
    return ref.is_null() ? nullptr : ref.function();
}

Variable source_variable(std::string name, std::string expression,
    std::shared_ptr<const eval::SourceResult> result, source::Value value,
    const std::shared_ptr<const console::Scope>& scope, const source::Style& style)
{
    auto reader = result->reader(*scope->instance);
    Variable variable { .name = std::move(name), .value = source::render(reader, value, style) };
    variable.type = source::type_text(*result->symbols, value.type);
    if (value.address)
        variable.memory = MemoryPlace { scope->instance, result->memory, *value.address };
    variable.function = pointed_function(reader, value, *scope->instance);
    variable.count = source::child_count(reader, value, style);
    if (variable.count != 0) {
        const auto first = source::children(reader, value, 0, 1, style);
        variable.is_indexed = !first.empty() && first.front().name == "[0]";
        variable.parts = Container { .kind = Container::Kind::Source,
            .scope = scope,
            .expression = expression,
            .source = std::move(result),
            .value = std::move(value) };
    }
    variable.expression = std::move(expression);
    return variable;
}

std::vector<Variable> source_parts(
    const Container& container, uint64_t from, uint64_t count, const source::Style& style)
{
    auto reader = container.source->reader(*container.scope->instance);
    std::vector<Variable> parts;
    for (source::Child& child : source::children(reader, container.value, from, count)) {
        std::string expression;
        if (!container.expression.empty() && !child.suffix.empty())
            expression = takes_suffix(container.expression) ? container.expression + child.suffix
                                                            : "(" + container.expression + ")" + child.suffix;
        parts.push_back(source_variable(printable(child.name), std::move(expression), container.source,
            std::move(child.value), container.scope, style));
    }
    return parts;
}

/// Why a variable has no value, without its name in front.
std::string problem_of(const std::string& name, std::string_view message)
{
    message = message.substr(0, message.find('\n'));
    for (const std::string_view verb : { "is ", "was " })
        if (const std::string begin = "`" + name + "` " + std::string(verb); message.starts_with(begin))
            message.remove_prefix(begin.size());
    return "<" + std::string(message) + ">";
}

Variable named_variable(const source::Variable& named, const std::shared_ptr<const console::Scope>& scope,
    const source::Style& style)
{
    const std::string& name = named.name;
    const auto computed = scope->compute(name);
    Variable variable;
    if (computed)
        variable = variable_of(printable(name), name, *computed, scope, style);
    else
        variable = { .name = printable(name),
            .value = problem_of(name, computed.error().message),
            .expression = name,
            .is_error = true };
    if (named.declared.line != 0)
        variable.declared = named.declared;
    return variable;
}

bool belongs(ScopeKind which, source::Variable::Kind kind)
{
    using enum source::Variable::Kind;
    return which == ScopeKind::Arguments ? kind == Parameter
        : which == ScopeKind::Locals     ? kind == Local
                                         : kind == Static || kind == Global || kind == ThreadLocal;
}

/// The variables of the source in a scope. An inner one hides others of its name.
std::vector<source::Variable> source_variables(const Container& container, console::SourceView& view)
{
    std::vector<source::Variable> names;
    const console::Scope& scope = *container.scope;
    const auto row = scope.row();
    const auto source = scope.instance ? view.of(scope.instance->module) : nullptr;
    if (!row || row->scopes.empty() || !source || !scope.guest_frame())
        return names;
    std::set<std::string> seen;
    const auto add = [&](const source::Variable& variable) {
        if (!variable.name.empty() && names.size() < max_rows && seen.insert(variable.name).second
            && belongs(container.which, variable.kind))
            names.push_back(variable);
    };
    for (const source::Scope& block : row->scopes)
        for (const source::Variable& variable : source->symbols().variables(block.variables))
            add(variable);
    if (container.which != ScopeKind::Statics)
        return names;
    const source::File* const file = source->file_of(row->function);
    for (const source::Variable& variable :
        source->symbols().globals({ .text = {}, .match = source::Pattern::Match::Prefix, .limit = 5000 }))
        if (const source::File* declared = source->file(variable.declared.file);
            declared && file && *declared == *file)
            add(variable);
    return names;
}

// -- Scopes

template<class Make> std::vector<Variable> rows(uint64_t from, uint64_t count, uint64_t size, Make make)
{
    std::vector<Variable> variables;
    const uint64_t begin = std::min(from, size);
    const uint64_t end = begin + std::min({ count, size - begin, max_rows });
    for (uint64_t i = begin; i < end; ++i)
        variables.push_back(make(static_cast<uint32_t>(i)));
    return variables;
}

/// What an instance has. An instance in a list shows these.
constexpr std::pair<ScopeKind, std::string_view> instance_scopes[] {
    { ScopeKind::Globals, "Globals" },
    { ScopeKind::Tables, "Tables" },
    { ScopeKind::Memories, "Memories" },
    { ScopeKind::Functions, "Functions" },
    { ScopeKind::Tags, "Tags" },
};

/// The entities that a scope lists; none for other scopes.
std::optional<ExternKind> entities_of(ScopeKind which)
{
    switch (which) {
    case ScopeKind::Globals: return ExternKind::Global;
    case ScopeKind::Tables: return ExternKind::Table;
    case ScopeKind::Memories: return ExternKind::Memory;
    case ScopeKind::Functions: return ExternKind::Func;
    case ScopeKind::Tags: return ExternKind::Tag;
    default: return std::nullopt;
    }
}

uint64_t entity_count(const Instance& instance, ExternKind kind)
{
    switch (kind) {
    case ExternKind::Func: return instance.functions.size();
    case ExternKind::Table: return instance.tables.size();
    case ExternKind::Memory: return instance.memories.size();
    case ExternKind::Global: return instance.globals.size();
    case ExternKind::Tag: return instance.tags.size();
    }
    std::unreachable();
}

Variable global(const Container& container, uint32_t index, const source::Style& style)
{
    const Instance& instance = *container.scope->instance;
    Variable variable = wasm_variable(debug::row_label(*instance.module, ExternKind::Global, index),
        number_in_brackets("global", index), instance.globals[index]->get(), *instance.module,
        container.scope, style);
    variable.is_read_only = !instance.globals[index]->type.is_mutable;
    return variable;
}

/// The scope of another instance: no frame is in it.
std::shared_ptr<const console::Scope> scope_of(
    const console::Scope& like, Instance& instance, console::SourceView& view)
{
    auto scope = std::make_shared<console::Scope>();
    scope->thread = like.thread;
    scope->instance = scope->named_instance = &instance;
    scope->module = instance.module;
    scope->variables = like.variables;
    if (const auto source = view.of(instance.module)) {
        scope->symbols = source->shared_symbols();
        scope->source_memory = source->memory();
    }
    return scope;
}

Variable instance_variable(
    const Container& container, uint32_t number, Instance& instance, console::SourceView& view)
{
    Variable variable { .name = "instance " + std::to_string(number),
        .value = debug::instance_line(*instance.module, number) };
    variable.is_read_only = true;
    variable.parts =
        Container { .kind = Container::Kind::Instance, .scope = scope_of(*container.scope, instance, view) };
    variable.count = std::size(instance_scopes);
    return variable;
}

/// The scopes of an instance that have anything.
std::vector<Variable> instance_parts(const Container& container, console::SourceView& view)
{
    std::vector<Variable> parts;
    for (const auto& [which, name] : instance_scopes) {
        Container scope { .scope = container.scope, .which = which };
        const uint64_t count = count_of(scope, view, {});
        if (count == 0)
            continue;
        Variable variable { .name = std::string(name), .value = "" };
        variable.is_indexed = is_indexed(scope);
        variable.is_read_only = true;
        variable.count = count;
        variable.parts = std::move(scope);
        parts.push_back(std::move(variable));
    }
    return parts;
}

std::vector<Variable> list_scope(const Container& container, uint64_t from, uint64_t count,
    console::SourceView& view, std::span<Instance* const> instances, const source::Style& style)
{
    const console::Scope& scope = *container.scope;
    if (container.which == ScopeKind::Instances)
        return rows(from, count, instances.size(),
            [&](uint32_t index) { return instance_variable(container, index, *instances[index], view); });
    if (const auto kind = entities_of(container.which)) {
        if (!scope.instance)
            return {};
        return rows(from, count, entity_count(*scope.instance, *kind), [&](uint32_t index) {
            return *kind == ExternKind::Global ? global(container, index, style)
                                               : entity(container, *kind, index);
        });
    }
    const Frame* const frame = scope.guest_frame();
    if (!frame)
        return {};
    if (container.which == ScopeKind::WasmLocals) {
        const std::vector<debug::Local> locals = debug::locals_of(*frame);
        return rows(from, count, locals.size(), [&](uint32_t index) {
            return wasm_variable(debug::label_of("local", index, locals[index].name),
                number_in_brackets("local", index), locals[index].value, frame->function->module(),
                container.scope, style);
        });
    }
    if (container.which == ScopeKind::Operands) {
        const std::vector<Value> operands = debug::operands_of(*frame);
        return rows(from, count, operands.size(), [&](uint32_t index) {
            const std::string name = number_in_brackets("stack", index);
            return wasm_variable(
                name, name, operands[index], frame->function->module(), container.scope, style);
        });
    }
    const std::vector<source::Variable> names = source_variables(container, view);
    return rows(from, count, names.size(),
        [&](uint32_t index) { return named_variable(names[index], container.scope, style); });
}

} // namespace

uint64_t count_of(const Container& container, console::SourceView& view, std::span<Instance* const> instances)
{
    using enum Container::Kind;
    switch (container.kind) {
    case Elements: return container.scope->instance->tables[container.index]->size();
    case Object: return part_count(*container.object.object());
    case Source: {
        auto reader = container.source->reader(*container.scope->instance);
        return source::child_count(reader, container.value);
    }
    case Instance: return std::size(instance_scopes);
    case Scope: break;
    }
    if (container.which == ScopeKind::Instances)
        return instances.size();
    const console::Scope& scope = *container.scope;
    if (const auto kind = entities_of(container.which))
        return scope.instance ? entity_count(*scope.instance, *kind) : 0;
    const Frame* const frame = scope.guest_frame();
    if (!frame)
        return 0;
    if (container.which == ScopeKind::WasmLocals)
        return debug::locals_of(*frame).size();
    if (container.which == ScopeKind::Operands)
        return debug::operands_of(*frame).size();
    return source_variables(container, view).size();
}

bool is_indexed(const Container& container)
{
    if (container.kind == Container::Kind::Scope)
        return container.which == ScopeKind::Functions || container.which == ScopeKind::Globals;
    if (container.kind == Container::Kind::Instance)
        return false;
    if (container.kind == Container::Kind::Elements)
        return true;
    if (container.kind == Container::Kind::Object)
        return container.object.object()->kind == Object::Kind::Array;
    auto reader = container.source->reader(*container.scope->instance);
    const auto first = source::children(reader, container.value, 0, 1);
    return !first.empty() && first.front().name == "[0]";
}

std::vector<Variable> list(const Container& container, uint64_t from, uint64_t count,
    console::SourceView& view, std::span<Instance* const> instances, const source::Style& style)
{
    const auto size = [&] { return count_of(container, view, instances); };
    switch (container.kind) {
    case Container::Kind::Scope: return list_scope(container, from, count, view, instances, style);
    case Container::Kind::Instance:
        return from == 0 ? instance_parts(container, view) : std::vector<Variable>();
    case Container::Kind::Elements:
        return rows(from, count, size(), [&](uint32_t index) { return table_element(container, index); });
    case Container::Kind::Object:
        return rows(
            from, count, size(), [&](uint32_t index) { return object_part(container, index, style); });
    case Container::Kind::Source: return source_parts(container, from, std::min(count, max_rows), style);
    }
    std::unreachable();
}

Variable variable_of(std::string name, std::string expression, const console::Computed& computed,
    const std::shared_ptr<const console::Scope>& scope, const source::Style& style)
{
    if (computed.source)
        return source_variable(
            std::move(name), std::move(expression), computed.source, *computed.source->value, scope, style);
    if (!computed.value || computed.is_unsigned) {
        Variable variable { .name = std::move(name), .value = computed.text };
        if (!computed.value)
            variable.value = "\"" + computed.text + "\"";
        variable.expression = std::move(expression);
        return variable;
    }
    return wasm_variable(
        std::move(name), std::move(expression), *computed.value, *scope->module, scope, style);
}

} // namespace vitrine::core::dap
