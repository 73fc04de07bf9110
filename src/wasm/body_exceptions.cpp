// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/body_validator.h"

// The typing rules of exceptions, and of their legacy form, which has its own kinds of blocks
// instead of exnref and which compilers still emit.
// [spec: valid/instructions; proposal: exception-handling, legacy]

namespace vitrine::core {

Result<const FuncType*> BodyValidator::find_tag(const Instruction& at, uint32_t index) const
{
    const TagDecl* tag = module_.tags.find(TagIndex { index });
    if (!tag)
        return unknown("tag", index, at.offset);
    return module_.types[tag->type].func();
}

Result<void> BodyValidator::step_throw(const Instruction& at)
{
    if (at.op == Op::Throw)
        CHECK(pop(at, (*TRY(find_tag(at, at.index))).params));
    else
        CHECK(pop(at, ValueType::exnref));
    set_unreachable();
    return {};
}

Result<void> BodyValidator::step_try_table(const Instruction& at)
{
    CHECK(check_block(at));
    // The labels of the clauses are relative to the enclosing block, and the block's parameters are
    // not available to them.
    const Control shape { .op = at.op, .block = at.block };
    const auto params = params_of(shape);
    CHECK(pop(at, params));
    Control clauses { .op = at.op };
    const uint8_t* next = at.vector.data();
    const auto count = read_valid_leb<uint32_t>(next);
    for (uint32_t i = 0; i < count; ++i) {
        constexpr uint8_t catches_all = 2, pushes_exception = 1;
        constexpr ValueType exception = ValueType::ref(HeapKind::Exn, false);
        const uint8_t kind = *next++;
        Catch clause { .pushes_exception = (kind & pushes_exception) != 0 };
        std::span<const ValueType> values;
        if (!(kind & catches_all)) {
            clause.tag = read_valid_leb<uint32_t>(next);
            values = (*TRY(find_tag(at, clause.tag))).params;
        }
        Control& target = *TRY(find_label(at, read_valid_leb<uint32_t>(next)));
        const auto types = label_types(target);
        const size_t pushed = values.size() + clause.pushes_exception;
        if (types.size() != pushed || !match(values, types.first(values.size()))
            || (clause.pushes_exception && !matches(module_, exception, types.back()))) {
            std::vector<ValueType> found(values.begin(), values.end());
            if (clause.pushes_exception)
                found.push_back(exception);
            return failure(text_of_mismatch("try_table", to_text(types), to_text(found)), at.offset);
        }
        clause.height = target.slot_height;
        if (!is_reachable())
            continue;
        const uint32_t entry = add_entry(at.offset, 0, 0);
        if (target.op == Op::Loop)
            resolve(entry, target.loop_offset, target.loop_entry);
        else
            add_pending(target, entry);
        add_catch(clauses, clause);
        pending_catches_.push_back({ clauses.last_catch, entry, at.offset });
    }
    push(params);
    CHECK(push_control(at));
    controls_.back().first_catch = clauses.first_catch;
    return {};
}

/// `catch` and `catch_all` end the previous part of the `try`. The new part begins with the tag's
/// values on the stack.
Result<void> BodyValidator::step_catch(const Instruction& at)
{
    const Op open = controls_.back().op;
    if (open != Op::Try && open != Op::Catch)
        return failure(std::string(info(at.op).text) + " without try", at.offset);
    std::span<const ValueType> pushed;
    if (at.op == Op::Catch)
        pushed = (*TRY(find_tag(at, at.index))).params;
    const bool falls_through = is_reachable();
    Control control = TRY(pop_control(at));
    if (falls_through)
        add_pending(control, add_entry(at.offset, 0, 0));
    if (control.op == Op::Try)
        control.catch_offset = at.offset;
    if (control.is_live)
        add_catch(control,
            { .tag = at.op == Op::Catch ? at.index : Catch::any_tag,
                .target = at.end,
                .entry = next_entry(),
                .height = control.slot_height });
    control.op = at.op;
    control.is_unreachable = false;
    controls_.push_back(control);
    push(pushed);
    return {};
}

/// Ends a `try` like `end`. Exceptions thrown in it continue as if thrown in the block that the
/// label denotes.
Result<void> BodyValidator::step_delegate(const Instruction& at)
{
    if (controls_.back().op != Op::Try)
        return failure("delegate without try", at.offset);
    const Control control = controls_.back();
    CHECK(end_block(at));
    const Control& target = *TRY(find_label(at, at.index));
    if (control.is_live)
        add_handler(control, at.offset, target.offset);
    return {};
}

Result<void> BodyValidator::step_rethrow(const Instruction& at)
{
    const Control& target = *TRY(find_label(at, at.index));
    if (target.op != Op::Catch && target.op != Op::CatchAll)
        return failure("invalid rethrow label " + std::to_string(at.index), at.offset);
    if (is_reachable())
        add_entry(at.offset, 0, first_hidden_slot_ + target.catch_depth);
    set_unreachable();
    return {};
}

} // namespace vitrine::core
