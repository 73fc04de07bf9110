// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "source/access.h"

#include <algorithm>
#include <array>

namespace vitrine::core::source {
namespace {

constexpr uint32_t max_nesting = 12;
constexpr uint64_t max_small = 16;

} // namespace

uint64_t word_of(std::span<const uint8_t> bytes)
{
    uint64_t result = 0;
    for (size_t i = 0; i < bytes.size() && i < sizeof result; ++i)
        result |= uint64_t(bytes[i]) << (8 * i);
    return result;
}

std::optional<uint64_t> Access::size_of(const Value& value)
{
    if (value.bit_size != 0)
        return (uint64_t(value.bit_offset) + value.bit_size + 7) / 8;
    return types_.size_of(value.type, reader_->address_bytes(), value.indexed);
}

std::optional<uint64_t> Access::size_of(TypeId type)
{
    return types_.size_of(type, reader_->address_bytes());
}

Access::State Access::read_memory(uint64_t address, std::span<uint8_t> to)
{
    if (!spend() || address + to.size() < address || !reader_->read(address, to))
        return State::OutOfBounds;
    return State::Readable;
}

Access::State Access::read(const Value& value, uint64_t offset, std::span<uint8_t> to)
{
    if (value.address)
        return read_memory(*value.address + offset, to);
    if (!spend() || offset > value.bytes.size() || to.size() > value.bytes.size() - offset)
        return State::OptimizedOut;
    for (uint64_t i = offset; i < offset + to.size() && i < value.missing.size(); ++i)
        if (value.missing[i] != 0)
            return State::OptimizedOut;
    std::copy_n(value.bytes.begin() + static_cast<ptrdiff_t>(offset), to.size(), to.begin());
    return State::Readable;
}

bool Access::is_readable(uint64_t address, uint64_t size)
{
    std::array<uint8_t, 1> byte {};
    return size == 0
        || (address + size - 1 >= address && read_memory(address, byte) == State::Readable
            && read_memory(address + size - 1, byte) == State::Readable);
}

std::optional<std::vector<uint8_t>> Access::small_bytes(const Value& value, State* state)
{
    const auto size = size_of(value);
    if (!size || *size == 0 || *size > max_small + 1)
        return {};
    std::vector<uint8_t> bytes(*size);
    const State read_state = read(value, 0, bytes);
    if (state)
        *state = read_state;
    if (read_state != State::Readable)
        return {};
    if (value.bit_size == 0)
        return *size <= max_small ? std::optional(std::move(bytes)) : std::nullopt;
    if (value.bit_size > 8 * max_small)
        return {};
    std::vector<uint8_t> bits((value.bit_size + 7) / 8);
    for (uint32_t i = 0; i < value.bit_size; ++i) {
        const uint64_t from = uint64_t(value.bit_offset) + i;
        if (bytes[from / 8] >> (from % 8) & 1)
            bits[i / 8] |= static_cast<uint8_t>(1U << (i % 8));
    }
    return bits;
}

std::optional<uint64_t> Access::word(const Value& value)
{
    Value at = value;
    for (uint32_t i = 0; i < max_nesting; ++i) {
        const Type& type = type_of(at);
        switch (type.kind) {
        case Type::Kind::Bool:
        case Type::Kind::Signed:
        case Type::Kind::Unsigned:
        case Type::Kind::Character:
        case Type::Kind::Enum:
        case Type::Kind::Pointer:
        case Type::Kind::Reference: {
            const auto bytes = small_bytes(at);
            if (!bytes || bytes->size() > sizeof(uint64_t))
                return {};
            return word_of(*bytes);
        }
        case Type::Kind::Struct:
        case Type::Kind::Union: {
            // Wrappers have one member, besides those that take no space.
            const Member* only = nullptr;
            for (const Member& each : type.members) {
                if (size_of(each.type).value_or(0) == 0)
                    continue;
                if (only)
                    return {};
                only = &each;
            }
            if (!only)
                return {};
            at = part(at, *only);
            continue;
        }
        default: return {};
        }
    }
    return {};
}

std::optional<uint64_t> Access::word(const Value& value, std::string_view path)
{
    const auto found = member(value, path);
    return found ? word(*found) : std::nullopt;
}

Value Access::part(const Value& value, uint64_t offset, TypeId type) const
{
    Value result { .type = type };
    if (value.address) {
        result.address = *value.address + offset;
        return result;
    }
    const auto from = static_cast<ptrdiff_t>(std::min<uint64_t>(offset, value.bytes.size()));
    result.bytes.assign(value.bytes.begin() + from, value.bytes.end());
    if (offset < value.missing.size())
        result.missing.assign(value.missing.begin() + static_cast<ptrdiff_t>(offset), value.missing.end());
    return result;
}

Value Access::part(const Value& value, const Member& member) const
{
    Value result = part(value, member.offset, member.type);
    result.bit_offset = member.bit_offset;
    result.bit_size = member.bit_size;
    return result;
}

std::optional<Value> Access::member(const Value& value, std::string_view path)
{
    std::optional<Value> at = value;
    while (at && !path.empty()) {
        const size_t end = std::min(path.find('.'), path.size());
        const auto found = spend() ? types_.member(at->type, path.substr(0, end)) : std::nullopt;
        path.remove_prefix(std::min(end + 1, path.size()));
        if (!found)
            return {};
        at = part(*at, *found);
    }
    return at;
}

std::optional<Value> Access::pointer_in(const Value& value) { return pointer_in(value, 0); }

// NOLINTNEXTLINE(misc-no-recursion): at most max_nesting deep.
std::optional<Value> Access::pointer_in(const Value& value, uint32_t depth)
{
    const Type& type = type_of(value);
    if (type.kind == Type::Kind::Pointer || type.kind == Type::Kind::Reference)
        return value;
    if (type.kind != Type::Kind::Struct || depth == max_nesting)
        return {};
    for (const Member& each : type.members) {
        if (!spend())
            return {};
        if (const auto found = pointer_in(part(value, each), depth + 1))
            return found;
    }
    return {};
}

std::optional<Value> Access::target(const Value& pointer)
{
    const Type& type = type_of(pointer);
    if (type.kind != Type::Kind::Pointer && type.kind != Type::Kind::Reference)
        return {};
    const auto address = word(pointer);
    if (!address || *address == 0 || type.target == TypeId {})
        return {};
    return at(*address, type.target);
}

Value Access::at(uint64_t address, TypeId type)
{
    Value result { .type = type };
    result.address = address;
    return result;
}

std::optional<uint64_t> Access::size_of(const std::optional<TypeId>& type)
{
    return type ? size_of(*type) : std::nullopt;
}
std::optional<uint64_t> Access::size_of(const std::optional<Value>& value)
{
    return value ? size_of(*value) : std::nullopt;
}
std::optional<uint64_t> Access::word(const std::optional<Value>& value)
{
    return value ? word(*value) : std::nullopt;
}
std::optional<uint64_t> Access::word(const std::optional<Value>& value, std::string_view path)
{
    return value ? word(*value, path) : std::nullopt;
}
std::optional<Value> Access::member(const std::optional<Value>& value, std::string_view path)
{
    return value ? member(*value, path) : std::nullopt;
}
std::optional<Value> Access::pointer_in(const std::optional<Value>& value)
{
    return value ? pointer_in(*value) : std::nullopt;
}
std::optional<Value> Access::target(const std::optional<Value>& pointer)
{
    return pointer ? target(*pointer) : std::nullopt;
}
std::optional<TypeId> Access::argument(const std::optional<Value>& value, std::string_view name)
{
    return value ? types_.argument(value->type, name) : std::nullopt;
}

} // namespace vitrine::core::source
