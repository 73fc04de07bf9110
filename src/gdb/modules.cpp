// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "gdb/modules.h"

#include "base/text.h"

#include <algorithm>

namespace vitrine::core::gdb {

namespace {

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

} // namespace

void Modules::announce(std::shared_ptr<const Module> module, std::string path)
{
    if (is_fit_for_xml(path))
        paths_[module.get()] = std::move(path);
    add(std::move(module), nullptr);
}

std::string Modules::unique_name(const Module& module)
{
    const auto path = paths_.find(&module);
    const bool has_path = path != paths_.end() && !path->second.empty();
    std::string name(has_path ? path->second : module.names().module);
    // LLDB takes the file of that name for the module, and asks for the bytes if there is none. A
    // module inside a larger file must therefore not be called like the file.
    if (has_path && !module.is_whole_file())
        name += ":" + hex(module.file_offset());
    if (name.empty() || !is_fit_for_xml(name))
        name = "module";
    const uint32_t uses = ++names_[name];
    return has_path && uses == 1 ? name : name + "#" + std::to_string(uses);
}

void Modules::add(std::shared_ptr<const Module> module, const Instance* instance)
{
    const uint32_t ids = std::max(1u, module->memories.size());
    if (ids > Address::max_id - next_id_)
        return;
    std::string name = unique_name(*module);
    if (instance)
        ids_[instance] = next_id_;
    libraries_.push_back({ next_id_, std::move(module), instance, std::move(name) });
    next_id_ += ids;
    has_news_ = true;
}

void Modules::meet(Instance& instance)
{
    instances_.push_back(&instance);
    if (!instance.memories.empty()) {
        if (!first_memory_)
            first_memory_ = instance.memories[0];
        has_several_memories_ = has_several_memories_ || first_memory_ != instance.memories[0];
    }
    const auto of_module = [&](const Library& library) { return library.module == instance.module; };
    const auto shares = [&](const Library& library) {
        return of_module(library) && library.instance && library.instance->store != instance.store
            && !instance.memories.empty() && library.instance->memories[0] == instance.memories[0];
    };
    const auto same = std::ranges::find_if(libraries_, shares);
    if (same != libraries_.end()) {
        ids_[&instance] = same->id;
        return;
    }
    const auto announced = std::ranges::find_if(
        libraries_, [&](const Library& library) { return !library.instance && of_module(library); });
    if (announced == libraries_.end())
        return add(instance.module, &instance);
    announced->instance = &instance;
    ids_[&instance] = announced->id;
}

std::vector<uint32_t> Modules::update(const std::vector<debug::ThreadInfo>& threads)
{
    std::vector<uint32_t> gone;
    std::erase_if(stores_, [&](const KnownStore& known) {
        const bool is_gone =
            std::ranges::find(threads, known.thread, &debug::ThreadInfo::id) == threads.end();
        if (is_gone)
            forget(known, gone);
        return is_gone;
    });
    for (const debug::ThreadInfo& info : threads) {
        auto known = std::ranges::find(stores_, &info.thread->store, &KnownStore::store);
        if (known == stores_.end())
            known = stores_.insert(known, { info.id, &info.thread->store });
        const auto instances = info.thread->store.instances();
        for (size_t i = known->instances.size(); i < instances.size(); ++i) {
            meet(instances[i]);
            known->instances.push_back(&instances[i]);
        }
    }
    return gone;
}

/// The instances of the store no longer exist: only their addresses are used.
void Modules::forget(const KnownStore& known, std::vector<uint32_t>& gone)
{
    const auto is_its = [&](const Instance* instance) {
        return instance && std::ranges::find(known.instances, instance) != known.instances.end();
    };
    std::erase_if(instances_, is_its);
    for (const Instance* instance : known.instances)
        ids_.erase(instance);
    for (const Library& library : libraries_)
        if (is_its(library.instance))
            gone.push_back(library.id);
    if (std::erase_if(libraries_, [&](const Library& library) { return is_its(library.instance); }) != 0)
        has_news_ = true;
}

std::string Modules::name_of(const Instance& instance) const
{
    const auto found = std::ranges::find(libraries_, &instance, &Library::instance);
    return found != libraries_.end() ? found->name : "";
}

Address Modules::place_of(const Instance& instance, CodeOffset offset) const
{
    const auto id = ids_.find(&instance);
    return { Address::Space::Object, id != ids_.end() ? id->second : 0, offset };
}

Address Modules::memory_place(const Instance& instance, uint32_t memory) const
{
    const auto id = ids_.find(&instance);
    return { Address::Space::Memory, id != ids_.end() ? id->second + memory : 0, 0 };
}

const Library* Modules::find(uint32_t id) const
{
    const auto behind = std::ranges::upper_bound(libraries_, id, {}, &Library::id);
    return behind == libraries_.begin() || id >= next_id_ ? nullptr : &*std::prev(behind);
}

const std::string& Modules::list()
{
    was_told_ = true;
    if (!std::exchange(has_news_, false))
        return list_;
    list_ = "<library-list>";
    for (const Library& library : libraries_) {
        const Address start { Address::Space::Object, library.id, 0 };
        list_ += "<library name=\"" + escape_xml(library.name) + "\"><section address=\"" + hex(start.bits())
            + "\"/></library>";
    }
    list_ += "</library-list>";
    return list_;
}

} // namespace vitrine::core::gdb
