// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dap/message.h"

#include "base/number.h"
#include "json/node.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>

#include <sys/socket.h>

namespace vitrine::core::dap {

namespace {

constexpr std::string_view line_end = "\r\n";
constexpr std::string_view length_field = "content-length:";
constexpr std::array fields { length_field, std::string_view("content-type:") };

bool is_equal(char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; }

/// Whether the text and the name of a field are equal as far as both go.
bool may_be(std::string_view text, std::string_view field)
{
    const size_t size = std::min(text.size(), field.size());
    return std::ranges::equal(text.substr(0, size), field.substr(0, size), is_equal);
}

/// Whether a line of a header, perhaps an incomplete one, is one of this protocol.
bool is_known(std::string_view line)
{
    return may_be(line, line_end)
        || std::ranges::any_of(fields, [&](std::string_view field) { return may_be(line, field); });
}

std::string_view trimmed(std::string_view text)
{
    while (text.starts_with(' ') || text.starts_with('\t'))
        text.remove_prefix(1);
    while (text.ends_with(' ') || text.ends_with('\t'))
        text.remove_suffix(1);
    return text;
}

} // namespace

/// Takes the header off, if it is complete. Returns the length of the content.
Result<std::optional<size_t>> MessageReader::take_header()
{
    std::optional<size_t> length;
    size_t begin = 0;
    for (;;) {
        const std::string_view rest = std::string_view(bytes_).substr(begin);
        if (!is_known(rest))
            return failure("the client does not speak the Debug Adapter Protocol");
        const size_t end = rest.find(line_end);
        if (begin + std::min(end, rest.size()) > max_header)
            return failure("a header is longer than " + std::to_string(max_header) + " bytes");
        if (end == std::string_view::npos)
            return std::nullopt;
        begin += end + line_end.size();
        const std::string_view line = rest.substr(0, end);
        if (line.empty())
            break;
        if (line.size() < length_field.size() || !may_be(line, length_field))
            continue;
        const auto number = parse_unsigned(trimmed(line.substr(length_field.size())));
        if (!number)
            return failure("the Content-Length of a message is not a number");
        if (*number > max_content)
            return failure("a message is longer than " + std::to_string(max_content) + " bytes");
        length = *number;
    }
    if (!length)
        return failure("a message has no Content-Length");
    bytes_.erase(0, begin);
    return length;
}

Result<std::optional<std::string>> MessageReader::next()
{
    if (is_broken_)
        return failure("the client does not speak the Debug Adapter Protocol");
    if (!length_ && !bytes_.empty()) {
        auto taken = take_header();
        is_broken_ = !taken;
        length_ = TRY(std::move(taken));
    }
    if (!length_ || bytes_.size() < *length_)
        return std::nullopt;
    std::string content = bytes_.substr(0, *length_);
    bytes_.erase(0, *length_);
    length_.reset();
    return content;
}

void receive_messages(int socket, const std::function<void(std::string_view)>& take)
{
    MessageReader reader;
    std::array<char, 16384> chunk;
    for (;;) {
        const ssize_t count = ::recv(socket, chunk.data(), chunk.size(), 0);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return;
        reader.add({ chunk.data(), static_cast<size_t>(count) });
        auto content = reader.next();
        for (; content && *content; content = reader.next())
            take(**content);
        if (!content)
            return;
    }
}

std::string framed(std::string_view content)
{
    return "Content-Length: " + std::to_string(content.size()) + "\r\n\r\n" + std::string(content);
}

Result<ClientMessage> parse_message(std::string_view content)
{
    const json::Value document = TRY(json::parse(content));
    const json::Node root(document);
    const std::string type = TRY(root.text("type"));
    if (type == "response") {
        Answer answer { .request_seq = TRY(TRY(root.field("request_seq")).number()) };
        const auto success = TRY(root.optional_field("success"));
        answer.is_success = success && success->value() == json::Value(true);
        answer.problem = TRY(root.optional_text("message")).value_or("");
        return answer;
    }
    if (type != "request")
        return std::monostate();
    Request request;
    request.seq = TRY(TRY(root.field("seq")).number());
    request.command = TRY(root.text("command"));
    if (const auto arguments = TRY(root.optional_field("arguments")))
        request.arguments = arguments->value();
    return request;
}

} // namespace vitrine::core::dap
