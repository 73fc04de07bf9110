// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "support/module_builder.h"
#include "support/wat.h"
#include "wasm/body_validator.h"
#include "wasm/decoder.h"
#include "wasm/printer.h"
#include "wasm/type_decoder.h"
#include "wasm/validator.h"

#include <gtest/gtest.h>

// Modules that are parts of a larger file.

namespace vitrine::core::test {
namespace {

constexpr std::string_view guest = R"((module $m
    (import "host" "f" (func (param i32)))
    (memory (export "memory") 1)
    (global $g (mut i32) (i32.const 7))
    (data (i32.const 16) "hello")
    (func $work (export "work") (result i32) (local i64)
        (if (result i32) (global.get $g) (then (i32.const 1)) (else (i32.const 2))))))";

/// A file with a module at `offset`, and other bytes after it.
struct Container {
    explicit Container(const ByteVector& module, size_t offset = 1000, size_t behind = 100)
    {
        ByteVector bytes(offset, 0xee);
        bytes.insert(bytes.end(), module.begin(), module.end());
        bytes.insert(bytes.end(), behind, 0xee);
        file = std::make_shared<const FileBytes>(std::move(bytes));
        part = file->bytes().subspan(offset, module.size());
    }

    std::shared_ptr<const FileBytes> file;
    Bytes part;
};

TEST(Slices, AModuleCountsFromItsOwnFirstByte)
{
    const ByteVector bytes = wasm_of(guest);
    const Container container(bytes);
    TypeRegistry types;
    const auto alone = *load_module(bytes, types);
    const auto inside = *load_module(container.file, container.part, types);
    EXPECT_EQ(alone->file_offset(), 0u);
    EXPECT_TRUE(alone->is_whole_file());
    EXPECT_EQ(inside->file_offset(), 1000u);
    EXPECT_FALSE(inside->is_whole_file());
    EXPECT_EQ(disassemble(*inside), disassemble(*alone));
    EXPECT_EQ(inside->functions[{ 1 }].offset, alone->functions[{ 1 }].offset);
    EXPECT_EQ(inside->bodies[0].code_offset, alone->bodies[0].code_offset);
    ASSERT_EQ(inside->branches.size(), alone->branches.size());
    EXPECT_EQ(inside->customs[0].offset, alone->customs[0].offset);
    EXPECT_EQ(inside->find_function(inside->bodies[0].code_offset)->value, 1u);
    EXPECT_EQ(inside->name_of(ExternKind::Func, 1), "work");
    // A piece of a file that does not begin at the start of the file.
    const auto piece = std::make_shared<const FileBytes>(container.file, container.part, 1'000'000'000'000);
    EXPECT_EQ((*load_module(piece, piece->bytes(), types))->file_offset(), 1'000'000'000'000u);
    EXPECT_FALSE((*load_module(piece, piece->bytes(), types))->is_whole_file());
}

TEST(Slices, ALargeModuleIsNotCopied)
{
    constexpr size_t size = size_t { 12 } << 20;
    const ByteVector bytes = module_with({ custom_section("large", ByteVector(size)) });
    Container container(bytes);
    const std::weak_ptr<const FileBytes> file = container.file;
    TypeRegistry types;
    auto module = *load_module(container.file, container.part, types);
    EXPECT_EQ(module->bytes().data(), container.part.data()) << "the file's own bytes";
    EXPECT_EQ(module->bytes().size(), bytes.size());
    EXPECT_EQ(module->customs[0].bytes.data(), container.part.data() + module->customs[0].offset);
    const auto other = *load_module(container.file, container.part, types);
    EXPECT_EQ(other->bytes().data(), module->bytes().data()) << "two modules of one file";
    container.file.reset();
    module.reset();
    EXPECT_FALSE(file.expired()) << "each of them keeps it";
    EXPECT_EQ(other->bytes()[1], 'a');
}

TEST(Slices, NothingBehindAModuleBelongsToIt)
{
    // Each prefix of a module, followed by the rest of it, gets the same result as the prefix
    // alone.
    const ByteVector bytes = wasm_of(guest);
    const Container container(bytes, 3);
    for (size_t size = 0; size < bytes.size(); ++size) {
        TypeRegistry types;
        const auto alone =
            load_module(ByteVector(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size)), types);
        const auto inside = load_module(container.file, container.part.first(size), types);
        ASSERT_EQ(inside.has_value(), alone.has_value()) << size;
        if (alone)
            continue;
        ASSERT_EQ(inside.error().to_text(), alone.error().to_text()) << size;
    }
}

TEST(Slices, TheHeaderTellsModulesFromComponents)
{
    const auto layer_of = [](std::string_view hex) {
        const ByteVector bytes = hex_bytes(hex);
        ByteReader in(bytes, 100);
        return decode_header(in);
    };
    EXPECT_EQ(layer_of("00 61 73 6d 01 00 00 00"), Layer::Module);
    EXPECT_EQ(layer_of("00 61 73 6d 0d 00 01 00"), Layer::Component);
    EXPECT_EQ(layer_of("00 61 73 6d 0c 00 01 00").error().to_text(),
        "unknown binary version of a component (at offset 0x68)");
    EXPECT_EQ(
        layer_of("00 61 73 6d 02 00 00 00").error().to_text(), "unknown binary version (at offset 0x68)");
    EXPECT_EQ(
        layer_of("7f 45 4c 46 02 01 01 00").error().to_text(), "magic header not detected (at offset 0x64)");
}

// -- Types alone, as in a component

TEST(TypeDecoder, DecodesWhereTheReaderStands)
{
    // Two groups, then an import of each kind, then a byte that the decoder must not read.
    const ByteVector bytes = hex_bytes("4e 02 50 00 5f 00 4f 01 00 5e 7f 01"
                                       "60 01 7f 00"
                                       "00 03  01 63 70 00 02  02 05 02 04  03 64 00 01  04 00 02  aa");
    ByteReader in(bytes, 0x40);
    TypeDecoder decoder(in, FeatureSet::all());
    IndexVector<TypeIndex, SubType> types;
    ASSERT_TRUE(decoder.decode_recursion_group(types));
    ASSERT_TRUE(decoder.decode_recursion_group(types));
    ASSERT_EQ(types.size(), 3u);
    EXPECT_EQ(types[{ 1 }].group_size, 2u);
    EXPECT_EQ(types[{ 1 }].supertype, 0u);
    EXPECT_EQ(types[{ 2 }].group_start, 2u);
    EXPECT_EQ(types[{ 2 }].offset, 0x4cu);
    const auto next = [&] { return *decoder.decode_extern_type("import"); };
    EXPECT_EQ(std::get<ExternFunc<TypeIndex>>(next()).type.value, 3u);
    EXPECT_EQ(std::get<TableType>(next()), (TableType { ValueType::funcref, { .min = 2 } }));
    const auto memory = std::get<MemoryType>(next());
    EXPECT_EQ(memory.limits, (Limits { .min = 2, .max = 4, .is_64 = true }));
    const auto global = std::get<GlobalType>(next());
    EXPECT_EQ(global.type, ValueType::ref(HeapKind::Defined, false, 0));
    EXPECT_TRUE(global.is_mutable);
    EXPECT_EQ(std::get<ExternTag<TypeIndex>>(next()).type.value, 2u);
    EXPECT_EQ(in.remaining(), 1u);
    EXPECT_EQ(
        decoder.decode_extern_type("import").error().to_text(), "malformed import kind (at offset 0x62)");
}

} // namespace
} // namespace vitrine::core::test
