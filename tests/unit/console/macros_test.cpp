// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "console/macros.h"
#include "console/settings.h"

#include <gmock/gmock.h>

namespace vitrine::core::console {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Macros, ArgumentsOfADefinition)
{
    const Macros::Macro macro { .lines = { "print $arg0 + $arg1", "echo $argc of $arg*",
                                    "$arg9 $argument $argcount $arg" } };
    EXPECT_THAT(Macros::expand(macro, " (1 + 2) \"a b\" "),
        ElementsAre(
            "print (1 + 2) + \"a b\"", "echo 2 of (1 + 2) \"a b\"", "$arg9 $argument $argcount $arg"));
    EXPECT_THAT(Macros::expand(macro, ""),
        ElementsAre("print $arg0 + $arg1", "echo 0 of ", "$arg9 $argument $argcount $arg"));
    // What an argument brings in is not looked at again.
    EXPECT_THAT(Macros::expand({ .lines = { "$arg0$arg1" } }, "$arg1 x"), ElementsAre("$arg1x"));
    EXPECT_THAT(Macros::expand({ .lines = { "print /x" }, .is_alias = true }, "$n + 1"),
        ElementsAre("print /x $n + 1"));
    EXPECT_THAT(Macros::expand({ .lines = { "bt" }, .is_alias = true }, ""), ElementsAre("bt"));
}

TEST(Macros, Names)
{
    for (const auto name : { "a", "_a", "a-b", "A1_" })
        EXPECT_TRUE(Macros::check_name(name)) << name;
    for (const auto name : { "", "1a", "-a", "a b", "a/b", "a$", "\x1b" })
        EXPECT_FALSE(Macros::check_name(name)) << name;
    EXPECT_FALSE(Macros::check_name(std::string(65, 'a')));
    Macros macros;
    EXPECT_THAT(macros.document("none", {}).error().message, HasSubstr("has made none"));
    macros.set("m", { .lines = { "x" } });
    EXPECT_TRUE(macros.document("m", { "help" }));
    EXPECT_EQ(macros.find("m")->help.size(), 1);
    EXPECT_EQ(macros.find("n"), nullptr);
}

TEST(Settings, EachHasANameAndAValue)
{
    Settings settings;
    for (const Setting& setting : setting_table()) {
        Words words(setting.name);
        EXPECT_EQ(take_setting(words), &setting);
        EXPECT_TRUE(words.at_end());
        const std::string before = setting_line(settings, setting);
        EXPECT_TRUE(before.starts_with(std::string(setting.name) + ": ")) << before;
        Words nonsense("nonsense");
        EXPECT_FALSE(change(settings, setting, nonsense));
        EXPECT_EQ(setting_line(settings, setting), before);
        const bool is_switch = setting.values == Setting::Values::Switch;
        for (const std::string_view value :
            is_switch ? std::vector { "on", "off" } : std::vector { "7", "unlimited" }) {
            Words text(value);
            EXPECT_TRUE(change(settings, setting, text));
            EXPECT_TRUE(setting_line(settings, setting).ends_with(": " + std::string(value)));
        }
        for (Words forms(setting.forms); !forms.at_end();) {
            Words form(forms.next());
            EXPECT_EQ(take_setting(form), &setting);
        }
        Words more("on off");
        EXPECT_FALSE(change(settings, setting, more));
    }
    Words other("listsizes 3");
    EXPECT_EQ(take_setting(other), nullptr);
    EXPECT_EQ(other.rest(), "listsizes 3");
}

} // namespace
} // namespace vitrine::core::console
