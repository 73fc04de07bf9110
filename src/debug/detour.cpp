// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "debug/detour.h"

#include "base/text.h"
#include "runtime/objects.h"
#include "wasm/instruction.h"
#include "wasm/validator.h"

#include <algorithm>

namespace vitrine::core::debug {

namespace {

/// The guest frame to be moved.
Frame innermost(const Thread& thread)
{
    const auto frame = innermost_frame(thread);
    ASSERT(frame && !frame->is_host());
    return *frame;
}

std::optional<InstructionState> state_at(const Thread& thread, CodeOffset offset)
{
    const Function& function = *innermost(thread).function;
    return find_instruction_state(function.module(), function.index, offset);
}

Instruction instruction_at(const Module& module, CodeOffset offset)
{
    ByteReader in(module.bytes().subspan(offset), offset);
    auto instruction = decode_instruction(in);
    ASSERT(instruction);
    return *std::move(instruction);
}

CodeOffset offset_of(const Thread& thread) { return innermost(thread).offset; }

std::string text_of(std::span<const ValueType> types)
{
    std::string text = "[";
    for (const ValueType type : types)
        text += (text.size() == 1 ? "" : " ") + type.to_text();
    return text + "]";
}

bool is_prefix(std::span<const ValueType> prefix, std::span<const ValueType> types)
{
    return prefix.size() <= types.size() && std::ranges::equal(prefix, types.first(prefix.size()));
}

Result<void> check_values(
    std::span<const Value> values, const std::vector<ValueType>& types, std::string_view what)
{
    const auto is_missing = [](const Value& value) {
        return value.type.is_ref() && !value.type.is_nullable() && value.ref().is_null();
    };
    if (!std::ranges::equal(values, types, {}, &Value::type) || std::ranges::any_of(values, is_missing))
        return failure(std::string(what) + text_of(types));
    return {};
}

Slot* operands_end(const Thread& thread, std::span<const ValueType> operands)
{
    return innermost(thread).operands() + slots_of(operands);
}

/// How many of the values on the stack after an instruction are its own results, as far as its row
/// or the callee's type tells.
size_t made_by(const Function& function, const Instruction& instruction)
{
    const Module& module = function.module();
    const OpInfo& row = info(instruction.op);
    switch (instruction.op) {
    case Op::Call: return module.func_type(FuncIndex { instruction.index }).results.size();
    case Op::CallIndirect:
    case Op::CallRef: return function.instance->types[instruction.index]->type.func()->results.size();
    default: return row.signature.is_poly ? 0 : row.signature.has_result;
    }
}

/// Finds a place to continue when the code after `offset` is unreachable: after the end of the
/// enclosing block, or of a block further out if necessary.
std::optional<InstructionState> find_way_out(
    const Thread& thread, CodeOffset offset, std::span<const ValueType> operands)
{
    const Function& function = *innermost(thread).function;
    const Module& module = function.module();
    const CodeOffset end = function.meta->end_offset;
    uint32_t depth = 0;
    while (offset < end) {
        const Instruction instruction = instruction_at(module, offset);
        offset = instruction.end;
        if (info(instruction.op).immediate == Immediate::Block || instruction.op == Op::TryTable)
            ++depth;
        if ((instruction.op != Op::End && instruction.op != Op::Delegate) || offset == end)
            continue;
        if (depth != 0) {
            --depth;
            continue;
        }
        const auto place = state_at(thread, offset);
        if (place && place->is_reachable && is_prefix(place->operands, operands))
            return place;
    }
    return std::nullopt;
}

} // namespace

Result<void> jump(Thread& thread, CodeOffset offset)
{
    const auto here = state_at(thread, offset_of(thread));
    const auto there = state_at(thread, offset);
    ASSERT(here);
    if (!there)
        return failure("no instruction of the innermost function starts there", offset);
    if (!there->is_reachable)
        return failure("the instruction cannot be reached", offset);
    if (!is_prefix(there->operands, here->operands))
        return failure("the instruction expects the operands " + text_of(there->operands) + ", and there are "
                + text_of(here->operands),
            offset);
    move_to(thread, there->offset, there->entry, operands_end(thread, there->operands));
    return {};
}

Result<void> skip(Thread& thread)
{
    const Function& function = *innermost(thread).function;
    const CodeOffset at = offset_of(thread);
    const Instruction instruction = instruction_at(function.module(), at);
    const auto before = state_at(thread, at);
    auto after = state_at(thread, instruction.end);
    ASSERT(before);
    if (!after)
        return failure("behind the function's last instruction there is none", at);
    if (!after->is_reachable) {
        after = find_way_out(thread, instruction.end, before->operands);
        if (!after)
            return failure("nothing behind the instruction can be reached", at);
        return jump(thread, after->offset);
    }
    const size_t made = std::min(made_by(function, instruction), after->operands.size());
    size_t kept = 0;
    const size_t most_kept = std::min(before->operands.size(), after->operands.size() - made);
    while (kept < most_kept && before->operands[kept] == after->operands[kept])
        ++kept;
    Slot* const from = operands_end(thread, std::span(after->operands).first(kept));
    Slot* const to = operands_end(thread, after->operands);
    std::fill(from, to, Slot { 0 });
    move_to(thread, after->offset, after->entry, to);
    return {};
}

Result<void> return_from(Thread& thread, const Frame& frame, std::span<const Value> results)
{
    ASSERT(frame.thread == &thread);
    if (frame.is_host() || frame.activation + 1 != thread.depth())
        return failure("only frames of guest functions above the innermost call from the host can return");
    const FuncType& type = *thread.store.engine().types[frame.function->type].func();
    CHECK(check_values(results, type.results, "the function's results are "));
    if (waits_host_function_for(frame))
        return failure("the frame's caller is a host function that waits for its end");
    cut_to_caller(thread, frame, store_values(results, frame.fp));
    return {};
}

Result<std::shared_ptr<Root>> make_exception(Store& store, const Tag& tag, std::span<const Value> values)
{
    const FuncType& type = *tag.type->type.func();
    CHECK(check_values(values, type.params, "the tag's values are "));
    std::vector<Slot> slots(tag.type->slots);
    store_values(values, slots.data());
    ExceptionObject* exception = exception_new(store.heap, tag, slots.data());
    if (!exception)
        return failure("the heap has no room for an exception");
    return std::make_shared<Root>(store.heap, exception);
}

} // namespace vitrine::core::debug
