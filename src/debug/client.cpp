// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "debug/client.h"

#include "debug/listing.h"
#include "debug/session.h"

#include <algorithm>

namespace vitrine::core::debug {

// Who may resume.

const Clients::Row* Clients::find(ClientId client) const
{
    const auto found = std::ranges::find(rows_, client, &Row::id);
    return found == rows_.end() ? nullptr : &*found;
}

Result<ClientId> Clients::add(std::string name, bool is_exclusive)
{
    if (is_exclusive && exclusive_)
        return failure("the guest is controlled by " + name_of(*exclusive_));
    rows_.push_back({ next_, std::move(name), {} });
    if (is_exclusive)
        exclusive_ = next_;
    return next_++;
}

void Clients::remove(ClientId client)
{
    std::erase_if(rows_, [client](const Row& row) { return row.id == client; });
    if (exclusive_ == client)
        exclusive_.reset();
}

void Clients::clear()
{
    rows_.resize(1);
    exclusive_.reset();
}

Result<void> Clients::check_may_resume(ClientId client) const
{
    if (exclusive_ && exclusive_ != client)
        return failure("the guest is controlled by " + name_of(*exclusive_));
    return {};
}

const std::string* Clients::exclusive() const { return exclusive_ ? &find(*exclusive_)->name : nullptr; }

std::string Clients::name_of(ClientId client) const
{
    const Row* row = find(client);
    return row ? row->name : "";
}

bool Clients::are_there_others(ClientId client) const
{
    return std::ranges::any_of(
        rows_, [client](const Row& row) { return row.id != owner && row.id != client; });
}

void Clients::stop_on(ClientId client, std::optional<StopsOn> what)
{
    const auto row = std::ranges::find(rows_, client, &Row::id);
    if (row != rows_.end())
        row->stops_on = what;
}

StopsOn Clients::stops_on() const
{
    std::optional<StopsOn> all;
    for (const Row& row : rows_) {
        if (!row.stops_on)
            continue;
        const StopsOn before = all.value_or(*row.stops_on);
        all = row.stops_on;
        for (const auto& [name, flag] : stop_events<StopsOn>)
            *all.*flag = *all.*flag || before.*flag;
    }
    return all.value_or(StopsOn {});
}

// One client.

Result<std::unique_ptr<Client>> Client::attach(
    Session& session, std::string name, Kind kind, Listener listener)
{
    std::unique_ptr<Client> client(new Client(session));
    const auto [id, heard_as] =
        TRY(session.attach(std::move(name), kind == Kind::Exclusive, std::move(listener)));
    client->id_ = id;
    client->listener_ = heard_as;
    return client;
}

Client::~Client()
{
    if (id_ == owner)
        return;
    remove_all_stops();
    session_.detach(id_, listener_);
}

bool Client::has_company() const { return session_.has_clients_besides(id_); }

Result<void> Client::resume(Resume how, std::optional<uint64_t> stop)
{
    return session_.resume(std::move(how), stop, id_);
}

/// Adds a stop. The entry for it is made first, so that no stop is left without a client.
template<class Add> Result<uint32_t> Client::own(Add add)
{
    const std::lock_guard lock(mutex_);
    stops_.push_back(0);
    const Result<uint32_t> id = add();
    if (id)
        stops_.back() = *id;
    else
        stops_.pop_back();
    return id;
}

Result<uint32_t> Client::add_breakpoint(BreakpointSpec spec)
{
    return own([&] { return session_.add_breakpoint(std::move(spec)); });
}

Result<void> Client::change_breakpoint(uint32_t id, BreakpointSpec spec)
{
    if (!owns_stop(id))
        return failure("breakpoint " + std::to_string(id) + " belongs to another client, or is gone");
    return session_.change_breakpoint(id, std::move(spec));
}

Result<uint32_t> Client::add_watchpoint(WatchpointSpec spec)
{
    return own([&] { return session_.add_watchpoint(std::move(spec)); });
}

Result<void> Client::change_watchpoint(uint32_t id, WatchpointSpec spec)
{
    if (!owns_stop(id))
        return failure("watchpoint " + std::to_string(id) + " belongs to another client, or is gone");
    return session_.change_watchpoint(id, std::move(spec));
}

Result<void> Client::remove_stop(uint32_t id)
{
    const std::lock_guard lock(mutex_);
    if (std::erase(stops_, id) == 0)
        return failure("breakpoint " + std::to_string(id) + " belongs to another client, or is gone");
    // It is one of the two, if it still exists.
    (void)session_.remove_breakpoint(id);
    (void)session_.remove_watchpoint(id);
    return {};
}

void Client::stop_on(StopsOn what) { session_.stop_on(what, id_); }

void Client::remove_all_stops()
{
    std::vector<uint32_t> ids;
    {
        const std::lock_guard lock(mutex_);
        ids = stops_;
    }
    for (const uint32_t id : ids)
        (void)remove_stop(id);
    session_.stop_on(std::nullopt, id_);
}

} // namespace vitrine::core::debug
