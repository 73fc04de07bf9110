// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "eval/source_call.h"

#include "base/text.h"
#include "eval/names.h"
#include "runtime/memory.h"
#include "runtime/store.h"

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

} // namespace

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
    const std::string& name = node.children[0].selector.name;
    const auto found = TRY(names.find_function(name, node.position));
    const auto index = found ? scope.module->find_function(found->ranges.front().begin) : std::nullopt;
    if (!index)
        return failure("no function of the source is called `" + escaped(name) + "`", node.position);
    const size_t given = node.children.size() - 1;
    if (given != found->parameters.size())
        return failure("`" + escaped(name) + "` takes " + std::to_string(found->parameters.size())
                + " arguments, not " + std::to_string(given),
            node.position);

    SourceCall call;
    call.instance_ = frame.function->instance;
    call.function_ = call.instance_->functions[index->value];
    call.types_ = names.shared_types();
    call.memory_ = source.memory;
    call.result_type_ = found->result;
    const FuncType& type = scope.module->func_type(*index);
    const source::Type result = call.types_->resolved(unwrapped(*call.types_, found->result));
    const auto prepared = [&]() -> Result<void> {
        call.reserve_stack();
        if (is_structure(result) && type.results.empty()) {
            call.result_address_ = TRY(call.take(result.size));
            call.arguments_.push_back(call.types_->address_bytes() == 8
                    ? Value::i64(*call.result_address_)
                    : Value::i32(static_cast<uint32_t>(*call.result_address_)));
        }
        for (size_t i = 0; i < given; ++i)
            CHECK(call.add_argument(frame, node.children[i + 1], found->parameters[i], scope, names));
        bool fits = call.arguments_.size() == type.params.size();
        for (size_t i = 0; fits && i < type.params.size(); ++i)
            fits = call.arguments_[i].type == type.params[i];
        if (!fits)
            return failure("`" + escaped(name) + "` is not called as C calls functions", node.position);
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
        Node address { .syntax = Syntax::AddressOf, .position = node.position };
        address.children.push_back(node);
        const Expression expression(TRY(compile_expression(address, scope, names)));
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
