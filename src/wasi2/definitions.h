// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "component/linker.h"
#include "wasi2/call.h"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <vitrine/component_mapping.hpp>

namespace vitrine::core::wasi2 {

using vitrine::Borrow;
using vitrine::ComponentFlags;
using vitrine::ComponentResult;
using vitrine::err;
using vitrine::ok;
using vitrine::Own;

/// A function of WASI, which works on values of components. Its signature is that of the C++
/// function.
using HostFunction = vitrine::detail::AdaptedFunction<Call, Trap>;
using HostResource = std::shared_ptr<const component::HostResource>;

/// A function or a resource type of an interface.
struct Definition {
    /// With the version.
    std::string interface;
    std::string name;
    std::variant<HostFunction, HostResource> item;
};

/// Collects the definitions of all interfaces. The functions `define_...` list what the interfaces
/// contain; nothing else names the functions of WASI.
class Definitions {
public:
    /// What follows belongs to this interface.
    Definitions& interface(std::string_view name)
    {
        interface_ = std::string(name) + "@0.2.12";
        return *this;
    }
    /// A resource type, or one of another interface that this interface uses.
    template<class T> Definitions& resource(std::string_view name)
    {
        return add(name, find_resource(name, &vitrine::detail::component_tag<T>));
    }
    /// A function with the signature of a C++ function, whose first parameter may be a `Call&`.
    template<class F> Definitions& func(std::string_view name, F function)
    {
        return add(name, vitrine::detail::adapt<Call, Trap>(function));
    }

    const std::vector<Definition>& list() const { return list_; }

private:
    Definitions& add(std::string_view name, std::variant<HostFunction, HostResource> item)
    {
        list_.push_back({ interface_, std::string(name), std::move(item) });
        return *this;
    }
    /// The resource type of a C++ type, which is the same in all interfaces.
    HostResource find_resource(std::string_view name, const void* tag);

    std::string interface_;
    std::vector<Definition> list_;
    std::vector<HostResource> resources_;
};

// The interfaces, by package.
void define_io(Definitions& to);
void define_cli(Definitions& to);
void define_clocks(Definitions& to);
void define_random(Definitions& to);
void define_filesystem(Definitions& to);
void define_sockets(Definitions& to);
void define_http(Definitions& to);

/// The definitions of WASI 0.2.12.
const std::vector<Definition>& definitions();

/// Defines WASI 0.2 in a linker. A store whose components use it needs a `World`.
Result<void> add_to(component::Linker& linker);

} // namespace vitrine::core::wasi2
