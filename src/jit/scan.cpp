// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "jit/scan.h"

#include "jit/bytecode.h"

#include <algorithm>

namespace vitrine::core::jit {

Type type_of(ValueType type)
{
    switch (type.kind()) {
    case ValueKind::I32: return Type::I32;
    case ValueKind::I64: return Type::I64;
    case ValueKind::F32: return Type::F32;
    case ValueKind::F64: return Type::F64;
    case ValueKind::V128: return Type::V128;
    case ValueKind::Ref:
    case ValueKind::Bottom: return Type::Ref;
    }
    std::unreachable();
}

void Scan::run(std::span<const uint8_t> code, std::span<const Type> local_types)
{
    blocks.clear();
    blocks.emplace_back();
    events_.clear();
    weights_.assign(local_types.size(), 0);
    open_.assign(1, 0);
    instructions = 0;

    // A use inside n loops counts 8^n.
    constexpr uint32_t max_loops = 8;
    uint32_t loops = 0;
    const auto use = [&](Event::Kind kind, uint32_t local) {
        events_.emplace_back(kind, local);
        const uint32_t weight = 1u << (3 * std::min(loops, max_loops));
        weights_[local] = std::min(weights_[local] + weight, 1u << 30);
    };
    // Bit 31 of an open block: it is a loop.
    constexpr uint32_t is_loop = 1u << 31;
    for (const uint8_t* at = code.data(); at != code.data() + code.size(); ++instructions) {
        const Op op = bytecode::read_op(at);
        switch (op) {
        case Op::LocalGet: use(Event::Kind::Get, bytecode::read<uint32_t>(at)); break;
        case Op::LocalSet:
        case Op::LocalTee: use(Event::Kind::Set, bytecode::read<uint32_t>(at)); break;
        case Op::Block:
        case Op::Loop:
        case Op::If:
        case Op::Try:
        case Op::TryTable:
            bytecode::skip_immediates(op, at);
            open_.push_back(static_cast<uint32_t>(blocks.size()) | (op == Op::Loop ? is_loop : 0));
            blocks.emplace_back();
            events_.emplace_back(Event::Kind::Open);
            loops += op == Op::Loop;
            break;
        case Op::Else: blocks[open_.back() & ~is_loop].has_else = true; break;
        case Op::End:
        case Op::Delegate: {
            bytecode::skip_immediates(op, at);
            const uint32_t closed = open_.back();
            open_.pop_back();
            loops -= (closed & is_loop) != 0;
            if (!open_.empty() && blocks[closed & ~is_loop].has_call)
                blocks[open_.back() & ~is_loop].has_call = true;
            events_.emplace_back(Event::Kind::Close);
            break;
        }
        case Op::Call:
        case Op::CallIndirect:
        case Op::CallRef:
        // These call C++ functions.
        case Op::StructNew:
        case Op::StructNewDefault:
        case Op::ArrayNew:
        case Op::ArrayNewDefault:
        case Op::ArrayNewFixed:
        case Op::ArrayNewData:
        case Op::ArrayNewElem:
        case Op::ArrayCopy:
        case Op::ArrayFill:
            blocks[open_.back() & ~is_loop].has_call = true;
            bytecode::skip_immediates(op, at);
            break;
        default: bytecode::skip_immediates(op, at); break;
        }
    }
    choose_pins(local_types);
    find_masks();
}

/// The most heavily used locals get the pins.
void Scan::choose_pins(std::span<const Type> local_types)
{
    locals.fill(no_local);
    pin_of_.assign(local_types.size(), -1);
    order_.clear();
    for (uint32_t local = 0; local < local_types.size(); ++local)
        if (weights_[local] != 0)
            order_.push_back(local);
    const auto is_heavier = [&](uint32_t a, uint32_t b) {
        return weights_[a] != weights_[b] ? weights_[a] > weights_[b] : a < b;
    };
    uint32_t general = 0, vectors = pin_regs.size();
    const auto give_pin = [&](uint32_t local) {
        uint32_t& next = is_vector(local_types[local]) ? vectors : general;
        const uint32_t end = is_vector(local_types[local]) ? pin_count : pin_regs.size();
        if (next == end)
            return;
        locals[next] = local;
        pin_of_[local] = static_cast<int8_t>(next++);
    };
    std::ranges::sort(order_, is_heavier);
    for (const uint32_t local : order_)
        give_pin(local);
}

void Scan::find_masks()
{
    uint32_t next_block = 1;
    open_.assign(1, 0);
    for (const Event event : events_) {
        ScannedBlock& block = blocks[open_.back()];
        switch (event.kind()) {
        case Event::Kind::Get:
        case Event::Kind::Set:
            if (const int8_t pin = pin_of_[event.local()]; pin >= 0) {
                block.uses |= 1u << pin;
                if (event.kind() == Event::Kind::Set)
                    block.sets |= 1u << pin;
            }
            break;
        case Event::Kind::Open: open_.push_back(next_block++); break;
        case Event::Kind::Close:
            open_.pop_back();
            if (!open_.empty()) {
                blocks[open_.back()].uses |= block.uses;
                blocks[open_.back()].sets |= block.sets;
            }
            break;
        }
    }
}

} // namespace vitrine::core::jit
