// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/printer.h"

#include "support/module_builder.h"
#include "support/row_guests.h"
#include "support/wat.h"
#include "wasm/decoder.h"

#include <gtest/gtest.h>

#include <set>

namespace vitrine::core::test {
namespace {

std::unique_ptr<Module> decoded(const ByteVector& bytes)
{
    auto module = decode_module(bytes);
    EXPECT_TRUE(module.has_value()) << module.error().to_text();
    return std::move(*module);
}

TEST(Identifier, IsQuotedWhereWatWantsIt)
{
    EXPECT_EQ(identifier("main", "func", 3), "$main");
    EXPECT_EQ(identifier("_ZN3foo3barEv.llvm!#$%&'*+-./:<=>?@\\^_`|~", "func", 3),
        "$_ZN3foo3barEv.llvm!#$%&'*+-./:<=>?@\\^_`|~");
    EXPECT_EQ(identifier("a b", "func", 3), "$\"a b\"");
    EXPECT_EQ(identifier("f(\"x\")", "func", 3), "$\"f(\\\"x\\\")\"");
    EXPECT_EQ(identifier("", "func", 3), "func[3]");
}

/// A module whose entities all have names, and the text of instructions in it.
TEST(Printer, InstructionsUseNames)
{
    const auto module = decoded(wasm_of(R"((module
        (type $t (func (param i32) (result i32)))
        (type $s (struct (field i32)))
        (type $a (array i8))
        (import "env" "log" (func (param i32)))
        (table $first 1 funcref) (table $second 1 funcref)
        (memory $memory 1) (memory $other 1)
        (global $g i32 (i32.const 0))
        (tag $e)
        (elem $elem func) (data $data "")
        (func $f (param $x i32) (local i32))))"));
    const struct {
        const char* hex;
        const char* text;
    } table[] = {
        { "20 00", "local.get $x" },
        { "21 01", "local.set 1" },
        { "23 00", "global.get $g" },
        { "10 00", "call $env.log" },
        { "10 01", "call $f" },
        { "10 63", "call 99" },
        { "11 00 00", "call_indirect (type $t)" },
        { "11 00 01", "call_indirect $second (type $t)" },
        { "25 01", "table.get $second" },
        { "fc 0c 00 01", "table.init $second $elem" },
        { "fc 0e 01 00", "table.copy $second $first" },
        { "fc 0e 00 00", "table.copy" },
        { "fc 0d 00", "elem.drop $elem" },
        { "3f 00", "memory.size" },
        { "3f 01", "memory.size $other" },
        { "fc 0a 00 00", "memory.copy" },
        { "fc 0a 00 01", "memory.copy $memory $other" },
        { "fc 08 00 01", "memory.init $other $data" },
        { "28 02 00", "i32.load" },
        { "28 02 0c", "i32.load offset=12" },
        { "28 00 00", "i32.load align=1" },
        { "29 42 01 ff ff ff ff 1f", "i64.load $other offset=8589934591 align=4" },
        { "fd 54 00 00 0f", "v128.load8_lane 15" },
        { "fd 15 03", "i8x16.extract_lane_s 3" },
        { "fd 0d 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 1f",
            "i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 31" },
        { "fd 0c 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f",
            "v128.const i32x4 0x03020100 0x07060504 0x0b0a0908 0x0f0e0d0c" },
        { "41 7f", "i32.const -1" },
        { "42 80 80 80 80 80 80 80 80 80 7f", "i64.const -9223372036854775808" },
        { "43 cd cc cc 3d", "f32.const 0.1" },
        { "44 00 00 00 00 00 00 f8 7f", "f64.const nan" },
        { "02 40", "block" },
        { "03 7f", "loop (result i32)" },
        { "04 00", "if (param i32) (result i32)" },
        { "02 05", "block (type 5)" },
        { "0e 02 00 01 02", "br_table 0 1 2" },
        { "0d 07", "br_if 7" },
        { "1c 01 70", "select (result funcref)" },
        { "d0 70", "ref.null func" },
        { "d0 01", "ref.null $s" },
        { "d2 01", "ref.func $f" },
        { "fb 02 01 00", "struct.get $s 0" },
        { "fb 08 02 03", "array.new_fixed $a 3" },
        { "fb 09 02 00", "array.new_data $a $data" },
        { "fb 0a 02 00", "array.new_elem $a $elem" },
        { "fb 11 02 02", "array.copy $a $a" },
        { "fb 14 6e", "ref.test (ref any)" },
        { "fb 17 01", "ref.cast (ref null 1)" },
        { "fb 18 03 01 6e 6d", "br_on_cast 1 anyref eqref" },
        { "08 00", "throw $e" },
        { "1f 7f 04 00 00 01 01 00 02 02 03 03 04",
            "try_table (result i32) (catch $e 1) (catch_ref $e 2) (catch_all 3) (catch_all_ref 4)" },
        { "fe 03 00", "atomic.fence" },
        { "fe 1e 02 04", "i32.atomic.rmw.add offset=4" },
    };
    for (const auto& [hex, text] : table) {
        const ByteVector bytes = hex_bytes(hex);
        ByteReader in(bytes);
        const auto instruction = decode_instruction(in);
        ASSERT_TRUE(instruction.has_value()) << text << ": " << instruction.error().to_text();
        EXPECT_EQ(to_text(*instruction, *module, FuncIndex { 1 }), text);
    }
}

TEST(Printer, AFunctionIsIndentedByNesting)
{
    const auto module = decoded(wasm_of(R"((module
        (func $f (param $n i32) (param i64) (result i32) (local $x f32) (local f32 f32 i64)
            (block (result i32)
                (if (result i32) (local.get $n)
                    (then (i32.const 1))
                    (else (loop (result i32) (i32.const 2))))))))"));
    EXPECT_EQ(disassemble(*module, FuncIndex { 0 }),
        "0x000019  func $f (;0;) (param $n i32) (param i64) (result i32)\n"
        "0x00001a    local $x f32\n"
        "0x00001a    local f32 (;2 times;)\n"
        "0x00001c    local i64\n"
        "0x00001e    block (result i32)\n"
        "0x000020      local.get $n\n"
        "0x000022      if (result i32)\n"
        "0x000024        i32.const 1\n"
        "0x000026      else\n"
        "0x000027        loop (result i32)\n"
        "0x000029          i32.const 2\n"
        "0x00002b        end\n"
        "0x00002c      end\n"
        "0x00002d    end\n"
        "0x00002e  end\n");
}

/// The disassembly of a function as WAT: without offsets, in parentheses, with each declaration of
/// locals.
std::string wat_of_function(const Module& module, FuncIndex function)
{
    const std::string text = disassemble(module, function);
    std::string wat;
    for (size_t at = 0, end; (end = text.find('\n', at)) != std::string::npos; at = end + 1) {
        const std::string line = text.substr(at + 8, end - at - 8);
        const size_t word = line.find_first_not_of(' ');
        if (word == 2 && line.substr(word) == "end")
            break;
        if (line.substr(word).starts_with("local "))
            wat += "(" + line.substr(word) + ")";
        else
            wat += (at == 0 ? "(" : "") + line;
        wat += "\n";
    }
    return wat + ")\n";
}

/// The assembler accepts the text that the table gives each instruction, and encodes it with the
/// code in the table.
TEST(Printer, EveryInstructionAssemblesToWhatItWas)
{
    const auto module = decoded(wasm_of(row_module()));
    std::string wat = "(module" + std::string(row_environment());
    for (uint32_t i = 0; i < module->functions.size(); ++i)
        wat += wat_of_function(*module, FuncIndex { i });
    const auto again = decoded(wasm_of(wat + ")"));
    ASSERT_EQ(again->bodies.size(), module->bodies.size());
    std::set<Op> seen;
    for (uint32_t i = 0; i < module->functions.size(); ++i) {
        const FuncMeta &first = module->meta(FuncIndex { i }), &second = again->meta(FuncIndex { i });
        const auto bytes_of = [](const Module& owner, const FuncMeta& meta) {
            const Bytes body = owner.bytes().subspan(meta.body_offset, meta.end_offset - meta.body_offset);
            return ByteVector(body.begin(), body.end());
        };
        EXPECT_EQ(bytes_of(*module, first), bytes_of(*again, second))
            << disassemble(*module, FuncIndex { i });
        const ByteVector code = bytes_of(*module, first);
        ByteReader reader(Bytes(code).subspan(first.code_offset - first.body_offset));
        while (!reader.at_end())
            seen.insert(decode_instruction(reader)->op);
    }
    EXPECT_EQ(seen.size(), op_table.size());
}

TEST(Printer, AModuleShowsEverythingItDeclares)
{
    const auto module = decoded(wasm_of(R"((module $m
        (type $t (func (param i32)))
        (rec (type $s (sub (struct (field (mut i8))))) (type (sub final $s (struct (field (mut i8)) (field i64)))))
        (type (array (mut i16)))
        (import "env" "log" (func $log (type $t)))
        (import "env" "g" (global (mut i64)))
        (table 1 10 funcref) (memory i64 1 2) (tag (type $t))
        (global $g i32 (i32.add (i32.const 1) (i32.const 2)))
        (export "a b" (func 1)) (start 1)
        (elem (i32.const 0) func $log) (elem funcref (ref.null func)) (elem declare func 1)
        (func)
        (data (i64.const 8) "hi\00") (data "x")
        (@custom "note" "abc")))"));
    const std::string text = disassemble(*module);
    size_t at = 0;
    for (const char* line : {
             "0x000000  module $m\n",
             "  type $t (;0;) (func (param i32))\n",
             "  rec (;2 types;)\n",
             "    type $s (;1;) (sub (struct (field (mut i8))))\n",
             "    type (;2;) (sub final 1 (struct (field (mut i8)) (field i64)))\n",
             "  type (;3;) (array (mut i16))\n",
             "  import \"env\" \"log\" func $log (;0;) (type 0)\n",
             "  import \"env\" \"g\" global $env.g (;0;) (mut i64)\n",
             "  table (;0;) 1 10 funcref\n",
             "  memory (;0;) i64 1 2\n",
             "  tag (;0;) (type 0)\n",
             "  global $g (;1;) i32 (i32.const 1) (i32.const 2) (i32.add)\n",
             "  export \"a b\" (func 1)\n",
             "  start $\"a b\"\n",
             "  elem (;0;) (table 0) (offset (i32.const 0)) func $log\n",
             "  elem (;1;) funcref (item (ref.null func))\n",
             "  elem (;2;) declare func $\"a b\"\n",
             "  func $\"a b\" (;1;)\n",
             "  end\n",
             "  data (;0;) (memory 0) (offset (i64.const 8)) \"hi\\00\"\n",
             "  data (;1;) \"x\"\n",
             "  custom \"note\" (;3 bytes;)\n",
         }) {
        const size_t found = text.find(line, at);
        ASSERT_NE(found, std::string::npos) << line << "\nin\n" << text;
        at = found;
    }
}

/// A small file must not produce an endless text.
TEST(Printer, CutsWhatWouldGrowBeyondTheFile)
{
    const ByteVector name(5000, 'n');
    ByteWriter encoded_name;
    encoded_name.name(text_of(name));
    ByteWriter code;
    for (int i = 0; i < 1000; ++i)
        code.fixed(uint16_t { 0x4002 });
    code.append(hex_bytes("10 00 0b"));
    const auto module = decoded(module_with({
        section(1, hex_bytes("01 60 00 00")),
        section(3, hex_bytes("01 00")),
        section(10, std::vector<ByteVector> { body_of(code.bytes()) }),
        custom_section("name", section(1, joined({ hex_bytes("01 00"), encoded_name.bytes() }))),
    }));
    const std::string text = disassemble(*module, FuncIndex { 0 });
    const size_t call = text.find("call $");
    ASSERT_NE(call, std::string::npos);
    EXPECT_EQ(text.find('\n', call) - call, 6u + 256u);
    EXPECT_EQ(call - text.rfind('\n', call), 1u + 10u + 80u) << "indented by 40 blocks of 1000";
}

TEST(Printer, ManyLocalsAreOneLine)
{
    const auto module = decoded(module_with({
        section(1, hex_bytes("01 60 00 00")),
        section(3, hex_bytes("01 00")),
        section(10, std::vector<ByteVector> { hex_bytes("06 01 d0 86 03 7f 0b") }),
    }));
    EXPECT_TRUE(disassemble(*module, FuncIndex { 0 }).contains("    local i32 (;50000 times;)\n"));
}

TEST(Printer, ABodyThatIsNotWellFormedEndsWithTheReason)
{
    const auto module = decoded(module_with_code(hex_bytes("41 01 ff 0b")));
    const std::string text = disassemble(*module, FuncIndex { 0 });
    EXPECT_TRUE(text.contains("i32.const 1\n")) << text;
    EXPECT_TRUE(text.ends_with("(;illegal opcode ff (at offset 0x19);)\n")) << text;
}

} // namespace
} // namespace vitrine::core::test
