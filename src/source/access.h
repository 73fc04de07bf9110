// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "source/types.h"
#include "source/value.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace vitrine::core::source {

/// Reads the parts of a value: members, elements, what a pointer refers to. What cannot be read, or
/// is not what the caller expects, is `nullopt`. The work done for one question is bounded: after
/// that everything is unreadable.
class Access {
public:
    enum class State : uint8_t { Readable, OptimizedOut, OutOfBounds };

    explicit Access(Reader& reader) : reader_(&reader), types_(reader.symbols()) {}

    Reader& reader() const { return *reader_; }
    Types& types() { return types_; }
    /// The type of a value, without typedefs and qualifiers.
    const Type& type_of(const Value& value) { return types_.stripped(value.type); }
    std::optional<uint64_t> size_of(const Value& value);
    std::optional<uint64_t> size_of(TypeId type);

    /// Copies bytes of a value. A bit field is read with the bytes around it.
    State read(const Value& value, uint64_t offset, std::span<uint8_t> to);
    State read_memory(uint64_t address, std::span<uint8_t> to);
    /// Whether a range of memory can be read, judged by its first and last byte.
    bool is_readable(uint64_t address, uint64_t size);

    /// The bytes of a value that is not larger than 16 bytes; bit fields moved to bit 0.
    std::optional<std::vector<uint8_t>> small_bytes(const Value& value, State* state = nullptr);
    /// An integer, enumeration, character, boolean or pointer of at most 8 bytes, zero-extended;
    /// also the only member of a struct, such as `NonNull` of Rust.
    std::optional<uint64_t> word(const Value& value);
    std::optional<uint64_t> word(const Value& value, std::string_view path);

    /// A member, a base class or a piece of a struct.
    Value part(const Value& value, const Member& member) const;
    /// A part of the same object.
    Value part(const Value& value, uint64_t offset, TypeId type) const;
    /// A member by its name, or several names joined by dots.
    std::optional<Value> member(const Value& value, std::string_view path);
    /// The first pointer in a value: itself, or a member of its members.
    std::optional<Value> pointer_in(const Value& value);
    /// What a pointer or reference refers to; none for null, or if the type is not known.
    std::optional<Value> target(const Value& pointer);
    static Value at(uint64_t address, TypeId type);

    // The same for what may not be there: nothing of nothing.
    std::optional<uint64_t> size_of(const std::optional<TypeId>& type);
    std::optional<uint64_t> size_of(const std::optional<Value>& value);
    std::optional<uint64_t> word(const std::optional<Value>& value);
    std::optional<uint64_t> word(const std::optional<Value>& value, std::string_view path);
    std::optional<Value> member(const std::optional<Value>& value, std::string_view path);
    std::optional<Value> pointer_in(const std::optional<Value>& value);
    std::optional<Value> target(const std::optional<Value>& pointer);
    /// A template argument of the value's type: see `Types::argument`.
    std::optional<TypeId> argument(const std::optional<Value>& value, std::string_view name = {});

    /// Counts a unit of work: something read or looked up. False if there was too much.
    bool spend() { return work_ < max_work && ++work_ < max_work; }
    bool is_exhausted() const { return work_ >= max_work; }

private:
    static constexpr uint32_t max_work = 400'000;

    std::optional<Value> pointer_in(const Value& value, uint32_t depth);

    Reader* reader_;
    Types types_;
    uint32_t work_ = 0;
};

/// The first bytes as a little-endian number; at most 8 count.
uint64_t word_of(std::span<const uint8_t> bytes);

} // namespace vitrine::core::source
