// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace vitrine::core::net {

/// The output that one thread produces and another one writes to connections. While too much of it
/// is unwritten the producer waits, but only as long as nothing is asked of it. All members may be
/// called from any thread.
class Backlog {
public:
    /// With more unwritten bytes the producer waits.
    static constexpr size_t full = size_t { 1 } << 18;
    /// With more, because waits were cut short, further output is lost.
    static constexpr size_t limit = 4 * full;

    /// The producer's: waits for room until `is_asked` says that there is something else to do.
    /// Whether these bytes are to be written; otherwise they are lost.
    template<class IsAsked> bool add(size_t bytes, const IsAsked& is_asked)
    {
        {
            std::unique_lock lock(mutex_);
            while (unwritten_.load() > full && !is_closed_.load() && !is_asked())
                changed_.wait_for(lock, glance);
        }
        if (is_closed_.load() || unwritten_.load() > limit) {
            lost_.fetch_add(bytes);
            return false;
        }
        unwritten_.fetch_add(bytes);
        return true;
    }
    /// These bytes have been written, or nobody will read them.
    void remove(size_t bytes)
    {
        if (bytes == 0)
            return;
        unwritten_.fetch_sub(bytes);
        changed_.notify_all();
    }
    /// Nobody waits any more, and further output is lost.
    void close()
    {
        is_closed_.store(true);
        changed_.notify_all();
    }
    /// Bytes of output that were lost or are still to be written.
    size_t unwritten() const { return unwritten_.load() + lost_.load(); }

    /// Counts written messages, of output or not: whether peers read.
    void note_message() { messages_.fetch_add(1); }
    size_t messages() const { return messages_.load(); }

private:
    /// How often a producer that waits looks whether something is asked of it.
    static constexpr std::chrono::milliseconds glance { 10 };

    std::mutex mutex_;
    std::condition_variable changed_;
    std::atomic<size_t> unwritten_ = 0;
    std::atomic<size_t> lost_ = 0;
    std::atomic<size_t> messages_ = 0;
    std::atomic<bool> is_closed_ = false;
};

} // namespace vitrine::core::net
