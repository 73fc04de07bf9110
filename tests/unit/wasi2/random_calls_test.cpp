// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "unit/wasi2/guest.h"

#include <map>
#include <random>

// Calls all functions with random values of their types. Nothing may crash, and every result must
// have the type that the signature says.

namespace vitrine::core::wasi2::test {
namespace {

using vitrine::detail::ComponentTypeNode;
using vitrine::detail::HeldResource;

class RandomGuest {
public:
    explicit RandomGuest(uint32_t seed) : random_(seed)
    {
        folder_.write("file", "text");
        folder_.make_folder("folder");
        folder_.link("file", "link");
        // Waits end at once.
        guest_.thread().requests->add(Requests::interrupt);
    }

    void call(const HostFunction& function)
    {
        std::vector<ComponentNode> arguments;
        for (const ComponentTypeNode& type : function.signature.params) {
            auto value = make(type);
            if (!value)
                return; // It needs a resource that there is none of.
            arguments.push_back(*std::move(value));
        }
        Call state(guest_.world(), guest_.thread());
        ComponentNode result;
        const auto failure = function.call(state, arguments, result);
        ++calls;
        if (failure || state.trap)
            return;
        if (!function.signature.results.empty())
            take(function.signature.results[0], result);
    }

    uint32_t below(uint32_t limit) { return std::uniform_int_distribution<uint32_t>(0, limit - 1)(random_); }

    uint64_t calls = 0;

private:
    uint64_t number()
    {
        constexpr uint64_t numbers[] = { 0, 1, 2, 7, 100, 4096, 4097, 65536, 1 << 20, INT64_MAX, UINT64_MAX };
        return below(4) == 0 ? random_() : numbers[below(std::size(numbers))];
    }

    std::string text()
    {
        constexpr std::string_view texts[] = { "", ".", "..", "file", "folder", "folder/new", "link", "new",
            "/", "a/../b", "accept", "\xf0\x9f\x98\x80", std::string_view("a\0b", 3) };
        return std::string(texts[below(std::size(texts))]);
    }

    /// A value of a type. Cases of enums and labels of flags may be beyond those that there are,
    /// because signatures do not have them.
    std::optional<ComponentNode> make(const ComponentTypeNode& type)
    {
        switch (type.kind) {
        case ComponentKind::Bool: return ComponentNode { .bits = below(2) };
        case ComponentKind::Enum: return ComponentNode { .bits = below(50) };
        case ComponentKind::String: return ComponentNode { .content = text() };
        case ComponentKind::List: return make_list(type.parts[0]);
        case ComponentKind::Record:
        case ComponentKind::Tuple: return make_fields(type.parts);
        case ComponentKind::Variant:
        case ComponentKind::Result: {
            const uint32_t index = below(static_cast<uint32_t>(type.parts.size()));
            return make_case(index, type.parts[index].is_absent ? nullptr : &type.parts[index]);
        }
        case ComponentKind::Option: {
            const uint32_t index = below(2);
            return make_case(index, index == 0 ? nullptr : type.parts.data());
        }
        case ComponentKind::Own:
        case ComponentKind::Borrow: return make_handle(type);
        default: return ComponentNode { .bits = number() };
        }
    }

    ComponentNode make_list(const ComponentTypeNode& element)
    {
        const uint32_t count = below(8) == 0 ? 5000 : below(4);
        if (is_number(element.kind))
            return { .content = std::vector<std::byte>(count) };
        ComponentNode::Nodes nodes;
        for (uint32_t i = 0; i < std::min(count, 20u); ++i)
            if (auto node = make(element))
                nodes.push_back(*std::move(node));
        return { .content = std::move(nodes) };
    }

    std::optional<ComponentNode> make_fields(const std::vector<ComponentTypeNode>& parts)
    {
        ComponentNode::Nodes nodes;
        for (const ComponentTypeNode& part : parts) {
            auto node = make(part);
            if (!node)
                return std::nullopt;
            nodes.push_back(*std::move(node));
        }
        return ComponentNode { .content = std::move(nodes) };
    }

    std::optional<ComponentNode> make_case(uint32_t index, const ComponentTypeNode* payload)
    {
        ComponentNode node { .bits = index };
        if (payload) {
            auto value = make(*payload);
            if (!value)
                return std::nullopt;
            node.content = ComponentNode::Nodes { *std::move(value) };
        }
        return node;
    }

    /// One of the resources of this type. An owned one is given away.
    std::optional<ComponentNode> make_handle(const ComponentTypeNode& type)
    {
        auto& held = resources_[type.tag];
        if (held.empty())
            return std::nullopt;
        const size_t index = below(static_cast<uint32_t>(held.size()));
        ComponentNode node { .content = held[index] };
        if (type.kind == ComponentKind::Own)
            held.erase(held.begin() + static_cast<ptrdiff_t>(index));
        return node;
    }

    /// Checks that a value has a type, and keeps the resources in it.
    void take(const ComponentTypeNode& type, const ComponentNode& node)
    {
        const auto parts_of = [&](const ComponentNode& from) -> const ComponentNode::Nodes& {
            return from.nodes();
        };
        switch (type.kind) {
        case ComponentKind::String: EXPECT_NO_THROW((void)node.text()); break;
        case ComponentKind::List:
            if (is_number(type.parts[0].kind))
                EXPECT_NO_THROW((void)node.packed());
            else
                for (const ComponentNode& element : parts_of(node))
                    take(type.parts[0], element);
            break;
        case ComponentKind::Record:
        case ComponentKind::Tuple:
            ASSERT_EQ(type.parts.size(), node.nodes().size());
            for (size_t i = 0; i < type.parts.size(); ++i)
                take(type.parts[i], node.nodes()[i]);
            break;
        case ComponentKind::Variant:
        case ComponentKind::Result: {
            ASSERT_LT(node.bits, type.parts.size());
            const ComponentTypeNode& part = type.parts[node.bits];
            ASSERT_EQ(part.is_absent, !node.payload());
            if (node.payload())
                take(part, *node.payload());
            break;
        }
        case ComponentKind::Option:
            ASSERT_EQ(node.bits == 1, node.payload() != nullptr);
            if (node.payload())
                take(type.parts[0], *node.payload());
            break;
        case ComponentKind::Own: {
            auto& held = resources_[type.tag];
            held.push_back(node.held());
            // The guest drops some.
            if (held.size() > 20)
                held.erase(held.begin() + below(20));
            break;
        }
        default: break;
        }
    }

    host::Config config()
    {
        host::Config config = Guest::with(folder_);
        config.in = "some input";
        config.out = host::Sink([](std::span<const std::byte>) {});
        config.err = null_.get();
        return config;
    }

    std::mt19937_64 random_;
    TemporaryFolder folder_;
    host::HostFd null_ { ::open("/dev/null", O_WRONLY | O_CLOEXEC) };
    Guest guest_ { config() };
    /// By the tag of their type.
    std::map<const void*, std::vector<std::shared_ptr<HeldResource>>> resources_;
};

TEST(Wasi2RandomCalls, NothingCrashes)
{
    std::vector<const HostFunction*> functions;
    for (const Definition& definition : definitions())
        if (const auto* function = std::get_if<HostFunction>(&definition.item))
            functions.push_back(function);
    for (uint32_t seed = 0; seed < 4; ++seed) {
        RandomGuest guest(seed);
        for (int i = 0; i < 5000; ++i)
            guest.call(*functions[guest.below(static_cast<uint32_t>(functions.size()))]);
        EXPECT_GT(guest.calls, 1000u);
    }
}

} // namespace
} // namespace vitrine::core::wasi2::test
