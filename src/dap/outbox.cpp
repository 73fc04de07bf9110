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

int64_t Outbox::queue(json::Object message, size_t output)
{
    const std::lock_guard lock(mutex_);
    const int64_t seq = next_seq_;
    if (is_closed_ || is_finished_)
        return backlog_.remove(output), seq;
    message["seq"] = next_seq_++;
    messages_.push_back({ framed(json::to_line(message)), output });
    if (output == 0)
        unwritten_ += messages_.back().bytes.size();
    changed_.notify_all();
    return seq;
}

int64_t Outbox::send(json::Object message) { return queue(std::move(message), 0); }

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

void Outbox::queue_output(std::string_view category, std::string_view text, size_t output, json::Object body)
{
    if (text.empty())
        return backlog_.remove(output);
    body["category"] = category;
    body["output"] = json::to_string(text);
    queue({ { "type", "event" }, { "event", "output" }, { "body", std::move(body) } }, output);
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
    Message message = std::move(messages_.front());
    messages_.pop_front();
    return message;
}

void Outbox::on_written(const Message& message)
{
    backlog_.remove(message.output);
    const std::lock_guard lock(mutex_);
    if (message.output == 0)
        unwritten_ -= message.bytes.size();
    changed_.notify_all();
}

} // namespace vitrine::core::dap
