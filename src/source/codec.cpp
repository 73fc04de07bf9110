// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "source/codec.h"

#include <algorithm>
#include <array>
#include <concepts>
#include <limits>
#include <type_traits>

namespace vitrine::core::source {

namespace {

// The members of each struct, in the order in which they are encoded.

void list(auto& v, auto& x, std::type_identity<Range>) { v(x.begin, x.end); }
void list(auto& v, auto& x, std::type_identity<File>) { v(x.path, x.directory, x.md5, x.has_text); }
void list(auto& v, auto& x, std::type_identity<Place>) { v(x.file, x.line, x.column); }
void list(auto& v, auto& x, std::type_identity<Row>)
{
    v(x.range, x.place, x.is_statement, x.is_prologue_end);
}
void list(auto& v, auto& x, std::type_identity<Producer>) { v(x.language, x.name, x.version, x.units); }
void list(auto& v, auto& x, std::type_identity<Summary>)
{
    v(x.files, x.producers, x.functions, x.build_id, x.has_lines, x.has_variables, x.problems);
}
void list(auto& v, auto& x, std::type_identity<InlinedCopy>) { v(x.ranges, x.entry); }
void list(auto& v, auto& x, std::type_identity<Function>)
{
    v(x.id, x.name, x.linkage_name, x.ranges, x.frame_base, x.result, x.parameters, x.declared, x.language,
        x.address_bytes, x.copies);
}
void list(auto& v, auto& x, std::type_identity<Scope>)
{
    v(x.kind, x.function, x.name, x.ranges, x.call, x.variables);
}
void list(auto& v, auto& x, std::type_identity<Location>) { v(x.range, x.expression); }
void list(auto& v, auto& x, std::type_identity<Variable>)
{
    v(x.id, x.kind, x.name, x.linkage_name, x.type, x.declared, x.is_artificial, x.locations, x.constant);
}
void list(auto& v, auto& x, std::type_identity<Member>)
{
    v(x.name, x.type, x.offset, x.bit_offset, x.bit_size, x.is_base_class, x.is_artificial);
}
void list(auto& v, auto& x, std::type_identity<Enumerator>) { v(x.name, x.value); }
void list(auto& v, auto& x, std::type_identity<Variant>) { v(x.values, x.member); }
void list(auto& v, auto& x, std::type_identity<TemplateArgument>) { v(x.name, x.type, x.value); }
void list(auto& v, auto& x, std::type_identity<Type>)
{
    v(x.id, x.kind, x.language, x.name, x.size, x.target, x.is_signed, x.is_utf, x.is_declaration, x.members,
        x.enumerators, x.dimensions, x.parameters, x.arguments, x.discriminant, x.variants, x.containing,
        x.declared);
}
void list(auto& v, auto& x, std::type_identity<Pattern>) { v(x.text, x.match, x.limit); }

void list(auto&, auto&, std::type_identity<ask::Summary>) {}
void list(auto& v, auto& x, std::type_identity<ask::TextOf>) { v(x.file); }
void list(auto& v, auto& x, std::type_identity<ask::RowAt>) { v(x.offset); }
void list(auto& v, auto& x, std::type_identity<ask::RowsOf>) { v(x.file, x.first, x.last); }
void list(auto& v, auto& x, std::type_identity<ask::RowsIn>) { v(x.range); }
void list(auto& v, auto& x, std::type_identity<ask::FunctionAt>) { v(x.offset); }
void list(auto& v, auto& x, std::type_identity<ask::FunctionOf>) { v(x.id); }
void list(auto& v, auto& x, std::type_identity<ask::FunctionsNamed>) { v(x.pattern); }
void list(auto& v, auto& x, std::type_identity<ask::ScopesAt>) { v(x.offset); }
void list(auto& v, auto& x, std::type_identity<ask::InlinedIn>) { v(x.range); }
void list(auto& v, auto& x, std::type_identity<ask::Variables>) { v(x.ids); }
void list(auto& v, auto& x, std::type_identity<ask::Globals>) { v(x.pattern); }
void list(auto& v, auto& x, std::type_identity<ask::TypeOf>) { v(x.id); }
void list(auto& v, auto& x, std::type_identity<ask::FindType>) { v(x.name); }
void list(auto& v, auto& x, std::type_identity<ask::VariableAt>) { v(x.address); }
void list(auto& v, auto& x, std::type_identity<ask::TypesNamed>) { v(x.pattern); }

/// The largest enumerator of each enumeration. Ids have all values.
template<class E> constexpr uint64_t last_of = UINT64_MAX;
template<> constexpr uint64_t last_of<Language> = static_cast<uint64_t>(Language::Go);
template<> constexpr uint64_t last_of<Scope::Kind> = static_cast<uint64_t>(Scope::Kind::Block);
template<> constexpr uint64_t last_of<Variable::Kind> = static_cast<uint64_t>(Variable::Kind::ThreadLocal);
template<> constexpr uint64_t last_of<Type::Kind> = static_cast<uint64_t>(Type::Kind::Complex);
template<> constexpr uint64_t last_of<Pattern::Match> = static_cast<uint64_t>(Pattern::Match::Enumerator);

class Writer {
public:
    std::vector<uint8_t> take() { return std::move(out_.bytes()); }

    template<class... Values> void operator()(const Values&... values) { (write(values), ...); }

private:
    void write(bool value) { out_.byte(value ? 1 : 0); }
    template<std::integral T> void write(T value) { out_.leb(value); }
    template<class T>
        requires std::is_enum_v<T>
    void write(T value)
    {
        out_.leb(static_cast<uint64_t>(value));
    }
    void write(const std::string& value)
    {
        out_.leb(uint64_t { value.size() });
        out_.append(bytes_of(value));
    }
    void write(const std::vector<uint8_t>& value)
    {
        out_.leb(uint64_t { value.size() });
        out_.append(value);
    }
    template<class T> void write(const std::vector<T>& values)
    {
        out_.leb(uint64_t { values.size() });
        for (const T& value : values)
            write(value);
    }
    template<class T, size_t N> void write(const std::array<T, N>& values)
    {
        for (const T& value : values)
            write(value);
    }
    template<class T> void write(const std::optional<T>& value)
    {
        write(value.has_value());
        if (value)
            write(*value);
    }
    template<class T>
        requires std::is_class_v<T>
    void write(const T& value)
    {
        list(*this, value, std::type_identity<T>());
    }

    ByteWriter out_;
};

/// Reads what `Writer` has written. After a malformed item, everything is left empty.
class Reader {
public:
    explicit Reader(Bytes message) : in_(message) {}

    bool is_good() const { return is_good_ && in_.at_end(); }

    template<class... Values> void operator()(Values&... values) { (read(values), ...); }

private:
    template<class T> T take(Result<T> result)
    {
        is_good_ = is_good_ && result.has_value();
        return is_good_ ? *std::move(result) : T {};
    }
    size_t size() { return is_good_ ? take(in_.length()) : 0; }

    void read(bool& value)
    {
        const uint8_t byte = take(in_.byte());
        is_good_ = is_good_ && byte <= 1;
        value = byte == 1;
    }
    void read(uint8_t& value) { value = take(in_.leb<uint8_t>()); }
    template<std::integral T> void read(T& value) { value = take(in_.leb<T>()); }
    template<class T>
        requires std::is_enum_v<T>
    void read(T& value)
    {
        const auto number = take(in_.leb<uint64_t>());
        constexpr auto widest = static_cast<uint64_t>(std::numeric_limits<std::underlying_type_t<T>>::max());
        is_good_ = is_good_ && number <= std::min(last_of<T>, widest);
        value = is_good_ ? static_cast<T>(number) : T {};
    }
    void read(std::string& value)
    {
        const size_t count = size();
        value = text_of(take(in_.bytes(count)));
    }
    void read(std::vector<uint8_t>& value)
    {
        const size_t count = size();
        const Bytes bytes = take(in_.bytes(count));
        value.assign(bytes.begin(), bytes.end());
    }
    // Each item takes at least a byte, and `size` is at most the bytes that are left.
    template<class T> void read(std::vector<T>& values)
    {
        values.clear();
        for (size_t count = size(); count > 0 && is_good_; --count)
            read(values.emplace_back());
    }
    template<class T, size_t N> void read(std::array<T, N>& values)
    {
        for (T& value : values)
            read(value);
    }
    template<class T> void read(std::optional<T>& value)
    {
        bool has_value = false;
        read(has_value);
        if (!has_value) {
            value = std::nullopt;
            return;
        }
        T item {};
        read(item);
        value = std::move(item);
    }
    template<class T>
        requires std::is_class_v<T>
    void read(T& value)
    {
        list(*this, value, std::type_identity<T>());
    }

    ByteReader in_;
    bool is_good_ = true;
};

/// The question with this number, with empty members.
template<size_t Index = 0> std::optional<Request> request_at(size_t index)
{
    if constexpr (Index < std::variant_size_v<Request>) {
        if (index == Index)
            return Request(std::in_place_index<Index>);
        return request_at<Index + 1>(index);
    }
    return std::nullopt;
}

/// Asks a question.
struct Asked {
    Symbols& symbols;

    auto operator()(const ask::Summary&) const { return symbols.summary(); }
    auto operator()(const ask::TextOf& asked) const { return symbols.text_of(asked.file); }
    auto operator()(const ask::RowAt& asked) const { return symbols.row_at(asked.offset); }
    auto operator()(const ask::RowsOf& asked) const
    {
        return symbols.rows_of(asked.file, asked.first, asked.last);
    }
    auto operator()(const ask::RowsIn& asked) const { return symbols.rows_in(asked.range); }
    auto operator()(const ask::FunctionAt& asked) const { return symbols.function_at(asked.offset); }
    auto operator()(const ask::FunctionOf& asked) const { return symbols.function(asked.id); }
    auto operator()(const ask::FunctionsNamed& asked) const { return symbols.functions_named(asked.pattern); }
    auto operator()(const ask::ScopesAt& asked) const { return symbols.scopes_at(asked.offset); }
    auto operator()(const ask::InlinedIn& asked) const { return symbols.inlined_in(asked.range); }
    auto operator()(const ask::Variables& asked) const { return symbols.variables(asked.ids); }
    auto operator()(const ask::Globals& asked) const { return symbols.globals(asked.pattern); }
    auto operator()(const ask::TypeOf& asked) const { return symbols.type(asked.id); }
    auto operator()(const ask::FindType& asked) const { return symbols.find_type(asked.name); }
    auto operator()(const ask::VariableAt& asked) const { return symbols.variable_at(asked.address); }
    auto operator()(const ask::TypesNamed& asked) const { return symbols.types_named(asked.pattern); }
};

} // namespace

std::vector<uint8_t> encode(const Request& request)
{
    Writer writer;
    writer(static_cast<uint8_t>(request.index()));
    std::visit([&](const auto& asked) { writer(asked); }, request);
    return writer.take();
}

Result<Request> decode_request(Bytes message)
{
    Reader reader(message);
    uint8_t index = 0;
    reader(index);
    auto request = request_at(index);
    if (!request)
        return failure("unknown question");
    std::visit([&](auto& asked) { reader(asked); }, *request);
    if (!reader.is_good())
        return failure("malformed question");
    return *std::move(request);
}

template<class T> std::vector<uint8_t> encode_answer(const T& answer)
{
    Writer writer;
    writer(answer);
    return writer.take();
}

std::vector<uint8_t> encoded_answer(Symbols& symbols, const Request& request)
{
    return std::visit(
        [&](const auto& asked) {
            auto answer = Asked { symbols }(asked);
            auto bytes = encode_answer(answer);
            return bytes.size() <= max_message_bytes ? std::move(bytes) : encode_answer(decltype(answer) {});
        },
        request);
}

template<class T> Result<T> decode_answer(Bytes message)
{
    Reader reader(message);
    T answer;
    reader(answer);
    if (!reader.is_good())
        return failure("malformed answer");
    return answer;
}

#define ANSWER(...)                                    \
    template Result<__VA_ARGS__> decode_answer(Bytes); \
    template std::vector<uint8_t> encode_answer(const __VA_ARGS__&);
ANSWER(Summary)
ANSWER(std::optional<std::string>)
ANSWER(std::optional<Row>)
ANSWER(std::vector<Row>)
ANSWER(std::optional<Function>)
ANSWER(std::vector<Function>)
ANSWER(std::vector<Scope>)
ANSWER(std::vector<Variable>)
ANSWER(Type)
ANSWER(std::optional<TypeId>)
ANSWER(std::optional<Variable>)
ANSWER(std::vector<TypeId>)
#undef ANSWER

} // namespace vitrine::core::source
