// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "source/symbols.h"

#include <algorithm>
#include <initializer_list>
#include <map>
#include <optional>
#include <regex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vitrine::core::test {

// Location expressions of DWARF, as bytes.

inline void append_leb(source::Expression& to, uint64_t value)
{
    do {
        const auto low = static_cast<uint8_t>(value & 0x7f);
        value >>= 7;
        to.push_back(value == 0 ? low : low | 0x80);
    } while (value != 0);
}
inline void append_signed_leb(source::Expression& to, int64_t value)
{
    for (;;) {
        const auto low = static_cast<uint8_t>(value & 0x7f);
        value >>= 7;
        const bool done = (value == 0 && !(low & 0x40)) || (value == -1 && (low & 0x40));
        to.push_back(done ? low : low | 0x80);
        if (done)
            return;
    }
}
/// `DW_OP_addr`
inline source::Expression at_address(uint32_t address)
{
    source::Expression result { 0x03 };
    for (int shift = 0; shift < 32; shift += 8)
        result.push_back(static_cast<uint8_t>(address >> shift));
    return result;
}
/// `DW_OP_fbreg`
inline source::Expression at_frame(int64_t offset)
{
    source::Expression result { 0x91 };
    append_signed_leb(result, offset);
    return result;
}
/// `DW_OP_WASM_location`: kind 0 is a local, 1 a global, 2 an operand. As a value with
/// `DW_OP_stack_value`, else as an address.
inline source::Expression in_wasm(uint8_t kind, uint32_t index, bool is_value = true)
{
    source::Expression result { 0xed, kind };
    append_leb(result, index);
    if (is_value)
        result.push_back(0x9f);
    return result;
}
/// `DW_OP_piece` behind an expression; an empty one was optimized out.
inline source::Expression piece(source::Expression expression, uint64_t bytes)
{
    expression.push_back(0x93);
    append_leb(expression, bytes);
    return expression;
}
inline source::Expression joined(std::initializer_list<source::Expression> parts)
{
    source::Expression result;
    for (const source::Expression& part : parts)
        result.insert(result.end(), part.begin(), part.end());
    return result;
}

/// Debug information that a test writes down. Fill in the members; `add_...` give the ids. Answers
/// are found by looking through all of it.
class LiteralSymbols : public source::Symbols {
public:
    struct Block : source::Scope {
        /// The block that contains this one, as an index in `blocks`; none for functions.
        std::optional<size_t> parent {};
    };

    source::Summary facts {};
    std::map<source::FileId, std::string> texts {};
    /// By offset.
    std::vector<source::Row> rows {};
    std::vector<source::Function> functions {};
    /// A block comes after the one that contains it.
    std::vector<Block> blocks {};
    std::vector<source::Variable> all_variables {};
    /// Which of the variables are not local.
    std::vector<source::VariableId> statics {};
    std::vector<source::Type> types {};
    std::map<uint64_t, source::VariableId> by_address {};

    // -- Writing it down

    source::FileId add_file(std::string path)
    {
        facts.files.push_back({ .path = std::move(path) });
        facts.has_lines = facts.has_variables = true;
        return source::FileId(facts.files.size() - 1);
    }
    source::TypeId add_type(source::Type type)
    {
        type.id = source::TypeId(types.size() + 1);
        types.push_back(std::move(type));
        return types.back().id;
    }
    source::TypeId add_basic(std::string name, source::Type::Kind kind, uint64_t size,
        source::Language language = source::Language::C)
    {
        return add_type({ .kind = kind,
            .language = language,
            .name = std::move(name),
            .size = size,
            .is_signed = kind == source::Type::Kind::Signed || kind == source::Type::Kind::Character });
    }
    source::TypeId add_pointer(source::TypeId target, uint64_t size = 4)
    {
        return add_type({ .kind = source::Type::Kind::Pointer, .size = size, .target = target });
    }
    source::TypeId add_array(source::TypeId target, std::vector<std::optional<uint64_t>> dimensions)
    {
        uint64_t size = type(target).size;
        for (const auto& count : dimensions)
            size *= count.value_or(0);
        return add_type({ .kind = source::Type::Kind::Array,
            .size = size,
            .target = target,
            .dimensions = std::move(dimensions) });
    }
    source::TypeId add_struct(std::string name, uint64_t size, std::vector<source::Member> members,
        source::Language language = source::Language::C)
    {
        return add_type({ .kind = source::Type::Kind::Struct,
            .language = language,
            .name = std::move(name),
            .size = size,
            .members = std::move(members) });
    }
    source::FunctionId add_function(source::Function function)
    {
        function.id = source::FunctionId(functions.size() + 1);
        functions.push_back(function);
        blocks.push_back({ { .kind = source::Scope::Kind::Function,
            .function = function.id,
            .name = function.name,
            .ranges = function.ranges } });
        return function.id;
    }
    /// The index in `blocks` of the block that belongs to a function.
    size_t block_of(source::FunctionId function) const
    {
        const auto found = std::ranges::find(blocks, function, &Block::function);
        return static_cast<size_t>(found - blocks.begin());
    }
    size_t add_block(Block block)
    {
        blocks.push_back(std::move(block));
        return blocks.size() - 1;
    }
    /// A variable of a block.
    source::VariableId add_local(size_t block, source::Variable variable)
    {
        const source::VariableId id = add_variable(std::move(variable));
        blocks[block].variables.push_back(id);
        return id;
    }
    /// A variable that is not local.
    source::VariableId add_global(source::Variable variable)
    {
        const source::VariableId id = add_variable(std::move(variable));
        statics.push_back(id);
        return id;
    }
    /// A location that holds in the whole module.
    static std::vector<source::Location> everywhere(source::Expression expression)
    {
        return { { { 0, UINT32_MAX }, std::move(expression) } };
    }

    // -- Answers

    source::Summary summary() override { return facts; }
    std::optional<std::string> text_of(source::FileId file) override
    {
        const auto found = texts.find(file);
        return found != texts.end() ? std::optional(found->second) : std::nullopt;
    }
    std::optional<source::Row> row_at(CodeOffset offset) override
    {
        const auto found =
            std::ranges::find_if(rows, [&](const source::Row& row) { return row.range.contains(offset); });
        return found != rows.end() ? std::optional(*found) : std::nullopt;
    }
    std::vector<source::Row> rows_of(source::FileId file, uint32_t first, uint32_t last) override
    {
        return rows_if([&](const source::Row& row) {
            return row.place.file == file && first <= row.place.line && row.place.line <= last;
        });
    }
    std::vector<source::Row> rows_in(source::Range range) override
    {
        return rows_if([&](const source::Row& row) {
            return row.range.begin < range.end && range.begin < row.range.end;
        });
    }
    std::optional<source::Function> function_at(CodeOffset offset) override
    {
        for (const source::Function& function : functions)
            if (contains(function.ranges, offset))
                return without_copies(function);
        return {};
    }
    std::optional<source::Function> function(source::FunctionId id) override
    {
        const auto found = std::ranges::find(functions, id, &source::Function::id);
        return found != functions.end() ? std::optional(without_copies(*found)) : std::nullopt;
    }
    std::vector<source::Function> functions_named(const source::Pattern& pattern) override
    {
        std::vector<source::Function> found;
        for (const source::Function& function : functions)
            if (found.size() < pattern.limit && matches(pattern, function.name, function.linkage_name))
                found.push_back(function);
        return found;
    }
    std::vector<source::Scope> scopes_at(CodeOffset offset) override
    {
        // The last block that contains the offset is the innermost one.
        std::optional<size_t> at;
        for (size_t i = 0; i < blocks.size(); ++i)
            if (contains(blocks[i].ranges, offset))
                at = i;
        std::vector<source::Scope> scopes;
        for (; at; at = blocks[*at].parent)
            scopes.push_back(blocks[*at]);
        return scopes;
    }
    std::vector<source::Variable> variables(std::span<const source::VariableId> ids) override
    {
        std::vector<source::Variable> found;
        for (const source::VariableId id : ids)
            if (const auto index = static_cast<size_t>(id) - 1; index < all_variables.size())
                found.push_back(all_variables[index]);
        return found;
    }
    std::vector<source::Variable> globals(const source::Pattern& pattern) override
    {
        std::vector<source::Variable> found;
        for (const source::Variable& variable : variables(statics))
            if (found.size() < pattern.limit && matches(pattern, variable.name, variable.linkage_name))
                found.push_back(variable);
        return found;
    }
    source::Type type(source::TypeId id) override
    {
        const auto index = static_cast<size_t>(id) - 1;
        return index < types.size() ? types[index] : source::Type {};
    }
    std::optional<source::TypeId> find_type(std::string_view name) override
    {
        const auto found = std::ranges::find_if(types, [&](const source::Type& each) {
            return !each.is_declaration && each.name == name && !name.empty();
        });
        return found != types.end() ? std::optional(found->id) : std::nullopt;
    }
    std::vector<source::TypeId> types_named(const source::Pattern& pattern) override
    {
        std::vector<source::TypeId> found;
        for (const source::Type& each : types) {
            const bool is_meant = pattern.match == source::Pattern::Match::Enumerator
                ? std::ranges::find(each.enumerators, pattern.text, &source::Enumerator::name)
                    != each.enumerators.end()
                : !each.is_declaration && !each.name.empty() && matches(pattern, each.name, "");
            if (is_meant && found.size() < pattern.limit)
                found.push_back(each.id);
        }
        return found;
    }
    std::optional<source::Variable> variable_at(uint64_t address) override
    {
        const auto found = by_address.find(address);
        if (found == by_address.end())
            return {};
        return variables(std::array { found->second }).at(0);
    }

private:
    static bool contains(const std::vector<source::Range>& ranges, CodeOffset offset)
    {
        return std::ranges::any_of(
            ranges, [&](const source::Range& range) { return range.contains(offset); });
    }
    static source::Function without_copies(source::Function function)
    {
        function.copies.clear();
        return function;
    }
    /// Whether a name matches, without the rules for parameters and template arguments.
    static bool matches(const source::Pattern& pattern, std::string_view name, std::string_view linkage)
    {
        using Match = source::Pattern::Match;
        const std::string_view text = pattern.text;
        const size_t colons = name.rfind("::"), dot = name.rfind('.');
        const size_t last = colons != std::string_view::npos ? colons + 2
            : dot != std::string_view::npos                  ? dot + 1
                                                             : 0;
        switch (pattern.match) {
        case Match::Name:
            return name == text || linkage == text || name.ends_with("::" + pattern.text)
                || name.ends_with("." + pattern.text);
        case Match::Prefix:
            return name.starts_with(text) || (last < name.size() && name.substr(last).starts_with(text));
        case Match::Regex: return std::regex_search(std::string(name), std::regex(pattern.text));
        case Match::Enumerator: return false;
        }
        return false;
    }
    template<class Test> std::vector<source::Row> rows_if(Test test)
    {
        std::vector<source::Row> found;
        std::ranges::copy_if(rows, std::back_inserter(found), test);
        return found;
    }
    source::VariableId add_variable(source::Variable variable)
    {
        variable.id = source::VariableId(all_variables.size() + 1);
        all_variables.push_back(std::move(variable));
        return all_variables.back().id;
    }
};

} // namespace vitrine::core::test
