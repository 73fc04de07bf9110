// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "debug/function_names.h"

#include <gtest/gtest.h>

namespace vitrine::core::debug {
namespace {

TEST(SourceNames, PartsThatCanBeLeftOut)
{
    const struct {
        const char* name;
        std::vector<const char*> texts;
        std::vector<const char*> others;
    } table[] = {
        { "add(int, int)", { "add(int, int)", "add" }, { "", "dd", "add(", "int", "add(int)" } },
        { "geo::P::area(int) const", { "geo::P::area(int) const", "P::area", "area", "area(int) const" },
            { "P", "rea", "geo::area", "const" } },
        { "int geo::twice<int>(int)",
            { "int geo::twice<int>(int)", "geo::twice<int>(int)", "geo::twice<int>", "geo::twice", "twice",
                "twice<int>" },
            { "int", "wice", "twice<long>" } },
        { "std::vector<int, std::allocator<int> >::push_back(int&&)",
            { "std::vector<int, std::allocator<int> >::push_back", "std::vector::push_back", "push_back" },
            { "allocator", "vector" } },
        { "unsigned int const* f<std::pair<int, int>>(void (*)(int))", { "f", "f<std::pair<int, int>>" },
            { "pair" } },
        { "A::operator<(A const&) const", { "A::operator<", "operator<" }, { "A::operator" } },
        { "A::operator->() const", { "A::operator->", "operator->" }, {} },
        { "A::operator()(int)", { "A::operator()", "operator()" }, { "operator" } },
        { "A::operator bool() const", { "A::operator bool", "operator bool" }, { "bool" } },
        { "my_operator(int)", { "my_operator" }, { "operator" } },
        { "(anonymous namespace)::helper(int)", { "(anonymous namespace)::helper", "helper" }, {} },
        { "f(int)::local::g(int)", { "f(int)::local::g", "local::g", "g" }, { "f", "f(int)" } },
        { "collections::depths::dive", { "collections::depths::dive", "depths::dive", "dive" }, { "ive" } },
        { "<hello::Foo as core::fmt::Debug>::fmt", { "<hello::Foo as core::fmt::Debug>::fmt", "fmt" },
            { "Foo" } },
        { "core::iter::map<fn(u8) -> u8>::next", { "core::iter::map::next", "next" }, { "map" } },
        { "hello::main::{closure#0}", { "{closure#0}", "main::{closure#0}" }, { "main" } },
        { "plain", { "plain" }, { "plai" } },
        { "broken<(", { "broken<(" }, { "(" } },
    };
    for (const auto& row : table) {
        for (const char* text : row.texts)
            EXPECT_TRUE(is_source_name(row.name, text)) << row.name << ": " << text;
        for (const char* text : row.others)
            EXPECT_FALSE(is_source_name(row.name, text)) << row.name << ": " << text;
    }
}

} // namespace
} // namespace vitrine::core::debug
