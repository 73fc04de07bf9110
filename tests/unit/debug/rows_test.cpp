// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a debugger sees of every instruction: the stop at it, the step from it, its operands, its
// text.
#include "debug/session.h"

#include "base/text.h"
#include "support/guest.h"
#include "support/row_guests.h"
#include "wasm/instruction.h"
#include "wasm/printer.h"

#include <gmock/gmock.h>

#include <map>
#include <set>

namespace vitrine::core::debug {
namespace {

using test::Guest;
using test::RowGuest;

/// The module of all rows, loaded once for an engine with debugging and once for one without.
struct Loaded {
    explicit Loaded(bool guest_debug)
        : engine(std::make_shared<Engine>(
              EngineConfig { .guest_debug = guest_debug, .features = FeatureSet::all() })),
          module(test::module_of(*engine, test::row_module()))
    {}

    std::shared_ptr<Engine> engine;
    std::shared_ptr<const Module> module;
};

const Loaded& loaded(bool guest_debug)
{
    static const Loaded plain(false), debugged(true);
    return guest_debug ? debugged : plain;
}

std::vector<Value> arguments_of(const RowGuest& row)
{
    std::vector<Value> arguments { Value::i32(7) };
    if (row.is_wide)
        arguments.push_back({ ValueType::v128, uint64_t { 2 } << 32 | 1, uint64_t { 4 } << 32 | 3 });
    return arguments;
}

std::string text_of(const std::vector<Value>& values)
{
    std::string text;
    for (const Value& value : values)
        text += (text.empty() ? "" : " ") + value.to_text();
    return text;
}

std::string text_of(const Outcome& outcome)
{
    if (outcome)
        return text_of(*outcome);
    return std::visit([](const auto& failure) { return "failed: " + failure.to_text(); }, outcome.error());
}

Outcome outcome_of(Guest& guest, Instance& instance, const RowGuest& row)
{
    auto results = guest.call(instance, row.function, arguments_of(row));
    if (!results)
        return std::unexpected(std::move(results).error());
    return *results;
}

/// A guest in a store of its own, under a session.
struct Debugged : Guest {
    explicit Debugged(const RowGuest& guest)
        : Guest(loaded(true).engine),
          row(guest),
          module(loaded(true).module),
          instance(**core::instantiate(thread, linker, module)),
          function(Guest::function(instance, guest.function)),
          session(*Session::create(store, thread))
    {}

    Event start(bool stop_at_entry)
    {
        EXPECT_TRUE(session->start([this] { return outcome_of(*this, instance, row); }, stop_at_entry));
        return *session->wait();
    }
    Event resume(Resume::Kind kind)
    {
        EXPECT_TRUE(session->resume({ kind }));
        return *session->wait();
    }
    /// The text of a reference's type, with the name of the defined type.
    std::string text_of(ValueType type) const
    {
        if (!type.is_ref() || type.heap() != HeapKind::Defined)
            return type.to_text();
        const auto id = *std::ranges::find(module->type_ids, TypeId { type.index() });
        const auto index =
            static_cast<uint32_t>(std::ranges::find(module->type_ids, id) - module->type_ids.begin());
        return (type.is_nullable() ? "(ref null $" : "(ref $")
            + std::string(module->names().types.find(index)) + ")";
    }
    /// `i32 1, i64 2`
    std::string text_of_operands(const Frame& frame) const
    {
        std::string text;
        for (const Value& value : operands_of(frame))
            text += (text.empty() ? "" : ", ") + text_of(value.type) + " " + value.to_text();
        return text;
    }

    const RowGuest& row;
    std::shared_ptr<const Module> module;
    Instance& instance;
    Function& function;
    std::unique_ptr<Session> session;
};

std::vector<Instruction> instructions_of(const Module& module, FuncIndex function)
{
    const FuncMeta& meta = module.meta(function);
    ByteReader in(
        module.bytes().subspan(meta.code_offset, meta.end_offset - meta.code_offset), meta.code_offset);
    std::vector<Instruction> instructions;
    while (!in.at_end())
        instructions.push_back(*decode_instruction(in));
    return instructions;
}

/// The only occurrence of the row's instruction in its function.
const Instruction& instruction_of(const std::vector<Instruction>& instructions, Op op)
{
    EXPECT_EQ(std::ranges::count(instructions, op, &Instruction::op), 1);
    return *std::ranges::find(instructions, op, &Instruction::op);
}

/// `breakpoint 1`, `ended`, or for a step the next instruction.
std::string place_of(const Debugged& guest, const Event& event)
{
    const auto* reason = std::get_if<StopReason>(&event);
    if (!reason)
        return "ended";
    if (reason->kind != StopKind::Step)
        return reason->to_text();
    const Frame frame = guest.session->frames().front();
    ByteReader in(guest.module->bytes().subspan(frame.offset), frame.offset);
    return to_text(*decode_instruction(in), *guest.module, frame.function->index);
}

/// Checks what holds for each frame wherever the guest stops: the types from validation match its
/// slots.
void check_frames(const Debugged& guest)
{
    for (const Frame& frame : guest.session->frames()) {
        uint32_t slots = 0;
        for (const Value& value : operands_of(frame))
            slots += value.type.slots();
        EXPECT_EQ(slots, frame.operand_slots());
        EXPECT_EQ(locals_of(frame).size(), frame.function->meta->local_count);
    }
    const Frame frame = guest.session->frames().back();
    if (frame.function != &guest.function)
        return;
    const auto locals = locals_of(frame);
    for (size_t i = 0; i < arguments_of(guest.row).size(); ++i)
        EXPECT_EQ(locals[i].value, arguments_of(guest.row)[i]);
}

std::string prefix_of(const RowGuest& row)
{
    return row.is_wide ? "i32 7, v128 i32x4 0x00000001 0x00000002 0x00000003 0x00000004" : "i32 7";
}

std::string joined(const std::string& first, std::string_view separator, const std::string& second)
{
    return first.empty() || second.empty() ? first + second : first + std::string(separator) + second;
}

/// Runs `test` on each guest, and checks that every row had one.
void for_each_guest(const std::function<void(const RowGuest&)>& test)
{
    std::set<Op> tested;
    for (const RowGuest& row : test::row_guests()) {
        SCOPED_TRACE(row.function + (row.is_wide ? " (wide)" : ""));
        test(row);
        tested.insert(row.op);
    }
    EXPECT_EQ(tested.size(), op_table.size());
}

/// How the guest ends without a debugger.
const std::string& outcome_undebugged(const RowGuest& row)
{
    static std::map<std::string, std::string> outcomes;
    auto& outcome = outcomes[row.function];
    if (outcome.empty()) {
        Guest guest(loaded(false).engine);
        Instance& instance = **core::instantiate(guest.thread, guest.linker, loaded(false).module);
        outcome = text_of(outcome_of(guest, instance, row));
    }
    return outcome;
}

TEST(Rows, EveryInstructionComputesWhatItShould)
{
    for_each_guest([](const RowGuest& row) {
        const std::string outcome = outcome_undebugged(row);
        const std::string arguments = text_of(arguments_of(row));
        if (row.outcome.starts_with("failed")) {
            EXPECT_EQ(outcome, row.outcome);
        } else if (row.outcome.empty()) {
            EXPECT_TRUE(outcome.starts_with(arguments)) << outcome;
        } else {
            EXPECT_EQ(outcome, arguments + " " + row.outcome);
        }
    });
}

TEST(Rows, ABreakpointStopsAtEveryInstructionOnce)
{
    for_each_guest([](const RowGuest& row) {
        Debugged guest(row);
        const auto instructions = instructions_of(*guest.module, guest.function.index);
        const Instruction& instruction = instruction_of(instructions, row.op);
        ASSERT_TRUE(guest.session->add_breakpoint({ .module = guest.module, .offset = instruction.offset }));
        Event event = guest.start(false);
        ASSERT_EQ(place_of(guest, event), "breakpoint 1");
        const auto frames = guest.session->frames();
        ASSERT_EQ(frames.size(), 1u);
        EXPECT_EQ(frames[0].offset, instruction.offset);
        EXPECT_EQ(frames[0].function, &guest.function);
        EXPECT_EQ(guest.text_of_operands(frames[0]), joined(prefix_of(row), ", ", row.operands));
        check_frames(guest);
        event = guest.resume(Resume::Kind::Go);
        if (row.next.starts_with("trap")) {
            EXPECT_EQ(place_of(guest, event), row.next);
            event = guest.resume(Resume::Kind::Go);
        }
        ASSERT_TRUE(std::holds_alternative<Outcome>(event)) << place_of(guest, event);
        EXPECT_EQ(text_of(std::get<Outcome>(event)), outcome_undebugged(row));
        EXPECT_EQ(guest.session->breakpoints().front().hits, 1u);
    });
}

TEST(Rows, AStepExecutesEveryInstructionAlone)
{
    for_each_guest([](const RowGuest& row) {
        Debugged guest(row);
        const auto instructions = instructions_of(*guest.module, guest.function.index);
        const Instruction& instruction = instruction_of(instructions, row.op);
        ASSERT_TRUE(guest.session->add_breakpoint({ .module = guest.module, .offset = instruction.offset }));
        ASSERT_EQ(place_of(guest, guest.start(false)), "breakpoint 1");
        const Event event = guest.resume(Resume::Kind::Step);
        if (!row.next.empty()) {
            EXPECT_EQ(place_of(guest, event).substr(0, row.next.size()), row.next);
            return;
        }
        ASSERT_EQ(std::get<StopReason>(event).to_text(), "step");
        const auto frames = guest.session->frames();
        EXPECT_EQ(frames[0].offset, instruction.end);
        check_frames(guest);
        if (!info(row.op).signature.is_poly) {
            EXPECT_EQ(text_of(operands_of(frames[0])), outcome_undebugged(row));
        }
    });
}

TEST(Rows, StepsThroughTheWholeGuestEndAsItDoes)
{
    for_each_guest([](const RowGuest& row) {
        Debugged guest(row);
        std::vector<CodeOffset> places;
        Event event = guest.start(true);
        while (std::holds_alternative<StopReason>(event) && places.size() < 100) {
            check_frames(guest);
            places.push_back(guest.session->frames().front().offset);
            event = guest.resume(Resume::Kind::Step);
        }
        ASSERT_TRUE(std::holds_alternative<Outcome>(event));
        EXPECT_EQ(text_of(std::get<Outcome>(event)), outcome_undebugged(row));
        if (info(row.op).signature.is_poly)
            return;
        std::vector<CodeOffset> expected;
        for (const Instruction& instruction : instructions_of(*guest.module, guest.function.index))
            expected.push_back(instruction.offset);
        EXPECT_EQ(places, expected);
    });
}

TEST(Rows, TheOperandsAreThoseOfTheSignature)
{
    for_each_guest([](const RowGuest& row) {
        const Signature& signature = info(row.op).signature;
        if (signature.is_poly)
            return;
        Debugged guest(row);
        const auto instructions = instructions_of(*guest.module, guest.function.index);
        const Instruction& instruction = instruction_of(instructions, row.op);
        ASSERT_TRUE(guest.session->add_breakpoint({ .module = guest.module, .offset = instruction.offset }));
        ASSERT_EQ(place_of(guest, guest.start(false)), "breakpoint 1");
        const auto operands = operands_of(guest.session->frames()[0]);
        const size_t below = arguments_of(row).size();
        ASSERT_EQ(operands.size(), below + signature.param_count);
        const bool is_long = info(row.op).access_bytes != 0
            && guest.module->memories[instruction.memory.memory].type.limits.is_64;
        for (size_t i = 0; i < signature.param_count; ++i)
            EXPECT_EQ(
                operands[below + i].type.kind(), is_long && i == 0 ? ValueKind::I64 : signature.params[i]);
    });
}

TEST(Rows, TheDisassemblyNamesEveryInstruction)
{
    const std::string text = disassemble(*loaded(true).module);
    const Module& module = *loaded(true).module;
    std::map<std::string, std::string> lines;
    for (size_t at = 0, end; (end = text.find('\n', at)) != std::string::npos; at = end + 1) {
        const std::string line = text.substr(at, end - at);
        const size_t word = line.find_first_not_of(' ', 8);
        lines[line.substr(0, 8)] = line.substr(word);
    }
    for_each_guest([&](const RowGuest& row) {
        const auto function = std::ranges::find(module.exports, row.function, &Export::name);
        ASSERT_NE(function, module.exports.end());
        const auto instructions = instructions_of(module, FuncIndex { function->index });
        const Instruction& instruction = instruction_of(instructions, row.op);
        const std::string line = lines["0x" + hex_digits(instruction.offset, 6)];
        EXPECT_EQ(line.substr(0, line.find(' ')), info(row.op).text);
    });
}

} // namespace
} // namespace vitrine::core::debug
