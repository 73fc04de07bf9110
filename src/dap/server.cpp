// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dap/server.h"

#include "base/guard.h"
#include "dap/serve.h"
#include "net/connect.h"
#include "net/listener.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace vitrine::core::dap {

namespace {

using namespace std::chrono_literals;

constexpr size_t max_connections = 64;
/// A debugger speaks at once, and a client that takes nothing holds up the guest's output.
constexpr Service::Limits limits { .greeting = 10s, .patience = 30s };
/// How long clients may take to disconnect by themselves when the guest has ended, and to close
/// their side when they have been told to.
constexpr std::chrono::milliseconds grace { 500 };

/// Closes a connection so that the client can read all that was sent: if unread bytes were left
/// here, the system would drop what is on its way there.
void close_gently(int socket)
{
    ::shutdown(socket, SHUT_WR);
    const auto deadline = std::chrono::steady_clock::now() + grace;
    std::array<char, 4096> chunk;
    for (;;) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        pollfd polled { socket, POLLIN, 0 };
        if (left.count() <= 0 || ::poll(&polled, 1, static_cast<int>(left.count())) <= 0
            || ::recv(socket, chunk.data(), chunk.size(), MSG_DONTWAIT) <= 0)
            break;
    }
}

} // namespace

/// What the server's threads share.
class Server::Door {
public:
    Door(debug::Session& session, HostedGuest guest) : host_(Host::create(session, std::move(guest))) {}
    ~Door() { close(); }

    Result<void> open(std::string_view address) { return listener_.open(address); }
    void start()
    {
        listener_.accept([this](net::Socket socket) { take(std::move(socket)); });
        thread_ = std::thread([this] { run(); });
    }
    const net::Listener& listener() const { return listener_; }
    Host& host() { return *host_; }
    size_t close();

private:
    struct Connection {
        Connection(std::shared_ptr<Host> host, net::Descriptor with)
            : launcher(std::move(host)), service(launcher), socket(std::move(with))
        {}
        HostLauncher launcher;
        Service service;
        net::Descriptor socket;
        std::thread thread {};
        bool is_over = false;
        /// The client was still there when the server closed.
        bool is_late = false;
    };

    void run();
    void take(net::Socket socket);
    void serve(Connection& connection);
    void reap();
    bool are_all_over() const
    {
        return std::ranges::all_of(connections_, [](const auto& each) { return each->is_over; });
    }

    const std::shared_ptr<Host> host_;
    boost::asio::io_context io_ { 1 };
    net::Listener listener_ { io_ };
    std::thread thread_;
    /// Changed by the listening thread, and by `close` after its end.
    std::list<std::unique_ptr<Connection>> connections_;
    std::mutex mutex_;
    std::condition_variable changed_;
    size_t unread_output_ = 0;
};

/// If there is no memory to serve a client, drops it and accepts the next one.
void Server::Door::run()
{
    const auto serve = [this] {
        io_.run();
        return true;
    };
    while (!guarded(serve, [](const Thrown&) { return false; }))
        std::this_thread::sleep_for(100ms);
}

void Server::Door::take(net::Socket socket)
{
    reap();
    boost::system::error_code failed;
    const int descriptor = socket.release(failed);
    net::Descriptor taken(failed ? -1 : descriptor);
    if (!taken || connections_.size() >= max_connections)
        return;
    auto made = std::make_unique<Connection>(host_, std::move(taken));
    Connection& connection = *made;
    connections_.push_back(std::move(made));
    guarded([&] { connection.thread = std::thread([this, &connection] { serve(connection); }); },
        [&](const Thrown&) { connections_.pop_back(); });
}

void Server::Door::serve(Connection& connection)
{
    const int socket = connection.socket.number();
    guarded([&] { connection.service.run(socket, socket, limits); }, [](const Thrown&) {});
    close_gently(socket);
    // The file is closed with the connection: nobody else may get its number before.
    ::shutdown(socket, SHUT_RDWR);
    const std::lock_guard lock(mutex_);
    connection.is_over = true;
    changed_.notify_all();
}

/// Frees the connections that are over.
void Server::Door::reap()
{
    std::list<std::unique_ptr<Connection>> over;
    {
        const std::lock_guard lock(mutex_);
        for (auto each = connections_.begin(); each != connections_.end();) {
            const auto next = std::next(each);
            if ((*each)->is_over)
                over.splice(over.end(), connections_, each);
            each = next;
        }
    }
    for (const auto& connection : over)
        connection->thread.join();
}

size_t Server::Door::close()
{
    if (!thread_.joinable())
        return unread_output_;
    boost::asio::post(io_, [this] {
        listener_.close();
        io_.stop();
    });
    thread_.join();
    host_->close();
    {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, grace, [&] { return are_all_over(); });
        for (const auto& connection : connections_) {
            // What the others have not read is their own business.
            connection->is_late = !connection->is_over;
            if (connection->is_late)
                connection->service.end();
        }
        changed_.wait(lock, [&] { return are_all_over(); });
    }
    for (const auto& connection : connections_) {
        connection->thread.join();
        if (connection->is_late)
            unread_output_ += connection->service.unread_output();
    }
    connections_.clear();
    return unread_output_;
}

Result<std::unique_ptr<Server>> Server::open(
    debug::Session& session, std::string_view address, HostedGuest guest)
{
    return guarded(
        [&]() -> Result<std::unique_ptr<Server>> {
            auto door = std::make_unique<Door>(session, std::move(guest));
            CHECK(door->open(address));
            door->start();
            return std::unique_ptr<Server>(new Server(std::move(door)));
        },
        [](const Thrown& thrown) -> Result<std::unique_ptr<Server>> {
            return failure("cannot begin to serve: " + thrown.text);
        });
}

Server::Server(std::unique_ptr<Door> door) : door_(std::move(door)) {}

Server::~Server() { close(); }

const std::string& Server::address() const { return door_->listener().address(); }

bool Server::is_local() const { return door_->listener().is_local(); }

void Server::announce(debug::LoadedModule module) { door_->host().announce(std::move(module)); }

void Server::send_output(Launcher::Stream stream, std::string_view bytes)
{
    door_->host().send_output(stream, bytes);
}

void Server::wait_for_client() { door_->host().wait_for_client(); }

void Server::wait_while_stopped() { door_->host().wait_while_stopped(); }

size_t Server::close() { return door_->close(); }

} // namespace vitrine::core::dap
