// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dap/serve.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <thread>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace vitrine::core::dap {

namespace {

/// How long a client may take nothing before it is given up, once it has gone or has disconnected.
constexpr std::chrono::seconds grace { 2 };

/// A descriptor that wakes another thread.
class Signal {
public:
    Signal() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
    ~Signal()
    {
        if (fd_ >= 0)
            close(fd_);
    }
    Signal(const Signal&) = delete;
    Signal& operator=(const Signal&) = delete;

    void set() const { (void)!eventfd_write(fd_, 1); }
    int fd() const { return fd_; }

private:
    const int fd_;
};

using Clock = std::chrono::steady_clock;

int milliseconds_until(Clock::time_point time)
{
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(time - Clock::now());
    return static_cast<int>(std::max<int64_t>(left.count(), 0));
}

/// Waits until the descriptor can be used or the signal is set. Whether it can be used.
bool wait_for(int fd, short events, const Signal& stop, int milliseconds = -1)
{
    for (;;) {
        std::array<pollfd, 2> polled { pollfd { fd, events, 0 }, pollfd { stop.fd(), POLLIN, 0 } };
        const int count = poll(polled.data(), polled.size(), milliseconds);
        if (count < 0 && errno == EINTR)
            continue;
        return count > 0 && polled[1].revents == 0 && polled[0].revents != 0;
    }
}

/// Passes on what the client sends, until it ends or is no message. If `greeting` is not 0, the
/// first message must come within that time.
void read_messages(int input, Adapter& adapter, const Signal& stop, std::chrono::seconds greeting)
{
    MessageReader reader;
    std::array<char, 16384> chunk;
    const auto deadline = Clock::now() + greeting;
    bool is_greeted = greeting == std::chrono::seconds(0);
    while (wait_for(input, POLLIN, stop, is_greeted ? -1 : milliseconds_until(deadline))) {
        const ssize_t count = read(input, chunk.data(), chunk.size());
        if (count < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (count <= 0)
            return;
        reader.add({ chunk.data(), static_cast<size_t>(count) });
        for (;;) {
            const auto content = reader.next();
            if (!content)
                return;
            if (!*content)
                break;
            is_greeted = true;
            adapter.receive(**content);
        }
    }
}

/// Writes a part of the bytes without waiting. Returns how many, or -1.
ssize_t write_some(int output, std::string_view bytes)
{
    const ssize_t sent = send(output, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0 || errno != ENOTSOCK)
        return sent;
    // A pipe that poll calls writable has room for that many.
    return write(output, bytes.data(), std::min<size_t>(bytes.size(), PIPE_BUF));
}

/// Whether all was written. A client that has taken nothing for `patience` is given up, and soon if
/// the service is ending.
bool write_all(int output, std::string_view bytes, const std::atomic<bool>& is_ending, const Signal& stop,
    std::chrono::seconds patience)
{
    auto former = Clock::now();
    while (!bytes.empty()) {
        const auto limit = std::chrono::duration_cast<std::chrono::milliseconds>(grace);
        if (!wait_for(output, POLLOUT, stop, is_ending ? static_cast<int>(limit.count()) : 100)) {
            pollfd stopped { stop.fd(), POLLIN, 0 };
            if (is_ending || poll(&stopped, 1, 0) > 0 || Clock::now() - former > patience)
                return false;
            continue;
        }
        const ssize_t count = write_some(output, bytes);
        if (count < 0 && errno != EINTR && errno != EAGAIN)
            return false;
        if (count > 0)
            former = Clock::now();
        bytes.remove_prefix(static_cast<size_t>(std::max<ssize_t>(count, 0)));
    }
    return true;
}

} // namespace

void Service::run(int input, int output, const Limits& limits)
{
    const Signal stop_reading, stop_writing;
    std::thread reader([&] {
        read_messages(input, adapter_, stop_reading, limits.greeting);
        // A client that has closed its side may still read the answers.
        is_ending_ = true;
        inbox_.close();
    });
    std::thread writer([&] {
        while (const auto message = outbox_.next()) {
            const bool is_written =
                write_all(output, message->bytes, is_ending_, stop_writing, limits.patience);
            outbox_.on_written(*message);
            if (!is_written)
                break;
        }
        // Nobody reads any more, so nobody need wait.
        outbox_.close();
        stop_reading.set();
    });
    adapter_.serve();
    is_ending_ = true;
    outbox_.finish();
    writer.join();
    stop_reading.set();
    inbox_.close();
    reader.join();
}

void Service::end()
{
    is_ending_ = true;
    inbox_.add([this] { adapter_.leave(); });
}

void serve(Launcher& launcher, int input, int output) { Service(launcher).run(input, output); }

} // namespace vitrine::core::dap
