// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "jit/module_code.h"

#include <algorithm>
#include <numeric>
#include <ranges>
#include <time.h>
#include <tuple>

namespace vitrine::core::jit {

namespace {

/// The processor time of this thread, in nanoseconds.
uint64_t thread_time()
{
    timespec now {};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

/// The element of a vector that is sorted by `member` with this value, or null.
template<class T, class Member>
const T* find_sorted(const std::vector<T>& items, Member member, uint32_t value)
{
    const auto found = std::ranges::lower_bound(items, value, {}, member);
    return found != items.end() && std::invoke(member, *found) == value ? &*found : nullptr;
}

} // namespace

const Site* Version::find_site(uintptr_t return_address) const
{
    const auto code = static_cast<uint32_t>(return_address - reinterpret_cast<uintptr_t>(begin));
    const CallSite* const found = find_sorted(sites, &CallSite::code, code);
    return found ? &found->site : nullptr;
}

const CallSite* Version::find_site_at(uint32_t offset) const
{
    const auto offset_of = [this](uint32_t place) { return sites[place].site.offset; };
    const auto found = std::ranges::lower_bound(sites_by_offset, offset, {}, offset_of);
    return found != sites_by_offset.end() && offset_of(*found) == offset ? &sites[*found] : nullptr;
}

const CodeEntry* Version::find_entry(uint32_t offset) const
{
    return find_sorted(entries, &CodeEntry::offset, offset);
}

Result<std::unique_ptr<CodeLibrary>> CodeLibrary::create(
    const TypeRegistry& types, uint64_t max_bytes, Generator generator)
{
    auto memory = TRY(CodeMemory::create(max_bytes));
    std::unique_ptr<CodeLibrary> library(new CodeLibrary(types, std::move(memory), max_bytes, generator));
    if (!library->map_.is_valid())
        return failure("no address space for a map of the machine code");
    return library;
}

CodeLibrary::CodeLibrary(
    const TypeRegistry& types, std::unique_ptr<CodeMemory> memory, uint64_t max_bytes, Generator generator)
    : types_(types),
      generator_(generator),
      memory_(std::move(memory)),
      map_(memory_->begin(), static_cast<size_t>(memory_->end() - memory_->begin())),
      max_note_bytes_(max_bytes / 4)
{}

CodeLibrary::~CodeLibrary() = default;

/// Frees the code of modules that no longer exist. No store has their functions.
void CodeLibrary::sweep()
{
    std::erase_if(modules_, [this](const auto& entry) {
        if (!entry.second->module.expired())
            return false;
        for (const auto& version : entry.second->versions | std::views::values)
            drop(*version);
        return true;
    });
}

ModuleCode& CodeLibrary::code_of(const std::shared_ptr<const Module>& module)
{
    if (const auto found = modules_.find(module.get());
        found != modules_.end() && !found->second->module.expired())
        return *found->second;
    // Also removes a module that was at the same address.
    sweep();
    return *modules_.emplace(module.get(), std::make_unique<ModuleCode>(module)).first->second;
}

const Version* CodeLibrary::version_of(
    const std::shared_ptr<const Module>& module, FuncIndex function, const VersionKey& key)
{
    ModuleCode* code = nullptr;
    {
        const std::lock_guard lock(mutex_);
        code = &code_of(module);
        if (code->refusals.contains({ function, key }))
            return nullptr;
        if (const auto found = code->versions.find({ function, key }); found != code->versions.end()) {
            ++found->second->users;
            return found->second.get();
        }
    }
    const uint64_t start = thread_time();
    auto compiled = generator_.compile(request(*module, function, key));
    const uint64_t end = thread_time();
    const std::lock_guard lock(mutex_);
    totals_.nanoseconds += end - start;
    if (!compiled) {
        code->refusals.emplace(ModuleCode::Key(function, key), to_text(compiled.error()));
        return nullptr;
    }
    const Version* const version = keep(*code, function, key, std::move(*compiled));
    if (version)
        ++version->users;
    return version;
}

/// Puts new code into memory, unless another thread has compiled the same in the meantime.
const Version* CodeLibrary::keep(
    ModuleCode& owner, FuncIndex function, const VersionKey& key, CompiledCode code)
{
    if (const auto found = owner.versions.find({ function, key }); found != owner.versions.end())
        return found->second.get();
    std::vector<uint32_t> by_offset(code.sites.size());
    std::iota(by_offset.begin(), by_offset.end(), 0);
    std::ranges::sort(by_offset, {}, [&](uint32_t place) { return code.sites[place].site.offset; });
    std::unique_ptr<Version> version(new Version { .owner = owner,
        .function = function,
        .key = key,
        .begin = memory_->add(code.bytes),
        .size = static_cast<uint32_t>(code.bytes.size()),
        .sites = std::move(code.sites),
        .entries = std::move(code.entries),
        .first_exit = code.first_exit,
        .exit_count = code.exit_count,
        .sites_by_offset = std::move(by_offset) });
    if (!version->begin) {
        owner.refusals.emplace(ModuleCode::Key(function, key), "no room for more machine code");
        return nullptr;
    }
    map_.add(*version);
    if (profile_)
        profile_->add(request(*owner.id, function, key), { version->begin, version->size });
    const FuncMeta& meta = owner.id->meta(function);
    ++totals_.functions;
    totals_.wasm_bytes += meta.end_offset - meta.body_offset;
    totals_.code_bytes += version->size;
    return owner.versions.emplace(ModuleCode::Key(function, key), std::move(version)).first->second.get();
}

bool CodeLibrary::find_note(const Version& version, StopPoint point, Note& note)
{
    std::unique_lock lock(mutex_);
    if (!version.notes && !version.is_indescribable)
        describe(version, lock);
    if (version.notes) {
        Notes::Place* const place = version.notes->find(point);
        ASSERT(place);
        ++place->count;
        version.notes->read(*place, note);
        return true;
    }
    lock.unlock();
    note = generator_.describe_place(request(*version.owner.id, version.function, version.key), point);
    return false;
}

/// Makes the notes of a version. Meanwhile the mutex is not locked.
void CodeLibrary::describe(const Version& version, std::unique_lock<std::mutex>& lock)
{
    const uint64_t room = max_note_bytes_ - note_bytes_;
    lock.unlock();
    auto notes = generator_.describe(request(*version.owner.id, version.function, version.key), room);
    lock.lock();
    if (version.notes)
        return;
    if (!notes || notes->size() > max_note_bytes_ - note_bytes_) {
        version.is_indescribable = true;
        version.owner.refusals.emplace(ModuleCode::Key(version.function, version.key), "too many exits");
        return;
    }
    note_bytes_ += notes->size();
    version.notes = std::make_unique<Notes>(std::move(*notes));
}

/// Takes a version out of memory. Its owner forgets it.
void CodeLibrary::drop(const Version& version)
{
    if (profile_)
        profile_->remove(version.begin);
    map_.remove(version);
    if (version.notes)
        note_bytes_ -= version.notes->size();
    memory_->remove(version.begin, version.size);
    generation_.fetch_add(1, std::memory_order_release);
}

void CodeLibrary::release(const Version& version)
{
    const std::lock_guard lock(mutex_);
    if (--version.users != 0 || !version.is_temporary())
        return;
    drop(version);
    auto& versions = version.owner.versions;
    versions.erase(versions.find({ version.function, version.key }));
}

void CodeLibrary::set_profile(std::unique_ptr<Profile> profile)
{
    const std::lock_guard lock(mutex_);
    profile_ = std::move(profile);
}

CompilerStatistics CodeLibrary::statistics() const
{
    const std::lock_guard lock(mutex_);
    CompilerStatistics statistics = totals_;
    std::map<std::tuple<std::shared_ptr<const Module>, FuncIndex, CodeOffset>, uint64_t> exits;
    for (const auto& code : modules_ | std::views::values) {
        const auto module = code->module.lock();
        if (!module)
            continue;
        for (const auto& [key, reason] : code->refusals)
            statistics.refused.push_back({ module, key.first, reason });
        for (const auto& version : code->versions | std::views::values) {
            const FuncMeta& meta = module->meta(version->function);
            if (!version->notes)
                continue;
            for (const auto* places : { &version->notes->exits(), &version->notes->faults() }) {
                for (const Notes::Place& place : *places) {
                    if (place.count == 0)
                        continue;
                    const Note note = version->notes->read(place);
                    exits[{ module, version->function,
                        note.is_entry ? meta.code_offset : meta.body_offset + note.offset }] += place.count;
                }
            }
        }
    }
    for (const auto& [place, count] : exits)
        statistics.exits.push_back({ std::get<0>(place), std::get<1>(place), std::get<2>(place), count });
    std::ranges::sort(statistics.exits, [](const auto& a, const auto& b) {
        return a.count != b.count
            ? a.count > b.count
            : std::tie(a.function.value, a.offset) < std::tie(b.function.value, b.offset);
    });
    return statistics;
}

} // namespace vitrine::core::jit
