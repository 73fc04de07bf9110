// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "debug/client.h"
#include "debug/locations.h"
#include "debug/sources.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace vitrine::core::debug {

/// What a user asks to stop at, and when. All of it is about all locations together.
struct RequestSpec {
    AskedPlace place;
    std::string condition {};
    /// The number of hits to skip before the guest stops.
    uint64_t ignore_count = 0;
    /// Only every Nth of the hits after those stops the guest; 0 is the same as 1.
    uint64_t every = 1;
    /// Logged instead of stopping; see `BreakpointSpec::message`.
    std::string message {};
    /// Removed after its first stop.
    bool is_temporary = false;
    bool is_enabled = true;
    /// Whether there may be no such place yet: it is looked for again when a module is loaded.
    bool may_be_pending = false;
};

/// One of the places of a request, with a breakpoint of the session.
struct RequestLocation {
    /// From 1: `1.2` is location 2 of request 1. No number is used again.
    uint32_t number = 0;
    CodeLocation at;
    bool is_enabled = true;
    /// The id in the session; 0 if there is none: `problem` says why.
    uint32_t breakpoint = 0;
    uint64_t hits = 0;
    std::string problem {};
};

/// A request with its state, for listings.
struct Request {
    uint32_t id = 0;
    RequestSpec spec;
    /// None while it is pending: `problem` says why.
    std::vector<RequestLocation> locations {};
    std::string problem {};

    uint64_t hits() const;
};

/// [doc] Requests for breakpoints
///
/// A user asks for `deposit`, `bank.c:25`, `/^app::/`; a session has breakpoints at instructions.
/// A request has one for each place that it means (debug/locations.h): its *locations*. It is
/// resolved anew when a module is loaded that was not known, before that module's first
/// instruction, and when a new session begins. Hits are counted for all locations together.
///
/// A client has one `Requests`, for as long as it likes: through several runs of a program. Use:
///
///     Requests requests([](const Requests::Event& event) { ... });
///     requests.attach(client, sources, modules);     // for each session, before the guest runs
///     auto id = requests.add({ .place = { .text = "bank.c:25" }, .condition = "amount > 10" });
///     ... session.wait(): a StopReason with the kind Breakpoint and an id
///     if (auto hit = requests.find_hit(reason.id)) ...    // hit->request, hit->location
///     requests.detach();                              // before the client is destroyed
///
/// All members may be called from any thread.
class Requests {
public:
    struct Event {
        enum class Kind : uint8_t { Changed, Removed };

        Kind kind;
        Request request;
    };
    /// Hears of requests that change or end other than by its client's own calls: when a module is
    /// loaded, and when a temporary one has stopped the guest. Called on the guest's thread, or in
    /// `attach` and `refresh`.
    using OnEvent = std::function<void(const Event&)>;

    explicit Requests(OnEvent on_event = nullptr);
    /// Detaches.
    ~Requests();
    Requests(const Requests&) = delete;
    Requests& operator=(const Requests&) = delete;

    /// Sets all requests in the client's session. `modules` are those that are known already;
    /// others are added when they are loaded.
    void attach(Client& client, std::shared_ptr<Sources> sources, std::vector<LoadedModule> modules,
        Demangle demangle = nullptr);
    /// Removes them from the session. They are kept for the next one.
    void detach();
    /// See `SearchedCode::is_same_file`. For requests that are resolved from then on.
    void set_file_test(std::function<bool(std::string_view asked, const source::File& file)> is_same_file);

    /// The number that the next request or other stop of the client gets: one sequence for all.
    uint32_t take_id();
    /// Fails for a malformed place, condition or message; and if there is no such place, unless the
    /// request may be pending. The offset of an error is one in the condition or message.
    Result<uint32_t> add(RequestSpec spec);
    /// Changes everything but the place. Nothing is changed if that fails.
    Result<void> change(uint32_t id, RequestSpec spec);
    Result<void> remove(uint32_t id);
    Result<void> set_location_enabled(uint32_t id, uint32_t number, bool is_enabled);
    /// Resolves all requests anew: for debug information that was found later.
    void refresh();

    /// By ascending id.
    std::vector<Request> list() const;
    std::optional<Request> find(uint32_t id) const;

    struct Hit {
        uint32_t request;
        uint32_t location;
    };
    /// The location that a breakpoint of the session belongs to. Also finds a temporary one that
    /// has just stopped the guest.
    std::optional<Hit> find_hit(uint32_t breakpoint) const;

private:
    class Core;
    const std::shared_ptr<Core> core_;
};

} // namespace vitrine::core::debug
