// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "eval/source_call.h"

#include "base/text.h"
#include "eval/names.h"
#include "runtime/memory.h"
#include "runtime/store.h"
#include "runtime/table.h"

#include <algorithm>

namespace vitrine::core::eval {

namespace {

/// Functions that call nothing may keep data that far below the stack pointer.
constexpr uint64_t red_zone_bytes = 128;
/// For a text or a structure.
constexpr uint64_t max_stack_bytes = 1 << 16;
constexpr uint64_t stack_alignment = 16;

bool is_structure(const source::Type& type)
{
    return type.kind == source::Type::Kind::Struct || type.kind == source::Type::Kind::Union
        || type.kind == source::Type::Kind::Complex;
}

/// The number that a structure with nothing else in it is passed as.
source::TypeId unwrapped(SourceTypes& types, source::TypeId id)
{
    for (int depth = 0; depth < 16; ++depth) {
        const source::Type type = types.resolved(id);
        const bool is_single = type.kind == source::Type::Kind::Struct && type.members.size() == 1
            && type.members[0].bit_size == 0 && types.size_of(type.members[0].type) == type.size;
        if (!is_single)
            break;
        id = type.members[0].type;
    }
    return id;
}

/// How well a value of one type fits a parameter of another one: 0 not at all.
uint32_t likeness(SourceTypes& types, const Type& value, source::TypeId parameter)
{
    const source::Type wanted = types.resolved(parameter);
    const bool is_pointer =
        wanted.kind == source::Type::Kind::Pointer || wanted.kind == source::Type::Kind::Reference;
    if (value.kind == Type::Kind::Text)
        return is_pointer ? 1 : 0;
    if (value.source != source::TypeId {}) {
        source::Type given = types.resolved(value.source);
        if (given.id == wanted.id || (!given.name.empty() && given.name == wanted.name))
            return 3;
        // A reference takes the object itself.
        const bool is_same_target =
            is_pointer && types.name_of(wanted.target).ends_with(given.name) && !given.name.empty();
        if (is_same_target)
            return 3;
    }
    if (value.kind == Type::Kind::Aggregate)
        return 0;
    const source::Type::Kind kind = types.resolved(value.source).kind;
    const bool is_value_pointer =
        kind == source::Type::Kind::Pointer || kind == source::Type::Kind::Reference;
    const auto scalar = types.scalar_of(wanted);
    if (!value.is_number() || !scalar || is_pointer != is_value_pointer)
        return is_pointer && value.is_reference() ? 1 : 0;
    return is_float(value.number) == is_float(scalar->kind) ? 2 : 1;
}

/// The functions of a class, or of one that it derives from, with this name.
// NOLINTNEXTLINE(misc-no-recursion): at most max_bases deep.
std::vector<source::Function> methods_named(
    SourceNames& names, const source::Type& type, std::string_view name, uint32_t depth = 0)
{
    constexpr uint32_t max_bases = 8;
    auto found = names.find_functions(type.name + "::" + std::string(name));
    for (const source::Member& base : type.members)
        if (found.empty() && base.is_base_class && depth < max_bases)
            found = methods_named(names, names.types().resolved(base.type), name, depth + 1);
    return found;
}

Node parent_node(Syntax syntax, Node child)
{
    Node node { .syntax = syntax, .position = child.position };
    node.children.push_back(std::move(child));
    return node;
}

Node address_node(const Node& of) { return parent_node(Syntax::AddressOf, of); }

} // namespace

struct SourceCall::Callee {
    Function* function = nullptr;
    std::string name {};
    source::TypeId result {};
    std::vector<source::TypeId> parameters {};
    /// The object of a method, in front of the arguments.
    std::optional<Node> self {};
};

/// The function that a pointer means. Nothing if the node is no pointer to a function.
Result<std::optional<SourceCall::Callee>> SourceCall::find_pointer(
    const Frame& frame, const Node& node, const Scope& scope, SourceNames& names)
{
    SourceTypes& types = names.types();
    // A function is called through `*p` too.
    const Node& pointer = node.syntax == Syntax::Deref ? node.children[0] : node;
    const auto compiled = compile_expression(pointer, scope, names);
    if (!compiled || !compiled->type.is_number() || compiled->type.source == source::TypeId {})
        return std::nullopt;
    const source::Type type = types.resolved(compiled->type.source);
    const source::Type function = types.resolved(type.target);
    if (type.kind != source::Type::Kind::Pointer || function.kind != source::Type::Kind::Function)
        return std::nullopt;
    const uint64_t index = TRY(Expression(*compiled).evaluate(frame)).low;
    const Instance& instance = *frame.function->instance;
    const Table* const table = instance.tables.empty() ? nullptr : instance.tables[0];
    const bool is_function = table && table->type().element.is_function_ref() && table->contains(index, 1)
        && !table->elements()[index].is_null();
    if (!is_function)
        return failure(
            "the pointer means no function: table 0 has none at " + std::to_string(index), node.position);
    Function* const found = table->elements()[index].function();
    return Callee { found, "function " + std::to_string(found->index.value), function.target,
        function.parameters, {} };
}

/// The function that a call means: of those with the name, the one that fits the arguments best.
Result<SourceCall::Callee> SourceCall::find_callee(
    const Frame& frame, const Node& call, const Scope& scope, SourceNames& names)
{
    const Node& node = call.children[0];
    if (auto pointer = TRY(find_pointer(frame, node, scope, names)))
        return *std::move(pointer);
    SourceTypes& types = names.types();
    const bool is_method = node.syntax == Syntax::Member;
    const std::string name = is_method ? node.text : node.selector.name;
    std::optional<Node> self;
    std::vector<source::Function> found;
    if (is_method) {
        constexpr int max_followed = 4;
        Node object = node.children[0];
        for (int i = 0; i < max_followed && found.empty(); ++i) {
            const auto place = compile_source_place(object, scope, names);
            if (!place && i == 0)
                return std::unexpected(place.error());
            if (!place || !*place)
                break;
            source::Type type = types.resolved((*place)->place.type);
            const bool is_pointer = type.kind == source::Type::Kind::Pointer;
            if (is_pointer)
                type = types.resolved(type.target);
            self = is_pointer ? object : address_node(object);
            found = methods_named(names, type, name);
            object = parent_node(Syntax::Deref, std::move(object));
        }
    } else if (node.syntax == Syntax::Name || node.syntax == Syntax::Scoped) {
        // A method of the same object comes first.
        if (names.is_local("this"))
            if (const auto object = TRY(names.find("this", node.position)))
                found = methods_named(names, types.resolved(types.resolved(object->type).target), name);
        if (!found.empty())
            self =
                Node { .syntax = Syntax::Name, .position = node.position, .selector = { true, {}, "this" } };
        else
            found = names.find_functions(name);
    } else {
        return failure("only functions and pointers to them can be called", node.position);
    }
    if (found.empty())
        return failure("no function of the source is called `" + escaped(name) + "`"
                + (is_method ? ", or all its calls were inlined" : ""),
            node.position);

    const size_t given = call.children.size() - 1;
    std::vector<Type> values;
    for (size_t i = 1; i <= given; ++i)
        values.push_back(TRY(compile_expression(call.children[i], scope, names)).type);
    const source::Function* best = nullptr;
    uint32_t best_score = 0;
    bool is_ambiguous = false;
    for (const source::Function& each : found) {
        const size_t count = each.parameters.size();
        if (count != given && !(self && count == given + 1))
            continue;
        uint32_t score = 1;
        for (size_t i = 0; i < given; ++i)
            score += likeness(types, values[i], each.parameters[count - given + i]);
        is_ambiguous = score == best_score && best && best->ranges != each.ranges;
        if (score > best_score) {
            best = &each;
            best_score = score;
        }
    }
    if (!best)
        return failure("`" + escaped(name) + "` takes "
                + std::to_string(
                    found.front().parameters.size() - (self && !found.front().parameters.empty() ? 1 : 0))
                + " arguments, not " + std::to_string(given),
            node.position);
    if (is_ambiguous)
        return failure("several functions called `" + escaped(name)
                + "` take such arguments: cast them to the types of its parameters",
            node.position);
    const auto index = scope.module->find_function(best->ranges.front().begin);
    if (!index)
        return failure("`" + escaped(name) + "` has no code", node.position);
    if (best->parameters.size() == given)
        self.reset();
    return Callee { frame.function->instance->functions[index->value], best->name, best->result,
        best->parameters, std::move(self) };
}

bool SourceCall::is_call(std::string_view text, const Scope& scope)
{
    SourceNames names(scope);
    const auto node = parse_whole_expression(text, names.type_test());
    return node && node->syntax == Syntax::Call && names.has_symbols();
}

Result<SourceCall> SourceCall::prepare(const Frame& frame, std::string_view text, const SourceContext& source)
{
    const Scope scope = TRY(Scope::of(frame, source));
    SourceNames names(scope);
    const Node node = TRY(parse_whole_expression(text, names.type_test()));
    if (node.syntax != Syntax::Call || !names.has_symbols())
        return failure("a call of a function of the source expected", node.position);
    const Callee callee = TRY(find_callee(frame, node, scope, names));

    SourceCall call;
    call.instance_ = frame.function->instance;
    call.function_ = callee.function;
    call.types_ = names.shared_types();
    call.memory_ = source.memory;
    call.result_type_ = callee.result;
    const FuncType& type = *call.instance_->store->engine().types[callee.function->type].func();
    const source::Type result = call.types_->resolved(unwrapped(*call.types_, callee.result));
    std::vector<const Node*> given;
    if (callee.self)
        given.push_back(&*callee.self);
    for (size_t i = 1; i < node.children.size(); ++i)
        given.push_back(&node.children[i]);
    if (given.size() != callee.parameters.size())
        return failure("`" + escaped(callee.name) + "` takes " + std::to_string(callee.parameters.size())
                + " arguments, not " + std::to_string(given.size()),
            node.position);
    const auto prepared = [&]() -> Result<void> {
        call.reserve_stack();
        if (is_structure(result) && type.results.empty()) {
            call.result_address_ = TRY(call.take(result.size));
            call.arguments_.push_back(call.types_->address_bytes() == 8
                    ? Value::i64(*call.result_address_)
                    : Value::i32(static_cast<uint32_t>(*call.result_address_)));
        }
        for (size_t i = 0; i < given.size(); ++i)
            CHECK(call.add_argument(frame, *given[i], callee.parameters[i], scope, names));
        bool fits = call.arguments_.size() == type.params.size();
        for (size_t i = 0; fits && i < type.params.size(); ++i)
            fits = call.arguments_[i].type == type.params[i];
        if (!fits)
            return failure(
                "`" + escaped(callee.name) + "` is not called as C calls functions", node.position);
        return {};
    };
    if (auto done = prepared(); !done) {
        call.put_back();
        return std::unexpected(std::move(done).error());
    }
    return call;
}

/// Moves the stack pointer below what the stopped function may have left unprotected. Without a
/// known stack pointer nothing is reserved.
void SourceCall::reserve_stack()
{
    const auto named = ModuleNames(*instance_->module).entities_named(ExternKind::Global, "__stack_pointer");
    if (named.size() != 1 || memory_ >= instance_->memories.size())
        return;
    Global& global = *instance_->globals[named[0]];
    const ValueKind kind = global.type.type.kind();
    if (!global.type.is_mutable || (kind != ValueKind::I32 && kind != ValueKind::I64))
        return;
    top_ = kind == ValueKind::I32 ? static_cast<uint32_t>(global.slots()[0]) : global.slots()[0];
    if (top_ < red_zone_bytes)
        return;
    stack_pointer_ = &global;
    set_stack_pointer((top_ - red_zone_bytes) & ~(stack_alignment - 1));
}

void SourceCall::set_stack_pointer(uint64_t address)
{
    next_ = address;
    instance_->store->mutator.set(
        Origin::Debugger, *stack_pointer_, Value { stack_pointer_->type.type, address });
}

/// The address of so many bytes below the stack.
Result<uint64_t> SourceCall::take(uint64_t bytes)
{
    if (!stack_pointer_)
        return failure("the module has no global `__stack_pointer`: only numbers can be passed");
    if (bytes > max_stack_bytes || next_ < bytes + stack_alignment)
        return failure("the arguments do not fit below the guest's stack");
    set_stack_pointer((next_ - bytes) & ~(stack_alignment - 1));
    return next_;
}

Result<void> SourceCall::write(uint64_t address, Bytes bytes)
{
    Memory& memory = *instance_->memories[memory_];
    if (!memory.contains(address, bytes.size()))
        return failure("the arguments do not fit below the guest's stack");
    instance_->store->mutator.write(Origin::Debugger, memory, address, bytes);
    return {};
}

Result<void> SourceCall::add_argument(
    const Frame& frame, const Node& node, source::TypeId type, const Scope& scope, SourceNames& names)
{
    const auto add_address = [&](uint64_t address) {
        arguments_.push_back(
            types_->address_bytes() == 8 ? Value::i64(address) : Value::i32(static_cast<uint32_t>(address)));
    };
    if (node.syntax == Syntax::Text) {
        std::vector<uint8_t> bytes(node.text.begin(), node.text.end());
        bytes.push_back(0);
        const uint64_t address = TRY(take(bytes.size()));
        add_address(address);
        return write(address, bytes);
    }
    const source::Type wanted = types_->resolved(unwrapped(*types_, type));
    if (node.syntax == Syntax::Null) {
        add_address(0);
        return {};
    }
    if (wanted.kind == source::Type::Kind::Reference) {
        const Expression expression(TRY(compile_expression(address_node(node), scope, names)));
        arguments_.push_back(TRY(expression.evaluate(frame)));
        return {};
    }
    const auto scalar = types_->scalar_of(wanted);
    if (is_structure(types_->resolved(type))) {
        const SourceExpression expression = TRY(SourceExpression::compile(node, scope, names));
        const SourceResult result = TRY(expression.evaluate(frame));
        const uint64_t size = types_->size_of(type).value_or(0);
        if (!result.value || types_->size_of(result.value->type) != size || size > max_stack_bytes)
            return failure("a value of `" + escaped(types_->name_of(type)) + "` expected", node.position);
        std::vector<uint8_t> bytes = result.value->bytes;
        bytes.resize(size);
        if (result.value->address)
            CHECK(result.reader(*instance_).read(*result.value->address, bytes));
        if (scalar) {
            bytes.resize(sizeof(uint64_t));
            const Type number = Type::of(scalar->kind);
            arguments_.push_back({ number.value_type(), load<uint64_t>(bytes.data()) });
            return {};
        }
        const uint64_t address = TRY(take(size));
        add_address(address);
        return write(address, bytes);
    }
    if (!scalar)
        return failure("values of `" + escaped(types_->name_of(type)) + "` cannot be passed", node.position);
    const Expression expression(TRY(compile_expression(cast_node(scalar->word, node), scope, names)));
    arguments_.push_back(TRY(expression.evaluate(frame)));
    return {};
}

Result<SourceResult> SourceCall::result(std::span<const Value> results) const
{
    SourceResult result { .symbols = types_ };
    result.memory = memory_;
    if (result_type_ == source::TypeId {})
        return result;
    source::Value value { .type = result_type_ };
    const uint64_t bytes = types_->size_of(result_type_).value_or(0);
    if (result_address_) {
        value.bytes.resize(std::min<uint64_t>(bytes, max_stack_bytes));
        CHECK(result.reader(*instance_).read(*result_address_, value.bytes));
    } else if (results.size() == 1 && bytes <= sizeof(uint64_t)) {
        result.number = results[0];
        const auto scalar = types_->scalar_of(types_->resolved(result_type_));
        result.is_unsigned = scalar && (scalar->kind == NumberKind::U32 || scalar->kind == NumberKind::U64);
        for (uint64_t i = 0; i < bytes; ++i)
            value.bytes.push_back(static_cast<uint8_t>(results[0].low >> 8 * i));
    } else
        return failure("the result of the call cannot be shown");
    result.value = std::move(value);
    return result;
}

void SourceCall::put_back()
{
    if (!stack_pointer_)
        return;
    set_stack_pointer(top_);
    stack_pointer_ = nullptr;
}

} // namespace vitrine::core::eval
