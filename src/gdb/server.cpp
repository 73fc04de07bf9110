// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "gdb/server.h"

#include "base/guard.h"
#include "base/text.h"
#include "gdb/packet.h"
#include "gdb/peer.h"
#include "net/backlog.h"
#include "net/connection.h"
#include "net/listener.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>

namespace vitrine::core::gdb {

namespace asio = boost::asio;
using ConnectionPtr = std::shared_ptr<net::Connection>;

namespace {

/// How long a server that closes waits for its client to read something, and how many times as
/// long as the client does.
constexpr std::chrono::seconds grace { 2 };
constexpr int max_graces = 5;
/// How long to wait when there is no memory to continue.
constexpr std::chrono::milliseconds pause { 100 };

} // namespace

/// The part of the server that its thread works with. All members run on that thread, except where
/// noted.
class Server::Door final : public std::enable_shared_from_this<Door>, private net::Connection::Owner {
public:
    Door(debug::Session& session, Process process) : session_(session), stub_(session, process) {}

    /// Listens, and takes control of the guest if the process is not its `Owner`. Not on the
    /// thread.
    Result<void> open(std::string_view address);
    const net::Listener& listener() const { return listener_; }
    /// The thread's body.
    void run();
    /// From any thread.
    template<class Task> void post(Task task) { asio::post(io_, std::move(task)); }

    void accept();
    void announce(std::shared_ptr<const Module> module, std::string path)
    {
        stub_.view().modules().announce(std::move(module), std::move(path));
    }
    void close();

    /// From the guest's thread.
    void send_output(Bytes bytes);
    /// From any thread.
    void wait_for_client() { was_let_go_.wait(false); }
    /// Called by the owner of the server: waits for a limited time until `run` has ended, then
    /// stops it.
    void wait_for_end();
    void stop() { io_.stop(); }
    /// Valid after the end.
    size_t unread_output() const { return backlog_.unwritten(); }
    bool is_launched() const { return is_launched_; }

private:
    void on_input(net::Connection& connection) override;
    void on_written(net::Connection& connection) override;
    void on_lost(net::Connection& connection) override;
    void take(net::Socket socket);
    void admit(ConnectionPtr connection);
    void dismiss(const ConnectionPtr& client);
    bool greet();
    void handle_input();
    void handle(const Item& item);
    void answer(std::string_view payload);
    void send_packet(std::string_view payload, std::string_view before = "", size_t output = 0);
    void on_event(const debug::Event& event);
    void on_output(const std::string& bytes);
    void print(std::string_view text, bool is_counted);
    void update();

    debug::Session& session_;
    net::Backlog backlog_;
    asio::io_context io_ { 1 };
    asio::executor_work_guard<asio::io_context::executor_type> guard_ = asio::make_work_guard(io_);
    net::Listener listener_ { io_ };
    Stub stub_;

    ConnectionPtr client_;
    /// The state of the conversation with the client.
    struct Talk {
        PacketReader reader {};
        /// The last packet, to be sent again if the client rejects it. Kept while there are
        /// acknowledgements.
        std::string last {};
        bool has_acks = true;
        /// Whether the client has begun as a debugger does. Until then, nothing is answered or
        /// done.
        bool is_greeted = false;
    };
    Talk talk_;
    /// Connected before the end of `client_` was noticed.
    ConnectionPtr next_;
    bool is_closing_ = false;

    /// Read by all threads.
    std::atomic<bool> was_let_go_ = false;
    std::atomic<bool> is_launched_ = false;
    std::mutex mutex_;
    std::condition_variable end_;
    bool has_ended_ = false;
};

Result<void> Server::Door::open(std::string_view address)
{
    CHECK(listener_.open(address));
    const auto on_event = [door = weak_from_this()](const debug::Event& event) {
        if (const auto there = door.lock())
            there->post([raw = there.get(), event] { raw->on_event(event); });
    };
    const auto on_message = [door = weak_from_this()](uint32_t, const std::string& message) {
        if (const auto there = door.lock())
            there->send_output(bytes_of("log: " + message + "\n"));
    };
    CHECK(stub_.open({ .events = on_event, .messages = on_message, .stops_at_loads = true }));
    update();
    return {};
}

/// If there is no memory to serve a client, drops it and accepts the next one.
void Server::Door::run()
{
    const auto serve = [this] {
        io_.run();
        return true;
    };
    const auto recover = [this] {
        if (const ConnectionPtr client = client_) {
            client->drop();
            on_lost(*client);
        }
        // It is unknown whether the listener still waits for the next connection.
        if (!is_closing_)
            accept();
        return true;
    };
    const auto fail = [](const Thrown&) { return false; };
    while (!guarded(serve, fail))
        while (!guarded(recover, fail) && !io_.stopped())
            std::this_thread::sleep_for(pause);
    const std::lock_guard lock(mutex_);
    has_ended_ = true;
    end_.notify_all();
}

void Server::Door::wait_for_end()
{
    std::unique_lock lock(mutex_);
    std::optional<size_t> former;
    for (int i = 0; i < max_graces; ++i) {
        const size_t sent = backlog_.messages();
        if (sent == former || end_.wait_for(lock, grace, [&] { return has_ended_; }))
            break;
        former = sent;
    }
    if (!has_ended_)
        io_.stop();
}

// Clients.

void Server::Door::accept()
{
    listener_.accept([this](net::Socket socket) { take(std::move(socket)); });
}

void Server::Door::take(net::Socket socket)
{
    auto connection =
        std::make_shared<net::Connection>(std::move(socket), static_cast<Owner&>(*this), backlog_);
    if (!client_)
        return admit(std::move(connection));
    if (!talk_.is_greeted) {
        // A debugger would have sent its first packet by now.
        const ConnectionPtr silent = std::exchange(client_, nullptr);
        silent->finish();
        return admit(std::move(connection));
    }
    // A client that has closed its side is still served to its end. One that waited for that end
    // and has closed its side, too, is not.
    if (!client_->is_closed_by_peer() || (next_ && !next_->is_closed_by_peer()))
        return connection->finish();
    next_ = std::move(connection);
}

void Server::Door::admit(ConnectionPtr connection)
{
    client_ = std::move(connection);
    talk_ = {};
    client_->read();
}

/// Finishes a connection: the client still gets what is queued for it, but the next one can take
/// its place at once. The guest does not wait for a client that disconnects to read the rest,
/// unless the server closes.
void Server::Door::dismiss(const ConnectionPtr& client)
{
    client->finish(is_closing_);
    client_.reset();
    if (next_)
        admit(std::exchange(next_, nullptr));
}

void Server::Door::on_lost(net::Connection& connection)
{
    ASSERT(&connection == client_.get());
    if (talk_.is_greeted)
        stub_.lose();
    client_.reset();
    if (next_)
        admit(std::exchange(next_, nullptr));
    update();
}

/// Accepts a connection as a client if it has sent a debugger's first packet and nothing else. A
/// debugger waits for the reply, while the rest of an HTTP request follows at once.
bool Server::Door::greet()
{
    const Greeting greeting = greeting_of(client_->input());
    if (greeting == Greeting::Incomplete) {
        client_->read();
        return false;
    }
    if (greeting == Greeting::Stranger || client_->has_unread_input()) {
        dismiss(ConnectionPtr(client_));
        return false;
    }
    const bool is_launcher = is_launched_by_peer(client_->descriptor());
    if (!stub_.attach(is_launcher)) {
        dismiss(ConnectionPtr(client_));
        return false;
    }
    talk_.is_greeted = true;
    if (is_launcher)
        is_launched_ = true;
    update();
    return true;
}

// Packets.

void Server::Door::on_input(net::Connection&) { handle_input(); }

void Server::Door::on_written(net::Connection&) { handle_input(); }

/// Handles received packets as long as there is room for the replies.
void Server::Door::handle_input()
{
    if (!talk_.is_greeted && !greet())
        return;
    const ConnectionPtr client = client_;
    std::string_view input = client->input();
    while (!client->is_finished() && client->has_room()) {
        auto item = talk_.reader.next(input);
        if (!item)
            break;
        handle(*item);
    }
    if (client->is_finished())
        return update();
    client->input().erase(0, client->input().size() - input.size());
    update();
    if (client->input().empty())
        client->read();
}

void Server::Door::handle(const Item& item)
{
    switch (item.kind) {
    case Item::Kind::BadChecksum:
        if (talk_.has_acks)
            return client_->send("-");
        [[fallthrough]];
    case Item::Kind::Packet: return answer(item.payload);
    case Item::Kind::TooLong: return send_packet("E01", talk_.has_acks ? "+" : "");
    case Item::Kind::Interrupt:
        if (const auto payload = stub_.interrupt())
            send_packet(*payload);
        return;
    case Item::Kind::Nack:
        if (talk_.has_acks && !talk_.last.empty())
            client_->send(talk_.last);
        return;
    case Item::Kind::Ack: return;
    case Item::Kind::Noise:
        // No debugger sends this. It may be the rest of an HTTP request whose method was a packet.
        client_->drop();
        return on_lost(*client_);
    }
}

void Server::Door::answer(std::string_view payload)
{
    const Stub::Answer answer = stub_.answer(parse_request(payload));
    std::string_view ack = talk_.has_acks ? "+" : "";
    if (!answer.output.empty()) {
        if (!ack.empty())
            client_->send(std::string(ack));
        ack = "";
        print(answer.output, false);
    }
    if (answer.payload)
        send_packet(*answer.payload, ack);
    else if (!ack.empty())
        client_->send(std::string(ack));
    if (answer.after == Stub::Answer::After::StopAcks)
        talk_.has_acks = false;
    if (answer.after == Stub::Answer::After::Close)
        dismiss(ConnectionPtr(client_));
}

/// Sends a packet and what precedes it in one piece.
void Server::Door::send_packet(std::string_view payload, std::string_view before, size_t output)
{
    const std::string packet = encode_packet(payload);
    if (talk_.has_acks)
        talk_.last = packet;
    client_->send(std::string(before) + packet, output);
}

// Events and output.

void Server::Door::on_event(const debug::Event& event)
{
    const auto payload = stub_.on_event(event);
    if (payload && client_)
        send_packet(*payload);
    update();
}

void Server::Door::send_output(Bytes bytes)
{
    if (backlog_.add(bytes.size(), [this] { return session_.is_caller_asked(); }))
        post([this, text = std::string(text_of(bytes))] { on_output(text); });
}

void Server::Door::on_output(const std::string& bytes)
{
    if (!client_ || !stub_.wants_output())
        return backlog_.remove(bytes.size());
    print(bytes, true);
}

/// Sends output to the client's console, in as many packets as it takes.
void Server::Door::print(std::string_view text, bool is_counted)
{
    Bytes rest = bytes_of(text);
    while (!rest.empty()) {
        const Bytes piece = rest.first(std::min(rest.size(), max_payload_size / 2 - 1));
        send_packet("O" + hex_of(piece), "", is_counted ? piece.size() : 0);
        rest = rest.subspan(piece.size());
    }
}

/// Updates what other threads see.
void Server::Door::update()
{
    if (stub_.was_let_go() != was_let_go_.load()) {
        was_let_go_.store(stub_.was_let_go());
        was_let_go_.notify_all();
    }
}

void Server::Door::close()
{
    is_closing_ = true;
    listener_.close();
    backlog_.close();
    const auto payload = stub_.close();
    next_.reset();
    if (const ConnectionPtr client = client_) {
        if (payload)
            send_packet(*payload);
        dismiss(client);
    }
    was_let_go_.store(true);
    was_let_go_.notify_all();
    guard_.reset();
}

Result<std::unique_ptr<Server>> Server::open(
    debug::Session& session, std::string_view address, Process process)
{
    auto door = std::make_shared<Door>(session, process);
    CHECK(door->open(address));
    return guarded(
        [&]() -> Result<std::unique_ptr<Server>> {
            return std::unique_ptr<Server>(new Server(std::move(door)));
        },
        [](const Thrown& thrown) -> Result<std::unique_ptr<Server>> {
            return failure("cannot begin to serve: " + thrown.text);
        });
}

Server::Server(std::shared_ptr<Door> door) : door_(std::move(door))
{
    door_->accept();
    thread_ = std::thread([door = door_.get()] { door->run(); });
}

Server::~Server() { close(); }

const std::string& Server::address() const { return door_->listener().address(); }

bool Server::is_local() const { return door_->listener().is_local(); }

size_t Server::close()
{
    if (thread_.joinable()) {
        // If there is no memory for that, the server ends without a report.
        guarded([&] { door_->post([door = door_.get()] { door->close(); }); },
            [&](const Thrown&) { door_->stop(); });
        door_->wait_for_end();
        thread_.join();
    }
    return door_->unread_output();
}

void Server::announce(std::shared_ptr<const Module> module, std::string path)
{
    door_->post([door = door_.get(), module = std::move(module), path = std::move(path)]() mutable {
        door->announce(std::move(module), std::move(path));
    });
}

bool Server::is_launched_by_client() const { return door_->is_launched(); }

void Server::send_output(Bytes bytes) { door_->send_output(bytes); }

void Server::wait_for_client()
{
    // The server may be destroyed before this thread has noticed that it closes.
    const std::shared_ptr<Door> door = door_;
    door->wait_for_client();
}

} // namespace vitrine::core::gdb
