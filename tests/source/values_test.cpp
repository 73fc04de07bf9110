// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Values of real programs: compiled with debug information, run until they have made all their
// values, and shown from a copy of their memory.

#include "dwarf/reader.h"
#include "source/render.h"

#include <vitrine/vitrine.hpp>
#include <vitrine/wasi.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>

namespace vitrine::test {
namespace {

namespace source = core::source;

std::string content_of(const std::filesystem::path& path)
{
    std::ifstream in(path, std::ios::binary);
    return { std::istreambuf_iterator<char>(in), {} };
}

/// A program and its memory when it called `stop_here`.
class Program : public source::Reader {
public:
    /// Null, after saying why, if the program could not be compiled here.
    static Program* of(const std::string& name)
    {
        static std::map<std::string, std::unique_ptr<Program>> programs;
        const std::string path = std::string(VITRINE_VALUES_GUESTS) + "/" + name + ".wasm";
        if (!std::filesystem::exists(path))
            return nullptr;
        auto& program = programs[name];
        if (!program)
            program.reset(new Program(path));
        return program.get();
    }

    std::vector<uint8_t> memory;
    uint64_t reads = 0;

    source::Symbols& symbols() override { return *symbols_; }
    uint8_t address_bytes() const override { return 4; }
    core::Result<void> read(uint64_t address, std::span<uint8_t> to) override
    {
        ++reads;
        if (address > memory.size() || to.size() > memory.size() - address)
            return core::failure("out of bounds");
        std::copy_n(memory.begin() + static_cast<ptrdiff_t>(address), to.size(), to.begin());
        return {};
    }
    std::string function_text(uint64_t pointer) override
    {
        const auto found = functions_.find(pointer);
        return found != functions_.end() ? found->second : "";
    }

    /// A global or static variable, or a part of one: `jade/owner`, `corners/[1]/x`.
    std::optional<source::Value> find(std::string_view path)
    {
        const size_t end = std::min(path.find_first_of("/"), path.size());
        auto value = global(path.substr(0, end));
        path.remove_prefix(end);
        while (value && !path.empty()) {
            path.remove_prefix(1);
            const size_t length = std::min(path.find('/'), path.size());
            value = source::child_named(*this, *value, path.substr(0, length));
            path.remove_prefix(length);
        }
        return value;
    }

private:
    explicit Program(const std::string& path) : bytes_(content_of(path))
    {
        symbols_ = core::dwarf::read({ .module = core::bytes_of(bytes_) });
        EXPECT_TRUE(symbols_);
        Engine engine { Config().guest_debug(true) };
        Store store { engine };
        Linker linker { engine };
        EXPECT_TRUE(add_wasi(linker, store, WasiConfig().stdout_to([](auto) {})));
        linker.define("test", "stop_here", [this](Caller& caller) { look(*caller.instance()); });
        auto module = Module::from_file(engine, path);
        EXPECT_TRUE(module) << module.error().to_text();
        auto instance = linker.instantiate(store, *module);
        EXPECT_TRUE(instance) << instance.error().to_text();
        (void)(*instance->func("_start")).call({});
        EXPECT_FALSE(memory.empty()) << "did not call stop_here";
    }

    void look(const Instance& instance)
    {
        const auto data = instance.debug_memory(0)->data();
        memory.resize(data.size());
        std::ranges::transform(
            data, memory.begin(), [](std::byte byte) { return std::to_integer<uint8_t>(byte); });
        const auto table = instance.debug_table(0);
        for (uint64_t i = 1; table && i < table->size(); ++i)
            if (const auto entry = table->get(i); entry && entry->funcref())
                functions_[i] = entry->funcref()->name();
    }

    std::optional<source::Value> global(std::string_view name)
    {
        for (const source::Variable& each : symbols_->globals({ .text = std::string(name) })) {
            if (each.locations.empty() || each.locations[0].expression.size() != 5
                || each.locations[0].expression[0] != 3)
                continue;
            uint64_t address = 0;
            for (size_t i = 0; i < 4; ++i)
                address |= uint64_t(each.locations[0].expression[1 + i]) << (8 * i);
            return source::Value { .type = each.type, .address = address };
        }
        return {};
    }

    std::string bytes_;
    std::unique_ptr<source::Symbols> symbols_;
    std::map<uint64_t, std::string> functions_;
};

/// Without what differs from one compiler to the next: addresses, and the hashes of Rust's names.
std::string stable(const std::string& text)
{
    std::string result;
    constexpr std::string_view hash = "17h";
    constexpr size_t hash_length = 16;
    for (size_t i = 0; i < text.size(); ++i) {
        if (text.compare(i, hash.size(), hash) == 0) {
            result += hash;
            i += hash.size() + hash_length - 1;
            continue;
        }
        const bool is_hex = text.compare(i, 2, "0x") == 0
            && (i == 0 || !std::isalnum(static_cast<unsigned char>(text[i - 1])));
        size_t end = i + 2;
        while (is_hex && end < text.size() && std::isxdigit(static_cast<unsigned char>(text[end])))
            ++end;
        if (is_hex && end - i >= 6 && end - i <= 10) {
            result += "0x..";
            i = end - 1;
        } else
            result += text[i];
    }
    return result;
}

/// The answer to a line of a file: `print [/x] PATH`, `children PATH [FROM COUNT]`, `type PATH`.
std::string answer(Program& program, const std::string& command)
{
    std::istringstream words(command);
    std::string verb, path;
    words >> verb;
    // Keys of maps may have spaces.
    if (verb == "print")
        std::getline(words >> std::ws, path);
    else
        words >> path;
    source::Style style;
    if (path.starts_with('/')) {
        using Base = source::Style::Base;
        static const std::map<char, Base> bases = { { 'x', Base::Hex }, { 'd', Base::Decimal },
            { 'u', Base::Unsigned }, { 'o', Base::Octal }, { 't', Base::Binary }, { 'c', Base::Character },
            { 'f', Base::Float } };
        if (const auto base = bases.find(path.at(1)); base != bases.end())
            style.base = base->second;
        style.is_raw = path.at(1) == 'r';
        path = path.substr(3);
    }
    const auto value = program.find(path);
    if (!value)
        return "no such variable\n";
    if (verb == "type")
        return source::type_text(program.symbols(), value->type) + "\n";
    if (verb == "print")
        return stable(source::render(program, *value, style)) + "\n";
    uint64_t from = 0, count = 10;
    words >> from >> count;
    std::string text = std::to_string(source::child_count(program, *value, style)) + "\n";
    for (const source::Child& each : source::children(program, *value, from, count, style))
        text += "  " + each.name + " = " + stable(source::render(program, each.value, style))
            + (each.suffix.empty() ? "" : "    # " + each.suffix) + "\n";
    return text;
}

void check_file(const std::string& guest, const std::string& file)
{
    Program* program = Program::of(guest);
    if (!program) {
        if (std::getenv("VITRINE_REQUIRE_SHARED"))
            FAIL() << "the program was not compiled";
        GTEST_SKIP() << "the program was not compiled: its compiler is missing";
    }
    const std::string path = std::string(VITRINE_VALUES) + "/" + file + ".txt";
    std::istringstream expected(content_of(path));
    std::string all, line;
    while (std::getline(expected, line)) {
        if (line.starts_with("> "))
            all += line + "\n" + answer(*program, line.substr(2));
        else if (line.starts_with("#") || line.empty())
            all += line + "\n";
    }
    if (std::getenv("VITRINE_BLESS")) {
        std::ofstream(path) << all;
        return;
    }
    // Line by line, so that a difference is easy to see.
    std::istringstream is(all), should(content_of(path));
    std::string command;
    for (std::string left, right; std::getline(should, right);) {
        if (!std::getline(is, left))
            left = "<end>";
        if (right.starts_with("> "))
            command = right;
        EXPECT_EQ(left, right) << command;
        if (testing::Test::HasFailure() && left.starts_with("> ") != right.starts_with("> "))
            return;
    }
}

TEST(Values, C) { check_file("c", "c"); }
TEST(Values, CWithDwarf5) { check_file("c5", "c"); }
TEST(Values, Cpp) { check_file("cpp", "cpp"); }
TEST(Values, Rust) { check_file("rust", "rust"); }
TEST(Values, Zig) { check_file("zig", "zig"); }

// -- Values that the program has destroyed

/// Overwrites a word of the program's memory for as long as it lives.
class Overwritten {
public:
    Overwritten(Program& program, uint64_t address, uint32_t word) : program_(&program), address_(address)
    {
        for (size_t i = 0; i < old_.size(); ++i) {
            old_[i] = program.memory.at(address + i);
            program.memory[address + i] = static_cast<uint8_t>(word >> (8 * i));
        }
    }
    ~Overwritten() { std::ranges::copy(old_, program_->memory.begin() + static_cast<ptrdiff_t>(address_)); }
    Overwritten(const Overwritten&) = delete;
    Overwritten& operator=(const Overwritten&) = delete;

private:
    Program* program_;
    uint64_t address_;
    std::array<uint8_t, 4> old_ {};
};

/// The paths that a file prints.
std::vector<std::string> printed_paths(const std::string& file)
{
    std::ifstream in(std::string(VITRINE_VALUES) + "/" + file + ".txt");
    std::vector<std::string> paths;
    constexpr std::string_view command = "> print ";
    for (std::string line; std::getline(in, line);)
        if (line.starts_with(command) && line.at(command.size()) != '/')
            paths.push_back(line.substr(command.size()));
    return paths;
}

/// Shows a value in all ways, within bounds.
void check_shown(Program& program, const source::Value& value)
{
    constexpr uint64_t most_reads = 2'000'000, page = 5;
    constexpr size_t most_text = 1 << 20;
    const uint64_t before = program.reads;
    EXPECT_LT(source::render(program, value).size(), most_text);
    const uint64_t count = source::child_count(program, value);
    EXPECT_LE(source::children(program, value, 0, page).size(), page);
    (void)source::children(program, value, count / 2, page);
    (void)source::children(program, value, count - std::min(count, page), page);
    EXPECT_LT(program.reads - before, most_reads);
}

/// Overwrites each word of each value with hostile ones.
void check_hostile(const std::string& guest)
{
    Program* program = Program::of(guest);
    if (!program)
        GTEST_SKIP() << "the program was not compiled";
    constexpr uint64_t most_words = 16;
    for (const std::string& path : printed_paths(guest)) {
        const auto value = program->find(path);
        ASSERT_TRUE(value) << path;
        if (!value->address || *value->address + 4 * most_words > program->memory.size())
            continue;
        const auto address = static_cast<uint32_t>(*value->address);
        const auto size = static_cast<uint32_t>(program->memory.size());
        for (uint32_t word = 0; word < most_words; ++word)
            for (const uint32_t hostile : { 0U, 1U, 0x7fffffffU, 0x80000000U, UINT32_MAX, address,
                     address + 4 * word, size - 1, size / 2 }) {
                const Overwritten overwritten(*program, address + 4 * word, hostile);
                check_shown(*program, *value);
                if (testing::Test::HasFailure())
                    FAIL() << path << ": word " << word << " is " << hostile;
            }
    }
}

TEST(HostileValues, C) { check_hostile("c"); }
TEST(HostileValues, Cpp) { check_hostile("cpp"); }
TEST(HostileValues, Rust) { check_hostile("rust"); }
TEST(HostileValues, Zig) { check_hostile("zig"); }

/// A value with one word overwritten is shown as it is in memory, without its formatter.
struct Corrupt {
    const char* guest;
    const char* value;
    /// The word, below the value.
    const char* part;
    uint32_t word;
    /// How the text begins.
    const char* shown;
};

void PrintTo(const Corrupt& corrupt, std::ostream* out) { *out << corrupt.value << " " << corrupt.part; }

class CorruptValues : public testing::TestWithParam<Corrupt> {};

TEST_P(CorruptValues, AreShownRaw)
{
    const Corrupt& each = GetParam();
    Program* program = Program::of(each.guest);
    if (!program)
        GTEST_SKIP() << "the program was not compiled";
    const auto value = program->find(each.value);
    const auto part = program->find(std::string(each.value) + "/" + each.part);
    ASSERT_TRUE(value && part && part->address);
    EXPECT_FALSE(source::render(*program, *value).starts_with(each.shown));
    const Overwritten overwritten(*program, *part->address, each.word);
    EXPECT_EQ(source::render(*program, *value).substr(0, std::string_view(each.shown).size()), each.shown);
}

INSTANTIATE_TEST_SUITE_P(Values, CorruptValues,
    testing::Values(Corrupt { "cpp", "app::many_vector", "__end_", 0x10, "{__begin_ = 0x" },
        Corrupt { "cpp", "app::many_vector", "__end_", 0xfffffff0, "{__begin_ = 0x" },
        Corrupt { "cpp", "app::many_vector", "__begin_", 0xfffffff1, "{__begin_ = 0x" },
        Corrupt { "cpp", "app::long_string", "__rep_/__l/__size_", 0xffffffff, "{__rep_ = " },
        Corrupt { "cpp", "app::long_string", "__rep_/__l/__data_", 0xfffffff0, "{__rep_ = " },
        Corrupt { "cpp", "app::view", "__size_", 0x80000000, "{__data_ = 0x" },
        Corrupt { "cpp", "app::bools", "__size_", 0x7fffffff, "{__begin_ = 0x" },
        Corrupt { "cpp", "app::span", "__size_", 0x7fffffff, "{__data_ = 0x" },
        Corrupt { "cpp", "app::many_deque", "__size_", 0x7fffffff, "{__map_ = " },
        Corrupt { "cpp", "app::many_deque", "__start_", 0x7fffffff, "{__map_ = " },
        Corrupt { "cpp", "app::many_list", "__size_", 0x7fffffff, "{std::__2::__list_imp<" },
        Corrupt { "cpp", "app::many_list", "__end_/__next_", 0xfffffff0, "{std::__2::__list_imp<" },
        Corrupt { "cpp", "app::forward", "__before_begin_/__next_/__next_", 0xfffffff0,
            "{std::__2::__forward_list_base<" },
        Corrupt { "cpp", "app::many_map", "__tree_/__size_", 0x7fffffff, "{__tree_ = " },
        Corrupt { "cpp", "app::many_map", "__tree_/__begin_node_", 0xfffffff0, "{__tree_ = " },
        Corrupt { "cpp", "app::set", "__tree_/__size_", 4, "{__tree_ = " },
        Corrupt { "cpp", "app::unordered_map", "__table_/__size_", 0x7fffffff, "{__table_ = " },
        Corrupt { "cpp", "app::unordered_set", "__table_/__first_node_/__next_", 0xfffffff0, "{__table_ = " },
        Corrupt { "cpp", "app::optional", "__engaged_", 7, "{std::__2::__optional_move_assign_base<" },
        Corrupt { "cpp", "app::variant_int", "__impl_/__index", 9, "{__impl_ = " },
        Corrupt { "cpp", "app::unique", "__ptr_", 0xfffffff0, "0xfffffff0" },
        Corrupt { "rust", "VALUES/0/one_vec", "len", 0x7fffffff, "Vec { buf: " },
        Corrupt { "rust", "VALUES/0/string", "vec/len", 0x7fffffff, "String { vec: " },
        Corrupt { "rust", "VALUES/0/slice", "length", 0x7fffffff, "&[u16] { data_ptr: " },
        Corrupt { "rust", "VALUES/0/text", "length", 0x80000000, "&str { data_ptr: " },
        Corrupt { "rust", "VALUES/0/deque", "head", 0x7fffffff, "VecDeque { head: " },
        Corrupt { "rust", "VALUES/0/one_map", "base/table/table/items", 0x7fffffff, "HashMap { base: " },
        Corrupt {
            "rust", "VALUES/0/many_map", "base/table/table/bucket_mask", 0x7fffffff, "HashMap { base: " },
        Corrupt { "rust", "VALUES/0/many_map", "base/table/table/ctrl/pointer", 0x10, "HashMap { base: " },
        Corrupt { "rust", "VALUES/0/many_btree", "length", 0x7fffffff, "BTreeMap { root: " },
        Corrupt { "rust", "VALUES/0/many_btree", "root/0/height", 17, "BTreeMap { root: " },
        Corrupt { "rust", "VALUES/0/boxed_account", "owner/length", 0x7fffffff,
            "Account { owner: &str { data_ptr: " },
        Corrupt { "rust", "VALUES/0/reference", "owner/data_ptr", 0xfffffff0,
            "Account { owner: &str { data_ptr: " },
        Corrupt { "rust", "VALUES/0/rc", "ptr/pointer", 0xfffffff0, "Rc { ptr: " },
        Corrupt { "zig", "values.slice", "len", 0x7fffffff, ".{ .ptr = 0x" },
        Corrupt { "zig", "values.some", "some", 7, ".{ .payload = 3" },
        Corrupt { "zig", "values.circle", "tag", 9, ".{ .payload = " },
        Corrupt { "zig", "values.list", "items/len", 0x7fffffff, ".{ .items = " }));

} // namespace
} // namespace vitrine::test
