// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "support/dap_client.h"

#include "base/text.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <semaphore>

namespace vitrine::core::dap {
namespace {

using test::DapClient;
using testing::AllOf;
using testing::AnyOf;
using testing::HasSubstr;
using testing::StartsWith;

/// Structures of the collected heap, a table, two memories, an exception and a trap. Nothing but
/// `go` is exported.
constexpr auto program = R"((module $app
    (import "host" "print" (func $print (param i32)))
    (type $node (struct (field $value (mut i32)) (field $next (ref null $node))))
    (type $row (array (mut i32)))
    (type $entry (func (param i32) (result i32)))
    (memory $first 1)
    (memory $second 2)
    (table $calls 3 funcref)
    (elem (table $calls) (i32.const 1) func $double)
    (global $count (mut i32) (i32.const 5))
    (global $limit i32 (i32.const 100))
    (global $list (mut (ref null $node)) (ref.null $node))
    (tag $odd (param i32))
    (data (memory $second) (i32.const 16) "hello")
    (func $double (param $n i32) (result i32)
      (local $twice i32)
      (local.set $twice (i32.add (local.get $n) (local.get $n)))
      (global.set $count (i32.add (global.get $count) (i32.const 1)))
      (local.get $twice))
    (func $go (export "go") (result i32)
      (local $row (ref null $row))
      (global.set $list (struct.new $node (i32.const 1) (struct.new $node (i32.const 2) (ref.null $node))))
      (local.set $row (array.new $row (i32.const 7) (i32.const 250)))
      (call $print (call $double (i32.const 21)))
      (i32.store $second (i32.const 32) (i32.const 9))
      (call $double (i32.const 4)))))";

std::string number_in(const json::Object& object, std::string_view member)
{
    return std::to_string(object.at(member).as_int64());
}

/// The row with that name.
json::Object find(const json::Value& rows, std::string_view name)
{
    for (const json::Value& row : rows.as_array())
        if (std::string_view(row.at("name").as_string()).starts_with(name))
            return row.as_object();
    ADD_FAILURE() << "no " << name << " in " << json::to_text(rows);
    return {};
}

json::Value variables(DapClient& client, const json::Object& of, std::string_view more = "")
{
    return client.ask("variables",
        R"({"variablesReference": )" + number_in(of, "variablesReference") + std::string(more)
            + "}")["variables"];
}

json::Object scope(DapClient& client, std::string_view name)
{
    return find(
        client.ask("scopes", R"({"frameId": )" + number_in(client.frame(), "id") + "}")["scopes"], name);
}

TEST(Adapter, SaysWhatItCanDo)
{
    DapClient client(program);
    const json::Object body = client.ask("initialize", DapClient::abilities);
    for (const std::string_view name : capability_names())
        EXPECT_TRUE(body.at(name) == true) << name;
#define LIST(name, summary) EXPECT_FALSE(body.at(name).as_array().empty()) << name;
#include "dap/requests.inc"
}

TEST(Adapter, RefusesRequestsAtTheWrongTime)
{
    DapClient client(program);
    EXPECT_EQ(client.refused("launch"), "`initialize` must come first");
    client.ask("initialize");
    EXPECT_EQ(client.refused("initialize"), "`initialize` was said before");
    for (const RequestInfo& row : request_table())
        if (row.needs >= Needs::Program) {
            EXPECT_EQ(client.refused(row.name), "nothing has been launched or attached to yet") << row.name;
        }
    EXPECT_EQ(client.refused("attach"), "nothing can be attached to here");
    EXPECT_EQ(client.refused("attach", R"({"pid": "x"})"), "pid: expected an integer");
    EXPECT_THAT(client.refused("attach", R"({"pid": 1, "port": 2})"), HasSubstr("more than one way"));
    EXPECT_EQ(client.refused("stepBack"), "the request `stepBack` is not supported");
    EXPECT_EQ(client.refused("launch"), "the launch configuration has no \"program\"");
    EXPECT_EQ(client.refused("launch", R"({"program": "other.wasm"})"), "there is no such file");
    EXPECT_EQ(client.refused("launch", R"({"program": 3})"), "program: expected a string");
    client.ask("launch", R"({"program": "app.wasm"})");
    for (const RequestInfo& row : request_table())
        if (row.needs == Needs::Stopped) {
            EXPECT_EQ(client.refused(row.name), "the program has not been started yet") << row.name;
        }
    EXPECT_EQ(client.refused("pause"), "the program has not been started yet");
}

TEST(Adapter, SaysWhichArgumentIsWrong)
{
    DapClient client(program);
    client.start();
    EXPECT_EQ(client.refused("stackTrace"), "the argument threadId is missing");
    EXPECT_EQ(client.refused("stackTrace", R"({"threadId": "1"})"), "threadId: expected an integer");
    EXPECT_EQ(client.refused("stackTrace", R"({"threadId": 1.5})"), "threadId: expected an integer");
    EXPECT_EQ(client.refused("stackTrace", R"({"threadId": 9})"), "there is no thread 9");
    EXPECT_EQ(client.refused("stackTrace", "[]"), "the arguments: expected an object");
    EXPECT_EQ(client.refused("setBreakpoints", R"({"source": {"path": "x"}, "breakpoints": [{}]})"),
        "the argument breakpoints[0].line is missing");
    EXPECT_EQ(client.refused("setBreakpoints", R"({"source": {"path": "x"}, "breakpoints": [{"line": 0}]})"),
        "there is no line 0");
    EXPECT_EQ(
        client.refused("variables", R"({"variablesReference": 99})"), "there are no such variables any more");
    EXPECT_EQ(client.refused("disassemble", R"({"memoryReference": "x", "instructionCount": 1})"),
        "`x` is no place in code");
    EXPECT_EQ(
        client.refused("readMemory", R"({"memoryReference": "0.7:0", "count": 1})"), "there is no memory 7");
}

TEST(Adapter, ComplainsOfWhatIsNoMessage)
{
    DapClient client(program);
    client.send_text("{");
    EXPECT_THAT(json::plain_text(client.event("output")["output"]),
        StartsWith("a message of the client is malformed"));
    client.send_text(R"({"seq": 5, "type": "response", "request_seq": 1, "success": true, "command": "x"})");
    client.ask("initialize");
}

TEST(Adapter, ShowsEverythingPrivate)
{
    DapClient client(program);
    client.launch();
    client.ask("setFunctionBreakpoints", R"({"breakpoints": [{"name": "$double", "hitCondition": "2"}]})");
    client.ask("configurationDone");
    EXPECT_EQ(client.event("stopped")["reason"], "breakpoint");
    EXPECT_EQ(client.frame()["name"], "$double");

    const json::Value locals = variables(client, scope(client, "Wasm locals"));
    EXPECT_EQ(find(locals, "local[0] n")["value"], "4");
    EXPECT_EQ(find(locals, "local[0] n")["evaluateName"], "local[0]");
    const json::Value globals = variables(client, scope(client, "Wasm globals"));
    EXPECT_EQ(find(globals, "global[0] $count")["value"], "6");
    const json::Object list = find(globals, "global[2] $list");
    EXPECT_EQ(list.at("value"), "struct $node {value = 1, next = struct $node}");
    const json::Value parts = variables(client, list);
    EXPECT_EQ(find(parts, "[0] value")["value"], "1");
    EXPECT_EQ(find(variables(client, find(parts, "[1] next")), "[0] value")["value"], "2");
    const json::Value tables = variables(client, scope(client, "Wasm tables"));
    EXPECT_EQ(find(variables(client, find(tables, "table[0] $calls")), "[1]")["value"], "func double");
    const json::Object memory = find(variables(client, scope(client, "Wasm memories")), "memory[1] $second");
    EXPECT_EQ(memory.at("memoryReference"), "0.1:0x0");
    EXPECT_EQ(client.ask("readMemory", R"({"memoryReference": "0.1:0x10", "count": 5})")["data"], "aGVsbG8=");
    EXPECT_THAT(json::to_text(variables(client, scope(client, "Wasm tags"))), HasSubstr("tag[0] $odd"));
    EXPECT_THAT(json::to_text(variables(client, scope(client, "Wasm functions"))), HasSubstr("private"));
}

TEST(Adapter, PagesWhatIsLong)
{
    DapClient client(program);
    client.launch();
    client.ask("setFunctionBreakpoints", R"({"breakpoints": [{"name": "$double"}]})");
    client.ask("configurationDone");
    client.event("stopped");
    const std::string outer = number_in(
        client.ask("stackTrace", R"({"threadId": 1})")["stackFrames"].as_array().at(1).as_object(), "id");
    const json::Object locals =
        find(client.ask("scopes", R"({"frameId": )" + outer + "}")["scopes"], "Wasm locals");
    const json::Object row = find(variables(client, locals), "local[0] row");
    EXPECT_EQ(row.at("indexedVariables"), 250);
    const json::Value page = variables(client, row, R"(, "filter": "indexed", "start": 240, "count": 100)");
    EXPECT_EQ(page.as_array().size(), 10u);
    EXPECT_EQ(find(page, "[240]")["value"], "7");
    EXPECT_EQ(variables(client, row, R"(, "filter": "named")").as_array().size(), 0u);
    EXPECT_EQ(variables(client, row, R"(, "start": 1000)").as_array().size(), 0u);
}

TEST(Adapter, ChangesVariables)
{
    DapClient client(program);
    client.launch();
    client.ask("setFunctionBreakpoints", R"({"breakpoints": [{"name": "$double"}]})");
    client.ask("configurationDone");
    client.event("stopped");
    const json::Object globals = scope(client, "Wasm globals");
    variables(client, globals);
    const auto set = [&](std::string_view name, std::string_view value) {
        return R"({"variablesReference": )" + number_in(globals, "variablesReference") + R"(, "name": ")"
            + std::string(name) + R"(", "value": ")" + std::string(value) + R"("})";
    };
    EXPECT_EQ(client.ask("setVariable", set("global[0] $count", "local[0] * 2"))["value"], "42");
    EXPECT_EQ(client.evaluate("$count"), "42");
    EXPECT_THAT(client.refused("setVariable", set("global[1] $limit", "3")), HasSubstr("immutable"));
    EXPECT_EQ(client.ask("setVariable", set("global[2] $list", "null"))["value"], "null");
    EXPECT_EQ(client.refused("setVariable", set("other", "3")), "there is no variable `other` there");
    EXPECT_EQ(
        client.ask("setExpression", R"({"expression": "u8[second: 16]", "value": "0x48"})")["value"], "72");
}

TEST(Adapter, StopsAtData)
{
    DapClient client(program);
    client.start();
    client.ask("setFunctionBreakpoints", R"({"breakpoints": [{"name": "$double"}]})");
    client.ask("continue", R"({"threadId": 1})");
    client.event("stopped");
    const std::string frame = number_in(client.frame(), "id");
    const auto info = [&](std::string_view name) {
        return client.ask(
            "dataBreakpointInfo", R"({"name": ")" + std::string(name) + R"(", "frameId": )" + frame + "}");
    };
    EXPECT_TRUE(info("$n + 1")["dataId"].is_null());
    const json::Object local = info("$twice"), global = info("$count"), memory = info("i32[second: 32]");
    EXPECT_EQ(local.at("canPersist"), false);
    EXPECT_EQ(global.at("dataId"), "0 global 0");
    EXPECT_EQ(memory.at("dataId"), "0 memory 1 32 4");
    const auto id = [](const json::Object& of) { return json::to_text(of.at("dataId")); };
    client.ask("setFunctionBreakpoints", R"({"breakpoints": []})");
    const json::Object set = client.ask("setDataBreakpoints",
        R"({"breakpoints": [{"dataId": )" + id(local) + R"(}, {"dataId": )" + id(global)
            + R"(, "condition": "$n == 4"}, {"dataId": )" + id(memory)
            + R"(, "accessType": "readWrite"}, {"dataId": "7 global 1"}]})");
    EXPECT_EQ(set.at("breakpoints").at(3).at("verified"), false);
    for (const std::string_view text : { "0 -> 42", "0 -> 9", "6 -> 7" }) {
        client.ask("continue", R"({"threadId": 1})");
        const json::Object stopped = client.event("stopped");
        EXPECT_EQ(stopped.at("reason"), "data breakpoint");
        EXPECT_THAT(std::string(stopped.at("text").as_string()), HasSubstr(text));
    }
    client.ask("continue", R"({"threadId": 1})");
    client.event("terminated");
}

TEST(Adapter, StepsByInstructionsInGeneratedSources)
{
    DapClient client(program);
    client.start();
    client.ask("setFunctionBreakpoints", R"({"breakpoints": [{"name": "$double"}]})");
    client.ask("continue", R"({"threadId": 1})");
    client.event("stopped");
    const json::Object frame = client.frame();
    EXPECT_EQ(frame.at("source").at("name"), "app.wat/func[1] $double");
    const int64_t line = frame.at("line").as_int64();
    client.ask("next", R"({"threadId": 1})");
    EXPECT_EQ(client.event("stopped")["reason"], "step");
    EXPECT_EQ(client.frame()["line"], line + 1);
    const json::Object text = client.ask("source",
        R"({"sourceReference": )" + number_in(frame.at("source").as_object(), "sourceReference") + "}");
    EXPECT_THAT(std::string(text.at("content").as_string()), HasSubstr("local.get $n"));
    const json::Object operands = scope(client, "Wasm operands");
    EXPECT_EQ(find(variables(client, operands), "stack[0]")["value"], "21");
    client.ask("stepOut", R"({"threadId": 1})");
    client.event("stopped");
    EXPECT_EQ(client.frame()["name"], "$go");
}

constexpr auto trapping = R"((module
    (tag $odd (param i32))
    (func $fails (param i32) (result i32)
      (if (i32.eqz (local.get 0)) (then (throw $odd (i32.const 7))))
      (i32.div_u (i32.const 1) (i32.const 0)))
    (func (export "go") (result i32)
      (drop (block $caught (result i32)
        (try_table (catch $odd $caught) (drop (call $fails (i32.const 0))))
        (i32.const 1)))
      (call $fails (i32.const 1)))))";

TEST(Adapter, StopsAtExceptions)
{
    DapClient client(trapping);
    client.launch();
    const json::Object set =
        client.ask("setExceptionBreakpoints", R"({"filters": ["throw", "trap", "moon"]})");
    EXPECT_EQ(set.at("breakpoints").at(2).at("verified"), false);
    client.ask("configurationDone");
    EXPECT_THAT(json::to_text(client.event("stopped")), AllOf(HasSubstr("exception"), HasSubstr("{7}")));
    json::Object info = client.ask("exceptionInfo", R"({"threadId": 1})");
    EXPECT_EQ(info["exceptionId"], "throw");
    EXPECT_EQ(info["breakMode"], "always");
    client.ask("continue", R"({"threadId": 1})");
    client.event("stopped");
    info = client.ask("exceptionInfo", R"({"threadId": 1})");
    EXPECT_EQ(info["description"], "trap: integer divide by zero");
    EXPECT_THAT(std::string(info["details"].at("stackTrace").as_string()), HasSubstr("$fails"));
    client.ask("setExceptionBreakpoints", R"({"filters": []})");
    client.ask("continue", R"({"threadId": 1})");
    EXPECT_EQ(client.event("exited")["exitCode"], 134);
    client.event("terminated");
    EXPECT_EQ(client.refused("continue", R"({"threadId": 1})"), "the program has ended");
}

TEST(Adapter, StopsAtExceptionsOnACondition)
{
    DapClient client(trapping);
    client.launch();
    client.ask("setExceptionBreakpoints",
        R"({"filters": [], "filterOptions": [{"filterId": "throw", "condition": "$0 == 1"},
            {"filterId": "trap", "condition": "$0 == 1"}]})");
    client.ask("configurationDone");
    EXPECT_THAT(json::to_text(client.event("stopped")), HasSubstr("trap: integer divide by zero"));
    client.ask("setExceptionBreakpoints",
        R"({"filters": [], "filterOptions": [{"filterId": "trap", "condition": "moon"}]})");
    client.ask("restart");
    EXPECT_THAT(json::to_text(client.event("stopped")), HasSubstr("moon"));
}

constexpr auto endless = R"((module
    (global $rounds (mut i32) (i32.const 0))
    (func $spin (loop (global.set $rounds (i32.add (global.get $rounds) (i32.const 1))) (br 0)))
    (func (export "go") (call $spin))))";

TEST(Adapter, PausesWhatRuns)
{
    DapClient client(endless);
    client.launch();
    client.ask("configurationDone");
    EXPECT_EQ(client.refused("stackTrace", R"({"threadId": 1})"), "the program is running");
    EXPECT_EQ(client.refused("evaluate", R"({"expression": "1 + 1"})"), "the program is running");
    client.ask("pause", R"({"threadId": 1})");
    EXPECT_EQ(client.event("stopped")["reason"], "pause");
    EXPECT_THAT(json::plain_text(client.frame()["name"]), AnyOf("$go", "$spin"));
    client.ask("continue", R"({"threadId": 1})");
    client.ask("terminate");
    client.event("terminated");
    client.ask("restart");
    client.ask("pause", R"({"threadId": 1})");
    EXPECT_EQ(client.event("stopped")["reason"], "pause");
}

TEST(Adapter, ServesOthersWhileACommandRunsTheProgram)
{
    DapClient client(endless);
    client.start();
    const int64_t command = client.send("evaluate", R"({"expression": "continue", "context": "repl"})");
    client.event("continued");
    EXPECT_EQ(client.ask("threads")["threads"].as_array().size(), 1u);
    EXPECT_EQ(client.refused("evaluate", R"({"expression": "help", "context": "repl"})"),
        "another command is being done");
    EXPECT_EQ(client.refused("restart"), "a command of the debug console is being done");
    client.send("pause", R"({"threadId": 1})");
    EXPECT_THAT(json::plain_text(client.response(command)["body"].at("result")),
        HasSubstr("stopped: interrupt in $spin"));
    // A request that interrupts it, and one that ends the adapter.
    const int64_t again = client.send("evaluate", R"({"expression": "continue", "context": "repl"})");
    client.event("continued");
    client.send("cancel", R"({"requestId": )" + std::to_string(again) + "}");
    EXPECT_THAT(
        json::plain_text(client.response(again)["body"].at("result")), HasSubstr("stopped: interrupt"));
    client.send("evaluate", R"({"expression": "continue", "context": "repl"})");
    client.event("continued");
    client.ask("disconnect");
    while (client.next()) {}
}

TEST(Adapter, SendsOutputInOrderWithStops)
{
    DapClient client(program);
    client.start();
    client.ask("continue", R"({"threadId": 1})");
    EXPECT_EQ(client.event("output")["output"], "42\n");
    EXPECT_EQ(client.event("output")["output"], "exited\n");
    client.event("terminated");
}

TEST(Adapter, EndsWhenTheClientGoesAway)
{
    // At any point, with whatever is unanswered.
    for (int point = 0; point < 6; ++point) {
        DapClient client(endless);
        if (point > 0)
            client.send("initialize");
        if (point > 1)
            client.send("launch", R"({"program": "app.wasm"})");
        if (point > 2)
            client.send("configurationDone");
        if (point > 3)
            client.send("pause", R"({"threadId": 1})");
        if (point > 4)
            client.send("evaluate", R"({"expression": "continue", "context": "repl"})");
    }
}

TEST(Adapter, ShowsWhatTakesLongAndLetsItBeCancelled)
{
    DapClient client(program);
    client.ask("initialize", DapClient::abilities);
    // The launcher waits until it may go on.
    std::binary_semaphore go { 0 };
    client.launcher().before_load = [&] { go.acquire(); };
    const int64_t launch = client.send("launch", R"({"program": "app.wasm"})");
    const json::Object begun = client.event("progressStart");
    EXPECT_EQ(begun.at("requestId"), launch);
    EXPECT_EQ(begun.at("title"), "launch");
    EXPECT_EQ(begun.at("message"), "loading the module");
    client.send("cancel", R"({"progressId": ")" + std::string(begun.at("progressId").as_string()) + R"("})");
    go.release();
    EXPECT_EQ(client.response(launch)["message"], "cancelled");
    EXPECT_EQ(client.event("progressEnd")["progressId"], begun.at("progressId"));
    // Another one is not cancelled, and tells what it does next.
    const int64_t again = client.send("launch", R"({"program": "app.wasm"})");
    const json::Object shown = client.event("progressStart");
    client.send("cancel", R"({"progressId": "request 1"})");
    go.release();
    EXPECT_TRUE(client.response(again)["success"] == true);
    EXPECT_EQ(client.event("progressUpdate")["message"], "reading debug information");
    client.event("initialized");
    EXPECT_EQ(client.event("progressEnd")["progressId"], shown.at("progressId"));
}

TEST(Adapter, DropsCancelledRequests)
{
    DapClient client(program);
    client.ask("initialize");
    client.ask("cancel", R"({"requestId": 99})");
    client.ask("cancel");
    EXPECT_EQ(client.refused("disassemble"), "nothing has been launched or attached to yet");
}

TEST(Docs, HaveAllRequestsAndAttributes)
{
    std::ifstream file(std::filesystem::path(VITRINE_SOURCE_DIR) / "docs" / "editors.md");
    const std::string page { std::istreambuf_iterator<char>(file), {} };
    const auto expect_row = [&](std::string_view name, const std::string& summary) {
        EXPECT_THAT(page, HasSubstr("| `" + std::string(name) + "` | " + summary + " |"));
    };
#define REQUEST(function, name, needs, capability, summary) expect_row(name, summary);
#define CAPABILITY(name, summary) expect_row(name, summary);
#define LIST(name, summary) expect_row(name, summary);
#define FILTER(flag, name, label, is_on, condition) expect_row(name, std::string(label) + " | " + condition);
#define MODE(name, label, summary, applies) expect_row(name, std::string(applies) + " | " + summary);
#define EVENT(name, summary) expect_row(name, summary);
#include "dap/requests.inc"
#define ATTRIBUTE(member, name, type, summary) expect_row(name, summary);
#include "dap/launch.inc"
#define ATTRIBUTE(member, name, type, summary) expect_row(name, summary);
#include "dap/attach.inc"
#define SCOPE(kind, name, hint, is_expensive) EXPECT_THAT(page, HasSubstr("| " + std::string(name) + " |"));
#include "dap/scopes.inc"
}

} // namespace
} // namespace vitrine::core::dap
