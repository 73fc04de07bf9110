// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "source/render.h"
#include "source/types.h"
#include "support/literal_symbols.h"

#include <gtest/gtest.h>

namespace vitrine::core::source {
namespace {

using Kind = Type::Kind;

struct TypesTest : testing::Test {
    test::LiteralSymbols symbols;
    TypeId integer = symbols.add_basic("int", Kind::Signed, 4);
    TypeId character = symbols.add_basic("char", Kind::Character, 1);

    TypeId add(Kind kind, TypeId target, std::string name = {})
    {
        return symbols.add_type(
            { .kind = kind, .language = Language::C, .name = std::move(name), .target = target });
    }
    TypeId function(TypeId result, std::vector<TypeId> parameters)
    {
        return symbols.add_type(
            { .kind = Kind::Function, .target = result, .parameters = std::move(parameters) });
    }
    std::string text(TypeId id) { return type_text(symbols, id); }
};

TEST_F(TypesTest, WritesTypesAsCDoes)
{
    EXPECT_EQ(text({}), "void");
    EXPECT_EQ(text(integer), "int");
    EXPECT_EQ(text(symbols.add_pointer({})), "void *");
    EXPECT_EQ(text(symbols.add_pointer(add(Kind::Const, character))), "const char *");
    EXPECT_EQ(text(add(Kind::Const, symbols.add_pointer(character))), "char *const");
    EXPECT_EQ(text(symbols.add_pointer(symbols.add_pointer(character))), "char **");
    EXPECT_EQ(text(add(Kind::Volatile, add(Kind::Const, integer))), "volatile const int");
    EXPECT_EQ(text(symbols.add_pointer(function(integer, { integer, symbols.add_pointer({}) }))),
        "int (*)(int, void *)");
    EXPECT_EQ(text(function(integer, {})), "int ()");
    EXPECT_EQ(text(symbols.add_array(integer, { 2, 3 })), "int [2][3]");
    EXPECT_EQ(text(symbols.add_array(integer, { std::nullopt })), "int []");
    EXPECT_EQ(text(symbols.add_pointer(symbols.add_array(integer, { 5 }))), "int (*)[5]");
    EXPECT_EQ(text(symbols.add_array(symbols.add_pointer(function({}, {})), { 2 })), "void (*[2])()");
    EXPECT_EQ(text(add(Kind::Typedef, integer, "word")), "word");
    EXPECT_EQ(text(add(Kind::Reference, integer)), "int &");
    EXPECT_EQ(text(symbols.add_struct("account", 4, {})), "struct account");
    EXPECT_EQ(text(symbols.add_struct("", 4, {})), "struct {...}");
    EXPECT_EQ(text(symbols.add_struct("bank::Account", 4, {}, Language::Cpp)), "bank::Account");
}

TEST_F(TypesTest, WritesTypesAsRustDoes)
{
    const TypeId u8 = symbols.add_basic("u8", Kind::Unsigned, 1, Language::Rust);
    EXPECT_EQ(text(symbols.add_struct("&[u8]", 8, {}, Language::Rust)), "&[u8]");
    EXPECT_EQ(text(symbols.add_type(
                  { .kind = Kind::Array, .language = Language::Rust, .target = u8, .dimensions = { 2, 3 } })),
        "[[u8; 3]; 2]");
    EXPECT_EQ(
        text(symbols.add_type(
            { .kind = Kind::Function, .language = Language::Rust, .target = u8, .parameters = { u8 } })),
        "fn(u8) -> u8");
}

TEST_F(TypesTest, EscapesNames)
{
    EXPECT_EQ(text(symbols.add_struct("a\x1b[2J", 4, {}, Language::Cpp)), "a\\1b[2J");
}

TEST_F(TypesTest, SurvivesTypesThatContainThemselves)
{
    const auto next = static_cast<TypeId>(symbols.types.size() + 1);
    for (const Kind kind :
        { Kind::Pointer, Kind::Typedef, Kind::Const, Kind::Array, Kind::Function, Kind::Reference }) {
        const auto own = static_cast<TypeId>(symbols.types.size() + 1);
        symbols.add_type(
            { .kind = kind, .target = own, .dimensions = { 2 }, .parameters = { own, own, own } });
        EXPECT_LT(text(own).size(), 5000u);
        Types types(symbols);
        (void)types.stripped(own);
        const bool has_size = kind == Kind::Pointer || kind == Kind::Reference;
        EXPECT_EQ(types.size_of(own, 4).has_value(), has_size);
    }
    EXPECT_EQ(
        Types(symbols).stripped(static_cast<TypeId>(static_cast<uint64_t>(next) + 1)).kind, Kind::Unknown);
    const auto own = static_cast<TypeId>(symbols.types.size() + 1);
    symbols.add_struct("s", 4, { { .type = own, .is_base_class = true }, { .type = own }, { .type = own } });
    EXPECT_EQ(Types(symbols).member(own, "absent"), std::nullopt);
}

TEST_F(TypesTest, FindsMembersOfBasesAndAnonymousMembers)
{
    const TypeId inner = symbols.add_struct("", 4, { { .name = "deep", .type = integer, .offset = 2 } });
    const TypeId base = symbols.add_struct(
        "base", 4, { { .name = "x", .type = integer }, { .name = "own", .type = character } });
    const TypeId derived = symbols.add_struct("derived", 20,
        { { .type = base, .offset = 4, .is_base_class = true }, { .type = inner, .offset = 8 },
            { .name = "own", .type = integer, .offset = 16 } });
    Types types(symbols);
    EXPECT_EQ(types.member(derived, "x")->offset, 4u);
    EXPECT_EQ(types.member(derived, "deep")->offset, 10u);
    EXPECT_EQ(types.member(derived, "own")->offset, 16u);
    EXPECT_EQ(types.member(derived, "absent"), std::nullopt);
    EXPECT_EQ(types.member(derived, ""), std::nullopt);
    EXPECT_EQ(types.member(add(Kind::Typedef, derived, "d"), "x")->offset, 4u);
    const TypeId tuple =
        symbols.add_struct("(i32,)", 4, { { .name = "__0", .type = integer } }, Language::Rust);
    EXPECT_EQ(types.member(tuple, "0")->type, integer);
}

TEST_F(TypesTest, LooksForTheDefinitionOfADeclaration)
{
    const TypeId declared =
        symbols.add_type({ .kind = Kind::Struct, .name = "later", .is_declaration = true });
    Types before(symbols);
    EXPECT_EQ(before.size_of(declared, 4), std::nullopt);
    const TypeId defined = symbols.add_struct("later", 12, {});
    Types types(symbols);
    EXPECT_EQ(types.stripped(declared).id, defined);
    EXPECT_EQ(types.size_of(declared, 4), 12u);
}

TEST_F(TypesTest, KnowsSizes)
{
    Types types(symbols);
    const TypeId matrix = symbols.add_array(integer, { 2, 3 });
    EXPECT_EQ(types.size_of(matrix, 4), 24u);
    EXPECT_EQ(types.size_of(matrix, 4, 1), 12u);
    EXPECT_EQ(types.size_of(symbols.add_array(integer, { std::nullopt }), 4), std::nullopt);
    EXPECT_EQ(types.size_of(symbols.add_array(matrix, { uint64_t(1) << 60 }), 4), std::nullopt);
    EXPECT_EQ(types.size_of(add(Kind::Pointer, integer), 8), 8u);
    EXPECT_EQ(types.size_of({}, 4), std::nullopt);
}

TEST(BaseName, CutsScopesAndArguments)
{
    EXPECT_EQ(base_name("std::__2::vector<int, std::__2::allocator<int> >"), "vector");
    EXPECT_EQ(base_name("core::option::Option<u32>::Some<u32>"), "Some");
    EXPECT_EQ(base_name("account"), "account");
    EXPECT_EQ(base_name("app::main::{closure_env#0}"), "{closure_env#0}");
    EXPECT_EQ(base_name("<a::B as c::D>::{vtable}"), "{vtable}");
    EXPECT_EQ(base_name(">"), ">");
    EXPECT_EQ(base_name(""), "");
}

} // namespace
} // namespace vitrine::core::source
