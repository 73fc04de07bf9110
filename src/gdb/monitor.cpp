// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "gdb/monitor.h"

#include "base/text.h"

#include <algorithm>

namespace vitrine::core::gdb {

Monitor::Monitor(View& view)
    : view_(view), console_(*this, [this](const console::Line& line) { text_ += plain_text(line) + "\n"; })
{}

std::string Monitor::answer(std::string_view line)
{
    text_.clear();
    console_.perform(console::trimmed(line).empty() ? "help" : line);
    return std::move(text_);
}

Result<void> Monitor::check(console::Needs needs, std::string_view verb)
{
    using enum console::Needs;
    if (needs == Nothing)
        return {};
    if (needs == Owner)
        return failure("`" + std::string(verb) + "` is not possible here: LLDB starts and ends the program");
    if (!view_.is_stopped())
        return failure("the program is not stopped");
    if (needs == Resume)
        return failure(
            "`" + std::string(verb) + "` is not possible here: only LLDB's own commands resume the program");
    if (needs == Instance && view_.instances().empty())
        return failure("there is no instance");
    return {};
}

std::vector<console::LoadedModule> Monitor::modules()
{
    std::vector<console::LoadedModule> modules;
    for (const Library& library : view_.modules().all()) {
        const auto is_same = [&](const console::LoadedModule& loaded) {
            return loaded.module == library.module;
        };
        if (std::ranges::none_of(modules, is_same))
            modules.push_back({ library.module, library.name });
    }
    return modules;
}

std::string Monitor::place_text(const Module& module, CodeOffset offset, const Instance* like)
{
    if (like && like->module.get() == &module)
        return hex(view_.place_of(*like, offset).bits());
    const auto& libraries = view_.modules().all();
    const auto found = std::ranges::find_if(
        libraries, [&](const Library& library) { return library.module.get() == &module; });
    const uint32_t id = found != libraries.end() ? found->id : 0;
    return hex(Address { Address::Space::Object, id, offset }.bits());
}

std::string Monitor::memory_text(const Instance& instance, uint32_t memory)
{
    return hex(view_.memory_place(instance, memory).bits());
}

std::string Monitor::instance_text(const Instance& instance)
{
    return " at " + hex(view_.place_of(instance, 0).bits()) + ": "
        + escaped(view_.modules().name_of(instance));
}

std::optional<console::CodePlace> Monitor::find_address(uint64_t number)
{
    const Address address = Address::of(number);
    if (number == address.offset)
        return std::nullopt;
    for (const Instance* instance : view_.instances())
        if (view_.place_of(*instance, address.offset) == address)
            return console::CodePlace { instance->module, address.offset, instance };
    // A module that has no instance yet.
    for (const Library& library : view_.modules().all())
        if (Address { Address::Space::Object, library.id, address.offset } == address)
            return console::CodePlace { library.module, address.offset, library.instance };
    return std::nullopt;
}

std::string Monitor::on_move(uint32_t thread)
{
    view_.select(thread);
    view_.move_secretly();
    return "LLDB learns of it with its next `stepi`, which executes nothing";
}

} // namespace vitrine::core::gdb
