// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Takes any text as an expression, an assignment or a log message, depending on its first byte, in
// a frame of a guest that waits in a host function. An error must have a position in the text, and
// an assignment must leave values that can be printed and collected.

#include "eval/expression.h"
#include "debug/inspect.h"
#include "engine/engine.h"
#include "eval/message.h"
#include "exec/invoke.h"
#include "runtime/linker.h"
#include "wasm/validator.h"

#include <string_view>

using namespace vitrine::core;
using eval::Scope;

namespace {

// clang-format off
/*
(module
  (type $s (struct (field $n (mut i32)) (field (mut i8)) (field (mut v128)) (field (mut (ref null $s)))))
  (type $a (array (mut i16)))
  (import "" "stop" (func $stop))
  (memory $m 1) (memory $l i64 1)
  (data (memory $m) (i32.const 8) "text\00")
  (table $t 2 anyref) (table $f 1 funcref)
  (global $g (mut i32) (i32.const 5)) (global $c f64 (f64.const 0.5))
  (tag $e (param i32 f32))
  (func $run (export "run") (param $x i32) (param $y i64) (local $v v128) (local $s (ref null $s)) (local $a (ref $a)) (local $any anyref) (local $e exnref) (local $f f32)
    i32.const 300 i32.const 2 array.new $a local.tee $a local.set $any
    i32.const 7 i32.const 8 v128.const i32x4 1 2 3 4 ref.null $s struct.new $s local.set $s
    block $caught (result i32 f32 exnref)
      try_table (catch_ref $e $caught) i32.const 8 f32.const 0.5 throw $e end
      unreachable
    end
    local.set $e local.set $f local.get $v
    call $stop
    drop drop)
  (elem declare func $run))
*/
constexpr uint8_t module_bytes[] = {
    0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x22, 0x06, 0x5f, 0x04, 0x7f, 0x01, 0x78, 0x01,
    0x7b, 0x01, 0x63, 0x00, 0x01, 0x5e, 0x77, 0x01, 0x60, 0x00, 0x00, 0x60, 0x02, 0x7f, 0x7d, 0x00, 0x60,
    0x02, 0x7f, 0x7e, 0x00, 0x60, 0x00, 0x03, 0x7f, 0x7d, 0x69, 0x02, 0x09, 0x01, 0x00, 0x04, 0x73, 0x74,
    0x6f, 0x70, 0x00, 0x02, 0x03, 0x02, 0x01, 0x04, 0x04, 0x07, 0x02, 0x6e, 0x00, 0x02, 0x70, 0x00, 0x01,
    0x05, 0x05, 0x02, 0x00, 0x01, 0x04, 0x01, 0x0d, 0x03, 0x01, 0x00, 0x03, 0x06, 0x12, 0x02, 0x7f, 0x01,
    0x41, 0x05, 0x0b, 0x7c, 0x00, 0x44, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xe0, 0x3f, 0x0b, 0x07, 0x07,
    0x01, 0x03, 0x72, 0x75, 0x6e, 0x00, 0x01, 0x09, 0x05, 0x01, 0x03, 0x00, 0x01, 0x01, 0x0a, 0x59, 0x01,
    0x57, 0x06, 0x01, 0x7b, 0x01, 0x63, 0x00, 0x01, 0x64, 0x01, 0x01, 0x6e, 0x01, 0x69, 0x01, 0x7d, 0x41,
    0xac, 0x02, 0x41, 0x02, 0xfb, 0x06, 0x01, 0x22, 0x04, 0x21, 0x05, 0x41, 0x07, 0x41, 0x08, 0xfd, 0x0c,
    0x01, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x03, 0x00, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00, 0xd0,
    0x00, 0xfb, 0x00, 0x00, 0x21, 0x03, 0x02, 0x05, 0x1f, 0x40, 0x01, 0x01, 0x00, 0x00, 0x41, 0x08, 0x43,
    0x00, 0x00, 0x00, 0x3f, 0x08, 0x00, 0x0b, 0x00, 0x0b, 0x21, 0x06, 0x21, 0x07, 0x20, 0x02, 0x10, 0x00,
    0x1a, 0x1a, 0x0b, 0x0b, 0x0b, 0x01, 0x00, 0x41, 0x08, 0x0b, 0x05, 0x74, 0x65, 0x78, 0x74, 0x00, 0x00,
    0x71, 0x04, 0x6e, 0x61, 0x6d, 0x65, 0x01, 0x0c, 0x02, 0x00, 0x04, 0x73, 0x74, 0x6f, 0x70, 0x01, 0x03,
    0x72, 0x75, 0x6e, 0x02, 0x1d, 0x01, 0x01, 0x08, 0x00, 0x01, 0x78, 0x01, 0x01, 0x79, 0x02, 0x01, 0x76,
    0x03, 0x01, 0x73, 0x04, 0x01, 0x61, 0x05, 0x03, 0x61, 0x6e, 0x79, 0x06, 0x01, 0x65, 0x07, 0x01, 0x66,
    0x03, 0x0b, 0x01, 0x01, 0x01, 0x00, 0x06, 0x63, 0x61, 0x75, 0x67, 0x68, 0x74, 0x04, 0x07, 0x02, 0x00,
    0x01, 0x73, 0x01, 0x01, 0x61, 0x05, 0x07, 0x02, 0x00, 0x01, 0x74, 0x01, 0x01, 0x66, 0x06, 0x07, 0x02,
    0x00, 0x01, 0x6d, 0x01, 0x01, 0x6c, 0x07, 0x07, 0x02, 0x00, 0x01, 0x67, 0x01, 0x01, 0x63, 0x0a, 0x06,
    0x01, 0x00, 0x01, 0x00, 0x01, 0x6e, 0x0b, 0x04, 0x01, 0x00, 0x01, 0x65 };
// clang-format on

/// A guest whose function `run` has called `stop`, which never returns.
struct Guest {
    Guest()
    {
        auto module = load_module(
            { std::begin(module_bytes), std::end(module_bytes) }, engine->types, FeatureSet::all());
        ASSERT(module);
        Linker linker;
        ASSERT(linker.define("", "stop",
            std::make_shared<const HostFunction>(
                HostFunction { "", "stop", {}, [](HostCall&) -> HostOutcome { return Suspended {}; } })));
        auto instance = instantiate(thread, linker, *module);
        ASSERT(instance);
        const Value arguments[] = { Value::i32(7), Value::i64(0x1'0000'0000) };
        const CallEnd end =
            start_call(thread, *std::get<Function*>(*(*instance)->find_export("run")), arguments);
        ASSERT(std::holds_alternative<Suspended>(end));
        for (const Frame& each : frames_of(thread))
            if (!each.is_host())
                frame = each;
    }
    ~Guest() { cancel_call(thread); }
    Guest(const Guest&) = delete;
    Guest& operator=(const Guest&) = delete;

    std::shared_ptr<Engine> engine = std::make_shared<Engine>(
        EngineConfig { .guest_debug = true, .max_stack_bytes = 1 << 16, .features = FeatureSet::all() });
    GuestStore guest { engine };
    Store& store = guest.store;
    Thread& thread = guest.thread;
    Frame frame;
};

void check_error(const Error& error, std::string_view text)
{
    ASSERT(!error.message.empty());
    ASSERT(error.offset && *error.offset <= text.size());
}

void evaluate(const Frame& frame, std::string_view text)
{
    const auto expression = eval::Expression::compile(text, *Scope::of(frame));
    if (!expression)
        return check_error(expression.error(), text);
    const auto shown = expression->text(frame);
    if (!shown)
        return check_error(shown.error(), text);
    const auto value = expression->evaluate(frame);
    ASSERT(value.has_value() == (expression->type().kind != eval::Type::Kind::Text));
    ASSERT(!value || value->type == expression->type().value_type());
    const auto is_true = expression->is_true(frame);
    ASSERT(!is_true || *is_true == (value->low != 0));
}

void assign(std::string_view text)
{
    Guest guest;
    const auto assignment = eval::Assignment::compile(text, *Scope::of(guest.frame));
    if (!assignment)
        return check_error(assignment.error(), text);
    if (const auto done = assignment->perform(guest.frame); !done)
        check_error(done.error(), text);
    guest.store.heap.collect();
    for (const debug::Local& local : debug::locals_of(guest.frame))
        ASSERT(!local.value.to_text().empty());
    for (const Value& value : debug::operands_of(guest.frame))
        ASSERT(!value.to_text().empty());
}

void show(const Frame& frame, std::string_view text)
{
    const auto message = eval::LogMessage::compile(text, *Scope::of(frame));
    if (message)
        (void)message->text(frame);
    else
        check_error(message.error(), text);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    static const Guest guest;
    if (size == 0)
        return 0;
    const std::string_view text = text_of({ data + 1, size - 1 });
    switch (data[0]) {
    case '=': assign(text); break;
    case '{': show(guest.frame, text); break;
    default: evaluate(guest.frame, text);
    }
    return 0;
}
