// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "source/value.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine::core::test {

/// A memory that a test writes down. It begins at `base`; nothing else can be read.
class LiteralReader : public source::Reader {
public:
    explicit LiteralReader(source::Symbols& symbols) : symbols_(&symbols) {}

    std::vector<uint8_t> memory = std::vector<uint8_t>(4096);
    uint64_t base = 0x1000;
    uint8_t word = 4;
    std::map<uint64_t, std::string> functions {};
    /// How often it was read.
    uint64_t reads = 0;

    void put(uint64_t address, uint64_t value, size_t bytes = 4)
    {
        for (size_t i = 0; i < bytes; ++i)
            memory.at(address - base + i) = static_cast<uint8_t>(value >> (8 * i));
    }
    void put(uint64_t address, std::string_view text)
    {
        std::ranges::copy(text, memory.begin() + static_cast<ptrdiff_t>(address - base));
    }

    source::Symbols& symbols() override { return *symbols_; }
    uint8_t address_bytes() const override { return word; }
    Result<void> read(uint64_t address, std::span<uint8_t> to) override
    {
        ++reads;
        if (address < base || address - base > memory.size() || to.size() > memory.size() - (address - base))
            return failure("out of bounds");
        std::copy_n(memory.begin() + static_cast<ptrdiff_t>(address - base), to.size(), to.begin());
        return {};
    }
    std::string function_text(uint64_t pointer) override
    {
        const auto found = functions.find(pointer);
        return found != functions.end() ? found->second : "";
    }

private:
    source::Symbols* symbols_;
};

} // namespace vitrine::core::test
