// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "gdb/view.h"

#include "base/text.h"
#include "gdb/packet.h"

#include <algorithm>
#include <cstring>

namespace vitrine::core::gdb {

namespace {

/// Each frame takes 16 digits in the packet that lists them.
constexpr size_t max_frames = max_payload_size / 16;

/// What a 32-bit offset can address.
constexpr uint64_t max_space_size = uint64_t { 1 } << 32;

Result<Value> element(const std::vector<Value>& values, uint64_t index, const char* what)
{
    if (index >= values.size())
        return failure("the frame has no " + std::string(what) + " " + std::to_string(index));
    return values[index];
}

Result<Value> global_in(const Instance& instance, uint64_t index)
{
    if (index >= instance.globals.size())
        return failure("the instance has no global " + std::to_string(index));
    return instance.globals[index]->get();
}

/// The function whose size in the code section is encoded at `offset`.
std::optional<FuncIndex> find_function_of_size(const Module& module, CodeOffset offset)
{
    const Bytes bytes = module.bytes();
    size_t last = offset;
    while (last < bytes.size() && bytes[last] & 0x80)
        ++last;
    const auto body = static_cast<CodeOffset>(last + 1);
    const auto function = module.find_function(body);
    return function && module.meta(*function).body_offset == body ? function : std::nullopt;
}

/// Whether a function ends at `offset`, just after its last byte.
bool is_end_of_function(const Module& module, CodeOffset offset)
{
    const auto function = offset == 0 ? std::nullopt : module.find_function(offset - 1);
    return function && module.meta(*function).end_offset == offset;
}

} // namespace

void View::on_stop(const debug::StopReason& reason)
{
    is_stopped_ = true;
    stopped_thread_ = thread_ = reason.thread;
    looked_at_ = nullptr;
    const std::vector<debug::ThreadInfo> threads = session_.threads();
    for (const uint32_t gone : modules_.update(threads))
        remove_breakpoints_in(gone);
    threads_.clear();
    for (const debug::ThreadInfo& info : threads)
        threads_.push_back({ info.id, info.thread });
    if (reason.kind == debug::StopKind::Breakpoint)
        find_breakpoint(reason.id);
    if (expected_return_ && !is_return_expected())
        drop_expected_return();
    narrow_breakpoints();
}

/// Their module is gone.
void View::remove_breakpoints_in(uint32_t library)
{
    std::vector<uint64_t> addresses;
    for (const auto& [address, breakpoint] : breakpoints_)
        if (Address::of(address).id == library)
            addresses.push_back(address);
    for (const uint64_t address : addresses)
        remove_breakpoint(address);
}

/// Finds the client's breakpoint at which the thread stopped. The session may have named that of
/// another client at the same place.
void View::find_breakpoint(uint32_t id)
{
    const auto innermost = innermost_guest_frame(stopped_thread_);
    const auto with_id = [&](uint32_t wanted) {
        return std::ranges::find_if(
            breakpoints_, [wanted](const auto& entry) { return entry.second.id == wanted; });
    };
    auto requested = with_id(id);
    if (requested == breakpoints_.end() && innermost)
        for (const debug::Breakpoint& breakpoint : session_.breakpoints())
            if (breakpoint.is_at(*innermost) && requested == breakpoints_.end())
                requested = with_id(breakpoint.id);
    is_at_breakpoint_ = requested != breakpoints_.end();
    if (!is_at_breakpoint_ || !innermost)
        return;
    const Address actual = place_of(*innermost->function->instance, innermost->offset);
    if (!breakpoints_.contains(actual.bits()) && Address::of(requested->first).id == actual.id)
        reported_pc_ = requested->first;
}

/// If a breakpoint that is being set is where a frame of the stopped thread will resume, remembers
/// the frame.
void View::expect_return(uint64_t address)
{
    const GuestThread* stopped = is_stopped_ ? find_thread(stopped_thread_) : nullptr;
    if (!stopped)
        return;
    walk_frames(*stopped->thread, [&](const Frame& frame) {
        const bool is_meant = !frame.is_host() && !frame.is_innermost
            && place_of(*frame.function->instance, frame.offset).bits() == address;
        if (is_meant) {
            expected_return_ = { address, stopped_thread_, frame.id };
            session_.stop_at_catch(stopped_thread_, frame.id);
        }
        return !is_meant;
    });
}

void View::drop_expected_return()
{
    session_.stop_at_catch(expected_return_->thread, std::nullopt);
    expected_return_.reset();
}

/// Whether the frame still exists and waits for what it has called.
bool View::is_return_expected() const
{
    const GuestThread* thread = find_thread(expected_return_->thread);
    bool is_waiting = false;
    if (thread)
        walk_frames(*thread->thread, [&](const Frame& frame) {
            const bool is_meant = !frame.is_host() && frame.id == expected_return_->frame;
            is_waiting = is_waiting || (is_meant && !frame.is_innermost);
            return !is_meant;
        });
    return is_waiting;
}

/// The instance to which a breakpoint in the library applies. Null if it applies to all instances
/// of the module: when there is none yet, and when other threads have their own.
const Instance* View::meant_by(const Library& library)
{
    const Instance* instance = library.instance;
    const bool is_shared = instance && !instance->memories.empty() && instance->memories[0]->is_shared();
    return is_shared ? nullptr : instance;
}

/// Restricts breakpoints that were set before there was an instance to that instance.
void View::narrow_breakpoints()
{
    std::vector<uint64_t> wide;
    for (const auto& [address, breakpoint] : breakpoints_)
        if (breakpoint.instance != meant_by(*modules_.find(Address::of(address).id)))
            wide.push_back(address);
    for (const uint64_t address : wide) {
        remove_breakpoint(address);
        // It was accepted before, so it is accepted again.
        (void)add_breakpoint(address);
    }
}

void View::on_resume()
{
    is_stopped_ = false;
    moved_secretly_.clear();
    threads_.clear();
    reported_pc_.reset();
    is_at_breakpoint_ = false;
    looked_at_ = nullptr;
    new_breakpoints_.clear();
}

void View::on_move()
{
    if (thread_ == stopped_thread_)
        reported_pc_.reset();
    for (GuestThread& thread : threads_)
        thread.frames.reset();
}

bool View::take_hidden_move(uint32_t thread)
{
    if (moved_secretly_.erase(thread) == 0)
        return false;
    if (stopped_thread_ != thread)
        reported_pc_.reset();
    stopped_thread_ = thread_ = thread;
    return true;
}

void View::move_secretly()
{
    on_move();
    moved_secretly_.insert(thread_);
}

Result<void> View::jump(uint64_t address)
{
    if (address == pc())
        return {};
    const Address to = Address::of(address);
    const auto innermost = innermost_guest_frame(thread_);
    if (!innermost)
        return failure("the thread executes nothing");
    if (place_of(*innermost->function->instance, to.offset) != to)
        return failure("the place is not in the function that is executed");
    CHECK(session_.jump(to.offset, thread_));
    on_move();
    return {};
}

const View::GuestThread* View::find_thread(uint32_t id) const
{
    const auto found = std::ranges::find(threads_, id, &GuestThread::id);
    return found != threads_.end() ? &*found : nullptr;
}

std::vector<uint32_t> View::threads() const
{
    std::vector<uint32_t> ids;
    std::ranges::transform(threads_, std::back_inserter(ids), &GuestThread::id);
    if (!is_stopped_)
        std::ranges::transform(session_.threads(), std::back_inserter(ids), &debug::ThreadInfo::id);
    return ids;
}

bool View::select(uint64_t thread)
{
    const std::vector<uint32_t> ids = threads();
    const auto found = std::ranges::find(ids, thread);
    if (found != ids.end() && thread_ != *found) {
        thread_ = *found;
        looked_at_ = nullptr;
    }
    return found != ids.end();
}

const std::vector<Frame>& View::frames(uint32_t thread)
{
    static const std::vector<Frame> no_frames;
    const auto found = std::ranges::find(threads_, thread, &GuestThread::id);
    if (found == threads_.end())
        return no_frames;
    if (!found->frames) {
        found->frames = frames_of(*found->thread, max_frames);
        std::erase_if(*found->frames, [](const Frame& frame) { return frame.is_host(); });
    }
    return *found->frames;
}

/// Does not collect the other frames.
std::optional<Frame> View::innermost_guest_frame(uint32_t thread) const
{
    std::optional<Frame> innermost;
    if (const GuestThread* found = find_thread(thread))
        walk_frames(*found->thread, [&](const Frame& frame) {
            if (!frame.is_host())
                innermost = frame;
            return frame.is_host();
        });
    return innermost;
}

Result<const Frame*> View::frame(uint64_t number)
{
    if (number >= frames().size())
        return failure("there is no frame " + std::to_string(number));
    return &frames()[number];
}

uint64_t View::pc(uint32_t thread) const
{
    if (reported_pc_ && thread == stopped_thread_)
        return *reported_pc_;
    const auto innermost = innermost_guest_frame(thread);
    return innermost ? place_of(*innermost->function->instance, innermost->offset).bits() : 0;
}

std::vector<uint64_t> View::call_stack()
{
    std::vector<uint64_t> stack;
    for (const Frame& frame : frames())
        stack.push_back(place_of(*frame.function->instance, frame.offset).bits());
    if (!stack.empty())
        stack.front() = pc();
    return stack;
}

Result<Value> View::local(uint64_t frame, uint64_t index)
{
    const Frame& of = *TRY(this->frame(frame));
    looked_at_ = of.function->instance;
    const std::vector<debug::Local> locals = debug::locals_of(of);
    if (index >= locals.size())
        return failure("the frame has no local " + std::to_string(index));
    return locals[index].value;
}

uint32_t View::memory_id_of(uint64_t frame)
{
    const auto of = this->frame(frame);
    if (!modules_.have_several_memories() || !of || (*of)->function->instance->memories.empty())
        return 0;
    return memory_place(*(*of)->function->instance, 0).id;
}

Result<Value> View::operand(uint64_t frame, uint64_t index)
{
    return element(debug::operands_of(*TRY(this->frame(frame))), index, "operand");
}

Result<Value> View::global(uint64_t frame, uint64_t index)
{
    return global_in(*TRY(this->frame(frame))->function->instance, index);
}

Result<Value> View::global_of(uint64_t instance_id, uint64_t index)
{
    const Library* library =
        instance_id <= Address::max_id ? modules_.find(static_cast<uint32_t>(instance_id)) : nullptr;
    if (!is_stopped_ || !library || library->id != instance_id || !library->instance)
        return failure("there is no instance " + std::to_string(instance_id));
    return global_in(*library->instance, index);
}

std::pair<Instance*, uint32_t> View::find_memory_owner(uint32_t id)
{
    if (!is_stopped_)
        return {};
    if (id == 0) {
        if (looked_at_ && !looked_at_->memories.empty())
            return { looked_at_, 0 };
        if (!frames().empty())
            return { frames().front().function->instance, 0 };
        return { instances().empty() ? nullptr : instances().front(), 0 };
    }
    const Library* library = modules_.find(id);
    return { library ? const_cast<Instance*>(library->instance) : nullptr, library ? id - library->id : 0 };
}

Memory* View::find_memory(uint32_t id)
{
    const auto [instance, index] = find_memory_owner(id);
    return instance && index < instance->memories.size() ? instance->memories[index] : nullptr;
}

Bytes View::read(uint64_t address, uint64_t length)
{
    const Address from = Address::of(address);
    Bytes bytes;
    if (from.space == Address::Space::Memory) {
        const auto [instance, index] = find_memory_owner(from.id);
        if (instance && index < instance->memories.size())
            bytes = instance->memories[index]->bytes();
        if (from.id != 0 && instance && index == 0)
            looked_at_ = instance;
    } else if (from.space == Address::Space::Object) {
        const Library* library = modules_.find(from.id);
        if (library && library->id == from.id)
            bytes = library->module->bytes();
    }
    if (from.offset >= bytes.size())
        return {};
    bytes = bytes.subspan(from.offset);
    return bytes.first(std::min<uint64_t>(length, bytes.size()));
}

Result<void> View::write(uint64_t address, Bytes bytes)
{
    const Address to = Address::of(address);
    if (to.space != Address::Space::Memory)
        return failure("only memories can be written");
    const auto [instance, index] = find_memory_owner(to.id);
    Memory* memory = find_memory(to.id);
    if (!memory || !memory->contains(to.offset, bytes.size()))
        return failure("no memory is there");
    instance->store->mutator.write(Origin::Debugger, *memory, to.offset, bytes);
    return {};
}

/// Calls `visit` with all mapped regions, in ascending order.
template<class Visit> void View::for_each_region(Visit visit)
{
    const auto visit_memory = [&](uint32_t id, std::string name) {
        const Memory* memory = find_memory(id);
        if (memory && memory->size() != 0)
            visit(Region { Address { Address::Space::Memory, id, 0 }.bits(),
                std::min(memory->size(), max_space_size), std::move(name), "rw" });
    };
    visit_memory(0, "memory");
    for (const Library& library : modules_.all())
        for (uint32_t i = 0; i < library.module->memories.size(); ++i)
            visit_memory(library.id + i, library.name + " memory " + std::to_string(i));
    for (const Library& library : modules_.all())
        visit(Region { Address { Address::Space::Object, library.id, 0 }.bits(),
            library.module->bytes().size(), library.name, "rx" });
}

Region View::region(uint64_t address)
{
    std::optional<Region> found;
    uint64_t gap_start = 0;
    // The distance from an address to the end of the address space is the negated address.
    std::optional<uint64_t> gap_end;
    for_each_region([&](Region region) {
        if (address >= region.start && address - region.start < region.size)
            found = std::move(region);
        else if (region.start < address)
            gap_start = region.start + region.size;
        else if (!gap_end)
            gap_end = region.start;
    });
    if (found)
        return *std::move(found);
    // A size of 2^64 cannot be expressed: an empty address space is reported as two halves.
    constexpr uint64_t half = uint64_t { 1 } << 63;
    if (gap_start == 0 && !gap_end)
        return { address & half, half };
    return { gap_start, gap_end.value_or(0) - gap_start };
}

Result<void> View::add_breakpoint(uint64_t address)
{
    if (breakpoints_.contains(address))
        return {};
    const Address place = Address::of(address);
    const Library* library = place.space == Address::Space::Object ? modules_.find(place.id) : nullptr;
    if (!library || library->id != place.id)
        return failure("no module is there");
    const Instance* instance = meant_by(*library);
    const Module& module = *library->module;
    const auto of_size =
        module.find_function(place.offset) ? std::nullopt : find_function_of_size(module, place.offset);
    uint32_t id = 0;
    if (of_size || !is_end_of_function(module, place.offset))
        id = TRY(client_->add_breakpoint(
            { library->module, of_size ? module.meta(*of_size).body_offset : place.offset, instance }));
    breakpoints_[address] = { id, instance };
    if (is_stopped_)
        new_breakpoints_.insert(address);
    expect_return(address);
    return {};
}

bool View::waits_for_return() const
{
    const auto innermost = innermost_guest_frame(stopped_thread_);
    return innermost
        && new_breakpoints_.contains(
            place_of(*innermost->function->instance, innermost->function->meta->end_offset).bits());
}

void View::remove_breakpoint(uint64_t address)
{
    const auto found = breakpoints_.find(address);
    if (found == breakpoints_.end())
        return;
    if (found->second.id != 0)
        (void)client_->remove_stop(found->second.id);
    breakpoints_.erase(found);
    new_breakpoints_.erase(address);
    if (expected_return_ && expected_return_->address == address)
        drop_expected_return();
}

Result<void> View::add_watchpoint(const ask::Watch& watch)
{
    if (watchpoints_.contains(watch))
        return {};
    const Address place = Address::of(watch.address);
    if (place.space != Address::Space::Memory)
        return failure("only memories can be watched");
    const auto [instance, index] = find_memory_owner(place.id);
    if (!instance || index >= instance->memories.size())
        return failure("no memory is there");
    Memory* memory = instance->memories[index];
    using enum debug::WatchpointSpec::Access;
    using Kind = ask::Watch::Kind;
    const auto shared = instance->store->find_shared(memory);
    watchpoints_[watch] = TRY(add_watchpoint(
        debug::WatchpointSpec { .what = eval::MemoryRange { memory, place.offset, watch.length, shared },
            .access = watch.kind == Kind::Write ? Write
                : watch.kind == Kind::Read      ? Read
                                                : ReadWrite,
            .store = shared ? nullptr : instance->store }));
    return {};
}

Result<uint32_t> View::add_watchpoint(debug::WatchpointSpec spec)
{
    if (session_.watchpoints().size() >= max_watchpoints)
        return failure(
            "there are " + std::to_string(max_watchpoints) + " watchpoints already, and no more can be set");
    const auto* range = std::get_if<eval::MemoryRange>(&spec.what);
    if (range && range->size > max_watched_bytes)
        return failure("a watchpoint has at most " + std::to_string(max_watched_bytes) + " bytes");
    return client_->add_watchpoint(std::move(spec));
}

void View::remove_watchpoint(const ask::Watch& watch)
{
    const auto found = watchpoints_.find(watch);
    if (found == watchpoints_.end())
        return;
    (void)client_->remove_stop(found->second);
    watchpoints_.erase(found);
}

std::optional<ask::Watch> View::find_watchpoint(uint32_t id) const
{
    for (const auto& [watch, known] : watchpoints_)
        if (known == id)
            return watch;
    return std::nullopt;
}

void View::remove_all_stops()
{
    if (expected_return_)
        drop_expected_return();
    if (client_)
        client_->remove_all_stops();
    breakpoints_.clear();
    new_breakpoints_.clear();
    watchpoints_.clear();
    is_at_breakpoint_ = false;
}

} // namespace vitrine::core::gdb
