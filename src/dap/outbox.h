// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "net/backlog.h"
#include "json/document.h"

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace vitrine::core::dap {

/// The messages for the client, in order. Any thread may send; one thread writes them. A client
/// that does not read delays the guest's output and its own requests, but nothing else.
///
/// Output that waits is joined: a client that reads slowly gets few long messages instead of many
/// short ones, which would delay the answers behind them.
class Outbox {
public:
    /// With more bytes of answers that are not written, no further requests are handled.
    static constexpr size_t max_unwritten = size_t { 1 } << 20;

    /// Numbers the message, and queues it. Returns the number.
    int64_t send(json::Object message);
    /// Sends an event. `body` can be empty.
    void send_event(std::string_view name, json::Object body = {});
    /// Sends output of the guest, from its thread. Waits while much of it is unwritten, until
    /// `is_asked` says that something else is to be done. What cannot be sent then is lost. `rest`
    /// is what else the event says, such as a place.
    void send_output(std::string_view category, std::string_view bytes, const std::function<bool()>& is_asked,
        json::Object rest = {});
    /// Sends the bytes of characters that the guest has not finished.
    void flush_output();
    /// Waits until few enough bytes are queued.
    void wait_for_room();
    /// Nobody will read any more: all threads that wait go on.
    void close();
    /// No more messages come. What is queued is still to be written.
    void finish();

    struct Message {
        /// With its header.
        std::string bytes;
        /// How many bytes of the guest's output it carries; none if it is something else.
        std::optional<size_t> output {};
    };
    /// For the writing thread: waits for the next message. None at the end.
    std::optional<Message> next();
    void on_written(const Message& message);
    /// How many bytes of the guest's output nobody has read or will read.
    size_t unread_output() const { return backlog_.unwritten(); }

private:
    /// Text that is longer is not joined any more.
    static constexpr size_t max_joined = size_t { 1 } << 15;

    /// A message of the guest's output, which can still grow.
    struct Output {
        int64_t seq;
        std::string category;
        std::string text;
        json::Object rest;
        /// How many bytes of the guest's output the text is.
        size_t bytes;
    };

    void queue_output(std::string_view category, std::string_view text, size_t bytes, json::Object rest = {});
    static Message message_of(Output output);

    net::Backlog backlog_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::variant<Message, Output>> messages_;
    /// The beginnings of characters at the end of each category's output.
    std::map<std::string, std::string, std::less<>> unfinished_;
    size_t unwritten_ = 0;
    int64_t next_seq_ = 1;
    bool is_finished_ = false;
    bool is_closed_ = false;
};

} // namespace vitrine::core::dap
