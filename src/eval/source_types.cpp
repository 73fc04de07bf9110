// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "eval/source_types.h"

#include "eval/user_names.h"

#include <algorithm>
#include <charconv>

namespace vitrine::core::eval {

namespace {

using Kind = source::Type::Kind;

/// The ids of made types have this bit.
constexpr uint64_t made_bit = uint64_t { 1 } << 63;
constexpr size_t max_made_types = 1000;
/// Chains of typedefs and nested types are cut off there: a type could contain itself.
constexpr int max_chain = 64;
constexpr uint32_t max_members_searched = 10000;

bool is_wrapper(Kind kind)
{
    return kind == Kind::Typedef || kind == Kind::Const || kind == Kind::Volatile || kind == Kind::Other;
}

// -- Type names in text

void strip(std::string_view& text)
{
    while (!text.empty() && text.front() == ' ')
        text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ')
        text.remove_suffix(1);
}

constexpr bool is_word_part(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'
        || static_cast<uint8_t>(c) >= 0x80;
}

/// Takes a word off the beginning.
bool take_word(std::string_view& text, std::string_view word)
{
    if (!text.starts_with(word) || (text.size() > word.size() && is_word_part(text[word.size()])))
        return false;
    text.remove_prefix(word.size());
    strip(text);
    return true;
}

bool take_last_word(std::string_view& text, std::string_view word)
{
    if (!text.ends_with(word) || text.size() == word.size()
        || is_word_part(text[text.size() - word.size() - 1]))
        return false;
    text.remove_suffix(word.size());
    strip(text);
    return true;
}

/// The basic types of C, Rust and Zig. A size of 0 is that of an address.
struct Basic {
    std::string_view name;
    Kind kind;
    uint8_t size;
};
constexpr Basic basics[] = { { "char", Kind::Character, 1 }, { "signed char", Kind::Character, 1 },
    { "unsigned char", Kind::Unsigned, 1 }, { "short", Kind::Signed, 2 },
    { "unsigned short", Kind::Unsigned, 2 }, { "int", Kind::Signed, 4 },
    { "unsigned int", Kind::Unsigned, 4 }, { "long", Kind::Signed, 0 },
    { "unsigned long", Kind::Unsigned, 0 }, { "long long", Kind::Signed, 8 },
    { "unsigned long long", Kind::Unsigned, 8 }, { "float", Kind::Float, 4 }, { "double", Kind::Float, 8 },
    { "bool", Kind::Bool, 1 }, { "_Bool", Kind::Bool, 1 }, { "i8", Kind::Signed, 1 },
    { "u8", Kind::Unsigned, 1 }, { "i16", Kind::Signed, 2 }, { "u16", Kind::Unsigned, 2 },
    { "i32", Kind::Signed, 4 }, { "u32", Kind::Unsigned, 4 }, { "i64", Kind::Signed, 8 },
    { "u64", Kind::Unsigned, 8 }, { "f32", Kind::Float, 4 }, { "f64", Kind::Float, 8 },
    { "isize", Kind::Signed, 0 }, { "usize", Kind::Unsigned, 0 }, { "size_t", Kind::Unsigned, 0 },
    { "int8_t", Kind::Signed, 1 }, { "uint8_t", Kind::Unsigned, 1 }, { "int16_t", Kind::Signed, 2 },
    { "uint16_t", Kind::Unsigned, 2 }, { "int32_t", Kind::Signed, 4 }, { "uint32_t", Kind::Unsigned, 4 },
    { "int64_t", Kind::Signed, 8 }, { "uint64_t", Kind::Unsigned, 8 }, { "uintptr_t", Kind::Unsigned, 0 } };

/// The name that clang gives to a type of C that consists of words like `long unsigned int`. Empty
/// for anything else.
std::string basic_name(std::string_view text)
{
    int longs = 0, shorts = 0, unsigneds = 0, signeds = 0, ints = 0, chars = 0;
    const std::pair<std::string_view, int*> words[] = { { "long", &longs }, { "short", &shorts },
        { "unsigned", &unsigneds }, { "signed", &signeds }, { "int", &ints }, { "char", &chars } };
    while (!text.empty()) {
        const auto* const word =
            std::ranges::find_if(words, [&](const auto& each) { return take_word(text, each.first); });
        if (word == std::end(words) || ++*word->second > 2)
            return {};
    }
    if (chars)
        return unsigneds ? "unsigned char" : signeds ? "signed char" : "char";
    const std::string_view name = longs == 2 ? "long long" : longs ? "long" : shorts ? "short" : "int";
    return (unsigneds ? "unsigned " : "") + std::string(name);
}

} // namespace

SourceTypes::SourceTypes(std::shared_ptr<source::Symbols> symbols, uint8_t address_bytes)
    : symbols_(std::move(symbols)), address_bytes_(address_bytes)
{}

source::Type SourceTypes::resolved(source::TypeId id)
{
    source::Type type = this->type(id);
    for (int i = 0; i < max_chain; ++i)
        if (is_wrapper(type.kind) && type.target != source::TypeId {})
            type = this->type(type.target);
        else if (type.is_declaration && !type.name.empty()) {
            const auto definition = find_type(type.name);
            if (!definition || *definition == type.id)
                break;
            type = this->type(*definition);
        } else
            break;
    if ((type.kind == Kind::Pointer || type.kind == Kind::Reference) && type.size == 0)
        type.size = address_bytes_;
    return type;
}

source::TypeId SourceTypes::element_of(const source::Type& array)
{
    if (array.dimensions.size() <= 1)
        return array.target;
    source::Type rest = array;
    rest.dimensions.erase(rest.dimensions.begin());
    if (const auto count = array.dimensions[0])
        rest.size = *count != 0 ? array.size / *count : 0;
    else
        rest.size = 0;
    rest.name.clear();
    return make(std::move(rest));
}

std::optional<uint64_t> SourceTypes::size_of(source::TypeId id)
{
    if (id == source::TypeId {})
        return {};
    const source::Type type = resolved(id);
    if (type.kind == Kind::Unknown || type.kind == Kind::Function || type.is_declaration)
        return {};
    if (type.kind != Kind::Array || type.size != 0)
        return type.size;
    uint64_t size = 0;
    if (const auto element = resolved(type.target); element.kind != Kind::Array)
        size = element.size;
    for (const auto& count : type.dimensions)
        if (!count || __builtin_mul_overflow(size, *count, &size))
            return {};
    return size;
}

std::optional<Scalar> SourceTypes::scalar_of(const source::Type& type) const
{
    using enum NumberKind;
    const auto integer = [&](bool is_signed) -> std::optional<Scalar> {
        switch (type.size) {
        case 1: return Scalar { is_signed ? "i8" : "u8", I32 };
        case 2: return Scalar { is_signed ? "i16" : "u16", I32 };
        case 4: return is_signed ? Scalar { "i32", I32 } : Scalar { "u32", U32 };
        case 8: return is_signed ? Scalar { "i64", I64 } : Scalar { "u64", U64 };
        default: return {};
        }
    };
    switch (type.kind) {
    case Kind::Signed: return integer(true);
    case Kind::Character: return integer(type.is_signed && !type.is_utf);
    case Kind::Enum: return integer(type.is_signed);
    case Kind::Bool:
    case Kind::Unsigned:
    case Kind::Pointer:
    case Kind::Reference:
    case Kind::Unspecified:
    case Kind::MemberPointer: return integer(false);
    case Kind::Float:
        return type.size == 4 ? std::optional(Scalar { "f32", F32 })
            : type.size == 8  ? std::optional(Scalar { "f64", F64 })
                              : std::nullopt;
    default: return {};
    }
}

// -- Members

bool SourceTypes::find_member_in(const source::Type& structure, std::string_view name, uint64_t offset,
    uint32_t depth, uint32_t& budget, FoundMember& found)
{
    const auto take = [&](const source::Member& member) {
        found = { member.type, offset + member.offset, member.bit_offset, member.bit_size };
        return true;
    };
    for (const source::Member& member : structure.members)
        if (!name.empty() && member.name == name && !member.is_base_class)
            return take(member);
    for (const source::Variant& variant : structure.variants)
        if (!name.empty() && variant.member.name == name)
            return take(variant.member);
    for (const source::Member& member : structure.members) {
        if ((!member.name.empty() && !member.is_base_class) || depth == 0 || budget == 0)
            continue;
        --budget;
        const source::Type inner = resolved(member.type);
        if (find_member_in(inner, name, offset + member.offset, depth - 1, budget, found))
            return true;
    }
    return false;
}

std::optional<FoundMember> SourceTypes::find_member(const source::Type& structure, std::string_view name)
{
    uint32_t budget = max_members_searched;
    FoundMember found;
    if (find_member_in(structure, name, 0, max_chain, budget, found))
        return found;
    // Tuples of Rust.
    const bool is_number =
        !name.empty() && std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; });
    if (is_number && find_member_in(structure, "__" + std::string(name), 0, max_chain, budget, found))
        return found;
    // A base class has the name of its type.
    for (const source::Member& member : structure.members)
        if (member.is_base_class && resolved(member.type).name == name)
            return FoundMember { member.type, member.offset };
    return {};
}

std::string SourceTypes::near_members(const source::Type& structure, std::string_view name)
{
    NearNames near(name);
    for (const source::Member& member : structure.members)
        near.add(member.name);
    for (const source::Variant& variant : structure.variants)
        near.add(variant.member.name);
    return near.to_text();
}

std::optional<int64_t> SourceTypes::find_enumerator(const source::Type& type, std::string_view name) const
{
    if (type.kind != Kind::Enum)
        return {};
    for (const source::Enumerator& each : type.enumerators)
        if (each.name == name)
            return each.value;
    return {};
}

bool SourceTypes::is_character(source::TypeId id)
{
    const source::Type type = resolved(id);
    const bool is_byte = type.kind == Kind::Unsigned && type.language == source::Language::Zig;
    return type.size == 1 && (type.kind == Kind::Character || is_byte);
}

std::string SourceTypes::name_of(source::TypeId id)
{
    std::string suffix;
    for (int i = 0; i < max_chain && id != source::TypeId {}; ++i) {
        const source::Type type = this->type(id);
        if (!type.name.empty())
            return type.name + suffix;
        if (type.kind == Kind::Pointer || type.kind == Kind::Reference)
            suffix.insert(0, type.kind == Kind::Pointer ? " *" : " &");
        else if (type.kind == Kind::Array) {
            std::string counts;
            for (const auto& count : type.dimensions)
                counts += "[" + (count ? std::to_string(*count) : "") + "]";
            suffix.insert(0, counts);
        } else if (type.kind == Kind::Struct || type.kind == Kind::Union)
            return "an anonymous struct" + suffix;
        else if (type.kind == Kind::Function)
            return "a function" + suffix;
        else if (!is_wrapper(type.kind))
            return "a value of an unknown type" + suffix;
        id = type.target;
    }
    return "void" + suffix;
}

// -- Made types

source::TypeId SourceTypes::make(source::Type type)
{
    const std::lock_guard lock(made_mutex_);
    for (const source::Type& each : made_) {
        type.id = each.id;
        if (each == type)
            return each.id;
    }
    if (made_.size() == max_made_types)
        return {};
    type.id = source::TypeId { made_bit | (made_.size() + 1) };
    made_.push_back(std::move(type));
    return made_.back().id;
}

source::TypeId SourceTypes::pointer_to(source::TypeId target)
{
    return make({ .kind = Kind::Pointer,
        .language = type(target).language,
        .size = address_bytes_,
        .target = target });
}

source::TypeId SourceTypes::array_of(source::TypeId element, uint64_t count)
{
    return make({ .kind = Kind::Array,
        .language = type(element).language,
        .size = size_of(element).value_or(0) * count,
        .target = element,
        .dimensions = { count } });
}

source::TypeId SourceTypes::basic(std::string_view name, Kind kind, uint64_t size)
{
    return make({ .kind = kind,
        .name = std::string(name),
        .size = size != 0 ? size : address_bytes_,
        .is_signed = kind == Kind::Signed || name == "char" || name == "signed char" });
}

source::TypeId SourceTypes::of_word(std::string_view word)
{
    const auto* const found = std::ranges::find(basics, word, &Basic::name);
    return found == std::end(basics) ? source::TypeId {} : basic(found->name, found->kind, found->size);
}

std::optional<source::TypeId> SourceTypes::find_named(std::string_view name)
{
    for (const std::string_view word : { "struct", "union", "enum", "class" })
        if (take_word(name, word))
            break;
    if (name.empty())
        return {};
    const std::string c_name = basic_name(name);
    if (const auto found = find_type(c_name.empty() ? name : std::string_view(c_name)))
        return found;
    if (const auto found = c_name.empty() ? std::nullopt : find_type(name))
        return found;
    const std::string_view wanted = c_name.empty() ? name : std::string_view(c_name);
    const auto* const found = std::ranges::find(basics, wanted, &Basic::name);
    if (found == std::end(basics))
        return {};
    return basic(found->name, found->kind, found->size);
}

std::optional<source::TypeId> SourceTypes::find_text(std::string_view text)
{
    // What stands in front of a type in Rust and Zig, and behind it in C, from the outside in.
    std::vector<uint64_t> counts;
    size_t pointers = 0;
    for (int i = 0; i < max_chain; ++i) {
        strip(text);
        if (take_word(text, "const") || take_word(text, "volatile") || take_last_word(text, "const")
            || take_last_word(text, "volatile"))
            continue;
        if (text.starts_with('*') || text.starts_with('&')) {
            text.remove_prefix(1);
            take_word(text, "mut");
            ++pointers;
        } else if (text.ends_with('*') || text.ends_with('&')) {
            text.remove_suffix(1);
            ++pointers;
        } else if (text.ends_with(']') && text.find('[') != std::string_view::npos && pointers == 0) {
            const size_t open = text.rfind('[');
            std::string_view digits = text.substr(open + 1, text.size() - open - 2);
            strip(digits);
            uint64_t count = 0;
            const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), count);
            if (read.ec != std::errc() || read.ptr != digits.data() + digits.size() || count > UINT32_MAX)
                return {};
            counts.push_back(count);
            text = text.substr(0, open);
        } else
            break;
    }
    auto type = text == "void" ? std::optional(source::TypeId {}) : find_named(text);
    if (!type || (*type == source::TypeId {} && pointers == 0))
        return {};
    for (; pointers > 0; --pointers)
        type = pointer_to(*type);
    for (const uint64_t count : counts)
        type = array_of(*type, count);
    return *type == source::TypeId {} ? std::nullopt : type;
}

// -- Answers

source::Summary SourceTypes::summary() { return symbols_ ? symbols_->summary() : source::Summary {}; }
std::optional<std::string> SourceTypes::text_of(source::FileId file)
{
    return symbols_ ? symbols_->text_of(file) : std::nullopt;
}
std::optional<source::Row> SourceTypes::row_at(CodeOffset offset)
{
    return symbols_ ? symbols_->row_at(offset) : std::nullopt;
}
std::vector<source::Row> SourceTypes::rows_of(source::FileId file, uint32_t first, uint32_t last)
{
    return symbols_ ? symbols_->rows_of(file, first, last) : std::vector<source::Row>();
}
std::vector<source::Row> SourceTypes::rows_in(source::Range range)
{
    return symbols_ ? symbols_->rows_in(range) : std::vector<source::Row>();
}
std::optional<source::Function> SourceTypes::function_at(CodeOffset offset)
{
    return symbols_ ? symbols_->function_at(offset) : std::nullopt;
}
std::optional<source::Function> SourceTypes::function(source::FunctionId id)
{
    return symbols_ ? symbols_->function(id) : std::nullopt;
}
std::vector<source::Function> SourceTypes::functions_named(const source::Pattern& pattern)
{
    return symbols_ ? symbols_->functions_named(pattern) : std::vector<source::Function>();
}
std::vector<source::Scope> SourceTypes::scopes_at(CodeOffset offset)
{
    return symbols_ ? symbols_->scopes_at(offset) : std::vector<source::Scope>();
}
std::vector<source::Variable> SourceTypes::variables(std::span<const source::VariableId> ids)
{
    return symbols_ ? symbols_->variables(ids) : std::vector<source::Variable>();
}
std::vector<source::Variable> SourceTypes::globals(const source::Pattern& pattern)
{
    return symbols_ ? symbols_->globals(pattern) : std::vector<source::Variable>();
}
source::Type SourceTypes::type(source::TypeId id)
{
    const uint64_t index = (static_cast<uint64_t>(id) & ~made_bit) - 1;
    if (static_cast<uint64_t>(id) & made_bit) {
        const std::lock_guard lock(made_mutex_);
        return index < made_.size() ? made_[index] : source::Type {};
    }
    return symbols_ ? symbols_->type(id) : source::Type {};
}
std::optional<source::TypeId> SourceTypes::find_type(std::string_view name)
{
    return symbols_ ? symbols_->find_type(name) : std::nullopt;
}
std::vector<source::TypeId> SourceTypes::types_named(const source::Pattern& pattern)
{
    return symbols_ ? symbols_->types_named(pattern) : std::vector<source::TypeId>();
}
std::optional<source::Variable> SourceTypes::variable_at(uint64_t address)
{
    return symbols_ ? symbols_->variable_at(address) : std::nullopt;
}

} // namespace vitrine::core::eval
