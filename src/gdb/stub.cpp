// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "gdb/stub.h"

#include "base/text.h"
#include "gdb/monitor.h"
#include "gdb/packet.h"

#include <algorithm>

namespace vitrine::core::gdb {

namespace {

// Errors have numbers; LLDB looks at the text, if at anything.
constexpr unsigned bad_request = 0x01;
constexpr unsigned no_memory = 0x02;
constexpr unsigned not_written = 0x09;
constexpr unsigned no_such_register = 0x45;

// Linux's numbers, as LLDB expects them.
constexpr int signal_interrupt = 2;
constexpr int signal_trap = 5;
constexpr int signal_abort = 6;
constexpr int signal_arithmetic = 8;
constexpr int signal_access = 11;

constexpr std::string_view triple = "wasm32-unknown-unknown-wasm";

std::string hex_text(std::string_view text) { return hex_of(bytes_of(text)); }

/// The lowest `count` bytes, the lowest first.
std::string little_endian(uint64_t value, int count)
{
    std::string text;
    for (; count > 0; --count, value >>= 8)
        text += hex_digits(value & 0xff, 2);
    return text;
}

/// `48` for 0x48: as short as it can be.
std::string number(uint64_t value) { return hex(value).substr(2); }

std::string value_text(const Value& value)
{
    switch (value.type.kind()) {
    case ValueKind::I32:
    case ValueKind::F32: return little_endian(value.low, 4);
    case ValueKind::V128: return little_endian(value.low, 8) + little_endian(value.high, 8);
    default: return little_endian(value.low, 8);
    }
}

/// What a Unix process would have been sent.
int signal_of(TrapKind trap)
{
    switch (trap) {
    case TrapKind::Unreachable: return signal_abort;
    case TrapKind::IntegerDivideByZero:
    case TrapKind::IntegerOverflow:
    case TrapKind::InvalidConversionToInteger: return signal_arithmetic;
    case TrapKind::MemoryOutOfBounds:
    case TrapKind::StackOverflow: return signal_access;
    default: return signal_trap;
    }
}

int signal_of(const debug::StopReason& reason)
{
    if (reason.kind == debug::StopKind::Interrupt)
        return signal_interrupt;
    return reason.kind == debug::StopKind::Trap ? signal_of(reason.trap) : signal_trap;
}

/// `W` with the exit status, or `X` with the signal that a Unix process would have died of.
std::string end_text(const debug::Outcome& outcome)
{
    if (outcome)
        return "W00";
    const Trap* trap = std::get_if<Trap>(&outcome.error());
    if (!trap)
        return "W01";
    switch (trap->kind) {
    case TrapKind::Exit: return "W" + hex_digits(static_cast<uint8_t>(trap->exit_status), 2);
    case TrapKind::Killed: return "X09";
    default: return "X06";
    }
}

} // namespace

void Stub::attach()
{
    client_ = Client::Still;
    is_greeting_ = wants_error_texts_ = wants_interrupt_ = false;
    holds_guest_ = false;
    is_told_ = false;
}

void Stub::lose()
{
    if (is_attached())
        leave(true);
}

std::optional<std::string> Stub::close()
{
    const bool is_awaited = client_ == Client::Runs;
    leave(false);
    return is_awaited ? std::optional(end_.value_or("W00")) : std::nullopt;
}

void Stub::leave(bool holds_guest)
{
    if (holds_guest && !stop_ && is_free())
        session_.interrupt();
    view_.remove_all_breakpoints();
    client_ = Client::Nobody;
    holds_guest_ = holds_guest;
    was_let_go_ = !holds_guest;
}

void Stub::catch_up()
{
    if (const auto reason = session_.stopped(); reason && !stop_)
        (void)on_stop(*reason);
}

void Stub::forget_stop()
{
    stop_.reset();
    view_.on_resume();
}

void Stub::let_go(debug::Resume::Kind how)
{
    if (!stop_)
        return;
    forget_stop();
    // Refused only when somebody else has ended the stop; the next event tells what became of it.
    (void)session_.resume({ how });
}

std::optional<std::string> Stub::on_event(const debug::Event& event)
{
    if (const auto* reason = std::get_if<debug::StopReason>(&event))
        return on_stop(*reason);
    return on_end(std::get<debug::Outcome>(event));
}

std::optional<std::string> Stub::on_stop(const debug::StopReason& reason)
{
    if (was_killed_) {
        session_.kill();
        return std::nullopt;
    }
    const debug::Session::Look look(session_);
    if (stop_ || !look)
        return std::nullopt;
    stop_ = reason;
    view_.on_stop(reason);
    is_told_ = client_ == Client::Runs;
    wants_interrupt_ = false;
    if (is_told_) {
        client_ = Client::Still;
        return stop_text(reason);
    }
    if (client_ == Client::Nobody && was_let_go_)
        let_go(debug::Resume::Kind::Go);
    return std::nullopt;
}

std::optional<std::string> Stub::on_end(const debug::Outcome& outcome)
{
    forget_stop();
    if (process_ != Process::Owner)
        end_ = end_text(outcome);
    if (client_ != Client::Runs || (process_ == Process::Owner && !wants_interrupt_))
        return std::nullopt;
    client_ = Client::Still;
    return end_ ? *end_ : idle_text();
}

std::optional<std::string> Stub::interrupt()
{
    if (client_ != Client::Runs || is_greeting_)
        return std::nullopt;
    wants_interrupt_ = true;
    if (process_ != Process::Owner || !session_.is_idle()) {
        session_.interrupt();
        return std::nullopt;
    }
    client_ = Client::Still;
    return idle_text();
}

std::string Stub::stop_text(const debug::StopReason& reason)
{
    const uint64_t pc = view_.pc();
    std::string text = "T" + hex_digits(signal_of(reason), 2);
    text += "thread:1;name:main;threads:1;thread-pcs:" + number(pc) + ";00:" + little_endian(pc, 8) + ";";
    if (view_.has_news())
        text += "library:;";
    switch (reason.kind) {
    case debug::StopKind::Breakpoint:
        if (view_.is_at_breakpoint())
            return text + "reason:breakpoint;";
        [[fallthrough]];
    case debug::StopKind::Throw:
    case debug::StopKind::Trap:
        return text + "reason:exception;description:" + hex_text(reason.to_text()) + ";";
    case debug::StopKind::Step: return text + "reason:trace;";
    case debug::StopKind::Entry:
    case debug::StopKind::Interrupt:
    case debug::StopKind::Load:
    case debug::StopKind::Watchpoint:
    case debug::StopKind::CallEnd: return text + "reason:signal;";
    }
    std::unreachable();
}

std::string Stub::idle_text() { return stop_text({ .kind = debug::StopKind::Interrupt }); }

Stub::Answer Stub::error(unsigned code, std::string_view text) const
{
    std::string payload = "E" + hex_digits(code, 2);
    if (wants_error_texts_)
        payload += ";" + hex_text(text);
    return { std::move(payload) };
}

Stub::Answer Stub::value(const Result<Value>& value) const
{
    return value ? Answer { value_text(*value) } : error(bad_request, value.error().message);
}

Stub::Answer Stub::answer(const Request& request)
{
    const debug::Session::Look look(session_);
    // Somebody else has ended the stop; what became of the guest is told by the next event.
    if (stop_ && !look)
        forget_stop();
    return std::visit([this](const auto& asked) { return on(asked); }, request);
}

Stub::Answer Stub::on(const ask::Unknown&) { return { "" }; }

Stub::Answer Stub::on(const ask::Malformed& packet)
{
    return error(bad_request, "malformed packet " + std::string(packet.packet));
}

Stub::Answer Stub::on(const ask::Agree&) { return { "OK" }; }

Stub::Answer Stub::on(const ask::StopAcks&) { return { "OK", Answer::After::StopAcks }; }

Stub::Answer Stub::on(const ask::ErrorTexts&)
{
    wants_error_texts_ = true;
    return { "OK" };
}

Stub::Answer Stub::on(const ask::Features&)
{
    return { "PacketSize=" + number(max_packet_size)
        + ";QStartNoAckMode+;qXfer:libraries:read+;binary-upload+;vContSupported+;swbreak+;hwbreak+;"
          "qWasmInstance+" };
}

Stub::Answer Stub::on(const ask::HostInfo&)
{
    return { "triple:" + hex_text(triple) + ";endian:little;ptrsize:4;" };
}

Stub::Answer Stub::on(const ask::ProcessInfo&)
{
    return { "pid:1;triple:" + hex_text(triple) + ";endian:little;ptrsize:4;" };
}

Stub::Answer Stub::on(const ask::ResumeActions&) { return { "vCont;c;C;s;S" }; }

Stub::Answer Stub::on(const ask::RegisterInfo& asked)
{
    if (asked.number != 0)
        return { "E" + hex_digits(no_such_register, 2) };
    return { "name:pc;alt-name:pc;bitsize:64;offset:0;encoding:uint;format:hex;set:General Purpose Registers;"
             "gcc:16;dwarf:16;generic:pc;" };
}

Stub::Answer Stub::on(const ask::Libraries& asked)
{
    if (asked.offset == 0)
        libraries_ = view_.libraries();
    if (asked.offset >= libraries_.size())
        return { "l" };
    const std::string_view rest = std::string_view(libraries_).substr(asked.offset);
    // Escaped, a byte takes at most two of the packet's.
    const std::string_view piece =
        rest.substr(0, std::min<uint64_t>(asked.length, (max_payload_size - 1) / 2));
    return { (piece.size() == rest.size() ? "l" : "m") + escape_binary(bytes_of(piece)) };
}

Stub::Answer Stub::on(const ask::ThreadList& asked) { return { asked.is_first ? "m1" : "l" }; }

Stub::Answer Stub::on(const ask::CurrentThread&) { return { "QC1" }; }

Stub::Answer Stub::on(const ask::ThreadExists& asked)
{
    return asked.thread.value_or(main_thread) == main_thread
        ? Answer { "OK" }
        : error(bad_request, "there is one thread, with the number 1");
}

Stub::Answer Stub::on(const ask::LastStop&)
{
    if (end_)
        return { *end_ };
    if (client_ == Client::Runs)
        return error(bad_request, "the guest is running");
    if (stop_) {
        is_told_ = true;
        return { stop_text(*stop_) };
    }
    if (process_ == Process::Owner && session_.is_idle())
        return { idle_text() };
    is_greeting_ = true;
    client_ = Client::Runs;
    if (is_free()) {
        wants_interrupt_ = true;
        session_.interrupt();
    }
    return {};
}

Stub::Answer Stub::on(const ask::ThreadStop& asked)
{
    if (asked.thread.value_or(main_thread) != main_thread || !stop_)
        return error(bad_request, "there is no such stopped thread");
    return { stop_text(*stop_) };
}

Stub::Answer Stub::on(const ask::CallStack& asked)
{
    if (asked.thread.value_or(main_thread) != main_thread)
        return error(bad_request, "there is one thread, with the number 1");
    std::string text;
    for (const uint64_t place : view_.call_stack())
        text += little_endian(place, 8);
    return { std::move(text) };
}

Stub::Answer Stub::on(const ask::ReadRegister& asked)
{
    if (asked.number != 0)
        return error(bad_request, "there is one register, with the number 0");
    return { little_endian(view_.pc(), 8) };
}

Stub::Answer Stub::on(const ask::WriteRegister&)
{
    return error(bad_request, "where the guest is cannot be changed");
}

Stub::Answer Stub::on(const ask::ReadLocal& asked) { return value(view_.local(asked.frame, asked.index)); }

Stub::Answer Stub::on(const ask::ReadOperand& asked)
{
    return value(view_.operand(asked.frame, asked.index));
}

Stub::Answer Stub::on(const ask::ReadGlobal& asked) { return value(view_.global(asked.frame, asked.index)); }

Stub::Answer Stub::on(const ask::ReadGlobalOf& asked)
{
    return value(view_.global_of(asked.instance, asked.index));
}

Stub::Answer Stub::on(const ask::ReadMemory& asked)
{
    // Binary or not, a byte takes at most two of the packet's.
    const Bytes bytes =
        view_.read(asked.address, std::min<uint64_t>(asked.length, (max_payload_size - 1) / 2));
    if (bytes.empty() && !(asked.is_binary && asked.length == 0))
        return error(no_memory, "nothing is there");
    return { asked.is_binary ? "b" + escape_binary(bytes) : hex_of(bytes) };
}

Stub::Answer Stub::on(const ask::WriteMemory& asked)
{
    const auto written = view_.write(asked.address, asked.bytes);
    return written ? Answer { "OK" } : error(not_written, written.error().message);
}

Stub::Answer Stub::on(const ask::MemoryRegion& asked)
{
    const Region region = view_.region(asked.address);
    std::string text = "start:" + number(region.start) + ";size:" + number(region.size) + ";";
    if (!region.name.empty())
        text += "permissions:" + std::string(region.permissions) + ";name:" + hex_text(region.name) + ";";
    return { std::move(text) };
}

Stub::Answer Stub::on(const ask::SetBreakpoint& asked)
{
    const auto added = view_.add_breakpoint(asked.address);
    return added ? Answer { "OK" } : error(bad_request, added.error().message);
}

Stub::Answer Stub::on(const ask::RemoveBreakpoint& asked)
{
    view_.remove_breakpoint(asked.address);
    return { "OK" };
}

Stub::Answer Stub::on(const ask::Resume& asked)
{
    if (client_ == Client::Runs)
        return error(bad_request, "the guest is running");
    if (end_)
        return { *end_ };
    was_let_go_ = true;
    if (stop_ && !is_told_) {
        is_told_ = true;
        return { stop_text(*stop_) };
    }
    client_ = Client::Runs;
    is_greeting_ = wants_interrupt_ = false;
    let_go(asked.is_step ? debug::Resume::Kind::Step : debug::Resume::Kind::Go);
    return {};
}

Stub::Answer Stub::on(const ask::Detach& asked)
{
    leave(asked.stays_stopped);
    if (!asked.stays_stopped)
        let_go(debug::Resume::Kind::Go);
    return { "OK", Answer::After::Close };
}

Stub::Answer Stub::on(const ask::Kill&)
{
    leave(false);
    forget_stop();
    // A call that has not begun yet is ended where it first stops.
    was_killed_ = process_ != Process::Owner && session_.is_idle() && !end_;
    session_.kill();
    return { "X09", Answer::After::Close };
}

Stub::Answer Stub::on(const ask::Monitor& asked)
{
    return { "OK", Answer::After::GoOn, answer_monitor(view_, asked.command) };
}

} // namespace vitrine::core::gdb
