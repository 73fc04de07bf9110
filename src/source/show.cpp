// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How each kind of type is shown.

#include "base/text.h"
#include "source/renderer.h"

#include <algorithm>
#include <array>

namespace vitrine::core::source {
namespace {

constexpr uint64_t max_count = uint64_t(1) << 40;

bool is_tuple(const Type& type)
{
    return !type.members.empty() && std::ranges::all_of(type.members, [&](const Member& each) {
        const std::string_view name = each.name;
        const std::string_view digits = name.starts_with("__") ? name.substr(2) : name;
        return !digits.empty() && digits.find_first_not_of("0123456789") == std::string_view::npos;
    });
}

/// `Account`, `Some`; nothing for tuples.
std::string rust_name(std::string_view type_name)
{
    if (type_name.empty() || type_name[0] == '(')
        return {};
    const std::string_view name = base_name(type_name);
    return std::string(name.starts_with("{closure") ? "closure" : name);
}

/// Fills the bits of the last byte that a bit field does not have.
void extend_sign(const Value& value, std::vector<uint8_t>& bytes)
{
    const uint32_t used = value.bit_size % 8;
    if (used != 0 && (bytes.back() >> (used - 1) & 1) != 0)
        bytes.back() |= static_cast<uint8_t>(0xff << used);
}

/// The variant with a value of the discriminant, which may be sign-extended or not; else the one
/// for all other values. Null if there is none.
const Variant* variant_for(const Type& type, uint64_t word, uint64_t bytes)
{
    const unsigned unused = 64 - 8 * static_cast<unsigned>(std::clamp<uint64_t>(bytes, 1, 8));
    const auto number = static_cast<int64_t>(word);
    const int64_t extended = static_cast<int64_t>(word << unused) >> unused;
    const auto has = [&](const std::array<int64_t, 2>& range) {
        return (range[0] <= number && number <= range[1]) || (range[0] <= extended && extended <= range[1]);
    };
    auto found = std::ranges::find_if(
        type.variants, [&](const Variant& each) { return std::ranges::any_of(each.values, has); });
    if (found == type.variants.end())
        found = std::ranges::find_if(type.variants, [](const Variant& each) { return each.values.empty(); });
    return found != type.variants.end() ? &*found : nullptr;
}

std::string null_text(Language language)
{
    switch (language) {
    case Language::C: return "NULL";
    case Language::Cpp: return "nullptr";
    case Language::Zig: return "null";
    default: return "0x0";
    }
}

} // namespace

Shown plain(std::string text) { return { .before = std::move(text) }; }

Shown alias(Value value, std::optional<std::string> suffix)
{
    return { .shape = Shown::Shape::Alias, .value = std::move(value), .suffix = std::move(suffix) };
}

std::optional<Shown> alias_behind(Renderer& renderer, const Value& pointer, std::optional<std::string> suffix)
{
    Access& access = renderer.access();
    const auto target = access.target(pointer);
    if (!target)
        return {};
    const uint64_t size = access.size_of(*target).value_or(0);
    if (!access.is_readable(*target->address, size))
        return {};
    const auto derived = dynamic_target(access, *target);
    // Members of a derived class have no name behind a pointer to the base class.
    Shown result = alias(derived.value_or(*target), derived ? std::nullopt : std::move(suffix));
    result.address = hex(*target->address);
    return result;
}

Shown fields(Shown::Shape shape, std::vector<Child> children)
{
    Shown result { .shape = shape, .count = children.size() };
    result.children = [children = std::move(children)](uint64_t from, uint64_t count) {
        const auto begin = std::min<uint64_t>(from, children.size());
        const auto end = begin + std::min<uint64_t>(count, children.size() - begin);
        return std::vector(
            children.begin() + static_cast<ptrdiff_t>(begin), children.begin() + static_cast<ptrdiff_t>(end));
    };
    return result;
}

Child element(uint64_t index, Value value, std::optional<std::string_view> list)
{
    const std::string name = "[" + std::to_string(index) + "]";
    return { name, std::move(value), list ? std::string(*list) + name : "" };
}

Shown Renderer::show(const Value& value)
{
    if (access_.spend() && !style_.is_raw && value.bit_size == 0) {
        const Type& type = access_.type_of(value);
        const Formatter formatter = formatter_of(type);
        if (formatter && !unreadable(value))
            if (auto shown = formatter(*this, value))
                return *std::move(shown);
    }
    return show_raw(value);
}

Formatter Renderer::formatter_of(const Type& type)
{
    const auto [at, is_new] = formatters_.try_emplace(&type);
    if (is_new)
        at->second = formatter_for(type);
    return at->second;
}

Shown Renderer::show_raw(const Value& value)
{
    const Type& type = access_.type_of(value);
    using Kind = Type::Kind;
    switch (type.kind) {
    case Kind::Bool:
    case Kind::Signed:
    case Kind::Unsigned:
    case Kind::Float:
    case Kind::Character: return show_scalar(value, type);
    case Kind::Enum: return show_enumeration(value, type);
    case Kind::Pointer:
    case Kind::Reference: return show_pointer(value, type);
    case Kind::MemberPointer: return show_member_pointer(value, type);
    case Kind::Complex: return show_complex(value, type);
    case Kind::Array: return show_array(value, type);
    case Kind::Struct:
    case Kind::Union: return type.variants.empty() ? show_struct(value, type) : show_variant(value, type);
    case Kind::Function:
        return plain(
            value.address ? "{" + type_text(access_.types().symbols(), value.type) + "}" : "<function>");
    case Kind::Unspecified: return plain(type.language == Language::Cpp ? "nullptr" : "{}");
    case Kind::Unknown:
    case Kind::Typedef:
    case Kind::Const:
    case Kind::Volatile:
    case Kind::Other: break;
    }
    return plain(value.type == TypeId {} ? "<void>" : "<unknown type>");
}

/// Why nothing of a value can be shown.
std::optional<Shown> Renderer::unreadable(const Value& value)
{
    std::array<uint8_t, 1> first {};
    const auto size = access_.size_of(value);
    if (!size || *size == 0)
        return {};
    if (value.address) {
        if (access_.read(value, 0, first) != Access::State::OutOfBounds)
            return {};
        return plain("<out of bounds: " + hex(*value.address) + ">");
    }
    const uint64_t known = std::min<uint64_t>(*size, value.bytes.size());
    for (uint64_t i = 0; i < known; ++i)
        if (i >= value.missing.size() || value.missing[i] == 0)
            return {};
    return plain("<optimized out>");
}

Shown Renderer::show_scalar(const Value& value, const Type& type)
{
    Access::State state = Access::State::Readable;
    auto bytes = access_.small_bytes(value, &state);
    if (state == Access::State::OutOfBounds)
        return plain("<out of bounds: " + hex(value.address.value_or(0)) + ">");
    if (state == Access::State::OptimizedOut)
        return plain("<optimized out>");
    if (!bytes)
        return plain(
            type.size == 0 ? (type.name == "()" ? "()" : "{}") : "<" + count_text(type.size, "byte") + ">");
    const bool is_natural = style_.base == Style::Base::Natural;
    if (type.kind == Type::Kind::Float && (is_natural || style_.base == Style::Base::Float))
        return plain(float_bytes_text(*bytes, type.language));
    if (type.kind == Type::Kind::Bool && is_natural && bytes->size() <= 8 && word_of(*bytes) <= 1)
        return plain(word_of(*bytes) != 0 ? "true" : "false");
    if (const auto unit = text_unit(access_.types(), value.type);
        unit && (is_natural || style_.base == Style::Base::Character))
        return plain(character_text(word_of(*bytes), *unit));
    const bool is_signed =
        type.kind == Type::Kind::Signed || (type.kind == Type::Kind::Character && type.is_signed);
    if (is_signed && (is_natural || style_.base == Style::Base::Decimal))
        extend_sign(value, *bytes);
    return plain(integer_text(*bytes, is_signed, style_.base));
}

Shown Renderer::show_enumeration(const Value& value, const Type& type)
{
    const Type& under = access_.types().stripped(type.target);
    const bool is_signed = under.kind == Type::Kind::Signed || type.is_signed;
    if (style_.base != Style::Base::Natural)
        return show_scalar(value, type);
    auto bytes = access_.small_bytes(value);
    if (!bytes || bytes->size() > sizeof(uint64_t))
        return show_scalar(value, type);
    if (is_signed)
        extend_sign(value, *bytes);
    return plain(enumeration_text(type, *bytes, is_signed));
}

Shown Renderer::show_complex(const Value& value, const Type& type)
{
    std::array<uint8_t, 32> bytes {};
    const uint64_t half = type.size / 2;
    const std::span<uint8_t> whole(bytes.data(), std::min<uint64_t>(type.size, bytes.size()));
    if (type.size > bytes.size() || half == 0 || access_.read(value, 0, whole) != Access::State::Readable)
        return unreadable(value).value_or(plain("<complex>"));
    const std::string imaginary = float_bytes_text(whole.subspan(half, half), type.language);
    const bool is_negative = imaginary.starts_with('-');
    return plain(float_bytes_text(whole.first(half), type.language) + (is_negative ? " - " : " + ")
        + imaginary.substr(is_negative ? 1 : 0) + "i");
}

Shown Renderer::show_pointer(const Value& value, const Type& type)
{
    const auto word = access_.word(value);
    if (!word)
        return unreadable(value).value_or(plain("<unreadable>"));
    const auto target = access_.target(value);
    const bool is_natural = style_.base == Style::Base::Natural && !style_.is_raw;
    if (type.kind == Type::Kind::Reference && is_natural)
        if (auto shown = alias_behind(*this, value, "")) {
            shown->is_reference = true;
            return *std::move(shown);
        }
    if (style_.base != Style::Base::Natural && style_.base != Style::Base::Address)
        return show_scalar(value, type);
    const Type& to = access_.types().stripped(type.target);
    if (to.kind == Type::Kind::Function) {
        const std::string name =
            *word != 0 || type.language == Language::Rust ? access_.reader().function_text(*word) : "";
        return plain(!name.empty() ? name : *word == 0 ? null_text(type.language) : hex(*word));
    }
    if (*word == 0)
        return plain(is_natural ? null_text(type.language) : "0x0");
    Shown result = plain(hex(*word));
    if (const auto unit = text_unit(access_.types(), type.target); unit && is_natural)
        if (const auto text = terminated_text(*this, *word, *unit))
            result.before += " " + *text;
    if (!target || to.kind == Type::Kind::Unknown || to.kind == Type::Kind::Unspecified)
        return result;
    const auto derived = is_natural ? dynamic_target(access_, *target) : std::nullopt;
    if (derived)
        result.before += " (" + access_.type_of(*derived).name + ")";
    const Value shown_target = derived.value_or(*target);
    if (to.kind == Type::Kind::Struct || to.kind == Type::Kind::Union) {
        result.children_of = shown_target;
        if (!derived)
            result.suffix = type.language == Language::C || type.language == Language::Cpp ? "->" : "";
    }
    result.count = 1;
    result.children = [shown_target](
                          uint64_t, uint64_t) { return std::vector { Child { "*", shown_target, "[0]" } }; };
    return result;
}

Shown Renderer::show_member_pointer(const Value& value, const Type& type)
{
    const bool is_method = access_.types().stripped(type.target).kind == Type::Kind::Function;
    const uint64_t word_size = access_.reader().address_bytes() == 8 ? 8 : 4;
    std::array<uint8_t, 16> bytes {};
    const auto words = std::span(bytes).first(is_method ? 2 * word_size : word_size);
    if (access_.read(value, 0, words) != Access::State::Readable)
        return unreadable(value).value_or(plain("<unreadable>"));
    const uint64_t number = word_of(words.first(word_size));
    if (is_method) {
        // An odd adjustment means a virtual function, and the number its offset in the table.
        if ((words[words.size() - word_size] & 1) != 0)
            return plain("<virtual function " + std::to_string(number / word_size) + ">");
        const std::string name = access_.reader().function_text(number);
        return plain(number == 0 ? "nullptr" : name.empty() ? hex(number) : name);
    }
    if (number == (word_size == 4 ? UINT32_MAX : UINT64_MAX))
        return plain("nullptr");
    const Type& owner = access_.types().stripped(type.containing);
    for (const Member& each : owner.members)
        if (each.offset == number && !each.name.empty() && !each.is_artificial)
            return plain("&" + owner.name + "::" + each.name);
    return plain(std::to_string(number));
}

/// The text in an array of characters, without the zeros at its end.
std::optional<std::string> Renderer::array_text(const Value& value, uint64_t size, TextUnit unit)
{
    // A character has at most four bytes.
    const uint64_t wanted = std::min<uint64_t>(size, (uint64_t(style_.max_text) + 1) * 4);
    std::vector<uint8_t> bytes(wanted);
    if (access_.read(value, 0, bytes) != Access::State::Readable)
        return {};
    const auto last =
        std::ranges::find_if(bytes.rbegin(), bytes.rend(), [](uint8_t byte) { return byte != 0; });
    const auto used = static_cast<size_t>(bytes.rend() - last);
    const size_t whole_units = std::min<size_t>((used + unit.size - 1) / unit.size * unit.size, bytes.size());
    return quoted_text(std::span(bytes).first(whole_units), unit, style_.max_text, wanted < size);
}

Shown Renderer::show_array(const Value& value, const Type& type)
{
    Shown result { .shape = Shown::Shape::Elements };
    if (value.indexed >= type.dimensions.size())
        return plain("<unknown length>");
    const auto count = type.dimensions[value.indexed];
    const bool is_last = value.indexed + 1 == type.dimensions.size();
    const auto step = is_last
        ? access_.size_of(type.target)
        : access_.types().size_of(value.type, access_.reader().address_bytes(), value.indexed + 1);
    if (!count || !step)
        return plain("<unknown length>");
    if (*count > max_count || (*step != 0 && *count > max_count / *step))
        return plain("<" + count_text(*count, "element") + ">");
    if (auto why = unreadable(value); why && *count != 0)
        return *std::move(why);
    const bool is_text = style_.base == Style::Base::Natural || style_.base == Style::Base::Character;
    const auto unit = is_last && is_text ? text_unit(access_.types(), type.target) : std::nullopt;
    if (auto text = unit && *count != 0 ? array_text(value, *count * *step, *unit) : std::nullopt) {
        result.shape = Shown::Shape::Text;
        result.before = *std::move(text);
    }
    result.count = *count;
    result.children = [this, value, type = &type, step = *step, is_last](uint64_t from, uint64_t wanted) {
        std::vector<Child> found;
        for (uint64_t i = from; i < from + wanted; ++i) {
            Value part = access_.part(value, i * step, is_last ? type->target : value.type);
            part.indexed = is_last ? 0 : value.indexed + 1;
            found.push_back(element(i, std::move(part), ""));
        }
        return found;
    };
    return result;
}

/// Whether a member says nothing: an empty base class, a pointer to a table of virtual functions.
bool Renderer::is_hidden(const Member& member)
{
    if (style_.is_raw)
        return false;
    if (member.is_artificial || member.name.starts_with("_vptr"))
        return true;
    const Type& type = access_.types().stripped(member.type);
    const bool is_empty = type.members.empty() && type.variants.empty() && type.kind == Type::Kind::Struct;
    if (type.language == Language::Rust)
        return is_empty && base_name(type.name) == "PhantomData";
    if (!member.is_base_class)
        return false;
    const auto is_hidden_base = [&](const Member& each) {
        return each.is_base_class && access_.types().stripped(each.type).members.empty();
    };
    return type.kind == Type::Kind::Struct && std::ranges::all_of(type.members, is_hidden_base);
}

Shown Renderer::show_struct(const Value& value, const Type& type)
{
    if (type.is_declaration)
        return plain("<incomplete type>");
    if (auto why = unreadable(value))
        return *std::move(why);
    const bool has_tuples = type.language == Language::Rust || type.language == Language::Zig;
    const bool as_tuple = has_tuples && is_tuple(type);
    std::vector<Child> children;
    for (const Member& each : type.members) {
        if (!access_.spend())
            break;
        if (is_hidden(each))
            continue;
        Child child { each.name, access_.part(value, each), "." + each.name };
        if (each.name.empty()) {
            const Type& part = access_.types().stripped(each.type);
            child.name = each.is_base_class      ? part.name
                : part.kind == Type::Kind::Union ? "<union>"
                                                 : "<struct>";
            child.suffix.clear();
        } else if (as_tuple && each.name.starts_with("__"))
            child.name = each.name.substr(2);
        children.push_back(std::move(child));
    }
    Shown result = fields(as_tuple ? Shown::Shape::Tuple : Shown::Shape::Fields, std::move(children));
    if (type.language == Language::Rust)
        result.before = rust_name(type.name);
    return result;
}

Shown Renderer::show_variant(const Value& value, const Type& type)
{
    if (auto why = unreadable(value))
        return *std::move(why);
    uint64_t word = 0, bytes = 0;
    if (type.discriminant) {
        const Value discriminant = access_.part(value, *type.discriminant);
        const auto found = access_.word(discriminant);
        if (!found)
            return unreadable(discriminant).value_or(plain("<unknown variant>"));
        word = *found;
        bytes = access_.size_of(discriminant).value_or(8);
    }
    const Variant* active = type.discriminant ? variant_for(type, word, bytes) : &type.variants[0];
    if (!active)
        return plain("<unknown variant " + std::to_string(word) + ">");
    const Value content = access_.part(value, active->member);
    const Type& content_type = access_.type_of(content);
    if (content_type.kind != Type::Kind::Struct || !content_type.variants.empty()) {
        Shown result = alias(content);
        result.before = active->member.name + " ";
        return result;
    }
    Shown result = show_struct(content, content_type);
    result.before = active->member.name;
    return result;
}

} // namespace vitrine::core::source
