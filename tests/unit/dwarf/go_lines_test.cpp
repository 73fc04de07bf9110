// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Functions and lines that Go's own tables give, for programs that Go compiles.
#include "dwarf/go_lines.h"

#include "dwarf/line_table.h"
#include "support/wat.h"
#include "wasm/instruction.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include <unistd.h>

namespace vitrine::core::dwarf {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view program = R"(package main

import "os"

type account struct{ balance int }

//go:noinline
func (a *account) deposit(amount int) int {
	a.balance += amount
	report("deposit")
	return a.balance
}

//go:noinline
func report(text string) {
	os.Stdout.WriteString(text)
}

func once(text string) {
	report(text)
}


func main() {
	a := &account{}
	a.deposit(20)
	once("main")
	func() {
		defer report("closure")
		a.deposit(30)
	}()
}
)";

/// The module of the program; empty if there is no Go that compiles for WASI.
const std::vector<uint8_t>& go_module()
{
    static const std::vector<uint8_t> bytes = [] {
        std::string name = (fs::temp_directory_path() / "vitrine-go-XXXXXX").string();
        const fs::path folder = ::mkdtemp(name.data());
        std::ofstream(folder / "bank.go") << program;
        const std::string command = "cd " + folder.string()
            + " && GOOS=wasip1 GOARCH=wasm GO111MODULE=off go build -o bank.wasm bank.go 2>&1";
        (void)std::system(command.c_str());
        std::ifstream file(folder / "bank.wasm", std::ios::binary);
        std::vector<uint8_t> module { std::istreambuf_iterator<char>(file), {} };
        fs::remove_all(folder);
        return module;
    }();
    return bytes;
}

class GoLinesTest : public testing::Test {
protected:
    void SetUp() override
    {
        if (go_module().empty())
            GTEST_SKIP() << "no Go that compiles for wasip1";
        module = decoded(go_module());
        symbols = read_go_lines(go_module());
        ASSERT_NE(symbols, nullptr);
    }

    source::Function function(const std::string& name) const
    {
        const auto found = symbols->functions_named({ .text = name });
        EXPECT_EQ(found.size(), 1u) << name;
        return found.empty() ? source::Function { .id = {}, .name = {}, .ranges = { {} } } : found[0];
    }
    /// The lines of the calls of one function in another.
    std::vector<uint32_t> lines_of_calls(const std::string& caller, const std::string& callee) const
    {
        const CodeOffset target = function(callee).ranges[0].begin;
        const source::Range range = function(caller).ranges[0];
        const FuncMeta& body = module->meta(*module->find_function(range.begin));
        ByteReader in(
            module->bytes().subspan(body.code_offset, range.end - body.code_offset), body.code_offset);
        std::vector<uint32_t> lines;
        while (!in.at_end()) {
            const auto instruction = *decode_instruction(in);
            if (instruction.op == Op::Call && !module->is_imported({ instruction.index })
                && module->meta({ instruction.index }).body_offset == target) {
                const auto row = symbols->row_at(instruction.offset);
                lines.push_back(row ? row->place.line : 0);
            }
        }
        return lines;
    }
    std::string file_of(source::Place place) const
    {
        return symbols->summary().files[static_cast<size_t>(place.file)].path;
    }

    std::unique_ptr<const Module> module;
    std::unique_ptr<source::Symbols> symbols;
};

TEST_F(GoLinesTest, FunctionsHaveTheirNames)
{
    const auto deposit = function("main.(*account).deposit");
    EXPECT_EQ(deposit.declared.line, 8u);
    EXPECT_THAT(file_of(deposit.declared), testing::EndsWith("/bank.go"));
    EXPECT_EQ(deposit.language, source::Language::Go);
    EXPECT_EQ(function("account.deposit").id, deposit.id);
    EXPECT_EQ(function("deposit").id, deposit.id);
    EXPECT_EQ(function("main.report").declared.line, 15u);
    EXPECT_EQ(function("main.main").declared.line, 24u);
    // The linker's names are nearly the same.
    EXPECT_EQ(module->names().functions.find(module->find_function(deposit.ranges[0].begin)->value),
        "main.__account_.deposit");
    const auto summary = symbols->summary();
    EXPECT_EQ(summary.producers.front().language, source::Language::Go);
    EXPECT_TRUE(summary.has_lines);
    EXPECT_THAT(summary.problems, testing::IsEmpty());
}

TEST_F(GoLinesTest, CallsHaveTheirLines)
{
    EXPECT_THAT(lines_of_calls("main.(*account).deposit", "main.report"), testing::ElementsAre(10u));
    EXPECT_THAT(lines_of_calls("main.main", "main.(*account).deposit"), testing::ElementsAre(26u));
    // `once` is inlined: the line is that of the call in it.
    EXPECT_THAT(lines_of_calls("main.main", "main.report"), testing::ElementsAre(20u));
    EXPECT_THAT(lines_of_calls("main.main.func1", "main.(*account).deposit"), testing::ElementsAre(30u));
}

TEST_F(GoLinesTest, NearlyAllFunctionsHaveRows)
{
    uint32_t with_rows = 0, all = 0;
    for (uint32_t i = module->imported(ExternKind::Func); i < module->functions.size(); ++i) {
        const FuncMeta& body = module->meta({ i });
        ++all;
        with_rows += !symbols->rows_in({ body.code_offset, body.end_offset }).empty();
    }
    EXPECT_GT(with_rows, all * 9 / 10) << with_rows << " of " << all;
}

TEST_F(GoLinesTest, RowsAreInOrderAndInTheirFunctions)
{
    CodeOffset end = 0;
    for (const source::Row& row : symbols->rows_in({ 0, UINT32_MAX })) {
        EXPECT_LE(end, row.range.begin);
        EXPECT_LT(row.range.begin, row.range.end);
        end = row.range.end;
        EXPECT_EQ(module->find_function(row.range.begin), module->find_function(row.range.end - 1));
        EXPECT_LT(static_cast<size_t>(row.place.file), symbols->summary().files.size());
    }
}

TEST_F(GoLinesTest, BreakpointIsBehindTheDispatch)
{
    // A function is entered anew whenever its goroutine resumes; the first row is not.
    const source::Range range = function("main.report").ranges[0];
    const auto rows = symbols->rows_in(range);
    ASSERT_FALSE(rows.empty());
    EXPECT_TRUE(rows[0].is_prologue_end);
    const FuncMeta& body = module->meta(*module->find_function(range.begin));
    EXPECT_GT(rows[0].range.begin, body.code_offset);
}

TEST_F(GoLinesTest, MutatedTablesAreReadOrIgnored)
{
    // In the data, behind the code.
    std::vector<uint8_t> bytes = go_module();
    const auto header =
        std::ranges::search(bytes, std::to_array<uint8_t>({ 0xf1, 0xff, 0xff, 0xff, 0, 0, 1, 8 }));
    const auto begin = static_cast<size_t>(header.begin() - bytes.begin());
    std::minstd_rand random(1);
    for (int i = 0; i < 40; ++i) {
        std::vector<uint8_t> mutated = bytes;
        const size_t reach = i % 2 == 0 ? 100 : bytes.size() - begin;
        for (int n = 0; n < 200; ++n)
            mutated[begin + 8 + random() % (reach - 8)] = static_cast<uint8_t>(random());
        if (const auto read = read_go_lines(mutated))
            read->rows_in({ 0, UINT32_MAX });
    }
}

TEST(GoLines, OtherModulesHaveNone)
{
    EXPECT_EQ(read_go_lines({}), nullptr);
    EXPECT_EQ(read_go_lines(test::wasm_of("(module)")), nullptr);
    // Only the beginning of a table, at the end of the address space.
    EXPECT_EQ(read_go_lines(test::wasm_of(
                  R"((module (memory 1) (data (i32.const 0) "x") (func)
                      (data (i32.const -9) "\f1\ff\ff\ff\00\00\01\08\01")))")),
        nullptr);
    EXPECT_EQ(read_go_lines(test::wasm_of(
                  R"((module (memory 1) (data (i32.const 64) "\f1\ff\ff\ff\00\00\01\08\01") (func)))")),
        nullptr);
}

} // namespace
} // namespace vitrine::core::dwarf
