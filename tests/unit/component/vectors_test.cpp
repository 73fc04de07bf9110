// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Layouts, stores and loads of random types and values, compared with what the definitions of the
// component model's specification gave for them. The vectors are shared test data: they are not in
// this tree. Without them the tests are skipped, or fail if VITRINE_REQUIRE_SHARED is set.

#include "component/components.h"
#include "component/transfer.h"
#include "json/node.h"

#include <gtest/gtest.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace vitrine::core::component::test {
namespace {

constexpr std::string_view encodings[] = { "utf8", "utf16", "latin1+utf16" };
constexpr uint64_t memory_size = 8192;

std::filesystem::path vectors_path()
{
    const char* const shared = std::getenv("VITRINE_SHARED");
    const std::filesystem::path folder = shared
        ? std::filesystem::path(shared)
        : std::filesystem::path(VITRINE_SOURCE_DIR).parent_path() / "shared";
    return folder / "tests/canonical-abi-vectors.json.xz";
}

std::string unpacked(const std::filesystem::path& path)
{
    std::string text;
    FILE* const pipe = popen(("xz -dc '" + path.string() + "'").c_str(), "r");
    if (!pipe)
        return text;
    char buffer[65536];
    for (size_t count; (count = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;)
        text.append(buffer, count);
    pclose(pipe);
    return text;
}

// -- Reading the vectors. They are well-formed: a failed conversion throws.

using json::Array;
using json::Object;

uint32_t number(const json::Value& value) { return value.to_number<uint32_t>(); }
std::string_view text(const json::Value& value) { return value.as_string(); }

std::vector<uint8_t> bytes_of_hex(std::string_view hex)
{
    std::vector<uint8_t> bytes(hex.size() / 2);
    for (size_t i = 0; i < bytes.size(); ++i)
        std::from_chars(&hex[2 * i], &hex[2 * i] + 2, bytes[i], 16);
    return bytes;
}

StringEncoding encoding_of(std::string_view name)
{
    return static_cast<StringEncoding>(std::ranges::find(encodings, name) - std::begin(encodings));
}

/// Adds the types of the vectors, which refer to each other by nesting.
class TypeReader {
public:
    explicit TypeReader(Types& types) : types_(types) {}

    ValType type(const json::Value& node)
    {
        if (const auto* const name = node.if_string()) {
            for (uint32_t i = 0; i < primitive_count; ++i)
                if (to_text(static_cast<Primitive>(i)) == std::string_view(*name))
                    return static_cast<Primitive>(i);
            throw std::runtime_error("unknown type " + std::string(*name));
        }
        const auto& [kind, content] = *node.as_object().begin();
        return *types_.add(def(kind, content));
    }

private:
    std::optional<ValType> optional_type(const json::Value& node)
    {
        return node.is_null() ? std::nullopt : std::optional(type(node));
    }

    ValueDef def(std::string_view kind, const json::Value& content)
    {
        if (kind == "list")
            return ListType { type(content) };
        if (kind == "option")
            return OptionType { type(content) };
        const Array& parts = content.as_array();
        if (kind == "result")
            return ResultType { optional_type(parts[0]), optional_type(parts[1]) };
        if (kind == "flags")
            return FlagsType { labels(parts) };
        if (kind == "enum")
            return EnumType { labels(parts) };
        if (kind == "tuple") {
            TupleType tuple;
            for (const json::Value& part : parts)
                tuple.types.push_back(type(part));
            return tuple;
        }
        if (kind == "record") {
            RecordType record;
            for (const json::Value& part : parts)
                record.fields.push_back({ text(part.at(0)), type(part.at(1)) });
            return record;
        }
        if (kind != "variant")
            throw std::runtime_error("unknown type " + std::string(kind));
        VariantType variant;
        for (const json::Value& part : parts)
            variant.cases.push_back({ text(part.at(0)), optional_type(part.at(1)) });
        return variant;
    }

    static std::vector<std::string_view> labels(const Array& parts)
    {
        std::vector<std::string_view> names;
        for (const json::Value& part : parts)
            names.push_back(text(part));
        return names;
    }

    Types& types_;
};

/// A value in the form `{"type": KIND, "value": VALUE}`.
class ValueReader {
public:
    static Value value(const json::Value& node, const Shape& shape)
    {
        const json::Value& content = node.at("value");
        switch (shape.kind) {
        case ComponentKind::Bool: return { content.as_bool() };
        case ComponentKind::Char: return { character(text(content)) };
        case ComponentKind::String: return { 0, std::string(text(content)) };
        case ComponentKind::List: return list(content.as_array(), shape);
        case ComponentKind::Record:
        case ComponentKind::Tuple: return fields(content.as_array(), shape);
        case ComponentKind::Variant:
            return choice(
                position(shape, text(content.at("case"))), content.as_object().if_contains("payload"), shape);
        case ComponentKind::Enum: return { position(shape, text(content)) };
        case ComponentKind::Option: return choice(content.is_null() ? 0 : 1, &content, shape);
        case ComponentKind::Result: {
            const auto& [name, payload] = *content.as_object().begin();
            return choice(std::string_view(name) == "Ok" ? 0 : 1, &payload, shape);
        }
        case ComponentKind::Flags: {
            uint64_t bits = 0;
            for (const json::Value& label : content.as_array())
                bits |= uint64_t { 1 } << position(shape, text(label));
            return { bits };
        }
        default: return { integer(text(content)) };
        }
    }

private:
    static uint64_t integer(std::string_view digits)
    {
        const bool is_negative = digits.starts_with('-');
        uint64_t bits = 0;
        std::from_chars(digits.data() + is_negative, digits.data() + digits.size(), bits);
        return is_negative ? -bits : bits;
    }

    static uint64_t character(std::string_view utf8)
    {
        const auto first = static_cast<uint8_t>(utf8[0]);
        uint64_t c = utf8.size() == 1 ? first : first & (0x7fu >> utf8.size());
        for (const char more : utf8.substr(1))
            c = c << 6 | (more & 0x3f);
        return c;
    }

    static size_t position(const Shape& shape, std::string_view label)
    {
        const auto found = std::ranges::find(shape.parts, label, &ShapePart::name);
        return static_cast<size_t>(found - shape.parts.begin());
    }

    static Value list(const Array& items, const Shape& shape)
    {
        const Shape& element = shape.element();
        Value made;
        if (is_number(element.kind)) {
            std::vector<std::byte> packed(items.size() * element.size);
            for (size_t i = 0; i < items.size(); ++i) {
                const Value item = value(items[i], element);
                std::memcpy(&packed[i * element.size], &item.bits, element.size);
            }
            made.content = std::move(packed);
        } else {
            Value::Nodes nodes;
            for (const json::Value& item : items)
                nodes.push_back(value(item, element));
            made.content = std::move(nodes);
        }
        return made;
    }

    static Value fields(const Array& items, const Shape& shape)
    {
        Value::Nodes nodes;
        for (size_t i = 0; i < items.size(); ++i)
            nodes.push_back(
                value(shape.kind == ComponentKind::Tuple ? items[i] : items[i].at(1), *shape.parts[i].shape));
        return { 0, std::move(nodes) };
    }

    static Value choice(size_t index, const json::Value* payload, const Shape& shape)
    {
        Value made { index };
        if (const Shape* const inner = shape.parts[index].shape)
            made.content = Value::Nodes { value(*payload, *inner) };
        return made;
    }
};

/// The specification lets a NaN become any other.
bool are_same(const Value& a, const Value& b, const Shape& shape)
{
    if (shape.kind == ComponentKind::F64 && std::isnan(std::bit_cast<double>(a.bits)))
        return std::isnan(std::bit_cast<double>(b.bits));
    if (shape.kind == ComponentKind::F32 && std::isnan(std::bit_cast<float>(static_cast<uint32_t>(a.bits))))
        return std::isnan(std::bit_cast<float>(static_cast<uint32_t>(b.bits)));
    if (a.bits != b.bits || a.content.index() != b.content.index())
        return false;
    if (std::holds_alternative<std::string>(a.content))
        return a.text() == b.text();
    if (std::holds_alternative<std::vector<std::byte>>(a.content)) {
        const uint32_t size = shape.element().size;
        bool same = a.packed().size() == b.packed().size();
        for (size_t at = 0; same && at < a.packed().size(); at += size) {
            Value x, y;
            std::memcpy(&x.bits, &a.packed()[at], size);
            std::memcpy(&y.bits, &b.packed()[at], size);
            same = are_same(x, y, shape.element());
        }
        return same;
    }
    const auto* const nodes = std::get_if<Value::Nodes>(&a.content);
    bool same = !nodes || nodes->size() == b.nodes().size();
    for (size_t i = 0; same && nodes && i < nodes->size(); ++i) {
        const size_t part = shape.kind == ComponentKind::List ? 0 : shape.has_cases() ? a.bits : i;
        same = are_same((*nodes)[i], b.nodes()[i], *shape.parts[part].shape);
    }
    return same;
}

// -- Two instances with memories

/// `[old address, old size, alignment, new size, result]`, as in the vectors.
using Calls = std::vector<std::array<uint32_t, 5>>;

/// An instance that consists of a memory, with an allocator that never reuses memory.
class Side {
public:
    explicit Side(Components& components)
        : instance_(components, nullptr, nullptr, nullptr, ""),
          memory_(*components.store.add_memory({ { .min = memory_size, .max = memory_size }, 0 }))
    {
        reset();
    }

    void reset()
    {
        std::ranges::fill(memory_->expose(), 0);
        next_ = 1024;
        calls.clear();
    }
    void fill(std::span<const uint8_t> bytes) { std::ranges::copy(bytes, memory_->expose().begin()); }

    Options options(std::string_view encoding) const
    {
        return { .encoding = encoding_of(encoding), .memory = memory_ };
    }
    Instance& instance() { return instance_; }
    Bytes bytes() const { return memory_->bytes(); }

    void write(uint32_t address, uint32_t bits) { std::memcpy(&memory_->expose()[address], &bits, 4); }
    /// Copies a string of Latin-1 as UTF-16, and returns where it is.
    uint32_t widen(const SourceString& string)
    {
        const uint32_t address = reallocate({ .alignment = 2, .new_size = 2 * string.count });
        for (uint32_t i = 0; i < string.count; ++i)
            memory_->expose()[address + 2 * i] = string.bytes[i];
        return address;
    }

    uint32_t reallocate(const Reallocation& asked)
    {
        const uint32_t address = (next_ + asked.alignment - 1) / asked.alignment * asked.alignment;
        next_ = address + asked.new_size;
        calls.push_back({ asked.old_address, asked.old_size, asked.alignment, asked.new_size, address });
        if (next_ <= memory_size) {
            const std::span<uint8_t> all = memory_->expose();
            std::ranges::copy(
                all.subspan(asked.old_address, std::min(asked.old_size, asked.new_size)), &all[address]);
        }
        return address;
    }

    Calls calls;

private:
    Instance instance_;
    Memory* memory_;
    uint32_t next_ = 1024;
};

/// Where the strings of a well-formed value are, in the order in which they are stored.
void find_strings(const GuestSource& source, const Shape& shape, Place at, std::vector<Place>& found)
{
    if (shape.kind == ComponentKind::String) {
        found.push_back(at);
    } else if (shape.kind == ComponentKind::List) {
        const auto list = *source.list(shape, at);
        for (uint32_t i = 0; i < list.count; ++i)
            find_strings(source, shape.element(), source.element(shape, list, i), found);
    } else if (shape.has_cases()) {
        const uint32_t index = *source.case_of(shape, at);
        if (const Shape* const payload = shape.parts[index].shape)
            find_strings(source, *payload, source.payload(shape, at, index), found);
    } else if (shape.kind == ComponentKind::Record || shape.kind == ComponentKind::Tuple) {
        for (uint32_t i = 0; i < shape.parts.size(); ++i)
            find_strings(source, *shape.parts[i].shape, source.field(shape, at, i), found);
    }
}

template<class Source> Faulty<void> run(Lowering<Source>& lowering, Side& to)
{
    for (auto needed = lowering.run();;) {
        if (!needed)
            return std::unexpected(needed.error());
        if (!*needed)
            return {};
        needed = lowering.run(to.reallocate(**needed));
    }
}

Calls calls_of(const json::Value& vector)
{
    Calls calls;
    for (const json::Value& call : vector.at("realloc").as_array()) {
        auto& made = calls.emplace_back();
        for (size_t i = 0; i < made.size(); ++i)
            made[i] = number(call.at(i));
    }
    return calls;
}

class VectorsTest : public testing::Test {
protected:
    static void SetUpTestSuite()
    {
        if (std::filesystem::exists(vectors_path()))
            vectors_ = new json::Value(*json::parse(unpacked(vectors_path())));
    }
    static void TearDownTestSuite() { delete std::exchange(vectors_, nullptr); }

    void SetUp() override
    {
        if (!vectors_ && std::getenv("VITRINE_REQUIRE_SHARED"))
            FAIL() << vectors_path() << " is missing";
        if (!vectors_)
            GTEST_SKIP() << vectors_path()
                         << " is missing. Set VITRINE_SHARED to the folder of shared test data";
        for (const json::Value& vector : vectors("types"))
            shapes_of_.push_back(&shapes_.of(TypeReader(types_).type(vector.at("type"))));
    }

    static const Array& vectors(std::string_view name) { return vectors_->at(name).as_array(); }
    const Shape& shape(const json::Value& vector) const { return *shapes_of_[number(vector.at("of"))]; }

    GuestSource source(Side& side, std::string_view encoding, std::span<const Slot> flats = {})
    {
        return { side.instance(), side.options(encoding), flats, side.instance(), nullptr };
    }

    /// Stores a value of the sender, which `give` puts there, and expects the calls of the vector.
    /// The vectors do not say which strings of a sender with `latin1+utf16` are UTF-16 although
    /// they would fit Latin-1. So each is tried both ways; only one gives the expected calls.
    template<class Give, class Send>
    void store_as_expected(const json::Value& vector, const Give& give, Place at, const Send& send)
    {
        const std::string_view from = text(vector.at("from"));
        const Calls expected = calls_of(vector);
        std::vector<bool> is_wide;
        const auto attempt = [&] {
            give();
            const GuestSource reader = source(from_, from, sent_);
            std::vector<Place> strings;
            find_strings(reader, shape(vector), at, strings);
            is_wide.resize(strings.size());
            for (size_t i = 0; i < strings.size(); ++i)
                if (const SourceString string = *reader.string(strings[i]);
                    is_wide[i] && string.units == Units::Latin1)
                    set_string(strings[i], from_.widen(string), string.count | utf16_tag);
            send();
            return static_cast<size_t>(std::ranges::mismatch(to_.calls, expected).in2 - expected.begin());
        };
        size_t best = attempt();
        for (size_t i = 0; from == "latin1+utf16" && i < is_wide.size() && best < expected.size(); ++i) {
            is_wide[i] = true;
            const size_t reached = attempt();
            is_wide[i] = reached > best;
            best = std::max(best, reached);
        }
        attempt();
        EXPECT_EQ(to_.calls, expected);
    }

    void set_string(Place at, uint32_t address, uint32_t length)
    {
        if (at.is_flat) {
            sent_[at.at] = address;
            sent_[at.at + 1] = length;
        } else {
            from_.write(at.at, address);
            from_.write(at.at + 4, length);
        }
    }

    std::array<Slot, FlatTypes::max> sent_ {};
    static inline const json::Value* vectors_ = nullptr;
    Types types_;
    Shapes shapes_ { types_ };
    std::vector<const Shape*> shapes_of_;
    Store store_ { std::make_shared<EngineState>() };
    Components& components_ = **Components::create(store_);
    Side from_ { components_ }, to_ { components_ };
    HandleScope scope_;
};

TEST_F(VectorsTest, Layouts)
{
    size_t index = 0;
    for (const json::Value& vector : vectors("types")) {
        const Shape& shape = *shapes_of_[index];
        SCOPED_TRACE("type " + std::to_string(index++));
        EXPECT_EQ(shape.size, number(vector.at("size")));
        EXPECT_EQ(shape.alignment, number(vector.at("alignment")));
        const FlatTypes& flat = types_.info(shape.type).flat;
        ASSERT_EQ(shape.flat_count, vector.at("flat").as_array().size());
        for (size_t i = 0; i < shape.flat_count; ++i)
            EXPECT_EQ(core::ValueType(flat.types[i]).to_text(), text(vector.at("flat").at(i)));
    }
    EXPECT_EQ(index, 400u);
}

/// Checks what a store has written and asked for.
void expect_stored(const json::Value& vector, const Side& side)
{
    const std::vector<uint8_t> bytes = bytes_of_hex(text(vector.at("bytes")));
    const uint32_t at = number(vector.at("at"));
    EXPECT_TRUE(std::ranges::equal(side.bytes().subspan(at, bytes.size()), bytes));
    const std::vector<uint8_t> heap = bytes_of_hex(text(vector.at("heap")));
    EXPECT_TRUE(std::ranges::equal(side.bytes().subspan(1024, heap.size()), heap));
}

void expect_lowered(const json::Value& vector, std::span<const Slot> flats)
{
    const Array& lowered = vector.at("lowered").as_array();
    for (size_t i = 0; i < lowered.size(); ++i)
        EXPECT_EQ(flats[i], lowered[i].to_number<uint64_t>()) << "core value " << i;
}

TEST_F(VectorsTest, Stores)
{
    size_t index = 0;
    for (const json::Value& vector : vectors("store")) {
        SCOPED_TRACE("store " + std::to_string(index++));
        const Shape& type = shape(vector);
        const std::string_view from = text(vector.at("from")), to = text(vector.at("to"));
        const uint32_t at = number(vector.at("at"));
        const Value value = ValueReader::value(vector.at("value"), type);
        ASSERT_TRUE(fits(value, type));
        const ValueSource host(components_, from_.instance(), scope_);

        // In memory.
        const auto give = [&] {
            from_.reset();
            Lowering<ValueSource> lowering(host, from_.instance(), from_.options(from), {}, scope_);
            lowering.start(type, &value, Place::memory(at));
            ASSERT_TRUE(run(lowering, from_));
        };
        store_as_expected(vector, give, Place::memory(at), [&] {
            to_.reset();
            Lowering<GuestSource> lowering(source(from_, from), to_.instance(), to_.options(to), {}, scope_);
            lowering.start(type, Place::memory(at), Place::memory(at));
            ASSERT_TRUE(run(lowering, to_));
        });
        expect_stored(vector, to_);
        const auto lifted = lift(components_, source(to_, to), type, Place::memory(at));
        ASSERT_TRUE(lifted);
        EXPECT_TRUE(are_same(*lifted, value, type));

        // As core values.
        std::array<Slot, FlatTypes::max> received {};
        const auto give_flat = [&] {
            from_.reset();
            sent_ = {};
            Lowering<ValueSource> lowering(host, from_.instance(), from_.options(from), sent_, scope_);
            lowering.start(type, &value, Place::flat(0));
            ASSERT_TRUE(run(lowering, from_));
        };
        store_as_expected(vector, give_flat, Place::flat(0), [&] {
            to_.reset();
            received = {};
            Lowering<GuestSource> lowering(
                source(from_, from, sent_), to_.instance(), to_.options(to), received, scope_);
            lowering.start(type, Place::flat(0), Place::flat(0));
            ASSERT_TRUE(run(lowering, to_));
        });
        expect_lowered(vector, received);
        const auto lifted_flat = lift(components_, source(to_, to, received), type, Place::flat(0));
        ASSERT_TRUE(lifted_flat);
        EXPECT_TRUE(are_same(*lifted_flat, value, type));

        // Strings of the host are UTF-8.
        if (from != "utf8")
            continue;
        to_.reset();
        Lowering<ValueSource> direct(host, to_.instance(), to_.options(to), {}, scope_);
        direct.start(type, &value, Place::memory(at));
        ASSERT_TRUE(run(direct, to_));
        EXPECT_EQ(to_.calls, calls_of(vector));
        expect_stored(vector, to_);
    }
    EXPECT_EQ(index, 1600u);
}

TEST_F(VectorsTest, LoadsOfArbitraryMemory)
{
    size_t index = 0, traps = 0;
    for (const json::Value& vector : vectors("load")) {
        SCOPED_TRACE("load " + std::to_string(index++));
        const Shape& type = shape(vector);
        const std::string_view encoding = text(vector.at("encoding"));
        const uint32_t at = number(vector.at("at"));
        ASSERT_EQ(number(vector.at("memory_size")), memory_size);
        from_.reset();
        from_.fill(bytes_of_hex(text(vector.at("memory"))));
        const auto lifted = lift(components_, source(from_, encoding), type, Place::memory(at));
        const bool is_trap = vector.as_object().contains("trap");
        traps += is_trap;
        ASSERT_EQ(!lifted, is_trap) << (lifted ? "" : to_text(lifted.error()));
        if (lifted) {
            EXPECT_TRUE(are_same(*lifted, ValueReader::value(vector.at("value"), type), type));
        }

        // To another guest.
        for (const std::string_view to : encodings) {
            to_.reset();
            Lowering<GuestSource> lowering(
                source(from_, encoding), to_.instance(), to_.options(to), {}, scope_);
            lowering.start(type, Place::memory(at), Place::memory(at));
            const auto done = run(lowering, to_);
            if (!done && done.error().kind == FaultKind::ReallocOutOfBounds)
                continue; // The memory of the test is too small.
            ASSERT_EQ(!done, is_trap) << to << ": " << (done ? "" : to_text(done.error()));
            if (!done)
                continue;
            const auto received = lift(components_, source(to_, to), type, Place::memory(at));
            ASSERT_TRUE(received) << to << ": " << to_text(received.error());
            EXPECT_TRUE(are_same(*received, *lifted, type)) << to;
        }
    }
    EXPECT_EQ(index, 1200u);
    EXPECT_EQ(traps, 756u);
}

} // namespace
} // namespace vitrine::core::component::test
