// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The short way: the instructions that nearly all code consists of, as long as nothing about them is unusual. They are typed
// without being decoded first, with the top of the operands in hand. It stops before the first instruction that is unusual
// or wrong, and leaves it to the rules (body_rules.cpp), which say what it is.
#include "wasm/body_validator.h"

#include "wasm/decoder.h"

#include <algorithm>
#include <array>
#include <bit>

namespace vitrine::core {

namespace {

enum class Way : uint8_t {
    Long,
    // What has the types that the table of instructions says, by what follows the opcode.
    Plain,
    Constant,
    Memory,
    // The others.
    LocalGet,
    LocalSet,
    LocalTee,
    GlobalGet,
    GlobalSet,
    Drop,
    Select,
    Call,
    Block,
    Loop,
    Br,
    BrIf,
    End,
    Unreachable,
};

/// An instruction of one byte that is in every version of the language.
struct ShortRule {
    Way way = Way::Long;
    uint8_t max_align = 0;
    uint8_t param_count = 0;
    bool has_result = false;
    ValueType result {};
    /// The two operands on top, of which it looks at those that are its own.
    std::array<ValueType, 2> params {};
    std::array<uint32_t, 2> looks_at {};

    bool fits(ValueType second, ValueType first) const
    {
        const auto differs = [&](ValueType operand, int i) {
            return (std::bit_cast<uint32_t>(operand) ^ std::bit_cast<uint32_t>(params[i])) & looks_at[i];
        };
        return (differs(second, 0) | differs(first, 1)) == 0;
    }
};

constexpr Way way_of(const OpInfo& row)
{
    switch (row.immediate) {
    case Immediate::None: return Way::Plain;
    case Immediate::I32:
    case Immediate::I64: return Way::Constant;
    case Immediate::MemArg: return Way::Memory;
    default: return Way::Long;
    }
}

constexpr auto short_rules = [] {
    std::array<ShortRule, 256> rules {};
    for (const OpInfo& row : op_table) {
        const Signature& signature = row.signature;
        const uint8_t count = signature.param_count;
        if (row.is_prefixed() || row.feature != Feature::Mvp || signature.is_poly || count > 2)
            continue;
        ShortRule& rule = rules[row.code];
        rule = { way_of(row), static_cast<uint8_t>(std::countr_zero(row.access_bytes)), count,
            signature.has_result, signature.result, {}, {} };
        for (uint8_t i = 0; i < count; ++i) {
            rule.params[2 - count + i] = signature.params[i];
            rule.looks_at[2 - count + i] = UINT32_MAX;
        }
    }
    const auto set = [&](Op op, Way way) { rules[info(op).code].way = way; };
    set(Op::LocalGet, Way::LocalGet);
    set(Op::LocalSet, Way::LocalSet);
    set(Op::LocalTee, Way::LocalTee);
    set(Op::GlobalGet, Way::GlobalGet);
    set(Op::GlobalSet, Way::GlobalSet);
    set(Op::Drop, Way::Drop);
    set(Op::Select, Way::Select);
    set(Op::Call, Way::Call);
    set(Op::Block, Way::Block);
    set(Op::Loop, Way::Loop);
    set(Op::Br, Way::Br);
    set(Op::BrIf, Way::BrIf);
    set(Op::End, Way::End);
    set(Op::Unreachable, Way::Unreachable);
    return rules;
}();

constexpr uint8_t empty_block = 0x40;

/// Behind a number that is too short to be too large; null when it is longer.
inline const uint8_t* behind_short_leb(const uint8_t* at)
{
    const uint32_t ends = ~load<uint32_t>(at) & 0x80808080;
    return ends == 0 ? nullptr : at + std::countr_zero(ends) / 8 + 1;
}

} // namespace

void BodyValidator::step_short_ones(ByteReader& in, CodeOffset stop)
{
    // What one instruction reads at most, and how many of them push at most one slot each.
    constexpr size_t max_bytes = 8, max_pushes = 256;
    if (in.remaining() < max_bytes || !features_.has(Feature::Mvp) || slots_ + max_pushes > max_operand_slots)
        return;
    const bool has_memory32 =
        !module_.memories.empty() && !module_.memories[MemoryIndex { 0 }].type.limits.is_64;
    operands_.make_room(max_pushes);
    ValueType* top = operands_.top();
    const ValueType* bottom = top - available();
    const ValueType* const last = top + max_pushes;
    // What comes takes one slot each, so that the slots are counted now and then only.
    const ValueType* counted = top;
    const ValueType* highest = top;
    const uint8_t* const begin = in.position();
    const auto begin_offset = static_cast<CodeOffset>(in.offset());
    const uint8_t* const end = begin + std::min<uint64_t>(stop - in.offset(), in.remaining() - max_bytes + 1);

    // What the rules of blocks look at, and change.
    const auto put_down = [&] {
        max_slots_ = std::max(max_slots_, slots_ + static_cast<uint32_t>(highest - counted));
        slots_ += static_cast<uint32_t>(top - counted);
        operands_.set_top(top);
    };
    const auto take_up = [&] {
        top = operands_.top();
        bottom = top - available();
        counted = highest = top;
    };

    const auto step = [&](const uint8_t* at) -> const uint8_t* {
        const ShortRule& rule = short_rules[*at];
        const auto offset = static_cast<CodeOffset>(begin_offset + (at - begin));
        ++at;
        switch (rule.way) {
        case Way::Long: return nullptr;
        case Way::Constant: at = behind_short_leb(at); break;
        case Way::Memory:
            if (!has_memory32 || *at > rule.max_align)
                return nullptr;
            at = behind_short_leb(at + 1);
            break;
        case Way::Plain: break;
        case Way::LocalGet:
        case Way::LocalSet:
        case Way::LocalTee: {
            uint32_t local = *at++;
            if (local >= 0x80) {
                if (*at >= 0x80)
                    return nullptr;
                local = (local & 0x7f) | static_cast<uint32_t>(*at++) << 7;
            }
            if (local >= locals_.size() || has_unset_locals_)
                return nullptr;
            const ValueType type = locals_[local];
            if (type == ValueType::v128)
                return nullptr;
            if (rule.way == Way::LocalGet)
                *top++ = type;
            else if (top == bottom || top[-1] != type)
                return nullptr;
            else if (rule.way == Way::LocalSet)
                --top;
            return at;
        }
        case Way::GlobalGet:
        case Way::GlobalSet: {
            const uint8_t global = *at++;
            if (global >= 0x80 || global >= module_.globals.size())
                return nullptr;
            const GlobalType& type = module_.globals[GlobalIndex { global }].type;
            if (type.type == ValueType::v128)
                return nullptr;
            if (rule.way == Way::GlobalGet)
                *top++ = type.type;
            else if (!type.is_mutable || top == bottom || top[-1] != type.type)
                return nullptr;
            else
                --top;
            return at;
        }
        case Way::Drop:
            if (is_wide_ || top == bottom || top[-1] == ValueType::v128)
                return nullptr;
            --top;
            return at;
        case Way::Select:
            if (is_wide_ || top - bottom < 3 || top[-1] != ValueType::i32 || top[-2] != top[-3]
                || !top[-2].is_numeric())
                return nullptr;
            top -= 2;
            return at;
        case Way::Call: {
            const uint8_t* const next = behind_short_leb(at);
            const FuncIndex index { next ? read_valid_leb<uint32_t>(at) : UINT32_MAX };
            if (!module_.functions.contains(index))
                return nullptr;
            const FuncType& callee = module_.func_type(index);
            const std::ptrdiff_t count = std::ssize(callee.params);
            if (top - bottom < count || callee.results.size() > 1)
                return nullptr;
            const ValueType* argument = top - count;
            for (const ValueType param : callee.params)
                if (*argument++ != param || param == ValueType::v128)
                    return nullptr;
            if (!callee.results.empty() && callee.results.front() == ValueType::v128)
                return nullptr;
            top -= count;
            if (!callee.results.empty())
                *top++ = callee.results.front();
            return next;
        }
        case Way::Block:
        case Way::Loop:
            if (*at++ != empty_block || controls_.size() > limits::nesting)
                return nullptr;
            put_down();
            open_control(rule.way == Way::Block ? Op::Block : Op::Loop, {}, offset);
            take_up();
            return at;
        case Way::Br:
        case Way::BrIf: {
            const uint8_t depth = *at++;
            if (depth >= 0x80 || depth >= controls_.size())
                return nullptr;
            Control& target = controls_[controls_.size() - 1 - depth];
            if (target.label_slots != 0)
                return nullptr;
            if (rule.way == Way::BrIf) {
                if (top == bottom || top[-1] != ValueType::i32)
                    return nullptr;
                --top;
            }
            put_down();
            add_branch(offset, target);
            if (rule.way == Way::Br)
                set_unreachable();
            take_up();
            return at;
        }
        case Way::End: {
            const Op op = controls_.back().op;
            if (top != bottom || controls_.size() == 1 || (op != Op::Block && op != Op::Loop)
                || controls_.back().block.kind != BlockType::Kind::Empty)
                return nullptr;
            put_down();
            resolve_pending(close_control(), offset + 1);
            take_up();
            return at;
        }
        case Way::Unreachable:
            put_down();
            set_unreachable();
            take_up();
            return at;
        }
        if (!at || !rule.fits(top[-2], top[-1]) || top - bottom < rule.param_count)
            return nullptr;
        top -= rule.param_count;
        *top = rule.result;
        top += rule.has_result;
        return at;
    };

    const uint8_t* at = begin;
    while (at < end && top < last) {
        const uint8_t* const next = step(at);
        if (!next)
            break;
        at = next;
        highest = std::max<const ValueType*>(highest, top);
    }
    put_down();
    in.set_position(at);
}

} // namespace vitrine::core
