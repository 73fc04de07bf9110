// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "gdb/server.h"

#include "base/guard.h"
#include "base/text.h"
#include "gdb/listener.h"
#include "gdb/packet.h"
#include "gdb/peer.h"

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <poll.h>

namespace vitrine::core::gdb {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

/// Answers that wait to be written: with more, a client's requests are left unread. Output does not
/// count, so that a client which does not read it can stop and end the guest.
constexpr size_t max_unsent = size_t { 1 } << 20;
/// Guest output that waits to be written: with more, the guest waits.
constexpr size_t max_output = size_t { 1 } << 18;
/// With more, because the guest's waits were cut short, further output is lost.
constexpr size_t most_output = 4 * max_output;
/// How often a guest that waits looks whether something is asked of it.
constexpr std::chrono::milliseconds glance { 10 };
/// How long a client may take none of what is written to it.
constexpr std::chrono::seconds patience { 30 };
/// How long a client may take to close its side.
constexpr std::chrono::milliseconds farewell { 250 };
/// A door that closes waits this long for a client to read something, and so many times while it
/// does.
constexpr std::chrono::seconds grace { 2 };
constexpr int max_graces = 5;
/// How long to wait when no connection can be taken.
constexpr std::chrono::milliseconds accept_pause { 100 };

/// Whether the other side has closed, though there may be something left to be read.
bool is_closed_by_peer(Socket& socket)
{
    pollfd poll { socket.native_handle(), POLLRDHUP, 0 };
    return ::poll(&poll, 1, 0) == 1;
}

/// One connection. Lives as long as something is read from or written to it.
struct Connection {
    explicit Connection(Socket socket) : socket(std::move(socket)), timer(this->socket.get_executor()) {}

    struct Message {
        std::string wire;
        /// How many bytes of guest output it carries that the guest may have to wait for.
        size_t output = 0;
        /// What counts towards `max_unsent`.
        size_t answer_bytes = output == 0 ? wire.size() : 0;
    };

    Socket socket;
    /// While something is written or the end is awaited.
    asio::steady_timer timer;
    PacketReader reader;
    std::array<char, 16384> chunk;
    /// Received, not yet looked at.
    std::string input;
    std::deque<Message> unsent;
    /// Without output.
    size_t unsent_bytes = 0;
    /// The last packet, to be sent again when it is refused; kept while there are acknowledgements.
    std::string last;
    bool has_acks = true;
    /// Whether it has begun as a debugger does. Nothing is answered or done before.
    bool is_greeted = false;
    bool is_reading = false;
    /// Nothing more is read; closed when everything is sent.
    bool is_leaving = false;
};

using ConnectionPtr = std::shared_ptr<Connection>;

} // namespace

/// What the server's thread works with. All members but those marked run on that thread.
class Server::Door : public std::enable_shared_from_this<Door> {
public:
    Door(debug::Session& session, Process process) : session_(session), stub_(session, process) {}

    Result<const Listening*> listen(std::string_view address);
    Result<void> open();
    /// The thread's body.
    void run();
    /// From any thread.
    template<class Task> void post(Task task) { asio::post(io_, std::move(task)); }

    void start();
    void announce(std::shared_ptr<const Module> module, std::string path)
    {
        stub_.view().announce(std::move(module), std::move(path));
    }
    void close();

    /// From the guest's thread.
    void send_output(Bytes bytes);
    /// From any thread.
    void wait_for_client() { was_let_go_.wait(false); }
    /// From the server's owner: waits until `run` has ended, for a moment. Then ends it.
    void wait_for_end();
    void stop() { io_.stop(); }
    /// Once it has ended.
    size_t unread_output() const { return output_.load() + lost_output_.load(); }
    bool is_launched() const { return is_launched_; }

private:
    void accept();
    void take(Socket socket);
    void admit(ConnectionPtr connection);
    void make_room();
    void read(const ConnectionPtr& connection);
    bool greet(const ConnectionPtr& connection);
    void work_off(const ConnectionPtr& connection);
    void handle(const ConnectionPtr& connection, const Item& item);
    void answer(const ConnectionPtr& connection, std::string_view payload);
    void send_packet(const ConnectionPtr& connection, std::string_view payload, std::string_view before = "",
        size_t output = 0);
    void send(const ConnectionPtr& connection, Connection::Message message);
    void write(const ConnectionPtr& connection);
    void on_written(const ConnectionPtr& connection, error_code error);
    void leave(const ConnectionPtr& connection);
    void say_farewell(const ConnectionPtr& connection);
    void drop(const ConnectionPtr& connection);
    void discard(Connection& connection);
    void on_event(const debug::Event& event);
    void on_output(const std::string& bytes);
    void print(const ConnectionPtr& connection, std::string_view text, bool is_counted);
    void forget_output(size_t bytes);
    void update();

    debug::Session& session_;
    asio::io_context io_ { 1 };
    asio::executor_work_guard<asio::io_context::executor_type> guard_ = asio::make_work_guard(io_);
    Acceptor acceptor_ { io_ };
    Listening listening_ {};
    asio::steady_timer accept_timer_ { io_ };
    Stub stub_;
    ConnectionPtr client_;
    /// Has come before the client's end was noticed.
    ConnectionPtr next_;
    bool is_closing_ = false;
    /// Seen by all threads.
    std::atomic<size_t> output_ = 0;
    std::atomic<size_t> lost_output_ = 0;
    std::atomic<size_t> sent_messages_ = 0;
    std::atomic<bool> takes_output_ = true;
    std::atomic<bool> was_let_go_ = false;
    std::atomic<bool> is_launched_ = false;
    std::mutex mutex_;
    /// There is room for output, or the end has come.
    std::condition_variable changed_;
    bool has_ended_ = false;
};

Result<const Listening*> Server::Door::listen(std::string_view address)
{
    listening_ = TRY(gdb::listen(acceptor_, address));
    return &listening_;
}

/// A client that there is no memory to serve is dropped, and the next one is waited for.
void Server::Door::run()
{
    const auto serve = [this] {
        io_.run();
        return true;
    };
    const auto recover = [this] {
        if (const ConnectionPtr client = client_)
            drop(client);
        // Whether the wait for the next client is still under way cannot be known.
        error_code ignored;
        acceptor_.cancel(ignored);
        accept_timer_.cancel();
        if (!is_closing_)
            accept();
        return true;
    };
    const auto fail = [](const Thrown&) { return false; };
    while (!guarded(serve, fail))
        while (!guarded(recover, fail) && !io_.stopped())
            std::this_thread::sleep_for(accept_pause);
    const std::lock_guard lock(mutex_);
    has_ended_ = true;
    changed_.notify_all();
}

void Server::Door::wait_for_end()
{
    std::unique_lock lock(mutex_);
    std::optional<size_t> former;
    for (int i = 0; i < max_graces; ++i) {
        const size_t sent = sent_messages_.load();
        if (sent == former || changed_.wait_for(lock, grace, [&] { return has_ended_; }))
            break;
        former = sent;
    }
    if (!has_ended_)
        io_.stop();
}

Result<void> Server::Door::open()
{
    const auto on_event = [door = weak_from_this()](const debug::Event& event) {
        if (const auto there = door.lock())
            there->post([raw = there.get(), event] { raw->on_event(event); });
    };
    const auto on_message = [door = weak_from_this()](const std::string& message) {
        if (const auto there = door.lock())
            there->send_output(bytes_of("log: " + message + "\n"));
    };
    CHECK(stub_.open({ .events = on_event, .messages = on_message, .stops_at_loads = true }));
    update();
    return {};
}

void Server::Door::start() { accept(); }

void Server::Door::accept()
{
    acceptor_.async_accept([this](error_code error, Socket socket) {
        if (is_closing_ || error == asio::error::operation_aborted)
            return;
        if (!error) {
            accept();
            return take(std::move(socket));
        }
        accept_timer_.expires_after(accept_pause);
        accept_timer_.async_wait([this](error_code stopped) {
            if (!stopped)
                accept();
        });
    });
}

void Server::Door::take(Socket socket)
{
    error_code ignored;
    close_on_exec(socket.native_handle());
    socket.set_option(tcp::no_delay(true), ignored);
    socket.set_option(asio::socket_base::keep_alive(true), ignored);
    auto connection = std::make_shared<Connection>(std::move(socket));
    if (!client_)
        return admit(std::move(connection));
    if (!client_->is_greeted) {
        // A debugger would have sent its first packet by now.
        const ConnectionPtr silent = client_;
        leave(silent);
        return admit(std::move(connection));
    }
    // One that has left is still listened to the end; one that waited for that and has left too is not.
    if (!is_closed_by_peer(client_->socket) || (next_ && !is_closed_by_peer(next_->socket)))
        return leave(connection);
    next_ = std::move(connection);
}

void Server::Door::admit(ConnectionPtr connection)
{
    client_ = std::move(connection);
    read(client_);
}

/// The client is one no longer.
void Server::Door::make_room()
{
    client_.reset();
    if (next_)
        admit(std::exchange(next_, nullptr));
}

void Server::Door::read(const ConnectionPtr& connection)
{
    connection->is_reading = true;
    connection->socket.async_read_some(
        asio::buffer(connection->chunk), [this, connection](error_code error, size_t size) {
            connection->is_reading = false;
            if (connection->is_leaving)
                return;
            if (error)
                return drop(connection);
            connection->input.append(connection->chunk.data(), size);
            work_off(connection);
        });
}

/// Takes a connection for a client once it has sent a debugger's first packet and nothing else: whether it has. A debugger
/// waits for the answer, while the rest of an HTTP request follows at once.
bool Server::Door::greet(const ConnectionPtr& connection)
{
    const Greeting greeting = greeting_of(connection->input);
    if (greeting == Greeting::Incomplete) {
        read(connection);
        return false;
    }
    error_code ignored;
    if (greeting == Greeting::Stranger || connection->socket.available(ignored) != 0) {
        leave(connection);
        return false;
    }
    const bool is_launcher = is_launched_by_peer(connection->socket.native_handle());
    if (!stub_.attach(is_launcher)) {
        leave(connection);
        return false;
    }
    connection->is_greeted = true;
    if (is_launcher)
        is_launched_ = true;
    update();
    return true;
}

/// Handles what was received, as far as there is room for the answers.
void Server::Door::work_off(const ConnectionPtr& connection)
{
    if (!connection->is_greeted && !greet(connection))
        return;
    std::string_view input = connection->input;
    while (!connection->is_leaving && connection->unsent_bytes < max_unsent) {
        auto item = connection->reader.next(input);
        if (!item)
            break;
        handle(connection, *item);
    }
    connection->input.erase(0, connection->input.size() - input.size());
    update();
    if (!connection->is_leaving && !connection->is_reading && connection->input.empty())
        read(connection);
}

void Server::Door::handle(const ConnectionPtr& connection, const Item& item)
{
    switch (item.kind) {
    case Item::Kind::BadChecksum:
        if (connection->has_acks)
            return send(connection, { "-" });
        [[fallthrough]];
    case Item::Kind::Packet: return answer(connection, item.payload);
    case Item::Kind::TooLong: return send_packet(connection, "E01", connection->has_acks ? "+" : "");
    case Item::Kind::Interrupt:
        if (const auto payload = stub_.interrupt())
            send_packet(connection, *payload);
        return;
    case Item::Kind::Nack:
        if (connection->has_acks && !connection->last.empty())
            send(connection, { connection->last });
        return;
    case Item::Kind::Ack: return;
    case Item::Kind::Noise:
        // No debugger sends it: this may be the rest of an HTTP request whose method was a packet.
        return drop(connection);
    }
}

void Server::Door::answer(const ConnectionPtr& connection, std::string_view payload)
{
    const Stub::Answer answer = stub_.answer(parse_request(payload));
    std::string_view ack = connection->has_acks ? "+" : "";
    if (!answer.output.empty()) {
        if (!ack.empty())
            send(connection, { std::string(ack) });
        ack = "";
        print(connection, answer.output, false);
    }
    if (answer.payload)
        send_packet(connection, *answer.payload, ack);
    else if (!ack.empty())
        send(connection, { std::string(ack) });
    if (answer.after == Stub::Answer::After::StopAcks)
        connection->has_acks = false;
    if (answer.after == Stub::Answer::After::Close)
        leave(connection);
}

/// A packet and what stands before it, in one piece.
void Server::Door::send_packet(
    const ConnectionPtr& connection, std::string_view payload, std::string_view before, size_t output)
{
    std::string packet = encode_packet(payload);
    if (connection->has_acks)
        connection->last = packet;
    send(connection, { std::string(before) + packet, output });
}

void Server::Door::send(const ConnectionPtr& connection, Connection::Message message)
{
    connection->unsent_bytes += message.answer_bytes;
    connection->unsent.push_back(std::move(message));
    if (connection->unsent.size() == 1)
        write(connection);
}

void Server::Door::write(const ConnectionPtr& connection)
{
    connection->timer.expires_after(patience);
    connection->timer.async_wait([this, connection](error_code stopped) {
        if (!stopped)
            drop(connection);
    });
    asio::async_write(connection->socket, asio::buffer(connection->unsent.front().wire),
        [this, connection](error_code error, size_t) { on_written(connection, error); });
}

void Server::Door::on_written(const ConnectionPtr& connection, error_code error)
{
    if (error)
        return drop(connection);
    // Dropped after it was written.
    if (connection->unsent.empty())
        return;
    connection->timer.cancel();
    ++sent_messages_;
    const Connection::Message& sent = connection->unsent.front();
    connection->unsent_bytes -= sent.answer_bytes;
    forget_output(sent.output);
    connection->unsent.pop_front();
    if (!connection->unsent.empty())
        write(connection);
    else if (connection->is_leaving)
        say_farewell(connection);
    if (!connection->is_leaving)
        work_off(connection);
}

/// Closes the connection when everything is sent; there is room for the next client already now.
void Server::Door::leave(const ConnectionPtr& connection)
{
    connection->is_leaving = true;
    // Nobody waits for what it still has to read, unless we end.
    for (Connection::Message& message : connection->unsent)
        if (!is_closing_)
            forget_output(std::exchange(message.output, 0));
    if (connection->unsent.empty())
        say_farewell(connection);
    if (client_ == connection)
        make_room();
}

/// Waits for the other side's end, as closing with something unread would lose what was sent.
void Server::Door::say_farewell(const ConnectionPtr& connection)
{
    error_code ignored;
    connection->socket.cancel(ignored);
    connection->socket.shutdown(Socket::shutdown_send, ignored);
    connection->timer.expires_after(farewell);
    connection->timer.async_wait([connection](error_code stopped) {
        error_code ignored;
        if (!stopped)
            connection->socket.close(ignored);
    });
    const auto read_on = [connection](auto& self) -> void {
        connection->socket.async_read_some(
            asio::buffer(connection->chunk), [connection, self](error_code error, size_t) {
                if (!error)
                    return self(self);
                connection->timer.cancel();
            });
    };
    read_on(read_on);
}

/// The connection is broken.
void Server::Door::drop(const ConnectionPtr& connection)
{
    error_code ignored;
    connection->socket.close(ignored);
    connection->timer.cancel();
    connection->is_leaving = true;
    discard(*connection);
    if (client_ != connection)
        return;
    if (connection->is_greeted)
        stub_.lose();
    make_room();
    update();
}

void Server::Door::discard(Connection& connection)
{
    for (const Connection::Message& message : connection.unsent)
        forget_output(message.output);
    connection.unsent.clear();
    connection.unsent_bytes = 0;
}

void Server::Door::on_event(const debug::Event& event)
{
    const auto payload = stub_.on_event(event);
    if (payload && client_)
        send_packet(client_, *payload);
    update();
}

void Server::Door::send_output(Bytes bytes)
{
    {
        std::unique_lock lock(mutex_);
        const auto has_room = [&] { return output_.load() <= max_output || !takes_output_.load(); };
        while (!has_room() && !session_.is_caller_asked())
            changed_.wait_for(lock, glance);
    }
    if (!takes_output_.load() || output_.load() > most_output) {
        lost_output_.fetch_add(bytes.size());
        return;
    }
    output_.fetch_add(bytes.size());
    post([this, text = std::string(text_of(bytes))] { on_output(text); });
}

void Server::Door::on_output(const std::string& bytes)
{
    if (!client_ || !stub_.wants_output())
        return forget_output(bytes.size());
    print(client_, bytes, true);
}

/// In as many packets as it takes.
void Server::Door::print(const ConnectionPtr& connection, std::string_view text, bool is_counted)
{
    Bytes rest = bytes_of(text);
    while (!rest.empty()) {
        const Bytes piece = rest.first(std::min(rest.size(), max_payload_size / 2 - 1));
        send_packet(connection, "O" + hex_of(piece), "", is_counted ? piece.size() : 0);
        rest = rest.subspan(piece.size());
    }
}

void Server::Door::forget_output(size_t bytes)
{
    if (bytes == 0)
        return;
    output_.fetch_sub(bytes);
    changed_.notify_all();
}

/// Brings what others see in line with the stub.
void Server::Door::update()
{
    if (stub_.was_let_go() != was_let_go_.load()) {
        was_let_go_.store(stub_.was_let_go());
        was_let_go_.notify_all();
    }
}

void Server::Door::close()
{
    error_code ignored;
    is_closing_ = true;
    acceptor_.close(ignored);
    listening_.file = {};
    accept_timer_.cancel();
    takes_output_.store(false);
    changed_.notify_all();
    const auto payload = stub_.close();
    next_.reset();
    if (const ConnectionPtr client = client_) {
        if (payload)
            send_packet(client, *payload);
        leave(client);
    }
    update();
    was_let_go_.store(true);
    was_let_go_.notify_all();
    guard_.reset();
}

Result<std::unique_ptr<Server>> Server::open(
    debug::Session& session, std::string_view address, Process process)
{
    auto door = std::make_shared<Door>(session, process);
    const Listening* listening = TRY(door->listen(address));
    CHECK(door->open());
    return guarded(
        [&]() -> Result<std::unique_ptr<Server>> {
            return std::unique_ptr<Server>(
                new Server(std::move(door), listening->address, listening->is_local));
        },
        [](const Thrown& thrown) -> Result<std::unique_ptr<Server>> {
            return failure("cannot begin to serve: " + thrown.text);
        });
}

Server::Server(std::shared_ptr<Door> door, std::string address, bool is_local)
    : door_(std::move(door)), address_(std::move(address)), is_local_(is_local)
{
    door_->start();
    thread_ = std::thread([door = door_.get()] { door->run(); });
}

Server::~Server() { close(); }

size_t Server::close()
{
    if (thread_.joinable()) {
        // Without memory it is closed without a word.
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
    // The server may be gone before this thread has seen that it closes.
    const std::shared_ptr<Door> door = door_;
    door->wait_for_client();
}

} // namespace vitrine::core::gdb
