// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the handles of vitrine/debug.h and vitrine/session.h are.
#pragma once

#include "capi/capi.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace vitrine::capi {

/// A text that a C program sees as long as its owner exists.
class Text {
public:
    Text() : Text(std::string()) {}
    explicit Text(std::string text) : text_(std::move(text)), view_ { text_.size(), text_.data() } {}
    Text(const Text& other) : Text(other.text_) {}
    Text& operator=(const Text& other)
    {
        text_ = other.text_;
        view_ = { text_.size(), text_.data() };
        return *this;
    }
    ~Text() = default;
    const wasm_name_t* get() const { return &view_; }

private:
    std::string text_;
    wasm_name_t view_;
};

/// Makes a vector of handles.
template<class V, class T> void hand_over(V& out, std::vector<std::unique_ptr<T>> elements)
{
    V made {};
    allocate(made, elements.size());
    if (made.size != elements.size())
        throw std::bad_alloc();
    for (std::size_t i = 0; i < made.size; ++i)
        made.data[i] = elements[i].release();
    out = made;
}

/// Deletes a vector of handles.
template<class V> void destroy_handles(V* vector)
{
    destroy_elements(vector, +[](decltype(V::data) element) { delete *element; });
}

/// The options as far as the caller has set them. Null stands for the default.
template<class T> Result<T> options_of(const T* given)
{
    T options {};
    if (!given)
        return options;
    if (given->size < sizeof given->size)
        return Error("the size of the options is not set");
    std::memcpy(&options, given, std::min(given->size, sizeof options));
    return options;
}

/// Uses what an operation returned, or returns its error.
template<class T, class F> Result<void> take(Result<T> result, const F& use)
{
    if (!result)
        return std::move(result).error();
    use(*result);
    return {};
}

/// The stores of a session.
class Stores {
public:
    explicit Stores(std::shared_ptr<StoreBody> own) : own_(std::move(own)) {}
    /// The session's own.
    const std::shared_ptr<StoreBody>& own() const { return own_; }
    void add(const std::shared_ptr<StoreBody>& store);
    void remove(const std::shared_ptr<StoreBody>& store);
    /// The store of the thread with these frames. The session's own for a thread that the guest
    /// spawned, of whose store the C program has no handle.
    std::shared_ptr<StoreBody> of(const std::vector<debug::Frame>& frames) const;
    /// The store of the thread that stopped.
    std::shared_ptr<StoreBody> of_stop(const debug::Stopped& stopped) const;

private:
    std::vector<std::shared_ptr<StoreBody>> added() const;

    const std::shared_ptr<StoreBody> own_;
    mutable std::mutex mutex_;
    std::vector<std::shared_ptr<StoreBody>> added_;
};

/// What the handles of a session share.
struct SessionState {
    SessionState(std::shared_ptr<StoreBody> store, bool has_handler)
        : stores(std::move(store)), has_handler(has_handler)
    {}

    Stores stores;
    const bool has_handler;
    std::mutex mutex;
    /// Whether the last instance is created by a linker. Then the session knows it.
    bool is_linked = false;
    /// The last instance otherwise.
    std::optional<Instance> instance;
};

/// Converts the values of an array that a C program passes. It may be null if it is empty.
Result<std::vector<Val>> to_vals(
    const std::shared_ptr<StoreBody>& store, const vitrine_val_t* vals, std::size_t count);
vitrine_val_vec_t vals_of(const std::shared_ptr<StoreBody>& store, const std::vector<Val>& vals);
const vitrine_val_t* required_if(
    const vitrine_val_t* vals, std::size_t count, const char* function, const char* name);

std::unique_ptr<vitrine_stopped_t> make_stopped(
    const std::shared_ptr<SessionState>& state, debug::Stopped stopped);
/// Fails if the program may not resume the guest from this stop.
Result<void> check_stop(const vitrine_session_t& session, const vitrine_stopped_t& handle);
/// Fails with the error with which the guest ended.
Result<vitrine_event_t> event_of(const std::shared_ptr<SessionState>& state, debug::Event event);
/// Sets `out` to the event that `code` returns. It is empty after a failure.
template<class F>
vitrine_error_t* give_event(const std::shared_ptr<SessionState>& state, vitrine_event_t& out, const F& code)
{
    out = {};
    return attempt(state->stores.own(), [&]() -> Result<void> {
        Result<debug::Event> event = code();
        if (!event)
            return std::move(event).error();
        return take(event_of(state, std::move(*event)), [&](const vitrine_event_t& next) { out = next; });
    });
}

} // namespace vitrine::capi

struct vitrine_valtype_t {
    explicit vitrine_valtype_t(const vitrine::ValType& type)
        : type(type), name(type.name), text(type.to_text())
    {}
    vitrine::ValType type;
    vitrine::capi::Text name;
    vitrine::capi::Text text;
};

struct vitrine_place_t {
    std::shared_ptr<vitrine::capi::StoreBody> store;
    vitrine::debug::WatchPlace place;
};

struct vitrine_slot_t {
    vitrine_slot_t(const std::shared_ptr<vitrine::capi::StoreBody>& store, const std::string& name,
        const vitrine::Val& value, const vitrine::ValType& type)
        : name(name), type(type), text(value.to_text()), value(vitrine::capi::val_of(store, value))
    {}
    ~vitrine_slot_t() { vitrine_val_delete(&value); }
    vitrine_slot_t(const vitrine_slot_t&) = delete;
    vitrine_slot_t& operator=(const vitrine_slot_t&) = delete;

    vitrine::capi::Text name;
    vitrine_valtype_t type;
    vitrine::capi::Text text;
    vitrine_val_t value;
};

struct vitrine_debug_frame_t {
    std::shared_ptr<vitrine::capi::StoreBody> store;
    vitrine::debug::Frame frame;
};

struct vitrine_guest_thread_t {
    std::shared_ptr<vitrine::capi::SessionState> state;
    vitrine::debug::GuestThread thread;
};

struct vitrine_breakpoint_t {
    std::shared_ptr<vitrine::capi::StoreBody> store;
    vitrine::debug::Breakpoint row;
    std::unique_ptr<wasm_instance_t> instance;
};

struct vitrine_watchpoint_t {
    vitrine::debug::Watchpoint row;
};

struct vitrine_session_t {
    std::shared_ptr<vitrine::capi::SessionState> state;
    vitrine::debug::Session session;
};

struct vitrine_stop_reason_t {
    vitrine_stop_reason_t(std::shared_ptr<vitrine::capi::StoreBody> store, vitrine::debug::StopReason reason)
        : store(std::move(store)),
          reason(std::move(reason)),
          text(this->reason.to_text()),
          details(this->reason.text)
    {}
    std::shared_ptr<vitrine::capi::StoreBody> store;
    vitrine::debug::StopReason reason;
    vitrine::capi::Text text;
    vitrine::capi::Text details;
};

struct vitrine_stopped_t {
    std::shared_ptr<vitrine::capi::SessionState> state;
    vitrine_stop_reason_t reason;
    vitrine::debug::Stopped stopped;
};
