// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Values of the component model as plain data. Like kinds.hpp, this header is shared by all layers.
#pragma once

#include <vitrine/export.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace vitrine {

/// The kinds of value types of components. [component model: Explainer, type definitions]
enum class ComponentKind : std::uint8_t {
    Bool,
    S8,
    U8,
    S16,
    U16,
    S32,
    U32,
    S64,
    U64,
    F32,
    F64,
    Char,
    String,
    ErrorContext,
    List,
    /// A list of pairs.
    Map,
    Record,
    Tuple,
    Variant,
    Enum,
    Option,
    Result,
    Flags,
    Own,
    Borrow,
    Stream,
    Future,
};

/// Whether values of this kind are integers or floats.
constexpr bool is_number(ComponentKind kind)
{
    return kind >= ComponentKind::S8 && kind <= ComponentKind::F64;
}

namespace detail {

/// A resource that the host holds: it owns the resource, or has borrowed it for the time of a call.
struct HeldResource {
    /// Identifies the resource type. Null for a resource of the host that no component has seen.
    const void* type = nullptr;
    /// Identifies the resource among those of its type.
    std::uint32_t rep = 0;
    /// Only for resources of the host.
    std::shared_ptr<void> object {};
    /// Identifies the C++ type of the object.
    const void* tag = nullptr;
    bool is_own = true;
    /// How many calls that have not returned have borrowed the resource from this holder. Only for
    /// resources of components.
    std::uint32_t lends = 0;
    /// The resource was passed on, or the call that borrowed it has ended.
    bool is_gone = false;
};

/// A value of a component, without its type. Which members are used depends on the kind of the
/// type.
struct ComponentNode {
    using Nodes = std::vector<ComponentNode>;
    using Contents = std::variant<std::monostate, std::string, std::vector<std::byte>, Nodes,
        std::shared_ptr<HeldResource>>;

    /// If the copy of a variant throws, libstdc++ 12 destroys a value that has not been made.
    struct Content : Contents {
        using Contents::Contents;
        using Contents::operator=;
        Content() = default;
        Content(const Content& other) : Contents()
        {
            std::visit([this](const auto& value) { Contents::operator=(value); },
                static_cast<const Contents&>(other));
        }
        Content(Content&&) noexcept = default;
        Content& operator=(const Content&) = default;
        Content& operator=(Content&&) noexcept = default;
        ~Content() = default;
    };

    /// Integers (signed ones are sign-extended), the bits of a float, `bool`, the code point of a
    /// `char`, the bits of flags, and the case of a variant, enum, option or result. In an option,
    /// case 1 is `some`; in a result, case 1 is the error.
    std::uint64_t bits = 0;
    /// - `std::string`: a string, in UTF-8.
    /// - `std::vector<std::byte>`: the elements of a list of numbers, as in guest memory.
    /// - `Nodes`: the elements of any other list, the fields of a record or tuple, or the payload
    ///   of
    ///   a variant, option or result.
    /// - `std::shared_ptr<HeldResource>`: an `own` or `borrow`.
    Content content {};

    std::string& text() { return std::get<std::string>(content); }
    const std::string& text() const { return std::get<std::string>(content); }
    std::vector<std::byte>& packed() { return std::get<std::vector<std::byte>>(content); }
    const std::vector<std::byte>& packed() const { return std::get<std::vector<std::byte>>(content); }
    Nodes& nodes() { return std::get<Nodes>(content); }
    const Nodes& nodes() const { return std::get<Nodes>(content); }
    const std::shared_ptr<HeldResource>& held() const
    {
        return std::get<std::shared_ptr<HeldResource>>(content);
    }
    /// The payload of a variant, option or result. Null if the case has none.
    const ComponentNode* payload() const
    {
        const auto* nodes = std::get_if<Nodes>(&content);
        return nodes && !nodes->empty() ? nodes->data() : nullptr;
    }
};

/// The value type that a C++ type corresponds to.
struct ComponentTypeNode {
    ComponentKind kind {};
    /// For a resource of the host: the tag of its C++ type.
    const void* tag = nullptr;
    /// Fields, cases or the element. The cases of an enum and the labels of flags are not known.
    std::vector<ComponentTypeNode> parts {};
    /// Only in `parts` of variants and results: the case has no payload.
    bool is_absent = false;
};

/// The type that a C++ signature corresponds to.
struct ComponentSignature {
    std::vector<ComponentTypeNode> params {};
    /// One, or none if nothing is returned.
    std::vector<ComponentTypeNode> results {};
};

} // namespace detail
} // namespace vitrine
