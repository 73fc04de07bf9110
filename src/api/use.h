// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "api/access.h"
#include "debug/session.h"

#include <memory>
#include <optional>

namespace vitrine::detail {

/// Lets the calling thread use a store during the lifetime of this object: if a debugger resumes
/// the store's guest, the guest waits until this object is destroyed. False if the store is gone or
/// its guest runs on another thread; `error` says why.
class Use {
public:
    using Purpose = core::debug::Session::Use::Purpose;

    /// The link must outlive this object.
    explicit Use(const std::shared_ptr<StoreLink>& link, Purpose purpose = Purpose::Data)
    {
        if (is_free(link))
            guest_ = link->guest.get();
        else
            begin(link, purpose);
    }
    /// Whether there is a store that can be used without holding anything: no session debugs it.
    static bool is_free(const std::shared_ptr<StoreLink>& link)
    {
        return link && link->guest && !link->error && link->session.expired();
    }

    explicit operator bool() const { return !error_; }
    const Error& error() const { return *error_; }
    core::GuestStore* operator->() const { return guest_; }

private:
    void begin(const std::shared_ptr<StoreLink>& link, Purpose purpose);

    core::GuestStore* guest_ = nullptr;
    std::shared_ptr<core::debug::Session> session_;
    std::optional<core::debug::Session::Use> held_;
    std::optional<Error> error_;
};

/// Fails if `guest_debug` is off or the store cannot be used now. For functions that only a
/// debugger may call.
Result<void> check_debug(const Use& used);

/// The object of a handle, during a use of its store. Null if the store cannot be used.
template<class T> class Used {
public:
    template<class Handle>
    explicit Used(const Handle& handle)
        : use_(Access::link(handle)), object_(use_ ? static_cast<T*>(Access::object(handle)) : nullptr)
    {}

    explicit operator bool() const { return object_ != nullptr; }
    T* operator->() const { return object_; }
    T& operator*() const { return *object_; }

private:
    const Use use_;
    T* const object_;
};

} // namespace vitrine::detail
