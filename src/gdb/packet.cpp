// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "gdb/packet.h"

#include "base/text.h"

#include <algorithm>
#include <charconv>

namespace vitrine::core::gdb {

namespace {

constexpr char escape = '}';
constexpr uint8_t escape_mask = 0x20;

std::optional<uint8_t> hex_digit(char digit)
{
    uint8_t value = 0;
    const auto [end, error] = std::from_chars(&digit, &digit + 1, value, 16);
    return error == std::errc {} ? std::optional(value) : std::nullopt;
}

} // namespace

void PacketReader::begin()
{
    state_ = State::Payload;
    payload_.clear();
    sum_ = checksum_ = 0;
    is_escaped_ = is_too_long_ = false;
    is_valid_ = true;
}

void PacketReader::add(char byte)
{
    sum_ += static_cast<uint8_t>(byte);
    if (is_too_long_ || (byte == escape && !is_escaped_)) {
        is_escaped_ = true;
        return;
    }
    payload_ += is_escaped_ ? static_cast<char>(byte ^ escape_mask) : byte;
    is_escaped_ = false;
    if (payload_.size() > max_payload_size) {
        is_too_long_ = true;
        payload_ = {};
    }
}

Item PacketReader::end()
{
    state_ = State::Outside;
    if (is_too_long_)
        return { Item::Kind::TooLong };
    const bool is_good = is_valid_ && checksum_ == sum_;
    return { is_good ? Item::Kind::Packet : Item::Kind::BadChecksum, std::move(payload_) };
}

std::optional<Item> PacketReader::next(std::string_view& input)
{
    while (!input.empty()) {
        const char byte = input.front();
        input.remove_prefix(1);
        switch (state_) {
        case State::Outside:
            switch (byte) {
            case '$': begin(); break;
            case '+': return Item { Item::Kind::Ack };
            case '-': return Item { Item::Kind::Nack };
            case '\3': return Item { Item::Kind::Interrupt };
            default: return Item { Item::Kind::Noise };
            }
            break;
        case State::Payload:
            if (byte == '$')
                begin();
            else if (byte == '#')
                state_ = State::Checksum1;
            else
                add(byte);
            break;
        case State::Checksum1:
        case State::Checksum2: {
            const auto digit = hex_digit(byte);
            is_valid_ = is_valid_ && digit;
            checksum_ = static_cast<uint8_t>(checksum_ << 4 | digit.value_or(0));
            if (state_ == State::Checksum2)
                return end();
            state_ = State::Checksum2;
            break;
        }
        }
    }
    return std::nullopt;
}

Greeting greeting_of(std::string_view bytes)
{
    // GDB sends about 300 bytes. A longer packet could fill a TCP segment and hide what follows it.
    constexpr size_t max_size = 1024;
    constexpr std::string_view first_packets[] { "$QStartNoAckMode#", "$qSupported#", "$qSupported:" };
    if (bytes.starts_with('+'))
        bytes.remove_prefix(1);
    const auto can_begin = [&](std::string_view first) {
        const size_t size = std::min(first.size(), bytes.size());
        return first.substr(0, size) == bytes.substr(0, size);
    };
    const auto is_foreign = [](char byte) { return byte <= ' ' || byte > '~'; };
    if (bytes.size() > max_size || std::ranges::none_of(first_packets, can_begin)
        || std::ranges::any_of(bytes, is_foreign) || bytes.find('$', 1) != std::string_view::npos)
        return Greeting::Stranger;
    const auto item = PacketReader().next(bytes);
    if (!item)
        return Greeting::Incomplete;
    return item->kind == Item::Kind::Packet && bytes.empty() ? Greeting::Debugger : Greeting::Stranger;
}

std::string encode_packet(std::string_view payload)
{
    uint8_t sum = 0;
    for (const char byte : payload)
        sum += static_cast<uint8_t>(byte);
    std::string packet;
    packet.reserve(payload.size() + 4);
    packet += '$';
    packet += payload;
    packet += '#';
    return packet += hex_digits(sum, 2);
}

std::string escape_binary(Bytes bytes)
{
    std::string text;
    text.reserve(bytes.size() + bytes.size() / 16);
    for (const uint8_t byte : bytes) {
        if (byte == '#' || byte == '$' || byte == '*' || byte == escape) {
            text += escape;
            text += static_cast<char>(byte ^ escape_mask);
        } else {
            text += static_cast<char>(byte);
        }
    }
    return text;
}

} // namespace vitrine::core::gdb
