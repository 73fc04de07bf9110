// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "debug/inspect.h"

#include "base/text.h"
#include "wasm/printer.h"
#include "wasm/validator.h"

namespace vitrine::core::debug {

namespace {

std::vector<Home> homes(const Frame& frame, std::span<const ValueType> types, Slot* at, const Slot* end)
{
    std::vector<Home> result;
    for (const ValueType type : types) {
        if (at + type.slots() > end)
            break;
        result.push_back({ frame.function->module().canonical(type), at });
        at += type.slots();
    }
    return result;
}

std::vector<Home> local_homes(const Frame& frame)
{
    if (frame.is_host())
        return {};
    return homes(frame, local_types(frame.function->module(), frame.function->index), frame.locals(),
        frame.operands());
}

/// A caller's operands end where its callee's arguments begin. The results of the call, which
/// validation expects on top of them, do not exist yet.
std::vector<Home> operand_homes(const Frame& frame)
{
    if (frame.is_host())
        return {};
    const auto state = find_instruction_state(frame.function->module(), frame.function->index, frame.offset);
    if (!state)
        return {};
    return homes(frame, state->operands, frame.operands(), frame.sp);
}

Result<void> set(const Frame& frame, std::span<const Home> homes, uint32_t index, const Value& value,
    std::string_view what)
{
    if (index >= homes.size())
        return failure("no " + std::string(what) + " " + std::to_string(index) + ": the frame has "
            + std::to_string(homes.size()));
    const Home& home = homes[index];
    if (home.type != value.type)
        return failure(std::string(what) + " " + std::to_string(index) + " is of type " + home.type.to_text()
            + ", not " + value.type.to_text());
    if (home.type.is_ref() && !home.type.is_nullable() && value.ref().is_null())
        return failure(std::string(what) + " " + std::to_string(index) + " is of type " + home.type.to_text()
            + " and cannot be null");
    Slot slots[2];
    store_value(value, slots);
    frame.thread->store.mutator.set(Origin::Debugger, home.slots, std::span(slots).first(home.type.slots()));
    return {};
}

} // namespace

std::optional<Home> find_local_home(const Frame& frame, uint32_t index)
{
    const std::vector<Home> homes = local_homes(frame);
    return index < homes.size() ? std::optional(homes[index]) : std::nullopt;
}

std::optional<Home> find_operand_home(const Frame& frame, uint32_t index)
{
    const std::vector<Home> homes = operand_homes(frame);
    return index < homes.size() ? std::optional(homes[index]) : std::nullopt;
}

std::vector<Local> locals_of(const Frame& frame)
{
    std::vector<Local> locals;
    for (const Home& home : local_homes(frame)) {
        const auto index = static_cast<uint32_t>(locals.size());
        const std::string_view name =
            frame.function->module().names().local(frame.function->index.value, index);
        locals.push_back({ std::string(name), load_value(home.type, home.slots) });
    }
    return locals;
}

std::vector<Value> operands_of(const Frame& frame)
{
    std::vector<Value> operands;
    for (const Home& home : operand_homes(frame))
        operands.push_back(load_value(home.type, home.slots));
    return operands;
}

Result<void> set_local(const Frame& frame, uint32_t index, const Value& value)
{
    return set(frame, local_homes(frame), index, value, "local");
}

Result<void> set_operand(const Frame& frame, uint32_t index, const Value& value)
{
    return set(frame, operand_homes(frame), index, value, "operand");
}

std::string text_of(const Function& function)
{
    return function.is_host() ? escaped(function.name())
                              : identifier(function.name(), "func", function.index.value);
}

} // namespace vitrine::core::debug
