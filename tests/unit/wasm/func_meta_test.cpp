// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/func_meta.h"

#include "support/module_builder.h"
#include "support/wat.h"
#include "wasm/instruction.h"
#include "wasm/validator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace vitrine::core::test {
namespace {

using testing::ElementsAre;

/// A valid module with the registry of its types. The tests are about its last function.
struct Loaded {
    TypeRegistry types;
    std::shared_ptr<const Module> module;

    explicit Loaded(ByteVector bytes)
    {
        auto result = load_module(std::move(bytes), types);
        if (!result)
            throw std::runtime_error(result.error().to_text());
        module = *result;
    }
    explicit Loaded(const char* wat) : Loaded(wasm_of(wat)) {}

    FuncIndex last() const { return { module->functions.size() - 1 }; }
    const FuncMeta& meta() const { return module->meta(last()); }
    std::optional<InstructionState> state_at(CodeOffset offset) const
    {
        return find_instruction_state(*module, last(), offset);
    }
};

std::string to_text(const Branch& branch)
{
    return std::to_string(branch.offset_delta()) + " entry " + std::to_string(branch.entry_delta())
        + " carry " + std::to_string(branch.carried) + " drop " + std::to_string(branch.dropped);
}

/// The side table of a function.
std::vector<std::string> branches_of(const Module& module, const FuncMeta& meta)
{
    std::vector<std::string> all;
    for (uint32_t i = 0; i < meta.branch_count; ++i)
        all.push_back(to_text(module.branches[meta.first_branch + i]));
    return all;
}

std::vector<std::string> branches_of(const Loaded& loaded)
{
    return branches_of(*loaded.module, loaded.meta());
}

// -- The table of known programs

TEST(SideTable, BranchesToBlocksLoopsAndTheFunction)
{
    EXPECT_THAT(branches_of(Loaded("(module (func))")), ElementsAre());
    // br 1 to after the block's end. br 0 would go to the next instruction.
    EXPECT_THAT(
        branches_of(Loaded("(module (func block br 0 end))")), ElementsAre("3 entry 1 carry 0 drop 0"));
    EXPECT_THAT(
        branches_of(Loaded("(module (func loop br 0 end))")), ElementsAre("-2 entry 0 carry 0 drop 0"));
    EXPECT_THAT(branches_of(Loaded("(module (func br 0 nop))")), ElementsAre("3 entry 1 carry 0 drop 0"));
    EXPECT_THAT(branches_of(Loaded("(module (func (param i32) local.get 0 br_if 0))")),
        ElementsAre("2 entry 1 carry 0 drop 0"));
    // Past a return, which needs no entry.
    EXPECT_THAT(branches_of(Loaded("(module (func (param i32) block local.get 0 br_if 0 return end))")),
        ElementsAre("4 entry 1 carry 0 drop 0"));
}

TEST(SideTable, CarriesAndDrops)
{
    EXPECT_THAT(
        branches_of(Loaded("(module (func (result i32)"
                           " f32.const 0 block (result i32) i64.const 1 i64.const 2 i32.const 3 br 0 end"
                           " br 0))")),
        ElementsAre("3 entry 1 carry 1 drop 2", "2 entry 1 carry 1 drop 1"));
    // A loop's label takes its parameters and drops everything above them.
    EXPECT_THAT(branches_of(Loaded("(module (func i32.const 1 i64.const 2"
                                   " loop (param i32 i64) i32.const 9 i32.const 1 i64.const 2 br 0 end))")),
        ElementsAre("-8 entry 0 carry 2 drop 3"));
    EXPECT_THAT(branches_of(Loaded("(module (func (result i32 i64)"
                                   " f32.const 1 i32.const 1 i64.const 2 i32.const 0 br_if 0 unreachable))")),
        ElementsAre("3 entry 1 carry 2 drop 1"));
}

TEST(SideTable, If)
{
    // False: to after the end.
    EXPECT_THAT(branches_of(Loaded("(module (func (param i32) local.get 0 if nop end))")),
        ElementsAre("4 entry 1 carry 0 drop 0"));
    // False: to after `else`, which has an entry of its own.
    EXPECT_THAT(branches_of(Loaded("(module (func (param i32) local.get 0 if nop else nop nop end))")),
        ElementsAre("4 entry 2 carry 0 drop 0", "4 entry 1 carry 0 drop 0"));
    // Control does not reach `else` from above: no entry.
    EXPECT_THAT(branches_of(Loaded("(module (func (param i32) local.get 0 if return else nop end))")),
        ElementsAre("4 entry 1 carry 0 drop 0"));
    // A branch out of both parts.
    EXPECT_THAT(branches_of(Loaded("(module (func (param i32) local.get 0 if br 0 else br 0 end))")),
        ElementsAre("5 entry 2 carry 0 drop 0", "6 entry 2 carry 0 drop 0", "3 entry 1 carry 0 drop 0"));
    // The other part's entries are in between.
    EXPECT_THAT(branches_of(Loaded("(module (func (param i32)"
                                   " local.get 0 if loop br 0 end else local.get 0 br_if 0 end))")),
        ElementsAre("8 entry 3 carry 0 drop 0", "-2 entry 0 carry 0 drop 0", "6 entry 2 carry 0 drop 0",
            "3 entry 1 carry 0 drop 0"));
}

TEST(SideTable, BrTable)
{
    EXPECT_THAT(
        branches_of(Loaded("(module (func (param i32) (result i32) block (result i32) loop"
                           " i32.const 5 i32.const 7 local.get 0 br_table 1 2 1 end unreachable end))")),
        ElementsAre("8 entry 3 carry 1 drop 1", "8 entry 2 carry 1 drop 1", "8 entry 1 carry 1 drop 1"));
    EXPECT_THAT(
        branches_of(Loaded("(module (func (param i32) loop i64.const 0 local.get 0 br_table 0 0 end))")),
        ElementsAre("-6 entry 0 carry 0 drop 1", "-6 entry -1 carry 0 drop 1"));
}

TEST(SideTable, UnreachableCodeOwnsNoEntries)
{
    EXPECT_THAT(branches_of(Loaded("(module (func unreachable br 0))")), ElementsAre());
    EXPECT_THAT(
        branches_of(Loaded("(module (func return block br 0 end loop br 0 end br 0))")), ElementsAre());
    EXPECT_THAT(
        branches_of(Loaded("(module (func unreachable if br 0 else br 1 end br_if 0))")), ElementsAre());
    EXPECT_THAT(branches_of(Loaded("(module (func unreachable i32.const 0 br_table 0 0 0))")), ElementsAre());
    // Code is reachable again after the end of a block that was entered.
    EXPECT_THAT(branches_of(Loaded("(module (func block unreachable block br 1 end end br 0))")),
        ElementsAre("2 entry 1 carry 0 drop 0"));
    EXPECT_THAT(
        branches_of(Loaded("(module (func (param i32) local.get 0 if unreachable br 1 else br 1 end))")),
        ElementsAre("6 entry 1 carry 0 drop 0", "3 entry 1 carry 0 drop 0"));
}

TEST(SideTable, BodiesLieBehindEachOther)
{
    const Loaded loaded("(module (func br 0) (func) (func (param i32) block local.get 0 br_if 1 br 0 end))");
    const std::vector<FuncMeta>& bodies = loaded.module->bodies;
    EXPECT_EQ(bodies[0].first_branch, 0u);
    EXPECT_EQ(bodies[0].branch_count, 1u);
    EXPECT_EQ(bodies[1].first_branch, 1u);
    EXPECT_EQ(bodies[1].branch_count, 0u);
    EXPECT_EQ(bodies[2].first_branch, 1u);
    EXPECT_EQ(bodies[2].branch_count, 2u);
    EXPECT_EQ(loaded.module->branches.size(), 3u);
    EXPECT_THAT(branches_of(loaded), ElementsAre("5 entry 2 carry 0 drop 0", "3 entry 1 carry 0 drop 0"));
}

// -- The table computed in another way: from a list of the body's instructions and their operand
// counts

/// One instruction of a body and its context.
struct Line {
    static constexpr size_t none = SIZE_MAX;

    Instruction instruction;
    bool is_reachable;
    /// The number of entries before it.
    uint32_t entry;
    /// The line that opens the innermost block: the line itself if it opens, divides or closes a
    /// block. Or none.
    size_t block;
    /// For a line that opens a block.
    size_t parent = none, else_line = none, end_line = none;

    Op op() const { return instruction.op; }
    bool opens_block() const { return op() == Op::Block || op() == Op::Loop || op() == Op::If; }
    bool never_goes_on() const
    {
        return op() == Op::Br || op() == Op::BrTable || op() == Op::Return || op() == Op::Unreachable;
    }
};

/// The labels that a branch may target.
std::vector<uint32_t> depths_of(const Instruction& instruction)
{
    if (instruction.op == Op::Br || instruction.op == Op::BrIf)
        return { instruction.index };
    std::vector<uint32_t> depths;
    if (instruction.op == Op::BrTable) {
        ByteReader in(instruction.vector);
        for (uint32_t left = *in.leb<uint32_t>() + 1; left > 0; --left)
            depths.push_back(*in.leb<uint32_t>());
    }
    return depths;
}

/// No instruction takes a v128, so slots are operands.
class Reference {
public:
    Reference(const Loaded& loaded, FuncIndex function) : module_(*loaded.module), function_(function)
    {
        read_lines();
    }

    std::vector<std::string> branches() const
    {
        std::vector<std::string> all;
        for (size_t number = 0; number < lines_.size(); ++number) {
            const Line& line = lines_[number];
            if (!line.is_reachable)
                continue;
            if (line.op() == Op::If)
                all.push_back(entry(line, 0, 0, 0, behind_if(number)));
            if (line.op() == Op::Else)
                all.push_back(entry(line, 0, 0, 0, behind_block(line.block)));
            uint32_t own = 0;
            for (const uint32_t depth : depths_of(line.instruction))
                all.push_back(branch(line, own++, depth));
        }
        return all;
    }

private:
    struct Target {
        CodeOffset offset;
        uint32_t entry;
    };

    void read_lines()
    {
        const FuncMeta& meta = module_.meta(function_);
        ByteReader in(module_.bytes().first(meta.end_offset).subspan(meta.code_offset), meta.code_offset);
        std::vector<std::pair<size_t, bool>> open { { Line::none, true } };
        bool is_reachable = true;
        for (uint32_t entry = 0; !in.at_end();) {
            Line line { *decode_instruction(in), is_reachable, entry, open.back().first };
            const bool divides = line.op() == Op::If || line.op() == Op::Else;
            if (is_reachable)
                entry += divides + static_cast<uint32_t>(depths_of(line.instruction).size());
            if (line.opens_block()) {
                line.parent = std::exchange(line.block, lines_.size());
                open.emplace_back(line.block, is_reachable);
            } else if (line.never_goes_on()) {
                is_reachable = false;
            } else if (line.op() == Op::Else) {
                lines_[line.block].else_line = lines_.size();
                is_reachable = open.back().second;
            } else if (line.op() == Op::End) {
                if (line.block != Line::none)
                    lines_[line.block].end_line = lines_.size();
                is_reachable = open.back().second;
                open.pop_back();
            }
            lines_.push_back(line);
        }
    }

    std::string entry(const Line& from, uint32_t own, size_t carried, size_t dropped, Target target) const
    {
        Branch branch { .carried = static_cast<uint32_t>(carried),
            .dropped = static_cast<uint32_t>(dropped) };
        branch.set_offset_delta(static_cast<int32_t>(target.offset - from.instruction.offset));
        branch.set_entry_delta(static_cast<int32_t>(target.entry - (from.entry + own)));
        return to_text(branch);
    }

    Target behind_block(size_t block) const
    {
        const Line& end = lines_[lines_[block].end_line];
        return { end.instruction.end, end.entry };
    }

    Target behind_if(size_t block) const
    {
        const size_t other = lines_[block].else_line;
        if (other == Line::none)
            return behind_block(block);
        return { lines_[other].instruction.end, lines_[other + 1].entry };
    }

    /// The operands below those that the instruction takes.
    size_t operands_below(const Line& line) const
    {
        const size_t operands =
            find_instruction_state(module_, function_, line.instruction.offset)->operands.size();
        return operands - (line.op() == Op::If || line.op() == Op::BrIf || line.op() == Op::BrTable);
    }

    /// The numbers of a block's parameters and results.
    std::pair<size_t, size_t> arity_of(const BlockType& block) const
    {
        if (block.kind != BlockType::Kind::Type)
            return { 0, block.kind == BlockType::Kind::Value };
        const FuncType& type = *module_.types[block.type].func();
        return { type.params.size(), type.results.size() };
    }

    std::string branch(const Line& from, uint32_t own, uint32_t depth) const
    {
        size_t block = from.block;
        for (; depth > 0; --depth)
            block = lines_[block].parent;
        const size_t operands = operands_below(from);
        if (block == Line::none) {
            const size_t carried = module_.func_type(function_).results.size();
            const Line& end = lines_.back();
            return entry(from, own, carried, operands - carried, { end.instruction.offset, end.entry });
        }
        const Line& opener = lines_[block];
        const auto [params, results] = arity_of(opener.instruction.block);
        const size_t height = operands_below(opener) - params;
        if (opener.op() == Op::Loop)
            return entry(
                from, own, params, operands - height - params, { opener.instruction.offset, opener.entry });
        return entry(from, own, results, operands - height - results, behind_block(block));
    }

    const Module& module_;
    FuncIndex function_;
    std::vector<Line> lines_;
};

TEST(SideTable, AgreesWithAReferenceThatKnowsTheWholeBody)
{
    const Loaded loaded(R"((module
        (type $pair (func (param i32 i64) (result i64 i32)))
        (memory 1)
        (func (param i32) (result i32)
            (local i64)
            block $a (result i32)
                block $b
                    loop $c
                        local.get 0  i32.const 3  i32.and
                        br_table $b $c $b $c
                    end
                    unreachable
                end
                i32.const 1  local.get 0
                if (result i32)
                    f32.const 2  i32.const 4  br $a
                else
                    f64.const 2
                    i32.const 5  local.get 0  br_if $a  local.get 0  br_if 2
                    drop  drop  i32.const 1
                end
                i32.add
            end
            local.get 0
            if (param i32) (result i32)
                drop  i32.const 1  return
            end
            loop (param i32) (result i32)
                local.tee 0  local.get 0  br_if 0
                local.get 0  i32.eqz
                if
                    block  local.get 0  br 2  i32.const 7  br_if 0  end
                    loop  br 1  br 0  end
                end
            end)
        (func (param i32) (result i64 i32)
            local.get 0  i64.const 1
            loop (type $pair)
                i32.const 8  i64.const 9  local.get 0  br_if 0
                local.get 0
                if (type $pair)
                    block (type $pair)
                        i32.wrap_i64  local.set 0  i64.extend_i32_u  local.get 0
                        local.get 0  br_table 0 1 3 0
                    end
                else
                    i64.const 4  i32.const 6  br 2
                end
                br 1
            end)
    ))");
    for (uint32_t number = 0; number < loaded.module->functions.size(); ++number) {
        const FuncMeta& meta = loaded.module->meta({ number });
        EXPECT_EQ(branches_of(*loaded.module, meta), Reference(loaded, { number }).branches());
        EXPECT_GT(meta.branch_count, 8u);
    }
}

// -- Frames and loops

TEST(FuncMeta, Frame)
{
    const auto slots_of = [](const char* wat) {
        const Loaded loaded(wat);
        const FuncMeta& meta = loaded.meta();
        return std::vector { meta.param_slots, meta.result_slots, meta.local_slots, meta.frame_slots,
            meta.local_count };
    };
    EXPECT_THAT(slots_of("(module (func))"), ElementsAre(0, 0, 1, 1, 0));
    EXPECT_THAT(slots_of("(module (func i32.const 1 drop))"), ElementsAre(0, 0, 1, 2, 0));
    EXPECT_THAT(slots_of("(module (func (param i32 i64) (result f32) (local f64 i32 i32) f32.const 1))"),
        ElementsAre(2, 1, 5, 6, 5));
    EXPECT_THAT(
        slots_of("(module (func i32.const 1 i32.const 2 i32.const 3 drop drop drop i32.const 4 drop))"),
        ElementsAre(0, 0, 1, 4, 0));
    // The results of a call count, even where its operands come from unreachable code.
    EXPECT_THAT(slots_of("(module (func (result i32 i32 i32) unreachable) (func call 0 drop drop drop))"),
        ElementsAre(0, 0, 1, 4, 0));
}

TEST(FuncMeta, Offsets)
{
    const Loaded loaded("(module (func (local i32 i64) nop))");
    const FuncMeta& meta = loaded.meta();
    EXPECT_EQ(meta.body_offset, 0x16u);
    EXPECT_EQ(meta.code_offset, 0x1bu);
    EXPECT_EQ(meta.end_offset, 0x1du);
    EXPECT_EQ(local_types(*loaded.module, loaded.last()), (std::vector { ValueType::i32, ValueType::i64 }));
}

TEST(FuncMeta, LocalTypesAreParametersThenLocals)
{
    const Loaded loaded("(module (func (param f32 funcref) (local i64 i64 i64 externref f64)))");
    EXPECT_EQ(to_text(local_types(*loaded.module, loaded.last())), "[f32 funcref i64 i64 i64 externref f64]");
}

TEST(FuncMeta, Loops)
{
    const Loaded loaded(
        "(module (func loop end) (func (param i32)"
        " i32.const 1 block local.get 0 br_if 0 i64.const 2 loop (param i64) drop loop end end end drop"
        " unreachable loop end))");
    const FuncMeta& meta = loaded.meta();
    EXPECT_EQ(meta.first_loop, 1u);
    ASSERT_EQ(meta.loop_count, 2u);
    const LoopHeader& outer = loaded.module->loops[1];
    const LoopHeader& inner = loaded.module->loops[2];
    EXPECT_EQ(outer.offset, meta.code_offset + 10);
    EXPECT_EQ(outer.entry, 1u);
    EXPECT_EQ(outer.height, 1u);
    EXPECT_EQ(inner.offset, meta.code_offset + 13);
    EXPECT_EQ(inner.entry, 1u);
    EXPECT_EQ(inner.height, 1u);
    EXPECT_EQ(loaded.module->bytes()[outer.offset], 0x03);
    EXPECT_EQ(loaded.module->bytes()[inner.offset], 0x03);
}

// -- The state before an instruction

/// `i32.add [i32 i32] 0`: each instruction with its operands and the number of entries before the
/// cursor.
std::vector<std::string> states_of(const Loaded& loaded)
{
    std::vector<std::string> all;
    const FuncMeta& meta = loaded.meta();
    for (CodeOffset at = meta.code_offset; at < meta.end_offset;
        at = next_instruction(loaded.module->bytes(), at)) {
        const auto state = loaded.state_at(at);
        ByteReader in(loaded.module->bytes().subspan(at), at);
        const std::string text(info(decode_instruction(in)->op).text);
        if (!state || state->offset != at)
            all.push_back(text + " has no state");
        else
            all.push_back(text + " " + core::to_text(state->operands) + " "
                + std::to_string(state->entry - meta.first_branch));
    }
    return all;
}

TEST(InstructionState, AtEveryInstruction)
{
    const Loaded loaded(R"((module
        (func br 0)
        (func (param i32) (result i64)
            i64.const 1
            local.get 0
            if (param i64) (result i64)
                f32.const 2  i64.const 5
                local.get 0  br_if 0
                drop  drop
            else
                drop  i64.const 3
            end
            block
                br 0
                i32.clz  drop
            end)))");
    EXPECT_EQ(loaded.meta().first_branch, 1u);
    EXPECT_THAT(states_of(loaded),
        ElementsAre("i64.const [] 0", "local.get [i64] 0", "if [i64 i32] 0", "f32.const [i64] 1",
            "i64.const [i64 f32] 1", "local.get [i64 f32 i64] 1", "br_if [i64 f32 i64 i32] 1",
            "drop [i64 f32 i64] 2", "drop [i64 f32] 2", "else [i64] 2", "drop [i64] 3", "i64.const [] 3",
            "end [i64] 3", "block [i64] 3", "br [i64] 3",
            // In unreachable code: the operands that are known.
            "i32.clz [i64] 4", "drop [i64 i32] 4", "end [i64] 4", "end [i64] 4"));
}

TEST(InstructionState, IsTheSameAsInTheTable)
{
    const Loaded loaded(
        "(module (func (param i32) loop local.get 0 br_if 0 block local.get 0 br_if 0 end end))");
    ASSERT_EQ(loaded.module->loops.size(), 1u);
    EXPECT_EQ(loaded.state_at(loaded.module->loops[0].offset)->entry, loaded.module->loops[0].entry);
    // The second br_if branches to after the inner `end`.
    const Branch& branch = loaded.module->branches[1];
    const CodeOffset br_if = loaded.meta().code_offset + 10;
    EXPECT_EQ(loaded.module->bytes()[br_if], 0x0d);
    EXPECT_EQ(loaded.state_at(br_if)->entry, 1u);
    EXPECT_EQ(loaded.state_at(br_if + branch.offset_delta())->entry, 1u + branch.entry_delta());
}

TEST(InstructionState, OnlyWhereAnInstructionStarts)
{
    const Loaded loaded("(module (import \"a\" \"b\" (func)) (func (local i32) i32.const 1000 drop))");
    const FuncMeta& meta = loaded.meta();
    EXPECT_TRUE(loaded.state_at(meta.code_offset));
    EXPECT_FALSE(loaded.state_at(meta.code_offset + 1));
    EXPECT_TRUE(loaded.state_at(meta.end_offset - 1)); // the final `end`
    EXPECT_FALSE(loaded.state_at(meta.end_offset));
    EXPECT_FALSE(loaded.state_at(meta.body_offset));
    EXPECT_FALSE(loaded.state_at(0));
    const auto state_in = [&](uint32_t function) {
        return find_instruction_state(*loaded.module, { function }, meta.code_offset);
    };
    EXPECT_FALSE(state_in(0)); // imported
    EXPECT_TRUE(state_in(1));
    EXPECT_FALSE(state_in(2));
}

TEST(InstructionBoundary, IsAtOrBehindTheOffset)
{
    const Loaded loaded("(module (import \"a\" \"b\" (func)) (func (local i32) i32.const 1000 drop))");
    const FuncMeta& meta = loaded.meta();
    const auto boundary = [&](CodeOffset offset, uint32_t function = 1) {
        return find_instruction_boundary(*loaded.module, { function }, offset);
    };
    const CodeOffset code = meta.code_offset;
    EXPECT_EQ(boundary(meta.body_offset), code);
    EXPECT_EQ(boundary(code), code);
    EXPECT_EQ(boundary(code + 1), code + 3);
    EXPECT_EQ(boundary(code + 2), code + 3);
    EXPECT_EQ(boundary(code + 3), code + 3);
    EXPECT_EQ(boundary(code + 4), code + 4); // the final `end`
    EXPECT_EQ(boundary(code + 5), std::nullopt);
    EXPECT_EQ(boundary(meta.body_offset - 1), std::nullopt);
    EXPECT_EQ(boundary(code, 0), std::nullopt);
    EXPECT_EQ(boundary(code, 2), std::nullopt);
}

} // namespace
} // namespace vitrine::core::test
