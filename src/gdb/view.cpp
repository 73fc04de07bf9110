// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "gdb/view.h"

#include "base/text.h"
#include "gdb/packet.h"

#include <algorithm>
#include <cstring>

namespace vitrine::core::gdb {

namespace {

/// Each frame takes 16 digits of the packet that lists them.
constexpr size_t max_frames = max_payload_size / 16;

/// What 32 bits of offset can reach.
constexpr uint64_t max_space_size = uint64_t { 1 } << 32;

std::string escape_xml(std::string_view text)
{
    std::string escaped;
    for (const char byte : text) {
        switch (byte) {
        case '&': escaped += "&amp;"; break;
        case '<': escaped += "&lt;"; break;
        case '>': escaped += "&gt;"; break;
        case '"': escaped += "&quot;"; break;
        default: escaped += byte;
        }
    }
    return escaped;
}

/// Whether XML can hold the text.
bool is_fit_for_xml(std::string_view text)
{
    return is_utf8(bytes_of(text))
        && std::ranges::none_of(text, [](char byte) { return static_cast<uint8_t>(byte) < ' '; });
}

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

} // namespace

void View::announce(std::shared_ptr<const Module> module, std::string path)
{
    if (is_fit_for_xml(path))
        paths_[module.get()] = std::move(path);
    add_library(std::move(module), nullptr);
}

std::string View::unique_name(const Module& module)
{
    const auto path = paths_.find(&module);
    std::string name(path != paths_.end() ? path->second : module.names().module);
    if (name.empty() || !is_fit_for_xml(name))
        name = "module";
    const uint32_t uses = ++names_[name];
    // A name that is no file makes LLDB read the module from here.
    const bool is_file = path != paths_.end() && name == path->second;
    return is_file && uses == 1 ? name : name + "#" + std::to_string(uses);
}

void View::add_library(std::shared_ptr<const Module> module, const Instance* instance)
{
    const uint32_t ids = std::max(1u, module->memories.size());
    if (ids > Address::max_id - next_id_)
        return;
    std::string name = unique_name(*module);
    if (instance)
        ids_[instance] = next_id_;
    libraries_.push_back({ next_id_, std::move(module), instance, std::move(name) });
    next_id_ += ids;
}

void View::meet(const Instance& instance)
{
    const auto announced = std::ranges::find_if(libraries_,
        [&](const Library& library) { return !library.instance && library.module == instance.module; });
    if (announced == libraries_.end())
        return add_library(instance.module, &instance);
    announced->instance = &instance;
    ids_[&instance] = announced->id;
}

void View::on_stop(const debug::StopReason& reason)
{
    is_stopped_ = true;
    const auto& instances = session_.store().instances();
    for (; instances_met_ < instances.size(); ++instances_met_)
        meet(instances[instances_met_]);
    if (reason.kind == debug::StopKind::Breakpoint)
        find_breakpoint(reason.id);
    narrow_breakpoints();
}

void View::find_breakpoint(uint32_t id)
{
    const auto is_meant = [&](const auto& entry) { return entry.second.id == id; };
    const auto requested = std::ranges::find_if(breakpoints_, is_meant);
    is_at_breakpoint_ = requested != breakpoints_.end();
    if (!is_at_breakpoint_ || frames().empty())
        return;
    const Address actual = place_of(*frames().front().function->instance, frames().front().offset);
    if (!breakpoints_.contains(actual.bits()) && Address::of(requested->first).id == actual.id)
        reported_pc_ = requested->first;
}

/// Breakpoints that were set before the instance was there are from now on for this instance alone.
void View::narrow_breakpoints()
{
    std::vector<uint64_t> wide;
    for (const auto& [address, breakpoint] : breakpoints_)
        if (!breakpoint.instance && find_library(Address::of(address).id)->instance)
            wide.push_back(address);
    for (const uint64_t address : wide) {
        remove_breakpoint(address);
        // It was added before, so it can be again.
        (void)add_breakpoint(address);
    }
}

void View::on_resume()
{
    is_stopped_ = false;
    frames_.reset();
    reported_pc_.reset();
    is_at_breakpoint_ = false;
}

const std::vector<Frame>& View::frames()
{
    static const std::vector<Frame> no_frames;
    if (!is_stopped_)
        return no_frames;
    if (!frames_) {
        frames_ = frames_of(session_.thread(), max_frames);
        std::erase_if(*frames_, [](const Frame& frame) { return frame.is_host(); });
    }
    return *frames_;
}

Result<const Frame*> View::frame(uint64_t number)
{
    if (number >= frames().size())
        return failure("there is no frame " + std::to_string(number));
    return &frames()[number];
}

std::string View::name_of(const Instance& instance) const
{
    const auto found = std::ranges::find(libraries_, &instance, &Library::instance);
    return found != libraries_.end() ? found->name : "";
}

Address View::place_of(const Instance& instance, uint32_t offset) const
{
    const auto id = ids_.find(&instance);
    return { Address::Space::Object, id != ids_.end() ? id->second : 0, offset };
}

Address View::memory_place(const Instance& instance, uint32_t memory) const
{
    const auto id = ids_.find(&instance);
    return { Address::Space::Memory, id != ids_.end() ? id->second + memory : 0, 0 };
}

uint64_t View::pc()
{
    if (reported_pc_)
        return *reported_pc_;
    return frames().empty() ? 0
                            : place_of(*frames().front().function->instance, frames().front().offset).bits();
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
    const std::vector<debug::Local> locals = debug::locals_of(*TRY(this->frame(frame)));
    if (index >= locals.size())
        return failure("the frame has no local " + std::to_string(index));
    return locals[index].value;
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
        instance_id <= Address::max_id ? find_library(static_cast<uint32_t>(instance_id)) : nullptr;
    if (!is_stopped_ || !library || library->id != instance_id || !library->instance)
        return failure("there is no instance " + std::to_string(instance_id));
    return global_in(*library->instance, index);
}

const View::Library* View::find_library(uint32_t id) const
{
    const auto behind = std::ranges::upper_bound(libraries_, id, {}, &Library::id);
    return behind == libraries_.begin() || id >= next_id_ ? nullptr : &*std::prev(behind);
}

const Memory* View::find_memory(uint32_t id)
{
    if (!is_stopped_)
        return nullptr;
    const Instance* instance = nullptr;
    uint32_t index = 0;
    if (id == 0) {
        const auto first =
            std::ranges::find_if(libraries_, [](const Library& library) { return library.instance; });
        if (!frames().empty())
            instance = frames().front().function->instance;
        else if (first != libraries_.end())
            instance = first->instance;
    } else if (const Library* library = find_library(id)) {
        instance = library->instance;
        index = id - library->id;
    }
    return instance && index < instance->memories.size() ? instance->memories[index] : nullptr;
}

Bytes View::read(uint64_t address, uint64_t length)
{
    const Address from = Address::of(address);
    Bytes bytes;
    if (from.space == Address::Space::Memory) {
        if (const Memory* memory = find_memory(from.id))
            bytes = memory->bytes();
    } else if (from.space == Address::Space::Object) {
        const Library* library = find_library(from.id);
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
    const Memory* memory = find_memory(to.id);
    if (!memory || !memory->contains(to.offset, bytes.size()))
        return failure("no memory is there");
    std::ranges::copy(bytes, memory->base() + to.offset);
    return {};
}

/// Calls `visit` with all regions in which something is, in ascending order.
template<class Visit> void View::for_each_region(Visit visit)
{
    const auto visit_memory = [&](uint32_t id, std::string name) {
        const Memory* memory = find_memory(id);
        if (memory && memory->size() != 0)
            visit(Region { Address { Address::Space::Memory, id, 0 }.bits(),
                std::min(memory->size(), max_space_size), std::move(name), "rw" });
    };
    visit_memory(0, "memory");
    for (const Library& library : libraries_)
        for (uint32_t i = 0; i < library.module->memories.size(); ++i)
            visit_memory(library.id + i, library.name + " memory " + std::to_string(i));
    for (const Library& library : libraries_)
        visit(Region { Address { Address::Space::Object, library.id, 0 }.bits(),
            library.module->bytes().size(), library.name, "rx" });
}

Region View::region(uint64_t address)
{
    std::optional<Region> found;
    uint64_t gap_start = 0;
    // The distance from a start to the end of all addresses is the start's negative.
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
    // A size of 2^64 cannot be written: where nothing is at all, there are two halves.
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
    const Library* library = place.space == Address::Space::Object ? find_library(place.id) : nullptr;
    if (!library || library->id != place.id)
        return failure("no module is there");
    const uint32_t id = TRY(session_.add_breakpoint({ library->module, place.offset, library->instance }));
    breakpoints_[address] = { id, library->instance };
    return {};
}

void View::remove_breakpoint(uint64_t address)
{
    const auto found = breakpoints_.find(address);
    if (found == breakpoints_.end())
        return;
    // The session may have been told otherwise meanwhile; then it is gone all the same.
    (void)session_.remove_breakpoint(found->second.id);
    breakpoints_.erase(found);
}

void View::remove_all_breakpoints()
{
    while (!breakpoints_.empty())
        remove_breakpoint(breakpoints_.begin()->first);
    is_at_breakpoint_ = false;
}

const std::string& View::libraries()
{
    if (told_ == libraries_.size() && !libraries_text_.empty())
        return libraries_text_;
    libraries_text_ = "<library-list>";
    for (const Library& library : libraries_) {
        const Address start { Address::Space::Object, library.id, 0 };
        libraries_text_ += "<library name=\"" + escape_xml(library.name) + "\"><section address=\""
            + hex(start.bits()) + "\"/></library>";
    }
    libraries_text_ += "</library-list>";
    told_ = libraries_.size();
    return libraries_text_;
}

} // namespace vitrine::core::gdb
