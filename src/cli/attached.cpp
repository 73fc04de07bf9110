// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/attached.h"

#include "base/text.h"
#include "cli/ctrl_c.h"
#include "cli/find_guest.h"
#include "cli/message.h"
#include "cli/terminal.h"
#include "dap/message.h"
#include "net/address.h"
#include "net/connect.h"
#include "json/node.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include <sys/socket.h>

namespace vitrine::cli {

namespace {

using core::json::Object;
using core::json::Value;

std::string text_in(const Object& object, std::string_view name)
{
    const Value* const value = object.if_contains(name);
    return value && value->is_string() ? core::json::plain_text(*value) : "";
}

Object body_of(const Object& message)
{
    const Value* const body = message.if_contains("body");
    return body && body->is_object() ? body->get_object() : Object();
}

/// The debugger's end of a connection to a door. One thread reads; any thread may send.
class Connection {
public:
    using OnEvent = std::function<void(std::string_view name, const Object& body)>;
    using OnAnswer = std::function<void(const Object& message)>;

    /// `on_event` and the answers' functions are called on the reading thread.
    Connection(core::net::Descriptor socket, OnEvent on_event)
        : socket_(std::move(socket)), on_event_(std::move(on_event)), thread_([this] { read(); })
    {}
    ~Connection()
    {
        ::shutdown(socket_.number(), SHUT_RDWR);
        thread_.join();
    }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// Returns the request's number.
    int64_t send(std::string_view command, const Object& arguments, OnAnswer on_answer = nullptr);
    /// The body of the answer.
    core::Result<Object> ask(std::string_view command, const Object& arguments = {});
    /// The number of the request that `ask` waits for; 0 for none.
    int64_t asking() const { return asking_; }

private:
    void read();
    void take(std::string_view content);
    void end();

    const core::net::Descriptor socket_;
    const OnEvent on_event_;
    /// Taken first. While a request is sent, answers can come.
    std::mutex sending_;
    std::mutex mutex_;
    int64_t sent_ = 0;
    bool is_over_ = false;
    std::map<int64_t, OnAnswer> awaited_;
    std::atomic<int64_t> asking_ = 0;
    std::thread thread_;
};

int64_t Connection::send(std::string_view command, const Object& arguments, OnAnswer on_answer)
{
    const std::lock_guard sending(sending_);
    std::unique_lock lock(mutex_);
    const int64_t seq = ++sent_;
    if (is_over_) {
        lock.unlock();
        if (on_answer)
            on_answer({ { "success", false }, { "message", "the guest's process has ended" } });
        return seq;
    }
    awaited_[seq] = std::move(on_answer);
    lock.unlock();
    const std::string bytes = core::dap::framed(core::json::to_line(Object {
        { "seq", seq }, { "type", "request" }, { "command", command }, { "arguments", arguments } }));
    for (size_t done = 0; done < bytes.size();) {
        const ssize_t count =
            ::send(socket_.number(), bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR)
            continue;
        // The reading thread notices, too.
        if (count <= 0)
            break;
        done += static_cast<size_t>(count);
    }
    return seq;
}

core::Result<Object> Connection::ask(std::string_view command, const Object& arguments)
{
    const auto answer = std::make_shared<std::promise<Object>>();
    auto future = answer->get_future();
    asking_ = send(command, arguments, [answer](const Object& message) { answer->set_value(message); });
    const Object message = future.get();
    asking_ = 0;
    const Value* const success = message.if_contains("success");
    if (!success || !success->is_bool() || !success->get_bool())
        return core::failure(text_in(message, "message"));
    return body_of(message);
}

void Connection::read()
{
    core::dap::receive_messages(socket_.number(), [this](std::string_view content) { take(content); });
    end();
}

void Connection::take(std::string_view content)
{
    const auto parsed = core::json::parse(content);
    const Object* const message = parsed ? parsed->if_object() : nullptr;
    if (!message)
        return;
    if (text_in(*message, "type") == "event")
        return on_event_(text_in(*message, "event"), body_of(*message));
    const Value* const seq = message->if_contains("request_seq");
    OnAnswer on_answer;
    if (seq && seq->is_int64()) {
        const std::lock_guard lock(mutex_);
        const auto found = awaited_.find(seq->get_int64());
        if (found == awaited_.end())
            return;
        on_answer = std::move(found->second);
        awaited_.erase(found);
    }
    if (on_answer)
        on_answer(*message);
}

/// Nothing will be answered any more.
void Connection::end()
{
    std::map<int64_t, OnAnswer> awaited;
    {
        const std::lock_guard lock(mutex_);
        is_over_ = true;
        awaited.swap(awaited_);
    }
    for (const auto& [seq, on_answer] : awaited)
        if (on_answer)
            on_answer({ { "success", false }, { "message", "the guest's process has ended" } });
    on_event_("terminated", {});
}

/// The address that the option means.
core::Result<std::string> address_of(const std::string& which)
{
    const auto list = core::net::list_guests();
    const bool is_known = list && !core::net::guests_named(list->guests, which).empty();
    const bool is_number = !which.empty()
        && std::ranges::all_of(which, [](char letter) { return letter >= '0' && letter <= '9'; });
    const bool is_address =
        is_number || which.contains(':') || which.contains('/') || which.ends_with(".sock");
    if (!is_known && is_address && core::net::parse_address(which))
        return which;
    return find_door(which);
}

class Debugger {
public:
    explicit Debugger(core::net::Descriptor socket)
        : connection_(
              std::move(socket), [this](std::string_view name, const Object& body) { on_event(name, body); })
    {}

    core::Result<void> attach();
    /// Performs the lines that the user types.
    void converse();
    void interrupt();

private:
    void perform(const std::string& line);
    void on_event(std::string_view name, const Object& body);
    void show_stop(const std::string& description);
    void wait_for_stop();
    std::vector<std::string> completions(std::string_view line);

    std::mutex mutex_;
    std::condition_variable changed_;
    bool is_stopped_ = false;
    /// The user is told of the stop, after which the prompt follows.
    bool is_being_shown_ = false;
    bool is_over_ = false;
    /// What the door has said last, besides answers.
    std::string last_message_;
    /// A command has resumed the guest: its answer tells of the next stop.
    bool is_resumed_by_command_ = false;
    std::atomic<bool> has_left_ = false;
    Connection connection_;
};

core::Result<void> Debugger::attach()
{
    TRY(connection_.ask("initialize", { { "adapterID", "vitrine" }, { "clientName", "vitrine debug" } }));
    TRY(connection_.ask("attach"));
    TRY(connection_.ask("configurationDone"));
    return {};
}

void Debugger::on_event(std::string_view name, const Object& body)
{
    if (name == "output") {
        const std::string text = text_in(body, "output");
        const std::string category = text_in(body, "category");
        if (category == "stderr")
            return print_text(text);
        if (category != "stdout") {
            const std::lock_guard lock(mutex_);
            last_message_ = text;
        }
        write(text);
        flush_output();
        return;
    }
    std::string to_show;
    {
        const std::lock_guard lock(mutex_);
        if (name == "stopped") {
            is_stopped_ = true;
            if (!std::exchange(is_resumed_by_command_, false))
                to_show = text_in(body, "description");
            is_being_shown_ = !to_show.empty();
        } else if (name == "continued") {
            is_stopped_ = false;
            is_resumed_by_command_ = connection_.asking() != 0;
        } else if (name == "terminated") {
            is_over_ = true;
        }
        // A stop is there when it has been shown.
        if (to_show.empty())
            changed_.notify_all();
    }
    if (!to_show.empty())
        show_stop(to_show);
}

/// Shows where the guest has stopped, unless a command of the user has done so.
void Debugger::show_stop(const std::string& description)
{
    connection_.send("evaluate", { { "expression", ":frame" }, { "context", "repl" } },
        [this, description](const Object& message) {
            print("stopped: {}\n{}\n", core::printable(description), text_in(body_of(message), "result"));
            flush_output();
            const std::lock_guard lock(mutex_);
            is_being_shown_ = false;
            changed_.notify_all();
        });
}

/// The guest runs until it stops or ends, or until Ctrl-C.
void Debugger::wait_for_stop()
{
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return (is_stopped_ && !is_being_shown_) || is_over_; });
}

void Debugger::interrupt()
{
    if (const int64_t seq = connection_.asking())
        connection_.send("cancel", { { "requestId", seq } });
    else
        connection_.send("pause", { { "threadId", 1 } });
}

void Debugger::perform(const std::string& line)
{
    const std::string word = line.substr(0, line.find(' '));
    if (word == "quit" || word == "q" || word == "exit" || word == "detach") {
        has_left_ = true;
    } else if (word == "kill" || word == "k") {
        (void)connection_.ask("terminate");
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return is_over_; });
    } else if (word == "pause") {
        if (const auto paused = connection_.ask("pause", { { "threadId", 1 } }); paused)
            wait_for_stop();
        else
            print("error: {}\n", paused.error().message);
    } else if (word == "wait") {
        wait_for_stop();
    } else {
        {
            const std::lock_guard lock(mutex_);
            last_message_.clear();
        }
        const auto answer =
            connection_.ask("evaluate", { { "expression", ":" + line }, { "context", "repl" } });
        const std::string text = answer ? text_in(*answer, "result") : "error: " + answer.error().message;
        const std::lock_guard lock(mutex_);
        // How the guest has ended is said in both ways.
        if (!text.empty() && text + "\n" != last_message_)
            print("{}\n", text);
    }
    flush_output();
}

std::vector<std::string> Debugger::completions(std::string_view line)
{
    std::vector<std::string> found;
    const auto answer = connection_.ask(
        "completions", { { "text", core::json::to_string(line) }, { "column", line.size() + 1 } });
    const Value* const targets = answer ? answer->if_contains("targets") : nullptr;
    if (targets && targets->is_array())
        for (const Value& target : targets->get_array())
            if (target.is_object())
                found.push_back(text_in(target.get_object(), "label"));
    return found;
}

void Debugger::converse()
{
    Terminal terminal([this](std::string_view line) { return completions(line); });
    if (terminal.is_interactive())
        print("attached: `pause` stops the guest, `wait` waits for a stop (Ctrl-C stops it then), `detach` "
              "leaves it\n");
    for (;;) {
        {
            const std::lock_guard lock(mutex_);
            if (is_over_ || has_left_)
                break;
        }
        const auto line = terminal.read_line("(vitrine) ");
        if (!line)
            break;
        perform(*line);
    }
    if (!is_over_)
        (void)connection_.ask("disconnect");
}

} // namespace

int debug_attached(const std::string& which)
{
    const auto address = address_of(which);
    if (!address)
        return report(Error("--attach: " + address.error().message));
    auto socket = core::net::connect_to(*address);
    if (!socket)
        return report(Error("--attach: " + socket.error().message));
    std::signal(SIGPIPE, SIG_IGN);
    // Created before the threads that must not receive the signal.
    std::atomic<Debugger*> interruptible = nullptr;
    std::optional<CtrlC> ctrl_c;
    ctrl_c.emplace([&] {
        if (Debugger* const debugger = interruptible)
            debugger->interrupt();
    });
    Debugger debugger(*std::move(socket));
    if (const auto attached = debugger.attach(); !attached) {
        ctrl_c.reset();
        return report(Error("--attach: " + *address + ": " + attached.error().message));
    }
    interruptible = &debugger;
    debugger.converse();
    ctrl_c.reset();
    return 0;
}

} // namespace vitrine::cli
