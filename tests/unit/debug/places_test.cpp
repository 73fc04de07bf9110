// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "debug/places.h"

#include "support/guest.h"

#include <gmock/gmock.h>

#include <map>

namespace vitrine::core::debug {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// The names that compilers give to functions, and those in the source.
std::string demangled(std::string_view name)
{
    static const std::map<std::string_view, std::string> names {
        { "_ZN5hello4main17h0123456789abcdefE", "hello::main" },
        { "_RNvCs15kBYyAo9fc_7mycrate7example", "mycrate::example" },
        { "_Z3addii", "add(int, int)" },
        { "_ZN5Stack4pushEi", "Stack::push(int)" },
        { "_ZN5Stack4pushEd", "Stack::push(double)" },
    };
    const auto found = names.find(name);
    return found == names.end() ? std::string(name) : found->second;
}

struct PlacesTest : testing::Test {
    /// The functions that a text means, as module and index.
    std::vector<std::string> find(std::string_view text, Demangle demangle = demangled) const
    {
        std::vector<std::string> found;
        const auto places = find_places(modules, modules[0].module, text, demangle);
        if (places)
            for (const CodePlace& place : *places)
                found.push_back((place.module == modules[0].module ? "app " : "lib ")
                    + std::to_string(place.module->find_function(place.offset)->value));
        return found;
    }

    test::Guest guest;
    std::vector<LoadedModule> modules {
        { guest.instantiate(R"wat((module
            (func $_ZN5hello4main17h0123456789abcdefE)
            (func $_Z3addii)
            (func $_ZN5Stack4pushEi)
            (func $_ZN5Stack4pushEd)
            (func $plain)
            (func $"geo::P::area(int) const")
            (func $"int geo::twice<int>(int)")))wat")
                .module,
            "app.wasm" },
        { guest.instantiate(R"((module $lib
            (func $_ZN5hello4main17h0123456789abcdefE)
            (func $_RNvCs15kBYyAo9fc_7mycrate7example)))")
                .module,
            "lib.wasm" },
    };
};

TEST_F(PlacesTest, NamesOfTheSource)
{
    EXPECT_THAT(find("hello::main"), ElementsAre("app 0")) << "the module in view comes first";
    EXPECT_THAT(find("main"), ElementsAre("app 0"));
    EXPECT_THAT(find("lib:hello::main"), ElementsAre("lib 0"));
    EXPECT_THAT(find("lib:main"), ElementsAre("lib 0"));
    EXPECT_THAT(find("add"), ElementsAre("app 1"));
    EXPECT_THAT(find("add(int, int)"), ElementsAre("app 1"));
    EXPECT_THAT(find("mycrate::example"), ElementsAre("lib 1"));
    EXPECT_THAT(find("example"), ElementsAre("lib 1"));
}

TEST_F(PlacesTest, EachFunctionOfAnAmbiguousName)
{
    EXPECT_THAT(find("push"), ElementsAre("app 2", "app 3"));
    EXPECT_THAT(find("Stack::push"), ElementsAre("app 2", "app 3"));
    EXPECT_THAT(find("Stack::push(double)"), ElementsAre("app 3"));
}

TEST_F(PlacesTest, NamesThatTheLinkerHasWrittenOut)
{
    EXPECT_THAT(find("geo::P::area"), ElementsAre("app 5"));
    EXPECT_THAT(find("area"), ElementsAre("app 5"));
    EXPECT_THAT(find("$\"geo::P::area(int) const\""), ElementsAre("app 5"));
    EXPECT_THAT(find("app:geo::twice"), ElementsAre("app 6"));
    EXPECT_THAT(find("twice<int>"), ElementsAre("app 6"));
}

TEST_F(PlacesTest, AFunctionByItsNameInTheSource)
{
    const auto index = [&](std::string_view text) {
        const auto found = find_function(modules[0], text, demangled);
        return found ? std::to_string(found->value) : found.error().message;
    };
    EXPECT_EQ("0", index("hello::main"));
    EXPECT_EQ("0", index("$hello::main"));
    EXPECT_EQ("6", index("geo::twice"));
    EXPECT_EQ("4", index("plain"));
    EXPECT_EQ("several functions have this name: func[2], func[3]", index("Stack::push"));
    EXPECT_THAT(index("nothing"), testing::StartsWith("no such function"));
}

TEST_F(PlacesTest, NamesInTheModuleComeFirst)
{
    EXPECT_THAT(find("plain"), ElementsAre("app 4"));
    EXPECT_THAT(find("$_Z3addii"), ElementsAre("app 1"));
    EXPECT_THAT(find("hell"), IsEmpty());
    EXPECT_THAT(find("ain"), IsEmpty());
    EXPECT_THAT(find("main", nullptr), IsEmpty());
}

} // namespace
} // namespace vitrine::core::debug
