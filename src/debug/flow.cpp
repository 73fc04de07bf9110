// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "debug/flow.h"

#include "wasm/instruction.h"

#include <algorithm>

namespace vitrine::core::debug {

/// Reads the instructions in order. A branch forward gets its target when the block ends.
class Flow::Builder {
public:
    explicit Builder(Flow& flow) : flow_(flow) {}

    void read(const Module& module, FuncIndex function)
    {
        const FuncMeta& meta = module.meta(function);
        ByteReader in(
            module.bytes().subspan(meta.code_offset, meta.end_offset - meta.code_offset), meta.code_offset);
        blocks_.push_back({});
        Instruction instruction;
        for (CodeOffset at = meta.code_offset; at < meta.end_offset; at = instruction.end) {
            const auto decoded = decode_instruction(in, instruction);
            ASSERT(decoded);
            flow_.instructions_.push_back({ at, static_cast<uint32_t>(flow_.targets_.size()) });
            add(instruction);
        }
    }

private:
    struct Block {
        /// The `loop`, to which branches go.
        std::optional<uint32_t> loop {};
        /// The elements of `targets_` that become the instruction behind the block.
        std::vector<uint32_t> to_end {};
        /// That of an `if` without an `else` so far.
        std::optional<uint32_t> to_else {};
    };

    uint32_t here() const { return flow_.size() - 1; }
    Step& last() { return flow_.instructions_.back(); }

    uint32_t add_target(uint32_t instruction = UINT32_MAX)
    {
        flow_.targets_.push_back(instruction);
        return static_cast<uint32_t>(flow_.targets_.size() - 1);
    }

    void branch(uint32_t depth)
    {
        Block& block = blocks_[blocks_.size() - 1 - depth];
        if (block.loop)
            add_target(*block.loop);
        else
            block.to_end.push_back(add_target());
    }

    /// The part before ends: it goes on behind the block.
    void end_part()
    {
        blocks_.back().to_end.push_back(add_target());
        last().falls_through = false;
    }

    void end_block()
    {
        Block& block = blocks_.back();
        // A branch out of the function goes to its last `end`, which has nothing behind it.
        const uint32_t next = blocks_.size() == 1 ? here() : here() + 1;
        for (const uint32_t target : block.to_end)
            flow_.targets_[target] = next;
        if (block.to_else)
            flow_.targets_[*block.to_else] = next;
        blocks_.pop_back();
    }

    void add_table(const Instruction& instruction)
    {
        ByteReader in(instruction.vector);
        const uint32_t count = in.leb<uint32_t>().value_or(0);
        for (uint32_t i = 0; i <= count; ++i)
            branch(in.leb<uint32_t>().value_or(0));
    }

    void add(const Instruction& instruction)
    {
        switch (instruction.op) {
        case Op::Block:
        case Op::Try:
        case Op::TryTable: blocks_.push_back({}); return;
        case Op::Loop: blocks_.push_back({ .loop = here() }); return;
        case Op::If: blocks_.push_back({ .to_else = add_target() }); return;
        case Op::Else:
            flow_.targets_[*std::exchange(blocks_.back().to_else, std::nullopt)] = here() + 1;
            end_part();
            return;
        case Op::Catch:
        case Op::CatchAll: end_part(); return;
        case Op::End:
        case Op::Delegate: end_block(); return;
        case Op::Br:
            branch(instruction.index);
            last().falls_through = false;
            return;
        case Op::BrTable:
            add_table(instruction);
            last().falls_through = false;
            return;
        case Op::BrIf:
        case Op::BrOnNull:
        case Op::BrOnNonNull:
        case Op::BrOnCast:
        case Op::BrOnCastFail: branch(instruction.index); return;
        case Op::Return:
        case Op::Unreachable:
        case Op::Throw:
        case Op::ThrowRef:
        case Op::Rethrow: last().falls_through = false; return;
        default:
            last().is_call = info(instruction.op).shape == Shape::Call;
            last().falls_through = !core::is_tail_call(instruction.op);
            return;
        }
    }

    Flow& flow_;
    std::vector<Block> blocks_;
};

Flow::Flow(const Module& module, FuncIndex function) { Builder(*this).read(module, function); }

std::optional<uint32_t> Flow::find(CodeOffset offset) const
{
    const auto found = std::ranges::lower_bound(instructions_, offset, {}, &Step::offset);
    return found == instructions_.end() ? std::nullopt
                                        : std::optional(static_cast<uint32_t>(found - instructions_.begin()));
}

} // namespace vitrine::core::debug
