// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "running.h"

#include "exec/frame.h"

#include <chrono>
#include <thread>

namespace vitrine::core::component::test {
namespace {

using std::string_literals::operator""s;
using testing::HasSubstr;

constexpr auto cannot_enter = "cannot enter component instance";
constexpr auto cannot_leave = "cannot leave component instance";

class CallTest : public RunningTest {};

// -- Traps

/// Two components, of which one calls the other.
constexpr std::string_view caller_and_callee = R"((component
    (component $Callee
      (core module $M
        (tag $t)
        (func (export "trap") unreachable)
        (func (export "throw") (throw $t))
        (func (export "fine") (result i32) (i32.const 7)))
      (core instance $m (instantiate $M))
      (func (export "trap") (canon lift (core func $m "trap")))
      (func (export "throw") (canon lift (core func $m "throw")))
      (func (export "fine") (result u32) (canon lift (core func $m "fine"))))
    (component $Caller
      (import "trap" (func $trap))
      (import "throw" (func $throw))
      (import "fine" (func $fine (result u32)))
      (core func $trap (canon lower (func $trap)))
      (core func $throw (canon lower (func $throw)))
      (core func $fine (canon lower (func $fine)))
      (core module $M
        (import "" "trap" (func $trap))
        (import "" "throw" (func $throw))
        (import "" "fine" (func $fine (result i32)))
        (func $catching (export "throw") (result i32)
          (block (try_table (catch_all 0) (call $throw)))
          (i32.const 1))
        (func (export "trap") (result i32) (call $trap) (i32.const 1))
        (func (export "fine") (result i32) (call $fine)))
      (core instance $m (instantiate $M (with "" (instance
        (export "trap" (func $trap)) (export "throw" (func $throw)) (export "fine" (func $fine))))))
      (func (export "trap") (result u32) (canon lift (core func $m "trap")))
      (func (export "throw") (result u32) (canon lift (core func $m "throw")))
      (func (export "fine") (result u32) (canon lift (core func $m "fine"))))
    (instance $callee (instantiate $Callee))
    (instance $caller (instantiate $Caller
      (with "trap" (func $callee "trap")) (with "throw" (func $callee "throw")) (with "fine" (func $callee "fine"))))
    (alias export $caller "trap" (func $trap))
    (alias export $caller "throw" (func $throw))
    (alias export $caller "fine" (func $fine))
    (alias export $callee "fine" (func $callee-fine))
    (export "trap" (func $trap))
    (export "throw" (func $throw))
    (export "fine" (func $fine))
    (export "callee-fine" (func $callee-fine))))";

TEST_F(CallTest, ATrapPoisonsTheInstanceAndItsCallersOnly)
{
    const Instance& other = make(caller_and_callee);
    const Instance& instance = make(caller_and_callee);
    EXPECT_EQ(call(instance, "fine()"), "7");
    EXPECT_THAT(call(instance, "trap()"), HasSubstr("unreachable"));
    for (int i = 0; i < 3; ++i) {
        EXPECT_THAT(call(instance, "fine()"), HasSubstr(cannot_enter));
        EXPECT_THAT(call(instance, "callee-fine()"), HasSubstr(cannot_enter));
    }
    EXPECT_EQ(call(other, "fine()"), "7");
    EXPECT_EQ(call(make(caller_and_callee), "fine()"), "7");
}

TEST_F(CallTest, AnExceptionIsATrapForTheCaller)
{
    const Instance& instance = make(caller_and_callee);
    EXPECT_THAT(call(instance, "throw()"), HasSubstr("uncaught"));
    EXPECT_THAT(call(instance, "fine()"), HasSubstr(cannot_enter));
}

// -- Reentrance

constexpr std::string_view calls_host = R"((component
    (import "host" (func $host))
    (core func $host (canon lower (func $host)))
    (core module $M (import "" "host" (func $host)) (func (export "f") (call $host)) (func (export "g")))
    (core instance $m (instantiate $M (with "" (instance (export "host" (func $host))))))
    (func (export "f") (canon lift (core func $m "f")))
    (func (export "g") (canon lift (core func $m "g")))))";

TEST_F(CallTest, AHostFunctionCannotCallBackIntoItsCaller)
{
    const Instance* instance = nullptr;
    std::string called;
    define("host", [&](HostContext&, std::span<Value>) -> OrTrapped<Value> {
        called = call(*instance, "g()");
        return Value {};
    });
    instance = &make(calls_host);
    EXPECT_EQ(call(*instance, "f()"), "");
    EXPECT_THAT(called, HasSubstr(cannot_enter));
    // The failed call has changed nothing.
    EXPECT_EQ(call(*instance, "f()"), "");
    EXPECT_EQ(call(*instance, "g()"), "");
}

TEST_F(CallTest, AHostFunctionCanCallAnotherInstance)
{
    const Instance* other = nullptr;
    std::string called;
    define("host", [&](HostContext&, std::span<Value>) -> OrTrapped<Value> {
        for (const char* const text : { "fine()", "trap()", "fine()" })
            called += call(*other, text);
        return Value {};
    });
    other = &make(caller_and_callee);
    const Instance& instance = make(calls_host);
    EXPECT_EQ(call(instance, "f()"), "");
    EXPECT_THAT(called, testing::AllOf(testing::StartsWith("7trap: "), HasSubstr(cannot_enter)));
    EXPECT_EQ(call(instance, "f()"), "");
}

TEST_F(CallTest, AnErrorOfAHostFunctionIsATrap)
{
    define("host", [](HostContext&, std::span<Value>) -> OrTrapped<Value> {
        return std::unexpected(Trap { .kind = TrapKind::HostError, .message = "no such thing" });
    });
    const Instance& instance = make(calls_host);
    EXPECT_THAT(call(instance, "f()"), HasSubstr("no such thing"));
    EXPECT_THAT(call(instance, "g()"), HasSubstr(cannot_enter));
}

TEST_F(CallTest, AnExceptionOfAHostFunctionIsATrap)
{
    define(
        "host", [](HostContext&, std::span<Value>) -> OrTrapped<Value> { throw std::runtime_error("oops"); });
    const Instance& instance = make(calls_host);
    EXPECT_THAT(call(instance, "f()"), HasSubstr("oops"));
    EXPECT_THAT(call(instance, "g()"), HasSubstr(cannot_enter));
}

TEST_F(CallTest, AStartFunctionMayCallTheHostAndMayTrap)
{
    int calls = 0;
    define("host", [&](HostContext&, std::span<Value>) -> OrTrapped<Value> {
        return Value { static_cast<uint64_t>(++calls) };
    });
    const auto text = [](std::string_view body) {
        return R"((component
            (import "host" (func $host (result u32)))
            (core func $host (canon lower (func $host)))
            (core module $M (import "" "host" (func $host (result i32)))
              (func $start )"s
            + std::string(body) + R"() (start $start)
              (func (export "f") (result i32) (i32.const 5)))
            (core instance $m (instantiate $M (with "" (instance (export "host" (func $host))))))
            (func (export "f") (result u32) (canon lift (core func $m "f")))))";
    };
    EXPECT_EQ(call(make(text("(drop (call $host))")), "f()"), "5");
    EXPECT_EQ(calls, 1);
    const Made made = try_to_make(text("(drop (call $host)) unreachable"));
    ASSERT_FALSE(made);
    EXPECT_THAT(text_of(made.error()), HasSubstr("trap: unreachable"));
    EXPECT_EQ(calls, 2);
}

// -- realloc

/// A component that takes and returns strings, with a `realloc` of the test.
std::string with_realloc(std::string_view realloc, std::string_view memory = "1")
{
    return R"((component
        (import "host" (func $host))
        (core func $host (canon lower (func $host)))
        (core module $M
          (import "" "host" (func $host))
          (memory (export "memory") )"s
        + std::string(memory) + R"()
          (tag $tag)
          (global $calls (mut i32) (i32.const 0))
          (func (export "realloc") (param i32 i32 i32 i32) (result i32)
            (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
            )"
        + std::string(realloc) + R"()
          (func (export "length") (param i32 i32) (result i32) (local.get 1))
          (func (export "sum") (param i32 i32) (result i32)
            (i32.add (i32.load (local.get 0)) (i32.load offset=4 (local.get 0))))
          (func (export "calls") (result i32) (global.get $calls)))
        (core instance $m (instantiate $M (with "" (instance (export "host" (func $host))))))
        (func (export "length") (param "s" string) (result u32)
          (canon lift (core func $m "length") (memory (core memory $m "memory")) (realloc (core func $m "realloc"))))
        (func (export "sum") (param "s" (list u32)) (result u32)
          (canon lift (core func $m "sum") (memory (core memory $m "memory")) (realloc (core func $m "realloc"))))
        (func (export "calls") (result u32) (canon lift (core func $m "calls")))))";
}

TEST_F(CallTest, ReallocThatGrowsMemory)
{
    define("host", [](HostContext&, std::span<Value>) -> OrTrapped<Value> { return Value {}; });
    const Instance& instance = make(with_realloc("(i32.shl (memory.grow (i32.add (i32.shr_u (local.get 3) "
                                                 "(i32.const 16)) (i32.const 1))) (i32.const 16))",
        "0"));
    EXPECT_EQ(call(instance, "sum([1, 2])"), "3");
    EXPECT_EQ(call(instance, "length(\"" + std::string(200'000, 'x') + "\")"), "200000");
    EXPECT_EQ(call(instance, "calls()"), "2");
}

TEST_F(CallTest, ReallocThatFails)
{
    define("host", [](HostContext&, std::span<Value>) -> OrTrapped<Value> { return Value {}; });
    const struct {
        std::string_view realloc, call, message;
    } table[] = {
        { "unreachable", "length(\"abc\")", "unreachable" },
        { "(throw $tag)", "length(\"abc\")", "uncaught" },
        { "(call $host) (i32.const 0)", "length(\"abc\")", cannot_leave },
        { "(i32.const 65536)", "length(\"abc\")", "beyond end of memory" },
        { "(i32.const 65534)", "length(\"abc\")", "beyond end of memory" },
        { "(i32.const -1)", "length(\"abc\")", "beyond end of memory" },
        { "(i32.const -4)", "sum([1, 2])", "beyond end of memory" },
        { "(i32.const 65532)", "sum([1, 2])", "beyond end of memory" },
        { "(i32.const 2)", "sum([1, 2])", "not aligned" },
        // Even if there is nothing to store.
        { "(i32.const 65537)", "length(\"\")", "beyond end of memory" },
        { "(i32.const 1)", "sum([])", "not aligned" },
    };
    for (const auto& row : table) {
        SCOPED_TRACE(row.realloc);
        const Instance& instance = make(with_realloc(row.realloc));
        EXPECT_THAT(call(instance, row.call), HasSubstr(row.message));
        EXPECT_THAT(call(instance, "calls()"), HasSubstr(cannot_enter));
    }
    // At the very end, and nothing at the end.
    EXPECT_EQ(call(make(with_realloc("(i32.const 65533)")), "length(\"abc\")"), "3");
    EXPECT_EQ(call(make(with_realloc("(i32.const 65536)")), "length(\"\")"), "0");
}

TEST_F(CallTest, AnInterruptEndsRealloc)
{
    define("host", [](HostContext&, std::span<Value>) -> OrTrapped<Value> { return Value {}; });
    const Instance& instance = make(with_realloc("(loop $l (br $l)) (i32.const 0)"));
    const auto requests = guest_.thread.requests;
    std::jthread other([&](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
            requests->add(Requests::interrupt);
        }
    });
    EXPECT_THAT(call(instance, "length(\"abc\")"), HasSubstr("interrupt"));
    other.request_stop();
    other.join();
    EXPECT_THAT(call(instance, "calls()"), HasSubstr(cannot_enter));
    EXPECT_EQ(call(make(with_realloc("(i32.const 0)")), "length(\"abc\")"), "3");
}

// -- post-return

/// A component with a result that its post-return function overwrites.
std::string with_post_return(std::string_view body)
{
    return R"((component
        (import "host" (func $host))
        (core func $host (canon lower (func $host)))
        (core module $M
          (import "" "host" (func $host))
          (memory (export "memory") 1)
          (tag $tag)
          (data (i32.const 16) "\20\00\00\00\05\00\00\00")
          (data (i32.const 32) "hello")
          (global $seen (mut i32) (i32.const 0))
          (func (export "f") (result i32) (i32.const 16))
          (func (export "after") (param i32)
            (global.set $seen (local.get 0))
            (i32.store (i32.const 32) (i32.const 0)) )"s
        + std::string(body) + R"()
          (func (export "seen") (result i32) (global.get $seen)))
        (core instance $m (instantiate $M (with "" (instance (export "host" (func $host))))))
        (func (export "f") (result string) (canon lift (core func $m "f")
          (memory (core memory $m "memory")) (post-return (core func $m "after"))))
        (func (export "seen") (result u32) (canon lift (core func $m "seen")))))";
}

TEST_F(CallTest, PostReturnRunsAfterTheResultWasCopied)
{
    define("host", [](HostContext&, std::span<Value>) -> OrTrapped<Value> { return Value {}; });
    const Instance& instance = make(with_post_return(""));
    EXPECT_EQ(call(instance, "f()"), "\"hello\"");
    EXPECT_EQ(call(instance, "seen()"), "16");
    EXPECT_THAT(call(instance, "f()"), HasSubstr("o"));
}

TEST_F(CallTest, PostReturnThatFails)
{
    define("host", [](HostContext&, std::span<Value>) -> OrTrapped<Value> { return Value {}; });
    for (const auto& [body, message] : { std::pair("unreachable", "unreachable"),
             { "(throw $tag)", "uncaught" }, { "(call $host)", cannot_leave } }) {
        SCOPED_TRACE(body);
        const Instance& instance = make(with_post_return(body));
        EXPECT_THAT(call(instance, "f()"), HasSubstr(message));
        EXPECT_THAT(call(instance, "seen()"), HasSubstr(cannot_enter));
    }
}

// -- Host functions

/// A component whose `f` passes its only parameter on to the imported `host`, and returns what that
/// returns.
std::string passing_on(std::string_view type, std::string_view core_params, bool is_result_flat)
{
    std::string params, gets;
    size_t count = 0;
    for (size_t at = 0; at < core_params.size(); at += 4, ++count) {
        params += " " + std::string(core_params.substr(at, 3));
        gets += " (local.get " + std::to_string(count) + ")";
    }
    const std::string t(type);
    const std::string signature = "(param" + params + (is_result_flat ? ") (result" + params + ")" : " i32)");
    return "(component " + std::string(libc) + R"(
        (import "host" (func $host (param "v" )"
        + t + ") (result " + t + R"()))
        (core func $host (canon lower (func $host) (memory $memory) (realloc $realloc)))
        (core module $M (import "" "host" (func $host )"
        + signature + R"())
          (func (export "f") (param)"
        + params + ") (result " + (is_result_flat ? params : "i32") + R"()
            (call $host )"
        + gets + (is_result_flat ? ")" : " (i32.const 64)) (i32.const 64)") + R"())
        (core instance $m (instantiate $M (with "" (instance (export "host" (func $host))))))
        (func (export "f") (param "v" )"
        + t + ") (result " + t + R"()
          (canon lift (core func $m "f") (memory $memory) (realloc $realloc)))))";
}

TEST_F(CallTest, ArgumentsAndResultsOfEveryKind)
{
    std::vector<Value> seen;
    define("host", [&](HostContext&, std::span<Value> arguments) -> OrTrapped<Value> {
        seen.assign(arguments.begin(), arguments.end());
        return arguments[0];
    });
    const struct {
        std::string_view type, core_params;
        bool is_result_flat;
        std::vector<std::string_view> values;
    } table[] = {
        { "bool", "i32", true, { "true", "false" } },
        { "u8", "i32", true, { "0", "255" } },
        { "s8", "i32", true, { "-128", "127", "-1" } },
        { "u16", "i32", true, { "65535" } },
        { "s16", "i32", true, { "-32768", "32767" } },
        { "u32", "i32", true, { "4294967295" } },
        { "s32", "i32", true, { "-2147483648", "-1" } },
        { "u64", "i64", true, { "18446744073709551615" } },
        { "s64", "i64", true, { "-9223372036854775808", "-1" } },
        { "f32", "f32", true, { "-0.5", "nan", "-inf" } },
        { "f64", "f64", true, { "0.1", "nan", "inf" } },
        { "char", "i32", true, { "'a'", "'\xf0\x9f\x99\x82'", "'\xed\x9f\xbf'", "'\xf4\x8f\xbf\xbf'" } },
        { "string", "i32 i32", false, { "\"\"", "\"a\"", "\"h\xc3\xa9llo \xf0\x9f\x99\x82\"" } },
        { "(list u8)", "i32 i32", false, { "[]", "[1, 2, 255]" } },
        { "(list s64)", "i32 i32", false, { "[-1]" } },
        { "(list bool)", "i32 i32", false, { "[true, false]" } },
        { "(list (list string))", "i32 i32", false, { "[[], [\"a\", \"\"], [\"b\"]]" } },
        { "(list u16 3)", "i32 i32 i32", false, { "[1, 2, 65535]" } },
        { "(list (tuple u8 u16) 2)", "i32 i32 i32 i32", false, { "[(1, 2), (3, 65535)]" } },
        { "(tuple u8 f64)", "i32 f64", false, { "(1, 2.5)" } },
        { "(tuple s16)", "i32", true, { "(-1)" } },
        { "(tuple s8 s16 s32 s64 bool char string)", "i32 i32 i32 i64 i32 i32 i32 i32", false,
            { "(-1, -2, -3, -4, true, 'x', \"y\")" } },
        { "(option u8)", "i32 i32", false, { "none", "some(7)" } },
        { "(option (option u64))", "i32 i32 i64", false, { "none", "some(none)", "some(some(1))" } },
        { "(result)", "i32", true, { "ok", "err" } },
        { "(result f32 (error s32))", "i32 i32", false, { "ok(1.5)", "err(-1)", "ok(nan)" } },
        { "(result f64 (error f32))", "i32 i64", false, { "ok(-2.5)", "err(-1.5)" } },
        { "(result string (error u64))", "i32 i64 i32", false, { "ok(\"x\")", "err(18446744073709551615)" } },
    };
    for (const auto& row : table) {
        SCOPED_TRACE(row.type);
        const Instance& instance = make(passing_on(row.type, row.core_params, row.is_result_flat));
        for (const std::string_view value : row.values) {
            EXPECT_EQ(call(instance, "f(" + std::string(value) + ")"), value);
            ASSERT_EQ(seen.size(), 1u);
            EXPECT_EQ(to_wave(seen[0], *instance.find_func("f")->shape->result), value);
        }
    }
}

/// A component that passes a value of a named type through two components to the host.
std::string passing_on_twice(const std::string& type, std::string_view core_params, bool is_result_flat)
{
    const std::string named = "(type $t' " + type + ") (import \"t\" (type $t (eq $t')))";
    const auto part = [&](const std::string& name) {
        std::string text = passing_on("$t", core_params, is_result_flat);
        return text.insert(sizeof("(component"), "$" + name + " " + named);
    };
    return "(component " + named + R"((import "host" (func $host (param "v" $t) (result $t))))" + part("A")
        + part("B") + R"(
        (instance $a (instantiate $A (with "t" (type $t)) (with "host" (func $host))))
        (instance $b (instantiate $B (with "t" (type $t)) (with "host" (func $a "f"))))
        (func (export "f") (alias export $b "f"))))";
}

/// What a call between components says of its arguments, for values of every kind. The types have
/// names. For results, see the test `session.components_state`.
TEST_F(CallTest, DebuggersSeeArgumentsOfEveryKind)
{
    std::vector<std::string> seen;
    define("host", [&](HostContext& context, std::span<Value> arguments) -> OrTrapped<Value> {
        walk_frames(context.thread, [&](const Frame& frame) {
            if (frame.activity)
                for (const HostActivity::Row& row : frame.activity->rows())
                    seen.push_back(row.name + ": " + row.type + " = " + row.value);
            return true;
        });
        return arguments[0];
    });
    const struct {
        const char *type, *core_params;
        bool is_result_flat;
        std::vector<const char*> values;
    } table[] = {
        { "bool", "i32", true, { "true" } },
        { "s8", "i32", true, { "-128" } },
        { "u16", "i32", true, { "65535" } },
        { "s64", "i64", true, { "-9223372036854775808" } },
        { "f32", "f32", true, { "-0.5" } },
        { "f64", "f64", true, { "inf" } },
        { "char", "i32", true, { "'\xf0\x9f\x99\x82'" } },
        { "string", "i32 i32", false, { "\"\"", "\"h\xc3\xa9llo\"" } },
        { "(list u8)", "i32 i32", false, { "[]", "[1, 2, 255]" } },
        { "(list string)", "i32 i32", false, { "[\"a\", \"\"]" } },
        { "(list u16 3)", "i32 i32 i32", false, { "[1, 2, 65535]" } },
        { "(map string u8)", "i32 i32", false, { "[(\"a\", 1)]" } },
        { "(record (field \"x\" s32) (field \"label\" string))", "i32 i32 i32", false,
            { "{x: -1, label: \"p\"}" } },
        { "(tuple u8 f64)", "i32 f64", false, { "(1, 2.5)" } },
        { "(variant (case \"days\" u32) (case \"forever\"))", "i32 i32", false, { "days(30)", "forever" } },
        { "(enum \"red\" \"green\")", "i32", true, { "green" } },
        { "(flags \"read\" \"write\")", "i32", true, { "{}", "{read, write}" } },
        { "(option u8)", "i32 i32", false, { "none", "some(7)" } },
        { "(result string (error u64))", "i32 i64 i32", false, { "ok(\"x\")", "err(1)" } },
    };
    for (const auto& row : table) {
        SCOPED_TRACE(row.type);
        const Instance& instance = make(passing_on_twice(row.type, row.core_params, row.is_result_flat));
        for (const std::string value : row.values) {
            seen.clear();
            EXPECT_EQ(call(instance, "f(" + value + ")"), value);
            // Between the components, and that of the host.
            EXPECT_THAT(seen, testing::ElementsAre("v: t = " + value, "v: t = " + value));
        }
    }
}

TEST_F(CallTest, AResultThatDoesNotFitItsTypeIsATrap)
{
    const std::pair<std::string_view, Value> table[] = {
        { "bool", { 2 } },
        { "char", { 0xd800 } },
        { "char", { 0x110000 } },
        { "(result)", { 2 } },
        { "(tuple s16)", {} },
    };
    Value next;
    define("host", [&](HostContext&, std::span<Value>) -> OrTrapped<Value> { return next; });
    for (const auto& [type, value] : table) {
        next = value;
        const Instance& instance = make(passing_on(type, "i32", true));
        const Func& func = *instance.find_func("f");
        Value argument { 'a' };
        if (func.shape->result->kind == ComponentKind::Tuple)
            argument = { 0, Value::Nodes { { 1 } } };
        else if (func.shape->result->kind != ComponentKind::Char)
            argument = { 1 };
        EXPECT_THAT(call(func, { argument }), HasSubstr("does not fit")) << type;
    }
    next = { 0, "\xff"s };
    EXPECT_THAT(call(make(passing_on("string", "i32 i32", false)), "f(\"\")"), HasSubstr("does not fit"));
}

// -- Limits

/// Refuses everything, as if the system had no resources left.
class NothingLeft : public Refusals {
public:
    bool attempt(Refusable, const std::function<bool()>&) override { return false; }
};

TEST_F(CallTest, WithoutResourcesThereAreErrors)
{
    const auto component = load(caller_and_callee);
    const Instance& instance = make(caller_and_callee);
    const Instance& growing = make("(component (type $r (resource (rep i32)))"
                                   "(core func $new (canon resource.new $r))"
                                   "(func (export \"new\") (param \"rep\" u32) (result u32)"
                                   "  (canon lift (core func $new))))");
    NothingLeft nothing;
    guest_.store.refusals = &nothing;
    EXPECT_THAT(call(growing, "new(1)"), HasSubstr("trap: "));
    EXPECT_THAT(call(instance, "fine()"), testing::AnyOf("7", HasSubstr("trap: ")));
    const Made made = linker_.instantiate(guest_.thread, component);
    ASSERT_FALSE(made);
    EXPECT_FALSE(text_of(made.error()).empty());
    guest_.store.refusals = nullptr;
    EXPECT_EQ(call(make(caller_and_callee), "fine()"), "7");
}

/// A handle that the store has no room for is a trap of the guest, which ends it.
TEST_F(CallTest, ATableOfHandlesThatCannotGrow)
{
    guest_.store.limiter = [](Resource resource, uint64_t, uint64_t desired) {
        return resource != Resource::Table || desired <= 16;
    };
    const Instance& instance = make("(component (type $r (resource (rep i32)))"
                                    "(core func $new (canon resource.new $r))"
                                    "(func (export \"new\") (param \"rep\" u32) (result u32)"
                                    "  (canon lift (core func $new))))");
    for (int i = 1; i < 16; ++i)
        EXPECT_EQ(call(instance, "new(1)"), std::to_string(i));
    EXPECT_THAT(call(instance, "new(1)"), HasSubstr("resource table has no free keys"));
    EXPECT_THAT(call(instance, "new(1)"), HasSubstr(cannot_enter));
}

/// Each failed call would otherwise take memory until the store ends.
TEST_F(CallTest, FailedCallsAreUsedAgain)
{
    const Instance& instance = make(caller_and_callee);
    EXPECT_THAT(call(instance, "trap()"), HasSubstr("unreachable"));
    Components& components = Components::of(guest_.store);
    const Call* const next = &components.take_call();
    components.give_back(const_cast<Call&>(*next));
    for (int i = 0; i < 10; ++i)
        EXPECT_THAT(call(instance, "fine()"), HasSubstr(cannot_enter));
    EXPECT_EQ(&components.take_call(), next);
}

/// Lists of a guest that share their memory.
TEST_F(CallTest, ValuesThatAreLargerThanTheGuestAreRefused)
{
    int calls = 0;
    define("host", [&](HostContext&, std::span<Value>) -> OrTrapped<Value> {
        ++calls;
        return Value {};
    });
    const auto text = [](std::string_view type) {
        return "(component "s + std::string(libc) + R"(
            (import "host" (func $host (param "v" )"
            + std::string(type) + R"()))
            (core func $host (canon lower (func $host) (memory $memory) (realloc $realloc)))
            (core module $M
              (import "" "host" (func $host (param i32 i32)))
              (import "" "memory" (memory 1))
              (func (export "f") (param $count i32) (param $length i32) (local $i i32)
                (drop (memory.grow (i32.const 200)))
                (loop $more
                  (i32.store offset=65536 (i32.shl (local.get $i) (i32.const 3)) (i32.const 65536))
                  (i32.store offset=65540 (i32.shl (local.get $i) (i32.const 3)) (local.get $length))
                  (local.set $i (i32.add (local.get $i) (i32.const 1)))
                  (br_if $more (i32.lt_u (local.get $i) (local.get $count))))
                (call $host (i32.const 65536) (local.get $count))))
            (core instance $m (instantiate $M (with "" (instance
              (export "host" (func $host)) (export "memory" (memory $memory))))))
            (func (export "f") (param "count" u32) (param "length" u32)
              (canon lift (core func $m "f")))))";
    };
    for (const std::string_view type : { "(list (list u8))", "(list (list (tuple u8)))" }) {
        SCOPED_TRACE(type);
        EXPECT_EQ(call(make(text(type)), "f(10, 1000)"), "");
        EXPECT_THAT(call(make(text(type)), "f(100000, 8000000)"), HasSubstr("bytes in the host"));
    }
    EXPECT_EQ(calls, 2);
}

TEST_F(CallTest, ParametersThatAreLargerThanAnyMemory)
{
    std::string params;
    for (int i = 0; i < 17; ++i)
        params += " (param \"p" + std::to_string(i) + "\" (list u64 33554431))";
    const Instance& instance = make("(component " + std::string(libc) + R"(
        (core module $M (func (export "f") (param i32)))
        (core instance $m (instantiate $M))
        (func $f)"
        + params + R"( (canon lift (core func $m "f") (memory $memory) (realloc $realloc)))
        (component $Caller
          (import "f" (func $f)"
        + params + R"())
          (core module $Memory (memory (export "memory") 1))
          (core instance $memory (instantiate $Memory))
          (alias core export $memory "memory" (core memory $memory))
          (core func $f (canon lower (func $f) (memory $memory)))
          (core module $M (import "" "f" (func $f (param i32))) (func (export "g") (call $f (i32.const 0))))
          (core instance $m (instantiate $M (with "" (instance (export "f" (func $f))))))
          (func (export "g") (canon lift (core func $m "g"))))
        (instance $caller (instantiate $Caller (with "f" (func $f))))
        (alias export $caller "g" (func $g))
        (export "g" (func $g))))");
    EXPECT_EQ(instance.find_func("g") != nullptr, true);
    EXPECT_THAT(call(instance, "g()"), HasSubstr("out of bounds"));
}

/// Many instances of a module with many parts.
TEST_F(CallTest, InstancesThatAreTooLargeTogetherAreRefused)
{
    std::string text = "(component (core module $m (func $f)";
    for (int i = 0; i < 5000; ++i)
        text += "(export \"" + std::to_string(i) + "\" (func $f))";
    text += ")";
    for (int i = 0; i < 2000; ++i)
        text += "(core instance (instantiate $m))";
    const Made made = try_to_make(text + ")");
    ASSERT_FALSE(made);
    EXPECT_THAT(text_of(made.error()), HasSubstr("too many instances"));
}

/// Each level has two instances of the level below.
TEST_F(CallTest, AFileThatDescribesTooManyInstancesIsRefused)
{
    std::string text = "(component)";
    for (int i = 0; i < 40; ++i)
        text = "(component (component $c " + text.substr(10)
            + " (instance (instantiate $c)) (instance (instantiate $c)))";
    const Made made = try_to_make(text);
    ASSERT_FALSE(made);
    EXPECT_THAT(text_of(made.error()), HasSubstr("too many instances"));
}

} // namespace
} // namespace vitrine::core::component::test
