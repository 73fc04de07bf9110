// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The command as the reader of a client: a real process.

#include "dwarf/confine.h"
#include "dwarf/reader.h"
#include "source/remote.h"

#include "support/compiled.h"

#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <map>

namespace vitrine::core::dwarf {
namespace {

using namespace source;

constexpr std::string_view program = R"(int sink;
static inline __attribute__((always_inline)) int twice(int n) { sink = n; return 2 * n; }
int work(int n)
{
    int all = n + 1;
    return all + twice(n);
}
)";

/// A client of the command that is tested.
class Served : public testing::Test {
protected:
    void SetUp() override
    {
#ifdef VITRINE_COMMAND
        command_ = VITRINE_COMMAND;
#else
        GTEST_SKIP() << "built without the command";
#endif
        auto module = test::compiled("work.c", program, "-gdwarf-5 -O0");
        if (!module)
            GTEST_SKIP() << "no clang";
        module_ = *std::move(module);
        client_ =
            std::make_unique<Remote>(ReaderFiles { .command = { command_, "symbols" }, .module = module_ },
                Remote::Options { .name = "work.wasm",
                    .report = [this](const std::string& text) { reports_.push_back(text); },
                    .limit = std::chrono::seconds(60) });
        direct_ = read({ .module = module_ });
    }

    std::string command_;
    std::vector<uint8_t> module_;
    std::vector<std::string> reports_;
    std::unique_ptr<Remote> client_;
    std::unique_ptr<Symbols> direct_;
};

TEST_F(Served, AnswersAreThoseOfTheReaderInProcess)
{
    EXPECT_EQ(client_->summary(), direct_->summary());
    const Pattern work { .text = "work" }, twice { .text = "twice" },
        all { .text = "", .match = Pattern::Match::Prefix };
    const auto function = direct_->functions_named(work).at(0);
    EXPECT_EQ(client_->functions_named(work), direct_->functions_named(work));
    EXPECT_EQ(client_->functions_named(twice), direct_->functions_named(twice));
    EXPECT_EQ(client_->function(function.id), direct_->function(function.id));
    const Range range = function.ranges.at(0);
    EXPECT_EQ(client_->rows_in(range), direct_->rows_in(range));
    EXPECT_EQ(client_->inlined_in(range), direct_->inlined_in(range));
    EXPECT_EQ(client_->globals(all), direct_->globals(all));
    EXPECT_EQ(client_->find_type("int"), direct_->find_type("int"));
    for (CodeOffset offset = range.begin; offset < range.end; ++offset) {
        EXPECT_EQ(client_->row_at(offset), direct_->row_at(offset));
        EXPECT_EQ(client_->function_at(offset), direct_->function_at(offset));
        const auto scopes = direct_->scopes_at(offset);
        EXPECT_EQ(client_->scopes_at(offset), scopes);
        for (const Scope& scope : scopes) {
            const auto variables = direct_->variables(scope.variables);
            EXPECT_EQ(client_->variables(scope.variables), variables);
            for (const Variable& variable : variables)
                EXPECT_EQ(client_->type(variable.type), direct_->type(variable.type));
        }
    }
    EXPECT_EQ(reports_, std::vector<std::string> {});
}

TEST_F(Served, AReaderThatSomebodyEndsIsStartedAgain)
{
    const Pattern work { .text = "work" };
    const auto expected = direct_->functions_named(work);
    EXPECT_EQ(client_->functions_named(work), expected);
    const pid_t first = client_->process().value();
    kill(first, SIGKILL);
    EXPECT_EQ(client_->functions_named(work), expected);
    EXPECT_NE(client_->process().value(), first);
    EXPECT_EQ(reports_,
        std::vector<std::string> {
            "symbols of work.wasm: the reader ended (signal 9); it is started again" });
}

TEST_F(Served, OtherFilesAreSent)
{
    const auto split = test::compiled_split("work.c", program, "-gdwarf-5 -O0");
    const std::vector<std::string> command { command_, "symbols" };
    const Pattern work { .text = "work" };
    Remote from_package({ .command = command, .module = split->module, .package = split->package }, {});
    EXPECT_EQ(from_package.functions_named(work).size(), 1u);
    Remote from_file({ .command = command,
                         .module = split->module,
                         .find_split =
                             [&](const std::string& name, const std::string&) {
                                 EXPECT_EQ(name, "guest.dwo");
                                 return split->split;
                             } },
        {});
    EXPECT_EQ(from_file.functions_named(work).size(), 1u);
    Remote from_nothing({ .command = command, .module = split->module }, {});
    EXPECT_EQ(from_nothing.functions_named(work).size(), 0u);
    EXPECT_EQ(from_nothing.summary().problems.size(), 1u);
}

TEST_F(Served, TheReaderHasLimits)
{
    (void)client_->summary();
    const std::string folder = "/proc/" + std::to_string(client_->process().value());
    std::map<std::string, std::string> lines;
    for (const char* name : { "/limits", "/status" }) {
        std::ifstream in(folder + name);
        for (std::string line; std::getline(in, line);)
            lines[line.substr(0, line.find_first_of(":") == line.npos ? 18 : line.find(':'))] = line;
    }
    EXPECT_NE(lines["Max file size     "].find(" 0 "), std::string::npos) << lines["Max file size     "];
    EXPECT_NE(lines["Max core file size"].find(" 0 "), std::string::npos) << lines["Max core file size"];
    EXPECT_EQ(lines["NoNewPrivs"], "NoNewPrivs:\t1");
    if (has_filter()) {
        EXPECT_EQ(lines["Seccomp"], "Seccomp:\t2");
    }
    EXPECT_EQ(lines["Max address space "].find("unlimited"), std::string::npos)
        << lines["Max address space "];
}

} // namespace
} // namespace vitrine::core::dwarf
