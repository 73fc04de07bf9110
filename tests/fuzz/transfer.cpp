// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Takes the bytes as a value type, a memory that a value of it is in, and the results of `realloc`.
// The value is lifted to the host, and passed to another memory. No access may leave a memory,
// whatever is in it. A value that has been lifted can be passed on, and comes back the same.

#include "component/transfer.h"
#include "component/components.h"

#include <algorithm>
#include <cstring>

namespace vitrine::core::component {

namespace {

constexpr uint64_t memory_size = 512;
constexpr size_t max_calls = 1000;

/// Takes numbers from the input; zeros when it is at its end.
class Input {
public:
    explicit Input(Bytes bytes) : bytes_(bytes) {}

    uint8_t byte()
    {
        if (bytes_.empty())
            return 0;
        const uint8_t first = bytes_[0];
        bytes_ = bytes_.subspan(1);
        return first;
    }
    uint32_t below(uint32_t count) { return byte() % count; }
    uint64_t number(size_t size)
    {
        uint64_t bits = 0;
        for (size_t i = 0; i < size; ++i)
            bits |= uint64_t { byte() } << 8 * i;
        return bits;
    }
    Bytes rest() const { return bytes_; }

private:
    Bytes bytes_;
};

constexpr std::string_view labels[] = { "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n",
    "o", "p", "q", "r", "s", "t", "u", "v", "w", "x", "y", "z", "aa", "ab", "ac", "ad", "ae", "af" };

class TypeReader {
public:
    TypeReader(Input& input, Types& types)
        : input_(input), types_(types), resource_(*types.add(ResourceType { types.new_resource() }))
    {}

    /// Lists in lists in lists would take too long: they can share their memory.
    ValType type(int depth, int lists)
    {
        const uint32_t choice = input_.below(24);
        if (choice < primitive_count || depth == 0) {
            const auto primitive = static_cast<Primitive>(choice % primitive_count);
            return primitive == Primitive::ErrorContext ? Primitive::U8 : primitive;
        }
        auto made = types_.add(def(choice, depth - 1, lists));
        return made ? ValType(*made) : ValType(Primitive::U8);
    }
    TypeId resource() const { return resource_; }

private:
    ValueDef def(uint32_t choice, int depth, int lists)
    {
        const auto part = [&] { return type(depth, lists); };
        const auto optional = [&] { return input_.below(3) ? std::optional(part()) : std::nullopt; };
        switch (choice) {
        case 14:
        case 15:
            if (lists == 0)
                return Primitive::String;
            return ListType { type(depth, lists - 1) };
        case 16: return ListType { part(), 1 + input_.below(5) };
        case 17: {
            TupleType tuple;
            for (uint32_t i = input_.below(5) + 1; i-- > 0;)
                tuple.types.push_back(part());
            return tuple;
        }
        case 18: {
            VariantType variant;
            for (uint32_t i = 0, count = input_.below(5) + 1; i < count; ++i)
                variant.cases.push_back({ labels[i], optional() });
            return variant;
        }
        case 19: return OptionType { part() };
        case 20: return ResultType { optional(), optional() };
        case 21: return FlagsType { { std::begin(labels), std::begin(labels) + 1 + input_.below(32) } };
        case 22: return OwnType { resource_ };
        default: return BorrowType { resource_ };
        }
    }

    Input& input_;
    Types& types_;
    TypeId resource_;
};

/// An instance that consists of a memory and handles.
class Side {
public:
    Side(Components& components, const std::shared_ptr<const Component>& component, TypeId resource,
        ResourceKind& kind)
        : instance_(components, component, nullptr, nullptr, ""),
          memory_(*components.store.add_memory({ { .min = memory_size, .max = memory_size }, 0 }))
    {
        instance_.resources[component->types->resource(resource)] = &kind;
        for (uint32_t rep = 0; rep < 3; ++rep)
            ASSERT(instance_.handles.add(components.store, kind, rep));
    }

    void fill(Bytes bytes)
    {
        std::ranges::copy(
            bytes.first(std::min<size_t>(bytes.size(), memory_size)), memory_->expose().begin());
    }
    void move(uint32_t from, uint32_t to, uint32_t count)
    {
        if (uint64_t { to } + count <= memory_size)
            std::memmove(&memory_->expose()[to], &memory_->bytes()[from], count);
    }
    Options options(StringEncoding encoding) const { return { .encoding = encoding, .memory = memory_ }; }
    Instance& instance() { return instance_; }

private:
    Instance instance_;
    Memory* memory_;
};

/// An allocator that never frees, or addresses from the input.
uint32_t allocate(Side& side, Input* input, uint32_t& next, const Reallocation& asked)
{
    if (input)
        return input->byte() < 200 ? static_cast<uint32_t>(input->number(1)) * asked.alignment
                                   : static_cast<uint32_t>(input->number(4));
    const uint32_t address = (next + asked.alignment - 1) / asked.alignment * asked.alignment;
    next = address + asked.new_size;
    side.move(asked.old_address, address, std::min(asked.old_size, asked.new_size));
    return address;
}

/// Whether all has been written.
template<class Source> bool run(Lowering<Source>& lowering, Side& side, Input* input)
{
    uint32_t next = 256;
    auto needed = lowering.run();
    for (size_t calls = 0; calls < max_calls; ++calls) {
        if (!needed) {
            ASSERT(!to_text(needed.error()).empty());
            return false;
        }
        if (!*needed)
            return true;
        ASSERT((*needed)->alignment && (*needed)->old_size <= UINT32_MAX);
        needed = lowering.run(allocate(side, input, next, **needed));
    }
    return false;
}

bool are_same(const Value& a, const Value& b)
{
    if (a.bits != b.bits || a.content.index() != b.content.index())
        return false;
    if (const auto* const nodes = std::get_if<Value::Nodes>(&a.content))
        return std::ranges::equal(*nodes, b.nodes(), are_same);
    if (std::holds_alternative<std::string>(a.content))
        return a.text() == b.text();
    return !std::holds_alternative<std::vector<std::byte>>(a.content) || a.packed() == b.packed();
}

void transfer(Input& input)
{
    const auto file = std::make_shared<const FileBytes>(std::vector<uint8_t> {});
    const auto component = std::make_shared<Component>(file, file->bytes());
    component->types = std::make_shared<Types>();
    TypeReader reader(input, *component->types);
    const ValType type = reader.type(5, 2);
    Shapes shapes(*component->types);
    const Shape& shape = shapes.of(type);

    Store store(std::make_shared<EngineState>());
    Components& components = **Components::create(store);
    ResourceKind kind { .name = "r" };
    ResourceKind& resource = components.new_kind(kind);
    Side from(components, component, reader.resource(), resource);
    Side to(components, component, reader.resource(), resource);
    // The host owns the resource type in one half of the runs.
    if (input.byte() % 2)
        resource.owner = &from.instance();
    const auto from_encoding = static_cast<StringEncoding>(input.below(3));
    const auto to_encoding = static_cast<StringEncoding>(input.below(3));
    const auto address = static_cast<uint32_t>(input.byte() % 8 ? 64 : input.number(4));
    std::array<Slot, FlatTypes::max> flats {}, received {};
    for (Slot& slot : flats)
        slot = input.byte() % 4 ? input.number(1) : input.number(8);
    from.fill(input.rest());

    HandleScope scope, host_scope;
    const auto source = [&](HandleScope* lends) {
        return GuestSource(from.instance(), from.options(from_encoding), flats, from.instance(), lends);
    };
    const bool is_flat = shape.flat_count <= FlatTypes::max;
    for (const bool flat : { false, true }) {
        if (flat && !is_flat)
            continue;
        const auto checked = source(nullptr).at_address(shape, address);
        if (!flat && !checked)
            continue;
        const Place at = flat ? Place::flat(0) : *checked;
        // Looking at a value changes nothing.
        const auto seen = lift(components, source(nullptr), shape, at);
        if (seen)
            ASSERT(fits(*seen, shape));

        // Back to a guest that allocates properly.
        if (seen && !shape.has_handle) {
            Lowering<ValueSource> back(ValueSource(components, to.instance(), host_scope), to.instance(),
                to.options(to_encoding), received, scope);
            const Place place = flat ? Place::flat(0) : Place::memory(64);
            received = {};
            back.start(shape, &*seen, place);
            if ((flat || 64 + shape.size <= 256) && run(back, to, nullptr)) {
                const auto again = lift(components,
                    GuestSource(to.instance(), to.options(to_encoding), received, to.instance(), nullptr),
                    shape, place);
                ASSERT(again && are_same(*seen, *again));
            }
        }
        // To a guest whose addresses are arbitrary.
        received = {};
        Lowering<GuestSource> lowering(
            source(&scope), to.instance(), to.options(to_encoding), received, scope);
        const auto target = lowering.at_address(shape, address);
        if (flat)
            lowering.start(shape, at, Place::flat(0));
        else if (target)
            lowering.start(shape, at, *target);
        else
            lowering.start_allocated(shape, at, Place::flat(0));
        const bool is_written = run(lowering, to, &input);
        // What could not be read before cannot be passed on.
        ASSERT(!is_written || seen || shape.has_handle);
        static_cast<void>(lift(components, source(&host_scope), shape, at));
    }
}

} // namespace
} // namespace vitrine::core::component

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    vitrine::core::component::Input input({ data, size });
    vitrine::core::component::transfer(input);
    return 0;
}
