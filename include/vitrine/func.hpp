// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Typed calls of guest functions, and host functions from C++ callables.
#pragma once

#include <vitrine/value.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace vitrine {

namespace detail {

/// A host function on 8-byte slots. It reads the arguments from them and writes the results to
/// them.
using SlotFunction = std::function<Result<void>(Caller&, std::uint64_t*)>;

template<class T> constexpr ValKind kind_of()
{
    static_assert(std::is_arithmetic_v<T> && !std::is_same_v<T, bool> && (sizeof(T) == 4 || sizeof(T) == 8),
        "guest functions take and return integers and floats of 32 and 64 bits");
    if constexpr (std::is_floating_point_v<T>)
        return sizeof(T) == 4 ? ValKind::F32 : ValKind::F64;
    else
        return sizeof(T) == 4 ? ValKind::I32 : ValKind::I64;
}

template<class T> T from_slot(std::uint64_t slot)
{
    T value;
    __builtin_memcpy(&value, &slot, sizeof value);
    return value;
}
template<class T> std::uint64_t to_slot(T value)
{
    std::uint64_t slot = 0;
    __builtin_memcpy(&slot, &value, sizeof value);
    return slot;
}

/// The WebAssembly results that correspond to a C++ return type.
template<class R> struct Results {
    static std::vector<ValKind> kinds() { return { kind_of<R>() }; }
    static void store(std::uint64_t* slots, const R& value) { slots[0] = to_slot(value); }
    static R load(const std::uint64_t* slots) { return from_slot<R>(slots[0]); }
    static constexpr std::size_t count = 1;
};
template<> struct Results<void> {
    static std::vector<ValKind> kinds() { return {}; }
    static constexpr std::size_t count = 0;
};
template<class... R> struct Results<std::tuple<R...>> {
    static std::vector<ValKind> kinds() { return { kind_of<R>()... }; }
    static void store(std::uint64_t* slots, const std::tuple<R...>& values)
    {
        std::apply([&](const R&... value) { ((*slots++ = to_slot(value)), ...); }, values);
    }
    static std::tuple<R...> load(const std::uint64_t* slots)
    {
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            return std::tuple<R...>(from_slot<R>(slots[I])...);
        }(std::index_sequence_for<R...>());
    }
    static constexpr std::size_t count = sizeof...(R);
};
template<class R> struct Results<Result<R>> : Results<R> {};

template<class R> struct IsResult : std::false_type {};
template<class R> struct IsResult<Result<R>> : std::true_type {};

/// Runs a callable and stores its result.
template<class R, class F> Result<void> store_result(std::uint64_t* slots, const F& run)
{
    if constexpr (std::is_void_v<R>) {
        run();
        return {};
    } else if constexpr (IsResult<R>::value) {
        R result = run();
        if (!result)
            return std::move(result).error();
        if constexpr (!std::is_void_v<typename R::value_type>)
            Results<R>::store(slots, *result);
        return {};
    } else {
        Results<R>::store(slots, run());
        return {};
    }
}

/// The parts of a callable's signature, without a leading `Caller&`.
template<class R, bool with_caller, class... A> struct HostSignature {
    static FuncType type() { return { { kind_of<std::remove_cvref_t<A>>()... }, Results<R>::kinds() }; }

    template<class F> static SlotFunction adapt(F&& function)
    {
        auto shared = std::make_shared<std::decay_t<F>>(std::forward<F>(function));
        return [shared](Caller& caller, std::uint64_t* slots) -> Result<void> {
            (void)caller;
            return store_result<R>(slots, [&] {
                return [&]<std::size_t... I>(std::index_sequence<I...>) -> R {
                    if constexpr (with_caller)
                        return (*shared)(caller, from_slot<std::remove_cvref_t<A>>(slots[I])...);
                    else
                        return (*shared)(from_slot<std::remove_cvref_t<A>>(slots[I])...);
                }(std::index_sequence_for<A...>());
            });
        };
    }
};

template<class F> struct HostTraits : HostTraits<decltype(&F::operator())> {};
template<class R, class... A> struct HostTraits<R(A...)> : HostSignature<R, false, A...> {};
template<class R, class... A> struct HostTraits<R(Caller&, A...)> : HostSignature<R, true, A...> {};
template<class R, class... A> struct HostTraits<R (*)(A...)> : HostTraits<R(A...)> {};
template<class R, class... A> struct HostTraits<R (*)(A...) noexcept> : HostTraits<R(A...)> {};
template<class C, class R, class... A> struct HostTraits<R (C::*)(A...)> : HostTraits<R(A...)> {};
template<class C, class R, class... A> struct HostTraits<R (C::*)(A...) const> : HostTraits<R(A...)> {};
template<class C, class R, class... A> struct HostTraits<R (C::*)(A...) noexcept> : HostTraits<R(A...)> {};
template<class C, class R, class... A>
struct HostTraits<R (C::*)(A...) const noexcept> : HostTraits<R(A...)> {};

VITRINE_API Result<void> check_type(const Func& function, const FuncType& wanted);
VITRINE_API Result<void> call_slots(const Func& function, std::uint64_t* slots);
VITRINE_API Result<Func> wrap(Store& store, const FuncType& type, SlotFunction function);

} // namespace detail

/// A guest function whose types have been checked. Calls do not convert values to and from `Val`.
template<class R, class... A> class TypedFunc<R(A...)> {
public:
    Result<R> operator()(A... arguments) const
    {
        constexpr std::size_t count = std::max<std::size_t>({ sizeof...(A), detail::Results<R>::count, 1 });
        std::array<std::uint64_t, count> slots { detail::to_slot(arguments)... };
        if (auto called = detail::call_slots(function_, slots.data()); !called)
            return std::move(called).error();
        if constexpr (std::is_void_v<R>)
            return {};
        else
            return detail::Results<R>::load(slots.data());
    }
    const Func& func() const { return function_; }

private:
    friend Func;
    explicit TypedFunc(Func function) : function_(std::move(function)) {}
    Func function_;
};

template<class Signature> Result<TypedFunc<Signature>> Func::typed() const
{
    if (auto checked = detail::check_type(*this, detail::HostTraits<Signature>::type()); !checked)
        return std::move(checked).error();
    return TypedFunc<Signature>(*this);
}

template<class F> Result<Func> Func::wrap(Store& store, F&& function)
{
    using Traits = detail::HostTraits<std::decay_t<F>>;
    return detail::wrap(store, Traits::type(), Traits::adapt(std::forward<F>(function)));
}

} // namespace vitrine
