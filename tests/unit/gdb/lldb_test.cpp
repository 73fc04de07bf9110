// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "gdb/lldb.h"

#include "unit/gdb/door.h"

#include <gmock/gmock.h>

namespace vitrine::core::gdb {
namespace {

using testing::ElementsAre;

constexpr auto connect = "process connect --plugin wasm connect://127.0.0.1:4711";

/// The commands for a module with such a producers section.
std::vector<std::string> commands_for(std::string_view producers)
{
    EngineState engine;
    std::string wat = "(module";
    if (!producers.empty())
        wat += " (@producers " + std::string(producers) + ")";
    return lldb_commands(*core::test::module_of(engine, wat + ")"), "127.0.0.1:4711");
}

TEST(Lldb, TheLanguageIsTheModules)
{
    EXPECT_THAT(commands_for(R"((language "C11" "") (processed-by "clang" "22"))"),
        ElementsAre("settings set target.language c", connect));
    EXPECT_THAT(
        commands_for(R"((processed-by "clang" "22") (language "C99" "") (language "C_plus_plus_14" ""))"),
        ElementsAre("settings set target.language c++", connect));
    EXPECT_THAT(commands_for(""), ElementsAre("settings set target.language c", connect));
    // LLDB has no expressions in this language, and would find none of its functions in another.
    EXPECT_THAT(commands_for(R"((language "Rust" "") (language "C11" ""))"), ElementsAre(connect));
}

TEST(Lldb, ABrokenProducersSectionSaysNothing)
{
    EngineState engine;
    for (const auto section :
        { "", "\\01", "\\01\\08language", "\\01\\08language\\01\\04Rust", "\\ff\\ff\\ff\\ff\\ff" }) {
        const std::string wat = "(module (@custom \"producers\" \"" + std::string(section) + "\"))";
        EXPECT_THAT(lldb_commands(*core::test::module_of(engine, wat), "127.0.0.1:4711"),
            ElementsAre("settings set target.language c", connect));
    }
}

} // namespace
} // namespace vitrine::core::gdb
