// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Expressions with names of the source, over debug information that is written down here.
#include "eval/message.h"
#include "eval/run.h"
#include "source/render.h"

#include "exec/instrument.h"
#include "support/guest.h"
#include "support/literal_symbols.h"

#include <gmock/gmock.h>

#include <fmt/format.h>

#include <functional>

namespace vitrine::core::eval {
namespace {

using source::Type;
using source::TypeId;
using source::Variable;
using test::LiteralSymbols;
using Kind = source::Type::Kind;
using VariableKind = source::Variable::Kind;

constexpr auto guest_text = R"((module
    (memory 1)
    (table 4 funcref)
    (elem (i32.const 1) func $helper)
    (data (i32.const 1000) "\2a\00\00\00\d0\07\00\00\fd\ff\ff\ff\07\00\00\00\0a\00\00\00\14\00\00\00\1e\00\00\00\28\00\00\00")
    (data (i32.const 1032) "\01\00\00\00\02\00\00\00\03\00\00\00\04\00\00\00\05\00\00\00\06\00\00\00amber\00\00\00")
    (data (i32.const 1064) "\00\00\c0\3f\00\00\00\00\00\00\04\40\fe\ff\ff\ff\ff\ff\ff\ff\c8\ff\34\12\01\00\00\00")
    (data (i32.const 2000) "\20\04\00\00\9c\ff\ff\ff\03\00\00\00\04\00\00\00\ed\00\00\00\09\00\00\00\00\08\00\00\01\00\00\00")
    (data (i32.const 2048) "\20\04\00\00\07\00\00\00\05\00\00\00\06\00\00\00\00\00\00\00\08\00\00\00\00\00\00\00\00\00\00\00")
    (data (i32.const 3000) "\f8\03\00\00\04\04\00\00\08\04\00\00\d8\07\00\00")
    (global $__stack_pointer (mut i32) (i32.const 1000))
    (global $wasm_only (mut i32) (i32.const 11))
    (global $limit i32 (i32.const 12))
    (func $helper)
    (func $run (export "run") (param $reg i32) (result i32)
          (local $fp i32) (local $big i64) (local $f f32) (local $d f64) (local $lo i32) (local $hi i32)
      i32.const 1000  local.set $fp
      i64.const -5  local.set $big  f32.const 2.5  local.set $f  f64.const 0.125  local.set $d
      i32.const 7  local.set $lo  i32.const -1  local.set $hi
      i32.const 77
      nop
      drop
      local.get $reg)))";

/// What a compiler would say of that guest. The frame base is local 1, which is 1000.
struct Bank : LiteralSymbols {
    explicit Bank(const Module& module)
    {
        const FuncMeta& meta = module.meta(FuncIndex { 1 });
        begin = meta.code_offset;
        end = meta.end_offset;
        const auto file = add_file("/src/bank.c");
        const auto other_file = add_file("/src/other.c");
        add_types();
        function = add_function({ .name = "bank::run",
            .ranges = { { begin, end } },
            .frame_base = test::in_wasm(0, 1),
            .result = int_,
            .declared = { file, 10 } });
        block = block_of(function);
        rows = { { { begin, end }, { file, 12, 1 } } };
        add_variables(file, other_file);
    }

    void add_types()
    {
        int_ = add_basic("int", Kind::Signed, 4);
        unsigned_ = add_basic("unsigned int", Kind::Unsigned, 4);
        char_ = add_basic("char", Kind::Character, 1);
        short_ = add_basic("short", Kind::Signed, 2);
        byte_ = add_basic("unsigned char", Kind::Unsigned, 1);
        long_ = add_basic("long long", Kind::Signed, 8);
        float_ = add_basic("float", Kind::Float, 4);
        double_ = add_basic("double", Kind::Float, 8);
        bool_ = add_basic("_Bool", Kind::Bool, 1);
        text_ = add_pointer(char_);
        color_ = add_type({ .kind = Kind::Enum,
            .name = "Color",
            .size = 4,
            .target = int_,
            .is_signed = true,
            .enumerators = { { "RED", 1 }, { "GREEN", 2 }, { "BLUE", -3 } } });
        point_ = add_struct("point", 8, { { "x", int_, 0 }, { "y", int_, 4 } });
        const TypeId unnamed = add_struct("", 4, { { "hidden", int_, 0 } });
        account_ = add_struct("account", 32,
            { { "owner", text_, 0 }, { "balance", int_, 4 }, { "at", point_, 8 },
                { .name = "low", .type = unsigned_, .offset = 16, .bit_offset = 0, .bit_size = 3 },
                { .name = "high", .type = int_, .offset = 16, .bit_offset = 3, .bit_size = 5 },
                { "", unnamed, 20 } });
        types[static_cast<size_t>(account_) - 1].members.push_back({ "next", add_pointer(account_), 24 });
        account_t_ = add_type({ .kind = Kind::Typedef, .name = "account_t", .target = account_ });
        account_pointer_ = add_pointer(account_t_);
    }

    /// A class of libc++ whose members point to values of its template argument.
    TypeId add_library(const char* name, TypeId argument, std::initializer_list<const char*> pointers)
    {
        std::vector<source::Member> members;
        for (const char* pointer : pointers)
            members.push_back({ pointer, add_pointer(argument), 4 * members.size() });
        const TypeId type = add_struct(name, 4 * members.size(), members, source::Language::Cpp);
        types.back().arguments = { { "_Tp", argument } };
        return type;
    }

    void add_variables(source::FileId file, source::FileId other_file)
    {
        const auto local = [&](const char* name, TypeId type, source::Expression expression,
                               uint32_t line = 11) {
            add_local(block,
                { .name = name,
                    .type = type,
                    .declared = { file, line },
                    .locations = everywhere(expression) });
        };
        const auto frame = [&](const char* name, TypeId type, int64_t offset) {
            local(name, type, test::at_frame(offset));
        };
        frame("x", int_, 0);
        frame("p", account_pointer_, 4);
        frame("color", color_, 8);
        frame("count", unsigned_, 12);
        frame("list", add_array(int_, { 4 }), 16);
        frame("grid", add_array(int_, { 2, 3 }), 32);
        frame("name", add_array(char_, { 8 }), 56);
        frame("single", float_, 64);
        frame("precise", double_, 68);
        frame("wide", long_, 76);
        frame("tiny", char_, 84);
        frame("small", short_, 84);
        frame("flag", bool_, 88);
        frame("wild", add_type({ .kind = Kind::Const, .target = add_pointer(int_) }), 80);
        frame("callback", add_pointer(add_type({ .kind = Kind::Function })), 88);
        frame("self", add_type({ .kind = Kind::Reference, .size = 4, .target = point_ }), 4);
        frame("vec", add_library("std::__2::vector<int>", int_, { "__begin_", "__end_", "__cap_" }), 2000);
        frame("owner", add_library("std::__2::unique_ptr<point>", point_, { "__ptr_" }), 2012);
        add_local(block,
            { .kind = VariableKind::Static,
                .name = "calls",
                .type = int_,
                .locations = everywhere(test::at_address(1020)) });
        local("reg", int_, test::in_wasm(0, 0));
        local("by_address", point_, test::in_wasm(0, 1, false));
        local("big", long_, test::in_wasm(0, 2));
        local("f", float_, test::in_wasm(0, 3));
        local("d", double_, test::in_wasm(0, 4));
        local("low_byte", byte_, test::in_wasm(0, 6));
        local("operand", int_, test::in_wasm(2, 0));
        local("in_global", int_, test::in_wasm(1, 1));
        local("fixed", int_, test::in_wasm(1, 2));
        local("sum", int_, { 0xed, 0, 5, 0x23, 3, 0x9f });
        local("negative", long_, { 0x11, 0x7b, 0x9f });
        local("one_and_a_half", float_, { 0x0c, 0, 0, 0xc0, 0x3f, 0x9f });
        local("joined", long_,
            test::joined({ test::piece(test::in_wasm(0, 5), 4), test::piece(test::in_wasm(0, 6), 4) }));
        local("half", point_, test::joined({ test::piece(test::in_wasm(0, 5), 4), test::piece({}, 4) }));
        local("mixed", point_,
            test::joined({ test::piece(test::in_wasm(0, 5), 4), test::piece(test::at_frame(0), 4) }));
        local("entry", int_, { 0xa3, 3, 0xed, 0, 1, 0x9f });
        local("wrong", int_, { 0x22 });
        local("beyond", int_, test::in_wasm(0, 99));
        local("wasm_only", int_, test::at_frame(0));
        local("later", int_, test::at_frame(0), 99);
        add_local(block, { .name = "gone", .type = int_ });
        add_local(block,
            { .name = "elsewhere",
                .type = int_,
                .locations = {
                    { { 0x10, 0x20 }, test::at_frame(0) }, { { 0x30, 0x40 }, test::at_frame(0) } } });
        add_local(
            block, { .name = "constant", .type = short_, .constant = std::vector<uint8_t> { 0xfe, 0xff } });
        const size_t inner = add_block(
            { { .kind = source::Scope::Kind::Inlined, .name = "bank::inner", .ranges = { { begin, end } } },
                block });
        add_local(inner,
            { .name = "x",
                .type = int_,
                .declared = { file, 5 },
                .locations = everywhere(test::in_wasm(0, 0)) });
        const auto global = [&](const char* name, TypeId type, source::FileId of, uint32_t address,
                                VariableKind kind) {
            add_global({ .kind = kind,
                .name = name,
                .type = type,
                .declared = { of, 3 },
                .locations = everywhere(test::at_address(address)) });
        };
        global("bank::account", account_, file, 2000, VariableKind::Global);
        global("x", int_, file, 1016, VariableKind::Global);
        global("total", int_, other_file, 1020, VariableKind::Static);
        global("total", int_, file, 1024, VariableKind::Static);
        global("a::limit_", int_, other_file, 1016, VariableKind::Global);
        global("b::limit_", int_, other_file, 1020, VariableKind::Global);
    }

    TypeId int_, unsigned_, char_, short_, byte_, long_, float_, double_, bool_, text_, color_, point_,
        account_, account_t_, account_pointer_;
    CodeOffset begin, end;
    source::FunctionId function;
    size_t block;
};

/// Runs a callback at the first `nop` while the guest is stepped.
struct NopProbe : Probe {
    std::function<void(const Frame&)> at_nop;

    Wish fire(Thread& thread, Cause) override
    {
        const std::vector<Frame> frames = frames_of(thread);
        if (!frames[0].is_host() && frames[0].function->module().bytes()[frames[0].offset] == 0x01)
            at_nop(frames[0]);
        return Wish::Continue;
    }
};

struct Stopped : test::Guest {
    Stopped() : instance(instantiate(guest_text)), symbols(std::make_shared<Bank>(*instance.module)) {}

    /// Calls `look` once in the middle of `run(9)`.
    void run(const std::function<void(const Frame&)>& look)
    {
        NopProbe probe;
        probe.at_nop = look;
        thread.probes.set(ProbeRole::Session, &probe);
        set_stepping(thread, true);
        const auto outcome = invoke(thread, function(instance, "run"), std::vector { Value::i32(9) });
        thread.probes.set(ProbeRole::Session, nullptr);
        set_stepping(thread, false);
        EXPECT_TRUE(outcome.has_value());
    }
    SourceContext source(uint32_t level = 1) const { return { .symbols = symbols, .level = level }; }

    Instance& instance;
    std::shared_ptr<Bank> symbols;
};

std::string error_text(const Error& error)
{
    return error.offset ? fmt::format("{}: {}", *error.offset, error.message) : error.message;
}

/// `int 42`, `i32 7` for a number that only Wasm has, or `3: why not`.
std::string value_of(const Frame& frame, std::string_view text, const SourceContext& source)
{
    const auto result = evaluate_source(frame, text, source);
    if (!result)
        return error_text(result.error());
    if (!result->value)
        return result->text  ? "text " + *result->text
            : result->number ? result->number->type.to_text() + " " + result->number->to_text()
                             : "nothing";
    MemoryReader reader = result->reader(*frame.function->instance);
    return source::type_text(*result->symbols, result->value->type) + " "
        + source::render(reader, *result->value);
}

using Rows = std::vector<std::pair<std::string, std::string>>;

void check(const Rows& rows, uint32_t level = 1)
{
    Stopped guest;
    guest.run([&](const Frame& frame) {
        for (const auto& [text, value] : rows)
            EXPECT_EQ(value_of(frame, text, guest.source(level)), value) << text;
    });
}

TEST(SourceExpression, VariablesInMemory)
{
    check({ { "x", "int 42" }, { "count", "unsigned int 7" }, { "color", "Color BLUE" },
        { "single", "float 1.5" }, { "precise", "double 2.5" }, { "wide", "long long -2" },
        { "small", "short -56" }, { "flag", "_Bool true" }, { "name", "char [8] \"amber\"" },
        { "list", "int [4] {10, 20, 30, 40}" } });
}

TEST(SourceExpression, VariablesElsewhere)
{
    check({ { "reg", "int 9" }, { "big", "long long -5" }, { "f", "float 2.5" }, { "d", "double 0.125" },
        { "low_byte", "unsigned char 255" }, { "operand", "int 77" }, { "in_global", "int 11" },
        { "sum", "int 10" }, { "negative", "long long -5" }, { "one_and_a_half", "float 1.5" },
        { "joined", "long long -4294967289" }, { "constant", "short -2" },
        { "by_address", "struct point {x = 42, y = 2000}" },
        { "half", "struct point {x = 7, y = <optimized out>}" }, { "half.x", "int 7" },
        { "mixed", "struct point {x = 7, y = 42}" }, { "mixed.y", "int 42" } });
}

TEST(SourceExpression, WhatIsNotThereSaysWhy)
{
    check({ { "gone", "0: `gone` is optimized out" }, { "1 + gone", "4: `gone` is optimized out" },
        { "entry", "0: `entry` is optimized out" }, { "half.y", "4: `half` is optimized out" },
        { "elsewhere", "0: `elsewhere` is not here (from 0x10 to 0x20, from 0x30 to 0x40)" },
        { "wrong", "0: `wrong` is not known: DW_OP_plus lacks an operand" },
        { "beyond", "0: no local 99: the function has 7" } });
}

TEST(SourceExpression, Members)
{
    check({ { "p->balance", "int -100" }, { "p.balance", "int -100" }, { "(*p).balance", "int -100" },
        { "p->at", "struct point {x = 3, y = 4}" }, { "p->at.y", "int 4" }, { "p->next->at.x", "int 5" },
        { "p->low", "unsigned int 5" }, { "p->high", "int -3" }, { "p->hidden", "int 9" },
        { "p->owner", "char * 0x420 \"amber\"" }, { "*p->owner", "char 'a'" }, { "p->owner[1]", "char 'm'" },
        { "self.x", "int 1056" }, { "account.balance", "int -100" },
        { "p->balanse", "1: account_t has no member `balanse`; near: `balance`" },
        { "x.y", "1: int has no members" } });
}

TEST(SourceExpression, ElementsAndPointers)
{
    check({ { "list[2]", "int 30" }, { "list[x - 41]", "int 20" }, { "grid[1][2]", "int 6" },
        { "grid[1]", "int [3] {4, 5, 6}" }, { "*list", "int 10" }, { "*(list + 3)", "int 40" },
        { "&list[1]", "int * 0x3fc" }, { "&x", "int * 0x3e8" }, { "*&x", "int 42" },
        { "&list[3] - &list[1]", "i32 2" }, { "list + 1 == &list[1]", "i32 1" },
        { "&p->balance", "int * 0x7d4" }, { "p == null", "i32 0" }, { "p != 0", "i32 1" },
        { "(&x)[4]", "int 10" }, { "list[0]@2", "int [2] {10, 20}" },
        { "list[0]@(x - 40)", "int [2] {10, 20}" },
        { "list[0]@(x - 42)", "7: `@` takes a number of elements from 1 to 1048576, not 0" },
        { "(list[0]@x)[1]",
            "9: the number behind `@` must be a constant, unless the range is all that is shown" },
        { "(&x)[0] @ 1", "int [1] {42}" }, { "i32[1016]@3", "i32 [3] {10, 20, 30}" },
        { "*x", "0: `*` takes a pointer, not int" },
        { "&reg", "0: `reg` has no address: it is in local 0 (`$0`)" },
        { "half[0]", "4: point has no elements" },
        { "p + p", "2: `+` does not apply to account_t * and account_t *" } });
}

TEST(SourceExpression, ContainersAndSmartPointers)
{
    check({ { "vec[1]", "int 20" }, { "vec[x - 40] + 1", "i32 31" }, { "&vec[2]", "int * 0x400" },
        { "vec[3]", "3: index 3 is out of range: the size is 3" },
        { "vec[-1]", "3: index -1 is out of range: the size is 3" },
        { "vec[1.5]", "4: an index is an integer, not f64" }, { "*vec.__begin_", "int 10" },
        { "owner->y", "int 4" }, { "*owner", "struct point {x = 3, y = 4}" }, { "owner.x == 3", "i32 1" },
        { "&owner->y", "int * 0x7dc" }, { "owner->z", "5: point has no member `z`; near: `x`, `y`" } });
}

TEST(SourceExpression, Operators)
{
    check({ { "RED", "Color RED" }, { "GREEN + 1", "i32 3" }, { "true == flag", "i32 1" },
        { "false != flag", "i32 1" }, { "x & BLUE", "i32 40" }, { "x + 1", "i32 43" },
        { "x == 42 && p->balance < 0", "i32 1" }, { "count - 8", "i32 -1" }, { "small + tiny", "i32 -112" },
        { "-small", "i32 56" }, { "single * 2", "f32 3" }, { "wide + x", "i64 40" },
        { "flag ? x : 0", "i32 42" }, { "flag == true", "i32 1" }, { "!p", "i32 0" },
        { "color == BLUE", "i32 1" }, { "RED == color", "i32 0" }, { "Color::GREEN", "Color GREEN" },
        { "color == Color::BLUE", "i32 1" }, { "p->owner == \"amber\"", "i32 1" },
        { "name != \"amber\"", "i32 0" }, { "\"jade\" == p->owner", "i32 0" }, { "i32[&x]", "i32 42" },
        { "$reg + reg", "i32 18" }, { "p->at == p->at", "6: `==` does not apply to point and point" } });
}

TEST(SourceExpression, TypesAndSizes)
{
    check({ { "(char)x", "char '*'" }, { "(unsigned char) 300", "unsigned char 44" }, { "(int)2.9", "int 2" },
        { "(struct account *)2048", "struct account * 0x800" },
        { "((struct account *)2048)->balance", "int 7" }, { "((account_t *)i32[1004])->balance", "int -100" },
        { "*(short *)&small", "short -56" }, { "x as u8", "u8 42" }, { "x as long long", "long long 42" },
        { "(x) + 1", "i32 43" }, { "(x)", "int 42" }, { "sizeof(struct account)", "i32 32" },
        { "sizeof x", "i32 4" }, { "sizeof list", "i32 16" }, { "sizeof(list) / sizeof(list[0])", "i32 4" },
        { "sizeof(int *)", "i32 4" }, { "sizeof p->owner", "i32 4" }, { "(_Bool)x", "_Bool true" },
        { "(struct point)x", "0: there are no casts to `struct point`: cast a pointer to it" } });
}

TEST(SourceExpression, NamesAndScopes)
{
    check({ { "::x", "int 10" }, { "bank.c::x", "int 10" }, { "total", "int 30" },
        { "other.c::total", "int 20" }, { "bank::account.balance", "int -100" }, { "wasm_only", "int 42" },
        { "$wasm_only", "i32 11" }, { "limit", "i32 12" }, { "$0", "i32 9" }, { "local[0]", "i32 9" },
        { "later", "int 42" }, { "a::limit_", "int 10" },
        { "limit_", "0: `limit_` is the name of several variables: write `a::limit_` or `b::limit_`" },
        { "$x", "0: no local or global is called `x`; near: `f`, `d`" },
        { "coumt", "0: no variable is called `coumt`; near: `count`" },
        { "::nothing", "0: no variable is called `::nothing`" }, { "'bank.c'::x", "int 10" },
        { "\"bank.c\"::x", "int 10" }, { "run::calls", "int 20" }, { "'bank::run'::calls", "int 20" },
        { "p->'balance'", "int -100" }, { "p->@\"balance\"", "int -100" },
        { "run::nothing", "0: no variable is called `run::nothing`" },
        { "f(1)",
            "0: `f` cannot be called here: only `print` and `call` call functions, and the call must be "
            "the whole expression" } });
    check({ { "x", "int 9" }, { "list", "0: no variable is called `list`" } }, 0);
}

TEST(SourceExpression, FunctionsByName) { check({ { "bank::run", "(ref 1) func run" } }); }

TEST(SourceExpression, WithoutDebugInformation)
{
    Stopped guest;
    guest.run([](const Frame& frame) {
        const Rows rows = { { "reg", "i32 9" }, { "wasm_only + 1", "i32 12" },
            { "i32[1016]@2", "i32 [2] {10, 20}" },
            { "a::b", "0: there is no debug information: only names of WebAssembly are known" },
            { "(reg) 5", "6: an operator or the end expected, but found `5`" },
            { "*reg", "0: `*` takes a pointer of the source, not i32: memory is read with `i32[..]`" },
            { "f(1)",
                "0: no function is called `f`: there are casts to `i8` .. `f64`, `is_null`, `length` and "
                "`size`" } };
        for (const auto& [text, value] : rows)
            EXPECT_EQ(value_of(frame, text, {}), value) << text;
    });
}

// -- Assignments

struct Written {
    std::string assignment;
    std::string read;
    std::string value;
};

TEST(SourceExpression, Assignments)
{
    Stopped guest;
    guest.run([&](const Frame& frame) {
        const std::vector<Written> rows = { { "x = 5", "x", "int 5" }, { "x += 2", "x", "int 7" },
            { "p->balance = x", "account.balance", "int 7" }, { "p->high = 4", "p->high", "int 4" },
            { "p->low = 2", "p->low", "unsigned int 2" }, { "p->low = 3", "p->high", "int 4" },
            { "list[1] = -1", "list", "int [4] {10, -1, 30, 40}" }, { "color = RED", "color", "Color RED" },
            { "color = Color::GREEN", "color", "Color GREEN" }, { "single = 0.25", "single", "float 0.25" },
            { "wide = x", "wide", "long long 7" }, { "flag = false", "flag", "_Bool false" },
            { "reg = 1000", "$0", "i32 1000" }, { "low_byte = 200", "low_byte", "unsigned char 200" },
            { "big = -7", "$2", "i64 -7" }, { "f = 1.25", "$3", "f32 1.25" },
            { "operand = 3", "stack[0]", "i32 3" }, { "in_global = 4", "$wasm_only", "i32 4" },
            { "half.x = 6", "$5", "i32 6" }, { "joined = 0x100000002", "joined", "long long 4294967298" },
            { "joined = 1", "$6", "i32 0" }, { "mixed.y = 8", "x", "int 8" },
            { "*p->owner = 'A'", "name", "char [8] \"Amber\"" }, { "p = null", "p == 0", "i32 1" },
            { "tiny = 'b'", "tiny", "char 'b'" } };
        for (const auto& [text, read, value] : rows) {
            const auto done = assign(frame, text, guest.source());
            EXPECT_TRUE(done) << text << ": " << (done ? "" : done.error().message);
            if (!value.empty()) {
                EXPECT_EQ(value_of(frame, read, guest.source()), value) << text;
            }
        }
        const Rows refused = { { "constant = 1", "0: `constant` cannot be set: it is a constant" },
            { "sum = 1", "0: `sum` cannot be set: it is computed from other values" },
            { "gone = 1", "0: `gone` is optimized out" }, { "fixed = 1", "0: the global is immutable" },
            { "half.y = 1", "4: `half` is optimized out" },
            { "x = 1.5", "4: f64 does not fit into a place of int: write i32(..)" },
            { "p->low = 9", "9: 9 does not fit into 3 bits" },
            { "p->at = 1", "1: point is not a number: assign its members or elements" },
            { "color = PURPLE", "8: no variable is called `PURPLE`" } };
        for (const auto& [text, error] : refused) {
            const auto done = assign(frame, text, guest.source());
            EXPECT_EQ(done ? "done" : error_text(done.error()), error) << text;
        }
    });
}

// -- Places to watch

std::string place_text(const Frame& frame, std::string_view text, const SourceContext& source)
{
    const auto place = find_place(frame, text, source);
    if (!place)
        return error_text(place.error());
    if (const auto* range = std::get_if<MemoryRange>(&*place))
        return fmt::format("{} bytes at {}", range->size, range->address);
    if (const auto* local = std::get_if<FrameLocal>(&*place))
        return fmt::format("local {}", local->index);
    return std::holds_alternative<Global*>(*place) ? "a global" : "a slot";
}

TEST(SourceExpression, PlacesToWatch)
{
    Stopped guest;
    guest.run([&](const Frame& frame) {
        const Rows rows = { { "x", "4 bytes at 1000" }, { "p->balance", "4 bytes at 2004" },
            { "p->at", "8 bytes at 2008" }, { "list", "16 bytes at 1016" },
            { "list[1]@2", "8 bytes at 1020" }, { "p->high", "1 bytes at 2016" }, { "reg", "local 0" },
            { "big", "local 2" }, { "in_global", "a global" }, { "half.x", "local 5" }, { "$0", "local 0" },
            { "gone", "0: `gone` is optimized out" },
            { "sum", "0: `sum` cannot be watched: it is computed from other values" },
            { "operand", "0: `operand` cannot be watched: it is in operand 0 (`stack[0]`)" } };
        for (const auto& [text, place] : rows)
            EXPECT_EQ(place_text(frame, text, guest.source()), place) << text;
        EXPECT_TRUE(std::holds_alternative<MemoryRange>(
            evaluate_source(frame, "p->at", guest.source())->place.value()));
    });
}

// -- Conditions and messages

TEST(SourceExpression, ConditionsAreGuardsLikeThoseOfWebAssembly)
{
    Stopped guest;
    guest.run([&](const Frame& frame) {
        const Scope scope = *Scope::of(frame, guest.source());
        const auto guard = [&](std::string_view text) {
            const auto expression = Expression::compile_condition(text, scope);
            EXPECT_TRUE(expression) << text;
            return expression ? expression->guard() : Guard();
        };
        EXPECT_EQ(guard("x == 5000000"), guard("i32[$1] == 5000000"));
        EXPECT_EQ(guard("count == 7"), guard("u32[u32($1) + 12] == 7"));
        EXPECT_EQ(guard("reg == 3"), guard("$0 == 3"));
        for (const char* text : { "p->balance < 0", "list[x] == 1", "p->next->at.x == 5", "p->high == -3",
                 "color == BLUE", "p->low == 5 && x > 2", "account.balance == 1", "sum == 10" })
            EXPECT_FALSE(guard(text).empty()) << text;
    });
}

TEST(SourceExpression, Messages)
{
    Stopped guest;
    guest.run([&](const Frame& frame) {
        const Scope scope = *Scope::of(frame, guest.source());
        const auto message = LogMessage::compile("{p->owner} at {p->at}, {x} {x:x} {$0} {color}", scope);
        ASSERT_TRUE(message) << message.error().message;
        EXPECT_EQ(message->text(frame), "0x420 \"amber\" at {x = 3, y = 4}, 42 0x2a 9 BLUE");
        EXPECT_TRUE(message->is_slow());
        EXPECT_FALSE(LogMessage::compile("{$0} {cstr[1056]}", scope)->is_slow());
        EXPECT_EQ(LogMessage::compile("{p->at:x}", scope).error().message, "only integers have a format");
    });
}

TEST(SourceExpression, BeforeThePrologueEnds)
{
    Stopped guest;
    guest.symbols->rows = { { { guest.symbols->begin, guest.symbols->end - 2 }, { {}, 10, 1 } },
        { { guest.symbols->end - 2, guest.symbols->end }, { {}, 11, 1 }, true, true } };
    guest.run([&](const Frame& frame) {
        EXPECT_EQ(value_of(frame, "x", guest.source()),
            fmt::format("0: `x` is not set up yet (from {:#x}, line 11)", guest.symbols->end - 2));
        EXPECT_EQ(value_of(frame, "reg", guest.source()), "int 9");
        guest.symbols->functions[0].frame_base = test::in_wasm(1, 0);
        EXPECT_EQ(value_of(frame, "x", guest.source()), "int 42");
    });
}

TEST(SourceExpression, WithoutAFrameStaticsRemain)
{
    Stopped guest;
    const auto result = evaluate_source(guest.instance, "account.balance", guest.source());
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(result->number, Value::i32(static_cast<uint32_t>(-100)));
    EXPECT_EQ(evaluate_source(guest.instance, "reg + 1", guest.source()).error().message,
        "no variable is called `reg`");
}

TEST(SourceExpression, HostileTypes)
{
    Stopped guest;
    auto& types = guest.symbols->types;
    // A typedef of itself, a struct that contains itself, a pointer to itself.
    types[static_cast<size_t>(guest.symbols->account_t_) - 1].target = guest.symbols->account_t_;
    types[static_cast<size_t>(guest.symbols->point_) - 1].members = { { "", guest.symbols->point_, 0 } };
    types[static_cast<size_t>(guest.symbols->text_) - 1].target = guest.symbols->text_;
    guest.run([&](const Frame& frame) {
        EXPECT_THAT(value_of(frame, "p->balance", guest.source()), testing::HasSubstr("has no members"));
        EXPECT_THAT(value_of(frame, "by_address.z", guest.source()), testing::HasSubstr("has no member"));
        EXPECT_THAT(value_of(frame, "**account.owner", guest.source()), testing::HasSubstr("out of bounds"));
    });
}

} // namespace
} // namespace vitrine::core::eval
