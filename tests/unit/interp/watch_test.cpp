// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The interpreter's stops because an instruction accessed watched state.
#include "exec/code.h"
#include "exec/instrument.h"
#include "support/guest.h"
#include "support/random_guest.h"
#include "support/row_guests.h"
#include "wasm/instruction.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <random>
#include <set>
#include <thread>

namespace vitrine::core::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAreArray;

/// State of some kind, as host addresses.
struct State {
    StateKind kind;
    uintptr_t begin;
    uintptr_t bytes;
};

template<class T> State state_of(StateKind kind, const T* begin, uintptr_t bytes)
{
    return { kind, std::bit_cast<uintptr_t>(begin), bytes };
}
State bytes_of(const Memory& memory, uint64_t at, uint64_t count)
{
    return state_of(StateKind::Memory, memory.base() + at, count);
}
State element_of(const Table& table, uint64_t index)
{
    return state_of(StateKind::Table, table.elements().data() + index, sizeof(Ref));
}
State slots_of(const Global& global)
{
    return state_of(StateKind::Global, global.slots(), global.type.type.slots() * sizeof(Slot));
}

WatchedRange watched(const State& state, bool reads, bool writes)
{
    return { state.begin, state.begin + state.bytes, reads, writes, state.kind };
}

/// What the test's probe does, and what it has seen.
struct Eye final : Probe {
    struct Fired {
        Cause cause;
        CodeOffset offset;
        std::vector<TouchedRange> touched;
    };

    Wish fire(Thread& thread, Cause cause) override
    {
        const Frame frame = frames_of(thread, 1).front();
        fired.push_back({ cause, frame.offset, { thread.touched.begin(), thread.touched.end() } });
        if (on_fire)
            on_fire(thread, fired.back());
        return Wish::Continue;
    }

    /// All causes since the last call of this function.
    std::vector<Cause> take_causes()
    {
        std::vector<Cause> causes;
        for (const Fired& one : fired)
            causes.push_back(one.cause);
        fired.clear();
        return causes;
    }

    std::function<void(Thread&, const Fired&)> on_fire;
    std::vector<Fired> fired;
};

// -- Every instruction

struct Access {
    State state;
    bool is_write;

    TouchedRange range() const { return { state.begin, state.begin + state.bytes, is_write }; }
};

/// The bytes that a load, store or atomic in a row's guest accesses. By the guest's text, they are
/// at address 16 + 16.
std::vector<Access> accesses_to_memory(const RowGuest& guest, const Instance& instance)
{
    const OpInfo& row = info(guest.op);
    const bool is_long = guest.operands.starts_with("i64 16");
    const Memory& memory = *instance.memories[is_long ? 2 : row.shape == Shape::Atomic ? 1 : 0];
    const State state = bytes_of(memory, 32, row.access_bytes);
    const bool is_rmw = row.text.contains("rmw");
    std::vector<Access> accesses;
    if (is_rmw || row.text.contains("load") || row.text.contains("wait"))
        accesses.push_back({ state, false });
    if (is_rmw || row.text.contains("store"))
        accesses.push_back({ state, true });
    return accesses;
}

State part_of_object(const Slot* slot, uint64_t at, uint64_t bytes)
{
    return state_of(StateKind::Object, Ref { *slot }.object()->bytes() + at, bytes);
}

/// The accesses of a guest's instruction, derived from its text. The thread is just before the
/// instruction.
std::vector<Access> accesses_of(const RowGuest& guest, const Thread& thread)
{
    const GuestState& state = thread.state;
    const Instance& instance = *state.function->instance;
    if (info(guest.op).access_bytes != 0)
        return accesses_to_memory(guest, instance);
    const bool is_vector = guest.operands.contains("v128") || guest.operands.contains("$vectors")
        || guest.operands.contains("$wide_struct") || guest.outcome.contains("i32x4");
    const Slot* const sp = state.sp;
    const auto local = state_of(StateKind::Local,
        state.fp
            + (is_vector            ? 4
                    : guest.is_wide ? 3
                                    : 1),
        is_vector ? 16 : 8);
    const auto element = [&](uint32_t table, uint64_t index) {
        return element_of(*instance.tables[table], index);
    };
    const Global& global = *instance.globals[is_vector ? 2 : 0];
    const uint64_t width = is_vector ? 16 : 8;
    switch (guest.op) {
    case Op::LocalGet: return { { local, false } };
    case Op::LocalSet:
    case Op::LocalTee: return { { local, true } };
    case Op::GlobalGet: return { { slots_of(global), false } };
    case Op::GlobalSet: return { { slots_of(global), true } };
    case Op::CallIndirect: return { { element(0, 0), false } };
    case Op::ReturnCallIndirect: return { { element(0, guest.is_wide ? 2 : 1), false } };
    case Op::TableGet: return { { element(0, 3), false } };
    case Op::TableSet: return { { element(0, 0), true } };
    case Op::TableInit:
    case Op::TableFill: return { { element(1, 3), true } };
    case Op::TableCopy: return { { element(1, 3), true }, { element(0, 0), false } };
    case Op::MemoryInit:
    case Op::MemoryFill: return { { bytes_of(*instance.memories[0], 64, 2), true } };
    case Op::MemoryCopy:
        return { { bytes_of(*instance.memories[0], 64, 2), true },
            { bytes_of(*instance.memories[1], 1, 2), false } };
    case Op::StructGet: return { { part_of_object(sp - 1, is_vector ? 8 : 0, width), false } };
    case Op::StructGetS:
    case Op::StructGetU: return { { part_of_object(sp - 1, 8, 8), false } };
    case Op::StructSet: return { { part_of_object(sp - (is_vector ? 3 : 2), 8, width), true } };
    case Op::ArrayGet: return { { part_of_object(sp - 2, is_vector ? 0 : 8, width), false } };
    case Op::ArrayGetS:
    case Op::ArrayGetU: return { { part_of_object(sp - 2, 1, 1), false } };
    case Op::ArraySet:
        return { { part_of_object(sp - (is_vector ? 4 : 3), is_vector ? 0 : 8, width), true } };
    case Op::ArrayFill: return { { part_of_object(sp - (is_vector ? 5 : 4), 0, 16), true } };
    case Op::ArrayCopy:
        return { { part_of_object(sp - 5, 1, 1), true }, { part_of_object(sp - 3, 2, 1), false } };
    case Op::ArrayInitData: return { { part_of_object(sp - 4, 0, 2), true } };
    case Op::ArrayInitElem: return { { part_of_object(sp - 4, 8, 8), true } };
    default: return {};
    }
}

const std::shared_ptr<Engine>& row_engine()
{
    static const auto engine = std::make_shared<Engine>(EngineConfig { .features = FeatureSet::all() });
    return engine;
}

/// The guest of a row in a store of its own, with its instruction marked.
struct RowUnderEye : Guest {
    explicit RowUnderEye(const RowGuest& guest) : Guest(row_engine()), row(guest)
    {
        static const auto module = module_of(*row_engine(), row_module());
        instance = *core::instantiate(thread, linker, module);
        auto& called = function(*instance, row.function);
        ByteReader in(module->bytes().subspan(called.meta->code_offset), called.meta->code_offset);
        do
            instruction = *decode_instruction(in);
        while (instruction.op != row.op);
        mark(called, instruction.offset);
        thread.probes.set(ProbeRole::Session, &eye);
    }

    /// At the mark, watches the ranges that `ranges` returns for the accesses there, up to the next
    /// cause. Then runs to the end. The eye records what fires after the mark.
    void run(const std::function<std::vector<WatchedRange>(const std::vector<Access>&)>& ranges, bool steps)
    {
        eye.on_fire = [&](Thread& at, const Eye::Fired& fired) {
            if (fired.cause == Cause::Mark && !watches) {
                accesses = accesses_of(row, at);
                watches.emplace(ranges(accesses));
                set_watches(at, &*watches);
                set_stepping(at, steps);
                eye.fired.clear();
            } else {
                set_watches(at, nullptr);
                set_stepping(at, false);
            }
        };
        std::vector<Value> arguments { Value::i32(7) };
        if (row.is_wide)
            arguments.push_back({ ValueType::v128, 1, 2 });
        (void)call(*instance, row.function, arguments);
        set_watches(thread, nullptr);
        ASSERT_TRUE(watches);
    }

    const RowGuest& row;
    Instance* instance;
    Instruction instruction;
    Eye eye;
    std::optional<Watches> watches;
    std::vector<Access> accesses;
};

std::vector<TouchedRange> ranges_of(const std::vector<Access>& accesses)
{
    std::vector<TouchedRange> ranges;
    for (const Access& access : accesses)
        ranges.push_back(access.range());
    return ranges;
}

bool tells_growth(Op op) { return op == Op::MemoryGrow || op == Op::TableGrow; }

TEST(Watch, WithEverythingWatchedEachInstructionTouchesWhatItAccesses)
{
    std::set<Op> accessing;
    for (const RowGuest& row : row_guests()) {
        SCOPED_TRACE(row.function + (row.is_wide ? " (wide)" : ""));
        RowUnderEye guest(row);
        guest.run(
            [&](const std::vector<Access>& accesses) {
                std::vector<WatchedRange> ranges;
                for (const Memory* memory : guest.instance->memories)
                    ranges.push_back(watched(bytes_of(*memory, 0, memory->size()), true, true));
                for (const Global* global : guest.instance->globals)
                    ranges.push_back(watched(slots_of(*global), true, true));
                for (const Table* table : guest.instance->tables)
                    for (uint32_t i = 0; i < table->size(); ++i)
                        ranges.push_back(watched(element_of(*table, i), true, true));
                const GuestState& state = guest.thread.state;
                ranges.push_back(watched(
                    state_of(StateKind::Local, state.fp, state.function->meta->local_slots * sizeof(Slot)),
                    true, true));
                for (const Access& access : accesses)
                    if (access.state.kind == StateKind::Object)
                        ranges.push_back(watched(access.state, true, true));
                return ranges;
            },
            true);
        if (!guest.accesses.empty() || tells_growth(row.op)) {
            ASSERT_FALSE(guest.eye.fired.empty());
            EXPECT_EQ(guest.eye.fired[0].cause, Cause::Watch);
            EXPECT_THAT(guest.eye.fired[0].touched, UnorderedElementsAreArray(ranges_of(guest.accesses)));
            if (row.next.empty()) {
                EXPECT_EQ(guest.eye.fired[0].offset, guest.instruction.end);
            }
            EXPECT_EQ(guest.eye.fired.size(), 1u);
        } else {
            for (const Eye::Fired& fired : guest.eye.fired)
                EXPECT_NE(fired.cause, Cause::Watch);
        }
        if (!guest.accesses.empty())
            accessing.insert(row.op);
    }
    const auto in_memory = std::ranges::count_if(op_table,
        [](const OpInfo& row) { return row.access_bytes != 0 && row.text != "memory.atomic.notify"; });
    const auto by_name = std::ranges::count_if(op_table, [](const OpInfo& row) {
        const bool is_state = row.text.starts_with("memory.") || row.text.starts_with("table.")
            || row.text.starts_with("local.") || row.text.starts_with("global.")
            || row.text.starts_with("struct.") || row.text.starts_with("array.");
        return (is_state && row.access_bytes == 0 && !row.text.contains("new") && !row.text.ends_with(".size")
                   && !row.text.ends_with(".grow") && row.text != "array.len")
            || row.text.ends_with("call_indirect");
    });
    EXPECT_EQ(accessing.size(), static_cast<size_t>(in_memory + by_name));
}

/// Runs the row with one range watched, and checks how often it stopped for that range and with
/// which touched range.
void expect_touched(const RowGuest& row, const std::function<WatchedRange(const std::vector<Access>&)>& range,
    const std::function<std::vector<TouchedRange>(const std::vector<Access>&)>& expected)
{
    RowUnderEye guest(row);
    guest.run([&](const auto& accesses) { return std::vector { range(accesses) }; }, true);
    ASSERT_FALSE(guest.eye.fired.empty() && row.next.empty());
    const bool is_hit = !guest.eye.fired.empty() && guest.eye.fired[0].cause == Cause::Watch;
    EXPECT_EQ(is_hit ? guest.eye.fired[0].touched : std::vector<TouchedRange> {}, expected(guest.accesses));
}

TEST(Watch, OnlyTheWatchedBytesAndDirectionsCount)
{
    for (const RowGuest& row : row_guests()) {
        SCOPED_TRACE(row.function + (row.is_wide ? " (wide)" : ""));
        RowUnderEye first(row);
        first.run([](const auto&) { return std::vector<WatchedRange> {}; }, false);
        for (size_t i = 0; i < first.accesses.size(); ++i) {
            const auto cut = [i](uintptr_t from, uintptr_t bytes, bool reads, bool writes) {
                return [=](const std::vector<Access>& accesses) {
                    const State& all = accesses[i].state;
                    return watched({ all.kind, all.begin + from, bytes }, reads, writes);
                };
            };
            const auto it = [i](const auto& accesses) { return std::vector { accesses[i].range() }; };
            const auto nothing = [](const auto&) { return std::vector<TouchedRange> {}; };
            const bool is_write = first.accesses[i].is_write;
            const uintptr_t bytes = first.accesses[i].state.bytes;
            expect_touched(row, cut(0, bytes, !is_write, is_write), it);
            expect_touched(row, cut(0, 1, !is_write, is_write), it);
            expect_touched(row, cut(bytes - 1, 1, !is_write, is_write), it);
            // Next to it there is nothing, unless the instruction also accesses what is there.
            const auto other_at = [i](uintptr_t offset) {
                return [=](const std::vector<Access>& accesses) {
                    const State& state = accesses[i].state;
                    std::vector<TouchedRange> touched;
                    for (const Access& other : accesses)
                        if (other.state.kind == state.kind
                            && state.begin + offset - other.state.begin < other.state.bytes)
                            touched.push_back(other.range());
                    return touched;
                };
            };
            expect_touched(row, cut(bytes, 1, true, true), other_at(bytes));
            expect_touched(row, cut(uintptr_t { 0 } - 1, 1, true, true), other_at(uintptr_t { 0 } - 1));
            if (!row.function.contains("rmw"))
                expect_touched(row, cut(0, bytes, is_write, !is_write), nothing);
        }
    }
}

TEST(Watch, ResultsAreThoseOfAnUnwatchedRun)
{
    for (const RowGuest& row : row_guests()) {
        SCOPED_TRACE(row.function);
        std::vector<Value> arguments { Value::i32(7) };
        if (row.is_wide)
            arguments.push_back({ ValueType::v128, 1, 2 });
        const auto outcome = [&](bool watches_all) {
            RowUnderEye guest(row);
            std::vector<WatchedRange> ranges;
            for (const StateKind kind : { StateKind::Memory, StateKind::Global, StateKind::Table,
                     StateKind::Local, StateKind::Object })
                ranges.push_back(watched({ kind, 1, UINTPTR_MAX - 1 }, true, true));
            const Watches watches(ranges);
            set_watches(guest.thread, watches_all ? &watches : nullptr);
            const auto results = guest.call(*guest.instance, row.function, arguments);
            std::string text;
            if (!results)
                return results.error().to_text();
            for (const Value& value : *results)
                text += value.to_text() + " ";
            return text;
        };
        EXPECT_EQ(outcome(true), outcome(false));
    }
}

// -- Stops and what else there is to stop for

/// A guest with one module that is watched from its first instruction on.
struct Watched : Guest {
    explicit Watched(std::string_view wat) : Guest(), instance(instantiate(wat))
    {
        thread.probes.set(ProbeRole::Session, &eye);
    }

    void watch(std::vector<WatchedRange> ranges)
    {
        watches.emplace(std::move(ranges));
        set_watches(thread, &*watches);
    }
    /// The offset of the nth instruction of an exported function.
    CodeOffset offset(std::string_view name, int number)
    {
        const FuncMeta& meta = *function(instance, name).meta;
        CodeOffset at = meta.code_offset;
        for (int i = 0; i < number; ++i)
            at = next_instruction(instance.module->bytes(), at);
        return at;
    }
    std::string addresses_hit() const
    {
        std::string text;
        for (const Eye::Fired& fired : eye.fired)
            for (const TouchedRange& range : fired.touched)
                text += (range.is_write ? "w" : "r")
                    + std::to_string(range.begin - std::bit_cast<uintptr_t>(instance.memories[0]->base()))
                    + "+" + std::to_string(range.end - range.begin) + " ";
        return text;
    }

    Instance& instance;
    Eye eye;
    std::optional<Watches> watches;
};

constexpr std::string_view two_stores = R"((module (memory (export "m") 1)
  (func (export "f") (result i32)
    (i32.store (i32.const 8) (i32.const 1))
    (i32.store (i32.const 8) (i32.const 2))
    (i32.load (i32.const 8)))))";

TEST(Watch, StopsOnceBehindEachInstruction)
{
    Watched guest(two_stores);
    guest.watch({ watched(bytes_of(*guest.instance.memories[0], 9, 1), true, true) });
    EXPECT_THAT(*guest.call(guest.instance, "f"), ElementsAre(Value::i32(2)));
    EXPECT_EQ(guest.addresses_hit(), "w8+4 w8+4 r8+4 ");
    EXPECT_EQ(guest.eye.fired[0].offset, guest.offset("f", 3));
    EXPECT_EQ(guest.eye.fired[2].offset, guest.offset("f", 8));
    EXPECT_THAT(guest.eye.take_causes(), ElementsAre(Cause::Watch, Cause::Watch, Cause::Watch));
}

TEST(Watch, CountsInsteadOfAStep)
{
    Watched guest(two_stores);
    guest.watch({ watched(bytes_of(*guest.instance.memories[0], 9, 1), false, true) });
    set_stepping(guest.thread, true);
    EXPECT_TRUE(guest.call(guest.instance, "f"));
    using enum Cause;
    EXPECT_THAT(guest.eye.take_causes(), ElementsAre(Step, Step, Step, Watch, Step, Step, Watch, Step, Step));
}

TEST(Watch, ComesBeforeTheMarkOfTheNextInstruction)
{
    Watched guest(two_stores);
    Function& function = Guest::function(guest.instance, "f");
    mark(function, guest.offset("f", 2));
    mark(function, guest.offset("f", 3));
    guest.watch({ watched(bytes_of(*guest.instance.memories[0], 9, 1), false, true) });
    EXPECT_TRUE(guest.call(guest.instance, "f"));
    using enum Cause;
    EXPECT_THAT(guest.eye.take_causes(), ElementsAre(Mark, Watch, Mark, Watch));
    set_stepping(guest.thread, true);
    EXPECT_TRUE(guest.call(guest.instance, "f"));
    EXPECT_THAT(
        guest.eye.take_causes(), ElementsAre(Step, Step, Mark, Watch, Mark, Step, Step, Watch, Step, Step));
}

TEST(Watch, AStepFromItExecutesOneInstruction)
{
    Watched guest(two_stores);
    guest.watch({ watched(bytes_of(*guest.instance.memories[0], 9, 1), false, true) });
    guest.eye.on_fire = [](Thread& thread, const Eye::Fired& fired) {
        set_stepping(thread, fired.cause == Cause::Watch);
    };
    EXPECT_TRUE(guest.call(guest.instance, "f"));
    EXPECT_EQ(guest.eye.fired[1].offset, guest.offset("f", 4));
    using enum Cause;
    EXPECT_THAT(guest.eye.take_causes(), ElementsAre(Watch, Step, Watch, Step));
}

TEST(Watch, NeedsNoProbeAndEndsWhenItIsTakenAway)
{
    Watched guest(two_stores);
    guest.watch({ watched(bytes_of(*guest.instance.memories[0], 9, 1), true, true) });
    guest.eye.on_fire = [](Thread& thread, const Eye::Fired&) { set_watches(thread, nullptr); };
    EXPECT_THAT(*guest.call(guest.instance, "f"), ElementsAre(Value::i32(2)));
    EXPECT_THAT(guest.eye.take_causes(), ElementsAre(Cause::Watch));
    set_watches(guest.thread, &*guest.watches);
    guest.thread.probes.set(ProbeRole::Session, nullptr);
    EXPECT_THAT(*guest.call(guest.instance, "f"), ElementsAre(Value::i32(2)));
}

TEST(Watch, AtTheEndOfLoopsAndFunctions)
{
    Watched guest(R"((module (memory 1)
      (func $store (param i32) (i32.store8 (i32.const 4) (local.get 0)))
      (func (export "f") (param i32)
        (loop (call $store (local.get 0))
          (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))
          (i32.store8 (i32.const 4) (i32.const 9))))))");
    guest.watch({ watched(bytes_of(*guest.instance.memories[0], 4, 1), false, true) });
    EXPECT_TRUE(guest.call(guest.instance, "f", { Value::i32(2) }));
    EXPECT_EQ(guest.addresses_hit(), "w4+1 w4+1 w4+1 ");
    EXPECT_EQ(guest.eye.fired[0].offset, guest.eye.fired[1].offset);
    EXPECT_EQ(guest.eye.fired[2].offset, guest.offset("f", 11));
}

TEST(Watch, WhatTrapsTouchesNothing)
{
    Watched guest(R"((module (memory 1) (table 2 funcref) (data $d "abcd")
      (func (export "f") (param $which i32)
        (block $c (block $b (block $a (br_table $a $b $c (local.get $which)))
            (memory.copy (i32.const 0) (i32.const 65535) (i32.const 2)))
          (memory.init $d (i32.const 0) (i32.const 3) (i32.const 2)))
        (table.fill (i32.const 1) (ref.null func) (i32.const 2)))
      (func (export "g") (i32.store (i32.const 100) (i32.const 1)) (drop (i32.load (i32.const 0))))))");
    guest.watch({ watched(bytes_of(*guest.instance.memories[0], 0, 4), false, true),
        watched(element_of(*guest.instance.tables[0], 1), true, true) });
    for (const uint32_t which : { 0u, 1u, 2u }) {
        EXPECT_FALSE(guest.call(guest.instance, "f", { Value::i32(which) }));
        EXPECT_THAT(guest.eye.take_causes(), ElementsAre(Cause::Trap));
        EXPECT_TRUE(guest.call(guest.instance, "g"));
        EXPECT_THAT(guest.eye.take_causes(), IsEmpty());
    }
}

TEST(Watch, BulkInstructionsThatOverlapInPart)
{
    Watched guest(R"((module (memory 1)
      (func (export "fill") (param i32 i32) (memory.fill (local.get 0) (i32.const 1) (local.get 1)))
      (func (export "copy") (param i32 i32 i32) (memory.copy (local.get 0) (local.get 1) (local.get 2)))))");
    guest.watch({ watched(bytes_of(*guest.instance.memories[0], 100, 4), true, true) });
    const auto hits = [&](const char* name, std::vector<Value> arguments) {
        EXPECT_TRUE(guest.call(guest.instance, name, std::move(arguments)));
        const std::string text = guest.addresses_hit();
        guest.eye.fired.clear();
        return text;
    };
    const auto n = [](uint32_t value) { return Value::i32(value); };
    EXPECT_EQ(hits("fill", { n(90), n(10) }), "");
    EXPECT_EQ(hits("fill", { n(90), n(11) }), "w90+11 ");
    EXPECT_EQ(hits("fill", { n(103), n(100) }), "w103+100 ");
    EXPECT_EQ(hits("fill", { n(104), n(100) }), "");
    EXPECT_EQ(hits("fill", { n(101), n(0) }), "");
    EXPECT_EQ(hits("fill", { n(0), n(65536) }), "w0+65536 ");
    EXPECT_EQ(hits("copy", { n(98), n(99), n(3) }), "w98+3 r99+3 ");
    EXPECT_EQ(hits("copy", { n(200), n(100), n(3) }), "r100+3 ");
    EXPECT_EQ(hits("copy", { n(200), n(300), n(3) }), "");
}

TEST(Watch, WhatGrowsMayMoveAndIsLookedUpAgain)
{
    Watched guest(R"((module (memory i64 1 100) (table 1 10000 funcref)
      (func (export "f")
        (drop (memory.grow (i64.const 50)))
        (drop (table.grow (ref.null func) (i32.const 9000)))
        (i64.store (i64.const 8) (i64.const 1))
        (table.set (i32.const 0) (ref.null func)))))");
    const auto ranges = [&] {
        return std::vector { watched(bytes_of(*guest.instance.memories[0], 8, 8), false, true),
            watched(element_of(*guest.instance.tables[0], 0), false, true) };
    };
    guest.eye.on_fire = [&](Thread&, const Eye::Fired& fired) {
        if (fired.touched.empty())
            guest.watch(ranges());
    };
    guest.watch(ranges());
    EXPECT_TRUE(guest.call(guest.instance, "f"));
    ASSERT_EQ(guest.eye.fired.size(), 4u);
    EXPECT_THAT(guest.eye.fired[0].touched, IsEmpty());
    EXPECT_THAT(guest.eye.fired[1].touched, IsEmpty());
    const auto now = ranges();
    EXPECT_THAT(guest.eye.fired[2].touched, ElementsAre(TouchedRange { now[0].begin, now[0].end, true }));
    EXPECT_THAT(guest.eye.fired[3].touched, ElementsAre(TouchedRange { now[1].begin, now[1].end, true }));
}

TEST(Watch, LooksWhenAHostFunctionComesBack)
{
    Guest guest;
    guest.define("host", "poke", { {}, { ValueType::i32 } }, [](HostCall& call) -> HostOutcome {
        call.store.mutator.fill(Origin::Host, *call.caller->memories[0], 0, 7, 1);
        call.slots[0] = 5;
        return Returned {};
    });
    Instance& instance = guest.instantiate(R"((module (import "host" "poke" (func $poke (result i32)))
      (memory 1) (table funcref (elem $poke))
      (func (export "f") (result i32) (call $poke))
      (func (export "g") (result i32) (call_indirect (result i32) (i32.const 0)))))");
    Eye eye;
    guest.thread.probes.set(ProbeRole::Session, &eye);
    std::vector<Slot> operands;
    eye.on_fire = [&](Thread& thread, const Eye::Fired&) {
        const Frame frame = frames_of(thread, 1).front();
        operands.assign(frame.operands(), frame.sp);
    };
    EXPECT_THAT(*guest.call(instance, "f"), ElementsAre(Value::i32(5)));
    EXPECT_THAT(eye.take_causes(), IsEmpty());
    const Watches watches({ watched(bytes_of(*instance.memories[0], 100, 1), false, true),
        watched(element_of(*instance.tables[0], 0), true, true) });
    set_watches(guest.thread, &watches);
    EXPECT_THAT(*guest.call(instance, "f"), ElementsAre(Value::i32(5)));
    ASSERT_EQ(eye.fired.size(), 1u);
    EXPECT_THAT(eye.fired[0].touched, IsEmpty());
    EXPECT_THAT(operands, ElementsAre(5));
    const FuncMeta& meta = *Guest::function(instance, "f").meta;
    EXPECT_EQ(eye.fired[0].offset, next_instruction(instance.module->bytes(), meta.code_offset));
    EXPECT_THAT(eye.take_causes(), ElementsAre(Cause::Watch));
    // The call that reads the table's element stops only once, too.
    EXPECT_TRUE(guest.call(instance, "g"));
    ASSERT_EQ(eye.fired.size(), 1u);
    EXPECT_EQ(eye.fired[0].touched.size(), 1u);
    EXPECT_THAT(operands, ElementsAre(5));
}

TEST(Watch, ACallMadeWhileTheProbeLooksHasStopsOfItsOwn)
{
    Watched guest(two_stores);
    guest.watch({ watched(bytes_of(*guest.instance.memories[0], 9, 1), false, true) });
    int depth = 0;
    guest.eye.on_fire = [&](Thread& thread, const Eye::Fired&) {
        if (depth++ == 0) {
            EXPECT_TRUE(guest.call(guest.instance, "f"));
            EXPECT_EQ(thread.touched.size(), 1u);
        }
    };
    EXPECT_THAT(*guest.call(guest.instance, "f"), ElementsAre(Value::i32(2)));
    EXPECT_EQ(guest.eye.take_causes().size(), 4u);
    EXPECT_THAT(guest.thread.touched, IsEmpty());
}

TEST(Watch, EachThreadSeesItsOwnAccessesToASharedMemory)
{
    constexpr std::string_view wat = R"((module (import "m" "m" (memory 1 1 shared))
      (func (export "f") (param $n i32)
        (loop
          (drop (i32.atomic.rmw.add (i32.const 8) (i32.const 1)))
          (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))))";
    auto engine = std::make_shared<Engine>(EngineConfig { .features = FeatureSet::all() });
    const MemoryType type { .limits = { .min = 1, .max = 1, .is_shared = true } };
    const std::shared_ptr<Memory> memory = *Memory::create(type, engine->reservations);
    constexpr uint32_t rounds = 20'000, watched_rounds = 500;
    const auto run = [&](uint32_t count, bool watches_memory) {
        Guest guest(engine);
        EXPECT_TRUE(guest.linker.define("m", "m", memory));
        Instance& instance = **core::instantiate(guest.thread, guest.linker, module_of(*engine, wat));
        Eye eye;
        guest.thread.probes.set(ProbeRole::Session, &eye);
        const Watches watches({ watched(bytes_of(*memory, 8, 4), false, true) });
        set_watches(guest.thread, watches_memory ? &watches : nullptr);
        EXPECT_TRUE(guest.call(instance, "f", { Value::i32(count) }));
        EXPECT_EQ(eye.fired.size(), watches_memory ? count : 0);
    };
    std::thread other(run, rounds, false);
    run(watched_rounds, true);
    other.join();
    EXPECT_EQ(guest_load<uint32_t>(memory->base() + 8), rounds + watched_rounds);
}

// -- Compared with single steps

struct RandomRun {
    /// The instructions after which watched bytes had changed.
    std::vector<CodeOffset> changes;
    std::string results;
    std::vector<uint8_t> memory;

    friend bool operator==(const RandomRun&, const RandomRun&) = default;
};

enum class Looks : uint8_t { Never, AtHits, AtSteps };

/// Ranges of all kinds, chosen by the seed. The frame of the first function begins at `fp`.
std::vector<WatchedRange> random_ranges(uint32_t seed, const Instance& instance, const Slot* fp)
{
    std::mt19937 random(seed);
    std::vector<WatchedRange> ranges;
    const auto add = [&](const State& state) {
        if (random() % 2 == 0)
            ranges.push_back(watched(state, random() % 3 == 0, true));
    };
    for (int i = 0; i < 3; ++i)
        add(bytes_of(*instance.memories[0], random() % 120, 1 + random() % 9));
    add(slots_of(*instance.globals[0]));
    add(element_of(*instance.tables[0], random() % 8));
    add(state_of(StateKind::Local, fp, 2 * sizeof(Slot)));
    add(state_of(StateKind::Local, fp + 2, sizeof(Slot)));
    return ranges;
}

std::vector<uint8_t> copy_of(const std::vector<WatchedRange>& ranges)
{
    std::vector<uint8_t> bytes;
    for (const WatchedRange& range : ranges)
        bytes.insert(bytes.end(), std::bit_cast<const uint8_t*>(range.begin),
            std::bit_cast<const uint8_t*>(range.end));
    return bytes;
}

RandomRun run_randomly(const std::shared_ptr<const Module>& module, const std::shared_ptr<Engine>& engine,
    const std::string& name, uint32_t seed, Looks looks)
{
    Guest guest(engine);
    Instance& instance = **core::instantiate(guest.thread, guest.linker, module);
    RandomRun run;
    Eye eye;
    std::vector<WatchedRange> ranges;
    std::vector<uint8_t> before;
    std::optional<Watches> watches;
    eye.on_fire = [&](Thread& thread, const Eye::Fired& fired) {
        if (eye.fired.size() == 1) {
            ranges = random_ranges(seed, instance, thread.state.fp);
            watches.emplace(ranges);
            set_watches(thread, looks == Looks::AtHits ? &*watches : nullptr);
            set_stepping(thread, looks == Looks::AtSteps);
        } else if (copy_of(ranges) != before) {
            run.changes.push_back(fired.offset);
        }
        before = copy_of(ranges);
    };
    guest.thread.probes.set(ProbeRole::Session, &eye);
    set_stepping(guest.thread, looks != Looks::Never);
    const auto results = guest.call(instance, name);
    run.results = results ? results->front().to_text() : results.error().to_text();
    const auto bytes = instance.memories[0]->bytes().first(256);
    run.memory.assign(bytes.begin(), bytes.end());
    return run;
}

TEST(Watch, RandomGuestsChangeWatchedStateWhereSingleStepsSeeIt)
{
    constexpr int functions = 60;
    const auto engine = std::make_shared<Engine>(EngineConfig { .features = FeatureSet::all() });
    const auto module = module_of(*engine, random_module(1, functions));
    size_t changes = 0;
    for (int i = 0; i < functions; ++i) {
        const std::string name = "f" + std::to_string(i);
        for (uint32_t seed = 0; seed < 8; ++seed) {
            SCOPED_TRACE(name + " " + std::to_string(seed));
            const RandomRun alone = run_randomly(module, engine, name, seed, Looks::Never);
            const RandomRun at_hits = run_randomly(module, engine, name, seed, Looks::AtHits);
            EXPECT_EQ(at_hits, run_randomly(module, engine, name, seed, Looks::AtSteps));
            EXPECT_EQ(at_hits.results, alone.results);
            EXPECT_EQ(at_hits.memory, alone.memory);
            changes += at_hits.changes.size();
        }
    }
    EXPECT_GT(changes, 1000u);
}

/// The guest's own writes are reported by watches only.
TEST(Mutation, ByTheGuestIsNotTold)
{
    struct : MutationListener {
        void on_mutation(Origin, const Mutation&) override { ++count; }
        int count = 0;
    } listener;
    Guest guest;
    Instance& instance = guest.instantiate(R"((module
        (memory 1 3) (global $global (mut i64) (i64.const 5)) (table $table 4 funcref)
        (type $point (struct (field (mut i8))))
        (type $bytes (array (mut i16)))
        (func (export "run")
          (i32.store (i32.const 0) (i32.const 1))
          (memory.fill (i32.const 8) (i32.const 1) (i32.const 8))
          (global.set $global (i64.const 6))
          (table.set $table (i32.const 0) (ref.null func))
          (drop (memory.grow (i32.const 1)))
          (struct.set $point 0 (struct.new_default $point) (i32.const 1))
          (array.fill $bytes (array.new_default $bytes (i32.const 2)) (i32.const 0) (i32.const 1) (i32.const 2)))))");
    guest.store.mutator.set_listener(&listener);
    ASSERT_TRUE(guest.call(instance, "run"));
    EXPECT_EQ(instance.memories[0]->bytes()[0], 1);
    EXPECT_EQ(listener.count, 0);
}

} // namespace
} // namespace vitrine::core::test
