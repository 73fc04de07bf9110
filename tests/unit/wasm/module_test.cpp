// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/module.h"

#include "support/wat.h"
#include "wasm/decoder.h"

#include <gtest/gtest.h>

namespace vitrine::core::test {
namespace {

std::unique_ptr<Module> decoded(std::string_view wat)
{
    auto module = decode_module(wasm_of(wat));
    EXPECT_TRUE(module.has_value()) << module.error().to_text();
    return std::move(*module);
}

TEST(Module, ImportsAreFoundByKindAndIndex)
{
    const auto module = decoded(R"((module
        (import "a" "f" (func)) (import "a" "m" (memory 1)) (import "b" "g" (func)) (func)))");
    EXPECT_EQ(module->imported(ExternKind::Func), 2u);
    EXPECT_EQ(module->imported(ExternKind::Memory), 1u);
    EXPECT_EQ(module->imported(ExternKind::Tag), 0u);
    EXPECT_EQ(module->find_import(ExternKind::Func, 1)->name, "g");
    EXPECT_EQ(module->find_import(ExternKind::Memory, 0)->module, "a");
    EXPECT_EQ(module->find_import(ExternKind::Func, 2), nullptr);
    EXPECT_TRUE(module->is_imported(FuncIndex { 1 }));
    EXPECT_FALSE(module->is_imported(FuncIndex { 2 }));
}

TEST(Module, ExportsAreFoundByNameAndByEntity)
{
    const auto module = decoded(R"((module (func) (func) (memory 1)
        (export "z" (func 1)) (export "a" (memory 0)) (export "m" (func 1)) (export "" (func 0))))");
    EXPECT_EQ(module->find_export("z")->index, 1u);
    EXPECT_EQ(module->find_export("a")->kind, ExternKind::Memory);
    EXPECT_EQ(module->find_export("")->index, 0u);
    EXPECT_EQ(module->find_export("none"), nullptr);
    EXPECT_EQ(module->find_export(ExternKind::Func, 1)->name, "z") << "the first of two";
    EXPECT_EQ(module->find_export(ExternKind::Table, 0), nullptr);
}

TEST(Module, AnEntityIsCalledByItsNameElseItsExportElseItsImport)
{
    const auto module = decoded(R"((module
        (import "env" "log" (func)) (import "env" "table" (table $named 1 funcref))
        (func $f (export "exported")) (func (export "also")) (func)))");
    EXPECT_EQ(module->name_of(ExternKind::Func, 0), "env.log");
    EXPECT_EQ(module->name_of(ExternKind::Func, 1), "f");
    EXPECT_EQ(module->name_of(ExternKind::Func, 2), "also");
    EXPECT_EQ(module->name_of(ExternKind::Func, 3), "");
    EXPECT_EQ(module->name_of(ExternKind::Table, 0), "named");
    EXPECT_EQ(module->name_of(ExternKind::Func, 0xffffffff), "");
}

TEST(Module, FunctionsAreFoundByOffset)
{
    const auto module =
        decoded(R"((module (import "a" "f" (func)) (func (nop)) (func (drop (i32.const 1)))))");
    const FuncMeta &first = module->bodies[0], &second = module->bodies[1];
    EXPECT_EQ(module->find_function(first.body_offset), FuncIndex { 1 });
    EXPECT_EQ(module->find_function(first.end_offset - 1), FuncIndex { 1 });
    EXPECT_EQ(module->find_function(first.end_offset), std::nullopt) << "the size of the second body";
    EXPECT_EQ(module->find_function(second.code_offset), FuncIndex { 2 });
    EXPECT_EQ(module->find_function(second.end_offset), std::nullopt);
    EXPECT_EQ(module->find_function(0), std::nullopt);
    EXPECT_EQ(&module->meta(FuncIndex { 2 }), &second);
}

} // namespace
} // namespace vitrine::core::test
