// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "component/components.h"
#include "component/transfer.h"
#include "exec/invoke.h"
#include "runtime/host_activity.h"

#include <array>
#include <optional>
#include <span>
#include <variant>
#include <vector>

// [doc] Calls across a boundary
//
// A call of a component's function by another component, by the host, or of a host function by a
// component, is a `Call`. Between components, it is one host function on the guest's control stack.
// It asks for guest functions one after the other: the callee's `realloc` for the arguments, the
// callee, the caller's `realloc` for the results, and the callee's `post-return`. So no C++ frame
// waits, every function that it calls is an ordinary guest frame, and the guest can stop anywhere.
//
// If the guest traps, the call ends where it is, and the instances that it had entered stay
// entered. So a component that trapped cannot be entered again.
//
// [component model: Canonical ABI, canon lift, canon lower, canon resource.drop]

namespace vitrine::core::component {

class Call final : public HandleScope, public HostActivity {
public:
    enum class Phase : uint8_t { Arguments, Callee, Results, PostReturn, Destructor };

    explicit Call(Components& components);
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

    /// The call of the function that `canon lower` made. Its arguments are in the slots.
    HostOutcome lower(const Trampoline& trampoline, HostCall& host);
    /// The end of an owned resource.
    HostOutcome drop(const ResourceKind& kind, uint32_t rep, Instance* caller, HostCall& host);
    /// A call by the host. The entry function runs it; the result is in `result()`.
    void prepare(const Func& callee, std::vector<Value> arguments);
    /// The destructor of a resource that the host owns.
    void prepare_drop(const ResourceKind& kind, uint32_t rep);
    /// A function without parameters and results that makes the prepared call.
    Function& entry() { return entry_; }
    std::optional<Value>& result() { return result_; }
    /// Lets the call be used again, if nothing refers to it.
    void give_back();

    /// What the entry function does.
    static HostOutcome on_entry(HostCall& host);

    std::string title() const override;
    Function* guest_callee() const override;
    /// Memory for the arguments is being allocated.
    bool is_preparing() const override { return phase_ == Phase::Arguments; }
    /// The arguments and, if it has returned, the result. They are read from the caller or callee.
    std::vector<Row> rows() const override;

    Phase phase() const { return phase_; }
    const Func* callee() const { return callee_; }
    Instance* caller() const { return caller_; }

private:
    HostOutcome enter(HostCall& host);
    HostOutcome call_host(HostCall& host);
    HostOutcome go_on(HostCall& host, Faulty<std::optional<Reallocation>>&& needed);
    HostOutcome reallocate(HostCall& host, const Reallocation& needed);
    HostOutcome call_callee(HostCall& host);
    HostOutcome clean_up(HostCall& host);
    HostOutcome finish(HostCall& host);
    void leave();
    HostOutcome fail(Trap trap);
    HostOutcome fail(const Fault& fault);
    HostOutcome fail(std::string text);

    /// Calls a guest function, and goes on with a member function when it has returned.
    using Next = HostOutcome (Call::*)(HostCall& host);
    template<Next next> HostOutcome call_guest(Function& function);
    HostOutcome after_realloc(HostCall& host);
    HostOutcome after_callee(HostCall& host);
    HostOutcome after_post_return(HostCall& host);

    Faulty<void> start_arguments();
    Faulty<void> start_results();
    Faulty<Value> lift_arguments();
    Faulty<Value> argument(size_t index) const;
    template<class L> Faulty<Place> place_of_result(const L& lowering) const;
    void end_borrows();
    void end_lends();
    Faulty<std::optional<Reallocation>> run(std::optional<uint32_t> address);
    void reset();
    Lowering<GuestSource>& lower_to(
        GuestSource source, Instance& to, const Options& options, std::span<Slot> flats);
    Lowering<ValueSource>& lower_to(
        ValueSource source, Instance& to, const Options& options, std::span<Slot> flats);
    void end_lowering();

    Components& components_;
    Function entry_;
    const Func* callee_ = nullptr;
    /// The instance that is entered.
    Instance* entered_ = nullptr;
    /// Null for the host.
    Instance* caller_ = nullptr;
    Options caller_options_ {};
    Phase phase_ = Phase::Arguments;
    /// What the context of the entered instance was before, and that of the instance whose
    /// `realloc` runs.
    TaskContext outer_context_ {}, realloc_context_ {};
    /// Set by `prepare_drop`.
    const ResourceKind* dropped_ = nullptr;
    uint32_t dropped_rep_ = 0;
    std::string dropped_name_;

    /// The caller's core arguments, with the address for the result.
    std::array<Slot, FlatTypes::max + 1> arguments_ {};
    std::array<Slot, FlatTypes::max> callee_arguments_ {};
    std::array<Slot, 1> callee_result_ {};
    std::array<Slot, 1> result_flat_ {};
    /// Arguments and result, if the host calls or is called.
    Value host_arguments_ {};
    std::optional<Value> result_;
    std::variant<std::monostate, Lowering<GuestSource>, Lowering<ValueSource>> lowering_;
    /// Memory for the next one.
    Lowering<GuestSource>::Steps guest_steps_;
    Lowering<ValueSource>::Steps value_steps_;
};

/// Calls a function of a component. The arguments must fit its parameters. The result is empty if
/// the function has none.
OrTrapped<std::optional<Value>> call(Thread& thread, const Func& function, std::vector<Value> arguments);
/// Drops a resource that the host owns: calls its destructor.
OrTrapped<void> drop(Thread& thread, HeldResource& resource);

/// The host functions that implement a canonical definition. The context of a `Function` with one
/// of them is a `Trampoline`.
HostCallback callback_of(const CanonDef& def);

} // namespace vitrine::core::component
