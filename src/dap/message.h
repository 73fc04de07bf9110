// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/result.h"
#include "json/document.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace vitrine::core::dap {

/// Finds messages in the bytes that a client sends. A message is a header and, behind an empty
/// line, as many bytes of JSON as the header says:
///
///     Content-Length: 26\r\n
///     \r\n
///     {"seq":1,"type":"request"}
///
/// A web page can send bytes to a port, too. So the stream ends at the first byte that no header of
/// this protocol can have, such as the `P` of `POST`.
class MessageReader {
public:
    static constexpr size_t max_header = 1024;
    static constexpr size_t max_content = size_t { 8 } << 20;

    void add(std::string_view bytes) { bytes_ += bytes; }
    /// The content of the next message; none while it is incomplete. After an error there are no
    /// more messages: where the next one begins is not known.
    Result<std::optional<std::string>> next();
    /// Whether no message has begun.
    bool is_empty() const { return bytes_.empty(); }

private:
    Result<std::optional<size_t>> take_header();

    std::string bytes_;
    std::optional<size_t> length_;
    bool is_broken_ = false;
};

/// Calls `take` with the content of each message that a socket receives, until the other side
/// closes it or sends something that is not a message.
void receive_messages(int socket, const std::function<void(std::string_view content)>& take);

/// The message with its header.
std::string framed(std::string_view content);

/// What a client asks for.
struct Request {
    int64_t seq = 0;
    std::string command {};
    /// Null if there are none.
    json::Value arguments {};
};

/// What a client answers to a request of ours.
struct Answer {
    int64_t request_seq = 0;
    bool is_success = false;
    /// Why not, in a word or sentence; can be empty.
    std::string problem {};
};

/// A message of the client; nothing for one that asks for nothing and answers nothing.
using ClientMessage = std::variant<std::monostate, Request, Answer>;
Result<ClientMessage> parse_message(std::string_view content);

} // namespace vitrine::core::dap
