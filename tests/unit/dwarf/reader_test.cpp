// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What is read from the DWARF of compiled programs.

#include "dwarf/reader.h"

#include "support/compiled.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace vitrine::core::dwarf {
namespace {

using namespace source;

constexpr std::string_view bank =
    R"(struct account { const char *owner; int balance; unsigned open : 3; int kind : 5; };
__attribute__((used)) static struct account accounts[3] = { { "jade", 80, 1, -2 }, { "rui", 5, 0, 1 } };
enum color { RED, GREEN = 5, BLUE = -1 };
typedef int (*operation)(int, int);
volatile int sink;
__attribute__((noinline)) static int add(int a, int b) { return a + b + sink; }
static inline __attribute__((always_inline)) int twice(int n)
{
    int doubled = n * 2;
    sink = doubled;
    return add(doubled, n);
}
operation operations[2] = { add, 0 };
__attribute__((noinline)) int deposit(struct account *account, int amount)
{
    enum color shade = GREEN;
    account->balance += amount;
    if (account->balance > 1000) {
        int over = account->balance - 1000;
        sink = over;
    }
    return twice(account->balance) + shade;
}
int total(void) { return deposit(&accounts[1], 7) + twice(4); }
)";

/// The name of each way to compile, as arguments.
const std::vector<std::string> ways { "-gdwarf-4 -O0", "-gdwarf-5 -O0", "-gdwarf-4 -O1", "-gdwarf-5 -O1",
    "--target=wasm64 -gdwarf-4 -O0", "--target=wasm64 -gdwarf-5 -O0", "--target=wasm64 -gdwarf-5 -O1" };

class Compiled : public testing::TestWithParam<std::string> {
protected:
    void SetUp() override
    {
        auto module = test::compiled("bank.c", bank, GetParam());
        if (!module)
            GTEST_SKIP() << "no clang";
        module_ = *std::move(module);
        symbols_ = read({ .module = module_ });
        ASSERT_NE(symbols_, nullptr);
    }

    bool is_optimized() const { return GetParam().find("-O0") == std::string::npos; }
    bool is_wide() const { return GetParam().find("wasm64") != std::string::npos; }

    Function function(const std::string& name)
    {
        const auto found = symbols_->functions_named({ .text = name });
        EXPECT_EQ(found.size(), 1u) << name;
        return found.empty() ? Function {} : found.front();
    }
    /// The offset of the first statement of a line in a function.
    CodeOffset offset_of(const std::string& name, uint32_t line)
    {
        for (const Range& range : function(name).ranges)
            for (const Row& row : symbols_->rows_in(range))
                if (row.place.line == line && row.is_statement)
                    return row.range.begin;
        ADD_FAILURE() << "no code of line " << line;
        return 0;
    }
    /// `twice deposit`
    std::string scope_names(CodeOffset offset)
    {
        std::string names;
        for (const Scope& scope : symbols_->scopes_at(offset))
            if (scope.kind != Scope::Kind::Block)
                names += (names.empty() ? "" : " ") + scope.name;
        return names;
    }
    /// `account amount shade`: the variables of all scopes at an offset, innermost first.
    std::string variable_names(CodeOffset offset)
    {
        std::string names;
        for (const Scope& scope : symbols_->scopes_at(offset))
            for (const Variable& variable : symbols_->variables(scope.variables))
                names += (names.empty() ? "" : " ") + variable.name;
        return names;
    }
    /// A type without its typedefs, qualifiers and pointers.
    Type bare(TypeId id)
    {
        Type type = symbols_->type(id);
        while (type.kind == Type::Kind::Typedef || type.kind == Type::Kind::Pointer
            || type.kind == Type::Kind::Const || type.kind == Type::Kind::Volatile)
            type = symbols_->type(type.target);
        return type;
    }

    std::vector<uint8_t> module_;
    std::unique_ptr<Symbols> symbols_;
};

TEST_P(Compiled, HasASummary)
{
    const Summary summary = symbols_->summary();
    ASSERT_EQ(summary.producers.size(), 1u);
    EXPECT_EQ(summary.producers[0].language, Language::C);
    EXPECT_EQ(summary.producers[0].version, GetParam().find("dwarf-5") != std::string::npos ? 5 : 4);
    EXPECT_NE(summary.producers[0].name.find("clang version 22"), std::string::npos);
    EXPECT_EQ(summary.functions, 3u);
    EXPECT_TRUE(summary.has_lines);
    EXPECT_TRUE(summary.has_variables);
    EXPECT_EQ(summary.problems, std::vector<std::string> {});
    const File* file = nullptr;
    for (const File& each : summary.files)
        if (each.path == "bank.c")
            file = &each;
    ASSERT_NE(file, nullptr);
    EXPECT_EQ(file->directory, "/src");
}

TEST_P(Compiled, LinesLeadToCodeAndBack)
{
    const CodeOffset offset = offset_of("deposit", 17);
    const auto row = symbols_->row_at(offset);
    ASSERT_TRUE(row);
    EXPECT_EQ(row->place.line, 17u);
    EXPECT_EQ(symbols_->summary().files[static_cast<size_t>(row->place.file)].path, "bank.c");
    const auto rows = symbols_->rows_of(row->place.file, 17, 17);
    EXPECT_NE(std::ranges::find(rows, *row), rows.end());
    for (const Row& each : rows)
        EXPECT_EQ(each.place.line, 17u);
    for (const auto function = symbols_->function_at(offset); const Range& range : function->ranges) {
        // The rows of a function follow each other without gaps and overlaps, after the
        // declarations of its locals.
        const auto all = symbols_->rows_in(range);
        ASSERT_FALSE(all.empty());
        CodeOffset end = all.front().range.begin;
        EXPECT_GE(end, range.begin);
        for (const Row& each : all) {
            EXPECT_EQ(each.range.begin, end);
            EXPECT_LT(each.range.begin, each.range.end);
            end = each.range.end;
        }
        EXPECT_GE(end, range.end);
    }
    const auto prologue = symbols_->rows_in(function("deposit").ranges.front());
    EXPECT_TRUE(std::ranges::any_of(prologue, [](const Row& each) { return each.is_prologue_end; }));
}

TEST_P(Compiled, FunctionsAreFoundByNameAndOffset)
{
    const Function deposit = function("deposit");
    ASSERT_EQ(deposit.ranges.size(), 1u);
    EXPECT_EQ(deposit.declared.line, 14u);
    EXPECT_EQ(deposit.parameters.size(), 2u);
    EXPECT_EQ(symbols_->type(deposit.result).name, "int");
    EXPECT_EQ(deposit.address_bytes, is_wide() ? 8 : 4);
    EXPECT_EQ(deposit.language, Language::C);
    EXPECT_FALSE(deposit.frame_base.empty());
    const auto at = symbols_->function_at(deposit.ranges.front().end - 1);
    ASSERT_TRUE(at);
    EXPECT_EQ(at->id, deposit.id);
    EXPECT_EQ(symbols_->function(deposit.id)->name, "deposit");
    EXPECT_EQ(symbols_->function_at(0), std::nullopt);
    // Before it there is only the size of its body.
    EXPECT_EQ(symbols_->function_at(deposit.ranges.front().begin - 1), std::nullopt);
    const auto other = symbols_->function_at(function("add").ranges.at(0).begin);
    ASSERT_TRUE(other);
    EXPECT_EQ(other->name, "add");

    using Match = Pattern::Match;
    EXPECT_EQ(symbols_->functions_named({ .text = "depo" }).size(), 0u);
    EXPECT_EQ(symbols_->functions_named({ .text = "depo", .match = Match::Prefix }).size(), 1u);
    EXPECT_EQ(symbols_->functions_named({ .text = "^(add|deposit)$", .match = Match::Regex }).size(), 2u);
    EXPECT_EQ(symbols_->functions_named({ .text = "(", .match = Match::Regex }).size(), 0u);
    EXPECT_EQ(symbols_->functions_named({ .text = "", .match = Match::Prefix, .limit = 2 }).size(), 2u);
}

TEST_P(Compiled, AnInlinedFunctionHasCopies)
{
    const Function twice = function("twice");
    EXPECT_EQ(twice.ranges, std::vector<Range> {});
    ASSERT_EQ(twice.copies.size(), 2u);
    std::vector<std::string> callers;
    for (const InlinedCopy& copy : twice.copies) {
        EXPECT_TRUE(
            std::ranges::any_of(copy.ranges, [&](const Range& range) { return range.contains(copy.entry); }));
        callers.push_back(scope_names(copy.entry));
        const auto scopes = symbols_->scopes_at(copy.entry);
        EXPECT_EQ(scopes.front().function, twice.id);
        EXPECT_EQ(scopes.front().call.line, callers.back() == "twice deposit" ? 22u : 24u);
        EXPECT_EQ(symbols_->function(scopes.front().function)->name, "twice");
        // The same by range.
        const Function outer = *symbols_->function_at(copy.entry);
        const auto inlined = symbols_->inlined_in(outer.ranges.front());
        EXPECT_NE(std::ranges::find(inlined, scopes.front()), inlined.end());
    }
    std::ranges::sort(callers);
    EXPECT_EQ(callers, (std::vector<std::string> { "twice deposit", "twice total" }));
}

TEST_P(Compiled, VariablesAreThoseOfTheScope)
{
    EXPECT_EQ(variable_names(offset_of("deposit", 17)), "account amount shade");
    EXPECT_EQ(variable_names(offset_of("deposit", 20)), "over account amount shade");
    EXPECT_EQ(scope_names(offset_of("deposit", 20)), "deposit");
    for (const Scope& scope : symbols_->scopes_at(offset_of("deposit", 20)))
        for (const Variable& variable : symbols_->variables(scope.variables)) {
            const bool is_parameter = variable.name == "account" || variable.name == "amount";
            EXPECT_EQ(variable.kind, is_parameter ? Variable::Kind::Parameter : Variable::Kind::Local);
            // At -O1 this is a constant.
            if (variable.name == "shade" && is_optimized()) {
                EXPECT_EQ(variable.constant, (std::vector<uint8_t> { 5, 0, 0, 0 }));
                continue;
            }
            ASSERT_GE(variable.locations.size(), 1u) << variable.name;
            if (!is_optimized()) {
                EXPECT_EQ(variable.locations.front().range, (Range { 0, UINT32_MAX }));
                EXPECT_EQ(variable.locations.front().expression.front(), 0x91) << "DW_OP_fbreg";
            } else if (variable.name == "account") {
                for (const Location& location : variable.locations)
                    EXPECT_TRUE(location.range == (Range { 0, UINT32_MAX })
                        || function("deposit").ranges.front().contains(location.range.begin));
            }
        }
    EXPECT_EQ(symbols_->variables({}).size(), 0u);
    const VariableId strange[] { VariableId { 0 }, VariableId { 1 }, VariableId { UINT64_MAX } };
    EXPECT_EQ(symbols_->variables(strange).size(), 0u);
}

TEST_P(Compiled, GlobalsAreFoundByNameAndAddress)
{
    const auto found = symbols_->globals({ .text = "accounts" });
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].kind, Variable::Kind::Static);
    EXPECT_EQ(found[0].declared.line, 2u);
    ASSERT_EQ(found[0].locations.size(), 1u);
    const Expression& expression = found[0].locations[0].expression;
    ASSERT_EQ(expression.size(), is_wide() ? 9u : 5u) << "no DW_OP_addrx";
    ASSERT_EQ(expression[0], 0x03) << "DW_OP_addr";
    const uint64_t address = load<uint32_t>(expression.data() + 1);
    ASSERT_TRUE(symbols_->variable_at(address));
    EXPECT_EQ(symbols_->variable_at(address)->name, "accounts");
    EXPECT_EQ(symbols_->variable_at(address + 1), std::nullopt);
    EXPECT_EQ(symbols_->globals({ .text = "sink" })[0].kind, Variable::Kind::Global);
    EXPECT_EQ(symbols_->globals({ .text = "", .match = Pattern::Match::Prefix }).size(), 3u);
    const Type array = symbols_->type(found[0].type);
    EXPECT_EQ(array.kind, Type::Kind::Array);
    EXPECT_EQ(array.dimensions, std::vector<std::optional<uint64_t>> { 3 });
    EXPECT_EQ(array.size, is_wide() ? 48u : 36u);
}

TEST_P(Compiled, TypesHaveTheirLayout)
{
    const auto id = symbols_->find_type("account");
    ASSERT_TRUE(id);
    const Type account = symbols_->type(*id);
    EXPECT_EQ(account.kind, Type::Kind::Struct);
    EXPECT_EQ(account.name, "account");
    EXPECT_EQ(account.size, is_wide() ? 16u : 12u);
    ASSERT_EQ(account.members.size(), 4u);
    const uint64_t pointer = is_wide() ? 8 : 4;
    EXPECT_EQ(account.members[0].name, "owner");
    EXPECT_EQ(account.members[1].offset, pointer);
    EXPECT_EQ(account.members[2].offset, pointer + 4);
    EXPECT_EQ(account.members[2].bit_size, 3u);
    EXPECT_EQ(account.members[2].bit_offset, 0u);
    EXPECT_EQ(account.members[3].bit_size, 5u);
    EXPECT_EQ(account.members[3].bit_offset, 3u);
    const Type owner = symbols_->type(account.members[0].type);
    EXPECT_EQ(owner.kind, Type::Kind::Pointer);
    EXPECT_EQ(owner.size, pointer);
    EXPECT_EQ(symbols_->type(owner.target).kind, Type::Kind::Const);
    EXPECT_EQ(bare(owner.target).kind, Type::Kind::Character);
    EXPECT_TRUE(bare(owner.target).is_signed);

    const Type color = symbols_->type(*symbols_->find_type("color"));
    EXPECT_EQ(color.kind, Type::Kind::Enum);
    EXPECT_TRUE(color.is_signed);
    EXPECT_EQ(color.enumerators, (std::vector<Enumerator> { { "RED", 0 }, { "GREEN", 5 }, { "BLUE", -1 } }));
    const Type operation = bare(*symbols_->find_type("operation"));
    EXPECT_EQ(operation.kind, Type::Kind::Function);
    EXPECT_EQ(operation.parameters.size(), 2u);
    const Type integer = symbols_->type(*symbols_->find_type("int"));
    EXPECT_EQ(integer.kind, Type::Kind::Signed);
    EXPECT_EQ(integer.size, 4u);
    EXPECT_EQ(symbols_->find_type("nonsense"), std::nullopt);
    EXPECT_EQ(symbols_->type(TypeId {}).kind, Type::Kind::Unknown);
    EXPECT_EQ(symbols_->type(TypeId { UINT64_MAX }).kind, Type::Kind::Unknown);
}

TEST_P(Compiled, TypesAreFoundByPatternsAndEnumerators)
{
    const auto names = [&](Pattern pattern) {
        std::vector<std::string> found;
        for (const TypeId id : symbols_->types_named(pattern))
            found.push_back(symbols_->type(id).name);
        return found;
    };
    using Names = std::vector<std::string>;
    using enum Pattern::Match;
    EXPECT_EQ(names({ .text = "^(acc|col)", .match = Regex, .limit = 1 }).size(), 1u);
    EXPECT_EQ(names({ .text = "^acc", .match = Regex }), Names { "account" });
    EXPECT_EQ(names({ .text = "oper", .match = Prefix }), Names { "operation" });
    EXPECT_EQ(names({ .text = "account" }), Names { "account" });
    EXPECT_EQ(names({ .text = "GREEN", .match = Enumerator }), Names { "color" });
    EXPECT_EQ(names({ .text = "color", .match = Enumerator }), Names {});
    EXPECT_EQ(names({ .text = "(", .match = Regex }), Names {});
}

TEST_P(Compiled, UnitsCanBeLeftOut)
{
    std::atomic<uint32_t> unit = 0;
    const auto without = read({ .module = module_, .without = { 0 }, .unit = &unit });
    EXPECT_EQ(unit, no_unit);
    EXPECT_EQ(without->functions_named({ .text = "deposit" }).size(), 0u);
    EXPECT_EQ(without->find_type("account"), std::nullopt);
    EXPECT_EQ(without->summary().files, symbols_->summary().files) << "ids must stay";
    EXPECT_TRUE(without->row_at(offset_of("deposit", 17)));
}

std::string name_of(const testing::TestParamInfo<std::string>& info)
{
    std::string name = info.param;
    std::erase_if(name, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; });
    return name;
}
INSTANTIATE_TEST_SUITE_P(Ways, Compiled, testing::ValuesIn(ways), name_of);

/// What is known about the functions of the module, without ids.
std::string described(Symbols& symbols)
{
    std::string text;
    const Pattern all { .text = "", .match = Pattern::Match::Prefix };
    for (const Function& function : symbols.functions_named(all)) {
        text += function.name + " " + std::to_string(function.declared.line) + " "
            + std::to_string(function.copies.size()) + "\n";
        for (const Range& range : function.ranges)
            for (CodeOffset offset = range.begin; offset < range.end; ++offset)
                for (const Scope& scope : symbols.scopes_at(offset)) {
                    text += " " + std::to_string(offset) + " " + scope.name;
                    for (const Variable& variable : symbols.variables(scope.variables)) {
                        text += " " + variable.name + ":" + symbols.type(variable.type).name;
                        for (const Location& location : variable.locations)
                            text += " " + std::to_string(location.range.begin) + "="
                                + std::to_string(location.expression.size());
                    }
                    text += "\n";
                }
    }
    for (const Variable& variable : symbols.globals(all))
        text += variable.name + std::to_string(variable.locations.at(0).expression.size()) + "\n";
    return text + symbols.type(symbols.find_type("account").value_or(TypeId {})).members.at(1).name;
}

TEST(Split, IsReadFromFilesAndPackages)
{
    for (const std::string options : { "-gdwarf-4 -O1", "-gdwarf-5 -O1", "-gdwarf-5 -O0" }) {
        const auto whole = test::compiled("bank.c", bank, options);
        const auto split = test::compiled_split("bank.c", bank, options);
        if (!whole || !split)
            GTEST_SKIP() << "no clang";
        const std::string expected = described(*read({ .module = *whole }));
        EXPECT_EQ(described(*read({ .module = split->module, .package = split->package })), expected);
        std::string asked;
        const auto symbols = read(
            { .module = split->module, .find_split = [&](std::string_view name, std::string_view directory) {
                 asked += std::string(name) + " in " + std::string(directory);
                 return Bytes(split->split);
             } });
        EXPECT_EQ(described(*symbols), expected);
        EXPECT_EQ(asked, "guest.dwo in /src");
        EXPECT_EQ(symbols->summary().producers.size(), 1u);
        EXPECT_EQ(symbols->summary().problems, std::vector<std::string> {});
    }
}

TEST(Split, WhatIsMissingOrOfAnotherBuildIsSaid)
{
    const auto split = test::compiled_split("bank.c", bank, "-gdwarf-5 -O1");
    const auto other = test::compiled_split("other.c", "int other(int n) { return n; }", "-gdwarf-5");
    if (!split || !other)
        GTEST_SKIP() << "no clang";
    const auto problems = [&](Bytes file) {
        const auto symbols = read({ .module = split->module,
            .find_split = [&](std::string_view, std::string_view) { return file; } });
        EXPECT_EQ(symbols->functions_named({ .text = "deposit" }).size(), 0u);
        EXPECT_TRUE(symbols->summary().has_lines);
        return symbols->summary().problems;
    };
    using Problems = std::vector<std::string>;
    EXPECT_EQ(problems({}), Problems { "split debug information is missing: guest.dwo" });
    EXPECT_EQ(problems(other->split), Problems { "split debug information is of another build: guest.dwo" });
    // Malformed files are as good as none.
    for (size_t size = 0; size < split->package.size(); size += 7)
        (void)read({ .module = split->module, .package = Bytes(split->package).first(size) });
}

constexpr std::string_view shapes = R"(namespace app {
struct Base { virtual int id() const { return 1; } int tag = 3; };
struct Derived : Base { int id() const override { return 2; } static int count; };
int Derived::count = 7;
enum class Mode : unsigned char { Off, On = 200 };
template<class T, int N> struct Box { T items[N]; T get(int i) const { return items[i]; } };
thread_local int slot = 4;
namespace { int secret(int n) { return n * 3; } }
int use(const Base& base, int n)
{
    Box<int, 3> box { { 1, 2, 3 } };
    Mode mode = n > 2 ? Mode::On : Mode::Off;
    auto plus = [&](int k) { return k + box.get(1) + secret(k); };
    return base.id() + plus(n) + (int)mode + slot;
}
int use(int n) { Derived derived; return use(derived, n); }
}
)";

/// A type with everything that it consists of, down to some depth.
std::string type_text(Symbols& symbols, TypeId id, int depth = 4)
{
    const Type type = symbols.type(id);
    std::string text = type.name + "/" + std::to_string(type.size) + (type.is_declaration ? " declared" : "");
    if (depth == 0)
        return text;
    if (type.target != TypeId {})
        text += " of " + type_text(symbols, type.target, depth - 1);
    for (const Member& member : type.members)
        text += " {" + member.name + "@" + std::to_string(member.offset) + " "
            + type_text(symbols, member.type, depth - 1) + "}";
    for (const Enumerator& each : type.enumerators)
        text += " " + each.name + "=" + std::to_string(each.value);
    for (const TemplateArgument& argument : type.arguments)
        text += " <" + argument.name + " " + type_text(symbols, argument.type, depth - 1) + ">";
    return text;
}

/// All functions, with their variables and these with their types.
std::string everything(Symbols& symbols)
{
    const Pattern all { .text = "", .match = Pattern::Match::Prefix };
    std::string text;
    for (const Function& function : symbols.functions_named(all)) {
        text += function.name + " " + type_text(symbols, function.result) + "\n";
        for (const Range& range : function.ranges)
            for (const Scope& scope : symbols.scopes_at(range.end - 1))
                for (const Variable& variable : symbols.variables(scope.variables))
                    text += "  " + scope.name + " " + variable.name + ": " + type_text(symbols, variable.type)
                        + "\n";
    }
    for (const Variable& variable : symbols.globals(all))
        text += variable.name + ": " + type_text(symbols, variable.type) + "\n";
    for (const char* name : { "app::Derived", "Base", "Mode", "Box<int, 3>" })
        text += type_text(symbols, symbols.find_type(name).value_or(TypeId {})) + "\n";
    return text;
}

TEST(CompiledCpp, TypesWithUnitsOfTheirOwnAreTheSame)
{
    for (const std::string version : { "-gdwarf-4 ", "-gdwarf-5 " }) {
        const std::string options = version + "-O0 -std=c++20 -fno-exceptions -fno-rtti";
        const std::string with_units = options + " -fdebug-types-section";
        const auto plain = test::compiled("shapes.cpp", shapes, options);
        const auto module = test::compiled("shapes.cpp", shapes, with_units);
        const auto split = test::compiled_split("shapes.cpp", shapes, with_units);
        if (!plain || !module || !split)
            GTEST_SKIP() << "no clang";
        const std::string expected = everything(*read({ .module = *plain }));
        EXPECT_NE(expected.find("tag@"), std::string::npos) << expected;
        EXPECT_EQ(expected.find("declared"), std::string::npos) << expected;
        const auto symbols = read({ .module = *module });
        EXPECT_EQ(everything(*symbols), expected) << version;
        EXPECT_EQ(symbols->summary().problems, std::vector<std::string> {});
        const auto from_file = read({ .module = split->module,
            .find_split = [&](std::string_view, std::string_view) { return Bytes(split->split); } });
        EXPECT_EQ(everything(*from_file), expected) << version << "split";
        // Malformed ones are skipped.
        for (size_t at = 0; at < module->size(); at += 37) {
            std::vector<uint8_t> bad = *module;
            bad[at] ^= 0x55;
            if (const auto damaged = read({ .module = bad }))
                (void)everything(*damaged);
        }
    }
}

TEST(CompiledCpp, NamesHaveTheirScopes)
{
    const auto module =
        test::compiled("shapes.cpp", shapes, "-gdwarf-5 -O0 -std=c++20 -fno-exceptions -fno-rtti");
    if (!module)
        GTEST_SKIP() << "no clang";
    const auto symbols = read({ .module = *module });
    const auto names = [&](const std::string& text) {
        std::vector<std::string> found;
        for (const Function& function : symbols->functions_named({ .text = text }))
            found.push_back(function.name);
        return found;
    };
    using Names = std::vector<std::string>;
    EXPECT_EQ(names("use"), (Names { "app::use", "app::use" }));
    EXPECT_EQ(names("app::use"), (Names { "app::use", "app::use" }));
    EXPECT_EQ(names("app::use(int)"), Names { "app::use" });
    EXPECT_EQ(names("_ZN3app3useEi"), Names { "app::use" });
    EXPECT_EQ(names("pp::use"), Names {});
    EXPECT_EQ(names("get"), Names { "app::Box<int, 3>::get" });
    EXPECT_EQ(names("Box::get"), Names { "app::Box<int, 3>::get" });
    EXPECT_EQ(names("Box<int, 3>::get"), Names { "app::Box<int, 3>::get" });
    EXPECT_EQ(names("Box<int, 4>::get"), Names {});
    EXPECT_EQ(names("secret"), Names { "app::(anonymous namespace)::secret" });
    EXPECT_EQ(names("Derived::id"), Names { "app::Derived::id" });

    const Type box = symbols->type(*symbols->find_type("Box<int, 3>"));
    EXPECT_EQ(box.name, "app::Box<int, 3>");
    ASSERT_EQ(box.arguments.size(), 2u);
    EXPECT_EQ(box.arguments[0].name, "T");
    EXPECT_EQ(box.arguments[1].value, 3);
    const Type derived = symbols->type(*symbols->find_type("app::Derived"));
    ASSERT_EQ(derived.members.size(), 1u) << "without static ones";
    EXPECT_TRUE(derived.members[0].is_base_class);
    const Type mode = symbols->type(*symbols->find_type("Mode"));
    EXPECT_FALSE(mode.is_signed);
    EXPECT_EQ(mode.enumerators[1].value, 200);

    EXPECT_EQ(symbols->globals({ .text = "Derived::count" })[0].name, "app::Derived::count");
    EXPECT_EQ(symbols->globals({ .text = "slot" })[0].kind, Variable::Kind::ThreadLocal);
    const auto table = symbols->globals({ .text = "app::Derived::_vtable$" });
    ASSERT_EQ(table.size(), 1u);
    const Expression& expression = table[0].locations[0].expression;
    ASSERT_EQ(expression.size(), 5u);
    EXPECT_EQ(
        symbols->variable_at(load<uint32_t>(expression.data() + 1))->linkage_name, "_ZTVN3app7DerivedE");
}

} // namespace
} // namespace vitrine::core::dwarf
