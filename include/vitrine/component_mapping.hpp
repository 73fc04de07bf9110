// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Converts values of components to and from the C++ types that component_types.hpp lists. Used by
// the classes that call guest functions and define host functions.
#pragma once

#include <vitrine/component_types.hpp>

#include <bit>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>
#if __has_include(<expected>)
#  include <expected>
#endif

namespace vitrine {
namespace detail {

// -- What a node contains. A node that comes from a guest has the content of its type; the
// fallbacks are for empty lists.

inline std::span<const std::byte> bytes_in(const ComponentNode& node)
{
    const auto* bytes = std::get_if<std::vector<std::byte>>(&node.content);
    return bytes ? std::span<const std::byte>(*bytes) : std::span<const std::byte>();
}
inline std::span<ComponentNode> nodes_in(ComponentNode& node)
{
    auto* nodes = std::get_if<ComponentNode::Nodes>(&node.content);
    return nodes ? std::span<ComponentNode>(*nodes) : std::span<ComponentNode>();
}
inline std::string_view text_in(const ComponentNode& node)
{
    const auto* text = std::get_if<std::string>(&node.content);
    return text ? std::string_view(*text) : std::string_view();
}
/// Stops the program if the node has no such part: then its type was not checked.
inline ComponentNode& part_in(ComponentNode& node, std::size_t index)
{
    const auto nodes = nodes_in(node);
    if (index >= nodes.size())
        std::abort();
    return nodes[index];
}

template<class... Parts> ComponentNode node_of_parts(std::uint64_t bits, Parts&&... parts)
{
    ComponentNode node { .bits = bits };
    ComponentNode::Nodes nodes;
    nodes.reserve(sizeof...(parts));
    (nodes.push_back(std::forward<Parts>(parts)), ...);
    node.content = std::move(nodes);
    return node;
}

inline ComponentTypeNode type_of_kind(ComponentKind kind) { return { .kind = kind }; }

// -- Numbers

template<class T>
concept IsComponentInteger = std::is_same_v<T, std::byte>
    || (std::is_integral_v<T> && !std::is_same_v<T, bool> && !std::is_same_v<T, char>
        && !std::is_same_v<T, wchar_t> && !std::is_same_v<T, char8_t> && !std::is_same_v<T, char16_t>
        && !std::is_same_v<T, char32_t> && sizeof(T) <= 8);
template<class T>
concept IsComponentNumber = IsComponentInteger<T> || std::is_same_v<T, float> || std::is_same_v<T, double>;

template<class T> constexpr ComponentKind kind_of_number()
{
    using enum ComponentKind;
    if constexpr (std::is_floating_point_v<T>)
        return sizeof(T) == 4 ? F32 : F64;
    else if constexpr (std::is_signed_v<T>)
        return sizeof(T) == 1 ? S8 : sizeof(T) == 2 ? S16 : sizeof(T) == 4 ? S32 : S64;
    else
        return sizeof(T) == 1 ? U8 : sizeof(T) == 2 ? U16 : sizeof(T) == 4 ? U32 : U64;
}

// -- The fields of an aggregate

template<class T> inline constexpr bool takes_anything = false;
template<class T> inline constexpr bool takes_anything<std::optional<T>> = true;
#if defined(__cpp_lib_expected)
template<class T, class E> inline constexpr bool takes_anything<std::expected<T, E>> = !std::is_void_v<T>;
#endif

/// Converts to any type, but only where nothing is evaluated. Types that can be constructed from
/// anything must not have two ways.
struct AnyField {
    template<class T>
        requires(!takes_anything<std::remove_cvref_t<T>>)
    operator T() const
    {
        std::abort();
    }
};

template<class T, std::size_t... I> constexpr bool has_fields(std::index_sequence<I...>)
{
    return requires { T { (static_cast<void>(I), AnyField())... }; };
}
inline constexpr std::size_t max_record_fields = 32;
/// How many fields an aggregate has. One more than supported means that there are too many.
template<class T, std::size_t count = max_record_fields + 1> constexpr std::size_t field_count()
{
    if constexpr (count == 0 || has_fields<T>(std::make_index_sequence<count>()))
        return count;
    else
        return field_count<T, count - 1>();
}

/// Calls `act` with references to all fields.
template<class T, class F> decltype(auto) with_fields(T& value, const F& act)
{
    constexpr std::size_t count = field_count<std::remove_const_t<T>>();
    static_assert(count >= 1 && count <= max_record_fields, "a record has 1 to 32 fields");
    // clang-format off
#define VITRINE_FIELDS(number, ...)      \
    if constexpr (count == (number)) {   \
        auto& [__VA_ARGS__] = value;     \
        return act(__VA_ARGS__);         \
    }
    VITRINE_FIELDS(1, a)
    VITRINE_FIELDS(2, a, b)
    VITRINE_FIELDS(3, a, b, c)
    VITRINE_FIELDS(4, a, b, c, d)
    VITRINE_FIELDS(5, a, b, c, d, e)
    VITRINE_FIELDS(6, a, b, c, d, e, f)
    VITRINE_FIELDS(7, a, b, c, d, e, f, g)
    VITRINE_FIELDS(8, a, b, c, d, e, f, g, h)
    VITRINE_FIELDS(9, a, b, c, d, e, f, g, h, i)
    VITRINE_FIELDS(10, a, b, c, d, e, f, g, h, i, j)
    VITRINE_FIELDS(11, a, b, c, d, e, f, g, h, i, j, k)
    VITRINE_FIELDS(12, a, b, c, d, e, f, g, h, i, j, k, l)
    VITRINE_FIELDS(13, a, b, c, d, e, f, g, h, i, j, k, l, m)
    VITRINE_FIELDS(14, a, b, c, d, e, f, g, h, i, j, k, l, m, n)
    VITRINE_FIELDS(15, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o)
    VITRINE_FIELDS(16, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p)
    VITRINE_FIELDS(17, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q)
    VITRINE_FIELDS(18, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r)
    VITRINE_FIELDS(19, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s)
    VITRINE_FIELDS(20, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t)
    VITRINE_FIELDS(21, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u)
    VITRINE_FIELDS(22, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v)
    VITRINE_FIELDS(23, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w)
    VITRINE_FIELDS(24, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x)
    VITRINE_FIELDS(25, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y)
    VITRINE_FIELDS(26, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z)
    VITRINE_FIELDS(27, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, aa)
    VITRINE_FIELDS(28, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, aa, ab)
    VITRINE_FIELDS(29, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, aa,
        ab, ac)
    VITRINE_FIELDS(30, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, aa,
        ab, ac, ad)
    VITRINE_FIELDS(31, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, aa,
        ab, ac, ad, ae)
    VITRINE_FIELDS(32, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, aa,
        ab, ac, ad, ae, af)
#undef VITRINE_FIELDS
    // clang-format on
}

// -- The mappings: `type()` gives the type, `to_node` makes a value of the component, `from_node`
// takes one apart.

/// Anything that is not listed below: a record.
template<class T> struct ComponentMapping {
    static_assert(std::is_aggregate_v<T> && std::is_class_v<T>,
        "this C++ type does not correspond to a type of the component model");

    static ComponentTypeNode type()
    {
        ComponentTypeNode node = type_of_kind(ComponentKind::Record);
        add_fields(node, Types());
        return node;
    }
    static ComponentNode to_node(T value)
    {
        return with_fields(value, [](auto&... fields) {
            return node_of_parts(
                0, ComponentMapping<std::remove_cvref_t<decltype(fields)>>::to_node(std::move(fields))...);
        });
    }
    static T from_node(ComponentNode& node)
    {
        return make(node, Types(), std::make_index_sequence<std::tuple_size_v<Types>>());
    }

private:
    /// The types of the fields.
    using Types = decltype(with_fields(std::declval<T&>(), [](auto&... fields) {
        return std::tuple<std::type_identity<std::remove_cvref_t<decltype(fields)>>...>();
    }));

    template<class... Fields>
    static void add_fields(ComponentTypeNode& node, std::tuple<std::type_identity<Fields>...>)
    {
        (node.parts.push_back(ComponentMapping<Fields>::type()), ...);
    }
    template<class... Fields, std::size_t... I>
    static T make(ComponentNode& node, std::tuple<std::type_identity<Fields>...>, std::index_sequence<I...>)
    {
        return T { ComponentMapping<Fields>::from_node(part_in(node, I))... };
    }
};

template<> struct ComponentMapping<bool> {
    static ComponentTypeNode type() { return type_of_kind(ComponentKind::Bool); }
    static ComponentNode to_node(bool value) { return { .bits = value }; }
    static bool from_node(ComponentNode& node) { return node.bits != 0; }
};

template<IsComponentNumber T> struct ComponentMapping<T> {
    static ComponentTypeNode type() { return type_of_kind(kind_of_number<T>()); }
    static ComponentNode to_node(T value)
    {
        if constexpr (std::is_same_v<T, float>)
            return { .bits = std::bit_cast<std::uint32_t>(value) };
        else if constexpr (std::is_same_v<T, double>)
            return { .bits = std::bit_cast<std::uint64_t>(value) };
        else
            return { .bits = static_cast<std::uint64_t>(value) };
    }
    static T from_node(ComponentNode& node)
    {
        if constexpr (std::is_same_v<T, float>)
            return std::bit_cast<float>(static_cast<std::uint32_t>(node.bits));
        else if constexpr (std::is_same_v<T, double>)
            return std::bit_cast<double>(node.bits);
        else
            return static_cast<T>(node.bits);
    }
};

template<> struct ComponentMapping<char32_t> {
    static ComponentTypeNode type() { return type_of_kind(ComponentKind::Char); }
    static ComponentNode to_node(char32_t value) { return { .bits = value }; }
    static char32_t from_node(ComponentNode& node) { return static_cast<char32_t>(node.bits); }
};

template<> struct ComponentMapping<std::string> {
    static ComponentTypeNode type() { return type_of_kind(ComponentKind::String); }
    static ComponentNode to_node(std::string value) { return { .content = std::move(value) }; }
    static std::string from_node(ComponentNode& node)
    {
        auto* text = std::get_if<std::string>(&node.content);
        return text ? std::move(*text) : std::string();
    }
};

/// A view into the node.
template<> struct ComponentMapping<std::string_view> {
    static ComponentTypeNode type() { return type_of_kind(ComponentKind::String); }
    static ComponentNode to_node(std::string_view value) { return { .content = std::string(value) }; }
    static std::string_view from_node(ComponentNode& node) { return text_in(node); }
};

template<class T> ComponentTypeNode type_of_list()
{
    return { .kind = ComponentKind::List, .parts = { ComponentMapping<T>::type() } };
}

template<class T> ComponentNode node_of_list(std::span<const T> values)
{
    if constexpr (IsComponentNumber<T>) {
        const auto bytes = std::as_bytes(values);
        return { .content = std::vector<std::byte>(bytes.begin(), bytes.end()) };
    } else {
        ComponentNode::Nodes nodes;
        nodes.reserve(values.size());
        for (const T& value : values)
            nodes.push_back(ComponentMapping<T>::to_node(value));
        return { .content = std::move(nodes) };
    }
}

template<class T> struct ComponentMapping<std::vector<T>> {
    static ComponentTypeNode type() { return type_of_list<T>(); }
    static ComponentNode to_node(std::vector<T> values)
    {
        if constexpr (std::is_same_v<T, std::byte>) {
            return { .content = std::move(values) };
        } else if constexpr (IsComponentNumber<T>) {
            return node_of_list(std::span<const T>(values));
        } else {
            ComponentNode::Nodes nodes;
            nodes.reserve(values.size());
            for (auto&& value : values)
                nodes.push_back(ComponentMapping<T>::to_node(static_cast<T>(std::move(value))));
            return { .content = std::move(nodes) };
        }
    }
    static std::vector<T> from_node(ComponentNode& node)
    {
        std::vector<T> values;
        if constexpr (IsComponentNumber<T>) {
            const auto bytes = bytes_in(node);
            values.resize(bytes.size() / sizeof(T));
            if (!values.empty())
                __builtin_memcpy(values.data(), bytes.data(), values.size() * sizeof(T));
        } else {
            const auto nodes = nodes_in(node);
            values.reserve(nodes.size());
            for (ComponentNode& element : nodes)
                values.push_back(ComponentMapping<T>::from_node(element));
        }
        return values;
    }
};

/// A view into the node. A list of anything else than numbers can only be a parameter by itself,
/// because its elements must be converted.
template<class T> struct ComponentMapping<std::span<const T>> {
    static ComponentTypeNode type() { return type_of_list<T>(); }
    static ComponentNode to_node(std::span<const T> values) { return node_of_list(values); }
    static std::span<const T> from_node(ComponentNode& node)
        requires IsComponentNumber<T>
    {
        const auto bytes = bytes_in(node);
        return { reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T) };
    }
};

template<class... Parts> struct ComponentMapping<std::tuple<Parts...>> {
    static ComponentTypeNode type()
    {
        return { .kind = ComponentKind::Tuple, .parts = { ComponentMapping<Parts>::type()... } };
    }
    static ComponentNode to_node(std::tuple<Parts...> values)
    {
        return std::apply(
            [](Parts&... parts) {
                return node_of_parts(0, ComponentMapping<Parts>::to_node(std::move(parts))...);
            },
            values);
    }
    static std::tuple<Parts...> from_node(ComponentNode& node)
    {
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            return std::tuple<Parts...> { ComponentMapping<Parts>::from_node(part_in(node, I))... };
        }(std::index_sequence_for<Parts...>());
    }
};

/// A payload: a type, or nothing for `void` and `std::monostate`.
template<class T>
inline constexpr bool is_no_payload = std::is_void_v<T> || std::is_same_v<T, std::monostate>;

template<class T> ComponentTypeNode type_of_payload()
{
    if constexpr (is_no_payload<T>)
        return { .is_absent = true };
    else
        return ComponentMapping<T>::type();
}

template<class... Cases> struct ComponentMapping<std::variant<Cases...>> {
    using Variant = std::variant<Cases...>;

    static ComponentTypeNode type()
    {
        return { .kind = ComponentKind::Variant, .parts = { type_of_payload<Cases>()... } };
    }
    static ComponentNode to_node(Variant value)
    {
        const std::uint64_t index = value.index();
        return std::visit(
            [&]<class Case>(Case& payload) -> ComponentNode {
                if constexpr (is_no_payload<Case>)
                    return { .bits = index };
                else
                    return node_of_parts(index, ComponentMapping<Case>::to_node(std::move(payload)));
            },
            value);
    }
    static Variant from_node(ComponentNode& node)
    {
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            constexpr Variant (*makers[])(ComponentNode&) = { &make_case<I>... };
            if (node.bits >= sizeof...(I))
                std::abort();
            return makers[node.bits](node);
        }(std::index_sequence_for<Cases...>());
    }

private:
    template<std::size_t I> static Variant make_case(ComponentNode& node)
    {
        using Case = std::variant_alternative_t<I, Variant>;
        if constexpr (is_no_payload<Case>)
            return Variant(std::in_place_index<I>);
        else
            return Variant(std::in_place_index<I>, ComponentMapping<Case>::from_node(part_in(node, 0)));
    }
};

template<class T> struct ComponentMapping<std::optional<T>> {
    static ComponentTypeNode type()
    {
        return { .kind = ComponentKind::Option, .parts = { ComponentMapping<T>::type() } };
    }
    static ComponentNode to_node(std::optional<T> value)
    {
        if (!value)
            return {};
        return node_of_parts(1, ComponentMapping<T>::to_node(*std::move(value)));
    }
    static std::optional<T> from_node(ComponentNode& node)
    {
        if (node.bits == 0)
            return std::nullopt;
        return ComponentMapping<T>::from_node(part_in(node, 0));
    }
};

/// Both C++ types for results: how they are made is all that differs.
template<class R, class T, class E> struct ResultMapping {
    static ComponentTypeNode type()
    {
        return { .kind = ComponentKind::Result, .parts = { type_of_payload<T>(), type_of_payload<E>() } };
    }
    static ComponentNode to_node(R result)
    {
        if (result.has_value()) {
            if constexpr (std::is_void_v<T>)
                return { .bits = 0 };
            else
                return node_of_parts(0, ComponentMapping<T>::to_node(*std::move(result)));
        } else {
            if constexpr (std::is_void_v<E>)
                return { .bits = 1 };
            else
                return node_of_parts(1, ComponentMapping<E>::to_node(std::move(result).error()));
        }
    }
};

template<class T, class E>
struct ComponentMapping<ComponentResult<T, E>> : ResultMapping<ComponentResult<T, E>, T, E> {
    static ComponentResult<T, E> from_node(ComponentNode& node)
    {
        if (node.bits == 0) {
            if constexpr (std::is_void_v<T>)
                return ok();
            else
                return ok(ComponentMapping<T>::from_node(part_in(node, 0)));
        } else {
            if constexpr (std::is_void_v<E>)
                return err();
            else
                return err(ComponentMapping<E>::from_node(part_in(node, 0)));
        }
    }
};

#if defined(__cpp_lib_expected)
template<class T, class E>
struct ComponentMapping<std::expected<T, E>> : ResultMapping<std::expected<T, E>, T, E> {
    static std::expected<T, E> from_node(ComponentNode& node)
    {
        if (node.bits != 0)
            return std::unexpected(ComponentMapping<E>::from_node(part_in(node, 0)));
        if constexpr (std::is_void_v<T>)
            return {};
        else
            return ComponentMapping<T>::from_node(part_in(node, 0));
    }
};
#endif

template<class T>
    requires(std::is_enum_v<T> && !std::is_same_v<T, std::byte>)
struct ComponentMapping<T> {
    static ComponentTypeNode type() { return type_of_kind(ComponentKind::Enum); }
    static ComponentNode to_node(T value) { return { .bits = static_cast<std::uint64_t>(value) }; }
    static T from_node(ComponentNode& node) { return static_cast<T>(node.bits); }
};

template<class Enum> struct ComponentMapping<ComponentFlags<Enum>> {
    static ComponentTypeNode type() { return type_of_kind(ComponentKind::Flags); }
    static ComponentNode to_node(ComponentFlags<Enum> value) { return { .bits = value.bits() }; }
    static ComponentFlags<Enum> from_node(ComponentNode& node)
    {
        return ComponentFlags<Enum>::from_bits(static_cast<std::uint32_t>(node.bits));
    }
};

/// The resource in a node.
inline std::shared_ptr<HeldResource> take_held(ComponentNode& node)
{
    auto* held = std::get_if<std::shared_ptr<HeldResource>>(&node.content);
    if (!held || !*held)
        std::abort();
    return *held;
}

template<class T> struct ComponentMapping<Own<T>> {
    static ComponentTypeNode type() { return { .kind = ComponentKind::Own, .tag = &component_tag<T> }; }
    static ComponentNode to_node(Own<T> value) { return { .content = std::move(value.held_) }; }
    static Own<T> from_node(ComponentNode& node) { return Own<T>(take_held(node)); }
};

template<class T> struct ComponentMapping<Borrow<T>> {
    static ComponentTypeNode type() { return { .kind = ComponentKind::Borrow, .tag = &component_tag<T> }; }
    static ComponentNode to_node(Borrow<T> value) { return { .content = std::move(value.held_) }; }
    static Borrow<T> from_node(ComponentNode& node) { return Borrow<T>(take_held(node)); }
};

/// The kind `Own` without a tag stands for both, an `own` and a `borrow`.
template<> struct ComponentMapping<ComponentResource> {
    static ComponentTypeNode type() { return type_of_kind(ComponentKind::Own); }
    static ComponentNode to_node(ComponentResource value) { return { .content = std::move(value.held_) }; }
    static ComponentResource from_node(ComponentNode& node) { return ComponentResource(take_held(node)); }
};

/// Whether a reference to a constant `T` is a value and not a borrowed resource.
template<class T> inline constexpr bool is_component_value = std::is_arithmetic_v<T> || std::is_enum_v<T>;
template<> inline constexpr bool is_component_value<std::string> = true;
template<> inline constexpr bool is_component_value<std::string_view> = true;
template<> inline constexpr bool is_component_value<ComponentResource> = true;
template<class T> inline constexpr bool is_component_value<std::vector<T>> = true;
template<class T> inline constexpr bool is_component_value<std::span<T>> = true;
template<class... T> inline constexpr bool is_component_value<std::tuple<T...>> = true;
template<class... T> inline constexpr bool is_component_value<std::variant<T...>> = true;
template<class T> inline constexpr bool is_component_value<std::optional<T>> = true;
template<class T, class E> inline constexpr bool is_component_value<ComponentResult<T, E>> = true;
template<class T> inline constexpr bool is_component_value<ComponentFlags<T>> = true;
template<class T> inline constexpr bool is_component_value<Own<T>> = true;
template<class T> inline constexpr bool is_component_value<Borrow<T>> = true;
#if defined(__cpp_lib_expected)
template<class T, class E> inline constexpr bool is_component_value<std::expected<T, E>> = true;
#endif

// -- The parameters of a host function. An object holds what the parameter refers to during the
// call.

template<class P> struct ComponentParam {
    using Value = std::remove_cvref_t<P>;
    static_assert(!std::is_lvalue_reference_v<P> || std::is_const_v<std::remove_reference_t<P>>,
        "a value is passed to a host function by value or as a constant");

    explicit ComponentParam(ComponentNode& node) : value(ComponentMapping<Value>::from_node(node)) {}
    static ComponentTypeNode type() { return ComponentMapping<Value>::type(); }
    P get() { return static_cast<P>(std::move(value)); }

    Value value;
};

/// A borrowed resource of the host.
template<class T>
    requires(std::is_class_v<T> && !is_component_value<std::remove_const_t<T>>)
struct ComponentParam<T&> {
    using Object = std::remove_const_t<T>;

    explicit ComponentParam(ComponentNode& node) : borrowed(ComponentMapping<Borrow<Object>>::from_node(node))
    {}
    static ComponentTypeNode type() { return ComponentMapping<Borrow<Object>>::type(); }
    T& get() { return *borrowed; }

    Borrow<Object> borrowed;
};

/// A list that is converted for the time of the call.
template<class T>
    requires(!IsComponentNumber<T>)
struct ComponentParam<std::span<const T>> {
    static_assert(!std::is_same_v<T, bool>, "take a `std::vector<bool>`");

    explicit ComponentParam(ComponentNode& node) : values(ComponentMapping<std::vector<T>>::from_node(node))
    {}
    static ComponentTypeNode type() { return type_of_list<T>(); }
    std::span<const T> get() { return values; }

    std::vector<T> values;
};

// -- Results

/// Whether a result that is an error ends the guest: it has an error that converts to `Failure`.
template<class R, class Failure>
inline constexpr bool ends_guest = requires {
    typename R::value_type;
    requires std::is_convertible_v<typename R::error_type, Failure>;
};

template<class R, class Failure, bool = ends_guest<R, Failure>> struct ComponentReturn {
    using Value = R;
};
template<class R, class Failure> struct ComponentReturn<R, Failure, true> {
    using Value = typename R::value_type;
};

/// Calls a function and stores its result. Returns what ends the guest.
template<class R, class Failure, class F>
std::optional<Failure> run_and_store(const F& run, ComponentNode& result)
{
    if constexpr (std::is_void_v<R>) {
        run();
    } else if constexpr (ends_guest<R, Failure>) {
        R returned = run();
        if (!returned.has_value())
            return static_cast<Failure>(std::move(returned).error());
        if constexpr (!std::is_void_v<typename R::value_type>)
            result = ComponentMapping<typename R::value_type>::to_node(*std::move(returned));
    } else {
        result = ComponentMapping<R>::to_node(run());
    }
    return std::nullopt;
}

template<class R> std::vector<ComponentTypeNode> types_of_result()
{
    if constexpr (std::is_void_v<R>)
        return {};
    else
        return { ComponentMapping<R>::type() };
}

/// A host function that works on values of components. `arguments` has the types of the signature.
template<class Context, class Failure> struct AdaptedFunction {
    ComponentSignature signature;
    /// Returns what ends the guest, if anything does.
    std::function<std::optional<Failure>(
        Context& context, std::span<ComponentNode> arguments, ComponentNode& result)>
        call;
};

template<bool with_context, class R, class... A> struct ComponentCallable {
    template<class Context, class Failure, class F>
    static AdaptedFunction<Context, Failure> adapt(F&& function)
    {
        AdaptedFunction<Context, Failure> adapted;
        adapted.signature.params = { ComponentParam<A>::type()... };
        adapted.signature.results = types_of_result<typename ComponentReturn<R, Failure>::Value>();
        auto shared = std::make_shared<std::decay_t<F>>(std::forward<F>(function));
        adapted.call = [shared](Context& context, std::span<ComponentNode> arguments, ComponentNode& result) {
            (void)context;
            if (arguments.size() != sizeof...(A))
                std::abort();
            return [&]<std::size_t... I>(std::index_sequence<I...>) {
                std::tuple<ComponentParam<A>...> params { ComponentParam<A>(arguments[I])... };
                return run_and_store<R, Failure>(
                    [&]() -> R {
                        if constexpr (with_context)
                            return (*shared)(context, std::get<I>(params).get()...);
                        else
                            return (*shared)(std::get<I>(params).get()...);
                    },
                    result);
            }(std::index_sequence_for<A...>());
        };
        return adapted;
    }
};

/// The signature of a callable, without a leading `Context&`.
template<class Context, class F>
struct ComponentTraits : ComponentTraits<Context, decltype(&F::operator())> {};
template<class Context, class R, class... A>
struct ComponentTraits<Context, R(A...)> : ComponentCallable<false, R, A...> {};
template<class Context, class R, class... A>
struct ComponentTraits<Context, R(Context&, A...)> : ComponentCallable<true, R, A...> {};
template<class Context, class R, class... A>
struct ComponentTraits<Context, R (*)(A...)> : ComponentTraits<Context, R(A...)> {};
template<class Context, class R, class... A>
struct ComponentTraits<Context, R (*)(A...) noexcept> : ComponentTraits<Context, R(A...)> {};
template<class Context, class C, class R, class... A>
struct ComponentTraits<Context, R (C::*)(A...)> : ComponentTraits<Context, R(A...)> {};
template<class Context, class C, class R, class... A>
struct ComponentTraits<Context, R (C::*)(A...) const> : ComponentTraits<Context, R(A...)> {};
template<class Context, class C, class R, class... A>
struct ComponentTraits<Context, R (C::*)(A...) noexcept> : ComponentTraits<Context, R(A...)> {};
template<class Context, class C, class R, class... A>
struct ComponentTraits<Context, R (C::*)(A...) const noexcept> : ComponentTraits<Context, R(A...)> {};

/// Makes a host function of a callable. Its first parameter may be a `Context&`. It may return a
/// value, or an `expected` of one whose error converts to `Failure` and then ends the guest; any
/// other `expected` is a result of the guest.
template<class Context, class Failure, class F> AdaptedFunction<Context, Failure> adapt(F&& function)
{
    return ComponentTraits<Context, std::decay_t<F>>::template adapt<Context, Failure>(
        std::forward<F>(function));
}

/// A guest function with a C++ signature.
template<class Signature> struct ComponentGuestCall;
template<class R, class... A> struct ComponentGuestCall<R(A...)> {
    static_assert(!std::is_same_v<R, std::string_view>, "the text would be gone: return a `std::string`");

    static ComponentSignature signature()
    {
        return { .params = { ComponentMapping<std::remove_cvref_t<A>>::type()... },
            .results = types_of_result<R>() };
    }
    static std::vector<ComponentNode> arguments(A... arguments)
    {
        std::vector<ComponentNode> nodes;
        nodes.reserve(sizeof...(A));
        (nodes.push_back(ComponentMapping<std::remove_cvref_t<A>>::to_node(std::forward<A>(arguments))), ...);
        return nodes;
    }
    static R result(ComponentNode& node)
    {
        if constexpr (!std::is_void_v<R>)
            return ComponentMapping<R>::from_node(node);
    }
};

} // namespace detail
} // namespace vitrine
