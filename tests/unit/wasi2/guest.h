// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "engine/engine.h"
#include "unit/host/machine.h"
#include "wasi2/definitions.h"
#include "wasi2/descriptor.h"
#include "wasi2/streams.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace vitrine::core::wasi2 {

inline void PrintTo(ErrorCode code, std::ostream* out)
{
    constexpr std::string_view names[] = {
#define ERROR(name, number) #name,
#include "wasi2/errors.inc"
    };
    *out << names[static_cast<size_t>(code)];
}

} // namespace vitrine::core::wasi2

namespace vitrine::core::wasi2::test {

using host::test::Pipe;
using host::test::TemporaryFolder;
using host::test::text_of_bytes;
using vitrine::detail::ComponentMapping;
using vitrine::detail::ComponentNode;

/// What a guest sees of `result<T, error-code>` and `result<T, stream-error>`.
template<class T> using FileResult = ComponentResult<T, ErrorCode>;
template<class T> using StreamAnswer = ComponentResult<T, StreamErrorCases>;
constexpr size_t failed = 0, closed = 1;

inline ByteList bytes_of_text(std::string_view text)
{
    const auto bytes = std::as_bytes(std::span(text));
    return { bytes.begin(), bytes.end() };
}

/// A guest that calls functions of WASI by name, with C++ values that have the types of the
/// interface.
class Guest {
public:
    explicit Guest(host::Config config = {})
    {
        auto attached = attach(guest_.store, std::move(config));
        EXPECT_TRUE(attached.has_value()) << attached.error().to_text();
        world_ = *attached;
    }
    /// A configuration with one preopened directory.
    static host::Config with(const TemporaryFolder& folder, host::Access access = host::Access::ReadWrite)
    {
        host::Config config;
        config.preopens.push_back({ folder.path().string(), "/", access });
        return config;
    }

    /// Calls a function whose name is unique among all interfaces, such as
    /// `[method]pollable.ready`, or is given with its interface: `wasi:clocks/wall-clock#now`. Its
    /// trap, if any, is in `trap`; the result is then the default.
    template<class R, class... A> R call(std::string_view name, A... arguments)
    {
        const HostFunction& function = find(name);
        std::vector<ComponentNode> nodes;
        (nodes.push_back(ComponentMapping<A>::to_node(std::move(arguments))), ...);
        check_types<R, A...>(name, function);
        Call state(*world_, guest_.thread);
        ComponentNode result;
        const auto failure = function.call(state, nodes, result);
        trap = failure ? failure : state.trap;
        if constexpr (!std::is_void_v<R>)
            return ComponentMapping<R>::from_node(result);
    }

    Own<Descriptor> root()
    {
        using Folders = std::vector<std::tuple<Own<Descriptor>, std::string>>;
        auto folders = call<Folders>("get-directories");
        EXPECT_EQ(folders.size(), 1u);
        return std::move(std::get<0>(folders.front()));
    }
    FileResult<Own<Descriptor>> open(const Own<Descriptor>& folder, std::string path, OpenFlags open = {},
        DescriptorFlags flags = DescriptorFlag::Read, PathFlags path_flags = PathFlag::SymlinkFollow)
    {
        return call<FileResult<Own<Descriptor>>>(
            "[method]descriptor.open-at", Borrow(folder), path_flags, std::move(path), open, flags);
    }

    World& world() { return *world_; }
    Thread& thread() { return guest_.thread; }
    std::string message() const { return trap ? trap->message : ""; }

    std::optional<Trap> trap;

private:
    static const HostFunction& find(std::string_view name)
    {
        for (const Definition& definition : definitions())
            if (definition.name == name
                || definition.interface.substr(0, definition.interface.find('@')) + "#" + definition.name
                    == name)
                return std::get<HostFunction>(definition.item);
        ADD_FAILURE() << name;
        std::abort();
    }
    template<class R, class... A> void check_types(std::string_view name, const HostFunction& function)
    {
        EXPECT_EQ(function.signature.params.size(), sizeof...(A)) << name;
        const ComponentKind kinds[] = { ComponentMapping<A>::type().kind..., ComponentKind {} };
        for (size_t i = 0; i < sizeof...(A); ++i)
            EXPECT_EQ(function.signature.params[i].kind, kinds[i]) << name << ", parameter " << i;
        EXPECT_EQ(function.signature.results.empty(), std::is_void_v<R>) << name;
    }

    std::shared_ptr<Engine> engine_ = std::make_shared<Engine>();
    GuestStore guest_ { engine_ };
    std::shared_ptr<World> world_;
};

} // namespace vitrine::core::wasi2::test
