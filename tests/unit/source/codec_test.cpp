// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "source/codec.h"

#include "support/literal_symbols.h"

#include <gtest/gtest.h>

#include <random>

namespace vitrine::core::source {
namespace {

/// Symbols with something in every member of every struct.
class FullSymbols final : public Symbols {
public:
    Row row { { 1, 300 }, { FileId { 3 }, 70'000, 12 }, false, true };
    Function function_ { FunctionId { 1ull << 40 }, "ns::f", "_Z1f", { { 1, 2 }, { 3, 4 } }, { 0xed, 0, 2 },
        TypeId { 7 }, { TypeId { 8 }, TypeId {} }, { FileId { 1 }, 2, 3 }, Language::Cpp, 8,
        { { { { 5, 6 } }, 5 } } };
    Scope scope { Scope::Kind::Inlined, FunctionId { 9 }, "g", { { 1, 9 } }, { FileId { 0 }, 4, 5 },
        { VariableId { 1 }, VariableId { UINT64_MAX } } };
    Variable variable { VariableId { 5 }, Variable::Kind::ThreadLocal, "v", "_v", TypeId { 2 },
        { FileId { 1 }, 1, 1 }, true, { { { 0, UINT32_MAX }, { 0x91, 0x7f } } },
        std::vector<uint8_t> { 0, 255 } };
    Type type_ { .id = TypeId { 3 },
        .kind = Type::Kind::Struct,
        .language = Language::Rust,
        .name = "T\xff\0x",
        .size = UINT64_MAX,
        .target = TypeId { 4 },
        .is_signed = true,
        .is_utf = true,
        .is_declaration = true,
        .members = { { "m", TypeId { 1 }, 8, 3, 4, true, true } },
        .enumerators = { { "A", -1 }, { "B", INT64_MIN } },
        .dimensions = { 3, std::nullopt },
        .parameters = { TypeId { 6 } },
        .arguments = { { "N", TypeId { 1 }, -5 }, { "U", TypeId { 2 }, std::nullopt } },
        .discriminant = Member { "tag", TypeId { 1 } },
        .variants = { { { { 0, 5 }, { -7, -7 } }, { "v" } } },
        .containing = TypeId { 12 },
        .declared = { FileId { 2 }, 3, 4 } };
    Summary summary_ { { { "a.c", "/d", std::array<uint8_t, 16> { 1, 2 }, true }, { "b.c" } },
        { { Language::Zig, "zig", 4, 2 } }, 5, { 1, 2, 3 }, true, true, { "a problem" } };

    Summary summary() override { return summary_; }
    std::optional<std::string> text_of(FileId file) override
    {
        return file == FileId { 0 } ? std::optional<std::string>("text\n") : std::nullopt;
    }
    std::optional<Row> row_at(CodeOffset offset) override
    {
        return offset == 0 ? std::nullopt : std::optional(row);
    }
    std::vector<Row> rows_of(FileId, uint32_t first, uint32_t last) override
    {
        return std::vector<Row>(last - first, row);
    }
    std::vector<Row> rows_in(Range) override { return { row }; }
    std::optional<Function> function_at(CodeOffset) override { return function_; }
    std::optional<Function> function(FunctionId) override { return function_; }
    std::vector<Function> functions_named(const Pattern& pattern) override
    {
        asked = pattern;
        return { function_, {} };
    }
    std::vector<Scope> scopes_at(CodeOffset) override { return { scope, {} }; }
    std::vector<Scope> inlined_in(Range) override { return { scope }; }
    std::vector<Variable> variables(std::span<const VariableId> ids) override
    {
        return std::vector<Variable>(ids.size(), variable);
    }
    std::vector<Variable> globals(const Pattern&) override { return {}; }
    Type type(TypeId) override { return type_; }
    std::optional<TypeId> find_type(std::string_view name) override { return TypeId { name.size() }; }
    std::optional<Variable> variable_at(uint64_t) override { return variable; }
    std::vector<TypeId> types_named(const Pattern& pattern) override
    {
        asked = pattern;
        return { TypeId { 7 }, TypeId { 8 } };
    }

    Pattern asked {};
};

/// The answer to a question after a way through bytes in both directions.
template<class T> T answer(Symbols& symbols, const Request& request)
{
    const auto arrived = decode_request(encode(request));
    EXPECT_TRUE(arrived) << arrived.error().message;
    const auto decoded = decode_answer<T>(encoded_answer(symbols, *arrived));
    EXPECT_TRUE(decoded) << decoded.error().message;
    return *decoded;
}

TEST(Codec, AnswersArriveAsTheyAre)
{
    FullSymbols symbols;
    EXPECT_EQ(answer<Summary>(symbols, ask::Summary {}), symbols.summary_);
    EXPECT_EQ(answer<std::optional<std::string>>(symbols, ask::TextOf { FileId { 0 } }), "text\n");
    EXPECT_EQ(answer<std::optional<std::string>>(symbols, ask::TextOf { FileId { 1 } }), std::nullopt);
    EXPECT_EQ(answer<std::optional<Row>>(symbols, ask::RowAt { 1 }), symbols.row);
    EXPECT_EQ(answer<std::optional<Row>>(symbols, ask::RowAt { 0 }), std::nullopt);
    EXPECT_EQ(
        answer<std::vector<Row>>(symbols, ask::RowsOf { FileId { 1 }, 2, 5 }), std::vector(3, symbols.row));
    EXPECT_EQ(answer<std::vector<Row>>(symbols, ask::RowsIn { { 1, 2 } }), std::vector(1, symbols.row));
    EXPECT_EQ(answer<std::optional<Function>>(symbols, ask::FunctionAt { 4 }), symbols.function_);
    EXPECT_EQ(
        answer<std::optional<Function>>(symbols, ask::FunctionOf { FunctionId { 4 } }), symbols.function_);
    EXPECT_EQ(
        answer<std::vector<Scope>>(symbols, ask::ScopesAt { 4 }), (std::vector<Scope> { symbols.scope, {} }));
    EXPECT_EQ(
        answer<std::vector<Scope>>(symbols, ask::InlinedIn { { 4, 5 } }), std::vector(1, symbols.scope));
    EXPECT_EQ(
        answer<std::vector<Variable>>(symbols, ask::Variables { { VariableId { 1 }, VariableId { 2 } } }),
        std::vector(2, symbols.variable));
    EXPECT_EQ(answer<std::vector<Variable>>(symbols, ask::Globals {}), std::vector<Variable> {});
    EXPECT_EQ(answer<Type>(symbols, ask::TypeOf { TypeId { 1 } }), symbols.type_);
    EXPECT_EQ(answer<std::optional<TypeId>>(symbols, ask::FindType { "four" }), TypeId { 4 });
    EXPECT_EQ(answer<std::optional<Variable>>(symbols, ask::VariableAt { 1 }), symbols.variable);
    const Pattern pattern { "f", Pattern::Match::Regex, 5 };
    EXPECT_EQ(answer<std::vector<Function>>(symbols, ask::FunctionsNamed { pattern }).size(), 2u);
    EXPECT_EQ(symbols.asked, pattern);
    const Pattern enumerator { "RED", Pattern::Match::Enumerator, 9 };
    EXPECT_EQ(answer<std::vector<TypeId>>(symbols, ask::TypesNamed { enumerator }),
        (std::vector { TypeId { 7 }, TypeId { 8 } }));
    EXPECT_EQ(symbols.asked, enumerator);
}

TEST(Codec, AnAnswerThatIsTooLongIsEmpty)
{
    FullSymbols symbols;
    EXPECT_EQ(answer<std::vector<Row>>(symbols, ask::RowsOf { {}, 0, 10 }).size(), 10u);
    EXPECT_EQ(answer<std::vector<Row>>(symbols, ask::RowsOf { {}, 0, 3'000'000 }).size(), 0u);
}

TEST(Codec, MalformedMessagesAreRefused)
{
    EXPECT_FALSE(decode_request({}));
    const std::vector<uint8_t> unknown { 16 }, too_long { 0, 0 }, bad_match { 7, 1, 'f', 4, 1 };
    EXPECT_EQ(decode_request(unknown).error().message, "unknown question");
    EXPECT_EQ(decode_request(too_long).error().message, "malformed question");
    EXPECT_EQ(decode_request(bad_match).error().message, "malformed question");
    // A list of 2^32 - 1 items of which none is there.
    const std::vector<uint8_t> endless { 0xff, 0xff, 0xff, 0xff, 0x0f };
    EXPECT_FALSE(decode_answer<std::vector<Row>>(endless));
    EXPECT_FALSE(decode_answer<Summary>(endless));
    FullSymbols symbols;
    const std::vector<uint8_t> good = encoded_answer(symbols, ask::TypeOf {});
    for (size_t size = 0; size < good.size(); ++size)
        EXPECT_FALSE(decode_answer<Type>(Bytes(good).first(size))) << size;
}

TEST(Codec, ChangedMessagesAreRefusedOrMeanSomethingElse)
{
    FullSymbols symbols;
    std::mt19937 random(1);
    for (const Request& request : { Request(ask::TypeOf {}), Request(ask::Summary {}),
             Request(ask::FunctionsNamed {}), Request(ask::ScopesAt {}) }) {
        const std::vector<uint8_t> good = encoded_answer(symbols, request);
        for (int i = 0; i < 20'000; ++i) {
            std::vector<uint8_t> bad = good;
            bad[random() % bad.size()] = static_cast<uint8_t>(random());
            (void)decode_answer<Type>(bad);
            (void)decode_answer<Summary>(bad);
            (void)decode_answer<std::vector<Function>>(bad);
            (void)decode_answer<std::vector<Scope>>(bad);
            (void)decode_answer<std::vector<Variable>>(bad);
        }
    }
}

} // namespace
} // namespace vitrine::core::source
