// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dap/relay.h"

#include "json/node.h"

#include <sys/socket.h>

namespace vitrine::core::dap {

Relay::Relay(net::Descriptor socket, Outbox& outbox, std::function<void()> on_end)
    : socket_(std::move(socket)), outbox_(outbox)
{
    thread_ = std::thread([this, on_end = std::move(on_end)] { run(on_end); });
}

Relay::~Relay()
{
    ::shutdown(socket_.number(), SHUT_RDWR);
    thread_.join();
}

void Relay::send(const Request& request, bool is_answered)
{
    {
        const std::lock_guard lock(mutex_);
        if (is_answered)
            answered_ = request.seq;
        else
            unanswered_[request.seq] = request;
    }
    json::Object message { { "seq", request.seq }, { "type", "request" },
        { "command", json::to_string(request.command) } };
    if (!request.arguments.is_null())
        message["arguments"] = request.arguments;
    const std::string bytes = framed(json::to_line(message));
    size_t sent = 0;
    while (sent < bytes.size()) {
        const ssize_t count =
            ::send(socket_.number(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR)
            continue;
        // The thread notices, too.
        if (count <= 0)
            return;
        sent += static_cast<size_t>(count);
    }
}

std::vector<Request> Relay::unanswered() const
{
    const std::lock_guard lock(mutex_);
    std::vector<Request> requests;
    for (const auto& [seq, request] : unanswered_)
        requests.push_back(request);
    return requests;
}

void Relay::run(const std::function<void()>& on_end)
{
    receive_messages(socket_.number(), [this](std::string_view content) {
        outbox_.wait_for_room();
        pass_on(content);
    });
    on_end();
}

void Relay::pass_on(std::string_view content)
{
    auto parsed = json::parse(content);
    json::Object* const message = parsed ? parsed->if_object() : nullptr;
    if (!message)
        return;
    has_spoken_ = true;
    const json::Value* const seq = message->if_contains("request_seq");
    if (seq && seq->is_int64()) {
        const std::lock_guard lock(mutex_);
        if (answered_ == seq->get_int64()) {
            answered_.reset();
            return;
        }
        unanswered_.erase(seq->get_int64());
        const json::Value* const command = message->if_contains("command");
        has_disconnected_ |= command && *command == "disconnect";
    }
    const json::Value* const event = message->if_contains("event");
    has_told_end_ |= event && *event == "terminated";
    outbox_.send(std::move(*message));
}

} // namespace vitrine::core::dap
