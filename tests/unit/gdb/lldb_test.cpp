// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "gdb/lldb.h"

#include "unit/gdb/door.h"

#include <gmock/gmock.h>

namespace vitrine::core::gdb {
namespace {

using testing::ElementsAre;

constexpr auto connect = "process connect --plugin wasm connect://127.0.0.1:4711";

std::vector<std::string> commands_of(
    EngineState& engine, const std::vector<std::string>& texts, std::string_view address = "127.0.0.1:4711")
{
    std::vector<std::shared_ptr<const Module>> modules;
    std::vector<const Module*> pointers;
    for (const std::string& text : texts)
        pointers.push_back(modules.emplace_back(core::test::module_of(engine, text)).get());
    return lldb_commands(pointers, address);
}

/// The commands for a module with this producers section.
std::vector<std::string> commands_for(std::string_view producers)
{
    EngineState engine;
    std::string wat = "(module";
    if (!producers.empty())
        wat += " (@producers " + std::string(producers) + ")";
    return commands_of(engine, { wat + ")" });
}

TEST(Lldb, TheLanguageIsTheModules)
{
    EXPECT_THAT(commands_for(R"((language "C11" "") (processed-by "clang" "22"))"),
        ElementsAre("settings set target.language c", connect));
    EXPECT_THAT(
        commands_for(R"((processed-by "clang" "22") (language "C99" "") (language "C_plus_plus_14" ""))"),
        ElementsAre("settings set target.language c++", connect));
    EXPECT_THAT(commands_for(""), ElementsAre("settings set target.language c", connect));
    // LLDB has no expressions in these languages. It treats functions of the former as C++, and of
    // the latter as C.
    EXPECT_THAT(commands_for(R"((language "Rust" "") (language "C11" ""))"),
        ElementsAre("settings set target.language c++", connect));
    EXPECT_THAT(
        commands_for(R"((language "Zig" "0.15"))"), ElementsAre("settings set target.language c", connect));
}

TEST(Lldb, RustIsALanguageOfTheModule)
{
    EngineState engine;
    const auto is_rust = [&](const std::string& text) {
        return has_rust(*core::test::module_of(engine, "(module " + text + ")"));
    };
    EXPECT_TRUE(is_rust(R"((@producers (language "C11" "") (language "Rust" "")))"));
    EXPECT_FALSE(is_rust(R"((@producers (language "C_plus_plus_14" "") (processed-by "Rust" "")))"));
    EXPECT_FALSE(is_rust(""));
}

TEST(Lldb, TheNamesTellTheLanguageOfAStrippedModule)
{
    EngineState engine;
    for (const auto& [name, language] : {
             std::pair { "$main", "c" },
             std::pair { "$z.addUp", "c" },
             std::pair { "$_Reset", "c" },
             std::pair { "$\"Box::area() const\"", "c++" },
             std::pair { "$\"app::area::h9aacde4e653776ef\"", "c++" },
             std::pair { "$_ZN3Box4areaEv", "c++" },
             std::pair { "$_RNvCs1234_3app4area", "c++" },
         }) {
        const std::string wat = "(module (func) (func " + std::string(name) + "))";
        EXPECT_THAT(commands_of(engine, { wat }),
            ElementsAre("settings set target.language " + std::string(language), connect))
            << name;
    }
}

TEST(Lldb, KeepsNothingOfMemoriesThatItDoesNotTellApart)
{
    EngineState engine;
    const auto* cache = "settings set target.process.disable-memory-cache true";
    const auto commands = [&](const std::vector<std::string>& texts) { return commands_of(engine, texts); };
    EXPECT_THAT(commands({ "(module (memory 1))", "(module (memory 1))" }), testing::Contains(cache));
    EXPECT_THAT(commands({ "(module (memory 1))", "(module (import \"m\" \"m\" (memory 1)))", "(module)" }),
        testing::Not(testing::Contains(cache)));
    EXPECT_THAT(commands({ "(module)", "(module (func $\"a::b\"))" }),
        testing::Contains("settings set target.language c++"));
}

TEST(Lldb, TheAddressBecomesAnUrl)
{
    EngineState engine;
    const auto url_of = [&](std::string_view address) {
        return commands_of(engine, { "(module)" }, address).back();
    };
    EXPECT_EQ(url_of("[::1]:4711"), "process connect --plugin wasm connect://[::1]:4711");
    EXPECT_EQ(url_of("/tmp/door"), "process connect --plugin wasm unix-connect:///tmp/door");
    EXPECT_EQ(
        url_of("/tmp/my \"door\""), "process connect --plugin wasm \"unix-connect:///tmp/my \\\"door\\\"\"");
}

TEST(Lldb, ABrokenProducersSectionSaysNothing)
{
    EngineState engine;
    for (const auto section :
        { "", "\\01", "\\01\\08language", "\\01\\08language\\01\\04Rust", "\\ff\\ff\\ff\\ff\\ff" }) {
        const std::string wat = "(module (@custom \"producers\" \"" + std::string(section) + "\"))";
        EXPECT_THAT(commands_of(engine, { wat }), ElementsAre("settings set target.language c", connect));
    }
}

} // namespace
} // namespace vitrine::core::gdb
