// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dap/progress.h"

#include "base/guard.h"
#include "base/number.h"

#include <utility>

namespace vitrine::core::dap {

namespace {

constexpr std::string_view prefix = "request ";

std::string id_of(int64_t request) { return std::string(prefix) + std::to_string(request); }

} // namespace

Progress::~Progress()
{
    {
        const std::lock_guard lock(mutex_);
        is_over_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable())
        thread_.join();
}

void Progress::open()
{
    // Without a thread, nothing is shown.
    if (!thread_.joinable())
        guarded([&] { thread_ = std::thread([this] { watch(); }); }, [](const Thrown&) {});
}

void Progress::watch()
{
    std::unique_lock lock(mutex_);
    while (!is_over_) {
        if (!task_ || task_->is_shown) {
            is_idle_ = true;
            changed_.wait(lock, [&] { return is_over_ || (task_ && !task_->is_shown); });
            is_idle_ = false;
            continue;
        }
        const auto when = task_->begin + patience;
        if (std::chrono::steady_clock::now() >= when)
            guarded([&] { show(); }, [](const Thrown&) {});
        else
            changed_.wait_until(lock, when, [&] { return is_over_; });
    }
}

void Progress::show()
{
    task_->is_shown = true;
    json::Object body { { "progressId", id_of(task_->request) }, { "title", json::to_string(task_->title) },
        { "requestId", task_->request }, { "cancellable", true } };
    if (!task_->message.empty())
        body["message"] = json::to_string(task_->message);
    outbox_.send_event("progressStart", std::move(body));
}

void Progress::begin(int64_t request, std::string title)
{
    const std::lock_guard lock(mutex_);
    task_ = Task { .request = request, .title = std::move(title) };
    if (is_idle_)
        changed_.notify_all();
}

void Progress::say(std::string message)
{
    const std::lock_guard lock(mutex_);
    if (!task_)
        return;
    task_->message = std::move(message);
    if (task_->is_shown)
        outbox_.send_event("progressUpdate",
            { { "progressId", id_of(task_->request) }, { "message", json::to_string(task_->message) } });
}

void Progress::end()
{
    const std::lock_guard lock(mutex_);
    const auto task = std::exchange(task_, std::nullopt);
    if (task && task->is_shown)
        outbox_.send_event("progressEnd", { { "progressId", id_of(task->request) } });
}

bool Progress::is_cancelled() const
{
    const std::lock_guard lock(mutex_);
    return task_ && task_->is_cancelled;
}

void Progress::cancel(int64_t request)
{
    const std::lock_guard lock(mutex_);
    if (task_ && task_->request == request)
        task_->is_cancelled = true;
}

std::optional<int64_t> Progress::request_of(std::string_view id)
{
    if (!id.starts_with(prefix))
        return std::nullopt;
    const auto number = parse_unsigned(id.substr(prefix.size()));
    return number && *number <= uint64_t(INT64_MAX) ? std::optional(static_cast<int64_t>(*number))
                                                    : std::nullopt;
}

} // namespace vitrine::core::dap
