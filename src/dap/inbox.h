// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "dap/message.h"

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <variant>

namespace vitrine::core::dap {

/// What the adapter has to do: requests of its client, and events of the session. Other threads add
/// to it; the adapter's thread takes one after the other.
class Inbox {
public:
    /// A task, which the session has added.
    using Task = std::function<void()>;
    struct Asked {
        Request request;
        /// It is to be answered, but not to be done.
        bool is_cancelled = false;
    };
    using Item = std::variant<Task, Asked>;

    /// With more requests that wait, the reading thread waits.
    static constexpr size_t max_waiting = 1000;

    void add(Task task)
    {
        const std::lock_guard lock(mutex_);
        items_.emplace_back(std::move(task));
        changed_.notify_all();
    }
    void add(Request request)
    {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return is_closed_ || requests_ < max_waiting; });
        ++requests_;
        items_.emplace_back(Asked { std::move(request) });
        changed_.notify_all();
    }
    /// Whether a request with that number waits: it will not be done.
    bool cancel(int64_t seq)
    {
        const std::lock_guard lock(mutex_);
        for (Item& item : items_)
            if (auto* asked = std::get_if<Asked>(&item); asked && asked->request.seq == seq)
                return asked->is_cancelled = true;
        return false;
    }
    /// Nothing more will be added by the client.
    void close()
    {
        const std::lock_guard lock(mutex_);
        is_closed_ = true;
        changed_.notify_all();
    }
    bool is_closed() const
    {
        const std::lock_guard lock(mutex_);
        return is_closed_;
    }
    /// Waits for the next item. None when everything is done and the client is gone.
    std::optional<Item> next()
    {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return is_closed_ || !items_.empty(); });
        if (items_.empty())
            return std::nullopt;
        Item item = std::move(items_.front());
        items_.pop_front();
        if (std::holds_alternative<Asked>(item)) {
            --requests_;
            changed_.notify_all();
        }
        return item;
    }

private:
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Item> items_;
    size_t requests_ = 0;
    bool is_closed_ = false;
};

} // namespace vitrine::core::dap
