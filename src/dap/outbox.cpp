// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dap/outbox.h"

#include "dap/message.h"

#include <algorithm>
#include <utility>

namespace vitrine::core::dap {

namespace {

/// How many bytes at the end begin a character of UTF-8 that needs more.
size_t unfinished_bytes(std::string_view text)
{
    for (size_t count = 1; count <= std::min<size_t>(3, text.size()); ++count) {
        const auto byte = static_cast<uint8_t>(text[text.size() - count]);
        if ((byte & 0xc0) == 0x80)
            continue;
        const size_t length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
        return length > count ? count : 0;
    }
    return 0;
}

} // namespace

int64_t Outbox::send(json::Object message)
{
    const std::lock_guard lock(mutex_);
    const int64_t seq = next_seq_;
    if (is_closed_ || is_finished_)
        return seq;
    message["seq"] = next_seq_++;
    Message written { framed(json::to_line(message)) };
    unwritten_ += written.bytes.size();
    messages_.emplace_back(std::move(written));
    changed_.notify_all();
    return seq;
}

void Outbox::send_event(std::string_view name, json::Object body)
{
    json::Object event { { "type", "event" }, { "event", name } };
    if (!body.empty())
        event["body"] = std::move(body);
    send(std::move(event));
}

void Outbox::send_output(std::string_view category, std::string_view bytes,
    const std::function<bool()>& is_asked, json::Object rest)
{
    if (bytes.empty() || !backlog_.add(bytes.size(), is_asked))
        return;
    std::string text;
    {
        const std::lock_guard lock(mutex_);
        text = std::exchange(unfinished_[std::string(category)], {}) + std::string(bytes);
        const size_t end = text.size() - unfinished_bytes(text);
        unfinished_[std::string(category)] = text.substr(end);
        text.resize(end);
    }
    queue_output(category, text, bytes.size(), std::move(rest));
}

void Outbox::queue_output(std::string_view category, std::string_view text, size_t bytes, json::Object rest)
{
    if (text.empty())
        return backlog_.remove(bytes);
    const std::lock_guard lock(mutex_);
    if (is_closed_ || is_finished_)
        return backlog_.remove(bytes);
    auto* const last = messages_.empty() ? nullptr : std::get_if<Output>(&messages_.back());
    if (last && last->category == category && last->rest == rest && last->text.size() < max_joined) {
        last->text += text;
        last->bytes += bytes;
        return;
    }
    messages_.emplace_back(
        Output { next_seq_++, std::string(category), std::string(text), std::move(rest), bytes });
    changed_.notify_all();
}

Outbox::Message Outbox::message_of(Output output)
{
    json::Object body = std::move(output.rest);
    body["category"] = output.category;
    body["output"] = json::to_string(output.text);
    return { framed(json::to_line(json::Object { { "seq", output.seq }, { "type", "event" },
                 { "event", "output" }, { "body", std::move(body) } })),
        output.bytes };
}

void Outbox::flush_output()
{
    std::map<std::string, std::string, std::less<>> unfinished;
    {
        const std::lock_guard lock(mutex_);
        unfinished.swap(unfinished_);
    }
    for (const auto& [category, bytes] : unfinished)
        queue_output(category, bytes, 0);
}

void Outbox::wait_for_room()
{
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return is_closed_ || unwritten_ < max_unwritten; });
}

void Outbox::close()
{
    backlog_.close();
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
    changed_.notify_all();
}

void Outbox::finish()
{
    const std::lock_guard lock(mutex_);
    is_finished_ = true;
    changed_.notify_all();
}

std::optional<Outbox::Message> Outbox::next()
{
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return is_closed_ || is_finished_ || !messages_.empty(); });
    if (is_closed_ || messages_.empty())
        return std::nullopt;
    std::variant<Message, Output> first = std::move(messages_.front());
    messages_.pop_front();
    lock.unlock();
    if (auto* const output = std::get_if<Output>(&first))
        return message_of(std::move(*output));
    return std::get<Message>(std::move(first));
}

void Outbox::on_written(const Message& message)
{
    if (message.output)
        return backlog_.remove(*message.output);
    const std::lock_guard lock(mutex_);
    unwritten_ -= message.bytes.size();
    changed_.notify_all();
}

} // namespace vitrine::core::dap
