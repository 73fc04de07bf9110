// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dap/adapter.h"

#include "base/guard.h"
#include "base/text.h"

#include <algorithm>
#include <utility>

namespace vitrine::core::dap {

/// The table, with what performs each request.
struct Rows {
    using Perform = Result<json::Object> (Adapter::*)(const Arguments&);
    struct Row : RequestInfo {
        Perform perform;
    };

    static constexpr RequestInfo infos[] {
#define REQUEST(function, name, needs, capability, summary) { name, Needs::needs, capability, summary },
#include "dap/requests.inc"
    };
    static constexpr Perform performs[] {
#define REQUEST(function, ...) &Adapter::function,
#include "dap/requests.inc"
    };
};

std::span<const RequestInfo> request_table() { return Rows::infos; }

std::vector<std::string_view> capability_names()
{
    std::vector<std::string_view> names;
    for (const RequestInfo& row : request_table())
        if (!row.capability.empty())
            names.push_back(row.capability);
#define CAPABILITY(name, summary) names.emplace_back(name);
#include "dap/requests.inc"
    return names;
}

std::vector<std::string_view> event_names()
{
    return {
#define EVENT(name, summary) name,
#include "dap/requests.inc"
    };
}

Adapter::Adapter(Launcher& launcher, Inbox& inbox, Outbox& outbox)
    : launcher_(launcher), inbox_(inbox), outbox_(outbox)
{}

Adapter::~Adapter() { end_run(); }

void Adapter::serve()
{
    while (!is_over_ && handle_next()) {}
    relay_.reset();
    end_run();
}

void Adapter::leave()
{
    if (program_ && !ending_)
        outbox_.send_event("terminated");
    is_over_ = true;
}

/// Handles the next item. False if there is none any more.
bool Adapter::handle_next()
{
    outbox_.wait_for_room();
    const auto item = inbox_.next();
    if (!item)
        return false;
    if (const auto* task = std::get_if<Inbox::Task>(&*item))
        // Without memory for it, the client is not told.
        guarded([&] { (*task)(); }, [](const Thrown&) {});
    else
        handle(std::get<Inbox::Asked>(*item));
    return true;
}

void Adapter::handle(const Inbox::Asked& asked)
{
    const auto perform_it = [&]() -> BodyOr {
        if (asked.is_cancelled)
            return failure("cancelled");
        serving_seq_ = asked.request.seq;
        if (!is_initialized_)
            initialize_ = asked.request;
        progress_.begin(asked.request.seq, printable(asked.request.command));
        return perform(asked.request);
    };
    const auto fail = [](const Thrown& thrown) -> BodyOr { return failure(thrown.text); };
    if (relay_ && !asked.is_cancelled)
        return pass_on(asked.request);
    const BodyOr outcome = guarded(perform_it, fail);
    // `attach` has connected to the process that is to answer it.
    if (relay_ && !asked.is_cancelled) {
        progress_.end();
        return pass_on(asked.request);
    }
    respond(asked.request, outcome);
    if (const auto then = std::exchange(then_, nullptr))
        guarded(then, [](const Thrown&) {});
    progress_.end();
}

Result<json::Object> Adapter::perform(const Request& request)
{
    const auto row = std::ranges::find(Rows::infos, request.command, &RequestInfo::name);
    if (row == std::end(Rows::infos))
        return failure("the request `" + printable(request.command) + "` is not supported");
    if (row->needs != Needs::Nothing && !is_initialized_)
        return failure("`initialize` must come first");
    if (row->needs > Needs::Initialized && !program_)
        return failure("nothing has been launched or attached to yet");
    if (row->needs > Needs::Initialized && !run_ && request.command != "restart")
        return failure("the program could not be started again");
    std::optional<debug::Session::Look> look;
    if (row->needs == Needs::Stopped) {
        look.emplace(run_->session());
        if (!*look)
            return failure(ending_                            ? "the program has ended"
                    : has_started_ || program_->is_attached() ? "the program is running"
                                                              : "the program has not been started yet");
        refresh();
    }
    return (this->*Rows::performs[row - std::begin(Rows::infos)])(Arguments(request.arguments));
}

void Adapter::respond(const Request& request, const BodyOr& outcome)
{
    json::Object response { { "type", "response" }, { "request_seq", request.seq },
        { "command", json::to_string(request.command) }, { "success", outcome.has_value() } };
    if (outcome) {
        if (!outcome->empty())
            response["body"] = *outcome;
    } else {
        const std::string& message = outcome.error().message;
        response["message"] = json::to_string(message);
        json::Object error { { "id", 1 }, { "format", json::to_string(message) }, { "showUser", false } };
        response["body"] = json::Object { { "error", std::move(error) } };
    }
    outbox_.send(std::move(response));
}

// -- On the reading thread

void Adapter::receive(std::string_view content)
{
    auto parsed = parse_message(content);
    if (!parsed) {
        const std::string problem = "a message of the client is malformed: " + parsed.error().message;
        return inbox_.add([this, problem] { print("important", problem + "\n"); });
    }
    if (const auto* answer = std::get_if<Answer>(&*parsed)) {
        const std::lock_guard lock(mutex_);
        if (terminal_asked_ == answer->request_seq)
            terminal_answer_ = *answer;
        return;
    }
    if (std::holds_alternative<std::monostate>(*parsed))
        return;
    Request& request = std::get<Request>(*parsed);
    if (request.command == "cancel") {
        // It must not wait for what it cancels.
        const Arguments arguments(request.arguments);
        if (const auto seq = arguments.optional_number("requestId"); seq && *seq)
            cancel_request(**seq);
        if (const auto id = arguments.optional_text("progressId"); id && *id)
            if (const auto seq = Progress::request_of(**id))
                cancel_request(*seq);
    }
    inbox_.add(std::move(request));
}

void Adapter::cancel_request(int64_t seq)
{
    if (inbox_.cancel(seq))
        return;
    progress_.cancel(seq);
    const std::lock_guard lock(mutex_);
    if (commanding_seq_ == seq) {
        console_->interrupt();
        if (awaits_arrival_)
            stop_guest();
        else
            run_->session().interrupt();
    }
}

} // namespace vitrine::core::dap
