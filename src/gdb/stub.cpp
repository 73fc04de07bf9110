// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "gdb/stub.h"

#include "base/text.h"
#include "gdb/monitor.h"
#include "gdb/packet.h"

#include <algorithm>

namespace vitrine::core::gdb {

namespace {

// Errors have numbers. LLDB shows only the text.
constexpr unsigned bad_request = 0x01;
constexpr unsigned no_memory = 0x02;
constexpr unsigned not_written = 0x09;
constexpr unsigned no_such_register = 0x45;

// The numbers of Linux, which LLDB expects.
constexpr int signal_interrupt = 2;
constexpr int signal_trap = 5;
constexpr int signal_abort = 6;
constexpr int signal_arithmetic = 8;
constexpr int signal_access = 11;

constexpr std::string_view triple = "wasm32-unknown-unknown-wasm";

std::string hex_text(std::string_view text) { return hex_of(bytes_of(text)); }

std::string escape_json(std::string_view text)
{
    std::string escaped;
    for (const char byte : text) {
        if (static_cast<uint8_t>(byte) < ' ') {
            escaped += "\\u00" + hex_digits(static_cast<uint8_t>(byte), 2);
            continue;
        }
        if (byte == '"' || byte == '\\')
            escaped += '\\';
        escaped += byte;
    }
    return escaped;
}

/// The lowest `count` bytes in hexadecimal, least significant first.
std::string little_endian(uint64_t value, int count)
{
    std::string text;
    for (; count > 0; --count, value >>= 8)
        text += hex_digits(value & 0xff, 2);
    return text;
}

/// Hexadecimal without leading zeros: `48` for 0x48.
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

std::string thread_name(uint32_t thread) { return thread == 1 ? "main" : "thread " + std::to_string(thread); }

std::string_view watch_key(ask::Watch::Kind kind)
{
    switch (kind) {
    case ask::Watch::Kind::Write: return "watch";
    case ask::Watch::Kind::Read: return "rwatch";
    case ask::Watch::Kind::Access: return "awatch";
    }
    std::unreachable();
}

/// The signal that a Unix process would receive.
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

/// `W` with the exit status, or `X` with the signal that would have ended a Unix process.
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

Result<void> Stub::open(debug::Listener listener)
{
    listener_ = std::move(listener);
    return update_control();
}

Stub::Stub(debug::Session& session, Process process)
    : session_(session),
      process_(process),
      view_(session),
      monitor_(std::make_unique<Monitor>(view_)),
      was_let_go_(process == Process::FreeCall || process == Process::SharedCall)
{}

/// The console must leave the client before the client is destroyed.
Stub::~Stub() { monitor_->leave(); }

Result<void> Stub::attach(bool ends_with_client)
{
    client_ = Client::Still;
    monitor_ = std::make_unique<Monitor>(view_);
    ends_with_client_ = ends_with_client && process_ != Process::Owner;
    is_greeting_ = wants_error_texts_ = wants_interrupt_ = false;
    holds_guest_ = false;
    is_told_ = false;
    last_resume_ = {};
    const auto taken = update_control();
    if (!taken)
        client_ = Client::Nobody;
    return taken;
}

void Stub::lose()
{
    if (is_attached() && ends_with_client_)
        return kill();
    if (is_attached()) {
        const bool goes_on = process_ == Process::SharedCall && !control_->has_company();
        leave(true);
        if (goes_on)
            let_go({});
    }
    (void)update_control();
}

std::optional<std::string> Stub::close()
{
    const bool is_awaited = client_ == Client::Runs;
    is_closed_ = true;
    leave(false);
    (void)update_control();
    return is_awaited ? std::optional(end_.value_or("W00")) : std::nullopt;
}

/// Other clients of the session can resume the guest, too. Without any, it waits for the next LLDB.
void Stub::leave(bool holds_guest)
{
    const bool is_alone = process_ != Process::Owner || !control_ || !control_->has_company();
    holds_guest_ = holds_guest && is_alone && process_ != Process::SharedCall;
    if (holds_guest_ && !stop_ && is_free())
        session_.interrupt();
    view_.remove_all_stops();
    client_ = Client::Nobody;
    was_let_go_ = !holds_guest || process_ == Process::SharedCall;
}

bool Stub::wants_control() const
{
    const bool is_shared = process_ == Process::Owner || process_ == Process::SharedCall;
    return !is_closed_ && (!is_shared || is_attached() || holds_guest_);
}

/// Attaches to the session or detaches from it, as `wants_control` says.
Result<void> Stub::update_control()
{
    if (!wants_control()) {
        monitor_->leave();
        view_.use(nullptr);
        control_.reset();
        return {};
    }
    if (control_)
        return {};
    control_ = TRY(debug::Client::attach(session_, "LLDB", debug::Client::Kind::Exclusive, listener_));
    view_.use(control_.get());
    // Events up to now were not reported.
    if (const auto reason = session_.stopped(); reason && !stop_)
        (void)on_stop(*reason);
    return {};
}

void Stub::forget_stop()
{
    stop_.reset();
    view_.on_resume();
}

void Stub::let_go(const debug::Resume& how)
{
    if (!stop_)
        return;
    forget_stop();
    last_resume_ = how;
    // Fails only if somebody else has ended the stop. The next event says what happened.
    if (control_)
        (void)control_->resume(how);
}

bool Stub::is_anything_running() const
{
    return !session_.is_idle() || std::ranges::any_of(session_.threads(), &debug::ThreadInfo::is_running);
}

std::optional<std::string> Stub::on_event(const debug::Event& event)
{
    if (!control_)
        return std::nullopt;
    if (const auto* reason = std::get_if<debug::StopReason>(&event))
        return on_stop(*reason);
    return on_end(std::get<debug::Outcome>(event));
}

/// Whether the guest stopped only to report new instances to the client.
bool Stub::is_ours(const debug::StopReason& reason) const
{
    return reason.kind == debug::StopKind::Load && !session_.stops_on().load;
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
    if (is_ours(reason) && (!is_attached() || !view_.modules().have_news())) {
        let_go(last_resume_);
        return std::nullopt;
    }
    is_told_ = client_ == Client::Runs;
    wants_interrupt_ = false;
    if (is_told_) {
        client_ = Client::Still;
        return stop_text(reason, true);
    }
    if (client_ == Client::Nobody && was_let_go_)
        let_go({});
    return std::nullopt;
}

std::optional<std::string> Stub::on_end(const debug::Outcome& outcome)
{
    forget_stop();
    last_resume_ = {};
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
    if (process_ != Process::Owner || is_anything_running()) {
        session_.interrupt();
        return std::nullopt;
    }
    client_ = Client::Still;
    return idle_text();
}

Stub::Cause Stub::cause_of(const debug::StopReason& reason) const
{
    const int signal = signal_of(reason);
    const Cause in_words { signal, "exception", monitor_->reason_text(reason) };
    switch (reason.kind) {
    case debug::StopKind::Breakpoint:
        return view_.is_at_breakpoint() ? Cause { signal, "breakpoint" } : in_words;
    case debug::StopKind::Watchpoint: {
        const auto watch = view_.find_watchpoint(reason.id);
        return watch ? Cause { .signal = signal, .reason = "watchpoint", .watch = watch } : in_words;
    }
    case debug::StopKind::Throw:
    case debug::StopKind::Exit:
    case debug::StopKind::ComponentCall:
    case debug::StopKind::Trap: return in_words;
    case debug::StopKind::Step:
        // LLDB waits for a return and would ignore a step.
        return reason.text.empty() ? Cause { signal, "trace" } : Cause { signal, "exception", reason.text };
    case debug::StopKind::Load:
        if (session_.stops_on().load)
            return in_words;
        return { signal, "signal" };
    case debug::StopKind::Entry:
    case debug::StopKind::Interrupt:
    case debug::StopKind::CallEnd: return { signal, "signal" };
    }
    std::unreachable();
}

std::string Stub::place_text(uint32_t thread) const { return little_endian(view_.pc(thread), 8); }

std::string Stub::thread_text(uint32_t thread, const Cause& cause)
{
    return "T" + hex_digits(static_cast<unsigned>(cause.signal), 2) + "thread:" + number(thread)
        + ";name:" + thread_name(thread) + ";";
}

/// The first report of new instances has no reason. LLDB then resumes by itself.
std::string Stub::stop_text(const debug::StopReason& reason, bool is_first_telling)
{
    const bool is_passing = is_first_telling && is_ours(reason);
    const Cause cause = is_passing ? Cause { 0 } : cause_of(reason);
    std::string text = thread_text(reason.thread, cause);
    std::string ids, places;
    for (const uint32_t thread : view_.threads()) {
        ids += (ids.empty() ? "" : ",") + number(thread);
        places += (places.empty() ? "" : ",") + number(view_.pc(thread));
    }
    text += "threads:" + ids + ";thread-pcs:" + places + ";00:" + place_text(reason.thread) + ";";
    if (view_.modules().have_news())
        text += "library:;";
    if (!cause.reason.empty())
        text += "reason:" + std::string(cause.reason) + ";";
    if (cause.watch)
        text += std::string(watch_key(cause.watch->kind)) + ":" + number(cause.watch->address) + ";";
    if (!cause.description.empty())
        text += "description:" + hex_text(cause.description) + ";";
    return text;
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
    // Somebody else has ended the stop. The next event says what happened to the guest.
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
        libraries_ = view_.modules().list();
    if (asked.offset >= libraries_.size())
        return { "l" };
    const std::string_view rest = std::string_view(libraries_).substr(asked.offset);
    // Escaped, a byte takes at most two of the packet's.
    const std::string_view piece =
        rest.substr(0, std::min<uint64_t>(asked.length, (max_payload_size - 1) / 2));
    return { (piece.size() == rest.size() ? "l" : "m") + escape_binary(bytes_of(piece)) };
}

Stub::Answer Stub::on(const ask::ThreadList& asked)
{
    if (!asked.is_first)
        return { "l" };
    std::string ids;
    for (const uint32_t thread : view_.threads())
        ids += (ids.empty() ? "m" : ",") + number(thread);
    return { std::move(ids) };
}

Stub::Answer Stub::on(const ask::CurrentThread&) { return { "QC" + number(view_.thread()) }; }

Stub::Answer Stub::no_thread(uint64_t thread) const
{
    return error(bad_request, "there is no thread " + std::to_string(thread));
}

Stub::Answer Stub::on(const ask::ThreadExists& asked)
{
    const auto threads = view_.threads();
    const bool is_there = !asked.thread || std::ranges::find(threads, *asked.thread) != threads.end();
    return is_there ? Answer { "OK" } : no_thread(*asked.thread);
}

Stub::Answer Stub::on(const ask::SelectThread& asked)
{
    if (asked.is_for_going_on)
        return on(ask::ThreadExists { asked.thread });
    return !asked.thread || view_.select(*asked.thread) ? Answer { "OK" } : no_thread(*asked.thread);
}

Stub::Answer Stub::on(const ask::ThreadsInfo&)
{
    if (!stop_)
        return error(bad_request, "the program is not stopped");
    std::string text;
    for (const uint32_t thread : view_.threads()) {
        const Cause cause = thread == stop_->thread ? cause_of(*stop_) : Cause { 0 };
        std::string row = "{\"tid\":" + std::to_string(thread) + ",\"name\":\"" + thread_name(thread)
            + "\",\"registers\":{\"0\":\"" + place_text(thread) + "\"}";
        if (!cause.reason.empty())
            row += ",\"signal\":" + std::to_string(cause.signal) + ",\"reason\":\""
                + std::string(cause.reason) + "\"";
        // The watched address, an index, and the address that was accessed.
        const std::string description = cause.watch
            ? std::to_string(cause.watch->address) + " 0 " + std::to_string(cause.watch->address)
            : cause.description;
        if (!description.empty())
            row += ",\"description\":\"" + escape_json(description) + "\"";
        text += (text.empty() ? "[" : ",") + row + "}";
    }
    return { escape_binary(bytes_of(text + "]")) };
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
    if (process_ == Process::Owner && !is_anything_running())
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
    if (!stop_)
        return error(bad_request, "the program is not stopped");
    if (!asked.thread || *asked.thread == stop_->thread)
        return { stop_text(*stop_) };
    const auto threads = view_.threads();
    const auto found = std::ranges::find(threads, *asked.thread);
    if (found == threads.end())
        return no_thread(*asked.thread);
    return { thread_text(*found, { 0 }) + "00:" + place_text(*found) + ";" };
}

Stub::Answer Stub::on(const ask::CallStack& asked)
{
    if (asked.thread && !view_.select(*asked.thread))
        return no_thread(*asked.thread);
    std::string text;
    for (const uint64_t place : view_.call_stack())
        text += little_endian(place, 8);
    return { std::move(text) };
}

Stub::Answer Stub::on(const ask::ReadRegister& asked)
{
    if (asked.number != 0)
        return error(bad_request, "there is one register, with the number 0");
    if (asked.thread && !view_.select(*asked.thread))
        return no_thread(*asked.thread);
    return { place_text(view_.thread()) };
}

Stub::Answer Stub::on(const ask::WriteRegister& asked)
{
    if (asked.number != 0)
        return error(bad_request, "there is one register, with the number 0");
    if (!stop_)
        return error(bad_request, "the program is not stopped");
    if (asked.thread && !view_.select(*asked.thread))
        return no_thread(*asked.thread);
    const auto jumped = view_.jump(asked.value);
    return jumped ? Answer { "OK" } : error(bad_request, jumped.error().message);
}

Stub::Answer Stub::on(const ask::ReadLocal& asked)
{
    const auto local = view_.local(asked.frame, asked.index);
    if (!local || local->type.kind() != ValueKind::I32)
        return value(local);
    const uint32_t memory = view_.memory_id_of(asked.frame);
    return memory == 0 ? value(local) : Answer { little_endian(local->low, 4) + little_endian(memory, 4) };
}

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

/// `Z0` and `Z1`.
Stub::Answer Stub::on(const ask::SetBreakpoint& asked)
{
    const auto added = view_.add_breakpoint(asked.address);
    return added ? Answer { "OK" } : error(bad_request, added.error().message);
}

/// `z0` and `z1`.
Stub::Answer Stub::on(const ask::RemoveBreakpoint& asked)
{
    view_.remove_breakpoint(asked.address);
    return { "OK" };
}

/// `Z2` to `Z4`.
Stub::Answer Stub::on(const ask::SetWatchpoint& asked)
{
    const auto added = view_.add_watchpoint(asked.watch);
    return added ? Answer { "OK" } : error(bad_request, added.error().message);
}

/// `z2` to `z4`.
Stub::Answer Stub::on(const ask::RemoveWatchpoint& asked)
{
    view_.remove_watchpoint(asked.watch);
    return { "OK" };
}

Stub::Answer Stub::on(const ask::WatchpointCount&)
{
    return { "num:" + std::to_string(max_watchpoints) + ";" };
}

std::optional<debug::Resume> Stub::plan(const ask::Resume& asked) const
{
    using Kind = debug::Resume::Kind;
    std::vector<uint32_t> go, step;
    const std::vector<uint32_t> threads = view_.threads();
    for (const uint32_t thread : threads) {
        const auto action = std::ranges::find_if(asked.actions,
            [&](const ask::Resume::Action& action) { return action.thread.value_or(thread) == thread; });
        if (action != asked.actions.end())
            (action->is_step ? step : go).push_back(thread);
    }
    const bool goes_all = go.size() + step.size() == threads.size();
    if (!step.empty()) {
        // The first thread that finishes its step stops all. If several shall step, one does.
        const bool is_stopped_one = stop_ && std::ranges::find(step, stop_->thread) != step.end();
        const uint32_t thread = is_stopped_one ? stop_->thread : step.front();
        if (go.empty() || goes_all)
            return debug::Resume { .kind = Kind::Step, .thread = thread, .is_alone = go.empty() };
    } else if (goes_all) {
        return debug::Resume {};
    } else if (go.size() == 1) {
        return debug::Resume { .thread = go.front(), .is_alone = true };
    }
    return std::nullopt;
}

Stub::Answer Stub::on(const ask::Resume& asked)
{
    if (client_ == Client::Runs)
        return error(bad_request, "the guest is running");
    if (end_)
        return { *end_ };
    auto how = plan(asked);
    if (!how)
        return error(bad_request, "either one thread goes on alone, or all do");
    // To step over a function's last line, LLDB sets a breakpoint after the function, which is
    // never reached.
    const bool goes_on =
        how->kind == debug::Resume::Kind::Go && (how->thread == 0 || how->thread == view_.stopped_thread());
    if (stop_ && goes_on && view_.waits_for_return())
        *how = { .kind = debug::Resume::Kind::StepOut, .thread = view_.stopped_thread() };
    was_let_go_ = true;
    if (stop_ && !is_told_) {
        is_told_ = true;
        return { stop_text(*stop_, true) };
    }
    if (stop_ && how->kind == debug::Resume::Kind::Step && view_.take_hidden_move(how->thread)) {
        // The thread was sent to another place without executing anything. The client learns of it
        // as the end of a step.
        stop_ = debug::StopReason { .kind = debug::StopKind::Step, .thread = how->thread };
        return { stop_text(*stop_) };
    }
    client_ = Client::Runs;
    is_greeting_ = wants_interrupt_ = false;
    let_go(*how);
    return {};
}

/// LLDB also detaches when it quits, and when `run` restarts the guest.
Stub::Answer Stub::on(const ask::Detach& asked)
{
    if (ends_with_client_) {
        kill();
    } else {
        leave(asked.stays_stopped);
        if (!asked.stays_stopped)
            let_go({});
        (void)update_control();
    }
    return { "OK", Answer::After::Close };
}

void Stub::kill()
{
    leave(false);
    forget_stop();
    // A call that has not started yet is ended at its first stop.
    was_killed_ = process_ != Process::Owner && session_.is_idle() && !end_;
    session_.kill();
    (void)update_control();
}

Stub::Answer Stub::on(const ask::Kill&)
{
    kill();
    return { "X09", Answer::After::Close };
}

Stub::Answer Stub::on(const ask::Monitor& asked)
{
    return { "OK", Answer::After::GoOn, monitor_->answer(asked.command) };
}

} // namespace vitrine::core::gdb
