// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Values of real programs: compiled with debug information, run until they have made all their
// values, and shown from a copy of their memory.

#include "dwarf/reader.h"
#include "source/render.h"

#include <vitrine/vitrine.hpp>
#include <vitrine/wasi.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
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

    /// A global or static variable, or a part of one: `jade.owner`, `corners[1].x`, `VALUES/0/named`.
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
            if (const auto entry = table->get(i); entry && entry->func())
                functions_[i] = entry->func()->name();
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

/// Without what differs from one compiler to the next: addresses, long names of functions.
std::string stable(std::string text)
{
    std::string result;
    for (size_t i = 0; i < text.size(); ++i) {
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
        if (HasFailure() && left.starts_with("> ") != right.starts_with("> "))
            return;
    }
}

TEST(Values, C) { check_file("c", "c"); }
TEST(Values, CWithDwarf5) { check_file("c5", "c"); }
TEST(Values, Cpp) { check_file("cpp", "cpp"); }
TEST(Values, Rust) { check_file("rust", "rust"); }
TEST(Values, Zig) { check_file("zig", "zig"); }

} // namespace
} // namespace vitrine::test
