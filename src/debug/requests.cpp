// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "debug/requests.h"

#include "debug/session.h"

#include <algorithm>
#include <map>
#include <mutex>

namespace vitrine::core::debug {

uint64_t Request::hits() const
{
    uint64_t sum = 0;
    for (const RequestLocation& location : locations)
        sum += location.hits;
    return sum;
}

/// Shared with the session's listener, which may be called once more after it was removed.
class Requests::Core : public std::enable_shared_from_this<Core> {
public:
    explicit Core(OnEvent on_event) : on_event_(std::move(on_event)) {}

    void attach(Client& client, std::shared_ptr<Sources> sources, std::vector<LoadedModule> modules,
        Demangle demangle);
    void detach();
    void close()
    {
        {
            const std::lock_guard telling(telling_);
            on_event_ = nullptr;
        }
        detach();
    }
    Result<uint32_t> add(RequestSpec spec);
    Result<void> change(uint32_t id, RequestSpec spec);
    Result<void> remove(uint32_t id);
    Result<void> set_location_enabled(uint32_t id, uint32_t number, bool is_enabled);
    void refresh();
    std::vector<Request> list() const;
    std::optional<Hit> find_hit(uint32_t breakpoint) const;

    void set_file_test(decltype(SearchedCode::is_same_file) test)
    {
        const std::lock_guard lock(mutex_);
        is_same_file_ = std::move(test);
    }
    uint32_t take_id()
    {
        const std::lock_guard lock(mutex_);
        return next_id_++;
    }

private:
    struct Entry : Request {
        std::shared_ptr<BreakpointGroup> group = std::make_shared<BreakpointGroup>();
        uint32_t next_number = 1;
    };
    using Lock = std::unique_lock<std::mutex>;

    void on_instance(Instance& instance);
    void on_stop(const debug::Event& event);
    void resolve_all(Lock& lock);
    bool resolve(Entry& entry);
    Result<void> set(Entry& entry, RequestLocation& location);
    void unset(RequestLocation& location);
    BreakpointSpec spec_of(const Entry& entry, const RequestLocation& location) const;
    void tell(Lock& lock, const std::vector<Event>& events);
    void add_hits(std::vector<Request>& requests) const;
    Result<std::map<uint32_t, Entry>::iterator> look_up(uint32_t id);

    mutable std::mutex mutex_;
    /// Held while the client hears of events, which may ask for anything.
    std::recursive_mutex telling_;
    OnEvent on_event_;
    std::map<uint32_t, Entry> entries_;
    uint32_t next_id_ = 1;
    decltype(SearchedCode::is_same_file) is_same_file_;

    /// Null between sessions.
    Client* client_ = nullptr;
    Listeners::Id listener_ = 0;
    std::shared_ptr<Sources> sources_;
    std::vector<LoadedModule> modules_;
    Demangle demangle_ = nullptr;
    /// Breakpoints of temporary requests that have stopped the guest.
    std::map<uint32_t, Hit> ended_;
};

// -- Sessions

void Requests::Core::attach(
    Client& client, std::shared_ptr<Sources> sources, std::vector<LoadedModule> modules, Demangle demangle)
{
    detach();
    Lock lock(mutex_);
    client_ = &client;
    sources_ = std::move(sources);
    modules_ = std::move(modules);
    demangle_ = demangle;
    for (auto& [id, entry] : entries_)
        entry.group = std::make_shared<BreakpointGroup>();
    const std::weak_ptr<Core> weak = weak_from_this();
    listener_ = client.session().add_listener({
        .events =
            [weak](const debug::Event& event) {
                if (const auto core = weak.lock())
                    core->on_stop(event);
            },
        .instances =
            [weak](Instance& instance) {
                if (const auto core = weak.lock())
                    core->on_instance(instance);
            },
    });
    resolve_all(lock);
}

void Requests::Core::detach()
{
    const Lock lock(mutex_);
    if (!client_)
        return;
    client_->session().remove_listener(listener_);
    for (auto& [id, entry] : entries_)
        for (RequestLocation& location : entry.locations)
            unset(location);
    client_ = nullptr;
    sources_.reset();
    modules_.clear();
    ended_.clear();
}

/// On the guest's thread. A module that is known needs nothing: its breakpoints are there already.
void Requests::Core::on_instance(Instance& instance)
{
    Lock lock(mutex_);
    if (!client_)
        return;
    const auto known = std::ranges::find(modules_, instance.module, &LoadedModule::module);
    if (known != modules_.end())
        return;
    modules_.push_back({ instance.module, instance.name });
    resolve_all(lock);
}

/// On the guest's thread.
void Requests::Core::on_stop(const debug::Event& event)
{
    const auto* reason = std::get_if<StopReason>(&event);
    Lock lock(mutex_);
    ended_.clear();
    if (!client_ || !reason || reason->kind != StopKind::Breakpoint)
        return;
    for (auto& [id, entry] : entries_) {
        const auto at = std::ranges::find(entry.locations, reason->id, &RequestLocation::breakpoint);
        if (at == entry.locations.end() || !entry.spec.is_temporary)
            continue;
        // The session has removed its breakpoints.
        ended_[reason->id] = { id, at->number };
        std::vector<Event> events { { Event::Kind::Removed, entry } };
        for (const RequestLocation& location : entry.locations)
            (void)client_->remove_stop(location.breakpoint);
        entries_.erase(id);
        return tell(lock, events);
    }
}

void Requests::Core::refresh()
{
    Lock lock(mutex_);
    resolve_all(lock);
}

void Requests::Core::tell(Lock& lock, const std::vector<Event>& events)
{
    lock.unlock();
    const std::lock_guard telling(telling_);
    if (on_event_)
        for (const Event& event : events)
            on_event_(event);
}

// -- Locations

BreakpointSpec Requests::Core::spec_of(const Entry& entry, const RequestLocation& location) const
{
    const RequestSpec& spec = entry.spec;
    return { .module = location.at.module,
        .offset = location.at.offset,
        .instance = location.at.instance,
        .condition = spec.condition,
        .level = location.at.level,
        .ignore_count = spec.ignore_count,
        .every = spec.every,
        .message = spec.message,
        .is_temporary = spec.is_temporary,
        .is_enabled = spec.is_enabled && location.is_enabled,
        .group = entry.group,
        .entered = location.at.entered };
}

Result<void> Requests::Core::set(Entry& entry, RequestLocation& location)
{
    const auto breakpoint = client_->add_breakpoint(spec_of(entry, location));
    location.breakpoint = breakpoint.value_or(0);
    location.problem = breakpoint ? "" : breakpoint.error().message;
    if (!breakpoint)
        return std::unexpected(breakpoint.error());
    return {};
}

void Requests::Core::unset(RequestLocation& location)
{
    if (location.breakpoint != 0)
        (void)client_->remove_stop(location.breakpoint);
    location.breakpoint = 0;
    location.hits = 0;
}

/// Looks for the locations again. Returns whether anything has changed.
bool Requests::Core::resolve(Entry& entry)
{
    auto found = find_locations({ *sources_, modules_, demangle_, is_same_file_ }, entry.spec.place);
    const std::string problem = found ? "" : found.error().message;
    bool has_changed = std::exchange(entry.problem, problem) != problem;
    const std::vector<CodeLocation> wanted = found ? std::move(*found) : std::vector<CodeLocation>();
    std::erase_if(entry.locations, [&](RequestLocation& location) {
        const bool is_gone = std::ranges::find(wanted, location.at) == wanted.end();
        if (is_gone)
            unset(location);
        has_changed = has_changed || is_gone;
        return is_gone;
    });
    // In a new session, all modules may be others.
    if (entry.locations.empty())
        entry.next_number = 1;
    for (const CodeLocation& at : wanted) {
        const auto known = std::ranges::find(entry.locations, at, &RequestLocation::at);
        if (known != entry.locations.end()) {
            known->at = at;
            if (known->breakpoint == 0)
                (void)set(entry, *known);
            continue;
        }
        entry.locations.push_back({ .number = entry.next_number++, .at = at });
        (void)set(entry, entry.locations.back());
        has_changed = true;
    }
    return has_changed;
}

void Requests::Core::resolve_all(Lock& lock)
{
    if (!client_)
        return;
    std::vector<Event> events;
    for (auto& [id, entry] : entries_)
        if (resolve(entry))
            events.push_back({ Event::Kind::Changed, entry });
    tell(lock, events);
}

// -- What the client asks for

Result<std::map<uint32_t, Requests::Core::Entry>::iterator> Requests::Core::look_up(uint32_t id)
{
    const auto found = entries_.find(id);
    if (found == entries_.end())
        return failure("there is no breakpoint " + std::to_string(id));
    return found;
}

Result<uint32_t> Requests::Core::add(RequestSpec spec)
{
    CHECK(check_form(spec.place));
    const Lock lock(mutex_);
    Entry entry {};
    entry.id = next_id_;
    entry.spec = std::move(spec);
    if (!client_ && !entry.spec.may_be_pending)
        return failure("there is no program yet");
    if (!client_) {
        entry.problem = "there is no program yet";
    } else {
        const auto found =
            find_locations({ *sources_, modules_, demangle_, is_same_file_ }, entry.spec.place);
        if (!found && !entry.spec.may_be_pending)
            return std::unexpected(found.error());
        if (!found)
            entry.problem = found.error().message;
        std::optional<Error> first;
        bool is_set = !found;
        for (size_t i = 0; found && i < found->size(); ++i) {
            entry.locations.push_back({ .number = entry.next_number++, .at = (*found)[i] });
            const auto added = set(entry, entry.locations.back());
            is_set = is_set || added;
            if (!added && !first)
                first = added.error();
        }
        // A condition need not fit everywhere: not all functions of a name have the same variables.
        if (!is_set)
            return std::unexpected(*first);
    }
    entries_.emplace(next_id_, std::move(entry));
    return next_id_++;
}

Result<void> Requests::Core::change(uint32_t id, RequestSpec spec)
{
    const Lock lock(mutex_);
    Entry& entry = TRY(look_up(id))->second;
    const RequestSpec old = std::exchange(entry.spec, std::move(spec));
    entry.spec.place = old.place;
    std::optional<Error> first;
    bool is_set = entry.locations.empty();
    std::vector<RequestLocation> changed = entry.locations;
    for (RequestLocation& location : changed) {
        const Result<void> done = location.breakpoint != 0 ? client_
                ? client_->change_breakpoint(location.breakpoint, spec_of(entry, location))
                : Result<void>()
            : client_                                      ? set(entry, location)
                                                           : Result<void>();
        is_set = is_set || done;
        if (!done && !first)
            first = done.error();
        location.problem = done ? "" : done.error().message;
    }
    if (!is_set) {
        entry.spec = old;
        return std::unexpected(*first);
    }
    for (RequestLocation& location : changed)
        if (!location.problem.empty() && client_)
            unset(location);
    entry.locations = std::move(changed);
    return {};
}

Result<void> Requests::Core::remove(uint32_t id)
{
    const Lock lock(mutex_);
    const auto found = TRY(look_up(id));
    for (RequestLocation& location : found->second.locations)
        unset(location);
    entries_.erase(found);
    return {};
}

Result<void> Requests::Core::set_location_enabled(uint32_t id, uint32_t number, bool is_enabled)
{
    const Lock lock(mutex_);
    Entry& entry = TRY(look_up(id))->second;
    const auto location = std::ranges::find(entry.locations, number, &RequestLocation::number);
    if (location == entry.locations.end())
        return failure("there is no breakpoint " + std::to_string(id) + "." + std::to_string(number));
    location->is_enabled = is_enabled;
    if (location->breakpoint != 0)
        return client_->change_breakpoint(location->breakpoint, spec_of(entry, *location));
    return {};
}

/// Asks the session how often its breakpoints were hit.
void Requests::Core::add_hits(std::vector<Request>& requests) const
{
    if (!client_)
        return;
    std::map<uint32_t, uint64_t> hits;
    for (const Breakpoint& breakpoint : client_->session().breakpoints())
        hits[breakpoint.id] = breakpoint.hits;
    for (Request& request : requests)
        for (RequestLocation& location : request.locations)
            if (const auto found = hits.find(location.breakpoint); found != hits.end())
                location.hits = found->second;
}

std::vector<Request> Requests::Core::list() const
{
    const Lock lock(mutex_);
    std::vector<Request> requests;
    for (const auto& [id, entry] : entries_)
        requests.push_back(entry);
    add_hits(requests);
    return requests;
}

std::optional<Requests::Hit> Requests::Core::find_hit(uint32_t breakpoint) const
{
    const Lock lock(mutex_);
    if (const auto ended = ended_.find(breakpoint); ended != ended_.end())
        return ended->second;
    for (const auto& [id, entry] : entries_)
        for (const RequestLocation& location : entry.locations)
            if (location.breakpoint == breakpoint && breakpoint != 0)
                return Hit { id, location.number };
    return std::nullopt;
}

// -- The class that clients see

Requests::Requests(OnEvent on_event) : core_(std::make_shared<Core>(std::move(on_event))) {}
Requests::~Requests() { core_->close(); }

void Requests::attach(
    Client& client, std::shared_ptr<Sources> sources, std::vector<LoadedModule> modules, Demangle demangle)
{
    core_->attach(client, std::move(sources), std::move(modules), demangle);
}
void Requests::detach() { core_->detach(); }
void Requests::set_file_test(
    std::function<bool(std::string_view asked, const source::File& file)> is_same_file)
{
    core_->set_file_test(std::move(is_same_file));
}
uint32_t Requests::take_id() { return core_->take_id(); }
Result<uint32_t> Requests::add(RequestSpec spec) { return core_->add(std::move(spec)); }
Result<void> Requests::change(uint32_t id, RequestSpec spec) { return core_->change(id, std::move(spec)); }
Result<void> Requests::remove(uint32_t id) { return core_->remove(id); }
Result<void> Requests::set_location_enabled(uint32_t id, uint32_t number, bool is_enabled)
{
    return core_->set_location_enabled(id, number, is_enabled);
}
void Requests::refresh() { core_->refresh(); }
std::vector<Request> Requests::list() const { return core_->list(); }
std::optional<Request> Requests::find(uint32_t id) const
{
    for (Request& request : core_->list())
        if (request.id == id)
            return std::move(request);
    return std::nullopt;
}
std::optional<Requests::Hit> Requests::find_hit(uint32_t breakpoint) const
{
    return core_->find_hit(breakpoint);
}

} // namespace vitrine::core::debug
