// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What GDB finds in the process. tests/cli/perf_test.py tests the files for perf.
#include "jit/profile.h"

#include "wasm/validator.h"

#include "support/wat.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <elf.h>

extern "C" {

struct jit_code_entry {
    jit_code_entry* next_entry;
    jit_code_entry* prev_entry;
    const char* symfile_addr;
    uint64_t symfile_size;
};

struct jit_descriptor {
    uint32_t version;
    uint32_t action_flag;
    jit_code_entry* relevant_entry;
    jit_code_entry* first_entry;
};

extern jit_descriptor __jit_debug_descriptor;
}

namespace vitrine::core::jit {
namespace {

struct Symbol {
    std::string name;
    uint64_t address;
    uint64_t size;

    bool operator==(const Symbol&) const = default;
};

template<class T> T read(const jit_code_entry& entry, uint64_t offset)
{
    T value {};
    EXPECT_LE(offset + sizeof value, entry.symfile_size);
    std::memcpy(&value, entry.symfile_addr + offset, sizeof value);
    return value;
}

/// The function in a file, as a reader of ELF finds it.
Symbol symbol_of(const jit_code_entry& entry)
{
    const auto header = read<Elf64_Ehdr>(entry, 0);
    EXPECT_EQ(std::memcmp(header.e_ident, ELFMAG, SELFMAG), 0);
    EXPECT_EQ(header.e_machine, EM_X86_64);
    const auto section = [&](uint64_t index) {
        return read<Elf64_Shdr>(entry, header.e_shoff + index * header.e_shentsize);
    };
    for (uint64_t i = 0; i < header.e_shnum; ++i) {
        const Elf64_Shdr symbols = section(i);
        if (symbols.sh_type != SHT_SYMTAB)
            continue;
        EXPECT_EQ(symbols.sh_size / symbols.sh_entsize, 2);
        const auto symbol = read<Elf64_Sym>(entry, symbols.sh_offset + symbols.sh_entsize);
        const Elf64_Shdr strings = section(symbols.sh_link);
        EXPECT_EQ(strings.sh_offset + strings.sh_size, entry.symfile_size);
        return { entry.symfile_addr + strings.sh_offset + symbol.st_name,
            section(symbol.st_shndx).sh_addr + symbol.st_value, symbol.st_size };
    }
    ADD_FAILURE() << "no symbols";
    return {};
}

std::vector<Symbol> symbols()
{
    std::vector<Symbol> found;
    const jit_code_entry* before = nullptr;
    for (const jit_code_entry* entry = __jit_debug_descriptor.first_entry; entry; entry = entry->next_entry) {
        EXPECT_EQ(entry->prev_entry, before);
        found.push_back(symbol_of(*entry));
        before = entry;
    }
    return found;
}

TEST(Profile, GdbSeesTheSymbolsOfAllCode)
{
    TypeRegistry types;
    const auto module =
        load_module(test::wasm_of("(module (func $first) (func) (func $third))"), types, FeatureSet::all());
    ASSERT_TRUE(module.has_value());
    const std::array<uint8_t, 30> code {};
    const auto address = [&](size_t at) { return reinterpret_cast<uint64_t>(&code[at]); };
    const std::span bytes(code);
    VersionKey plain, marked, watched;
    marked.marks = { 1 };
    watched.watched = 1;
    const auto request = [&](uint32_t function, const VersionKey& key) {
        return CompileRequest { **module, types, { function }, key, {} };
    };
    {
        const auto profile = Profile::create("gdb"), other = Profile::create("gdb");
        ASSERT_TRUE(profile.has_value() && other.has_value());
        EXPECT_EQ(symbols(), std::vector<Symbol> {});
        (*profile)->add(request(0, plain), bytes.subspan(0, 5));
        (*other)->add(request(1, marked), bytes.subspan(5, 6));
        EXPECT_EQ(__jit_debug_descriptor.action_flag, 1);
        EXPECT_EQ(symbol_of(*__jit_debug_descriptor.relevant_entry).name, "wasm-function[1] [breakpoints]");
        (*profile)->add(request(2, watched), bytes.subspan(11, 7));
        EXPECT_EQ(symbols(),
            (std::vector<Symbol> { { "third [watches]", address(11), 7 },
                { "wasm-function[1] [breakpoints]", address(5), 6 }, { "first", address(0), 5 } }));
        (*other)->remove(&code[5]);
        EXPECT_EQ(__jit_debug_descriptor.action_flag, 2);
        // Not of this profile.
        (*other)->remove(&code[0]);
        EXPECT_EQ(symbols(),
            (std::vector<Symbol> { { "third [watches]", address(11), 7 }, { "first", address(0), 5 } }));
    }
    EXPECT_EQ(symbols(), std::vector<Symbol> {});
}

TEST(Profile, OtherKindsAreRefused)
{
    for (const char* kind : { "", "perf", "Map" })
        EXPECT_EQ(Profile::create(kind).error().message, "expected map, jitdump or gdb") << kind;
}

} // namespace
} // namespace vitrine::core::jit
