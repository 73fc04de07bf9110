// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "jit/thread_machine.h"

#include "exec/code.h"
#include "exec/frame.h"
#include "exec/invoke.h"
#include "jit/exit.h"
#include "wasm/opcode.h"

#include <algorithm>
#include <utility>

namespace vitrine::core::jit {

ThreadMachine::ThreadMachine(
    const MachineShop& shop, Thread& guest, StoreCode& store, const Sites& sites, uint64_t seed)
    : shop_(shop), thread_(guest), store_(store), random_(seed)
{
    thread = &guest;
    MachineContext::call_host = [](MachineContext& context) {
        return static_cast<ThreadMachine&>(context).call_host();
    };
    store.threads.push_back(&guest);
    guest.sites = &sites;
    RequestWords& words = *guest.requests;
    words.machine = static_cast<MachineContext*>(this);
    words.exit = vitrine_exit;
    words.call_other = vitrine_call_other;
    words.call_out = vitrine_call_out;
}

ThreadMachine::~ThreadMachine()
{
    std::erase(store_.threads, &thread_);
    thread_.requests->machine = nullptr;
}

// Flattened like `invoke_slots`, which leads here.
[[gnu::flatten]] RunEnd ThreadMachine::enter() { return run(at_call()); }

RunEnd ThreadMachine::run(Next next)
{
    // An exception that leaves a host function's nested call of the guest passes machine code.
    struct Kept {
        ~Kept() { context.host_stack = host_stack; }
        MachineContext& context;
        void* const host_stack;
    } kept { *this, host_stack };
    for (;;) {
        RunEnd end = RunEnd::Returned;
        switch (next.kind) {
        case Next::Kind::Enter: end = shop_.interpreter.enter(thread_); break;
        case Next::Kind::Resume: end = shop_.interpreter.resume(thread_); break;
        case Next::Kind::GoOn:
            end = shop_.interpreter.go_on(thread_);
            break;
        [[likely]] case Next::Kind::Code: {
            const Left left = enter_code(*thread_.requests, next.target, next.entrance);
            if (left == Left::ToHost) [[likely]] {
                take_results();
                return RunEnd::Returned;
            }
            next = take_left(left);
            continue;
        }
        case Next::Kind::End: return next.end;
        }
        if (end != RunEnd::Handed)
            return end;
        next = take_over();
    }
}

/// The interpreter has handed the thread over.
ThreadMachine::Next ThreadMachine::take_over()
{
    switch (thread_.handed) {
    case Handed::Call: return at_call();
    case Handed::Loop: return at_loop();
    case Handed::Return: return at_return();
    }
    std::unreachable();
}

/// Machine code has been left.
ThreadMachine::Next ThreadMachine::take_left(Left left)
{
    switch (left) {
    case Left::ToInterpreter: return on_return_to_interpreter();
    case Left::ToHost: break;
    case Left::ToHostFunction: return on_return_to_host_function();
    case Left::Call: return on_call();
    case Left::Exit: return on_exit(StopPoint::Kind::Exit);
    case Left::Fault: return on_exit(StopPoint::Kind::Fault);
    case Left::HostCall: return next_of(turn_);
    }
    std::unreachable();
}

ThreadMachine::Next ThreadMachine::next_of(Turn turn)
{
    switch (turn) {
    case Turn::Enter: return at_call();
    case Turn::Resume: return { Next::Kind::Resume };
    case Turn::GoOn: return { Next::Kind::GoOn };
    case Turn::Returned: return { Next::Kind::End, RunEnd::Returned };
    case Turn::Trapped: return { Next::Kind::End, RunEnd::Trapped };
    case Turn::Suspended: return { Next::Kind::End, RunEnd::Suspended };
    }
    std::unreachable();
}

// Whether to run machine code, and which.

/// Whether the thread may execute machine code now. Makes the store's code fit the thread first:
/// the thread's state must be complete, and versions that were found before may be gone.
bool ThreadMachine::may_run_code()
{
    // The interpreter tells the probe what a host function may have done to watched state.
    const Watches* const watches = thread_.watches();
    if (thread_.is_any_stepping() || (watches && thread_.is_after_host)) [[unlikely]]
        return false;
    const int accesses = watches ? watches->accesses() & watched_accesses : 0;
    store_.set_mode({
        .counts_ticks = thread_.stop_tick() != UINT64_MAX || thread_.probes.find(ProbeRole::Recorder),
        .watched = static_cast<uint16_t>(accesses),
    });
    return true;
}

/// Whether the frame in `Thread::state` may be executed as machine code now: like `may_run_code`,
/// and the thread watches no local of that frame.
bool ThreadMachine::may_run_frame()
{
    if (!may_run_code())
        return false;
    const Watches* const watched = thread_.watches();
    if (!watched) [[likely]]
        return true;
    const auto begin = reinterpret_cast<uintptr_t>(thread_.state.fp);
    const auto end = begin + thread_.state.function->meta->local_slots * sizeof(Slot);
    return !watched->touches({ begin, end, false }) && !watched->touches({ begin, end, true });
}

/// Chance: false half of the time.
bool ThreadMachine::flip()
{
    // xorshift64*
    random_ ^= random_ >> 12;
    random_ ^= random_ << 25;
    random_ ^= random_ >> 27;
    return random_ * 0x2545f4914f6cdd1d >> 63;
}

const Version* ThreadMachine::version_of(const Function& function) const
{
    // With `Mixed`, calls of a function may ask although it has a version.
    return is_open(function) || is_mixed() ? store_.version_of(function) : nullptr;
}

/// The thread is as described for `Handed::Call`.
ThreadMachine::Next ThreadMachine::at_call()
{
    Function& function = *thread_.state.function;
    if (!may_run_frame() || (is_mixed() && flip())) [[unlikely]]
        return interpret_call(function);
    if (is_open(function) && !is_mixed()) [[likely]]
        return enter_function(function, function.entry);
    const Version* version = version_of(function);
    if (!version && function.heat <= Function::call_heat)
        version = store_.compile(function);
    if (!version)
        return interpret_call(function);
    if (is_mixed())
        store_.set_open(function, flip());
    return enter_function(function, version->begin);
}

/// The thread is as described for `Handed::Loop`.
ThreadMachine::Next ThreadMachine::at_loop()
{
    Function& function = *thread_.state.function;
    if (!may_run_frame())
        return interpret_loop(function);
    if (is_mixed() && flip())
        return { Next::Kind::GoOn };
    const Version* version = version_of(function);
    if (!version && function.heat <= Function::loop_heat)
        version = store_.compile(function);
    const CodeEntry* const entry = version ? version->find_entry(thread_.state.offset) : nullptr;
    if (!entry)
        return interpret_loop(function);
    set_frame(*function.instance, thread_.state.fp);
    set_control(thread_.control);
    return { .kind = Next::Kind::Code, .target = version->begin + entry->code };
}

/// The thread is as described for `Handed::Return`.
ThreadMachine::Next ThreadMachine::at_return()
{
    Slot* const results = thread_.state.fp;
    Slot* const results_end = thread_.state.sp;
    Instance& instance = *thread_.state.function->instance;
    // While code may change, the caller must be on the control stack, so that it is filled in.
    --thread_.control;
    const bool may_run = may_run_code() && !(is_mixed() && flip());
    const ReturnTo return_to = innermost_record(thread_).return_to();
    if (may_run && return_to.is_site()) {
        pop_record(thread_);
        return continue_at(reinterpret_cast<const void*>(return_to.word()), instance, results);
    }
    thread_.state = caller_of(thread_, innermost_record(thread_), results, instance);
    thread_.state.sp = results_end;
    pop_record(thread_);
    return { Next::Kind::GoOn };
}

/// A call has returned to the frame in `Thread::state`. Continues in machine code if the place is a
/// site of the function's version, and else as `otherwise` says.
ThreadMachine::Next ThreadMachine::at_place(Next::Kind otherwise)
{
    const GuestState& state = thread_.state;
    if (!state.function || !may_run_frame() || (is_mixed() && flip()))
        return { otherwise };
    const CachedPlace& place = place_at(*state.function, state.offset);
    if (!place.site || place.site->entry != state.entry)
        return { otherwise };
    Slot* const results = state.fp + place.site->fp_slots;
    if (results > state.sp)
        return { otherwise };
    return continue_at(place.code, *state.function->instance, results);
}

/// Interprets a call whose function may be so hot that the interpreter would hand it over again.
ThreadMachine::Next ThreadMachine::interpret_call(Function& function) const
{
    function.heat = std::max(function.heat, Function::call_heat + 1);
    return { Next::Kind::Enter };
}

/// Interprets a loop that cannot be entered. Does not ask again soon.
ThreadMachine::Next ThreadMachine::interpret_loop(Function& function) const
{
    constexpr uint32_t patience = 1024;
    function.heat = std::max(function.heat, patience);
    return { Next::Kind::GoOn };
}

/// Enters the function in `Thread::state`, whose record is pushed.
ThreadMachine::Next ThreadMachine::enter_function(Function& function, const void* target)
{
    thread_.is_after_host = false;
    set_frame(*function.instance, thread_.state.fp);
    rax() = reinterpret_cast<uintptr_t>(&function);
    set_control(thread_.control + 1);
    const ReturnTo return_to = innermost_record(thread_).return_to();
    if (return_to.is_host()) [[likely]]
        return { .kind = Next::Kind::Code, .entrance = Entrance::CallForHost, .target = target };
    if (return_to.is_interpreter())
        return { .kind = Next::Kind::Code, .entrance = Entrance::CallForInterpreter, .target = target };
    if (return_to.is_host_function())
        return { .kind = Next::Kind::Code, .entrance = Entrance::CallForHostFunction, .target = target };
    // As after the call instruction before the site.
    set_control(reinterpret_cast<uint8_t*>(thread_.control) + RecordLayout::return_to);
    return { .kind = Next::Kind::Code, .target = target };
}

/// Continues a caller at a site, after its callee's record has been popped.
ThreadMachine::Next ThreadMachine::continue_at(const void* target, Instance& instance, Slot* results)
{
    thread_.is_after_host = false;
    set_frame(instance, results);
    set_control(thread_.control);
    set_result(results);
    return { .kind = Next::Kind::Code, .target = target };
}

/// A single result is expected in a register, and code does not care what else is there.
void ThreadMachine::set_result(const Slot* results)
{
    rax() = results[0];
    vectors[0] = { results[0], results[1] };
}

void ThreadMachine::set_frame(Instance& instance, Slot* fp)
{
    const auto& memories = instance.memories;
    set_fp(fp);
    set_instance(&instance);
    set_memory(memories.empty() ? nullptr : memories.front()->writable_base());
    if (thread_.watches()) [[unlikely]]
        copy_watches(*thread_.watches());
}

void ThreadMachine::copy_watches(const Watches& watched)
{
    constexpr uintptr_t largest_access = 16;
    for (const bool is_write : { false, true }) {
        const Watches::Bounds& bounds = watched.bounds(StateKind::Memory, is_write);
        watches[is_write] = { .begin = bounds.begin,
            .reach = bounds.bytes == 0 ? 0 : bounds.bytes + largest_access - 1,
            .gap_begin = bounds.gap_begin - bounds.begin,
            .gap_bytes = bounds.gap_bytes };
    }
}

// Ways out of machine code.

/// A function has returned. Makes the thread's state that of its caller, as if the host had called
/// it, with the results.
void ThreadMachine::take_results()
{
    Slot* const results = fp();
    const auto count = static_cast<uint16_t>(rcx());
    switch (static_cast<ResultPlace>(rcx() >> 16)) {
    case ResultPlace::Slots:
        break;
    [[likely]] case ResultPlace::Rax:
        results[0] = rax();
        break;
    case ResultPlace::Xmm0: results[0] = vectors[0].low; break;
    case ResultPlace::Xmm0Whole:
        results[0] = vectors[0].low;
        results[1] = vectors[0].high;
        break;
    }
    thread_.control = control();
    thread_.state = { nullptr, 0, 0, results, results + count };
}

ThreadMachine::Next ThreadMachine::on_return_to_interpreter()
{
    take_results();
    thread_.state = popped_record(thread_).caller(thread_.state.sp);
    return at_place(Next::Kind::GoOn);
}

ThreadMachine::Next ThreadMachine::on_return_to_host_function()
{
    take_results();
    const Turn turn = return_to_host(thread_);
    return turn == Turn::Resume ? at_place(Next::Kind::Resume) : next_of(turn);
}

ThreadMachine::Next ThreadMachine::on_call()
{
    Function& callee = *reinterpret_cast<Function*>(rax());
    Slot* const arguments = fp();
    thread_.control = control();
    const FuncMeta& meta = *callee.meta;
    thread_.state = { &callee, meta.code_offset - meta.body_offset, 0, arguments,
        arguments + meta.param_slots };
    if (overflows())
        return repeat_call();
    // Its caller may be a site of another instance, where only machine code can return to.
    if (callee.instance != instance())
        fill_in_caller(thread_, arguments, *instance());
    return at_call();
}

/// A call instruction in machine code calls a host function. See `MachineContext::call_host`. No
/// other code of the guest runs in here, except when the host function makes a nested call.
bool ThreadMachine::call_host()
{
    const Function& host = *reinterpret_cast<const Function*>(rax());
    Slot* const arguments = fp();
    thread_.control = control();
    const CachedSite at = site_at(innermost_record(thread_).return_to().word());
    const uint32_t generation = cache_generation_;
    ASSERT(at.site);
    pop_record(thread_);
    const Site& site = *at.site;
    Function& caller = *instance()->functions[site.function.value];
    const GuestState before { &caller, site.offset, site.entry, arguments - site.fp_slots, arguments };
    Record* const control = thread_.control;
    thread_.state = before;
    thread_.host_call_offset = site.call_offset;
    turn_ = call_host_function(thread_, host, arguments);
    // From here on the site may be gone.
    const GuestState& state = thread_.state;
    const bool is_same = turn_ == Turn::Resume && thread_.control == control && state.function == &caller
        && state.offset == before.offset && state.entry == before.entry && state.fp == before.fp
        && state.sp == arguments + slots_of(host.host->type.results);
    if (!is_same || !may_run_code() || (is_mixed() && flip()) || shop_.library.generation() != generation
        || version_of(caller) != at.version)
        return false;
    thread_.is_after_host = false;
    // As the call instruction has left it.
    auto* const return_address = reinterpret_cast<uintptr_t*>(control) - 1;
    *return_address = at.address;
    set_control(return_address);
    set_result(arguments);
    return true;
}

ThreadMachine::Next ThreadMachine::on_exit(StopPoint::Kind kind)
{
    // The return address of the last exit can be the end of the code.
    const uintptr_t at = reinterpret_cast<uintptr_t>(address);
    const Version* const version =
        shop_.library.version_at(kind == StopPoint::Kind::Exit ? at - CompiledCode::exit_bytes : at);
    ASSERT(version);
    auto code = static_cast<uint32_t>(address - version->begin);
    if (kind == StopPoint::Kind::Exit)
        code = exit_number(code, version->first_exit);
    Function& function = *instance()->functions[version->function.value];
    const bool may_stay = shop_.library.find_note(*version, { kind, code }, note_);
    take_exit(thread_, *this, function, note_);
    if (note_.is_entry) {
        // The frame does not fit below the limit: there is a request, or the stack is full.
        const Next next = overflows() ? repeat_call() : interpret_call(function);
        if (!may_stay)
            store_.forget(function);
        return next;
    }
    if (!may_stay)
        store_.forget(function);
    if (std::exchange(is_out_of_memory, false))
        return { raise(thread_, { .kind = TrapKind::OutOfMemory }) ? Next::Kind::GoOn : Next::Kind::End,
            RunEnd::Trapped };
    if (shop_.checks_exits)
        check_exit(thread_);
    return { Next::Kind::GoOn };
}

/// Whether the frame of the function about to be entered is too large for the stack.
bool ThreadMachine::overflows() const
{
    return thread_.state.fp + thread_.state.function->meta->frame_slots > thread_.stack->limit();
}

/// Takes back a call by machine code: the interpreter executes the call instruction again, and
/// traps there. The arguments are in place, and above them what named the callee.
ThreadMachine::Next ThreadMachine::repeat_call()
{
    Slot* const arguments = thread_.state.fp;
    Slot* sp = thread_.state.sp;
    const Record::CallerSite at = pop_record(thread_).site(instance());
    const Site* const site = site_at(at.address).site;
    ASSERT(site);
    Function& caller = *at.instance->functions[site->function.value];
    if (original_code(caller)[site->call_offset] != info(Op::Call).code)
        ++sp;
    thread_.state = { &caller, site->call_offset, site->entry, arguments - site->fp_slots, sp };
    return { Next::Kind::GoOn };
}

/// Forgets what it remembers of code that may be gone.
void ThreadMachine::refresh_caches()
{
    if (const uint32_t now = shop_.library.generation(); now != cache_generation_) {
        cache_generation_ = now;
        sites_ = {};
        places_ = {};
    }
}

/// Like `CodeLibrary::find_site`, but remembers what it has found. The result is valid until the
/// next call, and what it points at as long as the library's generation does not change.
const ThreadMachine::CachedSite& ThreadMachine::site_at(uintptr_t address)
{
    refresh_caches();
    CachedSite& cached = sites_[(address >> 2) % sites_.size()];
    if (cached.address != address) {
        const Version* const version = shop_.library.version_at(address);
        cached = { address, version ? version->find_site(address) : nullptr, version };
    }
    return cached;
}

/// The site of the function's version with this offset, if there is one. Valid like what `site_at`
/// returns.
const ThreadMachine::CachedPlace& ThreadMachine::place_at(const Function& function, uint32_t offset)
{
    refresh_caches();
    CachedPlace& cached = places_[offset % places_.size()];
    // The entry of a function that is not open does not tell its version.
    if (cached.entry != function.entry || cached.offset != offset || !is_open(function)) {
        const Version* const version = version_of(function);
        const CallSite* const found = version ? version->find_site_at(offset) : nullptr;
        cached = { .entry = function.entry, .offset = offset };
        if (found) {
            cached.site = &found->site;
            cached.code = version->begin + found->code;
        }
    }
    return cached;
}

} // namespace vitrine::core::jit
