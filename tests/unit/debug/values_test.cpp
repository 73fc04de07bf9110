// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What frames show of every kind of value, wherever a guest stops.
#include "debug/session.h"

#include "support/guest.h"
#include "wasm/instruction.h"
#include "wasm/printer.h"

#include <gmock/gmock.h>

namespace vitrine::core::debug {
namespace {

using test::Guest;

/// A guest under a session, with a collection at every allocation.
struct Debugged : Guest {
    explicit Debugged(std::string_view wat)
        : Guest(EngineConfig { .guest_debug = true, .stress_collector = true, .features = FeatureSet::all() })
    {
        define("host", "give", FuncType { {}, { ValueType::externref } }, [](HostCall& call) -> HostOutcome {
            call.slots[0] = Ref::of(call.store.heap.make_extern(std::make_shared<int>(5))).bits;
            return Returned {};
        });
        define("host", "back", FuncType { { ValueType::i64, ValueType::v128 }, { ValueType::i64 } },
            [](HostCall& call) -> HostOutcome {
                auto* leaf = std::get<Function*>(*call.caller->find_export("leaf"));
                const std::vector<Value> arguments { load_value(ValueType::v128, &call.slots[1]),
                    Value::i64(call.slots[0] + 1) };
                return call_guest(call, *leaf, arguments,
                    [](void*, HostCall& then, OrTrapped<void>&& called) -> HostOutcome {
                        if (!called)
                            return std::move(called).error();
                        then.slots[0] = then.callee_slots[0];
                        return Returned {};
                    });
            });
        instance = &instantiate(wat);
        module = instance->module;
        session = *Session::create(store, thread);
    }

    /// Runs the exported function `run` to the `count`th `nop` that is reached.
    std::string run_to_nop(std::vector<Value> arguments = {}, int count = 1)
    {
        for (uint32_t i = module->imported(ExternKind::Func); i < module->functions.size(); ++i) {
            const FuncMeta& meta = module->meta(FuncIndex { i });
            ByteReader in(module->bytes().subspan(meta.code_offset, meta.end_offset - meta.code_offset),
                meta.code_offset);
            while (!in.at_end()) {
                const auto instruction = *decode_instruction(in);
                if (instruction.op != Op::Nop)
                    continue;
                EXPECT_TRUE(session->add_breakpoint({ .module = module, .offset = instruction.offset }));
            }
        }
        std::string place = start(std::move(arguments));
        while (--count > 0)
            place = resume(Resume::Kind::Go);
        return place.substr(0, place.find(' '));
    }
    std::string start(std::vector<Value> arguments, bool stop_at_entry = false)
    {
        Function& callee = function(*instance, "run");
        EXPECT_TRUE(session->start(
            [this, &callee, arguments]() -> Outcome {
                auto results = invoke(thread, callee, arguments);
                if (!results)
                    return std::unexpected(std::move(results).error());
                return *results;
            },
            stop_at_entry));
        return text_of(*session->wait());
    }
    std::string resume(Resume::Kind kind)
    {
        EXPECT_TRUE(session->resume({ kind }));
        return text_of(*session->wait());
    }
    static std::string text_of(const Event& event)
    {
        if (const auto* reason = std::get_if<StopReason>(&event))
            return reason->to_text();
        const auto& outcome = std::get<Outcome>(event);
        if (!outcome)
            return std::visit(
                [](const auto& failure) { return "failed: " + failure.to_text(); }, outcome.error());
        std::string text = "ended:";
        for (const Value& value : *outcome)
            text += " " + value.to_text();
        return text;
    }

    /// `i32 1, (ref $s) struct {1}`
    std::string text_of(const Value& value) const
    {
        std::string type = value.type.to_text();
        if (value.type.is_ref() && value.type.heap() == HeapKind::Defined)
            for (uint32_t i = 0; i < module->type_ids.size(); ++i)
                if (module->type_ids[TypeIndex { i }].value == value.type.index())
                    type = (value.type.is_nullable() ? "(ref null $" : "(ref $")
                        + std::string(module->names().types.find(i)) + ")";
        return type + " " + value.to_text();
    }
    std::string locals(size_t frame = 0) const
    {
        std::string text;
        for (const Local& local : locals_of(session->frames().at(frame)))
            text += (text.empty() ? "" : ", ") + text_of(local.value);
        return text;
    }
    std::string operands(size_t frame = 0) const
    {
        std::string text;
        for (const Value& value : operands_of(session->frames().at(frame)))
            text += (text.empty() ? "" : ", ") + text_of(value);
        return text;
    }
    /// The functions of all frames, innermost first.
    std::string frames() const
    {
        std::string text;
        for (const Frame& frame : session->frames())
            text += (text.empty() ? "" : " ") + frame.function->name();
        return text;
    }

    Instance* instance;
    std::shared_ptr<const Module> module;
    std::unique_ptr<Session> session;
};

const Value vector { ValueType::v128, uint64_t { 2 } << 32 | 1, uint64_t { 4 } << 32 | 3 };
constexpr auto vector_text = "v128 i32x4 0x00000001 0x00000002 0x00000003 0x00000004";

constexpr auto five_text = "v128 i32x4 0x00000005 0x00000006 0x00000007 0x00000008";

Value lanes(uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    return { ValueType::v128, uint64_t { b } << 32 | a, uint64_t { d } << 32 | c };
}

constexpr auto vectors = R"((module
    (func (export "run") (param i32 v128 i64) (result v128) (local f32 v128 i32)
      i64.const 9  local.get 1  i32.const 6  v128.const i32x4 5 6 7 8  local.tee 4
      nop
      local.set 4  i32x4.splat  i32x4.add  local.get 4  i32x4.add  local.set 4  drop  local.get 4)))";

TEST(Values, VectorsAreShownWhole)
{
    Debugged guest(vectors);
    EXPECT_EQ(guest.run_to_nop({ Value::i32(-1u), vector, Value::i64(10) }), "breakpoint");
    EXPECT_EQ(
        guest.locals(), "i32 -1, " + std::string(vector_text) + ", i64 10, f32 0, " + five_text + ", i32 0");
    EXPECT_EQ(guest.operands(), "i64 9, " + std::string(vector_text) + ", i32 6, " + five_text);
    EXPECT_EQ(guest.resume(Resume::Kind::Go), "ended: i32x4 0x0000000c 0x0000000e 0x00000010 0x00000012");
}

TEST(Values, VectorsCanBeChanged)
{
    Debugged guest(vectors);
    EXPECT_EQ(guest.run_to_nop({ Value::i32(-1u), vector, Value::i64(10) }), "breakpoint");
    const Frame frame = guest.session->frames()[0];
    ASSERT_TRUE(set_operand(frame, 1, lanes(10, 20, 30, 40)));
    ASSERT_TRUE(set_operand(frame, 2, Value::i32(7)));
    ASSERT_TRUE(set_local(frame, 4, lanes(9, 9, 9, 9)));
    ASSERT_TRUE(set_local(frame, 5, Value::i32(8)));
    EXPECT_EQ(set_operand(frame, 1, Value::i64(1)).error().message, "operand 1 is of type v128, not i64");
    EXPECT_EQ(set_local(frame, 2, vector).error().message, "local 2 is of type i64, not v128");
    EXPECT_EQ(guest.locals(),
        "i32 -1, " + std::string(vector_text)
            + ", i64 10, f32 0, v128 i32x4 0x00000009 0x00000009 0x00000009 0x00000009, i32 8");
    EXPECT_EQ(guest.operands(),
        "i64 9, v128 i32x4 0x0000000a 0x00000014 0x0000001e 0x00000028, i32 7, " + std::string(five_text));
    EXPECT_EQ(guest.resume(Resume::Kind::Go), "ended: i32x4 0x00000016 0x00000021 0x0000002c 0x00000037");
}

TEST(Values, NullsOfEveryKind)
{
    Debugged guest(R"((module (type $s (struct)) (type $f (func)) (func (export "run")
        (local anyref eqref i31ref structref arrayref funcref externref exnref)
        (local nullref nullfuncref nullexternref nullexnref (ref null $s) (ref null $f))
        ref.null any  ref.null func  ref.null exn  ref.null $f  ref.null noextern
        nop  drop drop drop drop drop)))");
    EXPECT_EQ(guest.run_to_nop(), "breakpoint");
    EXPECT_EQ(guest.locals(),
        "anyref null, eqref null, i31ref null, structref null, arrayref null, funcref null, externref null, "
        "exnref null, nullref null, nullfuncref null, nullexternref null, nullexnref null, "
        "(ref null $s) null, (ref null $f) null");
    EXPECT_EQ(
        guest.operands(), "anyref null, funcref null, exnref null, (ref null $f) null, nullexternref null");
    EXPECT_EQ(guest.resume(Resume::Kind::Go), "ended:");
}

TEST(Values, ObjectsShowTheirParts)
{
    Debugged guest(R"((module
        (type $f (func (param v128)))
        (type $s (struct (field (mut i8)) (field v128) (field i16) (field (ref null $f)) (field anyref) (field f32)))
        (type $bytes (array (mut i8))) (type $vectors (array v128)) (type $refs (array (mut anyref)))
        (import "host" "give" (func $give (result externref)))
        (func $callee (type $f))
        (elem declare func $callee)
        (func $run (export "run") (param v128) (result i32)
          (local $s (ref $s)) (local $unset (ref $s)) (local $any anyref) (local $extern externref)
          i32.const 0x1ff  local.get 0  i32.const -1  ref.func $callee
          i32.const -3 ref.i31  f32.const 1.5  struct.new $s  local.set $s
          local.get $s  local.set $any
          call $give  local.set $extern
          i32.const 300 i32.const 3 array.new $bytes
          local.get 0 i32.const 1 array.new $vectors
          local.get $s i32.const -1 ref.i31 ref.null any array.new_fixed $refs 3
          ref.func $callee
          local.get $any extern.convert_any
          i32.const 0x40000000 ref.i31
          nop
          drop drop drop drop drop drop
          local.get $s struct.get_s $s 2)))");
    EXPECT_EQ(guest.run_to_nop({ vector }), "breakpoint");
    const std::string text = "struct {255, i32x4 0x00000001 0x00000002 0x00000003 0x00000004, 65535, "
                             "func callee, i31 -3, 1.5}";
    for (int i = 0; i < 2; ++i) {
        const std::string locals = guest.locals();
        EXPECT_TRUE(locals.starts_with(std::string(vector_text) + ", (ref $s) " + text
            + ", (ref $s) null, anyref " + text + ", externref extern 0x"))
            << locals;
        EXPECT_EQ(guest.operands(),
            "(ref $bytes) array[3] {44, 44, 44}, "
            "(ref $vectors) array[1] {i32x4 0x00000001 0x00000002 0x00000003 0x00000004}, "
            "(ref $refs) array[3] {struct, i31 -1, null}, (ref $f) func callee, externref "
                + text + ", (ref i31) i31 -1073741824");
        guest.store.heap.collect();
    }
    const Value external = locals_of(guest.session->frames()[0])[4].value;
    EXPECT_EQ(*static_cast<int*>(static_cast<ExternObject*>(external.ref().object())->data.get()), 5);
    EXPECT_EQ(guest.store.heap.count(), 5u) << "a struct, three arrays, what the host gave";
    EXPECT_EQ(guest.resume(Resume::Kind::Go), "ended: -1");
    guest.store.heap.collect();
    EXPECT_EQ(guest.store.heap.count(), 0u);
}

TEST(Values, ReferencesCanBeChanged)
{
    Debugged guest(R"((module (type $s (struct (field i32))) (type $f (func (result i32)))
        (func $one (type $f) i32.const 1) (func $two (type $f) i32.const 20) (elem declare func $one $two)
        (func (export "run") (result i32) (local $s (ref null $s)) (local $f (ref null $f)) (local $any anyref)
          i32.const 300 struct.new $s  local.set $s  ref.func $one  local.set $f
          i32.const 400 struct.new $s  ref.func $two
          nop
          drop  struct.get $s 0
          local.get $s  struct.get $s 0  i32.add
          local.get $f  call_ref $f  i32.add
          local.get $any  ref.cast (ref i31)  i31.get_s  i32.add)))");
    EXPECT_EQ(guest.run_to_nop(), "breakpoint");
    const Frame frame = guest.session->frames()[0];
    const auto locals = locals_of(frame);
    const auto operands = operands_of(frame);
    EXPECT_EQ(set_local(frame, 0, operands[0]).error().message,
        "local 0 is of type " + locals[0].value.type.to_text() + ", not " + operands[0].type.to_text());
    EXPECT_EQ(set_operand(frame, 0, { operands[0].type }).error().message,
        "operand 0 is of type " + operands[0].type.to_text() + " and cannot be null");
    ASSERT_TRUE(set_local(frame, 0, Value::ref(locals[0].value.type, operands[0].ref())));
    ASSERT_TRUE(set_local(frame, 1, Value::ref(locals[1].value.type, operands[1].ref())));
    ASSERT_TRUE(set_local(frame, 2, Value::ref(ValueType::anyref, Ref::i31(3))));
    guest.store.heap.collect();
    EXPECT_EQ(guest.store.heap.count(), 1u);
    EXPECT_EQ(guest.locals(), "(ref null $s) struct {400}, (ref null $f) func two, anyref i31 3");
    EXPECT_EQ(guest.resume(Resume::Kind::Go), "ended: 823");
}

// -- Exceptions

/// A guest that throws; `body` is in `run` after an operand and a struct.
std::string with_exceptions(std::string_view body)
{
    return R"((module
        (type $s (struct (field i32)))
        (tag $e (param i32 v128 (ref $s)))
        (func $thrower (param v128)
          i64.const 1  i32.const 8  local.get 0  i32.const 9  struct.new $s  throw $e)
        (func $new struct.new_default $s drop)
        (func $run (export "run") (param v128) (result i32) (local $x exnref) (local $r i32)
          i32.const 3  i32.const 4  struct.new $s
    )" + std::string(body)
        + "))";
}

const std::string thrown_text = "i32 8, " + std::string(vector_text) + ", (ref $s) struct {9}";
const std::string exception_text =
    "exnref exception {8, i32x4 0x00000001 0x00000002 0x00000003 0x00000004, struct}";

TEST(Values, TryTableCatchesWithTheTagsValues)
{
    Debugged guest(with_exceptions(R"(
        block $caught (result i32 v128 (ref $s) exnref)
          try_table (catch_ref $e $caught) i64.const 7  local.get 0  call $thrower  unreachable end
          unreachable
        end
        local.tee $x
        call $new
        nop
        drop  struct.get $s 0  local.set $r  drop drop drop drop  local.get $r)"));
    EXPECT_EQ(guest.run_to_nop({ vector }), "breakpoint");
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(guest.frames(), "run");
        EXPECT_EQ(guest.locals(), std::string(vector_text) + ", " + exception_text + ", i32 0");
        EXPECT_EQ(guest.operands(), "i32 3, (ref $s) struct {4}, " + thrown_text + ", " + exception_text);
        guest.store.heap.collect();
    }
    EXPECT_EQ(guest.resume(Resume::Kind::Go), "ended: 9");
}

TEST(Values, LegacyCatchesKeepWhatTheyCaught)
{
    Debugged guest(with_exceptions(R"(
        try (result i32 v128 (ref $s))
          i64.const 7  local.get 0  call $thrower  unreachable
        catch $e
          call $new
          nop
          try (result i32 v128 (ref $s))
            i32.const 21  v128.const i32x4 5 6 7 8  i32.const 22  struct.new $s  throw $e
          catch $e
            call $new
            nop
            try (result i32 v128 (ref $s)) rethrow 2 catch $e end
            call $new
            nop
            struct.get $s 0  local.set $r  drop drop
          end
          drop drop drop
        end
        drop drop drop drop drop  local.get $r)"));
    const std::string below = "i32 3, (ref $s) struct {4}, " + thrown_text;
    const std::string inner = below + ", i32 21, " + five_text + ", (ref $s) struct {22}";
    EXPECT_EQ(guest.run_to_nop({ vector }), "breakpoint");
    EXPECT_EQ(guest.operands(), below);
    EXPECT_EQ(guest.resume(Resume::Kind::Go), "breakpoint 2");
    EXPECT_EQ(guest.operands(), inner);
    guest.store.heap.collect();
    EXPECT_EQ(guest.resume(Resume::Kind::Go), "breakpoint 3");
    EXPECT_EQ(guest.operands(), inner + ", " + thrown_text);
    EXPECT_EQ(guest.locals(), std::string(vector_text) + ", exnref null, i32 0")
        << "hidden slots are no locals";
    EXPECT_EQ(guest.resume(Resume::Kind::Go), "ended: 9");
}

/// The collector scans hidden slots before anything has been caught.
TEST(Values, HiddenSlotsAreEmptyAtFirst)
{
    Debugged guest(R"((module (type $s (struct)) (tag $e)
        (func $dirty (local i64 i64 i64 i64)
          i64.const 0x1238 local.set 0  i64.const 0x1238 local.set 1  i64.const 0x1238 local.set 2
          i64.const 0x1238 local.set 3  i64.const 0x1238 i64.const 0x1238 i64.const 0x1238 drop drop drop)
        (func $nested
          struct.new_default $s drop
          try throw $e catch $e try throw $e catch $e struct.new_default $s drop nop end end)
        (func (export "run") call $dirty  call $nested)))");
    EXPECT_EQ(guest.run_to_nop(), "breakpoint");
    EXPECT_EQ(guest.resume(Resume::Kind::Go), "ended:");
}

TEST(Values, AnUncaughtExceptionStopsWhereItIsThrown)
{
    Debugged guest(with_exceptions("local.get 0  call $thrower  drop"));
    EXPECT_EQ(guest.start({ vector }),
        "trap: uncaught exception {8, i32x4 0x00000001 0x00000002 0x00000003 0x00000004, struct}");
    EXPECT_EQ(guest.frames(), "thrower run");
    EXPECT_EQ(guest.operands(0), "i64 1, " + thrown_text);
    EXPECT_EQ(guest.operands(1), "i32 3, (ref $s) struct {4}");
    guest.store.heap.collect();
    EXPECT_EQ(guest.operands(0), "i64 1, " + thrown_text);
}

// -- Callers

constexpr auto callers = R"((module
    (type $s (struct (field i32)))
    (func $new struct.new_default $s drop)
    (func $leaf (param v128 i32 (ref null $s)) (result i64) (local i32)
      i64.const 100  call $new
      nop
      local.get 0  i32.const 26  local.get 1  i32.div_s  drop  drop)
    (func $run (export "run") (param i32 v128) (result i64) (local i64 v128 (ref null $s))
      local.get 1  local.set 3  i32.const 11  struct.new $s  local.set 4
      i32.const 5  local.get 1  i64.const 6  i32.const 12  struct.new $s
      local.get 1  i32.const 13  i32.const 14  struct.new $s  call $leaf
      local.set 2  drop drop  local.get 3  i32x4.add  i32x4.extract_lane 3  i32.add  i64.extend_i32_s)))";

TEST(Values, CallersKeepTheirs)
{
    Debugged guest(callers);
    EXPECT_EQ(guest.run_to_nop({ Value::i32(2), vector }), "breakpoint");
    const std::string v = vector_text;
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(guest.frames(), "leaf run");
        EXPECT_EQ(guest.locals(0), v + ", i32 13, (ref null $s) struct {14}, i32 0");
        EXPECT_EQ(guest.operands(0), "i64 100");
        EXPECT_EQ(guest.locals(1), "i32 2, " + v + ", i64 0, " + v + ", (ref null $s) struct {11}");
        EXPECT_EQ(guest.operands(1), "i32 5, " + v + ", i64 6, (ref $s) struct {12}");
        guest.store.heap.collect();
        EXPECT_EQ(guest.store.heap.count(), 3u);
    }
    const Frame caller = guest.session->frames()[1];
    ASSERT_TRUE(set_local(caller, 3, lanes(5, 6, 7, 8)));
    ASSERT_TRUE(set_operand(caller, 1, lanes(5, 6, 7, 8)));
    EXPECT_EQ(set_operand(caller, 4, Value::i64(0)).error().message, "no operand 4: the frame has 4");
    EXPECT_EQ(guest.resume(Resume::Kind::StepOut), "step");
    EXPECT_EQ(guest.locals(), "i32 2, " + v + ", i64 0, " + five_text + ", (ref null $s) struct {11}");
    EXPECT_EQ(
        guest.operands(), "i32 5, " + std::string(five_text) + ", i64 6, (ref $s) struct {12}, i64 100");
    EXPECT_EQ(guest.resume(Resume::Kind::Go), "ended: 21");
}

TEST(Values, ATrapLeavesCallersAsTheyAre)
{
    Debugged guest(callers);
    EXPECT_EQ(guest.run_to_nop({ Value::i32(2), vector }), "breakpoint");
    ASSERT_TRUE(set_local(guest.session->frames()[0], 1, Value::i32(0)));
    EXPECT_EQ(guest.resume(Resume::Kind::Go), "trap: integer divide by zero");
    const std::string v = vector_text;
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(guest.operands(0), "i64 100, " + v + ", i32 26, i32 0");
        EXPECT_EQ(guest.locals(1), "i32 2, " + v + ", i64 0, " + v + ", (ref null $s) struct {11}");
        EXPECT_EQ(guest.operands(1), "i32 5, " + v + ", i64 6, (ref $s) struct {12}");
        guest.store.heap.collect();
    }
    EXPECT_EQ(guest.resume(Resume::Kind::Go), "failed: integer divide by zero");
}

TEST(Values, CallersBeyondAHostFunctionKeepTheirs)
{
    Debugged guest(R"((module
        (type $s (struct (field i32)))
        (import "host" "back" (func $back (param i64 v128) (result i64)))
        (func $leaf (export "leaf") (param v128 i64) (result i64)
          i32.const 1  struct.new $s  nop  drop  local.get 1)
        (func $run (export "run") (param i32 v128) (result i64) (local i64)
          local.get 1  i32.const 5  struct.new $s  i64.const 41  local.get 1  call $back
          local.set 2  drop drop  local.get 2)))");
    EXPECT_EQ(guest.run_to_nop({ Value::i32(2), vector }), "breakpoint");
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(guest.frames(), "leaf host.back run");
        EXPECT_EQ(guest.locals(0), std::string(vector_text) + ", i64 42");
        EXPECT_EQ(guest.operands(0), "(ref $s) struct {1}");
        EXPECT_EQ(guest.operands(1), "");
        EXPECT_EQ(guest.operands(2), std::string(vector_text) + ", (ref $s) struct {5}");
        guest.store.heap.collect();
    }
    EXPECT_EQ(guest.resume(Resume::Kind::Go), "ended: 42");
}

constexpr auto tail_calls = R"((module
    (type $t (func (param v128 i64) (result i32)))
    (table funcref (elem $last))
    (func $last (type $t) (local v128)  nop  i32.const 42)
    (func $middle (param i64) (result i32) (local i32 i32 i32)
      i64.const 1  i64.const 2  v128.const i32x4 5 6 7 8  local.get 0  %s)
    (func $run (export "run") (param v128) (result i32) (local i32)
      i64.const 77  local.get 0  i64.const 3  call $middle
      local.set 1  drop drop  local.get 1)))";

TEST(Values, ATailCallTakesItsCallersPlace)
{
    for (const char* call : { "return_call $last", "i32.const 0 return_call_indirect (type $t)",
             "ref.func $last return_call_ref $t" }) {
        std::string wat = tail_calls;
        Debugged guest(wat.replace(wat.find("%s"), 2, call));
        EXPECT_EQ(guest.run_to_nop({ vector }), "breakpoint");
        EXPECT_EQ(guest.frames(), "last run");
        EXPECT_EQ(guest.locals(0),
            std::string(five_text) + ", i64 3, v128 i32x4 0x00000000 0x00000000 0x00000000 0x00000000");
        EXPECT_EQ(guest.operands(0), "");
        EXPECT_EQ(guest.locals(1), std::string(vector_text) + ", i32 0");
        EXPECT_EQ(guest.operands(1), "i64 77, " + std::string(vector_text));
        EXPECT_EQ(guest.resume(Resume::Kind::StepOut), "step");
        EXPECT_EQ(guest.operands(0), "i64 77, " + std::string(vector_text) + ", i32 42");
        EXPECT_EQ(guest.resume(Resume::Kind::Go), "ended: 42");
    }
}

} // namespace
} // namespace vitrine::core::debug
