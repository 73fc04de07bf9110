// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "support/row_guests.h"

#include <array>
#include <map>

namespace vitrine::core::test {

namespace {

constexpr std::string_view environment = R"(
  (type $callee (func (param i32 i64) (result i64)))
  (type $callee_w (func (param v128 i32) (result v128)))
  (type $tail_n (func (param i32) (result i32 i64)))
  (type $tail_w (func (param i32) (result i32 v128 i64)))
  (type $struct (struct (field (mut i32)) (field (mut i8)) (field (mut anyref))))
  (type $wide_struct (struct (field (mut i8)) (field (mut v128)) (field (mut i64))))
  (type $bytes (array (mut i8)))
  (type $longs (array (mut i64)))
  (type $vectors (array (mut v128)))
  (type $funcs (array (mut funcref)))
  (table $t 4 8 funcref)
  (table $u 4 8 funcref)
  (memory $m 1 3)
  (memory $shared 1 3 shared)
  (memory $long i64 1 3 shared)
  (tag $e (param i64))
  (tag $wide (param v128 i32))
  (global $g (mut i64) (i64.const 5))
  (global $mark (mut i32) (i32.const 7))
  (global $wide (mut v128) (v128.const i32x4 1 2 3 4))
  (elem (table $t) (i32.const 0) func $callee $tail_n $tail_w)
  (elem $elem funcref (ref.func $callee) (ref.null func))
  (elem declare func $callee $tail_n $tail_w)
  (data (memory $m) (i32.const 0) "0123456789abcdef0123456789abcdef0123456789abcdef")
  (data (memory $shared) (i32.const 0) "0123456789abcdef0123456789abcdef0123456789abcdef")
  (data (memory $long) (i64.const 0) "0123456789abcdef0123456789abcdef0123456789abcdef")
  (data $data "0123456789abcdef")
)";

/// The functions that the snippets call.
constexpr std::string_view callees = R"(
  (func $callee (type $callee) nop local.get 1 local.get 0 i64.extend_i32_s i64.sub)
  (func $callee_w (type $callee_w) nop local.get 0)
  (func $tail_n (type $tail_n) nop global.get $mark local.get 0 i64.extend_i32_s)
  (func $tail_w (type $tail_w) nop global.get $mark global.get $wide local.get 0 i64.extend_i32_s)
)";

/// A body for an instruction for which the table is not enough to make one. `@` stands for n in a
/// function without v128 and for w in one with v128; `#` is the index in table $t of the function
/// that $tail_@ calls.
struct Snippet {
    Op op;
    std::string_view results;
    std::string_view body;
    std::string_view operands;
    std::string_view next;
    std::string_view outcome;
};

constexpr Snippet snippets[] = {
    { Op::Unreachable, "", "unreachable", "", "trap: unreachable", "failed: unreachable" },
    { Op::Block, "i64", "i64.const 3 block (param i64) (result i64) end", "i64 3", "", "3" },
    { Op::Loop, "i64", "i64.const 3 loop (param i64) (result i64) end", "i64 3", "", "3" },
    { Op::If, "i64", "i32.const 0 if (result i64) i64.const 1 else i64.const 2 end", "i32 0", "i64.const 2",
        "2" },
    { Op::Else, "i64", "i32.const 1 if (result i64) i64.const 1 else i64.const 2 end", "i64 1", "end", "1" },
    { Op::Try, "i64", "try (result i64) i64.const 1 catch_all i64.const 2 end", "", "", "1" },
    { Op::Catch, "i64", "try (result i64) i64.const 1 catch $e end", "i64 1", "end", "1" },
    { Op::Throw, "i64", "block (result i64) try_table (catch $e 0) i64.const 5 throw $e end unreachable end",
        "i64 5", "end", "5" },
    { Op::Rethrow, "i64",
        "try (result i64) try (result i64) i64.const 5 throw $e catch $e rethrow 0 end catch $e end", "i64 5",
        "end", "5" },
    { Op::ThrowRef, "i64", R"(block $out (result i64) try_table (catch $e $out)
        block $in (result i64 exnref) try_table (catch_ref $e $in) i64.const 5 throw $e end unreachable end
        throw_ref end unreachable end)",
        "i64 5, exnref exception {5}", "end", "5" },
    { Op::End, "i64", "i64.const 5", "i64 5", "ended", "5" },
    { Op::Br, "i64", "block (result i64) i32.const 1 i64.const 5 br 0 end", "i32 1, i64 5", "end", "5" },
    { Op::BrIf, "i64", "block (result i64) i64.const 5 i32.const 1 br_if 0 drop i64.const 6 end",
        "i64 5, i32 1", "end", "5" },
    { Op::BrTable, "i64", "block (result i64) i64.const 5 i32.const 9 br_table 0 0 0 end", "i64 5, i32 9",
        "end", "5" },
    { Op::Return, "i64", "i64.const 5 return", "i64 5", "ended", "5" },
    { Op::Delegate, "i64",
        "try (result i64) try (result i64) i64.const 1 delegate 0 catch_all i64.const 2 end", "i64 1", "",
        "1" },
    { Op::CatchAll, "i64", "try (result i64) i64.const 1 catch_all i64.const 2 end", "i64 1", "end", "1" },
    { Op::TryTable, "i64",
        "block (result i64) i64.const 4 try_table (param i64) (result i64) (catch $e 0) end end", "i64 4", "",
        "4" },
    { Op::BrOnNull, "i64", "block (result i64) i64.const 5 ref.null any br_on_null 0 drop end",
        "i64 5, anyref null", "end", "5" },
    { Op::BrOnNonNull, "i32",
        "block (result (ref i31)) i32.const 5 ref.i31 br_on_non_null 0 unreachable end i31.get_s",
        "(ref i31) i31 5", "i31.get_s", "5" },
    { Op::BrOnCast, "i32",
        "block (result i31ref) i32.const 5 ref.i31 br_on_cast 0 anyref i31ref drop ref.null i31 end "
        "i31.get_s",
        "(ref i31) i31 5", "i31.get_s", "5" },
    { Op::BrOnCastFail, "i32",
        R"(block (result anyref) i32.const 5 ref.i31 br_on_cast_fail 0 anyref (ref struct)
        unreachable end ref.cast (ref i31) i31.get_s)",
        "(ref i31) i31 5", "ref.cast (ref i31)", "5" },

    { Op::Call, "i64", "i32.const 1 i64.const 2 call $callee", "i32 1, i64 2", "nop", "1" },
    { Op::CallIndirect, "i64", "i32.const 1 i64.const 2 i32.const 0 call_indirect $t (type $callee)",
        "i32 1, i64 2, i32 0", "nop", "1" },
    { Op::ReturnCall, "i64", "i32.const 3 return_call $tail_@", "i32 3", "nop", "3" },
    { Op::ReturnCallIndirect, "i64", "i32.const 3 i32.const # return_call_indirect $t (type $tail_@)",
        "i32 3, i32 #", "nop", "3" },
    { Op::CallRef, "i64", "i32.const 1 i64.const 2 ref.func $callee call_ref $callee",
        "i32 1, i64 2, (ref $callee) func callee", "nop", "1" },
    { Op::ReturnCallRef, "i64", "i32.const 3 ref.func $tail_@ return_call_ref $tail_@",
        "i32 3, (ref $tail_@) func tail_@", "nop", "3" },

    { Op::Drop, "", "i64.const 5 drop", "i64 5", "", "" },
    { Op::Select, "i64", "i64.const 5 i64.const 6 i32.const 0 select", "i64 5, i64 6, i32 0", "", "6" },
    { Op::SelectTyped, "i64", "i64.const 5 i64.const 6 i32.const 1 select (result i64)",
        "i64 5, i64 6, i32 1", "", "5" },
    { Op::LocalGet, "i64", "i64.const 8 local.set $x local.get $x", "", "", "8" },
    { Op::LocalSet, "i64", "i64.const 8 local.set $x local.get $x", "i64 8", "", "8" },
    { Op::LocalTee, "i64", "i64.const 8 local.tee $x", "i64 8", "", "8" },
    { Op::GlobalGet, "i64", "global.get $g", "", "", "5" },
    { Op::GlobalSet, "i64", "i64.const 8 global.set $g global.get $g", "i64 8", "", "8" },

    { Op::TableGet, "i32", "i32.const 3 table.get $t ref.is_null", "i32 3", "", "1" },
    { Op::TableSet, "i32", "i32.const 0 ref.null func table.set $t i32.const 0 table.get $t ref.is_null",
        "i32 0, funcref null", "", "1" },
    { Op::TableInit, "i32",
        "i32.const 3 i32.const 0 i32.const 1 table.init $u $elem i32.const 3 table.get $u ref.is_null",
        "i32 3, i32 0, i32 1", "", "0" },
    { Op::TableCopy, "i32",
        "i32.const 3 i32.const 0 i32.const 1 table.copy $u $t i32.const 3 table.get $u ref.is_null",
        "i32 3, i32 0, i32 1", "", "0" },
    { Op::TableGrow, "i32", "ref.func $callee i32.const 2 table.grow $t", "(ref $callee) func callee, i32 2",
        "", "4" },
    { Op::TableSize, "i32", "table.size $t", "", "", "4" },
    { Op::TableFill, "i32",
        "i32.const 3 ref.func $callee i32.const 1 table.fill $u i32.const 3 table.get $u ref.is_null",
        "i32 3, (ref $callee) func callee, i32 1", "", "0" },
    { Op::MemorySize, "i32", "memory.size", "", "", "1" },
    { Op::MemoryGrow, "i32", "i32.const 1 memory.grow $shared", "i32 1", "", "1" },
    { Op::MemoryInit, "i32",
        "i32.const 64 i32.const 1 i32.const 2 memory.init $data i32.const 64 i32.load16_u",
        "i32 64, i32 1, i32 2", "", "12849" },
    { Op::MemoryCopy, "i32",
        "i32.const 64 i32.const 1 i32.const 2 memory.copy $m $shared i32.const 64 i32.load16_u",
        "i32 64, i32 1, i32 2", "", "12849" },
    { Op::MemoryFill, "i32", "i32.const 64 i32.const 1 i32.const 2 memory.fill i32.const 64 i32.load16_u",
        "i32 64, i32 1, i32 2", "", "257" },

    { Op::I64Add128, "i64 i64", "i64.const -1 i64.const 2 i64.const 3 i64.const 4 i64.add128",
        "i64 -1, i64 2, i64 3, i64 4", "", "2 7" },
    { Op::I64Sub128, "i64 i64", "i64.const 1 i64.const 2 i64.const 3 i64.const 4 i64.sub128",
        "i64 1, i64 2, i64 3, i64 4", "", "-2 -3" },
    { Op::I64MulWideS, "i64 i64", "i64.const -2 i64.const 3 i64.mul_wide_s", "i64 -2, i64 3", "", "-6 -1" },
    { Op::I64MulWideU, "i64 i64", "i64.const -2 i64.const 3 i64.mul_wide_u", "i64 -2, i64 3", "", "-6 2" },

    { Op::RefNull, "i32", "ref.null $struct ref.is_null", "", "", "1" },
    { Op::RefIsNull, "i32", "ref.null extern ref.is_null", "externref null", "", "1" },
    { Op::RefFunc, "i32", "ref.func $callee ref.is_null", "", "", "0" },
    { Op::RefEq, "i32", "i32.const 5 ref.i31 i32.const 5 ref.i31 ref.eq", "(ref i31) i31 5, (ref i31) i31 5",
        "", "1" },
    { Op::RefAsNonNull, "i32", "i32.const 0 table.get $t ref.as_non_null ref.is_null", "funcref func callee",
        "", "0" },
    { Op::StructNew, "i32",
        "i32.const 1 i32.const 2 i32.const 5 ref.i31 struct.new $struct struct.get_u $struct 1",
        "i32 1, i32 2, (ref i31) i31 5", "", "2" },
    { Op::StructNewDefault, "i32", "struct.new_default $struct struct.get $struct 0", "", "", "0" },
    { Op::StructGet, "i32", "i32.const 1 i32.const 2 ref.null any struct.new $struct struct.get $struct 0",
        "(ref $struct) struct {1, 2, null}", "", "1" },
    { Op::StructGetS, "i32",
        "i32.const 1 i32.const 0x1fe ref.null any struct.new $struct struct.get_s $struct 1",
        "(ref $struct) struct {1, 254, null}", "", "-2" },
    { Op::StructGetU, "i32",
        "i32.const 1 i32.const 0x1fe ref.null any struct.new $struct struct.get_u $struct 1",
        "(ref $struct) struct {1, 254, null}", "", "254" },
    { Op::StructSet, "", "struct.new_default $struct i32.const 0x1fe struct.set $struct 1",
        "(ref $struct) struct {0, 0, null}, i32 510", "", "" },
    { Op::ArrayNew, "i32", "i64.const 7 i32.const 3 array.new $longs array.len", "i64 7, i32 3", "", "3" },
    { Op::ArrayNewDefault, "i32", "i32.const 3 array.new_default $longs array.len", "i32 3", "", "3" },
    { Op::ArrayNewFixed, "i32", "i64.const 7 i64.const 8 array.new_fixed $longs 2 array.len", "i64 7, i64 8",
        "", "2" },
    { Op::ArrayNewData, "i32", "i32.const 1 i32.const 3 array.new_data $bytes $data array.len",
        "i32 1, i32 3", "", "3" },
    { Op::ArrayNewElem, "i32", "i32.const 0 i32.const 2 array.new_elem $funcs $elem array.len",
        "i32 0, i32 2", "", "2" },
    { Op::ArrayGet, "i64", "i64.const 7 i64.const 8 array.new_fixed $longs 2 i32.const 1 array.get $longs",
        "(ref $longs) array[2] {7, 8}, i32 1", "", "8" },
    { Op::ArrayGetS, "i32", "i32.const 200 i32.const 2 array.new $bytes i32.const 1 array.get_s $bytes",
        "(ref $bytes) array[2] {200, 200}, i32 1", "", "-56" },
    { Op::ArrayGetU, "i32", "i32.const 200 i32.const 2 array.new $bytes i32.const 1 array.get_u $bytes",
        "(ref $bytes) array[2] {200, 200}, i32 1", "", "200" },
    { Op::ArraySet, "", "i64.const 7 i32.const 2 array.new $longs i32.const 1 i64.const 9 array.set $longs",
        "(ref $longs) array[2] {7, 7}, i32 1, i64 9", "", "" },
    { Op::ArrayLen, "i32", "ref.null func i32.const 2 array.new $funcs array.len",
        "(ref $funcs) array[2] {null, null}", "", "2" },
    { Op::ArrayFill, "",
        "i64.const 7 i32.const 2 array.new $longs i32.const 0 i64.const 9 i32.const 2 array.fill $longs",
        "(ref $longs) array[2] {7, 7}, i32 0, i64 9, i32 2", "", "" },
    { Op::ArrayCopy, "", R"(i32.const 1 i32.const 2 array.new $bytes i32.const 1
        i32.const 0 i32.const 3 array.new_data $bytes $data i32.const 2 i32.const 1 array.copy $bytes $bytes)",
        "(ref $bytes) array[2] {1, 1}, i32 1, (ref $bytes) array[3] {48, 49, 50}, i32 2, i32 1", "", "" },
    { Op::ArrayInitData, "", R"(i32.const 1 i32.const 2 array.new $bytes i32.const 0 i32.const 1 i32.const 2
        array.init_data $bytes $data)",
        "(ref $bytes) array[2] {1, 1}, i32 0, i32 1, i32 2", "", "" },
    { Op::ArrayInitElem, "", R"(ref.null func i32.const 2 array.new $funcs i32.const 1 i32.const 0 i32.const 1
        array.init_elem $funcs $elem)",
        "(ref $funcs) array[2] {null, null}, i32 1, i32 0, i32 1", "", "" },
    { Op::RefTest, "i32", "i32.const -5 ref.i31 ref.test (ref i31)", "(ref i31) i31 -5", "", "1" },
    { Op::RefTestNull, "i32", "ref.null any ref.test (ref null $struct)", "anyref null", "", "1" },
    { Op::RefCast, "i32", "struct.new_default $struct ref.cast (ref $struct) ref.is_null",
        "(ref $struct) struct {0, 0, null}", "", "0" },
    { Op::RefCastNull, "i32", "ref.null any ref.cast (ref null $bytes) ref.is_null", "anyref null", "", "1" },
    { Op::AnyConvertExtern, "i32",
        "i32.const 5 ref.i31 extern.convert_any any.convert_extern ref.test (ref i31)", "(ref extern) i31 5",
        "", "1" },
    { Op::ExternConvertAny, "i32",
        "i32.const 5 ref.i31 extern.convert_any any.convert_extern ref.test (ref i31)", "(ref i31) i31 5", "",
        "1" },
    { Op::RefI31, "i32", "i32.const -1 ref.i31 i31.get_u", "i32 -1", "", "2147483647" },
    { Op::I31GetS, "i32", "i32.const -1 ref.i31 i31.get_s", "(ref i31) i31 -1", "", "-1" },
    { Op::I31GetU, "i32", "i32.const -1 ref.i31 i31.get_u", "(ref i31) i31 -1", "", "2147483647" },
};

#define A_TEXT "i32x4 0x00000005 0x00000006 0x00000007 0x00000008"
#define B_TEXT "i32x4 0x00000001 0x00000002 0x00000003 0x00000004"
#define A "v128.const i32x4 5 6 7 8 "
#define B "v128.const i32x4 1 2 3 4 "

/// The same instructions with a v128.
constexpr Snippet wide_snippets[] = {
    { Op::Block, "v128", A "block (param v128) (result v128) end", "v128 " A_TEXT, "", A_TEXT },
    { Op::Loop, "v128", A "loop (param v128) (result v128) end", "v128 " A_TEXT, "", A_TEXT },
    { Op::If, "v128", A "i32.const 0 if (param v128) (result v128) else drop " B "end",
        "v128 " A_TEXT ", i32 0", "drop", B_TEXT },
    { Op::Else, "v128", "i32.const 1 if (result v128) " A "else " B "end", "v128 " A_TEXT, "end", A_TEXT },
    { Op::Try, "v128", A "try (param v128) (result v128) catch_all " B "end", "v128 " A_TEXT, "", A_TEXT },
    { Op::Catch, "v128 i32", "try (result v128 i32) " A "i32.const 1 catch $wide end",
        "v128 " A_TEXT ", i32 1", "end", A_TEXT " 1" },
    { Op::Throw, "v128 i32", R"(block (result v128 i32) try_table (catch $wide 0) i64.const 9
        v128.const i32x4 5 6 7 8 i32.const 1 throw $wide end unreachable end)",
        "i64 9, v128 " A_TEXT ", i32 1", "end", A_TEXT " 1" },
    { Op::Rethrow, "v128 i32",
        "try (result v128 i32) " A "try (result v128 i32) " B R"(i32.const 1 throw $wide
        catch $wide rethrow 0 end unreachable catch $wide end)",
        "v128 " A_TEXT ", v128 " B_TEXT ", i32 1", "end", B_TEXT " 1" },
    { Op::ThrowRef, "v128 i32", R"(block $out (result v128 i32) try_table (catch $wide $out)
        block $in (result v128 i32 exnref) try_table (catch_ref $wide $in)
        v128.const i32x4 5 6 7 8 i32.const 1 throw $wide end unreachable end throw_ref end unreachable end)",
        "v128 " A_TEXT ", i32 1, exnref exception {" A_TEXT ", 1}", "end", A_TEXT " 1" },
    { Op::End, "v128", A, "v128 " A_TEXT, "ended", A_TEXT },
    { Op::Br, "v128", "block (result v128) i32.const 1 " B A "br 0 end",
        "i32 1, v128 " B_TEXT ", v128 " A_TEXT, "end", A_TEXT },
    { Op::BrIf, "v128", "block (result v128) i32.const 1 " A "i32.const 1 br_if 0 drop drop " B "end",
        "i32 1, v128 " A_TEXT ", i32 1", "end", A_TEXT },
    { Op::BrTable, "v128", "block (result v128) i32.const 1 " A "i32.const 0 br_table 0 0 end",
        "i32 1, v128 " A_TEXT ", i32 0", "end", A_TEXT },
    { Op::Return, "v128", "i32.const 7 local.get $w " A "return", "i32 7, v128 " B_TEXT ", v128 " A_TEXT,
        "ended", A_TEXT },
    { Op::BrOnNull, "v128", "block (result v128) i32.const 1 " A "ref.null any br_on_null 0 unreachable end",
        "i32 1, v128 " A_TEXT ", anyref null", "end", A_TEXT },
    { Op::BrOnNonNull, "v128 i32", R"(block (result v128 (ref i31)) i32.const 1 v128.const i32x4 5 6 7 8
        i32.const 5 ref.i31 br_on_non_null 0 unreachable end i31.get_s)",
        "i32 1, v128 " A_TEXT ", (ref i31) i31 5", "i31.get_s", A_TEXT " 5" },
    { Op::BrOnCast, "v128 i32", R"(block (result v128 i31ref) i32.const 1 v128.const i32x4 5 6 7 8
        i32.const 5 ref.i31 br_on_cast 0 anyref i31ref unreachable end i31.get_s)",
        "i32 1, v128 " A_TEXT ", (ref i31) i31 5", "i31.get_s", A_TEXT " 5" },
    { Op::Call, "v128", "i64.const 9 " A "i32.const 1 call $callee_w local.set $v drop local.get $v",
        "i64 9, v128 " A_TEXT ", i32 1", "nop", A_TEXT },
    { Op::ReturnCall, "i64", "i64.const 9 " A "i32.const 3 return_call $tail_w",
        "i64 9, v128 " A_TEXT ", i32 3", "nop", "3" },
    { Op::Drop, "", A "drop", "v128 " A_TEXT, "", "" },
    { Op::Select, "v128", A B "i32.const 1 select", "v128 " A_TEXT ", v128 " B_TEXT ", i32 1", "", A_TEXT },
    { Op::Select, "v128", A B "i32.const 0 select", "v128 " A_TEXT ", v128 " B_TEXT ", i32 0", "", B_TEXT },
    { Op::SelectTyped, "v128", A B "i32.const 0 select (result v128)",
        "v128 " A_TEXT ", v128 " B_TEXT ", i32 0", "", B_TEXT },
    { Op::LocalGet, "v128", A "local.set $v local.get $v", "", "", A_TEXT },
    { Op::LocalSet, "v128", A "local.set $v local.get $v", "v128 " A_TEXT, "", A_TEXT },
    { Op::LocalTee, "v128", A "local.tee $v", "v128 " A_TEXT, "", A_TEXT },
    { Op::GlobalGet, "v128", "global.get $wide", "", "", B_TEXT },
    { Op::GlobalSet, "v128", A "global.set $wide global.get $wide", "v128 " A_TEXT, "", A_TEXT },
    { Op::StructNew, "i64", "i32.const 2 " A "i64.const 3 struct.new $wide_struct struct.get $wide_struct 2",
        "i32 2, v128 " A_TEXT ", i64 3", "", "3" },
    { Op::StructGet, "v128", "i32.const 2 " A "i64.const 3 struct.new $wide_struct struct.get $wide_struct 1",
        "(ref $wide_struct) struct {2, " A_TEXT ", 3}", "", A_TEXT },
    { Op::StructSet, "", "struct.new_default $wide_struct " A "struct.set $wide_struct 1",
        "(ref $wide_struct) struct {0, i32x4 0x00000000 0x00000000 0x00000000 0x00000000, 0}, v128 " A_TEXT,
        "", "" },
    { Op::ArrayNew, "i32", A "i32.const 2 array.new $vectors array.len", "v128 " A_TEXT ", i32 2", "", "2" },
    { Op::ArrayNewFixed, "v128", A B "array.new_fixed $vectors 2 i32.const 1 array.get $vectors",
        "v128 " A_TEXT ", v128 " B_TEXT, "", B_TEXT },
    { Op::ArrayGet, "v128", A B "array.new_fixed $vectors 2 i32.const 0 array.get $vectors",
        "(ref $vectors) array[2] {" A_TEXT ", " B_TEXT "}, i32 0", "", A_TEXT },
    { Op::ArraySet, "", A "i32.const 1 array.new $vectors i32.const 0 " B "array.set $vectors",
        "(ref $vectors) array[1] {" A_TEXT "}, i32 0, v128 " B_TEXT, "", "" },
    { Op::ArrayFill, "", A "i32.const 1 array.new $vectors i32.const 0 " B "i32.const 1 array.fill $vectors",
        "(ref $vectors) array[1] {" A_TEXT "}, i32 0, v128 " B_TEXT ", i32 1", "", "" },
};

#undef A
#undef B
#undef A_TEXT
#undef B_TEXT

// -- Functions

std::string with(std::string_view text, bool is_wide)
{
    std::string result;
    for (const char character : text)
        result += character == '@' ? (is_wide ? 'w' : 'n')
            : character == '#'     ? (is_wide ? '2' : '1')
                                   : character;
    return result;
}

/// A constant in text form, and the text of its value. Each operand gets a different one.
struct Constant {
    std::string_view type;
    std::string_view instruction;
    std::array<std::string_view, 3> values;
};

const Constant& constant_of(ValueKind kind)
{
    static constexpr Constant constants[] = {
        {},
        { "i32", "i32.const", { "16", "33", "-305419896" } },
        { "i64", "i64.const", { "16", "1311768467463790321", "-77" } },
        { "f32", "f32.const", { "1.5", "-2.25", "3" } },
        { "f64", "f64.const", { "100.25", "-2.5", "7" } },
        { "v128", "v128.const",
            { "i32x4 0x03020100 0x07060504 0x0b0a0908 0x0f0e0d0c",
                "i32x4 0x3fc00000 0x40000000 0xc0600000 0x11121314",
                "i32x4 0xffffffff 0x00000000 0xffff0000 0x00ff00ff" } },
    };
    return constants[static_cast<size_t>(kind)];
}

std::string immediate_of(const OpInfo& row, std::string_view memory)
{
    const std::string access = " " + std::string(memory) + " offset=16";
    switch (row.immediate) {
    case Immediate::MemArg: return access;
    case Immediate::MemArgLane: return access + " 1";
    case Immediate::Lane: return " 1";
    case Immediate::Lanes16: return " 0 17 2 19 4 21 6 23 8 25 10 27 12 29 14 31";
    case Immediate::I32: return " -7";
    case Immediate::I64: return " -70000000000";
    case Immediate::F32: return " -0.1";
    case Immediate::F64: return " 1e300";
    case Immediate::V128: return " i32x4 1 2 3 0xffffffff";
    case Immediate::Elem: return " $elem";
    case Immediate::Data: return " $data";
    default: return "";
    }
}

/// Constants for the signature's operands, followed by the instruction.
std::string make_body(const OpInfo& row, std::string_view memory, std::string& operands)
{
    std::string body;
    for (uint8_t i = 0; i < row.signature.param_count; ++i) {
        const bool is_long_address = i == 0 && memory == "$long";
        const Constant& constant = constant_of(is_long_address ? ValueKind::I64 : row.signature.params[i]);
        body += std::string(constant.instruction) + " " + std::string(constant.values[i]) + " ";
        operands += (i == 0 ? "" : ", ") + std::string(constant.type) + " " + std::string(constant.values[i]);
    }
    return body + std::string(row.text) + immediate_of(row, memory);
}

/// The guests, and the text of their functions.
struct Guests {
    std::vector<RowGuest> list;
    std::string functions;

    Guests();
    void add(RowGuest guest, std::string_view results, const std::string& body);
    void add(const Snippet& snippet, bool is_wide)
    {
        add({ snippet.op, "", is_wide, with(snippet.operands, is_wide), std::string(snippet.next),
                std::string(snippet.outcome) },
            snippet.results, with(snippet.body, is_wide));
    }
    void add_row(Op op, bool is_wide, std::string_view memory)
    {
        RowGuest guest { op, "", is_wide, "", "", "" };
        const Signature& signature = info(op).signature;
        const std::string body = make_body(info(op), memory, guest.operands);
        add(std::move(guest), signature.has_result ? constant_of(signature.result).type : "", body);
    }
};

void Guests::add(RowGuest guest, std::string_view results, const std::string& body)
{
    guest.function = std::string(info(guest.op).text) + " " + std::to_string(list.size());
    const bool uses_local = guest.op == Op::LocalGet;
    const bool is_wide = guest.is_wide;
    functions += "  (func $\"" + guest.function + "\" (export \"" + guest.function + "\") (param $p i32)";
    functions += is_wide ? " (param $w v128) (result i32 v128 " : " (result i32 ";
    functions += std::string(results) + ") (local $x i64)" + (is_wide ? " (local $v v128)\n    " : "\n    ");
    functions += uses_local ? "global.get $mark " : "local.get $p ";
    if (is_wide)
        functions += uses_local ? "global.get $wide " : "local.get $w ";
    functions += body + ")\n";
    list.push_back(std::move(guest));
}

Guests::Guests()
{
    std::multimap<Op, const Snippet*> written, written_wide;
    for (const Snippet& snippet : snippets)
        written.emplace(snippet.op, &snippet);
    for (const Snippet& snippet : wide_snippets)
        written_wide.emplace(snippet.op, &snippet);
    for (size_t i = 0; i < op_table.size(); ++i) {
        const auto op = static_cast<Op>(i);
        const OpInfo& row = op_table[i];
        for (const bool is_wide : { false, true }) {
            for (auto [at, end] = written.equal_range(op); at != end; ++at)
                add(*at->second, is_wide);
            const bool has_memory = row.access_bytes != 0;
            if (!row.signature.is_poly)
                add_row(op, is_wide, row.shape == Shape::Atomic ? "$shared" : has_memory ? "$m" : "");
            if (!row.signature.is_poly && has_memory)
                add_row(op, is_wide, "$long");
        }
        for (auto [at, end] = written_wide.equal_range(op); at != end; ++at)
            add(*at->second, true);
    }
}

const Guests& guests()
{
    static const Guests all;
    return all;
}

} // namespace

const std::vector<RowGuest>& row_guests() { return guests().list; }

std::string_view row_environment() { return environment; }

std::string row_module()
{
    return "(module" + std::string(environment) + std::string(callees) + guests().functions + ")";
}

} // namespace vitrine::core::test
