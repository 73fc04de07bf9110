// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/result.h"

#include <concepts>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine::core {

/// A non-owning view of bytes.
using Bytes = std::span<const uint8_t>;

inline Bytes bytes_of(std::string_view text)
{
    return { reinterpret_cast<const uint8_t*>(text.data()), text.size() };
}

inline std::string_view text_of(Bytes bytes)
{
    return { reinterpret_cast<const char*>(bytes.data()), bytes.size() };
}

/// Reads a little-endian value of a trivially copyable type from memory of any alignment.
template<class T> T load(const uint8_t* from)
{
    T value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

/// Decodes an LEB128 number that is known to be well-formed, and advances `at` past it.
/// [spec: binary/values, integers]
template<std::integral T> inline T read_valid_leb(const uint8_t*& at)
{
    using Unsigned = std::make_unsigned_t<T>;
    Unsigned value = 0;
    unsigned shift = 0;
    uint8_t byte;
    do {
        byte = *at++;
        value |= static_cast<Unsigned>(byte & 0x7f) << shift;
        shift += 7;
    } while (byte & 0x80);
    if constexpr (std::signed_integral<T>)
        if (shift < sizeof(T) * 8 && (byte & 0x40))
            value |= ~Unsigned { 0 } << shift;
    return static_cast<T>(value);
}

/// Reads numbers, names and byte ranges from untrusted bytes. Errors have the offset of the
/// malformed item.
class ByteReader {
public:
    /// `base` is the offset of the first byte of `bytes`.
    explicit ByteReader(Bytes bytes, uint64_t base = 0)
        : begin_(bytes.data()), at_(bytes.data()), end_(bytes.data() + bytes.size()), base_(base)
    {}

    bool at_end() const { return at_ == end_; }
    size_t remaining() const { return static_cast<size_t>(end_ - at_); }
    /// Offset of the next byte.
    uint64_t offset() const { return base_ + static_cast<uint64_t>(at_ - begin_); }
    const uint8_t* position() const { return at_; }
    void set_position(const uint8_t* at) { at_ = at; }

    /// The next byte, without consuming it. Must not be called at the end.
    uint8_t peek() const { return *at_; }

    Result<uint8_t> byte()
    {
        if (at_ == end_) [[unlikely]]
            return failure("unexpected end of section or function", offset());
        return *at_++;
    }

    Result<Bytes> bytes(size_t count)
    {
        if (count > remaining()) [[unlikely]]
            return failure("unexpected end of section or function", offset());
        const Bytes result { at_, count };
        at_ += count;
        return result;
    }

    /// Returns a reader of the next `count` bytes that reports the same offsets, and skips these
    /// bytes.
    Result<ByteReader> sub_reader(size_t count)
    {
        const uint64_t start = offset();
        return ByteReader(TRY(bytes(count)), start);
    }

    template<class T> Result<T> fixed() { return load<T>(TRY(bytes(sizeof(T))).data()); }

    /// An LEB128 number of at most `Width` bits. Malformed numbers get the error messages of the
    /// spec's test suite.
    template<std::integral T, unsigned Width = sizeof(T) * 8> Result<T> leb()
    {
        if (at_ != end_ && !(*at_ & 0x80)) [[likely]] {
            const uint8_t byte = *at_++;
            if constexpr (std::signed_integral<T>)
                return static_cast<T>(static_cast<int8_t>(byte << 1) >> 1);
            else
                return static_cast<T>(byte);
        }
        return long_leb<T, Width>();
    }

    /// The length of the following data. Fails if it exceeds the remaining bytes.
    Result<uint32_t> length()
    {
        const uint64_t start = offset();
        const uint32_t count = TRY(leb<uint32_t>());
        if (count > remaining()) [[unlikely]]
            return failure("length out of bounds", start);
        return count;
    }

    /// The number of items that follow. Each takes at least one byte, so this fails if the count
    /// exceeds `limit` or the remaining bytes. Error messages call the items `what`.
    Result<uint32_t> count(std::string_view what, uint64_t limit);

    /// A name: its length in bytes, then UTF-8. Returns a view of the input.
    Result<std::string_view> name();

private:
    template<std::integral T, unsigned Width> Result<T> long_leb()
    {
        const uint64_t start = offset();
        uint64_t value = 0;
        for (unsigned shift = 0;; shift += 7) {
            if (shift >= Width)
                return failure("integer representation too long", start);
            if (at_ == end_)
                return failure("unexpected end of section or function", offset());
            const uint8_t byte = *at_++;
            value |= static_cast<uint64_t>(byte & 0x7f) << shift;
            const unsigned left = Width - shift;
            if (left < 7) {
                if (byte & 0x80)
                    return failure("integer representation too long", start);
                const uint8_t unused = static_cast<uint8_t>(0x7f & ~((1u << left) - 1));
                bool fits = (byte & unused) == 0;
                if constexpr (std::signed_integral<T>) {
                    const uint8_t sign_and_unused = static_cast<uint8_t>(0x7f & ~((1u << (left - 1)) - 1));
                    fits = (byte & sign_and_unused) == 0 || (byte & sign_and_unused) == sign_and_unused;
                }
                if (!fits)
                    return failure("integer too large", start);
            }
            if (!(byte & 0x80)) {
                if (std::signed_integral<T> && shift + 7 < 64 && (byte & 0x40))
                    value |= ~uint64_t { 0 } << (shift + 7);
                return static_cast<T>(value);
            }
        }
    }

    const uint8_t* begin_;
    const uint8_t* at_;
    const uint8_t* end_;
    uint64_t base_;
};

/// Encodes binary data: the counterpart of `ByteReader`.
class ByteWriter {
public:
    std::vector<uint8_t>& bytes() { return bytes_; }
    const std::vector<uint8_t>& bytes() const { return bytes_; }

    void byte(uint8_t value) { bytes_.push_back(value); }
    void append(Bytes bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
    void name(std::string_view text)
    {
        leb(static_cast<uint32_t>(text.size()));
        append(bytes_of(text));
    }
    template<class T> void fixed(T value)
    {
        const auto* from = reinterpret_cast<const uint8_t*>(&value);
        bytes_.insert(bytes_.end(), from, from + sizeof value);
    }
    template<std::integral T> void leb(T value)
    {
        for (;;) {
            const uint8_t low = static_cast<uint8_t>(value & 0x7f);
            value >>= 7;
            const bool done = std::signed_integral<T>
                ? (value == 0 && !(low & 0x40)) || (value == T(-1) && (low & 0x40))
                : value == 0;
            bytes_.push_back(done ? low : low | 0x80);
            if (done)
                return;
        }
    }

private:
    std::vector<uint8_t> bytes_;
};

} // namespace vitrine::core
