// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "base/text.h"
#include "world.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

namespace vitrine {
namespace {

using test::World;

constexpr auto everything = R"((module $shop
    (import "host" "log" (func $log (param i32 i64)))
    (import "host" "rate" (global $rate f64))
    (import "host" "shelf" (memory $shelf 1 2))
    (import "host" "staff" (table $staff 3 funcref))
    (import "host" "fire" (tag $fire (param i32)))
    (global $stock (mut i32) (i32.const 1))
    (memory $lanes (export "lanes") 2 5 shared)
    (table $goods 4 9 externref)
    (tag $theft (param f32))
    (func $sell (export "sell") (export "give") (param f32) (result i32 externref)
      i32.const 1 ref.null extern)
    (export "rate" (global $rate))
    (export "theft" (tag $theft))))";

TEST(Modules, DescribeTheirIndexSpacesImportsFirst)
{
    for (const bool guest_debug : { false, true }) {
        const World world(guest_debug);
        const Module module = world.module(everything);
        EXPECT_EQ(module.name(), "shop");

        const auto functions = module.functions();
        ASSERT_EQ(functions.size(), 2u);
        EXPECT_EQ(functions[0].index, 0u);
        EXPECT_EQ(functions[0].name, "log");
        EXPECT_EQ(functions[0].import->module, "host");
        EXPECT_EQ(functions[0].import->name, "log");
        EXPECT_EQ(functions[0].type.to_text(), "(param i32 i64)");
        EXPECT_EQ(functions[0].offset, 0u);
        EXPECT_EQ(functions[1].name, "sell");
        EXPECT_FALSE(functions[1].import);
        EXPECT_THAT(functions[1].exports, testing::ElementsAre("sell", "give"));
        EXPECT_EQ(functions[1].type, (FuncType { { ValKind::F32 }, { ValKind::I32, ValKind::ExternRef } }));
        EXPECT_EQ(functions[1].end - functions[1].offset, 6u) << "no locals, i32.const, ref.null, end";

        const auto globals = module.globals();
        ASSERT_EQ(globals.size(), 2u);
        EXPECT_EQ(globals[0].type, (GlobalType { ValKind::F64, false }));
        EXPECT_THAT(globals[0].exports, testing::ElementsAre("rate"));
        EXPECT_EQ(globals[1].name, "stock");
        EXPECT_EQ(globals[1].type, (GlobalType { ValKind::I32, true }));

        const auto memories = module.memories();
        ASSERT_EQ(memories.size(), 2u);
        EXPECT_EQ(memories[0].type, (MemoryType { .min = 1, .max = 2 }));
        EXPECT_EQ(memories[1].type, (MemoryType { .min = 2, .max = 5, .is_shared = true }));
        EXPECT_EQ(memories[1].name, "lanes");

        const auto tables = module.tables();
        ASSERT_EQ(tables.size(), 2u);
        EXPECT_EQ(tables[0].type, (TableType { .element = ValKind::FuncRef, .min = 3 }));
        EXPECT_EQ(tables[1].type, (TableType { .element = ValKind::ExternRef, .min = 4, .max = 9 }));

        const auto tags = module.tags();
        ASSERT_EQ(tags.size(), 2u);
        EXPECT_EQ(tags[0].import->name, "fire");
        EXPECT_EQ(tags[1].type, (FuncType { { ValKind::F32 }, {} }));
        EXPECT_THAT(tags[1].exports, testing::ElementsAre("theft"));
    }
}

TEST(Modules, ListTheirImportsAndExports)
{
    const World world;
    const Module module = world.module(everything);
    std::string text;
    for (const ImportInfo& row : module.imports())
        text += row.module + " " + row.name + " " + std::string(to_text(row.kind)) + " "
            + std::to_string(row.index) + "\n";
    for (const ExportInfo& row : module.exports())
        text += row.name + " " + std::string(to_text(row.kind)) + " " + std::to_string(row.index) + "\n";
    EXPECT_EQ(text,
        "host log func 0\nhost rate global 0\nhost shelf memory 0\nhost staff table 0\nhost fire tag 0\n"
        "lanes memory 1\nsell func 1\ngive func 1\nrate global 0\ntheft tag 1\n");
}

TEST(Modules, WithoutANameSectionHaveEmptyNames)
{
    const World world;
    const Module module = world.module(R"((module (func (export "f")) (global i32 (i32.const 0))))");
    EXPECT_EQ(module.name(), "");
    EXPECT_EQ(module.functions()[0].name, "");
    EXPECT_EQ(module.globals()[0].name, "");
}

TEST(Modules, GiveOneRowAsTheyGiveAll)
{
    const World world;
    const Module module = world.module(everything);
    const auto all = module.functions();
    for (const FuncInfo& row : all) {
        const auto one = module.function(row.index);
        ASSERT_TRUE(one);
        EXPECT_EQ(one->name, row.name);
        EXPECT_EQ(one->import.has_value(), row.import.has_value());
        EXPECT_EQ(one->exports, row.exports);
        EXPECT_EQ(one->type, row.type);
        EXPECT_EQ(std::pair(one->offset, one->end), std::pair(row.offset, row.end));
    }
    EXPECT_FALSE(module.function(static_cast<std::uint32_t>(all.size())));
    EXPECT_FALSE(module.function(UINT32_MAX));
    EXPECT_EQ(module.function_at(all[1].offset)->index, 1u);
    EXPECT_EQ(module.function_at(all[1].end - 1)->index, 1u);
    EXPECT_FALSE(module.function_at(all[1].end));
    EXPECT_FALSE(module.function_at(0));
    EXPECT_FALSE(module.function_at(UINT32_MAX));
}

TEST(Modules, GiveOneRowOfEachKind)
{
    const World world(false);
    const Module module = world.module(everything);
    EXPECT_EQ(module.count(ExternKind::Func), 2u);
    EXPECT_EQ(module.count(ExternKind::Table), 2u);
    EXPECT_EQ(module.count(ExternKind::Memory), 2u);
    EXPECT_EQ(module.count(ExternKind::Global), 2u);
    EXPECT_EQ(module.count(ExternKind::Tag), 2u);
    const auto check = [](const auto& all, const auto& get) {
        for (const auto& row : all) {
            const auto one = get(row.index);
            ASSERT_TRUE(one);
            EXPECT_EQ(one->index, row.index);
            EXPECT_EQ(one->name, row.name);
            EXPECT_EQ(one->import.has_value(), row.import.has_value());
            EXPECT_EQ(one->exports, row.exports);
            EXPECT_EQ(one->type, row.type);
        }
        EXPECT_FALSE(get(static_cast<std::uint32_t>(all.size())));
        EXPECT_FALSE(get(UINT32_MAX));
    };
    check(module.tables(), [&](std::uint32_t index) { return module.table(index); });
    check(module.memories(), [&](std::uint32_t index) { return module.memory(index); });
    check(module.globals(), [&](std::uint32_t index) { return module.global(index); });
    check(module.tags(), [&](std::uint32_t index) { return module.tag(index); });
    EXPECT_EQ(module.tag(1)->exports, (std::vector<std::string> { "theft" }));
}

/// A name in the name section comes before that of an export, and that before one of an import.
TEST(Modules, FindEntitiesByName)
{
    const World world(false);
    const Module module = world.module(R"((module
        (import "a" "imported" (func)) (import "a" "twice" (func)) (import "b" "twice" (func))
        (import "a" "both" (func)) (import "a" "total" (global i32))
        (func $named (export "shown")) (func (export "both")) (func $same (export "x"))
        (func $x)))");
    EXPECT_EQ(module.find(ExternKind::Func, "imported"), 0u);
    EXPECT_EQ(module.find(ExternKind::Func, "named"), 4u);
    EXPECT_EQ(module.find(ExternKind::Func, "shown"), 4u);
    EXPECT_EQ(module.find(ExternKind::Func, "both"), 5u) << "the export, not the import";
    EXPECT_EQ(module.find(ExternKind::Func, "x"), 7u) << "the name section, not the export";
    EXPECT_EQ(module.find(ExternKind::Global, "total"), 0u);
    EXPECT_FALSE(module.find(ExternKind::Func, "twice")) << "two imports";
    EXPECT_FALSE(module.find(ExternKind::Func, "total")) << "of another kind";
    EXPECT_FALSE(module.find(ExternKind::Func, ""));
    EXPECT_FALSE(module.find(ExternKind::Tag, "x"));
    EXPECT_FALSE(world.module("(module)").find(ExternKind::Memory, "m"));
}

/// Naming all of them one by one takes milliseconds. It would take minutes if each search listed
/// them all.
TEST(Modules, FindEachOfManyFunctions)
{
    constexpr std::uint32_t many = 20'000;
    std::string text = "(module";
    for (std::uint32_t i = 0; i < many; ++i)
        text += "(func $f" + std::to_string(i) + ")";
    const World world(false);
    const Module module = world.module(text + ")");
    for (std::uint32_t i = 0; i < many; ++i) {
        ASSERT_EQ(module.find(ExternKind::Func, "f" + std::to_string(i)), i);
        ASSERT_EQ(module.function(i)->index, i);
    }
    EXPECT_EQ(module.count(ExternKind::Func), many);
}

TEST(Modules, ListTheirCustomSections)
{
    const auto bytes = core::test::wasm_of(R"((module $shop
        (@custom "notes" (before first) "ab") (@custom "" "") (@custom "notes" (after last) "c")))");
    for (const bool guest_debug : { false, true }) {
        const Engine engine(Config().guest_debug(guest_debug));
        const Module module = Module::from_bytes(engine, std::as_bytes(std::span(bytes))).value();
        const auto sections = module.custom_sections();
        ASSERT_EQ(sections.size(), 4u);
        std::string text;
        for (const CustomSection& section : sections) {
            EXPECT_EQ(
                std::memcmp(section.bytes.data(), bytes.data() + section.offset, section.bytes.size()), 0);
            if (section.name != "name")
                text += "<" + section.name + ": " + std::to_string(section.bytes.size()) + ">";
        }
        EXPECT_THAT(text, testing::HasSubstr("<notes: 2>"));
        EXPECT_THAT(text, testing::HasSubstr("<: 0>"));
        EXPECT_THAT(text, testing::HasSubstr("<notes: 1>"));
    }
    // They are part of the module's bytes, also where the module is part of a file.
    const Engine engine(Config().guest_debug(true));
    const auto file = std::make_shared<std::vector<std::byte>>(100, std::byte(0));
    std::ranges::copy(std::as_bytes(std::span(bytes)), std::back_inserter(*file));
    const Module part =
        Module::from_part(engine, { file, std::span<const std::byte>(*file).subspan(100), 100 }).value();
    const CustomSection first = part.custom_sections()[0];
    EXPECT_EQ(first.bytes.data(), file->data() + 100 + first.offset);
    EXPECT_EQ(first.bytes.data(), part.bytecode()->data() + first.offset);
}

TEST(Modules, ABreakpointAtAFunctionsOffsetStopsAtItsFirstInstruction)
{
    World world;
    const auto instance = world.instantiate(R"((module (func $f (export "f") (local i32 i64) nop nop)))");
    const std::uint32_t offset = instance.module().functions()[0].offset;
    debug::Session session(world.store);
    ASSERT_TRUE(session.add_breakpoint({ .module = instance.module(), .offset = offset }));
    const auto stop = test::stopped(session.call(*instance.func("f"), {}));
    EXPECT_EQ(stop.frames()[0].offset(), offset + 5) << "behind the locals' header";
}

TEST(Modules, GiveTheirBytesOnlyToDebuggers)
{
    const auto bytes = core::test::wasm_of(everything);
    const auto binary = std::as_bytes(std::span(bytes));
    const Engine closed, open(Config().guest_debug(true));
    EXPECT_FALSE(Module::from_bytes(closed, binary)->bytecode());
    const Module module = *Module::from_bytes(open, binary);
    ASSERT_TRUE(module.bytecode());
    EXPECT_TRUE(std::ranges::equal(*module.bytecode(), binary));
}

TEST(Modules, ThatAreRefusedSayWhatAndWhere)
{
    const Engine engine;
    const std::byte not_wasm[] { std::byte('M'), std::byte('Z') };
    EXPECT_FALSE(Module::from_bytes(engine, {}));
    EXPECT_FALSE(Module::from_bytes(engine, not_wasm));
    auto bytes = core::test::wasm_of(R"((module (func (result i32) i32.const 1)))");
    // `i32.const 1` becomes `nop` and `i32.add`, which has no operands.
    bytes[bytes.size() - 3] = 0x01;
    bytes[bytes.size() - 2] = 0x6a;
    const auto module = Module::from_bytes(engine, std::as_bytes(std::span(bytes)));
    ASSERT_FALSE(module);
    EXPECT_EQ(module.error().offset(), bytes.size() - 2);
    EXPECT_THAT(module.error().to_text(), testing::HasSubstr("(at offset 0x"));
}

TEST(Modules, ComeFromFiles)
{
    const std::string path = testing::TempDir() + "vitrine_module_test.wasm";
    const auto bytes = core::test::wasm_of(everything);
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    const Engine engine(Config().guest_debug(true));
    const auto module = Module::from_file(engine, path);
    ASSERT_TRUE(module) << module.error().to_text();
    EXPECT_TRUE(std::ranges::equal(*module->bytecode(), std::as_bytes(std::span(bytes))));

    std::ofstream(path, std::ios::binary) << "text";
    EXPECT_THAT(Module::from_file(engine, path).error().message(), testing::StartsWith(path + ": "));
    std::remove(path.c_str());
    EXPECT_EQ(Module::from_file(engine, path).error().message(),
        "cannot read " + path + ": No such file or directory");
    EXPECT_EQ(Module::from_file(engine, testing::TempDir()).error().message(),
        "cannot read " + testing::TempDir() + ": Is a directory");
}

/// A file in memory with a module at `offset`.
struct Container {
    static constexpr std::size_t offset = 77, behind = 33;

    explicit Container(const std::vector<std::uint8_t>& module)
        : file(std::make_shared<std::vector<std::byte>>(offset + module.size() + behind, std::byte(0xee)))
    {
        std::ranges::copy(std::as_bytes(std::span(module)), file->begin() + offset);
        part = std::span<const std::byte>(*file).subspan(offset, module.size());
    }
    ModulePart module_part() const { return { .owner = file, .bytes = part, .file_offset = offset }; }

    std::shared_ptr<std::vector<std::byte>> file;
    std::span<const std::byte> part;
};

TEST(ModuleParts, AreNotCopiedAndKeepTheirFile)
{
    const Engine engine(Config().guest_debug(true));
    Container container(core::test::wasm_of(R"((module
        (func $inner (unreachable)) (func $outer (export "f") (call $inner))))"));
    const std::weak_ptr<const void> file = container.file;
    auto module = Module::from_part(engine, container.module_part());
    ASSERT_TRUE(module) << module.error().to_text();
    EXPECT_EQ(module->file_offset(), Container::offset);
    EXPECT_EQ(module->bytecode()->data(), container.part.data());
    EXPECT_EQ(module->bytecode()->size(), container.part.size());
    EXPECT_LT(module->functions()[0].offset, container.part.size()) << "offsets are the module's own";
    EXPECT_EQ(module->function_at(module->functions()[1].offset)->name, "outer");

    container.file.reset();
    {
        Store store(engine);
        const auto instance = Linker(engine).instantiate(store, *module);
        const FuncInfo inner = *module->function(0);
        module = Error("gone");
        EXPECT_FALSE(file.expired()) << "the instance runs its bytes";
        const auto fails = instance->func("f")->call({});
        ASSERT_FALSE(fails);
        const std::uint32_t offset = fails.error().trap()->backtrace.at(0).offset;
        EXPECT_GE(offset, inner.offset);
        EXPECT_LT(offset, inner.end);
    }
    EXPECT_TRUE(file.expired());
}

TEST(ModuleParts, AreReadFromFiles)
{
    const std::string path = testing::TempDir() + "vitrine_part_test.bin";
    const auto bytes = core::test::wasm_of(everything);
    const Container container(bytes);
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(container.file->data()),
            static_cast<std::streamsize>(container.file->size()));
    const Engine engine(Config().guest_debug(true));
    const auto module = Module::from_file(engine, path, Container::offset, bytes.size());
    ASSERT_TRUE(module) << module.error().to_text();
    EXPECT_EQ(module->file_offset(), Container::offset);
    EXPECT_TRUE(std::ranges::equal(*module->bytecode(), std::as_bytes(std::span(bytes))));

    // Without a size, everything after the module counts as part of it.
    EXPECT_EQ(Module::from_file(engine, path, Container::offset).error().offset(),
        Container::offset + bytes.size());
    std::filesystem::resize_file(path, Container::offset + bytes.size());
    EXPECT_TRUE(Module::from_file(engine, path, Container::offset));
    EXPECT_EQ(Module::from_file(engine, path, Container::offset, bytes.size() + 1).error().to_text(),
        path + ": the requested part extends beyond the end of the file (at offset "
            + core::hex(Container::offset + bytes.size()) + ")");
    EXPECT_FALSE(Module::from_file(engine, path, 1'000'000));
    EXPECT_FALSE(Module::from_file(engine, path, UINT64_MAX, 8));
    EXPECT_FALSE(Module::from_file(engine, path, 0, UINT64_MAX));
    EXPECT_THAT(Module::from_file(engine, path, Container::offset, UINT64_MAX - 1).error().message(),
        testing::HasSubstr("the requested part extends beyond the end of the file"));
    std::remove(path.c_str());
}

TEST(ModuleParts, ThatAreRefusedSayWhereInTheFile)
{
    const Engine engine;
    auto bytes = core::test::wasm_of(R"((module (func (result i32) i32.const 1)))");
    const Container good(bytes);
    // A malformed module, and a well-formed invalid one.
    for (const std::uint8_t opcode : { std::uint8_t(0xff), std::uint8_t(0x1a) }) {
        bytes[bytes.size() - 3] = opcode;
        const Container container(bytes);
        const auto alone = Module::from_bytes(engine, std::as_bytes(std::span(bytes)));
        const auto inside = Module::from_part(engine, container.module_part());
        ASSERT_FALSE(alone);
        ASSERT_FALSE(inside);
        EXPECT_EQ(inside.error().message(), alone.error().message());
        EXPECT_EQ(*inside.error().offset(), *alone.error().offset() + Container::offset);
    }
    EXPECT_FALSE(Module::from_part(engine, {}));
    // Link errors refer to the module, not to its file.
    const Container importer(core::test::wasm_of(R"((module (import "m" "f" (func))))"));
    const auto module = Module::from_part(engine, importer.module_part());
    Store store(engine);
    EXPECT_EQ(Linker(engine).instantiate(store, *module).error().to_text(),
        "unknown import: func \"m\" \"f\" is not defined (at offset 0x11)");
}

TEST(Modules, AreSharedHandles)
{
    const World world;
    Module module = world.module(everything);
    const Module copy = module;
    EXPECT_EQ(module, copy);
    EXPECT_FALSE(module == world.module(everything));
    const Module moved = std::move(module);
    EXPECT_EQ(module.name(), "shop")
        << "moving copies: nothing is left empty"; // NOLINT(bugprone-use-after-move)
    EXPECT_EQ(moved, copy);
}

TEST(Modules, AreUsedFromSeveralThreads)
{
    const Engine engine;
    const auto bytes = core::test::wasm_of(
        R"((module (func (export "f") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))))");
    const Module shared = *Module::from_bytes(engine, std::as_bytes(std::span(bytes)));
    std::vector<std::thread> threads;
    std::atomic<int> good = 0;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&, i] {
            const Module own = *Module::from_bytes(engine, std::as_bytes(std::span(bytes)));
            for (const Module& module : { shared, own }) {
                Store store(engine);
                const auto instance = Linker(engine).instantiate(store, module);
                good += instance->typed<std::int32_t(std::int32_t)>("f").value()(i).value() == i + 1;
                good += module.functions().size() == 1;
            }
        });
    for (std::thread& thread : threads)
        thread.join();
    EXPECT_EQ(good, 16);
}

} // namespace
} // namespace vitrine
