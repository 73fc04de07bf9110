// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Exact types in descriptions and of values, and what traps say about accesses out of bounds.
#include "world.h"

namespace vitrine {
namespace {

using debug::Session;
using debug::Stopped;
using test::error_of;
using test::exited;
using test::stopped;
using test::World;

constexpr auto typed_guest = R"((module
    (type $pt (struct (field $x (mut i32)) (field $next (mut (ref null $pt))) (field $b (mut i8))))
    (type $open (sub (struct (field i32))))
    (type $sub (sub $open (struct (field i32) (field i64))))
    (type $arr (array (mut i16)))
    (type $fn (func (param i32) (result i32)))
    (type (struct))
    (table $t 4 (ref null $fn))
    (table $any 4 anyref)
    (global $g (mut (ref null $pt)) (ref.null $pt))
    (global $k (ref i31) (ref.i31 (i32.const 3)))
    (tag $tag (param (ref null $pt)))
    (func $inc (type $fn) (i32.add (local.get 0) (i32.const 1)))
    (elem declare func $inc)
    (func (export "make") (param i32) (result (ref $pt))
      (struct.new $pt (local.get 0) (ref.null $pt) (i32.const 5)))
    (func (export "make_sub") (result anyref) (struct.new $sub (i32.const 1) (i64.const 2)))
    (func $work (export "work") (param $n i32) (param $e externref) (result i32)
      (local $p (ref null $pt)) (local $q (ref null $arr)) (local $v v128) (local $i i64) (local $a anyref)
      (local $f (ref null $fn)) (local $o (ref null $open)) (local $q2 eqref) (local $x exnref) (local $d f64)
      (local $l f32) (local $i31 i31ref) (local $none nullref) (local $any_f funcref)
      (local.set $p (struct.new $pt (local.get $n) (ref.null $pt) (i32.const 5)))
      (local.set $q (array.new_fixed $arr 2 (i32.const 1) (i32.const 2)))
      (local.set $f (ref.func $inc))
      (local.set $o (struct.new $open (i32.const 4)))
      (local.get $p)
      (ref.as_non_null (local.get $o))
      (local.get $f)
      nop
      drop drop drop
      (struct.get $pt $x (local.get $p)))
    (func (export "six") (param (ref null 5)) (result (ref null $fn) (ref extern)) unreachable)))";

#define EXPECT_TEXT(value, text) EXPECT_EQ((value).to_text(), text)

TEST(Types, OfDescriptionsAreExact)
{
    World world;
    const Module module = world.module(typed_guest);
    EXPECT_TEXT(module.globals()[0].type.type, "(ref null $pt)");
    EXPECT_TEXT(module.globals()[1].type.type, "(ref i31)");
    EXPECT_EQ(module.globals()[0].type.kind, ValKind::AnyRef);
    EXPECT_EQ(module.globals()[0].type.type.heap, HeapKind::Defined);
    EXPECT_EQ(module.globals()[0].type.type.index, 0u);
    EXPECT_EQ(module.globals()[0].type.type.name, "pt");
    EXPECT_TRUE(module.globals()[0].type.type.is_nullable);
    EXPECT_TEXT(module.tables()[0].type.element_type, "(ref null $fn)");
    EXPECT_TEXT(module.tables()[1].type.element_type, "anyref");
    EXPECT_TEXT(module.tags()[0].type, "(param (ref null $pt))");
    EXPECT_TEXT(module.functions().back().type, "(param (ref null 5)) (result (ref null $fn) (ref extern))");
    const Instance instance = world.linker.instantiate(world.store, module).value();
    EXPECT_TEXT(instance.func("make")->type(), "(param i32) (result (ref $pt))");
    EXPECT_TEXT(instance.debug_global(0)->type().type, "(ref null $pt)");
    EXPECT_TEXT(instance.debug_table(0)->type().element_type, "(ref null $fn)");
    EXPECT_TEXT(instance.debug_tag(0)->type(), "(param (ref null $pt))");
    // The embedder writes kinds only; they are equal to the types that they describe.
    EXPECT_EQ(instance.func("make")->type(), (FuncType { { ValKind::I32 }, { ValKind::AnyRef } }));
    EXPECT_EQ(instance.debug_global(0)->type(), (GlobalType { ValKind::AnyRef, true }));
    EXPECT_TEXT((FuncType { { ValKind::I32 }, { ValKind::AnyRef } }), "(param i32) (result anyref)");
}

TEST(Types, OfValuesAreExact)
{
    World world;
    const Instance instance = world.instantiate(typed_guest);
    const Val point = instance.func("make")->call({ Val::i32(3) })->front();
    EXPECT_TEXT(point.type(), "(ref $pt)");
    EXPECT_TEXT(point.as_object()->type(), "(ref $pt)");
    EXPECT_TEXT(*point.as_object()->part_type(0), "i32");
    EXPECT_TEXT(*point.as_object()->part_type(1), "(ref null $pt)");
    EXPECT_TEXT(*point.as_object()->part_type(2), "i32");
    EXPECT_FALSE(point.as_object()->part_type(3));
    EXPECT_TEXT(point.as_object()->get(1)->type(), "nullref");
    EXPECT_TEXT(instance.func("make_sub")->call({})->front().type(), "(ref $sub)");
    EXPECT_TEXT(Val::funcref(instance.debug_function(0)).type(), "(ref $fn)");
    EXPECT_TEXT(Val::i31(4).type(), "(ref i31)");
    EXPECT_TEXT(Val::i32(4).type(), "i32");
    EXPECT_TEXT(Val::externref(std::make_shared<int>(4)).type(), "(ref extern)");
    for (const auto& [kind, text] : { std::pair { ValKind::FuncRef, "nullfuncref" },
             std::pair { ValKind::ExternRef, "nullexternref" }, std::pair { ValKind::ExnRef, "nullexnref" } })
        EXPECT_TEXT(Val::null(kind).type(), text);
}

struct Working : World {
    Working() : instance(instantiate(typed_guest)), session(store)
    {
        const FuncInfo row = instance.module().functions()[3];
        // The place where everything has a value: the nop after three operands.
        std::uint32_t nop = 0;
        const auto code = *instance.module().bytecode();
        for (std::uint32_t at = row.offset; at < row.end; ++at)
            if (code[at] == std::byte { 0x01 } && code[at + 1] == std::byte { 0x1a }
                && code[at + 2] == std::byte { 0x1a })
                nop = at;
        EXPECT_TRUE(session.add_breakpoint({ .module = instance.module(), .offset = nop }));
    }
    Stopped stop()
    {
        return stopped(session.call(*instance.func("work"), { Val::i32(2), Val::null(ValKind::ExternRef) }));
    }

    Instance instance;
    Session session;
};

TEST(Types, OfLocalsAndOperandsAreExact)
{
    Working guest;
    const Stopped stop = guest.stop();
    const debug::Frame frame = stop.frames()[0];
    std::vector<std::string> locals, operands;
    for (const debug::Local& local : frame.locals())
        locals.push_back(local.type.to_text());
    for (const ValType& type : frame.operand_types())
        operands.push_back(type.to_text());
    EXPECT_THAT(locals,
        testing::ElementsAre("i32", "externref", "(ref null $pt)", "(ref null $arr)", "v128", "i64", "anyref",
            "(ref null $fn)", "(ref null $open)", "eqref", "exnref", "f64", "f32", "i31ref", "nullref",
            "funcref"));
    EXPECT_THAT(operands, testing::ElementsAre("(ref null $pt)", "(ref $open)", "(ref null $fn)"));
    EXPECT_EQ(frame.operands().size(), operands.size());
}

TEST(Types, EveryLocalAndOperandTakesBackItsValue)
{
    Working guest;
    Stopped stop = guest.stop();
    const debug::Frame frame = stop.frames()[0];
    const auto locals = frame.locals();
    for (std::uint32_t i = 0; i < locals.size(); ++i)
        EXPECT_EQ(error_of(frame.set_local(i, locals[i].value)), "") << locals[i].type.to_text();
    const auto operands = frame.operands();
    for (std::uint32_t i = 0; i < operands.size(); ++i)
        EXPECT_EQ(error_of(frame.set_operand(i, operands[i])), "") << i;
    // Subtypes and null are accepted, other types are not.
    constexpr std::uint32_t p = 2, a = 6, f = 7, o = 8, eq = 9, i31 = 13;
    const Val point = locals[p].value;
    EXPECT_TRUE(frame.set_local(p, Val::null(ValKind::AnyRef)));
    EXPECT_TRUE(frame.set_local(f, Val::null(ValKind::FuncRef)));
    for (const std::uint32_t wide : { a, eq })
        EXPECT_EQ(error_of(frame.set_local(wide, point)), "");
    EXPECT_EQ(error_of(frame.set_local(i31, Val::i31(5))), "");
    EXPECT_EQ(error_of(frame.set_operand(0, Val::null(ValKind::AnyRef))), "");
    EXPECT_THAT(error_of(frame.set_local(o, point)), testing::HasSubstr("expected a value of type"));
    EXPECT_THAT(error_of(frame.set_local(i31, point)), testing::HasSubstr("expected a value of type i31ref"));
    EXPECT_THAT(error_of(frame.set_operand(1, Val::null(ValKind::AnyRef))), testing::HasSubstr("null"));
    EXPECT_THAT(error_of(frame.set_local(f, Val::funcref(guest.instance.func("make")))),
        testing::HasSubstr("expected a value of type"));
    EXPECT_EQ(error_of(frame.set_local(p, Val::i32(1))).substr(0, 16), "local 2 is of ty");
    EXPECT_EQ(error_of(frame.set_local(99, point)), "no local 99: the frame has 16");
    // An object that the debugger has made.
    Stopped made =
        stopped(guest.session.call(std::move(stop), *guest.instance.func("make"), { Val::i32(77) }));
    const Val fresh = (**made.reason().results)[0];
    EXPECT_EQ(error_of(made.frames()[0].set_local(p, fresh)), "");
    EXPECT_EQ(error_of(made.frames()[0].set_local(a, fresh)), "");
    EXPECT_EQ(exited(guest.session.resume(std::move(made)))->front(), Val::i32(77));
}

// -- Traps

struct Reach {
    const char* function;
    const char* text;
};

constexpr auto reaching_guest = R"((module
    (type $a (array (mut i32)))
    (type $w (array (mut v128)))
    (type $f (func))
    (memory 1) (memory $second 2) (memory i64 1)
    (table 3 funcref) (table $wide i64 5 funcref)
    (data $text "hello")
    (elem $fs func $nothing $nothing)
    (func $nothing)
    (func (export "load") (drop (i32.load (i32.const 65534))))
    (func (export "offset") (drop (i64.load8_u offset=4294967295 (i32.const 16))))
    (func (export "negative") (i32.store (i32.const -4) (i32.const 1)))
    (func (export "second") (i64.store $second (i32.const 131070) (i64.const 1)))
    (func (export "long") (drop (v128.load 2 (i64.const 0x10000))))
    (func (export "above") (drop (i32.load 2 offset=16 (i64.const -8))))
    (func (export "lane") (drop (v128.load8_lane 0 (i32.const 65536) (v128.const i64x2 0 0))))
    (func (export "atomic") (drop (i64.atomic.rmw.add (i32.const 65536) (i64.const 1))))
    (func (export "fill") (memory.fill $second (i32.const 131000) (i32.const 0) (i32.const 100)))
    (func (export "copy_to") (memory.copy (i32.const 65000) (i32.const 0) (i32.const 1000)))
    (func (export "copy_from") (memory.copy (i32.const 0) (i32.const 65000) (i32.const 1000)))
    (func (export "init") (memory.init $text (i32.const 65534) (i32.const 0) (i32.const 5)))
    (func (export "data") (memory.init $text (i32.const 0) (i32.const 3) (i32.const 3)))
    (func (export "dropped") (data.drop $text) (memory.init $text (i32.const 0) (i32.const 0) (i32.const 1)))
    (func (export "get") (drop (table.get 0 (i32.const 3))))
    (func (export "set") (table.set $wide (i64.const 5000000000) (ref.null func)))
    (func (export "table_fill") (table.fill 0 (i32.const 2) (ref.null func) (i32.const 2)))
    (func (export "table_copy") (table.copy 0 0 (i32.const 0) (i32.const 1) (i32.const 3)))
    (func (export "table_init") (table.init $fs (i32.const 2) (i32.const 0) (i32.const 2)))
    (func (export "elem") (table.init $fs (i32.const 0) (i32.const 1) (i32.const 2)))
    (func (export "call") (call_indirect (type $f) (i32.const 7)))
    (func (export "return_call") (return_call_indirect $wide (type $f) (i64.const 70000000000)))
    (func (export "null") (call_indirect (type $f) (i32.const 1)))
    (func (export "array") (drop (array.get $a (array.new_default $a (i32.const 3)) (i32.const 3))))
    (func (export "array_set") (array.set $w (array.new_default $w (i32.const 3)) (i32.const 4) (v128.const i64x2 0 0)))
    (func (export "array_fill") (array.fill $a (array.new_default $a (i32.const 3)) (i32.const 2) (i32.const 0) (i32.const 2)))
    (func (export "array_copy") (array.copy $a $a (array.new_default $a (i32.const 3)) (i32.const 0)
        (array.new_default $a (i32.const 2)) (i32.const 0) (i32.const 3)))
    (func (export "array_data") (drop (array.new_data $a $text (i32.const 4) (i32.const 1))))
    (func (export "array_elem") (drop (array.new_elem $e $fs (i32.const 1) (i32.const 2))))
    (type $e (array (mut funcref)))))";

constexpr Reach reaches[] {
    { "load", "out of bounds memory access: 4 bytes at 0xfffe of memory[0], which has 0x10000 bytes" },
    { "offset", "out of bounds memory access: 1 byte at 0x10000000f of memory[0], which has 0x10000 bytes" },
    { "negative",
        "out of bounds memory access: 4 bytes at 0xfffffffc of memory[0], which has 0x10000 bytes" },
    { "second", "out of bounds memory access: 8 bytes at 0x1fffe of $second, which has 0x20000 bytes" },
    { "long", "out of bounds memory access: 16 bytes at 0x10000 of memory[2], which has 0x10000 bytes" },
    { "above",
        "out of bounds memory access: 4 bytes at an address beyond 64 bits of memory[2], which has 0x10000 "
        "bytes" },
    { "lane", "out of bounds memory access: 1 byte at 0x10000 of memory[0], which has 0x10000 bytes" },
    { "atomic", "out of bounds memory access: 8 bytes at 0x10000 of memory[0], which has 0x10000 bytes" },
    { "fill", "out of bounds memory access: 100 bytes at 0x1ffb8 of $second, which has 0x20000 bytes" },
    { "copy_to", "out of bounds memory access: 1000 bytes at 0xfde8 of memory[0], which has 0x10000 bytes" },
    { "copy_from",
        "out of bounds memory access: 1000 bytes at 0xfde8 of memory[0], which has 0x10000 bytes" },
    { "init", "out of bounds memory access: 5 bytes at 0xfffe of memory[0], which has 0x10000 bytes" },
    { "data", "out of bounds memory access: 3 bytes at 0x3 of $text, which has 0x5 bytes" },
    { "get", "out of bounds table access: element 3 of table[0], which has 3" },
    { "set", "out of bounds table access: element 5000000000 of $wide, which has 5" },
    { "table_fill", "out of bounds table access: 2 elements at 2 of table[0], which has 3" },
    { "table_copy", "out of bounds table access: 3 elements at 1 of table[0], which has 3" },
    { "table_init", "out of bounds table access: 2 elements at 2 of table[0], which has 3" },
    { "elem", "out of bounds table access: 2 elements at 1 of $fs, which has 2" },
    { "call", "undefined element: element 7 of table[0], which has 3" },
    { "return_call", "undefined element: element 70000000000 of $wide, which has 5" },
    { "null", "uninitialized element 1" },
    { "array", "out of bounds array access: element 3 of an array of 3" },
    { "array_set", "out of bounds array access: element 4 of an array of 3" },
    { "array_fill", "out of bounds array access: 2 elements at 2 of an array of 3" },
    { "array_copy", "out of bounds array access: 3 elements at 0 of an array of 2" },
    { "array_data", "out of bounds memory access: 4 bytes at 0x4 of $text, which has 0x5 bytes" },
    { "array_elem", "out of bounds table access: 2 elements at 1 of $fs, which has 2" },
    { "dropped", "out of bounds memory access: 1 byte at 0x0 of $text, which has 0x0 bytes" },
};

TEST(TrapDetails, SayWhatIsOutOfBounds)
{
    World world;
    const Instance instance = world.instantiate(reaching_guest);
    for (const Reach& reach : reaches) {
        const auto ended = instance.func(reach.function)->call({});
        EXPECT_EQ(error_of(ended), reach.text);
        EXPECT_EQ(ended.error().trap()->backtrace.size(), 1u);
    }
    // A debugger gets the same text.
    Session session(world.store);
    const Stopped stop = stopped(session.call(*instance.func("load"), {}));
    EXPECT_EQ(stop.reason().text, reaches[0].text);
}

TEST(TrapDetails, SayWhichSegmentDoesNotFit)
{
    World world;
    EXPECT_EQ(world.refusal(R"((module (memory $m 1) (data (i32.const 65535) "ab")))"),
        "out of bounds memory access: 2 bytes at 0xffff of $m, which has 0x10000 bytes");
    EXPECT_EQ(world.refusal(R"((module (table 1 funcref) (elem (i32.const 1) $f) (func $f)))"),
        "out of bounds table access: element 1 of table[0], which has 1");
}

} // namespace
} // namespace vitrine
