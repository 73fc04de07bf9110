// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "source/types.h"

#include <algorithm>

namespace vitrine::core::source {
namespace {

constexpr uint32_t max_chain = 64, max_bases = 32, max_searched = 4096;
constexpr uint64_t max_size = uint64_t(1) << 62;

bool is_transparent(Type::Kind kind)
{
    switch (kind) {
    case Type::Kind::Typedef:
    case Type::Kind::Const:
    case Type::Kind::Volatile:
    case Type::Kind::Other: return true;
    default: return false;
    }
}

bool is_composite(const Type& type)
{
    return type.kind == Type::Kind::Struct || type.kind == Type::Kind::Union;
}

/// Whether a member has the name; tuples of Rust call their members `__0`, its users `0`.
bool is_named(const Member& member, std::string_view name)
{
    return member.name == name
        || (!name.empty() && name[0] >= '0' && name[0] <= '9' && member.name.size() == name.size() + 2
            && member.name.starts_with("__") && member.name.ends_with(name));
}

} // namespace

const Type& Types::at(TypeId id)
{
    std::unique_ptr<const Type>& kept = types_[static_cast<uint64_t>(id)];
    if (!kept)
        kept = std::make_unique<const Type>(id == TypeId {} ? Type {} : symbols_->type(id));
    return *kept;
}

const Type& Types::stripped(TypeId id)
{
    const auto known = stripped_.find(static_cast<uint64_t>(id));
    if (known != stripped_.end())
        return *known->second;
    const Type& result = resolved(id);
    stripped_.emplace(static_cast<uint64_t>(id), &result);
    return result;
}

const Type& Types::resolved(TypeId id)
{
    for (uint32_t i = 0; i < max_chain; ++i) {
        const Type& type = at(id);
        if (is_transparent(type.kind)) {
            id = type.target;
            continue;
        }
        if (!type.is_declaration || type.name.empty())
            return type;
        const auto found = symbols_->find_type(type.name);
        if (!found)
            return type;
        const Type& definition = at(*found);
        return definition.is_declaration || is_transparent(definition.kind) ? type : definition;
    }
    return at(TypeId {});
}

std::optional<Member> Types::member(TypeId type, std::string_view name)
{
    uint32_t left = max_searched;
    return member(type, name, 0, left);
}

// The type's own members come before those of its bases.
// NOLINTNEXTLINE(misc-no-recursion): at most max_bases deep.
std::optional<Member> Types::member(TypeId id, std::string_view name, uint32_t depth, uint32_t& left)
{
    const Type& type = stripped(id);
    if (name.empty() || depth > max_bases || !is_composite(type))
        return {};
    const auto own =
        std::ranges::find_if(type.members, [&](const Member& each) { return is_named(each, name); });
    if (own != type.members.end())
        return *own;
    for (const Member& each : type.members) {
        if (!each.name.empty() && !each.is_base_class)
            continue;
        if (left == 0)
            return {};
        --left;
        if (auto found = member(each.type, name, depth + 1, left)) {
            found->offset += each.offset;
            return found;
        }
    }
    return {};
}

std::optional<TypeId> Types::argument(TypeId type, std::string_view name)
{
    for (const TemplateArgument& each : stripped(type).arguments)
        if (!each.value && (name.empty() || each.name == name))
            return each.type;
    return {};
}

std::optional<int64_t> Types::argument_value(TypeId type, std::string_view name)
{
    for (const TemplateArgument& each : stripped(type).arguments)
        if (each.value && each.name == name)
            return each.value;
    return {};
}

std::optional<uint64_t> Types::size_of(TypeId id, uint8_t address_bytes, uint32_t indexed)
{
    uint64_t count = 1;
    for (uint32_t i = 0; i < max_chain; ++i) {
        const Type& type = stripped(id);
        switch (type.kind) {
        case Type::Kind::Array: {
            for (const auto& dimension : type.dimensions) {
                if (indexed > 0) {
                    --indexed;
                    continue;
                }
                if (!dimension || (*dimension != 0 && count > max_size / *dimension))
                    return {};
                count *= *dimension;
            }
            id = type.target;
            indexed = 0;
            continue;
        }
        case Type::Kind::Unknown:
        case Type::Kind::Function: return {};
        default: break;
        }
        if (type.is_declaration)
            return {};
        const bool is_address = type.kind == Type::Kind::Pointer || type.kind == Type::Kind::Reference;
        const uint64_t size = type.size == 0 && is_address ? address_bytes : type.size;
        if (size != 0 && count > max_size / size)
            return {};
        return count * size;
    }
    return {};
}

std::string_view base_name(std::string_view name)
{
    size_t end = name.size(), depth = 0;
    // The template arguments at the end, if there are any.
    if (name.ends_with('>')) {
        for (size_t i = name.size(); i-- > 0;) {
            const bool is_arrow = name[i] == '>' && i > 0 && name[i - 1] == '-';
            if (name[i] == '>' && !is_arrow)
                ++depth;
            else if (name[i] == '<' && --depth == 0) {
                end = i;
                break;
            }
        }
    }
    const std::string_view whole = name.substr(0, end);
    depth = 0;
    for (size_t i = whole.size(); i-- > 0;) {
        const char c = whole[i];
        if (c == '>' || c == ')' || c == '}' || c == ']')
            ++depth;
        else if ((c == '<' || c == '(' || c == '{' || c == '[') && depth > 0)
            --depth;
        else if (depth == 0 && c == ':')
            return whole.substr(i + 1);
    }
    return whole;
}

} // namespace vitrine::core::source
