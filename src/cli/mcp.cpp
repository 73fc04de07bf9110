// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// `mcp`: the console for agents, over the Model Context Protocol.
#include "base/text.h"
#include "cli/commands.h"
#include "cli/dap_program.h"
#include "cli/message.h"
#include "console/console.h"
#include "json/node.h"

#include <vitrine/version.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <mutex>

#include <unistd.h>

namespace vitrine::cli {

namespace {

namespace json = core::json;
using core::failure;
using core::console::Needs;
using core::dap::Arguments;
using Text = core::Result<std::string>;

/// The versions of the protocol, the newest first.
constexpr std::array<std::string_view, 4> versions { "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05" };
/// How long an answer waits for the program.
constexpr std::chrono::seconds patience { 10 };
constexpr size_t max_message = size_t { 8 } << 20;
constexpr size_t max_text = size_t { 64 } << 10;

/// Codes of JSON-RPC 2.0.
enum : int { ParseError = -32700, InvalidRequest = -32600, UnknownMethod = -32601, InvalidParams = -32602 };

/// The beginning, and how much is missing.
std::string bounded(std::string text, size_t dropped = 0)
{
    dropped += text.size() - std::min(text.size(), max_text);
    text.resize(std::min(text.size(), max_text));
    return dropped == 0 ? text : text + "\n... and " + std::to_string(dropped) + " more bytes";
}

/// A part of a line of the console: a line break would begin another line.
std::string in_line(std::string text)
{
    std::ranges::replace_if(text, [](char letter) { return letter == '\n' || letter == '\r'; }, ' ');
    return text;
}

std::string error_line(const json::Value& id, int code, std::string_view problem)
{
    const json::Object error { { "code", code }, { "message", json::to_string(problem) } };
    return json::to_line(json::Object { { "jsonrpc", "2.0" }, { "id", id }, { "error", error } });
}

/// What the program's threads tell.
struct Progress {
    std::mutex mutex {};
    std::condition_variable changed {};
    std::string output {};
    size_t dropped = 0;
    bool has_ended = false;

    void add_output(std::string_view bytes)
    {
        const std::lock_guard lock(mutex);
        const std::string_view taken = bytes.substr(0, max_text - output.size());
        output += taken;
        dropped += bytes.size() - taken.size();
    }
    void add_event(const core::debug::Event& event)
    {
        const std::lock_guard lock(mutex);
        has_ended = has_ended || std::holds_alternative<core::debug::Outcome>(event);
        changed.notify_all();
    }
};

/// Answers messages. The tools load a program as editors do, and pass lines to a console.
class Server final : core::console::Target {
public:
    ~Server() override { end(); }

    /// The answer to a message, without a line break; none to a notification.
    std::optional<std::string> answer(std::string_view message);

private:
    // The tools.
#define TOOL(function, ...) Text function(const Arguments& arguments);
#define PARAMETER(...)
#include "cli/mcp_tools.inc"

    Text call_tool(std::string_view name, const Arguments& arguments);
    core::Result<void> load(const Arguments& arguments);
    void end();
    bool is_running() { return !await_stop(std::chrono::seconds(0)); }
    bool await_stop(std::chrono::seconds time);
    core::Result<void> await_stop();
    std::string told();
    std::string output();
    Text perform(std::string_view lines);

    // console::Target
    core::debug::Client& client() override { return *client_; }
    core::Result<void> check(Needs needs, std::string_view verb) override;
    std::vector<core::debug::LoadedModule> modules() override { return program_->modules(); }
    std::string place_text(const core::Module&, core::CodeOffset offset, const core::Instance*) override
    {
        return core::hex(offset);
    }
    std::string module_suffix(const core::Module& module) override
    {
        for (const core::debug::LoadedModule& loaded : program_->modules())
            if (loaded.module.get() == &module && !loaded.preload.empty())
                return " in " + core::escaped(loaded.preload);
        return "";
    }
    core::debug::Demangle demangle() override { return program_->demangle(); }
    core::source::PathOptions path_options(const core::Module& of) override
    {
        return program_->path_options(of);
    }
    core::Result<void> resume(const core::debug::Resume& how) override
    {
        CHECK(client_->resume(how));
        return await_stop();
    }
    core::Result<void> call(const std::function<void()>& body, uint32_t thread) override
    {
        CHECK(session().call(body, thread));
        return await_stop();
    }
    std::string end_text() override { return session().stopped() || is_running() ? "" : run_->ending().text; }

    DapLauncher launcher_;
    std::unique_ptr<core::dap::Program> program_;
    std::shared_ptr<Progress> progress_;
    std::unique_ptr<core::dap::Run> run_;
    std::unique_ptr<core::debug::Client> client_;
    std::optional<core::console::Console> console_;
    /// What the console has written.
    std::string text_;
    /// Whether the last stop or end has been told.
    bool is_told_ = false;
};

// -- Messages

json::Value tool_list()
{
    json::Array list;
    const auto add_tool = [&](std::string_view name, std::string_view description) {
        const json::Object schema { { "type", "object" }, { "properties", json::Object() },
            { "required", json::Array() } };
        list.push_back(
            json::Object { { "name", name }, { "description", description }, { "inputSchema", schema } });
    };
    const auto add_parameter = [&](std::string_view name, std::string_view type, bool is_required,
                                   std::string_view description) {
        json::Object parameter { { "description", description } };
        if (type == "Texts")
            parameter["items"] = json::Object { { "type", "string" } };
        parameter["type"] = type == "Text" ? "string"
            : type == "Texts"              ? "array"
            : type == "Number"             ? "integer"
            : type == "Flag"               ? "boolean"
                                           : "object";
        json::Object& schema = list.back().as_object()["inputSchema"].as_object();
        schema["properties"].as_object()[name] = std::move(parameter);
        if (is_required)
            schema["required"].as_array().emplace_back(name);
    };
#define TOOL(function, name, description) add_tool(name, description);
#define PARAMETER(name, type, is_required, description) add_parameter(name, #type, is_required, description);
#include "cli/mcp_tools.inc"
    return json::Object { { "tools", list } };
}

json::Value hello(const Arguments& parameters)
{
    const std::string asked = parameters.text_or("protocolVersion", "").value_or("");
    const bool is_known = std::ranges::find(versions, asked) != versions.end();
    return json::Object { { "protocolVersion", is_known ? std::string_view(asked) : versions.front() },
        { "capabilities", json::Object { { "tools", json::Object() } } },
        { "serverInfo", json::Object { { "name", "vitrine" }, { "version", vitrine::version() } } },
        { "instructions",
            "A debugger for WebAssembly: `start` a program, set breakpoints, `continue`, and ask for its "
            "`state`." } };
}

std::optional<std::string> Server::answer(std::string_view message)
{
    const auto document = json::parse(message);
    if (!document)
        return error_line(nullptr, ParseError, document.error().message);
    const json::Object* const object = document->if_object();
    if (!object)
        return error_line(nullptr, InvalidRequest, "a message is an object");
    const json::Value* const id = object->if_contains("id");
    const json::Value* const method = object->if_contains("method");
    // A notification, or an answer to a question that was not asked.
    if (!id || (!method && (object->contains("result") || object->contains("error"))))
        return std::nullopt;
    if (!id->is_string() && !id->is_number())
        return error_line(nullptr, InvalidRequest, "id: expected a string or a number");
    const json::Value* const version = object->if_contains("jsonrpc");
    if (!version || *version != "2.0" || !method || !method->is_string())
        return error_line(*id, InvalidRequest, "expected \"jsonrpc\": \"2.0\" and a \"method\"");
    const json::Value* const given = object->if_contains("params");
    if (given && !given->is_object())
        return error_line(*id, InvalidParams, "params: expected an object");
    const json::Value none;
    const Arguments parameters(given ? *given : none);
    const std::string_view name = method->get_string();
    json::Value result = json::Object();
    if (name == "initialize") {
        result = hello(parameters);
    } else if (name == "tools/list") {
        result = tool_list();
    } else if (name == "tools/call") {
        const auto tool = parameters.text("name");
        const auto arguments = parameters.optional_object("arguments");
        if (!tool || !arguments)
            return error_line(*id, InvalidParams, (tool ? arguments.error() : tool.error()).message);
        const Text text = call_tool(*tool, arguments->value_or(Arguments(none)));
        if (!text && text.error().message.empty())
            return error_line(*id, InvalidParams, "there is no tool " + *tool);
        const json::Value shown = json::to_string(bounded(text ? *text : "error: " + text.error().message));
        result = json::Object { { "isError", !text },
            { "content", json::Array { json::Object { { "type", "text" }, { "text", shown } } } } };
    } else if (name != "ping") {
        return error_line(*id, UnknownMethod, "there is no method " + std::string(name));
    }
    return json::to_line(json::Object { { "jsonrpc", "2.0" }, { "id", *id }, { "result", result } });
}

/// Fails without a message if there is no such tool.
Text Server::call_tool(std::string_view name, const Arguments& arguments)
{
#define TOOL(function, tool, description) \
    if (name == (tool))                   \
        return function(arguments);
#define PARAMETER(...)
#include "cli/mcp_tools.inc"
    return failure("");
}

// -- Tools

Text Server::start(const Arguments& arguments)
{
    if (const auto loaded = load(arguments); !loaded) {
        end();
        return std::unexpected(loaded.error());
    }
    return told();
}

Text Server::breakpoint(const Arguments& arguments)
{
    const std::string place = in_line(TRY(arguments.text("place")));
    const auto condition = TRY(arguments.optional_text("condition"));
    return perform("break " + place + (condition ? " if " + in_line(*condition) : ""));
}

Text Server::go_on(const Arguments&)
{
    CHECK(check(Needs::Resume, "continue"));
    is_told_ = false;
    CHECK(client_->resume({ .kind = core::debug::Resume::Kind::Go }));
    return "the program is running; `state` says where it stops";
}

Text Server::interrupt(const Arguments&)
{
    CHECK(check(Needs::Nothing, "interrupt"));
    session().interrupt();
    CHECK(await_stop());
    return told();
}

Text Server::state(const Arguments& arguments)
{
    CHECK(check(Needs::Nothing, "state"));
    const int64_t seconds = std::clamp<int64_t>(TRY(arguments.number_or("wait", 0)), 0, patience.count());
    return await_stop(std::chrono::seconds(seconds)) ? told() : "the program is running\n" + output();
}

Text Server::evaluate(const Arguments& arguments)
{
    const std::string expression = in_line(TRY(arguments.text("expression")));
    const auto frame = TRY(arguments.optional_number("frame"));
    return perform("print " + expression + (frame ? " in " + std::to_string(*frame) : ""));
}

Text Server::read(const Arguments& arguments)
{
    const std::string memory = std::to_string(TRY(arguments.number_or("memory", 0)));
    const std::string length = std::to_string(TRY(arguments.number_or("length", 64)));
    return perform("memory " + memory + ":" + in_line(TRY(arguments.text("address"))) + " " + length);
}

Text Server::command(const Arguments& arguments) { return perform(TRY(arguments.text("line"))); }

Text Server::stop(const Arguments&)
{
    end();
    return "there is no program now";
}

// -- The program

core::Result<void> Server::load(const Arguments& arguments)
{
    const auto spec = TRY(core::dap::LaunchSpec::from(arguments));
    end();
    progress_ = std::make_shared<Progress>();
    is_told_ = false;
    program_ =
        TRY(launcher_.load(spec, [progress = progress_](core::dap::Launcher::Stream, std::string_view bytes) {
            progress->add_output(bytes);
        }));
    run_ = TRY(program_->prepare());
    core::debug::Listener listener;
    listener.events = [progress = progress_](const core::debug::Event& event) { progress->add_event(event); };
    listener.messages = [progress = progress_](
                            uint32_t, const std::string& text) { progress->add_output(text + "\n"); };
    client_ = TRY(core::debug::Client::attach(
        run_->session(), "the agent", core::debug::Client::Kind::Shared, std::move(listener)));
    console_.emplace(static_cast<core::console::Target&>(*this),
        [this](const core::console::Line& line) { text_ += plain_text(line) + "\n"; });
    console_->skips().skips_libraries = !spec.enters_libraries;
    console_->stops().attach();
    CHECK(run_->start(true));
    return await_stop();
}

void Server::end()
{
    console_.reset();
    client_.reset();
    if (run_)
        run_->session().kill();
    run_.reset();
    program_.reset();
}

/// Waits until the program has stopped or ended. Whether it has.
bool Server::await_stop(std::chrono::seconds time)
{
    std::unique_lock lock(progress_->mutex);
    return progress_->changed.wait_for(
        lock, time, [this] { return progress_->has_ended || session().stopped().has_value(); });
}

core::Result<void> Server::await_stop()
{
    if (await_stop(patience))
        return {};
    is_told_ = false;
    return failure("the program is still running; `state` says where it stops, `interrupt` stops it");
}

/// What the program has written since this was last called.
std::string Server::output()
{
    const std::lock_guard lock(progress_->mutex);
    const std::string text =
        bounded(std::exchange(progress_->output, {}), std::exchange(progress_->dropped, 0));
    return text.empty() ? "" : "Output of the program:\n" + text;
}

/// Where the program is, and its output. Displays and commands of breakpoints are done once a stop.
std::string Server::told()
{
    text_.clear();
    if (std::exchange(is_told_, true))
        console_->tell();
    else
        console_->arrive();
    return std::exchange(text_, {}) + output();
}

Text Server::perform(std::string_view lines)
{
    CHECK(check(Needs::Nothing, "command"));
    text_.clear();
    while (!lines.empty()) {
        const size_t end = std::min(lines.find('\n'), lines.size());
        console_->perform(lines.substr(0, end));
        lines.remove_prefix(std::min(end + 1, lines.size()));
    }
    // A definition without its end would take the lines that follow.
    while (console_->is_in_block())
        console_->perform("end");
    const std::string text = std::exchange(text_, {});
    constexpr std::string_view mark = "error: ";
    if (text.starts_with(mark))
        return failure(text.substr(mark.size()));
    return text + output();
}

core::Result<void> Server::check(Needs needs, std::string_view verb)
{
    if (needs == Needs::Owner)
        return failure("`" + std::string(verb) + "` is not possible here: the tools start and end programs");
    if (!run_)
        return failure("there is no program: `start` one");
    if (needs != Needs::Nothing && is_running())
        return failure("the program is running: `state` waits for it, `interrupt` stops it");
    if (needs != Needs::Nothing && needs != Needs::Scope && !session().stopped())
        return failure("the program has ended: `start` it again");
    return {};
}

/// Answers the lines of standard input, until its end.
int serve()
{
    Server server;
    std::string message;
    std::array<char, 65536> chunk;
    for (;;) {
        const ssize_t count = ::read(STDIN_FILENO, chunk.data(), chunk.size());
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return 0;
        for (const char letter : std::string_view(chunk.data(), static_cast<size_t>(count))) {
            if (message.size() == max_message) {
                write(error_line(nullptr, ParseError, "a message is longer than 8 MiB") + "\n");
                return status::refused;
            }
            if (letter != '\n') {
                message += letter;
                continue;
            }
            const auto answer = server.answer(std::exchange(message, {}));
            write(answer ? *answer + "\n" : "");
            if (std::fflush(stdout) != 0)
                return 0;
        }
    }
}

} // namespace

Action add_mcp(CLI::App&)
{
    return [](const std::vector<std::string>& words) {
        if (!words.empty())
            return usage_error(Error("unexpected argument " + words.front()), "mcp");
        std::signal(SIGPIPE, SIG_IGN);
        return serve();
    };
}

} // namespace vitrine::cli
