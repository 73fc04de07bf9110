// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The name of a type as its language writes it.

#include "base/text.h"
#include "source/render.h"
#include "source/types.h"

#include <string>

namespace vitrine::core::source {
namespace {

constexpr uint32_t max_nesting = 24;
constexpr size_t max_length = 2000;

/// Writes a type in the way of C: what is inside of a declarator is written around a name.
class TypeWriter {
public:
    explicit TypeWriter(Symbols& symbols) : types_(symbols) {}

    std::string text(TypeId id, std::string inner = "") { return text(id, std::move(inner), 0); }
    std::string text(const Type& type) { return text(type, "", 0); }

private:
    std::string text(TypeId id, std::string inner, uint32_t depth);
    std::string text(const Type& type, std::string inner, uint32_t depth);
    std::string c_text(const Type& type, std::string inner, uint32_t depth);
    std::string rust_text(const Type& type, uint32_t depth);
    std::string parameters(const Type& type, uint32_t depth, size_t first = 0);

    Types types_;
    /// Types written so far: a type can contain itself several times.
    uint32_t written_ = 0;
};

std::string joined(const std::string& base, const std::string& inner)
{
    return inner.empty() ? base : base + " " + inner;
}

/// `struct account`
std::string named(const Type& type)
{
    const bool has_keyword = type.language == Language::C || type.name.empty();
    std::string keyword;
    switch (type.kind) {
    case Type::Kind::Struct: keyword = "struct"; break;
    case Type::Kind::Union: keyword = "union"; break;
    case Type::Kind::Enum: keyword = "enum"; break;
    default: return type.name.empty() ? "<unknown type>" : type.name;
    }
    if (type.name.empty())
        return keyword + " {...}";
    return has_keyword ? keyword + " " + type.name : type.name;
}

std::string dimension_text(const std::optional<uint64_t>& count)
{
    return count ? std::to_string(*count) : "";
}

// NOLINTNEXTLINE(misc-no-recursion): at most max_nesting deep.
std::string TypeWriter::text(TypeId id, std::string inner, uint32_t depth)
{
    constexpr uint32_t max_written = 500;
    if (depth > max_nesting || ++written_ > max_written || inner.size() > max_length)
        return joined("...", inner);
    if (id == TypeId {})
        return joined("void", inner);
    return text(types_.at(id), std::move(inner), depth);
}

// NOLINTNEXTLINE(misc-no-recursion): see above.
std::string TypeWriter::text(const Type& type, std::string inner, uint32_t depth)
{
    if (type.language == Language::Rust)
        return joined(rust_text(type, depth), inner);
    return c_text(type, std::move(inner), depth);
}

// NOLINTNEXTLINE(misc-no-recursion): see text.
std::string TypeWriter::parameters(const Type& type, uint32_t depth, size_t first)
{
    std::string list;
    for (size_t i = first; i < type.parameters.size(); ++i) {
        if (list.size() > max_length)
            return list + ", ...";
        list += (list.empty() ? "" : ", ") + text(type.parameters[i], "", depth + 1);
    }
    return list;
}

// NOLINTNEXTLINE(misc-no-recursion): see text.
std::string TypeWriter::rust_text(const Type& type, uint32_t depth)
{
    if (!type.name.empty())
        return type.name;
    const std::string target = type.target == TypeId {} ? "()" : text(type.target, "", depth + 1);
    switch (type.kind) {
    case Type::Kind::Pointer:
    case Type::Kind::Reference: return "*const " + target;
    case Type::Kind::Array: {
        std::string result = target;
        for (auto at = type.dimensions.rbegin(); at != type.dimensions.rend() && result.size() < max_length;
            ++at)
            result = "[" + result + (*at ? "; " + dimension_text(*at) : "") + "]";
        return result;
    }
    case Type::Kind::Function: {
        const std::string list = parameters(type, depth);
        return "fn(" + list + ")" + (type.target == TypeId {} ? "" : " -> " + target);
    }
    default: return named(type);
    }
}

// NOLINTNEXTLINE(misc-no-recursion): see text.
std::string TypeWriter::c_text(const Type& type, std::string inner, uint32_t depth)
{
    using Kind = Type::Kind;
    // Zig names all of its types.
    if (type.language == Language::Zig && !type.name.empty())
        return joined(type.name, inner);
    const bool is_array_inside = !inner.empty() && (inner[0] == '*' || inner[0] == '&');
    switch (type.kind) {
    case Kind::Pointer: return text(type.target, "*" + inner, depth + 1);
    case Kind::Reference: return text(type.target, "&" + inner, depth + 1);
    case Kind::MemberPointer: {
        const Type& owner = types_.at(type.containing);
        const std::string pointer = (owner.name.empty() ? "?" : owner.name) + "::*" + inner;
        const Type& target = types_.at(type.target);
        if (target.kind != Kind::Function || target.parameters.empty())
            return text(type.target, pointer, depth + 1);
        // A member function: its first parameter is the object.
        const Type& object = types_.at(types_.stripped(target.parameters[0]).target);
        return text(target.target,
            "(" + pointer + ")(" + parameters(target, depth, 1) + ")"
                + (object.kind == Kind::Const ? " const" : ""),
            depth + 1);
    }
    case Kind::Const:
    case Kind::Volatile:
    case Kind::Other: {
        const std::string word = type.kind == Kind::Const ? "const"
            : type.kind == Kind::Volatile                 ? "volatile"
                                                          : type.name;
        if (word.empty())
            return text(type.target, std::move(inner), depth + 1);
        // A qualifier of a pointer stands behind its star, others in front of the type.
        const Kind target = types_.at(type.target).kind;
        if (target == Kind::Pointer || target == Kind::Reference)
            return text(type.target, joined(word, inner), depth + 1);
        return word + " " + text(type.target, std::move(inner), depth + 1);
    }
    case Kind::Array: {
        std::string dimensions;
        for (const auto& each : type.dimensions)
            if (dimensions.size() < max_length)
                dimensions += "[" + dimension_text(each) + "]";
        return text(type.target, (is_array_inside ? "(" + inner + ")" : inner) + dimensions, depth + 1);
    }
    case Kind::Function: {
        const std::string list = "(" + parameters(type, depth) + ")";
        return text(type.target, (inner.empty() ? "" : "(" + inner + ")") + list, depth + 1);
    }
    default: return joined(named(type), inner);
    }
}

std::string shortened(std::string text)
{
    if (text.size() > max_length) {
        text.resize(max_length);
        text += "...";
    }
    return printable(text);
}

} // namespace

std::string type_text(Symbols& symbols, TypeId type) { return shortened(TypeWriter(symbols).text(type)); }

std::string declaration_text(Symbols& symbols, TypeId type, std::string_view name)
{
    TypeWriter writer(symbols);
    const Language language = symbols.type(type).language;
    if (language == Language::Rust || language == Language::Zig)
        return shortened(std::string(name) + (name.empty() ? "" : ": ") + writer.text(type));
    return shortened(writer.text(type, std::string(name)));
}

std::string function_type_text(Symbols& symbols, const Function& function)
{
    return shortened(TypeWriter(symbols).text(Type { .kind = Type::Kind::Function,
        .language = function.language,
        .target = function.result,
        .parameters = function.parameters }));
}

} // namespace vitrine::core::source
