// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/bytes.h"

#include <optional>
#include <string>
#include <string_view>

namespace vitrine::core::gdb {

/// The longest packet that either side may send, including `$`, `#` and the checksum. Announced as
/// `PacketSize`.
constexpr size_t max_packet_size = 0x20000;
/// The longest payload of such a packet.
constexpr size_t max_payload_size = max_packet_size - 4;

/// An item in the bytes that a client sends.
struct Item {
    enum class Kind : uint8_t {
        Packet,
        /// The byte 3 outside of a packet: the client asks the guest to stop.
        Interrupt,
        Ack,
        Nack,
        /// A packet with a wrong checksum. The payload is kept.
        BadChecksum,
        /// A packet longer than `max_packet_size`. The payload is lost.
        TooLong,
        /// A byte outside of a packet that has no meaning there.
        Noise,
    } kind;
    /// The payload of a packet, unescaped.
    std::string payload {};
};

/// [doc] Framing
///
/// Splits a stream of bytes into packets. Buffers at most one packet, whatever the input is. [rsp:
/// overview]
///
///     Outside --$--> Payload --#--> Checksum1 --any--> Checksum2 --any--> Outside
///                    Payload --$--> Payload, which starts again
class PacketReader {
public:
    /// The next item; none if the input ends before an item is complete. Removes the bytes that
    /// were read from `input`.
    std::optional<Item> next(std::string_view& input);

private:
    enum class State : uint8_t { Outside, Payload, Checksum1, Checksum2 };

    void begin();
    void add(char byte);
    Item end();

    State state_ = State::Outside;
    std::string payload_;
    uint8_t sum_ = 0;
    uint8_t checksum_ = 0;
    bool is_escaped_ = false;
    bool is_valid_ = true;
    bool is_too_long_ = false;
};

/// What the first bytes of a connection reveal about the client.
enum class Greeting : uint8_t {
    /// So far, they could come from a debugger.
    Incomplete,
    /// They are exactly what a debugger sends before it waits for a reply: `QStartNoAckMode` or
    /// `qSupported`, optionally after one `+`.
    Debugger,
    /// They are something else. A web page can choose the method, the path and the body of HTTP
    /// requests to its own origin, which is this port after DNS rebinding. A packet somewhere in
    /// the bytes therefore proves nothing.
    Stranger,
};
Greeting greeting_of(std::string_view bytes);

/// Returns `$payload#checksum`. The payload must already be escaped.
std::string encode_packet(std::string_view payload);

/// Escapes `#`, `$`, `*` and `}` in the binary part of a payload.
std::string escape_binary(Bytes bytes);

} // namespace vitrine::core::gdb
