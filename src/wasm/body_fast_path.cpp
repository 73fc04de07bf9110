// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Fast path for the most common instructions. It types them without decoding them first, and keeps
// the top of the operands in registers. It stops before the first instruction that is unusual or
// wrong; the general rules (body_rules.cpp) then type that one, or report what is wrong with it.
#include "wasm/body_validator.h"

#include "wasm/decoder.h"

#include <algorithm>
#include <array>
#include <bit>

namespace vitrine::core {

namespace {

enum class RuleKind : uint8_t {
    None, // not on the fast path
    // Typed by the table of instructions. They differ in what follows the opcode.
    Plain,
    Constant,
    Memory,
    // Typed by rules of their own.
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

/// The rule for a one-byte instruction that every version of WebAssembly has.
struct FastRule {
    RuleKind kind = RuleKind::None;
    uint8_t max_align = 0;
    uint8_t param_count = 0;
    bool has_result = false;
    ValueType result {};
    /// The types of the two topmost operands, and masks that select those that the instruction
    /// takes.
    std::array<ValueType, 2> params {};
    std::array<uint32_t, 2> masks {};

    bool fits(ValueType second, ValueType first) const
    {
        const auto differs = [&](ValueType operand, int i) {
            return (std::bit_cast<uint32_t>(operand) ^ std::bit_cast<uint32_t>(params[i])) & masks[i];
        };
        return (differs(second, 0) | differs(first, 1)) == 0;
    }
};

constexpr RuleKind rule_kind_of(const OpInfo& row)
{
    switch (row.immediate) {
    case Immediate::None: return RuleKind::Plain;
    case Immediate::I32:
    case Immediate::I64: return RuleKind::Constant;
    case Immediate::MemArg: return RuleKind::Memory;
    default: return RuleKind::None;
    }
}

constexpr auto fast_rules = [] {
    std::array<FastRule, 256> rules {};
    for (const OpInfo& row : op_table) {
        const Signature& signature = row.signature;
        const uint8_t count = signature.param_count;
        if (row.is_prefixed() || row.feature != Feature::Mvp || signature.is_poly || count > 2)
            continue;
        FastRule& rule = rules[row.code];
        rule = { rule_kind_of(row), static_cast<uint8_t>(std::countr_zero(row.access_bytes)), count,
            signature.has_result, signature.result, {}, {} };
        for (uint8_t i = 0; i < count; ++i) {
            rule.params[2 - count + i] = signature.params[i];
            rule.masks[2 - count + i] = UINT32_MAX;
        }
    }
    const auto set = [&](Op op, RuleKind kind) { rules[info(op).code].kind = kind; };
    set(Op::LocalGet, RuleKind::LocalGet);
    set(Op::LocalSet, RuleKind::LocalSet);
    set(Op::LocalTee, RuleKind::LocalTee);
    set(Op::GlobalGet, RuleKind::GlobalGet);
    set(Op::GlobalSet, RuleKind::GlobalSet);
    set(Op::Drop, RuleKind::Drop);
    set(Op::Select, RuleKind::Select);
    set(Op::Call, RuleKind::Call);
    set(Op::Block, RuleKind::Block);
    set(Op::Loop, RuleKind::Loop);
    set(Op::Br, RuleKind::Br);
    set(Op::BrIf, RuleKind::BrIf);
    set(Op::End, RuleKind::End);
    set(Op::Unreachable, RuleKind::Unreachable);
    return rules;
}();

constexpr uint8_t empty_block = 0x40;

/// The operands of the innermost block while the fast path runs.
struct Top {
    /// The cell above the last operand.
    ValueType* at;
    const ValueType* bottom;

    bool has(std::ptrdiff_t count) const { return at - bottom >= count; }
    bool is(ValueType type) const { return at != bottom && at[-1] == type; }
    /// Whether the instruction's operands are present and have the right types. Reads two cells
    /// even if the instruction takes fewer operands; there are always two cells below the bottom of
    /// the stack.
    bool fits(const FastRule& rule) const { return has(rule.param_count) && rule.fits(at[-2], at[-1]); }
    void push(ValueType type) { *at++ = type; }
    void pop(std::ptrdiff_t count = 1) { at -= count; }
};

/// Skips an LEB128 number of at most 4 bytes, which cannot be out of range. Returns null for a
/// longer one.
inline const uint8_t* skip_short_leb(const uint8_t* at)
{
    const uint32_t ends = ~load<uint32_t>(at) & 0x80808080;
    return ends == 0 ? nullptr : at + std::countr_zero(ends) / 8 + 1;
}

} // namespace

void BodyValidator::run_fast_path(ByteReader& in, CodeOffset stop)
{
    // The maximum number of bytes that one instruction reads, and how many instructions run before
    // space is checked again. Each of them pushes at most one slot.
    constexpr size_t max_bytes = 8, max_pushes = 256;
    if (in.remaining() < max_bytes || !features_.has(Feature::Mvp) || slots_ + max_pushes > max_operand_slots)
        return;
    const bool has_memory32 =
        !module_.memories.empty() && !module_.memories[MemoryIndex { 0 }].type.limits.is_64;
    operands_.make_room(max_pushes);
    Top top { operands_.top(), operands_.top() - available() };
    const ValueType* const last = top.at + max_pushes;
    // All operands below take one slot each, so slots are counted only when they are written back.
    const ValueType* counted = top.at;
    const ValueType* highest = top.at;
    const uint8_t* const begin = in.position();
    const auto begin_offset = static_cast<CodeOffset>(in.offset());
    const uint8_t* const end = begin + std::min<uint64_t>(stop - in.offset(), in.remaining() - max_bytes + 1);

    // Writes back the state that the rules of blocks use and change.
    const auto write_back = [&] {
        max_slots_ = std::max(max_slots_, slots_ + static_cast<uint32_t>(highest - counted));
        slots_ += static_cast<uint32_t>(top.at - counted);
        operands_.set_top(top.at);
    };
    const auto reload = [&] {
        top = { operands_.top(), operands_.top() - available() };
        counted = highest = top.at;
    };

    const auto step = [&](const uint8_t* at) -> const uint8_t* {
        const FastRule& rule = fast_rules[*at];
        const auto offset = static_cast<CodeOffset>(begin_offset + (at - begin));
        ++at;
        switch (rule.kind) {
        case RuleKind::None: return nullptr;
        case RuleKind::Constant: at = skip_short_leb(at); break;
        case RuleKind::Memory:
            if (!has_memory32 || *at > rule.max_align)
                return nullptr;
            at = skip_short_leb(at + 1);
            break;
        case RuleKind::Plain: break;
        case RuleKind::LocalGet:
        case RuleKind::LocalSet:
        case RuleKind::LocalTee: {
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
            if (rule.kind == RuleKind::LocalGet)
                top.push(type);
            else if (!top.is(type))
                return nullptr;
            else if (rule.kind == RuleKind::LocalSet)
                top.pop();
            return at;
        }
        case RuleKind::GlobalGet:
        case RuleKind::GlobalSet: {
            const uint8_t global = *at++;
            if (global >= 0x80 || global >= module_.globals.size())
                return nullptr;
            const GlobalType& type = module_.globals[GlobalIndex { global }].type;
            if (type.type == ValueType::v128)
                return nullptr;
            if (rule.kind == RuleKind::GlobalGet)
                top.push(type.type);
            else if (!type.is_mutable || !top.is(type.type))
                return nullptr;
            else
                top.pop();
            return at;
        }
        case RuleKind::Drop:
            if (is_wide_ || !top.has(1) || top.is(ValueType::v128))
                return nullptr;
            top.pop();
            return at;
        case RuleKind::Select:
            if (is_wide_ || !top.has(3) || !top.is(ValueType::i32) || top.at[-2] != top.at[-3]
                || !top.at[-2].is_numeric())
                return nullptr;
            top.pop(2);
            return at;
        case RuleKind::Call: {
            const uint8_t* const next = skip_short_leb(at);
            const FuncIndex index { next ? read_valid_leb<uint32_t>(at) : UINT32_MAX };
            if (!module_.functions.contains(index))
                return nullptr;
            const FuncType& callee = module_.func_type(index);
            const std::ptrdiff_t count = std::ssize(callee.params);
            if (!top.has(count) || callee.results.size() > 1)
                return nullptr;
            const ValueType* argument = top.at - count;
            for (const ValueType param : callee.params)
                if (*argument++ != param || param == ValueType::v128)
                    return nullptr;
            if (!callee.results.empty() && callee.results.front() == ValueType::v128)
                return nullptr;
            top.pop(count);
            if (!callee.results.empty())
                top.push(callee.results.front());
            return next;
        }
        case RuleKind::Block:
        case RuleKind::Loop:
            if (*at++ != empty_block || controls_.size() > limits::nesting)
                return nullptr;
            write_back();
            open_control(rule.kind == RuleKind::Block ? Op::Block : Op::Loop, {}, offset);
            reload();
            return at;
        case RuleKind::Br:
        case RuleKind::BrIf: {
            const uint8_t depth = *at++;
            if (depth >= 0x80 || depth >= controls_.size())
                return nullptr;
            Control& target = controls_[controls_.size() - 1 - depth];
            if (target.label_slots != 0)
                return nullptr;
            if (rule.kind == RuleKind::BrIf) {
                if (!top.is(ValueType::i32))
                    return nullptr;
                top.pop();
            }
            write_back();
            add_branch(offset, target);
            if (rule.kind == RuleKind::Br)
                set_unreachable();
            reload();
            return at;
        }
        case RuleKind::End: {
            const Op op = controls_.back().op;
            if (top.has(1) || controls_.size() == 1 || (op != Op::Block && op != Op::Loop)
                || controls_.back().block.kind != BlockType::Kind::Empty)
                return nullptr;
            write_back();
            resolve_pending(close_control(), offset + 1);
            reload();
            return at;
        }
        case RuleKind::Unreachable:
            write_back();
            set_unreachable();
            reload();
            return at;
        }
        if (!at || !top.fits(rule))
            return nullptr;
        top.pop(rule.param_count);
        *top.at = rule.result;
        top.at += rule.has_result;
        return at;
    };

    const uint8_t* at = begin;
    while (at < end && top.at < last) {
        const uint8_t* const next = step(at);
        if (!next)
            break;
        at = next;
        highest = std::max<const ValueType*>(highest, top.at);
    }
    write_back();
    in.set_position(at);
}

} // namespace vitrine::core
