// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "component/call.h"

#include "component/printer.h"
#include "component/wave.h"

#include <algorithm>
#include <utility>

namespace vitrine::core::component {

namespace {

bool is_self_or_ancestor(const Instance& candidate, const Instance* of)
{
    for (; of; of = of->parent)
        if (of == &candidate)
            return true;
    return false;
}

/// Calls `visit` with the instances that a call from `caller` to `callee` enters: the callee and
/// its ancestors, except those that are already entered because the caller is inside of them.
template<class Visit> void for_each_entered(Instance& callee, const Instance* caller, const Visit& visit)
{
    for (Instance* i = &callee; i; i = i->parent)
        if (!is_self_or_ancestor(*i, caller))
            visit(*i);
}

bool may_enter(Instance& callee, const Instance* caller)
{
    bool may = true;
    for_each_entered(callee, caller, [&](const Instance& i) { may &= !i.is_entered; });
    return may;
}

void mark_entered(Instance& callee, const Instance* caller, bool is_entered)
{
    for_each_entered(callee, caller, [&](Instance& i) { i.is_entered = is_entered; });
}

Trap failed(std::string text) { return { .kind = TrapKind::HostError, .message = std::move(text) }; }

const Trampoline& trampoline_of(const HostCall& host)
{
    return *static_cast<const Trampoline*>(host.function.context);
}

// -- The core functions that canonical definitions make

HostOutcome on_lower(HostCall& host)
{
    const Trampoline& trampoline = trampoline_of(host);
    return trampoline.instance->components.take_call().lower(trampoline, host);
}

HostOutcome on_resource_new(HostCall& host)
{
    const Trampoline& trampoline = trampoline_of(host);
    Instance& instance = *trampoline.instance;
    if (!instance.may_leave)
        return trap_of(Fault { FaultKind::CannotLeave });
    const auto index = instance.handles.add(
        instance.components.store, *trampoline.resource, static_cast<uint32_t>(host.slots[0]));
    if (!index)
        return trap_of(index.error());
    host.slots[0] = *index;
    return Returned {};
}

HostOutcome on_resource_rep(HostCall& host)
{
    const Trampoline& trampoline = trampoline_of(host);
    const auto entry =
        trampoline.instance->handles.find(static_cast<uint32_t>(host.slots[0]), *trampoline.resource);
    if (!entry)
        return trap_of(entry.error());
    host.slots[0] = (*entry)->rep;
    return Returned {};
}

HostOutcome on_resource_drop(HostCall& host)
{
    const Trampoline& trampoline = trampoline_of(host);
    Instance& instance = *trampoline.instance;
    if (!instance.may_leave)
        return trap_of(Fault { FaultKind::CannotLeave });
    const ResourceKind& kind = *trampoline.resource;
    const auto entry = instance.handles.remove(static_cast<uint32_t>(host.slots[0]), kind);
    if (!entry)
        return trap_of(entry.error());
    if (!entry->is_own()) {
        --entry->scope->borrows;
        return Returned {};
    }
    if (!kind.owner) {
        instance.components.objects.take(entry->rep);
        return Returned {};
    }
    return instance.components.take_call().drop(kind, entry->rep, &instance, host);
}

/// Nothing has to wait while no call is asynchronous, so only the counter's limits are visible.
HostOutcome on_backpressure(HostCall& host)
{
    const Trampoline& trampoline = trampoline_of(host);
    uint32_t& count = trampoline.instance->backpressure;
    const bool is_increment = trampoline.def->op == CanonOp::BackpressureInc;
    if (count == (is_increment ? UINT16_MAX : 0))
        return trap_of(Fault { FaultKind::Backpressure });
    count += is_increment ? 1 : -1u;
    return Returned {};
}

HostOutcome on_context_get(HostCall& host)
{
    const Trampoline& trampoline = trampoline_of(host);
    host.slots[0] = trampoline.instance->context[trampoline.def->second];
    return Returned {};
}

HostOutcome on_context_set(HostCall& host)
{
    const Trampoline& trampoline = trampoline_of(host);
    trampoline.instance->context[trampoline.def->second] = host.slots[0];
    return Returned {};
}

/// Built-ins of asynchronous components.
HostOutcome on_unsupported(HostCall& host)
{
    const Trampoline& trampoline = trampoline_of(host);
    if (!trampoline.instance->may_leave)
        return trap_of(Fault { FaultKind::CannotLeave });
    return failed("`" + std::string(to_text(trampoline.def->op)) + "` is not supported yet");
}

} // namespace

HostCallback callback_of(const CanonDef& def)
{
    switch (def.op) {
    case CanonOp::Lower: return on_lower;
    case CanonOp::ResourceNew: return on_resource_new;
    case CanonOp::ResourceRep: return on_resource_rep;
    case CanonOp::ResourceDrop: return on_resource_drop;
    case CanonOp::ContextGet: return on_context_get;
    case CanonOp::ContextSet: return on_context_set;
    case CanonOp::BackpressureInc:
    case CanonOp::BackpressureDec: return on_backpressure;
    default: return on_unsupported;
    }
}

// -- Beginning

Call::Call(Components& components) : components_(components) { components.make_entry(entry_, *this); }

void Call::reset()
{
    ASSERT(borrows == 0);
    lent.clear();
    callee_ = nullptr;
    entered_ = nullptr;
    caller_ = nullptr;
    caller_options_ = {};
    dropped_ = nullptr;
    phase_ = Phase::Arguments;
    end_lowering();
}

Lowering<GuestSource>& Call::lower_to(
    GuestSource source, Instance& to, const Options& options, std::span<Slot> flats)
{
    end_lowering();
    std::ranges::fill(flats, 0);
    return lowering_.emplace<1>(source, to, options, flats, *this, std::move(guest_steps_));
}

Lowering<ValueSource>& Call::lower_to(
    ValueSource source, Instance& to, const Options& options, std::span<Slot> flats)
{
    end_lowering();
    std::ranges::fill(flats, 0);
    return lowering_.emplace<2>(source, to, options, flats, *this, std::move(value_steps_));
}

void Call::end_lowering()
{
    if (auto* const guest = std::get_if<1>(&lowering_))
        guest_steps_ = guest->take_steps();
    else if (auto* const value = std::get_if<2>(&lowering_))
        value_steps_ = value->take_steps();
    lowering_.emplace<std::monostate>();
}

HostOutcome Call::lower(const Trampoline& trampoline, HostCall& host)
{
    reset();
    caller_ = trampoline.instance;
    caller_options_ = trampoline.options;
    callee_ = trampoline.callee;
    std::ranges::copy(host.slots.first(std::min(host.slots.size(), arguments_.size())), arguments_.begin());
    if (!caller_->may_leave)
        return fail({ FaultKind::CannotLeave });
    if (callee_->is_async || trampoline.def->options.is_async)
        return fail("calling asynchronous functions is not supported yet: " + callee_->name);
    return callee_->host ? call_host(host) : enter(host);
}

void Call::prepare(const Func& callee, std::vector<Value> arguments)
{
    reset();
    callee_ = &callee;
    host_arguments_.content = std::move(arguments);
}

void Call::prepare_drop(const ResourceKind& kind, uint32_t rep)
{
    reset();
    dropped_ = &kind;
    dropped_rep_ = rep;
}

HostOutcome Call::on_entry(HostCall& host)
{
    Call& call = *const_cast<Call*>(static_cast<const Call*>(host.function.context));
    if (call.dropped_)
        return call.drop(*call.dropped_, call.dropped_rep_, nullptr, host);
    if (call.callee_->is_async)
        return call.fail("calling asynchronous functions is not supported yet: " + call.callee_->name);
    return call.callee_->host ? call.call_host(host) : call.enter(host);
}

HostOutcome Call::enter(HostCall& host)
{
    Instance& callee = *callee_->instance;
    if (!may_enter(callee, caller_))
        return fail({ FaultKind::CannotEnter });
    mark_entered(callee, caller_, true);
    entered_ = &callee;
    outer_context_ = std::exchange(callee.context, {});
    if (const auto started = start_arguments(); !started)
        return fail(started.error());
    auto needed = run({});
    // A wrong argument of the host is no reason never to enter the instance again.
    if (!needed && !caller_)
        leave();
    return go_on(host, std::move(needed));
}

/// Arguments go from the caller to the callee.
Faulty<void> Call::start_arguments()
{
    const FuncShape& shape = *callee_->shape;
    Instance& callee = *callee_->instance;
    const auto start = [&](auto& lowering, auto from) {
        if (shape.are_params_flat())
            lowering.start(shape.params, from, Place::flat(0));
        else
            lowering.start_allocated(shape.params, from, Place::flat(0));
    };
    if (!caller_) {
        start(lower_to(ValueSource(components_, callee, *this), callee, callee_->options, callee_arguments_),
            &std::as_const(host_arguments_));
        return {};
    }
    const GuestSource source(*caller_, caller_options_, arguments_, callee, this);
    if (shape.is_scalar) {
        for (const ShapePart& part : shape.params.parts)
            CHECK(copy_scalar(source, *part.shape, part.flat_offset, callee_arguments_[part.flat_offset]));
        return {};
    }
    const Place from = shape.are_params_flat()
        ? Place::flat(0)
        : TRY(source.at_address(shape.params, static_cast<uint32_t>(arguments_[0])));
    start(lower_to(source, callee, callee_->options, callee_arguments_), from);
    return {};
}

// -- The phases

Faulty<std::optional<Reallocation>> Call::run(std::optional<uint32_t> address)
{
    if (std::holds_alternative<std::monostate>(lowering_))
        return std::nullopt;
    if (auto* const lowering = std::get_if<1>(&lowering_))
        return address ? lowering->run(*address) : lowering->run();
    auto& lowering = std::get<2>(lowering_);
    return address ? lowering.run(*address) : lowering.run();
}

HostOutcome Call::go_on(HostCall& host, Faulty<std::optional<Reallocation>>&& needed)
{
    if (!needed)
        return fail(needed.error());
    if (*needed)
        return reallocate(host, **needed);
    return phase_ == Phase::Arguments ? call_callee(host) : clean_up(host);
}

template<Call::Next next> HostOutcome Call::call_guest(Function& function)
{
    return CallGuest { .callee = &function,
        .then = [](void* self, HostCall& host, OrTrapped<void>&& called) -> HostOutcome {
            Call& call = *static_cast<Call*>(self);
            if (!called)
                return call.fail(std::move(called.error()));
            return (call.*next)(host);
        },
        .context = this,
        .activity = this };
}

HostOutcome Call::reallocate(HostCall& host, const Reallocation& needed)
{
    const bool is_callee = phase_ == Phase::Arguments;
    Instance& instance = *(is_callee ? callee_->instance : caller_);
    instance.may_leave = false;
    realloc_context_ = std::exchange(instance.context, {});
    host.callee_slots[0] = needed.old_address;
    host.callee_slots[1] = needed.old_size;
    host.callee_slots[2] = needed.alignment;
    host.callee_slots[3] = needed.new_size;
    return call_guest<&Call::after_realloc>(*(is_callee ? callee_->options : caller_options_).realloc);
}

HostOutcome Call::after_realloc(HostCall& host)
{
    Instance& instance = *(phase_ == Phase::Arguments ? callee_->instance : caller_);
    instance.may_leave = true;
    instance.context = realloc_context_;
    return go_on(host, run(static_cast<uint32_t>(host.callee_slots[0])));
}

HostOutcome Call::call_callee(HostCall& host)
{
    phase_ = Phase::Callee;
    const FuncShape& shape = *callee_->shape;
    const uint32_t count = shape.are_params_flat() ? shape.params.flat_count : 1;
    std::copy_n(callee_arguments_.begin(), count, host.callee_slots.begin());
    if (components_.pauses_at_calls.load(std::memory_order_relaxed) && !callee_->core->is_host()) {
        components_.begun = this;
        host.thread.requests->add(Requests::pause);
    }
    return call_guest<&Call::after_callee>(*callee_->core);
}

HostOutcome Call::after_callee(HostCall& host)
{
    phase_ = Phase::Results;
    callee_result_[0] = callee_->shape->result ? host.callee_slots[0] : 0;
    if (const auto started = start_results(); !started)
        return fail(started.error());
    return std::holds_alternative<std::monostate>(lowering_) ? clean_up(host) : go_on(host, run({}));
}

/// The result goes from the callee to the caller. Between guests, a lowering is started.
Faulty<void> Call::start_results()
{
    end_lowering();
    const FuncShape& shape = *callee_->shape;
    Instance& callee = *callee_->instance;
    if (shape.result) {
        const GuestSource source(callee, callee_->options, callee_result_, callee, this);
        const Place from = shape.is_result_flat()
            ? Place::flat(0)
            : TRY(source.at_address(*shape.result, static_cast<uint32_t>(callee_result_[0])));
        if (!caller_) {
            result_ = TRY(lift(components_, source, *shape.result, from));
        } else if (shape.is_scalar) {
            CHECK(copy_scalar(source, *shape.result, 0, result_flat_[0]));
        } else {
            auto& lowering = lower_to(source, *caller_, caller_options_, result_flat_);
            lowering.start(*shape.result, from, TRY(place_of_result(lowering)));
        }
    }
    if (borrows != 0)
        return fault(FaultKind::BorrowsRemain);
    return {};
}

/// Where the caller wants the result.
template<class L> Faulty<Place> Call::place_of_result(const L& lowering) const
{
    const FuncShape& shape = *callee_->shape;
    if (shape.is_result_flat())
        return Place::flat(0);
    const uint32_t index = shape.are_params_flat() ? shape.params.flat_count : 1;
    return lowering.at_address(*shape.result, static_cast<uint32_t>(arguments_[index]));
}

HostOutcome Call::clean_up(HostCall& host)
{
    if (!entered_ || !callee_->options.post_return)
        return finish(host);
    phase_ = Phase::PostReturn;
    callee_->instance->may_leave = false;
    host.callee_slots[0] = callee_result_[0];
    return call_guest<&Call::after_post_return>(*callee_->options.post_return);
}

HostOutcome Call::after_post_return(HostCall& host)
{
    callee_->instance->may_leave = true;
    return finish(host);
}

HostOutcome Call::finish(HostCall& host)
{
    if (entered_)
        leave();
    end_borrows();
    end_lends();
    if (caller_) {
        if (callee_ && callee_->shape->result && callee_->shape->is_result_flat())
            host.slots[0] = result_flat_[0];
        // The host keeps its own calls until it has taken the result.
        give_back();
    }
    return Returned {};
}

void Call::leave()
{
    mark_entered(*entered_, caller_, false);
    entered_->context = outer_context_;
}

/// Undoes what the call has done to handles. What it has done to instances stays, see
/// `ProgramView::restore`.
HostOutcome Call::fail(Trap trap)
{
    end_borrows();
    if (entered_)
        entered_->handles.remove_borrows(*this);
    end_lends();
    if (caller_)
        give_back();
    return trap;
}

HostOutcome Call::fail(const Fault& fault)
{
    return fail(
        fault.kind == FaultKind::Interrupted ? Trap { .kind = TrapKind::Interrupted } : trap_of(fault));
}

HostOutcome Call::fail(std::string text) { return fail(failed(std::move(text))); }

void Call::give_back()
{
    // Values can own objects of the host, and much memory.
    host_arguments_ = {};
    result_.reset();
    // A call that failed may have handles that refer to it. Then it is not used again.
    if (borrows == 0)
        components_.give_back(*this);
}

// -- Host functions

HostOutcome Call::call_host(HostCall& host)
{
    phase_ = Phase::Callee;
    const FuncShape& shape = *callee_->shape;
    if (caller_) {
        auto arguments = lift_arguments();
        if (!arguments)
            return fail(arguments.error());
        host_arguments_ = *std::move(arguments);
    }
    HostContext context { host.thread, host.store, caller_ ? *caller_ : *callee_->instance, *callee_ };
    auto returned = (*callee_->host)(context, host_arguments_.nodes());
    if (!returned)
        return fail(std::move(returned.error()));
    end_borrows();
    phase_ = Phase::Results;
    if (!shape.result)
        return finish(host);
    if (!fits(*returned, *shape.result))
        return fail(callee_->name + ": " + to_text(Fault { FaultKind::WrongValue }));
    result_ = *std::move(returned);
    if (!caller_)
        return finish(host);
    auto& lowering = lower_to(
        ValueSource(components_, *callee_->instance, *this), *caller_, caller_options_, result_flat_);
    const auto to = place_of_result(lowering);
    if (!to)
        return fail(to.error());
    lowering.start(*shape.result, &std::as_const(*result_), *to);
    return go_on(host, run({}));
}

/// The arguments of a host function, as the fields of a tuple.
Faulty<Value> Call::lift_arguments()
{
    const FuncShape& shape = *callee_->shape;
    const GuestSource source(*caller_, caller_options_, arguments_, *callee_->instance, this);
    const Place from = shape.are_params_flat()
        ? Place::flat(0)
        : TRY(source.at_address(shape.params, static_cast<uint32_t>(arguments_[0])));
    return lift(components_, source, shape.params, from);
}

/// Nothing is lent any more to the callee.
void Call::end_lends()
{
    for (const uint32_t index : lent)
        --caller_->handles.at(index).lends;
    lent.clear();
    for (const std::shared_ptr<HeldResource>& resource : lent_resources)
        --resource->lends;
    lent_resources.clear();
}

/// What the host function has borrowed, it can no longer use, nor the guest what the host has lent.
void Call::end_borrows()
{
    for (const std::shared_ptr<HeldResource>& resource : held)
        resource->is_gone = true;
    held.clear();
    for (const uint32_t object : lent_objects)
        components_.objects.take(object);
    lent_objects.clear();
}

// -- For debuggers

std::string Call::title() const
{
    if (phase_ == Phase::Destructor)
        return "resource.drop: destructor of " + dropped_name_;
    switch (phase_) {
    case Phase::Arguments: return callee_->name + ": realloc for the arguments";
    case Phase::Results: return callee_->name + ": realloc for the result";
    case Phase::PostReturn: return callee_->name + ": post-return";
    default: return callee_->name;
    }
}

/// None once it has returned, and if it is a function that the callee imports and exports again.
Function* Call::guest_callee() const
{
    const bool comes = phase_ == Phase::Arguments || phase_ == Phase::Callee;
    return comes && callee_ && callee_->core && !callee_->core->is_host() ? callee_->core : nullptr;
}

std::vector<HostActivity::Row> Call::rows() const
{
    std::vector<Row> rows;
    if (!callee_ || callee_->host)
        return rows;
    const Instance& callee = *callee_->instance;
    const TypeNames names(*callee.component);
    const Types& types = *callee.component->types;
    const WaveOptions options { .elements = 100, .bytes = 1000, .names = &names };
    const auto add = [&](std::string_view name, const Shape& shape, const Faulty<Value>& value) {
        rows.push_back({ std::string(name), wit_of(types, shape.type, &names),
            value ? to_wave(*value, shape, options) : "<" + to_text(value.error()) + ">" });
    };
    const FuncShape& shape = *callee_->shape;
    for (size_t i = 0; i < shape.params.parts.size(); ++i) {
        const ShapePart& param = shape.params.parts[i];
        add(param.name, *param.shape, argument(i));
    }
    if (shape.result && (phase_ == Phase::Results || phase_ == Phase::PostReturn)) {
        const GuestSource source(*callee_->instance, callee_->options, callee_result_, callee, nullptr);
        add("result", *shape.result, [&]() -> Faulty<Value> {
            const Place from = shape.is_result_flat()
                ? Place::flat(0)
                : TRY(source.at_address(*shape.result, static_cast<uint32_t>(callee_result_[0])));
            return lift(components_, source, *shape.result, from);
        }());
    }
    return rows;
}

/// An argument, as the caller has it now.
Faulty<Value> Call::argument(size_t index) const
{
    const FuncShape& shape = *callee_->shape;
    if (!caller_)
        return std::get<Value::Nodes>(host_arguments_.content)[index];
    const GuestSource source(*caller_, caller_options_, arguments_, *callee_->instance, nullptr);
    const Place all = shape.are_params_flat()
        ? Place::flat(0)
        : TRY(source.at_address(shape.params, static_cast<uint32_t>(arguments_[0])));
    const ShapePart& param = shape.params.parts[index];
    return lift(components_, source, *param.shape, all.part(param));
}

// -- Resources

HostOutcome Call::drop(const ResourceKind& kind, uint32_t rep, Instance* caller, HostCall& host)
{
    reset();
    caller_ = caller;
    phase_ = Phase::Destructor;
    dropped_name_ = kind.name;
    if (!may_enter(*kind.owner, caller_))
        return fail({ FaultKind::CannotEnter });
    entered_ = kind.owner;
    mark_entered(*entered_, caller_, true);
    outer_context_ = std::exchange(entered_->context, {});
    if (!kind.destructor)
        return finish(host);
    host.callee_slots[0] = rep;
    return call_guest<&Call::finish>(*kind.destructor);
}

// -- Calls by the host

OrTrapped<std::optional<Value>> call(Thread& thread, const Func& function, std::vector<Value> arguments)
{
    Components& components = Components::of(thread.store);
    Call& call = components.take_call();
    call.prepare(function, std::move(arguments));
    const auto done = invoke(thread, call.entry(), {});
    std::optional<Value> result = std::move(call.result());
    call.give_back();
    CHECK(done);
    return result;
}

OrTrapped<void> drop(Thread& thread, HeldResource& resource)
{
    const auto* const kind = static_cast<const ResourceKind*>(resource.type);
    if (resource.is_gone || !resource.is_own)
        return std::unexpected(trap_of(Fault { FaultKind::GoneResource }));
    if (resource.lends != 0)
        return std::unexpected(trap_of(Fault { FaultKind::LentByHost }));
    // It can be dropped later.
    if (kind && kind->owner && !may_enter(*kind->owner, nullptr))
        return std::unexpected(trap_of(Fault { FaultKind::CannotEnter }));
    resource.is_gone = true;
    resource.object.reset();
    if (!kind || !kind->owner)
        return {};
    Components& components = Components::of(thread.store);
    Call& call = components.take_call();
    call.prepare_drop(*kind, resource.rep);
    const auto done = invoke(thread, call.entry(), {});
    call.give_back();
    CHECK(done);
    return {};
}

} // namespace vitrine::core::component
