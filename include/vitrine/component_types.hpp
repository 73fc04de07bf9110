// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// C++ types as types of the component model. Like kinds.hpp, this header is shared by all layers.
//
// | component                  | C++                                                              |
// | -------------------------- | ---------------------------------------------------------------- |
// | bool, integers, floats     | `bool`, the fixed-width types, `float`, `double`                 |
// | u8 in lists                | also `std::byte`                                                 |
// | char, string               | `char32_t`, `std::string`; `std::string_view` as a parameter     |
// | list                       | `std::vector<T>`; `std::span<const T>` as a parameter            |
// | record                     | an aggregate by value with up to 32 fields, in their order       |
// | tuple                      | `std::tuple`                                                     |
// | variant                    | `std::variant`, cases in order; `std::monostate` for no payload  |
// | option                     | `std::optional`                                                  |
// | result                     | `ComponentResult<T, E>`, `std::expected<T, E>`; `void` for none  |
// | enum                       | `enum class`, whose enumerators are the cases' numbers           |
// | flags                      | `ComponentFlags<E>`; the enumerators are the labels' numbers     |
// | own of the host's          | `Own<T>`                                                         |
// | borrow of the host's       | `T&`, `const T&` as a parameter; `Borrow<T>` also inside a value |
// | own, borrow of the guest's | `ComponentResource`                                              |
//
// Views (`std::string_view`, `std::span`) refer to copies that live as long as the call.
#pragma once

#include <vitrine/component_value.hpp>

#include <cstdlib>
#include <initializer_list>
#include <memory>
#include <type_traits>
#include <utility>
#include <variant>

namespace vitrine {

namespace detail {
struct Access;
template<class T> struct ComponentMapping;

/// The address identifies a C++ type whose objects are resources of the host.
template<class T> inline char component_tag = 0;
} // namespace detail

/// A resource of the host, owned by the holder of this object. As the result of a host function, or
/// an argument of a guest function, it passes to the guest. The object is destroyed when the last
/// owner drops the resource.
template<class T> class Own {
public:
    template<class... Arguments> static Own make(Arguments&&... arguments)
    {
        if constexpr (std::is_constructible_v<T, Arguments...>)
            return Own(std::make_shared<T>(std::forward<Arguments>(arguments)...));
        else
            return Own(std::shared_ptr<T>(new T { std::forward<Arguments>(arguments)... }));
    }
    /// An object that the host may go on using.
    explicit Own(std::shared_ptr<T> object) : held_(std::make_shared<detail::HeldResource>())
    {
        held_->object = std::move(object);
        held_->tag = &detail::component_tag<T>;
    }
    Own(Own&&) = default;
    Own& operator=(Own&&) = default;

    /// Not after it has been moved from.
    T& operator*() const { return *get(); }
    T* operator->() const { return get(); }
    T* get() const { return static_cast<T*>(held_->object.get()); }
    /// The object, which then lives at least as long as this pointer.
    std::shared_ptr<T> share() const { return std::static_pointer_cast<T>(held_->object); }

private:
    friend detail::ComponentMapping<Own>;
    explicit Own(std::shared_ptr<detail::HeldResource> held) : held_(std::move(held)) {}

    std::shared_ptr<detail::HeldResource> held_;
};

/// A resource of the host that is lent for the time of a call.
template<class T> class Borrow {
public:
    /// The owner must keep the resource during the call.
    Borrow(const Own<T>& owner) : Borrow(owner.share()) {}

    T& operator*() const { return *get(); }
    T* operator->() const { return get(); }
    T* get() const { return static_cast<T*>(held_->object.get()); }

private:
    friend detail::ComponentMapping<Borrow>;
    explicit Borrow(std::shared_ptr<T> object) : held_(std::make_shared<detail::HeldResource>())
    {
        held_->object = std::move(object);
        held_->tag = &detail::component_tag<T>;
        held_->is_own = false;
    }
    explicit Borrow(std::shared_ptr<detail::HeldResource> held) : held_(std::move(held)) {}

    std::shared_ptr<detail::HeldResource> held_;
};

/// A resource that a component implements and the host holds or has borrowed. Copies refer to the
/// same resource.
class ComponentResource {
public:
    /// Holds no resource.
    ComponentResource() = default;
    explicit operator bool() const { return held_ && !held_->is_gone; }
    /// Whether the host owns it. A borrowed resource can only be used until the call that lent it
    /// returns.
    bool is_own() const { return held_ && held_->is_own; }

private:
    friend detail::Access;
    friend detail::ComponentMapping<ComponentResource>;
    explicit ComponentResource(std::shared_ptr<detail::HeldResource> held) : held_(std::move(held)) {}

    std::shared_ptr<detail::HeldResource> held_;
};

/// Flags of a component. The enumerators of `Enum` are the numbers of the labels, starting at 0.
template<class Enum> class ComponentFlags {
public:
    constexpr ComponentFlags() = default;
    constexpr ComponentFlags(Enum flag) : bits_(bit_of(flag)) {}
    constexpr ComponentFlags(std::initializer_list<Enum> flags)
    {
        for (const Enum flag : flags)
            bits_ |= bit_of(flag);
    }

    constexpr bool has(Enum flag) const { return (bits_ & bit_of(flag)) != 0; }
    constexpr ComponentFlags& set(Enum flag, bool on = true)
    {
        bits_ = on ? bits_ | bit_of(flag) : bits_ & ~bit_of(flag);
        return *this;
    }
    /// One bit for each label; the first label has the lowest bit.
    constexpr std::uint32_t bits() const { return bits_; }
    static constexpr ComponentFlags from_bits(std::uint32_t bits)
    {
        ComponentFlags flags;
        flags.bits_ = bits;
        return flags;
    }

    friend constexpr ComponentFlags operator|(ComponentFlags a, ComponentFlags b)
    {
        return from_bits(a.bits_ | b.bits_);
    }
    friend constexpr bool operator==(ComponentFlags, ComponentFlags) = default;

private:
    static constexpr std::uint32_t bit_of(Enum flag)
    {
        return std::uint32_t { 1 } << static_cast<std::uint32_t>(flag);
    }

    std::uint32_t bits_ = 0;
};

/// What `ok` and `err` return. They convert to any `ComponentResult` with matching types.
template<class T> struct ComponentOk {
    T value;
};
template<> struct ComponentOk<void> {};
template<class E> struct ComponentErr {
    E error;
};
template<> struct ComponentErr<void> {};

inline ComponentOk<void> ok() { return {}; }
template<class T> ComponentOk<std::decay_t<T>> ok(T&& value) { return { std::forward<T>(value) }; }
inline ComponentErr<void> err() { return {}; }
template<class E> ComponentErr<std::decay_t<E>> err(E&& error) { return { std::forward<E>(error) }; }

/// The `result` of a component: an ordinary value of the guest. `T` and `E` can be `void`.
template<class T, class E> class [[nodiscard]] ComponentResult {
    template<class Part, class From>
    static constexpr bool accepts = std::is_void_v<Part> == std::is_void_v<From>
        && (std::is_void_v<Part> || std::is_constructible_v<std::add_rvalue_reference_t<Part>, From>
            || std::is_convertible_v<From, Part>);

public:
    template<class From>
        requires accepts<T, From>
    ComponentResult(ComponentOk<From> from) : content_(std::in_place_index<0>, convert<ComponentOk<T>>(from))
    {}
    template<class From>
        requires accepts<E, From>
    ComponentResult(ComponentErr<From> from)
        : content_(std::in_place_index<1>, convert<ComponentErr<E>>(from))
    {}

    bool has_value() const { return content_.index() == 0; }
    explicit operator bool() const { return has_value(); }

    /// Only if there is a value.
    decltype(auto) operator*() & { return value_of(std::get_if<0>(&content_)); }
    decltype(auto) operator*() const& { return value_of(std::get_if<0>(&content_)); }
    decltype(auto) operator*() && { return std::move(value_of(std::get_if<0>(&content_))); }
    auto* operator->() { return &value_of(std::get_if<0>(&content_)); }
    const auto* operator->() const { return &value_of(std::get_if<0>(&content_)); }
    /// Only if there is an error.
    decltype(auto) error() & { return error_of(std::get_if<1>(&content_)); }
    decltype(auto) error() const& { return error_of(std::get_if<1>(&content_)); }
    decltype(auto) error() && { return std::move(error_of(std::get_if<1>(&content_))); }

private:
    template<class To, class From> static To convert(From& from)
    {
        if constexpr (requires { from.value; })
            return { std::move(from.value) };
        else if constexpr (requires { from.error; })
            return { std::move(from.error) };
        else
            return {};
    }
    template<class Content> static auto& value_of(Content* content)
    {
        if (!content)
            std::abort();
        return content->value;
    }
    template<class Content> static auto& error_of(Content* content)
    {
        if (!content)
            std::abort();
        return content->error;
    }

    std::variant<ComponentOk<T>, ComponentErr<E>> content_;
};

} // namespace vitrine
