// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/bytes.h"

#include <optional>
#include <string>
#include <string_view>

namespace vitrine::core::gdb {

/// The longest packet that either side sends, `$`, `#` and checksum included: what `PacketSize` promises.
constexpr size_t max_packet_size = 0x20000;
/// What is left of it for the payload.
constexpr size_t max_payload_size = max_packet_size - 4;

/// What comes out of a client's bytes.
struct Item {
    enum class Kind : uint8_t {
        Packet,
        /// The byte 3, outside of a packet: the guest shall stop.
        Interrupt,
        Ack,
        Nack,
        /// A packet whose checksum is wrong; its payload is kept.
        BadChecksum,
        /// A packet longer than `max_packet_size`; its payload is lost.
        TooLong,
        /// A byte outside of a packet that means nothing there.
        Noise,
    } kind;
    /// Of packets, with escapes resolved.
    std::string payload {};
};

/// [doc] Framing
///
/// Cuts a stream of bytes into packets. Keeps at most one packet, whatever the bytes are. [rsp: overview]
///
///     Outside --$--> Payload --#--> Checksum1 --any--> Checksum2 --any--> Outside
///                    Payload --$--> Payload, which starts again
class PacketReader {
public:
    /// The next item, or nothing when `input` ends before one is complete. Takes what it has read off the input.
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

/// What the first bytes of a connection tell of the other side.
enum class Greeting : uint8_t {
    /// So far they can be a debugger's.
    Incomplete,
    /// They are exactly what a debugger sends before it waits for an answer: `QStartNoAckMode` or `qSupported`,
    /// perhaps behind one `+`.
    Debugger,
    /// They are something else. A web page can choose the method, the path and the body of an HTTP request to its own
    /// origin, which after DNS rebinding is this port; so a packet somewhere in them proves nothing.
    Stranger,
};
Greeting greeting_of(std::string_view bytes);

/// `$payload#checksum`; the payload has its escapes already.
std::string encode_packet(std::string_view payload);

/// Bytes as the binary part of a payload: `#`, `$`, `*` and `}` escaped.
std::string escape_binary(Bytes bytes);

} // namespace vitrine::core::gdb
